"""Pieces of HTML in the look of the course: every table, box, bar and chip is written here and nowhere else.

Each piece that has a background names its text colour too, so that it can be read on light and on dark pages, and
follows the theme of JupyterLab (`course_utils.palette`). Where a page drops styles, as GitHub does, what is left are
tables, lines and words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape, unescape
from itertools import chain
from typing import Literal

from course_utils.messages import DEFAULT_LANGUAGE, CourseError, language, text
from course_utils.palette import BLUE, GREEN, GREY, HTML_FONT, INK, LINE, ORANGE, PAGE, SOFT, TYPE, VERMILION

READABLE = f"color:{TYPE};background:{PAGE}"
"""Type on the page, for what stands in a live view without a box of its own."""
_EDGE = {"right": GREEN, "wrong": VERMILION, "note": BLUE}


def spoken() -> str:
    """The attribute that tells a browser, and what reads it aloud, the language of a piece; nothing for English.

    >>> spoken()
    ''
    """
    return "" if language() == DEFAULT_LANGUAGE else f' lang="{language()}"'


def panel(name: str, *pieces: str) -> str:
    """A view: pieces of HTML one below the other, in a box of the class `course-NAME`.

    >>> plain(panel("example", "<p>one</p>", "<p>two</p>"))
    'one\\ntwo'
    """
    style = f"font-family:{HTML_FONT};font-size:16px;line-height:1.5;{READABLE};padding:6px 10px;overflow-x:auto"
    return f'<div{spoken()} class="course-{name}" style="{style}">{"".join(pieces)}</div>'


def card(message: str, kind: Literal["right", "wrong", "note"]) -> str:
    """A message, already HTML, in a box whose left edge says its kind.

    >>> card("Well read.", "note").endswith('Well read.</div>')
    True
    """
    return (
        f'<div{spoken()} class="course-card course-{kind}" style="border-left:6px solid {_EDGE[kind]};'
        f'background:{SOFT};color:{TYPE};padding:8px 12px;margin:4px 0;font-size:16px;line-height:1.5;max-width:60em">'
        f"{message}</div>"
    )


def table(
    rows: Iterable[Sequence[str]],
    heads: Sequence[str] = (),
    *,
    row_heads: bool = False,
    align: Literal["left", "right"] = "left",
    edges: Sequence[str] = (),
    current: int | None = None,
    grid: bool = False,
    upright: bool = False,
) -> str:
    """A table whose cells are HTML already.

    Args:
        rows: the cells of each row.
        heads: the names of the columns, as HTML; none by default.
        row_heads: whether the first cell of each row is its name.
        align: the side on which all cells but the first of a row stand.
        edges: a colour for the left edge of each row; none by default.
        current: the number of the row that is shaded, from 0.
        grid: cells without room between what is in them and their edge, for chips that fill them.
        upright: whether the names of the columns run from top to bottom, for many narrow columns.

    >>> print(plain(table([["bert", "12"], ["gpt2", "13"]], ["model", "layers"])))
    model layers
    bert 12
    gpt2 13
    """
    room = "padding:1px" if grid else f"padding:3px 12px 3px 8px;border-bottom:1px solid {LINE}"
    lines = []
    for number, row in enumerate(chain([heads] if heads else [], rows), -1 if heads else 0):
        ground = f"background:{SOFT if number == current else PAGE}"
        cells = []
        for column, inside in enumerate(row):
            kind = "th" if number < 0 or (row_heads and not column) else "td"
            style = f"{room};text-align:{align if column else 'left'};vertical-align:top;color:{TYPE};{ground}"
            if upright and column and number < 0:
                style += ";writing-mode:vertical-rl;font-weight:normal"
            if edges and not column and number >= 0:
                style += f";border-left:6px solid {edges[number]}"
            cells.append(f'<{kind} style="{style}">{inside}</{kind}>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table style="border-collapse:collapse;font-size:16px;margin:4px 0">{"".join(lines)}</table>'


def chip(
    words: str,
    *below: str,
    tint: str = SOFT,
    ink: str = "",
    edge: str = "transparent",
    border: str = "solid",
    title: str = "",
    fill: bool = False,
) -> str:
    """A few words in a small box, such as a token, with smaller lines below them, such as its id.

    Args:
        words: the words; they are escaped, as `below` and `title` are.
        below: lines below the words, in smaller type.
        tint: the colour behind the words; one of the page's own, or one that lets the page through, follows its theme.
        ink: the colour of the words; by default dark, and that of the page's type where the tint follows the theme.
        edge: the colour of the border.
        border: its kind, such as "solid", "dashed", "dotted" or "double".
        title: what the pointer reads out.
        fill: whether the box fills the cell of a table it stands in.

    >>> plain(chip("hate", "5223"))
    'hate\\n5223'
    """
    told = f' title="{escape(title)}"' if title else ""
    place = "display:block" if fill else "display:inline-block;margin:2px;vertical-align:top"
    style = f"{place};min-width:1.2em;text-align:center;line-height:1.3;padding:2px {3 if fill else 6}px"
    lines = "".join(f"<br><small>{escape(line) or '&nbsp;'}</small>" for line in below)
    inside = f"{escape(words) or '&nbsp;'}{lines}"
    wide = 3 if border == "double" else 2
    ink = ink or (TYPE if tint.startswith(("var(", "rgba(")) else INK)
    style += f";border:{wide}px {border} {edge};border-radius:6px;color:{ink};background:{tint}"
    return f'<span{told} style="{style}">{inside}</span> '


def bar(
    *parts: tuple[float, str],
    width: float = 300,
    height: int = 14,
    frame: bool = False,
    mark: float | None = None,
    line: bool = False,
) -> str:
    """A bar for the eye alone: what it says stands in words beside it.

    Args:
        parts: the share of the width and the background of each part, from left to right.
        width: pixels of a share of 1.
        height: pixels.
        frame: whether a frame shows where 1 would be.
        mark: a share at which a line crosses the bar.
        line: whether the bar has a line of its own, close to the bars above and below.

    >>> bar((0.5, "red"), width=100).count("width:50px")
    1
    """
    inside = "".join(
        f'<span style="display:inline-block;height:{height}px;width:{max(0, width * share):.0f}px;background:{colour}">'
        "</span>"
        for share, colour in parts
    )
    if mark is not None:
        place = f"position:absolute;left:{width * mark:.0f}px;top:-4px;height:{height + 8}px"
        inside += f'<span style="{place};border-left:3px solid {TYPE}"></span>'
    framed = f"width:{width:.0f}px;height:{height}px;border:1px solid {GREY};background:{PAGE};" if frame else ""
    place = "display:block;margin:1px 0" if line else "display:inline-block;margin-right:8px;vertical-align:middle"
    style = f"{framed}{place};position:relative;white-space:nowrap;line-height:0"
    return f'<span aria-hidden="true" style="{style}">{inside}</span>'


def legend(colours: Mapping[str, str]) -> str:
    """What the parts of a bar mean: the words of each beside its background.

    >>> plain(legend({"tokens": "blue", "padding": "white"}))
    'tokens padding'
    """
    return "<div>" + " &nbsp; ".join(f"{bar((1, c), width=26)}{escape(w)}" for w, c in colours.items()) + "</div>"


def small(words: str) -> str:
    """A line of smaller type; nothing for no words.

    >>> small("two < three")
    '<div style="font-size:15px;margin:2px 0">two &lt; three</div>'
    """
    return f'<div style="font-size:15px;margin:2px 0">{escape(words)}</div>' if words else ""


def code_block(words: str) -> str:
    """Code or what it printed, line by line.

    >>> plain(code_block("a < b"))
    'a < b'
    """
    style = f"{READABLE};padding:6px 10px;margin:4px 0;font-size:15px;line-height:1.4;border:1px solid {LINE}"
    return f'<pre style="{style};white-space:pre-wrap;overflow-wrap:anywhere">{escape(words)}</pre>'


def token_row(tokens: Sequence[str], ids: Sequence[int] | None = None, chosen: int | None = None) -> str:
    """Tokens side by side, with their ids below; special tokens have a dashed border, word pieces a dotted one.

    Args:
        tokens: the tokens.
        ids: the id of each; none by default.
        chosen: the position of a token that is pointed out.

    >>> plain(token_row(["i", "hate"], chosen=1))
    'i ▶ hate'
    """
    if ids is not None and len(ids) != len(tokens):
        raise CourseError(text("markup.unequal_tokens", tokens=len(tokens), ids=len(ids)))
    chips = []
    for position, token in enumerate(tokens):
        border = "dotted" if token.startswith("##") else "dashed" if is_special(token) else "solid"
        below = () if ids is None else (str(ids[position]),)
        words, edge = (f"▶ {token}", ORANGE) if position == chosen else (token, GREY if border == "dashed" else BLUE)
        chips.append(chip(words, *below, edge=edge, border=border))
    return f"<div>{''.join(chips)}</div>"


def is_special(token: str) -> bool:
    """Whether a token is written like a special one, such as [CLS] or </s>.

    >>> is_special("[CLS]"), is_special("hate"), is_special("[")
    (True, False, False)
    """
    return (token.startswith("[") and token.endswith("]") and len(token) > 2) or token in {"<s>", "</s>", "<pad>"}


def inline_code(words: str) -> str:
    """Text as HTML: escaped, with what stands between backticks as code.

    >>> inline_code("`a < b`, then c")
    '<code>a &lt; b</code>, then c'
    """
    pieces = words.split("`")
    if len(pieces) % 2 == 0:  # an odd backtick came with a learner's value: show all as it is
        return escape(words)
    return "".join(f"<code>{escape(p)}</code>" if i % 2 else escape(p) for i, p in enumerate(pieces))


def plain(html: str) -> str:
    """The words of a piece of HTML, one block per line.

    >>> plain("<p>a &amp; b</p><ul><li>c</li></ul>")
    'a & b\\nc'
    """
    broken = re.sub(r"<br\s*/?>|</(p|div|li|tr|pre|summary|details|table|ul|ol|h\d)>", "\n", html)
    broken = re.sub(r"</t[dh]>", " ", broken)
    lines = (" ".join(unescape(re.sub(r"<[^>]*>", "", line)).split()) for line in broken.split("\n"))
    return "\n".join(line for line in lines if line)
