"""What became of the code blocks of the documents, one square for each."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.messages import CourseError, brief, text
from course_utils.palette import BLUE, GREEN, INK, ORANGE, PURPLE, VERMILION
from course_utils.picture import Picture

FATES = {
    "runs": 52,
    "slip": 5,
    "undefined": 4,
    "gone": 5,
    "otherwise": 3,
}
"""Counted when the documents were gone through, by the first error of each block that does not run.

Slips: 004 b01, b04, b24, b34, b75. Undefined names: 000 b01, 001 b01,
b04, 004 b57. Gone: 004 b05, b61, b67, b87, b89. Otherwise:
002 b01, 004 b44, b80. (004 b04 is the fourth fenced block of document 004, printed outputs counted too.)
"""
LOOKS = {
    "runs": (GREEN, ""),
    "slip": (ORANGE, "//"),
    "undefined": (PURPLE, ".."),
    "gone": (VERMILION, "xx"),
    "otherwise": (BLUE, "\\\\"),
}
SQUARES_A_ROW = 18
"""Squares in a row."""
GAP, ABOVE, LEFT, WIDTH = 0.5, 0.16, 7.2, 36.0
"""Space between the fates, above all, left of the squares, and the width of the figure, counted in squares."""


def draw_fates(fates: Mapping[str, int] = FATES) -> Picture:
    """A square for each block, grouped by what became of it, with the count and what it is about in words.

    Args:
        fates: number of blocks by fate; the fates are the keys of `LOOKS`.
    Raises:
        CourseError: an unknown fate, or a number that is no count.

    >>> picture = draw_fates({"runs": 20, "gone": 1})
    >>> len(picture.figure.axes[0].patches), picture.words
    (21, 'Of 21 code blocks: run today 20, use what is gone 1.')
    """
    _checked(fates)
    rows = {fate: max(1, -(-number // SQUARES_A_ROW)) for fate, number in fates.items()}
    height = sum(rows.values()) + GAP * (len(rows) - 1) + ABOVE
    figure = Figure(figsize=(12, 12 * height / WIDTH))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-LEFT, WIDTH - LEFT)
    axes.set_ylim(height - ABOVE, -ABOVE)
    axes.set_axis_off()
    top = 0.0
    for fate, number in fates.items():
        colour, hatch = LOOKS[fate]
        for square in range(number):
            x, y = square % SQUARES_A_ROW, top + square // SQUARES_A_ROW
            axes.add_patch(Rectangle((x, y), 0.84, 0.84, facecolor=colour, edgecolor="white", hatch=hatch))
        middle = top + (rows[fate] - 0.16) / 2
        axes.text(-0.6, middle, text(f"draw_block_fates.{fate}.name"), ha="right", va="center", fontsize=14, color=INK)
        beside = min(number, SQUARES_A_ROW) + 0.4
        axes.text(beside, middle, str(number), ha="left", va="center", fontsize=19, color=INK)
        axes.text(beside + 1.7, middle, text(f"draw_block_fates.{fate}.note"), va="center", fontsize=14, color=INK)
        top += rows[fate] + GAP
    parts = ", ".join(f"{text(f'draw_block_fates.{fate}.name')} {number}" for fate, number in fates.items())
    return Picture(figure, text("draw_block_fates.words", total=sum(fates.values()), parts=parts))


def _checked(fates: Mapping[str, int]) -> None:
    for fate, number in fates.items():
        if fate not in LOOKS or isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 1000:
            raise CourseError(
                text("draw_block_fates.unknown", given=f"{brief(fate)}: {brief(number)}", known=", ".join(LOOKS))
            )
    if not sum(fates.values()):
        raise CourseError(text("draw_block_fates.nothing"))
