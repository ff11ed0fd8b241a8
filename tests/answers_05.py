"""Right answers to the exercises of lesson 05, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

import torch
from torch import Tensor

Rows = list[list[int]]


def pad_rows(rows: Rows, pad_id: int) -> tuple[Rows, Rows]:
    """The rows padded on the right, and their mask."""
    ids, mask = [], []
    longest = max(len(row) for row in rows)
    for row in rows:
        missing = longest - len(row)
        ids.append(row + [pad_id] * missing)
        mask.append([1] * len(row) + [0] * missing)
    return ids, mask


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the positions that the mask lets through."""
    return torch.softmax(scores + (1 - mask[:, None, None, :]) * torch.finfo(scores.dtype).min, dim=-1)


def windows(ids: list[int], room: int, stride: int) -> list[list[int]]:
    """Overlapping windows that end with the last id."""
    last = max(len(ids) - stride, 1)
    return [ids[start : start + room] for start in range(0, last, room - stride)]


RIGHT = {
    "05/pad-rows": (pad_rows,),
    "05/positions": (lambda mask: ((mask.cumsum(-1) - 1) * mask).tolist(),),
    "05/masked-softmax": (masked_softmax,),
    "05/windows": (windows,),
}
WRONG = {
    "05/pad-rows": {
        "not_a_pair": lambda rows, pad_id: pad_rows(rows, pad_id)[0],
        "no_rectangle": lambda rows, pad_id: (rows, pad_rows(rows, pad_id)[1]),
        "left": lambda rows, pad_id: (
            [[pad_id] * (max(map(len, rows)) - len(row)) + row for row in rows],
            pad_rows(rows, pad_id)[1],
        ),
        "pad_id": lambda rows, pad_id: pad_rows(rows, 0),
        "mask_swapped": lambda rows, pad_id: (
            pad_rows(rows, pad_id)[0],
            [[1 - value for value in row] for row in pad_rows(rows, pad_id)[1]],
        ),
        "mask_from_ids": lambda rows, pad_id: (
            pad_rows(rows, pad_id)[0],
            [[int(number != pad_id) for number in row] for row in pad_rows(rows, pad_id)[0]],
        ),
        "mask": lambda rows, pad_id: (pad_rows(rows, pad_id)[0], [[1] * len(row) for row in pad_rows(rows, pad_id)[0]]),
        "other": lambda rows, pad_id: pad_rows(rows, pad_id + 7),
    },
    "05/positions": {
        "not_numbers": lambda mask: "0 1 2",
        "shape": lambda mask: mask.sum(dim=-1),
        "negative": lambda mask: mask.cumsum(-1) - 1,
        "padding_counted": lambda mask: torch.arange(mask.shape[-1]).repeat(len(mask), 1),
        "from_one": lambda mask: mask.cumsum(-1),
        "down": lambda mask: (mask.cumsum(0) - 1).clamp(min=0),
        "other": lambda mask: mask * 7,
    },
    "05/masked-softmax": {
        "not_numbers": lambda scores, mask: "weights",
        "shape": lambda scores, mask: masked_softmax(scores, mask).mean(dim=1),
        "not_a_number": lambda scores, mask: torch.softmax(
            scores + (1 - mask[:, None, None, :]) * float("-inf"), dim=-1
        ),
        "no_mask": lambda scores, mask: torch.softmax(scores, dim=-1),
        "after_softmax": lambda scores, mask: torch.softmax(scores, dim=-1) * mask[:, None, None, :],
        "zeroed": lambda scores, mask: torch.softmax(scores * mask[:, None, None, :], dim=-1),
        "added_mask": lambda scores, mask: torch.softmax(scores + mask[:, None, None, :], dim=-1),
        "wrong_axis": lambda scores, mask: torch.softmax(
            scores.masked_fill(mask[:, None, :, None] == 0, torch.finfo(scores.dtype).min), dim=-1
        ),
        "too_small": lambda scores, mask: torch.softmax(scores - 10 * (1 - mask[:, None, None, :]), dim=-1),
        "other": lambda scores, mask: mask[:, None, None, :] * scores.sigmoid(),
    },
    "05/windows": {
        "not_rows": lambda ids, room, stride: ids,
        "first_only": lambda ids, room, stride: [ids[:room]],
        "too_long": lambda ids, room, stride: [ids],
        "no_overlap": lambda ids, room, stride: [ids[start : start + room] for start in range(0, len(ids), room)],
        "window_too_many": lambda ids, room, stride: [
            ids[start : start + room] for start in range(0, len(ids), room - stride)
        ],
        "step": lambda ids, room, stride: (
            windows(ids, room, 0)
            if not stride
            else [ids[start : start + room] for start in range(0, len(ids) - room + stride, stride)]
        ),
        "lost": lambda ids, room, stride: [
            ids[start : start + room] for start in range(0, len(ids) - room + 1, room - stride)
        ],
        "other": lambda ids, room, stride: windows(ids, room, stride) + [ids[-room:]],
    },
}
