"""A lesson as people run it: when nbval has run its cells in order, they are run again in the same kernel.

A plugin of pytest (`conftest.py` beside `pyproject.toml` loads it). After the last cell of a lesson comes one test
more: every cell again, from the first to the last, and each of them twice in a row, as people do who change a line.
Nothing may raise, and what is compared must be what is stored. Where the lesson has a twin in Korean, the cells of the
twin are run: it is the same code, so one test, called `korean`, proves the twin and the second run. Elsewhere the
lesson's own cells are run, by a test called `again`. A Korean lesson runs by itself, in a kernel of its own, where it
is named: `python course.py test --language ko 05`.

A cell that takes long, above about a second of CPU, has `"course": {"long": true}` in its metadata: in place of a run
the names that it bound get the objects of its first run back, unless `--rerun-long` is given; if the twin stores
something else than the lesson, it is run once. A cell that differs on purpose says why, in the same place:
`"differs_when_rerun": "..."`.
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
    """A notebook of which nbval tests the cells, and which is run again then, in Korean if there is a twin."""

    def collect(self) -> Iterator[pytest.Item]:
        """The cells, and the test that runs them again."""
        cells = list(super().collect())
        yield from cells
        twin = self.path.parent / KOREAN.subfolder / self.path.name
        if twin.exists():
            yield Again.from_parent(self, name="korean", cells=cells, twin=twin)
        else:
            yield Again.from_parent(self, name="again", cells=cells, twin=None)

    def left_alone(self, cell: IPyNbCell) -> bool:
        """Whether a cell, which has run, takes too long to be run again."""
        return bool(about(cell).get("long")) and not self.config.getoption("rerun_long")


class Again(pytest.Item):
    """The cells of a lesson, or of its Korean twin, twice more in the kernel in which the lesson ran."""

    def __init__(self, *, cells: list[IPyNbCell], twin: Path | None, **more: Any) -> None:
        super().__init__(**more)
        self.cells, self.twin = cells, twin

    def runtest(self) -> None:
        """Run each cell twice; all that differ are named together."""
        if not all(hasattr(each, "ran") for each in self.cells):
            pytest.skip("not every cell of this lesson ran, or one failed")
        found = []
        for first, each in zip(self.cells, self.cells_again(), strict=True):
            if self.proved(first, each):
                in_silence(first, GIVE_BACK.format(number=first.cell_num))
                continue
            for time_of in ("again",) if self.parent.left_alone(first) else ("again", "twice in a row"):
                try:
                    each.runtest()
                except NbCellError as problem:
                    words = f"{problem}\n{problem.inner_traceback or ''}"
                    if REASON in about(first) and str(problem) == "Cell outputs differ":
                        words = "" if same_stored(first, each) else "stored in the twin is something else than here"
                    found += [f"cell {each.cell.get('id')}, run {time_of}: {words}"] if words else []
        if found:
            pytest.fail("\n\n".join(found), pytrace=False)

    def cells_again(self) -> list[IPyNbCell]:
        """What is run: the cells themselves, or those of the twin, bound to the same kernel."""
        if self.twin is None:
            return self.cells
        notebook = IPyNbFile.from_parent(self.parent.parent, path=self.twin)
        notebook.kernel, notebook.sanitize_patterns = self.parent.kernel, self.parent.sanitize_patterns
        cells = list(notebook.collect())
        assert [each.cell.get("id") for each in cells] == [each.cell.get("id") for each in self.cells], "other cells"
        return cells

    def proved(self, first: IPyNbCell, each: IPyNbCell) -> bool:
        """Whether a long cell needs no other run: the one to come has the same code and stores the same."""
        same = same_stored(first, each) and same_code(first.cell.source, each.cell.source)
        return same and self.parent.left_alone(first)

    def reportinfo(self) -> tuple[Any, int, str]:
        """Where it is, in pytest's words."""
        return self.path, 0, f"{self.path.stem}::{self.name}"


def same_stored(english: IPyNbCell, korean: IPyNbCell) -> bool:
    """Whether both lessons store the same for a cell, as far as it is compared."""
    rules = course_rules()
    return not is_compared(english.cell) or compared(english.cell, rules) == compared(korean.cell, rules)
