"""The names of the lesson's own steps and ways to answer, as the learner calls them."""

from __future__ import annotations

import re

from course_utils.messages import text

STEPS = ("read", "has_text", "has_a_label", "one_language", "stands_once", "no_near_twin", "class_of_10_or_more")
PARTS = ("train", "validation", "test")
WAYS = ("majority", "word_counts", "fine_tuned")
"""The names that the lesson's cells give, as keys among the texts."""


def shown(name: str) -> str:
    """A name of the lesson as the learner calls it; any other one as it is.

    >>> shown("word counts"), shown("mine")
    ('word counts', 'mine')
    """
    key = re.sub(r"\W+", "_", name)
    return text(f"names.{key}") if key in (*STEPS, *PARTS, *WAYS) else name
