"""Several processes on this machine, started by torchrun from a notebook: with a time limit, and nothing left behind.

torchrun is PyTorch's own starter. It runs one program several times at once and tells each copy which one it is. Here
all of them talk to each other over this machine's loopback address and the backend gloo, so no network is needed.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils.messages import CourseError, brief, text

if TYPE_CHECKING:
    import psutil
    from accelerate import Accelerator

MOST_PROCESSES = 8
"""Processes that a lesson starts at most: each loads PyTorch and takes some hundred megabytes."""

LIMIT = 240.0
"""Seconds after which a start is ended, by default."""


@dataclass(frozen=True)
class EndedRun:
    """How a start ended.

    Attributes:
        command: the start as you would type it.
        code: its exit status; 0 is success.
        said: everything that it and its processes wrote, as text.
        left: processes that outlived the start and had to be ended here.
    """

    command: str
    code: int
    said: str
    left: int


def why_not() -> str | None:
    """Why several processes cannot work together on this machine; None where they can.

    >>> why_not() is None or len(why_not()) > 20
    True
    """
    import torch.distributed

    if os.name == "nt":
        return text("process_launcher.windows")
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        return text("process_launcher.no_gloo")
    return None


def processes_here(wanted: int = 2) -> int:
    """The number of processes to start: as many as wanted, or 1 and a line that says why.

    Args:
        wanted: 1 to 8.
    Raises:
        CourseError: `wanted` is no whole number from 1 to 8.

    >>> processes_here(1)
    1
    """
    _count(wanted)
    reason = why_not() if wanted > 1 else None
    if reason is None:
        return wanted
    print(text("process_launcher.one_only", reason=reason))
    return 1


def torchrun(*words: str, processes: int = 2, limit: float = LIMIT) -> EndedRun:
    """Run a program in several processes by torchrun, wait for its end, and leave no process behind.

    An interrupt, a time-out or an error ends all of them. With one process, torchrun is left out.

    Args:
        words: what to run, as after `torchrun`: a file, or "-m" and a module, then its arguments.
        processes: how many copies, 1 to 8.
        limit: seconds after which everything is ended.
    Raises:
        CourseError: nothing to run, an impossible number, or the time was over.

    >>> ended = torchrun("-m", "platform", processes=1)
    >>> ended.command, ended.code, ended.left
    ('python -m platform', 0, 0)
    """
    _count(processes)
    if not words:
        raise CourseError(text("process_launcher.nothing"))
    typed = ["python"] if processes == 1 else ["torchrun", "--nproc-per-node", str(processes)]
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
        command += ["--master-addr", "127.0.0.1", "--master-port", str(free_port())]
    with tempfile.TemporaryFile() as heard:
        process = subprocess.Popen(
            [*command, *words], env=environment(), stdin=subprocess.DEVNULL, stdout=heard, stderr=subprocess.STDOUT
        )
        started: set[psutil.Process] = set()
        ended = False
        try:
            _watch(process, started, limit)
            ended = True
        finally:
            left = _end(process, started, patient=ended)
        heard.seek(0)
        said = heard.read().decode("utf-8", "replace")
    return EndedRun(shlex.join([*typed, *words]), process.returncode, said, left)


def on_processes(
    *functions: Callable[[Accelerator], Any],
    processes: int = 2,
    given: Mapping[str, Any] | None = None,
    limit: float = LIMIT,
) -> dict[str, list[Any]]:
    """Call functions in several processes at once; for each function, what each process returned.

    The functions are carried over as text: another process knows nothing of this notebook, so each imports what it
    uses. Each process calls them in the order given, with an Accelerator of its own.

    Args:
        functions: each takes an `Accelerator` and returns what JSON can hold: numbers, texts, lists, dictionaries.
        processes: how many, 1 to 8.
        given: names that the functions may use besides their own, such as the name of a folder, with their values.
        limit: seconds after which everything is ended.
    Returns:
        By the name of the function, a list with one answer for each process, process 0 first.
    Raises:
        CourseError: no function or one without source text, an error inside a function, or the time was over.
    """
    if not functions:
        raise CourseError(text("process_launcher.nothing"))
    names = [function.__name__ for function in functions]
    parts = [f"{name} = {value!r}" for name, value in (given or {}).items()]
    parts += [*map(_source, functions), "from course_lessons.lesson_12.process_launcher import answer_all"]
    with tempfile.TemporaryDirectory() as folder:
        parts.append(f"answer_all([{', '.join(names)}], {folder!r})")
        program = Path(folder) / "program.py"
        program.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        ended = torchrun(str(program), processes=processes, limit=limit)
        if ended.code:
            raise CourseError(text("process_launcher.failed", code=ended.code, why=why_it_failed(ended.said)))
        files = [Path(folder) / f"answers-{rank}.json" for rank in range(processes)]
        answers = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return {name: [answer[name] for answer in answers] for name in names}


def answer_all(functions: Sequence[Callable[[Accelerator], Any]], folder: str) -> None:
    """What each process of `on_processes` does: call the functions, and write what they returned into the folder."""
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    answers = {function.__name__: function(accelerator) for function in functions}
    file = Path(folder) / f"answers-{accelerator.process_index}.json"
    file.write_text(json.dumps(answers), encoding="utf-8")
    accelerator.end_training()


def why_it_failed(said: str) -> str:
    """The line of an error in what processes wrote: the first exception that is not torchrun's own.

    >>> why_it_failed("Traceback (most recent call last):\\nValueError: no rows\\nsome more")
    'ValueError: no rows'
    """
    pattern = r"^(?:\[rank\d+\]: ?)?((?:[\w.]+(?:Error|Exception|Interrupt|Exit))\b.*)$"
    found = [match.group(1) for match in re.finditer(pattern, said, flags=re.MULTILINE)]
    own = [line for line in found if "ChildFailedError" not in line]
    lines = said.strip().splitlines()
    return (own or found or lines[-1:] or [""])[0][:300]


def free_port() -> int:
    """A port of the loopback address that nobody uses just now.

    >>> 1024 <= free_port() < 65536
    True
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment() -> dict[str, str]:
    """The environment of the processes: one thread each, this package on the path, talk over loopback only."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    settings = {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(path for path in dict.fromkeys(paths) if path),
        "PYTHONIOENCODING": "utf-8",
        "TOKENIZERS_PARALLELISM": "false",
        "TORCH_CPP_LOG_LEVEL": "ERROR",
    }
    loopback = [name for _, name in _interfaces() if name in ("lo", "lo0")]
    if loopback:
        settings["GLOO_SOCKET_IFNAME"] = loopback[0]
    return {**os.environ, **settings}


def _interfaces() -> list[tuple[int, str]]:
    """The network interfaces of this machine by name, where the system tells."""
    try:
        return socket.if_nameindex()
    except (AttributeError, OSError):
        return []


def _watch(process: subprocess.Popen[bytes], started: set[psutil.Process], limit: float) -> None:
    """Wait for the end of a process and note all that it starts meanwhile; a CourseError when the time is over."""
    import psutil

    deadline = time.monotonic() + limit
    while True:
        try:
            started.update(psutil.Process(process.pid).children(recursive=True))
        except psutil.Error:
            pass
        try:
            process.wait(0.2)
            return
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise CourseError(text("process_launcher.too_long", limit=round(limit))) from None


def _end(process: subprocess.Popen[bytes], started: set[psutil.Process], patient: bool) -> int:
    """End a process and all that it started, first politely; how many had outlived it."""
    import psutil

    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    _, alive = psutil.wait_procs(list(started), timeout=3 if patient else 0)
    for one in alive:
        try:
            one.kill()
        except psutil.Error:
            pass
    psutil.wait_procs(alive, timeout=5)
    return len(alive)


def _source(function: Callable[..., Any]) -> str:
    """The text of a function, from the left margin."""
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        raise CourseError(text("process_launcher.no_source", given=brief(function))) from None


def _count(processes: object) -> None:
    """Say what is wrong with a number of processes."""
    if isinstance(processes, bool) or not isinstance(processes, int) or not 1 <= processes <= MOST_PROCESSES:
        raise CourseError(text("process_launcher.count", given=brief(processes), most=MOST_PROCESSES))
