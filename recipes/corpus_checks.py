"""What makes a small corpus worthless, looked for: repeated rows, near duplicates, and sentences cut from one template.

A row is a tuple of its texts: one review, or the two sentences of a pair. The sentences of one pair may be as alike as
they like; two rows may not.

The limits stand a little above what the corpora of the course hold, and well below what a fault looks like: of the
English rows the most alike share 0.28 of their 5-character pieces, of the Korean ones 0.16 of their 3-character pieces,
while a sentence of eight words or more in which one word was swapped shares 0.49 and 0.44 at the least, and with two
words swapped at random 0.37 and 0.28 in all but the lowest hundredth.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    """How alike rows of one language may be. Counts are of rows."""

    piece: int
    """Characters in a piece."""
    alike: float
    """Largest share of pieces that two rows may have in common (Jaccard)."""
    run: int
    """Words in a run, and the most rows that may hold the same one."""
    run_rows: int
    opening: int
    """Words in an opening, and the most rows that may begin alike."""
    opening_rows: int
    window: int
    """Words in a window of a frame, and the most rows that may hold the same one."""
    window_rows: int
    frame_rows: int
    """The most rows whose whole frame may be the same."""
    kin: int
    """Rarer words in the same order that make two rows kin, and the most kin a row may have."""
    kin_rows: int


LIMITS = {
    "en": Limits(
        piece=5,
        alike=0.35,
        run=4,
        run_rows=3,
        opening=3,
        opening_rows=4,
        window=8,
        window_rows=9,
        frame_rows=2,
        kin=4,
        kin_rows=2,
    ),
    "ko": Limits(
        piece=3,
        alike=0.25,
        run=3,
        run_rows=3,
        opening=2,
        opening_rows=3,
        window=5,
        window_rows=4,
        frame_rows=2,
        kin=3,
        kin_rows=2,
    ),
}
#: How many of the commonest words of a corpus stand as they are in a frame.
FRAME_WORDS = 60


def words(text: str) -> list[str]:
    """The words of a text without case and punctuation.

    >>> words("It's NOT bad, is it?")
    ["it's", 'not', 'bad', 'is', 'it']
    """
    return re.findall(r"\w+(?:['’]\w+)*", text.lower())


def pieces(text: str, language: str) -> set[str]:
    """All runs of characters of a text: of 5 in English, of 3 in Korean and there without spaces.

    >>> sorted(pieces("A dog", "en")), sorted(pieces("참 좋다", "ko"))
    (['a dog'], ['참좋다'])
    """
    plain = "".join(words(text)) if language == "ko" else " ".join(words(text))
    size = LIMITS[language].piece
    return {plain[i : i + size] for i in range(max(1, len(plain) - size + 1))}


def alike(first: str, second: str, language: str) -> float:
    """Share of pieces that two texts have in common, 0 to 1 (Jaccard).

    >>> alike("Warm, funny, short.", "warm funny short", "en")
    1.0
    """
    one, other = pieces(first, language), pieces(second, language)
    return len(one & other) / len(one | other)


def near_duplicates(rows: Sequence[Row], language: str, least: float | None = None) -> list[tuple[float, str, str]]:
    """(share in common, text, text) for texts of different rows that share more than they may, most alike first."""
    least = LIMITS[language].alike if least is None else least
    texts = [(number, text, pieces(text, language)) for number, row in enumerate(rows) for text in row]
    holders: dict[str, list[int]] = defaultdict(list)
    found = []
    for later, (number, text, own) in enumerate(texts):
        shared = Counter(earlier for piece in own for earlier in holders[piece])
        for earlier, common in shared.items():
            other_number, other_text, other = texts[earlier]
            share = common / (len(own) + len(other) - common)
            if other_number != number and share > least:
                found.append((share, other_text, text))
        for piece in own:
            holders[piece].append(later)
    return sorted(found, reverse=True)


def repeated(rows: Sequence[Row]) -> list[str]:
    """Texts that stand in more than one place, whatever their case and punctuation.

    >>> repeated([("So good.",), ("so good",), ("Not so good.",)])
    ['so good']
    """
    counts = Counter(" ".join(words(text)) for row in rows for text in row)
    return [text for text, count in counts.items() if count > 1]


def shared(rows: Sequence[Row], parts: Callable[[list[str]], Iterable[tuple[str, ...]]]) -> dict[str, int]:
    """How many rows hold each part that ``parts`` takes out of the words of a text, most rows first.

    >>> shared([("a b c",), ("a b d",)], lambda words: [tuple(words[:2])])
    {'a b': 2}
    """
    holders: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        for text in row:
            for part in parts(words(text)):
                holders[part].add(number)
    ranked = sorted(holders.items(), key=lambda item: (-len(item[1]), item[0]))
    return {" ".join(part): len(numbers) for part, numbers in ranked}


def runs(length: int) -> Callable[[list[str]], Iterator[tuple[str, ...]]]:
    """Takes all runs of ``length`` words out of a text."""

    def parts(text: list[str]) -> Iterator[tuple[str, ...]]:
        for i in range(len(text) - length + 1):
            yield tuple(text[i : i + length])

    return parts


def common_words(rows: Sequence[Row]) -> set[str]:
    """The words that stand in most rows."""
    counts = Counter(word for row in rows for word in {word for text in row for word in words(text)})
    return {word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:FRAME_WORDS]}


def frame_of(rows: Sequence[Row], language: str) -> Callable[[list[str]], list[str]]:
    """Masks the rarer words of a text, so that what a template leaves is seen.

    The commonest words of ``rows`` stay; of the others an underscore is left, in Korean with the last syllable, since
    particles and endings hang on to the word there.
    """
    kept = common_words(rows)

    def frame(text: list[str]) -> list[str]:
        return [word if word in kept else "_" + (word[-1] if language == "ko" else "") for word in text]

    return frame


def shared_frames(rows: Sequence[Row], language: str) -> dict[str, int]:
    """How many rows have each whole frame; frames of under four words, or with little but gaps, are left out."""
    mask = frame_of(rows, language)

    def whole(text: list[str]) -> Iterator[tuple[str, ...]]:
        frame = mask(text)
        if len(frame) >= 4 and (language == "ko" or said(frame) * 4 >= len(frame)):
            yield tuple(frame)

    return shared(rows, whole)


def shared_windows(rows: Sequence[Row], language: str) -> dict[str, int]:
    """How many rows hold each window of a frame; in English half of its words must be kept ones."""
    mask, size = frame_of(rows, language), LIMITS[language].window

    def windows(text: list[str]) -> Iterator[tuple[str, ...]]:
        for window in runs(size)(mask(text)):
            if language == "ko" or said(window) * 2 >= size:
                yield window

    return shared(rows, windows)


def said(frame: Iterable[str]) -> int:
    """How many words of a frame are not masked."""
    return sum(not word.startswith("_") for word in frame)


def in_order(first: Sequence[str], second: Sequence[str]) -> int:
    """How many words two texts have in common in the same order (the longest common subsequence).

    >>> in_order("we expected a tense thriller".split(), "we then expected some thriller".split())
    3
    """
    best = [0] * (len(second) + 1)
    for word in first:
        before = 0
        for i, other in enumerate(second, 1):
            before, best[i] = best[i], before + 1 if word == other else max(best[i], best[i - 1])
    return best[-1]


def kin_of_rows(rows: Sequence[Row], language: str) -> dict[str, int]:
    """How many other rows hold enough of the rarer words of a row in the same order, whatever stands between them."""
    kept, need = common_words(rows), LIMITS[language].kin
    rare = [[[word for word in words(text) if word not in kept] for text in row] for row in rows]
    holders: dict[str, set[int]] = defaultdict(set)
    counts: Counter[int] = Counter()
    for later, own in enumerate(rare):
        every = {word for text in own for word in text}
        common = Counter(earlier for word in every for earlier in holders[word])
        for earlier, number in common.items():
            if number >= need and max(in_order(a, b) for a in own for b in rare[earlier]) >= need:
                counts.update((earlier, later))
        for word in every:
            holders[word].add(later)
    return {" / ".join(rows[number]): count for number, count in counts.most_common()}


def template_families(rows: Sequence[Row], language: str) -> list[str]:
    """What too many rows share: openings, runs of words, frames. One line for each, empty if there is none."""
    limits = LIMITS[language]
    opening = shared(rows, lambda text: [tuple(text[: limits.opening])] if len(text) >= limits.opening else [])
    kinds = (
        ("opening", opening, limits.opening_rows),
        ("run of words", shared(rows, runs(limits.run)), limits.run_rows),
        ("frame", shared_frames(rows, language), limits.frame_rows),
        ("window of a frame", shared_windows(rows, language), limits.window_rows),
    )
    found = [
        f"{count} rows share the {kind} {part!r} (at most {most})"
        for kind, counts, most in kinds
        for part, count in counts.items()
        if count > most
    ]
    kin = kin_of_rows(rows, language).items()
    return found + [
        f"{count} rows share {limits.kin} words with {row!r}" for row, count in kin if count > limits.kin_rows
    ]


def faults(rows: Sequence[Row], language: str) -> list[str]:
    """Everything that is wrong with a corpus, in words; empty if nothing is."""
    found = [f"repeated: {text}" for text in repeated(rows)]
    found += [f"near duplicates ({share:.2f}): {a} // {b}" for share, a, b in near_duplicates(rows, language)]
    return found + template_families(rows, language)
