"""Lesson 13: old forms run again in the installed versions, old code read without running it, the index of mistakes."""

from __future__ import annotations

import ast
import csv
import json
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
from course_lessons.lesson_13.code_reader import MOST_CHARACTERS, facts, read_code
from course_lessons.lesson_13.constructs import (
    CONSTRUCTS,
    RUNS,
    Construct,
    Outcome,
    all_outcomes,
    as_stated,
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
    + ["evaluate-load", "trainer-tokenizer", "weights-file", "tokenizer-files", "cache-tuple", "cache-name"],
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
        assert as_stated(construct("load-glue"), outcome_of(construct("load-glue")))
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
    "evaluation-strategy": [
        'args = TrainingArguments("x", evaluation_strategy="epoch")',
        'd = f(evaluation_strategy="no")',
    ],
    "column": ['tokenizer(raw_datasets["train"]["sentence1"], padding=True)', 'my_tokenizer(ds["text"])'],
    "map-batch": ["ds.map(f, batch=True)"],
    "cache-item": ["k = out.past_key_values[0][0]", "past_key_values[-1]"],
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
    "keras-compile": ["import tensorflow as tf", "model.compile(optimizer=o, loss=l)"],
    "load-glue": ['load_dataset("glue", "sst2")'],
    "evaluate-load": ["import evaluate"],
    "mask-token": ['fill("Paris is [MASK].")'],
    "weights-file": ['torch.load("pytorch_model.bin")'],
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
]


@pytest.mark.parametrize(("key", "code"), [(key, code) for key, codes in FOUND.items() for code in codes])
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
    for name in ("code_reader", "draw_constructs", "old_code_finder", "exercises"):
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
def test_anything_may_be_pasted(words: str) -> None:
    """Whatever is pasted gets an answer in HTML; nothing raises, and no fact has a line that is not there."""
    html = search_html(words)
    assert html.startswith("<div")
    assert all(1 <= fact.line <= words.count("\n") + words.count("\r") + 20 for fact in facts(words[:MOST_CHARACTERS]))
    assert "<script" not in html


def test_long_texts_are_cut_and_that_is_said() -> None:
    """Only the beginning of a huge text is read."""
    code = "x = 1\n" * 2000 + "tok.encode_plus(a)"
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


# --- views and widget -------------------------------------------------------------------------------------------


def test_fates_are_drawn_square_by_square() -> None:
    """One square for each of the 69 blocks, in the colour and hatch of its fate; the counts stand beside."""
    assert sum(FATES.values()) == 69 and "Of 69 code blocks: run today 54, slips 5" in draw_fates().words
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
    """The stored cells hold what the tool draws from tests/corrections.csv: run it again after a row has changed."""
    sources = tool.rendered(tool.rows())
    assert tool.outdated(LESSON, sources) == [], "run: python -m commands.corrections_index"


def test_the_index_names_every_correction_and_its_cell() -> None:
    """All 54 mistakes stand in the index once, with words of their own and a link to the cell of their row."""
    rows = tool.rows()
    whole = "\n".join(tool.rendered(rows).values())
    lines = [line for line in whole.splitlines() if re.match(r"\|\d", line)]
    assert [f"E-{int(line.split('|')[1]):02d}" for line in lines] == [row["error"] for row in rows]
    for row, line in zip(rows, lines, strict=True):
        assert line.count("|") - line.count("\\|") == 5, "four columns"
        if row["lesson"]:
            assert f"]({row['lesson']}.ipynb#cell-id={row['cell']})" in line
    words = table()["corrections"]
    assert list(words) == [row["error"] for row in rows]
    assert len({entry["so"] for entry in words.values()}) == len(words)


def test_the_tool_mends_an_outdated_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --check it only says what differs; without, it rewrites those cells and nothing else."""
    copy = tmp_path / "lesson.ipynb"
    stale = json.loads((NOTEBOOKS / f"{STEM}.ipynb").read_text(encoding="utf-8"))
    first = tool.cell_id(tool.CELL_RANGES[0])
    next(cell for cell in stale["cells"] if cell["id"] == first)["source"] = ["old"]
    copy.write_text(json.dumps(stale, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    monkeypatch.setattr(tool, "LESSON", copy)
    assert tool.main(["--check"]) == 1
    assert "".join(cell_by_id(read(copy), first).source) == "old"
    assert tool.main([]) == 0 and tool.main(["--check"]) == 0
    assert read(copy) == nbformat.read(str(NOTEBOOKS / f"{STEM}.ipynb"), as_version=4)


def test_the_tool_runs_from_anywhere(tmp_path: Path) -> None:
    """As a command it needs no other set-up than a Python that finds the course."""
    command = [sys.executable, "-m", "commands.corrections_index", "--check"]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
