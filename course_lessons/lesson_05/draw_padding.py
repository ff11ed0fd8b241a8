"""Padded batches drawn: the grid of cells, what padding does to an answer, and what a mask does to attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREEN, GREY, HTML_FONT, INK, ORANGE, PAPER, SKY, VERMILION

if TYPE_CHECKING:
    from torch import Tensor

LINES = ((BLUE, "o"), (VERMILION, "s"), (GREEN, "^"), (ORANGE, "D"))
"""Colour and mark of each curve: the mark says the same where colours look alike."""


def batch_grid(
    tokens: Sequence[Sequence[str]], mask: Sequence[Sequence[int]], padding: Sequence[Sequence[int]] | None = None
) -> str:
    """A batch as a grid of coloured cells in HTML: each cell holds a token and, below it, its place in the mask.

    Args:
        tokens: rows of equal length.
        mask: 1 for places that are attended to, 0 for the others; shaped like `tokens`.
        padding: 0 where a token is padding, 1 elsewhere; by default the mask says it. A padded place that is attended
            to gets a colour of its own.
    Raises:
        CourseError: rows of unequal length, or a mask of another shape.

    >>> grid = batch_grid([["no", "[PAD]"]], [[1, 0]])
    >>> grid.count("<td"), "[PAD]" in grid
    (2, True)
    """
    real = mask if padding is None else padding
    _same_shape(tokens, mask)
    _same_shape(tokens, real)
    rows = []
    for row, attended, own in zip(tokens, mask, real, strict=True):
        cells = "".join(cell(token, a, o) for token, a, o in zip(row, attended, own, strict=True))
        rows.append(f"<tr>{cells}</tr>")
    return (
        '<div style="overflow-x:auto"><table class="course-batch" style="border-collapse:separate;border-spacing:2px;'
        f"font-family:{HTML_FONT};"
        f'font-size:16px;color:{INK};width:auto;margin:4px 0">{"".join(rows)}</table></div>'
    )


def cell(token: str, attended: int, real: int) -> str:
    """One cell of a batch: a token, and its place in the mask below it.

    >>> cell("ride", 1, 1).endswith("ride<br>1</td>")
    True
    """
    colour, edge = (SKY, "solid") if real else (ORANGE, "dashed")
    if not attended:
        colour = PAPER
    return (
        f'<td style="text-align:center;padding:3px 4px;background:{colour};color:{INK};border:2px {edge} {GREY};'
        f'border-radius:5px">{escape(token)}<br>{int(bool(attended))}</td>'
    )


def describe_batch(tokens: Sequence[Sequence[str]], mask: Sequence[Sequence[int]]) -> str:
    """The shape of a batch and how many places of each row its mask lets through, in words.

    >>> describe_batch([["no", "[PAD]"]], [[1, 0]])
    'A batch of 1 rows and 2 places. Attended to: 1 of row 1.'
    """
    counts = ", ".join(
        text("views_padding.row_count", count=sum(map(bool, row)), row=n) for n, row in enumerate(mask, 1)
    )
    return text("views_padding.batch_alt", rows=len(tokens), places=len(tokens[0]) if tokens else 0, counts=counts)


def draw_padding_drift(
    lengths: Sequence[int], curves: Mapping[str, Sequence[float]], alone: Mapping[str, float]
) -> Figure:
    """The answer to each sentence against the length of its padded row, read without a mask.

    A dotted line of the same colour marks the answer that the sentence gets alone.

    Args:
        lengths: lengths of the row in tokens, rising.
        curves: for each sentence one probability for each length.
        alone: the probability of each of these sentences read alone.
    Raises:
        CourseError: a curve that has not one number for each length, or a sentence that `alone` lacks.

    >>> figure = draw_padding_drift([4, 8], {"no": [0.1, 0.4]}, {"no": 0.1})
    >>> [round(float(y), 1) for y in figure.axes[0].lines[1].get_ydata()]
    [0.1, 0.4]
    """
    for name, values in curves.items():
        if len(values) != len(lengths) or name not in alone:
            raise CourseError(text("views_padding.unequal_curve", name=name, values=len(values), lengths=len(lengths)))
    figure = Figure(figsize=(11, 5))
    axes = figure.add_subplot()
    axes.axhline(0.5, color=GREY, linewidth=1)
    for number, (name, values) in enumerate(curves.items()):
        colour, mark = LINES[number % len(LINES)]
        axes.plot(lengths, values, color=colour, marker=mark, markersize=8, linewidth=2.5, label=name)
        axes.axhline(alone[name], color=colour, linewidth=2, linestyle=":")
    axes.set_ylim(0, 1)
    axes.set_xticks(list(lengths))
    axes.set_xlabel(text("views_padding.length"))
    axes.set_ylabel(text("draw_probabilities.second_class"))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncol=2, frameon=False)
    figure.tight_layout()
    return figure


def describe_padding_drift(
    lengths: Sequence[int], curves: Mapping[str, Sequence[float]], alone: Mapping[str, float]
) -> str:
    """What `draw_padding_drift` shows, in words.

    >>> describe_padding_drift([4, 8], {"no": [0.1, 0.4]}, {"no": 0.1})
    'Probability of POSITIVE without a mask. no: alone 0.10, at length 8 0.40.'
    """
    parts = "; ".join(
        text("views_padding.drift_part", name=name, alone=alone[name], length=lengths[-1], last=values[-1])
        for name, values in curves.items()
    )
    return text("views_padding.drift_alt", parts=parts)


def draw_masked_attention(tokens: Sequence[str], mask: Sequence[int], without: Tensor, masked: Tensor) -> Figure:
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
    >>> figure = draw_masked_attention(["no", "[PAD]"], [1, 0], half, whole)
    >>> [t.get_text() for t in figure.axes[1].texts], [t.get_text() for t in figure.axes[3].texts]
    (['1', '1'], ['1', '0'])
    """
    size = len(tokens)
    if len(mask) != size or tuple(without.shape) != (size, size) or tuple(masked.shape) != (size, size):
        raise CourseError(
            text("views_padding.unequal_attention", tokens=size, mask=len(mask), shape=tuple(without.shape))
        )
    rows = [place for place, own in enumerate(mask) if own]
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
        ((without, [1] * size, "views_padding.without"), (masked, list(mask), "views_padding.masked"))
    ):
        axes = figure.add_subplot(grid[1, column])
        _draw_weights(axes, weights[rows], tokens, [tokens[r] for r in rows] if column == 0 else [], top)
        above = figure.add_subplot(grid[0, column])
        _draw_strip(above, strip, mask)
        leaked = leak(weights, mask)
        above.set_title(f"{text(title)}\n{text('views_padding.leak', percent=round(100 * leaked))}", fontsize=15)
    return figure


