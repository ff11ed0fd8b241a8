"""Answers to the exercises of lesson 13: right ones in other clothes, and wrong ones as learners give them."""

from __future__ import annotations

import ast
import inspect
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor

from course_lessons.lesson_13.constructs import bench

NEW = {
    "evaluation_strategy": "eval_strategy",
    "no_cuda": "use_cpu",
    "per_gpu_train_batch_size": "per_device_train_batch_size",
    "warmup_ratio": "warmup_steps",
}


def modern(old: dict[str, Any]) -> dict[str, Any]:
    """The exercise solved."""
    new = {NEW.get(name, name): value for name, value in old.items()}
    new.pop("overwrite_output_dir", None)
    if new.pop("group_by_length", False):
        new["train_sampling_strategy"] = "group_by_length"
    return new


def step_by_step(old: dict[str, Any]) -> dict[str, Any]:
    """With a loop."""
    new = {}
    for name in sorted(old):
        if name == "overwrite_output_dir" or name == "group_by_length" and not old[name]:
            continue
        if name == "group_by_length":
            new["train_sampling_strategy"] = name
        else:
            new[NEW.get(name, name)] = old[name]
    return new


def in_place(old: dict[str, Any]) -> dict[str, Any]:
    """Right, but the dictionary that came in is no longer what it was."""
    new = modern(old)
    old.clear()
    old.update(new)
    return old


def by_tries(function: Any, keyword: str) -> str:
    """By what Python binds."""
    signature = inspect.signature(function)
    first = [each for each in signature.parameters.values() if each.kind is each.POSITIONAL_ONLY]
    try:
        bound = signature.bind_partial(*first, **{keyword: 1})
    except TypeError:
        return "refused"
    by_name = keyword in bound.arguments and signature.parameters[keyword].kind in (1, 3)
    return "named" if by_name else "swallowed"


def by_spec(function: Any, keyword: str) -> str:
    """With the older function of the same module."""
    spec = inspect.getfullargspec(function.__init__ if inspect.isclass(function) else function)
    only = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_ONLY]
    names = set(spec.args + spec.kwonlyargs) - set(only) - ({"self"} if inspect.isclass(function) else set())
    return "named" if keyword in names else "swallowed" if spec.varkw else "refused"


def by_kinds(function: Any, keyword: str) -> str:
    """With the kinds as words."""
    kinds = {each.name: each.kind.name for each in inspect.signature(function).parameters.values()}
    if kinds.get(keyword) in {"POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY"}:
        return "named"
    return {True: "swallowed", False: "refused"}["VAR_KEYWORD" in kinds.values()]


def span(starts: Tensor, ends: Tensor, longest: int) -> tuple[int, int]:
    """The exercise solved."""
    sums = starts[:, None] + ends[None, :]
    allowed = torch.ones_like(sums).triu().tril(longest - 1).bool()
    first, last = divmod(sums.masked_fill(~allowed, float("-inf")).argmax().item(), len(ends))
    return first, last


def tried_all(starts: Tensor, ends: Tensor, longest: int) -> list[int]:
    """Two loops."""
    best, found = float("-inf"), [0, 0]
    for first in range(len(starts)):
        for last in range(first, min(first + longest, len(ends))):
            if starts[first] + ends[last] > best:
                best, found = starts[first] + ends[last], [first, last]
    return found


def with_numpy(starts: Tensor, ends: Tensor, longest: int) -> Any:
    """By NumPy, whose whole numbers are its own."""
    places = np.arange(len(starts))
    gaps = places[None, :] - places[:, None]
    sums = np.where((gaps >= 0) & (gaps < longest), starts.numpy()[:, None] + ends.numpy(), -np.inf)
    return np.unravel_index(sums.argmax(), sums.shape)


def imports(code: str) -> list[ast.alias]:
    """What a code imports from transformers."""
    nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    return [alias for node in nodes if node.module == "transformers" for alias in node.names]


def missing(code: str) -> list[str]:
    """The exercise solved."""
    return [alias.name for alias in imports(code) if not hasattr(transformers, alias.name)]


