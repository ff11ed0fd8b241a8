"""Write the index of corrections, docs/corrections.md, from the table of corrections; with --check, only compare.

For each mistake of the study documents: its number, what the document says, what is so, and a link to the cell that
shows it. Which cell that is stands in tests/corrections.csv; the words stand in the room of lesson 13, under
`corrections.E-NN`. `python course.py refresh` runs it after the lessons; when only a row of the table has changed it
can be run by itself, in the folder of the course with the Python of .venv:

    python -m commands.corrections_index
    python -m commands.corrections_index --check
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from commands.shared import ROOT
from course_utils.messages import text

TABLE = ROOT / "tests" / "corrections.csv"
PAGE = ROOT / "docs" / "corrections.md"
INTRODUCTION = """# Index of the corrections

The study documents that this course mirrors hold {number} mistakes and claims that time has overtaken. Here are all of
them, in short. The last column leads to the lesson that shows it, in JupyterLab to the very cell. This page is drawn
from `tests/corrections.csv` by `commands/corrections_index.py`.
"""

Row = Mapping[str, str]


def rows(path: Path = TABLE) -> list[dict[str, str]]:
    """The rows of the table of corrections."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def link(row: Row) -> str:
    """A link to the cell that shows a correction; a word where there is none yet.

    >>> link({"lesson": "05_padding_and_masks", "cell": "pad-id"})
    '[05](../notebooks/05_padding_and_masks.ipynb#cell-id=pad-id)'
    """
    if not row["lesson"]:
        return text("corrections_index.none_yet")
    return f"[{row['lesson'][:2]}](../notebooks/{row['lesson']}.ipynb#cell-id={row['cell']})"


def rendered(table: Sequence[Row]) -> str:
    """The whole page.

    >>> print(rendered([]).splitlines()[-1])
    |---:|:---|:---|:---|
    """
    columns = [text(f"corrections_index.column_{name}") for name in ("number", "says", "so", "cell")]
    lines = [INTRODUCTION.format(number=len(table)), f"|{'|'.join(columns)}|", "|---:|:---|:---|:---|"]
    for row in table:
        words = [text(f"corrections.{row['error']}.{name}").replace("|", "\\|") for name in ("says", "so")]
        lines.append(f"|{int(row['error'].removeprefix('E-'))}|{words[0]}|{words[1]}|{link(row)}|")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the index, or with `--check` say whether it is outdated; 1 if it is."""
    parser = argparse.ArgumentParser(description="Write the index of corrections.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the index is outdated")
    options = parser.parse_args(arguments)
    whole = rendered(rows())
    same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == whole
    print(f"{PAGE.name} {'holds what' if same else 'differs from what'} the table of corrections gives")
    if not same and not options.check:
        PAGE.write_text(whole, encoding="utf-8", newline="\n")
    return int(not same and options.check)


if __name__ == "__main__":
    sys.exit(main())
