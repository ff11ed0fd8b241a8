"""The findings of `course_lessons.lesson_09.inspect_setup` as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from course_lessons.lesson_09.inspect_setup import Finding
from course_utils.display import show
from course_utils.markup import inline_code
from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, HTML_FONT, INK, ORANGE, PAPER, VERMILION

COLOURS = {"stop": VERMILION, "wrong": ORANGE, "know": BLUE}


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
        raise CourseError(text("checklist.view.not_findings", kind=type(findings).__name__))
    style = f"font-family:{HTML_FONT};font-size:16px;line-height:1.45;color:{INK};background:white"
    if not findings:
        return (
            f'<div class="course-findings" style="{style};padding:6px">{escape(text("checklist.view.nothing"))}</div>'
        )
    counted = Counter(one.level for one in findings)
    summary = text("checklist.view.summary", **{level: counted[level] for level in COLOURS})
    cell = "text-align:left;vertical-align:top;padding:5px 10px;background:white"
    head = "".join(
        f'<th style="{cell};font-weight:bold">{escape(text(f"checklist.view.{name}"))}</th>'
        for name in ("level", "part", "words")
    )
    rows = "".join(
        f'<tr style="background:white">'
        f'<td style="{cell};white-space:nowrap;border-left:8px solid {COLOURS[one.level]}">'
        f"<b>{escape(text(f'checklist.levels.{one.level}'))}</b></td>"
        f'<td style="{cell}">{escape(text(f"checklist.parts.{one.part}"))}</td>'
        f'<td style="{cell};background:{PAPER};max-width:46em">{inline_code(one.words)}</td></tr>'
        for one in findings
    )
    return (
        f'<div class="course-findings" style="{style};padding:6px"><p style="margin:4px 0">{escape(summary)}</p>'
        f'<table style="border-collapse:separate;border-spacing:0 5px"><tr>{head}</tr>{rows}</table></div>'
    )


def show_findings(findings: Sequence[Finding]) -> None:
    """Show `findings_html`; in a terminal, its words.

    >>> show_findings([])
    Nothing is off, as far as this list can see.
    """
    show(None, findings_html(findings))
