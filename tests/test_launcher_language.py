"""The launcher in two languages: which edition a call means, what is remembered, and the tables of its words."""

from __future__ import annotations

import ast
import ctypes
import re
import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from lesson_files import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_commands import BEFORE_THE_INSTALLATION, ROOMS, Rooms, call, course, folder, installed  # noqa: F401
from test_messages import leaves, placeholders
from test_terms import PARTICLE, refused_in

from commands.words import table

FOR_AUTHORS = {"colab", "publish", "relay"}
SPEAKING = sorted(BEFORE_THE_INSTALLATION - FOR_AUTHORS | {"export_progress"})
ENGLISH, KOREAN = (dict(leaves(table(language))) for language in ("en", "ko"))
KEY = r"[a-z_]+(?:\.[a-z0-9_-]+)+"


@pytest.fixture
def korean(installed: Rooms) -> Rooms:  # noqa: F811
    """The small course with a Korean edition of its two lessons."""
    place = installed.ROOT / "notebooks" / "ko"
    place.mkdir()
    for stem, title in (("01_behind_the_pipeline", "파이프라인"), ("05_padding_and_masks", "패딩과 마스크")):
        links = "[용어집](../../docs/glossary.ko.md), [다음](05_padding_and_masks.ipynb)"
        cells = [new_markdown_cell(f"# {stem[:2]} {title}\n\n{links}", id="title"), new_code_cell("2 + 2", id="sum")]
        cells += [new_markdown_cell("### 연습 문제 1: 합 (약 5분)", id="exercise-sum-text")]
        cells += [new_code_cell("...", id="exercise-sum")]
        cells += [new_markdown_cell("<details><summary>풀이</summary>\n\n4\n\n</details>", id="solution-sum")]
        nbformat.write(new_notebook(cells=cells), str(place / f"{stem}.ipynb"))
    (installed.ROOT / "docs").mkdir()
    (installed.ROOT / "docs" / "glossary.ko.md").write_text("# 용어집\n", encoding="utf-8")
    return installed


def page_of(korean: Rooms) -> str:
    """The page at which JupyterLab was started last."""
    command, _ = korean.started[-1]
    return next(word for word in command if word.startswith("--LabApp.default_url=")).partition("=")[2]


# ------------------------------------------------------------------------------------------------- the edition


