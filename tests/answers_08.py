"""Answers to the exercises of lesson 08: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from transformers import Trainer, TrainingArguments, get_scheduler, set_seed

from course_utils.training import FUSED, EpochOrder, train
from course_utils.training import evaluate as evaluated


def clipped(gradients: list[torch.Tensor], most: float) -> list[torch.Tensor]:
    """Shortened by one factor, with torch's own norm of norms."""
    norm = torch.linalg.vector_norm(torch.cat([g.flatten() for g in gradients]))
    return [g * (most / norm) for g in gradients] if norm > most else gradients


def clipped_in_place(gradients: list[torch.Tensor], most: float) -> list[torch.Tensor]:
    """A right result, in the tensors that were given."""
    for gradient, short in zip(gradients, clipped(gradients, most), strict=True):
        gradient.copy_(short)
    return gradients


def clipped_by_torch(gradients: list[torch.Tensor], most: float) -> list[torch.Tensor]:
    """With the function that the exercise is about."""
    held = [torch.nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(held, gradients, strict=True):
        parameter.grad = gradient.clone()
    torch.nn.utils.clip_grad_norm_(held, most)
    return [parameter.grad for parameter in held]


def collecting(
    share: Callable[[list[Any], Any], float] = lambda batches, batch: (
        len(batch["labels"]) / sum(len(b["labels"]) for b in batches)
    ),
    give: Callable[[list[float]], object] = sum,
) -> Callable[[Any, list[Any]], object]:
    """A loop over batches that weighs each by `share`."""

    def accumulate(model: Any, batches: list[Any]) -> object:
        losses = []
        for batch in batches:
            loss = model(**batch).loss * share(batches, batch)
            loss.backward()
            losses.append(loss.item())
        return give(losses)

    return accumulate


def by_autograd(model: Any, batches: list[Any]) -> float:
    """Gradients asked for, not left lying, and added by hand."""
    rows = sum(len(batch["labels"]) for batch in batches)
    weights, total = list(model.parameters()), 0.0
    for batch in batches:
        part = len(batch["labels"]) / rows
        loss = model(**batch).loss
        for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.grad = part * gradient if weight.grad is None else weight.grad + part * gradient
        with torch.no_grad():
            total += part * model(**batch).loss.item()
    return total


def joined(model: Any, batches: list[Any]) -> float:
    """The large batch itself."""
    loss = model(**{name: torch.cat([batch[name] for batch in batches]) for name in batches[0]}).loss
    loss.backward()
    return loss.item()


def equal_at_once(model: Any, batches: list[Any]) -> float:
    """Equal shares, one way back."""
    loss = sum(model(**batch).loss for batch in batches) / len(batches)
    loss.backward()
    return loss.item()


def at_once(model: Any, batches: list[Any]) -> torch.Tensor:
    """One sum of all shares, one way back."""
    rows = torch.tensor([len(batch["labels"]) for batch in batches])
    loss = (torch.stack([model(**batch).loss for batch in batches]) * rows / rows.sum()).sum()
    loss.backward()
    return loss.detach()


def divided_afterwards(model: Any, batches: list[Any]) -> float:
    """Sums over rows first, gradients divided at the end."""
    rows = sum(batch["labels"].numel() for batch in batches)
    total = 0.0
    for batch in batches:
        loss = torch.nn.functional.cross_entropy(model(**batch).logits, batch["labels"], reduction="sum")
        loss.backward()
        total += loss.item() / rows
    for parameter in model.parameters():
        parameter.grad /= rows
    return total


def evaluate_on_a_copy(model: Any, batches: list[Any]) -> float:
    """The model itself is never touched, but its copy has to tell what it met."""
    twin = copy.deepcopy(model).eval()
    with torch.inference_mode():
        losses = [twin(**batch).loss.item() for batch in batches for _ in batch["labels"]]
    return float(np.mean(losses))


@torch.no_grad()
def evaluate_by_rows(model: Any, batches: list[Any]) -> torch.Tensor:
    """Loss row by row, mode put back by hand."""
    was_training = model.training
    model.train(False)
    losses = [
        torch.nn.functional.cross_entropy(model(**batch).logits, batch["labels"], reduction="none") for batch in batches
    ]
    if was_training:
        model.train()
    return torch.cat(losses).mean()


def evaluate_with_dropout_zero(model: Any, batches: list[Any]) -> np.float32:
    """The mode left as it is, dropout switched off another way."""
    share, model.dropout.p = model.dropout.p, 0.0
    with torch.set_grad_enabled(False):
        losses = [model(**batch).loss.repeat(len(batch["labels"])) for batch in batches]
    model.dropout.p = share
    return torch.cat(losses).numpy().mean()


def no_rows_counted(model: Any, batches: list[Any]) -> float:
    """Divides by the number of batches what was weighed by rows."""
    before = model.training
    model.eval()
    with torch.no_grad():
        total = sum(model(**batch).loss.item() * len(batch["labels"]) for batch in batches)
    model.train(before)
    return total / len(batches)


def switched_off(model: Any, batches: list[Any]) -> float:
    """Every weight is asked for no gradient, and stays so."""
    model.requires_grad_(False)
    before = model.training
    model.eval()
    losses = [model(**batch).loss.item() for batch in batches for _ in batch["labels"]]
    model.train(before)
    return max(losses)


def loop_with_samplers(model: Any, rows: Any, judged: Any, collate: Any) -> tuple[list[float], list[float]]:
    """The epochs' order by a sampler; all that is done only once in the middle."""
    set_seed(42)
    order, losses, found = EpochOrder(len(rows), 42), [], []
    loader = DataLoader(rows, batch_size=8, sampler=order, collate_fn=collate)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.0, fused=FUSED)
    for order.epoch in range(2):
        for batch in loader:
            model.train()
            optimizer.zero_grad()
            loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for group in optimizer.param_groups:
                group["lr"] = 5e-5 * ((6 - len(losses)) / 6)
            optimizer.step()
            losses.append(loss.item())
        found.append(evaluated(model, judged, collate))
    return losses, found


