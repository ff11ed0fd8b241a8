"""Answers to the exercises of lesson 14: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from typing import Any

import torch
from lesson_files import POCKET
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

Texts = list[str]


@cache
def sentiment() -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """The tokenizer and the model that the third exercise works with."""
    folder = POCKET / "pocket-bert-uncased-sst2"
    return AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)


def key(words: str) -> str:
    """What doubles share."""
    return " ".join(words.casefold().split())


def with_a_set(texts: Texts, size: int) -> tuple[Texts, Texts]:
    """Remembers what was seen."""
    seen: set[str] = set()
    once = [words for words in texts if not (key(words) in seen or seen.add(key(words)))]
    return once[: len(once) - size], once[len(once) - size :]


def with_a_dictionary(texts: Texts, size: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The last to write wins, so from behind; as tuples."""
    once = tuple(OrderedDict((key(words), words) for words in texts[::-1]).items())
    firsts = {place: words for place, words in once}
    order = tuple(firsts[each] for each in dict.fromkeys(map(key, texts)))
    return order[: len(order) - size], order[len(order) - size :]


def one_by_one(texts: Texts, size: int) -> list[Texts]:
    """Compares with all before."""
    once: Texts = []
    for words in texts:
        if all(key(words) != key(other) for other in once):
            once.append(words)
    cut = len(once) - size
    return [once[:cut], once[cut:]]


def within(texts: Texts) -> Texts:
    """Each text once."""
    return with_a_set(texts, 0)[0]


def one_more(texts: Texts, size: int) -> tuple[Texts, Texts]:
    """The test is a text too large."""
    once = within(texts)
    return once[: len(once) - size - 1], once[len(once) - size - 1 :]


def takes_out_where_it_stands(texts: Texts, size: int) -> tuple[Texts, Texts]:
    """Changes the list that it was given."""
    for place in range(len(texts) - 1, -1, -1):
        if key(texts[place]) in map(key, texts[:place]):
            del texts[place]
    return texts[: len(texts) - size], texts[len(texts) - size :]


def all_at_once(logits: torch.Tensor, truth: Texts, id2label: dict[int, str]) -> torch.Tensor:
    """By numbers."""
    label2id = {name: number for number, name in id2label.items()}
    return (logits.argmax(dim=-1) == torch.tensor([label2id[name] for name in truth])).float().mean()


def row_by_row(logits: torch.Tensor, truth: Texts, id2label: dict[int, str]) -> float:
    """By hand."""
    hits = 0
    for row, name in zip(logits.tolist(), truth, strict=True):
        hits += id2label[row.index(max(row))] == name
    return hits / len(truth)


def by_softmax(logits: torch.Tensor, truth: Texts, id2label: dict[int, str]) -> float:
    """Through probabilities, which changes nothing."""
    names = [id2label[int(best)] for best in logits.softmax(dim=-1).max(dim=-1).indices]
    return sum(name == right for name, right in zip(names, truth, strict=True)) / len(names)


def with_mask(texts: Texts, **options: Any) -> torch.Tensor:
    """The whole of what the tokenizer gives."""
    tokenizer, model = sentiment()
    with torch.inference_mode():
        return model(**tokenizer(texts, truncation=True, return_tensors="pt", **options)).logits.softmax(dim=-1)


def mask_from_ids(texts: Texts) -> torch.Tensor:
    """A mask of one's own."""
    tokenizer, model = sentiment()
    ids = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=(ids != tokenizer.pad_token_id).long()).logits.softmax(dim=-1)


def first_row_only(texts: Texts) -> torch.Tensor:
    """One row for a whole batch."""
    return with_mask(texts, padding=True)[:1]


def names_of_best(texts: Texts) -> Texts:
    """Names in place of probabilities."""
    model = sentiment()[1]
    return [model.config.id2label[int(row.argmax())] for row in with_mask(texts, padding=True)]


def not_cut(texts: Texts) -> Any:
    """Prints in place of returning."""
    print(with_mask(texts, padding=True))


MATERIALS = {"14/padding": sentiment}
RIGHT: dict[str, list[Any]] = {
    "14/leak": [with_a_set, with_a_dictionary, one_by_one],
    "14/label-order": [all_at_once, row_by_row, by_softmax],
    "14/padding": [
        lambda texts: with_mask(texts, padding=True),
        lambda texts: torch.cat([with_mask([words]) for words in texts]),
        mask_from_ids,
        lambda texts: with_mask(texts, padding=True, pad_to_multiple_of=8).tolist(),
    ],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "14/leak": [
        ("", one_more),
        ("changed", takes_out_where_it_stands),
        ("", lambda texts, size: within(texts)),
        ("raised", lambda texts, size: texts.unique()),
    ],
    "14/label-order": [
        ("raised", lambda logits, truth, id2label: id2label[logits.argmax(dim=-1)]),
        ("", lambda logits, truth, id2label: 0.5),
    ],
    "14/padding": [
        ("shape", first_row_only),
        ("", names_of_best),
        ("returned_none_printed", not_cut),
        ("raised", lambda texts: with_mask(texts)),
    ],
}
EQUIVALENT = {
    "14/leak": {"return ' _'.join(words.casefold().split())": "any glue tells the same texts from each other"},
    "14/label-order": {
        "hits = [id2label[row.argmax().item()] == right for row, right in zip(logits, truth)]": "as many of both",
        "hits = [id2label[row.argmax().item()] == right for row, right in zip(logits, truth, strict=False)]": "too",
    },
    "14/padding": {"return logits.softmax(dim=1)": "the logits have two axes, so 1 is the last"},
}
