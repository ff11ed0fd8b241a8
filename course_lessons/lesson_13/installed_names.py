"""What a parsed piece of code takes from transformers, datasets and accelerate that the installed versions do not have.

The code is read, never run. The libraries are asked: a name that is not there, an argument that a call does not take,
a task that no pipeline has. What a program guards itself (`try: ... except ImportError`, a test of a version) and what
it binds itself is left alone, so that code which runs is not complained about.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

from course_utils.messages import text

LIBRARIES = ("transformers", "datasets", "accelerate")
ASSUMED = {
    "TrainingArguments": "transformers.TrainingArguments",
    "Seq2SeqTrainingArguments": "transformers.Seq2SeqTrainingArguments",
    "Trainer": "transformers.Trainer",
    "Seq2SeqTrainer": "transformers.Seq2SeqTrainer",
    "pipeline": "transformers.pipeline",
    "DataCollatorWithPadding": "transformers.DataCollatorWithPadding",
    "Accelerator": "accelerate.Accelerator",
    "load_dataset": "datasets.load_dataset",
}
"""Names that a snippet without its imports most likely means so."""
TABLES = {"dataset", "datasets", "ds", "rows", "raw_datasets", "raw_dataset", "train_dataset", "tokenized_datasets"}
"""Names under which documents keep a table of the datasets library."""
CAUGHT = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException", "KeyError", "TypeError"}
"""Errors whose handler shows that the program knows what it does."""
DEEPEST = 30
"""Calls of calls, and names for names, that are followed back."""
Missing = tuple[int, str, str]
"""A line, what is missing there (a name, an argument, a task), and the words for the learner."""


class Scope:
    """Which names of a parsed piece of code come from where.

    >>> scope = Scope(ast.parse("import transformers as t\\nfrom torch.optim import AdamW\\ndef pipeline(x): ..."))
    >>> scope.origin("t"), scope.origin("AdamW"), scope.origin("pipeline")
    ('transformers', 'torch.optim.AdamW', '')
    """

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.bound: dict[str, list[ast.expr | None]] = {}
        self.methods: set[str] = set()
        self.guarded: set[int] = set()
        for node in ast.walk(tree):
            self._note(node)
        self.packages = {target.partition(".")[0] for target in self.imports.values()}

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for name in node.names:
                bound = name.asname or name.name.partition(".")[0]
                self.imports[bound] = name.name if name.asname else bound
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            self.imports |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                self.bound.setdefault(name.asname or name.name, []).append(None)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.bound.setdefault(node.name, []).append(None)
            self.methods.add(node.name)
        elif isinstance(node, ast.arg):
            self.bound.setdefault(node.arg, []).append(None)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.bound.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self.bound.setdefault(node.id, [])
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            self.methods.add(node.attr)
        if isinstance(node, ast.Try) and any(_catches(handler) for handler in node.handlers):
            self._guard([*node.body, *(statement for handler in node.handlers for statement in handler.body)])
        elif isinstance(node, ast.If) and _asks(node.test):
            self._guard([*node.body, *node.orelse])
        elif isinstance(node, ast.With) and any("suppress" in _words(item.context_expr) for item in node.items):
            self._guard(node.body)

    def _guard(self, body: list[ast.stmt]) -> None:
        self.guarded |= {id(inner) for statement in body for inner in ast.walk(statement)}

    def origin(self, name: str) -> str:
        """The dotted name of what an imported name stands for; empty where the code binds it otherwise."""
        if name in self.imports:
            return "" if name in self.bound else self.imports[name]
        return "" if name in self.bound else ASSUMED.get(name, "")

    def dotted(self, node: ast.expr) -> str:
        """The dotted name that an expression stands for, such as "transformers.AutoModel.from_pretrained"."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        root = self.origin(node.id) if isinstance(node, ast.Name) else ""
        return ".".join([root, *reversed(names)]) if root else ""

    def maker(self, node: ast.expr, depth: int = 0) -> str:
        """The dotted name of the call whose result an expression is: of every assignment to it, if they agree."""
        if depth > DEEPEST:
            return ""
        if isinstance(node, ast.Subscript):
            return self.maker(node.value, depth + 1)
        if isinstance(node, ast.Call):
            found = self.dotted(node.func)
            if not found and isinstance(node.func, ast.Attribute):  # a method gives such a thing again, as `map` does
                return self.maker(node.func.value, depth + 1)
            return found
        if not isinstance(node, ast.Name):
            return ""
        makers = set()
        for value in self.bound.get(node.id, []):
            if value is None or not _names_itself(value, node.id):
                makers.add(self.maker(value, depth + 1) if value is not None else "")
        return makers.pop() if len(makers) == 1 else ""

    def foreign(self, node: ast.expr) -> bool:
        """Whether something is known to come from elsewhere: another package, or a function of the code itself."""
        root = node
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        if isinstance(root, ast.Name):
            if root.id in self.methods:
                return True
            target = self.origin(root.id) or self.maker(root)
            if target:
                return _elsewhere(target)
            values = self.bound.get(root.id, [])
            return bool(values) and all(isinstance(value, _LITERALS) for value in values)
        target = self.maker(root)
        return bool(target) and _elsewhere(target)


