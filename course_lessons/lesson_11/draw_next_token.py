"""The distribution from which the next token is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from course_utils.messages import CourseError, text
from course_utils.palette import BLUE, INK
from course_utils.picture import Picture

SHOWN = 10


def draw_next_tokens(tokens: Sequence[str], distributions: Mapping[str, Sequence[float]]) -> Picture:
    """The same tokens under several distributions, one panel of bars for each; a token that cannot come has no bar.

    Args:
        tokens: names of the tokens drawn, the most probable first; at most ten are drawn.
        distributions: title -> probability of each token, as many as tokens.
    Raises:
        CourseError: no distribution, or one with another number of probabilities than tokens.

    >>> picture = draw_next_tokens(["good", "bad"], {"as it is": [0.6, 0.4], "only the best": [1.0, 0.0]})
    >>> [[t.get_text() for t in axes.texts] for axes in picture.figure.axes]
    [['0.60', '0.40'], ['1.00', '-']]
    >>> picture.words
    'as it is: good 0.60, bad 0.40. only the best: good 1.00, bad -.'
    """
    if not distributions or any(len(row) != len(tokens) for row in distributions.values()):
        given = ", ".join(str(len(row)) for row in distributions.values()) or "0"
        raise CourseError(text("draw_next_token.unequal", tokens=len(tokens), given=given))
    count = min(SHOWN, len(tokens))
    figure = Figure(figsize=(max(7.0, 3.3 * len(distributions)), 1.2 + 0.42 * count))
    reach = max(max(row[:count]) for row in distributions.values())
    for number, (title, row) in enumerate(distributions.items()):
        axes = figure.add_subplot(1, len(distributions), number + 1)
        axes.barh(range(count), row[:count], color=BLUE)
        axes.set_yticks(range(count), list(tokens[:count]) if number == 0 else [""] * count)
        axes.invert_yaxis()
        axes.set_xlim(0, max(reach * 1.4, 0.05))
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_title(title, fontsize=13)
        for i, value in enumerate(row[:count]):
            axes.text(value + 0.03 * reach, i, _share(value), va="center", color=INK, fontsize=11)
    figure.tight_layout()
    said = [
        f"{title}: {', '.join(f'{t} {_share(p)}' for t, p in list(zip(tokens, row, strict=True))[:SHOWN])}."
        for title, row in distributions.items()
    ]
    return Picture(figure, " ".join(said))


def _share(probability: float) -> str:
    """A probability in words; a dash for what cannot come."""
    return f"{probability:.2f}" if probability > 0 else "-"
