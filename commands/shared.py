"""What several rooms use: where the course lies, printing, files, times in words, and running a program in `.venv`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from commands.words import message

ROOT = Path(__file__).resolve().parent.parent
WINDOWS = os.name == "nt"

# How far an installation is, as noted in .venv: until pip changes packages, stopping it does no harm.
MAKING, STARTED, CHANGING, READY = "making", "started", "changing", "ready"


class Stop(Exception):
    """Something the learner should read; the command ends there with exit code 1."""


# -------------------------------------------------------------------------------------------------- printing


def say(text: str = "") -> None:
    """Print a line at once, also when the output goes to a file."""
    print(text, flush=True)


def speak_utf8() -> None:
    """Print any letter on any console: a Korean or Western code page would end in an error otherwise."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def interactive() -> bool:
    """Whether somebody sits in front of this and can answer."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stdout.isatty())


def tidy(text: object) -> str:
    """The text without the home folder, so that it can be shown to others.

    >>> tidy(os.path.join(os.path.expanduser("~"), "course")) == os.path.join("~", "course")
    True
    """
    home = os.path.expanduser("~")
    return str(text).replace(home, "~") if len(home) > 1 else str(text)


def duration(seconds: float) -> str:
    """A time in words.

    >>> duration(8.4), duration(194)
    ('8 s', '3 min 14 s')
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes:
        return message("shared.minutes", minutes=minutes, seconds=rest)
    return message("shared.seconds", seconds=rest)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: a Korean letter takes two.

    >>> columns("ann"), columns("민아")
    (3, 4)
    """
    return sum(
        2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in unicodedata.normalize("NFC", text)
    )


def padded(text: str, width: int) -> str:
    """A text filled up with spaces to so many columns."""
    return text + " " * (width - columns(text))


# ----------------------------------------------------------------------------------------------------- files


def read_text(path: Path) -> str:
    """The text of a file, or an empty one if there is no such file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def write_whole(path: Path, data: bytes) -> None:
    """Write bytes to a file so that it is either the old or the new one, never half of it."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    os.replace(partial, path)


def read_json(path: Path) -> dict[str, Any]:
    """The dictionary stored in a JSON file; an empty one if there is no such file or it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Store a dictionary as a JSON file, its keys in alphabetical order."""
    write_whole(path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode("utf-8"))


# ----------------------------------------------------------------------------------------- programs in .venv


def venv() -> Path:
    """The folder of the course's own Python environment."""
    return ROOT / ".venv"


def venv_python() -> Path:
    """The Python inside `.venv`."""
    return venv() / ("Scripts/python.exe" if WINDOWS else "bin/python")


def state_file() -> Path:
    """Where it is remembered whether the installation was finished, and what was installed."""
    return venv() / "course.json"


def environment(**more: str) -> dict[str, str]:
    """Environment variables for programs in `.venv`: UTF-8, and nothing that leads Python elsewhere."""
    result = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "__PYVENV_LAUNCHER__"):
        result.pop(name, None)
    result["PATH"] = str(venv_python().parent) + os.pathsep + result.get("PATH", "")
    result["VIRTUAL_ENV"] = str(venv())
    result["PYTHONUTF8"] = "1"
    result["PIP_USER"] = "0"
    return result | more


def lesson_environment(profile: str) -> dict[str, str]:
    """What lessons are tested and stored under: one thread, pocket checkpoints, no personal settings."""
    result = environment(OMP_NUM_THREADS="1", IPYTHONDIR=profile)
    return {name: value for name, value in result.items() if not name.startswith("COURSE_")}


def run(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a program in the course's folder to its end, also after Ctrl-C, which reaches that program too."""
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    interrupted = False
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return code


# ------------------------------------------------------------------------------------------- what was typed


def take_option(option: str, words: list[str]) -> bool:
    """Remove an option of course.py's own from a list of words; whether it was there.

    >>> words = ["05", "--cpu"]
    >>> take_option("--cpu", words), words
    (True, ['05'])
    """
    there = option in words
    words[:] = [word for word in words if word != option]
    return there


def take_torch(words: list[str]) -> bool | None:
    """Which PyTorch was asked for, taken out of a list of words: the small one, the one with CUDA, or None.

    >>> words = ["05", "--cpu"]
    >>> take_torch(words), take_torch(["--cuda"]), take_torch(words), words
    (True, False, None, ['05'])
    """
    small, large = take_option("--cpu", words), take_option("--cuda", words)
    if small and large:
        raise Stop(message("shared.two_kinds_of_torch"))
    return small if small or large else None
