"""A figure that went stale is noticed: the digest beside it is compared, and changes with what is drawn.

And in Korean no figure misses a letter.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import io
import re
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy
import pytest
from lesson_files import NOTEBOOKS, ROOT, code_cells, lesson_paths, read
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from nbformat.v4 import new_code_cell, new_notebook

from commands.comparison import changes, course_rules
from commands.refresh import execute, strip
from course_checks.drawn import digest
from course_utils import messages
from course_utils.figure_style import KOREAN_FONT, use_course_style
from course_utils.picture import Picture

HANGUL = "가힣뷁 쉼표와 값"

DRAWN = """
from matplotlib.figure import Figure
from course_utils.picture import Picture, show_figure

figure = Figure()
figure.subplots().plot([1, 2, 4])
show_figure(Picture(figure, "A rising line."))
"""


@pytest.mark.slow
def test_a_stale_figure_is_noticed(tmp_path: Path) -> None:
    """Where code draws another number, the stored output differs, although its words are the same."""
    stored = execute(new_notebook(cells=[new_code_cell(DRAWN, id="figure")]), tmp_path)
    strip(stored)
    again, changed = deepcopy(stored), deepcopy(stored)
    changed.cells[0].source = DRAWN.replace("[1, 2, 4]", "[1, 3, 4]")
    rules = course_rules()
    assert not changes(code_cells(stored), code_cells(execute(again, tmp_path)), rules)
    (found,) = changes(code_cells(stored), code_cells(execute(changed, tmp_path)), rules)
    assert found.startswith("figure (text/html)") and "data-drawn" in found


def drawn(draw: Callable[[Axes], object]) -> str:
    """The digest of a figure with one panel."""
    figure = Figure()
    draw(figure.subplots())
    return digest(figure)


def named(name: str) -> Callable[[Axes], object]:
    """A curve with a name in a legend."""

    def draw(axes: Axes) -> None:
        axes.plot([1, 2], label=name)
        axes.legend()

    return draw


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda axes: axes.plot([1, 2, 4]), lambda axes: axes.plot([1, 3, 4])),
        (lambda axes: axes.plot([1, 2, 4]), lambda axes: axes.plot([1, 2, 4, 4])),
        (lambda axes: axes.bar([0, 1], [1, 2]), lambda axes: axes.bar([0, 1], [1.5, 2])),
        (lambda axes: axes.barh([0, 1], [1, 2]), lambda axes: axes.barh([0, 1], [1, 2], left=[0, 1])),
        (lambda axes: axes.scatter([0, 1, 2], [0, 1, 2]), lambda axes: axes.scatter([0, 1, 2], [0, 1.2, 2])),
        (lambda axes: axes.vlines([0, 1], [0, 0], [1, 2]), lambda axes: axes.vlines([0, 1], [0, 0], [1.2, 2])),
        (lambda axes: axes.imshow([[0, 1], [2, 3]]), lambda axes: axes.imshow([[0, 1], [1, 3]])),
        (lambda axes: axes.text(0, 0, "cat"), lambda axes: axes.text(0, 0, "dog")),
        (lambda axes: axes.set_title("cat"), lambda axes: axes.set_title("dog")),
        (lambda axes: axes.set_yticks([0, 1], ["a", "b"]), lambda axes: axes.set_yticks([0, 1], ["a", "c"])),
        (lambda axes: axes.set_xscale("log"), lambda axes: axes.set_xscale("linear")),
        (named("train"), named("test")),
    ],
)
def test_whatever_is_drawn_counts(one: Callable[[Axes], object], other: Callable[[Axes], object]) -> None:
    """Another number, part, word, name or scale gives another digest; the same once more gives the same."""
    assert drawn(one) == drawn(one) != drawn(other)


def test_the_last_digits_of_a_processor_do_not_count() -> None:
    """Numbers that differ by the rounding of float32 give the same digest, so that it is the same on every machine."""
    values = numpy.random.default_rng(0).normal(size=400)
    noise = 1 + 1e-7 * numpy.random.default_rng(1).normal(size=400)
    assert drawn(lambda axes: axes.plot(values)) == drawn(lambda axes: axes.plot(values * noise))


@pytest.mark.parametrize("path", lesson_paths(), ids=lambda path: path.stem)
def test_every_figure_has_its_digest(path: Path) -> None:
    """Beside each stored picture stands the digest of what was drawn, with the picture's words."""
    if "course_utils.display import show_figure" in path.read_text(encoding="utf-8"):
        pytest.skip("its figures are shown without a digest so far")
    pictures = 0
    for cell in code_cells(read(path)):
        outputs = [output.data for output in cell.outputs if "data" in output]
        shown = [number for number, data in enumerate(outputs) if "image/png" in data]
        for number in shown:
            beside = outputs[number + 1].get("text/html", "") if number + 1 < len(outputs) else ""
            assert re.match(r'<details data-drawn="[0-9a-f]{8}"><summary>', beside), f"{cell.id}: no digest"
            assert outputs[number]["text/plain"] == outputs[number + 1]["text/plain"], f"{cell.id}: other words"
        pictures += len(shown)
    assert pictures, "every lesson has a figure"


