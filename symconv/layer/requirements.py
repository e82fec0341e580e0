"""What must hold for a layer to make sense: checked at numbers, kept where sizes are named.

Each requirement is written once, as a condition and the sentence that refuses what breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symconv.errors import LayerError
from symconv.size.expr import Size
from symconv.size.text import Comparison, Condition, Every, Some


@dataclass(frozen=True, slots=True)
class Requirement:
    """A condition on named sizes, and what is said where it does not hold."""

    condition: Condition
    message: str

    def check(self, values: Mapping[str, int]) -> None:
        """Refuse sizes at which it does not hold.

        Raises:
            LayerError: it does not.
        """
        if not self.condition.holds(values):
            where = ", ".join(f"{name} = {value}" for name, value in values.items())
            raise LayerError(f"at {where}: {self.message}")


Requirements = tuple[Requirement, ...]


def must(holds: bool | Condition, message: Callable[[], str]) -> Requirements:
    """Nothing where something holds, and the requirement where that depends on named sizes.

    Raises:
        LayerError: it does not hold.

    >>> from symconv.size.expr import named
    >>> must(at_least(3, 1), lambda: "too small")
    ()
    >>> must(at_least(named("N"), 3), lambda: "too small")[0].condition.holds({"N": 2})
    False
    """
    if holds is True:
        return ()
    if holds is False:
        raise LayerError(message())
    return (Requirement(holds, message()),)


def at_least(a: Size, b: Size) -> bool | Condition:
    """Whether ``a >= b``, or the condition that it is."""
    gap = a - b
    return gap >= 0 if isinstance(gap, int) else Comparison(a, ">=", b)


def either(*parts: bool | Condition) -> bool | Condition:
    """Whether one of these holds, or the condition that one does."""
    if any(part is True for part in parts):
        return True
    open_parts = tuple(part for part in parts if not isinstance(part, bool))
    return Some(open_parts) if open_parts else False


def both(*parts: bool | Condition) -> bool | Condition:
    """Whether all of these hold, or the condition that all do."""
    if any(part is False for part in parts):
        return False
    open_parts = tuple(part for part in parts if not isinstance(part, bool))
    return Every(open_parts) if open_parts else True
