"""Answers to the exercises of lesson 07: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from sklearn.metrics import accuracy_score, f1_score
from transformers import EvalPrediction, get_linear_schedule_with_warmup

Log = list[dict[str, Any]]


def walked(rows: int, batch: int, epochs: int, accumulation: int) -> int:
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


def never_done(rows: int, batch: int, epochs: int, accumulation: int) -> int:
    """A loop that forgets to take away the rows of a batch, where there is a short one."""
    left, taken = rows, 0
    while left > 0:
        left -= batch if left >= batch else 0
        taken += 1
    return epochs * math.ceil(taken / accumulation)


@cache
def optimizer() -> torch.optim.Optimizer:
    """Made once: the first one takes a while."""
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)


def ready() -> tuple[()]:
    """Nothing more for a check, and an optimizer that is there."""
    optimizer()
    return ()


def library_share(step: int, steps: int, warmup: int) -> float:
    """What the library's own schedule says."""
    return float(get_linear_schedule_with_warmup(optimizer(), warmup, steps).lr_lambdas[0](step))


def scikit(result: EvalPrediction) -> dict[str, Any]:
    """Both scores by scikit-learn."""
    best = result.predictions.argmax(axis=-1)
    return {
        "accuracy": accuracy_score(result.label_ids, best),
        "f1": f1_score(result.label_ids, best, zero_division=0),
    }


def counted(result: EvalPrediction) -> dict[str, Any]:
    """Row by row, with tensors of one number."""
    pairs = [
        (int(row[1] > row[0]), int(label)) for row, label in zip(result.predictions, result.label_ids, strict=True)
    ]
    hits = sum(called == label == 1 for called, label in pairs)
    misses = sum(called != label for called, label in pairs)
    f1 = 2 * hits / (2 * hits + misses) if hits else 0
    return {"f1": torch.tensor(f1), "accuracy": np.float32(1 - misses / len(pairs))}


def with_more(result: EvalPrediction) -> dict[str, Any]:
    """A third key, which was not asked for."""
    return {**scikit(result), "rows": len(result.label_ids)}


def stops(losses: list[float], patience: int) -> int:
    """The first epoch with `patience` epochs since the first of the best."""
    for epoch in range(1, len(losses) + 1):
        if epoch - losses.index(min(losses[:epoch])) - 1 == patience:
            return epoch
    return len(losses)


def popped(losses: list[float], patience: int) -> int:
    """Right, and the list is empty afterwards."""
    kept = list(losses)
    losses.clear()
    return stops(kept, patience)


def sorted_log(log: Log, metric: str) -> int | None:
    """The first of the entries in order of goodness."""
    sign = 1 if metric[-4:] == "loss" else -1
    order = sorted((entry for entry in log if metric in entry), key=lambda entry: sign * entry[metric])
    return order[0]["step"] if order else None


def by_pairs(log: Log, metric: str) -> Any:
    """With min and max, as a tensor."""
    pairs = [(entry[metric], entry["step"]) for entry in log if metric in entry]
    choose = min if "loss" in metric else max
    return torch.tensor(choose(pairs, key=lambda pair: pair[0])[1]) if pairs else None


