"""Lesson 00 in a real browser: choose another task, type a text, see the answer change."""

from __future__ import annotations

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

from course_utils.exercises import keys

pytestmark = pytest.mark.browser

STEM = "00_start_here"


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, the widget is alive."""
    assert_ran_clean(lab)
    assert lab.page.locator(".course-task-answer table").count() == 1


def test_the_progress_moves(lab: Lab) -> None:
    """The table counts the one exercise solved above it; run again after the others, it counts them all."""
    there = sum(key.startswith("00/") for key in keys())
    lab.output("progress").get_by_text(f"1 of {there}").wait_for()
    lab.run("progress")
    lab.output("progress").get_by_text(f"{there} of {there}").wait_for()
    lab.cell("progress").scroll_into_view_if_needed()
    lab.shot("progress")


def test_another_task_and_another_text(lab: Lab) -> None:
    """Each task answers in its own form; a text without a gap is told about the gap."""
    view = lab.page.locator(".course-task-answer")
    lab.cell("choose-task").scroll_into_view_if_needed()
    lab.page.locator(".course-task-answer", has_text="POSITIVE").wait_for()
    view.scroll_into_view_if_needed()
    lab.shot("task-first")
    lab.page.locator(".course-task select").select_option("fill-mask (en)")
    lab.page.locator(".course-task-answer", has_text="token_str").wait_for()
    box = lab.page.locator(".course-task-text input")
    box.fill("There is no gap here.")
    box.press("Enter")
    lab.page.locator(".course-task-answer", has_text="fills a gap").wait_for()
    box.fill("We drink [MASK] in the morning.")
    box.press("Enter")
    lab.page.locator(".course-task-answer", has_text="we drink").wait_for()
    view.scroll_into_view_if_needed()
    lab.shot("task-fill-mask")


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
