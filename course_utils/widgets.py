"""Things to play with: controls on top of the pictures in `course_utils.views`.

Every widget is built by a function that returns it, so that a test can turn its knobs, and is shown by `show_...`,
which stores a still first view beside it. Kernel-side code works with ipywidgets 7.7 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from course_utils.display import show
from course_utils.messages import CourseError, text
from course_utils.palette import card
from course_utils.stages import follow
from course_utils.views import describe_path, path_html

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
        description=text("widgets.sentence"),
        continuous_update=True,
        placeholder=text("widgets.type_here"),
        layout=ipywidgets.Layout(width="95%"),
    )
    view = ipywidgets.HTML(value=first)

    def redraw(change: dict[str, object]) -> None:
        try:
            view.value = path_html(follow(str(change["new"]), tokenizer, model))
        except CourseError as error:
            view.value = card(escape(str(error)), "note")
        except Exception as error:  # a callback that raises would go silent: say what happened instead
            view.value = card(
                escape(text("widgets.failed", kind=type(error).__name__, message=str(error)[:160])), "wrong"
            )

    box.observe(redraw, names="value")
    box.add_class("course-sentence")
    view.add_class("course-sentence-path")
    return SentenceExplorer(box, view, ipywidgets.VBox([box, view]))


def show_sentence_explorer(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, sentence: str = "") -> None:
    """Show `sentence_explorer`; a reader without a kernel sees the path of the first sentence.

    Args and errors as for `sentence_explorer`.
    """
    explorer = sentence_explorer(tokenizer, model, sentence)
    still = f"<p>{escape(text('widgets.sentence'))} <b>{escape(sentence)}</b></p>{explorer.view.value}"
    show(explorer.widget, still, text=describe_path(follow(sentence, tokenizer, model)))
