"""For a teacher: `answers NN` prints a lesson's solutions, `class-progress DIR` draws a table of what learners solved.

A learner's progress stays on the learner's machine. Whoever wants to hand it in writes one file with
`python course.py export-progress FILE`: the names of the exercises solved and nothing else. The file's name says whose
it is.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commands.lessons import (
    ENGLISH,
    Edition,
    edition_of,
    lesson_list,
    lesson_name,
    lessons,
    remembered,
    split_lesson,
    take_edition,
)
from commands.shared import ROOT, Stop, columns, padded, say
from commands.words import message

EXERCISE = re.compile(r"^###+ (.*(?:\bexercise\b|연습 문제).*)$", flags=re.MULTILINE | re.IGNORECASE)

# ------------------------------------------------------------------------------------------------ what is there


def cells_of(lesson: Path) -> dict[str, str]:
    """The text of every cell of a stored lesson, by the cell's id."""
    notebook = json.loads(lesson.read_text(encoding="utf-8"))
    return {cell.get("id", ""): "".join(cell["source"]) for cell in notebook["cells"]}


def exercises_of(lesson: Path) -> list[str]:
    """The names of a lesson's exercises, in their order."""
    return [found.removeprefix("solution-") for found in cells_of(lesson) if found.startswith("solution-")]


def every_exercise() -> dict[str, list[str]]:
    """The names of the exercises of every lesson, by its number."""
    return {lesson.stem[:2]: exercises_of(lesson) for lesson in lessons()}


def words_of(number: str, edition: Edition = ENGLISH) -> dict[str, Any]:
    """The words of a lesson's room: what its checks and its quiz say. Empty where it has none."""
    path = ROOT / "course_lessons" / f"lesson_{number}" / f"words.{edition.language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


# ------------------------------------------------------------------------------------------------ answers


def command_answers(words: list[str]) -> int:
    """Print, as a page in Markdown, a lesson's solutions, the words of its checks, and its quiz with the reasons."""
    edition = take_edition(words) or remembered()
    lesson, rest = split_lesson(words, edition)
    if lesson is None or rest:
        raise Stop(message("lessons.which", command="answers", lessons=lesson_list(edition)))
    say("\n".join(answers(lesson)))
    return 0


def answers(lesson: Path) -> Iterator[str]:
    """The lines of that page."""
    number, cells = lesson.stem[:2], cells_of(lesson)
    words, name = words_of(number, edition_of(lesson)), lesson_name(lesson)
    yield message("teaching.title", lesson=f"{number} {name[0].upper()}{name[1:]}") + "\n"
    for name in exercises_of(lesson):
        yield f"## {heading(cells, name)}\n"
        yield unfolded(cells[f"solution-{name}"]) + "\n"
        said = words.get("exercise", {}).get(number, {}).get(name, {})
        yield from check_words(said)
    quiz = words.get("quiz", {}).get(number, {})
    if quiz:
        yield message("teaching.quiz") + "\n"
    for question in quiz.values():
        yield f"**{question['question']}**\n"
        for choice in question["choices"]:
            right = message("teaching.right") if choice.get("right") else ""
            yield f"- {right}{choice['words']} *{choice['reason']}*"
        yield ""


def heading(cells: dict[str, str], name: str) -> str:
    """The heading under which an exercise stands; its name where there is none.

    >>> heading({"exercise-max-text": "Some words\\n\\n### Exercise 1: largest (about 5 minutes)\\n"}, "max")
    'Exercise 1: largest (about 5 minutes)'
    """
    ids = list(cells)
    place = ids.index(f"exercise-{name}") if f"exercise-{name}" in ids else len(ids)
    for before in reversed(ids[:place]):
        if found := re.findall(EXERCISE, cells[before]):
            return found[-1]
    near = re.findall(EXERCISE, cells.get(f"exercise-{name}-text", ""))
    return near[-1] if near else name


