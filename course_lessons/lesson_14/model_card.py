"""A model card written from what was measured: no score in it is typed by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lessons.lesson_14.judge import Score, found_by
from course_lessons.lesson_14.names import shown
from course_utils.messages import shorten, text


@dataclass(frozen=True)
class Measured:
    """What a card tells.

    Attributes:
        file: the name of the file that was trained on.
        language: "en" or "ko".
        body: the checkpoint that was fine-tuned.
        labels: the names of the classes, in the order of the model's outputs.
        tokens: to how many tokens texts are cut.
        steps: what cleaning left, by the name of each step.
        parts: the rows of each part.
        shared: how many texts of the test hold a sentence that the training part holds as well.
        scores: the accuracy of each way to answer, by its name; the model's is the last.
        gain: the accuracy of the model less that of the best baseline.
        confusion: rows of the right labels, columns of those answered.
        curve: the accuracy after training on fewer rows and on all, by their number.
        more: the accuracy with all training rows less that with half of them.
    """

    file: str
    language: str
    body: str
    labels: Sequence[str]
    tokens: int
    steps: Mapping[str, int]
    parts: Mapping[str, int]
    shared: int
    scores: Mapping[str, Score]
    gain: Score
    confusion: Sequence[Sequence[int]]
    curve: Mapping[int, Score]
    more: Score


def model_card(measured: Measured) -> str:
    """The card as Markdown, with the head that the Hub reads.

    >>> half = Score(0.5, 0.4, 0.6, 80)
    >>> facts = Measured("a.csv", "en", "bert", ["bad", "good"], 128, {"read": 400}, {"test": 80}, 5,
    ...                  {"majority": half, "fine-tuned": half}, Score(0.0, -0.1, 0.1, 80), [[20, 20], [20, 20]],
    ...                  {60: half, 120: half}, Score(0.0, -0.1, 0.1, 80))
    >>> card = model_card(facts)
    >>> card.splitlines()[:3], "cannot tell" in card
    (['---', 'language: en', 'library_name: transformers'], True)
    """
    *_, score = measured.scores.values()
    on_disk = Path(measured.body)  # or a name of the Hub, which stays whole
    body_name = on_disk.name if on_disk.is_dir() else measured.body
    head = [
        "---",
        f"language: {measured.language}",
        "library_name: transformers",
        "pipeline_tag: text-classification",
        "metrics:",
        "- accuracy",
        f"base_model: {json.dumps(body_name)}",
        "---",
    ]
    recalls = [
        f"| {_cell(label)} | {sum(row)} | {row[place] / sum(row):.2f} |" if sum(row) else f"| {_cell(label)} | 0 | - |"
        for place, (label, row) in enumerate(zip(measured.labels, measured.confusion, strict=True))
    ]
    body = [
        f"# {text('model_card.title', file=measured.file)}",
        text("model_card.what", body=body_name, file=measured.file, labels=", ".join(map(_cell, measured.labels))),
        f"## {text('model_card.data')}",
        _table(text("model_card.step"), text("model_card.rows"), measured.steps),
        _table(text("model_card.part"), text("model_card.rows"), measured.parts),
        f"## {text('model_card.result')}",
        _table(text("model_card.way"), text("model_card.accuracy"), measured.scores),
        text(f"model_card.verdict_{found_by(measured.gain)}", gain=measured.gain, number=score.number),
        "\n".join(
            [
                f"| {text('model_card.label')} | {text('model_card.texts')} | {text('model_card.recall')} |",
                "|---|---|---|",
                *recalls,
            ]
        ),
        f"## {text('model_card.curve')}",
        _table(
            text("model_card.trained_on"), text("model_card.accuracy"), {str(n): s for n, s in measured.curve.items()}
        ),
        text(f"model_card.more_{found_by(measured.more)}", more=measured.more),
        f"## {text('model_card.limits')}",
        text("model_card.not_known", number=score.number, shared=measured.shared, tokens=measured.tokens),
    ]
    return "\n".join(head) + "\n\n" + "\n\n".join(body) + "\n"


def _table(first: str, second: str, rows: Mapping[str, object]) -> str:
    lines = (f"| {_cell(shown(name))} | {value} |" for name, value in rows.items())
    return "\n".join([f"| {first} | {second} |", "|---|---|", *lines])


def _cell(words: str) -> str:
    return shorten(" ".join(words.replace("|", "/").split()), 60)
