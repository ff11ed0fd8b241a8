"""Right answers to the exercises of lesson 00, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

from types import SimpleNamespace


def product_of(starts: list[float], ends: list[float]) -> tuple[int, int]:
    """The best pair in order, by trying every start and every end."""
    best, found = -1.0, (0, 0)
    for start in range(len(starts)):
        for end in range(start, len(ends)):
            if starts[start] * ends[end] > best:
                best, found = starts[start] * ends[end], (start, end)
    return found


def sum_of(starts: list[float], ends: list[float]) -> tuple[int, int]:
    """The pair in order with the largest sum."""
    pairs = [(s, e) for s in range(len(starts)) for e in range(s, len(ends))]
    return max(pairs, key=lambda pair: starts[pair[0]] + ends[pair[1]])


def put(sentence: str, what: object) -> str:
    """The sentence with something in the place of its three underscores."""
    return sentence.replace("___", str(what))


def number(sentence: str, tokenizer: SimpleNamespace) -> str:
    """The id of the mask instead of its text."""
    return put(sentence, tokenizer.mask_token_id)


RIGHT = {
    "00/labels": (lambda answers: [answer["label"] for answer in answers],),
    "00/own-mask": (lambda sentence, tokenizer: put(sentence, tokenizer.mask_token),),
    "00/best-span": (product_of,),
}
WRONG = {
    "00/labels": {
        "first_only": lambda answers: answers[0]["label"],
        "scores": lambda answers: [answer["score"] for answer in answers],
        "whole": lambda answers: answers,
        "keys": lambda answers: [list(answer) for answer in answers],
        "other": lambda answers: {answer["label"] for answer in answers},
    },
    "00/own-mask": {
        "fixed_mask": lambda sentence, tokenizer: put(sentence, "[MASK]"),
        "mask_id": number,
        "blank_left": lambda sentence, tokenizer: sentence,
        "not_a_text": lambda sentence, tokenizer: sentence.split(),
        "other": lambda sentence, tokenizer: put(sentence, tokenizer.mask_token).lower() + " ",
    },
    "00/best-span": {
        "apart": lambda starts, ends: (starts.index(max(starts)), ends.index(max(ends))),
        "one_past": lambda starts, ends: (product_of(starts, ends)[0], product_of(starts, ends)[1] + 1),
        "swapped": lambda starts, ends: product_of(starts, ends)[::-1],
        "added": sum_of,
        "not_a_pair": lambda starts, ends: max(starts) * max(ends),
        "other": lambda starts, ends: (0, 0),
    },
}
