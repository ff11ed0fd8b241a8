"""What was typed: the table of commands that `--help` is drawn from, and how one of them is run."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from commands.copies import command_reset
from commands.doctor import command_doctor
from commands.lessons import asked_language, lesson_list, looks_like_lesson, remembered, take_edition
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
from commands.words import entry, message, speak


class Command(NamedTuple):
    """One command: its name and the function that gets the words after the name; the help says more under its key."""

    name: str
    run: Callable[[list[str]], int]

    @property
    def key(self) -> str:
        """Where the help on it stands among the words.

        >>> Command("", command_open).key, Command("reset", command_reset).key
        ('cli.about.open', 'cli.about.reset')
        """
        return f"cli.about.{self.name or 'open'}"


def command_help(words: list[str]) -> int:
    """Print what course.py can do."""
    edition = take_edition(words) or remembered()
    say(message("cli.two_commands") + "\n")
    for usage, key in (("python course.py", "start"), ("python course.py test", "test")):
        say(f"    {usage.ljust(26)}{message(f'cli.{key}')}")
    say("\n" + message("cli.all_commands") + "\n")
    for command in COMMANDS:
        say(f"    course.py {message(f'{command.key}.usage')}")
        for line in entry(f"{command.key}.lines"):
            say(f"        {line}")
    say(f"\n{message('cli.lessons')}\n{lesson_list(edition) or message('cli.no_lessons')}")
    say("\n" + message("cli.settings") + "\n")
    for name, line in zip(("COURSE_CHECKPOINTS=hub", ""), entry("cli.setting_checkpoints"), strict=True):
        say(f"    {name.ljust(26)}{line}")
    say(f"    PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS, PIP_CERT, HTTPS_PROXY    {message('cli.setting_pip')}")
    return 0


COMMANDS = (
    Command("", command_open),
    Command("test", command_test),
    Command("reset", command_reset),
    Command("refresh", command_refresh),
    Command("measure", command_measure),
    Command("pack", command_pack),
    Command("present", command_present),
    Command("answers", command_answers),
    Command("export-progress", command_export_progress),
    Command("class-progress", command_class_progress),
    Command("site", command_site),
    Command("pictures", command_pictures),
    Command("doctor", command_doctor),
    Command("publish-at", command_publish_at),
    Command("help", command_help),
)


def find_command(words: Sequence[str]) -> tuple[Command, list[str]]:
    """The command that a call means and the words that belong to it.

    Without a name of a command it is the opening of a lesson: `course.py`, `course.py 05 --no-browser`. The language
    may stand first as well: `course.py --language ko reset 05`.
    """
    by_name = {command.name: command for command in COMMANDS}
    words = language_last(words)
    first = words[0] if words else ""
    if first in ("-h", "--help", "help"):
        return by_name["help"], list(words[1:])
    if first and first in by_name:
        if any(word in ("-h", "--help") for word in words[1:2]):
            return by_name["help"], list(words[2:])
        return by_name[first], list(words[1:])
    if not first or first.startswith("-") or looks_like_lesson(first):
        return by_name[""], list(words)
    near = difflib.get_close_matches(first, [name for name in by_name if name], n=1, cutoff=0.5)
    hint = message("cli.did_you_mean", near=near[0]) if near else message("cli.see_help")
    raise Stop(message("cli.no_command", given=first, hint=hint))


def language_last(words: Sequence[str]) -> list[str]:
    """The words with a language that stands first moved to their end, where every command takes it.

    >>> language_last(["--language", "ko", "reset", "05"]), language_last(["--language=ko"])
    (['reset', '05', '--language', 'ko'], ['--language=ko'])
    """
    taken = 2 if words and words[0] == "--language" else 1 if words and words[0].startswith("--language=") else 0
    return [*words[taken:], *words[:taken]]


def main(words: Sequence[str]) -> int:
    """Run one command; its exit code."""
    speak_utf8()
    speak(asked_language(words) or remembered().language)
    try:
        command, rest = find_command(words)
        return command.run(rest)
    except Stop as stop:
        print(stop, file=sys.stderr, flush=True)
        return 1
    except PermissionError as error:
        print(message("cli.no_access", error=tidy(error)), file=sys.stderr, flush=True)
        return 1
    except BrokenPipeError:  # what was read from here, by `head` for example, was enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("\n" + message("cli.stopped"), file=sys.stderr, flush=True)
        return 130
