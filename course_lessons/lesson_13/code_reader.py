"""Reading a piece of code, without running it, for what older documents write and today's library no longer takes.

The code is parsed by Python's own parser. Code that does not parse (a prompt copied along, a lost quote) is read
line by line, and the line where Python stops is told.
"""

from __future__ import annotations

import ast
import difflib
import re
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import islice

from course_lessons.lesson_13.constructs import CONSTRUCTS, Construct
from course_utils.messages import text, whole_characters

MOST_CHARACTERS = 4000
"""Characters of a pasted text that are read."""
MOST_NAMES = 40
"""Imported names whose spelling is looked at: finding the nearest of thousands takes some milliseconds each."""
PROMPT = re.compile(r"^\s*(>>>|\.\.\.)( |$)")
TABLES = {"dataset", "datasets", "ds", "rows", "raw_datasets", "raw_dataset", "train_dataset"}
"""Names under which documents keep a table of the datasets library."""
PACKAGES = ("transformers", "datasets", "tokenizers", "accelerate", "torch", "sklearn", "evaluate", "numpy", "pandas")


@dataclass(frozen=True)
class Fact:
    """Something that a piece of code writes: the line, counted from 1, and what, such as "attribute encode_plus"."""

    line: int
    what: str


@dataclass(frozen=True)
class Slip:
    """A line where the text is no Python, or where a name seems misspelt; `words` say it to the learner."""

    line: int
    words: str


@dataclass(frozen=True)
class CodeReading:
    """What `read_code` found.

    Attributes:
        found: line and construct, in the order of the lines; a construct is listed once, at its first line.
        slips: what looks like slips of the keyboard or of copying.
        cut: whether the text was longer than `MOST_CHARACTERS`; then only its beginning was read.
    """

    found: tuple[tuple[int, Construct], ...]
    slips: tuple[Slip, ...]
    cut: bool


def read_code(code: str) -> CodeReading:
    """Look a piece of code over for the constructs of `CONSTRUCTS` and for slips. It is parsed, never run.

    Args:
        code: any text; of a very long one the first 4,000 characters are read.

    >>> reading = read_code("from transformers import (\\n    AutoModel,\\n    AdamW,\\n)")
    >>> [(line, found.key) for line, found in reading.found]
    [(1, 'adamw')]
    >>> [slip.words for slip in read_code("from transforemres import pipeline").slips]
    ['transforemres: did you mean transformers?']
    """
    kept = whole_characters(code[:MOST_CHARACTERS])
    found: dict[str, tuple[int, Construct]] = {}
    for fact in facts(kept):
        for each in CONSTRUCTS:
            if each.key not in found and any(fnmatchcase(fact.what, known) for known in each.recognised_by):
                found[each.key] = (fact.line, each)
    if "tf-collator" in found:  # the same argument, said more exactly
        found.pop("tf-tensors", None)
    if "cache-item" in found:  # its form of today has the new name
        found.pop("cache-name", None)
    in_order = sorted(found.values(), key=lambda pair: pair[0])
    return CodeReading(tuple(in_order), tuple(_slips(kept)), len(code) > MOST_CHARACTERS)


def facts(code: str) -> list[Fact]:
    """What a piece of code imports, calls, names and writes, as lines of one form each.

    Forms: "import MODULE.NAME", "attribute NAME", "keyword FUNCTION.NAME", "keyword FUNCTION.NAME=TEXT",
    "call FUNCTION TEXT" (first argument a text), "item NAME" (something taken out of NAME by number),
    "text TEXT", and "column given to a tokenizer".

    >>> [fact.what for fact in facts('tokenizer(words, return_tensors="tf")')]
    ['keyword tokenizer.return_tensors', 'keyword tokenizer.return_tensors=tf', 'text tf']
    """
    tree = _parsed(_plain(code))
    if tree is not None:
        return _of_tree(tree, 0)
    collected: list[Fact] = []
    for number, line in enumerate(code.splitlines()):
        alone = PROMPT.sub("", line).strip()
        part = _parsed(alone) or _parsed(alone.rstrip(",")) or _parsed(alone + "\n    pass") or _parsed(alone + ")")
        if part is not None:
            collected += _of_tree(part, number)
        else:
            collected += [Fact(number + 1, f"attribute {name}") for name in re.findall(r"\.(\w+)\s*\(", alone)]
            collected += [Fact(number + 1, f"keyword ?.{name}") for name in re.findall(r"(\w+)\s*=(?!=)", alone)]
    return collected


def _plain(code: str) -> str:
    """The code without the prompts of a terminal, and moved to the left margin."""
    lines = [PROMPT.sub("", line) for line in code.splitlines()]
    return textwrap.dedent("\n".join(lines))


