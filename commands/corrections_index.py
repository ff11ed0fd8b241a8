"""Write the index of corrections, docs/corrections.md, from the table of corrections; with --check, only compare.

For each mistake of the study documents: its number, what the document says, what is so, and a link to the cell that
shows it. Which cell that is stands in tests/corrections.csv; the words stand in the room of lesson 13, under
`corrections.E-NN`; in Korean too, for docs/corrections.ko.md. `python course.py refresh` runs it after the lessons;
when only a row of the table has changed it can be run by itself, in the folder of the course with the Python of .venv:

    python -m commands.corrections_index
    python -m commands.corrections_index --check
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from commands.lessons import ENGLISH, KOREAN, Edition
from commands.shared import ROOT
from course_utils.messages import table as words_in

TABLE = ROOT / "tests" / "corrections.csv"
PAGE = ROOT / "docs" / "corrections.md"
KOREAN_PAGE = ROOT / "docs" / "corrections.ko.md"
INTRODUCTION = """# Index of the corrections

The study documents that this course mirrors hold {number} mistakes and claims that time has overtaken. Here are all of
them, in short. The last column leads to the lesson that shows it, in JupyterLab to the very cell. This page is drawn
from `tests/corrections.csv` by `commands/corrections_index.py`.
"""
KOREAN_INTRODUCTION = """# 바로잡은 곳의 색인

이 강의의 바탕이 된 스터디 문서에는 틀린 것과 시간이 지나 맞지 않게 된 것이 {number}개 있습니다. 여기에 모두 짧게
적었습니다. 마지막 열의 링크는 바로잡은 수업을 열고, JupyterLab에서는 바로 그 셀을 엽니다. 이 페이지는
`commands/corrections_index.py`가 `tests/corrections.csv`에서 뽑아 만듭니다.
"""

Row = Mapping[str, str]


def rows(path: Path = TABLE) -> list[dict[str, str]]:
    """The rows of the table of corrections."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def link(row: Row, edition: Edition = ENGLISH) -> str:
    """A link to the cell that shows a correction; a word where there is none yet.

    >>> link({"lesson": "05_padding_and_masks", "cell": "pad-id"})
    '[05](../notebooks/05_padding_and_masks.ipynb#cell-id=pad-id)'
    """
    if not row["lesson"]:
        return words_in(edition.language)["corrections_index"]["none_yet"]
    folder = f"{edition.subfolder}/" if edition.subfolder else ""
    return f"[{row['lesson'][:2]}](../notebooks/{folder}{row['lesson']}.ipynb#cell-id={row['cell']})"


def rendered(table: Sequence[Row], edition: Edition = ENGLISH) -> str:
    """The whole page, in the language of an edition.

    >>> print(rendered([]).splitlines()[-1])
    |---:|:---|:---|:---|
    """
    said = words_in(edition.language)
    introduction = KOREAN_INTRODUCTION if edition == KOREAN else INTRODUCTION
    columns = [said["corrections_index"][f"column_{name}"] for name in ("number", "says", "so", "cell")]
    lines = [introduction.format(number=len(table)), f"|{'|'.join(columns)}|", "|---:|:---|:---|:---|"]
    for row in table:
        words = [said["corrections"][row["error"]][name].replace("|", "\\|") for name in ("says", "so")]
        lines.append(f"|{int(row['error'].removeprefix('E-'))}|{words[0]}|{words[1]}|{link(row, edition)}|")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the index, or with `--check` say whether it is outdated; 1 if it is."""
    parser = argparse.ArgumentParser(description="Write the index of corrections.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the index is outdated")
    options = parser.parse_args(arguments)
    outdated = False
    for page, edition in ((PAGE, ENGLISH), (KOREAN_PAGE, KOREAN)):
        whole = rendered(rows(), edition)
        same = page.is_file() and page.read_text(encoding="utf-8") == whole
        print(f"{page.name} {'holds what' if same else 'differs from what'} the table of corrections gives")
        if not same and not options.check:
            page.write_text(whole, encoding="utf-8", newline="\n")
        outdated |= not same
    return int(outdated and options.check)


if __name__ == "__main__":
    sys.exit(main())
