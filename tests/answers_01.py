"""Answers to the exercises of lesson 01: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mutants import solutions
from torch.nn import functional

Rows = list[dict[str, Any]]


@torch.no_grad()
def softmax(scores: torch.Tensor) -> torch.Tensor:
    """The learner's own, under a decorator of the library."""
    powers = (scores - scores.amax(-1, keepdim=True)).exp()
    return powers / powers.sum(-1, keepdim=True)


def notebook() -> dict[str, Any]:
    """What the notebook's exercises work with: `tokenizer`, `model`, `classifier`."""
    return solutions("01")["01/classify"].names


def rows_of(logits: torch.Tensor) -> Rows:
    """The pipeline's last stage."""
    names = notebook()["model"].config.id2label
    best = logits.softmax(-1).max(-1)
    return [
        {"label": names[int(place)], "score": value} for value, place in zip(best.values, best.indices, strict=True)
    ]


def logits_of(sentences: list[str], **change: Any) -> torch.Tensor:
    """The first two stages."""
    options = {"padding": True, "truncation": True, "return_tensors": "pt"} | change
    return notebook()["model"](**notebook()["tokenizer"](sentences, **options)).logits


def one_by_one(sentences: list[str]) -> Rows:
    """Each sentence alone, scores as plain floats."""
    rows = [rows_of(logits_of([sentence]))[0] for sentence in sentences]
    return [{"score": row["score"].item(), "label": row["label"]} for row in rows]


def with_numpy(sentences: list[str]) -> Rows:
    """Scores as NumPy's own numbers."""
    rows = rows_of(logits_of(sentences))
    return [{**row, "score": np.float32(row["score"].detach())} for row in rows]


def rest(sentences: list[str]) -> Any:
    """As a generator."""
    yield from rows_of(logits_of(sentences))


def count_and_print(mask: torch.Tensor) -> None:
    """Prints where it should return."""
    print((mask == 0).sum(dim=1))


def changed_in_place(mask: torch.Tensor) -> torch.Tensor:
    """Turns the mask round where it stands."""
    mask -= 1
    return -mask.sum(dim=1)


def shift_in_place(scores: torch.Tensor) -> torch.Tensor:
    """A right result from scores that are not the same afterwards."""
    scores -= scores.max(dim=-1, keepdim=True).values
    return scores.exp() / scores.exp().sum(dim=-1, keepdim=True)


def only_above_a_hundred(scores: torch.Tensor) -> torch.Tensor:
    """Shifts large scores only."""
    if scores.max() > 100:
        scores = scores - scores.max(dim=-1, keepdim=True).values
    return scores.exp() / scores.exp().sum(dim=-1, keepdim=True)


def for_ever(scores: torch.Tensor) -> torch.Tensor:
    """A loop without an end where a score is large."""
    while scores.max() > 500:
        pass
    return scores.exp() / scores.exp().sum(dim=-1, keepdim=True)


def with_lists(scores: torch.Tensor) -> list[Any]:
    """Without one call of torch on the whole."""
    if scores.ndim > 1:
        return [with_lists(row) for row in scores]
    powers = [np.exp(float(score) - float(scores.max())) for score in scores]
    return [power / sum(powers) for power in powers]


def surest_first(sentences: list[str]) -> Any:
    """The answers of all sentences, the surest first, with their sentences."""
    rows = list(zip(sentences, one_by_one(sentences), strict=True))
    rows.sort(key=lambda pair: -pair[1]["score"])
    return [(sentence, row["label"], row["score"]) for sentence, row in rows]


