"""A lesson as people run it: when nbval has run its cells in order, they are run again in the same kernel.

A plugin of pytest (`conftest.py` beside `pyproject.toml` loads it). After the last cell of a lesson comes one test
more, `again`: every cell again, from the first to the last, and each of them twice in a row, as people do who change a
line. Nothing may raise, and what is compared must be what is stored. A cell that takes long, above about a second of
CPU, has `"course": {"long": true}` in its metadata: in place of a run the names that it bound get the objects of its
first run back, unless `--rerun-long` is given. One that differs on purpose says why, in the same place:
`"differs_when_rerun": "..."`.

Where the lesson has a twin in Korean, a last test, `korean`, runs that one in the same kernel, which saves the start
and the imports: its cells from the first to the last, against what is stored in the twin. Of a long cell it is asked
first whether the Korean lesson stores what the English one does: then the run in English has proved it, since the code
is the same, and its objects are given back; one that stores something else is run. A Korean lesson runs by itself, in
a kernel of its own, where it is named: `python course.py test --language ko 05`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from commands.comparison import compared, course_rules, is_compared
from commands.lessons import KOREAN
from commands.translation import same_code

REASON = "differs_when_rerun"


def pytest_addoption(parser: pytest.Parser) -> None:
    """One switch: whether cells that take long are run again as well."""
    parser.addoption("--rerun-long", action="store_true", help="run a lesson's cells again that take long, too")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The Korean lessons are run with the English ones, unless one of them, or their folder, is named."""
    if collection_path.name != KOREAN.subfolder or collection_path.parent.name != "notebooks":
        return None
    named = [config.invocation_params.dir / word.split("::")[0] for word in config.args]
    return None if any(path == collection_path or collection_path in path.parents for path in named) else True


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(parent: pytest.Collector) -> Iterator[None]:
    """Every notebook that nbval collects gets its last tests, after its cells."""
    found = yield
    return [RunTwice.from_parent(parent, path=each.path) if type(each) is IPyNbFile else each for each in found]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note that a cell ran, and keep what a long one bound."""
    result = yield
    if isinstance(item, IPyNbCell):
        item.ran = True
        if isinstance(item.parent, RunTwice) and item.parent.left_alone(item):
            in_silence(item, KEEP.format(number=item.cell_num, names=bound(item.cell.source)))
    return result


KEEP = """globals().setdefault("__kept__", {{}})[{number}] = {{
    name: globals()[name] for name in {names} if name in globals()}}"""
GIVE_BACK = """globals().update(__kept__[{number}])"""


def about(item: IPyNbCell) -> dict[str, Any]:
    """What the course notes in the metadata of a cell."""
    return item.cell.metadata.get("course", {})


def in_silence(item: IPyNbCell, code: str) -> None:
    """Run code in the kernel of a cell, without an output and without a number."""
    kernel = item.parent.kernel
    kernel.await_reply(kernel.kc.execute(code, silent=True, store_history=False), timeout=60)


def bound(source: str) -> list[str]:
    """The names that a cell may bind, those inside its functions included.

    >>> bound("%matplotlib inline\\nimport numpy as np\\nfor a, b in f(): c = [d for d in a]")
    ['a', 'b', 'c', 'd', 'np']
    """
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()]
    found = set()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return sorted(found)


class RunTwice(IPyNbFile):
    """A notebook of which nbval tests the cells, and which is run again then, and in Korean."""

    def collect(self) -> Iterator[pytest.Item]:
        """The cells, the test that runs them again, and the one that runs those of the twin."""
        cells = list(super().collect())
        yield from cells
        yield Again.from_parent(self, name="again", cells=cells)
        twin = self.path.parent / KOREAN.subfolder / self.path.name
        if twin.exists():
            yield Korean.from_parent(self, name="korean", cells=cells, twin=twin)

    def left_alone(self, cell: IPyNbCell) -> bool:
        """Whether a cell, which has run, takes too long to be run again."""
        return bool(about(cell).get("long")) and not self.config.getoption("rerun_long")


class Afterwards(pytest.Item):
    """A test that goes on in the kernel in which the cells of a lesson ran."""

    def __init__(self, *, cells: list[IPyNbCell], **more: Any) -> None:
        super().__init__(**more)
        self.cells = cells

    def need_all(self) -> None:
        """Without the objects of every cell there is nothing to go on with."""
        if not all(hasattr(each, "ran") for each in self.cells):
            pytest.skip("not every cell of this lesson ran, or one failed")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        """The cells that differ, without a traceback through pytest."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Any, int, str]:
        """Where it is, in pytest's words."""
        return self.path, 0, f"{self.path.stem}::{self.name}"


class Again(Afterwards):
    """The cells of a lesson a second and a third time in the kernel in which they ran."""

    def runtest(self) -> None:
        """Run each cell twice; all that differ are named together."""
        self.need_all()
        found = []
        for each in self.cells:
            if self.parent.left_alone(each):
                in_silence(each, GIVE_BACK.format(number=each.cell_num))
                continue
            for time_of in ("second", "third"):
                try:
                    each.runtest()
                except NbCellError as problem:
                    if REASON not in about(each):
                        words = f"{problem}\n{problem.inner_traceback or ''}"
                        found.append(f"cell {each.cell.get('id')}, the {time_of} time: {words}")
        assert not found, "\n\n".join(found)


class Korean(Afterwards):
    """The cells of a lesson's Korean twin in the kernel in which the English ones ran."""

    def __init__(self, *, twin: Path, **more: Any) -> None:
        super().__init__(**more)
        self.twin = twin

    def runtest(self) -> None:
        """Run the cells in order; all that differ are named together."""
        self.need_all()
        twins = self.korean_cells()
        assert [each.cell.get("id") for each in twins] == [each.cell.get("id") for each in self.cells], "other cells"
        found = []
        for english, korean in zip(self.cells, twins, strict=True):
            if self.proved(english, korean):
                in_silence(english, GIVE_BACK.format(number=english.cell_num))
                continue
            try:
                korean.runtest()
            except NbCellError as problem:
                if REASON in about(english) and str(problem) == "Cell outputs differ":
                    where = "which differs when it is run again, stores something else than in English"
                    found += [] if same_stored(english, korean) else [f"cell {korean.cell.get('id')}, {where}"]
                else:
                    found.append(f"cell {korean.cell.get('id')}: {problem}\n{problem.inner_traceback or ''}")
        assert not found, "\n\n".join(found)

    def korean_cells(self) -> list[IPyNbCell]:
        """The cells of the twin, bound to the kernel of the English lesson."""
        notebook = IPyNbFile.from_parent(self.parent.parent, path=self.twin)
        notebook.kernel, notebook.sanitize_patterns = self.parent.kernel, self.parent.sanitize_patterns
        return list(notebook.collect())

    def proved(self, english: IPyNbCell, korean: IPyNbCell) -> bool:
        """Whether a long cell needs no run in Korean: it has the same code and stores the same as in English."""
        same = same_stored(english, korean) and same_code(english.cell.source, korean.cell.source)
        return same and self.parent.left_alone(english)


def same_stored(english: IPyNbCell, korean: IPyNbCell) -> bool:
    """Whether both lessons store the same for a cell, as far as it is compared."""
    rules = course_rules()
    return not is_compared(english.cell) or compared(english.cell, rules) == compared(korean.cell, rules)
