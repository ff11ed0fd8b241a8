"""Old forms of code beside today's, as HTML: one construct as a card, all of them as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from course_lessons.lesson_13.code_reader import MOST_CHARACTERS, Reading, read_code
from course_lessons.lesson_13.constructs import CONSTRUCTS, RUNS, Construct, Outcome, as_stated
from course_utils.markup import card, inline_code
from course_utils.messages import text
from course_utils.palette import GREEN, INK, PAPER, VERMILION

CODE = (
    f"background:white;color:{INK};padding:6px 10px;margin:2px 0 8px 0;font-size:15px;line-height:1.4;"
    "white-space:pre-wrap;border:1px solid #ccc;overflow-wrap:anywhere"
)
CELL = f"padding:4px 14px 4px 0;text-align:left;vertical-align:top;color:{INK};overflow-wrap:anywhere"
MOST_SHOWN = 8
"""Cards shown at once."""
MOST_WORDS = 200
"""Characters of a search that are looked at."""


def construct_html(each: Construct, line: int | None = None) -> str:
    """One construct: old form, what it does today, why, today's form, and where the course shows it.

    Args:
        each: the construct.
        line: the line of a pasted text where it was found.

    >>> "No module named" in construct_html(CONSTRUCTS[3])
    True
    """
    place = "" if line is None else f"<b>{text('views_constructs.line', line=line)}</b> "
    today = Outcome(each.outcome, each.says)
    edge = VERMILION if each.outcome != RUNS else GREEN
    where = text("views_constructs.where", section=each.section)
    if each.lesson:
        where += " " + text("views_constructs.lesson", lesson=each.lesson)
    return (
        f'<div class="course-construct" style="border-left:6px solid {edge};background:{PAPER};color:{INK};'
        f'padding:8px 12px;margin:6px 0;font-size:16px;line-height:1.5;max-width:60em">'
        f"<p style='margin:0'>{place}{text('views_constructs.old')}</p>{_code(each.old)}"
        f"<p style='margin:0'>{text('views_constructs.today')}</p>{_code(str(today))}"
        f"<p style='margin:0'>{text('views_constructs.new')}</p>{_code(each.new)}"
        f"<p style='margin:0'>{inline_code(each.why)}</p><p style='margin:0'>{escape(where)}</p></div>"
    )


def reading_html(reading: Reading) -> str:
    """What a look at a pasted text found, slips first, then the constructs, as HTML.

    >>> from course_lessons.lesson_13.code_reader import read_code
    >>> "nothing" in reading_html(read_code("x = 1"))
    True
    """
    parts = []
    if reading.cut:
        parts.append(card(escape(text("views_constructs.cut", most=f"{MOST_CHARACTERS:,}")), "note"))
    for slip in reading.slips[:MOST_SHOWN]:
        words = f"{text('views_constructs.line', line=slip.line)} {slip.words}"
        parts.append(card(escape(words), "wrong"))
    parts += [construct_html(each, line) for line, each in reading.found[:MOST_SHOWN]]
    if len(reading.found) > MOST_SHOWN:
        words = text("views_constructs.more", number=len(reading.found) - MOST_SHOWN)
        parts.append(card(escape(words), "note"))
    if not reading.slips and not reading.found:
        parts.append(card(inline_code(text("views_constructs.nothing")), "note"))
    return "".join(parts)


def search_html(words: str) -> str:
    """What is known of a piece of code, or of some words to search for, as HTML. Nothing is run.

    >>> "get_scheduler" in search_html("create_optimizer")
    True
    """
    if not words.strip():
        return card(escape(text("views_constructs.empty")), "note")
    reading = read_code(words)
    if reading.found or reading.slips or "\n" in words.strip():
        return reading_html(reading)
    found = search(words)
    return "".join(construct_html(each) for each in found[:MOST_SHOWN]) or reading_html(reading)


def search(words: str) -> list[Construct]:
    """The constructs in whose code, message or explanation all words stand, whatever their case.

    >>> [each.key for each in search("notebook hamster")]
    []
    >>> [each.key for each in search("encode_plus BATCH")]
    ['batch-encode-plus']
    """
    wanted = words[:MOST_WORDS].lower().split()
    found = []
    for each in CONSTRUCTS:
        whole = " ".join((each.key, each.old, each.outcome, each.says, each.new, each.why)).lower()
        if wanted and all(word in whole for word in wanted):
            found.append(each)
    return found


def outcomes_html(outcomes: Sequence[tuple[Construct, Outcome]]) -> str:
    """All constructs as a table: the line, what it did in the tested versions, whether it does the same here.

    >>> old = CONSTRUCTS[0]
    >>> "changed" in outcomes_html([(old, Outcome("runs", ""))])
    True
    """
    names = ("line", "tested", "here")
    head = "".join(f"<th style='{CELL}'>{text(f'views_constructs.column_{name}')}</th>" for name in names)
    rows = []
    for old, now in outcomes:
        same = as_stated(old, now)
        here = f"<b>{text('views_constructs.changed')}</b> {escape(str(now))}"
        if same:
            here = f"<span style='white-space:nowrap'>{text('views_constructs.same')}</span>"
        tested = old.outcome if old.outcome != RUNS else f"{RUNS}: {old.says}"
        rows.append(
            f"<tr><td style='{CELL}'><code>{escape(old.line)}</code></td>"
            f"<td style='{CELL}'>{escape(tested)}</td><td style='{CELL}'>{here}</td></tr>"
        )
    return (
        "<table style='background:white;border-collapse:collapse;font-size:15px'>"
        f"<tr>{head}</tr>{''.join(rows)}</table>"
    )


def _code(words: str) -> str:
    return f"<pre style='{CODE}'>{escape(words)}</pre>"
