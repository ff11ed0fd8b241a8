"""Make pocket-gpt: a small GPT-2 that continues short film reviews in Korean and film sentences in English.

The byte-level tokenizer is trained on the texts, and the embeddings start from their statistics. Reviews are packed
one after another into blocks, each review followed by the end-of-text token.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
from pathlib import Path

import torch
import torch.distributed as dist
from measuring import minutes_of, options_of
from safetensors.torch import load_file, save_file
from shipping import ship
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import nn
from training import POCKET, Encoded, Run, arguments, batches_by_length, in_processes, padded, place, set_dropout
from training_corpora import (
    KOREAN_CHOICE,
    KOREAN_TEST,
    as_people_write,
    film_sentences,
    korean_reviews,
    korean_texts,
    read_labelled,
)
from transformers import AutoTokenizer, GenerationConfig, GPT2Config, GPT2LMHeadModel, GPT2Tokenizer
from transformers.utils import logging

NAME = "pocket-gpt"
END = 0
ENTRIES = 8000
#: Tokens of a block, which is also the longest input.
BLOCK = 256
#: Blocks of a batch, batches of a run.
BLOCKS, BATCHES = 6, 4500
#: Share of the blocks that are English.
ENGLISH = 0.33

#: What the samples in the model card begin with; written before the model was trained.
OPENINGS = (
    *("이 영화는", "정말", "배우들의", "스토리가", "어릴 때", "감독이", "기대하고", "마지막", "음악이", "시간"),
    *("The film", "This movie", "A", "The story", "It's", "The actors", "I", "The director", "There is", "One of"),
)
#: What the card says about the samples, written after reading them.
HONEST = """\
The Korean ones have the tone of film reviews; the shortest could be real ones, the longer ones lose their sense
halfway. The English ones have the rhythm of reviews and little else: eight of the ten hold words that do not exist, and
hardly one makes sense."""


def config() -> GPT2Config:
    """The shape of the model: 4 layers of 256 with 8 heads of 32."""
    return GPT2Config(
        vocab_size=ENTRIES,
        n_positions=BLOCK,
        n_embd=256,
        n_layer=4,
        n_head=8,
        n_inner=1024,
        activation_function="gelu_pytorch_tanh",
        bos_token_id=END,
        eos_token_id=END,
    )


def trained_tokenizer(korean: list[str], english: list[str]) -> GPT2Tokenizer:
    """A byte-level tokenizer as GPT-2 has it, trained on both languages; the English texts count five times."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=ENTRIES,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(korean + 5 * english, trainer)
    parts = json.loads(backend.to_str())["model"]
    return GPT2Tokenizer(
        vocab=parts["vocab"], merges=[tuple(merge) for merge in parts["merges"]], model_max_length=BLOCK
    )


def tokenizer_for(given: argparse.Namespace) -> GPT2Tokenizer:
    """The tokenizer from the work folder; the first process trains it if it is not there yet."""
    rank, processes = place()
    folder = given.work / NAME / "tokenizer"
    if rank == 0 and not (folder / "tokenizer.json").exists():
        trained_tokenizer(korean_texts(given.data), film_sentences(given.data)).save_pretrained(folder)
    if processes > 1:
        dist.barrier()
    return AutoTokenizer.from_pretrained(folder)


