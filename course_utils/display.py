"""Showing views and widgets: what a reader without a kernel sees of them, and how they are drawn anew.

Works with ipywidgets 7.7 (Colab) and 8: the bundle of representations is built by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import ipywidgets
from IPython import get_ipython
from IPython.display import display

from course_utils.markup import card, plain
from course_utils.messages import CourseError, say
from course_utils.messages import text as message

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


def show(widget: ipywidgets.Widget | None, html: str, text: str | None = None) -> None:
    """Display a live widget together with what a reader without a kernel sees.

    Args:
        widget: the live view; None shows the still view alone.
        html: the still view, readable without colours (GitHub strips styles).
        text: plain text for terminals and screen readers; by default the words of `html`.

    >>> show(None, "<p>Two <b>logits</b></p>")
    Two logits
    """
    words = plain(html) if text is None else text
    if get_ipython() is None:
        say(words)
        return
    data: dict[str, object] = {"text/plain": words, "text/html": html}
    if widget is not None:
        data[WIDGET_MIME] = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display(data, raw=True)


def redraw(view: ipywidgets.HTML, draw: Callable[[], str]) -> None:
    """Put what `draw` returns into the view; if it fails, the view says so and the last picture is gone.

    An error inside a widget callback is shown nowhere by Jupyter, so none may leave this function.

    Args:
        view: where the HTML goes.
        draw: makes the HTML.

    >>> view = ipywidgets.HTML()
    >>> redraw(view, lambda: "<b>2</b>")
    >>> view.value
    '<b>2</b>'
    >>> redraw(view, lambda: str(1 / 0))
    >>> "ZeroDivisionError" in view.value
    True
    """
    try:
        view.value = draw()
    except CourseError as error:
        view.value = card(escape(str(error)), "note")
    except Exception as error:
        words = message("display.failed", kind=type(error).__name__, message=str(error)[:160])
        view.value = card(escape(words), "wrong")


class Muted:
    """A block in which the course moves controls itself, so that what observes them can stay still.

    >>> muted = Muted()
    >>> with muted:
    ...     inside = bool(muted)
    >>> inside, bool(muted)
    (True, False)
    """

    def __init__(self) -> None:
        self._depth = 0

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1

    def __bool__(self) -> bool:
        return self._depth > 0
