"""pip, for the room `install`: what is coming and how large it is, how far it has come, and what a failure means."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path
from typing import Any

from commands.shared import (
    CHANGING,
    ROOT,
    Stop,
    columns,
    environment,
    interactive,
    padded,
    read_json,
    read_text,
    say,
    state_file,
    venv_python,
    write_json,
)
from commands.words import message

EXTRAS = "lab,test"
WHEELS = "wheels"  # where a pack (`course.py pack`) keeps the builds of all packages,
PACK_FILE = "wheels/pack.json"  # and their list; where that is, pip asks nobody else
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PATIENCE_WITH_INDEX = 5  # seconds
SIGNS_OF_NVIDIA = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg")  # the last one: Windows lends its GPU
# What pip downloads for the versions in constraints.txt, added up from its log (Linux, x86_64, Python 3.11).
SIZE_TORCH_CUDA = "2.7 GB"
SIZE_TORCH_CPU = "0.2 GB"
SIZE_THE_REST = "0.3 GB"
# Disk to allow for. Installed without CUDA the course takes 2.2 GB.
SPACE_WITH_CUDA_GB = 10
SPACE_WITHOUT_GB = 4

# What pip's log says when an installation fails, and the key of the words on what to try. The first that fits is shown.
REMEDIES = (
    (r"No space left on device|Errno 28|not enough space on the disk", "disk"),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError", "certificate"),
    (r"ProxyError|Tunnel connection failed|407 Proxy", "proxy"),
    (
        r"NewConnectionError|NameResolutionError|Failed to resolve|name resolution|Network is unreachable"
        r"|getaddrinfo failed|ConnectTimeout|Max retries exceeded",
        "network",
    ),
    (
        r"ReadTimeout|IncompleteRead|ProtocolError|Connection broken|DO NOT MATCH THE HASHES"
        r"|incomplete-download",
        "broken_off",
    ),
    (r"No matching distribution found|Could not find a version that satisfies", "no_build"),
    (r"WinError 206|filename or extension is too long|path too long", "long_path"),
    (r"Permission denied|WinError 5\b|WinError 32|Access is denied", "permission"),
    (r"Failed building wheel|Microsoft Visual C\+\+|command '.*(gcc|cc|clang)' failed", "compiler"),
)


# ----------------------------------------------------------------------------------------- the installation


def pip_command(cpu: bool) -> list[str]:
    """The command that installs the course into `.venv`, to be run in the course's folder."""
    command = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "-c", "constraints.txt"]
    if pack():
        command += ["--no-index", "--find-links", str(ROOT / WHEELS)]
        command += ["--no-compile"]  # a class waits for this: Python compiles what is imported, when it is
    elif cpu:
        command += ["--extra-index-url", CPU_INDEX]
    return [*command, "-e", f".[{EXTRAS}]"]


def pip_environment() -> dict[str, str]:
    """Environment variables for pip; in a pack without those, and without the files, that send it anywhere."""
    env = environment()
    if pack():
        env = {name: value for name, value in env.items() if not name.startswith("PIP_")}
        env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_USER": "0"}
    return env


# ------------------------------------------------------------------------------------------------- a pack


def pack() -> dict[str, Any]:
    """What is in this pack: its targets and its files. An empty dictionary where this is no pack."""
    return read_json(ROOT / PACK_FILE)


def pack_target() -> str:
    """This system and this Python, by the name that a pack has for them.

    >>> pack_target().endswith("-{}.{}".format(*sys.version_info[:2]))
    True
    """
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")
    return "{}-{}.{}".format(system, *sys.version_info[:2])


