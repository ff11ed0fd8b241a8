"""The tokens nearest to one token of a sentence, layer by layer, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from course_lessons.lesson_02.token_neighbours import Neighbour
from course_utils.markup import panel, small, table, token_row
from course_utils.messages import text
from course_utils.palette import ORANGE, PAGE

CONTEXT = 42
"""Characters of a text shown on each side of a token."""
SHOWN = 48


def neighbours_html(
    tokens: Sequence[str], chosen: int, layer: int, neighbours: Sequence[Sequence[Neighbour]], note: str = ""
) -> str:
    """A sentence with one token pointed out, its neighbours at every layer, and those of one layer in their texts.

    Args:
        tokens: the tokens of the sentence.
        chosen: the position of the one that is looked at.
        layer: the layer shown in detail.
        neighbours: for each layer, 0 first, the nearest tokens with the nearest first.
        note: a remark below, such as that the sentence was cut.

    >>> near = [[Neighbour("warm", 0.9, "a ", "warm", " day")], [Neighbour("hot", 0.8, "", "Hot", " soup")]]
    >>> html = neighbours_html(["a", "cold", "day"], 1, 1, near)
    >>> "Hot" in html and "0.80" in html and "layer 1 of 1" in html
    True
    """
    last = len(neighbours) - 1
    heading = text("draw_token_neighbours.heading", token=tokens[chosen], layer=layer, last=last)
    rows = [_layer_cells(neighbours, number, number == layer) for number in range(last + 1)]
    edges = [ORANGE if number == layer else PAGE for number in range(last + 1)]
    return panel(
        "neighbours",
        token_row(tokens[:SHOWN], chosen=chosen),
        table(rows, row_heads=True, edges=edges, current=layer),
        small(text("draw_token_neighbours.new")),
        f"<p><b>{escape(heading)}</b></p>",
        *(_detail(near) for near in neighbours[layer]),
        small(note),
    )


def _layer_cells(neighbours: Sequence[Sequence[Neighbour]], layer: int, chosen: bool) -> list[str]:
    """The name of a layer and its neighbours; those that the layer below does not have are bold, with a star."""
    below = {near.token for near in neighbours[layer - 1]} if layer else None
    name = text("draw_token_neighbours.layer", layer=layer) if layer else text("draw_token_neighbours.embeddings")
    cells = ["▶ " + escape(name) if chosen else escape(name)]
    for near in neighbours[layer]:
        new = below is not None and near.token not in below
        words = f"<b>{escape(near.token)} *</b>" if new else escape(near.token)
        cells.append(f"{words} <small>{near.similarity:.2f}</small>")
    return cells


def _detail(near: Neighbour) -> str:
    before = ("…" if len(near.before) > CONTEXT else "") + near.before[-CONTEXT:]
    after = near.after[:CONTEXT] + ("…" if len(near.after) > CONTEXT else "")
    return f"<div>{near.similarity:.2f} {escape(before)}<b><u>{escape(near.words)}</u></b>{escape(after)}</div>"
