"""course.py and the rooms behind it: what a learner types, and what happens when things go wrong.

Every test works on a small copy of the course in a folder whose name has a space and Korean letters. Nothing is
downloaded: where an installation is really run, it is that of a package without dependencies.
"""

from __future__ import annotations

import ast
import contextlib
import http.server
import importlib
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType, SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from commands import refresh
from commands.publish import NO_BADGE

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {path.stem: path for path in (ROOT / "commands").glob("*.py") if path.stem != "__init__"}
RUN_IN_VENV = {
    "comparison", "refresh", "measure", "pack", "export_progress", "build_site", "study_time", "section_times",
    "glossary", "docs_pictures", "corrections_index", "translation",
}  # fmt: skip
BEFORE_THE_INSTALLATION = {
    "cli", "colab", "copies", "doctor", "install", "lessons", "open_lab", "packages", "publish", "relay", "run_tests",
    "present", "shared", "teaching", "words",
}  # fmt: skip
posix_only = pytest.mark.skipif(os.name == "nt", reason="signals and symbolic links work differently on Windows")


def lesson(title: str, answer: str = "1") -> nbformat.NotebookNode:
    """A stored lesson of three cells."""
    code = new_code_cell("ADDRESS = []  # where\nprint(1)", id="install", execution_count=1)
    code.outputs = [new_output("stream", name="stdout", text=f"{answer}\n")]
    opening = f"# {title}\n\n<!-- badge -->{NO_BADGE}<!-- /badge -->\n\n한글"
    return new_notebook(cells=[new_markdown_cell(opening, id="title"), code, new_code_cell("2 + 2", id="sum")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small copy of the course."""
    folder = tmp_path / "my 한글 course"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "course_utils").mkdir()
    for name in ("course.py", "pyproject.toml", "constraints.txt", "environment.yml"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "commands", folder / "commands", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "course_utils" / "__init__.py").write_text("")
    (folder / "course_utils" / "address.py").write_text('"""Where."""\n\nREPOSITORY = ""\n', encoding="utf-8")
    (folder / "README.md").write_text(f"Hello\n\n<!-- badge -->{NO_BADGE}<!-- /badge -->\n", encoding="utf-8")
    for stem in ("01_behind_the_pipeline", "05_padding_and_masks"):
        nbformat.write(lesson(stem), str(folder / "notebooks" / f"{stem}.ipynb"))
    return folder


class Rooms(SimpleNamespace):
    """The rooms of a copy, each under its name, with `main`, which gets what was typed, and the folder ROOT."""


def imported_rooms() -> dict[str, ModuleType]:
    """The rooms that are imported at the moment, the folder they lie in included."""
    return {name: module for name, module in sys.modules.items() if name.split(".")[0] == "commands"}


@pytest.fixture
def course(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rooms]:
    """The rooms of that copy; those of the course itself come back later."""
    for name in imported_rooms():
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(folder))
    rooms = {name: importlib.import_module(f"commands.{name}") for name in BEFORE_THE_INSTALLATION}
    yield Rooms(**rooms, main=rooms["cli"].main, ROOT=rooms["shared"].ROOT)
    for name in imported_rooms():
        del sys.modules[name]


@pytest.fixture
def installed(course: Rooms, monkeypatch: pytest.MonkeyPatch) -> Rooms:
    """The same, with an installation that is taken to be complete and a Jupyter that is not started."""
    monkeypatch.setattr(course.install, "ensure_installed", lambda cpu=False: None)
    monkeypatch.setattr(course.open_lab, "start", lambda command, env: started.append((command, env)) or 0)
    started: list[tuple[list[str], dict[str, str]]] = []
    course.started = started
    return course


def call(folder: Path, *words: str, python: str = sys.executable, **environment: str) -> subprocess.CompletedProcess:
    """Run course.py of a copy as a learner would, without a terminal; its output as UTF-8."""
    return subprocess.run(
        [python, "course.py", *words],
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


# ------------------------------------------------------------------------------------------------------ the calls


def test_help_names_every_command_and_lesson(folder: Path) -> None:
    done = call(folder, "--help")
    assert done.returncode == 0
    for word in (
        "test",
        "reset",
        "refresh",
        "measure",
        "doctor",
        "publish-at",
        "--cpu",
        "05  padding and masks",
        "Jupyter",
        "pytest",
    ):
        assert word in done.stdout, word
    assert max(map(len, done.stdout.splitlines())) <= 110


@pytest.mark.parametrize(("typed", "meant"), [("tset", "test"), ("docter", "doctor"), ("publish", "publish-at")])
def test_a_misspelt_command_is_answered_with_the_nearest(course: Rooms, typed: str, meant: str) -> None:
    with pytest.raises(course.shared.Stop, match=f"course.py {meant}`"):
        course.cli.find_command([typed])


def test_an_unknown_lesson_is_answered_with_those_that_exist(
    installed: Rooms, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installed.main(["7"]) == 1
    message = capsys.readouterr().err
    assert "no lesson 7" in message and "01  behind the pipeline" in message and "05  padding and masks" in message


@pytest.mark.parametrize("word", ["5", "05", "05_padding_and_masks", "notebooks/05_padding_and_masks.ipynb"])
def test_a_lesson_can_be_named_in_several_ways(installed: Rooms, word: str) -> None:
    assert installed.main([word]) == 0
    command, _ = installed.started[0]
    assert "--LabApp.default_url=/lab/tree/my/05_padding_and_masks.ipynb" in command


def test_without_a_number_the_first_lesson_opens_and_options_reach_jupyter(installed: Rooms) -> None:
    assert installed.main(["--no-browser", "--port", "9123"]) == 0
    command, environment = installed.started[0]
    assert command[-3:] == ["--no-browser", "--port", "9123"]
    assert not any(word.startswith("--ServerApp.port") for word in command), "the learner's own port counts"
    assert "--LabApp.default_url=/lab/tree/my/01_behind_the_pipeline.ipynb" in command
    assert f"--ServerApp.root_dir={installed.ROOT}" in command
    assert environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0] == str(installed.ROOT / "jupyter")


def test_a_folder_that_jupyterlab_would_not_find_is_said_before_anything_is_installed(
    installed: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """JupyterLab itself shows that it finds no extension there, and that other letters do no harm."""
    from jupyterlab_server.config import get_federated_extensions

    def refuse(cpu: bool = False) -> None:
        raise AssertionError

    monkeypatch.setattr(installed.install, "ensure_installed", refuse)
    for name, letters in (("course [v2]", "["), ("course [v2", ""), ("한글 {a,b} #1 %20 it's", "")):
        extension = tmp_path / name / "sliders"
        extension.mkdir(parents=True)
        (extension / "package.json").write_text('{"name": "sliders", "version": "1"}')
        assert installed.open_lab.pattern_letters(tmp_path / name) == letters
        assert bool(get_federated_extensions([str(tmp_path / name)])) == (not letters)
    monkeypatch.setattr(installed.open_lab, "ROOT", tmp_path / "course [v2]")
    assert installed.main(["05"]) == 1
    assert "takes [ in a folder's name for a pattern" in capsys.readouterr().err and not installed.started


def test_jupyter_listens_on_this_computer_only_and_keeps_its_token(installed: Rooms) -> None:
    installed.main(["01"])
    command, environment = installed.started[0]
    assert "--ServerApp.ip=127.0.0.1" in command
    assert not any("token" in word.lower() or "password" in word.lower() for word in command)
    assert environment.get("JUPYTER_TOKEN") == os.environ.get("JUPYTER_TOKEN")


def test_a_taken_port_leads_to_the_next_one(
    installed: Rooms, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(installed.open_lab, "FIRST_PORT", port)
        installed.main([])
    command, _ = installed.started[0]
    (chosen,) = [int(word.split("=")[1]) for word in command if word.startswith("--ServerApp.port=")]
    assert port < chosen < port + installed.open_lab.PORTS_TRIED
    assert f"Port {port} is taken" in capsys.readouterr().out


def test_without_a_browser_the_address_is_announced(
    installed: Rooms, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installed.open_lab, "has_browser", lambda: False)
    installed.main([])
    assert "--no-browser" in installed.started[0][0]
    assert "Copy the address" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--cpu", "05"], ["05", "--cpu"]])
def test_the_small_pytorch_can_be_asked_for_anywhere(
    installed: Rooms, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(installed.install, "ensure_installed", asked.append)
    assert installed.main(words) == 0
    command, _ = installed.started[0]
    assert asked == [True] and "--cpu" not in command and "05" not in command
    assert "--LabApp.default_url=/lab/tree/my/05_padding_and_masks.ipynb" in command


@pytest.mark.parametrize("code_page", ["cp949", "cp1252", "ascii"])
def test_any_letter_can_be_printed_on_any_console(folder: Path, code_page: str) -> None:
    done = call(folder, "한글명령é", PYTHONIOENCODING=code_page, PYTHONUTF8="0")
    assert done.returncode == 1
    assert "한글명령é" in done.stderr


def test_the_examples_in_the_docstrings_are_run() -> None:
    """pytest runs them by itself, in every folder named here."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert "commands" in settings["testpaths"] and "--doctest-modules" in settings["addopts"]
    assert sum(path.read_text(encoding="utf-8").count(">>> ") for path in ROOMS.values()) >= 12


def test_a_call_from_another_folder_is_the_same(folder: Path, tmp_path: Path) -> None:
    """Where the terminal stands makes no difference, nor do settings that lead Python elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "commands").mkdir(parents=True)
    (elsewhere / "commands" / "__init__.py").write_text("raise SystemExit('the wrong room')")
    settings = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(elsewhere)}
    done = subprocess.run(
        [sys.executable, str(folder / "course.py"), "reset", "05"],
        cwd=elsewhere,
        env=os.environ | settings,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "my" / "05_padding_and_masks.ipynb").exists() and not (elsewhere / "my").exists()


def test_a_door_without_rooms_says_so(folder: Path) -> None:
    """Somebody who saved course.py alone learns that the rest is missing."""
    shutil.rmtree(folder / "commands")
    done = call(folder, "--help")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "folder commands/ is missing" in done.stderr and "complete copy" in done.stderr


# ------------------------------------------------------------------------------------------------------ old Pythons


def old_pythons() -> list[str]:
    """Pythons before 3.11 on this machine: on the path, or kept by pyenv."""
    names = ["python2.7", "python3.6", "python3.8", "python3.9", "python3.10"]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = [*pyenv.glob("2.7*/bin/python"), *pyenv.glob("3.[6-9].*/bin/python"), *pyenv.glob("3.10*/bin/python")]
    return [str(path) for path in kept] or [path for path in map(shutil.which, names) if path]


def test_an_old_python_is_told_so(folder: Path) -> None:
    pythons = old_pythons()
    if not pythons:
        pytest.skip("no Python before 3.11 on this machine")
    for python in pythons:
        done = call(folder, python=python)
        assert done.returncode == 1, python
        assert done.stderr.startswith("Python too old: this is "), python
        assert "the course needs 3.11 or newer; get it at python.org" in done.stderr
        assert "Traceback" not in done.stderr and "SyntaxError" not in done.stderr


def test_nothing_in_the_file_is_too_new_for_an_old_python_to_read() -> None:
    tree = ast.parse((ROOT / "course.py").read_text(encoding="ascii"))
    for node in ast.walk(tree):
        where = f"line {getattr(node, 'lineno', '?')}"
        assert not isinstance(node, ast.JoinedStr | ast.NamedExpr | ast.AnnAssign | ast.Match | ast.Nonlocal), where
        assert not (isinstance(node, ast.Raise) and node.cause), f"{where}: raise ... from"
        if isinstance(node, ast.FunctionDef):
            every = [*node.args.args, *node.args.posonlyargs]
            assert not node.args.kwonlyargs and not node.returns and not any(arg.annotation for arg in every), where
    imported_before_the_check = []
    for node in tree.body:
        if isinstance(node, ast.If):
            break
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported_before_the_check += [alias.name for alias in node.names]
    assert imported_before_the_check == ["print_function", "sys"]


# -------------------------------------------------------------------------------------------------------- the rooms


def imports(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it; `from commands import x` counts as `commands.x`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno} is relative"
            one_by_one = {f"commands.{alias.name}" for alias in node.names}
            found |= one_by_one if node.module == "commands" else {node.module}
    return found


def rooms_used_by(path: Path) -> set[str]:
    """The rooms that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("commands.")}


def test_every_room_is_known() -> None:
    """Each is for the time before the installation or run in .venv, and the front page of the folder says which."""
    assert set(ROOMS) == BEFORE_THE_INSTALLATION | RUN_IN_VENV and not BEFORE_THE_INSTALLATION & RUN_IN_VENV
    page = ast.get_docstring(ast.parse((ROOT / "commands" / "__init__.py").read_text(encoding="utf-8")))
    before, after = page.split("These need the packages of the course")
    for words, rooms in ((before, BEFORE_THE_INSTALLATION), (after, RUN_IN_VENV)):
        assert {line.split()[0] for line in words.splitlines() if line.startswith("    ")} == rooms


def test_only_the_standard_library_is_used_before_the_installation() -> None:
    for path in [ROOT / "course.py", *(ROOMS[room] for room in BEFORE_THE_INSTALLATION)]:
        foreign = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names - {"commands"}
        assert not foreign, f"{path.name} imports {foreign}"
        assert not rooms_used_by(path) & RUN_IN_VENV, f"{path.name} imports a room that needs .venv"


def test_no_room_needs_itself() -> None:
    """The rooms can be read from the bottom up: no import leads round in a circle."""
    order = list(TopologicalSorter({room: rooms_used_by(path) for room, path in ROOMS.items()}).static_order())
    assert set(order) == set(ROOMS) and order.index("shared") < order.index("cli")


# ------------------------------------------------------------------------------------------------- the installation


BACKEND = '''
"""A build backend that makes an empty package without asking anybody for anything."""
import os
import zipfile


def _wheel(folder):
    if os.path.exists("broken"):
        raise RuntimeError("No space left on device")
    name = "transformers_course-0.1.0-py3-none-any.whl"
    info = "transformers_course-0.1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        extras = "Provides-Extra: lab\\nProvides-Extra: test\\n"
        start = "Metadata-Version: 2.1\\nName: transformers-course\\nVersion: 0.1.0\\n"
        wheel.writestr(info + "METADATA", start + extras)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name


def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder)


def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder)
'''
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "transformers-course"
version = "0.1.0"
"""
INSTALL = """
import sys
from commands import install, packages, shared

packages.torch_on_offer = lambda cpu: "installed"
packages.small_by_itself = lambda: False
try:
    install.ensure_installed()
except shared.Stop as stop:
    sys.exit(str(stop))
"""


@pytest.mark.slow
def test_a_failed_installation_is_explained_and_the_next_run_mends_it(folder: Path) -> None:
    """A real virtual environment and a real pip, on a package that needs nothing."""
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "constraints.txt").write_text("# none\n")
    (folder / "broken").touch()
    offline = {"PIP_NO_INDEX": "1", "PYTHONIOENCODING": "utf-8"}

    def start() -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", INSTALL],
            cwd=folder,
            env=os.environ | offline,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    failed = start()
    assert failed.returncode == 1
    assert "The installation failed" in failed.stderr and "The disk is full" in failed.stderr
    assert "install.log" in failed.stderr and "No space left on device" in (folder / "install.log").read_text()

    (folder / "broken").unlink()
    mended = start()
    assert mended.returncode == 0, mended.stderr
    assert "did not get to its end" in mended.stdout and "Installed in" in mended.stdout
    assert json.loads((folder / ".venv" / "course.json").read_text())["state"] == "ready"

    again = start()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", ""), "nothing is done when nothing changed"

    (folder / "constraints.txt").write_text("# none\nsomething==1.0\n")
    (folder / "broken").touch()
    on_the_train = start()
    assert on_the_train.returncode == 0, "an update that fails leaves the lessons usable"
    assert "going on with those" in on_the_train.stdout
    (folder / "broken").unlink()
    updated = start()
    assert "bringing the packages up to date" in updated.stdout and updated.returncode == 0
    assert start().stdout == ""


@pytest.fixture
def workshop(course: Rooms, monkeypatch: pytest.MonkeyPatch) -> Rooms:
    """The rooms with the three steps that run other programs replaced by ones that note that they were called."""
    course.calls = []

    def make_venv() -> None:
        course.calls.append("make")
        course.shared.venv_python().parent.mkdir(parents=True, exist_ok=True)
        course.shared.venv_python().touch()
        course.shared.write_json(course.shared.state_file(), {"state": course.shared.MAKING})

    def run_pip(cpu: bool) -> int:
        course.calls.append("pip --cpu" if cpu else "pip")
        if course.interrupted_while == "changing":
            course.shared.write_json(course.shared.state_file(), {"state": course.shared.CHANGING, "cpu": cpu})
        if course.interrupted_while:
            raise KeyboardInterrupt
        return 0

    course.interrupted_while = None
    monkeypatch.setattr(course.install, "make_venv", make_venv)
    monkeypatch.setattr(course.packages, "run_pip", run_pip)
    monkeypatch.setattr(course.install, "works", lambda python: python.exists())
    monkeypatch.setattr(course.packages, "torch_on_offer", lambda cpu: "torch-2.13.0+cpu-cp311.whl")
    monkeypatch.setattr(course.packages, "small_by_itself", lambda: False)
    return course


@pytest.mark.parametrize(("moment", "mending"), [("downloading", ["pip"]), ("changing", ["make", "pip"])])
def test_an_interrupted_installation_is_mended(workshop: Rooms, moment: str, mending: list[str]) -> None:
    """Only an environment that pip was changing when it was stopped is made anew."""
    workshop.interrupted_while = moment
    with pytest.raises(KeyboardInterrupt):
        workshop.install.ensure_installed()
    assert workshop.calls == ["make", "pip"]
    workshop.interrupted_while = None
    workshop.install.ensure_installed()
    assert workshop.calls == ["make", "pip", *mending]
    workshop.install.ensure_installed()
    assert workshop.calls == ["make", "pip", *mending], "once installed, nothing is run"


def test_an_interrupted_update_leaves_a_usable_installation(workshop: Rooms) -> None:
    workshop.install.ensure_installed()
    pins = workshop.ROOT / "constraints.txt"
    pins.write_text(pins.read_text(encoding="utf-8") + "something==1.0\n", encoding="utf-8")
    workshop.interrupted_while = "downloading"
    with pytest.raises(KeyboardInterrupt):
        workshop.install.ensure_installed()
    assert workshop.shared.read_json(workshop.shared.state_file())["state"] == workshop.shared.READY
    workshop.interrupted_while = None
    workshop.install.ensure_installed()
    assert workshop.calls == ["make", "pip", "pip", "pip"], "the update is tried again, on the same environment"


def test_an_environment_whose_python_is_gone_is_made_anew(workshop: Rooms) -> None:
    workshop.install.ensure_installed()
    workshop.shared.venv_python().unlink()
    workshop.install.ensure_installed()
    assert workshop.calls == ["make", "pip", "make", "pip"]


def test_a_later_start_runs_no_program_before_jupyter(workshop: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what makes it fast: the time itself depends on what else the machine is doing."""
    workshop.install.ensure_installed()
    started: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **options: pytest.fail(f"{words} was run"))
    monkeypatch.setattr(workshop.install, "works", lambda python: pytest.fail("the environment was examined"))
    monkeypatch.setattr(workshop.open_lab, "start", lambda command, env: started.append(command) or 0)
    assert workshop.main(["--no-browser"]) == 0
    assert started[0][1:3] == ["-m", "jupyterlab"]


