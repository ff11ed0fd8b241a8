"""What is right and wrong in the exercises of lesson 07, the Trainer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from course_checks.judging import Exercise
from course_utils.exercises import record

if TYPE_CHECKING:
    from transformers import EvalPrediction

Log = Sequence[Mapping[str, Any]]


@record("07/steps")
def steps() -> Exercise:
    """`answer(rows, batch_size, epochs, accumulation)` gives the number of steps that the Trainer takes."""

    def right(rows: int, batch: int, epochs: int, accumulation: int) -> int:
        return epochs * math.ceil(math.ceil(rows / batch) / accumulation)

    return Exercise(
        right=right,
        cases=[
            (4, 2, 3, 1),
            (480, 16, 3, 1),
            (100, 16, 3, 1),
            (100, 16, 2, 4),
            (5, 8, 4, 2),
            (96, 16, 1, 2),
            (41, 8, 5, 3),
            (10, 4, 3, 2),
        ],
        mistakes={
            "one_epoch": lambda rows, batch, epochs, accumulation: right(rows, batch, 1, accumulation),
            "no_accumulation": (
                lambda rows, batch, epochs, accumulation: right(rows, batch, epochs, 1),
                lambda rows, batch, epochs, accumulation: accumulation * right(rows, batch, epochs, accumulation),
            ),
            "last_batch_dropped": (
                lambda rows, batch, epochs, accumulation: epochs * (rows // (batch * accumulation)),
                lambda rows, batch, epochs, accumulation: epochs * (rows // batch // accumulation),
                lambda rows, batch, epochs, accumulation: epochs * math.ceil(rows // batch / accumulation),
            ),
            "last_step_dropped": (
                lambda rows, batch, epochs, accumulation: epochs * (math.ceil(rows / batch) // accumulation),
                lambda rows, batch, epochs, accumulation: epochs * max(1, math.ceil(rows / batch) // accumulation),
            ),
            "epochs_run_together": (
                lambda rows, batch, epochs, accumulation: math.ceil(rows * epochs / (batch * accumulation)),
                lambda rows, batch, epochs, accumulation: math.ceil(epochs * math.ceil(rows / batch) / accumulation),
            ),
            "not_rounded": lambda rows, batch, epochs, accumulation: rows * epochs / (batch * accumulation),
        },
    )


@record("07/schedule")
def schedule() -> Exercise:
    """`answer(step, steps, warmup)` gives the share of the largest rate in that step, counted from 0: up, then down."""

    def rate(
        rise: Callable[[int, int], float] = lambda step, warmup: step / warmup,
        fall: Callable[[int, int, int], float] = lambda step, steps, warmup: (steps - step) / (steps - warmup),
    ) -> Callable[[int, int, int], float]:
        def at(step: int, steps: int, warmup: int) -> float:
            return rise(step, warmup) if step < warmup else fall(step, steps, warmup)

        return at

    return Exercise(
        right=rate(),
        cases=[
            *((step, 6, 0) for step in (0, 1, 5)),
            *((step, 12, 3) for step in (0, 1, 2, 3, 4, 11)),
            *((step, 5, 4) for step in (3, 4)),
        ],
        mistakes={
            "no_warmup": lambda step, steps, warmup: (steps - step) / steps,
            "falls_from_the_start": (
                rate(fall=lambda step, steps, warmup: (steps - step) / steps),
                rate(fall=lambda step, steps, warmup: 1 - step / steps),
            ),
            "no_fall": rate(fall=lambda step, steps, warmup: 1.0),
            "from_one": (
                rate(lambda step, warmup: (step + 1) / warmup),
                rate(lambda step, warmup: (step + 1) / (warmup + 1)),
            ),
            "one_step_late": (
                rate(fall=lambda step, steps, warmup: (steps - step - 1) / (steps - warmup)),
                rate(fall=lambda step, steps, warmup: (steps - 1 - step) / max(1, steps - 1 - warmup)),
                rate(fall=lambda step, steps, warmup: (steps - 1 - step) / (steps - 1 - warmup)),
            ),
            "upside_down": rate(fall=lambda step, steps, warmup: (step - warmup) / (steps - warmup)),
        },
    )


@record("07/metrics")
def metrics() -> Exercise:
    """`answer(result)` gives a dictionary with `accuracy` and with `f1` of class 1, also where no row is called 1."""
    import numpy as np
    from transformers import EvalPrediction

    def result(labels: list[int], best: list[int]) -> tuple[EvalPrediction]:
        rows = ([[0.3, -0.4], [-1.2, 0.1]], [[2.0, 1.0], [-2.0, -1.0]])  # either logit may lie on either side of 0
        logits = np.array([rows[number % 2][kind] for number, kind in enumerate(best)], dtype=np.float32)
        return (EvalPrediction(predictions=logits, label_ids=np.array(labels)),)

    def shares(labels: Sequence[int], best: Sequence[int]) -> dict[str, float]:
        """Accuracy, and F1, precision and recall of class 1; 0 where a denominator is 0."""
        hits = sum(label == kind == 1 for label, kind in zip(labels, best, strict=True))
        called, there = sum(best), sum(labels)
        return {
            "accuracy": float(np.mean(np.equal(labels, best))),
            "f1": 2 * hits / (called + there) if called + there else 0.0,
            "precision": hits / called if called else 0.0,
            "recall": hits / there if there else 0.0,
        }

    def scores(f1: Callable[..., float], factor: float = 1.0) -> Callable[[EvalPrediction], dict[str, float]]:
        """An answer whose `f1` is made of the shares for class 1 and those for class 0."""

        def answer(result: EvalPrediction) -> dict[str, float]:
            labels, best = result.label_ids.tolist(), result.predictions.argmax(axis=-1).tolist()
            one = shares(labels, best)
            zero = shares([1 - label for label in labels], [1 - kind for kind in best])
            return {"accuracy": factor * one["accuracy"], "f1": factor * f1(one, zero)}

        return answer

    right = scores(lambda one, zero: one["f1"])

    def divided(result: EvalPrediction) -> dict[str, float]:
        hits = ((result.predictions.argmax(axis=-1) == 1) & (result.label_ids == 1)).sum()
        called, there = (result.predictions.argmax(axis=-1) == 1).sum(), (result.label_ids == 1).sum()
        with np.errstate(all="ignore"):
            precision, recall = hits / called, hits / there
            return {**right(result), "f1": float(2 * precision * recall / (precision + recall))}

    return Exercise(
        right=right,
        cases=[
            result([0, 1, 1, 1, 0, 1, 0, 0], [0, 1, 0, 1, 1, 1, 0, 0]),
            result([1, 1, 1, 0, 1, 0], [1, 0, 1, 0, 0, 0]),
            result([0, 1, 0, 0, 0], [1, 1, 1, 0, 0]),
            result([0, 1, 1, 0, 1], [0, 0, 0, 0, 0]),
            result([0, 0, 0], [0, 0, 0]),
        ],
        call=lambda result: (
            f"metrics(result), label_ids {result.label_ids.tolist()}, predictions.argmax(axis=-1) "
            f"{result.predictions.argmax(axis=-1).tolist()}"
        ),
        mistakes={
            "keys": (
                lambda result: {"accuracy": right(result)["accuracy"]},
                lambda result: {"f1": right(result)["f1"]},
                lambda result: list(right(result).values()),
                lambda result: tuple(reversed(right(result).values())),
                lambda result: right(result)["f1"],
            ),
            "percent": (scores(lambda one, zero: one["f1"], factor=100),),
            "division": divided,
            "one_text": lambda result: {key: str(value) for key, value in right(result).items()},
            "accuracy": lambda result: {**right(result), "f1": right(result)["accuracy"]},
            "precision": scores(lambda one, zero: one["precision"]),
            "recall": scores(lambda one, zero: one["recall"]),
            "mean_of_both": scores(lambda one, zero: (one["precision"] + one["recall"]) / 2),
            "other_class": scores(lambda one, zero: zero["f1"]),
            "macro": scores(lambda one, zero: (one["f1"] + zero["f1"]) / 2),
        },
    )


@record("07/early-stop")
def early_stop() -> Exercise:
    """`answer(losses, patience)` gives the number of the epoch after which training ends."""

    def stops(
        resets: bool = True, against_last: bool = False, ties: bool = False, wait: int = 0, from_zero: bool = False
    ) -> Callable[[Sequence[float], int], int]:
        """The rule, or one of the usual slips."""

        def epoch_of(losses: Sequence[float], patience: int) -> int:
            best, waited = math.inf, 0
            for epoch, loss in enumerate(losses, start=0 if from_zero else 1):
                better = loss < best or (ties and loss == best)
                waited = (0 if resets else waited) if better else waited + 1
                best = loss if against_last or better else best
                if waited == patience + wait:
                    return epoch
            return len(losses) - from_zero

        return epoch_of

    right = stops()

    return Exercise(
        right=right,
        cases=[
            ([0.60, 0.40, 0.45, 0.50, 0.55, 0.20, 0.10], 2),
            ([0.70, 0.50, 0.55, 0.45, 0.46, 0.44, 0.47, 0.48, 0.10], 2),
            ([0.60, 0.50, 0.40], 2),
            ([0.50, 0.40, 0.40, 0.30], 1),
            ([0.60, 0.50, 0.55, 0.52, 0.54, 0.40], 3),
            ([1.60, 1.50, 1.70, 1.65, 1.40, 1.30], 2),
            ([0.40, 0.60], 2),
            ([130.0, 120.0, 125.0, 110.0, 100.0], 1),
        ],
        mistakes={
            "never_resets": stops(resets=False),
            "against_last": stops(against_last=True),
            "ties": stops(ties=True),
            "best_epoch": (
                lambda losses, patience: 1 + losses.index(min(losses[: right(losses, patience)])),
                lambda losses, patience: 1 + losses.index(min(losses)),
            ),
            "from_zero": (stops(from_zero=True), lambda losses, patience: right(losses, patience) - 1),
            "too_late": stops(wait=1),
            "never_stops": lambda losses, patience: len(losses),
            "at_the_end": lambda losses, patience: (
                right(losses, patience) if right(losses, patience) < len(losses) else 0
            ),
        },
    )


@record("07/repair-best")
def repair_best() -> Exercise:
    """`answer(log, metric)` gives the step of the best evaluation: the lowest of a loss, the highest of any other."""

    def best_step(
        lower: Callable[[str], bool] = lambda metric: metric.endswith("loss"), later: bool = False, last: bool = False
    ) -> Callable[[Log, str], int | None]:
        def step_of(log: Log, metric: str) -> int | None:
            best = None
            for entry in log:
                if metric not in entry:
                    continue
                new = best is None or last
                if not new:
                    one, other = entry[metric], best[metric]
                    new = (one < other if lower(metric) else one > other) or (later and one == other)
                if new:
                    best = entry
            return None if best is None else best["step"]

        return step_of

    log = [
        {"step": 5, "loss": 0.7},
        {"step": 8, "eval_loss": 0.6, "eval_accuracy": 0.70, "eval_f1": 0.60},
        {"step": 10, "loss": 0.2},
        {"step": 16, "eval_loss": 0.4, "eval_accuracy": 0.80, "eval_f1": 0.85},
        {"step": 24, "eval_loss": 0.5, "eval_accuracy": 0.90, "eval_f1": 0.85},
        {"step": 32, "eval_loss": 0.9, "eval_accuracy": 0.80, "eval_f1": 0.70},
        {"step": 32, "train_runtime": 9.5},
    ]
    negative = [{"step": 3 * n, "eval_loss": loss} for n, loss in enumerate((-0.5, -1.5, -1.0, -1.5), start=1)]
    return Exercise(
        right=best_step(),
        cases=[
            (log, "eval_loss"),
            (log, "eval_accuracy"),
            (log, "eval_f1"),
            (log, "loss"),
            (negative, "eval_loss"),
            ([{"step": 4, "eval_accuracy": 0.0, "eval_loss": 0.0}], "eval_accuracy"),
            (log, "eval_recall"),
            ([{"step": n, "eval_loss": loss} for n, loss in ((2, 1.9), (4, 1.6), (6, 1.7))], "eval_loss"),
            ([{"step": n, "eval_recall": found} for n, found in ((1, 0.2), (2, 0.6), (3, 0.4))], "eval_recall"),
        ],
        mistakes={
            "planted": best_step(lambda metric: False),
            "always_lowest": best_step(lambda metric: True),
            "eval_loss_only": best_step(lambda metric: metric == "eval_loss"),
            "upside_down": best_step(lambda metric: not metric.endswith("loss")),
            "last": best_step(last=True),
            "later": best_step(later=True),
        },
    )
