"""Right answers to the exercises of lesson 01, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

from collections.abc import Callable

import torch

MASKED = [
    {"label": "NEGATIVE", "score": 0.98},
    {"label": "POSITIVE", "score": 0.9},
    {"label": "NEGATIVE", "score": 0.7},
]


def pipeline(sentences: list[str]) -> list[dict[str, object]]:
    """Stands for a pipeline: fixed answers, as many as sentences."""
    return [dict(row) for row in MASKED[: len(sentences)]]


def change(**by: Callable[[dict[str, object]], object]) -> Callable[[list[str]], object]:
    """The pipeline's answers with some fields changed."""
    return lambda sentences: [{**row, **{k: f(row) for k, f in by.items()}} for row in pipeline(sentences)]


RIGHT = {
    "01/padding-per-row": (lambda mask: [(row == 0).sum().item() for row in mask],),
    "01/softmax": (lambda scores: torch.softmax(scores, -1),),
    "01/classify": (pipeline, pipeline),
}
WRONG = {
    "01/padding-per-row": {
        "counted_tokens": lambda mask: mask.sum(dim=1),
        "one_total": lambda mask: (mask == 0).sum(),
        "per_column": lambda mask: (mask == 0).sum(dim=0),
        "not_numbers": lambda mask: "eight",
        "other": lambda mask: [1] * len(mask),
    },
    "01/softmax": {
        "not_numbers": lambda scores: "high",
        "shape": lambda scores: torch.softmax(scores, -1).max(),
        "overflow": lambda scores: scores.exp() / scores.exp().sum(dim=-1, keepdim=True),
        "not_divided": lambda scores: scores.exp(),
        "whole_table": lambda scores: torch.softmax(scores.flatten(), 0).reshape(scores.shape),
        "columns": lambda scores: torch.softmax(scores, dim=0),
        "no_exp": lambda scores: scores / scores.sum(dim=-1, keepdim=True),
        "logarithm": lambda scores: torch.log_softmax(scores, -1),
        "other": lambda scores: torch.sigmoid(scores),
    },
    "01/classify": {
        "not_dictionaries": lambda sentences: ["POSITIVE"] * len(sentences),
        "number_of_rows": lambda sentences: [{"label": "NEGATIVE", "score": 0.98}] * 5,
        "keys": lambda sentences: [{"label": "NEGATIVE"} for _ in sentences],
        "score_not_a_number": change(score=lambda row: [0.9, 0.1]),
        "not_probabilities": change(score=lambda row: 3.5),
        "label_ids": change(label=lambda row: int(row["label"] == "POSITIVE")),
        "labels": change(label=lambda row: "POSITIVE"),
        "other_class": change(score=lambda row: 1 - row["score"]),
        "padding_seen": change(score=lambda row: row["score"] + 0.01 * (row["label"] == "POSITIVE")),
        "scores": change(score=lambda row: row["score"] - 0.05),
    },
}
