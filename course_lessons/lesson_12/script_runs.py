"""The script of lesson 12, started from the lesson: each run in a fresh folder, and what it left there."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lessons.lesson_12.distributed_training import checkpoints
from course_lessons.lesson_12.process_launcher import stored, torchrun, why_not

PROGRAM = ("-m", "course_lessons.lesson_12.distributed_training", "--cpu")


@dataclass(frozen=True)
class ScriptRun:
    """One run of the script.

    Attributes:
        code: its exit status; 0 is success.
        left: processes that outlived it.
        signals: the signals by which processes ended, as torchrun reports them.
        report: what the run reported at its end; empty if it did not come to that.
        files: what lies in its folder.
        checkpoint: the files of its last checkpoint; whether each is a "pickle".
        digest: of its weights; empty where no model was saved.
    """

    code: int
    left: int
    signals: list[str]
    report: dict[str, Any]
    files: list[str]
    checkpoint: dict[str, str]
    digest: str


def run_script(folder: str | Path, *options: str, copy_of: str | Path | None = None, processes: int = 2) -> ScriptRun:
    """Run the script on processes of this machine, in a folder that begins empty or as a copy of another.

    Args:
        folder: where checkpoints, model and report go; what is in it goes first.
        options: of the script, such as "--save-every", "5".
        copy_of: a folder whose checkpoint the run goes on from.
        processes: how many, 1 to 8; where only one works, the stored run of two with this name of a folder is given.
    """
    folder = Path(folder)
    if processes > 1 and why_not():
        return ScriptRun(**stored("runs", folder.name))
    shutil.rmtree(folder, ignore_errors=True)
    if copy_of is not None:
        shutil.copytree(copy_of, folder)
    ended = torchrun(*PROGRAM, "--folder", str(folder), *options, processes=processes, warm=True)
    model, report = folder / "model" / "model.safetensors", folder / "report.json"
    return ScriptRun(
        ended.code,
        ended.left,
        sorted(set(re.findall(r"Signal \d+ \((\w+)\)", ended.said))),
        json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {},
        sorted(path.name for path in folder.iterdir()) if folder.is_dir() else [],
        {path.name: _kind(path) for last in checkpoints(folder)[-1:] for path in sorted(last.iterdir())},
        hashlib.sha256(model.read_bytes()).hexdigest() if model.is_file() else "",
    )


def _kind(file: Path) -> str:
    """Whether a file holds a pickle: torch.save writes a zip file with one inside."""
    held = zipfile.ZipFile(file).namelist() if zipfile.is_zipfile(file) else []
    return "pickle" if any(name.endswith("data.pkl") for name in held) else ""
