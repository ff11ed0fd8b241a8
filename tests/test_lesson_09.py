"""Lesson 09: the checklist finds each fault and raises no false alarm; counts at thresholds; the figures; the board."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import ClassLabel, Dataset, DatasetDict, IterableDataset, IterableDatasetDict, Value
from hypothesis import given, settings
from hypothesis import strategies as st
from lesson_files import NOTEBOOKS, POCKET, cell_by_id, read
from sklearn.metrics import f1_score, precision_score, recall_score
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    DistilBertTokenizer,
    GPT2Config,
    GPT2ForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    T5Config,
    T5ForConditionalGeneration,
)

from course_checks import inspect_setup as inspect_setup_module
from course_checks.draw_findings import findings_html, show_findings
from course_checks.inspect_setup import KINDS, Finding, inspect_setup
from course_lessons.lesson_09.draw_rare_counts import draw_rare_counts
from course_lessons.lesson_09.draw_thresholds import (
    THRESHOLDS,
    Counted,
    count_label,
    count_labels,
    draw_thresholds,
    thresholds_html,
    typed_html,
)
from course_lessons.lesson_09.threshold_board import ThresholdBoard, threshold_board
from course_utils import CourseError, corpus
from course_utils.messages import entry
from course_utils.sentence_path import most_tokens

TINY = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
NAMES = {0: "negative", 1: "positive"}
ENGLISH = AutoTokenizer.from_pretrained(POCKET / "pocket-bert-uncased")


def tokenizer_of(name: str = "pocket-bert-uncased") -> PreTrainedTokenizerBase:
    """A tokenizer that a test may change."""
    return copy.deepcopy(ENGLISH) if name == "pocket-bert-uncased" else AutoTokenizer.from_pretrained(POCKET / name)


def model_of(**config: Any) -> PreTrainedModel:
    """A tiny classifier with named classes and a head that does not look untrained."""
    settings_of = {"vocab_size": 30522, "id2label": NAMES, "label2id": {"negative": 0, "positive": 1}, **TINY, **config}
    model = BertForSequenceClassification(BertConfig(**settings_of)).eval()
    torch.nn.init.constant_(model.classifier.bias, 0.1)
    return model


def reviews(language: str = "en") -> DatasetDict:
    """A balanced part of the reviews: 60, 20 and 20 rows."""
    found = corpus("pocket_reviews", language)
    sizes = {"train": 60, "validation": 20, "test": 20}
    return DatasetDict({name: balanced(found[name], size) for name, size in sizes.items()})


def balanced(rows: Dataset, size: int) -> Dataset:
    """The first rows of each class, half of each."""
    labels = rows[:]["label"]
    return rows.select([i for k in (0, 1) for i in [j for j, label in enumerate(labels) if label == k][: size // 2]])


def aspects(language: str = "en") -> DatasetDict:
    """The aspects with a row of floats as labels."""
    found = corpus("pocket_aspects", language)
    return found.map(lambda row: {"labels": [float(i in row["aspects"]) for i in range(5)]})


def keys(*setup: object) -> set[str]:
    """What is found."""
    return {finding.key for finding in inspect_setup(*setup)}


def serious(*setup: object) -> set[str]:
    """What is found that stops or misleads."""
    return {finding.key for finding in inspect_setup(*setup) if finding.level != "know"}


# --- no false alarms --------------------------------------------------------------------------------------

ASPECT_NAMES = dict(enumerate(["acting", "story", "picture", "music", "direction"]))


def classifier(name: str, **options: Any) -> PreTrainedModel:
    """A pocket checkpoint with a head for classes."""
    return AutoModelForSequenceClassification.from_pretrained(POCKET / name, **options)


def gpt() -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """The decoder with a padding token, as a classifier."""
    tokenizer = tokenizer_of("pocket-gpt")
    tokenizer.pad_token = tokenizer.eos_token
    model = classifier("pocket-gpt", id2label=NAMES, label2id={"negative": 0, "positive": 1})
    model.config.pad_token_id = tokenizer.pad_token_id
    return tokenizer, model


RIGHT: dict[str, tuple[Callable[[], tuple[object, ...]], set[str]]] = {
    "trained, English": (
        lambda: (corpus("pocket_reviews", "en"), tokenizer_of(), classifier("pocket-bert-uncased-sst2")),
        set(),
    ),
    "trained, Korean": (
        lambda: (
            corpus("pocket_reviews", "ko"),
            tokenizer_of("pocket-roberta-ko"),
            classifier("pocket-roberta-ko-sentiment"),
        ),
        set(),
    ),
    "new head, Korean": (
        lambda: (
            corpus("pocket_reviews", "ko"),
            tokenizer_of("pocket-roberta-ko"),
            classifier("pocket-roberta-ko", num_labels=2),
        ),
        {"names_generic", "new_head"},
    ),
    "pairs, English": (
        lambda: (corpus("pocket_pairs", "en"), tokenizer_of(), model_of(id2label=None)),
        {"names_generic"},
    ),
    "pairs, Korean": (
        lambda: (
            corpus("pocket_pairs", "ko"),
            tokenizer_of("pocket-roberta-ko"),
            model_of(id2label=None, vocab_size=8000, pad_token_id=1),
        ),
        {"names_generic"},
    ),
    "several labels, English": (
        lambda: (aspects("en"), tokenizer_of(), model_of(id2label=ASPECT_NAMES)),
        {"rare_class"},
    ),
    "several labels, Korean": (
        lambda: (
            aspects("ko"),
            tokenizer_of("pocket-roberta-ko"),
            model_of(id2label=ASPECT_NAMES, vocab_size=8000, pad_token_id=1, problem_type="multi_label_classification"),
        ),
        {"rare_class"},
    ),
    "a number": (
        lambda: (
            [{"text": "Good.", "label": 4.5}, {"text": "Bad.", "label": 1.0}],
            tokenizer_of(),
            model_of(num_labels=1, id2label={0: "stars"}, problem_type="regression"),
        ),
        set(),
    ),
    "whole stars as a number": (
        lambda: (
            [{"text": "Good.", "label": 4}, {"text": "Bad.", "label": 1}],
            tokenizer_of(),
            model_of(num_labels=1, id2label={0: "stars"}),
        ),
        set(),
    ),
    "a decoder": (lambda: (reviews(), *gpt()), set()),
    "columns alone": (lambda: ({"text": ["Good.", "Bad."], "labels": [1, 0]},), set()),
    "tokenized already": (
        lambda: (
            reviews().map(lambda rows: ENGLISH(rows["text"], truncation=True), batched=True).remove_columns("text"),
            tokenizer_of(),
            model_of(),
        ),
        set(),
    ),
    "as tensors": (lambda: (reviews().with_format("torch"), tokenizer_of(), model_of()), set()),
    "no classifier": (
        lambda: (reviews(), tokenizer_of(), AutoModelForMasked()),
        set(),
    ),
    "encoder-decoder": (lambda: (reviews(), tokenizer_of(), seq2seq()), set()),
}


def AutoModelForMasked() -> PreTrainedModel:
    """A body with another head, for which labels are not judged."""
    from transformers import BertForMaskedLM

    return BertForMaskedLM(BertConfig(vocab_size=30522, **TINY)).eval()


def seq2seq() -> PreTrainedModel:
    """A model that has no limit of positions."""
    config = T5Config(
        vocab_size=30522,
        d_model=8,
        d_kv=4,
        d_ff=8,
        num_layers=1,
        num_heads=2,
        eos_token_id=102,
        decoder_start_token_id=0,
    )
    return T5ForConditionalGeneration(config).eval()


@pytest.mark.parametrize("name", RIGHT)
def test_no_false_alarm(name: str) -> None:
    """A right setup gives no finding that stops or misleads, and only the notes that are true of it."""
    make, notes = RIGHT[name]
    found = inspect_setup(*make())
    assert {one.key for one in found} == notes, [one.words for one in found]


# --- every fault is found ---------------------------------------------------------------------------------

Setup = tuple[Any, PreTrainedTokenizerBase | None, PreTrainedModel | None]


def changed(part: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Callable[[], Setup]:
    """The base setup with the rows of one split changed."""

    def make() -> Setup:
        rows = {name: split.to_list() for name, split in reviews().items()}
        rows[part] = change(rows[part])
        return rows, tokenizer_of(), model_of()

    return make


def with_rows(labels: list[Any], **config: Any) -> Callable[[], Setup]:
    """A few rows with these labels, and a model."""
    rows = [{"text": f"Film number {i} of the evening.", "label": label} for i, label in enumerate(labels)]
    return lambda: (rows, tokenizer_of(), model_of(**config))


def with_tokenizer(change: Callable[[Any], object]) -> Callable[[], Setup]:
    """The base setup with a changed tokenizer."""

    def make() -> Setup:
        tokenizer = tokenizer_of()
        change(tokenizer)
        return reviews(), tokenizer, model_of()

    return make


def with_model(change: Callable[[Any], object], **config: Any) -> Callable[[], Setup]:
    """The base setup with a changed model."""

    def make() -> Setup:
        model = model_of(**config)
        change(model)
        return reviews(), tokenizer_of(), model

    return make


def nothing(_: object) -> None:
    """No change."""


def long_text(words: int) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """One row becomes a long text."""
    return lambda rows: [{**rows[0], "text": "long " * words}, *rows[1:]]


def without_limit() -> Setup:
    rows, _, model = changed("train", long_text(600))()
    tokenizer = tokenizer_of()
    tokenizer.model_max_length = 10**30
    return rows, tokenizer, model


def tokenized(**options: Any) -> Setup:
    """Rows that were tokenized by a larger tokenizer or without truncation."""
    larger = tokenizer_of()
    larger.add_tokens(["humdinger"])
    texts = ["a humdinger", "bad " * 600] if options.get("long") else ["a humdinger", "bad"]
    return {"input_ids": larger(texts, truncation=False)["input_ids"], "label": [0, 1]}, tokenizer_of(), model_of()


def decoder_without_pad() -> Setup:
    tokenizer, model = gpt()
    model.config.pad_token_id = None
    return reviews(), tokenizer, model


class Stubborn(BertForSequenceClassification):
    """A model that fails where nobody looks."""

    def forward(self, **inputs: Any) -> Any:
        raise ArithmeticError("the moon is full")


def keeping_capitals() -> PreTrainedTokenizerBase:
    """The uncased vocabulary behind a tokenizer that leaves capitals as they are."""
    return AutoTokenizer.from_pretrained(POCKET / "pocket-bert-uncased", do_lower_case=False)


def tagger(kind: type[PreTrainedModel] = BertForTokenClassification) -> PreTrainedModel:
    """A model with a head for another task."""
    return kind(BertConfig(vocab_size=30522, id2label=NAMES, **TINY)).eval()


def stubborn(model: Any) -> None:
    model.__class__ = type("StubbornForSequenceClassification", (Stubborn,), {})


def shift(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Nine of ten rows of one class."""
    bad, good = ([row for row in rows if row["label"] == k] for k in (0, 1))
    return good + bad[: max(1, len(good) // 9)]


FAULTS: dict[str, Callable[[], Setup]] = {
    "no_data": lambda: (42, None, None),
    "a_path": lambda: ("reviews.csv", None, None),
    "a_frame": lambda: (pd.DataFrame({"text": ["A good film.", "A bad film."], "label": [1, 0]}), None, None),
    "column_name": lambda: ({"\ufefftext": ["A good film.", "A bad film."], "label ": [1, 0]}, None, None),
    "columns_read": lambda: (
        {"title": ["A film", "A film"], "body": ["It is so very good.", "It is so very bad."], "label": [1, 0]},
        None,
        None,
    ),
    "empty": lambda: ([], None, None),
    "empty_split": changed("test", lambda rows: []),
    "no_text": lambda: ([{"words": 3, "label": 1}, {"words": 4, "label": 0}], None, None),
    "texts_missing": changed("train", lambda rows: [{**rows[0], "text": None}, *rows[1:]]),
    "texts_empty": changed("train", lambda rows: [{**rows[0], "text": "  "}, *rows[1:]]),
    "label_missing": lambda: ([{"text": "Good."}, {"text": "Bad."}], tokenizer_of(), model_of()),
    "label_name": lambda: (reviews().rename_column("label", "sentiment"), tokenizer_of(), model_of()),
    "two_labels": lambda: (reviews().map(lambda row: {"labels": 1 - row["label"]}), tokenizer_of(), model_of()),
    "label_none": changed("train", lambda rows: [{**rows[0], "label": None}, *rows[1:]]),
    "label_blank": with_rows(["good", "", "bad"]),
    "label_strings": with_rows(["good", "bad", "good"]),
    "label_mixed": with_rows([True, False, True]),
    "label_ragged": lambda: (
        corpus("pocket_aspects", "en").rename_column("aspects", "labels"),
        tokenizer_of(),
        model_of(id2label=ASPECT_NAMES),
    ),
    "label_ids_in_list": with_rows([[1, 0], [1, 1], [0, 1]]),
    "label_not_zero_one": with_rows([[1.0, 0.0], [1.0, 2.0], [0.0, 1.0]]),
    "label_gap": with_rows([0, 2, 0, 2], id2label=None, num_labels=3),
    "unlabelled": changed("test", lambda rows: [{**row, "label": -1} for row in rows]),
    "one_class": with_rows([1, 1, 1]),
    "class_missing": changed("test", lambda rows: [row for row in rows if row["label"]]),
    "shares_differ": changed("train", shift),
    "rare_class": with_rows([1] * 20 + [0]),
    "one_split": lambda: (DatasetDict({"train": reviews()["train"]}), tokenizer_of(), model_of()),
    "leak": changed(
        "test", lambda rows: [{**rows[0], "text": reviews()["train"][0]["text"].upper() + " !"}, *rows[1:]]
    ),
    "near_leak": changed(
        "test",
        lambda rows: [*rows, {**(one := reviews()["train"][0]), "text": one["text"].replace(" ", " really ", 1)}],
    ),
    "duplicates": changed("train", lambda rows: [*rows, rows[0]]),
    "contradiction": changed("train", lambda rows: [*rows, {**rows[0], "label": 1 - rows[0]["label"]}]),
    "sampled": lambda: (
        Dataset.from_dict({"text": [f"Film {i}" for i in range(6000)], "label": [i % 2 for i in range(6000)]}),
        None,
        None,
    ),
    "streamed": lambda: (reviews()["train"].to_iterable_dataset(), None, None),
    "not_tokenizer": lambda: (reviews(), "bert-base-uncased", model_of()),
    "no_pad": with_tokenizer(lambda tokenizer: setattr(tokenizer, "pad_token", None)),
    "casing": lambda: (reviews(), keeping_capitals(), model_of()),
    "unknown": changed("train", lambda rows: [{**row, "text": "🍿 🎬 ok"} for row in rows]),
    "pieces": lambda: (reviews("ko"), tokenizer_of(), model_of()),
    "too_long": changed("train", long_text(600)),
    "no_limit": without_limit,
    "not_model": lambda: (reviews(), tokenizer_of(), torch.nn.Linear(2, 2)),
    "no_head": lambda: (reviews(), tokenizer_of(), BertModel(BertConfig(vocab_size=30522, **TINY)).eval()),
    "wrong_task": lambda: (reviews(), tokenizer_of(), tagger()),
    "label_range": with_rows([1, 2, 1, 2]),
    "label_width": with_rows([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0]]),
    "label_floats": with_rows([0.0, 1.0, 1.0]),
    "regression_by_accident": with_rows([0, 1, 1], num_labels=1, id2label={0: "score"}),
    "unused_outputs": with_model(nothing, id2label=ASPECT_NAMES),
    "names_swapped": with_model(nothing, id2label={0: "POSITIVE", 1: "NEGATIVE"}),
    "names_generic": with_model(nothing, id2label=None),
    "problem_type": with_model(nothing, problem_type="multi_label_classification"),
    "vocabulary": with_tokenizer(lambda tokenizer: tokenizer.add_tokens(["🍿"])),
    "other_vocabulary": lambda: (reviews("ko"), tokenizer_of("pocket-roberta-ko"), model_of(pad_token_id=1)),
    "ids_too_long": lambda: tokenized(long=True),
    "config_pad": decoder_without_pad,
    "pad_differs": with_model(lambda model: setattr(model.config, "pad_token_id", 5)),
    "special_differs": with_model(lambda model: setattr(model.config, "eos_token_id", 7)),
    "training_mode": with_model(lambda model: model.train()),
    "new_head": with_model(lambda model: torch.nn.init.zeros_(model.classifier.bias)),
    "nothing_trains": with_model(lambda model: model.requires_grad_(False)),
    "not_finite": with_model(lambda model: model.classifier.weight.data.fill_(float("nan"))),
    "half": with_model(lambda model: model.half()),
    "trial": with_model(stubborn),
}


def test_every_kind_of_finding_has_a_fault() -> None:
    """No kind is without a test, and each has words of its own."""
    assert set(FAULTS) | {"named_missing"} == set(KINDS) == set(entry("inspect_setup.found"))
    assert len(set(entry("inspect_setup.found").values())) == len(KINDS)


@pytest.mark.parametrize("key", FAULTS)
@pytest.mark.slow
def test_a_fault_is_found(key: str) -> None:
    """Each fault is named, in whole words, and without a placeholder left over."""
    found = inspect_setup(*FAULTS[key]())
    assert key in {one.key for one in found}, [one.key for one in found]
    words = next(one.words for one in found if one.key == key)
    assert len(words.split()) >= 5 and not re.search(r"\{\w*\}", words)


def test_the_base_setup_is_right() -> None:
    """The setup in which the faults are planted has none, so what is found is the fault."""
    assert keys(reviews(), tokenizer_of(), model_of()) == set()
    assert keys(*changed("train", lambda rows: rows)()) == set()


COMPANIONS = {
    "leak": set(),
    "pieces": set(),
    "vocabulary": set(),
    "problem_type": set(),
    "names_swapped": set(),
    "unused_outputs": set(),
    "label_name": set(),
    "label_strings": set(),
    "label_range": set(),
    "no_pad": set(),
    "pad_differs": set(),
    "no_head": set(),
    "texts_missing": set(),
    "shares_differ": set(),
    "not_model": set(),
    "trial": set(),
    "near_leak": set(),
    "label_gap": set(),
    "casing": set(),
    "wrong_task": set(),
}


@pytest.mark.parametrize("key", COMPANIONS)
def test_one_fault_one_finding(key: str) -> None:
    """A single fault is not blamed on something else as well."""
    assert serious(*FAULTS[key]()) == {key}


STOPS = [
    "label_range", "label_width", "label_floats", "label_ids_in_list", "label_strings", "label_mixed", "label_ragged",
    "vocabulary", "no_limit", "config_pad", "problem_type", "no_pad", "texts_missing",
]  # fmt: skip


@pytest.mark.parametrize("key", STOPS)
def test_what_is_said_to_stop_does_stop(key: str) -> None:
    """The library agrees: the rows, tokenized and handed to the model with their labels, end in an error."""
    dataset, tokenizer, model = FAULTS[key]()
    rows = dataset if isinstance(dataset, list) else list(next(iter(dataset.values())))
    rows = rows[:8]
    if key == "vocabulary":
        rows = [{"text": "🍿", "label": 0}]
    with pytest.raises(Exception):  # noqa: B017 - which error it is differs from version to version
        inputs = tokenizer([row["text"] for row in rows], padding=True, truncation=True, return_tensors="pt")
        labels = [row.get("labels", row.get("label")) for row in rows]
        loss = model(**inputs, labels=torch.tensor(labels)).loss
        loss.backward()


def test_what_is_right_does_train() -> None:
    """The test above can fail: the base setup goes through."""
    rows = list(reviews()["train"])[:8]
    inputs = ENGLISH([row["text"] for row in rows], padding=True, truncation=True, return_tensors="pt")
    loss = model_of()(**inputs, labels=torch.tensor([row["label"] for row in rows])).loss
    loss.backward()
    assert torch.isfinite(loss)


def test_regression_with_classes_runs_in_silence() -> None:
    """What is called misleading is so: classes with one output give a loss, and no error."""
    dataset, tokenizer, model = FAULTS["regression_by_accident"]()
    inputs = tokenizer([row["text"] for row in dataset], padding=True, return_tensors="pt")
    model(**inputs, labels=torch.tensor([row["label"] for row in dataset])).loss.backward()
    assert model.config.problem_type == "regression"


# --- setups as people have them ---------------------------------------------------------------------------

GOOD, BAD = "A good film, warm and funny.", "A bad film, cold and far too long."
ROWS = [{"text": GOOD, "label": 1}, {"text": BAD, "label": 0}]
COLUMNS = {"text": [GOOD, BAD], "label": [1, 0]}
WORDS = {"tokens": [["Anna", "sings"], ["Ben", "is", "out"]], "ner_tags": [[1, 0], [1, 0, 0]]}
ANSWERS = {"question": ["Who?"], "context": ["Anna did it."], "answers": [{"text": ["Anna"], "answer_start": [0]}]}


class Rows:
    """A data set as PyTorch has it: a length and places."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, place: int) -> dict[str, object]:
        return ROWS[place]


def frame(**columns: list[Any]) -> pd.DataFrame:
    """A DataFrame of the two rows, some columns in place of or beside them."""
    return pd.DataFrame({**COLUMNS, **columns})


def labelled(*labels: Any, name: str = "label") -> list[dict[str, Any]]:
    """Rows with these labels."""
    return [{"text": f"Film number {i} of the evening.", name: label} for i, label in enumerate(labels)]


def named(path: str, owner: Any) -> Any:
    """A tokenizer or model as if it came from a checkpoint of this name."""
    owner.name_or_path = path
    return owner


def two_splits(train: str, test: str, labels: tuple[int, int] = (1, 1)) -> dict[str, Any]:
    """A text in each of two splits, beside two others."""
    return {
        "train": [{"text": train, "label": labels[0]}, {"text": "One quite different text stands here.", "label": 0}],
        "test": [{"text": test, "label": labels[1]}, {"text": "Another text that is like none of them.", "label": 0}],
    }


SENTENCE = "The songs are lovely and the plot is thin."
Case = tuple[Callable[[], tuple[Any, ...]], dict[str, Any], set[str], tuple[str, ...], tuple[str, ...]]


def case(
    make: Callable[[], object], *found: str, said: tuple[str, ...] = (), never: tuple[str, ...] = (), **named_ones: Any
) -> Case:
    """A setup, what it has to be told (notes on single things left aside), words that are and are not said."""

    def whole() -> tuple[Any, ...]:
        made = make()
        return made if isinstance(made, tuple) else (made,)

    return whole, named_ones, set(found), said, never


SETUPS: dict[str, Case] = {
    # whatever holds the rows
    "a list of rows": case(lambda: list(ROWS)),
    "a tuple of rows": case(lambda: (tuple(ROWS),)),
    "a generator of rows": case(lambda: (iter(ROWS),)),
    "rows by place": case(Rows),
    "columns": case(lambda: dict(COLUMNS)),
    "columns of arrays": case(lambda: {"text": np.array([GOOD, BAD]), "label": np.array([1, 0])}),
    "columns of tensors": case(lambda: {"text": [GOOD, BAD], "label": torch.tensor([1, 0])}),
    "columns of Series": case(lambda: {"text": pd.Series([GOOD, BAD]), "label": pd.Series([1, 0])}),
    "rows of labels as a tensor": case(lambda: {"text": [GOOD, BAD], "labels": torch.tensor([[1.0, 0.0], [0.0, 1.0]])}),
    "rows of labels as an array": case(lambda: {"text": [GOOD, BAD], "labels": np.array([[1.0, 0.0], [0.0, 1.0]])}),
    "a tensor in each row": case(lambda: [{**row, "label": torch.tensor(row["label"])} for row in ROWS]),
    "a number of NumPy in each row": case(lambda: [{**row, "label": np.int64(row["label"])} for row in ROWS]),
    "a Dataset": case(lambda: Dataset.from_list(ROWS)),
    "a Dataset that gives tensors": case(lambda: Dataset.from_list(ROWS).with_format("torch")),
    "a Dataset that gives arrays": case(lambda: Dataset.from_list(ROWS).with_format("numpy")),
    "a streamed Dataset": case(lambda: Dataset.from_list(ROWS).to_iterable_dataset(), "streamed"),
    "streamed splits": case(
        lambda: IterableDatasetDict({"train": Dataset.from_list(ROWS).to_iterable_dataset()}), "streamed", "one_split"
    ),
    "a stream without names of columns": case(lambda: IterableDataset.from_generator(lambda: iter(ROWS)), "streamed"),
    "a DatasetDict": case(lambda: DatasetDict(train=Dataset.from_list(ROWS)), "one_split"),
    "splits as lists": case(lambda: {"train": ROWS}, "one_split"),
    "splits as columns": case(lambda: {"train": COLUMNS}, "one_split"),
    "a frame": case(frame, "a_frame", said=("Dataset.from_pandas(frame)",)),
    "frames": case(lambda: {"train": frame()}, "a_frame", "one_split", said=("Dataset.from_pandas(frame) for name",)),
    "a frame with another index": case(lambda: frame().set_index(np.array([7, 9])), "a_frame"),
    "a path": case(lambda: "reviews.csv", "a_path", said=('load_dataset("csv", data_files="reviews.csv")',)),
    "a Path": case(lambda: Path("more") / "reviews.jsonl", "a_path", said=('load_dataset("json"',)),
    "a name on the Hub": case(lambda: "glue", "a_path", said=('load_dataset("glue")',)),
    "bytes": case(lambda: b"text,label", "no_data"),
    # which columns
    "named columns": case(lambda: {"comment": [GOOD, BAD], "mood": [1, 0]}, text_column="comment", label_column="mood"),
    "a named pair": case(
        lambda: {"a": [GOOD, BAD], "b": [BAD, GOOD], "label": [1, 0]}, text_column=["a", "b"], label_column="label"
    ),
    "named columns, words as labels": case(
        lambda: labelled("good", "bad", None, name="mood"),
        "label_strings",
        "label_none",
        said=('class_encode_column("mood")', "In the column `mood`"),
        label_column="mood",
    ),
    "a named column that is missing": case(
        lambda: dict(COLUMNS), "named_missing", said=("`comment`", "text, label"), text_column="comment"
    ),
    "a label beside the named one": case(lambda: {**COLUMNS, "mood": [5, 7]}, "label_gap", label_column="mood"),
    "title and body": case(
        lambda: {"title": ["Dull", "Dull"], "body": [GOOD, BAD], "label": [1, 0]}, never=("different labels",)
    ),
    "a title of several words": case(
        lambda: {"title": ["A film", "A film"], "body": [GOOD, BAD], "label": [1, 0]},
        "columns_read",
        said=("`body`", "`title`"),
        never=("different labels",),
    ),
    "one body under two titles": case(
        lambda: {"title": ["On songs", "On plots"], "body": [GOOD, GOOD], "label": [1, 0]}, "columns_read", "duplicates"
    ),
    "a true contradiction": case(lambda: {"text": [GOOD, GOOD], "label": [1, 0]}, "contradiction", "duplicates"),
    "an id beside the text": case(lambda: {**COLUMNS, "id": ["a-1", "a-2"]}),
    "a label in words beside its number": case(lambda: {**COLUMNS, "label_text": ["very good", "very bad"]}),
    "a byte order mark": case(
        lambda: {"\ufefftext": [GOOD, BAD], "label": [1, 0]}, "column_name", said=("'\\ufefftext'",), never=("\ufeff",)
    ),
    "a blank after the name": case(
        lambda: Dataset.from_dict({"text": [GOOD, BAD], "label ": [1, 0]}),
        "column_name",
        said=("rename_column('label ', \"label\")",),
    ),
    "a blank before both names": case(lambda: {" text": [GOOD, BAD], " label": [1, 0]}, "column_name"),
    "a hard blank in a frame": case(
        lambda: frame().rename(columns={"label": "label\u00a0"}),
        "a_frame",
        "column_name",
        said=("frame.rename(columns={'label\\xa0': \"label\"})",),
        never=("\u00a0",),
    ),
    # labels
    "labels that begin at 1": case(
        lambda: (labelled(1, 2, 1, 2), None, model_of(id2label=None, num_labels=3)), "label_gap"
    ),
    "labels with a gap": case(lambda: (labelled(0, 2, 0, 2), None, model_of(id2label=None, num_labels=3)), "label_gap"),
    "labels with a gap, no model": case(lambda: labelled(0, 3, 0, 3), "label_gap", said=("1, 2",)),
    "labels beyond the head": case(lambda: (labelled(1, 2, 1, 2), None, model_of()), "label_range"),
    "a class with a name and no row": case(
        lambda: Dataset.from_list(labelled(0, 2, 0, 2)).cast_column("label", ClassLabel(names=["a", "b", "c"])),
        "class_missing",
        "rare_class",
    ),
    "stars as a number to estimate": case(
        lambda: (labelled(1, 5, 3), None, model_of(num_labels=1, id2label={0: "stars"}))
    ),
    "GLUE's test": case(lambda: {"train": labelled(0, 1), "test": labelled(-1, -1, -1)[2:]}, "unlabelled"),
    "one -1 among labels": case(lambda: (labelled(0, 1, -1), None, model_of()), "label_range"),
    "words as labels, rows": case(
        lambda: labelled("good", "bad"), "label_strings", said=("Dataset.from_list(rows)",), never=("dataset.class",)
    ),
    "words as labels, columns": case(
        lambda: {"text": [GOOD, BAD], "label": ["good", "bad"]}, "label_strings", said=("Dataset.from_dict(columns)",)
    ),
    "words as labels, a frame": case(
        lambda: frame(label=["good", "bad"]), "a_frame", "label_strings", said=("from_pandas(frame).class_encode",)
    ),
    "words as labels, a Dataset": case(
        lambda: Dataset.from_list(labelled("good", "bad")), "label_strings", said=("dataset.class_encode_column",)
    ),
    "words as labels, a stream": case(
        lambda: Dataset.from_list(labelled("good", "bad")).to_iterable_dataset(),
        "label_strings",
        "streamed",
        said=("dataset.map(",),
        never=("class_encode_column",),
    ),
    "words as labels, splits": case(
        lambda: {"train": labelled("good", "bad")}, "label_strings", "one_split", said=("a `DatasetDict` of",)
    ),
    "words as labels, an array": case(
        lambda: {"text": [GOOD, BAD], "label": np.array(["good", "bad"])}, "label_strings"
    ),
    "a blank among words": case(
        lambda: labelled("good", " ", "bad"), "label_strings", "label_blank", said=("1 label",)
    ),
    "None among words": case(lambda: labelled("good", None, "bad"), "label_strings", "label_none"),
    "None and a blank among words": case(
        lambda: labelled("good", None, ""), "label_strings", "label_none", "label_blank"
    ),
    "None among numbers beyond the head": case(
        lambda: (labelled(0, None, 2), None, model_of()), "label_none", "label_range"
    ),
    "NaN among labels of a frame": case(
        lambda: (frame(label=[1, None]), None, None), "a_frame", "label_none", "one_class"
    ),
    "another name, rows": case(
        lambda: labelled(1, 0, name="target"),
        "label_name",
        said=('"labels": row["target"]',),
        never=("rename_column",),
    ),
    "another name, a frame": case(
        lambda: pd.DataFrame(labelled(1, 0, name="target")), "a_frame", "label_name", said=("frame.rename(columns",)
    ),
    "another name, a stream": case(
        lambda: Dataset.from_list(labelled(1, 0, name="target")).to_iterable_dataset(),
        "label_name",
        "streamed",
        said=('dataset.rename_column("target", "labels")',),
    ),
    # head, tokenizer, vocabulary
    "a head for words": case(lambda: (ROWS, None, tagger()), "wrong_task", said=("SequenceClassification",)),
    "a head for answers": case(lambda: (ROWS, None, tagger(BertForQuestionAnswering)), "wrong_task"),
    "labels of words": case(lambda: (WORDS, None, model_of()), "wrong_task", said=("TokenClassification",)),
    "labels of words and their head": case(lambda: (WORDS, None, tagger())),
    "answers": case(lambda: (ANSWERS, None, model_of()), "wrong_task", said=("QuestionAnswering",)),
    "answers and their head": case(lambda: (ANSWERS, None, tagger(BertForQuestionAnswering))),
    "capitals for a vocabulary without": case(lambda: (ROWS, keeping_capitals(), model_of()), "casing"),
    "cased tokenizer, uncased model": case(
        lambda: (ROWS, named("bert-base-cased", tokenizer_of()), named("google-bert/bert-base-uncased", model_of())),
        "casing",
        said=("of a cased checkpoint", "of an uncased checkpoint"),
    ),
    "both uncased": case(
        lambda: (ROWS, named("bert-base-uncased", tokenizer_of()), named("my/bert-base-uncased-7", model_of()))
    ),
    "the vocabulary of cased BERT": case(
        lambda: (ROWS, tokenizer_of(), model_of(vocab_size=32048)), "other_vocabulary"
    ),
    "rows added to fill up": case(lambda: (ROWS, tokenizer_of(), model_of(vocab_size=30592))),
    # leaks
    "a copy with one word added": case(
        lambda: two_splits(SENTENCE, SENTENCE.replace("are", "are so")), "near_leak", said=("are so lovely",)
    ),
    "a copy with one word left out": case(lambda: two_splits(SENTENCE, SENTENCE.replace(" and", "")), "near_leak"),
    "a copy in capitals, one word added": case(lambda: two_splits(SENTENCE, "Oh, " + SENTENCE.upper()), "near_leak"),
    "one word more and another label": case(
        lambda: two_splits(SENTENCE, SENTENCE.replace("are", "are not"), (1, 0)), "class_missing"
    ),
    "two words added": case(lambda: two_splits(SENTENCE, "Well then, " + SENTENCE)),
    "short texts, one word added": case(lambda: two_splits("A good film.", "A very good film.")),
    "the same in Korean": case(
        lambda: two_splits(
            "배우들의 연기가 정말 좋고 음악도 참 아름답다.", "배우들의 연기가 정말 좋고 음악도 참 더 아름답다."
        ),
        "near_leak",
    ),
}


def test_there_are_as_many_setups_as_promised() -> None:
    """75 at least, beside the faults and the right setups above."""
    assert len(SETUPS) >= 75


@pytest.mark.parametrize("name", SETUPS)
def test_setup(name: str) -> None:
    """What stops or misleads is told, nothing else is, and the advice is for the object that was given."""
    make, named_ones, expected, said, never = SETUPS[name]
    found = inspect_setup(*make(), **named_ones)
    noted = {"columns_read", "unlabelled", "streamed", "one_split", "duplicates", "rare_class"}
    told = {one.key for one in found if one.level != "know" or one.key in noted}
    assert told == expected, [(one.key, one.words) for one in found]
    words = " ".join(one.words for one in found)
    assert all(part in words for part in said), words
    assert not any(part in words for part in never), words


ADVISED = {
    "frame": lambda: pd.DataFrame(labelled("good", "bad", name="target")),
    "rows": lambda: labelled("good", "bad", name="target"),
    "columns": lambda: {"text": [GOOD, BAD], "target": ["good", "bad"]},
    "dataset": lambda: Dataset.from_list(labelled("good", "bad", name="target")),
}


@pytest.mark.parametrize("name", ADVISED)
def test_advice_runs(name: str) -> None:
    """Two lines of advice, one after the other, are code that does what they say on the very object."""
    scope: dict[str, Any] = {"Dataset": Dataset, name: ADVISED[name]()}
    for key in ("label_name", "label_strings"):
        words = next(one.words for one in inspect_setup(scope[name]) if one.key == key)
        code = re.search(r"Try `([^`]*)`", words)
        assert code, words
        exec(code[1] if key == "label_name" or name == "dataset" else f"encoded = {code[1]}", scope)
    rows = scope["dataset"] if name == "dataset" else scope["encoded"]
    assert rows[:]["labels"] == [1, 0] and rows.features["labels"].names == ["bad", "good"]


# --- nothing is changed, nothing raises -------------------------------------------------------------------


def test_everything_is_left_as_it_was() -> None:
    """The model keeps its mode (part by part), its kind of problem and its weights; random numbers go on as before."""
    model, data, tokenizer = model_of(), reviews(), tokenizer_of()
    model.classifier.train()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [part.training for part in model.modules()]
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    inspect_setup(data, tokenizer, model)
    assert torch.equal(torch.rand(3), expected)
    assert model.config.problem_type is None
    assert [part.training for part in model.modules()] == modes
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert data["train"].column_names == ["text", "label"]


class Rude:
    """Everything about it fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __iter__(self) -> Any:
        raise RuntimeError("no")


STRANGE = [
    None, "", "reviews.csv", b"bytes", 3.5, [], {}, (), [1, 2], [[1]], [None], {"train": None}, {"train": []},
    {"text": "one"}, {"text": ["a", "b"], "label": [1]}, [{"text": None, "label": None}], [{}], [{"label": 1}],
    [{"text": "a", "label": [1.0]}, {"text": "b", "label": 2}], [{"text": 5, "label": "x"}],
    Rude(), Dataset.from_dict({}), DatasetDict(), Dataset.from_dict({"text": [], "label": []}),
    [{"text": "\ud83d", "label": 1}],
    {"train": Dataset.from_dict({"text": ["a"], "label": [0]}), "test": [{"text": "c", "label": 1}]},
    [{"text": "a", "label": np.int64(1)}, {"text": "b", "label": np.int64(0)}],
    [{"text": "a", "label": []}, {"text": "b", "label": []}], [{"text": "a" * 100_000, "label": 0}],
    {"input_ids": [[1, "x"], None], "label": [0, 1]}, [{1: "a", 2: 0}], iter([{"text": "a", "label": 0}]),
    Dataset, open,
]  # fmt: skip


@pytest.mark.parametrize("dataset", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.parametrize("company", ["alone", "all", "strange"])
@pytest.mark.slow
def test_strange_data_get_words(dataset: object, company: str) -> None:
    """Whatever is given as data, the answer is a list of findings that can be shown."""
    others = {"alone": (), "all": (tokenizer_of(), model_of()), "strange": (Rude(), Rude())}[company]
    found = inspect_setup(dataset, *others)
    assert all(isinstance(one, Finding) for one in found)
    assert findings_html(found)


cells = st.one_of(
    st.none(), st.text(max_size=20), st.integers(-3, 5), st.floats(allow_nan=True), st.booleans(),
    st.lists(st.one_of(st.integers(0, 3), st.floats(0, 1)), max_size=3),
)  # fmt: skip


@settings(max_examples=120, derandomize=True, database=None, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["text", "label", "labels", "sentence1"]), cells, max_size=3), max_size=6)
)
def test_invented_rows_get_words(rows: list[dict[str, object]]) -> None:
    """Invented rows never raise, whatever is in them."""
    model = model_of()
    for found in (
        inspect_setup(rows),
        inspect_setup(rows, ENGLISH, model),
        inspect_setup({"a": rows, "b": rows}, ENGLISH),
    ):
        assert all(one.words and one.part in {"data", "tokenizer", "model"} for one in found)
    assert model.config.problem_type is None


