"""What `checkpoint` answers in pocket mode, and how it says no."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from course_utils import CourseError, checkpoint, hub_mode
from course_utils.checkpoints import CHECKPOINTS, find, mode, pocket_folder

SST2 = "distilbert-base-uncased-finetuned-sst-2-english"


@pytest.mark.parametrize("name", [SST2, f"distilbert/{SST2}", f"  {SST2} "])
def test_stand_in(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Short and full name give the same folder; the one printed line names both, and no path of the machine."""
    folder = Path(checkpoint(name))
    assert folder.name == "pocket-bert-uncased-sst2" and (folder / "model.safetensors").is_file()
    said = capsys.readouterr().out
    assert said == f"Loading pocket-bert-uncased-sst2, small stand-in for distilbert/{SST2}\n"


@pytest.mark.parametrize("name", ["bert-base-uncasd", "", "no/such", "😀" * 500, "../../etc", "\x00"])
def test_unknown_id(name: str) -> None:
    """An unknown id names itself, the nearest known ones, and what to do with one's own checkpoint."""
    with pytest.raises(CourseError, match="does not know the checkpoint") as caught:
        checkpoint(name)
    assert "Nearest: " in str(caught.value) and "from_pretrained" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_nearest_id_is_the_likely_one() -> None:
    """A slip of the keyboard is answered with the right spelling first."""
    with pytest.raises(CourseError, match="Nearest: bert-base-uncased"):
        find("bert-base-uncasd")


@pytest.mark.parametrize("name", [None, 7, float("nan"), ["bert-base-uncased"], b"bert"])
def test_not_a_name(name: object) -> None:
    """Anything but text is answered in words."""
    with pytest.raises(CourseError, match="takes the name of a checkpoint as text"):
        checkpoint(name)  # type: ignore[arg-type]


def test_no_stand_in_says_how_to_ask_the_hub() -> None:
    """A checkpoint without stand-in says that the Hub is needed and which switch to set."""
    with pytest.raises(CourseError, match="COURSE_CHECKPOINTS=hub"):
        checkpoint("facebook/bart-large-mnli")


@pytest.mark.parametrize("given", ["", "  ", "pocket", " POCKET "])
def test_pocket_is_the_default(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """Unset, empty or written in capitals: the pocket mode needs no care."""
    monkeypatch.setenv("COURSE_CHECKPOINTS", given)
    assert mode() == "pocket"


def test_unknown_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt mode is never taken for another one."""
    monkeypatch.setenv("COURSE_CHECKPOINTS", "hubb")
    for ask in (mode, hub_mode, lambda: checkpoint(SST2)):
        with pytest.raises(CourseError, match='Use "pocket"'):
            ask()


def test_each_name_means_one_checkpoint() -> None:
    """No two checkpoints share a name, every full name has an owner, and the stand-ins that exist have folders."""
    names = [name for known in CHECKPOINTS for name in (known.hub_id, *known.short_names)]
    assert len(set(names)) == len(names)
    assert all(known.hub_id.count("/") == 1 for known in CHECKPOINTS)
    assert any(known.pocket and pocket_folder(known.pocket) for known in CHECKPOINTS)


def test_error_is_shown_without_traceback() -> None:
    """In Jupyter a CourseError is its message, not forty lines of code."""
    try:
        checkpoint("no/such")
    except CourseError as error:
        shown = error._render_traceback_()
    assert len(shown) == 1 and shown[0].startswith("CourseError: ")


def test_import_is_light() -> None:
    """`import course_utils` loads neither torch nor transformers, so `setup` acts before they read settings."""
    code = "import sys, course_utils; print({'torch', 'transformers', 'datasets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