@pytest.mark.parametrize("words", [["--language", "ko", "05"], ["05", "--language=ko"], ["--language", "KO", "5"]])
def test_the_korean_edition_is_opened_and_remembered(
    korean: Rooms, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """On a copy in my/ko; the options are course.py's own; English comes back by a word and is remembered, too."""
    assert korean.main([*words, "--port=9123"]) == 0
    assert page_of(korean) == "/lab/tree/my/ko/05_padding_and_masks.ipynb"
    command, environment = korean.started[-1]
    assert command[-1] == "--port=9123" and not any("language" in word for word in command)
    assert "COURSE_LANGUAGE" not in environment, "a lesson says itself which language it is in"
    assert "JupyterLab에서" in capsys.readouterr().out
    assert korean.main([]) == 0
    assert page_of(korean) == "/lab/tree/my/ko/01_behind_the_pipeline.ipynb"
    assert not list(korean.copies.my().glob("*.ipynb")), "no English copy was made"
    assert korean.main(["--language", "en", "05"]) == 0
    assert page_of(korean) == "/lab/tree/my/05_padding_and_masks.ipynb"
    assert "in JupyterLab" in capsys.readouterr().out
    assert korean.main([]) == 0
    assert page_of(korean) == "/lab/tree/my/01_behind_the_pipeline.ipynb"


def test_both_editions_keep_their_own_copies(korean: Rooms) -> None:
    """Opened, changed, reset: what happens to one edition does not touch the other."""
    names = {"en": korean.copies.my() / "05_padding_and_masks.ipynb"}
    names["ko"] = korean.copies.my(korean.lessons.KOREAN) / "05_padding_and_masks.ipynb"
    for language, copy in names.items():
        assert korean.main(["05", "--language", language]) == 0
        copy.write_text(f"mine {language}", encoding="utf-8")
    assert korean.main(["05"]) == 0 and korean.main(["05", "--language", "en"]) == 0
    assert [copy.read_text(encoding="utf-8") for copy in names.values()] == ["mine en", "mine ko"]
    assert korean.main(["reset", "05", "--language", "ko"]) == 0
    assert "패딩과 마스크" in names["ko"].read_text(encoding="utf-8")
    assert names["en"].read_text(encoding="utf-8") == "mine en"
    assert korean.main(["--language=en", "reset", "05"]) == 0
    for language, copy in names.items():
        (kept,) = copy.parent.glob("05_padding_and_masks.2*.ipynb")
        assert kept.read_text(encoding="utf-8") == f"mine {language}"


def test_reset_present_and_answers_mean_the_edition_that_was_opened(
    korean: Rooms, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(korean.present, "start", lambda command, env: korean.started.append((command, env)) or 0)
    korean.main(["--language", "ko"])
    assert korean.main(["reset", "5"]) == 0 and korean.main(["present", "5"]) == 0
    assert page_of(korean) == "/doc/tree/my/present-ko/05_padding_and_masks.ipynb"
    assert (korean.ROOT / "my" / "ko" / "05_padding_and_masks.ipynb").exists()
    room = korean.ROOT / "course_lessons" / "lesson_05"
    room.mkdir(parents=True)
    (room / "words.ko.toml").write_text('[exercise.05.sum]\npassed = "합이 맞습니다."\n', encoding="utf-8")
    capsys.readouterr()
    assert korean.main(["answers", "5"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("# 05 패딩과 마스크: ") and "합이 맞습니다." in page
    assert "## 연습 문제 1: 합 (약 5분)" in page and "<summary>" not in page
    assert korean.main(["answers", "5", "--language", "en"]) == 0
    assert capsys.readouterr().out.startswith("# 05 Padding and masks: answers")


def test_what_is_made_of_the_course_has_both_editions(korean: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack starts with the edition that is named or was opened; a site has all, whatever is named."""
    called: list[list[str]] = []
    monkeypatch.setattr(korean.relay, "run", lambda command, env: called.append(command[3:]) or 0)
    folder, site = str(korean.ROOT / "pack"), str(korean.ROOT / "site")  # noqa: F811
    for words in (["pack", folder], ["--language", "ko", "pack", folder, "--cuda"], ["site", site, "--language=ko"]):
        assert korean.main(words) == 0
    korean.lessons.remember(korean.lessons.KOREAN)
    assert korean.main(["pack", folder]) == 0
    assert korean.main(["export-progress", "me.json", "--language", "en"]) == 0
    assert called == [
        [folder, "--language", "en"],
        [folder, "--cuda", "--language", "ko"],
        [site],
        [folder, "--language", "ko"],
        [str(Path("me.json").absolute()), "--language", "en"],
    ]


def test_test_runs_the_lessons_of_the_edition_that_is_named(korean: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """The edition that was opened makes no difference: tests are about the course, not about one learner."""
    called: list[list[str]] = []
    monkeypatch.setattr(korean.run_tests, "run", lambda command, env: called.append(command) or 0)
    korean.lessons.remember(korean.lessons.KOREAN)
    assert korean.main(["test", "05", "--language", "ko", "-x"]) == 0 and korean.main(["test", "05"]) == 0
    korean_test, english_test = called
    assert "notebooks/ko/05_padding_and_masks.ipynb" in korean_test and korean_test[-1] == "-x"
    assert "notebooks/05_padding_and_masks.ipynb" in english_test and "--language" not in korean_test


def test_links_of_korean_copies_lead_somewhere(korean: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the copies a learner works on, and from those on a projector, as from the stored lessons."""
    monkeypatch.setattr(korean.present, "start", lambda command, env: 0)
    korean.main(["--language", "ko"])
    korean.main(["present", "01"])
    for copy in (korean.ROOT / "notebooks" / "ko", korean.ROOT / "my" / "ko", korean.ROOT / "my" / "present-ko"):
        text = nbformat.read(copy / "01_behind_the_pipeline.ipynb", as_version=4).cells[0].source
        links = re.findall(r"\]\(([^)]+)\)", text)
        assert len(links) == 2 and all((copy / link).resolve().is_file() for link in links), copy


@pytest.mark.parametrize("words", [["--language", "tlh"], ["05", "--language=tlh"], ["05", "--language"]])
def test_an_unknown_language_is_answered_with_those_there_are(
    korean: Rooms, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is opened, nothing remembered; whoever works in Korean reads that in Korean."""
    assert korean.main(words) == 1
    said = capsys.readouterr().err
    assert "en, ko" in said and ("'tlh'" in said) == ("tlh" in " ".join(words))
    assert not korean.started and not korean.lessons.is_remembered()
    korean.lessons.remember(korean.lessons.KOREAN)
    assert korean.main(words) == 1
    assert "언어" in capsys.readouterr().err


def test_a_course_without_korean_lessons_says_so(
    installed: Rooms,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert installed.main(["--language", "ko"]) == 1
    assert "notebooks/ko/" in capsys.readouterr().err and not installed.lessons.is_remembered()


def test_a_broken_memory_is_none(korean: Rooms) -> None:
    korean.copies.my().mkdir()
    for content in ("{", "[]", '{"language": "tlh"}', '{"language": ["ko"]}'):
        korean.lessons.edition_file().write_text(content)
        assert korean.lessons.remembered() == korean.lessons.ENGLISH and not korean.lessons.is_remembered()
        assert korean.main([]) == 0 and korean.lessons.is_remembered()


@pytest.mark.parametrize(
    ("settings", "speaks"),
    [
        ({"LANG": "ko_KR.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ko"}, True),
        ({"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "C"}, False),
        ({"LANG": "kok_IN"}, False),
        ({"LANG": "C.UTF-8"}, False),
        ({}, False),
    ],
)
def test_on_a_korean_system_the_first_start_says_in_korean_how_to_get_it(
    korean: Rooms,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, str],
    speaks: bool,
) -> None:
    """One line, once; not to whoever chose a language already."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(korean.lessons.locale, "getlocale", lambda: (None, None))
    monkeypatch.setattr(korean.lessons, "WINDOWS", False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert korean.main([]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "python course.py --language ko" in line]
    assert len(lines) == speaks and all("한국어판" in line for line in lines)
    assert page_of(korean) == "/lab/tree/my/01_behind_the_pipeline.ipynb"
    korean.main([])
    assert "--language" not in capsys.readouterr().out
    korean.lessons.edition_file().unlink()
    korean.main(["--language", "en"])
    assert "--language" not in capsys.readouterr().out


@pytest.mark.parametrize(("number", "speaks"), [(0x0412, True), (0x0409, False), (0x0812, True)])
def test_windows_is_asked_for_the_language_of_its_windows(
    korean: Rooms, monkeypatch: pytest.MonkeyPatch, number: int, speaks: bool
) -> None:
    kernel = SimpleNamespace(GetUserDefaultUILanguage=lambda: number)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(korean.lessons, "WINDOWS", True)
    assert korean.lessons.system_speaks_korean() == speaks


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_help_is_whole_in_each_language(folder: Path, language: str) -> None:  # noqa: F811
    """Every command, every setting; no line is wider than a terminal of 110 columns."""
    from commands.cli import COMMANDS
    from commands.shared import columns

    shutil.copytree(folder / "notebooks", folder / "notebooks" / "ko")
    done = call(folder, "--help", "--language", language)
    assert done.returncode == 0, done.stderr
    for command in COMMANDS:
        assert f"course.py {'--help' if command.name == 'help' else command.name}" in done.stdout, command.name
    assert "--language" in done.stdout and "COURSE_CHECKPOINTS=hub" in done.stdout
    assert max(map(columns, done.stdout.splitlines())) <= 110
    assert ("모든 명령" in done.stdout) == (language == "ko")


def test_the_doctor_speaks_korean(folder: Path) -> None:  # noqa: F811
    done = call(folder, "--language", "ko", "doctor")
    assert done.returncode == 0, done.stderr
    assert "포켓 체크포인트" in done.stdout and "남은 디스크" in done.stdout and "Free disk" not in done.stdout


# ------------------------------------------------------------------------------------------------- the words


def test_the_tables_have_the_same_keys_in_the_same_order() -> None:
    """But for the lines of the help, of which one language may need more."""
    texts = [[key for key in found if not re.search(r"\.lines\.\d+$", key)] for found in (ENGLISH, KOREAN)]
    assert texts[0] == texts[1] and len(texts[0]) > 150
    help_of = [{key.rpartition(".")[0] for key in found if ".lines." in key} for found in (ENGLISH, KOREAN)]
    assert help_of[0] == help_of[1]


def test_the_course_has_one_name_in_each_language() -> None:
    """The site and the pack call it as README does."""
    for texts, page in ((ENGLISH, "README.md"), (KOREAN, "README.ko.md")):
        name = (ROOT / page).read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert texts["site.title"] == name and texts["pack.how_to_start"].startswith(f"{name}: ")


def test_the_tables_fill_in_the_same_and_quote_the_same_code() -> None:
    for key in KOREAN.keys() & ENGLISH.keys():
        assert placeholders(KOREAN[key]) == placeholders(ENGLISH[key]), key
        if ".lines." not in key:
            assert re.findall(r"`[^`]+`", KOREAN[key]) == re.findall(r"`[^`]+`", ENGLISH[key]), key
            commands = [
                re.findall(r"(?:course\.py|apt install|conda env) [a-z-][\w.{}-]*", t)
                for t in (KOREAN[key], ENGLISH[key])
            ]
            assert commands[0] == commands[1], key


def test_the_korean_is_written_as_everywhere_in_the_course() -> None:
    """The terms of the course, no particle that hangs on a value, and Korean in every sentence."""
    for key, words in KOREAN.items():
        assert not refused_in(words), key
        assert not PARTICLE.search(words), key
        assert "!" not in re.sub(r"!r\}", "", words), key
        if (
            len(
                re.findall(r"[A-Za-z]{2,}", re.sub(r"`[^`]*`|\{[^}]*\}", "", ENGLISH[key] if key in ENGLISH else words))
            )
            > 3
        ):
            assert re.search("[가-힣]", words) or key.endswith(".usage"), key


def keys_in(path: Path) -> set[str]:
    """The keys of words that a room's code names; `*` stands for what is filled in.

    >>> sorted(key for key in keys_in(ROOMS["run_tests"]))
    ['run_tests.cpu', 'run_tests.failed', 'run_tests.passed']
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("message", "entry"):
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.JoinedStr):
                    found.add("".join(v.value if isinstance(v, ast.Constant) else "*" for v in part.values))
                elif isinstance(part, ast.Constant) and re.fullmatch(KEY, str(part.value)):
                    found.add(part.value)
    return found


def test_every_key_is_there_and_every_word_is_said() -> None:
    """A key that code names has words; words that no code names are gone. Some names are put together."""
    named = set().union(*(keys_in(path) for path in ROOMS.values()))
    plain = {key for key in named if "*" not in key}
    keys = {re.sub(r"\.\d+$", "", key) for key in ENGLISH}
    assert not plain - keys
    together = {
        "cli.about.",
        "packages.remedies.",
        "doctor.label.",
        "doctor.says.",
        "cli.start",
        "cli.test",
        "site.pages.",
    }
    left = {key for key in keys - plain if not key.startswith(tuple(together))}
    assert left == {"lessons.also_korean"}, "said in Korean only, by the table itself"
    doctor = ROOMS["doctor"].read_text(encoding="utf-8")
    for key in keys:
        if key.startswith(("doctor.label.", "doctor.says.")) and not key.startswith("doctor.says.edition_"):
            assert re.search(
                rf'(?:finding|said)\([^\n]*"{key.rpartition(".")[2]}"|\("{key.rpartition(".")[2]}", ', doctor
            ), key


@pytest.mark.parametrize("room", SPEAKING)
def test_no_sentence_for_a_learner_stands_in_the_code(room: str) -> None:
    """What is said, asked or raised comes from the table; `said_in_code` shows that this can fail."""
    assert not said_in_code(ROOMS[room].read_text(encoding="utf-8"))


def said_in_code(code: str) -> list[str]:
    """The texts of two words and more that a piece of code says itself.

    >>> said_in_code('say(f"Look at {x}")'), said_in_code('say(message("a.b"))')
    (['Look at '], [])
    """
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("say", "Stop", "input", "print"):
            inside = [part for argument in node.args for part in ast.walk(argument) if isinstance(part, ast.Constant)]
            found += [part.value for part in inside if re.search(r"[A-Za-z]{2} [a-z]", str(part.value))]
    return found


def test_the_tables_are_read_without_a_package() -> None:
    """They are TOML, which Python 3.11 reads by itself, and they lie beside the commands."""
    for language in ("en", "ko"):
        path = ROOT / "commands" / f"words.{language}.toml"
        assert tomllib.loads(path.read_text(encoding="utf-8")) == table(language)
