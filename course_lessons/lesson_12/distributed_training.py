"""Fine-tune a classifier on the course's reviews, in one process or in many: lesson 08's loop under Accelerate.

The same file is started in different ways:

    python -m course_lessons.lesson_12.distributed_training --cpu --folder my/run
    torchrun --nproc-per-node 2 -m course_lessons.lesson_12.distributed_training --cpu --folder my/run2
    accelerate launch --config_file several_gpus.yaml -m course_lessons.lesson_12.distributed_training --folder my/run3

The configurations lie beside this file in `accelerate_configs`; `--configurations` prints where that is. A start with
the same folder goes on from the last whole checkpoint. On a shared machine two runs need two folders.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils.messages import CourseError, shorten, text

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch.utils.data import DataLoader

UNFINISHED = "unfinished"
"""Name of the folder in which a checkpoint grows; only a whole one is renamed to step-NUMBER."""

RUN = "run.json"
"""Name of the file of a checkpoint that says to which run it belongs."""

SMALLEST = {"rows": 0, "epochs": 1, "batch_size": 1, "accumulate": 1, "seed": 0, "save_every": 0, "die_at_step": 0}
"""The smallest whole number that makes sense for a setting."""

FREE = ("folder", "save_every", "die_at_step")
"""What may differ when a run goes on: it changes no number of the run."""


MANNERS = 2.0
"""Seconds by which the other processes end later than the first: as soon as one ends, torchrun ends all."""


@dataclass(frozen=True)
class DistributedSettings:
    """What a run is told.

    Attributes:
        folder: where checkpoints, the model and the report go; on several machines a folder that all of them see.
        model: the checkpoint to start from; empty for the course's stand-in for bert-base-uncased.
        language: "en" or "ko", the language of the reviews.
        rows: how many training rows; 0 for all there are.
        epochs, batch_size, learning_rate, max_grad_norm, seed: as in lesson 08; `batch_size` is that of ONE process.
        accumulate: batches of each process that make one step; a smaller rest at the end of an epoch counts less.
        save_every: steps between checkpoints; 0 for none.
        cpu: stay on the CPU, even where there is a GPU.
        die_at_step: for practice: the last process kills itself before this step, unless the run was resumed.
    """

    folder: Path
    model: str = ""
    language: str = "en"
    rows: int = 0
    epochs: int = 3
    batch_size: int = 8
    accumulate: int = 1
    learning_rate: float = 3e-4
    max_grad_norm: float = 1.0
    seed: int = 42
    save_every: int = 10
    cpu: bool = False
    die_at_step: int = 0


def train(settings: DistributedSettings) -> dict[str, Any]:
    """Train, save the model once, and report; every process calls this, and every process gets the report.

    Returns:
        Number of processes, kind of distribution, device, the step resumed from (0: none), the loss and the learning
        rate of each step done here, how many rows were judged and how many of them rightly.
    Raises:
        CourseError: before any training, where a setting is impossible, the processes do not know each other, or a
            checkpoint of the folder belongs to another run.
    """
    refuse_impossible(settings)
    import torch
    from accelerate import Accelerator
    from accelerate.utils import set_seed

    accelerator = Accelerator(
        cpu=settings.cpu, gradient_accumulation_steps=settings.accumulate, step_scheduler_with_optimizer=False
    )
    _refuse_strangers(accelerator)

    from torch.utils.data import DataLoader
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        get_scheduler,
    )

    from course_utils.training import EpochOrder

    name = settings.model or _stand_in()
    tokenizer = _loaded(AutoTokenizer, name)
    rows, judged = _tokenized(tokenizer, settings)
    set_seed(settings.seed)
    model = _loaded(AutoModelForSequenceClassification, name)
    if model.config.num_labels < 2:
        raise CourseError(text("distributed_training.one_label", given=name))
    collate, order = DataCollatorWithPadding(tokenizer), EpochOrder(len(rows), settings.seed)
    loader = accelerator.prepare(DataLoader(rows, settings.batch_size, sampler=order, collate_fn=collate))
    per_epoch = math.ceil(len(loader) / settings.accumulate)
    total = settings.epochs * per_epoch
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.0, fused=True)
    schedule = get_scheduler("linear", optimizer, num_warmup_steps=0, num_training_steps=total)
    model, optimizer, schedule = accelerator.prepare(model, optimizer, schedule)
    set_seed(settings.seed, device_specific=True)  # process 0 as in lesson 08, every other its own dropout

    done = resumed_from = _resume(accelerator, settings)
    random = torch.get_rng_state() if done % per_epoch else None
    losses: list[float] = []
    rates: list[float] = []
    model.train()
    while done < total:
        order.epoch, seen = divmod(done, per_epoch)
        share = torch.zeros((), device=accelerator.device)
        fresh = True  # whether the next batch is the first of a step
        for batch in accelerator.skip_first_batches(loader, seen * settings.accumulate) if seen else loader:
            if random is not None:  # to begin an epoch draws a number, and here that belongs to the time before
                torch.set_rng_state(random)
                random = None
            if fresh and done + 1 == settings.die_at_step and not resumed_from:
                _die(accelerator)
            with accelerator.accumulate(model):
                loss = model(**batch).loss
                accelerator.backward(loss)
                share += loss.detach() / settings.accumulate
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
                    rates.append(schedule.get_last_lr()[0])
                optimizer.step()
                optimizer.zero_grad()
            fresh = accelerator.sync_gradients
            if fresh:
                schedule.step()
                done += 1
                losses.append(accelerator.reduce(share, "mean").item())
                share.zero_()
                if settings.save_every and done % settings.save_every == 0:
                    save_checkpoint(accelerator, settings, done)

    correct = judge(accelerator, model, DataLoader(judged, settings.batch_size, collate_fn=collate))
    accelerator.unwrap_model(model).save_pretrained(
        settings.folder / "model",
        is_main_process=accelerator.is_main_process,
        state_dict=accelerator.get_state_dict(model),
    )
    report = {
        "processes": accelerator.num_processes,
        "distribution": accelerator.distributed_type.value,
        "device": accelerator.device.type,
        "resumed_from": resumed_from,
        "losses": losses,
        "learning_rates": rates,
        "judged": len(correct),
        "correct": sum(correct),
    }
    if accelerator.is_main_process:
        (settings.folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    accelerator.wait_for_everyone()
    return report


def judge(accelerator: Accelerator, model: Any, loader: DataLoader) -> list[bool]:
    """Whether each row was classified rightly: each row once, in order, and the whole list in every process."""
    import torch

    model.eval()
    correct: list[bool] = []
    for batch in accelerator.prepare(loader):
        with torch.no_grad():
            right = model(**batch).logits.argmax(dim=-1) == batch["labels"]
        correct += accelerator.gather_for_metrics(right).tolist()
    return correct


def save_checkpoint(accelerator: Accelerator, settings: DistributedSettings, done: int) -> None:
    """Write all that going on takes. Under its final name a checkpoint is whole: it is renamed when all is written."""
    unfinished, whole = settings.folder / UNFINISHED, settings.folder / f"step-{done}"
    if accelerator.is_main_process:
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(whole, ignore_errors=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(unfinished))
    accelerator.wait_for_everyone()  # every process writes its own random state
    if accelerator.is_main_process:
        (unfinished / RUN).write_text(json.dumps(_told(accelerator, settings)), encoding="utf-8")
        unfinished.rename(whole)
        for older in checkpoints(settings.folder)[:-1]:
            shutil.rmtree(older)
    accelerator.wait_for_everyone()


def checkpoints(folder: Path) -> list[Path]:
    """The whole checkpoints in a folder, the oldest first.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("step-10", "step-9", "unfinished"):
    ...         (Path(folder) / name).mkdir()
    ...     [found.name for found in checkpoints(Path(folder))]
    ['step-9', 'step-10']
    """
    found = [path for path in folder.glob("step-*") if re.fullmatch(r"step-\d+", path.name)]
    return sorted(found, key=lambda path: int(path.name.removeprefix("step-")))


def configurations() -> dict[str, Path]:
    """The Accelerate configurations of the course, by name.

    >>> sorted(configurations())
    ['fsdp', 'several_gpus', 'several_machines']
    """
    with as_file(files("course_lessons.lesson_12").joinpath("accelerate_configs")) as folder:
        return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def main(words: Sequence[str] | None = None) -> int:
    """Run from a command line; the exit status."""
    told = {
        name: text(f"distributed_training.arguments.{name}") for name in ("about", "folder", "configurations", "cpu")
    }
    parser = argparse.ArgumentParser(prog="course_lessons.lesson_12.distributed_training", description=told["about"])
    parser.add_argument("--folder", type=Path, help=told["folder"])
    parser.add_argument("--configurations", action="store_true", help=told["configurations"])
    parser.add_argument("--cpu", action="store_true", help=told["cpu"])
    for name, default in vars(DistributedSettings(Path())).items():
        if name not in ("folder", "cpu"):
            parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    given = vars(parser.parse_args(words))
    if given.pop("configurations"):
        print("\n".join(str(path) for path in configurations().values()))
        return 0
    if given["folder"] is None:
        parser.error(text("distributed_training.arguments.missing"))
    try:
        report = train(DistributedSettings(**given))
    except CourseError as error:
        if os.environ.get("RANK", "0") == "0":  # all processes found the same
            print(f"CourseError: {error}", file=sys.stderr, flush=True)
        else:
            time.sleep(MANNERS)
        return 2
    if os.environ.get("RANK", "0") == "0":
        print(text("distributed_training.finished", **{**report, "steps": len(report["losses"])}))
    from accelerate.state import PartialState

    PartialState().destroy_process_group()
    return 0


def refuse_impossible(settings: DistributedSettings) -> None:
    """Say at once, before anything is loaded, what is impossible about some settings.

    Raises:
        CourseError: a number that makes no sense, or a folder that cannot be one.

    >>> refuse_impossible(DistributedSettings(Path("my/run"), epochs=2))
    """
    for name, least in SMALLEST.items():
        given = getattr(settings, name)
        if isinstance(given, bool) or not isinstance(given, int) or given < least:
            words = text("distributed_training.too_small", name=_option(name), given=given, least=least)
            raise CourseError(words)
    for name in ("learning_rate", "max_grad_norm"):
        given = getattr(settings, name)
        if not 0 < given < math.inf:
            raise CourseError(text("distributed_training.not_positive", name=_option(name), given=given))
    there = next(path for path in (settings.folder, *settings.folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise CourseError(text("distributed_training.no_folder", given=settings.folder, there=there))
    if not os.access(there, os.W_OK):
        raise CourseError(text("distributed_training.no_writing", given=settings.folder, there=there))


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _loaded(kind: Any, name: str) -> Any:
    """A tokenizer or a model by its name; a CourseError where there is none."""
    try:
        return kind.from_pretrained(name)
    except (OSError, ValueError) as error:
        why = str(error).strip().partition("\n")[0]
        raise CourseError(text("distributed_training.no_model", given=name, why=shorten(why, 200))) from None


def _stand_in() -> str:
    from course_utils.checkpoints import checkpoint

    return str(checkpoint("bert-base-uncased"))


def _refuse_strangers(accelerator: Accelerator) -> None:
    """Stop where several copies were started that do not know each other: each would train alone."""
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started != accelerator.num_processes:
        raise CourseError(text("distributed_training.strangers", started=started, known=accelerator.num_processes))


def _tokenized(tokenizer: Any, settings: DistributedSettings) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Training rows, and the rows of the test split, tokenized."""
    from course_utils.corpora import corpus

    reviews = corpus("pocket_reviews", settings.language)
    most = len(reviews["train"])
    if settings.rows > most:
        raise CourseError(text("distributed_training.too_many", given=settings.rows, most=most))
    parts = (reviews["train"].select(range(settings.rows or most)), reviews["test"])
    return tuple([{**tokenizer(row["text"], truncation=True), "label": row["label"]} for row in part] for part in parts)


def _told(accelerator: Accelerator, settings: DistributedSettings) -> dict[str, Any]:
    """All that decides what a run calculates: with anything else, what goes on would be another run."""
    told = {name: value for name, value in vars(settings).items() if name not in FREE}
    return {"processes": accelerator.num_processes, **told}


def _resume(accelerator: Accelerator, settings: DistributedSettings) -> int:
    """Load the last whole checkpoint of the folder, if there is one; the steps done by then."""
    found = checkpoints(settings.folder)
    if not found:
        return 0
    was = json.loads((found[-1] / RUN).read_text(encoding="utf-8"))
    now = _told(accelerator, settings)
    other = [f"{_option(name)} {was.get(name)!r} -> {now[name]!r}" for name in now if was.get(name) != now[name]]
    if other:
        raise CourseError(text("distributed_training.other_run", other=", ".join(other), folder=found[-1].name))
    accelerator.load_state(str(found[-1]))
    return int(found[-1].name.removeprefix("step-"))


def _die(accelerator: Accelerator) -> None:
    """For practice: the last process ends as if the power went out, without a word to the others."""
    if accelerator.process_index == accelerator.num_processes - 1:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


if __name__ == "__main__":
    sys.exit(main())
