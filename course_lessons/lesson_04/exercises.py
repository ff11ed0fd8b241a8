"""What is right and wrong in the exercises of lesson 04, tokenizers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from course_checks.judging import Exercise, Trial
from course_lessons.lesson_04.ready_made import Pair, count_pairs, fertility, learn_merges, merge
from course_utils.exercises import record
from course_utils.messages import text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOY = {"film": 5, "films": 3, "filmed": 2, "played": 3, "playing": 2}
KNOWN = "film films filme un un## unwatch watch annoying a n o f i l m , ing s ☃ ##"
"""Pieces that begin a word, in the vocabulary of the longest match."""
KNOWN_INSIDE = "s ed able watch w a t c h ly n no y i m ing nno ying"
"""Pieces inside a word; not among them: d, e, l, b and the snowman."""
PAIRS = (
    ("Good film", "Long film"),
    ("This is the first sentence.", "This is the second one."),
    ("An unwatchable mess", "No"),
)
HALF_READ = (
    "Great 🍿 film",
    "정말 길다 🍿, Café ☃",
    "좋다 있다",
    "Café 🍿🍿",
    "A film, annoyingly long.",
    "Hi FILM🍿, FILM🍿 and 🍿",
)


@record("04/byte-pair-encoding")
def byte_pair_encoding() -> Exercise:
    """`answer(counts, merges)` gives the first merges in order, with the library's rule for ties."""
    Words = dict[tuple[str, ...], int]

    def learned(
        pairs_of: Callable[[Words], Mapping[Pair, int]] = count_pairs,
        rank: Callable[[Pair, int, dict[str, int]], Any] = lambda pair, n, ids: (-n, ids[pair[0]], ids[pair[1]]),
        join: Callable[[tuple[str, ...], Pair], tuple[str, ...]] = merge,
        entry: Callable[[Pair], Any] = tuple,
        more: int = 0,
    ) -> Callable[[dict[str, int], int], list[Any]]:
        """The algorithm, changed in one thing."""

        def found(counts: dict[str, int], merges: int) -> list[Any]:
            words = {tuple(word): count for word, count in counts.items()}
            ids = {letter: number for number, letter in enumerate(sorted(set("".join(counts))))}
            steps: list[Any] = []
            while len(steps) < merges + more and (pairs := pairs_of(words)):
                best = min(pairs, key=lambda pair: rank(pair, pairs[pair], ids))
                ids.setdefault("".join(best), len(ids))
                joined = {join(pieces, best): count for pieces, count in words.items()}
                if joined == words and pairs_of is count_pairs:
                    break
                words = joined
                steps.append(entry(best))
            return steps

        return found

    def glued(pieces: tuple[str, ...], pair: Pair) -> tuple[str, ...]:
        return tuple(" ".join(pieces).replace(" ".join(pair), "".join(pair)).split(" "))

    def each_once(words: Words) -> Counter[Pair]:
        return Counter(pair for pieces in words for pair in pairwise(pieces))

    def once_a_word(words: Words) -> Counter[Pair]:
        pairs: Counter[Pair] = Counter()
        for pieces, count in words.items():
            for pair in set(pairwise(pieces)):
                pairs[pair] += count
        return pairs

    def only_counted(counts: dict[str, int], merges: int) -> list[Pair]:
        pairs = count_pairs({tuple(word): count for word, count in counts.items()})
        return [pair for pair, _ in pairs.most_common(merges)]

    return Exercise(
        right=learn_merges,
        cases=[
            (TOY, 9),
            (TOY, 4),
            (TOY, 100),
            ({"cab": 4, "bab": 2, "ab": 3, "cabab": 1, "bca": 3}, 6),
            ({"aaaa": 3, "aab": 2, "baab": 1, "aaaaaaa": 1}, 5),
            ({"zzy": 2, "xyz": 2, "yzx": 2}, 3),
            ({"abab": 2, "cdc": 3}, 2),
            ({"film": 5}, 0),
            ({"a": 3}, 5),
            ({}, 5),
        ],
        mistakes={
            "first_met": learned(rank=lambda pair, n, ids: -n),
            "spelled": learned(rank=lambda pair, n, ids: (-n, pair)),
            "last_number": learned(rank=lambda pair, n, ids: (-n, -ids[pair[0]], -ids[pair[1]])),
            "rarest": learned(rank=lambda pair, n, ids: (n, ids[pair[0]], ids[pair[1]])),
            "words_once": learned(pairs_of=each_once),
            "once_a_word": learned(pairs_of=once_a_word),
            "glued_inside": learned(join=glued),
            "pieces": learned(entry="".join),
            "only_counted": only_counted,
            "one_too_many": learned(more=1),
        },
    )


