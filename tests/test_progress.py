"""The learner's progress: kept in one file, through damage, newer editions, closed folders and notebooks at once."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lesson_files import ROOT, clean_environment

from course_utils import check, hint, progress, progress_table, reset_progress, show_progress
from course_utils.exercises import keys
from course_utils.progress import Event
from course_utils.questions import question, quiz_widget

SOFTMAX = "01/softmax"
NAMES = {number: [key[3:] for key in keys() if key.startswith(number)] for number in ("00", "01", "02")}
"""The exercises of the lessons that these tests look at."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the progress file that does not exist yet; nothing was done before and nothing stays behind."""
    where = tmp_path / "kept here" / "한국어"
    monkeypatch.setenv("COURSE_PROGRESS", str(where))
    lists = (progress.events, progress._pending, progress.told, progress._said)
    for heard in lists:
        heard.clear()
    yield where
    for heard in lists:
        heard.clear()


def stored(home: Path) -> dict[str, object]:
    """What the file holds."""
    return json.loads((home / "progress.json").read_text(encoding="utf-8"))


def restart() -> None:
    """What a new kernel knows: nothing but the file."""
    progress.events.clear()


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What `show_progress` says now."""
    capsys.readouterr()
    show_progress()
    return capsys.readouterr().out


def line(shown: str, number: str) -> str:
    """The line of one lesson."""
    return next(part for part in shown.splitlines() if part.startswith(f"{number} "))


def test_checks_hints_and_quiz_answers_are_kept(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a learner does ends up in the file and in the table, after a restart too; passed stays passed."""
    check(SOFTMAX, abs)
    check(SOFTMAX, lambda scores: (scores - scores.logsumexp(-1, keepdim=True)).exp())
    check(SOFTMAX, abs)
    hint(SOFTMAX)
    check("01/padding-per-row", None)  # nothing yet: no try
    live = quiz_widget(question("01/logits"))
    live.buttons.value = "B"
    live.buttons.value = "A"
    live.buttons.value = "C"
    assert stored(home) == {
        "version": 1,
        "exercises": {SOFTMAX: {"tries": 3, "passed": True, "hints": 1}},
        "quiz": {"01/logits": {"answers": 3, "right": True}},
    }
    restart()
    shown = said(capsys)
    assert line(shown, "01") == f"01 Behind the pipeline 1 of {len(NAMES['01'])} 1 of 3"
    assert line(shown, "02").endswith(f"0 of {len(NAMES['02'])} 0 of 3")
    assert "sent nowhere" in shown and "progress.json" in shown


def test_what_comes_next(home: Path) -> None:
    """The first lesson with something open is named, with what is open in it."""
    done = progress.empty()

    def told() -> str:
        return progress_table.next_step(progress_table.overview(done))

    assert told() == "Next: lesson 00 Start here."
    progress.add(done, Event("exercise", "00/labels", True))
    still_open = [name for name in NAMES["00"] if name != "labels"]
    words, _, listed = told().rstrip(".").partition(": ")[2].rpartition(": ")
    assert words == "lesson 00 Start here, still open" and sorted(listed.split(", ")) == sorted(still_open)
    for name in still_open:
        progress.add(done, Event("exercise", f"00/{name}", True))
    assert told() == "Next: lesson 00 Start here, quiz questions still open: 3."
    for row in progress_table.overview(done):
        for name in row.open_exercises:
            progress.add(done, Event("exercise", f"{row.number}/{name}", True))
    for number, questions in progress_table.entry("quiz").items():
        for name in questions:
            progress.add(done, Event("quiz", f"{number}/{name}", True))
    assert told().startswith("Everything is done")


