"""The training loop of lesson 08, finished: on a CPU it equals the Trainer of transformers to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Sampler
from transformers import PreTrainedModel, get_scheduler, set_seed

Batch = dict[str, torch.Tensor]


class History(NamedTuple):
    """Loss, gradient norm before clipping and learning rate of each step."""

    losses: list[float]
    grad_norms: list[float]
    learning_rates: list[float]


class EpochOrder(Sampler[int]):
    """The numbers 0 to rows-1 in an order of the epoch's own, drawn from seed + `epoch` and from nothing else.

    >>> list(EpochOrder(4, seed=42)) == torch.randperm(4, generator=torch.Generator().manual_seed(42)).tolist()
    True
    """

    def __init__(self, rows: int, seed: int) -> None:
        self.rows, self.seed, self.epoch = rows, seed, 0

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        yield from torch.randperm(self.rows, generator=generator).tolist()


def decay_groups(model: PreTrainedModel, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups as the Trainer makes them: no weight decay for biases and for the weights of layer norms."""
    groups: list[dict[str, Any]] = [{"params": [], "weight_decay": decay} for decay in (weight_decay, 0.0)]
    for name, parameter in model.named_parameters():
        groups["bias" in name or "norm" in name.lower()]["params"].append(parameter)
    return groups


def train(
    model: PreTrainedModel,
    rows: Sequence[Any],
    collate: Callable[[list[Any]], Batch],
    *,
    epochs: int = 3,
    batch_size: int = 8,
    learning_rate: float = 5e-5,
    max_grad_norm: float = 1.0,
    seed: int = 42,
    accumulate: int = 1,
    groups: list[dict[str, Any]] | None = None,
    loss_of: Callable[[PreTrainedModel, Batch], torch.Tensor] = lambda model, batch: model(**batch).loss,
    precision: torch.dtype | None = None,
    on_step: Callable[[int, int], object] = lambda done, total: None,
    stop_after: int | None = None,
    save_to: str | Path | None = None,
    resume_from: str | Path | None = None,
) -> History:
    """Train `model` in place, on the device it is on, and tell how each step went. A batch needs the key "labels".

    `accumulate` batches make one step, each weighted by its rows; `groups` go to AdamW (see `decay_groups`);
    `precision` is the dtype of autocast; `on_step(done, total)` follows each step; `save_to` is a folder for all that
    resuming takes, `resume_from` one that was saved, with `model` loaded from it.
    """
    set_seed(seed)
    order = EpochOrder(len(rows), seed)
    loader = DataLoader(rows, batch_size=batch_size, sampler=order, collate_fn=collate)
    per_epoch = math.ceil(len(loader) / accumulate)
    total, done, history = epochs * per_epoch, 0, History([], [], [])
    optimizer = torch.optim.AdamW(groups or model.parameters(), lr=learning_rate, weight_decay=0.0, fused=True)
    schedule = get_scheduler("linear", optimizer, num_warmup_steps=0, num_training_steps=total)
    if resume_from is not None:
        saved = torch.load(Path(resume_from) / "training_state.pt", weights_only=True)
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        torch.set_rng_state(saved["random"])
        done = saved["done"]
    model.train()
    while done < (stop := total if stop_after is None else min(stop_after, total)):
        order.epoch, seen = divmod(done, per_epoch)
        random = torch.get_rng_state()
        batches = iter(loader)  # draws a number from the global generator, once an epoch
        if seen:  # resumed within an epoch: that number and these batches belong to the time before
            list(islice(batches, seen * accumulate))
            torch.set_rng_state(random)
        while done < stop and (group := list(islice(batches, accumulate))):
            loss, in_group = torch.zeros((), device=model.device), sum(len(batch["labels"]) for batch in group)
            for batch in group:
                batch = {key: value.to(model.device) for key, value in batch.items()}
                with torch.autocast(model.device.type, dtype=precision, enabled=precision is not None):
                    share = loss_of(model, batch) * (len(batch["labels"]) / in_group)
                share.backward()
                loss += share.detach()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_grad_norm)
            history.learning_rates.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            history.losses.append(loss.item())
            history.grad_norms.append(norm.item())
            done += 1
            on_step(done, total)
    if save_to is not None:
        model.save_pretrained(save_to)
        parts = {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
        torch.save({**parts, "done": done, "random": torch.get_rng_state()}, Path(save_to) / "training_state.pt")
    return history