def loop_with_tensors(model: Any, rows: Any, judged: Any, collate: Any) -> list[torch.Tensor]:
    """Tensors in place of numbers; accumulated as if in groups of one."""
    losses, found = loop_with_samplers(model, rows, judged, collate)
    return [torch.tensor(losses, dtype=torch.float64), torch.tensor(found)]


def loop_by_accelerate(model: Any, rows: Any, judged: Any, collate: Any) -> tuple[Any, ...]:
    """Accelerate's sampler, and its clipping."""
    from accelerate.data_loader import SeedableRandomSampler

    set_seed(42)
    sampler = SeedableRandomSampler(rows, data_seed=42)
    loader = DataLoader(rows, batch_size=8, collate_fn=collate, sampler=sampler)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.0, fused=FUSED)
    schedule = get_scheduler("linear", optimizer, 0, 6)
    losses, found = (), ()
    for epoch in range(2):
        sampler.set_epoch(epoch)
        model.train()
        for batch in loader:
            loss = model(**batch)["loss"]
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
            optimizer.step()
            schedule.step()
            model.zero_grad()
            losses = (*losses, loss.detach())
        found = (*found, np.float32(evaluated(model, judged, collate)))
    return losses, found


def loop_of_three_epochs(model: Any, rows: Any, judged: Any, collate: Any) -> tuple[list[float], list[float]]:
    """An epoch too many."""
    history = train(model, rows, collate, epochs=3, evaluate_on=judged)
    return history.losses, history.evaluations


def documents_loop(model: Any, rows: Any, judged: Any, collate: Any) -> tuple[list[float], list[float]]:
    """As plain as the document's, with an evaluation."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
    losses, found = [], []
    for _ in range(2):
        for batch in DataLoader(rows, batch_size=8, shuffle=True, collate_fn=collate):
            loss = model(**batch).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        found.append(evaluated(model, judged, collate))
    return losses, found


def batch_means(model: Any, rows: Any, judged: Any, collate: Any) -> tuple[list[float], list[float]]:
    """Right but for its evaluations, which are means of means."""
    losses, _ = loop_with_samplers(model, rows, judged, collate)
    model.eval()
    with torch.no_grad():
        parts = [model(**batch).loss.item() for batch in DataLoader(judged, batch_size=8, collate_fn=collate)]
    return losses, [sum(parts) / 2] * 2


def losses_only(model: Any, rows: Any, judged: Any, collate: Any) -> list[float]:
    """One list in place of two."""
    return loop_with_samplers(model, rows, judged, collate)[0]


def by_the_trainer(model: Any, rows: Any, judged: Any, collate: Any) -> object:
    """No loop at all."""
    arguments = TrainingArguments("unused", use_cpu=True, report_to="none")
    return Trainer(model, arguments, train_dataset=rows, eval_dataset=judged, data_collator=collate).train()


def an_epoch(clip: bool = True, rate: float = 1.0, clear_first: bool = False) -> Callable[..., list[float]]:
    """One pass over the batches."""

    def one_epoch(model: Any, batches: Any, step: float) -> list[float]:
        optimizer = torch.optim.SGD(model.parameters(), lr=step * rate)
        losses = []
        model.train()
        for batch in batches:
            if clear_first:
                model.zero_grad(set_to_none=False)
            loss = model(**batch).loss
            loss.backward()
            if clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            if not clear_first:
                optimizer.zero_grad()
            losses.append(loss.item())
        return losses

    return one_epoch


def epoch_by_hand(model: Any, batches: Any, rate: float) -> np.ndarray:
    """Steps without an optimizer."""
    model.train()
    losses = []
    for batch in batches:
        loss = model(**batch).loss
        (gradient,) = torch.autograd.grad(loss, [model.layer.weight])
        with torch.no_grad():
            model.layer.weight -= rate * gradient * min(1.0, 1.0 / (float(gradient.norm()) + 1e-6))
        losses.append(loss.item())
    return np.array(losses)


def epoch_with_adam(model: Any, batches: Any, rate: float) -> list[float]:
    """Another optimizer."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    model.train()
    losses = []
    for batch in batches:
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def first_loss_only(model: Any, batches: Any, rate: float) -> float:
    """Returns inside the loop."""
    return an_epoch()(model, batches[:1], rate)[0]


