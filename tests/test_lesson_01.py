"""Pictures and widgets of lesson 01: the values and labels they draw, and what a learner may type."""

from __future__ import annotations

import warnings
from itertools import pairwise

import pytest
import torch
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer, pipeline

from course_lessons.lesson_01.draw_probabilities import draw_softmax_curve
from course_lessons.lesson_01.draw_sentence_path import draw_path, path_html, path_words
from course_lessons.lesson_01.ready_made import classify_with
from course_lessons.lesson_01.sentence_explorer import SentenceExplorer, sentence_explorer
from course_utils import CourseError, checkpoint, setup
from course_utils.markup import token_row
from course_utils.sentence_path import SentencePath, follow

SST2 = "distilbert-base-uncased-finetuned-sst-2-english"
SENTENCE = "I hate this so much!"


@pytest.fixture(scope="module")
def loaded() -> tuple[object, object]:
    """Tokenizer and model of the sentiment checkpoint."""
    setup()
    name = checkpoint(SST2)
    return AutoTokenizer.from_pretrained(name), AutoModelForSequenceClassification.from_pretrained(name)


@pytest.fixture(scope="module")
def path(loaded: tuple[object, object]) -> SentencePath:
    """The path of one sentence."""
    return follow(SENTENCE, *loaded)


def words(figure: Figure) -> list[str]:
    """All texts of a figure that are not empty."""
    return [t.get_text() for axes in figure.axes for t in axes.texts if t.get_text()]


def test_follow_is_what_the_library_gives(loaded: tuple[object, object], path: SentencePath) -> None:
    """Every value on the path is the library's own."""
    tokenizer, model = loaded
    inputs = tokenizer(SENTENCE, return_tensors="pt")
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True)
    assert path.ids == inputs["input_ids"][0].tolist()
    assert path.tokens == ["[CLS]", "i", "hate", "this", "so", "much", "!", "[SEP]"]
    torch.testing.assert_close(path.logits, output.logits[0])
    torch.testing.assert_close(path.vectors, output.hidden_states[-1][0])
    torch.testing.assert_close(path.probabilities.sum(), torch.tensor(1.0))
    assert path.label == model.config.id2label[int(output.logits[0].argmax())] and path.cut == 0


def test_figure_draws_the_values(path: SentencePath) -> None:
    """Text, tokens, ids, logits and probabilities stand in the figure; bars are as long as the numbers."""
    figure = draw_path(path).figure
    assert {f"“{SENTENCE}”", *path.tokens, *map(str, path.ids)} <= set(words(figure))
    _, before, after, logits, probabilities = figure.axes
    most_different = (path.embedded.max(dim=0).values - path.embedded.min(dim=0).values).argmax()
    for axes, vectors in ((before, path.embedded), (after, path.vectors)):
        drawn = axes.images[0].get_array()
        assert drawn.shape == (8, len(path.tokens))
        rows = [pytest.approx(row) for row in drawn.tolist()]
        assert vectors[:, most_different].tolist() in rows
    for axes, values in ((logits, path.logits), (probabilities, path.probabilities)):
        assert [bar.get_width() for bar in axes.patches] == pytest.approx(values.tolist())
        assert [label.get_text() for label in axes.get_yticklabels()] == path.labels
    assert f"{path.probabilities[0]:.2f}" in words(figure)


def test_tokens_do_not_overlap(loaded: tuple[object, object]) -> None:
    """Sixteen tokens, long ones among them, stand beside each other with room between their boxes."""
    figure = draw_path(follow("waiting hugging international restaurants " * 4, *loaded)).figure
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    tokens = [label for label in figure.axes[0].texts if label.get_position()[1] == 1.45]
    boxes = [
        label.get_bbox_patch().get_window_extent(canvas.get_renderer()) for label in tokens if label.get_bbox_patch()
    ]
    assert len(boxes) == 16
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_alt_text_says_the_same(path: SentencePath) -> None:
    """Somebody who cannot see the figure gets its numbers in words."""
    alt = path_words(path)
    assert "8 tokens" in alt and f"NEGATIVE {path.logits[0]:+.2f}" in alt and f"{path.probabilities[1]:.2f}" in alt
    drawn = draw_path(path).words
    assert drawn.startswith(alt) and "8 numbers of its vector" in drawn and "[CLS] is framed" in drawn


def test_the_pipeline_rebuilt_answers_as_the_pipeline(loaded: tuple[object, object]) -> None:
    """What the lesson goes on with where its exercise is not solved, padded, beside the pipeline, one by one."""
    judge = pipeline("text-classification", model=loaded[1], tokenizer=loaded[0], device="cpu")
    sentences = [SENTENCE, "I've been waiting for a HuggingFace course my whole life."]
    rebuilt = classify_with(*loaded)(sentences)  # type: ignore[arg-type]
    for mine, theirs in zip(rebuilt, judge(sentences), strict=True):
        assert mine["label"] == theirs["label"] and mine["score"] == pytest.approx(theirs["score"], abs=1e-6)


