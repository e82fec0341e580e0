"""Steps that join branches, the pipelines that they run on one tensor; and how steps are read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add
from typing import Any, ClassVar

from symconv.claim.entries import BRANCHES, Kinds
from symconv.claim.steps.base import STEPS, Step
from symconv.claim.steps.values import Pointwise
from symconv.errors import ClaimError
from symconv.layer.pointwise import POINTWISE
from symconv.relation.axes import axis_of
from symconv.relation.form import Form, gather
from symconv.relation.maps import place as placed
from symconv.relation.maps import required
from symconv.relation.reading import Reading, read_pipeline
from symconv.relation.term import Monoid, merged
from symconv.size.expr import Size
from symconv.size.text import Condition


@dataclass(frozen=True)
class Branching(Step):
    """A step that runs several pipelines on the same tensor; use one of its subclasses."""

    branches: tuple[tuple[Step, ...], ...]
    kinds: ClassVar[Kinds] = {"branches": BRANCHES}
    uneven: ClassVar[bool] = True

    @property
    def inner(self) -> tuple[tuple[Step, ...], ...]:
        """The branches."""
        return self.branches

    def to_dict(self) -> dict[str, Any]:
        """The step's JSON form, its branches written out."""
        written = [[step.to_dict() for step in branch] for branch in self.branches]
        return {**super().to_dict(), "branches": written}

    def rank_after(self, rank: int) -> int | None:
        """As many axes as the first branch has."""
        return rank_after(self.branches[0], rank)

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the branches as pipelines, and the rest as usual."""
        branches = attributes.get("branches")
        if not isinstance(branches, list | tuple) or not branches:
            raise ClaimError(f"{cls.op} needs branches, a list of pipelines, got {branches!r}")
        cls.check_kinds({"branches": branches})
        read = tuple(read_steps(branch, rank) for branch in branches)
        return super().from_attributes({**attributes, "branches": read}, rank)

    def forms(self, form: Form, reading: Reading) -> list[Form]:
        """What every branch makes of a form."""
        return [read_pipeline(form, branch, reading) for branch in self.branches]


@dataclass(frozen=True)
class Add(Branching):
    """The sum of the branches."""

    op: ClassVar[str] = "add"
    adds_products: ClassVar[bool] = True
    monoid: ClassVar[Monoid | None] = "sum"

    def meaning(self, form: Form, reading: Reading) -> Form:
        """All branches' terms."""
        reading.only_sums("a sum")
        return _sum(self.forms(form, reading))


@dataclass(frozen=True)
class Subtract(Branching):
    """The first branch less all others: ``y = b[0] - b[1] - ...``, of two branches or more.

    Raises:
        ClaimError: there are fewer than two branches.
    """

    op: ClassVar[str] = "subtract"
    monoid: ClassVar[Monoid | None] = "sum"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.branches) < 2:
            raise ClaimError(f"subtract needs two branches or more, got {len(self.branches)}")

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The first branch's terms, and all others' times -1."""
        reading.only_sums("a difference")
        first, *others = self.forms(form, reading)
        return _sum(
            [first, *(other.with_terms(t.times(-1) for t in other.terms) for other in others)]
        )


@dataclass(frozen=True)
class Concat(Branching):
    """The branches side by side along an axis, in their order."""

    axis: int = 0
    op: ClassVar[str] = "concat"
    adds_products: ClassVar[bool] = True

    def meaning(self, form: Form, reading: Reading) -> Form:
        """All branches' terms, each at its place along the axis."""
        forms = self.forms(form, reading)
        axis = axis_of(self.axis, len(forms[0].shape))
        rests = [other.shape[:axis] + other.shape[axis + 1 :] for other in forms]
        words = f"the branches must differ on axis {axis} only, got shapes {_told(forms)}"
        domain = [*_equal(rests, words), *(c for other in forms for c in other.domain)]
        ends = list(accumulate((other.shape[axis] for other in forms), add, initial=0))
        total, terms = ends[-1], []
        for first, other in zip(ends, forms, strict=False):
            index = placed(other.shape[axis], first, total)
            terms += [gather(term, axis, index) for term in other.terms]
        shape = (*forms[0].shape[:axis], total, *forms[0].shape[axis + 1 :])
        return Form(shape, tuple(terms), form.monoid, tuple(dict.fromkeys(domain)))


def _told(forms: Iterable[Form]) -> str:
    return ", ".join(f"[{', '.join(map(str, form.shape))}]" for form in forms)


def _sum(forms: Sequence[Form]) -> Form:
    """All forms' terms, where they have one shape."""
    words = f"the branches must have one shape, got {_told(forms)}"
    domain = _equal([form.shape for form in forms], words)
    terms = merged([term for form in forms for term in form.terms])
    every = [*domain, *(c for form in forms for c in form.domain)]
    return Form(forms[0].shape, terms, forms[0].monoid, tuple(dict.fromkeys(every)))


def _equal(shapes: Sequence[Sequence[Size]], words: str) -> list[Condition]:
    """What must hold of named sizes for shapes to be one; numbers are compared at once."""
    first, *others = shapes
    if any(len(shape) != len(first) for shape in others):
        raise ClaimError(words)
    pairs = (pair for shape in others for pair in zip(first, shape, strict=True))
    return [c for a, b in pairs for c in required(a, "==", b, lambda: words)]


def read_step(text: Mapping[str, Any], rank: int | None = None) -> Step:
    """Read one step from its JSON form; ``rank`` axes are before it, where that is known.

    Raises:
        ClaimError: no such step, an unknown attribute, or one that is missing.

    >>> read_step({"op": "flip", "axes": [1]})
    Flip(axes=(1,))
    """
    if not isinstance(text, Mapping) or not isinstance(text.get("op"), str):
        raise ClaimError(f"a step must be an object with an 'op', got {text!r}")
    if text["op"] in POINTWISE and set(text) == {"op"}:
        return Pointwise(text["op"])
    step = STEPS.get(text["op"])
    if step is None:
        near = difflib.get_close_matches(text["op"], STEPS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(STEPS))}"
        raise ClaimError(f"there is no step {text['op']!r}; {hint}")
    return step.from_attributes({key: value for key, value in text.items() if key != "op"}, rank)


def read_steps(texts: Iterable[Mapping[str, Any]], rank: int | None = None) -> tuple[Step, ...]:
    """Read a pipeline; a fault names the step's place, counted from 0.

    >>> read_steps([{"op": "pad", "axis": -1, "padding": [1, 0]}], rank=2)
    (Pad(padding=((0, 0), (1, 0)), mode='zeros', value=0),)
    """
    steps: list[Step] = []
    for place, text in enumerate(texts):
        try:
            steps.append(read_step(text, rank))
        except ClaimError as fault:
            raise ClaimError(f"step {place}: {fault}") from None
        rank = rank_after(steps[-1:], rank)
    return tuple(steps)


def rank_after(steps: Iterable[Step], rank: int | None) -> int | None:
    """How many axes there are behind a pipeline, before it ``rank``; None where nobody knows."""
    for step in steps:
        rank = None if rank is None else step.rank_after(rank)
    return rank
