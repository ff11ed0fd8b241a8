"""The tests: `python course.py test [NN] [--quick | --colab]`. Every notebook is run and its outputs compared."""

from __future__ import annotations

import tempfile
import time
import tomllib
from pathlib import Path

from commands import install
from commands.colab import run_colab
from commands.lessons import ENGLISH, some_lessons, split_lesson, take_edition
from commands.shared import ROOT, duration, lesson_environment, run, say, take_option, take_torch, venv_python
from commands.words import message

NBVAL_OPTIONS = [
    "--nbval",
    "--nbval-current-env",
    "--nbval-cell-timeout=120",
    "--nbval-sanitize-with=tests/sanitize.cfg",
    "-n",
    "2",
    "--dist",
    "loadfile",  # conftest.py says what stays together, and
    "--no-loadscope-reorder",  # what begins first
]
QUICK_OPTIONS = ["-m", "not browser and not slow"]
TESTS_OF_ANY_LESSON = "tests/test_notebooks_contract.py"


def command_test(words: list[str]) -> int:
    """Run the tests: all of them, those of one lesson, or with `--quick` neither those in a browser nor slow ones."""
    started, cpu_before = time.time(), cpu_seconds()
    cpu = take_torch(words)
    if take_option("--colab", words):
        return run_colab(words, cpu)
    quick, edition = take_option("--quick", words), take_edition(words) or ENGLISH
    lesson, options = split_lesson(words, edition)
    some_lessons()
    install.ensure_installed(cpu)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        code = run(pytest_command(lesson, options, quick), lesson_environment(profile))
    took = duration(time.time() - started)
    if cpu_before is not None:
        took = message("run_tests.cpu", time=took, seconds=cpu_seconds() - cpu_before)
    say(message("run_tests.passed" if code == 0 else "run_tests.failed", time=took))
    return code


def pytest_command(lesson: Path | None, options: list[str], quick: bool = False) -> list[str]:
    """The call of pytest. The settings that hold for every call of it stand in pyproject.toml."""
    if lesson:
        targets = [lesson.relative_to(ROOT).as_posix(), *(t for t in [TESTS_OF_ANY_LESSON] if (ROOT / t).exists())]
    elif any((ROOT / option.split("::")[0]).exists() for option in options if not option.startswith("-")):
        targets = []  # the caller named files: those and no others
    else:
        targets = [folder for folder in tested_folders() if (ROOT / folder).exists()]
    chosen = QUICK_OPTIONS if quick else []
    return [str(venv_python()), "-m", "pytest", *NBVAL_OPTIONS, *chosen, *targets, *options]


def tested_folders() -> list[str]:
    """The folders with tests or examples, as pyproject.toml names them for pytest."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return settings["tool"]["pytest"]["ini_options"]["testpaths"]


def cpu_seconds() -> float | None:
    """CPU time, of the user and of the system, that this process and those it started and that have ended took so far.

    None where the system does not say, as on Windows.
    """
    try:
        import resource
    except ImportError:
        return None
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
