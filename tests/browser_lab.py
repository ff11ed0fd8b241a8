"""A lesson as a learner meets it: a real Chromium drives a real JupyterLab, on a copy of the notebook.

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
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import nbformat
import pytest
from lesson_files import NOTEBOOKS, ROOT, clean_environment, code_cells, read
from nbformat import NotebookNode

from commands import doctor

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

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
    found = doctor.find_chromium()
    if found is None:
        missing("no Chromium on this machine: install the package `chromium` to run the browser tests")
    return found


@dataclass
class Lab:
    """A JupyterLab with a lesson open in a page, and what the page asked for on the way."""

    page: Page
    notebook: NotebookNode
    shots: Path
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def cells(self) -> list[str]:
        """The ids of all cells, in order."""
        return [cell.id for cell in self.notebook.cells]

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


@contextmanager
def served(stem: str, home: Path) -> Iterator[str]:
    """The address of a JupyterLab of its own on a free port: own settings, own runtime folder, a copy of the lesson."""
    work = home / "work"
    work.mkdir()
    lesson = read(NOTEBOOKS / f"{stem}.ipynb")
    for cell in code_cells(lesson):
        cell.execution_count = None  # a number then means: run in this browser
    nbformat.write(lesson, str(work / f"{stem}.ipynb"))
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
        yield f"{address}/lab/tree/{stem}.ipynb?token={token}"
    finally:
        if os.name == "nt":
            process.terminate()
        else:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
        log.close()


@contextmanager
def opened_lesson(stem: str, home: Path) -> Iterator[Lab]:
    """A lesson in a browser, after Run All; skips or fails where there is no browser.

    `home` is an empty folder for the server's files and for the screenshots.
    """
    executable = browser_path()
    from playwright.sync_api import sync_playwright

    shots = home / "screenshots"
    shots.mkdir()
    print(f"screenshots: {shots}")
    with served(stem, home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, headless=True)
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        page = context.new_page()
        page.set_default_timeout(120_000)
        opened = Lab(page, read(NOTEBOOKS / f"{stem}.ipynb"), shots)
        context.on("request", lambda request: opened.requests.append(request.url))
        page.on("pageerror", lambda error: opened.problems.append(str(error)))
        page.goto(address)
        # The notebook's own indicator is idle before a kernel exists; the status bar tells the truth.
        page.locator(".jp-StatusBar-TextItem", has_text=re.compile(r"^(?!No Kernel).+\| Idle$")).wait_for()
        page.locator(".jp-Notebook .jp-Cell").nth(len(opened.cells) - 1).wait_for(state="attached")
        opened.shot("opened")
        page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(r"^Run$")).click()
        page.locator('li.lm-Menu-item[data-command="runmenu:run-all"]').click()
        last = page.locator(".jp-CodeCell .jp-InputPrompt").last
        total = page.locator(".jp-CodeCell").count()
        done = "([node, text]) => node.textContent.trim() === text"
        page.wait_for_function(done, arg=[last.element_handle(), f"[{total}]:"], timeout=600_000)
        page.locator(".jp-StatusBar-TextItem", has_text=re.compile(r"\| Idle$")).wait_for()
        opened.shot("after-run-all")
        yield opened
        browser.close()


def assert_ran_clean(lab: Lab) -> None:
    """Run All works at the first click: every cell is numbered, nothing failed, every widget and picture is there."""
    page = lab.page
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()
    assert [text.strip() for text in prompts] == [f"[{n}]:" for n in range(1, len(prompts) + 1)]
    errors = page.locator('[data-mime-type="application/vnd.jupyter.error"]').count()
    wanted = sum("raises-exception" in cell.metadata.get("tags", []) for cell in code_cells(lab.notebook))
    assert errors == wanted
    assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    assert page.get_by_text("Error displaying widget").count() == 0
    assert page.locator(".course-quiz").count() == 3
    pictures = page.locator(".jp-OutputArea img")
    assert pictures.count() >= 1
    for number in range(pictures.count()):
        pictures.nth(number).scroll_into_view_if_needed()
        page.wait_for_function("node => node.naturalWidth >= 600", arg=pictures.nth(number).element_handle())
        lab.shot(f"picture-{number + 1}")


def assert_stayed_here(lab: Lab) -> None:
    """The page loads nothing from elsewhere: what works here works without a network, and tells nobody."""
    assert len(lab.requests) > 20
    here = re.compile(r"(https?|wss?)://127\.0\.0\.1[:/]|(data|blob|about):")
    elsewhere = [url for url in lab.requests if not here.match(url)]
    assert not elsewhere
    assert not lab.problems, json.dumps(lab.problems)[:2000]
