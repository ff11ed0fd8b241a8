"""Who looks at whom: attention weights, attention masks and influence as grids of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from course_utils.markup import chip, panel, small, table
from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, INK
from course_utils.picture import Picture

MOST_TOKENS = 24
"""Tokens that a live grid shows at most."""
TITLES = ("encoder", "decoder", "source", "own_text", "padding", "cross")
"""Tables of the lesson, whose titles stand in the words table."""
DARKEST = 0.8
"""How much of the course's blue a cell takes at most: type is still read on it, in the light and in the dark."""


@dataclass(frozen=True)
class Grid:
    """A table of shares between 0 and 1, one row for each token that looks, one column for each that is looked at.

    Attributes:
        title: what the table is: one of `TITLES`, drawn in the learner's language, or any words.
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
                    "draw_attention.shape",
                    rows=len(self.rows),
                    columns=len(self.columns),
                    given=f"{len(self.values)} x {sorted(shape)}",
                )
            )


def draw_grids(grids: Sequence[Grid], numbers: bool = False) -> Picture:
    """Tables side by side, a darker cell for a larger share; cells of 0 stay white.

    Args:
        grids: one to four tables.
        numbers: whether the shares stand in the cells; without them a dot marks every cell that is not 0.
    Raises:
        CourseError: no table, or more than four.

    >>> picture = draw_grids([Grid("causal", ["a", "b"], ["a", "b"], [[1, 0], [1, 1]])])
    >>> [t.get_text() for t in picture.figure.axes[0].texts], picture.words
    (['•', '•', '•'], 'causal: 3 of 4 cells open (a: a; b: a, b).')
    """
    if not 1 <= len(grids) <= 4:
        raise CourseError(text("draw_attention.number", given=len(grids)))
    height = max(len(grid.rows) for grid in grids)
    figure = Figure(figsize=(max(7.0, 4.3 * len(grids)), 1.6 + 0.5 * height))
    said = []
    for number, grid in enumerate(grids, 1):
        axes = figure.add_subplot(1, len(grids), number)
        shades = [[_shade(value) for value in row] for row in grid.values]
        axes.imshow(shades, aspect="equal" if len(grid.rows) == len(grid.columns) else "auto")
        axes.set_xticks(range(len(grid.columns)), grid.columns, rotation=60 if _long(grid.columns) else 0)
        axes.set_yticks(range(len(grid.rows)), grid.rows)
        axes.set_xticks([i - 0.5 for i in range(1, len(grid.columns))], minor=True)
        axes.set_yticks([i - 0.5 for i in range(1, len(grid.rows))], minor=True)
        axes.grid(which="minor", color="#cccccc", linewidth=1)
        axes.tick_params(which="both", length=0)
        for side in axes.spines.values():
            side.set_visible(True)
            side.set_color("#cccccc")
        axes.set_title(_title(grid), fontsize=13)
        for i, row in enumerate(grid.values):
            for j, value in enumerate(row):
                if value > 0 or numbers:
                    words = f"{value:.2f}" if numbers else "•"
                    colour = "white" if value > 0.55 else INK
                    axes.text(j, i, words, ha="center", va="center", color=colour, fontsize=10 if numbers else 13)
        said.append(_grid_words(grid))
    figure.tight_layout()
    return Picture(figure, " ".join(said))


def _title(grid: Grid) -> str:
    """A table's title as the learner reads it.

    >>> _title(Grid("encoder", "a", "a", [[1]])), _title(Grid("causal", "a", "a", [[1]]))
    ('encoder (BERT)', 'causal')
    """
    return text(f"draw_attention.titles.{grid.title}") if grid.title in TITLES else grid.title


def _grid_words(grid: Grid) -> str:
    """How many cells of a table are open, and for each row which."""
    rows = [
        f"{name}: {', '.join(c for c, v in zip(grid.columns, row, strict=True) if v > 0) or '-'}"
        for name, row in zip(grid.rows, grid.values, strict=True)
    ]
    number = sum(v > 0 for row in grid.values for v in row)
    whole = len(grid.rows) * len(grid.columns)
    return text("draw_attention.words", title=_title(grid), open=number, of=whole, rows="; ".join(rows))


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
        raise CourseError(text("draw_attention.shape", rows=len(tokens), columns=len(tokens), given=given))
    shown = list(tokens[:MOST_TOKENS])
    rows = []
    for token, row in zip(shown, weights, strict=False):
        row = list(row[: len(shown)])
        best = max(range(len(row)), key=row.__getitem__)
        cells = [_weight_chip(value, number == best) for number, value in enumerate(row)]
        rows.append([escape(token), *cells])
    more = len(tokens) - len(shown)
    return panel(
        "attention",
        table(rows, ["", *map(escape, shown)], row_heads=True, grid=True, upright=True),
        small(text("draw_attention.more", number=more) if more else ""),
    )


def _weight_chip(value: float, named: bool) -> str:
    """A cell, the darker the larger its weight; the number stands in it if it is named."""
    words = f"{value:.2f}".lstrip("0") if named else ""
    return chip(words, tint=f"rgba(0,114,178,{min(value, DARKEST):.2f})", fill=True)


def _shade(value: float) -> tuple[float, float, float]:
    """White for 0, the course's blue for 1."""
    share = min(max(float(value), 0.0), 1.0)
    share = 0.0 if share == 0 else 0.15 + 0.85 * share
    return tuple(1 - share * (1 - part) for part in to_rgb(BLUE))  # type: ignore[return-value]


def _long(names: Sequence[str]) -> bool:
    return max(map(len, names), default=0) > 3
