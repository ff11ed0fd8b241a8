"""What is right and wrong in the exercises of lesson 03, models and checkpoints."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from course_checks.judging import Exercise, Found
from course_checks.values import alike, plain
from course_utils.exercises import record
from course_utils.messages import text

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
HEADER_BYTES = 8
"""The length of the header stands in so many bytes, in front of it."""
LARGE = 2_000_000
"""More bytes than any header here has."""


def _reading(answer: Callable[..., Any], path: Path, *more: str) -> Any:
    """What an answer gives of a file; of a large one it may not hold all bytes at once."""
    tracemalloc.start()
    try:
        given = plain(answer(path, *more))
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if path.stat().st_size > LARGE and held > LARGE:
        raise Found("whole_file")
    return given


@record("03/random-twin")
def random_twin() -> Exercise:
    """`answer(name)` gives a body of the checkpoint's architecture with new random weights, in evaluation mode."""
    import torch
    from transformers import AutoConfig, AutoModel, BertConfig, BertModel, DistilBertConfig, DistilBertModel

    def built(kind: str) -> Any:
        if kind == "bert":
            return BertModel(BertConfig(**TWIN_SIZES)).eval()
        return DistilBertModel(DistilBertConfig(vocab_size=40, dim=12, hidden_dim=20, n_layers=1, n_heads=3)).eval()

    def twin(answer: Callable[[str], Any], kind: str) -> str:
        """Save a checkpoint, ask for its twin, and look at that."""
        with TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]):
            torch.manual_seed(CHECKPOINT_SEED)
            original = built(kind)
            original.save_pretrained(folder)
            torch.manual_seed(1)
            given = answer(folder)
        if given is None or given is Ellipsis:
            return given  # type: ignore[return-value]
        cause = _not_a_twin(given, original)
        if cause:
            wanted = text("exercise.03.random-twin.words.twin", kind=f"`{type(original).__name__}`")
            raise Found(cause, f"`{type(given).__name__}`", wanted)
        return "a twin"

    return Exercise(
        right=lambda name: AutoModel.from_config(AutoConfig.from_pretrained(name)).eval(),
        cases=[("bert",), ("distilbert",)],
        use=twin,
        call=lambda kind: "random_twin(name)",
    )


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
    drawn = [name for name, value in ours.items() if value.ndim == 2]  # the tables and matrices are what is drawn
    kept = [name for name in drawn if torch.equal(theirs[name].float(), ours[name])]
    if len(kept) == len(drawn):
        return "pretrained"
    if kept:
        return "partly_pretrained"
    if any(float(theirs[name].float().std()) == 0 for name in drawn):
        return "constant"
    if any(abs(_correlation(theirs[name], ours[name])) > 0.9 for name in drawn):
        return "from_pretrained"
    return "training_mode" if any(part.training for part in given.modules()) else None


def _correlation(one: Any, other: Any) -> float:
    import torch

    return float(torch.corrcoef(torch.stack([one.flatten().float(), other.flatten().float()]))[0, 1])


@record("03/layer-parameters")
def layer_parameters() -> Exercise:
    """`answer(hidden_size, intermediate_size)` gives the number of parameters of one layer of BERT."""

    def counted(
        attention: Callable[[int], int] = lambda h: 4 * (h * h + h),
        feed_forward: Callable[[int, int], int] = lambda h, i: 2 * h * i + i + h,
        norms: Callable[[int], int] = lambda h: 4 * h,
    ) -> Callable[[int, int], int]:
        return lambda h, i: attention(h) + feed_forward(h, i) + norms(h)

    def none(*_: int) -> int:
        return 0

    return Exercise(
        right=counted(),
        cases=[(768, 3072), (288, 1024), (4, 6)],
        mistakes={
            "no_biases": (
                counted(lambda h: 4 * h * h, lambda h, i: 2 * h * i),
                counted(lambda h: 4 * h * h, lambda h, i: 2 * h * i, none),
                counted(feed_forward=lambda h, i: 2 * h * i),
            ),
            "no_norms": counted(norms=none),
            "one_norm": (counted(norms=lambda h: 2 * h), counted(norms=lambda h: 3 * h)),
            "three_projections": counted(lambda h: 3 * (h * h + h)),
            "only_attention": (counted(feed_forward=none, norms=none), counted(feed_forward=none)),
            "only_feed_forward": (counted(none, norms=none), counted(none)),
            "one_way": (
                counted(feed_forward=lambda h, i: h * i + i),
                counted(feed_forward=lambda h, i: h * i + h),
            ),
            "same_bias": (
                counted(feed_forward=lambda h, i: 2 * (h * i + i)),
                counted(feed_forward=lambda h, i: 2 * (h * i + h)),
            ),
            "fixed_ratio": counted(feed_forward=lambda h, i: 8 * h * h + 5 * h),
        },
    )


