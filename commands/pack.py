"""A folder that installs the course without a network: `python course.py pack DIR [--for SYSTEM ...] [--python ...]`.

It holds the course in all its languages, a ready-made build of every package for the named systems and Pythons, and a
file to start it on each. `wheels/pack.json` lists the builds with their sizes and hashes; where that file is, the room
`install` installs from `wheels/` and from nowhere else. With `--language ko` it starts with the Korean edition.

uv says which builds there are, how large and with which hash; pip downloads them. What is there already, with the right
hash, stays, so a run that broke off goes on where it was.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

from commands.lessons import EDITION_FILE, EDITIONS, ENGLISH, Edition, find_edition
from commands.packages import CPU_INDEX, EXTRAS, PACK_FILE, WHEELS
from commands.shared import ROOT, Stop, environment, read_json, say, speak_utf8, tidy, write_json, write_whole
from commands.words import message, speak

SYSTEMS = ("windows", "macos", "linux")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PATCH = 9  # some packages exclude the first releases of a Python, 3.11.4 for example
OLDEST_MACOS = (14, 0)
MANYLINUX = [f"manylinux_2_{n}_x86_64" for n in range(28, 4, -1)]
MANYLINUX += [f"manylinux{old}_x86_64" for old in ("2014", "2010", "1")] + ["linux_x86_64"]
OF_CUDA = ("nvidia-", "cuda-", "triton")
SMALL_TORCH = 200_000_000  # bytes; uv does not say it for PyTorch's own index
LEFT_OUT = {".git", ".venv", "my", "build", "dist", "wheels", "__pycache__", ".ruff_cache", ".pytest_cache"}
READ_ME = "START HERE.txt"


class Target(NamedTuple):
    """One system with one Python."""

    system: str
    python: str

    def __str__(self) -> str:
        """As it is shown: `Windows, Python 3.12`."""
        return f"{ {'windows': 'Windows', 'macos': 'macOS', 'linux': 'Linux'}[self.system] }, Python {self.python}"

    @property
    def key(self) -> str:
        """Its name in `pack.json`."""
        return f"{self.system}-{self.python}"


class Build(NamedTuple):
    """One file to download: name, pin, size, and hash (empty where nobody knows it before)."""

    file: str
    pin: str
    size: int
    sha256: str


# ------------------------------------------------------------------------------------------------ what is needed


def platforms(system: str) -> list[str]:
    """The tags of a system's builds, the best first.

    >>> platforms("windows"), platforms("macos")[0], platforms("linux")[0]
    (['win_amd64'], 'macosx_14_0_arm64', 'manylinux_2_28_x86_64')
    """
    if system == "macos":
        return list(mac_platforms(OLDEST_MACOS, "arm64"))
    return ["win_amd64"] if system == "windows" else MANYLINUX


def tags(target: Target) -> list[Tag]:
    """Every tag that a build for this target may have, the best first."""
    version = tuple(map(int, target.python.split(".")))
    names = platforms(target.system)
    interpreter = f"cp{version[0]}{version[1]}"
    return [*cpython_tags(version, platforms=names), *compatible_tags(version, interpreter, names)]


def marker_values(target: Target) -> dict[str, str]:
    """What a marker such as `sys_platform == 'win32'` is compared with."""
    system, machine, name = {
        "windows": ("Windows", "AMD64", "win32"),
        "macos": ("Darwin", "arm64", "darwin"),
        "linux": ("Linux", "x86_64", "linux"),
    }[target.system]
    return {
        "python_version": target.python,
        "python_full_version": f"{target.python}.{PATCH}",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_system": system,
        "platform_machine": machine,
        "sys_platform": name,
        "os_name": "nt" if target.system == "windows" else "posix",
        "extra": "",
    }


def builds(lock: dict[str, Any], target: Target, cuda: bool) -> list[Build]:
    """The builds that this target needs, from uv's lock of all the pins.

    Without CUDA, Linux takes the small PyTorch, which stands in an index of its own and in no lock.
    """
    order = {tag: place for place, tag in enumerate(tags(target))}
    values, found = marker_values(target), []
    for package in lock["packages"]:
        if "version" not in package or not Marker(package.get("marker", "python_version > '3'")).evaluate(values):
            continue
        name, pin = package["name"], f"{package['name']}=={package['version']}"
        if target.system == "linux" and not cuda and name.startswith(OF_CUDA):
            continue
        if target.system == "linux" and not cuda and name == "torch":
            python = "cp" + target.python.replace(".", "")
            file = f"torch-{package['version']}+cpu-{python}-{python}-manylinux_2_28_x86_64.whl"
            found.append(Build(file, pin, SMALL_TORCH, ""))
            continue
        ranked = []
        for wheel in package.get("wheels", []):
            file = wheel.get("name") or wheel["url"].rsplit("/", 1)[-1]
            places = [order[tag] for tag in parse_wheel_filename(file)[3] if tag in order]
            if places:
                ranked.append((min(places), Build(file, pin, wheel["size"], wheel["hashes"]["sha256"])))
        if not ranked:
            raise Stop(f"{pin} has no ready-made build for {target}.")
        found.append(min(ranked)[1])
    return found


def ask_uv() -> dict[str, Any]:
    """Every pin with all its builds, as uv finds them in the index."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pylock.toml"
        command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--constraint", "constraints.txt"]
        command += [f"--extra={extra}" for extra in EXTRAS.split(",")]
        command += ["--universal", "--python-version", PYTHONS[0], "--no-config", "--quiet", "--format", "pylock.toml"]
        env = environment()
        if "SSL_CERT_FILE" not in env and env.get("PIP_CERT"):
            env["SSL_CERT_FILE"] = env["PIP_CERT"]
        done = subprocess.run([*command, "--output-file", str(file)], cwd=ROOT, env=env, capture_output=True)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip()[-800:]
            raise Stop(f"The packages could not be looked up. Check the network and run the command again.\n\n{said}")
        return tomllib.loads(file.read_text(encoding="utf-8"))


