"""Lesson 02 in a real browser: choose another layer, another token and another sentence."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.browser

STEM = "02_body_and_head"


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive."""
    assert_ran_clean(lab)
    assert lab.page.locator(".course-neighbours-layer").count() == 1


def words_of(view: Locator, said: str) -> str:
    """The words of a view that holds `said`; while it is drawn anew it holds nothing for a moment."""
    deadline = time.monotonic() + 60
    while said not in (words := view.inner_text()):
        assert time.monotonic() < deadline, words
        time.sleep(0.05)
    return words


def test_layer_token_and_sentence_change_the_view(lab: Lab) -> None:
    """The slider shows another layer, the list another token, and typing another sentence."""
    output = lab.output("nearest-tokens")
    view = output.locator(".course-neighbours-view")
    view.scroll_into_view_if_needed()
    at_the_bottom = words_of(view, "after layer 0 of 4")
    lab.shot("widget-bottom")

    slider = output.locator(".course-neighbours-layer").get_by_role("slider")
    slider.click()
    for _ in range(4):
        slider.press("ArrowRight")
    at_the_top = words_of(view, "after layer 4 of 4")
    assert at_the_bottom.split("after layer")[1] != at_the_top.split("after layer")[1]
    lab.shot("widget-top")

    output.locator(".course-neighbours-token select").select_option(index=1)
    view.get_by_text('Nearest to "not"').wait_for()

    box = output.locator(".course-neighbours-sentence input")
    box.click()
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.type("a light comedy")
    view.get_by_text("comedy", exact=True).first.wait_for()
    view.get_by_text('Nearest to "a"').wait_for()
    lab.shot("widget-sentence")


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
