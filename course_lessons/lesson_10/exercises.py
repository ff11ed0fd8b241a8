"""What is right and wrong in the exercises of lesson 10, inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from course_checks.values import as_tensor, close, shown
from course_utils.exercises import RIGHT, Verdict, exercise, started

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TEXTS = (
    "A film that takes its time and earns every minute of it, with a lead who says more by silence than by talk.",
    "Dull.",
    "The second half is better than the first, which is not saying much.",
    "I laughed twice.",
    "It has charm, warmth and a dog.",
    "No.",
    "A long, long evening in which nothing that was promised at the beginning is ever kept, and nobody seems to mind.",
    "Go and see it.",
    "What a cast, what a script, what a waste of both.",
    "Lovely.",
    "The music alone is worth the ticket, though the story is thin and the ending comes out of nowhere.",
)
BATCH = 8


@exercise("10/in-order")
def in_order(
    answer: Callable[[list[str]], object], tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel
) -> Verdict:
    """`answer(texts)` gives the logits of each text in the order of the texts, read in sorted batches of 8."""
    import torch

    texts = list(TEXTS)
    rows = [len(ids) for ids in tokenizer(texts)["input_ids"]]
    by_length = sorted(range(len(texts)), key=lambda i: rows[i])
    with torch.no_grad():
        expected = torch.cat([model(**tokenizer(one, return_tensors="pt")).logits for one in texts])
    seen: list[tuple[int, ...]] = []
    hook = model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(tuple(kwargs.get("input_ids", args[0] if args else None).shape)),
        with_kwargs=True,
    )
    try:
        given = started(answer(list(texts)))
    finally:
        hook.remove()
    numbers = as_tensor(given)
    cause = ""
    if numbers is None:
        cause = "not_numbers"
    elif numbers.shape != expected.shape:
        cause = "shape"
    elif close(given, expected[by_length], 1e-4) and not close(given, expected, 1e-4):
        cause = "sorted_order"
    elif close(given, torch.softmax(expected, dim=-1), 1e-4):
        cause = "probabilities"
    elif not close(given, expected, 1e-4):
        cause = "other"
    elif sorted(shape[0] for shape in seen) != [len(texts) - BATCH, BATCH]:
        cause = "one_by_one"
    elif sum(a * b for a, b in seen) > _fewest(sorted(rows)) * 1.02:
        cause = "too_much_padding"
    if not cause:
        return RIGHT
    call = f"predict({len(texts)} texts)"
    if cause in {"one_by_one", "too_much_padding"}:
        best = [(BATCH, sorted(rows)[BATCH - 1]), (len(texts) - BATCH, max(rows))]
        return Verdict(False, call, f"batches of shapes `{seen}`", f"shapes like `{best}`", cause)
    return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)


def _fewest(lengths: list[int]) -> int:
    """Tokens of the two batches of sorted texts, padding included: the fewer of cutting from either end."""
    up = BATCH * lengths[BATCH - 1] + (len(lengths) - BATCH) * lengths[-1]
    down = BATCH * lengths[-1] + (len(lengths) - BATCH) * lengths[-BATCH - 1]
    return max(up, down)


@exercise("10/best-labels")
def best_labels(answer: Callable[[Tensor, dict[int, str], int | None], object]) -> Verdict:
    """`answer(logits, names, k)` gives the k best labels of one row of logits with their probabilities.

    >>> import torch
    >>> def right(logits, names, k):
    ...     p = torch.softmax(logits, dim=-1)
    ...     return [{"label": names[i], "score": p[i].item()} for i in p.argsort(descending=True).tolist()[:k]]
    >>> best_labels(right).passed
    True
    """
    import torch

    names = {0: "anger", 1: "joy", 2: "calm", 3: "fear"}
    cases: tuple[tuple[list[float], int | None], ...] = (
        ([0.5, 2.0, -1.0, 1.0], 2),
        ([3.0, -2.0, 1.0, 0.0], 1),
        ([-1.0, 0.0, 1.0, 2.5], None),
    )
    for row, k in cases:
        logits = torch.tensor(row)
        probabilities = torch.softmax(logits, dim=-1)
        order = probabilities.argsort(descending=True).tolist()
        expected = [{"label": names[i], "score": round(probabilities[i].item(), 3)} for i in order[:k]]
        given = started(answer(logits.clone(), dict(names), k))
        cause = _label_mistake(given, expected, probabilities, [names[i] for i in order])
        if cause:
            call = f"best_labels({row}, names, k={k})"
            return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


def _label_mistake(given: object, expected: list[dict[str, Any]], probabilities: Tensor, order: list[str]) -> str:
    """The first thing that is wrong with a list of labels, or nothing."""
    if not isinstance(given, list | tuple) or not all(
        isinstance(row, dict) and {"label", "score"} <= set(row) for row in given
    ):
        return "not_dictionaries"
    if len(given) != len(expected):
        return "number"
    scores = as_tensor([row["score"] for row in given])
    if scores is None or scores.ndim != 1:
        return "not_dictionaries"
    labels = [row["label"] for row in given]
    right = as_tensor([row["score"] for row in expected])
    same = right is not None and bool((scores - right).abs().max() < 2e-3)
    if labels == [row["label"] for row in expected] and same:
        return ""
    if labels == order[::-1][: len(labels)] and labels != order[: len(labels)]:
        return "worst_first"
    if bool((scores < 0).any()) or bool((scores > 1).any()):
        return "not_probabilities"
    if labels == [row["label"] for row in expected]:
        best = probabilities.sort(descending=True).values[: len(labels)].double()
        return "renormalised" if bool((scores - best / best.sum()).abs().max() < 2e-3) else "other"
    return "labels" if same else "other"


@exercise("10/steady")
def steady(answer: Callable[[Any, dict[str, Tensor]], object]) -> Verdict:
    """`answer(model, inputs)` gives logits as in evaluation, without gradients, and leaves the model's mode alone.

    >>> import torch
    >>> def right(model, inputs):
    ...     mode = model.training
    ...     model.eval()
    ...     with torch.no_grad():
    ...         logits = model(**inputs).logits
    ...     model.train(mode)
    ...     return logits
    >>> steady(right).passed
    True
    """
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, num_labels=3
    )
    model = BertForSequenceClassification(config).eval()
    inputs = {"input_ids": torch.arange(8).reshape(1, 8), "attention_mask": torch.ones(1, 8, dtype=torch.long)}
    with torch.no_grad():
        expected = model(**inputs).logits
    for training in (True, False):
        model.train(training)
        given = started(answer(model, inputs))
        if as_tensor(given) is None:
            cause = "not_numbers"
        elif not close(given, expected):
            cause = "random" if training else "other"
        elif training and not model.training:
            cause = "left_in_eval"
        elif not training and model.training:
            cause = "left_in_training"
        elif getattr(given, "requires_grad", False):
            cause = "gradients"
        else:
            continue
        mode = "training" if training else "evaluation"
        left = "training" if model.training else "evaluation"
        return Verdict(
            False,
            f"steady(model in {mode} mode, inputs)",
            f"`{shown(given)}`, model left in {left} mode",
            f"`{shown(expected)}`, model left in {mode} mode",
            cause,
        )
    return RIGHT
