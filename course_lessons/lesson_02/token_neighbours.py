"""Vectors of tokens in their texts, layer by layer, and which of them lie nearest to a given one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from course_utils.messages import CourseError, brief, text, whole_characters

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LONGEST = 48
"""Tokens of a text that are read; what comes after is left out."""
BATCH = 32


@dataclass(frozen=True)
class TokenPosition:
    """One token in its text: the token, the number of its text, and where in the text it stands (characters)."""

    token: str
    text: int
    start: int
    end: int


@dataclass(frozen=True)
class TokenIndex:
    """Tokens of many texts with their vectors.

    Attributes:
        texts: the texts.
        positions: the tokens, special ones left out unless asked for.
        vectors: float32, length 1 each, shape (layers + 1, tokens, hidden size); layer 0 is the embeddings.
        cut: number of tokens left out because a text was too long.
    """

    texts: list[str]
    positions: list[TokenPosition]
    vectors: Tensor
    cut: int = 0

    @property
    def layers(self) -> int:
        """Number of layers, the embeddings not counted."""
        return self.vectors.shape[0] - 1


@dataclass(frozen=True)
class Neighbour:
    """A token near another one: its cosine similarity and its text, cut in three at the token."""

    token: str
    similarity: float
    before: str
    words: str
    after: str


def token_index(
    texts: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    body: PreTrainedModel,
    *,
    special: bool = False,
) -> TokenIndex:
    """Every token of the texts with its vector after each layer.

    Args:
        texts: any texts; of each the first 48 tokens are read.
        tokenizer: the fast tokenizer of the body's checkpoint, with a padding token.
        body: a model that gives hidden states, in eval mode; it is not changed.
        special: whether special tokens such as [CLS] are kept.
    Raises:
        CourseError: no texts, or something among them that is not a text.

    >>> from transformers import AutoModel, AutoTokenizer
    >>> from course_utils import checkpoint
    >>> name = checkpoint("distilbert-base-uncased-finetuned-sst-2-english")  # doctest: +ELLIPSIS
    Loading...
    >>> index = token_index(["A film.", "No"], AutoTokenizer.from_pretrained(name), AutoModel.from_pretrained(name))
    >>> [position.token for position in index.positions], index.vectors.shape
    (['a', 'film', '.', 'no'], torch.Size([5, 4, 288]))
    """
    import torch

    given = list(texts) if not isinstance(texts, str) else []
    if not given or not all(isinstance(one, str) for one in given):
        wrong = next((one for one in given if not isinstance(one, str)), texts)
        raise CourseError(text("token_neighbours.no_texts", given=brief(wrong)))
    given = [whole_characters(one) for one in given]
    positions: list[TokenPosition] = []
    parts: list[Tensor] = []
    cut = 0
    for start in range(0, len(given), BATCH):
        batch = given[start : start + BATCH]
        cut += sum(max(0, len(row) - LONGEST) for row in tokenizer(batch, verbose=False)["input_ids"])
        settings = {"padding": True, "truncation": True, "max_length": LONGEST, "return_tensors": "pt"}
        inputs = tokenizer(batch, return_offsets_mapping=True, return_special_tokens_mask=True, **settings)
        spans = inputs.pop("offset_mapping").tolist()
        is_special = inputs.pop("special_tokens_mask").bool()
        with torch.no_grad():
            states = torch.stack(body(**inputs, output_hidden_states=True).hidden_states)
        kept = inputs["attention_mask"].bool() if special else inputs["attention_mask"].bool() & ~is_special
        for row, position in kept.nonzero().tolist():
            token = tokenizer.convert_ids_to_tokens(int(inputs["input_ids"][row, position]))
            positions.append(TokenPosition(token, start + row, *spans[row][position]))
        parts.append(torch.nn.functional.normalize(states[:, kept], dim=-1))
    return TokenIndex(given, positions, torch.cat(parts, dim=1), cut)


def nearest_tokens(index: TokenIndex, vector: Tensor, layer: int, number: int = 6) -> list[Neighbour]:
    """The tokens of an index whose vectors point most nearly the same way, each word once, the nearest first.

    Args:
        index: the tokens to look among.
        vector: what to compare with, shape (hidden size,), any length.
        layer: whose vectors to compare, 0 for the embeddings.
        number: how many to give at most.

    >>> import torch
    >>> positions = [TokenPosition("cold", 0, 2, 6), TokenPosition("hot", 1, 0, 3)]
    >>> index = TokenIndex(["a cold beer", "hot"], positions, torch.tensor([[[1.0, 0.0], [0.6, 0.8]]]))
    >>> [(near.token, round(near.similarity, 2)) for near in nearest_tokens(index, torch.tensor([0.0, 2.0]), layer=0)]
    [('hot', 0.8), ('cold', 0.0)]
    >>> nearest_tokens(index, torch.tensor([1.0, 0.0]), layer=0)[0].before
    'a '
    """
    import torch

    similarities = index.vectors[layer] @ torch.nn.functional.normalize(vector, dim=0)
    found: dict[str, Neighbour] = {}
    for which in similarities.argsort(descending=True, stable=True).tolist():
        position = index.positions[which]
        if position.token not in found:
            whole = index.texts[position.text]
            words = whole[: position.start], whole[position.start : position.end], whole[position.end :]
            found[position.token] = Neighbour(position.token, float(similarities[which]), *words)
        if len(found) == number:
            break
    return list(found.values())
