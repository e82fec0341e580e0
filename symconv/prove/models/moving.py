"""What moves a model's data moves its terms: one tensor of them for each output of a node.

Data flow: a node, the tensors that it reads, and what is known before the model is run -> where
each term of the first input goes.  A node whose ways are not known before is left to the walk.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symconv.errors import Unsupported
from symconv.network.bound import Bound
from symconv.network.model import Array, ModelNode
from symconv.prove.models.moves import MOVES, padded, pads_of
from symconv.prove.models.resizing import gathers
from symconv.prove.models.terms import ZERO, Ids, Tensor, Terms

Inputs = Sequence[Tensor | None]

REPEATS = frozenset(("Expand", "Tile", "Gather"))
"""Moves after which one term may stand in several places."""


@dataclass(frozen=True)
class Moving:
    """Moves terms; every tensor that it makes has the terms of those that it reads, and zeros."""

    terms: Terms

    def moved(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Sequence[Tensor] | None:
        """What a node makes by moving data; None for one that does not, or not that clearly."""
        if node.op in ("Concat", "Split"):
            return self._structure(node, [t for t in inputs if t is not None], bound)
        if node.op == "Resize":
            return self._resized(node, inputs, bound)
        if node.op not in (*MOVES, "Pad") or not _is_told(node, bound):
            return None
        return [(self._move if node.op in MOVES else self._padded)(node, inputs, bound)]

    def _move(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor:
        first, *rest = inputs
        if first is None:
            raise Unsupported("its first input is left out")
        values = [_value(name, bound) for name in node.inputs[1:]]
        key = (node.op, attributes_of(node), first.number, numbers_of(rest))
        shape = bound.shapes.get(node.outputs[0])
        if node.op == "Identity":
            return first
        move = MOVES[node.op]

        def moved() -> Ids:
            return np.asarray(move(first.ids, values, node.attributes))

        if shape is None:
            shape = moved().shape
        return self.terms.moved(key, first, shape, moved, repeats=node.op in REPEATS)

    def _resized(self, node: ModelNode, inputs: Inputs, bound: Bound) -> list[Tensor] | None:
        """The nearest sample for each output."""
        first, shape = inputs[0], bound.shapes.get(node.outputs[0])
        told = all(not name or name in bound.values for name in node.inputs[2:])
        if first is None or shape is None or not told:
            return None
        scales = _value(node.inputs[2], bound) if len(node.inputs) > 2 else None
        places = gathers(first.shape, shape, scales, node.attributes)
        if places is None:
            return None

        def gathered() -> Ids:
            return first.ids[np.ix_(*places)]

        key = (node.op, attributes_of(node), first.number, shape)
        return [self.terms.moved(key, first, shape, gathered, repeats=True)]

    def _structure(self, node: ModelNode, present: Sequence[Tensor], bound: Bound) -> list[Tensor]:
        key = (node.op, attributes_of(node), numbers_of(present))
        shapes = [bound.shapes[name] for name in node.outputs]
        if node.op == "Split":
            return self._split(node, present[0], key, shapes)
        axis = node.attributes["axis"]

        def joined() -> Ids:
            return np.concatenate([t.ids for t in present], axis=axis)

        return [self._joined(key, shapes[0], joined, present)]

    def _padded(self, node: ModelNode, inputs: Inputs, bound: Bound) -> Tensor:
        first = inputs[0]
        if first is None:
            raise Unsupported("its first input is left out")
        key = (node.op, attributes_of(node), numbers_of(inputs))
        values = [_value(node.inputs[1], bound), None]
        values += [_value(n, bound) for n in node.inputs[3:]]
        mode = node.attributes.get("mode", "constant")
        filled = inputs[2] if len(inputs) > 2 else None

        def pad() -> Ids:
            fill = ZERO if filled is None else int(filled.ids.ravel()[0])
            return padded(first.ids, pads_of(first.ids, values), mode, fill)

        shape = bound.shapes[node.outputs[0]]
        origins = first.origins if filled is None or filled.constant else None
        return self.terms.tensor(
            key, shape, pad, constant=first.constant, mixed=True, origins=origins
        )

    def _joined(
        self, key: Hashable, shape: tuple[int, ...], make: Any, parts: Sequence[Tensor]
    ) -> Tensor:
        known = [t.origins for t in parts if t.origins is not None]
        origins = frozenset[int]().union(*known) if len(known) == len(parts) else None
        apart = origins is not None and len(origins) == sum(map(len, known))
        return self.terms.tensor(
            key,
            shape,
            make,
            constant=all(t.constant for t in parts),
            distinct=apart and all(t.distinct for t in parts),
            mixed=any(t.mixed for t in parts),
            origins=origins,
        )

    def _split(
        self, node: ModelNode, first: Tensor, key: Hashable, shapes: Sequence[tuple[int, ...]]
    ) -> list[Tensor]:
        axis = node.attributes.get("axis", 0)
        ends = np.cumsum([shape[axis] for shape in shapes]).tolist()
        return [
            self.terms.moved(
                (key, place), first, shape, _part_of(first, axis, end - shape[axis], end)
            )
            for place, (shape, end) in enumerate(zip(shapes, ends, strict=True))
        ]


def _is_told(node: ModelNode, bound: Bound) -> bool:
    """Whether what says how data moves is known before the model is run, and clear.

    What negative pads are beside others that wrap around, ONNX does not say.
    """
    if node.op == "Pad" and node.attributes.get("mode", "constant") == "wrap":
        pads = bound.values.get(node.inputs[1])
        if pads is None or (pads < 0).any():
            return False
    told = [n for place, n in enumerate(node.inputs) if place != 2 or node.op != "Pad"]
    return all(not name or name in bound.values for name in told[1:])


def _value(name: str, bound: Bound) -> Array | None:
    if not name:
        return None
    if name not in bound.values:
        raise Unsupported(f"what {name!r} holds is not known before the model is run")
    return bound.values[name]


def _part_of(first: Tensor, axis: int, begin: int, end: int) -> Any:
    return lambda: np.take(first.ids, np.arange(begin, end), axis=axis)


def numbers_of(inputs: Inputs) -> tuple[int | None, ...]:
    """What the tensors that a node reads are known by."""
    return tuple(None if t is None else t.number for t in inputs)


def attributes_of(node: ModelNode) -> tuple[Hashable, ...]:
    """The attributes of a node, in an order of their own."""
    return tuple(sorted((k, _frozen(v)) for k, v in node.attributes.items()))


def _frozen(value: Any) -> Hashable:
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