def leak(weights: Tensor, mask: Sequence[int]) -> float:
    """The share of attention that real tokens give to padding, averaged over them.

    >>> import torch
    >>> leak(torch.tensor([[0.25, 0.75], [0.5, 0.5]]), [1, 0])
    0.75
    """
    real = [place for place, own in enumerate(mask) if own]
    padded = [place for place, own in enumerate(mask) if not own]
    return float(weights[real][:, padded].sum(dim=-1).mean()) if real and padded else 0.0


def describe_masked_attention(tokens: Sequence[str], mask: Sequence[int], without: Tensor, masked: Tensor) -> str:
    """What `draw_masked_attention` shows, in words.

    >>> import torch
    >>> words = describe_masked_attention(["no", "[PAD]"], [1, 0], torch.full((2, 2), 0.5), torch.eye(2))
    >>> "50 percent" in words, "0 percent" in words
    (True, True)
    """
    return text(
        "views_padding.attention_alt",
        tokens=sum(map(bool, mask)),
        padded=len(mask) - sum(map(bool, mask)),
        without=round(100 * leak(without, mask)),
        masked=round(100 * leak(masked, mask)),
    )


def _draw_weights(axes: Axes, weights: Tensor, tokens: Sequence[str], rows: Sequence[str], top: float) -> None:
    axes.imshow(weights.tolist(), cmap="Blues", vmin=0, vmax=top, aspect="auto")
    axes.set_xticks(range(len(tokens)), tokens, rotation=90, fontsize=13)
    axes.set_yticks(range(len(rows)), rows, fontsize=13)
    axes.set_xlabel(text("views_padding.attended"), fontsize=13)
    for edge in axes.spines.values():
        edge.set_visible(True)


def _draw_strip(axes: Axes, strip: Sequence[int], real: Sequence[int]) -> None:
    axes.set_xlim(-0.5, len(strip) - 0.5)
    axes.set_ylim(0, 1)
    axes.axis("off")
    for place, (value, own) in enumerate(zip(strip, real, strict=True)):
        colour = (SKY if own else ORANGE) if value else PAPER
        axes.bar(place, 0.9, width=0.9, bottom=0.05, color=colour, edgecolor=GREY)
        axes.text(place, 0.5, str(int(value)), ha="center", va="center", fontsize=14, color=INK)


def _same_shape(tokens: Sequence[Sequence[object]], mask: Sequence[Sequence[object]]) -> None:
    widths = {len(row) for row in tokens} | {len(row) for row in mask}
    if len(tokens) != len(mask) or len(widths) > 1:
        raise CourseError(
            text("views_padding.unequal", tokens=[len(r) for r in tokens][:8], mask=[len(r) for r in mask][:8])
        )
