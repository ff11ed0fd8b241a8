"""Processes, batch size, accumulation and sharding, chosen by the learner: who gets which rows, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

import ipywidgets

from course_lessons.lesson_12.draw_epoch_plan import plan_html
from course_lessons.lesson_12.epoch_plan import plan_epoch
from course_utils.display import redraw, show
from course_utils.messages import text

PARAMETERS = 109_482_240
"""Parameters of BERT base, the model whose memory is counted (`course_utils.cost.parameter_counts(BertConfig())`)."""


@dataclass(frozen=True)
class EpochExplorer:
    """Controls for an epoch that is shared out, and below them the division.

    Attributes:
        rows: rows of the data set.
        processes: how many work together.
        batch_size: rows of a batch of one process.
        accumulate: batches of each process that make a step.
        sharded: whether the processes share one copy of the model.
        view: the division in words and as a table, redrawn at every change.
        widget: all together.
    """

    rows: ipywidgets.IntSlider
    processes: ipywidgets.IntSlider
    batch_size: ipywidgets.IntSlider
    accumulate: ipywidgets.IntSlider
    sharded: ipywidgets.Checkbox
    view: ipywidgets.HTML
    widget: ipywidgets.VBox


def epoch_explorer(
    rows: int = 22, processes: int = 2, batch_size: int = 4, accumulate: int = 1, sharded: bool = False
) -> EpochExplorer:
    """Controls for the division of an epoch among processes; everything is counted, so any setting answers at once.

    Args:
        rows: 1 to 60 at first.
        processes: 1 to 8 at first.
        batch_size: 1 to 8 at first.
        accumulate: 1 to 4 at first.
        sharded: whether the box is ticked at first.
    Raises:
        CourseError: a number that is not whole or not positive.

    >>> explorer = epoch_explorer()
    >>> "One step: 8 rows" in explorer.view.value
    True
    >>> explorer.processes.value = 4
    >>> "One step: 16 rows" in explorer.view.value
    True
    """
    plan_epoch(rows, processes, batch_size, accumulate)
    sliders = {
        name: ipywidgets.IntSlider(
            value=value,
            min=1,
            max=most,
            description=text(f"epoch_explorer.{name}"),
            style={"description_width": "14em"},
            layout=ipywidgets.Layout(width="38em"),
        )
        for name, value, most in (
            ("rows", rows, 60),
            ("processes", processes, 8),
            ("batch_size", batch_size, 8),
            ("accumulate", accumulate, 4),
        )
    }
    box = ipywidgets.Checkbox(
        value=sharded,
        description=text("epoch_explorer.sharded"),
        indent=False,
        layout=ipywidgets.Layout(width="38em"),
    )

    def draw() -> str:
        plan = plan_epoch(*(slider.value for slider in sliders.values()))
        return plan_html(plan, PARAMETERS, box.value)

    view = ipywidgets.HTML(value=draw())
    for name, control in {**sliders, "sharded": box}.items():
        control.observe(lambda _: redraw(view, draw), names="value")
        control.add_class(f"course-epoch-{name.replace('_', '-')}")
    view.add_class("course-epoch-view")
    return EpochExplorer(**sliders, sharded=box, view=view, widget=ipywidgets.VBox([*sliders.values(), box, view]))


def show_epoch_explorer(
    rows: int = 22, processes: int = 2, batch_size: int = 4, accumulate: int = 1, sharded: bool = False
) -> None:
    """Show `epoch_explorer`; a reader without a kernel sees the first division.

    Args and errors as for `epoch_explorer`.
    """
    explorer = epoch_explorer(rows, processes, batch_size, accumulate, sharded)
    show(explorer.widget, explorer.view.value)
