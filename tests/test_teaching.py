"""For a teacher: the page of answers, the learner's file, the table of a class, a lesson on a projector."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from lesson_files import ROOT, cell_by_id, clean_environment, exercise_names, read

from commands import cli, copies, install, open_lab, present, section_times, teaching


def test_a_page_of_answers_has_all_there_is(lesson: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every solution, as it stands in the lesson; all that the checks say; every quiz question, and what is right."""
    assert cli.main(["answers", lesson.stem[:2]]) == 0
    page = capsys.readouterr().out
    words = teaching.words_of(lesson.stem[:2])
    names = exercise_names(read(lesson))
    assert names == teaching.exercises_of(lesson)
    for name in names:
        code = re.search(r"```python\n.*?```", cell_by_id(read(lesson), f"solution-{name}").source, flags=re.DOTALL)
        assert code and code[0] in page
        said = words["exercise"][lesson.stem[:2]][name]
        for text in [said["passed"], *said["hints"], *said.get("ideas", {}).values()]:
            assert text in page
    headings = re.findall(r"^## (.*)$", page, flags=re.MULTILINE)
    assert len(headings) == len(names) + 1 and headings[-1] == "Quiz"
    assert all(re.search(r"\bexercise\b", words, flags=re.IGNORECASE) for words in headings[:-1])
    assert page.count("**Right:**") == len(words["quiz"][lesson.stem[:2]]) == 3
    assert "<details>" not in page and "<summary>" not in page


def test_answers_asks_which_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["answers"]) == 1 and "Which lesson?" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------ progress of a class


def export(folder: Path, name: str, **settings: str | None) -> subprocess.CompletedProcess[str]:
    """Write a learner's file, with that learner's settings."""
    return subprocess.run(
        [sys.executable, "-m", "commands.export_progress", str(folder / name), "--language", "en"],
        cwd=ROOT,
        env=clean_environment(**settings),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_file_holds_the_names_of_what_was_solved_and_nothing_else(tmp_path: Path) -> None:
    """No tries, no hints, no quiz, no name, no time."""
    kept = tmp_path / "kept"
    kept.mkdir()
    done = {
        "version": 1,
        "exercises": {"05/windows": {"tries": 4, "passed": True, "hints": 2}, "01/softmax": {"tries": 1}},
        "quiz": {"05/silence": {"answers": 3, "right": True}},
    }
    (kept / "progress.json").write_text(json.dumps(done), encoding="utf-8")
    ran = export(tmp_path, "미나.json", COURSE_PROGRESS=str(kept))
    assert ran.returncode == 0, ran.stderr
    assert json.loads((tmp_path / "미나.json").read_text(encoding="utf-8")) == {"solved": ["05/windows"]}
    assert "05/windows" in ran.stdout and "softmax" not in ran.stdout
    assert json.loads((kept / "progress.json").read_text(encoding="utf-8")) == done
    (tmp_path / "other.json").write_text("{}")
    refused = export(tmp_path, "other.json", COURSE_PROGRESS=str(kept))
    assert refused.returncode == 1 and "another file" in refused.stderr
    nothing = export(tmp_path, "new.json", COURSE_PROGRESS="off")
    assert nothing.returncode == 0 and json.loads((tmp_path / "new.json").read_text()) == {"solved": []}


def test_without_a_setting_it_is_the_file_that_the_lessons_keep(tmp_path: Path) -> None:
    """A script keeps nothing by itself; the command still finds what notebooks have kept."""
    home: dict[str, str | None] = {
        "HOME": str(tmp_path),
        "USERPROFILE": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }
    home |= {"LOCALAPPDATA": str(tmp_path / "data"), "COURSE_PROGRESS": None}
    ask = "from course_utils import progress; print(progress.of_the_user())"
    environment = clean_environment(**home)
    found = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, cwd=tmp_path)
    where = Path(found.stdout.strip())
    where.mkdir(parents=True)
    record = {"version": 1, "exercises": {"02/pool": {"tries": 1, "passed": True}}, "quiz": {}}
    (where / "progress.json").write_text(json.dumps(record))
    assert export(tmp_path, "me.json", **home).returncode == 0
    assert json.loads((tmp_path / "me.json").read_text()) == {"solved": ["02/pool"]}


