"""No network: what keeps the lessons from it is put to the test, here and once where there is none at all.

Every kernel of the tests refuses connections that would leave this machine, and so do the processes it starts
(`conftest.py` and `loopback_only`). So whatever runs a lesson shows that it runs without a network: nbval the stored
ones, the browser the solved ones.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lesson_files import clean_environment, network_cut_off
from loopback_only import stays_here
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel

FAR = "192.0.2.1"
"""An address that is set aside for examples: nobody has it."""

REFUSED = "the tests of the course let nothing leave this machine"

REACH = f"""
import socket
try:
    socket.create_connection(("{FAR}", 80), timeout=2)
except OSError as error:
    print(type(error).__name__, error.errno)
"""

WAYS = {
    "a socket": f"socket.create_connection(('{FAR}', 80), timeout=2)",
    "a socket that does not wait": f"socket.socket().connect_ex(('{FAR}', 80))",
    "a packet": f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'?', ('{FAR}', 53))",
    "a name": "socket.getaddrinfo('huggingface.co', 443)",
    "urllib": f"import urllib.request; urllib.request.urlopen('http://{FAR}', timeout=2)",
    "requests": "import requests; requests.get('https://huggingface.co', timeout=2)",
    "httpx": "import httpx; httpx.get('https://huggingface.co', timeout=2)",
    "asyncio": f"await asyncio.wait_for(asyncio.open_connection('{FAR}', 80), 2)",
    "another process": f"python('import socket; socket.create_connection((\"{FAR}\", 80), timeout=2)')",
    "a process of a process": f"python({REACH!r}.replace('print(type(error).__name__, error.errno)', 'raise'), 2)",
    "a process of lesson 12": "python('import urllib.request as u; u.urlopen(\"https://huggingface.co\")', of_12)",
}
"""Ways out of a kernel, as code of a cell."""

HELP = """
import asyncio, os, socket, subprocess, sys

from course_lessons.lesson_12.process_launcher import environment
of_12 = environment()

def python(code, how=1):
    again = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    env = how if isinstance(how, dict) else None
    done = subprocess.run([sys.executable, "-c", again if how == 2 else code], env=env, capture_output=True, text=True)
    raise OSError(done.stderr)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningKernel]:
    """A kernel as nbval starts one for a notebook, where the machine has a proxy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HTTPS_PROXY", f"http://{FAR}:3128")
        running = RunningKernel(CURRENT_ENV_KERNEL_NAME, cwd=str(tmp_path_factory.mktemp("kernel")))
    yield running
    running.stop()


def said(kernel: RunningKernel, code: str) -> str:
    """What a cell prints, or the error it ends with."""
    asked, heard = kernel.execute_cell_input(code), []
    while True:
        message = kernel.get_message("iopub", timeout=60)
        content = message["content"]
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] == "stream":
            heard.append(content["text"])
        elif message["msg_type"] == "error":
            heard.append(f"{content['ename']}: {content['evalue']}")
        elif content.get("execution_state") == "idle":
            return "".join(heard)


def test_no_way_leads_out_of_a_kernel(kernel: RunningKernel) -> None:
    """A cell that connects to somewhere else fails, however it tries: itself, by a library, in another process."""
    assert said(kernel, HELP) == ""
    assert said(kernel, "print(os.environ.get('HTTPS_PROXY'))") == "None\n", "a proxy would be a way out"
    for name, way in WAYS.items():
        heard = said(kernel, way)
        assert REFUSED in heard, f"{name}: {heard[-500:]}"


def test_this_machine_is_reached_from_a_kernel(kernel: RunningKernel) -> None:
    """Processes that train together, Jupyter and the small Hub of the tests are not in the way."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        reach = f"socket.create_connection((host, {server.getsockname()[1]}), timeout=5).close()"
        assert said(kernel, f"for host in ('127.0.0.1', 'localhost'):\n    {reach}\nprint('reached')") == "reached\n"
    assert said(kernel, "print(socket.socketpair() is not None, socket.getaddrinfo(None, 80) != [])") == "True True\n"


def test_a_lesson_finds_nothing_of_this_in_its_names(kernel: RunningKernel) -> None:
    """What refuses leaves no name behind that a cell could use by accident."""
    assert said(kernel, "print({'loopback_only', 'refuse', 'stays_here', 'errno'} & set(globals()))") == "set()\n"


def test_what_stays_here() -> None:
    """Addresses of the loopback and their usual names stay here, whatever they are written as; nothing else does."""
    for host in (
        None,
        "",
        b"",
        socket.gethostname(),
        "127.0.0.1",
        "127.8.9.1",
        "::1",
        "localhost",
        b"LOCALHOST",
        "0.0.0.0",
        "::",
    ):
        assert stays_here(host), host
    for host in (FAR, "10.0.0.1", "169.254.1.1", "fe80::1%eth0", "2001:db8::1", "huggingface.co", b"localhost.org", 3):
        assert not stays_here(host), host


SMALL = f"""{REACH}
from course_utils import checkpoint, corpus, setup
setup()
from transformers import pipeline
name = checkpoint("distilbert-base-uncased-finetuned-sst-2-english")
print(pipeline("text-classification", model=name, device="cpu")("I hate this so much!")[0]["label"])
print(len(corpus("pocket_pairs")["test"]), "pairs")
"""


@pytest.mark.slow
def test_the_course_works_where_there_is_no_network_at_all(tmp_path: Path) -> None:
    """Cut off by the system, for what does not ask Python: a checkpoint, a pipeline and a corpus do their work."""
    prefix, reason = network_cut_off()
    if reason:
        pytest.skip(reason)
    listed = subprocess.run([*prefix, "ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    assert [line.split(":")[1].strip() for line in listed.splitlines()] == ["lo"]
    environment = clean_environment(HF_HOME=str(tmp_path / "empty"))
    command = [*prefix, sys.executable, "-c", SMALL]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert lines[0] == "OSError 101", "network is unreachable, at once"
    assert lines[-2:] == ["NEGATIVE", "40 pairs"], done.stdout
