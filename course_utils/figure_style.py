"""The look that all figures of the course share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes

from course_utils.palette import BLUE, GREEN, ORANGE, PURPLE, VERMILION

KOREAN_FONT = "NanumGothic"
LINE_LOOKS = (
    (BLUE, "o", "-"),
    (VERMILION, "s", "--"),
    (GREEN, "^", "-."),
    (ORANGE, "D", ":"),
    (PURPLE, "v", "-"),
)
"""Colour, marker and dash of each line: marker and dash say the same where colours look alike."""


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


def draw_lines(
    axes: Axes,
    lines: Mapping[str, Iterable[tuple[float, float]]],
    looks: Sequence[tuple[str, str, str]] = LINE_LOOKS,
    **options: Any,
) -> None:
    """Named lines through points, each with a colour, a marker and a dash of its own.

    Args:
        axes: where to draw.
        lines: the points of each line, by its name, from left to right.
        looks: colour, marker and dash of each line; begun anew where there are more lines.
        options: what `axes.plot` takes besides, the same for all lines.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_lines(axes, {"loss": [(1, 0.7), (2, 0.5)]})
    >>> axes.lines[0].get_label(), axes.lines[0].get_xydata().tolist()
    ('loss', [[1.0, 0.7], [2.0, 0.5]])
    """
    for (name, points), (colour, marker, dash) in zip(lines.items(), cycle(looks)):
        across, up = zip(*points, strict=True)
        look = {"color": colour, "marker": marker, "linestyle": dash, "linewidth": 2.5, "markersize": 8}
        axes.plot(across, up, label=name, **(look | options))
