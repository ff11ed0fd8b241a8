"""What was typed: the table of commands that `--help` is drawn from, and how one of them is run."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from commands.copies import command_reset
from commands.doctor import command_doctor
from commands.lessons import lesson_list, looks_like_lesson
from commands.open_lab import command_open
from commands.present import command_present
from commands.publish import command_publish_at
from commands.relay import (
    command_export_progress,
    command_measure,
    command_pack,
    command_pictures,
    command_refresh,
    command_site,
)
from commands.run_tests import command_test
from commands.shared import Stop, say, speak_utf8, tidy
from commands.teaching import command_answers, command_class_progress


class Command(NamedTuple):
    """One command: its name, how it is typed, what it does, and the function that gets the words after the name."""

    name: str
    usage: str
    about: tuple[str, ...]
    run: Callable[[list[str]], int]


def command_help(words: list[str]) -> int:
    """Print what course.py can do."""
    say("The course, in two commands:\n")
    for usage, text in (("python course.py", "start"), ("python course.py test", "check that all works")):
        say(f"    {usage.ljust(26)}{text}")
    say("\nAll commands. NN is the number of a lesson, such as 05.\n")
    for command in COMMANDS:
        say(f"    course.py {command.usage}")
        for line in command.about:
            say(f"        {line}")
    say(f"\nLessons here:\n{lesson_list() or '  none'}")
    say("\nSettings, as environment variables:\n")
    say("    COURSE_CHECKPOINTS=hub    load the study documents' checkpoints from the Hugging Face Hub;")
    say("                              without it, the small ones that come with the course, offline")
    say("    PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS, PIP_CERT, HTTPS_PROXY    the installation heeds these")
    return 0


COMMANDS = (
    Command(
        "",
        "[NN] [--cpu | --cuda] [options for Jupyter]",
        (
            "Open a lesson in JupyterLab, the first one if no number is given. The first time, this installs",
            "the course into the folder .venv. On Linux without an NVIDIA driver that takes the small PyTorch",
            "where it is to be had; --cpu takes it in any case, --cuda the one for NVIDIA's GPUs.",
            "You work on your own copy in the folder my/, which nothing ever overwrites.",
            "Options go to Jupyter, for example --no-browser or --port 9000.",
        ),
        command_open,
    ),
    Command(
        "test",
        "test [NN] [--quick | --colab] [options for pytest]",
        (
            "Run all tests, or those of one lesson: every notebook is run and each output compared with the",
            "stored one. --quick leaves out the tests in a browser and those that take long. Options go to",
            "pytest, for example -x, -k NAME, or a file: tests/test_commands.py. --colab runs the lessons in what",
            "Google Colab has installed, in an environment of its own; with --cpu it takes the small PyTorch.",
        ),
        command_test,
    ),
    Command(
        "reset",
        "reset NN",
        ("Give you a fresh copy of a lesson. Your old one stays in my/ under a name with the date.",),
        command_reset,
    ),
    Command(
        "refresh",
        "refresh [NN] [--check] [--language ko [--translated ID ...]]",
        (
            "For authors: run the stored lessons from a fresh kernel, store the outputs without widget",
            "state, and show which compared outputs changed; then draw the glossary and the index of",
            "corrections anew. With --check nothing is written. A Korean lesson takes over new code from the",
            "English one, and the cells whose words are out of date are named; --translated says which are not.",
        ),
        command_refresh,
    ),
    Command(
        "measure",
        "measure [PART ...] [--again] [--quick]",
        (
            "Measure on this machine the figures that the lessons quote, and print them with date and machine.",
            "Parts: padding, loop, pocket, curves, controls, lessons; all of them without a name, about an hour.",
            "What is done is kept in my/measured.json, so you may stop with Ctrl-C and go on later. --quick only",
            "tries the command out.",
        ),
        command_measure,
    ),
    Command(
        "pack",
        "pack DIR [--for windows | macos | linux ...] [--python 3.12 ...] [--cuda]",
        (
            "For a class without a network: make a folder to copy or to share, with the course, every package for",
            "the named systems and Pythons (this one's if none is named), and a file to start it on each. There,",
            "`python course.py` installs from the folder and from nowhere else. Broken off, it goes on.",
        ),
        command_pack,
    ),
    Command(
        "present",
        "present NN [options for Jupyter]",
        (
            "Show a lesson on a projector: larger type, this lesson alone, a fresh copy without outputs. F8",
            "folds the code of all cells, Shift F8 opens it. Solutions are folded as ever.",
        ),
        command_present,
    ),
    Command(
        "answers",
        "answers NN",
        ("For a teacher: print a lesson's solutions, what its checks say, and its quiz with the reasons.",),
        command_answers,
    ),
    Command(
        "export-progress",
        "export-progress FILE",
        ("For a learner who wants to hand it in: the names of the exercises solved, in a file, and no more.",),
        command_export_progress,
    ),
    Command(
        "class-progress",
        "class-progress DIR [NN]",
        ("For a teacher: a table of such files, who solved how much, and which exercises few have solved.",),
        command_class_progress,
    ),
    Command(
        "site",
        "site [DIR] [--repository OWNER/REPO] [--pdf]",
        (
            "Make a site to read of all lessons, from the stored outputs, into build/site if no folder is named:",
            "with navigation, search and glossary, and without a request to any server. --pdf prints each lesson",
            "as well, where there is a Chromium.",
        ),
        command_site,
    ),
    Command(
        "pictures",
        "pictures [NAME ...]",
        (
            "For authors: open four lessons in a real browser, move their widgets and take the pictures of",
            "README.md anew, into docs/. Needs Chromium.",
        ),
        command_pictures,
    ),
    Command(
        "doctor",
        "doctor",
        ("Say what this machine has and lacks, in a form that fits a bug report.",),
        command_doctor,
    ),
    Command(
        "publish-at",
        "publish-at [OWNER/REPO | --none]",
        (
            "For authors: write the public address into first cells and badges, the one that git pushes to if",
            "none is given; --none takes it out again.",
        ),
        command_publish_at,
    ),
    Command("help", "--help", ("This text.",), command_help),
)


def find_command(words: Sequence[str]) -> tuple[Command, list[str]]:
    """The command that a call means and the words that belong to it.

    Without a name of a command it is the opening of a lesson: `course.py`, `course.py 05 --no-browser`.
    """
    by_name = {command.name: command for command in COMMANDS}
    first = words[0] if words else ""
    if first in ("-h", "--help", "help"):
        return by_name["help"], []
    if first and first in by_name:
        if any(word in ("-h", "--help") for word in words[1:2]):
            return by_name["help"], []
        return by_name[first], list(words[1:])
    if not first or first.startswith("-") or looks_like_lesson(first):
        return by_name[""], list(words)
    near = difflib.get_close_matches(first, [name for name in by_name if name], n=1, cutoff=0.5)
    hint = f"Did you mean `python course.py {near[0]}`?" if near else "`python course.py --help` lists them."
    raise Stop(f"There is no command {first!r}. {hint}")


def main(words: Sequence[str]) -> int:
    """Run one command; its exit code."""
    speak_utf8()
    try:
        command, rest = find_command(words)
        return command.run(rest)
    except Stop as stop:
        print(stop, file=sys.stderr, flush=True)
        return 1
    except PermissionError as error:
        print(f"A file could not be written or read: {tidy(error)}", file=sys.stderr, flush=True)
        return 1
    except BrokenPipeError:  # what was read from here, by `head` for example, was enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr, flush=True)
        return 130
