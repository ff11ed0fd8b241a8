"""From logits to probabilities, drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from course_utils.messages import CourseError, text
from course_utils.palette import GREY, INK, ORANGE
from course_utils.picture import Picture

LARGEST = 1e300
"""A gap beyond this cannot be drawn, as one that is not finite cannot."""


def draw_softmax_curve(gaps: Sequence[float], names: Sequence[str]) -> Picture:
    """Probability of the second of two classes against the gap between their logits, with sentences as points on it.

    With two classes, softmax depends only on the gap: p = 1 / (1 + exp(-gap)).

    Args:
        gaps: second logit minus first, one number a sentence; all finite.
        names: what to write beside each point; as many as gaps.
    Raises:
        CourseError: a gap is not a finite number, or gaps and names differ in number.

    >>> picture = draw_softmax_curve([0.0, 3.0], ["undecided", "sure"])
    >>> [round(float(y), 2) for y in picture.figure.axes[0].collections[0].get_offsets()[:, 1]]
    [0.5, 0.95]
    >>> picture.words
    'An S-shaped curve of probabilities. undecided: a gap of 0.0 gives 0.50; sure: a gap of 3.0 gives 0.95.'
    """
    if len(gaps) != len(names):
        raise CourseError(text("draw_probabilities.unequal", gaps=len(gaps), names=len(names)))
    if not all(isinstance(g, int | float) and abs(g) < LARGEST for g in gaps):
        raise CourseError(text("draw_probabilities.not_finite", given=", ".join(map(str, gaps))[:80]))
    reach = max(8.0, *(abs(g) * 1.1 for g in gaps)) if gaps else 8.0
    xs = [reach * (i / 100 - 1) for i in range(201)]
    figure = Figure(figsize=(10, 4.2))
    axes = figure.add_subplot()
    axes.plot(xs, [_sigmoid(x) for x in xs], color=GREY, linewidth=2)
    axes.scatter(gaps, [_sigmoid(g) for g in gaps], color=ORANGE, edgecolor=INK, s=90, zorder=3)
    for gap, name in zip(gaps, names, strict=True):
        offset, side = _beside(gap)
        axes.annotate(
            f"{name} ({_sigmoid(gap):.2f})",
            (gap, _sigmoid(gap)),
            textcoords="offset points",
            xytext=offset,
            ha=side,
        )
    axes.set_xlabel(text("draw_probabilities.gap"))
    axes.set_ylabel(text("draw_probabilities.second_class"))
    axes.set_ylim(-0.05, 1.08)
    figure.tight_layout()
    points = "; ".join(
        text("draw_probabilities.point", name=name, gap=f"{gap:.1f}", probability=f"{_sigmoid(gap):.2f}")
        for gap, name in zip(gaps, names, strict=True)
    )
    return Picture(figure, text("draw_probabilities.words", points=points))


def _beside(gap: float) -> tuple[tuple[int, int], str]:
    """Where the name of a point on the softmax curve stands clear of the curve."""
    if gap < -4:
        return (0, 14), "left"
    return ((-12, 10), "right") if gap < 0 else ((12, -18), "left")


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
