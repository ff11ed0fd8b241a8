"""A training on one's own data in pictures: the file at a glance, scores with intervals, a learning curve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from course_lessons.lesson_14.clean import TEXTS
from course_lessons.lesson_14.judge import Score
from course_lessons.lesson_14.names import shown as named
from course_utils.messages import CourseError, shorten, text
from course_utils.palette import BLUE, GREEN, GREY, INK, ORANGE
from course_utils.picture import Picture

if TYPE_CHECKING:
    from datasets import Dataset

MOST_BARS = 12


def draw_file(rows: Dataset) -> Picture:
    """How long the texts of a table are, and how often each label stands there, just as it is written.

    Raises CourseError if there are no rows.

    >>> from datasets import Dataset
    >>> draw_file(Dataset.from_dict({"text": ["fine", "a bore"], "label": ["good", "Good"]})).words
    "Two charts. Lengths of 2 texts in characters: shortest 4, median 5, longest 6. \
Labels as written: 'good' 1, 'Good' 1."
    """
    columns = rows[:]
    if not len(rows):
        raise CourseError(text("draw_results.nothing"))
    lengths = [
        sum(len(words or "") for words in row) for row in zip(*(columns[n] for n in TEXTS if n in columns), strict=True)
    ]
    counted = Counter(label or "" for label in columns["label"]).most_common(MOST_BARS)
    figure = Figure(figsize=(12, 4.4))
    left, right = figure.subplots(1, 2)
    edges = np.unique(np.geomspace(1, max(*lengths, 10) + 1, 25).round())
    left.hist([max(1, length) for length in lengths], bins=edges, color=BLUE, edgecolor=INK, linewidth=0.6)
    left.set_xscale("log")
    tens = [10**power for power in range(len(str(max(lengths))))]
    left.set_xticks(tens, [f"{ten:,}" for ten in tens])
    left.set_xlabel(text("draw_results.characters"))
    left.set_ylabel(text("draw_results.texts"))
    names = [repr(shorten(label, 16)) for label, _ in counted]
    right.barh(range(len(counted)), [number for _, number in counted], color=ORANGE, edgecolor=INK, linewidth=0.6)
    right.set_yticks(range(len(counted)), names)
    right.invert_yaxis()
    right.set_xlabel(text("draw_results.texts"))
    for place, (_, number) in enumerate(counted):
        right.annotate(str(number), (number, place), xytext=(5, 0), textcoords="offset points", va="center")
    right.margins(x=0.12)
    figure.tight_layout(w_pad=3)
    words = text(
        "draw_results.file_words",
        rows=len(lengths),
        shortest=min(lengths),
        median=round(float(np.median(lengths))),
        longest=max(lengths),
        labels=", ".join(f"{name} {number}" for name, (_, number) in zip(names, counted, strict=True)),
    )
    return Picture(figure, words)


def draw_scores(scores: Mapping[str, Score], confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> Picture:
    """Each score with its interval, and beside them which label was taken for which.

    Args:
        scores: the accuracy of each way to answer, by its name.
        confusion: rows of the right labels, columns of those answered.
        labels: their names.
    Raises:
        CourseError: no scores, or a table that is not labels x labels.

    >>> draw_scores({"majority": Score(0.5, 0.4, 0.6, 80)}, [[30, 10], [5, 35]], ["bad", "good"]).words
    'Left, accuracy and its interval for: majority. Right, a table of right and answered labels: bad, good.'
    """
    table = np.asarray(confusion)
    if not scores or table.shape != (len(labels), len(labels)):
        raise CourseError(text("draw_results.scores", shape=table.shape, labels=len(labels)))
    figure = Figure(figsize=(12, 4.6))
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    for place, (score, colour) in enumerate(zip(scores.values(), [GREY] * (len(scores) - 1) + [BLUE], strict=True)):
        left.barh(place, score.value, color=colour, edgecolor=INK, linewidth=0.6, height=0.6)
        left.plot([score.low, score.high], [place, place], color=INK, linewidth=3, solid_capstyle="butt")
        left.annotate(f"{score.value:.2f}", (score.high, place), xytext=(8, 0), textcoords="offset points", va="center")
    left.set_yticks(range(len(scores)), [named(way) for way in scores])
    left.invert_yaxis()
    left.set_xlim(0, 1.12)
    left.set_xticks([0, 0.25, 0.5, 0.75, 1])
    left.set_xlabel(text("draw_results.accuracy"))
    shown = [shorten(label, 12) for label in labels]
    right.imshow(table / np.maximum(table.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1.3)
    if len(labels) <= MOST_BARS:
        for (row, column), number in np.ndenumerate(table):
            right.annotate(str(number), (column, row), ha="center", va="center")
        right.set_xticks(range(len(labels)), shown, rotation=0 if len(labels) < 4 else 60)
        right.set_yticks(range(len(labels)), shown)
    right.set_xlabel(text("draw_results.answered"))
    right.set_ylabel(text("draw_results.right"))
    figure.tight_layout(w_pad=3)
    words = text("draw_results.scores_words", names=", ".join(map(named, scores)), labels=", ".join(labels))
    return Picture(figure, words, repeatable=False)


def draw_curve(points: Mapping[int, Score], baseline: Score) -> Picture:
    """Accuracy against the number of training texts, each point with its interval, and the score of a baseline.

    Raises CourseError if there is no point.

    >>> picture = draw_curve({50: Score(0.7, 0.6, 0.8, 90), 100: Score(0.8, 0.7, 0.9, 90)}, Score(0.6, 0.5, 0.7, 90))
    >>> picture.words
    'A learning curve: accuracy with its interval after training on 50, 100 texts, and the baseline as a line.'
    """
    if not points:
        raise CourseError(text("draw_results.nothing"))
    figure = Figure(figsize=(9, 4.6))
    axes = figure.add_subplot()
    sizes = sorted(points)
    axes.plot(sizes, [points[size].value for size in sizes], color=BLUE, marker="o", linewidth=2.5, markersize=9)
    for size in sizes:
        score = points[size]
        axes.plot([size, size], [score.low, score.high], color=BLUE, linewidth=2)
        axes.annotate(f"{score.value:.2f}", (size, score.value), xytext=(9, 7), textcoords="offset points")
    axes.axhline(baseline.value, color=GREEN, linestyle="--", linewidth=2, label=text("draw_results.baseline"))
    axes.set_xscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_ylim(0, 1.05)
    axes.margins(x=0.15)
    axes.set_xlabel(text("draw_results.training_texts"))
    axes.set_ylabel(text("draw_results.accuracy"))
    axes.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    words = text("draw_results.curve_words", sizes=", ".join(map(str, sizes)))
    return Picture(figure, words, repeatable=False)
