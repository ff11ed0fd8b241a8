"""The table of texts and the quiz questions drawn from it."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

import pytest

from course_utils import CourseError, quiz
from course_utils.messages import entry, languages, table, text
from course_utils.questions import question, quiz_widget

QUESTIONS = [f"{lesson}/{name}" for lesson, names in table("en")["quiz"].items() for name in names]


def leaves(node: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a table with its key."""
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, f"{path}.{key}".lstrip("."))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from leaves(value, f"{path}.{number}")


def placeholders(words: str) -> set[str]:
    """Names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


@pytest.mark.parametrize("language", languages())
def test_texts_are_written_for_people(language: str) -> None:
    """No text is empty, shouts, or carries a path of a machine."""
    for key, words in leaves(table(language)):
        assert words.strip() == words and words, key
        assert "!" not in re.sub(r"\"[^\"]*\"|!r", "", words), key
        assert not re.search(r"/(home|usr|tmp|root|Users)/", words), key


EMPHASIS = re.compile(r"(?<![\w*(])\*(?=[^\s*])[^*`\n]{1,30}?(?<=[^\s*])\*(?![\w*])")
"""Words between asterisks: Markdown for prose, but what a check or a quiz says shows the asterisks."""


@pytest.mark.parametrize("language", languages())
def test_no_asterisk_is_shown(language: str) -> None:
    """Only backticks mean something in these tables."""
    assert EMPHASIS.search("it is the *values* that are added") and not EMPHASIS.search("f(*args, **more) or 2 * 3 * 4")
    texts = leaves(table(language))
    assert not [key for key, words in texts if any(map(EMPHASIS.search, words.split("`")[::2]))]


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_translations_fill_in_the_same(language: str) -> None:
    """A translation has keys of the English table only, with the same placeholders."""
    english = dict(leaves(table("en")))
    for key, words in leaves(table(language)):
        assert placeholders(words) == placeholders(english[key]), key


def test_unknown_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language that the course does not speak is named, with those it does."""
    monkeypatch.setenv("COURSE_LANGUAGE", "tlh")
    with pytest.raises(CourseError, match="the course speaks en, ko"):
        text("exercise.ui.passed")


def test_unknown_key_is_a_mistake_of_the_package() -> None:
    """A missing text cannot pass unseen."""
    with pytest.raises(KeyError):
        entry("exercise.ui.nothing_of_the_kind")


@pytest.mark.parametrize("key", QUESTIONS)
def test_every_choice_has_its_reason(key: str) -> None:
    """One choice is right, every choice has a reason of its own, and pressing it shows that reason."""
    asked = question(key)
    assert asked is not None and 2 <= len(asked.choices) <= 5
    assert sum(choice.right for choice in asked.choices) == 1
    assert len({choice.reason for choice in asked.choices}) == len(asked.choices)
    live = quiz_widget(asked)
    for letter, choice in zip("ABCDE", asked.choices, strict=False):
        live.buttons.value = letter
        assert choice.reason.split("`")[0] in live.reason.value.replace("&quot;", '"').replace("&#x27;", "'")
        assert ("is right" in live.reason.value) == choice.right


@pytest.mark.parametrize("key", ["01/nothing", "", "logits", None, 3, "a/b/c", "01/" + "x" * 999])
def test_unknown_question_is_explained(key: object, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt quiz key is answered in words."""
    quiz(key)  # type: ignore[arg-type]
    assert capsys.readouterr().out.startswith("There is no quiz question")
