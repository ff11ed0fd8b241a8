"""What is right and wrong in the exercises of lesson 06, dynamic padding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from course_checks.judging import Exercise, Trial
from course_checks.values import alike
from course_lessons.lesson_06.batching import batch_shapes, count_tokens
from course_utils.exercises import record
from course_utils.messages import text

Row = dict[str, Any]
Plan = list[list[int]]


@record("06/waste")
def waste() -> Exercise:
    """`answer(lengths)` gives the share of padding of a batch with rows of these lengths, padded to the longest."""

    def right(lengths: Sequence[int]) -> float:
        return 1 - count_tokens(lengths, [range(len(lengths))]).share

    return Exercise(
        right=right,
        cases=[([16, 8],), ([50, 59, 47, 67, 59, 50, 62, 32],), ([7, 7, 7],), ([5],), ([1, 9, 2],), ([9, 1, 1, 1],)],
        mistakes={
            "real_share": lambda lengths: 1 - right(lengths),
            "number_of_positions": lambda lengths: len(lengths) * max(lengths) - sum(lengths),
            "percent": lambda lengths: 100 * right(lengths),
            "of_real": lambda lengths: len(lengths) * max(lengths) / sum(lengths) - 1,
            "first_is_longest": (
                lambda lengths: 1 - sum(lengths) / (len(lengths) * lengths[0]),
                lambda lengths: 1 - sum(lengths) / (len(lengths) * lengths[-1]),
            ),
            "shortest": lambda lengths: 1 - len(lengths) * min(lengths) / sum(lengths),
            "one_row": lambda lengths: 1 - min(lengths) / max(lengths),
        },
    )


@record("06/collate")
def collate() -> Exercise:
    """`answer(features, pad_id, side, multiple)` gives the padded batch, as `DataCollatorWithPadding` makes it."""
    import torch

    def made(
        pads: Callable[[str, int], int] = lambda key, pad_id: pad_id if key == "input_ids" else 0,
        width: Callable[[int, int], int] = lambda longest, multiple: -(-longest // multiple) * multiple,
        sides: Callable[[str, str], str] = lambda key, side: side,
        names: Callable[[str], str] = lambda key: "labels" if key == "label" else key,
        table: Callable[[list[Any]], Any] = torch.tensor,
        keys: Callable[[Row], Sequence[str]] = list,
    ) -> Callable[..., dict[str, Any]]:
        """The collator, or one that is wrong in one thing."""

        def collator(features: list[Row], pad_id: int = 0, side: str = "right", multiple: int = 1) -> dict[str, Any]:
            wide = width(max(len(row["input_ids"]) for row in features), multiple)
            batch = {}
            for key in keys(features[0]):
                if key == "label":
                    batch[names(key)] = table([row[key] for row in features])
                    continue
                rows = []
                for row in features:
                    missing = [pads(key, pad_id)] * (wide - len(row[key]))
                    rows.append(missing + row[key] if sides(key, side) == "left" else row[key] + missing)
                batch[names(key)] = table(rows)
            return batch

        return collator

    def first_width(features: list[Row], pad_id: int = 0, side: str = "right", multiple: int = 1) -> Any:
        return made(width=lambda longest, multiple: len(features[0]["input_ids"]))(features, pad_id, side, multiple)

    def default_only(features: list[Row], pad_id: int = 0, side: str = "right", multiple: int = 1) -> Any:
        return made()(features)

    def mask_from_ids(features: list[Row], pad_id: int = 0, side: str = "right", multiple: int = 1) -> Any:
        batch = made()(features, pad_id, side, multiple)
        return {**batch, "attention_mask": (batch["input_ids"] != pad_id).long()}

    def unequal(key: str, trial: Trial) -> tuple[str, str] | None:
        """What is no tensor of whole numbers in a batch whose numbers are right."""
        for name, value in dict(trial.raw).items():
            if key == "not_tensors" and not isinstance(value, torch.Tensor):
                return f"`{name}: {type(value).__name__}`", f"`{name}: Tensor`"
            if key == "whole_numbers" and isinstance(value, torch.Tensor) and value.dtype != torch.int64:
                return f"`{name}: {value.dtype}`", f"`{name}: {torch.int64}`"
        return None

    rows, plain = _features([4, 2]), _features([3, 6, 3, 1], types=False)
    return Exercise(
        right=made(),
        cases=[
            (rows, 0, "right", 1),
            (_features([3, 6, 3, 1]), 0, "right", 1),
            (plain, 1, "right", 1),
            (_features([2, 5]), 7, "left", 1),
            (_features([9, 3, 8]), 0, "right", 8),
            (_features([8, 5]), 3, "left", 8),
            (_features([5]), 0, "right", 4),
            (_features([5, 2]),),
            (_features([2, 4]), 2011, "right", 1),
        ],
        forbidden=(
            "PreTrainedTokenizerBase.pad",
            "DataCollatorWithPadding.__call__",
            "pad_without_fast_tokenizer_warning",
        ),
        call=lambda features, pad_id=0, side="right", multiple=1: text(
            "exercise.06.collate.words.call",
            lengths=[len(row["input_ids"]) for row in features],
            settings=f"{pad_id=}, {side=}, {multiple=}",
        ),
        mistakes={
            "mask_from_ids": mask_from_ids,
            "label_name": made(names=lambda key: key),
            "no_labels": made(keys=lambda row: [key for key in row if key != "label"]),
            "always_types": made(keys=lambda row: ["input_ids", "token_type_ids", "attention_mask", "label"]),
            "options_ignored": default_only,
            "pad_id": (
                made(pads=lambda key, pad_id: 0),
                made(pads=lambda key, pad_id: pad_id),
            ),
            "mask": (
                made(pads=lambda key, pad_id: {"input_ids": pad_id, "attention_mask": 1}.get(key, 0)),
                made(pads=lambda key, pad_id: {"input_ids": pad_id}.get(key, 1)),
            ),
            "side_ignored": made(sides=lambda key, side: "right"),
            "mask_side": (
                made(sides=lambda key, side: side if key == "input_ids" else "right"),
                made(sides=lambda key, side: "right" if key == "attention_mask" else side),
            ),
            "side_swapped": made(sides=lambda key, side: {"left": "right", "right": "left"}[side]),
            "no_multiple": made(width=lambda longest, multiple: longest),
            "one_too_many": (
                made(width=lambda longest, multiple: (longest // multiple + 1) * multiple),
                made(width=lambda longest, multiple: longest + -longest % multiple + (multiple > 1) * multiple),
            ),
            "rounded_down": made(width=lambda longest, multiple: longest // multiple * multiple),
            "first_row": first_width,
        },
        demands={
            "not_tensors": lambda trial: unequal("not_tensors", trial),
            "whole_numbers": lambda trial: unequal("whole_numbers", trial),
        },
    )


def _features(lengths: Sequence[int], types: bool = True) -> list[Row]:
    """Tokenized rows of given lengths: [CLS], some ids, [SEP]; the second half of a row is a second sentence."""
    rows = []
    for number, length in enumerate(lengths):
        ids = [2000 + 10 * number + position for position in range(length)]
        ids[0], ids[-1] = 101, 102
        row: Row = {"input_ids": ids}
        if types:
            row["token_type_ids"] = [int(position > length // 2) for position in range(length)]
        rows.append({**row, "attention_mask": [1] * length, "label": (number + 1) % 2})
    return rows


@record("06/grouped")
def grouped() -> Exercise:
    """`answer(order, lengths, pool)` gives the rows of `order`, sorted from long to short inside each pool."""

    def right(
        order: Sequence[int],
        lengths: Sequence[int],
        pool: int,
        key: Callable[[int], Any] | None = None,
        reverse: bool = True,
    ) -> list[int]:
        rows: list[int] = []
        for start in range(0, len(order), pool):
            rows += sorted(order[start : start + pool], key=key or (lambda row: lengths[row]), reverse=reverse)
        return rows

    def same(given: Any, expected: Any, order: Sequence[int], lengths: Sequence[int], pool: int) -> bool:
        """Rows of equal length may stand in any order."""
        if alike()(given, expected):
            return True
        if not isinstance(given, list) or not all(type(row) is int for row in given):
            return False
        starts = range(0, max(len(given), len(expected)), pool)
        if any(sorted(given[at : at + pool]) != sorted(expected[at : at + pool]) for at in starts):
            return False
        return [lengths[row] for row in given] == [lengths[row] for row in expected]

    return Exercise(
        right=lambda order, lengths, pool: right(order, lengths, pool),
        same=same,
        cases=[
            ([3, 0, 1, 2], [5, 3, 5, 5], 4),
            ([2, 0, 3, 1], [5, 3, 4, 6], 2),
            ([4, 1, 0, 3, 2], [30, 10, 50, 20, 40], 3),
            ([1, 0, 2], [1, 2, 3], 3),
            ([2, 1, 0], [7, 9, 8], 1),
            ([3, 2, 1, 0, 4], [2, 4, 6, 8, 5], 8),
            ([], [], 4),
        ],
        mistakes={
            "short_first": lambda order, lengths, pool: right(order, lengths, pool, reverse=False),
            "all_sorted": lambda order, lengths, pool: right(order, lengths, max(1, len(order))),
            "by_row_number": (
                lambda order, lengths, pool: right(order, lengths, pool, key=lambda row: row),
                lambda order, lengths, pool: right(order, lengths, pool, key=lambda row: row, reverse=False),
            ),
            "order_forgotten": lambda order, lengths, pool: right(range(len(lengths)), lengths, pool),
            "lengths_given": lambda order, lengths, pool: [lengths[row] for row in right(order, lengths, pool)],
            "rest_dropped": (
                lambda order, lengths, pool: right(order[: len(order) // pool * pool], lengths, pool),
                lambda order, lengths, pool: right(order[: len(order) - 1], lengths, pool),
            ),
            "pools_apart": lambda order, lengths, pool: [
                right(order[start : start + pool], lengths, pool) for start in range(0, len(order), pool)
            ],
            "first_pool": lambda order, lengths, pool: [*right(order[:pool], lengths, pool), *order[pool:]],
        },
    )


@record("06/batches-within")
def batches_within() -> Exercise:
    """`answer(lengths, budget)` gives batches of row numbers: each row once, no padded table above the budget, rows of
    similar length together, no more batches than filling them in sorted order needs.
    """

    def right(lengths: Sequence[int], budget: int) -> Plan:
        return filled(sorted(range(len(lengths)), key=lengths.__getitem__), lengths, budget)

    def by_tokens(rows: Sequence[int], lengths: Sequence[int], budget: int) -> Plan:
        """Batches whose tokens fit, their padding forgotten."""
        plan: Plan = []
        for row in rows:
            if plan and sum(lengths[other] for other in plan[-1]) + lengths[row] <= budget:
                plan[-1].append(row)
            else:
                plan.append([row])
        return plan

    def good(plan: Any, lengths: Sequence[int], budget: int) -> bool:
        """Whether a plan keeps to all that is asked for."""
        if not isinstance(plan, list) or not all(isinstance(batch, list) and batch for batch in plan):
            return False
        if sorted(row for batch in plan for row in batch) != list(range(len(lengths))):
            return False
        rising = sorted(range(len(lengths)), key=lengths.__getitem__)
        models = [filled(rising, lengths, budget), filled(rising[::-1], lengths, budget)]
        return (
            all(rows * width <= budget for rows, width in batch_shapes(lengths, plan))
            and len(plan) <= max(map(len, models))
            and count_tokens(lengths, plan).positions <= max(count_tokens(lengths, each).positions for each in models)
        )

    def same(given: Any, expected: Any, lengths: Sequence[int], budget: int) -> bool:
        """Two plans are worth the same if they are equal but for order, or both good."""
        if good(given, lengths, budget):
            return good(expected, lengths, budget)
        try:
            return sorted(map(sorted, given)) == sorted(map(sorted, expected))
        except TypeError:
            return bool(given == expected)

    return Exercise(
        right=right,
        cases=[
            ([5, 3, 4, 6], 12),
            ([9, 1, 8, 2, 9, 1, 8, 2], 18),
            ([50, 59, 47, 67, 59, 50, 62, 32], 140),
            ([4, 4, 4], 100),
            ([3, 3, 3, 3, 3], 9),
            ([7], 7),
            ([], 10),
        ],
        same=same,
        mistakes={
            "lengths_given": lambda lengths, budget: [[lengths[r] for r in batch] for batch in right(lengths, budget)],
            "last_missing": lambda lengths, budget: right(lengths, budget)[:-1],
            "first_empty": lambda lengths, budget: [[], *right(lengths, budget)],
            "last_empty": lambda lengths, budget: right(lengths, budget) or [[]],
            "counts_tokens": (
                lambda lengths, budget: by_tokens(
                    sorted(range(len(lengths)), key=lengths.__getitem__), lengths, budget
                ),
                lambda lengths, budget: by_tokens(range(len(lengths)), lengths, budget),
            ),
            "over_budget": lambda lengths, budget: [list(range(len(lengths)))] if lengths else [],
            "one_less": lambda lengths, budget: filled(
                sorted(range(len(lengths)), key=lengths.__getitem__), lengths, budget, spare=1
            ),
            "alone": lambda lengths, budget: [[row] for row in range(len(lengths))],
            "unsorted": lambda lengths, budget: filled(range(len(lengths)), lengths, budget),
            "flat": lambda lengths, budget: [row for batch in right(lengths, budget) for row in batch],
        },
    )


def filled(rows: Sequence[int], lengths: Sequence[int], budget: int, spare: int = 0) -> Plan:
    """Batches filled with rows in the order given, each as full as the budget allows, or with `spare` rows less.

    >>> filled([1, 2, 0], [5, 3, 4], budget=8)
    [[1, 2], [0]]
    """
    batches: Plan = []
    for row in rows:
        longest = max([lengths[row], *(lengths[other] for other in batches[-1])]) if batches else 0
        if batches and (len(batches[-1]) + 1 + spare) * longest <= budget:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


@record("06/repair-tags")
def repair_tags() -> Exercise:
    """`answer(features)` gives a batch of rows with a label for each token, in which padding counts in no loss."""
    import torch

    def made(
        label: int = -100, cut: bool = False, mask: int = 0, position: int | None = None
    ) -> Callable[[list[Row]], dict[str, Any]]:
        def collator(features: list[Row]) -> dict[str, Any]:
            widths = [len(row["input_ids"]) for row in features]
            wide = min(widths) if cut else max(widths)
            table = []
            for row in features:
                labels = [-100 if row["input_ids"][n] == position else each for n, each in enumerate(row["labels"])]
                missing = wide - len(labels)
                table.append(
                    {
                        "input_ids": (row["input_ids"] + [0] * missing)[:wide],
                        "attention_mask": ([1] * len(labels) + [mask] * missing)[:wide],
                        "labels": (labels + [label] * missing)[:wide],
                    }
                )
            return {key: torch.tensor([row[key] for row in table]) for key in table[0]}

        return collator

    def tagged(*lengths: int) -> tuple[list[Row]]:
        return (
            [
                {"input_ids": [101, *range(2000, 1998 + length), 102], "labels": [n % 3 for n in range(length)]}
                for length in lengths
            ],
        )

    return Exercise(
        right=made(),
        cases=[tagged(4, 3), tagged(5), tagged(2, 6, 3)],
        call=lambda features: text(
            "exercise.06.repair-tags.words.call", lengths=[len(row["input_ids"]) for row in features]
        ),
        mistakes={
            "planted": made(label=0),
            "other_class": (made(label=-1), made(label=3), made(label=100)),
            "cut": made(cut=True),
            "mask_lost": (made(mask=1), made(mask=-100)),
            "special_tokens": made(position=101),
            "key_lost": lambda features: {key: each for key, each in made()(features).items() if key != "labels"},
        },
    )
