"""What a demonstration sees: whether a statement holds of one instance, and that in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from symconv.errors import InternalError


@dataclass(frozen=True, slots=True)
class Observed:
    """Whether a statement holds of one instance, and the instance in words."""

    holds: bool
    words: str


@dataclass(frozen=True, slots=True)
class Demonstration:
    """True instances of a theorem, in symbols and in numbers, and false neighbours of it.

    Both are computed again each time; a neighbour is an instance that must not hold.
    """

    instances: tuple[Callable[[], Observed], ...]
    neighbours: tuple[Callable[[], Observed], ...]

    def run(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The words of the instances and of the neighbours.

        Raises:
            InternalError: an instance does not hold, or a neighbour does.

        >>> yes, no = Observed(True, "2 is even"), Observed(False, "3 is even")
        >>> Demonstration((lambda: yes,), (lambda: no,)).run()
        (('2 is even',), ('3 is even',))
        """
        shown = [look() for look in self.instances]
        for seen in shown:
            if not seen.holds:
                raise InternalError(f"a demonstration fails: {seen.words}")
        false = [look() for look in self.neighbours]
        for seen in false:
            if seen.holds:
                raise InternalError(f"a false neighbour holds: {seen.words}")
        return tuple(s.words for s in shown), tuple(s.words for s in false)


def equal_in_symbols(left: Any, right: Any) -> bool:
    """Whether two arrays of SymPy's expressions have one shape and equal entries."""
    from sympy import expand, sympify

    if left.shape != right.shape:
        return False
    pairs = zip(left.ravel(), right.ravel(), strict=True)
    return all(expand(sympify(a) - sympify(b)) == 0 for a, b in pairs)


def phases(x: Any, factor: int) -> Any:
    """``X[r, i] = x[factor * i + r]`` of one channel whose size the factor divides.

    >>> phases(np.arange(6)[None], 2).tolist()
    [[0, 2, 4], [1, 3, 5]]
    """
    return x.reshape(-1, factor).T


def integers(seed: int, *shape: int) -> Any:
    """Random integers from -9 to 9, the same for the same seed."""
    return np.random.default_rng(seed).integers(-9, 10, shape)
