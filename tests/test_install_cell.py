"""A lesson opened alone: its first cell finds the course, says where, and installs it from there and from nowhere else.

Colab is played: a module `google.colab` whose `files.upload` gives a file, and Colab's list of sessions in the form in
which it names the notebook that a runtime was started for. Once that list is really asked for, with curl, at a server
on this machine.
"""

from __future__ import annotations

import http.server
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import types
import urllib.parse
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from lesson_files import cell_by_id, lesson_paths, read

GITHUB = "https://github.com/jane-doe/course/blob/main/notebooks/05_padding_and_masks.ipynb"
ARCHIVE = "https://github.com/jane-doe/course/archive/main.zip"
OTHER = "Fork-er/their.course_2"
SESSIONS = "curl -s -m 3 http://$COLAB_JUPYTER_IP:9000/api/sessions"
MOST_LINES = 14
SAYS = "Installing the course from / 강의 설치:"
MISSING = "Put the course's zip or wheel beside this notebook and run again / 강의 zip을 옆에 두고 다시 실행하세요"


def listed(*addresses: str) -> str:
    """What Colab's list of sessions says when these notebooks are open; an address or a number of Google Drive each."""
    paths = ["fileId=" + urllib.parse.quote(address, safe="") for address in addresses]
    names = [address.rsplit("/", 1)[-1] for address in addresses]
    return json.dumps(
        [
            {"id": "1", "kernel": {"id": "2"}, "name": name, "notebook": {"name": name, "path": path}, "path": path}
            for name, path in zip(names, paths, strict=True)
        ]
    )


class Cell:
    """The first cell where the course is missing, in a folder of its own: what it asks, shows and runs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Nothing is installed; no Colab; the list of sessions does not answer."""
        self.folder, self.monkeypatch, self.capsys = folder, monkeypatch, capsys
        self.source = cell_by_id(read(lesson_paths()[0]), "install").source
        self.source = re.sub(r"(?m)^ADDRESS = \[.*?\]", "ADDRESS = []", self.source)
        self.sessions, self.present, self.asked = "", False, []
        self.commands: list[list[str]] = []
        monkeypatch.chdir(folder)
        for name in ("google", "google.colab"):
            monkeypatch.delitem(sys.modules, name, raising=False)

    def in_colab(self, sessions: str = "", upload: str | None = None) -> Cell:
        """Play Colab, with an answer of its list of sessions and with the file that the learner chooses."""

        def choose() -> dict[str, bytes]:
            self.monkeypatch.setattr(self, "chosen", True, raising=False)
            return {upload: b"..."} if upload else {}

        colab = types.ModuleType("google.colab")
        colab.files = types.SimpleNamespace(upload=choose)
        self.monkeypatch.setitem(sys.modules, "google.colab", colab)
        self.sessions = sessions
        return self

    def archive(self, name: str, *members: str) -> None:
        """Put a zip file into the folder, by default one that holds the course as GitHub packs it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as file:
            for member in members or ("course-main/pyproject.toml", "course-main/course_utils/pocket/a/config.json"):
                file.writestr(member, "")

    def run(self) -> str:
        """Run the cell; what pip was asked to install. Nothing may be run that was not shown before."""
        found = importlib.util.find_spec
        missing: Callable = lambda name: found("json") if self.present and name == "course_utils" else None  # noqa: E731

        def pip(command: list[str], check: bool) -> None:
            assert check and command[:-1] == [sys.executable, "-m", "pip", "install", "--quiet"]
            self.shown = self.capsys.readouterr().out
            self.commands.append(command)

        with self.monkeypatch.context() as patched:
            patched.setattr(importlib.util, "find_spec", missing)
            patched.setattr(subprocess, "run", pip)
            patched.setattr(subprocess, "getoutput", lambda command: self.asked.append(command) or self.sessions)
            exec(compile(self.source, "install", "exec"), {})
        return self.commands[-1][-1] if self.commands else ""


@pytest.fixture
def cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cell:
    """The first cell in an empty folder."""
    (tmp_path / "content").mkdir()
    return Cell(tmp_path / "content", monkeypatch, capsys)


def test_it_can_be_explained(lesson: Path) -> None:
    """Fourteen lines; the same in every lesson and in both languages (test_notebooks_contract says so)."""
    lines = [line for line in cell_by_id(read(lesson), "install").source.splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES


def test_nothing_happens_where_the_package_is(cell: Cell) -> None:
    """In the course's own environment nothing is asked, shown or installed, also where there would be an address."""
    cell.present = True
    cell.archive("course.zip")
    cell.in_colab(listed(GITHUB))
    assert cell.run() == "" and not cell.asked and not cell.capsys.readouterr().out


