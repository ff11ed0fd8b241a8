"""What a learner has done in this run of the kernel, and the one place where others may listen.

Checks, hints and quizzes call `record`. `course_utils.progress_file` listens and keeps it in one local file; nothing
is sent anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Event:
    """One thing that happened: an exercise was checked, a hint was read, a quiz question was answered."""

    kind: Literal["exercise", "hint", "quiz"]
    key: str
    passed: bool | None = None


Listener = Callable[[Event], None]
events: list[Event] = []
_listeners: list[Listener] = []


def subscribe(listener: Listener) -> Callable[[], None]:
    """Call `listener` with every event from now on; the function returned ends that.

    >>> heard = []
    >>> stop = subscribe(heard.append)
    >>> record(Event("quiz", "01/stages", True))
    >>> stop()
    >>> heard
    [Event(kind='quiz', key='01/stages', passed=True)]
    """
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def record(event: Event) -> None:
    """Remember an event and tell the listeners. A listener that fails never disturbs the lesson.

    >>> record(Event("hint", "01/softmax"))
    >>> events[-1].key
    '01/softmax'
    """
    events.append(event)
    for listener in list(_listeners):
        try:
            listener(event)
        except Exception:
            continue
