"""Answers to the exercises of lesson 03: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel, BertConfig, BertForMaskedLM, BertForSequenceClassification, BertModel

from course_lessons.lesson_03.exercises import TWIN_SIZES


def twin(name: str) -> Any:
    """A random body like the checkpoint's, in evaluation mode."""
    return AutoModel.from_config(AutoConfig.from_pretrained(name)).eval()


def by_class(name: str) -> Any:
    """The same by the classes' own names."""
    config = AutoConfig.from_pretrained(name)
    model = AutoModel.from_config(config)
    return type(model)(config).train(False)


def drawn_again(name: str) -> Any:
    """Loads the checkpoint and draws every table anew."""
    model = AutoModel.from_pretrained(name)
    with torch.no_grad():
        for value in model.parameters():
            value.normal_(std=0.02)
    return model.eval()


def changed(how: Any, only: str = "") -> Any:
    """The checkpoint with its weights changed."""

    def answer(name: str) -> Any:
        model = AutoModel.from_pretrained(name)
        with torch.no_grad():
            for key, value in model.named_parameters():
                if only in key:
                    how(value)
        return model.eval()

    return answer


def on_meta(name: str) -> Any:
    """The body without numbers."""
    with torch.device("meta"):
        return twin(name)


def counted(h: int, i: int) -> int:
    """Counts the parameters of a layer that is built."""
    shapes = [(h, h)] * 4 + [(h, i), (i, h)]
    return sum(a * b + b for a, b in shapes) + 2 * sum(p.numel() for p in torch.nn.LayerNorm(h).parameters())


def by_struct(path: str) -> dict[str, Any]:
    """The length by `struct`."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length).decode("utf-8"))
    header.pop("__metadata__", None)
    return {name: tuple(entry["shape"]) for name, entry in header.items()}


def by_slices(path: str) -> dict[str, Any]:
    """By the library's own way to look without loading."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118


def whole_file(path: str) -> dict[str, Any]:
    """Reads everything, and looks at the header only."""
    data = Path(path).read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}


def two_bytes(path: str) -> dict[str, Any]:
    """Takes the length from two of its eight bytes."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8)[:2], "little")
        header = json.loads(file.read(length))
    return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}


def tensor_by_tensor(path: str) -> dict[str, Any]:
    """Loads every tensor for its shape."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name).shape for name in file.keys()}  # noqa: SIM118


def tensor_by_struct(path: str, key: str) -> Any:
    """Number by number, into lists."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(length))[key]
        begin, end = entry["data_offsets"]
        file.seek(begin, 1)
        data = file.read(end - begin)
    letter = {"F32": "f", "F16": "e"}[entry["dtype"]]
    numbers = struct.unpack(f"<{len(data) // struct.calcsize(letter)}{letter}", data)
    return np.array(numbers).reshape(entry["shape"])


def tensor_by_map(path: str, key: str) -> Any:
    """By an array that is laid over the file."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(length))[key]
    kind = {"F32": np.float32, "F16": np.float16}[entry["dtype"]]
    return np.memmap(path, kind, "r", 8 + length + entry["data_offsets"][0], tuple(entry["shape"]))


