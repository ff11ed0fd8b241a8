"""The colours of the course, for figures and for HTML, and the fonts of its HTML.
Type on the page and its ground take variables of JupyterLab, which change with its theme, or what follows the comma.

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

PAGE = "var(--jp-layout-color0,white)"
SOFT = f"var(--jp-layout-color2,{PAPER})"
LINE = "var(--jp-border-color2,#ccc)"
TYPE = f"var(--jp-content-font-color1,{INK})"
"""In HTML: the page, what is set off from it, a thin line, and type on either ground."""

HTML_FONT = "'Noto Sans KR','Apple SD Gothic Neo','Malgun Gothic','NanumGothic',sans-serif"
