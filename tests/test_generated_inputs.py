"""Whatever a learner types or hands over, nothing ends in a traceback that explains nothing.

The inputs are invented by hypothesis, the same ones in every run: empty, huge, emoji, single jamo, control
characters, half characters, wrong types, NaN. The only error allowed is the course's own, with a helpful text.
"""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import course_utils
from course_lessons.lesson_01.draw_probabilities import draw_softmax_curve
from course_lessons.lesson_01.draw_sentence_path import draw_path, path_html, path_words
from course_lessons.lesson_01.sentence_explorer import SentenceExplorer, sentence_explorer
from course_utils import CourseError, check, checkpoint, hint, hub_mode, look_up, quiz, setup, show_progress
from course_utils.exercises import keys
from course_utils.markup import token_row
from course_utils.questions import question, quiz_widget
from course_utils.sentence_path import SentencePath, follow

POCKET = Path(course_utils.__file__).parent / "pocket"
SST2 = "distilbert-base-uncased-finetuned-sst-2-english"

#: How many inputs each test invents.
EXAMPLES = {
    "checkpoint": 40,
    "mode": 15,
    "check": 60,
    "keys": 30,
    "quiz": 15,
    "widget": 50,
    "drawing": 25,
    "curve": 40,
}


def invented(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The settings of a test: repeatable, without a time limit for one input, nothing written to disk."""
    return settings(
        max_examples=EXAMPLES[name],
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


# --- what is invented -------------------------------------------------------------------------------------

STRANGE_TEXTS = [
    "",
    " \t\n ",
    "a" * 100_000,
    "word " * 3_000,
    "\u1112\u1161\u11ab\u1100\u1173\u11af",  # jamo that combine to two syllables
    "\u3131\u314f\u3142",  # single jamo
    unicodedata.normalize("NFD", "나는 학교에 간다"),
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1f0\U0001f1f7 \u2764\ufe0f",
    "\x00\x01\x1b[31m\x7f",
    "\u202eright to left",
    "\ud800 half of a pair",
    "<script>alert('x')</script> & <b>",
    "$\\frac{1}{2}$ ${} {0} %s {name}",
    "`one backtick",
    "[CLS] [SEP] [MASK] [UNK] ##ing",
    "e" + "\u0301" * 500,
]
EVERY_CHARACTER = st.characters(exclude_categories=())
texts = st.one_of(st.sampled_from(STRANGE_TEXTS), st.text(EVERY_CHARACTER, max_size=60))


class Unprintable:
    """Something that cannot even be shown, as a module of torch is whose own set-up was forgotten."""

    def __repr__(self) -> str:
        raise RuntimeError("this cannot be shown")


def strange_tensors() -> list[Any]:
    """Tensors and arrays that no exercise asks for."""
    import numpy
    import torch

    return [
        torch.tensor(float("nan")),
        torch.full((2, 2), math.inf),
        torch.empty(0),
        torch.zeros(1, 2, 3, 4),
        torch.ones(3, requires_grad=True),
        torch.tensor([True, False]),
        torch.zeros(2, 2, dtype=torch.complex64),
        torch.empty(2, device="meta"),
        torch.eye(3).to_sparse(),
        numpy.array([1, "a", None], dtype=object),
        numpy.array([numpy.nan, numpy.inf]),
    ]


plain_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, -(10**400), ..., complex(0, 1), b"\xff\x00", object(), NotImplemented]),
    texts,
)
values = st.one_of(
    plain_values,
    st.deferred(lambda: st.sampled_from(strange_tensors())),
    st.lists(plain_values, max_size=4),
    st.dictionaries(st.one_of(st.integers(), texts), plain_values, max_size=3),
    st.lists(st.lists(st.floats(), max_size=3), max_size=3),
    st.lists(st.dictionaries(st.sampled_from(["label", "score"]), plain_values), max_size=4),
)


def raises(error: BaseException) -> Callable[..., Any]:
    """A learner's function that fails."""

    def function(*_: Any) -> Any:
        raise error

    return function


def endless(*arguments: Any) -> Any:
    """A learner's function that calls itself without end."""
    return endless(*arguments)


functions = st.one_of(
    values.map(lambda value: lambda *_: value),
    st.builds(Unprintable).map(lambda value: lambda *_: value),
    values.map(lambda value: lambda: value),
    st.sampled_from([
        raises(ValueError("")),
        raises(ZeroDivisionError("division by zero")),
        raises(SystemExit(1)),
        raises(CourseError("from inside")),
        raises(AssertionError("{braces} `ticks` <b>")),
        endless,
        print,
        len,
        int,
        lambda value: value,
        lambda value: value.zero_(),
    ]),
)  # fmt: skip


# --- what is allowed --------------------------------------------------------------------------------------


def explained(call: Callable[[], Any]) -> Any:
    """The result of a call; the only error that may come is the course's own, short and saying something."""
    try:
        return call()
    except CourseError as error:
        message = str(error)
        assert 6 <= len(message.split()) <= 150, message
        assert len(message) <= 1500
        return None


def said(call: Callable[[], Any]) -> str:
    """What a call prints, as a terminal in UTF-8 would show it; it returns nothing and raises nothing."""
    heard = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(heard):
        assert call() is None
        heard.flush()
    return heard.buffer.getvalue().decode("utf-8")


@pytest.fixture(scope="module", autouse=True)
def quiet() -> None:
    """The course's own settings, as in a lesson."""
    setup()


@pytest.fixture(scope="module")
def classifier() -> tuple[Any, Any]:
    """Tokenizer and model of lesson 01."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    with redirect_stdout(io.StringIO()):
        folder = checkpoint(SST2)
    return AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)


@pytest.fixture(scope="module")
def explorer(classifier: tuple[Any, Any]) -> SentenceExplorer:
    """The widget of lesson 01."""
    return sentence_explorer(*classifier, "a start")


# --- tests ------------------------------------------------------------------------------------------------


def test_enough_is_invented() -> None:
    """At least two hundred inputs are tried in all."""
    assert sum(EXAMPLES.values()) >= 200


@invented("checkpoint")
@given(name=st.one_of(values, st.text("distlber-uncased/", max_size=30)))
@example(name="bert-base-uncase")
@example(name=f" {SST2} ")
def test_checkpoint_explains_any_name(name: Any) -> None:
    """Whatever is given for a name, `checkpoint` loads something or says which names there are."""
    with redirect_stdout(io.StringIO()):
        found = explained(lambda: checkpoint(name))
    assert found is None or isinstance(found, str)


@invented("mode")
@given(mode=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30))
@example(mode="Hub ")
def test_any_mode_is_explained(mode: str) -> None:
    """Whatever stands in COURSE_CHECKPOINTS, a lesson starts or says what may stand there."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()):
        patch.setenv("COURSE_CHECKPOINTS", mode)
        answer = explained(hub_mode)
    assert answer in (None, True, False)


@invented("check")
@given(key=st.deferred(lambda: st.sampled_from(keys())), answer=functions, more=st.lists(values, max_size=2))
def test_check_never_raises_at_the_learner(key: str, answer: Any, more: list[Any]) -> None:
    """Whatever a learner's function does, a check answers in words, and never calls it right by accident."""
    words = said(lambda: check(key, answer, *more))
    assert len(words.split()) >= 4, words
    assert "Traceback" not in words and not words.startswith("Right")


@invented("keys")
@given(key=values, arguments=st.lists(values, max_size=3))
@example(key="01/softmax", arguments=[])
@example(key="01/softmax/", arguments=[1])
@example(key="/", arguments=[1])
def test_any_key_is_explained(key: Any, arguments: list[Any]) -> None:
    """A misspelt exercise or hint is answered in words: which there are, or how to call it."""
    assert len(said(lambda: check(key, *arguments)).split()) >= 4
    assert len(said(lambda: hint(key, *arguments[:1])).split()) >= 4


@pytest.mark.slow
def test_an_answer_that_cannot_be_shown_is_explained() -> None:
    """A half-built object, which fails even when it is to be printed, gets an answer in words from every check."""
    for key in keys():
        assert len(said(lambda key=key: check(key, Unprintable())).split()) >= 4


def test_any_answer_is_explained_on_any_console(monkeypatch: pytest.MonkeyPatch) -> None:
    """A console that knows no Korean letters still gets every word: what it cannot write stands there as its code."""
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", console)
    check("01/softmax", lambda scores: "긍정")
    hint("01/긍정")
    quiz("01/긍정")
    show_progress()
    with pytest.raises(CourseError):
        look_up("긍정")
    look_up("logits")
    console.flush()
    told = console.buffer.getvalue().decode("ascii")
    assert told.count("\\uae0d\\uc815") >= 3 and "Your progress" in told and "logits (lesson" in told


@invented("quiz")
@given(key=values)
@example(key="01/")
@example(key="01/logits/more")
def test_any_quiz_is_explained(key: Any) -> None:
    """A misspelt quiz is answered in words."""
    assert len(said(lambda: quiz(key)).split()) >= 4


@pytest.mark.parametrize("name", ["stages", "logits", "default"])
def test_a_quiz_can_be_pressed_in_any_order(name: str) -> None:
    """Letters pressed again, backwards and let go of: there is always the reason of the last one."""
    asked = question(f"01/{name}")
    live = quiz_widget(asked)
    letters = "ABCDE"[: len(asked.choices)]
    for letter in [*letters, *reversed(letters), None, letters[0], letters[0]]:
        live.buttons.value = letter
        assert bool(live.reason.value) == (letter is not None)


@invented("widget")
@given(sentence=texts)
def test_any_sentence_goes_through_the_widget(
    classifier: tuple[Any, Any], explorer: SentenceExplorer, sentence: str
) -> None:
    """Whatever is typed into the box, the three stages are shown for it, and never an error."""
    explorer.box.value = "a start"
    explorer.box.value = sentence
    path = follow(explorer.box.value, *classifier)
    assert explorer.view.value == path_html(path)
    assert "course-path" in explorer.view.value and "<script" not in explorer.view.value
    assert path.probabilities.isfinite().all() and math.isclose(float(path.probabilities.sum()), 1, abs_tol=1e-5)


@invented("drawing")
@given(sentence=values)
def test_any_value_is_followed_and_drawn(classifier: tuple[Any, Any], sentence: Any) -> None:
    """A sentence of any kind becomes a figure and its description; what is no sentence is explained."""
    path = explained(lambda: follow(sentence, *classifier))
    assert (path is None) == (not isinstance(sentence, str))
    if path is not None:
        assert isinstance(path, SentencePath)
        draw_path(path).figure.savefig(io.BytesIO(), format="png", dpi=20)
        assert len(path_words(path).split()) > 10
        assert f"{len(path.tokens)} tokens" in path_words(path)
        assert "course-path" in path_html(path)


@pytest.mark.parametrize("pocket", sorted(folder.name for folder in POCKET.iterdir() if folder.is_dir()))
def test_any_text_is_followed_with_every_checkpoint(pocket: str) -> None:
    """Empty, strange and long texts go through each pocket checkpoint; what does not fit is cut and counted."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(POCKET / pocket)
    model = AutoModelForSequenceClassification.from_pretrained(POCKET / pocket).eval()
    for sentence in STRANGE_TEXTS:
        path = explained(lambda sentence=sentence: follow(sentence, tokenizer, model))
        if path is None:  # no token at all, which this model cannot read
            assert not sentence and not tokenizer("")["input_ids"]
            continue
        whole = len(tokenizer(path.sentence, verbose=False)["input_ids"])
        assert len(path.tokens) + path.cut == whole and len(path.vectors) == len(path.tokens)
        assert path.cut == max(0, whole - (256 if pocket == "pocket-gpt" else 512))
        assert path.probabilities.isfinite().all()


@invented("curve")
@given(
    gaps=st.lists(st.one_of(st.floats(), st.integers(), st.sampled_from([10**400, True, "1", None])), max_size=4),
    names=st.lists(texts.map(lambda text: text[:40]), max_size=4),
    paired=st.booleans(),
)
def test_any_gap_is_drawn_or_explained(gaps: list[Any], names: list[str], paired: bool) -> None:
    """A logit gap that is no number, or marks without names, are explained; the rest is drawn."""
    if paired:
        names = (names + ["a name"] * len(gaps))[: len(gaps)]
    picture = explained(lambda: draw_softmax_curve(gaps, names))
    if picture is not None:
        assert len(gaps) == len(names)
        picture.figure.savefig(io.BytesIO(), format="png", dpi=20)
    elif all(isinstance(gap, float | int) and math.isfinite(min(max(gap, -1e9), 1e9)) for gap in gaps):
        assert len(gaps) != len(names) or any(abs(gap) > 1e300 for gap in gaps)
    row = explained(lambda: token_row(names, list(range(len(gaps)))))
    assert row is None or "<script" not in row
