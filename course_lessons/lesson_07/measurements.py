"""What `python course.py measure --store` measured for the course, with its date and machine: one table for all.

`measured.json` holds one entry for each part of the measuring (`padding`, `loop`, `pocket`, `curves`, `controls`,
`lessons`), as `commands/measure.py` writes it. A lesson quotes its figures through `measured`, so that figure and date
stay together.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from course_utils.messages import CourseError, brief, text

FILE = "measured.json"


@cache
def _everything() -> dict[str, Any]:
    source = files("course_lessons.lesson_07").joinpath(FILE)
    return json.loads(source.read_text(encoding="utf-8")) if source.is_file() else {}


def measured(part: str) -> dict[str, Any]:
    """The stored entry of one part: its `date`, its `machine`, its `versions` and its `figures`.

    Raises:
        CourseError: nothing of that name was measured.

    >>> measured("curves")["figures"]["steps"]
    80
    """
    found = _everything().get(part)
    if found is None:
        known = ", ".join(sorted(_everything())) or "-"
        raise CourseError(text("measurements.unknown", given=brief(part), known=known))
    return found
