"""Judging an answer: a record says what is right and which mistakes are known, and everything else is done here.

A known mistake is a wrong function. Its words are given only where it was verified: on every case the learner's code
gives what the wrong function gives. Otherwise the first case that differs is shown.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from course_checks.time_limit import TookTooLong, time_limit
from course_checks.values import Same, alike, contrast, fresh, kind, plain, shape, shown
from course_utils.messages import entry, text

SECONDS = 10.0
"""How long an answer may take for one case, where its record says nothing else."""

Function = Callable[..., Any]


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        passed: whether the answer is right.
        call: what was tried, as a learner would write it, such as "softmax(tensor([1., 2.]))".
        gave: what the answer gave.
        expected: what was expected.
        cause: key of the one idea to try, under `exercise.NN.name.ideas` or else `exercise.ui.ideas`.
        values: placeholders of that idea.
    """

    passed: bool
    call: str = ""
    gave: str = ""
    expected: str = ""
    cause: str = ""
    values: dict[str, object] = field(default_factory=dict)


class Found(Exception):
    """Raised by the `use` of a record that has found what is wrong on the way."""

    def __init__(self, cause: str, gave: str = "", expected: str = "") -> None:
        super().__init__(cause)
        self.cause, self.gave, self.expected = cause, gave, expected


class Untouched(Exception):
    """The answer is still the template, or nothing at all."""


class Stopped(Exception):
    """The learner's code raised an error, which is the `__cause__` of this one."""

    def __init__(self, call: str = "", cause: str = "") -> None:
        super().__init__(call)
        self.call, self.cause = call, cause


@dataclass
class Trial:
    """One run of some code on one case.

    Attributes:
        arguments: what it was given, as it left them.
        before: the same, untouched.
        raw: what it gave.
        given: that as a plain value.
        expected: what the reference gives, plain.
        error: what it raised.
        printed: whether it printed.
        calls: the watched functions that it called.
    """

    arguments: tuple[Any, ...]
    before: tuple[Any, ...]
    raw: Any = None
    given: Any = None
    expected: Any = None
    error: BaseException | None = None
    printed: bool = False
    calls: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Exercise:
    """What is right and wrong in one exercise.

    Attributes:
        right: the reference function.
        cases: the arguments of each case as a tuple.
        mistakes: cause -> one or several wrong functions; the first that is verified gives its words.
        same: compares what was given with what is right, both plain: `alike(...)`, or a function of its own, which also
            gets the arguments.
        forbidden: names of functions that must not be called, such as "softmax" or "PreTrainedTokenizerBase.pad".
        demanded: names of functions that must be called.
        demands: cause -> what more a right answer has to keep to: a function of a `Trial` that gives None where it is
            met, and otherwise the two texts (what was found, what was expected).
        use: what is done with an answer for one case, by default `answer(*arguments)`.
        call: the words for a call; by default its name and its arguments.
        may_change: whether arguments may be changed in place.
        seconds: how long one case may take.
    """

    right: Function
    cases: Iterable[tuple[Any, ...]]
    mistakes: Mapping[str, Function | tuple[Function, ...]] = field(default_factory=dict)
    same: Same = field(default_factory=alike)
    forbidden: Sequence[str] = ()
    demanded: Sequence[str] = ()
    demands: Mapping[str, Callable[[Trial], tuple[str, str] | None]] = field(default_factory=dict)
    use: Function = field(default=lambda answer, *arguments: answer(*arguments))
    call: Callable[..., str] | None = None
    may_change: bool = False
    seconds: float = SECONDS


