"""The corpora of the course: what `corpus` gives, what may not be in them, and that the sources make just that."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pyarrow
import pyarrow.parquet
import pytest
import yaml

from course_utils import CourseError, corpus
from course_utils.corpora import CORPORA, LANGUAGES, SPLITS, corpus_folder

ROOT = Path(__file__).resolve().parent.parent
EVERY = [(name, language) for name in CORPORA for language in LANGUAGES]
ROWS = {
    ("pocket_reviews", "en"): (480, 60, 60),
    ("pocket_reviews", "ko"): (480, 60, 60),
    ("pocket_pairs", "en"): (320, 40, 40),
    ("pocket_pairs", "ko"): (160, 20, 20),
    ("pocket_aspects", "en"): (140, 30, 30),
    ("pocket_aspects", "ko"): (140, 30, 30),
}
COLUMNS = {
    "pocket_reviews": {"text": pyarrow.string(), "label": pyarrow.int64()},
    "pocket_pairs": {
        "sentence1": pyarrow.string(),
        "sentence2": pyarrow.string(),
        "label": pyarrow.int64(),
        "idx": pyarrow.int32(),
    },
    "pocket_aspects": {"text": pyarrow.string(), "aspects": pyarrow.list_(pyarrow.int64())},
}
CLASSES = {
    "pocket_reviews": ["negative", "positive"],
    "pocket_pairs": ["not_equivalent", "equivalent"],
    "pocket_aspects": ["acting", "story", "picture", "music", "direction"],
}
SECTIONS = (
    "What it is", "Columns", "Labels", "How it was written", "Splits and lengths", "Agreement of two readers", "Scores",
    "Known limits", "Licence",
)  # fmt: skip

each_corpus = pytest.mark.parametrize(("name", "language"), EVERY, ids=[f"{n}-{lang}" for n, lang in EVERY])


def recipe(name: str) -> ModuleType:
    """A module out of recipes/."""
    folder = str(ROOT / "recipes")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


checks = recipe("corpus_checks")
build = recipe("build_corpora")


def split_rows(name: str, language: str) -> dict[str, list[dict]]:
    """The rows of each split as dictionaries."""
    return {split: rows.to_list() for split, rows in corpus(name, language).items()}


def texts(name: str, language: str) -> list[tuple[str, ...]]:
    """The texts of every row, all splits together."""
    return [build.texts_of(row) for rows in split_rows(name, language).values() for row in rows]


def lengths(name: str, language: str) -> list[int]:
    """Words (between spaces) of every text."""
    return [len(text.split()) for row in texts(name, language) for text in row]


# What `corpus` gives


@each_corpus
def test_rows_and_types(name: str, language: str) -> None:
    """Each split has its rows, its columns of the right Arrow type, and the names of its classes."""
    data = corpus(name, language)
    assert tuple(data) == SPLITS
    assert tuple(len(rows) for rows in data.values()) == ROWS[name, language]
    for split, rows in data.items():
        assert {field.name: field.type for field in rows.data.schema} == COLUMNS[name], split
        assert rows.split == split
        feature = rows.features["aspects"].feature if name == "pocket_aspects" else rows.features["label"]
        assert feature.names == CLASSES[name]


@each_corpus
def test_plain_load_dataset_gives_the_same(name: str, language: str, tmp_path: Path) -> None:
    """Nothing hides behind `corpus`: plain `load_dataset` on the files, or on the folder, gives the same splits."""
    from datasets import load_dataset

    ours, folder = corpus(name, language), corpus_folder(name)
    files = {split: str(folder / language / f"{split}.parquet") for split in SPLITS}
    plain = load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "files"))
    whole = load_dataset(str(folder), language, cache_dir=str(tmp_path / "folder"))
    for theirs in (plain, whole):
        assert list(theirs) == list(ours)
        for split in SPLITS:
            assert theirs[split].features == ours[split].features
            assert theirs[split].to_list() == ours[split].to_list()


@pytest.mark.slow
def test_reading_writes_nothing(tmp_path: Path) -> None:
    """It works from a folder that cannot be written to, leaves no cache behind, and gives the same every time."""
    package = tmp_path / "course_utils"
    shutil.copytree(ROOT / "course_utils", package, ignore=shutil.ignore_patterns("pocket", "__pycache__"))
    for path in [*package.rglob("*"), package]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import course_utils; from course_utils.corpora import CORPORA, LANGUAGES, SPLITS, corpus; "
        "rows = [corpus(name, lang)[split] for name in CORPORA for lang in LANGUAGES for split in SPLITS]; "
        "print(course_utils.__file__); print([(len(one), one.cache_files, one._fingerprint) for one in rows])"
    )
    settings = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", "HF_HOME": str(home)}
    command = [sys.executable, "-P", "-c", code]
    before = sorted(package.rglob("*"))
    try:
        said = [
            subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=True).stdout
            for _ in range(2)
        ]
    finally:
        for path in [package, *package.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert Path(said[0].splitlines()[0]).is_relative_to(package)
    assert said[0] == said[1] and "480, []" in said[0]
    assert not list(home.rglob("*")) and sorted(package.rglob("*")) == before


def test_import_does_not_load_datasets() -> None:
    """Importing the package, corpora included, loads no heavy library: `corpus` does when it is called."""
    code = "import sys, course_utils.corpora; print({'datasets', 'pyarrow', 'torch', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_examples_in_the_docstrings() -> None:
    """The examples of the recipes run as written; pytest does not look into that folder by itself."""
    for module, least in ((checks, 6), (build, 6), (recipe("measure_corpora"), 4)):
        failed, tried = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
        assert not failed and tried >= least, module.__name__


@pytest.mark.parametrize(("given", "near"), [("pocket_review", "pocket_reviews"), ("Pocket-Pairs", "pocket_pairs")])
def test_unknown_name_is_answered_with_the_nearest(given: str, near: str) -> None:
    """A slip of the keyboard is named, with the likely corpus first and all of them after it."""
    with pytest.raises(CourseError, match=f"no corpus '{given}'. Nearest: {near}.") as caught:
        corpus(given)
    assert all(name in str(caught.value) for name in CORPORA)


@pytest.mark.parametrize("given", ["", "../pocket", "pocket_reviews/en", "\x00", "😀" * 500])
def test_no_name_leads_out_of_the_folder(given: str) -> None:
    """Only names of corpora are taken, never a path; the answer stays short."""
    for ask in (corpus, corpus_folder):
        with pytest.raises(CourseError, match="The course has no corpus") as caught:
            ask(given)
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("language", ["kr", "", "english", "../en", "de"])
def test_unknown_language(language: str) -> None:
    """A language that there is not is named, with those that there are and a call to copy."""
    with pytest.raises(CourseError, match=r'There is "en", "ko", as in corpus\("pocket_reviews", "ko"\)') as caught:
        corpus("pocket_reviews", language)
    assert repr(language) in str(caught.value)


@pytest.mark.parametrize("given", [None, 3, ["pocket_reviews"], b"pocket_reviews"])
def test_not_a_text(given: object) -> None:
    """Anything but text is answered in words, in both places."""
    for arguments in ((given, "en"), ("pocket_reviews", given)):
        with pytest.raises(CourseError, match=f"of type {type(given).__name__}. It takes the name"):
            corpus(*arguments)  # type: ignore[arg-type]


def test_spaces_and_capitals_are_forgiven() -> None:
    """Spaces around a name and a language in capitals are what they look like."""
    assert corpus(" pocket_pairs ", " KO ")["test"].to_list() == corpus("pocket_pairs", "ko")["test"].to_list()


def test_labels_as_the_loss_wants_them() -> None:
    """The line in the card of pocket_aspects gives rows of five floats that the multi-label loss accepts."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, default_data_collator

    card = (corpus_folder("pocket_aspects") / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in card.splitlines() if line.startswith("aspects = aspects.map(")]
    names: dict[str, object] = {"aspects": corpus("pocket_aspects")}
    exec(compile(line, "card", "exec"), names)
    rows = names["aspects"]["validation"]
    for row in rows:
        assert [number for number, value in enumerate(row["labels"]) if value == 1.0] == row["aspects"]
        assert len(row["labels"]) == 5 and set(row["labels"]) <= {0.0, 1.0}
    batch = default_data_collator([{"labels": row["labels"], "input_ids": [2, 3]} for row in rows])
    assert batch["labels"].dtype == torch.float32 and batch["labels"].shape == (30, 5)
    config = BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, num_labels=5,
        problem_type="multi_label_classification",
    )  # fmt: skip
    assert torch.isfinite(BertForSequenceClassification(config)(**batch).loss)


