"""The findings of `course_checks.inspect_setup` as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from course_checks.inspect_setup import Finding
from course_utils.display import show
from course_utils.markup import inline_code, panel, table
from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, ORANGE, VERMILION

LEVEL_COLOURS = {"stop": VERMILION, "wrong": ORANGE, "know": BLUE}


def findings_html(findings: Sequence[Finding]) -> str:
    """One row for each finding: how bad, about what, and in words what is off; one sentence where there are none.

    Args:
        findings: what `inspect_setup` returned.
    Raises:
        CourseError: something else than a list of findings.

    >>> "Nothing is off" in findings_html([])
    True
    """
    if not isinstance(findings, list | tuple) or not all(isinstance(one, Finding) for one in findings):
        raise CourseError(text("draw_findings.not_findings", kind=type(findings).__name__))
    if not findings:
        return panel("findings", escape(text("draw_findings.nothing")))
    counted = Counter(one.level for one in findings)
    summary = text("draw_findings.summary", **{level: counted[level] for level in LEVEL_COLOURS})
    rows = [
        (
            escape(text(f"draw_findings.levels.{one.level}")),
            escape(text(f"draw_findings.parts.{one.part}")),
            inline_code(one.words),
        )
        for one in findings
    ]
    heads = [escape(text(f"draw_findings.{name}")) for name in ("level", "part", "words")]
    edges = [LEVEL_COLOURS[one.level] for one in findings]
    return panel("findings", f"<p>{escape(summary)}</p>", table(rows, heads, row_heads=True, edges=edges))


def show_findings(findings: Sequence[Finding]) -> None:
    """Show `findings_html`; in a terminal, its words.

    >>> show_findings([])
    Nothing is off, as far as this list can see.
    """
    show(None, findings_html(findings))
