"""Lesson 07: its function for small trainings, its curves, its bench, and what it says about the Trainer."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from course_lessons.lesson_07 import learning_curves as curves_module
from course_lessons.lesson_07 import training_lab as lab_module
from course_lessons.lesson_07.draw_training_curves import (
    CHANCE_LOSS,
    draw_history,
    draw_learning_curves,
    draw_runs,
    runs_html,
    smoothed,
)
from course_lessons.lesson_07.fine_tuning import FineTuningRun, FineTuningSettings, checked, fine_tune, run_of
from course_lessons.lesson_07.learning_curves import (
    Control,
    Point,
    as_figures,
    control_means,
    controls_as_figures,
    learned_all,
    means,
    measure_longer,
    measure_point,
    measure_words,
    rows_for,
)
from course_lessons.lesson_07.training_lab import TrainingLab, training_lab
from course_utils import CourseError, checkpoint, corpus, setup
from course_utils.markup import plain

TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a tiny untrained checkpoint and the real tokenizer."""
    setup()
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(checkpoint("bert-base-uncased"))
    BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), **TINY)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def rows() -> Any:
    """The English reviews."""
    return corpus("pocket_reviews", "en")


def few(rows: Any, number: int = 16) -> Dataset:
    """The first training rows."""
    return rows["train"].select(range(number))


# ------------------------------------------------------------------------------------------ one small training


def test_fine_tune_is_the_trainer(tiny: str, rows: Any, tmp_path: Path) -> None:
    """The function gives what a Trainer with the same settings gives, loss by loss, and the same accuracy."""
    found = fine_tune(tiny, few(rows), few(rows, 6), FineTuningSettings(1e-3, 8, 2, seed=5))
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    data = few(rows).map(lambda batch: tokenizer(batch["text"], truncation=True), batched=True)
    set_seed(5)
    model = BertForSequenceClassification.from_pretrained(tiny, num_labels=2)
    arguments = TrainingArguments(
        tmp_path, learning_rate=1e-3, per_device_train_batch_size=8, num_train_epochs=2, seed=5, warmup_steps=0.1,
        logging_steps=1, save_strategy="no", use_cpu=True, dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = quiet(Trainer(model, arguments, train_dataset=data, processing_class=tokenizer))
    trainer.train()
    assert list(found.losses) == [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert found.steps == (1, 2, 3, 4) and found.planned == 4 and not found.stopped and found.device == "cpu"
    model.eval()
    texts = tokenizer(few(rows, 6)[:]["text"], padding=True, return_tensors="pt")
    with torch.no_grad():
        best = model(**texts).logits.argmax(dim=-1).tolist()
    right = sum(a == b for a, b in zip(best, few(rows, 6)[:]["label"], strict=True))
    assert found.accuracy == pytest.approx(right / 6)


def quiet(trainer: Trainer) -> Trainer:
    """The Trainer without its printing."""
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    return trainer


@pytest.mark.slow
def test_fine_tune_repeats_itself_and_heeds_its_settings(tiny: str, rows: Any) -> None:
    """Equal settings give equal losses; seed, learning rate and start each change them; so do fewer steps."""

    def losses(pretrained: bool = True, max_steps: int = -1, **changes: Any) -> tuple[float, ...]:
        chosen = FineTuningSettings(**{"learning_rate": 1e-3, "batch_size": 8, "epochs": 2, **changes})
        return fine_tune(tiny, few(rows), few(rows, 4), chosen, pretrained=pretrained, max_steps=max_steps).losses

    first = losses()
    assert losses() == first and len(first) == 4
    assert losses(seed=1) != first and losses(learning_rate=1e-2) != first and losses(pretrained=False) != first
    assert len(losses(batch_size=16)) == 2 and len(losses(epochs=1)) == 2 and len(losses(max_steps=1)) == 1


def test_fine_tune_tells_and_stops(tiny: str, rows: Any) -> None:
    """Whoever watches hears of every step; a stop ends the run after the step it is in."""
    heard: list[FineTuningRun] = []
    stop = threading.Event()

    def watch(run: FineTuningRun) -> None:
        heard.append(run)
        if len(run.steps) == 2:
            stop.set()

    run = fine_tune(tiny, few(rows), few(rows, 4), FineTuningSettings(1e-3, 4, 2), watch=watch, stop=stop)
    assert run.stopped and run.steps == (1, 2) and run.planned == 8 and run.accuracy is None
    assert [len(one.steps) for one in heard][:2] == [1, 2] and len(heard) <= 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": 0}, {"learning_rate": 1.0}, {"learning_rate": math.nan}, {"learning_rate": "fast"},
        {"batch_size": 0}, {"batch_size": 2.5}, {"epochs": 1000}, {"epochs": True},
    ],
)  # fmt: skip
def test_settings_out_of_bounds_are_explained(wrong: dict[str, Any]) -> None:
    """What would blow up or never end is refused in words."""
    with pytest.raises(CourseError, match="It should be"):
        checked(FineTuningSettings(**wrong))


