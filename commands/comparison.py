"""What is compared when a stored lesson is run again: the one rule that `refresh` and the tests share.

It is nbval's rule: everything that a cell gives but pictures and live widgets, unless its tags or a comment of its own
say otherwise. What two honest runs may print differently is smoothed by the rules in `tests/sanitize.cfg`. A picture
is compared by the digest of what was drawn, which stands in the text beside it (`course_utils.picture`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from commands.shared import ROOT

if TYPE_CHECKING:
    from nbformat import NotebookNode

SANITIZE = ROOT / "tests" / "sanitize.cfg"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
NOT_COMPARED = {WIDGET_VIEW, "image/png", "image/jpeg"}
MARKERS = {"nbval-ignore-output", "nbval-skip"}
"""Tags that free a cell from comparison; as a comment, `# NBVAL_SKIP`, they do the same."""

Rule = tuple[re.Pattern[str], str]


def read_rules(config: str) -> list[Rule]:
    r"""The rules of a sanitize file, read as nbval reads them: lines `regex: ...`, each with a `replace: ...` after it.

    >>> apply_rules(read_rules("regex: 0x[0-9a-f]+\nreplace: 0xADDRESS"), "<object at 0x7f3a>")
    '<object at 0xADDRESS>'
    """
    patterns = re.findall(r"^regex: (.*)$", config, flags=re.MULTILINE)
    replacements = re.findall(r"^replace: (.*)$", config, flags=re.MULTILINE)
    return [(re.compile(pattern), new) for pattern, new in zip(patterns, replacements, strict=True)]


def course_rules() -> list[Rule]:
    """The rules of the course."""
    return read_rules(SANITIZE.read_text(encoding="utf-8"))


def apply_rules(rules: Iterable[Rule], text: str) -> str:
    """The text after every rule, in their order."""
    for pattern, new in rules:
        text = pattern.sub(new, text)
    return text


def is_compared(cell: NotebookNode) -> bool:
    """Whether what a cell gives is compared.

    >>> from nbformat.v4 import new_code_cell
    >>> is_compared(new_code_cell("time()")), is_compared(new_code_cell("# NBVAL_IGNORE_OUTPUT"))
    (True, False)
    """
    comments = [line.strip() for line in cell.source.splitlines() if line.strip().startswith("#")]
    said = {comment.lstrip("#").strip().lower().replace("_", "-") for comment in comments}
    return not MARKERS.intersection([*cell.metadata.get("tags", []), *said])


def compared(cell: NotebookNode, rules: Sequence[Rule]) -> dict[str, str]:
    """What is compared of a cell: a text for each kind of output, after the rules."""
    found: dict[str, str] = {}
    for output in cell.outputs:
        if output.output_type == "stream":
            parts = {output.name: output.text}
        elif output.output_type == "error":
            parts = {"error": f"{output.ename}: {output.evalue}\n"}
        else:
            parts = {
                mime: (value if isinstance(value, str) else repr(value)) + "\n"
                for mime, value in output.data.items()
                if mime not in NOT_COMPARED
            }
        for kind, text in parts.items():
            found[kind] = found.get(kind, "") + text
    return {kind: apply_rules(rules, text) for kind, text in found.items()}


def changes(old: Iterable[NotebookNode], new: Iterable[NotebookNode], rules: Sequence[Rule]) -> list[str]:
    """One entry for each compared output that is another one than before, with the first line that differs.

    Args:
        old: the code cells as they were stored.
        new: the code cells after a run.
        rules: what to smooth before comparing.
    """
    before = {cell.id: cell for cell in old}
    found = []
    for cell in new:
        if not is_compared(cell):
            continue
        stored = before.get(cell.id)
        if stored is None or stored.execution_count is None:
            found.append(f"{cell.id}: had no stored output")
            continue
        was, now = compared(stored, rules), compared(cell, rules)
        found += [
            f"{cell.id} ({kind})\n{first_difference(was.get(kind, ''), now.get(kind, ''))}"
            for kind in sorted(was.keys() | now.keys())
            if was.get(kind) != now.get(kind)
        ]
    return found


def first_difference(old: str, new: str, width: int = 90) -> str:
    """The first line that differs, before and after.

    >>> print(first_difference("same\\n0.96\\n", "same\\n0.97\\n"))
        was: 0.96
        now: 0.97
    """
    for was, now in zip_longest(old.splitlines(), new.splitlines()):
        if was != now:
            at = max(0, len(os.path.commonprefix([was or "", now or ""])) - width // 2)
            shown = ["(nothing)" if line is None else line[at : at + width] for line in (was, now)]
            return f"    was: {shown[0]}\n    now: {shown[1]}"
    return "    only the end of a line differs"
