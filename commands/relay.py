"""`refresh`, `measure`, `pictures`, `pack`, `export-progress`: handed over to the rooms that need the packages."""

from __future__ import annotations

import os
import tempfile

from commands import install
from commands.lessons import ENGLISH, find_lesson, looks_like_lesson, remembered, some_lessons, take_edition
from commands.shared import Stop, environment, lesson_environment, run, venv_python
from commands.words import message

DRAWN_FROM_LESSONS = ("glossary", "corrections_index", "section_times")


def command_refresh(words: list[str]) -> int:
    """Re-run stored lessons from a fresh kernel and show which compared outputs changed."""
    words = list(words)
    edition = take_edition(words) or ENGLISH
    chosen = [find_lesson(word, edition) for word in words if looks_like_lesson(word)] or some_lessons(edition)
    options = [word for word in words if not looks_like_lesson(word)]
    install.ensure_installed()
    code = in_venv("refresh", [*map(str, chosen), *options])
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


def command_pack(words: list[str]) -> int:
    """Make a folder that installs the course without a network. A folder's name is meant from where the terminal is."""
    edition = take_edition(words) or remembered()
    if not words or words[0].startswith("-"):
        raise Stop("Where? For example: python course.py pack FOLDER --for windows macos --python 3.12 3.13")
    install.ensure_installed()
    return in_venv("pack", [os.path.abspath(words[0]), *words[1:], "--language", edition.language])


def command_site(words: list[str]) -> int:
    """Build the site of all lessons, in all languages, from the stored outputs; nothing is run again."""
    take_edition(words)
    install.ensure_installed()
    folder = [
        os.path.abspath(word) if place == 0 and not word.startswith("-") else word for place, word in enumerate(words)
    ]
    return in_venv("build_site", folder)


def command_export_progress(words: list[str]) -> int:
    """Write the names of the exercises solved into a file. The learner's own settings say where they are kept."""
    asked = take_edition(words)
    if len(words) != 1 or words[0].startswith("-"):
        raise Stop(message("export_progress.into_which"))
    install.ensure_installed()
    command = [str(venv_python()), "-m", "commands.export_progress", os.path.abspath(words[0])]
    command += ["--language", asked.language] if asked else []
    return run(command, environment())


def in_venv(room: str, words: list[str]) -> int:
    """Run a room with the Python of `.venv`, in the folder of the course; its exit code."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        return run([str(venv_python()), "-m", f"commands.{room}", *words], lesson_environment(profile))