def test_worst_first() -> None:
    """Findings that stop stand before those that mislead, and those before notes."""
    found = [one.level for one in inspect_setup([{"text": "", "sentiment": 1}] * 3, tokenizer_of(), model_of().train())]
    assert found == sorted(found, key=["stop", "wrong", "know"].index) and set(found) == {"stop", "wrong", "know"}


def test_labels_of_any_type_of_column() -> None:
    """Columns cast to other types, and rows of NumPy numbers, are read as what they are."""
    rows = reviews()["train"]
    for feature in (Value("int8"), Value("int64"), ClassLabel(names=["negative", "positive"])):
        assert (
            keys({"train": rows.cast_column("label", feature), "test": reviews()["test"]}, ENGLISH, model_of()) == set()
        )
    assert keys(rows.with_format("numpy"), ENGLISH, model_of()) == set()
    assert "label_floats" in keys(rows.cast_column("label", Value("float32")), ENGLISH, model_of())


def test_sorted_data_and_a_cut_are_noticed() -> None:
    """A split made without shuffling sorted rows loses a class; the classes are named."""
    rows = sorted(reviews()["train"].to_list(), key=lambda row: row["label"])
    words = {one.key: one.words for one in inspect_setup({"train": rows[:45], "test": rows[45:]})}
    assert {"class_missing", "shares_differ"} <= set(words) and "0 in test" in words["class_missing"]