def _letters(text: str) -> list[str]:
    return [letter for letter in text if not letter.isspace()]


def _words_and_punctuation(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]+", text)


@record("04/tokens-per-word")
def tokens_per_word() -> Exercise:
    """`answer(cut, texts)` gives the fertility: tokens divided by words between spaces, over all texts."""
    Cut = Callable[[str], list[str]]

    def share(
        over: Callable[[Cut, str], float] = lambda cut, text: len(cut(text)),
        under: Callable[[str], float] = lambda text: len(text.split()),
    ) -> Callable[[Cut, list[str]], float]:
        return lambda cut, texts: sum(over(cut, text) for text in texts) / sum(under(text) for text in texts)

    return Exercise(
        right=fertility,
        cases=[
            (_letters, ["What a film!"]),
            (_words_and_punctuation, ["Annoyingly long, and unwatchable.", "Good."]),
            (_words_and_punctuation, ["It doesn't end: a well-made, well-made film of 2024."]),
            (list, ["A puppeteer  tells  his  story.", "Lovely", "I fell asleep twice,\nwoke up, and left."]),
        ],
        call=lambda cut, texts: f"fertility({cut.__name__.strip('_')}, {texts})",
        mistakes={
            "upside_down": lambda cut, texts: 1 / fertility(cut, texts),
            "mean_of_means": lambda cut, texts: sum(fertility(cut, [text]) for text in texts) / len(texts),
            "per_text": share(under=lambda text: 1),
            "characters": (share(under=len), share(under=lambda text: len(_letters(text)))),
            "one_total": lambda cut, texts: sum(len(cut(text)) for text in texts),
            "different": share(over=lambda cut, text: len(set(cut(text)))),
            "word_by_word": share(over=lambda cut, text: sum(len(cut(word)) for word in text.split())),
            "spaces_counted": (
                share(under=lambda text: len(text.split(" "))),
                share(under=lambda text: text.count(" ") + 1),
            ),
            "first_only": lambda cut, texts: fertility(cut, texts[:1]),
            "letters_of_text": share(over=lambda cut, text: len(text)),
        },
    )


@record("04/make-pair")
def make_pair(tokenizer: PreTrainedTokenizerBase) -> Exercise:
    """`answer(first, second)` gives what `tokenizer(first, second)` gives, from two texts encoded one by one."""
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    together: list[bool] = []

    def ids_of(text: str) -> list[int]:
        return tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text))

    def watched(answer: Callable[[str, str], Any], first: str, second: str) -> Any:
        with _several_texts(tokenizer, together):
            return answer(first, second)

    def apart(trial: Trial) -> tuple[str, str] | None:
        if not together:
            return None
        return text("exercise.04.make-pair.words.together"), text("exercise.04.make-pair.words.apart")

    def pair(
        ids: Callable[[list[int], list[int]], list[int]] = lambda a, b: [cls, *a, sep, *b, sep],
        types: Callable[[int, int], list[int]] = lambda a, b: [0] * (a + 2) + [1] * (b + 1),
        mask: int = 1,
    ) -> Callable[[str, str], dict[str, list[int]]]:
        def made(first: str, second: str) -> dict[str, list[int]]:
            a, b = ids_of(first), ids_of(second)
            row = ids(a, b)
            return {
                "input_ids": row,
                "token_type_ids": types(len(a), len(b)),
                "attention_mask": [mask] * len(row),
            }

        return made

    def one_type(ids: Callable[[list[int], list[int]], list[int]]) -> Callable[[str, str], dict[str, list[int]]]:
        def made(first: str, second: str) -> dict[str, list[int]]:
            row = ids(ids_of(first), ids_of(second))
            return {"input_ids": row, "token_type_ids": [0] * len(row), "attention_mask": [1] * len(row)}

        return made

    plain = {
        "no_special": lambda a, b: a + b,
        "two_starts": lambda a, b: [cls, *a, sep, cls, *b, sep],
        "no_last_separator": lambda a, b: [cls, *a, sep, *b],
        "no_middle_separator": lambda a, b: [cls, *a, *b, sep],
        "exchanged": lambda a, b: [cls, *b, sep, *a, sep],
    }
    fitting = {
        "no_special": lambda a, b: [0] * a + [1] * b,
        "two_starts": lambda a, b: [0] * (a + 2) + [1] * (b + 2),
        "no_last_separator": lambda a, b: [0] * (a + 2) + [1] * b,
        "no_middle_separator": lambda a, b: [0] * (a + 1) + [1] * (b + 1),
        "exchanged": lambda a, b: [0] * (b + 2) + [1] * (a + 1),
    }
    return Exercise(
        right=pair(),
        cases=PAIRS,
        use=watched,
        demands={"both_at_once": apart},
        mistakes={
            **{cause: (pair(ids, fitting[cause]), one_type(ids)) for cause, ids in plain.items()},
            "batch_of_two": lambda first, second: dict(tokenizer([first, second])),
            "all_one_type": (
                one_type(lambda a, b: [cls, *a, sep, *b, sep]),
                pair(types=lambda a, b: [1] * (a + b + 3)),
            ),
            "separator_type": (
                pair(types=lambda a, b: [0] * (a + 1) + [1] * (b + 2)),
                pair(types=lambda a, b: [0] * (a + 2) + [1] * b + [0]),
            ),
            "types_from_one": pair(types=lambda a, b: [1] * (a + 2) + [2] * (b + 1)),
            "types_exchanged": pair(types=lambda a, b: [1] * (a + 2) + [0] * (b + 1)),
            "mask": pair(mask=0),
        },
    )


