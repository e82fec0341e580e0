"""What a window of an ONNX file does along each axis, by ONNX's definition of its operator.

Pads in words become pads at the sizes that there are; what places samples becomes, for each output,
the sample that stands there.  Source: ONNX, operators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, prod
from typing import Any

from symconv.recheck.facts import CertificateError
from symconv.recheck.onnx_nodes import FileNode
from symconv.recheck.onnx_values import Shapes, Unread, Values
from symconv.recheck.window_forms import Axis, Form, Row, convolution, moved, order, padded, pooling

Ints = Sequence[int]
SPACE = 2
"""The first axis behind batch and channels."""

PADS = {"constant": "zeros", "edge": "replicate", "reflect": "reflect", "wrap": "circular"}


def form_of_node(node: FileNode, shapes: Shapes, values: Values) -> Form:
    """The form of a window.

    Raises:
        Unread: it depends on what is computed, or is not of an axis behind the channels alone.
        CertificateError: the file contradicts itself.
    """
    known = [n for n in (node.inputs[0], node.made) if n in shapes]
    if len(known) < 2 or len(shapes[known[0]]) <= SPACE:
        raise Unread(f"what {node.op} {node.made!r} does")
    return FORMS[node.op](node, shapes, values)


def _sides(node: FileNode, spans: Ints, strides: Ints, size: Ints) -> list[tuple[int, int]]:
    """Pads of each axis; the odd one of SAME_UPPER stands behind, that of SAME_LOWER in front."""
    rank, how = len(size), node.word("auto_pad", "NOTSET")
    if how == "NOTSET":
        pads = node.per_axis("pads", 2 * rank, 0)
        return [*zip(pads[:rank], pads[rank:], strict=True)]
    if how == "VALID":
        return [(0, 0)] * rank
    if how not in ("SAME_UPPER", "SAME_LOWER"):
        raise CertificateError(f"the file pads {node.made!r} by {how!r}")
    axes = zip(size, spans, strides, strict=True)
    totals = [max((-(-n // s) - 1) * s + span - n, 0) for n, span, s in axes]
    return [_halved(total, how == "SAME_UPPER") for total in totals]


def _halved(total: int, is_more_behind: bool) -> tuple[int, int]:
    less = total // 2
    return (less, total - less) if is_more_behind else (total - less, less)


def _window(node: FileNode, kernel: Ints, size: Ints) -> tuple[list[int], list[int], list[int]]:
    """Strides, dilations, and how many samples a window spans."""
    if len(kernel) != len(size):
        raise CertificateError(f"the file makes {node.made!r} with a kernel of {len(kernel)} axes")
    strides = node.per_axis("strides", len(size), 1)
    dilations = node.per_axis("dilations", len(size), 1)
    return strides, dilations, [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]


def _weight(node: FileNode, shapes: Shapes) -> Ints:
    weight = shapes.get(node.inputs[1])
    if weight is None:
        raise Unread(f"the weight of {node.made!r}")
    kernel = node.attributes.get("kernel_shape", weight[2:])
    if [*kernel] != [*weight[2:]]:
        raise CertificateError(
            f"the file makes {node.made!r} with the kernel {[*kernel]} and a weight of {[*weight]}"
        )
    return weight


def _conv(node: FileNode, shapes: Shapes, values: Values) -> Form:
    size, weight = shapes[node.inputs[0]][SPACE:], _weight(node, shapes)
    return _summed(node, size, weight, node.number("group", 1))


def _summed(node: FileNode, size: Ints, weight: Ints, groups: int) -> Form:
    strides, dilations, spans = _window(node, weight[2:], size)
    pads = _sides(node, spans, strides, size)
    axes = [*map(Axis, size, weight[2:], strides, dilations, pads)]
    return convolution("conv", weight, groups, axes, bias=node.has(2))


def _lp_pool(node: FileNode, shapes: Shapes, values: Values) -> Form:
    """Sums of powers, channel by channel."""
    if node.number("ceil_mode", 0):
        raise Unread(f"the ceil_mode of {node.made!r}")
    _, channels, *size = shapes[node.inputs[0]]
    weight = [channels, 1, *node.attributes["kernel_shape"]]
    return _summed(node, size, weight, channels)


def _conv_transpose(node: FileNode, shapes: Shapes, values: Values) -> Form:
    """A size that is asked for gives the pads; SAME asks for the input's times the stride."""
    size, weight = shapes[node.inputs[0]][SPACE:], _weight(node, shapes)
    rank, how = len(size), node.word("auto_pad", "NOTSET")
    strides, dilations, spans = _window(node, weight[2:], size)
    extra = node.per_axis("output_padding", rank, 0)
    asked = [*node.attributes.get("output_shape", ())][-rank:]
    if not asked and how in ("SAME_UPPER", "SAME_LOWER"):
        asked = [n * s for n, s in zip(size, strides, strict=True)]
    if asked:
        sides = zip(size, strides, spans, extra, asked, strict=True)
        totals = [s * (n - 1) + e + span - out for n, s, span, e, out in sides]
        pads = [_halved(total, how == "SAME_UPPER") for total in totals]
    else:
        pads = _sides(node, spans, strides, size)
    axes = [*map(Axis, size, weight[2:], strides, dilations, pads, extra)]
    groups = node.number("group", 1)
    return convolution("conv_transpose", weight, groups, axes, bias=node.has(2))


