"""Lesson 03: costs by formula against real models, its pictures, and the widget with the sliders."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
import torch
from lesson_files import NOTEBOOKS, POCKET, cell_by_id, output_text, read
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModel, BertConfig, DistilBertConfig, GPT2Config, RobertaConfig

from course_lessons.lesson_03.draw_model_parts import draw_model_parts, model_parts_html
from course_lessons.lesson_03.draw_scores import draw_scores
from course_lessons.lesson_03.draw_weight_file import draw_weight_file
from course_lessons.lesson_03.size_explorer import DTYPES, SIZES, SizeExplorer, explained, size_explorer
from course_utils import CourseError, setup
from course_utils.cost import MODEL_PARTS, forward_flops, memory_bytes, parameter_counts

STEM = "03_models_and_checkpoints"


@pytest.fixture(scope="module", autouse=True)
def quiet() -> None:
    """The course's own settings, as in a lesson."""
    setup()


def random_config(seed: int) -> BertConfig | RobertaConfig | DistilBertConfig:
    """A small configuration of one of the three families, every size drawn on its own."""
    draw = random.Random(seed)
    heads = draw.choice([1, 2, 3, 5])
    hidden, layers = heads * draw.randint(1, 9) * 2, draw.randint(1, 4)
    sizes = {"vocab_size": draw.randint(5, 90), "max_position_embeddings": draw.randint(30, 60)}
    if seed % 3 == 2:
        return DistilBertConfig(dim=hidden, n_layers=layers, n_heads=heads, hidden_dim=draw.randint(1, 70), **sizes)
    return (BertConfig, RobertaConfig)[seed % 3](
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=draw.randint(1, 70),
        type_vocab_size=draw.randint(1, 3),
        pad_token_id=0,
        **sizes,
    )


def part_of(name: str) -> str:
    """The part that a parameter belongs to, by its name in any of the three families."""
    if "layernorm" in name.lower() or "layer_norm" in name:
        return "norms"
    if name.startswith(("embeddings", "pooler")):
        return name.split(".")[0]
    return "attention" if ".attention." in name else "feed-forward"


@pytest.mark.parametrize("seed", range(12))
def test_parameters_are_those_of_the_model(seed: int) -> None:
    """On configurations drawn at random, every part has exactly as many parameters as in the real model."""
    config = random_config(seed)
    model = AutoModel.from_config(config)
    counted = dict.fromkeys(MODEL_PARTS, 0)
    for name, parameter in model.named_parameters():
        counted[part_of(name)] += parameter.numel()
    by_formula = parameter_counts(config)
    assert by_formula == {**counted, "total": model.num_parameters()}
    assert list(by_formula) == [*MODEL_PARTS, "total"]


@pytest.mark.parametrize("seed", range(12))
def test_flops_are_those_that_are_counted(seed: int) -> None:
    """On configurations drawn at random, the formula gives what PyTorch counts while the model runs."""
    config = random_config(seed)
    draw = random.Random(100 + seed)
    rows, tokens = draw.randint(1, 4), draw.randint(1, 20)
    model = AutoModel.from_config(config, attn_implementation="eager").eval()
    ids = torch.randint(1, config.vocab_size, (rows, tokens))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(input_ids=ids, attention_mask=torch.ones_like(ids))
    assert forward_flops(config, rows, tokens) == counter.get_total_flops() > 0


def test_large_models_are_counted_without_memory() -> None:
    """BERT-base and BERT-large have the known numbers of parameters."""
    assert parameter_counts(BertConfig())["total"] == 109_482_240
    assert parameter_counts(BertConfig(**SIZES["large"]))["total"] == 335_141_888
    assert forward_flops(BertConfig(), 0, 7) == forward_flops(BertConfig(), 7, 0) == 0


def test_heads_cost_nothing() -> None:
    """The number of heads changes neither parameters nor calculations."""
    one, many = BertConfig(num_attention_heads=1), BertConfig(num_attention_heads=24)
    assert parameter_counts(one) == parameter_counts(many)
    assert forward_flops(one, 3, 50) == forward_flops(many, 3, 50)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8", "float64"])
def test_memory_is_that_of_a_tensor(dtype: str) -> None:
    """A tensor of so many numbers has so many bytes, by name and by type."""
    tensor = torch.zeros(37, dtype=getattr(torch, dtype))
    assert memory_bytes(37, dtype) == memory_bytes(37, tensor.dtype) == tensor.nbytes
    assert memory_bytes(0, dtype) == 0


