"""A lesson on a projector, in a real browser of 1280 x 720: type that is read from the back, code folded by one key."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browser_lab import ARGUMENTS, browser_path, served, solved_copy
from lesson_files import code_cells

from commands import present
from commands.copies import without_outputs

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEM = "01_behind_the_pipeline"
SIZES = """() => {
    const found = {seen: 0};
    const walker = document.createTreeWalker(document.querySelector(".jp-Notebook"), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const home = node.parentElement, text = node.textContent.trim(), box = home.getBoundingClientRect();
        if (!text || !box.width || !box.height || home.closest("script, style, .jp-Toolbar, sub, sup")) continue;
        let size = parseFloat(getComputedStyle(home).fontSize);
        for (let part = home; part; part = part.parentElement) size *= parseFloat(getComputedStyle(part).zoom || 1);
        found.seen += 1;
        if (!(size >= found.smallest)) {
            found.smallest = size;
            found.text = `${home.tagName}.${home.className}: ${text.slice(0, 60)}`;
        }
    }
    return found;
}"""
"""The smallest type in the notebook, in pixels of the screen, and where it stands."""
CODE = ".jp-CodeCell .jp-InputArea-editor:visible"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A lesson as `present` opens it, on a screen of 1280 x 720, all of it run."""
    executable = browser_path()
    from playwright.sync_api import sync_playwright

    home = tmp_path_factory.mktemp("projector")
    present.write_settings(home)
    for name in ("settings", "config"):
        shutil.copytree(home / ".jupyter" / name, home / name)
    switched_on = {"LabApp": {"custom_css": True}}  # an option of the command, as test_teaching says
    (home / "config" / "jupyter_lab_config.json").write_text(json.dumps(switched_on))
    lesson = solved_copy(STEM)  # so that Run All gets to the end under the strict mode of these servers
    with served(home) as (address, token, work), sync_playwright() as playwright:
        (work / f"{STEM}.ipynb").write_bytes(without_outputs(nbformat.writes(lesson).encode("utf-8")))
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, headless=True)
        opened = browser.new_page(viewport={"width": 1280, "height": 720})
        opened.set_default_timeout(60_000)
        opened.goto(f"{address}/doc/tree/{STEM}.ipynb?token={token}")
        opened.locator(".jp-Notebook .jp-Cell").nth(len(lesson.cells) - 1).wait_for(state="attached")
        opened.lesson = lesson
        opened.shots = home / "screenshots"
        opened.shots.mkdir()
        print(f"screenshots: {opened.shots}")
        yield opened
        browser.close()


def shot(page: Any, name: str) -> None:
    """Leave a screenshot to be looked at."""
    page.screenshot(path=str(Path(page.shots) / f"{name}.png"))


def test_one_document_with_nothing_run(page: Any) -> None:
    """No list of files beside it; no output, and every solution folded."""
    shot(page, "opened")
    assert page.locator(".jp-FileBrowser:visible").count() == 0
    assert page.locator(".jp-OutputArea-output").count() == 0
    solutions = page.locator("details")
    assert solutions.count() >= 3 and page.locator("details[open]").count() == 0


def test_one_key_folds_the_code_and_one_opens_it(page: Any) -> None:
    """For all cells at once, wherever the focus is."""
    all_of_it = len(code_cells(page.lesson))
    assert page.locator(CODE).count() == all_of_it
    page.locator(".jp-Notebook h1").first.click()
    page.keyboard.press(present.FOLD)
    page.wait_for_function(f"() => document.querySelectorAll('{CODE.removesuffix(':visible')}').length === 0")
    shot(page, "folded")
    page.keyboard.press(present.UNFOLD.replace(" ", "+"))
    page.wait_for_function(
        f"n => document.querySelectorAll('{CODE.removesuffix(':visible')}').length === n", arg=all_of_it
    )


def test_the_type_is_large_everywhere(page: Any) -> None:
    """Prose, code, what cells print, what the course draws, quiz and widget: 20 pixels at least, after all has run."""
    page.locator(".jp-Notebook").press("Escape")
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(r"^Run$")).click()
    page.locator('li.lm-Menu-item[data-command="runmenu:run-all"]').click()
    last = page.locator(".jp-CodeCell .jp-InputPrompt").last
    page.wait_for_function("node => /\\[\\d+\\]/.test(node.textContent)", arg=last.element_handle(), timeout=120_000)
    page.wait_for_timeout(1500)
    found = page.evaluate(SIZES)
    for name, where in (
        ("first-output", ".jp-OutputArea-output"),
        ("quiz", ".course-quiz"),
        ("figure", ".jp-OutputArea img"),
    ):
        page.locator(where).first.scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        shot(page, name)
    assert found["seen"] > 300
    assert found["smallest"] >= present.TYPE - 0.01, found
    overflow = (
        "() => { const n = document.querySelector('.jp-WindowedPanel-outer'); return n.scrollWidth - n.clientWidth; }"
    )
    assert page.evaluate(overflow) <= 1, "nothing has to be moved sideways"
