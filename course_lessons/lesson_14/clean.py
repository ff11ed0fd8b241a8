"""Cleaning a table of texts and labels: each step says which rows stay, so that every step can be counted."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from course_utils.messages import CourseError, brief, text

if TYPE_CHECKING:
    from datasets import Dataset

Row = Mapping[str, Any]

LANGUAGES = ("en", "ko")
"""The languages for which the course has a body."""

TEXTS = ("text", "text_pair")
MARKS_OF_NOTHING = {"?", "-", "--", "na", "n/a", "nan", "none", "null", "unknown", "missing"}
FEW = 0.05
"""Such a mark counts as a missing label where fewer rows than this share have it; else it is a class."""
MOST_CLASSES = 50
LEAST_OF_A_CLASS = 10
LEAST_ROWS = 40
TWINS = 0.9
"""Texts as similar as this are twins: the cosine of their counts of four letters in a row."""
LEAST_WORDS = 4
"""A sentence with fewer words says too little to be called the same as another."""
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


def tidy(row: Row) -> dict[str, str]:
    """A row with one space for each run of spaces and line breaks, without invisible letters, in Unicode's usual form.

    >>> tidy({"text": "  good\\u200b\\n value ", "label": " GOOD"})
    {'text': 'good value', 'label': 'GOOD'}
    """
    return {
        name: " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", value or "")).split())
        for name, value in row.items()
    }


def has_text(row: Row) -> bool:
    """Whether each text of a row holds a letter, a digit or a sign such as an emoji, and not only marks.

    >>> has_text({"text": "..."}), has_text({"text": "👍"}), has_text({"text": "a", "text_pair": ""})
    (False, True, False)
    """
    return all(any(unicodedata.category(c)[0] in "LNS" for c in row[name] or "") for name in TEXTS if name in row)


def spellings(labels: Iterable[str | None]) -> dict[str | None, str | None]:
    """How each label is written from here on: as most rows write it; None for one that is missing.

    Capitals, spaces at the ends and `.0` behind a whole number make no difference.

    Raises:
        CourseError: fewer than two classes, or so many different labels that they are no classes.

    >>> spellings(["good", "good", "Good ", "bad", "1.0", "1", "1", "", *["bad"] * 80, "n/a"])["Good "]
    'good'
    """
    counted = Counter(labels)
    rows = counted.total()
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for label, number in counted.items():
        groups[_key_of_label(label)][label or ""] += number
    for key in list(groups):
        if not key or key in MARKS_OF_NOTHING and groups[key].total() < FEW * rows:
            del groups[key]
    shown = ", ".join(brief(key, 30) for key in list(groups)[:5]) or "-"
    if len(groups) < 2:
        raise CourseError(text("clean.one_class" if groups else "clean.no_labels", rows=rows, shown=shown))
    if len(groups) > MOST_CLASSES or len(groups) > max(2, sum(map(Counter.total, groups.values())) / 3):
        raise CourseError(text("clean.many_classes", rows=rows, number=len(groups), shown=shown, most=MOST_CLASSES))
    names = {key: " ".join(group.most_common(1)[0][0].split()) for key, group in groups.items()}
    names = {key: key if re.fullmatch(r"-?\d+", key) else name for key, name in names.items()}
    return {label: names.get(_key_of_label(label)) for label in counted}


def _key_of_label(label: str | None) -> str:
    """What two spellings of one label share."""
    key = " ".join(unicodedata.normalize("NFC", label or "").casefold().split())
    whole = re.fullmatch(r"([+-]?\d+)[.,]0+", key)
    return whole.group(1) if whole else key


def language_of(words: str) -> str:
    """The language whose letters most letters of a text are: "en" or "ko"; "other", or "none" without letters.

    Only letters are looked at: this does not tell English from French.

    >>> [language_of(words) for words in ("a film", "영화 good", "映画", "5/5 👍")]
    ['en', 'ko', 'other', 'none']
    """
    kinds = Counter(
        "ko" if "가" <= c <= "힣" or "ㄱ" <= c <= "ㅣ" else "en" if c.isascii() else _latin(c)
        for c in words
        if c.isalpha()
    )
    if not kinds:
        return "none"
    hangul = kinds["ko"] >= 0.3 * kinds.total()  # English names stand in Korean texts, hardly the other way round
    return "ko" if hangul else max(("en", "other"), key=lambda kind: kinds[kind])


def _latin(letter: str) -> str:
    return "en" if unicodedata.name(letter, "").startswith("LATIN") else "other"


def languages(rows: Dataset) -> Counter[str]:
    """How many rows are written in the letters of which language."""
    return Counter(language_of(" ".join(pieces)) for pieces in _texts(rows))


def main_language(rows: Dataset) -> str:
    """The language of most rows.

    Raises:
        CourseError: no row, or most rows are written in letters that no body of the course can read.
    """
    counted = languages(rows)
    if not counted:
        raise CourseError(text("clean.nothing_left"))
    best = max(LANGUAGES, key=lambda name: counted[name])
    if counted[best] <= counted["other"] or not counted[best]:
        kind, said = ("none", "no_letters") if counted["none"] > counted["other"] else ("other", "no_body")
        raise CourseError(text(f"clean.{said}", number=counted[kind], rows=counted.total()))
    return best


def letters_of(language: str) -> str:
    """The letters by which a language is recognised.

    >>> letters_of("ko")
    'Hangul'
    """
    return text(f"clean.letters.{language}")


def in_language(row: Row, language: str) -> bool:
    """Whether a body of this language can read a row; one without any letters stays.

    >>> in_language({"text": "좋다"}, "en"), in_language({"text": "👍"}, "en")
    (False, True)
    """
    return language_of(" ".join(row[name] for name in TEXTS if name in row)) in (language, "none")


def key(words: str) -> str:
    """What a text shares with its doubles: its letters and digits, without capitals.

    >>> key("Good, good value") == key("good GOOD value!"), key("👍👍")
    (True, '👍👍')
    """
    return "".join(c for c in words.casefold() if c.isalnum()) or words


def without_doubles(rows: Dataset) -> list[int]:
    """The numbers of the rows that stay when each text stands once; none of a text that has two different labels.

    >>> from datasets import Dataset
    >>> without_doubles(Dataset.from_dict({"text": ["a", "A!", "b", "b", "c"], "label": ["1", "1", "1", "2", "2"]}))
    [0, 4]
    """
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, pieces in enumerate(_texts(rows)):
        places[tuple(map(key, pieces))].append(number)
    labels = rows[:]["label"]
    return [numbers[0] for numbers in places.values() if len({labels[n] for n in numbers}) == 1]


def without_twins(rows: Dataset) -> list[int]:
    """The numbers of the rows that stay when of texts that are nearly the same only the first stays.

    >>> from datasets import Dataset
    >>> long = "the parcel came a fortnight late and it was open on one side"
    >>> without_twins(Dataset.from_dict({"text": [long, f"{long}.", "it works"], "label": ["1", "1", "2"]}))
    [0, 2]
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    pieces = [" | ".join(" ".join(each.casefold().split()) for each in row) for row in _texts(rows)]
    if not pieces:
        return []
    counts = HashingVectorizer(analyzer="char", ngram_range=(4, 4), n_features=1 << 18, alternate_sign=False, norm="l2")
    table = counts.transform(pieces)
    gone: set[int] = set()
    for start in range(0, len(pieces), 500):  # a part at a time, so that no table of all with all is made
        near = (table[start : start + 500] @ table.T).tocoo()
        found = zip((near.row + start).tolist(), near.col.tolist(), near.data.tolist(), strict=True)
        gone |= {
            second for first, second, same in sorted(found) if same >= TWINS and first < second and first not in gone
        }
    return [number for number in range(len(pieces)) if number not in gone]


