"""Shapes that a model computes: small vectors of integers whose entries are named sizes.

``Shape``, and what is made of it by choosing, joining and whole-number arithmetic, ends in
``Reshape`` or ``Resize``.  Entries are numbers or expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symconv.errors import ClaimError
from symconv.network.model import Array, ModelNode
from symconv.size.expr import Expr, Extent

Dimensions = tuple[Extent, ...]

MOST_ENTRIES = 16
"""Entries of such a vector: no tensor of a model has as many axes."""


def dimensions_of(
    node: ModelNode,
    shapes: Mapping[str, tuple[Extent, ...] | None],
    values: Mapping[str, Array],
    known: Mapping[str, Dimensions],
) -> dict[str, Dimensions]:
    """The integers in a node's output, where they follow from sizes; else nothing."""
    if node.op == "Shape":
        shape = shapes.get(node.inputs[0])
        return {} if shape is None else {node.outputs[0]: shape[_ends(node, len(shape))]}
    if node.op not in READ or not any(name in known for name in node.inputs):
        return {}
    given = [_entries(name, values, known) for name in node.inputs]
    if any(name and entries is None for name, entries in zip(node.inputs, given, strict=True)):
        return {}
    try:
        found = READ[node.op](node, given)
    except (ClaimError, LookupError, TypeError, ValueError, ZeroDivisionError):
        return {}  # what has no linear expression is not known
    return {node.outputs[0]: tuple(found)}


def _ends(node: ModelNode, rank: int) -> slice:
    return slice(node.attributes.get("start"), node.attributes.get("end"))


def _entries(
    name: str, values: Mapping[str, Array], known: Mapping[str, Dimensions]
) -> Sequence[Extent] | None:
    if name in known:
        return known[name]
    array = values.get(name)
    if array is None or array.size > MOST_ENTRIES or array.dtype.kind not in "iu":
        return None
    return [int(n) for n in array.reshape(-1)]


def _gathered(node: ModelNode, given: list[Any]) -> list[Extent]:
    return [given[0][n] for n in given[1]]


def _joined(node: ModelNode, given: list[Any]) -> list[Extent]:
    return [size for part in given for size in part]


def _same(node: ModelNode, given: list[Any]) -> list[Extent]:
    return list(given[0])


INTEGERS = (6, 7, "int32", "int64")
"""Types of ONNX by number or by NumPy's name, whose arithmetic is that of sizes."""


def _cast(node: ModelNode, given: list[Any]) -> list[Extent]:
    if node.attributes.get("to") not in INTEGERS:
        raise ValueError("sizes as numbers with a point")
    return list(given[0])


def _sliced(node: ModelNode, given: list[Any]) -> list[Extent]:
    step = given[4][0] if len(given) > 4 and given[4] else 1
    return list(given[0][given[1][0] : given[2][0] : step])


def _arithmetic(of: Callable[[Any, Any], Extent]) -> Callable[[ModelNode, list[Any]], list[Extent]]:
    def read(node: ModelNode, given: list[Any]) -> list[Extent]:
        a, b = given
        count = max(len(a), len(b))
        if {len(a), len(b)} - {1, count}:
            raise ValueError("vectors of different lengths")
        return [of(x, y) for x, y in zip(_stretched(a, count), _stretched(b, count), strict=True)]

    return read


def _stretched(entries: Sequence[Any], count: int) -> list[Any]:
    return list(entries) * (count if len(entries) == 1 else 1)


def _quotient(a: Any, b: Any) -> Extent:
    """A quotient of sizes, which are not negative: cut off as ONNX does, or rounded down."""
    if isinstance(b, Expr) or b < 1:
        raise ValueError("a quotient by no positive number")
    if isinstance(a, Expr) and (a.number < 0 or any(c < 0 for _, c in a.terms)):
        raise ValueError("a quotient of what may be negative")
    return a // b if isinstance(a, Expr) else int(np.trunc(a / b))


READ: dict[str, Callable[[ModelNode, list[Any]], list[Extent]]] = {
    **dict.fromkeys(("Identity", "Squeeze", "Unsqueeze", "Reshape"), _same),
    "Cast": _cast,
    "Gather": _gathered,
    "Concat": _joined,
    "Slice": _sliced,
    "Add": _arithmetic(lambda a, b: a + b),
    "Sub": _arithmetic(lambda a, b: a - b),
    "Mul": _arithmetic(lambda a, b: a * b),
    "Div": _arithmetic(_quotient),
}
