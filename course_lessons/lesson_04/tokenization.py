"""What a tokenizer does to a text, piece by piece: the token, its id, and the characters it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from course_utils.messages import CourseError, brief, text, whole_characters

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MAX_CHARACTERS = 2000
"""A longer text is read up to here, so that typing stays instant."""

Kind = Literal["word", "continued", "part", "unknown", "special"]


@dataclass(frozen=True)
class Piece:
    """One token and what it stands for.

    Attributes:
        token: the entry of the vocabulary, as it is written there.
        id: its number.
        covers: the characters of the text that it stands for; empty for a token that was added.
        kind: "word" begins a word, "continued" goes on with it, "part" stands for less than a whole character,
            "unknown" replaces what the vocabulary lacks, "special" is no piece of the text.
        word: number of the word that it belongs to, from 0; None for a token that was added.
    """

    token: str
    id: int
    covers: str
    kind: Kind
    word: int | None


@dataclass(frozen=True)
class TokenizedText:
    """A text as one tokenizer cuts it.

    Attributes:
        text: what was read.
        pieces: its tokens in order, special tokens included.
        left_out: number of characters at the end that were not read.
    """

    text: str
    pieces: tuple[Piece, ...]
    left_out: int = 0

    @property
    def words(self) -> int:
        """Number of words between spaces."""
        return len(self.text.split())

    @property
    def tokens(self) -> int:
        """Number of tokens that stand for something in the text."""
        return sum(piece.kind != "special" for piece in self.pieces)

    @property
    def unknown(self) -> int:
        """Number of tokens that only say that something unknown stood there."""
        return sum(piece.kind == "unknown" for piece in self.pieces)


def tokenize_text(given: str, tokenizer: PreTrainedTokenizerBase) -> TokenizedText:
    """A text cut into tokens, each with its id and the characters it covers.

    Args:
        given: any text, also an empty one; of a very long one the first 2,000 characters are read.
        tokenizer: a tokenizer of the library that knows offsets (`is_fast`), as nearly all do.
    Raises:
        CourseError: `given` is not a text, or the tokenizer knows no offsets.

    >>> from transformers import AutoTokenizer
    >>> from course_utils import checkpoint
    >>> tokenizer = AutoTokenizer.from_pretrained(checkpoint("bert-base-uncased"))  # doctest: +ELLIPSIS
    Loading...
    >>> [(piece.token, piece.covers, piece.kind) for piece in tokenize_text("Annoyingly long", tokenizer).pieces[1:-1]]
    [('annoying', 'Annoying', 'word'), ('##ly', 'ly', 'continued'), ('long', 'long', 'word')]
    """
    if not isinstance(given, str):
        raise CourseError(text("tokenization.not_a_text", given=brief(given), kind=type(given).__name__))
    if not getattr(tokenizer, "is_fast", False):
        raise CourseError(text("tokenization.no_offsets", kind=type(tokenizer).__name__))
    whole = whole_characters(given)
    shown = whole[:MAX_CHARACTERS]
    encoding = tokenizer(shown, return_offsets_mapping=True, verbose=False)
    ids, spans, words = encoding["input_ids"], encoding["offset_mapping"], encoding.word_ids()
    special = set(tokenizer.all_special_ids)
    pieces = []
    for position, (number, (start, end), word) in enumerate(zip(ids, spans, words, strict=True)):
        token, covers = tokenizer.convert_ids_to_tokens(number), shown[start:end]
        if number in special and (covers in ("", token) or number != tokenizer.unk_token_id):
            kind: Kind = "special"
        elif number == tokenizer.unk_token_id:
            kind = "unknown"
        elif _overlaps(spans, position):
            kind = "part"
        else:
            kind = "continued" if position and word is not None and words[position - 1] == word else "word"
        pieces.append(Piece(token, number, covers, kind, word))
    return TokenizedText(shown, tuple(pieces), len(whole) - len(shown))


def _overlaps(spans: list[tuple[int, int]], position: int) -> bool:
    """Whether a token shares a character with its neighbour: each then stands for a part of it."""
    start, end = spans[position]
    before = position > 0 and start < end and spans[position - 1][1] > start
    after = position + 1 < len(spans) and start < end and spans[position + 1][0] < end <= spans[position + 1][1]
    return before or after