def test_large_splits_are_sampled_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sorted large split does not look as if a class were missing."""
    monkeypatch.setattr(inspect_setup_module, "MOST_ROWS", 100)
    rows = Dataset.from_dict({"text": [f"Film {i}" for i in range(1000)], "label": [int(i > 700) for i in range(1000)]})
    assert keys(rows) == {"sampled"}


def test_the_last_id_and_the_last_place_are_allowed() -> None:
    """Ids and lengths right at the limit pass, one more is found."""
    model = model_of(vocab_size=50, max_position_embeddings=16)

    def rows(largest: int, length: int) -> dict[str, list[object]]:
        return {"input_ids": [[largest] + [1] * (length - 1), [2]], "label": [0, 1]}

    assert keys(rows(49, 16), None, model) == set()
    assert keys(rows(50, 16), None, model) == {"vocabulary"}
    assert keys(rows(49, 17), None, model) == {"ids_too_long"}


def test_positions_of_relatives_of_roberta() -> None:
    """RoBERTa stores 514 positions and reads 512; the library agrees."""
    model = classifier("pocket-roberta-ko-sentiment")
    assert most_tokens(model) == 512 and most_tokens(seq2seq()) is None and most_tokens(None) is None
    ids = torch.full((1, 512), 9)
    model(input_ids=ids)
    with pytest.raises((IndexError, RuntimeError)):
        model(input_ids=torch.full((1, 513), 9))
    config = GPT2Config(n_positions=16, n_embd=8, n_layer=1, n_head=1, vocab_size=50, bos_token_id=0, eos_token_id=0)
    assert most_tokens(GPT2ForSequenceClassification(config)) == 16


def test_findings_are_shown_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """A page without styles still reads; markup in a learner's data stays text; no list of findings is explained."""
    rows = [{"text": "<b>x</b>", "label": 0}, {"text": "<B>x</B>", "label": 1}]
    page = findings_html(inspect_setup(rows))
    assert "&lt;b&gt;x" in page and "<b>x" not in page and "will mislead" in page
    show_findings(inspect_setup(rows))
    assert "different labels" in capsys.readouterr().out
    for wrong in (None, "findings", [1], {}):
        with pytest.raises(CourseError, match="inspect_setup"):
            findings_html(wrong)  # type: ignore[arg-type]


