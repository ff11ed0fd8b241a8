"""Answers to the exercises of lesson 06: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import DataCollatorForTokenClassification, DataCollatorWithPadding

from course_utils import checkpoint

Row = dict[str, Any]
Batch = dict[str, Any]


@cache
def loaded() -> Any:
    """The tokenizer of the lesson, loaded once: loading it takes longer than a mutant may."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(checkpoint("bert-base-uncased"))


def tokenizer() -> Any:
    """A copy of it, to be changed."""
    return deepcopy(loaded())


def with_tensors(features: list[Row], pad_id: int = 0, side: str = "right", multiple: int = 1) -> Batch:
    """Tables of fillers, into which each row is written."""
    wide = max(len(row["input_ids"]) for row in features)
    wide += -wide % multiple
    batch: Batch = {}
    for key in features[0].keys() - {"label"}:
        batch[key] = torch.full((len(features), wide), pad_id if key == "input_ids" else 0)
        for number, row in enumerate(features):
            length = len(row[key])
            start = wide - length if side == "left" else 0
            batch[key][number, start : start + length] = torch.tensor(row[key])
    batch["labels"] = torch.tensor([row["label"] for row in features])
    return batch


def with_torch(features: list[Row], pad_id: int = 0, side: str = "right", multiple: int = 1) -> Batch:
    """By torch's own function for rows of unequal length."""
    longest = max(len(row["input_ids"]) for row in features)
    more = torch.zeros(-(-longest // multiple) * multiple, dtype=torch.long)
    batch: Batch = {"labels": torch.tensor([row["label"] for row in features])}
    for key in features[0]:
        if key != "label":
            rows = [torch.tensor(row[key]) for row in features]
            filler = pad_id if key == "input_ids" else 0
            batch[key] = pad_sequence([*rows, more], True, filler, padding_side=side)[:-1]
    return batch


def by_zip(features: list[Row], pad_id: int = 0, side: str = "right", multiple: int = 1) -> Batch:
    """Columns first, then a table of each."""
    batch = {}
    for key, column in zip(features[0], zip(*(row.values() for row in features), strict=True), strict=True):
        if key == "label":
            batch["labels"] = torch.as_tensor(column)
            continue
        wide = int(np.ceil(max(map(len, column)) / multiple)) * multiple
        fillers = [[pad_id * (key == "input_ids")] * (wide - len(row)) for row in column]
        rows = [[*more, *row] if side == "left" else [*row, *more] for row, more in zip(column, fillers, strict=True)]
        batch[key] = torch.LongTensor(rows)
    return batch


def by_library(features: list[Row], pad_id: int = 0, side: str = "right", multiple: int = 1) -> Batch:
    """What the exercise asks to do without."""
    own = tokenizer()
    own.padding_side = side
    own.pad_token = own.convert_ids_to_tokens(pad_id)
    return DataCollatorWithPadding(own, pad_to_multiple_of=multiple)(features)


def by_pad(features: list[Row], pad_id: int = 0, side: str = "right", multiple: int = 1) -> Batch:
    """The same with `tokenizer.pad`, and the right renaming."""
    own = tokenizer()
    own.pad_token = own.convert_ids_to_tokens(pad_id)
    batch = own.pad(features, padding_side=side, pad_to_multiple_of=multiple, return_tensors="pt")
    batch["labels"] = batch.pop("label")
    return batch


def in_place(features: list[Row], pad_id: int = 0, side: str = "right", multiple: int = 1) -> Batch:
    """The right batch, and rows that are longer afterwards."""
    batch = with_tensors(features, pad_id, side, multiple)
    for row in features:
        row["input_ids"] += [pad_id]
    return batch


def changed(by: Callable[[Batch], Batch]) -> Callable[..., Batch]:
    """The right batch with something done to it."""
    return lambda features, *options: by(with_tensors(features, *options))


def fill(rows: list[int], fits: Callable[[list[int]], bool]) -> list[list[int]]:
    """Batches of rows in the order given, each filled as long as it fits."""
    batches: list[list[int]] = []
    for row in rows:
        if batches and fits([*batches[-1], row]):
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def sorted_rows(lengths: list[int]) -> list[int]:
    """Row numbers from the shortest row to the longest."""
    return sorted(range(len(lengths)), key=lambda row: lengths[row])


def within(lengths: list[int], budget: int, rows: Any = None) -> list[list[int]]:
    """Batches within the budget, of sorted rows or of rows in another order."""
    rows = sorted_rows(lengths) if rows is None else rows
    return fill(rows, lambda batch: len(batch) * max(lengths[row] for row in batch) <= budget)


def by_numpy(lengths: list[int], budget: int) -> list[Any]:
    """Batches as arrays, longest rows first."""
    rows = [int(row) for row in np.argsort(lengths)[::-1]]
    return [np.array(batch) for batch in within(lengths, budget, rows)]


def argsorted(lengths: list[int], budget: int) -> Any:
    """Row numbers straight from `np.argsort`, one batch after the other as a generator of tuples."""
    yield from map(tuple, within(lengths, budget, list(np.argsort(lengths))))


def for_ever(lengths: list[int], budget: int) -> list[list[int]]:
    """A loop that takes no row away where a batch is full."""
    rows, batches = sorted_rows(lengths), []
    while rows:
        batch = within(lengths, budget)[0] if len(batches) < 2 else []
        rows = [row for row in rows if row not in batch]
        batches.append(batch)
        if len(batches) > 5:
            batches.pop()
    return batches


def pooled(order: list[int], lengths: list[int], pool: int) -> Any:
    """One pool after the other, as a generator."""
    for start in range(0, len(order), pool):
        yield from sorted(order[start : start + pool], key=lambda row: -lengths[row])


def by_place(order: list[int], lengths: list[int], pool: int) -> Any:
    """One sort by number of the pool and length."""
    places = {row: place // pool for place, row in enumerate(order)}
    return sorted(order, key=lambda row: (places[row], -lengths[row]))


def with_arrays(order: list[int], lengths: list[int], pool: int) -> Any:
    """By NumPy, pool by pool."""
    pools = [np.array(order[start : start + pool], dtype=int) for start in range(0, len(order), pool)]
    return np.concatenate([rows[np.argsort(-np.array(lengths)[rows])] for rows in pools]) if pools else np.array([])


def emptied(order: list[int], lengths: list[int], pool: int) -> list[int]:
    """The right rows, and an `order` that is used up."""
    rows = list(pooled([*order], lengths, pool))
    order.clear()
    return rows


def tags(features: list[Row], label: int = -100) -> Batch:
    """Tables of fillers, row after row written into them."""
    shape = len(features), max(len(row["labels"]) for row in features)
    batch = {
        name: torch.full(shape, filler) for name, filler in [("input_ids", 0), ("attention_mask", 0), ("labels", label)]
    }
    for number, row in enumerate(features):
        length = len(row["input_ids"])
        batch["input_ids"][number, :length] = torch.tensor(row["input_ids"])
        batch["attention_mask"][number, :length] = 1
        batch["labels"][number, :length] = torch.tensor(row["labels"])
    return batch


def tags_by_library(features: list[Row]) -> Any:
    """The library's own collator for labels of tokens."""
    return dict(DataCollatorForTokenClassification(tokenizer())(features))


def tags_by_mask(features: list[Row]) -> Batch:
    """The wrong labels, overwritten where the mask is 0."""
    batch = tags(features, label=0)
    return {**batch, "labels": batch["labels"].masked_fill(batch["attention_mask"] == 0, -100)}


def ready() -> tuple[()]:
    """Nothing more for a check, and a tokenizer that is loaded from here on."""
    loaded()
    return ()


EQUIVALENT = {
    "06/collate": {
        "def collate(features, pad_id=0, side='right_', multiple=1):": "whatever is not left is right",
        "for key in features[-1]:": "all rows have the same keys",
    },
    "06/grouped": {
        "for start in range(0, len(order) + 1, pool):": "one more slice is empty and adds nothing",
        "for start in range(0, len(lengths), pool):": "further slices are empty and add nothing",
    },
}
MATERIALS = {"06/collate": ready, "06/repair-tags": ready}
RIGHT: dict[str, list[Any]] = {
    "06/waste": [
        lambda lengths: sum(max(lengths) - length for length in lengths) / (len(lengths) * max(lengths)),
        lambda lengths: 1 - np.mean(lengths) / np.max(lengths),
        lambda lengths: torch.tensor([1 - sum(lengths) / len(lengths) / max(lengths)]),
        lambda lengths: (pad_sequence([torch.ones(n) for n in lengths]) == 0).float().mean(),
    ],
    "06/collate": [with_tensors, with_torch, by_zip],
    "06/grouped": [pooled, by_place, with_arrays],
    "06/batches-within": [within, by_numpy, argsorted, lambda lengths, budget: within(lengths, budget)[::-1]],
    "06/repair-tags": [tags, tags_by_library, tags_by_mask],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "06/waste": [
        ("kind", lambda lengths: [0.1, 0.2]),
        ("", lambda lengths: 0.5),
        ("real_share", lambda lengths: np.mean(lengths) / np.max(lengths)),
        ("kind", lambda lengths: "a quarter"),
        ("changed", lambda lengths: (lengths.sort(), 1 - sum(lengths) / (len(lengths) * lengths[-1]))[1]),
    ],
    "06/collate": [
        ("forbidden", by_pad),
        ("forbidden", by_library),
        ("changed", in_place),
        ("not_tensors", changed(lambda batch: {**batch, "input_ids": batch["input_ids"].tolist()})),
        ("whole_numbers", changed(lambda batch: {**batch, "labels": batch["labels"].float()})),
        ("whole_numbers", changed(lambda batch: {**batch, "attention_mask": batch["attention_mask"].bool().float()})),
        ("kind", changed(lambda batch: batch["input_ids"])),
        ("", changed(lambda batch: {**batch, "labels": 1 - batch["labels"]})),
        ("", changed(lambda batch: {**batch, "input_ids": batch["input_ids"] + 1})),
    ],
    "06/grouped": [
        ("changed", emptied),
        ("", lambda order, lengths, pool: order[::-1]),
        (
            "by_row_number",
            lambda order, lengths, pool: [n for s in range(0, len(order), pool) for n in sorted(order[s : s + pool])],
        ),
        ("raised", lambda order, lengths, pool: max(order) / 0),
        ("short_first", lambda order, lengths, pool: by_place(order, [-length for length in lengths], pool)),
    ],
    "06/batches-within": [
        ("too_long", for_ever),
        ("kind", lambda lengths, budget: len(lengths)),
        ("", lambda lengths, budget: [*within(lengths, budget), [0]]),
        ("changed", lambda lengths, budget: (within([*lengths], budget), lengths.append(1))[0]),
        ("alone", lambda lengths, budget: ((row,) for row in range(len(lengths)))),
        ("unsorted", lambda lengths, budget: within(lengths, budget, range(len(lengths)))),
    ],
    "06/repair-tags": [
        ("planted", lambda features: tags(features, label=0)),
        ("other_class", lambda features: tags(features, label=-1)),
        ("", lambda features: {**tags(features), "input_ids": tags(features)["labels"]}),
        ("kind", lambda features: tags(features)["labels"]),
        (
            "raised",
            lambda features: {key: torch.tensor([row[key] for row in features]) for key in ("input_ids", "labels")},
        ),
    ],
}
