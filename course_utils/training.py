"""The training loop of lesson 08, finished. In float32 on a CPU it equals the Trainer of transformers to the last bit.

That holds for heads that classify or estimate (one loss for each row), for the settings that `train` takes, and where
`collate` draws no random numbers; `tests/test_lesson_08.py` goes through a grid of them. With more than one batch for
each step, the Trainer has to know that the model does not scale its loss: `model.accepts_loss_kwargs = False`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch.utils.data import DataLoader, Sampler
from transformers import PreTrainedModel, TrainingArguments, get_scheduler, set_seed

from course_utils.messages import CourseError, text

Batch = dict[str, torch.Tensor]
Loss = Callable[[PreTrainedModel, Batch], torch.Tensor]

FUSED = TrainingArguments.optim == "adamw_torch_fused"
"""Whether the Trainer's AdamW is the fused one: by default it is from PyTorch 2.8 on."""

UNDECAYED = re.compile(r"bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)")
"""Names, in small letters, of the weights that weight decay leaves alone, besides those of `LayerNorm`."""


class History(NamedTuple):
    """Loss, gradient norm before clipping and learning rate of each step; the loss of each evaluation."""

    losses: list[float]
    grad_norms: list[float]
    learning_rates: list[float]
    evaluations: list[float]


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
    norms = tuple(f"{name}." for name, part in model.named_modules() if isinstance(part, torch.nn.LayerNorm))
    groups: list[dict[str, Any]] = [{"params": [], "weight_decay": decay} for decay in (weight_decay, 0.0)]
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups[name.startswith(norms) or bool(UNDECAYED.search(name.lower()))]["params"].append(parameter)
    return groups


def models_loss(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """The loss that a model calculates itself, for a batch with the key "labels"."""
    return model(**batch).loss


def evaluate(
    model: PreTrainedModel,
    rows: Sequence[Any],
    collate: Callable[[list[Any]], Batch],
    batch_size: int = 8,
    loss_of: Loss = models_loss,
) -> float:
    """The mean loss over all rows in their order, a Trainer's `eval_loss`; leaves the model in evaluation mode."""
    model.eval()
    losses = []
    with torch.no_grad():
        for batch in DataLoader(rows, batch_size=batch_size, collate_fn=collate):
            losses.append(loss_of(model, batch).float().cpu().repeat(len(batch["labels"])))
    return float(torch.cat(losses).numpy().mean())


def train(
    model: PreTrainedModel,
    rows: Sequence[Any],
    collate: Callable[[list[Any]], Batch],
    *,
    epochs: int = 3,
    batch_size: int = 8,
    learning_rate: float = 5e-5,
    warmup: float = 0,
    weight_decay: float = 0.0,
    max_grad_norm: float = 1.0,
    seed: int = 42,
    accumulate: int = 1,
    share_by: Literal["batches", "rows"] = "batches",
    groups: list[dict[str, Any]] | None = None,
    loss_of: Loss = models_loss,
    precision: torch.dtype | None = None,
    evaluate_on: Sequence[Any] | None = None,
    evaluate_every: int | None = None,
    on_step: Callable[[int, int], object] = lambda done, total: None,
    stop_after: int | None = None,
    save_to: str | Path | None = None,
    resume_from: str | Path | None = None,
) -> History:
    """Train `model` in place, on the device it is on, and tell how each step went. A batch needs the key "labels".

    `warmup` is a number of steps, or below 1 a share of them; a `max_grad_norm` of 0 clips nothing. `accumulate`
    batches make one step, in which each batch counts the same, as for the Trainer, or each row (`share_by`). `groups`
    go to AdamW in place of `decay_groups`; `precision` is the dtype of autocast. `evaluate_on` are rows to evaluate on
    every so many steps and at the end, or after each epoch. `on_step(done, total)` follows each step. `save_to` is a
    folder for all that resuming takes, `resume_from` one that was saved, with `model` loaded from it. CourseError: the
    run to go on with had other settings, or labels for each token are to be accumulated, which the Trainer weighs by
    tokens.
    """
    set_seed(seed)
    order = EpochOrder(len(rows), seed)
    loader = DataLoader(rows, batch_size=batch_size, sampler=order, collate_fn=collate)
    per_epoch = math.ceil(len(loader) / accumulate)
    total, done, history = epochs * per_epoch, 0, History([], [], [], [])
    groups = decay_groups(model, weight_decay) if groups is None else groups
    optimizer = torch.optim.AdamW(groups, lr=learning_rate, weight_decay=0.0, fused=FUSED)
    warm = int(warmup) if warmup >= 1 else math.ceil(total * warmup)
    schedule = get_scheduler("linear", optimizer, num_warmup_steps=warm, num_training_steps=total)
    most = max_grad_norm if max_grad_norm > 0 else math.inf
    settings = {"rows": len(rows), "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    settings |= {"warmup": warmup, "weight_decay": weight_decay, "max_grad_norm": max_grad_norm, "seed": seed}
    settings |= {"accumulate": accumulate, "share_by": share_by, "evaluate_every": evaluate_every}
    settings |= {"evaluate_on": len(evaluate_on or ())}
    if resume_from is not None:
        saved = torch.load(Path(resume_from) / "training_state.pt", weights_only=True)
        others = [name for name, value in settings.items() if saved["settings"].get(name) != value]
        if others:
            raise CourseError(text("training.other_settings", names=", ".join(others)))
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        torch.set_rng_state(saved["random"])
        done = saved["done"]

    def loss_on(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        batch = {key: value.to(model.device) for key, value in batch.items()}
        with torch.autocast(model.device.type, dtype=precision, enabled=precision is not None):
            return loss_of(model, batch)

    while done < (stop := total if stop_after is None else min(stop_after, total)):
        order.epoch, seen = divmod(done, per_epoch)
        random = torch.get_rng_state()
        batches = iter(loader)  # draws a number from the global generator, once an epoch
        if seen:  # resumed within an epoch: that number and these batches belong to the time before
            list(islice(batches, seen * accumulate))
            torch.set_rng_state(random)
        while done < stop and (group := list(islice(batches, accumulate))):
            labels = [batch["labels"] for batch in group]
            if accumulate > 1 and labels[0].ndim > 1 and not labels[0].is_floating_point():
                raise CourseError(text("training.token_labels"))
            loss, in_group = torch.zeros((), device=model.device), sum(map(len, labels))
            model.train()
            for batch in group:
                share = loss_on(model, batch)
                share = share / len(group) if share_by == "batches" else share * (len(batch["labels"]) / in_group)
                share.backward()
                loss += share.detach()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), most)
            history.learning_rates.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            history.losses.append(loss.item())
            history.grad_norms.append(norm.item())
            done += 1
            if evaluate_on is not None and (done % (evaluate_every or per_epoch) == 0 or done == total):
                history.evaluations.append(evaluate(model, evaluate_on, collate, batch_size, loss_on))
            on_step(done, total)
    if save_to is not None:
        model.save_pretrained(save_to)
        parts = {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "settings": settings}
        torch.save({**parts, "done": done, "random": torch.get_rng_state()}, Path(save_to) / "training_state.pt")
    return history
