"""What gets installed: pyproject.toml, constraints.txt, environment.yml and course.py agree, and the pins resolve."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from commands.install import NEWEST_TRIED, too_new
from commands.packages import EXTRAS
from commands.words import table
from course_lessons.lesson_13.constructs import TESTED_WITH

ROOT = Path(__file__).resolve().parent.parent
PROJECT_TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PROJECT_TEXT)["project"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {
    "linux": {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux", "platform_machine": "x86_64"},
    "macos": {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin", "platform_machine": "arm64"},
    "windows": {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows", "platform_machine": "AMD64"},
}
UV_PLATFORMS = {"linux": "x86_64-manylinux_2_28", "macos": "aarch64-apple-darwin", "windows": "x86_64-pc-windows-msvc"}
OLDEST_MACOS = "14.0"  # of the pinned PyTorch, on Apple silicon

#: What Google Colab ships (its list of packages of 2026-08-19): the course must not replace any of it.
COLAB = {
    "accelerate": "1.14.0",
    "datasets": "4.0.0",
    "filelock": "3.10.0",  # at least: huggingface-hub, which transformers brings there, asks for it
    "ipython": "7.34.0",
    "ipywidgets": "7.7.1",
    "matplotlib": "3.10.0",
    "numpy": "2.1.3",
    "psutil": "5.9.5",
    "scikit-learn": "1.6.1",
    "torch": "2.11.0",
    "transformers": "5.15.0",
}

#: How uv says that it could not ask anybody, as opposed to having found a contradiction.
UNREACHABLE = re.compile(
    r"error sending request|Failed to fetch|dns error|Could not connect|Connection refused|timed out|Network", re.I
)


def direct_requirements() -> list[Requirement]:
    """Everything pyproject.toml asks for, extras included."""
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in [*PROJECT["dependencies"], *extras]]


def pins(python: str, system: str) -> dict[str, list[str]]:
    """The versions that constraints.txt gives for each package on one Python and system."""
    environment = {"python_version": python, "python_full_version": f"{python}.9", "implementation_name": "cpython"}
    environment |= {"platform_python_implementation": "CPython"} | SYSTEMS[system]
    found: dict[str, list[str]] = {}
    for line in pin_lines():
        requirement, _, marker = line.partition(" ; ")
        if not marker or Marker(marker).evaluate(environment):
            name, _, version = requirement.partition("==")
            found.setdefault(canonicalize_name(name), []).append(version)
    return found


def pin_lines() -> list[str]:
    """The lines of constraints.txt that are not comments."""
    return [line for line in CONSTRAINTS.splitlines() if line and not line.startswith("#")]


def test_every_pin_is_one_exact_version_without_an_address() -> None:
    assert len(pin_lines()) > 100
    for line in pin_lines():
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==\d[A-Za-z0-9.!]*( ; .+)?", line), line
    assert "+" not in CONSTRAINTS, "a local build such as +cpu is not on any public index"
    assert "://" not in CONSTRAINTS and "@" not in CONSTRAINTS, "no addresses among the pins"


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_direct_dependency_has_one_pin_that_meets_its_bound(python: str, system: str) -> None:
    found = pins(python, system)
    doubled = {name: versions for name, versions in found.items() if len(versions) > 1}
    assert not doubled, f"two pins at once on Python {python}, {system}: {doubled}"
    for requirement in direct_requirements():
        versions = found.get(canonicalize_name(requirement.name))
        assert versions, f"{requirement.name} has no pin on Python {python}, {system}"
        assert requirement.specifier.contains(versions[0]), f"{requirement} is pinned to {versions[0]}"


def test_what_is_installed_here_is_what_is_pinned() -> None:
    """Reads versions only; a local label such as +cpu does not count."""
    from importlib.metadata import PackageNotFoundError, version

    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}.get(sys.platform)
    if python not in PYTHONS or system is None:
        pytest.skip(f"the pins are not meant for Python {python} on {sys.platform}")
    found = pins(python, system)
    for requirement in direct_requirements():
        try:
            installed = Version(version(requirement.name)).public
        except PackageNotFoundError:
            pytest.fail(f"{requirement.name} is not installed here")
        assert Version(installed) == Version(found[canonicalize_name(requirement.name)][0]), requirement.name


def test_every_dependency_says_why_it_is_there() -> None:
    for requirement in direct_requirements():
        line = next(line for line in PROJECT_TEXT.splitlines() if line.strip().startswith(f'"{requirement}"'))
        assert re.search(r",\s+# \S.{8,}", line), f"no reason beside {requirement}"


def test_bounds_are_lower_bounds_only() -> None:
    for requirement in direct_requirements():
        assert [part.operator for part in requirement.specifier] == [">="], str(requirement)
    assert PROJECT["requires-python"] == ">=3.11"


def test_every_place_names_the_same_pythons() -> None:
    """The classifiers, the head of the pins, README and the comment of environment.yml."""
    named = "Programming Language :: Python :: "
    assert [line.removeprefix(named) for line in PROJECT["classifiers"] if line.startswith(named)] == list(PYTHONS)
    span = f"{PYTHONS[0]} to {PYTHONS[-1]}"
    assert "{}.{}".format(*NEWEST_TRIED) == PYTHONS[-1]
    assert span in too_new((4, 0)) and span in table("en")["packages"]["remedies"]["no_build"]
    assert span.replace(" to ", "~") in table("ko")["packages"]["remedies"]["no_build"]
    for name in ("constraints.txt", "README.md", "CONTRIBUTING.md", "environment.yml"):
        assert span in (ROOT / name).read_text(encoding="utf-8"), f"{name} does not say {span}"


def test_the_lesson_on_old_code_states_the_pinned_versions() -> None:
    found = pins(PYTHONS[0], "linux")
    assert {name: found[name][0] for name in TESTED_WITH} == TESTED_WITH


def test_colab_meets_every_bound() -> None:
    """Colab's own packages stay as they are; only a font package, which it does not have, is added."""
    for line in PROJECT["dependencies"]:
        requirement = Requirement(line)
        if requirement.name == "koreanize-matplotlib":
            continue
        assert requirement.specifier.contains(COLAB[requirement.name]), f"Colab would have to change {requirement.name}"


