"""Right answers to the exercises of lesson 08, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def clipped(gradients: list[torch.Tensor], most: float) -> list[torch.Tensor]:
    """Shortened by one factor, with torch's own norm of norms."""
    norm = torch.linalg.vector_norm(torch.cat([g.flatten() for g in gradients]))
    return [g * (most / norm) for g in gradients] if norm > most else gradients


def collecting(
    share: Callable[[list[Any], Any], float] = lambda batches, batch: (
        len(batch["labels"]) / sum(len(b["labels"]) for b in batches)
    ),
    clear: bool = False,
    move: bool = False,
    backward: bool = True,
    back: bool = True,
) -> Callable[[Any, list[Any]], object]:
    """A loop over batches that weighs each by `share`, with one mistake or none."""

    def accumulate(model: Any, batches: list[Any]) -> object:
        total = 0.0
        for batch in batches:
            if clear:
                model.zero_grad()
            loss = model(**batch).loss * share(batches, batch)
            if backward:
                loss.backward()
            total += loss.item()
        if move:
            torch.optim.SGD(model.parameters(), lr=0.1).step()
        return total if back else True

    return accumulate


RIGHT = {
    "08/learning-rate": (lambda step, steps, start: start - start * (step - 1) / steps,),
    "08/clip": (clipped,),
    "08/accumulate": (collecting(),),
}
WRONG = {
    "08/learning-rate": {
        "not_a_number": lambda step, steps, start: "slow",
        "constant": lambda step, steps, start: start,
        "one_ahead": lambda step, steps, start: start * (steps - step) / steps,
        "rising": lambda step, steps, start: start * step / steps,
        "one_behind": lambda step, steps, start: start * (steps - step + 2) / steps,
        "other": lambda step, steps, start: start / step**2 / 2,
    },
    "08/clip": {
        "not_tensors": lambda gradients, most: "short",
        "unchanged": lambda gradients, most: gradients,
        "each_alone": lambda gradients, most: [g * min(1.0, most / float(g.norm())) for g in gradients],
        "single_numbers": lambda gradients, most: [g.clamp(-most, most) for g in gradients],
        "always_scaled": lambda gradients, most: [
            g * (most / torch.cat([h.flatten() for h in gradients]).norm()) for g in gradients
        ],
        "squared": lambda gradients, most: [
            g * min(1.0, most / float(torch.cat([h.flatten() for h in gradients]).pow(2).sum())) for g in gradients
        ],
        "other": lambda gradients, most: [g * 0.5 for g in gradients],
    },
    "08/accumulate": {
        "no_gradient": collecting(backward=False),
        "weights_moved": collecting(move=True),
        "last_only": collecting(clear=True),
        "summed": collecting(share=lambda batches, batch: 1.0),
        "equal_shares": collecting(share=lambda batches, batch: 1 / len(batches)),
        "loss_only": collecting(back=False),
        "other": collecting(share=lambda batches, batch: 0.3),
    },
}
