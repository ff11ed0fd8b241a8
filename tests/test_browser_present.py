"""A lesson on a projector, in a real browser of 1280 x 720: type that is read from the back, code folded by one key.

And what the course draws, in JupyterLab's light and dark theme: every word is read on its ground. For both, the page
shows what all lessons have stored, and live views that need no model; so nothing here waits for PyTorch.
"""

from __future__ import annotations

import inspect
import json
import shutil
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from browser_lab import ARGUMENTS, DRAWN, browser_path, served
from lesson_files import NOTEBOOKS, code_cells, lesson_paths, main_path, read
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from commands import present
from commands.copies import without_outputs
from course_utils.markup import card, panel, table, token_row

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEM = "01_behind_the_pipeline"
VIEWS = "views.ipynb"
LIVE = {
    "pieces": """
        from IPython.display import HTML, display

        from course_lessons.lesson_11.draw_attention import attention_html
        from course_utils import hint, quiz
        from course_utils.markup import bar, card, chip, code_block, legend, panel, table, token_row
        from course_utils.palette import BLUE, ORANGE

        rows = [[chip("plain"), "1"], [bar((0.5, ORANGE), (0.2, BLUE), frame=True, mark=0.3), "2"]]
        pieces = [table(rows, ["name", "number"], current=1), legend({"padding": BLUE}), code_block("x = 1")]
        display(HTML(panel("pieces", token_row(["[CLS]", "no", "##pe"], [1, 2, 3], chosen=1), *pieces)))
        display(HTML("".join(card("A sentence with <code>code</code>.", kind) for kind in ("right", "wrong", "note"))))
        weights = [[n / 10, 1 - n / 10] for n in range(11)]
        display(HTML(attention_html([*"abcdefghijk"], [[*row, *[0] * 9] for row in weights])))
        """,
    "questions": """
        quiz("01/logits")
        hint("01/class-probabilities")
        """,
    "epoch": """
        from course_lessons.lesson_12.epoch_explorer import show_epoch_explorer

        show_epoch_explorer()
        """,
    "board": """
        from types import SimpleNamespace

        import numpy
        from course_lessons.lesson_05 import mask_board
        from course_lessons.lesson_05.padded_batch import PaddedBatch

        words = ["[CLS]", "transportation", "##ization", "incomprehensibilities", *["not"] * 10, "[PAD]", "[PAD]"]
        ones = (1,) * 14 + (0, 0)
        batch = PaddedBatch(("a", "b"), (tuple(words),) * 2, (tuple(range(16)),) * 2, (ones,) * 2, (0, 3))
        mask_board.padded_batch = lambda sentences, tokenizer: batch
        mask_board.probabilities = lambda model, ids, mask=None: numpy.array([[0.25, 0.75]])
        labels = SimpleNamespace(config=SimpleNamespace(id2label={0: "NEGATIVE", 1: "POSITIVE"}))
        mask_board.show_mask_board(None, labels, ["a", "b"])
        """,
}
"""Cells with live views. The mask board's batch and answers are made up: its switches and its words are looked at."""
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
CONTRAST = """first => {
    const parse = colour => (colour.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
    const over = (top, below) => [0, 1, 2].map(n => top[3] * top[n] + (1 - top[3]) * below[n]);
    const light = colour => {
        const [r, g, b] = colour.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const rgba = colour => { const found = parse(colour); return found.length < 4 ? [...found, 1] : found; };
    const ground = node => {
        const layers = [];
        for (let part = node; part; part = part.parentElement) {
            const colour = rgba(getComputedStyle(part).backgroundColor);
            layers.push(colour);
            if (colour[3] === 1) break;
        }
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const found = {seen: 0, poor: [], cut: [], white: [], buttons: 0};
    const cells = [...document.querySelectorAll(".jp-Cell")];
    for (const output of document.querySelectorAll(".jp-OutputArea-output")) {
        const cell = cells.indexOf(output.closest(".jp-Cell"));
        const walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const home = node.parentElement, text = node.textContent.trim(), box = home.getBoundingClientRect();
            if (!text || !box.width || !box.height || home.closest("script, style, [disabled]")) continue;
            const style = getComputedStyle(home), below = ground(home);
            const ink = over(rgba(home.closest("svg") ? style.fill : style.color), below);
            const [low, high] = [light(ink), light(below)].sort((a, b) => a - b);
            const ratio = (high + 0.05) / (low + 0.05);
            found.seen += 1;
            const where = `cell ${cell}: ${text.slice(0, 40)}`;
            if (cell >= first && light(below) > 0.88) found.white.push(where);
            if (ratio < 4.5) found.poor.push(`${where}: ${ratio.toFixed(2)} in ${home.outerHTML.slice(0, 160)}`);
        }
        for (const button of output.querySelectorAll("button.jupyter-button")) {
            found.buttons += 1;
            const across = [button.scrollWidth, button.clientWidth], down = [button.scrollHeight, button.clientHeight];
            if (across[0] > across[1] || down[0] > down[1] + 1)
                found.cut.push(`${button.textContent}: ${across} across, ${down} down`);
        }
    }
    return found;
}"""
"""The words in outputs whose contrast is below 4.5, those on white from a cell on, and buttons that cut their words."""
CODE = ".jp-CodeCell .jp-InputArea-editor:visible"


