"""Run one notebook from a fresh kernel of this Python: `python run_lesson.py NOTEBOOK EXECUTED`.

A program of its own, so that a test can start it in another environment or behind `unshare`. The kernel is
started from this interpreter, never from a kernel specification that happens to lie on the machine.
Exit status 0: every cell ran; 1: a cell raised, which is then named with the end of its traceback.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError


class ThisPython(AsyncKernelManager):
    """Starts kernels of the interpreter that runs this program."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """A specification that names this interpreter."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="This Python", language="python")


def main(source: Path, target: Path, cell_timeout: int = 120) -> int:
    """Execute `source` in its own folder and write `target`; the exit status."""
    notebook = nbformat.read(str(source), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=cell_timeout,
        kernel_manager_class=ThisPython,
        resources={"metadata": {"path": str(source.resolve().parent)}},
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
        last = next((cell for cell in reversed(notebook.cells) if cell.get("outputs")), None)
        print(f"cell {last.get('id') if last else '(none)'} failed")
        print(re.sub(r"\x1b\[[0-9;]*m", "", str(problem))[-2500:])
        return 1
    finally:
        nbformat.write(notebook, str(target))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
