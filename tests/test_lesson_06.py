"""Lesson 06: what is counted is what the library makes, the sampler keeps its promises, views draw their values."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator, skip_first_batches
from accelerate.data_loader import prepare_data_loader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lesson_files import ROOT
from torch.utils.data import BatchSampler, DataLoader
from transformers import AutoTokenizer, DataCollatorWithPadding
from transformers.trainer_pt_utils import LengthGroupedSampler

from course_lessons.lesson_06.batching import (
    STRATEGIES,
    TokenBudgetBatchSampler,
    TokenCount,
    batch_shapes,
    batches_by,
    count_by_strategy,
    count_tokens,
    pair_lengths,
    token_budget,
)
from course_lessons.lesson_06.draw_batching import (
    DrawnBatch,
    batch_html,
    draw_batches,
    draw_lengths,
    draw_order,
    epoch_html,
)
from course_lessons.lesson_06.padding_explorer import BATCH_SIZES, PaddingExplorer, padding_explorer
from course_utils import CourseError, checkpoint, corpus, setup
from course_utils.exercises import _builders, load_exercises

SEEDS = range(5)

some_lengths = st.lists(st.integers(1, 90), max_size=120)
invented = settings(
    max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """The tokenizer of the lesson."""
    setup()
    return AutoTokenizer.from_pretrained(checkpoint("bert-base-uncased"))


def rows_of(lengths: list[int]) -> list[dict[str, list[int]]]:
    """Tokenized rows of given lengths."""
    return [{"input_ids": [7] * length, "attention_mask": [1] * length} for length in lengths]


# --- the lengths ------------------------------------------------------------------------------------------


def test_lengths_are_the_measured_ones() -> None:
    """4,076 pairs of 53 tokens in the mean, the longest 103; the file says where they come from and ships no text."""
    lengths = pair_lengths()
    assert (len(lengths), min(lengths), max(lengths), sum(lengths)) == (4076, 19, 103, 217014)
    assert lengths == sorted(lengths)
    file = json.loads((ROOT / "course_utils" / "corpora" / "pair_lengths.json").read_text(encoding="utf-8"))
    assert "MRPC" in file["origin"] and "uncased BERT vocabulary" in file["origin"]
    assert file["pairs"] == sum(file["counts"].values()) == 4076
    assert set(file) == {"what", "origin", "pairs", "counts"}


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_of_real_tokens(seed: int) -> None:
    """The figures of the lesson hold for every seed: 0.42, 0.67, grouped 0.97, in larger pools and by budget 0.98."""
    lengths = pair_lengths()
    shares = {strategy: counted.share for strategy, counted in count_by_strategy(lengths, seed=seed).items()}
    assert list(shares) == list(STRATEGIES)
    assert round(shares["max_length"], 2) == 0.42
    assert round(shares["longest"], 2) == 0.67
    assert round(shares["grouped"], 2) == 0.97
    assert shares["token_budget"] >= 0.98
    larger = batches_by("grouped", lengths, 32, seed, pool_batches=50)
    assert count_tokens(lengths, larger).share >= 0.98


@pytest.mark.parametrize("seed", SEEDS)
def test_the_library_reaches_larger_pools_with_more_rows(seed: int) -> None:
    """The same lengths twice: what `group_by_length` does with its own settings leaves 2 % of padding or less."""
    twice = [*pair_lengths()] * 2
    assert count_tokens(twice, batches_by("grouped", twice, 32, seed)).share >= 0.98


# --- counting ---------------------------------------------------------------------------------------------


@invented
@given(lengths=some_lengths, size=st.integers(1, 40), multiple=st.sampled_from([1, 8, 64]), seed=st.integers(0, 9))
def test_counted_is_what_the_library_pads(
    tokenizer: Any, lengths: list[int], size: int, multiple: int, seed: int
) -> None:
    """Shapes, positions and real tokens are those of the tables that the real collator makes, for every strategy."""
    for strategy in STRATEGIES:
        plan = batches_by(strategy, lengths, size, seed)
        fixed = 128 if strategy == "max_length" else None
        padding = {"padding": "max_length", "max_length": 128} if fixed else {}
        collator = DataCollatorWithPadding(tokenizer, pad_to_multiple_of=multiple, **padding)
        masks = [collator(rows_of([lengths[row] for row in batch]))["attention_mask"] for batch in plan]
        assert batch_shapes(lengths, plan, fixed, multiple) == [tuple(mask.shape) for mask in masks]
        counted = count_tokens(lengths, plan, fixed, multiple)
        positions = sum(mask.numel() for mask in masks)
        assert counted == TokenCount(sum(lengths), positions, len(plan))
        assert counted.padding == sum(int((mask == 0).sum()) for mask in masks)
        assert counted.share == (sum(lengths) / positions if positions else 1.0)


@invented
@given(lengths=some_lengths, size=st.integers(1, 40), seed=st.integers(0, 9))
def test_every_strategy_brings_every_row_once(lengths: list[int], size: int, seed: int) -> None:
    """Whatever the strategy, an epoch is every row exactly once, in batches no larger than asked for."""
    for strategy in STRATEGIES:
        plan = batches_by(strategy, lengths, size, seed)
        assert sorted(chain.from_iterable(plan)) == list(range(len(lengths))) and all(plan)
        if strategy != "token_budget":
            assert all(len(batch) == size for batch in plan[:-1]) and len(plan[-1:] or [[]][0]) <= size


def test_grouping_is_the_librarys_own() -> None:
    """`grouped` is what `train_sampling_strategy="group_by_length"` does; fixed and longest share their batches."""
    lengths = torch.randint(5, 90, (700,), generator=torch.Generator().manual_seed(3)).tolist()
    chance = torch.Generator().manual_seed(4)
    theirs = list(BatchSampler(LengthGroupedSampler(16, lengths=lengths, generator=chance), 16, drop_last=False))
    assert batches_by("grouped", lengths, 16, seed=4) == theirs
    assert batches_by("longest", lengths, 16, seed=4) == batches_by("max_length", lengths, 16, seed=4) != theirs
    assert batches_by("longest", lengths, 16, seed=5) != batches_by("longest", lengths, 16, seed=4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: batches_by("by chance", [3], 2), "by chance"),
        (lambda: batches_by("longest", [3], 0), "batch_size"),
        (lambda: batches_by("grouped", [3, 2.5], 2), "2.5"),
        (lambda: batches_by("grouped", [3, 2], 2, pool_batches=0), "pool_batches"),
        (lambda: count_tokens([3, 9], [[0, 1]], pad_to=8), "9 tokens"),
        (lambda: count_tokens([3, 9], [[0, 1]], multiple=0), "multiple"),
        (lambda: batch_shapes([3], [[0]], pad_to="eight"), "pad_to"),
        (lambda: TokenBudgetBatchSampler([3, 9], budget=8), "longest row has 9"),
        (lambda: TokenBudgetBatchSampler([3, 0], budget=8), "lengths"),
        (lambda: TokenBudgetBatchSampler([3, True], budget=8), "True"),
        (lambda: TokenBudgetBatchSampler([3], budget=8.5), "budget"),
        (lambda: TokenBudgetBatchSampler([3], budget=8, seed=-1), "seed"),
        (lambda: TokenBudgetBatchSampler([3], budget=8, pool=0), "pool"),
        (lambda: TokenBudgetBatchSampler([3], budget=8, max_rows=0), "max_rows"),
        (lambda: TokenBudgetBatchSampler([3], budget=8).set_epoch("second"), "epoch"),
        (lambda: TokenBudgetBatchSampler([3], budget=8, processes=0), "processes"),
        (lambda: TokenBudgetBatchSampler([3], budget=8, rest="hang"), "hang"),
    ],
)
def test_wrong_numbers_are_explained(call: Callable[[], object], words: str) -> None:
    """What cannot be batched is refused in a sentence that names what was given."""
    with pytest.raises(CourseError) as refused:
        call()
    assert words in str(refused.value) and len(str(refused.value).split()) >= 8


# --- the sampler ------------------------------------------------------------------------------------------

knobs = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**40),
        "pool": st.one_of(st.none(), st.integers(1, 200)),
        "max_rows": st.one_of(st.none(), st.integers(1, 30)),
    }
)


@invented
@given(lengths=some_lengths, spare=st.integers(0, 900), options=knobs, epoch=st.integers(0, 2**40))
def test_budget_sampler_keeps_its_promises(lengths: list[int], spare: int, options: dict[str, Any], epoch: int) -> None:
    """Every row once, no batch above budget or rows, at most one batch that could take more, the length foretold."""
    budget = max(lengths, default=1) + spare
    sampler = TokenBudgetBatchSampler(lengths, budget, **options)
    sampler.set_epoch(epoch)
    foretold = len(sampler)
    plan = list(sampler)
    assert len(plan) == foretold and all(plan)
    assert sorted(chain.from_iterable(plan)) == list(range(len(lengths)))
    most = options["max_rows"] or len(lengths)
    underfull = 0
    for rows, width in batch_shapes(lengths, plan):
        assert rows * width <= budget and rows <= most
        underfull += rows < min(budget // width, most)
    assert underfull <= 1
    assert sampler.epoch == epoch + 1


def test_order_follows_from_seed_and_epoch() -> None:
    """The same seed and epoch give the same order; another seed, another epoch and the next run give another one."""
    lengths = pair_lengths()
    sampler, twin = TokenBudgetBatchSampler(lengths, 1700, seed=3), TokenBudgetBatchSampler(lengths, 1700, seed=3)
    epochs = [list(sampler) for _ in range(3)]
    assert [list(twin) for _ in range(3)] == epochs
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert list(TokenBudgetBatchSampler(lengths, 1700, seed=4)) != epochs[0]
    twin.set_epoch(1)
    assert list(twin) == epochs[1]
    together = [{frozenset(batch) for batch in plan} for plan in epochs]
    assert len(together[0] & together[1]) < 0.1 * len(together[0]), "not only the order of batches is new"


def test_batches_come_in_no_order_of_length() -> None:
    """Even where all rows are sorted together, long and short batches alternate by chance; seeds do not overlap."""
    lengths = pair_lengths()
    widths = [width for _, width in batch_shapes(lengths, list(TokenBudgetBatchSampler(lengths, 1700, pool=9999)))]
    rises = sum(later > earlier for earlier, later in zip(widths, widths[1:], strict=False))
    assert 0.3 * len(widths) < rises < 0.7 * len(widths)
    second = TokenBudgetBatchSampler(lengths, 1700, seed=0)
    second.set_epoch(1)
    assert list(second) != list(TokenBudgetBatchSampler(lengths, 1700, seed=1))


def test_a_run_broken_off_is_followed_by_a_new_one() -> None:
    """A loop that stops early sees other batches in the next epoch; what a caller does to a batch stays with him."""
    sampler = TokenBudgetBatchSampler(list(range(1, 51)), 60)
    orders = [list(TokenBudgetBatchSampler(list(range(1, 51)), 60)), []]
    loader = DataLoader(range(50), batch_sampler=sampler, collate_fn=list)
    starts = []
    for _ in range(2):
        for batch in loader:
            starts.append(list(batch))
            batch.clear()
            break
    assert starts[0] == orders[0][0] and starts[0] != starts[1] and sampler.epoch == 2
    sampler.set_epoch(0)
    assert list(sampler) == orders[0]


def test_numpys_numbers_are_numbers() -> None:
    """Lengths come from a column, an array or a tensor; each gives the batches of the plain list."""
    lengths = [5, 2, 9, 4]
    plain = list(TokenBudgetBatchSampler(lengths, 12, seed=3))
    for given_lengths in (np.array(lengths), list(np.array(lengths)), torch.tensor(lengths), tuple(lengths)):
        assert list(TokenBudgetBatchSampler(given_lengths, np.int64(12), seed=np.int32(3))) == plain
    assert count_by_strategy(list(np.array(lengths)), 2) == count_by_strategy(lengths, 2)


def test_pools_trade_padding_for_chance() -> None:
    """Larger pools mean less padding, and more rows that meet again in the next epoch."""
    lengths = pair_lengths()
    shares, again = [], []
    for pool in (200, 1000, 5000):
        sampler = TokenBudgetBatchSampler(lengths, 1700, pool=pool)
        now, then = ({frozenset(pair) for batch in plan for pair in zip(batch, batch[1:], strict=False)} for plan in
                     (list(sampler), list(sampler)))  # fmt: skip
        shares.append(count_tokens(lengths, list(sampler)).share)
        again.append(len(now & then))
    assert shares == sorted(shares) and shares[0] < 0.95 < 0.99 < shares[-1]
    assert again[0] < again[-1]


def test_budget_gives_about_as_many_batches() -> None:
    """The budget of a batch size is that many rows of mean length, so that an epoch has about as many steps."""
    lengths = pair_lengths()
    for size in (8, 32, 128):
        plan = list(TokenBudgetBatchSampler(lengths, token_budget(lengths, size)))
        assert len(plan) == pytest.approx(len(lengths) / size, rel=0.1)
    assert token_budget([], 8) == 1 and list(TokenBudgetBatchSampler([], 5)) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_budget_sampler_in_a_data_loader(tokenizer: Any, workers: int) -> None:
    """A torch DataLoader takes it, with worker processes too: real texts, padded by the real collator."""
    pairs = corpus("pocket_pairs")["validation"][:]
    inputs = tokenizer(pairs["sentence1"], pairs["sentence2"])
    rows = [
        {"input_ids": ids, "attention_mask": [1] * len(ids), "label": number}
        for number, ids in enumerate(inputs["input_ids"])
    ]
    lengths = [len(ids) for ids in inputs["input_ids"]]
    sampler = TokenBudgetBatchSampler(lengths, 300, seed=1)
    collator = DataCollatorWithPadding(tokenizer)
    loader = DataLoader(rows, batch_sampler=sampler, collate_fn=collator, num_workers=workers)
    orders = []
    for _ in range(2):
        assert len(loader) == len(sampler)
        batches = list(loader)
        assert all(batch["input_ids"].numel() <= 300 for batch in batches)
        orders.append([number for batch in batches for number in batch["labels"].tolist()])
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(len(rows))) and orders[0] != orders[1]


def test_budget_sampler_under_accelerate() -> None:
    """Accelerate shuffles anew each epoch, goes back where it is told, and resumes inside an epoch."""
    lengths = [1 + row % 37 for row in range(400)]
    sampler = TokenBudgetBatchSampler(lengths, 120)
    loader = Accelerator(cpu=True).prepare(DataLoader(range(400), batch_sampler=sampler))
    epochs = [[batch.tolist() for batch in loader] for _ in range(2)]
    for plan in epochs:
        assert sorted(chain.from_iterable(plan)) == list(range(400))
    assert epochs[0] != epochs[1]
    loader.set_epoch(0)
    assert [batch.tolist() for batch in loader] == epochs[0]
    loader.set_epoch(1)
    assert [batch.tolist() for batch in skip_first_batches(loader, 5)] == epochs[1][5:]


def shares(processes: int, rest: str, epoch: int) -> list[list[list[int]]]:
    """What each of several processes gets of an epoch, prepared as Accelerate does: its batches, as lists of rows."""
    lengths = [1 + row % 37 for row in range(401)]
    found = []
    for index in range(processes):
        sampler = TokenBudgetBatchSampler(lengths, 120, processes=processes, rest=rest)
        loader = prepare_data_loader(
            DataLoader(range(401), batch_sampler=sampler),
            num_processes=processes, process_index=index, put_on_device=False, rng_types=[], even_batches=False,
        )  # fmt: skip
        loader.set_epoch(epoch)
        steps = len(loader)
        found.append([batch.tolist() for batch in loader])
        assert steps == len(found[-1])
    return found


@pytest.mark.parametrize("processes", [2, 3, 8])
def test_processes_take_equally_many_steps(processes: int) -> None:
    """In every epoch, by repeating or dropping a few batches; `set_epoch` reaches the sampler of each process."""
    uneven = 0
    for epoch in range(6):
        plain = TokenBudgetBatchSampler([1 + row % 37 for row in range(401)], 120)
        plain.set_epoch(epoch)
        plan = list(plain)
        uneven += len(plan) % processes > 0
        for rest in ("repeat", "drop"):
            found = shares(processes, rest, epoch)
            assert len({len(batches) for batches in found}) == 1, (processes, rest, epoch)
            missing = -len(plan) % processes if rest == "repeat" else -(len(plan) % processes)
            wanted = [*plan, *plan[:missing]] if rest == "repeat" else plan[: len(plan) + missing]
            assert found == [wanted[index::processes] for index in range(processes)]
    assert uneven, "the rule had something to do"


def test_more_processes_than_batches() -> None:
    """Few batches are repeated until each process has one, or none is left; no rows give no batches."""
    assert len(list(TokenBudgetBatchSampler([5, 5], 5, processes=5))) == 5
    assert list(TokenBudgetBatchSampler([5, 5], 5, processes=5, rest="drop")) == []
    assert list(TokenBudgetBatchSampler([], 5, processes=3)) == []


# --- exercises --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bert-base-uncased", "klue/roberta-base", "gpt2"])
@pytest.mark.parametrize("multiple", [1, 8])
def test_collate_is_the_librarys(name: str, multiple: int) -> None:
    """What the exercise calls right is what `DataCollatorWithPadding` makes, for any tokenizer, on its own side."""
    setup()
    load_exercises("06")
    own = AutoTokenizer.from_pretrained(checkpoint(name))
    own.pad_token = own.pad_token or own.eos_token
    texts = ["A short one.", "A film that is rather longer than the other one, and then some."]
    features = [{**own(words), "label": label} for label, words in enumerate(texts)]
    for side in ("right", "left"):
        own.padding_side = side
        theirs = DataCollatorWithPadding(own, pad_to_multiple_of=multiple)([dict(row) for row in features])
        ours = _builders["06/collate"]().right(features, own.pad_token_id, side, multiple)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours), (name, side)


# --- views ------------------------------------------------------------------------------------------------

BATCH = DrawnBatch("mine", (3, 5, 4), 8)


def test_lengths_are_drawn() -> None:
    """Every bar is as high as there are rows of that length, and the marks stand where they belong."""
    picture = draw_lengths([3, 3, 5, 9], {"mean": 5, "end": 12})
    axes = picture.figure.axes[0]
    heights = {round(bar.get_x() + bar.get_width() / 2): int(bar.get_height()) for bar in axes.patches}
    assert heights == {3: 2, 4: 0, 5: 1, 6: 0, 7: 0, 8: 0, 9: 1}
    assert [line.get_xdata()[0] for line in axes.lines] == [5, 12]
    assert [words.get_text() for words in axes.texts] == ["mean 5", "end 12"]
    assert "from 3 to 9 tokens, most often 3" in picture.words


def test_batches_are_drawn_to_one_scale() -> None:
    """Each row is its tokens and then its padding; all panels share their axes; the words give the same numbers."""
    picture = draw_batches([BATCH, DrawnBatch("other", (6,), 6), DrawnBatch("empty", (), 1)])
    figure = picture.figure
    bars = [(int(bar.get_x()), int(bar.get_width())) for bar in figure.axes[0].patches]
    assert bars == [(0, 3), (0, 5), (0, 4), (3, 5), (5, 3), (4, 4)]
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim() and figure.axes[0].get_xlim()[1] > 8
    assert figure.axes[0].get_ylim() == (3, 0) and not figure.axes[3].get_visible()
    assert figure.axes[0].get_title(loc="left") == "mine: 3 x 8 positions, 0.50 real"
    assert "mine: 3 x 8 positions, 0.50 real; other: 1 x 6 positions, 1.00 real" in picture.words


def test_a_row_longer_than_its_table_is_refused() -> None:
    """Padding never cuts, in a picture either."""
    with pytest.raises(CourseError, match="9 tokens"):
        DrawnBatch("mine", (3, 9), 8)


def test_order_is_drawn() -> None:
    """One dot a batch at the mean length, one bar from the shortest to the longest row."""
    lengths = [3, 5, 9, 7]
    plans = {"one": [[0, 1], [2, 3]], "two": [[0], [1, 2, 3]]}
    picture = draw_order(lengths, plans)
    for axes, means, spans in zip(
        picture.figure.axes, ([4, 8], [3, 7]), ([(3, 5), (7, 9)], [(3, 3), (5, 9)]), strict=True
    ):
        bars, dots = axes.collections
        assert dots.get_offsets().tolist() == [[1.0, means[0]], [2.0, means[1]]]
        assert [(segment[0][1], segment[1][1]) for segment in bars.get_segments()] == spans
    assert "one: 2 batches, mean length from 4 to 8; two" in picture.words


def test_batch_as_html() -> None:
    """Every row is drawn as wide as its tokens, names are escaped, and of a huge batch rows are chosen evenly."""
    html = batch_html(DrawnBatch("<b>&", (3, 5), 10), widest=10)
    assert "width:192px" in html and "width:448px" in html and "width:320px" in html
    assert "<b>&" not in html and "&lt;b&gt;&amp;" in html
    huge = batch_html(DrawnBatch("all", tuple(range(1, 101)), 100), widest=640)
    assert huge.count("display:block") == 50 and "50 of the 100 rows" in huge
    assert "width:1px" in huge and "width:99px" in huge
    assert "evenly chosen" not in html
    assert "0.25" in epoch_html("mine", TokenCount(1000, 4000, 7)) and "3,000 padding" in epoch_html(
        "mine", TokenCount(1000, 4000, 7)
    )


# --- the widget -------------------------------------------------------------------------------------------


@pytest.fixture
def explorer() -> PaddingExplorer:
    """The widget of the lesson."""
    return padding_explorer(pair_lengths())


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("size", [1, 32, 512])
def test_widget_shows_what_is_counted(explorer: PaddingExplorer, strategy: str, size: int) -> None:
    """Whatever is chosen, the view names the counted positions and share, and draws a batch of that epoch."""
    explorer.batch_size.value = size
    explorer.strategy.value = strategy
    counted = count_by_strategy(pair_lengths(), size)[strategy]
    assert f"{counted.positions:,} positions" in explorer.view.value and f"{counted.share:.2f}" in explorer.view.value
    assert explorer.step.max == counted.batches
    assert f"batch 1 of {counted.batches}" in explorer.view.value


def test_widget_leafs_through_the_epoch(explorer: PaddingExplorer) -> None:
    """Each step draws its own batch; where fewer batches are left, the step goes back to the last."""
    explorer.strategy.value = "grouped"
    plan = batches_by("grouped", pair_lengths(), 32)
    for step in (1, 31, 32, 128):
        explorer.step.value = step
        (rows, width) = batch_shapes(pair_lengths(), plan)[step - 1]
        assert f"batch {step} of 128: {rows} x {width} positions" in explorer.view.value
    explorer.batch_size.value = 512
    assert (explorer.step.value, explorer.step.max) == (8, 8) and "batch 8 of 8" in explorer.view.value
    explorer.batch_size.value = 32
    assert explorer.step.max == 128 and "batch 8 of 128" in explorer.view.value


@pytest.mark.parametrize("lengths", [[1], [5], [7, 7, 7], list(range(1, 129)), [128] * 600])
def test_widget_takes_any_lengths(lengths: list[int]) -> None:
    """One row, equal rows, many rows: every choice gives a view."""
    explorer = padding_explorer(lengths, batch_size=1)
    for size in BATCH_SIZES:
        explorer.batch_size.value = size
        for strategy in STRATEGIES:
            explorer.strategy.value = strategy
            explorer.step.value = explorer.step.max
            assert "course-batch" in explorer.view.value and "course-wrong" not in explorer.view.value


@pytest.mark.parametrize(
    "wrong",
    [
        {"lengths": []},
        {"lengths": [5] * 20_001},
        {"lengths": [5], "batch_size": 3},
        {"lengths": [5], "strategy": "sorted"},
        {"lengths": [0]},
        {"lengths": [200], "strategy": "max_length"},
    ],
)
def test_widget_refuses_in_words(wrong: dict[str, Any]) -> None:
    """What cannot be shown is refused with what was given and what to try."""
    with pytest.raises(CourseError):
        padding_explorer(**wrong)


def test_widget_explains_a_length_that_is_too_small() -> None:
    """A row longer than the fixed length is explained in the view when that strategy is chosen, and not before."""
    explorer = padding_explorer([5, 200], batch_size=1)
    assert "course-note" not in explorer.view.value
    explorer.strategy.value = "max_length"
    assert "200 tokens" in explorer.view.value and "course-note" in explorer.view.value
    explorer.strategy.value = "longest"
    assert "course-batch" in explorer.view.value


def test_data_file_lies_where_package_data_is_taken_from() -> None:
    """The histogram goes into the wheel: it lies below a folder that `pyproject.toml` names."""
    settings_file = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"corpora/**/*"' in settings_file
    assert Path(ROOT / "course_utils" / "corpora" / "pair_lengths.json").stat().st_size < 2000
