"""What is right and wrong in the exercises of lesson 09, the training checklist."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from course_checks.inspect_setup import plain_text
from course_checks.judging import Exercise
from course_checks.values import alike
from course_utils.exercises import record

if TYPE_CHECKING:
    from torch import Tensor

    Texts = list[str]
    Rows = list[tuple[str, int]]


@record("09/baseline")
def baseline() -> Exercise:
    """`answer(labels, classes)`: the accuracy of always saying the commonest class, and the loss of knowing nothing."""

    def commonest(labels: list[int]) -> float:
        return max(Counter(labels).values()) / len(labels)

    def pair(
        accuracy: Callable[[list[int], int], float], loss: Callable[[list[int], int], float]
    ) -> Callable[[list[int], int], tuple[float, float]]:
        return lambda labels, classes: (accuracy(labels, classes), loss(labels, classes))

    def share(labels: list[int], classes: int) -> float:
        return commonest(labels)

    def ignorant(labels: list[int], classes: int) -> float:
        return math.log(classes)

    def entropy(labels: list[int], classes: int) -> float:
        return -sum(n / len(labels) * math.log(n / len(labels)) for n in Counter(labels).values())

    return Exercise(
        right=pair(share, ignorant),
        cases=[([1] * 19 + [0], 2), ([0, 1, 2, 2, 2, 1, 2, 2], 3), ([3, 0, 0, 3, 0], 4), ([0], 1), ([5, 5, 1], 10)],
        same=alike(1e-3),
        mistakes={
            "chance": pair(lambda labels, classes: 1 / classes, ignorant),
            "classes_seen": pair(share, lambda labels, classes: math.log(len(set(labels)))),
            "shares_known": pair(share, entropy),
            "base_two": pair(share, lambda labels, classes: math.log2(classes)),
            "base_ten": pair(share, lambda labels, classes: math.log10(classes)),
            "negative": pair(share, lambda labels, classes: math.log(1 / classes)),
            "rows_of_it": pair(lambda labels, classes: max(Counter(labels).values()), ignorant),
            "its_number": pair(lambda labels, classes: max(labels, key=labels.count), ignorant),
            "last_class": pair(lambda labels, classes: labels.count(classes - 1) / len(labels), ignorant),
        },
    )


@record("09/class-weights")
def class_weights() -> Exercise:
    """`answer(labels, classes)` weighs each class: rows / (classes x rows of the class), 0.0 where it has no rows."""

    def by(formula: Callable[[int, int, int, int], float], absent: float | None = 0.0) -> Callable[..., list[float]]:
        """A weight for each class by a formula of its rows, all rows, the classes and those that occur."""

        def answer(labels: list[int], classes: int) -> list[float]:
            counts = [labels.count(i) for i in range(classes)]
            seen = len(set(labels))
            return [formula(n, len(labels), classes, seen) if n or absent is None else float(absent) for n in counts]

        return answer

    return Exercise(
        right=by(lambda n, rows, classes, seen: rows / (classes * n)),
        cases=[
            ([1, 1, 1, 0], 2),
            ([1, 1, 1, 0, 1, 1, 1, 0, 1, 1], 2),
            ([0, 1, 2, 2, 2, 1, 2, 2], 3),
            ([2, 0, 0, 2, 2], 4),
        ],
        same=alike(1e-3),
        mistakes={
            "absent_class": (
                by(lambda n, rows, classes, seen: rows / (classes * n), absent=None),
                by(lambda n, rows, classes, seen: rows / (classes * n), absent=1.0),
                by(lambda n, rows, classes, seen: rows / (classes * n), absent=math.inf),
            ),
            "absent_left_out": lambda labels, classes: [
                len(labels) / (classes * labels.count(i)) for i in range(classes) if i in labels
            ],
            "classes_left_out": (
                by(lambda n, rows, classes, seen: rows / n),
                by(lambda n, rows, classes, seen: rows / n, absent=None),
            ),
            "rows_left_out": (
                by(lambda n, rows, classes, seen: 1 / n),
                by(lambda n, rows, classes, seen: 1 / n, absent=None),
            ),
            "shares": by(lambda n, rows, classes, seen: n / rows, absent=None),
            "classes_seen": by(lambda n, rows, classes, seen: rows / (seen * n)),
        },
    )


TRAIN = [
    "A warm film.",
    "Dull and far too long.",
    "I laughed twice.",
    "a warm ; film .",
    "The songs are lovely!",
    "a-warm-film",
    "Part 2 of 3",
]
TEST = [
    "A warm film.",
    "DULL AND FAR TOO LONG.",
    "I, laughed : twice?",
    "Far too dull.",
    "I laughed, twice.",
    "I laughed  twice .",
    "Lovely songs.",
    "A film, warm.",
    "So warm.",
    "I, laughed, twice",
    "I laughed twice ?",
    "A good film.",
    "No.",
    "A : warm film",
    "Part 3 of 3",
    "far too long",
    "I laughed twice. The songs are lovely!",
    "So it is: a warm film.",
    "The songs arelovely",
    "Part 7 of 9",
    "Part 22 of 31",
]
KOREAN = ["정말 좋은 영화.", "지루했다.", "음악이 아름답다!"]
KOREAN_TEST = ["정말, 좋은 영화!", "재미있었다.", "음악 이 아름답다", "영화."]
MARKED = ["I laughed — twice…", "It’s warm.", "정말 길다。", "A dull one", "Lovely", "Two  words"]
MARKED_TEST = ["I laughed twice", "Its warm", "정말 길다", "a dull one", "lovely", "Two words"]
"""Each differs from its like in one thing: marks beyond ASCII, a capital, a space."""


@record("09/leaked")
def leaked() -> Exercise:
    """`answer(train, test)` counts the test texts that stand in train, capitals, punctuation and spaces left aside."""

    def by(key: Callable[[str], object]) -> Callable[[Texts, Texts], int]:
        return lambda train, test: sum(key(one) in {key(each) for each in train} for one in test)

    def hits(train: Texts, test: Texts) -> int:
        return by(plain_text)(train, test)

    def spaced(words: str) -> str:
        return "".join(letter for letter in words.lower() if letter.isalnum() or letter == " ")

    def set_apart(words: str, marks: str) -> list[str]:
        return [letter for letter in words if letter not in marks]

    return Exercise(
        right=hits,
        cases=[
            (TRAIN, TEST),
            (KOREAN, KOREAN_TEST),
            ([], ["A warm film."]),
            (["A warm film."], ["A_warm_film", "A film."]),
            (MARKED, MARKED_TEST),
        ],
        mistakes={
            "exact_only": by(str),
            "spaces_only": by(lambda words: words.replace(" ", "")),
            "ascii_marks_only": (
                by(lambda words: "".join(set_apart(words.lower(), string.punctuation + " "))),
                by(lambda words: "".join(set_apart(words.lower(), " .,:;!?-_"))),
                by(lambda words: "".join(set_apart(words.lower(), " .,:;!?-_'\""))),
            ),
            "capitals_only": by(str.lower),
            "punctuation_only": by(lambda words: "".join(filter(str.isalnum, words))),
            "spaces_kept": (by(spaced), by(lambda words: " ".join(spaced(words).split()))),
            "underscores_kept": by(lambda words: re.sub(r"\W", "", words.lower())),
            "english_only": (
                by(lambda words: re.sub(r"[^a-z0-9]", "", words.lower())),
                by(lambda words: re.sub(r"[^a-z]", "", words.lower())),
            ),
            "digits_lost": by(lambda words: "".join(filter(str.isalpha, words.lower()))),
            "words_in_any_order": by(lambda words: frozenset(re.findall(r"\w+", words.lower()))),
            "within": (
                lambda train, test: sum(any(plain_text(one) in plain_text(each) for each in train) for one in test),
                lambda train, test: sum(any(plain_text(each) in plain_text(one) for each in train) for one in test),
                lambda train, test: sum(plain_text(one) in "".join(map(plain_text, train)) for one in test),
            ),
            "pairs": lambda train, test: sum(Counter(map(plain_text, train))[plain_text(one)] for one in test),
            "other_side": lambda train, test: hits(test, train),
            "distinct": lambda train, test: len({*map(plain_text, test)} & {*map(plain_text, train)}),
            "share": (
                lambda train, test: hits(train, test) / len(test) if test else 0.0,
                lambda train, test: hits(train, test) / len(test),
            ),
            "clean_ones": lambda train, test: len(test) - hits(train, test),
            "texts": lambda train, test: [one for one in test if plain_text(one) in set(map(plain_text, train))],
        },
    )


NAMES = ["acting", "story", "music"]


@record("09/labels-of")
def labels_of() -> Exercise:
    """`answer(logits, names, thresholds)` gives for each row the names whose sigmoid is at least their threshold.

    Where none is, the name with the largest probability stands alone.
    """
    import torch

    def called(
        to_scores: Callable[[Tensor], Tensor] = torch.sigmoid,
        reaches: Callable[[float, float], bool] = lambda score, limit: score >= limit,
        limits: Callable[[Sequence[float]], Sequence[float]] = lambda given: given,
        otherwise: Callable[[list[float], Texts], Texts] = lambda row, names: [names[row.index(max(row))]],
        as_ids: bool = False,
    ) -> Callable[..., object]:
        def answer(logits: Tensor, names: Texts, thresholds: list[float]) -> list[list[Any]]:
            rows = []
            for row in to_scores(logits).tolist():
                pairs = zip(names, row, limits(thresholds), strict=True)
                found = [name for name, score, limit in pairs if reaches(score, limit)] or otherwise(row, names)
                rows.append([names.index(name) for name in found] if as_ids else found)
            return rows

        return answer

    def same(given: Any, expected: Any, *_: object) -> bool:
        """Row by row the same names, in whatever order."""
        if not isinstance(given, list) or len(given) != len(expected):
            return False
        return all(alike(ordered=False)(row, names) for row, names in zip(given, expected, strict=True))

    def none(row: list[float], names: Texts) -> Texts:
        return []

    def softmax(logits: Tensor) -> Tensor:
        return torch.softmax(logits, dim=-1)

    rows = [[2.0, 1.0, -3.0], [1.0, -1.0, 0.9], [0.3, -2.0, -0.6], [-2.0, 0.4, -3.0], [-3.0, -1.0, -2.0]]
    return Exercise(
        right=called(),
        cases=[
            (torch.tensor([*rows, [1.4, 0.3, -0.2]]), NAMES, [0.5, 0.7, 0.3]),
            (torch.tensor([[0.0, 0.0, 0.0], [-0.1, -0.2, -0.3], [5.0, 4.0, 3.0]]), NAMES, [0.5, 0.5, 0.5]),
            (torch.tensor([[-1.0, 2.0]]), ["warm", "cold"], [0.2, 0.95]),
        ],
        same=same,
        mistakes={
            "above_only": called(reaches=lambda score, limit: score > limit),
            "empty_rows": called(otherwise=none),
            "all_of_them": called(otherwise=lambda row, names: names),
            "one_threshold": (
                called(limits=lambda given: [0.5] * len(given)),
                called(limits=lambda given: [0.5] * len(given), otherwise=none),
                called(limits=lambda given: [given[0]] * len(given)),
            ),
            "softmax": (called(softmax), called(softmax, otherwise=none)),
            "raw_logits": (called(lambda logits: logits), called(lambda logits: logits, otherwise=none)),
            "best_only": called(reaches=lambda score, limit: False),
            "best_as_well": lambda logits, names, thresholds: [
                list(dict.fromkeys([*found, names[row.argmax()]]))
                for found, row in zip(called(otherwise=none)(logits, names, thresholds), logits, strict=True)
            ],
            "ids": called(as_ids=True),
            "below": called(reaches=lambda score, limit: score < limit),
        },
    )


@record("09/prepare")
def prepare() -> Exercise:
    """`answer(rows)`: every fifth row is the test; of the rest, the rows with label 0 stand in training three times."""

    def parts(rows: Rows) -> tuple[Rows, Rows]:
        return [row for i, row in enumerate(rows) if i % 5 != 4], rows[4::5]

    def copied(rows: Rows, label: int = 0, times: int = 2) -> Rows:
        return [*rows, *[row for row in rows if row[1] == label] * times]

    def same(given: Any, expected: Any, *_: object) -> bool:
        """Training first, then the test; in each the same rows, in whatever order."""
        if not isinstance(given, list) or len(given) != 2:
            return False
        return all(alike(ordered=False)(part, wanted) for part, wanted in zip(given, expected, strict=True))

    rows = [(f"text {number}", int(number % 4 > 0)) for number in range(13)]
    return Exercise(
        right=lambda rows: (copied(parts(rows)[0]), parts(rows)[1]),
        cases=[(rows,), ([(words, 1 - label) for words, label in rows],), (rows[:4],)],
        same=same,
        mistakes={
            "planted": lambda rows: parts(copied(rows)),
            "copies_in_test": lambda rows: tuple(map(copied, parts(rows))),
            "test_kept_in": lambda rows: (copied(rows), parts(rows)[1]),
            "copied_from_all": lambda rows: (
                parts(rows)[0] + [row for row in rows if row[1] == 0] * 2,
                parts(rows)[1],
            ),
            "other_class": lambda rows: (copied(parts(rows)[0], label=1), parts(rows)[1]),
            "not_copied": parts,
            "one_copy": lambda rows: (copied(parts(rows)[0], times=1), parts(rows)[1]),
            "three_copies": lambda rows: (copied(parts(rows)[0], times=3), parts(rows)[1]),
        },
    )
