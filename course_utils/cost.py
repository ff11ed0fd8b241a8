"""What a model costs, by formula: parameters by part, calculations of a forward pass, bytes.

The formulas hold for the bodies of BERT, RoBERTa and DistilBERT (`AutoModel`, without a head). They need the
configuration only, no weights, so they answer at once for a model of any size; tests hold them to real models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from course_utils.messages import CourseError, brief, text

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig

MODEL_PARTS = ("embeddings", "attention", "feed-forward", "norms", "pooler")
"""What the parameters of a body belong to, in the order in which a token meets them."""


@dataclass(frozen=True)
class _Sizes:
    """The numbers of a configuration that decide what its model costs, under one name for all three families."""

    hidden: int
    layers: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int
    has_pooler: bool


def parameter_counts(config: PretrainedConfig) -> dict[str, int]:
    """Parameters of a body by part, from its configuration.

    With hidden size h and intermediate size i: a linear layer from a to b numbers has a x b weights and b biases, a
    norm has 2 x h. Each layer has four linear layers of h x h for attention (query, key, value, output), two for the
    feed-forward part (h to i and back) and two norms. Attention heads share the same matrices out among them, so their
    number does not occur.

    Args:
        config: configuration of a BERT, RoBERTa or DistilBERT model.
    Returns:
        Number of parameters of "embeddings" (tokens, positions, token types), "attention", "feed-forward", "norms"
        (those of the layers and the one after the embeddings) and "pooler" (0 for DistilBERT), and their "total".
    Raises:
        CourseError: the configuration is of another family.

    >>> from transformers import BertConfig
    >>> parameter_counts(BertConfig())["total"]
    109482240
    >>> small = BertConfig(vocab_size=100, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    ...                    intermediate_size=16, max_position_embeddings=10)
    >>> parameter_counts(small)
    {'embeddings': 896, 'attention': 288, 'feed-forward': 280, 'norms': 48, 'pooler': 72, 'total': 1584}
    """
    s = _sizes(config)
    counts = {
        "embeddings": (s.vocabulary + s.positions + s.token_types) * s.hidden,
        "attention": s.layers * 4 * (s.hidden * s.hidden + s.hidden),
        "feed-forward": s.layers * (2 * s.hidden * s.intermediate + s.intermediate + s.hidden),
        "norms": (2 * s.layers + 1) * 2 * s.hidden,
        "pooler": s.hidden * s.hidden + s.hidden if s.has_pooler else 0,
    }
    return {**counts, "total": sum(counts.values())}


def forward_flops(config: PretrainedConfig, rows: int, tokens: int) -> int:
    """Floating-point operations of one forward pass of a body, from its configuration.

    Counted: every product of two matrices, one multiplication and one addition each as 2 operations. These are the
    linear layers of attention and feed-forward part for every token, the products of each token with each token inside
    attention, and the pooler, once a row. Left out, since they grow with the tokens only and are small beside the rest:
    the embedding look-up, biases, softmax, activations, norms, and a head on top.

    Padding counts like any other token: give the padded length.

    Args:
        config: configuration of a BERT, RoBERTa or DistilBERT model.
        rows: number of texts in the batch, 0 or more.
        tokens: length to which each row is padded, 0 or more.
    Returns:
        Number of operations; a backward pass takes about twice as many again.
    Raises:
        CourseError: the configuration is of another family, or a number is negative or not whole.

    >>> from transformers import BertConfig
    >>> forward_flops(BertConfig(), rows=1, tokens=128) // 10**9
    22
    >>> forward_flops(BertConfig(), 2, 128) == 2 * forward_flops(BertConfig(), 1, 128)
    True
    """
    s = _sizes(config)
    for name, number in (("rows", rows), ("tokens", tokens)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise CourseError(text("cost.not_a_count", name=name, given=brief(number)))
    linear = rows * tokens * (4 * s.hidden * s.hidden + 2 * s.hidden * s.intermediate)
    between_tokens = rows * 2 * tokens * tokens * s.hidden  # scores, then the weighted sum of values
    pooler = rows * s.hidden * s.hidden if s.has_pooler and tokens else 0
    return 2 * (s.layers * (linear + between_tokens) + pooler)


def memory_bytes(parameters: int, dtype: torch.dtype | str) -> int:
    """Bytes that a number of parameters takes in memory or in a file, without gradients or anything else.

    Args:
        parameters: how many numbers, 0 or more.
        dtype: their type, as `torch.float16` or by its name, "float16".
    Raises:
        CourseError: a type that torch does not have, or a number that is negative or not whole.

    >>> memory_bytes(109_482_240, "float32"), memory_bytes(109_482_240, "float16")
    (437928960, 218964480)
    """
    import torch

    kind = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if not isinstance(kind, torch.dtype):
        raise CourseError(text("cost.not_a_dtype", given=brief(dtype)))
    if isinstance(parameters, bool) or not isinstance(parameters, int) or parameters < 0:
        raise CourseError(text("cost.not_a_count", name="parameters", given=brief(parameters)))
    return parameters * kind.itemsize


def _sizes(config: PretrainedConfig) -> _Sizes:
    family = getattr(config, "model_type", None)
    if family in ("bert", "roberta"):
        return _Sizes(
            hidden=config.hidden_size,
            layers=config.num_hidden_layers,
            intermediate=config.intermediate_size,
            vocabulary=config.vocab_size,
            positions=config.max_position_embeddings,
            token_types=config.type_vocab_size,
            has_pooler=True,
        )
    if family == "distilbert":
        return _Sizes(
            hidden=config.dim,
            layers=config.n_layers,
            intermediate=config.hidden_dim,
            vocabulary=config.vocab_size,
            positions=config.max_position_embeddings,
            token_types=0,
            has_pooler=False,
        )
    raise CourseError(text("cost.other_family", given=brief(family), kind=type(config).__name__))
