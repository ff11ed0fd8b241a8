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


def positive(answer: dict[str, Any]) -> float:
    """The probability of POSITIVE."""
    return {"POSITIVE": answer["score"], "NEGATIVE": 1 - answer["score"]}[answer["label"]]


def by_numpy(sentences: list[str], answers: list[dict[str, Any]]) -> np.ndarray:
    """The ranking as an array of texts."""
    return np.array(sentences)[np.argsort([-positive(answer) for answer in answers])]


def by_a_dictionary(sentences: list[str], answers: list[dict[str, Any]]) -> Any:
    """The ranking as the keys of a dictionary."""
    rated = dict(zip(sentences, map(positive, answers), strict=True))
    return dict(sorted(rated.items(), key=lambda item: -item[1])).keys()


def pop_the_best(sentences: list[str], answers: list[dict[str, Any]]) -> list[str]:
    """Takes the most positive out of a copy, again and again."""
    left, found = list(zip(sentences, answers, strict=True)), []
    while left:
        found.append(max(left, key=lambda pair: positive(pair[1])))
        left.remove(found[-1])
    return [sentence for sentence, _ in found]


def sort_in_place(sentences: list[str], answers: list[dict[str, Any]]) -> list[str]:
    """Sorts what it was given."""
    places = dict(zip(sentences, map(positive, answers), strict=True))
    sentences.sort(key=lambda sentence: -places[sentence])
    return sentences


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
    "00/most-positive": [by_numpy, by_a_dictionary, pop_the_best],
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
    "00/most-positive": [
        ("changed", sort_in_place),
        ("kind", lambda sentences, answers: sentences[0]),
        (
            "least_first",
            lambda sentences, answers: sorted(sentences, key=lambda s: positive(answers[sentences.index(s)])),
        ),
        ("", lambda sentences, answers: sorted(sentences)),
        ("", lambda sentences, answers: [pop_the_best(sentences, answers)[0]]),
        ("as_given", lambda sentences, answers: tuple(sentences)),
    ],
}
EQUIVALENT: dict[str, dict[str, str]] = {
    "00/most-positive": {
        "for sentence, answer in zip(sentences, answers):": "as many answers as sentences",
        "for sentence, answer in zip(sentences, answers, strict=False):": "as many answers as sentences",
        "positive = answer['score'] if answer['label'] == 'POSITIVE' else 0 - answer['score']": "1 less for NEGATIVE "
        "leaves all of them behind the rest, in the same order",
    },
    "00/best-span": {
        "pairs = [(s, e) for s in range(len(starts) + 1) for e in range(s, len(ends))]": "no end is left for it",
        "pairs = [(s, e) for s in range(len(ends)) for e in range(s, len(ends))]": "as many ends as starts",
        "pairs = [(s, e) for s in range(len(starts)) for e in range(s, len(starts))]": "as many ends as starts",
    },
}
