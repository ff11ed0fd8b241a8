"""What is right and wrong in the exercises of lesson 00, start here."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from course_checks.judging import Exercise
from course_utils.exercises import record
from course_utils.messages import text

Answers = list[dict[str, Any]]
Span = tuple[int, int]
BLANK = "___"


@record("00/labels")
def labels() -> Exercise:
    """`answer(answers)` gives the list of the labels in a pipeline's answers."""
    return Exercise(
        right=lambda answers: [answer["label"] for answer in answers],
        cases=[
            ([{"label": "POSITIVE", "score": 0.94}],),
            ([{"label": "NEGATIVE", "score": 0.97}, {"label": "POSITIVE", "score": 0.61}],),
            ([{"score": 0.9, "label": "긍정"}, {"score": 0.8, "label": "부정"}, {"score": 0.7, "label": "긍정"}],),
        ],
        mistakes={
            "first_only": (lambda answers: answers[0]["label"], lambda answers: [answers[0]["label"]]),
            "scores": lambda answers: [answer["score"] for answer in answers],
            "whole": lambda answers: answers,
            "keys": (lambda answers: [list(answer) for answer in answers], lambda answers: ["label"] * len(answers)),
            "once": (
                lambda answers: {answer["label"] for answer in answers},
                lambda answers: list(dict.fromkeys(answer["label"] for answer in answers)),
                lambda answers: sorted({answer["label"] for answer in answers}),
            ),
            "one_text": lambda answers: ", ".join(answer["label"] for answer in answers),
        },
    )


@record("00/own-mask")
def own_mask() -> Exercise:
    """`answer(sentence, tokenizer)` puts the tokenizer's own mask token where the sentence has three underscores."""

    def put(what: Callable[[Any], object]) -> Callable[[str, Any], str]:
        return lambda sentence, tokenizer: sentence.replace(BLANK, str(what(tokenizer)))

    tokenizers = (_Tokenizer("[MASK]", 103), _Tokenizer("<mask>", 50264))
    sentences = (
        "The film was ___.",
        "___ is the capital of France.",
        "이 영화는 정말 ___.",
        "Once ___ and twice ___.",
        "my_film  is ___.",
    )
    return Exercise(
        right=put(lambda tokenizer: tokenizer.mask_token),
        cases=[(sentence, tokenizer) for tokenizer in tokenizers for sentence in sentences],
        call=lambda sentence, tokenizer: text(
            "exercise.00.own-mask.words.call", sentence=repr(sentence), mask=tokenizer.mask_token
        ),
        mistakes={
            "fixed_mask": (put(lambda tokenizer: "[MASK]"), put(lambda tokenizer: "<mask>")),
            "mask_id": put(lambda tokenizer: tokenizer.mask_token_id),
            "blank_left": lambda sentence, tokenizer: sentence,
            "one_underscore": lambda sentence, tokenizer: sentence.replace("_", tokenizer.mask_token),
            "first_only": lambda sentence, tokenizer: sentence.replace(BLANK, tokenizer.mask_token, 1),
            "mask_alone": lambda sentence, tokenizer: tokenizer.mask_token,
            "spaces": lambda sentence, tokenizer: sentence.replace(BLANK, f" {tokenizer.mask_token} "),
        },
    )


class _Tokenizer(SimpleNamespace):
    """What a tokenizer tells about its mask, with the methods that a learner may ask instead."""

    def __init__(self, mask: str, number: int) -> None:
        super().__init__(mask_token=mask, mask_token_id=number, all_special_tokens=[mask])
        self.special_tokens_map = {"mask_token": mask}

    def convert_ids_to_tokens(self, ids: Any, skip_special_tokens: bool = False) -> Any:
        """The text of an id, or of each id in a list."""
        return [self.mask_token for _ in ids] if isinstance(ids, list) else self.mask_token

    def convert_tokens_to_ids(self, tokens: Any) -> Any:
        """The id of the mask."""
        return [self.mask_token_id for _ in tokens] if isinstance(tokens, list) else self.mask_token_id

    def decode(self, ids: Any, **_: Any) -> str:
        """The text of ids."""
        return self.mask_token


