"""A lesson on a projector: `python course.py present NN`. Larger type, one document, code folded by one key.

JupyterLab runs with settings of its own, which lie in `my/present/`; the learner's settings are neither used nor
changed. What is shown there is a fresh copy without outputs: predictions come before what is predicted.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from commands import install
from commands.copies import hashes, my, set_aside, without_outputs
from commands.lessons import (
    ENGLISH,
    Edition,
    edition_of,
    lesson_list,
    remembered,
    some_lessons,
    split_lesson,
    take_edition,
)
from commands.open_lab import config_path, jupyter_command, start
from commands.shared import Stop, environment, read_json, say, take_torch, write_json, write_whole
from commands.words import message

FOLD, UNFOLD = "F8", "Shift F8"  # F9 belongs to JupyterLab's debugger
TYPE = 20  # pixels; the smallest type in a lesson on a projector
SETTINGS = {
    "apputils-extension/themes": {
        "overrides": {
            "code-font-size": f"{TYPE}px",
            "content-font-size1": f"{TYPE + 2}px",
            "ui-font-size1": "15px",
            "code-font-family": None,
            "content-font-family": None,
            "ui-font-family": None,
        }
    },
    "shortcuts-extension/shortcuts": {
        "shortcuts": [
            {"command": "notebook:hide-all-cell-code", "keys": [FOLD], "selector": "body"},
            {"command": "notebook:show-all-cell-code", "keys": [UNFOLD], "selector": "body"},
        ]
    },
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
    "notebook-extension/tracker": {"showHiddenCellsButton": False},
}
"""What is set for the projector: the type, two keys, no news, no button over folded cells."""

STYLE = f"""/* Written by course.py present: what a lesson draws has type of 15 pixels or more, and {TYPE} here. */
.jp-OutputArea-output[data-mime-type="text/html"],
.jp-OutputArea-output[data-mime-type="text/markdown"] > *,
.jp-OutputArea-output .jupyter-widgets {{
  zoom: 1.35;
}}
.jp-OutputArea-output .jupyter-widgets .jupyter-widgets,
.jp-OutputArea-output[data-mime-type="text/html"] [style*="font-size"] {{
  zoom: 1;
}}
.jp-OutputArea-output img {{
  min-width: min(100%, 1000px);
}}
:root {{
  --jp-cell-prompt-width: 84px;
}}
.jp-OutputArea-output small {{
  font-size: 1em;
}}
.jp-Notebook-footer {{
  display: none;
}}
.jp-InputPrompt,
.jp-OutputPrompt {{
  font-size: {TYPE}px;
}}
"""


def command_present(words: list[str]) -> int:
    """Open a fresh copy of a lesson for a projector."""
    cpu, edition = take_torch(words), take_edition(words) or remembered()
    lesson, options = split_lesson(words, edition)
    if lesson is None:
        raise Stop(message("lessons.which", command="present", lessons=lesson_list(edition)))
    install.ensure_installed(cpu)
    for one in some_lessons(edition):
        fresh_copy(one)
    shown, settings = f"my/{place(edition).name}/{lesson.name}", place(edition)
    write_settings(settings)
    command = jupyter_command(f"/doc/tree/{shown}", ["--LabApp.custom_css=True", *options])
    say(message("present.opening", lesson=lesson.stem, fold=FOLD, unfold=UNFOLD))
    say(message("present.stop"))
    return start(command, environment(JUPYTER_CONFIG_PATH=config_path(), **jupyter_folders(settings)))


def place(edition: Edition = ENGLISH) -> Path:
    """The folder with the copies that are shown and with JupyterLab's settings for them.

    The Korean copies lie as deep as the Korean lessons do, so that what they link to in `docs/` is there.
    """
    return my() / ("present" if edition == ENGLISH else f"present-{edition.language}")


def fresh_copy(lesson: Path) -> None:
    """Put a copy without outputs there. One in which somebody wrote is set aside first, under a dated name."""
    folder = place(edition_of(lesson))
    copy, written = folder / lesson.name, folder / ".written.json"
    folder.mkdir(parents=True, exist_ok=True)
    known = read_json(written)
    if copy.exists() and hashes(copy.read_bytes())["cells"] != known.get(lesson.stem):
        say(message("present.kept", file=f"my/{folder.name}/{set_aside(copy).name}"))
    data = without_outputs(lesson.read_bytes())
    write_whole(copy, data)
    write_json(written, {**known, lesson.stem: hashes(data)["cells"]})


def write_settings(folder: Path) -> None:
    """JupyterLab's settings for a projector, in a folder of their own."""
    shutil.rmtree(folder / ".jupyter", ignore_errors=True)
    for name, content in SETTINGS.items():
        path = folder / ".jupyter" / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, content)
    custom = folder / ".jupyter" / "config" / "custom"
    custom.mkdir(parents=True)
    write_whole(custom / "custom.css", STYLE.encode("utf-8"))


def jupyter_folders(folder: Path) -> dict[str, str]:
    """The environment variables that lead JupyterLab to these settings."""
    own = folder / ".jupyter"
    return {
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
    }
