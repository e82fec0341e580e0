"""Paths from an output back to the inputs and weights that it reads, and whether two agree, in z3.

Nothing of symconv is used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

import z3


@dataclass(frozen=True)
class Path:
    """An index so far, the conditions on it, the weights read, a constant factor, unknown taps."""

    index: tuple[Any, ...]
    guards: tuple[Any, ...] = ()
    weights: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    factor: Fraction = Fraction(1)
    constant: bool = False
    taps: tuple[Any, ...] = ()

    def under(self, *guards: Any) -> Path:
        return replace(self, guards=(*self.guards, *guards))

    @property
    def dead(self) -> bool:
        """Whether a condition is false in numbers already."""
        return any(guard is False for guard in self.guards)


def require_distinct(paths: list[Path], base: list[Any]) -> None:
    """Sums compare as sets of paths only where no two live ones of a side read the same product."""
    twice = []
    others = [elsewhere(path) for path in paths]
    for n, m in combinations_with_replacement(range(len(paths)), 2):
        path, other = paths[n], replace(others[m], factor=paths[n].factor)
        moved = [tap != _other(tap) for tap in path.taps]
        match = _match(path, other) if n < m or moved else None
        if match is not None:
            another = z3.Or(*moved) if n == m else True
            twice.append(z3.And(*map(_bool, path.guards), match, another))
    solver = z3.Solver()
    solver.add(*(c for c in base if not isinstance(c, bool)), z3.Or(*twice, False))
    if twice and solver.check() != z3.unsat:
        raise RuntimeError("two paths of one side read the same product; they must be counted")


def unmatched(path: Path, others: list[Path]) -> Any:
    """The path is live, and no path of the other side reads the same with the same factor."""
    matches = [m for other in others if (m := _match(path, other)) is not None]
    theirs = list({str(tap): tap for other in others for tap in other.taps}.values())
    found = z3.Or(*matches, False)
    return z3.And(*map(_bool, path.guards), z3.Not(z3.Exists(theirs, found) if theirs else found))


def _match(path: Path, other: Path) -> Any:
    """Where both read the same; None where they cannot."""
    names = [[name for name, _ in p.weights] for p in (path, other)]
    if names[0] != names[1] or (path.factor, path.constant) != (other.factor, other.constant):
        return None
    pairs = list(zip(path.index, other.index, strict=True))
    for (_, ours), (_, theirs) in zip(path.weights, other.weights, strict=True):
        pairs += zip(ours, theirs, strict=True)
    if any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs):
        return None
    return z3.And(*map(_bool, other.guards), *(_bool(a == b) for a, b in pairs))


def _other(tap: Any) -> Any:
    return z3.Int(f"other_{tap}")


def elsewhere(path: Path) -> Path:
    """The path with other unknowns for its taps."""
    taps = [(tap, _other(tap)) for tap in path.taps]
    if not taps:
        return path

    def moved(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(z3.substitute(v, *taps) if z3.is_expr(v) else v for v in values)

    weights = tuple((name, moved(index)) for name, index in path.weights)
    return replace(path, index=moved(path.index), guards=moved(path.guards), weights=weights,
                   taps=tuple(new for _, new in taps))  # fmt: skip


def _bool(value: Any) -> Any:
    return z3.BoolVal(value) if isinstance(value, bool) else value
