"""Nodes that do the same at every position: functions of one value, or of values that stand there.

Operands are broadcast as NumPy does: an axis on which an operand has the outputs' size is linked;
one of size 1 is the same for every phase.
"""

from __future__ import annotations

from collections.abc import Iterator

from symconv.network.rules.base import (
    Link,
    NoRule,
    Rule,
    RuleOf,
    Shape,
    Site,
    agree,
    is_number,
    linked,
)

_UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Cast CastLike Ceil Celu Clip Cos Cosh Elu Erf "
    "Exp Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not "
    "Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh "
    "ThresholdedRelu"
)
UNARY = _UNARY.split()
"""Functions of one value; further inputs (Clip's bounds) are numbers for all positions."""

_NARY = (
    "Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less "
    "LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor"
)
NARY = _NARY.split()
"""Functions of the values that stand at a position."""

_PARTIAL = "Acos Acosh Asin Atanh Div Log Mod Pow Reciprocal Sqrt Tan"
PARTIAL = frozenset(_PARTIAL.split())
"""Functions that some numbers have no value of: what they make of a tail need not be a number."""


def pointwise(site: Site) -> Rule:
    """Read a function of the values at a position."""
    slots = [n for n in range(len(site.node.inputs)) if site.has(n)]
    out, conditions = _broadcast([site.shape(slot) for slot in slots])
    links = tuple(link for slot in slots for link in _links(slot, site.shape(slot), out))
    partial = site.node.op in PARTIAL and not _harmless(site)
    return Rule("pointwise", (out,), links, conditions=conditions, partial=partial)


def _harmless(site: Site) -> bool:
    """Whether the numbers that a partial function is given leave it no place without a value."""
    second = site.value(1)
    if second is None:
        return False
    if site.node.op == "Div":
        return bool((second != 0).all())
    return site.node.op == "Pow" and bool(((second >= 0) & (second % 1 == 0)).all())


def _broadcast(shapes: list[Shape]) -> tuple[Shape, tuple[str, ...]]:
    """The shape that operands make together, and what must hold of named sizes."""
    rank, conditions = max(map(len, shapes)), []
    out = []
    for axis in range(-rank, 0):
        sizes = [s[axis] for s in shapes if len(s) >= -axis]
        wide = [size for size in sizes if not is_number(size, 1)]
        out.append(wide[0] if wide else 1)
        conditions += [text for size in wide[1:] for text in agree(wide[0], size)]
    return tuple(out), tuple(dict.fromkeys(conditions))


def _links(slot: int, shape: Shape, out: Shape) -> Iterator[Link]:
    before = len(out) - len(shape)
    for axis, size in enumerate(shape):
        if not is_number(size, 1):
            yield Link(slot, axis, before + axis)


def batch_norm(site: Site) -> Rule:
    """Read a batch normalisation by given statistics: a scale and a shift for each channel.

    They differ from channel to channel, so that the axis 1 is not linked.

    Raises:
        NoRule: it takes its statistics from the batch, or has some for every place in space.
    """
    if not site.number("spatial", 1):
        raise NoRule("it has a scale for every place in space")
    if site.number("training_mode", 0):
        raise NoRule("it takes its statistics from the batch, in training mode")
    shape = site.shape()
    kept = [axis for axis in range(len(shape)) if axis != 1]
    return Rule("pointwise", site.outputs_alike(shape), linked(0, kept))


def dropout(site: Site) -> Rule:
    """Read a dropout, which does nothing outside training."""
    return _first_alone(site)


def quantised(site: Site) -> Rule:
    """Read a (de)quantisation by one scale, or one for each place of an axis."""
    shape = site.shape()
    axes = list(range(len(shape)))
    if len(site.shape(1)) > 1:
        raise NoRule("it has scales for blocks of values")
    if len(site.shape(1)) == 1:
        axes.remove(site.axis("axis", 1, len(shape)))
    return Rule("pointwise", site.outputs_alike(shape), linked(0, axes))


def _first_alone(site: Site) -> Rule:
    shape = site.shape()
    return Rule("pointwise", site.outputs_alike(shape), linked(0, range(len(shape))))


RULES: dict[str, RuleOf] = {
    **dict.fromkeys((*UNARY, *NARY), pointwise),
    "BatchNormalization": batch_norm,
    "Dropout": dropout,
    "QuantizeLinear": quantised,
    "DequantizeLinear": quantised,
}
