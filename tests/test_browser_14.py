"""Lesson 14 in a real browser: choose a label, move its threshold, and see the errors change."""

from __future__ import annotations

import re

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEM = "14_your_own_data"

SHORTER = {"settings": ('"num_train_epochs": 5', '"num_train_epochs": 1')}
"""What is enough to see the lesson run; nbval runs it whole."""


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, the widget is alive; the strangest rows and the card can be read."""
    assert_ran_clean(lab)
    strange = lab.output("strange").locator(".course-strange-rows")
    assert strange.locator("tr").count() == 11
    strange.scroll_into_view_if_needed()
    lab.shot("strange-rows")
    assert "Against the best baseline" in lab.output("show-card").text_content()  # Lab hides what is out of sight


def counts(lab: Lab) -> tuple[int, int, int]:
    """How many texts are found, missed and wrongly called, as the view says."""
    words = lab.page.locator(".course-own-view").inner_text()
    found = re.search(r"(\d+) found, (\d+) missed, (\d+) false alarms", words)
    return int(found.group(1)), int(found.group(2)), int(found.group(3))


def press(lab: Lab, arrow: str, times: int, limit: str) -> None:
    """Press an arrow on the slider and wait until the view speaks of this threshold."""
    lab.page.locator(".course-own-limit .noUi-handle, .course-own-limit .ui-slider-handle").first.focus()
    for _ in range(times):
        lab.page.keyboard.press(arrow)
    lab.page.locator(".course-own-said", has_text=f"probability of {limit}").wait_for(timeout=30_000)


def test_moving_the_threshold(lab: Lab) -> None:
    """At 0 everything is called and nothing missed; at 1 hardly anything is; another label has other counts."""
    lab.page.locator(".course-own-limit").scroll_into_view_if_needed()
    lab.shot("threshold-first")
    everything = sum(counts(lab)[:2])
    press(lab, "ArrowLeft", 50, "0.00")
    found, missed, alarms = counts(lab)
    assert (found, missed) == (everything, 0) and alarms > 0
    press(lab, "ArrowRight", 100, "1.00")
    found_at_one, missed_at_one, alarms_at_one = counts(lab)
    assert found_at_one + missed_at_one == everything and missed_at_one > 0 and alarms_at_one < alarms
    lab.shot("threshold-at-one")
    lab.page.locator(".course-own-label select").select_option("good")
    lab.page.locator(".course-own-said", has_text="good").wait_for()
    assert sum(counts(lab)[:2]) == alarms


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
