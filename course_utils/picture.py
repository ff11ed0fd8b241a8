"""A figure that carries its own words, and how it is shown: the picture, what it says, and a digest of what was drawn.

Pictures are not compared when a notebook is tested, since their pixels differ between machines. The digest is: it
stands beside the picture in the stored output, changes with what is drawn, and so a stale figure is noticed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from html import escape

from IPython import get_ipython
from IPython.display import display
from matplotlib.figure import Figure

from course_checks.drawn import digest
from course_utils.markup import spoken
from course_utils.messages import text


@dataclass(frozen=True)
class Picture:
    """A figure and what it says in words, for those who cannot see it.

    Attributes:
        figure: a matplotlib figure.
        words: what a reader should see in it, in one or more sentences.
        repeatable: whether the numbers drawn are the same on every machine. Those of a training are not: processors add
            up in different orders, and training makes small differences grow. The digest then leaves them out.
    """

    figure: Figure
    words: str
    repeatable: bool = True


def show_figure(picture: Picture) -> None:
    """Display a picture as a PNG with its words, and close its figure, so that it is not shown twice.

    Args:
        picture: what a `draw_...` function of the course returns, or `Picture(figure, words)` for a figure of your own.

    >>> show_figure(Picture(Figure(), "An empty figure."))
    An empty figure.
    """
    figure, words = picture.figure, picture.words
    if get_ipython() is None:
        print(words)
        return
    drawn = digest(figure, picture.repeatable)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, bbox_inches="tight", facecolor="white")
    import matplotlib.pyplot as plt

    plt.close(figure)
    display({"image/png": file.getvalue(), "text/plain": words}, raw=True, metadata={"image/png": {"alt": words}})
    # JupyterLab does not read the alt text of an output aloud, so the words stand below the picture as well.
    folded = f"<summary>{escape(text('picture.in_words'))}</summary>{escape(words)}"
    display({"text/html": f'<details{spoken()} data-drawn="{drawn}">{folded}</details>', "text/plain": words}, raw=True)