_LITERALS = (ast.Dict, ast.List, ast.Tuple, ast.Constant, ast.ListComp, ast.DictComp, ast.JoinedStr)


def _elsewhere(target: str) -> bool:
    """Whether a dotted name lies in another package; one that is nearly spelled like a library is meant to be that."""
    package = target.partition(".")[0]
    return not difflib.get_close_matches(package[:60], LIBRARIES, n=1, cutoff=0.8)


def _names_itself(value: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(value))


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name) and node.id in CAUGHT for node in ast.walk(handler.type))


def _asks(test: ast.expr) -> bool:
    """Whether a condition asks for a version or for what there is."""
    asked = ("version", "hasattr", "_available", "TYPE_CHECKING", "find_spec")
    return any(word in name for name in _words(test) for word in asked)


def _words(node: ast.expr) -> set[str]:
    """All names in an expression."""
    inner = list(ast.walk(node))
    return {each.id for each in inner if isinstance(each, ast.Name)} | {
        each.attr for each in inner if isinstance(each, ast.Attribute)
    }


def fate_of(function: Any, keyword: str) -> str:
    """What a call does with a keyword: "named" (a parameter takes it), "swallowed" (by `**`) or "refused".

    >>> def saved(folder, *, quiet=True, **rest): ...
    >>> fate_of(saved, "quiet"), fate_of(saved, "quite"), fate_of(len, "quiet")
    ('named', 'swallowed', 'refused')
    """
    parameters = inspect.signature(function).parameters.values()
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    if any(each.name == keyword and each.kind in by_name for each in parameters):
        return "named"
    return "swallowed" if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters) else "refused"


def missing(scope: Scope) -> list[Missing]:
    """What the code takes from the libraries and they do not have, in the order of the lines.

    >>> code = "from transformers import AutoModel, BertConig\\nAutoModel.from_config(None)"
    >>> [(line, what) for line, what, _ in missing(Scope(ast.parse(code)))]
    [(1, 'transformers.BertConig')]
    """
    found: list[Missing] = []
    for node in ast.walk(scope.tree):
        if id(node) in scope.guarded or not isinstance(node, ast.expr | ast.stmt):
            continue
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += _lacking(node.module, node.lineno)
            for name in node.names:
                if name.name != "*":
                    found += _lacking(f"{node.module}.{name.name}", node.lineno)
        elif isinstance(node, ast.Import):
            for name in node.names:
                found += _lacking(name.name, node.lineno)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            found += _lacking(scope.dotted(node), node.lineno)
        elif isinstance(node, ast.Call):
            found += _of_call(scope, node)
    return sorted(set(found))


def _lacking(target: str, line: int) -> Iterator[Missing]:
    """A name that its library does not have: only the shortest that is missing is told."""
    package, _, rest = target.partition(".")
    if package not in LIBRARIES or not rest or there(target):
        return
    before, _, name = target.rpartition(".")
    if not there(before):
        return
    yield line, target, text("code_reader.no_name", owner=before, name=name, package=package)


def _of_call(scope: Scope, node: ast.Call) -> Iterator[Missing]:
    """Arguments that a call does not take, and tasks that no pipeline has."""
    target = scope.dotted(node.func)
    package = target.partition(".")[0]
    if package in LIBRARIES and there(target):
        if target == "transformers.pipeline":
            yield from _task(scope, node)
        yield from _unknown(_object(target), target.rpartition(".")[2], package, node, scope)
    elif not target and isinstance(node.func, ast.Attribute):
        maker, name = scope.maker(node.func.value), node.func.attr
        table = maker == "datasets.load_dataset" or maker.startswith(("datasets.Dataset.", "datasets.DatasetDict"))
        known = not maker and isinstance(node.func.value, ast.Name) and node.func.value.id in TABLES
        if table or known and not scope.foreign(node.func.value):
            kinds = [_object(f"datasets.{kind}") for kind in ("Dataset", "DatasetDict", "IterableDataset")]
            takes = [getattr(kind, name) for kind in kinds if hasattr(kind, name)]
            if takes:
                yield from _unknown(takes, f"Dataset.{name}", "datasets", node, scope)
            elif table:
                words = text("code_reader.no_name", owner="datasets.Dataset", name=name, package="datasets")
                yield node.lineno, f"datasets.Dataset.{name}", words
        elif maker in ("transformers.Trainer", "transformers.Seq2SeqTrainer") and hasattr(_object(maker), name):
            yield from _unknown(getattr(_object(maker), name), f"Trainer.{name}", "transformers", node, scope)


