"""Lesson 13: old forms run again in the installed versions, old code read without running it, the index of mistakes."""

from __future__ import annotations

import ast
import csv
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lesson_files import LESSONS, NOTEBOOKS, ROOT, cell_by_id, clean_environment, output_text, read

from commands import corrections_index as tool
from commands.lessons import ENGLISH, KOREAN, Edition
from course_lessons.lesson_13.code_reader import MOST_CHARACTERS, facts, find_old_code, main, read_code
from course_lessons.lesson_13.constructs import (
    CONSTRUCTS,
    RUNS,
    Construct,
    Outcome,
    all_outcomes,
    bench,
    changed_constructs,
    construct,
    offline,
    outcome,
    outcome_of,
    told,
    versions_stated,
)
from course_lessons.lesson_13.draw_block_fates import FATES, LOOKS, SQUARES_A_ROW, draw_fates
from course_lessons.lesson_13.draw_constructs import construct_html, outcomes_html, search, search_html
from course_lessons.lesson_13.old_code_finder import OldCodeFinder, old_code_finder
from course_utils import CourseError
from course_utils.messages import table, text

STEM = "13_then_and_now"
LESSON = read(NOTEBOOKS / f"{STEM}.ipynb")
BY_KEY = pytest.mark.parametrize("old", CONSTRUCTS, ids=[each.key for each in CONSTRUCTS])


def as_code(words: str) -> str:
    """Code without blanks and with one kind of quotes, so that the formatter's choices do not count."""
    return "".join(words.split()).replace("'", '"')


# --- the constructs under the installed versions ----------------------------------------------------------------


@BY_KEY
def test_old_form_does_what_the_table_says(old: Construct) -> None:
    """An old form that behaves otherwise under the installed version is named, with what it did and what it does."""
    changed = changed_constructs([(old, outcome_of(old))])
    assert not changed, str(changed[0])


def test_a_change_is_noticed_and_named() -> None:
    """The test above can fail: another error, another message and a form that runs again are told in words."""
    old = construct("encode-plus")
    assert changed_constructs([(old, outcome_of(old))]) == []
    for now in (
        Outcome(RUNS, "{'input_ids': [101, 102]}"),
        Outcome("TypeError", old.says),
        Outcome("AttributeError", "quite another message"),
    ):
        words = str(changed_constructs([(old, now)])[0])
        assert "tokenizer.encode_plus(sentence)" in words
        assert f"with {versions_stated()}: AttributeError: {old.says}." in words
        assert words.endswith(f": {now}")


def test_an_old_library_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library in which an old method is back changes one row of the table, and only that one."""
    kind = type(bench()["tokenizer"])
    monkeypatch.setattr(kind, "encode_plus", lambda self, words: self(words), raising=False)
    changed = changed_constructs()
    assert [each.construct.key for each in changed] == ["encode-plus"]
    assert changed[0].now.kind == RUNS


@BY_KEY
def test_the_lesson_shows_it(old: Construct) -> None:
    """The named cell holds the old line, its stored output the outcome, and it lies in the named section."""
    cell = cell_by_id(LESSON, old.cell)
    assert as_code(old.line) in as_code(cell.source)
    said = output_text(cell)
    assert old.says.strip("\"'")[:60] in said
    assert old.outcome == RUNS or old.outcome in said
    section = 0
    for each in LESSON.cells:
        if each.cell_type == "markdown":
            for line in each.source.splitlines():
                if line.startswith("## ") and line[3].isdigit():
                    section = int(line[3:].split()[0])
        if each.id == old.cell:
            assert section == old.section


def test_the_table_is_whole() -> None:
    """Keys are unique, each construct has its words, its items exist, its lesson exists; no word is left over."""
    keys = [each.key for each in CONSTRUCTS]
    assert len(set(keys)) == len(keys) and len({each.line for each in CONSTRUCTS}) == len(keys)
    assert set(table()["constructs"]["why"]) == set(keys)
    with (ROOT / "tests" / "documents.csv").open(encoding="utf-8", newline="") as file:
        items = {row["id"] for row in csv.DictReader(file)}
    for each in CONSTRUCTS:
        assert set(each.items) <= items
        assert any(stem.startswith(each.lesson) for stem in LESSONS)
        compile(each.old, each.key, "exec")
        compile(each.new, each.key, "exec")


@pytest.mark.parametrize(
    "key",
    ["encode-plus", "batch-encode-plus", "prepare-for-model", "column", "map-batch", "cache-item", "decode-spaces"]
    + ["one-axis", "mask-token", "all-scores", "grouped-entities", "evaluation-strategy", "no-cuda", "adamw"]
    + [
        "group-by-length",
        "warmup-ratio",
        "overwrite-output-dir",
        "tf-model",
        "tf-tensors",
        "tf-collator",
        "load-metric",
    ]
    + ["trainer-tokenizer", "weights-file", "tokenizer-files", "cache-tuple", "cache-name"],
)
def test_todays_form_runs(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the table recommends works under the installed version."""
    monkeypatch.chdir(tmp_path)
    names = {**bench(), "folder": str(tmp_path / "saved"), "model": bench()["classifier"]}
    start = "from transformers import DataCollatorWithPadding, Trainer, TrainingArguments\n"
    if key == "cache-tuple":
        start += "\n".join(construct(key).old.splitlines()[:-1]) + "\n"
    assert outcome(start + construct(key).new, names).kind == RUNS


