"""Right answers to the exercises of lesson 02, and a wrong one for every mistake that its checks tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers import AutoModel

Keys = list[str]


def right_keys(wanted: Keys, in_file: Keys) -> tuple[Keys, Keys]:
    """Sorted by hand, without sets."""
    return sorted(k for k in wanted if k not in in_file), sorted(k for k in in_file if k not in wanted)


def by_module(wanted: Keys, in_file: Keys) -> tuple[Keys, Keys]:
    """Compares modules in place of whole keys."""
    modules = [{key.rsplit(".", 1)[0] for key in keys} for keys in (wanted, in_file)]
    return (
        sorted(key for key in wanted if key.rsplit(".", 1)[0] not in modules[1]),
        sorted(key for key in in_file if key.rsplit(".", 1)[0] not in modules[0]),
    )


def averaged(
    layers: Callable[[Any], torch.Tensor], tokens: Callable[[torch.Tensor, torch.Tensor], object]
) -> Callable[[Any, torch.Tensor], object]:
    """An answer in two steps: choose layers, then put the tokens together."""
    return lambda hidden_states, mask: tokens(layers(hidden_states), mask.unsqueeze(-1))


def last_two(hidden_states: Any) -> torch.Tensor:
    """The average of the last two layers."""
    return torch.stack(list(hidden_states[-2:])).mean(dim=0)


def real_mean(states: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """The average over the real tokens, sentence by sentence."""
    return torch.stack([row[keep.squeeze(-1).bool()].mean(dim=0) for row, keep in zip(states, real, strict=True)])


def head(
    features: Callable[[torch.Tensor], torch.Tensor] = lambda states: states[:, 0],
    between: Callable[[torch.Tensor], torch.Tensor] = torch.nn.functional.relu,
    gives: Callable[[torch.Tensor], object] = lambda logits: logits,
    keep_mask: bool = True,
    name: str = "pre_classifier",
) -> type[torch.nn.Module]:
    """A class for the last exercise, right or wrong in one thing."""

    class Head(torch.nn.Module):
        def __init__(self, config: Any) -> None:
            super().__init__()
            self.distilbert = AutoModel.from_config(config)
            self.add_module(name, torch.nn.Linear(config.dim, config.dim))
            self.dropout = torch.nn.Dropout(0.9)
            self.classifier = torch.nn.Linear(config.dim, config.num_labels)

        def forward(self, **inputs: torch.Tensor) -> object:
            if not keep_mask:
                del inputs["attention_mask"]
            states = self.distilbert(**inputs).last_hidden_state
            return gives(self.classifier(self.dropout(between(getattr(self, name)(features(states))))))

    return Head


RIGHT = {
    "02/sort-keys": (right_keys,),
    "02/two-layers": (averaged(last_two, real_mean),),
    "02/own-head": (head(),),
}
WRONG = {
    "02/sort-keys": {
        "not_two_lists": lambda wanted, in_file: [*wanted, *in_file],
        "swapped": lambda wanted, in_file: right_keys(in_file, wanted),
        "not_sorted": lambda wanted, in_file: tuple(part[::-1] for part in right_keys(wanted, in_file)),
        "everything": lambda wanted, in_file: (sorted(wanted), sorted(in_file)),
        "prefix": by_module,
        "other": lambda wanted, in_file: ([], []),
    },
    "02/two-layers": {
        "not_numbers": lambda hidden_states, mask: "many",
        "shape": averaged(last_two, lambda states, real: states * real),
        "padding_seen": averaged(last_two, lambda states, real: states.mean(dim=1)),
        "last_only": averaged(lambda hidden_states: hidden_states[-1], real_mean),
        "first_two": averaged(lambda hidden_states: last_two(hidden_states[:2]), real_mean),
        "not_divided": averaged(last_two, lambda states, real: (states * real).sum(dim=1)),
        "layers_summed": averaged(lambda hidden_states: 2 * last_two(hidden_states), real_mean),
        "other": averaged(last_two, lambda states, real: states[:, 0]),
    },
    "02/own-head": {
        "not_a_module": lambda config: [1.0, 2.0],
        "names": head(name="dense"),
        "not_logits": head(gives=lambda logits: {"logits": logits}),
        "no_relu": head(between=lambda same: same),
        "tanh": head(between=torch.tanh),
        "mean_pooled": head(features=lambda states: states.mean(dim=1)),
        "last_token": head(features=lambda states: states[:, -1]),
        "no_mask": head(keep_mask=False),
        "other": head(between=torch.sigmoid),
    },
}