def course_files() -> list[Path]:
    """The files of the course: those that git knows; without git, all but environments and work folders."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
        names = done.stdout.decode("utf-8").split("\0") if done.returncode == 0 else []
    except OSError:
        names = []
    paths = [Path(name) for name in names if name] or [path.relative_to(ROOT) for path in ROOT.rglob("*")]
    return sorted(path for path in paths if (ROOT / path).is_file() and not LEFT_OUT.intersection(path.parts))


# ------------------------------------------------------------------------------------------------ the folder


def sha256(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_there(folder: Path, build: Build) -> bool:
    """Whether a build has arrived whole. Of the small PyTorch no hash is known, so its name must do."""
    path = folder / WHEELS / build.file
    return path.is_file() and (not build.sha256 or sha256(path) == build.sha256)


def check_place(folder: Path) -> None:
    """Refuse a folder that holds something else, or one inside the course."""
    if folder == ROOT or ROOT in folder.parents:
        raise Stop("The pack cannot lie inside the course itself. Name a folder elsewhere, on a stick for example.")
    if folder.exists() and any(folder.iterdir()) and not (folder / WHEELS).is_dir():
        raise Stop(f"{tidy(folder)} holds other files. Name an empty folder, or one with a pack of before.")


def check_disk(folder: Path, needed: int) -> None:
    """Refuse where the disk is too small."""
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    if free < needed * 1.02:
        raise Stop(f"The disk is too small: {megabytes(needed)} are needed there, {megabytes(free)} are free.")


def megabytes(size: float) -> str:
    """A size in words.

    >>> megabytes(312_400_000), megabytes(2_710_000_000)
    ('312 MB', '2.7 GB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def copy_course(folder: Path, files: Iterable[Path]) -> None:
    """Copy the files of the course that are not there yet as they are here."""
    for path in files:
        source, target = ROOT / path, folder / path
        if not target.exists() or target.stat().st_size != source.stat().st_size or sha256(target) != sha256(source):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def download(folder: Path, target: Target, missing: Sequence[Build]) -> None:
    """Let pip download the builds of one target that are not there; PyTorch, the largest, first and by itself."""
    large = [build for build in missing if build.pin.startswith("torch==")]
    for group in (large, [build for build in missing if build not in large]):
        if not group:
            continue
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
        command += ["--disable-pip-version-check", "--quiet", "--progress-bar", "off", "--dest", str(folder / WHEELS)]
        command += ["--python-version", f"{target.python}.{PATCH}", "--implementation", "cp"]
        command += [word for name in platforms(target.system) for word in ("--platform", name)]
        command += ["--extra-index-url", CPU_INDEX] if any(not build.sha256 for build in group) else []
        done = subprocess.run(
            [*command, *(build.pin for build in group)], cwd=ROOT, env=environment(), stderr=subprocess.PIPE
        )
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip()[-800:]
            raise Stop(f"\n{said}\n\nThe download broke off. Run the command again; what has arrived is kept.")
    for build in missing:
        if not is_there(folder, build):
            hint = ""
            if not build.sha256:
                (folder / WHEELS / build.file.replace("+cpu", "")).unlink(missing_ok=True)
                hint = f" The small PyTorch for {target} is not to be had here; --cuda takes the large one."
            raise Stop(f"{build.file} did not arrive as it should.{hint}")


def remove_others(folder: Path, needed: set[str]) -> None:
    """Take away the builds of a pack of before that this one does not need."""
    for path in (folder / WHEELS).iterdir():
        if path.name not in needed and path.name != Path(PACK_FILE).name:
            path.unlink()


# ------------------------------------------------------------------------------------------------ files to start with


def start_files(targets: Sequence[Target], edition: Edition = ENGLISH) -> dict[str, str]:
    """The files that start the course, by name: one for each system, and one to read, in the language of an edition.

    >>> sorted(start_files([Target("windows", "3.12")]))
    ['START HERE.txt', 'start-windows.bat']
    """
    made = {}
    for system in dict.fromkeys(target.system for target in targets):
        versions = " ".join(sorted((t.python for t in targets if t.system == system), key=PYTHONS.index, reverse=True))
        if system == "windows":
            made["start-windows.bat"] = WINDOWS_START.format(versions=versions).replace("\n", "\r\n")
        else:
            made["start-macos.command" if system == "macos" else "start-linux.sh"] = UNIX_START.format(
                versions=versions
            )
    listed = "\n".join(f"    {target}" for target in targets)
    speak(edition.language)
    made[READ_ME] = message("pack.how_to_start", targets=listed, files="\n".join(f"    {name}" for name in made))
    speak(ENGLISH.language)
    return made


def choose_edition(folder: Path, edition: Edition) -> None:
    """Let a pack start with this edition."""
    chosen = folder / EDITION_FILE
    chosen.unlink(missing_ok=True)
    if edition != ENGLISH:
        chosen.parent.mkdir(exist_ok=True)
        write_json(chosen, {"language": edition.language})


WINDOWS_START = """@echo off
rem Starts the course; the first time, this installs it from the folder wheels, without a network.
cd /d "%~dp0"
for %%V in ({versions}) do (
    py -%%V -c "" >nul 2>nul && (
        py -%%V course.py %*
        goto end
    )
)
python course.py %*
:end
pause
"""
UNIX_START = """#!/bin/sh
# Starts the course; the first time, this installs it from the folder wheels, without a network.
cd "$(dirname "$0")" || exit 1
for version in {versions}; do
    if command -v "python$version" >/dev/null 2>&1; then
        exec "python$version" course.py "$@"
    fi
done
exec python3 course.py "$@"
"""


# ------------------------------------------------------------------------------------------------ the command


def this_system() -> str:
    """The system that this runs on, by the name that `--for` takes."""
    return {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """What was typed."""
    here = "{}.{}".format(*sys.version_info[:2])
    parser = argparse.ArgumentParser(prog="course.py pack", description="A folder that installs without a network.")
    parser.add_argument("folder", type=Path, help="where the pack is made: an empty folder, or one with a pack")
    parser.add_argument("--for", dest="systems", nargs="+", choices=SYSTEMS, default=[this_system()], metavar="SYSTEM")
    parser.add_argument("--python", dest="pythons", nargs="+", choices=PYTHONS, default=[here], metavar="VERSION")
    parser.add_argument("--cuda", action="store_true", help="for Linux: PyTorch with NVIDIA's CUDA libraries")
    parser.add_argument("--language", choices=EDITIONS, default=ENGLISH.language, help="what the pack starts with")
    return parser.parse_args(words)


def make(folder: Path, targets: Sequence[Target], cuda: bool, edition: Edition = ENGLISH) -> None:
    """Make the pack, or bring one of before up to date."""
    check_place(folder)
    say("Looking up the packages for " + "; ".join(map(str, targets)) + ".")
    lock = ask_uv()
    needed = {target: builds(lock, target, cuda) for target in targets}
    files = course_files()
    every = {build.file: build for found in needed.values() for build in found}
    missing = {file for file, build in every.items() if not is_there(folder, build)}
    course = sum((ROOT / path).stat().st_size for path in files)
    total = course + sum(build.size for build in every.values())
    fresh = 0 if (folder / "course.py").exists() else course
    say(
        f"The pack: {megabytes(total)} ({len(every)} builds and {len(files)} files of the course), of which "
        f"{megabytes(sum(every[file].size for file in missing))} are still to come."
    )
    check_disk(folder, fresh + sum(every[file].size for file in missing))
    (folder / WHEELS).mkdir(parents=True, exist_ok=True)
    (folder / PACK_FILE).unlink(missing_ok=True)  # until all is there this is no pack
    copy_course(folder, files)
    for target, found in needed.items():
        waiting = [build for build in found if build.file in missing and not is_there(folder, build)]
        if waiting:
            say(f"{target}: {len(waiting)} builds, {megabytes(sum(build.size for build in waiting))} ...")
            download(folder, target, waiting)
    remove_others(folder, set(every))
    choose_edition(folder, edition)
    for name, text in start_files(targets, edition).items():
        write_whole(folder / name, text.encode("utf-8"))
        (folder / name).chmod(0o644 if name.endswith(".txt") else 0o755)
    listed = {
        file: {"size": (folder / WHEELS / file).stat().st_size, "sha256": sha256(folder / WHEELS / file)}
        for file in sorted(every)
    }
    write_json(
        folder / PACK_FILE,
        {
            "made": datetime.date.today().isoformat(),
            "targets": {target.key: sorted(build.file for build in found) for target, found in needed.items()},
            "files": listed,
        },
    )
    whole = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    say(f"The pack is whole: {megabytes(whole)} in {tidy(folder)}. Copy the folder as it is; {READ_ME} says the rest.")


def main(words: Sequence[str] | None = None) -> int:
    """Make a pack; the exit code."""
    speak_utf8()
    options = parse(words)
    targets = [
        Target(s, p) for s in dict.fromkeys(options.systems) for p in sorted(set(options.pythons), key=PYTHONS.index)
    ]
    try:
        if read_json(ROOT / PACK_FILE):
            raise Stop("This course is a pack itself: make packs from a copy that has no folder wheels.")
        make(Path(os.path.abspath(options.folder)), targets, options.cuda, find_edition(options.language))
    except Stop as stop:
        print(stop, file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on; what has arrived is kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
