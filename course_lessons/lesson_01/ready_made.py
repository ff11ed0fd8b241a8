"""What lesson 01 goes on with where its exercise is not solved: the pipeline, rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Answers = list[dict[str, str | float]]


def classify_with(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> Callable[[Sequence[str]], Answers]:
    """A function that takes sentences and gives the label and the score of each, by this tokenizer and this model.

    >>> from transformers import AutoModelForSequenceClassification, AutoTokenizer
    >>> from course_utils import checkpoint
    >>> name = checkpoint("distilbert-base-uncased-finetuned-sst-2-english")  # doctest: +ELLIPSIS
    Loading...
    >>> tokenizer = AutoTokenizer.from_pretrained(name)
    >>> model = AutoModelForSequenceClassification.from_pretrained(name)
    >>> [answer["label"] for answer in classify_with(tokenizer, model)(["A lovely film.", "I hate this."])]
    ['POSITIVE', 'NEGATIVE']
    """

    def classify(sentences: Sequence[str]) -> Answers:
        import torch

        inputs = tokenizer(list(sentences), padding=True, truncation=True, return_tensors="pt")
        with torch.no_grad():
            probabilities = torch.softmax(model(**inputs).logits, dim=-1)
        best = probabilities.max(dim=-1)
        names = [model.config.id2label[place] for place in best.indices.tolist()]
        return [{"label": name, "score": score} for name, score in zip(names, best.values.tolist(), strict=True)]

    return classify
