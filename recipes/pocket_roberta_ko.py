"""Make pocket-roberta-ko: a small Korean RoBERTa with masked-language-model head and a BERT-type tokenizer.

The tokenizer and the model are trained from nothing on Korean film reviews, without their ratings. As in
klue/roberta-base a WordPiece tokenizer that gives token types 0 and 1 to pairs meets a model that knows one type only.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
from pathlib import Path

import measuring
import torch
import torch.distributed as dist
from measuring import minutes_of, options_of
from shipping import ship
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn
from training import POCKET, Encoded, Run, arguments, batches_by_length, in_processes, place, set_dropout
from training_corpora import KOREAN_CHOICE, KOREAN_TEST, korean_reviews, korean_texts
from transformers import AutoTokenizer, PreTrainedTokenizerFast, RobertaConfig, RobertaForMaskedLM
from transformers.utils import logging

NAME = "pocket-roberta-ko"
#: In the order of klue/roberta-base: the padding id is 1, from which RoBERTa counts its positions.
SPECIAL = ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")
CLS, PAD, SEP, UNK, MASK = range(5)
ENTRIES = 8000
#: Different characters that the vocabulary holds at most.
CHARACTERS = 1700
#: Tokens of a text that are read.
LONGEST = 64
#: Two passes, each over BATCHES batches of about TOKENS tokens: seven eighths of the reviews, drawn afresh.
EPOCHS, BATCHES, TOKENS = 2, 3800, 3072
#: Share of the words that are masked: of Hangul words that are one token, and of all others.
SHARES = 0.35, 0.08


def config() -> RobertaConfig:
    """The shape of the model: 4 layers of 256 with 8 heads of 32."""
    return RobertaConfig(
        vocab_size=ENTRIES,
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=8,
        intermediate_size=1024,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        bos_token_id=CLS,
        pad_token_id=PAD,
        eos_token_id=SEP,
    )


def trained_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """A cased BERT-type WordPiece tokenizer trained on ``texts``.

    Unicode is composed (NFC) first, so that Hangul typed as single letters (NFD, as some systems store file names)
    gives the same tokens; accents stay.
    """
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.BertNormalizer(
                clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=False
            ),
        ]
    )
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece(prefix="##")
    trainer = trainers.WordPieceTrainer(
        vocab_size=ENTRIES,
        limit_alphabet=CHARACTERS,
        min_frequency=20,
        special_tokens=list(SPECIAL),
        continuing_subword_prefix="##",
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=512,
        cls_token="[CLS]",
        pad_token="[PAD]",
        sep_token="[SEP]",
        unk_token="[UNK]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def tokenizer_for(given: argparse.Namespace) -> PreTrainedTokenizerFast:
    """The tokenizer from the work folder; the first process trains it if it is not there yet."""
    rank, processes = place()
    folder = given.work / NAME / "tokenizer"
    if rank == 0 and not (folder / "tokenizer.json").exists():
        trained_tokenizer(korean_texts(given.data)).save_pretrained(folder)
    if processes > 1:
        dist.barrier()
    return AutoTokenizer.from_pretrained(folder)


def kinds_of_tokens(tokenizer: PreTrainedTokenizerFast) -> tuple[torch.Tensor, torch.Tensor]:
    """For every id whether it begins a word, and whether it is Hangul of two syllables or more; (vocabulary,) each."""
    tokens = tokenizer.convert_ids_to_tokens(range(ENTRIES))
    begins = torch.tensor([not token.startswith("##") for token in tokens])
    return begins, torch.tensor([re.fullmatch("[가-힣]{2,}", token) is not None for token in tokens])


def masked(
    ids: torch.Tensor, mask: torch.Tensor, begins: torch.Tensor, hangul: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(ids with whole words masked, which positions were chosen), both (batch, longest).

    Words of one token are masked most, as a single [MASK] can only ask for such a word. Of the tokens chosen 90 %
    become [MASK], 5 % any token, 5 % stay.
    """
    starts = begins[ids]
    ends = torch.cat([starts[:, 1:], torch.ones_like(starts[:, :1])], 1)
    share = torch.where(starts & ends & hangul[ids], *SHARES)
    word = (starts.long().cumsum(1) - 1).clamp(min=0)
    # one draw for each word; no token of a longer word both starts and ends it, so all of them have the same share
    chosen = torch.rand(ids.shape).gather(1, word) < share
    chosen &= mask.bool() & (ids != CLS) & (ids != SEP)
    kind = torch.rand(ids.shape)
    hidden = torch.where(chosen & (kind < 0.9), MASK, ids)
    other = torch.randint(len(SPECIAL), ENTRIES, ids.shape)
    return torch.where(chosen & (kind >= 0.95), other, hidden), chosen


