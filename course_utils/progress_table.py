"""The table of `show_progress`: how much there is in each lesson, how much of it is done, and what comes next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from course_utils import progress
from course_utils.display import show
from course_utils.markup import card, panel, table
from course_utils.messages import entry, text


@dataclass(frozen=True)
class Line:
    """One lesson in the table of `show_progress`: how much there is and how much of it is done."""

    number: str
    title: str
    exercises: int
    passed: int
    questions: int
    right: int
    open_exercises: tuple[str, ...]


def show_progress() -> None:
    """Show what you have done in each lesson and what comes next, as a table; also what this run could not keep.

    >>> show_progress()  # doctest: +ELLIPSIS
    Your progress...
    """
    done, problem = progress.read()
    for event in progress.events:
        progress.add(done, event)
    lines = overview(done)
    notes = [next_step(lines), *progress.told, problem or _where_it_is_kept()]
    progress.told.clear()
    show(None, panel("progress", _table(lines), *(f"<p>{escape(note)}</p>" for note in notes)))


def reset_progress() -> None:
    """Forget everything that was done: the file is removed and counting starts anew.

    >>> reset_progress()
    Your progress has been reset. Copies of lessons in my/ are as they were.
    """
    show(None, card(escape(progress.forget() or text("progress.reset")), "note"))


def overview(done: progress.Done) -> list[Line]:
    """One line for each lesson that has exercises; what the course no longer asks is not counted.

    >>> [(line.passed, line.exercises > 2) for line in overview(progress.empty()) if line.number == "01"]
    [(0, True)]
    """
    asked, quizzes = entry("exercise"), entry("quiz")
    titles = entry("progress.lessons")
    lines = []
    for number in sorted(key for key in asked if re.fullmatch(r"\d\d", key)):
        names = list(asked[number])
        questions = list(quizzes.get(number, {}))
        passed = [n for n in names if done["exercises"].get(f"{number}/{n}", {}).get("passed") is True]
        right = [n for n in questions if done["quiz"].get(f"{number}/{n}", {}).get("right") is True]
        still = tuple(n for n in names if n not in passed)
        title = titles.get(number, "")
        lines.append(Line(number, title, len(names), len(passed), len(questions), len(right), still))
    return lines


def next_step(lines: list[Line]) -> str:
    """What to do next, in one sentence.

    >>> next_step(overview(progress.empty())).startswith("Next: ")
    True
    """
    for line in lines:
        if line.passed == line.exercises and line.right == line.questions:
            continue
        name = f"{line.number} {line.title}".strip()
        if not line.passed and not line.right:
            return text("progress.next_lesson", lesson=name)
        if line.open_exercises:
            return text("progress.next_exercise", lesson=name, names=", ".join(line.open_exercises))
        return text("progress.next_quiz", lesson=name, number=line.questions - line.right)
    return text("progress.all_done")


def _table(lines: list[Line]) -> str:
    heads = [escape(text(f"progress.{key}")) for key in ("lesson", "exercises", "quiz")]
    rows = []
    for line in lines:
        row = [escape(f"{line.number} {line.title}")]
        for done, total in ((line.passed, line.exercises), (line.right, line.questions)):
            words = text("progress.of", done=done, total=total)
            row.append(f"<b>{words} ✓</b>" if done == total > 0 else words)
        rows.append(row)
    return f"<p><b>{escape(text('progress.title'))}</b></p>{table(rows, heads)}"


def _where_it_is_kept() -> str:
    """Where the progress is kept; if it cannot be, that and why. Tries it with what is still waiting."""
    if progress.folder() is None:
        return text("progress.off", variable=progress.FOLDER_VARIABLE)
    error = progress.write_pending()
    return progress.words(error) if error else text("progress.kept", file=progress.shown_file())
