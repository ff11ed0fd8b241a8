"""Code of older documents beside today's: one table of constructs, each with its outcome in the tested versions.

`CONSTRUCTS`, read from `constructs.toml`, says for each construct its old form, what that form does today (the error,
or what it gives), the modern form, and the cell of the last lesson that shows both. `outcome` runs a form,
`changed_constructs` compares the whole table with the versions that are installed here. The old forms are short
programs of the course's own; they run in this process, without a network.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import tempfile
import tomllib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from course_utils.checkpoints import pocket_folder
from course_utils.messages import shorten, text

TESTED_WITH = {"transformers": "5.24.0", "datasets": "5.2.0"}
"""The versions whose outcomes `CONSTRUCTS` holds."""

RUNS = "runs"
"""The outcome of a form that raises nothing."""

LONGEST = 110
"""Characters of an error that are kept."""


@dataclass(frozen=True)
class Construct:
    """Something that older documents write and that no longer does what it did.

    Attributes:
        key: a short name, unique; also the key of its explanation, `constructs.why.KEY`.
        old: the old form; it may use the names of `bench`.
        outcome: the class of today's error, or "runs".
        says: how today's message begins, or how the result of a form that runs begins.
        new: today's form.
        section: section of the last lesson that shows it.
        cell: the cell that does.
        items: items of the documents it stands in; empty if it is met elsewhere.
        lesson: number of the lesson that teaches today's form, such as "08".
        recognised_by: facts (`code_reader.facts`) by which it is recognised in a text; `*` stands for anything.
        telling: which line of the old form stands for it, counted as Python counts; by default the last.
    """

    key: str
    old: str
    outcome: str
    says: str
    new: str
    section: int
    cell: str
    items: tuple[str, ...] = ()
    lesson: str = ""
    recognised_by: tuple[str, ...] = ()
    telling: int = -1

    @property
    def line(self) -> str:
        """The line of the old form that stands for it.

        >>> construct("adamw").line
        'from transformers import AdamW'
        """
        return self.old.splitlines()[self.telling]

    @property
    def why(self) -> str:
        """What became of it, in a sentence or two, in the learner's language."""
        return text(f"constructs.why.{self.key}")


@dataclass(frozen=True)
class Outcome:
    """What running a form gave: the class of the error, or "runs"; and its message, or the result as text."""

    kind: str
    says: str

    def __str__(self) -> str:
        """Both in one line.

        >>> print(Outcome("KeyError", "no such task"))
        KeyError: no such task
        """
        return f"{self.kind}: {self.says}" if self.says else self.kind


@dataclass(frozen=True)
class Change:
    """A construct whose outcome here is not the one of the tested versions."""

    construct: Construct
    now: Outcome

    def __str__(self) -> str:
        """In words: which construct, what it did in the tested version, what it does here."""
        was = f"{self.construct.outcome}: {self.construct.says}"
        return text("constructs.change", line=self.construct.line, was=was, now=self.now, tested=versions_stated())


def _entries() -> Iterator[Construct]:
    """The entries of `constructs.toml`, the file beside this one, in its order."""
    table = (files(__package__) / "constructs.toml").read_text(encoding="utf-8")
    for key, entry in tomllib.loads(table).items():
        yield Construct(key, **{name: tuple(v) if isinstance(v, list) else v for name, v in entry.items()})


CONSTRUCTS = tuple(_entries())
"""All constructs, in the order of the lesson's sections where that serves the reader."""


def construct(key: str) -> Construct:
    """The construct with this key; a KeyError where there is none.

    >>> construct("encode-plus").new
    'tokenizer(sentence)'
    """
    return {each.key: each for each in CONSTRUCTS}[key]


def versions_stated() -> str:
    """The versions of `TESTED_WITH` in words.

    >>> versions_stated()
    'transformers 5.24.0, datasets 5.2.0'
    """
    return ", ".join(f"{package} {number}" for package, number in TESTED_WITH.items())


