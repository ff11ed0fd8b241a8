"""Measure what can be learnt from the corpora of the course, and write it into their data cards.

For each corpus and language, 5-fold cross-validation over all rows: every row is predicted once, by something that was
trained on the other four fifths. The folds are stratified like the splits. Beside the fine-tuned pocket body stand the
majority class and a bag-of-words model, and for pairs a single threshold on the share of words in common.

    python recipes/measure_corpora.py                        everything that is not measured yet or has changed
    python recipes/measure_corpora.py pocket_reviews/en      one of them
    python recipes/measure_corpora.py --again                everything, whatever is stored

Predictions are stored in ``corpora/scores.json`` with a digest of the rows and of the weights; the tables come from
there. A run that was interrupted goes on with the next fold.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from build_corpora import (
    ASPECTS,
    HERE,
    LANGUAGES,
    PACKAGE,
    SOURCES,
    between,
    in_strata,
    markdown,
    percent,
    source,
    texts_of,
    wilson,
)
from corpus_checks import words

STORE = SOURCES / "scores.json"
WORK = HERE / "work" / "corpora"
POCKET = HERE.parent / "course_utils" / "pocket"
BODIES = {"en": "pocket-bert-uncased", "ko": "pocket-roberta-ko"}
CORPORA = ("pocket_reviews", "pocket_pairs", "pocket_aspects")

FOLDS = 5
BATCH, UPDATES, RATE, LONGEST = 16, 150, 3e-4, 128
SETTINGS = (
    f"{UPDATES} updates with {BATCH} rows each, AdamW, learning rate {RATE:g} falling to 0 after 10 % of warm-up, "
    "a new head, the number of the fold as seed"
)
#: Draws for the interval of an F1 score.
DRAWS = 2000

Labels = list[tuple[int, ...]]
"""For each row, a 0 or 1 for each judgement: one in reviews and pairs, five in aspects."""


def labels_of(rows: Sequence[dict]) -> Labels:
    """The labels of rows as numbers.

    >>> labels_of([{"label": 1}, {"labels": ["story", "music"]}])
    [(1,), (0, 1, 0, 1, 0)]
    """
    return [
        (row["label"],) if "label" in row else tuple(int(aspect in row["labels"]) for aspect in ASPECTS) for row in rows
    ]


def digest(name: str, language: str) -> str:
    """A short digest of the texts and labels of a source."""
    rows = source(name, language)
    content = json.dumps([[*texts_of(row), *labels] for row, labels in zip(rows, labels_of(rows), strict=True)])
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def weights_of(body: Path) -> str:
    """A short digest of the weights of a checkpoint."""
    return hashlib.sha256((body / "model.safetensors").read_bytes()).hexdigest()[:12]


def folds(rows: Sequence[dict]) -> list[int]:
    """The fold of each row: neighbours in the strata go to different folds."""
    place = {texts_of(row): number for number, row in enumerate(in_strata(rows))}
    return [place[texts_of(row)] % FOLDS for row in rows]


def units(text: str, language: str) -> list[str]:
    """What the bag-of-words model counts: words and their pairs; in Korean runs of 2 to 4 characters inside a word.

    >>> units("A good film", "en"), units("좋았다", "ko")
    (['a', 'good', 'film', 'a good', 'good film'], ['좋았', '았다', '좋았다'])
    """
    found = words(text)
    if language == "en":
        return found + [" ".join(pair) for pair in zip(found, found[1:], strict=False)]
    return [word[i : i + size] for word in found for size in (2, 3, 4) for i in range(len(word) - size + 1)]


def row_units(row: dict, language: str) -> list[str]:
    """The units of a row; in a pair, those that both sentences hold apart from those that only one does."""
    if "text" in row:
        return units(row["text"], language)
    one, other = (set(units(text, language)) for text in texts_of(row))
    return sorted(f"both {unit}" for unit in one & other) + sorted(f"one {unit}" for unit in one ^ other)


def majority(train: Sequence[dict], held_out: Sequence[dict], language: str) -> Labels:
    """The commonest label, or set of labels, of the training rows for every row."""
    counts = Counter(labels_of(train))
    commonest = min(counts, key=lambda labels: (-counts[labels], labels))
    return [commonest] * len(held_out)


def bag_of_words(train: Sequence[dict], held_out: Sequence[dict], language: str) -> Labels:
    """Logistic regression on tf-idf weights, one for each judgement."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    weigh = TfidfVectorizer(analyzer=lambda row: row_units(row, language), sublinear_tf=True)
    seen, unseen = weigh.fit_transform(train), weigh.transform(held_out)
    judgements = zip(*labels_of(train), strict=True)
    found = [LogisticRegression(C=10, max_iter=1000).fit(seen, labels).predict(unseen) for labels in judgements]
    return [tuple(int(label) for label in row) for row in zip(*found, strict=True)]


