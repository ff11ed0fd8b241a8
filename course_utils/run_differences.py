"""How far two training runs are apart: loss, gradient norm and weights, compared number by number."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from course_utils.messages import CourseError, text

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import Trainer

SMALLEST_NAMED = 1e-5
"""Differences below this are called so, without a digit: how large they are depends on the processor."""


@dataclass
class RecordedRun:
    """One training run: the model it left behind, loss and gradient norm of each step, and the loss of each evaluation.

    >>> import torch
    >>> run = RecordedRun(torch.nn.Linear(1, 1))
    >>> run.note(torch.tensor(0.5), torch.tensor(2.0))
    >>> run.losses, run.grad_norms
    ([0.5], [2.0])
    """

    model: Module
    losses: list[float] = field(default_factory=list)
    grad_norms: list[float] = field(default_factory=list)
    evaluations: list[float] = field(default_factory=list)

    def note(self, loss: Tensor, grad_norm: Tensor) -> None:
        """Keep the loss and the gradient norm of one step."""
        self.losses.append(loss.item())
        self.grad_norms.append(grad_norm.item())

    @classmethod
    def of_trainer(cls, trainer: Trainer) -> RecordedRun:
        """What a Trainer with `logging_steps=1` wrote down, once it has trained.

        Raises CourseError if it logged nothing step by step.
        """
        logged = [entry for entry in trainer.state.log_history if "loss" in entry and "grad_norm" in entry]
        if len(logged) != trainer.state.global_step or not logged:
            raise CourseError(text("run_differences.not_logged", logged=len(logged), steps=trainer.state.global_step))
        judged = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry]
        return cls(trainer.model, [e["loss"] for e in logged], [float(e["grad_norm"]) for e in logged], judged)


@dataclass(frozen=True)
class RunDifference:
    """The largest absolute differences between two runs: over all steps, and over all weights at the end."""

    loss: float
    grad_norm: float
    weights: float

    @property
    def exact(self) -> bool:
        """Whether nothing differs, to the last bit."""
        return self.loss == self.grad_norm == self.weights == 0


def largest_difference(run: RecordedRun, reference: RecordedRun) -> RunDifference:
    """The largest differences between a run and a reference.

    Raises CourseError if they have different numbers of steps or weights of different shapes.

    >>> import torch
    >>> layer = torch.nn.Linear(1, 1)
    >>> largest_difference(RecordedRun(layer, [0.5, 0.25], [1.0, 1.0]), RecordedRun(layer, [0.5, 0.5], [1.0, 3.0]))
    RunDifference(loss=0.25, grad_norm=2.0, weights=0.0)
    """
    if len(run.losses) != len(reference.losses):
        raise CourseError(text("run_differences.unequal_steps", steps=len(run.losses), expected=len(reference.losses)))
    weights, expected = run.model.state_dict(), reference.model.state_dict()
    if {n: w.shape for n, w in weights.items()} != {n: w.shape for n, w in expected.items()}:
        raise CourseError(text("run_differences.unequal_models"))
    return RunDifference(
        max(loss_differences(run, reference), default=0.0),
        max((_apart(a, b) for a, b in zip(run.grad_norms, reference.grad_norms, strict=True)), default=0.0),
        max((_worst(w.cpu(), expected[n].cpu()) for n, w in weights.items()), default=0.0),
    )


def loss_differences(run: RecordedRun, reference: RecordedRun) -> list[float]:
    """The difference in loss at each step, as a positive number.

    >>> loss_differences(RecordedRun(None, [0.5, 0.25]), RecordedRun(None, [0.5, 0.5]))
    [0.0, 0.25]
    """
    return [_apart(a, b) for a, b in zip(run.losses, reference.losses, strict=True)]


def magnitude(difference: float) -> str:
    """The order of magnitude of a difference; an exact zero is written 0, and only an exact zero is.

    >>> magnitude(0.0), magnitude(0.0347), magnitude(1e-7), magnitude(2.6)
    ('0', '1e-02', 'below 1e-05', '1e+00')
    """
    if difference == 0:
        return "0"
    if not math.isfinite(difference):
        return str(difference)
    if difference < SMALLEST_NAMED:
        return text("run_differences.below", smallest=f"{SMALLEST_NAMED:.0e}")
    return f"1e{math.floor(math.log10(difference)):+03d}"


def _apart(a: float, b: float) -> float:
    """The distance of two numbers; a number that is none is infinitely far from everything."""
    return math.inf if math.isnan(a) or math.isnan(b) else abs(a - b)


def _worst(a: Tensor, b: Tensor) -> float:
    """The largest distance between two tensors of one shape."""
    return float((a.double() - b.double()).abs().nan_to_num(nan=math.inf).max()) if a.numel() else 0.0
