"""How a number changes from layer to layer, and numbers of several models side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import cycle

from matplotlib.figure import Figure

from course_utils.figure_style import draw_lines
from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREEN, ORANGE, PURPLE, VERMILION
from course_utils.picture import Picture

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
HATCHES = ("", "//", "..", "xx", "--")


def draw_similarity_by_layer(curves: Mapping[str, Sequence[float]]) -> Picture:
    """Cosine similarities over the layers of a model, one line a token, each with a marker and a colour of its own.

    Args:
        curves: name of each line, over its values from layer 0 (the embeddings) on; all equally long, at least two.
    Raises:
        CourseError: no curve, curves of unequal length, or a value that is not a finite number.

    >>> picture = draw_similarity_by_layer({"film": [1.0, 0.9], "[CLS]": [1.0, 0.4]})
    >>> picture.figure.axes[0].lines[1].get_ydata().tolist(), picture.words
    ([1.0, 0.4], 'cosine similarity from the embeddings to the last layer. film: 1.00, 0.90. [CLS]: 1.00, 0.40.')
    """
    _check(curves, least=2)
    figure = Figure(figsize=(10, 4.6))
    axes = figure.add_subplot()
    draw_lines(axes, {name: list(enumerate(values)) for name, values in curves.items()})
    layers = len(next(iter(curves.values())))
    axes.set_xticks(range(layers), [text("draw_layers.embeddings"), *map(str, range(1, layers))])
    axes.set_xlabel(text("draw_layers.layer"), fontsize=14)
    axes.set_ylabel(text("draw_layers.similarity"), fontsize=14)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize=14, frameon=False, loc="lower left")
    figure.tight_layout()
    listed = [f"{name}: {', '.join(f'{value:.2f}' for value in values)}." for name, values in curves.items()]
    return Picture(figure, " ".join([text("draw_layers.words"), *listed]))


def draw_grouped_shares(groups: Mapping[str, Mapping[str, float]]) -> Picture:
    """Shares of partners found, between 0 and 1, as bars in groups, each bar with its value above it.

    Args:
        groups: name of each group, over the values of its bars by name; the same bars in every group.
    Raises:
        CourseError: no group, groups with other bars, or a value that is not a finite number.

    >>> picture = draw_grouped_shares({"en": {"CLS": 0.5, "mean": 1.0}, "ko": {"CLS": 0.1, "mean": 0.7}})
    >>> [round(float(bar.get_height()), 2) for bar in picture.figure.axes[0].patches]
    [0.5, 0.1, 1.0, 0.7]
    >>> picture.words
    'share of partners found. en: CLS 0.50, mean 1.00. ko: CLS 0.10, mean 0.70.'
    """
    names = [tuple(bars) for bars in groups.values()]
    if not names or not names[0] or len(set(names)) > 1:
        raise CourseError(text("draw_layers.groups"))
    _check({name: list(bars.values()) for name, bars in groups.items()}, least=1)
    label = text("draw_layers.partners")
    figure = Figure(figsize=(11, 4.8))
    axes = figure.add_subplot()
    width = 0.8 / len(names[0])
    for number, (bar, colour, hatch) in enumerate(zip(names[0], cycle(COLOURS), cycle(HATCHES))):
        xs = [group + (number - (len(names[0]) - 1) / 2) * width for group in range(len(groups))]
        values = [bars[bar] for bars in groups.values()]
        drawn = axes.bar(xs, values, width * 0.92, color=colour, hatch=hatch, edgecolor="white", label=bar)
        axes.bar_label(drawn, [f"{value:.2f}" for value in values], padding=2, fontsize=13)
    axes.set_xticks(range(len(groups)), list(groups), fontsize=14)
    axes.set_ylim(0, 1.12)
    axes.set_ylabel(label, fontsize=14)
    axes.legend(fontsize=14, frameon=False, ncols=len(names[0]), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    figure.tight_layout()
    listed = [
        f"{group}: {', '.join(f'{bar} {value:.2f}' for bar, value in bars.items())}." for group, bars in groups.items()
    ]
    return Picture(figure, " ".join([f"{label}.", *listed]))


def _check(curves: Mapping[str, Sequence[float]], least: int) -> None:
    lengths = {len(values) for values in curves.values()}
    if len(lengths) != 1 or min(lengths) < least:
        raise CourseError(text("draw_layers.unequal", lengths=", ".join(map(str, sorted(lengths))) or "0"))
    for name, values in curves.items():
        if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
            raise CourseError(text("draw_layers.not_finite", name=name))
