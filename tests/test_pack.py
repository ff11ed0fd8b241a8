"""A pack: which builds it needs, what it says before, how it goes on; and an installation from it without a network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from lesson_files import ROOT
from test_commands import BACKEND, INSTALL, PROJECT, folder  # noqa: F401

from commands import pack
from commands.lessons import EDITION_FILE, EDITIONS, KOREAN, lessons
from commands.pack import Target
from commands.packages import PACK_FILE, WHEELS, pack_target
from commands.shared import Stop


def wheel(file: str, size: int = 1000) -> dict[str, object]:
    """One build in uv's lock; its content is its name, so that its hash is known."""
    address = f"https://example.org/{file[0]}/{file}"
    return {"url": address, "size": size, "hashes": {"sha256": hashlib.sha256(file.encode()).hexdigest()}}


LOCK = {
    "packages": [
        {"name": "pure", "version": "1.0", "wheels": [wheel("pure-1.0-py3-none-any.whl")]},
        {
            "name": "fast",
            "version": "2.0",
            "wheels": [
                wheel("fast-2.0-cp312-cp312-win_amd64.whl"),
                wheel("fast-2.0-cp313-cp313-win_amd64.whl"),
                wheel("fast-2.0-cp312-cp312-win_arm64.whl"),
                wheel("fast-2.0-cp312-cp312-macosx_11_0_arm64.whl"),
                wheel("fast-2.0-cp312-cp312-macosx_10_9_x86_64.whl"),
                wheel("fast-2.0-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"),
                wheel("fast-2.0-cp312-cp312-musllinux_1_2_x86_64.whl"),
                wheel("fast-2.0-py3-none-any.whl"),
            ],
        },
        {"name": "stable", "version": "3.0", "wheels": [wheel("stable-3.0-cp39-abi3-win_amd64.whl")],
         "marker": "sys_platform == 'win32'"},
        {"name": "older", "version": "1.0", "wheels": [wheel("older-1.0-py3-none-any.whl")],
         "marker": "python_full_version < '3.12'"},
        {"name": "nvidia-cublas", "version": "1", "wheels": [wheel("nvidia_cublas-1-py3-none-manylinux1_x86_64.whl")],
         "marker": "sys_platform == 'linux'"},
        {
            "name": "torch",
            "version": "2.13.0",
            "wheels": [
                wheel("torch-2.13.0-cp312-cp312-win_amd64.whl", 9000),
                wheel("torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl", 90000),
                wheel("torch-2.13.0-cp312-none-macosx_14_0_arm64.whl", 8000),
            ],
        },
        {"name": "transformers-course", "directory": {"path": "."}},
    ]
}  # fmt: skip


def files(target: Target, cuda: bool = False) -> list[str]:
    """The files that a target gets."""
    return [build.file for build in pack.builds(LOCK, target, cuda)]


def test_each_system_gets_its_own_builds() -> None:
    """The best one for its system and Python; markers hold; a build for all systems is the last choice."""
    assert files(Target("windows", "3.12")) == [
        "pure-1.0-py3-none-any.whl",
        "fast-2.0-cp312-cp312-win_amd64.whl",
        "stable-3.0-cp39-abi3-win_amd64.whl",
        "torch-2.13.0-cp312-cp312-win_amd64.whl",
    ]
    assert files(Target("macos", "3.12"))[1:] == [
        "fast-2.0-cp312-cp312-macosx_11_0_arm64.whl",
        "torch-2.13.0-cp312-none-macosx_14_0_arm64.whl",
    ]
    assert files(Target("linux", "3.12"))[1] == "fast-2.0-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
    assert "older-1.0-py3-none-any.whl" not in files(Target("linux", "3.12"))
    with pytest.raises(Stop, match="torch==2.13.0 has no ready-made build for macOS, Python 3.14"):
        files(Target("macos", "3.14"))


def test_linux_gets_the_small_pytorch_unless_cuda_is_asked_for() -> None:
    """Without CUDA there is none of NVIDIA's packages, and PyTorch's own build for the processor."""
    assert files(Target("linux", "3.11"))[-1] == "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"
    assert not any("nvidia" in file for file in files(Target("linux", "3.12")))
    large = files(Target("linux", "3.12"), cuda=True)
    assert "torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl" in large and any("nvidia" in file for file in large)


