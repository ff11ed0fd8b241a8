"""Checks of exercises: wrong answers get a message of their own, nothing a learner writes ends in a traceback."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch
from answers_01 import pipeline

from course_utils import check, hint, progress
from course_utils.exercises import Verdict, judge, keys
from course_utils.messages import entry

ANSWERS = [importlib.import_module(path.stem) for path in sorted(Path(__file__).parent.glob("answers_*.py"))]
"""One module for each lesson, with `RIGHT` (key: all that `check` takes) and `WRONG` (key: cause: the answer)."""

RIGHT = {key: answer for module in ANSWERS for key, answer in module.RIGHT.items()}
WRONG = {key: answers for module in ANSWERS for key, answers in module.WRONG.items()}


def extra(key: str) -> tuple[object, ...]:
    """What a check takes besides the answer."""
    return RIGHT[key][1:]


def test_every_exercise_is_tried() -> None:
    """No exercise of the course goes without right and wrong answers here."""
    assert set(RIGHT) == set(WRONG) == set(keys())
    assert all(len(answers) >= 3 for answers in WRONG.values())


@pytest.mark.parametrize("key", RIGHT)
def test_right_answer_passes(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A right answer is called right and gets a sentence that says why it is."""
    check(key, *RIGHT[key])
    assert capsys.readouterr().out.startswith("Right. ")


@pytest.mark.parametrize(("key", "cause"), [(key, cause) for key, answers in WRONG.items() for cause in answers])
def test_wrong_answer_is_explained(key: str, cause: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong answer shows what it gave, what was expected and the idea for this very mistake."""
    verdict = judge(key, WRONG[key][cause], *extra(key))
    assert isinstance(verdict, Verdict) and not verdict.passed
    assert verdict.cause == cause
    check(key, WRONG[key][cause], *extra(key))
    said = capsys.readouterr().out
    assert said.startswith("Not yet. ") and " gave " in said and ", expected " in said
    lesson, name = key.split("/")
    assert entry(f"exercise.{lesson}.{name}.ideas.{cause}").replace("`", "") in said


@pytest.mark.parametrize("key", RIGHT)
def test_ideas_and_causes_are_the_same_set(key: str) -> None:
    """No idea is written for a mistake that cannot be told apart, and every mistake has its own words."""
    lesson, name = key.split("/")
    ideas = entry(f"exercise.{lesson}.{name}.ideas")
    assert set(ideas) == set(WRONG[key])
    assert len(set(ideas.values())) == len(ideas)


@pytest.mark.parametrize("key", RIGHT)
@pytest.mark.parametrize("unsolved", [None, ..., lambda *_: None, lambda *_: ...])
def test_unsolved_is_no_mistake(key: str, unsolved: object, capsys: pytest.CaptureFixture[str]) -> None:
    """An exercise not yet begun is told how to begin, not that it is wrong."""
    check(key, unsolved, *extra(key))
    assert capsys.readouterr().out.startswith("Nothing to check yet.")


def test_error_in_the_learners_code(capsys: pytest.CaptureFixture[str]) -> None:
    """An exception in the answer is named with its message; the check itself goes on."""

    def answer(scores: torch.Tensor) -> None:
        raise ZeroDivisionError("division by zero")

    check("01/softmax", answer)
    check("01/softmax", 7)
    check("01/softmax", lambda: None)
    check("01/softmax", lambda scores: exit())
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Your code stopped with ZeroDivisionError: division by zero"
    assert all(line.startswith("Your code stopped") for line in said) and len(said) == 4


def test_line_of_the_error_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The line of the learner's own cell is named, not one inside the package or torch."""
    scope: dict[str, object] = {}
    exec(compile("def answer(scores):\n    a = 1\n    return scores / nothing\n", "<ipython-input-1>", "exec"), scope)
    check("01/softmax", scope["answer"])
    assert "in line 3 of its cell with NameError" in capsys.readouterr().out


def test_wrong_calls_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt key or a forgotten argument says what to do."""
    check("01/softmaks", abs)
    check("01/classify", pipeline)
    check("01/softmax")
    check(None)  # type: ignore[arg-type]
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("There is no exercise '01/softmaks'. Nearest: 01/softmax")
    assert "takes 2 answer(s), but 1 were given" in said[1]
    assert "takes 1 answer(s), but 0 were given" in said[2]
    assert said[3].startswith("There is no exercise None")


def test_strict_mode_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """COURSE_STRICT=1 turns a wrong answer into a failure, so that a test can trust the solutions."""
    monkeypatch.setenv("COURSE_STRICT", "1")
    check("01/softmax", *RIGHT["01/softmax"])
    with pytest.raises(AssertionError, match="Not yet"):
        check("01/softmax", WRONG["01/softmax"]["columns"])
    with pytest.raises(AssertionError, match="Nothing to check yet"):
        check("01/softmax", lambda scores: None)


@pytest.mark.parametrize("key", RIGHT)
def test_hints(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Hints come on request, the later saying more; a number too high says how many there are."""
    hint(key)
    hint(key, 2)
    hint(key, 99)
    said = capsys.readouterr().out.splitlines()
    assert len(set(said)) == 3 and "hints 1 to 2" in said[2]


def test_what_was_done_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """One hook hears of every check and hint; a listener that fails disturbs nobody."""
    heard: list[progress.Event] = []

    def broken(event: progress.Event) -> None:
        raise RuntimeError

    ends = [progress.subscribe(broken), progress.subscribe(heard.append)]
    check("01/softmax", *RIGHT["01/softmax"])
    check("01/softmax", WRONG["01/softmax"]["columns"])
    hint("01/softmax")
    for end in ends:
        end()
    assert [(event.kind, event.passed) for event in heard] == [
        ("exercise", True),
        ("exercise", False),
        ("hint", None),
    ]
