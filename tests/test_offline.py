"""A lesson on a machine that has no network at all: a network namespace with nothing but loopback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lesson_files import clean_environment, code_cells, is_compared, output_text, read, run_lesson

LOOPBACK_ONLY = 'ip link set lo up && exec "$@"'


def namespace() -> list[str]:
    """The start of a command that cuts the network off, or a skip that says why there is none."""
    if not sys.platform.startswith("linux"):
        pytest.skip("network namespaces exist on Linux only")
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("needs the programs `unshare` (util-linux) and `ip` (iproute2)")
    for flags in ("-rn", "-n"):
        prefix = ["unshare", flags, "sh", "-c", LOOPBACK_ONLY, "sh"]
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return prefix
    pytest.skip("this user may not make a network namespace here")


REACH = """
import socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
except OSError as error:
    print(type(error).__name__, error.errno)
"""


def test_the_namespace_has_no_network() -> None:
    """The test below can be trusted: inside the namespace no address beyond loopback can be reached."""
    prefix = namespace()
    done = subprocess.run([*prefix, sys.executable, "-c", REACH], capture_output=True, text=True, check=True)
    assert "101" in done.stdout, done.stdout  # network is unreachable, at once
    listed = subprocess.run([*prefix, "ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    assert [line.split(":")[1].strip() for line in listed.splitlines()] == ["lo"]


def test_lesson_runs_without_a_network(lesson: Path, tmp_path: Path) -> None:
    """A lesson works on a plane: every cell runs and says something, with no network and an empty cache."""
    stored = read(lesson)
    environment = clean_environment(HF_HOME=str(tmp_path / "empty"))
    done = run_lesson(stored, tmp_path, environment, prefix=namespace())
    for before, after in zip(code_cells(stored), code_cells(done), strict=True):
        if is_compared(before):
            assert bool(output_text(after).strip()) == bool(output_text(before).strip()), before.id
