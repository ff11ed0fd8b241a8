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
from commands.copies import my_copy, shown
from commands.lessons import (
    also_korean,
    is_remembered,
    remember,
    remembered,
    some_lessons,
    split_lesson,
    take_edition,
)
from commands.shared import ROOT, WINDOWS, Stop, environment, run, say, take_torch, venv_python
from commands.words import message

FIRST_PORT = 8888
PORTS_TRIED = 50


def command_open(words: list[str]) -> int:
    """Open a lesson (the first one if none is named) in JupyterLab; the edition asked for is remembered."""
    cpu, asked = take_torch(words), take_edition(words)
    edition = asked or remembered()
    lesson, jupyter_options = split_lesson(words, edition)
    lesson = lesson or some_lessons(edition)[0]
    if letters := pattern_letters(ROOT):
        raise Stop(message("open_lab.pattern", letters=letters))
    if not asked and not is_remembered():
        also_korean()
    install.ensure_installed(cpu)
    remember(edition)
    copy = my_copy(lesson)
    command = jupyter_command(f"/lab/tree/{shown(copy)}", jupyter_options)
    say(message("open_lab.opening", file=shown(copy)))
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
            say(message("open_lab.if_no_browser"))
        else:
            say(message("open_lab.no_browser"))
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
    return message("shared.and").join(letter for letter in "[*?" if letter in str(folder))


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
                say(message("open_lab.port_taken", taken=FIRST_PORT, port=port))
            return port
    raise Stop(message("open_lab.ports_taken", first=FIRST_PORT, last=FIRST_PORT + PORTS_TRIED - 1))


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
