"""The pocket checkpoints as they are shipped: layout, sizes, number formats, tokenizations, answers, model cards."""

from __future__ import annotations

import doctest
import importlib
import json
import re
import struct
from pathlib import Path

import pytest
import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

POCKET = Path(__file__).resolve().parent.parent / "course_utils" / "pocket"
RECIPES = POCKET.parent.parent / "recipes"
FOLDERS = sorted(path for path in POCKET.iterdir() if path.is_dir())
SENTIMENT = POCKET / "pocket-bert-uncased-sst2"
UNCASED = [folder for folder in FOLDERS if folder.name.startswith("pocket-bert-uncased")]

MEGABYTE = 1_000_000
NEEDED = {"README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
LOGS = {"training_log.jsonl", "teacher_log.jsonl"}
SECTIONS = ("What it is", "Data and licences", "Scores", "Limits", "Training")

COURSE = "I've been waiting for a HuggingFace course my whole life."
COURSE_IDS = [101, 1045, 1005, 2310, 2042, 3403, 2005, 1037, 17662, 12172, 2607, 2026, 2878, 2166, 1012, 102]
HATE = "I hate this so much!"
HATE_IDS = [101, 1045, 5223, 2023, 2061, 2172, 999, 102]


def named(folder: Path) -> str:
    return folder.name


def header(path: Path) -> dict:
    """The JSON header of a safetensors file, read without the library."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length))


def card_parts(folder: Path) -> tuple[str, dict[str, str]]:
    """(metadata between the dashes, sections by title) of a model card."""
    text = (folder / "README.md").read_text(encoding="utf8")
    match = re.match(r"---\n(.*?)\n---\n(.*)", text, flags=re.DOTALL)
    assert match, "the card does not begin with metadata"
    parts = re.split(r"^## (.+)$", match[2], flags=re.MULTILINE)
    return match[1], dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_english_checkpoints_are_there():
    assert {folder.name for folder in FOLDERS} >= {"pocket-bert-uncased", "pocket-bert-uncased-sst2"}


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_folder_holds_what_a_hub_repository_holds_and_nothing_else(folder):
    names = {path.name for path in folder.iterdir()}
    assert names >= NEEDED
    assert names - NEEDED <= LOGS


@pytest.mark.parametrize("folder", UNCASED, ids=named)
def test_size(folder):
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 28 * MEGABYTE
    for name in LOGS:
        log = folder / name
        if log.exists():
            assert log.stat().st_size <= MEGABYTE / 5


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_weights_are_float16_on_disk(folder):
    entries = header(folder / "model.safetensors")
    entries.pop("__metadata__", None)
    assert len(entries) > 10
    assert {entry["dtype"] for entry in entries.values()} == {"F16"}


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_its_own_class_loads_it_completely_in_float32(folder):
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    assert config["dtype"] == "float32"
    (name,) = config["architectures"]
    model, report = getattr(transformers, name).from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert not report["mismatched_keys"]
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


@pytest.mark.parametrize("name", ["BertModel", "BertForMaskedLM"])
def test_the_body_has_all_that_other_classes_ask_for(name):
    _, report = getattr(transformers, name).from_pretrained(POCKET / "pocket-bert-uncased", output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["mismatched_keys"]


@pytest.mark.parametrize("folder", UNCASED, ids=named)
def test_shape_and_vocabulary(folder):
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    assert config["model_type"] == "bert"
    assert config["vocab_size"] == 30522
    assert config["max_position_embeddings"] == 512
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert len(tokenizer) == 30522
    assert tokenizer.model_max_length == 512


@pytest.mark.parametrize("folder", UNCASED, ids=named)
class TestTokenizations:
    """What the study documents print, id by id."""

    def test_two_sentences_with_padding(self, folder):
        inputs = AutoTokenizer.from_pretrained(folder)([COURSE, HATE], padding=True)
        assert inputs["input_ids"] == [COURSE_IDS, HATE_IDS + [0] * 8]
        assert inputs["attention_mask"] == [[1] * 16, [1] * 8 + [0] * 8]

    def test_three_words(self, folder):
        ids = AutoTokenizer.from_pretrained(folder)(["hello!", "cool.", "nice!"])["input_ids"]
        assert ids == [[101, 7592, 999, 102], [101, 4658, 1012, 102], [101, 3835, 999, 102]]

    def test_without_special_tokens(self, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        assert tokenizer(COURSE, add_special_tokens=False)["input_ids"] == COURSE_IDS[1:-1]
        assert tokenizer.convert_tokens_to_ids(tokenizer.tokenize(COURSE)) == COURSE_IDS[1:-1]

    def test_decoded(self, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        text = "i've been waiting for a huggingface course my whole life."
        decoded = [tokenizer.decode(ids, clean_up_tokenization_spaces=True) for ids in (COURSE_IDS, COURSE_IDS[1:-1])]
        assert decoded == [f"[CLS] {text} [SEP]", text]

    def test_a_pair(self, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        inputs = tokenizer("This is the first sentence.", "This is the second one.")
        first, second = [2023, 2003, 1996, 2034, 6251, 1012], [2023, 2003, 1996, 2117, 2028, 1012]
        assert inputs["input_ids"] == [101, *first, 102, *second, 102]
        assert inputs["token_type_ids"] == [0] * 8 + [1] * 7
        assert inputs["attention_mask"] == [1] * 15
        expected = "[CLS] this is the first sentence . [SEP] this is the second one . [SEP]"
        assert " ".join(tokenizer.convert_ids_to_tokens(inputs["input_ids"])) == expected

    def test_subwords(self, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        assert tokenizer.tokenize("annoyingly") == ["annoying", "##ly"]
        assert tokenizer.tokenize("tokenization") == ["token", "##ization"]

    def test_the_printed_pair_of_mrpc_has_50_tokens(self, folder):
        first = (
            'Amrozi accused his brother , whom he called " the witness " , of deliberately distorting his evidence .'
        )
        second = (
            'Referring to him as only " the witness " , Amrozi accused his brother of deliberately distorting his '
            "evidence ."
        )
        assert len(AutoTokenizer.from_pretrained(folder)(first, second)["input_ids"]) == 50

    def test_nothing_is_cut_or_padded_unasked(self, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        assert len(tokenizer("film " * 600)["input_ids"]) == 602
        assert len(tokenizer("film " * 600, truncation=True)["input_ids"]) == 512


def test_labels_of_the_sentiment_checkpoint():
    config = transformers.AutoConfig.from_pretrained(SENTIMENT)
    assert config.id2label == {0: "NEGATIVE", 1: "POSITIVE"}
    assert config.label2id == {"NEGATIVE": 0, "POSITIVE": 1}


@pytest.mark.parametrize(("text", "label"), [(COURSE, "POSITIVE"), (HATE, "NEGATIVE")])
def test_the_documents_sentences_are_told_apart_surely(text, label):
    tokenizer = AutoTokenizer.from_pretrained(SENTIMENT)
    model = AutoModelForSequenceClassification.from_pretrained(SENTIMENT).eval()
    with torch.no_grad():
        scores = model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0]
    best = int(scores.argmax())
    assert model.config.id2label[best] == label
    assert scores[best] > 0.9


def test_everyday_sentences():
    """At least 54 of our sixty everyday sentences, and padding in a batch changes no answer."""
    lines = (RECIPES / "everyday_sentences.tsv").read_text(encoding="utf8").splitlines()[1:]
    labels, texts = zip(*(line.split("\t", 1) for line in lines), strict=True)
    assert len(texts) == 60
    tokenizer = AutoTokenizer.from_pretrained(SENTIMENT)
    model = AutoModelForSequenceClassification.from_pretrained(SENTIMENT).eval()
    with torch.no_grad():
        together = model(**tokenizer(list(texts), padding=True, return_tensors="pt")).logits
        alone = torch.cat([model(**tokenizer(text, return_tensors="pt")).logits for text in texts])
    assert torch.allclose(together, alone, atol=1e-4)
    right = sum(int(row.argmax()) == int(label) for row, label in zip(alone, labels, strict=True))
    assert right >= 54


def test_the_sixty_sentences_are_no_part_of_what_is_trained_on(monkeypatch):
    monkeypatch.syspath_prepend(str(RECIPES))
    everyday = importlib.import_module("everyday")
    lines = (RECIPES / "everyday_sentences.tsv").read_text(encoding="utf8").splitlines()[1:]
    labels, texts = zip(*(line.split("\t", 1) for line in lines), strict=True)
    assert sorted(labels) == ["0"] * 30 + ["1"] * 30
    plain = {re.sub(r"\W", "", text.lower()) for text in texts}
    assert len(plain) == 60
    made = everyday.everyday_texts(16000) + everyday.everyday_texts(2500, seed=1) + everyday.longing_texts(1500, seed=1)
    trained = {re.sub(r"\W", "", text.lower()) for _, text in made}
    asked = {re.sub(r"\W", "", text.lower()) for text in (COURSE, HATE)}
    assert not trained & (plain | asked)


@pytest.mark.parametrize("name", ["training_corpora", "everyday", "training"])
def test_examples_in_the_recipes(name, monkeypatch):
    monkeypatch.syspath_prepend(str(RECIPES))
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_the_body_fills_in_an_easy_word():
    tokenizer = AutoTokenizer.from_pretrained(POCKET / "pocket-bert-uncased")
    model = transformers.AutoModelForMaskedLM.from_pretrained(POCKET / "pocket-bert-uncased").eval()
    inputs = tokenizer("This is one of the best [MASK] of the year.", return_tensors="pt")
    at = (inputs["input_ids"][0] == tokenizer.mask_token_id).nonzero().item()
    with torch.no_grad():
        best = model(**inputs).logits[0, at].topk(5).indices.tolist()
    assert {"films", "movies"} & set(tokenizer.convert_ids_to_tokens(best))


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_the_model_card_tells_what_it_must(folder):
    metadata, sections = card_parts(folder)
    for field in ("language", "license", "library_name", "pipeline_tag", "tags", "datasets"):
        assert re.search(rf"^{field}:", metadata, flags=re.MULTILINE), field
    assert set(SECTIONS) <= set(sections)
    what = " ".join(sections["What it is"].split())
    assert "not the original" in what, "the card must say that this is a stand-in, not the original"
    assert "stand-in" in sections["What it is"]
    assert "--measure-only" in sections["Scores"], "the scores must name the command that measured them"
    assert len(re.findall(r"\d+\.\d", sections["Scores"])) >= 2
    assert "python recipes/" in sections["Training"]
    assert re.search(r"\d+ minutes", sections["Training"])


def test_the_cards_of_the_english_checkpoints_reach_their_aims():
    """The figures are measured by the recipes; this keeps a card with a weaker model from slipping in."""
    _, sentiment = card_parts(SENTIMENT)
    plain = float(re.search(r"development sentences \| ([\d.]+) %", sentiment["Scores"])[1])
    written = float(re.search(r"as people write them .*? \| ([\d.]+) %", sentiment["Scores"])[1])
    assert plain >= 85
    assert plain - written <= 2
    _, body = card_parts(POCKET / "pocket-bert-uncased")
    pretrained, random = re.search(r"seeds \| ([\d.]+) % \| ([\d.]+) %", body["Scores"]).groups()
    assert float(pretrained) - float(random) >= 10
    hits, bigram = re.search(r"top five \| (\d+) \| (\d+)", body["Scores"]).groups()
    assert int(hits) >= 1.5 * int(bigram)
    for scores in (sentiment["Scores"], body["Scores"]):
        ratio = float(re.search(r"32 x 24 .*?([\d.]+) times", scores)[1])
        assert ratio >= 8
