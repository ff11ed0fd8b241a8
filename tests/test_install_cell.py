"""A lesson opened alone: its first cell installs the package when it is missing, or says in words what to do."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from lesson_files import cell_by_id, read


def run_install_cell(lesson: Path, monkeypatch: pytest.MonkeyPatch, repository: str, present: bool) -> list[list[str]]:
    """Execute the first cell as if the package were there or not; the commands it would have run."""
    commands: list[list[str]] = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if present else None)
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    source = cell_by_id(read(lesson), "install").source
    stamped = source.replace('REPOSITORY = ""', f'REPOSITORY = "{repository}"')
    assert (stamped != source) == bool(repository)
    exec(compile(stamped, "install", "exec"), {})
    return commands


def test_nothing_happens_where_the_package_is(lesson: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the course's own environment the first cell does nothing and asks for no network."""
    assert run_install_cell(lesson, monkeypatch, "someone/course", present=True) == []


def test_published_lesson_installs_the_package(lesson: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a public address the missing package is installed from there, into the Python that runs the lesson."""
    (command,) = run_install_cell(lesson, monkeypatch, "someone/course", present=False)
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[-1] == "https://github.com/someone/course/archive/refs/heads/main.zip"


def test_unpublished_lesson_says_what_to_do(lesson: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address the cell stops with the two ways there are, in words."""
    with pytest.raises(ImportError, match="python course.py") as stopped:
        run_install_cell(lesson, monkeypatch, "", present=False)
    assert "%pip install" in str(stopped.value)