def tensor_of_all(path: str, key: str) -> Any:
    """Reads the whole file for one tensor."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8 : 8 + length])[key]
    begin, end = (8 + length + offset for offset in entry["data_offsets"])
    kind = {"F32": np.float32, "F16": np.float16}[entry["dtype"]]
    return np.frombuffer(data[begin:end], kind).reshape(entry["shape"])


def tensor_by_library(path: str, key: str) -> Any:
    """By the library."""
    with safe_open(path, framework="pt") as file:
        return file.get_tensor(key)


def body_of_whole(path: str, config: Any) -> Any:
    """Fills the whole classifier, and gives its body away."""
    whole = BertForSequenceClassification(config)
    whole.load_state_dict(load_file(path))
    return whole.bert.eval()


def body_by_library(path: str, config: Any) -> Any:
    """As one should."""
    return AutoModel.from_pretrained(Path(path).parent)


def body_by_copying(path: str, config: Any) -> Any:
    """Tensor by tensor."""
    body = BertModel(config).eval()
    weights = load_file(path)
    with torch.no_grad():
        for key, value in body.named_parameters():
            value.copy_(weights[f"bert.{key}"])
    return body


def body_of_strict(path: str, config: Any) -> Any:
    """Without `strict=False`, and with the names as they are."""
    body = BertModel(config)
    body.load_state_dict(load_file(path))
    return body


RIGHT: dict[str, list[Any]] = {
    "03/random-twin": [twin, by_class, drawn_again],
    "03/layer-parameters": [
        counted,
        lambda h, i: torch.tensor(4 * h * h + 9 * h + 2 * h * i + i),
        lambda h, i: float(4 * (h * h + h) + 2 * h * i + i + h + 4 * h),
    ],
    "03/read-tensor": [
        tensor_by_struct,
        tensor_by_map,
        lambda path, key: torch.tensor(tensor_by_struct(path, key)).float(),
    ],
    "03/read-header": [by_struct, by_slices, lambda path: {name: torch.Size(s) for name, s in by_struct(path).items()}],
    "03/repair-weights": [body_of_whole, body_by_library, body_by_copying],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "03/random-twin": [
        ("not_a_model", AutoConfig.from_pretrained),
        ("other_class", lambda name: BertForMaskedLM(AutoConfig.from_pretrained(name)).eval()),
        ("other_class", lambda name: BertModel(BertConfig(**TWIN_SIZES)).eval()),
        ("other_sizes", lambda name: BertModel(BertConfig(vocab_size=40, hidden_size=24, num_hidden_layers=1)).eval()),
        ("on_meta", on_meta),
        ("pretrained", AutoModel.from_pretrained),
        ("from_pretrained", changed(lambda value: value.mul_(2))),
        ("constant", changed(lambda value: value.zero_())),
        ("partly_pretrained", changed(lambda value: value.normal_(), "attention")),
        ("partly_pretrained", changed(lambda value: value.normal_(), "pooler")),
        ("training_mode", lambda name: twin(name).train()),
    ],
    "03/layer-parameters": [
        ("kind", lambda h, i: "many"),
        ("", lambda h, i: h * i),
        ("", lambda h, i: 12 * counted(h, i)),
        ("no_norms", lambda h, i: counted(h, i) - 4 * h),
    ],
    "03/read-tensor": [
        ("whole_file", tensor_of_all),
        ("forbidden", tensor_by_library),
        ("forbidden", lambda path, key: load_file(path)[key]),
        ("kind", lambda path, key: key),
        ("flat", lambda path, key: tensor_by_struct(path, key).flatten()),
        ("shape", lambda path, key: tensor_by_struct(path, key)[:1]),
        ("", lambda path, key: tensor_by_struct(path, key) + 0.01),
        ("raised", lambda path, key: tensor_by_struct(path, key + "s")),
    ],
    "03/read-header": [
        ("whole_file", whole_file),
        ("forbidden", lambda path: {name: tensor.shape for name, tensor in load_file(path).items()}),
        ("forbidden", tensor_by_tensor),
        ("raised", two_bytes),
        ("", lambda path: {}),
        ("kind", lambda path: str(by_struct(path))),
    ],
    "03/repair-weights": [
        ("not_the_body", lambda path, config: BertForSequenceClassification(config).eval()),
        ("not_the_body", lambda path, config: load_file(path)),
        ("raised", body_of_strict),
        ("planted", lambda path, config: BertModel(config).eval()),
        ("training_mode", lambda path, config: body_of_whole(path, config).train()),
    ],
}


EQUIVALENT: dict[str, dict[str, str]] = {
    "03/layer-parameters": {"norms = (2 + 2) * hidden_size": "2 + 2 is 2 * 2"},
}
