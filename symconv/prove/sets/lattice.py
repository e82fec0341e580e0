"""Layers of matrix stride and their expansions over cosets, for all sizes."""

from __future__ import annotations

from typing import Any

import islpy as isl

from symconv.expand.lattice import LatticeExpansion
from symconv.layer.lattice import Matrix, Point


def failing_sizes(e: LatticeExpansion) -> dict[str, int] | None:
    """The least sizes at which the two relations ``o -> (k, i)`` differ; None if at none.

    Strided: ``i = A o + d k - lo``.  Expanded: ``i = B (o + q) + r`` for the coset and the shift
    that the tie map gives tap ``k``, with ``B`` the matrix of the cosets themselves.  Both where
    ``A o`` and ``i`` lie in the input box.  Sizes also fail where an input lies in no coset, or in
    two.  That `Cosets.split` finds the one coset is not proved here: the tables look at it.
    """
    rank = e.original.rank
    names = [f"N{axis}" for axis in range(rank)]
    left, right = (_relation(e, names, side) for side in ("strided", "expanded"))
    different = left.subtract(right).union(right.subtract(left)).params()
    different = different.union(_ill_coded(e, names))
    if different.is_empty():
        return None
    moved = different.move_dims(isl.dim_type.set, 0, isl.dim_type.param, 0, rank)
    point = moved.lexmin().sample_point()
    values = [point.get_coordinate_val(isl.dim_type.set, axis) for axis in range(rank)]
    return dict(zip(names, (int(v.to_python()) for v in values), strict=True))


def _ill_coded(e: LatticeExpansion, names: list[str]) -> Any:
    """The sizes at which an input does not lie in exactly one coset ``B q + r``, at one ``q``."""
    axes = range(e.original.rank)
    inputs, coarse = [f"i{axis}" for axis in axes], [f"q{axis}" for axis in axes]
    parts = []
    for number, r in enumerate(e.cosets.representatives):
        place = _plus(_times(e.cosets.matrix, coarse), r)
        equal = [f"{i} = {text}" for i, text in zip(inputs, place, strict=True)]
        parts.append(" and ".join([f"c = {number}", *equal]))
    head, space = f"[{', '.join(names)}] -> ", f"[{', '.join(inputs)}]"
    slots, body = f"[{', '.join(['c', *coarse])}]", " or ".join(f"({part})" for part in parts)
    box = isl.Set(f"{head}{{ {space} : {' and '.join(_inside(inputs, names))} }}")
    code = isl.Map(f"{head}{{ {space} -> {slots} : {body or 'false'} }}").intersect_domain(box)
    pairs = code.reverse().apply_range(code)
    twice = pairs.subtract(isl.Map.identity(pairs.get_space()))
    return box.subtract(code.domain()).params().union(twice.params())


def _relation(e: LatticeExpansion, names: list[str], side: str) -> Any:
    layer = e.original
    outs = [f"o{axis}" for axis in range(layer.rank)]
    inside = _inside(_times(layer.stride, outs), names)
    parts = []
    for number, tap in enumerate(layer.taps()):
        if side == "strided":
            reads = _plus(_times(layer.stride, outs), layer.shift(tap))
        else:
            coset, q = e.ties[number]
            if not 0 <= coset < len(e.cosets.representatives):
                continue
            shifted = _plus(outs, q)
            reads = _plus(_times(e.cosets.matrix, shifted), e.cosets.representatives[coset])
        fixed = [f"k = {number}"] + [f"i{axis} = {text}" for axis, text in enumerate(reads)]
        parts.append(" and ".join([*fixed, *inside, *_inside(reads, names)]))
    target = ["k", *(f"i{axis}" for axis in range(layer.rank))]
    body = " or ".join(f"({part})" for part in parts) or "false"
    return isl.Map(
        f"[{', '.join(names)}] -> {{ [{', '.join(outs)}] -> [{', '.join(target)}] : {body} }}"
    )


def _times(matrix: Matrix, point: list[str]) -> list[str]:
    return [" + ".join(f"{a}*({x})" for a, x in zip(row, point, strict=True)) for row in matrix]


def _plus(point: list[str], shift: Point) -> list[str]:
    return [f"({x}) + ({s})" for x, s in zip(point, shift, strict=True)]


def _inside(point: list[str], names: list[str]) -> list[str]:
    return [f"0 <= {x} < {n}" for x, n in zip(point, names, strict=True)]
