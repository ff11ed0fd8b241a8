"""Batches drawn by their places: what holds a token, what is padding, and in which order lengths come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lessons.lesson_06.batching import TokenCount, count_tokens
from course_utils.messages import CourseError, brief, text
from course_utils.palette import BLUE, GREEN, GREY, HTML_FONT, INK, ORANGE, PURPLE, VERMILION

HATCH = "////"
MOST_ROWS = 64
"""Rows of a batch that are drawn in HTML at most; of more rows an even choice is drawn."""
PIXELS = 640
"""Width of the widest table in HTML."""
LINES = ((VERMILION, "s", ":"), (ORANGE, "D", "--"), (BLUE, "o", "-"), (GREEN, "^", "-"), (PURPLE, "v", "-."))
"""Colour, mark and dash of each line: mark and dash say the same where colours look alike."""


@dataclass(frozen=True)
class DrawnBatch:
    """One batch to be drawn.

    Attributes:
        name: what stands above it.
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
            raise CourseError(
                text("batch_plans.longer_than_pad_to", longest=max(self.lengths), pad_to=brief(self.width))
            )

    @property
    def count(self) -> TokenCount:
        """Real tokens and places of this batch."""
        return count_tokens(self.lengths, [range(len(self.lengths))] if self.lengths else [], pad_to=self.width)


def draw_lengths(lengths: Sequence[int], marks: Mapping[str, int]) -> Figure:
    """How many rows have how many tokens, with some lengths marked.

    Args:
        lengths: tokens of each row.
        marks: lengths to mark by a line, by what to write at it.

    >>> figure = draw_lengths([3, 3, 5], {"mean": 4})
    >>> [float(bar.get_height()) for bar in figure.axes[0].patches]
    [2.0, 0.0, 1.0]
    """
    figure = Figure(figsize=(10, 3.8))
    axes = figure.add_subplot()
    places = range(min(lengths, default=1), max(lengths, default=1) + 1)
    counted = [0] * len(places)
    for length in lengths:
        counted[length - places[0]] += 1
    axes.bar(places, counted, width=1.0, color=BLUE, edgecolor="white", linewidth=0.5)
    top = max(counted, default=1) or 1
    axes.set_ylim(0, 1.25 * top)
    for name, place in marks.items():
        axes.axvline(place, color=INK, linewidth=2, linestyle="--")
        axes.annotate(
            f"{name} {place}", (place, 1.22 * top), xytext=(-6, 0), textcoords="offset points", ha="right", va="top"
        )
    axes.set_xlim(0, max([*places, *marks.values()]) * 1.03)
    axes.set_xlabel(text("views_batch_plans.tokens"))
    axes.set_ylabel(text("views_batch_plans.rows"))
    figure.tight_layout()
    return figure


def describe_lengths(lengths: Sequence[int], marks: Mapping[str, int]) -> str:
    """What `draw_lengths` shows, in words.

    >>> describe_lengths([3, 3, 5], {"mean": 4})
    'Bars for 3 rows: from 3 to 5 tokens, most often 3. Marked: mean 4.'
    """
    most = max(sorted(set(lengths)), key=list(lengths).count)
    listed = ", ".join(f"{name} {place}" for name, place in marks.items())
    return text(
        "views_batch_plans.lengths_alt",
        rows=len(lengths),
        shortest=min(lengths),
        longest=max(lengths),
        most=most,
        marks=listed,
    )