def _unknown(callee: Any, name: str, package: str, node: ast.Call, scope: Scope) -> Iterator[Missing]:
    """Keywords that none of some callables takes."""
    taken: set[str] = set()
    for each in callee if isinstance(callee, list) else [callee]:
        names = _takes(each)
        if names is None:
            return
        taken |= names
    for keyword in _keywords(node, scope):
        if keyword not in taken:
            near = difflib.get_close_matches(keyword, sorted(taken), n=1, cutoff=0.75)
            words = text("code_reader.no_argument", call=name, name=keyword, package=package)
            if near:
                words += " " + text("code_reader.nearest", near=near[0])
            yield node.lineno, f"{name}({keyword}=)", words


def _keywords(node: ast.Call, scope: Scope) -> Iterator[str]:
    """The names of a call's keywords, those of a dictionary given by `**` included where it stands in the code."""
    for keyword in node.keywords:
        if keyword.arg:
            yield keyword.arg
            continue
        held: ast.expr | None = keyword.value
        if isinstance(held, ast.Name):
            values = scope.bound.get(held.id, [])
            held = values[0] if len(values) == 1 else None
        if isinstance(held, ast.Dict):
            yield from (key.value for key in held.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))
        elif isinstance(held, ast.Call) and isinstance(held.func, ast.Name) and held.func.id == "dict":
            yield from (inner.arg for inner in held.keywords if inner.arg)


def _task(scope: Scope, node: ast.Call) -> Iterator[Missing]:
    """A task that the installed library has no pipeline for."""
    given = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "task")]
    if not given or not isinstance(given[0], ast.Constant) or not isinstance(given[0].value, str):
        return
    task = given[0].value
    registry = importlib.import_module("transformers.pipelines").PIPELINE_REGISTRY
    made = any(
        isinstance(other, ast.Call) and isinstance(other.func, ast.Attribute) and other.func.attr == "register_pipeline"
        for other in ast.walk(scope.tree)
    )
    try:
        registry.check_task(task)
    except Exception:  # KeyError today; whatever it is, there is no such pipeline
        if not made:
            near = difflib.get_close_matches(task, registry.get_supported_tasks(), n=1, cutoff=0.75)
            words = text("code_reader.no_task", task=task, package="transformers")
            yield node.lineno, f"task {task}", " ".join([words, *(text("code_reader.nearest", near=n) for n in near)])


def _takes(callee: Any) -> set[str] | None:
    """The names of the arguments that something takes; None where it takes any, or cannot be asked."""
    try:
        parameters = inspect.signature(callee).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters):
        return None
    return {each.name for each in parameters}


@cache
def there(target: str) -> bool:
    """Whether the installed library has a name; where that cannot be found out, it is taken to be there."""
    package, _, rest = target.partition(".")
    if rest and "." not in rest and rest in dir(importlib.import_module(package)):
        return True  # without loading the part of the library that holds it
    try:
        _found(target)
    except _Gone:
        return False
    except Exception:  # a part of the library that needs another package, and the like
        return True
    return True


def _object(target: str) -> Any:
    """The object that a dotted name stands for; None where that cannot be found out."""
    try:
        return _found(target)
    except Exception:
        return None


class _Gone(Exception):
    """A name is not there."""


def _found(target: str) -> Any:
    """The object that a dotted name stands for; `_Gone` where there is none."""
    names = target.split(".")
    held: Any = importlib.import_module(names[0])
    for place, name in enumerate(names[1:], start=2):
        if hasattr(held, name):
            held = getattr(held, name)
        elif isinstance(held, ModuleType):
            held = _module(".".join(names[:place]))
        elif isinstance(held, type) and not hasattr(held, "__getattr__") and not _declared(held, name):
            raise _Gone(target)
        else:
            raise LookupError(target)  # an object of which nothing is known
    return held


def _declared(kind: type, name: str) -> bool:
    """Whether a class, or one that it is made from, declares an attribute for its objects."""
    return any(name in vars(each).get("__annotations__", {}) for each in kind.__mro__)


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise _Gone(name) from None
        raise
