"""What pipelines answer, made readable: a table for each task, and the best words for a mask as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from matplotlib.figure import Figure

from course_utils.markup import code_block, panel, table
from course_utils.messages import CourseError, shorten, text
from course_utils.palette import BLUE, INK
from course_utils.picture import Picture

MOST_CHARACTERS = 700
"""Characters of a raw answer that are shown."""


def rounded(answer: Any) -> Any:
    """The answer of a pipeline with every number rounded to three digits, otherwise as it is.

    >>> rounded([{"label": "POSITIVE", "score": 0.93951}])
    [{'label': 'POSITIVE', 'score': 0.94}]
    """
    if isinstance(answer, float):
        return round(answer, 3)
    if isinstance(answer, list):
        return [rounded(part) for part in answer]
    if isinstance(answer, dict):
        return {key: rounded(value) for key, value in answer.items()}
    return answer


def raw_text(answer: Any) -> str:
    """A rounded answer as Python writes it, cut where it is long; one line for each dictionary of a list.

    >>> print(raw_text([{"label": "A", "score": 0.5}, {"label": "B", "score": 0.25}]))
    [{'label': 'A', 'score': 0.5},
     {'label': 'B', 'score': 0.25}]
    """
    short = rounded(answer)
    if isinstance(short, list) and short and all(isinstance(part, dict | list) for part in short):
        words = "[" + ",\n ".join(repr(part) for part in short) + "]"
    else:
        words = repr(short)
    return shorten(words, MOST_CHARACTERS)


def answer_rows(answer: Any) -> list[tuple[str, str]]:
    """The rows of the table: what is said and how sure the model is of it, or a count.

    Args:
        answer: what a pipeline for text classification, fill-mask, text generation or feature extraction gave for
            one text.
    Raises:
        CourseError: an answer of another form.

    >>> answer_rows([{"label": "POSITIVE", "score": 0.93951}])
    [('POSITIVE', '0.940')]
    >>> answer_rows([{"generated_text": "And then."}])
    [('And then.', '')]
    >>> answer_rows([[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]])
    [('texts', '1'), ('tokens', '3'), ('numbers for each token', '2')]
    """
    if isinstance(answer, list) and answer and all(isinstance(part, dict) for part in answer):
        rows = [_row(part) for part in answer]
        if all(row is not None for row in rows):
            return [row for row in rows if row is not None]
    if isinstance(answer, list) and answer and isinstance(answer[0], list):
        if answer[0] and isinstance(answer[0][0], dict):  # several masks: one list for each
            return [
                (text("draw_answers.mask_number", number=n, word=word), score)
                for n, part in enumerate(answer, 1)
                for word, score in answer_rows(part)
            ]
        if answer[0] and isinstance(answer[0][0], list):
            sizes = (len(answer), len(answer[0]), len(answer[0][0]))
            names = ("texts", "tokens", "numbers")
            return [(text(f"draw_answers.{n}"), str(size)) for n, size in zip(names, sizes, strict=True)]
    raise CourseError(text("draw_answers.unknown_form", kind=type(answer).__name__))


def _row(part: Mapping[str, Any]) -> tuple[str, str] | None:
    if "score" in part and ("label" in part or "token_str" in part):
        return str(part.get("label", part.get("token_str"))), f"{part['score']:.3f}"
    if "generated_text" in part:
        return str(part["generated_text"]), ""
    return None


def answer_html(answer: Any) -> str:
    """The raw answer and below it the same as a table.

    >>> "POSITIVE" in answer_html([{"label": "POSITIVE", "score": 0.9}])
    True
    """
    return panel(
        "answer",
        f"<p><b>{escape(text('draw_answers.raw'))}</b></p>",
        code_block(raw_text(answer)),
        f"<p><b>{escape(text('draw_answers.table'))}</b></p>",
        table([(escape(what), escape(score)) for what, score in answer_rows(answer)]),
    )


def draw_best_words(answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> Picture:
    """The best words for a mask as bars, one panel for each sentence.

    Args:
        answers: sentence -> what fill-mask gave for it: dictionaries with `token_str` and `score`, best first.
    Raises:
        CourseError: no sentence, or one without words.

    >>> picture = draw_best_words({"It was [MASK].": [{"token_str": "good", "score": 0.25}]})
    >>> [t.get_text() for t in picture.figure.axes[0].texts], picture.words
    (['0.25'], 'The best words for the mask. It was [MASK]. good 0.25.')
    """
    if not answers or not all(answers.values()):
        raise CourseError(text("draw_answers.nothing"))
    most = max(len(words) for words in answers.values())
    figure = Figure(figsize=(5.2 * len(answers), 1.3 + 0.45 * most))
    for panel_number, (sentence, words) in enumerate(answers.items(), 1):
        axes = figure.add_subplot(1, len(answers), panel_number)
        scores = [float(word["score"]) for word in words]
        axes.barh(range(len(words)), scores, color=BLUE)
        axes.set_yticks(range(len(words)), [str(word["token_str"]) for word in words], fontsize=14)
        axes.invert_yaxis()
        axes.set_xlim(0, max(scores) * 1.3)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_title(sentence, fontsize=14)
        for i, score in enumerate(scores):
            axes.text(score + max(scores) * 0.03, i, f"{score:.2f}", va="center", color=INK, fontsize=13)
    figure.tight_layout()
    said = [text("draw_answers.best_words")]
    for sentence, words in answers.items():
        ranked = ", ".join(f"{word['token_str']} {word['score']:.2f}" for word in words)
        said.append(f"{sentence} {ranked}.")
    return Picture(figure, " ".join(said))
