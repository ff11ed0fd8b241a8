"""The errors that a classifier makes at a threshold, to be read one by one."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from course_utils.markup import inline_code, panel, table
from course_utils.messages import CourseError, shorten, text
from course_utils.palette import GREY, ORANGE, VERMILION

Probabilities = Sequence[Sequence[float]]
SHOWN = 8
"""Errors of each kind that a view shows."""


def check_fit(probabilities: Probabilities, truth: Sequence[int], labels: Sequence[str]) -> None:
    """Raise CourseError unless each text, one at least, has a right label and a probability of each label."""
    widths = {len(row) for row in probabilities}
    fits = len(probabilities) == len(truth) > 0 and widths == {len(labels)} and set(truth) <= set(range(len(labels)))
    if not fits:
        words = text("errors.unequal", texts=len(probabilities), truth=len(truth), labels=len(labels))
        raise CourseError(words)


def threshold_html(
    texts: Sequence[str],
    probabilities: Probabilities,
    truth: Sequence[int],
    labels: Sequence[str],
    label: str,
    limit: float,
) -> str:
    """What is found, missed and wrongly called where a label counts from some probability on, and these errors.

    Args:
        texts: the texts.
        probabilities, truth, labels: as for `surest_errors`.
        label: the label in question.
        limit: it is called where its probability is at least this, 0 to 1.
    Raises:
        CourseError: they do not fit together, the label is none of them, or the limit is no probability.

    >>> page = threshold_html(["So so."], [[0.6, 0.4]], [1], ["bad", "good"], "bad", 0.5)
    >>> "0 found, 0 missed, 1 false alarms" in page, "So so." in page
    (True, True)
    """
    check_fit(probabilities, truth, labels)
    if label not in labels or not isinstance(limit, int | float) or not 0 <= limit <= 1:
        raise CourseError(text("errors.threshold", label=label, limit=limit))
    place = list(labels).index(label)
    called = [float(row[place]) >= limit for row in probabilities]
    holds = [right == place for right in truth]
    hits = sum(c and h for c, h in zip(called, holds, strict=True))
    missed = [n for n in range(len(texts)) if holds[n] and not called[n]]
    alarms = [n for n in range(len(texts)) if called[n] and not holds[n]]
    missed.sort(key=lambda n: (float(probabilities[n][place]), n))
    alarms.sort(key=lambda n: (-float(probabilities[n][place]), n))
    ratios = [(hits, hits + len(alarms)), (hits, hits + len(missed))]
    precision, recall = (f"{part / whole:.2f}" if whole else "-" for part, whole in ratios)
    counted = {"hits": hits, "missed": len(missed), "alarms": len(alarms), "precision": precision, "recall": recall}
    said = inline_code(text("errors.summary", label=label, limit=f"{limit:.2f}", **counted))
    pieces = [f'<p class="course-own-said">{said}</p>']
    for kind, numbers, colour in (("missed", missed, ORANGE), ("alarms", alarms, VERMILION)):
        rows = [(f"{float(probabilities[n][place]):.2f}", escape(shorten(texts[n], 130))) for n in numbers[:SHOWN]]
        heads = (escape(text("errors.probability")), escape(text(f"errors.{kind}", number=len(numbers))))
        pieces.append(
            table(rows, heads, edges=[colour] * len(rows))
            if rows
            else f'<p style="color:var(--jp-content-font-color2,{GREY})">{heads[1]}</p>'
        )
    return panel("threshold-errors", *pieces)
