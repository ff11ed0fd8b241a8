"""Make pocket-bert-uncased: a small BERT body with pooler, masked-language-model and next-sentence heads.

The body starts as all-MiniLM-L6-v2 pressed into fewer and narrower layers, and is then trained to give that model's
hidden states and sentence vectors, to fill in masked words and to tell whether one sentence follows another. It sees
no label and no sentiment model.

It is stored as BertForPreTraining, the layout of the original: body, pooler and both heads. That class loads it with
no missing and no unexpected keys; BertModel, BertForMaskedLM and others find all they share with it and leave the rest.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path

import measuring
import torch
import torch.distributed as dist
from measuring import minutes_of, options_of
from safetensors.torch import load_file, save_file
from shipping import ship
from torch import nn
from training import (
    POCKET,
    Run,
    arguments,
    batches_by_length,
    in_processes,
    minilm_folder,
    padded,
    place,
    set_dropout,
)
from training_corpora import as_people_write, labelled_splits, neighbours, read_labelled, unlabelled_texts
from transformers import AutoTokenizer, BertConfig, BertForPreTraining, BertModel
from transformers.utils import logging

NAME = "pocket-bert-uncased"
EPOCHS = 6
#: The layer of MiniLM (1 to 6) that each layer of the body starts from and learns to reproduce.
LAYERS = (1, 3, 4, 6)
MASK = 103
#: Tokens of a text that are read.
LONGEST = 64
#: The last pairs of neighbouring sentences are kept for measuring.
HELD_OUT_PAIRS = 400


def config() -> BertConfig:
    """The shape of the body: 4 layers of 288 with 12 heads of 24."""
    return BertConfig(
        vocab_size=30522,
        hidden_size=288,
        num_hidden_layers=4,
        num_attention_heads=12,
        intermediate_size=1024,
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.1,
    )


def training_texts(data: Path) -> list[str]:
    """Texts without labels: sentences in both forms, a part of the phrases, film, product and Wikipedia sentences."""
    draw = random.Random(0)
    phrases, _ = labelled_splits(data)
    reviews, wiki = unlabelled_texts(data)
    texts = []
    for _, text in phrases:
        if len(text.split()) >= 15:
            texts += [text, as_people_write(text)] if draw.random() < 0.3 else [as_people_write(text)]
        elif draw.random() < 0.2:
            texts.append(as_people_write(text))
    texts += [as_people_write(text) if draw.random() < 0.75 else text for text in reviews]
    texts += [as_people_write(text) for text in wiki]
    return list(dict.fromkeys(texts))


@torch.no_grad()
def pressed(teacher: BertModel, student: BertModel, sample: list[list[int]]) -> torch.Tensor:
    """Start ``student`` from ``teacher``; returns the basis (384, 288) that takes its space to the student's.

    All hidden states are written in the 288 directions in which they vary most (turned at random, so that every
    coordinate carries about the same). In each head the products that count, query with key and value with output,
    keep their largest singular values; of the intermediate layer the units that weigh most are kept.
    """
    width, heads = student.config.hidden_size, student.config.num_attention_heads
    narrow = width // heads
    wide = teacher.config.hidden_size // heads
    outputs: dict[nn.Module, list[torch.Tensor]] = {}
    inner: dict[nn.Module, list[torch.Tensor]] = {}

    def keep(where: dict, module: nn.Module):
        where[module] = []
        return module.register_forward_hook(lambda m, _, out: where[m].append(out.reshape(-1, out.shape[-1])))

    hooks = [keep(outputs, teacher.embeddings.LayerNorm)]
    for layer in teacher.encoder.layer:
        hooks += [keep(outputs, layer.attention.output.LayerNorm), keep(outputs, layer.output.LayerNorm)]
        hooks.append(keep(inner, layer.intermediate))
    for row in sample:
        teacher(input_ids=torch.tensor([row]))
    for hook in hooks:
        hook.remove()
    states = {module: torch.cat(parts) for module, parts in outputs.items()}

    words = teacher.embeddings.word_embeddings.weight
    covariance = torch.zeros(words.shape[1], words.shape[1], dtype=torch.float64)
    for values in [words, *states.values()]:
        moment = (values.T @ values).double()
        covariance += moment / moment.trace()
    directions = torch.linalg.eigh(covariance).eigenvectors[:, -width:].float()
    turn = torch.linalg.qr(torch.randn(width, width, generator=torch.Generator().manual_seed(0)))[0]
    basis = directions @ turn

    def norm(new: nn.LayerNorm, old: nn.LayerNorm) -> None:
        values = states[old] @ basis
        new.weight.copy_(values.std(0))
        new.bias.copy_(values.mean(0))

    for part in ("word_embeddings", "position_embeddings", "token_type_embeddings"):
        getattr(student.embeddings, part).weight.copy_(getattr(teacher.embeddings, part).weight @ basis)
    norm(student.embeddings.LayerNorm, teacher.embeddings.LayerNorm)
    for new, number in zip(student.encoder.layer, LAYERS, strict=True):
        old = teacher.encoder.layer[number - 1]
        a, b = old.attention.self, new.attention.self
        ratio = (narrow / wide) ** 0.5
        for h in range(heads):
            o, n = slice(h * wide, (h + 1) * wide), slice(h * narrow, (h + 1) * narrow)
            query = torch.cat([a.query.weight[o] @ basis, a.query.bias[o, None]], 1)
            key = torch.cat([a.key.weight[o] @ basis, a.key.bias[o, None]], 1)
            u, s, v = torch.linalg.svd(query.T @ key * ratio)
            root = s[:narrow].sqrt()
            left, right = (u[:, :narrow] * root).T, v[:narrow] * root[:, None]
            b.query.weight[n], b.query.bias[n] = left[:, :width], left[:, width]
            b.key.weight[n], b.key.bias[n] = right[:, :width], right[:, width]
            value = torch.cat([a.value.weight[o] @ basis, a.value.bias[o, None]], 1)
            u, s, v = torch.linalg.svd(basis.T @ old.attention.output.dense.weight[:, o] @ value)
            root = s[:narrow].sqrt()
            right = v[:narrow] * root[:, None]
            b.value.weight[n], b.value.bias[n] = right[:, :width], right[:, width]
            new.attention.output.dense.weight[:, n] = u[:, :narrow] * root
        new.attention.output.dense.bias.copy_(old.attention.output.dense.bias @ basis)
        norm(new.attention.output.LayerNorm, old.attention.output.LayerNorm)
        weigh = torch.cat(inner[old.intermediate]).std(0) * old.output.dense.weight.norm(dim=0)
        units = weigh.topk(student.config.intermediate_size).indices
        new.intermediate.dense.weight.copy_(old.intermediate.dense.weight[units] @ basis)
        new.intermediate.dense.bias.copy_(old.intermediate.dense.bias[units])
        new.output.dense.weight.copy_(basis.T @ old.output.dense.weight[:, units])
        new.output.dense.bias.copy_(old.output.dense.bias @ basis)
        norm(new.output.LayerNorm, old.output.LayerNorm)
    return basis


@torch.inference_mode()
def targets(teacher: BertModel, rows: list[list[int]], basis: torch.Tensor, path: Path) -> dict[str, torch.Tensor]:
    """MiniLM's hidden states in the student's basis (tokens, 4, 288), and sentence vectors (texts, 384); float16."""
    if path.exists():
        return load_file(path)
    starts = torch.tensor([0, *map(len, rows)]).cumsum(0)
    states = torch.empty(int(starts[-1]), len(LAYERS), basis.shape[1], dtype=torch.float16)
    sentences = torch.empty(len(rows), basis.shape[0], dtype=torch.float16)
    batches = batches_by_length([len(row) for row in rows], 6144, seed=0)
    for done, batch in enumerate(batches):
        ids, mask = padded([rows[i] for i in batch])
        hidden = teacher(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        kept = torch.stack([hidden[n] @ basis for n in LAYERS], 2).half()
        mean = (hidden[-1] * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        sentences[batch] = nn.functional.normalize(mean, dim=-1).half()
        for row, i in enumerate(batch):
            states[starts[i] : starts[i + 1]] = kept[row, : len(rows[i])]
        if done % 50 == 0:
            print(f"hidden states of MiniLM: batch {done} of {len(batches)}", flush=True)
    found = {"states": states, "sentences": sentences, "starts": starts}
    save_file(found, path)
    return found


class Body(nn.Module):
    """The model that is trained: body with pooler, its two heads, and the maps of the distillation."""

    def __init__(self) -> None:
        super().__init__()
        self.model = BertForPreTraining(config())
        width = config().hidden_size
        self.maps = nn.ModuleList(nn.Linear(width, width) for _ in LAYERS)
        for one in self.maps:
            nn.init.eye_(one.weight)
            nn.init.zeros_(one.bias)
        self.sentence = nn.Linear(width, 384)


def masked(
    rows: list[list[int]], draw: random.Random, rows_share: float, ids_share: float
) -> tuple[list[list[int]], list[tuple[int, int, int]]]:
    """A share of the rows with a share of their ids masked, and (row, position, id) of what was masked.

    As BERT does it: of the chosen ids 80 % become [MASK], 10 % any id, 10 % stay.
    """
    corrupted, chosen = [], []
    for r, row in enumerate(rows):
        row = list(row)
        if draw.random() < rows_share and len(row) > 5:
            for p in range(1, len(row) - 1):
                if draw.random() < ids_share:
                    chosen.append((r, p, row[p]))
                    kind = draw.random()
                    row[p] = MASK if kind < 0.8 else draw.randrange(1000, 30522) if kind < 0.9 else row[p]
        corrupted.append(row)
    return corrupted, chosen


def drawn_pairs(pairs: list[tuple[str, str]], draw: random.Random, size: int) -> list[tuple[str, str, int]]:
    """``size`` sentence pairs (first, second, label); label 0: the second follows the first, 1: it is a random one."""
    drawn = []
    for first, second in draw.sample(pairs, size):
        label = draw.randrange(2)
        drawn.append((first, draw.choice(pairs)[1] if label else second, label))
    return drawn


def next_sentence_loss(
    model: BertForPreTraining, tokenizer, pairs: list, draw: random.Random, size: int
) -> torch.Tensor:
    """Cross-entropy of the next-sentence head on ``size`` pairs drawn by ``draw``."""
    drawn = drawn_pairs(pairs, draw, size)
    inputs = tokenizer(
        [first for first, _, _ in drawn],
        [second for _, second, _ in drawn],
        truncation=True,
        max_length=96,
        padding=True,
        return_tensors="pt",
    )
    logits = model.cls.seq_relationship(model.bert(**inputs).pooler_output)
    return nn.functional.cross_entropy(logits, torch.tensor([label for _, _, label in drawn]))


def train(given: argparse.Namespace) -> None:
    """Train (or resume) the body and write it to the work folder; in every process of a joint run."""
    logging.set_verbosity_error()
    data, work = given.data, given.work
    rank, processes = place()
    folder = minilm_folder(given.minilm)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    teacher = BertModel.from_pretrained(folder).eval()
    texts = training_texts(data)
    rows = tokenizer(texts, truncation=True, max_length=LONGEST)["input_ids"]
    torch.manual_seed(0)
    body = Body()
    sample = random.Random(0).sample(rows, 1200)
    basis = pressed(teacher, body.model.bert, sample)
    (work / NAME).mkdir(parents=True, exist_ok=True)
    path = work / NAME / "targets.safetensors"
    if rank == 0:
        found = targets(teacher, rows, basis, path)
    if processes > 1:
        dist.barrier()
    if rank:
        found = targets(teacher, rows, basis, path)
    del teacher
    states, sentences, starts = found["states"], found["sentences"], found["starts"].tolist()
    part = states[:: max(1, len(states) // 20000)].float()
    scale = part.var(0).mean(-1)
    lengths = [len(row) for row in rows]

    def batches(epoch: int) -> list[list[int]]:
        return batches_by_length(lengths, tokens=3072, seed=epoch)

    pairs = neighbours(data)[:-HELD_OUT_PAIRS]
    run = Run(NAME, body, batches, work=work, epochs=EPOCHS, rate=6e-4, average=0.998)
    run.log(texts=len(texts), tokens=sum(lengths), pairs=len(pairs), processes=processes)
    set_dropout(body, 0.05)
    body.train()
    sums = {"hidden": 0.0, "last": 0.0, "sentence": 0.0, "word": 0.0, "next": 0.0}
    for _, batch in run.steps():
        # hidden states first; in the last third of the run the masked words are more and count more
        late = run.step > 0.63 * run.total
        rows_share, ids_share, weight = (0.75, 0.2, 0.5) if late else (0.5, 0.15, 0.2)
        draw = random.Random(run.step + run.rank)
        corrupted, chosen = masked([rows[i] for i in batch], draw, rows_share, ids_share)
        ids, mask = padded(corrupted)
        out = body.model.bert(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        real = mask.bool()
        target = torch.cat([states[starts[i] : starts[i + 1]] for i in batch]).float()
        apart = []
        for n, one in enumerate(body.maps):
            guess = one(out.hidden_states[n + 1][real])
            apart.append(((guess - target[:, n]) ** 2).mean() / scale[n])
        pooled = body.sentence(out.pooler_output)
        sentence = 1 - nn.functional.cosine_similarity(pooled, sentences[batch].float()).mean()
        if chosen:
            where = torch.tensor(chosen)
            at = out.last_hidden_state[where[:, 0], where[:, 1]]
            word = nn.functional.cross_entropy(body.model.cls.predictions(at), where[:, 2])
        else:
            word = torch.zeros(())
        follows = torch.zeros(())
        if run.step % 5 < processes:
            follows = next_sentence_loss(body.model, tokenizer, pairs, random.Random(-1 - run.step - run.rank), size=32)
        loss = sum(apart) + apart[-1] + 2 * sentence + weight * word + 0.5 * follows
        run.update(loss)
        parts = {
            "hidden": sum(apart) / 4,
            "last": apart[-1],
            "sentence": sentence,
            "word": word,
            "next": 5 * follows / processes,
        }
        for key, value in parts.items():
            sums[key] += value.item() * processes
        if run.step % 50 < processes:
            run.log(**{key: round(value / 50, 4) for key, value in sums.items()})
            sums = dict.fromkeys(sums, 0.0)
    if rank:
        return
    run.use_averaged()
    body.model.save_pretrained(work / NAME / "final")


def card(figures: dict, log: Path) -> str:
    """The model card, with the figures that were measured."""
    few = figures["few"]
    pretrained = sum(one for one, _ in few) / len(few) * 100
    plain = sum(one for _, one in few) / len(few) * 100
    each = "; ".join(f"{100 * one:.1f} and {100 * other:.1f}" for one, other in few)
    hits, bigram = figures["words"]
    fast, slow, ratio = figures["speed_32"]
    one, one_slow, one_ratio = figures["speed_1"]
    return f"""---