def test_environment_yml_agrees_with_pyproject() -> None:
    conda = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
    (block,) = [entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict)]
    python = next(entry for entry in conda if entry.startswith("python=")).removeprefix("python=")
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(f"{python}.0")
    assert python in PYTHONS
    assert {re.split(r"[=<>]", entry)[0] for entry in conda} == {"python", "pip"}, "all packages come from pip's block"
    assert sorted(block) == sorted(["-c constraints.txt", f"-e .[{','.join(PROJECT['optional-dependencies'])}]"])
    assert set(EXTRAS.split(",")) == set(PROJECT["optional-dependencies"]), "course.py installs the same extras"


def test_lab_settings_are_settings_that_lab_has() -> None:
    share = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas"
    if not share.is_dir():
        pytest.skip("JupyterLab is installed elsewhere than in this environment")
    text = (ROOT / "jupyter" / "labconfig" / "default_setting_overrides.json").read_text(encoding="utf-8")
    for plugin, settings in json.loads(text).items():
        package, _, name = plugin.partition(":")
        schema = json.loads((share / package / f"{name}.json").read_text(encoding="utf-8"))
        assert set(settings) <= set(schema["properties"]), plugin


def test_learners_files_and_installations_stay_out_of_git() -> None:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    for path in ("my/01_behind_the_pipeline.ipynb", ".venv/pyvenv.cfg", "install.log", "uv.lock"):
        done = subprocess.run(["git", "-C", str(ROOT), "check-ignore", "-q", "--no-index", path], check=False)
        assert done.returncode == 0, f"git would take {path}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("python", "system"),
    [(python, "linux") for python in PYTHONS]
    + [("3.11", "windows"), ("3.14", "windows"), ("3.13", "macos"), ("3.14", "macos")],
)
def test_the_pins_resolve(python: str, system: str, tmp_path: Path) -> None:
    """A resolver finds a ready-made build of every pinned package. Needs the network, as the installation does."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        pytest.skip("uv is not installed")
    command = [uv, "pip", "compile", "pyproject.toml", "--constraint", "constraints.txt", "--no-config"]
    command += ["--python", sys.executable, "--python-version", f"{python}.9"]
    command += ["--python-platform", UV_PLATFORMS[system], "--only-binary", ":all:"]
    command += ["--no-header", "--no-annotate", "--output-file", str(tmp_path / "resolved.txt"), "--quiet"]
    command += [f"--extra={extra}" for extra in PROJECT["optional-dependencies"]]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    environment |= {"UV_HTTP_TIMEOUT": "20", "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS}
    if "SSL_CERT_FILE" not in environment and os.environ.get("PIP_CERT"):
        environment["SSL_CERT_FILE"] = os.environ["PIP_CERT"]
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("no package index answered in time")
    if done.returncode != 0 and UNREACHABLE.search(done.stderr):
        pytest.skip("no package index can be reached from here")
    assert done.returncode == 0, done.stderr[-2000:]
    resolved = (tmp_path / "resolved.txt").read_text(encoding="utf-8").splitlines()
    expected = pins(python, system)
    assert len(resolved) > 100
    for line in resolved:
        name, _, version = line.partition("==")
        assert expected.get(canonicalize_name(name)) == [version], f"{line} is not what constraints.txt says"