@record("00/best-span")
def best_span() -> Exercise:
    """`answer(starts, ends)` gives the pair (start, end), start <= end, with the largest starts[start] * ends[end]."""

    def best(pairs: Callable[[int], list[Span]], score: Callable[[float, float], float]) -> Callable[..., Span]:
        return lambda starts, ends: max(pairs(len(starts)), key=lambda pair: score(starts[pair[0]], ends[pair[1]]))

    def in_order(length: int, gap: int = 0) -> list[Span]:
        return [(start, end) for start in range(length) for end in range(start + gap, length)]

    def top(scores: list[float], first: int = 0) -> int:
        return max(range(first, len(scores)), key=scores.__getitem__)

    def end_first(starts: list[float], ends: list[float]) -> Span:
        return top(starts[: top(ends) + 1]), top(ends)

    def product(start: float, end: float) -> float:
        return start * end

    right = best(in_order, product)
    return Exercise(
        right=right,
        cases=[
            ([0.1, 0.7, 0.2], [0.1, 0.2, 0.7]),
            ([0.2, 0.1, 0.7], [0.6, 0.3, 0.1]),  # the best start lies behind the best end
            ([0.05, 0.3, 0.65], [0.6, 0.3, 0.1]),  # besides, the largest sum is not the largest product
            ([0.5, 0.0, 0.5], [0.0, 0.9, 0.1]),
            ([0.9, 0.05, 0.05], [0.05, 0.05, 0.9]),
            ([0.1, 0.45, 0.4, 0.05], [0.05, 0.1, 0.8, 0.05]),
            (
                [0.3, 0.25, 0.45],
                [0.1, 0.75, 0.15],
            ),  # neither the best start nor the best end alone begins the best pair
            ([0.0, 1.0], [0.0, 1.0]),
        ],
        mistakes={
            "apart": lambda starts, ends: (top(starts), top(ends)),
            "start_first": lambda starts, ends: (top(starts), top(ends, top(starts))),
            "end_first": end_first,
            "one_past": lambda starts, ends: (right(starts, ends)[0], right(starts, ends)[1] + 1),
            "swapped": lambda starts, ends: right(starts, ends)[::-1],
            "added": best(in_order, lambda start, end: start + end),
            "longer_only": best(lambda length: in_order(length, 1) or [(0, 0)], product),
            "the_score": lambda starts, ends: max(starts[s] * ends[e] for s, e in in_order(len(starts))),
        },
    )


@record("00/most-positive")
def most_positive() -> Exercise:
    """`answer(sentences, answers)` gives the sentences, those first that are most probably POSITIVE."""

    def ranked(key: Callable[[dict[str, Any]], Any], reverse: bool = True) -> Callable[..., list[str]]:
        def ranking(sentences: list[str], answers: Answers) -> list[str]:
            pairs = sorted(zip(sentences, answers, strict=True), key=lambda pair: key(pair[1]), reverse=reverse)
            return [sentence for sentence, _ in pairs]

        return ranking

    def positive(answer: dict[str, Any]) -> float:
        return answer["score"] if answer["label"] == "POSITIVE" else 1 - answer["score"]

    def case(**scores: float) -> tuple[list[str], Answers]:
        rows = [{"label": "POSITIVE" if s > 0 else "NEGATIVE", "score": abs(s)} for s in scores.values()]
        return list(scores), rows

    return Exercise(
        right=ranked(positive),
        cases=[
            case(Fine=0.6, Awful=-0.98, Great=0.97),
            case(Lovely=0.99, Weak=-0.55, Dull=-0.9),
            case(Bad=-0.95, Worse=-0.99, Poor=-0.7),
            case(Meh=0.52, Best=0.95, Good=0.8),
        ],
        mistakes={
            "planted": ranked(lambda answer: answer["score"]),
            "all_turned": ranked(lambda answer: 1 - answer["score"]),
            "least_first": ranked(positive, reverse=False),
            "ties": (
                ranked(lambda answer: answer["score"] if answer["label"] == "POSITIVE" else 0.0),
                ranked(lambda answer: (answer["label"] == "POSITIVE", answer["score"])),
            ),
            "as_given": lambda sentences, answers: sentences,
        },
    )
