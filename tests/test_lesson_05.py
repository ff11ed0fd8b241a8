"""Lesson 05: batches, masks and attention as drawn, the board that is clicked, and the exercises' own answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

import pytest
import torch
from lesson_files import NOTEBOOKS, cell_by_id, fenced_python, output_text, read
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as library_logging

from course_lessons.lesson_05.draw_padding import (
    batch_grid,
    batch_words,
    draw_masked_attention,
    draw_padding_drift,
    leak,
)
from course_lessons.lesson_05.library_log import library_log
from course_lessons.lesson_05.mask_board import MaskBoard, mask_board
from course_lessons.lesson_05.padded_batch import MOST_POSITIONS, padded_batch, probabilities
from course_lessons.lesson_05.ready_made import cut_into_windows, one_head
from course_utils import CourseError, checkpoint, setup
from course_utils.palette import ORANGE, PAPER, SKY, SOFT

SST2 = "distilbert-base-uncased-finetuned-sst-2-english"
SENTENCES = ["I loved how messy the family was.", "Not the disaster I was promised.", "No"]
STEM = "05_padding_and_masks"

Loaded = tuple[object, object]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """Tokenizer and model of the sentiment checkpoint, with attention that keeps its weights."""
    setup()
    name = checkpoint(SST2)
    model = AutoModelForSequenceClassification.from_pretrained(name, attn_implementation="eager")
    return AutoTokenizer.from_pretrained(name), model


@pytest.fixture
def board(loaded: Loaded) -> MaskBoard:
    """The widget of the lesson with three sentences."""
    return mask_board(*loaded, SENTENCES)


@pytest.fixture(scope="module")
def attention(loaded: Loaded) -> tuple[list[str], list[int], torch.Tensor, torch.Tensor]:
    """Tokens, mask, and the model's own weights of one head without and with the mask, for a padded row."""
    tokenizer, model = loaded
    inputs = tokenizer(SENTENCES, padding=True, return_tensors="pt")
    with torch.no_grad():
        masked = model(**inputs, output_attentions=True).attentions[0][1, 1]
        without = model(input_ids=inputs["input_ids"], output_attentions=True).attentions[0][1, 1]
    tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][1])
    return tokens, inputs["attention_mask"][1].tolist(), without, masked


# --- batches ----------------------------------------------------------------------------------------------


def test_padded_batch_is_what_the_tokenizer_gives(loaded: Loaded) -> None:
    """Ids, tokens and mask are the library's own."""
    batch = padded_batch(SENTENCES, loaded[0])
    expected = loaded[0](SENTENCES, padding=True)
    assert [list(row) for row in batch.ids] == expected["input_ids"]
    assert [list(row) for row in batch.mask] == expected["attention_mask"]
    assert batch.tokens[2][:4] == ("[CLS]", "no", "[SEP]", "[PAD]") and batch.cut == (0, 0, 0)


def test_long_sentence_is_cut_and_counted(loaded: Loaded) -> None:
    """A sentence too long for the board is cut as a tokenizer cuts, and the loss is counted."""
    batch = padded_batch(["very " * 40, "no"], loaded[0])
    assert len(batch.ids[0]) == MOST_POSITIONS and batch.tokens[0][-1] == "[SEP]"
    assert batch.cut == (42 - MOST_POSITIONS, 0)


@pytest.mark.parametrize("given", [None, 7, [], ["a", 3], {"a": 1}, ["a"] * 5])
def test_padded_batch_refuses_in_words(loaded: Loaded, given: object) -> None:
    """Whatever is no small list of texts is named, with what to give in its place."""
    with pytest.raises(CourseError, match="sentences"):
        padded_batch(given, loaded[0])  # type: ignore[arg-type]


def test_tokenizer_without_padding_token_is_explained(loaded: Loaded) -> None:
    """A tokenizer that cannot pad is told apart, with the line that mends it."""
    bare = AutoTokenizer.from_pretrained(checkpoint(SST2))
    bare.pad_token = None
    with pytest.raises(CourseError, match=r"pad_token = tokenizer\.eos_token"):
        padded_batch(["no"], bare)


