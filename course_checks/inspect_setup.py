"""Looking through a data set, a tokenizer and a model before they are trained together, and saying what is off.

`inspect_setup` never raises at the learner: whatever it is given, it answers with findings in words. Each finding is
one of three kinds: "stop" (training or the model's answer will end in an error), "wrong" (it runs, and the result
misleads) or "know" (nothing is wrong, but it should be known).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from course_utils.messages import brief, text, whole_characters
from course_utils.sentence_path import most_tokens

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Level = Literal["stop", "wrong", "know"]
Part = Literal["data", "tokenizer", "model"]

MOST_ROWS = 5000
"""Rows of a split that are read, evenly spread over it."""
MOST_TOKENIZED = 400
"""Texts of the whole data set that are tokenized, evenly spread."""
RARE = 0.2
"""A class with fewer rows than this share of the commonest class is called rare."""
UNKNOWN = 0.08
"""Share of unknown tokens from which a vocabulary does not fit the texts."""
PIECES, PIECES_LATIN = 1.3, 0.55
"""Tokens for each character from which a vocabulary does not fit: in general, and where a to z is the script."""

ALMOST = 6
"""Words that a text has at least, where one word more or less still makes it the same text."""

TEXT_NAMES = ("text", "sentence", "review", "content", "document", "utterance")
PAIR_NAMES = (
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("question", "context"),
    ("question", "sentence"),
    ("text", "text_pair"),
    ("text1", "text2"),
)
OTHER_LABEL_NAMES = (
    "target", "class", "category", "sentiment", "rating", "stars", "score", "y", "emotion", "topic", "gold",
    "aspects",
)  # fmt: skip
KINDS: dict[str, tuple[Level, Part]] = {
    "no_data": ("stop", "data"),
    "a_path": ("stop", "data"),
    "a_frame": ("stop", "data"),
    "named_missing": ("stop", "data"),
    "column_name": ("stop", "data"),
    "columns_read": ("know", "data"),
    "empty": ("stop", "data"),
    "empty_split": ("wrong", "data"),
    "no_text": ("stop", "data"),
    "texts_missing": ("stop", "data"),
    "texts_empty": ("wrong", "data"),
    "label_missing": ("stop", "data"),
    "label_name": ("stop", "data"),
    "two_labels": ("wrong", "data"),
    "label_none": ("stop", "data"),
    "label_blank": ("wrong", "data"),
    "label_strings": ("stop", "data"),
    "label_mixed": ("stop", "data"),
    "label_ragged": ("stop", "data"),
    "label_ids_in_list": ("stop", "data"),
    "label_not_zero_one": ("wrong", "data"),
    "label_gap": ("wrong", "data"),
    "unlabelled": ("know", "data"),
    "one_class": ("wrong", "data"),
    "class_missing": ("wrong", "data"),
    "shares_differ": ("wrong", "data"),
    "rare_class": ("know", "data"),
    "one_split": ("know", "data"),
    "leak": ("wrong", "data"),
    "near_leak": ("wrong", "data"),
    "duplicates": ("know", "data"),
    "contradiction": ("wrong", "data"),
    "sampled": ("know", "data"),
    "streamed": ("know", "data"),
    "not_tokenizer": ("stop", "tokenizer"),
    "no_pad": ("stop", "tokenizer"),
    "casing": ("wrong", "tokenizer"),
    "unknown": ("wrong", "tokenizer"),
    "pieces": ("wrong", "tokenizer"),
    "too_long": ("know", "tokenizer"),
    "no_limit": ("stop", "tokenizer"),
    "not_model": ("stop", "model"),
    "no_head": ("stop", "model"),
    "wrong_task": ("stop", "model"),
    "label_range": ("stop", "model"),
    "label_width": ("stop", "model"),
    "label_floats": ("stop", "model"),
    "regression_by_accident": ("wrong", "model"),
    "unused_outputs": ("wrong", "model"),
    "names_swapped": ("wrong", "model"),
    "names_generic": ("know", "model"),
    "problem_type": ("stop", "model"),
    "vocabulary": ("stop", "model"),
    "other_vocabulary": ("wrong", "model"),
    "ids_too_long": ("stop", "model"),
    "config_pad": ("stop", "model"),
    "pad_differs": ("wrong", "model"),
    "special_differs": ("wrong", "model"),
    "training_mode": ("know", "model"),
    "new_head": ("know", "model"),
    "nothing_trains": ("stop", "model"),
    "not_finite": ("wrong", "model"),
    "half": ("know", "model"),
    "trial": ("stop", "model"),
}
"""What there is to find: how bad it is, and what it concerns. The words stand under the key `inspect_setup.found`."""


UNSEEN = " \t\r\n\ufeff\u200b\u200c\u200d\u2060\u00a0"
"""Letters that nobody sees at the ends of a name: blanks, the byte order mark of a file, joiners of no width."""


@dataclass(frozen=True)
class Finding:
    """One thing that `inspect_setup` has to say.

    Attributes:
        key: which of `KINDS` it is.
        words: what is off, with numbers, and what to try.
    """

    key: str
    words: str

    @property
    def level(self) -> Level:
        """How bad: "stop", "wrong" or "know"."""
        return KINDS[self.key][0]

    @property
    def part(self) -> Part:
        """What it concerns: "data", "tokenizer" or "model"."""
        return KINDS[self.key][1]


@dataclass
class _Split:
    """What was read of one split: a list for each column, all of one length; `form` is what it was read from."""

    name: str
    rows: int
    columns: dict[str, list[Any]]
    form: str = "rows"

    @property
    def read(self) -> int:
        return max((len(values) for values in self.columns.values()), default=0)


@dataclass
class _Notes:
    """Findings in the making, and what later checks need to know."""

    findings: list[Finding] = field(default_factory=list)
    form: str = "dataset"  # what the data set is: it decides which methods can be advised
    label: str | None = None  # the column that was named as labels

    def add(self, key: str, /, **values: object) -> None:
        if key not in KINDS:
            raise KeyError(f"no kind of finding {key!r}")
        if key not in {finding.key for finding in self.findings}:
            self.findings.append(Finding(key, text(f"inspect_setup.found.{key}", **values)))

    def way(self, what: str, **values: object) -> str:
        """How to do something with the learner's own object: "rename" or "encode" a column."""
        return text(f"inspect_setup.{what}.{self.form}", **values)

    @property
    def stops(self) -> bool:
        return any(finding.level == "stop" for finding in self.findings)