def test_rows_that_do_not_fit_are_explained(rows: Any) -> None:
    """Too many rows, none, or the wrong columns: said before anything is loaded."""
    good = few(rows)
    with pytest.raises(CourseError, match="train rows have the columns label"):
        fine_tune("nowhere", good.remove_columns("text"), good)
    with pytest.raises(CourseError, match="evaluation rows .* 0 rows"):
        fine_tune("nowhere", good, good.select([]))
    with pytest.raises(CourseError, match="at most 1000"):
        fine_tune("nowhere", Dataset.from_dict({"text": ["a"] * 1001, "label": [0] * 1001}), good)


# -------------------------------------------------------------------------------------- what the lesson claims


def tiny_trainer(folder: Path, callbacks: tuple[TrainerCallback, ...] = (), **changes: Any) -> Trainer:
    """A Trainer on 24 rows of invented ids, in the manner of the lesson."""
    set_seed(0)
    dropout = changes.pop("dropout", 0.1)
    accepts = changes.pop("accepts", None)
    config = BertConfig(vocab_size=100, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout, **TINY)
    model = BertForSequenceClassification(config)
    if accepts is not None:
        model.accepts_loss_kwargs = accepts
    draw = torch.Generator().manual_seed(1)
    ids = torch.randint(5, 100, (24, 7), generator=draw).tolist()
    data = Dataset.from_dict({"input_ids": ids, "attention_mask": [[1] * 7] * 24, "label": [0, 1] * 12})
    arguments = TrainingArguments(folder, use_cpu=True, dataloader_pin_memory=False, disable_tqdm=True, **changes)
    return quiet(Trainer(model, arguments, train_dataset=data, callbacks=list(callbacks)))


class StopAt(TrainerCallback):
    """Ends a training after a number of steps."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        control.should_training_stop = state.global_step == self.step


@pytest.mark.parametrize(("batch", "stop"), [(8, 4), (8, 3), (5, 7)])
@pytest.mark.slow
def test_resuming_equals_the_whole_run_to_the_last_bit(tmp_path: Path, batch: int, stop: int) -> None:
    """Stopped in the middle or at the end of an epoch, with dropout on: every loss and every weight is the same."""
    plan = {
        "max_steps": 9, "save_strategy": "steps", "save_steps": stop, "logging_steps": 1,
        "learning_rate": 1e-3, "per_device_train_batch_size": batch,
    }  # fmt: skip
    whole = tiny_trainer(tmp_path / "whole", **plan)
    whole.train()
    stopped = tiny_trainer(tmp_path / "stopped", (StopAt(stop),), **plan)
    stopped.train()
    assert stopped.state.global_step == stop
    resumed = tiny_trainer(tmp_path / "stopped", **plan)
    resumed.train(resume_from_checkpoint=True)
    assert run_of(resumed).losses == run_of(whole).losses and len(run_of(whole).losses) == 9
    for key, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[key]), key
    assert not all(
        torch.equal(value, stopped.model.state_dict()[key]) for key, value in whole.model.state_dict().items()
    )


@pytest.mark.parametrize("accumulation", [2, 3])
@pytest.mark.slow
def test_accumulated_gradients_and_the_way_out(tmp_path: Path, accumulation: int) -> None:
    """The fault that the lesson shows is there, as large as it says, and `accepts_loss_kwargs = False` mends it."""

    def first(batch: int, steps: int, accepts: bool | None = None) -> dict[str, float]:
        trainer = tiny_trainer(
            tmp_path, dropout=0.0, accepts=accepts, max_steps=1, logging_steps=1, save_strategy="no",
            per_device_train_batch_size=batch, gradient_accumulation_steps=steps,
        )  # fmt: skip
        trainer.train()
        return trainer.state.log_history[0]

    large = first(4 * accumulation, 1)
    wrong, mended = first(4, accumulation), first(4, accumulation, accepts=False)
    for key in ("loss", "grad_norm"):
        assert wrong[key] / large[key] == pytest.approx(accumulation, rel=1e-3)
        assert mended[key] / large[key] == pytest.approx(1, rel=1e-3)


def test_refused_files_are_those_the_lesson_names(tmp_path: Path) -> None:
    """Of a checkpoint's files exactly two do not open with weights_only=True."""
    trainer = tiny_trainer(tmp_path, max_steps=1)
    trainer.train()
    refused = []
    for path in (tmp_path / "checkpoint-1").iterdir():
        if path.suffix in (".bin", ".pt", ".pth"):
            try:
                torch.load(path, weights_only=True)
            except Exception:
                refused.append(path.name)
    assert sorted(refused) == ["rng_state.pth", "training_args.bin"]


