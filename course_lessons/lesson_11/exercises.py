"""What is right and wrong in the exercises of lesson 11, architectures and attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from course_checks.values import as_tensor, close, shown
from course_utils.exercises import RIGHT, Verdict, exercise, started

if TYPE_CHECKING:
    from torch import Tensor


@exercise("11/causal-mask")
def causal_mask(answer: Callable[[int], object]) -> Verdict:
    """`answer(n)` gives the mask of a decoder (n, n): 1 where row i may look at column j, 0 elsewhere.

    >>> import torch
    >>> causal_mask(lambda n: torch.tril(torch.ones(n, n))).passed
    True
    """
    import torch

    for n in (3, 1, 5):
        expected = torch.tril(torch.ones(n, n))
        given = started(answer(n))
        if close(given, expected):
            continue
        numbers = as_tensor(given)
        if numbers is None:
            cause = "not_numbers"
        elif numbers.shape != expected.shape:
            cause = "shape"
        elif close(given, expected.T):
            cause = "upper"
        elif close(given, torch.tril(torch.ones(n, n), diagonal=-1)):
            cause = "no_diagonal"
        elif close(given, torch.ones(n, n)):
            cause = "everything"
        else:
            cause = "other"
        return Verdict(False, f"causal_mask({n})", f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


@exercise("11/attention")
def attention(answer: Callable[[Tensor, Tensor, Tensor, Tensor], object]) -> Verdict:
    """`answer(query, key, value, mask)` gives scaled dot-product attention of one head, as torch's own.

    >>> import torch
    >>> def right(query, key, value, mask):
    ...     scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    ...     return scores.masked_fill(mask == 0, float("-inf")).softmax(-1) @ value
    >>> attention(right).passed
    True
    """
    import torch

    draw = torch.Generator().manual_seed(0)
    for queries, keys, causal in ((4, 4, False), (3, 5, False), (4, 4, True)):
        query = 2 * torch.randn(queries, 4, generator=draw)
        key = 2 * torch.randn(keys, 4, generator=draw)
        value = torch.randn(keys, 3, generator=draw)
        mask = torch.tril(torch.ones(queries, keys)) if causal else torch.ones(queries, keys)
        expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask.bool())
        given = started(answer(query.clone(), key.clone(), value.clone(), mask.clone()))
        if close(given, expected, 1e-4):
            continue
        raw = query @ key.T
        scaled = raw / query.shape[-1] ** 0.5
        hidden = scaled.masked_fill(mask == 0, float("-inf"))
        numbers = as_tensor(given)
        if numbers is None:
            cause = "not_numbers"
        elif close(given, hidden.softmax(-1), 1e-4):
            cause = "weights"
        elif numbers.shape != expected.shape:
            cause = "shape"
        elif close(given, raw.masked_fill(mask == 0, float("-inf")).softmax(-1) @ value, 1e-4):
            cause = "not_scaled"
        elif close(given, scaled.softmax(0) @ value, 1e-4):
            cause = "wrong_axis"
        elif causal and close(given, scaled.softmax(-1) @ value, 1e-4):
            cause = "mask_ignored"
        elif causal and close(given, (scaled.softmax(-1) * mask) @ value, 1e-4):
            cause = "masked_after"
        else:
            cause = "other"
        kind = "causal mask" if causal else "open mask"
        call = f"attention(query {queries} x 4, key {keys} x 4, value {keys} x 3, {kind})"
        return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


@exercise("11/nucleus")
def nucleus(answer: Callable[[Tensor, float], object]) -> Verdict:
    """`answer(logits, p)` leaves the smallest set of tokens whose probabilities reach p; the rest is minus infinity.

    >>> from transformers import TopPLogitsWarper
    >>> nucleus(lambda logits, p: TopPLogitsWarper(p)(None, logits[None])[0]).passed
    True
    """
    import torch

    cases = (
        ([2.0, 1.0, 0.0, -1.0], 0.8),
        ([0.0, 3.0, 1.0, 2.0, -2.0], 0.9),
        ([0.1, 5.0, 0.2], 0.5),
    )
    for row, p in cases:
        logits = torch.tensor(row)
        probabilities, order = torch.softmax(logits, dim=-1).sort(descending=True)
        stays = order[probabilities.cumsum(-1) - probabilities < p]
        expected = torch.full_like(logits, float("-inf"))
        expected[stays] = logits[stays]
        given = started(answer(logits.clone(), p))
        numbers = as_tensor(given)
        if numbers is not None and numbers.shape == expected.shape and torch.equal(numbers.float(), expected):
            continue
        if numbers is None:
            cause = "not_numbers"
        elif numbers.shape != expected.shape:
            cause = "shape"
        else:
            left = torch.isfinite(numbers)
            fewer = torch.zeros_like(left)
            fewer[stays[:-1]] = True
            if bool(((numbers >= 0) & (numbers <= 1)).all()):
                cause = "probabilities"
            elif bool(left.all()):
                cause = "nothing_removed"
            elif torch.equal(left, fewer):
                cause = "one_too_few"
            elif int(left.sum()) == len(stays):
                cause = "wrong_positions"
            else:
                cause = "other"
        return Verdict(False, f"nucleus({row}, p={p})", f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT
