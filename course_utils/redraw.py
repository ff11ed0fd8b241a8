"""Redrawing a view when a control changes, so that no mistake goes silent."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import ipywidgets

from course_utils.messages import CourseError, text
from course_utils.palette import card


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
        words = text("widgets.failed", kind=type(error).__name__, message=str(error)[:160])
        view.value = card(escape(words), "wrong")
