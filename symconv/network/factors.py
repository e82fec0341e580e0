"""Phase factors of a graph: least positive integers with given ratios, in one pass.

A variable is an axis of a tensor, or of a tensor as one node reads it.  Each variable hangs under
another with the ratio between them (a union-find with weights), so that a join costs next to
nothing, and what it would make of its component's factors is known before it is made.

Source: Tarjan 1975, *Efficiency of a good but not linear set union algorithm*; the weights are
those of Galler and Fischer 1964.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from fractions import Fraction
from math import gcd, lcm
from typing import Generic, TypeVar

V = TypeVar("V", bound=Hashable)


class Ratios(Generic[V]):
    """Variables and the ratios between them; those without a ratio are apart.

    >>> ratios = Ratios()
    >>> ratios.join("x", "y", 1, 2), ratios.join("y", "z", 1, 3)
    (True, True)
    >>> ratios.solved()
    {'x': 6, 'y': 3, 'z': 1}
    >>> ratios.join("x", "z", 1, 1)
    False
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = most
        """The greatest factor that a component may come to have."""
        self._above: dict[V, tuple[V, Fraction]] = {}
        self._values: dict[V, set[Fraction]] = {}

    def join(self, a: V, b: V, up: int = 1, stride: int = 1) -> bool:
        """Let ``E[a] * up == E[b] * stride``, unless that contradicts a ratio or the bound.

        Returns whether it holds now.
        """
        (top, of_a), (other, of_b) = self._found(a), self._found(b)
        if top == other:
            return of_a * up == of_b * stride
        moved = of_a * up / (of_b * stride)  # of `other` under `top`
        values = self._values[top] | {value * moved for value in self._values[other]}
        if self.most is not None and greatest_factor(values) > self.most:
            return False
        if len(self._values[other]) > len(self._values[top]):
            top, other, moved = other, top, 1 / moved
            values = {value * moved for value in values}
        self._above[other] = (top, moved)
        self._values[top] = values
        del self._values[other]
        return True

    def _found(self, variable: V) -> tuple[V, Fraction]:
        """The top of a variable's component, and the variable's value where the top's is 1."""
        if variable not in self._above:
            self._above[variable] = (variable, Fraction(1))
            self._values[variable] = {Fraction(1)}
        path, ratio = [], Fraction(1)
        while (step := self._above[variable])[0] != variable:
            path.append(variable)
            variable = step[0]
        for below in reversed(path):
            ratio *= self._above[below][1]
            self._above[below] = (variable, ratio)
        return variable, ratio

    def solved(self) -> dict[V, int]:
        """The least positive integers of these ratios, component by component."""
        scales = {top: _scale(values) for top, values in self._values.items()}
        found = {}
        for variable in self._above:
            top, value = self._found(variable)
            found[variable] = int(value * scales[top])
        return found


def greatest_factor(values: Iterable[Fraction]) -> int:
    """The greatest of the least positive integers that stand to each other as these values.

    >>> greatest_factor([Fraction(1), Fraction(1, 2), Fraction(3)])
    6
    """
    listed = list(values)
    return int(max(listed) * _scale(listed))


def _scale(values: Iterable[Fraction]) -> Fraction:
    listed = list(values)
    whole = lcm(*(value.denominator for value in listed))
    return Fraction(whole, gcd(*(int(value * whole) for value in listed)))
