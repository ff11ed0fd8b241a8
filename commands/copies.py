"""The learner's own copies of the lessons, in the folder `my/`: made, renewed while unopened, never overwritten.

A copy comes without outputs: who is asked to predict one must not see it before.
`python course.py reset NN` gives a fresh one and keeps the old one under a name with the date.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path

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
from commands.shared import ROOT, Stop, read_json, say, write_json, write_whole
from commands.words import message


def my(edition: Edition = ENGLISH) -> Path:
    """The folder with the learner's own copies of the lessons: `my/`, and `my/ko/` for the Korean edition."""
    return edition.copies


def copy_of(lesson: Path) -> Path:
    """Where the learner's own copy of a stored lesson lies."""
    return my(edition_of(lesson)) / lesson.name


def shown(copy: Path) -> str:
    """A path in the course as it is said to the learner, such as `my/ko/05_padding_and_masks.ipynb`.

    >>> shown(my() / "05_padding_and_masks.ipynb")
    'my/05_padding_and_masks.ipynb'
    """
    return copy.relative_to(ROOT).as_posix()


def originals_file(edition: Edition = ENGLISH) -> Path:
    """Where it is remembered from which state of a lesson a copy was made."""
    return my(edition) / ".originals.json"


def hashes(data: bytes) -> dict[str, str]:
    """Two hashes of a notebook's bytes: of the whole file, and of what its cells say (without outputs)."""
    whole = hashlib.sha256(data).hexdigest()
    try:
        cells = [[c["cell_type"], "".join(c["source"])] for c in json.loads(data.decode("utf-8"))["cells"]]
    except (ValueError, KeyError, TypeError):
        return {"file": whole, "cells": whole}
    return {"file": whole, "cells": hashlib.sha256(json.dumps(cells).encode("utf-8")).hexdigest()}


def without_outputs(data: bytes) -> bytes:
    """A notebook's bytes with nothing run yet; bytes that are no notebook come back as they are.

    >>> ran = b'{"cells": [{"cell_type": "code", "execution_count": 1, "outputs": ["42"], "source": "6 * 7"}]}'
    >>> json.loads(without_outputs(ran))["cells"]
    [{'cell_type': 'code', 'execution_count': None, 'outputs': [], 'source': '6 * 7'}]
    """
    try:
        notebook = json.loads(data.decode("utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
    except (ValueError, KeyError, TypeError):
        return data
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def copy_lesson(lesson: Path, opened: bool) -> None:
    """Put a fresh copy of a stored lesson into `my/` and remember which state of it that is."""
    copy, record = copy_of(lesson), originals_file(edition_of(lesson))
    copy.parent.mkdir(parents=True, exist_ok=True)
    data = without_outputs(lesson.read_bytes())
    write_whole(copy, data)
    originals = read_json(record)
    originals[lesson.stem] = {**hashes(data), "opened": opened}
    write_json(record, originals)


def my_copy(lesson: Path) -> Path:
    """The learner's copy of a lesson; made now if there is none, and left alone if there is one.

    The other lessons get a copy as well, so that links from one lesson to the next lead somewhere. Such a
    copy is renewed when the stored lesson changes, but only as long as nobody has opened or changed it.
    """
    edition = edition_of(lesson)
    for other in some_lessons(edition):
        if other != lesson:
            renew_unopened(other)
    copy, originals = copy_of(lesson), originals_file(edition)
    record = read_json(originals).get(lesson.stem)
    if not copy.exists():
        copy_lesson(lesson, opened=True)
        say(message("copies.yours", file=shown(copy)))
        return copy
    if not (record and record.get("opened")):
        renew_unopened(lesson)
        every = read_json(originals)
        every[lesson.stem] = {**every.get(lesson.stem, {}), "opened": True}
        write_json(originals, every)
    elif record.get("cells") not in (None, hashes(lesson.read_bytes())["cells"]):
        say(message("copies.has_changed", number=lesson.stem[:2]))
    return copy


def renew_unopened(lesson: Path) -> None:
    """Make or renew the copy of a lesson that the learner has not opened yet; never touch any other."""
    copy = copy_of(lesson)
    record = read_json(originals_file(edition_of(lesson))).get(lesson.stem)
    if not copy.exists():
        copy_lesson(lesson, opened=False)
    elif record and not record.get("opened") and hashes(copy.read_bytes())["file"] == record.get("file"):
        if record["file"] != hashes(without_outputs(lesson.read_bytes()))["file"]:
            copy_lesson(lesson, opened=False)


def set_aside(copy: Path) -> Path:
    """Rename a copy to a name with today's date and time; the new path."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H%M")
    for ending in ["", *(f"-{n}" for n in range(2, 1000))]:
        kept = copy.with_name(f"{copy.stem}.{stamp}{ending}{copy.suffix}")
        if not kept.exists():
            copy.rename(kept)
            return kept
    raise Stop(message("copies.too_many", folder=shown(copy.parent)))


def command_reset(words: list[str]) -> int:
    """Give a fresh copy of a lesson and keep the old one under a dated name."""
    edition = take_edition(words) or remembered()
    lesson, rest = split_lesson(words, edition)
    if lesson is None or rest:
        raise Stop(message("lessons.which", command="reset", lessons=lesson_list(edition)))
    copy = copy_of(lesson)
    if copy.exists():
        say(message("copies.kept", file=shown(set_aside(copy))))
    copy_lesson(lesson, opened=True)
    say(message("copies.fresh", file=shown(copy)))
    say(message("copies.reopen"))
    return 0
