"""Small numbers that an ONNX file holds, or works out from the shapes of its tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from symconv.recheck.onnx_nodes import FileNode, OnnxFile

MOST_ENTRIES = 64
"""Entries of a constant that is looked at: pads, scales, axes of tensors of any rank."""

_FOLDED = (
    "Abs Add Cast Ceil Concat ConstantOfShape Div Dropout Equal Expand Floor Gather Identity Max "
    "Min Mod Mul Neg Not Range ReduceProd Reshape Round Shape Size Slice Squeeze Sub Transpose "
    "Unsqueeze Where"
)
FOLDED = frozenset(_FOLDED.split())
"""Operators by which sizes are reckoned; the onnx library's own reference works them out."""

FAULTS = (
    *(ArithmeticError, AttributeError, ImportError, LookupError),
    *(RuntimeError, TypeError, ValueError),
)
"""What the onnx library raises on a file that it does not understand."""

Shapes = Mapping[str, Sequence[int]]


class Unread(Exception):
    """Something that a file says is not worked out; the message is listed as not checked."""


class Values:
    """Numbers by their names, where tensors have these shapes."""

    def __init__(self, file: OnnxFile, shapes: Shapes) -> None:
        self.file, self.shapes = file, shapes
        self._found: dict[str, Any] = {}

    def of(self, name: str) -> Any:
        """The array of this name.

        Raises:
            Unread: it is computed from values, is large, or kept in another file.
        """
        if name not in self._found:
            self._found[name] = None  # a tensor that is made of itself has no value
            self._found[name] = self._held(name) if name in self.file.held else self._made(name)
        if (found := self._found[name]) is None:
            raise Unread(f"what {name!r} holds")
        return found

    def integers(self, node: FileNode, slot: int, attribute: str) -> list[int] | None:
        """Integers in a slot, or of older opsets in an attribute; None where neither is given."""
        if attribute in node.attributes:
            value = node.attributes[attribute]
            return [int(n) for n in (value if isinstance(value, list | tuple) else [value])]
        return [int(n) for n in self.of(node.inputs[slot]).reshape(-1)] if node.has(slot) else None

    def _held(self, name: str) -> Any:
        import onnx

        tensor = self.file.held[name]
        dense = isinstance(tensor, onnx.TensorProto)
        if not dense or prod(tensor.dims) > MOST_ENTRIES or tensor.data_location:
            return None
        try:
            return onnx.numpy_helper.to_array(tensor)
        except FAULTS:  # a malformed tensor has no numbers
            return None

    def _made(self, name: str) -> Any:
        node = self.file.makers.get(name)
        if node is None or node.op not in FOLDED or not node.is_own:
            return None
        try:
            return self._run(node, name)
        except Unread:
            return None

    def _run(self, node: FileNode, name: str) -> Any:
        """What a node makes of numbers, or of a tensor's shape."""
        import numpy as np
        from onnx.reference import ReferenceEvaluator

        if node.op in ("Shape", "Size"):
            return self._measured(node)
        feeds = {one: np.asarray(self.of(one)) for one in filter(None, node.inputs)}
        try:
            (found,) = ReferenceEvaluator(_alone(node, name)).run(None, feeds)
        except FAULTS:  # what the reference does not run has no known value
            return None
        return found if found.size <= MOST_ENTRIES else None

    def _measured(self, node: FileNode) -> Any:
        import numpy as np

        name = node.inputs[0]
        tensor = self.file.held.get(name)
        shape = self.shapes.get(name, None if tensor is None else tensor.dims)
        if shape is None:
            return None
        if node.op == "Size":
            return np.asarray(prod(shape), np.int64)
        ends = slice(node.attributes.get("start"), node.attributes.get("end"))
        return np.asarray([*shape][ends], np.int64)


def _alone(node: FileNode, name: str) -> Any:
    """A model of one node that makes what has this name."""
    from onnx import TensorProto, helper

    read = dict.fromkeys(filter(None, node.inputs))
    kind = TensorProto.UNDEFINED
    ports = [helper.make_tensor_value_info(one, kind, None) for one in read]
    outs = [helper.make_tensor_value_info(name, kind, None)]
    graph = helper.make_graph([node.proto], "node", ports, outs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", node.opset)])
