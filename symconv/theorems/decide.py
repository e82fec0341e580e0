"""Theorems decided: every claim for all sizes, and shown at a small one in symbols and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symconv.api import check
from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.claim.verdict import Refuted, Verdict
from symconv.errors import InternalError
from symconv.prove.kernel.compiler import CLOSED
from symconv.replay.run import run_claim
from symconv.theorems.catalogue import Part, Theorem
from symconv.theorems.demonstrations import DEMONSTRATIONS

MISSING = "not in the library's audit"
"""What is said of a lemma that Coq was not asked about."""


@dataclass(frozen=True, slots=True)
class CheckedTheorem:
    """A theorem with the verdicts of its claims, in order, and what its demonstration says.

    ``shown`` are instances that hold, ``neighbours`` false ones that do not, beside the claims.
    ``audit`` says what each lemma rests on, where the kernel was asked.
    """

    theorem: Theorem
    verdicts: tuple[Verdict, ...]
    shown: tuple[str, ...]
    neighbours: tuple[str, ...] = ()
    audit: tuple[tuple[str, str], ...] | None = None

    @property
    def as_stated(self) -> bool:
        """Whether every claim has its stated verdict, and fails first at its stated sizes."""
        pairs = zip(self.theorem.parts, self.verdicts, strict=True)
        return all(_as_stated(part, verdict) for part, verdict in pairs)

    @property
    def open_lemmas(self) -> tuple[tuple[str, str], ...]:
        """Lemmas that rest on something, or are not as pinned, where the kernel was asked."""
        return tuple((name, rests) for name, rests in self.audit or () if rests != CLOSED)

    @property
    def method(self) -> tuple[str, ...]:
        """What established the theorem: sets its claims, the kernel its statement.

        A lemma is cited only, unless the kernel was asked and the lemma is the statement, or the
        statement at the entry's numbers.
        """
        sets = any(part.stated == "proved" for part in self.theorem.parts) and self.as_stated
        asked = bool(self.audit) and not self.open_lemmas
        kernel = asked and self.theorem.stated_by_lemmas
        return ("sets",) * sets + ("kernel",) * kernel

    @property
    def verdict(self) -> str | None:
        """Proved where all is as stated; None where there is no claim and no lemma was checked.

        A lemma that is not what it should be leaves its theorem undecided: nothing is refuted.
        """
        if not self.as_stated:
            return "refuted"
        if self.open_lemmas:
            return "undecided"
        by_lemma = self.theorem.relation == "equal" and "kernel" in self.method
        return "proved" if self.theorem.parts or by_lemma else None


def _as_stated(part: Part, verdict: Verdict) -> bool:
    if verdict.verdict != part.stated:
        return False
    return not isinstance(verdict, Refuted) or verdict.counterexample.size == part.least


def decide_theorem(theorem: Theorem, audit: Mapping[str, str] | None = None) -> CheckedTheorem:
    """Settle every claim of a theorem, and run its demonstrations.

    ``audit`` says what each theorem of the proof library rests on, by its file and its name, and
    where its statement is not the pinned one; without it no lemma is looked at.

    Raises:
        InternalError: a demonstration does not show what it should.
    """
    verdicts = tuple(check(part.claim) for part in theorem.parts)
    shown = [demonstrate(part) for part in theorem.parts if part.stated == "proved" and part.at]
    neighbours: tuple[str, ...] = ()
    if theorem.demonstration is not None:
        held, neighbours = DEMONSTRATIONS[theorem.demonstration].run()
        shown += held
    return CheckedTheorem(theorem, verdicts, tuple(shown), neighbours, _audited(theorem, audit))


def _audited(
    theorem: Theorem, audit: Mapping[str, str] | None
) -> tuple[tuple[str, str], ...] | None:
    if audit is None:
        return None
    return tuple((lemma, audit.get(lemma, MISSING)) for lemma in theorem.lemmas)


def demonstrate(part: Part) -> str:
    """Both sides of a claim at its small size: equal in SymPy's symbols, and on integers in NumPy.

    Raises:
        InternalError: they differ.
    """
    claim = part.claim.at(dict(part.at))
    size = ", ".join(f"{name} = {value}" for name, value in part.at)
    left, right = _sides(claim, np.random.default_rng(0))
    if left.shape != right.shape or (left != right).any():
        raise InternalError(f"{part.name}: the sides differ on integers at {size}")
    numbers = f"{part.name}, at {size}: equal on random integers"
    if not _in_symbols(claim):
        return numbers
    from sympy import expand, sympify

    left, right = _sides(claim, None)
    if any(expand(sympify(a - b)) != 0 for a, b in zip(left.ravel(), right.ravel(), strict=True)):
        raise InternalError(f"{part.name}: the sides differ in symbols at {size}")
    first = str(expand(sympify(left.ravel()[0]))).replace("*", " * ")
    return f"{numbers}, and in symbols; the first output is {first}"


def _in_symbols(claim: Claim) -> bool:
    """Whether both sides can be run on SymPy's symbols, which no maximum compares."""
    steps = st.flat((*claim.left, *claim.right))
    return not any(isinstance(s, st.MaxPoolStep | st.MaxConvStep) for s in steps)


def _sides(claim: Claim, rng: np.random.Generator | None) -> tuple[Any, Any]:
    """Both sides on random integers, or on symbols."""
    shapes = {"x": claim.input_shape} | {
        name: weight.shape or ()
        for name, weight in claim.weights
        if weight.source is None and weight.fill is None
    }
    tensors = {name: _tensor(name, shape, rng) for name, shape in shapes.items()}
    x = tensors.pop("x")
    left, right = (run_claim(claim, side, x, tensors) for side in ("left", "right"))
    return left, right


def _tensor(name: str, shape: tuple[int, ...], rng: np.random.Generator | None) -> Any:
    if rng is not None:
        return rng.integers(-99, 100, shape).astype(object)
    from sympy import Symbol

    made = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        made[index] = Symbol(f"{name}_{'_'.join(map(str, index))}")
    return made
