"""Answers to the exercises of lesson 05: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mutants import solutions
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from course_lessons.lesson_05 import ready_made

Rows = list[list[int]]


def notebook() -> dict[str, Any]:
    """What the notebook's exercises work with: `tokenizer`, `model`, `positive`."""
    return solutions("05")["05/repair-mask"].names


def pad_tensors(rows: Rows, pad_id: int) -> tuple[Tensor, Tensor]:
    """Two tensors."""
    ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=pad_id)
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(ids.shape[1]) < lengths[:, None]


def pad_arrays(rows: Rows, pad_id: int) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays."""
    ids = np.full((len(rows), max(map(len, rows))), pad_id)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)], mask[number, : len(row)] = row, 1
    return ids, mask


def pad_in_place(rows: Rows, pad_id: int) -> tuple[Rows, Rows]:
    """Makes the rows that it was given longer."""
    mask = ready_made.pad_rows(rows, pad_id)[1]
    for row, kept in zip(rows, mask, strict=True):
        row += [pad_id] * (len(kept) - len(row))
    return rows, mask


def softmax_by_adding(scores: Tensor, mask: Tensor) -> Tensor:
    """Adds what the library adds."""
    return torch.softmax(scores + (1 - mask[:, None, None, :]) * torch.finfo(scores.dtype).min, dim=-1)


def softmax_by_hand(scores: Tensor, mask: Tensor) -> Tensor:
    """Subtracts the largest score that counts."""
    keys = mask[:, None, None, :].bool().expand_as(scores)
    most = scores.masked_fill(~keys, float("-inf")).amax(-1, keepdim=True)
    powers = torch.where(keys, (scores - most).clamp(max=0).exp(), 0.0)
    return powers / powers.sum(-1, keepdim=True)


def fill_in_place(scores: Tensor, mask: Tensor) -> Tensor:
    """Right weights, from scores that are not the same afterwards."""
    return scores.masked_fill_(mask[:, None, None, :] == 0, torch.finfo(scores.dtype).min).softmax(-1)


def softmax_row_by_row(scores: Tensor, mask: Tensor) -> list[Any]:
    """Sentence by sentence, with minus infinity."""
    rows = zip(scores, mask, strict=True)
    return [functional.softmax(table.masked_fill(keep == 0, float("-inf")), dim=2) for table, keep in rows]


def head_by_view(vectors: Tensor, mask: Tensor, layers: Any, number: int, heads: int) -> Tensor:
    """All heads at once, one of them returned."""
    rows, length, _ = vectors.shape
    query, key, value = (layer(vectors).view(rows, length, heads, -1).transpose(1, 2) for layer in layers)
    scores = torch.einsum("rhqd,rhkd->rhqk", query, key) / np.sqrt(query.shape[-1])
    return (softmax_by_hand(scores, mask) @ value)[:, number]


def head_by_weights(vectors: Tensor, mask: Tensor, layers: Any, number: int, heads: int) -> Tensor:
    """With the rows of the weights that belong to the head."""
    size = vectors.shape[-1] // heads
    part = slice(number * size, (number + 1) * size)
    query, key, value = (vectors @ layer.weight[part].T + layer.bias[part] for layer in layers)
    scores = torch.bmm(query, key.mT).mul(size**-0.5)
    return torch.bmm(torch.softmax(scores + torch.log(mask[:, None, :].float()), dim=2), value)


def head_in_loops(vectors: Tensor, mask: Tensor, layers: Any, number: int, heads: int) -> list[Any]:
    """Token by token."""
    made = []
    for row, keep in zip(vectors, mask.bool(), strict=True):
        query, key, value = (layer(row).chunk(heads, -1)[number] for layer in layers)
        weights = [torch.softmax(key[keep] @ one / len(one) ** 0.5, dim=0) for one in query]
        made.append([weight @ value[keep] for weight in weights])
    return made


def head_by_library(vectors: Tensor, mask: Tensor, layers: Any, number: int, heads: int) -> Tensor:
    """PyTorch's own attention."""
    query, key, value = (layer(vectors).chunk(heads, -1)[number] for layer in layers)
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, :].bool())


def count_tokens(mask: Tensor) -> list[list[int]]:
    """With a counter for each row."""
    found = []
    for row in mask.tolist():
        seen, numbers = 0, []
        for token in row:
            numbers.append(seen)
            seen += token
        found.append([min(number, len(row) - 1) for number in numbers])
    return found


def windows(ids: list[int], room: int, stride: int) -> Rows:
    """Overlapping windows that end with the last id."""
    last = max(len(ids) - stride, 1)
    return [ids[start : start + room] for start in range(0, last, room - stride)]


def in_one_batch(reviews: list[str]) -> Tensor:
    """By the tokenizer's own padding."""
    batch = notebook()["tokenizer"](reviews, padding=True, return_tensors="pt")
    return notebook()["positive"](batch["input_ids"], batch["attention_mask"])


def one_by_one(reviews: list[str]) -> Any:
    """Without any padding, as a generator."""
    for review in reviews:
        yield notebook()["positive"](notebook()["tokenizer"](review, return_tensors="pt")["input_ids"])[0]


