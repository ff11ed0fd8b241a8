"""The terms of the course, each with its meaning and the place where a lesson introduces it.

The meanings are in `glossary.en.toml`, the places in `glossary.json`, which `python course.py refresh` draws from the
marks `<dfn>term</dfn>` in the lessons, together with the page `docs/glossary.md`.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

from course_utils.display import show
from course_utils.markup import inline_code
from course_utils.messages import CourseError, brief, entry, text


@dataclass(frozen=True)
class Term:
    """A term of the field.

    Attributes:
        name: as the glossary lists it.
        meaning: one sentence or two.
        lesson: the stem of the lesson that introduces it, such as "01_behind_the_pipeline".
        cell: the id of the cell there.
    """

    name: str
    meaning: str
    lesson: str
    cell: str


@cache
def places() -> dict[str, tuple[str, str]]:
    """For each term the lesson and the cell that introduce it.

    >>> places()["logits"]
    ('01_behind_the_pipeline', 'logits-read')
    """
    stored = json.loads(files("course_utils").joinpath("glossary.json").read_text(encoding="utf-8"))
    return {name: (place["lesson"], place["cell"]) for name, place in stored.items()}


def terms() -> list[Term]:
    """All terms of the course, in alphabetical order.

    >>> [term.name for term in terms() if term.name.startswith("pad")]
    ['padding', 'padding side']
    """
    meanings: dict[str, str] = entry("glossary.terms")
    found = [Term(name, meanings[name], *place) for name, place in places().items() if name in meanings]
    return sorted(found, key=lambda term: term.name.lower())


def search(words: str) -> list[Term]:
    """The terms that `words` may mean: the one with that name, else all with a word that begins so, else none.

    A plural finds its singular, inside a term too, and capitals make no difference.

    >>> [term.name for term in search("Gradients")]
    ['gradient']
    >>> [term.name for term in search("cross")]
    ['cross entropy', 'cross-attention']
    >>> [term.name for term in search("rates")]
    ['learning rate']
    >>> search("nonsense")
    []
    """
    wanted = " ".join(words.lower().split())
    singular = wanted.removesuffix("s")
    for spelling in dict.fromkeys((wanted, singular)):
        exact = [term for term in terms() if term.name.lower() in (spelling, f"{spelling}s")]
        if exact:
            return exact
    begun = [term for term in terms() if wanted and any(part.startswith(wanted) for part in _words(term.name))]
    return begun or [term for term in terms() if singular in _words(term.name)]


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
        names = {term.name.lower(): term.name for term in terms()}
        near = difflib.get_close_matches(words.strip().lower()[:100], names, n=3, cutoff=0.4) or sorted(names)[:3]
        raise CourseError(text("glossary.unknown", given=brief(words), near=", ".join(names[name] for name in near)))
    rows = [
        f"<p><b>{escape(term.name)}</b> ({escape(text('glossary.lesson', number=term.lesson[:2]))}): "
        f"{inline_code(term.meaning)}</p>"
        for term in found
    ]
    show(None, "\n".join(rows))


def _words(name: str) -> list[str]:
    return name.lower().replace("-", " ").replace("/", " ").split()
