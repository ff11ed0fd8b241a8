"""What lesson 05 goes on with where an exercise is not solved: a rectangle, a masked softmax, a head, positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

Rows = list[list[int]]


def pad_rows(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[Rows, Rows]:
    """The rows padded on the right to the longest, and their mask.

    >>> pad_rows([[7, 8], [9]], 0)
    ([[7, 8], [9, 0]], [[1, 1], [1, 0]])
    """
    longest = max(len(row) for row in rows)
    ids = [[*row, *[pad_id] * (longest - len(row))] for row in rows]
    return ids, [[1] * len(row) + [0] * (longest - len(row)) for row in rows]


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the positions that the mask lets through: scores (rows, heads, queries, keys), mask (rows, keys).

    >>> import torch
    >>> masked_softmax(torch.zeros(1, 1, 1, 3), torch.tensor([[1, 1, 0]])).tolist()
    [[[[0.5, 0.5, 0.0]]]]
    """
    import torch

    hidden = mask[:, None, None, :] == 0
    return torch.softmax(scores.masked_fill(hidden, torch.finfo(scores.dtype).min), dim=-1)


def one_head(vectors: Tensor, mask: Tensor, layers: Sequence[Module], number: int, heads: int) -> Tensor:
    """What one head of attention makes of vectors (rows, positions, size): as many vectors, each a part as long.

    Args:
        vectors: what goes into attention.
        mask: 1 for a token, 0 for padding, of shape (rows, positions).
        layers: the three linear layers that make queries, keys and values.
        number: which head, from 0.
        heads: how many there are.
    """
    query, key, value = (layer(vectors).chunk(heads, dim=-1)[number] for layer in layers)
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    return masked_softmax(scores[:, None], mask)[:, 0] @ value


def positions(mask: Tensor) -> Tensor:
    """The real tokens of each row counted from 0; padding gets a position that exists.

    >>> import torch
    >>> positions(torch.tensor([[0, 0, 1, 1]])).tolist()
    [[0, 0, 0, 1]]
    """
    return (mask.cumsum(dim=-1) - 1).clamp(min=0)


def cut_into_windows(ids: Sequence[int], room: int, stride: int) -> Rows:
    """Windows of at most `room` ids; each but the first begins with the last `stride` ids of the one before.

    >>> cut_into_windows([1, 2, 3, 4, 5], room=3, stride=1)
    [[1, 2, 3], [3, 4, 5]]
    """
    found = [list(ids[:room])]
    start = 0
    while start + room < len(ids):
        start += room - stride
        found.append(list(ids[start : start + room]))
    return found
