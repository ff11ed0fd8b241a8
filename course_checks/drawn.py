"""What a figure draws, as eight digits: they stand beside each stored picture, so that a stale one is noticed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

LEVELS = 40
"""Steps into which the height and width of what is drawn are divided for the digest: what moves by less is the same."""


def digest(figure: Figure, repeatable: bool = True) -> str:
    """Eight hexadecimal digits that change when something else is drawn: other words, other parts, other numbers.

    Numbers count in `LEVELS` steps of the range drawn, so that the last digits of a processor make no difference. Where
    they are not repeatable, they and the notes among them do not count, only how many lines and other parts there are.

    >>> import matplotlib.pyplot as plt
    >>> def line(*heights):
    ...     figure = Figure()
    ...     figure.subplots().plot(heights)
    ...     return digest(figure)
    >>> line(1, 2, 3) == line(1, 2.000001, 3), line(1, 2, 3) == line(1, 2.5, 3)
    (True, False)
    >>> def trained(*runs):
    ...     figure = Figure()
    ...     axes = figure.subplots()
    ...     for losses in runs:
    ...         _ = axes.plot(losses)
    ...     return digest(figure, repeatable=False)
    >>> trained([3, 2, 1]) == trained([3, 2.5, 1, 1]), trained([3, 2, 1]) == trained([3, 2, 1], [3, 2, 1])
    (True, False)
    """
    parts = [_words_of([*figure.texts, *(words for legend in figure.legends for words in legend.get_texts())])]
    for axes in figure.axes:
        legend = axes.get_legend()
        words = [axes.title, axes.xaxis.label, axes.yaxis.label, *(legend.get_texts() if legend else ())]
        if repeatable:
            words += axes.texts
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_locator(), FixedLocator):  # others choose by the room that letters need
                words += axis.get_majorticklabels()
        parts.append(f"{_words_of(words)} {axes.get_xscale()} {axes.get_yscale()}")
        if repeatable:
            parts += [f"{kind} {' '.join(map(str, _steps(numbers)))}" for kind, numbers in _drawn(axes)]
        else:
            parts += [f"{kind} {len(getattr(axes, kind))}" for kind in ("lines", "patches", "collections", "images")]
    return hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()[:8]


def _words_of(texts: Iterable[Text]) -> str:
    return " | ".join(part.get_text() for part in texts if part.get_text())


def _drawn(axes: Axes) -> list[tuple[str, list[float]]]:
    """What is drawn in the axes, part by part: horizontal and vertical coordinates, or the cells of an image."""
    found: list[tuple[str, list[float]]] = []
    for kind in ("lines", "patches", "collections"):
        points = []
        for artist in getattr(axes, kind):
            if kind == "lines":
                points.append([(x, y) for x, y in artist.get_xydata().tolist()])
            elif kind == "patches":
                corners = artist.get_patch_transform().transform(artist.get_path().vertices)
                points.append([(x, y) for x, y in corners.tolist()])
            else:
                lines = artist.get_segments() if isinstance(artist, LineCollection) else [artist.get_offsets()]
                points.append([(x, y) for line in lines for x, y in line.tolist()])
        for side, scale in enumerate((axes.get_xscale(), axes.get_yscale())):
            found.append((f"{kind} {[len(part) for part in points]}", _scaled(points, side, scale)))
    for image in axes.images:
        cells = image.get_array()
        found.append((f"image {cells.shape}", [float(value) for value in cells.ravel().tolist()]))
    return found


def _scaled(points: list[list[tuple[float, float]]], side: int, scale: str) -> list[float]:
    numbers = [float(point[side]) for part in points for point in part]
    return [math.log10(n) if n > 0 else math.nan for n in numbers] if scale == "log" else numbers


def _steps(numbers: list[float]) -> list[int]:
    """The numbers in `LEVELS` steps of their range; an offset keeps round numbers away from the edge of a step.

    >>> _steps([0.0, 0.5, 1.0, math.nan])
    [0, 20, 40, -1]
    """
    finite = [number for number in numbers if math.isfinite(number)]
    low, span = (min(finite), max(finite) - min(finite)) if finite else (0.0, 0.0)
    return [
        math.floor((number - low) / span * LEVELS + 0.371) if span and math.isfinite(number) else -1
        for number in numbers
    ]
