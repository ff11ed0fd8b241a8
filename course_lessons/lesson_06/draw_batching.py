"""Batches drawn by their positions: what holds a token, what is padding, and in which order lengths come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lessons.lesson_06.batching import STRATEGIES, TokenCount, count_tokens
from course_utils.markup import bar, legend, panel, small
from course_utils.messages import CourseError, brief, text
from course_utils.palette import BLUE, GREY, INK, ORANGE
from course_utils.picture import Picture

HATCH = "////"
HATCHED = f"repeating-linear-gradient(135deg,{ORANGE} 0 2px,white 2px 6px)"
"""A background of orange stripes, for padding."""
MOST_ROWS = 64
"""Rows of a batch that are drawn in HTML at most; of more rows an even choice is drawn."""
PIXELS = 640
"""Width of the widest table in HTML."""
MARKS = ("mean", "longest")
"""Marked lengths that have a name in the learner's language."""


@dataclass(frozen=True)
class DrawnBatch:
    """One batch to be drawn.

    Attributes:
        name: what stands above it; one of `STRATEGIES` stands there in the learner's language.
        lengths: tokens of each row.
        width: length to which all rows are padded; not below the longest row.

    >>> DrawnBatch("longest of the batch", (3, 5), 5).count.share
    0.8
    """

    name: str
    lengths: tuple[int, ...]
    width: int

    def __post_init__(self) -> None:
        if self.lengths and max(self.lengths) > self.width:
            raise CourseError(text("batching.longer_than_pad_to", longest=max(self.lengths), pad_to=brief(self.width)))

    @property
    def count(self) -> TokenCount:
        """Real tokens and positions of this batch."""
        return count_tokens(self.lengths, [range(len(self.lengths))] if self.lengths else [], pad_to=self.width)


def draw_lengths(lengths: Sequence[int], marked: Mapping[str, int]) -> Picture:
    """How many rows have how many tokens, with some lengths marked.

    Args:
        lengths: tokens of each row.
        marked: lengths to mark by a line, by what to write at it; `MARKS` stand there in the learner's language.

    >>> picture = draw_lengths([3, 3, 5], {"mean": 4})
    >>> [float(bar.get_height()) for bar in picture.figure.axes[0].patches], picture.words
    ([2.0, 0.0, 1.0], 'Bars for 3 rows: from 3 to 5 tokens, most often 3. Marked: mean 4.')
    """
    figure = Figure(figsize=(10, 3.8))
    axes = figure.add_subplot()
    tokens = range(min(lengths, default=1), max(lengths, default=1) + 1)
    counted = [0] * len(tokens)
    for length in lengths:
        counted[length - tokens[0]] += 1
    axes.bar(tokens, counted, width=1.0, color=BLUE, edgecolor="white", linewidth=0.5)
    top = max(counted, default=1) or 1
    marked = {text(f"draw_batching.marks.{name}") if name in MARKS else name: each for name, each in marked.items()}
    axes.set_ylim(0, 1.25 * top)
    for name, length in marked.items():
        axes.axvline(length, color=INK, linewidth=2, linestyle="--")
        axes.annotate(
            f"{name} {length}", (length, 1.22 * top), xytext=(-6, 0), textcoords="offset points", ha="right", va="top"
        )
    axes.set_xlim(0, max([*tokens, *marked.values()]) * 1.03)
    axes.set_xlabel(text("draw_batching.tokens"))
    axes.set_ylabel(text("draw_batching.rows"))
    figure.tight_layout()
    words = text(
        "draw_batching.lengths_words",
        rows=len(lengths),
        shortest=min(lengths),
        longest=max(lengths),
        most=max(sorted(set(lengths)), key=list(lengths).count),
        marked=", ".join(f"{name} {length}" for name, length in marked.items()),
    )
    return Picture(figure, words)


