"""The language switch: all that the course says follows `setup(language=...)`, whatever was imported before it."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from lesson_files import ROOT
from test_messages import leaves

import course_checks
import course_lessons
import course_utils
from course_utils import CourseError, check, hint, look_up, messages, quiz, setup, show_progress
from course_utils.exercises import keys
from course_utils.messages import entry, table, text

PACKAGES = (course_utils, course_checks, course_lessons)
MARK = "\N{PILCROW SIGN}"


@pytest.fixture
def no_choice(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No language is chosen, and what a test chooses is forgotten."""
    monkeypatch.setenv(messages.LANGUAGE_VARIABLE, "")
    yield


@pytest.fixture
def marked(no_choice: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language in which each text is the English one behind a mark: what does not follow the switch has none."""
    everything()
    assert text("quiz_ui.unknown", given="x").startswith("There is no")  # what keeps words does so before the switch
    look_up("logits")
    real = messages._whole
    monkeypatch.setattr(messages, "_whole", lambda language: with_mark(real("en")) if language == "ko" else real("en"))
    setup(language="ko")
    yield


def everything() -> list[Any]:
    """All modules of the package and the rooms, imported."""
    for package in PACKAGES:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    names = {package.__name__ for package in PACKAGES}
    return [module for name, module in list(sys.modules.items()) if name.split(".")[0] in names]


def with_mark(node: Any) -> Any:
    """A table whose texts begin with the mark; what is filled in as code stays as it is."""
    if isinstance(node, dict):
        return {key: with_mark(value) for key, value in node.items()}
    if isinstance(node, list):
        return [with_mark(value) for value in node]
    return f"{MARK}{node}" if isinstance(node, str) else node


def test_setup_chooses_the_language(no_choice: None) -> None:
    """English without a choice; what was chosen stays until something else is."""
    setup()
    assert text("exercise.ui.passed") == "Right."
    setup(language="ko")
    assert text("exercise.ui.passed") == table("ko")["exercise"]["ui"]["passed"] != "Right."
    setup()
    assert text("exercise.ui.passed") != "Right." and os.environ["COURSE_LANGUAGE"] == "ko"
    setup(language=" EN ")
    assert text("exercise.ui.passed") == "Right."


def test_the_environment_chooses_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """COURSE_LANGUAGE holds where setup() is given none."""
    monkeypatch.setenv("COURSE_LANGUAGE", "ko")
    setup()
    assert text("exercise.ui.passed") != "Right."


@pytest.mark.parametrize("given", ["tlh", "", "x" * 500, 5, ["ko"], "en_US.UTF-8"])
def test_an_unknown_language_is_refused(no_choice: None, given: Any) -> None:
    """The error names the languages there are, and the choice before it stays."""
    setup(language="ko")
    with pytest.raises(CourseError, match="the course speaks en, ko") as caught:
        setup(language=given)
    assert os.environ["COURSE_LANGUAGE"] == "ko" and len(str(caught.value)) < 300


def test_what_a_translation_lacks_is_english(no_choice: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entry by entry, inside a table that is asked for whole, too, and inside lists of one length."""
    english = {"a": {"one": "1", "two": "2", "deep": {"x": "X"}}, "list": [{"words": "w", "right": True}], "odd": ["p"]}
    korean = {"a": {"two": "둘", "deep": {}}, "list": [{"words": "말"}], "odd": ["ㄱ", "ㄴ"]}
    whole = messages._laid_over(english, korean)
    assert whole["a"] == {"one": "1", "two": "둘", "deep": {"x": "X"}} and list(whole["a"]) == list(english["a"])
    assert whole["list"] == [{"words": "말", "right": True}] and whole["odd"] == ["ㄱ", "ㄴ"]
    assert messages._laid_over(english, {}) == english
    setup(language="ko")
    for key in ("exercise", "glossary.terms", "quiz", "progress.lessons", "inspect_setup.found"):
        node: Any = table("en")
        for part in key.split("."):
            node = node[part]
        found = entry(key)
        assert list(found)[: len(node)] == list(node)
        assert {path for path, _ in leaves(node)} <= {path for path, _ in leaves(found)}, key


def test_every_exercise_follows(marked: None) -> None:
    """Passed, hints and ideas of each exercise, and each question, are looked up when they are shown."""
    from course_checks.judging import Verdict
    from course_checks.wording import idea, verdict_words
    from course_utils.exercises import _hints
    from course_utils.questions import question

    for key in keys():
        lesson, name = key.split("/")
        assert verdict_words(key, Verdict(True, "")).count(MARK) == 2, key
        assert _hints(key) and all(words.startswith(MARK) for words in _hints(key)), key
        for cause, words in entry("exercise")[lesson][name].get("ideas", {}).items():
            assert "{" in words or idea(key, cause, {})[0].startswith(MARK), (key, cause)
    for lesson, names in entry("quiz").items():
        for name in names:
            asked = question(f"{lesson}/{name}")
            assert asked is not None and asked.words.startswith(MARK)
            assert all(part.startswith(MARK) for choice in asked.choices for part in (choice.words, choice.reason))


@pytest.mark.parametrize(
    "act",
    [
        lambda: check("01/softmax", lambda scores: scores),
        lambda: check("01/softmax", ...),
        lambda: check("01/softmax"),
        lambda: check("01/nothing", 1),
        lambda: hint("01/softmax"),
        lambda: hint("01/softmax", 99),
        lambda: quiz("01/nothing"),
        lambda: look_up("logits"),
        lambda: look_up(),
        show_progress,
        lambda: course_utils.checkpoint("bert-base-uncased"),
        course_utils.hub_mode,
        lambda: findings([{"text": "Good film.", "sentiment": 1}]),
    ],
)
def test_what_is_shown_follows(marked: None, act: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> None:
    """Each line that a learner reads has the mark: checks, hints, quiz, glossary, progress, findings."""
    act()
    shown = capsys.readouterr().out.strip()
    assert shown and all(MARK in line for line in shown.splitlines() if " " in line), shown


def findings(rows: list[dict[str, object]]) -> None:
    """What `inspect_setup` finds, shown."""
    from course_checks.draw_findings import show_findings
    from course_checks.inspect_setup import inspect_setup

    show_findings(inspect_setup(rows))


@pytest.mark.parametrize(
    "act",
    [
        lambda: look_up("nonsense"),
        lambda: look_up(len),  # type: ignore[arg-type]
        lambda: course_utils.checkpoint("nonsense"),
        lambda: course_utils.corpus("nonsense"),
    ],
)
def test_errors_follow(marked: None, act: Callable[[], object]) -> None:
    """What is raised at the learner is in the language, too."""
    with pytest.raises(CourseError, match=MARK):
        act()


def test_no_module_keeps_words(no_choice: None) -> None:
    """No constant that is filled while a module is imported holds a text of the tables: it would never follow."""
    # a name that is its own key, such as that of a tokenizer which a lesson hands over, is looked up by it
    words = {value for key, value in leaves(table("en")) if value.count(" ") > 1 and not key.endswith(f".{value}")}
    kept = {}
    for module in everything():
        for name, value in vars(module).items():
            held = words.intersection(strings(value, module.__name__))
            if held and not name.startswith("__"):
                kept[f"{module.__name__}.{name}"] = sorted(held)[:3]
    assert len(words) > 1000 and not kept


def strings(value: Any, module: str, depth: int = 6) -> Iterator[str]:
    """The texts inside a value: in lists, dictionaries, dataclasses, in the defaults of a module's own functions."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping):
        for each in [*value, *value.values()]:
            yield from strings(each, module, depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from strings(each, module, depth - 1)
    elif depth and dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from strings(getattr(value, field.name), module, depth - 1)
    elif depth and callable(value) and getattr(value, "__module__", "") == module:
        for each in (*(getattr(value, "__defaults__", None) or ()), getattr(value, "__kwdefaults__", None) or {}):
            yield from strings(each, module, depth - 1)


def test_kept_words_are_noticed() -> None:
    """The test above can fail."""

    def said(words: str = "a b c") -> str:
        return words

    assert list(strings({"x": ("a b c",)}, "m")) == ["x", "a b c"]
    assert list(strings(said, __name__)) == ["a b c"]


def test_nothing_cached_asks_for_words() -> None:
    """A function that remembers what it gave would go on in the language of its first call."""
    for path in sorted(path for package in PACKAGES for path in Path(package.__path__[0]).rglob("*.py")):
        assert not cached_words(path.read_text(encoding="utf-8")), path.relative_to(ROOT)


def cached_words(source: str) -> list[str]:
    """Functions under a cache in whose code `text` or `entry` is called; what they raise is not remembered.

    >>> cached_words("@cache\\ndef a():\\n    return text('x')\\n@cache\\ndef b():\\n    return 1")
    ['a']
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and any("cache" in ast.unparse(one) for one in node.decorator_list):
            raised = {part for each in ast.walk(node) if isinstance(each, ast.Raise) for part in ast.walk(each)}
            calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and one not in raised]
            called = {ast.unparse(call.func) for call in calls}
            if called & {"text", "entry", "message", "messages.text", "messages.entry"}:
                found.append(node.name)
    return found


ALLOWED = {
    "CourseError: {}": "the name of the class, as in a traceback",
    "The language is {}, but the course speaks {}. Give one of these to setup(language=...) or in COURSE_LANGUAGE, or "
    "none: then it speaks English.": "there is no language to say it in",
    "DejaVu Sans": "a font",
    "'Noto Sans KR','Apple SD Gothic Neo','Malgun Gothic','NanumGothic',sans-serif": "fonts",
    "Application Support": "a folder of macOS",
    ' title="{}"': "an attribute of HTML",
    ' lang="{}"': "an attribute of HTML",
    "image {}": "goes into a digest, and is never shown",
    'load_dataset("{}", data_files="{}")': "code",
}
"""What may stand in the shared code, though it holds words and blanks, and why."""


def test_no_words_stand_in_the_code() -> None:
    """The shared code holds no words for a learner: they are in the tables, where another language can stand beside."""
    found = {}
    for path in sorted(path for package in PACKAGES[:2] for path in Path(package.__path__[0]).rglob("*.py")):
        for line, words in words_in(path.read_text(encoding="utf-8")):
            found[words] = f"{path.relative_to(ROOT).as_posix()}:{line}"
    assert not {place: words for words, place in found.items() if words not in ALLOWED}
    assert set(found) == set(ALLOWED), "what is allowed and no longer there"


def words_in(source: str) -> Iterator[tuple[int, str]]:
    """Texts in some code that hold a blank and a word, as {} where something is filled in, with their lines.

    Left out: docstrings, HTML tags and styles, and what is raised as an error of Python's own, for the package's
    authors.

    >>> list(words_in("'''Not this.'''\\nprint(f'{n} rows', 'px', f'<b style=\\"margin:1px 0\\">{n}</b> ')"))
    [(2, '{} rows')]
    >>> list(words_in("raise KeyError('no such key')"))
    []
    """
    tree = ast.parse(source)
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)
        elif isinstance(node, ast.Raise) and not {"CourseError", "Misuse"} & set(names_in(node)):
            skipped.update(ast.walk(node))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(node.values)
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            words = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value
        else:
            continue
        bare = re.sub(r"&\w+;", "", re.sub(r"[a-z-]+:(?! )[^;\"]*;?", "", re.sub(r"<[^>]*>", "", words)))
        if " " in bare and re.search(r"[A-Za-z]{2,}", bare):
            yield node.lineno, words


def names_in(node: ast.AST) -> list[str]:
    """The names that stand in some code."""
    return [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]


def test_the_words_of_this_machine_follow(no_choice: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Versions are the same in each language; what is said about them is not."""
    setup(language="ko")
    course_utils.machine()
    shown = capsys.readouterr().out
    assert "CPU 스레드" in shown and "GPU" in shown and "threads" not in shown and "transformers" in shown


def test_a_value_without_a_repr_follows(marked: None) -> None:
    """The last resort of `brief` has its words, too."""

    class Half:
        def __repr__(self) -> str:
            raise RuntimeError

    assert messages.brief(Half()).startswith(MARK)
