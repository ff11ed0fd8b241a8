"""A lesson in JupyterLab: `python course.py [NN]`. Reachable from this computer only, on the learner's own copy."""

from __future__ import annotations

import glob
import os
import re
import socket
import sys
import webbrowser
from pathlib import Path

from commands import install
from commands.copies import my_copy
from commands.lessons import some_lessons, split_lesson
from commands.shared import ROOT, WINDOWS, Stop, environment, run, say, take_torch, venv_python

FIRST_PORT = 8888
PORTS_TRIED = 50


def command_open(words: list[str]) -> int:
    """Open a lesson (the first one if none is named) in JupyterLab."""
    cpu = take_torch(words)
    lesson, jupyter_options = split_lesson(words)
    lesson = lesson or some_lessons()[0]
    if letters := pattern_letters(ROOT):
        raise Stop(
            f"JupyterLab would not work in this folder: it takes {letters} in a folder's name for a pattern and then "
            "finds\nneither its settings nor the sliders of the lessons. Rename the folder, or move the course into "
            "another one,\nand run the command again."
        )
    install.ensure_installed(cpu)
    copy = my_copy(lesson)
    command = jupyter_command(f"/lab/tree/my/{copy.name}", jupyter_options)
    say(f"Opening my/{copy.name} in JupyterLab. To stop it later: Ctrl-C in this window.")
    return start(command, environment(JUPYTER_CONFIG_PATH=config_path()))


def jupyter_command(page: str, options: list[str]) -> list[str]:
    """The start of JupyterLab on one of its pages: reachable from this computer only, with Jupyter's own token."""
    command = [str(venv_python()), "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}"]
    command += ["--ServerApp.ip=127.0.0.1", f"--LabApp.default_url={page}"]
    if not mentions(options, "log-level", "log_level", "debug"):
        command.append("--log-level=ERROR")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if not mentions(options, "port"):
        command.append(f"--ServerApp.port={choose_port()}")
    if not mentions(options, "browser"):
        if has_browser():
            say("If no browser opens, copy the address that appears below into one.")
        else:
            say("No browser was found here. Copy the address that appears below into one.")
            command.append("--no-browser")
    return command + options


def pattern_letters(folder: Path) -> str:
    """The letters for which a folder's name, read as a pattern, does not stand for that folder alone; mostly none.

    JupyterLab looks for its settings and extensions, which lie in `.venv`, by patterns that begin with the folder.

    >>> pattern_letters(Path("."))
    ''
    """
    if glob.glob(str(folder)) == [str(folder)]:
        return ""
    return " and ".join(letter for letter in "[*?" if letter in str(folder))


def mentions(options: list[str], *words: str) -> bool:
    """Whether options given to Jupyter settle a question themselves.

    >>> mentions(["--ServerApp.port=9000"], "port"), mentions(["--debug"], "port")
    (True, False)
    """
    names = [option.split("=")[0].lower() for option in options if option.startswith("-")]
    return any(re.search(rf"[-._]{word}$", name) for name in names for word in words)


def choose_port() -> int:
    """The first free port from 8888 on; a taken one is mentioned."""
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        if port_is_free(port):
            if port != FIRST_PORT:
                say(f"Port {FIRST_PORT} is taken, perhaps by a lesson that is still open: using {port}.")
            return port
    last = FIRST_PORT + PORTS_TRIED - 1
    raise Stop(
        f"Ports {FIRST_PORT} to {last} are taken. Close some programs or choose one: python course.py --port 9999"
    )


def port_is_free(port: int) -> bool:
    """Whether a server on this computer could listen on a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if not WINDOWS:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def has_browser() -> bool:
    """Whether a browser with windows can be opened here."""
    linux = not WINDOWS and sys.platform != "darwin"
    if linux and not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def config_path() -> str:
    """Jupyter's path of settings with the course's own folder in front."""
    return os.pathsep.join(filter(None, [str(ROOT / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH")]))


def start(command: list[str], env: dict[str, str]) -> int:
    """Become another program; on Windows, which cannot do that, run it and wait."""
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, env)
    return run(command, env)
