"""What is asked of parts of two pipelines: plain claims, each of which is answered once.

A deep chain has many layers of one kind, and is composed again with each mask.
"""

from __future__ import annotations

from fractions import Fraction

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.claim.naming import anonymous
from symconv.claim.sides import pipeline_monoid, read_part, read_sides
from symconv.claim.unused import used_weights
from symconv.machine.caches import Cache, bytes_of_key
from symconv.prove.squares.hidden import Hidden
from symconv.prove.tables.decide import compare_forms
from symconv.relation.form import bounded_below

_HOLD = Cache[bool](most=2 * 2**20)
"""Squares that commute, or do not."""


def square_holds(claim: Claim, low: Fraction | None = None) -> bool:
    """Whether a square commutes, for every input whose entries are at least ``low``."""
    question = (anonymous(claim), low)
    known = _HOLD.get(question)
    if known is None:
        left, right = (bounded_below(form, low) for form in read_sides(claim))
        known = compare_forms(left, right) is None
        _HOLD.put(question, known, bytes_of_key(question))
    return known


def part_claim(
    claim: Claim,
    what: str,
    shape: tuple[int, ...],
    left: tuple[st.Step, ...],
    right: tuple[st.Step, ...],
) -> Claim:
    """A claim about a part of both pipelines, with the weights that it names."""
    weights = used_weights(claim.weights, (*left, *right))
    channels, *size = shape
    name = f"{claim.name}: {what}"
    return Claim(name, channels, tuple(size), weights, left, right, claim.where)


def square_claim(
    claim: Claim,
    before: Hidden,
    left: tuple[st.Step, ...],
    right: tuple[st.Step, ...],
    after: Hidden,
) -> Claim:
    """One square: a line before it, and the left tensor after it, on both ways."""
    mixed = "max" in (pipeline_monoid(left), pipeline_monoid(right))
    kept = () if mixed else before.kept()
    seen = (*after.inside(), *after.to_live())
    return part_claim(
        claim,
        "a square",
        before.line_shape,
        (*kept, *before.inside(), *left, *after.to_live()),
        (*kept, *before.to_right(), *right, *after.to_line(), *seen),
    )


def live_claim(claim: Claim, before: Hidden, left: tuple[st.Step, ...], after: Hidden) -> Claim:
    """What is live after a left part depends on nothing that is not live before it."""
    way = (*left, *after.to_live())
    right = (*before.only_live(), *way)
    return part_claim(claim, "what is read later", before.shape, way, right)


def zeros_claim(claim: Claim, before: Hidden, right: tuple[st.Step, ...], after: Hidden) -> Claim:
    """The line after a part is zero where ``after.keep`` says so."""
    way = (*before.kept(), *before.to_right(), *right, *after.to_line())
    left = (*way, *after.kept())
    return part_claim(claim, "zeros of a tail", before.line_shape, left, way)


_SHAPES = Cache[tuple[int, ...]](most=2**20)
"""Shapes after parts."""


def shape_after(
    claim: Claim, side: str, part: tuple[st.Step, ...], shape: tuple[int, ...], first: int
) -> tuple[int, ...]:
    """The shape after a part of a side, which begins with step ``first`` on this shape."""
    question = anonymous(part_claim(claim, "a part", shape, part, ()))
    known = _SHAPES.get(question)
    if known is None:
        known = read_part(claim, side, part, shape, pipeline_monoid(part), first).shape
        _SHAPES.put(question, known, bytes_of_key(question))
    return known
