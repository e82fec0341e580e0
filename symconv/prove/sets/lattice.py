"""Layers of matrix stride and their expansions over cosets, for all sizes."""

from __future__ import annotations

from typing import Any

import islpy as isl

from symconv.lattice import LatticeExpansion
from symconv.layer.lattice import Matrix, Point


def failing_sizes(e: LatticeExpansion) -> dict[str, int] | None:
    """The least sizes at which the two relations ``o -> (k, i)`` differ; None if at none.

    Strided: ``i = A o + d k - lo``.  Expanded: ``i = A (o + q) + r`` for the coset and the shift
    that the tie map gives tap ``k``.  Both where ``A o`` and ``i`` lie in the input box.
    """
    rank = e.original.rank
    names = [f"N{axis}" for axis in range(rank)]
    left, right = (_relation(e, names, side) for side in ("strided", "expanded"))
    different = left.subtract(right).union(right.subtract(left)).params()
    if different.is_empty():
        return None
    moved = different.move_dims(isl.dim_type.set, 0, isl.dim_type.param, 0, rank)
    point = moved.lexmin().sample_point()
    values = [point.get_coordinate_val(isl.dim_type.set, axis) for axis in range(rank)]
    return dict(zip(names, (int(v.to_python()) for v in values), strict=True))


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
            shifted = _plus(outs, q)
            reads = _plus(_times(layer.stride, shifted), e.cosets.representatives[coset])
        fixed = [f"k = {number}"] + [f"i{axis} = {text}" for axis, text in enumerate(reads)]
        parts.append(" and ".join([*fixed, *inside, *_inside(reads, names)]))
    target = ["k", *(f"i{axis}" for axis in range(layer.rank))]
    body = " or ".join(f"({part})" for part in parts)
    return isl.Map(
        f"[{', '.join(names)}] -> {{ [{', '.join(outs)}] -> [{', '.join(target)}] : {body} }}"
    )


def _times(matrix: Matrix, point: list[str]) -> list[str]:
    return [" + ".join(f"{a}*({x})" for a, x in zip(row, point, strict=True)) for row in matrix]


def _plus(point: list[str], shift: Point) -> list[str]:
    return [f"({x}) + ({s})" for x, s in zip(point, shift, strict=True)]


def _inside(point: list[str], names: list[str]) -> list[str]:
    return [f"0 <= {x} < {n}" for x, n in zip(point, names, strict=True)]
