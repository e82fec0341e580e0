"""Links of carried nodes against what an ONNX file says of axes: which are acted along, or moved.

What is said here is the file's alone; that sizes, places and phases fit is looked at without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from symconv.recheck.facts import CertificateError
from symconv.recheck.families import FIRST, REDUCTIONS
from symconv.recheck.onnx_nodes import FileNode
from symconv.recheck.onnx_values import Shapes, Values
from symconv.recheck.onnx_windows import form_of_node, rows_of

Text = Mapping[str, Any]
Target = int | None

JOINED = 13
"""The opset since which a softmax is over one axis, and not over all behind it as well."""

ALONG = {"LpNormalization": -1, "ArgMax": 0, "ArgMin": 0, "Concat": 0, "Split": 0, "Gather": 0}
"""Operators that act along one axis, and which that is if nothing is said."""

SOFTMAX = ("Softmax", "LogSoftmax", "Hardmax")
ROW_MAJOR = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")
"""An axis stays where as many positions stand in front of it as before."""

MOVING = ("Pad", "Slice")


def check_links(node: FileNode, stated: Text, shapes: Shapes, values: Values) -> None:
    """Refuse a link that the file's node does not have.

    Raises:
        CertificateError: there is one, or the node is another function than that of its name.
        Unread: it depends on what is computed.
    """
    if node.number("training_mode", 0) or (node.op == "Dropout" and node.has(2)):
        raise CertificateError(f"the file makes {node.made!r} by {node.op} in training")
    if node.op == "BatchNormalization" and not node.number("spatial", 1):
        raise CertificateError(f"the file makes {node.made!r} by statistics of each position")
    links = [tuple(link[:3]) for link in stated["links"]]
    if not links:
        return
    if node.op in FIRST and (other := next((slot for slot, _, _ in links if slot), None)):
        raise CertificateError(f"node {stated['name']!r} links its input {other} by {node.op}")
    for slot in {slot for slot, _, _ in links}:
        known = dict(_targets(node, slot, shapes, values))
        for _, axis, target in (link for link in links if link[0] == slot):
            if target not in known.get(axis, (target,)):
                raise CertificateError(
                    f"node {stated['name']!r} is {node.op} in the file, by which the axis {axis} "
                    f"of input {slot} does not become {_said(target)}"
                )


def _said(target: Target) -> str:
    return "one value" if target is None else f"the output's axis {target}"


def _targets(
    node: FileNode, slot: int, shapes: Shapes, values: Values
) -> Iterator[tuple[int, tuple[Target, ...]]]:
    """What each axis may become; of those that are left out, anything."""
    shape, out = shapes[node.inputs[slot]], shapes.get(node.made, ())
    rank = len(shape)
    if node.op in ROW_MAJOR:
        yield from ((axis, tuple(_kept(shape, out, axis))) for axis in range(rank))
    elif node.op == "Transpose":
        order = [*node.attributes.get("perm", range(rank)[::-1])]
        yield from ((axis, (order.index(axis),)) for axis in range(rank))
    elif node.op in MOVING:
        for axis, row in enumerate(rows_of(node, shapes, values)):
            yield axis, (axis,) if row == tuple(range(shape[axis])) else ()
    elif node.op in ("Resize", "Upsample"):
        yield from _resized(node, shapes, values)
    else:
        yield from _acted(node, slot, shapes, values)


def _kept(shape: Sequence[int], out: Sequence[int], axis: int) -> Iterator[int]:
    """The output's axes that are an axis of the input, position by position."""
    for target, size in enumerate(out):
        if size == shape[axis] and prod(shape[:axis]) == prod(out[:target]):
            yield target


def _resized(
    node: FileNode, shapes: Shapes, values: Values
) -> Iterator[tuple[int, tuple[Target, ...]]]:
    """Axes of which every output is the sample of its place."""
    form, shape = form_of_node(node, shapes, values), shapes[node.inputs[0]]
    yield from ((axis, (axis,)) for axis in range(2))
    for axis, rows in enumerate(form.get("samples") or form["weights"], start=2):
        own = [*range(shape[axis])]
        stays = [*rows] == own or [*rows] == [{n: 1} for n in own]
        yield axis, (axis,) if stays else ()


def _acted(
    node: FileNode, slot: int, shapes: Shapes, values: Values
) -> Iterator[tuple[int, tuple[Target, ...]]]:
    """Of operators along axes: those are in no place of the output, the others where they stood."""
    rank = len(shapes[node.inputs[slot]])
    axes = _axes(node, slot, rank, shapes, values)
    if axes is None:
        return
    gone = [] if node.number("keepdims", 1) else sorted(axes)
    between = len(shapes[node.inputs[1]]) - 1 if node.op == "Gather" else 0
    for axis in range(rank):
        if axis in axes:
            yield axis, (None,) if node.op in REDUCTIONS else ()
        else:
            behind = between if any(axis > other for other in axes) else 0
            yield axis, (axis - sum(other < axis for other in gone) + behind,)


def _axes(node: FileNode, slot: int, rank: int, shapes: Shapes, values: Values) -> set[int] | None:
    """The axes that an operator acts along; None where it has none to tell."""
    op = node.op
    if op in SOFTMAX:
        first = node.number("axis", -1 if node.opset >= JOINED else 1) % rank
        return {first} if node.opset >= JOINED else {*range(first, rank)}
    if op == "LayerNormalization":
        return {*range(node.number("axis", -1) % rank, rank)}
    if op in ALONG:
        return {node.number("axis", ALONG[op]) % rank}
    if op == "CumSum":
        return {axis % rank for axis in values.integers(node, 1, "axis") or ()}
    if op in ("QuantizeLinear", "DequantizeLinear") and node.has(1):
        return _scaled(node, rank, shapes.get(node.inputs[1]))
    if op.startswith("Global"):
        return {*range(2, rank)}
    return _reduced(node, rank, values) if op in REDUCTIONS else None


def _scaled(node: FileNode, rank: int, scales: Sequence[int] | None) -> set[int]:
    """The axis of a scale for each place; all where there is one for each block."""
    if scales is None or len(scales) > 1:
        return {*range(rank)}
    return {node.number("axis", 1) % rank} if prod(scales) > 1 else set()


def _reduced(node: FileNode, rank: int, values: Values) -> set[int]:
    listed = values.integers(node, 1, "axes") or []
    if not listed and not node.number("noop_with_empty_axes", 0):
        return {*range(rank)}
    return {axis % rank for axis in listed}