def inspect_setup(
    dataset: object,
    tokenizer: object = None,
    model: object = None,
    *,
    text_column: str | Sequence[str] | None = None,
    label_column: str | None = None,
) -> list[Finding]:
    """What is off about a data set, and about the tokenizer and the model that shall read it. Never raises.

    Args:
        dataset: a `DatasetDict`, a `Dataset` (streamed or not), a DataFrame, a list of rows, a dictionary of columns
            (lists, arrays, tensors), or a dictionary of any of them, one for each split. Texts stand in a column such
            as `text` or in a pair such as `sentence1`, `sentence2` (or the rows are tokenized already: `input_ids`),
            labels in `label` or `labels`. Of a large split an even sample is read, of a streamed one the beginning.
        tokenizer: the tokenizer, or None to look at the data alone.
        model: the model with its head, or None. It is left as it was, mode and random numbers included.
        text_column: the column of the texts, or the two columns of a pair, where they have other names.
        label_column: the column of the labels, where it has another name: as if it were called `labels`.
    Returns:
        Findings, the worst first; an empty list where nothing was found.

    >>> rows = [{"text": "Good film.", "sentiment": 1}, {"text": "Bad film.", "sentiment": 0}]
    >>> [finding.key for finding in inspect_setup(rows)], inspect_setup(rows, label_column="sentiment")
    (['label_name'], [])
    """
    notes = _Notes()
    splits = _read(dataset, notes)
    texts = [text_column] if isinstance(text_column, str) else [str(name) for name in text_column or ()]
    notes.label = label_column
    if splits is not None:
        _clean_names(splits, notes)
        if not _named(splits, texts, label_column, notes):
            splits = None
    tokenizer = _usable_tokenizer(tokenizer, notes)
    model = _usable_model(model, notes)
    steps = []
    if splits is not None:
        names = _class_names(dataset, label_column)
        steps += [lambda: _check_data(splits, texts, names, tokenizer, model, notes)]
    if tokenizer is not None or model is not None:
        steps += [lambda: _check_vocabulary(tokenizer, model, notes)]
    if model is not None:
        steps += [lambda: _check_model(model, notes)]
    if splits is not None and tokenizer is not None and model is not None:
        steps += [lambda: _trial(splits, texts, tokenizer, model, notes)]
    for step in steps:
        try:
            step()
        except Exception as error:  # what nobody foresaw is a finding too, and no traceback
            notes.add("trial", error=f"{type(error).__name__}: {brief(str(error), 160)}")
    order = {"stop": 0, "wrong": 1, "know": 2}
    return sorted(notes.findings, key=lambda finding: order[finding.level])


# --- reading what was given -------------------------------------------------------------------------------


def _read(dataset: object, notes: _Notes) -> list[_Split] | None:
    """The splits of whatever was given; None, with a finding, if it is no table."""
    try:
        if isinstance(dataset, str) and dataset.strip() or hasattr(dataset, "__fspath__"):
            path = str(dataset)
            kind = {"csv": "csv", "tsv": "csv", "jsonl": "json", "parquet": "parquet", "txt": "text"}
            suffix = path.rpartition(".")[2].lower()
            way = f'load_dataset("{kind.get(suffix, "json")}", data_files="{path}")'
            if suffix not in (*kind, "json"):
                way = f'load_dataset("{path}")'
            notes.add("a_path", given=brief(path, 60), way=brief(way, 90))
            return None
        splits = _splits(dataset)
    except Exception as error:  # a learner's object may be anything
        notes.add("no_data", given=brief(dataset, 60), kind=type(dataset).__name__, error=type(error).__name__)
        return None
    several = isinstance(dataset, Mapping) and not _is_table(dataset)
    form = splits[0].form if splits else "rows"
    notes.form = form if not several or form in ("dataset", "stream") else f"splits_of_{form}"
    if form == "frame":
        notes.add("a_frame", way=notes.way("make"))
    if any(split.form == "stream" for split in splits):
        notes.add("streamed", most=MOST_ROWS)
    return splits


def _splits(dataset: object) -> list[_Split]:
    """The splits of whatever was given; raises if it is no table."""
    if isinstance(dataset, Mapping) and not _is_table(dataset):
        return [_split(str(name), rows) for name, rows in dataset.items()]
    return [_split("", dataset)]


def _is_column(values: Any) -> bool:
    """Whether something is one column: a list, an array, a tensor or a Series, of anything but rows."""
    if hasattr(values, "tolist"):
        return True
    is_list = isinstance(values, Sequence | range) and not isinstance(values, str)
    return is_list and not (len(values) and isinstance(values[0], Mapping))