# What the rows are


@each_corpus
def test_no_duplicates_and_no_near_duplicates(name: str, language: str) -> None:
    """No text stands twice, in one split or in two, nor one that is nearly the same; in pairs, no single sentence."""
    assert checks.repeated(texts(name, language)) == []
    assert checks.near_duplicates(texts(name, language), language) == []


@each_corpus
def test_splits_share_no_text(name: str, language: str) -> None:
    """No text of one split stands in another, whatever its case and punctuation."""
    seen: dict[str, str] = {}
    for split, rows in split_rows(name, language).items():
        for plain in {" ".join(checks.words(text)) for row in rows for text in build.texts_of(row)}:
            assert plain not in seen, f"{split} and {seen[plain]}: {plain}"
            seen[plain] = split
    assert len(seen) == sum(ROWS[name, language]) * (2 if name == "pocket_pairs" else 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_reviews_and_aspects_are_different_texts(language: str) -> None:
    """Both corpora are film reviews: none is, or nearly is, in both."""
    both = texts("pocket_reviews", language) + texts("pocket_aspects", language)
    assert checks.repeated(both) == [] and checks.near_duplicates(both, language) == []


@each_corpus
def test_no_template_families(name: str, language: str) -> None:
    """No opening, run of words or frame is shared by more than a few rows: nothing was cut from a template."""
    assert checks.template_families(texts(name, language), language) == []


@each_corpus
def test_texts_are_clean(name: str, language: str) -> None:
    """No stray spaces, control characters, markup or replacement characters; Korean is Korean, English is not."""
    for row in texts(name, language):
        for text in row:
            assert text == " ".join(text.split()) and text.isprintable() and "\ufffd" not in text, text
            assert not re.search(r"<[^>]+>|https?://", text), text
            hangul = len(re.findall(r"[가-힣ㄱ-ㅎㅏ-ㅣ]", text))
            assert hangul >= 0.6 * len(re.findall(r"\w", text)) if language == "ko" else hangul == 0, text


@each_corpus
def test_lengths(name: str, language: str) -> None:
    """3 to 60 words; reviews as uneven as real ones: most are short, a few are long."""
    counts = lengths(name, language)
    assert min(counts) >= 3 and max(counts) <= 60
    if name != "pocket_pairs":
        middle, halfway = statistics.median(counts), (min(counts) + max(counts)) / 2
        assert middle < 0.75 * halfway and middle < statistics.mean(counts)
        assert min(counts) <= 4 and max(counts) >= 45


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["pocket_reviews", "pocket_pairs"])
def test_length_does_not_give_the_label_away(name: str, language: str) -> None:
    """Whoever only counts words does hardly better than a coin, the best threshold chosen with hindsight."""
    rows = [row for part in split_rows(name, language).values() for row in part]
    assert best_threshold([(sum(map(len, map(str.split, build.texts_of(row)))), row["label"]) for row in rows]) < 0.62


