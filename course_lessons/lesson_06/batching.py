"""Which rows go into a batch together and what that costs, and a sampler that fills batches by tokens instead of rows.

A row is one example, its length the number of its tokens. A batch of rows is padded to its longest row (or to a fixed
length), so it has rows x padded length positions, and every position costs the same, be it a token or padding.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain, cycle, islice
from numbers import Integral

import torch
from torch.utils.data import BatchSampler, RandomSampler, Sampler

from course_utils.messages import CourseError, brief, text

STRATEGIES = ("max_length", "longest", "grouped", "token_budget")
"""Ways to form batches: random rows padded to one fixed length; random rows padded to the longest of the batch; rows
of similar length together; as many rows of similar length as fit into a number of tokens."""

POOL_BATCHES = 50
"""Rows that are sorted together by default, in batches: the most that the library's own grouping takes."""


@cache
def _pair_histogram() -> Mapping[int, int]:
    source = files("course_utils").joinpath("corpora", "pair_lengths.json")
    counts: dict[str, int] = json.loads(source.read_text(encoding="utf-8"))["counts"]
    return {int(length): number for length, number in counts.items()}


def pair_lengths() -> list[int]:
    """Lengths in tokens of 4,076 real sentence pairs, the training pairs of MRPC, shortest first.

    Measured with the uncased BERT vocabulary, special tokens included.

    >>> lengths = pair_lengths()
    >>> len(lengths), lengths[0], lengths[-1], round(sum(lengths) / len(lengths))
    (4076, 19, 103, 53)
    """
    return list(chain.from_iterable([length] * number for length, number in sorted(_pair_histogram().items())))


@dataclass(frozen=True)
class TokenCount:
    """What a list of batches holds.

    Attributes:
        real: tokens of the texts.
        positions: positions of all tables, padding included: what is calculated with.
        batches: number of batches.

    >>> TokenCount(real=30, positions=40, batches=1).share
    0.75
    """

    real: int
    positions: int
    batches: int

    @property
    def padding(self) -> int:
        """Positions that hold no token."""
        return self.positions - self.real

    @property
    def share(self) -> float:
        """Real tokens among all positions, 0 to 1; 1 where there is nothing to pad."""
        return self.real / self.positions if self.positions else 1.0