class Visitor(ast.NodeVisitor):
    """The exercise solved by a visitor."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.there = set(dir(transformers))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:  # noqa: N802  (the name that ast looks for)
        """Keep what is missing."""
        if node.module == "transformers":
            self.found += [each.name for each in node.names if each.name not in self.there]


def visited(code: str) -> tuple[str, ...]:
    """By a visitor, as a tuple."""
    visitor = Visitor()
    visitor.visit(ast.parse(code))
    return tuple(visitor.found)


def anywhere(code: str) -> list[str]:
    """Solved, but what stands in a comment counts as well."""
    return missing(code) + (["TFTrainer"] if "# from transformers" in code else [])


def classify() -> Any:
    """The tiny pipeline of the lesson."""
    return bench()["classify"]


def all_scores(pipeline: Any, texts: list[str]) -> Any:
    """All texts at once, as a generator."""
    for rows in pipeline(texts, top_k=None) if texts else []:
        best, *_, last = sorted(rows, key=lambda row: -row["score"])
        yield best["label"], best["score"] - last["score"]


def from_logits(pipeline: Any, texts: list[str], power: int = 1) -> list[list[Any]]:
    """Without the pipeline's own post-processing."""
    names, rows = pipeline.model.config.id2label, []
    for text in texts:
        with torch.no_grad():
            logits = pipeline.model(**pipeline.tokenizer(text, return_tensors="pt")).logits[0]
        scores = logits.softmax(-1)
        rows.append([names[int(scores.argmax())], (scores.max() - scores.min()) ** power])
    return rows


def by_name(pipeline: Any, texts: list[str]) -> list[tuple[str, float]]:
    """By the number of labels, with dictionaries in between."""
    count, table = pipeline.model.config.num_labels, []
    for text in texts:
        scores = {row["label"]: row["score"] for row in pipeline(text, top_k=count)}
        best = max(scores, key=scores.__getitem__)
        table.append((best, scores[best] - min(scores.values())))
    return table


MATERIALS = {"13/repair-scores": lambda: (classify(),)}
RIGHT: dict[str, list[Any]] = {
    "13/modern-arguments": [modern, step_by_step, lambda old: MappingProxyType(modern(old))],
    "13/fate-of": [by_tries, by_spec, by_kinds],
    "13/best-span": [span, tried_all, with_numpy, lambda *given: torch.tensor(span(*given))],
    "13/missing-names": [missing, visited, lambda code: set(missing(code)), lambda code: sorted(missing(code))],
    "13/repair-scores": [all_scores, from_logits, by_name],
}
WRONG: dict[str, list[tuple[str, Any]]] = {
    "13/modern-arguments": [
        ("kind", lambda old: list(old)),
        ("changed", in_place),
        ("old_names", lambda old: old),
        ("", lambda old: {**modern(old), "report_to": "none"}),
        ("returned_none_changed", lambda old: old.clear()),
    ],
    "13/fate-of": [
        ("kind", lambda function, keyword: by_kinds(function, keyword) == "named"),
        ("", lambda function, keyword: by_kinds(function, keyword).title()),
        ("", lambda function, keyword: "named" if keyword in str(inspect.signature(function)) else "refused"),
        ("", lambda function, keyword: "refused"),
    ],
    "13/best-span": [
        ("kind", lambda starts, ends, longest: "the second word"),
        ("shape", lambda starts, ends, longest: [*span(starts, ends, longest), longest]),
        ("", lambda starts, ends, longest: span(starts, ends, longest)[::-1]),
        ("", lambda starts, ends, longest: (0, 0)),
        ("", lambda starts, ends, longest: [place / 2 for place in span(starts, ends, longest)]),
    ],
    "13/missing-names": [
        ("kind", lambda code: "AdamW"),
        ("", anywhere),
        ("", lambda code: missing(code)[:1]),
        (
            "a_list_of_names",
            lambda code: (
                [name for name in ("AdamW", "TFAutoModel") if name in missing(code)]
                + [name for name in missing(code) if name.startswith(("create", "TFAutoModelFor", "TFTrainer"))]
            ),
        ),
        ("raised", lambda code: ast.parse(code).body[0].names_of_old),
    ],
    "13/repair-scores": [
        ("planted", lambda pipeline, texts: [(pipeline(text, top_k=1)[0]["label"], 0.0) for text in texts]),
        ("kind", lambda pipeline, texts: "LABEL_1"),
        ("", lambda pipeline, texts: [[name, round(float(gap), 3)] for name, gap in from_logits(pipeline, texts)]),
        ("", lambda pipeline, texts: [[name, -gap] for name, gap in from_logits(pipeline, texts)]),
        ("", lambda pipeline, texts: from_logits(pipeline, texts, power=2)),
        ("raised", lambda pipeline, texts: pipeline(texts, grouped_entities=True)),
    ],
}
EQUIVALENT: dict[str, dict[str, str]] = {
    "13/fate-of": {
        "by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)": (
            "whether a kind is one of two does not depend on their order"
        ),
    },
    "13/repair-scores": {
        "table.append((best['label'], scores[0] - scores[1]))": "this pipeline has two labels: the second is the last",
    },
    "13/best-span": {
        "return divmod(best, len(start_logits))": "a text has as many starts as ends",
    },
}
