"""Lesson 03 in a real browser: move the sliders of a configuration and see its costs change."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here
from transformers import BertConfig

from course_lessons.lesson_03.size_explorer import SIZES
from course_utils.cost import parameter_counts

pytestmark = pytest.mark.browser

STEM = "03_models_and_checkpoints"


def yours(lab: Lab, wanted: Callable[[int], bool] = lambda _: True) -> int:
    """The parameters of the learner's own configuration as the view says them, once they are as wanted."""
    view = lab.page.locator(".course-size-view").first
    deadline = time.monotonic() + 20
    while True:
        found = re.search(r"yours:?\s+([\d,]+) parameters", view.inner_text())
        number = int(found.group(1).replace(",", "")) if found else -1
        if wanted(number) or time.monotonic() > deadline:
            return number
        lab.page.wait_for_timeout(50)


def total(**changes: int) -> int:
    """Parameters of the pocket model with some sizes changed."""
    return parameter_counts(BertConfig(**{**SIZES["pocket"], **changes}))["total"]


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive."""
    assert_ran_clean(lab)
    assert lab.page.locator(".course-size-view").count() >= 1


def test_a_slider_changes_the_counts(lab: Lab) -> None:
    """One step of the layers adds one layer; seven heads are refused in words; a button sets all sliders."""
    handle = lab.page.locator(".course-num-hidden-layers").first.get_by_role("slider")
    handle.scroll_into_view_if_needed()
    lab.page.locator(".course-size-view").first.scroll_into_view_if_needed()
    start = yours(lab, lambda number: number == total())
    assert start == total()
    handle.press("ArrowRight")
    one_more = total(num_hidden_layers=SIZES["pocket"]["num_hidden_layers"] + 1)
    assert yours(lab, lambda number: number == one_more) == one_more > start
    lab.shot("widget-layer")

    heads = lab.page.locator(".course-num-attention-heads").first.get_by_role("slider")
    for _ in range(SIZES["pocket"]["num_attention_heads"] - 7):
        heads.press("ArrowLeft")
    view = lab.page.locator(".course-size-view").first
    view.get_by_text("7 heads cannot share out 288").wait_for()
    assert yours(lab) == one_more
    lab.shot("widget-heads")

    lab.page.locator("button.course-size-large").first.click()
    large = parameter_counts(BertConfig(**SIZES["large"]))["total"]
    assert yours(lab, lambda number: number == large) == large
    view.scroll_into_view_if_needed()
    lab.shot("widget-large")


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
