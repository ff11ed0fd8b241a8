"""Lesson 10 in a real browser: move the limit, see the counts change."""

from __future__ import annotations

import re

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

pytestmark = pytest.mark.browser

STEM = "10_inference"


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, the widget is alive."""
    assert_ran_clean(lab)
    assert lab.page.locator(".course-confidence-limit").count() == 1


def answered(lab: Lab) -> int:
    """How many reviews are answered, as the view says."""
    return int(re.search(r"(\d+) of 60 answered", lab.page.locator(".course-confidence-view").inner_text()).group(1))


def test_moving_the_limit(lab: Lab) -> None:
    """A higher limit leaves fewer answers, and the typed sentence is judged by it too."""
    knob = lab.page.locator(".course-confidence-limit .noUi-handle, .course-confidence-limit .ui-slider-handle").first
    knob.scroll_into_view_if_needed()
    lab.shot("limit-first")
    before = answered(lab)
    knob.focus()
    for _ in range(15):
        lab.page.keyboard.press("ArrowRight")
    lab.page.wait_for_function(
        "([node, text]) => !node.innerText.includes(text)",
        arg=[lab.page.locator(".course-confidence-view").element_handle(), f"{before} of 60 answered"],
    )
    lab.page.wait_for_timeout(300)
    assert answered(lab) < before
    lab.page.locator(".course-confidence-box input").fill("A wonderful film.")
    lab.page.locator(".course-confidence-own", has_text="POSITIVE").wait_for()
    lab.shot("limit-moved")


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
