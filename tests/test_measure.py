"""commands/measure.py: every part on a very small scale, what is kept when stopped, and what goes into the course."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

from commands import lessons as lessons_room
from commands import measure as measure_room
from course_utils import setup

NOW = {"date": "2026-01-02", "machine": "a machine", "versions": {"python": "3.11"}, "basis": "x", "quick": False}


@pytest.fixture
def measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """commands/measure.py, with its files in a folder of the test."""
    for name in ("KEPT", "TRIAL", "STORED", "README"):
        monkeypatch.setattr(measure_room, name, tmp_path / f"{name.lower()}.json")
    (tmp_path / "readme.json").write_text("# Hello\n\n<!-- measured -->\nold\n<!-- /measured -->\n\nEnd\n")
    for room in (measure_room, lessons_room):
        monkeypatch.setattr(room, "ROOT", tmp_path)
    setup()
    return measure_room


def fake(measure: ModuleType, monkeypatch: pytest.MonkeyPatch, **parts: Callable[..., dict[str, Any]]) -> None:
    """Put parts of the test in place of the real ones."""
    made = {
        name: measure.Measurement("about it", function, lambda scale: [], lambda figures: f"figures: {figures}")
        for name, function in parts.items()
    }
    monkeypatch.setattr(measure, "MEASUREMENTS", made)


def collect(measure: ModuleType, part: str, kept: dict[str, Any] | None = None) -> tuple[dict[str, Any], list[str]]:
    """The figures of a part on the smallest scale, and what it said on the way."""
    said: list[str] = []
    figures = measure.MEASUREMENTS[part].measure(measure.QUICK, kept or {}, lambda so_far: None, said.append)
    json.dumps(figures)
    assert said
    return figures, said


@pytest.mark.parametrize("part", list(measure_room.MEASUREMENTS))
def test_the_files_that_figures_hang_on_are_there(part: str) -> None:
    """A file that moved would hang as missing for ever: figures would stay although what they came from has changed."""
    files = list(measure_room.MEASUREMENTS[part].basis(measure_room.FULL))
    assert files and not [path for path in files if not path.is_file()]


# --------------------------------------------------------------------------------------------------- the parts


def test_padding_reproduces_the_figures_of_the_course(measure: ModuleType) -> None:
    """The shares are those that the lessons quote."""
    figures, _ = collect(measure, "padding")
    shares = figures["shares"]["32"]
    assert (round(shares["max_length"], 2), round(shares["longest"], 2)) == (0.42, 0.67)
    assert min(shares["grouped"], shares["token_budget"]) > 0.95
    words = measure.MEASUREMENTS["padding"].table(figures)
    assert "| 32 | 0.42 | 0.67 |" in words and "4,076" in words


@pytest.mark.slow
def test_loop_and_trainer_arrive_at_the_same_weights(measure: ModuleType) -> None:
    """What is timed is the same training, to the last bit: otherwise the ratio would mean nothing."""
    figures, said = collect(measure, "loop")
    assert figures["largest_difference"] == 0
    assert figures["lowest"] <= figures["ratio"] <= figures["highest"] and figures["seconds"]["loop"] > 0
    assert len(said) == measure.QUICK.pairs
    assert "0 (equal to the last bit)" in measure.MEASUREMENTS["loop"].table(figures)
    figures["largest_difference"] = 3e-7
    assert "3.0e-07" in measure.MEASUREMENTS["loop"].table(figures)


@pytest.mark.slow
def test_pocket_is_faster_than_distilbert(measure: ModuleType) -> None:
    """Both are timed, at both batch sizes."""
    figures, _ = collect(measure, "pocket")
    for speed in figures["speed"].values():
        assert speed["pocket"] > speed["distilbert"] > 0 and speed["ratio"] > 1
    assert "| 32 |" in measure.MEASUREMENTS["pocket"].table(figures)


@pytest.mark.slow
def test_curves_go_on_where_they_were(measure: ModuleType) -> None:
    """A run that is there is not made again, and each new one is saved at once."""
    there = {"language": "en", "examples": 4, "pretrained": True, "seed": 0, "accuracy": 0.123}
    saved: list[dict[str, Any]] = []
    said: list[str] = []
    figures = measure.measure_curves(measure.QUICK, {"points": [there]}, saved.append, said.append)
    assert there in figures["points"] and len(figures["points"]) == 2 and len(saved) == 1
    assert not [point for point in figures["points"] if point["pretrained"]][1:]
    assert "1 of 2 runs are there already" in said[0] and "run 2 of 2" in said[1]
    words = measure.MEASUREMENTS["curves"].table(figures)
    assert "| English, pretrained weights | 0.12 (0.12 to 0.12) |" in words and "Korean" not in words


@pytest.mark.slow
def test_controls_go_on_where_they_were(measure: ModuleType) -> None:
    """Word counts and longer trainings see the sizes and seeds of the curves; what is there is not made again."""
    there = {"language": "en", "examples": 4, "way": "words", "seed": 0, "accuracy": 0.123, "steps": 0}
    saved: list[dict[str, Any]] = []
    said: list[str] = []
    figures = measure.measure_controls(measure.QUICK, {"controls": [there]}, saved.append, said.append)
    assert there in figures["controls"] and len(figures["controls"]) == 2 and len(saved) == 1
    (longer,) = [each for each in figures["controls"] if each["way"] == "longer"]
    assert longer["steps"] == 1 and "1 of 2 runs are there already" in said[0] and "after 1 steps" in said[1]
    words = measure.MEASUREMENTS["controls"].table(figures)
    assert (
        "| English, word counts, logistic regression, 1 seeds | 0.12 (0.12 to 0.12) |" in words
        and "1 to 1 steps" in words
    )


def test_lessons_are_timed_and_a_broken_one_is_named(measure: ModuleType) -> None:
    """Each notebook runs from a fresh kernel in a folder of its own; one that fails is not timed."""
    folder = measure.ROOT / "notebooks"
    folder.mkdir()
    for stem, source in (("01_good", "open('left.txt', 'w').close()"), ("02_bad", "1 / 0")):
        cell = nbformat.v4.new_code_cell(source, id="only")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), str(folder / f"{stem}.ipynb"))
    figures, said = collect(measure, "lessons")
    assert list(figures["seconds"]) == ["01_good"] and figures["seconds"]["01_good"] > 0
    assert "| 01 good |" in measure.MEASUREMENTS["lessons"].table(figures)
    assert sorted(path.name for path in folder.iterdir()) == ["01_good.ipynb", "02_bad.ipynb"]

    saved: list[dict[str, Any]] = []
    with pytest.raises(measure.Unmeasured, match="02_bad .*ZeroDivisionError"):
        measure.measure_lessons(measure.FULL, {"seconds": {"01_good": 5.0}}, saved.append, said.append)
    assert "01_good: there already" in said and not saved


# ------------------------------------------------------------------------------------------- what is kept, and when


def test_what_is_there_is_not_measured_again(
    measure: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second call measures nothing, unless it is asked to or something has changed."""
    calls: list[int] = []
    fake(measure, monkeypatch, one=lambda scale, kept, save, progress: calls.append(1) or {"n": len(calls)})
    for _ in range(2):
        assert measure.main(["one"]) == 0
    assert calls == [1] and "figures: {'n': 1}" in capsys.readouterr().out
    measure.main(["one", "--again"])
    assert calls == [1, 1]
    monkeypatch.setattr(measure, "versions", lambda: {"torch": "another"})
    measure.main(["one"])
    assert calls == [1, 1, 1], "another version of a package: measured anew"


