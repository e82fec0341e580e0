"""The kinds of entries that a step's attributes hold, checked as they are read.

What fits the shape of a tensor is checked where the step is given its meaning; here only what no
shape would make sense of is refused, so that no later reading meets it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symconv.errors import MalformedError

Check = Callable[[Any], bool]


def check_entries(op: str, attributes: Mapping[str, Any]) -> None:
    """Refuse attributes of a step that hold entries of a wrong kind.

    Raises:
        MalformedError: one does; the message says what it must hold.

    >>> check_entries("slice", {"slices": [[0, 2, None], [None, "N - 1", 2]]})
    >>> check_entries("slice", {"slices": [[0, 2]]})
    Traceback (most recent call last):
        ...
    symconv.errors.MalformedError: each slice must be [start, stop, step], got [0, 2]
    """
    for name, value in attributes.items():
        check, words = _WHOLE.get((op, name)) or _WHOLE.get(("", name)) or (None, "")
        if check is not None and not check(value):
            raise MalformedError(f"{name} must be {words}, got {value!r:.80}")
        each, said = _EACH.get((op, name)) or _EACH.get(("", name)) or (None, "")
        for entry in value if each is not None and isinstance(value, list | tuple) else ():
            if each is not None and not each(entry):
                raise MalformedError(f"each {said}, got {entry!r:.80}")


def _is_size(value: Any) -> bool:
    return type(value) is int or isinstance(value, str)


def _is_end(value: Any) -> bool:
    return value is None or _is_size(value)


def _listed(value: Any, length: int | None, check: Check) -> bool:
    right = isinstance(value, list | tuple) and (length is None or len(value) == length)
    return right and all(map(check, value))


def _is_pair(value: Any) -> bool:
    return _listed(value, 2, _is_size)


def _is_layer_padding(value: Any) -> bool:
    return _is_size(value) or _listed(value, None, lambda v: _is_size(v) or _is_pair(v))


def _is_parts(value: Any) -> bool:
    return type(value) is int or _listed(value, None, lambda v: type(v) is int)


_PADDING = (
    _is_layer_padding, "a word, an integer, or for each axis an integer or a pair [lo, hi]",
)  # fmt: skip
_NUMERIC = (("split", "sizes"), ("conv_as_kernel", "stride"), ("conv_as_kernel", "dilation"))
_WHOLE: dict[tuple[str, str], tuple[Check, str]] = {
    **{(op, "padding"): _PADDING
       for op in ("conv", "conv_transpose", "conv_as_kernel", "max_conv", "max_pool", "avg_pool")},
    ("", "output_padding"): (
        lambda v: _is_size(v) or _listed(v, None, _is_size), "an integer, or one for each axis"
    ),
    ("", "groups"): (lambda v: type(v) is int, "an integer"),
    **dict.fromkeys(_NUMERIC, (_is_parts, "an integer, or a list of integers")),
}  # fmt: skip
"""By step and attribute (or by attribute alone) what a whole value must be."""

_EACH: dict[tuple[str, str], tuple[Check, str]] = {
    ("pad", "padding"): (_is_pair, "entry of padding must be a [lo, hi] pair of integers"),
    ("", "slices"): (lambda v: _listed(v, 3, _is_end), "slice must be [start, stop, step]"),
    ("", "counts"): (
        lambda v: v is None or _is_pair(v), "entry of counts must be [count, size] or null"
    ),
    ("", "keep"): (
        lambda v: v is None or isinstance(v, list | tuple), "entry of keep must be a list or null"
    ),
    ("", "branches"): (
        lambda v: isinstance(v, list | tuple), "branch must be a pipeline, a list of steps"
    ),
}  # fmt: skip
"""What each entry of a list must be."""
