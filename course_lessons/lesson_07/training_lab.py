"""A bench for trainings: choose learning rate, batch size and epochs, run, and see the result beside earlier ones."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from course_lessons.lesson_07.draw_training_curves import runs_html
from course_lessons.lesson_07.fine_tuning import FineTuningRun, FineTuningSettings, fine_tune
from course_utils.display import redraw, show
from course_utils.markup import card
from course_utils.messages import CourseError, text

if TYPE_CHECKING:
    from datasets import Dataset

RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
BATCHES = (8, 16, 32)
MOST_EPOCHS = 4
MOST_ROWS = 128
"""Rows a run trains on, so that it ends in seconds."""


@dataclass
class Bench:
    """What goes on behind the controls: the finished runs, and the thread of the one under way.

    Attributes:
        runs: finished and stopped runs, oldest first.
        stop: set to end the run under way.
        thread: the run under way, or the last one.
        ended: whether that run has said its last word.
        lock: held while the last word on a run is said, so that "stopping" never overwrites it.
    """

    runs: list[FineTuningRun] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: bool = True

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self.thread is not None and self.thread.is_alive()

    def wait(self, seconds: float = 60) -> bool:
        """Wait until the run under way has ended; whether it has."""
        if self.thread is not None:
            self.thread.join(seconds)
        return not self.busy


@dataclass(frozen=True)
class TrainingLab:
    """The controls of the bench.

    Attributes:
        rate, batch, epochs: what a run is made with.
        start, stop: begin a run in a thread of its own; end it after the step it is in.
        progress: steps taken of those planned.
        status: what is going on, in words.
        view: curves and table of all runs.
        bench: what goes on behind them.
        widget: all of it.
    """

    rate: ipywidgets.SelectionSlider
    batch: ipywidgets.ToggleButtons
    epochs: ipywidgets.IntSlider
    start: ipywidgets.Button
    stop: ipywidgets.Button
    progress: ipywidgets.IntProgress
    status: ipywidgets.HTML
    view: ipywidgets.HTML
    bench: Bench
    widget: ipywidgets.VBox


def training_lab(name: str, train: Dataset, evaluation: Dataset, earlier: Sequence[FineTuningRun] = ()) -> TrainingLab:
    """Controls that fine-tune a checkpoint on a few rows, in a thread, and draw every run beside the earlier ones.

    The notebook stays usable while a run goes on. Each run starts from the checkpoint anew.

    Args:
        name: what `from_pretrained` loads, from `checkpoint(...)`.
        train: columns `text` and `label`; the first 128 rows are used.
        evaluation: the same columns; accuracy is measured on all of them.
        earlier: runs to begin with, for example from `course_lessons.lesson_07.fine_tuning.run_of`.
    Raises:
        CourseError: an argument that is no data set or no run.
    """
    if not all(hasattr(rows, "column_names") and hasattr(rows, "select") for rows in (train, evaluation)):
        raise CourseError(text("training_lab.no_data", kind=type(train).__name__))
    rows = train.select(range(min(MOST_ROWS, len(train))))
    lab = _controls(Bench(list(earlier)))
    redraw(lab.view, lambda: runs_html(lab.bench.runs))
    lab.status.value = card(escape(text("training_lab.ready", rows=len(rows))), "note")
    lab.start.on_click(lambda _: _begin(lab, name, rows, evaluation))
    lab.stop.on_click(lambda _: _end(lab))
    return lab


def show_training_lab(name: str, train: Dataset, evaluation: Dataset, earlier: Sequence[FineTuningRun] = ()) -> None:
    """Show `training_lab`; a reader without a kernel sees the runs it begins with.

    Args and errors as for `training_lab`.
    """
    lab = training_lab(name, train, evaluation, earlier)
    settings = text("training_lab.still", rate=f"{lab.rate.value:g}", batch=lab.batch.value, epochs=lab.epochs.value)
    show(lab.widget, f"<p>{escape(settings)}</p>{runs_html(lab.bench.runs)}")


def _controls(bench: Bench) -> TrainingLab:
    wide = ipywidgets.Layout(width="34em")
    label = {"description_width": "9em"}
    rate = ipywidgets.SelectionSlider(
        options=[(f"{value:g}", value) for value in RATES],
        value=3e-4,
        description=text("training_lab.rate"),
        continuous_update=False,
        layout=wide,
        style=label,
    )
    batch = ipywidgets.ToggleButtons(
        options=list(BATCHES),
        value=16,
        description=text("training_lab.batch"),
        style={"description_width": "9em", "button_width": "4em"},
    )
    epochs = ipywidgets.IntSlider(
        value=2, min=1, max=MOST_EPOCHS, description=text("training_lab.epochs"), layout=wide, style=label
    )
    start = ipywidgets.Button(description=text("training_lab.run"), button_style="primary")
    stop = ipywidgets.Button(description=text("training_lab.stop"), disabled=True)
    progress = ipywidgets.IntProgress(value=0, min=0, max=1, layout=ipywidgets.Layout(width="18em"))
    status, view = ipywidgets.HTML(), ipywidgets.HTML()
    for control, name in ((rate, "rate"), (start, "start"), (stop, "stop"), (status, "status"), (view, "view")):
        control.add_class(f"course-lab-{name}")
    widget = ipywidgets.VBox([rate, batch, epochs, ipywidgets.HBox([start, stop, progress]), status, view])
    widget.add_class("course-lab")
    return TrainingLab(rate, batch, epochs, start, stop, progress, status, view, bench, widget)


def _begin(lab: TrainingLab, name: str, train: Dataset, evaluation: Dataset) -> None:
    """Start a run with what the controls say; a second press while one is under way does nothing."""
    if not lab.bench.ended or lab.bench.busy:
        return
    lab.bench.ended = False
    settings = FineTuningSettings(float(lab.rate.value), int(lab.batch.value), int(lab.epochs.value))
    lab.bench.stop = threading.Event()
    lab.start.disabled, lab.stop.disabled = True, False
    lab.progress.value = 0
    lab.status.value = card(escape(text("training_lab.loading")), "note")
    lab.bench.thread = threading.Thread(
        target=_work, args=(lab, name, train, evaluation, settings), name="training-lab", daemon=True
    )
    lab.bench.thread.start()


def _end(lab: TrainingLab) -> None:
    """Ask the run under way to end after its step."""
    with lab.bench.lock:
        if not lab.bench.ended:
            lab.bench.stop.set()
            lab.stop.disabled = True
            lab.status.value = card(escape(text("training_lab.stopping")), "note")


def _work(lab: TrainingLab, name: str, train: Dataset, evaluation: Dataset, settings: FineTuningSettings) -> None:
    """One run, from its first line to its last, in the thread: nothing may leave it but words."""
    try:
        run = fine_tune(
            name,
            train,
            evaluation,
            settings,
            watch=lambda so_far: _draw(lab, so_far),
            stop=lab.bench.stop,
            any_device=True,
        )
        lab.bench.runs.append(run)
        key = "training_lab.stopped" if run.stopped else "training_lab.done"
        words = text(key, step=run.steps[-1] if run.steps else 0, planned=run.planned, device=run.device)
        said = card(escape(words), "note" if run.stopped else "right")
    except CourseError as error:
        said = card(escape(str(error)), "note")
    except Exception as error:  # out of memory, a full disk, a checkpoint that is gone: said, not lost
        words = text("training_lab.failed", kind=type(error).__name__, message=str(error)[:200])
        said = card(escape(words), "wrong")
    with lab.bench.lock:
        lab.bench.ended = True
        lab.status.value = said
        lab.start.disabled, lab.stop.disabled = False, True
        redraw(lab.view, lambda: runs_html(lab.bench.runs))


def _draw(lab: TrainingLab, run: FineTuningRun) -> None:
    """Show how far a run is."""
    step = run.steps[-1] if run.steps else 0
    lab.progress.max = max(run.planned, 1)
    lab.progress.value = step
    if not lab.bench.stop.is_set():
        lab.status.value = card(
            escape(text("training_lab.going", step=step, planned=run.planned, device=run.device)), "note"
        )
    redraw(lab.view, lambda: runs_html(lab.bench.runs, run))
