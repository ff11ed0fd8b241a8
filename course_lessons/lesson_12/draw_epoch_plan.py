"""Work shared out among processes, drawn: the gradients, the rows of an epoch, and the memory of each process."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from matplotlib.figure import Figure

from course_lessons.lesson_12.epoch_plan import PARTS, Plan, memory_per_process
from course_utils.messages import text
from course_utils.palette import BLUE, GREEN, GREY, HTML_FONT, INK, ORANGE, PAPER, SKY, VERMILION

MOST_STEPS = 8
"""Steps that are drawn of an epoch; the others are counted."""

COUNTS = (1, 2, 4, 8)
"""Numbers of processes in the picture of the memory."""

_CELL = "text-align:left;padding:2px 12px 2px 0"


def draw_gradients(each: Sequence[Sequence[float]], average: Sequence[float], joint: Sequence[float]) -> Figure:
    """Gradients of a few weights: of each process, their average, and those of one process with the joint batch.

    Args:
        each: for each process the gradients of the same few weights.
        average: the gradients after the processes averaged them.
        joint: the gradients of one process that had all rows in one batch.

    >>> len(draw_gradients([[1.0, 2.0], [3.0, 0.0]], [2.0, 1.0], [2.0, 1.0]).axes)
    1
    """
    figure = Figure(figsize=(11, 4.6))
    axes = figure.subplots()
    width = 0.7 / max(len(each), 1)
    for process, values in enumerate(each):
        places = [place - 0.35 + (process + 0.5) * width for place in range(len(values))]
        label = text("views_sharing.process", number=process)
        axes.bar(places, values, width * 0.92, color=(SKY, ORANGE)[process % 2], edgecolor=INK, label=label)
    places = list(range(len(joint)))
    ring = {"marker": "o", "linestyle": "", "markersize": 20, "markerfacecolor": "none", "markeredgewidth": 2.5}
    axes.plot(places, joint, markeredgecolor=VERMILION, label=text("views_sharing.joint"), **ring)
    axes.plot(places, average, "o", color=INK, markersize=9, label=text("views_sharing.average"))
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set_xticks(places, [text("views_sharing.weight", number=number + 1) for number in places])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(text("views_sharing.gradient"))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=4, frameon=False, fontsize=13)
    figure.tight_layout()
    return figure


def describe_gradients(each: Sequence[Sequence[float]], average: Sequence[float], joint: Sequence[float]) -> str:
    """What `draw_gradients` shows, in words: how far the processes are apart, and whether their average is the joint.

    >>> print(describe_gradients([[1.0, 2.0], [3.0, 0.0]], [2.0, 1.0], [2.0, 1.0]))
    Gradients of 2 weights; processes: 2. The processes disagree; each dot, their average, lies in its ring, the
    gradient of the joint batch.
    """
    size = max((abs(value) for value in joint), default=0.0)
    apart = max((max(column) - min(column) for column in zip(*each, strict=True)), default=0.0)
    off = max((abs(a - b) for a, b in zip(average, joint, strict=True)), default=0.0)
    return text(
        "views_sharing.gradients_alt",
        weights=len(joint),
        processes=len(each),
        each=text(f"views_sharing.{'disagree' if apart > 0.01 * size else 'agree'}"),
        average=text(f"views_sharing.{'inside' if off <= 0.01 * size else 'outside'}"),
    )


def draw_memory(parameters: int) -> Figure:
    """Memory of each process for 1 to 8 processes: with a copy of the model in each, and sharded.

    >>> [axes.get_title() for axes in draw_memory(1000).axes]
    ['a copy in each process (DDP)', 'one copy, shared out (FSDP)']
    """
    figure = Figure(figsize=(11, 4.6))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, sharded in zip(panels, (False, True), strict=True):
        below = [0.0] * len(COUNTS)
        for part, colour in zip(PARTS, (BLUE, ORANGE, GREEN), strict=True):
            heights = [memory_per_process(parameters, count, sharded)[part] / 1e6 for count in COUNTS]
            label = text(f"views_sharing.{part}")
            axes.bar(range(len(COUNTS)), heights, 0.62, bottom=below, color=colour, edgecolor=INK, label=label)
            below = [low + high for low, high in zip(below, heights, strict=True)]
        for place, total in enumerate(below):
            axes.text(place, total, f"{total:,.0f}", ha="center", va="bottom", fontsize=13)
        axes.set_xticks(range(len(COUNTS)), [str(count) for count in COUNTS])
        axes.set_xlabel(text("views_sharing.processes"))
        axes.set_title(text(f"views_sharing.{'sharded' if sharded else 'copied'}"), fontsize=14)
        axes.set_ylim(0, max(below[0] * 1.12, 1e-9))
    panels[0].set_ylabel(text("views_sharing.megabytes"))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, frameon=False, fontsize=13)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    return figure


def describe_memory(parameters: int) -> str:
    """What `draw_memory` shows, in words.

    >>> print(describe_memory(1_000_000))
    Memory of one process in MB, a copy in each: 1 process 16, 2 processes 16, 4 processes 16, 8 processes 16.
    Shared out: 1 process 16, 2 processes 8, 4 processes 4, 8 processes 2.
    """
    parts = []
    for sharded in (False, True):
        totals = [sum(memory_per_process(parameters, count, sharded).values()) / 1e6 for count in COUNTS]
        said = [
            text(f"views_sharing.{'one' if count == 1 else 'many'}", count=count, megabytes=f"{total:,.0f}")
            for count, total in zip(COUNTS, totals, strict=True)
        ]
        parts.append(", ".join(said))
    return text("views_sharing.memory_alt", copied=parts[0], sharded=parts[1])


def plan_html(plan: Plan, parameters: int, sharded: bool) -> str:
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
        text("views_sharing.effective", rows=plan.effective_batch, **_factors(plan)),
        text("views_sharing.steps", steps=plan.steps, rows=plan.rows),
        text("views_sharing.schedule", steps=plan.schedule_steps),
        text("views_sharing.repeated", rows=plan.repeated),
        text("views_sharing.memory", total=f"{sum(memory.values()) / 1e6:,.0f}", **_megabytes(memory)),
    ]
    items = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    names = [text("views_sharing.process", number=number) for number in range(plan.processes)]
    heads = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in names)
    seen: set[int] = set()
    lines = [_step_html(plan, number, seen) for number in range(1, min(plan.steps, MOST_STEPS) + 1)]
    more = plan.steps - len(lines)
    rest = f"<p>{escape(text('views_sharing.more', steps=more))}</p>" if more else ""
    return (
        f'<div class="course-sharing" style="font-family:{HTML_FONT};font-size:16px;line-height:1.5;color:{INK};'
        f'background:{PAPER};padding:8px 12px;overflow-x:auto"><ul style="margin:0 0 8px 0">{items}</ul>'
        f'<table style="border-collapse:collapse;font-size:16px;color:{INK};background:{PAPER}">'
        f"<tr><th></th>{heads}</tr>{''.join(lines)}</table>{rest}</div>"
    )


def _step_html(plan: Plan, number: int, seen: set[int]) -> str:
    """One line of the table; `seen` gathers the rows drawn so far."""
    cells = []
    for process, batches in enumerate(plan.step(number)):
        groups = []
        for batch in batches:
            chips = []
            for row in batch:
                again = row in seen
                seen.add(row)
                colour = VERMILION if again else (SKY, ORANGE)[process % 2]
                ink = "#ffffff" if again else INK
                chips.append(
                    f'<span style="display:inline-block;min-width:1.7em;text-align:center;background:{colour};'
                    f'color:{ink};border-radius:3px;margin:1px;padding:0 3px">{row}{"*" if again else ""}</span>'
                )
            groups.append(f'<span style="white-space:nowrap">{" ".join(chips)}</span>')
        inside = ' <b style="padding:0 4px">+</b> '.join(groups) or "–"
        cells.append(f'<td style="{_CELL}">{inside}</td>')
    head = escape(text("views_sharing.step", number=number))
    return f'<tr><th style="{_CELL}">{head}</th>{"".join(cells)}</tr>'


def _factors(plan: Plan) -> dict[str, int]:
    return {"processes": plan.processes, "batch": plan.batch_size, "accumulate": plan.accumulate}


def _megabytes(memory: dict[str, int]) -> dict[str, str]:
    return {part: f"{size / 1e6:,.0f}" for part, size in memory.items()}
