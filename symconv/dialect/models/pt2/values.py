"""Functions of values, norms, sums and matrices of ATen as operators of ONNX.

Source: PyTorch, ``native_functions.yaml`` and ``torch.nn.functional``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from symconv.dialect.models.pt2.calls import Aten, Graph, Ref
from symconv.errors import Unsupported

Rule = Callable[[Graph, Aten], str | None]
"""What makes a call's first output; None where it has no form in ONNX's operators."""


def unary(op: str, g: Graph, call: Aten, **attributes: Any) -> str:
    """A function of each value that is one operator."""
    key = "self" if "self" in call.given else "input"
    return g.node(op, [g.read(call.tensor(key))], call.made, **attributes)


def leaky_relu(g: Graph, call: Aten) -> str:
    """``leaky_relu``."""
    return unary("LeakyRelu", g, call, alpha=call.number("negative_slope", 0.01))


def elu(g: Graph, call: Aten) -> str:
    """``elu`` of scale 1."""
    if call.number("scale", 1.0) != 1 or call.number("input_scale", 1.0) != 1:
        raise Unsupported("elu with a scale")
    return unary("Elu", g, call, alpha=call.number("alpha", 1.0))


def softplus(g: Graph, call: Aten) -> str | None:
    """``softplus`` of beta 1; above its threshold it is the value itself, to rounding."""
    if call.number("beta", 1.0) != 1 or call.number("threshold", 20.0) < 20:
        return None
    return unary("Softplus", g, call)


def silu(g: Graph, call: Aten) -> str:
    """``x * sigmoid(x)``."""
    x = g.read(call.tensor("self"))
    return g.node("Mul", [x, g.node("Sigmoid", [x], f"{call.made}/gate")], call.made)


def gelu(g: Graph, call: Aten) -> str | None:
    """``x * (1 + erf(x / sqrt(2))) / 2``; not its approximation."""
    if call.given.get("approximate", "none") != "none":
        return None
    name = call.tensor("self")
    x, root, one, half = g.read(name), *(g.scalar(v, name) for v in (2**0.5, 1.0, 0.5))
    erf = g.node("Erf", [g.node("Div", [x, root], f"{call.made}/scaled")], f"{call.made}/erf")
    rest = g.node("Mul", [x, g.node("Add", [erf, one], f"{call.made}/sum")], f"{call.made}/product")
    return g.node("Mul", [rest, half], call.made)


def clip(low: str, high: str, g: Graph, call: Aten) -> str:
    """``clamp`` and ``hardtanh``: between numbers, either of which may be missing."""
    name = call.tensor("self")
    default = {"min_val": -1.0, "max_val": 1.0}
    ends = [call.given.get(key, default.get(key)) for key in (low, high)]
    if any(isinstance(end, Ref) for end in ends):
        raise Unsupported("bounds that are computed")
    given = [
        "" if e is None else g.scalar(call.number(k, default.get(k)), name)
        for k, e in zip((low, high), ends, strict=True)
    ]
    return g.node("Clip", [g.read(name), *given], call.made)


def relu6(g: Graph, call: Aten) -> str:
    """``relu6``."""
    name = call.tensor("self")
    return g.node("Clip", [g.read(name), g.scalar(0, name), g.scalar(6, name)], call.made)


def prelu(g: Graph, call: Aten) -> str:
    """``prelu``: one slope, or one in each channel."""
    x, slope = call.tensor("self"), call.tensor("weight")
    rank, count = len(g.shape(x)), g.length(slope)
    if rank < 2:
        raise Unsupported(f"slopes of a tensor of {rank} dimensions")
    shape = g.b.integers(f"{call.made}/shape", [count, *[1] * (rank - 2)])
    slopes = g.node("Reshape", [g.read(slope), shape], f"{call.made}/slopes")
    return g.node("PRelu", [g.read(x), slopes], call.made)


def binary(op: str, g: Graph, call: Aten) -> str | None:
    """Two tensors, or a tensor and a number, value by value; of one element type."""
    first = call.tensor("self")
    other, kind = call.given.get("other"), g.dtype(first).kind
    rounds = call.given.get("rounding_mode") is not None
    if rounds or kind not in "fi" or (kind == "i" and (op == "Div" or isinstance(other, float))):
        return None
    name = first
    if isinstance(other, Ref):
        if g.dtype(first) != g.dtype(other.name):
            return None
        right = g.read(other.name)
        name = other.name
    else:
        right = g.scalar(call.number("other"), first)
    if (alpha := call.number("alpha", 1.0)) != 1:
        right = g.node("Mul", [right, g.scalar(alpha, name)], f"{call.made}/alpha")
    return g.node(op, [g.read(first), right], call.made)


def batch_norm(g: Graph, call: Aten) -> str:
    """Batch norms as they are applied: with their running statistics."""
    if call.switch("training"):
        raise Unsupported("a batch norm in training reads the whole batch")
    names = ("weight", "bias", "running_mean", "running_var")
    if any(call.given.get(key) is None for key in names[2:]):
        raise Unsupported("a batch norm without running statistics")
    count = g.length(call.tensor("running_mean"))
    inputs = [g.read(call.tensor("input"))]
    for key, default in zip(names, (1.0, 0.0, 0.0, 1.0), strict=True):
        if call.given.get(key) is None:
            full = np.full(count, default, g.dtype(call.tensor("running_mean")))
            inputs.append(g.b.constant(f"{call.made}/{key}", full))
        else:
            inputs.append(g.read(call.tensor(key)))
    epsilon = call.number("eps", 1e-5)
    return g.node("BatchNormalization", inputs, call.made, epsilon=epsilon)


def layer_norm(g: Graph, call: Aten) -> str | None:
    """Layer norms over the last axes."""
    shape = call.integers("normalized_shape")
    if call.given.get("weight") is None:
        return None
    inputs = [g.read(call.tensor("input")), g.read(call.tensor("weight"))]
    if call.given.get("bias") is not None:
        inputs.append(g.read(call.tensor("bias")))
    epsilon = call.number("eps", 1e-5)
    return g.node("LayerNormalization", inputs, call.made, axis=-len(shape), epsilon=epsilon)


def instance_norm(g: Graph, call: Aten) -> str | None:
    """Instance norms with weights, of the instance's own statistics."""
    has = all(call.given.get(key) is not None for key in ("weight", "bias"))
    if not has or not call.switch("use_input_stats"):
        return None
    inputs = [g.read(call.tensor(key)) for key in ("input", "weight", "bias")]
    return g.node("InstanceNormalization", inputs, call.made, epsilon=call.number("eps", 1e-5))