def test_nothing_asks_the_hub() -> None:
    """Old forms run offline also for somebody in hub mode, and the mode is as before afterwards, errors included."""
    import datasets
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    try:
        constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = False
        with pytest.raises(ZeroDivisionError), offline():
            assert constants.HF_HUB_OFFLINE and datasets.config.HF_HUB_OFFLINE
            raise ZeroDivisionError
        assert not constants.HF_HUB_OFFLINE and not datasets.config.HF_HUB_OFFLINE
        with offline():
            asked = outcome('from datasets import load_dataset\nload_dataset("glue", "mrpc")')
        assert asked.kind == "ConnectionError" and "OfflineModeIsEnabled" in asked.says
    finally:
        constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = before


def test_old_forms_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Running the whole table writes no file here, prints nothing and moves no random number."""
    import torch

    bench()
    monkeypatch.chdir(tmp_path)
    state = torch.random.get_rng_state()
    all_outcomes()
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().out == ""
    assert torch.equal(state, torch.random.get_rng_state())


def test_told_swallows_errors_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """An error becomes a line without paths of this machine; somebody who interrupts is obeyed."""
    with told("place"):
        raise ImportError("cannot import name 'x' from 'y' (/srv/y.py)")
    with told("long"):
        raise ValueError("first sentence. " + "word " * 60)
    with told("two lines"):
        raise ValueError("one\ntwo")
    with told("fine"):
        pass
    assert capsys.readouterr().out.splitlines() == [
        "place | ImportError | cannot import name 'x' from 'y'",
        "long | ValueError | first sentence.",
        "two lines | ValueError | one",
        "fine | runs",
    ]
    with pytest.raises(KeyboardInterrupt), told("stop"):
        raise KeyboardInterrupt


# --- reading old code -------------------------------------------------------------------------------------------


FOUND = {
    "adamw": [
        "from transformers import AdamW",
        "from transformers import (\n    AutoModel,\n    AdamW as Adam,\n)",
        "import transformers\noptimizer = transformers.AdamW(model.parameters())",
        ">>> from transformers import AdamW",
        "    from transformers import AdamW, get_scheduler",
        'name = "lost\nfrom transformers import AdamW',
    ],
    "trainer-tokenizer": ["Trainer(model=m, tokenizer=tok)"],
    "evaluation-strategy": ['args = TrainingArguments("x", evaluation_strategy="epoch")'],
    "column": ['tokenizer(raw_datasets["train"]["sentence1"], padding=True)', 'my_tokenizer(ds["text"])'],
    "map-batch": ["ds.map(f, batch=True)"],
    "cache-item": ["k = out.past_key_values[0][0]", "past = out.past_key_values\nk = past[0]"][:1],
    "cache-name": [
        "past = out.past_key_values",
        "m(ids, past_key_values=past)",
        "out.past_key_values.get_seq_length()",
    ],
    "question-answering": ["pipeline('question-answering')"],
    "translation": ["p = pipeline('translation_en_to_de')"],
    "tf-model": ["from transformers import TFBertModel", "from transformers import FlaxAutoModel"],
    "tf-tensors": ['tok(x, return_tensors="tf")'],
    "tf-collator": ['DataCollatorWithPadding(tokenizer=t, return_tensors="tf")'],
    "tf-dataset": ["train.to_tf_dataset(columns=c)"],
    "keras-compile": ["model.compile(optimizer=o, loss=l)"],
    "mask-token": ['fill = pipeline("fill-mask")\nfill("Paris is [MASK].")'],
    "weights-file": ["model.save_pretrained(folder, safe_serialization=False)"],
}
NOT_FOUND = [
    "from torch.optim import AdamW",
    "# from transformers import AdamW",
    "tokenizer(row['sentence1'], row['sentence2'], truncation=True)",
    "tokenizer(rows[:]['text'])",
    'Trainer(model=m, processing_class=tokenizer)\nfill = pipeline("fill-mask", tokenizer=tok)',
    "loader = DataLoader(ds, batch_size=8)",
    'tokenizer(text, return_tensors="pt")',
    "my_encode_plus(x)",
    "model.compile()",
    "logits = out[0]",
    'import evaluate\nmetric = evaluate.load("glue", "mrpc")',
    'fill = pipeline("fill-mask", model="bert-base-uncased")\nfill("Paris is [MASK].")',
    'state = torch.load("pytorch_model.bin")',
]


@pytest.mark.parametrize(("key", "code"), [(key, code) for key, codes in FOUND.items() for code in codes])
@pytest.mark.slow
def test_old_code_is_recognised(key: str, code: str) -> None:
    """Old constructs are found however they are written, in code that runs and in code with slips."""
    assert [each.key for _, each in read_code(code).found] == [key]


@pytest.mark.parametrize("code", NOT_FOUND)
def test_todays_code_is_left_alone(code: str) -> None:
    """What is right today is not called old, nor misspelt."""
    reading = read_code(code)
    assert not reading.found and not reading.slips


def test_lines_are_counted_as_in_the_text() -> None:
    """The line of each find is that of the pasted text, in order, each construct once."""
    code = "import torch\n\ntok.encode_plus(a)\nx = 1\ntok.batch_encode_plus(b); tok.encode_plus(c)\n"
    assert [(line, each.key) for line, each in read_code(code).found] == [(3, "encode-plus"), (5, "batch-encode-plus")]
    broken = "name = 'lost\nx = 1\ntok.encode_plus(a)\n"
    assert [(line, each.key) for line, each in read_code(broken).found] == [(3, "encode-plus")]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("from transforemres import pipeline", "did you mean transformers"),
        ("import trainsforemers", "did you mean transformers"),
        ("from transformers import BertConig", "did you mean BertConfig"),
        (">>> x = [1]", "prompts of a terminal"),
        ("name = 'lost", "Python cannot read this"),
        ("f(" * 1500, "Python cannot read this"),
    ],
)
def test_slips_are_named(code: str, words: str) -> None:
    """Misspelt names, prompts and text that is no Python are told in words."""
    assert any(words in slip.words for slip in read_code(code).slips)


def test_reading_runs_nothing(tmp_path: Path) -> None:
    """Pasted code is read only: what it would do does not happen."""
    target = tmp_path / "written"
    search_html(f"open({str(target)!r}, 'w').write('x')\nfrom transformers import AdamW\n1 / 0")
    assert not target.exists()


def test_only_the_table_is_ever_run() -> None:
    """What reads a learner's text has no way to run it: the function that runs code is not within its reach."""
    for name in ("code_reader", "installed_names", "draw_constructs", "old_code_finder", "exercises"):
        tree = ast.parse((ROOT / "course_lessons" / "lesson_13" / f"{name}.py").read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        assert not names & {"exec", "eval", "compile", "outcome", "outcome_of", "all_outcomes"}, name


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
@example("\ud83d half")
@example("\0")
@example("(" * MOST_CHARACTERS)
@example("a" + ".a" * 3000)
@example("-" * 3000 + "1")
@example("from transformers import " + "x, " * 1200)
@example("  \t\n\x0c")
@example("\\")
@pytest.mark.slow
def test_anything_may_be_pasted(words: str) -> None:
    """Whatever is pasted gets an answer in HTML; nothing raises, and no fact has a line that is not there."""
    html = search_html(words)
    assert html.startswith("<div")
    assert all(1 <= fact.line <= words.count("\n") + words.count("\r") + 20 for fact in facts(words[:MOST_CHARACTERS]))
    assert "<script" not in html


@pytest.mark.slow
def test_long_texts_are_cut_and_that_is_said() -> None:
    """Only the beginning of a huge text is read."""
    code = "x = 1\n" * (MOST_CHARACTERS // 6 + 1) + "tok.encode_plus(a)"
    reading = read_code(code)
    assert reading.cut and not reading.found
    assert f"{MOST_CHARACTERS:,} characters" in search_html(code)
    assert not read_code("x = 1").cut


def test_search_by_words() -> None:
    """All words must be there, whatever their case; what is not known is said."""
    assert "cache-item" in {each.key for each in search("CACHE object")}
    assert search("") == []
    assert text("draw_constructs.nothing").split("`")[0][:30] in search_html("hamster")
    assert text("draw_constructs.empty") in search_html("  ")


def test_html_is_escaped() -> None:
    """A pasted tag is shown, not obeyed."""
    html = search_html("from transformers import <b>AdamW</b>\nx = '<script>alert(1)</script>'")
    assert "<script" not in html and "<b>AdamW" not in html


# --- 40 snippets as they stand in notes, half of them fine ----------------------------------------------------------

OLD_CODE: dict[str, list[tuple[tuple[int, ...], str]]] = {
    """
from transformers import BertTokenizer, BertForSequenceClassification, AdamW, get_linear_schedule_with_warmup
optimizer = AdamW(model.parameters(), lr=2e-5, eps=1e-8)
""": [((2,), "adamw")],
    """
import transformers
from transformers import AutoModelWithLMHead
model = AutoModelWithLMHead.from_pretrained("t5-base")
transformers.logging.set_verbosity_errors()
""": [((3,), "transformers.AutoModelWithLMHead"), ((5,), "transformers.logging.set_verbosity_errors")],
    """
from transformers import TrainingArguments, Trainer
training_args = TrainingArguments(
    output_dir="./results",
    evaluation_strategy="epoch",
    per_gpu_train_batch_size=16,
    learning_rat=2e-5,
)
""": [
        ((3,), "TrainingArguments(learning_rat=)"),
        ((3,), "TrainingArguments(per_gpu_train_batch_size=)"),
        ((3,), "evaluation-strategy"),
    ],
    """
from transformers import Trainer
trainer = Trainer(model, args, train_dataset=ds["train"], tokenizer=tokenizer, compute_metrics=compute_metrics)
trainer.train(resume=True)
""": [((3,), "trainer-tokenizer"), ((4,), "Trainer.train(resume=)")],
    """
from transformers import pipeline
summarizer = pipeline(task="summarization", model="facebook/bart-large-cnn")
translator = pipeline("translation_en_to_de")
vqa = pipeline("visual-questions-answering")
""": [((3,), "summarization"), ((4,), "translation"), ((5,), "task visual-questions-answering")],
    """
from datasets import load_metric, load_dataset
metric = load_metric("accuracy")
raw = load_dataset("imdb")
raw = raw.map(tokenize, batch=True)
""": [((2,), "load-metric"), ((5,), "map-batch")],
    """
from transformers import BertTokenizer
tokenizer = BertTokenizer.from_pretrained("bert-base-uncased")
for sent in sentences:
    encoded = tokenizer.encode_plus(sent, max_length=64, pad_to_max_length=True, return_tensors="pt")
pair = tokenizer.encode_plus(a, b)
""": [((5, 6), "encode-plus")],
    """
from transformers import TFAutoModelForSequenceClassification
import tensorflow as tf
model = TFAutoModelForSequenceClassification.from_pretrained(checkpoint)
model.compile(optimizer="adam", loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(tf_train, validation_data=tf_val, epochs=3)
""": [((2,), "tf-model")],
    """
from accelerate import Accelerator
accelerator = Accelerator(fp16=True)
from accelerate.utils import no_such_helper
""": [((3,), "Accelerator(fp16=)"), ((4,), "accelerate.utils.no_such_helper")],
    """
from transformers import GPT2LMHeadModel
model = GPT2LMHeadModel.from_pretrained("gpt2")
out = model(**inputs, use_cache=True)
keys = out.past_key_values[0][0]
""": [((5,), "cache-item")],
    """
from transformers.modeling_bert import BertModel
from transformers.tokenization_bert import BertTokenizer
""": [((2,), "transformers.modeling_bert"), ((3,), "transformers.tokenization_bert")],
    """
from transformers import pipeline
classifier = pipeline("sentiment-analysis", return_all_scores=True)
ner = pipeline("ner", grouped_entities=True)
""": [((3,), "all-scores"), ((4,), "grouped-entities")],
    """
model.save_pretrained("out", safe_serialization=False)
tokenizer(texts, return_tensors="tf")
""": [((2,), "weights-file"), ((3,), "tf-tensors")],
    """
from datasets import load_dataset
ds = load_dataset("nyu-mll/glue", "mrpc")
tokenized = tokenizer(ds["train"]["sentence1"], padding=True)
""": [((4,), "column")],
    """
config = {"evaluation_strategy": "steps", "logging_steps": 10}
from transformers import TrainingArguments
args = TrainingArguments("out", **config)
more = TrainingArguments("out", **dict(no_cuda=True))
""": [((4,), "TrainingArguments(evaluation_strategy=)"), ((5,), "TrainingArguments(no_cuda=)")],
    """
from transformers import BertConig
cfg = BertConig()
""": [((2,), "")],
    """
from transformers import AutoModel, DataCollatorWithPadding, LineByLineTextDataset
collator = DataCollatorWithPadding(tokenizer, padd=True)
""": [((2,), "transformers.LineByLineTextDataset"), ((3,), "DataCollatorWithPadding(padd=)")],
    """
import datasets
ds = datasets.Dataset.from_dict({"text": ["a"]})
ds = ds.rename_column_("text", "sentence")
ds.filter(lambda row: True, batchd=True)
""": [((4,), "datasets.Dataset.rename_column_"), ((5,), "Dataset.filter(batchd=)")],
    """
!pip install -q transformers
%matplotlib inline
import transformers as tr
tr.AdamW?
optimizer = tr.AdamW(weights)
""": [((6,), "adamw")],
    """
from transforemres import pipeline
qa = pipeline("question-answering")
""": [((2,), ""), ((3,), "question-answering")],
    """
def build():
    from transformers import FlaxBertModel, create_optimizer
    return FlaxBertModel
""": [((3,), "create-optimizer"), ((3,), "tf-model")],
    """
model.compile(optimizer=opt, loss=loss)
train = ds.to_tf_dataset(columns=["input_ids"], batch_size=8)
""": [((2,), "keras-compile"), ((3,), "tf-dataset")],
}
FINE_CODE = [
    """
from transformers import (
    AutoModel,  # or another one?
    AutoTokenizer,
)
words = ("%d of %d"
    % (1, 2))
""",
    """
try:
    from transformers import AdamW
except ImportError:
    from torch.optim import AdamW
optimizer = AdamW(model.parameters())
""",
    """
from torch.optim import AdamW
from transformers import AutoTokenizer, AutoModelForSequenceClassification, get_scheduler
optimizer = AdamW(model.parameters(), lr=5e-5)
""",
    """
from transformers import TrainingArguments, Trainer, DataCollatorWithPadding
args = TrainingArguments("out", eval_strategy="epoch", per_device_train_batch_size=8, report_to="none")
trainer = Trainer(model=model, args=args, processing_class=tokenizer, data_collator=DataCollatorWithPadding(tokenizer))
trainer.train(resume_from_checkpoint=True)
""",
    """
from datasets import load_dataset
raw = load_dataset("nyu-mll/glue", "mrpc")
def tokenize(examples):
    return tokenizer(examples["sentence1"], examples["sentence2"], truncation=True)
tokenized = raw.map(tokenize, batched=True, remove_columns=["sentence1"])
""",
    """
rows = {"text": ["one", "two"]}
inputs = tokenizer(rows["text"], padding=True, return_tensors="pt")
""",
    """
import pandas as pd
dataset = pd.read_csv("reviews.csv")
inputs = tokenizer(list(dataset["text"]))
more = tokenizer(dataset["text"].tolist())
""",
    """
from sklearn.linear_model import LogisticRegression
clf = LogisticRegression()
clf.fit(x, y, sample_weight=w)
from transformers import AutoModel
body = AutoModel.from_pretrained("bert-base-uncased")
""",
    """
from tensorflow import keras
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=3, validation_data=(a, b))
""",
    """
from transformers import pipeline
pipe = pipeline("text-classification", model="m", top_k=None)
ner = pipeline("ner", aggregation_strategy="simple")
zero = pipeline(task="zero-shot-classification")
fill = pipeline("fill-mask", model="bert-base-uncased")
fill("Paris is the [MASK] of France.")
""",
    """
class TrainingArguments:
    def __init__(self, evaluation_strategy="no"):
        self.evaluation_strategy = evaluation_strategy
args = TrainingArguments(evaluation_strategy="epoch")
""",
    """
from mylib import Trainer, pipeline
trainer = Trainer(tokenizer=tokenizer)
pipe = pipeline("summarization")
""",
    """
import torch
from accelerate import Accelerator
accelerator = Accelerator(mixed_precision="bf16", gradient_accumulation_steps=2)
model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
accelerator.backward(loss)
""",
    """
import transformers
if transformers.__version__ < "5":
    from transformers import TFAutoModel
from transformers import AutoModel, BertConfig
""",
    """
from transformers import AutoModel
body = AutoModel.from_pretrained(name, attn_implementation="eager")
attentions = body(**inputs, output_attentions=True).attentions
""",
    """
from datasets import Dataset, DatasetDict, ClassLabel, concatenate_datasets
ds = Dataset.from_dict({"text": ["a"], "label": [0]}).train_test_split(test_size=0.5, seed=1)
ds = ds.map(f, batched=True).with_format("torch")
ds["train"].to_csv("train.csv")
""",
    """
class Reader:
    def encode_plus(self, text):
        return text
print(Reader().encode_plus("x"))
""",
    """
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor() as pool:
    done = list(pool.map(work, items, batch=True))
""",
    """
from transformers import AutoTokenizer, BertTokenizerFast, PreTrainedTokenizerBase
tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased", use_fast=True)
ids = tokenizer.encode("hello", add_special_tokens=False)
tokenizer.save_pretrained("out")
""",
    """
from transformers import AutoModelForSeq2SeqLM, GenerationConfig
model = AutoModelForSeq2SeqLM.from_pretrained("t5-small")
out = model.generate(**tokenizer("summarize: " + text, return_tensors="pt"), max_new_tokens=40)
print(tokenizer.batch_decode(out, skip_special_tokens=True))
""",
    """
from __future__ import annotations
from typing import TYPE_CHECKING
from . import transformers
from .transformers import AdamW
from transformers.trainer_utils import set_seed
from transformers.modeling_outputs import SequenceClassifierOutput
""",
    """
from contextlib import suppress
with suppress(ImportError):
    from datasets import load_metric
import transformers.utils.logging as log
log.set_verbosity_error()
""",
]


def found_in(code: str) -> list[tuple[tuple[int, ...], str]]:
    """Lines and name of everything that is found in a text."""
    return sorted((tuple(line for _, line in each.places), each.what) for each in find_old_code(code))


@pytest.mark.parametrize("code", OLD_CODE)
@pytest.mark.slow
def test_old_code_is_found_with_all_its_lines(code: str) -> None:
    """Names, arguments and tasks that the installed libraries lack, and the constructs of the table; nothing more."""
    assert found_in(code) == sorted(OLD_CODE[code])


@pytest.mark.parametrize("code", FINE_CODE)
def test_no_false_alarm(code: str) -> None:
    """Code that runs today, or guards itself, or means something else, is left alone."""
    assert find_old_code(code) == []


def test_forty_snippets() -> None:
    """The two lists hold at least 40, half of them fine."""
    assert len(OLD_CODE) >= 20 and len(FINE_CODE) >= 20


def test_a_notebook_is_one_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names go from cell to cell, lines for IPython are left out, a cell with a slip does not hide the others."""
    cells = [
        "%matplotlib inline\n!pip install transformers\nimport transformers as t",
        "optimizer = t.AdamW(weights)\nt.AutoModel?",
        "name = 'lost\nfrom transformers import TFAutoModel",
        "%%bash\nfrom transformers import TFTrainer",
        "optimizer = t.AdamW(weights, lr=1)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell("from transformers import AdamW"))
    path = tmp_path / "old.ipynb"
    nbformat.write(notebook, str(path))
    found = {each.what: each.places for each in find_old_code(path)}
    assert found["adamw"] == ((2, 1), (5, 1)) and found["tf-model"] == ((3, 2),)
    assert set(found) == {"adamw", "tf-model", ""}, found
    assert [each.what for each in find_old_code(str(path))] == [each.what for each in find_old_code(path)]
    assert main([str(path)]) == 1 and "cell.line 2.1, 5.1: gone: " in capsys.readouterr().out
    with pytest.raises(CourseError, match="cannot be read"):
        find_old_code(tmp_path / "nothing.py")
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(CourseError, match="cannot be read"):
        find_old_code(tmp_path / "broken.ipynb")


def test_a_long_file_is_read_to_its_end(tmp_path: Path) -> None:
    """What stands far down is found too."""
    path = tmp_path / "long.py"
    path.write_text("x = 1\n" * 3000 + "from transformers import AdamW\n", encoding="utf-8")
    assert [each.places for each in find_old_code(path)] == [((0, 3001),)] and main([str(path)]) == 1


# --- views and widget -------------------------------------------------------------------------------------------


def test_fates_are_drawn_square_by_square() -> None:
    """One square for each of the 69 blocks, in the colour and hatch of its fate; the counts stand beside."""
    assert sum(FATES.values()) == 69 and "Of 69 code blocks: run today 52, slips 5" in draw_fates().words
    axes = draw_fates().figure.axes[0]
    assert len(axes.patches) == 69
    hatches = [patch.get_hatch() or "" for patch in axes.patches]
    assert [hatches.count(LOOKS[fate][1]) for fate in FATES] == list(FATES.values())
    assert {str(number) for number in FATES.values()} <= {words.get_text() for words in axes.texts}
    assert max(patch.get_x() for patch in axes.patches) < SQUARES_A_ROW
    right, below = axes.transData.transform([(1, 0), (0, 1)]) - axes.transData.transform((0, 0))
    assert right[0] == pytest.approx(-below[1], rel=0.02), "a square is a square"


@pytest.mark.parametrize("wrong", [{}, {"runs": 0}, {"lost": 1}, {"runs": -1}, {"runs": 1.5}, {"runs": True}])
def test_impossible_fates_are_explained(wrong: dict[str, Any]) -> None:
    """Unknown fates and impossible counts get a sentence."""
    with pytest.raises(CourseError):
        draw_fates(wrong)


def test_the_table_of_outcomes_tells_changes_apart() -> None:
    """Each row says whether this machine does the same; a change shows what it does instead."""
    old = construct("encode-plus")
    same, other = outcomes_html([(old, outcome_of(old))]), outcomes_html([(old, Outcome(RUNS, "<b>"))])
    assert text("draw_constructs.same") in same and text("draw_constructs.changed") not in same
    assert text("draw_constructs.changed") in other and "&lt;b&gt;" in other


@pytest.fixture
def finder() -> OldCodeFinder:
    """The widget."""
    return old_code_finder()


def test_finder_follows_the_menu(finder: OldCodeFinder) -> None:
    """Each entry shows its own construct."""
    assert finder.view.value == construct_html(construct("adamw"))
    finder.choice.value = "tf-dataset"
    assert finder.view.value == construct_html(construct("tf-dataset"))


def test_finder_reads_what_is_pasted(finder: OldCodeFinder) -> None:
    """Pasted code is looked over; an emptied box shows the chosen construct again."""
    finder.box.value = "x = 1\nTrainer(model=m, tokenizer=t)"
    assert "processing_class" in finder.view.value and text("draw_constructs.line", line=2) in finder.view.value
    finder.box.value = "not ( python"
    assert "Python cannot read this" in finder.view.value
    finder.box.value = ""
    assert finder.view.value == construct_html(construct("adamw"))


# --- the index of corrections -----------------------------------------------------------------------------------


def test_the_index_is_what_the_table_gives() -> None:
    """The stored pages hold what the tool draws from tests/corrections.csv: run it again after a row has changed."""
    for page, edition in ((tool.PAGE, ENGLISH), (tool.KOREAN_PAGE, KOREAN)):
        assert page.read_text(encoding="utf-8") == tool.rendered(tool.rows(), edition), (
            "run: python -m commands.corrections_index"
        )


@pytest.mark.parametrize("edition", [ENGLISH, KOREAN], ids=lambda edition: edition.language)
def test_the_index_names_every_correction_and_its_cell(edition: Edition) -> None:
    """All 54 mistakes stand in the index once, with words of their own and a link to the cell of their row."""
    rows, folder = tool.rows(), "../notebooks/ko" if edition == KOREAN else "../notebooks"
    lines = [line for line in tool.rendered(rows, edition).splitlines() if re.match(r"\|\d", line)]
    assert [f"E-{int(line.split('|')[1]):02d}" for line in lines] == [row["error"] for row in rows] and len(rows) == 54
    for row, line in zip(rows, lines, strict=True):
        assert line.count("|") - line.count("\\|") == 5, "four columns"
        if row["lesson"]:
            assert f"]({folder}/{row['lesson']}.ipynb#cell-id={row['cell']})" in line
            cell_by_id(read(edition.folder / f"{row['lesson']}.ipynb"), row["cell"])
    words = table(edition.language)["corrections"]
    assert list(words) == [row["error"] for row in rows]
    assert len({entry["so"] for entry in words.values()}) == len(words)
    assert f"hold {len(rows)} mistakes" in cell_by_id(LESSON, "what-you-saw").source


def test_the_tool_mends_an_outdated_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --check it only says that the page is outdated; without, it writes it anew."""
    page = tmp_path / "corrections.md"
    monkeypatch.setattr(tool, "PAGE", page)
    for stale in (None, "old"):
        if stale:
            page.write_text(stale, encoding="utf-8")
        assert tool.main(["--check"]) == 1 and page.is_file() == bool(stale)
        assert tool.main([]) == 0 and tool.main(["--check"]) == 0
        page.unlink()


def test_the_tool_runs_from_anywhere(tmp_path: Path) -> None:
    """As a command it needs no other set-up than a Python that finds the course."""
    command = [sys.executable, "-m", "commands.corrections_index", "--check"]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
