"""The watch over deprecated words sees what it should, and leaves alone what is none of its business."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import deprecations
import nbformat
import pytest
from lesson_files import ROOT, clean_environment, code_cells, lesson_paths, read
from nbformat.v4 import new_code_cell, new_notebook

#: A library of three words in the name of transformers, and one of another library.
LIBRARY = """\
import logging, sys
code = '''
import logging, warnings
log = logging.getLogger("transformers.models")
log.setLevel(logging.ERROR)
def warned():
    warnings.warn("`warned` is deprecated", FutureWarning, stacklevel=2)
def unseen():
    warnings.warn("`unseen` will be removed", DeprecationWarning, stacklevel=1)
def logged():
    log.warning("`%s` is deprecated", "logged")
'''
ours, others = {"__name__": "transformers.models"}, {"__name__": "matplotlib.pyplot"}
exec(code, ours)
exec(code.replace("transformers", "matplotlib"), others)
"""
PURPOSE = {"shows_deprecated": "to show it"}
CELLS = [
    ("library", LIBRARY, {}),
    ("seen", "try:\n    ours['warned']()\nexcept Exception:\n    pass", {}),
    ("unseen", "ours['unseen']()", {}),
    ("logged", "ours['logged']()", {}),
    ("purpose", "ours['warned']()", {"course": PURPOSE}),
    ("others", "others['warned'](); others['unseen'](); others['logged']()", {}),
    ("ignored", "import warnings\nwith warnings.catch_warnings(record=True):\n    ours['warned']()", {}),
]
RED = ["seen", "unseen", "logged"]


@pytest.mark.slow
def test_a_deprecated_word_fails_the_cell_that_uses_it(tmp_path: Path) -> None:
    """Warnings and lines of a log that is kept quiet are seen, also where no output is compared."""
    cells = [
        new_code_cell(source, id=name, execution_count=1, metadata={"tags": ["nbval-ignore-output"], **more})
        for name, source, more in CELLS
    ]
    nbformat.write(new_notebook(cells=cells), str(tmp_path / "lesson.ipynb"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "deprecations", "-q"]
    command += ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=60", "lesson.ipynb"]
    environment = clean_environment(PYTHONPATH=str(ROOT / "tests"), IPYTHONDIR=None)
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    failed = [CELLS[int(number)][0] for number in re.findall(r"^FAILED .*Cell (\d+)", done.stdout, flags=re.MULTILINE)]
    assert failed == RED, done.stdout + done.stderr
    for words in ("FutureWarning: `warned` is", "DeprecationWarning: `unseen` will", "log: `logged` is deprecated"):
        assert f"transformers, {words}" in done.stdout


def test_lessons_are_watched() -> None:
    """The plugin is there in every run of the tests, so that kernels of this process take its start-up file."""
    startup = Path(os.environ["IPYTHONDIR"]) / "profile_default" / "startup" / "01-deprecations.py"
    assert startup.is_file() and deprecations.__file__ in startup.read_text(encoding="utf-8")


def test_cells_that_show_a_deprecated_word_say_why() -> None:
    """Few do, each with a sentence."""
    reasons = [
        cell.metadata["course"]["shows_deprecated"]
        for path in lesson_paths()
        for cell in code_cells(read(path))
        if "shows_deprecated" in cell.metadata.get("course", {})
    ]
    assert len(reasons) <= 5 and all(len(reason.split()) >= 5 for reason in reasons)
