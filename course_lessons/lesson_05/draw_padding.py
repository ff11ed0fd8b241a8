"""Padded batches drawn: the grid of cells, what padding does to an answer, and what a mask does to attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.display import show
from course_utils.figure_style import LINE_LOOKS, draw_lines
from course_utils.markup import chip, panel, table
from course_utils.messages import CourseError, text
from course_utils.palette import GREY, INK, ORANGE, PAPER, SKY, SOFT
from course_utils.picture import Picture

if TYPE_CHECKING:
    from torch import Tensor

CURVES = tuple((colour, marker, "-") for colour, marker, _ in LINE_LOOKS)
"""The looks of the curves of answers; dotted lines are left for the answers without padding."""


def batch_grid(
    tokens: Sequence[Sequence[str]], mask: Sequence[Sequence[int]], padding: Sequence[Sequence[int]] | None = None
) -> str:
    """A batch as a grid of coloured cells in HTML: each cell holds a token and, below it, its entry in the mask.

    Args:
        tokens: rows of equal length.
        mask: 1 for positions that are attended to, 0 for the others; shaped like `tokens`.
        padding: 0 where a token is padding, 1 elsewhere; by default the mask says it. Padding that is attended to
            gets a colour of its own.
    Raises:
        CourseError: rows of unequal length, or a mask of another shape.

    >>> grid = batch_grid([["no", "[PAD]"]], [[1, 0]])
    >>> grid.count("<td"), "[PAD]" in grid
    (2, True)
    """
    real = mask if padding is None else padding
    _same_shape(tokens, mask)
    _same_shape(tokens, real)
    rows = [
        [_cell(*each) for each in zip(row, attended, own, strict=True)]
        for row, attended, own in zip(tokens, mask, real, strict=True)
    ]
    return panel("batch", table(rows, grid=True))


def _cell(token: str, attended: int, real: int) -> str:
    """One cell of a batch: a token, and its entry in the mask below it."""
    tint, border = (SKY, "solid") if real else (ORANGE, "dashed")
    return chip(token, str(int(bool(attended))), tint=tint if attended else SOFT, edge=GREY, border=border, fill=True)


def batch_words(tokens: Sequence[Sequence[str]], mask: Sequence[Sequence[int]]) -> str:
    """The shape of a batch and how many positions of each row its mask lets through, in words.

    >>> batch_words([["no", "[PAD]"]], [[1, 0]])
    'A batch of 1 rows and 2 positions. Attended to: 1 of row 1.'
    """
    counts = ", ".join(
        text("draw_padding.row_count", count=sum(map(bool, row)), row=n) for n, row in enumerate(mask, 1)
    )
    positions = len(tokens[0]) if tokens else 0
    return text("draw_padding.batch_words", rows=len(tokens), positions=positions, counts=counts)


def show_batch(tokens: Sequence[Sequence[str]], mask: Sequence[Sequence[int]]) -> None:
    """Show a batch as `batch_grid` draws it; in a terminal, its words. Arguments and errors as there.

    >>> show_batch([["no", "[PAD]"]], [[1, 0]])
    A batch of 1 rows and 2 positions. Attended to: 1 of row 1.
    """
    show(None, batch_grid(tokens, mask), text=batch_words(tokens, mask))


def draw_padding_drift(
    lengths: Sequence[int], curves: Mapping[str, Sequence[float]], alone: Mapping[str, float]
) -> Picture:
    """The answer to each sentence against the length of its padded row, read without a mask.

    A dotted line of the same colour marks the answer that the sentence gets alone.

    Args:
        lengths: lengths of the row in tokens, rising.
        curves: for each sentence one probability for each length.
        alone: the probability of each of these sentences read alone.
    Raises:
        CourseError: a curve that has not one number for each length, or a sentence that `alone` lacks.

    >>> picture = draw_padding_drift([4, 8], {"no": [0.1, 0.4]}, {"no": 0.1})
    >>> [round(float(y), 1) for y in picture.figure.axes[0].lines[1].get_ydata()], picture.words
    ([0.1, 0.4], 'Probability of POSITIVE without a mask. no: alone 0.10, at length 8 0.40.')
    """
    for name, values in curves.items():
        if len(values) != len(lengths) or name not in alone:
            raise CourseError(text("draw_padding.unequal_curve", name=name, values=len(values), lengths=len(lengths)))
    figure = Figure(figsize=(11, 5))
    axes = figure.add_subplot()
    axes.axhline(0.5, color=GREY, linewidth=1)
    draw_lines(axes, {name: list(zip(lengths, values, strict=True)) for name, values in curves.items()}, CURVES)
    for name, (colour, _, _) in zip(curves, cycle(CURVES)):
        axes.axhline(alone[name], color=colour, linewidth=2, linestyle=":")
    axes.set_ylim(0, 1)
    axes.set_xticks(list(lengths))
    axes.set_xlabel(text("draw_padding.length"))
    axes.set_ylabel(text("draw_padding.second_class"))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncol=2, frameon=False)
    figure.tight_layout()
    parts = "; ".join(
        text("draw_padding.drift_part", name=name, alone=alone[name], length=lengths[-1], last=values[-1])
        for name, values in curves.items()
    )
    return Picture(figure, text("draw_padding.drift_words", parts=parts))


def draw_masked_attention(tokens: Sequence[str], mask: Sequence[int], without: Tensor, masked: Tensor) -> Picture:
    """The same attention weights without and with a mask, the mask drawn above them.

    Only the rows of real tokens are drawn: what padding itself attends to is read by nobody.

    Args:
        tokens: tokens of one row, padding included.
        mask: 1 for a token, 0 for padding; as many as tokens.
        without: weights read without a mask, shape (tokens, tokens), rows sum to 1.
        masked: weights read with the mask, same shape.
    Raises:
        CourseError: the numbers of tokens, mask and weights differ.

    >>> import torch
    >>> half, whole = torch.full((2, 2), 0.5), torch.tensor([[1., 0.], [1., 0.]])
    >>> picture = draw_masked_attention(["no", "[PAD]"], [1, 0], half, whole)
    >>> [[t.get_text() for t in axes.texts] for axes in picture.figure.axes[1::2]]
    [['1', '1'], ['1', '0']]
    >>> "50 percent" in picture.words, "0 percent" in picture.words
    (True, True)
    """
    size = len(tokens)
    if len(mask) != size or tuple(without.shape) != (size, size) or tuple(masked.shape) != (size, size):
        raise CourseError(
            text("draw_padding.unequal_attention", tokens=size, mask=len(mask), shape=tuple(without.shape))
        )
    rows = [position for position, own in enumerate(mask) if own]
    figure = Figure(figsize=(13, 6.2))
    grid = figure.add_gridspec(
        2,
        2,
        height_ratios=[1, max(len(rows), 3)],
        hspace=0.06,
        wspace=0.06,
        left=0.09,
        right=0.99,
        top=0.83,
        bottom=0.15,
    )
    top = max(float(without.max()), float(masked.max())) or 1.0
    for column, (weights, strip, title) in enumerate(
        ((without, [1] * size, "draw_padding.without"), (masked, list(mask), "draw_padding.masked"))
    ):
        axes = figure.add_subplot(grid[1, column])
        _draw_weights(axes, weights[rows], tokens, [tokens[r] for r in rows] if column == 0 else [], top)
        above = figure.add_subplot(grid[0, column])
        _draw_strip(above, strip, mask)
        leaked = leak(weights, mask)
        above.set_title(f"{text(title)}\n{text('draw_padding.leak', percent=round(100 * leaked))}", fontsize=15)
    strongest = [tokens[int(masked[row].argmax())] for row in rows]
    words = text(
        "draw_padding.attention_words",
        most=Counter(strongest).most_common(1)[0][0] if strongest else "",
        first=strongest[0] if strongest else "",
        tokens=len(rows),
        padded=size - len(rows),
        without=round(100 * leak(without, mask)),
        masked=round(100 * leak(masked, mask)),
    )
    return Picture(figure, words)


def leak(weights: Tensor, mask: Sequence[int]) -> float:
    """The share of attention that real tokens give to padding, averaged over them.

    >>> import torch
    >>> leak(torch.tensor([[0.25, 0.75], [0.5, 0.5]]), [1, 0])
    0.75
    """
    real = [position for position, own in enumerate(mask) if own]
    padded = [position for position, own in enumerate(mask) if not own]
    return float(weights[real][:, padded].sum(dim=-1).mean()) if real and padded else 0.0


def _draw_weights(axes: Axes, weights: Tensor, tokens: Sequence[str], rows: Sequence[str], top: float) -> None:
    axes.imshow(weights.tolist(), cmap="Blues", vmin=0, vmax=top, aspect="auto")
    axes.set_xticks(range(len(tokens)), tokens, rotation=90, fontsize=13)
    axes.set_yticks(range(len(rows)), rows, fontsize=13)
    axes.set_xlabel(text("draw_padding.attended"), fontsize=13)
    for edge in axes.spines.values():
        edge.set_visible(True)


def _draw_strip(axes: Axes, strip: Sequence[int], real: Sequence[int]) -> None:
    axes.set_xlim(-0.5, len(strip) - 0.5)
    axes.set_ylim(0, 1)
    axes.axis("off")
    for position, (value, own) in enumerate(zip(strip, real, strict=True)):
        colour = (SKY if own else ORANGE) if value else PAPER
        axes.bar(position, 0.9, width=0.9, bottom=0.05, color=colour, edgecolor=GREY)
        axes.text(position, 0.5, str(int(value)), ha="center", va="center", fontsize=14, color=INK)


def _same_shape(tokens: Sequence[Sequence[object]], mask: Sequence[Sequence[object]]) -> None:
    widths = {len(row) for row in tokens} | {len(row) for row in mask}
    if len(tokens) != len(mask) or len(widths) > 1:
        raise CourseError(
            text("draw_padding.unequal", tokens=[len(r) for r in tokens][:8], mask=[len(r) for r in mask][:8])
        )
