"""What to hand to `data_files=` so that the datasets library reads one file of your own, wherever it lies.

The library takes a path for a pattern: `*`, `?` and `[` in the name of a folder stand for other letters. It also fills
in variables such as `$HOME`, and reads `::` as a way into an archive.
"""

from __future__ import annotations

import glob
import os

from course_utils.messages import CourseError, brief, text


def exact_pattern(path: str | os.PathLike[str]) -> str:
    """The pattern that one file matches and no other: its whole path, with `*`, `?` and `[` in brackets of their own.

    Args:
        path: the file, from here or from the root of the disk.
    Returns:
        What `load_dataset("json", data_files=...)` takes. A path without such letters stays as it is.
    Raises:
        CourseError: there is no such file, or its path holds what no pattern can express; says what and what to do.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "all [v2].json")
    ...     _ = file.write_text("{}")
    ...     print(Path(exact_pattern(file)).name)
    all [[]v2].json
    """
    if not isinstance(path, str | os.PathLike):
        raise CourseError(text("data_files.not_a_path", given=brief(path), kind=type(path).__name__))
    whole = os.path.abspath(os.path.expanduser(path))
    if not os.path.isfile(whole):
        raise CourseError(text("data_files.no_file", file=whole))
    filled_in = os.path.expandvars(whole) != whole  # as the library does
    letters = "::" if "::" in whole else "" if not filled_in else "$" if "$" in whole else "%"
    if letters:
        raise CourseError(text("data_files.not_read", file=whole, letters=letters))
    return glob.escape(whole)
