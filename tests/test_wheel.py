"""The package as others get it: a wheel, and one notebook alone beside it, without this repository."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from lesson_files import NOTEBOOKS, ROOT, clean_environment

PACKAGES = ("course_utils", "course_checks", "course_lessons")
pytestmark = pytest.mark.slow

MOST_BYTES = 100_000_000
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy", ".npz", ".joblib", ".h5", ".msgpack")


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` without the repository on the path; its output as text."""
    settings = clean_environment(PYTHONPATH=None, PYTHONSAFEPATH=None, VIRTUAL_ENV=None, **environment)
    return subprocess.run(
        command, cwd=folder, env=settings, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources by setuptools alone, without a download."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source / name)
    left_out = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=left_out)
    build = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"
    done = run([sys.executable, "-c", build, str(out)], source)
    assert done.returncode == 0, done.stderr[-3000:]
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def lone_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the wheel, borrows the installed libraries, and does not know this repository.

    The borrowed folders are added by a path file: Python does not read the path files inside them, so an
    editable install of the course stays out.
    """
    folder = tmp_path_factory.mktemp("alone") / "environment"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = Path(run([str(python), "-I", "-c", asked], folder).stdout.strip())
    borrowed = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    borrowed += [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    (own / "borrowed.pth").write_text("\n".join(dict.fromkeys(borrowed)) + "\n", encoding="utf-8")
    if importlib.util.find_spec("pip"):
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    else:
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet"]
    done = run([*install, "--no-deps", "--no-index", "--target", str(own), str(wheel)], folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return python


def test_wheel_is_small_and_whole(wheel: Path) -> None:
    """A learner downloads less than 100 MB and gets the pocket checkpoints and all texts with it."""
    assert wheel.stat().st_size < MOST_BYTES
    assert wheel.name.endswith("-py3-none-any.whl"), "one wheel for every system"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    weights = "course_utils/pocket/pocket-bert-uncased-sst2/model.safetensors"
    parts = [f"course_utils/{name}" for name in ("words", "glossary", "progress", "inspect_setup")]
    parts.append("course_lessons/lesson_05/words")
    tables = {"course_utils/terms.ko.toml", *(f"{part}.{name}.toml" for part in parts for name in ("en", "ko"))}
    assert {weights, *tables} <= names
    assert "course_lessons/lesson_14/own_reviews.csv" in names
    sources = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert sources <= names, f"left out of the wheel: {sorted(sources - names)}"
    ours = (*(f"{package}/" for package in PACKAGES), "transformers_course-")
    outside = {name for name in names if not name.startswith(ours)}
    assert not outside, "the wheel brings only the packages"


def test_wheel_holds_no_pickles(wheel: Path) -> None:
    """Nothing in the wheel can run code when it is loaded as data."""
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith(PICKLES)]


def test_wheel_is_what_is_imported(lone_python: Path, tmp_path: Path) -> None:
    """The test below can be trusted: the repository is not on the path of that Python."""
    asked = "import course_utils, sys; print(course_utils.__file__); print(*sys.path, sep='\\n')"
    first, *paths = run([str(lone_python), "-c", asked], tmp_path).stdout.splitlines()
    assert Path(first).is_relative_to(lone_python.parent.parent)
    assert str(ROOT) not in paths and not any("__editable__" in path for path in paths)


def test_the_wheel_alone_speaks_korean(lone_python: Path, tmp_path: Path) -> None:
    """Tables, terms and the rooms' words come with it: nothing else is needed for the Korean edition."""
    asked = "from course_utils import *; setup(language='ko'); look_up('어텐션 마스크'); hint('05/pad-rows')"
    done = run([str(lone_python), "-c", asked], tmp_path, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0, done.stderr[-3000:]
    meaning, hint = done.stdout.strip().splitlines()
    assert meaning.startswith("어텐션 마스크(attention mask), 01강: ") and re.search("[가-힣]", hint)


@pytest.mark.parametrize("stem", ["01_behind_the_pipeline"])
def test_lesson_runs_beside_the_wheel_alone(stem: str, lone_python: Path, tmp_path: Path) -> None:
    """One notebook sent by mail works where the package is installed: same outputs.

    One lesson stands for all: each runs in a folder of its own elsewhere, and the wheel is known to be whole.
    """
    lesson = NOTEBOOKS / f"{stem}.ipynb"
    shutil.copy2(lesson, tmp_path / lesson.name)
    command = [str(lone_python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=120", "--rootdir", str(tmp_path)]
    command += [f"--nbval-sanitize-with={ROOT / 'tests' / 'sanitize.cfg'}", lesson.name]
    done = run(command, tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout


def test_install_cell_says_what_to_do_when_the_package_is_missing(tmp_path: Path) -> None:
    """Somebody who opens one notebook without the package reads in plain words how to get it."""
    from lesson_files import cell_by_id, read

    from course_utils.address import REPOSITORY

    if REPOSITORY:
        pytest.skip("the course has an address: its first cell would install from there")
    source = cell_by_id(read(NOTEBOOKS / "01_behind_the_pipeline.ipynb"), "install").source
    (tmp_path / "first_cell.py").write_text(source, encoding="utf-8")
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False, symlinks=os.name != "nt")
    python = bare / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = run([str(python), "first_cell.py"], tmp_path)
    said = done.stdout + done.stderr
    assert "Traceback" not in done.stdout and "No module named pip" not in said
    assert "course" in said and len(said.split()) >= 12, said
