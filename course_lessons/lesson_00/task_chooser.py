"""Choose a pipeline, type a text, see the raw answer and the same as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from course_lessons.lesson_00.draw_answers import answer_html
from course_utils.display import redraw, show
from course_utils.markup import card, plain
from course_utils.messages import CourseError, text

if TYPE_CHECKING:
    from transformers import Pipeline

MOST_CHARACTERS = 100
"""Characters of a typed text that are read: enough for a sentence, and quick on any machine."""
MOST_TO_CONTINUE = 60
"""The same for text generation, so that the longest text there can be, and its continuation, fit into the model."""
NEW_TOKENS = 15


@dataclass(frozen=True)
class TaskChooser:
    """A menu of pipelines, a text box, and below them the answer.

    Attributes:
        task: the menu.
        box: the text; its answer comes on Enter or when the box is left.
        view: the answer as HTML.
        widget: all three together.
    """

    task: ipywidgets.Dropdown
    box: ipywidgets.Text
    view: ipywidgets.HTML
    widget: ipywidgets.VBox


def answer_to(pipeline: Pipeline, words: str) -> str:
    """The pipeline's answer to a text as HTML; what cannot be answered is said in words.

    Args:
        pipeline: for text-classification, fill-mask, text-generation or feature-extraction.
        words: the text; beyond 100 characters (60 to be continued) it is cut, and that is said.
    Raises:
        CourseError: no text, or one without the mask token where one is needed.
    """
    most = MOST_TO_CONTINUE if pipeline.task == "text-generation" else MOST_CHARACTERS
    read = words.strip()[:most]
    if not read:
        raise CourseError(text("task_chooser.empty"))
    options: dict[str, object] = {}
    if pipeline.task == "fill-mask" and pipeline.tokenizer.mask_token not in read:
        raise CourseError(text("task_chooser.no_mask", mask=pipeline.tokenizer.mask_token))
    if pipeline.task == "text-generation":
        options = {"max_new_tokens": NEW_TOKENS, "do_sample": False}
    html = answer_html(pipeline(read, **options))
    if len(words.strip()) > most:
        html = card(escape(text("task_chooser.cut", most=most)), "note") + html
    return html


def task_chooser(pipelines: Mapping[str, tuple[Pipeline, str]]) -> TaskChooser:
    """A menu of pipelines with a text box. No model is loaded here: those given are used.

    Args:
        pipelines: name in the menu -> the pipeline and a text to begin with.
    Raises:
        CourseError: no pipeline is given.
    """
    if not pipelines:
        raise CourseError(text("task_chooser.no_pipeline"))
    names = list(pipelines)
    task = ipywidgets.Dropdown(options=names, value=names[0], description=text("task_chooser.task"))
    box = ipywidgets.Text(
        value=pipelines[names[0]][1],
        description=text("task_chooser.text"),
        continuous_update=False,
        placeholder=text("task_chooser.enter"),
        layout=ipywidgets.Layout(width="95%"),
    )
    view = ipywidgets.HTML()

    def answer(_: object = None) -> None:
        redraw(view, lambda: answer_to(pipelines[task.value][0], box.value))

    def chosen(change: dict[str, str]) -> None:
        example = pipelines[change["new"]][1]
        if box.value == example:
            answer()
        else:
            box.value = example  # answers by itself

    box.observe(answer, names="value")
    task.observe(chosen, names="value")
    answer()
    task.add_class("course-task")
    box.add_class("course-task-text")
    view.add_class("course-task-answer")
    return TaskChooser(task, box, view, ipywidgets.VBox([task, box, view]))


def show_task_chooser(pipelines: Mapping[str, tuple[Pipeline, str]]) -> None:
    """Show `task_chooser`; a reader without a kernel sees the first pipeline's answer. Arguments as there."""
    chooser = task_chooser(pipelines)
    asked = f"{text('task_chooser.task')} {chooser.task.value}. {text('task_chooser.text')} {chooser.box.value}"
    still = f"<p>{escape(asked)}</p>{chooser.view.value}"
    show(chooser.widget, still, text=plain(still))
