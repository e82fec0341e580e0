"""Edits of a claim's right side: where a step stands, what is put for it, and how that is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from symconv.claim import Claim, Weight
from symconv.claim.steps import STEPS, Branching, Step, flat, read_step
from symconv.errors import ClaimError, InputError, SymconvError
from symconv.repair.mutations import Mutation, Seen, step_mutations
from symconv.size.numbers import thaw

NEAREST = 60
"""How many single edits, the smallest first, are paired: with all, pairs would be beyond number."""


RIGHT = ""
"""The name of the right side among the pipelines that edits change; no weight is named so."""

Changed = Mapping[str, tuple[Step, ...]]
"""Pipelines by the weight that they make, or by `RIGHT`."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """Where a step stands: in the right side or a weight's steps, within which branches, where."""

    weight: str
    within: tuple[tuple[int, int], ...]
    place: int

    def holds(self, other: Spot) -> bool:
        """Whether the other spot is this one, or lies in a branch of its step."""
        inner = (*other.within, (other.place, 0))
        depth = len(self.within)
        same = self.weight == other.weight and self.within == other.within[:depth]
        return same and len(inner) > depth and inner[depth][0] == self.place

    def text(self) -> str:
        """The spot as JSON names it."""
        where = f"weight {self.weight}" if self.weight else "right"
        inner = "".join(f", step {at}, branch {branch}" for at, branch in self.within)
        return f"{where}{inner}, step {self.place}"

    def words(self) -> str:
        """The spot in a sentence."""
        inner = "".join(f" of branch {b} of step {at}" for at, b in reversed(self.within))
        return f"step {self.place}{inner} of {f'weight {self.weight}' if self.weight else 'right'}"


@dataclass(frozen=True)
class Edit:
    """A step at its spot, and what is put for it: another one, or nothing."""

    spot: Spot
    mutation: Mutation

    def steps(self) -> tuple[Step, ...]:
        """What is put for the step.

        Raises:
            ClaimError: there is no such step.
        """
        if isinstance(self._read, ClaimError):
            raise self._read.with_traceback(None)
        return self._read

    @cached_property
    def _read(self) -> tuple[Step, ...] | ClaimError:
        """The steps, read once for all the pairs in which the edit stands."""
        if self.mutation.step is None:
            return ()
        try:
            return (read_step(self.mutation.step),)
        except (SymconvError, ValueError) as fault:
            return ClaimError(str(fault))


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute of one step, before and after."""

    spot: Spot
    op: str
    attribute: str
    before: Any
    after: Any

    @property
    def where(self) -> str:
        """Where the step stands."""
        return self.spot.text()

    def to_dict(self) -> dict[str, Any]:
        """The change's JSON form."""
        return {
            "where": self.where,
            "op": self.op,
            "attribute": self.attribute,
            "before": self.before,
            "after": self.after,
        }

    def sentence(self) -> str:
        """The change in words, as the end of "The claim holds if"."""
        if self.attribute == "":
            return f"{self.spot.words()} ({self.op}) is left out"
        done = _DONE.get(self.attribute, f"has {self.attribute}")
        return f"{self.spot.words()} {done} {self.after} instead of {self.before}"


_DONE = {
    "padding": "pads by",
    "mode": "pads in mode",
    "padding_mode": "pads in mode",
    "value": "pads with",
    "padding_value": "pads with",
    "slices": "slices by",
    "pattern": "rearranges by",
}


def candidates_of(claim: Claim) -> Iterator[tuple[Edit, ...]]:
    """Single edits by their size, then pairs of edits at two steps by theirs."""
    singles = sorted(_edits(claim), key=lambda edit: edit.mutation.size)
    yield from ((edit,) for edit in singles)
    near = singles[:NEAREST]
    pairs = [
        (first, second)
        for place, first in enumerate(near)
        for second in near[place + 1 :]
        if not (first.spot.holds(second.spot) or second.spot.holds(first.spot))
    ]
    yield from sorted(pairs, key=lambda pair: pair[0].mutation.size + pair[1].mutation.size)


def _edits(claim: Claim) -> Iterator[Edit]:
    seen, rank = _seen(claim), len(claim.size)
    for spot, step in _spots(claim):
        yield from (Edit(spot, m) for m in step_mutations(step.to_dict(), rank, seen))


SHARED = ("stride", "dilation", "padding", "value", "padding_value")
"""Attributes whose values on the left side are tried on the right: what was meant, maybe."""


def _seen(claim: Claim) -> Seen:
    steps = list(flat(claim.left))
    return {
        name: list({repr(v): thaw(v) for v in _values(steps, name)}.values()) for name in SHARED
    }


def _values(steps: Sequence[Step], name: str) -> Iterator[Any]:
    for step in steps:
        # The pads of a pad step are for all axes, those of a layer for the spatial ones.
        if name != "padding" or step.op != "pad":
            yield from [getattr(step, name)] if getattr(step, name, None) is not None else []


def _spots(claim: Claim) -> Iterator[tuple[Spot, Step]]:
    """The right side's steps, and those of derived weights that the left side does not use."""
    yield from _steps_within("", (), claim.right)
    shared = _used(claim, claim.left)
    for name in sorted(_used(claim, claim.right) - shared):
        yield from _steps_within(name, (), claim.weight(name).steps)


def _steps_within(
    weight: str, within: tuple[tuple[int, int], ...], steps: Sequence[Step]
) -> Iterator[tuple[Spot, Step]]:
    for place, step in enumerate(steps):
        yield Spot(weight, within, place), step
        if isinstance(step, Branching):
            for number, branch in enumerate(step.branches):
                yield from _steps_within(weight, (*within, (place, number)), branch)


@lru_cache(maxsize=4096)
def used_by(step: Step) -> tuple[str, ...]:
    """The weights that a step names, those of its branches included."""
    found = (getattr(s, name, None) for s in flat([step]) for name in ("weight", "bias"))
    return tuple(name for name in found if isinstance(name, str))


def _used(claim: Claim, steps: Sequence[Step]) -> set[str]:
    """All weights that a pipeline needs, those that they are derived from included."""
    names: set[str] = set()
    left = [name for step in steps for name in used_by(step)]
    while left:
        name = left.pop()
        if name not in names:
            names.add(name)
            weight = claim.weight(name)
            left += [weight.source] if weight.source is not None else []
            left += [other for step in weight.steps for other in used_by(step)]
    return names


def changed(claim: Claim, edits: Sequence[Edit]) -> Changed:
    """The pipelines that the edits change, by the weight's name or `RIGHT`.

    Raises:
        ClaimError: a step so edited is none.
    """
    found: dict[str, tuple[Step, ...]] = {}
    # From the last step to the first, so that a step that goes moves no other that changes.
    for edit in sorted(edits, key=lambda edit: edit.spot, reverse=True):
        name = edit.spot.weight
        before = claim.right if name == RIGHT else claim.weight(name).steps
        found[name] = _with_step(found.get(name, before), edit.spot.within, edit)
    return found


def edited(claim: Claim, edits: Sequence[Edit]) -> Claim:
    """The claim with these edits.

    Raises:
        ClaimError: a step or a weight so edited is none.
    """
    new = changed(claim, edits)
    weights = tuple(
        (name, Weight(old.shape, old.fill, old.source, new[name]) if name in new else old)
        for name, old in claim.weights
    )
    return replace(claim, right=new.get(RIGHT, claim.right), weights=weights)


def _with_step(
    steps: tuple[Step, ...], within: tuple[tuple[int, int], ...], edit: Edit
) -> tuple[Step, ...]:
    if not within:
        at = edit.spot.place
        return (*steps[:at], *edit.steps(), *steps[at + 1 :])
    (at, branch), *inner = within
    outer = steps[at]
    if not isinstance(outer, Branching):
        raise InputError(f"step {at} ({outer.op}) has no branches")
    changed = list(outer.branches)
    changed[branch] = _with_step(changed[branch], tuple(inner), edit)
    return (*steps[:at], replace(outer, branches=tuple(changed)), *steps[at + 1 :])


def change(claim: Claim, edit: Edit) -> Change:
    """What an edit changes, before and after."""
    step = dict(_spots(claim))[edit.spot]
    key, text = edit.mutation.attribute, step.to_dict()
    after = edit.mutation.step.get(key, _default(step, key)) if edit.mutation.step else None
    before = text.get(key, _default(step, key)) if key else 0
    return Change(edit.spot, step.op, key, before, after)


def _default(step: Step, attribute: str) -> Any:
    """The attribute's default; a pooling's stride is its kernel."""
    fields = {field.name: field.default for field in dataclasses.fields(STEPS[step.op])}
    default = fields.get(attribute, 0)
    if attribute == "stride" and default is None:
        return thaw(getattr(step, "kernel_size", None))
    return default