language: en
license: other
license_name: see-data-and-licences
library_name: transformers
pipeline_tag: fill-mask
base_model: sentence-transformers/all-MiniLM-L6-v2
tags:
- bert
- fill-mask
- distillation
- course
datasets:
- stanfordnlp/sst2
- cornell-movie-review-data/rotten_tomatoes
- Salesforce/wikitext
---

# {NAME}

## What it is

A small BERT: {config().num_hidden_layers} layers of {config().hidden_size} with {config().num_attention_heads} heads, \
intermediate size {config().intermediate_size}, the 30,522-entry uncased vocabulary,
body with pooler, masked-language-model head and next-sentence head. In this course it stands in for
google-bert/bert-base-uncased, and where a study document takes google-bert/bert-base-cased as well (it is uncased then
too). It is a small stand-in and not the original: its layers hold a twenty-third of the weights of the original's, and
far less knowledge.

It is stored in the original's layout, `BertForPreTraining`, which loads it with no missing and no unexpected keys. A
class that needs less of it (`BertModel`, `BertForMaskedLM`) reports the rest as unexpected, as it does with the
original; no class of the body or the two heads misses anything. Weights are float16 on disk and float32 once loaded.

## Data and licences

- Start and teacher: all-MiniLM-L6-v2 (Apache-2.0). Its layers {LAYERS} were pressed into these; the
  body learned its hidden states and, through the pooler, its sentence vectors.
