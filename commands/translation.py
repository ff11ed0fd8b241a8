"""A lesson in another language beside its English twin: what follows by itself, and which cells are out of date.

The English lesson is the original. A translated one has the same cells in the same order, with the same ids, tags and
code; prose and comments are its own. Each of its cells keeps, in `metadata.course.from`, the digest of the English cell
that it was written from. `follow` takes over what needs no translator: new code, tags, the order of the cells. A cell
whose English words have changed since keeps its old digest, and `out_of_date` names it until somebody has brought it up
to date and says so: `python course.py refresh --language ko 05 --translated ID`.

Only `setup` differs in code: in a lesson in Korean it is called with `language="ko"`, so that the lesson speaks its
language wherever it is opened.
"""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from commands.study_time import SENTENCE, is_prose, text_of

SETUP = re.compile(r"^setup\(\)$", flags=re.MULTILINE)
BADGE = re.compile(r"(<!-- badge -->).*?(<!-- /badge -->)", flags=re.DOTALL)
MAGIC = re.compile(r"^(\s*)[%!].*$", flags=re.MULTILINE)

Cells = Sequence[Mapping[str, Any]]


def digest(source: str) -> str:
    """Twelve hexadecimal digits that stand for the text of a cell, but for what tools write into it by themselves.

    >>> digest("print(1)"), digest("Study time about 40 minutes.") == digest("Study time about 45 minutes.")
    ('d287bb7f9d15', True)
    """
    source = BADGE.sub(r"\1\2", SENTENCE["en"].sub("", source))
    return hashlib.sha256(source.encode("utf-8")).hexdigest()[:12]


def written_from(cell: Mapping[str, Any]) -> str:
    """The digest of the English cell that a translated one was written from; empty where it is noted nowhere."""
    return str(cell["metadata"].get("course", {}).get("from", ""))


def in_language(code: str, language: str) -> str:
    """English code as it stands in a lesson of another language.

    >>> in_language("from course_utils import setup\\n\\nsetup()", "ko").splitlines()[-1]
    'setup(language="ko")'
    """
    return SETUP.sub(f'setup(language="{language}")', code)


def same_code(one: str, other: str) -> bool:
    """Whether two cells hold the same code: by the syntax tree, so that comments and line breaks do not count.

    >>> same_code("f(1)  # one", "f(\\n    1)  # 하나"), same_code("f(1)", "f(2)")
    (True, False)
    """
    try:
        return ast.dump(ast.parse(without_magic(one))) == ast.dump(ast.parse(without_magic(other)))
    except SyntaxError:
        return one == other


def without_magic(code: str) -> str:
    """Code that Python can parse: IPython's own lines, which begin with % or !, stand as strings."""
    return MAGIC.sub(lambda found: found[1] + repr(found[0].strip()), code)


def comments(code: str) -> list[tuple[int, int, str]]:
    """The comments in code, in order: line (from 1), column, text.

    >>> comments("a = '#'  # one\\n# two")
    [(1, 9, '# one'), (2, 0, '# two')]
    """
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(without_magic(code)).readline):
            if token.type == tokenize.COMMENT:
                found.append((*token.start, token.string))
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def with_comments(code: str, words: Sequence[str]) -> str:
    """Code with its comments replaced, in order; as it is if there are not as many.

    >>> with_comments("f(1)  # one", ["# 하나"])
    'f(1)  # 하나'
    """
    places = comments(code)
    if len(places) != len(words):
        return code
    lines = code.splitlines()
    for (line, column, _), text in zip(places, words, strict=True):
        lines[line - 1] = lines[line - 1][:column] + text
    return "\n".join(lines)


def needs_a_translator(cell: Mapping[str, Any]) -> bool:
    """Whether a cell holds words for the reader: prose does, code where it has comments.

    The first cell of code speaks all languages; it is the same in every lesson.
    """
    return is_prose(cell) or (cell["id"] != "install" and bool(comments(text_of(cell))))


def follow(english: Cells, translated: Cells, language: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The cells of a translated lesson after its English twin, and what was done, a line for each cell.

    Ids, order, types, tags and code are those of the English lesson. Prose stays; so do comments, where there are as
    many as in the English cell. A cell that is new gets the English source, and is out of date. Code without comments
    needs nobody: its digest is renewed.

    >>> def cell(kind, source, **course):
    ...     return {"id": kind, "cell_type": kind, "source": source, "metadata": {"course": course} if course else {}}
    >>> old = [cell("code", "f(1)  # 하나", **{"from": "x"}), cell("gone", "", **{"from": "y"})]
    >>> cells, done = follow([cell("code", "f(2)  # two")], old, "ko")
    >>> cells[0]["source"], written_from(cells[0]), done
    ('f(2)  # 하나', 'x', ['code: took over the code', 'gone: left out, as in English'])
    """
    before = {cell["id"]: cell for cell in translated}
    cells, done = [], []
    for original in english:
        own = before.pop(original["id"], None)
        if own is None or own["cell_type"] != original["cell_type"]:
            cell = deepcopy(dict(original))
            cell["source"] = text_of(original) if is_prose(original) else in_language(text_of(original), language)
            done.append(f"{original['id']}: new, in English so far")
            note = ""
        else:
            cell = deepcopy(dict(own))
            note = written_from(own)
            code = in_language(text_of(original), language)
            same = same_code(code, text_of(own))
            if not needs_a_translator(original):
                cell["source"] = code
            elif not is_prose(original) and not same:
                cell["source"] = with_comments(code, [text for *_, text in comments(text_of(own))])
            if not is_prose(original) and text_of(cell) != text_of(own):
                done.append(f"{original['id']}: took over the code" + ", which only looks different" * same)
        if not needs_a_translator(original):
            note = digest(text_of(original))
        course = {**original["metadata"].get("course", {}), "from": note}
        metadata = {**original["metadata"], "course": course}
        if own is not None and without_digest(own["metadata"]) != without_digest(metadata):
            done.append(f"{original['id']}: took over the tags")
        cell["metadata"] = deepcopy(metadata)
        cells.append(cell)
    order = [cell["id"] for cell in translated if cell["id"] not in before]
    if order != [cell["id"] for cell in cells if cell["id"] in set(order)]:
        done.append("the order of the cells is the English one again")
    done += [f"{name}: left out, as in English" for name in before]
    return cells, done


def without_digest(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What a cell's metadata say besides the digest."""
    return {**metadata, "course": {key: what for key, what in metadata.get("course", {}).items() if key != "from"}}


def out_of_date(english: Cells, translated: Cells) -> list[str]:
    """The ids of the cells whose English twin has changed since they were written, or which were never written.

    Cells that need no translator are left to `follow`.

    >>> english = [{"id": "a", "cell_type": "markdown", "source": "New.", "metadata": {}}]
    >>> out_of_date(english, [{**english[0], "metadata": {"course": {"from": digest("Old.")}}}])
    ['a']
    """
    own = {cell["id"]: cell for cell in translated}
    return [
        cell["id"]
        for cell in english
        if cell["id"] not in own
        or (needs_a_translator(cell) and written_from(own[cell["id"]]) != digest(text_of(cell)))
    ]


def stamp(english: Cells, translated: Iterable[dict[str, Any]], names: Iterable[str]) -> list[str]:
    """Note of the cells named that they say what the English ones say now; the names that are no cell's."""
    original = {cell["id"]: cell for cell in english}
    left = set(names) - set(original)
    for cell in translated:
        if cell["id"] in set(names) & set(original):
            cell["metadata"].setdefault("course", {})["from"] = digest(text_of(original[cell["id"]]))
    return sorted(left)
