"""What is right and wrong in the exercises of lesson 09, the training checklist."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from course_checks.inspect_setup import plain_text
from course_checks.values import as_tensor, shown
from course_utils.exercises import RIGHT, Verdict, exercise, started

if TYPE_CHECKING:
    from torch import Tensor


@exercise("09/class-weights")
def class_weights(answer: Callable[[list[int], int], object]) -> Verdict:
    """`answer(labels, classes)` gives a weight for each class: rows / (classes x rows of the class), 0.0 without rows.

    >>> def right(labels, classes):
    ...     counts = [labels.count(i) for i in range(classes)]
    ...     return [len(labels) / (classes * n) if n else 0.0 for n in counts]
    >>> class_weights(right).passed
    True
    """
    for labels, classes in (
        ([1, 1, 1, 0, 1, 1, 1, 0, 1, 1], 2),
        ([0, 1, 2, 2, 2, 1, 2, 2], 3),
        ([2, 0, 0, 2, 2], 4),
    ):
        counts = [labels.count(i) for i in range(classes)]
        rows = len(labels)
        expected = [rows / (classes * n) if n else 0.0 for n in counts]
        given = started(answer(list(labels), classes))
        cause = _weights_mistake(given, expected, counts, rows)
        if cause:
            call = f"class_weights({labels}, {classes})"
            return Verdict(False, call, f"`{shown(given)}`", f"`{[round(w, 3) for w in expected]}`", cause)
    return RIGHT


def _weights_mistake(given: object, expected: Sequence[float], counts: Sequence[int], rows: int) -> str:
    """What is wrong with an answer to `class_weights`; empty where nothing is."""
    numbers = as_tensor(given)
    if numbers is None or numbers.ndim != 1:
        return "not_numbers"
    if len(numbers) != len(expected):
        return "number"
    values = numbers.tolist()

    def same(wanted: Sequence[float]) -> bool:
        pairs = zip(values, wanted, counts, strict=True)
        return all(math.isclose(a, b, abs_tol=1e-3) for a, b, n in pairs if n)

    if not all(math.isfinite(v) for v in values) or (
        same(expected) and any(v for v, n in zip(values, counts, strict=True) if not n)
    ):
        return "absent_class"
    if same(expected):
        return ""
    if same([rows / n if n else 0.0 for n in counts]):
        return "classes_left_out"
    if same([1 / n if n else 0.0 for n in counts]):
        return "rows_left_out"
    if same([n / rows for n in counts]):
        return "shares"
    present = sum(n > 0 for n in counts)
    if same([rows / (present * n) if n else 0.0 for n in counts]):
        return "classes_seen"
    return "other"


@exercise("09/leaked")
def leaked(answer: Callable[[list[str], list[str]], object]) -> Verdict:
    """`answer(train, test)` counts the test texts that stand in train, capitals, punctuation and spaces left aside.

    >>> import re
    >>> def key(text):
    ...     return re.sub(r"[^a-z0-9]", "", text.lower())
    >>> leaked(lambda train, test: sum(key(text) in {key(one) for one in train} for text in test)).passed
    True
    """
    train = [
        "A warm film.",
        "Dull and far too long.",
        "I laughed twice.",
        "a warm ; film .",
        "The songs are lovely!",
        "a-warm-film",
    ]
    test = [
        "A warm film.",
        "DULL AND FAR TOO LONG.",
        "I, laughed : twice?",
        "Far too dull.",
        "I laughed, twice.",
        "I laughed  twice .",
        "Lovely songs.",
        "A film, warm.",
        "So warm.",
        "I, laughed, twice",
        "I laughed twice ?",
        "A good film.",
        "No.",
        "A : warm film",
    ]
    keys = [plain_text(one) for one in train]
    hit = [plain_text(one) in keys for one in test]
    expected = sum(hit)
    given = started(answer(list(train), list(test)))
    number = as_tensor(given)
    if isinstance(given, str) or number is None or number.numel() != 1:
        cause = "not_a_number"
    elif float(number) == expected:
        return RIGHT
    else:
        slips = {
            "exact_only": sum(one in train for one in test),
            "capitals_only": sum(one.lower() in [t.lower() for t in train] for one in test),
            "punctuation_only": sum(_bare(one) in [_bare(t) for t in train] for one in test),
            "spaces_kept": sum(_spaced(one) in [_spaced(t) for t in train] for one in test),
            "pairs": sum(Counter(keys)[plain_text(one)] for one in test),
            "other_side": sum(key in [plain_text(one) for one in test] for key in keys),
            "distinct": len({plain_text(one) for one in test} & set(keys)),
            "share": expected / len(test),
            "clean_ones": len(test) - expected,
        }
        cause = next(
            (slip for slip, value in slips.items() if math.isclose(float(number), value, abs_tol=1e-6)), "other"
        )
    return Verdict(False, "leaked(train, test)", f"`{shown(given)}`", f"`{expected}`", cause)


def _bare(words: str) -> str:
    return "".join(letter for letter in words if letter.isalnum())


def _spaced(words: str) -> str:
    return "".join(letter for letter in words.lower() if letter.isalnum() or letter == " ")


NAMES = ("acting", "story", "music")


@exercise("09/labels-of")
def labels_of(answer: Callable[[Tensor, list[str], list[float]], object]) -> Verdict:
    """`answer(logits, names, thresholds)` gives for each row the names whose sigmoid is at least their threshold.

    Where none is, the name with the largest probability stands alone.

    >>> import torch
    >>> def right(logits, names, thresholds):
    ...     answers = []
    ...     for row in torch.sigmoid(logits):
    ...         called = [name for name, p, limit in zip(names, row.tolist(), thresholds) if p >= limit]
    ...         answers.append(called or [names[row.argmax().item()]])
    ...     return answers
    >>> labels_of(right).passed
    True
    """
    import torch

    rows = [
        [2.0, 1.0, -3.0],
        [1.0, -1.0, 0.9],
        [0.3, -2.0, -0.6],
        [-2.0, 0.4, -3.0],
        [-3.0, -1.0, -2.0],
        [1.4, 0.3, -0.2],
    ]
    thresholds = [0.5, 0.7, 0.3]
    logits = torch.tensor(rows)
    expected = _labels(torch.sigmoid(logits), thresholds)
    given = started(answer(logits.clone(), list(NAMES), list(thresholds)))
    if not isinstance(given, list | tuple) or not all(isinstance(row, list | tuple | set) for row in given):
        cause = "not_lists"
    elif len(given) != len(rows):
        cause = "number"
    else:
        plain = [sorted(row, key=str) for row in given]
        cause = _labels_mistake(plain, logits, thresholds, expected)
        if not cause:
            return RIGHT
        place = next(i for i, row in enumerate(plain) if row != sorted(expected[i]))
        call = f"labels_of(...) for the row {rows[place]}"
        return Verdict(False, call, f"`{shown(list(given[place]))}`", f"`{expected[place]}`", cause)
    return Verdict(False, f"labels_of(logits of {len(rows)} rows, ...)", f"`{shown(given)}`", f"`{expected}`", cause)


def _labels(probabilities: Tensor, thresholds: Sequence[float], fallback: bool = True) -> list[list[str]]:
    """The names called in each row; with the most probable one where none is, if asked for."""
    answers = []
    for row in probabilities.tolist():
        called = [name for name, p, limit in zip(NAMES, row, thresholds, strict=True) if p >= limit]
        answers.append(called or ([NAMES[row.index(max(row))]] if fallback else []))
    return answers


def _labels_mistake(
    given: list[list[object]], logits: Tensor, thresholds: Sequence[float], expected: list[list[str]]
) -> str:
    """What is wrong with an answer to `labels_of`; empty where nothing is."""
    import torch

    probabilities = torch.sigmoid(logits)
    if given == [sorted(row) for row in expected]:
        return ""
    if all(isinstance(one, int) for row in given for one in row) and any(given):
        return "ids"
    slips = {
        "empty_rows": _labels(probabilities, thresholds, fallback=False),
        "one_threshold": _labels(probabilities, [0.5] * 3),
        "softmax": _labels(torch.softmax(logits, dim=-1), thresholds),
        "raw_logits": _labels(logits, thresholds),
        "best_only": _labels(probabilities, [2.0] * 3),
    }
    for slip, rows in slips.items():
        if given == [sorted(row) for row in rows]:
            return slip
    bare = {"one_threshold": ([0.5] * 3, probabilities), "softmax": (thresholds, torch.softmax(logits, dim=-1))}
    bare["raw_logits"] = (thresholds, logits)
    for slip, (limits, numbers) in bare.items():  # the same slips, and nothing for rows where none is called
        if given == [sorted(row) for row in _labels(numbers, limits, fallback=False)]:
            return slip
    return "other"
