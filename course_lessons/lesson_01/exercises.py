"""What is right and wrong in the exercises of lesson 01, behind the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from course_checks.judging import Exercise
from course_checks.values import alike
from course_utils.exercises import record

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import TextClassificationPipeline

SENTENCES = (
    "I've been waiting for a HuggingFace course my whole life.",
    "I hate this so much!",
    "What a lovely, quiet film.",
)


@record("01/padding-per-row")
def padding_per_row() -> Exercise:
    """`answer(mask)` gives the number of padding positions of each row of an attention mask (rows, tokens)."""
    import torch

    return Exercise(
        right=lambda mask: (mask == 0).sum(dim=1),
        cases=[
            (torch.tensor([[1] * 16, [1] * 8 + [0] * 8]),),
            (torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]]),),
            (torch.tensor([[1, 1, 1]]),),
            (torch.tensor([[0, 0, 1, 1], [0, 1, 1, 1]]),),
        ],
        mistakes={
            "counted_tokens": lambda mask: mask.sum(dim=1),
            "one_total": (lambda mask: (mask == 0).sum(), lambda mask: [(mask == 0).sum()]),
            "per_column": lambda mask: (mask == 0).sum(dim=0),
            "positions": lambda mask: mask == 0,
        },
    )


@record("01/softmax")
def softmax() -> Exercise:
    """`answer(scores)` gives softmax along the last axis, also for scores far from 0, without the library's own."""
    import torch

    def shifted(scores: Tensor, by: Tensor) -> Tensor:
        powers = (scores - by).exp()
        return powers / powers.sum(dim=-1, keepdim=True)

    return Exercise(
        right=lambda scores: torch.softmax(scores, dim=-1),
        cases=[
            (torch.tensor([1.0, 2.0, 3.0]),),
            (torch.tensor([[-1.5607, 1.6123], [4.1692, -3.3464]]),),
            (torch.tensor([[0.0, 0.0, 0.0], [5.0, -5.0, 0.0]]),),
            (torch.tensor([1000.0, 1001.0]),),
            (torch.tensor([95.0, -95.0]),),
            (torch.tensor([0.0, 200.0]),),
            (torch.tensor([[1000.0, 1001.0], [-1000.0, -1001.0]]),),
        ],
        same=alike(1e-4),
        forbidden=("softmax", "log_softmax", "special_softmax", "special_log_softmax"),
        mistakes={
            "overflow": lambda scores: shifted(scores, torch.tensor(0.0)),
            "one_maximum": lambda scores: shifted(scores, scores.max()),
            "wrong_shift": (
                lambda scores: shifted(scores, scores.mean(dim=-1, keepdim=True)),
                lambda scores: shifted(scores, scores.min(dim=-1, keepdim=True).values),
                lambda scores: shifted(scores, scores.mean()),
            ),
            "not_divided": (
                torch.exp,
                lambda scores: (scores - scores.max(dim=-1, keepdim=True).values).exp(),
            ),
            "whole_table": (
                lambda scores: torch.softmax(scores.flatten(), 0).reshape(scores.shape),
                lambda scores: scores.exp() / scores.exp().sum(),
            ),
            "columns": (lambda scores: torch.softmax(scores, dim=0), lambda s: s.exp() / s.exp().sum(dim=0)),
            "no_keepdim": (
                lambda scores: scores.exp() / scores.exp().sum(dim=-1),
                lambda scores: scores.softmax(-1) * scores.exp().sum(-1, keepdim=True) / scores.exp().sum(-1),
            ),
            "no_exp": lambda scores: scores / scores.sum(dim=-1, keepdim=True),
            "logarithm": lambda scores: torch.log_softmax(scores, dim=-1),
            "best_only": lambda scores: torch.softmax(scores, dim=-1).max(dim=-1).values,
        },
    )


