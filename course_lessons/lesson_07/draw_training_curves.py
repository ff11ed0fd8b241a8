"""Curves of trainings: loss and metric over the steps, several runs side by side, pretrained against random weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_lessons.lesson_07.fine_tuning import Run
from course_lessons.lesson_07.learning_curves import Point, means
from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREEN, GREY, HTML_FONT, INK, ORANGE, PAPER, PURPLE, SKY, VERMILION

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE)
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")
CHANCE_LOSS = math.log(2)
"""Cross entropy of somebody who gives both of two classes one half."""

History = Sequence[Mapping[str, Any]]


def draw_history(history: History, best: int | None = None) -> Figure:
    """Loss on the training rows and on the evaluation rows, and beside it the accuracy, over the steps of one run.

    Args:
        history: `trainer.state.log_history`; entries with `loss`, with `eval_loss` and with `eval_accuracy` are drawn.
        best: step of the checkpoint that was kept as the best one; it is marked.
    Returns:
        A figure 12 x 4.6 inches; one panel where nothing measured an accuracy.
    Raises:
        CourseError: there is no loss in the history.

    >>> figure = draw_history([{"step": 1, "loss": 0.7}, {"step": 2, "loss": 0.5}, {"step": 2, "eval_loss": 0.6}])
    >>> [line.get_xydata().tolist() for line in figure.axes[0].lines[:2]]
    [[[1.0, 0.7], [2.0, 0.5]], [[2.0, 0.6]]]
    """
    losses, evaluated, accuracies = (_series(history, key) for key in ("loss", "eval_loss", "eval_accuracy"))
    if not losses:
        raise CourseError(text("views_training.no_loss"))
    figure = Figure(figsize=(12, 4.6))
    axes = figure.add_subplot(1, 2 if accuracies else 1, 1)
    _line(axes, losses, BLUE, "-", text("views_training.on_train"))
    if evaluated:
        _line(axes, evaluated, VERMILION, "--", text("views_training.on_evaluation"), marker="s")
    axes.axhline(CHANCE_LOSS, color=GREY, linewidth=1, linestyle=":", label=text("views_training.chance_loss"))
    _frame(axes, text("views_training.loss"), 0, max(value for _, value in losses + evaluated) * 1.1)
    if accuracies:
        beside = figure.add_subplot(1, 2, 2)
        _line(beside, accuracies, GREEN, "-", text("views_training.accuracy_on_evaluation"), marker="o")
        for step, value in accuracies:
            beside.annotate(f"{value:.2f}", (step, value), xytext=(0, 10), textcoords="offset points", ha="center")
        beside.axhline(0.5, color=GREY, linewidth=1, linestyle=":", label=text("views_training.chance"))
        _frame(beside, text("views_training.accuracy"), 0, 1.08)
        beside.set_xlim(*axes.get_xlim())
    for panel in figure.axes:
        if best is not None:
            panel.axvline(best, color=ORANGE, linewidth=2.5, label=text("views_training.best"), zorder=0)
        panel.legend(fontsize=11, facecolor="white", edgecolor="white", framealpha=1, loc="best")
    figure.tight_layout()
    return figure


def describe_history(history: History) -> str:
    """What `draw_history` shows, in words that are the same wherever the run was made: no digits that may differ.

    >>> describe_history([{"step": 1, "loss": 0.7}, {"step": 9, "loss": 0.1}, {"step": 9, "eval_loss": 0.6}])[:72]
    'Curves of a training over 9 steps. The loss on the training rows falls f'
    """
    losses, evaluated, accuracies = (_series(history, key) for key in ("loss", "eval_loss", "eval_accuracy"))
    if not losses:
        raise CourseError(text("views_training.no_loss"))
    parts = [text("views_training.history_alt", steps=max(step for step, _ in losses), trend=_trend(losses))]
    if evaluated:
        parts.append(text("views_training.history_alt_evaluated", number=len(evaluated)))
    if accuracies:
        above = "above" if accuracies[-1][1] > 0.6 else "near"
        parts.append(text(f"views_training.history_alt_{above}"))
    return " ".join(parts)


def draw_runs(runs: Mapping[str, Run], ceiling: float = 1.5) -> Figure:
    """Training losses of several runs over their steps, each smoothed a little, under its name.

    Args:
        runs: name of each run and the run, at most six.
        ceiling: largest loss that is drawn; a run above it is cut off there.
    Raises:
        CourseError: no run, more than six, or one without losses.

    >>> from course_lessons.lesson_07.fine_tuning import Settings
    >>> figure = draw_runs({"slow": Run(Settings(), 2, (0.7, 0.7), (1, 2))})
    >>> [line.get_label() for line in figure.axes[0].lines][:1]
    ['slow']
    """
    if not 1 <= len(runs) <= len(COLOURS) or not all(run.losses for run in runs.values()):
        raise CourseError(text("views_training.runs", number=len(runs), most=len(COLOURS)))
    figure = Figure(figsize=(11, 4.8))
    axes = figure.add_subplot()
    for place, (name, run) in enumerate(runs.items()):
        values = [min(value, ceiling) if math.isfinite(value) else ceiling for value in smoothed(run.losses)]
        points = list(zip(run.steps, values, strict=True))
        _line(axes, points, COLOURS[place], DASHES[place % 4], name, marker=MARKERS[place])
    axes.axhline(CHANCE_LOSS, color=GREY, linewidth=1, linestyle=":", label=text("views_training.chance_loss"))
    _frame(axes, text("views_training.loss"), 0, ceiling * 1.04)
    axes.set_yticks(
        [0, CHANCE_LOSS, ceiling], ["0", f"{CHANCE_LOSS:.2f}", text("views_training.or_more", loss=ceiling)]
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=12, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.tight_layout()
    return figure


def smoothed(losses: Sequence[float], width: int = 3) -> list[float]:
    """Each loss as the mean of itself and the ones just before it: a batch says little alone.

    >>> smoothed([3.0, 0.0, 0.0, 0.0])
    [3.0, 1.5, 1.0, 0.0]
    """
    windows = (losses[max(0, end - width) : end] for end in range(1, len(losses) + 1))
    return [sum(window) / len(window) for window in windows]


def draw_learning_curves(points: Sequence[Point], live: Sequence[Point] = ()) -> Figure:
    """Accuracy against the number of labelled examples, from pretrained and from random weights.

    Small marks are single seeds, lines join their means, stars are the points measured just now.

    Args:
        points: stored points of one language.
        live: points made on this machine, drawn on top.
    Raises:
        CourseError: no points at all.

    >>> figure = draw_learning_curves([Point("en", 50, True, 0, 0.8), Point("en", 50, False, 0, 0.5)])
    >>> [line.get_ydata().tolist() for line in figure.axes[0].lines[:2]]
    [[0.8], [0.5]]
    """
    if not points:
        raise CourseError(text("views_training.no_points"))
    average = means(points)
    figure = Figure(figsize=(10.5, 5))
    axes = figure.add_subplot()
    for pretrained, colour, dash, marker, name in (
        (True, BLUE, "-", "o", text("views_training.pretrained")),
        (False, VERMILION, "--", "s", text("views_training.random")),
    ):
        line = sorted((examples, value) for (examples, kind), value in average.items() if kind == pretrained)
        if line:
            axes.plot(*zip(*line, strict=True), color=colour, linestyle=dash, marker=marker, linewidth=2.5, label=name)
    for pretrained, colour, marker in ((True, BLUE, "o"), (False, VERMILION, "s")):
        single = [point for point in points if point.pretrained == pretrained]
        axes.scatter([p.examples for p in single], [p.accuracy for p in single], color=colour, marker=marker, alpha=0.3)
        now = [point for point in live if point.pretrained == pretrained]
        label = text("views_training.live") if pretrained and now else None
        axes.scatter(
            [p.examples for p in now],
            [p.accuracy for p in now],
            color=colour,
            marker="*",
            s=330,
            edgecolor=INK,
            zorder=4,
            label=label,
        )
    axes.axhline(0.5, color=GREY, linewidth=1, linestyle=":", label=text("views_training.chance"))
    sizes = sorted({point.examples for point in points})
    axes.set_xscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel(text("views_training.examples"))
    axes.set_ylabel(text("views_training.accuracy_axis"))
    axes.set_ylim(0.4, 1.0)
    axes.legend(fontsize=12, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.tight_layout()
    return figure


def describe_learning_curves(points: Sequence[Point]) -> str:
    """What `draw_learning_curves` shows of the stored points, in words.

    >>> words = describe_learning_curves([Point("en", 50, True, 0, 0.8), Point("en", 50, False, 0, 0.5)])
    >>> words.endswith("50 examples, pretrained 0.80 and random weights 0.50.")
    True
    """
    average = means(points)
    seeds = len({point.seed for point in points})
    shown = [
        text("views_training.curves_pair", examples=size, pretrained=_number(average, size, True),
             random=_number(average, size, False))
        for size in sorted({point.examples for point in points})
    ]  # fmt: skip
    return text("views_training.curves_alt", seeds=seeds, pairs="; ".join(shown))


def runs_html(runs: Sequence[Run], current: Run | None = None) -> str:
    """Finished runs and the one under way as HTML: their loss curves and a table with their settings and results.

    Args:
        runs: finished runs, oldest first; the last six are drawn, all are listed.
        current: the run that is going on.

    >>> from course_lessons.lesson_07.fine_tuning import Settings
    >>> "learning rate" in runs_html([Run(Settings(), 4, (0.7, 0.6), (1, 2), accuracy=0.75)])
    True
    """
    everything = [*runs, *([current] if current is not None else [])]
    if not everything:
        return f'<div class="course-runs" {_STYLE}><p>{escape(text("views_training.no_run_yet"))}</p></div>'
    first = max(0, len(everything) - len(COLOURS))
    rows = [_row(number, run, run is current) for number, run in enumerate(everything)]
    head = "".join(
        f'<th style="text-align:left;padding:2px 12px">{escape(text(f"views_training.head_{key}"))}</th>'
        for key in ("number", "rate", "batch", "epochs", "steps", "loss", "accuracy")
    )
    drawing = _curves_svg(everything[first:], first)
    table = f'<table style="border-collapse:collapse;font-size:16px;color:{INK}"><tr>{head}</tr>{"".join(rows)}</table>'
    return f'<div class="course-runs" {_STYLE}>{drawing}{table}</div>'


_STYLE = f'style="font-family:{HTML_FONT};font-size:16px;color:{INK};background:white;padding:6px"'
_WIDE, _HIGH, _LEFT, _TOP, _CEILING = 660, 262, 46, 28, 1.5


def _curves_svg(runs: Sequence[Run], first: int) -> str:
    """The loss curves of some runs; `first` is the number of the first of them."""
    longest = max([run.planned for run in runs] + [1])
    height, width = _HIGH - _TOP - 34, _WIDE - _LEFT - 40

    def place(step: float, loss: float) -> tuple[float, float]:
        loss = min(max(loss, 0.0), _CEILING) if math.isfinite(loss) else _CEILING
        return round(_LEFT + width * step / longest, 1), round(_TOP + height * (1 - loss / _CEILING), 1)

    parts = []
    for value in (0.0, 0.5, 1.0, 1.5):
        _, y = place(0, value)
        parts.append(f'<line x1="{_LEFT}" y1="{y}" x2="{_LEFT + width}" y2="{y}" stroke="#d0d0d0"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 5}" text-anchor="end">{value}</text>')
    _, even = place(0, CHANCE_LOSS)
    parts.append(
        f'<line x1="{_LEFT}" y1="{even}" x2="{_LEFT + width}" y2="{even}" stroke="{GREY}" stroke-dasharray="2 4"/>'
    )
    parts.append(f'<text x="{_LEFT}" y="{_TOP - 12}">{escape(text("views_training.loss"))}</text>')
    words = escape(text("views_training.steps_axis", steps=longest))
    parts.append(f'<text x="{_LEFT + width}" y="{_HIGH - 6}" text-anchor="end">{words}</text>')
    for offset, run in enumerate(runs):
        number = first + offset
        colour, dash = COLOURS[number % len(COLOURS)], ("", "8 4", "8 4 2 4", "2 3")[number % 4]
        dots = [place(step, loss) for step, loss in zip(run.steps, smoothed(run.losses), strict=True)]
        if not dots:
            continue
        path = " ".join(f"{x},{y}" for x, y in dots)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="3" stroke-dasharray="{dash}"/>'
        )
        x, y = dots[-1]
        parts.append(f'<text x="{x + 5}" y="{y + 5}" fill="{colour}" font-weight="bold">{number + 1}</text>')
    alt = escape(text("views_training.runs_alt", number=len(runs)), quote=True)
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" height="{_HIGH}" role="img" aria-label="{alt}" '
        f'font-size="15" fill="{INK}">{"".join(parts)}</svg>'
    )


def _row(number: int, run: Run, going: bool) -> str:
    if going:
        result = text("views_training.going", step=run.steps[-1] if run.steps else 0, planned=run.planned)
    elif run.stopped:
        result = text("views_training.stopped", step=run.steps[-1] if run.steps else 0)
    else:
        result = "-" if run.accuracy is None else f"{run.accuracy:.2f}"
    loss = "-" if run.last_loss is None else f"{run.last_loss:.2f}"
    cells = [
        str(number + 1),
        f"{run.settings.learning_rate:g}",
        str(run.settings.batch_size),
        str(run.settings.epochs),
        str(run.planned),
        loss,
        result,
    ]
    colour = COLOURS[number % len(COLOURS)]
    shade = f"background:{PAPER};" if going else ""
    filled = "".join(f'<td style="padding:2px 12px">{escape(cell)} </td>' for cell in cells)
    return f'<tr style="{shade}border-left:6px solid {colour}">{filled}</tr>'


def _series(history: History, key: str) -> list[tuple[int, float]]:
    return [(int(entry["step"]), float(entry[key])) for entry in history if key in entry and "step" in entry]


def _line(
    axes: Axes, points: Sequence[tuple[int, float]], colour: str, dash: str, name: str, marker: str | None = None
) -> None:
    steps, values = zip(*points, strict=True)
    axes.plot(steps, values, color=colour, linestyle=dash, linewidth=2.5, label=name, marker=marker, markersize=6)


def _frame(axes: Axes, words: str, low: float, high: float) -> None:
    axes.set_xlabel(text("views_training.step"))
    axes.set_ylabel(words)
    axes.set_ylim(low, high)


def _trend(losses: Sequence[tuple[int, float]]) -> str:
    """One of three words, chosen with a wide margin so that machines agree."""
    first, last = losses[0][1], losses[-1][1]
    kind = "falls" if last < 0.75 * first else "rises" if last > 1.25 * first else "stays"
    return text(f"views_training.{kind}")


def _number(average: Mapping[tuple[int, bool], float], examples: int, pretrained: bool) -> str:
    value = average.get((examples, pretrained))
    return "-" if value is None else f"{value:.2f}"
