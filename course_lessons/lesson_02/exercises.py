"""What is right and wrong in the exercises of lesson 02, body and head."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from course_checks.judging import Exercise, Found
from course_checks.values import alike, plain, shown
from course_utils.exercises import record
from course_utils.messages import text

if TYPE_CHECKING:
    from torch import Tensor

Keys = list[str]


@record("02/sort-keys")
def sort_keys() -> Exercise:
    """`answer(wanted, in_file)` gives the missing keys and the unexpected ones, each as a sorted list."""

    def modules(keys: Keys) -> set[str]:
        return {key.rsplit(".", 1)[0] for key in keys}

    def foreign(these: Keys, those: Keys) -> Keys:
        return sorted(key for key in these if key.rsplit(".", 1)[0] not in modules(those))

    def missing(wanted: Keys, in_file: Keys) -> Keys:
        return sorted(set(wanted) - set(in_file))

    body = ["embeddings.weight", "layer.0.weight", "layer.0.bias"]
    return Exercise(
        right=lambda wanted, in_file: (missing(wanted, in_file), missing(in_file, wanted)),
        cases=[
            (
                [*body, "qa_outputs.weight", "qa_outputs.bias"],
                [*body, "pooler.weight", "classifier.weight", "classifier.bias"],
            ),
            ([*body, "pooler.weight"], [*reversed(body), "pooler.bias"]),
            (body, body),
            ([*body, "classifier.weight"], [*body, "pre_classifier.weight"]),
        ],
        mistakes={
            "swapped": lambda wanted, in_file: (missing(in_file, wanted), missing(wanted, in_file)),
            "not_sorted": (
                lambda wanted, in_file: (
                    [k for k in wanted if k not in in_file],
                    [k for k in in_file if k not in wanted],
                ),
                lambda wanted, in_file: (set(wanted) - set(in_file), set(in_file) - set(wanted)),
                lambda wanted, in_file: (missing(wanted, in_file)[::-1], missing(in_file, wanted)[::-1]),
            ),
            "everything": lambda wanted, in_file: (sorted(wanted), sorted(in_file)),
            "prefix": lambda wanted, in_file: (foreign(wanted, in_file), foreign(in_file, wanted)),
            "together": (
                lambda wanted, in_file: sorted(set(wanted) ^ set(in_file)),
                lambda wanted, in_file: missing(wanted, in_file) + missing(in_file, wanted),
            ),
            "missing_only": (missing, lambda wanted, in_file: (missing(wanted, in_file), [])),
            "shared": lambda wanted, in_file: sorted(set(wanted) & set(in_file)),
        },
    )


@record("02/two-layers")
def two_layers() -> Exercise:
    """`answer(hidden_states, mask)` averages the last two layers, then the real tokens: (sentences, hidden size)."""
    import torch

    draw = torch.Generator().manual_seed(2)
    cases = []
    for lengths, layers, width in (([4, 2], 3, 3), ([5, 5, 1], 5, 2), ([3], 3, 4)):
        states = tuple(torch.randn(len(lengths), max(lengths), width, generator=draw) for _ in range(layers))
        mask = torch.tensor([[1] * length + [0] * (max(lengths) - length) for length in lengths])
        cases.append((states, mask))

    def averaged(
        layers: Callable[[Any], Tensor] = lambda states: (states[-1] + states[-2]) / 2,
        tokens: Callable[[Tensor, Tensor], Any] = lambda states, real: (states * real).sum(dim=1) / real.sum(dim=1),
    ) -> Callable[[Any, Tensor], Any]:
        """Choose layers, then put the tokens together."""
        return lambda hidden_states, mask: tokens(layers(hidden_states), mask.unsqueeze(-1))

    return Exercise(
        right=averaged(),
        cases=cases,
        same=alike(1e-4),
        call=lambda states, mask: text(
            "exercise.02.two-layers.words.call", layers=len(states), shape=tuple(states[0].shape), mask=shown(mask)
        ),
        mistakes={
            "padding_seen": (
                averaged(tokens=lambda states, real: states.mean(dim=1)),
                averaged(tokens=lambda states, real: (states * real).mean(dim=1)),
                averaged(tokens=lambda states, real: states.sum(dim=1) / real.sum(dim=1)),
            ),
            "last_only": averaged(lambda states: states[-1]),
            "first_two": averaged(lambda states: (states[0] + states[1]) / 2),
            "second_to_last": averaged(lambda states: states[-2]),
            "all_layers": averaged(lambda states: torch.stack(states).mean(dim=0)),
            "not_divided": averaged(tokens=lambda states, real: (states * real).sum(dim=1)),
            "layers_summed": averaged(lambda states: states[-1] + states[-2]),
            "first_token": averaged(tokens=lambda states, real: states[:, 0]),
            "every_token": averaged(tokens=lambda states, real: states * real),
            "all_sentences": averaged(tokens=lambda states, real: (states * real).sum(dim=1) / real.sum()),
        },
    )


@record("02/own-head")
def own_head() -> Exercise:
    """`answer(config)` builds a module whose logits equal those of DistilBertForSequenceClassification."""
    import torch
    from transformers import AutoModelForSequenceClassification

    def library(labels: int) -> Any:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return AutoModelForSequenceClassification.from_config(_config(labels)).eval()

    def logits(answer: Any, labels: int, ids: Tensor, mask: Tensor) -> object:
        """Build it, give it the library's weights by their names, and ask it."""
        theirs = library(labels)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            mine = answer(theirs.config)
            if not isinstance(mine, torch.nn.Module):
                raise Found("not_a_module", f"`{shown(mine)}`", "`a torch.nn.Module`")
            try:
                mine.load_state_dict(theirs.state_dict())
            except RuntimeError:
                names = ", ".join(sorted({key.split(".")[0] for key in mine.state_dict()}))
                cause = "names" if names != "classifier, distilbert, pre_classifier" else "sizes"
                shown_names = names or text("exercise.02.own-head.words.none")
                raise Found(cause, f"`{shown_names}`", "`classifier, distilbert, pre_classifier`") from None
            return mine.eval()(input_ids=ids, attention_mask=mask)

    def head(
        features: Callable[[Tensor, Tensor], Tensor] = lambda states, mask: states[:, 0],
        between: Callable[[Tensor], Tensor] = torch.relu,
        gives: Callable[[Tensor], object] = lambda logits: logits,
        masked: bool = True,
    ) -> Callable[[Any], Any]:
        """A class like the library's, wrong in one thing."""

        class Head(type(library(2))):  # type: ignore[misc]
            def forward(self, input_ids: Tensor, attention_mask: Tensor) -> object:
                states = self.distilbert(input_ids, attention_mask if masked else None).last_hidden_state
                read = self.pre_classifier(features(states, attention_mask[..., None]))
                return gives(self.classifier(between(read)))

        return Head

    ids, mask = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]]), torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    return Exercise(
        right=head(),
        cases=[(3, ids, mask), (2, ids[1:, :3], mask[1:, :3])],
        use=logits,
        same=alike(1e-4),
        call=lambda labels, ids, mask: f"OwnHead(config)({shown(ids)}, {shown(mask)})",
        mistakes={
            "no_relu": head(between=lambda same: same),
            "tanh": head(between=torch.tanh),
            "mean_pooled": (
                head(lambda states, real: states.mean(dim=1)),
                head(lambda states, real: (states * real).sum(dim=1) / real.sum(dim=1)),
            ),
            "last_token": head(lambda states, real: states[:, -1]),
            "every_token": head(lambda states, real: states),
            "no_mask": head(masked=False),
            "probabilities": head(gives=lambda logits: logits.softmax(dim=-1)),
            "not_logits": (head(gives=lambda logits: {"logits": logits}), head(gives=lambda logits: (logits,))),
        },
    )