def judge_by(record: Exercise, answer: Any, name: str) -> Verdict:
    """The verdict of a record on an answer; `name` is what the learner's function is called.

    >>> double = Exercise(right=lambda n: 2 * n, cases=[(1,), (3,)], mistakes={"squared": lambda n: n * n})
    >>> judge_by(double, lambda n: n + n, "double").passed, judge_by(double, lambda n: n**2, "double").cause
    (True, 'squared')
    >>> judge_by(double, lambda n: n + 1, "double")
    Verdict(passed=False, call='double(3)', gave='`4`', expected='`6`', cause='', values={})
    """
    if answer is None or answer is Ellipsis or untouched(answer):
        raise Untouched
    watched = [*record.forbidden, *record.demanded]
    trials = []
    for arguments in record.cases:
        given = fresh(arguments)  # cases may share a list
        trial = attempt(lambda *given: record.use(answer, *given), given, record.seconds, watched, _home(answer))
        trials.append(trial)
        if isinstance(trial.error, TookTooLong | Found):
            break
        trial.expected = plain(record.use(record.right, *fresh(trial.before)))
        if not record.mistakes and not record.same(trial.given, trial.expected, *trial.before):
            break  # nothing to tell apart: the first case that differs is enough
    for trial in trials:
        words = _call(record, name, trial.before)
        verdict = _mistaken(record, trial, trials, words)
        if verdict:
            return verdict
    for trial in trials:
        for cause, finding in _unmet(record, trial):
            gave, expected = finding if isinstance(finding, tuple) else ("", "")
            values = {"name": finding, "call": _call(record, name, trial.before)}
            return Verdict(False, _call(record, name, trial.before), gave, expected, cause, values)
    return Verdict(True)


def attempt(
    function: Function,
    arguments: tuple[Any, ...],
    seconds: float = SECONDS,
    watched: Sequence[str] = (),
    home: Any = None,
) -> Trial:
    """Run code on some arguments: for so long at most, with what it prints let through, and its errors kept.

    >>> attempt(lambda n: (n + 1,), (1,)).given, attempt(lambda n: n / 0, (1,)).error
    ([2], ZeroDivisionError('division by zero'))
    """
    trial = Trial(arguments, fresh(arguments))
    out = _Through(sys.stdout)
    calls: set[str] = set()
    torch = sys.modules.get("torch")
    gradients = torch is not None and torch.is_grad_enabled()
    try:
        with redirect_stdout(out), time_limit(seconds), _observed(watched, home, calls):  # type: ignore[type-var]
            trial.raw = function(*arguments)
            trial.given = plain(trial.raw)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the learner's code may raise anything, SystemExit included
        trial.error = error
    finally:
        if torch is not None:
            torch.set_grad_enabled(gradients)  # what the next code finds is not left to this one
    trial.printed, trial.calls = out.used, frozenset(calls)
    return trial


