"""What became of each part of a model when a checkpoint was loaded into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from transformers import PreTrainedModel

State = Literal["loaded", "new", "left"]
"""Filled from the file; not in the file (or of another size), so newly drawn at random; in the file, but not used."""


@dataclass(frozen=True)
class Part:
    """One part of a model or of a checkpoint file, such as the embeddings or the classifier, and what became of it."""

    name: str
    state: State
    in_body: bool


def parts_after_loading(model: PreTrainedModel, info: Mapping[str, Any]) -> list[Part]:
    """The parts of a loaded model from the bottom up, then those parts of the file that it did not take.

    Args:
        model: what `from_pretrained(..., output_loading_info=True)` returned.
        info: the loading info that came with it; a part counts as new as soon as one of its keys is.
    Returns:
        First the body (embeddings, layers, ..., pooler), then the head, each loaded or new; then what was left.

    >>> from transformers import BertConfig, BertForSequenceClassification
    >>> config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, vocab_size=9)
    >>> info = {"missing_keys": ["classifier.bias"], "unexpected_keys": ["cls.seq_relationship.bias"]}
    >>> [(part.name, part.state) for part in parts_after_loading(BertForSequenceClassification(config), info)]
    [('embeddings', 'loaded'), ('layers', 'loaded'), ('pooler', 'loaded'), ('classifier', 'new'), ('cls', 'left')]
    """
    prefix = model.base_model_prefix
    is_body = model.base_model is model
    fresh = {part_of(_key(entry), prefix, is_body) for entry in _fresh(info)}
    found: dict[tuple[str, bool], Part] = {}
    for key in model.state_dict():
        name, in_body = part_of(key, prefix, is_body)
        state: State = "new" if (name, in_body) in fresh else "loaded"
        found.setdefault((name, in_body), Part(name, state, in_body))
    parts = sorted(found.values(), key=lambda part: not part.in_body)  # stable: the body first, else as in the model
    for key in sorted(info.get("unexpected_keys", ())):
        name, in_body = part_of(key, prefix, is_body and key.startswith(f"{prefix}."))
        left = Part(name, "left", in_body)
        if left not in parts:
            parts.append(left)
    return parts


def part_of(key: str, prefix: str, is_body: bool = False) -> tuple[str, bool]:
    """The part that a key belongs to, and whether that part is in the body.

    Args:
        key: name of a weight, such as "bert.encoder.layer.0.output.dense.bias".
        prefix: the model's name for its body, such as "bert".
        is_body: whether the key comes from a body alone, where the prefix is missing.

    >>> part_of("bert.encoder.layer.0.output.dense.bias", "bert"), part_of("classifier.bias", "bert")
    (('layers', True), ('classifier', False))
    >>> part_of("pooler.dense.bias", "bert", is_body=True)
    ('pooler', True)
    """
    in_body = is_body or key.startswith(f"{prefix}.")
    inside = key.removeprefix(f"{prefix}.") if in_body else key
    if in_body and re.search(r"(^|\.)(layers?|h|block)\.\d+\.", inside):
        return "layers", True
    return inside.split(".")[0], in_body


def _fresh(info: Mapping[str, Any]) -> list[Any]:
    """Keys whose weights do not come from the file."""
    return [*info.get("missing_keys", ()), *info.get("mismatched_keys", ())]


def _key(entry: Any) -> str:
    """The key of an entry: mismatched ones come with their shapes."""
    return entry if isinstance(entry, str) else str(entry[0])
