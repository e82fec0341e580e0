"""Nodes that move a window along one axis, by every attribute that their operators have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from tests.helpers.onnx_files import Array, file_of, node, random_weight

WEIGHTED = ("Conv", "ConvTranspose")
POOLS = ("MaxPool", "AveragePool", "LpPool")
OPSET = 22
"""The opset at which every one of them has all of these attributes."""


@dataclass(frozen=True)
class Asked:
    """An operator and its attributes, on one axis."""

    op: str
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def weight(self) -> Array | None:
        """Its kernel, where it has one."""
        taps = self.attributes["kernel_shape"][0]
        return random_weight(1, 1, taps, seed=taps) if self.op in WEIGHTED else None

    def file(self, size: int | str) -> Any:
        """A file of this node alone over one channel of so many samples."""
        weight = self.weight
        inputs, constants = (["x"], {}) if weight is None else (["x", "w"], {"w": weight})
        made = node(self.op, inputs, ["y"], **self.attributes)
        return file_of([made], {"x": (1, 1, size)}, ["y"], constants, opset=OPSET)


def windows(ops: tuple[str, ...]) -> Iterator[Asked]:
    """Kernels, strides and dilations, each with pads in numbers and in words, and what is more."""
    for op, auto in product(ops, ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")):
        for k, s, d in product((1, 2, 3, 4), (1, 2, 3, 4), (1, 2)):
            for pads, more in product(_pads(auto), _more(op)):
                told = {"kernel_shape": [k], "strides": [s], "dilations": [d], "auto_pad": auto}
                yield Asked(op, {**told, **pads, **more})


def _pads(auto: str) -> list[dict[str, Any]]:
    if auto != "NOTSET":
        return [{}]
    return [{"pads": pads} for pads in ([0, 0], [1, 0], [0, 1], [1, 1], [2, 1], [1, 3])]


def _more(op: str) -> list[dict[str, Any]]:
    """What an operator may say beside."""
    if op == "ConvTranspose":
        return [{}, {"output_padding": [1]}, {"output_padding": [2]}]
    if op == "AveragePool":
        both = product((0, 1), (0, 1))
        return [{"ceil_mode": ceil, "count_include_pad": counts} for ceil, counts in both]
    return [{"ceil_mode": ceil} for ceil in (0, 1)] if op in POOLS else [{}]
