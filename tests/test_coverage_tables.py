"""Every statement, code block and figure of the five study documents ends in a cell of a lesson, and so does
every mistake in them: `documents.csv` and `corrections.csv` say where, and these tests hold them to it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import cache

import pytest
from lesson_files import LESSONS, NOTEBOOKS, ROOT, cell_by_id, read, tags
from nbformat import NotebookNode

from commands.comparison import is_compared

ITEMS = {"000": 24, "001": 27, "002": 20, "003": 25, "004": 106}
"""Number of items in each document; ids count from 01."""

THEMES = {
    "P": 10, "S": 25, "M": 21, "H": 22, "K": 8, "E": 20, "B": 21, "D": 12, "R": 6,
    "L": 7, "C": 13, "I": 5, "A": 17, "U": 10, "X": 1, "F": 4,
}  # fmt: skip
"""Number of items of each theme."""

THEME_LESSONS = {
    "P": ("00_start_here", "01_behind_the_pipeline"),
    "U": ("00_start_here",),
    "S": ("01_behind_the_pipeline",),
    "H": ("02_body_and_head", "01_behind_the_pipeline"),
    "M": ("03_models_and_checkpoints",),
    "K": ("04_tokenizers",),
    "E": ("04_tokenizers",),
    "B": ("05_padding_and_masks",),
    "D": ("06_dynamic_padding",),
    "R": ("07_trainer",),
    "L": ("08_manual_loop",),
    "C": ("09_training_checklist",),
    "I": ("10_inference",),
    "A": ("11_architectures_and_attention", "03_models_and_checkpoints"),
    "X": ("12_scaling_out",),
    "F": ("13_then_and_now",),
}
"""Every theme, with the lessons that teach it."""

CODE_OR_FIGURE = {
    "000": "9-11 17",
    "001": "6-9 11 17-18 21-22 24",
    "002": "4-5 9-12 16-20",
    "003": "8 10 12",
    "004": "2-3 5-6 9-10 12 26 30 33 35-36 38 42-43 45-46 49 51-53 55-56 58 61-62 64-66 68-70 72-78 80-84 "
    "86-89 91-100 103-106",
}
"""Items that stand for a code block or a printed figure."""

MOST_ITEMS_A_CELL = 4
TREATMENTS = {"taught", "corrected", "hub"}

Row = dict[str, str]


def table(name: str) -> list[Row]:
    """The rows of a table in this folder."""
    with (ROOT / "tests" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def item_id(document: str, number: int) -> str:
    """The id of an item.

    >>> item_id("004", 7), item_id("004", 106)
    ('004-07', '004-106')
    """
    return f"{document}-{number:02d}"


def items_with_code_or_figure() -> set[str]:
    """`CODE_OR_FIGURE` written out."""
    found = set()
    for document, ranges in CODE_OR_FIGURE.items():
        for part in ranges.split():
            first, _, last = part.partition("-")
            found |= {item_id(document, number) for number in range(int(first), int(last or first) + 1)}
    return found


@cache
def lesson_cells(stem: str) -> NotebookNode:
    """The notebook of a lesson, read once."""
    return read(NOTEBOOKS / f"{stem}.ipynb")


def cell_of(row: Row) -> NotebookNode:
    """The one cell that a row names."""
    return cell_by_id(lesson_cells(row["lesson"]), row["cell"])


def shows_a_result(cell: NotebookNode) -> bool:
    """Whether a cell is code whose output is compared, or that asserts something."""
    if cell.cell_type != "code":
        return False
    asserts = re.search(r"^\s*assert ", cell.source, flags=re.MULTILINE)
    return bool(asserts) or (is_compared(cell) and bool(cell.outputs))


DOCUMENTS = table("documents.csv")
CORRECTIONS = table("corrections.csv")


def test_all_items_are_listed_in_order() -> None:
    """No item of the documents is forgotten: all 202, once each, with their themes."""
    expected = [item_id(document, n) for document, count in ITEMS.items() for n in range(1, count + 1)]
    assert [row["id"] for row in DOCUMENTS] == expected
    assert len(expected) == 202
    assert Counter(row["theme"] for row in DOCUMENTS) == THEMES
    assert list(DOCUMENTS[0]) == ["id", "theme", "topic", "lesson", "cell", "treatment"]


def test_all_mistakes_are_listed_in_order() -> None:
    """No mistake of the documents is forgotten: all 54, each with the items it stands in."""
    assert [row["error"] for row in CORRECTIONS] == [f"E-{n:02d}" for n in range(1, 55)]
    assert list(CORRECTIONS[0]) == ["error", "items", "topic", "lesson", "cell", "treatment"]
    known = {row["id"] for row in DOCUMENTS}
    for row in CORRECTIONS:
        assert row["items"] and set(row["items"].split()) <= known, row["error"]


@pytest.mark.parametrize("rows", [DOCUMENTS, CORRECTIONS], ids=["documents", "corrections"])
def test_no_row_is_empty(rows: list[Row]) -> None:
    """Every item and every mistake has its lesson, cell and treatment; its topic is short and its own."""
    topics = Counter(row["topic"] for row in rows)
    for row in rows:
        name = row.get("id") or row["error"]
        filled = [bool(row[column]) for column in ("lesson", "cell", "treatment")]
        assert all(filled), f"{name} is not taught anywhere"
        assert row["treatment"] in TREATMENTS, name
        assert 2 <= len(row["topic"].split()) <= 14, name
        assert row["lesson"] in LESSONS, name
    repeated = {topic for topic, count in topics.items() if count > 2}
    assert not repeated


def test_an_item_points_at_a_cell_that_serves_it() -> None:
    """Whoever looks an item up finds a real cell, with a checked result for code and figures."""
    checked = items_with_code_or_figure()
    for row in DOCUMENTS:
        name = f"{row['id']} in {row['lesson']}, {row['cell']}"
        try:
            cell = cell_of(row)
        except KeyError:
            pytest.fail(f"{name}: there is no such cell")
        if row["id"] in checked:
            assert shows_a_result(cell), f"{name}: needs a checked code cell"
        if row["treatment"] == "hub":
            assert "hub" in tags(cell), f"{name}: does not run in hub mode"
        if row["treatment"] == "corrected":
            about = [other["error"] for other in CORRECTIONS if row["id"] in other["items"].split()]
            assert about, f"{name}: is called corrected, but no mistake is known in it"


def test_a_correction_points_at_a_cell() -> None:
    """Whoever met a mistake in a document finds the cell that shows why it is one."""
    for row in CORRECTIONS:
        name = f"{row['error']} in {row['lesson']}, {row['cell']}"
        assert row["treatment"] in {"corrected", "hub"}, name
        try:
            assert cell_of(row).source.strip(), name
        except KeyError:
            pytest.fail(f"{name}: there is no such cell")


def test_a_cell_serves_few_items() -> None:
    """A cell that claims to cover everything covers nothing: at most four items each."""
    served = Counter((row["lesson"], row["cell"]) for row in DOCUMENTS)
    assert not {cell: count for cell, count in served.items() if count > MOST_ITEMS_A_CELL}


def test_themes_are_complete() -> None:
    """Each theme has a cell for each of its items, in its own lessons."""
    assert set(THEME_LESSONS) == set(THEMES)
    for theme, stems in THEME_LESSONS.items():
        missing = [row["id"] for row in DOCUMENTS if row["theme"] == theme and row["lesson"] not in stems]
        assert not missing, f"theme {theme}: {missing}"


def test_corrected_items_and_corrections_agree() -> None:
    """An item is called corrected where its mistake is, or where it shares that mistake with others."""
    for row in DOCUMENTS:
        if row["treatment"] == "corrected":
            about = [other for other in CORRECTIONS if row["id"] in other["items"].split()]
            shared = [other for other in about if len(other["items"].split()) > 1]
            assert shared or any(other["lesson"] == row["lesson"] for other in about), row["id"]