def test_memory_is_that_of_a_file(tmp_path: Path) -> None:
    """A saved model has the bytes of its parameters and a header."""
    config = random_config(0)
    AutoModel.from_config(config).half().save_pretrained(tmp_path)
    raw = (tmp_path / "model.safetensors").read_bytes()
    header = int.from_bytes(raw[:8], "little")
    assert len(raw) - 8 - header == memory_bytes(parameter_counts(config)["total"], torch.float16)


@pytest.mark.parametrize("config", [GPT2Config(), None, "bert", {"model_type": "bert"}, 7])
def test_other_families_are_refused_in_words(config: object) -> None:
    """What the formulas do not hold for is named, with what to do."""
    with pytest.raises(CourseError, match="BERT, RoBERTa and DistilBERT"):
        parameter_counts(config)  # type: ignore[arg-type]
    with pytest.raises(CourseError, match="numel"):
        forward_flops(config, 1, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [-1, 1.5, "8", None, True, float("nan")])
def test_no_count_is_refused_in_words(number: object) -> None:
    """Rows, tokens and parameters are counted: anything else is explained."""
    for call in (
        lambda: forward_flops(BertConfig(), number, 1),  # type: ignore[arg-type]
        lambda: forward_flops(BertConfig(), 1, number),  # type: ignore[arg-type]
        lambda: memory_bytes(number, "float32"),  # type: ignore[arg-type]
    ):
        with pytest.raises(CourseError, match="whole number"):
            call()


@pytest.mark.parametrize("dtype", ["float31", "nn", "", None, 32, float])
def test_no_dtype_is_refused_in_words(dtype: object) -> None:
    """A type that torch does not have is named, with one that it has."""
    with pytest.raises(CourseError, match=r"torch\.float16"):
        memory_bytes(1, dtype)  # type: ignore[arg-type]


# --- pictures -------------------------------------------------------------------------------------------------------

COUNTS = {
    "small": {"embeddings": 60, "attention": 20, "feed-forward": 10, "norms": 4, "pooler": 6, "total": 100},
    "wide": {"embeddings": 1, "attention": 100, "feed-forward": 298, "norms": 1, "pooler": 0, "total": 400},
}


def test_parts_are_drawn_to_scale() -> None:
    """Each bar is as long as its number of parameters on the left, and its share on the right."""
    absolute, shares = draw_model_parts(COUNTS).figure.axes
    for number, part in enumerate(MODEL_PARTS):
        drawn = [bar.get_width() for bar in absolute.containers[number]]
        assert drawn == pytest.approx([counts[part] / 1e6 for counts in COUNTS.values()])
        drawn = [bar.get_width() for bar in shares.containers[number]]
        assert drawn == pytest.approx([100 * counts[part] / counts["total"] for counts in COUNTS.values()])
    starts = [bars[0].get_x() for bars in shares.containers]
    assert starts == pytest.approx([0, 60, 80, 90, 94]), "each part begins where the one before ends"
    assert [t.get_text() for t in shares.texts] == ["60 %", "20 %", "25 %", "10 %", "74 %", "6 %"]
    assert [t.get_text() for t in absolute.get_yticklabels()] == list(COUNTS)


def test_parts_are_said_in_words() -> None:
    """Description and HTML say the same numbers as the bars."""
    assert "wide, 0.0 million: embeddings 0 %, attention 25 %, feed-forward 74 %" in draw_model_parts(COUNTS).words
    html = model_parts_html(COUNTS, {"wide": "9 MB <i>"}, first="small")
    assert "100 parameters" in html and "400 parameters" in html and "feed-forward 10" in html
    assert "9 MB &lt;i&gt;" in html and "<i>" not in html
    widths = [float(width) for width in re.findall(r"height:16px;width:([\d.]+)px", html)]
    assert sum(widths[:5]) * 4 == pytest.approx(sum(widths[5:10]), abs=3), "bars are as long as the models are large"


@pytest.mark.parametrize("models", [{}, {"half": {"embeddings": 1, "total": 1}}, {"none": {}}])
def test_no_counts_are_explained(models: dict[str, dict[str, int]]) -> None:
    """Nothing to draw, or counts that lack a part, are said in words."""
    for function in (draw_model_parts, model_parts_html):
        with pytest.raises(CourseError, match="parameter_counts"):
            function(models)


