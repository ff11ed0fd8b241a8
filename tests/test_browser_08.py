"""Lesson 08 in a real browser: a switch of the widget is moved, and the loop is no longer the Trainer."""

from __future__ import annotations

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

pytestmark = pytest.mark.browser

STEM = "08_manual_loop"


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive."""
    assert_ran_clean(lab)


def test_a_switch_parts_the_runs(lab: Lab) -> None:
    """With all boxes ticked the loop equals the Trainer; without the schedule they part in step 3."""
    view = lab.page.locator(".course-loop-view").first
    switch = lab.page.locator(".course-loop-schedule input[type=checkbox]").first
    switch.scroll_into_view_if_needed()
    lab.shot("widget-equal")
    assert switch.is_checked() and "to the last bit" in view.inner_text()
    switch.click()
    view.get_by_text("The loss first differs in step 3").wait_for()
    assert "the learning rate falls to zero" in view.inner_text()
    assert "to the last bit" not in view.inner_text()
    assert view.locator("img").evaluate("node => node.naturalWidth") == 720
    lab.shot("widget-schedule")
    switch.click()
    view.get_by_text("Equal to the Trainer").wait_for()


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