def test_a_stopped_part_goes_on_and_finished_ones_are_kept(
    measure: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C loses nothing that was measured."""
    seen: list[dict[str, Any]] = []

    def long(scale: object, kept: dict[str, Any], save: Callable[..., None], progress: object) -> dict[str, Any]:
        seen.append(dict(kept))
        if not kept:
            save({"half": True})
            raise KeyboardInterrupt
        return {"whole": True}

    fake(measure, monkeypatch, short=lambda *given: {"done": True}, long=long)
    with pytest.raises(SystemExit) as stopped:
        measure.main([])
    assert stopped.value.code == 130 and "the next call goes on" in capsys.readouterr().out
    kept = json.loads(measure.KEPT.read_text())
    assert kept["short"]["complete"] and not kept["long"]["complete"]
    assert measure.main([]) == 0
    assert seen == [{}, {"half": True}] and json.loads(measure.KEPT.read_text())["long"]["figures"] == {"whole": True}


def test_more_seeds_go_on_from_fewer(measure: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished part is taken up again when more is asked for, and what was measured is not measured again."""
    seen: list[dict[str, Any]] = []
    fake(measure, monkeypatch, one=lambda scale, kept, *more: seen.append(dict(kept)) or {"seeds": list(scale.seeds)})
    monkeypatch.setattr(measure, "FULL", measure.Scale(seeds=(0, 1, 2)))
    measure.main(["one"])
    monkeypatch.setattr(measure, "FULL", measure.Scale(seeds=(0, 1, 2, 3, 4, 5)))
    measure.main(["one"])
    measure.main(["one"])
    assert seen == [{}, {"seeds": [0, 1, 2]}], "begun with what there was, and then left alone"
    monkeypatch.setattr(measure, "FULL", measure.Scale(steps=7))
    measure.main(["one"])
    assert seen[-1] == {}, "longer trainings are other trainings"


def test_two_calls_at_a_time_keep_each_others_parts(measure: ModuleType) -> None:
    """Two parts measured in two windows end up in the same file."""
    one, other = measure.Keeper.read(measure.KEPT), measure.Keeper.read(measure.KEPT)
    one.keep("padding", "x", False, {"a": 1}, complete=True)
    other.keep("pocket", "x", False, {"b": 1}, complete=True)
    one.keep("curves", "x", False, {"c": 1}, complete=False)
    assert set(json.loads(measure.KEPT.read_text())) == {"padding", "pocket", "curves"}


def test_a_part_that_fails_does_not_stop_the_others(
    measure: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What goes wrong is said at the end, and the exit status tells."""

    def broken(*given: object) -> dict[str, Any]:
        raise OSError("no weights here")

    fake(measure, monkeypatch, broken=broken, good=lambda *given: {"fine": 1})
    assert measure.main([]) == 1
    heard = capsys.readouterr()
    assert "figures: {'fine': 1}" in heard.out and "broken: OSError: no weights here" in heard.err


def test_unreadable_file_is_an_empty_one(measure: ModuleType) -> None:
    """A file that was cut off does not stop the command."""
    measure.KEPT.write_text("{ broken")
    assert measure.Keeper.read(measure.KEPT).entries == {}
    measure.KEPT.write_text("[]")
    assert measure.Keeper.read(measure.KEPT).entries == {}


def test_a_trial_is_kept_apart_and_marked(
    measure: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--quick never touches real figures and is never stored."""
    fake(measure, monkeypatch, one=lambda scale, *given: {"pairs": scale.pairs})
    measure.main(["one"])
    before = measure.KEPT.read_bytes()
    assert measure.main(["one", "--quick", "--store"]) == 1
    heard = capsys.readouterr()
    assert "too small to be quoted" in heard.out and "never stored" in heard.err
    assert measure.KEPT.read_bytes() == before and not measure.STORED.exists()


def test_an_unknown_part_is_explained(measure: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt part is answered with those there are."""
    with pytest.raises(SystemExit) as ended:
        measure.main(["curve"])
    assert ended.value.code == 2
    assert "choose from padding, loop, pocket, curves, controls, lessons" in capsys.readouterr().err


def test_show_measures_nothing(
    measure: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--show prints what is there, also where there is nothing."""
    fake(measure, monkeypatch, one=lambda *given: pytest.fail("measured"))
    assert measure.main(["--show"]) == 0
    assert "Nothing has been measured yet" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------- into the course


def test_store_writes_the_file_and_the_readme(measure: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished parts go into the course with date and machine; parts stored before and not measured now stay."""
    fake(measure, monkeypatch, old=lambda *given: {"old": 1}, new=lambda *given: {"new": 1}, half=lambda *given: {})
    measure.write_json(measure.STORED, {"old": {**NOW, "complete": True, "figures": {"kept": 1}}})
    keeper = measure.Keeper(measure.KEPT)
    keeper.keep("new", "x", False, {"new": 1}, complete=True)
    keeper.keep("half", "x", False, {}, complete=False)
    measure.store(keeper, measure.STORED, measure.README)
    stored = json.loads(measure.STORED.read_text())
    assert list(stored) == ["old", "new"] and "quick" not in stored["new"]
    assert {"date", "machine", "versions", "figures"} <= set(stored["new"])
    text = measure.README.read_text()
    assert text.startswith("# Hello\n\n<!-- measured -->\n\n**old**, measured on 2026-01-02: a machine")
    assert text.endswith("<!-- /measured -->\n\nEnd\n") and "figures: {'new': 1}" in text and "\nold\n" not in text
    again = measure.README.read_bytes()
    measure.store(keeper, measure.STORED, measure.README)
    assert measure.README.read_bytes() == again, "the same figures give the same file"


def test_one_date_and_machine_stand_once(measure: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all parts were measured alike, that is said once."""
    fake(measure, monkeypatch, a=lambda *given: {}, b=lambda *given: {})
    entries = {part: {**NOW, "complete": True, "figures": {}} for part in "ab"}
    assert measure.report(entries).count("2026-01-02") == 1
    entries["b"]["date"] = "2026-01-03"
    assert measure.report(entries).count("measured on 2026-01-0") == 2


@pytest.mark.parametrize("text", ["no markers", "<!-- /measured --> <!-- measured -->", "<!-- measured -->" * 2])
def test_a_readme_without_a_place_is_left_alone(
    measure: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Nothing is stored by half: without markers neither file is written."""
    fake(measure, monkeypatch, one=lambda *given: {"fine": 1})
    measure.README.write_text(text)
    assert measure.main(["one", "--store"]) == 1
    assert "<!-- measured -->" in capsys.readouterr().err
    assert measure.README.read_text() == text and not measure.STORED.exists()


def test_what_is_stored_can_be_read_by_lessons() -> None:
    """The stored table has date, machine, versions and figures for each part, and the curves the lesson draws."""
    from course_lessons.lesson_07.learning_curves import means, stored_controls, stored_points
    from course_lessons.lesson_07.measurements import measured
    from course_utils.messages import CourseError

    assert {"date", "machine", "versions", "figures"} <= set(measured("curves"))
    average = means(stored_points("en"))
    assert {size for size, _ in average} == set(measure_room.FULL.sizes)
    for size in measure_room.FULL.sizes:
        assert average[size, True] > average[size, False] + 0.05, size
    controls = stored_controls("en")
    assert {(each.examples, each.seed) for each in controls if each.way == "longer"} == {
        (size, seed) for size in measure_room.FULL.sizes for seed in measure_room.FULL.longer_seeds
    }
    assert all(0 < each.steps < measure_room.FULL.most for each in controls if each.way == "longer")
    with pytest.raises(CourseError, match="curve"):
        measured("nonsense")
