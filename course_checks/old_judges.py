"""Judges that are not records yet. This module, and each mention of it and of `_judges`, goes with the last of them."""

from __future__ import annotations

from collections.abc import Callable

from course_checks.judging import SECONDS, Stopped, Untouched, Verdict, attempt, call_of, untouched
from course_checks.time_limit import TookTooLong

Judge = Callable[..., Verdict]
RIGHT = Verdict(passed=True)
_judges: dict[str, Judge] = {}


def exercise(key: str) -> Callable[[Judge], Judge]:
    """Register a judging function under "NN/name"."""

    def register(function: Judge) -> Judge:
        _judges[key] = function
        return function

    return register


def started(value: object) -> object:
    """The value itself; stops the check where nothing came back (None or `...`)."""
    if value is None or value is Ellipsis:
        raise Untouched
    return value


def judge_old(key: str, name: str, answer: object, *more: object) -> Verdict:
    """The verdict of a judging function, with the learner's code watched as the records do it."""
    if answer is None or answer is Ellipsis or untouched(answer):
        raise Untouched
    ended: list[Verdict] = []

    def watched(*arguments: object) -> object:
        trial = attempt(answer, arguments)  # type: ignore[arg-type]
        call = call_of(name, trial.before)
        if isinstance(trial.error, TookTooLong):
            ended.append(Verdict(False, call, cause="too_long", values={"call": call, "seconds": f"{SECONDS:g}"}))
            raise Untouched
        if trial.error:
            raise Stopped(call) from trial.error
        how = "_printed" if trial.printed else ""
        ended[:] = [Verdict(False, call, cause=f"returned_none{how}", values={"call": call})]
        return trial.raw

    try:
        return _judges[key](answer if isinstance(answer, type) else watched, *more)
    except Untouched:
        if ended:
            return ended[-1]
        raise
    except Exception as error:
        if isinstance(answer, type):  # its methods run unwatched
            raise Stopped from error
        raise
