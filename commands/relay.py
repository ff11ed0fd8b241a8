"""`refresh`, `measure` and `pictures`: handed over to the rooms that need the packages, under the tests' settings."""

from __future__ import annotations

import tempfile

from commands import install
from commands.lessons import find_lesson, looks_like_lesson, some_lessons
from commands.shared import lesson_environment, run, venv_python

DRAWN_FROM_LESSONS = ("glossary", "corrections_index")


def command_refresh(words: list[str]) -> int:
    """Re-run stored lessons from a fresh kernel and show which compared outputs changed."""
    chosen = [find_lesson(word) for word in words if looks_like_lesson(word)] or some_lessons()
    options = [word for word in words if not looks_like_lesson(word)]
    install.ensure_installed()
    code = in_venv("refresh", [*options, *map(str, chosen)])
    for room in DRAWN_FROM_LESSONS:
        code = in_venv(room, [word for word in options if word == "--check"]) or code
    return code


def command_measure(words: list[str]) -> int:
    """Measure on this machine the figures that the lessons and README.md quote."""
    install.ensure_installed()
    return in_venv("measure", words)


def command_pictures(words: list[str]) -> int:
    """Make the pictures of README.md anew, from the lessons in a real browser."""
    install.ensure_installed()
    return in_venv("docs_pictures", words)


def in_venv(room: str, words: list[str]) -> int:
    """Run a room with the Python of `.venv`, in the folder of the course; its exit code."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        return run([str(venv_python()), "-m", f"commands.{room}", *words], lesson_environment(profile))
