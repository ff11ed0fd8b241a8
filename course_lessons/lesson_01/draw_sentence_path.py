"""The path of one sentence through tokenizer, model and softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle

from course_utils.markup import bar, chip, is_special, panel, small, token_row
from course_utils.messages import text
from course_utils.palette import BLUE, GREEN, GREY, INK, ORANGE, PAGE, PAPER, PURPLE, VERMILION
from course_utils.picture import Picture
from course_utils.sentence_path import SentencePath

if TYPE_CHECKING:
    from torch import Tensor

SHOWN_TOKENS = 16
SHOWN_NUMBERS = 8
STAGE_COLOURS = {"tokenizer": BLUE, "model": PURPLE, "softmax": GREEN}


def draw_path(path: SentencePath) -> Picture:
    """One sentence from text to label: text, tokens, ids, vectors, logits, probabilities.

    Of a long sentence the first 16 tokens are drawn, of each vector the 8 numbers that differ most between the tokens
    of this sentence before the first layer. One arrow leads from the first position to the logits, as in models whose
    head reads that position alone (BERT, DistilBERT).

    Args:
        path: the values, from `course_utils.sentence_path.follow`.
    Returns:
        A picture 12 x 8 inches; every value stands in it as text or as the length of a bar.

    >>> import torch
    >>> path = SentencePath("I hate this", ["i", "hate", "this"], [1045, 5223, 2023], torch.zeros(3, 4),
    ...                     torch.tensor([2., -2.]), torch.tensor([0.98, 0.02]), ["NEGATIVE", "POSITIVE"])
    >>> [t.get_text() for t in draw_path(path).figure.axes[0].texts][:4]
    ['“I hate this”', 'i', '1045', 'hate']
    """
    tokens, ids = path.tokens[:SHOWN_TOKENS], path.ids[:SHOWN_TOKENS]
    left_out = len(path.tokens) - len(tokens)
    figure = Figure(figsize=(12, 8))
    layers = ["vectors"] if path.embedded is None else ["embedded", "vectors"]
    heights = [1.9, *[1.0] * len(layers), 1.3]
    grid = figure.add_gridspec(
        len(heights), 2, height_ratios=heights, hspace=0.75, wspace=0.35, left=0.1, right=0.95, top=0.95, bottom=0.05
    )
    top = figure.add_subplot(grid[0, :])
    _draw_tokens(top, path.sentence, tokens, ids, left_out)
    _tag(top, "tokenizer", None)
    hidden = path.vectors.shape[-1]
    numbers = _telling_numbers(path)
    for row, name in enumerate(layers, start=1):
        axes = figure.add_subplot(grid[row, :])
        _draw_vectors(axes, getattr(path, name)[: len(tokens), numbers], len(path.tokens))
        words = text(f"draw_sentence_path.{name}", shown=len(numbers), hidden=hidden)
        _tag(axes, "model" if row == 1 else None, words)
    colours = [VERMILION if i == 0 else BLUE for i in range(len(path.labels))]
    logits, probabilities = figure.add_subplot(grid[-1, 0]), figure.add_subplot(grid[-1, 1])
    _draw_bars(logits, path.labels, path.logits.tolist(), colours, "{:+.2f}")
    _draw_bars(probabilities, path.labels, path.probabilities.tolist(), colours, "{:.2f}", limits=(0, 1))
    probabilities.set_xticks([0, 0.25, 0.5, 0.75, 1])
    _tag(logits, None, text("draw_sentence_path.logits"))
    _tag(probabilities, "softmax", text("draw_sentence_path.probabilities"))
    _draw_way_of_first(axes, logits)
    drawn = text("draw_sentence_path.drawn", shown=len(numbers), first=path.tokens[0])
    return Picture(figure, f"{path_words(path)} {drawn}")


def path_words(path: SentencePath) -> str:
    """The path of a sentence in words.

    >>> import torch
    >>> path = SentencePath("No", ["no"], [2053], torch.zeros(1, 4), torch.tensor([1., -1.]),
    ...                     torch.tensor([0.88, 0.12]), ["NEGATIVE", "POSITIVE"])
    >>> path_words(path).split(".")[0]
    'The path of one sentence: its text, 1 tokens and their ids, a vector of 4 numbers for each token'
    """
    return text(
        "draw_sentence_path.words",
        tokens=len(path.tokens),
        hidden=path.vectors.shape[-1],
        logits=_pairs(path.labels, path.logits.tolist(), "{:+.2f}"),
        probabilities=_pairs(path.labels, path.probabilities.tolist(), "{:.2f}"),
    )


def path_html(path: SentencePath) -> str:
    """The whole path of a sentence as HTML, for a view that changes while the learner types.

    >>> import torch
    >>> path = SentencePath("No", ["no"], [2053], torch.zeros(1, 4), torch.tensor([1., -1.]),
    ...                     torch.tensor([0.88, 0.12]), ["NEGATIVE", "POSITIVE"])
    >>> "NEGATIVE 0.88" in path_html(path)
    True
    """
    shown = path.tokens[:64]
    more = len(path.tokens) - len(shown)
    notes = [text("draw_sentence_path.more_tokens", number=more)] if more else []
    notes += [text("draw_sentence_path.cut", number=path.cut)] if path.cut else []
    bodies = {
        "tokenizer": token_row(shown, path.ids[: len(shown)]) + small(" ".join(notes)),
        "model": small(text("draw_sentence_path.vector_shape", tokens=len(path.tokens), hidden=path.vectors.shape[-1]))
        + _strips(path, len(shown))
        + small(text("draw_sentence_path.logits_line", logits=_pairs(path.labels, path.logits.tolist(), "{:+.2f}"))),
        "softmax": "".join(_bar(label, p) for label, p in zip(path.labels, path.probabilities.tolist(), strict=True)),
    }
    parts = []
    for stage, body in bodies.items():
        name = chip(text(f"draw_sentence_path.stage_{stage}"), tint=PAGE, edge=STAGE_COLOURS[stage])
        parts.append(f"<div><b>{name}</b>{body}</div>")
    return panel("path", *parts)


def _draw_tokens(axes: Axes, sentence: str, tokens: list[str], ids: list[int], left_out: int) -> None:
    axes.axis("off")
    axes.set_xlim(0, max(len(tokens), 6) + (1 if left_out else 0))
    axes.set_ylim(0, 3)
    quoted = wrap(f"“{sentence}”", 95)[:2] or ["“”"]
    axes.text(0, 2.45, "\n".join(quoted), fontsize=15, va="center")
    for position, (token, number) in enumerate(zip(tokens, ids, strict=True)):
        box = {
            "boxstyle": "round,pad=0.3",
            "facecolor": PAPER,
            "edgecolor": GREY if is_special(token) else BLUE,
            "linestyle": "--" if is_special(token) else "-",
        }
        shown, size = _fitting(token, width=10 / axes.get_xlim()[1])
        axes.text(position + 0.5, 1.45, shown, ha="center", va="center", fontsize=size, bbox=box)
        axes.text(position + 0.5, 0.55, str(number), ha="center", va="center", fontsize=11, color=INK)
    if left_out:
        axes.text(len(tokens) + 0.1, 1.45, f"+{left_out}", va="center", fontsize=13)


def _draw_vectors(axes: Axes, vectors: Tensor, tokens: int) -> None:
    """One column for each token, in shades of one scale with zero in its middle."""
    values = vectors.T
    reach = float(values.abs().max()) or 1.0
    drawn = values.shape[1]
    extent = (0, drawn, values.shape[0], 0)
    image = axes.imshow(values.tolist(), cmap="PuOr", vmin=-reach, vmax=reach, aspect="auto", extent=extent)
    for position in range(1, drawn):
        axes.axvline(position, color="white", linewidth=6)
    axes.set_xlim(0, max(drawn, 6) + (1 if tokens > drawn else 0))
    axes.set_xticks([])
    axes.set_yticks([])
    for edge in ("left", "bottom"):
        axes.spines[edge].set_visible(False)
    scale = axes.inset_axes((1.003, 0, 0.01, 1))
    bar = axes.figure.colorbar(image, cax=scale, ticks=[-reach, 0, reach])
    bar.ax.set_yticklabels([f"{-reach:.1f}", "0", f"{reach:.1f}"], fontsize=10)


def _telling_numbers(path: SentencePath) -> list[int]:
    """The numbers of a vector that differ most between the tokens of this sentence, in their order.

    >>> import torch
    >>> path = SentencePath("a b", ["a", "b"], [1, 2], torch.eye(2, 12), torch.zeros(2), torch.zeros(2), ["N", "P"])
    >>> _telling_numbers(path)[:2]
    [0, 1]
    """
    vectors = path.vectors if path.embedded is None else path.embedded
    spread = vectors.max(dim=0).values - vectors.min(dim=0).values
    return sorted(spread.argsort(descending=True, stable=True)[:SHOWN_NUMBERS].tolist())


def _draw_way_of_first(vectors: Axes, logits: Axes) -> None:
    """A frame around the vector of the first position, and the only arrow that leads on to the logits."""
    low, high = vectors.get_ylim()
    look = {"fill": False, "edgecolor": VERMILION, "linewidth": 3, "clip_on": False, "zorder": 5}
    frame = Rectangle((0, high), 1, low - high, **look)
    vectors.add_artist(frame)
    arrow = ConnectionPatch(
        (0.5, low),
        (0.1, 1.28),
        coordsA="data",
        coordsB="axes fraction",
        axesA=vectors,
        axesB=logits,
        arrowstyle="-|>",
        mutation_scale=20,
        color=VERMILION,
        linewidth=3,
    )
    vectors.figure.add_artist(arrow)
    vectors.annotate(
        text("draw_sentence_path.first_only"),
        (1, 0),
        xycoords=("data", "axes fraction"),
        xytext=(6, -12),
        textcoords="offset points",
        fontsize=12,
        va="top",
    )


def _draw_bars(
    axes: Axes,
    labels: Sequence[str],
    values: Sequence[float],
    colours: Sequence[str],
    form: str,
    limits: tuple[float, float] | None = None,
) -> None:
    bars = axes.barh(range(len(labels)), values, color=colours, height=0.6)
    axes.bar_label(bars, [form.format(v) for v in values], padding=4, fontsize=13)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    low, high = limits or (min(0.0, *values), max(0.0, *values))
    room = 0.2 * ((high - low) or 1.0)
    axes.set_xlim(low - (room if low < 0 else 0), high + room)
    axes.axvline(0, color=INK, linewidth=1)


def _tag(axes: Axes, stage: str | None, words: str | None) -> None:
    """The name of a stage in a box above a panel, and what the panel shows beside it."""
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "center"}
    if stage:
        box = {
            "boxstyle": "round,pad=0.3",
            "facecolor": "white",
            "edgecolor": STAGE_COLOURS[stage],
            "linewidth": 2.5,
        }
        name = text(f"draw_sentence_path.stage_{stage}")
        axes.annotate(name, (0, 1), xytext=(2, 14), fontsize=14, color=INK, bbox=box, **place)
    if words:
        axes.annotate(words, (0, 1), xytext=(110 if stage else 2, 14), fontsize=13, **place)


def _strips(path: SentencePath, tokens: int) -> str:
    """The first numbers of each token's vector as cells in five shades of size."""
    values = path.vectors[:tokens, :SHOWN_NUMBERS]
    reach = float(values.abs().max()) or 1.0
    columns = []
    for position, vector in enumerate(values.tolist()):
        cells = "".join(
            f'<div style="width:22px;height:9px;background:{ORANGE if v < 0 else PURPLE};'
            f'opacity:{math.ceil(5 * min(abs(v) / reach, 1)) / 5:.1f}"></div>'
            for v in vector
        )
        columns.append(
            f'<div title="{escape(path.tokens[position], quote=True)}" style="display:inline-block;margin:2px">'
            f"{cells}</div>"
        )
    return f'<div aria-hidden="true" style="line-height:0">{"".join(columns)}</div>'


def _bar(label: str, probability: float) -> str:
    colour = VERMILION if label.upper().startswith("NEG") else BLUE
    return f"<div>{bar((probability, colour), frame=True)}{escape(label)} {probability:.2f}</div>"


def _pairs(labels: Sequence[str], values: Sequence[float], form: str) -> str:
    return ", ".join(f"{label} {form.format(value)}" for label, value in zip(labels, values, strict=True))


def _fitting(token: str, width: float) -> tuple[str, float]:
    """A token and a size of type in which it fits into so many inches; the middle of a very long one is left out.

    >>> _fitting("hate", 1.2), _fitting("antidisestablishmentarianism", 0.6)
    (('hate', 12.0), ('ant…ism', 7))
    """
    room = (width - 0.16) * 72 / 0.62  # type that is one point high is about 0.62 points wide
    longest = int(room / 7)
    if len(token) > longest and longest >= 3:
        half = (longest - 1) // 2
        token = f"{token[:half]}…{token[len(token) - half :]}"
    return token, min(12.0, max(7, int(room / max(len(token), 1))))
