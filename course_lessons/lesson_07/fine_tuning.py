"""One small fine-tuning with the Trainer, as a function: its settings go in, its curve and its accuracy come out.

Lesson 07 shows every line of this by hand. The function is for what needs many such runs: its widget, and the
comparison of pretrained with random weights.
"""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from course_utils.messages import CourseError, brief, text

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer

RATES = (1e-6, 0.1)
BATCHES = (1, 64)
EPOCHS = (1, 20)
MOST_ROWS = 1000
"""Bounds within which a run ends in seconds or minutes, and the most rows it takes."""


@dataclass(frozen=True)
class FineTuningSettings:
    """What a learner may choose.

    Attributes:
        learning_rate: largest size of a step; it rises over the first tenth of the steps and then falls to 0.
        batch_size: rows of one step.
        epochs: passes over the training rows.
        seed: decides the new head, the order of the rows and dropout.
    """

    learning_rate: float = 3e-4
    batch_size: int = 16
    epochs: int = 2
    seed: int = 0


@dataclass(frozen=True)
class FineTuningRun:
    """What a training left behind.

    Attributes:
        settings: what it was made with.
        planned: steps it was to take.
        losses: training loss of each logged step, in order.
        steps: number of the step of each loss.
        accuracy: share of the evaluation rows that were right at the end, or None if it was not measured.
        stopped: whether somebody ended it before its planned end.
        device: what it ran on, such as "cpu".
    """

    settings: FineTuningSettings
    planned: int
    losses: tuple[float, ...] = ()
    steps: tuple[int, ...] = ()
    accuracy: float | None = None
    stopped: bool = False
    device: str = "cpu"

    @property
    def last_loss(self) -> float | None:
        """Mean of the last losses (up to five of them), which wobbles less than a single one."""
        last = [loss for loss in self.losses[-5:] if math.isfinite(loss)]
        return sum(last) / len(last) if last else None


Watch = Callable[[FineTuningRun], None]


