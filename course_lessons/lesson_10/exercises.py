"""What is right and wrong in the exercises of lesson 10, inference."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from course_checks.judging import Exercise, Found
from course_checks.values import alike, as_tensor, close
from course_utils.exercises import record
from course_utils.messages import text

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TEXTS = (
    "A film that takes its time and earns every minute of it, with a lead who says more by silence than by talk.",
    "Dull.",
    "The second half is better than the first, which is not saying much.",
    "I laughed twice.",
    "It has charm, warmth and a dog.",
    "No.",
    "A long, long evening in which nothing that was promised at the beginning is ever kept, and nobody seems to mind.",
    "Go and see it.",
    "What a cast, what a script, what a waste of both.",
    "Lovely.",
    "The music alone is worth the ticket, though the story is thin and the ending comes out of nowhere.",
)
TOO_LONG = "good " * 600
"""More tokens than the model reads."""
BATCH = 8
MOST_PADDING = 1.15
"""So many times the tokens of batches sorted by length are still called sorted."""


@record("10/in-order")
def in_order(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> Exercise:
    """`answer(texts)` gives the logits of each text in the order of the texts, read in sorted batches of 8."""
    import torch

    def lengths_of(texts: list[str]) -> list[int]:
        return [len(ids) for ids in tokenizer(texts, truncation=True)["input_ids"]]

    def sorted_places(texts: list[str]) -> list[int]:
        lengths = lengths_of(texts)
        return sorted(range(len(texts)), key=lambda place: lengths[place])

    def by(
        order: Callable[[list[str]], list[int]] = sorted_places,
        size: int = BATCH,
        give: Callable[[Tensor, list[int]], Any] = lambda read, order: read[torch.tensor(order).argsort()],
        masked: bool = True,
        quiet: bool = True,
    ) -> Callable[[list[str]], Any]:
        """Logits in batches, wrong in one thing."""

        def found(texts: list[str]) -> Any:
            places, rows = order(texts), []
            for start in range(0, len(places), size):
                batch = [texts[place] for place in places[start : start + size]]
                inputs = tokenizer(batch, padding=True, truncation=True, return_tensors="pt")
                if not masked:
                    inputs["attention_mask"] = torch.ones_like(inputs["attention_mask"])
                with torch.set_grad_enabled(not quiet):
                    rows.append(model(**inputs).logits)
            return give(torch.cat(rows), places)

        return found

    def as_given(texts: list[str]) -> list[int]:
        return list(range(len(texts)))

    def longest_first(texts: list[str]) -> list[int]:
        return sorted_places(texts)[::-1]

    def watched(answer: Callable[[list[str]], Any], texts: list[str]) -> Any:
        """Ask for the logits; where they are right, look at how they were read."""
        shapes: list[tuple[int, ...]] = []
        loud: list[bool] = []

        forward = model.forward

        @wraps(forward)
        def look(*args: Any, **kwargs: Any) -> Any:
            read = args[0] if args else kwargs.get("input_ids")
            shapes.append(tuple((kwargs["inputs_embeds"] if read is None else read).shape[:2]))
            loud.append(torch.is_grad_enabled())
            return forward(*args, **kwargs)

        with patch.object(model, "forward", look):
            given = answer(texts)
        if answer is right or not close(given, right(texts), 1e-4):
            return given
        lengths = sorted(lengths_of(texts))
        ways = [[row[at : at + BATCH] for at in range(0, len(row), BATCH)] for row in (lengths, lengths[::-1])]
        fewest = max(sum(len(batch) * max(batch) for batch in way) for way in ways)
        best = [(len(batch), max(batch)) for batch in ways[0]]
        if sorted(shape[0] for shape in shapes) != sorted(rows for rows, _ in best):
            raise Found("one_by_one", shapes_words("batches", shapes), shapes_words("like", best))
        if sum(rows * tokens for rows, tokens in shapes) > MOST_PADDING * fewest:
            raise Found("too_much_padding", shapes_words("batches", shapes), shapes_words("like", best))
        if any(loud):
            raise Found("gradients", *_gradients())
        return given

    def shapes_words(key: str, shapes: object) -> str:
        return text(f"exercise.10.in-order.words.{key}", shapes=shapes)

    def call(texts: list[str]) -> str:
        words = "call" if len(texts) > 1 else "call_long"
        return text(f"exercise.10.in-order.words.{words}", texts=len(texts))

    @cache
    def read(*texts: str) -> Tensor:
        return by()(list(texts))

    def right(texts: list[str]) -> Tensor:
        return read(*texts).clone()

    longest = max(TEXTS, key=len)
    shortest = sorted(TEXTS, key=len)[:BATCH]
    eight = [one for one in TEXTS if one in shortest]
    return Exercise(
        right=right,
        cases=[
            (list(eight),),
            ([*eight, longest],),
            (list(TEXTS),),
            ([TOO_LONG],),
            (["No.", "Lovely.", "No.", "Go and see it."],),
        ],
        use=watched,
        same=alike(1e-4),
        call=call,
        mistakes={
            "sorted_order": (by(give=lambda read, order: read), by(longest_first, give=lambda read, order: read)),
            "wrong_way": (by(give=lambda read, order: read[order]), by(longest_first, give=lambda r, order: r[order])),
            "padding_seen": (
                by(masked=False),
                by(longest_first, masked=False),
                by(as_given, masked=False),
                by(as_given, size=100, masked=False),
            ),
            "probabilities": by(give=lambda read, order: read[torch.tensor(order).argsort()].softmax(-1)),
            "labels": by(give=lambda read, order: read[torch.tensor(order).argsort()].argmax(-1)),
            "first_batch": lambda texts: by()(texts)[:BATCH],
            "one_by_one": (by(size=1), by(size=100), by(as_given, size=100)),
            "too_much_padding": by(as_given),
            "gradients": by(quiet=False),
        },
    )


def _gradients() -> tuple[str, str]:
    """What was found and what was expected where a model kept notes for gradients, in words."""
    return text("exercise.10.steady.words.gradients"), text("exercise.10.steady.words.none")


@record("10/best-labels")
def best_labels() -> Exercise:
    """`answer(logits, names, k)` gives the k best labels of one row of logits with their probabilities."""
    import torch

    names = {0: "anger", 1: "joy", 2: "calm", 3: "fear"}

    def ranked(
        scores: Callable[[Tensor], Tensor] = lambda logits: logits.softmax(-1),
        down: bool = True,
        name: Callable[[int, int], int] = lambda rank, place: place,
        row: Callable[[str, float], Any] = lambda label, score: {"label": label, "score": score},
    ) -> Callable[[Tensor, dict[int, str], int | None], Any]:
        """The labels with their scores, wrong in one thing."""

        def found(logits: Tensor, names: dict[int, str], k: int | None) -> list[Any]:
            order = logits.argsort(descending=down).tolist()[:k]
            values = scores(logits).tolist()
            return [row(names[name(rank, place)], values[place]) for rank, place in enumerate(order)]

        return found

    def renormalised(logits: Tensor, names: dict[int, str], k: int | None) -> Any:
        best = logits.argsort(descending=True)[:k]
        shares = logits[best].softmax(-1).tolist()
        return [{"label": names[i], "score": share} for i, share in zip(best.tolist(), shares, strict=True)]

    def needs_k(logits: Tensor, names: dict[int, str], k: int | None) -> Any:
        best = logits.softmax(-1).topk(k)  # type: ignore[arg-type]
        return [{"label": names[int(i)], "score": p} for p, i in zip(best.values.tolist(), best.indices, strict=True)]

    return Exercise(
        right=ranked(),
        cases=[
            (torch.tensor([0.5, 2.0, -1.0, 1.0]), names, 2),
            (torch.tensor([3.0, -2.0, 1.0, 0.0]), names, 1),
            (torch.tensor([-1.0, 0.0, 1.0, 2.5]), names, None),
            (torch.tensor([1.0, 4.0]), {0: "NEGATIVE", 1: "POSITIVE"}, 5),
            (torch.tensor([0.5, 2.0, 1.0]), {2: "joy", 0: "anger", 1: "fear"}, 2),
        ],
        same=alike(1e-3),
        mistakes={
            "worst_first": ranked(down=False),
            "not_probabilities": ranked(lambda logits: logits),
            "each_alone": ranked(torch.sigmoid),
            "logarithm": ranked(lambda logits: logits.log_softmax(-1)),
            "renormalised": renormalised,
            "labels": ranked(name=lambda rank, place: rank),
            "needs_k": needs_k,
            "best_only": (
                lambda logits, names, k: ranked()(logits, names, 1),
                lambda logits, names, k: ranked()(logits, names, 1)[0],
            ),
            "all_labels": lambda logits, names, k: ranked()(logits, names, None),
            "not_dictionaries": (
                ranked(row=lambda label, score: (label, score)),
                ranked(row=lambda label, score: {label: score}),
                ranked(row=lambda label, score: label),
                ranked(row=lambda label, score: score),
            ),
        },
    )


@record("10/limit")
def limit() -> Exercise:
    """`answer(scores, correct, wanted)` gives the lowest score from which on that share is right, or infinity."""
    Scores, Correct = list[float], list[bool]

    def tried(
        order: Callable[[Scores], Scores] = sorted,
        keeps: Callable[[float, float], bool] = lambda score, least: score >= least,
        share: Callable[[list[bool], int], float] = lambda kept, of: sum(kept) / len(kept),
        reaches: Callable[[float, float], bool] = lambda share, wanted: share >= wanted,
        give: Callable[[float, list[bool], Scores], Any] = lambda least, kept, scores: least,
        otherwise: Callable[[Scores], Any] = lambda scores: float("inf"),
    ) -> Callable[[Scores, Correct, float], Any]:
        """Try each score as the limit, wrong in one thing."""

        def found(scores: Scores, correct: Correct, wanted: float) -> Any:
            for least in order(scores):
                kept = [good for score, good in zip(scores, correct, strict=True) if keeps(score, least)]
                if kept and reaches(share(kept, len(scores)), wanted):
                    return give(least, kept, scores)
            return otherwise(scores)

        return found

    return Exercise(
        right=tried(),
        cases=[
            ([0.55, 0.9, 0.7, 0.99, 0.6], [False, True, False, True, True], 0.75),
            ([0.55, 0.9, 0.7, 0.99, 0.6], [False, True, False, True, True], 1.0),
            ([0.5, 0.6, 0.7, 0.8, 0.9], [True, True, False, True, False], 0.7),
            ([0.8, 0.8, 0.9, 0.6], [True, False, True, False], 0.6),
            ([0.7, 0.6], [True, True], 0.5),
            ([0.8, 0.8, 0.9], [False, True, True], 0.8),
            ([0.5, 0.6, 0.7], [False, True, True], 0.6),
        ],
        mistakes={
            "highest": tried(lambda scores: sorted(scores, reverse=True)),
            "as_given": tried(lambda scores: scores),
            "above_only": tried(keeps=lambda score, least: score > least),
            "below": tried(keeps=lambda score, least: score <= least),
            "share_of_all": tried(share=lambda kept, of: sum(kept) / of),
            "lowest": tried(share=lambda kept, of: len(kept) / of),
            "more_than_wanted": tried(reaches=lambda share, wanted: share > wanted),
            "wrong_ones": tried(share=lambda kept, of: 1 - sum(kept) / len(kept)),
            "share_itself": tried(give=lambda least, kept, scores: sum(kept) / len(kept)),
            "place": tried(give=lambda least, kept, scores: scores.index(least)),
            "empty_promise": (
                tried(otherwise=lambda scores: 1.0),
                tried(otherwise=max),
                tried(otherwise=lambda scores: 0.0),
            ),
        },
    )


@record("10/steady")
def steady() -> Exercise:
    """`answer(model, inputs)` gives logits as in evaluation, without gradients, and leaves the model's mode alone."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}

    def words(key: str, **values: str) -> str:
        return text(f"exercise.10.steady.words.{key}", **values)

    def logits(answer: Callable[[Any, dict[str, Tensor]], Any], mode: str, ids: Tensor) -> Any:
        """Build a model, put it into a mode, ask, and look at what is left behind."""
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(0)
            config = BertConfig(vocab_size=50, num_labels=3, initializer_range=0.3, **sizes)
            model = BertForSequenceClassification(config).eval()
            inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            expected = model(**inputs).logits.detach()
            model.train(mode != "evaluation")
            if mode == "mixed":
                model.bert.encoder.eval()
            before = {name: part.training for name, part in model.named_modules()}
            loud: list[bool] = []
            model.register_forward_pre_hook(lambda *_: loud.append(torch.is_grad_enabled()))
            given = answer(model, inputs)
            left_off = not torch.is_grad_enabled()
        if not close(given, expected, 1e-4):
            return given
        after = {name: part.training for name, part in model.named_modules()}
        if before[""] != after[""]:
            cause, came = ("left_in_training", "evaluation") if after[""] else ("left_in_eval", "training")
            raise Found(cause, words(cause), words(f"came_in_{came}"))
        if before != after:
            name = next(name for name in before if before[name] != after[name])
            raise Found("parts_lost", words("part", name=name), words("came"))
        if left_off:
            raise Found("left_off", words("left_off"), words("on"))
        if any(loud) or getattr(given, "requires_grad", False):
            raise Found("gradients", *_gradients())
        return as_tensor(given)

    def asked(
        before: Callable[[Any], object] = lambda model: model.eval(),
        after: Callable[[Any, bool], object] | None = None,
        give: Callable[[Any], Any] = lambda output: output.logits,
        quiet: Callable[[], Any] = torch.no_grad,
    ) -> Callable[[Any, dict[str, Tensor]], Any]:
        """Logits, wrong in one thing."""

        def found(model: Any, inputs: dict[str, Tensor]) -> Any:
            modes = [(part, part.training) for part in model.modules()]
            before(model)
            with quiet():
                output = model(**inputs)
            if after:
                after(model, modes[0][1])
            else:
                for part, mode in modes:
                    part.train(mode)
            return give(output)

        return found

    def switched_off(model: Any, inputs: dict[str, Tensor]) -> Any:
        torch.set_grad_enabled(False)
        return asked()(model, inputs)

    ids = torch.arange(8).reshape(1, 8)
    return Exercise(
        right=asked(),
        cases=[("training", ids), ("evaluation", torch.tensor([[3, 4, 5], [6, 7, 8]])), ("mixed", ids)],
        use=logits,
        same=alike(1e-4),
        call=lambda mode, ids: words(f"call_{mode}"),
        mistakes={
            "random": (
                asked(before=lambda model: None),
                asked(before=lambda model: None, after=lambda model, mode: model.eval()),
                asked(before=lambda model: None, quiet=torch.enable_grad),
                asked(before=lambda model: model.train()),
            ),
            "left_in_eval": asked(after=lambda model, mode: None),
            "left_in_training": asked(after=lambda model, mode: model.train()),
            "parts_lost": asked(after=lambda model, mode: model.train(mode)),
            "gradients": (asked(quiet=torch.enable_grad), asked(quiet=torch.enable_grad, give=lambda o: o[0].detach())),
            "left_off": switched_off,
            "whole_output": (asked(give=lambda output: output), asked(give=lambda output: output.to_tuple())),
            "probabilities": asked(give=lambda output: output.logits.softmax(-1)),
        },
    )


