#!/usr/bin/env python3
"""The door of the course: `python course.py` starts it, `--help` says the rest.

What the commands do stands in the folder commands/, a room for each. This file is written so that even a very
old Python can read it far enough to say that it is too old: hence no f-strings and no annotations here, and
nothing is imported before the version is known.
"""

from __future__ import print_function

import sys

OLDEST = (3, 11)
if sys.version_info < OLDEST:
    sys.exit(
        "Python too old: this is {0}.{1}, the course needs {2}.{3} or newer; get it at python.org.\n"
        "If a newer one is installed already, call it by its name, for example: python3.12 course.py".format(
            *(tuple(sys.version_info[:2]) + OLDEST)
        )
    )


def main(words):
    """Go into the rooms of the course this file lies in, and run the command that was typed; its exit code."""
    import os

    folder = os.path.dirname(os.path.realpath(__file__))
    if not os.path.exists(os.path.join(folder, "commands", "cli.py")):
        sys.exit("The folder commands/ is missing beside course.py. Is this a complete copy of the course?")
    sys.path.insert(0, folder)

    from commands import cli

    return cli.main(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
