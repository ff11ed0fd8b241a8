"""A batch whose mask the learner switches cell by cell, with the answer to each row beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from course_lessons.lesson_05.draw_padding import batch_grid, batch_words
from course_lessons.lesson_05.padded_batch import PaddedBatch, padded_batch, probabilities
from course_utils.display import Muted, redraw, show
from course_utils.markup import bar, panel
from course_utils.messages import text
from course_utils.palette import BLUE, INK, ORANGE, SKY

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LONGEST_LABEL = 16
WIDEST_CELL = 86
"""Pixels; in a narrow window all cells of a row shrink alike, so that the columns stay in line."""
LOOK = f"""
.course-mask-cell.jupyter-button {{
  height: auto; min-height: 30px; padding: 2px !important; line-height: 1.2;
  white-space: normal; overflow-wrap: anywhere;
}}
.course-mask-cell.mod-info {{ color: {INK} !important; background: {SKY} !important; }}
.course-mask-cell.mod-warning {{ color: {INK} !important; background: {ORANGE} !important; }}
"""
"""A long token takes several lines in its cell; the colours are those of the grid without a kernel."""


@dataclass(frozen=True)
class MaskBoard:
    """A grid of switches and, below each row, what the model makes of it.

    Attributes:
        batch: the sentences as a padded batch.
        cells: one switch for each position; on means that the mask is 1 there.
        results: below each row the probability of the last class, as HTML.
        right: sets the mask that the tokenizer made.
        ones: sets a mask of ones, which is what the model assumes where none is given.
        widget: all of it.
    """

    batch: PaddedBatch
    cells: tuple[tuple[ipywidgets.ToggleButton, ...], ...]
    results: tuple[ipywidgets.HTML, ...]
    right: ipywidgets.Button
    ones: ipywidgets.Button
    widget: ipywidgets.VBox


def mask_board(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, sentences: Sequence[str]) -> MaskBoard:
    """A batch as a grid of switches: each click changes the mask, and the probability of that row moves.

    At first the mask is the tokenizer's. Sentences longer than 16 tokens are cut, and the board says so.

    Args:
        tokenizer: the tokenizer of the model's checkpoint.
        model: a model for sequence classification, in eval mode; it is not changed.
        sentences: one to four texts.
    Raises:
        CourseError: no list of texts, too many of them, or a model without a classification head.
    """
    batch = padded_batch(sentences, tokenizer)
    label = str(model.config.id2label[len(model.config.id2label) - 1])
    alone = [_alone(model, ids, mask) for ids, mask in zip(batch.ids, batch.mask, strict=True)]
    cells = tuple(
        tuple(_switch(token, own) for token, own in zip(row, mask, strict=True))
        for row, mask in zip(batch.tokens, batch.mask, strict=True)
    )
    results = tuple(ipywidgets.HTML() for _ in cells)
    muted = Muted()

    def read(row: int) -> None:
        mask = [int(switch.value) for switch in cells[row]]
        redraw(results[row], lambda: _answer(model, batch, row, mask, label, alone[row]))

    def switched(row: int, position: int) -> None:
        _paint(cells[row][position], batch.tokens[row][position], batch.mask[row][position])
        if not muted:
            read(row)

    def set_all(masks: Sequence[Sequence[int]]) -> None:
        with muted:  # many switches change at once: each row is read once, at the end
            for row, mask in enumerate(masks):
                for position, value in enumerate(mask):
                    cells[row][position].value = bool(value)
        for row in range(len(cells)):
            read(row)

    for row, switches in enumerate(cells):
        for position, switch in enumerate(switches):
            switch.observe(lambda _, row=row, position=position: switched(row, position), names="value")
        read(row)
    right, ones = _button("right"), _button("ones")
    right.on_click(lambda _: set_all(batch.mask))
    ones.on_click(lambda _: set_all([[1] * len(row) for row in batch.mask]))
    rows = []
    for switches, result in zip(cells, results, strict=True):
        line = ipywidgets.GridBox(
            list(switches),
            layout=ipywidgets.Layout(
                grid_template_columns=f"repeat({len(switches)}, minmax(48px, 1fr))",
                max_width=f"{WIDEST_CELL * len(switches)}px",
            ),
        )
        rows.append(ipywidgets.VBox([line, result], layout=ipywidgets.Layout(margin="0 0 10px 0")))
    look = ipywidgets.HTML(f"<style>{LOOK}</style>", layout=ipywidgets.Layout(display="none"))
    widget = ipywidgets.VBox([*rows, ipywidgets.HBox([right, ones]), look])
    widget.add_class("course-mask-board")
    for result in results:
        result.add_class("course-mask-result")
    return MaskBoard(batch, cells, results, right, ones, widget)


def show_mask_board(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, sentences: Sequence[str]) -> None:
    """Show `mask_board`; a reader without a kernel sees the batch with the tokenizer's mask and its answers.

    Args and errors as for `mask_board`.
    """
    board = mask_board(tokenizer, model, sentences)
    batch = board.batch
    still = batch_grid(batch.tokens, batch.mask) + "".join(result.value for result in board.results)
    show(board.widget, still, text=batch_words(batch.tokens, batch.mask))


def _switch(token: str, real: int) -> ipywidgets.ToggleButton:
    switch = ipywidgets.ToggleButton(
        value=bool(real), layout=ipywidgets.Layout(width="auto", padding="0", margin="1px"), tooltip=token
    )
    switch.add_class("course-mask-cell")
    _paint(switch, token, real)
    return switch


def _paint(switch: ipywidgets.ToggleButton, token: str, real: int) -> None:
    """What a switch says: its entry in the mask and its token; the colour says the same once more."""
    short = token if len(token) <= LONGEST_LABEL else token[: LONGEST_LABEL - 1] + "…"
    switch.description = f"{int(switch.value)} {short}"
    switch.button_style = ("info" if real else "warning") if switch.value else ""


def _button(name: str) -> ipywidgets.Button:
    button = ipywidgets.Button(
        description=text(f"mask_board.{name}"), layout=ipywidgets.Layout(width="auto", margin="1px 8px 1px 1px")
    )
    button.add_class(f"course-mask-{name}")
    return button


def _alone(model: PreTrainedModel, ids: Sequence[int], mask: Sequence[int]) -> float:
    own = [number for number, real in zip(ids, mask, strict=True) if real]
    return float(probabilities(model, [own])[0, -1])


def _answer(model: PreTrainedModel, batch: PaddedBatch, row: int, mask: Sequence[int], label: str, alone: float) -> str:
    cut = " " + text("mask_board.cut", number=batch.cut[row]) if batch.cut[row] else ""
    if not any(mask):
        return _line(text("mask_board.nothing") + cut, None)
    probability = float(probabilities(model, [batch.ids[row]], [mask])[0, -1])
    words = text(
        "mask_board.answer",
        row=row + 1,
        label=label,
        probability=probability,
        alone=alone,
        attended=sum(mask),
        positions=len(mask),
    )
    return _line(words + cut, probability)


def _line(words: str, probability: float | None) -> str:
    """A line of words with a bar of the probability's length before it."""
    drawn = "" if probability is None else bar((probability, BLUE), width=160, frame=True)
    return panel("mask-answer", drawn, escape(words))
