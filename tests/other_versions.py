"""Run all lessons and the package's quick tests under another Python, or with the oldest versions that are allowed.

    python tests/other_versions.py FOLDER --python /usr/bin/python3.14  # a Python of this machine, the pinned versions
    python tests/other_versions.py FOLDER --debian unstable             # Debian's newest Python, in a folder of its own
    python tests/other_versions.py FOLDER --lowest                      # the oldest versions that pyproject.toml allows
    python tests/other_versions.py FOLDER --pins FILE                   # the versions in a file of constraints
    python tests/other_versions.py FOLDER --newest                      # the newest versions there are
    python tests/other_versions.py FOLDER --table                       # the report of FOLDER as a table in Markdown
    python tests/other_versions.py FOLDER --set FILE                    # what somebody else has, the course beside it

Everything is made inside FOLDER: a copy of the course, an environment (some gigabytes), `report.txt`. What is there
already is used again, so a second run goes on from the installation of the first. Lessons run one after the other on
one thread, their outputs compared. The report names each cell that printed something else, by its id. With `--set`, the
versions in FILE are there first, and the course is added as a learner's first cell adds it: the report says what that
brought and what it replaced, and a cell counts as wrong only where it fails.

`--debian` is for root on a Debian system with the package debootstrap; the system in FOLDER/debian shares the name
servers and certificates of this one, and its mounts end with each command. Needs the network, and nothing but Python.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IN_DEBIAN = 'mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
LEFT_OUT = {".git", ".venv", "my", "build", "dist"}
NBVAL = [
    "-p",
    "no:deprecations",
    "-p",
    "no:reruns",
    "--nbval",
    "--nbval-current-env",
    "--nbval-cell-timeout=3000",
    "--nbval-sanitize-with=tests/sanitize.cfg",
]
PACKAGE = ("tests", "commands", "course_utils", "course_checks", "course_lessons")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
TESTS_OF_A_SET = ("nbval", "pytest", "pytest-timeout", "psutil")
SHOWN = ("torch", "transformers", "tokenizers", "datasets", "accelerate", "numpy", "ipywidgets", "ipython")


@dataclass
class Place:
    """Where the course is installed and run: `root` is empty, or the folder of another system.

    >>> Place(Path("/srv/there"), Path("/srv/there/debian")).inside(Path("/srv/there/debian/venv")).as_posix()
    '/venv'
    """

    folder: Path
    root: Path | None = None

    @property
    def course(self) -> Path:
        """The copy of the course, as this machine sees it."""
        return (self.root or self.folder) / "course"

    @property
    def venv(self) -> Path:
        """The environment, as this machine sees it."""
        return (self.root or self.folder) / "venv"

    def inside(self, path: Path) -> Path:
        """The same path as what runs there sees it."""
        return Path("/") / path.relative_to(self.root) if self.root else path

    def run(self, *command: str | Path, quiet: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy of the course; its output is returned, and kept in the log."""
        words = [str(self.inside(word) if isinstance(word, Path) else word) for word in command]
        if self.root:
            start = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", IN_DEBIAN, str(self.root)]
            words = [*start, "env", "--chdir", str(self.inside(self.course)), *words]
        done = subprocess.run(
            words,
            cwd=self.course,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        with (self.folder / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(words)}\n{done.stdout}\n")
        if done.returncode and not quiet:
            sys.exit(f"{done.stdout[-3000:]}\nThis failed: {' '.join(words)}")
        return done


def environment() -> dict[str, str]:
    """This environment without what belongs to this machine's Python or to a learner; one thread."""
    own = ("COURSE_", "HF_", "PYTHON", "PYTEST_", "VIRTUAL_ENV", "PIP_FIND_LINKS", "PIP_CONSTRAINT", "UV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    if "PIP_CERT" in kept:
        kept.setdefault("SSL_CERT_FILE", kept["PIP_CERT"])
    kept["PATH"] = kept.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin"
    return kept | {"OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}


def copy_course(place: Place) -> None:
    """A fresh copy of what git knows of the course; without git, of everything but environments and work folders."""
    if place.course.exists():
        shutil.rmtree(place.course)
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode("utf-8").split("\0") if name]
    else:
        paths = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
        names = [str(path) for path in paths if not LEFT_OUT.intersection(path.parts)]
    for name in names:
        if (ROOT / name).is_file():
            target = place.course / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)


def make_debian(root: Path, suite: str) -> None:
    """A small Debian with its newest Python 3 in the folder `root`, if it is not there yet."""
    if not hasattr(os, "getuid") or os.getuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("--debian needs root and the program debootstrap: apt-get install debootstrap")
    if not (root / "usr" / "bin" / "python3").exists():
        packages = "--include=python3,python3-venv,ca-certificates"
        subprocess.run(
            ["debootstrap", "--variant=minbase", packages, suite, str(root)], check=True
        )  # from its own mirror
    for name in ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"):
        if (Path("/") / name).exists():
            (root / name).unlink(missing_ok=True)
            shutil.copyfile(Path("/") / name, root / name)


def install(place: Place, python: str, pins: str, lowest: bool, index: Sequence[str]) -> None:
    """The course with everything that its tests need, in an environment of its own."""
    interpreter = place.venv / "bin" / "python"
    if not interpreter.is_symlink() and not interpreter.exists():
        place.run(python, "-m", "venv", place.venv)
    pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if lowest:
        place.run(*pip, "uv")
        pins = "lowest.txt"
        compiled = [interpreter, "-m", "uv", "pip", "compile", "pyproject.toml", "--resolution", "lowest-direct"]
        place.run(*compiled, "--all-extras", "--no-config", "--python", interpreter, "--quiet", "--output-file", pins)
    constraint = ["--constraint", pins] if pins else ["--upgrade"]
    place.run(*pip, *index, *constraint, "--editable", ".[lab,test]")


def install_beside(place: Place, python: str, own: Path, index: Sequence[str]) -> tuple[str, bool]:
    """What is in the file `own`, then the course; what that added, in words, and whether it left the rest as it was."""
    interpreter = place.venv / "bin" / "python"
    if not interpreter.is_symlink() and not interpreter.exists():
        place.run(python, "-m", "venv", place.venv)
    pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    shutil.copyfile(own, place.course / "set.txt")
    place.run(*pip, *index, "--requirement", "set.txt")
    before = frozen(place)
    place.run(*pip, ".")
    after = frozen(place)
    place.run(*pip, "--constraint", "set.txt", *TESTS_OF_A_SET)
    added = sorted(set(after) - set(before) - {"transformers-course"})
    replaced = sorted(
        f"{name} {before[name]} by {after.get(name)}" for name in before if after.get(name) != before[name]
    )
    said = f"the course adds {', '.join(added) or 'nothing'} and replaces {', '.join(replaced) or 'nothing'}"
    return said, not replaced


def frozen(place: Place) -> dict[str, str]:
    """The packages that are installed there, by name in one spelling, with their versions."""
    ask = "import importlib.metadata as m; print(*[f'{d.name} {d.version}' for d in m.distributions()], sep='\\n')"
    lines = place.run(place.venv / "bin" / "python", "-c", ask).stdout.split("\n")
    return {
        re.sub(r"[-_.]+", "-", name).lower(): version for name, _, version in (x.partition(" ") for x in lines if x)
    }


def versions(place: Place) -> str:
    """The versions that are installed there, in one line."""
    ask = (
        "import platform, importlib.metadata as m; print('Python', platform.python_version(), platform.system(), "
        f"*[f', {{name}} {{m.version(name)}}' for name in {SHOWN!r}], sep=' ')"
    )
    return place.run(place.venv / "bin" / "python", "-c", ask).stdout.strip().replace(" ,", ",")


def failed_cells(notebook: Path, said: str) -> list[str]:
    """The ids of the cells that nbval calls failed in what pytest said; with a word where one raised an error."""
    cells = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    numbers = sorted({int(found) for found in re.findall(r"^FAILED .*::Cell (\d+)", said, flags=re.MULTILINE)})
    names = {number: cells[number]["id"] if number < len(cells) else f"cell {number}" for number in numbers}
    raised = cells_that_fail(said)
    return [f"{name} (raises an error)" if number in raised else name for number, name in names.items()]


def cells_that_fail(said: str) -> set[int]:
    """The numbers of the cells that raised an error or took too long, of those that nbval calls failed.

    >>> cells_that_fail("Cell 3: Cell outputs differ\\nCell 9: Cell execution caused an exception\\n")
    {9}
    """
    reasons = re.findall(r"^(?:\x1b\[\d+m)?Cell (\d+): (.*)$", said, flags=re.MULTILINE)
    return {int(number) for number, reason in reasons if "outputs differ" not in reason}


def counts(said: str) -> str:
    """Pytest's own last line, without the time.

    >>> counts("...\\n1 failed, 53 passed in 29.50s\\n")
    '1 failed, 53 passed'
    """
    lines = [line.strip("= ") for line in said.splitlines() if re.search(r"\d (passed|failed|error)", line)]
    return re.sub(r" in [\d.]+s.*", "", lines[-1]) if lines else "no result"


def table(report: str) -> str:
    """The report as a table in Markdown: a row for each lesson, with the cells that are not as stored.

    >>> print(table("2026-11-28: Python 3.13\\n01_a: 9 passed (1 s)\\n02_b: 1 failed (2 s)\\n  a-cell\\nall\\n"))
    2026-11-28: Python 3.13
    <BLANKLINE>
    | what | result | not as stored |
    |---|---|---|
    | 01_a | 9 passed (1 s) |  |
    | 02_b | 1 failed (2 s) | a-cell |
    <BLANKLINE>
    all
    """
    before: list[str] = []
    rows: list[list[str]] = []
    after: list[str] = []
    for line in report.splitlines():
        found = re.match(r"(\d\d_\w+|tests of the package): (.*)", line)
        if found:
            rows.append([*found.groups(), ""])
        elif line.startswith("  ") and rows:
            rows[-1][2] = f"{rows[-1][2]}, {line.strip()}".removeprefix(", ")
        else:
            (after if rows else before).append(line)
    lines = ["| what | result | not as stored |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([*before, "", *lines, "", *after])


def cpu_seconds() -> float:
    """Seconds of processor time that finished child processes have used."""
    used = os.times()
    return used.children_user + used.children_system


def main(arguments: Sequence[str] | None = None) -> int:
    """Install, run, report; 0 if every cell and every test passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="where everything is made; some gigabytes")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--python", default=sys.executable, metavar="PATH", help="a Python of this machine")
    where.add_argument("--debian", metavar="SUITE", help="a Debian of its own, for example unstable")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--lowest", action="store_true", help="the oldest versions that pyproject.toml allows")
    which.add_argument("--pins", type=Path, metavar="FILE", help="constraints other than constraints.txt")
    which.add_argument("--newest", action="store_true", help="the newest versions there are")
    which.add_argument("--table", action="store_true", help="run nothing: print the report of FOLDER in Markdown")
    which.add_argument("--set", type=Path, metavar="FILE", help="what is there before the course is; lessons only")
    parser.add_argument("--cpu", action="store_true", help="PyTorch's public index of CPU builds as well")
    parser.add_argument("--lessons", nargs="+", metavar="NN", help="only these lessons")
    parser.add_argument("--no-tests", action="store_true", help="lessons only")
    options = parser.parse_args(arguments)

    folder = options.folder.resolve()
    if options.table:
        print(table((folder / "report.txt").read_text(encoding="utf-8")))
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    place = Place(folder, folder / "debian" if options.debian else None)
    if place.root:
        make_debian(place.root, options.debian)
    copy_course(place)
    pins = "constraints.txt"
    if options.pins:
        pins = "other_pins.txt"
        shutil.copyfile(options.pins, place.course / pins)
    python = "python3" if place.root else options.python
    index = ["--extra-index-url", CPU_INDEX] if options.cpu else []
    beside, good = "", True
    if options.set:
        beside, good = install_beside(place, python, options.set, index)
    else:
        install(place, python, "" if options.newest else pins, options.lowest, index)

    report = (folder / "report.txt").open("a", encoding="utf-8")

    def say(line: str) -> None:
        print(line, flush=True)
        print(line, file=report, flush=True)

    def tried(name: str, targets: Sequence[str], notebook: Path | None) -> None:
        nonlocal good
        started, used = time.monotonic(), cpu_seconds()
        command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *(NBVAL if notebook else []), *targets]
        done = place.run(place.venv / "bin" / "python", *command, quiet=True)
        good &= done.returncode == 0 or (options.set is not None and not cells_that_fail(done.stdout))
        seconds = f"{cpu_seconds() - used:.0f} s of processor time, {time.monotonic() - started:.0f} s"
        say(f"{name}: {counts(done.stdout)} ({seconds})")
        if notebook:
            for cell in failed_cells(notebook, done.stdout):
                say(f"  {cell}")
        else:
            for line in re.findall(r"^(?:FAILED|ERROR) .*", done.stdout, flags=re.MULTILINE):
                say(f"  {line}")

    say(f"{datetime.date.today().isoformat()}: {versions(place)}")
    if beside:
        say(beside)
    for notebook in sorted((place.course / "notebooks").glob("[0-9]*.ipynb")):
        if options.lessons is None or notebook.name[:2] in options.lessons:
            tried(notebook.stem, [f"notebooks/{notebook.name}"], notebook)
    if not options.no_tests and not options.set:
        tried("tests of the package", ["-m", "not browser and not slow", *PACKAGE], None)
    if options.set:
        say("every cell runs, nothing is replaced" if good else "not as it should be; the details are in log.txt")
    else:
        say("all as stored" if good else "not all as stored; the details are in log.txt")
    report.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
