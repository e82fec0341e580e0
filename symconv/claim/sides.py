"""Both sides of a claim as forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from symconv.claim.claim import Claim
from symconv.claim.steps import Step, flat
from symconv.errors import ClaimError, MalformedError, SymconvError, TooLarge
from symconv.relation.form import Form, constant_form, tensor_form, values_form
from symconv.relation.reading import Reading, WeightReader, read_pipeline
from symconv.relation.term import Monoid
from symconv.size.expr import Size, number
from symconv.size.numbers import read_finite, read_number
from symconv.size.text import evaluate, parse

INPUT = "input"
"""The name of the input in the forms; it sorts before every weight's."""


def weight_name(name: str) -> str:
    """The name under which a free weight stands in the forms."""
    return f"weight:{name}"


def pipeline_monoid(steps: Sequence[Step]) -> Monoid:
    """The monoid in which a pipeline is read."""
    return "max" if any(step.monoid == "max" for step in flat(steps)) else "sum"


@dataclass(frozen=True, slots=True)
class _Weights:
    """Reads weights of one claim on demand; each use gets legs of its own."""

    claim: Claim

    def read(self, name: str, monoid: Monoid, seen: tuple[str, ...] = ()) -> Form:
        if name in seen:
            raise MalformedError(
                f"weight {name!r} is defined by itself: {' -> '.join((*seen, name))}"
            )
        weight = self.claim.weight(name)
        if weight.source is None:
            shape = tuple(map(parse, weight.shape or ()))
            if weight.fill is None:
                return tensor_form(weight_name(name), shape, monoid)
            if isinstance(weight.fill, tuple):
                return values_form(dict(_entries(weight.fill)), weight.shape or (), monoid)
            return constant_form(read_number(weight.fill), shape, monoid)
        source = self.read(weight.source, monoid, (*seen, name))
        try:
            return read_pipeline(source, weight.steps, Reading(monoid, self.read))
        except TooLarge:
            raise
        except SymconvError as fault:
            fault.within(f"weight {name!r}")
            raise


def _entries(
    values: Any, place: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """The numbers of nested tuples, each with its place."""
    if not isinstance(values, tuple):
        yield place, read_finite(values)
        return
    for index, part in enumerate(values):
        yield from _entries(part, (*place, index))


def weights_of(claim: Claim) -> WeightReader:
    """Read a weight of this claim by its name."""
    return _Weights(claim).read


Shape = tuple[Size, ...]


def check_claim(claim: Claim) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of both sides of a claim at given sizes that is well-formed in all its parts.

    Raises:
        ClaimError: a step does not fit, or the sizes break a condition; the message names the part.
    """
    check_around(claim)
    return shapes_of_sides(claim)


def shapes_of_sides(claim: Claim) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of both sides of a claim at given sizes.

    Raises:
        ClaimError: a step does not fit; the message names the part.
    """
    left, right = (
        tuple(map(number, read_part(claim, side, steps, claim.input_shape, "shapes").shape))
        for side, steps in (("left", claim.left), ("right", claim.right))
    )
    return left, right


def check_around(claim: Claim) -> None:
    """Refuse conditions that do not hold, and weights that are ill-formed, unused ones included.

    Raises:
        ClaimError: a size is named, the sizes break a condition, or a weight's step does not fit.
    """
    claim.require_numbers()
    for condition in claim.where:
        if not evaluate(condition, {}):
            raise ClaimError(
                f"claim {claim.name!r} is where {condition}, which is false; it would say nothing"
            )
    read = weights_of(claim)
    for name, _ in claim.weights:
        try:
            read(name, "shapes")
        except TooLarge:
            raise
        except SymconvError as fault:
            fault.within(f"claim {claim.name!r}")
            raise


def read_sides(claim: Claim) -> tuple[Form, Form]:
    """The forms of the left and the right pipeline, at sizes in numbers or names.

    Raises:
        ClaimError: a step does not fit; the message names the claim, the side and the step.
        TooLarge: a sum has too many terms.
    """
    monoid: Monoid = "sum"
    if "max" in (pipeline_monoid(claim.left), pipeline_monoid(claim.right)):
        monoid = "max"
    left, right = (
        read_part(claim, side, claim.side(side), claim.shape, monoid) for side in ("left", "right")
    )
    return left, right


def read_part(
    claim: Claim,
    side: str,
    steps: Sequence[Step],
    shape: Sequence[Size],
    monoid: Monoid,
    first: int = 0,
) -> Form:
    """The form of steps of one side, from step ``first`` on, in an input of this shape.

    Raises:
        ClaimError: a step does not fit; the message names the claim, the side and the step.
        TooLarge: a sum has too many terms.
    """
    form = tensor_form(INPUT, shape, monoid)
    reading = Reading(monoid, weights_of(claim))
    try:
        return read_pipeline(form, steps, reading, first)
    except TooLarge:
        raise
    except SymconvError as fault:
        fault.within(f"claim {claim.name!r}, {side}")
        raise
