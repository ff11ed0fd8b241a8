"""Answering only where a model is sure: how much it still answers, and how much of that is right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from matplotlib.figure import Figure

from course_utils.figure_style import draw_lines
from course_utils.markup import bar, legend, panel, small, table
from course_utils.messages import CourseError, text
from course_utils.palette import GREEN, GREY, INK, ORANGE, VERMILION
from course_utils.picture import Picture

SHOWN_TEXTS = 6
WILSON = 1.96
"""Standard deviations on either side in which a normal variable lies 95 times of 100."""


@dataclass(frozen=True)
class Answered:
    """What is left when answers below a limit are kept back.

    Attributes:
        least: the smallest score that is still an answer, 0 to 1.
        of: number of texts.
        given: texts that are answered.
        right: answers given that are right.
    """

    least: float
    of: int
    given: int
    right: int

    @property
    def coverage(self) -> float:
        """Share of the texts that are answered; 0 for no texts."""
        return self.given / self.of if self.of else 0.0

    @property
    def accuracy(self) -> float:
        """Share of the given answers that are right; not a number where none is given."""
        return self.right / self.given if self.given else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of that share; not numbers where no answer is given.

        >>> [round(end, 2) for end in Answered(0.9, of=20, given=10, right=10).interval]
        [0.72, 1.0]
        """
        if not self.given:
            return math.nan, math.nan
        spread = WILSON**2 / self.given
        middle = (self.accuracy + spread / 2) / (1 + spread)
        half = math.sqrt(self.accuracy * (1 - self.accuracy) * spread + spread**2 / 4) / (1 + spread)
        return max(0.0, middle - half), min(1.0, middle + half)


def answered(scores: Sequence[float], correct: Sequence[bool], least: float) -> Answered:
    """Count what is answered and what of it is right if only scores of at least `least` count as answers.

    Args:
        scores: the score of the best label, one a text.
        correct: whether that label is right, one a text.
        least: the limit, 0 to 1.
    Raises:
        CourseError: scores and correct differ in number, or the limit is not between 0 and 1.

    >>> answered([0.9, 0.6, 0.99], [True, False, True], least=0.8)
    Answered(least=0.8, of=3, given=2, right=2)
    """
    if len(scores) != len(correct):
        raise CourseError(text("draw_coverage.unequal", scores=len(scores), correct=len(correct)))
    if not isinstance(least, int | float) or not 0 <= least <= 1:
        raise CourseError(text("draw_coverage.limit", given=str(least)[:40]))
    kept = [bool(good) for score, good in zip(scores, correct, strict=True) if score >= least]
    return Answered(float(least), len(scores), len(kept), sum(kept))


def draw_coverage(curve: Sequence[Answered]) -> Picture:
    """Share of right answers against the share of texts answered, one point for each limit, some with an interval.

    Args:
        curve: counts for rising limits, from `answered`; limits that leave no answer are skipped.
    Raises:
        CourseError: no limit leaves an answer.

    >>> picture = draw_coverage([Answered(0.5, 10, 10, 8), Answered(0.9, 10, 5, 5)])
    >>> picture.figure.axes[0].lines[0].get_xdata().tolist()
    [1.0, 0.5]
    >>> picture.words.split("; ")[1]
    'least 0.90, 0.50 answered, 1.00 of them right (0.57 to 1.00).'
    """
    points = [one for one in curve if one.given]
    if not points:
        raise CourseError(text("draw_coverage.nothing"))
    figure = Figure(figsize=(10, 4.6))
    axes = figure.add_subplot()
    draw_lines(axes, {"": [(p.coverage, p.accuracy) for p in points]}, [(GREY, "", "-")], zorder=1)
    named = _named(points)
    for p in named:
        axes.plot([p.coverage] * 2, p.interval, color=INK, linewidth=1.5, zorder=2, clip_on=False)
    axes.scatter(
        [p.coverage for p in named],
        [p.accuracy for p in named],
        color=ORANGE,
        edgecolor=INK,
        s=90,
        zorder=3,
        clip_on=False,
    )
    for p in named:
        axes.annotate(f"{p.least:.2f}", (p.coverage, p.accuracy), textcoords="offset points", xytext=(12, 8), ha="left")
    low = min(p.interval[0] for p in named or points)
    axes.set_ylim(math.floor(10 * low) / 10, 1.0)
    axes.set_xlim(min(p.coverage for p in points) - 0.04, 1.04)
    axes.set_xlabel(text("draw_coverage.coverage"))
    axes.set_ylabel(text("draw_coverage.accuracy"))
    figure.tight_layout()
    said = [
        text(
            "draw_coverage.point",
            least=f"{p.least:.2f}",
            coverage=f"{p.coverage:.2f}",
            accuracy=f"{p.accuracy:.2f}",
            low=f"{p.interval[0]:.2f}",
            high=f"{p.interval[1]:.2f}",
        )
        for p in named
    ]
    return Picture(figure, text("draw_coverage.words", points="; ".join(said)))


def confidence_html(
    texts: Sequence[str], labels: Sequence[str], scores: Sequence[float], correct: Sequence[bool], least: float
) -> str:
    """Answered right, answered wrong and unsure as a bar with numbers, and the texts that are wrong or unsure.

    Args:
        texts, labels, scores, correct: one a text: itself, its best label, that label's score, whether it is right.
        least: scores below it are unsure, 0 to 1.

    >>> words = confidence_html(["fine", "so so"], ["POSITIVE", "NEGATIVE"], [0.99, 0.6], [True, False], 0.8)
    >>> "1 of 2 answered" in words, "so so" in words
    (True, True)
    """
    found = answered(scores, correct, least)
    rows = list(zip(texts, labels, scores, correct, strict=True))
    wrong = [row for row in rows if row[2] >= least and not row[3]]
    unsure = sorted((row for row in rows if row[2] < least), key=lambda row: row[2])
    parts = (
        (found.right, GREEN, "right"),
        (found.given - found.right, VERMILION, "wrong"),
        (len(unsure), GREY, "unsure"),
    )
    share = text("draw_coverage.none") if not found.given else f"{found.accuracy:.2f}"
    head = text("draw_coverage.summary", given=found.given, of=found.of, accuracy=share)
    counts = {text(f"draw_coverage.{key}", number=number): colour for number, colour, key in parts}
    return panel(
        "confidence",
        f"<p>{escape(head)}</p>",
        bar(*((number / max(1, len(rows)), colour) for number, colour, _ in parts), width=600, height=26),
        legend(counts),
        _list("draw_coverage.still_wrong", wrong, VERMILION),
        _list("draw_coverage.kept_back", unsure, GREY),
    )


def _list(key: str, rows: Sequence[tuple[str, str, float, bool]], colour: str) -> str:
    if not rows:
        return ""
    shown = [(escape(label), f"{score:.2f}", escape(words[:120])) for words, label, score, _ in rows[:SHOWN_TEXTS]]
    more = len(rows) - len(shown)
    rest = small(text("draw_coverage.more", number=more)) if more else ""
    return f"<p>{escape(text(key))}</p>{table(shown, edges=[colour] * len(shown))}{rest}"


def _named(points: Sequence[Answered]) -> list[Answered]:
    """A few limits that are worth a number of their own, closer together where scores are high."""
    wanted = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
    return [p for p in points if any(abs(p.least - w) < 1e-9 for w in wanted)]
