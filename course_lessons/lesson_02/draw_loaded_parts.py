"""Which parts of a model came from the checkpoint file, which are new, and what stayed in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_lessons.lesson_02.loaded_parts import Part
from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREY, INK, PAPER, VERMILION
from course_utils.picture import Picture

LOOKS = {
    "loaded": {"facecolor": "#cfe4f3", "edgecolor": BLUE, "linestyle": "-", "linewidth": 2},
    "new": {"facecolor": "#fbe0d0", "edgecolor": VERMILION, "linestyle": "-", "linewidth": 3, "hatch": "//"},
    "left": {"facecolor": PAPER, "edgecolor": GREY, "linestyle": "--", "linewidth": 2},
}
WIDTH, HEIGHT, GAP = 1.7, 0.72, 0.16


def draw_loaded_parts(models: Mapping[str, Sequence[Part]]) -> Picture:
    """Models side by side, each a pile of its parts: body below, head on top, and beside it what was not taken.

    Args:
        models: name of each class, over its parts from `loaded_parts.parts_after_loading`; one to four.
    Returns:
        A picture 13 inches wide; each part is a box with its name and, in words, what became of it.
    Raises:
        CourseError: no model, more than four, or one without parts.

    >>> picture = draw_loaded_parts({"AutoModel": [Part("layers", "loaded", True), Part("classifier", "left", False)]})
    >>> [words.get_text() for words in picture.figure.axes[0].texts][:2]
    ['layers\\nfrom the file', 'classifier\\nleft in the file']
    >>> picture.words
    'Parts of 1 models. AutoModel: layers from the file, classifier left in the file.'
    """
    if not 1 <= len(models) <= 4 or not all(models.values()):
        raise CourseError(text("draw_loaded_parts.number", given=len(models)))
    tallest = max(max(_rows(parts)) for parts in models.values())
    figure = Figure(figsize=(13, 1.1 + 0.95 * tallest))
    axes = figure.add_axes((0.01, 0.02, 0.98, 0.96))
    axes.axis("off")
    column = 2 * WIDTH + 0.55
    for number, (name, parts) in enumerate(models.items()):
        _draw_model(axes, number * column, name, parts)
    # always room for four columns, so that letters have the same size for one model and for four
    axes.set_xlim(-0.1, 4 * column - 0.35)
    axes.set_ylim(-0.15, tallest * (HEIGHT + GAP) + 0.7)
    listed = [
        f"{name}: " + ", ".join(f"{part.name} {text(f'draw_loaded_parts.{part.state}')}" for part in parts) + "."
        for name, parts in models.items()
    ]
    return Picture(figure, " ".join([text("draw_loaded_parts.words", number=len(models)), *listed]))


def _rows(parts: Sequence[Part]) -> tuple[int, int]:
    """How many boxes stand in the pile, and how many beside it."""
    left = sum(part.state == "left" for part in parts)
    return len(parts) - left, left


def _draw_model(axes: Axes, x: float, name: str, parts: Sequence[Part]) -> None:
    pile = [part for part in parts if part.state != "left"]
    beside = [part for part in parts if part.state == "left"]
    step = HEIGHT + GAP
    for row, part in enumerate(pile):
        _draw_part(axes, x, row * step, part)
    for row, part in enumerate(beside):
        _draw_part(axes, x + WIDTH + 0.12, (len(pile) - 1 - row) * step, part)
    body = [row for row, part in enumerate(pile) if part.in_body]
    head = [row for row, part in enumerate(pile) if not part.in_body]
    if body and head:
        y = head[0] * step - GAP / 2
        axes.plot([x - 0.06, x + WIDTH + 0.06], [y, y], color=INK, linewidth=2.5)
    title = name.replace("For", "For\n", 1)  # a long name of a class needs two lines
    axes.text(x, len(pile) * step + 0.02, title, fontsize=15, va="bottom")


def _draw_part(axes: Axes, x: float, y: float, part: Part) -> None:
    axes.add_patch(FancyBboxPatch((x, y), WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=0.1", **LOOKS[part.state]))
    words = f"{part.name}\n{text(f'draw_loaded_parts.{part.state}')}"
    box = {"facecolor": LOOKS[part.state]["facecolor"], "edgecolor": "none", "pad": 1.5}
    axes.text(x + WIDTH / 2, y + HEIGHT / 2, words, ha="center", va="center", fontsize=12, color=INK, bbox=box)