MATERIALS = {"07/schedule": ready}
EQUIVALENT = {
    "07/metrics": {"best = result.predictions.argmax(axis=1)": "logits have two axes, so the last one is axis 1"},
    "07/early-stop": {
        "best, waited = (float('inf'), 1)": "the first loss is below infinity and sets the count to 0",
        "best, waited = (float('inf'), -1)": "the first loss is below infinity and sets the count to 0",
    },
}
RIGHT: dict[str, list[Any]] = {
    "07/steps": [
        walked,
        lambda rows, batch, epochs, accumulation: epochs * -(-rows // (batch * accumulation)),
        lambda rows, batch, epochs, accumulation: float(walked(rows, batch, epochs, accumulation)),
        lambda rows, batch, epochs, accumulation: np.int64(epochs * math.ceil(rows / batch / accumulation)),
        lambda rows, batch, epochs, accumulation: sum(
            len(range(0, len(range(0, rows, batch)), accumulation)) for _ in range(epochs)
        ),
    ],
    "07/schedule": [
        library_share,
        lambda step, steps, warmup: min(step / (warmup or 1) if warmup else 1, (steps - step) / (steps - warmup)),
        lambda step, steps, warmup: torch.tensor(library_share(step, steps, warmup)),
        lambda step, steps, warmup: np.interp(step, [0, warmup, steps], [0, 1, 0]) if warmup else 1 - step / steps,
    ],
    "07/metrics": [scikit, counted, lambda result: dict(reversed(counted(result).items()))],
    "07/early-stop": [
        stops,
        lambda losses, patience: np.int64(stops(losses, patience)),
        lambda losses, patience: next(
            (
                n
                for n in range(1, len(losses))
                if n > patience and min(losses[n - patience : n]) >= min(losses[: n - patience])
            ),
            len(losses),
        ),
    ],
    "07/repair-best": [sorted_log, by_pairs, lambda log, metric: sorted_log([*log], metric)],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "07/steps": [
        ("kind", lambda rows, batch, epochs, accumulation: "ninety"),
        ("kind", lambda rows, batch, epochs, accumulation: [1, 2, 3]),
        ("too_long", never_done),
        ("", lambda rows, batch, epochs, accumulation: rows + batch + epochs),
        ("", lambda rows, batch, epochs, accumulation: walked(rows, batch, epochs, accumulation) + 1),
        ("raised", lambda rows, batch, epochs, accumulation: rows / (accumulation - 1)),
        ("returned_none_printed", lambda *numbers: print(walked(*numbers))),
        ("last_batch_dropped", lambda rows, batch, epochs, accumulation: int(rows / batch / accumulation) * epochs),
    ],
    "07/schedule": [
        ("raised", lambda step, steps, warmup: step / warmup if step <= warmup else library_share(step, steps, warmup)),
        ("", lambda step, steps, warmup: 1e-3 * library_share(step, steps, warmup)),
        ("", lambda step, steps, warmup: round(100 * library_share(step, steps, warmup))),
        ("", lambda step, steps, warmup: min(1.0, step / (warmup or 1), (steps - step) / steps)),
        ("kind", lambda step, steps, warmup: [library_share(n, steps, warmup) for n in range(steps)]),
        ("no_fall", lambda step, steps, warmup: min(1, step / warmup) if warmup else 1),
        ("no_warmup", lambda step, steps, warmup: 1 - step / steps),
    ],
    "07/metrics": [
        ("kind", lambda result: 0.75),
        ("keys", lambda result: {"accuracy": scikit(result)["accuracy"]}),
        ("one_text", lambda result: {key: str(float(value)) for key, value in scikit(result).items()}),
        ("", lambda result: {**scikit(result), "f1": 0.01}),
        ("", lambda result: {key: round(float(value), 1) for key, value in scikit(result).items()}),
        ("", with_more),
        ("raised", lambda result: {"accuracy": result.accuracy, "f1": result.f1}),
    ],
    "07/early-stop": [
        ("kind", lambda losses, patience: "the fourth"),
        ("changed", popped),
        ("", lambda losses, patience: 100),
        ("", lambda losses, patience: patience + 1),
        ("returned_none_printed", lambda losses, patience: print(stops(losses, patience))),
    ],
    "07/repair-best": [
        (
            "",
            lambda log, metric: min((e for e in log if metric in e), key=lambda e: e[metric], default={"step": 0})[
                "step"
            ],
        ),
        ("kind", lambda log, metric: {"step": sorted_log(log, metric)}),
        ("raised", lambda log, metric: max(log, key=lambda entry: entry[metric])["step"]),
        ("", lambda log, metric: 24),
        ("last", lambda log, metric: next((e["step"] for e in reversed(log) if metric in e), None)),
    ],
}
