"""The workflows: what they call is there, they need no secret, and they cover what README and pyproject.toml say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from lesson_files import ROOT

FOLDER = ROOT / ".github" / "workflows"
PATHS = sorted(FOLDER.glob("*.yml"))


def load(path: Path) -> dict[Any, Any]:
    """A workflow; YAML reads the key `on` as true."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    """Every step of every job."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_are_three() -> None:
    assert [path.name for path in PATHS] == ["newest.yml", "site.yml", "tests.yml"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_fork_can_run_it(path: Path) -> None:
    """No secret, no more rights than reading but for the job that publishes, a limit of time for what takes long."""
    text, workflow = path.read_text(encoding="utf-8"), load(path)
    assert "secrets." not in text and "github.repository_owner" not in text
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert "permissions" not in job or name == "publish"
        assert "timeout-minutes" in job or name == "publish"
    assert any("workflow_dispatch" in trigger for trigger in [workflow[True]])


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_it_calls_is_there(path: Path) -> None:
    """Files named in commands exist, commands of course.py and options of other_versions.py as well."""
    from commands.cli import COMMANDS

    called = [step["run"] for step in steps(load(path)) if "run" in step]
    assert called
    for command in called:
        for name in re.findall(r"course\.py (\w+)", command):
            assert name in {known.name for known in COMMANDS}
        for file in re.findall(r"python (\S+\.py)", command):
            assert (ROOT / file).is_file(), file
    options = re.findall(
        r"(?<= )--[a-z-]+", "\n".join(re.findall(r"other_versions\.py.*|options: .*", path.read_text()))
    )
    known = (ROOT / "tests" / "other_versions.py").read_text(encoding="utf-8")
    assert all(f'"{option}"' in known for option in options)


def test_the_systems_and_pythons_are_those_of_the_course() -> None:
    """Full on one, quick on all others; the list of Colab is the newest there is."""
    workflow = load(FOLDER / "tests.yml")
    matrix = workflow["jobs"]["quick"]["strategy"]["matrix"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = "Programming Language :: Python :: "
    assert matrix["python"] == [line.removeprefix(named) for line in project["classifiers"] if line.startswith(named)]
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "windows", "macos"}
    full = workflow["jobs"]["full"]
    once = [step["with"]["python-version"] for step in full["steps"] if "python-version" in step.get("with", {})]
    assert matrix["exclude"] == [{"os": full["runs-on"], "python": once[0]}]
    assert any("course.py test" in step.get("run", "") and "--quick" not in step["run"] for step in full["steps"])
    newest = (FOLDER / "newest.yml").read_text(encoding="utf-8")
    lists = sorted((ROOT / "tests" / "pins").glob("colab_*.txt"))
    assert f"--set tests/pins/{lists[-1].name}" in newest and "--newest" in newest and "--lowest" in newest
    assert "schedule" in load(FOLDER / "newest.yml")[True]
