"""Two tokenizers side by side on whatever a learner types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from course_lessons.lesson_04.draw_tokenization import known_as, tokenized_html, tokenized_words
from course_lessons.lesson_04.tokenization import tokenize_text
from course_utils.display import redraw, show
from course_utils.messages import CourseError, text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class TokenizerPair:
    """A text box, two menus of tokenizers, and below each what that tokenizer makes of the text.

    Attributes:
        box: where the learner types.
        menus: left and right menu, whose values are names of tokenizers.
        views: what is left and right made of the text, as HTML, redrawn at every change.
        widget: all together.
    """

    box: ipywidgets.Textarea
    menus: tuple[ipywidgets.Dropdown, ipywidgets.Dropdown]
    views: tuple[ipywidgets.HTML, ipywidgets.HTML]
    widget: ipywidgets.VBox


def tokenizer_pair(tokenizers: Mapping[str, PreTrainedTokenizerBase], sentence: str = "") -> TokenizerPair:
    """A text read by two tokenizers at once; at first by the first two of those given.

    Args:
        tokenizers: name shown in the menus: tokenizer; at least two.
        sentence: what stands in the box at first; any text.
    Raises:
        CourseError: fewer than two tokenizers, one without offsets, or a sentence that is not a text.
    """
    names = list(tokenizers)
    if len(names) < 2:
        raise CourseError(text("tokenizer_pair.two_needed", given=len(names)))
    readings = {name: tokenized_html(name, tokenize_text(sentence, tokenizers[name])) for name in names}
    box = ipywidgets.Textarea(
        value=sentence,
        description=text("tokenizer_pair.text"),
        continuous_update=True,
        placeholder=text("tokenizer_pair.type_here"),
        layout=ipywidgets.Layout(width="97%", height="70px"),
    )
    menus = tuple(
        ipywidgets.Dropdown(
            options=[(known_as(name), name) for name in names],
            value=name,
            description=text(f"tokenizer_pair.{side}"),
            layout=ipywidgets.Layout(width="95%"),
        )
        for name, side in zip(names[:2], ("left", "right"), strict=True)
    )
    views = tuple(ipywidgets.HTML(value=readings[name]) for name in names[:2])

    def update(sides: tuple[int, ...]) -> None:
        for side in sides:
            name = menus[side].value
            redraw(views[side], lambda name=name: tokenized_html(name, tokenize_text(box.value, tokenizers[name])))

    box.observe(lambda _: update((0, 1)), names="value")
    for side, menu in enumerate(menus):
        menu.observe(lambda _, side=side: update((side,)), names="value")
        menu.add_class(f"course-tokenizer-menu-{side + 1}")
        views[side].add_class(f"course-tokenizer-view-{side + 1}")
    box.add_class("course-tokenizer-text")
    half = ipywidgets.Layout(width="49%")
    sides = [ipywidgets.VBox([menu, view], layout=half) for menu, view in zip(menus, views, strict=True)]
    return TokenizerPair(box, menus, views, ipywidgets.VBox([box, ipywidgets.HBox(sides)]))


def show_tokenizer_pair(tokenizers: Mapping[str, PreTrainedTokenizerBase], sentence: str = "") -> None:
    """Show `tokenizer_pair`; a reader without a kernel sees the first two tokenizers read the sentence.

    Args and errors as for `tokenizer_pair`.
    """
    pair = tokenizer_pair(tokenizers, sentence)
    style = "display:inline-block;width:49%;min-width:20em;vertical-align:top"
    sides = "".join(f'<div style="{style}">{view.value}</div>' for view in pair.views)
    still = f"<p>{escape(text('tokenizer_pair.text'))} <b>{escape(sentence)}</b></p>{sides}"
    first_two = list(tokenizers)[:2]
    words = "\n".join(tokenized_words(name, tokenize_text(sentence, tokenizers[name])) for name in first_two)
    show(pair.widget, still, text=words)
