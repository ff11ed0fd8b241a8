"""What lesson 04 goes on with where an exercise is not solved: merges, their steps, and fertility."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

Pair = tuple[str, str]
Pieces = tuple[str, ...]


def count_pairs(words: Mapping[Pieces, int]) -> Counter[Pair]:
    """How often two pieces stand side by side, over all words with their counts.

    >>> count_pairs({("f", "i", "t"): 3})
    Counter({('f', 'i'): 3, ('i', 't'): 3})
    """
    pairs: Counter[Pair] = Counter()
    for pieces, count in words.items():
        for pair in pairwise(pieces):
            pairs[pair] += count
    return pairs


def merge(pieces: Sequence[str], pair: Pair) -> Pieces:
    """The pieces with each such pair joined, from left to right.

    >>> merge(("a", "a", "a", "b"), ("a", "a"))
    ('aa', 'a', 'b')
    """
    merged: list[str] = []
    for piece in pieces:
        if merged and (merged[-1], piece) == pair:
            merged[-1] += piece  # longer than pair[0] now, so it is not joined again
        else:
            merged.append(piece)
    return tuple(merged)


def learn_merges(counts: Mapping[str, int], merges: int) -> list[Pair]:
    """The first merges of byte-pair encoding, in the order in which the library learns them.

    Args:
        counts: how often each word occurs.
        merges: how many merges at most; fewer come back where no pair is left.

    >>> learn_merges({"film": 5, "films": 3}, 4)
    [('f', 'i'), ('l', 'm'), ('fi', 'lm'), ('film', 's')]
    """
    words = {tuple(word): count for word, count in counts.items()}
    numbers = {letter: number for number, letter in enumerate(sorted(set("".join(counts))))}
    learned: list[Pair] = []
    while len(learned) < merges and (pairs := count_pairs(words)):
        best = min(pairs, key=lambda pair: (-pairs[pair], numbers[pair[0]], numbers[pair[1]]))
        numbers.setdefault("".join(best), len(numbers))
        words = {merge(pieces, best) if best[0] in pieces else pieces: count for pieces, count in words.items()}
        learned.append(best)
    return learned


def replay(counts: Mapping[str, int], merges: Iterable[Pair]) -> Iterator[tuple[Pair, int, dict[Pieces, int]]]:
    """Each merge with how often its pair stood side by side, and the words after it: what `draw_merges` draws.

    >>> list(replay({"fit": 3}, [("f", "i")]))
    [(('f', 'i'), 3, {('fi', 't'): 3})]
    """
    words = {tuple(word): count for word, count in counts.items()}
    for pair in merges:
        count = count_pairs(words)[pair]
        words = {merge(pieces, pair): number for pieces, number in words.items()}
        yield pair, count, words


def fertility(cut: Callable[[str], Sequence[object]], texts: Sequence[str]) -> float:
    """Tokens for each word between spaces, over all texts; `cut` gives the tokens of a text.

    >>> fertility(list, ["a film"])
    3.0
    """
    return sum(len(cut(text)) for text in texts) / sum(len(text.split()) for text in texts)
