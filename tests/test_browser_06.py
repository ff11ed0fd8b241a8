"""Lesson 06 in a real browser: another strategy and another batch size change what is wasted."""

from __future__ import annotations

import re
import time

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

from course_lessons.lesson_06.batching import count_by_strategy, pair_lengths

pytestmark = pytest.mark.browser

STEM = "06_dynamic_padding"


def shown_after(lab: Lab, expected: str) -> str:
    """The text of the view once it holds what is expected, or after 20 seconds whatever it holds."""
    view = lab.page.locator(".course-padding-view").first
    deadline = time.monotonic() + 20
    while expected not in view.inner_text() and time.monotonic() < deadline:
        lab.page.wait_for_timeout(50)
    return view.inner_text()


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive."""
    assert_ran_clean(lab)
    assert lab.page.locator(".course-padding-strategy button").count() == 4


def test_strategy_and_batch_size_change_the_waste(lab: Lab) -> None:
    """The learner chooses another way, a larger batch and another batch of the epoch, and reads the counted shares."""
    lengths = pair_lengths()
    view = lab.page.locator(".course-padding-view").first
    view.scroll_into_view_if_needed()
    expected = f"real tokens: {count_by_strategy(lengths, 32)['longest'].share:.2f}"
    assert expected in shown_after(lab, expected)
    lab.shot("widget-longest")

    buttons = lab.page.locator(".course-padding-strategy").first
    buttons.get_by_role("button", name="grouped by length", exact=True).click()
    expected = f"real tokens: {count_by_strategy(lengths, 32)['grouped'].share:.2f}"
    assert expected in shown_after(lab, expected)
    lab.shot("widget-grouped")

    lab.page.locator(".course-padding-size").first.get_by_role("slider").focus()
    for _ in range(4):  # 64, 128, 256, 512
        lab.page.keyboard.press("ArrowRight")
    counted = count_by_strategy(lengths, 512)["grouped"]
    expected = f"{counted.positions:,} positions"
    said = shown_after(lab, expected)
    assert expected in said and f"batch 1 of {counted.batches}:" in said
    lab.shot("widget-grouped-512")

    lab.page.locator(".course-padding-step").first.get_by_role("slider").focus()
    lab.page.keyboard.press("ArrowRight")
    said = shown_after(lab, "batch 2 of 8:")
    assert re.search(r"batch 2 of 8: 512 x \d+ positions", said), said
    assert "64 of the 512 rows" in said
    lab.shot("widget-second-batch")


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