def test_scores_are_drawn_where_they_are() -> None:
    """Every text is a point at its score, in the row of its class; the titles count who is on the right side."""
    scores = {"sure": [0.1, 0.9, 0.4, 0.5], "unsure": [0.45, 0.45, 0.45, 0.45]}
    classes = [0, 1, 1, 1]
    picture = draw_scores(scores, classes, ["bad", "good"])
    panels = picture.figure.axes
    for axes, values in zip(panels, scores.values(), strict=True):
        for wanted, drawn in enumerate(axes.collections):
            points = drawn.get_offsets().tolist()
            own = [value for value, label in zip(values, classes, strict=True) if label == wanted]
            assert [x for x, _ in points] == pytest.approx(own)
            assert all(abs(y - wanted) < 0.25 for _, y in points)
    assert [axes.get_title() for axes in panels] == ["sure: 3 of 4 right", "unsure: 1 of 4 right"]
    assert "unsure, 1 of 4 on the right side of 0.5, scores from 0.45 to 0.45" in picture.words


@pytest.mark.parametrize(
    ("scores", "classes", "names"),
    [
        ({}, [0], ["a", "b"]),
        ({"m": [0.1]}, [0, 1], ["a", "b"]),
        ({"m": []}, [], ["a", "b"]),
        ({"m": [0.1]}, [0], ["a"]),
        ({"m": [1.5]}, [0], ["a", "b"]),
        ({"m": [float("nan")]}, [0], ["a", "b"]),
    ],
)
def test_scores_that_do_not_fit_are_explained(scores: dict, classes: list, names: list) -> None:
    """Unequal numbers, and scores that are no probabilities, are said in words."""
    with pytest.raises(CourseError):
        draw_scores(scores, classes, names)


def test_weight_file_is_drawn_byte_by_byte(tmp_path: Path) -> None:
    """The first bytes stand in the picture as they stand in the file, and the three sections add up to it."""
    path = tmp_path / "model.safetensors"
    save_file({f"t{n}": torch.arange(4.0) for n in range(9)}, path, metadata={"format": "pt"})
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    assert length > 255, "the length needs two bytes here"
    picture = draw_weight_file(path)
    texts = [[t.get_text() for t in axes.texts] for axes in picture.figure.axes]
    assert texts[0][0:56:2] == [f"{byte:02x}" for byte in raw[:28]]
    assert texts[0][1:16:2] == [str(byte) for byte in raw[:8]]
    assert "".join(texts[0][17:56:2]) == raw[8:28].decode()
    sizes = [int(words.split(" ")[0].replace(",", "")) for words in texts[1]]
    assert sizes == [8, length, 9 * 16] and sum(sizes) == len(raw)
    assert f"{length:,} bytes" in picture.words and raw[:8].hex(" ") in picture.words


@pytest.mark.parametrize("content", [b"", b"\x02", b"\x80\x02c__builtin__\nprint", b"\x40" + b"\x00" * 7 + b"{}", None])
def test_other_files_are_explained(content: bytes | None, tmp_path: Path) -> None:
    """No file, an empty one, a pickle, a length that leads beyond the end: all are said in words."""
    path = tmp_path / "model.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CourseError, match="safetensors"):
        draw_weight_file(path)


# --- the widget -----------------------------------------------------------------------------------------------------


@pytest.fixture
def explorer() -> SizeExplorer:
    """The widget of the lesson."""
    return size_explorer()


def test_pocket_is_the_checkpoint_of_the_course() -> None:
    """What the widget calls pocket has the sizes of the shipped checkpoint."""
    config = json.loads((POCKET / "pocket-bert-uncased" / "config.json").read_text(encoding="utf-8"))
    assert {key: config[key] for key in SIZES["pocket"]} == SIZES["pocket"]
    assert config["vocab_size"] == 30522
    base = BertConfig()
    assert {key: getattr(base, key) for key in SIZES["base"]} == SIZES["base"]


@pytest.mark.parametrize("name", ["hidden_size", "num_hidden_layers", "intermediate_size"])
def test_every_slider_changes_the_counts(explorer: SizeExplorer, name: str) -> None:
    """A slider moved changes the learner's row to what the formula gives, and no other."""
    slider = explorer.sliders[name]
    before = explorer.view.value
    slider.value = slider.value + 4 * slider.step
    config = BertConfig(**{key: each.value for key, each in explorer.sliders.items()})
    assert f"{parameter_counts(config)['total']:,} parameters" in explorer.view.value
    assert explorer.view.value != before
    for known in ("12,723,040", "109,482,240", "335,141,888"):
        assert f"{known} parameters" in explorer.view.value


