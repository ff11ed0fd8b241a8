"""Lesson 13 in a real browser: choose an old line, paste old code, follow a link of the index to its cell."""

from __future__ import annotations

import re
import shutil

import pytest
from browser_lab import Lab, assert_ran_clean, assert_stayed_here
from lesson_files import NOTEBOOKS, read

pytestmark = pytest.mark.browser

STEM = "13_then_and_now"


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Every cell is numbered, nothing failed, the widget is alive."""
    assert_ran_clean(lab)
    lab.output("own-version").get_by_text("classifier.fit(rows)").scroll_into_view_if_needed()
    lab.page.wait_for_timeout(500)  # a page that was just scrolled far is painted a little later
    lab.shot("own-version")
    assert lab.page.locator(".course-old-view .course-construct").count() == 1


def test_another_line_and_pasted_code(lab: Lab) -> None:
    """The menu shows another construct; pasted code is read, line by line."""
    view = lab.page.locator(".course-old-view")
    view.scroll_into_view_if_needed()
    lab.page.wait_for_timeout(500)
    lab.shot("finder-first")
    assert "torch.optim" in view.inner_text()
    lab.page.locator(".course-old-choice select").select_option("tokenizer.encode_plus(sentence)")
    lab.page.locator(".course-old-view", has_text="has no attribute encode_plus").wait_for()
    assert "torch.optim" not in view.inner_text()
    box = lab.page.locator(".course-old-box textarea")
    box.fill("from transforemres import pipeline\nqa = pipeline('question-answering')")
    lab.page.locator(".course-old-view", has_text="AutoModelForQuestionAnswering").wait_for()
    assert "did you mean transformers" in view.inner_text() and "Line 2" in view.inner_text()
    box.scroll_into_view_if_needed()
    lab.shot("finder-pasted")


def test_a_link_opens_another_lesson_at_its_cell(lab: Lab) -> None:
    """In JupyterLab a link with the id of a cell leads to that very cell, as in the index of corrections."""
    source = next(cell for cell in lab.notebook.cells if cell.id == "another-answer-read")
    found = re.search(r"\((06_dynamic_padding)\.ipynb#cell-id=([a-z0-9-]+)\)", source.source)
    assert found
    stem, target = found.groups()
    shutil.copy(NOTEBOOKS / f"{stem}.ipynb", lab.work / f"{stem}.ipynb")
    place = [cell.id for cell in read(NOTEBOOKS / f"{stem}.ipynb").cells].index(target)
    link = lab.cell(source.id).locator("a", has_text="lesson 06").first
    link.scroll_into_view_if_needed()
    lab.shot("link")
    link.click()
    panel = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    panel.locator(".jp-Cell").nth(place).wait_for(state="attached")
    seen = """node => {
        const box = node.getBoundingClientRect();
        return box.height > 0 && box.top >= 0 && box.top < window.innerHeight;
    }"""
    lab.page.wait_for_function(seen, arg=panel.locator(".jp-Cell").nth(place).element_handle())
    lab.shot("link-followed")
    active = panel.locator(".jp-Cell.jp-mod-active")
    active.wait_for()
    assert place > 5, "the cell is not at the top of its lesson"


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere."""
    assert_stayed_here(lab)
