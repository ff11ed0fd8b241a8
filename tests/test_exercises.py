"""Checks of exercises: wrong answers get a message of their own, nothing a learner writes ends in a traceback."""

from __future__ import annotations

import contextlib
import importlib
import io
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from mutants import SECONDS, count, remembering, solutions

from course_checks import judging
from course_checks.judging import Exercise, judge_by
from course_checks.time_limit import TookTooLong, _by_thread, time_limit
from course_checks.values import alike
from course_utils import check, hint, progress, solved
from course_utils.exercises import Stopped, Untouched, _builders, judge, keys, load_exercises
from course_utils.messages import entry, text

ANSWERS = [importlib.import_module(path.stem) for path in sorted(Path(__file__).parent.glob("answers_*.py"))]
"""One module for each lesson. `RIGHT` (key: right answers), `WRONG` (key: pairs of the words that a wrong answer earns,
none where the first difference is shown, and the answer), `MATERIALS` (key: a function that gives what check takes
besides), `EQUIVALENT` (key: line of a mutant that does no harm: why)."""

RIGHT: dict[str, list[Any]] = {key: answer for module in ANSWERS for key, answer in module.RIGHT.items()}
WRONG: dict[str, list[tuple[str, Any]]] = {key: answers for module in ANSWERS for key, answers in module.WRONG.items()}
EQUIVALENT = {key: lines for module in ANSWERS for key, lines in getattr(module, "EQUIVALENT", {}).items()}
MATERIALS = {key: make for module in ANSWERS for key, make in getattr(module, "MATERIALS", {}).items()}


def extra(key: str) -> tuple[object, ...]:
    """What a check takes besides the answer."""
    return MATERIALS[key]() if key in MATERIALS else ()


def build(key: str) -> Exercise:
    """The record of an exercise, made anew."""
    load_exercises(key.partition("/")[0])
    return _builders[key](*extra(key))


def cause_of(key: str, answer: object, record: Exercise | None = None) -> str:
    """The cause that an answer earns; "right" where it passes, "raised" where it stops."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            verdict = judge_by(remembering(key, record or build(key), answer), answer, "answer")
        except Stopped as stopped:
            return stopped.cause or "raised"
        except Untouched:
            return "untouched"
    return "right" if verdict.passed else verdict.cause


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops without an end are stopped sooner than a learner's."""
    made = judging.Exercise.__init__

    def patient(self: Exercise, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **{"seconds": SECONDS, **named})

    monkeypatch.setattr(judging.Exercise, "__init__", patient)


def test_every_exercise_is_tried() -> None:
    """No exercise of the course goes without right and wrong answers here."""
    assert set(RIGHT) == set(WRONG) == set(keys())
    for key in RIGHT:
        wrong = sum(len(each) if isinstance(each, tuple) else 1 for each in build(key).mistakes.values())
        assert len(RIGHT[key]) >= 3 and len(WRONG[key]) + wrong >= 8, key


@pytest.mark.parametrize("key", RIGHT)
@pytest.mark.slow
def test_right_in_other_clothes(key: str) -> None:
    """The reference itself and every other right answer is called right."""
    for number, answer in enumerate(RIGHT[key]):
        verdict = judge(key, answer, *extra(key))
        assert verdict.passed, f"right answer {number}: {verdict}"


@pytest.mark.parametrize("key", RIGHT)
@pytest.mark.slow
def test_known_mistakes_earn_their_words(key: str) -> None:
    """Each wrong function of a record is told apart from the others, and has words of its own."""
    ideas = entry(f"exercise.{key.replace('/', '.')}.ideas")
    assert len(set(ideas.values())) == len(ideas)
    assert not {"too_long", "changed", "kind", "shape"} & set(build(key).mistakes), "a name that the check gives itself"
    for cause, functions in build(key).mistakes.items():
        assert cause in ideas, f"{cause} has no words"
        for number in range(len(functions) if isinstance(functions, tuple) else 1):
            record = build(key)
            wrong = record.mistakes[cause]
            wrong = wrong[number] if isinstance(wrong, tuple) else wrong
            assert cause_of(key, wrong, record) == cause, f"{cause}, function {number}"


@pytest.mark.parametrize("key", RIGHT)
@pytest.mark.slow
def test_wrong_answers_earn_their_words(key: str) -> None:
    """A wrong answer that is written in another way is told the same; an unknown one the first difference."""
    for number, (cause, answer) in enumerate(WRONG[key]):
        assert cause_of(key, answer) == cause, f"wrong answer {number}"
    earned = {cause for cause, _ in WRONG[key]} | set(build(key).mistakes)
    assert set(entry(f"exercise.{key.replace('/', '.')}.ideas")) <= earned


