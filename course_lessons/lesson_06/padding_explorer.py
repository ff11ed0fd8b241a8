"""A batch size and a way to form batches, chosen by the learner, and what is wasted then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets

from course_lessons.lesson_06.batching import STRATEGIES, batches_by, count_tokens
from course_lessons.lesson_06.draw_batching import DrawnBatch, batch_html, epoch_html
from course_utils.display import Muted, redraw, show
from course_utils.markup import plain
from course_utils.messages import CourseError, brief, text

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
MOST_LENGTHS = 20_000


@dataclass(frozen=True)
class PaddingExplorer:
    """Controls for the batches of an epoch, and below them what they cost.

    Attributes:
        strategy: how batches are formed, one of `STRATEGIES`.
        batch_size: rows of a batch.
        step: which batch of the epoch is drawn, from 1.
        view: the epoch in words and one batch as a picture, redrawn at every change.
        widget: all together.
    """

    strategy: ipywidgets.ToggleButtons
    batch_size: ipywidgets.SelectionSlider
    step: ipywidgets.IntSlider
    view: ipywidgets.HTML
    widget: ipywidgets.VBox


def padding_explorer(
    lengths: Sequence[int], batch_size: int = 32, strategy: str = "longest", max_length: int = 128
) -> PaddingExplorer:
    """Controls for batch size, strategy and step; the view counts the epoch and draws one batch of it.

    Args:
        lengths: tokens of each row; 1 to 20,000 rows.
        batch_size: rows of a batch at first, one of 1, 2, 4 and so on up to 512.
        strategy: how batches are formed at first.
        max_length: the length to which "max_length" pads; not below the longest row.
    Raises:
        CourseError: no rows or too many, an unknown strategy or batch size, or a row longer than `max_length`.

    >>> explorer = padding_explorer([3, 5, 4, 9], batch_size=2, strategy="longest", max_length=10)
    >>> explorer.strategy.value = "max_length"
    >>> "20 positions" in explorer.view.value
    False
    >>> "40 positions" in explorer.view.value
    True
    """
    if not 1 <= len(lengths) <= MOST_LENGTHS:
        raise CourseError(text("padding_explorer.rows", given=len(lengths), most=MOST_LENGTHS))
    if batch_size not in BATCH_SIZES:
        raise CourseError(
            text("padding_explorer.batch_size", given=brief(batch_size), known=", ".join(map(str, BATCH_SIZES)))
        )
    choices = [(text(f"draw_batching.{name}"), name) for name in STRATEGIES]
    if strategy not in STRATEGIES:
        raise CourseError(text("batching.strategy", given=brief(strategy), known=", ".join(STRATEGIES)))
    plan: list[list[int]] = []

    def form() -> None:
        """Form the batches anew; the step stays where it is as far as there are so many."""
        plan[:] = batches_by(chosen.value, lengths, size.value)

    def draw() -> str:
        fixed = max_length if chosen.value == "max_length" else None
        counted = count_tokens(lengths, plan, pad_to=fixed)
        batch = tuple(lengths[row] for row in plan[step.value - 1])
        title = text("padding_explorer.batch", number=step.value, total=len(plan))
        drawn = DrawnBatch(title, batch, max(batch) if fixed is None else fixed)
        return epoch_html(text(f"draw_batching.{chosen.value}"), counted) + batch_html(drawn, widest=max_length)

    def reform(_: object) -> None:
        """Another strategy or size: other batches, and as many steps as there are now."""

        def anew() -> str:
            form()
            with muted:
                step.value = min(step.value, len(plan))
                step.max = len(plan)
            return draw()

        redraw(view, anew)

    def turn(_: object) -> None:
        if not muted:
            redraw(view, draw)

    muted = Muted()
    wide = {"description_width": "7em"}
    chosen = ipywidgets.ToggleButtons(
        options=choices,
        value=strategy,
        description=text("padding_explorer.strategy_label"),
        style=ipywidgets.ToggleButtonsStyle(button_width="11em", **wide),
    )
    size = ipywidgets.SelectionSlider(
        options=list(BATCH_SIZES),
        value=batch_size,
        description=text("padding_explorer.size_label"),
        style=wide,
        layout=ipywidgets.Layout(width="32em"),
    )
    form()
    step = ipywidgets.IntSlider(
        value=1,
        min=1,
        max=len(plan),
        description=text("padding_explorer.step_label"),
        style=wide,
        layout=ipywidgets.Layout(width="32em"),
    )
    view = ipywidgets.HTML(value=draw())
    chosen.observe(reform, names="value")
    size.observe(reform, names="value")
    step.observe(turn, names="value")
    for control, name in ((chosen, "strategy"), (size, "size"), (step, "step"), (view, "view")):
        control.add_class(f"course-padding-{name}")
    return PaddingExplorer(chosen, size, step, view, ipywidgets.VBox([chosen, size, step, view]))


def show_padding_explorer(
    lengths: Sequence[int], batch_size: int = 32, strategy: str = "longest", max_length: int = 128
) -> None:
    """Show `padding_explorer`; a reader without a kernel sees the first epoch and its first batch.

    Args and errors as for `padding_explorer`.
    """
    explorer = padding_explorer(lengths, batch_size, strategy, max_length)
    show(explorer.widget, explorer.view.value, text=plain(explorer.view.value))