def check_pack() -> None:
    """Say that nothing will be downloaded; stop where the pack is for others, or where it was not copied whole."""
    content = pack()
    files = content.get("targets", {}).get(pack_target())
    if files is None:
        there = ", ".join(sorted(content.get("targets", {})))
        raise Stop(message("packages.pack_for_others", targets=there, here=pack_target()))
    if platform.machine().lower() not in ("x86_64", "amd64") and not pack_target().startswith("macos"):
        raise Stop(message("packages.pack_for_x86", machine=platform.machine()))
    for name in files:
        path, known = ROOT / WHEELS / name, content.get("files", {}).get(name, {})
        if not path.is_file() or path.stat().st_size != known.get("size") or file_hash(path) != known.get("sha256"):
            raise Stop(message("packages.pack_damaged", file=f"{WHEELS}/{name}"))
    say(message("packages.pack_whole", number=len(files), folder=WHEELS))
    warn_of_full_disk(SPACE_WITHOUT_GB)


def file_hash(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def run_pip(cpu: bool) -> int:
    """Install; the exit code of pip. What pip says goes to a file; in a terminal one line shows how far it is."""
    say(message("packages.installing"))
    with (ROOT / "install.log").open("wb") as log:
        process = subprocess.Popen(
            pip_command(cpu), cwd=ROOT, env=pip_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            for line in process.stdout:
                log.write(line)
                log.flush()
                if line.startswith(b"Installing collected packages"):
                    write_json(state_file(), {"state": CHANGING, "cpu": cpu})
                show_progress(pip_progress(line.decode("utf-8", "replace")))
            return process.wait()
        finally:
            show_progress("")
            stop_soon(process)


def pip_progress(line: str) -> str | None:
    """What a line of pip's output means, in a few words; None if it is of no interest.

    >>> pip_progress("  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (526.6 MB)")
    'downloading torch (526.6 MB)'
    >>> pip_progress("Collecting numpy>=1.26 (from transformers-course==0.1.0)")
    'looking for numpy'
    """
    download = re.match(r"\s*Downloading ([\w.]+?)-\d\S* (\([\d.]+ [kMG]B\))", line)
    if download:
        return message("packages.downloading", package=download.group(1), size=download.group(2))
    search = re.match(r"Collecting ([\w.-]+)", line)
    if search:
        return message("packages.looking_for", package=search.group(1))
    return message("packages.placing") if line.startswith("Installing collected packages") else None


def show_progress(text: str | None) -> None:
    """Show a few words on one line of a terminal, over what stood there; nothing where nobody watches."""
    if text is not None and sys.stdout.isatty():
        shown = f"  {text}"
        while columns(shown) > 78:
            shown = shown[:-1]
        sys.stdout.write("\r" + padded(shown, 78) + ("" if text else "\r"))
        sys.stdout.flush()


def stop_soon(process: subprocess.Popen[bytes]) -> None:
    """Let a program that was told to stop (Ctrl-C reaches it as well) come to its end, but not for long."""
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def explain_failure() -> str:
    """What pip's log says about a failure, in its own last words and in plain ones."""
    lines = [line for line in read_text(ROOT / "install.log").splitlines() if line.strip()]
    errors = [line for line in lines if line.lstrip().startswith("ERROR")] or lines
    log = "\n".join(lines)
    key = next((name for pattern, name in REMEDIES if re.search(pattern, log)), "otherwise")
    remedy = message(f"packages.remedies.{key}", space=SPACE_WITHOUT_GB)
    last = "\n".join("  " + line.strip()[:200] for line in errors[-6:]) or message("packages.no_lines")
    return message("packages.failed", last=last, remedy=remedy)


# ------------------------------------------------------------------------------------------- what is coming


def small_by_itself() -> bool:
    """Whether to take the small PyTorch without being asked: on Linux, without an NVIDIA driver, if it is to be had."""
    if pack() or not sys.platform.startswith("linux") or has_nvidia_driver() or not index_has_small_torch():
        return False
    say(message("packages.small_by_itself"))
    return True


def has_nvidia_driver() -> bool:
    """Whether this machine could use one of NVIDIA's GPUs."""
    return any(Path(sign).exists() for sign in SIGNS_OF_NVIDIA) or shutil.which("nvidia-smi") is not None


def index_has_small_torch(patience: float = PATIENCE_WITH_INDEX) -> bool:
    """Whether PyTorch's index of CPU builds answers, and has the pinned version for this Python and processor."""
    pinned = re.search(r"(?m)^torch==([\w.]+)", read_text(ROOT / "constraints.txt"))
    if not pinned:
        return False
    python = "cp{}{}".format(*sys.version_info[:2])
    build = rf"torch-{re.escape(pinned.group(1))}(\+|%2B)cpu-{python}-{python}-\w*linux\w*_{platform.machine()}\.whl"
    try:
        verified = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
        with urllib.request.urlopen(f"{CPU_INDEX}/torch/", timeout=patience, context=verified) as answer:
            return re.search(build, answer.read().decode("utf-8", "replace")) is not None
    except (OSError, ValueError):
        return False


def torch_on_offer(cpu: bool, patience: float = 30) -> str | None:
    """The file of PyTorch that pip would take, `installed` if it is there already, None if pip does not say.

    pip is asked to install PyTorch alone and stopped as soon as it names the file, before it downloads it.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [str(venv_python()), "-m", "pip", "install", "--dry-run", "--no-deps", "-c", "constraints.txt"]
        command += ["--progress-bar", "off", "--disable-pip-version-check", "--no-input"]
        command += [*(["--extra-index-url", CPU_INDEX] if cpu else []), "torch"]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(TMPDIR=folder, TEMP=folder, TMP=folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        timer = threading.Timer(patience, process.kill)
        timer.start()
        try:
            return next((name for name in map(torch_file, process.stdout) if name), None)
        finally:
            timer.cancel()
            process.kill()
            process.stdout.close()
            process.wait()


def torch_file(line: bytes) -> str | None:
    """The PyTorch file that a line of pip's output names, if it names one.

    >>> torch_file(b"  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (526.6 MB)")
    'torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl'
    >>> torch_file(b"Requirement already satisfied: torch in ./.venv/lib")
    'installed'
    >>> torch_file(b"Collecting torch")
    """
    text = line.decode("utf-8", "replace")
    if text.startswith("Requirement already satisfied: torch"):
        return "installed"
    found = re.search(r"torch-\d[^\s/\\]*?\.whl", text)
    return found.group().replace("%2B", "+") if found else None


def is_cuda_build(file: str | None, system: str) -> bool:
    """Whether this PyTorch brings NVIDIA's libraries with it. Not knowing the file, assume so on Linux.

    >>> is_cuda_build("torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl", "linux")
    False
    >>> is_cuda_build("torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl", "linux")
    True
    >>> is_cuda_build(None, "darwin")
    False
    """
    return system.startswith("linux") and file != "installed" and "+cpu" not in (file or "")


def announce_download(cpu: bool) -> None:
    """Say how much will be downloaded and, before a large download, how to take the small one.

    Asked for the small PyTorch, stop rather than take the large one because the small one was not to be had.
    """
    if pack():
        return check_pack()
    file = torch_on_offer(cpu)
    if file == "installed":
        return
    large = is_cuda_build(file, sys.platform) and not (cpu and file is None)
    if large and cpu:
        raise Stop(message("packages.no_small_torch", index=CPU_INDEX))
    if large:
        sizes = {"torch_cuda": SIZE_TORCH_CUDA, "torch_cpu": SIZE_TORCH_CPU, "the_rest": SIZE_THE_REST}
        say(message("packages.large_download", space=SPACE_WITH_CUDA_GB, **sizes))
    else:
        say(message("packages.small_download"))
    warn_of_full_disk(SPACE_WITH_CUDA_GB if large else SPACE_WITHOUT_GB)
    if large and interactive():
        try:
            input(message("packages.press_enter"))
        except EOFError:
            pass


def free_gigabytes() -> float:
    """Free space on the disk that holds the course, in gigabytes of 10^9 bytes."""
    return shutil.disk_usage(ROOT).free / 1e9


def warn_of_full_disk(needed: float) -> None:
    """Say so when the disk looks too small; pip may still manage."""
    if free_gigabytes() < needed:
        say(message("packages.disk", free=free_gigabytes(), needed=needed))