# ------------------------------------------------------------------------------------------------------ curves

HISTORY = [
    {"step": 1, "loss": 0.7, "learning_rate": 1e-3},
    {"step": 2, "loss": 0.4, "learning_rate": 5e-4},
    {"step": 2, "eval_loss": 0.6, "eval_accuracy": 0.75},
    {"step": 3, "loss": 0.1, "learning_rate": 1e-4},
    {"step": 3, "eval_loss": 0.5, "eval_accuracy": 0.8},
    {"step": 3, "train_runtime": 1.0},
]


def curve(axes: Any, number: int) -> list[list[float]]:
    """The points of a line."""
    return axes.lines[number].get_xydata().tolist()


def test_history_is_drawn_point_by_point() -> None:
    """Every logged number lies where it belongs, and the best checkpoint is marked in both panels."""
    figure = draw_history(HISTORY, best=2).figure
    loss, accuracy = figure.axes
    assert curve(loss, 0) == [[1, 0.7], [2, 0.4], [3, 0.1]] and curve(loss, 1) == [[2, 0.6], [3, 0.5]]
    assert curve(accuracy, 0) == [[2, 0.75], [3, 0.8]]
    assert {"0.75", "0.80"} <= {text.get_text() for text in accuracy.texts}
    assert all([2, 2] in [list(line.get_xdata()) for line in axes.lines] for axes in figure.axes)
    assert len(draw_history(HISTORY[:2]).figure.axes) == 1
    FigureCanvasAgg(figure).draw()
    with pytest.raises(CourseError):
        draw_history([{"step": 1, "eval_loss": 0.5}])


def test_history_in_words() -> None:
    """The words tell the trend with a wide margin, and no digit that may differ between machines."""
    words = draw_history(HISTORY).words
    assert "over 3 steps" in words and "falls" in words and "measured 2 times" in words and "well above" in words
    moved = [{**entry, "loss": entry["loss"] + 0.02} if "loss" in entry else entry for entry in HISTORY]
    assert draw_history(moved).words == words
    rising = [{"step": 1, "loss": 0.7}, {"step": 2, "loss": 2.0}]
    assert "rises" in draw_history(rising).words
    flat = [{"step": 1, "loss": 0.7}, {"step": 2, "loss": 0.69}, {"step": 2, "eval_accuracy": 0.5}]
    assert "about where it began" in draw_history(flat).words and "near that of a coin toss" in draw_history(flat).words
    marked = draw_history(HISTORY, best=2)
    assert marked.words == words + " A line marks the best checkpoint." and not marked.repeatable
    turning = [{**entry, "eval_loss": 0.9} if entry.get("eval_loss") == 0.5 else entry for entry in HISTORY]
    early = draw_history(turning, best=2, ended_early=True).words
    assert "that ended early" in early and "lowest at the best checkpoint" in early and "1 measurements later" in early
    assert "lowest" not in draw_history(HISTORY, best=2, ended_early=True).words, "it is not lowest there"
    with pytest.raises(CourseError):
        draw_history([])