@pytest.fixture
def making(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Making packs with that lock, of a course of one file, with a download that writes what is asked for."""
    course = tmp_path / "course"
    course.mkdir()
    (course / "course.py").write_text("# the door")
    asked: list[str] = []

    def download(place: Path, target: Target, missing: list[pack.Build]) -> None:
        for build in missing:
            asked.append(build.file)
            if build.file in broken:
                raise Stop("The download broke off.")
            (place / WHEELS / build.file).write_bytes(build.file.encode())

    broken: list[str] = []
    download.broken = broken  # type: ignore[attr-defined]
    monkeypatch.setattr(pack, "ROOT", course)
    monkeypatch.setattr(pack, "ask_uv", lambda: LOCK)
    monkeypatch.setattr(pack, "course_files", lambda: [Path("course.py")])
    monkeypatch.setattr(pack, "download", download)
    return asked


def test_a_pack_says_its_size_and_goes_on(
    making: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Broken off it is no pack yet; the next run asks only for what is missing, and takes away what nobody needs."""
    place = tmp_path / "stick" / "한글 pack"
    words = [str(place), "--for", "windows", "macos", "--python", "3.12"]
    pack.download.broken.append("torch-2.13.0-cp312-cp312-win_amd64.whl")
    assert pack.main(words) == 1
    said = capsys.readouterr()
    assert "Windows, Python 3.12; macOS, Python 3.12" in said.out and "broke off" in said.err
    assert "The pack: 0 MB (6 builds and 1 files of the course), of which 0 MB are still to come" in said.out
    assert not (place / PACK_FILE).exists() and len(making) == 4
    pack.download.broken.clear()
    making.clear()
    (place / WHEELS / "fast-2.0-cp312-cp312-win_amd64.whl").write_text("half")
    assert pack.main(words) == 0
    assert making == [
        "fast-2.0-cp312-cp312-win_amd64.whl",
        "torch-2.13.0-cp312-cp312-win_amd64.whl",
        "fast-2.0-cp312-cp312-macosx_11_0_arm64.whl",
        "torch-2.13.0-cp312-none-macosx_14_0_arm64.whl",
    ]
    content = json.loads((place / PACK_FILE).read_text())
    assert sorted(content["targets"]) == ["macos-3.12", "windows-3.12"] and len(content["files"]) == 6
    start = (place / "start-windows.bat").read_bytes()
    assert b"for %%V in (3.12) do (\r\n" in start and (place / "start-macos.command").exists()
    assert "Python 3.12" in (place / "START HERE.txt").read_text(encoding="utf-8")
    if os.name != "nt":
        assert os.access(place / "start-macos.command", os.X_OK)
    making.clear()
    assert pack.main([str(place), "--for", "windows", "--python", "3.12"]) == 0
    assert not making and not list((place / WHEELS).glob("*macos*"))


def test_a_pack_for_a_korean_class_starts_in_korean(making: list[str], tmp_path: Path) -> None:
    """What to read is Korean, and the launcher takes the Korean edition as if it had been opened there before."""
    place, words = tmp_path / "stick", [str(tmp_path / "stick"), "--for", "linux", "--python", "3.12", "--language"]
    assert pack.main([*words, "ko"]) == 0
    read = (place / "START HERE.txt").read_text(encoding="utf-8")
    assert "Linux, Python 3.12" in read and "start-linux.sh" in read and "더블 클릭" in read and "{" not in read
    assert json.loads((place / EDITION_FILE).read_text()) == {"language": KOREAN.language}
    assert pack.main([*words, "en"]) == 0
    assert not (place / EDITION_FILE).exists()
    assert "double click" in (place / "START HERE.txt").read_text(encoding="utf-8")


def test_a_disk_that_is_too_small_is_refused_before(
    making: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written; what is there already counts as there."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 5000))
    place = tmp_path / "full"
    assert pack.main([str(place), "--for", "windows", "--python", "3.12"]) == 1
    assert "The disk is too small" in capsys.readouterr().err and not place.exists() and not making


def test_a_folder_that_will_not_do_is_refused(
    making: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One inside the course, and one that holds something else."""
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "letter.txt").write_text("Dear")
    for place, words in ((pack.ROOT / "pack", "cannot lie inside the course"), (documents, "holds other files")):
        assert pack.main([str(place), "--for", "windows", "--python", "3.12"]) == 1
        assert words in capsys.readouterr().err
        assert not making and not (place / WHEELS).exists()


def test_the_course_is_copied_without_what_belongs_to_one_machine() -> None:
    """Everything that git knows and the lessons need; no environment, no learner's copies."""
    found = {path.as_posix() for path in pack.course_files()}
    stored = {path.relative_to(ROOT).as_posix() for edition in EDITIONS.values() for path in lessons(edition)}
    assert stored <= found
    assert {
        "course.py",
        "commands/cli.py",
        "commands/words.ko.toml",
        "constraints.txt",
        "course_utils/pocket/pocket-gpt/model.safetensors",
        "course_utils/words.ko.toml",
        "course_utils/terms.ko.toml",
        "course_lessons/lesson_05/words.ko.toml",
        "notebooks/ko/05_padding_and_masks.ipynb",
    } <= found
    assert not [path for path in found if path.split("/")[0] in {".venv", "my", ".git", "build", WHEELS}]


def test_the_start_files_try_the_newest_python_first(tmp_path: Path) -> None:
    """The file for Linux really runs, with a Python of the pack where there is one."""
    made = pack.start_files([Target("linux", "3.12"), Target("linux", "3.11")])
    assert sorted(made) == ["START HERE.txt", "start-linux.sh"]
    if not shutil.which("sh"):
        pytest.skip("no sh on this machine")
    (tmp_path / "start-linux.sh").write_text(made["start-linux.sh"])
    (tmp_path / "bin").mkdir()
    for version in ("3.11", "3.12", "3.13"):
        program = tmp_path / "bin" / f"python{version}"
        program.write_text(f'#!/bin/sh\necho "{version} $*"\n')
        program.chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["sh", str(tmp_path / "start-linux.sh"), "05"], env=env, capture_output=True, text=True)
    assert done.stdout == "3.12 course.py 05\n"


# ------------------------------------------------------------------------------------------------ installing from it


@pytest.fixture
def packed(folder: Path) -> Path:  # noqa: F811
    """A small course that is a pack and needs one package, which lies in its folder of builds."""
    (folder / "backend.py").write_text(BACKEND.replace("start + extras", 'start + extras + "Requires-Dist: tiny\\n"'))
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "constraints.txt").write_text("# none\n")
    (folder / WHEELS).mkdir()
    tiny = folder / WHEELS / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(tiny, "w") as file:
        file.writestr("tiny.py", "here = True\n")
        file.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        file.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("tiny-1.0.dist-info/RECORD", "")
    known = {tiny.name: {"size": tiny.stat().st_size, "sha256": hashlib.sha256(tiny.read_bytes()).hexdigest()}}
    content = {"targets": {pack_target(): [tiny.name]}, "files": known}
    (folder / PACK_FILE).write_text(json.dumps(content))
    return folder


def start(place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Install as the first start does; on Linux, for root, where the system has no network at all."""
    alone = ["unshare", "--net"] if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("unshare") else []
    code = INSTALL.replace(
        'packages.torch_on_offer = lambda cpu: "installed"\npackages.small_by_itself = lambda: False', ""
    )
    return subprocess.run(
        [*alone, sys.executable, "-c", code],
        cwd=place,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_it_installs_from_the_folder_and_from_nowhere_else(packed: Path) -> None:
    """Whatever index the machine has set; and it says so."""
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "http://127.0.0.1:9/more"}
    done = start(packed, **nowhere, PIP_FIND_LINKS="/nowhere", PIP_NO_INDEX="0")
    assert done.returncode == 0, done.stderr
    assert "needs no network" in done.stdout and "from its folder wheels, none from a network" in done.stdout
    assert "from this pack; no network was asked" in done.stdout
    log = (packed / "install.log").read_text(encoding="utf-8")
    assert "tiny-1.0" in log and "127.0.0.1" not in log and "http" not in log
    again = start(packed)
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda place: (place / WHEELS / "tiny-1.0-py3-none-any.whl").unlink(), "missing or damaged"),
        (lambda place: (place / WHEELS / "tiny-1.0-py3-none-any.whl").write_text("x"), "missing or damaged"),
        (
            lambda place: (place / PACK_FILE).write_text('{"targets": {"windows-3.99": []}, "files": {}}'),
            "This pack is for windows-3.99",
        ),
    ],
)
def test_a_pack_that_cannot_serve_says_why(packed: Path, spoil: Callable[[Path], None], words: str) -> None:
    """A file that did not arrive, one that arrived wrong, another system: before anything is made."""
    spoil(packed)
    done = start(packed)
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr
    assert not (packed / "install.log").exists() and not (packed / ".venv").exists()


def test_the_real_course_knows_the_folder() -> None:
    """The folder of builds is left out of git, and this course is no pack."""
    assert f"/{WHEELS}/" in (ROOT / ".gitignore").read_text(encoding="utf-8") and not (ROOT / PACK_FILE).exists()
