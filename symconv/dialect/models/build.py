"""A model put together node by node, from tools that keep channels last.

ONNX's operators want channels first.  An `Image` knows the shape that its tool gives it and on
which side its channels stand in the graph; a ``Transpose`` is made where an operator wants them on
the other, once for each tensor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from symconv.errors import InputError, Unsupported
from symconv.layer.padding import is_int
from symconv.network.model import Array, Dimension, Model, ModelNode, Port

MOST_MADE = 2**28
"""Values of made-up weights: twice those of VGG-16, the largest of Keras' own models."""

MOST_NUMBER = 2**63
"""The first integer that ONNX's lists of sizes cannot hold."""

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """A tensor: its name, its shape as its tool has it, and whether its channels stand first."""

    name: str
    shape: Shape | None
    first: bool = False

    def known(self, what: str) -> Shape:
        """Its shape.

        Raises:
            Unsupported: it is not known, as behind an operator without a rule.
        """
        if self.shape is None:
            raise Unsupported(f"{what} reads {self.name!r}, whose shape is not known")
        return self.shape

    @property
    def rank(self) -> int:
        """How many dimensions it has; 0 where that is not known."""
        return len(self.shape or ())


def strides_told(value: Any) -> dict[str, list[int]]:
    """An opaque operator's strides as the attribute by which a strided node is known, if any.

    >>> strides_told([2, 1]), strides_told(2), strides_told([1, 1]), strides_told("two")
    ({'strides': [2, 1]}, {'strides': [2]}, {}, {})
    """
    entries = list(value) if isinstance(value, list | tuple) else [value]
    if not entries or not all(map(is_int, entries)) or max(entries) <= 1:
        return {}
    return {"strides": [int(entry) for entry in entries]}


