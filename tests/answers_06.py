"""Right answers to the exercises of lesson 06, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Row = dict[str, Any]
Batch = dict[str, Any]
KEYS = ("input_ids", "token_type_ids", "attention_mask")


def collate(features: list[Row], width: int = 0, left: bool = False) -> Batch:
    """A collator that needs no tokenizer: pads with zeros to the longest row, or to `width` if that is more."""
    longest = max(width, *(len(row["input_ids"]) for row in features))
    batch: Batch = {}
    for key in KEYS:
        rows = []
        for row in features:
            zeros = [0] * (longest - len(row[key]))
            rows.append(zeros + row[key] if left else row[key] + zeros)
        batch[key] = torch.tensor(rows)
    return {**batch, "labels": torch.tensor([row["label"] for row in features])}


def changed(**by: Callable[[Batch], object]) -> Callable[[list[Row]], Batch]:
    """The right batch with some entries changed."""

    def answer(features: list[Row]) -> Batch:
        batch = collate(features)
        return {**batch, **{key: change(batch) for key, change in by.items()}}

    return answer


def renamed(features: list[Row]) -> Batch:
    """The right batch with the labels under their old name."""
    batch = collate(features)
    return {**{key: batch[key] for key in KEYS}, "label": batch["labels"]}


def sorted_rows(lengths: list[int]) -> list[int]:
    """Row numbers from the shortest row to the longest."""
    return sorted(range(len(lengths)), key=lambda row: lengths[row])


def fill(rows: list[int], fits: Callable[[list[int]], bool]) -> list[list[int]]:
    """Batches of rows in the order given, each filled as long as it fits."""
    batches: list[list[int]] = []
    for row in rows:
        if batches and fits([*batches[-1], row]):
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def within(lengths: list[int], budget: int, shuffled: bool = False) -> list[list[int]]:
    """Batches within the budget, of sorted rows or of rows as they come."""
    rows = list(range(len(lengths))) if shuffled else sorted_rows(lengths)
    return fill(rows, lambda batch: len(batch) * max(lengths[row] for row in batch) <= budget)


def in_one_batch(lengths: list[int], budget: int) -> list[list[int]]:
    """All rows together, whatever the budget."""
    return [list(range(len(lengths)))]


def by_tokens(lengths: list[int], budget: int) -> list[list[int]]:
    """Batches whose tokens fit, padding forgotten."""
    return fill(list(range(len(lengths))), lambda batch: sum(lengths[row] for row in batch) <= budget)


RIGHT = {
    "06/waste": (lambda lengths: (len(lengths) * max(lengths) - sum(lengths)) / (len(lengths) * max(lengths)),),
    "06/collate": (collate, collate),
    "06/batches-within": (within,),
}
WRONG = {
    "06/waste": {
        "real_share": lambda lengths: sum(lengths) / (len(lengths) * max(lengths)),
        "number_of_positions": lambda lengths: len(lengths) * max(lengths) - sum(lengths),
        "of_real": lambda lengths: len(lengths) * max(lengths) / sum(lengths) - 1,
        "not_a_number": lambda lengths: [0.1, 0.2],
        "other": lambda lengths: 0.5,
    },
    "06/collate": {
        "not_a_dictionary": lambda features: [row["input_ids"] for row in features],
        "label_name": renamed,
        "keys": lambda features: {key: collate(features)[key] for key in KEYS},
        "not_tensors": changed(input_ids=lambda batch: batch["input_ids"].tolist()),
        "whole_numbers": changed(labels=lambda batch: batch["labels"].float()),
        "width": lambda features: collate(features, width=9),
        "pad_side": lambda features: collate(features, left=True),
        "mask": changed(attention_mask=lambda batch: torch.ones_like(batch["input_ids"])),
        "labels": changed(labels=lambda batch: 1 - batch["labels"]),
        "other": changed(input_ids=lambda batch: batch["input_ids"] + 1),
    },
    "06/batches-within": {
        "not_batches": lambda lengths, budget: list(range(len(lengths))),
        "lengths_given": lambda lengths, budget: [[lengths[row] for row in b] for b in within(lengths, budget)],
        "missing": lambda lengths, budget: within(lengths, budget)[:-1],
        "repeated": lambda lengths, budget: [*within(lengths, budget), [0]],
        "counts_tokens": by_tokens,
        "over_budget": in_one_batch,
        "too_many": lambda lengths, budget: [[row] for row in sorted_rows(lengths)],
        "unsorted": lambda lengths, budget: within(lengths, budget, shuffled=True),
    },
}
