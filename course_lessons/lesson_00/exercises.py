"""What is right and wrong in the exercises of lesson 00, start here."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from course_checks.values import shown
from course_utils.exercises import RIGHT, Verdict, exercise, started

Answers = list[dict[str, object]]

ANSWERS: tuple[Answers, ...] = (
    [{"label": "POSITIVE", "score": 0.94}],
    [{"label": "NEGATIVE", "score": 0.97}, {"label": "POSITIVE", "score": 0.61}],
    [{"label": "긍정", "score": 0.9}, {"label": "부정", "score": 0.8}, {"label": "긍정", "score": 0.7}],
)
BLANK = "___"
SENTENCES = ("The film was ___.", "___ is the capital of France.", "이 영화는 정말 ___.")
MASKS = (("[MASK]", 103), ("<mask>", 50264))
SPANS = (
    ([0.1, 0.7, 0.2], [0.1, 0.2, 0.7]),
    ([0.2, 0.1, 0.7], [0.6, 0.3, 0.1]),
    ([0.05, 0.3, 0.65], [0.6, 0.3, 0.1]),
    ([0.5, 0.0, 0.5], [0.0, 0.9, 0.1]),
    ([0.9, 0.05, 0.05], [0.05, 0.05, 0.9]),
    ([0.0, 1.0], [0.0, 1.0]),
)
"""Start and end scores. In the second the best start lies behind the best end; in the third, besides, the largest sum
is not the largest product."""


@exercise("00/labels")
def labels(answer: Callable[[Answers], object]) -> Verdict:
    """`answer(answers)` gives the list of the labels in a pipeline's answers.

    >>> labels(lambda answers: [a["label"] for a in answers]).passed
    True
    """
    for answers in ANSWERS:
        expected = [a["label"] for a in answers]
        given = started(answer([dict(a) for a in answers]))
        if given == expected:
            continue
        if given in (expected[0], expected[:1]):
            cause = "first_only"
        elif given == [a["score"] for a in answers]:
            cause = "scores"
        elif given == answers:
            cause = "whole"
        elif given == [["label", "score"]] * len(answers) or given == ["label"] * len(answers):
            cause = "keys"
        else:
            cause = "other"
        return Verdict(False, f"labels({shown(answers)})", f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


@exercise("00/own-mask")
def own_mask(answer: Callable[[str, SimpleNamespace], object]) -> Verdict:
    """`answer(sentence, tokenizer)` puts the tokenizer's own mask token where the sentence has three underscores.

    >>> own_mask(lambda sentence, tokenizer: sentence.replace("___", tokenizer.mask_token)).passed
    True
    """
    for mask, number in MASKS:
        tokenizer = SimpleNamespace(mask_token=mask, mask_token_id=number)
        for sentence in SENTENCES:
            expected = sentence.replace(BLANK, mask)
            given = started(answer(sentence, tokenizer))
            if given == expected:
                continue
            if given in [sentence.replace(BLANK, other) for other, _ in MASKS]:
                cause = "fixed_mask"
            elif given == sentence.replace(BLANK, str(number)):
                cause = "mask_id"
            elif given == sentence:
                cause = "blank_left"
            elif not isinstance(given, str):
                cause = "not_a_text"
            else:
                cause = "other"
            call = f"own_mask({sentence!r}, tokenizer with {mask})"
            return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


@exercise("00/best-span")
def best_span(answer: Callable[[list[float], list[float]], object]) -> Verdict:
    """`answer(starts, ends)` gives the pair (start, end), start <= end, with the largest starts[start] * ends[end].

    >>> def right(starts, ends):
    ...     pairs = [(s, e) for s in range(len(starts)) for e in range(s, len(ends))]
    ...     return max(pairs, key=lambda pair: starts[pair[0]] * ends[pair[1]])
    >>> best_span(right).passed
    True
    """
    for starts, ends in SPANS:
        pairs = [(s, e) for s in range(len(starts)) for e in range(s, len(ends))]
        expected = max(pairs, key=lambda pair: starts[pair[0]] * ends[pair[1]])
        given = started(answer(list(starts), list(ends)))
        pair = _pair(given)
        if pair == expected:
            continue
        if pair is None:
            cause = "not_a_pair"
        elif pair == (starts.index(max(starts)), ends.index(max(ends))):
            cause = "apart"
        elif pair == (expected[0], expected[1] + 1):
            cause = "one_past"
        elif pair == expected[::-1]:
            cause = "swapped"
        elif pair == max(pairs, key=lambda p: starts[p[0]] + ends[p[1]]):
            cause = "added"
        else:
            cause = "other"
        call = f"best_span({shown(starts)}, {shown(ends)})"
        return Verdict(False, call, f"`{shown(given)}`", f"`{expected}`", cause)
    return RIGHT


def _pair(given: object) -> tuple[int, int] | None:
    """Two whole numbers, or None."""
    try:
        first, second = given  # type: ignore[misc]
        if isinstance(first, float) or isinstance(second, float):
            return None
        return int(first), int(second)
    except (TypeError, ValueError):
        return None
