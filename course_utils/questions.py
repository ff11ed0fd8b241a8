"""Quiz questions: every choice, right or wrong, gets its reason. Their words lie in the rooms, under `[quiz]`."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from string import ascii_uppercase

import ipywidgets

from course_utils import progress
from course_utils.display import show
from course_utils.markup import READABLE, card, inline_code, spoken
from course_utils.messages import brief, entry, text


@dataclass(frozen=True)
class Choice:
    """One choice of a question: its words, its reason, and whether it is right."""

    words: str
    reason: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with two to five choices, one of them right."""

    key: str
    words: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Quiz:
    """A question on screen: the buttons A, B, C, the reason shown below, and both in one widget."""

    buttons: ipywidgets.ToggleButtons
    reason: ipywidgets.HTML
    widget: ipywidgets.VBox


def question(key: str) -> Question | None:
    """The question under "NN/name", or None if there is none.

    >>> sum(choice.right for choice in question("01/logits").choices)
    1
    """
    if not isinstance(key, str):
        return None
    try:
        lesson, name = key.split("/", 1)
        found = entry(f"quiz.{lesson}.{name}")
        choices = tuple(Choice(c["words"], c["reason"], c.get("right", False)) for c in found["choices"])
        return Question(key, found["question"], choices)
    except (KeyError, TypeError, ValueError):
        return None


def quiz_widget(asked: Question) -> Quiz:
    """Buttons for the choices of a question; pressing one shows its reason.

    >>> live = quiz_widget(question("01/logits"))
    >>> live.buttons.value = "A"
    >>> live.reason.value != ""
    True
    """
    letters = ascii_uppercase[: len(asked.choices)]
    listed = "".join(
        f"<div><b>{a}</b>&nbsp; {inline_code(c.words)}</div>" for a, c in zip(letters, asked.choices, strict=True)
    )
    words = ipywidgets.HTML(
        f'<div{spoken()} style="font-size:16px;line-height:1.6;{READABLE}"><p><b>{inline_code(asked.words)}</b></p>'
        f"{listed}</div>"
    )
    buttons = ipywidgets.ToggleButtons(
        options=list(letters), value=None, style=ipywidgets.ToggleButtonsStyle(button_width="4em")
    )
    reason = ipywidgets.HTML()

    def answer(change: dict[str, object]) -> None:
        if change["new"] not in tuple(letters):
            reason.value = ""
            return
        choice = asked.choices[letters.index(str(change["new"]))]
        start = text("quiz_ui.right" if choice.right else "quiz_ui.wrong", letter=change["new"])
        reason.value = card(
            f"<b>{escape(start)}</b> {inline_code(choice.reason)}", "right" if choice.right else "wrong"
        )
        progress.record(progress.Event("quiz", asked.key, choice.right))

    buttons.observe(answer, names="value")
    widget = ipywidgets.VBox([words, buttons, reason])
    widget.add_class("course-quiz")
    return Quiz(buttons, reason, widget)


def quiz(key: str) -> None:
    """Ask a quiz question. A reader without a kernel opens each choice to read its reason.

    Args:
        key: the question as "NN/name"; an unknown one says which to try, and raises nothing.

    >>> quiz("01/nothing")
    There is no quiz question '01/nothing'. Run the cell as the lesson has it.
    """
    asked = question(key)
    if asked is None:
        show(None, card(escape(text("quiz_ui.unknown", given=brief(key))), "note"))
        return
    still = [f"<p><b>{inline_code(asked.words)}</b></p>"]
    for letter, choice in zip(ascii_uppercase, asked.choices, strict=False):
        verdict = text("quiz_ui.right" if choice.right else "quiz_ui.wrong", letter=letter)
        still.append(
            f"<details><summary>{letter}. {inline_code(choice.words)}</summary>{escape(verdict)} "
            f"{inline_code(choice.reason)}</details>"
        )
    show(quiz_widget(asked).widget, "".join(still), text=asked.words.replace("`", ""))
