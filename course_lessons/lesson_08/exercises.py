"""What is right and wrong in the exercises of lesson 08, the manual loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING

from course_checks.values import as_tensor, close, shown
from course_utils.exercises import RIGHT, Verdict, exercise, started
from course_utils.messages import text

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    Batches = list[dict[str, Tensor]]


@exercise("08/learning-rate")
def learning_rate(answer: Callable[[int, int, float], object]) -> Verdict:
    """`answer(step, steps, start)` is the rate that a linear schedule uses in step 1, 2, ... `steps`.

    >>> learning_rate(lambda step, steps, start: start * (steps - step + 1) / steps).passed
    True
    """
    import torch

    for step, steps, start in ((1, 6, 6e-5), (6, 6, 6e-5), (2, 4, 1.0), (3, 24, 5e-5)):
        expected = start * (steps - step + 1) / steps
        given = started(answer(step, steps, start))
        number = as_tensor(given)
        if number is not None and number.numel() == 1 and _near(number.item(), expected):
            continue
        if number is None or number.numel() != 1:
            cause = "not_a_number"
        else:
            slips = {
                "constant": start,
                "one_ahead": start * (steps - step) / steps,
                "rising": start * step / steps,
                "one_behind": start * (steps - step + 2) / steps,
            }
            told = torch.tensor([float(answer(s, 4, 1.0)) for s in (1, 2, 3, 4)])
            whole = {
                "constant": [1.0, 1.0, 1.0, 1.0],
                "one_ahead": [0.75, 0.5, 0.25, 0.0],
                "rising": [0.25, 0.5, 0.75, 1.0],
                "one_behind": [1.25, 1.0, 0.75, 0.5],
            }
            matching = [n for n in slips if _near(number.item(), slips[n]) and close(told, torch.tensor(whole[n]))]
            cause = matching[0] if matching else "other"
        call = f"learning_rate({step}, {steps}, {start:g})"
        return Verdict(False, call, f"`{_rate(given)}`", f"`{expected:.3g}`", cause)
    return RIGHT


def _near(number: float, expected: float) -> bool:
    return abs(number - expected) <= 1e-6 * max(abs(expected), 1e-6)


def _rate(given: object) -> str:
    number = as_tensor(given)
    return f"{number.item():.3g}" if number is not None and number.numel() == 1 else shown(given)


@exercise("08/clip")
def clip(answer: Callable[[list[Tensor], float], object]) -> Verdict:
    """`answer(gradients, most)` shortens a list of tensors by one factor, so that their common norm is at most `most`.

    >>> def right(gradients, most):
    ...     norm = sum(g.pow(2).sum() for g in gradients).sqrt()
    ...     return [g * min(1.0, float(most / norm)) for g in gradients]
    >>> clip(right).passed
    True
    """
    import torch

    cases = (
        ([torch.tensor([2.0, 3.0]), torch.tensor([6.0])], 3.5),
        ([torch.tensor([0.3, 0.0]), torch.tensor([0.4])], 1.0),
        ([torch.tensor([1.0, -2.0, 2.0]), torch.tensor([[6.0], [-2.0]])], 3.5),
    )
    for gradients, most in cases:
        norm = float(sum(g.pow(2).sum() for g in gradients)) ** 0.5
        expected = [g * min(1.0, most / norm) for g in gradients]
        given = started(answer([g.clone() for g in gradients], most))
        if _same(given, expected):
            continue
        slips = {
            "always_scaled": [g * most / norm for g in gradients],
            "unchanged": gradients,
            "each_alone": [g * min(1.0, most / float(g.norm())) for g in gradients],
            "single_numbers": [g.clamp(-most, most) for g in gradients],
            "squared": [g * min(1.0, most / norm**2) for g in gradients],
        }
        cause = "other"
        if not isinstance(given, list | tuple) or len(given) != len(gradients):
            cause = "not_tensors"
        elif any(as_tensor(g) is None or as_tensor(g).shape != e.shape for g, e in zip(given, expected, strict=True)):
            cause = "not_tensors"
        else:
            cause = next((name for name, slip in slips.items() if _same(given, slip)), "other")
        call = f"clip({shown([g.tolist() for g in gradients])}, {most})"
        wanted = shown([g.tolist() for g in expected])
        return Verdict(False, call, f"`{_numbers(given)}`", f"`{wanted}`", cause)
    return RIGHT


def _same(given: object, expected: Sequence[Tensor]) -> bool:
    """Whether a list of tensors is the expected one, within float32 rounding."""
    if not isinstance(given, list | tuple) or len(given) != len(expected):
        return False
    return all(close(g, e, 1e-4) for g, e in zip(given, expected, strict=True))


def _numbers(given: object) -> str:
    if isinstance(given, list | tuple):
        return shown([part.tolist() if hasattr(part, "tolist") else part for part in given])
    return shown(given)


@exercise("08/accumulate")
def accumulate(answer: Callable[[Module, Batches], object]) -> Verdict:
    """`answer(model, batches)` leaves in the model the gradients of all rows as one batch, and returns their loss.

    >>> def right(model, batches):
    ...     rows, loss = sum(len(b["labels"]) for b in batches), 0.0
    ...     for batch in batches:
    ...         share = model(**batch).loss * (len(batch["labels"]) / rows)
    ...         share.backward()
    ...         loss += share.item()
    ...     return loss
    >>> accumulate(right).passed
    True
    """
    import torch

    torch_state = torch.get_rng_state()
    generator = torch.Generator().manual_seed(8)
    for sizes in ((2, 2), (4, 2, 1)):
        batches = [
            {
                "inputs": torch.randn(size, 3, generator=generator) * (number + 1),
                "labels": torch.randint(0, 2, (size,), generator=generator),
            }
            for number, size in enumerate(sizes)
        ]
        whole = {key: torch.cat([batch[key] for batch in batches]) for key in ("inputs", "labels")}
        expected, loss = _gradient([whole], [1.0])
        model = _classifier()
        before = model.layer.weight.detach().clone()
        given = answer(model, [dict(batch) for batch in batches])
        torch.set_rng_state(torch_state)
        found = model.layer.weight.grad
        call = text("exercise.08.accumulate.words.call", sizes=", ".join(map(str, sizes)))
        if given is None or given is Ellipsis:
            if found is None:
                started(given)
        number = as_tensor(given)
        right_loss = number is not None and number.numel() == 1 and abs(number.item() - loss) < 1e-4
        if found is not None and close(found, expected) and torch.equal(model.layer.weight, before):
            if right_loss:
                continue
            return Verdict(False, call, f"`{shown(given)}`", f"`{loss:.3f}`", "loss_only")
        if not torch.equal(model.layer.weight, before):
            cause = "weights_moved"
        elif found is None:
            cause = "no_gradient"
        else:
            slips = {
                "last_only": [
                    [0.0] * (len(sizes) - 1) + [share] for share in (1.0, 1 / len(sizes), sizes[-1] / sum(sizes))
                ],
                "summed": [[1.0] * len(sizes)],
                "equal_shares": [[1 / len(sizes)] * len(sizes)],
            }
            matching = [n for n, tried in slips.items() if any(close(found, _gradient(batches, s)[0]) for s in tried)]
            cause = matching[0] if matching else "other"
        moved = cause == "weights_moved"
        gave = (
            text(f"exercise.08.accumulate.words.{'moved' if moved else 'none'}")
            if found is None or moved
            else _norm(found)
        )
        wanted = text("exercise.08.accumulate.words.kept") if moved else _norm(expected)
        return Verdict(False, call, gave, wanted, cause)
    return RIGHT


def _norm(gradient: Tensor) -> str:
    """The length of a gradient, in words."""
    return text("exercise.08.accumulate.words.norm", norm=f"{float(gradient.norm()):.3f}")


def _classifier() -> Module:
    """A linear classifier that is called as a model of transformers is: same weights every time."""
    import torch

    class Classifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(3, 2, bias=False)
            with torch.no_grad():
                self.layer.weight.copy_(torch.tensor([[0.5, -0.2, 0.1], [-0.3, 0.4, 0.2]]))

        def forward(self, inputs: Tensor, labels: Tensor) -> SimpleNamespace:
            logits = self.layer(inputs)
            return SimpleNamespace(loss=torch.nn.functional.cross_entropy(logits, labels), logits=logits)

    return Classifier()


def _gradient(batches: Batches, shares: Sequence[float]) -> tuple[Tensor, float]:
    """Gradient and loss of the batches, each weighted by its share."""
    model, loss = _classifier(), 0.0
    for batch, share in zip(batches, shares, strict=True):
        part = model(**batch).loss * share
        part.backward()
        loss += part.item()
    return model.layer.weight.grad, loss
