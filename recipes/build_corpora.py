"""Make the corpora of the course from their sources: parquet files, and the counted tables in the data cards.

The sources are ``corpora/*.jsonl``, one row a line, to be edited by hand:

=================  ===========================================================================================
pocket_reviews     text, label (0 negative, 1 positive), kind (an editor's note that is not shipped)
pocket_pairs       sentence1, sentence2, label (0 not equivalent, 1 equivalent), kind (likewise)
pocket_aspects     text, labels (names of the aspects that hold; the guide is pocket_aspects_guide.md)
second_reading     corpus, language, text or sentences, first and second label: the blind sample, kept as it was
=================  ===========================================================================================

Run ``python recipes/build_corpora.py`` after an edit. It refuses sources with duplicates or template families, and it
changes nothing if nothing changed: no random numbers are drawn, the order comes from a hash of the texts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow
import pyarrow.parquet
from corpus_checks import Row, faults
from datasets import ClassLabel, Dataset, Features, List, Value, disable_progress_bars

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "corpora"
PACKAGE = HERE.parent / "course_utils" / "corpora"
LANGUAGES = {"en": "English", "ko": "Korean"}
SPLITS = ("train", "validation", "test")
ASPECTS = ["acting", "story", "picture", "music", "direction"]
SEED = "course"

FEATURES = {
    "pocket_reviews": Features({"text": Value("string"), "label": ClassLabel(names=["negative", "positive"])}),
    "pocket_pairs": Features(
        {
            "sentence1": Value("string"),
            "sentence2": Value("string"),
            "label": ClassLabel(names=["not_equivalent", "equivalent"]),
            "idx": Value("int32"),
        }
    ),
    "pocket_aspects": Features({"text": Value("string"), "aspects": List(ClassLabel(names=ASPECTS))}),
}
#: Which of twenty neighbours in the ordered rows are held out: two and two, or three and three.
HELD_OUT = {
    "pocket_reviews": {"validation": {4, 14}, "test": {9, 19}},
    "pocket_pairs": {"validation": {4, 14}, "test": {9, 19}},
    "pocket_aspects": {"validation": {3, 9, 16}, "test": {6, 13, 19}},
}


def source(name: str, language: str) -> list[dict]:
    """The rows of a source, in the order of the file."""
    with (SOURCES / f"{name}_{language}.jsonl").open(encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def texts_of(row: dict) -> Row:
    """The texts of a row: one, or the two of a pair.

    >>> texts_of({"sentence1": "One.", "sentence2": "Two.", "label": 0})
    ('One.', 'Two.')
    """
    return (row["text"],) if "text" in row else (row["sentence1"], row["sentence2"])


def drawn(row: dict, purpose: str) -> str:
    """A number drawn from the texts of a row: the same on every machine, and unlike that of another purpose."""
    return hashlib.sha256("\n".join((SEED, purpose, *texts_of(row))).encode()).hexdigest()


def stratum(row: dict) -> tuple:
    """What is spread evenly over the splits: label and kind, or the aspects, the rare one before all."""
    if "labels" in row:
        return ("music" not in row["labels"], sorted(ASPECTS.index(name) for name in row["labels"]))
    return (row["label"], row["kind"])


def in_strata(rows: Iterable[dict]) -> list[dict]:
    """The rows ordered by stratum, and inside a stratum at random."""
    return sorted(rows, key=lambda row: (stratum(row), drawn(row, "stratum")))


def splits(name: str, rows: Sequence[dict]) -> dict[str, list[dict]]:
    """The rows of each split, shuffled: from every twenty neighbours in the strata some are held out."""
    parts: dict[str, list[dict]] = {split: [] for split in SPLITS}
    for place, row in enumerate(in_strata(rows)):
        split = next((split for split, places in HELD_OUT[name].items() if place % 20 in places), "train")
        parts[split].append(row)
    return {split: sorted(part, key=lambda row: drawn(row, "order")) for split, part in parts.items()}


def shipped(name: str, rows: Iterable[dict]) -> Dataset:
    """Rows of a source as the dataset that is shipped: typed, without the editor's notes."""
    features = FEATURES[name]
    table = [{**row, "aspects": [ASPECTS.index(aspect) for aspect in row.get("labels", ())]} for row in rows]
    return Dataset.from_dict({column: [row[column] for row in table] for column in features}, features=features)


def built(name: str, language: str) -> dict[str, Dataset]:
    """The splits of a corpus as its source makes them. ``idx`` of a pair is its line in the source, from 0."""
    rows = [{**row, "idx": number} for number, row in enumerate(source(name, language))]
    return {split: shipped(name, part) for split, part in splits(name, rows).items()}


def write(dataset: Dataset, path: Path) -> bool:
    """Write a parquet file unless it holds just that; whether it was written."""
    table: pyarrow.Table = dataset.data.table
    if path.is_file():
        old = pyarrow.parquet.read_table(path)
        if old.schema.metadata == table.schema.metadata and old.cast(table.schema).equals(table):
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.to_parquet(path)
    return True


