"""Right answers to the exercises of lesson 04, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transformers import AutoTokenizer

from course_utils.checkpoints import pocket_folder

TOKENIZER = AutoTokenizer.from_pretrained(pocket_folder("pocket-bert-uncased"))
CLS, SEP = TOKENIZER.cls_token_id, TOKENIZER.sep_token_id


def tokens(texts: list[str]) -> list[int]:
    """Number of tokens of each text, special tokens left out."""
    return [len(TOKENIZER.tokenize(text)) for text in texts]


def words(texts: list[str]) -> list[int]:
    """Number of words of each text."""
    return [len(text.split()) for text in texts]


def ids(text: str) -> list[int]:
    """Ids of a text, special tokens left out."""
    return TOKENIZER.convert_tokens_to_ids(TOKENIZER.tokenize(text))


def pair(make_ids: Callable[[list[int], list[int]], list[int]]) -> Callable[[str, str], dict[str, Any]]:
    """An answer whose ids come from the ids of both texts; types and mask fit in length."""

    def answer(first: str, second: str) -> dict[str, Any]:
        made = make_ids(ids(first), ids(second))
        return {"input_ids": made, "token_type_ids": [0] * len(made), "attention_mask": [1] * len(made)}

    return answer


def right_pair(first: str, second: str) -> dict[str, Any]:
    """The right answer."""
    a, b = [CLS, *ids(first), SEP], [*ids(second), SEP]
    types = [0] * len(a) + [1] * len(b)
    return {"input_ids": a + b, "token_type_ids": types, "attention_mask": [1] * len(types)}


def changed(key: str, change: Callable[[list[int]], Any]) -> Callable[[str, str], dict[str, Any]]:
    """The right answer with one of its lists changed."""

    def answer(first: str, second: str) -> dict[str, Any]:
        made = right_pair(first, second)
        return {**made, key: change(made[key])}

    return answer


def moved_border(by: int) -> Callable[[str, str], dict[str, Any]]:
    """The right answer with the border between the types moved."""

    def answer(first: str, second: str) -> dict[str, Any]:
        made = right_pair(first, second)
        zeros = made["token_type_ids"].count(0) + by
        return {**made, "token_type_ids": [0] * zeros + [1] * (len(made["input_ids"]) - zeros)}

    return answer


def longest(word: str, vocabulary: dict[str, int], mark: str = "##", first: str = "") -> list[str]:
    """Longest match first; `mark` and `first` spoil what is written in front of the pieces."""
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            if ("##" if start else "") + word[start:end] in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append((mark if start else first) + word[start:end])
        start = end
    return pieces


def letter_by_letter(word: str, vocabulary: dict[str, int]) -> list[str]:
    """The shortest piece each time."""
    return [("##" if place else "") + letter for place, letter in enumerate(word)]


def unknown_letter_only(word: str, vocabulary: dict[str, int]) -> list[str]:
    """An unknown letter becomes [UNK] by itself, the rest is kept."""
    return ["fi", "[UNK]", "##lm"] if "\u2603" in word else longest(word, vocabulary)


RIGHT = {
    "04/tokens-per-word": (lambda tokenizer, texts: sum(tokens(texts)) / sum(words(texts)), TOKENIZER),
    "04/make-pair": (right_pair, TOKENIZER),
    "04/longest-match": (longest, TOKENIZER),
}
WRONG = {
    "04/tokens-per-word": {
        "not_a_number": lambda tokenizer, texts: tokens(texts) + [0],
        "with_special": lambda tokenizer, texts: sum(n + 2 for n in tokens(texts)) / sum(words(texts)),
        "upside_down": lambda tokenizer, texts: sum(words(texts)) / sum(tokens(texts)),
        "per_text": lambda tokenizer, texts: sum(tokens(texts)) / len(texts),
        "characters": lambda tokenizer, texts: sum(tokens(texts)) / sum(map(len, texts)),
        "mean_of_means": lambda tokenizer, texts: (
            sum(t / w for t, w in zip(tokens(texts), words(texts), strict=True)) / len(texts)
        ),
        "one_total": lambda tokenizer, texts: sum(tokens(texts)),
        "other": lambda tokenizer, texts: 1.5,
    },
    "04/make-pair": {
        "not_a_dictionary": lambda first, second: right_pair(first, second)["input_ids"],
        "keys": lambda first, second: {"input_ids": right_pair(first, second)["input_ids"]},
        "not_lists": changed("input_ids", str),
        "batch_of_two": lambda first, second: dict(TOKENIZER([first, second])),
        "no_special": pair(lambda a, b: a + b),
        "two_starts": pair(lambda a, b: [CLS, *a, SEP, CLS, *b, SEP]),
        "no_last_separator": pair(lambda a, b: [CLS, *a, SEP, *b]),
        "no_middle_separator": pair(lambda a, b: [CLS, *a, *b, SEP]),
        "wrong_ids": pair(lambda a, b: [CLS, *b, SEP, *a, SEP]),
        "lengths": changed("attention_mask", lambda mask: mask[1:]),
        "all_one_type": changed("token_type_ids", lambda types: [0] * len(types)),
        "separator_type": moved_border(-1),
        "types": moved_border(2),
        "mask": changed("attention_mask", lambda mask: [0, *mask[1:]]),
    },
    "04/longest-match": {
        "not_a_list": lambda word, vocabulary: " ".join(longest(word, vocabulary)),
        "no_marks": lambda word, vocabulary: longest(word, vocabulary, mark=""),
        "first_marked": lambda word, vocabulary: longest(word, vocabulary, first="##"),
        "letters": letter_by_letter,
        "only_first": lambda word, vocabulary: longest(word, vocabulary)[:1],
        "whole_or_unknown": lambda word, vocabulary: [word] if word in vocabulary else ["[UNK]"],
        "partly_unknown": unknown_letter_only,
        "other": lambda word, vocabulary: longest(word, vocabulary)[::-1],
    },
}
