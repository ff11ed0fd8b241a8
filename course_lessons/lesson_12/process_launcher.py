"""Several processes on this machine, started from a notebook as torchrun does: with a time limit, and nothing left.

torchrun is PyTorch's own starter. It runs one program several times at once and tells each copy which one it is. Here
all of them talk to each other over this machine's loopback address and the backend gloo, so no network is needed.

A program that torchrun starts has to import PyTorch and transformers first, which takes far longer than what a lesson
does with them. So on Linux the lesson's starts are `warm`: the same launcher of PyTorch (`elastic_launch`, which
torchrun calls too), in a process that is forked from one that has imported all that already.
"""

from __future__ import annotations

import dis
import inspect
import json
import multiprocessing
import os
import re
import runpy
import shlex
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from course_utils.messages import CourseError, brief, text

if TYPE_CHECKING:
    import psutil
    from accelerate import Accelerator

MOST_PROCESSES = 8
"""Processes that a lesson starts at most: each loads PyTorch and takes some hundred megabytes."""

LIMIT = 240.0
"""Seconds after which a start is ended, by default."""

READY = (
    "torch.distributed.run",
    "accelerate.utils",
    "datasets",
    "safetensors.torch",
    "transformers.models.bert.modeling_bert",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.data.data_collator",
    "transformers.optimization",
    "course_utils.training",
    "course_utils.corpora",
)
"""What the process has imported from which warm starts are forked."""


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


def torchrun(*words: str, processes: int = 2, limit: float = LIMIT, warm: bool = False) -> EndedRun:
    """Run a program in several processes by torchrun, wait for its end, and leave no process behind.

    An interrupt, a time-out or an error ends all of them. With one process, torchrun is left out.

    Args:
        words: what to run, as after `torchrun`: a file, or "-m" and a module, then its arguments.
        processes: how many copies, 1 to 8.
        limit: seconds after which everything is ended.
        warm: on Linux, fork the processes from one that has imported PyTorch and transformers; elsewhere no difference.
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
    with tempfile.TemporaryDirectory() as folder:
        heard = Path(folder) / "heard"
        settings = {**environment(), "TMPDIR": folder}  # what a launcher leaves lying goes with the folder
        start = _forked if warm and sys.platform == "linux" else _from_nothing
        process = start(words, processes, settings, heard)
        started: set[psutil.Process] = set()
        ended = False
        try:
            _watch(process, started, limit)
            ended = True
        finally:
            left = _end(process, started, patient=ended)
        said = heard.read_bytes().decode("utf-8", "replace")
    return EndedRun(shlex.join([*typed, *words]), _exit_code(process), said, left)


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
        given: names that the functions may use besides their own, with their values: texts, numbers, lists, or
            functions of the notebook, which travel as text too, together with the imports that they use.
        limit: seconds after which everything is ended.
    Returns:
        By the name of the function, a list with one answer for each process, process 0 first. Where several processes
        cannot work together, the stored answers of two, after a line that says so.
    Raises:
        CourseError: no function or one without source text, an error inside a function, or the time was over.
    """
    if not functions:
        raise CourseError(text("process_launcher.nothing"))
    names = [function.__name__ for function in functions]
    if processes > 1 and why_not():
        answers = {name: stored("answers", name) for name in names}
        failed = next((each for each in answers.values() if isinstance(each, str)), None)
        if failed:
            raise CourseError(failed)
        return answers
    parts = [part for name, value in (given or {}).items() for part in _carried(name, value)]
    parts += [*map(_source, functions), "from course_lessons.lesson_12.process_launcher import answer_all"]
    with tempfile.TemporaryDirectory() as folder:
        parts.append(f"answer_all([{', '.join(names)}], {folder!r})")
        program = Path(folder) / "program.py"
        program.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        ended = torchrun(str(program), processes=processes, limit=limit, warm=True)
        if ended.code:
            raise CourseError(text("process_launcher.failed", code=ended.code, why=why_it_failed(ended.said)))
        files = [Path(folder) / f"answers-{rank}.json" for rank in range(processes)]
        answers = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return {name: [answer[name] for answer in answers] for name in names}


def stored(kind: str, name: str) -> Any:
    """What two processes gave when the lesson was made, after a line that says so; for machines that start only one.

    The file is written by `recipes/store_two_processes.py`.

    Args:
        kind: "answers" of functions, or "runs" of the script.
        name: of the function, or of the folder.
    Raises:
        CourseError: there is nothing stored under this name.
    """
    held = json.loads((Path(__file__).parent / "two_processes.json").read_text(encoding="utf-8"))
    reason = why_not()
    if name not in held[kind]:
        raise CourseError(text("process_launcher.not_stored", reason=reason, given=brief(name)))
    print(text("process_launcher.stored", made=held["made"], reason=reason))
    return held[kind][name]


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


