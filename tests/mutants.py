"""Mutants of the stored solutions: each differs in one small thing, and a check must refuse every one of them.

`python -m tests.mutants` (from the project's folder; lesson numbers or exercises may follow) prints for each exercise
how many were made, refused, known as equivalent, and lists the lines that survive without a reason.
"""

from __future__ import annotations

import ast
import builtins
import copy
import importlib
import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("COURSE_PROGRESS", "off")

from lesson_files import code_cells, fenced_python, lesson_paths, read

from course_checks.judging import Exercise, judge_by
from course_checks.values import fresh
from course_utils.exercises import _builders, judge, load_exercises

SECONDS = 1.0
"""How long a mutant may run on one case: the slowest right answer takes a small part of it."""

OPERATORS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.Div),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
NAMES = {
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "sum": "mean",
    "mean": "sum",
    "any": "all",
    "all": "any",
    "ceil": "floor",
    "ones": "zeros",
    "zeros": "ones",
    "relu": "tanh",
    "sigmoid": "tanh",
    "tril": "triu",
    "softmax": "log_softmax",
    "cumsum": "cumprod",
    "zip": "enumerate",
    "append": "extend",
    "keys": "values",
    "values": "keys",
    "sqrt": "exp",
}


@dataclass(frozen=True)
class Mutant:
    """A solution with one small change.

    Attributes:
        line: the changed line as it reads now; "without: ..." where it went.
        source: the whole of the changed solution.
    """

    line: str
    source: str


@dataclass
class Count:
    """What became of the mutants of one exercise; `survived` holds the lines that passed without a reason."""

    made: int = 0
    refused: int = 0
    equivalent: int = 0
    survived: list[str] = field(default_factory=list)
    wrong_reasons: list[str] = field(default_factory=list)


def mutants(source: str) -> list[Mutant]:
    """All mutants of some code, each once, in the order of the lines.

    >>> [m.line for m in mutants("def f(x):\\n    return x + 1")]
    ['without: return x + 1', 'x + 1', 'return x - 1', 'return x + 2', 'return x + 0']
    """
    tree = ast.parse(source)
    before = ast.unparse(tree)
    found: dict[str, Mutant] = {}
    for number in range(sum(1 for _ in ast.walk(tree))):
        for change in range(16):
            changed = copy.deepcopy(tree)
            node = _nth(changed, number)
            if not _apply(changed, node, change):
                break
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text != before and _compiles(text):
                found.setdefault(text, Mutant(_changed_line(before, text), text))
    return list(found.values())


def _nth(tree: ast.AST, number: int) -> ast.AST:
    return next(node for place, node in enumerate(ast.walk(tree)) if place == number)


def _compiles(source: str) -> bool:
    try:
        compile(source, "<mutant>", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _changed_line(before: str, after: str) -> str:
    old, new = before.splitlines(), after.splitlines()
    fresh = [now for was, now in zip(old, new, strict=False) if was != now]
    if len(old) == len(new) and fresh and fresh[0].strip() != "pass":
        return fresh[0].strip()
    start = next((n for n, (was, now) in enumerate(zip(old, new, strict=False)) if was != now), len(new))
    return f"without: {old[start].strip()}"


def _apply(tree: ast.AST, node: ast.AST, change: int) -> bool:
    """Make change number `change` at a node of the tree; False where there are fewer."""
    ways = list(_ways(tree, node))
    if change >= len(ways):
        return False
    ways[change]()
    return True


def _ways(tree: ast.AST, node: ast.AST) -> Iterator[Any]:
    """The changes that one node allows, each as a function to call."""

    def put(name: str, value: object) -> Any:
        return lambda: setattr(node, name, value)

    def instead(other: ast.AST) -> Any:
        return lambda: _replace(tree, node, other)

    for name in ("op", "ops"):  # another operator, a comparison turned
        held = getattr(node, name, None)
        for operator in held[:1] if isinstance(held, list) else [held]:
            for other in OPERATORS.get(type(operator), ()):
                yield put(name, [other(), *held[1:]] if isinstance(held, list) else other())
    if isinstance(node, ast.UnaryOp):  # a minus or a not left out
        yield instead(node.operand)
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield put("value", not node.value)
        elif isinstance(node.value, int | float):
            yield put("value", node.value + 1)
            yield put("value", node.value - 1)
        elif isinstance(node.value, str) and node.value:
            yield put("value", node.value + "_")
    for name in ("test", "ifs"):  # a condition negated
        held = getattr(node, name, None)
        if isinstance(held, ast.expr):
            yield put(name, ast.UnaryOp(ast.Not(), held))
        elif held:
            yield put(name, [ast.UnaryOp(ast.Not(), held[0]), *held[1:]])
            yield put(name, held[1:])
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name | ast.Attribute):
            yield instead(node.func.value)  # a method not called
        if isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in NAMES:
                slot = "id" if isinstance(node.func, ast.Name) else "attr"
                yield lambda: setattr(node.func, slot, NAMES[called])
        for place in range(len(node.keywords)):  # a keyword left out
            yield put("keywords", node.keywords[:place] + node.keywords[place + 1 :])
        for keyword in node.keywords:  # another axis
            if keyword.arg in {"dim", "axis"}:
                for axis in (0, 1, -1):
                    yield lambda keyword=keyword, axis=axis: setattr(keyword, "value", ast.Constant(axis))
        if len(node.args) == 2:  # arguments exchanged, and each alone
            yield put("args", node.args[::-1])
            yield put("args", node.args[:1])
            yield put("args", node.args[1:])
        if isinstance(node.func, ast.Name) and node.func.id == "range":  # one more, one fewer
            for place, bound in enumerate(node.args):
                for step in (ast.Add(), ast.Sub()):
                    moved = ast.BinOp(bound, step, ast.Constant(1))
                    yield put("args", [*node.args[:place], moved, *node.args[place + 1 :]])
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) == 2:
        yield put("elts", node.elts[::-1])
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):  # another argument of the function
        given = [each.arg for each in ast.walk(tree) if isinstance(each, ast.arg)]
        if node.id in given:
            for other in given:
                if other not in (node.id, "self"):
                    yield put("id", other)
    if isinstance(node, ast.Slice):
        for name in ("lower", "upper", "step"):
            if getattr(node, name) is not None:
                yield put(name, None)
    if isinstance(node, ast.IfExp):
        yield instead(node.body)
        yield instead(node.orelse)
    for name in ("body", "orelse"):
        held = getattr(node, name, None)
        if not isinstance(held, list) or isinstance(node, ast.Module):
            continue
        for place, statement in enumerate(held):  # a statement or a return dropped
            if isinstance(statement, ast.Pass):
                continue
            yield put(name, [*held[:place], ast.Pass(), *held[place + 1 :]])
            if isinstance(statement, ast.Return) and statement.value is not None:
                yield put(name, [*held[:place], ast.Expr(statement.value), *held[place + 1 :]])


