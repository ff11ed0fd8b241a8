"""Reading a piece of code, without running it, for what older documents write and today's library no longer takes.

The code is parsed by Python's own parser. Code that does not parse (a prompt copied along, a lost quote) is read
line by line, and the line where Python stops is told. What the table of constructs does not know, the installed
libraries are asked for (`installed_names`). `find_old_code` does all of that with a whole file or a notebook.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from course_lessons.lesson_13.constructs import CONSTRUCTS, RUNS, Construct
from course_lessons.lesson_13.installed_names import TABLES, Scope, missing, there
from course_utils.messages import CourseError, brief, text, whole_characters

MOST_CHARACTERS = 100_000
"""Characters of a text that are read."""
MOST_NAMES = 40
"""Imported names whose spelling is looked at: finding the nearest of thousands takes some milliseconds each."""
PROMPT = re.compile(r"^\s*(>>>|\.\.\.)( |$)")
MAGIC = re.compile(r"^(\s*)(?:%{1,2}[A-Za-z].*|!.*|\?{1,2}[\w.]+|[\w.]+\?{1,2}\s*)$")
"""A line of a notebook that is for IPython and not for Python."""
KERAS = {"tensorflow", "keras", "sklearn", "flax", "jax"}
"""Packages whose models have `compile` and `fit` of their own."""
DEPRECATED = {"cache-name"}
"""Constructs that still do what they did, with a warning."""
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
        slips: what looks like slips of the keyboard or of copying, and names that the installed libraries lack.
        cut: whether the text was longer than `MOST_CHARACTERS`; then only its beginning was read.
    """

    found: tuple[tuple[int, Construct], ...]
    slips: tuple[Slip, ...]
    cut: bool


@dataclass(frozen=True)
class Finding:
    """Something that does not do today what it did, or never did.

    Attributes:
        places: cell and line of each place, both counted from 1; the cell is 0 where there are no cells.
        kind: "gone" (an error today), "silent" (runs and does something else), "deprecated" or "slip".
        what: the key of the construct, the name that is missing, or nothing for a slip.
        words: what the learner is told.
    """

    places: tuple[tuple[int, int], ...]
    kind: str
    what: str
    words: str

    def __str__(self) -> str:
        """In one line.

        >>> print(Finding(((0, 3), (0, 7)), "gone", "adamw", "The class left the library."))
        line 3, 7: gone: The class left the library.
        """
        where = [f"{line}" if not cell else f"{cell}.{line}" for cell, line in self.places]
        place = "cell_line" if self.places and self.places[0][0] else "line"
        kind = text(f"code_reader.kinds.{self.kind}")
        return text(f"code_reader.found_at.{place}", where=", ".join(where), kind=kind, words=self.words)


def find_old_code(source: str | Path) -> list[Finding]:
    """Look a program or a whole notebook over for what today's libraries no longer take. Nothing of it is run.

    Args:
        source: code as text, or the path of a file: a notebook (.ipynb) or any other text.
    Raises:
        CourseError: the file is not there, or is no notebook.

    >>> code = "from transformers import AdamW\\noptimizer = AdamW(lr=1)\\nimport transformers.nothing"
    >>> for found in find_old_code(code):
    ...     print(found.places, found.kind, found.what)
    ((0, 1),) gone adamw
    ((0, 3),) gone transformers.nothing
    """
    file = _file(source)
    if file is None:
        return _findings([(0, str(source))])
    try:
        words = file.read_text(encoding="utf-8")
        if file.suffix != ".ipynb":
            return _findings([(0, words)])
        cells = [cell for cell in json.loads(words)["cells"] if cell["cell_type"] == "code"]
        return _findings([(number, "".join(cell["source"])) for number, cell in enumerate(cells, start=1)])
    except (OSError, ValueError, KeyError, TypeError):
        raise CourseError(text("code_reader.no_file", given=brief(str(source)))) from None


def _file(source: str | Path) -> Path | None:
    """The file that is meant, if a file is meant."""
    if isinstance(source, Path):
        return source
    alone = source.strip()
    return Path(alone) if re.fullmatch(r"[^\n()=]+\.(py|ipynb|txt|md)", alone) else None


def _findings(parts: list[tuple[int, str]]) -> list[Finding]:
    """All that is found in the cells of a notebook, or in one text.

    The cells that Python can read are one program, so that a name goes from one to the next; each other stands alone.
    """
    read = [(cell, whole_characters(code[:MOST_CHARACTERS])) for cell, code in parts]
    kept = [(cell, code if _parsed(code) else _without_magics(code)) for cell, code in read]
    good = [(cell, code) for cell, code in kept if _parsed(code)]
    found: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for piece in [good, *([each] for each in kept if each not in good)]:
        places = [(cell, line) for cell, code in piece for line, _ in enumerate(code.splitlines() or [""], start=1)]
        for line, kind, what, words in _read("\n".join("\n".join(code.splitlines()) for _, code in piece)):
            found.setdefault((kind, what, words), []).append(places[min(line, len(places)) - 1])
    findings = [Finding(tuple(dict.fromkeys(places)), *key) for key, places in found.items()]
    return sorted(findings, key=lambda each: each.places)


