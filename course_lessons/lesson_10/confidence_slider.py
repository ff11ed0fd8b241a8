"""A slider for how sure a model must be before its answer counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from course_lessons.lesson_10.draw_coverage import confidence_html
from course_utils.display import redraw, show
from course_utils.markup import card
from course_utils.messages import CourseError, text
from course_utils.sentence_path import follow

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LONGEST = 2000
"""Characters of a typed sentence that are read."""


@dataclass(frozen=True)
class ConfidenceSlider:
    """A limit to move, a sentence to type, and what both change.

    Attributes:
        limit: the smallest score that counts as an answer.
        view: answered, wrong and unsure among the given texts, as HTML.
        box: where the learner types a sentence.
        own: the answer to it.
        widget: all together.
    """

    limit: ipywidgets.FloatSlider
    view: ipywidgets.HTML
    box: ipywidgets.Text
    own: ipywidgets.HTML
    widget: ipywidgets.VBox


def confidence_slider(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    texts: Sequence[str],
    right: Sequence[int],
    least: float = 0.8,
) -> ConfidenceSlider:
    """A slider for the limit below which a model says UNSURE, over texts whose labels are known.

    The texts are read once, when the widget is made; moving the slider only counts anew.

    Args:
        tokenizer, model: of one checkpoint for sequence classification; the model in eval mode.
        texts: the texts, at least one.
        right: the right label id of each.
        least: where the slider stands at first, 0.5 to 1.
    Raises:
        CourseError: no texts, or texts and labels differ in number.
    """
    if not texts or len(texts) != len(right):
        raise CourseError(text("confidence_slider.texts", texts=len(texts), labels=len(right)))
    labels, scores, correct = [], [], []
    for words, label in zip(texts, right, strict=True):
        name, score, best = _answer(words, tokenizer, model)
        labels.append(name)
        scores.append(score)
        correct.append(best == int(label))
    limit = ipywidgets.FloatSlider(
        value=least,
        min=0.5,
        max=1.0,
        step=0.01,
        description=text("confidence_slider.least"),
        layout=ipywidgets.Layout(width="95%"),
        style={"description_width": "initial"},
    )
    view = ipywidgets.HTML()
    box = ipywidgets.Text(
        description=text("confidence_slider.sentence"),
        placeholder=text("confidence_slider.type_here"),
        layout=ipywidgets.Layout(width="95%"),
        style={"description_width": "initial"},
    )
    own = ipywidgets.HTML()

    def both(_: object = None) -> None:
        redraw(view, lambda: confidence_html(texts, labels, scores, correct, round(limit.value, 2)))
        redraw(own, lambda: _own(box.value, tokenizer, model, round(limit.value, 2)))

    limit.observe(both, names="value")
    box.observe(both, names="value")
    both()
    limit.add_class("course-confidence-limit")
    view.add_class("course-confidence-view")
    box.add_class("course-confidence-box")
    own.add_class("course-confidence-own")
    return ConfidenceSlider(limit, view, box, own, ipywidgets.VBox([limit, view, box, own]))


def show_confidence_slider(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    texts: Sequence[str],
    right: Sequence[int],
    least: float = 0.8,
) -> None:
    """Show `confidence_slider`; a reader without a kernel sees it at its first limit.

    Args and errors as for `confidence_slider`.
    """
    slider = confidence_slider(tokenizer, model, texts, right, least)
    still = f"<p>{escape(text('confidence_slider.least'))} <b>{least:.2f}</b></p>{slider.view.value}"
    show(slider.widget, still)


def _answer(words: str, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> tuple[str, float, int]:
    """Best label, its score and its id for one text."""
    path = follow(words[:LONGEST], tokenizer, model)
    return path.label, float(path.probabilities.max()), int(path.probabilities.argmax())


def _own(words: str, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, least: float) -> str:
    if not words.strip():
        return ""
    label, score, _ = _answer(words, tokenizer, model)
    shown = label if score >= least else text("confidence_slider.say_unsure")
    return card(escape(text("confidence_slider.own", answer=shown, label=label, score=f"{score:.2f}")), "note")
