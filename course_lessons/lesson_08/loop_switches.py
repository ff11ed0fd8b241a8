"""Eight switches between a plain training loop and the Trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets

from course_lessons.lesson_08.draw_differences import loss_differences_html
from course_lessons.lesson_08.loop_parts import LOOP_PARTS, without
from course_utils.display import redraw, show
from course_utils.messages import text


@dataclass(frozen=True)
class LoopSwitches:
    """A box to tick for each part, and below them how far the loop is from the Trainer.

    Attributes:
        switches: the boxes by the name of their part; ticked means: done as the Trainer does it.
        view: the difference step by step as HTML, made anew at every change.
        widget: all together.
    """

    switches: dict[str, ipywidgets.Checkbox]
    view: ipywidgets.HTML
    widget: ipywidgets.VBox


def loop_switches(left_out: Sequence[str] = ()) -> LoopSwitches:
    """Switches for the eight parts; each change runs 24 steps of a tiny model and compares them with the Trainer's.

    Args:
        left_out: the parts that are switched off at first.
    Raises:
        CourseError: `left_out` names something that is no part.
    """
    view = ipywidgets.HTML(value=_drawn(left_out))
    switches = {
        part: ipywidgets.Checkbox(
            value=part not in left_out,
            description=text(f"loop_switches.{part}"),
            indent=False,
            layout=ipywidgets.Layout(width="auto"),
        )
        for part in LOOP_PARTS
    }

    def draw() -> str:
        return _drawn([part for part, switch in switches.items() if not switch.value])

    for part, switch in switches.items():
        switch.observe(lambda _: redraw(view, draw), names="value")
        switch.add_class(f"course-loop-{part}")
    view.add_class("course-loop-view")
    boxes = list(switches.values())
    apart = ipywidgets.Layout(margin="0 32px 0 0")
    columns = ipywidgets.HBox([ipywidgets.VBox(boxes[:4], layout=apart), ipywidgets.VBox(boxes[4:])])
    return LoopSwitches(switches, view, ipywidgets.VBox([columns, view]))


def show_loop_switches(left_out: Sequence[str] = ()) -> None:
    """Show `loop_switches`; a reader without a kernel sees the first view and the list of switches.

    Args and errors as for `loop_switches`.
    """
    live = loop_switches(left_out)
    listed = "".join(
        f"<li>{text('loop_switches.off' if part in left_out else 'loop_switches.on')} {switch.description}</li>"
        for part, switch in live.switches.items()
    )
    show(live.widget, f"<ul>{listed}</ul>{live.view.value}")


def _drawn(left_out: Sequence[str]) -> str:
    found = without(*left_out)
    names = [text(f"loop_switches.{part}") for part in left_out]
    return loss_differences_html(found.steps, found.difference, names)