def _is_table(dataset: Mapping[Any, Any]) -> bool:
    """Whether a mapping is one table (its values are columns) and not several (its values are tables)."""
    values = list(dataset.values())
    if any(_is_column(each) and len(each) for each in values):  # a table may have a column of dictionaries too
        return all(_is_column(each) or isinstance(each, list | tuple) for each in values)
    return bool(values) and all(map(_is_column, values))


def _listed(values: Any) -> list[Any]:
    """A column as a list: NumPy arrays, tensors and Series have their own way to become one."""
    return list(values.tolist()) if hasattr(values, "tolist") else list(values)


def _split(name: str, table: Any) -> _Split:
    if hasattr(table, "column_names") and hasattr(table, "with_format"):
        if not hasattr(table, "__len__"):  # streamed: the beginning, without keeping the learner from the rest
            rows = list(islice(iter(table), MOST_ROWS))
            return _Split(name, len(rows), _columns_of(rows), "stream")
        plain = table.with_format(None)
        total = len(plain)
        chosen = plain if total <= MOST_ROWS else plain.select(_spread(total, MOST_ROWS))
        columns = dict(chosen[:]) if total else {column: [] for column in table.column_names}
        return _Split(name, total, columns, "dataset")
    if hasattr(table, "columns") and hasattr(table, "to_dict"):
        chosen = _spread(len(table), MOST_ROWS)
        columns = {str(key): [values[i] for i in chosen] for key, values in table.to_dict("list").items()}
        return _Split(name, len(table), columns, "frame")
    if isinstance(table, Mapping):
        columns = {str(key): _listed(values) for key, values in table.items()}
        if len({len(values) for values in columns.values()}) > 1:
            raise ValueError("columns of unequal length")
        total = len(next(iter(columns.values()), []))
        chosen = _spread(total, MOST_ROWS)
        return _Split(name, total, {key: [values[i] for i in chosen] for key, values in columns.items()}, "columns")
    if isinstance(table, str | bytes) or not (isinstance(table, Iterable) or hasattr(table, "__getitem__")):
        raise TypeError("no table")
    if hasattr(table, "__len__") and hasattr(table, "__getitem__"):
        total = len(table)
        rows = [table[i] for i in _spread(total, MOST_ROWS)]
    else:
        rows = list(islice(iter(table), MOST_ROWS))
        total = len(rows)
    if not all(isinstance(row, Mapping) for row in rows):
        raise TypeError("rows that are no dictionaries")
    return _Split(name, total, _columns_of(rows), "rows")


