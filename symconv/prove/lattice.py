"""Layers of matrix stride, proved at a size by tables and for all sizes by sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from symconv.claim.verdict import Fact
from symconv.errors import ContradictionError, TooLarge
from symconv.evaluation.matrix_strides import cosets_of, lattice_difference
from symconv.expand.lattice import LatticeExpansion
from symconv.layer.base import Sizes, read_numbers
from symconv.layer.lattice import Point, solve, times

LOOKED_AT = (1, 4, 7)
"""Sizes at which both sides are evaluated where all are proved: one sample, few, more than a
kernel."""


@dataclass(frozen=True, slots=True)
class LatticeVerdict:
    """Whether a layer of matrix stride equals its expansion over cosets.

    ``counterexample`` holds the size, the output, the tap, and what each side reads there; or the
    size and an input that does not lie in exactly one coset, with the cosets it lies in.
    ``reason`` says why neither was found.  ``facts`` holds what the proof kernel was asked.
    """

    verdict: Literal["proved", "refuted", "undecided"]
    sizes: Literal["these", "all"]
    method: tuple[str, ...]
    counterexample: dict[str, Any] | None = None
    reason: str | None = None
    facts: tuple[Fact, ...] = ()

    def __bool__(self) -> bool:
        raise TypeError("The truth value of a LatticeVerdict is undefined; read its .verdict")

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        found: dict[str, Any] = {
            "verdict": self.verdict,
            "sizes": self.sizes,
            "method": list(self.method),
            "counterexample": self.counterexample,
        }
        if self.reason:
            found["reason"] = self.reason
        if self.facts:
            found["facts"] = [fact.to_dict() for fact in self.facts]
        return found


def settle_lattice(e: LatticeExpansion, input_size: Sizes | None = None) -> LatticeVerdict:
    """Compare what both sides read for every output and tap; without a size, for all sizes.

    >>> from symconv.expand.lattice import expand_lattice
    >>> from symconv.layer.lattice import LatticeConv
    >>> quincunx = expand_lattice(LatticeConv(1, 1, (3, 3), ((1, 1), (1, -1)), lo=(1, 1)))
    >>> settle_lattice(quincunx, (7, 6)).verdict, settle_lattice(quincunx).sizes
    ('proved', 'all')
    """
    if input_size is None:
        return _for_all_sizes(e)
    size = read_numbers(input_size, "conv")
    found = _difference(e, size)
    verdict = LatticeVerdict("refuted" if found else "proved", "these", ("tables",), found)
    return _confirmed(e, verdict, (size,))


def _confirmed(
    e: LatticeExpansion, verdict: LatticeVerdict, sizes: Sequence[Point]
) -> LatticeVerdict:
    """The verdict, once other code has evaluated both sides.

    Raises:
        ContradictionError: a proved layer differs from its expansion, or a refuted one does not.
    """
    counterexample = verdict.counterexample or {}
    if "cosets" in counterexample:
        holding = cosets_of(e, tuple(counterexample["input"]))
        differs = holding == counterexample["cosets"]
    else:
        differs = any(lattice_difference(e, size) is not None for size in sizes)
    if differs != (verdict.verdict == "refuted"):
        seen = "differ" if differs else "agree"
        raise ContradictionError(
            f"symconv contradicts itself about a stride {e.original.stride}: it is "
            f"{verdict.verdict} by {', '.join(verdict.method)}, but evaluated at {sizes} the sides "
            f"{seen}; there is no verdict"
        )
    return verdict


def _for_all_sizes(e: LatticeExpansion) -> LatticeVerdict:
    from symconv.prove.sets import bounded
    from symconv.prove.sets.lattice import failing_sizes

    try:
        with bounded():
            sizes = failing_sizes(e)
    except TooLarge as fault:
        return LatticeVerdict("undecided", "all", ("sets",), reason=str(fault))
    if sizes is None:
        rank = len(e.original.stride)
        small = [tuple(n + axis % 2 for axis in range(rank)) for n in LOOKED_AT]
        return _confirmed(e, LatticeVerdict("proved", "all", ("sets",)), small)
    found = _difference(e, tuple(sizes.values()))
    if found is None:
        raise ContradictionError(f"sets find a difference at {sizes} and tables none")
    verdict = LatticeVerdict("refuted", "all", ("sets", "tables"), found)
    return _confirmed(e, verdict, (tuple(sizes.values()),))


def _slots(e: LatticeExpansion, v: Point) -> list[tuple[int, Point]]:
    """Every coset and ``q`` with ``v = B q + r``: exactly one, where the cosets are right."""
    found = []
    for number, r in enumerate(e.cosets.representatives):
        q = solve(e.cosets.matrix, [a - b for a, b in zip(v, r, strict=True)])
        if q is not None:
            found.append((number, q))
    return found


def _difference(e: LatticeExpansion, size: tuple[int, ...]) -> dict[str, Any] | None:
    """The first output and tap at which the two sides read different inputs.

    The strided side reads ``A o + d k - lo``.  The expanded side looks up its coset signals, which
    are filled from the inputs' side: every input in its coset, at its ``q``.
    """
    layer, held = e.original, dict[tuple[int, Point], Point]()
    outputs = layer.outputs(size)
    for v in product(*map(range, size)):
        slots, held[e.cosets.split(v)] = _slots(e, v), v
        if slots != [e.cosets.split(v)]:
            return {"size": list(size), "input": list(v), "cosets": [c for c, _ in slots]}
    for o, (k, tap) in product(outputs, enumerate(layer.taps())):
        origin, shift = times(layer.stride, o), layer.shift(tap)
        at = tuple(a + b for a, b in zip(origin, shift, strict=True))
        left = at if all(0 <= v < n for v, n in zip(at, size, strict=True)) else None
        coset, q = e.ties[k]
        right = held.get((coset, tuple(a + b for a, b in zip(o, q, strict=True))))
        if left != right:
            reads = {"left_input": left, "right_input": right}
            named = {name: None if at is None else list(at) for name, at in reads.items()}
            return {"size": list(size), "output": list(o), "tap": list(tap), **named}
    return None
