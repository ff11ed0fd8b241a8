"""What is right and wrong in the exercises of lesson 05, padding and masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from course_checks.values import as_tensor, close, shown
from course_utils.exercises import RIGHT, Verdict, exercise, started

if TYPE_CHECKING:
    from torch import Tensor

Rows = list[list[int]]


@exercise("05/pad-rows")
def pad_rows(answer: Callable[[Rows, int], object]) -> Verdict:
    """`answer(rows, pad_id)` gives the rows padded on the right to the longest, and their mask.

    >>> def right(rows, pad_id):
    ...     longest = max(len(row) for row in rows)
    ...     return ([row + [pad_id] * (longest - len(row)) for row in rows],
    ...             [[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    >>> pad_rows(right).passed
    True
    """
    import torch

    cases: tuple[tuple[Rows, int], ...] = (
        ([[0, 713, 2], [0, 2], [0, 713, 16, 2]], 1),
        ([[101, 7592, 999, 102], [101, 102]], 0),
        ([[50256, 40, 588], [40, 50256]], 50256),
    )
    for rows, pad_id in cases:
        longest = max(map(len, rows))
        ids = torch.tensor([row + [pad_id] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        given = started(answer([list(row) for row in rows], pad_id))
        pair = isinstance(given, list | tuple) and len(given) == 2
        if pair and close(given[0], ids) and close(given[1], mask):
            continue
        left = torch.tensor([[pad_id] * (longest - len(row)) + row for row in rows])
        zeros = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        if not pair:
            cause = "not_a_pair"
        elif as_tensor(given[0]) is None or as_tensor(given[0]).shape != ids.shape:
            cause = "no_rectangle"
        elif close(given[0], left):
            cause = "left"
        elif not close(given[0], ids):
            cause = "pad_id" if close(given[0], zeros) else "other"
        elif close(given[1], 1 - mask):
            cause = "mask_swapped"
        elif close(given[1], (ids != pad_id).long()):
            cause = "mask_from_ids"
        else:
            cause = "mask"
        expected = f"`({shown(ids)}, {shown(mask)})`"
        return Verdict(False, f"pad_rows({rows}, {pad_id})", f"`{shown(_plain(given))}`", expected, cause)
    return RIGHT


@exercise("05/positions")
def positions(answer: Callable[[Tensor], object]) -> Verdict:
    """`answer(mask)` counts the real tokens of each row from 0; what stands at padding may be any id that exists.

    >>> positions(lambda mask: (mask.cumsum(dim=-1) - 1).clamp(min=0)).passed
    True
    """
    import torch

    masks = (
        torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]),
        torch.tensor([[0, 1, 1], [0, 0, 1], [1, 1, 1]]),
        torch.tensor([[1, 1, 0, 0]]),
    )
    for mask in masks:
        expected = (mask.cumsum(dim=-1) - 1).clamp(min=0)
        given = started(answer(mask.clone()))
        numbers = as_tensor(given)
        real = mask.bool()
        right_shape = numbers is not None and numbers.shape == mask.shape
        if right_shape and bool((numbers[real] == expected[real]).all()) and bool((numbers[~real] >= 0).all()):
            continue
        in_the_row = torch.arange(mask.shape[-1]).expand_as(mask)
        if numbers is None:
            cause = "not_numbers"
        elif not right_shape:
            cause = "shape"
        elif bool((numbers[real] == expected[real]).all()):
            cause = "negative"
        elif close(given, in_the_row):
            cause = "padding_counted"
        elif bool((numbers[real] == expected[real] + 1).all()):
            cause = "from_one"
        elif close(given, mask.cumsum(dim=0) - 1) or close(given, (mask.cumsum(dim=0) - 1).clamp(min=0)):
            cause = "down"
        else:
            cause = "other"
        return Verdict(False, f"positions({shown(mask)})", f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


@exercise("05/masked-softmax")
def masked_softmax(answer: Callable[[Tensor, Tensor], object]) -> Verdict:
    """`answer(scores, mask)` turns scores (rows, heads, queries, keys) and a mask (rows, keys) into weights.

    >>> import torch
    >>> def right(scores, mask):
    ...     return scores.masked_fill(mask[:, None, None, :] == 0, torch.finfo(scores.dtype).min).softmax(dim=-1)
    >>> masked_softmax(right).passed
    True
    """
    import torch

    drawn = torch.Generator().manual_seed(5)
    cases = (
        (torch.tensor([[[[2.0, 1.0, 3.0], [0.0, 1.0, 0.0], [1.0, 2.0, 0.0]]]]), torch.tensor([[1, 1, 0]])),
        (torch.randn(2, 3, 4, 4, generator=drawn), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])),
        (-60 * torch.rand(1, 2, 3, 3, generator=drawn), torch.tensor([[0, 1, 1]])),
        (20_000 * torch.ones(1, 1, 2, 2) * torch.tensor([1.0, -1.0]), torch.tensor([[0, 1]])),
    )
    for scores, mask in cases:
        keys = mask[:, None, None, :]
        expected = torch.softmax(scores.masked_fill(keys == 0, torch.finfo(scores.dtype).min), dim=-1)
        given = started(answer(scores.clone(), mask.clone()))
        if close(given, expected):
            continue
        plain = torch.softmax(scores, dim=-1)
        down = torch.softmax(scores.masked_fill(mask[:, None, :, None] == 0, torch.finfo(scores.dtype).min), dim=-1)
        numbers = as_tensor(given)
        if numbers is None:
            cause = "not_numbers"
        elif numbers.shape != scores.shape:
            cause = "shape"
        elif not bool(torch.isfinite(numbers).all()):
            cause = "not_a_number"
        elif close(given, plain):
            cause = "no_mask"
        elif close(given, plain * keys):
            cause = "after_softmax"
        elif close(given, torch.softmax(scores * keys, dim=-1)):
            cause = "zeroed"
        elif close(given, torch.softmax(scores + keys, dim=-1)):
            cause = "added_mask"
        elif close(given, down):
            cause = "wrong_axis"
        elif bool((numbers * (1 - keys)).abs().max() > 1e-5):
            cause = "too_small"
        else:
            cause = "other"
        call = f"masked_softmax(scores of shape {tuple(scores.shape)}, {shown(mask)})"
        if scores.numel() <= 9:
            call = f"masked_softmax({shown(scores)}, {shown(mask)})"
        return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


@exercise("05/windows")
def windows(answer: Callable[[list[int], int, int], object]) -> Verdict:
    """`answer(ids, room, stride)` cuts ids into windows as a tokenizer does; each repeats `stride` ids of the last.

    >>> windows(cut_into_windows).passed
    True
    """
    cases = (
        (list(range(10, 20)), 4, 0),
        (list(range(10, 20)), 4, 1),
        (list(range(10, 20)), 6, 2),
        (list(range(10, 13)), 5, 2),
        (list(range(10, 23)), 5, 4),
    )
    for ids, room, stride in cases:
        expected = cut_into_windows(ids, room, stride)
        given = started(answer(list(ids), room, stride))
        found = _rows(given)
        if found == expected:
            continue
        step = room - stride
        every_start = [ids[start : start + room] for start in range(0, len(ids), step)]
        if found is None:
            cause = "not_rows"
        elif found == [ids[:room]]:
            cause = "first_only"
        elif any(len(row) > room for row in found):
            cause = "too_long"
        elif stride and found == [ids[start : start + room] for start in range(0, len(ids), room)]:
            cause = "no_overlap"
        elif found == every_start:
            cause = "window_too_many"
        elif stride and found[1:2] == [ids[stride : stride + room]]:
            cause = "step"
        elif not found or set(ids) - {number for row in found for number in row}:
            cause = "lost"
        else:
            cause = "other"
        return Verdict(False, f"windows({ids}, {room}, {stride})", f"`{shown(_plain(given))}`", f"`{expected}`", cause)
    return RIGHT


def cut_into_windows(ids: Sequence[int], room: int, stride: int) -> list[list[int]]:
    """Windows of at most `room` ids; each but the first begins with the last `stride` ids of the one before.

    >>> cut_into_windows([1, 2, 3, 4, 5], room=3, stride=1)
    [[1, 2, 3], [3, 4, 5]]
    """
    found = [list(ids[:room])]
    start = 0
    while start + room < len(ids):
        start += room - stride
        found.append(list(ids[start : start + room]))
    return found


def _rows(value: object) -> list[list[int]] | None:
    """A list of rows of whole numbers, whatever holds it, or None."""
    plain = _plain(value)
    if not isinstance(plain, list) or not all(isinstance(row, list) for row in plain):
        return None
    if not all(isinstance(number, int) for row in plain for number in row):
        return None
    return plain


def _plain(value: object) -> object:
    """Tensors and tuples inside a value as lists, so that it can be compared and shown."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
