"""Reading and showing what a learner's code gave back, whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from course_utils.messages import brief

if TYPE_CHECKING:
    from torch import Tensor


def as_tensor(value: object) -> Tensor | None:
    """The value as a float tensor, or None if it is not made of numbers.

    >>> as_tensor([[1, 2], [3, 4]]).shape
    torch.Size([2, 2])
    >>> as_tensor("seven") is None
    True
    """
    import torch

    try:
        return torch.as_tensor(value).detach().to(dtype=torch.float64, device="cpu")
    except (TypeError, ValueError, RuntimeError, OverflowError):
        pass
    if isinstance(value, list | tuple):  # such as a list of one-element tensors
        parts = [as_tensor(v) for v in value]
        if parts and all(p is not None and p.shape == parts[0].shape for p in parts):
            return torch.stack(parts)
    return None


def close(value: object, expected: Tensor, tolerance: float = 1e-5) -> bool:
    """Whether a value has the shape and, within a tolerance, the numbers expected; NaN is never close.

    >>> import torch
    >>> close([0.5, 0.5], torch.tensor([0.5, 0.5])), close([0.5], torch.tensor([0.5, 0.5]))
    (True, False)
    """
    import torch

    given = as_tensor(value)
    if given is None or given.shape != expected.shape:
        return False
    return bool(torch.allclose(given, expected.double(), atol=tolerance, rtol=tolerance))


def shown(value: object) -> str:
    """A value as short text: numbers rounded to three digits, tensors as lists.

    >>> import torch
    >>> shown(torch.tensor([0.12345, 1.0]))
    '[0.123, 1.0]'
    >>> shown("a" * 200)[-1]
    '…'
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    return brief(_rounded(value), 120)


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, list | tuple):
        return type(value)(_rounded(v) for v in value) if type(value) in (list, tuple) else value
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return value
