"""Support of lesson 02: parts after loading, fields that heads read, nearest tokens, their pictures and the widget."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForNextSentencePrediction,
    AutoModelForPreTraining,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

from course_lessons.lesson_02.draw_layers import draw_grouped_shares, draw_similarity_by_layer
from course_lessons.lesson_02.draw_loaded_parts import draw_loaded_parts
from course_lessons.lesson_02.draw_token_neighbours import neighbours_html
from course_lessons.lesson_02.fields_read import FIELDS, fields_read
from course_lessons.lesson_02.loaded_parts import Part, part_of, parts_after_loading
from course_lessons.lesson_02.neighbour_explorer import NeighbourExplorer, neighbour_explorer
from course_lessons.lesson_02.token_neighbours import LONGEST, Neighbour, TokenIndex, nearest_tokens, token_index
from course_utils import CourseError, checkpoint, corpus, setup

SST2 = "distilbert-base-uncased-finetuned-sst-2-english"
TINY = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 40}
IDS = torch.tensor([[5, 6, 7, 8, 9], [3, 2, 7, 1, 4]])


@pytest.fixture(scope="module")
def name() -> str:
    """The folder of the sentiment checkpoint."""
    setup()
    return checkpoint(SST2)


@pytest.fixture(scope="module")
def loaded(name: str) -> tuple[Any, Any]:
    """Tokenizer and body of the sentiment checkpoint."""
    return AutoTokenizer.from_pretrained(name), AutoModel.from_pretrained(name)


def tiny(family: str, kind: Any, **settings: Any) -> Any:
    """A tiny random model in eval mode."""
    return kind.from_config(AutoConfig.for_model(family, **TINY | settings)).eval()


# --- parts after loading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "pile", "left"),
    [
        (AutoModel, "embeddings layers pooler", ["classifier"]),
        (AutoModelForSequenceClassification, "embeddings layers pooler classifier", []),
        (AutoModelForQuestionAnswering, "embeddings layers qa_outputs", ["pooler", "classifier"]),
        (AutoModelForTokenClassification, "embeddings layers classifier", ["pooler"]),
    ],
)
def test_parts_of_the_sentiment_checkpoint(name: str, kind: Any, pile: str, left: list[str]) -> None:
    """What is new and what was left is what the library reports, and the body lies below the head."""
    model, info = kind.from_pretrained(name, output_loading_info=True)
    parts = parts_after_loading(model, info)
    assert [part.name for part in parts if part.state != "left"] == pile.split()
    assert [part.name for part in parts if part.state == "left"] == left
    assert {part.name for part in parts if part.state == "new"} == {key.split(".")[0] for key in info["missing_keys"]}
    body = [part.in_body for part in parts if part.state != "left"]
    assert body == sorted(body, reverse=True)
    assert all(part.in_body == (part.name != "classifier") for part in parts if part.state == "left")


def test_another_size_counts_as_new(name: str) -> None:
    """A head whose size does not fit is drawn at random, and is shown so."""
    settings = {"num_labels": 3, "ignore_mismatched_sizes": True, "output_loading_info": True}
    parts = parts_after_loading(*AutoModelForSequenceClassification.from_pretrained(name, **settings))
    assert [(part.name, part.state) for part in parts][-1] == ("classifier", "new")


@pytest.mark.parametrize("family", ["bert", "distilbert", "roberta", "gpt2", "electra", "albert"])
def test_every_key_of_any_family_has_its_part(family: str) -> None:
    """Layers are one part in every naming; nothing of the body is taken for the head."""
    model = tiny(family, AutoModelForSequenceClassification)
    parts = parts_after_loading(model, {})
    in_body = {f"{model.base_model_prefix}.{key}" for key in model.base_model.state_dict()}
    for key in model.state_dict():
        found, body = part_of(key, model.base_model_prefix)
        assert body == (key in in_body) and Part(found, "loaded", body) in parts
    assert len([part for part in parts if part.in_body]) <= 6, parts


# --- which field a head reads -----------------------------------------------------------------------------

EVERYWHERE = {"first", "between", "last"}


@pytest.mark.parametrize(
    ("family", "kind", "read"),
    [
        ("bert", AutoModelForSequenceClassification, {"pooler_output"}),
        ("albert", AutoModelForSequenceClassification, {"pooler_output"}),
        ("distilbert", AutoModelForSequenceClassification, {"first"}),
        ("roberta", AutoModelForSequenceClassification, {"first"}),
        ("electra", AutoModelForSequenceClassification, {"first"}),
        ("gpt2", AutoModelForSequenceClassification, {"last"}),
        ("bert", AutoModelForTokenClassification, EVERYWHERE),
        ("bert", AutoModelForQuestionAnswering, EVERYWHERE),
        ("bert", AutoModelForMaskedLM, EVERYWHERE),
        ("bert", AutoModelForNextSentencePrediction, {"pooler_output"}),
        ("bert", AutoModelForPreTraining, {"pooler_output", *EVERYWHERE}),
        ("gpt2", AutoModelForCausalLM, EVERYWHERE),
    ],
)
def test_fields_are_those_that_the_head_reads(family: str, kind: Any, read: set[str]) -> None:
    """The experiment finds what the source code of each head says."""
    model = tiny(family, kind, pad_token_id=0)
    found = fields_read(model, IDS)
    assert tuple(found) == FIELDS
    assert {field for field, used in found.items() if used} == read
    has_pooler = model.base_model(IDS).get("pooler_output") is not None
    assert (found["pooler_output"] is None) == (not has_pooler)


def test_a_model_is_left_as_it_was() -> None:
    """No hook stays behind, not even after an error, and the answers are the same as before."""
    model = tiny("bert", AutoModelForSequenceClassification)
    before = model(IDS).logits
    fields_read(model, IDS)
    with pytest.raises(IndexError):
        fields_read(model, IDS + 1000)
    assert not model.base_model._forward_hooks
    assert torch.equal(model(IDS).logits, before)


def test_what_cannot_be_asked_is_explained() -> None:
    """A body alone, a model in training mode and ids without positions between first and last are told apart."""
    with pytest.raises(CourseError, match="body alone"):
        fields_read(tiny("bert", AutoModel), IDS)
    with pytest.raises(CourseError, match="training mode"):
        fields_read(tiny("bert", AutoModelForSequenceClassification).train(), IDS)
    model = tiny("bert", AutoModelForSequenceClassification)
    for ids in (IDS[0], IDS[:, :2], [[1, 2, 3]]):
        with pytest.raises(CourseError, match="at least three"):
            fields_read(model, ids)  # type: ignore[arg-type]


# --- nearest tokens ---------------------------------------------------------------------------------------

TEXTS = ["A bad film.", "Not bad at all, I'd say", "영화 🎬", "bad bad weather", "", "x " * 100]


@pytest.fixture(scope="module")
def index(loaded: tuple[Any, Any]) -> TokenIndex:
    """An index of a few texts, odd ones among them."""
    return token_index(TEXTS, *loaded)


def test_vectors_are_those_of_the_library(index: TokenIndex, loaded: tuple[Any, Any]) -> None:
    """Each text by itself gives the same vectors as in the batch, at every layer; special tokens are not among them."""
    tokenizer, body = loaded
    for number, words in enumerate(TEXTS):
        inputs = tokenizer(words, truncation=True, max_length=LONGEST, return_tensors="pt")
        with torch.no_grad():
            states = torch.stack(body(**inputs, output_hidden_states=True).hidden_states)[:, 0, 1:-1]
        own = [position for position, found in enumerate(index.positions) if found.text == number]
        expected = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0, 1:-1])
        assert [index.positions[position].token for position in own] == expected
        normal = states / states.norm(dim=-1, keepdim=True)
        torch.testing.assert_close(index.vectors[:, own], normal, atol=1e-4, rtol=1e-4)
    assert index.layers == body.config.num_hidden_layers
    assert index.cut == 102 - LONGEST


def test_tokens_are_found_in_their_texts(index: TokenIndex) -> None:
    """The characters that a position names are those of its token."""
    for position in index.positions:
        words = index.texts[position.text][position.start : position.end]
        assert (
            words.lower() == position.token.removeprefix("##")
            or not position.token.isascii()
            or position.token == "[UNK]"
        )


def test_special_tokens_on_request(loaded: tuple[Any, Any]) -> None:
    """An empty text has two special tokens, and nothing else."""
    assert [position.token for position in token_index([""], *loaded, special=True).positions] == ["[CLS]", "[SEP]"]
    assert not token_index([""], *loaded).positions


@pytest.mark.parametrize("given", [[], "one text", [1, 2], ["fine", None]])
def test_no_texts_is_explained(loaded: tuple[Any, Any], given: Any) -> None:
    """Texts come in a list; a text alone would be read letter by letter."""
    with pytest.raises(CourseError, match="list of texts"):
        token_index(given, *loaded)


@pytest.mark.parametrize("layer", [0, 2, 4])
def test_nearest_is_what_comparing_all_gives(index: TokenIndex, layer: int) -> None:
    """Each word once, with its best occurrence, sorted by cosine similarity, whatever the length of the vector."""
    vector = index.vectors[layer, 1] * 7
    best: dict[str, float] = {}
    for position, other in zip(index.positions, index.vectors[layer], strict=True):
        similarity = torch.cosine_similarity(vector, other, dim=0).item()
        best[position.token] = max(best.get(position.token, -2.0), similarity)
    found = nearest_tokens(index, vector, layer, number=5)
    expected = sorted(best.items(), key=lambda item: -item[1])[:5]
    assert [near.token for near in found] == [token for token, _ in expected]
    assert [near.similarity for near in found] == pytest.approx([value for _, value in expected], abs=1e-5)
    assert found[0].token == "bad" and found[0].before + found[0].words + found[0].after in TEXTS
    assert len(nearest_tokens(index, vector, layer, number=1000)) == len(
        {position.token for position in index.positions}
    )


# --- pictures ---------------------------------------------------------------------------------------------


def words(figure: Figure) -> list[str]:
    """All texts of a figure that are not empty."""
    return [t.get_text() for axes in figure.axes for t in axes.texts if t.get_text()]


PILE = [Part("embeddings", "loaded", True), Part("qa_outputs", "new", False), Part("pooler", "left", True)]


def test_loading_is_drawn_as_it_is() -> None:
    """Every part is a box with its fate in words; body and head are parted by one line, in a model that has both."""
    picture = draw_loaded_parts({"AutoModelForQuestionAnswering": PILE, "AutoModel": PILE[:1]})
    figure = picture.figure
    assert [w for w in words(figure) if w.startswith("qa_outputs")] == ["qa_outputs\nnew, random"]
    assert [w for w in words(figure) if w.startswith("pooler")] == ["pooler\nleft in the file"]
    assert len(figure.axes[0].patches) == 4 and len(figure.axes[0].lines) == 1
    boxes = [patch.get_bbox() for patch in figure.axes[0].patches]
    low, head, left = boxes[:3]
    line = figure.axes[0].lines[0].get_ydata()[0]
    assert low.y1 < line < head.y0 and left.x0 > head.x1
    assert "qa_outputs new, random" in picture.words


@pytest.mark.parametrize("models", [{}, {"AutoModel": []}, {str(n): PILE for n in range(5)}])
def test_too_much_for_one_picture_is_explained(models: Any) -> None:
    """None, an empty one or five models are refused in words."""
    with pytest.raises(CourseError, match="one to four"):
        draw_loaded_parts(models)


def test_curves_and_bars_have_the_values() -> None:
    """Each value is where it belongs; Korean names have glyphs."""
    axes = draw_similarity_by_layer({"좋다": [1.0, 0.5, -0.2], "[CLS]": [0.1, 0.2, 0.3]}).figure.axes[0]
    assert [line.get_ydata().tolist() for line in axes.lines] == [[1.0, 0.5, -0.2], [0.1, 0.2, 0.3]]
    assert [entry.get_text() for entry in axes.get_legend().get_texts()] == ["좋다", "[CLS]"]
    groups = {"한국어": {"CLS": 0.25, "mean": 0.5}, "English": {"CLS": 1.0, "mean": 0.0}}
    figure = draw_grouped_shares(groups).figure
    bars = sorted(figure.axes[0].patches, key=lambda bar: bar.get_x())
    assert [bar.get_height() for bar in bars] == [0.25, 0.5, 1.0, 0.0]
    assert {"0.25", "0.50", "1.00", "0.00"} == set(words(figure))
    for drawn in (axes.figure, figure):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            FigureCanvasAgg(drawn).draw()


def test_alt_texts_hold_every_value() -> None:
    """Somebody who cannot see the curves and bars gets their numbers."""
    curves = draw_similarity_by_layer({"a": [1.0, -0.25], "b": [0.5, 0.125]})
    assert curves.words.endswith("a: 1.00, -0.25. b: 0.50, 0.12.")
    bars = draw_grouped_shares({"x": {"CLS": 0.5}, "y": {"CLS": 1}})
    assert bars.words == "share of partners found. x: CLS 0.50. y: CLS 1.00."


@pytest.mark.parametrize("curves", [{}, {"a": [1.0]}, {"a": [1.0, 2.0], "b": [1.0]}, {"a": [1.0, float("nan")]}])
def test_curves_that_cannot_be_drawn(curves: Any) -> None:
    """Nothing, a single point, unequal lengths and numbers that are none are refused in words."""
    with pytest.raises(CourseError):
        draw_similarity_by_layer(curves)


@pytest.mark.parametrize("groups", [{}, {"a": {}}, {"a": {"x": 1.0}, "b": {"y": 1.0}}, {"a": {"x": float("inf")}}])
def test_bars_that_cannot_be_drawn(groups: Any) -> None:
    """The same for bars."""
    with pytest.raises(CourseError):
        draw_grouped_shares(groups)


def test_view_escapes_and_marks_what_is_new() -> None:
    """What a learner types never becomes markup; a token new at a layer has a star, one that stays has none."""
    near = [
        [Neighbour("<b>", 0.5, "<i>", "<b>", "&"), Neighbour("hot", 0.4, "", "hot", "")],
        [Neighbour("hot", 0.9, "", "Hot", ""), Neighbour("warm", 0.8, "so ", "warm", "")],
    ]
    html = neighbours_html(["<script>", "cold"], 0, 0, near)
    assert "<script>" not in html and "<i>" not in html and "&lt;b&gt;" in html
    assert re.findall(r"(\w+) \*", html) == ["warm"]
    assert "so " not in html and "so " in neighbours_html(["a"], 0, 1, near)


# --- the widget -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reviews() -> list[str]:
    """Texts to look among."""
    return list(corpus("pocket_reviews", "en")["train"]["text"])[:40]


@pytest.fixture
def widget(reviews: list[str], loaded: tuple[Any, Any]) -> NeighbourExplorer:
    """The widget of the lesson, on fewer texts."""
    return neighbour_explorer(reviews, *loaded, "Not bad at all", token="bad")


def shown(html: str) -> str:
    """The heading of the part in detail."""
    return re.search(r"Nearest to [^<]*", html).group()


def test_controls_change_the_view(widget: NeighbourExplorer, reviews: list[str], loaded: tuple[Any, Any]) -> None:
    """Layer and token choose what is shown, and it is what comparing with every token gives."""
    assert widget.token.value == 2 and "bad" in shown(widget.view.value)
    for layer in range(5):
        widget.layer.value = layer
        vector = token_index(["Not bad at all"], *loaded, special=True).vectors[layer, 2]
        for near in nearest_tokens(token_index(reviews, *loaded), vector, layer, number=6):
            assert near.token in widget.view.value and f"{near.similarity:.2f}" in widget.view.value
    assert f"layer {widget.layer.max} of 4" in shown(widget.view.value)
    before = widget.view.value
    widget.token.value = 1
    assert "not" in shown(widget.view.value) and widget.view.value != before


def test_another_sentence_brings_its_tokens(widget: NeighbourExplorer) -> None:
    """After typing, the tokens to choose from are those of the new sentence; the position is kept where it can be."""
    widget.token.value = 4
    widget.box.value = "A light comedy"
    assert [words.split()[-1] for words, _ in widget.token.options] == ["[CLS]", "a", "light", "comedy", "[SEP]"]
    assert widget.token.value == 4 and "[SEP]" in shown(widget.view.value).replace("&quot;", "")
    widget.box.value = ""
    assert len(widget.token.options) == 2 and widget.token.value == 1
    widget.token.value = 0
    assert "[CLS]" in shown(widget.view.value)


@pytest.mark.parametrize(
    "typed", ["", " ", "\x00\x07", "very " * 60, "👍🏽 ㅋㅋㅋ 좋다", "<b>&amp;", "a" * 5000, "\ud83d"]
)
def test_anything_may_be_typed(widget: NeighbourExplorer, typed: str) -> None:
    """Whatever is typed gives neighbours, never an error; what was cut is said."""
    widget.box.value = typed
    assert 'class="course-neighbours"' in widget.view.value
    assert ("left out" in widget.view.value) == typed.startswith("very")


def test_a_failing_body_is_explained(reviews: list[str], loaded: tuple[Any, Any]) -> None:
    """If the body fails, the view says so, and the next sentence works again."""
    tokenizer, body = loaded

    class Fails:
        fail = False

        def __call__(self, **inputs: Any) -> Any:
            if self.fail:
                raise RuntimeError("out of luck")
            return body(**inputs)

    failing = Fails()
    live = neighbour_explorer(reviews, tokenizer, failing, "fine", token="no such token", layer=99)  # type: ignore[arg-type]
    assert live.token.value == 0 and live.layer.value == live.layer.max
    failing.fail = True
    live.box.value = "not fine"
    assert "out of luck" in live.view.value
    failing.fail = False
    live.box.value = "fine again"
    assert "again" in live.view.value and 'class="course-neighbours"' in live.view.value
