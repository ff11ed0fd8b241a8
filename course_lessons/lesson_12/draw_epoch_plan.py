"""Work shared out among processes, drawn: the gradients, the rows of an epoch, and the memory of each process."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from matplotlib.figure import Figure

from course_lessons.lesson_12.epoch_plan import MEMORY_PARTS, EpochPlan, memory_per_process
from course_utils.markup import chip, panel, table
from course_utils.messages import text
from course_utils.palette import BLUE, GREEN, GREY, INK, ORANGE, SKY, VERMILION
from course_utils.picture import Picture

MOST_STEPS = 8
"""Steps that are drawn of an epoch; the others are counted."""

COUNTS = (1, 2, 4, 8)
"""Numbers of processes in the picture of the memory."""


def draw_gradients(each: Sequence[Sequence[float]], average: Sequence[float], joint: Sequence[float]) -> Picture:
    """Gradients of a few weights: of each process, their average, and those of one process with the joint batch.

    Args:
        each: for each process the gradients of the same few weights.
        average: the gradients after the processes averaged them.
        joint: the gradients of one process that had all rows in one batch.

    >>> print(draw_gradients([[1.0, 2.0], [3.0, 0.0]], [2.0, 1.0], [2.0, 1.0]).words)
    Gradients of 2 weights; processes: 2. The processes disagree; each dot, their average, lies in its ring, the
    gradient of the joint batch.
    """
    figure = Figure(figsize=(11, 4.6))
    axes = figure.subplots()
    width = 0.7 / max(len(each), 1)
    for process, values in enumerate(each):
        across = [weight - 0.35 + (process + 0.5) * width for weight in range(len(values))]
        label = text("draw_epoch_plan.process", number=process)
        axes.bar(across, values, width * 0.92, color=(SKY, ORANGE)[process % 2], edgecolor=INK, label=label)
    weights = list(range(len(joint)))
    ring = {"marker": "o", "linestyle": "", "markersize": 20, "markerfacecolor": "none", "markeredgewidth": 2.5}
    axes.plot(weights, joint, markeredgecolor=VERMILION, label=text("draw_epoch_plan.joint"), **ring)
    axes.plot(weights, average, "o", color=INK, markersize=9, label=text("draw_epoch_plan.average"))
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set_xticks(weights, [text("draw_epoch_plan.weight", number=number + 1) for number in weights])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(text("draw_epoch_plan.gradient"))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=4, frameon=False, fontsize=13)
    figure.tight_layout()
    size = max((abs(value) for value in joint), default=0.0)
    apart = max((max(column) - min(column) for column in zip(*each, strict=True)), default=0.0)
    off = max((abs(a - b) for a, b in zip(average, joint, strict=True)), default=0.0)
    words = text(
        "draw_epoch_plan.gradients_words",
        weights=len(joint),
        processes=len(each),
        each=text(f"draw_epoch_plan.{'disagree' if apart > 0.01 * size else 'agree'}"),
        average=text(f"draw_epoch_plan.{'inside' if off <= 0.01 * size else 'outside'}"),
    )
    return Picture(figure, words)


def draw_memory(parameters: int) -> Picture:
    """Memory of each process for 1 to 8 processes: with a copy of the model in each, and sharded.

    >>> picture = draw_memory(1_000_000)
    >>> [axes.get_title() for axes in picture.figure.axes]
    ['a copy in each process (DDP)', 'one copy, shared out (FSDP)']
    >>> print(picture.words)
    Memory of one process in MB, a copy in each: 1 process 16, 2 processes 16, 4 processes 16, 8 processes 16.
    Shared out: 1 process 16, 2 processes 8, 4 processes 4, 8 processes 2.
    """
    figure = Figure(figsize=(11, 4.6))
    panels = figure.subplots(1, 2, sharey=True)
    said = []
    for axes, sharded in zip(panels, (False, True), strict=True):
        below = [0.0] * len(COUNTS)
        for part, colour in zip(MEMORY_PARTS, (BLUE, ORANGE, GREEN), strict=True):
            heights = [memory_per_process(parameters, count, sharded)[part] / 1e6 for count in COUNTS]
            label = text(f"draw_epoch_plan.{part}")
            axes.bar(range(len(COUNTS)), heights, 0.62, bottom=below, color=colour, edgecolor=INK, label=label)
            below = [low + high for low, high in zip(below, heights, strict=True)]
        for number, total in enumerate(below):
            axes.text(number, total, f"{total:,.0f}", ha="center", va="bottom", fontsize=13)
        named = [
            text(f"draw_epoch_plan.{'one' if count == 1 else 'many'}", count=count, megabytes=f"{total:,.0f}")
            for count, total in zip(COUNTS, below, strict=True)
        ]
        said.append(", ".join(named))
        axes.set_xticks(range(len(COUNTS)), [str(count) for count in COUNTS])
        axes.set_xlabel(text("draw_epoch_plan.processes"))
        axes.set_title(text(f"draw_epoch_plan.{'sharded' if sharded else 'copied'}"), fontsize=14)
        axes.set_ylim(0, max(below[0] * 1.12, 1e-9))
    panels[0].set_ylabel(text("draw_epoch_plan.megabytes"))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, frameon=False, fontsize=13)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    return Picture(figure, text("draw_epoch_plan.memory_words", copied=said[0], sharded=said[1]))


def plan_html(plan: EpochPlan, parameters: int, sharded: bool) -> str:
    """An epoch as a table, a line for each step and a column for each process, with what follows from it in words.

    A row that comes a second time is marked with a star.

    Args:
        plan: the division of the epoch.
        parameters: of the model, for the memory.
        sharded: whether the processes share one copy of it.

    >>> from course_lessons.lesson_12.epoch_plan import plan_epoch
    >>> "10 rows" in plan_html(plan_epoch(10, 2, 2), 1000, sharded=False)
    True
    """
    memory = memory_per_process(parameters, plan.processes, sharded)
    facts = [
        text("draw_epoch_plan.effective", rows=plan.effective_batch, **_factors(plan)),
        text("draw_epoch_plan.steps", steps=plan.steps, rows=plan.rows),
        text("draw_epoch_plan.schedule", steps=plan.schedule_steps),
        text("draw_epoch_plan.repeated", rows=plan.repeated),
        text("draw_epoch_plan.memory", total=f"{sum(memory.values()) / 1e6:,.0f}", **_megabytes(memory)),
    ]
    items = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    names = [text("draw_epoch_plan.process", number=number) for number in range(plan.processes)]
    seen: set[int] = set()
    rows = [_step_cells(plan, number, seen) for number in range(1, min(plan.steps, MOST_STEPS) + 1)]
    more = plan.steps - len(rows)
    rest = f"<p>{escape(text('draw_epoch_plan.more', steps=more))}</p>" if more else ""
    heads = ["", *(escape(name) for name in names)]
    return panel("epoch", f"<ul>{items}</ul>", table(rows, heads, row_heads=True), rest)


def _step_cells(plan: EpochPlan, number: int, seen: set[int]) -> list[str]:
    """One line of the table; `seen` gathers the rows drawn so far."""
    cells = [escape(text("draw_epoch_plan.step", number=number))]
    for process, batches in enumerate(plan.step(number)):
        groups = []
        for batch in batches:
            chips = []
            for row in batch:
                again = row in seen
                seen.add(row)
                tint = VERMILION if again else (SKY, ORANGE)[process % 2]
                chips.append(chip(f"{row}{'*' if again else ''}", tint=tint))
            groups.append("".join(chips))
        cells.append("<b>+</b> ".join(groups) or "–")
    return cells


def _factors(plan: EpochPlan) -> dict[str, int]:
    return {"processes": plan.processes, "batch": plan.batch_size, "accumulate": plan.accumulate}


def _megabytes(memory: dict[str, int]) -> dict[str, str]:
    return {part: f"{size / 1e6:,.0f}" for part, size in memory.items()}