def views() -> NotebookNode:
    """A notebook of some prose, of all stills that the lessons have stored, and of live views, not yet run."""
    shown = read(lesson_paths()[1])
    shown.cells = [cell for cell in shown.cells if cell.cell_type == "markdown"][:6]
    for path in lesson_paths():
        outputs = [output for cell in code_cells(read(path)) for output in cell.outputs]
        stills = [output for output in outputs if "text/html" in output.get("data", {})]
        shown.cells.append(new_code_cell("", outputs=stills, id=f"stills-{path.stem[:2]}"))
    stored = panel("stored", token_row(["[CLS]", "no"], [1, 2]), table([["a", "1"]], current=0)) + card("So.", "note")
    shown.cells.append(new_code_cell("", outputs=[new_output("display_data", {"text/html": stored})], id="stored"))
    shown.cells += [new_code_cell(inspect.cleandoc(code), id=name) for name, code in LIVE.items()]
    return shown


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A lesson as `present` opens it, on a screen of 1280 x 720, nothing run."""
    executable = browser_path()
    from playwright.sync_api import sync_playwright

    home = tmp_path_factory.mktemp("projector")
    present.write_settings(home)
    for name in ("settings", "config"):
        shutil.copytree(home / ".jupyter" / name, home / name)
    switched_on = {"LabApp": {"custom_css": True}}  # an option of the command, as test_teaching says
    (home / "config" / "jupyter_lab_config.json").write_text(json.dumps(switched_on))
    lesson = main_path(read(NOTEBOOKS / f"{STEM}.ipynb"))
    with served(home) as (address, token, work), sync_playwright() as playwright:
        (work / f"{STEM}.ipynb").write_bytes(without_outputs(nbformat.writes(lesson).encode("utf-8")))
        nbformat.write(views(), str(work / VIEWS))
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, headless=True)
        opened = browser.new_page(viewport={"width": 1280, "height": 720})
        opened.set_default_timeout(60_000)
        opened.goto(f"{address}/doc/tree/{STEM}.ipynb?token={token}")
        opened.locator(".jp-Notebook .jp-Cell").nth(len(lesson.cells) - 1).wait_for(state="attached")
        opened.lesson, opened.address = lesson, address
        shots = request.config.getoption("screenshots")
        opened.shots = shots / "present" if shots else None
        if shots:
            opened.shots.mkdir(parents=True, exist_ok=True)
        yield opened
        browser.close()


@pytest.fixture(scope="module")
def drawn(page: Any) -> Any:
    """The page with all that the course draws: what is stored, as a fresh copy shows it, and what a kernel draws."""
    other = """path => {
        for (const one of [...window.jupyterapp.shell.widgets("main")]) one.dispose();
        void window.jupyterapp.commands.execute("docmanager:open", {path});
    }"""
    page.evaluate(other, VIEWS)
    cells = len(views().cells)
    page.locator(".jp-Notebook .jp-Cell").nth(cells - 1).wait_for(state="attached")
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
    run = """first => {
        const panel = window.jupyterapp.shell.currentWidget;
        panel.content.activeCellIndex = first;
        void window.jupyterapp.commands.execute("notebook:run-all-below");
    }"""
    page.evaluate(run, cells - len(LIVE))
    last = page.locator(".jp-CodeCell .jp-InputPrompt").last
    page.wait_for_function("node => /\\[\\d+\\]/.test(node.textContent)", arg=last.element_handle())
    page.locator(".course-mask-board .course-mask-result .course-mask-answer").nth(1).wait_for()
    page.wait_for_timeout(500)
    return page


def shot(page: Any, name: str) -> None:
    """Wait until all is drawn that is in sight; leave a screenshot of it, where somebody asked for them."""
    page.evaluate(DRAWN)
    if page.shots:
        page.screenshot(path=str(page.shots / f"{name}.png"))


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


def test_the_type_is_large_everywhere(drawn: Any) -> None:
    """Prose, what cells print, what the course draws, quiz and widgets: 20 pixels at least."""
    found = drawn.evaluate(SIZES)
    for name, where in (("first-output", ".jp-OutputArea-output"), ("quiz", ".course-quiz")):
        drawn.locator(where).first.scroll_into_view_if_needed()
        drawn.wait_for_timeout(300)
        shot(drawn, name)
    assert found["seen"] > 300
    assert found["smallest"] >= present.TYPE - 0.01, found
    overflow = (
        "() => { const n = document.querySelector('.jp-WindowedPanel-outer'); return n.scrollWidth - n.clientWidth; }"
    )
    assert drawn.evaluate(overflow) <= 1, "nothing has to be moved sideways"


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_every_word_is_read_on_its_ground(drawn: Any, theme: str) -> None:
    """In both themes: a contrast of 4.5 at least, no white bands in the dark, and no button that cuts its words."""
    drawn.evaluate(
        f"() => window.jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {theme}'}})"
    )
    drawn.wait_for_function(f"document.body.dataset.jpThemeLight === '{str(theme == 'Light').lower()}'")
    drawn.wait_for_timeout(500)
    for name in ("pieces", "board"):
        drawn.locator(
            {"pieces": ".course-pieces", "board": ".course-mask-board"}[name]
        ).last.scroll_into_view_if_needed()
        shot(drawn, f"{name}-{theme}")
    found = drawn.evaluate(CONTRAST, len(views().cells) - len(LIVE) - 1)
    assert found["seen"] > 1000 and found["buttons"] >= 32
    assert not found["poor"], "\n".join(found["poor"][:20])
    assert not found["cut"], found["cut"]
    assert bool(found["white"]) == (theme == "Light"), found["white"][:20]
