"""Differences between training runs, drawn and written down."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.markup import panel
from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREEN, GREY, INK, PAPER
from course_utils.picture import Picture
from course_utils.run_differences import RunDifference, magnitude

FLOOR, CEILING = -9, 1
"""Powers of ten between which differences are drawn; smaller ones stand at the floor, an exact zero below it."""

COLUMNS = ("loss", "grad_norm", "weights")

RUNS = (
    "document",
    "seed",
    "order",
    "dropout_stream",
    "optimizer",
    "schedule",
    "clipping",
    "stream",
    "dropout",
    "padding",
    "with_dropout",
    "without_dropout",
)
"""Runs of the lesson that have a name in the learner's language."""


def draw_differences(differences: Mapping[str, RunDifference]) -> Picture:
    """The largest differences of several runs from one reference: a row for each run, a panel for each quantity.

    Dots lie on a scale of powers of ten. An exact zero, which is nowhere on such a scale, is a square in a column of
    its own at the left.

    Args:
        differences: the runs by name, first on top; one of `RUNS` stands there in the learner's language.
    Returns:
        A picture whose words give orders of magnitude, which are the same on every machine.
    Raises:
        CourseError: no run is given.

    >>> picture = draw_differences({"plain": RunDifference(0.12, 1.5, 0.0)})
    >>> [axes.get_title() for axes in picture.figure.axes]
    ['loss', 'gradient norm', 'weights']
    >>> picture.words
    'Largest differences from the Trainer. plain: loss 1e-01, gradient norm 1e+00, weights 0.'
    """
    if not differences:
        raise CourseError(text("draw_differences.nothing"))
    figure = Figure(figsize=(12, 1.7 + 0.45 * len(differences)))
    panels = figure.subplots(1, 3, sharey=True)
    for axes, column in zip(panels, COLUMNS, strict=True):
        _draw_column(axes, [getattr(difference, column) for difference in differences.values()])
        axes.set_title(text(f"draw_differences.{column}"), fontsize=14)
    panels[0].set_yticks(range(len(differences)), [_shown(name) for name in differences], fontsize=13)
    panels[0].set_ylim(len(differences) - 0.4, -0.6)
    panels[1].set_xlabel(text("draw_differences.axis"), fontsize=12)
    figure.tight_layout()
    rows = "; ".join(
        text("draw_differences.row", name=_shown(name), **_words(difference))
        for name, difference in differences.items()
    )
    return Picture(figure, text("draw_differences.words", rows=rows))


def differences_table(differences: Mapping[str, RunDifference]) -> str:
    """The differences of several runs as a table of plain text, a line for each run; names as in `draw_differences`.

    >>> print(differences_table({"plain": RunDifference(0.12, 1.5, 0.0)}))
             loss         gradient norm  weights
    plain    1e-01        1e+00          0
    """
    lines = [["", *(text(f"draw_differences.{column}") for column in COLUMNS)]]
    lines += [[_shown(name), *_words(difference).values()] for name, difference in differences.items()]
    widest = [max(map(_columns, column)) for column in zip(*lines, strict=True)]
    widths = [widest[0] + 4, max(widest[1] + 2, 13), max(widest[2] + 2, 15), 0]
    padded = (
        "".join(cell + " " * (w - _columns(cell)) for cell, w in zip(line, widths, strict=True)) for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


def _columns(words: str) -> int:
    """How many columns words take in letters of one width: a Korean letter takes two.

    >>> _columns("loss"), _columns("손실")
    (4, 4)
    """
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in words)


def _shown(name: str) -> str:
    """A run of the lesson as the learner calls it; any other name as it is.

    >>> _shown("document"), _shown("mine")
    ('as in the document', 'mine')
    """
    return text(f"draw_differences.runs.{name}") if name in RUNS else name