@record("03/read-header")
def read_header() -> Exercise:
    """`answer(path)` gives the shape of each tensor in a safetensors file, by name, from the header alone."""
    import torch
    from safetensors.torch import save_file

    def shapes(answer: Callable[[Path], Any], tensors: dict[str, tuple[int, ...]], metadata: Any) -> Any:
        """Write a file, ask for its shapes, and see how many bytes were held meanwhile."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model.safetensors"  # as in the lesson: `open(path)` and `path.open()` both read it
            save_file({name: torch.zeros(shape) for name, shape in tensors.items()}, path, metadata=metadata)
            return _reading(answer, path)

    def read(keep: Callable[[str, Any], bool] = lambda name, entry: name != "__metadata__", part: Any = "shape") -> Any:
        def found(path: Path) -> dict[str, Any]:
            with open(path, "rb") as file:
                header = json.loads(file.read(int.from_bytes(file.read(HEADER_BYTES), "little")))
            return {name: part(e) if callable(part) else e[part] for name, e in header.items() if keep(name, e)}

        return found

    many = {f"layers.{n}.weight": (n + 1, 4) for n in range(5)}
    far = {f"{'encoder.' * 150}{n}.weight": (2, n + 1) for n in range(60)}
    return Exercise(
        right=read(),
        cases=[
            ({"layer.weight": (3, 2), "layer.bias": (3,)}, {"format": "pt"}),
            (many, None),
            ({"가중치": (2, 2), "number": ()}, {"format": "pt"}),
            (far, {"format": "pt"}),  # a header of more than 65,536 bytes
            ({"layer.weight": (1000, 1000), "layer.bias": (3,)}, {"format": "pt"}),
        ],
        use=shapes,
        same=alike(0.0),
        call=lambda tensors, metadata: "read_header(path)",
        forbidden=("load_file", "get_tensor"),
        mistakes={
            "metadata_kept": read(lambda name, entry: True, lambda entry: entry.get("shape", entry)),
            "header_itself": read(lambda name, entry: True, lambda entry: entry),
            "whole_entries": read(part=lambda entry: entry),
            "dtypes": read(part="dtype"),
            "offsets": read(part="data_offsets"),
            "sizes": read(part=lambda entry: torch.Size(entry["shape"]).numel()),
            "names_only": lambda path: list(read()(path)),
        },
    )


@record("03/read-tensor")
def read_tensor() -> Exercise:
    """`answer(path, key)` gives one tensor of a safetensors file, from its own bytes alone."""
    import torch
    from safetensors.torch import save_file

    kinds = {"F32": torch.float32, "F16": torch.float16}

    def fetched(answer: Callable[[Path, str], Any], size: str, key: str) -> Any:
        """Write a file, ask for a tensor of it, and see how many bytes were held meanwhile."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model.safetensors"
            save_file(files[size], path, metadata={"format": "pt"})
            return _reading(answer, path, key)

    def read(
        begin_at: Callable[[int, int], int] = lambda length, begin: HEADER_BYTES + length + begin,
        bytes_of: Callable[[int, int], int] = lambda begin, end: end - begin,
        kind_of: Callable[[str], Any] = lambda name: kinds[name],
        shaped: Callable[[Any, list[int]], Any] = lambda numbers, shape: numbers.reshape(shape),
        of: Callable[[dict[str, Any], str], str] = lambda header, key: key,
    ) -> Callable[[Path, str], Any]:
        """One tensor of the file, wrong in one thing."""

        def found(path: Path, key: str) -> Any:
            with open(path, "rb") as file:
                length = int.from_bytes(file.read(HEADER_BYTES), "little")
                header = json.loads(file.read(length))
                entry = header[of(header, key)]
                begin, end = entry["data_offsets"]
                file.seek(begin_at(length, begin))
                data = file.read(bytes_of(begin, end))
            return shaped(torch.frombuffer(bytearray(data), dtype=kind_of(entry["dtype"])), entry["shape"])

        return found

    drawn = torch.Generator().manual_seed(3)
    small = {
        "layer.bias": torch.randn(4, generator=drawn),
        "layer.weight": torch.randn(2, 3, generator=drawn),
        "norm": torch.randn(2, 2, 2, generator=drawn).half(),
        "other": torch.randn(5, generator=drawn).half(),
    }
    large = {
        "first": torch.randn(3, generator=drawn),
        "head": torch.randn(3, generator=drawn).half(),
        "table": torch.zeros(800, 800),
    }
    files = {"small": small, "large": large}
    return Exercise(
        right=read(),
        cases=[
            ("small", "layer.bias"),
            ("small", "layer.weight"),
            ("small", "norm"),
            ("large", "head"),
            ("large", "first"),
        ],
        use=fetched,
        same=alike(0.0),
        call=lambda size, key: f"read_tensor(path, {key!r})",
        forbidden=("load_file", "get_tensor", "get_slice", "safetensors.torch.load", "deserialize"),
        mistakes={
            "flat": read(shaped=lambda numbers, shape: numbers),
            "header_forgotten": (
                read(begin_at=lambda length, begin: begin),
                read(begin_at=lambda length, begin: HEADER_BYTES + begin),
            ),
            "length_forgotten": read(begin_at=lambda length, begin: length + begin),
            "start_forgotten": read(begin_at=lambda length, begin: HEADER_BYTES + length),
            "one_type": (read(kind_of=lambda name: torch.float32), read(kind_of=lambda name: torch.float16)),
            "turned": read(shaped=lambda numbers, shape: numbers.reshape(shape[::-1])),
        },
    )