# --- thresholds -------------------------------------------------------------------------------------------

tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.tuples(
            st.lists(st.floats(0, 1), min_size=width, max_size=width),
            st.lists(st.sampled_from([0.0, 1.0]), min_size=width, max_size=width),
        ),
        min_size=1,
        max_size=20,
    )
)


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(tables, st.floats(0, 1))
def test_counts_agree_with_scikit_learn(rows: list[tuple[list[float], list[float]]], limit: float) -> None:
    """Precision, recall and F1 of each label and of all together are those of scikit-learn."""
    probabilities, truth = np.array([p for p, _ in rows]), np.array([t for _, t in rows])
    counted = count_labels(probabilities.tolist(), truth.tolist(), [limit] * truth.shape[1])
    called = (probabilities >= limit).astype(int)
    for i, one in enumerate(counted):
        for function, value in ((precision_score, one.precision), (recall_score, one.recall), (f1_score, one.f1)):
            assert function(truth[:, i], called[:, i], zero_division=0) == pytest.approx(value)
    together = sum(counted, Counted(0, 0, 0))
    assert f1_score(truth.ravel(), called.ravel(), zero_division=0) == pytest.approx(together.f1)


def test_the_best_threshold_is_the_best() -> None:
    """No threshold of the list has a larger F1 than the one pointed out; of equals it is that nearest to 0.5."""
    for probabilities, truth in (([0.12, 0.33, 0.41, 0.72, 0.58], [0, 1, 0, 1, 1]), ([0.9, 0.1], [1, 0])):
        scores = {limit: count_label(probabilities, truth, limit).f1 for limit in THRESHOLDS}
        figure = draw_thresholds([[p] for p in probabilities], [[t] for t in truth], ["story"]).figure
        best, height = figure.axes[0].collections[0].get_offsets().tolist()[0]
        assert height == pytest.approx(max(scores.values())) == pytest.approx(scores[best])
        assert all(abs(best - 0.5) <= abs(limit - 0.5) for limit, score in scores.items() if score == scores[best])
    assert best == 0.5


