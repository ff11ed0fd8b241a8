"""Answers to the exercises of lesson 02: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import torch
from transformers import AutoModel

Keys = list[str]


def by_loops(wanted: Keys, in_file: Keys) -> list[Keys]:
    """Sorted by hand, without sets."""
    found: list[Keys] = [[], []]
    for key in sorted([*wanted, *in_file]):
        if key not in in_file:
            found[0].append(key)
        elif key not in wanted:
            found[1].append(key)
    return found


def as_generator(wanted: Keys, in_file: Keys) -> Any:
    """One list after the other."""
    yield sorted(filter(lambda key: key not in in_file, wanted))
    yield sorted(filter(lambda key: key not in wanted, in_file))


def removed(wanted: Keys, in_file: Keys) -> Any:
    """Takes the shared keys out of the lists that it was given."""
    for key in set(wanted) & set(in_file):
        wanted.remove(key)
        in_file.remove(key)
    return sorted(wanted), sorted(in_file)


def row_by_row(hidden_states: Any, mask: torch.Tensor) -> list[torch.Tensor]:
    """The average over the real tokens, sentence by sentence, as a list of tensors."""
    states = torch.stack(list(hidden_states[-2:])).mean(dim=0)
    return [row[keep.bool()].mean(dim=0) for row, keep in zip(states, mask, strict=True)]


def tokens_first(hidden_states: Any, mask: torch.Tensor) -> Any:
    """Averages the tokens first, then the layers, as an array of half the digits."""
    real = mask.unsqueeze(-1).float()
    both = [(hidden_states[n] * real).sum(1) / real.sum(1) for n in (-1, -2)]
    return ((both[0] + both[1]) / 2).numpy()


def by_product(hidden_states: Any, mask: torch.Tensor) -> Any:
    """The average over the tokens as a product of matrices, in float64."""
    weights = mask.double() / mask.sum(dim=1, keepdim=True)
    return (weights[:, None, :] @ ((hidden_states[-1] + hidden_states[-2]).double() / 2)).squeeze(1)


def to_zero(hidden_states: Any, mask: torch.Tensor) -> Any:
    """Puts zeros at padding in the states that it was given."""
    for states in hidden_states[-2:]:
        states[mask == 0] = 0
    return (hidden_states[-1] + hidden_states[-2]).sum(1) / 2 / mask.sum(1, keepdim=True)


class Named(torch.nn.Module):
    """Takes its inputs by name, and writes the ReLU as a clamp."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.distilbert = AutoModel.from_config(config)
        self.pre_classifier = torch.nn.Linear(config.dim, config.dim)
        self.classifier = torch.nn.Linear(config.dim, config.num_labels)

    def logits(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """What `forward` gives."""
        states = self.distilbert(input_ids=input_ids, attention_mask=attention_mask)[0]
        return self.classifier(self.pre_classifier(states.select(1, 0)).clamp(min=0))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        return self.logits(input_ids, attention_mask)


class WithDropout(Named):
    """With the library's dropout, which is off in evaluation; rows as lists of numbers."""

    def forward(self, **inputs: torch.Tensor) -> Any:
        return torch.nn.functional.dropout(self.logits(**inputs), 0.5, self.training).tolist()


class Unnamed(Named):
    """A layer under another name."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.dense = self.pre_classifier
        del self.pre_classifier


class Wide(Named):
    """A layer too wide."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.pre_classifier = torch.nn.Linear(config.dim, 2 * config.dim)


class Forgetful(Named):
    """Computes and does not return."""

    def forward(self, **inputs: torch.Tensor) -> None:
        logits = self.logits(**inputs)  # noqa: F841


class Whole(Named):
    """As the library's classes answer: an object with logits."""

    def forward(self, **inputs: torch.Tensor) -> Any:
        return {"logits": self.logits(**inputs)}


class Sigmoid(Named):
    """Another function between the layers."""

    def forward(self, **inputs: torch.Tensor) -> Any:
        return self.classifier(self.pre_classifier(self.distilbert(**inputs)[0][:, 0]).sigmoid())


class NotBuilt(torch.nn.Module):
    """Without the call that every module starts with."""

    def __init__(self, config: Any) -> None:
        self.classifier = torch.nn.Linear(config.dim, config.num_labels)

    def forward(self, **inputs: torch.Tensor) -> Any:
        return self.classifier(inputs["input_ids"])


def linear_of_head(model: Any) -> dict[str, torch.nn.Linear]:
    """The linear layers whose names do not begin with the body's."""
    return {
        name: part
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.Linear) and not name.startswith(f"{model.base_model_prefix}.")
    }


