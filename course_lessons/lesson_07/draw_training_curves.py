"""Curves of trainings: loss and metric over the steps, several runs side by side, pretrained against random weights."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_lessons.lesson_07.fine_tuning import FineTuningRun
from course_lessons.lesson_07.learning_curves import STEPS, Control, Point
from course_utils.figure_style import draw_lines
from course_utils.markup import panel, table
from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, TYPE, VERMILION
from course_utils.picture import Picture

RUN_LOOKS = (
    (BLUE, "o", "-"),
    (VERMILION, "s", "--"),
    (GREEN, "^", "-."),
    (PURPLE, "D", ":"),
    (SKY, "v", "-"),
    (ORANGE, "P", "--"),
)
"""Colour, marker and dash of each run."""
SVG_DASHES = {"-": "", "--": "8 4", "-.": "8 4 2 4", ":": "2 3"}
"""The same dashes in a drawing of HTML."""
CHANCE_LOSS = math.log(2)
"""Cross entropy of somebody who gives both of two classes one half."""

LogHistory = Sequence[Mapping[str, Any]]


def draw_history(history: LogHistory, best: int | None = None, ended_early: bool = False) -> Picture:
    """Loss on the training rows and on the evaluation rows, and beside it the accuracy, over the steps of one run.

    Args:
        history: `trainer.state.log_history`; entries with `loss`, with `eval_loss` and with `eval_accuracy` are drawn.
        best: step of the checkpoint that was kept as the best one; it is marked.
        ended_early: whether the loss on the evaluation rows ended the run: where it is lowest at the best checkpoint,
            the words say how long the run went on.
    Returns:
        A picture 12 x 4.6 inches; one panel where nothing measured an accuracy. Its words are the same wherever the run
        was made: they hold no digits that may differ.
    Raises:
        CourseError: there is no loss in the history.

    >>> picture = draw_history([{"step": 1, "loss": 0.7}, {"step": 2, "loss": 0.5}, {"step": 2, "eval_loss": 0.6}])
    >>> [line.get_xydata().tolist() for line in picture.figure.axes[0].lines[:2]]
    [[[1.0, 0.7], [2.0, 0.5]], [[2.0, 0.6]]]
    >>> picture.words[:72]
    'Curves of a training over 2 steps. The loss on the training rows falls f'
    """
    losses, evaluated, accuracies = (_series(history, key) for key in ("loss", "eval_loss", "eval_accuracy"))
    if not losses:
        raise CourseError(text("draw_training_curves.no_loss"))
    figure = Figure(figsize=(12, 4.6))
    axes = figure.add_subplot(1, 2 if accuracies else 1, 1)
    draw_lines(axes, {text("draw_training_curves.on_train"): losses}, [(BLUE, "", "-")])
    if evaluated:
        draw_lines(axes, {text("draw_training_curves.on_evaluation"): evaluated}, [(VERMILION, "s", "--")])
    axes.axhline(CHANCE_LOSS, color=GREY, linewidth=1, linestyle=":", label=text("draw_training_curves.chance_loss"))
    _frame(axes, text("draw_training_curves.loss"), 0, max(value for _, value in losses + evaluated) * 1.1)
    if accuracies:
        beside = figure.add_subplot(1, 2, 2)
        draw_lines(beside, {text("draw_training_curves.accuracy_on_evaluation"): accuracies}, [(GREEN, "o", "-")])
        for step, value in accuracies:
            beside.annotate(f"{value:.2f}", (step, value), xytext=(0, 10), textcoords="offset points", ha="center")
        beside.axhline(0.5, color=GREY, linewidth=1, linestyle=":", label=text("draw_training_curves.chance"))
        _frame(beside, text("draw_training_curves.accuracy"), 0, 1.08)
        beside.set_xlim(*axes.get_xlim())
    for part in figure.axes:
        if best is not None:
            part.axvline(best, color=ORANGE, linewidth=2.5, label=text("draw_training_curves.best"), zorder=0)
        part.legend(fontsize=11, facecolor="white", edgecolor="white", framealpha=1, loc="best")
    figure.tight_layout()
    trend = _trend(losses)
    if ended_early:  # after how many steps depends on the machine
        parts = [text("draw_training_curves.history_words_early", trend=trend)]
    else:
        steps = max(step for step, _ in losses)
        parts = [text("draw_training_curves.history_words", steps=steps, trend=trend)]
    if evaluated:
        key = "history_words_beside" if ended_early else "history_words_evaluated"
        parts.append(text(f"draw_training_curves.{key}", number=len(evaluated)))
    if accuracies:
        above = "above" if accuracies[-1][1] > 0.6 else "near"
        parts.append(text(f"draw_training_curves.history_words_{above}"))
    if ended_early and evaluated and best == min(evaluated, key=lambda pair: pair[1])[0]:
        after = sum(step > best for step, _ in evaluated)
        parts.append(text("draw_training_curves.history_words_waited", number=after))
    elif best is not None:
        parts.append(text("draw_training_curves.history_words_best"))
    return Picture(figure, " ".join(parts), repeatable=False)


def draw_runs(runs: Mapping[str, FineTuningRun], ceiling: float = 1.5) -> Picture:
    """Training losses of several runs over their steps, each smoothed a little, under its name.

    Args:
        runs: name of each run and the run, at most six.
        ceiling: largest loss that is drawn; a run above it is cut off there.
    Raises:
        CourseError: no run, more than six, or one without losses.

    >>> from course_lessons.lesson_07.fine_tuning import FineTuningSettings
    >>> picture = draw_runs({"slow": FineTuningRun(FineTuningSettings(), 2, (0.7, 0.7), (1, 2))})
    >>> [line.get_label() for line in picture.figure.axes[0].lines][:1], picture.words
    (['slow'], 'Loss curves of these runs: slow. Lowest at the end: slow.')
    """
    if not 1 <= len(runs) <= len(RUN_LOOKS) or not all(run.losses for run in runs.values()):
        raise CourseError(text("draw_training_curves.runs", number=len(runs), most=len(RUN_LOOKS)))
    figure = Figure(figsize=(11, 4.8))
    axes = figure.add_subplot()
    lines = {}
    for name, run in runs.items():
        values = [min(value, ceiling) if math.isfinite(value) else ceiling for value in smoothed(run.losses)]
        lines[name] = list(zip(run.steps, values, strict=True))
    draw_lines(axes, lines, RUN_LOOKS)
    axes.axhline(CHANCE_LOSS, color=GREY, linewidth=1, linestyle=":", label=text("draw_training_curves.chance_loss"))
    _frame(axes, text("draw_training_curves.loss"), 0, ceiling * 1.04)
    axes.set_yticks(
        [0, CHANCE_LOSS, ceiling], ["0", f"{CHANCE_LOSS:.2f}", text("draw_training_curves.or_more", loss=ceiling)]
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=12, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.tight_layout()
    lowest = min(runs, key=lambda name: math.inf if runs[name].last_loss is None else runs[name].last_loss)
    words = [text("draw_training_curves.runs_words", names=", ".join(runs), lowest=lowest)]
    if wild := [name for name, run in runs.items() if _jumps(run.losses)]:
        words.append(text("draw_training_curves.runs_words_jump", names=", ".join(wild)))
    return Picture(figure, " ".join(words), repeatable=False)


def _jumps(losses: Sequence[float]) -> bool:
    """Whether a loss is more than twice the first one on the way, or no number any more."""
    return any(not math.isfinite(loss) or loss > 2 * losses[0] for loss in losses)


def smoothed(losses: Sequence[float], width: int = 3) -> list[float]:
    """Each loss as the mean of itself and the ones just before it: a batch says little alone.

    >>> smoothed([3.0, 0.0, 0.0, 0.0])
    [3.0, 1.5, 1.0, 0.0]
    """
    windows = (losses[max(0, end - width) : end] for end in range(1, len(losses) + 1))
    return [sum(window) / len(window) for window in windows]


def draw_learning_curves(
    points: Sequence[Point], controls: Sequence[Control] = (), live: Sequence[Point] = (), steps: int = STEPS
) -> Picture:
    """Accuracy against the number of labelled examples: pretrained and random weights, their controls beside them.

    Small dots are single seeds, lines join their means, stars are the points measured just now.

    Args:
        points: stored points of one language.
        controls: what else was made of the same examples.
        live: points made on this machine, drawn on top.
        steps: how many steps each point was trained for.
    Returns:
        A picture whose words tell the stored points and controls alone.
    Raises:
        CourseError: no points at all.

    >>> picture = draw_learning_curves([Point("en", 50, True, 0, 0.8), Point("en", 50, False, 0, 0.5)])
    >>> [line.get_ydata().tolist() for line in picture.figure.axes[0].lines[:2]]
    [[0.8], [0.5]]
    >>> print(picture.words.partition(". ")[2])
    pretrained weights, 80 steps, 1 seeds: 0.80 at 50. random weights, 80 steps, 1 seeds: 0.50 at 50.
    """
    if not points:
        raise CourseError(text("draw_training_curves.no_points"))
    figure = Figure(figsize=(11, 5))
    axes = figure.add_subplot()
    looks: Mapping[str, tuple[str, str, str]] = {
        "pretrained": (BLUE, "o", "-"),
        "random": (VERMILION, "s", "--"),
        "longer": (PURPLE, "^", "-."),
        "words": (GREEN, "D", ":"),
    }
    runs: dict[str, list[tuple[int, float]]] = {name: [] for name in looks}
    for point in sorted(points):
        runs["pretrained" if point.pretrained else "random"].append((point.examples, point.accuracy))
    for control in sorted(controls):
        runs[control.way].append((control.examples, control.accuracy))
    told = []
    for kind, look in looks.items():
        if not runs[kind]:
            continue
        name = text(f"draw_training_curves.{kind}", steps=steps)
        sizes = sorted({size for size, _ in runs[kind]})
        line = [(size, statistics.mean(value for other, value in runs[kind] if other == size)) for size in sizes]
        draw_lines(axes, {name: line}, [look])
        axes.scatter(*zip(*runs[kind], strict=True), color=look[0], marker=look[1], alpha=0.25)
        pairs = [text("draw_training_curves.curves_pair", accuracy=f"{v:.2f}", examples=size) for size, v in line]
        seeds = max(Counter(size for size, _ in runs[kind]).values())
        told.append(text("draw_training_curves.curves_line", name=name, seeds=seeds, pairs=", ".join(pairs)))
    for pretrained, colour in ((True, BLUE), (False, VERMILION)):
        now = [point for point in live if point.pretrained == pretrained]
        label = text("draw_training_curves.live") if pretrained and now else None
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
    axes.axhline(0.5, color=GREY, linewidth=1, linestyle=":", label=text("draw_training_curves.chance"))
    sizes = sorted({point.examples for point in points})
    axes.set_xscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel(text("draw_training_curves.examples"))
    axes.set_ylabel(text("draw_training_curves.accuracy_axis"))
    axes.set_ylim(0.4, 1.0)
    axes.legend(fontsize=12, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.tight_layout()
    words = text("draw_training_curves.curves_words")
    return Picture(figure, " ".join([words, *told]), repeatable=not live)


def runs_html(runs: Sequence[FineTuningRun], current: FineTuningRun | None = None) -> str:
    """Finished runs and the one under way as HTML: their loss curves and a table with their settings and results.

    Args:
        runs: finished runs, oldest first; the last six are drawn, all are listed.
        current: the run that is going on.

    >>> from course_lessons.lesson_07.fine_tuning import FineTuningSettings
    >>> "learning rate" in runs_html([FineTuningRun(FineTuningSettings(), 4, (0.7, 0.6), (1, 2), accuracy=0.75)])
    True
    """
    everything = [*runs, *([current] if current is not None else [])]
    if not everything:
        return panel("runs", f"<p>{escape(text('draw_training_curves.no_run_yet'))}</p>")
    first = max(0, len(everything) - len(RUN_LOOKS))
    rows = [_row(number, run, run is current) for number, run in enumerate(everything)]
    heads = [
        escape(text(f"draw_training_curves.head_{key}"))
        for key in ("number", "rate", "batch", "epochs", "steps", "loss", "accuracy")
    ]
    edges = [RUN_LOOKS[number % len(RUN_LOOKS)][0] for number in range(len(rows))]
    going = None if current is None else len(rows) - 1
    return panel("runs", _curves_svg(everything[first:], first), table(rows, heads, edges=edges, current=going))


_WIDE, _HIGH, _LEFT, _TOP, _CEILING = 660, 262, 46, 28, 1.5


def _curves_svg(runs: Sequence[FineTuningRun], first: int) -> str:
    """The loss curves of some runs; `first` is the number of the first of them."""
    longest = max([run.planned for run in runs] + [1])
    height, width = _HIGH - _TOP - 34, _WIDE - _LEFT - 40

    def point(step: float, loss: float) -> tuple[float, float]:
        loss = min(max(loss, 0.0), _CEILING) if math.isfinite(loss) else _CEILING
        return round(_LEFT + width * step / longest, 1), round(_TOP + height * (1 - loss / _CEILING), 1)

    parts = []
    for value in (0.0, 0.5, 1.0, 1.5):
        _, y = point(0, value)
        parts.append(
            f'<line x1="{_LEFT}" y1="{y}" x2="{_LEFT + width}" y2="{y}" stroke="var(--jp-border-color2,#d0d0d0)"/>'
        )
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 5}" text-anchor="end">{value}</text>')
    _, even = point(0, CHANCE_LOSS)
    parts.append(
        f'<line x1="{_LEFT}" y1="{even}" x2="{_LEFT + width}" y2="{even}" stroke="{GREY}" stroke-dasharray="2 4"/>'
    )
    parts.append(f'<text x="{_LEFT}" y="{_TOP - 12}">{escape(text("draw_training_curves.loss"))}</text>')
    words = escape(text("draw_training_curves.steps_axis", steps=longest))
    parts.append(f'<text x="{_LEFT + width}" y="{_HIGH - 6}" text-anchor="end">{words}</text>')
    for offset, run in enumerate(runs):
        number = first + offset
        colour, _, dash = RUN_LOOKS[number % len(RUN_LOOKS)]
        dashes = SVG_DASHES[dash]
        dots = [point(step, loss) for step, loss in zip(run.steps, smoothed(run.losses), strict=True)]
        if not dots:
            continue
        path = " ".join(f"{x},{y}" for x, y in dots)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="3" stroke-dasharray="{dashes}"/>'
        )
        x, y = dots[-1]
        parts.append(f'<text x="{x + 5}" y="{y + 5}" font-weight="bold">{number + 1}</text>')
    alt = escape(text("draw_training_curves.svg_words", number=len(runs)), quote=True)
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" height="{_HIGH}" role="img" aria-label="{alt}" '
        f'font-size="15" fill="{TYPE}">{"".join(parts)}</svg>'
    )


def _row(number: int, run: FineTuningRun, going: bool) -> list[str]:
    if going:
        result = text("draw_training_curves.going", step=run.steps[-1] if run.steps else 0, planned=run.planned)
    elif run.stopped:
        result = text("draw_training_curves.stopped", step=run.steps[-1] if run.steps else 0)
    else:
        result = "-" if run.accuracy is None else f"{run.accuracy:.2f}"
    loss = "-" if run.last_loss is None else f"{run.last_loss:.2f}"
    return [
        str(number + 1),
        f"{run.settings.learning_rate:g}",
        str(run.settings.batch_size),
        str(run.settings.epochs),
        str(run.planned),
        loss,
        escape(result),
    ]


def _series(history: LogHistory, key: str) -> list[tuple[int, float]]:
    return [(int(entry["step"]), float(entry[key])) for entry in history if key in entry and "step" in entry]


def _frame(axes: Axes, words: str, low: float, high: float) -> None:
    axes.set_xlabel(text("draw_training_curves.step"))
    axes.set_ylabel(words)
    axes.set_ylim(low, high)


def _trend(losses: Sequence[tuple[int, float]]) -> str:
    """One of three words, chosen with a wide margin so that machines agree."""
    first, last = losses[0][1], losses[-1][1]
    kind = "falls" if last < 0.75 * first else "rises" if last > 1.25 * first else "stays"
    return text(f"draw_training_curves.{kind}")
