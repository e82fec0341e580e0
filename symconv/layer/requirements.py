"""What must hold for a layer to make sense: checked at numbers, kept where sizes are named.

Each requirement is written once, as a condition and the sentence that refuses what breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from symconv.errors import LayerError, TooLarge
from symconv.size.expr import Size, residues, size_at
from symconv.size.text import Comparison, Condition, Every, Not, Some


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


def settled_where(size: Size, requirements: Requirements) -> Size:
    """The number that a size is wherever the requirements may hold, where it is one; else itself.

    >>> from symconv.size.expr import named
    >>> odd = must(at_least(named("N") % 2, 1), lambda: "even")
    >>> settled_where((named("N") + 1) // 2 - named("N") // 2, odd)
    1
    >>> settled_where(named("N") - named("N") // 2 - (named("N") + 1) // 2, ())
    0
    """
    if isinstance(size, int):
        return size
    conditions = [requirement.condition for requirement in requirements]
    ends = [end for condition in conditions for end in _ends(condition)]
    try:
        values = {
            size.at(names)
            for names in residues(size, *ends)
            if all(_may_hold(condition, names) for condition in conditions)
        }
    except TooLarge:
        return size
    found = values.pop() if len(values) == 1 else size
    return found if isinstance(found, int) else size


def _ends(condition: Condition) -> Iterator[Size]:
    """The sizes that a condition compares."""
    if isinstance(condition, Comparison):
        yield from (condition.left, condition.right)
    elif isinstance(condition, Not):
        yield from _ends(condition.of)
    else:
        for part in condition.parts:
            yield from _ends(part)


def _may_hold(condition: Condition, names: Mapping[str, Size]) -> bool:
    """Whether a condition may hold where names are these; false only where it never does.

    A gap that is a sum of names grows with one that it counts, and is at most its number with none.
    """
    if isinstance(condition, Every):
        return all(_may_hold(part, names) for part in condition.parts)
    if isinstance(condition, Some):
        return any(_may_hold(part, names) for part in condition.parts)
    if isinstance(condition, Not) or condition.relation != ">=":
        return True
    gap = size_at(condition.left, names) - size_at(condition.right, names)
    if isinstance(gap, int):
        return bool(gap >= 0)
    falls = all(isinstance(atom, str) and count < 0 for atom, count in gap.terms)
    return not falls or gap.number >= 0


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