@contextmanager
def _several_texts(tokenizer: PreTrainedTokenizerBase, seen: list[bool]) -> Iterator[None]:
    """Note in `seen` each call in which the tokenizer is given more than one text."""
    kind, own = type(tokenizer), type(tokenizer).__dict__.get("_encode_plus")
    before = kind._encode_plus

    def noted(self: Any, text: Any, text_pair: Any = None, *rest: Any, **options: Any) -> Any:
        one_cut = options.get("is_split_into_words") and all(isinstance(word, str) for word in text)
        several = not isinstance(text, str) and (len(text) != 1 or not isinstance(text[0], str))
        if text_pair is not None or several and not one_cut:
            seen.append(True)
        return before(self, text, text_pair, *rest, **options)

    kind._encode_plus = noted
    try:
        yield
    finally:
        if own is None:
            del kind._encode_plus
        else:
            kind._encode_plus = own


def cut_longest_first(word: str, vocabulary: Mapping[str, int]) -> list[str]:
    """A word as WordPiece cuts it: the longest entry first, `##` inside the word, [UNK] for the whole where none fits.

    >>> cut_longest_first("films", {"film": 0, "fi": 1, "##s": 2})
    ['film', '##s']
    """
    pieces: list[str] = []
    start = 0
    while start < len(word):
        mark = "##" if start else ""
        ends = (end for end in range(len(word), start, -1) if mark + word[start:end] in vocabulary)
        end = next(ends, None)
        if end is None:
            return ["[UNK]"]
        pieces.append(mark + word[start:end])
        start = end
    return pieces


