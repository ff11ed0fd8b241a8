"""Old forms of code beside today's, as HTML: one construct as a card, all of them as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from course_lessons.lesson_13.code_reader import MOST_CHARACTERS, CodeReading, read_code
from course_lessons.lesson_13.constructs import CONSTRUCTS, RUNS, Construct, Outcome, as_stated
from course_utils.markup import card, code_block, inline_code, table
from course_utils.messages import text

MOST_SHOWN = 8
"""Cards shown at once."""
MOST_WORDS = 200
"""Characters of a search that are looked at."""


def construct_html(each: Construct, line: int | None = None) -> str:
    """One construct: old form, what it does today, why, today's form, and where the course shows it.

    Args:
        each: the construct.
        line: the line of a pasted text where it was found.

    >>> "encode_plus" in construct_html(CONSTRUCTS[3])
    True
    """
    at = "" if line is None else f"<b>{text('draw_constructs.line', line=line)}</b> "
    today = Outcome(each.outcome, each.says)
    where = text("draw_constructs.where", section=each.section)
    if each.lesson:
        where += " " + text("draw_constructs.lesson", lesson=each.lesson)
    message = (
        f"<div>{at}{text('draw_constructs.old')}</div>{code_block(each.old)}"
        f"<div>{text('draw_constructs.today')}</div>{code_block(str(today))}"
        f"<div>{text('draw_constructs.new')}</div>{code_block(each.new)}"
        f"<div>{inline_code(each.why)}</div><div>{escape(where)}</div>"
    )
    return f'<div class="course-construct">{card(message, "right" if each.outcome == RUNS else "wrong")}</div>'


def reading_html(reading: CodeReading) -> str:
    """What a look at a pasted text found, slips first, then the constructs, as HTML.

    >>> from course_lessons.lesson_13.code_reader import read_code
    >>> "nothing" in reading_html(read_code("x = 1"))
    True
    """
    parts = []
    if reading.cut:
        parts.append(card(escape(text("draw_constructs.cut", most=f"{MOST_CHARACTERS:,}")), "note"))
    for slip in reading.slips[:MOST_SHOWN]:
        words = f"{text('draw_constructs.line', line=slip.line)} {slip.words}"
        parts.append(card(escape(words), "wrong"))
    parts += [construct_html(each, line) for line, each in reading.found[:MOST_SHOWN]]
    if len(reading.found) > MOST_SHOWN:
        words = text("draw_constructs.more", number=len(reading.found) - MOST_SHOWN)
        parts.append(card(escape(words), "note"))
    if not reading.slips and not reading.found:
        parts.append(card(inline_code(text("draw_constructs.nothing")), "note"))
    return "".join(parts)


def search_html(words: str) -> str:
    """What is known of a piece of code, or of some words to search for, as HTML. Nothing is run.

    >>> "get_scheduler" in search_html("create_optimizer")
    True
    """
    if not words.strip():
        return card(escape(text("draw_constructs.empty")), "note")
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
    heads = [text(f"draw_constructs.column_{name}") for name in ("line", "tested", "here")]
    rows = []
    for old, now in outcomes:
        here = f"<b>{text('draw_constructs.changed')}</b> {escape(str(now))}"
        if as_stated(old, now):
            here = text("draw_constructs.same")
        tested = old.outcome if old.outcome != RUNS else f"{RUNS}: {old.says}"
        rows.append((f"<code>{escape(old.line)}</code>", escape(tested), here))
    return table(rows, heads)
