"""Settings that every test shares, the run of each notebook included; it lies above `notebooks` and `tests` for that.

A test never sees the switches of the shell it was started from: lessons run on pocket checkpoints, offline,
with one thread. Every kernel that a test starts inherits this (nbval's, nbclient's, JupyterLab's), and refuses
connections that would leave this machine: see `tests/loopback_only`.

Each solved lesson is run once: in the browser, or without one where there is no Chromium. With several workers,
tests that share a kernel or a browser go to the same worker, and what takes longest begins first.

A lesson that uses a word which one of its libraries calls deprecated fails: see `tests/deprecations.py`.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lesson_files import lesson_paths, run_time

from commands import lessons
from commands.doctor import find_chromium

if TYPE_CHECKING:
    from browser_lab import Lab

pytest_plugins = ["deprecations", "reruns"]

GUARD = Path(__file__).resolve().parent / "tests" / "loopback_only"
SLOW_LESSON = 15
"""Seconds of a lesson's own stated run time above which the run of its notebook is marked slow."""

SOLVED = "test_solutions_pass["
"""How the names of those tests begin that run a solved lesson without a browser."""

for name in [name for name in os.environ if name.startswith("COURSE_")]:
    del os.environ[name]
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())  # what pytest keeps stays where it always is
_own = tempfile.TemporaryDirectory(prefix="course-tests-", ignore_cleanup_errors=True)
for name in ("TMPDIR", "TEMP", "TMP"):  # a kernel that is ended by force leaves what it trained: it goes with the rest
    os.environ[name] = str(Path(_own.name) / "tmp")
Path(os.environ["TMPDIR"]).mkdir()
os.environ["COURSE_PROGRESS"] = str(Path(_own.name) / "progress")  # never the learner's own
lessons.edition_file = lambda: Path(_own.name) / "edition.json"  # nor the edition that was opened here last
os.environ["IPYTHONDIR"] = str(Path(_own.name) / "ipython")  # no personal settings, but the guard
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("PYTHONIOENCODING", "utf-8")


def guard_kernels(ipython: Path) -> None:
    """Let every kernel with this folder of IPython begin by refusing connections that leave the machine.

    It also looks for garbage more rarely: the libraries make a million objects that stay while they are imported.
    """
    startup = ipython / "profile_default" / "startup"
    startup.mkdir(parents=True)
    lines = [f"__import__('sys').path.append({str(GUARD)!r})", "__import__('loopback_only').refuse()"]
    lines += ["__import__('gc').set_threshold(100_000)"]
    text = "\n".join(lines) + "\n"  # leaves no name behind
    (startup / "00-loopback-only.py").write_text(text, encoding="utf-8")


guard_kernels(Path(os.environ["IPYTHONDIR"]))


def pytest_addoption(parser: pytest.Parser) -> None:
    """One switch: a folder in which the tests in a browser leave pictures."""
    parser.addoption("--screenshots", type=Path, metavar="FOLDER", help="leave pictures of what a browser showed there")


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lesson that the file of tests names as its STEM in a browser, after Run All; with its SHORTER, if any."""
    from browser_lab import opened_lesson

    shorter = getattr(request.module, "SHORTER", {})
    home, shots = tmp_path_factory.mktemp("lab"), request.config.getoption("screenshots")
    with opened_lesson(request.module.STEM, home, shorter, shots) as opened:
        yield opened


@pytest.fixture
def korean(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables that a test looks into are the Korean ones, as in a Korean lesson."""
    monkeypatch.setenv("COURSE_LANGUAGE", "ko")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `lesson` runs once for each notebook, under the notebook's stem."""
    if "lesson" in metafunc.fixturenames:
        paths = lesson_paths()
        metafunc.parametrize("lesson", paths, ids=[path.stem for path in paths])


# --- which tests there are, and in what order ---------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None]:
    """What is made while tests are collected, modules above all, stays: it is never searched for garbage."""
    gc.disable()
    found = yield
    gc.freeze()
    gc.enable()
    return found


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Mark what is slow: some lessons, and each one run again, or in Korean. Then drop what another test proves."""
    for item in items:
        if item.path.suffix == ".ipynb" and (run_time(item.path) > SLOW_LESSON or item.name in ("again", "korean")):
            item.add_marker(pytest.mark.slow)
    yield
    twice = solved_in_the_browser(items)
    if twice:
        config.hook.pytest_deselected(items=twice)
        items[:] = [item for item in items if item not in twice]
    if hasattr(config, "workerinput"):
        seconds: dict[str, float] = defaultdict(float)
        for item in items:
            seconds[group(item.nodeid)] += expected_seconds(item)
        items.sort(key=lambda item: -seconds[group(item.nodeid)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests out by `group`, in place of xdist's own way by files (`--dist loadfile`).

    Its `loadgroup` would do as much by marks, but passes over them where pytest is as new as 9.2.
    """
    from xdist.scheduler import LoadFileScheduling

    class ByGroup(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    return ByGroup(config, log) if config.getvalue("dist") == "loadfile" else None


def group(nodeid: str) -> str:
    """The tests that go to one worker: those of a file; but the browser's are two groups, and runs of a lesson many.

    A notebook is run by one kernel, cell by cell. A browser stays open from one lesson to the next.

    >>> group("notebooks/05_padding_and_masks.ipynb::Cell 3"), group("tests/test_browser_05.py::test_run_all")
    ('notebooks/05_padding_and_masks.ipynb', 'browser 2')
    >>> group("tests/test_browser_korean_05.py::test_run_all")
    'browser 2'
    >>> group("tests/test_notebooks_contract.py::test_solutions_pass[07_trainer]")
    'test_solutions_pass[07_trainer]'
    """
    file, _, test = nodeid.partition("::")
    if number := browser_lesson(file):
        return f"browser {int(number) % 2 + 1}"
    return test if test.startswith(SOLVED) else file


def expected_seconds(item: pytest.Item) -> float:
    """A guess, good enough to begin with what takes longest: a lesson states its own run time."""
    if item.path.suffix == ".ipynb":
        return run_time(item.path) / len(item.parent.nb.cells)
    if item.name.startswith(SOLVED):
        return 5 + run_time(lesson_of(item))
    if number := browser_lesson(item.path.name):
        return sum(15 + run_time(path) for path in lesson_paths() if path.stem.startswith(number)) / 3
    return 10 if item.get_closest_marker("slow") else 0.1


def browser_lesson(file: str) -> str | None:
    """The number of the lesson that a file of tests opens in a browser, in any language; None for any other file."""
    found = re.search(r"test_browser_(?:korean_)?(\d\d)\.py$", file)
    return found.group(1) if found else None


def lesson_of(item: pytest.Item) -> Path:
    """The notebook that a test was made for."""
    return item.callspec.params["lesson"]


def solved_in_the_browser(items: list[pytest.Item]) -> list[pytest.Item]:
    """The solved runs without a browser that prove nothing new: the same lesson is chosen, and runs, in the browser."""
    if find_chromium() is None or importlib.util.find_spec("playwright") is None:
        return []
    opened = {browser_lesson(item.path.name) for item in items if "korean" not in item.path.name}
    return [item for item in items if item.name.startswith(SOLVED) and lesson_of(item).stem[:2] in opened]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the browser and its JupyterLab after the last test in a row that uses them."""
    if browser_lesson(item.path.name) and not (nextitem and browser_lesson(nextitem.path.name)):
        import browser_lab

        browser_lab.close_desk()
