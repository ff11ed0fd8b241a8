"""Lesson 08: its loop beside the real Trainer, the eight parts, the pictures of differences, and the widget."""

from __future__ import annotations

import gc
import inspect
import itertools
import math
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    DataCollatorWithPadding,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    ModernBertConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PrinterCallback,
    RobertaConfig,
    Trainer,
    TrainingArguments,
    set_seed,
)

from course_lessons.lesson_08.draw_differences import differences_table, draw_differences, loss_differences_html
from course_lessons.lesson_08.loop_parts import LOOP_PARTS, apart_from, compare, without
from course_lessons.lesson_08.loop_switches import loop_switches
from course_utils import CourseError, checkpoint, corpus, setup, training
from course_utils.run_differences import RecordedRun, RunDifference, largest_difference, loss_differences, magnitude
from course_utils.training import History, decay_groups, train

WORDS = 50
SMALL = {"vocab_size": WORDS, "pad_token_id": 0, "initializer_range": 0.2}
SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
BODIES: dict[str, Callable[[], PreTrainedConfig]] = {
    "bert": lambda: BertConfig(**SMALL, **SIZES, max_position_embeddings=16),
    "roberta": lambda: RobertaConfig(**SMALL, **SIZES, max_position_embeddings=16),
    "electra": lambda: ElectraConfig(**SMALL, **SIZES, max_position_embeddings=16, embedding_size=8),
    "distilbert": lambda: DistilBertConfig(**SMALL, dim=16, n_layers=1, n_heads=2, hidden_dim=32),
    "gpt2": lambda: GPT2Config(**SMALL, n_embd=16, n_layer=1, n_head=2, n_positions=16),
    "modernbert": lambda: ModernBertConfig(**{**SMALL, **SIZES}, classifier_dropout=0.1, initializer_cutoff_factor=9.0),
}


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """One thread, no bars, no network. Each Trainer begins by collecting garbage: with what is here frozen, quickly."""
    setup()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def rows(number: int, seed: int = 1) -> list[dict[str, Any]]:
    """Rows of random ids, of 3 to 9 tokens."""
    chance = random.Random(seed)
    made = []
    for _ in range(number):
        ids = [chance.randrange(1, WORDS) for _ in range(chance.randint(3, 9))]
        made.append({"input_ids": ids, "attention_mask": [1] * len(ids), "label": chance.randrange(2)})
    return made


