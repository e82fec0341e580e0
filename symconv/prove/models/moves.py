"""Operators that move data: the same on terms as on numbers, done by NumPy on the terms.

Each takes the terms of its first input, the numbers of the others, and the node's attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from symconv.errors import Unsupported
from symconv.prove.models.terms import ZERO, Ids

Values = Sequence[npt.NDArray[Any] | None]
"""The known numbers of a node's other inputs; None for one that is left out."""

Move = Callable[[Ids, Values, Mapping[str, Any]], Ids]


def _ints(value: npt.NDArray[Any] | None) -> list[int] | None:
    return None if value is None else [int(v) for v in np.asarray(value).ravel()]


def _given(value: npt.NDArray[Any] | None) -> list[int]:
    found = _ints(value)
    if found is None:
        raise Unsupported("an input that says how data moves is left out")
    return found


def _reshape(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    wanted = _given(values[0])
    if not attributes.get("allowzero", 0):
        wanted = [x.shape[n] if d == 0 else d for n, d in enumerate(wanted)]
    flat: Ids = x.reshape(wanted)
    return flat


def _flatten(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    axis = attributes.get("axis", 1)
    axis += x.ndim * (axis < 0)
    rows = int(np.prod(x.shape[:axis], dtype=np.int64))
    flat: Ids = x.reshape((rows, x.size // max(rows, 1)))
    return flat


def _transpose(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    return x.transpose(attributes.get("perm") or None)


def _squeeze(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    axes = _ints(values[0]) if values else None
    return x.squeeze(None if axes is None else tuple(axes))


def _unsqueeze(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    return np.expand_dims(x, tuple(_given(values[0])))


def _slice(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    starts, ends = _given(values[0]), _given(values[1])
    axes = _ints(values[2]) if len(values) > 2 else None
    steps = _ints(values[3]) if len(values) > 3 else None
    index: list[Any] = [slice(None)] * x.ndim
    for place, (first, end) in enumerate(zip(starts, ends, strict=True)):
        axis = place if axes is None else axes[place]
        index[axis] = _python_slice(first, end, 1 if steps is None else steps[place], x.shape[axis])
    found: Ids = x[tuple(index)]
    return found


def _python_slice(first: int, end: int, step: int, size: int) -> slice:
    """ONNX clamps both ends to the axis; with a negative step an end before it is -1."""
    first += size * (first < 0)
    end += size * (end < 0)
    if step > 0:
        return slice(min(max(first, 0), size), min(max(end, 0), size), step)
    first, end = min(max(first, 0), size - 1), min(max(end, -1), size - 1)
    return slice(first, None if end < 0 else end, step)


def _expand(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    shape = np.broadcast_shapes(x.shape, tuple(_given(values[0])))
    return np.asarray(np.broadcast_to(x, shape))


def _tile(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    return np.tile(x, _given(values[0]))


def _gather(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    indices = values[0]
    if indices is None:
        raise Unsupported("a Gather without indices")
    return np.take(x, indices.astype(np.int64), axis=attributes.get("axis", 0))


def _space_to_depth(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    b = attributes["blocksize"]
    n, c, h, w = x.shape
    by_phase = attributes.get("mode", "DCR") == "DCR"
    order = (0, 3, 5, 1, 2, 4) if by_phase else (0, 1, 3, 5, 2, 4)
    cut = x.reshape(n, c, h // b, b, w // b, b).transpose(order)
    return cut.reshape(n, c * b * b, h // b, w // b)


def _depth_to_space(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    b = attributes["blocksize"]
    n, c, h, w = x.shape
    if attributes.get("mode", "DCR") == "DCR":
        cut = x.reshape(n, b, b, c // (b * b), h, w).transpose(0, 3, 4, 1, 5, 2)
    else:
        cut = x.reshape(n, c // (b * b), b, b, h, w).transpose(0, 1, 4, 2, 5, 3)
    return cut.reshape(n, c // (b * b), h * b, w * b)


def padded(x: Ids, pads: Sequence[tuple[int, int]], mode: str, fill: int) -> Ids:
    """Terms with pads on every axis; a negative one crops, after what grows has grown."""
    grown = [(max(lo, 0), max(hi, 0)) for lo, hi in pads]
    if mode == "constant":
        x = np.pad(x, grown, constant_values=fill)
    else:
        x = np.pad(x, grown, mode={"reflect": "reflect", "edge": "edge", "wrap": "wrap"}[mode])  # type: ignore[call-overload]
    cut = tuple(
        slice(max(-lo, 0), size - max(-hi, 0)) for (lo, hi), size in zip(pads, x.shape, strict=True)
    )
    return x[cut]


def pads_of(x: Ids, values: Values) -> list[tuple[int, int]]:
    """The pads of a Pad node, a pair per axis."""
    flat = _given(values[0])
    axes = _ints(values[2]) if len(values) > 2 else None
    half = len(flat) // 2
    pairs = list(zip(flat[:half], flat[half:], strict=True))
    found = [(0, 0)] * x.ndim
    for axis, pair in zip(range(x.ndim) if axes is None else axes, pairs, strict=True):
        found[axis] = pair
    return found


def _identity(x: Ids, values: Values, attributes: Mapping[str, Any]) -> Ids:
    return x


MOVES: dict[str, Move] = {
    "Identity": _identity,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Slice": _slice,
    "Expand": _expand,
    "Tile": _tile,
    "Gather": _gather,
    "SpaceToDepth": _space_to_depth,
    "DepthToSpace": _depth_to_space,
}
"""Operators of one tensor, whose other inputs are numbers."""


def zero_inserted(x: Ids, holes: Sequence[int]) -> Ids:
    """Terms with ``u - 1`` zeros between neighbours on each of the last axes."""
    lead = x.ndim - len(holes)
    shape = [(n - 1) * u + 1 for n, u in zip(x.shape[lead:], holes, strict=True)]
    out = np.full((*x.shape[:lead], *shape), ZERO, np.int64)
    index: tuple[Any, ...] = (slice(None),) * lead
    out[(*index, *(slice(None, None, u) for u in holes))] = x
    return out
