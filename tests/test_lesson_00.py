"""Lesson 00: the tables of answers, the task chooser, and what a learner may type into it."""

from __future__ import annotations

from typing import Any

import pytest
from transformers import pipeline

from course_lessons.lesson_00.draw_answers import (
    answer_html,
    answer_rows,
    draw_best_words,
    raw_text,
    rounded,
)
from course_lessons.lesson_00.task_chooser import MOST_CHARACTERS, TaskChooser, show_task_chooser, task_chooser
from course_utils import CourseError, checkpoint, session
from course_utils.markup import plain

STRANGE = [
    "",
    "   ",
    "a" * 5000,
    "🙂" * 300,
    "[MASK]",
    "[MASK] and [MASK]",
    "<b>x</b> & [MASK]",
    "\u0000[MASK]",
    "좋다 " * 90,
]


@pytest.fixture(scope="module")
def pipelines() -> dict[str, Any]:
    """The pipelines of the lesson, loaded once."""
    session.setup()
    english = checkpoint("bert-base-uncased")
    sst2 = checkpoint("distilbert-base-uncased-finetuned-sst-2-english")
    return {
        "text-classification": pipeline("text-classification", model=sst2, device="cpu"),
        "fill-mask": pipeline("fill-mask", model=english, device="cpu"),
        "text-generation": pipeline("text-generation", model=checkpoint("gpt2"), device="cpu"),
        "feature-extraction": pipeline("feature-extraction", model=english, device="cpu"),
    }


@pytest.fixture
def chooser(pipelines: dict[str, Any]) -> TaskChooser:
    """A fresh chooser over them."""
    return task_chooser({name: (pipe, "This was [MASK].") for name, pipe in pipelines.items()})


def test_the_table_says_what_the_pipeline_said(pipelines: dict[str, Any]) -> None:
    """Label, word or text, and the score, are those of the library."""
    answer = pipelines["text-classification"]("What a waste of time.")
    assert answer_rows(answer) == [(answer[0]["label"], f"{answer[0]['score']:.3f}")]
    guesses = pipelines["fill-mask"]("This was [MASK].")
    assert answer_rows(guesses) == [(g["token_str"], f"{g['score']:.3f}") for g in guesses]
    twice = pipelines["fill-mask"]("[MASK] was [MASK].")
    rows = answer_rows(twice)
    assert len(rows) == 10 and rows[5] == (f"mask 2: {twice[1][0]['token_str']}", f"{twice[1][0]['score']:.3f}")
    written = pipelines["text-generation"]("The film", max_new_tokens=3, do_sample=False)
    assert answer_rows(written) == [(written[0]["generated_text"], "")]
    width = pipelines["feature-extraction"].model.config.hidden_size
    numbers = pipelines["feature-extraction"]("Hello world!")
    assert [size for _, size in answer_rows(numbers)] == ["1", "5", str(width)]


@pytest.mark.parametrize("answer", [None, 7, [], [[]], [{}], [{"label": "A"}, 3], [{"score": 0.5}], "text"])
def test_other_forms_are_refused_in_words(answer: object) -> None:
    """What has no known form is named, not drawn wrongly."""
    with pytest.raises(CourseError, match="form"):
        answer_rows(answer)


def test_raw_answers_are_rounded_cut_and_escaped() -> None:
    """The raw view keeps the structure, rounds numbers, and never grows long or turns into HTML."""
    assert rounded([{"score": 0.123456, "token": 7}, [True]]) == [{"score": 0.123, "token": 7}, [True]]
    assert len(raw_text([[0.5] * 10_000])) <= 700
    html = answer_html([{"label": "<script>", "score": 0.5}])
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_best_words_figure() -> None:
    """One panel a sentence, one bar a word, lengths as the scores, words as labels; the description says the same."""
    answers = {
        "A [MASK].": [{"token_str": "cat", "score": 0.5}, {"token_str": "dog", "score": 0.125}],
        "나는 [MASK].": [{"token_str": "간다", "score": 0.25}],
    }
    picture = draw_best_words(answers)
    assert len(picture.figure.axes) == 2
    for axes, (sentence, words) in zip(picture.figure.axes, answers.items(), strict=True):
        assert axes.get_title() == sentence
        assert [bar.get_width() for bar in axes.patches] == [w["score"] for w in words]
        assert [label.get_text() for label in axes.get_yticklabels()] == [w["token_str"] for w in words]
    assert picture.words.endswith("A [MASK]. cat 0.50, dog 0.12. 나는 [MASK]. 간다 0.25.")
    for nothing in ({}, {"A [MASK].": []}):
        with pytest.raises(CourseError, match="nothing to draw"):
            draw_best_words(nothing)


def test_a_typed_text_is_answered(chooser: TaskChooser, pipelines: dict[str, Any]) -> None:
    """The view shows the answer of the chosen pipeline to the text in the box."""
    chooser.box.value = "What a waste of time."
    label = pipelines["text-classification"]("What a waste of time.")[0]
    assert label["label"] in chooser.view.value and f"{label['score']:.3f}" in chooser.view.value
    chooser.box.value = "I love it."
    assert "POSITIVE" in chooser.view.value


def test_another_task_brings_its_example(pipelines: dict[str, Any]) -> None:
    """Choosing a task puts its own first text into the box and answers it, the same text included."""
    live = task_chooser(
        {
            "sort": (pipelines["text-classification"], "Same [MASK]."),
            "fill": (pipelines["fill-mask"], "Same [MASK]."),
            "numbers": (pipelines["feature-extraction"], "Hello world!"),
        }
    )
    first = live.view.value
    live.task.value = "fill"
    assert live.view.value != first and "token_str" in live.view.value
    live.task.value = "numbers"
    assert live.box.value == "Hello world!" and "numbers for each token" in live.view.value


@pytest.mark.parametrize("typed", STRANGE)
def test_whatever_is_typed_gets_an_answer_in_words(typed: str, chooser: TaskChooser) -> None:
    """No text ends in silence, in a traceback or in a view that is not escaped."""
    for name in chooser.task.options:
        chooser.task.value = name
        chooser.box.value = "other"
        chooser.box.value = typed
        words = plain(chooser.view.value)
        assert len(words.split()) >= 3, name
        assert "Traceback" not in words and "<b>x</b>" not in chooser.view.value
        assert "could not be followed" not in words, (name, words)
        if not typed.strip():
            assert "Type one" in words
        elif len(typed.strip()) > MOST_CHARACTERS and (name != "fill-mask"):
            assert "Only the first" in words


def test_a_missing_mask_is_named(chooser: TaskChooser) -> None:
    """Without a gap the words say how to write one for this model."""
    chooser.task.value = "fill-mask"
    chooser.box.value = "This was <mask>."
    assert "[MASK]" in plain(chooser.view.value) and "gap" in plain(chooser.view.value)


def test_an_empty_menu_is_refused() -> None:
    """No pipelines, no chooser."""
    with pytest.raises(CourseError, match="menu is empty"):
        task_chooser({})


def test_still_view(pipelines: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """A reader without a kernel sees the first task, its text and its answer."""
    show_task_chooser({"sorting": (pipelines["text-classification"], "I love it.")})
    said = capsys.readouterr().out
    assert "sorting" in said and "I love it." in said and "POSITIVE" in said
