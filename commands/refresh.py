"""Run stored lessons from a fresh kernel and store what they gave, without what would only differ by machine.

Called by `python course.py refresh [NN] [--check]`, which prepares the environment the tests use as well. What is
left out of a stored lesson: widget state (a page without a kernel shows the fallback that is stored beside it), times
of execution, the exact version of Python, and folders of this machine in tracebacks. Cells are numbered 1 to n, and the
opening says the study time that `commands/study_time.py` computes.

A translated lesson first takes over what needs no translator, its code above all (`commands/translation.py`); the cells
that somebody has to look at again are named, and with `--translated ID ...` they are noted as up to date.

Printed for each lesson: how long it ran, and every compared output that changed, by the id of its cell; what is
compared, `commands/comparison.py` says.
"""

from __future__ import annotations

import argparse
import copy
import os
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

from commands.comparison import WIDGET_VIEW, Rule, changes, course_rules
from commands.lessons import EDITIONS, ENGLISH, Edition, edition_of
from commands.shared import ROOT
from commands.study_time import study_time, write_into, write_into_readme
from commands.translation import follow, out_of_date, stamp

TIMEOUT = 600

VOLATILE = ("execution", "ExecuteTime", "collapsed", "trusted")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}


class LessonFailed(Exception):
    """A cell raised an error that it was not expected to raise; the message names the cell."""


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """A copy of the notebook with the outputs of a fresh kernel that runs in `folder`.

    Raises LessonFailed if a cell without the tag `raises-exception` raises, runs too long or ends the kernel.
    """
    executed = copy.deepcopy(notebook)
    for cell in code_cells(executed):
        cell.outputs = []
        cell.execution_count = None
    client = NotebookClient(
        executed,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        config=Config(KernelManager={"transport_encryption": "auto"}),
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise LessonFailed(f"cell {failed_cell(executed)}: {error.ename}: {error.evalue}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise LessonFailed(f"cell {last_started(executed)}: {str(error).splitlines()[0]}") from None
    return executed


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def failed_cell(notebook: NotebookNode) -> str:
    """The id of the last cell that shows an error."""
    failed = [cell.id for cell in code_cells(notebook) if any(o.output_type == "error" for o in cell.outputs)]
    return failed[-1] if failed else "?"


def last_started(notebook: NotebookNode) -> str:
    """The id of the cell after the last one that was numbered: the one that was running."""
    cells = code_cells(notebook)
    done = sum(cell.execution_count is not None for cell in cells)
    return cells[min(done, len(cells) - 1)].id if cells else "?"


def strip(notebook: NotebookNode) -> None:
    """Take out, in place, what does not belong into a stored lesson."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = dict(KERNEL)
    notebook.metadata["language_info"] = dict(LANGUAGE)
    number = 0
    for cell in notebook.cells:
        for key in VOLATILE:
            cell.metadata.pop(key, None)
        if cell.cell_type != "code":
            continue
        if cell.source.strip():
            number += 1
            cell.execution_count = number
        for output in cell.outputs:
            strip_output(output, cell.execution_count)


def strip_output(output: NotebookNode, number: int | None) -> None:
    """Take out, in place, a live view that has a still one beside it, and folders of this machine."""
    if output.output_type == "execute_result":
        output.execution_count = number
    if output.output_type == "error":
        output.traceback = [shorten_paths(line) for line in output.traceback]
    data = output.get("data", {})
    if WIDGET_VIEW in data and any(mime == "text/html" or mime.startswith("image/") for mime in data):
        del data[WIDGET_VIEW]


def shorten_paths(text: str) -> str:
    """The text without the folders in which this machine keeps the course, Python and its packages.

    >>> shorten_paths(os.path.join(sysconfig.get_path("purelib"), "torch", "x.py")).replace(os.sep, "/")
    'site-packages/torch/x.py'
    """
    home = os.path.expanduser("~")
    folders = [
        (sysconfig.get_path("purelib"), "site-packages"),
        (sysconfig.get_path("platlib"), "site-packages"),
        (sysconfig.get_path("stdlib"), "python"),
        (sys.prefix, "python"),
        (str(ROOT), "course"),
    ]
    for folder, name in folders:
        for spelling in (folder, folder.replace(home, "~", 1) if folder.startswith(home) else folder):
            text = text.replace(spelling + os.sep, name + os.sep)
    return text


def stored_text(notebook: NotebookNode) -> str:
    """The notebook as a file holds it."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def refresh(path: Path, rules: Sequence[Rule], check: bool, translated: Sequence[str] = ()) -> bool:
    """Run one lesson, print what changed, store it unless `check`; whether it was not as it should be.

    That is: a compared output changed, or in a translated lesson something else than outputs.
    Raises LessonFailed, leaving the stored lesson as it was.
    """
    text = path.read_text(encoding="utf-8")
    old = nbformat.reads(text, as_version=4)
    edition = edition_of(path)
    name = path.stem if edition == ENGLISH else f"{edition.language}/{path.stem}"
    twin = None if edition == ENGLISH else nbformat.read(ENGLISH.folder / path.name, as_version=4)
    new, done = (old, []) if twin is None else after_twin(old, twin, edition, translated)
    started = time.perf_counter()
    new = execute(new, path.parent)
    seconds = time.perf_counter() - started
    strip(new)
    write_into(new.cells, edition.language, twin and study_time(twin.cells))
    nbformat.validate(new)
    changed = changes(code_cells(old), code_cells(new), rules)
    print(f"{name}: ran in {seconds:.0f} s, {len(changed)} compared outputs changed", flush=True)
    for change in [*done, *changed]:
        print("  " + change.replace("\n", "\n  "))
    result = stored_text(new)
    if not check and result != text:
        path.write_text(result, encoding="utf-8", newline="\n")
        print("  stored")
    if not check and path.resolve().parent == ENGLISH.folder.resolve():
        write_into_readme(path, study_time(new.cells))
    late = [] if twin is None else out_of_date(twin.cells, new.cells)
    if late:
        print(f"  out of date: {' '.join(late)}")
    elif twin is None:
        tell_translations(path, new)
    return bool(changed or done or late)


def after_twin(
    old: NotebookNode, twin: NotebookNode, edition: Edition, translated: Sequence[str]
) -> tuple[NotebookNode, list[str]]:
    """A translated lesson with what it takes over from its English twin, not run yet, and what that is, in lines."""
    new = copy.deepcopy(old)
    cells, done = follow(twin.cells, old.cells, edition.language)
    for cell in cells:
        if cell["cell_type"] == "code" and "outputs" not in cell:
            cell["outputs"], cell["execution_count"] = [], None
    new.cells = [nbformat.from_dict(cell) for cell in cells]
    new.metadata = copy.deepcopy(twin.metadata)
    stamp(twin.cells, new.cells, translated)
    return new, done


def tell_translations(path: Path, english: NotebookNode) -> None:
    """Name the cells of a lesson's translations that its English text has left behind."""
    for edition in EDITIONS.values():
        twin = edition.folder / path.name
        if edition != ENGLISH and path.resolve().parent == ENGLISH.folder.resolve() and twin.exists():
            late = out_of_date(english.cells, nbformat.read(twin, as_version=4).cells)
            if late:
                print(f"  {edition.language}/{path.stem} is out of date: {' '.join(late)}")


def ids_in(paths: Sequence[Path]) -> set[str]:
    """The ids of the cells that the English lessons of these names have."""
    twins = [ENGLISH.folder / path.name for path in paths]
    return {cell.id for twin in twins if twin.exists() for cell in nbformat.read(twin, as_version=4).cells}


def main(arguments: Sequence[str] | None = None) -> int:
    """Refresh the lessons named; 1 if one failed or, with `--check`, if one is not as it should be."""
    parser = argparse.ArgumentParser(prog="course.py refresh", description="Run stored lessons from a fresh kernel.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if an output changed")
    parser.add_argument("notebooks", nargs="+", type=Path, help="stored lessons; one in ko/ is a Korean one")
    parser.add_argument(
        "--translated", nargs="+", default=[], metavar="ID", help="cells of a translated lesson that are up to date now"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.translated) - ids_in(options.notebooks)
    if unknown:
        parser.error(f"no cell of these lessons has the id {' or '.join(sorted(unknown))}")
    os.environ["COURSE_PROGRESS"] = "off"  # a stored run is nobody's progress
    rules = course_rules()
    failed = changed = False
    for path in options.notebooks:
        try:
            changed |= refresh(path.resolve(), rules, options.check, options.translated)
        except LessonFailed as problem:
            failed = True
            print(f"{path.stem}: FAILED, left as it was\n  {problem}", flush=True)
    return int(failed or (options.check and changed))


if __name__ == "__main__":
    sys.exit(main())
