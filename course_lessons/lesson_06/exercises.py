"""What is right and wrong in the exercises of lesson 06, dynamic padding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from course_checks.values import as_tensor, close, shown
from course_lessons.lesson_06.batching import batch_shapes, count_tokens
from course_utils.exercises import RIGHT, Verdict, exercise, started

if TYPE_CHECKING:
    from torch import Tensor

BATCHES = ([16, 8], [50, 59, 47, 67, 59, 50, 62, 32], [7, 7, 7], [5])
"""Lengths of the rows of a batch; the second one is the documents'."""

BUDGETS = (
    ([5, 3, 4, 6], 12),
    ([9, 1, 8, 2, 9, 1, 8, 2], 18),
    ([50, 59, 47, 67, 59, 50, 62, 32], 140),
    ([4, 4, 4], 100),
)


@exercise("06/waste")
def waste(answer: Callable[[list[int]], object]) -> Verdict:
    """`answer(lengths)` gives the share of padding of a batch with rows of these lengths, padded to the longest.

    >>> waste(lambda lengths: 1 - sum(lengths) / (len(lengths) * max(lengths))).passed
    True
    """
    import torch

    for lengths in BATCHES:
        counted = count_tokens(lengths, [range(len(lengths))])
        expected = torch.tensor(1 - counted.share, dtype=torch.float64)
        given = started(answer(list(lengths)))
        number = as_tensor(given)
        if number is not None and number.numel() == 1 and close(number.reshape(()), expected):
            continue
        if number is None or number.numel() != 1:
            cause = "not_a_number"
        elif close(number.reshape(()), torch.tensor(counted.share)):
            cause = "real_share"
        elif close(number.reshape(()), torch.tensor(float(counted.padding))):
            cause = "number_of_positions"
        elif close(number.reshape(()), torch.tensor(counted.padding / counted.real)):
            cause = "of_real"
        else:
            cause = "other"
        return Verdict(False, f"waste({lengths})", f"`{shown(given)}`", f"`{shown(float(expected))}`", cause)
    return RIGHT


@exercise("06/collate")
def collate(
    answer: Callable[[list[dict[str, Any]]], object], collator: Callable[[list[dict[str, Any]]], Mapping[str, Tensor]]
) -> Verdict:
    """`answer(features)` gives the same batch as the library's collator, for any rows with labels.

    >>> import torch
    >>> fake = lambda features: {"input_ids": torch.zeros(len(features), 2).long()}
    >>> collate(fake, fake).passed
    True
    """
    for lengths in ([4, 2], [3, 6, 3, 1], [5]):
        features = _features(lengths)
        expected = dict(collator(deepcopy(features)))
        given = started(answer(deepcopy(features)))
        cause, key = _difference(given, expected)
        if cause:
            call = f"collate(rows of {lengths} tokens)"
            return Verdict(False, call, _part(given, key), _part(expected, key), cause)
    return RIGHT


