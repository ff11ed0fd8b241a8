"""Tokenizers compared: what merges make of words, what a vocabulary costs, and one text cut by two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_lessons.lesson_04.tokenization import Piece, TokenizedText
from course_utils.figure_style import draw_lines
from course_utils.markup import chip, panel, small
from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREEN, GREY, ORANGE, PAGE, PAPER, PURPLE, SOFT, VERMILION
from course_utils.picture import Picture

SHOWN_PIECES = 120
TINTS = ("#d6e8f5", "#fbe8c4", "#d2efe5", "#f5dfeb")
BORDERS = {
    "word": ("solid", BLUE),
    "continued": ("dotted", BLUE),
    "part": ("dotted", PURPLE),
    "unknown": ("double", VERMILION),
    "special": ("dashed", GREY),
}
VISIBLE = str.maketrans({" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"})
"""White space, and the sign that is drawn for it."""
FAMILY_LOOKS = ((VERMILION, "s", "-"), (GREEN, "^", "-"), (BLUE, "o", "-"), (PURPLE, "D", "-"))

Pair = tuple[str, str]
Step = tuple[Pair, int, Mapping[tuple[str, ...], int]]
Measured = tuple[int, float, float]


def known_as(name: str) -> str:
    """A name of the lesson's cells, of a tokenizer, a language or a way to cut, as the learner's language has it.

    Any other name stays as it is.

    >>> known_as("words"), known_as("mine")
    ('words', 'mine')
    """
    try:
        return text(f"draw_tokenization.names.{name}")
    except KeyError:
        return name


def draw_merges(steps: Sequence[Step]) -> Picture:
    """Words growing together: one row for each merge, the newly made piece in colour.

    Args:
        steps: for each merge the pair, how often it stood side by side, and the words after it as pieces with their
            counts; at least one step, the same words in the same order in each.
    Raises:
        CourseError: no step, or words that are not those of the first step.

    >>> picture = draw_merges([(("f", "i"), 3, {("fi", "t"): 3}), (("fi", "t"), 3, {("fit",): 3})])
    >>> [round(box.get_width(), 1) for box in picture.figure.axes[0].patches]  # three letters, then 2 + 1, then all 3
    [0.8, 0.8, 0.8, 1.8, 0.8, 2.8]
    >>> picture.words.split(": ", 1)[1]
    'f + i (3 times) gives fi t. 2: fi + t (3 times) gives fit. Whole at the end: fit. Still in pieces: none.'
    """
    spelled = _spelled(steps)
    start = {tuple(word): 0 for word in spelled}
    rows: list[tuple[str, str, Sequence[Sequence[str]]]] = [(text("draw_tokenization.letters"), "", list(start))]
    for number, (pair, count, words) in enumerate(steps, 1):
        label = text("draw_tokenization.merge", number=number, first=pair[0], second=pair[1], count=count)
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
    parts = [
        text(
            "draw_tokenization.merge_line",
            number=number,
            first=pair[0],
            second=pair[1],
            count=count,
            words=", ".join(" ".join(pieces) for pieces in words),
        )
        for number, (pair, count, words) in enumerate(steps, 1)
    ]
    last = list(steps[-1][2])
    whole, pieces = ([" ".join(word) for word in last if (len(word) == 1) is wanted] for wanted in (True, False))
    none = text("draw_tokenization.none")
    end = text("draw_tokenization.merges_end", whole=", ".join(whole) or none, pieces=", ".join(pieces) or none)
    return Picture(figure, " ".join([text("draw_tokenization.merges_words"), *parts, end]))


def draw_trade_off(families: Mapping[str, Sequence[Measured]]) -> Picture:
    """Vocabulary size against fertility (left) and against unknowns (right), one line for each way to cut.

    Args:
        families: name of the way: one (entries, fertility, share of tokens that are unknown) for each vocabulary
            measured. Entries above 0, fertility at least 0, share from 0 to 1.
    Raises:
        CourseError: nothing to draw, or a number outside its range.

    >>> picture = draw_trade_off({"characters": [(46, 4.51, 0.0)], "words": [(500, 1.2, 0.2), (1800, 1.2, 0.1)]})
    >>> [line.get_label() for line in picture.figure.axes[0].lines], picture.words.split(". ")[1]
    (['characters', 'words'], 'characters: 46 entries, fertility 4.51, 0 % unknown')
    """
    _check_families(families)
    figure = Figure(figsize=(12, 4.8))
    fertility, unknown = figure.subplots(1, 2)
    points = {known_as(name): sorted(measured) for name, measured in families.items()}
    for axes, number, scale in ((fertility, 1, 1), (unknown, 2, 100)):
        lines = {name: [(point[0], scale * point[number]) for point in own] for name, own in points.items()}
        draw_lines(axes, lines, FAMILY_LOOKS, linewidth=2, markersize=10)
    for axes, title in ((fertility, "draw_tokenization.fertility"), (unknown, "draw_tokenization.unknown")):
        axes.set_xscale("log")
        axes.set_xlabel(text("draw_tokenization.entries"), fontsize=14)
        axes.set_title(text(title), fontsize=15, loc="left")
        axes.set_ylim(bottom=0)
        axes.margins(y=0.12)
        axes.set_ylim(bottom=-0.02 * axes.get_ylim()[1])
        ticks = sorted({entries for measured in families.values() for entries, _, _ in measured})
        axes.set_xticks(_apart(ticks), [f"{tick:,}" for tick in _apart(ticks)])
        axes.minorticks_off()
    fertility.legend(fontsize=14, frameon=False)
    figure.tight_layout(w_pad=3)
    listed = []
    for name, own in points.items():
        words = [
            text("draw_tokenization.point", entries=entries, tokens=f"{tokens:.2f}", share=f"{100 * share:.0f}")
            for entries, tokens, share in own
        ]
        listed.append(f"{name}: {'; '.join(words)}.")
    return Picture(figure, " ".join([text("draw_tokenization.trade_off_words"), *listed]))


def draw_fertility(values: Mapping[str, Mapping[str, float]]) -> Picture:
    """Fertility, the number of tokens for each word, as bars: one group for each tokenizer, one bar for each language.

    Args:
        values: tokenizer: language: fertility, above 0; the same languages for all.
    Raises:
        CourseError: nothing to draw, or the languages differ.

    >>> picture = draw_fertility({"A": {"English": 1.3, "Korean": 6.0}, "B": {"English": 3.0, "Korean": 2.0}})
    >>> [float(bar.get_width()) for bar in picture.figure.axes[0].patches]
    [1.3, 3.0, 6.0, 2.0]
    >>> picture.words
    'Fertility, the tokens for each word, as bars. A: English 1.3, Korean 6.0. B: English 3.0, Korean 2.0.'
    """
    values = {
        known_as(name): {known_as(language): tokens for language, tokens in row.items()} for name, row in values.items()
    }
    names = list(values)
    languages = list(values[names[0]]) if names else []
    if not languages or any(list(row) != languages for row in values.values()):
        raise CourseError(text("draw_tokenization.no_bars"))
    figure = Figure(figsize=(11, 0.5 + 0.5 * len(names) * (len(languages) + 0.6)))
    axes = figure.add_subplot()
    for number, language in enumerate(languages):
        heights = [row + (number - (len(languages) - 1) / 2) * 0.8 / len(languages) for row in range(len(names))]
        bars = axes.barh(
            heights,
            [values[name][language] for name in names],
            height=0.74 / len(languages),
            color=(BLUE, ORANGE, GREEN, PURPLE)[number % 4],
            label=language,
        )
        axes.bar_label(bars, [f"{language} {values[name][language]:.1f}" for name in names], padding=5, fontsize=14)
    axes.set_yticks(range(len(names)), names, fontsize=14)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2 * max(max(row.values()) for row in values.values()))
    axes.set_xlabel(text("draw_tokenization.fertility"), fontsize=14)
    figure.tight_layout()
    rows = (
        f"{name}: {', '.join(f'{language} {value:.1f}' for language, value in row.items())}."
        for name, row in values.items()
    )
    return Picture(figure, " ".join([text("draw_tokenization.fertility_words"), *rows]))


def tokenized_html(name: str, given: TokenizedText) -> str:
    """A text as one tokenizer cuts it, as HTML: counts, then every token with its id and the characters it covers.

    Tokens of one word share a tint. The border tells the kind; the words below the counts name what occurs.

    >>> from course_lessons.lesson_04.tokenization import Piece, TokenizedText
    >>> html = tokenized_html("mine", TokenizedText("Hi", (Piece("hi", 7632, "Hi", "word", 0),)))
    >>> "1 tokens" in html, "7632" in html
    (True, True)
    """
    shown = given.pieces[:SHOWN_PIECES]
    notes = []
    if len(given.pieces) > len(shown):
        notes.append(text("draw_tokenization.more", number=len(given.pieces) - len(shown)))
    if given.left_out:
        notes.append(text("draw_tokenization.left_out", number=given.left_out))
    return panel(
        "tokenized",
        f"<p><b>{escape(known_as(name))}</b></p>",
        small(_counts(given)),
        *(_chip(piece) for piece in shown),
        _legend(given),
        small(" ".join(notes)),
    )


def tokenized_words(name: str, given: TokenizedText) -> str:
    """A text as one tokenizer cuts it, in words.

    >>> from course_lessons.lesson_04.tokenization import Piece, TokenizedText
    >>> tokenized_words("mine", TokenizedText("Hi", (Piece("hi", 7632, "Hi", "word", 0),)))
    'mine: 1 tokens for 1 words and 2 characters, 0 unknown: hi'
    """
    tokens = " ".join(piece.token for piece in given.pieces[:SHOWN_PIECES])
    return f"{known_as(name)}: {_counts(given)}: {tokens}"


def _counts(given: TokenizedText) -> str:
    return text(
        "draw_tokenization.counts",
        tokens=given.tokens,
        words=given.words,
        characters=len(given.text),
        unknown=given.unknown,
    )


def _chip(piece: Piece) -> str:
    """A token, its id and what it covers, one below the other; white space is drawn as a sign that can be seen."""
    tint = SOFT if piece.word is None or piece.kind == "special" else TINTS[piece.word % len(TINTS)]
    covers = piece.covers.translate(VISIBLE)
    title = text(f"draw_tokenization.kind_{piece.kind}")
    border, edge = BORDERS[piece.kind]
    return chip(piece.token, str(piece.id), covers, tint=tint, edge=edge, border=border, title=title)


def _legend(given: TokenizedText) -> str:
    """The kinds that occur, each in its border with its meaning."""
    kinds = [kind for kind in BORDERS if any(piece.kind == kind for piece in given.pieces)]
    chips = []
    for kind in kinds:
        border, edge = BORDERS[kind]
        chips.append(chip(text(f"draw_tokenization.kind_{kind}"), tint=PAGE, edge=edge, border=border))
    return f"<div>{''.join(chips)}</div>"


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
        for offset, letter in enumerate(piece):  # one by one: letters stay in their columns, and no font joins them
            axes.text(left + offset + 0.5, row + 0.5, letter, ha="center", va="center", fontsize=13)
        left += len(piece)


def _spelled(steps: Sequence[Step]) -> list[str]:
    """The words of all steps, letters joined; a CourseError where they are not the same throughout."""
    rows = [["".join(pieces) for pieces in words] for _, _, words in steps]
    if not rows or not rows[0] or any(row != rows[0] for row in rows):
        raise CourseError(text("draw_tokenization.no_merges"))
    return rows[0]


def _check_families(families: Mapping[str, Sequence[Measured]]) -> None:
    points = [point for measured in families.values() for point in measured]
    if not points or not all(
        entries > 0 and 0 <= tokens < float("inf") and 0 <= share <= 1 for entries, tokens, share in points
    ):
        raise CourseError(text("draw_tokenization.no_trade_off"))


def _apart(ticks: Sequence[int]) -> list[int]:
    """Ticks that stand at least a third of their value apart, so that their labels do not touch."""
    kept: list[int] = []
    for tick in ticks:
        if not kept or tick >= 1.9 * kept[-1]:
            kept.append(tick)
    return kept
