"""Answers to the exercises of lesson 04: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer

from course_lessons.lesson_04.ready_made import learn_merges, merge
from course_utils.checkpoints import pocket_folder

TOKENIZER = AutoTokenizer.from_pretrained(pocket_folder("pocket-bert-uncased"))
CLS, SEP = TOKENIZER.cls_token_id, TOKENIZER.sep_token_id
Counts = dict[str, int]


def with_lists(counts: Counts, merges: int) -> list[list[str]]:
    """Words as lists, pairs as lists, numbers looked up in a list of entries."""
    words = [([*word], count) for word, count in counts.items()]
    entries = sorted({letter for word in counts for letter in word})
    learned: list[list[str]] = []
    for _ in range(merges):
        pairs: Counter[tuple[str, str]] = Counter()
        for pieces, count in words:
            for pair in pairwise(pieces):
                pairs.update({pair: count})
        if not pairs:
            return learned
        most = max(pairs.values())
        equal = [pair for pair in pairs if pairs[pair] == most]
        best = sorted(equal, key=lambda pair: [entries.index(piece) for piece in pair])[0]
        if "".join(best) not in entries:
            entries.append("".join(best))
        words = [([*merge(pieces, best)], count) for pieces, count in words]
        learned.append([*best])
    return learned


def one_by_one(counts: Counts, merges: int) -> Any:
    """As a generator."""
    yield from learn_merges(counts, merges)


def to_the_end(counts: Counts, merges: int) -> list[tuple[str, str]]:
    """Ignores the number of merges."""
    return learn_merges(counts, 1000)


def without_an_end(counts: Counts, merges: int) -> list[tuple[str, str]]:
    """Goes on where no pair is left."""
    learned: list[tuple[str, str]] = []
    while len(learned) < merges:
        learned = learn_merges(counts, len(learned) + 1)
    return learned


def emptied(counts: Counts, merges: int) -> list[tuple[str, str]]:
    """Right merges, and no counts afterwards."""
    learned = learn_merges(counts, merges)
    counts.clear()
    return learned


def tokens(cut: Callable[[str], list[str]], texts: list[str]) -> list[int]:
    """Number of tokens of each text."""
    return [len(cut(text)) for text in texts]


def words(texts: list[str]) -> list[int]:
    """Number of words of each text."""
    return [len(text.split()) for text in texts]


def ids(text: str) -> list[int]:
    """Ids of a text, special tokens left out."""
    return TOKENIZER(text, add_special_tokens=False)["input_ids"]


def right_pair(first: str, second: str) -> dict[str, Any]:
    """Three lists."""
    a, b = [CLS, *ids(first), SEP], [*ids(second), SEP]
    types = [0] * len(a) + [1] * len(b)
    return {"input_ids": a + b, "token_type_ids": types, "attention_mask": [1] * len(types)}


def pair_of_tensors(first: str, second: str) -> dict[str, torch.Tensor]:
    """Three tensors."""
    return {key: torch.tensor(value) for key, value in right_pair(first, second).items()}


def pair_of_two_calls(first: str, second: str) -> Any:
    """Two encoded texts, joined."""
    a, b = TOKENIZER(first), TOKENIZER(second)
    b = {key: value[1:] for key, value in b.items()}
    b["token_type_ids"] = [1 for _ in b["input_ids"]]
    return OrderedDict((key, (*a[key], *b[key])) for key in a)


def changed(key: str, change: Callable[[list[int]], Any]) -> Callable[[str, str], dict[str, Any]]:
    """The right answer with one of its lists changed."""

    def answer(first: str, second: str) -> dict[str, Any]:
        made = right_pair(first, second)
        return {**made, key: change(made[key])}

    return answer


def longest(word: str, vocabulary: dict[str, int], unknown: bool = True) -> list[str]:
    """Longest match first; without `unknown` it never ends where nothing fits."""
    pieces: list[str] = []
    rest, mark = word, ""
    while rest:
        for length in range(len(rest), 0, -1):
            if mark + rest[:length] in vocabulary:
                pieces.append(mark + rest[:length])
                rest, mark = rest[length:], "##"
                break
        else:
            if unknown:
                return ["[UNK]"]
    return pieces


def by_recursion(word: str, vocabulary: dict[str, int], mark: str = "") -> tuple[str, ...]:
    """The same without a loop over the word."""
    if not word:
        return ()
    ends = [end for end in range(1, len(word) + 1) if mark + word[:end] in vocabulary]
    if not ends:
        return ("[UNK]",)
    rest = by_recursion(word[ends[-1] :], vocabulary, "##")
    return rest if rest == ("[UNK]",) else (mark + word[: ends[-1]], *rest)


def unread(text: str) -> list[str]:
    """By the tokenizer's own pieces."""
    encoded = TOKENIZER(text, return_offsets_mapping=True, add_special_tokens=False)
    return [
        text[slice(*place)]
        for token, place in zip(encoded.tokens(), encoded["offset_mapping"], strict=True)
        if token == TOKENIZER.unk_token
    ]