def shared_sentences(rows: Dataset, others: Dataset) -> int:
    """How many rows hold a sentence of four words or more that one of the other rows holds as well.

    >>> from datasets import Dataset
    >>> test = Dataset.from_dict({"text": ["It is far too long. Seen twice.", "So so.", "A film of four words"]})
    >>> shared_sentences(test, Dataset.from_dict({"text": ["So so. IT IS FAR TOO LONG!", "Dull"]}))
    1
    """
    known = set().union(*map(_sentences, _texts(others)))
    return sum(bool(_sentences(pieces) & known) for pieces in _texts(rows))


def _sentences(pieces: Iterable[str]) -> set[str]:
    """The keys of the sentences of a row."""
    found = (part for words in pieces for part in re.split(r"(?<=[.!?:。])\s+", words))
    return {key(part) for part in found if len(part.split()) >= LEAST_WORDS}


def large_classes(rows: Dataset) -> list[int]:
    """The numbers of the rows whose class has at least `LEAST_OF_A_CLASS` rows.

    Raises:
        CourseError: fewer than two such classes, or fewer than `LEAST_ROWS` rows in them.
    """
    labels = rows[:]["label"]
    counted = Counter(labels)
    kept = [number for number, label in enumerate(labels) if counted[label] >= LEAST_OF_A_CLASS]
    classes = [label for label, number in counted.items() if number >= LEAST_OF_A_CLASS]
    if len(classes) < 2 or len(kept) < LEAST_ROWS:
        words = ", ".join(f"{brief(label, 30)}: {number}" for label, number in counted.most_common(5)) or "-"
        raise CourseError(text("clean.too_few", found=words, of_a_class=LEAST_OF_A_CLASS, rows=LEAST_ROWS))
    return kept


def _texts(rows: Dataset) -> Sequence[tuple[str, ...]]:
    columns = rows[:]
    return list(zip(*(columns[name] for name in TEXTS if name in columns), strict=True))