def _without_magics(code: str) -> str:
    """The code with the lines for IPython made empty; a whole cell of another language too."""
    if code.lstrip().startswith("%%") and not re.match(r"\s*%%(time|capture|timeit)", code):
        return ""
    return "\n".join(MAGIC.sub(lambda found: f"{found.group(1) or ''}pass", line) for line in code.splitlines())


def _read(code: str) -> list[tuple[int, str, str, str]]:
    """Line, kind, what and words of everything that is found in a text."""
    table, entries = _of_table(code), []
    for line, each in table:
        kind = "deprecated" if each.key in DEPRECATED else "silent" if each.outcome == RUNS else "gone"
        entries.append((line, kind, each.key, f"{each.line}: {each.why}"))
    slips = [(slip.line, "slip", "", slip.words) for slip in _slips(code)]
    lines = {(line, words.split(":")[0]) for line, _, _, words in slips}
    lacking = [
        (line, "gone", what, words)
        for line, what, words in _lacking(code)
        if not _known_to(table, line, what) and (line, what.rpartition(".")[2]) not in lines
    ]
    return sorted([*entries, *slips, *lacking])


def _known_to(table: list[tuple[int, Construct]], line: int, what: str) -> bool:
    """Whether the table says already what is missing at this line."""
    last = re.split(r"[.( ]", what.rstrip("=)"))[-1]
    facts_of_it = (
        f"import {what}",
        f"call pipeline {last}",
        f"attribute {last}",
        f"keyword {what.rstrip('=)').replace('(', '.')}",
    )
    return any(
        fnmatchcase(fact, known)
        for at, each in table
        if at == line
        for known in each.recognised_by
        for fact in facts_of_it
    ) or any(at == line and each.key == "map-batch" and last == "batch" for at, each in table)


def _lacking(code: str) -> list[tuple[int, str, str]]:
    """What the installed libraries do not have, of a text that Python can read."""
    tree = _parsed(_plain(code))
    return missing(Scope(tree)) if tree else []


def _of_table(code: str) -> list[tuple[int, Construct]]:
    """Every line with a construct of the table, in order."""
    found: dict[tuple[int, str], Construct] = {}
    for fact in facts(code):
        for each in CONSTRUCTS:
            if any(fnmatchcase(fact.what, known) for known in each.recognised_by):
                found.setdefault((fact.line, each.key), each)
    for line, key in list(found):
        exact = {"tf-tensors": "tf-collator", "cache-name": "cache-item"}.get(key)
        if exact and (line, exact) in found:  # the same thing, said more exactly
            del found[line, key]
    return [(line, each) for (line, _), each in sorted(found.items(), key=lambda pair: pair[0][0])]


def read_code(code: str) -> CodeReading:
    """Look a piece of code over for the constructs of `CONSTRUCTS`, for slips and for what is not installed.

    It is parsed, never run.

    Args:
        code: any text; of a very long one the first 100,000 characters are read.

    >>> reading = read_code("from transformers import (\\n    AutoModel,\\n    AdamW,\\n)")
    >>> [(line, found.key) for line, found in reading.found]
    [(1, 'adamw')]
    >>> [slip.words for slip in read_code("from transforemres import pipeline").slips]
    ['transforemres: did you mean transformers?']
    """
    kept = whole_characters(code[:MOST_CHARACTERS])
    first: dict[str, tuple[int, Construct]] = {}
    for line, each in _of_table(kept):
        first.setdefault(each.key, (line, each))
    for exact, vague in (("tf-collator", "tf-tensors"), ("cache-item", "cache-name")):
        if exact in first and first.get(vague, (0,))[0] == first[exact][0]:
            del first[vague]
    slips = [
        Slip(line, words)
        for line, kind, what, words in _read(kept)
        if kind == "slip" or (kind == "gone" and what not in _keys())
    ]
    return CodeReading(tuple(first.values()), tuple(slips), len(code) > MOST_CHARACTERS)


def _keys() -> set[str]:
    return {each.key for each in CONSTRUCTS}


