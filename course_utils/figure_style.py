"""The look that all figures of the course share."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import matplotlib
from matplotlib import font_manager

KOREAN_FONT = "NanumGothic"


def use_course_style() -> None:
    """Set matplotlib to the course's look: large type, no frame, and a font with Hangul behind the usual one.

    >>> use_course_style()
    >>> matplotlib.rcParams["font.family"]
    ['DejaVu Sans', 'NanumGothic']
    """
    families = ["DejaVu Sans"]
    spec = find_spec("koreanize_matplotlib")  # carries the font; importing it would change settings, so it is not
    if spec and spec.origin:
        fonts = [Path(spec.origin).parent / "fonts" / f"{KOREAN_FONT}{weight}.ttf" for weight in ("", "Bold")]
        if all(font.is_file() for font in fonts):
            if KOREAN_FONT not in {f.name for f in font_manager.fontManager.ttflist}:
                for font in fonts:
                    font_manager.fontManager.addfont(str(font))
            families.append(KOREAN_FONT)
    matplotlib.rcParams.update(
        {
            "font.family": families,
            "font.size": 13,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.unicode_minus": False,
            "figure.dpi": 100,
            "text.parse_math": False,
        }
    )