def installed() -> str:
    """The installed versions of the same packages in words.

    >>> "transformers" in installed()
    True
    """
    found = []
    for package in TESTED_WITH:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} ?")
    return ", ".join(found)


def said(error: BaseException) -> str:
    """The first line of an error's message, without quotes around it and without paths of this machine.

    >>> said(KeyError("no such task"))
    'no such task'
    >>> said(ImportError("cannot import name 'x' from 'y' (/somewhere/y.py)"))
    "cannot import name 'x' from 'y'"
    """
    words = error.args[0] if isinstance(error, KeyError) and error.args else error
    words = words.msg if isinstance(words, SyntaxError) else words
    lines = str(words).strip().splitlines() or [""]
    return _cut(re.sub(r"\s*\((?:[A-Za-z]:)?[\\/][^)]*\)", "", lines[0]))


def _cut(words: str) -> str:
    """A long message cut to its whole sentences, or where the first is long itself, to its whole words."""
    if len(words) <= LONGEST:
        return words
    kept = words[:LONGEST]
    if ". " in kept:
        return kept[: kept.rindex(". ") + 1]
    return kept.rsplit(" ", 1)[0] + " …"


@contextlib.contextmanager
def told(name: str) -> Iterator[None]:
    """Run a block; whether it raises or not, print one line: the name, the class of the error, its message.

    Warnings are left out: which of them come depends on the version of the library.

    >>> with told("AdamW"):
    ...     from transformers import AdamW
    AdamW | ImportError | cannot import name 'AdamW' from 'transformers'
    >>> with told("sum"):
    ...     total = 1 + 1
    sum | runs
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # whatever the old form raises is what the reader should see
        print(f"{name} | {type(error).__name__} | {said(error)}")
    else:
        print(f"{name} | {RUNS}")


def outcome(code: str, names: Mapping[str, Any] | None = None) -> Outcome:
    """Run a piece of code as a cell would, quietly, and say what came of it.

    Only for code that you know: it is run, not just read.

    Args:
        code: Python; the value of a last expression is the result.
        names: what the code may use; it sees a copy.
    Returns:
        The class of the error and the beginning of its message, or "runs" and the result as text.

    >>> print(outcome("40 + 2"))
    runs: 42
    >>> print(outcome("from transformers import BertConig"))
    ImportError: cannot import name 'BertConig' from 'transformers'
    >>> print(outcome("print('unfinished)"))
    SyntaxError: unterminated string literal (detected at line 1)
    """
    space: dict[str, Any] = dict(names or {})
    quiet = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<old form>", "exec"), space)
            result = None
            if isinstance(last, ast.Expr):
                result = eval(compile(ast.Expression(last.value), "<old form>", "eval"), space)
    except Exception as error:  # any error is an answer here
        return Outcome(type(error).__name__, said(error))
    return Outcome(RUNS, "" if result is None else shorten(repr(result).splitlines()[0], LONGEST))


@cache
def bench() -> Mapping[str, Any]:
    """What the old forms work on: the pocket tokenizer, a table of four rows, and tiny models with random weights.

    Made once. Names: tokenizer, sentence, inputs, rows, tokenize, body, classifier, gpt, opening, next_id, fill,
    classify, name_entities, torch, os.

    >>> bench()["rows"].column_names
    ['sentence1', 'sentence2', 'label']
    """
    import os

    import torch
    from datasets import ClassLabel, Dataset, Features, Value
    from transformers import (
        AutoTokenizer,
        BertConfig,
        BertForMaskedLM,
        BertForSequenceClassification,
        BertForTokenClassification,
        BertModel,
        GPT2Config,
        GPT2LMHeadModel,
        pipeline,
    )

    folder = str(pocket_folder("pocket-bert-uncased"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    sentence = "I've been waiting for a HuggingFace course my whole life."
    first = ["A dog sleeps.", "It rains again.", "She sings.", "The film was long."]
    second = ["A dog is asleep.", "The sun is out.", "She is singing.", "The film was short."]
    features = Features(
        {
            "sentence1": Value("string"),
            "sentence2": Value("string"),
            "label": ClassLabel(names=["not_equivalent", "equivalent"]),
        }
    )
    rows = Dataset.from_dict({"sentence1": first, "sentence2": second, "label": [1, 0, 1, 0]}, features=features)
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    small = BertConfig(**sizes)
    other_mask = AutoTokenizer.from_pretrained(folder, mask_token="<mask>")
    body = BertModel(small).eval()
    classifier = BertForSequenceClassification(small).eval()
    filler = BertForMaskedLM(BertConfig(vocab_size=len(other_mask), **sizes)).eval()
    namer = BertForTokenClassification(small).eval()
    decoder = GPT2Config(
        vocab_size=tokenizer.vocab_size, n_embd=32, n_layer=2, n_head=2, bos_token_id=101, eos_token_id=102
    )
    gpt = GPT2LMHeadModel(decoder).eval()
    torch.random.set_rng_state(state)
    return {
        "tokenizer": tokenizer,
        "sentence": sentence,
        "inputs": tokenizer(sentence, return_tensors="pt"),
        "rows": rows,
        "tokenize": lambda row: tokenizer(row["sentence1"]),
        "body": body,
        "classifier": classifier,
        "gpt": gpt,
        "opening": {"input_ids": tokenizer("a long film", add_special_tokens=False, return_tensors="pt")["input_ids"]},
        "next_id": torch.tensor([[2003]]),
        "fill": pipeline("fill-mask", model=filler, tokenizer=other_mask, device="cpu"),
        "classify": pipeline("text-classification", model=classifier, tokenizer=tokenizer, device="cpu"),
        "name_entities": pipeline("token-classification", model=namer, tokenizer=tokenizer, device="cpu"),
        "torch": torch,
        "os": os,
    }


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Nothing inside the block asks the Hub, whatever the mode of the course; afterwards all is as before.

    >>> import datasets
    >>> with offline():
    ...     datasets.config.HF_HUB_OFFLINE
    True
    """
    import datasets
    from huggingface_hub import constants

    switches = ((constants, "HF_HUB_OFFLINE"), (datasets.config, "HF_HUB_OFFLINE"))
    before = [getattr(module, name) for module, name in switches]
    for module, name in switches:
        setattr(module, name, True)
    try:
        yield
    finally:
        for (module, name), value in zip(switches, before, strict=True):
            setattr(module, name, value)


