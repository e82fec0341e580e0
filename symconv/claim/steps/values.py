"""Steps that change values where they stand: factors, divisors, masks, functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from symconv.claim.steps.base import Step
from symconv.errors import ClaimError
from symconv.size.numbers import Number
from symconv.size.text import evaluate, names_in

POSITION = "i"
"""The name of the position in the counts of `Divide`."""


@dataclass(frozen=True)
class Scale(Step):
    """Each axis multiplied by a factor a position; null leaves an axis as it is."""

    factors: tuple[tuple[Number, ...] | None, ...]
    op: ClassVar[str] = "scale"


@dataclass(frozen=True)
class Divide(Step):
    """Each axis divided, at position ``i``, by a count that depends on it; null leaves an axis.

    An entry is ``[count, size]``: an expression in ``i`` and named sizes that is at least 1 for
    ``0 <= i < size``, and the axis's size.  With numbers for the names it is a `Scale`.
    """

    counts: tuple[tuple[Any, Any] | None, ...]
    op: ClassVar[str] = "divide"

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Step:
        """Read the counts; without named sizes the step is a `Scale`."""
        step = super().from_attributes(attributes)
        entries = step.counts if isinstance(step.counts, tuple) else (0,)  # type: ignore[attr-defined]
        for entry in entries:
            if entry is not None and (not isinstance(entry, tuple) or len(entry) != 2):
                raise ClaimError(f"divide needs [count, size] or null for each axis, got {entry!r}")
        named = {name for e in entries if e for text in e for name in names_in(text)}
        return step.at({}) if named <= {POSITION} else step  # type: ignore[attr-defined]

    def at(self, sizes: Mapping[str, int]) -> Scale:
        """The step at these sizes."""
        return Scale(tuple(None if e is None else _shares(*e, sizes) for e in self.counts))


def _shares(count: Any, size: Any, sizes: Mapping[str, int]) -> tuple[str, ...]:
    found = [evaluate(count, {**sizes, POSITION: i}) for i in range(evaluate(size, sizes))]
    if any(n < 1 for n in found):
        raise ClaimError(f"divide: the count {count!r} must be at least 1, got {min(found)}")
    return tuple(f"1/{n}" if n > 1 else "1" for n in found)


@dataclass(frozen=True)
class Mask(Step):
    """Each axis kept where its entry is 1 and zeroed where it is 0; null keeps an axis."""

    keep: tuple[tuple[int, ...] | None, ...]
    op: ClassVar[str] = "mask"


@dataclass(frozen=True)
class Pointwise(Step):
    """A function of each value alone, by its name; `symconv.layer.pointwise` says what is known."""

    function: str
    op: ClassVar[str] = "pointwise"

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Step:
        """Read the function's name, which may also stand under ``name``."""
        given = {("function" if key == "name" else key): v for key, v in attributes.items()}
        name = given.get("function")
        if not isinstance(name, str) or not name.isidentifier():
            raise ClaimError(f"pointwise needs a function by name, such as 'relu', got {name!r}")
        return super().from_attributes(given)