def word_overlap(train: Sequence[dict], held_out: Sequence[dict], language: str) -> Labels:
    """Equivalent if the share of words in common reaches the threshold that was best on the training rows."""

    def share(row: dict) -> float:
        one, other = (set(words(text)) for text in texts_of(row))
        return len(one & other) / len(one | other)

    def right(threshold: float) -> int:
        return sum((share(row) >= threshold) == bool(row["label"]) for row in train)

    best = max(sorted({share(row) for row in train}), key=right)
    return [(int(share(row) >= best),) for row in held_out]


def fine_tuned(body: Path) -> Callable[[Sequence[dict], Sequence[dict], str, int], Labels]:
    """What fine-tunes a checkpoint with a new head, and predicts."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(body)
    types = AutoConfig.from_pretrained(body).type_vocab_size > 1

    def encoded(rows: Sequence[dict]) -> list[dict]:
        # a body that knows one token type only takes none, as pocket-roberta-ko
        return [
            dict(tokenizer(*texts_of(row), truncation=True, max_length=LONGEST, return_token_type_ids=types))
            for row in rows
        ]

    def predict(train: Sequence[dict], held_out: Sequence[dict], language: str, fold: int) -> Labels:
        several = "labels" in train[0]
        kind = {"problem_type": "multi_label_classification"} if several else {}
        torch.manual_seed(fold)
        model = AutoModelForSequenceClassification.from_pretrained(
            body, num_labels=len(ASPECTS) if several else 2, ignore_mismatched_sizes=True, **kind
        )
        for layer in model.classifier.modules():  # a head of its own, also where the checkpoint has one
            if isinstance(layer, torch.nn.Linear):
                torch.nn.init.normal_(layer.weight, std=model.config.initializer_range)
                torch.nn.init.zeros_(layer.bias)
        inputs, targets = encoded(train), torch.tensor(labels_of(train))
        targets = targets.float() if several else targets[:, 0]
        optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01, fused=True)
        draw, order = random.Random(fold), []
        model.train()
        for step in range(UPDATES):
            if len(order) < BATCH:
                order = draw.sample(range(len(train)), len(train))
            batch, order = order[:BATCH], order[BATCH:]
            for group in optimizer.param_groups:
                group["lr"] = RATE * min((step + 1) / (0.1 * UPDATES), 1 - step / UPDATES)
            padded = tokenizer.pad([inputs[i] for i in batch], return_tensors="pt")
            model(**padded, labels=targets[batch]).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        model.eval()
        with torch.inference_mode():
            logits = torch.cat([model(**tokenizer.pad([one], return_tensors="pt")).logits for one in encoded(held_out)])
        found = (logits > 0).int() if several else logits.argmax(-1, keepdim=True)
        return [tuple(row) for row in found.tolist()]

    return predict


def cross_validated(rows: Sequence[dict], predict: Callable[[list[dict], list[dict], int], Labels]) -> Labels:
    """A prediction for each row, by what was trained on the other folds."""
    places, found = folds(rows), {}
    for fold in range(FOLDS):
        inside = [i for i, place in enumerate(places) if place == fold]
        train = [row for row, place in zip(rows, places, strict=True) if place != fold]
        for i, labels in zip(inside, predict(train, [rows[i] for i in inside], fold), strict=True):
            found[i] = labels
    return [found[i] for i in range(len(rows))]


def body_predictions(name: str, language: str, body: Path) -> Labels:
    """Cross-validated predictions of the fine-tuned body; each fold is kept on disk as soon as it is done."""
    key = f"{digest(name, language)}-{weights_of(body)}-{hashlib.sha256(SETTINGS.encode()).hexdigest()[:6]}"
    folder = WORK / f"{name}-{language}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    learn = fine_tuned(body)

    def predict(train: list[dict], held_out: list[dict], fold: int) -> Labels:
        path = folder / f"fold{fold}.json"
        if not path.is_file():
            begun = time.perf_counter()
            found = learn(train, held_out, language, fold)
            path.write_text(json.dumps(found), encoding="utf8")
            right = sum(a == b for a, b in zip(found, labels_of(held_out), strict=True))
            spent = time.perf_counter() - begun
            print(f"  fold {fold + 1} of {FOLDS}: {right} of {len(found)} rows right, {spent:.0f} s", flush=True)
        return [tuple(labels) for labels in json.loads(path.read_text(encoding="utf8"))]

    return cross_validated(source(name, language), predict)


def packed(labels: Labels) -> str:
    """Predictions as one line of text; `unpacked` undoes it.

    >>> packed([(0, 1), (1, 1)]), unpacked("01 11")
    ('01 11', [(0, 1), (1, 1)])
    """
    return " ".join("".join(map(str, row)) for row in labels)


def unpacked(text: str) -> Labels:
    """Predictions from one line of text."""
    return [tuple(map(int, row)) for row in text.split()]


def stored() -> dict[str, dict]:
    """What was measured, by "corpus/language"."""
    return json.loads(STORE.read_text(encoding="utf8")) if STORE.is_file() else {}


def measure(name: str, language: str, body: Path) -> dict:
    """Everything measured for one corpus and language."""
    rows = source(name, language)
    print(f"{name}/{language}: {len(rows)} rows", flush=True)
    plain = {"majority class": majority, "bag of words": bag_of_words}
    if name == "pocket_pairs":
        plain["word overlap"] = word_overlap
    found = {
        "rows": digest(name, language),
        "predictions": {
            what: packed(cross_validated(rows, lambda train, test, fold, learn=learn: learn(train, test, language)))
            for what, learn in plain.items()
        },
    }
    if (body / "model.safetensors").is_file():
        found["predictions"][body.name] = packed(body_predictions(name, language, body))
        found["body"] = {"name": body.name, "weights": weights_of(body), "settings": SETTINGS}
    return found


def f1(pairs: Sequence[tuple[int, int]]) -> float:
    """F1 of (label, prediction) pairs; 0 if nothing was rightly found.

    >>> f1([(1, 1), (1, 0), (0, 0)])
    0.6666666666666666
    """
    counts = Counter(pairs)
    return 2 * counts[1, 1] / max(1, 2 * counts[1, 1] + counts[1, 0] + counts[0, 1])


def micro_f1_interval(labels: Labels, found: Labels) -> tuple[float, float]:
    """The 95 % percentile interval of the micro F1 over rows drawn again with replacement."""
    # for each row: rightly found, missed, found too much
    counts = []
    for row, guess in zip(labels, found, strict=True):
        pairs = Counter(zip(row, guess, strict=True))
        counts.append((pairs[1, 1], pairs[1, 0] + pairs[0, 1]))
    draw, scores = random.Random(0), []
    for _ in range(DRAWS):
        again = draw.choices(counts, k=len(counts))
        hits, slips = sum(one[0] for one in again), sum(one[1] for one in again)
        scores.append(2 * hits / max(1, 2 * hits + slips))
    scores.sort()
    return scores[round(0.025 * DRAWS)], scores[round(0.975 * DRAWS) - 1]


def described(what: str, language: str) -> str:
    """The name of a method in a table."""
    if what == "bag of words":
        unit = "words and their pairs" if language == "en" else "runs of 2 to 4 characters"
        return f"bag of words ({unit}, tf-idf, logistic regression)"
    if what == "word overlap":
        return "share of words in common, one threshold"
    return what if what == "majority class" else f"{what}, fine-tuned"


def scored(name: str, rows: Sequence[dict], line: str) -> list[str]:
    """The figures of one line of a table, from stored predictions."""
    labels, found = labels_of(rows), unpacked(line)
    both = list(zip(labels, found, strict=True))
    if name == "pocket_aspects":
        overall = f1([pair for a, b in both for pair in zip(a, b, strict=True)])
        each = [f1([(a[i], b[i]) for a, b in both]) for i in range(len(ASPECTS))]
        return [percent(overall), percent(*micro_f1_interval(labels, found)), *map(percent, each)]
    hits = [a == b for a, b in both]
    shares = []
    for fold in range(FOLDS):
        inside = [hit for hit, place in zip(hits, folds(rows), strict=True) if place == fold]
        shares.append(sum(inside) / len(inside))
    interval = wilson(sum(hits), len(hits))
    return [percent(sum(hits) / len(hits)), percent(*interval), percent(min(shares), max(shares))]


def by_kind(rows: Sequence[dict], line: str) -> str:
    """How many rows of each kind were predicted rightly, as text; nothing where rows have no kind."""
    right: Counter[str] = Counter()
    of = Counter(row["kind"].replace("_", " ") for row in rows if "kind" in row)
    for row, labels, found in zip(rows, labels_of(rows), unpacked(line), strict=True):
        if "kind" in row and labels == found:
            right[row["kind"].replace("_", " ")] += 1
    return ", ".join(f"{kind} {right[kind]} of {count}" for kind, count in of.most_common())


def table(name: str) -> str:
    """The scores of a data card, from what is stored."""
    if name == "pocket_aspects":
        head = ["language", "model", "micro F1", "95 % interval", *ASPECTS]
        how = (
            f"The interval is the 95 % percentile bootstrap over rows ({DRAWS} draws); the last five columns are F1 "
            "for one aspect each. Majority class: the commonest set of aspects for every row."
        )
    else:
        head = ["language", "model", "accuracy", "95 % interval", "lowest to highest fold"]
        how = (
            "The interval is Wilson's for the share of all rows that were predicted rightly, as if the five models "
            "were one; what another seed would change is not in it."
        )
    lines, bodies = [], []
    for language, spoken in LANGUAGES.items():
        measured = stored().get(f"{name}/{language}", {"predictions": {}})
        rows = source(name, language)
        for what, line in measured["predictions"].items():
            lines.append([spoken, described(what, language), *scored(name, rows, line)])
        if body := measured.get("body"):
            bodies.append(f"Fine-tuning of {body['name']} (weights {body['weights']}): {body['settings']}.")
            if kinds := by_kind(rows, measured["predictions"][body["name"]]):
                bodies[-1] += f" Rightly predicted by kind: {kinds}."
        else:
            missing = [spoken, described(BODIES[language], language), "not yet measured"]
            lines.append(missing + ["-"] * (len(head) - len(missing)))
    return "\n\n".join([markdown(head, lines), how, *bodies])


def write_card(name: str) -> None:
    """Put the table of scores into a data card."""
    path = PACKAGE / name / "README.md"
    text = between(path.read_text(encoding="utf8"), "scores", table(name))
    path.write_text(text, encoding="utf8", newline="\n")


def up_to_date(measured: dict | None, name: str, language: str, body: Path) -> bool:
    """Whether what is stored was measured with these rows, this body and these settings."""
    if measured is None or measured["rows"] != digest(name, language):
        return False
    now = None
    if (body / "model.safetensors").is_file():
        now = {"name": body.name, "weights": weights_of(body), "settings": SETTINGS}
    return measured.get("body") == now


def main() -> int:
    """Measure what the command line asks for; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    choices = [f"{name}/{language}" for name in CORPORA for language in LANGUAGES]
    parser.add_argument("which", nargs="*", metavar="CORPUS/LANGUAGE", help="default: all of " + ", ".join(choices))
    parser.add_argument("--again", action="store_true", help="measure also what is up to date")
    parser.add_argument("--try-body", type=Path, metavar="DIR", help="measure another checkpoint, write no card")
    given = parser.parse_args()
    if unknown := [one for one in given.which if one not in choices]:
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(choices)}")
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    for which in given.which or choices:
        name, language = which.split("/")
        body = given.try_body or POCKET / BODIES[language]
        stores = given.try_body is None
        if stores and not given.again and up_to_date(stored().get(which), name, language, body):
            print(f"{which}: up to date")
        else:
            measured = measure(name, language, body)
            for what, line in measured["predictions"].items():
                same = sum(a == b for a, b in zip(labels_of(source(name, language)), unpacked(line), strict=True))
                print(f"  {what}: {same} rows right", flush=True)
            if stores:
                everything = stored() | {which: measured}
                ordered = {one: everything[one] for one in choices if one in everything}
                STORE.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf8")
        if stores:
            write_card(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
