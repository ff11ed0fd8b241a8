"""Measuring the checkpoints as shipped: what stands in the model cards, and the tables that tell it."""

from __future__ import annotations

import json
import random
import re
import statistics
import time
from collections import Counter, defaultdict
from pathlib import Path

import torch
from training import HERE, accuracy, padded
from training_corpora import as_people_write, read_labelled
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertForPreTraining,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedModel,
)

#: The sentences whose scores the study documents print.
DOCUMENT_SENTENCES = (
    ("I've been waiting for a HuggingFace course my whole life.", 1),
    ("I hate this so much!", 0),
)
FEW = 400
#: Words that say little by themselves: they are not masked when the language model is measured.
COMMON_WORDS = frozenset(
    "about above after again against also although always among another anyone anything around away back because "
    "been before being below between both cannot come comes could does doing done down during each either else enough "
    "even ever every everything from further gets give given gives goes going have having hence here hers herself "
    "himself into itself just keep keeps least less like made make makes making many might more most much must myself "
    "never nothing often once only onto other others otherwise ours ourselves over perhaps quite rather really same "
    "seem seems shall should since some someone something sometimes somewhat soon still such take takes than that "
    "their theirs them themselves then there these they this those though through thus together towards under until "
    "upon very well were what whatever when where whether which while whom whose will with within without would your "
    "yours yourself".split()
)


def speed(folder: Path, batch: int, length: int = 24, rounds: int = 9) -> tuple[float, float, float]:
    """(sentences a second, those of a DistilBERT-shaped model, ratio) on one thread, both measured in turn.

    Each round times both models one after the other; the ratio is the median of the rounds' ratios.
    """
    torch.set_num_threads(1)
    small = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    large = DistilBertForSequenceClassification(DistilBertConfig(num_labels=2)).eval()
    ids = torch.randint(1000, 30000, (batch, length), generator=torch.Generator().manual_seed(0))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    times: dict[str, list[float]] = {"small": [], "large": []}
    with torch.inference_mode():
        for model in (small, large):
            model(**inputs)
        for _ in range(rounds):
            for name, model, repeats in (("small", small, 8), ("large", large, 1)):
                begun = time.perf_counter()
                for _ in range(repeats):
                    model(**inputs)
                times[name].append((time.perf_counter() - begun) / repeats)
    ratios = [b / a for a, b in zip(times["small"], times["large"], strict=True)]
    medians = {name: batch / statistics.median(values) for name, values in times.items()}
    return medians["small"], medians["large"], statistics.median(ratios)


@torch.inference_mode()
def scores(folder: Path, texts: list[str]) -> torch.Tensor:
    """Probabilities (texts, labels) that the checkpoint gives."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    return torch.cat(
        [model(**tokenizer(text, truncation=True, return_tensors="pt")).logits.softmax(-1) for text in texts]
    )


def measure_sentiment(folder: Path, data: Path) -> dict[str, object]:
    """All figures of the sentiment checkpoint."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    development = read_labelled(data / "english_sst2_sentences_dev.tsv.xz")
    written = [(label, as_people_write(text)) for label, text in development]
    everyday = read_labelled(HERE / "everyday_sentences.tsv")
    found = scores(folder, [text for _, text in everyday])
    missed = [text for (label, text), row in zip(everyday, found, strict=True) if int(row.argmax()) != label]
    documents = scores(folder, [text for text, _ in DOCUMENT_SENTENCES])
    return {
        "development": accuracy(model, tokenizer, development),
        "written": accuracy(model, tokenizer, written),
        "everyday": len(everyday) - len(missed),
        "everyday_of": len(everyday),
        "everyday_missed": missed,
        "documents": [float(row[label]) for row, (_, label) in zip(documents, DOCUMENT_SENTENCES, strict=True)],
        "speed_32": speed(folder, 32),
        "speed_1": speed(folder, 1, rounds=25),
    }


