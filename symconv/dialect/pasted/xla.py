"""Windows of XLA as layers, from whichever text they were read.

Source: XLA, "Operation Semantics", ConvWithGeneralPadding, ReduceWindow; ``xla/window_util.cc``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symconv.dialect.config import Size
from symconv.dialect.pasted.base import Pasted, Text, beside
from symconv.errors import LayerError, Unsupported

REDUCERS = ("maximum", "add")
_LOWEST = {
    "f16": "0XFC00",
    "bf16": "0XFF80",
    "f32": "0XFF800000",
    "f64": "0XFFF0000000000000",
}
"""How StableHLO writes -inf: its bits."""

Literal = tuple[str, str]
"""A constant as it is written, and its element type."""


MOST_COPIES = 20
"""Broadcasts between a constant and its use: XLA writes one or two."""

_DIGITS = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Axis:
    """A window on one axis, in XLA's words."""

    size: int
    stride: int = 1
    lo: int = 0
    hi: int = 0
    lhs_dilate: int = 1
    rhs_dilate: int = 1
    reversal: bool = False

    @property
    def is_trivial(self) -> bool:
        """Whether it is one sample, and leaves the axis as it is."""
        return (self.size, self.stride, self.lo, self.hi, self.lhs_dilate) == (1, 1, 0, 0, 1)


@dataclass(frozen=True, slots=True)
class Windowed:
    """An operation with a window: what it sums, on what sizes and channels, if they are stated."""

    name: str
    axes: tuple[Axis, ...]
    reducer: str | None = None
    """One of `REDUCERS`; none of a convolution."""
    groups: int = 1
    channels: tuple[int | None, int | None] = (None, None)
    size: Size | None = None
    output: Size | None = None
    notes: tuple[str, ...] = ()


def as_layer(found: Windowed, noun: str) -> Pasted:
    """Write a window as a layer.

    Raises:
        LayerError: its result has another size than the text states.
        Unsupported: symconv has no such layer.

    >>> as_layer(Windowed("w", (Axis(3, 2, 1, 1),), "add"), "a window").items[0]["divisor_override"]
    1
    """
    layer = _pool(found) if found.reducer else _convolution(found)
    stated = zip(("in_channels", "out_channels"), found.channels, strict=True)
    given = {name: count for name, count in stated if count is not None}
    layer, _, unstated = beside(layer, given)
    notes = (*found.notes, *unstated)
    result = Pasted(noun, found.name, (layer,), len(found.axes), found.size, notes)
    _check_output(result, found)
    return result


def _check_output(result: Pasted, found: Windowed) -> None:
    numeric = found.size is not None and all(isinstance(n, int) for n in found.size)
    if not numeric or found.output is None or None in found.output:
        return
    entry: Any = result.at()
    if entry.output_size != found.output:
        raise LayerError(
            f"its text says that it has {list(found.output)} outputs, and its window gives "
            f"{list(entry.output_size)}"
        )


def _convolution(found: Windowed) -> Text:
    axes = found.axes
    if any(axis.lhs_dilate > 1 for axis in axes):
        return {**_transposed(axes), "groups": found.groups, "bias": False}
    return {**_plain("conv", axes), "groups": found.groups, "bias": False}


def _plain(op: str, axes: Sequence[Axis]) -> Text:
    return {
        "op": op,
        "kernel_size": [axis.size for axis in axes],
        "stride": [axis.stride for axis in axes],
        "padding": [[axis.lo, axis.hi] for axis in axes],
        "dilation": [axis.rhs_dilate for axis in axes],
    }


def _transposed(axes: Sequence[Axis]) -> Text:
    """A window on a signal with holes: the transposed convolution of the mirrored kernel."""
    if any(axis.stride > 1 for axis in axes):
        raise Unsupported("lhs_dilate and stride above 1 together are not read as a layer")
    spans = [axis.rhs_dilate * (axis.size - 1) for axis in axes]
    pads = [[span - a.lo, span - a.hi] for span, a in zip(spans, axes, strict=True)]
    layer = _plain("conv_transpose", axes)
    return {**layer, "stride": [axis.lhs_dilate for axis in axes], "padding": pads}


def _pool(found: Windowed) -> Text:
    if any(axis.lhs_dilate > 1 for axis in found.axes):
        raise Unsupported("a reduction over a signal with holes (base dilation) is not read")
    if found.reducer == "maximum":
        return {**_plain("max_pool", found.axes), "legality": "onnx"}
    layer = _plain("avg_pool", found.axes)
    return {**layer, "legality": "onnx", "divisor_override": 1}


