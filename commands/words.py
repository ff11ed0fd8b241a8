"""What the commands say to a learner, by key, from one table for each language: `words.en.toml`, `words.ko.toml`.

A key is a dotted path: `cli.no_command` is the entry `no_command` of the table `[cli]`. Each call of course.py speaks
one language, that of the edition which is asked for or remembered; `speak` chooses it. What only authors type and
read, `measure` or `pack` for example, is said in English where it is done.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
_spoken = ["en"]


@cache
def table(language: str) -> dict[str, Any]:
    """All messages of one language.

    >>> table("en")["shared"]["seconds"]
    '{seconds} s'
    """
    return tomllib.loads((FOLDER / f"words.{language}.toml").read_text(encoding="utf-8"))


def speak(language: str) -> None:
    """Say everything from here on in this language.

    >>> speak("ko"), message("shared.seconds", seconds=8), speak("en")
    (None, '8초', None)
    """
    _spoken[0] = language


def spoken() -> str:
    """The language that is spoken.

    >>> spoken()
    'en'
    """
    return _spoken[0]


def entry(key: str) -> Any:
    """What stands under a dotted key: a text, or a list of them. An unknown key is a mistake of the commands.

    >>> entry("cli.about.reset.usage")
    'reset NN'
    """
    node: Any = table(spoken())
    for part in key.split("."):
        node = node[part]
    return node


def message(key: str, /, **values: object) -> str:
    """The text under a dotted key with its {placeholders} filled in.

    >>> message("shared.minutes", minutes=3, seconds=14)
    '3 min 14 s'
    """
    template = entry(key)
    return template.format(**values) if values else template
