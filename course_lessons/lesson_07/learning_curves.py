"""How many labelled examples a body needs, with its pretrained weights and with random ones, and two controls.

Every run of the curves takes the same number of steps with the same settings; only the number of different examples,
the weights it starts from and the seed differ (`python course.py measure curves`). Two controls see the same examples:
random weights trained until they learn no more, and word counts (`python course.py measure controls`).
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from course_lessons.lesson_07.fine_tuning import FineTuningRun, FineTuningSettings, Watch, fine_tune
from course_lessons.lesson_07.measurements import measured
from course_utils.corpora import corpus
from course_utils.messages import CourseError, brief, text

if TYPE_CHECKING:
    from datasets import Dataset

BODIES = {"en": "bert-base-uncased", "ko": "klue/roberta-base"}
STEPS = 80
CURVE_SETTINGS = FineTuningSettings(learning_rate=3e-4, batch_size=16)
MOST_STEPS = 700
ENOUGH, LAST_STEPS = 0.01, 25
"""Random weights are trained until the mean loss of their last 25 steps is below 0.01, for 700 steps at most: then they
know every example by heart, and there is no gradient left to learn from."""


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


@dataclass(frozen=True, order=True)
class Control:
    """What something else makes of the examples of a point.

    Attributes:
        language, examples, seed, accuracy: as in `Point`; the same examples are drawn, the same rows measured.
        way: "longer", random weights trained until they learn no more, or "words", word counts with a logistic
            regression.
        steps: how many steps the training took, 0 for word counts.
    """

    language: str
    examples: int
    way: str
    seed: int
    accuracy: float
    steps: int


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


def learned_all(run: FineTuningRun) -> bool:
    """Whether a run has nothing left to learn from its examples.

    >>> learned_all(FineTuningRun(CURVE_SETTINGS, 700, (0.5,) * 30)), learned_all(FineTuningRun(CURVE_SETTINGS, 700))
    (False, False)
    >>> learned_all(FineTuningRun(CURVE_SETTINGS, 700, (0.7,) + (0.001,) * 25))
    True
    """
    last = run.losses[-LAST_STEPS:]
    return len(last) == LAST_STEPS and statistics.mean(last) < ENOUGH


def measure_longer(name: str, language: str, examples: int, seed: int, most: int = MOST_STEPS) -> Control:
    """Train random weights until they learn no more, and measure.

    Args:
        name: what `from_pretrained` loads: `checkpoint(BODIES[language])`; only its shape is used.
        language, examples, seed: as in `Point`.
        most: steps after which it ends anyway.
    """
    train, evaluation = rows_for(language, examples, seed)
    settings = replace(CURVE_SETTINGS, seed=seed)
    run = fine_tune(name, train, evaluation, settings, pretrained=False, max_steps=most, enough=learned_all)
    return Control(language, examples, "longer", seed, float(run.accuracy or 0.0), run.steps[-1])


def measure_words(language: str, examples: int, seed: int) -> Control:
    """Count the words of the same examples, fit a logistic regression to the counts, and measure.

    >>> measure_words("en", 400, seed=0).accuracy > 0.6
    True
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    train, evaluation = rows_for(language, examples, seed)
    counts = CountVectorizer()
    model = LogisticRegression(max_iter=1000).fit(counts.fit_transform(train[:]["text"]), train[:]["label"])
    accuracy = model.score(counts.transform(evaluation[:]["text"]), evaluation[:]["label"])
    return Control(language, examples, "words", seed, float(accuracy), 0)


def stored_points(language: str) -> list[Point]:
    """The points of one language that `python course.py measure` stored with the course.

    >>> {point.language for point in stored_points("en")}
    {'en'}
    """
    figures = measured("curves")["figures"]
    return sorted(Point(**row) for row in figures["points"] if row["language"] == language)


def stored_controls(language: str) -> list[Control]:
    """The controls of one language that `python course.py measure` stored with the course.

    >>> sorted({control.way for control in stored_controls("en")})
    ['longer', 'words']
    """
    figures = measured("controls")["figures"]
    return sorted(Control(**row) for row in figures["controls"] if row["language"] == language)


def as_figures(points: Iterable[Point], steps: int) -> dict[str, Any]:
    """Points as they are stored.

    >>> as_figures([Point("en", 50, True, 0, 0.75)], 80)["points"][0]["accuracy"]
    0.75
    """
    return {"steps": steps, "settings": asdict(CURVE_SETTINGS), "points": [asdict(point) for point in sorted(points)]}


def controls_as_figures(controls: Iterable[Control], most: int) -> dict[str, Any]:
    """Controls as they are stored.

    >>> controls_as_figures([Control("en", 50, "words", 0, 0.75, 0)], 700)["controls"][0]["way"]
    'words'
    """
    rule = {"most_steps": most, "loss_below": ENOUGH, "of_last_steps": LAST_STEPS}
    return {**rule, "settings": asdict(CURVE_SETTINGS), "controls": [asdict(control) for control in sorted(controls)]}


def means(points: Iterable[Point]) -> dict[tuple[int, bool], float]:
    """Mean accuracy over the seeds for each (number of examples, pretrained).

    >>> means([Point("en", 50, True, 0, 0.5), Point("en", 50, True, 1, 0.75)])
    {(50, True): 0.625}
    """
    return _means(((point.examples, point.pretrained), point.accuracy) for point in sorted(points))


def control_means(controls: Iterable[Control]) -> dict[tuple[int, str], float]:
    """Mean accuracy over the seeds for each (number of examples, way).

    >>> control_means([Control("en", 50, "words", 0, 0.5, 0), Control("en", 50, "words", 1, 0.75, 0)])
    {(50, 'words'): 0.625}
    """
    return _means(((control.examples, control.way), control.accuracy) for control in sorted(controls))


def _means(pairs: Iterable[tuple[Any, float]]) -> dict[Any, float]:
    grouped: dict[Any, list[float]] = defaultdict(list)
    for key, accuracy in pairs:
        grouped[key].append(accuracy)
    return {key: statistics.mean(values) for key, values in grouped.items()}
