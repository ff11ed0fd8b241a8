"""`test --colab`: the lessons in what Google Colab has installed, in an environment of its own.

What Colab has stands in a dated list, `tests/pins/colab_DATE.txt`; the newest one is taken. The work is done by
`tests/other_versions.py`, in the folder `build/colab`: the list is installed, the course beside it as a learner's first
cell does it, and all lessons are run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from commands.lessons import looks_like_lesson
from commands.shared import ROOT, WINDOWS, Stop, environment, run, say

PLACE = ROOT / "build" / "colab"
SPACE = "about 3 GB of disk, 7 GB where PyTorch comes with CUDA"


def run_colab(words: list[str], cpu: bool | None) -> int:
    """Run the lessons that are named, or all of them, in Colab's set; the exit code is 0 if every cell runs.

    Args:
        words: numbers of lessons, and `--python PATH` where another Python is meant than the one that is looked for.
        cpu: whether PyTorch is to come from its public index of CPU builds.
    """
    if WINDOWS:
        raise Stop("Colab's set is for Linux: run this on Linux, in WSL for example.")
    pins = newest_list()
    python = words[words.index("--python") + 1] if "--python" in words[:-1] else find_python(list_python(pins))
    chosen = [word.split("_")[0].zfill(2) for word in words if looks_like_lesson(word)]
    date = pins.stem.removeprefix("colab_")
    say(f"Colab's set of {date} comes into build/colab, an environment of its own ({SPACE}).")
    command = [python, str(ROOT / "tests" / "other_versions.py"), str(PLACE), "--set", str(pins), "--python", python]
    command += ["--cpu"] if cpu else []
    command += ["--lessons", *chosen] if chosen else []
    return run(command, environment())


def newest_list() -> Path:
    """The list of Colab's packages with the latest date."""
    lists = sorted((ROOT / "tests" / "pins").glob("colab_[0-9]*.txt"))
    if not lists:
        raise Stop("There is no list tests/pins/colab_DATE.txt. Is this a complete copy of the course?")
    return lists[-1]


def list_python(pins: Path) -> str:
    """The version of Python that a list names in its first lines, such as `3.13`."""
    found = re.search(r"^#.*\bPython (3\.\d+)", pins.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if not found:
        raise Stop(f"{pins.name} does not say which Python it is for.")
    return found.group(1)


def find_python(version: str) -> str:
    """A Python of that version on this machine; the one that runs this, with a word about it, where there is none.

    >>> find_python("{}.{}".format(*sys.version_info[:2])) == sys.executable
    True
    """
    if version == "{}.{}".format(*sys.version_info[:2]):
        return sys.executable
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for program in [shutil.which(f"python{version}"), *map(str, sorted(kept.glob(f"{version}.*/bin/python{version}")))]:
        if program and answers(program, version):
            return program
    here = "{}.{}".format(*sys.version_info[:2])
    say(f"Colab has Python {version}, which was not found here (--python PATH names one): taking Python {here}.")
    return sys.executable


def answers(program: str, version: str) -> bool:
    """Whether a program is a Python of that version; the stand-ins of pyenv may refuse."""
    ask = "import sys; print('{}.{}'.format(*sys.version_info[:2]))"
    try:
        done = subprocess.run([program, "-c", ask], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.decode("utf-8", "replace").strip() == version
