"""Answers to the exercises of lesson 00: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def by_two_loops(starts: list[float], ends: list[float]) -> tuple[int, int]:
    """The best pair in order, by trying every start and every end."""
    best, found = -1.0, (0, 0)
    for start in range(len(starts)):
        for end in range(start, len(ends)):
            if starts[start] * ends[end] > best:
                best, found = starts[start] * ends[end], (start, end)
    return found


def by_a_table(starts: list[float], ends: list[float]) -> np.ndarray:
    """The best place in the upper triangle of all products, as an array."""
    products = np.triu(np.outer(starts, ends))
    return np.array(np.unravel_index(products.argmax(), products.shape))


def by_torch(starts: list[float], ends: list[float]) -> tuple[torch.Tensor, torch.Tensor]:
    """The same, as two tensors of one number."""
    products = torch.outer(torch.tensor(starts), torch.tensor(ends)).triu()
    place = products.argmax()
    return place // len(ends), place % len(ends)


def without_return(answers: list[dict[str, Any]]) -> None:
    """Collects and forgets."""
    found = []
    for answer in answers:
        found.append(answer["label"])


def popped(answers: list[dict[str, Any]]) -> list[str]:
    """Takes the labels out of the answers."""
    return [answer.pop("label") for answer in answers]


def first_loop_only(starts: list[float], ends: list[float]) -> tuple[int, int]:
    """Returns inside the loop."""
    for start in range(len(starts)):
        return start, max(range(start, len(ends)), key=lambda end: ends[end])
    return 0, 0


def replace_and_forget(sentence: str, tokenizer: Any) -> None:
    """A text is not changed by its method."""
    sentence.replace("___", tokenizer.mask_token)


RIGHT: dict[str, list[Any]] = {
    "00/labels": [
        lambda answers: tuple(answer["label"] for answer in answers),
        lambda answers: (answer["label"] for answer in answers),
        lambda answers: map(lambda answer: answer.get("label"), answers),
        lambda answers: np.array([answer["label"] for answer in answers]),
    ],
    "00/own-mask": [
        lambda sentence, tokenizer: tokenizer.mask_token.join(sentence.split("___")),
        lambda sentence, tokenizer: sentence.replace("___", tokenizer.convert_ids_to_tokens(tokenizer.mask_token_id)),
        lambda sentence, tokenizer: sentence.replace("___", tokenizer.decode([tokenizer.mask_token_id])),
        lambda sentence, tokenizer: sentence.replace("___", tokenizer.special_tokens_map["mask_token"]),
    ],
    "00/best-span": [by_two_loops, by_a_table, by_torch, lambda starts, ends: list(by_two_loops(starts, ends))],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "00/labels": [
        ("returned_none", without_return),
        ("returned_none_printed", lambda answers: print([answer["label"] for answer in answers])),
        ("changed", popped),
        ("scores", lambda answers: tuple(answer["score"] for answer in answers)),
        ("kind", lambda answers: {answer["label"]: answer["score"] for answer in answers}),
        ("", lambda answers: [answer["label"].lower() for answer in answers]),
        ("", lambda answers: [answer["label"] for answer in answers][::-1]),
        ("raised", lambda answers: [answer.label for answer in answers]),
    ],
    "00/own-mask": [
        ("returned_none", replace_and_forget),
        ("kind", lambda sentence, tokenizer: sentence.split()),
        ("fixed_mask", lambda sentence, tokenizer: "[MASK]".join(sentence.split("___"))),
        ("", lambda sentence, tokenizer: sentence.replace("___", tokenizer.mask_token).lower()),
        ("", lambda sentence, tokenizer: sentence.replace("___", "tokenizer.mask_token")),
        ("raised", lambda sentence, tokenizer: sentence.replace("___", tokenizer.mask)),
    ],
    "00/best-span": [
        ("kind", lambda starts, ends: "from 1 to 2"),
        ("shape", lambda starts, ends: [by_two_loops(starts, ends)]),
        ("start_first", lambda s, e: (i := s.index(max(s)), i + e[i:].index(max(e[i:])))),
        ("", first_loop_only),
        ("", lambda starts, ends: (0, 0)),
        ("", lambda starts, ends: tuple(n + 1 for n in by_two_loops(starts, ends))),
    ],
}
EQUIVALENT: dict[str, dict[str, str]] = {
    "00/best-span": {
        "pairs = [(s, e) for s in range(len(starts) + 1) for e in range(s, len(ends))]": "no end is left for it",
        "pairs = [(s, e) for s in range(len(ends)) for e in range(s, len(ends))]": "as many ends as starts",
        "pairs = [(s, e) for s in range(len(starts)) for e in range(s, len(starts))]": "as many ends as starts",
    },
}
