"""What is right and wrong in the exercises of lesson 03, models and checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from course_checks.values import as_tensor, shown
from course_utils.exercises import RIGHT, Verdict, exercise, started

if TYPE_CHECKING:
    from transformers import BertModel

TWIN_SIZES = {
    "vocab_size": 40,
    "hidden_size": 12,
    "num_hidden_layers": 1,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "max_position_embeddings": 16,
}


CHECKPOINT_SEED = 94_817
"""So that a learner's own seed does not happen to give the checkpoint's weights."""


@exercise("03/random-twin")
def random_twin(answer: Callable[[str], object]) -> Verdict:
    """`answer(name)` gives a body of the checkpoint's architecture with new random weights, in evaluation mode.

    >>> from transformers import AutoConfig, AutoModel
    >>> random_twin(lambda name: AutoModel.from_config(AutoConfig.from_pretrained(name)).eval()).passed
    True
    """
    import torch
    from transformers import BertConfig, BertModel

    with TemporaryDirectory() as folder:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(CHECKPOINT_SEED)
            original = BertModel(BertConfig(**TWIN_SIZES)).eval()
        original.save_pretrained(folder)
        given = started(answer(folder))
        cause = _not_a_twin(given, original)
    if cause is None:
        return RIGHT
    gave = f"`{type(given).__name__}`"
    return Verdict(False, "random_twin(name)", gave, "a `BertModel` like the checkpoint's", cause)


def _not_a_twin(given: object, original: BertModel) -> str | None:
    """The first thing that keeps a model from being a random twin in evaluation mode, or None."""
    import torch

    if not isinstance(given, torch.nn.Module):
        return "not_a_model"
    if type(given) is not type(original):
        return "other_class"
    theirs, ours = given.state_dict(), original.state_dict()
    if {name: value.shape for name, value in theirs.items()} != {name: value.shape for name, value in ours.items()}:
        return "other_sizes"
    if any(value.is_meta for value in theirs.values()):
        return "on_meta"
    if all(torch.equal(value.float(), ours[name]) for name, value in theirs.items()):
        return "pretrained"
    return "training_mode" if given.training else None


@exercise("03/layer-parameters")
def layer_parameters(answer: Callable[[int, int], object]) -> Verdict:
    """`answer(hidden_size, intermediate_size)` gives the number of parameters of one layer of BERT.

    >>> layer_parameters(lambda h, i: 4 * (h * h + h) + 2 * h * i + i + h + 4 * h).passed
    True
    """
    for h, i in ((768, 3072), (288, 1024), (4, 6)):
        attention, feed_forward, norms = 4 * (h * h + h), 2 * h * i + i + h, 4 * h
        expected = attention + feed_forward + norms
        given = started(answer(h, i))
        number = as_tensor(given)
        if number is not None and number.numel() == 1 and float(number) == expected:
            continue
        mistakes = {
            4 * h * h + 2 * h * i + norms: "no_biases",
            4 * h * h + 2 * h * i: "no_biases",
            attention + feed_forward: "no_norms",
            attention + feed_forward + 2 * h: "one_norm",
            expected - h * h - h: "three_projections",
            attention: "only_attention",
            feed_forward: "only_feed_forward",
        }
        if number is None or number.numel() != 1:
            cause = "not_a_number"
        else:
            cause = mistakes.get(float(number), "other")
        return Verdict(False, f"layer_parameters({h}, {i})", f"`{shown(given)}`", f"`{expected}`", cause)
    return RIGHT


@exercise("03/read-header")
def read_header(answer: Callable[[str], object]) -> Verdict:
    """`answer(path)` gives the shape of each tensor in a safetensors file, by name, from the header alone.

    >>> import json
    >>> def read(path):
    ...     with open(path, "rb") as file:
    ...         header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    ...     return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}
    >>> read_header(read).passed
    True
    """
    import torch
    from safetensors.torch import save_file

    cases = (
        ({"layer.weight": (3, 2), "layer.bias": (3,)}, {"format": "pt"}),
        ({f"layers.{n}.weight": (n + 1, 4) for n in range(5)}, None),
        ({"가중치": (2, 2), "number": ()}, {"format": "pt"}),
    )
    for shapes, metadata in cases:
        with TemporaryDirectory() as folder:
            path = str(Path(folder) / "model.safetensors")
            save_file({name: torch.zeros(shape) for name, shape in shapes.items()}, path, metadata=metadata)
            given = started(answer(path))
        cause = _other_shapes(given, shapes)
        if cause:
            expected = {name: list(shape) for name, shape in shapes.items()}
            return Verdict(False, "read_header(path)", f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


def _other_shapes(given: object, shapes: dict[str, tuple[int, ...]]) -> str | None:
    """The first thing in which an answer differs from the shapes in a file, or None."""
    if not isinstance(given, dict):
        return "not_a_dictionary"
    if "__metadata__" in given:
        return "metadata_kept"
    if set(given) != set(shapes):
        return "names"
    if all(isinstance(value, dict) for value in given.values()):
        return "whole_entries"
    if not all(isinstance(value, list | tuple) for value in given.values()):
        return "not_shapes"
    return None if all(list(given[name]) == list(shape) for name, shape in shapes.items()) else "other_numbers"
