"""Colours and boxes: one palette that stays apart for colour-blind readers, one look for every message.

The eight colours are those of Okabe and Ito (2008, "Color Universal Design"). Colour never carries a meaning alone:
words or shapes say the same.
"""

from __future__ import annotations

from typing import Literal

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILION = "#D55E00"
SKY = "#56B4E9"
PURPLE = "#CC79A7"
YELLOW = "#F0E442"
BLACK = "#000000"
INK = "#1a1a1a"
GREY = "#6b6b6b"
PAPER = "#f4f4f4"

HTML_FONT = "'Noto Sans KR','Apple SD Gothic Neo','Malgun Gothic','NanumGothic',sans-serif"
_EDGE = {"right": GREEN, "wrong": VERMILION, "note": BLUE}


def card(message: str, kind: Literal["right", "wrong", "note"]) -> str:
    """A box around a message that is already HTML, readable on light and dark pages.

    >>> card("Well read.", "note").endswith('Well read.</div>')
    True
    """
    return (
        f'<div class="course-card course-{kind}" style="border-left:6px solid {_EDGE[kind]};background:{PAPER};'
        f'color:{INK};padding:8px 12px;margin:4px 0;font-size:16px;line-height:1.5;max-width:60em">{message}</div>'
    )
