"""Looking at a table of texts before anything is done with it: what is common in it, and which rows are strange."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from course_lessons.lesson_14.clean import TEXTS, key, language_of
from course_utils.display import show
from course_utils.markup import panel, table
from course_utils.messages import shorten, text

if TYPE_CHECKING:
    from datasets import Dataset


COMMON = 0.2
"""What a larger share of the rows has is not strange."""


@dataclass(frozen=True)
class Strange:
    """A row that is unlike the others.

    Attributes:
        row: its number in the data set, from 0.
        reasons: keys of what is strange about it.
        words: its text.
        label: its label.
    """

    row: int
    reasons: tuple[str, ...]
    words: str
    label: str


def strangest(rows: Dataset, most: int = 10) -> list[Strange]:
    """The rows that are least like the others, the strangest first; of equally strange ones the first.

    What is rare counts more: each reason weighs one divided by the number of rows that have it.

    >>> from datasets import Dataset
    >>> rows = Dataset.from_dict({"text": ["it works"] * 9 + ["좋다"], "label": ["good"] * 10})
    >>> [(row.row, row.reasons) for row in strangest(rows, 1)]
    [(9, ('letters',))]
    """
    columns = rows[:]
    texts = [
        " | ".join(words or "" for words in row)
        for row in zip(*(columns[n] for n in TEXTS if n in columns), strict=True)
    ]
    labels = [label or "" for label in columns["label"]]
    lengths = [len(words) for words in texts]
    middle = statistics.median(lengths) if lengths else 0
    common = Counter(language_of(words) for words in texts)
    often = Counter(label.casefold().strip() for label in labels)
    doubled = Counter(key(words) for words in texts)
    found: list[list[str]] = []
    for words, label in zip(texts, labels, strict=True):
        reasons = []
        if not words.strip(" |"):
            reasons.append("empty")
        elif len(words) > 8 * max(middle, 1):
            reasons.append("long")
        elif len(words) < middle / 8:
            reasons.append("short")
        if words.strip() and common[language_of(words)] < len(texts) / 2:
            reasons.append("letters" if language_of(words) != "none" else "no_letters")
        if re.search(r"https?://|www\.", words):
            reasons.append("address")
        if re.search(r"(.)\1{4,}", words):
            reasons.append("repeats")
        if sum(map(str.isupper, words)) > 10 and words == words.upper():
            reasons.append("capitals")
        if doubled[key(words)] > 1 and words.strip(" |"):
            reasons.append("double")
        if often[label.casefold().strip()] < 0.05 * len(texts):
            reasons.append("label")
        found.append(reasons)
    number = Counter(reason for reasons in found for reason in reasons)
    weight = {reason: 1 / count for reason, count in number.items() if count <= max(1, COMMON * len(texts))}
    found = [[reason for reason in reasons if reason in weight] for reasons in found]
    order = sorted(range(len(texts)), key=lambda n: (-sum(weight[reason] for reason in found[n]), n))
    return [Strange(n, tuple(found[n]), texts[n], labels[n]) for n in order[:most] if found[n]]


def show_strangest(rows: Dataset, most: int = 10) -> None:
    """Show `strangest` as a table.

    >>> from datasets import Dataset
    >>> show_strangest(Dataset.from_dict({"text": ["it works"] * 9 + [""], "label": ["good"] * 10}), 1)
    row why label text
    9 empty good
    """
    lines = [
        (
            str(one.row),
            escape(", ".join(text(f"look.reasons.{reason}") for reason in one.reasons)),
            escape(shorten(one.label, 20)),
            escape(shorten(one.words, 70)),
        )
        for one in strangest(rows, most)
    ]
    heads = [escape(text(f"look.{name}")) for name in ("row", "why", "label", "text")]
    show(None, panel("strange-rows", table(lines, heads) if lines else escape(text("look.nothing_strange"))))