def by_characters(text: str) -> list[str]:
    """By `token_to_chars`."""
    encoded = TOKENIZER(text)
    places = [encoded.token_to_chars(n) for n, one in enumerate(encoded["input_ids"]) if one == TOKENIZER.unk_token_id]
    return [text[place.start : place.end] for place in places]


MATERIALS = {"04/make-pair": lambda: (TOKENIZER,), "04/repair-offsets": lambda: (TOKENIZER,)}
RIGHT: dict[str, list[Any]] = {
    "04/byte-pair-encoding": [with_lists, one_by_one, lambda counts, merges: tuple(learn_merges(counts, merges))],
    "04/tokens-per-word": [
        lambda cut, texts: sum(tokens(cut, texts)) / sum(words(texts)),
        lambda cut, texts: np.sum(tokens(cut, texts)) / np.sum(words(texts)),
        lambda cut, texts: torch.tensor(tokens(cut, texts)).sum() / torch.tensor(words(texts)).sum(),
        lambda cut, texts: [len([token for text in texts for token in cut(text)]) / len(" ".join(texts).split())],
    ],
    "04/make-pair": [right_pair, pair_of_tensors, pair_of_two_calls],
    "04/longest-match": [longest, by_recursion, lambda word, vocabulary: iter(longest(word, vocabulary))],
    "04/repair-offsets": [unread, by_characters, lambda text: tuple(unread(text))],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "04/byte-pair-encoding": [
        ("", to_the_end),
        ("too_long", without_an_end),
        ("changed", emptied),
        ("kind", lambda counts, merges: len(learn_merges(counts, merges))),
        ("pieces", lambda counts, merges: [first + second for first, second in learn_merges(counts, merges)]),
        ("", lambda counts, merges: learn_merges(counts, merges)[::-1]),
        ("", lambda counts, merges: learn_merges(counts, merges - 1)),
        ("raised", lambda counts, merges: [learn_merges(counts, n + 1)[n] for n in range(merges)]),
    ],
    "04/tokens-per-word": [
        ("kind", lambda cut, texts: f"{sum(tokens(cut, texts)) / sum(words(texts)):.2f}"),
        ("kind", tokens),
        ("", lambda cut, texts: round(sum(tokens(cut, texts)) / sum(words(texts)))),
        ("", lambda cut, texts: (sum(tokens(cut, texts)) + 2 * len(texts)) / sum(words(texts))),
        ("mean_of_means", lambda cut, texts: np.mean([len(cut(text)) / len(text.split()) for text in texts])),
        ("", lambda cut, texts: 1.5),
        ("first_only", lambda cut, texts: len(cut(texts[0])) / len(texts[0].split())),
    ],
    "04/make-pair": [
        ("both_at_once", lambda first, second: TOKENIZER(first, second)),
        ("both_at_once", lambda first, second: {key: row[0] for key, row in TOKENIZER([[first, second]]).items()}),
        ("kind", lambda first, second: right_pair(first, second)["input_ids"]),
        ("", lambda first, second: {"input_ids": right_pair(first, second)["input_ids"]}),
        ("", changed("input_ids", str)),
        ("", changed("attention_mask", lambda mask: mask[1:])),
        ("", changed("attention_mask", lambda mask: [0, *mask[1:]])),
        ("batch_of_two", lambda first, second: TOKENIZER([first, second])),
    ],
    "04/longest-match": [
        ("too_long", lambda word, vocabulary: longest(word, vocabulary, unknown=False)),
        ("kind", lambda word, vocabulary: " ".join(longest(word, vocabulary))),
        ("", lambda word, vocabulary: longest(word, vocabulary)[::-1]),
        ("no_marks", lambda word, vocabulary: [piece.removeprefix("##") for piece in longest(word, vocabulary)]),
        ("", lambda word, vocabulary: TOKENIZER.tokenize(word)),
        ("ids", lambda word, vocabulary: [vocabulary[piece] for piece in by_recursion(word, vocabulary)]),
    ],
    "04/repair-offsets": [
        ("kind", lambda text: " ".join(unread(text))),
        ("", lambda text: [part.lower() for part in unread(text)][::-1]),
        ("", lambda text: sorted(set(unread(text)))),
        ("tokens", lambda text: ["[UNK]"] * len(unread(text))),
        ("", lambda text: [text[start + 1 : end] for start, end in [(0, 3)] if unread(text)]),
    ],
}
EACH = "ids and offsets have one entry for each token"
EQUIVALENT: dict[str, dict[str, str]] = {
    "04/longest-match": {
        "for end in range(len(word) + 1, start, -1):": "a slice that ends behind the word ends with the word",
        "piece = word[:end] if start == 0 else '##' + word[start:end]": "start is 0 there",
    },
    "04/repair-offsets": {
        "for number, offsets in zip(encoded['input_ids'], encoded['offset_mapping']):": EACH,
        "for number, offsets in zip(encoded['input_ids'], encoded['offset_mapping'], strict=False):": EACH,
    },
}
