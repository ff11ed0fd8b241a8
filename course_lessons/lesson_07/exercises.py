"""What is right and wrong in the exercises of lesson 07, the Trainer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from course_checks.values import as_tensor, shown
from course_utils.exercises import RIGHT, Verdict, exercise, started

if TYPE_CHECKING:
    from transformers import EvalPrediction

TOLERANCE = 1e-6


def _number(value: object) -> float | None:
    """The value as one number, or None if it is not one."""
    tensor = as_tensor(value)
    if tensor is None or tensor.numel() != 1 or isinstance(value, str):
        return None
    return float(tensor)


def _same(value: object, expected: float) -> bool:
    number = _number(value)
    return number is not None and math.isfinite(number) and abs(number - expected) <= TOLERANCE


@exercise("07/steps")
def steps(answer: Callable[[int, int, int, int], object]) -> Verdict:
    """`answer(rows, batch_size, epochs, accumulation)` gives the number of steps that the Trainer takes.

    >>> steps(lambda rows, batch_size, epochs, accumulation: epochs * -(-rows // (batch_size * accumulation))).passed
    True
    """
    for rows, batch, epochs, accumulation in (
        (4, 2, 3, 1),
        (480, 16, 3, 1),
        (100, 16, 3, 1),
        (100, 16, 2, 4),
        (5, 8, 4, 2),
    ):
        batches = math.ceil(rows / batch)
        expected = epochs * math.ceil(batches / accumulation)
        given = started(answer(rows, batch, epochs, accumulation))
        if _same(given, expected):
            continue
        if _number(given) is None:
            cause = "not_a_number"
        elif epochs > 1 and _same(given, expected / epochs):
            cause = "one_epoch"
        elif accumulation > 1 and _same(given, epochs * batches):
            cause = "no_accumulation"
        elif _same(given, epochs * (rows // (batch * accumulation))):
            cause = "last_batch_dropped"
        elif _same(given, math.ceil(rows * epochs / (batch * accumulation))):
            cause = "epochs_run_together"
        elif _same(given, rows * epochs / (batch * accumulation)):
            cause = "not_rounded"
        else:
            cause = "other"
        call = f"steps({rows}, {batch}, {epochs}, {accumulation})"
        return Verdict(False, call, f"`{shown(given)}`", f"`{expected}`", cause)
    return RIGHT


@exercise("07/metrics")
def metrics(answer: Callable[[EvalPrediction], object]) -> Verdict:
    """`answer(result)` gives a dictionary with `accuracy` and with `f1` of class 1, also where no row is called 1.

    >>> from sklearn.metrics import accuracy_score, f1_score
    >>> def right(result):
    ...     best = result.predictions.argmax(axis=-1)
    ...     return {"accuracy": accuracy_score(result.label_ids, best),
    ...             "f1": f1_score(result.label_ids, best, zero_division=0)}
    >>> metrics(right).passed
    True
    """
    import numpy as np
    from transformers import EvalPrediction

    cases = (
        ([0, 1, 1, 1, 0, 1, 0, 0], [0, 1, 0, 1, 1, 1, 0, 0]),
        ([1, 1, 1, 0, 1, 0], [1, 0, 1, 0, 0, 0]),
        ([0, 1, 1, 0, 1], [0, 0, 0, 0, 0]),
    )
    for labels, best in cases:
        logits = np.array([[0.3, -0.4] if kind == 0 else [-1.2, 0.1] for kind in best], dtype=np.float32)
        given = started(answer(EvalPrediction(predictions=logits, label_ids=np.array(labels))))
        expected = _scores(labels, best)
        cause = _metrics_cause(given, expected, labels, best)
        if cause is not None:
            call = f"metrics(result) with labels {labels} and best classes {best}"
            wanted = {key: round(value, 3) for key, value in expected.items() if key in ("accuracy", "f1")}
            return Verdict(False, call, f"`{shown(_plain(given))}`", f"`{wanted}`", cause)
    return RIGHT


def _plain(given: object) -> object:
    """A dictionary of numbers with short digits; anything else as it is."""
    if not isinstance(given, dict):
        return given
    numbers = {key: _number(value) for key, value in given.items()}
    return {key: given[key] if number is None else round(number, 3) for key, number in numbers.items()}


def _scores(labels: Sequence[int], best: Sequence[int]) -> dict[str, float]:
    """Accuracy, and F1, precision and recall of class 1; 0 where a denominator is 0."""
    pairs = list(zip(labels, best, strict=True))
    hits = sum(label == kind == 1 for label, kind in pairs)
    called, there = sum(best), sum(labels)
    f1 = 2 * hits / (called + there) if called + there else 0.0
    return {
        "accuracy": sum(label == kind for label, kind in pairs) / len(pairs),
        "f1": f1,
        "precision": hits / called if called else 0.0,
        "recall": hits / there if there else 0.0,
    }


def _metrics_cause(given: object, expected: dict[str, float], labels: Sequence[int], best: Sequence[int]) -> str | None:
    """What is wrong with the answer to `metrics`, or None."""
    if not isinstance(given, dict):
        return "no_dictionary"
    if not {"accuracy", "f1"} <= set(given):
        return "keys"
    if any(_number(given[key]) is None for key in ("accuracy", "f1")):
        return "not_numbers"
    if _same(given["accuracy"], expected["accuracy"]) and _same(given["f1"], expected["f1"]):
        return None
    if any(_same(given[key], 100 * expected[key]) and expected[key] > 0 for key in ("accuracy", "f1")):
        return "percent"
    if any(not math.isfinite(_number(given[key]) or 0.0) for key in ("accuracy", "f1")):
        return "division"
    if not _same(given["accuracy"], expected["accuracy"]):
        return "accuracy"
    other = _scores([1 - label for label in labels], [1 - kind for kind in best])["f1"]
    for cause, value in (
        ("precision", expected["precision"]),
        ("recall", expected["recall"]),
        ("other_class", other),
        ("macro", (other + expected["f1"]) / 2),
    ):
        if _same(given["f1"], value):
            return cause
    return "f1"


@exercise("07/early-stop")
def early_stop(answer: Callable[[list[float], int], object]) -> Verdict:
    """`answer(losses, patience)` gives the number of the epoch after which training ends.

    >>> def right(losses, patience):
    ...     best, waited = float("inf"), 0
    ...     for epoch, loss in enumerate(losses, start=1):
    ...         best, waited = (loss, 0) if loss < best else (best, waited + 1)
    ...         if waited == patience:
    ...             return epoch
    ...     return len(losses)
    >>> early_stop(right).passed
    True
    """
    for losses, patience in (
        ([0.60, 0.40, 0.45, 0.50, 0.55, 0.20, 0.10], 2),
        ([0.70, 0.50, 0.55, 0.45, 0.46, 0.44, 0.47, 0.48, 0.10], 2),
        ([0.60, 0.50, 0.40], 2),
        ([0.50, 0.40, 0.40, 0.30], 1),
        ([0.60, 0.50, 0.55, 0.52, 0.54, 0.40], 3),
    ):
        expected = _stops(losses, patience)
        given = started(answer(list(losses), patience))
        if _same(given, expected):
            continue
        best = 1 + losses.index(min(losses[:expected]))
        if _number(given) is None:
            cause = "not_a_number"
        elif _same(given, _stops(losses, patience, resets=False)):
            cause = "never_resets"
        elif _same(given, _stops(losses, patience, against_last=True)):
            cause = "against_last"
        elif _same(given, _stops(losses, patience, ties=True)):
            cause = "ties"
        elif _same(given, best):
            cause = "best_epoch"
        elif _same(given, expected - 1):
            cause = "from_zero"
        elif _same(given, _stops(losses, patience + 1)):
            cause = "too_late"
        elif _same(given, len(losses)):
            cause = "never_stops"
        else:
            cause = "other"
        return Verdict(False, f"last_epoch({losses}, {patience})", f"`{shown(given)}`", f"`{expected}`", cause)
    return RIGHT


def _stops(
    losses: Sequence[float], patience: int, resets: bool = True, against_last: bool = False, ties: bool = False
) -> int:
    """The epoch after which early stopping ends a training, by the rule or by one of the usual slips."""
    best: Any = math.inf
    waited = 0
    for epoch, loss in enumerate(losses, start=1):
        better = loss < best or (ties and loss == best)
        waited = (0 if resets else waited) if better else waited + 1
        best = loss if against_last or better else best
        if waited == patience:
            return epoch
    return len(losses)