@pytest.mark.parametrize("limit", [-0.1, 1.1, None, "0.5", True, float("nan")])
def test_a_strange_threshold_is_explained(limit: object) -> None:
    """A threshold outside 0 to 1 is named."""
    with pytest.raises(CourseError, match="from 0 to 1"):
        count_label([0.5], [1], limit)  # type: ignore[arg-type]


def test_tables_that_do_not_fit_are_explained() -> None:
    """Rows, labels and thresholds have to agree in number."""
    with pytest.raises(CourseError, match="as many of one"):
        count_labels([[0.5]], [], [0.5])
    with pytest.raises(CourseError, match="different numbers of labels: 1, 2"):
        count_labels([[0.5]], [[1]], [0.5, 0.5])
    with pytest.raises(CourseError, match="as many of one"):
        threshold_board(["a", "b"], [[0.5]], [[1]], ["x"], lambda words: [0.5])


PROBABILITIES = [[0.9, 0.1], [0.2, 0.3], [0.6, 0.2]]
TRUTH = [[1, 0], [1, 1], [0, 0]]
TEXTS = ["Lovely songs.", "A thin story.", "<i>no</i>"]


def test_figure_and_words_agree() -> None:
    """The picture draws the counted curves, points out the best F1, and the words name it."""
    picture = draw_thresholds(PROBABILITIES, TRUTH, ["story", "music"])
    figure, words = picture.figure, picture.words
    assert "music alone (1 of 3 texts)" in figure.axes[1].get_title()
    for axes in figure.axes:
        best = axes.texts[0].get_text()
        assert f"at {best}" in words and axes.get_title() in words
    recall = figure.axes[0].lines[1].get_ydata()
    assert list(recall) == sorted(recall, reverse=True), "a higher threshold never finds more"


