"""What is right and wrong in the exercises of lesson 12, scaling out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from course_checks.judging import Exercise, Found
from course_checks.values import alike
from course_utils.exercises import record
from course_utils.messages import text

if TYPE_CHECKING:
    from torch.nn import Module

Batches = list[list[int]]
Shares = list[dict[str, Any]]


@record("12/joint-loss")
def joint_loss() -> Exercise:
    """`answer(losses, rows)` gives the mean loss over all rows, from the mean loss and the rows of each process."""

    def summed(losses: list[float], rows: list[int]) -> float:
        return sum(loss * count for loss, count in zip(losses, rows, strict=True))

    return Exercise(
        right=lambda losses, rows: summed(losses, rows) / sum(rows),
        cases=[
            ([0.6, 0.4], [8, 8]),
            ([0.9, 0.3], [2, 6]),
            ([0.2, 0.8, 0.5], [5, 3, 2]),
            ([0.7], [4]),
            ([0.123456, 0.654321], [3, 4]),
        ],
        mistakes={
            "plain_mean": lambda losses, rows: sum(losses) / len(losses),
            "summed": lambda losses, rows: sum(losses),
            "not_divided": summed,
            "by_processes": lambda losses, rows: summed(losses, rows) / len(rows),
            "rows_lost": lambda losses, rows: sum(losses) / sum(rows),
        },
    )


@record("12/averaged-gradients")
def averaged_gradients() -> Exercise:
    """`answer(models, shares)` puts the gradient of the joint batch into every copy, and gives the joint loss."""

    def variant(
        clear: bool = True,
        weigh: bool = True,
        share: Callable[[list[Any], list[float]], Any] = lambda parts, parts_of: sum(
            part * weight for part, weight in zip(parts, parts_of, strict=True)
        ),
        into: slice = slice(None),
        weigh_loss: bool = True,
        at_once: bool = True,
    ) -> Callable[[list[Module], Shares], float]:
        """The three stages, wrong in one thing."""

        def wrong(models: list[Module], shares: Shares) -> float:
            rows = [len(batch["labels"]) for batch in shares]
            even = [1 / len(rows)] * len(rows)
            weights = [count / sum(rows) for count in rows] if weigh else even
            losses = []
            for model, batch in zip(models, shares, strict=True):
                if clear:
                    model.zero_grad()
                loss = model(**batch).loss
                loss.backward()
                losses.append(loss.item())
            for copies in zip(*(model.parameters() for model in models), strict=True):
                if copies[0].grad is None:
                    continue
                found = share([copy.grad for copy in copies], weights)
                for copy in copies[into]:
                    copy.grad = found.clone()
                    if not at_once:
                        found = share([copy.grad for copy in copies], weights)
            by = [count / sum(rows) for count in rows] if weigh_loss else even
            return sum(loss * weight for loss, weight in zip(losses, by, strict=True))

        return wrong

    def one_tensor_for_all(models: list[Module], shares: Shares) -> float:
        loss = variant()(models, shares)
        for copies in zip(*(model.parameters() for model in models), strict=True):
            for copy in copies:
                copy.grad = copies[0].grad
        return loss

    def zeros_for_none(models: list[Module], shares: Shares) -> float:
        loss = variant()(models, shares)
        for weight in (weight for model in models for weight in model.parameters()):
            if weight.grad is None:
                weight.grad = weight.detach() * 0
        return loss

    def stepped(models: list[Module], shares: Shares) -> float:
        loss = variant()(models, shares)
        for model in models:
            for weight in model.parameters():
                weight.data -= 0.1 * (weight.grad if weight.grad is not None else 0.0)
        return loss

    return Exercise(
        right=variant(),
        cases=[([4, 4], 0, False), ([2, 6], 1, False), ([1, 2, 5], 2, True), ([3], 3, False)],
        same=alike(1e-4),
        use=_used_on_copies,
        call=lambda sizes, *_: text(
            "exercise.12.averaged-gradients.words.call", processes=len(sizes), rows=" + ".join(map(str, sizes))
        ),
        mistakes={
            "means_of_shares": (variant(weigh=False), variant(weigh=False, weigh_loss=False)),
            "loss_of_shares": variant(weigh_loss=False),
            "not_averaged": variant(share=lambda parts, _: sum(parts)),
            "first_only": variant(into=slice(1)),
            "alone": variant(share=lambda parts, _: parts[0], into=slice(0)),
            "old_counted": variant(clear=False),
            "read_too_late": variant(at_once=False),
            "one_tensor": one_tensor_for_all,
            "zeros_for_none": zeros_for_none,
            "stepped": stepped,
        },
    )


def _used_on_copies(
    answer: Callable[[list[Module], Shares], Any], sizes: Sequence[int], seed: int, frozen: bool
) -> Any:
    """What an answer does to fresh copies of a small model that hold old gradients, one for each process."""
    import torch

    models, shares = copies_and_shares(sizes, seed, frozen)
    before = [weight.detach().clone() for weight in models[0].parameters()]
    loss = answer(models, shares)
    if loss is None:
        raise Found("no_loss")
    for model in models:
        if any(not torch.equal(now, was) for now, was in zip(model.parameters(), before, strict=True)):
            raise Found("stepped")
    gradients = [[weight.grad for weight in model.parameters()] for model in models]
    places = [gradient.data_ptr() for each in gradients for gradient in each if gradient is not None]
    if len(set(places)) < len(places):
        raise Found("one_tensor")
    return {"loss": loss, "gradients": gradients}


def copies_and_shares(sizes: Sequence[int], seed: int, frozen: bool = False) -> tuple[list[Module], Shares]:
    """Equal copies of a small model, each with old gradients, and for each a batch of so many rows.

    >>> models, shares = copies_and_shares([2, 6], seed=0)
    >>> len(models), [len(share["labels"]) for share in shares]
    (2, [2, 6])
    """
    from types import SimpleNamespace

    import torch

    class Reader(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Embedding(9, 3)
            self.head = torch.nn.Linear(3, 2)
            self.unused = torch.nn.Linear(3, 1)
            self.table.weight.requires_grad_(not frozen)

        def forward(self, input_ids: torch.Tensor, labels: torch.Tensor) -> SimpleNamespace:
            logits = self.head(self.table(input_ids).mean(dim=1))
            return SimpleNamespace(logits=logits, loss=torch.nn.functional.cross_entropy(logits, labels))

    state = torch.random.get_rng_state()
    models: list[Module] = []
    for _ in sizes:
        torch.manual_seed(seed)
        models.append(Reader())
    shares = [
        {
            "input_ids": torch.randint(0, 9, (rows, 4)),
            "labels": torch.arange(rows) % 2 if rows > 1 else torch.ones(1).long(),
        }
        for rows in sizes
    ]
    torch.random.set_rng_state(state)
    for model in models:
        for weight in model.parameters():
            weight.grad = torch.ones_like(weight) if weight.requires_grad else None
    return models, shares


@record("12/share-out")
def share_out() -> Exercise:
    """`answer(batches, processes, rank)` gives the batches that process number `rank` gets, each batch once."""
    batches = [[2 * number, 2 * number + 1] for number in range(7)]

    def repeated(whole: Batches, processes: int, rank: int) -> Batches:
        steps = math.ceil(len(whole) / processes)
        return [(whole * processes)[number] for number in range(rank, steps * processes, processes)]

    return Exercise(
        right=lambda whole, processes, rank: whole[rank::processes],
        cases=[
            (batches[: number or 7], processes, rank)
            for number, processes, rank in [(6, 2, 0), (6, 2, 1), (7, 3, 0), (7, 3, 2), (4, 1, 0), (2, 3, 2)]
        ]
        + [([[1], [1], [2]], 2, 1)],
        mistakes={
            "everything": lambda whole, processes, rank: whole,
            "in_blocks": (
                lambda whole, processes, rank: whole[
                    rank * math.ceil(len(whole) / processes) : (rank + 1) * math.ceil(len(whole) / processes)
                ],
                lambda whole, processes, rank: whole[
                    rank * (len(whole) // processes) : (rank + 1) * (len(whole) // processes)
                ],
                lambda whole, processes, rank: whole[
                    rank * len(whole) // processes : (rank + 1) * len(whole) // processes
                ],
            ),
            "single_rows": (
                lambda whole, processes, rank: [batch[rank::processes] for batch in whole],
                lambda whole, processes, rank: sum(whole[rank::processes], []),
            ),
            "from_one": (
                lambda whole, processes, rank: whole[(rank - 1) % processes :: processes],
                lambda whole, processes, rank: whole[rank + 1 :: processes],
            ),
            "repeated": repeated,
            "to_the_last": lambda whole, processes, rank: whole[rank:],
        },
    )


@record("12/gather")
def gather() -> Exercise:
    """`answer(parts, rows)` puts the predictions of all processes into the order of the data, each row once."""

    def stepwise(parts: list[Batches]) -> list[int]:
        return [one for step in zip(*parts, strict=True) for batch in step for one in batch]

    def after_each_other(parts: list[Batches]) -> list[int]:
        return [one for part in parts for batch in part for one in batch]

    def row_by_row(parts: list[Batches], rows: int) -> list[int]:
        flat = [[one for batch in part for one in batch] for part in parts]
        return [one for step in zip(*flat, strict=True) for one in step][:rows]

    return Exercise(
        right=lambda parts, rows: stepwise(parts)[:rows],
        cases=[
            (divided(8, 2, 2), 8),
            (divided(10, 2, 2), 10),
            (divided(7, 3, 2), 7),
            (divided(9, 2, 3, classes=2), 9),
            (divided(1, 2, 2), 1),
        ],
        mistakes={
            "not_cut": lambda parts, rows: stepwise(parts),
            "by_process": (
                lambda parts, rows: after_each_other(parts)[:rows],
                lambda parts, rows: after_each_other(parts),
            ),
            "cut_in_front": lambda parts, rows: stepwise(parts)[-rows:],
            "row_by_row": row_by_row,
            "one_process": lambda parts, rows: [one for batch in parts[0] for one in batch],
            "still_nested": (
                lambda parts, rows: [batch for step in zip(*parts, strict=True) for batch in step],
                lambda parts, rows: [batch for step in zip(*parts, strict=True) for batch in step][:rows],
            ),
            "by_value": (
                lambda parts, rows: list(dict.fromkeys(stepwise(parts))),
                lambda parts, rows: sorted(set(stepwise(parts))),
            ),
        },
    )


def divided(rows: int, processes: int, size: int, classes: int = 0) -> list[Batches]:
    """Predictions 10, 11, 12 ... of rows 0, 1, 2 ..., as the processes hold them; with `classes` 0, 1, 0, 1 ...

    >>> divided(3, 2, 1)
    [[[10], [12]], [[11], [10]]]
    """
    from course_lessons.lesson_12.epoch_plan import plan_epoch

    plan = plan_epoch(rows, processes, size)
    name = (lambda row: row * row % 3 % classes) if classes else (lambda row: 10 + row)
    return [[[name(row) for row in batch] for batch in share] for share in plan.batches]


@record("12/repair-rates")
def repair_rates() -> Exercise:
    """`answer(batches, processes, epochs)` gives the learning rate of each step, on a straight way to zero."""
    import torch

    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0).step()  # a first step loads much, outside the limit

    def line(steps: int, total: float, ahead: int = 1) -> list[float]:
        return [max(0.0, 1 - step * ahead / total) for step in range(steps)]

    def steps(batches: int, processes: int, epochs: int) -> int:
        return epochs * math.ceil(batches / processes)

    return Exercise(
        right=lambda batches, processes, epochs: line(
            steps(batches, processes, epochs), steps(batches, processes, epochs)
        ),
        cases=[(8, 2, 1), (6, 3, 2), (7, 2, 3), (5, 1, 2), (3, 4, 1)],
        mistakes={
            "planted": lambda batches, processes, epochs: line(
                steps(batches, processes, epochs), steps(batches, processes, epochs), processes
            ),
            "counted_before": lambda batches, processes, epochs: line(
                steps(batches, processes, epochs), epochs * batches, processes
            ),
            "too_slow": (
                lambda batches, processes, epochs: line(
                    steps(batches, processes, epochs), processes * steps(batches, processes, epochs)
                ),
                lambda batches, processes, epochs: line(steps(batches, processes, epochs), epochs * batches),
            ),
            "as_alone": lambda batches, processes, epochs: line(epochs * batches, epochs * batches),
        },
    )