def facts(code: str) -> list[Fact]:
    """What a piece of code imports, calls, names and writes, as lines of one form each.

    Left out is what the code guards (`try: ... except ImportError`), defines itself, or has from another package.

    Forms: "import MODULE.NAME", "attribute NAME", "keyword FUNCTION.NAME", "keyword FUNCTION.NAME=TEXT",
    "call FUNCTION TEXT" (first argument a text), "item NAME" (something taken out of NAME by number),
    "text TEXT", "column given to a tokenizer", and "mask given to a default model".

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
    scope = Scope(tree)
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    collected = [
        (node.lineno, getattr(node, "col_offset", 0), what)
        for node in ast.walk(tree)
        if isinstance(node, ast.expr | ast.stmt) and id(node) not in scope.guarded
        for what in _of_node(node, scope)
        if not (what.endswith(".output_attentions") and "eager" in texts)
    ]
    if any(_default_mask(node) for node in ast.walk(tree)):
        collected += [
            (node.lineno, node.col_offset, "mask given to a default model")
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and "[MASK]" in str(node.value)
        ]
    return [Fact(line + above, what) for line, _, what in sorted(collected, key=lambda found: found[:2])]


def _default_mask(node: ast.AST) -> bool:
    """Whether a pipeline that fills masks is made without a model being named."""
    if not isinstance(node, ast.Call) or _name(node.func) != "pipeline" or len(node.args) > 1:
        return False
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    task = node.args[0] if node.args else given.get("task")
    return "model" not in given and isinstance(task, ast.Constant) and task.value == "fill-mask"


def _of_node(node: ast.expr | ast.stmt, scope: Scope) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for name in node.names:
            yield f"import {name.name}"
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield f"import {node.module}"
        for name in node.names:
            yield f"import {node.module.split('.')[0]}.{name.name}"
    elif isinstance(node, ast.Attribute):
        yield from _of_attribute(node, scope)
    elif isinstance(node, ast.Subscript):
        if _name(node.value) and _number(node.slice) and _is_field(node.value, scope):
            yield f"item {_name(node.value)}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield f"text {node.value}"
    elif isinstance(node, ast.Call):
        yield from _of_call(node, scope)


def _of_attribute(node: ast.Attribute, scope: Scope) -> Iterator[str]:
    module = scope.dotted(node.value)
    if module and "." not in module:
        yield f"import {module}.{node.attr}"
    elif not module and isinstance(node.value, ast.Name) and node.value.id not in scope.bound:
        yield f"import {node.value.id}.{node.attr}"
    if node.attr in scope.methods or scope.foreign(node.value):
        return
    if node.attr == "to_tf_dataset" and find_spec("tensorflow"):
        return
    yield f"attribute {node.attr}"


def _is_field(node: ast.expr, scope: Scope) -> bool:
    """Whether an expression is a field of something, or a name for one."""
    if isinstance(node, ast.Name):
        values = scope.bound.get(node.id, [])
        return bool(values) and all(isinstance(value, ast.Attribute) for value in values)
    return isinstance(node, ast.Attribute)


def _of_call(node: ast.Call, scope: Scope) -> Iterator[str]:
    called = _name(node.func)
    if scope.foreign(node.func) or called in {"compile", "fit"} and scope.packages & KERAS:
        return
    if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
        yield f"call {called} {node.args[0].value}"
    for keyword in node.keywords:
        if keyword.arg == "task" and isinstance(keyword.value, ast.Constant):
            yield f"call {called} {keyword.value.value}"
        if keyword.arg and not (called == "map" and not _is_table(node.func, scope)):
            yield f"keyword {called}.{keyword.arg}"
            if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
                yield f"keyword {called}.{keyword.arg}={keyword.value.value}"
    if "tokenizer" in called.lower() and any(_is_column(argument, scope) for argument in node.args):
        yield "column given to a tokenizer"


def _is_table(node: ast.expr, scope: Scope) -> bool:
    """Whether the method that is called is that of a table of the datasets library, by its name or by what made it."""
    if not isinstance(node, ast.Attribute):
        return False
    held = node.value
    while isinstance(held, ast.Subscript):
        held = held.value
    return scope.maker(held).startswith("datasets.") or isinstance(held, ast.Name) and held.id in TABLES


def _name(node: ast.expr) -> str:
    """The last name of what is called or indexed: `load` for `evaluate.load`; empty where there is none."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _number(node: ast.expr) -> bool:
    """Whether an index is a number, -1 included."""
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(inner, ast.Constant) and isinstance(inner.value, int)


def _is_column(node: ast.expr, scope: Scope) -> bool:
    """Whether an argument looks like `table["train"]["text"]` or `dataset["text"]`, and not like a batch of `map`."""
    if not (isinstance(node, ast.Subscript) and _text_index(node)):
        return False
    inner = node.value
    root = inner.value if isinstance(inner, ast.Subscript) else inner
    if not isinstance(root, ast.Name) or scope.foreign(root) or None in scope.bound.get(root.id, []):
        return False
    if isinstance(inner, ast.Subscript):
        return _text_index(inner)
    return root.id in TABLES or scope.maker(root).startswith("datasets.Dataset.")


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
    return near[0] if near and not there(f"transformers.{name}") else ""  # some names are there without being listed


def _told_of(name: str) -> bool:
    """Whether the table of constructs says what became of a name: then it was right once."""
    return any(fnmatchcase(f"import transformers.{name}", known) for each in CONSTRUCTS for known in each.recognised_by)


@cache
def _known() -> frozenset[str]:
    """All names that the installed transformers offers; nothing is loaded for it."""
    import transformers

    return frozenset(dir(transformers))


def main(paths: Iterable[str]) -> int:
    """Look files over and print what is found: `python -m course_lessons.lesson_13.code_reader FILE ...`."""
    number = 0
    for path in paths:
        for finding in find_old_code(Path(path)):
            print(f"{path}: {finding}")
            number += 1
    return int(number > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
