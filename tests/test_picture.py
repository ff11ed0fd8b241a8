"""A figure that went stale is noticed: the digest beside it is compared, and changes with what is drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import numpy
import pytest
from lesson_files import code_cells, lesson_paths, read
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_notebook

from commands.comparison import changes, course_rules
from commands.refresh import execute, strip
from course_checks.drawn import digest

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
