"""A folder's name never changes what is read: the course works from any folder, beside others that look like it.

The datasets library takes `*`, `?` and `[` in a path for a pattern. Everything below therefore reads the same files
from copies of the course's data in folders with such letters, each beside a twin that holds other rows and that a
pattern would match, and counts.
"""

from __future__ import annotations

import ast
import builtins
import glob
import os
import re
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from lesson_files import ROOT, code_cells, lesson_paths, output_text, read
from nbformat import NotebookNode

import course_utils.checkpoints
import course_utils.corpora
from course_lessons.lesson_14.read_file import read_file
from course_utils import CourseError, checkpoint
from course_utils.corpora import CORPORA, LANGUAGES, corpus
from course_utils.data_files import exact_pattern

#: Names of folders, and the twin beside each that it would match if it were read as a pattern.
FOLDERS = {
    "opening bracket": ("course [v2", "course v2"),
    "closing bracket": ("course v2]", "course v2"),
    "brackets": ("course [v2]", "course v"),
    "not in brackets": ("course[!s]", "course1"),
    "asterisk": ("cour*e", "course"),
    "two asterisks": ("co**e", "course"),
    "question mark": ("cours?", "course"),
    "opening brace": ("course {a", "course a"),
    "closing brace": ("course a}", "course a"),
    "braces": ("course {a,b}", "course a"),
    "hash": ("course #2", "course "),
    "percent": ("course%20two", "course two"),
    "apostrophe": ("Mina's course", "Minas course"),
    "quotation mark": ('the "course"', "the course"),
    "space": (" the  course", "the course"),
    "Korean": ("강의 자료", "강의"),
}
PACKAGE = ROOT / "course_utils"


