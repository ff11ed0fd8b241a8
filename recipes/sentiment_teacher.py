"""Fine-tune all-MiniLM-L6-v2 on the SST-2 phrases: the teacher of the sentiment checkpoint (not shipped)."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from training import Run, accuracy, arguments, batches_by_length, logits_of, minilm_folder, padded
from training_corpora import as_people_write, labelled_splits
from transformers import AutoTokenizer, BertForSequenceClassification
from transformers.utils import logging

EPOCHS = 3


def written_rows(texts: list[str], tokenizer, seed: int, people: float = 0.5) -> list[list[int]]:
    """Ids of each text, as tokenised by the treebank or, with chance ``people``, as people write it."""
    draw = random.Random(seed)
    forms = [as_people_write(text) if draw.random() < people else text for text in texts]
    return tokenizer(forms, truncation=True, max_length=80)["input_ids"]


def train_teacher(data: Path, work: Path, minilm: Path | None) -> BertForSequenceClassification:
    """The fine-tuned teacher, trained or resumed in ``work``; loaded when it is already there."""
    folder = work / "teacher" / "final"
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder(minilm))
    if (folder / "model.safetensors").exists():
        return BertForSequenceClassification.from_pretrained(folder).eval()
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(minilm_folder(minilm), num_labels=2)
    # all-MiniLM reads sentences by their mean; its pooler was never used, so a fresh, nearly linear one serves better
    torch.nn.init.normal_(model.bert.pooler.dense.weight, std=0.05)
    phrases, held_out = labelled_splits(data)
    texts = [text for _, text in phrases]
    labels = torch.tensor([label for label, _ in phrases])
    rows_of: dict[int, list[list[int]]] = {}

    def rows(epoch: int) -> list[list[int]]:
        if epoch not in rows_of:
            rows_of.clear()
            rows_of[epoch] = written_rows(texts, tokenizer, seed=epoch)
        return rows_of[epoch]

    def batches(epoch: int) -> list[list[int]]:
        return batches_by_length([len(row) for row in rows(epoch)], tokens=1280, seed=epoch)

    run = Run("teacher", model, batches, work=work, epochs=EPOCHS, rate=6e-5, average=0.998)
    run.log(phrases=len(phrases), held_out=len(held_out))
    model.train()
    total = 0.0
    for epoch, batch in run.steps():
        ids, mask = padded([rows(epoch)[i] for i in batch])
        logits = model(input_ids=ids, attention_mask=mask).logits
        loss = torch.nn.functional.cross_entropy(logits, labels[batch], label_smoothing=0.02)
        run.update(loss)
        total += loss.item()
        if run.step % 50 == 0:
            run.log(loss=round(total / 50, 4))
            total = 0.0
        if run.step % 400 == 0 or run.step == run.total:
            run.log(held_out_accuracy=round(accuracy(model, tokenizer, held_out), 4))
    last = {name: p.detach().clone() for name, p in run.named.items()}
    plain = accuracy(model, tokenizer, held_out)
    run.use_averaged()
    averaged = accuracy(model, tokenizer, held_out)
    run.log(held_out_last=round(plain, 4), held_out_averaged=round(averaged, 4))
    if plain > averaged:
        with torch.no_grad():
            for name, parameter in run.named.items():
                parameter.copy_(last[name])
    model.save_pretrained(folder)
    return model.eval()


def main() -> None:
    logging.set_verbosity_error()
    given = arguments(__doc__).parse_args()
    torch.set_num_threads(1)
    model = train_teacher(given.data, given.work, given.minilm)
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder(given.minilm))
    _, held_out = labelled_splits(given.data)
    print(f"held-out sentences: {accuracy(model, tokenizer, held_out):.4f}")
    print(logits_of(model, tokenizer([as_people_write("what a lovely film !")])["input_ids"]))


if __name__ == "__main__":
    main()
