"""Write the index of corrections into the last lesson, from the table of corrections; with --check, only compare.

For each mistake of the study documents: its number, what the document says, what is so, and a link to the cell that
shows it. Which cell that is stands in tests/corrections.csv; the words stand in the course's tables of texts, under
`corrections.E-NN`. Nothing else of the notebook is touched. `python course.py refresh` runs it after the lessons; when
only a row of the table has changed it can be run by itself, in the folder of the course with the Python of .venv:

    python -m commands.corrections_index
    python -m commands.corrections_index --check
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from commands.shared import ROOT
from course_utils.messages import text

TABLE = ROOT / "tests" / "corrections.csv"
LESSON = ROOT / "notebooks" / "13_then_and_now.ipynb"
CELL_RANGES = ((1, 11), (12, 22), (23, 33), (34, 44), (45, 54))
"""First and last number of each part: one cell for each, so that none is a wall."""

Row = Mapping[str, str]


def rows(path: Path = TABLE) -> list[dict[str, str]]:
    """The rows of the table of corrections."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cell_id(part: tuple[int, int]) -> str:
    """The id of the cell that holds a part of the index.

    >>> cell_id((1, 11))
    'corrections-1-to-11'
    """
    return f"corrections-{part[0]}-to-{part[1]}"


def link(row: Row) -> str:
    """A link to the cell that shows a correction; a word where there is none yet.

    >>> link({"lesson": "05_padding_and_masks", "cell": "pad-id"})
    '[05](05_padding_and_masks.ipynb#cell-id=pad-id)'
    """
    if not row["lesson"]:
        return text("corrections_index.none_yet")
    return f"[{row['lesson'][:2]}]({row['lesson']}.ipynb#cell-id={row['cell']})"


def rendered(table: Sequence[Row]) -> dict[str, str]:
    """The Markdown of each part of the index, by the id of its cell."""
    sources = {}
    columns = [text(f"corrections_index.column_{name}") for name in ("number", "says", "so", "cell")]
    for part in CELL_RANGES:
        lines = [f"### {text('corrections_index.title', first=part[0], last=part[1])}", ""]
        lines += [f"|{'|'.join(columns)}|", "|---:|:---|:---|:---|"]
        for row in table:
            key = row["error"]
            number = int(key.removeprefix("E-"))
            if part[0] <= number <= part[1]:
                words = [text(f"corrections.{key}.{name}").replace("|", "\\|") for name in ("says", "so")]
                lines.append(f"|{number}|{words[0]}|{words[1]}|{link(row)}|")
        sources[cell_id(part)] = "\n".join(lines)
    return sources


def outdated(notebook: Mapping[str, object], sources: Mapping[str, str]) -> list[str]:
    """The ids of the cells that do not hold what the table gives, in the order of the parts.

    >>> outdated({"cells": [{"id": "a", "source": ["x\\n", "y"]}]}, {"a": "x\\ny", "b": "z"})
    ['b']
    """
    stored = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}  # type: ignore[attr-defined]
    return [name for name, source in sources.items() if stored.get(name) != source]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the index, or with `--check` say what differs; 1 if something differs or a cell is missing."""
    parser = argparse.ArgumentParser(description="Write the index of corrections into the last lesson.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the index is outdated")
    options = parser.parse_args(arguments)
    notebook = json.loads(LESSON.read_text(encoding="utf-8"))
    sources = rendered(rows())
    names = {cell["id"] for cell in notebook["cells"]}
    missing = [name for name in sources if name not in names]
    if missing:
        print(f"{LESSON.name} lacks the cells {', '.join(missing)}")
        return 1
    changed = outdated(notebook, sources)
    print(f"{len(changed)} of {len(sources)} parts of the index differ from the table: {', '.join(changed) or 'none'}")
    if options.check or not changed:
        return int(bool(changed))
    for cell in notebook["cells"]:
        if cell["id"] in changed:
            cell["source"] = sources[cell["id"]].splitlines(keepends=True)
    LESSON.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
