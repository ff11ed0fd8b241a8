"""Right answers to the exercises of lesson 11, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

import torch
from torch import Tensor

HIDDEN = float("-inf")


def scores(query: Tensor, key: Tensor) -> Tensor:
    """Scaled scores of one head."""
    return query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """The exercise solved."""
    return scores(query, key).masked_fill(mask == 0, HIDDEN).softmax(-1) @ value


def nucleus(logits: Tensor, p: float, keep: int = 0) -> Tensor:
    """The exercise solved; with `keep`, that many tokens more or fewer stay."""
    probabilities, order = torch.softmax(logits, dim=-1).sort(descending=True)
    number = int((probabilities.cumsum(-1) - probabilities < p).sum()) + keep
    left = torch.full_like(logits, HIDDEN)
    left[order[:number]] = logits[order[:number]]
    return left


def in_sorted_order(logits: Tensor, p: float) -> Tensor:
    """Solved, but with every token in the position that sorting gave it."""
    return nucleus(logits, p).sort(descending=False).values


RIGHT = {
    "11/causal-mask": (lambda n: [[int(j <= i) for j in range(n)] for i in range(n)],),
    "11/attention": (attention,),
    "11/nucleus": (nucleus,),
}
WRONG = {
    "11/causal-mask": {
        "not_numbers": lambda n: "triangle",
        "shape": lambda n: torch.ones(n),
        "upper": lambda n: torch.triu(torch.ones(n, n)),
        "no_diagonal": lambda n: torch.tril(torch.ones(n, n), diagonal=-1),
        "everything": lambda n: torch.ones(n, n),
        "other": lambda n: torch.eye(n),
    },
    "11/attention": {
        "not_numbers": lambda query, key, value, mask: "everywhere",
        "shape": lambda query, key, value, mask: attention(query, key, value, mask)[0],
        "weights": lambda query, key, value, mask: scores(query, key).masked_fill(mask == 0, HIDDEN).softmax(-1),
        "not_scaled": lambda query, key, value, mask: attention(query * 2, key, value, mask),
        "mask_ignored": lambda query, key, value, mask: attention(query, key, value, torch.ones_like(mask)),
        "masked_after": lambda query, key, value, mask: (scores(query, key).softmax(-1) * mask) @ value,
        "wrong_axis": lambda query, key, value, mask: scores(query, key).softmax(0) @ value,
        "other": lambda query, key, value, mask: torch.zeros(len(query), value.shape[1]),
    },
    "11/nucleus": {
        "not_numbers": lambda logits, p: "the best",
        "shape": lambda logits, p: logits[:1],
        "probabilities": lambda logits, p: torch.softmax(logits, dim=-1),
        "nothing_removed": lambda logits, p: logits,
        "one_too_few": lambda logits, p: nucleus(logits, p, keep=-1),
        "wrong_positions": in_sorted_order,
        "other": lambda logits, p: nucleus(logits, p, keep=1),
    },
}