def _columns_of(rows: list[Mapping[Any, Any]]) -> dict[str, list[Any]]:
    """A list for each column, with None where a row lacks it."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return {str(key): [row.get(key) for row in rows] for key in keys}


def _spread(total: int, most: int) -> list[int]:
    """At most `most` of the numbers from 0 to `total` - 1, evenly spread.

    >>> _spread(10, 4)
    [0, 2, 5, 7]
    """
    return list(range(total)) if total <= most else [i * total // most for i in range(most)]


def _clean_names(splits: list[_Split], notes: _Notes) -> None:
    """Columns whose names have blanks or invisible letters at their ends are told, and read under the clean name."""
    for split in splits:
        for name in list(split.columns):
            clean = name.strip(UNSEEN)
            if clean and clean != name and clean not in split.columns:
                split.columns = {clean if key == name else key: each for key, each in split.columns.items()}
                renamed = notes.way("rename", old=ascii(name), new=clean)
                notes.add("column_name", shown=ascii(name), clean=clean, rename=renamed)


def _named(splits: list[_Split], texts: list[str], label: str | None, notes: _Notes) -> bool:
    """Give the column that was named as labels the name `labels`; False, with a finding, if a named one is missing."""
    for split in splits:
        missing = [name for name in (*texts, *([label] if label else [])) if name not in split.columns]
        if missing and split.columns:
            where = _where(split.name)
            notes.add("named_missing", column=missing[0], where=where, columns=", ".join(split.columns))
            return False
        if label and label not in ("label", "labels") and label in split.columns:
            kept = {key: each for key, each in split.columns.items() if key not in ("label", "labels", "label_ids")}
            split.columns = {"labels" if key == label else key: each for key, each in kept.items()}
    return True


def _class_names(dataset: object, label: str | None) -> list[str] | None:
    """The names of the classes where the data set has them as a `ClassLabel`."""
    tables = list(dataset.values()) if isinstance(dataset, Mapping) else [dataset]
    for table in tables:
        features = getattr(table, "features", None)
        if not isinstance(features, Mapping):
            continue
        for column in (label, "labels", "label"):
            names = getattr(features.get(column), "names", None)
            if names:
                return [str(name) for name in names]
    return None


def _usable_tokenizer(tokenizer: object, notes: _Notes) -> PreTrainedTokenizerBase | None:
    from transformers import PreTrainedTokenizerBase

    if tokenizer is None or isinstance(tokenizer, PreTrainedTokenizerBase):
        return tokenizer
    notes.add("not_tokenizer", given=brief(tokenizer, 60), kind=type(tokenizer).__name__)
    return None


def _usable_model(model: object, notes: _Notes) -> PreTrainedModel | None:
    from transformers import PreTrainedModel

    if model is None or isinstance(model, PreTrainedModel):
        return model
    notes.add("not_model", given=brief(model, 60), kind=type(model).__name__)
    return None


# --- the data ---------------------------------------------------------------------------------------------


def _check_data(
    splits: list[_Split],
    texts: list[str],
    names: list[str] | None,
    tokenizer: PreTrainedTokenizerBase | None,
    model: PreTrainedModel | None,
    notes: _Notes,
) -> None:
    filled = [split for split in splits if split.rows]
    if not filled:
        notes.add("empty")
        return
    for split in splits:
        if not split.rows:
            notes.add("empty_split", split=split.name)
    if len(splits) == 1 and splits[0].name:
        notes.add("one_split", split=splits[0].name)
    if any(split.rows > split.read for split in filled):
        notes.add("sampled", most=MOST_ROWS)
    columns = texts or text_columns(filled[0].columns)
    if columns:
        free = _free_texts(filled[0].columns)
        if not texts and (set(free) - set(columns)):
            others = ", ".join(f"`{name}`" for name in free if name not in columns)
            taken = [f"`{name}`" for name in columns]
            pair = {"first": taken[0], "second": taken[-1]}
            column = text("inspect_setup.pair", **pair) if len(taken) == 2 else ", ".join(taken)
            notes.add("columns_read", column=column, others=others)
        _check_texts(filled, columns, [*columns, *(name for name in free if name not in columns)], notes)
        if tokenizer is not None:
            _check_tokens(filled, columns, tokenizer, model, notes)
    elif "input_ids" not in filled[0].columns and not _of_words(filled[0].columns):
        notes.add("no_text", columns=", ".join(filled[0].columns))
    if "input_ids" in filled[0].columns and model is not None:
        _check_ids(filled, model, notes)
    if _check_task(filled, columns, model, notes) and _task(model) in ("sequence", None):
        _check_labels(filled, columns, names, model, notes)


def _of_words(columns: Mapping[str, Sequence[object]]) -> str | None:
    """A column of lists of words, as for labels of each word."""
    for name, values in columns.items():
        if values and all(isinstance(each, list | tuple) and all(isinstance(w, str) for w in each) for each in values):
            if any(values):
                return name
    return None


def _check_task(splits: list[_Split], columns: list[str], model: PreTrainedModel | None, notes: _Notes) -> bool:
    """Whether labels can be judged as those of a classifier of texts; a finding where head and labels do not fit."""
    first = splits[0].columns
    words = _of_words(first)
    tags = next(
        (
            name
            for name, values in first.items()
            if words and name != words and all(map(_is_column, values))
            if all(len(tag) == len(row) for tag, row in zip(values, first[words], strict=True))
        ),
        None,
    )
    answers = {"question", "context", "answers"} <= set(first) or {"start_positions", "end_positions"} <= set(first)
    needs = "tokens" if tags else "answers" if answers and label_column(first) is None else "texts"
    gives = _task(model)
    heads = {"sequence": "texts", "token": "tokens", "answer": "answers"}
    if gives in heads and heads[gives] != needs and (label_column(first) or tags or answers):
        told = {part: text(f"inspect_setup.task.{part}") for part in (needs, heads[gives])}
        classes = {"texts": "SequenceClassification", "tokens": "TokenClassification", "answers": "QuestionAnswering"}
        notes.add(
            "wrong_task",
            needs=told[needs],
            kind=type(model).__name__,
            gives=told[heads[gives]],
            fitting=f"AutoModelFor{classes[needs]}",
        )
        return False
    return needs == "texts"


def _free_texts(columns: Mapping[str, Sequence[object]]) -> list[str]:
    """The columns of running text: most of their values have several words.

    >>> _free_texts({"id": ["a7", "b3"], "text": ["So good.", "So bad."], "label": ["very good", "very bad"]})
    ['text']
    """
    found = []
    for name, values in columns.items():
        words = [value for value in values if isinstance(value, str)]
        several = sum(len(value.split()) > 1 for value in words)
        other_label = name in OTHER_LABEL_NAMES or name in ("label", "labels", "label_text")
        if words and several > len(words) / 2 and not other_label:
            found.append(name)
    return found


def text_columns(columns: Mapping[str, Sequence[object]]) -> list[str]:
    """The columns that hold the text: one, or the two of a pair; none where there is no text.

    >>> text_columns({"idx": [1], "sentence1": ["A"], "sentence2": ["B"], "label": [0]})
    ['sentence1', 'sentence2']
    >>> text_columns({"comment": ["So good."], "id": ["a7"]})
    ['comment']
    """
    words = {
        name: [value for value in values if isinstance(value, str)]
        for name, values in columns.items()
        if name not in ("label", "labels", "label_text")
    }
    words = {name: values for name, values in words.items() if values}
    for pair in PAIR_NAMES:
        if all(name in words for name in pair):
            return list(pair)
    for name in TEXT_NAMES:
        if name in words:
            return [name]
    words = {name: values for name, values in words.items() if name not in OTHER_LABEL_NAMES}
    lengths = {name: sum(map(len, values)) / len(values) for name, values in words.items()}
    return [max(lengths, key=lambda name: lengths[name])] if lengths else []


def _check_texts(splits: list[_Split], columns: list[str], every: list[str], notes: _Notes) -> None:
    """Missing, empty, shared and repeated texts of some columns; contradictions by `every` column of running text."""
    for split in splits:
        for name in columns:
            values = _column(split, name)
            no_text = [value for value in values if not isinstance(value, str)]
            if no_text:
                shown = brief(no_text[0], 30)
                notes.add("texts_missing", number=len(no_text), column=name, where=_where(split.name), shown=shown)
            blank = sum(isinstance(value, str) and not value.strip() for value in values)
            if blank:
                notes.add("texts_empty", number=blank, column=name, where=_where(split.name))
    homes: dict[tuple[str, ...], dict[str, int]] = {}
    whole: dict[tuple[str, ...], set[str]] = {}
    written: dict[tuple[str, ...], str] = {}
    doubled = Counter()
    for split in splits:
        labels = _column(split, label_column(split.columns) or "")
        keys, longer = _texts(split, columns), _texts(split, every)
        for i, (row, all_of_it, label) in enumerate(zip(keys, longer, labels, strict=True)):
            if row is None:
                continue
            written.setdefault(row, str(split.columns[columns[0]][i]))
            seen = homes.setdefault(row, {})
            doubled[split.name] += split.name in seen
            seen[split.name] = i
            if not _no_label(label) and label != -1:
                whole.setdefault(all_of_it or row, set()).add(repr(label))
    shared = [row for row, seen in homes.items() if len(seen) > 1]
    if shared:
        first, second = list(homes[shared[0]])[:2]
        notes.add("leak", number=len(shared), first=first, second=second, shown=brief(written[shared[0]], 70))
    else:
        _check_near(splits, columns, notes)
    if sum(doubled.values()):
        notes.add("duplicates", number=sum(doubled.values()))
    torn = [row for row, labels in whole.items() if len(labels) > 1]
    if torn:
        shown = next(written[row] for row in written if row == torn[0][: len(row)])
        notes.add("contradiction", number=len(torn), shown=brief(shown, 70))


def _check_near(splits: list[_Split], columns: list[str], notes: _Notes) -> None:
    """Texts of two splits that differ by one word that is there or not, with the same label."""
    if len(columns) > 1 or len(splits) < 2:
        return
    homes: dict[tuple[str, ...], set[str]] = {}
    rows = []
    for split in splits:
        labels = _column(split, label_column(split.columns) or "")
        for value, label in zip(_column(split, columns[0]), labels, strict=True):
            words = tuple(filter(None, map(plain_text, value.split()))) if isinstance(value, str) else ()
            if len(words) >= ALMOST:
                rows.append((split.name, words, repr(label), value))
                homes.setdefault((*words, repr(label)), set()).add(split.name)
    near = []
    for name, words, label, value in rows:
        for place in range(len(words)):
            others = homes.get((*words[:place], *words[place + 1 :], label), set()) - {name}
            if others:
                near.append((value, name, min(others)))
                break
    if near:
        value, first, second = near[0]
        notes.add("near_leak", number=len(near), shown=brief(value, 70), first=first, second=second)


def plain_text(words: str) -> str:
    """A text without capitals, punctuation and spaces: what stays the same when only those are changed.

    >>> plain_text("Dull, far too long; dull.") == plain_text("dull far ; too long dull")
    True
    >>> plain_text("कि.") == plain_text("का.")  # letters, and the marks that belong to them
    False
    """
    return "".join(sign for sign in words.lower() if unicodedata.category(sign)[0] in "LNM")


def _texts(split: _Split, columns: list[str]) -> list[tuple[str, ...] | None]:
    """One key for each row, or None where a text is missing or nothing is left of it."""
    keys: list[tuple[str, ...] | None] = []
    for i in range(split.read):
        values = [split.columns[name][i] if name in split.columns else None for name in columns]
        key = tuple(plain_text(value) if isinstance(value, str) else "" for value in values)
        keys.append(key if all(key) else None)
    return keys


def _column(split: _Split, name: str) -> list[Any]:
    """A column, or as many None where the split lacks it."""
    return split.columns.get(name) or [None] * split.read


def _plain(value: Any) -> Any:
    """A value of NumPy or PyTorch as plain Python."""
    return value.tolist() if hasattr(value, "tolist") else value


def _where(split: str) -> str:
    return text("inspect_setup.in_split", split=split) if split else text("inspect_setup.in_data")


# --- labels -----------------------------------------------------------------------------------------------


def label_column(columns: Mapping[str, object]) -> str | None:
    """The column that a collator hands on as labels: `label` wins over `labels`; None where there is neither.

    >>> label_column({"text": [], "labels": []})
    'labels'
    """
    return next((name for name in ("label_ids", "label", "labels") if name in columns), None)


def _check_labels(
    splits: list[_Split],
    texts: list[str],
    names: list[str] | None,
    model: PreTrainedModel | None,
    notes: _Notes,
) -> None:
    columns = splits[0].columns
    name = label_column(columns)
    if name is None:
        other = _other_label(columns, texts)
        if other:
            notes.add("label_name", column=other, rename=notes.way("rename", old=f'"{other}"', new="labels"))
        else:
            notes.add("label_missing", columns=", ".join(columns))
        return
    if "label" in columns and "labels" in columns:
        notes.add("two_labels")
    per_split = {split.name: [_plain(one) for one in _column(split, name)] for split in splits}
    name = notes.label or name
    hidden = [split for split, values in per_split.items() if len(per_split) > 1 and set(map(repr, values)) == {"-1"}]
    if hidden:
        notes.add("unlabelled", split=", ".join(hidden))
        per_split = {split: values for split, values in per_split.items() if split not in hidden}
    missing = sum(map(_no_label, (value for column in per_split.values() for value in column)))
    if missing:
        notes.add("label_none", number=missing, column=name)
        per_split = {split: [v for v in values if not _no_label(v)] for split, values in per_split.items()}
        if "frame" in notes.form:  # a frame with gaps makes floats of whole numbers
            rest = [value for column in per_split.values() for value in column]
            if all(isinstance(value, float) and value.is_integer() for value in rest):
                per_split = {split: list(map(int, column)) for split, column in per_split.items()}
    values = [value for column in per_split.values() for value in column]
    if not values:
        return
    kind = _label_kind(values, name, notes)
    if kind == "classes":
        _check_classes(per_split, names, model, notes)
    elif kind == "rows":
        _check_label_rows(per_split, model, notes)
    elif kind == "numbers" and model is not None:
        if model.config.num_labels > 1:
            notes.add("label_floats", outputs=model.config.num_labels, shown=brief(values[0], 20))
        _check_problem(model, "regression", notes)


def _no_label(value: Any) -> bool:
    return value is None or isinstance(value, float) and math.isnan(value)


def _other_label(columns: Mapping[str, Sequence[object]], texts: list[str]) -> str | None:
    """A column that looks like labels under another name."""
    for name in columns:
        if name.lower().strip("_ ") in (*OTHER_LABEL_NAMES, "label", "labels") and name not in texts:
            return name
    for name, values in columns.items():
        few = {value for value in values if isinstance(value, int)}
        if name not in ("id", "idx", "index", "__index_level_0__") and few and len(few) <= max(2, len(values) // 4):
            if all(isinstance(value, int) for value in values):
                return name
    return None


def _label_kind(values: list[Any], name: str, notes: _Notes) -> str | None:
    """What the labels are: "classes" (whole numbers), "numbers" (floats), "rows" (lists of floats), None (unusable)."""
    if all(isinstance(value, str) for value in values):
        blank = sum(not value.strip() for value in values)
        if blank:
            notes.add("label_blank", number=blank, column=name)
        words = [value for value in values if value.strip()]
        if words:
            notes.add("label_strings", shown=brief(words[0], 30), encode=notes.way("encode", column=name))
        return None
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return "classes"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return "numbers"
    if all(isinstance(value, list | tuple) for value in values):
        inner = [one for value in values for one in value]
        if len({len(value) for value in values}) > 1:
            notes.add("label_ragged", column=name, shown=brief(list(values[0]), 40))
        elif inner and all(isinstance(one, float) for one in inner):
            return "rows"
        else:
            notes.add("label_ids_in_list", column=name, shown=brief(list(values[0]), 40))
        return None
    kinds = ", ".join(sorted({type(value).__name__ for value in values}))
    notes.add("label_mixed", column=name, kinds=kinds)
    return None


def _check_classes(
    per_split: dict[str, list[int]], names: list[str] | None, model: PreTrainedModel | None, notes: _Notes
) -> None:
    counts = {split: Counter(value for value in values if value != -100) for split, values in per_split.items()}
    total = sum(counts.values(), Counter())
    regression = model is not None and model.config.num_labels == 1
    if not regression:
        classes = sorted(set(total) | set(range(len(names or []))))
        _check_shares(counts, classes, names, notes)
    if model is None:
        _check_gap(total, names, notes)
        return
    outputs = model.config.num_labels
    if regression:
        if names or set(total) <= {0, 1}:
            notes.add("regression_by_accident")
        return
    outside = sorted(value for value in total if not 0 <= value < outputs)
    if outside:
        notes.add("label_range", shown=", ".join(map(str, outside[:3])), outputs=outputs, last=outputs - 1)
    else:
        _check_gap(total, names, notes)
        if outputs > max(len(names or []), max(total, default=0) + 1):
            notes.add("unused_outputs", outputs=outputs, classes=max(len(names or []), max(total) + 1))
    _check_problem(model, "single_label_classification", notes)
    _check_names(names, model, notes)


def _check_gap(total: Counter[int], names: list[str] | None, notes: _Notes) -> None:
    """Whole numbers below the largest label that no row has; where classes have names, `class_missing` tells of it."""
    held = sorted(value for value in total if value >= 0)
    gaps = [value for value in range(held[-1] if held else 0) if value not in total]
    if gaps and not names and len(held) > 1:
        notes.add("label_gap", missing=", ".join(map(str, gaps[:3])), held=", ".join(map(str, held[:4])))


def _check_shares(counts: dict[str, Counter[int]], classes: list[int], names: list[str] | None, notes: _Notes) -> None:
    total = sum(counts.values(), Counter())
    if len([label for label in classes if total[label]]) < 2:
        notes.add("one_class", shown=_called(next(iter(total), 0), names))
        return
    rarest, commonest = min(classes, key=lambda c: total[c]), max(classes, key=lambda c: total[c])
    if total[rarest] < RARE * total[commonest]:
        share = 100 * total[rarest] / total.total()
        notes.add("rare_class", shown=_called(rarest, names), number=total[rarest], share=f"{share:.0f}")
    missing = [
        f"{_called(label, names)} {_where(split)}"
        for split, count in counts.items()
        for label in classes
        if count and not count[label]
    ]
    if missing:
        notes.add("class_missing", shown=", ".join(missing[:4]))
    for label in classes:
        for split, count in counts.items():
            rows, others = count.total(), total.total() - count.total()
            if not rows or not others:
                continue
            here, elsewhere = count[label] / rows, (total[label] - count[label]) / others
            both = total[label] / total.total()
            spread = math.sqrt(max(both * (1 - both), 1e-9) * (1 / rows + 1 / others))
            if abs(here - elsewhere) > max(0.1, 3 * spread):
                shown, rest = f"{100 * here:.0f}", f"{100 * elsewhere:.0f}"
                notes.add("shares_differ", label=_called(label, names), split=split, share=shown, rest=rest)
                return


def _called(label: int, names: list[str] | None) -> str:
    return f"{label} ({names[label]})" if names and 0 <= label < len(names) else str(label)


def _check_label_rows(per_split: dict[str, list[list[float]]], model: PreTrainedModel | None, notes: _Notes) -> None:
    rows = [row for values in per_split.values() for row in values]
    width = len(rows[0])
    if any(value not in (0.0, 1.0) for row in rows for value in row):
        odd = next(value for row in rows for value in row if value not in (0.0, 1.0))
        notes.add("label_not_zero_one", shown=brief(odd, 20))
    sums = [sum(row[i] > 0.5 for row in rows) for i in range(width)]
    if width and max(sums) and min(sums) < RARE * max(sums):
        rarest = sums.index(min(sums))
        label = model.config.id2label.get(rarest) if model is not None and model.config.num_labels == width else None
        shown = f"{rarest} ({label})" if label else str(rarest)
        notes.add("rare_class", shown=shown, number=sums[rarest], share=f"{100 * sums[rarest] / len(rows):.0f}")
    if model is None:
        return
    if width != model.config.num_labels:
        notes.add("label_width", width=width, outputs=model.config.num_labels)
    _check_problem(model, "multi_label_classification", notes)
    _check_names(None, model, notes)


def _check_problem(model: PreTrainedModel, fitting: str, notes: _Notes) -> None:
    """`problem_type`, set by hand or remembered from an earlier batch, against what the labels are."""
    given = model.config.problem_type
    if given is not None and given != fitting:
        notes.add("problem_type", given=given, fitting=fitting)


def _check_names(names: list[str] | None, model: PreTrainedModel, notes: _Notes) -> None:
    held = [str(model.config.id2label.get(i)) for i in range(model.config.num_labels)]
    if all(re.fullmatch(r"LABEL_\d+", name) for name in held):
        notes.add("names_generic", shown=held[0])
    if names and len(names) == len(held):
        ours, theirs = [name.lower() for name in names], [name.lower() for name in held]
        if ours != theirs and sorted(ours) == sorted(theirs):
            notes.add("names_swapped", data=", ".join(names), model=", ".join(held))


# --- tokens and vocabulary --------------------------------------------------------------------------------


def _check_tokens(
    splits: list[_Split],
    columns: list[str],
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel | None,
    notes: _Notes,
) -> None:
    texts = [
        [split.columns[name][i] for name in columns]
        for split in splits
        for i in range(split.read)
        if all(isinstance(_column(split, name)[i], str) for name in columns)
    ]
    texts = [[whole_characters(part) for part in texts[i]] for i in _spread(len(texts), MOST_TOKENIZED)]
    if not texts:
        return
    ids = tokenizer(*(list(part) for part in zip(*texts, strict=True)), truncation=False, verbose=False)["input_ids"]
    special = set(tokenizer.all_special_ids)
    unknown = tokenizer.unk_token_id
    read = [token for row in ids for token in row if token not in special or token == unknown]
    characters = sum(len(re.sub(r"\s", "", part)) for row in texts for part in row)
    byte_level = unknown in {tokenizer.eos_token_id, tokenizer.bos_token_id}
    share = 0.0 if unknown is None or byte_level or not read else sum(token == unknown for token in read) / len(read)
    written = "".join(part for row in texts for part in row)
    if _loses_capitals(tokenizer) and re.search("[A-Z]", written):
        notes.add("casing", words=text("inspect_setup.casing.capitals"))
    elif share > UNKNOWN:
        notes.add("unknown", share=f"{100 * share:.0f}")
    latin = len(re.findall("[A-Za-z]", written)) > 0.7 * characters
    if characters and len(read) / characters > (PIECES_LATIN if latin else PIECES):
        notes.add("pieces", number=f"{len(read) / characters:.1f}", usual="0.3" if latin else "0.7")
    lengths = [len(row) for row in ids]
    room = most_tokens(model)
    limit = tokenizer.model_max_length
    if room is not None and limit > room and max(lengths) > room:
        given = text("inspect_setup.no_number") if limit > 10**9 else str(limit)
        notes.add("no_limit", longest=max(lengths), room=room, limit=given)
    else:
        most = min(limit, room or limit)
        long = sum(length > most for length in lengths)
        if long:
            share = 100 * long / len(lengths)
            notes.add("too_long", share=f"{share:.0f}" if share >= 1 else "<1", limit=most, longest=max(lengths))
    if tokenizer.pad_token_id is None:
        notes.add("no_pad")


def _loses_capitals(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether capitals reach a vocabulary that has none, so that words with capitals are unknown."""
    if tokenizer.tokenize("Film") == tokenizer.tokenize("film"):
        return False
    special = set(tokenizer.all_special_tokens) | set(tokenizer.get_added_vocab())
    pieces = (piece for piece in tokenizer.get_vocab() if piece not in special and not piece.startswith("["))
    return not any(re.search("[A-Z]", piece) for piece in pieces)