@record("03/repair-weights")
def repair_weights() -> Exercise:
    """`answer(path, config)` gives a body with the weights that a file of body and head holds, in evaluation mode."""
    import torch
    from transformers import AutoModel, BertConfig, BertForSequenceClassification, BertModel

    def words(key: str, **values: int) -> str:
        return text(f"exercise.03.repair-weights.words.{key}", **values)

    def loaded(answer: Callable[[str, Any], Any], seed: int, layers: int) -> Any:
        """Save a classifier, ask for its body, and compare tensor by tensor."""
        with TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(CHECKPOINT_SEED + seed)
            original = BertForSequenceClassification(BertConfig(**{**TWIN_SIZES, "num_hidden_layers": layers}))
            for value in original.parameters():
                value.add_(0.02 * torch.randn(value.shape))  # so that no bias is 0 and no norm 1 by itself
            original.save_pretrained(folder)
            torch.manual_seed(1)
            given = answer(str(Path(folder) / "model.safetensors"), original.config)
        if given is None or given is Ellipsis:
            return given
        if type(given) is not BertModel:
            raise Found("not_the_body", f"`{type(given).__name__}`", "`BertModel`")
        theirs, ours = given.state_dict(), original.bert.state_dict()
        equal = [key for key, value in ours.items() if key in theirs and torch.equal(theirs[key], value)]
        return {
            words("equal"): words("share", equal=len(equal), all=len(ours)),
            words("mode"): words("training" if given.training else "evaluation"),
        }

    def filled(
        rename: Callable[[str], str] = lambda key: key.removeprefix("bert."),
        keep: Callable[[str], bool] = lambda key: key.startswith("bert."),
        training: bool = False,
    ) -> Callable[[str, Any], Any]:
        """The body with the tensors that fit, under other names."""

        def found(path: str, config: Any) -> Any:
            from safetensors.torch import load_file

            body = AutoModel.from_config(config)
            own = {rename(key): value for key, value in load_file(path).items() if keep(key)}
            body.load_state_dict(own, strict=False)
            return body.train(training)

        return found

    return Exercise(
        right=filled(),
        cases=[(0, 1), (1, 2)],
        use=loaded,
        call=lambda seed, layers: "body_with_weights(path, config)",
        mistakes={
            "planted": filled(rename=lambda key: key),
            "training_mode": filled(training=True),
            "encoder_only": (
                filled(keep=lambda key: key.startswith("bert.encoder.")),
                filled(keep=lambda key: not key.startswith("bert.pooler.")),
                filled(keep=lambda key: not key.startswith("bert.embeddings.")),
            ),
            "no_biases": filled(keep=lambda key: not key.endswith(".bias")),
            "planted_in_training": filled(rename=lambda key: key, training=True),
        },
    )
