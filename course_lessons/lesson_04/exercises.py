"""What is right and wrong in the exercises of lesson 04, tokenizers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from course_checks.values import as_tensor, close, shown
from course_utils.exercises import RIGHT, Verdict, exercise, started

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

REVIEWS = (
    ["What a film!"],
    ["Annoyingly long, and unwatchable.", "Good."],
    ["A puppeteer tells the story of his tokenization.", "Lovely", "I fell asleep twice, woke up, and left."],
)
PAIRS = (
    ("Good film", "Long film"),
    ("This is the first sentence.", "This is the second one."),
    ("An unwatchable mess", "No"),
)
WORDS = ("film", "annoyingly", "unwatchable", "tokenization", "puppeteer", "cinephiles", "x", "fi\u2603lm")
"""Words for the longest match; the last holds a snowman, which the vocabulary lacks."""


@exercise("04/tokens-per-word")
def fertility(
    answer: Callable[[PreTrainedTokenizerBase, list[str]], object], tokenizer: PreTrainedTokenizerBase
) -> Verdict:
    """`answer(tokenizer, texts)` gives the fertility: tokens divided by words, over all texts, special tokens left out.

    >>> from transformers import AutoTokenizer
    >>> from course_utils import checkpoint
    >>> loaded = AutoTokenizer.from_pretrained(checkpoint("bert-base-uncased"))  # doctest: +ELLIPSIS
    Loading...
    >>> fertility(lambda tokenizer, texts: 1.0, loaded).passed
    False
    """
    for texts in REVIEWS:
        tokens = [len(tokenizer.tokenize(text)) for text in texts]
        special = [len(tokenizer(text)["input_ids"]) for text in texts]
        words = [len(text.split()) for text in texts]
        letters = [len(text) for text in texts]
        right = sum(tokens) / sum(words)
        given = started(answer(tokenizer, list(texts)))
        if _number(given, right):
            continue
        number = as_tensor(given)
        mistakes = {
            "with_special": sum(special) / sum(words),
            "upside_down": sum(words) / sum(tokens),
            "mean_of_means": sum(t / w for t, w in zip(tokens, words, strict=True)) / len(texts),
            "per_text": sum(tokens) / len(texts),
            "characters": sum(tokens) / sum(letters),
            "one_total": sum(tokens),
        }
        if number is None or number.numel() != 1:
            cause = "not_a_number"
        else:
            cause = next((name for name, value in mistakes.items() if _number(given, value)), "other")
        if cause == "per_text" and len(texts) == 1:
            continue  # total and mean are the same for one text: the next texts tell them apart
        return Verdict(False, f"fertility(tokenizer, {shown(texts)})", f"`{shown(given)}`", f"`{right:.3f}`", cause)
    return RIGHT


@exercise("04/make-pair")
def make_pair(answer: Callable[[str, str], object], tokenizer: PreTrainedTokenizerBase) -> Verdict:
    """`answer(first, second)` gives what `tokenizer(first, second)` gives, as a dictionary of three lists.

    >>> from transformers import AutoTokenizer
    >>> from course_utils import checkpoint
    >>> loaded = AutoTokenizer.from_pretrained(checkpoint("bert-base-uncased"))  # doctest: +ELLIPSIS
    Loading...
    >>> make_pair(lambda first, second: dict(loaded(first, second)), loaded).passed
    True
    """
    for first, second in PAIRS:
        expected = {key: list(value) for key, value in tokenizer(first, second).items()}
        given = started(answer(first, second))
        cause = _pair_mistake(given, expected, tokenizer, first, second)
        if cause:
            call = f"make_pair({first!r}, {second!r})"
            return Verdict(False, call, f"`{_short(given)}`", f"`{_short(expected)}`", cause)
    return RIGHT


@exercise("04/longest-match")
def longest_match(answer: Callable[[str, dict[str, int]], object], tokenizer: PreTrainedTokenizerBase) -> Verdict:
    """`answer(word, vocabulary)` cuts a word as WordPiece does: longest entry first, `##` inside a word.

    >>> from transformers import AutoTokenizer
    >>> from course_utils import checkpoint
    >>> loaded = AutoTokenizer.from_pretrained(checkpoint("bert-base-uncased"))  # doctest: +ELLIPSIS
    Loading...
    >>> longest_match(lambda word, vocabulary: loaded.tokenize(word), loaded).passed
    True
    """
    vocabulary = tokenizer.get_vocab()
    for word in WORDS:
        expected = tokenizer.tokenize(word)
        given = started(answer(word, vocabulary))
        if isinstance(given, list | tuple) and list(given) == expected:
            continue
        cause = _cut_mistake(given, expected, word)
        return Verdict(False, f"longest_match({word!r}, vocabulary)", f"`{shown(given)}`", f"`{expected}`", cause)
    return RIGHT


def _number(given: object, expected: float) -> bool:
    import torch

    number = as_tensor(given)
    return number is not None and number.numel() == 1 and close(number.reshape(()), torch.tensor(expected), 1e-4)


def _short(given: object) -> str:
    """A dictionary of lists in few words: the ids first."""
    return shown(given["input_ids"]) if isinstance(given, Mapping) and "input_ids" in given else shown(given)


def _list(value: object) -> list[int] | None:
    """A list of whole numbers, also where it comes as a tensor; None for anything else."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple) and all(isinstance(v, int) and not isinstance(v, bool) for v in value):
        return list(value)
    return None


