"""The kinds of entries that a step's attributes hold, checked as they are read.

Each step's class names the kinds of its own attributes.  What fits the shape of a tensor is checked
where the step says what it means; here only what no shape would make sense of is refused, so that
no later reading meets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from symconv.errors import MalformedError

Check = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """What an attribute, or (``each``) each entry of its list, must be; and that in words."""

    holds: Check
    words: str
    each: bool = False

    def check(self, name: str, value: Any) -> None:
        """Refuse a value of another kind.

        Raises:
            MalformedError: it is; the message says what it must be.

        >>> SLICES.check("slices", [[0, 2, None], [None, "N - 1", 2]])
        >>> SLICES.check("slices", [[0, 2]])
        Traceback (most recent call last):
            ...
        symconv.errors.MalformedError: each slice must be [start, stop, step], got [0, 2]
        """
        for entry in self._looked_at(value):
            if not self.holds(entry):
                words = f"each {self.words}" if self.each else f"{name} must be {self.words}"
                raise MalformedError(f"{words}, got {entry!r:.80}")

    def _looked_at(self, value: Any) -> Iterable[Any]:
        if not self.each:
            return (value,)
        return value if isinstance(value, list | tuple) else ()


Kinds = Mapping[str, Kind]
"""The kinds of a step's attributes, by their names."""


def _is_size(value: Any) -> bool:
    return type(value) is int or isinstance(value, str)


def _is_end(value: Any) -> bool:
    return value is None or _is_size(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _listed(value: Any, length: int | None, check: Check) -> bool:
    right = _is_list(value) and (length is None or len(value) == length)
    return right and all(map(check, value))


def _is_pair(value: Any) -> bool:
    return _listed(value, 2, _is_size)


def _is_layer_padding(value: Any) -> bool:
    return _is_size(value) or _listed(value, None, lambda v: _is_size(v) or _is_pair(v))


def _is_integer(value: Any) -> bool:
    return type(value) is int


PADDING = Kind(
    _is_layer_padding, "a word, an integer, or for each axis an integer or a pair [lo, hi]"
)
OUTPUT_PADDING = Kind(
    lambda v: _is_size(v) or _listed(v, None, _is_size), "an integer, or one for each axis"
)
INTEGER = Kind(_is_integer, "an integer")
INTEGERS = Kind(
    lambda v: _is_integer(v) or _listed(v, None, _is_integer), "an integer, or a list of integers"
)
PAIRS = Kind(_is_pair, "entry of padding must be a [lo, hi] pair of integers", each=True)
SLICES = Kind(lambda v: _listed(v, 3, _is_end), "slice must be [start, stop, step]", each=True)
COUNTS = Kind(
    lambda v: v is None or _is_pair(v),
    "entry of counts must be [count, size] or null",
    each=True,
)
KEEP = Kind(lambda v: v is None or _is_list(v), "entry of keep must be a list or null", each=True)
BRANCHES = Kind(_is_list, "branch must be a pipeline, a list of steps", each=True)
