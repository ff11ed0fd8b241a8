"""Scores of many texts beside their true classes, one panel for each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREY, INK, VERMILION
from course_utils.picture import Picture

NAMES = ("pretrained", "random", "negative", "positive")
"""Names of models and classes that are shown in the learner's language; any other stands as it is."""
LOOKS = ((VERMILION, "o"), (BLUE, "D"))


def draw_scores(scores: Mapping[str, Sequence[float]], classes: Sequence[int], names: Sequence[str]) -> Picture:
    """Each text as a point at the probability that a model gives to the second class, in the row of its true class.

    Args:
        scores: name of a model -> a probability from 0 to 1 for each text.
        classes: true class of each text, 0 or 1.
        names: names of class 0 and class 1.
    Raises:
        CourseError: no model, unequal numbers, or a score that is no probability.

    >>> picture = draw_scores({"sure": [0.1, 0.9]}, [0, 1], ["bad", "good"])
    >>> [t.get_text() for t in picture.figure.axes[0].get_yticklabels()]
    ['bad', 'good']
    >>> picture.words.split(": ", 1)[1]
    'sure, 2 of 2 on the right side of 0.5, scores from 0.10 to 0.90.'
    """
    _fit(scores, classes, names)
    scores, names = {_known_as(model): values for model, values in scores.items()}, [_known_as(name) for name in names]
    figure = Figure(figsize=(12, 3.4))
    panels = figure.subplots(1, len(scores), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (model, values) in zip(panels, scores.items(), strict=True):
        for wanted, (colour, marker) in enumerate(LOOKS):
            own = [value for value, label in zip(values, classes, strict=True) if label == wanted]
            heights = [wanted + 0.36 * ((7 * i) % 11 / 10 - 0.5) for i in range(len(own))]  # spread, so that all show
            axes.scatter(own, heights, color=colour, marker=marker, s=46, alpha=0.65, edgecolor=INK, linewidth=0.5)
        axes.axvline(0.5, color=GREY, linestyle="--", linewidth=1.5)
        axes.set_title(text("draw_scores.title", model=model, right=_right(values, classes), total=len(classes)))
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.4, 1.4)
        axes.set_xlabel(text("draw_scores.axis", name=names[1]))
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks([0, 1], list(names))
    figure.tight_layout(w_pad=3)
    lines = [
        text(
            "draw_scores.line",
            model=model,
            right=_right(values, classes),
            total=len(classes),
            low=f"{min(values):.2f}",
            high=f"{max(values):.2f}",
        )
        for model, values in scores.items()
    ]
    return Picture(figure, text("draw_scores.words", name=names[1], models=" ".join(lines)))


def _known_as(name: str) -> str:
    """A model or a class as the learner calls it.

    >>> _known_as("random"), _known_as("mine")
    ('random', 'mine')
    """
    return text(f"draw_scores.names.{name}") if name in NAMES else name


def _right(values: Sequence[float], classes: Sequence[int]) -> int:
    """Texts whose score lies on the side of their class; exactly 0.5 counts as class 1."""
    return sum((value >= 0.5) == (label == 1) for value, label in zip(values, classes, strict=True))


def _fit(scores: Mapping[str, Sequence[float]], classes: Sequence[int], names: Sequence[str]) -> None:
    lengths = {len(values) for values in scores.values()} | {len(classes)}
    if not scores or len(lengths) != 1 or not len(classes) or len(names) != 2:
        raise CourseError(text("draw_scores.unequal", texts=len(classes), names=len(names), models=len(scores)))
    if not all(0 <= value <= 1 for values in scores.values() for value in values):
        raise CourseError(text("draw_scores.no_probability"))
