"""Make the pictures of README.md anew, from the lessons in a real browser: `python course.py pictures [NAME ...]`.

Each is a photograph of a widget in JupyterLab after Run All, moved as a learner would move it; `tests/browser_lab.py`
opens the lesson. What stands in a picture is printed: the words beside it in README.md have to say the same.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from commands.doctor import find_chromium
from commands.shared import ROOT, Stop, say

if TYPE_CHECKING:
    from browser_lab import Lab
    from playwright.sync_api import Locator

DOCS = ROOT / "docs"
PAGE = {"width": 1100, "height": 860}
"""Size of the page: a picture of it can still be read when README.md shows it narrower."""


@dataclass(frozen=True)
class Picture:
    """One picture: its file in docs/, its lesson and cell, and how the widget is moved before.

    `move` gives what the picture shows; None stands for the whole page, the cell before the widget at its top.
    """

    file: str
    stem: str
    cell: str
    move: Callable[[Lab], Locator | None]


def typed_sentence(lab: Lab) -> None:
    """Lesson 01: another sentence in the box."""
    box = lab.page.locator(".course-sentence input").first
    box.fill("Not bad at all: I'd happily watch it again.")
    lab.page.locator(".course-sentence-path", has_text="happily").first.wait_for()
    lab.page.locator(".course-sentence-path", has_text="again").first.wait_for()


def two_languages(lab: Lab) -> Locator:
    """Lesson 04: a text in English and Korean, read by two tokenizers."""
    lab.page.locator(".course-tokenizer-text textarea").first.fill("An annoyingly long film, 정말 길다")
    for side in (1, 2):
        lab.page.locator(f".course-tokenizer-view-{side}", has_text="6 words and 30 characters").first.wait_for()
    return lab.output("compare")


def without_not(lab: Lab) -> Locator:
    """Lesson 05: the mask of the word not is switched off."""
    board = lab.page.locator(".course-mask-board").first
    result = board.locator(".course-mask-result").nth(1)
    before = result.inner_text()
    board.get_by_role("button", name="1 not", exact=True).click()
    changed = "([node, before]) => node.innerText !== before"
    lab.page.wait_for_function(changed, arg=[result.element_handle(), before], polling=200)
    return board


def one_head(lab: Lab) -> Locator:
    """Lesson 11: the second head of the lowest layer, for a sentence typed into the box."""
    view = lab.page.locator(".course-attention-view").first
    lab.page.locator(".course-attention-box input").first.fill("The actors were good, but it was a long film.")
    lab.page.locator(".course-attention-view", has_text="film").first.wait_for()
    before = view.inner_text()
    lab.page.locator(".course-attention-head").first.get_by_role("slider").press("ArrowRight")
    changed = "([node, before]) => node.innerText !== before"
    lab.page.wait_for_function(changed, arg=[view.element_handle(), before], polling=200)
    return lab.output("explore")


PICTURES = (
    Picture("lesson_01.png", "01_behind_the_pipeline", "explore", typed_sentence),
    Picture("widget_04.png", "04_tokenizers", "compare", two_languages),
    Picture("widget_05.png", "05_padding_and_masks", "play", without_not),
    Picture("widget_11.png", "11_architectures_and_attention", "explore", one_head),
)


def make(picture: Picture, home: Path) -> str:
    """Open the lesson of a picture, move its widget and store the picture; the words that stand in it."""
    from browser_lab import opened_lesson

    with opened_lesson(picture.stem, home) as lab:
        page = lab.page
        page.set_viewport_size(PAGE)
        page.evaluate("() => { const shell = window.jupyterapp.shell; shell.collapseLeft(); shell.collapseRight(); }")
        output = lab.output(picture.cell)
        output.scroll_into_view_if_needed()
        shown = picture.move(lab)
        page.mouse.move(2, 2)
        if shown is None:
            place = lab.cells.index(picture.cell) - 1
            lab.cell(lab.cells[place]).evaluate("node => node.scrollIntoView({block: 'start'})")
            page.wait_for_timeout(1000)  # Lab draws what was out of sight
            page.screenshot(path=str(DOCS / picture.file))
        else:
            page.wait_for_timeout(1000)
            shown.screenshot(path=str(DOCS / picture.file))
        return re.sub(r"\s+", " ", (shown or output).inner_text())


def main(words: Sequence[str] | None = None) -> int:
    """Make all pictures, or those that are named; the exit code."""
    wanted = list(sys.argv[1:] if words is None else words)
    unknown = set(wanted) - {picture.file for picture in PICTURES}
    try:
        if unknown:
            known = ", ".join(picture.file for picture in PICTURES)
            raise Stop(f"There is no picture {sorted(unknown)[0]!r}. There are: {known}.")
        if find_chromium() is None:
            raise Stop(
                "Pictures are taken in a real browser: install Chromium first (`python course.py doctor` sees it)."
            )
    except Stop as stop:
        print(stop, file=sys.stderr)
        return 1
    sys.path.insert(0, str(ROOT / "tests"))
    os.environ["COURSE_PROGRESS"] = "off"
    import browser_lab

    try:
        for picture in PICTURES:
            if not wanted or picture.file in wanted:
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
                    said = make(picture, Path(home))
                    browser_lab.close_desk()  # its files lie in that folder
                say(f"docs/{picture.file}\n    {said}")
    finally:
        browser_lab.close_desk()
    say("Look at them. The words beside each in README.md, for whoever cannot see it, have to say the same.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