@record("01/classify")
def classify(pipeline: TextClassificationPipeline) -> Exercise:
    """`answer(sentences)` gives the labels and scores of the pipeline, from its tokenizer and its model."""
    import torch

    tokenizer, model = pipeline.tokenizer, pipeline.model

    def by_hand(
        take: Callable[[Tensor], Any] = lambda row: row.max(),
        name: Callable[[int], Any] = lambda best: model.config.id2label[best],
        to_scores: Callable[[Tensor], Tensor] = lambda logits: logits.softmax(dim=-1),
        masked: bool = True,
    ) -> Callable[[list[str]], object]:
        """The three stages, wrong in one thing."""

        def wrong(sentences: list[str]) -> list[dict[str, Any]]:
            inputs = tokenizer(sentences, padding=True, return_tensors="pt")
            if not masked:
                del inputs["attention_mask"]
            with torch.no_grad():
                rows = to_scores(model(**inputs).logits)
            return [{"label": name(row.argmax().item()), "score": take(row)} for row in rows]

        return wrong

    return Exercise(
        right=pipeline,
        cases=[
            (list(SENTENCES[1:2]),),
            (list(SENTENCES),),
        ],
        same=alike(1e-4),
        forbidden=("TextClassificationPipeline.__call__",),
        mistakes={
            "padding_seen": by_hand(masked=False),
            "not_probabilities": by_hand(to_scores=lambda logits: logits),
            "label_ids": by_hand(name=lambda best: best),
            "labels": by_hand(name=lambda best: model.config.id2label[0]),
            "other_class": (by_hand(take=lambda row: row.min()), by_hand(take=lambda row: 1 - row.max())),
            "whole_row": by_hand(take=list),
            "across_sentences": by_hand(to_scores=lambda logits: logits.softmax(dim=0)),
            "first_only": (lambda sentences: by_hand()(sentences)[:1], lambda sentences: by_hand()(sentences)[0]),
            "tuples": lambda sentences: [tuple(row.values()) for row in by_hand()(sentences)],
            "keys": (
                lambda sentences: [{"label": row["label"]} for row in by_hand()(sentences)],
                lambda sentences: [{"score": row["score"]} for row in by_hand()(sentences)],
                lambda sentences: [{row["label"]: row["score"]} for row in by_hand()(sentences)],
            ),
        },
    )


@record("01/surest")
def surest(pipeline: TextClassificationPipeline) -> Exercise:
    """`answer(sentences)` gives the sentence of which the model is surest, its label and its probability."""
    import torch

    tokenizer, model = pipeline.tokenizer, pipeline.model

    def by(choose: Callable[[Tensor], Tensor], axis: int = -1, pick: str = "argmax") -> Callable[[list[str]], object]:
        """The surest by some score of the logits, with the probabilities along an axis."""

        def found(sentences: list[str]) -> tuple[str, str, float]:
            with torch.no_grad():
                logits = model(**tokenizer(sentences, padding=True, return_tensors="pt")).logits
            rows = torch.softmax(logits, dim=axis)
            place = getattr(choose(rows if axis == 0 else logits), pick)().item()
            best = rows[place].argmax().item()
            return sentences[place], model.config.id2label[best], rows[place, best].item()

        return found

    def right(sentences: list[str]) -> tuple[str, str, float]:
        rows = list(zip(sentences, pipeline(sentences), strict=True))
        sentence, row = max(rows, key=lambda pair: pair[1]["score"])
        return sentence, row["label"], row["score"]

    return Exercise(
        right=right,
        cases=[
            (list(SENTENCES[:1]),),
            (["It is a film.", "An awful, boring mess.", SENTENCES[1]],),
            (list(SENTENCES[1:]),),
        ],
        same=alike(1e-4),
        mistakes={
            "planted": by(lambda rows: rows.max(dim=-1).values, axis=0),
            "least_sure": by(lambda logits: logits.softmax(-1).max(dim=-1).values, pick="argmin"),
            "positive_only": by(lambda logits: logits[:, 1]),
            "whole": pipeline,
            "place": lambda sentences: (sentences.index(right(sentences)[0]), *right(sentences)[1:]),
        },
    )