def with_every_id(reviews: list[str]) -> Tensor:
    """A mask from the ids: here no token has the id of the padding."""
    ids = notebook()["tokenizer"](reviews, padding=True, return_tensors="pt")["input_ids"]
    return notebook()["positive"](ids, (ids != notebook()["tokenizer"].pad_token_id).long())


MATERIALS = {"05/repair-mask": lambda: (notebook()["tokenizer"], notebook()["model"])}
RIGHT: dict[str, list[Any]] = {
    "05/pad-rows": [pad_tensors, pad_arrays, lambda rows, pad_id: [*ready_made.pad_rows(rows, pad_id)]],
    "05/masked-softmax": [softmax_by_adding, softmax_by_hand, softmax_row_by_row],
    "05/one-head": [head_by_view, head_by_weights, head_in_loops],
    "05/positions": [
        lambda mask: ((mask.cumsum(-1) - 1) * mask).tolist(),
        lambda mask: np.maximum(np.cumsum(mask.numpy(), axis=1) - 1, 0),
        count_tokens,
        lambda mask: (mask.cumsum(-1) - 1).masked_fill(mask == 0, 1),
    ],
    "05/windows": [
        windows,
        lambda *given: map(tuple, windows(*given)),
        lambda *given: map(torch.tensor, windows(*given)),
    ],
    "05/repair-mask": [in_one_batch, one_by_one, with_every_id],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "05/pad-rows": [
        ("changed", pad_in_place),
        ("kind", lambda rows, pad_id: dict(zip(("ids", "mask"), ready_made.pad_rows(rows, pad_id), strict=True))),
        ("", lambda rows, pad_id: ready_made.pad_rows(rows, pad_id + 7)),
        ("shape", lambda rows, pad_id: ready_made.pad_rows(rows[:1], pad_id)),
        ("raised", lambda rows, pad_id: torch.tensor(rows)),
    ],
    "05/masked-softmax": [
        ("kind", lambda scores, mask: "weights"),
        ("shape", lambda scores, mask: softmax_by_adding(scores, mask).mean(dim=1)),
        ("", lambda scores, mask: mask[:, None, None, :] * scores.sigmoid()),
        ("changed", fill_in_place),
        ("inverted", lambda scores, mask: softmax_by_adding(scores, 1 - mask)),
        (
            "too_small",
            lambda scores, mask: torch.softmax(scores.masked_fill(mask[:, None, None, :] == 0, -1e4), dim=-1),
        ),
        ("too_small", lambda scores, mask: torch.softmax(scores - 1e4 * (1 - mask[:, None, None, :]), dim=-1)),
    ],
    "05/one-head": [
        ("forbidden", head_by_library),
        ("kind", lambda *given: "vectors"),
        ("shape", lambda *given: head_by_view(*given).mean(dim=1)),
        ("", lambda *given: head_by_view(*given) + given[0][..., : given[0].shape[-1] // given[-1]]),
        ("raised", lambda vectors, mask, layers, number, heads: layers[0](vectors) @ layers[1](vectors)),
    ],
    "05/positions": [
        ("kind", lambda mask: "0 1 2"),
        ("shape", lambda mask: mask.cumsum(-1)[:, :-1]),
        ("negative", lambda mask: mask.cumsum(-1) - 1),
        ("beyond", lambda mask: (mask.cumsum(-1) - 1).masked_fill(mask == 0, 1_000_000)),
        ("floats", lambda mask: (mask.cumsum(-1) - 1.0).clamp(min=0)),
        ("from_the_first", lambda mask: torch.arange(mask.shape[-1]) - mask.argmax(-1, keepdim=True)),
        ("", lambda mask: mask * 7),
        ("how_many", lambda mask: [sum(row) for row in mask.tolist()]),
    ],
    "05/windows": [
        ("kind", lambda ids, room, stride: " ".join(map(str, ids))),
        ("shape", lambda ids, room, stride: [*windows(ids, room, stride), ids[-room:]]),
        ("", lambda ids, room, stride: windows(ids, room, stride)[::-1]),
        ("step", lambda ids, room, stride: [ids[start : start + room] for start in range(0, len(ids), stride)]),
        ("", lambda ids, room, stride: windows(ids, room + 1, stride)),
    ],
    "05/repair-mask": [
        ("kind", lambda reviews: "yes"),
        ("", lambda reviews: [0.5] * len(reviews)),
        ("", lambda reviews: in_one_batch(reviews).round(decimals=1)),
        ("raised", lambda reviews: notebook()["positive"](notebook()["tokenizer"](reviews)["input_ids"])),
    ],
}
EQUIVALENT: dict[str, dict[str, str]] = {
    "05/positions": {
        "return (mask.cumsum(dim=1) - 1).clamp(min=0)": "a mask has two axes, so its last is axis 1",
    },
    "05/repair-mask": {
        "mask[number, :len(row)] = 2": "the library attends to every position whose entry is not 0",
    },
    "05/one-head": {
        "scores = query @ key.transpose(-2, -1) / size ** 0.5": "two axes change places, whichever is named first",
    },
}
