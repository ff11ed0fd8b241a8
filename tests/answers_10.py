"""Answers to the exercises of lesson 10: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from mutants import solutions
from torch import Tensor

Texts = list[str]


def materials() -> tuple[Any, Any]:
    """The tokenizer and the model of the notebook."""
    tokenizer, model = solutions("10")["10/in-order"].more
    return tokenizer, model


def read(texts: Texts, **changes: Any) -> Tensor:
    """Logits of a batch."""
    tokenizer, model = materials()
    inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        return model(**{**inputs, **changes}).logits


def lengths_of(texts: Texts) -> list[int]:
    """Tokens of each text."""
    return [len(ids) for ids in materials()[0](texts)["input_ids"]]


def longest_first(texts: Texts) -> Tensor:
    """From the longest to the shortest, put back by the inverse order."""
    order = sorted(range(len(texts)), key=lambda i: -lengths_of(texts)[i])
    rows = torch.cat([read([texts[i] for i in order[at : at + 8]]) for at in range(0, len(order), 8)])
    return rows[torch.tensor(order).argsort()]


@torch.no_grad()
def by_forward(texts: Texts) -> Tensor:
    """The method itself is called, in batches sorted by length, under a decorator."""
    tokenizer, model = materials()
    lengths = lengths_of(texts)
    order, found = sorted(range(len(texts)), key=lengths.__getitem__), torch.empty(len(texts), 2)
    for at in range(0, len(order), 8):
        inputs = tokenizer([texts[i] for i in order[at : at + 8]], padding=True, truncation=True, return_tensors="pt")
        found[order[at : at + 8]] = model.forward(**inputs).logits
    return found


def by_a_dictionary(texts: Texts) -> list[Any]:
    """Rows kept by position, given as a list of lists."""
    lengths, found = lengths_of(texts), {}
    left = sorted(enumerate(texts), key=lambda pair: lengths[pair[0]])
    while left:
        batch, left = left[:8], left[8:]
        found |= dict(zip([i for i, _ in batch], read([text for _, text in batch]).tolist(), strict=True))
    return [found[i] for i in range(len(texts))]


def with_numpy(texts: Texts) -> np.ndarray:
    """Rows written into an array, read in inference mode."""
    order = np.argsort(lengths_of(texts), kind="stable")
    logits = np.zeros((len(texts), 2))
    with torch.inference_mode():
        for at in range(0, len(order), 8):
            places = order[at : at + 8]
            logits[places] = read([texts[i] for i in places]).numpy()
    return logits


def all_at_once(texts: Texts) -> Tensor:
    """One large table."""
    return read(texts)


def forgotten(texts: Texts) -> Tensor:
    """Sorted and never restored."""
    lengths = lengths_of(texts)
    ordered = [text for _, text in sorted(zip(lengths, texts, strict=True), key=lambda pair: pair[0])]
    return torch.cat([read(ordered[at : at + 8]) for at in range(0, len(ordered), 8)])


def without_mask(texts: Texts) -> Tensor:
    """One large table, padding read as text."""
    return read(texts, attention_mask=None)


def loud(texts: Texts) -> Tensor:
    """In the right batches, with gradients, taken off at the end."""
    tokenizer, model = materials()
    lengths = lengths_of(texts)
    order = sorted(range(len(texts)), key=lambda i: lengths[i])
    logits = torch.zeros(len(texts), 2)
    for at in range(0, len(order), 8):
        batch = [texts[i] for i in order[at : at + 8]]
        inputs = tokenizer(batch, padding=True, truncation=True, return_tensors="pt")
        logits[order[at : at + 8]] = model(**inputs).logits.detach()
    return logits


def sorts_what_it_got(texts: Texts) -> Tensor:
    """Sorts the caller's own list."""
    texts.sort(key=len)
    return torch.cat([read(texts[at : at + 8]) for at in range(0, len(texts), 8)])


def by_topk(logits: Tensor, names: dict[int, str], k: int | None) -> list[dict[str, Any]]:
    """With `topk`, for as many as there are."""
    best = logits.softmax(-1).topk(min(k or len(names), len(names)))
    return [{"score": p, "label": names[i.item()]} for p, i in zip(best.values, best.indices, strict=True)]


def by_sorting(logits: Tensor, names: dict[int, str], k: int | None) -> Any:
    """Pairs sorted, as a generator."""
    rows = sorted(zip(logits.softmax(0).tolist(), map(names.get, range(len(names))), strict=True), reverse=True)
    yield from ({"label": label, "score": round(score, 4)} for score, label in rows[:k])


def with_exp(logits: Tensor, names: dict[int, str], k: int | None) -> tuple[dict[str, Any], ...]:
    """Softmax by NumPy."""
    powers = np.exp(logits.numpy())
    order = np.argsort(-powers)[:k]
    return tuple({"label": names[int(i)], "score": powers[i] / powers.sum()} for i in order)


