"""The eight things in which a training loop must agree with the Trainer, each of which can be left out.

A tiny model on rows of random numbers, so that 24 steps take a fraction of a second. The Trainer runs once, for real;
the loop runs again for every choice of parts and is compared with it.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from course_utils.messages import CourseError, brief, text
from course_utils.run_differences import RecordedRun, RunDifference, largest_difference, loss_differences
from course_utils.training import FUSED, EpochOrder

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

LOOP_PARTS = ("seed", "order", "stream", "dropout", "padding", "optimizer", "schedule", "clipping")
"""The names of the parts, in the order in which the lesson meets them."""

ROWS, BATCH, EPOCHS, SEED, RATE, LONGEST = 36, 5, 3, 42, 5e-4, 12
Row = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """A loop beside the Trainer: the difference in loss at each step, and the largest differences of all."""

    steps: tuple[float, ...]
    difference: RunDifference


@cache
def compare(parts: frozenset[str] = frozenset(LOOP_PARTS)) -> Comparison:
    """Run the loop with these parts as the Trainer has them and the others as a plain loop has them.

    Args:
        parts: names out of `LOOP_PARTS`; all of them make the loop equal to the Trainer.
    Raises:
        CourseError: a name that is no part.

    >>> compare().difference.exact
    True
    """
    unknown = set(parts) - set(LOOP_PARTS)
    if unknown:
        raise CourseError(text("loop_parts.unknown_part", given=brief(sorted(unknown)), known=", ".join(LOOP_PARTS)))
    run, reference = _loop(parts), _trainer()
    return Comparison(tuple(loss_differences(run, reference)), largest_difference(run, reference))


def without(*parts: str) -> Comparison:
    """The loop with all parts but these.

    >>> without("clipping").difference.exact
    False
    """
    return compare(frozenset(LOOP_PARTS) - frozenset(parts))


def apart_from(left_out: Collection[str], others_left_out: Collection[str]) -> RunDifference:
    """How far two loops are from each other, each without some parts.

    >>> apart_from(["dropout"], ["dropout", "stream"]).exact
    True
    """
    every = frozenset(LOOP_PARTS)
    return largest_difference(_loop(every - set(left_out)), _loop(every - set(others_left_out)))


@cache
def tiny_rows() -> tuple[Row, ...]:
    """Rows of 3 to 9 random ids with a random label: the same ones always."""
    chance = random.Random(10)
    rows = []
    for _ in range(ROWS):
        ids = [chance.randrange(1, 60) for _ in range(chance.randint(3, 9))]
        rows.append({"input_ids": ids, "attention_mask": [1] * len(ids), "label": chance.randrange(2)})
    return tuple(rows)


def pad(rows: Collection[Row], length: int | None = None) -> dict[str, Tensor]:
    """Pad rows to the longest of them, or to `length`."""
    import torch

    length = length or max(len(row["input_ids"]) for row in rows)
    batch = {
        key: torch.tensor([row[key] + [0] * (length - len(row[key])) for row in rows])
        for key in ("input_ids", "attention_mask")
    }
    return batch | {"labels": torch.tensor([row["label"] for row in rows])}


def tiny_model(seed: int, **sizes: int) -> PreTrainedModel:
    """A new tiny model with random weights, the generator seeded before and after."""
    from transformers import AutoModelForSequenceClassification, BertConfig, set_seed

    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64, **sizes}
    set_seed(seed)
    model = AutoModelForSequenceClassification.from_config(BertConfig(vocab_size=60, initializer_range=0.2, **sizes))
    set_seed(seed)
    return model


@cache
def _trainer() -> RecordedRun:
    """The run of the real Trainer."""
    from transformers import Trainer, TrainingArguments
    from transformers.trainer_callback import PrinterCallback

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            num_train_epochs=EPOCHS,
            learning_rate=RATE,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
        )
        trainer = Trainer(tiny_model(SEED), arguments, data_collator=pad, train_dataset=list(tiny_rows()))
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        return RecordedRun.of_trainer(trainer)


def _loop(parts: Collection[str]) -> RecordedRun:
    """The run of a loop with some parts as in the Trainer, the rest as in a plain loop."""
    import torch
    from transformers import get_scheduler

    model = tiny_model(SEED if "seed" in parts else SEED + 1)
    settings: dict[str, Any] = {"weight_decay": 0.0, "fused": FUSED} if "optimizer" in parts else {}
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, **settings)
    steps = EPOCHS * -(-ROWS // BATCH)
    schedule = get_scheduler("linear" if "schedule" in parts else "constant", optimizer, 0, steps)
    run = RecordedRun(model)
    model.train("dropout" in parts)
    for epoch in range(EPOCHS):
        for batch in _batches(epoch, parts):
            loss = model(**batch).loss
            loss.backward()
            most = 1.0 if "clipping" in parts else float("inf")
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), most)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            run.note(loss, norm)
    return run


def _batches(epoch: int, parts: Collection[str]) -> Iterable[dict[str, Tensor]]:
    """The batches of an epoch: from a DataLoader, which draws a number of the generator, or cut by hand."""
    from torch.utils.data import DataLoader

    sampler = EpochOrder(ROWS, SEED if "order" in parts else SEED + 100)
    sampler.epoch = epoch
    rows, length = list(tiny_rows()), None if "padding" in parts else LONGEST
    if "stream" in parts:
        return DataLoader(rows, BATCH, sampler=sampler, collate_fn=lambda part: pad(part, length))
    order = list(sampler)
    return [pad([rows[i] for i in order[k : k + BATCH]], length) for k in range(0, ROWS, BATCH)]
