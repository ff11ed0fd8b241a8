"""The tokens nearest to one token of a sentence, layer by layer, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from course_lessons.lesson_02.token_neighbours import Neighbour
from course_utils.markup import is_special, small
from course_utils.messages import text
from course_utils.palette import BLUE, GREY, HTML_FONT, INK, ORANGE, PAPER

CONTEXT = 42
"""Characters of a text shown on each side of a token."""
SHOWN = 48


def nearest_html(
    tokens: Sequence[str], place: int, layer: int, neighbours: Sequence[Sequence[Neighbour]], note: str = ""
) -> str:
    """A sentence with one token marked, its neighbours at every layer, and those of one layer in their texts.

    Args:
        tokens: the tokens of the sentence.
        place: which of them is looked at.
        layer: the layer shown in detail.
        neighbours: for each layer, 0 first, the nearest tokens with the nearest first.
        note: a remark below, such as that the sentence was cut.

    >>> near = [[Neighbour("warm", 0.9, "a ", "warm", " day")], [Neighbour("hot", 0.8, "", "Hot", " soup")]]
    >>> html = nearest_html(["a", "cold", "day"], 1, 1, near)
    >>> "Hot" in html and "0.80" in html and "layer 1 of 1" in html
    True
    """
    last = len(neighbours) - 1
    rows = "".join(
        _layer_row(number, near, {n.token for n in neighbours[number - 1]} if number else None, number == layer)
        for number, near in enumerate(neighbours)
    )
    details = "".join(_detail(near) for near in neighbours[layer])
    heading = text("views_nearest.heading", token=tokens[place], layer=layer, last=last)
    return (
        f'<div class="course-nearest" style="font-family:{HTML_FONT};font-size:16px;color:{INK};background:white;'
        f'padding:6px 10px">{_sentence(tokens, place)}'
        f'<table style="border-collapse:collapse;font-size:16px;color:{INK};background:white">{rows}</table>'
        f"{small(text('views_nearest.new'))}"
        f'<p style="margin:12px 0 4px"><b>{escape(heading)}</b></p>{details}{small(note)}</div>'
    )


def _sentence(tokens: Sequence[str], place: int) -> str:
    cells = []
    for number, token in enumerate(tokens[:SHOWN]):
        chosen = number == place
        edge = f"4px solid {ORANGE}" if chosen else f"2px {'dashed' if is_special(token) else 'solid'} {GREY}"
        words = f"<b>&#9654; {escape(token)}</b>" if chosen else escape(token)
        cells.append(
            f'<span style="display:inline-block;margin:3px;padding:2px 8px;background:{PAPER};border:{edge};'
            f'border-radius:6px">{words}</span> '
        )
    return f'<div style="line-height:1.5;margin-bottom:8px">{"".join(cells)}</div>'


def _layer_row(layer: int, near: Sequence[Neighbour], below: set[str] | None, chosen: bool) -> str:
    cells = []
    for neighbour in near:
        new = below is not None and neighbour.token not in below
        mark = " *" if new else ""
        weight = "bold" if new else "normal"
        cells.append(
            f'<td style="padding:3px 10px;text-align:left;font-weight:{weight}">{escape(neighbour.token)}{mark} '
            f'<span style="color:{GREY};font-size:14px">{neighbour.similarity:.2f}</span></td>'
        )
    name = text("views_nearest.embeddings") if layer == 0 else text("views_nearest.layer", layer=layer)
    marker = "&#9654; " if chosen else ""
    edge = f"border-left:6px solid {ORANGE if chosen else 'white'};background:{PAPER if chosen else 'white'}"
    return (
        f'<tr style="{edge}"><th style="padding:3px 10px;text-align:left;white-space:nowrap">{marker}{escape(name)}'
        f"</th>{''.join(cells)}</tr>"
    )


def _detail(near: Neighbour) -> str:
    before = ("…" if len(near.before) > CONTEXT else "") + near.before[-CONTEXT:]
    after = near.after[:CONTEXT] + ("…" if len(near.after) > CONTEXT else "")
    return (
        f'<div style="margin:2px 0"><span style="display:inline-block;min-width:3em;color:{GREY}">'
        f"{near.similarity:.2f}</span> {escape(before)}"
        f'<b style="color:{BLUE};text-decoration:underline">{escape(near.words)}</b>{escape(after)}</div>'
    )