def test_html_says_found_missed_and_false() -> None:
    """Each answer carries its word, and markup in a text stays text."""
    page = thresholds_html(TEXTS, PROBABILITIES, TRUTH, ["story", "music"], [0.5, 0.5])
    assert "story 0.90 (right)" in page and "music 0.30 (missed)" in page and "story 0.60 (false alarm)" in page
    assert "&lt;i&gt;no" in page and "1 labels found, 2 missed, 1 false alarms" in page
    assert "no label" in thresholds_html(["x"], [[0.1]], [[0]], ["story"], [0.5])
    assert "music 0.49, at least 0.50: no" in typed_html([0.49], ["music"], [0.5])


@pytest.fixture
def board() -> ThresholdBoard:
    """A board over three texts."""
    return threshold_board(TEXTS, PROBABILITIES, TRUTH, ["story", "music"], lambda words: [0.8, len(words) / 10_000])


def test_moving_all_thresholds(board: ThresholdBoard) -> None:
    """At 0 everything is called, at 1 nothing."""
    board.threshold.value = 0.0
    assert "3 labels found, 0 missed, 3 false alarms" in board.view.value
    board.threshold.value = 1.0
    assert "0 labels found, 3 missed, 0 false alarms" in board.view.value


def test_moving_one_threshold_leaves_the_others(board: ThresholdBoard) -> None:
    """A chosen label moves alone; choosing another shows where that one stands and moves nothing."""
    board.label.value = 1
    board.threshold.value = 0.25
    assert "2 labels found, 1 missed, 1 false alarms" in board.view.value
    before = board.view.value
    board.label.value = 0
    assert board.threshold.value == 0.5 and board.view.value == before
    board.label.value = 1
    assert board.threshold.value == 0.25 and board.view.value == before