def with_forward_hooks(model: Any, inputs: Any) -> dict[str, torch.Tensor]:
    """By forward hooks, each made by `partial`."""
    notes: dict[str, torch.Tensor] = {}

    def note(name: str, module: Any, given: Any, result: Any) -> None:
        notes[name] = given[0].detach()

    handles = [part.register_forward_hook(partial(note, name)) for name, part in linear_of_head(model).items()]
    model(**inputs)
    for handle in handles:
        handle.remove()
    return notes


def with_one_hook(model: Any, inputs: Any) -> dict[str, Any]:
    """One hook for all, which looks its layer up; tensors as lists."""
    names = {part: name for name, part in linear_of_head(model).items()}
    notes = {}

    def note(module: Any, given: Any) -> None:
        notes[names[module]] = given[0].tolist()

    handles = [part.register_forward_pre_hook(note) for part in names]
    try:
        with torch.inference_mode():
            model(**inputs)
    finally:
        for handle in handles:
            handle.remove()
    return notes


def with_replaced_forward(model: Any, inputs: Any) -> dict[str, Any]:
    """Without hooks: `forward` wrapped for one call."""
    notes = {}
    for name, part in linear_of_head(model).items():

        def forward(given: torch.Tensor, name: str = name, part: Any = part) -> torch.Tensor:
            notes[name] = given.detach().numpy()
            return type(part).forward(part, given)

        part.forward = forward  # type: ignore[method-assign]
    model(**inputs)
    for part in linear_of_head(model).values():
        del part.forward
    return notes


def late_name(model: Any, inputs: Any) -> dict[str, Any]:
    """The lambda sees the last name only."""
    notes: dict[str, Any] = {}
    handles = []
    for name, part in linear_of_head(model).items():
        handles.append(part.register_forward_pre_hook(lambda module, given: notes.update({name: given[0]})))  # noqa: B023
    model(**inputs)
    for handle in handles:
        handle.remove()
    return notes


def forgets_to_remove(model: Any, inputs: Any) -> dict[str, Any]:
    """Leaves its hooks where they are."""
    notes: dict[str, Any] = {}
    for name, part in linear_of_head(model).items():
        part.register_forward_pre_hook(lambda module, given, name=name: notes.update({name: given[0]}))
    model(**inputs)
    return notes


def last_hidden(model: Any, inputs: Any) -> dict[str, Any]:
    """What one might think that every head reads."""
    return {name: model.base_model(**inputs).last_hidden_state for name in linear_of_head(model)}


def with_prefix(own: Any, body: Any) -> Any:
    """Writes the prefix before each key."""
    own.load_state_dict({f"bert.{key}": value for key, value in body.state_dict().items()}, strict=False)
    return own


def tensor_by_tensor(own: Any, body: Any) -> Any:
    """Copies one tensor after the other."""
    with torch.no_grad():
        for mine, theirs in zip(own.bert.parameters(), body.parameters(), strict=True):
            mine.copy_(theirs)
    return own


def whole_copy(own: Any, body: Any) -> Any:
    """Puts a copy of the body in place of the old one."""
    own.bert = copy.deepcopy(body)
    return own