def test_the_small_pytorch_stays_chosen(workshop: Rooms) -> None:
    workshop.install.ensure_installed(cpu=True)
    workshop.install.ensure_installed()
    assert workshop.calls == ["make", "pip --cpu"]
    pins = workshop.ROOT / "constraints.txt"
    pins.write_text(pins.read_text(encoding="utf-8") + "something==1.0\n", encoding="utf-8")
    workshop.install.ensure_installed()
    assert workshop.calls == ["make", "pip --cpu", "pip --cpu"], "an update keeps the choice"


def test_the_first_start_chooses_and_what_is_there_stays(workshop: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for neither, the first start looks at the machine; later ones do not, whatever has become of it."""
    monkeypatch.setattr(workshop.packages, "small_by_itself", lambda: True)
    workshop.install.ensure_installed()
    assert workshop.calls == ["make", "pip --cpu"]
    monkeypatch.setattr(workshop.packages, "small_by_itself", lambda: pytest.fail("the machine was looked at again"))
    workshop.install.ensure_installed()
    workshop.install.ensure_installed(cpu=False)
    assert workshop.calls == ["make", "pip --cpu", "make", "pip"]
    pins = workshop.ROOT / "constraints.txt"
    pins.write_text(pins.read_text(encoding="utf-8") + "something==1.0\n", encoding="utf-8")
    workshop.install.ensure_installed()
    assert workshop.calls[-1] == "pip", "the large one that is there is kept"


@pytest.mark.parametrize(("words", "cpu"), [(["--cpu"], True), (["--cuda"], False), ([], None)])
def test_cpu_and_cuda_settle_it(
    installed: Rooms, monkeypatch: pytest.MonkeyPatch, words: list[str], cpu: bool | None
) -> None:
    asked: list[bool | None] = []
    monkeypatch.setattr(installed.install, "ensure_installed", asked.append)
    monkeypatch.setattr(installed.open_lab, "start", lambda command, env: 0)
    assert installed.main([*words, "05", "--no-browser"]) == 0
    assert asked == [cpu]
    with pytest.raises(installed.shared.Stop, match="choose one"):
        installed.shared.take_torch(["--cpu", "--cuda"])


@contextlib.contextmanager
def index_of_torch(page: str, wait: float = 0) -> Iterator[str]:
    """An index of packages on this machine whose page about torch is `page`, given after `wait` seconds."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(wait)
            with contextlib.suppress(OSError):  # nobody waits for it any more
                self.send_response(200 if self.path == "/whl/cpu/torch/" else 404)
                self.end_headers()
                self.wfile.write(page.encode("utf-8"))

        def log_message(self, *words: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/whl/cpu"
        finally:
            server.shutdown()
            thread.join()


def torch_link(course: Rooms, version: str | None = None, python: str | None = None) -> str:
    """A line of such an index, by default about the pinned version for this Python and processor."""
    text = (course.ROOT / "constraints.txt").read_text(encoding="utf-8")
    version = version or re.search(r"(?m)^torch==(\S+)", text).group(1)
    python = python or "cp{}{}".format(*sys.version_info[:2])
    file = f"torch-{version}%2Bcpu-{python}-{python}-manylinux_2_28_{platform.machine()}.whl"
    return f'<a href="/whl/cpu/{file}#sha256=0">{file}</a>'


def test_the_small_pytorch_is_looked_for_where_pytorch_keeps_it(course: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index counts that answers in time and has the pinned version for this Python."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for page, there in [
        (torch_link(course), True),
        (torch_link(course).replace("%2B", "+"), True),
        (torch_link(course, version="1.0"), False),
        (torch_link(course, python="cp39"), False),
        ("", False),
    ]:
        with index_of_torch(page) as address:
            monkeypatch.setattr(course.packages, "CPU_INDEX", address)
            assert course.packages.index_has_small_torch() == there, page
    assert not course.packages.index_has_small_torch(), "nobody listens there any more"
    with index_of_torch(torch_link(course), wait=1.5) as address:
        monkeypatch.setattr(course.packages, "CPU_INDEX", address)
        assert not course.packages.index_has_small_torch(patience=0.2), "it does not wait for long"


@pytest.mark.parametrize(
    ("system", "driver", "index", "small"),
    [
        ("linux", False, True, True),
        ("linux", True, True, False),
        ("linux", False, False, False),
        ("darwin", False, True, False),
        ("win32", False, True, False),
    ],
)
def test_linux_without_an_nvidia_driver_takes_the_small_pytorch(
    course: Rooms,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    system: str,
    driver: bool,
    index: bool,
    small: bool,
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(course.packages, "has_nvidia_driver", lambda: driver)
    monkeypatch.setattr(course.packages, "index_has_small_torch", lambda: index)
    assert course.packages.small_by_itself() == small
    said = capsys.readouterr().out
    assert ("no NVIDIA driver" in said and "--cuda" in said) == small


def test_an_nvidia_driver_is_seen(course: Rooms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(course.packages, "SIGNS_OF_NVIDIA", (str(tmp_path / "version"),))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not course.packages.has_nvidia_driver()
    (tmp_path / "version").touch()
    assert course.packages.has_nvidia_driver()
    (tmp_path / "version").unlink()
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/nvidia-smi" if name == "nvidia-smi" else None)
    assert course.packages.has_nvidia_driver()


def test_a_python_that_is_too_new_is_told_in_one_line(course: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made or deleted for it, and pip is not asked."""
    major, minor = course.install.NEWEST_TRIED
    monkeypatch.setattr(sys, "version_info", (major, minor + 1, 0, "final", 0))
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: pytest.fail(f"{words} was run"))
    with pytest.raises(course.shared.Stop) as stop:
        course.install.make_venv()
    line = str(stop.value)
    assert "\n" not in line and f"Python {major}.{minor + 1} is newer" in line and f"python{major}.{minor}" in line
    assert not course.shared.venv().exists()


def test_only_what_decides_the_installation_leads_to_an_update(workshop: Rooms) -> None:
    workshop.install.ensure_installed()
    project = workshop.ROOT / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8") + "\n[tool.other]\nx = 1\n", encoding="utf-8")
    workshop.install.ensure_installed()
    assert workshop.calls == ["make", "pip"]
    project.write_text(project.read_text(encoding="utf-8").replace("torch>=2.11", "torch>=2.12"), encoding="utf-8")
    workshop.install.ensure_installed()
    assert workshop.calls == ["make", "pip", "pip"]


def test_pip_is_called_with_the_pins_and_on_request_with_the_cpu_index(course: Rooms) -> None:
    command = course.packages.pip_command(cpu=False)
    assert command[1:4] == ["-m", "pip", "install"] and command[-2:] == ["-e", ".[lab,test]"]
    assert command[command.index("-c") + 1] == "constraints.txt"
    assert "--extra-index-url" not in command
    small = course.packages.pip_command(cpu=True)
    assert small[small.index("--extra-index-url") + 1] == "https://download.pytorch.org/whl/cpu"


@pytest.mark.parametrize(
    ("file", "system", "large"),
    [
        ("torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl", "linux", True),
        (None, "linux", True),
        ("torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl", "linux", False),
        ("torch-2.13.0-cp311-none-macosx_14_0_arm64.whl", "darwin", False),
        ("torch-2.13.0-cp311-cp311-win_amd64.whl", "win32", False),
    ],
)
def test_a_large_download_is_announced_with_the_way_to_the_small_one(
    course: Rooms,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str | None,
    system: str,
    large: bool,
) -> None:
    monkeypatch.setattr(course.packages, "torch_on_offer", lambda cpu: file)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(course.packages, "interactive", lambda: False)
    course.packages.announce_download(cpu=False)
    said = capsys.readouterr().out
    assert ("2.7 GB" in said and "python course.py --cpu" in said and "PIP_FIND_LINKS" in said) == large
    assert ("half a gigabyte" in said) != large


def test_the_small_pytorch_is_never_replaced_by_the_large_one_unasked(
    course: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        course.packages, "torch_on_offer", lambda cpu: "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl"
    )
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(course.shared.Stop, match="small PyTorch is not to be had"):
        course.packages.announce_download(cpu=True)


def test_without_the_module_venv_it_says_what_to_install(course: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course.install, "has_module", lambda name: False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(course.shared.Stop, match=r"apt install python3\.\d+-venv"):
        course.install.venv_maker()
    monkeypatch.setattr(course.install, "has_module", lambda name: name == "virtualenv")
    assert course.install.venv_maker()[1:3] == ["-m", "virtualenv"]


def test_settings_of_other_pythons_do_not_reach_the_course(course: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    environment = course.shared.environment()
    assert not {"PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH"} & set(environment)
    assert environment["PIP_USER"] == "0" and environment["PYTHONUTF8"] == "1"
    assert environment["PATH"].split(os.pathsep)[0] == str(course.shared.venv_python().parent)


def test_conda_is_left_alone_and_mentioned(
    workshop: Rooms, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONDA_PREFIX", "/somewhere/conda")
    workshop.install.ensure_installed()
    said = capsys.readouterr().out
    assert "conda" in said and ".venv" in said and "environment.yml" in said


@pytest.mark.parametrize(
    ("log", "advice"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("NewConnectionError: Failed to establish a new connection: [Errno 101] Network is unreachable", "network"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no build for this Python"),
        ("ssl.SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED", "PIP_CERT"),
        ("ReadTimeoutError: Read timed out.", "broke off"),
        ("ERROR: something nobody has seen before", "Run the command again"),
    ],
)
def test_a_failure_is_put_in_plain_words(course: Rooms, log: str, advice: str) -> None:
    (course.ROOT / "install.log").write_text(f"Collecting torch\n{log}\n", encoding="utf-8")
    text = course.packages.explain_failure()
    assert advice in text and log.split(":")[0] in text


def test_windows_keeps_python_elsewhere_and_cannot_become_another_program(
    course: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (course.shared, course.open_lab):
        monkeypatch.setattr(room, "WINDOWS", True)
    assert course.shared.venv_python().as_posix().endswith(".venv/Scripts/python.exe")
    assert course.open_lab.start([sys.executable, "-c", "raise SystemExit(7)"], dict(os.environ)) == 7


@posix_only
def test_a_command_lets_the_program_it_runs_finish_after_ctrl_c(folder: Path) -> None:
    program = (
        "import signal, time; signal.signal(2, lambda *a: 0); print('up', flush=True); time.sleep(1); print('done')"
    )
    code = f"import os, sys; from commands import shared; shared.run([sys.executable, '-c', {program!r}], os.environ)"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # whoever runs the tests in the background may have told their children to ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline() == b"up\n"
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert out == b"done\n" and b"KeyboardInterrupt" in error


# --------------------------------------------------------------------------------------------- the learner's copies


def change_stored(course: Rooms, stem: str) -> bytes:
    """Give a stored lesson another text, as an update would; the bytes that a copy of it has."""
    path = course.ROOT / "notebooks" / f"{stem}.ipynb"
    nbformat.write(lesson("a better title"), str(path))
    return course.copies.without_outputs(path.read_bytes())


def test_opening_makes_a_copy_and_never_overwrites_it(installed: Rooms, capsys: pytest.CaptureFixture[str]) -> None:
    installed.main(["01"])
    copy = installed.copies.my() / "01_behind_the_pipeline.ipynb"
    original = copy.read_bytes()
    stored = nbformat.read(installed.ROOT / "notebooks" / copy.name, as_version=4)
    assert any(cell.get("outputs") for cell in stored.cells)
    for cell in stored.cells:  # what a learner is to predict is not there yet
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    assert nbformat.read(copy, as_version=4) == stored
    change_stored(installed, copy.stem)
    capsys.readouterr()
    installed.main(["01"])
    assert copy.read_bytes() == original, "even an untouched copy stays as it is once it was opened"
    assert "has changed since your copy was made. `python course.py reset 01`" in capsys.readouterr().out
    copy.write_text("mine", encoding="utf-8")
    installed.main(["01"])
    assert copy.read_text(encoding="utf-8") == "mine"


def test_links_to_other_lessons_work_and_those_copies_are_renewed_until_they_are_opened(
    installed: Rooms,
) -> None:
    installed.main(["01"])
    other = installed.copies.my() / "05_padding_and_masks.ipynb"
    assert other.exists()
    new = change_stored(installed, other.stem)
    installed.main(["01"])
    assert other.read_bytes() == new, "nobody has opened it yet"
    other.write_text("mine", encoding="utf-8")
    change_stored(installed, other.stem)
    installed.main(["01"])
    installed.main(["05"])
    assert other.read_text(encoding="utf-8") == "mine", "reached by a link and changed: it belongs to the learner"


def test_a_new_run_of_the_same_lesson_is_no_news(installed: Rooms, capsys: pytest.CaptureFixture[str]) -> None:
    installed.main(["01"])
    path = installed.ROOT / "notebooks" / "01_behind_the_pipeline.ipynb"
    nbformat.write(lesson("01_behind_the_pipeline", answer="another output"), str(path))
    capsys.readouterr()
    installed.main(["01"])
    assert "has changed" not in capsys.readouterr().out


def test_copies_without_their_record_are_left_alone(installed: Rooms, capsys: pytest.CaptureFixture[str]) -> None:
    installed.main(["01"])
    copy = installed.copies.my() / "01_behind_the_pipeline.ipynb"
    copy.write_text("mine", encoding="utf-8")
    installed.copies.originals_file().write_text("{ broken", encoding="utf-8")
    change_stored(installed, copy.stem)
    for _ in range(2):
        assert installed.main(["01"]) == 0
        assert copy.read_text(encoding="utf-8") == "mine"
        assert "has changed" not in capsys.readouterr().out, "nobody knows whether it has"


def test_reset_gives_a_fresh_copy_and_keeps_the_old_ones(installed: Rooms) -> None:
    installed.main(["05"])
    copy = installed.copies.my() / "05_padding_and_masks.ipynb"
    for text in ("first try", "second try"):
        copy.write_text(text, encoding="utf-8")
        assert installed.main(["reset", "05"]) == 0
        assert copy.read_bytes() == installed.copies.without_outputs(
            (installed.ROOT / "notebooks" / copy.name).read_bytes()
        )
    kept = sorted(path for path in installed.copies.my().glob("05_padding_and_masks.2*.ipynb"))
    assert {path.read_text(encoding="utf-8") for path in kept} == {"first try", "second try"}
    today = time.strftime("05_padding_and_masks.%Y-%m-%d-")
    assert all(path.name.startswith(today) for path in kept)


def test_reset_asks_which_lesson(installed: Rooms, capsys: pytest.CaptureFixture[str]) -> None:
    assert installed.main(["reset"]) == 1
    assert "Which lesson?" in capsys.readouterr().err


# ----------------------------------------------------------------------------------------------- test and refresh


def test_tests_run_on_the_stored_lessons_only(course: Rooms) -> None:
    (course.ROOT / "tests").mkdir()
    command = course.run_tests.pytest_command(None, ["-x"])
    assert command[1:3] == ["-m", "pytest"] and command[-5:] == ["notebooks", "tests", "commands", "course_utils", "-x"]
    assert {"--nbval", "--nbval-current-env", "loadfile"} <= set(command)
    assert not any("my" == Path(word).name for word in command)
    one = course.run_tests.pytest_command(course.lessons.find_lesson("5"), ["-x"])
    assert one[-2:] == ["notebooks/05_padding_and_masks.ipynb", "-x"]
    (course.ROOT / "tests" / "test_a.py").touch()
    named = course.run_tests.pytest_command(None, ["tests/test_a.py::test_b", "-q"])
    assert "notebooks" not in named and named[-2:] == ["tests/test_a.py::test_b", "-q"]


@pytest.mark.parametrize("words", [["05", "--check"], ["--check", "05"]])
def test_refresh_runs_the_stored_lesson(installed: Rooms, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(installed.relay, "run", lambda command, env: called.append(command) or 0)
    assert installed.main(["refresh", *words]) == 0
    stored = installed.ROOT / "notebooks" / "05_padding_and_masks.ipynb"
    assert {command[0] for command in called} == {str(installed.shared.venv_python())}
    assert [command[1:] for command in called] == [
        ["-m", "commands.refresh", str(stored), "--check"],
        ["-m", "commands.glossary", "--check"],
        ["-m", "commands.corrections_index", "--check"],
        ["-m", "commands.section_times", "--check"],
    ]
    assert {command[2] for command in called} <= {f"commands.{room}" for room in ROOMS}


def test_refresh_takes_the_lesson_of_the_language(installed: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(installed.relay, "run", lambda command, env: called.append(command) or 0)
    korean = installed.ROOT / "notebooks" / "ko" / "05_padding_and_masks.ipynb"
    korean.parent.mkdir()
    korean.write_text("{}", encoding="utf-8")
    assert installed.main(["refresh", "5", "--language", "ko", "--translated", "one", "two"]) == 0
    assert called[0][1:] == ["-m", "commands.refresh", str(korean), "--translated", "one", "two"]
    assert installed.main(["refresh", "--language", "tlh"]) == 1


def test_the_exit_code_and_the_time_are_reported(
    installed: Rooms, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = {}
    monkeypatch.setattr(installed.run_tests, "run", lambda command, env: seen.update(env) or 5)
    monkeypatch.setenv("COURSE_CHECKPOINTS", "hub")
    assert installed.main(["test"]) == 5
    assert "The tests failed and took" in capsys.readouterr().out
    assert seen["OMP_NUM_THREADS"] == "1" and "COURSE_CHECKPOINTS" not in seen


@posix_only
def test_the_cpu_seconds_of_all_that_was_run_are_reported(
    installed: Rooms, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of programs that the tests start count as well; on a system that does not tell, nothing is said."""
    busy = "import time\nwhile time.process_time() < 0.6: pass"
    started = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    monkeypatch.setattr(installed.run_tests, "pytest_command", lambda *given: [sys.executable, "-c", started])
    assert installed.main(["test"]) == 0
    found = re.search(r"The tests passed and took \d+ s and (\d+) CPU seconds\.", capsys.readouterr().out)
    assert 1 <= int(found[1]) < 60
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setattr(installed.run_tests, "pytest_command", lambda *given: [sys.executable, "-c", ""])
    assert installed.main(["test"]) == 0
    assert re.search(r"The tests passed and took \d+ s\.\n$", capsys.readouterr().out)


def test_quick_leaves_out_the_browser_and_what_takes_long(installed: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """The word is course.py's own; what follows goes to pytest as ever. Both marks are ones that pytest knows."""
    called: list[list[str]] = []
    monkeypatch.setattr(installed.run_tests, "run", lambda command, env: called.append(command) or 0)
    for words in (["test", "--quick", "-x"], ["test", "-x"], ["test", "05", "--quick"]):
        assert installed.main(words) == 0
    quick, whole, one = called
    at = quick.index("not browser and not slow")
    assert quick[at - 1] == "-m" and quick[: at - 1] + quick[at + 1 :] == whole
    assert "not browser and not slow" in one and "notebooks/05_padding_and_masks.ipynb" in one
    assert not any("--quick" in command for command in called)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert {"browser", "slow"} <= {mark.split(":")[0] for mark in known["markers"]}


def test_colab_is_tried_with_its_newest_list_and_its_python(
    installed: Rooms, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lessons may be named; the environment is another one than .venv, which is not even made."""
    called: list[list[str]] = []
    pins = installed.ROOT / "tests" / "pins"
    pins.mkdir(parents=True)
    (pins / "colab_2025-12-31.txt").write_text("# with Python 3.9\n")
    (pins / "colab_2026-01-02.txt").write_text("# What there is, with Python 3.99 and\ntorch==1\n")
    monkeypatch.setattr(installed.install, "ensure_installed", lambda cpu: pytest.fail("something was installed"))
    monkeypatch.setattr(installed.colab, "run", lambda command, env: called.append(command) or 3)
    monkeypatch.setattr(installed.colab, "WINDOWS", False)
    assert installed.main(["test", "--colab", "5", "--cpu"]) == 3
    said = capsys.readouterr().out
    assert "Colab has Python 3.99" in said and "Colab's set of 2026-01-02" in said
    assert called[0][:2] == [sys.executable, str(installed.ROOT / "tests" / "other_versions.py")]
    assert called[0][2:] == [
        str(installed.ROOT / "build" / "colab"), "--set", str(pins / "colab_2026-01-02.txt"),
        "--python", sys.executable, "--cpu", "--lessons", "05",
    ]  # fmt: skip
    installed.main(["test", "--colab", "--python", "/usr/bin/python3.99"])
    assert called[1][0] == "/usr/bin/python3.99" and "--lessons" not in called[1] and "--cpu" not in called[1]


def test_the_list_of_colab_is_dated_and_fits_the_lower_bounds() -> None:
    """What the course asks for is in the list, in a version that it allows: installing it there replaces nothing."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    newest = sorted((ROOT / "tests" / "pins").glob("colab_*.txt"))[-1]
    date = re.fullmatch(r"colab_(\d{4}-\d\d-\d\d)", newest.stem)[1]
    text = newest.read_text(encoding="utf-8")
    assert date in text.splitlines()[0] and date in (ROOT / "README.md").read_text(encoding="utf-8")
    pins = [line.split("==") for line in text.splitlines() if not line.startswith("#")]
    there = {canonicalize_name(name): version for name, version in pins}
    assert len(there) == len(pins) > 100 and "://" not in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in map(Requirement, project["dependencies"]):
        name = canonicalize_name(requirement.name)
        if name != "koreanize-matplotlib":  # the one package that the course adds
            assert requirement.specifier.contains(there[name]), name


@pytest.mark.parametrize("words", [[], ["curves"], ["padding", "--again"]])
def test_measure_runs_in_the_environment_of_the_tests(
    installed: Rooms, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """The words go on to commands/measure.py, which runs with the course's Python, one thread, no personal switches."""
    called: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setenv("COURSE_CHECKPOINTS", "hub")
    monkeypatch.setattr(installed.relay, "run", lambda command, env: called.append((command, env)) or 0)
    assert installed.main(["measure", *words]) == 0
    command, env = called[0]
    assert command == [str(installed.shared.venv_python()), "-m", "commands.measure", *words]
    assert env["OMP_NUM_THREADS"] == "1" and "COURSE_CHECKPOINTS" not in env


def test_a_room_run_in_venv_finds_the_course_from_anywhere(
    course: Rooms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It runs in the folder of the course, as part of `commands`, whatever the terminal's folder and settings are."""
    probe = "import sys\nfrom commands.shared import ROOT\n(ROOT / 'seen.txt').write_text(sys.argv[1])\nsys.exit(7)\n"
    (course.ROOT / "commands" / "probe.py").write_text(probe, encoding="utf-8")
    monkeypatch.setattr(course.relay, "venv_python", lambda: Path(sys.executable))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.chdir(tmp_path)
    assert course.relay.in_venv("probe", ["한글 word"]) == 7
    assert (course.ROOT / "seen.txt").read_text(encoding="utf-8") == "한글 word"


@pytest.mark.parametrize("words", [[], ["test"], ["refresh"]])
def test_a_course_without_lessons_fails(installed: Rooms, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for path in installed.lessons.lessons():
        path.unlink()
    assert installed.main(words) == 1
    assert "no lesson in the folder notebooks/" in capsys.readouterr().err


def test_refresh_runs_strips_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = "application/vnd.jupyter.widget-view+json"
    both = f"display({{'text/plain': 'w', 'text/html': '<b>w</b>', '{view}': {{'model_id': 'x'}}}}, raw=True)"
    only = f"display({{'text/plain': 'w', '{view}': {{'model_id': 'x'}}}}, raw=True)"
    compared = new_code_cell("print(0.97, object())", id="compared", execution_count=9)
    compared.outputs = [new_output("stream", name="stdout", text="0.96 <object object at 0x7f0000000000>\n")]
    random = new_code_cell("import random; random.random()", id="random", execution_count=10)
    random.metadata.tags = ["nbval-ignore-output"]
    cells = [compared, random, new_code_cell(both, id="both"), new_code_cell(only, id="only")]
    notebook = new_notebook(cells=cells, metadata={"widgets": {"x": {"state": {}}}})
    path = tmp_path / "01_lesson.ipynb"
    nbformat.write(notebook, str(path))

    before = path.read_bytes()
    assert refresh.main(["--check", str(path)]) == 1
    assert path.read_bytes() == before, "--check writes nothing"
    said = capsys.readouterr().out
    assert "compared (stdout)" in said and "was: 0.96" in said and "now: 0.97" in said
    assert "random" not in said

    readme = (ROOT / "README.md").read_bytes()
    assert refresh.main([str(path)]) == 0
    assert (ROOT / "README.md").read_bytes() == readme, "the lesson of that number in README.md is another one"
    stored = nbformat.read(str(path), as_version=4)
    assert [cell.id for cell in stored.cells] == ["compared", "random", "both", "only"]
    assert [cell.execution_count for cell in stored.cells] == [1, 2, 3, 4]
    assert "widgets" not in stored.metadata and "version" not in stored.metadata.language_info
    assert view not in stored.cells[2].outputs[0].data, "a still view stands beside it"
    assert view in stored.cells[3].outputs[0].data, "nothing else to show"
    assert all("execution" not in cell.metadata for cell in stored.cells)
    assert path.read_text(encoding="utf-8").endswith("}\n")


def test_refresh_leaves_a_lesson_whose_cell_fails_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = [new_code_cell("1", id="fine"), new_code_cell("1 / 0", id="broken-cell")]
    path = tmp_path / "01_lesson.ipynb"
    nbformat.write(new_notebook(cells=cells), str(path))
    before = path.read_bytes()
    assert refresh.main([str(path)]) == 1
    assert "cell broken-cell: ZeroDivisionError" in capsys.readouterr().out
    assert path.read_bytes() == before


# --------------------------------------------------------------------------------------------------------- doctor


def test_doctor_works_before_the_installation_and_names_nobody(tmp_path: Path, folder: Path) -> None:
    home = tmp_path / "jane-doe-7"
    home.mkdir()
    moved = shutil.move(str(folder), str(home / "my 한글 course"))
    hidden = {"HOME": str(home), "USERPROFILE": str(home), "USER": home.name, "USERNAME": home.name}
    done = call(Path(moved), "doctor", **hidden, HTTPS_PROXY="http://jane-doe-7:secret@proxy:80")
    assert done.returncode == 0, done.stderr
    for label in ("Python", "System", "Free disk", "Installation", "Chromium", "Korean", "Pocket checkpoints"):
        assert label in done.stdout, label
    assert "not there yet" in done.stdout and "Proxy set" in done.stdout
    assert home.name not in done.stdout and "secret" not in done.stdout and str(tmp_path) not in done.stdout


# ----------------------------------------------------------------------------------------------------- publish-at


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a copy that knows the address, with its bytes."""
    files = [folder / "README.md", folder / "course_utils" / "address.py", *(folder / "notebooks").glob("*.ipynb")]
    return {path.name: path.read_bytes() for path in files if path.exists()}


def check_publishing(course: Rooms, capsys: pytest.CaptureFixture[str]) -> None:
    """Publishing writes the address everywhere, twice is as once, and --none takes all of it back."""
    assert course.main(["publish-at", "--none"]) == 0
    before = tree(course.ROOT)
    assert course.main(["publish-at", "jane-doe/the.course"]) == 0
    published = tree(course.ROOT)
    for name, content in published.items():
        text = content.decode("utf-8")
        if "<!-- badge" in before[name].decode("utf-8"):
            file = name if name.endswith(".ipynb") else course.lessons.lessons()[0].name
            badge = f"colab.research.google.com/github/jane-doe/the.course/blob/main/notebooks/{file}"
            assert badge in text and course.publish.NO_BADGE not in text, name
        if name.endswith(".ipynb"):
            archive = "https://github.com/jane-doe/the.course/archive/refs/heads/main.zip"
            assert f'"ADDRESS = [\\"{archive}\\"]  # where' in text, name
            was, now = json.loads(before[name]), json.loads(content)
            for old, new in zip(was["cells"], now["cells"], strict=True):
                assert (old.get("outputs"), old.get("execution_count")) == (
                    new.get("outputs"),
                    new.get("execution_count"),
                )
            assert {k: v for k, v in was.items() if k != "cells"} == {k: v for k, v in now.items() if k != "cells"}
    assert b'REPOSITORY = "jane-doe/the.course"' in published["address.py"]
    course.main(["publish-at", "jane-doe/the.course"])
    assert tree(course.ROOT) == published, "twice is as once"
    capsys.readouterr()
    course.main(["publish-at", "--none"])
    assert tree(course.ROOT) == before, "taken back completely"


def test_publishing_a_small_course(course: Rooms, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(course.ROOT)
    check_publishing(course, capsys)
    assert tree(course.ROOT) == before


def test_publishing_the_real_files(course: Rooms, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(course.ROOT / "notebooks")
    (course.ROOT / "notebooks").mkdir()
    for path in [*(ROOT / "notebooks").glob("*.ipynb"), ROOT / "README.md", ROOT / "course_utils" / "address.py"]:
        shutil.copy(path, course.ROOT / path.relative_to(ROOT))
    published = 'REPOSITORY = ""' not in (ROOT / "course_utils" / "address.py").read_text(encoding="utf-8")
    before = tree(course.ROOT)
    check_publishing(course, capsys)
    if not published:
        assert tree(course.ROOT) == before, "what is stored is exactly what --none writes"


@pytest.mark.parametrize("word", ["course", "a/b/c", "jane doe/course", "-x/course", "jane/..", "", "한글/course"])
def test_a_name_that_github_would_not_take_is_explained(
    course: Rooms, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(course.ROOT)
    assert course.main(["publish-at", word]) == 1
    assert "should be OWNER/REPO" in capsys.readouterr().err
    assert tree(course.ROOT) == before


@pytest.mark.parametrize(
    ("remote", "repository"),
    [
        ("git@github.com:jane/course.git", "jane/course"),
        ("https://user:secret@github.com/jane/course", "jane/course"),
        ("/srv/course.git", None),
        ("https://github.com.example.org/jane/course", None),
        (None, None),
    ],
)
def test_without_an_address_the_one_that_git_pushes_to_is_published(
    course: Rooms, remote: str | None, repository: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if not shutil.which("git"):
        pytest.skip("no git on this machine")
    before = tree(course.ROOT)
    subprocess.run(["git", "init", "--quiet", str(course.ROOT)], check=True)
    if remote:
        subprocess.run(["git", "-C", str(course.ROOT), "remote", "add", "origin", remote], check=True)
    code = course.main(["publish-at"])
    said = capsys.readouterr()
    if repository:
        assert code == 0 and f"published at {repository}" in said.out and "secret" not in said.out
        assert f'REPOSITORY = "{repository}"'.encode() in tree(course.ROOT)["address.py"]
    else:
        assert code == 1 and "publish-at OWNER/REPO" in said.err and tree(course.ROOT) == before


def test_the_address_of_the_page_will_do(course: Rooms) -> None:
    named: Callable[[str], str] = course.publish.repository_name
    assert named("https://github.com/jane/course") == named("github.com/jane/course.git") == named("jane/course")
