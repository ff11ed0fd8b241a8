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
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import count
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from IPython import get_ipython

from course_utils.display import show
from course_utils.markup import card
from course_utils.messages import text

FOLDER_VARIABLE = "COURSE_PROGRESS"
FILE = "progress.json"
VERSION = 1
LOCK_PATIENCE = 1.0
"""Seconds to wait while another notebook writes."""
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)
"""What a file system answers that knows no locks."""

Done = dict[str, Any]
"""What the file holds: `version`, `exercises` and `quiz`, both from "NN/name" to what is known of it."""


@dataclass(frozen=True)
class Event:
    """One thing that happened: an exercise was checked, a hint was read, a quiz question was answered."""

    kind: Literal["exercise", "hint", "quiz"]
    key: str
    passed: bool | None = None


events: list[Event] = []
"""What was done in this run of the kernel; kept or not."""
told: list[str] = []
"""What happened to the file, such as damage, and was not yet shown."""
_pending: list[Event] = []
_said: list[Event] = []


class Newer(Exception):
    """The file was written by a newer edition of the course."""


def folder() -> Path | None:
    """The folder of the progress file, or None where nothing is kept.

    >>> folder() is None or folder().is_absolute()
    True
    """
    chosen = os.environ.get(FOLDER_VARIABLE, "").strip()
    if chosen.lower() == "off":
        return None
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    tests = any(name in os.environ for name in ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "COURSE_STRICT"))
    if tests or get_ipython() is None:
        return None
    return of_the_user()


def of_the_user() -> Path | None:
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


def add(done: Done, event: Event) -> None:
    """Enter one event, in place. What was once passed or right stays so.

    >>> done = empty()
    >>> add(done, Event("exercise", "01/softmax", True))
    >>> add(done, Event("exercise", "01/softmax", False))
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


def record(event: Event) -> None:
    """Remember an event, and enter it into the file together with those that could not be written before.

    Never raises. The first check in a kernel that finds a file which cannot be written says so.

    >>> record(Event("hint", "01/softmax"))
    >>> events[-1].key
    '01/softmax'
    """
    events.append(event)
    _pending.append(event)
    error = write_pending()
    busy = isinstance(error, Timeout)
    if error and not busy and event.kind == "exercise" and not _said:  # what a button would print is shown nowhere
        _said.append(event)
        show(None, card(escape(words(error)), "note"))


def write_pending() -> Exception | None:
    """Enter what is still waiting; what prevented it, a Timeout while another notebook writes, or None."""
    where = folder()
    try:
        if where is not None and (_pending or not (where / FILE).exists()):
            where.mkdir(parents=True, exist_ok=True)
            with _locked(where):
                done = _load(where)
                for event in _pending:
                    add(done, event)
                _store(where, done)
        _pending.clear()
    except Exception as error:
        return error
    return None


def read() -> tuple[Done, str]:
    """What the file holds now, and in words why it cannot be read, or nothing."""
    where = folder()
    try:
        if where is not None and (where / FILE).exists():
            with _locked(where):
                return _load(where), ""
    except Exception as error:
        return empty(), words(error, "progress.cannot_read")
    return empty(), ""


def forget() -> str:
    """Forget all that was done and remove the file; in words why that cannot be, or nothing."""
    events.clear()
    _pending.clear()
    where = folder()
    try:
        if where is not None and where.exists():
            with _locked(where):
                (where / FILE).unlink(missing_ok=True)
    except OSError as error:
        return words(error, "progress.cannot_reset")
    return ""


def shown_file() -> str:
    """The path of the file with the home folder as ~, fit to be shown to others."""
    shown, home = str((folder() or Path()) / FILE), os.path.expanduser("~")
    return shown.replace(home, "~", 1) if len(home) > 1 and shown.startswith(home + os.sep) else shown


def words(error: Exception, key: str = "progress.cannot_write") -> str:
    """What to tell about an error, with the file and the system's own words."""
    if isinstance(error, Newer):
        return text("progress.newer", file=shown_file())
    problem = text("progress.busy") if isinstance(error, Timeout) else getattr(error, "strerror", None)
    return text(key, file=shown_file(), problem=problem or type(error).__name__)


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
        raise Newer
    if type(version) is int and all(_is_record(done.get(part)) for part in ("exercises", "quiz")):
        return done
    names = (where / f"progress.damaged-{number}.json" for number in count(1))
    aside = next(name for name in names if not name.exists())
    os.replace(path, aside)
    told.append(text("progress.damaged", kept=aside.name))
    return empty()


def _is_record(part: object) -> bool:
    """Whether a part of the file has the right form: a dictionary of dictionaries, counts being numbers."""
    counts = ("tries", "answers", "hints")
    return isinstance(part, dict) and all(
        isinstance(found, dict) and all(type(found.get(count, 0)) is int for count in counts) for found in part.values()
    )


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
    lock = FileLock(where / "progress.lock")
    try:
        lock.acquire(timeout=LOCK_PATIENCE, poll_interval=0.01)
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno not in NO_LOCKS:
            raise  # busy, or the folder cannot be written
    try:
        yield  # without a lock as well, where the file system knows none
    finally:
        lock.release()