@pytest.mark.parametrize("typed", ["", " ", "\x00", "👍🏽" * 30, "ㅋㅋㅋ", "<b>&amp;", "\ud83d", "[PAD] [MASK]"])
def test_any_text_makes_a_batch(loaded: Loaded, typed: str) -> None:
    """Whatever is typed makes a padded batch, and the model answers."""
    batch = padded_batch([typed, "no"], loaded[0])
    assert len({len(row) for row in batch.tokens}) == 1
    assert probabilities(loaded[1], batch.ids, batch.mask).sum(dim=-1).tolist() == pytest.approx([1, 1])


def test_probabilities_are_the_librarys(loaded: Loaded) -> None:
    """With a mask they are those of the sentences alone; without one they are not, and differ with the length."""
    tokenizer, model = loaded
    batch = padded_batch(SENTENCES, tokenizer)
    masked = probabilities(model, batch.ids, batch.mask)
    for row, sentence in enumerate(SENTENCES):
        with torch.no_grad():
            logits = model(**tokenizer(sentence, return_tensors="pt")).logits[0]
        torch.testing.assert_close(masked[row], torch.softmax(logits, dim=-1), atol=1e-5, rtol=1e-4)
    assert (probabilities(model, batch.ids)[2] - masked[2]).abs().max() > 0.01


def test_body_without_head_is_explained(loaded: Loaded) -> None:
    """A body is told apart from a classifier in words."""
    with pytest.raises(CourseError, match="AutoModelForSequenceClassification"):
        mask_board(loaded[0], AutoModel.from_pretrained(checkpoint(SST2)), ["no"])


def test_library_log_collects_and_restores() -> None:
    """Messages are collected and not printed; afterwards the log is as it was, also when the block fails."""
    logger = library_logging.get_logger("transformers.example")
    root, before = logging.getLogger("transformers"), library_logging.get_verbosity()
    handlers = list(root.handlers)
    with pytest.raises(ZeroDivisionError), library_log() as said:
        logger.warning("one %s", 1)
        logger.info("not this")
        raise ZeroDivisionError
    assert said == ["one 1"]
    assert root.handlers == handlers and library_logging.get_verbosity() == before
    logger.warning("after")
    assert said == ["one 1"]


# --- pictures ---------------------------------------------------------------------------------------------


def test_grid_shows_tokens_and_mask() -> None:
    """Each cell holds its token and its entry in the mask; colour says the same; padding that is read stands out."""
    grid = batch_grid([["[CLS]", "no", "[PAD]"]], [[1, 0, 1]], [[1, 1, 0]])
    cells = re.findall(r'border:2px (\w+)[^"]*background:([^";]+)">([^<]*)<br><small>(\d)</small></span> </td>', grid)
    assert cells == [
        ("solid", SKY, "[CLS]", "1"),
        ("solid", SOFT, "no", "0"),
        ("dashed", ORANGE, "[PAD]", "1"),
    ]
    assert "<script>" not in batch_grid([["<script>"]], [[1]])
    assert batch_words([["a", "b"], ["c", "d"]], [[1, 1], [1, 0]]) == (
        "A batch of 2 rows and 2 positions. Attended to: 2 of row 1, 1 of row 2."
    )


@pytest.mark.parametrize("mask", [[[1]], [[1, 0], [1, 0]], [[1, 0, 1]], []])
def test_grid_refuses_another_shape(mask: list[list[int]]) -> None:
    """A mask that does not fit its tokens is named."""
    with pytest.raises(CourseError, match="same length"):
        batch_grid([["a", "b"]], mask)


