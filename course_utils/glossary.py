"""The terms of the course, each with its meaning and the place where a lesson introduces it.

The meanings are in `glossary.en.toml`, the places in `glossary.json`, which `python course.py refresh` draws from the
marks `<dfn>term</dfn>` in the lessons, together with the page `docs/glossary.md`. In Korean a term is found by the name
that `terms.ko.toml` gives it and by its English one.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

from course_utils.display import show
from course_utils.markup import inline_code
from course_utils.messages import CourseError, brief, entry, language, text

PARTICLES = ("s", *"은는이가을를의에로와과도만란들", "으로", "에서", "이란", "들을", "들은", "들이", "들의")
"""What may hang on a word: the plural's s, and what Korean puts behind a noun."""


@dataclass(frozen=True)
class Term:
    """A term of the field.

    Attributes:
        name: as the English glossary lists it.
        local: the name in the learner's language.
        meaning: one sentence or two.
        lesson: the stem of the lesson that introduces it, such as "01_behind_the_pipeline".
        cell: the id of the cell there.
    """

    name: str
    local: str
    meaning: str
    lesson: str
    cell: str

    @property
    def shown(self) -> str:
        """The name in the learner's language, with the English one in brackets where that is another."""
        inside = f", {self.name})" if self.local.endswith(")") else f"({self.name})"
        return self.name if self.local == self.name else self.local.removesuffix(")") + inside


@cache
def places() -> dict[str, tuple[str, str]]:
    """For each term the lesson and the cell that introduce it.

    >>> places()["logits"]
    ('01_behind_the_pipeline', 'logits-read')
    """
    stored = json.loads(files("course_utils").joinpath("glossary.json").read_text(encoding="utf-8"))
    return {name: (place["lesson"], place["cell"]) for name, place in stored.items()}


@cache
def _names(language: str) -> dict[str, str]:
    """The names of the terms in a language that has other ones than English."""
    file = files("course_utils").joinpath(f"terms.{language}.toml")
    rows = tomllib.loads(file.read_text(encoding="utf-8"))["terms"] if file.is_file() else {}
    return {name: row[language] for name, row in rows.items() if language in row}


def terms() -> list[Term]:
    """All terms of the course, in alphabetical order.

    >>> [term.name for term in terms() if term.name.startswith("pad")]
    ['padding', 'padding side']
    """
    meanings, names = entry("glossary.terms"), _names(language())
    found = [Term(n, names.get(n, n), meanings[n], *place) for n, place in places().items() if n in meanings]
    return sorted(found, key=lambda term: term.local.lower())


def search(words: str) -> list[Term]:
    """The terms that `words` may mean: the one with that name, else all with a word that begins so, else none.

    A plural finds its singular, inside a term too; capitals, hyphens and blanks make no difference, nor do particles.

    >>> [term.name for term in search("Gradients")]
    ['gradient']
    >>> [term.name for term in search("cross")]
    ['cross entropy', 'cross-attention']
    >>> [term.name for term in search("rates")]
    ['learning rate']
    >>> search("nonsense")
    []
    """
    wanted, known = " ".join(words.lower().split()), terms()
    bare = [wanted, *(wanted.removesuffix(particle) for particle in PARTICLES)]
    spellings = list(dict.fromkeys([*bare, *(spelling.removesuffix("s") for spelling in bare)]))
    for spelling in map(_joined, spellings):
        names = (spelling, f"{spelling}s")
        if exact := [term for term in known if {*map(_joined, (term.name, term.local, term.shown))} & {*names}]:
            return exact
    begun = [term for term in known if wanted and any(part.startswith(wanted) for part in _words(term))]
    return begun or [term for term in known if _words(term) & {*spellings}]


def look_up(words: str = "") -> None:
    """Show what a term means and which lesson introduces it; without a term, all of them.

    Args:
        words: a term, or the beginning of a word in it.

    Raises CourseError, with the nearest terms, for anything that is not in the glossary.

    >>> look_up("Latency")
    latency (lesson 10): How long one answer takes.
    """
    if not isinstance(words, str):
        raise CourseError(text("glossary.not_a_text", given=brief(words), kind=type(words).__name__))
    found = search(words) if words.strip() else terms()
    if not found:
        names = {name.lower(): term.shown for term in terms() for name in (term.name, term.local)}
        near = difflib.get_close_matches(words.strip().lower()[:100], names, n=6, cutoff=0.4) or sorted(names)
        shown = list(dict.fromkeys(names[name] for name in near))[:3]
        raise CourseError(text("glossary.unknown", given=brief(words), near=", ".join(shown)))
    rows = []
    for term in found:
        head = text("glossary.head", name=f"<b>{escape(term.shown)}</b>", number=term.lesson[:2])
        rows.append(f"<p>{head} {inline_code(term.meaning)}</p>")
    show(None, "\n".join(rows))


def _words(term: Term) -> set[str]:
    names = {term.name.lower(), term.local.lower()}
    return names.union(*(re.findall(r"[^-/() ]+", name) for name in names))


def _joined(name: str) -> str:
    return re.sub(r"[-\s]", "", name.lower())
