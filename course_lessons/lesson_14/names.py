"""The names of the lesson's own steps and ways to answer, as the learner calls them."""

from __future__ import annotations

from course_utils.messages import text

NAMES = {
    "read": "read",
    "has text": "has_text",
    "has a label": "has_a_label",
    "one language": "one_language",
    "stands once": "stands_once",
    "no near twin": "no_near_twin",
    "class of 10 or more": "large_class",
    "train": "train",
    "validation": "validation",
    "test": "test",
    "majority": "majority",
    "word counts": "word_counts",
    "fine-tuned": "fine_tuned",
}
"""The names that the lesson's cells give, and their keys among the texts."""


def shown(name: str) -> str:
    """A name of the lesson as the learner calls it; any other one as it is.

    >>> shown("word counts"), shown("mine")
    ('word counts', 'mine')
    """
    return text(f"names.{NAMES[name]}") if name in NAMES else name