@pytest.mark.parametrize("language", LANGUAGES)
def test_overlap_does_not_give_equivalence_away(language: str) -> None:
    """Pairs of both labels share many words and few: the best threshold on the overlap is far from right."""
    rows = [row for part in split_rows("pocket_pairs", language).values() for row in part]
    overlaps = [(overlap(row["sentence1"], row["sentence2"]), row["label"]) for row in rows]
    assert best_threshold(overlaps) < 0.66
    negatives = [share for share, label in overlaps if label == 0]
    assert statistics.median(negatives) > 0.35, "hard negatives share most words"
    assert not [row for row in rows if checks.words(row["sentence1"]) == checks.words(row["sentence2"])]


def overlap(first: str, second: str) -> float:
    """Share of words that two sentences have in common (Jaccard)."""
    one, other = set(checks.words(first)), set(checks.words(second))
    return len(one & other) / len(one | other)


def best_threshold(scored: list[tuple[float, int]]) -> float:
    """Accuracy of the best rule "label 1 above (or below) some value", chosen with all labels in view."""
    best = 0.0
    for value, _ in scored:
        right = sum((score >= value) == bool(label) for score, label in scored) / len(scored)
        best = max(best, right, 1 - right)
    return best


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["pocket_reviews", "pocket_pairs"])
def test_labels_are_balanced_and_stratified(name: str, language: str) -> None:
    """Labels are 0 and 1, about as many of each (reviews: exactly), and in the same proportion in every split."""
    parts = split_rows(name, language)
    shares = {split: statistics.mean(row["label"] for row in rows) for split, rows in parts.items()}
    assert {row["label"] for rows in parts.values() for row in rows} == {0, 1}
    whole = statistics.mean(row["label"] for rows in parts.values() for row in rows)
    assert whole == 0.5 if name == "pocket_reviews" else 0.45 <= whole <= 0.6
    assert all(abs(share - whole) <= 0.03 for share in shares.values()), shares


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["pocket_reviews", "pocket_pairs"])
def test_hard_kinds_are_in_every_split(name: str, language: str) -> None:
    """Each kind that the editors noted is held out in proportion: the test rows are as hard as the others."""
    rows = build.source(name, language)
    for split, part in build.splits(name, rows).items():
        for kind, count in Counter(row["kind"] for row in rows).items():
            expected = count * len(part) / len(rows)
            assert abs(sum(row["kind"] == kind for row in part) - expected) <= 2, (split, kind)


