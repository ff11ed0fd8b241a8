"""Tokens side by side, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREY, HTML_FONT, INK, PAPER


def token_row(tokens: Sequence[str], ids: Sequence[int] | None = None) -> str:
    """Tokens side by side as HTML, with their ids below; word pieces and special tokens are marked by their border.

    >>> "hate" in token_row(["i", "hate"], [1045, 5223])
    True
    """
    if ids is not None and len(ids) != len(tokens):
        raise CourseError(text("views.unequal_tokens", tokens=len(tokens), ids=len(ids)))
    cells = []
    for place, token in enumerate(tokens):
        edge, style = (GREY, "dashed") if is_special(token) else (BLUE, "solid")
        style = "dotted" if token.startswith("##") else style
        below = "" if ids is None else f'<br><span style="color:{GREY};font-size:14px">{ids[place]}</span>'
        cells.append(
            f'<span style="display:inline-block;text-align:center;margin:3px;padding:2px 8px;color:{INK};'
            f'background:{PAPER};border:2px {style} {edge};border-radius:6px">{escape(token)}{below}</span> '
        )
    return f'<div style="font-family:{HTML_FONT};font-size:17px;line-height:1.4">{"".join(cells)}</div>'


def is_special(token: str) -> bool:
    """Whether a token is written like a special one, such as [CLS], </s> or <|endoftext|>.

    >>> is_special("[CLS]"), is_special("hate"), is_special("[")
    (True, False, False)
    """
    return (token.startswith("[") and token.endswith("]") and len(token) > 2) or token in {
        "<s>",
        "</s>",
        "<pad>",
    }


def small(words: str) -> str:
    """A line of smaller type as HTML; nothing for no words.

    >>> small("two < three")
    '<div style="font-size:15px;margin:2px 0">two &lt; three</div>'
    """
    return f'<div style="font-size:15px;margin:2px 0">{escape(words)}</div>' if words else ""
