"""How far a score can be trusted: intervals by resampling, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.messages import CourseError, text

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Score:
    """A share with its interval.

    Attributes:
        value: the share itself, or a difference of two.
        low, high: between these lie 95 of 100 resampled shares.
        number: the number of texts.
    """

    value: float
    low: float
    high: float
    number: int

    def __str__(self) -> str:
        """As a lesson prints it.

        >>> print(Score(0.8, 0.7, 0.9, 40))
        0.80 (0.70 to 0.90, 40 texts)
        """
        return text(
            "judge.score", value=f"{self.value:.2f}", low=f"{self.low:.2f}", high=f"{self.high:.2f}", number=self.number
        )


def accuracy(right: Sequence[bool]) -> Score:
    """The share of right answers with its interval, by bootstrap: the same texts drawn anew, with replacement.

    Args:
        right: for each text, whether it was answered right.
    Raises:
        CourseError: no texts.

    >>> accuracy([True] * 30 + [False] * 10)
    Score(value=0.75, low=0.625, high=0.875, number=40)
    """
    return _resampled(np.asarray(right, dtype=float))


def difference(right: Sequence[bool], other: Sequence[bool]) -> Score:
    """How much larger the first share is, with its interval: both are resampled by the same texts.

    Raises CourseError if the two are no answers to the same texts.

    >>> difference([True] * 40, [True] * 30 + [False] * 10).value
    0.25
    """
    if len(right) != len(other):
        raise CourseError(text("judge.unequal", first=len(right), second=len(other)))
    return _resampled(np.asarray(right, dtype=float) - np.asarray(other, dtype=float))


def found_by(gain: Score) -> str:
    """What an interval of a difference says, as a key: "better", "worse", or "cannot_tell" where 0 lies within it.

    >>> found_by(Score(0.1, 0.02, 0.2, 90)), found_by(Score(0.1, -0.02, 0.2, 90))
    ('better', 'cannot_tell')
    """
    return "better" if gain.low > 0 else "worse" if gain.high < 0 else "cannot_tell"


def verdict(gain: Score) -> str:
    """What an interval of a difference says, in words.

    >>> verdict(Score(0.1, 0.02, 0.2, 90)), verdict(Score(0.1, -0.02, 0.2, 90))
    ('better', 'cannot tell')
    """
    return text(f"judge.verdict.{found_by(gain)}")


def _resampled(values: np.ndarray) -> Score:
    if not len(values):
        raise CourseError(text("judge.nothing"))
    drawn = np.random.default_rng(0).integers(0, len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Score(float(values.mean()), float(low), float(high), len(values))
