"""A lesson as people run it: without its optional sections, a cell twice in a row, the whole of it again in one kernel.

Two runs for each lesson. One leaves out every section whose heading says *Further*: the main path needs none of them.
The other runs each cell twice in a row and then the whole lesson once more in the same kernel. In both, nothing may
raise, and what is compared must be what is stored. A cell that differs on purpose says why in its metadata:
`"course": {"differs_when_rerun": "..."}` for the second time in a row, `"differs_in_second_run"` for the lesson again,
`"differs_without_further"` for the first of the two runs.
"""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path

import pytest
from lesson_files import LESSONS, code_cells, lesson_paths, prose_cells, read, run_lesson
from nbformat import NotebookNode

from commands.comparison import compared, course_rules, first_difference, is_compared

FURTHER = re.compile(r"(?:^(?:\d+ )?|, )further\b", flags=re.IGNORECASE)
REASONS = {
    "again": "differs_when_rerun",
    "later": "differs_in_second_run",
    "core": "differs_without_further",
}

NOT_YET: dict[str, str] = {
    "03_models_and_checkpoints": "how-random reads a name that a later line of it deletes",
    "04_tokenizers": "the main path needs gpt_tokenizer and mine, which are made in optional sections",
    "05_padding_and_masks": "scores stops with an error when it is run a second time",
    "06_dynamic_padding": "the main path needs Dataset and statistics; mapped-not-read measures what is already there",
    "07_trainer": "not gone through with this test yet",
    "08_manual_loop": "not gone through with this test yet",
    "09_training_checklist": "not gone through with this test yet",
    "10_inference": "not gone through with this test yet",
    "11_architectures_and_attention": "not gone through with this test yet",
    "12_scaling_out": "not gone through with this test yet",
    "13_then_and_now": "not gone through with this test yet",
}
"""Lessons that are still to be mended, with what is known to be wrong: take a lesson out when it is."""


def without_further(notebook: NotebookNode) -> NotebookNode:
    """A copy of a lesson without the code of its *further* sections: what stands below such a heading, up to the next
    heading of the same or a higher level.

    >>> import nbformat
    >>> cells = [("a", "## 1 First"), ("b", "Words.\\n\\n### Further: more\\n\\nOptional."), ("c", "### Again needed"),
    ...          ("d", "## 2 Further: much"), ("e", "### A part of it"), ("f", "## 3 Last")]
    >>> notebook = nbformat.v4.new_notebook()
    >>> for name, prose in cells:
    ...     notebook.cells.append(nbformat.v4.new_markdown_cell(prose))
    ...     notebook.cells.append(nbformat.v4.new_code_cell(name))
    >>> [cell.source for cell in without_further(notebook).cells if cell.cell_type == "code"]
    ['a', 'c', 'f']
    """
    copy = deepcopy(notebook)
    kept, level = [], 0  # level of the optional heading that we are below; 0: none
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", cell.source, flags=re.DOTALL | re.MULTILINE)
            for marks, words in re.findall(r"^(#{1,6}) +(.+?) *$", text, flags=re.MULTILINE):
                if not level or len(marks) <= level:
                    level = len(marks) if FURTHER.search(words) else 0
        if cell.cell_type == "markdown" or not level:
            kept.append(cell)
    copy.cells = kept
    return copy


def rerun(notebook: NotebookNode) -> NotebookNode:
    """A notebook of the code cells alone: each twice in a row, then all of them once more.

    >>> import nbformat
    >>> notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(name, id=name) for name in "ab"])
    >>> [cell.id for cell in rerun(notebook).cells]
    ['a', 'a--again', 'b', 'b--again', 'a--later', 'b--later']
    """
    copy, again, later = deepcopy(notebook), [], []
    for cell in code_cells(copy):
        second, third = deepcopy(cell), deepcopy(cell)
        second.id, third.id = f"{cell.id}--again", f"{cell.id}--later"
        again += [cell, second]
        later.append(third)
    copy.cells = again + later
    return copy


def problems(stored: NotebookNode, ran: NotebookNode, run: str = "core") -> dict[str, str]:
    """What each cell of a run did that the stored lesson does not: an error, or another compared output.

    >>> import nbformat
    >>> cells = [nbformat.v4.new_code_cell("print(n)", id="n", outputs=[nbformat.v4.new_output("stream", text=text)])
    ...          for text in ("1\\n", "2\\n")]
    >>> stored, ran = (nbformat.v4.new_notebook(cells=[cell]) for cell in cells)
    >>> problems(stored, stored), problems(stored, ran)
    ({}, {'n core': 'was: 1 now: 2'})
    """
    rules = course_rules()
    before = {cell.id: cell for cell in code_cells(stored)}
    found = {}
    for cell in code_cells(ran):
        name, _, time = cell.id.partition("--")
        time = time or run
        was, now = compared(before[name], rules), compared(cell, rules)
        raised = now.get("error", "") if "error" not in was else ""
        excused = before[name].metadata.get("course", {}).get(REASONS.get(time, ""), "")
        if raised:
            found[f"{name} {time}"] = raised.strip()
        elif is_compared(cell) and not excused and was != now:
            kind = next(kind for kind in sorted(was.keys() | now.keys()) if was.get(kind) != now.get(kind))
            difference = first_difference(was.get(kind, ""), now.get(kind, ""))
            found[f"{name} {time}"] = " ".join(difference.split())
    return found


def run_on(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """The notebook executed in one kernel; a cell that raises does not stop it, so that all problems are seen."""
    copy = deepcopy(notebook)
    for cell in prose_cells(copy):
        cell.metadata.pop("tags", None)
    for cell in code_cells(copy):
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), "raises-exception"]
    return run_lesson(copy, folder, timeout=1800)


def refuse(stem: str, found: dict[str, str]) -> None:
    """Fail with every problem on a line of its own."""
    assert not found, f"{stem}\n" + "\n".join(f"{name}: {words}" for name, words in found.items())


@pytest.mark.slow
def test_runs_without_further_sections(lesson: Path, tmp_path: Path) -> None:
    """Nobody needs an optional section to go on."""
    if lesson.stem in NOT_YET:
        pytest.skip(NOT_YET[lesson.stem])
    notebook = read(lesson)
    refuse(lesson.stem, problems(notebook, run_on(without_further(notebook), tmp_path)))


@pytest.mark.slow
def test_runs_twice(lesson: Path, tmp_path: Path) -> None:
    """A cell run twice in a row, and the whole lesson again in the same kernel, give what is stored."""
    if lesson.stem in NOT_YET:
        pytest.skip(NOT_YET[lesson.stem])
    notebook = read(lesson)
    refuse(lesson.stem, problems(notebook, run_on(rerun(notebook), tmp_path), run="first"))


def test_reasons_say_something() -> None:
    """A cell is excused with a reason in words."""
    for path in lesson_paths():
        for cell in code_cells(read(path)):
            for name in REASONS.values():
                reason = cell.metadata.get("course", {}).get(name)
                assert reason is None or len(reason.split()) >= 4, f"{path.stem}: {cell.id}"


def test_table_names_lessons() -> None:
    """A misspelt entry would excuse nothing; an entry without a reason says nothing."""
    assert set(NOT_YET) <= set(LESSONS)
    assert all(len(reason.split()) >= 4 for reason in NOT_YET.values())