class Builder:
    """Nodes, constants and inputs so far; every name is given once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ports: list[Port] = []
        self.nodes: list[ModelNode] = []
        self.constants: dict[str, Array] = {}
        self._taken: set[str] = set()
        self._other_side: dict[str, str] = {}
        self._made = 0

    def fresh(self, stem: str) -> str:
        """A name that nothing has, the stem itself if it is free."""
        name, count = stem, 1
        while name in self._taken:
            name, count = f"{stem}_{count}", count + 1
        self._taken.add(name)
        return name

    def port(self, name: str, dtype: str, shape: Sequence[Dimension]) -> str:
        """An input of the model."""
        name = self.fresh(name)
        self.ports.append(Port(name, dtype, tuple(shape)))
        return name

    def constant(self, stem: str, value: Any) -> str:
        """A constant; one of equal content under the same stem is the same."""
        array = np.asarray(value)
        known = self.constants.get(stem)
        if known is not None and known.dtype == array.dtype and np.array_equal(known, array):
            return stem
        name = self.fresh(stem)
        self.constants[name] = array
        return name

    def integers(self, stem: str, values: Iterable[int]) -> str:
        """A constant list of integers: axes, pads, sizes."""
        found = list(values)
        if any(not -MOST_NUMBER <= n < MOST_NUMBER for n in found):
            raise InputError(f"{stem}: {found} is more than 64 bits hold")
        return self.constant(stem, np.array(found, dtype=np.int64))

    def weight(self, stem: str, shape: Sequence[int], positive: bool = False) -> str:
        """A weight that the file does not hold: values of its own, the same for the same name.

        Raises:
            InputError: all of them are too many, or it is one with another shape.
        """
        if (known := self.constants.get(stem)) is not None:
            if known.shape != tuple(shape):
                raise InputError(f"weight {stem!r} has the shapes {known.shape} and {shape}")
            return stem
        self._made += prod(shape)
        if self._made > MOST_MADE:
            raise InputError(f"the model has more than {MOST_MADE:,} weights")
        seed = int.from_bytes(hashlib.sha256(stem.encode()).digest()[:8])
        values = np.random.default_rng(seed).standard_normal(tuple(shape), dtype=np.float32)
        return self.constant(stem, np.abs(values) + np.float32(0.5) if positive else values)

    def node(
        self,
        op: str,
        inputs: Sequence[str],
        name: str,
        attributes: Mapping[str, Any] | None = None,
        domain: str = "",
    ) -> str:
        """An operator with one output, of which it returns the name."""
        return self.nodes_of(op, inputs, (name,), attributes, domain)[0]

    def nodes_of(
        self,
        op: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        attributes: Mapping[str, Any] | None = None,
        domain: str = "",
    ) -> tuple[str, ...]:
        """An operator with several outputs, of which it returns the names."""
        made = tuple(self.fresh(name) for name in outputs)
        self.nodes.append(
            ModelNode(made[0], op, tuple(inputs), made, dict(attributes or {}), domain=domain)
        )
        return made

    def first(self, image: Image) -> Image:
        """The tensor with its channels first."""
        return image if image.first or image.rank < 3 else self._turned(image, True)

    def last(self, image: Image) -> Image:
        """The tensor with its channels last."""
        return self._turned(image, False) if image.first else image

    def _turned(self, image: Image, first: bool) -> Image:
        if image.name not in self._other_side:
            axes = list(range(image.rank))
            order = [0, axes[-1], *axes[1:-1]] if first else [0, *axes[2:], 1]
            side = "channels_first" if first else "channels_last"
            name = self.node("Transpose", [image.name], f"{image.name}/{side}", {"perm": order})
            self._other_side[image.name], self._other_side[name] = name, image.name
        return replace(image, name=self._other_side[image.name], first=first)

    def alike(self, images: Sequence[Image]) -> list[Image]:
        """The tensors with their channels on one side: first, where one has them there."""
        if any(image.first for image in images):
            ranks = {image.rank for image in images}
            if len(ranks) == 1:
                return [self.first(image) for image in images]
        return [self.last(image) for image in images]

    def model(self, outputs: Sequence[str]) -> Model:
        """The model.

        Raises:
            InputError: it does not fit together.
        """
        return Model(
            self.name, tuple(self.ports), tuple(outputs), tuple(self.nodes), self.constants
        )


def axis_of(image: Image, axis: int) -> int:
    """Where an axis of the tool's shape stands in the graph.

    >>> axis_of(Image("x", (1, 8, 9, 3), first=True), -1), axis_of(Image("x", (1, 8, 9, 3)), -1)
    (1, 3)
    """
    axis %= max(image.rank, 1)
    if not image.first or axis == 0:
        return axis
    return 1 if axis == image.rank - 1 else axis + 1


def same_total(size: int, span: int, stride: int) -> int:
    """TensorFlow's pads together, so that there are ceil(size / stride) outputs."""
    return max((-(-size // stride) - 1) * stride + span - size, 0)


def windowed(size: int | None, span: int, stride: int, padding: str) -> int | None:
    """The outputs of a window along an axis, with ``same`` or ``valid`` padding."""
    if size is None:
        return None
    return -(-size // stride) if padding == "same" else (size - span) // stride + 1


def pad_attributes(
    sizes: Sequence[int | None],
    kernel: Sequence[int],
    strides: Sequence[int],
    padding: str,
    dilations: Sequence[int] | None = None,
) -> dict[str, Any]:
    """The padding of a window as ONNX writes it: ``auto_pad`` where it depends on the size.

    Where a window has holes or is smaller than its stride, runtimes take no ``auto_pad``; the pads
    are numbers then.

    Raises:
        Unsupported: they are needed, and the size is not known.

    >>> pad_attributes([None], [3], [1], "same"), pad_attributes([None], [3], [2], "same")
    ({'pads': [1, 1]}, {'auto_pad': 'SAME_UPPER'})
    """
    if padding == "valid":
        return {"pads": [0] * 2 * len(kernel)}
    holes = dilations or [1] * len(kernel)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, holes, strict=True)]
    reaches = all(span >= s for span, s in zip(spans, strides, strict=True))
    if any(s > 1 for s in strides) and reaches and all(d == 1 for d in holes):
        return {"auto_pad": "SAME_UPPER"}
    rows = zip(sizes, spans, strides, strict=True)
    totals = [span - 1 if s == 1 else _total(n, span, s) for n, span, s in rows]
    return {"pads": [*(t // 2 for t in totals), *(t - t // 2 for t in totals)]}


def _total(size: int | None, span: int, stride: int) -> int:
    if size is None:
        raise Unsupported(f"'same' padding of {span} samples, stride {stride}, needs the size")
    return same_total(size, span, stride)