def draw_batches(batches: Sequence[DrawnBatch]) -> Figure:
    """Batches beside each other on one scale: every row a bar, its tokens filled, its padding hatched.

    >>> figure = draw_batches([DrawnBatch("longest", (3, 5), 5)])
    >>> [float(bar.get_width()) for bar in figure.axes[0].patches]
    [3.0, 5.0, 2.0, 0.0]
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
        axes.set_xlabel(text("views_batch_plans.places"))
    for axes in grid[:, 0]:
        axes.set_ylabel(text("views_batch_plans.rows_of_batch"))
    figure.tight_layout()
    return figure


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


def describe_batches(batches: Sequence[DrawnBatch]) -> str:
    """What `draw_batches` shows, in words.

    >>> describe_batches([DrawnBatch("longest", (3, 5), 5)])
    'Batches as tables, tokens filled, padding hatched. longest: 2 x 5 places, 0.80 real.'
    """
    return text("views_batch_plans.batches_alt", batches="; ".join(_title(batch) for batch in batches))


def _title(batch: DrawnBatch) -> str:
    return text(
        "views_batch_plans.batch_title",
        name=batch.name,
        rows=len(batch.lengths),
        width=batch.width,
        share=f"{batch.count.share:.2f}",
    )


def draw_shares(batch_sizes: Sequence[int], shares: Mapping[str, Sequence[float]]) -> Figure:
    """Share of real tokens against the batch size, one line for each way to form batches.

    Args:
        batch_sizes: rows of a batch, from small to large; drawn on a scale that doubles.
        shares: for each name as many shares as batch sizes, 0 to 1; at most five names.
    Raises:
        CourseError: a line has another number of points than there are batch sizes, or there are too many lines.

    >>> figure = draw_shares([1, 2], {"longest": [1.0, 0.9]})
    >>> figure.axes[0].lines[0].get_ydata().tolist()
    [1.0, 0.9]
    """
    if len(shares) > len(LINES) or any(len(line) != len(batch_sizes) for line in shares.values()):
        raise CourseError(text("views_batch_plans.unequal", sizes=len(batch_sizes), lines=len(shares), most=len(LINES)))
    figure = Figure(figsize=(10, 5))
    axes = figure.add_subplot()
    for (name, line), (colour, mark, dash) in zip(shares.items(), LINES, strict=False):
        axes.plot(batch_sizes, list(line), color=colour, marker=mark, linestyle=dash, linewidth=2, ms=8, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(batch_sizes, [str(size) for size in batch_sizes])
    axes.minorticks_off()
    axes.set_ylim(0, 1.05)
    axes.set_xlabel(text("views_batch_plans.batch_size"))
    axes.set_ylabel(text("views_batch_plans.share"))
    axes.legend(loc="lower left", frameon=False, ncols=2, fontsize=13)
    axes.grid(axis="y", alpha=0.3)
    figure.tight_layout()
    return figure


def describe_shares(batch_sizes: Sequence[int], shares: Mapping[str, Sequence[float]]) -> str:
    """What `draw_shares` shows, in words: where each line starts and ends.

    >>> describe_shares([1, 64], {"longest": [1.0, 0.64]})
    'Share of real tokens from batch size 1 to 64. longest: from 1.00 to 0.64.'
    """
    listed = ", ".join(
        text("views_batch_plans.from_to", name=name, first=f"{line[0]:.2f}", last=f"{line[-1]:.2f}")
        for name, line in shares.items()
    )
    return text("views_batch_plans.shares_alt", first=batch_sizes[0], last=batch_sizes[-1], lines=listed)


def draw_order(lengths: Sequence[int], plans: Mapping[str, Sequence[Sequence[int]]]) -> Figure:
    """The lengths that the model meets, step by step: for each batch a bar from its shortest to its longest row and a
    mark at the mean.

    Args:
        lengths: tokens of each row.
        plans: the batches of an epoch in their order, by the name of the plan; each batch has a row.

    >>> figure = draw_order([3, 5, 9], {"as it is": [[0, 1], [2]]})
    >>> figure.axes[0].collections[-1].get_offsets()[:, 1].tolist()
    [4.0, 9.0]
    """
    figure = Figure(figsize=(10, 0.8 + 2.2 * len(plans)))
    panels = figure.subplots(len(plans), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, (name, plan) in zip(panels, plans.items(), strict=True):
        inside = [[lengths[row] for row in batch] for batch in plan]
        steps = range(1, len(inside) + 1)
        axes.vlines(steps, [min(b) for b in inside], [max(b) for b in inside], color=GREY, linewidth=2.5, alpha=0.6)
        axes.scatter(steps, [sum(b) / len(b) for b in inside], color=BLUE, s=22, zorder=3)
        axes.set_title(name, fontsize=13, loc="left")
        axes.set_ylim(0, max(lengths) * 1.05)
    panels[-1].set_xlabel(text("views_batch_plans.step"))
    panels[len(plans) // 2].set_ylabel(text("views_batch_plans.tokens"))
    figure.tight_layout()
    return figure


def describe_order(lengths: Sequence[int], plans: Mapping[str, Sequence[Sequence[int]]]) -> str:
    """What `draw_order` shows, in words: between what the mean length of a batch lies.

    >>> describe_order([3, 5, 9], {"as it is": [[0, 1], [2]]})
    'Lengths step by step. as it is: 2 batches, mean length from 4 to 9.'
    """
    parts = []
    for name, plan in plans.items():
        means = [sum(lengths[row] for row in batch) / len(batch) for batch in plan]
        parts.append(
            text(
                "views_batch_plans.order_part",
                name=name,
                batches=len(plan),
                low=round(min(means)),
                high=round(max(means)),
            )
        )
    return text("views_batch_plans.order_alt", plans="; ".join(parts))


def batch_html(batch: DrawnBatch, widest: int) -> str:
    """One batch as HTML: a line of words, then every row as a bar, tokens filled, padding hatched.

    Args:
        batch: the batch; of more than 64 rows every second, third and so on is drawn.
        widest: the length that takes the full width, so that batches can be compared.

    >>> html = batch_html(DrawnBatch("batch 1 of 9", (3, 5), 5), widest=10)
    >>> html.count('class="course-row"'), "2 x 5 places, 0.80 real" in html
    (2, True)
    """
    scale = PIXELS / max(widest, batch.width, 1)
    every = -(-len(batch.lengths) // MOST_ROWS) or 1
    shown = batch.lengths[::every]
    high = 14 if len(shown) <= 16 else 9 if len(shown) <= 32 else 6
    hatched = f"repeating-linear-gradient(135deg,{ORANGE} 0 2px,white 2px 6px)"
    rows = "".join(
        f'<div class="course-row" style="height:{high}px;margin:1px 0;white-space:nowrap;line-height:0">'
        f'<span style="display:inline-block;height:{high}px;width:{length * scale:.0f}px;background:{BLUE}"></span>'
        f'<span style="display:inline-block;height:{high}px;width:{(batch.width - length) * scale:.0f}px;'
        f'background:{hatched}"></span></div>'
        for length in shown
    )
    part = text("views_batch_plans.some_rows", drawn=len(shown), rows=len(batch.lengths))
    more = f"<div>{escape(part)}</div>" if every > 1 else ""
    return (
        f'<div class="course-batch" style="font-family:{HTML_FONT};font-size:16px;color:{INK};background:white;'
        f'padding:6px">{_legend(hatched)}<div>{escape(_title(batch))}</div>'
        f'<div aria-hidden="true" style="border-left:2px solid {GREY};margin:4px 0">{rows}</div>{more}</div>'
    )


def _legend(hatched: str) -> str:
    swatch = "display:inline-block;width:26px;height:12px;margin:0 6px 0 0"
    return (
        f'<div style="font-size:15px;margin-bottom:4px"><span style="{swatch};background:{BLUE}"></span>'
        f"{escape(text('views_batch_plans.token'))} &nbsp; "
        f'<span style="{swatch};background:{hatched};outline:1px solid {ORANGE}"></span>'
        f"{escape(text('views_batch_plans.padding'))}</div>"
    )


def epoch_html(name: str, counted: TokenCount) -> str:
    """A whole epoch in words and as one bar: how many batches and places, and the share of real tokens.

    >>> epoch_html("longest", TokenCount(real=30, places=40, batches=2)).count("0.75")
    1
    """
    words = text(
        "views_batch_plans.epoch",
        name=name,
        batches=f"{counted.batches:,}",
        places=f"{counted.places:,}",
        padding=f"{counted.padding:,}",
        share=f"{counted.share:.2f}",
    )
    bar = (
        f'<div aria-hidden="true" style="width:{PIXELS}px;height:18px;border:1px solid {GREY};margin:6px 0;'
        f'background:repeating-linear-gradient(135deg,{ORANGE} 0 2px,white 2px 6px)">'
        f'<div style="width:{PIXELS * counted.share:.0f}px;height:18px;background:{BLUE}"></div></div>'
    )
    return (
        f'<div class="course-epoch" style="font-family:{HTML_FONT};font-size:16px;color:{INK};background:white;'
        f'padding:6px">{escape(words)}{bar}</div>'
    )