def outcome_of(old: Construct) -> Outcome:
    """What the old form of a construct does in the versions installed here; without a network, and quick.

    >>> print(outcome_of(construct("batch-encode-plus")))
    AttributeError: BertTokenizer has no attribute batch_encode_plus
    """
    with offline(), tempfile.TemporaryDirectory() as folder:
        return outcome(old.old, {**bench(), "folder": folder})


def as_stated(old: Construct, now: Outcome) -> bool:
    """Whether an outcome is the one that the table states.

    >>> as_stated(construct("encode-plus"), Outcome("runs", "{'input_ids': [101, 102]}"))
    False
    """
    return now.kind == old.outcome and now.says.startswith(old.says)


def all_outcomes() -> list[tuple[Construct, Outcome]]:
    """Every construct with what its old form does here, in the order of the table. Takes a second or two."""
    return [(each, outcome_of(each)) for each in CONSTRUCTS]


def changed_constructs(outcomes: Sequence[tuple[Construct, Outcome]] | None = None) -> list[Change]:
    """The constructs that behave otherwise in the installed versions than in the tested ones; empty where none does.

    Args:
        outcomes: what `all_outcomes` gave, where it is at hand; by default all old forms are run now.

    >>> now = [(construct("encode-plus"), Outcome("runs", "{'input_ids': [101, 102]}"))]
    >>> print(changed_constructs(now)[0])  # doctest: +ELLIPSIS
    tokenizer.encode_plus(sentence) gave, with transformers 5.24.0, datasets 5.2.0: AttributeError: ...
    """
    tried = all_outcomes() if outcomes is None else outcomes
    return [Change(old, now) for old, now in tried if not as_stated(old, now)]
