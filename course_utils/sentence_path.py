"""The three stages of a pipeline for one sentence, with every value on the way kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from course_utils.messages import CourseError, brief, text, whole_characters

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class SentencePath:
    """One sentence on its way through tokenizer, model and softmax.

    Attributes:
        sentence: the text that went in.
        tokens: tokens, special tokens included.
        ids: id of each token in the vocabulary.
        vectors: last hidden states, shape (tokens, hidden size), float32.
        logits: scores of the classes, shape (classes,).
        probabilities: softmax of the logits, shape (classes,), sums to 1.
        labels: names of the classes.
        cut: number of tokens left out because the model reads no more.
        embedded: the vectors before the first layer, of the same shape as `vectors`; None where nobody kept them.
    """

    sentence: str
    tokens: list[str]
    ids: list[int]
    vectors: Tensor
    logits: Tensor
    probabilities: Tensor
    labels: list[str]
    cut: int = 0
    embedded: Tensor | None = None

    @property
    def label(self) -> str:
        """Name of the most probable class."""
        return self.labels[int(self.probabilities.argmax())]


def follow(sentence: str, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> SentencePath:
    """Run one sentence through the three stages and keep every value.

    Args:
        sentence: any text, also an empty one where the tokenizer adds special tokens; what does not fit is cut.
        tokenizer: the tokenizer of the model's checkpoint.
        model: a model for sequence classification, in eval mode; it is not changed.
    Raises:
        CourseError: `sentence` is not a text or gives no token, or the model has no classification head.

    >>> from transformers import AutoModelForSequenceClassification, AutoTokenizer
    >>> from course_utils import checkpoint
    >>> name = checkpoint("distilbert-base-uncased-finetuned-sst-2-english")  # doctest: +ELLIPSIS
    Loading...
    >>> path = follow("I hate this", AutoTokenizer.from_pretrained(name),
    ...               AutoModelForSequenceClassification.from_pretrained(name))
    >>> path.tokens, path.ids
    (['[CLS]', 'i', 'hate', 'this', '[SEP]'], [101, 1045, 5223, 2023, 102])
    >>> path.label
    'NEGATIVE'
    """
    import torch

    if not isinstance(sentence, str):
        raise CourseError(text("sentence_path.not_a_text", given=brief(sentence), kind=type(sentence).__name__))
    longest = min(tokenizer.model_max_length, most_tokens(model) or tokenizer.model_max_length)
    sentence = whole_characters(sentence)
    whole = len(tokenizer(sentence, verbose=False)["input_ids"])
    if not whole:
        raise CourseError(text("sentence_path.no_token", given=brief(sentence)))
    inputs = tokenizer(sentence, truncation=True, max_length=longest, return_tensors="pt")
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True)
    if getattr(output, "logits", None) is None or output.logits.ndim != 2:
        raise CourseError(text("sentence_path.no_head", kind=type(model).__name__))
    ids = inputs["input_ids"][0].tolist()
    logits = output.logits[0]
    return SentencePath(
        sentence=sentence,
        tokens=tokenizer.convert_ids_to_tokens(ids),
        ids=ids,
        vectors=output.hidden_states[-1][0],
        logits=logits,
        probabilities=torch.softmax(logits, dim=-1),
        labels=[str(model.config.id2label[i]) for i in range(len(logits))],
        cut=whole - len(ids),
        embedded=output.hidden_states[0][0],
    )


def most_tokens(model: PreTrainedModel | None) -> int | None:
    """Most tokens that a model can read, special tokens included, or None where no limit is known.

    RoBERTa and its relatives count positions from behind the padding id, so two of those they store are never used.

    >>> from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel
    >>> tiny = {"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4}
    >>> most_tokens(BertModel(BertConfig(vocab_size=9, max_position_embeddings=16, **tiny)))
    16
    >>> most_tokens(RobertaModel(RobertaConfig(vocab_size=9, max_position_embeddings=16, **tiny)))
    14
    """
    if model is None:
        return None
    given = getattr(model.config, "max_position_embeddings", None)
    if not isinstance(given, int) or given <= 0 or getattr(model.config, "is_encoder_decoder", False):
        return None
    table = getattr(getattr(getattr(model, "base_model", None), "embeddings", None), "position_embeddings", None)
    offset = getattr(table, "padding_idx", None)
    return given if offset is None else given - offset - 1
