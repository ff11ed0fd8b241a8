"""How many parameters a model has and what they belong to, as a figure and as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from matplotlib.figure import Figure

from course_utils.cost import MODEL_PARTS
from course_utils.markup import bar, legend, panel
from course_utils.messages import CourseError, brief, text
from course_utils.palette import BLUE, GREEN, INK, ORANGE, PURPLE, VERMILION
from course_utils.picture import Picture

COLOURS = dict(zip(MODEL_PARTS, (BLUE, ORANGE, GREEN, PURPLE, VERMILION), strict=True))
HATCHES = dict(zip(MODEL_PARTS, ("", "//", "", "", ""), strict=True))
LEAST_SHARE = 0.05
"""Smaller shares of a bar carry no number: it would not fit."""

NAMES = ("ours", "yours", "pocket")
"""Names of models that are shown in the learner's language; any other stands as it is."""

Counts = Mapping[str, int]


def draw_model_parts(models: Mapping[str, Counts]) -> Picture:
    """Parameters of several models by part: how many on the left, which share on the right.

    Args:
        models: name of a model -> its counts, as `course_utils.cost.parameter_counts` gives them; at least one.
    Raises:
        CourseError: no model, or counts without one of the parts.

    >>> half = {"embeddings": 50, "attention": 20, "feed-forward": 20, "norms": 5, "pooler": 5, "total": 100}
    >>> picture = draw_model_parts({"tiny": half})
    >>> [t.get_text() for t in picture.figure.axes[1].texts][:2]
    ['50 %', '20 %']
    >>> picture.words.split(": ", 1)[1]
    'tiny, 0.0 million: embeddings 50 %, attention 20 %, feed-forward 20 %, norms 5 %, pooler 5 %.'
    """
    _are_counts(models)
    figure = Figure(figsize=(12, 1.9 + 0.85 * len(models)))
    absolute, shares = figure.subplots(1, 2, sharey=True)
    rows = range(len(models))
    for axes, of_total in ((absolute, False), (shares, True)):
        left = [0.0] * len(models)
        for part in MODEL_PARTS:
            widths = [c[part] / (c["total"] / 100 if of_total else 1e6) for c in models.values()]
            label = None if of_total else _name(part)
            axes.barh(rows, widths, left=left, color=COLOURS[part], hatch=HATCHES[part], edgecolor="white", label=label)
            if of_total:
                for row, width in enumerate(widths):
                    if width >= 100 * LEAST_SHARE:
                        _number(
                            axes, left[row] + width / 2, row, text("draw_model_parts.percent", share=f"{width:.0f}")
                        )
            left = [a + b for a, b in zip(left, widths, strict=True)]
        if not of_total:
            for row, (total, counts) in enumerate(zip(left, models.values(), strict=True)):
                axes.text(total, row, f" {counts['total'] / 1e6:.1f}", va="center")
            axes.set_xlim(0, max(left) * 1.2)
        axes.tick_params(axis="y", length=0)
    absolute.set_yticks(rows, [known_as(name) for name in models])
    absolute.invert_yaxis()
    absolute.set_xlabel(text("draw_model_parts.millions"))
    shares.set_xlabel(text("draw_model_parts.share"))
    figure.legend(loc="upper center", ncols=len(MODEL_PARTS), frameon=False, handlelength=1.2, columnspacing=1.4)
    figure.tight_layout(rect=(0, 0, 1, 0.97 - 0.28 / figure.get_figheight()))
    return Picture(figure, text("draw_model_parts.words", models=" ".join(_line(*each) for each in models.items())))


def _line(name: str, counts: Counts) -> str:
    """One model in words: its parameters in millions, and the share of each part."""
    percent = {part: f"{100 * counts[part] / counts['total']:.0f}" for part in MODEL_PARTS}
    shares = ", ".join(f"{_name(part)} {text('draw_model_parts.percent', share=percent[part])}" for part in MODEL_PARTS)
    return text("draw_model_parts.line", name=known_as(name), millions=f"{counts['total'] / 1e6:.1f}", shares=shares)


def model_parts_html(models: Mapping[str, Counts], notes: Mapping[str, str] | None = None, first: str = "") -> str:
    """Models one below the other as HTML, for a view that changes: a bar by parts, and what it costs in words.

    Args:
        models: name of a model -> its counts; the longest bar is that of the largest.
        notes: name of a model -> words to put behind its number of parameters, such as its memory.
        first: the model whose parts are listed in numbers below the bars; none if empty.

    >>> half = {"embeddings": 50, "attention": 20, "feed-forward": 20, "norms": 5, "pooler": 5, "total": 100}
    >>> "feed-forward 20" in model_parts_html({"tiny": half}, first="tiny")
    True
    """
    _are_counts(models)
    largest = max(counts["total"] for counts in models.values())
    rows = []
    for name, counts in models.items():
        words = escape(text("draw_model_parts.row", total=f"{counts['total']:,}"))
        note = escape((notes or {}).get(name, ""))
        parts = [(counts[part] / largest, COLOURS[part]) for part in MODEL_PARTS]
        rows.append(f"<div><b>{escape(known_as(name))}</b>: {words} {note}</div>{bar(*parts, width=620, height=16)}")
    listed = ""
    if first:
        colours = {f"{_name(part)} {models[first][part]:,}": COLOURS[part] for part in MODEL_PARTS}
        listed = f"<p><b>{escape(known_as(first))}:</b></p>{legend(colours)}"
    return panel("parts", *rows, listed)


def _number(axes: object, x: float, row: int, words: str) -> None:
    """A number inside a bar, readable on every colour."""
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    axes.text(x, row, words, ha="center", va="center", fontsize=12, color=INK, bbox=box)  # type: ignore[attr-defined]


def known_as(name: str) -> str:
    """A model as the learner calls it.

    >>> known_as("ours"), known_as("large")
    ('ours', 'large')
    """
    return text(f"draw_model_parts.names.{name}") if name in NAMES else name


def _name(part: str) -> str:
    """The part in the words of the learner."""
    return text(f"draw_model_parts.{part.replace('-', '_')}")


def _are_counts(models: Mapping[str, Counts]) -> None:
    if not models:
        raise CourseError(text("draw_model_parts.no_model"))
    for name, counts in models.items():
        missing = [part for part in (*MODEL_PARTS, "total") if part not in counts]
        if missing:
            raise CourseError(text("draw_model_parts.no_counts", name=brief(name), missing=", ".join(missing)))
