"""Make pocket-roberta-ko-sentiment: the Korean pocket body with a sentiment head, taught by the reviews' ratings.

Make the body first (pocket_roberta_ko.py). A review rated 1 to 4 is negative, one rated 9 or 10 positive; the others
are left out. There are three times as many positive ones: a pass takes all negative reviews and as many positive ones,
which the next pass would draw afresh.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path

import torch
from build_corpora import source
from measuring import minutes_of, options_of
from shipping import ship
from torch import nn
from training import POCKET, Encoded, Run, accuracy, arguments, batches_by_length, in_processes, place, set_dropout
from training_corpora import KOREAN_CHOICE, KOREAN_TEST, korean_reviews
from transformers import AutoTokenizer, RobertaForSequenceClassification
from transformers.utils import logging

NAME = "pocket-roberta-ko-sentiment"
BODY = "pocket-roberta-ko"
LABELS = {0: "부정", 1: "긍정"}
PAD = 1
EPOCHS = 1
#: Tokens of a text that are read, and tokens of a batch.
LONGEST, TOKENS = 96, 2560


def labelled_texts(data: Path) -> list[tuple[int, str]]:
    """(label, text) of every training review that has a label, no pair twice."""
    pairs = [(review.label, review.text) for review in korean_reviews(data).train]
    return list(dict.fromkeys((label, text) for label, text in pairs if label is not None))


def drawn(labels: list[int], seed: int) -> list[int]:
    """The indices of all texts of the rarer label and of as many of the other, drawn by ``seed``.

    >>> drawn([1, 0, 1, 1, 0], seed=0)
    [1, 4, 2, 3]
    """
    apart = [[i for i, label in enumerate(labels) if label == one] for one in (0, 1)]
    rare, common = sorted(apart, key=len)
    return rare + sorted(random.Random(seed).sample(common, len(rare)))


def train(given: argparse.Namespace) -> None:
    """Train (or resume) the classifier and write it to the work folder; in every process of a joint run."""
    logging.set_verbosity_error()
    rank, _ = place()
    (given.work / NAME).mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(POCKET / BODY)
    pairs = labelled_texts(given.data)
    labels = [label for label, _ in pairs]
    hard = torch.tensor(labels)
    path = given.work / NAME / "texts.safetensors"
    texts = Encoded.made(path, lambda: [text for _, text in pairs], tokenizer, LONGEST)
    choice = [(review.label, review.text) for review in korean_reviews(given.data).choice] if rank == 0 else []
    torch.manual_seed(0)
    model = RobertaForSequenceClassification.from_pretrained(
        POCKET / BODY, id2label=LABELS, label2id={name: i for i, name in LABELS.items()}
    )

    def batches(epoch: int) -> list[list[int]]:
        which = drawn(labels, seed=epoch)
        found = batches_by_length([texts.lengths[i] for i in which], tokens=TOKENS, seed=epoch)
        return [[which[i] for i in batch] for batch in found]

    run = Run(NAME, model, batches, work=given.work, epochs=EPOCHS, rate=5e-4, decay=0.05, average=0.998)
    if run.step == 0:
        run.log(texts=len(labels), negative=labels.count(0), processes=run.processes)
    set_dropout(model, 0.1)
    model.train()
    total = 0.0
    for _, batch in run.steps():
        ids, mask = texts.batch(batch, PAD)
        logits = model(input_ids=ids, attention_mask=mask).logits
        loss = nn.functional.cross_entropy(logits, hard[batch])
        run.update(loss)
        total += loss.item() * run.processes
        if run.step % 50 < run.processes:
            run.log(loss=round(total / 50, 4))
            total = 0.0
        if run.step % 1500 < run.processes and rank == 0:
            run.log(choice_accuracy=round(accuracy(model, tokenizer, choice), 4))
    if rank:
        return
    last = accuracy(model, tokenizer, choice)
    run.use_averaged()
    run.log(choice_last=round(last, 4), choice_averaged=round(accuracy(model, tokenizer, choice), 4))
    model.save_pretrained(given.work / NAME / "final")


def right_by_label(folder: Path, pairs: list[tuple[int, str]]) -> list[float]:
    """The share of (label, text) pairs that the shipped checkpoint gets right: of label 0, and of label 1."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = RobertaForSequenceClassification.from_pretrained(folder).eval()
    return [accuracy(model, tokenizer, [pair for pair in pairs if pair[0] == label]) for label in (0, 1)]