def test_a_class_is_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who solved how much; and, for lessons that somebody has come to, the exercises that few have solved."""
    names = teaching.every_exercise()
    first, second = (f"01/{name}" for name in names["01"][:2])
    (tmp_path / "ann.json").write_text(json.dumps({"solved": [first, second, "99/gone"]}), encoding="utf-8")
    (tmp_path / "민아.json").write_text(json.dumps({"solved": [first]}), encoding="utf-8")
    (tmp_path / "notes.json").write_text("[1, 2]", encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    assert cli.main(["class-progress", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "left out: notes.json" in said and "left out: broken.json" in said
    total = len(names["01"])
    ann, mina = (next(line for line in said.splitlines() if line.startswith(name)) for name in ("ann", "민아"))
    assert f" 2/{total} " in ann and f" 1/{total} " in mina and ann.split()[-1] == "2"
    assert teaching.columns(ann) == teaching.columns(mina)
    counts = dict(reversed(line.split()) for line in said.split("solved by, of 2\n")[1].splitlines())
    assert counts[first] == "2" and counts[second] == "1" and all(key.startswith("01/") for key in counts)
    assert len(counts) == total
    assert cli.main(["class-progress", str(tmp_path), "05"]) == 0
    assert "01/" not in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["no such folder"], ["."]])
def test_a_class_without_files_is_explained(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["class-progress", *words]) == 1
    assert re.search("Which folder|There is no f", capsys.readouterr().err)


# ------------------------------------------------------------------------------------------------ a projector


def test_presenting_changes_nothing_of_the_learners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fresh copy without outputs in a folder of its own, JupyterLab with settings of its own, one document."""
    started: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(install, "ensure_installed", lambda cpu: None)
    monkeypatch.setattr(present, "my", lambda: tmp_path / "my")
    monkeypatch.setattr(present, "start", lambda command, env: started.append((command, env)) or 0)
    monkeypatch.setattr(open_lab, "has_browser", lambda: False)
    assert cli.main(["present", "05", "--port=9191"]) == 0
    command, environment = started[0]
    assert "--LabApp.default_url=/doc/tree/my/present/05_padding_and_masks.ipynb" in command
    assert "--LabApp.custom_css=True" in command and "--port=9191" in command
    own = str(tmp_path / "my" / "present")
    assert all(environment[name].startswith(own) for name in present.jupyter_folders(present.place()))
    said = capsys.readouterr().out
    assert present.FOLD in said and present.UNFOLD in said
    copy = tmp_path / "my" / "present" / "05_padding_and_masks.ipynb"
    notebook = read(copy)
    assert not any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    assert len(list(copy.parent.glob("[0-9]*.ipynb"))) == len(list((ROOT / "notebooks").glob("[0-9]*.ipynb")))
    changed = copy.read_text(encoding="utf-8").replace("pad_rows", "my_rows")
    copy.write_text(changed, encoding="utf-8")
    assert cli.main(["present", "5"]) == 0
    said = capsys.readouterr().out
    assert len(re.findall("is kept as", said)) == 1, "only the copy that somebody wrote into"
    kept = [path for path in copy.parent.glob("05_*.2*.ipynb")]
    assert [path.read_text(encoding="utf-8") for path in kept] == [changed]
    assert copies.hashes(copy.read_bytes()) == copies.hashes(
        copies.without_outputs((ROOT / "notebooks" / copy.name).read_bytes())
    )
    assert not [path for path in (tmp_path / "my").iterdir() if path.name != "present"]


def test_the_keys_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["--help"])
    said = capsys.readouterr().out
    assert f"{present.FOLD}\n" in said and f"{present.UNFOLD} opens" in said


# ------------------------------------------------------------------------------------------------ the page


PAGE = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")


def test_the_page_for_teachers_names_cells_that_there_are(lesson: Path) -> None:
    """Two to four predictions, two misunderstandings with the cell that answers each, what to show and what to skip."""
    part = re.search(rf"^### {lesson.stem[:2]} .*?(?=^### |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert part
    links = re.findall(r"\(\.\./notebooks/([^)#]+)#cell-id=([^)]+)\)", part[0])
    assert {file for file, _ in links} == {lesson.name}
    ids = [cell.id for cell in read(lesson).cells]
    assert not [cell for _, cell in links if cell not in ids]
    collect, wrong = (
        re.search(rf"^- \*\*{name}:\*\* (.*)$", part[0], flags=re.MULTILINE)[1]
        for name in ("Collect before you run", "Misunderstood")
    )
    assert 2 <= collect.count("#cell-id=") <= 4 and wrong.count("#cell-id=") == 2
    assert "**Show:**" in part[0] and "**Skip:**" in part[0]


def test_the_minutes_are_those_of_the_rule(lesson: Path) -> None:
    """Drawn by `refresh`; here a difference of three minutes is still no other lesson."""
    row = re.search(rf"^\| {lesson.stem[:2]} [a-z ]+ \| (.*) \|$", PAGE, flags=re.MULTILINE)
    assert row
    written = {number: int(minutes) for number, minutes in re.findall(r"(\d+): \*\*(\d+)\*\*", row[1])}
    now = section_times.sections(nbformat.read(str(lesson), as_version=4).cells)
    assert list(written) == list(now), "python -m commands.section_times draws it anew"
    assert all(abs(written[number] - now[number]) <= 3 for number in now)
    assert sum(written.values()) > 30


KOREAN_PAGE = (ROOT / "docs" / "teaching.ko.md").read_text(encoding="utf-8")


def test_the_korean_page_says_the_same() -> None:
    """The same cells in the same order, in the Korean lessons, and the same minutes for each section."""
    cells = [
        re.findall(rf"\(\.\./notebooks/{folder}([^)]+)\)", page) for folder, page in (("", PAGE), ("ko/", KOREAN_PAGE))
    ]
    assert cells[0] == cells[1] and len(cells[0]) > 60
    assert "](teaching.ko.md)" in PAGE and "](teaching.md)" in KOREAN_PAGE
    assert section_times.main(["--check"]) == 0, "python -m commands.section_times draws the minutes anew"
    minutes = [re.findall(r"^\| (\d\d) .*?(1: \*\*.*) \|$", page, flags=re.MULTILINE) for page in (PAGE, KOREAN_PAGE)]
    assert minutes[0] == minutes[1] and len(minutes[0]) == 15


def test_every_command_for_a_class_is_on_the_page() -> None:
    for word in ("pack DIR", "present 05", "answers 05", "export-progress", "class-progress", "F8", "Shift F8"):
        assert word in PAGE and word in KOREAN_PAGE, word