def test_drift_draws_the_numbers() -> None:
    """Each curve goes through its numbers, and its answer alone is a line of the same colour."""
    curves, alone = {"yes": [0.9, 0.4], "no": [0.1, 0.6]}, {"yes": 0.95, "no": 0.05}
    picture = draw_padding_drift([8, 16], curves, alone)
    lines = picture.figure.axes[0].lines[1:]  # the first is the middle
    assert [list(line.get_ydata()) for line in lines] == [[0.9, 0.4], [0.1, 0.6], [0.95, 0.95], [0.05, 0.05]]
    assert [lines[n].get_color() == lines[n + 2].get_color() for n in (0, 1)] == [True, True]
    assert lines[0].get_color() != lines[1].get_color() and lines[0].get_marker() != lines[1].get_marker()
    assert "yes: alone 0.95, at length 16 0.40; no: alone 0.05, at length 16 0.60" in picture.words
    for broken in ({"yes": [0.9]}, {"maybe": [0.1, 0.2]}):
        with pytest.raises(CourseError, match="each length"):
            draw_padding_drift([8, 16], broken, alone)


def strip_of(figure: Figure, number: int) -> list[tuple[str, tuple[float, ...]]]:
    """Number and colour of each cell of a mask in the attention figure."""
    axes = figure.axes[number]
    return [(t.get_text(), bar.get_facecolor()) for t, bar in zip(axes.texts, axes.patches, strict=True)]


def test_attention_figure_draws_the_models_weights(
    attention: tuple[list[str], list[int], torch.Tensor, torch.Tensor],
) -> None:
    """Heat maps hold the rows of the real tokens, strips hold the masks, titles the share that padding gets."""
    tokens, mask, without, masked = attention
    picture, real = draw_masked_attention(*attention), sum(mask)
    figure = picture.figure
    for axes, weights in ((figure.axes[0], without), (figure.axes[2], masked)):
        drawn = torch.tensor(axes.images[0].get_array().tolist())
        torch.testing.assert_close(drawn, weights[:real])
        assert [label.get_text() for label in axes.get_xticklabels()] == tokens
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == tokens[:real]
    padded = [(digit, to_rgba(colour)) for digit, colour in (("1", ORANGE), ("0", PAPER))]
    assert strip_of(figure, 1) == [("1", to_rgba(SKY))] * real + padded[:1] * (len(mask) - real)
    assert strip_of(figure, 3) == [("1", to_rgba(SKY))] * real + padded[1:] * (len(mask) - real)
    share = without[:real, real:].sum(dim=-1).mean().item()
    assert leak(without, mask) == pytest.approx(share) and leak(masked, mask) == 0 and share > 0.1
    assert f"{round(100 * share)} %" in figure.axes[1].get_title() and "0 %" in figure.axes[3].get_title()
    assert f"{real} real tokens" in picture.words and f"{round(100 * share)} percent" in picture.words


def test_attention_figure_refuses_another_shape() -> None:
    """Weights, mask and tokens that do not fit each other are named."""
    half = torch.full((2, 2), 0.5)
    for tokens, mask in ((["a"], [1]), (["a", "b"], [1])):
        with pytest.raises(CourseError, match="one row and one column"):
            draw_masked_attention(tokens, mask, half, half)


# --- the board --------------------------------------------------------------------------------------------


def shown(board: MaskBoard) -> list[float | None]:
    """The probability written below each row."""
    found = [re.search(r"POSITIVE (\d\.\d\d)", result.value) for result in board.results]
    return [float(match.group(1)) if match else None for match in found]


def expected(board: MaskBoard, loaded: Loaded, masks: Sequence[Sequence[int]]) -> list[float]:
    """What the library gives for the whole batch under these masks."""
    with torch.no_grad():
        logits = loaded[1](input_ids=torch.tensor(board.batch.ids), attention_mask=torch.tensor(masks)).logits
    return [round(p, 2) for p in torch.softmax(logits, dim=-1)[:, 1].tolist()]


def test_board_starts_with_the_tokenizers_mask(board: MaskBoard, loaded: Loaded) -> None:
    """At first the switches are the tokenizer's mask, and the answers those of the sentences alone."""
    assert [[int(switch.value) for switch in row] for row in board.cells] == [list(row) for row in board.batch.mask]
    assert shown(board) == pytest.approx(expected(board, loaded, board.batch.mask), abs=0.011)
    assert all("read alone" in result.value for result in board.results)


