"""Choose an old construct, or paste old code: see what it does today and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import ipywidgets

from course_lessons.lesson_13.constructs import CONSTRUCTS, construct
from course_lessons.lesson_13.draw_constructs import construct_html, search_html
from course_utils.display import redraw, show
from course_utils.messages import text


@dataclass(frozen=True)
class OldCodeFinder:
    """A menu of constructs, a box for words or for pasted code, and below them what is known of it.

    Attributes:
        choice: the menu; each entry is the line that stands for a construct.
        box: words to search for, or code; whenever it changes, it is looked over. It is never run.
        view: what was found, as HTML.
        widget: all three together.
    """

    choice: ipywidgets.Dropdown
    box: ipywidgets.Textarea
    view: ipywidgets.HTML
    widget: ipywidgets.VBox


def old_code_finder(first: str = "adamw") -> OldCodeFinder:
    """A menu and a box for old code.

    Args:
        first: key of the construct shown at the beginning.
    Raises:
        KeyError: there is no such construct.
    """
    options = [(each.line, each.key) for each in CONSTRUCTS]
    choice = ipywidgets.Dropdown(
        options=options,
        value=construct(first).key,
        description=text("old_code_finder.choose"),
        style={"description_width": "9em"},
        layout=ipywidgets.Layout(width="95%"),
    )
    box = ipywidgets.Textarea(
        description=text("old_code_finder.paste"),
        placeholder=text("old_code_finder.placeholder"),
        rows=5,
        style={"description_width": "9em"},
        layout=ipywidgets.Layout(width="95%"),
    )
    view = ipywidgets.HTML(value=construct_html(construct(first)))

    def chosen(change: dict[str, str]) -> None:
        redraw(view, lambda: construct_html(construct(change["new"])))

    def typed(change: dict[str, str]) -> None:
        if change["new"].strip():
            redraw(view, lambda: search_html(change["new"]))
        else:
            redraw(view, lambda: construct_html(construct(choice.value)))

    choice.observe(chosen, names="value")
    box.observe(typed, names="value")
    choice.add_class("course-old-choice")
    box.add_class("course-old-box")
    view.add_class("course-old-view")
    return OldCodeFinder(choice, box, view, ipywidgets.VBox([choice, box, view]))


def show_old_code_finder(first: str = "adamw") -> None:
    """Show `old_code_finder`; a reader without a kernel sees the first construct. Arguments as there."""
    finder = old_code_finder(first)
    asked = f"{text('old_code_finder.choose')} {construct(first).line}"
    still = f"<p>{escape(asked)}</p>{finder.view.value}"
    show(finder.widget, still)
