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
from commands.lessons import EDITIONS, lessons, remembered, take_edition
from commands.open_lab import FIRST_PORT, has_browser, port_is_free
from commands.packages import free_gigabytes
from commands.shared import (
    READY,
    ROOT,
    WINDOWS,
    Stop,
    columns,
    environment,
    padded,
    read_json,
    read_text,
    say,
    state_file,
    tidy,
    venv,
    venv_python,
)
from commands.words import message

Finding = tuple[str, str]

ASK = """
import json, platform
from importlib.metadata import PackageNotFoundError, version
names = ["torch", "transformers", "tokenizers", "datasets", "accelerate", "ipywidgets", "jupyterlab",
         "ipykernel", "nbval", "playwright", "koreanize-matplotlib"]
versions, threads, gpu, problem = {}, None, None, None
for name in names:
    try:
        versions[name] = version(name)
    except PackageNotFoundError:
        versions[name] = None
try:
    import torch
    threads = torch.get_num_threads()
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    if not gpu and getattr(torch.backends, "mps", None) and torch.backends.mps.is_available():
        gpu = "Apple (mps)"
except Exception as error:
    problem = str(error) or type(error).__name__
python = platform.python_version()
print(json.dumps({"python": python, "versions": versions, "threads": threads, "gpu": gpu, "error": problem}))
"""
"""What the Python in `.venv` is asked."""


def command_doctor(words: list[str]) -> int:
    """Say in plain words what this machine has and lacks."""
    take_edition(words)
    if words:
        raise Stop(message("doctor.no_arguments"))
    say(message("doctor.title") + "\n")
    findings = machine_findings() + installation_findings() + course_findings()
    width = max(columns(label) for label, _ in findings)
    for label, text in findings:
        say(f"{padded(label, width)}  {tidy(text)}")
    return 0


def finding(name: str, text: str) -> Finding:
    """One line of the report: the label with that name, and a sentence.

    >>> finding("gpu", "none")
    ('GPU', 'none')
    """
    return message(f"doctor.label.{name}"), text


def said(name: str, **values: object) -> str:
    """A sentence of the report."""
    return message(f"doctor.says.{name}", **values)


def machine_findings() -> list[Finding]:
    """Python, system, disk, network settings, ports, browser, fonts: pairs of a label and a sentence."""
    yes, no = message("doctor.yes"), message("doctor.no")
    proxy = any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"))
    can_make = has_module("venv") and has_module("ensurepip")
    maker = yes if can_make else message("doctor.no_because", reason=how_to_get_venv().splitlines()[0])
    path = str(ROOT)
    kind = [said(name) for name, there in (("spaces", " " in path), ("letters", not path.isascii())) if there]
    ports = [port for port in (FIRST_PORT, 0) if port_is_free(port)]
    ports_text = {2: said("ports_free", port=FIRST_PORT), 1: said("ports_taken", port=FIRST_PORT)}
    encoding = said("encoding", files=sys.getfilesystemencoding(), system=locale.getpreferredencoding(False))
    return [
        finding("python", f"{platform.python_version()} ({platform.python_implementation()})"),
        finding("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        finding("processors", str(os.cpu_count())),
        finding("disk", f"{free_gigabytes():.1f} GB"),
        finding("path", said("path_has", what=message("shared.and").join(kind)) if kind else said("path_plain")),
        finding("letters", encoding),
        finding("venv", maker),
        finding("conda", said("conda_active" if os.environ.get("CONDA_PREFIX") else "conda_inactive")),
        finding("proxy", yes if proxy else no),
        finding("ports", ports_text.get(len(ports), said("ports_forbidden"))),
        finding("browser", said("browser" if has_browser() else "no_browser")),
        finding("chromium", said("chromium" if find_chromium() else "no_chromium")),
        finding("font", korean_font()),
    ]


def installation_findings() -> list[Finding]:
    """The state of `.venv` and the versions in it, against the tested ones."""
    state = read_json(state_file())
    if not venv().exists():
        return [finding("installation", said("not_installed"))]
    if not venv_python().exists():
        return [finding("installation", said("broken"))]
    if state.get("state") != READY:
        return [finding("installation", said("not_finished"))]
    current = state.get("fingerprint") == fingerprint(bool(state.get("cpu")))
    lines = [finding("installation", said("complete" if current else "older"))]
    facts = ask_venv()
    if not facts:
        return [*lines, finding("packages", said("no_answer"))]
    lines.append(finding("python_in_venv", facts["python"]))
    pins = tested_versions()
    for name, version in sorted(facts["versions"].items()):
        lines.append((name, compare_versions(version, pins.get(name))))
    if facts["error"]:
        return [*lines, finding("threads", said("no_torch", error=facts["error"])), finding("gpu", said("unknown"))]
    lines.append(finding("threads", str(facts["threads"])))
    lines.append(finding("gpu", facts["gpu"] or said("no_gpu")))
    return lines


def compare_versions(version: str | None, tested: str | None) -> str:
    """One package in words.

    >>> compare_versions("2.0+cpu", "2.0"), compare_versions("1.0", "2.0"), compare_versions(None, "2.0")
    ('2.0+cpu', '1.0 (tested: 2.0)', 'missing')
    """
    if version is None:
        return said("missing")
    same = tested is None or version.split("+")[0] == tested
    return version if same else said("tested", version=version, tested=tested)


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
    copies = [path for edition in EDITIONS.values() for path in my(edition).glob("*.ipynb")]
    mode = os.environ.get("COURSE_CHECKPOINTS") or said("pocket_mode")
    return [
        finding("edition", said(f"edition_{remembered().language}")),
        finding("lessons", ", ".join(f"{language} {len(lessons(each))}" for language, each in EDITIONS.items())),
        finding("copies", str(len(copies))),
        finding("pocket", ", ".join(pocket) or said("no_pocket")),
        finding("mode", mode if len(mode) < 60 else said("unknown_mode")),
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
        return said("font_of_system")
    if list(venv().glob("lib*/python*/site-packages/koreanize_matplotlib/fonts/NanumGothic.ttf")):
        figures = said("figures")
    else:
        figures = said("no_figures")
    if not shutil.which("fc-list"):
        return said("font_unknown", figures=figures)
    listed = subprocess.run(["fc-list", ":lang=ko", "family"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return said("font" if listed.stdout.strip() else "no_font", figures=figures)