@pytest.mark.parametrize(
    ("opened", "installed"),
    [
        (GITHUB, ARCHIVE),
        (GITHUB.replace("main", "a-branch"), ARCHIVE.replace("main", "a-branch")),
        (GITHUB.replace("main", "fix/mask_2.0"), ARCHIVE.replace("main", "fix/mask_2.0")),
        (GITHUB.replace("jane-doe/course", OTHER), ARCHIVE.replace("jane-doe/course", OTHER)),
        (GITHUB.replace("notebooks/", "notebooks/ko/"), ARCHIVE),
        (GITHUB.replace("main/notebooks/", "fix/ko/notebooks/ko/"), ARCHIVE.replace("main", "fix/ko")),
    ],
)
def test_what_colab_opened_from_github_installs_itself(cell: Cell, opened: str, installed: str) -> None:
    """The repository and the branch that the lesson came from, shown before they are used."""
    assert cell.in_colab(listed(opened)).run() == installed
    assert cell.asked == [SESSIONS] and cell.shown == f"{SAYS} {installed}\n"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "/bin/sh: 1: curl: not found",
        "<html><body>404: Not Found</body></html>",
        "[]",
        '{"message": "Forbidden", "reason": null}',
        listed("1aB-cD_e9"),
        listed("https://gist.github.com/jane-doe/0123/blob/main/notebooks/05.ipynb"),
        listed("https://github.com.example.org/jane-doe/course/blob/main/notebooks/05.ipynb"),
        listed("https://example.org/?x=https://github.com/jane-doe/course/blob/main/notebooks/05.ipynb"),
        listed("https://github.com/jane-doe/course/raw/main/notebooks/05.ipynb"),
        listed("https://github.com/jane-doe/blog/blob/main/05.ipynb"),
        listed(GITHUB, GITHUB.replace("jane-doe", "somebody-else")),
    ],
)
def test_no_answer_or_another_leads_to_no_address(cell: Cell, answer: str) -> None:
    """From Google Drive, from elsewhere, two notebooks, no list: no address is made up, the learner chooses a file."""
    assert cell.in_colab(answer, upload="transformers_course-0.1.0-py3-none-any.whl").run().endswith(".whl")
    assert "a zip or wheel" in cell.shown and "http" not in cell.shown


def test_the_list_names_one_notebook_twice(cell: Cell) -> None:
    """Each session has its path in two places, and the same lesson may be open in two tabs: still one address."""
    assert cell.in_colab(listed(GITHUB, GITHUB)).run() == ARCHIVE


def test_a_zip_on_drive_or_among_the_files_is_found(cell: Cell) -> None:
    """Under whatever name: what counts is that it holds the course."""
    cell.archive("drive/MyDrive/photos.zip", "beach.jpg")
    cell.archive("drive/MyDrive/school/any name (2).zip")
    cell.in_colab(listed("1aB-cD_e9"))
    assert Path(cell.run()).as_posix() == "drive/MyDrive/school/any name (2).zip"
    cell.archive("drive/MyDrive/c.zip")
    assert Path(cell.run()).as_posix() == "drive/MyDrive/c.zip"
    cell.archive("transformers_course-0.1.0-py3-none-any.whl", "course_utils/pocket/a/config.json")
    assert cell.run() == "transformers_course-0.1.0-py3-none-any.whl" and cell.run() in cell.shown


