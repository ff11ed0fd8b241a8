"""Lesson 01 in Korean in a real browser: type Korean into the widget, solve an exercise, answer a quiz question."""

from __future__ import annotations

import re
import time

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

STEM = "ko/01_behind_the_pipeline"


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive, and all is in Korean by the lesson's own setup."""
    assert_ran_clean(lab)
    assert lab.page.locator(".jp-Notebook h1").first.text_content().startswith("01 파이프라인")
    assert "문장:" in lab.page.locator(".course-sentence").first.text_content()
    assert lab.page.locator(".course-right").all_text_contents()
    assert all(HANGUL.search(words) for words in lab.page.locator(".course-right").all_text_contents())


def test_korean_is_typed_and_answered(lab: Lab) -> None:
    """Hangul arrives whole in the kernel: the view shows the sentence's own tokens, and as many as there are."""
    from transformers import AutoTokenizer

    from course_utils import checkpoint

    sentence = "정말 멋진 영화였어요"
    tokens = AutoTokenizer.from_pretrained(checkpoint("distilbert-base-uncased-finetuned-sst-2-english")).tokenize(
        sentence
    )
    box = lab.page.locator(".course-sentence input").first
    view = lab.page.locator(".course-sentence-path").first
    box.scroll_into_view_if_needed()
    box.click()
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.type(sentence)
    assert box.input_value() == sentence
    wanted = f"토큰 {len(tokens) + 2}개"
    deadline = time.monotonic() + 20
    while wanted not in view.inner_text() and time.monotonic() < deadline:
        lab.page.wait_for_timeout(50)
    shown = view.inner_text()
    assert wanted in shown and tokens[0] in shown, shown
    view.scroll_into_view_if_needed()
    lab.shot("korean-typed")


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