def collate(part: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Pad to the longest row."""
    longest = max(len(row["input_ids"]) for row in part)
    batch = {
        key: torch.tensor([row[key] + [0] * (longest - len(row[key])) for row in part])
        for key in ("input_ids", "attention_mask")
    }
    return batch | {"labels": torch.tensor([row["label"] for row in part])}


def tiny(body: str = "bert", seed: int = 42) -> PreTrainedModel:
    """A tiny model with random weights, large enough for gradients that are clipped."""
    set_seed(seed)
    model = AutoModelForSequenceClassification.from_config(BODIES[body]())
    model.accepts_loss_kwargs = False  # or the Trainer forgets to divide when it accumulates
    return model


def trainer_run(
    model: PreTrainedModel, data: Any, folder: Path, pad: Any = collate, judged: Any = None, **chosen: Any
) -> tuple[RecordedRun, list[float], list[float]]:
    """The real Trainer's run, its learning rates, and the losses of its evaluations."""
    quiet_ones = {"save_strategy": "no", "report_to": "none", "use_cpu": True, "disable_tqdm": True}
    arguments = TrainingArguments(str(folder), logging_steps=1, **{**quiet_ones, **chosen})
    trainer = Trainer(model, arguments, data_collator=pad, train_dataset=data, eval_dataset=judged)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    logged = trainer.state.log_history
    rates = [entry["learning_rate"] for entry in logged if "loss" in entry]
    return RecordedRun.of_trainer(trainer), rates, [entry["eval_loss"] for entry in logged if "eval_loss" in entry]


def run_of(model: PreTrainedModel, history: History) -> RecordedRun:
    """A run of our loop as one that can be compared."""
    return RecordedRun(model, history.losses, history.grad_norms)


# --- the finished loop ------------------------------------------------------------------------------------


def test_the_loop_is_short() -> None:
    """The whole file, docstrings and all, fits into fewer than 200 lines."""
    assert len(inspect.getsource(training).splitlines()) < 200


@dataclass(frozen=True)
class Setting:
    """One point of the grid: what is trained, and how."""

    body: str
    batch: int
    accumulate: int
    decay: float
    warmup: float
    clip: float
    evaluate: str  # never, at each epoch's end, or every 2 steps
    checkpointing: bool  # of activations: forward passes are repeated on the way back
    stop: int | None  # the step at which our loop is stopped, saved and begun anew

    def __str__(self) -> str:
        return "-".join(map(str, vars(self).values()))


CHOICES: dict[str, tuple[Any, ...]] = {
    "body": tuple(BODIES),
    "batch": (2, 3, 5),
    "accumulate": (1, 2, 3),
    "decay": (0.0, 0.1),
    "warmup": (0, 3, 0.25),
    "clip": (1.0, 0.0, 0.1),
    "evaluate": ("no", "epoch", "steps"),
    "checkpointing": (False, True),
    "stop": (None, 1, 3),
}


def grid(number: int) -> list[Setting]:
    """So many settings, in which each value stands beside each value of every other choice."""
    chance, found, missing = random.Random(4), [], set()
    names = list(CHOICES)
    for one, other in itertools.combinations(names, 2):
        missing |= {((one, a), (other, b)) for a in CHOICES[one] for b in CHOICES[other]}
    while len(found) < number:
        drawn = [{name: chance.choice(values) for name, values in CHOICES.items()} for _ in range(60)]
        pairs = [set(itertools.combinations(each.items(), 2)) for each in drawn]
        best = max(range(60), key=lambda n: len(pairs[n] & missing))
        missing -= pairs[best]
        found.append(Setting(**drawn[best]))
    assert not missing, f"{len(missing)} pairs of values are never tried together"
    return found


GRID = grid(44)


@pytest.mark.parametrize("setting", GRID, ids=str)
@pytest.mark.slow
def test_the_loop_is_the_trainer(setting: Setting, tmp_path: Path) -> None:
    """Losses, gradient norms, learning rates, evaluations and weights are equal to the last bit.

    9 rows leave short last batches and short last groups of accumulated batches.
    """
    data, judged = rows(9), rows(5, seed=2)
    epochs = 2 if setting.batch * setting.accumulate < 5 else 3
    model = tiny(setting.body)
    expected, rates, evaluations = trainer_run(
        model,
        data,
        tmp_path,
        judged=judged,
        num_train_epochs=epochs,
        per_device_train_batch_size=setting.batch,
        per_device_eval_batch_size=setting.batch,
        gradient_accumulation_steps=setting.accumulate,
        learning_rate=1e-3,
        weight_decay=setting.decay,
        warmup_steps=setting.warmup,
        max_grad_norm=setting.clip,
        eval_strategy=setting.evaluate,
        eval_steps=2,
        gradient_checkpointing=setting.checkpointing,
    )
    settings_of_ours: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": setting.batch,
        "accumulate": setting.accumulate,
        "learning_rate": 1e-3,
        "weight_decay": setting.decay,
        "warmup": setting.warmup,
        "max_grad_norm": setting.clip,
        "evaluate_on": None if setting.evaluate == "no" else judged,
        "evaluate_every": 2 if setting.evaluate == "steps" else None,
    }
    twin = tiny(setting.body)
    if setting.checkpointing:
        twin.gradient_checkpointing_enable()
    history = train(twin, data, collate, **settings_of_ours, stop_after=setting.stop, save_to=tmp_path)
    if setting.stop:
        torch.rand(7)  # another process would stand elsewhere in its random numbers
        twin = AutoModelForSequenceClassification.from_pretrained(tmp_path)
        if setting.checkpointing:
            twin.gradient_checkpointing_enable()
        rest = train(twin, data, collate, **settings_of_ours, resume_from=tmp_path)
        history = History(*(a + b for a, b in zip(history, rest, strict=True)))
    assert len(history.losses) >= 3 and max(history.grad_norms) > setting.clip, "the comparison would prove too little"
    assert largest_difference(run_of(twin, history), expected).exact
    assert history.learning_rates == rates and history.evaluations == evaluations


