"""The colours of the course, for figures and for HTML, and the fonts of its HTML.

The first six are taken from the eight of Okabe and Ito (2008, "Color Universal Design"), which stay apart for
colour-blind readers. Colour never carries a meaning alone: words or shapes say the same.
"""

from __future__ import annotations

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILION = "#D55E00"
SKY = "#56B4E9"
PURPLE = "#CC79A7"
INK = "#1a1a1a"
GREY = "#6b6b6b"
PAPER = "#f4f4f4"

HTML_FONT = "'Noto Sans KR','Apple SD Gothic Neo','Malgun Gothic','NanumGothic',sans-serif"
HATCHED = f"repeating-linear-gradient(135deg,{ORANGE} 0 2px,white 2px 6px)"
"""A background of orange stripes, for padding and other empty room."""
