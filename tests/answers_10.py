"""Right answers to the exercises of lesson 10, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

from collections.abc import Callable

import torch
from lesson_files import POCKET
from torch import Tensor
from transformers import AutoModelForSequenceClassification, AutoTokenizer

TOKENIZER = AutoTokenizer.from_pretrained(POCKET / "pocket-bert-uncased-sst2")
MODEL = AutoModelForSequenceClassification.from_pretrained(POCKET / "pocket-bert-uncased-sst2")
NAMES = {0: "anger", 1: "joy", 2: "calm", 3: "fear"}


def read(batch: list[str], **changes: object) -> Tensor:
    """Logits of a batch of texts."""
    inputs = TOKENIZER(batch, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        return MODEL(**{**inputs, **changes}).logits


def by_length(texts: list[str]) -> list[int]:
    """Positions of the texts, the shortest first."""
    lengths = [len(ids) for ids in TOKENIZER(texts)["input_ids"]]
    return sorted(range(len(texts)), key=lambda i: lengths[i])


def predict(texts: list[str], order: list[int] | None = None, size: int = 8) -> Tensor:
    """The exercise solved; with an order or a size of its own, a mistake of it."""
    order = by_length(texts) if order is None else order
    logits = torch.empty(len(texts), 2)
    for start in range(0, len(order), size):
        positions = order[start : start + size]
        logits[positions] = read([texts[i] for i in positions])
    return logits


def without_mask(texts: list[str]) -> Tensor:
    """Everything at once, the padding read as if it were text."""
    inputs = TOKENIZER(texts, padding=True, return_tensors="pt")
    return read(texts, attention_mask=torch.ones_like(inputs["attention_mask"]))


def labels(logits: Tensor, names: dict[int, str], k: int | None, **mistake: bool) -> list[dict[str, object]]:
    """The exercise solved, or with one mistake."""
    scores = logits if mistake.get("raw") else torch.softmax(logits, dim=-1)
    order = logits.argsort(descending=not mistake.get("worst")).tolist()[:k]
    if mistake.get("renormalised"):
        scores = scores / scores[order].sum()
    named = [names[(i + 2) % 4] if mistake.get("shifted") else names[i] for i in order]
    return [{"label": name, "score": scores[i].item()} for name, i in zip(named, order, strict=True)]


def steady(model: torch.nn.Module, inputs: dict[str, Tensor]) -> Tensor:
    """The exercise solved."""
    mode = model.training
    model.eval()
    with torch.no_grad():
        logits = model(**inputs).logits
    model.train(mode)
    return logits


def left_in(training: bool) -> Callable[[torch.nn.Module, dict[str, Tensor]], Tensor]:
    """Solved, but for the mode in which the model is left."""

    def answer(model: torch.nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        logits = steady(model, inputs)
        model.train(training)
        return logits

    return answer


def with_gradients(model: torch.nn.Module, inputs: dict[str, Tensor]) -> Tensor:
    """Solved, but for the gradients."""
    mode = model.training
    model.eval()
    logits = model(**inputs).logits
    model.train(mode)
    return logits


RIGHT = {
    "10/in-order": (predict, TOKENIZER, MODEL),
    "10/best-labels": (labels,),
    "10/steady": (steady,),
}
WRONG = {
    "10/in-order": {
        "not_numbers": lambda texts: "POSITIVE",
        "shape": lambda texts: predict(texts[:8]),
        "sorted_order": lambda texts: predict(texts)[by_length(texts)],
        "probabilities": lambda texts: torch.softmax(predict(texts), dim=-1),
        "one_by_one": lambda texts: predict(texts, size=1),
        "too_much_padding": lambda texts: predict(texts, order=list(range(len(texts)))),
        "other": without_mask,
    },
    "10/best-labels": {
        "not_dictionaries": lambda logits, names, k: names[0],
        "number": lambda logits, names, k: labels(logits, names, 3),
        "worst_first": lambda logits, names, k: labels(logits, names, k, worst=True),
        "not_probabilities": lambda logits, names, k: labels(logits, names, k, raw=True),
        "renormalised": lambda logits, names, k: labels(logits, names, k, renormalised=True),
        "labels": lambda logits, names, k: labels(logits, names, k, shifted=True),
        "other": lambda logits, names, k: labels(logits / 2, names, k, shifted=True),
    },
    "10/steady": {
        "not_numbers": lambda model, inputs: "sure",
        "random": lambda model, inputs: model(**inputs).logits.detach(),
        "left_in_eval": left_in(training=False),
        "left_in_training": left_in(training=True),
        "gradients": with_gradients,
        "other": lambda model, inputs: steady(model, inputs) + 1 * (not model.training),
    },
}
