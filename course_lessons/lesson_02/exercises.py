"""What is right and wrong in the exercises of lesson 02, body and head."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from course_checks.values import as_tensor, close, shown
from course_utils.exercises import RIGHT, Verdict, exercise, started

if TYPE_CHECKING:
    from torch import Tensor

Keys = tuple[list[str], list[str]]


@exercise("02/sort-keys")
def sort_keys(answer: Callable[[list[str], list[str]], object]) -> Verdict:
    """`answer(wanted, in_file)` gives the missing keys and the unexpected ones, each as a sorted list.

    >>> sort_keys(lambda wanted, file: (sorted(set(wanted) - set(file)), sorted(set(file) - set(wanted)))).passed
    True
    """
    body = ["embeddings.weight", "layer.0.weight", "layer.0.bias"]
    cases = (
        ([*body, "qa_outputs.weight", "qa_outputs.bias"], [*body, "classifier.weight", "classifier.bias"]),
        ([*body, "pooler.weight"], [*reversed(body), "pooler.bias"]),
        (body, body),
    )
    for wanted, in_file in cases:
        expected = (sorted(set(wanted) - set(in_file)), sorted(set(in_file) - set(wanted)))
        given = started(answer(list(wanted), list(in_file)))
        cause = _keys_cause(given, expected, wanted, in_file)
        if cause:
            call = f"sort_keys({wanted}, {in_file})"
            return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


def _keys_cause(given: object, expected: Keys, wanted: list[str], in_file: list[str]) -> str | None:
    """What is wrong with two lists of keys, or None."""
    lists = _two_lists(given)
    if lists is None:
        return "not_two_lists"
    if lists == expected:
        return None
    ordered = (sorted(lists[0]), sorted(lists[1]))
    if ordered == (expected[1], expected[0]):
        return "swapped"
    if ordered == expected:
        return "not_sorted"
    if ordered == (sorted(wanted), sorted(in_file)):
        return "everything"
    if ordered == (_foreign(wanted, in_file), _foreign(in_file, wanted)):
        return "prefix"
    return "other"


def _two_lists(given: object) -> Keys | None:
    if not isinstance(given, list | tuple) or len(given) != 2:
        return None
    if not all(isinstance(part, list | tuple | set | frozenset) for part in given):
        return None
    if not all(isinstance(key, str) for part in given for key in part):
        return None
    return list(given[0]), list(given[1])


def _foreign(these: Iterable[str], those: Iterable[str]) -> list[str]:
    """Keys whose module, the name before the last dot, does not occur among others."""
    modules = {key.rsplit(".", 1)[0] for key in those}
    return sorted(key for key in these if key.rsplit(".", 1)[0] not in modules)


@exercise("02/two-layers")
def two_layers(answer: Callable[[tuple[Tensor, ...], Tensor], object]) -> Verdict:
    """`answer(hidden_states, mask)` averages the last two layers, then the real tokens: (sentences, hidden size).

    >>> def average(hidden_states, mask):
    ...     states = (hidden_states[-1] + hidden_states[-2]) / 2
    ...     return (states * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True)
    >>> two_layers(average).passed
    True
    """
    import torch

    generator = torch.Generator().manual_seed(2)
    for lengths, layers, width in (([4, 2], 3, 3), ([5, 5, 1], 5, 2), ([3], 3, 4)):
        longest = max(lengths)
        states = tuple(torch.randn(len(lengths), longest, width, generator=generator) for _ in range(layers))
        mask = torch.tensor([[1] * length + [0] * (longest - length) for length in lengths])
        real = mask.unsqueeze(-1)
        both = (states[-1] + states[-2]) / 2
        expected = (both * real).sum(dim=1) / real.sum(dim=1)
        given = started(answer(tuple(part.clone() for part in states), mask.clone()))
        if close(given, expected):
            continue
        cause = _pooling_cause(given, expected, states, real)
        call = f"two_layers({layers} entries of shape {tuple(both.shape)}, {shown(mask)})"
        return Verdict(False, call, f"`{shown(given)}`", f"`{shown(expected)}`", cause)
    return RIGHT


def _pooling_cause(given: object, expected: Tensor, states: tuple[Tensor, ...], real: Tensor) -> str:
    """What is wrong with a sentence vector of two layers."""
    both = (states[-1] + states[-2]) / 2

    def mean(of: Tensor) -> Tensor:
        return (of * real).sum(dim=1) / real.sum(dim=1)

    numbers = as_tensor(given)
    if numbers is None:
        return "not_numbers"
    if numbers.shape != expected.shape:
        return "shape"
    candidates = {
        "padding_seen": (both.mean(dim=1), (both * real).mean(dim=1), both.sum(dim=1) / real.sum(dim=1)),
        "last_only": (mean(states[-1]),),
        "first_two": (mean((states[0] + states[1]) / 2),),
        "not_divided": ((both * real).sum(dim=1),),
        "layers_summed": (2 * expected,),
    }
    for cause, wrong in candidates.items():
        if any(close(given, value) for value in wrong):
            return cause
    return "other"


@exercise("02/own-head")
def own_head(answer: Callable[[Any], Any]) -> Verdict:
    """`answer(config)` builds a module whose logits equal those of DistilBertForSequenceClassification.

    >>> from transformers import AutoModelForSequenceClassification
    >>> class Library(AutoModelForSequenceClassification.from_config(_config()).__class__):
    ...     def forward(self, **inputs):
    ...         return super().forward(**inputs).logits
    >>> own_head(Library).passed
    True
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    config = _config()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        library = AutoModelForSequenceClassification.from_config(config).eval()
        mine = started(answer(config))
    inputs = {
        "input_ids": torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
    }
    with torch.no_grad():
        expected = library(**inputs).logits
        call, wanted = "OwnHead(config)(**inputs)", f"`{shown(expected)}`"
        if not isinstance(mine, torch.nn.Module):
            return Verdict(False, "OwnHead(config)", f"`{shown(mine)}`", "`a torch.nn.Module`", "not_a_module")
        if not list(mine.parameters()):
            started(mine(**inputs))
        try:
            mine.load_state_dict(library.state_dict())
        except RuntimeError:
            names = ", ".join(sorted({key.split(".")[0] for key in mine.state_dict()})) or "no layers"
            return Verdict(False, "OwnHead(config)", f"`{names}`", "`classifier, distilbert, pre_classifier`", "names")
        mine.eval()
        given = started(mine(**inputs))
        if not isinstance(given, torch.Tensor) or given.shape != expected.shape:
            what = tuple(given.shape) if isinstance(given, torch.Tensor) else type(given).__name__
            return Verdict(False, call, f"`{what}`", f"`{tuple(expected.shape)}`", "not_logits")
        if close(given, expected):
            return RIGHT
        return Verdict(False, call, f"`{shown(given)}`", wanted, _head_cause(given, library, inputs))


