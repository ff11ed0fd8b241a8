"""Draw the table of minutes in docs/teaching.md: how long each section of a lesson takes, by the rule of study times.

The Korean page beside it gets the same table. Called by `python course.py refresh` after the lessons have run.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from commands.lessons import ENGLISH, KOREAN, Edition, some_lessons
from commands.shared import ROOT
from commands.study_time import (
    EXERCISE,
    HEADING,
    MINUTES_A_QUIZ,
    SECONDS_A_CELL,
    SECONDS_A_LINE,
    WORDS_A_MINUTE,
    is_prose,
    text_of,
)

PAGES = {ENGLISH: ROOT / "docs" / "teaching.md", KOREAN: ROOT / "docs" / "teaching.ko.md"}
HEADS = {
    ENGLISH: "| lesson | minutes of sections 1, 2, 3 ... |",
    KOREAN: "| 수업 | 절마다 걸리는 시간(분): 1절, 2절, 3절 순서 |",
}
BLOCK = re.compile(r"(<!-- minutes -->\n).*?(<!-- /minutes -->)", flags=re.DOTALL)


def minutes_of(cell: Mapping[str, Any]) -> float:
    """The minutes of one cell, by the rule of `study_time`: exercises by their headings alone.

    >>> minutes_of({"cell_type": "code", "source": "a = 1\\nb = 2"})  # ten seconds, and three for each line
    0.26666666666666666
    """
    source = text_of(cell)
    if is_prose(cell):
        stated = [EXERCISE.search(words) for _, words in HEADING.findall(source)]
        exercises = sum(int(match.group(1)) for match in stated if match)
        return float(exercises) or len(re.findall(r"\w+", source)) / WORDS_A_MINUTE
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return (SECONDS_A_CELL + SECONDS_A_LINE * len(lines)) / 60 + MINUTES_A_QUIZ * ("quiz(" in source)


def sections(cells: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The minutes of each section with a number, in order; what stands in none of them is left out.

    >>> prose = {"cell_type": "markdown", "source": "## 1 First\\n" + "word " * 398}
    >>> code = {"cell_type": "code", "source": ""}
    >>> {name: round(minutes, 1) for name, minutes in sections([code, prose, code]).items()}
    {'1': 2.2}
    """
    found: dict[str, float] = {}
    name, in_exercise = "", False
    for cell in cells:
        if is_prose(cell):
            for marks, words in HEADING.findall(text_of(cell)):
                if len(marks) == 2:
                    number = re.match(r"(\d+) ", words)
                    name = number.group(1) if number else ""
                in_exercise = EXERCISE.search(words) is not None
        if not name:
            continue
        counts = not in_exercise or (is_prose(cell) and EXERCISE_HEADING.search(text_of(cell)))
        found[name] = found.get(name, 0.0) + (minutes_of(cell) if counts else 0.0)
    return found


EXERCISE_HEADING = re.compile(r"^#+ Exercise\b", flags=re.MULTILINE)


def drawn(edition: Edition = ENGLISH) -> str:
    """The table: one row for each lesson, the minutes of its sections in order; those of the English lessons count."""
    lines = ["", HEADS[edition], "|---|---|"]
    names = titles(edition)
    for lesson in some_lessons():
        cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
        parts = " ".join(f"{number}: **{max(1, round(found))}**," for number, found in sections(cells).items())
        name = names.get(lesson.stem[:2], lesson.stem[3:].replace("_", " "))
        lines.append(f"| {lesson.stem[:2]} {name} | {parts.rstrip(',')} |")
    return "\n".join([*lines, "", ""])


def titles(edition: Edition) -> dict[str, str]:
    """The names of the lessons by their numbers, where the page does not call them by their files."""
    if edition == ENGLISH:
        return {}
    path = ROOT / "course_utils" / f"progress.{edition.language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["progress"]["lessons"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table into each page, or with --check say whether it is as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    old = []
    for edition, page in PAGES.items():
        before = page.read_text(encoding="utf-8") if page.exists() else ""
        table = drawn(edition)
        after = BLOCK.sub(lambda match, table=table: match.group(1) + table + match.group(2), before)
        if before != after:
            old.append(page)
            print(f"docs/{page.name}: {'would change' if options.check else 'drawn anew'}")
            if not options.check:
                page.write_text(after, encoding="utf-8", newline="\n")
    return 1 if old and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