def fine_tuned(model: PreTrainedModel, tokenizer, pairs: list[tuple[int, str]], seed: int) -> None:
    """Fine-tune ``model`` on a few labelled sentences: AdamW, 6 epochs of batches of 16, learning rate 3e-4."""
    torch.manual_seed(seed)
    draw = random.Random(seed)
    rows = tokenizer([text for _, text in pairs], truncation=True, max_length=64)["input_ids"]
    labels = torch.tensor([label for label, _ in pairs])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.01, fused=True)
    epochs, size = 6, 16
    steps = epochs * (len(rows) // size)
    model.train()
    step = 0
    for _ in range(epochs):
        order = draw.sample(range(len(rows)), len(rows))
        for start in range(0, len(rows) - size + 1, size):
            batch = order[start : start + size]
            ids, mask = padded([rows[i] for i in batch], tokenizer.pad_token_id)
            for group in optimizer.param_groups:
                group["lr"] = 3e-4 * min((step + 1) / (0.1 * steps), 1 - step / steps)
            loss = torch.nn.functional.cross_entropy(model(input_ids=ids, attention_mask=mask).logits, labels[batch])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            step += 1
    model.eval()


def few_labels(
    folder: Path, sentences: list[tuple[int, str]], unseen: list[tuple[int, str]], seeds: int = 5
) -> list[tuple[float, float]]:
    """(accuracy from the body's weights, from random ones) on the ``unseen`` texts, for each seed.

    Both have the same architecture, the same 400 labelled ``sentences``, the same order and the same settings.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    results = []
    for seed in range(seeds):
        pairs = random.Random(seed).sample(sentences, FEW)
        pair = []
        for pretrained in (True, False):
            torch.manual_seed(seed)
            if pretrained:
                model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)
            else:
                config = AutoConfig.from_pretrained(folder, num_labels=2)
                model = AutoModelForSequenceClassification.from_config(config)
            fine_tuned(model, tokenizer, pairs, seed)
            pair.append(accuracy(model, tokenizer, unseen))
        results.append((pair[0], pair[1]))
        print(
            f"{FEW} labels, seed {seed}: {pair[0]:.3f} from the body, {pair[1]:.3f} from random weights",
            flush=True,
        )
    return results


@torch.inference_mode()
def masked_words(folder: Path, data: Path, texts: list[str], count: int = 200) -> tuple[int, int]:
    """(hits of the model, hits of a bigram model) in their top five for ``count`` masked content words.

    The words stand in development sentences, which no training text shares; the bigram model is counted on
    ``texts``, the texts the checkpoint was trained on, and falls back on the commonest words.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    after: dict[int, Counter] = defaultdict(Counter)
    alone: Counter = Counter()
    for row in tokenizer(texts, truncation=True, max_length=64)["input_ids"]:
        alone.update(row[1:-1])
        for first, second in zip(row, row[1:], strict=False):
            after[first][second] += 1
    commonest = [word for word, _ in alone.most_common(5)]
    places = []
    for _, text in read_labelled(data / "english_sst2_sentences_dev.tsv.xz"):
        row = tokenizer(as_people_write(text), truncation=True, max_length=64)["input_ids"]
        words = tokenizer.convert_ids_to_tokens(row)
        for p in range(1, len(row) - 1):
            whole = not words[p].startswith("##") and not words[p + 1].startswith("##")
            if whole and words[p].isalpha() and len(words[p]) > 3 and words[p] not in COMMON_WORDS:
                places.append((row, p))
    hits = bigram = 0
    for row, p in random.Random(0).sample(places, count):
        hidden = [*row[:p], tokenizer.mask_token_id, *row[p + 1 :]]
        best = model(input_ids=torch.tensor([hidden])).logits[0, p].topk(5).indices.tolist()
        guesses = [word for word, _ in after[row[p - 1]].most_common(5)]
        guesses += [word for word in commonest if word not in guesses]
        hits += row[p] in best
        bigram += row[p] in guesses[:5]
    return hits, bigram


@torch.inference_mode()
def masked_korean_words(
    folder: Path, texts: list[str], unseen: list[str], counts: tuple[int, ...] = (500, 2000)
) -> dict[int, tuple[int, int]]:
    """For each of ``counts``, (hits of the model, hits of a bigram model) in their top five for so many masked words.

    The words are those of ``unseen`` reviews, one at most from a review: a whole word between spaces or punctuation
    that is one token of at least two Hangul syllables. The bigram model is counted on ``texts``, all that the
    checkpoint could be trained on; it offers what followed the word before most often, then the commonest words.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    after: dict[int, Counter] = defaultdict(Counter)
    alone: Counter = Counter()
    for start in range(0, len(texts), 20000):
        for row in tokenizer(texts[start : start + 20000], truncation=True, max_length=64)["input_ids"]:
            alone.update(row[1:-1])
            for first, second in zip(row, row[1:], strict=False):
                after[first][second] += 1
    commonest = [word for word, _ in alone.most_common(5)]
    draw = random.Random(0)
    hits = bigram = tried = 0
    found = {}
    for text in draw.sample(unseen, len(unseen)):
        row = tokenizer(text, truncation=True, max_length=64)["input_ids"]
        words = tokenizer.convert_ids_to_tokens(row)
        places = [
            p
            for p in range(1, len(row) - 1)
            if re.fullmatch("[가-힣]{2,}", words[p]) and not words[p + 1].startswith("##")
        ]
        if not places:
            continue
        p = draw.choice(places)
        hidden = [*row[:p], tokenizer.mask_token_id, *row[p + 1 :]]
        best = model(input_ids=torch.tensor([hidden])).logits[0, p].topk(5).indices.tolist()
        guesses = [word for word, _ in after[row[p - 1]].most_common(5)]
        guesses += [word for word in commonest if word not in guesses]
        hits += row[p] in best
        bigram += row[p] in guesses[:5]
        tried += 1
        if tried in counts:
            found[tried] = hits, bigram
        if tried == max(counts):
            return found
    raise ValueError(f"only {tried} words to mask, not {max(counts)}")


@torch.inference_mode()
def next_sentences(folder: Path, pairs: list[tuple[str, str, int]]) -> float:
    """Share of sentence pairs for which the next-sentence head is right."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BertForPreTraining.from_pretrained(folder).eval()
    right = 0
    for first, second, label in pairs:
        logits = model(**tokenizer(first, second, truncation=True, return_tensors="pt")).seq_relationship_logits
        right += int(logits.argmax()) == label
    return right / len(pairs)


def minutes_of(log: Path) -> float:
    """Minutes of training a log tells of, all its runs together."""
    rows = [json.loads(line) for line in log.read_text(encoding="utf8").splitlines()]
    return sum(max(row["minutes"] for row in rows if row["run"] == run) for run in {row["run"] for row in rows})


def options_of(log: Path) -> str:
    """The options beside ``--data`` that the training of a log was run with, as text for a command line."""
    rows = [json.loads(line) for line in log.read_text(encoding="utf8").splitlines()]
    processes = max(row.get("processes", 1) for row in rows)
    return f" --processes {processes}" if processes > 1 else ""