def between(text: str, marker: str, new: str) -> str:
    """``text`` with what stands between two HTML comments replaced.

    >>> between("a <!-- x --> old <!-- /x --> b", "x", "new")
    'a <!-- x -->\\nnew\\n<!-- /x --> b'
    """
    first, opened, rest = text.partition(f"<!-- {marker} -->")
    _, closed, last = rest.partition(f"<!-- /{marker} -->")
    if not opened or not closed:
        raise ValueError(f"the markers <!-- {marker} --> and <!-- /{marker} --> are missing")
    return f"{first}{opened}\n{new.strip()}\n{closed}{last}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table.

    >>> print(markdown(["split", "rows"], [["train", 480]]))
    | split | rows |
    |---|---|
    | train | 480 |
    """
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def class_counts(name: str, rows: Sequence[dict]) -> dict[str, int]:
    """How many rows hold each class."""
    if name == "pocket_aspects":
        counts = Counter(aspect for row in rows for aspect in row["labels"])
        return {aspect: counts[aspect] for aspect in ASPECTS}
    names = FEATURES[name]["label"].names
    counts = Counter(names[row["label"]] for row in rows)
    return {each: counts[each] for each in names}


def counted(name: str) -> str:
    """The counted part of a data card: rows and classes of each split, lengths, kinds."""
    classes = list(class_counts(name, []))
    table, lengths, kinds = [], [], []
    for language, spoken in LANGUAGES.items():
        rows = source(name, language)
        for split, part in splits(name, rows).items():
            table.append([spoken, split, len(part), *class_counts(name, part).values()])
        sizes = sorted(len(text.split()) for row in rows for text in texts_of(row))
        tenth = len(sizes) // 10
        facts = [sizes[0], sizes[tenth], statistics.median(sizes), f"{statistics.mean(sizes):.1f}"]
        lengths.append([spoken, *(f"{fact:g}" if isinstance(fact, float) else fact for fact in facts)])
        lengths[-1] += [sizes[-1 - tenth], sizes[-1]]
        if "kind" in rows[0]:
            kinds.append(Counter(row["kind"] for row in rows))
    unit = "sentence" if name == "pocket_pairs" else "review"
    parts = [
        markdown(["language", "split", "rows", *classes], table),
        f"Words in a {unit} (between spaces; 10 % are shorter than *tenth* and 10 % longer than *ninetieth*):",
        markdown(["language", "shortest", "tenth", "median", "mean", "ninetieth", "longest"], lengths),
    ]
    if kinds:
        parts += [
            "What the writers set out to write, as noted in the sources (not a column):",
            markdown(
                ["kind", *LANGUAGES.values()],
                [[kind.replace("_", " "), *(one[kind] for one in kinds)] for kind, _ in kinds[0].most_common()],
            ),
        ]
    return "\n\n".join(parts)


def kappa(first: Sequence[int], second: Sequence[int]) -> float:
    """Cohen's kappa of two readers who gave 0 or 1: agreement beyond what their habits alone would bring.

    Not a number if both gave the same label to everything: then it is not defined.

    >>> kappa([0, 0, 1, 1], [0, 0, 1, 0])
    0.5
    """
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    one, other = sum(first) / len(first), sum(second) / len(second)
    chance = one * other + (1 - one) * (1 - other)
    return math.nan if chance == 1 else (observed - chance) / (1 - chance)


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of Wilson for a share.

    >>> [round(end, 3) for end in wilson(50, 100)]
    [0.404, 0.596]
    """
    z, share = 1.959964, right / of
    middle, half = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def percent(*shares: float) -> str:
    """Shares as percentages.

    >>> percent(0.5), percent(0.404, 0.596)
    ('50.0 %', '40.4 to 59.6 %')
    """
    return " to ".join(f"{100 * share:.1f}" for share in shares) + " %"


def second_reading() -> list[dict]:
    """The blind sample with both labels, as they were before any was mended; empty before it was read."""
    path = SOURCES / "second_reading.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()] if path.is_file() else []


def agreement(name: str) -> str:
    """The table of a data card that tells how often the second reader gave the same label."""
    table = []
    for language, spoken in LANGUAGES.items():
        rows = [row for row in second_reading() if (row["corpus"], row["language"]) == (name, language)]
        if not rows:
            continue
        judgements: dict[str, Callable[[object], int]] = {"label": int}
        if name == "pocket_aspects":
            judgements = {aspect: lambda labels, aspect=aspect: int(aspect in labels) for aspect in ASPECTS}
        for what, take in judgements.items():
            first, second = [take(row["first"]) for row in rows], [take(row["second"]) for row in rows]
            same = sum(a == b for a, b in zip(first, second, strict=True))
            shown = f"{kappa(first, second):.2f}".replace("nan", "-")
            table.append([spoken, what, f"{same} of {len(rows)}", percent(*wilson(same, len(rows))), shown])
        if name == "pocket_aspects":
            same = sum(set(row["first"]) == set(row["second"]) for row in rows)
            table.append([spoken, "all five", f"{same} of {len(rows)}", percent(*wilson(same, len(rows))), "-"])
    if not table:
        return "The blind sample has not been read yet."
    return markdown(["language", "judgement", "same", "95 % interval (Wilson)", "Cohen's kappa"], table)


def refresh_card(name: str) -> bool:
    """Write the counted tables into a data card; whether that changed it."""
    path = PACKAGE / name / "README.md"
    old = path.read_text(encoding="utf8")
    new = between(between(old, "counts", counted(name)), "agreement", agreement(name))
    path.write_text(new, encoding="utf8", newline="\n")
    return new != old


def main() -> int:
    """Check the sources, then build everything; the exit status."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    disable_progress_bars()
    wrong = [
        f"{name} {language}: {fault}"
        for name in FEATURES
        for language in LANGUAGES
        for fault in faults([texts_of(row) for row in source(name, language)], language)
    ]
    print("\n".join(wrong) or "sources: no duplicates, no near duplicates, no template families")
    if wrong:
        return 1
    for name in FEATURES:
        for language in LANGUAGES:
            for split, dataset in built(name, language).items():
                done = write(dataset, PACKAGE / name / language / f"{split}.parquet")
                print(f"{name}/{language}/{split}.parquet: {len(dataset)} rows, {'written' if done else 'unchanged'}")
        print(f"{name}/README.md: tables {'written' if refresh_card(name) else 'unchanged'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