@record("10/repair-share")
def repair_share(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> Exercise:
    """`answer(texts, right, size)` gives the share of texts whose best label is right, whatever the batches are."""
    import torch

    def hits_of(texts: list[str], right: list[int]) -> list[bool]:
        with torch.no_grad():
            inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
            guesses = model(**inputs).logits.argmax(dim=-1).tolist()
        return [guess == label for guess, label in zip(guesses, right, strict=True)]

    def counted(
        share: Callable[[list[list[bool]]], Any],
    ) -> Callable[[list[str], list[int], int], Any]:
        """Something made of the hits of all batches."""

        def found(texts: list[str], right: list[int], size: int) -> Any:
            batches = range(0, len(texts), size)
            return share([hits_of(texts[at : at + size], right[at : at + size]) for at in batches])

        return found

    def all_of(batches: list[list[bool]]) -> list[bool]:
        return sum(batches, [])

    short = [one for one in TEXTS if len(one) < 40]
    seven = [*short, short[0]]
    return Exercise(
        right=counted(lambda batches: sum(all_of(batches)) / len(all_of(batches))),
        cases=[
            (seven, [1, 0, 1, 0, 1, 0, 1], 3),
            (short, [0, 1, 1, 1, 1, 1], 4),
            (short, [1, 1, 0, 0, 1, 1], 3),
            ([short[0], TOO_LONG], [0, 1], 1),
        ],
        same=alike(1e-4),
        call=lambda texts, right, size: text("exercise.10.repair-share.words.call", texts=len(texts), size=size),
        mistakes={
            "planted": counted(lambda batches: sum(sum(b) / len(b) for b in batches) / len(batches)),
            "by_size": lambda texts, right, size: counted(lambda batches: sum(all_of(batches)) / (size * len(batches)))(
                texts, right, size
            ),
            "number": counted(lambda batches: sum(all_of(batches))),
            "wrong_ones": counted(lambda batches: 1 - sum(all_of(batches)) / len(all_of(batches))),
            "last_batch": (
                counted(lambda batches: sum(batches[-1]) / len(batches[-1])),
                counted(lambda batches: sum(batches[0]) / len(batches[0])),
            ),
            "rest_dropped": counted(
                lambda batches: (
                    sum(all_of([b for b in batches if len(b) == len(batches[0])]))
                    / len(all_of([b for b in batches if len(b) == len(batches[0])]))
                )
            ),
            "batches": counted(lambda batches: [sum(b) / len(b) for b in batches]),
        },
    )