def draw_batches(batches: Sequence[DrawnBatch]) -> Picture:
    """Batches beside each other on one scale: every row a bar, its tokens filled, its padding hatched.

    >>> picture = draw_batches([DrawnBatch("mine", (3, 5), 5)])
    >>> [float(bar.get_width()) for bar in picture.figure.axes[0].patches]
    [3.0, 5.0, 2.0, 0.0]
    >>> picture.words
    'Batches as tables, tokens filled, padding hatched. mine: 2 x 5 positions, 0.80 real.'
    """
    across = 2 if len(batches) > 1 else 1
    down = -(-len(batches) // across)
    figure = Figure(figsize=(11, 0.8 + 3.7 * down))
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    panels = list(grid.flat)
    for axes, batch in zip(panels, batches, strict=False):
        _draw_batch(axes, batch)
    for axes in panels[len(batches) :]:
        axes.set_visible(False)
    tallest = max((len(batch.lengths) for batch in batches), default=1)
    widest = max((batch.width for batch in batches), default=1)
    panels[0].set_xlim(0, widest * 1.02)
    panels[0].set_ylim(tallest, 0)
    for axes in grid[-1]:
        axes.set_xlabel(text("draw_batching.positions"))
    for axes in grid[:, 0]:
        axes.set_ylabel(text("draw_batching.rows_of_batch"))
    figure.tight_layout()
    listed = "; ".join(_title(batch) for batch in batches)
    return Picture(figure, text("draw_batching.batches_words", batches=listed))


def _draw_batch(axes: Axes, batch: DrawnBatch) -> None:
    middles = [row + 0.5 for row in range(len(batch.lengths))]
    padding = [batch.width - length for length in batch.lengths]
    axes.barh(middles, batch.lengths, height=1.0, color=BLUE, edgecolor="white", linewidth=0.4)
    axes.barh(
        middles,
        padding,
        left=batch.lengths,
        height=1.0,
        facecolor="white",
        edgecolor=ORANGE,
        hatch=HATCH,
        linewidth=0.0,
    )
    axes.set_title(_title(batch), fontsize=13, loc="left")


def _title(batch: DrawnBatch) -> str:
    return text(
        "draw_batching.batch_title",
        name=_shown(batch.name),
        rows=len(batch.lengths),
        width=batch.width,
        share=f"{batch.count.share:.2f}",
    )


def _shown(name: str) -> str:
    """A way to form batches as the learner calls it; any other name as it is.

    >>> _shown("longest"), _shown("mine")
    ('longest of batch', 'mine')
    """
    return text(f"draw_batching.{name}") if name in STRATEGIES else name


def draw_order(lengths: Sequence[int], plans: Mapping[str, Sequence[Sequence[int]]]) -> Picture:
    """The lengths that the model meets, step by step: for each batch a bar from its shortest to its longest row and a
    dot at the mean.

    Args:
        lengths: tokens of each row.
        plans: the batches of an epoch in their order, by the name of the plan; each batch has a row. One of
            `STRATEGIES` stands there in the learner's language.

    >>> picture = draw_order([3, 5, 9], {"as it is": [[0, 1], [2]]})
    >>> picture.figure.axes[0].collections[-1].get_offsets()[:, 1].tolist(), picture.words
    ([4.0, 9.0], 'Lengths step by step. as it is: 2 batches, mean length from 4 to 9.')
    """
    figure = Figure(figsize=(10, 0.8 + 2.2 * len(plans)))
    panels = figure.subplots(len(plans), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, (name, plan) in zip(panels, plans.items(), strict=True):
        inside = [[lengths[row] for row in batch] for batch in plan]
        steps = range(1, len(inside) + 1)
        axes.vlines(steps, [min(b) for b in inside], [max(b) for b in inside], color=GREY, linewidth=2.5, alpha=0.6)
        axes.scatter(steps, [sum(b) / len(b) for b in inside], color=BLUE, s=22, zorder=3)
        axes.set_title(_shown(name), fontsize=13, loc="left")
        axes.set_ylim(0, max(lengths) * 1.05)
    panels[-1].set_xlabel(text("draw_batching.step"))
    panels[len(plans) // 2].set_ylabel(text("draw_batching.tokens"))
    figure.tight_layout()
    parts = []
    for name, plan in plans.items():
        means = [sum(lengths[row] for row in batch) / len(batch) for batch in plan]
        parts.append(
            text(
                "draw_batching.order_part",
                name=_shown(name),
                batches=len(plan),
                low=round(min(means)),
                high=round(max(means)),
            )
        )
    return Picture(figure, text("draw_batching.order_words", plans="; ".join(parts)))


def batch_html(batch: DrawnBatch, widest: int) -> str:
    """One batch as HTML: a line of words, then every row as a bar, tokens filled, padding hatched.

    Args:
        batch: the batch; of more than 64 rows every second, third and so on is drawn.
        widest: the length that takes the full width, so that batches can be compared.

    >>> html = batch_html(DrawnBatch("batch 1 of 9", (3, 5), 5), widest=10)
    >>> html.count("display:block"), "2 x 5 positions, 0.80 real" in html
    (2, True)
    """
    scale = PIXELS / max(widest, batch.width, 1)
    every = -(-len(batch.lengths) // MOST_ROWS) or 1
    shown = batch.lengths[::every]
    high = 14 if len(shown) <= 16 else 9 if len(shown) <= 32 else 6
    bars = [
        bar((length, BLUE), (batch.width - length, HATCHED), width=scale, height=high, line=True) for length in shown
    ]
    part = text("draw_batching.some_rows", drawn=len(shown), rows=len(batch.lengths))
    return panel(
        "batch",
        legend({text("draw_batching.token"): BLUE, text("draw_batching.padding"): HATCHED}),
        f"<div>{escape(_title(batch))}</div>",
        *bars,
        small(part if every > 1 else ""),
    )


def epoch_html(name: str, counted: TokenCount) -> str:
    """A whole epoch in words and as one bar: how many batches and positions, and the share of real tokens.

    >>> epoch_html("longest", TokenCount(real=30, positions=40, batches=2)).count("0.75")
    1
    """
    words = text(
        "draw_batching.epoch",
        name=name,
        batches=f"{counted.batches:,}",
        positions=f"{counted.positions:,}",
        padding=f"{counted.padding:,}",
        share=f"{counted.share:.2f}",
    )
    shares = ((counted.share, BLUE), (1 - counted.share, HATCHED))
    return panel("epoch", escape(words), bar(*shares, width=PIXELS, height=18, frame=True, line=True))