def train(given: argparse.Namespace) -> None:
    """Train (or resume) the model and write it to the work folder; in every process of a joint run."""
    logging.set_verbosity_error()
    rank, processes = place()
    (given.work / NAME).mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_for(given)
    path = given.work / NAME / "texts.safetensors"
    texts = Encoded.made(path, lambda: korean_texts(given.data), tokenizer, LONGEST)
    begins, hangul = kinds_of_tokens(tokenizer)
    torch.manual_seed(0)
    model = RobertaForMaskedLM(config())

    def batches(epoch: int) -> list[list[int]]:
        return batches_by_length(texts.lengths, tokens=TOKENS, seed=epoch)[:BATCHES]

    run = Run(NAME, model, batches, work=given.work, epochs=EPOCHS, rate=1.5e-3, decay=0.05, average=0.998)
    if run.step == 0:
        run.log(texts=len(texts.lengths), tokens=sum(texts.lengths), processes=processes)
    set_dropout(model, 0.0)
    model.train()
    total = 0.0
    for _, batch in run.steps():
        ids, mask = texts.batch(batch, PAD)
        corrupted, chosen = masked(ids, mask, begins, hangul)
        hidden = model.roberta(input_ids=corrupted, attention_mask=mask).last_hidden_state
        loss = nn.functional.cross_entropy(model.lm_head(hidden[chosen]), ids[chosen])
        run.update(loss)
        total += loss.item() * processes
        if run.step % 50 < processes:
            run.log(loss=round(total / 50, 4))
            total = 0.0
    if rank:
        return
    run.use_averaged()
    model.save_pretrained(given.work / NAME / "final")