- Texts, without any label: SST-2 training sentences (Stanford Sentiment Treebank, research use), film sentences of
  Pang & Lee and product reviews of Hu & Liu (research use), WikiText-2 (CC BY-SA). Unlabelled texts that share five
  words in a row with the SST-2 development sentences were left out.
- It has seen no sentiment label and nothing of a sentiment model, so pretrained and random weights can be compared
  honestly.

## Scores

Measured as shipped by `python recipes/pocket_bert_uncased.py --data DIR --measure-only`.

| what | this model | compared with |
|---|---|---|
| fine-tuned on 400 labelled sentences, 872 SST-2 development sentences, mean of {len(few)} seeds | \
{pretrained:.1f} % | {plain:.1f} % from random weights, same architecture |
| 200 masked content words of unseen film sentences, word in the top five | {hits} | \
{bigram} for a bigram model of the same text |
| next sentence or random one, {figures["pairs"]} pairs kept out of training | \
{100 * figures["next"]:.1f} % | 50 % by chance |
| sentences a second, 32 x 24 tokens, one CPU thread | {fast:.0f} | {slow:.0f} for DistilBERT's shape \
({ratio:.1f} times, in turn) |
| sentences a second, 1 x 24 tokens, one CPU thread | {one:.0f} | {one_slow:.0f} for DistilBERT's shape \
({one_ratio:.1f} times) |

