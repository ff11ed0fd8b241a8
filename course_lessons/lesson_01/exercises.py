"""What is right and wrong in the exercises of lesson 01, behind the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from course_utils.exercises import RIGHT, Verdict, exercise, started
from course_utils.values import as_tensor, close, shown

if TYPE_CHECKING:
    from torch import Tensor

SENTENCES = (
    "I've been waiting for a HuggingFace course my whole life.",
    "I hate this so much!",
    "What a lovely, quiet film.",
)
SCORE_TOLERANCE = 1e-4


@exercise("01/padding-per-row")
def padding_per_row(answer: Callable[[Tensor], object]) -> Verdict:
    """`answer(mask)` gives the number of padding positions of each row of an attention mask (rows, tokens).

    >>> padding_per_row(lambda mask: (mask == 0).sum(dim=1)).passed
    True
    """
    import torch

    masks = (
        torch.tensor([[1] * 16, [1] * 8 + [0] * 8]),
        torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]]),
        torch.tensor([[1, 1, 1]]),
    )
    for mask in masks:
        expected = (mask == 0).sum(dim=1)
        given = started(answer(mask.clone()))
        if close(given, expected):
            continue
        call = (
            f"padding_per_row({shown(mask)})"
            if mask.numel() < 16
            else f"padding_per_row(mask of shape {tuple(mask.shape)})"
        )
        if close(given, mask.sum(dim=1)):
            cause = "counted_tokens"
        elif close(given, (mask == 0).sum()):
            cause = "one_total"
        elif close(given, (mask == 0).sum(dim=0)):
            cause = "per_column"
        elif as_tensor(given) is None:
            cause = "not_numbers"
        else:
            cause = "other"
        return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


@exercise("01/softmax")
def softmax(answer: Callable[[Tensor], object]) -> Verdict:
    """`answer(scores)` gives softmax along the last axis, also for large scores.

    >>> import torch
    >>> softmax(lambda scores: torch.softmax(scores, dim=-1)).passed
    True
    """
    import torch

    cases = (
        torch.tensor([1.0, 2.0, 3.0]),
        torch.tensor([[-1.5607, 1.6123], [4.1692, -3.3464]]),
        torch.tensor([[0.0, 0.0, 0.0], [5.0, -5.0, 0.0]]),
        torch.tensor([1000.0, 1001.0]),
    )
    for scores in cases:
        expected = torch.softmax(scores, dim=-1)
        given = started(answer(scores.clone()))
        if close(given, expected):
            continue
        numbers = as_tensor(given)
        rows = scores.double()
        if numbers is None:
            cause = "not_numbers"
        elif numbers.shape != scores.shape:
            cause = "shape"
        elif not bool(torch.isfinite(numbers).all()):
            cause = "overflow"
        elif close(given, rows.exp()):
            cause = "not_divided"
        elif close(given, rows.exp() / rows.exp().sum()):
            cause = "whole_table"
        elif scores.ndim == 2 and close(given, torch.softmax(rows, dim=0)):
            cause = "columns"
        elif close(given, rows / rows.sum(dim=-1, keepdim=True)):
            cause = "no_exp"
        elif close(given, torch.log_softmax(rows, dim=-1)):
            cause = "logarithm"
        else:
            cause = "other"
        return Verdict(False, f"softmax({shown(scores)})", f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


@exercise("01/classify")
def classify(answer: Callable[[list[str]], object], pipeline: Callable[[list[str]], list[dict[str, Any]]]) -> Verdict:
    """`answer(sentences)` gives the same labels and scores as the pipeline, for any number of sentences.

    >>> fake = lambda sentences: [{"label": "POSITIVE", "score": 0.9} for _ in sentences]
    >>> classify(fake, fake).passed
    True
    """
    for sentences in (list(SENTENCES[1:2]), list(SENTENCES[:2]), list(SENTENCES)):
        expected = pipeline(sentences)
        given = started(answer(list(sentences)))
        cause = _difference(given, expected)
        if cause:
            call = f"classify({shown(sentences)})"
            return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


def _difference(given: object, expected: list[dict[str, Any]]) -> str | None:
    """The first thing in which an answer differs from the pipeline's, or None."""
    if not isinstance(given, list | tuple) or not all(isinstance(row, dict) for row in given):
        return "not_dictionaries"
    if len(given) != len(expected):
        return "number_of_rows"
    if not all({"label", "score"} <= set(row) for row in given):
        return "keys"
    scores = [as_tensor(row["score"]) for row in given]
    if not all(s is not None and s.numel() == 1 for s in scores):
        return "score_not_a_number"
    values = [float(s) for s in scores if s is not None]
    if any(not 0 <= v <= 1 for v in values):
        return "not_probabilities"
    labels = [row["label"] for row in given]
    right = [row["label"] for row in expected]
    if labels != right:
        if all(isinstance(label, int) for label in labels):
            return "label_ids"
        return "labels"
    gaps = [abs(v - row["score"]) for v, row in zip(values, expected, strict=True)]
    if max(gaps) <= SCORE_TOLERANCE:
        return None
    if all(
        abs(v - (1 - row["score"])) <= SCORE_TOLERANCE or gap <= SCORE_TOLERANCE
        for v, row, gap in zip(values, expected, gaps, strict=True)
    ):
        return "other_class"
    return "padding_seen" if min(gaps) <= SCORE_TOLERANCE else "scores"