def reduce(op: str, g: Graph, call: Aten) -> str | None:
    """Means, sums and maxima over axes, or over all of them."""
    if call.given.get("dtype") is not None:
        return None
    name, kept = call.tensor("self"), int(call.switch("keepdim"))
    inputs, dims = [g.read(name)], call.given.get("dim")
    if dims not in (None, []):
        inputs.append(g.b.integers(f"{call.made}/axes", call.integers("dim")))
    return g.node(op, inputs, call.made, keepdims=kept)


def softmax(g: Graph, call: Aten) -> str | None:
    """``softmax`` along an axis."""
    if call.given.get("dtype") is not None or call.switch("half_to_float"):
        return None
    return unary("Softmax", g, call, axis=call.integer("dim"))


def linear(g: Graph, call: Aten) -> str:
    """``x W^T + b``."""
    name, inputs = call.tensor("input"), [g.read(call.tensor(k)) for k in ("input", "weight")]
    has_bias = call.given.get("bias") is not None
    if len(g.shape(name)) == 2:
        more = [g.read(call.tensor("bias"))] if has_bias else []
        return g.node("Gemm", [*inputs, *more], call.made, transB=1)
    turned = g.node("Transpose", [inputs[1]], f"{call.made}/weight", perm=[1, 0])
    stem = f"{call.made}/matmul" if has_bias else call.made
    found = g.node("MatMul", [inputs[0], turned], stem)
    if not has_bias:
        return found
    return g.node("Add", [found, g.read(call.tensor("bias"))], call.made)


def addmm(g: Graph, call: Aten) -> str:
    """``beta * self + alpha * mat1 mat2``."""
    inputs = [g.read(call.tensor(key)) for key in ("mat1", "mat2", "self")]
    alpha, beta = (call.number(key, 1.0) for key in ("alpha", "beta"))
    return g.node("Gemm", inputs, call.made, alpha=alpha, beta=beta)


def matmul(g: Graph, call: Aten) -> str:
    """``matmul``, ``mm``, ``bmm``."""
    other = "other" if "other" in call.given else "mat2"
    inputs = [g.read(call.tensor(key)) for key in ("self", other)]
    return g.node("MatMul", inputs, call.made)


UNARY = {
    "abs": "Abs",
    "ceil": "Ceil",
    "cos": "Cos",
    "erf": "Erf",
    "exp": "Exp",
    "floor": "Floor",
    "hardswish": "HardSwish",
    "log": "Log",
    "mish": "Mish",
    "neg": "Neg",
    "reciprocal": "Reciprocal",
    "relu": "Relu",
    "selu": "Selu",
    "sigmoid": "Sigmoid",
    "sin": "Sin",
    "sqrt": "Sqrt",
    "tanh": "Tanh",
}

RULES: dict[str, Rule] = {
    **{name: partial(unary, op) for name, op in UNARY.items()},
    "hardsigmoid": partial(unary, "HardSigmoid", alpha=1 / 6, beta=0.5),
    "leaky_relu": leaky_relu,
    "elu": elu,
    "softplus": softplus,
    "silu": silu,
    "gelu": gelu,
    "relu6": relu6,
    "prelu": prelu,
    "hardtanh": partial(clip, "min_val", "max_val"),
    "clamp": partial(clip, "min", "max"),
    "add": partial(binary, "Add"),
    "sub": partial(binary, "Sub"),
    "mul": partial(binary, "Mul"),
    "div": partial(binary, "Div"),
    "maximum": partial(binary, "Max"),
    "minimum": partial(binary, "Min"),
    "batch_norm": batch_norm,
    "_native_batch_norm_legit_no_training": batch_norm,
    "layer_norm": layer_norm,
    "native_layer_norm": layer_norm,
    "instance_norm": instance_norm,
    "mean": partial(reduce, "ReduceMean"),
    "sum": partial(reduce, "ReduceSum"),
    "amax": partial(reduce, "ReduceMax"),
    "amin": partial(reduce, "ReduceMin"),
    "softmax": softmax,
    "_softmax": softmax,
    "linear": linear,
    "addmm": addmm,
    "matmul": matmul,
    "mm": matmul,
    "bmm": matmul,
}
"""The rule of each operator; those of windows and shapes stand in their own files."""

REAL = set(RULES) - {"add", "sub", "mul", "maximum", "minimum", "matmul", "mm", "bmm"}
"""Operators whose rules are for real numbers alone."""