def checked(settings: FineTuningSettings) -> FineTuningSettings:
    """The settings themselves, if they are within the bounds.

    Raises:
        CourseError: a learning rate, batch size or number of epochs that would blow up, or take very long.

    >>> checked(FineTuningSettings(epochs=2)).epochs
    2
    >>> checked(FineTuningSettings(epochs=0))
    Traceback (most recent call last):
    course_utils.messages.CourseError: epochs is 0. It should be a whole number from 1 to 20.
    """
    rate = settings.learning_rate
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not RATES[0] <= rate <= RATES[1]:
        raise CourseError(text("fine_tuning.rate", given=brief(rate), low=RATES[0], high=RATES[1]))
    for name, (low, high) in (("batch_size", BATCHES), ("epochs", EPOCHS)):
        value = getattr(settings, name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise CourseError(text("fine_tuning.whole", name=name, given=brief(value), low=low, high=high))
    return settings


def run_of(trainer: Trainer) -> FineTuningRun:
    """The run that a Trainer has made, read from its log.

    Args:
        trainer: after `train()`, or in the middle of it.
    Returns:
        Its settings, losses and, where it evaluated, its last accuracy.
    """
    log, arguments = trainer.state.log_history, trainer.args
    losses = [(entry["step"], float(entry["loss"])) for entry in log if "loss" in entry]
    measured = [entry["eval_accuracy"] for entry in log if "eval_accuracy" in entry]
    return FineTuningRun(
        settings=FineTuningSettings(
            learning_rate=arguments.learning_rate,
            batch_size=arguments.per_device_train_batch_size,
            epochs=math.ceil(arguments.num_train_epochs),
            seed=arguments.seed,
        ),
        planned=trainer.state.max_steps,
        losses=tuple(loss for _, loss in losses),
        steps=tuple(step for step, _ in losses),
        accuracy=float(measured[-1]) if measured else None,
        stopped=trainer.state.global_step < trainer.state.max_steps,
        device=arguments.device.type,
    )


@dataclass
class _Texts:
    """Rows made ready for a model."""

    train: Dataset
    evaluation: Dataset
    tokenizer: Any = field(repr=False)


def fine_tune(
    name: str,
    train: Dataset,
    evaluation: Dataset,
    settings: FineTuningSettings | None = None,
    *,
    pretrained: bool = True,
    max_steps: int = -1,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
    enough: Callable[[FineTuningRun], bool] | None = None,
    any_device: bool = False,
) -> FineTuningRun:
    """Fine-tune a checkpoint on labelled texts and measure its accuracy on others.

    Args:
        name: what `from_pretrained` loads, from `checkpoint(...)`.
        train: columns `text` and `label` (whole numbers from 0); at most 1,000 rows.
        evaluation: the same columns; its rows are only measured on.
        settings: learning rate, batch size, epochs, seed; the defaults of `FineTuningSettings` where None.
        pretrained: False starts from random weights of the same architecture.
        max_steps: steps to take in place of what the epochs come to, if above 0.
        watch: called with the run so far after every step.
        stop: set it, from another thread, to end the run after the step it is in; its accuracy is not measured then.
        enough: asked after every step; where it says yes, the run ends, and its accuracy is measured.
        any_device: train on a GPU where there is one; otherwise on the CPU, so that results can be compared.
    Raises:
        CourseError: settings out of bounds, no rows, too many rows, or rows without `text` and `label`.
    """
    settings = checked(settings or FineTuningSettings())
    for rows, role in ((train, "train"), (evaluation, "evaluation")):
        if not {"text", "label"} <= set(rows.column_names) or len(rows) == 0:
            raise CourseError(text("fine_tuning.rows", role=role, columns=", ".join(rows.column_names), rows=len(rows)))
    if len(train) > MOST_ROWS:
        raise CourseError(text("fine_tuning.too_many", rows=len(train), most=MOST_ROWS))

    from transformers import set_seed

    texts = _prepared(name, train, evaluation)
    set_seed(settings.seed)
    with tempfile.TemporaryDirectory(prefix="trainer-", ignore_cleanup_errors=True) as folder:
        trainer = _trainer(name, texts, settings, folder, pretrained, max_steps, any_device)
        trainer.add_callback(_watcher(trainer, watch, stop, enough))
        trainer.train()
        if not (stop is not None and stop.is_set() and trainer.state.global_step < trainer.state.max_steps):
            trainer.evaluate()
        return run_of(trainer)


def _prepared(name: str, train: Dataset, evaluation: Dataset) -> _Texts:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(name)

    def tokenize(rows: dict[str, list[Any]]) -> dict[str, Any]:
        return tokenizer(rows["text"], truncation=True)

    return _Texts(train.map(tokenize, batched=True), evaluation.map(tokenize, batched=True), tokenizer)


def _trainer(
    name: str,
    texts: _Texts,
    settings: FineTuningSettings,
    folder: str,
    pretrained: bool,
    max_steps: int,
    any_device: bool,
) -> Trainer:
    import torch
    from transformers import (
        AutoConfig,
        AutoModelForSequenceClassification,
        PrinterCallback,
        ProgressCallback,
        Trainer,
        TrainingArguments,
    )

    labels = 1 + max(texts.train[:]["label"] + texts.evaluation[:]["label"])
    if pretrained:
        model = AutoModelForSequenceClassification.from_pretrained(name, num_labels=max(labels, 2))
    else:
        config = AutoConfig.from_pretrained(name, num_labels=max(labels, 2))
        model = AutoModelForSequenceClassification.from_config(config)
    gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    arguments = TrainingArguments(
        output_dir=folder,
        learning_rate=settings.learning_rate,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=64,
        num_train_epochs=settings.epochs,
        max_steps=max_steps,
        seed=settings.seed,
        warmup_steps=0.1,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=not (any_device and gpu),
        dataloader_pin_memory=any_device and torch.cuda.is_available(),
    )
    trainer = Trainer(
        model,
        arguments,
        train_dataset=texts.train,
        eval_dataset=texts.evaluation,
        processing_class=texts.tokenizer,
        compute_metrics=accuracy,
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    return trainer


def accuracy(result: Any) -> dict[str, float]:
    """Share of rows whose largest logit is that of the label: a `compute_metrics` for the Trainer.

    Args:
        result: an `EvalPrediction` with logits (rows, labels) and label ids (rows,).

    >>> import numpy as np
    >>> from transformers import EvalPrediction
    >>> accuracy(EvalPrediction(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0])))
    {'accuracy': 0.5}
    """
    best = result.predictions.argmax(axis=-1)
    return {"accuracy": float((best == result.label_ids).mean())}


def _watcher(
    trainer: Trainer,
    watch: Watch | None,
    stop: threading.Event | None,
    enough: Callable[[FineTuningRun], bool] | None,
) -> Any:
    """A callback of the Trainer that tells how far a run is, and ends it when asked to."""
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if watch is not None:
                watch(run_of(trainer))
            # asked after every step, since every step is logged
            if (stop is not None and stop.is_set()) or (enough is not None and enough(run_of(trainer))):
                control.should_training_stop = True

    return Watcher()