def _casing(owner: Any) -> str | None:
    """Cased or uncased, as the name of a checkpoint says; None where it says nothing."""
    name = str(getattr(owner, "name_or_path", "") or "").lower().rstrip("/").rpartition("/")[2]
    return "uncased" if "uncased" in name else "cased" if "cased" in name else None


def _check_ids(splits: list[_Split], model: PreTrainedModel, notes: _Notes) -> None:
    rows = [row for split in splits for row in split.columns.get("input_ids", []) if isinstance(row, list)]
    largest = max((max(row) for row in rows if row and all(isinstance(i, int) for i in row)), default=-1)
    entries = _entries(model)
    if entries is not None and largest >= entries:
        notes.add("vocabulary", tokens=largest + 1, entries=entries)
    longest, room = max(map(len, rows), default=0), most_tokens(model)
    if room is not None and longest > room:
        notes.add("ids_too_long", longest=longest, room=room)


def _entries(model: PreTrainedModel | None) -> int | None:
    """Rows of the embedding matrix; None where there is none."""
    try:
        return int(model.get_input_embeddings().weight.shape[0]) if model is not None else None
    except (AttributeError, NotImplementedError):
        return None


def _check_vocabulary(tokenizer: PreTrainedTokenizerBase | None, model: PreTrainedModel | None, notes: _Notes) -> None:
    if tokenizer is None or model is None:
        return
    if tokenizer.pad_token_id is None:
        notes.add("no_pad")
    entries, tokens = _entries(model), len(tokenizer)
    if entries is not None:
        if tokens > entries:
            notes.add("vocabulary", tokens=tokens, entries=entries)
        elif entries - tokens > max(1000, 0.04 * entries):
            notes.add("other_vocabulary", tokens=tokens, entries=entries)
    ours, theirs = _casing(tokenizer), _casing(model)
    if ours and theirs and ours != theirs:
        both = {"ours": text(f"inspect_setup.casing.{ours}"), "theirs": text(f"inspect_setup.casing.{theirs}")}
        notes.add("casing", words=text("inspect_setup.casing.names", **both))
    config = model.config
    held, used = getattr(config, "pad_token_id", None), tokenizer.pad_token_id
    if used is not None and held is None and _task(model) == "sequence" and not _is_encoder(model):
        notes.add("config_pad", used=used)
    elif used is not None and held is not None and held != used:
        notes.add("pad_differs", held=held, used=used)
    for name, ours in (
        ("bos_token_id", (tokenizer.bos_token_id, tokenizer.cls_token_id)),
        ("eos_token_id", (tokenizer.eos_token_id, tokenizer.sep_token_id)),
    ):
        theirs = getattr(config, name, None)
        known = [one for one in ours if one is not None]
        if isinstance(theirs, int) and known and theirs not in known:
            notes.add("special_differs", name=name, theirs=theirs, ours=known[0])


