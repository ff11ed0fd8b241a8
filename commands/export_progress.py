"""`export-progress FILE`: one file for the teacher, with the names of the exercises solved and nothing else."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from commands.lessons import asked_language, remembered, take_edition
from commands.shared import Stop, say, speak_utf8, tidy, write_whole
from commands.words import message, speak
from course_utils import progress


def solved(done: progress.Done) -> list[str]:
    """The exercises that were passed once, in their order.

    >>> solved({"exercises": {"02/b": {"passed": True, "tries": 9}, "01/a": {"passed": True}, "01/c": {"tries": 2}}})
    ['01/a', '02/b']
    """
    return sorted(key for key, found in done["exercises"].items() if found.get("passed"))


def export(path: Path) -> list[str]:
    """Write the file, and return what stands in it. A file of that name is not overwritten unless it is such a file."""
    if not os.environ.get(progress.FOLDER_VARIABLE):
        os.environ[progress.FOLDER_VARIABLE] = str(progress.of_the_user() or "off")
    done, problem = progress.read()
    if problem:
        raise Stop(problem)
    if path.exists() and '"solved"' not in path.read_text(encoding="utf-8", errors="replace"):
        raise Stop(message("export_progress.another_file", file=tidy(path)))
    names = solved(done)
    write_whole(path, (json.dumps({"solved": names}, indent=1) + "\n").encode("utf-8"))
    return names


def main(words: Sequence[str] | None = None) -> int:
    """Write the file that was named."""
    speak_utf8()
    given = list(sys.argv[1:] if words is None else words)
    speak(asked_language(given) or remembered().language)
    try:
        take_edition(given)
        path = Path(given[0])
        names = export(path)
    except Stop as stop:
        print(stop, file=sys.stderr, flush=True)
        return 1
    say(message("export_progress.written", file=tidy(path), number=len(names)))
    say(", ".join(names) or message("export_progress.none_yet"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
