"""Support package of the course: what would otherwise be repeated in a lesson or distract from it.

The lessons call transformers, datasets and torch as any user would. This package adds the pocket checkpoints and what
resolves them (`checkpoint`), a quiet and repeatable start (`setup`), checks for exercises (`check`, `hint`, `solved`)
and questions (`quiz`). How an answer is judged is the matter of the package `course_checks`; what serves one lesson
alone lies in the room of that lesson, in the package `course_lessons`. The modules:

    checkpoints, corpora, data_files, session                 what a lesson loads, and how it starts
    exercises, questions, progress, progress_table            checks, hints, the quiz, and what a learner has done
    messages, glossary, lesson_rooms, address                 the words of the course and where they are looked up
    display, markup, palette                                  views and widgets, their HTML, the colours
    picture, figure_style                                     figures that carry their words, and their common look
    sentence_path, cost, training, run_differences            what models do and cost, for several lessons
"""

from course_utils.checkpoints import checkpoint, hub_mode
from course_utils.corpora import corpus
from course_utils.exercises import check, hint, solved
from course_utils.glossary import look_up
from course_utils.messages import CourseError
from course_utils.progress_table import reset_progress, show_progress
from course_utils.questions import quiz
from course_utils.session import machine, setup

__all__ = [
    "CourseError",
    "check",
    "checkpoint",
    "corpus",
    "hint",
    "hub_mode",
    "look_up",
    "machine",
    "quiz",
    "reset_progress",
    "setup",
    "show_progress",
    "solved",
]
__version__ = "0.1.0"
