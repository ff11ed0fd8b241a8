"""A threshold to move, and the errors that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import ipywidgets

from course_lessons.lesson_14.errors import Probabilities, check_fit, threshold_html
from course_utils.display import redraw, show
from course_utils.messages import text


@dataclass(frozen=True)
class ThresholdExplorer:
    """A label to choose, a threshold to move, and what both change.

    Attributes:
        label: the label in question.
        limit: the probability from which it is called.
        view: found, missed and false alarms, and these texts, as HTML.
        widget: all together.
    """

    label: ipywidgets.Dropdown
    limit: ipywidgets.FloatSlider
    view: ipywidgets.HTML
    widget: ipywidgets.VBox


def threshold_explorer(
    texts: Sequence[str], probabilities: Probabilities, truth: Sequence[int], labels: Sequence[str]
) -> ThresholdExplorer:
    """Controls over texts that a classifier has answered and whose right labels are known.

    Args:
        texts: the texts.
        probabilities: texts x labels.
        truth: the number of the right label of each text.
        labels: the names of the labels.
    Raises:
        CourseError: they do not fit together.
    """
    check_fit(probabilities, truth, labels)
    style, wide = {"description_width": "initial"}, ipywidgets.Layout(width="95%")
    label = ipywidgets.Dropdown(
        options=list(labels), value=labels[0], description=text("threshold_explorer.label"), style=style
    )
    limit = ipywidgets.FloatSlider(
        value=0.5, min=0.0, max=1.0, step=0.01, description=text("threshold_explorer.limit"), layout=wide, style=style
    )
    view = ipywidgets.HTML()

    def draw(_: object = None) -> None:
        redraw(view, lambda: threshold_html(texts, probabilities, truth, labels, label.value, round(limit.value, 2)))

    for control, name in ((label, "label"), (limit, "limit")):
        control.observe(draw, names="value")
        control.add_class(f"course-own-{name}")
    view.add_class("course-own-view")
    draw()
    return ThresholdExplorer(label, limit, view, ipywidgets.VBox([label, limit, view]))


def show_threshold_explorer(
    texts: Sequence[str], probabilities: Probabilities, truth: Sequence[int], labels: Sequence[str]
) -> None:
    """Show `threshold_explorer`; a reader without a kernel sees it at one half.

    Args and errors as for `threshold_explorer`.
    """
    explorer = threshold_explorer(texts, probabilities, truth, labels)
    said = text("threshold_explorer.still", label=explorer.label.value, limit=f"{explorer.limit.value:.2f}")
    show(explorer.widget, f"<p>{escape(said)}</p>{explorer.view.value}")