Seed by seed, from the body and from random weights (%):
{each}.

How much the masked words count in the last third of the training was set after an early look at such sentences
(19 hits against 12 for the bigram model), so that one figure partly steered a setting. No other figure did.

## Limits

English, lower case only. Its words are those of film reviews, product reviews and some Wikipedia; asked to fill a gap
it prefers what reviewers write. It was trained on at most {LONGEST} tokens at a time: up to 512 run, but positions
beyond are hardly trained. Its next-sentence answers are weak. It has the biases of its texts and of its teacher.

## Training

`python recipes/pocket_bert_uncased.py --data DIR{options_of(log)}`: {EPOCHS} epochs,
{minutes_of(log):.0f} minutes of training on a 2-core CPU after about 8 minutes for the teacher's hidden
states. The log is training_log.jsonl beside this card.
""".replace("\\\n", "")


def measure(given: argparse.Namespace) -> None:
    """Measure the shipped checkpoint and write its model card."""
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    folder = POCKET / NAME
    held_out = drawn_pairs(neighbours(given.data)[-HELD_OUT_PAIRS:], random.Random(0), HELD_OUT_PAIRS)
    figures = {
        "speed_32": measuring.speed(folder, 32),
        "speed_1": measuring.speed(folder, 1, rounds=25),
        "words": measuring.masked_words(folder, given.data, training_texts(given.data)),
        "next": measuring.next_sentences(folder, held_out),
        "pairs": len(held_out),
        "few": measuring.few_labels(
            folder,
            read_labelled(given.data / "english_sst2_sentences_train.tsv.xz"),
            read_labelled(given.data / "english_sst2_sentences_dev.tsv.xz"),
        ),
    }
    print(json.dumps(figures, indent=1))
    log = folder / "training_log.jsonl"
    (folder / "README.md").write_text(card(figures, log), encoding="utf8")


def main() -> None:
    given = arguments(__doc__).parse_args()
    folder = POCKET / NAME
    if not given.measure_only:
        in_processes(train, given)
        model = BertForPreTraining.from_pretrained(given.work / NAME / "final")
        ship(model, minilm_folder(given.minilm), folder)
        shutil.copyfile(given.work / NAME / "log.jsonl", folder / "training_log.jsonl")
    measure(given)


if __name__ == "__main__":
    main()
