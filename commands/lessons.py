"""The stored lessons, in each language, and what may be typed for one: `5`, `05`, its name, a path to it."""

from __future__ import annotations

import json
import locale
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from commands.shared import ROOT, WINDOWS, Stop, read_json, say, write_json
from commands.words import message, table


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
EDITION_FILE = "my/.edition.json"


def find_edition(language: str) -> Edition:
    """The edition in a language, such as `ko`.

    >>> find_edition("KO ").language
    'ko'
    """
    edition = EDITIONS.get(language.strip().lower())
    if edition is None:
        raise Stop(message("lessons.no_language", given=language, languages=", ".join(EDITIONS)))
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
                raise Stop(message("lessons.which_language", languages=", ".join(EDITIONS)))
            language = words.pop(place + 1)
        del words[place]
        return find_edition(language)
    return None


def lessons(edition: Edition = ENGLISH) -> list[Path]:
    """The stored lessons of an edition, in order."""
    return sorted(edition.folder.glob("[0-9][0-9]_*.ipynb"))


def asked_language(words: Sequence[str]) -> str | None:
    """The language of the edition that a call asks for, None without one; nothing is taken out of the words.

    >>> asked_language(["reset", "05", "--language=ko"]), asked_language(["--language", "tlh"])
    ('ko', None)
    """
    try:
        edition = take_edition(list(words))
    except Stop:
        return None
    return edition.language if edition else None


def edition_file() -> Path:
    """Where it is remembered which edition the learner opened last."""
    return ROOT / EDITION_FILE


def is_remembered() -> bool:
    """Whether a lesson of this copy of the course was opened before."""
    return str(read_json(edition_file()).get("language")) in EDITIONS


def remembered() -> Edition:
    """The edition that was opened last; the English one in a course that nobody has opened yet."""
    return EDITIONS.get(str(read_json(edition_file()).get("language")), ENGLISH)


def remember(edition: Edition) -> None:
    """Take this edition from now on, where none is asked for."""
    if not is_remembered() or remembered() != edition:
        edition_file().parent.mkdir(exist_ok=True)
        write_json(edition_file(), {"language": edition.language})


def also_korean() -> None:
    """On a system that speaks Korean say, in Korean, that there is a Korean edition, and how it is opened."""
    if system_speaks_korean() and lessons(KOREAN):
        say(table("ko")["lessons"]["also_korean"] + "\n")


def system_speaks_korean() -> bool:
    """Whether the language of this system is Korean."""
    if WINDOWS:
        import ctypes

        return ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == 0x12  # the number that Windows has for it
    settings = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    chosen = next(filter(None, settings), None) or locale.getlocale()[0] or ""
    return re.match(r"(?i)ko(?:rean)?(?![a-z])", chosen) is not None


def lesson_name(lesson: Path) -> str:
    """The name of a stored lesson: in Korean as its title says it, in English as its file does."""
    if edition_of(lesson) == KOREAN:
        opening = "".join(json.loads(lesson.read_text(encoding="utf-8"))["cells"][0]["source"])
        if title := re.match(r"# *\d\d +(.+)", opening):
            return title.group(1).strip()
    return lesson.stem[3:].replace("_", " ")


def lesson_list(edition: Edition = ENGLISH) -> str:
    """One line for each lesson there is, to show to somebody who asked for another one."""
    return "\n".join(f"  {path.stem[:2]}  {lesson_name(path)}" for path in lessons(edition))


def some_lessons(edition: Edition = ENGLISH) -> list[Path]:
    """The stored lessons; without any, that is said, because a course without lessons is no course."""
    found = lessons(edition)
    if not found:
        folder = edition.folder.relative_to(ROOT).as_posix()
        raise Stop(message("lessons.none_there", folder=folder))
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
    raise Stop(message("lessons.unknown", given=word, lessons=lesson_list(edition)))


def split_lesson(words: list[str], edition: Edition = ENGLISH) -> tuple[Path | None, list[str]]:
    """The lesson that the first word means (or None), and the words that are left for Jupyter or pytest."""
    if words and looks_like_lesson(words[0]):
        return find_lesson(words[0], edition), list(words[1:])
    return None, list(words)
