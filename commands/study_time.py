"""How long a lesson takes to study, by one rule for all of them; `refresh` writes it into the lesson and README.

The rule: prose is read at 200 words a minute; a code cell takes ten seconds to run and look at, and three seconds for
each line of it, but for the first cell, which all lessons share and nobody has to read; a quiz takes three minutes; an
exercise takes what its heading says, statement and code included.
Summed up for the core path with its exercises, and for the sections and exercises marked *further*, each rounded to
five minutes. It is an estimate made before anybody was timed, and the lessons say so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from commands.lessons import EDITIONS, some_lessons
from commands.shared import ROOT, read_text, write_whole

WORDS_A_MINUTE = 200
SECONDS_A_CELL = 10
SECONDS_A_LINE = 3
MINUTES_A_QUIZ = 3

HEADING = re.compile(r"^(#{1,6}) +(.+?) *$", flags=re.MULTILINE)
FENCED = re.compile(r"^(```|~~~).*?^\1[^\n]*$", flags=re.DOTALL | re.MULTILINE)
FURTHER = re.compile(r"(?:^(?:\d+ )?|, )(?:further\b|더 알아보기)", flags=re.IGNORECASE)
EXERCISE = re.compile(r"^(?:Exercise|연습 문제)\b.*\((?:about |약 )(\d+)(?: minutes?|분)\)$")
SENTENCE = {"en": re.compile(r"Study time about [^\n]*"), "ko": re.compile(r"공부 시간 약 [^\n]*")}


READMES = {"README.md": " min", "README.ko.md": "분"}
"""The pages with a table of the lessons, and how a minute is written there."""


class Part(NamedTuple):
    """A cell and what it belongs to."""

    cell: Mapping[str, Any]
    further: bool
    exercise: bool


class StudyTime(NamedTuple):
    """Minutes, each rounded to five: the core path with its exercises, these alone, what is marked further."""

    core: int
    exercises: int
    further: int


def parts(cells: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """Each cell, with whether it stands below a heading with *further*, and below one of an exercise.

    A heading holds up to the next one of the same or a higher level.

    >>> code = {"cell_type": "code", "source": "1"}
    >>> headings = ["## 1 First", "### Further: more", "### Exercise 1: try (about 3 minutes)"]
    >>> cells = [cell for words in headings for cell in ({"cell_type": "markdown", "source": words}, code)]
    >>> ["further" if part.further else "exercise" if part.exercise else "core" for part in parts(cells)]
    ['core', 'core', 'further', 'further', 'exercise', 'exercise']
    """
    below = {"further": 0, "exercise": 0}  # the level of the heading that we are below; 0: none
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for marks, words in HEADING.findall(FENCED.sub("", text_of(cell))):
                for kind, pattern in (("further", FURTHER), ("exercise", EXERCISE)):
                    if not below[kind] or len(marks) <= below[kind]:
                        below[kind] = len(marks) if pattern.search(words) else 0
        yield Part(cell, bool(below["further"]), bool(below["exercise"]))


def pieces(cells: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """The parts, with a cell of prose cut at its headings, so that what stands before one belongs to the section above.

    >>> prose = {"cell_type": "markdown", "source": "That was it.\\n\\n### Further: more\\n\\nMuch."}
    >>> [(part.cell["source"], part.further) for part in pieces([prose])]
    [('That was it.\\n\\n', False), ('### Further: more\\n\\nMuch.', True)]
    """
    cut: list[Mapping[str, Any]] = []
    for cell in cells:
        source = text_of(cell)
        hidden = FENCED.sub(lambda found: " " * len(found.group()), source) if is_prose(cell) else ""
        starts = [found.start() for found in HEADING.finditer(hidden)]
        ends = [*starts, len(source)]
        cut += [{**cell, "source": source[a:b]} for a, b in zip([0, *starts], ends, strict=True) if a < b]
    yield from parts(cut)


def study_time(cells: Sequence[Mapping[str, Any]]) -> StudyTime:
    """The three times of a lesson.

    >>> prose = {"cell_type": "markdown", "source": "word " * 2000}
    >>> code = {"cell_type": "code", "source": "# read only\\nprint(1)\\nprint(2)"}
    >>> exercise = {"cell_type": "markdown", "source": "### Exercise 1: try (about 8 minutes)\\n" + "word " * 900}
    >>> study_time([prose] + [code] * 60 + [exercise, code])  # 10 minutes to read, 16 for code; 8 for the exercise
    StudyTime(core=35, exercises=10, further=0)
    """
    minutes = {"core": 0.0, "exercises": 0.0, "further": 0.0}
    for cell, further, exercise in pieces(cells):
        source = text_of(cell)
        if exercise:
            stated = [EXERCISE.search(words) for _, words in HEADING.findall(source)]
            found = float(sum(int(match.group(1)) for match in stated if match)) if is_prose(cell) else 0.0
        elif is_prose(cell):
            found = len(re.findall(r"\w+", source)) / WORDS_A_MINUTE
        else:
            lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
            lines = [] if cell.get("id") == "install" else lines
            found = (SECONDS_A_CELL + SECONDS_A_LINE * len(lines)) / 60 + MINUTES_A_QUIZ * ("quiz(" in source)
        minutes["further" if further else "exercises" if exercise else "core"] += found
    minutes["core"] += minutes["exercises"]
    return StudyTime(**{name: rounded(found) for name, found in minutes.items()})


def rounded(minutes: float) -> int:
    """Minutes to the nearest five; what takes any time at all takes five.

    >>> [rounded(minutes) for minutes in (0, 0.4, 8, 42.4)]
    [0, 5, 10, 40]
    """
    return max(5, round(minutes / 5) * 5) if minutes else 0


def sentence(time: StudyTime, language: str = "en") -> str:
    """What a lesson's opening says of it, in the language of the lesson.

    >>> print(sentence(StudyTime(45, 15, 25)))
    Study time about 45 minutes (estimated), 15 of them for exercises, and 25 more for what is marked *further*.
    >>> print(sentence(StudyTime(45, 15, 25), "ko"))
    공부 시간 약 45분(추정), 그중 연습 문제 15분, *더 알아보기*까지 하면 25분 추가.
    """
    if language == "ko":
        more = f", *더 알아보기*까지 하면 {time.further}분 추가" if time.further else ""
        exercises = f", 그중 연습 문제 {time.exercises}분" if time.exercises else ""
        return f"공부 시간 약 {time.core}분(추정){exercises}{more}."
    more = f", and {time.further} more for what is marked *further*" if time.further else ""
    exercises = f", {time.exercises} of them for exercises" if time.exercises else ""
    return f"Study time about {time.core} minutes (estimated){exercises}{more}."


def is_prose(cell: Mapping[str, Any]) -> bool:
    """Whether a cell is read and not run."""
    return bool(cell["cell_type"] == "markdown")


def text_of(cell: Mapping[str, Any]) -> str:
    """The source of a cell, which a file holds as one text or as its lines."""
    return "".join(cell["source"])


def write_into(cells: Sequence[dict[str, Any]], language: str = "en", time: StudyTime | None = None) -> bool:
    """Put the sentence into the opening of a lesson, in place; whether it was another one before.

    A translated lesson is given the time of its English twin: the rule counts English words. What follows on the same
    line is replaced as well. A lesson whose opening says nothing of its study time is left.
    """
    if not cells or not is_prose(cells[0]):
        return False
    before = text_of(cells[0])
    words = sentence(time or study_time(cells), language)
    after = SENTENCE[language].sub(lambda _: words, before, count=1)
    if after != before:
        cells[0]["source"] = after
    return after != before


def write_into_table(text: str, number: str, time: StudyTime, unit: str = " min") -> str:
    """The README with the study time of a lesson in the last column of its row.

    >>> write_into_table("| [05 Padding](notebooks/05.ipynb) | masks | 8 s | 40 min |", "05", StudyTime(45, 10, 15))
    '| [05 Padding](notebooks/05.ipynb) | masks | 8 s | 45 + 15 min |'
    """
    row = re.compile(rf"^(\| \[{number} .*\| )[^|]+( \|)$", flags=re.MULTILINE)
    return row.sub(lambda found: f"{found[1]}{time.core} + {time.further}{unit}{found[2]}", text, count=1)


def write_into_readme(lesson: Path, time: StudyTime) -> None:
    """Bring a lesson's row of the README's table up to date, in each language."""
    for name, unit in READMES.items():
        before = read_text(ROOT / name)
        after = write_into_table(before, lesson.stem[:2], time, unit)
        if after != before:
            write_whole(ROOT / name, after.encode("utf-8"))


def main() -> int:
    """Write the study times of all lessons, those of translated ones too, without running one."""
    for path in some_lessons():
        time = study_time(json.loads(path.read_text(encoding="utf-8"))["cells"])
        for edition in EDITIONS.values():
            twin = edition.folder / path.name
            notebook = json.loads(twin.read_text(encoding="utf-8")) if twin.exists() else {"cells": []}
            if write_into(notebook["cells"], edition.language, time):
                write_notebook(twin, notebook)
        write_into_readme(path, time)
    return 0


def write_notebook(path: Path, notebook: dict[str, Any]) -> None:
    """Write a notebook in the form in which `refresh` stores it; a changed source as lines."""
    for cell in notebook["cells"]:
        if isinstance(cell["source"], str):
            cell["source"] = cell["source"].splitlines(keepends=True)
    write_whole(path, (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))


if __name__ == "__main__":
    raise SystemExit(main())