MATERIALS = {"01/surest": lambda: (notebook()["classifier"],), "01/classify": lambda: (notebook()["classifier"],)}
RIGHT: dict[str, list[Any]] = {
    "01/padding-per-row": [
        lambda mask: [(row == 0).sum().item() for row in mask],
        lambda mask: tuple(len(row) - int(row.sum()) for row in mask),
        lambda mask: mask.shape[1] - mask.sum(dim=1),
        lambda mask: (row.tolist().count(0) for row in mask),
        lambda mask: np.asarray(1 - mask).sum(axis=1),
        lambda mask: [row.eq(0).sum() for row in mask],
        lambda mask: (mask == 0).float().sum(dim=1),
    ],
    "01/softmax": [
        softmax,
        lambda scores: (scores - scores.logsumexp(-1, keepdim=True)).exp(),
        with_lists,
        lambda scores: (
            np.exp(x := scores.numpy() - scores.numpy().max(-1, keepdims=True)) / np.exp(x).sum(-1)[..., None]
        ),
        lambda scores: 1 / (scores[..., None, :] - scores[..., :, None]).exp().sum(-1),
    ],
    "01/classify": [one_by_one, with_numpy, rest, lambda sentences: tuple(rows_of(logits_of(sentences)))],
    "01/surest": [
        lambda sentences: surest_first(sentences)[0],
        lambda sentences: [np.str_(part) if isinstance(part, str) else part for part in surest_first(sentences)[0]],
        lambda sentences: iter(surest_first(sentences)[0]),
    ],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "01/padding-per-row": [
        ("returned_none_printed", count_and_print),
        ("changed", changed_in_place),
        ("kind", lambda mask: "eight"),
        ("kind", lambda mask: {0: 0, 1: 8}),
        ("positions", lambda mask: [[not token for token in row] for row in mask]),
        ("counted_tokens", lambda mask: [row.tolist().count(1) for row in mask]),
        ("", lambda mask: [1] * len(mask)),
        ("", lambda mask: (mask == 0).sum(dim=1) / mask.shape[1]),
        ("shape", lambda mask: [0, 8]),
    ],
    "01/softmax": [
        ("forbidden", lambda scores: torch.softmax(scores, -1)),
        ("forbidden", lambda scores: scores.softmax(-1)),
        ("forbidden", lambda scores: functional.softmax(scores, dim=-1)),
        ("forbidden", torch.nn.Softmax(dim=-1)),
        ("forbidden", lambda scores: scores.log_softmax(-1).exp()),
        ("changed", shift_in_place),
        ("too_long", for_ever),
        ("kind", lambda scores: "high"),
        ("shape", lambda scores: scores.flatten()[:2]),
        ("", only_above_a_hundred),
        ("", lambda scores: torch.sigmoid(scores)),
        ("one_maximum", lambda scores: (x := (scores - scores.max()).exp()) / x.sum(-1, keepdim=True)),
        ("wrong_shift", lambda scores: (x := (scores - scores.mean(-1, True)).exp()) / x.sum(-1, keepdim=True)),
        ("", lambda scores: (x := scores.exp().clamp(max=1e38)) / x.sum(-1, keepdim=True)),
    ],
    "01/classify": [
        ("forbidden", lambda sentences: notebook()["classifier"](sentences)),
        ("kind", lambda sentences: "POSITIVE"),
        ("", lambda sentences: ["POSITIVE"] * len(sentences)),
        ("", lambda sentences: [{**row, "score": float(row["score"]) - 0.05} for row in one_by_one(sentences)]),
        ("", lambda sentences: [{**row, "score": round(row["score"], 2)} for row in one_by_one(sentences)]),
        ("", lambda sentences: one_by_one(sentences)[::-1]),
        ("raised", lambda sentences: rows_of(logits_of(sentences, padding=False))),
        ("", lambda sentences: rows_of(logits_of(sentences, max_length=8))),
    ],
    "01/surest": [
        ("kind", lambda sentences: surest_first(sentences)[0][0]),
        ("", lambda sentences: surest_first(sentences)[0][::-1]),
        ("", lambda sentences: surest_first(sentences)[0][:2]),
        ("least_sure", lambda sentences: surest_first(sentences)[-1]),
    ],
}
LONGEST = "a text longer than the model can read stops the pipeline itself, so there is nothing to agree with"
EQUIVALENT: dict[str, dict[str, str]] = {
    "01/surest": {
        "inputs = tokenizer(sentences, padding=True, return_tensors='pt')": LONGEST,
        "inputs = tokenizer(sentences, padding=True, truncation=False, return_tensors='pt')": LONGEST,
        "probabilities = torch.softmax(logits, dim=1)": "logits have two axes, so their last is axis 1",
        "scores, classes = probabilities.max(dim=1)": "probabilities have two axes, so their last is axis 1",
        "place = scores.argmax()": "a tensor of one number picks from a list too",
        "return (sentences[place], label, scores[place])": "a tensor of one number is a number",
    },
    "01/padding-per-row": {
        "return (mask == 0).sum(dim=-1)": "a mask has two axes, so its last is axis 1",
    },
    "01/classify": {
        "inputs = tokenizer(sentences, padding=True, return_tensors='pt')": LONGEST,
        "inputs = tokenizer(sentences, padding=True, truncation=False, return_tensors='pt')": LONGEST,
        "probabilities = torch.softmax(model(**inputs).logits, dim=1)": "logits have two axes, so their last is axis 1",
        "answers.append({'label': model.config.id2label[best], 'score': row[best]})": "a tensor of one is a number",
    },
}