# --- the model --------------------------------------------------------------------------------------------


def _task(model: PreTrainedModel | None) -> str | None:
    """What the head is for: "sequence", "token", "answer", "other", "body" (no head); None without a model."""
    if model is None:
        return None
    name = type(model).__name__
    for ending, task in (
        ("ForSequenceClassification", "sequence"),
        ("ForTokenClassification", "token"),
        ("ForQuestionAnswering", "answer"),
    ):
        if name.endswith(ending):
            return task
    return "body" if name.endswith("Model") and not re.search("Head|EncoderDecoder", name) else "other"


def _is_encoder(model: PreTrainedModel) -> bool:
    """Whether a classifier reads a fixed position and so never asks where the padding begins."""
    return not hasattr(model, "score")


def _head(model: PreTrainedModel) -> list[Any]:
    """The linear layers outside the body."""
    import torch

    body = {id(part) for part in model.base_model.modules()}
    return [part for part in model.modules() if isinstance(part, torch.nn.Linear) and id(part) not in body]


def _check_model(model: PreTrainedModel, notes: _Notes) -> None:
    import torch

    if _task(model) == "body":
        notes.add("no_head", kind=type(model).__name__)
    if model.training:
        notes.add("training_mode")
    weights = list(model.parameters())
    if not any(one.requires_grad for one in weights):
        notes.add("nothing_trains")
    if any(not torch.isfinite(one.detach().float().sum()) for one in weights if one.device.type != "meta"):
        notes.add("not_finite")
    if any(one.dtype in (torch.float16, torch.bfloat16) for one in weights):
        notes.add("half", dtype=str(next(one.dtype for one in weights if one.dtype != torch.float32))[6:])
    last = _head(model)[-1:]
    if _task(model) == "sequence" and last and last[0].bias is not None and not last[0].bias.detach().any():
        notes.add("new_head")


def _trial(
    splits: list[_Split], named: list[str], tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, notes: _Notes
) -> None:
    """Two rows through the model with their labels, where nothing found so far says that it would stop."""
    import torch

    if notes.stops or _task(model) != "sequence":
        return
    split = next(split for split in splits if split.rows)
    columns, name = named or text_columns(split.columns), label_column(split.columns)
    if not columns or name is None:
        return
    texts = [[whole_characters(split.columns[part][i]) for i in range(min(2, split.read))] for part in columns]
    remembered, modes = model.config.problem_type, [(part, part.training) for part in model.modules()]
    try:
        inputs = tokenizer(*texts, padding=True, truncation=True, return_tensors="pt").to(model.device)
        labels = torch.tensor([_plain(one) for one in split.columns[name][:2]]).to(model.device)
        model.eval()
        with torch.no_grad():
            model(**inputs, labels=labels)
    except Exception as error:
        notes.add("trial", error=f"{type(error).__name__}: {brief(str(error), 160)}")
    finally:
        model.config.problem_type = remembered
        for part, training in modes:
            part.training = training