def shares_of_the_best(logits: Tensor, names: dict[int, str], k: int | None) -> list[dict[str, Any]]:
    """Divides by the sum of those that are shown."""
    rows = by_topk(logits, names, k)
    return [{**row, "score": row["score"] / sum(each["score"] for each in rows)} for row in rows]


def prints(logits: Tensor, names: dict[int, str], k: int | None) -> None:
    """For the eye only."""
    for row in by_topk(logits, names, k):
        print(row)


def in_a_copy(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """Leaves the model alone and asks a copy of it."""
    with torch.inference_mode():
        return copy.deepcopy(model).eval()(**inputs)[0]


def with_finally(model: Any, inputs: dict[str, Tensor]) -> Any:
    """Restores the mode also where the model fails; rows as lists."""
    in_training = [part for part in model.modules() if part.training]
    try:
        with torch.no_grad():
            return model.train(False)(**inputs).logits.tolist()
    finally:
        for part in in_training:
            part.training = True


@torch.no_grad()
def decorated(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """Without gradients as a whole."""
    modes = {name: part.training for name, part in model.named_modules()}
    logits = model.eval()(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
    for name, part in model.named_modules():
        part.training = modes[name]
    return logits


def forgets_eval(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """Only without gradients."""
    with torch.no_grad():
        return model(**inputs).logits


def always_back_to_training(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """As somebody does who only thinks of training."""
    logits = forgets_eval(model.eval(), inputs)
    model.train()
    return logits


def back_as_a_whole(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """Restores the mode of the model and no more."""
    mode = model.training
    logits = forgets_eval(model.eval(), inputs)
    model.train(mode)
    return logits


def loudly(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """The right mode, and gradients."""
    return copy.deepcopy(model).eval()(**inputs).logits


def for_good(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """Switches gradients off for all that follows."""
    torch.set_grad_enabled(False)
    return copy.deepcopy(model).eval()(**inputs).logits


def one_by_one(texts: Texts, right: list[int], size: int) -> float:
    """Text by text."""
    return np.mean([read([text]).argmax().item() == label for text, label in zip(texts, right, strict=True)])


def weighted(texts: Texts, right: list[int], size: int) -> Tensor:
    """Shares of the batches, each weighted with its size."""
    shares, sizes = [], []
    for at in range(0, len(texts), size):
        guesses = read(texts[at : at + size]).argmax(-1)
        shares.append((guesses == torch.tensor(right[at : at + size])).float().mean())
        sizes.append(len(guesses))
    return (torch.stack(shares) * torch.tensor(sizes)).sum() / sum(sizes)


def collected(texts: Texts, right: list[int], size: int) -> Any:
    """All guesses first."""
    guesses = torch.cat([read(texts[at : at + size]).argmax(-1) for at in range(0, len(texts), size)])
    return (guesses == torch.tensor(right)).float().mean()


def last_only(texts: Texts, right: list[int], size: int) -> float:
    """Starts to count anew in every batch."""
    for at in range(0, len(texts), size):
        guesses = read(texts[at : at + size]).argmax(-1)
        hits = (guesses == torch.tensor(right[at : at + size])).float().mean().item()
    return hits


def mean_of_means(texts: Texts, right: list[int], size: int) -> float:
    """Another way to write the fault."""
    total, batches = 0.0, 0
    while texts:
        total += one_by_one(texts[:size], right[:size], size)
        texts, right, batches = texts[size:], right[size:], batches + 1
    return total / batches


def from_the_top(scores: list[float], correct: list[bool], wanted: float) -> float:
    """Counts from the highest score down; the last limit that will do."""
    rows = sorted(zip(scores, correct, strict=True), reverse=True)
    best, hits = float("inf"), 0
    for place, (score, good) in enumerate(rows):
        hits += good
        last_of_its_kind = place + 1 == len(rows) or rows[place + 1][0] < score
        if last_of_its_kind and hits >= wanted * (place + 1) - 1e-9:
            best = score
    return best


def limit_by_numpy(scores: list[float], correct: list[bool], wanted: float) -> Any:
    """Every limit at once, as a table."""
    values, good = np.array(scores), np.array(correct)
    kept = values[None] >= values[:, None]
    shares = (kept * good).sum(1) / kept.sum(1)
    return values[shares >= wanted].min() if (shares >= wanted).any() else np.inf


def limit_by_torch(scores: list[float], correct: list[bool], wanted: float) -> Any:
    """Limits as tensors of one number."""
    values, good = torch.tensor(scores, dtype=torch.float64), torch.tensor(correct)
    for least in values.unique():
        if good[values >= least].double().mean() >= wanted:
            return least
    return torch.inf


def stops_at_the_first_fault(scores: list[float], correct: list[bool], wanted: float) -> float:
    """Goes down from the best score until the promise is broken for the first time."""
    best = float("inf")
    for score in sorted(set(scores), reverse=True):
        kept = [good for each, good in zip(scores, correct, strict=True) if each >= score]
        if sum(kept) / len(kept) < wanted:
            break
        best = score
    return best


MATERIALS = {"10/in-order": materials, "10/repair-share": materials}
RIGHT: dict[str, list[Any]] = {
    "10/in-order": [longest_first, by_a_dictionary, by_forward, with_numpy],
    "10/best-labels": [by_topk, by_sorting, with_exp],
    "10/limit": [from_the_top, limit_by_numpy, limit_by_torch],
    "10/steady": [in_a_copy, with_finally, decorated],
    "10/repair-share": [one_by_one, weighted, collected],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "10/in-order": [
        ("one_by_one", all_at_once),
        ("one_by_one", lambda texts: torch.cat([read([text]) for text in texts])),
        ("too_much_padding", lambda texts: torch.cat([read(texts[at : at + 8]) for at in range(0, len(texts), 8)])),
        ("sorted_order", forgotten),
        ("padding_seen", without_mask),
        ("gradients", loud),
        ("kind", lambda texts: "POSITIVE"),
        ("shape", lambda texts: longest_first(texts)[:, 0]),
        ("", lambda texts: longest_first(texts).flip(-1)),
        ("", sorts_what_it_got),
        ("raised", lambda texts: torch.tensor([read([text]) for text in texts])),
    ],
    "10/best-labels": [
        ("returned_none_printed", prints),
        ("kind", lambda logits, names, k: names[0]),
        ("kind", lambda logits, names, k: {"label": names[0], "score": 0.5}),
        ("renormalised", shares_of_the_best),
        ("worst_first", lambda z, names, k: by_topk(z, names, None)[::-1][:k]),
        ("", lambda z, names, k: by_topk(z, names, k)[::-1]),
        ("", lambda z, names, k: [dict(row, score=round(float(row["score"]), 1)) for row in by_topk(z, names, k)]),
        ("", lambda z, names, k: by_topk(z, names, (k or 4) + 1)),
        ("raised", lambda z, names, k: by_topk(z, list(names)[: k - 1], k)),
    ],
    "10/limit": [
        ("", stops_at_the_first_fault),
        ("lowest", lambda scores, correct, wanted: min(scores)),
        ("", lambda scores, correct, wanted: wanted),
        ("kind", lambda scores, correct, wanted: sorted(scores)),
        ("empty_promise", lambda scores, correct, wanted: min(from_the_top(scores, correct, wanted), 1.0)),
        ("returned_none_printed", lambda scores, correct, wanted: print(from_the_top(scores, correct, wanted))),
        ("raised", lambda scores, correct, wanted: scores[wanted]),
    ],
    "10/steady": [
        ("random", forgets_eval),
        ("left_in_eval", lambda model, inputs: forgets_eval(model.eval(), inputs)),
        ("left_in_training", always_back_to_training),
        ("parts_lost", back_as_a_whole),
        ("gradients", loudly),
        ("left_off", for_good),
        ("kind", lambda model, inputs: "sure"),
        ("shape", lambda model, inputs: in_a_copy(model, inputs).argmax(-1)),
        ("", lambda model, inputs: in_a_copy(model, inputs) + 1),
        ("raised", lambda model, inputs: in_a_copy(model, inputs["input_ids"])),
    ],
    "10/repair-share": [
        ("planted", mean_of_means),
        ("last_batch", last_only),
        ("number", lambda texts, right, size: one_by_one(texts, right, size) * len(texts)),
        ("", lambda texts, right, size: one_by_one(texts[:-1], right[:-1], size)),
        ("", lambda texts, right, size: 0.5),
        ("kind", lambda texts, right, size: "all of them"),
        ("raised", lambda texts, right, size: one_by_one(texts, right[:size], size)),
    ],
}
AXES = "logits have two axes, so their last is axis 1"
ONE = "a tensor of one number is a number"
EQUIVALENT: dict[str, dict[str, str]] = {
    "10/best-labels": {
        "probabilities = torch.softmax(logits, dim=0)": "one row of logits has one axis, its first and its last",
        "probabilities = torch.softmax(logits, dim=-0)": "one row of logits has one axis, its first and its last",
        "return [{'label': names[i], 'score': probabilities[i]} for i in order[:k]]": ONE,
    },
    "10/limit": {
        "kept = [good for score, good in zip(scores, correct, strict=False) if score >= least]": "as many as scores",
        "kept = [good for score, good in zip(scores, correct) if score >= least]": "as many as scores",
    },
    "10/steady": {
        "for part, mode in zip(parts, modes, strict=False):": "as many modes as parts",
        "for part, mode in zip(parts, modes):": "as many modes as parts",
    },
    "10/repair-share": {
        "hits += (guesses == labels).sum()": ONE,
        "for start in range(0, len(right), size):": "as many labels as texts",
        "return hits / len(right)": "as many labels as texts",
        "guesses = model(**inputs).logits.argmax(dim=1)": AXES,
    },
}
