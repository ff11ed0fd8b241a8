"""How a number changes from layer to layer, and numbers of several models side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import cycle

from matplotlib.figure import Figure

from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREEN, ORANGE, PURPLE, VERMILION

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
MARKS = ("o", "s", "^", "D", "v")
HATCHES = ("", "//", "..", "xx", "--")


def draw_depth(curves: Mapping[str, Sequence[float]]) -> Figure:
    """Cosine similarities over the layers of a model, one line a token, each with a mark and a colour of its own.

    Args:
        curves: name of each line, over its values from layer 0 (the embeddings) on; all equally long, at least two.
    Raises:
        CourseError: no curve, curves of unequal length, or a value that is not a finite number.

    >>> axes = draw_depth({"film": [1.0, 0.9, 0.8], "[CLS]": [1.0, 1.0, 0.4]}).axes[0]
    >>> axes.lines[1].get_ydata().tolist()
    [1.0, 1.0, 0.4]
    """
    _check(curves, least=2)
    figure = Figure(figsize=(10, 4.6))
    axes = figure.add_subplot()
    for (name, values), colour, mark in zip(curves.items(), cycle(COLOURS), cycle(MARKS)):
        axes.plot(range(len(values)), values, color=colour, marker=mark, markersize=9, linewidth=2.5, label=name)
    layers = len(next(iter(curves.values())))
    axes.set_xticks(range(layers), [text("views_depth.embeddings"), *map(str, range(1, layers))])
    axes.set_xlabel(text("views_depth.layer"), fontsize=14)
    axes.set_ylabel(text("views_depth.similarity"), fontsize=14)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize=14, frameon=False, loc="lower left")
    figure.tight_layout()
    return figure


def describe_depth(curves: Mapping[str, Sequence[float]]) -> str:
    """What `draw_depth` shows, in words.

    >>> describe_depth({"film": [1.0, 0.9]})
    'cosine similarity from the embeddings to the last layer. film: 1.00, 0.90.'
    """
    lines = [f"{name}: {', '.join(f'{value:.2f}' for value in values)}." for name, values in curves.items()]
    return " ".join([text("views_depth.alt"), *lines])


def draw_shares(groups: Mapping[str, Mapping[str, float]], label: str) -> Figure:
    """Shares between 0 and 1 as bars in groups, each bar with its value above it.

    Args:
        groups: name of each group, over the values of its bars by name; the same bars in every group.
        label: what is measured, for the axis.
    Raises:
        CourseError: no group, groups with other bars, or a value that is not a finite number.

    >>> axes = draw_shares({"en": {"CLS": 0.5, "mean": 1.0}, "ko": {"CLS": 0.1, "mean": 0.7}}, "found").axes[0]
    >>> [round(float(bar.get_height()), 2) for bar in axes.patches]
    [0.5, 0.1, 1.0, 0.7]
    """
    names = [tuple(bars) for bars in groups.values()]
    if not names or not names[0] or len(set(names)) > 1:
        raise CourseError(text("views_depth.groups"))
    _check({name: list(bars.values()) for name, bars in groups.items()}, least=1)
    figure = Figure(figsize=(11, 4.8))
    axes = figure.add_subplot()
    width = 0.8 / len(names[0])
    for place, (bar, colour, hatch) in enumerate(zip(names[0], cycle(COLOURS), cycle(HATCHES))):
        xs = [group + (place - (len(names[0]) - 1) / 2) * width for group in range(len(groups))]
        values = [bars[bar] for bars in groups.values()]
        drawn = axes.bar(xs, values, width * 0.92, color=colour, hatch=hatch, edgecolor="white", label=bar)
        axes.bar_label(drawn, [f"{value:.2f}" for value in values], padding=2, fontsize=13)
    axes.set_xticks(range(len(groups)), list(groups), fontsize=14)
    axes.set_ylim(0, 1.12)
    axes.set_ylabel(label, fontsize=14)
    axes.legend(fontsize=14, frameon=False, ncols=len(names[0]), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    figure.tight_layout()
    return figure


def describe_shares(groups: Mapping[str, Mapping[str, float]], label: str) -> str:
    """What `draw_shares` shows, in words.

    >>> describe_shares({"Korean": {"CLS": 0.5, "mean": 0.75}}, "found")
    'found. Korean: CLS 0.50, mean 0.75.'
    """
    lines = [
        f"{group}: {', '.join(f'{bar} {value:.2f}' for bar, value in bars.items())}." for group, bars in groups.items()
    ]
    return " ".join([f"{label}.", *lines])


def _check(curves: Mapping[str, Sequence[float]], least: int) -> None:
    lengths = {len(values) for values in curves.values()}
    if len(lengths) != 1 or min(lengths) < least:
        raise CourseError(text("views_depth.unequal", lengths=", ".join(map(str, sorted(lengths))) or "0"))
    for name, values in curves.items():
        if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
            raise CourseError(text("views_depth.not_finite", name=name))
