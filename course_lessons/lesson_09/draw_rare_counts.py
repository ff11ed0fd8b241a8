"""How many rows of a rare class fall into a part of the data, over many ways to split it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, GREEN, INK, VERMILION
from course_utils.picture import Picture

COLOURS = (BLUE, GREEN)


def draw_rare_counts(counts: Mapping[str, Sequence[int]]) -> Picture:
    """For each way to split a panel of bars: how often there were 0, 1, 2 ... rows of the rare class in a part.

    Args:
        counts: name of a way -> rows of the rare class, one number for each part. The bar at 0 is marked.
    Raises:
        CourseError: no way, or one without a number.

    >>> picture = draw_rare_counts({"as it falls": [0, 0, 3], "stratified": [1, 1, 1]})
    >>> [axes.get_title() for axes in picture.figure.axes]
    ['as it falls', 'stratified']
    >>> picture.words.split(". ", 1)[-1]
    'as it falls: from 0 to 3 rows, none in 2 of 3 parts. stratified: from 1 to 1 rows, none in 0 of 3 parts.'
    """
    if not counts or not all(len(numbers) for numbers in counts.values()):
        raise CourseError(text("draw_rare_counts.nothing"))
    most = max(max(numbers) for numbers in counts.values())
    figure = Figure(figsize=(12, 4.2))
    panels = figure.subplots(1, len(counts), sharex=True, sharey=True, squeeze=False)[0]
    for i, (axes, (name, numbers)) in enumerate(zip(panels, counts.items(), strict=True)):
        often = Counter(numbers)
        for value in range(most + 1):
            colour = VERMILION if value == 0 else COLOURS[i % len(COLOURS)]
            hatch = "//" if value == 0 else None
            axes.bar(value, often[value], color=colour, edgecolor=INK, linewidth=0.8, hatch=hatch, width=0.8)
            if often[value]:
                axes.annotate(
                    str(often[value]), (value, often[value]), textcoords="offset points", xytext=(0, 4), ha="center"
                )
        axes.set_title(name)
        axes.set_xlabel(text("draw_rare_counts.rows"))
        axes.set_xlim(-0.7, most + 0.7)
        axes.margins(y=0.12)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[0].set_ylabel(text("draw_rare_counts.seeds"))
    figure.tight_layout(w_pad=3)
    lines = [
        text(
            "draw_rare_counts.line",
            name=name,
            least=min(numbers),
            most=max(numbers),
            none=sum(number == 0 for number in numbers),
            of=len(numbers),
        )
        for name, numbers in counts.items()
    ]
    return Picture(figure, " ".join([text("draw_rare_counts.words"), *lines]))