@pytest.mark.parametrize("words", ["", "   ", "x" * 50_000, "😀", "<script>alert(1)</script>", "\x00", "\ud83d"])
def test_whatever_is_typed_gets_an_answer(board: ThresholdBoard, words: str) -> None:
    """No text ends in an error card, long ones are cut, and nothing typed becomes markup."""
    board.box.value = words
    assert "course-wrong" not in board.own.value and "<script>" not in board.own.value
    assert bool(board.own.value) == bool(words.strip())
    if len(words) > 2000:
        assert "music 0.20" in board.own.value


def test_a_failing_reader_is_said() -> None:
    """An error while a sentence is read is shown where it is looked for."""
    broken = threshold_board(TEXTS, PROBABILITIES, TRUTH, ["story", "music"], lambda words: [1 / 0])
    broken.box.value = "A film."
    assert "ZeroDivisionError" in broken.own.value


# --- the other figure, and the cell that needs the Hub ----------------------------------------------------


def test_rare_counts_figure_and_words() -> None:
    """The bars are the counts, the bar at zero is marked, and the words say how often nothing was there."""
    counts = {"as it falls": [0, 0, 3, 1], "stratified": [1, 1, 1, 1]}
    picture = draw_rare_counts(counts)
    figure = picture.figure
    heights = [[bar.get_height() for bar in axes.patches] for axes in figure.axes]
    assert heights == [[2, 1, 0, 1], [0, 4, 0, 0]]
    assert figure.axes[0].patches[0].get_hatch() and not figure.axes[0].patches[1].get_hatch()
    assert "none in 2 of 4" in picture.words
    for empty in ({}, {"x": []}):
        with pytest.raises(CourseError, match="nothing to draw"):
            draw_rare_counts(empty)


def test_back_translation_runs_where_models_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The cell that needs two translation models runs whole on two tiny ones of the right kind."""
    seq2seq().save_pretrained(tmp_path / "model")
    tokenizer = DistilBertTokenizer.from_pretrained(POCKET / "pocket-bert-uncased")  # gives no token type ids
    tokenizer.save_pretrained(tmp_path / "model")
    source = cell_by_id(read(NOTEBOOKS / "09_training_checklist.ipynb"), "back-translation").source
    for way in ("en-fr", "fr-en"):
        assert f"Helsinki-NLP/opus-mt-{way}" in source
        source = source.replace(f"Helsinki-NLP/opus-mt-{way}", str(tmp_path / "model"))
    scope = {"hub_mode": lambda: True, "AutoTokenizer": AutoTokenizer, "reviews": reviews()["train"]}
    exec(source, scope)
    assert len(capsys.readouterr().out.split(" -> ")) == 4
