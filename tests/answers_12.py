"""Answers to the exercises of lesson 12: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.nn import Module

Shares = list[dict[str, Any]]


def stepwise(parts: list[Any]) -> list[Any]:
    """All predictions, step by step, process by process."""
    return [one for step in zip(*parts, strict=True) for batch in step for one in batch]


def one_by_one(batches: list[Any], processes: int, rank: int) -> Iterator[Any]:
    """As a generator, with a count."""
    for number, batch in enumerate(batches):
        if number % processes == rank:
            yield batch


def emptied(batches: list[Any], processes: int, rank: int) -> list[Any]:
    """Right, but the list that came in is used up."""
    mine = batches[rank::processes]
    batches.clear()
    return mine


def by_places(parts: list[Any], rows: int) -> list[Any]:
    """Each prediction is put where it belongs."""
    found: dict[int, Any] = {}
    size = len(parts[0][0])
    for rank, batches in enumerate(parts):
        for step, batch in enumerate(batches):
            for place, one in enumerate(batch):
                found[(step * len(parts) + rank) * size + place] = one
    return [found[row] for row in range(rows)]


def one_model_for_all(models: list[Module], shares: Shares) -> torch.Tensor:
    """The joint batch in one copy; the others get what it found."""
    joint = {key: torch.cat([share[key] for share in shares]) for key in shares[0]}
    for model in models:
        model.zero_grad()
    loss = models[0](**joint).loss
    loss.backward()
    for model in models[1:]:
        for copy, first in zip(model.parameters(), models[0].parameters(), strict=True):
            copy.grad = None if first.grad is None else first.grad.clone()
    return loss


def scaled_losses(models: list[Module], shares: Shares) -> float:
    """Each loss is weighted before its `backward`, the gradients are added up."""
    total = sum(len(share["labels"]) for share in shares)
    for model in models:
        model.zero_grad(set_to_none=True)
    losses = [model(**share).loss * len(share["labels"]) / total for model, share in zip(models, shares, strict=True)]
    torch.stack(losses).sum().backward()
    for copies in zip(*(model.parameters() for model in models), strict=True):
        found = [copy.grad for copy in copies if copy.grad is not None]
        if found:
            together = torch.stack(found).sum(dim=0)
            for copy in copies:
                copy.grad = together * 1.0
    return float(sum(loss.detach() for loss in losses))


def with_hooks(models: list[Module], shares: Shares) -> np.float64:
    """By name, with NumPy for the loss; the gradients are changed in place."""
    rows = np.array([len(share["labels"]) for share in shares])
    losses = []
    for model, share in zip(models, shares, strict=True):
        for weight in model.parameters():
            weight.grad = None
        loss = model(**share).loss
        loss.backward()
        losses.append(loss.item())
    named = [dict(model.named_parameters()) for model in models]
    for name, first in named[0].items():
        if first.grad is None:
            continue
        mean = sum(each[name].grad * int(count) for each, count in zip(named, rows, strict=True)) / int(rows.sum())
        for each in named:
            each[name].grad.copy_(mean)
    return np.average(losses, weights=rows)


def only_losses(models: list[Module], shares: Shares) -> float:
    """No gradient at all."""
    rows = [len(share["labels"]) for share in shares]
    losses = [model(**share).loss.item() for model, share in zip(models, shares, strict=True)]
    return float(np.average(losses, weights=rows))


def forgets_to_return(models: list[Module], shares: Shares) -> None:
    """The gradients alone."""
    with_hooks(models, shares)


def zeros_for_none(models: list[Module], shares: Shares) -> np.float64:
    """A parameter without a gradient gets zeros."""
    loss = with_hooks(models, shares)
    for model in models:
        for weight in model.parameters():
            weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
    return loss


def rates(steps: int, total: int, ahead: int = 1) -> list[float]:
    """A straight line down, not below zero."""
    return [max(0.0, (total - step * ahead) / total) for step in range(steps)]


def steps_of(batches: int, processes: int, epochs: int) -> int:
    """Steps of a run on several processes."""
    return -(-batches // processes) * epochs


RIGHT: dict[str, list[Any]] = {
    "12/joint-loss": [
        lambda losses, rows: np.average(losses, weights=rows),
        lambda losses, rows: torch.tensor(losses) @ torch.tensor(rows).float() / sum(rows),
        lambda losses, rows: sum(np.array(losses) * np.array(rows) / sum(rows)),
    ],
    "12/averaged-gradients": [one_model_for_all, scaled_losses, with_hooks],
    "12/share-out": [
        one_by_one,
        lambda batches, processes, rank: tuple(batches[rank::processes]),
        lambda batches, processes, rank: [tuple(batch) for batch in batches[rank::processes]],
        lambda batches, processes, rank: [batches[n] for n in range(rank, len(batches), processes)],
    ],
    "12/gather": [
        by_places,
        lambda parts, rows: torch.tensor(stepwise(parts))[:rows],
        lambda parts, rows: tuple(stepwise(parts)[:rows]),
        lambda parts, rows: np.array(parts).transpose(1, 0, 2).reshape(-1)[:rows],
    ],
    "12/repair-rates": [
        lambda *run: rates(steps_of(*run), steps_of(*run)),
        lambda batches, processes, epochs: np.linspace(1, 0, steps_of(batches, processes, epochs) + 1)[:-1],
        lambda *run: (1 - step / steps_of(*run) for step in range(steps_of(*run))),
    ],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "12/joint-loss": [
        ("kind", lambda losses, rows: losses),
        ("plain_mean", lambda losses, rows: np.mean(losses)),
        ("", lambda losses, rows: max(losses)),
        (
            "",
            lambda losses, rows: (
                sum(loss * count for loss, count in zip(sorted(losses), rows, strict=True)) / sum(rows)
            ),
        ),
        ("", lambda losses, rows: round(float(np.average(losses, weights=rows)), 1)),
        ("returned_none_printed", lambda losses, rows: print(np.average(losses, weights=rows))),
    ],
    "12/averaged-gradients": [
        ("no_loss", forgets_to_return),
        ("", only_losses),
        ("zeros_for_none", zeros_for_none),
        ("raised", lambda models, shares: models[0](**shares).loss),
        ("", lambda models, shares: [with_hooks(models, shares), sum(len(share["labels"]) for share in shares)]),
    ],
    "12/share-out": [
        ("kind", lambda batches, processes, rank: rank),
        ("changed", emptied),
        ("everything", lambda batches, processes, rank: list(batches)),
        ("shape", lambda batches, processes, rank: batches[::-1]),
        ("shape", lambda batches, processes, rank: batches[rank::2]),
        ("shape", lambda batches, processes, rank: batches[rank]),
        ("shape", lambda batches, processes, rank: [n for n in range(rank, len(batches), processes)]),
    ],
    "12/gather": [
        ("kind", lambda parts, rows: rows),
        ("by_value", lambda parts, rows: list(dict.fromkeys(one for one in stepwise(parts)))),
        ("not_cut", lambda parts, rows: np.array(parts).transpose(1, 0, 2).reshape(-1)),
        ("", lambda parts, rows: sorted(stepwise(parts), reverse=True)),
        ("shape", lambda parts, rows: stepwise(parts)[: rows - 1]),
        ("kind", lambda parts, rows: {row: one for row, one in enumerate(stepwise(parts)[:rows])}),
    ],
    "12/repair-rates": [
        ("planted", lambda *run: rates(steps_of(*run), steps_of(*run), ahead=run[1])),
        ("as_alone", lambda batches, processes, epochs: rates(batches * epochs, batches * epochs)),
        ("", lambda *run: [1.0] * steps_of(*run)),
        ("", lambda *run: rates(steps_of(*run), steps_of(*run) - 1) if steps_of(*run) > 1 else [1.0]),
        ("shape", lambda *run: rates(steps_of(*run), steps_of(*run))[1:]),
        ("", lambda *run: rates(steps_of(*run), steps_of(*run))[::-1]),
        ("kind", lambda *run: 1 / steps_of(*run)),
    ],
}
ANY = "the schedule reads the learning rate of the optimizer, not what it optimizes"
EQUIVALENT: dict[str, dict[str, str]] = {
    "12/joint-loss": {
        "return sum((loss * count for loss, count in zip(rows, losses))) / sum(rows)": "a product has no order",
    },
    "12/averaged-gradients": {
        "if copies[-1].grad is not None:": "a parameter has a gradient in all copies of one model, or in none",
        "return sum((loss * count for loss, count in zip(rows, losses))) / sum(rows)": "a product has no order",
    },
    "12/repair-rates": {
        "without: optimizer.step()": "the schedule goes ahead without it, with no more than a warning",
        "optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0)": ANY,
        "optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)": ANY,
        "optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=1.0)": ANY,
        "optimizer = torch.optim.SGD([torch.zeros(0, requires_grad=True)], lr=1.0)": ANY,
        "optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=False)], lr=1.0)": ANY,
        "used.append(schedule.get_last_lr()[-1])": "there is one group of parameters, so the first rate is the last",
    },
}