def _parsed(code: str) -> ast.Module | None:
    """The tree of a piece of code; None where Python cannot read it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _of_tree(tree: ast.Module, above: int) -> list[Fact]:
    """The facts of a parsed text that begins `above` lines below the top."""
    collected = [
        (node.lineno, getattr(node, "col_offset", 0), what)
        for node in ast.walk(tree)
        if isinstance(node, ast.expr | ast.stmt)
        for what in _of_node(node)
    ]
    return [Fact(line + above, what) for line, _, what in sorted(collected, key=lambda found: found[:2])]


def _of_node(node: ast.expr | ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for name in node.names:
            yield f"import {name.name}"
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield f"import {node.module}"
        for name in node.names:
            yield f"import {node.module.split('.')[0]}.{name.name}"
    elif isinstance(node, ast.Attribute):
        yield f"attribute {node.attr}"
        if isinstance(node.value, ast.Name):
            yield f"import {node.value.id}.{node.attr}"
    elif isinstance(node, ast.Subscript):
        if _name(node.value) and _number(node.slice):
            yield f"item {_name(node.value)}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield f"text {node.value}"
    elif isinstance(node, ast.Call):
        yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[str]:
    called = _name(node.func)
    if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
        yield f"call {called} {node.args[0].value}"
    for keyword in node.keywords:
        if keyword.arg:
            yield f"keyword {called}.{keyword.arg}"
            if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
                yield f"keyword {called}.{keyword.arg}={keyword.value.value}"
    if "tokenizer" in called.lower() and any(_is_column(argument) for argument in node.args):
        yield "column given to a tokenizer"


def _name(node: ast.expr) -> str:
    """The last name of what is called or indexed: `load` for `evaluate.load`; empty where there is none."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _number(node: ast.expr) -> bool:
    """Whether an index is a number, -1 included."""
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(inner, ast.Constant) and isinstance(inner.value, int)


def _is_column(node: ast.expr) -> bool:
    """Whether an argument looks like `table["train"]["text"]` or `dataset["text"]`."""
    if not (isinstance(node, ast.Subscript) and _text_index(node)):
        return False
    inner = node.value
    if isinstance(inner, ast.Subscript):
        return _text_index(inner)
    return isinstance(inner, ast.Name) and inner.id in TABLES


def _text_index(node: ast.Subscript) -> bool:
    return isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)


def _slips(code: str) -> Iterator[Slip]:
    """Prompts, text that is no Python, and names that are nearly those of the libraries."""
    lines = code.splitlines()
    prompts = [number for number, line in enumerate(lines, start=1) if PROMPT.match(line)]
    if prompts:
        yield Slip(prompts[0], text("code_reader.prompt"))
    plain = _plain(code)
    if _looks_like_code(plain):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(plain)
        except SyntaxError as error:
            yield Slip(error.lineno or 1, text("code_reader.no_python", message=error.msg))
        except (ValueError, RecursionError, MemoryError):
            yield Slip(1, text("code_reader.too_deep"))
    for number, package, name in islice(_imports(plain), MOST_NAMES):
        near = _nearest(package, name)
        if near:
            yield Slip(number, text("code_reader.misspelt", given=name or package, near=near))


def _looks_like_code(words: str) -> bool:
    """Whether a text is meant as code: a few words to search for are not told that they are no Python."""
    return bool(re.search(r"[(=\[]|^\s*(from|import)\b", words, flags=re.MULTILINE))


def _imports(code: str) -> Iterator[tuple[int, str, str]]:
    """Line, package and name of every import; the name is empty where only a package is imported."""
    for number, line in enumerate(code.splitlines(), start=1):
        if found := re.match(r"\s*from\s+(\w+)[\w.]*\s+import\s+(.*)", line):
            yield number, found.group(1), ""
            for name in re.findall(r"(\w+)(?:\s+as\s+\w+)?", found.group(2).split("#")[0]):
                yield number, found.group(1), name
        elif found := re.match(r"\s*import\s+(\w+)", line):
            yield number, found.group(1), ""


def _nearest(package: str, name: str) -> str:
    """The name that was probably meant, or nothing where the name is right or quite another one."""
    if not name:
        near = difflib.get_close_matches(package[:60], PACKAGES, n=1, cutoff=0.8)
        return near[0] if near and near[0] != package else ""
    if package != "transformers" or name in _known() or _told_of(name):
        return ""
    near = difflib.get_close_matches(name[:60], _known(), n=1, cutoff=0.85)
    return near[0] if near else ""


def _told_of(name: str) -> bool:
    """Whether the table of constructs says what became of a name: then it was right once."""
    return any(fnmatchcase(f"import transformers.{name}", known) for each in CONSTRUCTS for known in each.recognised_by)


@cache
def _known() -> frozenset[str]:
    """All names that the installed transformers offers; nothing is loaded for it."""
    import transformers

    return frozenset(dir(transformers))
