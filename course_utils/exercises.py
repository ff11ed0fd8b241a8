"""Exercises: `check` judges an answer and says what to try, `hint` helps on request.

The exercises of a lesson live in its room, `course_lessons/lesson_NN/exercises.py`, as records (see
`course_checks.judging`), their words beside them in `words.en.toml` under `[exercise.NN.name]`. A check never raises at
the learner; with COURSE_STRICT=1, for tests, a wrong answer raises.
"""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

from course_checks import judging
from course_checks.judging import Exercise, Stopped, Untouched, Verdict
from course_checks.wording import error_words, idea, line_of, path_of, verdict_words
from course_utils import progress
from course_utils.display import show
from course_utils.lesson_rooms import load_exercises, rooms
from course_utils.markup import card, inline_code, plain
from course_utils.messages import brief, entry, text

STRICT_VARIABLE = "COURSE_STRICT"

Builder = Callable[..., Exercise]
_builders: dict[str, Builder] = {}
_solved: dict[str, object] = {}
"""The answers that a check called right in this run of the kernel, by the key of their exercise."""


class Misuse(Exception):
    """`check` cannot judge what it was given: nothing yet, an unknown key, code that raised. Carries the words."""


def record(key: str) -> Callable[[Builder], Builder]:
    """Register a function that builds an exercise, under "NN/name". It is called when an answer is judged.

    Its parameters are what `check` takes besides the answer.

    >>> @record("00/example")
    ... def example() -> Exercise:
    ...     return Exercise(right=lambda a, b: a + b, cases=[(2, 2), (2, 3)])
    >>> judge("00/example", lambda a, b: b + a).passed
    True
    >>> del _builders["00/example"]
    """

    def register(function: Builder) -> Builder:
        _builders[key] = function
        return function

    return register


def keys() -> list[str]:
    """All exercises of the course as "NN/name".

    >>> "01/softmax" in keys()
    True
    """
    for number in rooms():
        load_exercises(number)
    return sorted(_builders)


def judge(key: str, answer: object, *more: object) -> Verdict:
    """The verdict on an answer, without showing anything.

    Raises `Untouched` for a template and `Stopped` where the learner's own code raised; `check` is the function that
    never does.
    """
    load_exercises(key.partition("/")[0])
    return judging.judge_by(_builders[key](*more), answer, _name(key, answer))


def check(key: str, *answer: object) -> None:
    """Judge an answer and show the verdict with one idea to try. Never raises at the learner.

    Args:
        key: the exercise as "NN/name".
        answer: what the lesson asks for, usually the function you wrote.

    >>> check("01/padding-per-row", lambda mask: [0, 0])  # doctest: +ELLIPSIS
    Not yet. padding_per_row...
    """
    try:
        verdict = _judge_safely(key, answer)
    except Misuse as misuse:
        message, passed, look = escape(str(misuse)), False, "note"
    else:
        message, passed = verdict_words(key, verdict), verdict.passed
        look = "right" if passed else "wrong"
        _solved.pop(key, None)
        if passed:
            _solved[key] = answer[0]
        progress.record(progress.Event("exercise", key, passed))
    if not passed and os.environ.get(STRICT_VARIABLE) == "1":
        raise AssertionError(plain(message))
    still = card(message, look)
    live = None if passed or not _hints(key) else ipywidgets.VBox([ipywidgets.HTML(still), _hint_box(key)])
    if live is not None:
        live.add_class("course-check")
    show(live, still)


def solved(key: str, otherwise: Any) -> Any:
    """What the learner wrote, if the last check of that exercise called it right; else what the lesson goes on with.

    Args:
        key: the exercise as "NN/name".
        otherwise: what stands in for an exercise that is not solved, of the same use.

    >>> solved("01/padding-per-row", otherwise="the course's own")
    "the course's own"
    """
    return _solved.get(key, otherwise)


def hint(key: str, number: int = 1) -> None:
    """Show a hint of an exercise.

    Args:
        key: the exercise as "NN/name".
        number: which one, from 1; later ones say more.

    >>> hint("01/no-such-exercise")  # doctest: +ELLIPSIS
    There is no exercise '01/no-such-exercise'...
    """
    try:
        _known(key)
    except Misuse as misuse:
        show(None, card(escape(str(misuse)), "note"))
        return
    hints = _hints(key)
    if not isinstance(number, int) or not 1 <= number <= len(hints):
        message = text("exercise.ui.no_such_hint", given=brief(number), total=len(hints))
    else:
        progress.record(progress.Event("hint", key))
        message = hints[number - 1]
    show(None, card(inline_code(message), "note"))


def _name(key: str, answer: object) -> str:
    """What the learner's function is called; a lambda goes by the name of the exercise."""
    name = getattr(answer, "__name__", "")
    return name if isinstance(name, str) and name.isidentifier() else key.partition("/")[2].replace("-", "_")


def _known(key: object) -> str:
    if isinstance(key, str):
        load_exercises(key[:2])
    if isinstance(key, str) and (key in _builders or key in keys()):
        return key
    near = difflib.get_close_matches(str(key)[:60], keys(), n=3, cutoff=0.3) or keys()[:3]
    raise Misuse(text("exercise.ui.unknown", given=brief(key), near=", ".join(near)))


def _judge_safely(key: str, answer: tuple[object, ...]) -> Verdict:
    _known(key)
    expected = 1 + len(inspect.signature(_builders[key]).parameters)
    if len(answer) != expected:
        raise Misuse(text("exercise.ui.arguments", given=len(answer), expected=expected, key=key))
    try:
        return judge(key, *answer)
    except Untouched:
        raise Misuse(text("exercise.ui.nothing")) from None
    except Stopped as stopped:
        error, call = stopped.__cause__, stopped.call
        where = line_of(error)
        key_of = f"exercise.ui.raised{'_at' * bool(where)}{'_for' * bool(call)}"
        words = text(key_of, **error_words(error), line=where, call=call)
        raise Misuse(" ".join([words, *idea(key, stopped.cause, {})])) from None
    except Exception as error:  # a mistake in the check itself is never the learner's
        raise Misuse(text("exercise.ui.check_failed", **error_words(error))) from None


def _hints(key: str) -> list[str]:
    return entry(f"{path_of(key)}.hints") if isinstance(key, str) and key in _builders else []


def _hint_box(key: str) -> ipywidgets.VBox:
    hints = _hints(key)
    button = ipywidgets.Button(
        description=text("exercise.ui.hint_button", number=1, total=len(hints)),
        layout=ipywidgets.Layout(width="auto"),
    )
    shown = ipywidgets.HTML()
    count = [0]

    def reveal(_: object) -> None:
        count[0] = min(count[0] + 1, len(hints))
        shown.value = "".join(card(inline_code(h), "note") for h in hints[: count[0]])
        progress.record(progress.Event("hint", key))
        if count[0] == len(hints):
            button.disabled = True
            button.description = text("exercise.ui.no_more_hints")
        else:
            button.description = text("exercise.ui.hint_button", number=count[0] + 1, total=len(hints))

    button.on_click(reveal)
    button.add_class("course-hint")
    return ipywidgets.VBox([button, shown])