def loss_differences_html(steps: Sequence[float], difference: RunDifference, left_out: Sequence[str]) -> str:
    """The difference in loss step by step as a curve, with the largest differences in words above it.

    Args:
        steps: the difference in loss at each step.
        difference: the largest differences of the run.
        left_out: the names of what the run does not do as the Trainer does.

    >>> "nothing" in loss_differences_html([0.0, 0.0], RunDifference(0.0, 0.0, 0.0), [])
    True
    """
    first = next((number for number, step in enumerate(steps, 1) if step > 0), None)
    said = text("draw_differences.left_out", parts=", ".join(left_out) or text("draw_differences.nothing_left_out"))
    if difference.exact:
        found = text("draw_differences.equal", steps=len(steps))
    elif first is None:
        found = text("draw_differences.same_losses", **_words(difference))
    else:
        found = text("draw_differences.differs", step=first, **_words(difference))
    return panel("loss-differences", f"<p><b>{escape(said)}</b></p><p>{escape(found)}</p>", _curve(steps))


def _words(difference: RunDifference) -> dict[str, str]:
    return {column: magnitude(getattr(difference, column)) for column in COLUMNS}


def _draw_column(axes: Axes, values: Sequence[float]) -> None:
    """One panel: a dot for each difference, a square for each exact zero."""
    zero = FLOOR - 1.2
    axes.axvspan(zero - 0.8, zero + 0.7, color=PAPER)
    for row, value in enumerate(values):
        across = zero if value == 0 else _power(value)
        axes.plot(
            [across],
            [row],
            marker="s" if value == 0 else "o",
            color=GREEN if value == 0 else BLUE,
            markersize=12 if value == 0 else 10,
            markeredgecolor=INK,
        )
    ticks = range(FLOOR + 1, CEILING + 1, 2)
    axes.set_xticks([zero, *ticks], ["0", *(f"1e{tick:+03d}" for tick in ticks)], fontsize=10)
    axes.set_xlim(zero - 0.8, CEILING + 0.5)
    axes.grid(axis="y", color=GREY, alpha=0.25)
    axes.tick_params(axis="y", length=0)


def _power(value: float) -> float:
    """Where a difference above zero stands on the scale."""
    return min(max(math.log10(value), FLOOR), CEILING) if math.isfinite(value) else CEILING


def _curve(steps: Sequence[float]) -> str:
    """The differences as a drawing of 720 x 250; what it says stands in words above it."""
    left, top, height, width = 70, 12, 170, 640
    across = width / max(len(steps) - 1, 1)

    def down(value: float) -> float:
        return top + height + 26 if value == 0 else top + height * (CEILING - _power(value)) / (CEILING - FLOOR)

    lines = [
        f'<line x1="{left}" x2="{left + width}" y1="{y:.0f}" y2="{y:.0f}" stroke="{GREY}" stroke-opacity="0.35"/>'
        f'<text x="{left - 8}" y="{y + 5:.0f}" text-anchor="end" font-size="14" fill="{INK}">{label}</text>'
        for label, y in [*((f"1e{p:+03d}", down(10.0**p)) for p in range(CEILING - 1, FLOOR - 1, -3)), ("0", down(0))]
    ]
    shapes = []
    for number, value in enumerate(steps):
        x, y = left + number * across, down(value)
        shape = (
            f'<rect x="{x - 5:.0f}" y="{y - 5:.0f}" width="10" height="10" fill="{GREEN}"/>'
            if value == 0
            else f'<circle cx="{x:.0f}" cy="{y:.1f}" r="6" fill="{BLUE}"/>'
        )
        shapes.append(shape)
    below = escape(text("draw_differences.steps", steps=len(steps)), quote=True)
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="250" font-family="sans-serif">'
        f'{"".join(lines)}{"".join(shapes)}<text x="{left}" y="240" font-size="15" fill="{INK}">{below}</text></svg>'
    )
    source = f"data:image/svg+xml,{quote(drawing)}"
    return f'<img alt="{below}" width="720" height="250" style="background:white" src="{source}">'
