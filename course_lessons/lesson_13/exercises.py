"""What is right and wrong in the exercises of lesson 13, then and now."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from course_checks.judging import Exercise
from course_checks.values import alike
from course_utils.exercises import record

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import TextClassificationPipeline

RENAMED = {
    "evaluation_strategy": "eval_strategy",
    "no_cuda": "use_cpu",
    "per_gpu_train_batch_size": "per_device_train_batch_size",
    "warmup_ratio": "warmup_steps",
}
"""Arguments of TrainingArguments that only changed their name."""

GROUPED = ("train_sampling_strategy", "group_by_length")
"""The argument, and its value, that came in place of `group_by_length=True`."""


@record("13/modern-arguments")
def modern_arguments() -> Exercise:
    """`answer(old)` gives the arguments of TrainingArguments under today's names."""

    def variant(
        renamed: Callable[[str], str] = lambda name: RENAMED.get(name, name),
        grouped: Callable[[Any], Any] = lambda value: GROUPED[1] if value else None,
        dropped: tuple[str, ...] = ("overwrite_output_dir",),
        kept: Callable[[str], bool] = lambda name: True,
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """The arguments of today, wrong in one thing."""

        def wrong(old: dict[str, Any]) -> dict[str, Any]:
            new = {renamed(name): value for name, value in old.items() if name not in dropped and kept(name)}
            if "group_by_length" in new:
                value = grouped(new.pop("group_by_length"))
                new |= {} if value is None else {GROUPED[0]: value}
            return new

        return wrong

    return Exercise(
        right=variant(),
        cases=[
            ({"output_dir": "runs", "evaluation_strategy": "epoch", "learning_rate": 5e-5},),
            ({"no_cuda": False, "per_gpu_train_batch_size": 16, "num_train_epochs": 3},),
            ({"group_by_length": True, "warmup_ratio": 0.1, "overwrite_output_dir": True, "seed": 0},),
            ({"group_by_length": False, "weight_decay": 0.01, "overwrite_output_dir": False},),
            ({"output_dir": "runs", "eval_strategy": "no"},),
            ({},),
        ],
        mistakes={
            "old_names": (
                lambda old: dict(old),
                variant(dropped=()),
                variant(renamed=lambda name: name),
            ),
            "grouping": (
                variant(grouped=lambda value: value),
                variant(grouped=lambda value: GROUPED[1]),
                variant(grouped=lambda value: value or None),
                variant(grouped=lambda value: GROUPED[1] if value else "random"),
                variant(grouped=lambda value: None),
            ),
            "lost": (
                variant(kept=lambda name: name in RENAMED or name == "group_by_length"),
                variant(dropped=("overwrite_output_dir", "seed", "weight_decay")),
            ),
            "texts": lambda old: {name: str(value) for name, value in variant()(old).items()},
            "turned_round": lambda old: {
                name: (not value if name == "use_cpu" else value) for name, value in variant()(old).items()
            },
        },
    )


def renamed_arguments(old: dict[str, Any]) -> dict[str, Any]:
    """Exercise 1 solved, for a lesson in which it is not.

    >>> renamed_arguments({"group_by_length": True, "no_cuda": True, "seed": 0})
    {'use_cpu': True, 'seed': 0, 'train_sampling_strategy': 'group_by_length'}
    """
    return modern_arguments().right(old)


@record("13/fate-of")
def fate_of() -> Exercise:
    """`answer(function, keyword)` says what a call does with a keyword: "named", "swallowed" or "refused"."""
    from course_lessons.lesson_13.installed_names import fate_of as right

    kinds = inspect.Parameter

    def fate(function: Callable[..., Any], keyword: str, by_name: tuple[Any, ...], rest: tuple[Any, ...]) -> str:
        parameters = inspect.signature(function).parameters.values()
        if any(each.name == keyword and each.kind in by_name for each in parameters):
            return "named"
        return "swallowed" if any(each.kind in rest for each in parameters) else "refused"

    named, rest = (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY), (kinds.VAR_KEYWORD,)

    def plain(text: str, limit: int = 3) -> None: ...
    def open_to_all(text: str, **rest: object) -> None: ...
    def by_place(text: str, /, limit: int = 3) -> None: ...
    def first_and_rest(text: str, /, **rest: object) -> None: ...
    def many(*texts: str, limit: int = 3) -> None: ...
    def everything(*texts: str, **options: object) -> None: ...

    class Saved:
        def __init__(self, folder: str, *, quiet: bool = True) -> None: ...

    return Exercise(
        right=right,
        cases=[
            (plain, "limit"),
            (plain, "limits"),
            (open_to_all, "text"),
            (open_to_all, "limits"),
            (open_to_all, "rest"),
            (by_place, "text"),
            (by_place, "limit"),
            (first_and_rest, "text"),
            (many, "limit"),
            (many, "texts"),
            (many, "limits"),
            (everything, "texts"),
            (everything, "options"),
            (Saved, "quiet"),
            (Saved, "self"),
        ],
        call=lambda function, keyword: (
            f"fate_of({function.__name__}, {keyword!r}), def {function.__name__}{inspect.signature(function)}"
        ),
        mistakes={
            "never_swallowed": lambda function, keyword: fate(function, keyword, named, ()),
            "open_means_swallowed": lambda function, keyword: (
                "swallowed" if fate(function, "-", (), rest) == "swallowed" else fate(function, keyword, named, ())
            ),
            "any_parameter": lambda function, keyword: fate(
                function, keyword, tuple(kinds.VAR_KEYWORD.__class__), rest
            ),
            "rest_is_named": lambda function, keyword: fate(function, keyword, (*named, kinds.VAR_KEYWORD), rest),
            "by_place_named": lambda function, keyword: fate(function, keyword, (*named, kinds.POSITIONAL_ONLY), rest),
            "stars_swallow": lambda function, keyword: fate(function, keyword, named, (*rest, kinds.VAR_POSITIONAL)),
        },
    )


@record("13/best-span")
def best_span() -> Exercise:
    """`answer(start_logits, end_logits, longest)` gives the first and last position of the best answer."""
    import torch

    def best(starts: Tensor, ends: Tensor, shortest: int, longest: int) -> tuple[int, int]:
        """The pair with the highest sum among those whose number of tokens lies between two."""
        pairs = [(i, j) for i in range(len(starts)) for j in range(len(ends)) if shortest <= j - i + 1 <= longest]
        return max(pairs, key=lambda pair: (starts[pair[0]] + ends[pair[1]]).item())

    def from_the_start(starts: Tensor, ends: Tensor, longest: int) -> tuple[int, int]:
        first = int(starts.argmax())
        return first, first + int(ends[first : first + longest].argmax())

    def to_the_end(starts: Tensor, ends: Tensor, longest: int) -> tuple[int, int]:
        last = int(ends.argmax())
        first = max(0, last - longest + 1)
        return first + int(starts[first : last + 1].argmax()), last

    def zeros_allowed(starts: Tensor, ends: Tensor, longest: int) -> tuple[int, int]:
        sums = (starts[:, None] + ends[None, :]).triu().tril(longest - 1)
        first, last = divmod(int(sums.argmax()), len(ends))
        return first, last

    return Exercise(
        right=lambda starts, ends, longest: best(starts, ends, 1, longest),
        cases=[
            (torch.tensor(starts), torch.tensor(ends), longest)
            for starts, ends, longest in [
                ([0.0, 3.0, 1.0, 0.5], [0.2, 0.1, 2.0, 1.0], 4),
                ([1.0, 0.5, 4.0, 0.0], [3.0, 1.0, 0.5, 2.0], 4),
                ([5.0, 0.0, 0.0, 2.5, 0.0], [0.0, 1.0, 3.0, 2.0, 6.0], 3),
                ([2.0, 0.0, 1.5], [0.0, 0.5, 4.0], 3),
                ([-3.0, -1.0, -2.0], [-2.0, -1.5, -4.0], 2),
                ([0.0, 6.0, 0.5, 0.0], [0.0, 1.0, 5.0, 5.5], 2),
                ([1.0, 9.0], [9.0, 2.0], 1),
                ([0.0, 4.0, 5.0, 0.0], [0.0, 1.0, 0.5, 8.0], 2),
                ([4.0, 5.0, 0.0, 0.0], [0.0, 0.0, 1.0, 9.0], 3),
                ([1.0, 2.0, 5.0, 6.0, 0.0], [7.0, 8.0, 1.0, 0.0, 0.0], 2),
                ([-300.0, -200.0], [-250.0, -400.0], 1),
            ]
        ],
        same=alike(whole=True),
        mistakes={
            "apart": lambda starts, ends, longest: (int(starts.argmax()), int(ends.argmax())),
            "from_the_start": from_the_start,
            "to_the_end": to_the_end,
            "one_too_long": lambda starts, ends, longest: best(starts, ends, 1, longest + 1),
            "one_short": lambda starts, ends, longest: best(starts, ends, 1, max(1, longest - 1)),
            "any_length": lambda starts, ends, longest: best(starts, ends, 1, len(starts)),
            "backwards_too": lambda starts, ends, longest: best(starts, ends, 2 - longest, longest),
            "zeros_allowed": zeros_allowed,
            "not_alone": lambda starts, ends, longest: best(starts, ends, min(2, longest), longest),
            "length": lambda starts, ends, longest: (
                (pair := best(starts, ends, 1, longest))[0],
                pair[1] - pair[0] + 1,
            ),
            "behind_the_end": lambda starts, ends, longest: (
                (pair := best(starts, ends, 1, longest))[0],
                pair[1] + 1,
            ),
        },
    )


def best_of_all(starts: Tensor, ends: Tensor, longest: int) -> tuple[int, int]:
    """Exercise 4 solved, for a lesson in which it is not.

    >>> import torch
    >>> best_of_all(torch.tensor([0.0, 3.0]), torch.tensor([5.0, 1.0]), 2)
    (0, 0)
    """
    return best_span().right(starts, ends, longest)


@record("13/missing-names")
def missing_names() -> Exercise:
    """`answer(code)` lists the names that code imports from transformers and that are not there any more."""

    def imported(
        code: str, of: Callable[[str], bool] = "transformers".__eq__, top_only: bool = False
    ) -> list[ast.alias]:
        tree = ast.parse(code)
        nodes = [node for node in (tree.body if top_only else ast.walk(tree)) if isinstance(node, ast.ImportFrom)]
        return [each for node in nodes if of(str(node.module)) for each in node.names]

    def gone(names: list[str]) -> list[str]:
        import transformers

        return [name for name in names if not hasattr(transformers, name)]

    def by_lines(code: str) -> list[str]:
        words = [
            line.split("import ", 1)[1] for line in code.splitlines() if line.startswith("from transformers import")
        ]
        return gone(
            [part.split(" as ")[0].strip(" ()") for line in words for part in line.split(",") if part.strip(" ()")]
        )

    old = ("AdamW", "create_optimizer", "TFTrainer", "TFAutoModel", "TFAutoModelForSequenceClassification")
    return Exercise(
        right=lambda code: gone([each.name for each in imported(code)]),
        cases=[
            (code,)
            for code in (
                "from transformers import AdamW, AutoModel\n",
                "from torch.optim import AdamW\nfrom transformers import AutoTokenizer, TFAutoModel\n",
                "from transformers import (\n    AutoModel,\n    TFAutoModelForSequenceClassification as TF,\n)\n",
                "# from transformers import TFTrainer\nhelp_text = 'from transformers import TFTrainer'\n"
                "from transformers import AutoConfig\n",
                "def optimizer():\n    from transformers import create_optimizer\n    return create_optimizer\n",
                "from transformers import AutoModel as Body, BertPonderer, pipeline\nfrom mine import BertDreamer\n",
                "import transformers\nx = 1\n",
                "from transformers import AdamW, BertModel, TFTrainer\n",
                "from transformers_of_mine import BertThinker\nfrom transformers import TFAutoModel\n",
                "from transformers import AdamW\nfrom transformers import TFTrainer\n",
                "class Own:\n    def made(self):\n        from transformers import AdamW\n\n        return AdamW\n",
            )
        ],
        same=alike(ordered=False),
        mistakes={
            "all_names": lambda code: [each.name for each in imported(code)],
            "other_packages": (
                lambda code: gone([each.name for each in imported(code, of=lambda module: True)]),
                lambda code: gone(
                    [each.name for each in imported(code, of=lambda module: module.startswith("transformers"))]
                ),
            ),
            "renamed": lambda code: gone([each.asname or each.name for each in imported(code)]),
            "a_list_of_names": (
                lambda code: [each.name for each in imported(code) if each.name in old],
                lambda code: [each.name for each in imported(code) if each.name in old or each.name.startswith("TF")],
            ),
            "top_only": lambda code: gone([each.name for each in imported(code, top_only=True)]),
            "by_lines": by_lines,
            "there": lambda code: [name for each in imported(code) if (name := each.name) not in gone([name])],
        },
    )


@record("13/repair-scores")
def repair_scores(classify: TextClassificationPipeline) -> Exercise:
    """`answer(classify, texts)` gives for each text its best label, and how far that is ahead of the last one."""

    def margin(rows: list[dict[str, Any]], other: bool = False) -> tuple[str, float]:
        ranked = sorted(rows, key=lambda row: row["score"], reverse=not other)
        return ranked[0]["label"], abs(ranked[0]["score"] - ranked[-1]["score"])

    def right(_: Any, texts: list[str]) -> list[tuple[str, float]]:
        return [margin(classify(text, top_k=None)) for text in texts]

    return Exercise(
        right=right,
        cases=[
            (classify, []),
            (classify, ["A lovely film."]),
            (classify, ["A dull film.", "It was long.", "What a mess."]),
        ],
        same=alike(1e-6),
        call=lambda _, texts: f"margins(classify, {texts})",
        mistakes={
            "planted": lambda _, texts: [margin(classify(text)) for text in texts],
            "score_itself": lambda _, texts: [(row["label"], row["score"]) for text in texts for row in classify(text)],
            "of_logits": lambda _, texts: [
                margin(classify(text, top_k=None, function_to_apply="none")) for text in texts
            ],
            "last_label": lambda _, texts: [margin(classify(text, top_k=None), other=True) for text in texts],
            "first_only": lambda _, texts: right(_, texts[:1]),
            "rows_kept": lambda _, texts: [classify(text, top_k=None) for text in texts],
        },
    )
