"""Lesson 01 as a learner meets it: a real Chromium drives a real JupyterLab, on a copy of the notebook.

Nothing here looks at pixels; screenshots are left in a folder whose name is printed, to be looked at.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import nbformat
import pytest
from lesson_files import NOTEBOOKS, ROOT, cell_by_id, clean_environment, code_cells, fenced_python, read

import course

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

STEM = "01_behind_the_pipeline"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


def missing(reason: str) -> NoReturn:
    """Skip with a reason; where CI=true, fail instead: there the browser has to be there."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{reason}; with CI=true the browser tests have to run")
    pytest.skip(reason)


def browser_path() -> str:
    """The Chromium of this machine, as `course.py doctor` finds it; skips or fails where there is none."""
    if importlib.util.find_spec("playwright") is None:
        missing("playwright is not installed")
    found = course.find_chromium()
    if found is None:
        missing("no Chromium on this machine: install the package `chromium` to run the browser tests")
    return found


@dataclass
class Lab:
    """A JupyterLab with a lesson open in a page, and what the page asked for on the way."""

    page: Page
    cells: list[str]
    shots: Path
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def cell(self, cell_id: str) -> Locator:
        """The cell with this id: the page holds all cells in the order of the notebook."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(self.cells.index(cell_id))

    def output(self, cell_id: str) -> Locator:
        """The output area of a cell."""
        return self.cell(cell_id).locator(".jp-OutputArea")

    def shot(self, name: str) -> None:
        """Leave a screenshot to be looked at."""
        self.page.screenshot(path=str(self.shots / f"{name}.png"))

    def run(self, cell_id: str) -> None:
        """Run one cell with the keyboard and wait until it has a number again."""
        cell = self.cell(cell_id)
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.text_content()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        done = "([node, before]) => /\\[\\d+\\]/.test(node.textContent) && node.textContent !== before"
        self.page.wait_for_function(done, arg=[prompt.element_handle(), before], timeout=120_000)

    def write(self, cell_id: str, source: str) -> None:
        """Replace the text of a code cell, as a learner who pastes would, and see that it stands there."""
        editor = self.cell(cell_id).locator(".cm-content")
        editor.scroll_into_view_if_needed()
        editor.click()
        self.page.keyboard.press("Control+a")
        paste = """(node, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const how = {clipboardData: data, bubbles: true, cancelable: true};
            node.dispatchEvent(new ClipboardEvent("paste", how));
        }"""
        editor.evaluate(paste, source)
        lines = self.cell(cell_id).locator(".cm-line").all_inner_texts()
        assert [line.rstrip("\n") for line in lines] == source.split("\n")


@pytest.fixture(scope="module")
def executable() -> str:
    """The browser; asked for first, so that nothing is started where there is none."""
    return browser_path()


@pytest.fixture(scope="module")
def server(executable: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab of its own on a free port: own settings, own runtime folder, a copy of the lesson."""
    home = tmp_path_factory.mktemp("lab")
    work = home / "work"
    work.mkdir()
    lesson = read(NOTEBOOKS / f"{STEM}.ipynb")
    for cell in code_cells(lesson):
        cell.execution_count = None  # a number then means: run in this browser
    nbformat.write(lesson, str(work / f"{STEM}.ipynb"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    environment = clean_environment(
        JUPYTER_CONFIG_DIR=str(home / "config"),
        JUPYTER_CONFIG_PATH=str(ROOT / "jupyter"),
        JUPYTER_RUNTIME_DIR=str(home / "runtime"),
        JUPYTER_DATA_DIR=str(home / "data"),
        JUPYTERLAB_SETTINGS_DIR=str(home / "settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(home / "workspaces"),
        HF_HOME=str(home / "cache"),
    )
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={work}"]
    log = (home / "server.log").open("w", encoding="utf-8")
    process = subprocess.Popen(
        command, cwd=work, env=environment, stdout=log, stderr=log, start_new_session=os.name != "nt"
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/api?token={token}", timeout=2).close()
                break
            except OSError:
                said = (home / "server.log").read_text(encoding="utf-8", errors="replace")[-2000:]
                assert process.poll() is None and time.monotonic() < deadline, said
                time.sleep(0.2)
        yield f"{address}/lab/tree/{STEM}.ipynb?token={token}"
    finally:
        if os.name == "nt":
            process.terminate()
        else:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
        log.close()


@pytest.fixture(scope="module")
def lab(executable: str, server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lesson in a browser, after Run All."""
    from playwright.sync_api import sync_playwright

    shots = tmp_path_factory.mktemp("screenshots")
    print(f"screenshots: {shots}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, headless=True)
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        page = context.new_page()
        page.set_default_timeout(120_000)
        opened = Lab(page, [cell.id for cell in read(NOTEBOOKS / f"{STEM}.ipynb").cells], shots)
        context.on("request", lambda request: opened.requests.append(request.url))
        page.on("pageerror", lambda error: opened.problems.append(str(error)))
        page.goto(server)
        # The notebook's own indicator is idle before a kernel exists; the status bar tells the truth.
        page.locator(".jp-StatusBar-TextItem", has_text=re.compile(r"^(?!No Kernel).+\| Idle$")).wait_for()
        page.locator(".jp-Notebook .jp-Cell").nth(len(opened.cells) - 1).wait_for(state="attached")
        opened.shot("opened")
        page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(r"^Run$")).click()
        page.locator('li.lm-Menu-item[data-command="runmenu:run-all"]').click()
        last = page.locator(".jp-CodeCell .jp-InputPrompt").last
        total = page.locator(".jp-CodeCell").count()
        done = "([node, text]) => node.textContent.trim() === text"
        page.wait_for_function(done, arg=[last.element_handle(), f"[{total}]:"], timeout=180_000)
        page.locator(".jp-StatusBar-TextItem", has_text=re.compile(r"\| Idle$")).wait_for()
        opened.shot("after-run-all")
        yield opened
        browser.close()


@pytest.mark.parametrize(("ci", "ends"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_browser_is_no_silent_pass(
    ci: str, ends: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where these tests cannot run they say so; on the machine that guards the project they fail instead."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(course, "find_chromium", lambda: None)
    with pytest.raises(ends, match="Chromium"):
        browser_path()


def test_run_all_leaves_no_error(lab: Lab) -> None:
    """Run All works at the first click: every cell is numbered, nothing failed, every widget is alive."""
    page = lab.page
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()
    assert [text.strip() for text in prompts] == [f"[{n}]:" for n in range(1, len(prompts) + 1)]
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    assert page.get_by_text("Error displaying widget").count() == 0
    assert page.locator(".course-sentence input").count() >= 1
    assert page.locator(".course-quiz").count() == 3
    pictures = page.locator(".jp-OutputArea img")
    assert pictures.count() >= 1
    for number in range(pictures.count()):
        pictures.nth(number).scroll_into_view_if_needed()
        page.wait_for_function("node => node.naturalWidth >= 600", arg=pictures.nth(number).element_handle())
        lab.shot(f"picture-{number + 1}")


def test_typing_changes_every_stage(lab: Lab) -> None:
    """The learner types a sentence and sees its tokens, and the answer turns round with its meaning."""
    box = lab.page.locator(".course-sentence input").first
    view = lab.page.locator(".course-sentence-path").first
    box.scroll_into_view_if_needed()
    shown = {}
    for name, sentence in (("kind", "what a wonderful film"), ("unkind", "a dreadful bore")):
        box.click()
        lab.page.keyboard.press("Control+a")
        lab.page.keyboard.type(sentence)
        # every key stroke is a round trip to the kernel: wait for the view of the whole sentence, each word one token
        expected = [f"{len(sentence.split()) + 2} tokens", *sentence.split()]
        deadline = time.monotonic() + 20
        while not all(words in view.inner_text() for words in expected) and time.monotonic() < deadline:
            lab.page.wait_for_timeout(50)
        shown[name] = view.inner_text()
        assert all(words in shown[name] for words in expected), shown[name]
        view.scroll_into_view_if_needed()
        lab.shot(f"widget-{name}")
    found = {name: re.findall(r"(NEGATIVE|POSITIVE)\s+(\d\.\d\d)", text) for name, text in shown.items()}
    assert all(len(dict(pairs)) == 2 for pairs in found.values()), shown
    positive = {name: float(dict(pairs)["POSITIVE"]) for name, pairs in found.items()}
    assert positive["kind"] > 0.5 > positive["unkind"], positive


def test_exercise_wrong_then_right(lab: Lab) -> None:
    """An exercise explains what is wrong, gives a hint on request, and says when it is right."""
    notebook = read(NOTEBOOKS / f"{STEM}.ipynb")
    first = next(cell.id for cell in notebook.cells if cell.id.startswith("exercise-"))
    name = first.removeprefix("exercise-")
    solution = fenced_python(cell_by_id(notebook, f"solution-{name}").source)[0].rstrip("\n")
    output = lab.output(f"check-{name}")

    wrong = re.sub(r"return .*", "return 0", solution) if "return " in solution else f"{solution}\n{WRONG}"
    lab.write(f"exercise-{name}", wrong)
    lab.run(f"exercise-{name}")
    lab.run(f"check-{name}")
    output.locator(".course-wrong").first.wait_for()
    said = output.inner_text()
    assert "Traceback" not in said and len(said.split()) >= 5, said
    lab.shot("exercise-wrong")
    button = output.locator(".course-hint")
    if button.count():
        button.first.click()
        output.locator(".course-note").first.wait_for()
        assert len(output.locator(".course-note").first.inner_text().split()) >= 4
        lab.shot("exercise-hint")

    lab.write(f"exercise-{name}", solution)
    lab.run(f"exercise-{name}")
    lab.run(f"check-{name}")
    output.locator(".course-right").first.wait_for()
    assert output.locator(".course-wrong").count() == 0
    lab.shot("exercise-right")


WRONG = "answer = 0"


def test_quiz_wrong_then_right(lab: Lab) -> None:
    """A quiz answers each choice with its reason, the wrong ones too."""
    from course_utils.questions import question

    source = "\n".join(cell.source for cell in code_cells(read(NOTEBOOKS / f"{STEM}.ipynb")))
    key = re.search(r'quiz\(\s*"([^"]+)"', source).group(1)
    choices = question(key).choices
    right = next(n for n, choice in enumerate(choices) if choice.right)
    wrong = next(n for n, choice in enumerate(choices) if not choice.right)
    box = lab.page.locator(".course-quiz").first
    for number, kind in ((wrong, "wrong"), (right, "right")):
        button = box.get_by_role("button", name="ABCDE"[number], exact=True)
        button.scroll_into_view_if_needed()
        button.click()
        box.locator(f".course-{kind}").wait_for()
        reason = re.sub(r"[`\s]+", " ", choices[number].reason).strip()
        assert reason[:40] in re.sub(r"\s+", " ", box.inner_text())
        lab.shot(f"quiz-{kind}")
    assert box.locator(".course-wrong").count() == 0


def test_no_request_left_this_machine(lab: Lab) -> None:
    """The page loads nothing from elsewhere: what works here works without a network, and tells nobody."""
    assert len(lab.requests) > 20
    here = re.compile(r"(https?|wss?)://127\.0\.0\.1[:/]|(data|blob|about):")
    elsewhere = [url for url in lab.requests if not here.match(url)]
    assert not elsewhere
    assert not lab.problems, json.dumps(lab.problems)[:2000]
