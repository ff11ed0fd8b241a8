"""The path of one sentence through tokenizer, model and softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.markup import bar, chip, is_special, panel, small, token_row
from course_utils.messages import text
from course_utils.palette import BLUE, GREEN, GREY, INK, ORANGE, PAPER, PURPLE, VERMILION
from course_utils.picture import Picture
from course_utils.sentence_path import SentencePath

SHOWN_TOKENS = 16
SHOWN_NUMBERS = 8
STAGE_COLOURS = {"tokenizer": BLUE, "model": PURPLE, "softmax": GREEN}


def draw_path(path: SentencePath) -> Picture:
    """One sentence from text to label: text, tokens, ids, vectors, logits, probabilities.

    Of a long sentence the first 16 tokens are drawn, of each vector the first 8 numbers.

    Args:
        path: the values, from `course_utils.sentence_path.follow`.
    Returns:
        A picture 12 x 7 inches; every value stands in it as text or as the length of a bar.

    >>> import torch
    >>> path = SentencePath("I hate this", ["i", "hate", "this"], [1045, 5223, 2023], torch.zeros(3, 4),
    ...                     torch.tensor([2., -2.]), torch.tensor([0.98, 0.02]), ["NEGATIVE", "POSITIVE"])
    >>> [t.get_text() for t in draw_path(path).figure.axes[0].texts][:4]
    ['“I hate this”', 'i', '1045', 'hate']
    """
    tokens, ids = path.tokens[:SHOWN_TOKENS], path.ids[:SHOWN_TOKENS]
    left_out = len(path.tokens) - len(tokens)
    figure = Figure(figsize=(12, 7))
    grid = figure.add_gridspec(
        3,
        2,
        height_ratios=[2.0, 1.9, 1.7],
        hspace=0.6,
        wspace=0.35,
        left=0.1,
        right=0.98,
        top=0.93,
        bottom=0.07,
    )
    _draw_tokens(figure.add_subplot(grid[0, :]), path.sentence, tokens, ids, left_out)
    _draw_vectors(figure.add_subplot(grid[1, :]), path, len(tokens))
    colours = [VERMILION if i == 0 else BLUE for i in range(len(path.labels))]
    logits, probabilities = figure.add_subplot(grid[2, 0]), figure.add_subplot(grid[2, 1])
    _draw_bars(logits, path.labels, path.logits.tolist(), colours, "{:+.2f}")
    _draw_bars(probabilities, path.labels, path.probabilities.tolist(), colours, "{:.2f}", limits=(0, 1))
    probabilities.set_xticks([0, 0.25, 0.5, 0.75, 1])
    for axes, stage, words in (
        (figure.axes[0], "tokenizer", None),
        (
            figure.axes[1],
            "model",
            text(
                "draw_sentence_path.vectors",
                shown=min(SHOWN_NUMBERS, path.vectors.shape[-1]),
                hidden=path.vectors.shape[-1],
            ),
        ),
        (logits, "model", text("draw_sentence_path.logits")),
        (probabilities, "softmax", text("draw_sentence_path.probabilities")),
    ):
        _tag(axes, stage, words)
    return Picture(figure, path_words(path))


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
        name = chip(text(f"draw_sentence_path.stage_{stage}"), tint="white", edge=STAGE_COLOURS[stage])
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
        axes.text(position + 0.5, 1.45, token, ha="center", va="center", fontsize=_fitting(token), bbox=box)
        axes.text(position + 0.5, 0.55, str(number), ha="center", va="center", fontsize=11, color=INK)
    if left_out:
        axes.text(len(tokens) + 0.1, 1.45, f"+{left_out}", va="center", fontsize=13)


def _draw_vectors(axes: Axes, path: SentencePath, tokens: int) -> None:
    values = path.vectors[:tokens, :SHOWN_NUMBERS].T
    reach = float(values.abs().max()) or 1.0
    axes.imshow(
        values.tolist(),
        cmap="PuOr",
        vmin=-reach,
        vmax=reach,
        aspect="auto",
        extent=(0, tokens, values.shape[0], 0),
    )
    axes.set_xlim(0, max(tokens, 6) + (1 if len(path.tokens) > tokens else 0))
    axes.set_xticks([i + 0.5 for i in range(tokens)], [str(i) for i in range(tokens)], fontsize=10)
    axes.set_yticks([])
    for edge in ("left", "bottom"):
        axes.spines[edge].set_visible(False)
    axes.set_xlabel(text("draw_sentence_path.position"), fontsize=11)


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


def _tag(axes: Axes, stage: str, words: str | None) -> None:
    """The name of a stage in a box above a panel, with what the panel shows beside it."""
    axes.annotate(
        text(f"draw_sentence_path.stage_{stage}"),
        (0, 1),
        xycoords="axes fraction",
        xytext=(2, 12),
        textcoords="offset points",
        fontsize=14,
        color=INK,
        va="center",
        bbox={
            "boxstyle": "round,pad=0.3",
            "facecolor": "white",
            "edgecolor": STAGE_COLOURS[stage],
            "linewidth": 2.5,
        },
    )
    if words:
        axes.annotate(
            words,
            (0, 1),
            xycoords="axes fraction",
            xytext=(110, 12),
            textcoords="offset points",
            fontsize=13,
            va="center",
        )


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


def _fitting(token: str) -> float:
    return 12 if len(token) <= 7 else max(7.0, 12 * 7 / len(token))
