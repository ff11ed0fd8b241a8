"""Lesson 01 in a real browser: type into the widget, solve an exercise, answer a quiz question."""

from __future__ import annotations

import re
import time

import pytest
from browser_lab import (
    Lab,
    answer_wrong_then_right,
    assert_ran_clean,
    assert_stayed_here,
    browser_path,
    desk,
    run_all,
    solve_wrong_then_right,
    solved_copy,
)
from lesson_files import cell_by_id

from commands import doctor

pytestmark = pytest.mark.browser

STEM = "01_behind_the_pipeline"


@pytest.mark.parametrize(("ci", "ends"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_browser_is_no_silent_pass(
    ci: str, ends: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where these tests cannot run they say so; on the machine that guards the project they fail instead."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(doctor, "find_chromium", lambda: None)
    with pytest.raises(ends, match="Chromium"):
        browser_path()


def test_a_wrong_solution_stops_the_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What every lesson goes through can fail: a wrong solution ends Run All at its check, and both are named."""
    home, lesson = tmp_path_factory.mktemp("wrong"), solved_copy(STEM)
    cell_by_id(lesson, "exercise-padding-per-row").source = "def padding_per_row(mask):\n    return mask"
    wanted = ("setup", "exercise-padding-per-row", "check-padding-per-row", "strict-mode-ends")
    lesson.cells = [cell_by_id(lesson, cell_id) for cell_id in wanted]
    place = desk(home)
    place.open(lesson, "wrong.ipynb")
    with pytest.raises(AssertionError, match=r"(?s)stopped at cell check-padding-per-row.*Not yet"):
        run_all(Lab(place.page, lesson, place.work))
    place.clear()


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, every widget is alive."""
    assert_ran_clean(lab)
    assert lab.page.locator(".course-sentence input").count() >= 1


def test_typing_changes_every_stage(lab: Lab) -> None:
    """The learner types a sentence and sees its tokens, and the answer turns round with its meaning."""
    box = lab.page.locator(".course-sentence input").first
    view = lab.page.locator(".course-sentence-path").first
    box.scroll_into_view_if_needed()
    shown = {}
    for name, sentence in (("kind", "what a wonderful film"), ("unkind", "a dreadful bore")):
        box.click()
        lab.page.keyboard.press("Control+a")
        lab.page.keyboard.type(sentence)
        # every key stroke is a round trip to the kernel: wait for the view of the whole sentence, each word one token
        expected = [f"{len(sentence.split()) + 2} tokens", *sentence.split()]
        deadline = time.monotonic() + 20
        while not all(words in view.inner_text() for words in expected) and time.monotonic() < deadline:
            lab.page.wait_for_timeout(50)
        shown[name] = view.inner_text()
        assert all(words in shown[name] for words in expected), shown[name]
        view.scroll_into_view_if_needed()
        lab.shot(f"widget-{name}")
    found = {name: re.findall(r"(NEGATIVE|POSITIVE)\s+(\d\.\d\d)", text) for name, text in shown.items()}
    assert all(len(dict(pairs)) == 2 for pairs in found.values()), shown
    positive = {name: float(dict(pairs)["POSITIVE"]) for name, pairs in found.items()}
    assert positive["kind"] > 0.5 > positive["unkind"], positive


def test_exercise_wrong_then_right(lab: Lab) -> None:
    """An exercise explains what is wrong, gives a hint on request, and says when it is right."""
    solve_wrong_then_right(lab)


def test_quiz_wrong_then_right(lab: Lab) -> None:
    """A quiz answers each choice with its reason, the wrong ones too."""
    answer_wrong_then_right(lab)


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
