"""The corpora of the course: small labelled texts, English and Korean, written for it.

Each folder beside this file is laid out like a dataset repository on the Hub: a data card (`README.md`) and one parquet
file for each language and split. `corpus` reads them; so does plain `load_dataset`, from the folder or from the files.
"""

from __future__ import annotations

import difflib
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.messages import CourseError, brief, text

if TYPE_CHECKING:
    from datasets import DatasetDict

CORPORA = ("pocket_reviews", "pocket_pairs", "pocket_aspects")
LANGUAGES = ("en", "ko")
SPLITS = ("train", "validation", "test")


def corpus(name: str, language: str = "en") -> DatasetDict:
    """A corpus of the course in one language, with its splits train, validation and test.

    The rows are read into memory, so nothing is downloaded and nothing is written: it works from a read-only folder and
    leaves the cache of the datasets library alone.

    Args:
        name: "pocket_reviews" (text, label), "pocket_pairs" (sentence1, sentence2, label, idx) or "pocket_aspects"
            (text, aspects: the ids of all aspects that hold).
        language: "en" or "ko".
    Returns:
        The same rows and features as `load_dataset("parquet", data_files=...)` gives for the files of that corpus.
    Raises:
        CourseError: an unknown name or language, or something that is not text.

    >>> reviews = corpus("pocket_reviews", "ko")
    >>> {split: len(rows) for split, rows in reviews.items()}
    {'train': 480, 'validation': 60, 'test': 60}
    >>> reviews["train"].features["label"].names
    ['negative', 'positive']
    """
    name, language = _known_name(name), _known_language(name, language)

    import pyarrow.parquet
    from datasets import Dataset, DatasetDict, NamedSplit

    folder = corpus_folder(name) / language
    return DatasetDict(
        {
            split: Dataset(pyarrow.parquet.read_table(folder / f"{split}.parquet"), split=NamedSplit(split))
            for split in SPLITS
        }
    )


def corpus_folder(name: str) -> Path:
    """Folder of a corpus in the installed package: what `load_dataset(folder, language)` takes.

    Raises CourseError if the course has no corpus of that name.

    >>> sorted(path.name for path in corpus_folder("pocket_pairs").iterdir())
    ['README.md', 'en', 'ko']
    """
    with as_file(files("course_utils").joinpath("corpora", _known_name(name))) as folder:
        return folder


def _known_name(name: object) -> str:
    """The name itself, or a CourseError that names the corpora there are, the nearest first."""
    given = _text(name)
    if given in CORPORA:
        return given
    near = difflib.get_close_matches(given[:200], CORPORA, n=1, cutoff=0) or list(CORPORA)
    raise CourseError(text("corpus.unknown_name", given=brief(name), near=near[0], known=", ".join(CORPORA)))


def _known_language(name: object, language: object) -> str:
    """The language itself, or a CourseError that names those there are."""
    given = _text(language).lower()
    if given in LANGUAGES:
        return given
    known = ", ".join(f'"{one}"' for one in LANGUAGES)
    raise CourseError(
        text("corpus.unknown_language", name=_text(name), given=brief(language), known=known, near=LANGUAGES[-1])
    )


def _text(given: object) -> str:
    """What was given without spaces around it, or a CourseError if it is not text."""
    if not isinstance(given, str):
        raise CourseError(text("corpus.not_a_text", given=brief(given), kind=type(given).__name__))
    return given.strip()
