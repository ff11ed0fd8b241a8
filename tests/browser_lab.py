"""A lesson as a learner meets it: a real Chromium drives a real JupyterLab, on a solved copy of the notebook.

One run proves three things: the lesson works in a browser; its main path needs nothing from a section marked
*further*, for those are left out; and its hidden solutions are right: they stand in the exercise cells, and until the
last cell COURSE_STRICT turns a wrong one into an error that stops the run.

Nothing here looks at pixels. For those who want to: `--screenshots FOLDER` leaves pictures of every step there, and
where Run All stops there is always one.
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
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import nbformat
import pytest
from lesson_files import (
    NOTEBOOKS,
    ROOT,
    cell_by_id,
    clean_environment,
    code_cells,
    exercise_names,
    main_path,
    read,
    solved,
    tags,
)
from nbformat import NotebookNode

from commands import doctor

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Ends with the second frame from now. What is out of sight is not drawn, and its text cannot be read, until then."""

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
    """A JupyterLab with a lesson open in a page, and what the page asked for on the way.

    `work` is the folder that JupyterLab shows; the requests are those of the page since it was opened; `shots` is the
    folder for screenshots, None if nobody asked for any.
    """

    page: Page
    notebook: NotebookNode
    work: Path
    shots: Path | None = None
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
        """Wait until all is drawn that is in sight; leave a screenshot of it, where somebody asked for them."""
        self.page.evaluate(DRAWN)
        if self.shots:
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


HANGUL = re.compile("[가-힣]")
NO_CHANGE: Mapping[str, tuple[str, str]] = {}
LAST_CELL = "import os\n\ndel os.environ['COURSE_STRICT']"


def solved_copy(stem: str, shorter: Mapping[str, tuple[str, str]] = NO_CHANGE) -> NotebookNode:
    """The main path of a lesson, its own solutions in place and not yet run; a last cell ends the strict mode.

    So Run All stops at a wrong solution, and whoever types an answer afterwards is told what a learner is told.
    `shorter` replaces a part of a cell, named by its id: what trains long may train less here, where no output is
    compared with the stored one.
    """
    lesson = main_path(solved(read(NOTEBOOKS / f"{stem}.ipynb")))
    for cell_id, (old, new) in shorter.items():
        cell = cell_by_id(lesson, cell_id)
        assert cell.source.count(old) == 1, f"{cell_id}: {old!r} does not stand there once"
        cell.source = cell.source.replace(old, new)
    for cell in code_cells(lesson):
        cell.execution_count = None  # a number then means: run in this browser
    lesson.cells.append(nbformat.v4.new_code_cell(LAST_CELL, id="strict-mode-ends"))
    return lesson


