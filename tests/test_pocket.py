"""The pocket checkpoints as they are shipped: layout, sizes, number formats, tokenizations, answers, model cards."""

from __future__ import annotations

import doctest
import importlib
import json
import lzma
import random
import re
import struct
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

POCKET = Path(__file__).resolve().parent.parent / "course_utils" / "pocket"
RECIPES = POCKET.parent.parent / "recipes"
FOLDERS = sorted(path for path in POCKET.iterdir() if path.is_dir())
SENTIMENT = POCKET / "pocket-bert-uncased-sst2"
KOREAN = POCKET / "pocket-roberta-ko"
KOREAN_SENTIMENT = POCKET / "pocket-roberta-ko-sentiment"
GPT = POCKET / "pocket-gpt"
SMALL = [KOREAN, KOREAN_SENTIMENT, GPT]
UNCASED = [folder for folder in FOLDERS if folder.name.startswith("pocket-bert-uncased")]

MEGABYTE = 1_000_000
NEEDED = {"README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
LOGS = {"training_log.jsonl", "teacher_log.jsonl"}
GENERATION = {"generation_config.json"}
SECTIONS = ("What it is", "Data and licences", "Scores", "Limits", "Training")

COURSE = "I've been waiting for a HuggingFace course my whole life."
COURSE_IDS = [101, 1045, 1005, 2310, 2042, 3403, 2005, 1037, 17662, 12172, 2607, 2026, 2878, 2166, 1012, 102]
HATE = "I hate this so much!"
KOREAN_REVIEW = "정말 재미있고 감동적인 영화였다. 배우들의 연기도 최고!"
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


def test_all_checkpoints_are_there():
    assert set(FOLDERS) == {POCKET / "pocket-bert-uncased", SENTIMENT, *SMALL}


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_folder_holds_what_a_hub_repository_holds_and_nothing_else(folder):
    names = {path.name for path in folder.iterdir()}
    assert names >= NEEDED
    assert names - NEEDED <= (LOGS | GENERATION if folder == GPT else LOGS)


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_size(folder):
    limit = 28 if folder in UNCASED else 12
    assert sum(path.stat().st_size for path in folder.iterdir()) <= limit * MEGABYTE
    for name in LOGS:
        log = folder / name
        if log.exists():
            assert log.stat().st_size <= MEGABYTE / 5


def test_size_of_all_together():
    assert sum(path.stat().st_size for path in POCKET.rglob("*") if path.is_file()) <= 95 * MEGABYTE


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


@pytest.mark.parametrize("folder", [KOREAN, KOREAN_SENTIMENT], ids=named)
def test_the_korean_body_misses_the_pooler_only(folder):
    """As the card says: RobertaForMaskedLM has no pooler, so RobertaModel begins one of its own."""
    _, report = transformers.RobertaModel.from_pretrained(folder, output_loading_info=True)
    assert set(report["missing_keys"]) == {"pooler.dense.weight", "pooler.dense.bias"}
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


@pytest.mark.parametrize("folder", [KOREAN, KOREAN_SENTIMENT], ids=named)
class TestKoreanTokenizer:
    """A BERT-type tokenizer that gives more than its RoBERTa model takes."""

    def test_shape_and_special_tokens(self, folder):
        config = json.loads((folder / "config.json").read_text(encoding="utf8"))
        assert config["model_type"] == "roberta"
        assert (config["vocab_size"], config["type_vocab_size"], config["max_position_embeddings"]) == (8000, 1, 514)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        assert len(tokenizer) == 8000
        assert tokenizer.model_max_length == 512
        special = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]
        assert tokenizer.convert_tokens_to_ids(special) == [0, 1, 2, 3, 4]
        assert (config["bos_token_id"], config["pad_token_id"], config["eos_token_id"]) == (0, 1, 2)
        assert (tokenizer.cls_token_id, tokenizer.pad_token_id, tokenizer.sep_token_id) == (0, 1, 2)

    def test_round_trip(self, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        ids = tokenizer(KOREAN_REVIEW)["input_ids"]
        assert ids[0] == 0 and ids[-1] == 2 and 3 not in ids
        assert tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "") == KOREAN_REVIEW.replace(" ", "")

    @pytest.mark.parametrize("text", [KOREAN_REVIEW, "나는 학교에 간다", "ㅋㅋㅋ 007 OST 짱", "뷁"])
    def test_single_letters_give_the_same_tokens(self, folder, text):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        apart = unicodedata.normalize("NFD", text)
        assert apart != text
        assert tokenizer(apart)["input_ids"] == tokenizer(text)["input_ids"]

    def test_case_and_accents_stay(self, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        assert tokenizer("OST")["input_ids"] != tokenizer("ost")["input_ids"]
        assert tokenizer.backend_tokenizer.normalizer.normalize_str("Caf\u00e9") == "Caf\u00e9"

    def test_a_pair_breaks_the_model_unless_told_not_to(self, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = transformers.AutoModel.from_pretrained(folder).eval()
        pair = tokenizer("재미있다", "지루하다", return_tensors="pt")
        assert pair["token_type_ids"].unique().tolist() == [0, 1]
        with pytest.raises(IndexError, match="index out of range"):
            model(**pair)
        pair = tokenizer("재미있다", "지루하다", return_tensors="pt", return_token_type_ids=False)
        assert set(pair) == {"input_ids", "attention_mask"}
        with torch.no_grad():
            assert model(**pair).last_hidden_state.shape == (1, pair["input_ids"].shape[1], 256)

    def test_long_texts_run(self, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        assert len(tokenizer("영화 " * 600)["input_ids"]) == 602
        inputs = tokenizer("영화 " * 600, truncation=True, return_tensors="pt")
        assert inputs["input_ids"].shape == (1, 512)
        with torch.no_grad():
            states = transformers.AutoModel.from_pretrained(folder).eval()(**inputs).last_hidden_state
        assert torch.isfinite(states).all()

    def test_padding_changes_nothing(self, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = transformers.AutoModel.from_pretrained(folder).eval()
        texts = [KOREAN_REVIEW, "별로"]
        with torch.no_grad():
            together = model(**tokenizer(texts, padding=True, return_tensors="pt")).last_hidden_state
            alone = model(**tokenizer(texts[1], return_tensors="pt")).last_hidden_state
        assert torch.allclose(together[1, : alone.shape[1]], alone[0], atol=1e-4)


class TestGpt:
    """The generative checkpoint: its tokenizer loses nothing, and it stops."""

    def test_shape_and_special_tokens(self):
        config = json.loads((GPT / "config.json").read_text(encoding="utf8"))
        assert config["model_type"] == "gpt2"
        assert (config["vocab_size"], config["n_positions"]) == (3072, 256)
        tokenizer = AutoTokenizer.from_pretrained(GPT)
        assert len(tokenizer) == 3072
        assert tokenizer.model_max_length == 256
        assert tokenizer.bos_token == tokenizer.eos_token == "<|endoftext|>"
        assert config["bos_token_id"] == config["eos_token_id"] == tokenizer.eos_token_id == 0
        assert tokenizer.all_special_tokens == ["<|endoftext|>"]

    def test_the_output_layer_is_the_embedding(self):
        model = transformers.AutoModelForCausalLM.from_pretrained(GPT)
        assert model.lm_head.weight is model.transformer.wte.weight

    @pytest.mark.parametrize("text", [KOREAN_REVIEW, COURSE, "뷁 \u0000 😀 王\n  두 칸", " 앞 칸"])
    def test_any_text_survives_the_tokenizer(self, text):
        tokenizer = AutoTokenizer.from_pretrained(GPT)
        for form in ("NFC", "NFD"):
            written = unicodedata.normalize(form, text)
            assert tokenizer.decode(tokenizer(written)["input_ids"], clean_up_tokenization_spaces=False) == written

    def test_padding_needs_a_token(self):
        """As with the original GPT-2: the end-of-text token has to be lent."""
        tokenizer = AutoTokenizer.from_pretrained(GPT)
        assert tokenizer.pad_token is None
        with pytest.raises(ValueError, match="does not have a padding token"):
            tokenizer([KOREAN_REVIEW, "별로"], padding=True)
        tokenizer.pad_token = tokenizer.eos_token
        assert tokenizer([KOREAN_REVIEW, "별로"], padding=True)["input_ids"][1][-1] == 0

    @pytest.mark.parametrize("opening", ["이 영화는", "The film"])
    def test_it_writes_something_and_stops(self, opening):
        tokenizer = AutoTokenizer.from_pretrained(GPT)
        model = transformers.AutoModelForCausalLM.from_pretrained(GPT).eval()
        inputs = tokenizer(opening, return_tensors="pt")
        torch.manual_seed(0)
        many = model.generate(**inputs, do_sample=True, num_return_sequences=8, pad_token_id=0)
        assert many.shape[1] <= inputs["input_ids"].shape[1] + 60
        assert (many[:, -1] == 0).any(), "none of eight ended by itself"
        texts = tokenizer.batch_decode(many, skip_special_tokens=True)
        assert len(set(texts)) > 1
        assert all(text.startswith(opening) for text in texts)

    @pytest.mark.parametrize(
        ("opening", "letters"), [("이 영화는", "[\uac00-\ud7a3]"), ("The film is", "[A-Za-z]")], ids=["ko", "en"]
    )
    def test_it_stays_in_the_language_of_the_opening(self, opening, letters):
        tokenizer = AutoTokenizer.from_pretrained(GPT)
        model = transformers.AutoModelForCausalLM.from_pretrained(GPT).eval()
        inputs = tokenizer(opening, return_tensors="pt")
        torch.manual_seed(0)
        many = model.generate(**inputs, do_sample=True, temperature=0.8, num_return_sequences=8, pad_token_id=0)
        added = "".join(text[len(opening) :] for text in tokenizer.batch_decode(many, skip_special_tokens=True))
        written = re.findall("[\uac00-\ud7a3A-Za-z]", added)
        assert len(written) > 40
        assert len(re.findall(letters, added)) > 0.9 * len(written)


@pytest.mark.parametrize(
    ("folder", "text"),
    [
        (POCKET / "pocket-bert-uncased", "This is one of the best [MASK] of the year."),
        (KOREAN, "정말 [MASK] 영화였다."),
    ],
    ids=["en", "ko"],
)
def test_pipeline_fill_mask(folder, text):
    answers = transformers.pipeline("fill-mask", str(folder))(text, top_k=3)
    assert len({answer["token_str"] for answer in answers}) == 3
    assert all("[MASK]" not in answer["sequence"] for answer in answers)
    assert answers[0]["score"] > 0.02, "hardly better than chance"


@pytest.mark.parametrize(
    ("folder", "text", "width"),
    [(POCKET / "pocket-bert-uncased", COURSE, 288), (KOREAN, KOREAN_REVIEW, 256)],
    ids=["en", "ko"],
)
def test_pipeline_feature_extraction(folder, text, width):
    states = torch.tensor(transformers.pipeline("feature-extraction", str(folder))(text))
    assert states.shape == (1, len(AutoTokenizer.from_pretrained(folder)(text)["input_ids"]), width)
    assert torch.isfinite(states).all()


@pytest.mark.parametrize("task", ["sentiment-analysis", "text-classification"])
@pytest.mark.parametrize(
    ("folder", "texts", "labels"),
    [
        (SENTIMENT, [COURSE, HATE], ["POSITIVE", "NEGATIVE"]),
        (KOREAN_SENTIMENT, [KOREAN_REVIEW, "시간이 아까운 최악의 영화"], ["긍정", "부정"]),
    ],
    ids=["en", "ko"],
)
def test_pipeline_sentiment(task, folder, texts, labels):
    answers = transformers.pipeline(task, str(folder))(texts)
    assert [answer["label"] for answer in answers] == labels
    assert all(answer["score"] > 0.8 for answer in answers)


@pytest.mark.parametrize("opening", ["이 영화는", "The film"], ids=["ko", "en"])
def test_pipeline_text_generation(opening):
    torch.manual_seed(0)
    (answer,) = transformers.pipeline("text-generation", str(GPT))(opening)
    assert answer["generated_text"].startswith(opening)
    assert len(answer["generated_text"]) > len(opening) + 3


def test_labels_of_the_korean_sentiment_checkpoint():
    config = transformers.AutoConfig.from_pretrained(KOREAN_SENTIMENT)
    assert config.id2label == {0: "부정", 1: "긍정"}
    assert config.label2id == {"부정": 0, "긍정": 1}


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


DOCUMENTED = ["training_corpora", "everyday", "training", "kneser_ney", "pocket_gpt", "pocket_roberta_ko_sentiment"]


@pytest.mark.parametrize("name", DOCUMENTED)
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


def test_the_cards_of_the_korean_and_generative_checkpoints_reach_their_aims():
    _, body = card_parts(KOREAN)
    hits, bigram = map(int, re.search(r"500 masked words .*? \| (\d+) \| (\d+) for a bigram", body["Scores"]).groups())
    assert hits >= 2 * bigram
    _, sentiment = card_parts(KOREAN_SENTIMENT)
    assert float(re.search(r"10,000 unseen reviews, .*? \| ([\d.]+) %", sentiment["Scores"])[1]) >= 84
    _, gpt = card_parts(GPT)
    for language in ("Korean", "English"):
        figures = re.search(rf"{language}: .*? \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", gpt["Scores"])
        model, before, bigram, longer = map(float, figures.groups())
        assert model < min(before, bigram, longer)
    samples = re.findall(r"^(\d+)\. (.+)$", gpt["Samples"], flags=re.MULTILINE)
    assert [int(number) for number, _ in samples] == list(range(1, 41))
    assert sum(bool(re.match("[\uac00-\ud7a3]", text)) for _, text in samples) == 20
    assert re.search(r"\d+ of the 40 stands? word for word", gpt["Samples"])
    assert len(re.findall(r"\d+ of 10", gpt["Samples"])) == 2


def test_held_out_korean_reviews_share_no_text_with_those_trained_on(tmp_path, monkeypatch):
    """On a small file: as many of each label, no text twice, and no training review that says the same."""
    monkeypatch.syspath_prepend(str(RECIPES))
    corpora = importlib.import_module("training_corpora")
    monkeypatch.setattr(corpora, "KOREAN_TEST", 3)
    monkeypatch.setattr(corpora, "KOREAN_CHOICE", 2)
    texts = ["재밌다", "최고", "감동", "별로", "지루", "최악", "보통", "웃기다", "좋다", "싫다", "아깝다", "멋지다"]
    rows = [
        (rating, f"{text}{end}") for rating in (1, 6, 10) for text in texts for end in ("", "!!", " ㅋㅋ", " ㅋㅋㅋ")
    ]
    rows = [(rating, f"{text} {rating}점") for rating, text in rows]
    with lzma.open(tmp_path / "korean_movie_reviews.tsv.xz", "wt", encoding="utf8") as lines:
        lines.write("id\trating\treview\n")
        lines.writelines(f"{i}\t{rating}\t{text}\n" for i, (rating, text) in enumerate(rows))
    reviews = corpora.korean_reviews(tmp_path)
    assert [sorted(review.label for review in part) for part in (reviews.test, reviews.choice)] == [
        [0, 0, 0, 1, 1, 1],
        [0, 0, 1, 1],
    ]
    held_out = [corpora.same_text(review.text) for review in reviews.test + reviews.choice]
    trained = {corpora.same_text(review.text) for review in reviews.train}
    assert len(set(held_out)) == 10
    assert not trained & set(held_out)
    assert len(reviews.train) == len(rows) - 20
    assert len(corpora.korean_texts(tmp_path)) == len(trained)


def test_whole_words_are_masked(monkeypatch):
    monkeypatch.syspath_prepend(str(RECIPES))
    recipe = importlib.import_module("pocket_roberta_ko")
    tokenizer = AutoTokenizer.from_pretrained(KOREAN)
    inputs = tokenizer([KOREAN_REVIEW, "나는 학교에 간다"] * 400, padding=True, return_tensors="pt")
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    torch.manual_seed(0)
    begins, hangul = recipe.kinds_of_tokens(tokenizer)
    corrupted, chosen = recipe.masked(ids, mask, begins, hangul)
    assert not chosen[(ids < 5)].any(), "a special token was masked"
    inside = ~begins[ids] & mask.bool()
    assert inside.any()
    assert (chosen[:, 1:] == chosen[:, :-1])[inside[:, 1:]].all(), "a word was masked in part"
    alone = hangul[ids] & ~torch.cat([inside[:, 1:], inside[:, :1] & False], 1)
    assert 0.3 < chosen[alone].float().mean() < 0.4
    assert 0.05 < chosen[(ids >= 5) & ~alone].float().mean() < 0.11
    assert (corrupted == ids)[~chosen].all()
    assert 0.85 < (corrupted[chosen] == 4).float().mean() < 0.95


def counted_by_hand(rows: list[list[int]], entries: int, order: int):
    """Kneser-Ney once more, from dictionaries: a function (context, id) to its probability."""
    counts: list[Counter] = [Counter() for _ in range(order + 1)]
    for row in rows:
        for length in range(2, order + 1):
            # below the highest order, only what begins a row counts as often as it occurs
            last = range(length - 1, len(row)) if length == order else range(length - 1, min(length, len(row)))
            counts[length].update(tuple(row[i - length + 1 : i + 1]) for i in last)
    for length in range(1, order):
        longer = {tuple(row[i : i + length + 1]) for row in rows for i in range(len(row) - length)}
        counts[length].update(run[1:] for run in longer)
    discounts = [[0.0, 0.5, 0.5, 0.5] for _ in counts]
    for length in range(1, order + 1):
        n = Counter(counts[length].values())
        if n[1] and n[2] and n[3] and n[4]:
            base = n[1] / (n[1] + 2 * n[2])
            discounts[length] = [0.0] + [max(0, k - (k + 1) * base * n[k + 1] / n[k]) for k in (1, 2, 3)]

    def probability(context: tuple[int, ...], one: int) -> float:
        shorter = probability(context[1:], one) if context else 1 / entries
        length = len(context) + 1
        after = {run[-1]: count for run, count in counts[length].items() if run[:-1] == context}
        if not after:
            return shorter
        taken = {key: min(discounts[length][min(count, 3)], count) for key, count in after.items()}
        kept = after.get(one, 0) - taken.get(one, 0.0)
        return (kept + sum(taken.values()) * shorter) / sum(after.values())

    return probability


@pytest.mark.parametrize("order", [2, 3, 5])
def test_the_n_gram_model_is_kneser_ney(order, monkeypatch):
    """Its probabilities are those of a plain count by dictionaries, and sum to 1 after any context."""
    monkeypatch.syspath_prepend(str(RECIPES))
    draw = random.Random(order)

    def rows(many: int) -> list[list[int]]:
        texts = ([min(int(draw.expovariate(0.5)) + 1, 9) for _ in range(draw.randint(1, 8))] for _ in range(many))
        return [[0, *text, 0] for text in texts]

    known, unseen = rows(300), rows(20)
    model = importlib.import_module("kneser_ney").KneserNey(known, 10, order)
    plain = counted_by_hand(known, 10, order)
    wanted = [plain(tuple(row[max(0, i - order + 1) : i]), row[i]) for row in unseen for i in range(1, len(row))]
    assert model.probabilities(unseen).tolist() == pytest.approx(wanted)
    for context in ([0], [0, 1], [0, 3, 1, 2], [0, 9, 9, 9, 9, 9]):
        assert sum(model.probabilities([[*context, after]])[-1].item() for after in range(10)) == pytest.approx(1)


def test_parts_of_a_batch(monkeypatch):
    """A part holds texts of one length or packed blocks; in one pass every text comes once."""
    monkeypatch.syspath_prepend(str(RECIPES))
    recipe = importlib.import_module("pocket_gpt")
    training = importlib.import_module("training")
    texts = training.Encoded.of([[n] * (n % 40 + 1) for n in range(1, 400)])
    source, seen = recipe.Parts(texts, packed=False), []
    for which in source.by_length():
        inputs, wanted = source.part(which)
        assert inputs.numel() <= recipe.PART
        assert (inputs[:, 0] == 0).all()
        assert (wanted[:, -1] == 0).all()
        assert torch.equal(inputs[:, 1:], wanted[:, :-1])
        seen += inputs[:, 1].tolist()
    assert sorted(seen) == list(range(1, 400))

    ids, begins = recipe.stream(texts, seed=0)
    assert sorted(ids.tolist()) == sorted([0] * 399 + [n for n in range(1, 400) for _ in range(n % 40 + 1)])
    starts = recipe.block_starts(ids, begins)
    assert {int(ids[start]) == 0 for start in starts} == {True, False}
    assert all(b - a >= recipe.BLOCK for a, b in zip(starts, starts[1:], strict=False))
    assert all(start == 0 or 0 in (ids[start], ids[start - 1]) for start in starts)

    batches = recipe.Batches([texts, texts])
    for step in range(8):
        inputs, wanted, shapes, dropout = batches.batch(step)
        assert len(shapes) == recipe.PARTS and dropout == [0.0] * recipe.PARTS
        assert len(inputs) == len(wanted) == sum(rows * length for rows, length in shapes)
        assert ((4, recipe.BLOCK) in shapes) == (step % 4 == 3)
    bare, dropped = 0, 0
    for step in range(recipe.FIRST, recipe.FIRST + 40):
        inputs, wanted, shapes, dropout = batches.batch(step)
        dropped += sum(share == recipe.DROPPED for share in dropout)
        sizes = [rows * length for rows, length in shapes]
        for given, asked, shape in zip(inputs.split(sizes), wanted.split(sizes), shapes, strict=True):
            given, asked = given.view(shape), asked.view(shape)
            assert torch.equal(given[:, 1:], asked[:, :-1])
            bare += bool((given[:, 0] != 0).all() and (asked[:, -1] == 0).all())
    assert dropped == recipe.ENGLISH * 40 * recipe.PARTS and 0.35 < bare / (40 * recipe.PARTS) < 0.6


def test_what_is_trained_is_gpt2(monkeypatch):
    """The training's own forward pass and loss agree with the library's, up to the rounding of bfloat16."""
    monkeypatch.syspath_prepend(str(RECIPES))
    recipe = importlib.import_module("pocket_gpt")
    torch.manual_seed(0)
    weights = {name: value.detach() + 0.05 * torch.randn_like(value) for name, value in recipe.first_weights().items()}
    model = recipe.as_gpt2(weights)
    shapes = [(3, 20), (2, 7)]
    rows = [torch.randint(recipe.ENTRIES, shape) for shape in shapes]
    inputs = torch.cat([part.reshape(-1) for part in rows])
    wanted = inputs.roll(1)
    for value in weights.values():
        value.requires_grad_()
    hidden = recipe.hidden_states(weights, inputs, shapes)
    recipe.OutputLoss.apply(hidden, weights["tokens"], wanted).backward()
    plain = [model(input_ids=part, output_hidden_states=True) for part in rows]
    states = torch.cat([one.hidden_states[-1].reshape(-1, recipe.WIDTH) for one in plain])
    assert torch.nn.functional.cosine_similarity(hidden.float(), states).min() > 0.999
    logits = torch.cat([one.logits.reshape(-1, recipe.ENTRIES) for one in plain])
    loss = torch.nn.functional.cross_entropy(logits, wanted)
    loss.backward()
    mine = recipe.OutputLoss.apply(hidden.detach(), weights["tokens"].detach(), wanted)
    assert mine.item() == pytest.approx(loss.item(), rel=1e-2)
    for own, library in (
        (weights["tokens"].grad, model.transformer.wte.weight.grad),
        (weights["0.up"].grad, model.transformer.h[0].mlp.c_fc.weight.grad.T),
        (weights["3.out"].grad, model.transformer.h[3].attn.c_proj.weight.grad.T),
    ):
        assert torch.nn.functional.cosine_similarity(own.flatten(), library.flatten(), 0) > 0.99
