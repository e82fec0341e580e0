"""Operators that are the same function on phases: which of their axes have to be linked, and how.

A node of a model's certificate states its *links*: ``[slot, axis, out, up, stride]`` says that an
axis of an input is an axis of the outputs, position by position.  That an operator has such links
is what it means; what is looked at here is that no phases go where there is no link, that linked
axes are of one size, and that every operand with positions on an axis has the same phases there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from symconv.recheck.facts import CertificateError

Text = Mapping[str, Any]
Ints = Sequence[int]

_POINTWISE = (
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Cast CastLike Ceil Celu Clip Cos Cosh Elu Erf "
    "Exp Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not "
    "Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh "
    "ThresholdedRelu Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater "
    "GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor"
)
POINTWISE = frozenset(_POINTWISE.split())
"""The value at a position is a function of the operands' values at it."""

_FIRST = (
    "BatchNormalization Dropout QuantizeLinear DequantizeLinear Softmax LogSoftmax Hardmax ArgMax "
    "ArgMin LpNormalization CumSum LRN LayerNormalization Split Gather Tile Transpose Unsqueeze "
    "Squeeze Reshape Flatten Expand Resize Upsample Pad Slice"
)
FIRST = frozenset(_FIRST.split())
"""Along linked axes it acts on the first operand position by position."""

_REDUCTIONS = (
    "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum "
    "ReduceLogSumExp ReduceSumSquare GlobalAveragePool GlobalMaxPool GlobalLpPool"
)
REDUCTIONS = frozenset(_REDUCTIONS.split())
"""An axis without an output reads every position, in any order."""

NORMALISING = frozenset(
    ["InstanceNormalization", "GroupNormalization", "MeanVarianceNormalization"]
)
"""Statistics over every position, in any order, and then position by position."""

MOVING = frozenset(
    ["Transpose", "Unsqueeze", "Squeeze", "Reshape", "Flatten", "Gather", "ArgMax", "ArgMin"]
)
"""Operators whose output has an axis elsewhere than the input has it."""

BY_CHANNEL = frozenset(["BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN"])
"""Operators whose axis 1 is one of channels, which are not treated alike."""

JOINING = frozenset(["Concat"])
PRODUCT, AFFINE = "MatMul", "Gemm"

_PARTIAL = "Acos Acosh Asin Atanh Div Log LpNormalization Mod Pow Reciprocal ReduceLogSum Sqrt Tan"
PARTIAL = frozenset(_PARTIAL.split())
"""Functions without a value at some numbers."""

SCALED = frozenset(["LayerNormalization", "RMSNormalization"])
"""Operators whose further operands stand over the last axes, as NumPy broadcasts."""

SPACE = 2
"""The first axis behind batch and channels."""


def check_links(node: Text, shapes: Sequence[Ints], out: Ints, made: Ints) -> None:
    """Refuse a node whose operator is not the same function on the phases that it is stated with.

    Raises:
        CertificateError: it is not.
    """
    op, reads = node["op"], node["reads"]
    if op not in POINTWISE | FIRST | REDUCTIONS | NORMALISING | JOINING | {PRODUCT, AFFINE}:
        _refuse(node, f"{op} is not known to carry phases")
    for link in node["links"]:
        _check_link(node, link, shapes, out, made)
    _check_order(node)
    _check_scales(node, shapes, made)
    linked = {(slot, axis) for slot, axis, *_ in node["links"]}
    for slot, factors in enumerate(reads):
        if other := [a for a, f in enumerate(factors) if f > 1 and (slot, a) not in linked]:
            _refuse(node, f"no link carries the phases of axis {other[0]} of input {slot}")
    reached = {(slot, target) for slot, _, target, *_ in node["links"]}
    for target in (axis for axis, factor in enumerate(made) if factor > 1):
        _check_reached(node, target, shapes, out, reached)