@pytest.mark.parametrize("language", LANGUAGES)
def test_aspects_are_stratified_and_music_is_rare(language: str) -> None:
    """Ids in range, in order and at least one; music in under a tenth of the rows yet in every split; others spread."""
    parts = split_rows("pocket_aspects", language)
    rows = [row for part in parts.values() for row in part]
    for row in rows:
        assert row["aspects"] and row["aspects"] == sorted(set(row["aspects"])) and set(row["aspects"]) <= set(range(5))
    assert sum(len(row["aspects"]) > 1 for row in rows) >= 0.3 * len(rows)
    for aspect, aspect_name in enumerate(CLASSES["pocket_aspects"]):
        share = statistics.mean(aspect in row["aspects"] for row in rows)
        assert 0.04 <= share < 0.1 if aspect_name == "music" else 0.2 <= share <= 0.6, aspect_name
        for split, part in parts.items():
            count = sum(aspect in row["aspects"] for row in part)
            assert abs(count - share * len(part)) <= 2, (aspect_name, split)
            assert count >= 2, (aspect_name, split)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pairs_are_numbered_once(language: str) -> None:
    """`idx` numbers the pairs over all splits, and it is the line of the source."""
    lines = build.source("pocket_pairs", language)
    numbers = []
    for rows in split_rows("pocket_pairs", language).values():
        for row in rows:
            numbers.append(row["idx"])
            assert lines[row["idx"]]["sentence1"] == row["sentence1"]
    assert sorted(numbers) == list(range(len(lines)))


# The checks find what they look for


def planted(name: str, language: str, sentences: list[str]) -> list[tuple[str, ...]]:
    """The rows of a real corpus with sentences added to it."""
    return [*texts(name, language), *((sentence,) for sentence in sentences)]


