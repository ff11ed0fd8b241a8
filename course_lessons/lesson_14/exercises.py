"""What is right and wrong in the exercises of lesson 14, your own data: three pieces of code to repair."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from course_checks.judging import Exercise
from course_checks.values import alike
from course_utils.exercises import record

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Texts = list[str]


@record("14/leak")
def leak() -> Exercise:
    """`answer(texts, size)` gives (train, test): each text once, in its order, the last `size` of them as the test."""

    def key(words: str) -> str:
        return " ".join(words.casefold().split())

    def once(texts: Texts, same: Callable[[str], str] = key, last: bool = False) -> Texts:
        found: dict[str, str] = {}
        for words in texts:
            if last:
                found.pop(same(words), None)
            if last or same(words) not in found:
                found[same(words)] = words
        return list(found.values())

    def cut(texts: Texts, size: int) -> tuple[Texts, Texts]:
        return texts[: len(texts) - size], texts[len(texts) - size :]

    def planted(texts: Texts, size: int) -> tuple[Texts, Texts]:
        train, test = cut(texts, size)
        return once(train), once(test)

    def from_train(texts: Texts, size: int) -> tuple[Texts, Texts]:
        train, test = planted(texts, size)
        keys = set(map(key, test))
        return [words for words in train if key(words) not in keys], test

    def from_test(texts: Texts, size: int) -> tuple[Texts, Texts]:
        train, test = planted(texts, size)
        keys = set(map(key, train))
        return train, [words for words in test if key(words) not in keys]

    return Exercise(
        right=lambda texts, size: cut(once(texts), size),
        cases=[
            (["Dull.", "Warm and funny.", "A bore.", "Lovely.", "warm  and FUNNY.", "So so."], 2),
            (["one", "two", "ONE", "two", "three", " three ", "four", "Two"], 1),
            (["a", "b", "c", "d"], 2),
            (["x", "Straße", "STRASSE", "y"], 1),
            (["a", "A", "b"], 0),
        ],
        mistakes={
            "planted": planted,
            "only_from_train": from_train,
            "only_from_test": from_test,
            "exact": lambda texts, size: cut(once(texts, str), size),
            "spaces": (
                lambda texts, size: cut(once(texts, str.casefold), size),
                lambda texts, size: cut(once(texts, str.lower), size),
                lambda texts, size: cut(once(texts, lambda words: words.casefold().strip()), size),
            ),
            "capitals": lambda texts, size: cut(once(texts, lambda words: " ".join(words.split())), size),
            "lower": lambda texts, size: cut(once(texts, lambda words: " ".join(words.lower().split())), size),
            "last_kept": lambda texts, size: cut(once(texts, last=True), size),
            "keys": lambda texts, size: cut(list(dict.fromkeys(map(key, texts))), size),
            "sorted": lambda texts, size: cut(sorted(once(texts)), size),
            "first_as_test": lambda texts, size: (once(texts)[size:], once(texts)[:size]),
            "swapped": lambda texts, size: cut(once(texts), size)[::-1],
            "minus_zero": lambda texts, size: (once(texts)[:-size], once(texts)[-size:]),
        },
    )


@record("14/label-order")
def label_order() -> Exercise:
    """`answer(logits, truth, id2label)` gives the share of texts whose best label is right, by the model's names."""
    import torch

    def share(logits: torch.Tensor, truth: Texts, name: Callable[[int], Any]) -> float:
        return sum(name(row.argmax().item()) == right for row, right in zip(logits, truth, strict=True)) / len(truth)

    def planted(logits: torch.Tensor, truth: Texts, id2label: dict[int, str]) -> float:
        names = sorted(set(truth))
        return share(logits, truth, lambda best: names[best])

    def first_seen(logits: torch.Tensor, truth: Texts, id2label: dict[int, str]) -> float:
        names = list(dict.fromkeys(truth))
        return share(logits, truth, lambda best: names[best])

    return Exercise(
        right=lambda logits, truth, id2label: share(logits, truth, id2label.__getitem__),
        cases=[
            (torch.tensor([[2.0, -1.0], [0.5, 1.5], [3.0, 0.0]]), ["good", "bad", "good"], {0: "good", 1: "bad"}),
            (torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.4]]), ["good", "good", "good"], {0: "bad", 1: "good"}),
            (
                torch.tensor([[0.0, 1.0, 5.0], [4.0, 0.0, 1.0], [0.0, 2.0, 1.0], [1.0, 0.0, 3.0], [9.0, 0.0, 1.0]]),
                ["cold", "mild", "warm", "cold", "cold"],
                {0: "mild", 1: "warm", 2: "cold"},
            ),
            (torch.tensor([[1.0, 2.0]]), ["A"], {1: "A", 0: "B"}),
        ],
        mistakes={
            "planted": planted,
            "first_seen": first_seen,
            "sorted_names": lambda logits, truth, id2label: share(logits, truth, sorted(id2label.values()).__getitem__),
            "listed_names": lambda logits, truth, id2label: share(logits, truth, list(id2label.values()).__getitem__),
            "worst": lambda logits, truth, id2label: share(-logits, truth, id2label.__getitem__),
            "ids": lambda logits, truth, id2label: share(logits, truth, int),
            "count": lambda logits, truth, id2label: len(truth) * share(logits, truth, id2label.__getitem__),
            "percent": lambda logits, truth, id2label: 100 * share(logits, truth, id2label.__getitem__),
            "errors": lambda logits, truth, id2label: 1 - share(logits, truth, id2label.__getitem__),
            "hits": lambda logits, truth, id2label: [
                id2label[row.argmax().item()] == right for row, right in zip(logits, truth, strict=True)
            ],
        },
    )


@record("14/padding")
def padding(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> Exercise:
    """`answer(texts)` gives the probabilities of each text, in one batch, the same as for each text alone."""
    import torch

    def batch(
        texts: Texts, mask: bool = True, side: str = "longest", to_scores: Callable[..., Any] = torch.softmax
    ) -> torch.Tensor:
        inputs = tokenizer(texts, padding=side, truncation=True, return_tensors="pt")
        if not mask:
            inputs["attention_mask"] = torch.ones_like(inputs["attention_mask"])
        with torch.no_grad():
            return to_scores(model(**inputs).logits, dim=-1)

    def alone(texts: Texts) -> torch.Tensor:
        return torch.cat([batch([words]) for words in texts])

    def turned(texts: Texts) -> torch.Tensor:
        inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        with torch.no_grad():
            return model(input_ids=inputs["input_ids"], attention_mask=1 - inputs["attention_mask"]).logits.softmax(
                dim=-1
            )

    return Exercise(
        right=alone,
        cases=[
            (["A warm, funny film.", "Dull, and far too long for what it has to say about anything at all."],),
            (["Lovely."],),
            (["Bad.", "Not bad at all, in fact it is a small and quiet pleasure.", "I left."],),
            (["Fine. " + "It goes on and on. " * 120],),
        ],
        same=alike(1e-4),
        mistakes={
            "planted": lambda texts: batch(texts, mask=False),
            "turned": turned,
            "logits": lambda texts: batch(texts, to_scores=lambda logits, dim: logits),
            "columns": lambda texts: batch(texts, to_scores=lambda logits, dim: logits.softmax(dim=0)),
            "best": (
                lambda texts: batch(texts).max(dim=-1).values,
                lambda texts: batch(texts).argmax(dim=-1),
            ),
            "one_column": (lambda texts: batch(texts)[:, 0], lambda texts: batch(texts)[:, 1]),
            "logarithms": lambda texts: batch(texts, to_scores=torch.log_softmax),
        },
    )