def card(figures: dict, log: Path) -> str:
    """The model card, with the figures that were measured."""
    negative, positive = figures["test"]
    ours_negative, ours_positive = figures["ours"]
    return f"""---
language: ko
license: cc0-1.0
library_name: transformers
pipeline_tag: text-classification
tags:
- roberta
- sentiment-analysis
- korean
- course
datasets:
- e9t/nsmc
---

# {NAME}

## What it is

A small Korean RoBERTa ({BODY} with a classification head) that calls a film review 부정 (negative) or 긍정
(positive). In this course it stands in for a klue/roberta-base that was fine-tuned on film reviews. It is a small
stand-in and not the original of anything on the Hub. Weights are float16 on disk and float32 once loaded.

For pairs its tokenizer gives token types that the model does not know, as that of {BODY} does.

## Data and licences

- Start: {BODY}, trained on the same reviews without their ratings.
- Labels: the raw reviews behind the Naver sentiment movie corpus (e9t/nsmc, CC0). Rated 1 to 4: 부정; 9 or 10: 긍정;
  the others are left out, which is the corpus's own rule. {figures["negative"]:,} negative reviews, and as \
many positive ones
  drawn from three times that number.
- {KOREAN_TEST * 2:,} reviews to measure on and {KOREAN_CHOICE * 2:,} to choose by, half of them negative, took no \
part in any training: neither of
  the tokenizer nor of the body nor of this model. Reviews that differ from them in spaces, punctuation, case or
  repeated letters only were left out with them.

## Scores

Measured as shipped by `python recipes/pocket_roberta_ko_sentiment.py --data DIR --measure-only`.

| measured on | this model |
|---|---|
| {KOREAN_TEST * 2:,} unseen reviews, half of them negative | {50 * (negative + positive):.1f} % |
| the {KOREAN_TEST:,} negative ones among them | {100 * negative:.1f} % |
| the {KOREAN_TEST:,} positive ones among them | {100 * positive:.1f} % |
| {figures["ours_of"]} reviews written for this course (pocket_reviews, Korean), half of them negative | \
{50 * (ours_negative + ours_positive):.1f} % |

## Limits

Korean film reviews of up to about {LONGEST} tokens: longer ones run (up to 512), but it has not been trained on them. \
Only two
answers: a text without an opinion still gets one of them, sometimes with a high score. Ratings are the labels, and
some reviews do not say what their rating says. Irony, comparisons and opinions that change within a review mislead it.
It has the reviewers' prejudices: names of people, countries and parties can sway it.

## Training

`python recipes/pocket_roberta_ko_sentiment.py --data DIR{options_of(log)}`: one pass,
{minutes_of(log):.0f} minutes of training on a 2-core CPU that had other work as well. The log is training_log.jsonl \
beside this card.
""".replace("\\\n", "")


def measure(given: argparse.Namespace) -> None:
    """Measure the shipped checkpoint and write its model card."""
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    folder = POCKET / NAME
    ours = [(row["label"], row["text"]) for row in source("pocket_reviews", "ko")]
    figures = {
        "test": right_by_label(folder, [(review.label, review.text) for review in korean_reviews(given.data).test]),
        "ours": right_by_label(folder, ours),
        "ours_of": len(ours),
        "negative": sum(label == 0 for label, _ in labelled_texts(given.data)),
    }
    print(json.dumps(figures, indent=1))
    (folder / "README.md").write_text(card(figures, folder / "training_log.jsonl"), encoding="utf8")


def main() -> None:
    given = arguments(__doc__).parse_args()
    folder = POCKET / NAME
    if not given.measure_only:
        if not (POCKET / BODY / "model.safetensors").exists():
            raise SystemExit("make the body first: python recipes/pocket_roberta_ko.py --data DIR")
        in_processes(train, given)
        model = RobertaForSequenceClassification.from_pretrained(given.work / NAME / "final")
        ship(model, POCKET / BODY, folder)
        shutil.copyfile(given.work / NAME / "log.jsonl", folder / "training_log.jsonl")
    measure(given)


if __name__ == "__main__":
    main()
