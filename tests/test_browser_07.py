"""Lesson 07 in a real browser: a training is started in the bench, seen to grow, stopped, and started again."""

from __future__ import annotations

import re
import time

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEM = "07_trainer"

SHORTER = {"settings": ('"num_train_epochs": 3', '"num_train_epochs": 1')}
"""What is enough to see the lesson run; nbval runs it whole."""


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive."""
    assert_ran_clean(lab)


def test_run_stop_run_again(lab: Lab) -> None:
    """Run starts a training whose steps can be seen; Stop ends it; the next run lands below the earlier ones."""
    bench = lab.page.locator(".course-lab").first
    view, status = bench.locator(".course-lab-view"), bench.locator(".course-lab-status")
    bench.scroll_into_view_if_needed()
    rows = view.locator("tr")
    before = rows.count()
    assert before == 4, "a head and the three runs of the lesson"
    lab.shot("bench-before")

    bench.get_by_role("button", name="Run", exact=True).click()
    wait_for(lab, status, r"Step \d+ of \d+")
    lab.shot("bench-going")
    bench.get_by_role("button", name="Stop", exact=True).click()
    wait_for(lab, status, r"Stopped after step \d+|Done: \d+ steps")
    assert rows.count() == before + 1

    slider = bench.get_by_role("slider").last
    slider.focus()
    lab.page.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuenow") == "1.0" or slider.get_attribute("aria-valuenow") == "1"
    bench.get_by_role("button", name="Run", exact=True).click()
    wait_for(lab, status, r"Done: 8 steps on \w+")
    assert rows.count() == before + 2
    last = re.split(r"\s+", rows.last.inner_text().strip())
    assert last[:5] == ["5", "0.0003", "16", "1", "8"] and re.fullmatch(r"0\.\d\d|1\.00", last[-1]), last
    assert view.locator("polyline").count() == 5
    view.scroll_into_view_if_needed()
    lab.shot("bench-after")


def wait_for(lab: Lab, status: object, pattern: str, seconds: float = 90) -> None:
    """Wait until the status says something that matches."""
    deadline = time.monotonic() + seconds
    while not re.search(pattern, status.inner_text()) and time.monotonic() < deadline:
        lab.page.wait_for_timeout(50)
    assert re.search(pattern, status.inner_text()), status.inner_text()


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
