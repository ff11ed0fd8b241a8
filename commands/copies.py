"""The learner's own copies of the lessons, in the folder `my/`: made, renewed while unopened, never overwritten.

A copy comes without outputs: who is asked to predict one must not see it before.
`python course.py reset NN` gives a fresh one and keeps the old one under a name with the date.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path

from commands.lessons import lesson_list, some_lessons, split_lesson
from commands.shared import ROOT, Stop, read_json, say, write_json, write_whole


def my() -> Path:
    """The folder with the learner's own copies of the lessons."""
    return ROOT / "my"


def originals_file() -> Path:
    """Where it is remembered from which state of a lesson a copy was made."""
    return my() / ".originals.json"


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
    my().mkdir(exist_ok=True)
    data = without_outputs(lesson.read_bytes())
    write_whole(my() / lesson.name, data)
    originals = read_json(originals_file())
    originals[lesson.stem] = {**hashes(data), "opened": opened}
    write_json(originals_file(), originals)


def my_copy(lesson: Path) -> Path:
    """The learner's copy of a lesson; made now if there is none, and left alone if there is one.

    The other lessons get a copy as well, so that links from one lesson to the next lead somewhere. Such a
    copy is renewed when the stored lesson changes, but only as long as nobody has opened or changed it.
    """
    for other in some_lessons():
        if other != lesson:
            renew_unopened(other)
    copy = my() / lesson.name
    record = read_json(originals_file()).get(lesson.stem)
    if not copy.exists():
        copy_lesson(lesson, opened=True)
        say(f"Your copy of this lesson: my/{lesson.name}")
        return copy
    if not (record and record.get("opened")):
        renew_unopened(lesson)
        originals = read_json(originals_file())
        originals[lesson.stem] = {**originals.get(lesson.stem, {}), "opened": True}
        write_json(originals_file(), originals)
    elif record.get("cells") not in (None, hashes(lesson.read_bytes())["cells"]):
        number = lesson.stem[:2]
        say(
            f"Lesson {number} has changed since your copy was made. `python course.py reset {number}` gives you the "
            "new one and keeps yours."
        )
    return copy


def renew_unopened(lesson: Path) -> None:
    """Make or renew the copy of a lesson that the learner has not opened yet; never touch any other."""
    copy = my() / lesson.name
    record = read_json(originals_file()).get(lesson.stem)
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
    raise Stop("There are a thousand copies of this lesson from this minute; remove some from the folder my/.")


def command_reset(words: list[str]) -> int:
    """Give a fresh copy of a lesson and keep the old one under a dated name."""
    lesson, rest = split_lesson(words)
    if lesson is None or rest:
        raise Stop("Which lesson? For example: python course.py reset 05\n" + lesson_list())
    copy = my() / lesson.name
    if copy.exists():
        say(f"Your old copy is kept as my/{set_aside(copy).name}")
    copy_lesson(lesson, opened=True)
    say(f"A fresh copy is in my/{lesson.name}")
    say("If the lesson is open in Jupyter, close its tab there and open it again.")
    return 0
