"""Lesson 10: counting what a model answers where it is sure, and the slider that moves its limit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lesson_files import POCKET
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from course_lessons.lesson_10.confidence_slider import ConfidenceSlider, confidence_slider
from course_lessons.lesson_10.draw_coverage import answered, confidence_html, draw_coverage
from course_utils import CourseError

TEXTS = ["A wonderful film.", "A dreadful bore.", "It is a film.", "Not bad at all."]
LABELS = [1, 0, 1, 1]

pairs = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40)


@pytest.fixture(scope="module")
def slider() -> ConfidenceSlider:
    """The widget on four sentences."""
    folder = POCKET / "pocket-bert-uncased-sst2"
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    return confidence_slider(tokenizer, model, TEXTS, LABELS, least=0.8)


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(pairs, st.floats(0, 1), st.floats(0, 1))
def test_counts(rows: list[tuple[float, bool]], one: float, other: float) -> None:
    """A higher limit never answers more, and the counts are those of a plain loop."""
    scores, correct = [score for score, _ in rows], [good for _, good in rows]
    low, high = (answered(scores, correct, limit) for limit in sorted((one, other)))
    assert high.given <= low.given <= low.of == len(rows)
    assert low.right == sum(good for score, good in rows if score >= low.least)
    assert not low.given or low.interval[0] - 1e-9 <= low.accuracy <= low.interval[1] + 1e-9
    assert 0 <= low.coverage <= 1 and (math.isnan(low.accuracy) if not low.given else 0 <= low.accuracy <= 1)


@pytest.mark.parametrize("least", [-0.1, 1.5, "0.8", None, math.nan])
def test_a_strange_limit_is_explained(least: object) -> None:
    """A limit outside 0 to 1 is named, with one to try."""
    with pytest.raises(CourseError, match="number from 0 to 1"):
        answered([0.5], [True], least)  # type: ignore[arg-type]


def test_unequal_numbers_are_explained() -> None:
    """Scores and judgements belong together, one each."""
    with pytest.raises(CourseError, match="2 scores and 1 judgements"):
        answered([0.5, 0.6], [True], 0.5)


def test_figure_and_words_agree() -> None:
    """The curve holds one point for each limit that answers anything, and the words name those with a number."""
    scores, correct = [0.55, 0.75, 0.85, 0.97], [False, True, True, True]
    curve = [answered(scores, correct, least / 100) for least in range(50, 100)]
    picture = draw_coverage(curve)
    axes = picture.figure.axes[0]
    assert len(axes.lines[0].get_xdata()) == sum(one.given > 0 for one in curve) == 48
    words = picture.words
    for limit in [note.get_text() for note in axes.texts]:
        assert f"least {limit}" in words
    assert "least 0.80, 0.50 answered, 1.00 of them right (0.34 to 1.00)" in words
    low, high = axes.get_ylim()
    bars = [bar.get_ydata() for bar in axes.lines[1:]]
    assert high == 1.0 and all(low <= bottom < top <= high for bottom, top in bars)
    with pytest.raises(CourseError, match="No limit leaves an answer"):
        draw_coverage([answered([0.1], [True], 0.5)])


def test_html_counts_and_escapes() -> None:
    """What is wrong and what is unsure is listed, as text and not as HTML; long lists are cut in sight."""
    page = confidence_html(
        ["<b>fine</b>", "so so"] + ["dull"] * 9, ["P"] * 11, [0.9, 0.6] + [0.55] * 9, [False] * 11, 0.8
    )
    assert "&lt;b&gt;fine" in page and "<b>fine" not in page
    assert "1 of 11 answered" in page and "and 4 more" in page
    assert "none given" in confidence_html(["x"], ["P"], [0.6], [True], 0.8)


def test_moving_the_limit_changes_the_counts(slider: ConfidenceSlider) -> None:
    """At 0.5 everything is answered, at 1.0 nothing; the view says so."""
    slider.limit.value = 0.5
    assert "4 of 4 answered" in slider.view.value
    slider.limit.value = 1.0
    assert "0 of 4 answered" in slider.view.value


@pytest.mark.parametrize("words", ["", "   ", "x" * 50_000, "😀", "<script>alert(1)</script>", "\x00", "\ud83d"])
def test_whatever_is_typed_gets_an_answer(slider: ConfidenceSlider, words: str) -> None:
    """No text ends in an error card, and markup stays text."""
    slider.box.value = words
    assert "course-wrong" not in slider.own.value and "<script>" not in slider.own.value
    assert bool(slider.own.value) == bool(words.strip())


def test_an_unsure_answer_is_called_so(slider: ConfidenceSlider) -> None:
    """The typed sentence obeys the limit too."""
    slider.box.value = "A wonderful film."
    slider.limit.value = 0.5
    assert slider.own.value.count("POSITIVE") == 2
    slider.limit.value = 1.0
    assert "UNSURE" in slider.own.value


def test_texts_and_labels_belong_together(slider: ConfidenceSlider) -> None:
    """No texts, or one label too few, is explained before the model is asked."""
    for texts, labels in (([], []), (["a"], [])):
        with pytest.raises(CourseError, match="at least one text"):
            confidence_slider(None, None, texts, labels)  # type: ignore[arg-type]
