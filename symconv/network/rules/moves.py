"""Nodes that only name axes anew: transposed, inserted, left out, or reshaped beside them."""

from __future__ import annotations

from itertools import takewhile
from math import prod
from typing import Any

import numpy as np

from symconv.network.rules.base import (
    NoRule,
    Rule,
    RuleOf,
    Shape,
    Site,
    agree,
    from_front,
    is_number,
    linked,
)


def transpose(site: Site) -> Rule:
    """Read a permutation of the axes: phases go where their axis goes."""
    shape = site.shape()
    order = [int(a) for a in site.node.attributes.get("perm", range(len(shape))[::-1])]
    if sorted(order) != list(range(len(shape))):
        raise NoRule(f"its perm {order} does not permute {len(shape)} axes")
    out = tuple(shape[axis] for axis in order)
    return Rule("moves", (out,), linked(0, order, range(len(order))))


def unsqueeze(site: Site) -> Rule:
    """Read axes of one position put in between."""
    shape = site.shape()
    listed = _listed(site)
    rank = len(shape) + len(listed)
    new = {from_front(axis, rank) for axis in listed}
    old = [axis for axis in range(rank) if axis not in new]
    sizes = dict(zip(old, shape, strict=True))
    out = tuple(sizes.get(axis, 1) for axis in range(rank))
    return Rule("moves", (out,), linked(0, range(len(shape)), old))


def squeeze(site: Site) -> Rule:
    """Read axes of one position left out."""
    shape = site.shape()
    given = site.has(1) or "axes" in site.node.attributes
    gone = {from_front(axis, len(shape)) for axis in _listed(site)} if given else None
    if gone is None:
        if not all(isinstance(size, int) for size in shape):
            raise NoRule("it leaves out all axes of one position, and a size is named")
        gone = {axis for axis, size in enumerate(shape) if size == 1}
    if other := [axis for axis in gone if not is_number(shape[axis], 1)]:
        raise NoRule(f"it leaves out the axis {other[0]}, whose size {shape[other[0]]} is not 1")
    kept = [axis for axis in range(len(shape)) if axis not in gone]
    return Rule("moves", (tuple(shape[a] for a in kept),), linked(0, kept, range(len(kept))))


def _listed(site: Site) -> list[int]:
    if site.has(1):
        return site.numbers(1, "axes")
    return [int(axis) for axis in np.atleast_1d(site.node.attributes.get("axes", []))]


def reshape(site: Site) -> Rule:
    """Read a reshape; axes in front and behind that keep their sizes carry phases.

    In row-major order what lies between such axes is cut and joined by itself.  Where it cuts an
    axis that carries phases, that axis is not linked: the phases are merged in front.
    """
    shape = site.shape()
    out = _target(site, shape)
    front = len([*takewhile(lambda pair: pair[0] == pair[1], zip(shape, out, strict=False))])
    rest = zip(shape[front:][::-1], out[front:][::-1], strict=False)
    behind = len([*takewhile(lambda pair: pair[0] == pair[1], rest)])
    kept = [*range(front), *range(len(shape) - behind, len(shape))]
    there = [*range(front), *range(len(out) - behind, len(out))]
    how = "moves" if len(kept) < len(shape) else "pointwise"
    conditions = _as_many(shape, out)
    return Rule(how, (out,), linked(0, kept, there), conditions=conditions)


def _as_many(shape: Shape, out: Shape) -> tuple[str, ...]:
    """The condition that both shapes have as many entries, where it is linear in named sizes."""
    left, right = list(shape), list(out)
    for size in shape:
        if size in right:
            left.remove(size)
            right.remove(size)
    try:
        return agree(prod(left), prod(right))
    except ValueError:  # a product of two named sizes
        return ()


def _target(site: Site, shape: Shape) -> Shape:
    """The shape that is asked for: stated, or from its numbers, with 0 for a size that stays."""
    stated = site.stated[0] if site.stated else None
    if stated is not None:
        return stated
    asked: list[Any] = list(site.dims.get(site.node.inputs[1], ()))
    asked = asked or list(site.numbers(1, "sizes"))
    if not site.number("allowzero", 0):
        asked = [shape[n] if is_number(size, 0) else size for n, size in enumerate(asked)]
    if (open_axis := [n for n, size in enumerate(asked) if is_number(size, -1)]) == []:
        return tuple(asked)
    asked[open_axis[0]] = _remaining(shape, [s for s in asked if not is_number(s, -1)])
    return tuple(asked)


def _remaining(shape: Shape, others: list[Any]) -> Any:
    """What is left for one axis, once sizes that stand on both sides are left out."""
    left = list(shape)
    numbers = 1
    for size in others:
        if size in left:
            left.remove(size)
        elif isinstance(size, int):
            numbers *= size
        else:
            raise NoRule("what is left of the sizes has no linear expression")
    named = [size for size in left if not isinstance(size, int)]
    known = prod(size for size in left if isinstance(size, int))
    if len(named) > 1 or known % numbers:
        raise NoRule("what is left of the sizes has no linear expression")
    return named[0] * (known // numbers) if named else known // numbers


def flatten(site: Site) -> Rule:
    """Read a flattening: axes in front of the cut stay where it joins one axis alone."""
    shape = site.shape()
    axis = site.number("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    try:
        out = (prod(shape[:axis]), prod(shape[axis:]))
    except ValueError as fault:  # a product of two named sizes
        raise NoRule("it joins axes, of which phases are merged in front") from fault
    links = [*linked(0, [0], [0])] if axis == 1 else []
    links += linked(0, [axis], [1]) if axis == len(shape) - 1 else []
    return Rule("moves", (out,), tuple(links))


def expand(site: Site) -> Rule:
    """Read a broadcast to a shape; axes that it leaves alone carry phases."""
    shape = site.shape()
    asked: list[Any] = list(site.dims.get(site.node.inputs[1], ()))
    stated = site.stated[0] if site.stated else None
    asked = list(stated or asked or site.numbers(1, "sizes"))
    rank = max(len(shape), len(asked))
    own = (*(1,) * (rank - len(shape)), *shape)
    wanted = (*(1,) * (rank - len(asked)), *asked)
    out = tuple(b if is_number(a, 1) else a for a, b in zip(own, wanted, strict=True))
    moved = rank - len(shape)
    kept = [axis for axis in range(len(shape)) if shape[axis] == out[axis + moved]]
    return Rule("moves", (out,), linked(0, kept, [axis + moved for axis in kept]))


RULES: dict[str, RuleOf] = {
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Squeeze": squeeze,
    "Reshape": reshape,
    "Flatten": flatten,
    "Expand": expand,
}
