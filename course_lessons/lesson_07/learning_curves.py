"""How many labelled examples a body needs, with its pretrained weights and with random ones.

Every run takes the same number of steps with the same settings; only the number of different examples, the weights it
starts from and the seed differ. `python course.py measure curves` makes all runs, a lesson makes one of them.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from course_lessons.lesson_07.fine_tuning import FineTuningSettings, Watch, fine_tune
from course_utils.corpora import corpus
from course_utils.measurements import measured
from course_utils.messages import CourseError, brief, text

if TYPE_CHECKING:
    from datasets import Dataset

BODIES = {"en": "bert-base-uncased", "ko": "klue/roberta-base"}
STEPS = 80
CURVE_SETTINGS = FineTuningSettings(learning_rate=3e-4, batch_size=16)


@dataclass(frozen=True, order=True)
class Point:
    """One training of the comparison and how it ended.

    Attributes:
        language: "en" or "ko", rows of `pocket_reviews`.
        examples: number of different labelled examples it saw.
        pretrained: whether it began with the body's weights, or with random ones.
        seed: drew the examples, the head (and the random weights), the order, dropout.
        accuracy: share right of the validation and test rows together (120), 0 to 1.
    """

    language: str
    examples: int
    pretrained: bool
    seed: int
    accuracy: float


def rows_for(language: str, examples: int, seed: int) -> tuple[Dataset, Dataset]:
    """Training rows of one point and the rows it is measured on.

    Args:
        language: "en" or "ko".
        examples: how many training rows, 2 to 480; a larger number holds the smaller one's rows, seed by seed.
        seed: draws them.
    Returns:
        The drawn training rows; validation and test rows of the corpus together.
    Raises:
        CourseError: a number of examples that the corpus does not have.

    >>> train, evaluation = rows_for("en", 50, seed=0)
    >>> len(train), len(evaluation)
    (50, 120)
    """
    from datasets import concatenate_datasets

    rows = corpus("pocket_reviews", language)
    there = len(rows["train"])
    if isinstance(examples, bool) or not isinstance(examples, int) or not 2 <= examples <= there:
        raise CourseError(text("learning_curves.examples", given=brief(examples), most=there))
    drawn = rows["train"].shuffle(seed=seed, keep_in_memory=True).select(range(examples))
    return drawn, concatenate_datasets([rows["validation"], rows["test"]])


def measure_point(
    name: str,
    language: str,
    examples: int,
    pretrained: bool,
    seed: int,
    steps: int = STEPS,
    learning_rate: float = CURVE_SETTINGS.learning_rate,
    watch: Watch | None = None,
) -> Point:
    """Train once and measure.

    Args:
        name: what `from_pretrained` loads: `checkpoint(BODIES[language])`.
        language, examples, pretrained, seed: as in `Point`.
        steps: how many steps to train; the stored table has 80.
        learning_rate: the stored table has 3e-4, which suits the pocket bodies and is too much for large ones.
        watch: called with the run so far after every step.
    """
    train, evaluation = rows_for(language, examples, seed)
    settings = replace(CURVE_SETTINGS, seed=seed, learning_rate=learning_rate)
    run = fine_tune(name, train, evaluation, settings, pretrained=pretrained, max_steps=steps, watch=watch)
    return Point(language, examples, pretrained, seed, float(run.accuracy or 0.0))


def stored_points(language: str) -> list[Point]:
    """The points of one language that `python course.py measure` stored with the course.

    >>> {point.language for point in stored_points("en")}
    {'en'}
    """
    figures = measured("curves")["figures"]
    return sorted(Point(**row) for row in figures["points"] if row["language"] == language)


def as_figures(points: Iterable[Point], steps: int) -> dict[str, Any]:
    """Points as they are stored.

    >>> as_figures([Point("en", 50, True, 0, 0.75)], 80)["points"][0]["accuracy"]
    0.75
    """
    return {"steps": steps, "settings": asdict(CURVE_SETTINGS), "points": [asdict(point) for point in sorted(points)]}


def means(points: Iterable[Point]) -> dict[tuple[int, bool], float]:
    """Mean accuracy over the seeds for each (number of examples, pretrained).

    >>> means([Point("en", 50, True, 0, 0.5), Point("en", 50, True, 1, 0.75)])
    {(50, True): 0.625}
    """
    grouped: dict[tuple[int, bool], list[float]] = defaultdict(list)
    for point in sorted(points):
        grouped[point.examples, point.pretrained].append(point.accuracy)
    return {key: statistics.mean(values) for key, values in grouped.items()}
