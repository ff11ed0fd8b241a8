"""What is right and wrong in the exercises of lesson 13, then and now."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from course_utils.exercises import RIGHT, Verdict, exercise, started
from course_utils.messages import brief

if TYPE_CHECKING:
    from torch import Tensor

RENAMED = {
    "evaluation_strategy": "eval_strategy",
    "no_cuda": "use_cpu",
    "per_gpu_train_batch_size": "per_device_train_batch_size",
    "warmup_ratio": "warmup_steps",
}
"""Arguments of TrainingArguments that only changed their name."""

OLD_ARGUMENTS: tuple[dict[str, Any], ...] = (
    {"output_dir": "runs", "evaluation_strategy": "epoch", "learning_rate": 5e-5},
    {"no_cuda": False, "per_gpu_train_batch_size": 16, "num_train_epochs": 3},
    {"group_by_length": True, "warmup_ratio": 0.1, "overwrite_output_dir": True, "seed": 0},
    {"group_by_length": False, "weight_decay": 0.01},
    {"output_dir": "runs", "eval_strategy": "no"},
)


@exercise("13/modern-arguments")
def modern_arguments(answer: Callable[[dict[str, Any]], object]) -> Verdict:
    """`answer(old)` gives the arguments of TrainingArguments under today's names.

    >>> modern_arguments(lambda old: old).cause
    'old_names'
    """
    for old in OLD_ARGUMENTS:
        given_in = copy.deepcopy(old)
        given = started(answer(given_in))
        cause = _arguments_mistake(given, old, given_in)
        if cause:
            call = f"modern_arguments({old})"
            return Verdict(False, call, f"`{brief(given, 160)}`", f"`{brief(today(old), 160)}`", cause)
    return RIGHT


def today(old: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments under today's names.

    >>> today({"group_by_length": True, "no_cuda": True, "seed": 0})
    {'train_sampling_strategy': 'group_by_length', 'use_cpu': True, 'seed': 0}
    """
    new: dict[str, Any] = {}
    for name, value in old.items():
        if name == "group_by_length":
            if value:
                new["train_sampling_strategy"] = "group_by_length"
        elif name != "overwrite_output_dir":
            new[RENAMED.get(name, name)] = value
    return new


def _arguments_mistake(given: object, old: Mapping[str, Any], given_in: Mapping[str, Any]) -> str:
    """The first thing that is wrong with renamed arguments, or nothing."""
    expected = today(old)
    if not isinstance(given, Mapping):
        return "not_dictionary"
    if dict(given_in) != dict(old):
        return "changed_input"
    gone = {*RENAMED, "overwrite_output_dir"}
    if gone & set(given):
        return "old_names"
    key = "train_sampling_strategy"
    if "group_by_length" in given or given.get(key, "") != expected.get(key, ""):
        return "grouping"
    if set(expected) - set(given):
        return "lost"
    return "" if dict(given) == expected else "values"


@exercise("13/best-span")
def best_span(answer: Callable[[Tensor, Tensor, int], object]) -> Verdict:
    """`answer(start_logits, end_logits, longest)` gives the first and last position of the best answer.

    >>> best_span(lambda starts, ends, longest: (starts.argmax().item(), ends.argmax().item())).cause
    'backwards'
    """
    import torch

    cases: tuple[tuple[list[float], list[float], int], ...] = (
        ([0.0, 3.0, 1.0, 0.5], [0.2, 0.1, 2.0, 1.0], 4),
        ([1.0, 0.5, 4.0, 0.0], [3.0, 1.0, 0.5, 2.0], 4),
        ([5.0, 0.0, 0.0, 2.5, 0.0], [0.0, 1.0, 3.0, 2.0, 6.0], 3),
        ([2.0, 0.0, 1.5], [0.0, 0.5, 4.0], 3),
        ([-3.0, -1.0, -2.0], [-2.0, -1.5, -4.0], 2),
    )
    for starts, ends, longest in cases:
        expected = best_of_all(starts, ends, longest)
        given = started(answer(torch.tensor(starts), torch.tensor(ends), longest))
        pair = _pair(given)
        if pair == expected:
            continue
        cause = "other"
        if pair is None or not all(0 <= position < len(starts) for position in pair):
            cause = "not_pair"
        elif pair[1] < pair[0]:
            cause = "backwards"
        elif pair[1] - pair[0] >= longest:
            cause = "too_long"
        elif expected[1] - expected[0] == longest - 1:
            cause = "one_short"
        call = f"best_span({starts}, {ends}, longest={longest})"
        shown = f"`{brief(given if pair is None else pair)}`"
        return Verdict(False, call, shown, f"`{expected}`", cause)
    return RIGHT


