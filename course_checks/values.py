"""Reading, comparing and showing what a learner's code gave back, whatever clothes it comes in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import islice
from numbers import Real
from typing import TYPE_CHECKING, Any

from course_utils.messages import brief

if TYPE_CHECKING:
    from torch import Tensor

Same = Callable[..., bool]
Part = tuple[str, Any, Any]
MOST = 100_000
"""So many parts of an iterator are read."""


def plain(value: Any) -> Any:
    """The value made of numbers, texts, lists, dictionaries and frozen sets only, where it can be.

    Tensors, arrays, tuples, generators and Series become lists, a DataFrame a list of rows, scalars Python's own.

    >>> import torch
    >>> plain((torch.tensor([1, 2]), range(2), {"a": torch.tensor(0.5)}))
    [[1, 2], [0, 1], {'a': 0.5}]
    """
    if isinstance(value, str | bytes | bool | int | float | complex) and type(value).__module__ == "builtins":
        return value
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return plain(value.to_dict("records"))
    if hasattr(value, "tolist"):
        try:
            listed = value.tolist()
        except (TypeError, RuntimeError, NotImplementedError):  # sparse, or on the meta device
            return value
        return plain(listed) if isinstance(listed, list) else listed
    if isinstance(value, Mapping):
        return {_key(key): plain(each) for key, each in value.items()}
    if isinstance(value, Set) and not hasattr(value, "mapping"):
        return frozenset(_key(each) for each in value)
    if isinstance(value, Sequence | Iterator) and not isinstance(value, str | bytes) or hasattr(value, "mapping"):
        return [plain(each) for each in islice(value, MOST)]
    return value


def _key(value: Any) -> Any:
    """A plain value that can be a key: its lists are tuples.

    >>> plain({(1, 2)}), plain({(1, (2, 3)): "a"})
    (frozenset({(1, 2)}), {(1, (2, 3)): 'a'})
    """
    value = plain(value)
    return tuple(map(_key, value)) if isinstance(value, list) else value


def difference(given: Any, expected: Any, tolerance: float = 1e-5, ordered: bool = True) -> Part | None:
    """The first place where two plain values differ, with what stands there in each; None where they agree.

    >>> difference([[1, 2], [3, 4]], [[1, 2], [3, 5]])
    ('[1][1]', 4, 5)
    >>> difference([2, 1], [1, 2], ordered=False) is None
    True
    """
    whole = ("", given, expected)
    if isinstance(expected, dict):
        if not isinstance(given, dict) or set(given) != set(expected):
            return whole
        keys: Any = list(expected)
    elif isinstance(expected, frozenset) or isinstance(expected, list) and not ordered:
        if not isinstance(given, list | frozenset) or len(given) != len(expected):
            return whole
        rest = list(given)
        for each in expected:
            found = [n for n, one in enumerate(rest) if not difference(one, each, tolerance, ordered)]
            if not found:
                return whole
            rest.pop(found[0])
        return None
    elif isinstance(expected, list):
        if not isinstance(given, list) or len(given) != len(expected):
            return whole
        keys = range(len(expected))
    elif isinstance(expected, Real) and not isinstance(given, bool) | isinstance(expected, bool):
        while isinstance(given, list) and len(given) == 1:  # a tensor of one number
            given = given[0]
        return None if isinstance(given, Real) and _near(given, expected, tolerance) else whole
    else:
        return None if _equal(given, expected) else whole
    for key in keys:
        part = difference(given[key], expected[key], tolerance, ordered)
        if part:
            return f"[{key!r}]{part[0]}", *part[1:]
    return None


def alike(tolerance: float = 1e-5, ordered: bool = True, whole: bool = False) -> Same:
    """A comparison of a plain given value with an expected one: numbers within a tolerance, everything else exactly.

    Args:
        tolerance: relative for numbers above 1, absolute below; whole numbers have to be met exactly.
        ordered: whether the order inside lists counts; inside sets it never does.
        whole: whether 2.0 is wrong where 2 is expected.

    >>> alike()([0.5, 1], [0.5, 1.000001]), alike(whole=True)([0.0, 1.0], [0, 1])
    (True, False)
    """

    def same(given: Any, expected: Any, *_: Any) -> bool:
        if whole and _types(given) != _types(expected):
            return False
        return difference(given, expected, tolerance, ordered) is None

    return same


def _types(value: Any) -> set[type]:
    """The kinds of numbers in a plain value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | frozenset):
        return set().union(*map(_types, value))
    return {type(value)} & {int, float}


