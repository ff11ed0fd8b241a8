"""Several labels a text: what is found, missed and wrongly called at a threshold, and how that changes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from matplotlib.figure import Figure

from course_utils.figure_style import draw_lines
from course_utils.markup import bar, chip, panel, table
from course_utils.messages import CourseError, shorten, text
from course_utils.palette import BLUE, GREEN, GREY, INK, ORANGE, VERMILION
from course_utils.picture import Picture

SHOWN_TEXTS = 4
THRESHOLDS = tuple(round(step / 20, 2) for step in range(1, 20))
"""The thresholds of a curve: 0.05 to 0.95, so coarse that the best of them is the same on every processor."""


@dataclass(frozen=True)
class Counted:
    """Yes-or-no answers, counted against the truth.

    Attributes:
        hits: called and true.
        missed: true and not called.
        alarms: called and not true.
    """

    hits: int
    missed: int
    alarms: int

    @property
    def precision(self) -> float:
        """Share of the called that are true; 0 where nothing is called."""
        return self.hits / (self.hits + self.alarms) if self.hits + self.alarms else 0.0

    @property
    def recall(self) -> float:
        """Share of the true that are called; 0 where nothing is true."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else 0.0

    @property
    def f1(self) -> float:
        """2 hits / (2 hits + missed + false alarms); 0 without hits."""
        return 2 * self.hits / (2 * self.hits + self.missed + self.alarms) if self.hits else 0.0

    def __add__(self, other: Counted) -> Counted:
        """Both counted together."""
        return Counted(self.hits + other.hits, self.missed + other.missed, self.alarms + other.alarms)


def count_label(probabilities: Sequence[float], truth: Sequence[float], threshold: float) -> Counted:
    """Count one label: a text is called where its probability is at least the threshold.

    Args:
        probabilities: one a text, 0 to 1.
        truth: 1 where the label holds, 0 where not, one a text.
        threshold: 0 to 1.
    Raises:
        CourseError: unequal numbers, or a threshold outside 0 to 1.

    >>> count_label([0.9, 0.4, 0.6], [1, 1, 0], threshold=0.5)
    Counted(hits=1, missed=1, alarms=1)
    """
    if len(probabilities) != len(truth):
        raise CourseError(text("draw_thresholds.unequal", given=len(probabilities), truth=len(truth)))
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise CourseError(text("draw_thresholds.threshold", given=str(threshold)[:40]))
    called = [float(p) >= threshold for p in probabilities]
    holds = [bool(t) for t in truth]
    pairs = list(zip(called, holds, strict=True))
    return Counted(pairs.count((True, True)), pairs.count((False, True)), pairs.count((True, False)))


def count_labels(
    probabilities: Sequence[Sequence[float]], truth: Sequence[Sequence[float]], thresholds: Sequence[float]
) -> list[Counted]:
    """`count_label` for each label: columns of two tables (texts x labels), and one threshold a label.

    Raises CourseError if the tables differ in shape or the thresholds in number.

    >>> count_labels([[0.9, 0.1], [0.2, 0.3]], [[1, 0], [0, 1]], [0.5, 0.25])
    [Counted(hits=1, missed=0, alarms=0), Counted(hits=1, missed=0, alarms=0)]
    """
    if len(probabilities) != len(truth) or not len(truth):
        raise CourseError(text("draw_thresholds.unequal", given=len(probabilities), truth=len(truth)))
    widths = {len(row) for row in [*probabilities, *truth]} | {len(thresholds)}
    if len(widths) > 1:
        raise CourseError(text("draw_thresholds.widths", given=", ".join(map(str, sorted(widths)))))
    return [
        count_label([row[i] for row in probabilities], [row[i] for row in truth], thresholds[i])
        for i in range(len(thresholds))
    ]


def draw_thresholds(
    probabilities: Sequence[Sequence[float]], truth: Sequence[Sequence[float]], names: Sequence[str]
) -> Picture:
    """Precision, recall and F1 against the threshold: one panel for all labels together, one for the rarest label.

    Args:
        probabilities: texts x labels, 0 to 1.
        truth: texts x labels, 1 or 0.
        names: names of the labels.
    Raises:
        CourseError: tables and names do not fit together.

    >>> picture = draw_thresholds([[0.9, 0.1], [0.2, 0.3]], [[1, 0], [1, 1]], ["story", "music"])
    >>> [axes.get_title() for axes in picture.figure.axes]
    ['all labels together', 'music alone (1 of 2 texts)']
    >>> picture.words.split(": ", 1)[1]
    'all labels together, F1 0.50 at 0.50, largest 1.00 at 0.20; music alone (1 of 2 texts), F1 0.00 at 0.50, \
largest 1.00 at 0.30.'
    """
    figure = Figure(figsize=(12, 4.6))
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    said = []
    for axes, (title, curve) in zip(panels, _curves(probabilities, truth, names), strict=True):
        lines = {
            text(f"draw_thresholds.{key}"): [
                (threshold, getattr(one, key)) for threshold, one in zip(THRESHOLDS, curve, strict=True)
            ]
            for key in ("precision", "recall", "f1")
        }
        draw_lines(axes, lines, ((BLUE, "", "-"), (ORANGE, "", "--"), (GREEN, "", "-")))
        axes.lines[-1].set_linewidth(4)
        axes.axvline(0.5, color=GREY, linestyle=":", linewidth=1.5)
        best = _peak(curve)
        half, most = (curve[THRESHOLDS.index(threshold)].f1 for threshold in (0.5, best))
        axes.scatter([best], [most], s=110, color=GREEN, edgecolor=INK, zorder=3)
        axes.annotate(
            f"{best:.2f}",
            (best, most),
            textcoords="offset points",
            xytext=(0, -26),
            ha="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
        )
        axes.set_title(title)
        axes.set_xlabel(text("draw_thresholds.axis"))
        axes.set_xlim(0, 1)
        axes.set_ylim(-0.03, 1.1)
        said.append(
            text("draw_thresholds.panel", title=title, half=f"{half:.2f}", most=f"{most:.2f}", best=f"{best:.2f}")
        )
    panels[0].legend(frameon=False, loc="lower left")
    figure.tight_layout(w_pad=3)
    return Picture(figure, text("draw_thresholds.words", panels="; ".join(said)))