@pytest.mark.parametrize(
    "change",
    [
        {"max_grad_norm": 0.5},
        {"warmup": 2},
        {"weight_decay": 0.1},
        {"evaluate_on": rows(5)},
        {"share_by": "rows"},
        {"seed": 43},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_setting_changes_the_run(change: dict[str, Any]) -> None:
    """The grid can fail: a loop that ignored a setting would not be the Trainer with it."""
    told = {"epochs": 2, "batch_size": 3, "accumulate": 2, "learning_rate": 1e-3}
    plain, other = tiny(), tiny()
    runs = [run_of(plain, train(plain, rows(11), collate, **told))]
    runs.append(run_of(other, train(other, rows(11), collate, **{**told, **change})))
    assert not largest_difference(*runs).exact


@pytest.mark.parametrize("body", BODIES)
def test_decay_groups_are_the_trainers(body: str, tmp_path: Path) -> None:
    """The same weights are left alone, also where a norm is called `ln_1`, and frozen ones are in no group."""
    model = tiny(body)
    next(model.parameters()).requires_grad_(False)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    trainer = Trainer(model, TrainingArguments(str(tmp_path), use_cpu=True, report_to="none", weight_decay=0.1))
    theirs, ours = trainer.create_optimizer().param_groups, decay_groups(model, 0.1)
    for group, expected in zip(ours, theirs, strict=True):
        assert group["weight_decay"] == expected["weight_decay"]
        assert [names[id(each)] for each in group["params"]] == [names[id(each)] for each in expected["params"]]
    assert all(len(group["params"]) > 2 for group in ours)


def test_the_optimizer_is_the_trainers_default(tmp_path: Path) -> None:
    """Fused or not, as the installed library has it; before torch 2.8 it was not."""
    trainer = Trainer(tiny(), TrainingArguments(str(tmp_path), use_cpu=True, report_to="none"))
    assert bool(trainer.create_optimizer().defaults["fused"]) == training.FUSED


def test_going_on_with_other_settings_is_refused(tmp_path: Path) -> None:
    """A run that would be neither the old one nor the new one is not begun, and what differs is named."""
    train(tiny(), rows(13), collate, stop_after=2, save_to=tmp_path)
    model = tiny()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(CourseError, match="rows, learning_rate, warmup"):
        train(model, rows(12), collate, learning_rate=1e-3, warmup=2, resume_from=tmp_path)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_accumulated_token_labels_are_refused() -> None:
    """The Trainer weighs such batches by their tokens, so the loop says that it does not."""

    def with_tokens(part: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        batch = collate(part)
        return {**batch, "labels": batch["input_ids"]}

    with pytest.raises(CourseError, match="tokens"):
        train(tiny(), rows(8), with_tokens, accumulate=2)


@pytest.mark.parametrize(("name", "language"), [("bert-base-uncased", "en"), ("klue/roberta-base", "ko")])
@pytest.mark.slow
def test_the_loop_is_the_trainer_for_trained_bodies(name: str, language: str, tmp_path: Path) -> None:
    """The same for the checkpoints of the course, on its reviews."""
    folder = checkpoint(name)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    reviews = corpus("pocket_reviews", language)["train"].select(range(12))
    data = [{**tokenizer(row["text"], truncation=True), "label": row["label"]} for row in reviews]
    runs = []
    for ours in (True, False):
        set_seed(42)
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        pad = DataCollatorWithPadding(tokenizer)
        if ours:
            runs.append(run_of(model, train(model, data, pad, epochs=2)))
        else:
            runs.append(trainer_run(model, data, tmp_path, pad, num_train_epochs=2)[0])
    assert len(runs[0].losses) == 4 and largest_difference(*runs).exact


@pytest.mark.parametrize(("stop", "accumulate"), [(5, 1), (8, 1), (23, 1), (1, 3), (8, 3)])
def test_stopping_and_going_on_changes_nothing(stop: int, accumulate: int, tmp_path: Path) -> None:
    """Within an epoch or at its end: the two halves are the uninterrupted run, to the last bit."""
    data, settings = rows(60), {"accumulate": accumulate, "epochs": 3 * accumulate}
    whole = tiny()
    expected = train(whole, data, collate, **settings)
    first = train(tiny(), data, collate, stop_after=stop, save_to=tmp_path, **settings)
    torch.rand(17)
    set_seed(3)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    second = train(model, data, collate, resume_from=tmp_path, **settings)
    assert len(first.losses) == stop and second.losses
    joined = History(*(a + b for a, b in zip(first, second, strict=True)))
    assert joined == expected
    assert largest_difference(run_of(model, joined), run_of(whole, expected)).exact


def test_what_is_saved_is_safe_to_load(tmp_path: Path) -> None:
    """The saved state holds tensors and plain values only, and the weights are safetensors."""
    train(tiny(), rows(16), collate, epochs=1, save_to=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors", "training_state.pt"}
    assert torch.load(tmp_path / "training_state.pt", weights_only=True)["done"] == 2


def test_accumulated_gradients_are_those_of_the_large_batch() -> None:
    """Without dropout, batches of 4 collected four at a time give the steps of batches of 16."""
    data, histories = rows(60), []
    for batch_size, accumulate in ((16, 1), (4, 4), (5, 99)):
        model = tiny()
        for part in model.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
        model.config.attention_probs_dropout_prob = 0.0
        for part in model.modules():
            if hasattr(part, "dropout_prob"):
                part.dropout_prob = 0.0
        told = {"batch_size": batch_size, "accumulate": accumulate, "share_by": "rows"}
        histories.append(train(model, data, collate, **told))
    large, small, one = histories
    assert large.losses == pytest.approx(small.losses, abs=1e-5)
    assert large.grad_norms == pytest.approx(small.grad_norms, rel=1e-3)
    assert len(one.losses) == 3, "more batches than there are make one step an epoch"


def test_openings_of_the_loop() -> None:
    """A loss of one's own, groups, the callback, a limit on steps, and a frozen body do what they say."""
    data, seen = rows(20), []
    model, own = tiny(), tiny()
    plain = train(model, data, collate, epochs=1, on_step=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    doubled = train(own, data, collate, epochs=1, loss_of=lambda model, batch: 2 * model(**batch).loss)
    assert doubled.losses[0] == 2 * plain.losses[0]
    assert len(train(tiny(), data, collate, stop_after=2).losses) == 2
    assert len(train(tiny(), data, collate, epochs=1, stop_after=99).losses) == 3

    frozen = tiny()
    frozen.base_model.requires_grad_(False)
    before = {name: value.clone() for name, value in frozen.state_dict().items()}
    train(frozen, data, collate)
    moved = {name for name, value in frozen.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"classifier.weight", "classifier.bias"}


def test_precision_reaches_the_forward_pass() -> None:
    """In bfloat16 the logits are of that type and the weights stay what they were."""
    seen: list[torch.dtype] = []

    def watching(model: PreTrainedModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        output = model(**batch)
        seen.append(output.logits.dtype)
        return output.loss

    model = tiny()
    train(model, rows(8), collate, epochs=1, precision=torch.bfloat16, loss_of=watching)
    train(model, rows(8), collate, epochs=1, loss_of=watching)
    assert seen == [torch.bfloat16, torch.float32]
    assert {p.dtype for p in model.parameters()} == {torch.float32}


# --- what the lesson says about the library ---------------------------------------------------------------


def test_the_trainer_does_not_divide_for_bert(tmp_path: Path) -> None:
    """If this fails, the library has mended it, and the lesson has to say so."""
    data = rows(32)
    history = train(tiny(), data, collate, accumulate=2)
    model = tiny()
    del model.accepts_loss_kwargs
    run, _, _ = trainer_run(model, data, tmp_path, gradient_accumulation_steps=2)
    assert run.losses[0] / history.losses[0] == pytest.approx(2, abs=1e-4)


def test_a_loader_draws_once_when_it_begins() -> None:
    """The one number that moves the dropout stream."""
    torch.manual_seed(5)
    torch.empty((), dtype=torch.int64).random_()
    drawn = torch.get_rng_state()
    torch.manual_seed(5)
    list(torch.utils.data.DataLoader(rows(9), batch_size=2, collate_fn=collate))
    assert torch.equal(torch.get_rng_state(), drawn)


# --- the eight parts --------------------------------------------------------------------------------------


def test_all_parts_make_the_trainer() -> None:
    """With all eight the tiny loop equals the real Trainer in every one of 24 steps."""
    found = compare()
    assert found.difference.exact and len(found.steps) == 24 and set(found.steps) == {0.0}


@pytest.mark.parametrize("part", LOOP_PARTS)
def test_each_part_is_needed(part: str) -> None:
    """Without any one of them the runs part; each difference is well inside its order of magnitude."""
    difference = without(part).difference
    for value in (difference.loss, difference.grad_norm, difference.weights):
        assert value > 0
        place = math.log10(value) % 1
        assert 0.02 < place < 0.98, f"{part}: {value} is too near a power of ten to be printed the same everywhere"


def test_without_dropout_its_stream_is_idle() -> None:
    """Where nothing is drawn, the draw of the DataLoader changes nothing."""
    assert without("dropout", "stream").steps == without("dropout").steps
    assert max(without("dropout", "padding").steps) != max(without("padding").steps)


def test_padding_without_dropout_is_rounding() -> None:
    """Where nothing is drawn, longer padding changes losses by rounding and weights by what Adam makes of it."""
    difference = apart_from(["dropout"], ["dropout", "padding"])
    assert 0 < difference.loss < 1e-4 and 0 < difference.weights < 1e-3
    with_dropout = apart_from([], ["padding"])
    assert with_dropout == without("padding").difference and with_dropout.loss > 0.01
    for value in (difference.weights, *vars(with_dropout).values()):
        assert 0.02 < math.log10(value) % 1 < 0.98, (
            f"{value} is too near a power of ten to be printed the same everywhere"
        )


def test_an_unknown_part_is_explained() -> None:
    """A misspelt part is answered with the parts there are."""
    with pytest.raises(CourseError, match="dropuot.*seed, order, stream"):
        compare(frozenset({"dropuot"}))


# --- differences and their pictures -----------------------------------------------------------------------


def test_largest_difference_looks_everywhere() -> None:
    """The largest difference is found wherever it is, the last weight included."""
    a, b = nn.Linear(3, 2), nn.Linear(3, 2)
    b.load_state_dict(a.state_dict())
    with torch.no_grad():
        b.bias[1] += 0.5
    difference = largest_difference(
        RecordedRun(a, [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]), RecordedRun(b, [1.0, 2.5, 3.0], [1.0, 1.0, 9.0])
    )
    assert (
        (difference.loss, difference.grad_norm) == (0.5, 8.0)
        and difference.weights == pytest.approx(0.5)
        and not difference.exact
    )
    assert loss_differences(RecordedRun(a, [1.0, float("nan")]), RecordedRun(b, [1.0, 1.0])) == [0.0, math.inf]


def test_runs_that_cannot_be_compared_are_explained() -> None:
    """Other numbers of steps, other models, a Trainer that logged nothing."""
    with pytest.raises(CourseError, match="1 steps, the other 2"):
        largest_difference(
            RecordedRun(nn.Linear(1, 1), [1.0], [1.0]), RecordedRun(nn.Linear(1, 1), [1.0, 1.0], [1.0, 1.0])
        )
    with pytest.raises(CourseError, match="different shapes"):
        largest_difference(RecordedRun(nn.Linear(1, 2)), RecordedRun(nn.Linear(1, 1)))
    with pytest.raises(CourseError, match="no run"):
        draw_differences({})


def test_a_trainer_that_logged_too_little_is_explained(tmp_path: Path) -> None:
    """Without logging_steps=1 there is nothing to compare, and the message says what to set."""
    quiet_ones = {"save_strategy": "no", "report_to": "none", "use_cpu": True, "disable_tqdm": True}
    arguments = TrainingArguments(str(tmp_path), num_train_epochs=1, **quiet_ones)
    trainer = Trainer(tiny(), arguments, data_collator=collate, train_dataset=rows(16))
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    with pytest.raises(CourseError, match="logging_steps=1"):
        RecordedRun.of_trainer(trainer)


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
@settings(max_examples=60, deadline=None)
def test_only_an_exact_zero_is_written_as_zero(value: float) -> None:
    """However small a difference is, it is not called none; its order of magnitude is right."""
    said = magnitude(value)
    assert (said == "0") == (value == 0)
    if value >= 1e-5:
        assert float(said) <= value * (1 + 1e-9) and value < 10 * float(said) * (1 + 1e-9)


DIFFERENCES = {
    "plain": RunDifference(0.2, 3.0, 1e-3),
    "nearly": RunDifference(2e-7, 0.0, 1e-12),
    "lost": RunDifference(math.inf, 500.0, 1.0),
    "same": RunDifference(0, 0, 0),
}


def test_figure_stands_where_the_numbers_are() -> None:
    """A dot at the power of ten, a square for each exact zero and for nothing else, a row for each run."""
    figure = draw_differences(DIFFERENCES).figure
    for axes, column in zip(figure.axes, ("loss", "grad_norm", "weights"), strict=True):
        marks = [(line.get_marker(), line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines]
        for row, difference in enumerate(DIFFERENCES.values()):
            value = getattr(difference, column)
            shape, x, y = marks[row]
            assert y == row and shape == ("s" if value == 0 else "o")
            if 1e-9 < value < 10:
                assert x == pytest.approx(math.log10(value))
            else:
                assert x < -9 if value == 0 else x in (-9, 1)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(DIFFERENCES)


def test_words_say_what_the_figure_shows() -> None:
    """Alt text and table give the order of magnitude of each number, under the name of its run."""
    alt, table = draw_differences(DIFFERENCES).words, differences_table(DIFFERENCES).splitlines()
    assert "plain: loss 1e-01, gradient norm 1e+00, weights 1e-03" in alt
    assert "nearly: loss below 1e-05, gradient norm 0, weights below 1e-05" in alt
    assert table[1].split() == ["plain", "1e-01", "1e+00", "1e-03"] and table[4].split() == ["same", "0", "0", "0"]


def drawing(html: str) -> str:
    """The picture inside a piece of HTML, as its markup."""
    return unquote(re.search(r'src="data:image/svg\+xml,([^"]*)"', html).group(1))


def test_curve_and_words_agree() -> None:
    """Equal, unequal from some step on, and equal in losses only are told apart in words and in shapes."""
    equal = loss_differences_html([0.0] * 4, RunDifference(0, 0, 0), [])
    assert "to the last bit" in equal and drawing(equal).count("<rect") == 4 and "<circle" not in drawing(equal)
    late = loss_differences_html([0.0, 0.0, 1e-3, 1e-2], RunDifference(1e-2, 0.1, 1e-4), ["clipping"])
    assert "first differs in step 3" in late and "clipping" in late
    assert (drawing(late).count("<rect"), drawing(late).count("<circle")) == (2, 2)
    heights = [float(y) for y in re.findall(r'<circle cx="\d+" cy="([\d.]+)"', drawing(late))]
    assert heights[1] < heights[0], "a larger difference stands higher"
    hidden = loss_differences_html([0.0], RunDifference(0, 0, 1e-7), ["optimizer"])
    assert "All losses are equal" in hidden and "weights below 1e-05" in hidden
    assert "<script>" not in loss_differences_html([0.0], RunDifference(0, 0, 0), ["<script>"])


# --- the widget -------------------------------------------------------------------------------------------


def test_switches_change_the_view() -> None:
    """Each switch is a part: off, its name and its difference stand in the view; on again, the loop is the Trainer."""
    live = loop_switches()
    assert list(live.switches) == list(LOOP_PARTS) and "to the last bit" in live.view.value
    for part, switch in live.switches.items():
        switch.value = False
        found = without(part)
        assert switch.description in live.view.value.replace("&#x27;", "'")
        assert f"loss {magnitude(found.difference.loss)}" in live.view.value
        assert drawing(live.view.value).count("<circle") == sum(step > 0 for step in found.steps)
        switch.value = True
        assert "to the last bit" in live.view.value


def test_switches_combine() -> None:
    """Several switches at once give the run without all of them."""
    live = loop_switches(["schedule"])
    assert not live.switches["schedule"].value
    live.switches["clipping"].value = False
    expected = without("schedule", "clipping")
    assert f"gradient norm {magnitude(expected.difference.grad_norm)}" in live.view.value
    assert expected.difference not in (without("schedule").difference, without("clipping").difference)


def test_a_failing_run_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a run fails, the view says so."""
    live = loop_switches()

    def fails(*parts: str) -> Callable[..., object]:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("course_lessons.lesson_08.loop_switches.without", fails)
    live.switches["seed"].value = False
    assert "out of luck" in live.view.value
