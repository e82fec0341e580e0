"""Operators of older opsets in the form of opset 18: what were attributes become inputs.

An operator whose meaning changed from one opset to another keeps the opset that it is of, as the
attribute ``since``, so that it equals no other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symconv.errors import Unsupported
from symconv.network.model import Array, ModelNode

_KINDS = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")

REDUCTIONS = tuple(f"Reduce{kind}" for kind in _KINDS)

BECAME_INPUTS: dict[str, tuple[str, ...]] = {
    "Slice": ("starts", "ends", "axes"),
    "Pad": ("pads", "value"),
    "Squeeze": ("axes",),
    "Unsqueeze": ("axes",),
    "Split": ("split",),
    "Clip": ("min", "max"),
    "TopK": ("k",),
    **dict.fromkeys(REDUCTIONS, ("axes",)),
}
"""Attributes of older opsets that are inputs now, in the order of the inputs."""

_NAMES = """
    Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Concat ConstantOfShape Conv
    ConvTranspose Cos DepthToSpace Div Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements
    Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual
    GroupNormalization HardSigmoid HardSwish Identity InstanceNormalization LRN LayerNormalization
    LeakyRelu Less LessOrEqual Log LpPool MatMul Max MaxPool Mean Min Mish Mul Neg Not Or PRelu Pow
    Reciprocal Relu Reshape Resize Selu Shape Sigmoid Sin Size Softplus Softsign SpaceToDepth Sqrt
    Sub Sum Tanh Tile Transpose Where Xor
"""

STEADY = frozenset({*BECAME_INPUTS, *_NAMES.split()})
"""Operators whose meaning is the same in every opset that is read, once in this form."""

RESIZED = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
"""How Upsample, and Resize of opset 10, place their samples."""

Constants = dict[str, Array]


def modern(node: ModelNode, opset: int, since: int, taken: set[str]) -> tuple[ModelNode, Constants]:
    """Return a node in the form of opset 18, and the constants that this form reads.

    Args:
        node: the operator as its file has it, defaults of its attributes filled in.
        opset: the opset of the file.
        since: the opset since which the operator has had its meaning.
        taken: the names of the file, to which those of new constants are added.
    """
    if node.op == "Dropout":
        return _without_dropout(node), {}
    if node.op == "Upsample" or (node.op == "Resize" and opset < 11):
        return _as_resize(node, taken)
    if node.op == "Split" and since < 18 and "split" not in node.attributes:
        node = _in_equal_parts(node)
    if node.op in BECAME_INPUTS:
        return _with_inputs(node, taken)
    if node.op in STEADY:
        return node, {}
    return replace(node, attributes={**node.attributes, "since": since}), {}


def _fresh(name: str, taken: set[str]) -> str:
    """A name that nothing in the file has."""
    while name in taken:
        name += "'"
    taken.add(name)
    return name


def _without_dropout(node: ModelNode) -> ModelNode:
    """At inference a dropout leaves every value as it is; its mask is left out."""
    if len(node.inputs) > 2 and node.inputs[2]:
        raise Unsupported(
            f"node {node.name!r}: a Dropout whose training_mode is an input is not deterministic"
        )
    return replace(
        node, op="Identity", inputs=node.inputs[:1], outputs=node.outputs[:1], attributes={}
    )


def _as_resize(node: ModelNode, taken: set[str]) -> tuple[ModelNode, Constants]:
    attributes = {**node.attributes}
    constants: Constants = {}
    scales = attributes.pop("scales", None)
    name = node.inputs[1] if scales is None else _fresh(f"{node.outputs[0]}:scales", taken)
    if scales is not None:
        constants[name] = np.asarray(scales, np.float32)
    mode = {"mode": attributes.get("mode", "nearest")}
    resized = replace(
        node, op="Resize", inputs=(node.inputs[0], "", name), attributes={**mode, **RESIZED}
    )
    return resized, constants


def _in_equal_parts(node: ModelNode) -> ModelNode:
    """A Split without sizes says since opset 18 into how many parts."""
    if len(node.inputs) > 1 and node.inputs[1]:
        return node
    return replace(node, attributes={**node.attributes, "num_outputs": len(node.outputs)})


def _with_inputs(node: ModelNode, taken: set[str]) -> tuple[ModelNode, Constants]:
    attributes: Mapping[str, Any] = node.attributes
    given = {key: attributes[key] for key in BECAME_INPUTS[node.op] if key in attributes}
    if node.op == "Split" and not given and len(node.inputs) < 2:
        parts = {"num_outputs": len(node.outputs), **attributes}
        return replace(node, attributes=parts), {}
    if not given:
        return node, {}
    constants: Constants = {}
    inputs = [node.inputs[0]]
    for key in BECAME_INPUTS[node.op]:
        name = _fresh(f"{node.outputs[0]}:{key}", taken) if key in given else ""
        if name:
            dtype = np.float32 if key in ("min", "max", "value") else np.int64
            value = np.asarray(given[key], dtype)
            constants[name] = value.reshape(1) if key == "k" else value
        inputs.append(name)
    while not inputs[-1]:
        inputs.pop()
    rest = {key: value for key, value in attributes.items() if key not in given}
    return replace(node, inputs=tuple(inputs), attributes=rest), constants
