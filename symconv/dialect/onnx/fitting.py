"""Nodes that do not fit, which the library's shape inference lets pass and no runtime runs.

Data flow: a node whose shapes are inferred -> the rules of its operator -> what is wrong, where a
shape that is known breaks one.  Source: the ONNX operator specifications.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod

from symconv.network.bound import Shape
from symconv.network.disputed import POOLS
from symconv.network.model import Array, ModelNode

Shapes = Mapping[str, Shape]
Values = Mapping[str, Array]
Faults = Iterator[str]

PADDINGS = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
MODES = ("constant", "reflect", "edge", "wrap")


def misfit(node: ModelNode, shapes: Shapes, values: Values) -> str | None:
    """Return what is wrong with a node, as far as what is known of its tensors tells."""
    rule = RULES.get(node.op)
    return None if rule is None or node.domain else next(rule(node, shapes, values), None)


def _shape(node: ModelNode, place: int, shapes: Shapes) -> Shape | None:
    return shapes.get(node.inputs[place]) if len(node.inputs) > place else None


def _window(node: ModelNode, shapes: Shapes, values: Values) -> Faults:
    """What holds for convolutions and poolings alike."""
    auto = node.attributes.get("auto_pad", "NOTSET")
    if auto not in PADDINGS:
        yield f"its auto_pad is {auto!r}; it may be {', '.join(PADDINGS)}"
    x = _shape(node, 0, shapes)
    for key in ("strides", "dilations", "kernel_shape"):
        given = node.attributes.get(key) or ()
        if any(not isinstance(n, int) or n < 1 for n in given):
            yield f"its {key} are {list(given)}; each must be a positive integer"
        if x is not None and given and len(given) != len(x) - 2:
            yield f"its {key} are {list(given)}, and its input has {len(x) - 2} spatial axes"
    kernel = node.attributes.get("kernel_shape") or (_shape(node, 1, shapes) or ())[2:]
    if x is not None and node.op != "ConvTranspose" and auto in ("NOTSET", "VALID"):
        yield from _places(node, x[2:], kernel, padded=auto == "NOTSET")


def _places(node: ModelNode, size: Shape, kernel: Shape, *, padded: bool) -> Faults:
    """A window has to have a place in the padded input.

    Of a pooling it is enough that less than a stride is missing: runtimes divide that to 0 in C++,
    and find one place, which its readers here leave alone.
    """
    rank = len(size)
    pads = node.attributes.get("pads") or () if padded else ()
    if pads and len(pads) != 2 * rank:
        yield f"its pads are {list(pads)}; there are two for each of {rank} axes"
    pads = tuple(pads) or (0,) * 2 * rank
    dilations = tuple(node.attributes.get("dilations") or ()) or (1,) * rank
    strides = tuple(node.attributes.get("strides") or ()) or (1,) * rank
    axes = zip(size, kernel, strides, dilations, pads[:rank], pads[rank:], strict=True)
    for n, k, s, d, lo, hi in axes:
        span = d * (k - 1) + 1
        if span > n + lo + hi + (s - 1 if node.op in POOLS else 0):
            yield f"a window of {span} has no place in {n} with pads of {lo} and {hi}"


def _conv(node: ModelNode, shapes: Shapes, values: Values) -> Faults:
    """A convolution ``x (N, C, *S)``, ``w (M, C/groups, *K)``, or ``w (C, M/groups, *K)``."""
    yield from _window(node, shapes, values)
    groups, x, w = node.attributes.get("group", 1), *(_shape(node, n, shapes) for n in (0, 1))
    if groups < 1:
        yield f"its group is {groups}; it must be positive"
    if x is None or w is None:
        return
    if len(w) != len(x) or min(w) < 1:
        yield f"its kernel is {list(w)}, its input {list(x)}"
    kernel = tuple(node.attributes.get("kernel_shape") or w[2:])
    if kernel != w[2:]:
        yield f"its kernel_shape is {list(kernel)}, its kernel {list(w)}"
    turned = node.op == "ConvTranspose"
    wanted, out = (w[0], w[1] * groups) if turned else (w[1] * groups, w[0])
    if x[1] != wanted or (w[0] % groups):
        yield f"its input has {x[1]} channels, its kernel is {list(w)} in {groups} groups"
    bias = _shape(node, 2, shapes) if len(node.inputs) > 2 and node.inputs[2] else None
    if bias not in (None, (out,)):
        yield f"its bias is {list(bias or ())}, and it has {out} output channels"


def _transpose(node: ModelNode, shapes: Shapes, values: Values) -> Faults:
    x, order = _shape(node, 0, shapes), node.attributes.get("perm") or ()
    if x is not None and order and sorted(order) != list(range(len(x))):
        yield f"its perm is {list(order)}, and its input has {len(x)} axes"


def _pad(node: ModelNode, shapes: Shapes, values: Values) -> Faults:
    mode = node.attributes.get("mode", "constant")
    if mode not in MODES:
        yield f"its mode is {mode!r}; it may be {', '.join(MODES)}"


def _reshape(node: ModelNode, shapes: Shapes, values: Values) -> Faults:
    x, y = _shape(node, 0, shapes), shapes.get(node.outputs[0])
    if x is not None and y is not None and prod(x) != prod(y):
        yield f"its input is {list(x)}, its output would be {list(y)}"


def _gather(node: ModelNode, shapes: Shapes, values: Values) -> Faults:
    x, indices = _shape(node, 0, shapes), values.get(node.inputs[1])
    if x is None or indices is None or not indices.size:
        return
    size = x[node.attributes.get("axis", 0)]
    if indices.min() < -size or indices.max() >= size:
        yield f"it asks for {int(indices.max())} or {int(indices.min())} of an axis of {size}"


def _norm(node: ModelNode, shapes: Shapes, values: Values) -> Faults:
    x = _shape(node, 0, shapes)
    for place in range(1, len(node.inputs)):
        given = _shape(node, place, shapes)
        if x is not None and len(x) > 1 and given not in (None, (x[1],)):
            yield f"{node.inputs[place]!r} is {list(given or ())}, and it has {x[1]} channels"


RULES: dict[str, Callable[[ModelNode, Shapes, Values], Faults]] = {
    "Conv": _conv,
    "ConvTranspose": _conv,
    "MaxPool": _window,
    "AveragePool": _window,
    "LpPool": _window,
    "Transpose": _transpose,
    "Pad": _pad,
    "Reshape": _reshape,
    "Gather": _gather,
    "BatchNormalization": _norm,
}
