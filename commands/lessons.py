"""The stored lessons, in each language, and what may be typed for one: `5`, `05`, its name, a path to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from commands.shared import ROOT, Stop


class Edition(NamedTuple):
    """The course in one language: the stored lessons and the learner's copies of them have the same names in each.

    >>> KOREAN.folder == ROOT / "notebooks" / "ko", ENGLISH.copies == ROOT / "my"
    (True, True)
    """

    language: str
    subfolder: str = ""

    @property
    def folder(self) -> Path:
        """Where the stored lessons lie."""
        return ROOT / "notebooks" / self.subfolder

    @property
    def copies(self) -> Path:
        """Where the learner's own copies lie."""
        return ROOT / "my" / self.subfolder


ENGLISH = Edition("en")
KOREAN = Edition("ko", "ko")
EDITIONS = {edition.language: edition for edition in (ENGLISH, KOREAN)}


def find_edition(language: str) -> Edition:
    """The edition in a language, such as `ko`.

    >>> find_edition("KO ").language
    'ko'
    """
    edition = EDITIONS.get(language.strip().lower())
    if edition is None:
        raise Stop(f"The course does not speak {language!r}. It speaks {' and '.join(EDITIONS)}.")
    return edition


def edition_of(lesson: Path) -> Edition:
    """The edition that a stored lesson or a copy of one belongs to; English for any other path.

    >>> edition_of(KOREAN.folder / "05_padding_and_masks.ipynb").language
    'ko'
    """
    folder = lesson.resolve().parent
    return next(
        (each for each in EDITIONS.values() if folder in (each.folder.resolve(), each.copies.resolve())), ENGLISH
    )


def take_edition(words: list[str]) -> Edition | None:
    """The edition asked for by `--language ko` or `--language=ko`, taken out of a list of words; None without one.

    >>> words = ["05", "--language", "ko", "--check"]
    >>> take_edition(words), words
    (Edition(language='ko', subfolder='ko'), ['05', '--check'])
    """
    for place, word in enumerate(words):
        option, equals, language = word.partition("=")
        if option != "--language":
            continue
        if not equals:
            if place + 1 == len(words):
                raise Stop(f"Which language? For example: --language ko. The course speaks {' and '.join(EDITIONS)}.")
            language = words.pop(place + 1)
        del words[place]
        return find_edition(language)
    return None


def lessons(edition: Edition = ENGLISH) -> list[Path]:
    """The stored lessons of an edition, in order."""
    return sorted(edition.folder.glob("[0-9][0-9]_*.ipynb"))


def lesson_list(edition: Edition = ENGLISH) -> str:
    """One line for each lesson there is, to show to somebody who asked for another one."""
    return "\n".join(f"  {path.stem[:2]}  {path.stem[3:].replace('_', ' ')}" for path in lessons(edition))


def some_lessons(edition: Edition = ENGLISH) -> list[Path]:
    """The stored lessons; without any, that is said, because a course without lessons is no course."""
    found = lessons(edition)
    if not found:
        folder = edition.folder.relative_to(ROOT).as_posix()
        raise Stop(f"There is no lesson in the folder {folder}/. Is this a complete copy of the course?")
    return found


def looks_like_lesson(word: str) -> bool:
    """Whether a word is meant as a lesson: a number, or the name of a notebook.

    >>> [looks_like_lesson(word) for word in ("5", "05", "notebooks/05_masks.ipynb", "tests", "-k")]
    [True, True, True, False, False]
    """
    return re.match(r"^(?:.*[/\\])?\d{1,2}(?:_[^/\\]*)?$", word) is not None


def find_lesson(word: str, edition: Edition = ENGLISH) -> Path:
    """The stored lesson meant by a word such as `5`, `05`, `05_padding_and_masks` or a path to it."""
    stem = re.split(r"[/\\]", word)[-1].removesuffix(".ipynb")
    number = stem.partition("_")[0].zfill(2)
    for lesson in some_lessons(edition):
        if lesson.stem == stem or ("_" not in stem and lesson.stem.startswith(number + "_")):
            return lesson
    raise Stop(f"There is no lesson {word}. These are there:\n{lesson_list(edition)}")


def split_lesson(words: list[str], edition: Edition = ENGLISH) -> tuple[Path | None, list[str]]:
    """The lesson that the first word means (or None), and the words that are left for Jupyter or pytest."""
    if words and looks_like_lesson(words[0]):
        return find_lesson(words[0], edition), list(words[1:])
    return None, list(words)
