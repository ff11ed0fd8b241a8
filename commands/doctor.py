"""What this machine has and lacks for the course, in a form that fits a bug report: `python course.py doctor`."""

from __future__ import annotations

import json
import locale
import os
import platform
import re
import shutil
import subprocess
import sys
from typing import Any

from commands.copies import my
from commands.install import fingerprint, has_module, how_to_get_venv
from commands.lessons import lessons
from commands.open_lab import FIRST_PORT, has_browser, port_is_free
from commands.packages import free_gigabytes
from commands.shared import (
    READY,
    ROOT,
    WINDOWS,
    Stop,
    environment,
    read_json,
    read_text,
    say,
    state_file,
    tidy,
    venv,
    venv_python,
)

Finding = tuple[str, str]

ASK = """
import json, platform
from importlib.metadata import PackageNotFoundError, version
names = ["torch", "transformers", "tokenizers", "datasets", "accelerate", "ipywidgets", "jupyterlab",
         "ipykernel", "nbval", "playwright", "koreanize-matplotlib"]
versions = {}
for name in names:
    try:
        versions[name] = version(name)
    except PackageNotFoundError:
        versions[name] = None
try:
    import torch
    threads = torch.get_num_threads()
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none that PyTorch can use"
    if gpu.startswith("none") and getattr(torch.backends, "mps", None) and torch.backends.mps.is_available():
        gpu = "Apple (mps)"
except Exception as error:
    threads, gpu = "PyTorch cannot be imported: %s" % error, "unknown"
print(json.dumps({"python": platform.python_version(), "versions": versions, "threads": threads, "gpu": gpu}))
"""
"""What the Python in `.venv` is asked."""


def command_doctor(words: list[str]) -> int:
    """Say in plain words what this machine has and lacks."""
    if words:
        raise Stop("doctor takes no arguments.")
    say("What this machine has for the course (fit for a bug report: no names, no paths of yours)\n")
    findings = machine_findings() + installation_findings() + course_findings()
    width = max(len(label) for label, _ in findings)
    for label, text in findings:
        say(f"{label.ljust(width)}  {tidy(text)}")
    return 0


def machine_findings() -> list[Finding]:
    """Python, system, disk, network settings, ports, browser, fonts: pairs of a label and a sentence."""
    proxy = any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"))
    maker = "yes" if has_module("venv") and has_module("ensurepip") else "no: " + how_to_get_venv().splitlines()[0]
    path = str(ROOT)
    kind = [word for word, there in (("spaces", " " in path), ("non-English letters", not path.isascii())) if there]
    ports = [port for port in (FIRST_PORT, 0) if port_is_free(port)]
    ports_text = {2: f"yes, and {FIRST_PORT} is free", 1: f"yes, but {FIRST_PORT} is taken"}
    return [
        ("Python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("System", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("Processors", str(os.cpu_count())),
        ("Free disk", f"{free_gigabytes():.1f} GB"),
        ("Path of the course", "contains " + " and ".join(kind) if kind else "plain"),
        ("Letters", f"{sys.getfilesystemencoding()}, system {locale.getpreferredencoding(False)}"),
        ("Can make .venv", maker),
        ("conda", "an environment is active" if os.environ.get("CONDA_PREFIX") else "not active"),
        ("Proxy set", "yes" if proxy else "no"),
        ("Local ports work", ports_text.get(len(ports), "no: something forbids servers on this computer")),
        ("Browser", "found" if has_browser() else "none found; the address is printed instead"),
        ("Chromium", "found" if find_chromium() else "not found; only the browser tests need it"),
        ("Font with Korean", korean_font()),
    ]


def installation_findings() -> list[Finding]:
    """The state of `.venv` and the versions in it, against the tested ones."""
    state = read_json(state_file())
    if not venv().exists():
        return [("Installation", "not there yet; `python course.py` makes it")]
    if not venv_python().exists():
        return [("Installation", "broken; the next start mends it")]
    if state.get("state") != READY:
        return [("Installation", "not finished; the next start mends it")]
    current = state.get("fingerprint") == fingerprint(bool(state.get("cpu")))
    lines = [("Installation", "complete" if current else "older than the course; the next start updates it")]
    facts = ask_venv()
    if not facts:
        return [*lines, ("Packages", "could not be read: the Python in .venv does not answer")]
    lines.append(("Python in .venv", facts["python"]))
    pins = tested_versions()
    for name, version in sorted(facts["versions"].items()):
        lines.append((name, compare_versions(version, pins.get(name))))
    lines.append(("Threads of PyTorch", str(facts["threads"])))
    lines.append(("GPU", facts["gpu"]))
    return lines


def compare_versions(version: str | None, tested: str | None) -> str:
    """One package in words.

    >>> compare_versions("2.0+cpu", "2.0"), compare_versions("1.0", "2.0"), compare_versions(None, "2.0")
    ('2.0+cpu', '1.0 (tested: 2.0)', 'missing')
    """
    if version is None:
        return "missing"
    return version if tested is None or version.split("+")[0] == tested else f"{version} (tested: {tested})"


def tested_versions() -> dict[str, str]:
    """The pins of constraints.txt that hold for every Python, by package."""
    lines = read_text(ROOT / "constraints.txt").splitlines()
    return dict(line.strip().split("==") for line in lines if re.match(r"^[\w.-]+==[\w.]+$", line.strip()))


def ask_venv() -> dict[str, Any]:
    """Facts that only the Python in `.venv` knows; an empty dictionary if it does not answer."""
    try:
        done = subprocess.run(
            [str(venv_python()), "-c", ASK],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=120,
        )
        return json.loads(done.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return {}


def course_findings() -> list[Finding]:
    """Lessons, copies, pocket checkpoints and the mode: pairs of a label and a sentence."""
    pocket = sorted(path.parent.name for path in (ROOT / "course_utils" / "pocket").glob("*/model.safetensors"))
    copies = list(my().glob("*.ipynb")) if my().exists() else []
    mode = os.environ.get("COURSE_CHECKPOINTS") or "pocket (COURSE_CHECKPOINTS is not set)"
    return [
        ("Lessons", str(len(lessons()))),
        ("Copies in my/", str(len(copies))),
        ("Pocket checkpoints", ", ".join(pocket) or "none: this is not a complete copy of the course"),
        ("Checkpoints from", mode if len(mode) < 60 else "an unknown value of COURSE_CHECKPOINTS"),
    ]


def find_chromium() -> str | None:
    """A Chromium or Chrome on this machine, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"):
        if program := shutil.which(name):
            return program
    places = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"]
    places.append("/Applications/Chromium.app/Contents/MacOS/Chromium")
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if os.environ.get(variable):
            places.append(os.path.join(os.environ[variable], "Google", "Chrome", "Application", "chrome.exe"))
    return next((place for place in places if os.path.exists(place)), None)


def korean_font() -> str:
    """Whether Korean letters can be drawn, in words."""
    if WINDOWS or sys.platform == "darwin":
        return "comes with the system"
    if list(venv().glob("lib*/python*/site-packages/koreanize_matplotlib/fonts/NanumGothic.ttf")):
        figures = "figures: yes"
    else:
        figures = "figures: not installed yet"
    if not shutil.which("fc-list"):
        return f"{figures}; browser: unknown"
    listed = subprocess.run(["fc-list", ":lang=ko", "family"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return figures + ("; browser: yes" if listed.stdout.strip() else "; browser: no (install a Noto CJK font)")
