"""A verdict, or an error in the learner's code, put into words; the words stand in `words.en.toml` of the lesson."""

from __future__ import annotations

import traceback

from course_checks.judging import Verdict
from course_utils.markup import inline_code
from course_utils.messages import entry, shorten, text


def verdict_words(key: str, verdict: Verdict) -> str:
    """The verdict as HTML: what the answer gave, what was expected, one idea.

    >>> print(verdict_words("01/softmax", Verdict(False, "softmax(2)", gave="2", expected="1")))
    <b>Not yet.</b> <code>softmax(2)</code> gave 2, expected 1.
    """
    name = path_of(key)
    if verdict.passed:
        return f"<b>{text('exercise.ui.passed')}</b> {inline_code(entry(f'{name}.passed'))}"
    parts = [f"<b>{text('exercise.ui.not_yet')}</b>"]
    if verdict.gave:
        parts.append(
            inline_code(text("exercise.ui.gave", call=verdict.call, gave=verdict.gave, expected=verdict.expected))
        )
    return " ".join([*parts, *map(inline_code, idea(key, verdict.cause, verdict.values))])


def idea(key: str, cause: str, values: dict[str, object]) -> list[str]:
    """The words of a cause, if there is one: those of the exercise, or else those for all.

    >>> idea("01/softmax", "", {})
    []
    """
    path = path_of(key) if cause in entry(f"{path_of(key)}.ideas") else "exercise.ui"
    return [text(f"{path}.ideas.{cause}", **values)] if cause else []


def error_words(error: BaseException) -> dict[str, object]:
    """The kind of an error and the first line of what it says.

    >>> error_words(ValueError("no such label\\nin the list"))
    {'kind': 'ValueError', 'message': 'no such label'}
    """
    try:
        message = str(error).strip()
    except Exception:  # an error that cannot show itself
        message = ""
    return {"kind": type(error).__name__, "message": shorten(message.split("\n")[0], 160)}


def line_of(error: BaseException | None) -> int | None:
    """The last line of the learner's own cell in the traceback of an error; None where none of it stands there.

    >>> line_of(None) is None
    True
    """
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__ if error else None)
        if "ipykernel" in frame.filename or frame.filename.startswith("<")
    ]
    return lines[-1] if lines else None


def path_of(key: str) -> str:
    """Where the words of an exercise stand.

    >>> path_of("01/softmax")
    'exercise.01.softmax'
    """
    lesson, name = key.split("/", 1)
    return f"exercise.{lesson}.{name}"