def _replace(tree: ast.AST, node: ast.AST, other: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, other)
            elif isinstance(value, list) and any(item is node for item in value):
                setattr(parent, name, [other if item is node else item for item in value])


@dataclass(frozen=True)
class Solution:
    """A stored solution: its code, the name of what it defines, what else the check takes, names it may use."""

    key: str
    source: str
    name: str
    more: tuple[Any, ...]
    names: dict[str, Any]

    def answer(self, source: str = "") -> object:
        """What the code, or a mutant of it, defines."""
        scope = dict(self.names, __name__="answer")
        exec(compile(source or self.source, "<answer>", "exec"), scope)
        return scope[self.name]


@cache
def solutions(lesson: str) -> dict[str, Solution]:
    """The stored solutions of a lesson, by the key of their exercise.

    What they use of the notebook, such as imports and a tokenizer, comes from the statements of the notebook that
    define it, and these alone are run.
    """
    path = next(path for path in lesson_paths() if path.stem.startswith(lesson))
    notebook = read(path)
    statements: list[ast.stmt] = []
    found = {}
    texts = {cell.id.removeprefix("solution-"): cell.source for cell in notebook.cells if "solution-" in cell.id}
    scope: dict[str, Any] = {"__name__": "lesson"}
    for cell in code_cells(notebook):
        if cell.id.startswith("exercise-"):
            source = fenced_python(texts[cell.id.removeprefix("exercise-")])[0]
            statements += ast.parse(source).body
        elif cell.id.startswith("check-"):
            call = ast.parse(cell.source).body[-1].value  # type: ignore[attr-defined]
            key, name, *more = call.args
            source = fenced_python(texts[cell.id.removeprefix("check-")])[0]
            wanted = _names_used(ast.parse(source)) | {each.id for each in more}
            _supply(statements, wanted, scope)
            found[key.value] = Solution(key.value, source, name.id, tuple(scope[each.id] for each in more), scope)
        else:
            kept = [line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))]
            statements += ast.parse("\n".join(kept)).body
    return found


def _names_used(tree: ast.AST) -> set[str]:
    """The names that code takes from outside: what functions, lambdas and comprehensions bind is their own."""
    inside = (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    own = {
        arg.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.arguments)
        for arg in ast.walk(node)
        if isinstance(arg, ast.arg)
    }
    own |= {name for node in ast.walk(tree) if isinstance(node, inside) for name in _stored(node)}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in nodes if isinstance(node.ctx, ast.Load)} - own - set(dir(builtins))


def _stored(tree: ast.AST) -> set[str]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in nodes if isinstance(node.ctx, ast.Store)}


