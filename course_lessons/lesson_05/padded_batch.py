"""A few sentences as one padded batch, and what a classifier makes of each row under any mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from course_utils.messages import CourseError, brief, text, whole_characters

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MOST_ROWS = 4
MOST_POSITIONS = 16
"""Sizes up to which a batch is drawn cell by cell; longer sentences are cut, and the batch says so."""


@dataclass(frozen=True)
class PaddedBatch:
    """Sentences as rows of equal length.

    Attributes:
        sentences: the texts, one for each row.
        tokens: tokens of each row, special tokens and padding included; all rows are equally long.
        ids: their ids, shaped like `tokens`.
        mask: 1 for a token of the sentence, 0 for padding, shaped like `tokens`.
        cut: how many tokens each row lost because the batch is drawn only so wide.
    """

    sentences: tuple[str, ...]
    tokens: tuple[tuple[str, ...], ...]
    ids: tuple[tuple[int, ...], ...]
    mask: tuple[tuple[int, ...], ...]
    cut: tuple[int, ...]


def padded_batch(sentences: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> PaddedBatch:
    """Tokenize up to four sentences into one padded batch of at most 16 positions.

    Args:
        sentences: one to four texts.
        tokenizer: a tokenizer that has a padding token.
    Raises:
        CourseError: no list of texts, too many of them, or a tokenizer without a padding token.

    >>> from transformers import AutoTokenizer
    >>> from course_utils import checkpoint
    >>> name = checkpoint("distilbert-base-uncased-finetuned-sst-2-english")  # doctest: +ELLIPSIS
    Loading...
    >>> batch = padded_batch(["So have I!", "No"], AutoTokenizer.from_pretrained(name))
    >>> batch.tokens[1], batch.mask[1]
    (('[CLS]', 'no', '[SEP]', '[PAD]', '[PAD]', '[PAD]'), (1, 1, 1, 0, 0, 0))
    """
    given = [sentences] if isinstance(sentences, str) else sentences
    if not isinstance(given, list | tuple) or not given or not all(isinstance(s, str) for s in given):
        raise CourseError(text("padded_batch.not_texts", given=brief(sentences), kind=type(sentences).__name__))
    if len(given) > MOST_ROWS:
        raise CourseError(text("padded_batch.too_many", given=len(given), most=MOST_ROWS))
    if tokenizer.pad_token_id is None:
        raise CourseError(text("padded_batch.no_padding_token"))
    clean = [whole_characters(s) for s in given]
    whole = [len(ids) for ids in tokenizer(clean, verbose=False)["input_ids"]]
    encoded = tokenizer(clean, padding=True, truncation=True, max_length=MOST_POSITIONS)
    rows = encoded["input_ids"]
    return PaddedBatch(
        sentences=tuple(clean),
        tokens=tuple(tuple(tokenizer.convert_ids_to_tokens(row)) for row in rows),
        ids=tuple(tuple(row) for row in rows),
        mask=tuple(tuple(row) for row in encoded["attention_mask"]),
        cut=tuple(n - sum(m) for n, m in zip(whole, encoded["attention_mask"], strict=True)),
    )


def probabilities(
    model: PreTrainedModel, ids: Sequence[Sequence[int]], mask: Sequence[Sequence[int]] | None = None
) -> Tensor:
    """Probabilities that a classifier gives to each row of ids, with the mask given or with none.

    Args:
        model: a model for sequence classification, in eval mode; it is not changed.
        ids: rows of equal length.
        mask: 1 and 0, shaped like `ids`; None gives the model no mask at all.
    Returns:
        Shape (rows, classes), each row sums to 1.
    Raises:
        CourseError: the model has no classification head.

    >>> from transformers import AutoModelForSequenceClassification
    >>> from course_utils import checkpoint
    >>> name = checkpoint("distilbert-base-uncased-finetuned-sst-2-english")  # doctest: +ELLIPSIS
    Loading...
    >>> model = AutoModelForSequenceClassification.from_pretrained(name)
    >>> masked = probabilities(model, [[101, 5223, 102, 0]], [[1, 1, 1, 0]])
    >>> alone = probabilities(model, [[101, 5223, 102]])
    >>> bool((masked - alone).abs().max() < 1e-5)
    True
    """
    import torch

    given = None if mask is None else torch.tensor(mask, device=model.device)
    with torch.no_grad():
        output = model(input_ids=torch.tensor(ids, device=model.device), attention_mask=given)
    if getattr(output, "logits", None) is None or output.logits.ndim != 2:
        raise CourseError(text("padded_batch.no_head", kind=type(model).__name__))
    return torch.softmax(output.logits.float().cpu(), dim=-1)
