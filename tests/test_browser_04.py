"""Lesson 04 in a real browser: type into the text box, choose another tokenizer."""

from __future__ import annotations

import re
import time

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here

pytestmark = pytest.mark.browser

STEM = "04_tokenizers"


def wait_for(lab: Lab, selector: str, words: list[str]) -> str:
    """The text of a view once all the words stand in it; every key stroke is a round trip to the kernel."""
    view = lab.page.locator(selector).first
    deadline = time.monotonic() + 20
    while not all(word in view.inner_text() for word in words) and time.monotonic() < deadline:
        lab.page.wait_for_timeout(50)
    said = view.inner_text()
    assert all(word in said for word in words), said
    return said


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive."""
    assert_ran_clean(lab)
    assert lab.page.locator(".course-tokenizer-text textarea").count() >= 1


def test_typing_changes_both_sides(lab: Lab) -> None:
    """The learner types a Korean word and a rare English one: the two tokenizers cut them in their own ways."""
    box = lab.page.locator(".course-tokenizer-text textarea").first
    box.scroll_into_view_if_needed()
    box.click()
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.insert_text("tokenization 영화")
    left = wait_for(lab, ".course-tokenizer-view-1", ["##ization", "19204", "tokens for 2 words and 15 characters"])
    right = wait_for(lab, ".course-tokenizer-view-2", ["영화", "tokens for 2 words and 15 characters"])
    assert "##ization" not in right and "part of one character" in left
    lab.page.locator(".course-tokenizer-view-1").first.scroll_into_view_if_needed()
    lab.shot("widget-two-words")


def test_a_menu_changes_its_side(lab: Lab) -> None:
    """Another tokenizer chosen on the right reads the same text; the left side stays."""
    before = lab.page.locator(".course-tokenizer-view-1").first.inner_text()
    menu = lab.page.locator(".course-tokenizer-menu-2 select").first
    menu.select_option(label="Bytes (GPT-2)")
    right = wait_for(lab, ".course-tokenizer-view-2", ["Bytes (GPT-2)", "0 unknown"])
    assert re.search(r"\b[1-9]\d* tokens for 2 words", right)
    assert lab.page.locator(".course-tokenizer-view-1").first.inner_text() == before
    lab.shot("widget-bytes")


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
