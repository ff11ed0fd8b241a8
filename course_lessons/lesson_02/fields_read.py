"""Which field of its body's output a head reads, found out by changing one field after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from course_utils.messages import CourseError, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor
    from transformers import PreTrainedModel

FIELDS = ("pooler_output", "first", "between", "last")
"""The sentence vector of the pooler, and the first, the inner and the last position of `last_hidden_state`."""


def fields_read(model: PreTrainedModel, input_ids: Tensor) -> dict[str, bool | None]:
    """For each of `FIELDS` whether the answer of the model changes when the head is given noise in its place.

    The body runs as always; a hook exchanges one field of its output before the head sees it. Nothing else changes,
    so a different answer means that the head reads that field.

    Args:
        model: a body with a head, in eval mode; it is left as it was.
        input_ids: ids without padding, shape (sentences, tokens), at least three tokens.
    Returns:
        True (read), False (ignored), or None where the body has no such field.
    Raises:
        CourseError: the model has no head, is in training mode, or the ids have fewer than three tokens.

    >>> import torch
    >>> from transformers import BertConfig, BertForSequenceClassification
    >>> config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, vocab_size=9)
    >>> fields_read(BertForSequenceClassification(config).eval(), torch.tensor([[1, 2, 3, 4]]))
    {'pooler_output': True, 'first': False, 'between': False, 'last': False}
    """
    body = model.base_model
    if body is model:
        raise CourseError(text("fields_read.no_head", kind=type(model).__name__))
    if model.training:
        raise CourseError(text("fields_read.training", kind=type(model).__name__))
    if getattr(input_ids, "ndim", 0) != 2 or input_ids.shape[1] < 3:
        raise CourseError(text("fields_read.ids", given=str(tuple(getattr(input_ids, "shape", ())))))
    untouched = _answer(model, input_ids, lambda output: output)
    found: dict[str, bool | None] = {}
    for field in FIELDS:
        present = [True]

        def exchange(output: Any, field: str = field, present: list[bool] = present) -> Any:
            present[0] = _put_noise(output, field)
            return output

        changed = _answer(model, input_ids, exchange)
        found[field] = _differs(untouched, changed) if present[0] else None
    return found


def _answer(model: PreTrainedModel, input_ids: Tensor, change: Callable[[Any], Any]) -> list[Tensor]:
    """Every tensor that the head gives, after `change` had its way with the body's output."""
    import torch

    hook = model.base_model.register_forward_hook(lambda module, given, output: change(output))
    try:
        with torch.no_grad():
            output = model(input_ids=input_ids)
    finally:
        hook.remove()
    return [value for value in output.values() if isinstance(value, torch.Tensor)]


def _put_noise(output: Any, field: str) -> bool:
    """Exchange one field of a body's output for noise, in place; False if the output has no such field."""
    import torch

    generator = torch.Generator().manual_seed(0)
    if field == "pooler_output":
        if output.get(field) is None:
            return False
        output[field] = torch.randn(output[field].shape, generator=generator)
        return True
    positions = {"first": slice(0, 1), "between": slice(1, -1), "last": slice(-1, None)}[field]
    states = output.last_hidden_state.clone()
    states[:, positions] = torch.randn(states[:, positions].shape, generator=generator)
    output["last_hidden_state"] = states
    return True


def _differs(one: list[Tensor], other: list[Tensor]) -> bool:
    import torch

    return any(not torch.equal(a, b) for a, b in zip(one, other, strict=True))
