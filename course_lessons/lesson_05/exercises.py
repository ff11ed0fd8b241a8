"""What is right and wrong in the exercises of lesson 05, padding and masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from course_checks.judging import Exercise, Trial
from course_checks.values import alike, plain, shape
from course_lessons.lesson_05.ready_made import cut_into_windows, masked_softmax, one_head, pad_rows, positions
from course_utils.exercises import record
from course_utils.messages import text

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Rows = list[list[int]]
REVIEWS = (
    "What a ride, what a movie!!",
    "I loved how messy the family was.",
    "The sequel has twice the budget and half the heart.",
)


@record("05/pad-rows")
def padded_rows() -> Exercise:
    """`answer(rows, pad_id)` gives the rows padded on the right to the longest, and their mask."""

    def padded(
        ids: Callable[[list[int], int, int], list[int]] = lambda row, pad_id, more: row + [pad_id] * more,
        mask: Callable[[list[int], int], list[int]] = lambda row, more: [1] * len(row) + [0] * more,
        to: Callable[[list[int]], int] = max,
    ) -> Callable[[Rows, int], tuple[Rows, Rows]]:
        def found(rows: Rows, pad_id: int) -> tuple[Rows, Rows]:
            more = [max(to([len(row) for row in rows]) - len(row), 0) for row in rows]
            pairs = list(zip(rows, more, strict=True))
            return [ids(row, pad_id, n) for row, n in pairs], [mask(row, n) for row, n in pairs]

        return found

    def from_ids(rows: Rows, pad_id: int) -> tuple[Rows, Rows]:
        ids, _ = pad_rows(rows, pad_id)
        return ids, [[int(number != pad_id) for number in row] for row in ids]

    def left(row: list[int], pad_id: int, more: int) -> list[int]:
        return [pad_id] * more + row

    return Exercise(
        right=pad_rows,
        cases=[
            ([[0, 713, 2], [0, 2], [0, 713, 16, 2]], 1),
            ([[101, 7592, 999, 102], [101, 102]], 0),
            ([[50256, 40, 588], [40, 50256]], 50256),
            ([[7]], 3),
        ],
        mistakes={
            "left": (
                padded(ids=left, mask=lambda row, more: [0] * more + [1] * len(row)),
                padded(ids=left),
            ),
            "pad_id": padded(ids=lambda row, pad_id, more: row + [0] * more),
            "mask_swapped": padded(mask=lambda row, more: [0] * len(row) + [1] * more),
            "mask_from_ids": from_ids,
            "mask_all_ones": padded(mask=lambda row, more: [1] * (len(row) + more)),
            "mask_not_padded": padded(mask=lambda row, more: [1] * len(row)),
            "no_rectangle": (
                padded(ids=lambda row, pad_id, more: row),
                lambda rows, pad_id: (rows, [[1] * len(row) for row in rows]),
            ),
            "one_too_many": padded(to=lambda lengths: max(lengths) + 1),
            "exchanged": lambda rows, pad_id: pad_rows(rows, pad_id)[::-1],
            "ids_only": lambda rows, pad_id: pad_rows(rows, pad_id)[0],
            "pairs": lambda rows, pad_id: list(zip(*pad_rows(rows, pad_id), strict=True)),
        },
    )


@record("05/masked-softmax")
def softmax_with_mask() -> Exercise:
    """`answer(scores, mask)` turns scores (rows, heads, queries, keys) and a mask (rows, keys) into weights."""
    import torch

    drawn = torch.Generator().manual_seed(5)
    lowest = torch.finfo(torch.float32).min

    def filled(
        hidden: Callable[[Tensor], Tensor] = lambda mask: mask[:, None, None, :] == 0,
        value: float = lowest,
        dim: int = -1,
    ) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda scores, mask: torch.softmax(scores.masked_fill(hidden(mask), value), dim=dim)

    def after(scores: Tensor, mask: Tensor) -> Tensor:
        return torch.softmax(scores, dim=-1) * mask[:, None, None, :]

    def by_hand(scores: Tensor, mask: Tensor) -> Tensor:
        powers = scores.exp() * mask[:, None, None, :]
        return powers / powers.sum(dim=-1, keepdim=True)

    return Exercise(
        right=masked_softmax,
        cases=[
            (torch.tensor([[[[2.0, 1.0, 3.0], [0.0, 1.0, 0.0], [1.0, 2.0, 0.0]]]]), torch.tensor([[1, 1, 0]])),
            (torch.randn(2, 3, 4, 4, generator=drawn), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])),
            (torch.randn(2, 2, 3, 3, generator=drawn), torch.tensor([[1, 1, 0], [0, 1, 1]])),
            (-60 * torch.rand(1, 2, 3, 3, generator=drawn), torch.tensor([[0, 1, 1]])),
            (torch.tensor([[[[200.0, 0.0, -200.0]] * 3]]), torch.tensor([[1, 1, 0]])),
            (20_000 * torch.ones(1, 1, 2, 2) * torch.tensor([1.0, -1.0]), torch.tensor([[0, 1]])),
        ],
        mistakes={
            "no_mask": lambda scores, mask: torch.softmax(scores, dim=-1),
            "after_softmax": after,
            "spread_again": lambda scores, mask: after(scores, mask) / after(scores, mask).sum(dim=-1, keepdim=True),
            "zeroed": (filled(value=0.0), lambda scores, mask: torch.softmax(scores * mask[:, None, None, :], dim=-1)),
            "added_mask": lambda scores, mask: torch.softmax(scores + mask[:, None, None, :], dim=-1),
            "inverted": filled(hidden=lambda mask: mask[:, None, None, :] == 1),
            "wrong_axis": filled(hidden=lambda mask: mask[:, None, :, None] == 0),
            "both_axes": filled(hidden=lambda mask: (mask[:, None, :, None] * mask[:, None, None, :]) == 0),
            "one_axis_short": filled(hidden=lambda mask: mask[:, None, :] == 0),
            "two_axes_short": filled(hidden=lambda mask: mask == 0),
            "down": (filled(dim=-2), filled(dim=1)),
            "too_small": (filled(value=-1e4), filled(value=-100.0), filled(value=-10.0)),
            "not_a_number": lambda scores, mask: torch.softmax(
                scores + (1 - mask[:, None, None, :]) * float("-inf"), dim=-1
            ),
            "by_hand": by_hand,
        },
    )


@record("05/one-head")
def head_of_attention() -> Exercise:
    """`answer(vectors, mask, layers, number, heads)` gives what one head of masked attention makes of the vectors."""
    import torch

    drawn = torch.Generator().manual_seed(11)
    size = 12

    def linear() -> Module:
        layer = torch.nn.Linear(size, size)
        with torch.no_grad():
            layer.weight.copy_(torch.randn(size, size, generator=drawn))
            layer.bias.copy_(torch.randn(size, generator=drawn))
        return layer.requires_grad_(False)

    layers = tuple(linear() for _ in range(3))

    def head(
        split: Callable[[Tensor, int, int], Tensor] = lambda made, number, heads: made.chunk(heads, dim=-1)[number],
        scale: Callable[[int, int, int], float] = lambda part, whole, length: part**0.5,
        weigh: Callable[[Tensor, Tensor], Tensor] = lambda scores, mask: masked_softmax(scores[:, None], mask)[:, 0],
        order: Sequence[int] = (0, 1, 2),
        mix: Callable[[Tensor, Tensor], Tensor] = lambda weights, value: weights @ value,
    ) -> Callable[..., Tensor]:
        """One head of attention, changed in one thing."""

        def found(vectors: Tensor, mask: Tensor, layers: Sequence[Module], number: int, heads: int) -> Tensor:
            made = [split(layers[place](vectors), number, heads) for place in order]
            scores = made[0] @ made[1].transpose(-1, -2)
            scores = scores / scale(made[0].shape[-1], vectors.shape[-1], vectors.shape[1])
            return mix(weigh(scores, mask), made[2])

        return found

    def hidden(scores: Tensor, mask: Tensor) -> Tensor:
        return scores.masked_fill(mask[:, None, :] == 0, torch.finfo(scores.dtype).min)

    ragged = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    return Exercise(
        right=one_head,
        cases=[
            (torch.randn(1, 3, size, generator=drawn), torch.ones(1, 3, dtype=torch.long), layers, 0, 3),
            (torch.randn(2, 5, size, generator=drawn), ragged, layers, 2, 3),
            (torch.randn(2, 5, size, generator=drawn), ragged.flip(1), layers, 1, 4),
            (torch.randn(2, 5, size, generator=drawn), ragged, layers, 0, 1),
        ],
        same=alike(1e-4),
        call=lambda vectors, mask, layers, number, heads: text(
            "exercise.05.one-head.words.call",
            shape=tuple(vectors.shape),
            more=f"{mask.tolist()}, layers, {number}, {heads}",
        ),
        forbidden=("scaled_dot_product_attention",),
        mistakes={
            "no_mask": head(weigh=lambda scores, mask: scores.softmax(-1)),
            "after_softmax": head(weigh=lambda scores, mask: scores.softmax(-1) * mask[:, None, :]),
            "zeroed": head(weigh=lambda scores, mask: (scores * mask[:, None, :]).softmax(-1)),
            "masked_queries": head(
                weigh=lambda scores, mask: scores.masked_fill(
                    mask[:, :, None] == 0, torch.finfo(scores.dtype).min
                ).softmax(-1)
            ),
            "down": head(weigh=lambda scores, mask: hidden(scores, mask).softmax(1)),
            "no_softmax": head(weigh=lambda scores, mask: scores * mask[:, None, :]),
            "no_scale": head(scale=lambda part, whole, length: 1.0),
            "scale_not_rooted": head(scale=lambda part, whole, length: part),
            "scale_of_all": (
                head(scale=lambda part, whole, length: whole**0.5),
                head(scale=lambda part, whole, length: length**0.5),
            ),
            "first_head": head(split=lambda made, number, heads: made.chunk(heads, dim=-1)[0]),
            "every_other": head(split=lambda made, number, heads: made[..., number::heads]),
            "next_head": head(split=lambda made, number, heads: made.chunk(heads, dim=-1)[(number + 1) % heads]),
            "all_heads": head(split=lambda made, number, heads: made),
            "exchanged": head(order=(1, 0, 2)),
            "keys_mixed": (head(order=(0, 1, 1)), head(order=(0, 1, 0))),
            "weights_only": head(mix=lambda weights, value: weights),
        },
    )


@record("05/positions")
def counted_positions() -> Exercise:
    """`answer(mask)` counts the real tokens of each row from 0; what stands at padding may be any id that exists."""
    import torch

    def at_tokens(given: Any, expected: Any, mask: Tensor) -> bool:
        if shape(given) != shape(expected) or len(shape(given) or ()) != 2:
            return given == expected
        rows = zip(given, expected, plain(mask), strict=True)
        return all(alike()(one, other) for row in rows for one, other, real in zip(*row, strict=True) if real)

    def numbers(trial: Trial) -> list[Any]:
        return [number for row in trial.given for number in row]

    def said(key: str, number: int) -> str:
        return text(f"exercise.05.positions.words.{key}", number=number)

    def whole(trial: Trial) -> tuple[str, str] | None:
        found = [number for number in numbers(trial) if not isinstance(number, int)]
        return (f"`{found[0]}`", f"`{found[0]:.0f}`") if found else None

    def not_below(trial: Trial) -> tuple[str, str] | None:
        least = min(numbers(trial))
        return (said("at_padding", least), said("not_below", 0)) if least < 0 else None

    def not_beyond(trial: Trial) -> tuple[str, str] | None:
        most = len(trial.given[0]) - 1
        largest = max(numbers(trial))
        return (said("at_padding", largest), said("at_most", most)) if largest > most else None

    return Exercise(
        right=positions,
        cases=[
            (torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]),),
            (torch.tensor([[0, 1, 1], [0, 0, 1], [1, 1, 1]]),),
            (torch.tensor([[1, 1, 0, 0]]),),
            (torch.tensor([[0, 1, 1, 0, 1, 1], [1, 0, 1, 1, 0, 0]]),),
        ],
        same=at_tokens,
        demands={"negative": not_below, "beyond": not_beyond, "floats": whole},
        mistakes={
            "padding_counted": lambda mask: torch.arange(mask.shape[-1]).expand_as(mask),
            "from_one": lambda mask: mask.cumsum(dim=-1),
            "down": (lambda mask: (mask.cumsum(dim=0) - 1).clamp(min=0), lambda mask: mask.cumsum(dim=0)),
            "from_the_first": lambda mask: (torch.arange(mask.shape[-1]) - mask.argmax(dim=-1, keepdim=True)).clamp(
                min=0
            ),
            "backwards": lambda mask: (mask.flip(-1).cumsum(dim=-1).flip(-1) - 1).clamp(min=0),
            "mask_itself": lambda mask: mask,
            "how_many": lambda mask: mask.sum(dim=-1),
        },
    )


@record("05/windows")
def windows() -> Exercise:
    """`answer(ids, room, stride)` cuts ids into windows as a tokenizer does; each repeats `stride` ids of the last."""
    Answer = Callable[[list[int], int, int], Rows]

    def starting(starts: Callable[[int, int, int], Sequence[int]]) -> Answer:
        return lambda ids, room, stride: [ids[start : start + room] for start in starts(len(ids), room, stride)]

    def full(ids: list[int], room: int, stride: int) -> Rows:
        found = cut_into_windows(ids, room, stride)
        return [*found[:-1], ids[-room:]]

    return Exercise(
        right=cut_into_windows,
        cases=[
            (list(range(10, 20)), 4, 1),
            (list(range(10, 20)), 4, 0),
            (list(range(10, 20)), 6, 2),
            (list(range(10, 13)), 5, 2),
            (list(range(10, 23)), 5, 4),
            (list(range(10, 18)), 4, 0),
            ([7, 7, 8, 8, 7, 7, 8], 3, 1),
            ([7, 8], 5, 2),
            ([7], 4, 1),
        ],
        mistakes={
            "first_only": (lambda ids, room, stride: [ids[:room]], lambda ids, room, stride: ids[:room]),
            "not_cut": lambda ids, room, stride: [ids],
            "no_overlap": starting(lambda length, room, stride: range(0, length, room)),
            "window_too_many": starting(lambda length, room, stride: range(0, length, room - stride)),
            "step": (
                starting(lambda length, room, stride: range(0, max(length - room, 0) + 1, stride or room)),
                starting(lambda length, room, stride: range(0, length, stride)),
            ),
            "lost": starting(lambda length, room, stride: range(0, length - room + 1, room - stride)),
            "last_is_full": full,
            "step_by_one": starting(lambda length, room, stride: range(0, max(length - room, 0) + 1)),
        },
    )


@record("05/repair-mask")
def repair_mask(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> Exercise:
    """`answer(reviews)` gives the probability of the second class for each review, as if it were read alone."""
    import torch

    def read(ids: Tensor, mask: Tensor | None, of: int = 1) -> Tensor:
        with torch.no_grad():
            return torch.softmax(model(input_ids=ids, attention_mask=mask).logits, dim=-1)[:, of]

    def alone(reviews: Sequence[str], of: int = 1) -> list[float]:
        return [read(torch.tensor([tokenizer(review)["input_ids"]]), None, of).item() for review in reviews]

    def batch(
        mask_of: Callable[[Tensor, Tensor], Tensor | None], left: bool = False, fill: int = tokenizer.pad_token_id
    ) -> Callable[[Sequence[str]], Tensor]:
        """All reviews in one batch: the mask is made from the ids and from the right mask."""

        def found(reviews: Sequence[str]) -> Tensor:
            rows = [tokenizer(review)["input_ids"] for review in reviews]
            ids, mask = map(torch.tensor, pad_rows(rows, fill))
            if left:
                ids = torch.stack([row.roll(int((keep == 0).sum())) for row, keep in zip(ids, mask, strict=True)])
            return read(ids, mask_of(ids, mask))

        return found

    return Exercise(
        right=alone,
        cases=[
            (list(REVIEWS),),
            ([REVIEWS[1], REVIEWS[1]],),
            (["No.", REVIEWS[0]],),
        ],
        use=lambda answer, reviews: answer(reviews) if model.eval() else None,  # an earlier try may have trained it
        same=alike(1e-4),
        mistakes={
            "planted": batch(lambda ids, mask: mask.flip(-1)),
            "no_mask": (batch(lambda ids, mask: None), batch(lambda ids, mask: torch.ones_like(mask))),
            "inverted": batch(lambda ids, mask: 1 - mask),
            "left": batch(lambda ids, mask: mask.flip(-1), left=True),
            "other_class": lambda reviews: alone(reviews, of=0),
            "first_only": lambda reviews: alone(reviews[:1]),
            "one_answer": lambda reviews: sum(alone(reviews)) / len(reviews),
        },
    )
