"""Exercises: `check` judges an answer and says what to try, `hint` helps on request.

The judging functions of a lesson live in its room, `course_lessons/lesson_NN/exercises.py`, their words beside them in
`words.en.toml` under `[exercise.NN.name]`. A check never raises at the learner; with COURSE_STRICT=1, for
tests, a wrong answer raises.
"""

from __future__ import annotations

import difflib
import inspect
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

import ipywidgets

from course_utils import progress
from course_utils.display import show
from course_utils.lesson_rooms import load_exercises, rooms
from course_utils.markup import card, inline_code, plain
from course_utils.messages import brief, entry, shorten, text

STRICT_VARIABLE = "COURSE_STRICT"


@dataclass(frozen=True)
class Verdict:
    """What a judging function found.

    Attributes:
        passed: whether the answer is right.
        call: what was tried, as a learner would write it, such as "softmax(tensor([1., 2.]))".
        gave: what the answer gave.
        expected: what was expected.
        cause: key of the one idea to try, under `exercise.NN.name.ideas`.
        values: placeholders of that idea.
    """

    passed: bool
    call: str = ""
    gave: str = ""
    expected: str = ""
    cause: str = ""
    values: dict[str, object] = field(default_factory=dict)


Judge = Callable[..., Verdict]
RIGHT = Verdict(passed=True)
_judges: dict[str, Judge] = {}


class Misuse(Exception):
    """`check` cannot judge what it was given: nothing yet, an unknown key, code that raised. Carries the words."""


def started(value: object) -> object:
    """The value itself; stops the check with "nothing yet" where an exercise is still unsolved (None or `...`).

    >>> started(0)
    0
    """
    if value is None or value is Ellipsis:
        raise Misuse(text("exercise.ui.nothing"))
    return value


def exercise(key: str) -> Callable[[Judge], Judge]:
    """Register a judging function under "NN/name".

    >>> @exercise("00/example")
    ... def example(answer):
    ...     return Verdict(answer == 4, call="2 + 2", gave=repr(answer), expected="4")
    >>> judge("00/example", 4).passed
    True
    >>> del _judges["00/example"]
    """

    def register(function: Judge) -> Judge:
        _judges[key] = function
        return function

    return register


def keys() -> list[str]:
    """All exercises of the course as "NN/name".

    >>> "01/softmax" in keys()
    True
    """
    for number in rooms():
        load_exercises(number)
    return sorted(_judges)


def judge(key: str, *answer: object) -> Verdict:
    """The verdict on an answer, without showing anything.

    Raises whatever the learner's own code raises; `check` is the function that never does.
    """
    load_exercises(key.partition("/")[0])
    return _judges[key](*answer)


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
        message, passed = _words(key, verdict), verdict.passed
        look = "right" if passed else "wrong"
        progress.record(progress.Event("exercise", key, passed))
    if not passed and os.environ.get(STRICT_VARIABLE) == "1":
        raise AssertionError(plain(message))
    still = card(message, look)
    live = None if passed or not _hints(key) else ipywidgets.VBox([ipywidgets.HTML(still), _hint_box(key)])
    if live is not None:
        live.add_class("course-check")
    show(live, still)


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


def _known(key: object) -> str:
    if isinstance(key, str) and (key in _judges or key in keys()):
        return key
    near = difflib.get_close_matches(str(key)[:60], keys(), n=3, cutoff=0.3) or keys()[:3]
    raise Misuse(text("exercise.ui.unknown", given=brief(key), near=", ".join(near)))


def _judge_safely(key: str, answer: tuple[object, ...]) -> Verdict:
    _known(key)
    parameters = inspect.signature(_judges[key]).parameters.values()
    if not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        least = sum(p.default is p.empty for p in parameters)
        if not least <= len(answer) <= len(parameters):
            raise Misuse(text("exercise.ui.arguments", given=len(answer), expected=least, key=key))
    try:
        started(answer[0])
        return judge(key, *answer)
    except (KeyboardInterrupt, Misuse):
        raise
    except BaseException as error:  # the learner's code may raise anything, SystemExit included
        where = _line_of(error)
        message = shorten(str(error).strip().split("\n")[0], 160)
        key_of = "exercise.ui.raised_at" if where else "exercise.ui.raised"
        raise Misuse(text(key_of, kind=type(error).__name__, message=message, line=where)) from None


def _line_of(error: BaseException) -> int | None:
    """The last line of the learner's own cell in the traceback of an error."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if "ipykernel" in frame.filename or frame.filename.startswith("<")
    ]
    return lines[-1] if lines else None


def _words(key: str, verdict: Verdict) -> str:
    """The verdict as HTML: what the answer gave, what was expected, one idea."""
    name = _path(key)
    if verdict.passed:
        return f"<b>{text('exercise.ui.passed')}</b> {inline_code(entry(f'{name}.passed'))}"
    parts = [f"<b>{text('exercise.ui.not_yet')}</b>"]
    if verdict.call:
        parts.append(
            inline_code(text("exercise.ui.gave", call=verdict.call, gave=verdict.gave, expected=verdict.expected))
        )
    if verdict.cause:
        parts.append(inline_code(text(f"{name}.ideas.{verdict.cause}", **verdict.values)))
    return " ".join(parts)


def _hints(key: str) -> list[str]:
    return entry(f"{_path(key)}.hints") if isinstance(key, str) and key in _judges else []


def _path(key: str) -> str:
    lesson, name = key.split("/", 1)
    return f"exercise.{lesson}.{name}"


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
