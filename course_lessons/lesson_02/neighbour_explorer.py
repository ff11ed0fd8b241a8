"""Pick a token of a sentence and a layer, and see which tokens of other texts lie nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from course_lessons.lesson_02.draw_token_neighbours import neighbours_html
from course_lessons.lesson_02.token_neighbours import LONGEST, Neighbour, TokenIndex, nearest_tokens, token_index
from course_utils.display import Muted, redraw, show
from course_utils.messages import text

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

NUMBER = 6


@dataclass(frozen=True)
class NeighbourExplorer:
    """A text box, a choice of its tokens, a slider over the layers, and below them the nearest tokens.

    Attributes:
        box: where the learner types a sentence.
        token: which token is looked at, by its position.
        layer: which layer is shown in detail.
        view: the neighbours as HTML, redrawn at every change.
        widget: all of it together.
    """

    box: ipywidgets.Text
    token: ipywidgets.Dropdown
    layer: ipywidgets.IntSlider
    view: ipywidgets.HTML
    widget: ipywidgets.VBox


class _Looked:
    """The sentence that is looked at, with the vectors of its tokens."""

    def __init__(
        self, among: TokenIndex, tokenizer: PreTrainedTokenizerBase, body: PreTrainedModel, sentence: str
    ) -> None:
        self.among, self.tokenizer, self.body = among, tokenizer, body
        self.read(sentence)

    def read(self, words: str) -> None:
        self.sentence = token_index([words], self.tokenizer, self.body, special=True)

    @property
    def tokens(self) -> list[str]:
        return [position.token for position in self.sentence.positions]

    def found(self, position: int) -> list[list[Neighbour]]:
        return [
            nearest_tokens(self.among, self.sentence.vectors[layer, position], layer, NUMBER)
            for layer in range(self.among.layers + 1)
        ]

    def html(self, position: int, layer: int) -> str:
        cut = self.sentence.cut
        note = text("draw_token_neighbours.cut", number=cut, longest=LONGEST) if cut else ""
        return neighbours_html(self.tokens, position, layer, self.found(position), note)


def neighbour_explorer(
    texts: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    body: PreTrainedModel,
    sentence: str,
    token: str,
    layer: int = 0,
) -> NeighbourExplorer:
    """Controls to choose a sentence, one of its tokens and a layer; the nearest tokens of the texts below them.

    Args:
        texts: where to look for neighbours; a few hundred short texts take about a second.
        tokenizer: the fast tokenizer of the body's checkpoint.
        body: a model that gives hidden states, in eval mode.
        sentence: what stands in the box at first.
        token: which token is chosen at first; the first one where the sentence has no such token.
        layer: which layer is chosen at first.
    Raises:
        CourseError: no texts, or something among them that is not a text.
    """
    looked = _Looked(token_index(texts, tokenizer, body), tokenizer, body, sentence)
    last = looked.among.layers
    box = ipywidgets.Text(
        value=sentence,
        description=text("neighbour_explorer.sentence"),
        placeholder=text("neighbour_explorer.type_here"),
        continuous_update=True,
        layout=ipywidgets.Layout(width="95%"),
    )
    choice = ipywidgets.Dropdown(
        options=_options(looked.tokens),
        value=looked.tokens.index(token) if token in looked.tokens else 0,
        description=text("neighbour_explorer.token"),
    )
    slider = ipywidgets.IntSlider(
        value=min(max(layer, 0), last), min=0, max=last, description=text("neighbour_explorer.layer")
    )
    view = ipywidgets.HTML(value=looked.html(choice.value, slider.value))
    muted = Muted()

    def draw(_: object = None) -> None:
        if not muted:
            redraw(view, lambda: looked.html(choice.value or 0, slider.value))

    def read(change: dict[str, object]) -> None:
        def new_view() -> str:
            position = choice.value or 0
            looked.read(str(change["new"]))
            with muted:  # new options choose a token of their own, which is no choice of the learner
                choice.options = _options(looked.tokens)
                choice.value = min(position, len(looked.tokens) - 1)
            return looked.html(choice.value, slider.value)

        redraw(view, new_view)

    box.observe(read, names="value")
    choice.observe(draw, names="value")
    slider.observe(draw, names="value")
    for control, name in ((box, "sentence"), (choice, "token"), (slider, "layer"), (view, "view")):
        control.add_class(f"course-neighbours-{name}")
    widget = ipywidgets.VBox([box, ipywidgets.HBox([choice, slider]), view])
    return NeighbourExplorer(box, choice, slider, view, widget)


def show_neighbour_explorer(
    texts: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    body: PreTrainedModel,
    sentence: str,
    token: str,
    layer: int = 0,
) -> None:
    """Show `neighbour_explorer`; a reader without a kernel sees the first choice.

    Args and errors as for `neighbour_explorer`.
    """
    live = neighbour_explorer(texts, tokenizer, body, sentence, token, layer)
    still = f"<p>{escape(text('neighbour_explorer.sentence'))} <b>{escape(sentence)}</b></p>{live.view.value}"
    show(live.widget, still)


def _options(tokens: Sequence[str]) -> list[tuple[str, int]]:
    return [(f"{position}  {token}", position) for position, token in enumerate(tokens)]
