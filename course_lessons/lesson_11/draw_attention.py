"""Who looks at whom: attention weights, attention masks and influence as grids of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREY, HTML_FONT, INK

MOST_TOKENS = 24
"""Tokens that a live grid shows at most."""


@dataclass(frozen=True)
class Grid:
    """A table of shares between 0 and 1, one row for each token that looks, one column for each that is looked at.

    Attributes:
        title: what the table is.
        rows: names of the rows.
        columns: names of the columns.
        values: one list of shares a row.
    """

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        shape = {len(row) for row in self.values}
        if len(self.values) != len(self.rows) or shape != {len(self.columns)}:
            raise CourseError(
                text(
                    "views_attention.shape",
                    rows=len(self.rows),
                    columns=len(self.columns),
                    given=f"{len(self.values)} x {sorted(shape)}",
                )
            )


def draw_grids(grids: Sequence[Grid], numbers: bool = False) -> Figure:
    """Tables side by side, a darker cell for a larger share; cells of 0 stay white.

    Args:
        grids: one to four tables.
        numbers: whether the shares stand in the cells; without them a dot marks every cell that is not 0.
    Raises:
        CourseError: no table, or more than four.

    >>> figure = draw_grids([Grid("causal", ["a", "b"], ["a", "b"], [[1, 0], [1, 1]])])
    >>> [t.get_text() for t in figure.axes[0].texts], figure.axes[0].get_title()
    (['•', '•', '•'], 'causal')
    """
    if not 1 <= len(grids) <= 4:
        raise CourseError(text("views_attention.number", given=len(grids)))
    height = max(len(grid.rows) for grid in grids)
    figure = Figure(figsize=(max(7.0, 4.3 * len(grids)), 1.6 + 0.5 * height))
    for place, grid in enumerate(grids):
        axes = figure.add_subplot(1, len(grids), place + 1)
        picture = [[_shade(value) for value in row] for row in grid.values]
        axes.imshow(picture, aspect="equal" if len(grid.rows) == len(grid.columns) else "auto")
        axes.set_xticks(range(len(grid.columns)), grid.columns, rotation=60 if _long(grid.columns) else 0)
        axes.set_yticks(range(len(grid.rows)), grid.rows)
        axes.set_xticks([i - 0.5 for i in range(1, len(grid.columns))], minor=True)
        axes.set_yticks([i - 0.5 for i in range(1, len(grid.rows))], minor=True)
        axes.grid(which="minor", color="#cccccc", linewidth=1)
        axes.tick_params(which="both", length=0)
        for side in axes.spines.values():
            side.set_visible(True)
            side.set_color("#cccccc")
        axes.set_title(grid.title, fontsize=13)
        for i, row in enumerate(grid.values):
            for j, value in enumerate(row):
                if value > 0 or numbers:
                    words = f"{value:.2f}" if numbers else "•"
                    colour = "white" if value > 0.55 else INK
                    axes.text(j, i, words, ha="center", va="center", color=colour, fontsize=10 if numbers else 13)
    figure.tight_layout()
    return figure


def describe_grids(grids: Sequence[Grid]) -> str:
    """What `draw_grids` shows, in words: for each table how many cells are open, and for each row which.

    >>> describe_grids([Grid("causal", ["a", "b"], ["a", "b"], [[1, 0], [1, 1]])])
    'causal: 3 of 4 cells open (a: a; b: a, b).'
    """
    parts = []
    for grid in grids:
        rows = [
            f"{name}: {', '.join(c for c, v in zip(grid.columns, row, strict=True) if v > 0) or '-'}"
            for name, row in zip(grid.rows, grid.values, strict=True)
        ]
        number = sum(v > 0 for row in grid.values for v in row)
        whole = len(grid.rows) * len(grid.columns)
        parts.append(text("views_attention.alt", title=grid.title, open=number, of=whole, rows="; ".join(rows)))
    return " ".join(parts)


def attention_html(tokens: Sequence[str], weights: Sequence[Sequence[float]]) -> str:
    """Attention weights of one head as a table in HTML: each row is a token that looks, its weights sum to 1.

    Of a long text the first 24 tokens are shown. The strongest cell of a row carries its number.

    Args:
        tokens: the tokens.
        weights: (tokens, tokens), rows look at columns.
    Raises:
        CourseError: the weights are not one row and one column for each token.

    >>> page = attention_html(["i", "hate"], [[0.9, 0.1], [0.3, 0.7]])
    >>> page.count("<tr"), ">.90<" in page, ">.10<" in page
    (3, True, False)
    """
    if len(weights) != len(tokens) or any(len(row) != len(tokens) for row in weights):
        given = f"{len(weights)} x {len(weights[0]) if len(weights) else 0}"
        raise CourseError(text("views_attention.shape", rows=len(tokens), columns=len(tokens), given=given))
    shown = list(tokens[:MOST_TOKENS])
    head = "".join(
        f'<th style="writing-mode:vertical-rl;font-weight:normal;padding:4px 1px;text-align:left">{escape(token)}</th>'
        for token in shown
    )
    body = []
    for token, row in zip(shown, weights, strict=False):
        row = list(row[: len(shown)])
        best = max(range(len(row)), key=row.__getitem__)
        cells = "".join(
            f'<td style="background:rgba(0,114,178,{value:.2f});color:{"white" if value > 0.55 else INK};width:30px;'
            f'height:26px;text-align:center;border:1px solid #ddd;font-size:13px">'
            f"{f'{value:.2f}'.lstrip('0') if place == best else ''}</td>"
            for place, value in enumerate(row)
        )
        body.append(
            f'<tr><th style="font-weight:normal;text-align:right;padding-right:8px">{escape(token)}</th>{cells}</tr>'
        )
    more = len(tokens) - len(shown)
    note = (
        f'<p style="color:{GREY};font-size:15px">{escape(text("views_attention.more", number=more))}</p>'
        if more
        else ""
    )
    return (
        f'<div class="course-attention" style="font-family:{HTML_FONT};font-size:15px;color:{INK};background:white;'
        f'overflow-x:auto;padding:6px"><table style="border-collapse:collapse;border-top:3px solid {BLUE}">'
        f"<tr><th></th>{head}</tr>{''.join(body)}</table>{note}</div>"
    )


def _shade(value: float) -> tuple[float, float, float]:
    """White for 0, the course's blue for 1."""
    share = min(max(float(value), 0.0), 1.0)
    share = 0.0 if share == 0 else 0.15 + 0.85 * share
    return tuple(1 - share * (1 - part) for part in to_rgb(BLUE))  # type: ignore[return-value]


def _long(names: Sequence[str]) -> bool:
    return max(map(len, names), default=0) > 3
