"""A sentence typed by the learner, followed through all three stages."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from course_lessons.lesson_01.draw_sentence_path import path_html, path_words
from course_utils.display import redraw, show
from course_utils.messages import text
from course_utils.sentence_path import follow

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class SentenceExplorer:
    """A text box and below it the path of whatever stands in it.

    Attributes:
        box: where the learner types.
        view: the path as HTML, redrawn at every change.
        widget: both together.
    """

    box: ipywidgets.Text
    view: ipywidgets.HTML
    widget: ipywidgets.VBox


def sentence_explorer(
    tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, sentence: str = ""
) -> SentenceExplorer:
    """A text box whose sentence is followed through all three stages at every key stroke.

    Args:
        tokenizer: the tokenizer of the model's checkpoint.
        model: a model for sequence classification, in eval mode.
        sentence: what stands in the box at first.
    Raises:
        CourseError: `sentence` is not a text, or the model has no classification head.
    """
    first = path_html(follow(sentence, tokenizer, model))
    box = ipywidgets.Text(
        value=sentence,
        description=text("sentence_explorer.sentence"),
        continuous_update=True,
        placeholder=text("sentence_explorer.type_here"),
        layout=ipywidgets.Layout(width="95%"),
    )
    view = ipywidgets.HTML(value=first)

    box.observe(
        lambda change: redraw(view, lambda: path_html(follow(str(change["new"]), tokenizer, model))), names="value"
    )
    box.add_class("course-sentence")
    view.add_class("course-sentence-path")
    return SentenceExplorer(box, view, ipywidgets.VBox([box, view]))


def show_sentence_explorer(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, sentence: str = "") -> None:
    """Show `sentence_explorer`; a reader without a kernel sees the path of the first sentence.

    Args and errors as for `sentence_explorer`.
    """
    explorer = sentence_explorer(tokenizer, model, sentence)
    still = f"<p>{escape(text('sentence_explorer.sentence'))} <b>{escape(sentence)}</b></p>{explorer.view.value}"
    show(explorer.widget, still, text=path_words(follow(sentence, tokenizer, model)))
