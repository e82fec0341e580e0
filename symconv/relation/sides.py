"""Both sides of a claim as forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symconv.claim import Claim, Weight
from symconv.claim.steps import Step
from symconv.errors import ClaimError, MalformedError, SymconvError, TooLarge
from symconv.relation.form import Form, constant_form, tensor_form
from symconv.relation.meaning import Reading, pipeline_monoid, read_pipeline
from symconv.relation.term import Monoid
from symconv.size.numbers import read_number
from symconv.size.text import evaluate

INPUT = "input"
"""The name of the input in the forms; it sorts before every weight's."""


def weight_name(name: str) -> str:
    """The name under which a free weight stands in the forms."""
    return f"weight:{name}"


def weight_sizes(name: str, weight: Weight) -> tuple[int, ...]:
    """The shape of a weight in numbers.

    Raises:
        ClaimError: a size of it is named.
    """
    sizes = tuple(size for size in weight.shape or () if isinstance(size, int))
    if len(sizes) != len(weight.shape or ()):
        raise ClaimError(f"weight {name!r} of shape {list(weight.shape or ())} names a size")
    return sizes


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
            shape = weight_sizes(name, weight)
            if weight.fill is None:
                return tensor_form(weight_name(name), shape, monoid)
            return constant_form(read_number(weight.fill), shape, monoid)
        source = self.read(weight.source, monoid, (*seen, name))
        try:
            return read_pipeline(source, weight.steps, Reading(monoid, self.read))
        except TooLarge:
            raise
        except SymconvError as fault:
            raise type(fault)(f"weight {name!r}: {fault}") from None


Shape = tuple[int, ...]


def check_claim(claim: Claim) -> tuple[Shape, Shape]:
    """The shapes of both sides of a claim at given sizes that is well-formed in all its parts.

    Raises:
        ClaimError: a step does not fit, or the sizes break a condition; the message names the part.
        TooLarge: an index map is beyond the memory bound.
    """
    check_around(claim)
    left, right = (
        read_part(claim, side, getattr(claim, side), claim.input_shape, "shapes").shape
        for side in ("left", "right")
    )
    return left, right


def check_around(claim: Claim) -> None:
    """Refuse conditions that do not hold, and weights that are ill-formed, unused ones included.

    Raises:
        ClaimError: the sizes break a condition, or a weight's step does not fit.
        TooLarge: an index map is beyond the memory bound.
    """
    for condition in claim.where:
        if not evaluate(condition, {}):
            raise ClaimError(
                f"claim {claim.name!r} is where {condition}, which is false; it would say nothing"
            )
    weights = _Weights(claim)
    for name, _ in claim.weights:
        try:
            weights.read(name, "shapes")
        except TooLarge:
            raise
        except SymconvError as fault:
            raise type(fault)(f"claim {claim.name!r}: {fault}") from None


def read_sides(claim: Claim) -> tuple[Form, Form]:
    """The forms of the left and the right pipeline.

    Raises:
        ClaimError: a step does not fit; the message names the claim, the side and the step.
        TooLarge: a part that does not factorise is beyond the memory bound.
    """
    monoid: Monoid = "sum"
    if "max" in (pipeline_monoid(claim.left), pipeline_monoid(claim.right)):
        monoid = "max"
    left, right = (
        read_part(claim, side, getattr(claim, side), claim.input_shape, monoid)
        for side in ("left", "right")
    )
    return left, right


def read_part(
    claim: Claim, side: str, steps: Sequence[Step], shape: Sequence[int], monoid: Monoid,
    first: int = 0,
) -> Form:  # fmt: skip
    """The form of steps of one side, from step ``first`` on, in an input of this shape.

    Raises:
        ClaimError: a step does not fit; the message names the claim, the side and the step.
        TooLarge: a part that does not factorise is beyond the memory bound.
    """
    form = tensor_form(INPUT, shape, monoid)
    reading = Reading(monoid, _Weights(claim).read)
    try:
        return read_pipeline(form, steps, reading, first)
    except TooLarge:
        raise
    except SymconvError as fault:
        raise type(fault)(f"claim {claim.name!r}, {side}: {fault}") from None