def _curves(
    probabilities: Sequence[Sequence[float]], truth: Sequence[Sequence[float]], names: Sequence[str]
) -> list[tuple[str, list[Counted]]]:
    """Title and counts at all `THRESHOLDS`, for all labels together and for the rarest."""
    tables = [count_labels(probabilities, truth, [step] * len(names)) for step in THRESHOLDS]
    often = [sum(bool(row[i]) for row in truth) for i in range(len(names))]
    rare = often.index(min(often))
    together = [sum(table, Counted(0, 0, 0)) for table in tables]
    title = text("draw_thresholds.one", name=names[rare], number=often[rare], of=len(truth))
    return [(text("draw_thresholds.all"), together), (title, [table[rare] for table in tables])]


def _peak(curve: Sequence[Counted]) -> float:
    """The threshold of `THRESHOLDS` with the largest F1; of several, the one nearest to 0.5."""
    best = max(one.f1 for one in curve)
    return min(
        (step for step, one in zip(THRESHOLDS, curve, strict=True) if one.f1 == best), key=lambda s: abs(s - 0.5)
    )


def thresholds_html(
    texts: Sequence[str],
    probabilities: Sequence[Sequence[float]],
    truth: Sequence[Sequence[float]],
    names: Sequence[str],
    thresholds: Sequence[float],
) -> str:
    """Each label with its threshold and what is found, missed and wrongly called; then the answers for a few texts.

    Args:
        texts: the texts.
        probabilities, truth: texts x labels.
        names, thresholds: one a label.

    >>> page = thresholds_html(["Lovely songs."], [[0.2, 0.7]], [[0, 1]], ["story", "music"], [0.5, 0.5])
    >>> "Lovely songs." in page, "0 missed" in page
    (True, True)
    """
    counted = count_labels(probabilities, truth, thresholds)
    whole = sum(counted, Counted(0, 0, 0))
    keys = ("label", "threshold_head", "hits", "missed", "alarms", "precision", "recall", "f1")
    heads = [escape(text(f"draw_thresholds.{key}")) for key in keys]
    lines = [
        *((name, f"{limit:.2f}", one) for name, limit, one in zip(names, thresholds, counted, strict=True)),
        (text("draw_thresholds.together"), "", whole),
    ]
    rows = [
        [
            escape(name),
            limit,
            *(str(number) for number in (one.hits, one.missed, one.alarms)),
            *(f"{share:.2f}" for share in (one.precision, one.recall, one.f1)),
        ]
        for name, limit, one in lines
    ]
    summary = text(
        "draw_thresholds.summary",
        hits=whole.hits,
        missed=whole.missed,
        alarms=whole.alarms,
        f1=f"{whole.f1:.2f}",
    )
    answers = "".join(
        f"<li>{_answer(row, true, names, thresholds)}<br>{escape(shorten(words, 130))}</li>"
        for words, row, true in list(zip(texts, probabilities, truth, strict=True))[:SHOWN_TEXTS]
    )
    return panel(
        "thresholds",
        f'<p class="course-threshold-summary">{escape(summary)}</p>',
        table(rows, heads, row_heads=True, align="right"),
        f"<ul>{answers}</ul>",
    )


def _answer(
    probabilities: Sequence[float], truth: Sequence[float], names: Sequence[str], thresholds: Sequence[float]
) -> str:
    """The labels called and those missed for one text; colour and words say which."""
    parts = []
    for name, p, true, limit in zip(names, probabilities, truth, thresholds, strict=True):
        called = float(p) >= limit
        if called or true:
            key = "right" if called and true else ("false" if called else "not_found")
            colour = {"right": GREEN, "false": VERMILION, "not_found": GREY}[key]
            parts.append(chip(f"{name} {float(p):.2f} ({text(f'draw_thresholds.{key}')})", edge=colour))
    return "".join(parts) or escape(text("draw_thresholds.no_label"))


def typed_html(probabilities: Sequence[float], names: Sequence[str], thresholds: Sequence[float]) -> str:
    """The answer for one typed text: a bar for each label, with its threshold, and whether it is called.

    >>> "music 0.70, at least 0.50: yes" in typed_html([0.7], ["music"], [0.5])
    True
    """
    rows = []
    for name, p, limit in zip(names, probabilities, thresholds, strict=True):
        called = p >= limit
        words = text(
            "draw_thresholds.own",
            name=name,
            p=f"{p:.2f}",
            limit=f"{limit:.2f}",
            answer=text("draw_thresholds.yes" if called else "draw_thresholds.no"),
        )
        colour = GREEN if called else GREY
        rows.append(f"<div>{bar((p, colour), height=16, frame=True, mark=limit)}{escape(words)}</div>")
    return panel("threshold-bars", *rows)
