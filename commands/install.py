"""The environment in `.venv`: made at the first start, brought up to date when the course changes, mended when broken.

`ensure_installed` is what the other rooms call. A small file in `.venv` notes how far an installation has come.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

from commands import packages
from commands.shared import (
    CHANGING,
    MAKING,
    READY,
    ROOT,
    STARTED,
    Stop,
    duration,
    environment,
    read_json,
    read_text,
    say,
    state_file,
    venv,
    venv_python,
    write_json,
)
from commands.words import message

NEWEST_TRIED = (3, 14)
"""The newest Python that the pinned versions are for."""


def too_new(python: tuple[int, int]) -> str:
    """What to do with a Python that is newer than the course was tried with, in one line.

    >>> print(too_new((3, 15)))
    Python 3.15 is newer than the course was tried with (3.11 to 3.14); take one of those, as in: python3.14 course.py
    """
    return message("install.too_new", python="{}.{}".format(*python), newest="{}.{}".format(*NEWEST_TRIED))


def fingerprint(cpu: bool) -> str:
    """A hash of all that decides what gets installed: the requirements, the pins, the Python, the place."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    version = re.search(r"(?m)^version(?:_info)? *= *(\S+)", read_text(venv() / "pyvenv.cfg"))
    parts = [
        project.get("project"),
        project.get("build-system"),
        project.get("tool", {}).get("setuptools"),
        [line for line in pins if line and not line.startswith("#")],
        version.group(1) if version else None,
        str(ROOT),
        bool(cpu),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8")).hexdigest()


def ensure_installed(cpu: bool | None = None) -> None:
    """Make `.venv` and install the course in it, if that has not been done or something has changed since.

    When all is as it was, no program is started: this takes a few milliseconds.

    Args:
        cpu: whether to take the small PyTorch, without CUDA; None keeps what is there, and chooses at a first start.
    """
    state = read_json(state_file())
    if cpu is None:
        cpu = state.get("cpu")
    if cpu is None:
        cpu = packages.small_by_itself()
    ready = state.get("state") == READY and venv_python().exists()
    if ready and state.get("fingerprint") == fingerprint(cpu):
        return
    mention_conda()
    if ready and cpu == bool(state.get("cpu")) and works(venv_python()):
        update(cpu, state)
    else:
        install_afresh(cpu, state)


def update(cpu: bool, state: dict[str, Any]) -> None:
    """Install on top of what is there. Without a network the lessons go on with the packages of before."""
    say(message("install.updating"))
    packages.announce_download(cpu)
    if packages.run_pip(cpu) == 0:
        finish(cpu)
    elif read_json(state_file()) != state:
        raise Stop(packages.explain_failure())
    else:
        say(packages.explain_failure())
        say(message("install.still_there"))


def install_afresh(cpu: bool, state: dict[str, Any]) -> None:
    """Make `.venv`, install everything in it, and note that this is finished as the very last thing.

    A `.venv` that works is used, also one that somebody else made, unless pip was stopped while it changed it.
    """
    started = time.time()
    say(why_afresh(cpu, state))
    packed = bool(packages.pack())
    if packed:  # what did not arrive is named before anything is made
        packages.announce_download(cpu)
    if state.get("state") in (MAKING, CHANGING, READY) or not (works(venv_python()) or add_pip()):
        make_venv()
    write_json(state_file(), {"state": STARTED, "cpu": cpu})
    if not packed:
        packages.announce_download(cpu)
    if packages.run_pip(cpu) != 0:
        raise Stop(packages.explain_failure())
    finish(cpu)
    say(message("install.done_from_pack" if packed else "install.done", time=duration(time.time() - started)))


def why_afresh(cpu: bool, state: dict[str, Any]) -> str:
    """The reason for an installation, for the learner who waits for it."""
    if state.get("state") in (MAKING, STARTED, CHANGING):
        return message("install.broken_off")
    if state and cpu != bool(state.get("cpu")):
        return message("install.taking_small" if cpu else "install.taking_cuda")
    if venv().exists():
        return message("install.mending")
    return message("install.first_from_pack" if packages.pack() else "install.first")


def finish(cpu: bool) -> None:
    """Note that the installation is complete."""
    write_json(state_file(), {"state": READY, "cpu": cpu, "fingerprint": fingerprint(cpu)})


def mention_conda() -> None:
    """Say which environment is used when one of conda's is active."""
    if os.environ.get("CONDA_PREFIX"):
        say(message("install.conda"))


# ------------------------------------------------------------------------------------------ the folder .venv


def works(program: Path) -> bool:
    """Whether a Python starts and has pip."""
    try:
        done = subprocess.run(
            [str(program), "-c", "import pip"],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return False
    return done.returncode == 0


def add_pip() -> bool:
    """Add pip to a `.venv` that works but was made without it; whether that succeeded."""
    if not venv_python().exists():
        return False
    command = [str(venv_python()), "-m", "ensurepip"]
    return subprocess.call(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def make_venv() -> None:
    """Make an empty `.venv`; what was left of an earlier one is removed.

    A Python that is newer than all that were tried has, as a rule, no builds of the pinned packages yet.
    """
    if sys.version_info[:2] > NEWEST_TRIED:
        raise Stop(too_new(sys.version_info[:2]))
    remove_venv()
    venv().mkdir()
    write_json(state_file(), {"state": MAKING})
    done = subprocess.run(
        [*venv_maker(), str(venv())], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment()
    )
    if done.returncode != 0 or not works(venv_python()):
        output = done.stdout.decode("utf-8", "replace").strip()
        raise Stop(message("install.not_made", output=output, advice=how_to_get_venv()))


def remove_venv() -> None:
    """Take away a `.venv` that is of no use. A link is only unlinked."""
    try:
        if venv().is_symlink() or venv().is_file():
            venv().unlink()
        elif venv().exists():
            shutil.rmtree(venv())
    except OSError as error:
        raise Stop(message("install.not_removed", error=error.strerror or error)) from error


def venv_maker() -> list[str]:
    """What makes a virtual environment: Python's own venv, or virtualenv where venv is missing."""
    python = getattr(sys, "_base_executable", None) or sys.executable
    if has_module("venv") and has_module("ensurepip"):
        return [python, "-m", "venv"]
    if has_module("virtualenv"):
        return [sys.executable, "-m", "virtualenv", "--quiet"]
    if program := shutil.which("virtualenv"):
        return [program, "--quiet", "--python", python]
    raise Stop(message("install.no_venv", advice=how_to_get_venv()))


def has_module(name: str) -> bool:
    """Whether this Python has a module of that name."""
    return importlib.util.find_spec(name) is not None


def how_to_get_venv() -> str:
    """What to install where the module venv is missing, as it is on Debian and Ubuntu."""
    return message("install.how_to_get_venv", version="{}.{}".format(*sys.version_info[:2]))
