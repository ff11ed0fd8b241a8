"""Right answers to the exercises of lesson 07, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score
from transformers import EvalPrediction


def steps(rows: int, batch: int, epochs: int, accumulation: int) -> int:
    """Steps of the Trainer, counted by walking through the batches."""
    taken = 0
    for _ in range(epochs):
        waiting = 0
        for _ in range(0, rows, batch):
            waiting += 1
            if waiting == accumulation:
                taken, waiting = taken + 1, 0
        taken += waiting > 0
    return taken


def scores(f1: Callable[..., float], **options: object) -> Callable[[EvalPrediction], dict[str, float]]:
    """An answer to `metrics` whose `f1` is another score of scikit-learn."""

    def answer(result: EvalPrediction) -> dict[str, float]:
        best = result.predictions.argmax(axis=-1)
        return {
            "accuracy": accuracy_score(result.label_ids, best),
            "f1": float(f1(result.label_ids, best, zero_division=0, **options)),
        }

    return answer


def times(factor: float) -> Callable[[EvalPrediction], dict[str, float]]:
    """The right scores, multiplied."""
    return lambda result: {key: factor * value for key, value in scores(f1_score)(result).items()}


def divided(result: EvalPrediction) -> dict[str, float]:
    """F1 from precision and recall, without a thought for a denominator of 0."""
    best = result.predictions.argmax(axis=-1)
    hits = ((best == 1) & (result.label_ids == 1)).sum()
    with np.errstate(all="ignore"):
        precision, recall = hits / (best == 1).sum(), hits / (result.label_ids == 1).sum()
        f1 = 2 * precision * recall / (precision + recall)
    return {"accuracy": float((best == result.label_ids).mean()), "f1": float(f1)}


def stop(losses: Sequence[float], patience: int, wait: int = 0, ties: bool = False) -> int:
    """Epoch after which training ends: the first one with `patience` epochs since the best."""
    for epoch in range(1, len(losses) + 1):
        seen = list(losses[:epoch])
        last_best = epoch - seen[::-1].index(min(seen)) if ties else seen.index(min(seen)) + 1
        if epoch - last_best == patience + wait:
            return epoch
    return len(losses)


def never_resets(losses: Sequence[float], patience: int) -> int:
    """Counts every epoch without a new best, and never from 0 again."""
    waited = 0
    for epoch, loss in enumerate(losses, start=1):
        waited += epoch > 1 and loss >= min(losses[: epoch - 1])
        if waited == patience:
            return epoch
    return len(losses)


def against_last(losses: Sequence[float], patience: int) -> int:
    """Counts rises against the epoch before."""
    waited = 0
    for epoch, loss in enumerate(losses, start=1):
        waited = waited + 1 if epoch > 1 and loss >= losses[epoch - 2] else 0
        if waited == patience:
            return epoch
    return len(losses)


RIGHT = {
    "07/steps": (steps,),
    "07/metrics": (scores(f1_score),),
    "07/early-stop": (stop,),
}
WRONG = {
    "07/steps": {
        "not_a_number": lambda rows, batch, epochs, accumulation: "ninety",
        "one_epoch": lambda rows, batch, epochs, accumulation: steps(rows, batch, 1, accumulation),
        "no_accumulation": lambda rows, batch, epochs, accumulation: steps(rows, batch, epochs, 1),
        "last_batch_dropped": lambda rows, batch, epochs, accumulation: epochs * (rows // (batch * accumulation)),
        "epochs_run_together": lambda rows, batch, epochs, accumulation: math.ceil(
            rows * epochs / (batch * accumulation)
        ),
        "not_rounded": lambda rows, batch, epochs, accumulation: rows * epochs / (batch * accumulation),
        "other": lambda rows, batch, epochs, accumulation: rows + batch + epochs,
    },
    "07/metrics": {
        "no_dictionary": lambda result: 0.75,
        "keys": lambda result: {"accuracy": 0.75},
        "not_numbers": lambda result: {"accuracy": "good", "f1": [0.5, 0.7]},
        "percent": times(100),
        "division": divided,
        "accuracy": lambda result: {**scores(f1_score)(result), "accuracy": 0.01},
        "precision": scores(precision_score),
        "recall": scores(recall_score),
        "other_class": scores(f1_score, pos_label=0),
        "macro": scores(f1_score, average="macro"),
        "f1": lambda result: {**scores(f1_score)(result), "f1": 0.01},
    },
    "07/early-stop": {
        "not_a_number": lambda losses, patience: "the fourth",
        "never_resets": never_resets,
        "against_last": against_last,
        "ties": lambda losses, patience: stop(losses, patience, ties=True),
        "best_epoch": lambda losses, patience: 1 + losses.index(min(losses[: stop(losses, patience)])),
        "from_zero": lambda losses, patience: stop(losses, patience) - 1,
        "too_late": lambda losses, patience: stop(losses, patience, wait=1),
        "never_stops": lambda losses, patience: len(losses),
        "other": lambda losses, patience: 100,
    },
}