def in_two_parts(own: Any, body: Any) -> Any:
    """The fault as it stands in the lesson, in a loop."""
    for mine, theirs in zip((own.bert.embeddings, own.bert.encoder), (body.embeddings, body.encoder), strict=True):
        mine.load_state_dict(theirs.state_dict())
    return own.eval()


def not_strict(own: Any, body: Any) -> Any:
    """Lets pass whatever name does not fit."""
    own.load_state_dict(body.state_dict(), strict=False)
    return own.eval()


RIGHT: dict[str, list[Any]] = {
    "02/sort-keys": [
        by_loops,
        as_generator,
        lambda wanted, in_file: (sorted({*wanted}.difference(in_file)), tuple(sorted({*in_file}.difference(wanted)))),
    ],
    "02/two-layers": [row_by_row, tokens_first, by_product],
    "02/own-head": [Named, WithDropout, lambda config: Named(config).train()],
    "02/head-inputs": [with_forward_hooks, with_one_hook, with_replaced_forward],
    "02/repair-take-over": [with_prefix, tensor_by_tensor, whole_copy],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "02/sort-keys": [
        ("changed", removed),
        ("kind", lambda wanted, in_file: {"missing": by_loops(wanted, in_file)[0]}),
        ("not_sorted", lambda wanted, in_file: [set(part) for part in by_loops(wanted, in_file)]),
        ("together", lambda wanted, in_file: sum(by_loops(wanted, in_file), [])),
        ("", lambda wanted, in_file: ([], [])),
        ("", lambda wanted, in_file: [len(part) for part in by_loops(wanted, in_file)]),
        ("raised", lambda wanted, in_file: (wanted - in_file, in_file - wanted)),
    ],
    "02/two-layers": [
        ("changed", to_zero),
        ("kind", lambda hidden_states, mask: "many"),
        ("shape", lambda hidden_states, mask: (hidden_states[-1] + hidden_states[-2]).mean(dim=(0, 1))),
        ("padding_seen", lambda states, mask: torch.stack([states[-1], states[-2]]).mean(dim=(0, 2))),
        ("", lambda states, mask: row_by_row(states[:-1], mask)),
        ("", lambda states, mask: (states[-1] + states[-2]).amax(dim=1)),
        ("raised", lambda states, mask: states[-1] * mask),
    ],
    "02/own-head": [
        ("not_a_module", lambda config: [1.0, 2.0]),
        ("names", Unnamed),
        ("sizes", Wide),
        ("returned_none", Forgetful),
        ("not_logits", Whole),
        ("raised", NotBuilt),
        ("", Sigmoid),
    ],
    "02/head-inputs": [
        ("one_name", late_name),
        ("hooks_left", forgets_to_remove),
        ("kind", lambda model, inputs: "last_hidden_state"),
        ("", last_hidden),
        ("", lambda model, inputs: {}),
        ("", lambda model, inputs: {f"{k}.0": v for k, v in with_forward_hooks(model, inputs).items()}),
        ("whole_tuple", lambda model, inputs: {k: (v,) for k, v in with_forward_hooks(model, inputs).items()}),
        ("raised", lambda model, inputs: model.register_hook(print)),
    ],
    "02/repair-take-over": [
        ("planted", in_two_parts),
        ("nothing_moved", not_strict),
        ("names_differ", lambda own, body: own.load_state_dict(body.state_dict())),
        ("shared", lambda own, body: setattr(own, "bert", body) or own),
        ("part_only", lambda own, body: own.bert.embeddings.load_state_dict(body.embeddings.state_dict()) and own),
        ("kind", lambda own, body: "taken over"),
        ("body_itself", lambda own, body: copy.deepcopy(body)),
        ("returned_none", lambda own, body: setattr(own, "bert", copy.deepcopy(body))),
        ("raised", lambda own, body: own.body.load_state_dict(body.state_dict())),
    ],
}
EQUIVALENT: dict[str, dict[str, str]] = {
    "02/head-inputs": {"caught[name] = given[-1]": "a linear layer is given one tensor, the first and the last"},
}
