"""Where the rooms of the lessons lie: the package `course_lessons`, one room `lesson_NN` for each lesson.

The package asks a room by its number and never imports one by name, so that it knows no lesson.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

LESSONS = "course_lessons"
_ROOM = re.compile(r"lesson_(\d\d)")


@cache
def rooms() -> dict[str, Traversable]:
    """The folder of each room, by the number of its lesson, in order.

    >>> list(rooms())[:2]
    ['00', '01']
    """
    found = {}
    for folder in files(LESSONS).iterdir():
        match = _ROOM.fullmatch(folder.name)
        if match and folder.is_dir():
            found[match.group(1)] = folder
    return dict(sorted(found.items()))


def load_exercises(number: str) -> None:
    """Import the exercises of a lesson, which registers them; a lesson without exercises, or none, is passed over.

    >>> load_exercises("01")
    >>> load_exercises("no such lesson")
    """
    if number in rooms() and rooms()[number].joinpath("exercises.py").is_file():
        importlib.import_module(f"{LESSONS}.lesson_{number}.exercises")