def _near(given: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, int):
        return bool(given == expected) or isinstance(given, float) and abs(given - expected) < min(tolerance, 1e-5)
    try:
        both_nan = math.isnan(given) and math.isnan(expected)
        return both_nan or math.isclose(given, expected, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # such as 10**400
        return False


def _equal(given: Any, expected: Any) -> bool:
    try:
        return bool(given == expected)
    except Exception:  # a value that cannot be compared is another one
        return given is expected


def kind(value: Any) -> str:
    """Key of the word for what a plain value is, under `exercise.ui.kinds`; the name of its type where none fits.

    >>> kind(2.5), kind([1]), kind({1})
    ('number', 'list', 'set')
    """
    kinds = {"number": Real, "text": str, "list": list, "dictionary": dict, "set": Set}
    return next((name for name, types in kinds.items() if isinstance(value, types)), type(value).__name__)


def shape(value: Any) -> tuple[int, ...] | None:
    """The shape of a plain table of numbers; None if it is none.

    >>> shape([[1, 2, 3], [4, 5, 6]]), shape(7), shape([[1], [2, 3]])
    ((2, 3), (), None)
    """
    if isinstance(value, Real):
        return ()
    if not isinstance(value, list):
        return None
    inner = {shape(each) for each in value}
    if len(inner) > 1 or None in inner:
        return None
    return (len(value), *(inner.pop() if inner else ()))  # type: ignore[misc]


def fresh(value: Any) -> Any:
    """A copy of an argument, so that what is done to it in place stays there; objects such as models are not copied.

    >>> rows = [[1]]
    >>> fresh(rows) == rows, fresh(rows)[0] is rows[0]
    (True, False)
    """
    if type(value) in (list, tuple, set):
        return type(value)(fresh(each) for each in value)
    if type(value) is dict:
        return {key: fresh(each) for key, each in value.items()}
    if type(value).__name__ == "Tensor":
        return value.detach().clone().requires_grad_(value.requires_grad)
    return value.copy() if type(value).__name__ in {"ndarray", "DataFrame", "Series"} else value


def contrast(given: Any, expected: Any) -> tuple[str, str]:
    """Two plain values as texts that look different: with as many digits, or the part or the type, as that takes.

    >>> contrast(0.12345, 0.12349), contrast(1, "1"), contrast([*range(99), 7], [*range(99), 8])
    (('0.12345', '0.12349'), ('1', "'1'"), ('…[99] = 7', '…[99] = 8'))
    >>> contrast([*range(99)], [*range(98)])
    ('len(…) = 99', 'len(…) = 98')
    """
    if isinstance(given, dict) and isinstance(expected, dict) and set(given) != set(expected):
        if "…" in shown(given) + shown(expected):  # the keys that differ may stand in what is left out
            return _told(list, given), _told(list, expected)
    for digits in (3, 5, 7, 17):
        texts = shown(given, digits), shown(expected, digits)
        if texts[0] != texts[1]:
            return texts
    place, a, b = difference(given, expected, tolerance=0.0) or ("", given, expected)
    if place:
        inner = contrast(a, b)
        return f"…{place} = {inner[0]}", f"…{place} = {inner[1]}"
    if isinstance(a, list | str) and isinstance(b, list | str) and len(a) != len(b):
        return _told(len, a), _told(len, b)
    return f"{texts[0]}, {type(given).__name__}", f"{texts[1]}, {type(expected).__name__}"


def _told(fact: Callable[[Any], Any], value: Any) -> str:
    return f"{fact.__name__}(…) = {fact(value)}"


def shown(value: object, digits: int = 3) -> str:
    """A value as short text: numbers rounded to some digits, tensors as lists.

    >>> import torch
    >>> shown(torch.tensor([0.12345, 1.0]))
    '[0.123, 1.0]'
    >>> shown("a" * 200)[-1]
    '…'
    """
    return brief(_rounded(value.tolist() if hasattr(value, "tolist") else value, digits), 120)


def _rounded(value: object, digits: int) -> object:
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if 0 < abs(value) < 0.1**digits else round(value, digits)
    if type(value) in (list, tuple):
        return type(value)(_rounded(v, digits) for v in value)  # type: ignore[call-arg, attr-defined]
    if type(value) is frozenset:
        return set(value)
    if isinstance(value, dict):
        return {k: _rounded(v, digits) for k, v in value.items()}
    return value


def as_tensor(value: object) -> Tensor | None:
    """The value as a float tensor, or None if it is not made of numbers.

    >>> as_tensor([[1, 2], [3, 4]]).shape
    torch.Size([2, 2])
    >>> as_tensor("seven") is None
    True
    """
    import torch

    try:
        return torch.as_tensor(value).detach().to(dtype=torch.float64, device="cpu")
    except (TypeError, ValueError, RuntimeError, OverflowError):
        pass
    if isinstance(value, list | tuple):  # such as a list of one-element tensors
        parts = [as_tensor(v) for v in value]
        if parts and all(p is not None and p.shape == parts[0].shape for p in parts):
            return torch.stack(parts)
    return None


def close(value: object, expected: Tensor, tolerance: float = 1e-5) -> bool:
    """Whether a value has the shape and, within a tolerance, the numbers expected; NaN is never close.

    >>> import torch
    >>> close([0.5, 0.5], torch.tensor([0.5, 0.5])), close([0.5], torch.tensor([0.5, 0.5]))
    (True, False)
    """
    import torch

    given = as_tensor(value)
    if given is None or given.shape != expected.shape:
        return False
    return bool(torch.allclose(given, expected.double(), atol=tolerance, rtol=tolerance))
