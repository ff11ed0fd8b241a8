"""What several tests need: where the lessons lie, how to read one, and how to run one by itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from commands.study_time import parts

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
POCKET = ROOT / "course_utils" / "pocket"
RUNNER = Path(__file__).resolve().parent / "run_lesson.py"

#: Hosts of package registries, in pieces so that this file does not hold what it looks for.
REGISTRY_HOSTS = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs"]))

#: The lessons in their order: also the ones that are still to come, so that neighbours can be named.
LESSONS = (
    "00_start_here",
    "01_behind_the_pipeline",
    "02_body_and_head",
    "03_models_and_checkpoints",
    "04_tokenizers",
    "05_padding_and_masks",
    "06_dynamic_padding",
    "07_trainer",
    "08_manual_loop",
    "09_training_checklist",
    "10_inference",
    "11_architectures_and_attention",
    "12_scaling_out",
    "13_then_and_now",
    "14_your_own_data",
)


def lesson_paths() -> list[Path]:
    """The notebooks of the course, in order, without Jupyter's checkpoint folders."""
    return sorted(path for path in NOTEBOOKS.glob("*.ipynb"))


@cache
def run_time(path: Path) -> int:
    """The seconds that a lesson says it runs, in its opening; 0 where it says nothing."""
    text = path.read_text(encoding="utf-8")
    found = re.search(r"(?:[Rr]un time[^.\n]{0,20} |실행 시간 약 )(\d+)(?: (second|minute)|(초|분))", text)
    return int(found.group(1)) * (60 if found.group(2) == "minute" or found.group(3) == "분" else 1) if found else 0


def read(path: Path) -> NotebookNode:
    """The notebook in `path`, as stored."""
    return nbformat.read(str(path), as_version=4)


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell; an empty list where it has none."""
    return list(cell.metadata.get("tags", []))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells of a notebook, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The Markdown cells of a notebook, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def cell_by_id(notebook: NotebookNode, cell_id: str) -> NotebookNode:
    """The cell with this id; a KeyError that names it where there is none."""
    for cell in notebook.cells:
        if cell.get("id") == cell_id:
            return cell
    raise KeyError(f"no cell {cell_id!r}")


def without_code(markdown: str) -> str:
    """Markdown with its fenced blocks, inline code and HTML comments taken out: what is left is prose.

    >>> without_code("Run `x!` now.\\n```python\\nf(1)\\n```\\nThen read.").split()
    ['Run', 'now.', 'Then', 'read.']
    """
    text = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def fenced_python(markdown: str) -> list[str]:
    """The fenced python blocks of a Markdown text.

    >>> fenced_python("Look:\\n\\n```python\\nx = 1\\n```\\n")
    ['x = 1\\n']
    """
    return re.findall(r"^```python[^\n]*\n(.*?)^```", markdown, flags=re.DOTALL | re.MULTILINE)


def exercise_names(notebook: NotebookNode) -> list[str]:
    """The names of the exercises of a lesson, in order."""
    return [
        cell.id.removeprefix("exercise-")
        for cell in code_cells(notebook)
        if cell.id.startswith("exercise-") or "exercise" in tags(cell)
    ]


def output_text(cell: NotebookNode) -> str:
    """Everything readable in the outputs of a cell: streams, plain text, HTML, Markdown and error texts."""
    parts: list[str] = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append(f"{output.ename}: {output.evalue}\n" + "\n".join(output.traceback))
        else:
            parts.extend(str(value) for mime, value in output.data.items() if mime.startswith("text/"))
    return "\n".join(parts)


def solved(notebook: NotebookNode) -> NotebookNode:
    """A copy in which every exercise cell holds the notebook's own solution.

    Shape of an exercise: cells `exercise-NAME`, `check-NAME` and `solution-NAME`; the first fenced python
    block of the solution replaces the exercise cell.
    """
    copy = deepcopy(notebook)
    for cell in copy.cells:
        cell_id = cell.get("id", "")
        if cell_id.startswith("exercise-") and cell.cell_type == "code":
            name = cell_id.removeprefix("exercise-")
            blocks = fenced_python(cell_by_id(copy, f"solution-{name}").source)
            cell.source = blocks[0]
    return copy


def main_path(notebook: NotebookNode) -> NotebookNode:
    """A copy without the sections whose headings say *further*; their exercises stay, with the cells of their own.

    >>> new = {True: nbformat.v4.new_markdown_cell, False: nbformat.v4.new_code_cell}
    >>> lines = ["## 1 First", "a", "### Further: more", "b", "### Exercise 2, further (about 5 minutes)", "c"]
    >>> cells = [new[line.startswith("#")](line) for line in lines]
    >>> [cell.source for cell in main_path(nbformat.v4.new_notebook(cells=cells)).cells if cell.cell_type == "code"]
    ['a', 'c']
    """
    copy = deepcopy(notebook)
    copy.cells = [part.cell for part in parts(copy.cells) if part.exercise or not part.further]
    return copy


def tracked_files() -> list[Path]:
    """Files of the project: what git knows or would add; without git, everything outside work folders."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 0:
            names = [name for name in done.stdout.decode("utf-8").split("\0") if name]
            return sorted(ROOT / name for name in set(names) if (ROOT / name).is_file())
    left_out = {".git", ".venv", "my", "build", "dist", "__pycache__", ".pytest_cache", ".ruff_cache"}
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and not left_out.intersection(path.relative_to(ROOT).parts[:-1])
        and ".egg-info" not in str(path)
        and ".ipynb_checkpoints" not in path.parts
    )


def clean_environment(**changes: str | None) -> dict[str, str]:
    """The environment for a lesson run by itself: ours, without the course's own switches, one thread.

    `changes` are set on top; None takes a variable away.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COURSE_", "HF_", "TRANSFORMERS_", "PYTEST_"))
    }
    environment.update(OMP_NUM_THREADS="1", PYTHONIOENCODING="utf-8", PYTHONPATH=str(ROOT))
    environment["COURSE_PROGRESS"] = "off"  # a learner's progress is no business of the tests
    for name, value in changes.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    return environment


LOOPBACK_ONLY = 'ip link set lo up && exec "$@"'


@cache
def network_cut_off() -> tuple[tuple[str, ...], str]:
    """The start of a command that runs without any network; where that cannot be, an empty start and the reason."""
    if not sys.platform.startswith("linux"):
        return (), "network namespaces exist on Linux only"
    if not shutil.which("unshare") or not shutil.which("ip"):
        return (), "needs the programs `unshare` (util-linux) and `ip` (iproute2)"
    for flags in ("-rn", "-n"):
        prefix = ("unshare", flags, "sh", "-c", LOOPBACK_ONLY, "sh")
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return prefix, ""
    return (), "this user may not make a network namespace here"


def run_lesson(
    notebook: NotebookNode,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    prefix: Iterable[str] = (),
    timeout: float = 600,
) -> NotebookNode:
    """Execute a notebook in a fresh kernel inside `folder`, in a process of its own; the executed copy.

    A cell that raises (without the tag `raises-exception`) is an AssertionError that names the cell and
    shows the end of its traceback. `prefix` is put before the command, for example `unshare`.
    """
    source, target = folder / "lesson.ipynb", folder / "executed.ipynb"
    nbformat.write(notebook, str(source))
    command = [*prefix, sys.executable, str(RUNNER), str(source), str(target)]
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment if environment is not None else clean_environment()),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
    said = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert done.returncode == 0, f"the lesson did not run through\n{said}"
    return read(target)