def test_one_click_moves_one_row(board: MaskBoard, loaded: Loaded) -> None:
    """A switch changes the mask of its position: that row moves to the library's answer, the others stay."""
    before = [result.value for result in board.results]
    position = board.batch.tokens[1].index("not")
    assert board.cells[1][position].description == "1 not"
    board.cells[1][position].value = False
    assert board.cells[1][position].description == "0 not" and board.cells[1][position].button_style == ""
    masks = [list(row) for row in board.batch.mask]
    masks[1][position] = 0
    assert [result.value for result in board.results][::2] == before[::2]
    assert shown(board)[1] == pytest.approx(expected(board, loaded, masks)[1], abs=0.011)
    assert shown(board)[1] < 0.2 < 0.5 < expected(board, loaded, board.batch.mask)[1]
    board.cells[1][position].value = True
    assert [result.value for result in board.results] == before


def test_buttons_set_whole_masks(loaded: Loaded) -> None:
    """One button takes the mask away, one brings it back, and each row is read once for it."""
    tokenizer, model = loaded
    calls = []

    class Counted:
        config, device = model.config, model.device

        def __call__(self, **inputs: object) -> object:
            calls.append(1)
            return model(**inputs)

    board = mask_board(tokenizer, Counted(), SENTENCES)  # type: ignore[arg-type]
    before = [result.value for result in board.results]
    calls.clear()
    board.ones.click()
    assert len(calls) == len(SENTENCES)
    ones = [[1] * len(row) for row in board.batch.mask]
    assert shown(board) == pytest.approx(expected(board, loaded, ones), abs=0.011)
    styles = {switch.button_style for row in board.cells for switch in row}
    assert styles == {"info", "warning"}, "padding that is read has a colour of its own"
    board.right.click()
    assert [result.value for result in board.results] == before


def test_a_row_of_zeros_gets_words(board: MaskBoard) -> None:
    """Where nothing is left to attend to there is no number, but a sentence that says why."""
    for switch in board.cells[2]:
        switch.value = False
    assert shown(board)[2] is None and "Nothing is left" in board.results[2].value
    board.cells[2][0].value = True
    assert shown(board)[2] is not None


def test_a_failing_model_is_explained(loaded: Loaded) -> None:
    """If the model fails at a mask, the row says so and the switches stay."""
    tokenizer, model = loaded

    class Fails:
        config, device, calls = model.config, model.device, 0

        def __call__(self, **inputs: object) -> object:
            self.calls += 1
            if self.calls > 2:
                raise RuntimeError("out of luck")
            return model(**inputs)

    board = mask_board(tokenizer, Fails(), ["fine"])  # type: ignore[arg-type]
    board.cells[0][1].value = False
    assert "out of luck" in board.results[0].value and board.cells[0][1].value is False


def test_long_tokens_fit_their_switch(loaded: Loaded) -> None:
    """A token too long for its switch is whole in sight and in its tooltip; cut sentences say so."""
    board = mask_board(*loaded, ["transportation " * 30])
    assert board.cells[0][1].description == "1 transportation" and board.cells[0][1].tooltip == "transportation"
    assert "16 tokens of this sentence were cut" in board.results[0].value


# --- exercises --------------------------------------------------------------------------------------------


def solution(name: str) -> object:
    """The function that the lesson itself gives as the solution of an exercise."""
    source = fenced_python(cell_by_id(read(NOTEBOOKS / f"{STEM}.ipynb"), f"solution-{name}").source)[0]
    scope: dict[str, object] = {"torch": torch}
    exec(compile(source, name, "exec"), scope)
    return scope[name.replace("-", "_")]


@pytest.mark.parametrize(("room", "stride"), [(3, 0), (5, 2), (8, 7), (14, 4), (30, 10), (200, 50)])
def test_windows_are_the_tokenizers(loaded: Loaded, room: int, stride: int) -> None:
    """The windows expected of the learner are those that the library cuts, at every length."""
    for words in (0, 1, room - 1, room, room + 1, 2 * room - stride, 2 * room - stride + 1, 67):
        text = " ".join(["film", "a", "the", "actor", "good"][n % 5] for n in range(words))
        options = {"truncation": True, "max_length": room + 2, "stride": stride, "return_overflowing_tokens": True}
        made = [row[1:-1] for row in loaded[0](text, **options)["input_ids"]]
        ids = loaded[0](text, add_special_tokens=False)["input_ids"]
        assert len(ids) == words
        assert cut_into_windows(ids, room, stride) == made == solution("windows")(ids, room, stride)  # type: ignore[operator]