RIGHT: dict[str, list[Any]] = {
    "08/clip": [
        clipped,
        lambda gradients, most: tuple(each.numpy() for each in clipped(gradients, most)),
        lambda gradients, most: (each.tolist() for each in clipped(gradients, most)),
        lambda gradients, most: [
            each / max(1.0, float(torch.stack([g.norm() for g in gradients]).norm()) / most) for each in gradients
        ],
    ],
    "08/accumulate": [collecting(), by_autograd, divided_afterwards],
    "08/evaluate": [evaluate_by_rows, evaluate_on_a_copy, evaluate_with_dropout_zero],
    "08/loop": [loop_with_samplers, loop_with_tensors, loop_by_accelerate],
    "08/one-epoch": [an_epoch(), an_epoch(clear_first=True), epoch_by_hand],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "08/clip": [
        ("forbidden", clipped_by_torch),
        ("changed", clipped_in_place),
        ("kind", lambda gradients, most: "short"),
        ("", lambda gradients, most: [clipped(gradients, most)[0]]),
        ("", lambda gradients, most: [each * 0.5 for each in gradients]),
        ("raised", lambda gradients, most: [each * min(1.0, most / 0) for each in gradients]),
        ("", lambda gradients, most: torch.cat([each.flatten() for each in clipped(gradients, most)])),
        ("each_alone", lambda gradients, most: [clipped([each], most)[0] for each in gradients]),
    ],
    "08/accumulate": [
        ("equal_shares", collecting(lambda batches, batch: 1 / len(batches))),
        ("summed", collecting(lambda batches, batch: 1.0)),
        ("together", at_once),
        ("together", joined),
        ("equal_shares", equal_at_once),
        ("", collecting(lambda batches, batch: 0.3)),
        ("", collecting(give=lambda losses: losses[-1])),
        ("", lambda model, batches: 0.5),
        ("raised", lambda model, batches: model(batches).loss),
    ],
    "08/evaluate": [
        ("returned_none_printed", lambda model, batches: print("loss", len(batches))),
        ("", lambda model, batches: 0.7),
        ("", no_rows_counted),
        ("off_for_good", switched_off),
        ("raised", lambda model, batches: model(batches[0])),
        ("left_in_evaluation", lambda model, batches: evaluate_by_rows(model.eval(), batches)),
    ],
    "08/loop": [
        ("", documents_loop),
        ("", batch_means),
        ("", loop_of_three_epochs),
        ("kind", losses_only),
        ("by_the_trainer", by_the_trainer),
        ("kind", lambda model, rows, judged, collate: "done"),
        ("raised", lambda model, rows, judged, collate: train(model, rows)),
    ],
    "08/one-epoch": [
        ("planted", an_epoch(clip=False)),
        ("", an_epoch(rate=0.5)),
        ("", epoch_with_adam),
        ("", first_loss_only),
        ("raised", lambda model, batches, rate: model(batches)),
        ("returned_none", lambda model, batches, rate: an_epoch()(model, batches, rate).clear()),
    ],
}
MEAN = "a mean over rows is the same however they are dealt into batches"
EQUIVALENT: dict[str, dict[str, str]] = {
    "08/clip": {
        "factor = min((most / norm).item(), 1.0)": "the smaller of two numbers, whichever is named first",
        "factor = min(1.0, most / norm)": "a tensor of one number multiplies as the number does",
    },
    "08/loop": {
        f"evaluations.append(evaluate(model, DataLoader(judged, {size}collate_fn=collate)))": MEAN
        for size in ("", "batch_size=9, ", "batch_size=7, ")
    },
    "08/evaluate": {
        "total, rows = (0, 0.0)": "a sum that begins at 0 or at 0.0 is the same number",
    },
}
