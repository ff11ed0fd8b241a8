"""Answers to the exercises of lesson 11: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from mutants import solutions
from torch import Tensor
from torch.nn import functional
from transformers import TopPLogitsWarper

HIDDEN = float("-inf")


def with_identity(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Averages by torch's own function; the weights as the averages of unit vectors."""
    units = torch.eye(key.shape[-2]).expand(*key.shape[:-1], key.shape[-2])
    weights = functional.scaled_dot_product_attention(query, key, units, attn_mask=mask.bool())
    return weights, functional.scaled_dot_product_attention(query, key, value, attn_mask=mask.bool())


def by_einsum(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> list[Any]:
    """Sums with named axes, and a large number in place of infinity."""
    scores = torch.einsum("...qw,...kw->...qk", query, key) / math.sqrt(query.size(-1))
    scores = torch.where(mask.bool(), scores, torch.tensor(-1e30))
    powers = (scores - scores.amax(-1, keepdim=True)).exp()
    weights = powers / powers.sum(-1, keepdim=True)
    return [weights.tolist(), torch.einsum("...qk,...kv->...qv", weights, value).numpy()]


def scaled_first(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Any:
    """The query is scaled before it is compared; the mask is added as its logarithm."""
    weights = ((query / query.shape[-1] ** 0.5) @ key.mT + mask.float().log()).softmax(-1)
    yield weights
    yield weights @ value


def hides_in_place(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Scales the query that it was given."""
    query /= query.shape[-1] ** 0.5
    weights = (query @ key.mT).masked_fill(mask == 0, HIDDEN).softmax(-1)
    return weights, weights @ value


def scores_of(query: Tensor, key: Tensor) -> Tensor:
    """Scaled scores."""
    return query @ key.mT / query.shape[-1] ** 0.5


def averaged(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Every open position counts alike."""
    weights = mask.float().expand(*scores_of(query, key).shape)
    weights = weights / weights.sum(-1, keepdim=True)
    return weights, weights @ value


def by_comparing(n: int) -> Tensor:
    """Positions compared with positions."""
    return torch.arange(n)[:, None] >= torch.arange(n)


def parts_of(model: Any, ids: Tensor, act: Any = None) -> Any:
    """The first block by torch's own functions for each step."""
    part, width = model.h[0], model.config.n_embd
    begun = functional.embedding(ids, model.wte.weight) + model.wpe.weight[: ids.shape[1]]
    normed = functional.layer_norm(begun, (width,), part.ln_1.weight, part.ln_1.bias, model.config.layer_norm_epsilon)
    query, key, value = (normed @ part.attn.c_attn.weight + part.attn.c_attn.bias).split(width, dim=-1)
    heads = [each.view(*ids.shape, model.config.n_head, -1).permute(0, 2, 1, 3) for each in (query, key, value)]
    mixed = functional.scaled_dot_product_attention(*heads, is_causal=True).permute(0, 2, 1, 3).reshape(begun.shape)
    middle = begun + part.attn.c_proj(mixed)
    act = act or (lambda x: functional.gelu(x, approximate="tanh"))
    return middle + part.mlp.c_proj(act(part.mlp.c_fc(part.ln_2(middle))))


def text_by_text(model: Any, ids: Tensor) -> list[Any]:
    """Each text alone, given as lists."""
    return [parts_of(model, row[None])[0].tolist() for row in ids]


def head_by_head(model: Any, ids: Tensor) -> Tensor:
    """Heads cut out one after the other."""
    part, config = model.h[0], model.config
    size = config.n_embd // config.n_head
    begun = model.wte(ids) + model.wpe(torch.arange(ids.shape[-1]))[None]
    cut = part.attn.c_attn(part.ln_1(begun))
    done = []
    for head in range(config.n_head):
        query, key, value = (
            cut[..., n * config.n_embd + head * size : n * config.n_embd + (head + 1) * size] for n in range(3)
        )
        scores = query @ key.mT / size**0.5 + torch.full((ids.shape[-1],) * 2, HIDDEN).triu(1)
        done.append(scores.softmax(-1) @ value)
    middle = begun + part.attn.c_proj(torch.cat(done, dim=-1))
    return middle + part.mlp.c_proj(part.mlp.act(part.mlp.c_fc(part.ln_2(middle))))


def by_the_block(model: Any, ids: Tensor) -> Any:
    """The library's own block."""
    states = model.wte(ids) + model.wpe(torch.arange(ids.shape[1]))
    found = model.h[0](states)
    return found[0] if isinstance(found, tuple) else found


def by_the_parts(model: Any, ids: Tensor) -> Tensor:
    """The library's own feed-forward part."""
    part = model.h[0]
    states = model.wte(ids) + model.wpe(torch.arange(ids.shape[1]))
    states = states + part.attn(part.ln_1(states))[0]
    return states + part.mlp(part.ln_2(states))


def by_loop(logits: Tensor, p: float) -> list[float]:
    """Token by token, until the sum is reached."""
    shares = logits.softmax(0).tolist()
    left, total = [HIDDEN] * len(shares), 0.0
    for place in sorted(range(len(shares)), key=lambda i: -shares[i]):
        if total >= p:
            break
        left[place] = logits[place].item()
        total += shares[place]
    return left


def with_numpy(logits: Tensor, p: float) -> np.ndarray:
    """As an array, by a limit on the probability."""
    shares = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum()
    downwards = np.sort(shares)[::-1]
    last = downwards[np.argmax(downwards.cumsum() >= p)]
    return np.where(shares >= last, logits.numpy(), -np.inf)


def below_p(logits: Tensor, p: float) -> Tensor:
    """Removes the token that crosses the limit."""
    shares, order = logits.softmax(-1).sort(descending=True)
    gone = order[shares.cumsum(-1) > p]
    left = logits.clone()
    left[gone] = HIDDEN
    return left


def in_place(logits: Tensor, p: float) -> Tensor:
    """Changes what it was given."""
    logits[torch.tensor(by_loop(logits, p)).isinf()] = HIDDEN
    return logits


def tools() -> tuple[Any, Any]:
    """The tokenizer and the writer of the notebook."""
    tokenizer, writer = solutions("11")["11/repair-likelihood"].more
    return tokenizer, writer


def loss_of(text: str) -> tuple[float, int]:
    """The library's loss for a text, and its number of tokens."""
    tokenizer, writer = tools()
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        return writer(ids, labels=ids).loss.item(), ids.shape[1]


def token_by_token(text: str) -> float:
    """Every beginning of the text is read anew."""
    tokenizer, writer = tools()
    ids, total = tokenizer(text)["input_ids"], 0.0
    for end in range(1, len(ids)):
        with torch.no_grad():
            total += writer(torch.tensor([ids[:end]])).logits[0, -1].log_softmax(0)[ids[end]].item()
    return total


def by_cross_entropy(text: str) -> Tensor:
    """Minus the sum of cross entropies."""
    tokenizer, writer = tools()
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    return -functional.cross_entropy(writer(ids).logits[0, :-1].detach(), ids[0, 1:], reduction="sum")


def at_its_own_place(text: str) -> float:
    """Another way to write the fault."""
    tokenizer, writer = tools()
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    return -functional.cross_entropy(writer(ids).logits[0].detach(), ids[0], reduction="sum").item()


MATERIALS = {"11/repair-likelihood": tools}
RIGHT: dict[str, list[Any]] = {
    "11/attend": [with_identity, by_einsum, scaled_first],
    "11/causal-mask": [
        by_comparing,
        lambda n: [[int(j <= i) for j in range(n)] for i in range(n)],
        lambda n: np.tri(n),
    ],
    "11/first-block": [parts_of, text_by_text, head_by_head],
    "11/nucleus": [by_loop, with_numpy, lambda logits, p: TopPLogitsWarper(p)(None, logits[None])[0]],
    "11/repair-likelihood": [
        token_by_token,
        by_cross_entropy,
        lambda text: -loss_of(text)[0] * (loss_of(text)[1] - 1),
    ],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "11/attend": [
        ("changed", hides_in_place),
        ("kind", lambda query, key, value, mask: "everywhere"),
        (
            "kind",
            lambda query, key, value, mask: dict(
                zip(("weights", "mixed"), with_identity(query, key, value, mask), strict=True)
            ),
        ),
        ("averages_only", lambda q, k, v, mask: functional.scaled_dot_product_attention(q, k, v, mask.bool())),
        ("mask_ignored", lambda q, k, v, mask: with_identity(q, k, v, torch.ones_like(mask))),
        ("masked_with_zero", lambda q, k, v, mask: (w := (scores_of(q, k) * mask).softmax(-1), w @ v)),
        ("", averaged),
        ("", lambda q, k, v, mask: (w := scores_of(q, k).masked_fill(mask == 0, HIDDEN).sigmoid(), w @ v)),
        ("raised", lambda q, k, v, mask: with_identity(q, k.mT, v, mask)),
    ],
    "11/causal-mask": [
        ("kind", lambda n: "triangle"),
        ("shape", lambda n: torch.tril(torch.ones(n, n))[None]),
        ("upper", lambda n: by_comparing(n).T),
        ("everything", lambda n: [[1] * n] * n),
        ("", lambda n: torch.tril(torch.ones(4, 4))[:n, :n] * 2),
        ("returned_none_printed", lambda n: print(by_comparing(n))),
        ("raised", lambda n: torch.tril(torch.ones(n))),
    ],
    "11/first-block": [
        ("forbidden", by_the_block),
        ("forbidden", by_the_parts),
        ("forbidden", lambda model, ids: model(ids, output_hidden_states=True).hidden_states[1]),
        ("other_gelu", lambda model, ids: parts_of(model, ids, functional.gelu)),
        ("relu", lambda model, ids: parts_of(model, ids, lambda x: x.clamp(min=0))),
        ("", lambda model, ids: parts_of(model, ids, torch.sigmoid)),
        ("", lambda model, ids: model.wte(ids)),
        ("", lambda model, ids: model(ids, output_hidden_states=True).hidden_states[0]),
        ("kind", lambda model, ids: "states"),
        ("shape", lambda model, ids: parts_of(model, ids)[0, 0]),
        ("raised", lambda model, ids: model.h[0].attn.c_attn(ids)),
    ],
    "11/nucleus": [
        ("changed", in_place),
        ("kind", lambda logits, p: "the best"),
        ("shape", lambda logits, p: logits[None]),
        ("one_too_few", below_p),
        ("dropped", lambda logits, p: [value for value in sorted(by_loop(logits, p), reverse=True) if value > HIDDEN]),
        ("best_only", lambda logits, p: torch.where(logits == logits.max(), logits, HIDDEN)),
        ("", lambda logits, p: [value + 1 for value in by_loop(logits, p)]),
        ("raised", lambda logits, p: by_loop(logits, p)[logits]),
    ],
    "11/repair-likelihood": [
        ("planted", at_its_own_place),
        ("minus", lambda text: loss_of(text)[0] * (loss_of(text)[1] - 1)),
        ("mean", lambda text: -loss_of(text)[0]),
        ("probability", lambda text: math.exp(token_by_token(text))),
        ("", lambda text: -loss_of(text)[0] * loss_of(text)[1]),
        ("", lambda text: token_by_token(text) / math.log(2)),
        ("kind", lambda text: text),
    ],
}
ROW = "one row of logits has one axis, its first and its last"
EQUIVALENT: dict[str, dict[str, str]] = {
    "11/attend": {
        "scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5": "two axes exchanged are the same two",
        "scores = query @ key.transpose(-1, -2) / key.shape[-1] ** 0.5": "a key is as wide as a query",
    },
    "11/nucleus": {
        "stays = order[probabilities.cumsum(-1) - probabilities <= p]": "differs where a sum meets p to the last bit",
        "probabilities, order = torch.softmax(logits, dim=0).sort(descending=True)": ROW,
        "probabilities, order = torch.softmax(logits, dim=-0).sort(descending=True)": ROW,
        "stays = order[probabilities.cumsum(-0) - probabilities < p]": ROW,
    },
    "11/repair-likelihood": {
        "total += log_probabilities[0, position, token]": "a tensor of one number is a number",
        "for position, token in enumerate(ids[-1, 1:]):": "one text: the first row is the last",
        "total += log_probabilities[-1, position, token].item()": "one text: the first row is the last",
    },
}
