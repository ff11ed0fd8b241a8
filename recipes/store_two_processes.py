"""Store what two processes give in lesson 12, for machines that start only one: run it where two work.

    .venv/bin/python recipes/store_two_processes.py

It runs the lesson in a fresh kernel and writes `course_lessons/lesson_12/two_processes.json`. A test runs the lesson as
on a machine that starts one process, and compares what is stored with what two processes gave in the stored notebook.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "course_lessons" / "lesson_12" / "two_processes.json"
STORE = f"""
import dataclasses, datetime, json, pathlib, platform, torch, transformers
torch_version, _, _ = torch.__version__.partition("+")
versions = f"{{platform.system()}}, torch {{torch_version}}, transformers {{transformers.__version__}}"
runs = {{name: dataclasses.asdict(run) for name, run in (("whole", whole), ("broken", died), ("again", resumed))}}
held = {{
    "made": f"{{versions}}, {{datetime.date.today()}}",
    "answers": {{**answers, "lonely": told_lonely, "shards": parts}},
    "runs": runs,
}}
pathlib.Path({str(TARGET)!r}).write_text(json.dumps(held, indent=1) + "\\n", encoding="utf-8")
"""


def main() -> None:
    """Run the lesson with one cell more, which stores."""
    notebook = nbformat.read(str(next((ROOT / "notebooks").glob("12_*.ipynb"))), as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(STORE.strip()))
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
