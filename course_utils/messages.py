"""Everything the package says to a learner, looked up by key in one table per language.

The tables of a language are the files `NAME.en.toml`, `NAME.ko.toml` of this package and `words.en.toml`,
`words.ko.toml` in the room of each lesson. They are read as one table; what a language lacks is taken from the English
one. A key is a dotted path: `checkpoint.unknown_id` is the entry `unknown_id` of the table `[checkpoint]`. A part that
itself holds a dot is not allowed, so keys split without doubt.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from course_utils.lesson_rooms import rooms

LANGUAGE_VARIABLE = "COURSE_LANGUAGE"
DEFAULT_LANGUAGE = "en"


class CourseError(ValueError):
    """An error that speaks to the learner: what was given, what was expected, what to try."""

    def _render_traceback_(self) -> list[str]:
        """Jupyter prints these lines in place of a traceback: the message is the whole story."""
        return [f"CourseError: {self}"]


@cache
def table(language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
    """All texts of one language as nested dictionaries, as its own files give them.

    Raises CourseError if the course does not have that language.

    >>> table("en")["quiz_ui"]["right"]
    '{letter} is right.'
    """
    if language not in languages():
        raise CourseError(
            f"The language is {brief(language)}, but the course speaks {', '.join(languages())}. "
            "Give one of these to setup(language=...) or in COURSE_LANGUAGE, or none: then it speaks English."
        )
    whole: dict[str, Any] = {}
    for source in _tables():
        if source.name.endswith(f".{language}.toml"):
            _merge(whole, tomllib.loads(source.read_text(encoding="utf-8")), str(source))
    return whole


def _tables() -> list[Traversable]:
    """The files with texts, in all languages; of other tables only that of the terms has one in its name."""
    folders = [files("course_utils"), *rooms().values()]
    return [f for folder in folders for f in folder.iterdir() if re.fullmatch(r"(?!terms\.).+\.[a-z]+\.toml", f.name)]


def _merge(whole: dict[str, Any], part: dict[str, Any], name: str) -> None:
    """Add one file's table to the whole; a key that two files give is a mistake of the package."""
    for key, value in part.items():
        if isinstance(value, dict):
            _merge(whole.setdefault(key, {}), value, name)
        elif key in whole:
            raise KeyError(f"{name} repeats the key {key!r}")
        else:
            whole[key] = value


def languages() -> list[str]:
    """Languages the course speaks: those of its tables.

    >>> "en" in languages()
    True
    """
    return sorted({file.name.split(".")[-2] for file in _tables()})


def language() -> str:
    """The learner's language: what `setup(language=...)` or the environment chose, else English.

    >>> language()
    'en'
    """
    return os.environ.get(LANGUAGE_VARIABLE, "").strip().lower() or DEFAULT_LANGUAGE


def speak(chosen: str) -> None:
    """Choose the learner's language, for this process and those that it starts; CourseError for one there is not.

    >>> speak("tlh")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    CourseError: The language is 'tlh', but the course speaks ...
    """
    name = str(chosen).strip().lower()
    table(name)
    os.environ[LANGUAGE_VARIABLE] = name


@cache
def _whole(language: str) -> dict[str, Any]:
    return _laid_over(table(DEFAULT_LANGUAGE), table(language))


def _laid_over(below: Any, above: Any) -> Any:
    """One table on top of another, entry by entry; lists too, where both have the same length."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {key: _laid_over(below.get(key), above.get(key)) for key in below | above}
    if isinstance(below, list) and isinstance(above, list) and len(below) == len(above):
        return [_laid_over(*pair) for pair in zip(below, above, strict=True)]
    return below if above is None else above


def entry(key: str) -> Any:
    """The entry under a dotted key in the learner's language; what the translation lacks in it is English.

    Raises KeyError if no language has the key: that is a mistake in the package, never the learner's.

    >>> entry("exercise.ui.passed")
    'Right.'
    """
    node: Any = _whole(language())
    for part in key.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    if node is None:
        raise KeyError(f"no text under the key {key!r}")
    return node


def text(key: str, /, **values: object) -> str:
    """The text under a dotted key with its {placeholders} filled in.

    >>> text("exercise.ui.hint_button", number=1, total=2)
    'Show hint 1 of 2'
    """
    template = entry(key)
    return template.format(**values) if values else template


def say(words: str) -> None:
    """Print on any console: what its encoding cannot write, such as Korean letters in ASCII, stands there as its code.

    >>> say("0.5 ✓")
    0.5 ✓
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(words.encode(encoding, "backslashreplace").decode(encoding))


def shorten(shown: str, limit: int = 80) -> str:
    """A repr cut to `limit` characters, so that a message stays readable whatever was given.

    >>> shorten("a" * 100, limit=10)
    'aaaaaaaaa…'
    """
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def whole_characters(words: str) -> str:
    """The text with every half character, such as one half of an emoji, replaced by a question mark.

    A browser may send such halves while somebody types; they are no Unicode text, and no tokenizer takes them.

    >>> whole_characters("film \\ud83d")
    'film ?'
    """
    return words.encode("utf-8", "replace").decode("utf-8")


def brief(value: object, limit: int = 80) -> str:
    """Any value as short text for a message, whatever its own `repr` does.

    >>> brief("half an idea")
    "'half an idea'"
    """
    try:
        return shorten(repr(value), limit)
    except Exception:  # a learner's object may fail to show itself, or be half made
        return text("messages.not_shown", kind=type(value).__name__)
