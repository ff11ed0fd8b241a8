"""Attention of every layer and head on a sentence of the learner's own."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from course_lessons.lesson_11.draw_attention import attention_html
from course_utils.display import redraw, show
from course_utils.messages import CourseError, text, whole_characters

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MOST_READ = 64
"""Tokens of a sentence that are read."""


@dataclass(frozen=True)
class AttentionExplorer:
    """A sentence, two knobs, and the attention weights they choose.

    Attributes:
        box: where the learner types.
        layer: number of the layer, from 1.
        head: number of the head, from 1; 0 is the mean of all heads.
        view: the weights as an HTML table.
        widget: all together.
    """

    box: ipywidgets.Text
    layer: ipywidgets.IntSlider
    head: ipywidgets.IntSlider
    view: ipywidgets.HTML
    widget: ipywidgets.VBox


def attentions_of(
    sentence: str, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel
) -> tuple[list[str], list[Tensor]]:
    """Tokens of a sentence and the attention weights of every layer, each (heads, tokens, tokens).

    Args:
        sentence: any text; its first 64 tokens are read.
        tokenizer, model: of one checkpoint, the model loaded with `attn_implementation="eager"`.
    Raises:
        CourseError: no text, or a model that gives no attention weights.
    """
    import torch

    if not isinstance(sentence, str) or not sentence.strip():
        raise CourseError(text("attention_explorer.empty"))
    whole = whole_characters(sentence[:2000])
    inputs = tokenizer(whole, truncation=True, max_length=MOST_READ, return_tensors="pt")
    with torch.no_grad():
        found = model(**inputs.to(model.device), output_attentions=True).attentions
    if not found:
        raise CourseError(text("attention_explorer.not_eager"))
    tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0].tolist())
    return [token.replace("Ġ", "_") for token in tokens], [layer[0].cpu() for layer in found]


def attention_explorer(
    tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, sentence: str, layer: int = 1, head: int = 1
) -> AttentionExplorer:
    """Choose a layer and a head, type a sentence, see who looks at whom.

    Args:
        tokenizer, model: of one checkpoint, the model loaded with `attn_implementation="eager"`, in eval mode.
        sentence: what stands in the box at first.
        layer, head: which are shown at first, from 1; head 0 is the mean of all heads.
    Raises:
        CourseError: as for `attentions_of`.
    """
    tokens, found = attentions_of(sentence, tokenizer, model)
    state: dict[str, tuple[list[str], list[Tensor]]] = {"now": (tokens, found)}
    wide, style = ipywidgets.Layout(width="95%"), {"description_width": "initial"}
    box = ipywidgets.Text(
        value=sentence,
        description=text("attention_explorer.sentence"),
        placeholder=text("attention_explorer.type_here"),
        layout=wide,
        style=style,
    )
    layers = ipywidgets.IntSlider(
        value=layer, min=1, max=len(found), description=text("attention_explorer.layer"), layout=wide, style=style
    )
    heads = ipywidgets.IntSlider(
        value=head, min=0, max=len(found[0]), description=text("attention_explorer.head"), layout=wide, style=style
    )
    view = ipywidgets.HTML()

    def draw() -> str:
        names, weights = state["now"]
        chosen = weights[layers.value - 1]
        table = chosen.mean(0) if heads.value == 0 else chosen[heads.value - 1]
        return attention_html(names, table.tolist())

    def typed(_: object) -> None:
        def read_and_draw() -> str:
            state["now"] = attentions_of(box.value, tokenizer, model)
            return draw()

        redraw(view, read_and_draw)

    box.observe(typed, names="value")
    for knob in (layers, heads):
        knob.observe(lambda _: redraw(view, draw), names="value")
    view.value = draw()
    box.add_class("course-attention-box")
    layers.add_class("course-attention-layer")
    heads.add_class("course-attention-head")
    view.add_class("course-attention-view")
    return AttentionExplorer(box, layers, heads, view, ipywidgets.VBox([box, layers, heads, view]))


def show_attention_explorer(
    tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, sentence: str, layer: int = 1, head: int = 1
) -> None:
    """Show `attention_explorer`; a reader without a kernel sees the first layer and head chosen.

    Args and errors as for `attention_explorer`.
    """
    explorer = attention_explorer(tokenizer, model, sentence, layer, head)
    words = text("attention_explorer.still", sentence=sentence, layer=layer, head=head)
    show(explorer.widget, f"<p>{escape(words)}</p>{explorer.view.value}", text=words)
