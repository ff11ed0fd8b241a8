"""A small Hub on loopback: enough of its protocol for the real client, under the names of the documents.

Pocket checkpoints stand in where the package carries one; for the rest tiny random models of the right class
are made on the fly. Nothing here is a substitute for the real weights: it lets every cell that talks to the
Hub run, through the real client, on a machine without a network.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
import threading
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from lesson_files import POCKET

WORDS = (
    "the a is was i you he she it we they have been waiting for course my whole life hate this so much love "
    "using transform er network simple hugging face great library paris capital of man woman worked as"
).split()

EMOTIONS = 28

#: Old and short names that the Hub answers with a redirect to the current one.
SST2 = "distilbert-base-uncased-finetuned-sst-2-english"
RENAMED = {
    SST2: f"distilbert/{SST2}",
    "bert-base-uncased": "google-bert/bert-base-uncased",
    "bert-base-cased": "google-bert/bert-base-cased",
    "distilroberta-base": "distilbert/distilroberta-base",
    "gpt2": "openai-community/gpt2",
}


# --- the models that are served ---------------------------------------------------------------------------


def _wordpiece(folder: Path, *, lower: bool) -> int:
    """Save a WordPiece tokenizer over letters and a few words; the size of its vocabulary."""
    from transformers import BertTokenizer

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = string.ascii_lowercase + ("" if lower else string.ascii_uppercase) + string.digits + ".,!?'"
    pieces = special + list(letters) + [f"##{letter}" for letter in letters] + WORDS
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    BertTokenizer(vocab=vocabulary, do_lower_case=lower, model_max_length=512).save_pretrained(folder)
    return len(vocabulary)


def _byte_pairs(folder: Path, *, roberta: bool) -> int:
    """Save a byte-level BPE tokenizer in the manner of RoBERTa or GPT-2; the size of its vocabulary."""
    from tokenizers import ByteLevelBPETokenizer, processors
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] if roberta else ["<|endoftext|>"]
    raw = ByteLevelBPETokenizer()
    text = [" ".join(WORDS)] * 4
    raw.train_from_iterator(text, vocab_size=400, special_tokens=special, show_progress=False)
    if roberta:
        ends = ("</s>", raw.token_to_id("</s>")), ("<s>", raw.token_to_id("<s>"))
        raw._tokenizer.post_processor = processors.RobertaProcessing(*ends)
        names = {
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
        }
    else:
        names = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw._tokenizer,
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
        **names,
    )
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def _bert(folder: Path, *, lower: bool) -> None:
    import transformers as t

    size = _wordpiece(folder, lower=lower)
    config = t.BertConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    t.BertForMaskedLM(config).save_pretrained(folder)


def _klue_roberta(folder: Path) -> None:
    import transformers as t

    size = _wordpiece(folder, lower=False)
    config = t.RobertaConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        pad_token_id=0,
        max_position_embeddings=514,
        type_vocab_size=2,
    )
    t.RobertaForMaskedLM(config).save_pretrained(folder)


def _roberta(folder: Path, *, labels: int = 0) -> None:
    import transformers as t

    size = _byte_pairs(folder, roberta=True)
    config = t.RobertaConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=514,
    )
    if labels:
        config.num_labels, config.problem_type = labels, "multi_label_classification"
        t.RobertaForSequenceClassification(config).save_pretrained(folder)
    else:
        t.RobertaForMaskedLM(config).save_pretrained(folder)


def _gpt2(folder: Path) -> None:
    import transformers as t

    size = _byte_pairs(folder, roberta=False)
    config = t.GPT2Config(
        vocab_size=size, n_embd=32, n_layer=2, n_head=2, n_positions=512, bos_token_id=0, eos_token_id=0
    )
    t.GPT2LMHeadModel(config).save_pretrained(folder)


def _bart_nli(folder: Path) -> None:
    import transformers as t

    size = _byte_pairs(folder, roberta=True)
    names = {0: "contradiction", 1: "neutral", 2: "entailment"}
    config = t.BartConfig(
        vocab_size=size,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=512,
        id2label=names,
        label2id={name: number for number, name in names.items()},
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )
    t.BartForSequenceClassification(config).save_pretrained(folder)


def _distilbert_answers(folder: Path) -> None:
    import transformers as t

    size = _wordpiece(folder, lower=False)
    config = t.DistilBertConfig(vocab_size=size, dim=32, n_layers=2, n_heads=2, hidden_dim=64)
    t.DistilBertForQuestionAnswering(config).save_pretrained(folder)
    settings = folder / "tokenizer_config.json"  # DistilBERT takes no token_type_ids
    told = json.loads(settings.read_text(encoding="utf-8"))
    told["model_input_names"] = ["input_ids", "attention_mask"]
    settings.write_text(json.dumps(told), encoding="utf-8")


def _t5(folder: Path) -> None:
    import transformers as t

    size = _byte_pairs(folder, roberta=True)
    config = t.T5Config(
        vocab_size=size,
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=1,
        num_heads=2,
        pad_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    t.T5ForConditionalGeneration(config).save_pretrained(folder)


#: Full name on the Hub -> the pocket folder that stands in, if the package carries it, and how to make a
#: tiny random model of the right class otherwise.
SERVED: dict[str, tuple[str | None, Callable[[Path], None] | None]] = {
    f"distilbert/{SST2}": ("pocket-bert-uncased-sst2", None),
    "google-bert/bert-base-uncased": ("pocket-bert-uncased", lambda folder: _bert(folder, lower=True)),
    "google-bert/bert-base-cased": (None, lambda folder: _bert(folder, lower=False)),
    "klue/bert-base": (None, lambda folder: _bert(folder, lower=False)),
    "klue/roberta-base": ("pocket-roberta-ko", _klue_roberta),
    "distilbert/distilroberta-base": (None, _roberta),
    "SamLowe/roberta-base-go_emotions": (None, lambda folder: _roberta(folder, labels=EMOTIONS)),
    "openai-community/gpt2": ("pocket-gpt", _gpt2),
    "facebook/bart-large-mnli": (None, _bart_nli),
    "distilbert/distilbert-base-cased-distilled-squad": (None, _distilbert_answers),
    "google-t5/t5-small": (None, _t5),
}


def repositories(workshop: Path) -> dict[str, Path]:
    """Folder of every served repository; what the package does not carry is made under `workshop`."""
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    found: dict[str, Path] = {}
    for name, (pocket, make) in SERVED.items():
        if pocket and (POCKET / pocket / "config.json").is_file():
            found[name] = POCKET / pocket
            continue
        if make is None:
            raise FileNotFoundError(f"{name} is served from course_utils/pocket/{pocket}, which is not there")
        found[name] = workshop / name.replace("/", "--")
        found[name].mkdir(parents=True)
        make(found[name])
    return found


# --- the protocol -----------------------------------------------------------------------------------------


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class LocalHub:
    """Serves repositories on a free loopback port while the `with` block lasts.

    >>> with LocalHub({}) as hub:
    ...     hub.address.startswith("http://127.0.0.1:")
    True
    """

    def __init__(self, repos: dict[str, Path]) -> None:
        self.repos = repos
        #: Method and path of every request, in the order of arrival.
        self.requests: list[tuple[str, str]] = []
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """What to set HF_ENDPOINT to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def asked_for(self, text: str) -> list[tuple[str, str]]:
        """The requests whose path holds `text`."""
        return [request for request in self.requests if text in request[1]]

    def commit(self, repo: str) -> str:
        """The commit that the repository's only revision, `main`, stands at."""
        return hashlib.sha1(repo.encode("utf-8"), usedforsecurity=False).hexdigest()

    def files(self, repo: str) -> dict[str, Path]:
        """The files of a repository by their path in it."""
        folder = self.repos[repo]
        return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}

    def __enter__(self) -> LocalHub:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: LocalHub

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: the requests are kept in `hub.requests`."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append((self.command, path))
        if found := re.fullmatch(r"/blobs/([0-9a-f]{64})/(.+?)/([^/]+/[^/]+)/at/(.+)", path):
            return self._blob(*found.groups())
        if found := re.fullmatch(r"/api/models/((?:[^/]+/)?[^/]+?)(?:/(revision|tree)/([^/]+)(/.*)?)?", path):
            return self._api(*found.groups())
        if found := re.fullmatch(r"/((?:[^/]+/)?[^/]+)/resolve/([^/]+)/(.+)", path):
            return self._resolve(*found.groups())
        return self._refuse(404, "", "not served here")

    def _api(self, repo: str, what: str | None, revision: str | None, inside: str | None) -> None:
        if not self._is_known(repo, revision or "main"):
            return None
        files = self.hub.files(repo)
        if what == "tree":
            start = (inside or "").strip("/")
            kept = {name: path for name, path in files.items() if not start or name.startswith(start + "/")}
            if start and not kept:
                return self._refuse(404, "EntryNotFound", f"{start} does not exist", repo)
            return self._json(
                [
                    {"type": "file", "path": name, "size": path.stat().st_size, "oid": _digest(path)[:40]}
                    for name, path in sorted(kept.items())
                ]
            )
        return self._json(
            {
                "_id": self.hub.commit(repo)[:24],
                "id": repo,
                "modelId": repo,
                "author": repo.partition("/")[0],
                "sha": self.hub.commit(repo),
                "lastModified": "2026-01-01T00:00:00.000Z",
                "createdAt": "2026-01-01T00:00:00.000Z",
                "private": False,
                "gated": False,
                "disabled": False,
                "downloads": 0,
                "likes": 0,
                "tags": ["transformers", "safetensors"],
                "library_name": "transformers",
                "pipeline_tag": "text-classification",
                "siblings": [{"rfilename": name} for name in sorted(files)],
            }
        )

    def _resolve(self, repo: str, revision: str, name: str) -> None:
        if not self._is_known(repo, revision):
            return
        path = self.hub.files(repo).get(name)
        if path is None:
            self._refuse(404, "EntryNotFound", f"{name} does not exist", repo)
            return
        if path.suffix == ".safetensors":  # large files come from another place, as on the Hub
            self.send_response(302)
            self.send_header("X-Repo-Commit", self.hub.commit(repo))
            self.send_header("X-Linked-Size", str(path.stat().st_size))
            self.send_header("X-Linked-Etag", f'"{_digest(path)}"')
            place = f"{self.hub.address}/blobs/{_digest(path)}/of/{repo}/at/{name}"
            self.send_header("Location", place)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send_file(path, repo)

    def _blob(self, digest: str, _of: str, repo: str, name: str) -> None:
        path = self.hub.files(repo).get(name) if repo in self.hub.repos else None
        if path is None or _digest(path) != digest:
            self._refuse(404, "EntryNotFound", "no such blob")
            return
        self._send_file(path, repo)

    def _send_file(self, path: Path, repo: str) -> None:
        content = path.read_bytes()
        first = 0
        if found := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            first = int(found.group(1))
        self.send_response(206 if first else 200)
        self.send_header("X-Repo-Commit", self.hub.commit(repo))
        self.send_header("ETag", f'"{_digest(path)}"')
        self.send_header("Accept-Ranges", "bytes")
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[first:])

    def _is_known(self, repo: str, revision: str) -> bool:
        """Whether repository and revision are served; if not, the Hub's answer has been sent."""
        if repo in RENAMED and RENAMED[repo] in self.hub.repos:
            self.send_response(307)
            self.send_header("Location", self.path.replace(repo, RENAMED[repo], 1))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False
        if repo not in self.hub.repos:
            self._refuse(401, "RepoNotFound", "Repository not found")
            return False
        if revision not in ("main", self.hub.commit(repo)):
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}", repo)
            return False
        return True

    def _refuse(self, status: int, code: str, message: str, repo: str = "") -> None:
        body = json.dumps({"error": message}).encode("utf-8")
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", message)
        if repo:
            self.send_header("X-Repo-Commit", self.hub.commit(repo))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _json(self, value: Any) -> None:
        body = json.dumps(value).encode("utf-8")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