def test_other_archives_are_left_alone(cell: Cell) -> None:
    """A zip file of something else, a broken one and a folder with such a name do not stand in the way."""
    cell.archive("golf course.zip", "golf/course.txt")
    (cell.folder / "broken.zip").write_bytes(b"PK no")
    (cell.folder / "folder.zip").mkdir()
    with pytest.raises(AssertionError, match=MISSING):
        cell.run()
    cell.archive("real.zip")
    assert cell.run() == "real.zip"


def test_kaggles_input_folder_is_looked_into(cell: Cell) -> None:
    """A notebook on Kaggle runs in one folder and finds what was added to it in another."""
    cell.archive("../input/the-course/transformers_course-0.1.0-py3-none-any.whl", "course_utils/pocket/a/config.json")
    assert cell.run().endswith("transformers_course-0.1.0-py3-none-any.whl")


def test_the_learner_chooses_a_file(cell: Cell) -> None:
    """Where nothing is found, Colab's button; a learner who chooses nothing gets no installation."""
    assert cell.in_colab(upload="course (1).zip").run() == "course (1).zip"
    assert cell.chosen and cell.shown == f"{SAYS} a zip or wheel, chosen here / 여기서 고르는 파일\n"
    with pytest.raises(ValueError, match="not enough values"):
        cell.in_colab(upload=None).run()
    assert len(cell.commands) == 1


def test_elsewhere_one_sentence_says_what_to_do(cell: Cell) -> None:
    """Outside Colab there is no button; the last line of the error is the sentence."""
    with pytest.raises(AssertionError, match=rf"^{MISSING}$"):
        cell.run()
    assert not cell.commands


def test_the_order_of_the_places(cell: Cell) -> None:
    """A copy of the course comes before a published address, that before what Colab says, that before a file."""
    cell.archive("course.zip")
    assert cell.run() == "course.zip"
    assert cell.in_colab(listed(GITHUB)).run() == ARCHIVE
    published = "https://github.com/someone/published/archive/refs/heads/main.zip"
    cell.source = cell.source.replace("ADDRESS = []", f'ADDRESS = ["{published}"]')
    assert cell.run() == published
    (cell.folder.parent / "course_utils").mkdir()
    assert (cell.folder / cell.run()).resolve() == cell.folder.parent.resolve()


@pytest.mark.parametrize("place", ["notebooks", "my", "notebooks/ko", "my/ko"])
def test_the_course_above_is_found(cell: Cell, place: str) -> None:
    """A lesson, or a copy of it, that is opened where the course was unpacked: from the folders of both editions."""
    (cell.folder / "course_utils").mkdir()
    folder = cell.folder / place
    folder.mkdir(parents=True)
    cell.monkeypatch.chdir(folder)
    assert (folder / cell.run()).resolve() == cell.folder.resolve()
    assert cell.shown.startswith(SAYS)


@pytest.mark.skipif(os.name == "nt" or not shutil.which("curl"), reason="asks with curl in a shell, as Colab has them")
def test_the_list_is_really_asked_for(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    """curl gets the answer of a server at the address that Colab tells its programs; without Colab it asks nobody."""
    paths: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(listed(GITHUB).encode("utf-8"))

        def log_message(self, *words: object) -> None:
            """Quiet."""

    for name in ("http_proxy", "all_proxy", "ALL_PROXY", "COLAB_JUPYTER_IP"):
        monkeypatch.delenv(name, raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            command = SESSIONS.replace(":9000", f":{server.server_port}")
            assert "github.com" not in subprocess.getoutput(command) and not paths
            monkeypatch.setenv("COLAB_JUPYTER_IP", "127.0.0.1")
            assert cell.in_colab(subprocess.getoutput(command)).run() == ARCHIVE and paths == ["/api/sessions"]
        finally:
            server.shutdown()
            thread.join()
