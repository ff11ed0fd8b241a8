"""Right answers to the exercises of lesson 03, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

import json
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, BertConfig, BertForMaskedLM, BertModel


def twin(name: str) -> torch.nn.Module:
    """A random body like the checkpoint's, in evaluation mode."""
    return AutoModel.from_config(AutoConfig.from_pretrained(name)).eval()


def on_meta(name: str) -> torch.nn.Module:
    """The body without numbers."""
    with torch.device("meta"):
        return twin(name)


def layer(h: int, i: int) -> int:
    """Parameters of one layer."""
    return 4 * (h * h + h) + 2 * h * i + i + h + 4 * h


def header(path: str) -> dict[str, Any]:
    """The header of a safetensors file, with everything in it."""
    with open(path, "rb") as file:
        return json.loads(file.read(int.from_bytes(file.read(8), "little")))


def entries(path: str, key: str | None = "shape") -> dict[str, Any]:
    """One field of each tensor in a header, or the whole entry."""
    tensors = {name: entry for name, entry in header(path).items() if name != "__metadata__"}
    return {name: entry[key] if key else entry for name, entry in tensors.items()}


RIGHT = {
    "03/random-twin": (twin,),
    "03/layer-parameters": (layer,),
    "03/read-header": (entries,),
}
WRONG = {
    "03/random-twin": {
        "not_a_model": AutoConfig.from_pretrained,
        "other_class": lambda name: BertForMaskedLM(AutoConfig.from_pretrained(name)).eval(),
        "other_sizes": lambda name: BertModel(
            BertConfig(vocab_size=40, hidden_size=24, num_hidden_layers=1, intermediate_size=20)
        ).eval(),
        "on_meta": on_meta,
        "pretrained": AutoModel.from_pretrained,
        "training_mode": lambda name: twin(name).train(),
    },
    "03/layer-parameters": {
        "not_a_number": lambda h, i: "many",
        "no_biases": lambda h, i: 4 * h * h + 2 * h * i,
        "no_norms": lambda h, i: layer(h, i) - 4 * h,
        "one_norm": lambda h, i: layer(h, i) - 2 * h,
        "three_projections": lambda h, i: layer(h, i) - h * h - h,
        "only_attention": lambda h, i: 4 * (h * h + h),
        "only_feed_forward": lambda h, i: 2 * h * i + i + h,
        "other": lambda h, i: h * i,
    },
    "03/read-header": {
        "not_a_dictionary": lambda path: list(entries(path)),
        "metadata_kept": header,
        "names": lambda path: {},
        "whole_entries": lambda path: entries(path, None),
        "not_shapes": lambda path: entries(path, "dtype"),
        "other_numbers": lambda path: entries(path, "data_offsets"),
    },
}