def _binds(statement: ast.stmt) -> set[str]:
    """The names that a statement at the top of a cell defines."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    return _stored(statement) if isinstance(statement, ast.Assign | ast.With | ast.For | ast.If) else set()


def _supply(statements: list[ast.stmt], wanted: set[str], scope: dict[str, Any]) -> None:
    """Run the last statements that define some names, after those that these need in turn."""
    needed: dict[int, ast.stmt] = {}

    def need(name: str, before: int) -> None:
        for place in range(before - 1, -1, -1):
            if name in _binds(statements[place]):
                if place not in needed:
                    needed[place] = statements[place]
                    for other in _names_used(statements[place]):
                        need(other, place)
                return

    for name in wanted - set(scope):
        need(name, len(statements))
    with redirect_stdout(io.StringIO()):
        for place in sorted(needed):
            exec(compile(ast.Module([needed[place]], []), "<lesson>", "exec"), scope)


def remembering(key: str, exercise: Exercise, answer: Any) -> Exercise:
    """The same record, whose reference and known mistakes work out each case once for all answers.

    `answer` itself is run, and observed, even where it is one of them.
    """
    own = {id(exercise.right): "right"}
    for cause, functions in exercise.mistakes.items():
        for number, function in enumerate(functions if isinstance(functions, tuple) else (functions,)):
            own[id(function)] = f"{cause} {number}"
    observed: set[str] = set()

    def use(function: Any, *arguments: Any) -> Any:
        case = signature(arguments)
        if id(function) not in own or " at 0x" in case:  # an address says nothing: another object may get it later
            return exercise.use(function, *arguments)
        if function is answer and case not in observed:
            observed.add(case)
            return exercise.use(function, *arguments)
        name = (key, own[id(function)], case)
        if name not in _results:
            try:
                _results[name] = (exercise.use(function, *arguments), None)
            except Exception as error:
                _results[name] = (None, error)
        result, error = _results[name]
        if error is not None:
            raise error
        return fresh(result)

    return replace(exercise, use=use)


def signature(value: Any) -> str:
    """What tells one argument from another, the numbers of a tensor included.

    >>> import torch
    >>> signature([torch.zeros(9999), 1]) == signature([torch.zeros(9999), 2]), signature({"a": (1, "b")})
    (False, "{'a':(1,'b',)}")
    """
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{signature(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        brackets = "[]" if isinstance(value, list) else "()"
        return brackets[0] + "".join(f"{signature(each)}," for each in value) + brackets[1]
    if type(value).__name__ in {"Tensor", "ndarray"}:
        return f"{value.dtype}{tuple(value.shape)}{hash(str(value.tolist()))}"
    return repr(value)


_results: dict[tuple[str, str, str], Any] = {}


def passes(solution: Solution, source: str) -> bool:
    """Whether the check calls some code right."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            answer = solution.answer(source)
            if solution.key not in _builders:
                return judge(solution.key, answer, *solution.more).passed
            exercise = _builders[solution.key](*solution.more)
            limited = replace(exercise, mistakes={}, seconds=min(exercise.seconds, SECONDS))
            return judge_by(remembering(solution.key, limited, answer), answer, solution.name).passed
        except (Exception, SystemExit):
            return False


def count(key: str, equivalent: dict[str, str]) -> Count:
    """Make the mutants of one exercise and judge them; `equivalent` holds the lines that do no harm, with reasons."""
    solution = solutions(key[:2])[key]
    load_exercises(key[:2])
    assert passes(solution, solution.source), f"{key}: the stored solution itself is refused"
    result = Count()
    seen = set()
    for mutant in mutants(solution.source):
        result.made += 1
        right = passes(solution, mutant.source)
        listed = mutant.line in equivalent
        seen |= {mutant.line} if right else set()
        if not right:
            result.refused += 1
        elif listed:
            result.equivalent += 1
        else:
            result.survived.append(mutant.line)
    result.wrong_reasons = [line for line in equivalent if line not in seen]
    return result


def lessons() -> list[str]:
    """The numbers of the lessons that have exercises."""
    return [path.stem[:2] for path in lesson_paths()]


def main(chosen: list[str]) -> int:
    """Print the table; 1 where a mutant survives without a reason."""
    print(f"{'exercise':24} {'made':>5} {'refused':>8} {'equivalent':>11} {'survived':>9} {'seconds':>8}")
    left = 0
    for lesson in lessons():
        if chosen and not any(each.startswith(lesson) for each in chosen):
            continue
        module = importlib.import_module(f"answers_{lesson}")
        for key in solutions(lesson):
            if chosen and lesson not in chosen and key not in chosen:
                continue
            start = time.perf_counter()
            result = count(key, getattr(module, "EQUIVALENT", {}).get(key, {}))
            took = time.perf_counter() - start
            row = f"{key:24} {result.made:5} {result.refused:8} {result.equivalent:11} {len(result.survived):9}"
            print(f"{row} {took:8.1f}", flush=True)
            for line in result.survived:
                print(f"    survives: {line}")
            for line in result.wrong_reasons:
                print(f"    listed as equivalent, but refused or never made: {line}")
            left += len(result.survived) + len(result.wrong_reasons)
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