def test_vocabulary_and_type_change_the_memory(explorer: SizeExplorer) -> None:
    """A larger vocabulary costs parameters; a smaller type costs half the memory, for every row."""
    explorer.vocabulary.value = 60000
    config = BertConfig(vocab_size=60000, **SIZES["pocket"])
    total = parameter_counts(config)["total"]
    assert f"{total:,} parameters" in explorer.view.value and f"{4 * total / 1e6:,.0f} MB" in explorer.view.value
    explorer.dtype.value = "float16"
    assert f"{2 * total / 1e6:,.0f} MB in float16" in explorer.view.value
    assert "219 MB in float16" in explorer.view.value, "base follows too"


def test_uneven_heads_are_explained(explorer: SizeExplorer) -> None:
    """Heads that do not divide the hidden size get a note with the numbers that do; others get none."""
    explorer.sliders["num_attention_heads"].value = 7
    assert "7 heads cannot share out 288" in explorer.view.value and "6 or 8 heads" in explorer.view.value
    assert "12,723,040 parameters" in explorer.view.value
    with pytest.raises(ValueError, match="multiple of the number of attention heads"):
        AutoModel.from_config(BertConfig(**{**SIZES["pocket"], "num_attention_heads": 7}))
    explorer.sliders["num_attention_heads"].value = 9
    assert "cannot share" not in explorer.view.value


@pytest.mark.parametrize("name", list(SIZES))
def test_buttons_set_all_sliders(explorer: SizeExplorer, name: str) -> None:
    """A button brings all sliders to its model, whatever stood there before."""
    explorer.vocabulary.value = 1000
    explorer.presets[name].click()
    assert {key: slider.value for key, slider in explorer.sliders.items()} == SIZES[name]
    total = parameter_counts(BertConfig(**SIZES[name]))["total"]
    assert explorer.view.value.count(f"{total:,} parameters") == 2, "yours and the model of that name"


def test_every_corner_of_the_sliders_answers(explorer: SizeExplorer) -> None:
    """From the smallest to the largest configuration there is an answer, never an error."""
    for end in ("min", "max"):
        for slider in explorer.sliders.values():
            slider.value = getattr(slider, end)
        explorer.vocabulary.value = explorer.vocabulary.options[0 if end == "min" else -1][1]
        for dtype in DTYPES:
            explorer.dtype.value = dtype
            assert "course-wrong" not in explorer.view.value and "course-parts" in explorer.view.value
    for heads in range(1, 33):
        assert "parameters" in explained({**SIZES["base"], "num_attention_heads": heads}, 1000, "int8")


@pytest.mark.parametrize("start", ["tiny", "", None, 3])
def test_unknown_start_is_explained(start: object) -> None:
    """A model that the widget does not know is answered with those it does."""
    with pytest.raises(CourseError, match="pocket, base, large"):
        size_explorer(start)  # type: ignore[arg-type]


# --- the lesson -----------------------------------------------------------------------------------------------------


def test_the_strangers_file_is_never_opened() -> None:
    """The pickle that the lesson makes is listed, not loaded: what it would print is printed nowhere."""
    notebook = read(NOTEBOOKS / f"{STEM}.ipynb")
    listed = output_text(cell_by_id(notebook, "pickle-instructions"))
    assert "REDUCE" in listed and "'Opening the file has run this line.'" in listed
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not re.search(r"pickle\.loads?\(|torch\.load\(", cell.source), cell.id
            lines = output_text(cell).splitlines()
            assert "Opening the file has run this line." not in [line.strip() for line in lines], cell.id


def test_figures_of_the_documents_are_compared() -> None:
    """The printed configuration of BERT-base and the ids of the quick start are outputs of the lesson."""
    notebook = read(NOTEBOOKS / f"{STEM}.ipynb")
    printed = output_text(cell_by_id(notebook, "base-config")).split("\n")
    assert printed[:5] == [
        "hidden_size = 768",
        "intermediate_size = 3072",
        "max_position_embeddings = 512",
        "num_attention_heads = 12",
        "num_hidden_layers = 12",
    ]
    assert "101, 7592, 2088,  999,  102" in output_text(cell_by_id(notebook, "quick-start"))
