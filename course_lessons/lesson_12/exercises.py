"""What is right and wrong in the exercises of lesson 12, scaling out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from course_checks.values import as_tensor, shown
from course_utils.exercises import RIGHT, Verdict, exercise, started

Batches = list[list[int]]


@exercise("12/joint-loss")
def joint_loss(answer: Callable[[list[float], list[int]], object]) -> Verdict:
    """`answer(losses, rows)` is the mean loss over all rows, from the mean loss and the rows of each process.

    >>> joint_loss(lambda losses, rows: sum(l * r for l, r in zip(losses, rows)) / sum(rows)).passed
    True
    """
    for losses, rows in (([0.6, 0.4], [8, 8]), ([0.9, 0.3], [2, 6]), ([0.2, 0.8, 0.5], [5, 3, 2])):
        weighted = sum(loss * count for loss, count in zip(losses, rows, strict=True))
        expected = weighted / sum(rows)
        given = started(answer(list(losses), list(rows)))
        number = as_tensor(given)
        if number is None or number.numel() != 1:
            cause = "not_a_number"
        elif abs(number.item() - expected) <= 1e-6:
            continue
        else:
            slips = {
                "plain_mean": sum(losses) / len(losses),
                "summed": sum(losses),
                "not_divided": weighted,
                "by_processes": weighted / len(losses),
            }
            cause = next((name for name, slip in slips.items() if abs(number.item() - slip) <= 1e-6), "other")
        call = f"joint_loss({losses}, {rows})"
        return Verdict(False, call, f"`{_number(given)}`", f"`{expected:.3f}`", cause)
    return RIGHT


def _number(given: object) -> str:
    number = as_tensor(given)
    return f"{number.item():.3f}" if number is not None and number.numel() == 1 else shown(given)


@exercise("12/share-out")
def share_out(answer: Callable[[Batches, int, int], object]) -> Verdict:
    """`answer(batches, processes, rank)` is the list of batches that process number `rank` gets, each batch once.

    >>> share_out(lambda batches, processes, rank: batches[rank::processes]).passed
    True
    """
    batches = [[2 * number, 2 * number + 1] for number in range(7)]
    for count, processes, rank in ((6, 2, 0), (6, 2, 1), (7, 3, 0), (7, 3, 2), (4, 1, 0)):
        whole = batches[:count]
        expected = whole[rank::processes]
        given = started(answer([list(batch) for batch in whole], processes, rank))
        found = _lists(given)
        if found == expected:
            continue
        size = -(-count // processes)
        slips = {
            "everything": whole,
            "in_blocks": whole[rank * size : (rank + 1) * size],
            "in_floor_blocks": whole[rank * (count // processes) : (rank + 1) * (count // processes)],
            "single_rows": [batch[rank::processes] for batch in whole],
            "flat_rows": sum(expected, []),
            "from_one": whole[rank - 1 :: processes] if rank else whole[processes - 1 :: processes],
            "repeated": [(whole + whole)[number] for number in range(rank, size * processes, processes)],
        }
        same = {"in_floor_blocks": "in_blocks", "flat_rows": "single_rows"}
        cause = "not_a_list" if found is None else "other"
        if found is not None:
            match = next((name for name, slip in slips.items() if found == slip), "other")
            cause = same.get(match, match)
        call = f"share_out({shown(whole)}, {processes}, {rank})"
        return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


@exercise("12/gather")
def gather(answer: Callable[[list[Batches], int], object]) -> Verdict:
    """`answer(parts, rows)` puts the predictions of all processes into the order of the data, each row once.

    >>> def right(parts, rows):
    ...     return [one for step in zip(*parts) for batch in step for one in batch][:rows]
    >>> gather(right).passed
    True
    """
    for rows, processes, size in ((8, 2, 2), (10, 2, 2), (7, 3, 2)):
        parts = _divided(rows, processes, size)
        expected = [10 + row for row in range(rows)]
        given = started(answer([[list(batch) for batch in part] for part in parts], rows))
        found = _flat(given)
        if found == expected:
            continue
        stepwise = [one for step in zip(*parts, strict=True) for batch in step for one in batch]
        after_each_other = [one for part in parts for batch in part for one in batch]
        flat = [[one for batch in part for one in batch] for part in parts]
        slips = {
            "not_cut": stepwise,
            "by_process": after_each_other[:rows],
            "by_process_whole": after_each_other,
            "cut_in_front": stepwise[-rows:],
            "row_by_row": [one for step in zip(*flat, strict=True) for one in step][:rows],
            "one_process": flat[0],
            "still_nested": [batch for step in zip(*parts, strict=True) for batch in step],
        }
        cause = "not_a_list" if found is None else "other"
        if found is not None:
            match = next((name for name, slip in slips.items() if found == slip), "other")
            cause = {"by_process_whole": "by_process"}.get(match, match)
        call = f"gather({shown(parts)}, {rows})"
        return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


def _divided(rows: int, processes: int, size: int) -> list[Batches]:
    """Predictions 10, 11, 12 ... of rows 0, 1, 2 ..., as the processes hold them."""
    from course_lessons.lesson_12.epoch_plan import plan_epoch

    plan = plan_epoch(rows, processes, size)
    return [[[10 + row for row in batch] for batch in share] for share in plan.batches]


def _flat(given: object) -> list[object] | None:
    """What was given as a list of plain values, whatever kind of list or tensor it is."""
    if hasattr(given, "tolist"):
        given = given.tolist()
    if not isinstance(given, list | tuple):
        return None
    return [one.tolist() if hasattr(one, "tolist") else one for one in given]


def _lists(given: object) -> Sequence[object] | None:
    """The same, with what lies inside as lists too."""
    flat = _flat(given)
    return None if flat is None else [list(one) if isinstance(one, tuple) else one for one in flat]
