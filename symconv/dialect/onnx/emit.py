"""Nodes written into a graph, in the form of its opset.

Names of new tensors begin with the name of the tensor that they help to make, so that a reader of
the file sees where they belong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symconv.dialect.onnx.load import onnx_library
from symconv.errors import Unsupported
from symconv.network.model import Array

if TYPE_CHECKING:
    import onnx

TO_END = 2**31 - 1
"""An end of a slice that every reader takes as the end of the axis."""


def end_without(left_out: int) -> int:
    """Return the end of a slice that leaves out so many samples."""
    return TO_END if left_out <= 0 else -left_out


class Emitter:
    """Collects the nodes and constants that stand for one node."""

    def __init__(self, opset: int, base: str, taken: set[str]) -> None:
        self.opset, self.base, self._taken = opset, base, taken
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._onnx = onnx_library()

    def name(self, what: str) -> str:
        """A name that nothing in the file has."""
        name, count = f"{self.base}/{what}", 1
        while name in self._taken:
            count += 1
            name = f"{self.base}/{what}_{count}"
        self._taken.add(name)
        return name

    def constant(self, what: str, value: Any, dtype: Any = np.int64) -> str:
        """A constant of the graph."""
        name = self.name(what)
        array = np.asarray(value, dtype)
        self.constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def node(
        self, op: str, inputs: Sequence[str], output: str | None = None, **attributes: Any
    ) -> str:
        """A node of one output; its name is the output's."""
        output = output or self.name(op.lower())
        made = self._onnx.helper.make_node(op, inputs, [output], name=output, **attributes)
        self.nodes.append(made)
        return output

    def like(self, proto: Any, inputs: Sequence[str], output: str, **changed: Any) -> str:
        """A node that differs from one of the file in these attributes; None leaves one out."""
        made = type(proto)()
        made.CopyFrom(proto)
        del made.input[:], made.output[:]
        made.input.extend(inputs)
        made.output.append(output)
        made.name = output
        kept = [a for a in made.attribute if a.name not in changed]
        del made.attribute[:]
        made.attribute.extend(kept)
        helper = self._onnx.helper
        made.attribute.extend(
            helper.make_attribute(k, v) for k, v in changed.items() if v is not None
        )
        self.nodes.append(made)
        return output

    def pad(self, x: str, pads: Sequence[tuple[int, int]], fill: Array | None = None) -> str:
        """``x`` with pads, a pair per axis; ``x`` itself where there are none."""
        if not any(map(any, pads)):
            return x
        flat = [lo for lo, _ in pads] + [hi for _, hi in pads]
        if self.opset < 11:
            value = 0.0 if fill is None else float(fill)
            return self.node("Pad", [x], mode="constant", pads=flat, value=value)
        inputs = [x, self.constant("pads", flat)]
        if fill is not None:
            inputs.append(self.constant("fill", fill, fill.dtype))
        return self.node("Pad", inputs)

    def padded(self, x: str, pads: Sequence[tuple[int, int]], fill: Array | None = None) -> str:
        """``x`` with pads of its axes in space; what is negative is cut off."""
        grown = [(max(lo, 0), max(hi, 0)) for lo, hi in pads]
        x = self.pad(x, [(0, 0), (0, 0), *grown], fill)
        for axis, (lo, hi) in enumerate(pads):
            if lo < 0 or hi < 0:
                x = self.slice(x, axis + 2, max(-lo, 0), end_without(max(-hi, 0)))
        return x

    def slice(
        self, x: str, axis: int, first: int, end: int, step: int = 1, output: str | None = None
    ) -> str:
        """``x[first:end:step]`` on one axis.

        Raises:
            Unsupported: a step before opset 10.
        """
        if self.opset < 10:
            if step != 1:
                raise Unsupported(f"opset {self.opset} has no Slice with steps; upgrade to 10")
            return self.node("Slice", [x], output, axes=[axis], starts=[first], ends=[end])
        index = [("starts", first), ("ends", end), ("axes", axis), ("steps", step)]
        return self.node("Slice", [x, *(self.constant(k, [v]) for k, v in index)], output)

    def reshape(self, x: str, shape: Sequence[int], output: str | None = None) -> str:
        """``x`` in another shape; 0 keeps a dimension, -1 is what is left."""
        return self.node("Reshape", [x, self.constant("shape", shape)], output)

    def transpose(self, x: str, order: Sequence[int], output: str | None = None) -> str:
        """``x`` with its axes in another order."""
        return self.node("Transpose", [x], output, perm=list(order))

    def concat(self, parts: Sequence[str], axis: int, output: str | None = None) -> str:
        """Parts one after another; the part itself where there is one."""
        if len(parts) == 1 and output is None:
            return parts[0]
        return self.node("Concat", parts, output, axis=axis)

    def take(self, x: str, axis: int, order: Sequence[int]) -> str:
        """Entries of an axis in another order."""
        return self.node("Gather", [x, self.constant("order", order)], axis=axis)

    def fold(self, known: Mapping[str, onnx.TensorProto]) -> None:
        """Write out what follows from constants alone, in place of the nodes that make it."""
        from onnx.reference import ReferenceEvaluator

        helper = self._onnx.numpy_helper
        values = {t.name: t for t in self.constants}
        kept: list[onnx.NodeProto] = []
        for node in self.nodes:
            inputs = [values.get(n) or known.get(n) for n in node.input]
            if any(t is None for t in inputs):
                kept.append(node)
                continue
            arrays = {t.name: helper.to_array(t) for t in inputs if t is not None}
            graph = self._onnx.helper.make_graph(
                [node],
                "one",
                [self._onnx.helper.make_empty_tensor_value_info(n) for n in arrays],
                [self._onnx.helper.make_empty_tensor_value_info(node.output[0])],
            )
            opsets = [self._onnx.helper.make_opsetid("", self.opset)]
            one = self._onnx.helper.make_model(graph, opset_imports=opsets)
            (found,) = ReferenceEvaluator(one).run(None, arrays)
            values[node.output[0]] = helper.from_array(np.ascontiguousarray(found), node.output[0])
        read = {name for node in kept for name in node.input}
        self.nodes, self.constants = kept, [t for name, t in values.items() if name in read]

    def identity(self, x: str, output: str) -> str:
        """``x`` under another name."""
        return self.node("Identity", [x], output)