def _config() -> Any:
    """A tiny DistilBERT; weights drawn wide, so that a wrong head differs in sight."""
    from transformers import AutoConfig

    shape = {"vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    return AutoConfig.for_model("distilbert", **shape, hidden_dim=16, num_labels=3, initializer_range=0.5)


def _head_cause(given: Tensor, library: Any, inputs: dict[str, Tensor]) -> str:
    """Which other head gives these logits."""
    import torch

    states = library.distilbert(**inputs).last_hidden_state
    unmasked = library.distilbert(input_ids=inputs["input_ids"]).last_hidden_state
    real = inputs["attention_mask"].unsqueeze(-1)
    average = (states * real).sum(dim=1) / real.sum(dim=1)

    def head(features: Tensor, between: Callable[[Tensor], Tensor] = torch.relu) -> Tensor:
        return library.classifier(between(library.pre_classifier(features)))

    candidates = {
        "no_relu": (head(states[:, 0], lambda same: same),),
        "tanh": (head(states[:, 0], torch.tanh),),
        "mean_pooled": (head(states.mean(dim=1)), head(average)),
        "last_token": (head(states[:, -1]),),
        "no_mask": (head(unmasked[:, 0]),),
    }
    for cause, wrong in candidates.items():
        if any(close(given, value) for value in wrong):
            return cause
    return "other"
