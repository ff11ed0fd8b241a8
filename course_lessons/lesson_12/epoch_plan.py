"""How Accelerate divides an epoch among processes, and what each process has to keep in memory."""

from __future__ import annotations

from dataclasses import dataclass

from course_utils.cost import memory_bytes
from course_utils.messages import CourseError, brief, text

LARGEST = {"rows": 2000, "processes": 64, "batch_size": 512, "accumulate": 64}
"""The largest numbers that `plan_epoch` takes, so that it answers at once."""

MEMORY_PARTS = ("parameters", "gradients", "optimizer")
"""What training keeps for each parameter: itself, its gradient, and AdamW's two running averages."""


@dataclass(frozen=True)
class EpochPlan:
    """One epoch, divided.

    Attributes:
        rows: rows of the data set.
        processes: how many work together.
        batch_size: rows of a batch of one process.
        accumulate: batches of each process that make one step.
        batches: for each process its batches, each the numbers of its rows, in the order of the data set.
    """

    rows: int
    processes: int
    batch_size: int
    accumulate: int
    batches: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def effective_batch(self) -> int:
        """Rows that one full optimizer step is made of."""
        return self.processes * self.batch_size * self.accumulate

    @property
    def steps(self) -> int:
        """Optimizer steps; the last may hold fewer batches."""
        return -(-len(self.batches[0]) // self.accumulate)

    @property
    def schedule_steps(self) -> int:
        """Steps that a schedule takes if it is prepared by Accelerate and nothing else is said."""
        return self.steps * self.processes

    @property
    def repeated(self) -> int:
        """Rows that come a second time, so that all processes have the same number of batches of the same size."""
        return sum(len(batch) for share in self.batches for batch in share) - self.rows

    def step(self, number: int) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """The batches of step `number`, from 1: for each process one or, accumulated, several.

        >>> plan_epoch(rows=10, processes=2, batch_size=2).step(1)
        (((0, 1),), ((2, 3),))
        """
        start = (number - 1) * self.accumulate
        return tuple(share[start : start + self.accumulate] for share in self.batches)


def plan_epoch(rows: int, processes: int, batch_size: int, accumulate: int = 1) -> EpochPlan:
    """Divide an epoch as Accelerate does by default: whole batches in turn, and the first rows again to even it out.

    The division is made by Accelerate's own sampler; the rows are numbered in the order in which they would be drawn.

    Args:
        rows: 1 to 2,000.
        processes: 1 to 64.
        batch_size: rows of a batch of one process, 1 to 512.
        accumulate: batches for one step, 1 to 64.
    Raises:
        CourseError: a number is not whole or out of these bounds.

    >>> plan = plan_epoch(rows=10, processes=2, batch_size=2)
    >>> plan.batches
    (((0, 1), (4, 5), (8, 9)), ((2, 3), (6, 7), (0, 1)))
    >>> plan.effective_batch, plan.steps, plan.schedule_steps, plan.repeated
    (4, 3, 6, 2)
    """
    given = {"rows": rows, "processes": processes, "batch_size": batch_size, "accumulate": accumulate}
    for name, number in given.items():
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= LARGEST[name]:
            raise CourseError(text("epoch_plan.out_of_bounds", name=name, given=brief(number), most=LARGEST[name]))
    from accelerate.data_loader import BatchSamplerShard
    from torch.utils.data import BatchSampler

    shares = []
    for process in range(processes):
        sampler = BatchSampler(range(rows), batch_size, drop_last=False)
        shard = sampler if processes == 1 else BatchSamplerShard(sampler, processes, process)
        shares.append(tuple(tuple(batch) for batch in shard))
    return EpochPlan(rows, processes, batch_size, accumulate, tuple(shares))


def memory_per_process(parameters: int, processes: int, sharded: bool) -> dict[str, int]:
    """Bytes that one process keeps between two steps of AdamW in float32, activations and the batch left out.

    Without sharding every process keeps everything; sharded (FSDP), each keeps an equal part of all three.

    Args:
        parameters: of the whole model.
        processes: 1 to 64.
        sharded: whether the processes share one copy.
    Raises:
        CourseError: an impossible number.

    >>> memory_per_process(1000, processes=4, sharded=False)
    {'parameters': 4000, 'gradients': 4000, 'optimizer': 8000}
    >>> memory_per_process(1000, processes=4, sharded=True)
    {'parameters': 1000, 'gradients': 1000, 'optimizer': 2000}
    """
    if isinstance(processes, bool) or not isinstance(processes, int) or not 1 <= processes <= LARGEST["processes"]:
        raise CourseError(
            text("epoch_plan.out_of_bounds", name="processes", given=brief(processes), most=LARGEST["processes"])
        )
    whole = memory_bytes(parameters, "float32")
    own = memory_bytes(-(-parameters // processes), "float32") if sharded else whole
    return {"parameters": own, "gradients": own, "optimizer": 2 * own}