def untouched(answer: Any) -> bool:
    """Whether a function, or each method of a class, is still a template: nothing but `...`, `pass` or a docstring.

    >>> def template(scores):
    ...     # your code here
    ...     ...
    >>> untouched(template), untouched(lambda scores: print(scores))
    (True, False)
    """
    if isinstance(answer, type):
        own = [each for name, each in vars(answer).items() if inspect.isfunction(each) and name != "__init__"]
        return bool(own) and all(map(untouched, own))
    idle = {"RESUME", "NOP", "CACHE", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
    steps = list(dis.get_instructions(answer.__code__)) if inspect.isfunction(answer) else []
    return bool(steps) and all(
        step.opname in idle and ("CONST" not in step.opname or step.argval in (None, ...)) for step in steps
    )


def _mistaken(record: Exercise, trial: Trial, trials: list[Trial], call: str) -> Verdict | None:
    """What is wrong with the outcome of one trial, or None."""
    if isinstance(trial.error, TookTooLong):
        return Verdict(False, call, cause="too_long", values={"call": call, "seconds": f"{record.seconds:g}"})
    if isinstance(trial.error, Found):
        return Verdict(False, call, trial.error.gave, trial.error.expected, trial.error.cause)
    if trial.error:
        raise Stopped(call, _verified(record, trials)) from trial.error
    changed = not record.may_change and not alike(0.0)(plain(trial.arguments), plain(trial.before))
    none_is_right = any(each.expected is None and each.error is None for each in trials)
    if trial.given in (None, ...) and trial.expected is not None and not none_is_right:
        how = "_changed" if changed else "_printed" if trial.printed else ""
        return Verdict(False, call, cause=f"returned_none{how}", values={"call": call})
    gave, expected = (f"`{each}`" for each in contrast(trial.given, trial.expected))
    if not record.same(trial.given, trial.expected, *trial.before):
        cause = _verified(record, trials)
        shapes = shape(trial.given), shape(trial.expected)
        values: dict[str, object] = {}
        if not cause and kind(trial.given) != kind(trial.expected):
            cause, values = "kind", {"kind": _kind(trial.given), "wanted": _kind(trial.expected)}
        elif not cause and None not in shapes and shapes[0] != shapes[1]:
            cause, values = "shape", {"shape": shapes[0], "wanted": shapes[1]}
        return Verdict(False, call, gave, expected, cause, values)
    if changed:
        gave, expected = (f"`{each}`" for each in contrast(plain(trial.arguments), plain(trial.before)))
        return Verdict(False, call, cause="changed", values={"call": call, "before": expected, "after": gave})
    return None


def _kind(value: Any) -> str:
    name = kind(value)
    return entry("exercise.ui.kinds").get(name, name)


def _verified(record: Exercise, trials: list[Trial]) -> str:
    """The cause whose wrong function gives on every case what the answer gave, and not always what is right.

    Cases that came out wrong are tried first: there most mistakes part.
    """
    trials = sorted(trials, key=lambda trial: record.same(trial.given, trial.expected, *trial.before))
    for cause, functions in record.mistakes.items():
        for wrong in functions if isinstance(functions, tuple) else (functions,):
            differs = False
            for trial in trials:
                arguments = fresh(trial.before)
                other = attempt(lambda *given, wrong=wrong: record.use(wrong, *given), arguments, record.seconds)
                if other.error or trial.error:
                    if type(other.error) is not type(trial.error):
                        break
                    differs = True
                elif not record.same(trial.given, other.given, *trial.before):
                    break
                else:
                    differs |= not record.same(other.given, trial.expected, *trial.before)
            else:
                if differs:
                    return cause
    return ""


def _unmet(record: Exercise, trial: Trial) -> Iterator[tuple[str, Any]]:
    """What a right outcome still breaks: cause, and what was found."""
    yield from (("forbidden", name) for name in record.forbidden if name in trial.calls)
    yield from (("demanded", name) for name in record.demanded if name not in trial.calls)
    for cause, demand in record.demands.items():
        finding = demand(trial)
        if finding is not None:
            yield cause, finding


def _call(record: Exercise, name: str, arguments: tuple[Any, ...]) -> str:
    return record.call(*arguments) if record.call else call_of(name, arguments)


def call_of(name: str, arguments: tuple[Any, ...]) -> str:
    """A call as a learner would write it; a large table by its shape.

    >>> import torch
    >>> call_of("pad", ([[1], [2, 3]], torch.zeros(8, 8)))
    'pad([[1], [2, 3]], tensor of shape (8, 8))'
    """
    large = [hasattr(each, "numel") and each.numel() > 16 for each in arguments]
    texts = [
        text("exercise.ui.large", shape=tuple(each.shape)) if big else shown(each)
        for each, big in zip(arguments, large, strict=True)
    ]
    return f"{name}({', '.join(texts)})"


def _home(answer: Any) -> Any:
    """The names of the module, or the notebook, in which an answer was written."""
    if isinstance(answer, type):
        return vars(sys.modules.get(answer.__module__)) if answer.__module__ in sys.modules else None
    answer = inspect.unwrap(answer.func if isinstance(answer, partial) else answer)
    if not hasattr(answer, "__globals__"):  # an object that can be called
        answer = vars(type(answer)).get("__call__")
    return getattr(answer, "__globals__", None)


@contextmanager
def _observed(names: Sequence[str], home: Any, seen: set[str]) -> Iterator[None]:
    """Collect which of the named functions are called, from Python or inside C code, whatever they are called there."""
    last = {name.rpartition(".")[2] for name in names}

    def watch(frame: Any, event: str, what: Any) -> None:
        if event == "call" and frame.f_code.co_name in last and frame.f_globals is not home:
            whole = f".{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"
        elif event == "c_call" and getattr(what, "__name__", "") in last:
            whole = f".{what.__module__}.{what.__qualname__}"
        else:
            return
        seen.update(name for name in names if whole.endswith(f".{name}"))

    before = sys.getprofile()
    if names:
        sys.setprofile(watch)
    try:
        yield
    finally:
        if names:
            sys.setprofile(before)


class _Through:
    """Passes what is printed on and remembers that something was."""

    def __init__(self, under: Any) -> None:
        self._under, self.used = under, False

    def write(self, words: str) -> int:
        self.used = True
        return self._under.write(words)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._under, name)