def best_of_all(starts: list[float], ends: list[float], longest: int) -> tuple[int, int]:
    """The pair with the highest sum among all that a text can have, by trying each.

    >>> best_of_all([0.0, 3.0], [5.0, 1.0], 2)
    (0, 0)
    """
    pairs = [(i, j) for i in range(len(starts)) for j in range(i, min(i + longest, len(ends)))]
    return max(pairs, key=lambda pair: starts[pair[0]] + ends[pair[1]])


def _pair(given: object) -> tuple[int, int] | None:
    """Two whole numbers out of whatever came back, tensors of one number included; None where there are none."""
    try:
        positions = [float(position) for position in given]  # type: ignore[attr-defined]
    except (TypeError, ValueError, RuntimeError):
        return None
    if len(positions) != 2 or not all(p == p and p == int(p) for p in positions if abs(p) < 1e9):
        return None
    return (int(positions[0]), int(positions[1])) if all(abs(p) < 1e9 for p in positions) else None


CODES = (
    "from transformers import AdamW, AutoModel\n",
    "from torch.optim import AdamW\nfrom transformers import AutoTokenizer, TFAutoModel\n",
    "from transformers import (\n    AutoModel,\n    TFAutoModelForSequenceClassification as Classifier,\n)\n",
    "# from transformers import TFTrainer\nhelp_text = 'from transformers import TFTrainer'\n"
    "from transformers import AutoConfig\n",
    "def optimizer():\n    from transformers import create_optimizer\n    return create_optimizer\n",
)


@exercise("13/missing-names")
def missing_names(answer: Callable[[str], object]) -> Verdict:
    """`answer(code)` lists the names that code imports from transformers and that are not there any more.

    >>> missing_names(lambda code: "AdamW").cause
    'not_names'
    """
    for code in CODES:
        expected = sorted(_gone(code))
        given = started(answer(code))
        cause = _names_mistake(given, expected, code)
        if cause:
            return Verdict(False, f"missing_names({code!r})", f"`{brief(given)}`", f"`{expected}`", cause)
    return RIGHT


def _imported(code: str) -> dict[str, str]:
    """Names that code imports from transformers -> what the code calls them."""
    import ast

    nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    return {each.name: each.asname or each.name for n in nodes if n.module == "transformers" for each in n.names}


def _gone(code: str) -> set[str]:
    """Names that code imports from transformers and that the installed library lacks."""
    import transformers

    return {name for name in _imported(code) if not hasattr(transformers, name)}


def _names_mistake(given: object, expected: list[str], code: str) -> str:
    """The first thing that is wrong with a list of names, or nothing."""
    if isinstance(given, str) or not isinstance(given, list | tuple | set | frozenset):
        return "not_names"
    if not all(isinstance(name, str) for name in given):
        return "not_names"
    names, imported = set(given), _imported(code)
    if names & (set(imported.values()) - set(imported)):
        return "renamed"
    if names & (set(imported) - set(expected)):
        return "all_names"
    extra = names - set(imported)
    if any(f"torch.optim import {name}" in code for name in extra):
        return "other_packages"
    if extra:
        return "not_imported"
    return "missed" if set(expected) - names else ""