def _check_scales(node: Text, shapes: Sequence[Ints], made: Ints) -> None:
    """Refuse a scale or shift that varies along an axis with phases, which it does not have."""
    if node["op"] not in SCALED:
        return
    for slot, shape in enumerate(shapes[1:], start=1):
        for place, size in enumerate(reversed(shape), start=1):
            if size != 1 and place <= len(made) and made[-place] > 1:
                _refuse(node, f"its input {slot} varies along an axis of phases, and has none")


def _check_link(node: Text, link: Any, shapes: Sequence[Ints], out: Ints, made: Ints) -> None:
    """Refuse a link between axes of different sizes or factors."""
    slot, axis, target, up, stride = link
    if target is None:
        if node["op"] not in REDUCTIONS:
            _refuse(node, f"{node['op']} does not read all phases of an axis into one value")
        return
    if axis == 1 and node["op"] in BY_CHANNEL:
        _refuse(node, f"{node['op']} does another thing on each channel")
    if (up, stride) != (1, 1) or shapes[slot][axis] != out[target]:
        _refuse(node, f"its axis {axis} of input {slot} is not the output's axis {target}")
    stays = node["op"] not in MOVING | REDUCTIONS | {AFFINE}  # its matrices may be transposed
    if stays and axis - len(shapes[slot]) != target - len(out):
        _refuse(node, f"its axis {axis} of input {slot} does not become the axis {target}")
    if (read := node["reads"][slot][axis]) != made[target]:
        _refuse(node, f"it reads {read} phases of axis {axis}, and makes {made[target]}")


def _check_order(node: Text) -> None:
    """Refuse axes that change places, unless they are transposed."""
    ends = [(slot, axis, target) for slot, axis, target, *_ in node["links"] if target is not None]
    for slot in {slot for slot, *_ in ends}:
        targets = [target for other, _, target in sorted(ends) if other == slot]
        if len(set(targets)) != len(targets):
            _refuse(node, f"two axes of input {slot} become one")
        if node["op"] != "Transpose" and targets != sorted(targets):
            _refuse(node, f"the axes of input {slot} change places")


def _check_reached(
    node: Text, target: int, shapes: Sequence[Ints], out: Ints, reached: set[tuple[int, int]]
) -> None:
    """Refuse phases of the output that an operand with positions there does not have."""
    for slot in _operands(node, target, shapes, out):
        if (slot, target) not in reached:
            _refuse(node, f"it makes phases of axis {target}, which input {slot} does not have")
    if not any(axis == target for _, axis in reached):
        _refuse(node, f"it makes phases of axis {target}, which no input has")


def _operands(node: Text, target: int, shapes: Sequence[Ints], out: Ints) -> Iterator[int]:
    """The inputs whose values differ from position to position on an axis of the output."""
    op = node["op"]
    if op in JOINING:
        yield from range(len(shapes))
    elif op in POINTWISE or op == PRODUCT:
        for slot, shape in enumerate(shapes):
            axis = target - len(out) + len(shape)
            apart = op == PRODUCT and (slot, axis) in ((0, len(shape) - 1), (1, len(shape) - 2))
            if axis >= 0 and shape[axis] != 1 and not apart:
                yield slot
    elif op == AFFINE:  # rows of the first matrix, columns of the second, and what is added
        yield target
        added = shapes[2] if len(shapes) > 2 else ()
        place = target - len(out) + len(added)
        if place >= 0 and added[place] != 1:
            yield 2
    else:
        yield 0


def counts_tails(node: Text, tails: Sequence[int]) -> bool:
    """Whether a node takes statistics over an axis with a tail."""
    if node["op"] in REDUCTIONS:
        return any(axis in tails for slot, axis, target, *_ in node["links"] if target is None)
    if node["op"] in ("InstanceNormalization", "GroupNormalization"):
        return any(axis >= SPACE for axis in tails)
    return node["op"] in NORMALISING and bool(tails)


def _refuse(node: Text, why: str) -> None:
    raise CertificateError(f"node {node['name']!r}: {why}")
