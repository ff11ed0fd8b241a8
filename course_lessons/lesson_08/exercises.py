"""What is right and wrong in the exercises of lesson 08, the manual loop."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from course_checks.judging import Exercise, Found
from course_checks.values import alike, plain
from course_utils.exercises import record
from course_utils.messages import text

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers.modeling_outputs import SequenceClassifierOutput

    Batches = list[dict[str, Tensor]]
    Row = dict[str, Any]


@record("08/clip")
def clip() -> Exercise:
    """`answer(gradients, most)` shortens tensors by one factor, so that their common norm is at most `most`."""
    import torch

    def norm_of(gradients: list[Tensor]) -> float:
        return math.sqrt(sum(float(each.pow(2).sum()) for each in gradients))

    def factor(gradients: list[Tensor], most: float) -> float:
        return most / norm_of(gradients) if norm_of(gradients) > most else 1.0

    return Exercise(
        right=lambda gradients, most: [each * factor(gradients, most) for each in gradients],
        cases=[
            ([torch.tensor([2.0, 3.0]), torch.tensor([6.0])], 3.5),
            ([torch.tensor([0.3, 0.0]), torch.tensor([0.4])], 1.0),
            ([torch.tensor([1.0, -2.0, 2.0]), torch.tensor([[6.0], [-2.0]])], 3.5),
            ([torch.tensor([0.0, 0.0]), torch.tensor([0.0])], 1.0),
            ([torch.tensor([0.9, 1.2])], 1.0),
        ],
        same=alike(1e-4),
        forbidden=("clip_grad_norm_", "clip_grads_with_norm_"),
        mistakes={
            "unchanged": lambda gradients, most: gradients,
            "each_alone": lambda gradients, most: [each * factor([each], most) for each in gradients],
            "single_numbers": lambda gradients, most: [each.clamp(-most, most) for each in gradients],
            "always_scaled": (
                lambda gradients, most: [each * (most / torch.tensor(norm_of(gradients))) for each in gradients],
                lambda gradients, most: [each * (most / (norm_of(gradients) or 1.0)) for each in gradients],
            ),
            "squared": lambda gradients, most: [
                each * min(1.0, most / (norm_of(gradients) ** 2 or 1.0)) for each in gradients
            ],
            "norm_one": lambda gradients, most: [
                each / norm_of(gradients) if norm_of(gradients) > most else each for each in gradients
            ],
        },
    )


def classifier(dropout: float = 0.0, scale: float = 1.0) -> Module:
    """A linear classifier that is called as a model of transformers is, in evaluation mode: the same weights always."""
    import torch
    from transformers.modeling_outputs import SequenceClassifierOutput

    class Classifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dropout = torch.nn.Dropout(dropout)
            self.layer = torch.nn.Linear(3, 2, bias=False)
            self.remembered = False
            with torch.no_grad():
                self.layer.weight.copy_(torch.tensor([[0.5, -0.2, 0.1], [-0.3, 0.4, 0.2]]) * scale)

        @property
        def device(self) -> torch.device:
            return self.layer.weight.device

        def forward(self, inputs: Tensor, labels: Tensor) -> SequenceClassifierOutput:
            logits = self.layer(self.dropout(inputs))
            self.remembered |= logits.requires_grad
            return SequenceClassifierOutput(loss=torch.nn.functional.cross_entropy(logits, labels), logits=logits)

    return Classifier().eval()


@cache
def _batches(sizes: tuple[int, ...]) -> Batches:
    import torch

    generator = torch.Generator().manual_seed(8)
    return [
        {
            "inputs": torch.randn(size, 3, generator=generator) * (number + 1),
            "labels": torch.randint(0, 2, (size,), generator=generator),
        }
        for number, size in enumerate(sizes)
    ]


def batches_of(*sizes: int) -> Batches:
    """Batches of so many rows, the same ones always; every batch is larger in its numbers than the one before."""
    return [{name: value.clone() for name, value in batch.items()} for batch in _batches(sizes)]


def _sizes(*batches: Any) -> str:
    return ", ".join(str(len(batch["labels"])) for batch in batches)


@record("08/accumulate")
def accumulate() -> Exercise:
    """`answer(model, batches)` leaves in the model the gradients of all rows as one batch, and returns their loss."""
    import torch

    same = alike(1e-5)

    def use(answer: Callable[..., object], batches: Batches) -> object:
        model = classifier()
        before = model.layer.weight.detach().clone()
        several: set[str] = set()
        model.register_forward_hook(watch(batches, several))
        loss = answer(model, batches)
        gradient = model.layer.weight.grad
        if isinstance(loss, dict) or loss is None and gradient is None:  # the reference tells everything itself
            return loss
        moved = not torch.equal(model.layer.weight, before)
        found = {"loss": loss, "gradient": gradient, "weights": "moved" if moved else "kept"}
        if several and not moved and same(plain(found), plain(whole(classifier(), batches))):
            raise Found("together")
        return found

    def watch(batches: Batches, several: set[str]) -> Callable[..., None]:
        """A hook that notes whether more than one batch takes memory: joined, or waiting for its way back."""
        passes: list[int] = []

        def note(model: Module, given: object, output: SequenceClassifierOutput) -> None:
            if not output.logits.requires_grad:
                return
            number = len(passes)
            passes.append(number)
            if len(output.logits) > max(len(batch["labels"]) for batch in batches):
                several.add("joined")
            output.logits.register_hook(lambda _: several.add("waiting") if len(passes) > number + 1 else None)

        return note

    def collected(
        share: Callable[[Batches, dict[str, Tensor]], float],
        told: Callable[[Batches, dict[str, Tensor]], float] | None = None,
        clear: bool = False,
        backward: bool = True,
        step: bool = False,
        give: Callable[[float, Batches], object] = lambda loss, batches: loss,
    ) -> Callable[[Module, Batches], object]:
        def answer(model: Module, batches: Batches) -> object:
            total = 0.0
            for batch in batches:
                if clear:
                    model.zero_grad()
                loss = model(**batch).loss
                if backward:
                    (loss * share(batches, batch)).backward()
                total += loss.item() * (told or share)(batches, batch)
            if step:
                torch.optim.SGD(model.parameters(), lr=0.1).step()
            return give(total, batches)

        return answer

    def by_rows(batches: Batches, batch: dict[str, Tensor]) -> float:
        return len(batch["labels"]) / sum(len(each["labels"]) for each in batches)

    def at_once(model: Module, batches: Batches) -> float:
        loss = torch.stack([model(**batch).loss for batch in batches]).mean()
        loss.backward()
        return loss.item()

    def whole(model: Module, batches: Batches) -> dict[str, Any]:
        joined = {name: torch.cat([batch[name] for batch in batches]) for name in ("inputs", "labels")}
        loss = model(**joined).loss
        loss.backward()
        return {"loss": loss.item(), "gradient": model.layer.weight.grad, "weights": "kept"}

    return Exercise(
        right=whole,
        cases=[(batches_of(4, 2, 1),), (batches_of(2, 2),), (batches_of(3),)],
        use=use,
        same=same,
        call=lambda batches: text("exercise.08.accumulate.words.call", sizes=_sizes(*batches)),
        mistakes={
            "no_gradient": collected(by_rows, backward=False),
            "weights_moved": collected(by_rows, step=True),
            "last_only": tuple(
                collected(share, clear=True)
                for share in (by_rows, lambda batches, batch: 1.0, lambda batches, batch: 1 / len(batches))
            ),
            "summed": (
                collected(lambda batches, batch: 1.0),
                collected(lambda batches, batch: 1.0, give=lambda loss, batches: loss / len(batches)),
                collected(lambda batches, batch: 1.0, told=by_rows),
            ),
            "equal_shares": (
                collected(lambda batches, batch: 1 / len(batches)),
                collected(lambda batches, batch: 1 / len(batches), told=by_rows),
                at_once,
            ),
            "loss_only": (
                collected(by_rows, told=lambda batches, batch: 1.0),
                collected(by_rows, told=lambda batches, batch: 1 / len(batches)),
                collected(by_rows, give=lambda loss, batches: None),
                collected(by_rows, give=lambda loss, batches: loss / len(batches)),
            ),
        },
    )


@record("08/evaluate")
def evaluate() -> Exercise:
    """`answer(model, batches)` is the mean loss over all rows, without dropout and gradients; the mode is put back."""
    import torch

    def use(answer: Callable[..., object], batches: Batches, training: bool) -> object:
        model = classifier(dropout=0.5).train(training)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            loss = answer(model, batches)
        if not torch.is_grad_enabled() or not all(weight.requires_grad for weight in model.parameters()):
            raise Found("off_for_good")
        if loss is None:
            return None
        modes = {part.training for part in model.modules()}
        return {
            "loss": loss,
            "gradients": "remembered" if model.remembered else "off",
            "mode afterwards": " and ".join("training" if mode else "evaluation" for mode in sorted(modes)),
        }

    def measured(
        weigh: Callable[[dict[str, Tensor]], int] = lambda batch: len(batch["labels"]),
        mean: bool = True,
        evaluation: bool = True,
        back: Callable[[bool], bool | None] = lambda before: before,
        gradients: bool = False,
    ) -> Callable[[Module, Batches], float]:
        def answer(model: Module, batches: Batches) -> float:
            before, total, count = model.training, 0.0, 0
            if evaluation:
                model.eval()
            with nullcontext() if gradients else torch.no_grad():
                for batch in batches:
                    total += model(**batch).loss.item() * weigh(batch)
                    count += weigh(batch)
            after = back(before)
            if after is not None:
                model.train(after)
            return total / count if mean else total

        return answer

    def flag_put_back(model: Module, batches: Batches) -> float:
        before = model.training
        loss = measured(back=lambda before: None)(model, batches)
        model.training = before
        return loss

    return Exercise(
        right=measured(),
        cases=[(batches_of(4, 2, 1), True), (batches_of(3, 3), False), (batches_of(2), True)],
        use=use,
        call=lambda batches, training: text(
            f"exercise.08.evaluate.words.{'training' if training else 'evaluation'}", sizes=_sizes(*batches)
        ),
        mistakes={
            "means": measured(weigh=lambda batch: 1),
            "summed": (measured(mean=False), measured(mean=False, weigh=lambda batch: 1)),
            "dropout": (measured(evaluation=False), measured(evaluation=False, weigh=lambda batch: 1)),
            "left_in_evaluation": (
                measured(back=lambda before: None),
                measured(back=lambda before: None, weigh=lambda batch: 1),
                measured(back=lambda before: False),
            ),
            "always_training": (
                measured(back=lambda before: True),
                measured(back=lambda before: True, weigh=lambda batch: 1),
            ),
            "own_flag_only": flag_put_back,
            "remembered": (measured(gradients=True), measured(gradients=True, weigh=lambda batch: 1)),
            "everything_forgotten": measured(evaluation=False, gradients=True),
        },
    )


LOOP_ROWS, LOOP_JUDGED = (17, 24), 11
"""Rows to train on, three batches either way, and rows to judge by: two batches of 8 and 3."""


@record("08/loop")
def loop() -> Exercise:
    """`answer(model, rows, judged, collate)`: the losses of two epochs and the evaluations, as the Trainer has them."""
    import torch
    from transformers import Trainer, get_scheduler, set_seed

    from course_lessons.lesson_08.loop_parts import pad, tiny_model, tiny_rows
    from course_utils.training import FUSED, EpochOrder
    from course_utils.training import evaluate as evaluated

    trainers_own = Trainer.train

    def refuse(*_: object, **__: object) -> None:
        raise Found("by_the_trainer", text("exercise.08.loop.words.trainer"), text("exercise.08.loop.words.loop"))

    def use(answer: Callable[..., Any], rows: list[Row], judged: list[Row]) -> object:
        with torch.random.fork_rng(devices=[]), patch.object(Trainer, "train", refuse):
            model = tiny_model(5, max_position_embeddings=16).eval()
            torch.manual_seed(7)
            found = answer(model, rows, judged, pad)
        if not isinstance(found, list | tuple) or len(found) != 2:  # the reference tells everything itself
            return found
        return {"losses": found[0], "evaluations": found[1], "weights": weights_of(model)}

    def weights_of(model: Any) -> str:
        """A digest of all weights: another one if a single bit differs."""
        parts = [value.numpy().tobytes() for value in model.state_dict().values()]
        return "digest " + hashlib.sha256(b"".join(parts)).hexdigest()[:16]

    def trainers_run(model: Any, *rest: Any) -> dict[str, Any]:
        losses, evaluations = _trainers_run(trainers_own, model, *rest)
        return {"losses": losses, "evaluations": evaluations, "weights": weights_of(model)}

    def same(given: Any, expected: Any, *_: object) -> bool:
        if not isinstance(given, dict) or "weights" not in given:
            return False
        exact = all(alike(0.0)(given[part], expected[part]) for part in ("losses", "weights"))
        return exact and alike(1e-6)(given["evaluations"], expected["evaluations"])

    def without(*parts: str) -> Callable[..., object]:
        """The loop, wrong in one thing or a few."""

        def answer(model: Any, rows: list[Row], judged: list[Row], collate: Callable[..., Any]) -> object:
            if "seed" not in parts:
                set_seed(42)
            order = EpochOrder(len(rows), 42)
            chosen: dict[str, Any] = {"shuffle": True} if "order" in parts else {"sampler": order}
            loader = torch.utils.data.DataLoader(rows, batch_size=8, collate_fn=collate, **chosen)
            told: dict[str, Any] = {} if "optimizer" in parts else {"weight_decay": 0.0, "fused": FUSED}
            if "decay" in parts:
                told = {"fused": FUSED}
            if "fused" in parts:
                told = {"weight_decay": 0.0}
            optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, **told)
            kind = "constant" if "schedule" in parts else "linear"
            steps = len(loader) if "one_epoch" in parts else 2 * len(loader)
            schedule = get_scheduler(kind, optimizer, num_warmup_steps=0, num_training_steps=steps)
            losses, evaluations = [], []
            if "dropout" not in parts:
                model.train()
            for epoch in range(2):
                order.epoch = 0 if "same_order" in parts else epoch
                batches: Any = loader
                if "stream" in parts:
                    places = list(order)
                    batches = [collate([rows[i] for i in places[k : k + 8]]) for k in range(0, len(places), 8)]
                for batch in batches:
                    loss = model(**batch).loss
                    loss.backward()
                    if "clipping" not in parts:
                        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                    optimizer.step()
                    schedule.step()
                    if "zero_grad" not in parts:
                        optimizer.zero_grad()
                    losses.append(loss.item())
                before = model.training
                if "judging" in parts:  # cut by hand: without the number that a DataLoader draws
                    model.eval()
                    halves = [judged[k : k + 8] for k in range(0, len(judged), 8)]
                    with torch.no_grad():
                        found = [float(model(**collate(part)).loss) * len(part) for part in halves]
                    evaluations.append(sum(found) / len(judged))
                elif "judged_in_training" in parts:
                    with torch.no_grad():
                        loader_of_judged = torch.utils.data.DataLoader(judged, batch_size=8, collate_fn=collate)
                        found = [float(model(**part).loss) * len(part["labels"]) for part in loader_of_judged]
                    evaluations.append(sum(found) / len(judged))
                else:
                    evaluations.append(evaluated(model, judged, collate, 8))
                if "mode" not in parts:
                    model.train(before)
            return losses, evaluations

        return answer

    return Exercise(
        right=trainers_run,
        cases=[(list(tiny_rows()[:number]), list(tiny_rows()[number : number + LOOP_JUDGED])) for number in LOOP_ROWS],
        same=same,
        use=use,
        call=lambda rows, judged: text("exercise.08.loop.words.call", rows=len(rows), judged=len(judged)),
        seconds=30,
        mistakes={
            "seed": (without("seed"), without("seed", "order")),
            "order": without("order"),
            "same_order": without("same_order"),
            "stream": without("stream"),
            "dropout": without("dropout"),
            "mode": without("mode"),
            "judging": (without("judging"), without("stream", "judging")),
            "judged_in_training": without("judged_in_training"),
            "schedule": (without("schedule"), without("one_epoch")),
            "clipping": without("clipping"),
            "zero_grad": without("zero_grad"),
            "optimizer": (without("optimizer"), without("decay"), without("fused")),
        },
    )


def _trainers_run(
    train: Callable[..., Any], model: Any, rows: list[Row], judged: list[Row], collate: Callable[..., Any]
) -> tuple[list[float], list[float]]:
    """The same by the real Trainer and its `train`: the losses of the steps and of the evaluations."""
    import tempfile

    from transformers import Trainer, TrainingArguments
    from transformers.trainer_callback import PrinterCallback

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=2,
            logging_steps=1,
            eval_strategy="epoch",
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
        )
        trainer = Trainer(model, arguments, data_collator=collate, train_dataset=rows, eval_dataset=judged)
        trainer.remove_callback(PrinterCallback)
        train(trainer)
    logged = trainer.state.log_history
    losses = [entry["loss"] for entry in logged if "loss" in entry]
    evaluations = [entry["eval_loss"] for entry in logged if "eval_loss" in entry]
    return losses, evaluations


@record("08/one-epoch")
def one_epoch() -> Exercise:
    """`answer(model, batches, rate)` goes through the batches once: gradients clipped at 1.0, losses returned."""
    import torch

    def use(answer: Callable[..., object], batches: Batches, rate: float) -> object:
        model = classifier(dropout=0.5, scale=2.0)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(11)
            losses = answer(model, batches, rate)
        if losses is None or isinstance(losses, dict):  # the reference tells everything itself
            return losses
        return {"losses": losses, "weights": model.layer.weight}

    def steps(order: str, mode: bool = True, most: float = 1.0) -> Callable[..., object]:
        """An epoch whose steps are done in some order: b backward, c clip, s step, z zero_grad."""

        def answer(model: Module, batches: Batches, rate: float) -> list[float]:
            optimizer = torch.optim.SGD(model.parameters(), lr=rate)
            losses = []
            model.train(mode)
            for batch in batches:
                loss = model(**batch).loss
                for part in order:
                    if part == "b":
                        loss.backward()
                    elif part == "c":
                        torch.nn.utils.clip_grad_norm_(model.parameters(), most)
                    elif part == "s":
                        optimizer.step()
                    else:
                        optimizer.zero_grad()
                losses.append(loss.item())
            return losses

        return answer

    return Exercise(
        right=lambda model, *rest: {"losses": steps("bcsz")(model, *rest), "weights": model.layer.weight},
        cases=[(batches_of(4, 4, 3), 0.5), (batches_of(2, 2), 0.1)],
        use=use,
        call=lambda batches, rate: text("exercise.08.one-epoch.words.call", sizes=_sizes(*batches), rate=rate),
        mistakes={
            "planted": (steps("bscz"), steps("bsz"), steps("zcbs")),
            "not_cleared": steps("bcs"),
            "cleared_too_soon": (steps("bczs"), steps("bzcs")),
            "no_dropout": steps("bcsz", mode=False),
        },
    )
