"""A lesson as people run it: without its optional sections, a cell twice in a row, the whole of it again in one kernel.

One run for each lesson. First the main path alone: every section whose heading says *further* is left out, and nothing
may need it. Each cell is run twice in a row, but for those that took long. Then, in the same kernel, the whole lesson.
Nothing may raise, and what is compared must be what is stored. A cell that differs on purpose says why in its metadata:
`"course": {"differs_without_further": "..."}` for its first run, `"differs_when_rerun"` for the second time in a row,
`"differs_in_second_run"` for the lesson again.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from lesson_files import code_cells, lesson_paths, read, run_lesson
from nbformat import NotebookNode
from run_lesson import REPEATED

from commands.comparison import compared, course_rules, first_difference, is_compared
from commands.study_time import parts

REASONS = {
    "first": "differs_without_further",
    "again": "differs_when_rerun",
    "later": "differs_in_second_run",
}


def as_people_run_it(notebook: NotebookNode) -> NotebookNode:
    """A notebook of code cells alone: those of the main path, each twice in a row, then all of the lesson.

    >>> from nbformat import v4
    >>> lines = ["## 1 First", "a", "### Further: more", "b", "## 2 Further: much", "c", "## 3 Last", "d"]
    >>> new = {True: v4.new_markdown_cell, False: v4.new_code_cell}
    >>> cells = [new[line.startswith("#")](line, id=line.split()[-1]) for line in lines]
    >>> [cell.id for cell in as_people_run_it(v4.new_notebook(cells=cells)).cells]
    ['a', 'a--again', 'd', 'd--again', 'a--later', 'b--later', 'c--later', 'd--later']
    """
    copy = deepcopy(notebook)
    core, whole = [], []
    for part in parts(copy.cells):
        if part.cell.cell_type != "code":
            continue
        again, later = deepcopy(part.cell), deepcopy(part.cell)
        again.id, later.id = f"{part.cell.id}--again", f"{part.cell.id}--later"
        again.metadata[REPEATED] = True
        core += [] if part.further else [part.cell, again]
        whole.append(later)
    copy.cells = core + whole
    return copy


def problems(stored: NotebookNode, ran: NotebookNode) -> dict[str, str]:
    """What each cell of a run did that the stored lesson does not: an error, or another compared output.

    >>> import nbformat
    >>> cells = [nbformat.v4.new_code_cell("print(n)", id="n", outputs=[nbformat.v4.new_output("stream", text=text)])
    ...          for text in ("1\\n", "2\\n")]
    >>> stored, ran = (nbformat.v4.new_notebook(cells=[cell]) for cell in cells)
    >>> problems(stored, stored), problems(stored, ran)
    ({}, {'n first': 'was: 1 now: 2'})
    """
    rules = course_rules()
    before = {cell.id: cell for cell in code_cells(stored)}
    found = {}
    for cell in code_cells(ran):
        name, _, time = cell.id.partition("--")
        time = time or "first"
        if cell.metadata.get(REPEATED) == "left out":
            continue
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
    for cell in code_cells(copy):
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), "raises-exception"]
    return run_lesson(copy, folder, timeout=1800)


@pytest.mark.slow
def test_runs_as_people_run_it(lesson: Path, tmp_path: Path) -> None:
    """Without *further* sections, a cell twice in a row, and the whole lesson again: what is stored comes out."""
    notebook = read(lesson)
    found = problems(notebook, run_on(as_people_run_it(notebook), tmp_path))
    assert not found, f"{lesson.stem}\n" + "\n".join(f"{name}: {words}" for name, words in found.items())


def test_reasons_say_something() -> None:
    """A cell is excused with a reason in words."""
    for path in lesson_paths():
        for cell in code_cells(read(path)):
            for name in REASONS.values():
                reason = cell.metadata.get("course", {}).get(name)
                assert reason is None or len(reason.split()) >= 4, f"{path.stem}: {cell.id}"
