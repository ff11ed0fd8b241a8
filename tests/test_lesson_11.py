"""Lesson 11: grids of attention, bars of the next token, and the widget that shows a real model's heads."""

from __future__ import annotations

import re

import pytest
import torch
from lesson_files import POCKET
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

from course_lessons.lesson_11.attention_explorer import AttentionExplorer, attention_explorer, attentions_of
from course_lessons.lesson_11.draw_attention import MOST_TOKENS, Grid, attention_html, draw_grids
from course_lessons.lesson_11.draw_next_token import draw_next_tokens
from course_utils import CourseError

FOLDER = POCKET / "pocket-bert-uncased"
SENTENCE = "It was a long film."


@pytest.fixture(scope="module")
def tokenizer() -> object:
    """The tokenizer of the small body."""
    return AutoTokenizer.from_pretrained(FOLDER)


@pytest.fixture(scope="module")
def explorer(tokenizer: object) -> AttentionExplorer:
    """The widget on the small body."""
    model = AutoModel.from_pretrained(FOLDER, attn_implementation="eager")
    return attention_explorer(tokenizer, model, SENTENCE, layer=2, head=3)


def numbers(page: str) -> list[float]:
    """The weights that stand in the cells of a table."""
    return [float(found) for found in re.findall(r">(1?\.\d\d)<", page)]


def test_grid_marks_what_is_open() -> None:
    """Open cells carry a dot and a colour, closed ones are white and empty; the words say the same."""
    grid = Grid("causal", "ab", "ab", [[1, 0], [1, 1]])
    picture = draw_grids([grid])
    axes = picture.figure.axes[0]
    assert [tuple(map(int, dot.get_position())) for dot in axes.texts] == [(0, 0), (0, 1), (1, 1)]
    shades = axes.images[0].get_array()
    assert shades[0][1].tolist() == [1, 1, 1] and shades[0][0].tolist() != [1, 1, 1]
    assert picture.words == "causal: 3 of 4 cells open (a: a; b: a, b)."


def test_grid_with_numbers() -> None:
    """With numbers every cell says its share, zeros too."""
    axes = draw_grids([Grid("weights", "ab", "ab", [[1, 0], [0.25, 0.75]])], numbers=True).figure.axes[0]
    assert [share.get_text() for share in axes.texts] == ["1.00", "0.00", "0.25", "0.75"]


@pytest.mark.parametrize("values", [[], [[1]], [[1, 0], [1]], [[1, 0]]])
def test_a_table_of_another_shape_is_explained(values: list[list[float]]) -> None:
    """Rows and columns are counted out loud."""
    with pytest.raises(CourseError, match="2 rows and 2 columns"):
        Grid("wrong", "ab", "ab", values)


@pytest.mark.parametrize("number", [0, 5])
def test_too_many_tables_are_explained(number: int) -> None:
    """None, or more than fit side by side."""
    with pytest.raises(CourseError, match="One to four tables"):
        draw_grids([Grid("one", "a", "a", [[1]])] * number)


def test_long_attention_is_cut_in_sight() -> None:
    """A long text shows its first tokens and says how many are left out; markup in a token stays text."""
    tokens = ["<b>"] * (MOST_TOKENS + 5)
    page = attention_html(tokens, torch.eye(len(tokens)).tolist())
    assert "and 5 more tokens" in page and "<b>" not in page
    with pytest.raises(CourseError, match="2 rows and 2 columns"):
        attention_html(["a", "b"], [[1.0]])


def test_next_tokens_share_one_scale() -> None:
    """Bars of different panels can be compared, and a token that cannot come has a dash."""
    figure = draw_next_tokens(["good", "bad"], {"as it is": [0.6, 0.4], "only the best": [1.0, 0.0]}).figure
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert [share.get_text() for share in figure.axes[1].texts] == ["1.00", "-"]
    assert draw_next_tokens(["good"], {"one": [1.0]}).words == "one: good 1.00."
    for wrong in ({}, {"as it is": [0.6]}):
        with pytest.raises(CourseError, match="2 tokens"):
            draw_next_tokens(["good", "bad"], wrong)


def test_widget_shows_the_models_own_weights(explorer: AttentionExplorer, tokenizer: object) -> None:
    """The largest weight of every row is the library's, for the layer and head chosen."""
    model = AutoModel.from_pretrained(FOLDER, attn_implementation="eager")
    with torch.no_grad():
        found = model(**tokenizer(SENTENCE, return_tensors="pt"), output_attentions=True).attentions
    explorer.box.value = SENTENCE
    for layer, head in ((2, 3), (4, 12)):
        explorer.layer.value, explorer.head.value = layer, head
        expected = found[layer - 1][0, head - 1].max(dim=-1).values
        assert numbers(explorer.view.value) == pytest.approx(expected.tolist(), abs=0.006)
    explorer.head.value = 0
    expected = found[3][0].mean(0).max(dim=-1).values
    assert numbers(explorer.view.value) == pytest.approx(expected.tolist(), abs=0.006)


def test_heads_that_the_lesson_speaks_of(tokenizer: object) -> None:
    """Layer 1 has one head for the token before, layer 2 one for the token after; [CLS] gains from layer 1 to 4."""
    model = AutoModel.from_pretrained(FOLDER, attn_implementation="eager")
    shares: dict[str, list[torch.Tensor]] = {"before": [], "after": [], "cls": []}
    for sentence in ("The actors were good, but it was a long film.", "The dog that barked was brown.", "Well told."):
        found = torch.stack(attentions_of(sentence, tokenizer, model)[1])
        places = torch.arange(1, found.shape[-1] - 1)
        shares["before"].append(found[:, :, places, places - 1].mean(-1))
        shares["after"].append(found[:, :, places, places + 1].mean(-1))
        shares["cls"].append(found[:, :, places, 0].mean(-1))
    before, after, cls = (torch.stack(each).mean(0) for each in shares.values())
    assert (before[0] > 0.9).sum() == 1 and before[1:].max() < 0.5
    assert after[1].argmax() == 8 and after[1, 8] > 0.35 and after[1].sort().values[-2] < 0.3
    assert cls[3].mean() > 2 * cls[0].mean()


@pytest.mark.parametrize("words", ["", "  ", "w " * 5000, "\ud83d", "😀", "<script>", "\x00", "영화"])
def test_whatever_is_typed_gets_an_answer(explorer: AttentionExplorer, words: str) -> None:
    """No sentence ends in an error card; an empty one is asked for in words."""
    explorer.box.value = words
    page = explorer.view.value
    assert "course-wrong" not in page and "<script>" not in page
    assert ("Type a sentence" in page) == (not words.strip())
    explorer.layer.value = 1
    explorer.box.value = SENTENCE
    assert "film" in explorer.view.value


def test_a_model_without_weights_is_explained(tokenizer: object) -> None:
    """The usual way of loading gives no attention weights: the message says how to load it."""
    config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    with pytest.raises(CourseError, match='attn_implementation="eager"'):
        attentions_of(SENTENCE, tokenizer, BertModel(config).eval())