def test_what_the_course_no_longer_asks_is_kept_but_not_counted(home: Path) -> None:
    """An edition that drops or renames an exercise neither counts nor forgets it."""
    progress.record(Event("exercise", "01/dropped", True))
    rows = {row.number: row for row in progress_table.overview(progress.read()[0])}
    assert rows["01"].passed == 0
    progress.record(Event("exercise", SOFTMAX, True))
    assert set(stored(home)["exercises"]) == {"01/dropped", SOFTMAX}


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe broken",
        b"[1, 2]",
        b"[" * 100_000,
        b'{"exercises": {}, "quiz": {}}',
        b'{"version": 1, "exercises": [], "quiz": {}}',
        b'{"version": 1, "exercises": {"01/softmax": true}, "quiz": {}}',
        b'{"version": 1, "exercises": {"01/softmax": {"tries": "x"}}, "quiz": {}}',
        b'{"version": true, "exercises": {}, "quiz": {}}',
    ],
)
def test_a_damaged_file_is_kept_aside(damage: bytes, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged file is set aside under a free name, said once in words, and counting starts anew."""
    home.mkdir(parents=True)
    (home / "progress.damaged-1.json").write_bytes(b"an older one")
    (home / "progress.json").write_bytes(damage)
    progress.record(Event("exercise", SOFTMAX, True))
    assert (home / "progress.damaged-2.json").read_bytes() == damage
    assert (home / "progress.damaged-1.json").read_bytes() == b"an older one"
    assert stored(home)["exercises"] == {SOFTMAX: {"tries": 1, "passed": True}}
    assert "damaged-2.json" in said(capsys)
    assert "was damaged" not in said(capsys)


def test_showing_finds_damage_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where nothing is recorded in between, the words come with the table."""
    home.mkdir(parents=True)
    (home / "progress.json").write_bytes(b"half a fi")
    assert "damaged-1.json" in said(capsys)
    assert stored(home) == progress.empty()


def test_a_newer_file_is_left_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An old edition of the course does not touch what a newer one wrote, and says what to do."""
    home.mkdir(parents=True)
    newer = b'{"version": 2, "lessons": {"01": ["softmax"]}}'
    (home / "progress.json").write_bytes(newer)
    progress.record(Event("exercise", SOFTMAX, True))
    shown = said(capsys)
    assert (home / "progress.json").read_bytes() == newer
    assert "newer edition" in shown and line(shown, "01").endswith(f"1 of {len(NAMES['01'])} 0 of 3")


def test_fields_of_another_edition_survive(home: Path) -> None:
    """What this edition does not know inside the file is still there after it has written."""
    home.mkdir(parents=True)
    before = {"version": 1, "exercises": {SOFTMAX: {"tries": 1, "note": "mine"}}, "quiz": {}, "extra": [1]}
    (home / "progress.json").write_text(json.dumps(before), encoding="utf-8")
    progress.record(Event("exercise", SOFTMAX, True))
    after = stored(home)
    assert after["extra"] == [1]
    assert after["exercises"][SOFTMAX] == {"tries": 2, "note": "mine", "passed": True}


def test_a_folder_that_cannot_be_made(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing can be written the check answers as ever, and the table says why nothing is kept."""
    home.parent.mkdir(parents=True)
    home.write_text("a file is in the way")
    for answer in (lambda scores: (scores - scores.logsumexp(-1, keepdim=True)).exp(), abs):
        check(SOFTMAX, answer)
    told = capsys.readouterr().out.splitlines()
    assert [words.startswith(("Your progress cannot be kept", "Right. ", "Not yet. ")) for words in told[:3]] == [
        True
    ] * 3
    assert sum("cannot be kept" in words for words in told) == 1  # once in a kernel
    shown = said(capsys)
    assert "cannot be" in shown and line(shown, "01").endswith(f"1 of {len(NAMES['01'])} 0 of 3")
    assert "Traceback" not in shown
    reset_progress()
    assert home.read_text() == "a file is in the way"


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_may_not_be_written(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without the right to write: words, no traceback."""
    home.mkdir(parents=True)
    home.chmod(0o500)
    progress.record(Event("exercise", SOFTMAX, True))
    shown = said(capsys)
    home.chmod(0o700)
    assert "cannot be" in shown


def test_what_could_not_be_written_is_written_later(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An event that met a full disk or a closed folder is in the file as soon as writing works again."""
    home.parent.mkdir(parents=True)
    home.write_text("in the way")
    progress.record(Event("exercise", SOFTMAX, True))
    home.unlink()
    progress.record(Event("quiz", "01/logits", True))
    assert stored(home)["exercises"] == {SOFTMAX: {"tries": 1, "passed": True}}
    assert stored(home)["quiz"] == {"01/logits": {"answers": 1, "right": True}}
    restart()
    assert line(said(capsys), "01").endswith(f"1 of {len(NAMES['01'])} 1 of 3")


def test_a_failed_write_leaves_the_old_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is replaced as a whole: if the disk is full in the middle, the old one is untouched."""
    progress.record(Event("exercise", SOFTMAX, True))
    before = (home / "progress.json").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        progress.record(Event("exercise", "01/classify", True))
    assert (home / "progress.json").read_bytes() == before
    assert not list(home.glob("*.partial"))


WRITER = """
import sys
from course_utils import progress
for number in range(int(sys.argv[2])):
    progress.record(progress.Event("exercise", f"{sys.argv[1]}/{number}", True))
    progress.record(progress.Event("quiz", "01/logits", False))
"""


def test_notebooks_at_once_lose_nothing(home: Path) -> None:
    """Three kernels write at the same time: every entry of each is there, and shared ones are added up."""
    environment = clean_environment(COURSE_PROGRESS=str(home))
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, name, "40"], env=environment, cwd=ROOT)
        for name in ("01", "02", "03")
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    found = stored(home)
    assert len(found["exercises"]) == 120
    assert found["quiz"]["01/logits"]["answers"] == 120


def test_a_dead_writer_blocks_nobody(home: Path) -> None:
    """A lock file that a killed process left behind is no lock."""
    home.mkdir(parents=True)
    (home / "progress.lock").write_bytes(b"")
    progress.record(Event("exercise", SOFTMAX, True))
    assert SOFTMAX in stored(home)["exercises"]


def test_a_busy_file_is_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock held too long delays the entry; it is written with the next one."""
    monkeypatch.setattr(progress, "LOCK_PATIENCE", 0.05)
    home.mkdir(parents=True)
    with progress._locked(home):
        progress.record(Event("exercise", SOFTMAX, True))
        assert not (home / "progress.json").exists()
    progress.record(Event("exercise", "01/classify", True))
    assert set(stored(home)["exercises"]) == {SOFTMAX, "01/classify"}


def test_a_busy_file_is_not_called_closed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody else's lock passes: nothing is said to be lost, for nothing is."""
    monkeypatch.setattr(progress, "LOCK_PATIENCE", 0.05)
    home.mkdir(parents=True)
    with progress._locked(home):
        check(SOFTMAX, abs)
        assert "cannot be" not in capsys.readouterr().out
        assert "another notebook is writing" in said(capsys)
    assert "Kept in" in said(capsys) and SOFTMAX in stored(home)["exercises"]


def test_a_file_system_without_locks(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network folders know no locks; what was done is written all the same."""

    def none_here(*_: object, **__: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("filelock.FileLock.acquire", none_here)
    progress.record(Event("exercise", SOFTMAX, True))
    assert stored(home)["exercises"] == {SOFTMAX: {"tries": 1, "passed": True}}


def test_reset_forgets(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a reset the table is empty, now and after a restart; a reset before anything was done is fine."""
    reset_progress()
    progress.record(Event("exercise", SOFTMAX, True))
    reset_progress()
    assert "has been reset" in capsys.readouterr().out
    assert not (home / "progress.json").exists()
    assert line(said(capsys), "01").endswith(f"0 of {len(NAMES['01'])} 0 of 3")


def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Off keeps nothing, a named folder is taken; else a folder of the user, for notebooks only."""
    monkeypatch.setenv("COURSE_PROGRESS", " Off ")
    assert progress.folder() is None
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path))
    assert progress.folder() == tmp_path
    monkeypatch.delenv("COURSE_PROGRESS")
    assert progress.folder() is None
    for name in ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "COURSE_STRICT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert progress.folder() is None  # a script
    monkeypatch.setattr(progress, "get_ipython", object)
    assert progress.folder().is_relative_to(tmp_path)


def test_nothing_kept_is_said(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With keeping switched off the table still counts this run, and says that nothing stays."""
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    progress.record(Event("exercise", SOFTMAX, True))
    shown = said(capsys)
    assert line(shown, "01").endswith(f"1 of {len(NAMES['01'])} 0 of 3") and "Nothing is kept" in shown
    assert not home.exists()


def test_runs_by_the_tests_record_nothing() -> None:
    """Lessons that tests execute are told to keep nothing."""
    assert clean_environment()["COURSE_PROGRESS"] == "off"
    assert "COURSE_PROGRESS" in os.environ