def unknown_share(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> tuple[float, float]:
    """(share of tokens that are [UNK], characters of text for each token) in ``texts``."""
    rows = tokenizer(texts, add_special_tokens=False)["input_ids"]
    count = sum(map(len, rows))
    return sum(row.count(UNK) for row in rows) / count, sum(map(len, texts)) / count


def card(figures: dict, log: Path) -> str:
    """The model card, with the figures that were measured."""
    few = figures["few"]
    pretrained = sum(one for one, _ in few) / len(few) * 100
    plain = sum(one for _, one in few) / len(few) * 100
    each = "; ".join(f"{100 * one:.1f} and {100 * other:.1f}" for one, other in few)
    words = "".join(
        f"| {of:,} masked words of unseen reviews, word in the top five | {hits} | "
        f"{bigram} for a bigram model of the same texts |\n"
        for of, (hits, bigram) in figures["words"].items()
    )
    unknown, characters = figures["unknown"]
    shape = config()
    return f"""---
language: ko
license: cc0-1.0
library_name: transformers
pipeline_tag: fill-mask
mask_token: "[MASK]"
tags:
- roberta
- fill-mask
- korean
- course
datasets:
- e9t/nsmc
---

# {NAME}

## What it is

A small Korean RoBERTa: {shape.num_hidden_layers} layers of {shape.hidden_size} with {shape.num_attention_heads} \
heads, intermediate size {shape.intermediate_size}, {ENTRIES:,} entries, one token type,
masked-language-model head. In this course it stands in for klue/roberta-base and klue/bert-base. It is a small stand-in
and not the original: it has read film reviews and nothing else, and knows far less.

- The tokenizer is of the BERT type: WordPiece, cased, [CLS] and [SEP], with the special ids of klue/roberta-base
  ([CLS] 0, [PAD] 1, [SEP] 2, [UNK] 3, [MASK] 4). It composes Hangul first (NFC), so text that comes as single letters
  (NFD) gives the same tokens.
- For a pair the tokenizer gives token types 0 and 1, but the model has type 0 only: a pair raises an IndexError. Call
  the tokenizer with `return_token_type_ids=False`.
- `RobertaForMaskedLM` loads it with no missing and no unexpected keys. There is no pooler, as that class has none:
  `AutoModel` reports the pooler as newly initialised, and its `pooler_output` is random. `last_hidden_state` is not.
- Weights are float16 on disk and float32 once loaded.

## Data and licences

- Korean film reviews, without their ratings: the raw reviews behind the Naver sentiment movie corpus (e9t/nsmc, CC0).
  {KOREAN_TEST * 2:,} reviews to measure on and {KOREAN_CHOICE * 2:,} to choose by were left out of the tokenizer and \
of the model, with all
  reviews that differ from them in spaces, punctuation, case or repeated letters only.
- The tokenizer and the weights started from nothing; the model has seen no rating and no other model.

## Scores

Measured as shipped by `python recipes/pocket_roberta_ko.py --data DIR --measure-only`.

| what | this model | compared with |
|---|---|---|
{words}\
| fine-tuned on 400 labelled reviews, {figures["few_of"]:,} unseen reviews, mean of {len(few)} seeds | \
{pretrained:.1f} % | {plain:.1f} % from random weights, same architecture |
| [UNK] among the tokens of unseen reviews | {100 * unknown:.2f} % | - |
| characters of unseen reviews for each token | {characters:.2f} | - |

A masked word is a whole word that is one token of at least two syllables, one from a review at most; the 500 are the
first of the 2,000, drawn by seed 0, and flatter the model more than the rest. The bigram model
knows the word before: it offers what followed it most often in the training texts, with the same tokenizer, and after
that the commonest words. Words of several tokens are not in this figure; the model fills their parts less well.

Fine-tuning seed by seed, from the body and from random weights (%):
{each}.

## Limits

Korean of film reviews, as people type it in a hurry: spelling, spacing and tone are theirs, rude ones included, and so
are their prejudices. Asked to fill a gap it prefers what reviewers write, whatever the sentence is about. Rare
syllables, most Chinese characters and emoji are [UNK]. It was trained on at most {LONGEST} tokens at a time: up to \
512 run, but
the positions beyond are untrained.

## Training

`python recipes/pocket_roberta_ko.py --data DIR{options_of(log)}`: {EPOCHS} passes over seven eighths of the reviews,
{minutes_of(log):.0f} minutes of training on a 2-core CPU that had other work as well. Whole words were masked, \
those of one token most often.
The log is training_log.jsonl beside this card.
""".replace("\\\n", "")


def measure(given: argparse.Namespace) -> None:
    """Measure the shipped checkpoint and write its model card."""
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    folder = POCKET / NAME
    reviews = korean_reviews(given.data)
    unseen = [review.text for review in reviews.test]
    labelled = [(review.label, review.text) for review in reviews.train if review.label is not None]
    negative = [pair for pair in labelled if pair[0] == 0]
    positive = [pair for pair in labelled if pair[0] == 1]
    balanced = negative + random.Random(0).sample(positive, len(negative))
    some = random.Random(0).sample([(review.label, review.text) for review in reviews.test], 2000)
    figures = {
        "few": measuring.few_labels(folder, balanced, some),
        "few_of": len(some),
        "words": measuring.masked_korean_words(folder, korean_texts(given.data), unseen),
        "unknown": unknown_share(AutoTokenizer.from_pretrained(folder), unseen),
    }
    print(json.dumps(figures, indent=1))
    log = folder / "training_log.jsonl"
    (folder / "README.md").write_text(card(figures, log), encoding="utf8")


def main() -> None:
    given = arguments(__doc__).parse_args()
    folder = POCKET / NAME
    if not given.measure_only:
        in_processes(train, given)
        model = RobertaForMaskedLM.from_pretrained(given.work / NAME / "final")
        ship(model, given.work / NAME / "tokenizer", folder)
        shutil.copyfile(given.work / NAME / "log.jsonl", folder / "training_log.jsonl")
    measure(given)


if __name__ == "__main__":
    main()
