"""Thresholds of several labels to move, what they change, and a sentence of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import ipywidgets

from course_lessons.lesson_09.draw_thresholds import count_labels, thresholds_html, typed_html
from course_utils.display import Muted, redraw, show
from course_utils.markup import plain
from course_utils.messages import CourseError, text, whole_characters

LONGEST = 2000
"""Characters of a typed sentence that are read."""


@dataclass(frozen=True)
class ThresholdBoard:
    """A label to choose, its threshold to move, and what both change.

    Attributes:
        label: all labels together, or one of them.
        threshold: the probability from which the chosen label counts as a yes.
        view: counts for each label and the answers for a few texts, as HTML.
        box: where the learner types a sentence.
        own: its probabilities beside the thresholds, as HTML.
        widget: all together.
    """

    label: ipywidgets.ToggleButtons
    threshold: ipywidgets.FloatSlider
    view: ipywidgets.HTML
    box: ipywidgets.Text
    own: ipywidgets.HTML
    widget: ipywidgets.VBox


def threshold_board(
    texts: Sequence[str],
    probabilities: Sequence[Sequence[float]],
    truth: Sequence[Sequence[float]],
    names: Sequence[str],
    read: Callable[[str], Sequence[float]],
    sentence: str = "",
) -> ThresholdBoard:
    """A board of thresholds over texts whose labels are known; moving one only counts anew.

    Args:
        texts: the texts.
        probabilities: texts x labels, 0 to 1.
        truth: texts x labels, 1 or 0.
        names: names of the labels.
        read: gives the probabilities of all labels for one text.
        sentence: what stands in the box at first.
    Raises:
        CourseError: tables, texts and names do not fit together.
    """
    limits = [0.5] * len(names)
    count_labels(probabilities, truth, limits)
    if len(texts) != len(truth):
        raise CourseError(text("draw_thresholds.unequal", given=len(texts), truth=len(truth)))
    everything = text("threshold_board.all")
    label = ipywidgets.ToggleButtons(
        options=[(everything, -1), *((name, i) for i, name in enumerate(names))],
        value=-1,
        description=text("threshold_board.label"),
        style={"button_width": "auto", "description_width": "initial"},
    )
    threshold = ipywidgets.FloatSlider(
        value=0.5,
        min=0.0,
        max=1.0,
        step=0.01,
        description=text("threshold_board.threshold"),
        layout=ipywidgets.Layout(width="95%"),
        style={"description_width": "initial"},
    )
    view, own = ipywidgets.HTML(), ipywidgets.HTML()
    box = ipywidgets.Text(
        value=sentence,
        description=text("threshold_board.sentence"),
        placeholder=text("threshold_board.type_here"),
        layout=ipywidgets.Layout(width="95%"),
        style={"description_width": "initial"},
    )

    def draw() -> None:
        redraw(view, lambda: thresholds_html(texts, probabilities, truth, names, limits))
        redraw(own, lambda: _own(box.value, read, names, limits))

    muted = Muted()

    def chosen(_: object) -> None:
        if label.value >= 0:
            with muted:  # the slider goes where this label stands; that moves nothing else
                threshold.value = limits[label.value]

    def moved(_: object) -> None:
        if muted:
            return
        for i in range(len(limits)) if label.value < 0 else [label.value]:
            limits[i] = round(threshold.value, 2)
        draw()

    label.observe(chosen, names="value")
    threshold.observe(moved, names="value")
    box.observe(lambda _: draw(), names="value")
    draw()
    label.add_class("course-threshold-label")
    threshold.add_class("course-threshold-slider")
    view.add_class("course-threshold-view")
    box.add_class("course-threshold-box")
    own.add_class("course-threshold-own")
    return ThresholdBoard(label, threshold, view, box, own, ipywidgets.VBox([label, threshold, view, box, own]))


def show_threshold_board(
    texts: Sequence[str],
    probabilities: Sequence[Sequence[float]],
    truth: Sequence[Sequence[float]],
    names: Sequence[str],
    read: Callable[[str], Sequence[float]],
    sentence: str = "",
) -> None:
    """Show `threshold_board`; a reader without a kernel sees it with all thresholds at 0.5.

    Args and errors as for `threshold_board`.
    """
    board = threshold_board(texts, probabilities, truth, names, read, sentence)
    typed = f"<p>{escape(text('threshold_board.sentence'))}: <b>{escape(sentence)}</b></p>" if sentence else ""
    limit = f"<p>{escape(text('threshold_board.threshold'))} <b>0.50</b></p>"
    still = f"{limit}{board.view.value}{typed}{board.own.value}"
    show(board.widget, still, text=plain(still))


def _own(words: str, read: Callable[[str], Sequence[float]], names: Sequence[str], limits: Sequence[float]) -> str:
    words = whole_characters(words).strip()
    if not words:
        return ""
    return typed_html([float(p) for p in read(words[:LONGEST])], names, limits)