def _features(lengths: Sequence[int]) -> list[dict[str, Any]]:
    """Tokenized rows of given lengths: [CLS], some ids, [SEP]; the second half of a row is a second sentence."""
    rows = []
    for number, length in enumerate(lengths):
        ids = [2000 + 10 * number + position for position in range(length)]
        ids[0], ids[-1] = 101, 102
        types = [int(position > length // 2) for position in range(length)]
        label = (number + 1) % 2
        rows.append({"input_ids": ids, "token_type_ids": types, "attention_mask": [1] * length, "label": label})
    return rows


def _difference(given: object, expected: dict[str, Tensor]) -> tuple[str | None, str]:
    """The first thing in which a batch differs from the library's, and the entry that shows it; None if nothing."""
    import torch

    if not isinstance(given, Mapping):
        return "not_a_dictionary", ""
    if "label" in given and "labels" not in given:
        return "label_name", ""
    if set(given) != set(expected):
        return "keys", ""
    for key in expected:
        if not isinstance(given[key], torch.Tensor):
            return "not_tensors", key
        if given[key].dtype != expected[key].dtype:
            return "whole_numbers", key
        if expected[key].ndim == 2 and given[key].shape != expected[key].shape:
            return "width", key
    wrong = [key for key in expected if not close(given[key], expected[key])]
    if not wrong:
        return None, ""
    if wrong[0] == "input_ids" and _on_the_left(given["input_ids"], expected["input_ids"]):
        return "pad_side", wrong[0]
    known = {("attention_mask",): "mask", ("labels",): "labels"}
    return known.get(tuple(wrong), "other"), wrong[0]


def _on_the_left(given: Tensor, expected: Tensor) -> bool:
    """Whether each row holds the expected tokens, but behind its padding."""
    rows = zip(given.tolist(), expected.tolist(), strict=True)
    return all([n for n in ours if n] == [n for n in theirs if n] for ours, theirs in rows)


def _part(batch: object, key: str) -> str:
    """What of a batch shows a difference, as short text: one entry, or the names of all."""
    if not isinstance(batch, Mapping):
        return f"`{shown(batch)}`"
    if not key:
        return f"`{shown(list(batch))}`"
    part = batch[key]
    kind = f"{str(part.dtype).removeprefix('torch.')} " if hasattr(part, "dtype") else f"{type(part).__name__} "
    return f"`{key}: {kind}{shown(part)}`"


@exercise("06/batches-within")
def batches_within(answer: Callable[[list[int], int], object]) -> Verdict:
    """`answer(lengths, budget)` gives batches of row numbers: each row once, no padded table above the budget, rows of
    similar length together, no more batches than filling them in sorted order needs.

    >>> batches_within(lambda lengths, budget: filled(sorted(range(len(lengths)), key=lengths.__getitem__),
    ...                                               lengths, budget)).passed
    True
    """
    for lengths, budget in BUDGETS:
        given = started(answer(list(lengths), budget))
        call = f"batches_within({lengths}, {budget})"
        batches = _as_batches(given)
        rising = sorted(range(len(lengths)), key=lengths.__getitem__)
        plans = [filled(rising, lengths, budget), filled(rising[::-1], lengths, budget)]
        cause = "not_batches" if batches is None else _plan_fault(batches, plans, lengths, budget)
        if cause:
            return Verdict(False, call, f"`{shown(given)}`", f"`{shown(plans[0])}`", cause)
    return RIGHT


def filled(rows: Sequence[int], lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Batches filled with rows in the order given, each as full as the budget allows.

    >>> filled([1, 2, 0], [5, 3, 4], budget=8)
    [[1, 2], [0]]
    """
    batches: list[list[int]] = []
    for row in rows:
        longer = [*batches[-1], row] if batches else [row]
        if batches and len(longer) * max(lengths[r] for r in longer) <= budget:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _as_batches(value: object) -> list[list[int]] | None:
    """The answer as lists of row numbers, or None if it is something else."""
    if not isinstance(value, list | tuple) or not all(isinstance(batch, list | tuple) for batch in value):
        return None
    rows = [row for batch in value for row in batch]
    if not all(isinstance(row, int) and not isinstance(row, bool) for row in rows):
        return None
    return [list(batch) for batch in value if batch]


def _plan_fault(
    batches: list[list[int]], plans: list[list[list[int]]], lengths: Sequence[int], budget: int
) -> str | None:
    """What is wrong with a plan, seen beside the two that fill sorted rows; None if it is as good as one of them."""
    rows = sorted(row for batch in batches for row in batch)
    every = list(range(len(lengths)))
    if rows != every and rows == sorted(lengths):
        return "lengths_given"
    if any(row not in every for row in rows):
        return "not_batches"
    if len(set(rows)) < len(rows):
        return "repeated"
    if rows != every:
        return "missing"
    if any(number * width > budget for number, width in batch_shapes(lengths, batches)):
        fits = all(sum(lengths[row] for row in batch) <= budget for batch in batches)
        return "counts_tokens" if fits else "over_budget"
    if len(batches) > max(len(plan) for plan in plans):
        return "too_many"
    most = max(count_tokens(lengths, plan).positions for plan in plans)
    return "unsorted" if count_tokens(lengths, batches).positions > most else None
