"""Names that leak between the cells of a lesson: one that means two things, a function that reads what changes later.

Somebody who runs a cell again, or skips one, gets another result then, and no error says so.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

from lesson_files import code_cells, read
from nbformat import NotebookNode


def statements(notebook: NotebookNode) -> Iterator[tuple[str, ast.stmt]]:
    """The id of the cell and each statement at its top; the first cell, which all lessons share, is left out."""
    for cell in code_cells(notebook):
        if cell.id == "install":
            continue
        lines = [line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))]
        for statement in ast.parse("\n".join(lines)).body:
            yield cell.id, statement


def bound(statement: ast.stmt) -> dict[str, str]:
    """The names that a statement at the top of a cell defines, with the kind of what they are bound to, where seen.

    >>> bound(ast.parse("a, b = [], f()").body[0]), bound(ast.parse("def f(): x = 1").body[0])
    ({'a': '', 'b': ''}, {'f': 'function'})
    >>> bound(ast.parse("a = [1]").body[0]), bound(ast.parse("for i in x: a = {y: 1 for y in x}").body[0])
    ({'a': 'list'}, {'a': 'dict', 'i': ''})
    """
    if isinstance(statement, ast.FunctionDef):
        return {statement.name: "function"}
    if isinstance(statement, ast.ClassDef):
        return {statement.name: "class"}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0]: "import" for alias in statement.names}
    found: dict[str, str] = {}
    inner = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
    own = {id(part) for node in ast.walk(statement) if isinstance(node, inner) for part in ast.walk(node)}
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = kind(node.value)
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in own:
            found.setdefault(node.id, "")
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = "function"
    return found


def kind(value: ast.expr) -> str:
    """What an expression gives, as far as it can be read: "list", "dict", "text", "number", "function", or ""."""
    kinds: dict[str, tuple[type[ast.AST], ...]] = {
        "list": (ast.List, ast.ListComp),
        "dict": (ast.Dict, ast.DictComp),
        "text": (ast.JoinedStr,),
        "function": (ast.Lambda,),
    }
    if isinstance(value, ast.Constant):
        return {str: "text", int: "number", float: "number"}.get(type(value.value), "")
    return next((name for name, types in kinds.items() if isinstance(value, types)), "")


def read_by(function: ast.AST) -> set[str]:
    """The names that a function takes from outside."""
    nodes = list(ast.walk(function))
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    loaded = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return loaded - own - set(dir(builtins))


def leaks(notebook: NotebookNode) -> list[str]:
    """Names of two kinds, and functions that read a name which a later cell binds anew.

    >>> import nbformat
    >>> sources = {"a": "n = 1\\ndef f():\\n    return n", "b": "n = 2", "c": "f = [1]"}
    >>> cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in sources.items()]
    >>> for leak in leaks(nbformat.v4.new_notebook(cells=cells)):
    ...     print(leak)
    f is a function in a and a list in c
    f in a reads n, which b binds anew
    """
    kinds: dict[str, dict[str, str]] = {}
    cells: list[tuple[str, ast.stmt]] = list(statements(notebook))
    for cell, statement in cells:
        for name, what in bound(statement).items():
            if what and name != "_":
                kinds.setdefault(name, {}).setdefault(what, cell)
    found = [
        f"{name} is " + " and ".join(f"a {what} in {cell}" for what, cell in each.items())
        for name, each in kinds.items()
        if len(each) > 1
    ]
    binds = [(cell, bound(statement)) for cell, statement in cells]
    for number, (cell, statement) in enumerate(cells):
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        for name in sorted(read_by(statement)):
            before = [place for place, names in binds[:number] if name in names]
            later = [
                place for place, names in binds[number:] if place != cell and names.get(name, "import") != "import"
            ]
            if before and later:
                found.append(f"{statement.name} in {cell} reads {name}, which {later[0]} binds anew")
    return found


def test_no_name_leaks(lesson: Path) -> None:
    """A name means one thing in a lesson, and no function changes its meaning behind the reader's back."""
    found = leaks(read(lesson))
    assert not found, "\n".join(found)