FAMILIES = {
    "en": (
        "I expected a {a} thriller and got a {b} lecture about the {c}.",
        [("tense", "wordy", "moon"), ("smart", "limp", "tides"), ("brisk", "grey", "bees"), ("dark", "thin", "rent")],
    ),
    "ko": (
        "{a} 장면에서 {b} 울다가 결국 {c} 꺼내 들었다.",
        [
            ("기차역", "조용히", "수첩을"),
            ("바닷가", "한참을", "우산을"),
            ("식당", "펑펑", "장갑을"),
            ("병원", "몰래", "모자를"),
        ],
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_family_is_found(language: str) -> None:
    """Four rows from one template, with all content words swapped, are seen among six hundred others."""
    template, fillings = FAMILIES[language]
    rows = [template.format(a=a, b=b, c=c) for a, b, c in fillings]
    assert checks.template_families(planted("pocket_reviews", language, rows), language)
    assert not checks.template_families(planted("pocket_reviews", language, rows[:1]), language)


def test_a_family_without_a_common_run_is_found() -> None:
    """A template whose fixed words are all short is seen by its frame, though no run of words repeats."""
    nouns = "lamp river cello garden ticket uncle".split()
    adjectives = "crooked velvet sleepy copper brittle lonely".split()
    rows = [
        f"The {nouns[i]} was {adjectives[i]} and the {nouns[i - 1]} is {adjectives[i - 2]}, but I was {nouns[i - 3]}."
        for i in range(6)
    ]
    found = checks.template_families(planted("pocket_reviews", "en", rows), "en")
    assert [line for line in found if "share the frame" in line]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CORPORA)
def test_a_near_duplicate_is_found(name: str, language: str) -> None:
    """A row with one word swapped is seen, whichever row of eight or more words it is; so is one in other letters."""
    rows = texts(name, language)
    draw = random.Random(0)
    vocabulary = sorted({word for row in rows for text in row for word in checks.words(text)})
    long_rows = [row for row in rows if len(checks.words(row[0])) >= 8]
    for row in draw.sample(long_rows, 40):
        words = checks.words(row[0])
        words[draw.randrange(len(words))] = draw.choice(vocabulary)
        assert checks.near_duplicates([row, (" ".join(words),)], language), words
    again = rows[0][0].upper() + " "
    assert checks.repeated([*rows, (again,)]) and checks.near_duplicates([*rows, (again,)], language)


def test_a_sentence_in_two_pairs_is_found() -> None:
    """One sentence of a pair may not come back in another pair; the two of one pair may be alike."""
    first, second, third = "One dog barked at the tall gate.", "At the tall gate one dog barked.", "A cat slept there."
    assert checks.faults([(first, second)], "en") == []
    twice = [(first, second), (third, first)]
    assert checks.repeated(twice) and checks.near_duplicates(twice, "en")


# The files


@each_corpus
def test_the_files_are_what_the_sources_make(name: str, language: str) -> None:
    """Rows, order, types and names of the committed parquet files come out of the sources just so."""
    for split, dataset in build.built(name, language).items():
        stored = pyarrow.parquet.read_table(corpus_folder(name) / language / f"{split}.parquet")
        assert stored.schema.types == dataset.data.table.schema.types, split
        assert stored.schema.names == dataset.column_names, split
        assert stored.schema.metadata == dataset.data.table.schema.metadata, split
        assert stored.to_pylist() == dataset.to_list(), split


def test_building_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """A parquet file is written once and not again; written elsewhere, it has the same bytes."""
    dataset = build.built("pocket_pairs", "ko")["test"]
    one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    assert build.write(dataset, one) and not build.write(dataset, one) and build.write(dataset, other)
    assert one.read_bytes() == other.read_bytes()
    assert build.write(build.built("pocket_pairs", "ko")["validation"], one)


def test_split_does_not_depend_on_the_order_of_the_source() -> None:
    """The rows held out come from the texts: a source in another order gives the same splits."""
    rows = build.source("pocket_aspects", "en")
    assert build.splits("pocket_aspects", rows[::-1]) == build.splits("pocket_aspects", rows)


def test_folders_hold_nothing_else() -> None:
    """A corpus is its card and its parquet files, all together well under a megabyte."""
    for name in CORPORA:
        expected = {f"{language}/{split}.parquet" for language in LANGUAGES for split in SPLITS} | {"README.md"}
        found = [path for path in corpus_folder(name).rglob("*") if path.is_file()]
        assert {path.relative_to(corpus_folder(name)).as_posix() for path in found} == expected
        assert sum(path.stat().st_size for path in found) < 500_000


# The cards


def card_of(name: str) -> str:
    """The data card of a corpus."""
    return (corpus_folder(name) / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CORPORA)
def test_card_has_its_sections(name: str) -> None:
    """Every card says what it is, how it was written, what labels mean, how sure they are, and what it is not."""
    card = card_of(name)
    sections = re.split(r"^## (.+)$", card, flags=re.MULTILINE)
    assert tuple(sections[1::2]) == SECTIONS
    assert all(len(body.split()) >= 5 for body in sections[2::2])
    assert "language model" in card and "no human annotator" in card
    assert "python recipes/measure_corpora.py" in card
    assert not re.search(r"!(?!\[)", re.sub(r"`[^`]*`|\"[^\"]*\"|<!--.*?-->", "", card)), "no exclamation marks"


@pytest.mark.parametrize("name", CORPORA)
def test_card_metadata(name: str) -> None:
    """The head of a card is what the Hub reads: languages, licence, task, and the files of each language."""
    head = yaml.safe_load(card_of(name).split("---")[1])
    assert head["language"] == list(LANGUAGES) and head["license"] == "mit"
    assert head["task_categories"] == ["text-classification"]
    for config in head["configs"]:
        language = config["config_name"]
        assert config["data_files"] == [{"split": split, "path": f"{language}/{split}.parquet"} for split in SPLITS]
    assert [config["config_name"] for config in head["configs"]] == list(LANGUAGES)


@pytest.mark.parametrize("name", CORPORA)
def test_card_figures_are_counted_ones(name: str) -> None:
    """The tables of rows, lengths and agreement in a card are what the sources and the second reading give."""
    card = card_of(name)
    assert inside(card, "counts") == build.counted(name)
    assert inside(card, "agreement") == build.agreement(name)


def inside(card: str, marker: str) -> str:
    """What stands between two HTML comments."""
    return card.partition(f"<!-- {marker} -->")[2].partition(f"<!-- /{marker} -->")[0].strip()


@pytest.mark.parametrize("name", CORPORA)
def test_card_scores_are_measured_ones(name: str) -> None:
    """The table of scores is what the stored measurement gives, and that was made with the rows as they are."""
    measure = recipe("measure_corpora")
    assert inside(card_of(name), "scores") == measure.table(name)
    for language in LANGUAGES:
        measured = measure.stored().get(f"{name}/{language}")
        if measured is not None:
            assert measured["rows"] == measure.digest(name, language), "measure again: rows or labels have changed"
            if body := measured.get("body"):
                shipped = ROOT / "course_utils" / "pocket" / body["name"]
                assert body["weights"] == measure.weights_of(shipped), "measure again: the weights have changed"


def test_second_reading_is_the_sample() -> None:
    """The second reading covers the sample that the cards name, each row once."""
    rows = build.second_reading()
    wanted = {"pocket_reviews": (40, 40), "pocket_pairs": (25, 15), "pocket_aspects": (15, 15)}
    counts = Counter((row["corpus"], row["language"]) for row in rows)
    assert counts == {(name, lang): n for name, each in wanted.items() for lang, n in zip(LANGUAGES, each, strict=True)}
    assert len({json.dumps(build.texts_of(row)) for row in rows}) == len(rows)