@record("04/longest-match")
def longest_match() -> Exercise:
    """`answer(word, vocabulary)` cuts a word as WordPiece does: longest entry first, `##` inside a word."""
    entries = ["[UNK]", *KNOWN.split(), *(f"##{piece}" for piece in KNOWN_INSIDE.split())]
    vocabulary = {entry: number for number, entry in enumerate(entries)}
    Answer = Callable[[str, dict[str, int]], list[str]]

    def cut(
        order: Callable[[int, int], Sequence[int]] = lambda start, length: range(length, start, -1),
        looked_up: str = "##",
        written: str = "##",
        first: str = "",
        gives_up: Callable[[list[str]], list[str]] = lambda pieces: ["[UNK]"],
        most: int = 100,
    ) -> Answer:
        """The longest match, changed in one thing."""

        def found(word: str, vocabulary: dict[str, int]) -> list[str]:
            pieces: list[str] = []
            start = 0
            while start < len(word) and len(pieces) < most:
                mark = looked_up if start else ""
                ends = [end for end in order(start, len(word)) if mark + word[start:end] in vocabulary]
                if not ends:
                    return gives_up(pieces)
                pieces.append((written if start else first) + word[start : ends[0]])
                start = ends[0]
            return pieces

        return found

    def goes_back(word: str, vocabulary: dict[str, int], start: int = 0) -> list[str]:
        """Takes a shorter piece where the rest cannot be cut."""
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                rest = goes_back(word, vocabulary, end) if end < len(word) else []
                if rest != ["[UNK]"]:
                    return [piece, *rest]
        return ["[UNK]"]

    def letter_by_letter(word: str, vocabulary: dict[str, int]) -> list[str]:
        """An unknown letter is one [UNK], and the rest is cut all the same."""
        pieces: list[str] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            ends = [end for end in range(len(word), start, -1) if mark + word[start:end] in vocabulary]
            pieces.append(mark + word[start : ends[0]] if ends else "[UNK]")
            start = ends[0] if ends else start + 1
        return pieces

    def from_the_end(word: str, vocabulary: dict[str, int]) -> list[str]:
        """The longest piece at the end of the word first."""
        pieces: list[str] = []
        end = len(word)
        while end:
            starts = [s for s in range(end) if ("##" if s else "") + word[s:end] in vocabulary]
            if not starts:
                return ["[UNK]"]
            pieces.insert(0, ("##" if starts[0] else "") + word[starts[0] : end])
            end = starts[0]
        return pieces

    words = (
        *("film", "films", "unwatchable", "annoyingly", "filmed", "fi☃lm", "☃film", "x", "watching", "a", "filma"),
        *("annoyinglys", "unno"),
    )
    return Exercise(
        right=cut_longest_first,
        cases=[*((word, vocabulary) for word in words), ("aaaa", {"a": 0, "##a": 1})],
        call=lambda word, vocabulary: f"longest_match({word!r}, vocabulary)",
        mistakes={
            "no_marks": cut(written=""),
            "looked_up_bare": (cut(looked_up=""), cut(looked_up="", written="")),
            "first_marked": cut(first="##"),
            "shortest": cut(order=lambda start, length: range(start + 1, length + 1)),
            "only_first": (cut(most=1), cut(most=2)),
            "whole_or_unknown": lambda word, vocabulary: [word] if word in vocabulary else ["[UNK]"],
            "partly_unknown": (
                letter_by_letter,
                cut(gives_up=lambda pieces: [*pieces, "[UNK]"]),
                cut(gives_up=lambda pieces: pieces),
            ),
            "goes_back": goes_back,
            "from_the_end": from_the_end,
            "ids": lambda word, vocabulary: [vocabulary[piece] for piece in cut_longest_first(word, vocabulary)],
        },
    )


@record("04/repair-offsets")
def repair_offsets(tokenizer: PreTrainedTokenizerBase) -> Exercise:
    """`answer(text)` gives the parts of a text that became the unknown token, as they stand in the text."""
    normalize = tokenizer.backend_tokenizer.normalizer.normalize_str

    def parts(
        read: Callable[[str], str] = str, shown: Callable[[str], str] = str, of: Callable[[int], bool] | None = None
    ) -> Callable[[str], list[str]]:
        """What is read by the tokenizer, and what the offsets are taken to point into."""

        def found(text: str) -> list[str]:
            encoded = tokenizer(read(text), return_offsets_mapping=True)
            pairs = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
            kept = of or (lambda number: number == tokenizer.unk_token_id)
            return [shown(text)[start:end] for number, (start, end) in pairs if kept(number)]

        return found

    return Exercise(
        right=parts(),
        cases=[(text,) for text in HALF_READ],
        mistakes={
            "planted": parts(read=normalize),
            "normalized": parts(read=normalize, shown=normalize),
            "slices_normalized": parts(shown=normalize),
            "known_parts": parts(of=lambda number: number != tokenizer.unk_token_id),
            "special_too": parts(of=lambda number: number in tokenizer.all_special_ids),
            "tokens": lambda text: [tokenizer.unk_token for _ in parts()(text)],
            "whole_words": lambda text: [word for word in text.split() if parts()(word)],
            "places": lambda text: [
                place for place, number in enumerate(tokenizer(text)["input_ids"]) if number == tokenizer.unk_token_id
            ],
            "first_only": lambda text: parts()(text)[:1],
        },
    )