def batch_shapes(
    lengths: Sequence[int], batches: Iterable[Sequence[int]], pad_to: int | None = None, multiple: int = 1
) -> list[tuple[int, int]]:
    """Shape (rows, padded length) of each batch.

    Args:
        lengths: tokens of each row.
        batches: the rows of each batch, by their number in `lengths`.
        pad_to: pad every batch to this length; None pads each to its own longest row.
        multiple: round the padded length up to a multiple of this, as `pad_to_multiple_of` does.
    Raises:
        CourseError: a row is longer than `pad_to` (padding never cuts), or a number is not a positive whole number.

    >>> batch_shapes([3, 5, 4, 9], [[0, 1], [2, 3]])
    [(2, 5), (2, 9)]
    >>> batch_shapes([3, 5, 4, 9], [[0, 1], [2, 3]], multiple=8)
    [(2, 8), (2, 16)]
    """
    _positive("multiple", multiple)
    if pad_to is not None:
        _positive("pad_to", pad_to)
    shapes = []
    for batch in batches:
        longest = max((lengths[row] for row in batch), default=0)
        if pad_to is not None and longest > pad_to:
            raise CourseError(text("batching.longer_than_pad_to", longest=longest, pad_to=pad_to))
        width = longest if pad_to is None else pad_to
        shapes.append((len(batch), -(-width // multiple) * multiple))
    return shapes


def count_tokens(
    lengths: Sequence[int], batches: Iterable[Sequence[int]], pad_to: int | None = None, multiple: int = 1
) -> TokenCount:
    """Real tokens and positions of a list of batches. Arguments and errors as for `batch_shapes`.

    >>> counted = count_tokens([3, 5, 4, 9], [[0, 1], [2, 3]])
    >>> counted.real, counted.positions, counted.padding, counted.share
    (21, 28, 7, 0.75)
    """
    batches = [list(batch) for batch in batches]
    shapes = batch_shapes(lengths, batches, pad_to, multiple)
    real = sum(lengths[row] for batch in batches for row in batch)
    return TokenCount(real, sum(rows * width for rows, width in shapes), len(batches))


def batches_by(
    strategy: str, lengths: Sequence[int], batch_size: int, seed: int = 0, pool_batches: int | None = None
) -> list[list[int]]:
    """One epoch of batches formed by a strategy, by torch's and the library's own functions where they have one.

    Args:
        strategy: one of `STRATEGIES`; "max_length" and "longest" form the same batches and differ in their padding.
        lengths: tokens of each row, each at least 1.
        batch_size: rows of a batch; for "token_budget" the budget is this many rows of mean length, so that an epoch
            has about as many batches.
        seed: seed of the order.
        pool_batches: for "grouped", how many batches' rows are sorted together. None leaves it to the library, as
            `train_sampling_strategy="group_by_length"` does: a quarter of the rows, at most 50 batches.
    Raises:
        CourseError: an unknown strategy, or a length, batch size or pool that is not a positive whole number.

    >>> batches_by("grouped", [9, 3, 8, 2], batch_size=2, pool_batches=2)
    [[0, 2], [1, 3]]
    """
    _positive("batch_size", batch_size)
    if pool_batches is not None:
        _positive("pool_batches", pool_batches)
    lengths = _checked(lengths)
    generator = torch.Generator().manual_seed(seed)
    if strategy in ("max_length", "longest"):
        rows: Iterable[int] = RandomSampler(lengths, generator=generator) if lengths else []
    elif strategy == "grouped":
        from transformers.trainer_pt_utils import get_length_grouped_indices

        rows = get_length_grouped_indices(lengths, batch_size, pool_batches, generator) if lengths else []
    elif strategy == "token_budget":
        return list(TokenBudgetBatchSampler(lengths, token_budget(lengths, batch_size), seed=seed))
    else:
        raise CourseError(text("batching.strategy", given=brief(strategy), known=", ".join(STRATEGIES)))
    return list(BatchSampler(rows, batch_size, drop_last=False))


def in_pools(order: Sequence[int], lengths: Sequence[int], pool: int) -> list[int]:
    """Row numbers taken in pools of an order, each pool sorted from long to short, as one list.

    >>> in_pools([2, 0, 3, 1], [5, 3, 4, 6], pool=2)
    [0, 2, 3, 1]
    """
    pools = (order[start : start + pool] for start in range(0, len(order), _positive("pool", pool)))
    return [row for rows in pools for row in sorted(rows, key=lambda row: lengths[row], reverse=True)]


def token_budget(lengths: Sequence[int], batch_size: int) -> int:
    """A budget that gives about as many batches as `batch_size` rows a batch: that many rows of mean length.

    Never below the longest row, which has to fit.

    >>> token_budget([10, 20, 30], batch_size=4), token_budget([1, 1, 100], batch_size=2)
    (80, 100)
    """
    if not lengths:
        return 1
    return max(round(batch_size * sum(lengths) / len(lengths)), max(lengths))


def count_by_strategy(
    lengths: Sequence[int], batch_size: int = 32, max_length: int = 128, seed: int = 0
) -> dict[str, TokenCount]:
    """Real tokens and positions of one epoch for every strategy.

    Args:
        lengths: tokens of each row.
        batch_size: rows of a batch, or their number on average for the token budget.
        max_length: the fixed length of "max_length"; the other strategies pad to the longest of each batch.
        seed: seed of the order.
    Raises:
        CourseError: as for `batches_by` and `batch_shapes`.

    >>> counted = count_by_strategy(pair_lengths())
    >>> {strategy: round(count.share, 2) for strategy, count in counted.items()}
    {'max_length': 0.42, 'longest': 0.67, 'grouped': 0.97, 'token_budget': 0.98}
    """
    return {
        strategy: count_tokens(
            lengths,
            batches_by(strategy, lengths, batch_size, seed),
            pad_to=max_length if strategy == "max_length" else None,
        )
        for strategy in STRATEGIES
    }


class TokenBudgetBatchSampler(Sampler[list[int]]):
    """Batches of rows of similar length that hold at most a given number of positions, padding included.

    Every row comes exactly once an epoch. An epoch goes like this: shuffle all rows, take them in pools, sort each
    pool by length, cut it into batches that fit the budget, and shuffle the batches. What does not fill a batch goes
    into the next pool, so only one batch of an epoch can be far from full.

    The order follows from the seed and the epoch alone. Each run through the batches is the next epoch, also where the
    one before was broken off, and `set_epoch` sets it, as Accelerate does at the start of each epoch, so it works as
    `batch_sampler=` of a torch `DataLoader` and through `Accelerator.prepare`.

    Several processes have to take the same number of steps, or those that have a batch left wait for the others for
    ever. So say how many there are: the number of batches becomes a multiple of that, and the Accelerator gets
    `DataLoaderConfiguration(even_batches=False)`; by default it would even out by repeating the first batches.

    Args:
        lengths: tokens of each row, each at least 1. With `pad_to_multiple_of` give the rounded lengths.
        budget: positions of a batch at most: rows x longest row.
        seed: seed of the order, 0 or more.
        pool: rows that are sorted together; more means less padding and less chance. By default 50 batches of the
            average size. All rows at once if it is larger than their number.
        max_rows: rows of a batch at most, however short they are; None for no limit.
        processes: how many processes share the batches of an epoch.
        rest: where the batches do not go round, "repeat" brings the first ones of the epoch again, "drop" leaves the
            last ones out.
    Raises:
        CourseError: a length, the budget, the pool, `max_rows` or `processes` is not a positive whole number, the seed
            is no whole number from 0 up, a row is longer than the budget, or `rest` is neither of the two.

    >>> sampler = TokenBudgetBatchSampler([5, 2, 9, 4, 6, 1], budget=12)
    >>> first = list(sampler)
    >>> sorted(row for batch in first for row in batch)
    [0, 1, 2, 3, 4, 5]
    >>> all(rows * width <= 12 for rows, width in batch_shapes(sampler.lengths, first))
    True
    >>> sampler.epoch
    1
    """

    def __init__(
        self,
        lengths: Sequence[int],
        budget: int,
        *,
        seed: int = 0,
        pool: int | None = None,
        max_rows: int | None = None,
        processes: int = 1,
        rest: str = "repeat",
    ) -> None:
        self.lengths = _checked(lengths)
        self.budget = _positive("budget", budget)
        self.max_rows = max_rows if max_rows is None else _positive("max_rows", max_rows)
        self.seed = _not_negative("seed", seed)
        self.processes = _positive("processes", processes)
        if rest not in ("repeat", "drop"):
            raise CourseError(text("batching.rest", given=brief(rest)))
        self.rest = rest
        longest = max(self.lengths, default=0)
        if longest > self.budget:
            raise CourseError(text("batching.over_budget", longest=longest, budget=budget))
        if pool is None:
            mean = sum(self.lengths) / max(len(self.lengths), 1)
            pool = max(1, int(POOL_BATCHES * self.budget / max(mean, 1)))
        self.pool = _positive("pool", pool)
        self.epoch = 0
        self._planned: tuple[int, list[list[int]]] | None = None

    @property
    def sampler(self) -> TokenBudgetBatchSampler:
        """The sampler itself: where Accelerate looks for `set_epoch` when it shares batches out among processes."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next run through the batches.

        >>> sampler = TokenBudgetBatchSampler(list(range(1, 30)), budget=60)
        >>> first, second = list(sampler), list(sampler)
        >>> sampler.set_epoch(0)
        >>> list(sampler) == first != second
        True
        """
        self.epoch = _not_negative("epoch", epoch)

    def __iter__(self) -> Iterator[list[int]]:
        batches = self._plan(self.epoch)
        self.epoch += 1
        for batch in batches:
            yield list(batch)

    def __len__(self) -> int:
        """Number of batches of the next run; it may differ by a few from one epoch to the next."""
        return len(self._plan(self.epoch))

    def _plan(self, epoch: int) -> list[list[int]]:
        """All batches of an epoch; the last one asked for is kept."""
        if self._planned is None or self._planned[0] != epoch:
            batches = self._form(torch.Generator().manual_seed(_mixed(self.seed, epoch)))
            self._planned = (epoch, self._even(batches))
        return self._planned[1]

    def _even(self, batches: list[list[int]]) -> list[list[int]]:
        """The batches of an epoch, as many as go round among the processes."""
        if self.rest == "drop":
            return batches[: len(batches) // self.processes * self.processes]
        missing = -len(batches) % self.processes
        return [*batches, *islice(cycle(batches), missing)] if batches else []

    def _form(self, generator: torch.Generator) -> list[list[int]]:
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        batches: list[list[int]] = []
        left: list[int] = []
        for start in range(0, len(order), self.pool):
            rows = sorted(left + order[start : start + self.pool], key=self.lengths.__getitem__, reverse=True)
            full, left = self._fill(rows)
            batches += full
        if left:
            batches.append(left)
        return [batches[position] for position in torch.randperm(len(batches), generator=generator).tolist()]

    def _fill(self, rows: Sequence[int]) -> tuple[list[list[int]], list[int]]:
        """Batches from rows sorted from long to short, and the rest that does not fill one."""
        batches: list[list[int]] = []
        start = 0
        while start < len(rows):
            fitting = self.budget // self.lengths[rows[start]]
            if self.max_rows is not None:
                fitting = min(fitting, self.max_rows)
            if start + fitting > len(rows):
                break
            batches.append(list(rows[start : start + fitting]))
            start += fitting
        return batches, list(rows[start:])


def _mixed(seed: int, epoch: int) -> int:
    """One seed from two numbers, such that seed 0 in epoch 1 is not seed 1 in epoch 0."""
    return (seed * 1_000_003 + epoch) % 2**63


def _checked(lengths: Sequence[int]) -> list[int]:
    """The lengths as a list of positive whole numbers, or a CourseError that says which one is not."""
    if isinstance(lengths, torch.Tensor):
        lengths = lengths.tolist()
    return [_positive("lengths", length) for length in lengths]


def _positive(name: str, number: object) -> int:
    """The number as an int if it is a positive whole number, NumPy's too."""
    if isinstance(number, bool) or not isinstance(number, Integral) or number < 1:
        raise CourseError(text("batching.not_positive", name=name, given=brief(number)))
    return int(number)


def _not_negative(name: str, number: object) -> int:
    """The number as an int if it is a whole number from 0 up, NumPy's too."""
    if isinstance(number, bool) or not isinstance(number, Integral) or number < 0:
        raise CourseError(text("batching.not_negative", name=name, given=brief(number)))
    return int(number)
