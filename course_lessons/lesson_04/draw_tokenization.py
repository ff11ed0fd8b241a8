"""Tokenizers compared: what merges make of words, what a vocabulary costs, and two readings of one text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_lessons.lesson_04.tokenization import Piece, Reading
from course_utils.markup import small
from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREEN, GREY, HTML_FONT, INK, ORANGE, PAPER, PURPLE, VERMILION

SHOWN_PIECES = 120
TINTS = ("#d6e8f5", "#fbe8c4", "#d2efe5", "#f5dfeb")
EDGES = {
    "word": f"solid {BLUE}",
    "continued": f"dotted {BLUE}",
    "part": f"dotted {PURPLE}",
    "unknown": f"double {VERMILION}",
    "special": f"dashed {GREY}",
}
FAMILY_COLOURS = (VERMILION, GREEN, BLUE, PURPLE)
FAMILY_MARKS = ("s", "^", "o", "D")

Pair = tuple[str, str]
Step = tuple[Pair, int, Mapping[tuple[str, ...], int]]
Measured = tuple[int, float, float]


def draw_merges(steps: Sequence[Step]) -> Figure:
    """Words growing together: one row for each merge, the newly made piece in colour.

    Args:
        steps: for each merge the pair, how often it stood side by side, and the words after it as pieces with their
            counts; at least one step, the same words in the same order in each.
    Raises:
        CourseError: no step, or words that are not those of the first step.

    >>> figure = draw_merges([(("f", "i"), 3, {("fi", "t"): 3}), (("fi", "t"), 3, {("fit",): 3})])
    >>> [round(box.get_width(), 1) for box in figure.axes[0].patches]  # three letters, then 2 + 1, then all 3
    [0.8, 0.8, 0.8, 1.8, 0.8, 2.8]
    """
    spelled = _spelled(steps)
    start = {tuple(word): 0 for word in spelled}
    rows: list[tuple[str, str, Sequence[Sequence[str]]]] = [(text("views_tokenizers.letters"), "", list(start))]
    for number, (pair, count, words) in enumerate(steps, 1):
        label = text("views_tokenizers.merge", number=number, first=pair[0], second=pair[1], count=count)
        rows.append((label, "".join(pair), list(words)))
    margin, gap = 12.0, 1.4
    width = margin + sum(len(word) + gap for word in spelled)
    figure = Figure(figsize=(12, 0.5 * len(rows) + 0.3))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(len(rows), 0)
    axes.axis("off")
    for row, (label, new, words) in enumerate(rows):
        axes.text(0.2, row + 0.5, label, va="center", fontsize=14)
        left = margin
        for word, pieces in zip(spelled, words, strict=True):
            _draw_pieces(axes, left, row, pieces, new)
            left += len(word) + gap
    return figure


def describe_merges(steps: Sequence[Step]) -> str:
    """What `draw_merges` shows, in words.

    >>> describe_merges([(("f", "i"), 3, {("fi", "t"): 3})])
    'Words after each merge. 1: f + i (3 times) gives fi t.'
    """
    parts = [
        text(
            "views_tokenizers.merge_words",
            number=number,
            first=pair[0],
            second=pair[1],
            count=count,
            words=", ".join(" ".join(pieces) for pieces in words),
        )
        for number, (pair, count, words) in enumerate(steps, 1)
    ]
    return " ".join([text("views_tokenizers.merges_alt"), *parts])


def draw_trade_off(families: Mapping[str, Sequence[Measured]]) -> Figure:
    """Vocabulary size against sequence length (left) and against unknowns (right), one line for each way to cut.

    Args:
        families: name of the way: one (entries, tokens for a word, share of tokens that are unknown) for each
            vocabulary measured. Entries above 0, tokens for a word at least 0, share from 0 to 1.
    Raises:
        CourseError: nothing to draw, or a number outside its range.

    >>> figure = draw_trade_off({"characters": [(46, 4.5, 0.0)], "words": [(500, 1.2, 0.2), (1800, 1.2, 0.1)]})
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['characters', 'words']
    """
    _check_families(families)
    figure = Figure(figsize=(12, 4.8))
    length, unknown = figure.subplots(1, 2)
    for place, (name, measured) in enumerate(families.items()):
        points = sorted(measured)
        sizes = [entries for entries, _, _ in points]
        look: dict[str, Any] = {
            "color": FAMILY_COLOURS[place % len(FAMILY_COLOURS)],
            "marker": FAMILY_MARKS[place % len(FAMILY_MARKS)],
            "markersize": 10,
            "linewidth": 2,
            "label": name,
        }
        length.plot(sizes, [tokens for _, tokens, _ in points], **look)
        unknown.plot(sizes, [100 * share for _, _, share in points], **look)
    for axes, title in ((length, "views_tokenizers.length"), (unknown, "views_tokenizers.unknown")):
        axes.set_xscale("log")
        axes.set_xlabel(text("views_tokenizers.entries"), fontsize=14)
        axes.set_title(text(title), fontsize=15, loc="left")
        axes.set_ylim(bottom=0)
        axes.margins(y=0.12)
        axes.set_ylim(bottom=-0.02 * axes.get_ylim()[1])
        ticks = sorted({entries for measured in families.values() for entries, _, _ in measured})
        axes.set_xticks(_apart(ticks), [f"{tick:,}" for tick in _apart(ticks)])
        axes.minorticks_off()
    length.legend(fontsize=14, frameon=False)
    figure.tight_layout(w_pad=3)
    return figure


def describe_trade_off(families: Mapping[str, Sequence[Measured]]) -> str:
    """What `draw_trade_off` shows, in words.

    >>> describe_trade_off({"characters": [(46, 4.51, 0.0)]}).split(". ")[1]
    'characters: 46 entries, 4.51 tokens a word, 0 % unknown.'
    """
    _check_families(families)
    parts = []
    for name, measured in families.items():
        points = "; ".join(
            text("views_tokenizers.point", entries=entries, tokens=f"{tokens:.2f}", share=f"{100 * share:.0f}")
            for entries, tokens, share in sorted(measured)
        )
        parts.append(f"{name}: {points}.")
    return " ".join([text("views_tokenizers.trade_off_alt"), *parts])


def draw_tokens_per_word(values: Mapping[str, Mapping[str, float]]) -> Figure:
    """Tokens for a word as bars: one group for each tokenizer, one bar for each language.

    Args:
        values: tokenizer: language: tokens for a word, above 0; the same languages for all.
    Raises:
        CourseError: nothing to draw, or the languages differ.

    >>> figure = draw_tokens_per_word({"A": {"English": 1.3, "Korean": 6.0}, "B": {"English": 3.0, "Korean": 2.0}})
    >>> [float(bar.get_width()) for bar in figure.axes[0].patches]
    [1.3, 3.0, 6.0, 2.0]
    """
    names = list(values)
    languages = list(values[names[0]]) if names else []
    if not languages or any(list(row) != languages for row in values.values()):
        raise CourseError(text("views_tokenizers.no_bars"))
    figure = Figure(figsize=(11, 0.5 + 0.5 * len(names) * (len(languages) + 0.6)))
    axes = figure.add_subplot()
    for place, language in enumerate(languages):
        heights = [row + (place - (len(languages) - 1) / 2) * 0.8 / len(languages) for row in range(len(names))]
        bars = axes.barh(
            heights,
            [values[name][language] for name in names],
            height=0.74 / len(languages),
            color=(BLUE, ORANGE, GREEN, PURPLE)[place % 4],
            label=language,
        )
        axes.bar_label(bars, [f"{language} {values[name][language]:.1f}" for name in names], padding=5, fontsize=14)
    axes.set_yticks(range(len(names)), names, fontsize=14)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2 * max(max(row.values()) for row in values.values()))
    axes.set_xlabel(text("views_tokenizers.length"), fontsize=14)
    figure.tight_layout()
    return figure


def describe_tokens_per_word(values: Mapping[str, Mapping[str, float]]) -> str:
    """What `draw_tokens_per_word` shows, in words.

    >>> describe_tokens_per_word({"A": {"English": 1.25, "Korean": 6.0}})
    'Tokens for a word, as bars. A: English 1.2, Korean 6.0.'
    """
    rows = (
        f"{name}: {', '.join(f'{language} {value:.1f}' for language, value in row.items())}."
        for name, row in values.items()
    )
    return " ".join([text("views_tokenizers.bars_alt"), *rows])


def reading_html(name: str, reading: Reading) -> str:
    """One tokenizer's reading of a text as HTML: counts, then every token with its id and the characters it covers.

    Tokens of one word share a tint. The border tells the kind; the words below the counts name what occurs.

    >>> from course_lessons.lesson_04.tokenization import Piece, Reading
    >>> html = reading_html("mine", Reading("Hi", (Piece("hi", 7632, "Hi", "word", 0),)))
    >>> "1 tokens" in html, "7632" in html
    (True, True)
    """
    shown = reading.pieces[:SHOWN_PIECES]
    notes = []
    if len(reading.pieces) > len(shown):
        notes.append(text("views_tokenizers.more", number=len(reading.pieces) - len(shown)))
    if reading.left_out:
        notes.append(text("views_tokenizers.left_out", number=reading.left_out))
    chips = "".join(_chip(piece) for piece in shown)
    return (
        f'<div class="course-reading" style="font-family:{HTML_FONT};font-size:16px;color:{INK};background:white;'
        f'padding:8px;border:1px solid {GREY}"><div><b>{escape(name)}</b></div>'
        f"{small(_counts(reading))}<div>{chips}</div>{_legend(reading)}{small(' '.join(notes))}</div>"
    )


def describe_reading(name: str, reading: Reading) -> str:
    """One tokenizer's reading of a text in words.

    >>> from course_lessons.lesson_04.tokenization import Piece, Reading
    >>> describe_reading("mine", Reading("Hi", (Piece("hi", 7632, "Hi", "word", 0),)))
    'mine: 1 tokens for 1 words and 2 characters, 0 unknown: hi'
    """
    tokens = " ".join(piece.token for piece in reading.pieces[:SHOWN_PIECES])
    return f"{name}: {_counts(reading)}: {tokens}"


def _counts(reading: Reading) -> str:
    return text(
        "views_tokenizers.counts",
        tokens=reading.tokens,
        words=reading.words,
        characters=len(reading.text),
        unknown=reading.unknown,
    )


def _chip(piece: Piece) -> str:
    """A token, its id and what it covers, one below the other; a space is drawn as ␣ so that it can be seen."""
    tint = PAPER if piece.word is None or piece.kind == "special" else TINTS[piece.word % len(TINTS)]
    covers = escape(piece.covers.replace(" ", "␣").replace("\n", "⏎")) if piece.covers else "&nbsp;"
    title = text(f"views_tokenizers.kind_{piece.kind}")
    return (
        f'<span title="{escape(title, quote=True)}" style="display:inline-block;text-align:center;margin:3px;'
        f"padding:2px 7px;color:{INK};background:{tint};border:3px {EDGES[piece.kind]};border-radius:6px;"
        f'line-height:1.3;vertical-align:top"><b>{escape(piece.token)}</b>'
        f'<br><span style="font-size:14px">{piece.id}</span>'
        f'<br><span style="font-size:14px">{covers}</span></span> '
    )


def _legend(reading: Reading) -> str:
    """The kinds that occur, each in its border with its meaning."""
    kinds = [kind for kind in EDGES if any(piece.kind == kind for piece in reading.pieces)]
    return "".join(
        f'<span style="display:inline-block;font-size:14px;margin:4px 10px 0 0"><span style="border:3px {EDGES[kind]};'
        f'border-radius:6px;padding:0 6px">&nbsp;</span> {escape(text(f"views_tokenizers.kind_{kind}"))}</span> '
        for kind in kinds
    )


def _draw_pieces(axes: Any, left: float, row: int, pieces: Sequence[str], new: str) -> None:
    for piece in pieces:
        box = FancyBboxPatch(
            (left + 0.1, row + 0.18),
            len(piece) - 0.2,
            0.64,
            boxstyle="round,pad=0,rounding_size=0.15",
            facecolor="#fbe8c4" if piece == new else PAPER,
            edgecolor=VERMILION if piece == new else GREY,
            linewidth=2 if piece == new else 1,
        )
        axes.add_patch(box)
        for place, letter in enumerate(piece):  # one by one: letters stay in their columns, and no font joins them
            axes.text(left + place + 0.5, row + 0.5, letter, ha="center", va="center", fontsize=13)
        left += len(piece)


def _spelled(steps: Sequence[Step]) -> list[str]:
    """The words of all steps, letters joined; a CourseError where they are not the same throughout."""
    rows = [["".join(pieces) for pieces in words] for _, _, words in steps]
    if not rows or not rows[0] or any(row != rows[0] for row in rows):
        raise CourseError(text("views_tokenizers.no_merges"))
    return rows[0]


def _check_families(families: Mapping[str, Sequence[Measured]]) -> None:
    points = [point for measured in families.values() for point in measured]
    if not points or not all(
        entries > 0 and 0 <= tokens < float("inf") and 0 <= share <= 1 for entries, tokens, share in points
    ):
        raise CourseError(text("views_tokenizers.no_trade_off"))


def _apart(ticks: Sequence[int]) -> list[int]:
    """Ticks that stand at least a third of their value apart, so that their labels do not touch."""
    kept: list[int] = []
    for tick in ticks:
        if not kept or tick >= 1.9 * kept[-1]:
            kept.append(tick)
    return kept