def test_long_sentence_is_cut_in_sight(loaded: tuple[object, object]) -> None:
    """Of a long sentence the first tokens are drawn and the rest counted; what the model cannot read is named."""
    long = follow("very " * 700, *loaded)
    assert long.cut == 702 - 512 and len(long.ids) == 512
    assert "+496" in words(draw_path(long).figure)
    html = path_html(long)
    assert "448 more tokens" in html and "190 tokens cut" in html


def test_korean_has_no_boxes(loaded: tuple[object, object]) -> None:
    """Hangul, whole syllables and single jamo, is drawn with real glyphs on any machine."""
    figure = draw_path(follow("나는 이 영화가 정말 좋다", *loaded)).figure
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns for each glyph that no font has
        FigureCanvasAgg(figure).draw()
    assert "NanumGothic" in {font.name for font in font_manager.fontManager.ttflist}


def test_a_missing_glyph_would_be_noticed() -> None:
    """The test above can fail: a character that no font has does warn."""
    figure = Figure()
    figure.text(0.5, 0.5, "\U00013000")  # a hieroglyph
    with pytest.warns(UserWarning, match="missing from font"):
        FigureCanvasAgg(figure).draw()


def test_softmax_curve_marks_the_probabilities() -> None:
    """Each mark lies at (gap, softmax of the gap), as torch computes it."""
    gaps = [-7.5, -1.0, 0.0, 3.17, 60.0]
    axes = draw_softmax_curve(gaps, list("abcde")).figure.axes[0]
    expected = torch.softmax(torch.tensor([[0.0, gap] for gap in gaps]), dim=-1)[:, 1].tolist()
    assert [tuple(point) for point in axes.collections[0].get_offsets().tolist()] == [
        pytest.approx(pair, abs=1e-6) for pair in zip(gaps, expected, strict=True)
    ]
    assert [t.get_text().split(" ")[0] for t in axes.texts] == list("abcde")


@pytest.mark.parametrize("gaps", [[float("nan")], [float("inf")], ["three"], [1.0, 2.0]])
def test_softmax_curve_refuses_in_words(gaps: list[object]) -> None:
    """A gap that is no finite number, or a name too few, is explained."""
    with pytest.raises(CourseError):
        draw_softmax_curve(gaps, ["one"])  # type: ignore[arg-type]


def test_token_row_escapes() -> None:
    """What a learner types never becomes markup."""
    assert "<script>" not in token_row(["<script>", "&"])
    with pytest.raises(CourseError, match="2 tokens but 1 ids"):
        token_row(["a", "b"], [1])


@pytest.fixture
def explorer(loaded: tuple[object, object]) -> SentenceExplorer:
    """The widget of the lesson."""
    return sentence_explorer(*loaded, SENTENCE)


def test_typing_changes_every_stage(explorer: SentenceExplorer, loaded: tuple[object, object]) -> None:
    """What is typed is what is followed: tokens, ids, logits and probabilities are those of the new sentence."""
    before = explorer.view.value
    explorer.box.value = "What a wonderful film"
    after = explorer.view.value
    path = follow("What a wonderful film", *loaded)
    assert after != before and all(token in after for token in path.tokens)
    assert f"{path.logits[1]:+.2f}" in after and f"POSITIVE {path.probabilities[1]:.2f}" in after


@pytest.mark.parametrize("typed", ["", " ", "\x00\x07", "👍🏽" * 30, "ㅋㅋㅋ", "<b>&amp;", "a" * 5000, "\ud83d"])
def test_anything_may_be_typed(explorer: SentenceExplorer, typed: str) -> None:
    """Whatever is typed gives a path, never an error."""
    explorer.box.value = typed
    assert 'class="course-path"' in explorer.view.value
    assert explorer.box.value == typed


def test_a_failing_model_is_explained(loaded: tuple[object, object]) -> None:
    """If the model fails at a sentence, the widget says so and keeps the learner's text."""
    tokenizer, model = loaded

    class Fails:
        config = model.config
        calls = 0

        def __call__(self, **inputs: object) -> object:
            self.calls += 1
            if self.calls > 1:
                raise RuntimeError("out of luck")
            return model(**inputs)

    explorer = sentence_explorer(tokenizer, Fails(), "fine")  # type: ignore[arg-type]
    explorer.box.value = "not fine"
    assert "out of luck" in explorer.view.value and explorer.box.value == "not fine"


def test_body_without_head_is_explained(loaded: tuple[object, object]) -> None:
    """A body is told apart from a classifier in words."""
    with pytest.raises(CourseError, match="AutoModelForSequenceClassification"):
        follow("Hello", loaded[0], AutoModel.from_pretrained(checkpoint(SST2)))
