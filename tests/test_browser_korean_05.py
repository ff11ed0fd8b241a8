"""Lesson 05 in Korean in a real browser: click on the mask, solve an exercise, answer a quiz question."""

from __future__ import annotations

import re

import pytest
from browser_lab import (
    HANGUL,
    Lab,
    answer_wrong_then_right,
    assert_ran_clean,
    assert_stayed_here,
    solve_wrong_then_right,
)

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("korean")]

STEM = "ko/05_padding_and_masks"


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive."""
    assert_ran_clean(lab)
    assert lab.page.locator(".jp-Notebook h1").first.text_content().startswith("05 패딩과 마스크")


def test_a_click_moves_that_row(lab: Lab) -> None:
    """Without any mask the padding is read, and the button that does it is a Korean one."""
    board = lab.page.locator(".course-mask-board")
    board.scroll_into_view_if_needed()
    lab.shot("board-first")
    results = board.locator(".course-mask-result")
    old = results.nth(0).inner_text()
    button = board.locator(".course-mask-ones")
    assert HANGUL.search(button.text_content())
    button.click()
    changed = "([node, old]) => node.innerText !== old"
    lab.page.wait_for_function(changed, arg=[results.nth(0).element_handle(), old], timeout=20_000)
    assert board.get_by_role("button", name="1 [PAD]", exact=True).count() >= 3
    lab.shot("board-without-mask")


def test_exercise_wrong_then_right(lab: Lab) -> None:
    """The check explains in Korean what is wrong, and so does the hint."""
    said = solve_wrong_then_right(lab)
    assert HANGUL.search(said) and not re.search(r"(?:[A-Za-z]+ ){5}", said), said


def test_quiz_wrong_then_right(lab: Lab) -> None:
    """A quiz answers each choice with its Korean reason."""
    answer_wrong_then_right(lab)
    assert HANGUL.search(lab.page.locator(".course-quiz .course-right").first.inner_text())


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