def unfolded(text: str) -> str:
    """A folded solution without the fold.

    >>> unfolded("<details><summary>Solution</summary>\\n\\nx = 1\\n\\n</details>")
    'x = 1'
    """
    return re.sub(r"</?details>|<summary>.*?</summary>", "", text).strip()


def check_words(said: dict[str, Any]) -> Iterator[str]:
    """What the check of an exercise can say."""
    if "passed" in said:
        yield message("teaching.passed", words=said["passed"]) + "\n"
    hints = said.get("hints", [])
    if hints:
        yield message("teaching.hints") + "\n"
        yield from (f"{place}. {hint}" for place, hint in enumerate(hints, 1))
        yield ""
    ideas = said.get("ideas", {})
    if ideas:
        yield message("teaching.ideas") + "\n"
        yield from (f"- {text}" for text in ideas.values())
        yield ""


# ------------------------------------------------------------------------------------------------ a class


def command_class_progress(words: list[str]) -> int:
    """Draw a table of the files that learners exported: who solved how much, and which exercises few have solved."""
    take_edition(words)  # the table is the same for both; its words were chosen by `main`
    lesson, rest = split_lesson(words[1:])
    if not words or rest:
        raise Stop(message("teaching.which_folder"))
    folder = Path(words[0])
    if not folder.is_dir():
        raise Stop(message("teaching.no_folder", given=words[0]))
    solved, others = read_exports(folder)
    for name in others:
        say(message("teaching.left_out", file=name))
    if not solved:
        raise Stop(message("teaching.no_files", given=words[0]))
    there = every_exercise()
    numbers = [lesson.stem[:2]] if lesson else list(there)
    say("\n".join([*who_table(solved, there, numbers), "", *exercise_table(solved, there, numbers)]))
    return 0


def read_exports(folder: Path) -> tuple[dict[str, set[str]], list[str]]:
    """The exercises that each learner solved, by the name of the file, and the names of files of other kinds."""
    solved, others = {}, []
    for path in sorted(folder.glob("*.json")):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        listed = found.get("solved") if isinstance(found, dict) else None
        if isinstance(listed, list) and all(isinstance(key, str) for key in listed):
            solved[path.stem] = set(listed)
        else:
            others.append(path.name)
    return solved, others


def who_table(solved: dict[str, set[str]], there: dict[str, list[str]], numbers: list[str]) -> Iterator[str]:
    """One line for each learner: the exercises solved in each lesson, of how many, and in all.

    >>> print("\\n".join(who_table({"ann": {"01/max"}}, {"01": ["max", "min"]}, ["01"])))
    learner   01     all
    ann      1/2       1
    """
    learner, whole = message("teaching.learner"), message("teaching.all")
    width = max(map(columns, [learner, *solved]))
    yield "  ".join([padded(learner, width), *(f"{number:>4}" for number in numbers)]).rstrip() + f"     {whole}"
    for name, keys in sorted(solved.items()):
        done = [sum(f"{number}/{one}" in keys for one in there[number]) for number in numbers]
        parts = [f"{count}/{len(there[number])}".rjust(4) for count, number in zip(done, numbers, strict=True)]
        yield "  ".join([padded(name, width), *parts, f"{sum(done):>6}"])


def exercise_table(solved: dict[str, set[str]], there: dict[str, list[str]], numbers: list[str]) -> Iterator[str]:
    """One line for each exercise that somebody has begun to solve around: how many solved it, the fewest first.

    >>> print("\\n".join(exercise_table({"ann": {"01/max"}, "bo": set()}, {"01": ["max", "min"]}, ["01"])))
    solved by, of 2
         0  01/min
         1  01/max
    """
    yield message("teaching.solved_by", number=len(solved))
    counts = []
    for number in numbers:
        keys = [f"{number}/{name}" for name in there[number]]
        found = [sum(key in one for one in solved.values()) for key in keys]
        if any(found):  # a lesson that nobody has come to says nothing about its exercises
            counts += zip(found, keys, strict=True)
    yield from (f"{count:>6}  {key}" for count, key in sorted(counts))