def test_runs_are_drawn_smoothed_and_capped() -> None:
    """Each run is its own line under its name; a wild one stays inside the picture."""
    calm = FineTuningRun(FineTuningSettings(), 3, (0.6, 0.4, 0.2), (1, 2, 3))
    wild = FineTuningRun(FineTuningSettings(), 3, (0.7, 30.0, math.inf), (1, 2, 3))
    picture = draw_runs({"calm": calm, "wild": wild}, ceiling=1.5)
    axes = picture.figure.axes[0]
    assert picture.words == (
        "Loss curves of these runs: calm, wild. Lowest at the end: calm. Far above its beginning on the way: wild."
    )
    assert [line.get_label() for line in axes.lines][:2] == ["calm", "wild"]
    assert curve(axes, 0) == [[1, pytest.approx(0.6)], [2, pytest.approx(0.5)], [3, pytest.approx(0.4)]]
    assert max(value for _, value in curve(axes, 1)) == 1.5 < axes.get_ylim()[1]
    assert axes.get_yticklabels()[-1].get_text() == "1.5 or more"
    assert axes.lines[2].get_ydata()[0] == pytest.approx(CHANCE_LOSS) == pytest.approx(math.log(2))
    for runs in ({}, {str(n): calm for n in range(7)}, {"empty": FineTuningRun(FineTuningSettings(), 3)}):
        with pytest.raises(CourseError):
            draw_runs(runs)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.integers(1, 5))
@settings(deadline=None, max_examples=50)
def test_smoothing_is_a_mean_of_the_last_ones(losses: list[float], width: int) -> None:
    """As many values as before, each the mean of at most `width` that end with it."""
    found = smoothed(losses, width)
    assert len(found) == len(losses)
    for end, value in enumerate(found, 1):
        window = losses[max(0, end - width) : end]
        assert value == pytest.approx(sum(window) / len(window))


POINTS = [
    Point("en", size, pretrained, seed, accuracy)
    for size, pretrained, seed, accuracy in (
        (50, True, 0, 0.7), (50, True, 1, 0.8), (50, False, 0, 0.5), (50, False, 1, 0.6),
        (400, True, 0, 0.9), (400, False, 0, 0.65),
    )
]  # fmt: skip


CONTROLS = [
    Control("en", 50, "longer", 0, 0.6, 150), Control("en", 50, "longer", 1, 0.7, 170),
    Control("en", 400, "longer", 0, 0.72, 200), Control("en", 400, "words", 0, 0.73, 0),
]  # fmt: skip


def test_learning_curves_join_the_means() -> None:
    """Lines join means of seeds, dots are single runs, stars are those made just now."""
    star = Point("en", 100, True, 0, 0.77)
    picture = draw_learning_curves(POINTS, CONTROLS, [star])
    axes = picture.figure.axes[0]
    assert curve(axes, 0) == [[50, pytest.approx(0.75)], [400, pytest.approx(0.9)]]
    assert curve(axes, 1) == [[50, pytest.approx(0.55)], [400, pytest.approx(0.65)]]
    assert curve(axes, 2) == [[50, pytest.approx(0.65)], [400, pytest.approx(0.72)]]
    assert curve(axes, 3) == [[400, pytest.approx(0.73)]]
    dots = [tuple(point) for group in axes.collections for point in group.get_offsets().tolist()]
    assert {(p.examples, p.accuracy) for p in [*POINTS, *CONTROLS, star]} == set(dots)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["50", "400"]
    words = picture.words
    assert "random weights, 80 steps, 2 seeds: 0.55 at 50, 0.65 at 400." in words
    assert "random weights, trained on, 2 seeds: 0.65 at 50, 0.72 at 400." in words
    assert words.endswith("word counts, 1 seeds: 0.73 at 400.")
    with pytest.raises(CourseError):
        draw_learning_curves([])


