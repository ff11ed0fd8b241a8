"""A lesson that uses a word which one of its libraries calls deprecated fails at the cell that uses it.

A plugin of pytest (`conftest.py` beside `pyproject.toml` loads it) with two halves. In the kernels that run the lessons
`watch` notes what the libraries say: their FutureWarnings and DeprecationWarnings, also those that Python does not
show by default, and lines of their logs, also while `setup()` keeps these logs quiet. In pytest the note becomes an
error of the cell. Nothing is raised inside a lesson, so its outputs are the same with the watch and without, and a
`try` around a call hides nothing. It costs no run of its own: the run that compares the outputs watches as well.

A cell that shows a deprecated word on purpose says so in its metadata, with the reason:
`"course": {"shows_deprecated": "..."}`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

LIBRARIES = ("transformers", "datasets", "accelerate", "torch", "tokenizers", "huggingface_hub")
"""Whose words are watched."""
OURS = ("course_utils", "course_lessons")
CATEGORIES = (FutureWarning, DeprecationWarning)
WORDS = re.compile(r"deprecat|will be removed", re.IGNORECASE)
"""By these a line of a log is known to be about a word that goes."""
DECORATORS = {"typing_extensions", "warnings", "_py_warnings"}
"""Modules in whose name a library warns when it marks a function with the decorator `deprecated`."""

STARTUP = """\
import runpy
runpy.run_path({here!r})["watch"]({notes!r})
del runpy
"""


# --- in a kernel --------------------------------------------------------------------------------------------------


def watch(notes: str) -> None:
    """Note from now on, one line of JSON each in the file `notes`, what the libraries call deprecated."""
    shown, logged = warnings.showwarning, logging.Logger.warning

    def note(library: str, kind: str, says: str) -> None:
        with open(notes, "a", encoding="utf-8") as file:
            file.write(json.dumps({"library": library, "kind": kind, "says": says}) + "\n")

    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, *more: Any) -> None:
        library = speaker(sys._getframe(1))
        if library and (issubclass(category, CATEGORIES) or WORDS.search(str(message))):
            note(library, category.__name__, str(message))
        if not issubclass(category, DeprecationWarning) or is_cell(filename):  # what Python shows by default
            shown(message, category, filename, lineno, *more)

    def warning(logger: logging.Logger, message: object, *arguments: Any, **options: Any) -> None:
        library = logger.name.split(".")[0]
        if library in LIBRARIES and WORDS.search(str(message)):
            note(library, "log", str(message) % arguments if arguments else str(message))
        options["stacklevel"] = options.get("stacklevel", 1) + 1
        logged(logger, message, *arguments, **options)

    warnings.simplefilter("default", DeprecationWarning)
    warnings.showwarning = show
    logging.Logger.warning = warning  # type: ignore[method-assign]


def is_cell(filename: str) -> bool:
    """Whether code with this file name stands in a cell of a notebook.

    >>> is_cell("ipykernel_71/2254.py"), is_cell("torch/serialization.py")
    (True, False)
    """
    return "ipykernel_" in filename or filename.startswith("<ipython-input")


def speaker(frame: FrameType | None) -> str:
    """Which watched library gives a warning, from the frames below it; empty where none does.

    Whose line of Python gives it counts, wherever the warning says that the mistake is. A compiled function has no
    frame, so what is given in a lesson's own line, or in one of the course's package, comes from what it calls.
    """
    while frame is not None:
        module = str(frame.f_globals.get("__name__", "")).split(".")[0]
        if module in DECORATORS:
            marked = str(getattr(frame.f_locals.get("arg"), "__module__", "")).split(".")[0]
            if marked in LIBRARIES:
                return marked
        elif module in LIBRARIES:
            return module
        else:
            return "called" if module in OURS or is_cell(frame.f_code.co_filename) else ""
        frame = frame.f_back
    return ""


# --- in pytest ----------------------------------------------------------------------------------------------------


class DeprecatedWord(Exception):
    """A lesson uses what a library calls deprecated."""


class _Place:
    """The folder of this process from which its kernels take the watch, and where they leave their notes."""

    def __init__(self) -> None:
        self.kept = tempfile.TemporaryDirectory(prefix="course-deprecations-", ignore_cleanup_errors=True)
        self.notes = Path(self.kept.name) / "notes.jsonl"
        self.notes.touch()
        os.environ.setdefault("IPYTHONDIR", self.kept.name)  # conftest.py has one with more start-up files
        startup = Path(os.environ["IPYTHONDIR"]) / "profile_default" / "startup"
        startup.mkdir(parents=True, exist_ok=True)
        text = STARTUP.format(here=str(Path(__file__).resolve()), notes=str(self.notes))
        (startup / "01-deprecations.py").write_text(text, encoding="utf-8")

    def length(self) -> int:
        return self.notes.stat().st_size

    def after(self, start: int) -> list[dict[str, str]]:
        with self.notes.open("rb") as file:
            file.seek(start)
            return [json.loads(line) for line in file.read().decode("utf-8").splitlines()]


_PLACE: list[_Place] = []


def pytest_configure() -> None:
    """Kernels that this process starts are watched."""
    _PLACE.append(_Place())


def pytest_unconfigure() -> None:
    """The folder goes when the run is over."""
    while _PLACE:
        _PLACE.pop().kept.cleanup()


def purpose(cell: Any) -> str:
    """Why a cell shows a deprecated word; empty where it should not."""
    return str(cell.metadata.get("course", {}).get("shows_deprecated", ""))


def complaint(cell_id: str, notes: list[dict[str, str]]) -> str:
    """The notes about one cell in words; empty where there are none.

    >>> print(complaint("cache", [{"library": "torch", "kind": "FutureWarning", "says": "`a` is deprecated."}]))
    cell cache uses what is deprecated
      torch, FutureWarning: `a` is deprecated.
    """
    if not notes:
        return ""
    lines = dict.fromkeys(f"  {each['library']}, {each['kind']}: {each['says']}" for each in notes)
    return "\n".join([f"cell {cell_id} uses what is deprecated", *lines])


try:
    import pytest
except ImportError:  # a kernel needs the first half only
    pass
else:

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
        """A cell of a lesson during which something deprecated was noted is a failure that quotes it."""
        cell = getattr(item, "cell", None)
        if cell is None or not _PLACE:
            return (yield)
        start = _PLACE[-1].length()
        try:
            result = yield
        finally:
            words = "" if purpose(cell) else complaint(cell.get("id", "?"), _PLACE[-1].after(start))
            if words:  # said beside another failure of the cell, too
                item.add_report_section("call", "deprecated", words)
        if words:
            raise DeprecatedWord(words)
        return result
