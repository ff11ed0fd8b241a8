"""No network: what cuts a lesson off from it is put to the test, and a lesson is run there with an empty cache.

The solved lessons all run cut off as well: `test_solutions_pass` in `test_notebooks_contract.py`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from lesson_files import (
    NOTEBOOKS,
    clean_environment,
    code_cells,
    network_cut_off,
    output_text,
    read,
    run_lesson,
)

from commands.comparison import is_compared

REACH = """
import socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
except OSError as error:
    print(type(error).__name__, error.errno)
"""


def namespace() -> tuple[str, ...]:
    """The start of a command that cuts the network off, or a skip that says why there is none."""
    prefix, reason = network_cut_off()
    if reason:
        pytest.skip(reason)
    return prefix


def test_the_namespace_has_no_network() -> None:
    """The tests that run there can be trusted: no address beyond loopback can be reached."""
    prefix = namespace()
    done = subprocess.run([*prefix, sys.executable, "-c", REACH], capture_output=True, text=True, check=True)
    assert "101" in done.stdout, done.stdout  # network is unreachable, at once
    listed = subprocess.run([*prefix, "ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    assert [line.split(":")[1].strip() for line in listed.splitlines()] == ["lo"]


def test_a_lesson_as_stored_says_the_same_without_a_network(tmp_path: Path) -> None:
    """The first lesson works on a plane: every cell says what it says with a network."""
    stored = read(NOTEBOOKS / "01_behind_the_pipeline.ipynb")
    environment = clean_environment(HF_HOME=str(tmp_path / "empty"))
    done = run_lesson(stored, tmp_path, environment, prefix=namespace())
    for before, after in zip(code_cells(stored), code_cells(done), strict=True):
        if is_compared(before):
            assert bool(output_text(after).strip()) == bool(output_text(before).strip()), before.id