@pytest.mark.slow
def test_a_control_trains_until_it_learns_no_more(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule ends the training, and the accuracy is measured; without it the run goes to its last step."""
    asked: list[int] = []

    def rule(run: FineTuningRun) -> bool:
        asked.append(len(run.losses))
        return len(run.losses) == 3

    monkeypatch.setattr(curves_module, "learned_all", rule)
    control = measure_longer(tiny, "en", 10, seed=3, most=6)
    assert control.steps == 3 and asked[:3] == [1, 2, 3] and (control.accuracy * 120) % 1 == pytest.approx(0)
    monkeypatch.setattr(curves_module, "learned_all", lambda run: False)
    assert measure_longer(tiny, "en", 10, seed=3, most=4).steps == 4
    calm, wild = (FineTuningRun(FineTuningSettings(), 99, (0.5, *[0.001] * 24, last)) for last in (0.001, 0.9))
    assert learned_all(calm) and not learned_all(wild)
    stored = controls_as_figures([control], 6)
    assert [Control(**row) for row in stored["controls"]] == [control] and stored["most_steps"] == 6
    assert control_means([control]) == {(10, "longer"): control.accuracy}


def test_word_counts_see_the_examples_of_the_point() -> None:
    """Better than chance with many examples, with the same rows as the trainings, and the same each time."""
    many = [measure_words("en", 400, seed) for seed in range(2)]
    assert all(control.accuracy > 0.6 and control.steps == 0 for control in many) and many[0] != many[1]
    assert measure_words("en", 400, 0) == many[0]


def test_points_are_drawn_by_seed_and_nested(tiny: str) -> None:
    """More examples hold the fewer ones; another seed draws others; the measured rows are never trained on."""
    small, evaluation = rows_for("en", 10, seed=3)
    large, _ = rows_for("en", 40, seed=3)
    other, _ = rows_for("en", 10, seed=4)
    assert set(small[:]["text"]) < set(large[:]["text"]) and set(small[:]["text"]) != set(other[:]["text"])
    assert len(evaluation) == 120 and not set(large[:]["text"]) & set(evaluation[:]["text"])
    for wrong in (1, 481, 2.5, "many"):
        with pytest.raises(CourseError, match="number of examples"):
            rows_for("en", wrong, seed=0)
    points = [measure_point(tiny, "en", 10, kind, seed=3, steps=2) for kind in (True, False)]
    assert [point.pretrained for point in points] == [True, False]
    assert all(0 <= point.accuracy <= 1 and (point.accuracy * 120) % 1 == pytest.approx(0) for point in points)
    stored = as_figures(points, 2)
    assert [Point(**row) for row in stored["points"]] == sorted(points) and stored["steps"] == 2
    assert means(points)[10, True] == points[0].accuracy


def test_runs_as_html_read_without_colours() -> None:
    """The table says all that the curves show, also of a run under way, a stopped one and one that blew up."""
    done = FineTuningRun(FineTuningSettings(1e-3, 8, 2), 4, (0.7, 0.6, 0.5, 0.4), (1, 2, 3, 4), accuracy=0.8)
    stopped = FineTuningRun(FineTuningSettings(1e-2, 16, 1), 9, (0.7, math.nan), (1, 2), stopped=True)
    going = FineTuningRun(FineTuningSettings(1e-5, 32, 3), 6, (0.7,), (1,))
    html = runs_html([done, stopped], going)
    for words in ("0.001 ", "0.80", "0.55 ", "stopped at step 2", "step 1 of 6", "1e-05 "):
        assert words in plain(html), words
    assert html.count("<polyline") == 3 and "nan" not in html
    assert "No run yet" in runs_html([]) and "<svg" not in runs_html([])
    many = runs_html([done] * 9)
    assert many.count("<polyline") == 6 and many.count("<tr") == 10
    assert "<polyline" not in runs_html([FineTuningRun(FineTuningSettings(), 4)])


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=6), st.integers(0, 5))
@settings(deadline=None, max_examples=50)
def test_any_run_can_be_drawn(losses: list[float], planned: int) -> None:
    """Whatever losses a training gives, a view comes of it."""
    run = FineTuningRun(FineTuningSettings(), planned, tuple(losses), tuple(range(1, len(losses) + 1)))
    html = runs_html([run], run)
    assert "course-runs" in html and "nan" not in html and "inf," not in html


# ------------------------------------------------------------------------------------------------------- bench


@pytest.fixture
def lab(tiny: str, rows: Any) -> Iterator[TrainingLab]:
    """The bench on a tiny checkpoint; ended after the test."""
    made = training_lab(tiny, few(rows, 64), few(rows, 8))
    made.batch.value = 8
    yield made
    made.bench.stop.set()
    assert made.bench.wait(60)


def until(true: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait until something is true; whether it became so."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def test_a_run_lands_in_the_view(lab: TrainingLab) -> None:
    """Pressing Run trains with what the controls say; progress, words and table follow."""
    assert "No run yet" in lab.view.value and lab.stop.disabled and not lab.start.disabled
    lab.rate.value, lab.epochs.value = 1e-3, 1
    lab.start.click()
    assert lab.start.disabled and not lab.stop.disabled
    assert lab.bench.wait()
    (run,) = lab.bench.runs
    assert run.settings == FineTuningSettings(1e-3, 8, 1) and run.planned == 8 and not run.stopped
    assert lab.progress.value == lab.progress.max == 8
    assert "Done: 8 steps" in lab.status.value and f"{run.accuracy:.2f}" in lab.view.value
    assert not lab.start.disabled and lab.stop.disabled


def test_start_stop_start_again(lab: TrainingLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run can be stopped in its middle and another one started; both stand in the table."""
    lab.epochs.value = 4
    begun = threading.Event()
    draw = lab_module._draw
    monkeypatch.setattr(lab_module, "_draw", lambda *given: (draw(*given), begun.set(), time.sleep(0.02)))
    lab.start.click()
    assert begun.wait(60)
    lab.stop.click()
    assert "Stopping" in lab.status.value or lab.bench.ended
    assert lab.bench.wait()
    assert lab.bench.runs[0].stopped and len(lab.bench.runs[0].steps) < 32
    assert "Stopped after step" in lab.status.value and "stopped at step" in lab.view.value
    lab.epochs.value = 1
    lab.start.click()
    assert lab.bench.wait()
    assert [run.stopped for run in lab.bench.runs] == [True, False] and "Done: 8 steps" in lab.status.value


def test_a_second_press_and_a_late_stop_do_nothing(lab: TrainingLab) -> None:
    """Two presses make one run; a stop when nothing runs changes nothing."""
    lab.stop.click()
    assert "Ready" in lab.status.value
    lab.epochs.value = 1
    lab.start.click()
    first = lab.bench.thread
    lab_module._begin(lab, "elsewhere", None, None)  # type: ignore[arg-type]
    assert lab.bench.thread is first
    assert lab.bench.wait() and len(lab.bench.runs) == 1
    said = lab.status.value
    lab_module._end(lab)
    assert lab.status.value == said and not lab.bench.stop.is_set()


def test_the_kernel_stays_free_while_a_run_goes_on(lab: TrainingLab) -> None:
    """Pressing Run comes back at once: the training has a thread of its own."""
    begun = time.monotonic()
    lab.start.click()
    assert time.monotonic() - begun < 1 and lab.bench.thread is not threading.current_thread()
    assert lab.bench.thread.daemon, "a run under way does not keep Python from ending"


def test_an_error_is_said_in_words_and_the_bench_goes_on(
    lab: TrainingLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes wrong in the thread is said in the view, never lost in a traceback."""
    real = lab_module.fine_tune
    for error, words in (
        (RuntimeError("out of memory <b>"), "RuntimeError: out of memory &lt;b&gt;"),
        (CourseError("a plain word"), "a plain word"),
        (OSError(28, "No space left on device"), "No space left"),
    ):
        monkeypatch.setattr(lab_module, "fine_tune", lambda *given, error=error, **more: raise_(error))
        lab.start.click()
        assert lab.bench.wait() and until(lambda: lab.bench.ended)
        assert words in lab.status.value and not lab.start.disabled and lab.stop.disabled
    monkeypatch.setattr(lab_module, "fine_tune", real)
    lab.epochs.value = 1
    lab.start.click()
    assert lab.bench.wait() and len(lab.bench.runs) == 1 and "Done" in lab.status.value
    assert "Traceback" not in capsys.readouterr().err


def raise_(error: BaseException) -> None:
    """Raise, inside an expression."""
    raise error


def test_the_bench_begins_with_earlier_runs(tiny: str, rows: Any) -> None:
    """Runs made in the lesson stand there from the start; the bench takes no more rows than it promises."""
    earlier = [FineTuningRun(FineTuningSettings(1e-2, 16, 2), 4, (0.7, 0.6), (1, 2), accuracy=0.6)]
    lab = training_lab(tiny, rows["train"], rows["validation"], earlier)
    assert "0.60" in lab.view.value and "128 reviews" in lab.status.value
    with pytest.raises(CourseError, match="data sets"):
        training_lab(tiny, ["a", "b"], rows["validation"])  # type: ignore[arg-type]
