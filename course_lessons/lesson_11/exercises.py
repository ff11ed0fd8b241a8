"""What is right and wrong in the exercises of lesson 11, architectures and attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from course_checks.judging import Exercise
from course_checks.values import alike, shown
from course_utils.exercises import record
from course_utils.messages import text

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import GPT2Model, PreTrainedModel, PreTrainedTokenizerBase

SENTENCES = ("This film is a waste of time.", "Waste time this is of film a.", "A film.")


@record("11/attend")
def attend() -> Exercise:
    """`answer(query, key, value, mask)` gives weights and averages of scaled dot-product attention."""
    import torch

    draw = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return 2 * torch.randn(*shape, generator=draw)

    def scores_of(query: Tensor, key: Tensor, scale: Callable[[int], float] = lambda width: width**-0.5) -> Tensor:
        return query @ key.transpose(-1, -2) * scale(query.shape[-1])

    def closed(scores: Tensor, mask: Tensor) -> Tensor:
        return scores.masked_fill(mask == 0, float("-inf"))

    def made(
        scores: Callable[[Tensor, Tensor], Tensor] = scores_of,
        hide: Callable[[Tensor, Tensor], Tensor] = closed,
        share: Callable[[Tensor], Tensor] = lambda scores: scores.softmax(-1),
        after: Callable[[Tensor, Tensor], Tensor] = lambda weights, mask: weights,
        give: Callable[[Tensor, Tensor], Any] = lambda weights, mixed: (weights, mixed),
    ) -> Callable[[Tensor, Tensor, Tensor, Tensor], Any]:
        """Attention, wrong in one thing."""

        def found(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Any:
            weights = after(share(hide(scores(query, key), mask)), mask)
            return give(weights, weights @ value)

        return found

    return Exercise(
        right=made(),
        cases=[
            (drawn(4, 3), drawn(4, 3), drawn(4, 2), torch.tril(torch.ones(4, 4))),
            (drawn(3, 4), drawn(5, 4), drawn(5, 3), torch.ones(3, 5)),
            (
                drawn(2, 2, 3, 5),
                drawn(2, 2, 3, 5),
                drawn(2, 2, 3, 4),
                torch.tensor([[1, 1, 0], [1, 1, 1]])[:, None, None],
            ),
        ],
        same=alike(1e-4),
        call=lambda query, key, value, mask: (
            f"attend(query {tuple(query.shape)}, key {tuple(key.shape)}, value {tuple(value.shape)}, "
            f"mask {shown(mask) if mask.ndim == 2 else tuple(mask.shape)})"
        ),
        mistakes={
            "averages_only": made(give=lambda weights, mixed: mixed),
            "weights_only": made(give=lambda weights, mixed: weights),
            "other_order": made(give=lambda weights, mixed: (mixed, weights)),
            "not_scaled": made(lambda query, key: scores_of(query, key, lambda width: 1.0)),
            "width_itself": made(lambda query, key: scores_of(query, key, lambda width: 1 / width)),
            "multiplied": made(lambda query, key: scores_of(query, key, lambda width: width**0.5)),
            "fixed_width": (
                made(lambda query, key: scores_of(query, key, lambda width: 3**-0.5)),
                made(lambda query, key: scores_of(query, key, lambda width: 4**-0.5)),
                made(lambda query, key: scores_of(query, key, lambda width: 0.5 if width != 3 else 3**-0.5)),
                made(lambda query, key: scores_of(query, key, lambda width: 0.125)),
            ),
            "width_of_value": lambda query, key, value, mask: made(
                lambda query, key: scores_of(query, key, lambda _: value.shape[-1] ** -0.5)
            )(query, key, value, mask),
            "mask_ignored": made(hide=lambda scores, mask: scores),
            "mask_turned_round": made(hide=lambda scores, mask: scores.masked_fill(mask == 1, float("-inf"))),
            "masked_with_zero": (
                made(hide=lambda scores, mask: scores.masked_fill(mask == 0, 0.0)),
                made(hide=lambda scores, mask: scores * mask),
            ),
            "masked_after": (
                made(hide=lambda scores, mask: scores, after=lambda weights, mask: weights * mask),
                made(hide=lambda scores, mask: scores, after=lambda weights, mask: weights.masked_fill(mask == 0, 0)),
            ),
            "wrong_axis": (made(share=lambda scores: scores.softmax(-2)), made(share=lambda scores: scores.softmax(0))),
            "no_softmax": made(share=lambda scores: scores),
            "two_axes_only": (
                made(lambda query, key: query @ key.t() / query.shape[-1] ** 0.5),
                made(lambda query, key: query @ key.transpose(0, 1) / query.shape[-1] ** 0.5),
            ),
        },
    )


@record("11/causal-mask")
def causal_mask() -> Exercise:
    """`answer(n)` gives the mask of a decoder (n, n): 1 where row i may look at column j, 0 elsewhere."""
    import torch

    def ones(n: int) -> Tensor:
        return torch.ones(n, n)

    return Exercise(
        right=lambda n: torch.tril(ones(n)),
        cases=[(3,), (1,), (5,)],
        mistakes={
            "upper": lambda n: torch.triu(ones(n)),
            "no_diagonal": lambda n: torch.tril(ones(n), diagonal=-1),
            "one_ahead": lambda n: torch.tril(ones(n), diagonal=1),
            "closed_for_open": (lambda n: torch.triu(ones(n), diagonal=1), lambda n: 1 - torch.tril(ones(n))),
            "everything": ones,
            "itself_only": torch.eye,
            "one_row": (lambda n: torch.ones(n), lambda n: list(range(1, n + 1))),
            "scores": lambda n: torch.zeros(n, n).masked_fill(torch.tril(ones(n)) == 0, float("-inf")),
        },
    )


@record("11/first-block")
def first_block() -> Exercise:
    """`answer(model, ids)` gives the states after the first block of a GPT-2, made of the block's own layers."""
    import torch
    from torch.nn import functional
    from transformers import GPT2Config, GPT2Model

    def states(answer: Callable[[Any, Tensor], Any], heads: int, width: int, ids: Tensor) -> Any:
        """Build a small GPT-2 with weights drawn wide, so that every step matters, and ask for its states."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(heads)
            sizes = {"vocab_size": 20, "n_positions": 8, "n_embd": width, "n_layer": 2, "n_head": heads}
            model = GPT2Model(GPT2Config(**sizes, bos_token_id=0, eos_token_id=0)).eval()
            with torch.no_grad():
                for weight in model.parameters():
                    weight.normal_(std=0.5)
                return answer(model, ids)

    def made(wrong: str) -> Callable[[GPT2Model, Tensor], Any]:
        """The block, wrong in one thing."""

        def found(model: GPT2Model, ids: Tensor) -> Any:
            part, tokens = model.h[0], ids.shape[1]
            heads = 1 if wrong == "one_head" else model.config.n_head
            begun = model.wte(ids)
            if wrong != "no_positions":
                begun = begun + model.wpe(torch.arange(tokens))
            normed = begun if wrong in ("no_first_norm", "norm_after") else part.ln_1(begun)
            cut = part.attn.c_attn(normed)
            thirds = [cut[..., n::3] for n in range(3)] if wrong == "thirds" else cut.chunk(3, dim=-1)
            query, key, value = (each.unflatten(-1, (heads, -1)).transpose(1, 2) for each in thirds)
            scores = query @ key.transpose(-1, -2)
            if wrong != "not_scaled":
                scores = scores / query.shape[-1] ** 0.5
            if wrong != "not_causal":
                scores = scores.masked_fill(torch.tril(torch.ones(tokens, tokens)) == 0, float("-inf"))
            mixed = scores.softmax(-1) @ value
            mixed = mixed.reshape(begun.shape) if wrong == "heads_mixed_up" else mixed.transpose(1, 2).flatten(2)
            if wrong != "no_projection":
                mixed = part.attn.c_proj(mixed)
            middle = mixed if wrong == "no_first_residual" else begun + mixed
            if wrong == "norm_after":
                middle = part.ln_1(middle)
            if wrong == "attention_only":
                return middle
            normed = middle if wrong in ("no_second_norm", "norm_after") else part.ln_2(middle)
            if wrong == "same_norm_twice":
                normed = part.ln_1(middle)
            wide = part.mlp.c_fc(normed)
            bends = {"no_bend": lambda x: x, "relu": torch.relu, "other_gelu": functional.gelu}
            narrow = part.mlp.c_proj(bends.get(wrong, part.mlp.act)(wide))
            if wrong == "no_second_residual":
                return narrow
            ended = (begun if wrong == "residual_from_the_start" else middle) + narrow
            if wrong == "norm_after":
                ended = part.ln_2(ended)
            return model.ln_f(ended) if wrong == "last_norm" else ended

        return found

    names = (
        "no_positions no_first_norm norm_after one_head thirds not_scaled not_causal heads_mixed_up no_projection "
        "no_first_residual attention_only no_second_norm same_norm_twice no_bend relu other_gelu no_second_residual "
        "residual_from_the_start last_norm"
    ).split()
    return Exercise(
        right=lambda model, ids: model(ids, output_hidden_states=True).hidden_states[1],
        cases=[
            (2, 8, torch.tensor([[3, 7, 1, 4]])),
            (3, 12, torch.tensor([[5, 5, 2], [9, 1, 6]])),
            (2, 12, torch.tensor([[3, 7, 1, 4, 2]])),
        ],
        use=states,
        same=alike(3e-5),
        call=lambda heads, width, ids: text(
            "exercise.11.first-block.words.call", heads=heads, width=width, ids=shown(ids)
        ),
        forbidden=("GPT2Block.forward", "GPT2Attention.forward", "GPT2MLP.forward"),
        mistakes={name: made(name) for name in names},
    )


@record("11/nucleus")
def nucleus() -> Exercise:
    """`answer(logits, p)` leaves the smallest set of tokens whose probabilities reach p; the rest is minus infinity."""
    import torch

    def kept(
        stays: Callable[[Tensor, float], Tensor],
        give: Callable[[Tensor, Tensor, Tensor], Any] = lambda logits, order, stay: put_back(logits, order, stay),
        down: bool = True,
    ) -> Callable[[Tensor, float], Any]:
        """Keep some of the sorted tokens: `stays` gets their probabilities, best first, and p."""

        def found(logits: Tensor, p: float) -> Any:
            probabilities, order = torch.softmax(logits, dim=-1).sort(descending=down)
            return give(logits, order, stays(probabilities, p))

        return found

    def put_back(logits: Tensor, order: Tensor, stay: Tensor, rest: float = float("-inf")) -> Tensor:
        left = torch.full_like(logits, rest)
        left[order[stay]] = logits[order[stay]]
        return left

    def reaching(probabilities: Tensor, p: float) -> Tensor:
        return probabilities.cumsum(-1) - probabilities < p

    def first(probabilities: Tensor) -> Tensor:
        return torch.arange(len(probabilities)) == 0

    return Exercise(
        right=kept(reaching),
        cases=[
            (torch.tensor([2.0, 1.0, 0.0, -1.0]), 0.8),
            (torch.tensor([0.0, 3.0, 1.0, 2.0, -2.0]), 0.9),
            (torch.tensor([0.1, 5.0, 0.2]), 0.5),
            (torch.tensor([1.0, 1.5, 0.5, 0.8]), 0.55),
        ],
        mistakes={
            "probabilities": (
                lambda logits, p: torch.softmax(logits, -1),
                lambda logits, p: torch.softmax(kept(reaching)(logits, p), -1),
                lambda logits, p: torch.softmax(logits, -1).masked_fill(kept(reaching)(logits, p).isinf(), 0.0),
            ),
            "nothing_removed": lambda logits, p: logits,
            "one_too_few": (
                kept(lambda shares, p: shares.cumsum(-1) <= p),
                kept(lambda shares, p: (shares.cumsum(-1) <= p) | first(shares)),
            ),
            "one_too_many": kept(lambda shares, p: (shares.cumsum(-1) - shares - shares.roll(1) * ~first(shares)) < p),
            "wrong_positions": (
                kept(reaching, lambda logits, order, stay: logits[order].masked_fill(~stay, float("-inf"))),
                kept(reaching, lambda logits, order, stay: logits.masked_fill(~stay, float("-inf"))),
            ),
            "zeros": kept(reaching, lambda logits, order, stay: put_back(logits, order, stay, 0.0)),
            "dropped": kept(reaching, lambda logits, order, stay: logits[order[stay]]),
            "places": kept(reaching, lambda logits, order, stay: order[stay]),
            "best_only": kept(lambda shares, p: first(shares)),
            "worst_first": kept(reaching, down=False),
            "single_tokens": (kept(lambda shares, p: shares >= p), kept(lambda shares, p: shares > 1 - p)),
            "not_sorted": lambda logits, p: logits.masked_fill(~reaching(torch.softmax(logits, -1), p), float("-inf")),
        },
    )


@record("11/repair-likelihood")
def repair_likelihood(tokenizer: PreTrainedTokenizerBase, writer: PreTrainedModel) -> Exercise:
    """`answer(text)` gives the logarithm of the probability of a text's tokens, each after those before it."""
    import torch

    def scored(
        pairs: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = lambda rows, ids: (rows[:-1], ids[1:]),
        give: Callable[[Tensor], Any] = lambda chosen: chosen.sum(),
        scores: Callable[[Tensor], Tensor] = lambda logits: logits.log_softmax(-1),
    ) -> Callable[[str], Any]:
        """The scores of some tokens by some positions, and what is made of them."""

        def found(words: str) -> Any:
            ids = tokenizer(words, return_tensors="pt")["input_ids"]
            with torch.no_grad():
                rows, answers = pairs(scores(writer(ids).logits[0]), ids[0])
            return give(rows.gather(1, answers[:, None])[:, 0])

        return found

    return Exercise(
        right=scored(),
        cases=[(sentence,) for sentence in SENTENCES],
        same=alike(1e-4),
        mistakes={
            "planted": scored(lambda rows, ids: (rows, ids)),
            "wrong_way": scored(lambda rows, ids: (rows[1:], ids[:-1])),
            "two_on": scored(lambda rows, ids: (rows[:-2], ids[2:])),
            "mean": (scored(give=lambda chosen: chosen.mean()), scored(give=lambda chosen: -chosen.mean())),
            "minus": scored(give=lambda chosen: -chosen.sum()),
            "probability": (scored(give=lambda chosen: chosen.sum().exp()), scored(scores=lambda z: z.softmax(-1))),
            "logits": scored(scores=lambda logits: logits),
            "each_token": scored(give=lambda chosen: chosen),
            "last_only": scored(give=lambda chosen: chosen[-1]),
        },
    )