def _pool(node: FileNode, shapes: Shapes, values: Values) -> Form:
    size, kernel = shapes[node.inputs[0]][SPACE:], [*node.attributes["kernel_shape"]]
    strides, dilations, spans = _window(node, kernel, size)
    step = {
        "op": "max_pool" if node.op == "MaxPool" else "avg_pool",
        "kernel_size": kernel,
        "stride": strides,
        "dilation": dilations,
        "padding": [[*pair] for pair in _sides(node, spans, strides, size)],
        "ceil_mode": bool(node.number("ceil_mode", 0)),
        "count_include_pad": bool(node.number("count_include_pad", 0)),
        "divisor_override": None,
    }
    return pooling(step, size)


def _in_space(node: FileNode, rows: Sequence[Row], shape: Ints, fill: Any = 0) -> Form:
    """The form where batch and channels stay as they are."""
    if any(rows[axis] != tuple(range(shape[axis])) for axis in range(SPACE)):
        raise Unread(f"what {node.op} {node.made!r} does to batch and channels")
    return moved(rows[SPACE:], Fraction(fill))


def rows_of(node: FileNode, shapes: Shapes, values: Values) -> list[Row]:
    """For each output of every axis of a pad or a slice the sample that stands there, or None."""
    shape = shapes[node.inputs[0]]
    if node.op == "Pad":
        return _pad_rows(node, shape, values)
    rows: list[Row] = [tuple(range(n)) for n in shape]
    for axis, part in _slices(node, len(shape), values).items():
        rows[axis] = rows[axis][part]
    return rows


def _slices(node: FileNode, rank: int, values: Values) -> dict[int, slice]:
    starts = values.integers(node, 1, "starts") or []
    ends = values.integers(node, 2, "ends") or []
    axes = values.integers(node, 3, "axes") or [*range(len(starts))]
    steps = values.integers(node, 4, "steps") or [1] * len(starts)
    parts = zip(axes, starts, ends, steps, strict=True)
    return {axis % rank: slice(start, end, step) for axis, start, end, step in parts}


def _pad_rows(node: FileNode, shape: Ints, values: Values) -> list[Row]:
    rank = len(shape)
    listed = values.integers(node, 1, "pads") or []
    axes = [axis % rank for axis in values.integers(node, 3, "axes") or range(rank)]
    both = zip(listed[: len(axes)], listed[len(axes) :], strict=True)
    ends = {**dict.fromkeys(range(rank), (0, 0)), **dict(zip(axes, both, strict=True))}
    mode = PADS[node.word("mode", "constant")]
    return [*padded(shape, [ends[axis] for axis in range(rank)], mode)]


def _moving(node: FileNode, shapes: Shapes, values: Values) -> Form:
    rows = rows_of(node, shapes, values)
    return _in_space(node, rows, shapes[node.inputs[0]], _fill(node, values))


def _fill(node: FileNode, values: Values) -> float:
    """The number that a pad is made of."""
    if node.op != "Pad" or node.word("mode", "constant") != "constant":
        return 0.0
    if node.has(2):
        return float(values.of(node.inputs[2]).reshape(-1)[0])
    return float(node.attributes.get("value", 0.0))


def _blocks(node: FileNode, shapes: Shapes, values: Values) -> Form:
    shape, block = shapes[node.inputs[0]], node.number("blocksize", 1)
    inner = "c i j" if node.word("mode", "DCR") == "CRD" else "i j c"
    wide, deep = "c (h i) (w j)", f"({inner}) h w"
    sides = (deep, wide) if node.op == "DepthToSpace" else (wide, deep)
    step = {"op": "rearrange", "pattern": " -> ".join(sides), "i": block, "j": block}
    return {"operator": "blocks", "order": order(step, shape[1:])}


def _resize(node: FileNode, shapes: Shapes, values: Values) -> Form:
    shape, out = shapes[node.inputs[0]], shapes[node.made]
    mode, coordinates, nearest = _words(node)
    if mode not in ("nearest", "linear") or node.number("antialias", 0):
        raise Unread(f"the interpolation of {node.made!r}")
    scales = _scales(node, shape, out, values)
    rows = [_placed(n, m, by, coordinates) for n, m, by in zip(shape, out, scales, strict=True)]
    if mode == "nearest":
        taken = [
            tuple(_nearest(x, n, nearest) for x in row) for row, n in zip(rows, shape, strict=True)
        ]
        return _in_space(node, taken, shape)
    if any(scale != 1 for scale in scales[:SPACE]):
        raise Unread(f"what {node.op} {node.made!r} does to batch and channels")
    both = zip(rows[SPACE:], shape[SPACE:], strict=True)
    return {"operator": "linear", "weights": [[_between(x, n) for x in row] for row, n in both]}


