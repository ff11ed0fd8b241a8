"""Lesson 09 in a real browser: move the thresholds, see what is found; type a sentence."""

from __future__ import annotations

import re

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEM = "09_training_checklist"


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, the widget is alive."""
    assert_ran_clean(lab)
    assert lab.page.locator(".course-threshold-slider").count() == 1
    findings = lab.output("first-inspection").locator(".course-findings")
    assert "2 will mislead" in findings.text_content()
    findings.scroll_into_view_if_needed()
    lab.page.wait_for_timeout(500)  # Lab draws what was out of sight
    lab.shot("findings")


def found(lab: Lab) -> tuple[int, int]:
    """How many labels are found and how many are false alarms, as the view says."""
    words = lab.page.locator(".course-threshold-view").inner_text()
    numbers = re.search(r"(\d+) labels found, \d+ missed, (\d+) false alarms", words)
    return int(numbers.group(1)), int(numbers.group(2))


def lower(lab: Lab, steps: int) -> None:
    """Press the left arrow on the slider and wait until the view has changed."""
    view = lab.page.locator(".course-threshold-view")
    before = view.inner_text()
    lab.page.locator(".course-threshold-slider .noUi-handle, .course-threshold-slider .ui-slider-handle").first.focus()
    for _ in range(steps):
        lab.page.keyboard.press("ArrowLeft")
    lab.page.wait_for_function(
        "([node, text]) => node.innerText !== text", arg=[view.element_handle(), before], timeout=30_000
    )
    lab.page.wait_for_timeout(300)


def test_moving_thresholds(lab: Lab) -> None:
    """A lower threshold finds more and calls more in vain; a label chosen alone moves alone."""
    lab.page.locator(".course-threshold-label").scroll_into_view_if_needed()
    lab.shot("thresholds-first")
    hits, alarms = found(lab)
    lower(lab, 10)
    assert found(lab)[0] > hits and found(lab)[1] > alarms
    lab.page.locator(".course-threshold-label button", has_text="music").click()
    lower(lab, 10)
    limits = re.findall(
        r"^(\w+)\s+(0\.\d\d)\s+\d+\s", lab.page.locator(".course-threshold-view").inner_text(), re.MULTILINE
    )
    assert dict(limits) == {"acting": "0.40", "story": "0.40", "picture": "0.40", "music": "0.30", "direction": "0.40"}
    lab.page.locator(".course-threshold-box input").fill("The songs are lovely, the plot is thin.")
    lab.page.locator(".course-threshold-own", has_text="at least 0.30").wait_for()
    lab.page.locator(".course-threshold-own").scroll_into_view_if_needed()
    lab.shot("thresholds-moved")


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