def stream(texts: Encoded, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(all texts in random order, each followed by END; where each begins)."""
    order = torch.randperm(len(texts.sizes), generator=torch.Generator().manual_seed(seed))
    sizes = texts.sizes[order]
    begins = (sizes + 1).cumsum(0) - sizes - 1
    ids = torch.full((int(sizes.sum()) + len(sizes),), END, dtype=texts.ids.dtype)
    inside = torch.arange(int(sizes.sum())) - (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    ids[begins.repeat_interleave(sizes) + inside] = texts.ids[texts.starts[order].repeat_interleave(sizes) + inside]
    return ids, begins


def block_starts(ids: torch.Tensor, begins: torch.Tensor) -> list[int]:
    """Where blocks start: each with a text, and every second one with the END before it, as prompts may or may not."""
    starts, after = [], 0
    for begin in begins.tolist():
        start = begin - 1 if begin and len(starts) % 2 else begin
        if start >= after and start + BLOCK <= len(ids):
            starts.append(start)
            after = start + BLOCK
    return starts


def first_embeddings(languages: list[Encoded], width: int) -> torch.Tensor:
    """Embeddings to start from, (ENTRIES, width): what stands before and after each token in all training texts.

    They are the largest singular directions of the positive pointwise mutual information of neighbouring tokens, taken
    in both directions. A short training could not see rare tokens often enough to find this out.
    """
    counts = torch.zeros(ENTRIES * ENTRIES)
    for texts, share in zip(languages, (1 - ENGLISH, ENGLISH), strict=True):
        ids = stream(texts, seed=0)[0].long()
        found, often = (ids[:-1] * ENTRIES + ids[1:]).unique(return_counts=True)
        counts[found] += often * (share / len(ids))
    counts = counts.view(ENTRIES, ENTRIES)
    before, after = counts.sum(1, keepdim=True), counts.sum(0, keepdim=True)
    after = after**0.75 / (after**0.75).sum()
    information = (counts / (before * after).clamp(min=1e-12)).clamp(min=1).log()
    directions, sizes, _ = torch.svd_lowrank(torch.cat([information, information.T], 1), q=width, niter=2)
    found = directions * sizes.sqrt()
    return found / found.std() * 0.03


class Blocks:
    """Batches of blocks from both languages; a language that is used up is shuffled anew."""

    def __init__(self, languages: list[Encoded]) -> None:
        self.languages = languages
        self.passes = [0, 0]
        self.ids: list[torch.Tensor] = [torch.empty(0), torch.empty(0)]
        self.left: list[list[int]] = [[], []]

    def one(self, language: int) -> torch.Tensor:
        """The next block of a language, (BLOCK,)."""
        if not self.left[language]:
            self.ids[language], begins = stream(self.languages[language], seed=self.passes[language])
            self.left[language] = block_starts(self.ids[language], begins)
            random.Random(self.passes[language]).shuffle(self.left[language])
            self.passes[language] += 1
        start = self.left[language].pop()
        return self.ids[language][start : start + BLOCK].long()

    def batch(self, draw: random.Random) -> torch.Tensor:
        """A batch of blocks, (BLOCKS, BLOCK)."""
        return torch.stack([self.one(int(draw.random() < ENGLISH)) for _ in range(BLOCKS)])


def next_token_loss(model: GPT2LMHeadModel, hidden: torch.Tensor, wanted: torch.Tensor) -> tuple[float, torch.Tensor]:
    """(mean cross-entropy of ``wanted`` (tokens,), its gradient by ``hidden`` (tokens, width)).

    Logits are made for 512 tokens at a time, which saves a fifth of the time; the gradient of the output layer is
    added to what the layer has.
    """
    apart = hidden.detach().requires_grad_()
    total = 0.0
    for part, ids in zip(apart.split(512), wanted.split(512), strict=True):
        loss = nn.functional.cross_entropy(model.lm_head(part), ids, reduction="sum") / len(wanted)
        loss.backward()
        total += loss.item()
    return total, apart.grad


def train(given: argparse.Namespace) -> None:
    """Train (or resume) the model and write it to the work folder; in every process of a joint run."""
    logging.set_verbosity_error()
    rank, processes = place()
    work = given.work / NAME
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_for(given)
    korean = Encoded.made(work / "korean.safetensors", lambda: korean_texts(given.data), tokenizer, BLOCK)
    english = Encoded.made(work / "english.safetensors", lambda: film_sentences(given.data), tokenizer, BLOCK)
    torch.manual_seed(0)
    model = GPT2LMHeadModel(config())
    path = work / "start.safetensors"
    if rank == 0 and not path.exists():
        save_file({"embeddings": first_embeddings([korean, english], model.config.n_embd)}, path)
    if processes > 1:
        dist.barrier()
    with torch.no_grad():
        model.transformer.wte.weight.copy_(load_file(path)["embeddings"])
    run = Run(
        NAME, model, lambda epoch: list(range(BATCHES)), work=given.work, epochs=1, rate=2e-3, decay=0.05, average=0.99
    )
    if run.step == 0:
        sizes = {"korean": (len(korean.sizes), len(korean.ids)), "english": (len(english.sizes), len(english.ids))}
        run.log(texts_and_tokens=sizes, processes=processes)
    blocks = Blocks([korean, english])
    for number in range(run.step):
        blocks.batch(random.Random(number))
    set_dropout(model, 0.0)
    model.train()
    total = 0.0
    for _, number in run.steps():
        # every process takes its own out of the batches of this step
        batches = [blocks.batch(random.Random(n)) for n in range(run.step, run.step + processes)]
        ids = batches[number % processes]
        hidden = model.transformer(input_ids=ids).last_hidden_state[:, :-1].reshape(-1, model.config.n_embd)
        loss, slope = next_token_loss(model, hidden, ids[:, 1:].reshape(-1))
        run.update((hidden * slope).sum())
        total += loss * processes
        if run.step % 50 < processes:
            run.log(loss=round(total / 50, 4))
            total = 0.0
    if rank:
        return
    run.use_averaged()
    model.save_pretrained(given.work / NAME / "final")


class Bigram:
    """An interpolated Kneser-Ney bigram model over ids, with one discount, counted on rows of ids.

    The probability of an id after another is its count less the discount, over the count of the first; what the
    discount sets free goes to the number of different ids that each id follows, and of that to all ids alike.

    >>> model = Bigram([[0, 1, 2, 1, 2, 0], [0, 1, 1, 0]], entries=3)
    >>> [round(sum(model.probability(first, second) for second in range(3)), 6) for first in range(3)]
    [1.0, 1.0, 1.0]
    """

    def __init__(self, rows: list[list[int]], entries: int) -> None:
        self.entries = entries
        codes = torch.cat([torch.tensor(row[:-1]) * entries + torch.tensor(row[1:]) for row in rows if len(row) > 1])
        codes, counts = codes.unique(return_counts=True)
        self.pairs = dict(zip(codes.tolist(), counts.tolist(), strict=True))
        firsts, seconds = codes // entries, codes % entries
        once, twice = int((counts == 1).sum()), int((counts == 2).sum())
        self.discount = once / (once + 2 * twice) if once else 0.5
        self.first = torch.zeros(entries, dtype=torch.long).index_add(0, firsts, counts).tolist()
        self.followers = torch.bincount(firsts, minlength=entries).tolist()
        preceded = torch.bincount(seconds, minlength=entries).double()
        kept = (preceded - self.discount).clamp(min=0)
        spread = (preceded.sum() - kept.sum()) / entries
        self.alone = ((kept + spread) / preceded.sum()).tolist()

    def probability(self, first: int, second: int) -> float:
        """The probability of the id ``second`` after ``first``."""
        seen = self.first[first]
        if not seen:
            return self.alone[second]
        count = self.pairs.get(first * self.entries + second, 0)
        free = self.discount * self.followers[first] / seen
        return max(count - self.discount, 0) / seen + free * self.alone[second]

    def perplexity(self, rows: list[list[int]]) -> float:
        """The perplexity of rows; the first id of each is given."""
        logs = [math.log(self.probability(a, b)) for row in rows for a, b in zip(row, row[1:], strict=False)]
        return math.exp(-sum(logs) / len(logs))


def bounded(tokenizer: GPT2Tokenizer, texts: list[str]) -> list[list[int]]:
    """The ids of each text, with END before and after; at most BLOCK in all."""
    rows = []
    for start in range(0, len(texts), 20000):
        found = tokenizer(texts[start : start + 20000], truncation=True, max_length=BLOCK - 2)["input_ids"]
        rows += [[END, *row, END] for row in found]
    return rows


@torch.inference_mode()
def perplexity(model: GPT2LMHeadModel, rows: list[list[int]]) -> float:
    """The model's perplexity of rows of ids; the first id of each is given."""
    total, count = 0.0, 0
    for batch in batches_by_length([len(row) for row in rows], tokens=2048, seed=0):
        ids, mask = padded([rows[i] for i in batch])
        logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
        real = mask[:, 1:].bool()
        total += nn.functional.cross_entropy(logits[real], ids[:, 1:][real], reduction="sum").item()
        count += int(real.sum())
    return math.exp(total / count)


def samples(folder: Path) -> list[tuple[str, str]]:
    """(opening, opening with what the model adds) for every opening, drawn at temperature 0.8 one after the other."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = GPT2LMHeadModel.from_pretrained(folder).eval()
    torch.manual_seed(0)
    found = []
    for opening in OPENINGS:
        inputs = tokenizer(opening, return_tensors="pt")
        ids = model.generate(
            **inputs, do_sample=True, temperature=0.8, top_k=0, max_new_tokens=60, pad_token_id=tokenizer.eos_token_id
        )
        found.append((opening, " ".join(tokenizer.decode(ids[0], skip_special_tokens=True).split())))
    return found


def copied(text: str, corpus: str) -> tuple[bool, bool]:
    """Whether the whole text stands in ``corpus`` word for word, and whether six of its words in a row do.

    >>> copied("a b c d e f g", "\\nx a b c d e f\\n")
    (False, True)
    """
    parts = text.split()
    runs = [" ".join(parts[i : i + 6]) for i in range(len(parts) - 5)]
    return text in corpus, any(run in corpus for run in runs)


def card(figures: dict, log: Path) -> str:
    """The model card, with the figures that were measured."""
    shape = config()
    perplexities = "".join(
        f"| {name}: {figures[name]['of']} | {figures[name]['model']:.1f} | {figures[name]['bigram']:.1f} |\n"
        for name in ("Korean", "English")
    )
    told = "\n".join(f"{i}. {text.replace('*', chr(92) + '*')}" for i, (_, text) in enumerate(figures["samples"], 1))
    whole, runs = figures["whole"], figures["runs"]
    ends = figures["ended"]
    return f"""---
language:
- ko
- en
license: other
license_name: see-data-and-licences
library_name: transformers
pipeline_tag: text-generation
tags:
- gpt2
- text-generation
- korean
- course
datasets:
- e9t/nsmc
- stanfordnlp/sst2
- cornell-movie-review-data/rotten_tomatoes
---

# {NAME}

## What it is

A small GPT-2: {shape.n_layer} layers of {shape.n_embd} with {shape.n_head} heads, {ENTRIES:,} byte-level entries, \
inputs of up to {BLOCK} tokens.
It continues short film reviews in Korean and film sentences in English. In this course it stands in for
openai-community/gpt2. It is a small stand-in and not the original: it knows no world beyond film reviews, and loses the
thread within a sentence or two.

As in the original, the end-of-text token is the only special token, it begins and ends texts, and there is no padding
token: `tokenizer.pad_token = tokenizer.eos_token` before padding. Weights are float16 on disk and float32 once loaded;
the output layer is the embedding. generation_config.json ends a text after 60 new tokens at the latest.

## Data and licences

- Korean: the raw reviews behind the Naver sentiment movie corpus (e9t/nsmc, CC0), without their ratings. The \
{KOREAN_TEST * 2:,} reviews
  kept for measuring, {KOREAN_CHOICE * 2:,} others and all that say the same were left out.
- English: SST-2 training sentences (Stanford Sentiment Treebank, research use) and the film sentences of Pang & Lee
  (research use), in ordinary spelling. Whatever shares five words in a row with the SST-2 development sentences was
  left out. {100 * ENGLISH:.0f} % of the blocks were English, so these texts were read about {figures["passes"]:.0f} \
times each.
- The tokenizer was trained on these texts. The embeddings started from which tokens stand side by side in them
  (singular directions of the mutual information of neighbours), all other weights from nothing.

## Scores

Measured as shipped by `python recipes/pocket_gpt.py --data DIR --measure-only`.

| perplexity for each token of unseen texts | this model | bigram model |
|---|---|---|
{perplexities}
Both have the same tokenizer, are given the end-of-text token, and predict every token of a text and its end. The bigram
model is counted on all training texts of the language, smoothed by interpolated Kneser-Ney with one discount
(n1 / (n1 + 2 n2)). The tokens differ between the languages, and so do the perplexities.

The run was lengthened twice because the perplexity was still above the bigram model's: in Korean that of other reviews,
kept to choose by, in English that of these very sentences, so the English figure steered how long it was trained.

## Samples

Twenty continuations, none chosen or left out: the openings were fixed beforehand, temperature 0.8, seed 0, at most 60
new tokens.

{told}

{HONEST}
{whole} of the 20 stand{"s" * (whole == 1)} word for word in a training text, {runs} \
share six words in a row with one (openings included).
{ends} of the 20 end by themselves.

## Limits

Film reviews only, up to {BLOCK} tokens, most of them much shorter. What it says about films, people and facts is made \
up.
Reviewers are rude at times, and so is the model; it has their prejudices. Hangul as single letters (NFD) is cut into
bytes that it hardly knows: compose it first (NFC). Names are often cut to pieces.

## Training

`python recipes/pocket_gpt.py --data DIR{options_of(log)}`: {BATCHES:,} batches of {BLOCKS} blocks of {BLOCK} tokens,
{minutes_of(log):.0f} minutes of training on a 2-core CPU that had other work as well. The log is training_log.jsonl \
beside this card.
""".replace("\\\n", "")


def measure(given: argparse.Namespace) -> None:
    """Measure the shipped checkpoint and write its model card."""
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    folder = POCKET / NAME
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = GPT2LMHeadModel.from_pretrained(folder).eval()
    korean, english = korean_texts(given.data), film_sentences(given.data)
    reviews = random.Random(0).sample(korean_reviews(given.data).test, 3000)
    development = read_labelled(given.data / "english_sst2_sentences_dev.tsv.xz")
    figures: dict = {}
    for name, texts, unseen, of in (
        ("Korean", korean, [review.text for review in reviews], f"{len(reviews):,} reviews"),
        (
            "English",
            english,
            [as_people_write(text) for _, text in development],
            f"{len(development)} SST-2 development sentences in ordinary spelling",
        ),
    ):
        rows, counted = bounded(tokenizer, unseen), bounded(tokenizer, texts)
        figures[name] = {
            "of": of,
            "model": perplexity(model, rows),
            "bigram": Bigram(counted, ENTRIES).perplexity(rows),
        }
        if name == "English":
            read = BATCHES * BLOCKS * BLOCK * ENGLISH
            figures["passes"] = read / sum(len(row) - 1 for row in counted)
    corpus = "\n".join(" ".join(text.split()) for text in korean + english)
    figures["samples"] = samples(folder)
    found = [copied(text, corpus) for _, text in figures["samples"]]
    figures["whole"], figures["runs"] = sum(one for one, _ in found), sum(some for _, some in found)
    lengths = [
        len(tokenizer(text)["input_ids"]) - len(tokenizer(opening)["input_ids"]) for opening, text in figures["samples"]
    ]
    figures["ended"] = sum(length < 60 for length in lengths)
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    (folder / "README.md").write_text(card(figures, folder / "training_log.jsonl"), encoding="utf8")


def main() -> None:
    given = arguments(__doc__).parse_args()
    folder = POCKET / NAME
    if not given.measure_only:
        in_processes(train, given)
        model = GPT2LMHeadModel.from_pretrained(given.work / NAME / "final")
        ship(model, given.work / NAME / "tokenizer", folder, longest=BLOCK)
        GenerationConfig(bos_token_id=END, eos_token_id=END, max_new_tokens=60).save_pretrained(folder)
        shutil.copyfile(given.work / NAME / "log.jsonl", folder / "training_log.jsonl")
    measure(given)


if __name__ == "__main__":
    main()