def _words(node: FileNode) -> tuple[str, str, str]:
    """Mode, places of the samples, and rounding; older forms have the mode alone."""
    mode = node.word("mode", "nearest")
    if node.op == "Upsample" or node.opset < 11:
        return mode, "asymmetric", "floor"
    where = node.word("coordinate_transformation_mode", "half_pixel")
    return mode, where, node.word("nearest_mode", "round_prefer_floor")


def _scales(node: FileNode, shape: Ints, out: Ints, values: Values) -> list[Fraction]:
    """By how much each axis grows; sizes that are asked for have to be the output's."""
    if node.word("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise Unread(f"the aspect ratio of {node.made!r}")
    slot = 1 if node.op == "Upsample" or node.opset < 11 else 2
    axes = [axis % len(shape) for axis in node.attributes.get("axes") or range(len(shape))]
    found = [Fraction(1)] * len(shape)
    given = node.attributes.get("scales")
    if given is None and node.has(slot):
        given = values.of(node.inputs[slot]).reshape(-1)
    if given is not None and len(given):
        for axis, scale in zip(axes, given, strict=True):
            found[axis] = Fraction(float(scale))
        made = [floor(n * scale) for n, scale in zip(shape, found, strict=True)]
    else:
        made = [*shape]
        for axis, size in zip(axes, values.integers(node, 3, "sizes") or (), strict=True):
            made[axis], found[axis] = size, Fraction(size, shape[axis])
    if made != [*out]:
        raise CertificateError(f"the file makes {node.made!r} of shape {made}, not {[*out]}")
    return found


@lru_cache(maxsize=4096)
def _placed(size: int, out: int, scale: Fraction, coordinates: str) -> tuple[Fraction, ...]:
    """Where on the input each output stands."""
    half = Fraction(1, 2)
    match coordinates:
        case "asymmetric":
            return tuple(j / scale for j in range(out))
        case "align_corners":
            return tuple(Fraction(j * (size - 1), max(out - 1, 1)) for j in range(out))
        case "pytorch_half_pixel" if out == 1:
            return (Fraction(0),)
        case "half_pixel" | "pytorch_half_pixel":
            return tuple((j + half) / scale - half for j in range(out))
        case "half_pixel_symmetric":
            shift = Fraction(size, 2) * (1 - out / (size * scale))
            return tuple(shift + (j + half) / scale - half for j in range(out))
    raise Unread(f"coordinates by {coordinates}")


ROUNDINGS: Mapping[str, Callable[[Fraction], int]] = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda x: ceil(x - Fraction(1, 2)),
    "round_prefer_ceil": lambda x: floor(x + Fraction(1, 2)),
}


def _nearest(place: Fraction, size: int, rounding: str) -> int:
    return min(max(ROUNDINGS[rounding](place), 0), size - 1)


def _between(place: Fraction, size: int) -> dict[int, Fraction]:
    """The two samples around a place, and how much of each; the ends are repeated."""
    before = floor(place)
    found: dict[int, Fraction] = {}
    for at, share in ((before, 1 - (place - before)), (before + 1, place - before)):
        inside = min(max(at, 0), size - 1)
        found[inside] = found.get(inside, Fraction(0)) + share
    return {at: share for at, share in found.items() if share}


FORMS: Mapping[str, Callable[[FileNode, Shapes, Values], Form]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MaxPool": _pool,
    "AveragePool": _pool,
    "LpPool": _lp_pool,
    "Pad": _moving,
    "Slice": _moving,
    "DepthToSpace": _blocks,
    "SpaceToDepth": _blocks,
    "Resize": _resize,
    "Upsample": _resize,
}
"""Operators whose squares are compared with the file."""


def shape_of_form(node: FileNode, form: Form, shapes: Shapes) -> list[int]:
    """The shape of what a window makes, by its form."""
    batch, channels = shapes[node.inputs[0]][:SPACE]
    match form["operator"]:
        case "conv":
            return [batch, form["weight"][0], *form["outputs"]]
        case "conv_transpose":
            return [batch, form["weight"][1] * form["groups"], *form["outputs"]]
        case "max_pool" | "avg_pool":
            return [batch, channels, *form["outputs"]]
        case "samples":
            return [batch, channels, *map(len, form["samples"])]
        case "linear":
            return [batch, channels, *map(len, form["weights"])]
    return [batch, *(prod(size for _, _, size in group) for group in form["order"])]