@record("02/head-inputs")
def head_inputs() -> Exercise:
    """`answer(model, inputs)` gives what came into each linear layer of the head, by name, and leaves no hook."""
    import torch
    from transformers import (
        BertForSequenceClassification,
        BertForTokenClassification,
        DistilBertForSequenceClassification,
        RobertaForSequenceClassification,
    )

    def words(key: str, **values: str) -> str:
        return text(f"exercise.02.head-inputs.words.{key}", **values)

    def caught(answer: Any, kind: Any, ids: Tensor) -> Any:
        """Build a model, ask for what its head reads, and look for hooks that stayed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            sizes = {"vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
            wide = {"intermediate_size": 16, "hidden_dim": 16, "max_position_embeddings": 32, "pad_token_id": 0}
            model = kind(kind.config_class(**sizes, **wide, num_labels=3, initializer_range=0.5)).eval()
            inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            model(**inputs)  # the library may hang up hooks of its own
            before = hooks_on(model)
            given = answer(model, inputs)
        left = [name for name, number in hooks_on(model).items() if number > before[name]]
        if left and alike(1e-4)(plain(given), plain(right(model, inputs))):
            raise Found("hooks_left", words("hook", place=left[0]), words("no_hooks"))
        return given

    def hooks_on(model: Any) -> dict[str, int]:
        return {name: len(part._forward_pre_hooks) + len(part._forward_hooks) for name, part in model.named_modules()}

    def made(
        take: Callable[[Any, Any], Any] = lambda came, went: came[0],
        parts: Callable[[Any], dict[str, Any]] = lambda model: linear_of_head(model),
        name_at_the_end: bool = False,
        remove: bool = True,
    ) -> Callable[[Any, Any], Any]:
        """What hooks note, wrong in one thing."""

        def found(model: Any, inputs: Any) -> dict[str, Any]:
            notes, hooks, last = {}, [], [""]
            for name, part in parts(model).items():
                last[0] = name

                def note(module: Any, came: Any, went: Any, name: str = name) -> None:
                    notes[last[0] if name_at_the_end else name] = take(came, went)

                hooks.append(part.register_forward_hook(note))
            with torch.no_grad():
                model(**inputs)
            for hook in hooks:
                if remove:
                    hook.remove()
            return notes

        return found

    def linear_of_head(model: Any) -> dict[str, Any]:
        body = set(model.base_model.modules())
        return {name: part for name, part in linear_of_all(model).items() if part not in body}

    def linear_of_all(model: Any) -> dict[str, Any]:
        return {name: part for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)}

    def all_of_head(model: Any) -> dict[str, Any]:
        body = set(model.base_model.modules())
        return {name: part for name, part in model.named_modules() if name and part not in body}

    right = made()
    ids = torch.tensor([[2, 5, 6, 3], [2, 8, 9, 3]])
    return Exercise(
        right=right,
        cases=[
            (BertForSequenceClassification, ids),
            (DistilBertForSequenceClassification, ids[:1]),
            (RobertaForSequenceClassification, ids),
            (BertForTokenClassification, ids[:, :3]),
        ],
        use=caught,
        same=alike(1e-4),
        call=lambda kind, ids: f"head_inputs({kind.__name__}, inputs)",
        mistakes={
            "what_went_out": made(lambda came, went: went),
            "whole_tuple": made(lambda came, went: came),
            "body_too": made(parts=linear_of_all),
            "other_layers_too": made(parts=all_of_head),
            "one_name": made(name_at_the_end=True),
            "shapes": made(lambda came, went: tuple(came[0].shape)),
            "names_only": lambda model, inputs: list(right(model, inputs)),
            "hooks_left": made(remove=False),
        },
    )


@record("02/repair-take-over")
def repair_take_over() -> Exercise:
    """`answer(own, body)` copies a body's weights into the `bert` of a classifier, and gives the classifier."""
    import torch
    from transformers import BertConfig, BertModel

    class Classifier(torch.nn.Module):
        """The pattern of the lesson: a body called `bert`, a head called `classifier`."""

        def __init__(self, config: Any) -> None:
            super().__init__()
            self.bert = BertModel(config)
            self.classifier = torch.nn.Linear(config.hidden_size, config.num_labels)

        def forward(self, **inputs: Tensor) -> Tensor:
            return self.classifier(self.bert(**inputs).pooler_output)

    def words(key: str) -> str:
        return text(f"exercise.02.repair-take-over.words.{key}")

    def copied(model: Any) -> dict[str, Tensor]:
        return {key: value.clone() for key, value in model.state_dict().items()}

    def same_weights(model: Any, weights: dict[str, Tensor]) -> bool:
        return all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())

    def logits(answer: Any, width: int, ids: Tensor) -> Any:
        """Build both, ask, and look at whose weights are where."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            sizes = {"vocab_size": 12, "hidden_size": width, "num_hidden_layers": 1, "num_attention_heads": 2}
            config = BertConfig(**sizes, intermediate_size=16, num_labels=3, initializer_range=0.5)
            own, body = Classifier(config).eval(), BertModel(config).eval()
            with torch.no_grad():
                for weight in body.parameters():  # biases and norms as well, which all begin alike
                    weight.add_(torch.randn_like(weight), alpha=0.1)
            head, weights = copied(own.classifier), copied(body)
            given = answer(own, body)
        if not same_weights(body, weights):
            raise Found("wrong_direction", words("other_body"), words("same_body"))
        if not isinstance(given, torch.nn.Module):
            return given
        if isinstance(given, Classifier) and not same_weights(given.classifier, head):
            raise Found("head_changed", words("other_head"), words("same_head"))
        theirs = {value.data_ptr() for value in body.state_dict().values()}
        if any(value.data_ptr() in theirs for value in given.state_dict().values()) and answer is not right:
            raise Found("shared", words("held_by_both"), words("copies"))
        with torch.no_grad():
            found = given.eval()(input_ids=ids)
        return found if isinstance(found, torch.Tensor) else found.pooler_output

    def right(own: Any, body: Any) -> Any:
        own.bert.load_state_dict(body.state_dict())
        return own

    def only(*parts: str) -> Callable[[Any, Any], Any]:
        def loaded(own: Any, body: Any) -> Any:
            for part in parts:
                getattr(own.bert, part).load_state_dict(getattr(body, part).state_dict())
            return own

        return loaded

    def backwards(own: Any, body: Any) -> Any:
        body.load_state_dict(own.bert.state_dict())
        return own

    def exchanged(own: Any, body: Any) -> Any:
        own.bert = body
        return own

    def new_head(own: Any, body: Any) -> Any:
        torch.nn.init.zeros_(own.classifier.weight)
        return right(own, body)

    def strictly(own: Any, body: Any) -> Any:
        own.load_state_dict(body.state_dict())
        return own

    ids = torch.tensor([[2, 5, 6, 3], [2, 8, 9, 3]])
    return Exercise(
        right=right,
        cases=[(8, ids), (12, ids[:1, :3])],
        use=logits,
        same=alike(1e-4),
        call=lambda width, ids: "take_over(own, body)",
        mistakes={
            "planted": only("embeddings", "encoder"),
            "nothing_moved": lambda own, body: own,
            "names_differ": strictly,
            "part_only": (
                only("embeddings"),
                only("encoder"),
                only("pooler"),
                only("embeddings", "pooler"),
                only("encoder", "pooler"),
            ),
            "body_itself": lambda own, body: deepcopy(body),
            "wrong_direction": backwards,
            "shared": exchanged,
            "head_changed": new_head,
        },
    )


def _config(labels: int) -> Any:
    """A tiny DistilBERT; weights drawn wide, so that a wrong head differs in sight."""
    from transformers import AutoConfig

    shape = {"vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    return AutoConfig.for_model("distilbert", **shape, hidden_dim=16, num_labels=labels, initializer_range=0.5)