@pytest.fixture(params=FOLDERS)
def odd(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package's data in a folder with an unusual name; in the twin, Korean texts stand for English ones."""
    name, other = FOLDERS[request.param]
    odd, twin = tmp_path / name, tmp_path / other
    try:
        for folder in (twin, odd):
            shutil.copytree(PACKAGE / "corpora", folder / "corpora", ignore=shutil.ignore_patterns("*.py", "*.pyc"))
    except OSError:
        pytest.skip(f"no folder can be called {name!r} here")
    for corpus_name in CORPORA:
        shutil.copytree(odd / "corpora" / corpus_name / "ko", twin / "corpora" / corpus_name / "en", dirs_exist_ok=True)
    shutil.copytree(PACKAGE / "pocket", odd / "pocket", copy_function=link)
    for module in (course_utils.checkpoints, course_utils.corpora):
        monkeypatch.setattr(module, "files", lambda _: odd)
    monkeypatch.chdir(odd)
    return odd


def link(source: str, target: str) -> None:
    """A link to a large file; a copy where the system makes none."""
    try:
        Path(target).symlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


# ------------------------------------------------------------------------------------------- cells that load


def calls(code: str) -> list[ast.Call]:
    """All calls in some code, by its syntax tree.

    >>> [name_of(call) for call in calls("rows = corpus('pocket_pairs')['train'].map(len)")]
    ['map', 'corpus']
    """
    return [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]


def name_of(call: ast.Call) -> str:
    """The name of what is called; `a.b()` counts as `b`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def names(code: str) -> tuple[set[str], set[str]]:
    """The names that some code needs from before, and those that it gives.

    >>> needs, gives = names("import os\\nfor x in rows: print(os.sep, x)")
    >>> sorted(needs), sorted(gives)
    (['rows'], ['os', 'x'])
    """
    needs: set[str] = set()
    gives: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            (needs if isinstance(node.ctx, ast.Load) else gives).add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            gives |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            gives.add(node.name)
        elif isinstance(node, ast.arg):
            gives.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            gives.add(node.name)
    return needs - gives - set(dir(builtins)), gives


@cache
def python_cells(path: Path) -> list[NotebookNode]:
    """The cells of a lesson that are plain Python and need no Hub."""
    found = []
    for cell in code_cells(read(path)):
        try:
            ast.parse(cell.source)
        except SyntaxError:
            continue
        if "hub" not in cell.metadata.get("tags", []):
            found.append(cell)
    return found


def with_what_it_needs(cells: list[NotebookNode], wanted: NotebookNode) -> list[NotebookNode]:
    """A cell after those earlier ones that give the names it needs, and so on back."""
    chosen, missing = [wanted], names(wanted.source)[0]
    for cell in reversed(cells[: cells.index(wanted)]):
        needs, gives = names(cell.source)
        if missing & gives:
            chosen.insert(0, cell)
            missing = (missing - gives) | needs
    assert not missing, f"{wanted.id} needs {missing}"
    return chosen


@cache
def cells_that_read_patterns() -> dict[str, list[NotebookNode]]:
    """All cells of the lessons that give `load_dataset` more than names of the Hub, each after those that it needs."""
    found = {}
    for path in lesson_paths():
        cells = python_cells(path)
        for cell in cells:
            loads = [call for call in calls(cell.source) if name_of(call) == "load_dataset"]
            if any(not all(isinstance(given, ast.Constant) for given in call.args) or call.keywords for call in loads):
                found[f"{path.stem[:2]}/{cell.id}"] = with_what_it_needs(cells, cell)
    return found


@cache
def asked(function: str) -> set[tuple[str, ...]]:
    """What the lessons give to `checkpoint` or `corpus`, where it is written out in the call."""
    found = [call for path in lesson_paths() for cell in python_cells(path) for call in calls(cell.source)]
    given = [call.args for call in found if name_of(call) == function and call.args]
    return {tuple(one.value for one in args) for args in given if all(isinstance(one, ast.Constant) for one in args)}


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], dict[str, int]]:
    """The rows of each split of each corpus, read where the course lies."""
    return {(name, language): counted(name, language) for name in CORPORA for language in LANGUAGES}


def counted(name: str, language: str = "en") -> dict[str, int]:
    """How many rows each split of a corpus has."""
    return {split: len(rows) for split, rows in corpus(name, language).items()}


def test_the_tests_below_would_notice(rows: dict[tuple[str, str], dict[str, int]]) -> None:
    """The syntax tree finds what is looked for, and rows of the twin cannot be taken for those that are wanted."""
    assert {"06/load-pairs", "14/load-dataset"} <= set(cells_that_read_patterns())
    assert len(asked("checkpoint")) > 5 and len(asked("corpus")) > 3
    assert rows["pocket_pairs", "en"] != rows["pocket_pairs", "ko"]


@pytest.mark.slow
def test_a_folder_of_any_name(
    odd: Path, rows: dict[tuple[str, str], dict[str, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the lessons ask of `corpus`, `checkpoint` and `load_dataset` is the same as where the course lies."""
    from transformers import AutoConfig, AutoTokenizer

    for arguments in asked("corpus"):
        assert counted(*arguments) == rows[(*arguments, "en")[:2]]
    stand_ins = set()
    for arguments in asked("checkpoint"):
        with suppress(CourseError):  # known to the Hub only, or to nobody: what a lesson shows
            stand_ins.add(checkpoint(*arguments))
    assert {Path(folder).parent for folder in stand_ins} == {odd / "pocket"} and len(stand_ins) > 3
    for folder in stand_ins:
        assert AutoConfig.from_pretrained(folder).vocab_size == len(AutoTokenizer.from_pretrained(folder))
    for *before, last in cells_that_read_patterns().values():
        kernel: dict[str, object] = {}
        for cell in before:
            exec(cell.source, kernel)
        capsys.readouterr()
        exec(last.source, kernel)
        assert capsys.readouterr().out == output_text(last)


def test_a_file_of_your_own(odd: Path, tmp_path: Path) -> None:
    """One file beside others is read by the pattern for it, named from here or as a whole."""
    from datasets import load_dataset

    for folder, count in [(odd, 5), *((other, 7) for other in tmp_path.iterdir() if other != odd)]:
        for name in ("my texts.json", "my [own] te?ts.json"):
            (folder / name).write_text("".join(f'{{"text": "row {n}"}}\n' for n in range(count)), encoding="utf-8")
    cache = {"cache_dir": str(tmp_path / "cache"), "split": "train"}
    for file in ("my texts.json", odd / "my texts.json", str(odd / "my [own] te?ts.json")):
        try:
            pattern = exact_pattern(file)
        except CourseError:
            assert os.name == "nt" and "?" in str(file)  # not a name there
            continue
        assert len(load_dataset("json", data_files=pattern, **cache)) == 5
        assert len(load_dataset("json", data_files={"train": [pattern]}, **cache)) == 5


def test_the_file_of_lesson_14(odd: Path, tmp_path: Path) -> None:
    """A learner's own table is read from any folder, and under a name that looks like a pattern, as CSV and parquet."""
    from datasets import Dataset

    for folder, count in [(odd, 5), *((other, 7) for other in tmp_path.iterdir() if other != odd)]:
        texts = [f"row {n}" for n in range(count)]
        for name in ("my texts", "my [own] te?ts"):
            try:
                rows = "".join(f"{words},{n % 2}\n" for n, words in enumerate(texts))
                (folder / f"{name}.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
                Dataset.from_dict({"text": texts, "label": texts}).to_parquet(folder / f"{name}.parquet")
            except OSError:
                assert os.name == "nt" and "?" in name  # not a name there
    for file in (
        Path("my texts.csv"),
        odd / "my texts.csv",
        odd / "my [own] te?ts.csv",
        odd / "my [own] te?ts.parquet",
    ):
        if file.exists():
            read = read_file(file, "text", "label")
            assert (read.found, read.rows[:]["text"]) == (5, [f"row {n}" for n in range(5)])


@pytest.mark.skipif(os.name == "nt", reason="these letters are no part of a name there")
def test_what_no_pattern_can_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that the library takes for something else in any case are named, and so is a file that is not there."""
    from datasets import load_dataset

    monkeypatch.setenv("COURSE_TRIED", "elsewhere")
    for name, letters in (("a::b", "::"), ("a $COURSE_TRIED", "$"), ("a $COURSE_UNSET", None), ("a : b", None)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "rows.json").write_text('{"text": "row"}\n', encoding="utf-8")
        if letters is None:
            found = load_dataset(
                "json", data_files=exact_pattern(folder / "rows.json"), cache_dir=str(tmp_path / "cache")
            )
            assert len(found["train"]) == 1
            continue
        with pytest.raises(CourseError, match=f"takes the {re.escape(letters)} in that path"):
            exact_pattern(folder / "rows.json")
        with pytest.raises(FileNotFoundError):  # true, or the words above could go
            load_dataset("json", data_files=glob.escape(str(folder / "rows.json")), cache_dir=str(tmp_path / "cache"))
    with pytest.raises(CourseError, match="There is no file"):
        exact_pattern(tmp_path / "rows.json")
    with pytest.raises(CourseError, match="of type int"):
        exact_pattern(7)  # type: ignore[arg-type]
