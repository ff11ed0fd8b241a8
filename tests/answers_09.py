"""Answers to the exercises of lesson 09: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

Rows = list[tuple[str, int]]


def printed(labels: list[int], classes: int) -> None:
    """Prints where it should return."""
    print(max(Counter(labels).values()) / len(labels), math.log(classes))


def by_cross_entropy(labels: list[int], classes: int) -> tuple[float, Tensor]:
    """The loss of PyTorch for logits that are all alike."""
    loss = torch.nn.functional.cross_entropy(torch.zeros(len(labels), classes), torch.tensor(labels))
    return np.bincount(labels).max() / len(labels), loss


def weights(labels: list[int], classes: int) -> list[float]:
    """The exercise solved."""
    return [len(labels) / (classes * n) if (n := labels.count(i)) else 0.0 for i in range(classes)]


def weights_by_tensor(labels: list[int], classes: int) -> Tensor:
    """All at once."""
    counts = torch.bincount(torch.tensor(labels), minlength=classes)
    found = counts.sum() / (classes * counts)
    return torch.where(counts > 0, found, torch.zeros(()))


def emptied(labels: list[int], classes: int) -> list[float]:
    """A right result, from a list that is empty afterwards."""
    found = weights(labels, classes)
    labels.clear()
    return found


def key(text: str) -> str:
    """Letters and digits only, lower case."""
    return re.sub(r"[\W_]", "", text.lower())


def leaked(train: list[str], test: list[str]) -> int:
    """The exercise solved."""
    seen = {key(text) for text in train}
    return sum(key(text) in seen for text in test)


def by(change: Callable[[str], object]) -> Callable[[list[str], list[str]], int]:
    """Counting with another key."""
    return lambda train, test: sum(change(text) in {change(one) for one in train} for text in test)


def with_a_loop(train: list[str], test: list[str]) -> np.int64:
    """Two loops, and what comes out is a number of NumPy."""
    found = np.int64(0)
    for text in test:
        for one in train:
            if "".join(filter(str.isalnum, text.casefold())) == "".join(filter(str.isalnum, one.casefold())):
                found += 1
                break
    return found


def called(numbers: Tensor, names: list[str], thresholds: list[float], fallback: bool = True) -> list[list[str]]:
    """Names whose number reaches the threshold, and the largest where none does."""
    answers = []
    for row in numbers:
        found = [name for name, p, limit in zip(names, row.tolist(), thresholds, strict=True) if p >= limit]
        answers.append(found or ([names[row.argmax().item()]] if fallback else []))
    return answers


def labels_by_masks(logits: Tensor, names: list[str], thresholds: list[float]) -> list[tuple[str, ...]]:
    """A table of yes and no first."""
    p = 1 / (1 + torch.exp(-logits))
    yes = p >= torch.tensor(thresholds)
    for row, best in enumerate(p.argmax(dim=-1)):
        if not yes[row].any():
            yes[row, best] = True
    return [tuple(np.array(names)[row.numpy()]) for row in yes]


def labels_as_sets(logits: Tensor, names: list[str], thresholds: list[float]) -> Any:
    """A generator of sets."""
    for row in called(torch.sigmoid(logits), names, thresholds):
        yield set(row)


def labels_by_logits(logits: Tensor, names: list[str], thresholds: list[float]) -> list[list[str]]:
    """The thresholds turned into logits in place of the logits into probabilities."""
    limits = [math.log(limit / (1 - limit)) for limit in thresholds]
    return [row[::-1] for row in called(logits, names, limits)]


def kept_first(rows: Rows) -> tuple[Rows, Rows]:
    """One row at a time."""
    train, test = [], []
    for number, row in enumerate(rows, start=1):
        if number % 5 == 0:
            test.append(row)
        else:
            train += [row] * (3 if row[1] == 0 else 1)
    return train, test


def with_slices(rows: Rows) -> list[Any]:
    """Places first, lists in place of tuples."""
    places = [i for i in range(len(rows)) if i not in range(4, len(rows), 5)]
    few = [i for i in places if not rows[i][1]]
    return [[list(rows[i]) for i in places + few + few], rows[4::5]]


def with_numpy(rows: Rows) -> tuple[list[Any], list[Any]]:
    """Repeated by numbers of copies."""
    numbers = np.arange(len(rows))
    train = numbers[numbers % 5 < 4]
    copies = [3 if rows[i][1] == 0 else 1 for i in train]
    return [rows[i] for i in np.repeat(train, copies)], [rows[i] for i in numbers[numbers % 5 == 4]]


def split_late(rows: Rows) -> tuple[Rows, Rows]:
    """The fault of the exercise, in other words."""
    many = rows + 2 * [row for row in rows if not row[1]]
    return [row for i, row in enumerate(many, 1) if i % 5], many[4::5]


RIGHT: dict[str, list[Any]] = {
    "09/baseline": [
        lambda labels, classes: [Counter(labels).most_common(1)[0][1] / len(labels), -np.log(1 / classes)],
        by_cross_entropy,
        lambda labels, classes: torch.tensor([max(labels.count(i) for i in labels) / len(labels), math.log(classes)]),
    ],
    "09/class-weights": [
        weights,
        weights_by_tensor,
        lambda labels, classes: tuple(round(weight, 3) for weight in weights(labels, classes)),
        lambda labels, classes: (
            len(labels) / classes / max(labels.count(i), 1) * (i in labels) for i in range(classes)
        ),
    ],
    "09/leaked": [
        leaked,
        with_a_loop,
        lambda train, test: len([one for one in map(key, test) if one in list(map(key, train))]),
        lambda train, test: torch.tensor(float(leaked(train, test))),
    ],
    "09/labels-of": [
        lambda logits, names, thresholds: called(logits.sigmoid(), names, thresholds),
        labels_by_masks,
        labels_as_sets,
        labels_by_logits,
    ],
    "09/prepare": [kept_first, with_slices, with_numpy],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "09/baseline": [
        ("returned_none_printed", printed),
        ("kind", lambda labels, classes: 0.95),
        ("shape", lambda labels, classes: [0.95]),
        ("", lambda labels, classes: (math.log(classes), max(Counter(labels).values()) / len(labels))),
        ("", lambda labels, classes: (0.95, 0.693)),
        ("base_two", lambda labels, classes: (np.bincount(labels).max() / len(labels), np.log2(classes))),
        ("raised", lambda labels, classes: (labels.max() / len(labels), math.log(classes))),
    ],
    "09/class-weights": [
        ("kind", lambda labels, classes: "balanced"),
        ("kind", lambda labels, classes: dict(enumerate(weights(labels, classes)))),
        ("shape", lambda labels, classes: weights(labels, classes)[:-1]),
        ("changed", emptied),
        ("", lambda labels, classes: [float(len(labels) - labels.count(i)) for i in range(classes)]),
        ("", lambda labels, classes: [round(weight, 1) for weight in weights(labels, classes)]),
        ("shares", lambda labels, classes: [labels.count(i) / len(labels) for i in range(classes)]),
        ("absent_class", lambda labels, classes: [w or 1.0 for w in weights(labels, classes)]),
    ],
    "09/leaked": [
        ("kind", lambda train, test: "three"),
        ("returned_none", lambda train, test: train.reverse() if len(train) > 99 else None),
        ("within", lambda train, test: sum(any(key(text) in key(one) for one in train) for text in test)),
        ("english_only", by(lambda text: re.sub(r"[^A-Za-z0-9]", "", text).lower())),
        ("exact_only", by(str)),
        ("punctuation_only", by(lambda text: re.sub(r"[\W_]", "", text))),
        ("", lambda train, test: 100),
        ("", by(len)),
        ("", by(lambda text: text.lower().strip(" .!?"))),
        ("", by(lambda text: key(text)[:12])),
    ],
    "09/labels-of": [
        ("kind", lambda logits, names, thresholds: "acting"),
        ("", lambda logits, names, thresholds: called(logits.sigmoid(), names, thresholds)[:2]),
        ("above_only", lambda logits, names, thresholds: called(logits.sigmoid() - 1e-6, names, thresholds)),
        ("best_only", lambda logits, names, thresholds: [[names[int(i)]] for i in logits.argmax(dim=-1)]),
        ("", lambda logits, names, thresholds: [list(names)] * len(logits)),
        ("", lambda logits, names, thresholds: [row[0] for row in called(logits.sigmoid(), names, thresholds)]),
        ("empty_rows", lambda logits, names, thresholds: called(logits.sigmoid(), names, thresholds, False)),
        ("raised", lambda logits, names, thresholds: [names[p >= thresholds] for p in logits.sigmoid()]),
    ],
    "09/prepare": [
        ("", lambda rows: kept_first(rows)[::-1]),
        ("kind", lambda rows: len(rows)),
        ("", lambda rows: kept_first(rows)[0]),
        ("", lambda rows: (rows[:10], rows[10:])),
        ("returned_none", lambda rows: rows.sort() if len(rows) > 99 else None),
        ("planted", split_late),
    ],
}

EVEN = "names, thresholds and a row of logits are equally long"
EQUIVALENT: dict[str, dict[str, str]] = {
    "09/labels-of": {
        "called = [name for name, p, limit in zip(names, row.tolist(), thresholds) if p >= limit]": EVEN,
        "called = [name for name, p, limit in zip(names, row.tolist(), thresholds, strict=False) if p >= limit]": EVEN,
        "answers.append(called or [names[row.argmax()]])": "a tensor of one number picks from a list too",
    },
}