def drawing() -> dict[str, object]:
    """Each function of the rooms that gives a `Picture`, by its name, with its module."""
    found = {}
    for room in sorted((ROOT / "course_lessons").glob("lesson_*")):
        for path in sorted(room.glob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.returns and ast.unparse(node.returns) == "Picture":
                    module = importlib.import_module(f"course_lessons.{room.name}.{path.stem}")
                    found[f"{room.name}.{node.name}"] = getattr(module, node.name)
    return found


DRAW_WHAT_IS_GIVEN = {"lesson_00.draw_best_words", "lesson_11.draw_grids", "lesson_11.draw_next_tokens"}
"""These have no words of their own in their figures: all that stands there is handed to them."""


def in_korean(node: Any) -> Any:
    """A table whose texts all begin in Korean, some with letters that are rare."""
    if isinstance(node, dict):
        return {key: in_korean(value) for key, value in node.items()}
    if isinstance(node, list):
        return [in_korean(value) for value in node]
    return f"{HANGUL} {node}" if isinstance(node, str) else node


def glyphs_missing(figure: Figure) -> list[str]:
    """What matplotlib says about letters that it cannot draw."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        figure.savefig(io.BytesIO(), format="png", dpi=40)
    return [str(one.message) for one in said if "Glyph" in str(one.message)]


@pytest.mark.slow
def test_korean_figures_miss_no_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each drawing function of the rooms, run on its own example with Korean in all texts of the tables."""
    drawn: list[Figure] = []
    real, init = messages._whole, Picture.__init__

    def keep(self: Picture, figure: Figure, *more: Any, **named: Any) -> None:
        drawn.append(figure)
        init(self, figure, *more, **named)

    monkeypatch.setenv(messages.LANGUAGE_VARIABLE, "ko")
    monkeypatch.setattr(messages, "_whole", lambda language: in_korean(real(language)))
    monkeypatch.setattr(Picture, "__init__", keep)
    use_course_style()
    functions = drawing()
    assert len(functions) > 25
    missing: dict[str, list[str]] = {}
    foreign = []
    for name, function in functions.items():
        drawn.clear()
        space = dict(vars(sys.modules[function.__module__]))
        (example,) = doctest.DocTestFinder(recurse=False).find(function, function.__name__, globs=space)
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.filterwarnings("error", message=".*Glyph")
            for line in example.examples:
                exec(compile(line.source, name, "exec"), space)
        assert drawn, f"{name}: its example draws nothing"
        missing[name] = [glyph for figure in drawn for glyph in glyphs_missing(figure)]
        if not any(HANGUL in words.get_text() for figure in drawn for words in figure.findobj(Text)):
            foreign.append(name)
    assert not {name: glyphs for name, glyphs in missing.items() if glyphs}
    assert set(foreign) <= DRAW_WHAT_IS_GIVEN, "no word of these figures comes from the tables"


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_korean_letters_are_drawn(weight: str) -> None:
    """Hangul, a minus sign, signs and Latin letters in one line, in both weights; a letter nobody has is noticed."""
    use_course_style()
    figure = Figure()
    axes = figure.subplots()
    axes.plot([-2, -1], [-0.5, 0.5])
    axes.set_title(f"{HANGUL} loss −1.5 → 50% × ▶ ✓ · …", fontweight=weight)
    assert not glyphs_missing(figure)
    file = Path(font_manager.findfont(font_manager.FontProperties(family=KOREAN_FONT, weight=weight)))
    assert ("Bold" in file.stem) == (weight == "bold") and file.stem.startswith(KOREAN_FONT)
    axes.set_title("𓀀", fontweight=weight)
    assert glyphs_missing(figure)


def test_no_stored_figure_misses_a_letter() -> None:
    """Nor did a lesson, in any language, when it was stored: matplotlib's warning would be among its outputs."""
    for path in sorted(NOTEBOOKS.rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            assert not re.search(r"Glyph \d+ .{,80}missing", path.read_text(encoding="utf-8")), path.name
