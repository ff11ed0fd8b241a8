"""The stored lessons, and what may be typed for one: `5`, `05`, its name, a path to it."""

from __future__ import annotations

import re
from pathlib import Path

from commands.shared import ROOT, Stop


def lessons() -> list[Path]:
    """The stored lessons, in order."""
    return sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def lesson_list() -> str:
    """One line for each lesson there is, to show to somebody who asked for another one."""
    return "\n".join(f"  {path.stem[:2]}  {path.stem[3:].replace('_', ' ')}" for path in lessons())


def some_lessons() -> list[Path]:
    """The stored lessons; without any, that is said, because a course without lessons is no course."""
    found = lessons()
    if not found:
        raise Stop("There is no lesson in the folder notebooks/. Is this a complete copy of the course?")
    return found


def looks_like_lesson(word: str) -> bool:
    """Whether a word is meant as a lesson: a number, or the name of a notebook.

    >>> [looks_like_lesson(word) for word in ("5", "05", "notebooks/05_masks.ipynb", "tests", "-k")]
    [True, True, True, False, False]
    """
    return re.match(r"^(?:.*[/\\])?\d{1,2}(?:_[^/\\]*)?$", word) is not None


def find_lesson(word: str) -> Path:
    """The stored lesson meant by a word such as `5`, `05`, `05_padding_and_masks` or a path to it."""
    stem = re.split(r"[/\\]", word)[-1].removesuffix(".ipynb")
    number = stem.partition("_")[0].zfill(2)
    for lesson in some_lessons():
        if lesson.stem == stem or ("_" not in stem and lesson.stem.startswith(number + "_")):
            return lesson
    raise Stop(f"There is no lesson {word}. These are there:\n{lesson_list()}")


def split_lesson(words: list[str]) -> tuple[Path | None, list[str]]:
    """The lesson that the first word means (or None), and the words that are left for Jupyter or pytest."""
    if words and looks_like_lesson(words[0]):
        return find_lesson(words[0]), list(words[1:])
    return None, list(words)