Started = "subprocess.Popen[bytes] | multiprocessing.process.BaseProcess"


def _from_nothing(words: Sequence[str], processes: int, settings: Mapping[str, str], heard: Path) -> Started:
    """Start torchrun itself, or a plain Python for one process."""
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
        command += ["--master-addr", "127.0.0.1", "--master-port", str(free_port())]
    with heard.open("wb") as out:
        return subprocess.Popen(
            [*command, *words], env=settings, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )


def _forked(words: Sequence[str], processes: int, settings: Mapping[str, str], heard: Path) -> Started:
    """Start PyTorch's launcher in a process that has imported everything; the first such start makes that process."""
    heard.touch()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(READY))
    process = context.Process(target=_launch, args=(list(words), processes, dict(settings), str(heard), free_port()))
    with _environment(settings), _no_main():
        process.start()
    return process


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the program that runs here: a forked process needs nothing of it, and would import it once more."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """The environment changed for a while: a server of forks is started with what holds then."""
    before = dict(os.environ)
    os.environ.update({name: value for name, value in settings.items() if name != "TMPDIR"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _launch(words: list[str], processes: int, settings: dict[str, str], heard: str, port: int) -> None:
    """What the forked process does: write everything into a file, then start the others and watch them."""
    with open(heard, "ab") as out:
        for descriptor in (1, 2):
            os.dup2(out.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(settings)
    tempfile.tempdir = None
    if processes == 1:
        _run(words)
        return
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id="none",
        rdzv_backend="static",
        rdzv_endpoint=f"127.0.0.1:{port}",
        rdzv_configs={"rank": 0},
        max_restarts=0,
        start_method="fork",
    )
    try:
        elastic_launch(config, _run)(words)
    except ChildFailedError as error:
        print(error, file=sys.stderr, flush=True)
        sys.exit(1)


def _run(words: list[str]) -> None:
    """Run a program as `python` would, in this process; one that fails ends it with an exit status that is not 0."""
    import torch

    torch.set_num_threads(1)
    sys.argv = words[1:] if words[0] == "-m" else words
    try:
        if words[0] == "-m":
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(words[0], run_name="__main__")
        code: object = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        time.sleep(0.5)  # whoever fails because another one has died lets that one be reported first
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    if code not in (0, None):
        os._exit(code if isinstance(code, int) else 1)


def _exit_code(process: Started) -> int:
    code = process.returncode if isinstance(process, subprocess.Popen) else process.exitcode
    return 1 if code is None else code


def _over(process: Started, seconds: float) -> bool:
    """Wait for the end of a process, for some seconds at most; whether it has come."""
    if isinstance(process, subprocess.Popen):
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return process.poll() is not None
    process.join(seconds)
    return process.exitcode is not None


def _watch(process: Started, started: set[psutil.Process], limit: float) -> None:
    """Wait for the end of a process and note all that it starts meanwhile; a CourseError when the time is over."""
    import psutil

    deadline = time.monotonic() + limit
    while True:
        with suppress(psutil.Error):
            started.update(psutil.Process(process.pid).children(recursive=True))
        if _over(process, 0.2):
            return
        if time.monotonic() > deadline:
            raise CourseError(text("process_launcher.too_long", limit=round(limit)))


def _end(process: Started, started: set[psutil.Process], patient: bool) -> int:
    """End a process and all that it started, first politely; how many had outlived it."""
    import psutil

    if not _over(process, 0):
        process.terminate()
        if not _over(process, 5):
            process.kill()
            _over(process, 5)
    _, alive = psutil.wait_procs(list(started), timeout=3 if patient else 0)
    for one in alive:
        try:
            one.kill()
        except psutil.Error:
            pass
    psutil.wait_procs(alive, timeout=5)
    return len(alive)


def _carried(name: str, value: Any) -> list[str]:
    """The lines that make a name known to another process: its value, or a function's text after its imports."""
    if not inspect.isfunction(value):
        return [f"{name} = {value!r}"]
    lines = []
    for used in sorted({step.argval for step in dis.get_instructions(value) if step.opname == "LOAD_GLOBAL"}):
        held = value.__globals__.get(used)
        if inspect.ismodule(held):
            lines.append(f"import {held.__name__} as {used}")
        elif getattr(held, "__module__", "__main__") != value.__module__ and hasattr(held, "__qualname__"):
            lines.append(f"from {held.__module__} import {held.__qualname__} as {used}")
    return [*lines, _source(value)]


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