def test_padding_is_the_tokenizers(loaded: Loaded) -> None:
    """The padded batch expected of the learner is the one that the library makes."""
    rows = [[101, 102], [101, 7592, 999, 102], [101]]
    made = loaded[0].pad({"input_ids": rows})
    ids, mask = solution("pad-rows")(rows, loaded[0].pad_token_id)  # type: ignore[operator]
    assert (ids, mask) == (made["input_ids"], made["attention_mask"])


def test_masked_softmax_is_the_models(loaded: Loaded) -> None:
    """The weights expected of the learner are those of the model, computed from its own queries and keys."""
    tokenizer, model = loaded
    inputs = tokenizer(SENTENCES, padding=True, return_tensors="pt")
    with torch.no_grad():
        output = model(**inputs, output_attentions=True, output_hidden_states=True)
        layer, heads = model.bert.encoder.layer[0].attention.self, model.config.num_attention_heads
        query, key = (
            part(output.hidden_states[0]).unflatten(-1, (heads, -1)).transpose(1, 2)
            for part in (layer.query, layer.key)
        )
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    weights = solution("masked-softmax")(scores, inputs["attention_mask"])  # type: ignore[operator]
    torch.testing.assert_close(weights, output.attentions[0], atol=1e-5, rtol=1e-4)


def test_heads_are_the_models(loaded: Loaded) -> None:
    """All heads side by side, the stored solution's and the ready-made ones, are what the model's first layer makes."""
    tokenizer, model = loaded
    inputs = tokenizer(SENTENCES, padding=True, return_tensors="pt")
    attention, seen = model.bert.encoder.layer[0].attention, []
    hook = attention.output.dense.register_forward_pre_hook(lambda layer, args: seen.append(args[0]))
    layers = [attention.self.query, attention.self.key, attention.self.value]
    heads = model.config.num_attention_heads
    with torch.no_grad():
        vectors = model(**inputs, output_hidden_states=True).hidden_states[0]
        hook.remove()
        for answer in (one_head, solution("one-head")):
            made = [answer(vectors, inputs["attention_mask"], layers, n, heads) for n in range(heads)]  # type: ignore[operator]
            torch.testing.assert_close(torch.cat(made, dim=-1), seen[0], atol=1e-4, rtol=1e-4)


# --- what the lesson says ---------------------------------------------------------------------------------


def test_every_review_crosses_the_middle(loaded: Loaded) -> None:
    """The prose says that each of the three reviews gets the wrong label at some length: its own numbers say so."""
    notebook = read(NOTEBOOKS / f"{STEM}.ipynb")
    source = cell_by_id(notebook, "drift").source
    scope: dict[str, object] = {}
    exec(source.split("curves")[0], scope)
    tokenizer, model = loaded
    for text in scope["reviews"]:  # type: ignore[attr-defined]
        alone = probabilities(model, [tokenizer(text)["input_ids"]])[0, 1] > 0.5
        filled = [tokenizer(text, padding="max_length", max_length=n)["input_ids"] for n in scope["lengths"]]
        assert any((probabilities(model, [row])[0, 1] > 0.5) != alone for row in filled), text


def test_each_architecture_is_asked() -> None:
    """The four messages of a missing batch axis stand in the stored output, the document's own among them."""
    said = output_text(cell_by_id(read(NOTEBOOKS / f"{STEM}.ipynb"), "one-dimension-by-architecture"))
    assert re.findall(r"^(\w+): (\w+)", said, flags=re.MULTILINE) == [
        ("bert", "ValueError"),
        ("roberta", "IndexError"),
        ("distilbert", "RuntimeError"),
        ("gpt2", "IndexError"),
    ]
    assert "Dimension out of range (expected to be in range of [-1, 0], but got 1)" in said
