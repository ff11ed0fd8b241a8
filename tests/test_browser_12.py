"""Lesson 12 in a real browser: more processes are chosen, and each gets fewer of the rows."""

from __future__ import annotations

import time

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

pytestmark = pytest.mark.browser

STEM = "12_scaling_out"


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive; both processes answered."""
    assert_ran_clean(lab)
    assert "'rank': 0" in str(lab.output("start").text_content())


def shown_after(lab: Lab, expected: str) -> str:
    """The text of the view once it holds what is expected, or after 20 seconds whatever it holds."""
    view = lab.page.locator(".course-epoch-view").first
    deadline = time.monotonic() + 20
    while expected not in view.inner_text() and time.monotonic() < deadline:
        lab.page.wait_for_timeout(50)
    return view.inner_text()


def test_a_third_process_gets_its_rows(lab: Lab) -> None:
    """With the slider one further there is a third column, and sharing one copy divides the memory by three."""
    lab.page.locator(".course-epoch-view").first.scroll_into_view_if_needed()
    said = shown_after(lab, "1,752 MB")
    assert "1,752 MB" in said and "process 1" in said and "process 2" not in said
    lab.shot("widget-two")
    lab.page.locator(".course-epoch-processes").first.get_by_role("slider").focus()
    lab.page.keyboard.press("ArrowRight")
    said = shown_after(lab, "process 2")
    assert "process 2" in said and "One step: 12 rows" in said
    lab.page.locator(".course-epoch-sharded input[type=checkbox]").first.click()
    assert "584 MB" in shown_after(lab, "584 MB")
    lab.shot("widget-three-shared")


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