@dataclass
class Desk:
    """A JupyterLab of its own and a page of a browser with it, on which one lesson after another is opened.

    To load JupyterLab costs more than most lessons: it is done once for all lessons that follow each other.
    """

    address: str
    token: str
    work: Path
    page: Page
    ends: ExitStack
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def open(self, lesson: NotebookNode, name: str) -> None:
        """Put a notebook into the folder and open it; its kernel is ready and its cells are there."""
        page = self.page
        (self.work / name).parent.mkdir(exist_ok=True)
        nbformat.write(lesson, str(self.work / name))
        self.problems.clear()
        if "/lab" in page.url:
            page.evaluate("path => { void window.jupyterapp.commands.execute('docmanager:open', {path}); }", name)
        else:
            page.goto(f"{self.address}/lab/tree/{name}?token={self.token}")
        # The notebook's own indicator is idle before a kernel exists; the status bar tells the truth.
        page.locator(".jp-StatusBar-TextItem", has_text=re.compile(r"^(?!No Kernel).+\| Idle$")).wait_for()
        page.locator(".jp-Notebook .jp-Cell").nth(len(lesson.cells) - 1).wait_for(state="attached")

    def clear(self) -> None:
        """Close every notebook without keeping it, and end the kernels."""
        self.page.evaluate("() => { for (const one of [...window.jupyterapp.shell.widgets('main')]) one.dispose(); }")
        for session in json.loads(self.ask("GET", "/api/sessions")):
            self.ask("DELETE", f"/api/sessions/{session['id']}")
        assert self.page.locator(".jp-Dialog").count() == 0, "a dialog was left open"
        self.page.locator(".jp-Notebook").first.wait_for(state="detached")

    def ask(self, method: str, path: str) -> bytes:
        """What the server answers to a request that the page does not make."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.address}{path}", method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()


_desks: list[Desk] = []


def desk(home: Path) -> Desk:
    """The desk of this process; where there is none, one is set up in `home`, or the test skips or fails."""
    if not _desks:
        executable = browser_path()
        from playwright.sync_api import sync_playwright

        with ExitStack() as ends:
            address, token, work = ends.enter_context(served(home))
            playwright = ends.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, headless=True)
            ends.callback(browser.close)
            context = browser.new_context(viewport={"width": 1400, "height": 1000})
            page = context.new_page()
            page.set_default_timeout(120_000)
            made = Desk(address, token, work, page, ends.pop_all())
        context.on("request", lambda request: made.requests.append(request.url))
        page.on("pageerror", lambda error: made.problems.append(str(error)))
        _desks.append(made)
    return _desks[0]


def close_desk() -> None:
    """End browser and server, if there are any. Called after the last browser test in a row, and after a failure."""
    while _desks:
        _desks.pop().ends.close()


@contextmanager
def served(home: Path) -> Iterator[tuple[str, str, Path]]:
    """A JupyterLab of its own on a free port: address, token and the folder it shows; its settings lie in `home`."""
    work = home / "work"
    work.mkdir()
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
        COURSE_STRICT="1",
    )
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={work}", "--LabApp.expose_app_in_browser=True"]
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
        yield address, token, work
    finally:
        if os.name == "nt":
            process.terminate()
        else:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
        log.close()


ERROR = ':is([data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"])'
"""An error in an output, which JupyterLab draws as it draws a warning; neither belongs into a lesson."""

HOW_FAR = """([error, allowed, last]) => {
    const cells = [...document.querySelectorAll(".jp-Notebook .jp-Cell")];
    const failed = cells.findIndex((cell, n) => !allowed.includes(n) && cell.querySelector(error));
    const prompts = document.querySelectorAll(".jp-CodeCell .jp-InputPrompt");
    const done = prompts.length > 0 && prompts[prompts.length - 1].textContent.trim() === last;
    return failed >= 0 || done ? {failed} : null;
}"""


def run_all(lab: Lab) -> None:
    """Click Run All and wait for the last cell; an AssertionError names the cell where the run stopped, and why."""
    page = lab.page
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(r"^Run$")).click()
    page.locator('li.lm-Menu-item[data-command="runmenu:run-all"]').click()
    allowed = [number for number, cell in enumerate(lab.notebook.cells) if "raises-exception" in tags(cell)]
    last = f"[{len(code_cells(lab.notebook))}]:"
    found = page.wait_for_function(HOW_FAR, arg=[ERROR, allowed, last], timeout=600_000, polling=500)
    failed = found.json_value()["failed"]
    if failed >= 0:
        page.screenshot(path=str(lab.work / "failed.png"))
        said = f"{lab.output(lab.cells[failed]).inner_text()}\nScreenshot: {lab.work / 'failed.png'}"
        raise AssertionError(f"Run All stopped at cell {lab.cells[failed]}, its solution in place:\n{said[-2500:]}")
    page.locator(".jp-StatusBar-TextItem", has_text=re.compile(r"\| Idle$")).wait_for()


@contextmanager
def opened_lesson(
    stem: str, home: Path, shorter: Mapping[str, tuple[str, str]] = NO_CHANGE, shots: Path | None = None
) -> Iterator[Lab]:
    """A lesson in a browser, its exercises solved, after Run All; skips or fails where there is no browser.

    `stem` is the name of the lesson, for one in Korean with its folder: `ko/05_padding_and_masks`.
    `home` is an empty folder for the server's files, if none is running yet; `shots` one for screenshots, if wanted.
    """
    lesson, place = solved_copy(stem, shorter), desk(home)
    shots = shots / stem if shots else None
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    opened = Lab(place.page, lesson, place.work, shots, place.requests, place.problems)
    try:
        place.open(lesson, f"{stem}.ipynb")
        opened.shot("opened")
        run_all(opened)
        opened.shot("after-run-all")
        yield opened
        place.clear()
    except BaseException:  # the next lesson gets a desk on which nothing is left
        close_desk()
        raise


def assert_ran_clean(lab: Lab) -> None:
    """Run All works at the first click: every cell is numbered, nothing failed, every widget and picture is there.

    The hidden solutions are right: under every exercise stands that it is.
    """
    page = lab.page
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()
    assert [text.strip() for text in prompts] == [f"[{n}]:" for n in range(1, len(prompts) + 1)]
    errors = page.locator(".jp-Notebook .jp-Cell").filter(has=page.locator(ERROR)).count()
    assert errors == sum("raises-exception" in tags(cell) for cell in code_cells(lab.notebook))
    names = exercise_names(lab.notebook)
    assert names
    for name in names:
        assert lab.output(f"check-{name}").locator(".course-right").count() == 1, f"check-{name}"
    assert page.get_by_text("Error displaying widget").count() == 0
    assert page.locator(".course-quiz").count() == sum("quiz(" in cell.source for cell in code_cells(lab.notebook)) > 0
    pictures = page.locator(".jp-OutputArea img")
    outputs = [output for cell in code_cells(lab.notebook) for output in cell.outputs]
    assert pictures.count() >= sum("image/png" in output.get("data", {}) for output in outputs)
    for number in range(pictures.count()):
        page.wait_for_function("node => node.naturalWidth >= 600", arg=pictures.nth(number).element_handle())
        pictures.nth(number).scroll_into_view_if_needed()
        lab.shot(f"picture-{number + 1}")


def assert_stayed_here(lab: Lab) -> None:
    """The page loads nothing from elsewhere: what works here works without a network, and tells nobody."""
    assert len(lab.requests) > 20
    here = re.compile(r"(https?|wss?)://127\.0\.0\.1[:/]|(data|blob|about):")
    elsewhere = [url for url in lab.requests if not here.match(url)]
    assert not elsewhere
    assert not lab.problems, json.dumps(lab.problems)[:2000]


def solve_wrong_then_right(lab: Lab) -> str:
    """Answer the first exercise wrongly, ask for a hint, then solve it; what the check said of the wrong answer."""
    name = exercise_names(lab.notebook)[0]
    solution = cell_by_id(lab.notebook, f"exercise-{name}").source.rstrip("\n")
    output = lab.output(f"check-{name}")
    wrong = re.sub(r"return .*", "return 0", solution) if "return " in solution else f"{solution}\nanswer = 0"
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
        said = output.inner_text()

    lab.write(f"exercise-{name}", solution)
    lab.run(f"exercise-{name}")
    lab.run(f"check-{name}")
    output.locator(".course-right").first.wait_for()
    assert output.locator(".course-wrong").count() == 0
    lab.shot("exercise-right")
    return said


def answer_wrong_then_right(lab: Lab) -> None:
    """Press a wrong letter of the first quiz question, then the right one; each shows its reason."""
    from course_utils.questions import question

    source = "\n".join(cell.source for cell in code_cells(lab.notebook))
    found = question(re.search(r'quiz\(\s*"([^"]+)"', source).group(1))
    choices = found.choices
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