def integer(text: str) -> int:
    """Read an integer.

    Raises:
        LayerError: it is none, or has too many digits.
    """
    if not _DIGITS.fullmatch(text.strip()):
        raise LayerError(f"expected an integer, got {text!r}")
    return int(text)


def convolution(
    name: str,
    axes: tuple[Axis, ...],
    groups: int,
    labels: Sequence[Sequence[str]],
    shapes: Sequence[tuple[Any, ...] | None],
) -> Windowed:
    """A convolution by its dimension numbers: what each dimension of its three tensors is.

    Raises:
        LayerError: a tensor has another number of dimensions.
    """
    dims = [_dimensions(*pair) for pair in zip(labels, shapes, strict=True)]
    image, kernel, result = dims
    spatial = [str(axis) for axis in range(len(axes))]
    channels = (image.get("f"), kernel.get("o") or result.get("f"))
    size, output = (_spatial(tensor, spatial) for tensor in (image, result))
    held = _spatial(kernel, spatial)
    if held is not None and held != tuple(axis.size for axis in axes):
        raise LayerError(
            f"its window and its kernel differ: {[a.size for a in axes]}, {list(held)}"
        )
    notes = ("its kernel mirrored",) if is_mirrored(axes) else ()
    return Windowed(name, axes, None, groups, channels, size, output, notes)


def is_mirrored(axes: Sequence[Axis]) -> bool:
    """Whether the layer's kernel is the text's, mirrored on some axis: another name for it."""
    transposed = any(axis.lhs_dilate > 1 for axis in axes)
    return any(axis.reversal != transposed and axis.size > 1 for axis in axes)


def _dimensions(labels: Sequence[str], shape: tuple[Any, ...] | None) -> dict[str, Any]:
    if shape is None:
        return {}
    if len(shape) != len(labels):
        raise LayerError(f"a tensor of {len(labels)} dimensions has the shape {list(shape)}")
    return dict(zip(labels, shape, strict=True))


def _spatial(tensor: Mapping[str, Any], spatial: Sequence[str]) -> Size | None:
    if tensor and not set(spatial) <= set(tensor):
        raise LayerError(f"dimension numbers {list(tensor)} are not of {len(spatial)} axes")
    return tuple(tensor[axis] for axis in spatial) if tensor else None


def is_identity(reducer: str, literal: Literal) -> bool:
    """Whether a constant leaves the values of a reduction as they are.

    >>> is_identity("maximum", ("0xFF800000", "f32")), is_identity("add", ("-0.0", "f32"))
    (True, True)
    """
    text, element = literal
    if reducer == "add":
        return bool(re.fullmatch(r"-?0(?:\.0*)?(?:[eE][+-]?[0-9]+)?", text))
    bits = re.fullmatch(r"(?:s|i|si)([0-9]{1,3})", element)
    if bits:
        return text == str(-(2 ** (int(bits[1]) - 1)))
    return text == "-inf" or text.upper() == _LOWEST.get(element)


def reduction(
    name: str,
    axes: tuple[Axis, ...],
    reducer: str,
    initial: Literal | None,
    shapes: Sequence[tuple[Any, ...] | None],
) -> Windowed:
    """A reduction by its windows over all dimensions; those of one sample are batch and channels.

    Raises:
        LayerError: a tensor has another number of dimensions.
        Unsupported: the initial value is not the reduction's identity.
    """
    if reducer not in REDUCERS:
        raise Unsupported(f"a reduction by {reducer!r} is not read, only {' and '.join(REDUCERS)}")
    if initial is not None and not is_identity(reducer, initial):
        raise Unsupported(f"its initial value {initial[0]} is not the identity of {reducer}")
    spatial = [place for place, axis in enumerate(axes) if not axis.is_trivial]
    others = [place for place, axis in enumerate(axes) if axis.is_trivial]
    if not spatial:
        raise LayerError("its windows hold one sample, and it is no layer")
    labels = [str(place) for place in range(len(axes))]
    image, result = (_dimensions(labels, shape) for shape in shapes)
    channels = image.get(str(others[1])) if len(others) == 2 else None
    places = [str(place) for place in spatial]
    size, output = (_spatial(tensor, places) for tensor in (image, result))
    notes = ("its initial value taken as the identity",) if initial is None else ()
    windows = tuple(axes[place] for place in spatial)
    return Windowed(name, windows, reducer, 1, (channels, None), size, output, notes)