@pytest.mark.slow
@pytest.mark.parametrize("key", RIGHT)
def test_every_mutant_is_refused(key: str) -> None:
    """No small change of the stored solution is called right, apart from those that are listed with their reason."""
    result = count(key, EQUIVALENT.get(key, {}))
    assert not result.survived and not result.wrong_reasons, result
    assert result.made >= 15 or len(solutions(key[:2])[key].source.splitlines()) <= 4, result


@pytest.mark.parametrize("key", RIGHT)
def test_right_answer_passes(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A right answer is called right and gets a sentence that says why it is."""
    check(key, RIGHT[key][0], *extra(key))
    assert any(line.startswith("Right. ") for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize("key", RIGHT)
@pytest.mark.parametrize("unsolved", [None, ..., lambda *_: None, lambda *_: ...])
def test_unsolved_is_no_mistake(key: str, unsolved: object, capsys: pytest.CaptureFixture[str]) -> None:
    """An exercise not yet begun is told how to begin, not that it is wrong."""
    check(key, unsolved, *extra(key))
    assert capsys.readouterr().out.startswith("Nothing to check yet.")


def said(capsys: pytest.CaptureFixture[str], key: str, answer: object) -> str:
    """What a check says about an answer."""
    check(key, answer, *extra(key))
    return capsys.readouterr().out


@pytest.mark.parametrize("key", ["01/padding-per-row", "05/positions"])
def test_code_that_returns_nothing_is_told_so(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What ran and gave None is no template: it is told that it ran, and what printing has to do with it."""

    def forgets(mask: torch.Tensor) -> None:
        counted = (mask == 0).sum(dim=1)  # noqa: F841

    def prints(mask: torch.Tensor) -> None:
        print("counted", (mask == 0).sum(dim=1))

    def returns_it(mask: torch.Tensor) -> None:
        return print("counted")

    assert "Your function ran and returned None" in said(capsys, key, forgets)
    for answer in (prints, returns_it):
        words = said(capsys, key, answer)
        assert words.startswith("counted") and "ran and returned None" in words and "for the eye only" in words


def test_argument_changed_in_place_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """An argument that is not the same afterwards is shown, whether something came back or nothing."""

    def forgets(mask: torch.Tensor) -> None:
        mask.zero_()

    def returns(mask: torch.Tensor) -> torch.Tensor:
        counted = (mask == 0).sum(dim=1)
        mask.zero_()
        return counted

    assert "It changed its argument in place" in said(capsys, "01/padding-per-row", forgets)
    words = said(capsys, "01/padding-per-row", returns)
    assert "changed its argument in place" in words and "before it was" in words


@pytest.mark.parametrize("key", ["01/softmax", "05/positions"])
@pytest.mark.slow
def test_endless_loop_is_ended(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A loop without an end is stopped, also one that catches everything, and the input is named."""

    def answer(scores: torch.Tensor) -> torch.Tensor:
        while True:
            try:
                scores = scores + 1
            except Exception:
                continue

    words = said(capsys, key, answer)
    assert "had not come to an end after" in words and "[" in words


def test_time_limit_without_signals() -> None:
    """In another thread, and where there are no timers, a second thread ends the loop; nothing is raised afterwards."""
    ended = []

    def work() -> None:
        for limit in (_by_thread, time_limit):
            try:
                with limit(0.1):
                    while True:
                        pass
            except TookTooLong:
                ended.append(limit)
        with time_limit(5.0):
            ended.append("free")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert ended == [_by_thread, time_limit, "free"]
    with pytest.raises(TookTooLong), _by_thread(0.1):
        while True:
            pass


def test_what_differs_is_shown() -> None:
    """Two values that would look the same are shown with the digits, the part or the type that tells them apart."""
    same = alike(1e-9)
    for right, wrong in [
        (0.12345678, 0.12345),
        ([[1.0, 2.0]], torch.tensor([[1.0, 2.0004]])),
        ("1", 1),
        ({"ids": list(range(60))}, {"ids": [*range(59), 7]}),
        ({"ids": list(range(60))}, {"ids": list(range(61))}),
        ({"ids": list(range(60))}, {"ids": list(range(60)), "label": 1}),
        ([True], ["True"]),
        (torch.tensor(1 / 3), torch.tensor(1 / 3).half()),
    ]:
        found = judge_by(Exercise(lambda right=right: right, [()], same=same), lambda wrong=wrong: wrong, "answer")
        assert not found.passed and found.gave != found.expected, found


def test_an_answer_leaves_nothing_behind() -> None:
    """Gradients switched off and an emptied list trouble neither the reference nor any other case."""
    shared = [1, 2]

    def empties(rows: list[int]) -> list[int]:
        torch.set_grad_enabled(False)
        return [rows.pop(0) for _ in range(len(rows))]

    assert judge_by(Exercise(list, [(shared,), (shared,)], may_change=True), empties, "answer").passed
    assert torch.is_grad_enabled() and shared == [1, 2]


def test_a_set_of_pairs_is_no_error() -> None:
    """What no list can be a part of is compared as well."""
    pairs = Exercise(lambda: {(1, 2): "a"}, [()])
    assert judge_by(pairs, lambda: {(1, 2): "a"}, "answer").passed
    assert judge_by(pairs, lambda: {(1, 2)}, "answer").cause == "kind"


def test_an_error_of_the_check_is_its_own(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in a comparison, or in a reference, is not blamed on the learner."""
    key = "01/padding-per-row"
    keys()

    def fails(*_: Any) -> bool:
        raise ZeroDivisionError("in the comparison")

    broken = iter((Exercise(abs, [(1,)], same=fails), Exercise(fails, [(1,)])))
    monkeypatch.setitem(_builders, key, lambda: next(broken))
    for _ in range(2):
        words = said(capsys, key, abs)
        assert words.startswith("The check itself stopped with ZeroDivisionError") and "no fault of your code" in words


def test_class_template_is_untouched(capsys: pytest.CaptureFixture[str]) -> None:
    """A class whose methods are all still `...` is a template, one with a method of its own is not."""

    class Template(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            ...

        def forward(self, **inputs: object) -> None: ...

    class Begun(Template):
        def forward(self, **inputs: object) -> None:
            print(inputs)

    assert judging.untouched(Template) and not judging.untouched(Begun)


def test_demanded_call_is_demanded() -> None:
    """What the statement asks to use has to be used, also where the result is right without it."""
    rows = Exercise(lambda n: sorted(n), [([2, 1],)], demanded=("sorted",))
    assert judge_by(rows, lambda n: sorted(n), "rows").passed
    assert judge_by(rows, lambda n: [1, 2], "rows").cause == "demanded"
    assert "`sorted`" in text("exercise.ui.ideas.demanded", name="sorted")


def test_error_in_the_learners_code(capsys: pytest.CaptureFixture[str]) -> None:
    """An exception in the answer is named with its message; the check itself goes on."""

    def answer(scores: torch.Tensor) -> None:
        raise ZeroDivisionError("division by zero")

    check("01/softmax", answer)
    check("01/softmax", 7)
    check("01/softmax", lambda: 7)
    check("01/softmax", lambda scores: exit())
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Your code stopped in answer([1.0, 2.0, 3.0]) with ZeroDivisionError: division by zero"
    assert all(line.startswith("Your code stopped") for line in said) and len(said) == 4


def test_line_of_the_error_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The line of the learner's own cell is named, not one inside the package or torch."""
    scope: dict[str, object] = {}
    exec(compile("def answer(scores):\n    a = 1\n    return scores / nothing\n", "<ipython-input-1>", "exec"), scope)
    check("01/softmax", scope["answer"])
    assert "in line 3 of its cell, in answer([1.0, 2.0, 3.0]), with NameError" in capsys.readouterr().out


def test_wrong_calls_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt key or a forgotten argument says what to do."""
    check("01/softmaks", abs)
    check("01/classify", abs)
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
    check("01/softmax", RIGHT["01/softmax"][0])
    with pytest.raises(AssertionError, match="Not yet"):
        check("01/softmax", torch.sigmoid)
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


def test_lesson_goes_on_with_what_was_solved(capsys: pytest.CaptureFixture[str]) -> None:
    """After a right answer it is the learner's own, before it and after a wrong one the lesson's."""
    key, own = "01/softmax", RIGHT["01/softmax"][0]
    check(key, torch.sigmoid)
    assert solved(key, abs) is abs
    check(key, own)
    assert solved(key, abs) is own
    check(key, lambda scores: None)
    assert solved(key, abs) is own
    check(key, torch.sigmoid)
    assert solved(key, abs) is abs


def test_what_was_done_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every check and hint is remembered; where it cannot be stored, the check says its verdict all the same."""

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path))
    monkeypatch.setattr(progress, "_store", broken)
    heard = progress.events
    heard.clear()
    check("01/softmax", RIGHT["01/softmax"][0])
    check("01/softmax", torch.sigmoid)
    hint("01/softmax")
    assert "Right. " in capsys.readouterr().out
    assert [(event.kind, event.passed) for event in heard] == [
        ("exercise", True),
        ("exercise", False),
        ("hint", None),
    ]