def _pair_mistake(
    given: object, expected: dict[str, list[int]], tokenizer: PreTrainedTokenizerBase, first: str, second: str
) -> str | None:
    """The first thing in which a pair differs from the tokenizer's own, or None."""
    if not isinstance(given, Mapping):
        return "not_a_dictionary"
    if not set(expected) <= set(given):
        return "keys"
    values: dict[str, Any] = {key: given[key] for key in expected}
    if all(_rows(value) == 2 for value in values.values()):
        return "batch_of_two"
    lists = {key: _list(value) for key, value in values.items()}
    if any(value is None for value in lists.values()):
        return "not_lists"
    ids, types, mask = lists["input_ids"], lists["token_type_ids"], lists["attention_mask"]
    assert ids is not None and types is not None and mask is not None
    if ids != expected["input_ids"]:
        return _ids_mistake(ids, tokenizer, first, second)
    if not len(ids) == len(types) == len(mask):
        return "lengths"
    if types != expected["token_type_ids"]:
        if len(set(types)) == 1:
            return "all_one_type"
        differing = [i for i, (a, b) in enumerate(zip(types, expected["token_type_ids"], strict=True)) if a != b]
        return "separator_type" if all(ids[i] == tokenizer.sep_token_id for i in differing) else "types"
    return "mask" if mask != expected["attention_mask"] else None


def _ids_mistake(ids: Sequence[int], tokenizer: PreTrainedTokenizerBase, first: str, second: str) -> str:
    a, b = (tokenizer(one, add_special_tokens=False)["input_ids"] for one in (first, second))
    start, end = [tokenizer.cls_token_id], [tokenizer.sep_token_id]
    known = {
        "no_special": a + b,
        "two_starts": start + a + end + start + b + end,
        "no_last_separator": start + a + end + b,
        "no_middle_separator": start + a + b + end,
    }
    return next((name for name, value in known.items() if list(ids) == value), "wrong_ids")


def _rows(value: object) -> int | None:
    """Number of rows if a value is a table of lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple) and value and all(isinstance(row, list | tuple) for row in value):
        return len(value)
    return None


def _cut_mistake(given: object, expected: list[str], word: str) -> str:
    if not isinstance(given, list | tuple) or not all(isinstance(piece, str) for piece in given):
        return "not_a_list"
    pieces = list(given)
    bare = [piece.removeprefix("##") for piece in pieces]
    if expected == ["[UNK]"]:
        return "partly_unknown"
    if pieces == ["[UNK]"]:
        return "whole_or_unknown"
    if bare == [piece.removeprefix("##") for piece in expected]:
        return "first_marked" if pieces[0].startswith("##") else "no_marks"
    if bare == list(word):
        return "letters"
    if pieces == expected[:1]:
        return "only_first"
    return "other"
