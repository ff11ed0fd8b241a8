"""Settings that every test shares.

A test never sees the switches of the shell it was started from: lessons run on pocket checkpoints, offline,
with one thread. Kernels that nbval starts inherit this.
"""

from __future__ import annotations

import os
import tempfile

import pytest
from lesson_files import LESSONS, lesson_paths

for name in [name for name in os.environ if name.startswith("COURSE_")]:
    del os.environ[name]
_progress = tempfile.TemporaryDirectory(prefix="course-progress-", ignore_cleanup_errors=True)
os.environ["COURSE_PROGRESS"] = _progress.name  # never the learner's own
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("PYTHONIOENCODING", "utf-8")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `lesson` runs once for each notebook, under the notebook's stem."""
    if "lesson" in metafunc.fixturenames:
        paths = lesson_paths()
        metafunc.parametrize("lesson", paths, ids=[path.stem for path in paths])


@pytest.fixture(scope="session")
def lesson_names() -> tuple[str, ...]:
    """The stems of all lessons, those to come included."""
    return LESSONS
