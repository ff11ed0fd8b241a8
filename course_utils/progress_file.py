"""What a learner has done in all lessons, kept in one local file that survives restarts and upgrades.

The file is `progress.json` in a folder of the user, readable by anybody who opens it, and never sent anywhere.
`COURSE_PROGRESS` names another folder, or is `off` to keep nothing. Unless it names one, only notebooks are kept: tests
and scripts keep nothing.

One file, many notebooks: every change is made under a lock, on what the file holds at that moment, and the file is
replaced as a whole. An event that cannot be written stays in memory and is tried again with the next one.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

from IPython import get_ipython

from course_utils import progress
from course_utils.display import show
from course_utils.markup import card, panel, table
from course_utils.messages import entry, text

FOLDER_VARIABLE = "COURSE_PROGRESS"
OFF = "off"
FILE = "progress.json"
VERSION = 1
LOCK_PATIENCE = 1.0
"""Seconds to wait while another notebook writes."""

Done = dict[str, Any]
"""What the file holds: `version`, `exercises` and `quiz`, both from "NN/name" to what is known of it."""

_pending: list[progress.Event] = []
_told: list[str] = []


class NotKept(Exception):
    """The file cannot be read or written now; carries the words for the learner."""


@dataclass(frozen=True)
class Line:
    """One lesson in the table of `show_progress`: how much there is and how much of it is done."""

    number: str
    title: str
    exercises: int
    passed: int
    questions: int
    right: int
    open_exercises: tuple[str, ...]


def folder() -> Path | None:
    """The folder of the progress file, or None where nothing is kept.

    >>> folder() is None or folder().is_absolute()
    True
    """
    chosen = os.environ.get(FOLDER_VARIABLE, "").strip()
    if chosen.lower() == OFF:
        return None
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    tests = any(name in os.environ for name in ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "COURSE_STRICT"))
    if tests or get_ipython() is None:
        return None
    return _of_the_user()


def _of_the_user() -> Path | None:
    """Where programs of this system keep what belongs to a user."""
    try:
        home = Path.home()
    except RuntimeError:  # no home folder can be told
        return None
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "transformers-course"


def empty() -> Done:
    """Nothing done yet.

    >>> empty()
    {'version': 1, 'exercises': {}, 'quiz': {}}
    """
    return {"version": VERSION, "exercises": {}, "quiz": {}}


def add(done: Done, event: progress.Event) -> None:
    """Enter one event, in place. What was once passed or right stays so.

    >>> done = empty()
    >>> add(done, progress.Event("exercise", "01/softmax", True))
    >>> add(done, progress.Event("exercise", "01/softmax", False))
    >>> done["exercises"]
    {'01/softmax': {'tries': 2, 'passed': True}}
    """
    if event.kind == "quiz":
        found = done["quiz"].setdefault(event.key, {})
        found["answers"] = found.get("answers", 0) + 1
        found["right"] = bool(found.get("right") or event.passed)
        return
    found = done["exercises"].setdefault(event.key, {})
    if event.kind == "hint":
        found["hints"] = found.get("hints", 0) + 1
        return
    found["tries"] = found.get("tries", 0) + 1
    found["passed"] = bool(found.get("passed") or event.passed)


def remember(event: progress.Event) -> None:
    """Enter an event into the file, together with those that could not be written before. Never raises."""
    _pending.append(event)
    try:
        where = folder()
        if where is None:
            _pending.clear()
            return
        _change(where, lambda done: [add(done, waiting) for waiting in _pending])
        _pending.clear()
    except (NotKept, OSError):
        return  # show_progress says so; a check never does


def read() -> Done:
    """What the file holds now; nothing done where there is no file.

    Raises NotKept, in words, where it cannot be read.
    """
    where = folder()
    if where is None:
        return empty()
    try:
        if not (where / FILE).exists():
            return empty()
        with _locked(where):
            return _load(where)
    except OSError as error:
        raise NotKept(text("progress.cannot_read", file=_named(where), problem=_words(error))) from error


def show_progress() -> None:
    """Show what you have done in each lesson and what comes next, as a table; also what this run could not keep.

    >>> show_progress()  # doctest: +ELLIPSIS
    Your progress...
    """
    notes = []
    try:
        done = read()
    except NotKept as problem:
        done = empty()
        notes.append(str(problem))
    for event in progress.events:
        add(done, event)
    where = folder()
    if where is None:
        notes.append(text("progress.off", variable=FOLDER_VARIABLE))
    elif not notes:
        notes.append(_can_be_kept(where))
    notes[:0] = _told
    _told.clear()
    lines = overview(done)
    said = [f"<p>{escape(note)}</p>" for note in [next_step(lines), *notes] if note]
    show(None, panel("progress", _table(lines), *said))


def reset_progress() -> None:
    """Forget everything that was done: the file is removed and counting starts anew.

    >>> reset_progress()
    Your progress has been reset. Copies of lessons in my/ are as they were.
    """
    progress.events.clear()
    _pending.clear()
    where = folder()
    message = text("progress.reset")
    if where is not None:
        try:
            if where.exists():
                with _locked(where):
                    (where / FILE).unlink(missing_ok=True)
        except OSError as error:
            message = text("progress.cannot_reset", file=_named(where), problem=_words(error))
    show(None, card(escape(message), "note"))


def overview(done: Done) -> list[Line]:
    """One line for each lesson that has exercises; what the course no longer asks is not counted.

    >>> [line.exercises for line in overview(empty()) if line.number == "01"]
    [3]
    """
    asked, quizzes = entry("exercise"), entry("quiz")
    titles = entry("progress.lessons")
    lines = []
    for number in sorted(key for key in asked if re.fullmatch(r"\d\d", key)):
        names = list(asked[number])
        questions = list(quizzes.get(number, {}))
        passed = [n for n in names if _true(done["exercises"].get(f"{number}/{n}"), "passed")]
        right = [n for n in questions if _true(done["quiz"].get(f"{number}/{n}"), "right")]
        still = tuple(n for n in names if n not in passed)
        title = titles.get(number, "")
        lines.append(Line(number, title, len(names), len(passed), len(questions), len(right), still))
    return lines


def next_step(lines: list[Line]) -> str:
    """What to do next, in one sentence.

    >>> next_step(overview(empty())).startswith("Next: ")
    True
    """
    for line in lines:
        if line.passed == line.exercises and line.right == line.questions:
            continue
        name = f"{line.number} {line.title}".strip()
        if not line.passed and not line.right:
            return text("progress.next_lesson", lesson=name)
        if line.open_exercises:
            return text("progress.next_exercise", lesson=name, names=", ".join(line.open_exercises))
        return text("progress.next_quiz", lesson=name, number=line.questions - line.right)
    return text("progress.all_done")


def _true(found: object, key: str) -> bool:
    return isinstance(found, dict) and found.get(key) is True


def _table(lines: list[Line]) -> str:
    heads = [escape(text(f"progress.{key}")) for key in ("lesson", "exercises", "quiz")]
    rows = []
    for line in lines:
        row = [escape(f"{line.number} {line.title}")]
        for done, total in ((line.passed, line.exercises), (line.right, line.questions)):
            words = text("progress.of", done=done, total=total)
            row.append(f"<b>{words} ✓</b>" if done == total > 0 else words)
        rows.append(row)
    return f"<p><b>{escape(text('progress.title'))}</b></p>{table(rows, heads)}"


def _can_be_kept(where: Path) -> str:
    """Where the progress is kept; if it cannot be, that and why. Tries it with what is still waiting."""
    try:
        if _pending or not (where / FILE).exists():
            _change(where, lambda done: [add(done, waiting) for waiting in _pending])
            _pending.clear()
        return text("progress.kept", file=_named(where))
    except NotKept as problem:
        return str(problem)
    except OSError as error:
        return text("progress.cannot_write", file=_named(where), problem=_words(error))


def _change(where: Path, change: Callable[[Done], object]) -> None:
    """Load, change and store under the lock. Raises OSError or NotKept, and then nothing is stored."""
    where.mkdir(parents=True, exist_ok=True)
    with _locked(where):
        done = _load(where)
        change(done)
        _store(where, done)


def _load(where: Path) -> Done:
    """The content of the file; a damaged one is set aside and said. To be called under the lock."""
    path = where / FILE
    try:
        done = json.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return empty()
    except (ValueError, RecursionError):
        done = None
    version = done.get("version") if isinstance(done, dict) else None
    if type(version) is int and version > VERSION:
        raise NotKept(text("progress.newer", file=_named(where)))
    if type(version) is int and all(_is_record(done.get(part)) for part in ("exercises", "quiz")):
        return done
    aside = _free_name(where)
    os.replace(path, aside)
    _told.append(text("progress.damaged", kept=aside.name))
    return empty()


def _is_record(part: object) -> bool:
    """Whether a part of the file has the right form: a dictionary of dictionaries, counts being numbers."""
    counts = ("tries", "answers", "hints")
    return isinstance(part, dict) and all(
        isinstance(found, dict) and all(type(found.get(count, 0)) is int for count in counts) for found in part.values()
    )


def _free_name(where: Path) -> Path:
    number = 1
    while (aside := where / f"progress.damaged-{number}.json").exists():
        number += 1
    return aside


def _store(where: Path, done: Done) -> None:
    """Replace the file as a whole: it is the old or the new one, never half of it."""
    handle, name = tempfile.mkstemp(prefix="progress.", suffix=".partial", dir=where)
    try:
        with os.fdopen(handle, "wb") as partial:
            partial.write((json.dumps(done, indent=1, sort_keys=True) + "\n").encode("utf-8"))
            partial.flush()
            os.fsync(partial.fileno())
        os.replace(name, where / FILE)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _locked(where: Path) -> Iterator[None]:
    """Hold the lock of the folder. The system drops it when a process ends, however it ends."""
    with (where / "progress.lock").open("a+b") as file:
        deadline = time.monotonic() + LOCK_PATIENCE
        while not _try_lock(file):
            if time.monotonic() > deadline:
                raise OSError(errno.EAGAIN, text("progress.busy"))
            time.sleep(0.01)
        yield  # closing the file drops the lock


def _try_lock(file: BinaryIO) -> bool:
    """Whether the lock could be had; True as well where the file system knows no locks."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def _named(where: Path) -> str:
    """The path of the file with the home folder as ~, fit to be shown to others."""
    shown, home = str(where / FILE), os.path.expanduser("~")
    return shown.replace(home, "~", 1) if len(home) > 1 and shown.startswith(home + os.sep) else shown


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__


progress.subscribe(remember)
