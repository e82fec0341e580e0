"""JAX: XLA's general convolution and window reductions at any rank and pads, and ``jax.vjp``."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np

from symconv.crosscheck.arrays import Array, namespace
from symconv.crosscheck.backends.base import Function, Geometry, Pads, SubtractsZeroPoints, backend
from symconv.crosscheck.formats import FORMATS, Arithmetic
from symconv.errors import InputError, MissingTool, Unsupported

_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@backend("jax")
class JaxBackend(SubtractsZeroPoints):
    """JAX on the processor."""

    name = "jax"
    dtypes: tuple[str, ...] = ("float64", "float32", "float16", "bfloat16", "int8")
    has_layers = True
    has_gradients = True

    def __init__(self, device: str = "cpu") -> None:
        try:
            import jax
        except ImportError as fault:
            raise MissingTool(
                "the jax backend needs JAX; install symconv[jax], or use --backend numpy"
            ) from fault
        if device != "cpu":
            raise InputError(f"the jax backend runs on device 'cpu', got {device!r}")
        self._jax, self._lax, self.device = jax, jax.lax, device
        self.xp = namespace("jax")

    @contextmanager
    def session(self, dtype: str) -> Iterator[None]:
        """On the processor, with double precision, and without reduced products."""
        with (
            self._jax.enable_x64(True),
            self._jax.default_matmul_precision("highest"),
            self._jax.default_device(self._jax.devices("cpu")[0]),
        ):
            yield

    def arithmetic(self, dtype: str) -> Arithmetic:
        kept, single = FORMATS[dtype], FORMATS["float32"]
        if dtype in ("float16", "bfloat16"):
            return Arithmetic(kept, single, single.unit, named=f"{dtype} added in float32 by XLA")
        if dtype == "tf32":
            raise Unsupported("TF32 is a format of NVIDIA's GPUs; use float32")
        return Arithmetic(kept, kept, kept.unit)

    def array(self, values: np.ndarray, dtype: str) -> Array:
        return self.xp.asarray(np.asarray(values), dtype=dtype)

    def numpy(self, array: Array) -> np.ndarray:
        found = np.asarray(array)
        return found.astype(np.int64 if found.dtype.kind in "iu" else np.float64)

    def full(self, like: Array, shape: Sequence[int], value: float) -> Array:
        return self.xp.full(tuple(shape), value, dtype=like.dtype)

    def pad(self, x: Array, pads: Pads, mode: str, value: float) -> Array:
        whole = [(0, 0), *pads]
        if mode == "circular":
            x = x[_crop(x.shape, whole)]
            return self.xp.pad(x, [(max(lo, 0), max(hi, 0)) for lo, hi in whole], mode="wrap")
        if mode == "zeros":
            filled = self.xp.asarray(value, dtype=x.dtype)
            return self._lax.pad(x, filled, [(lo, hi, 0) for lo, hi in whole])
        grow = [(max(lo, 0), max(hi, 0)) for lo, hi in whole]
        return self.xp.pad(x, grow, mode=_MODES[mode])[_crop(x.shape, whole)]

    def conv(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array | None:
        y = self._lax.conv_general_dilated(
            x[None],
            w,
            g.stride,
            g.pads,
            rhs_dilation=g.dilation,
            feature_group_count=g.groups,
            preferred_element_type=x.dtype,
        )[0]
        return _biased(y, bias)

    def conv_transpose(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array | None:
        inner, rank = len(x) // g.groups, g.rank
        by_group = w.reshape(g.groups, inner, *w.shape[1:])
        turned = self.xp.permute_dims(by_group, (0, 2, 1, *range(3, 3 + rank)))
        kernel = turned.reshape(w.shape[1] * g.groups, inner, *g.kernel)
        ends = zip(g.spans, g.pads, g.extra or (0,) * rank, strict=True)
        y = self._lax.conv_general_dilated(
            x[None],
            self.xp.flip(kernel, axis=tuple(range(2, 2 + rank))),
            (1,) * rank,
            [(span - 1 - lo, span - 1 - hi + extra) for span, (lo, hi), extra in ends],
            lhs_dilation=g.stride,
            rhs_dilation=g.dilation,
            feature_group_count=g.groups,
            preferred_element_type=x.dtype,
        )[0]
        return _biased(y, bias)

    def max_pool(self, x: Array, g: Geometry) -> Array | None:
        """XLA's window reduction; over dilated windows, which it cannot differentiate, by taps."""
        if g.ceil or any(end < 0 for pair in g.pads for end in pair):
            return None
        if not g.is_dilated:
            return self._reduced(x, -np.inf, self._lax.max, g)
        return None if g.is_padded else self._by_taps(x, g)

    def _by_taps(self, x: Array, g: Geometry) -> Array:
        found = None
        for tap in product(*map(range, g.kernel)):
            axes = zip(x.shape[1:], tap, g.spans, g.stride, g.dilation, strict=True)
            ends = [slice(d * k, n - span + d * k + 1, s) for n, k, span, s, d in axes]
            read = x[(slice(None), *ends)]
            found = read if found is None else self.xp.maximum(found, read)
        return found

    def avg_pool(self, x: Array, g: Geometry) -> Array | None:
        return None

    def _reduced(self, x: Array, start: float, combine: Any, g: Geometry) -> Array:
        return self._lax.reduce_window(
            x,
            self.xp.asarray(start, dtype=x.dtype),
            combine,
            (1, *g.kernel),
            (1, *g.stride),
            [(0, 0), *g.pads],
        )

    def gradients(
        self, function: Function, leaves: Sequence[Array], cotangent: Array
    ) -> list[Array]:
        _, pulled = self._jax.vjp(function, *leaves)
        return list(pulled(cotangent))

    def wait(self, array: Array) -> None:
        array.block_until_ready()

    def versions(self) -> dict[str, str]:
        return {"jax": str(self._jax.__version__), "python": platform.python_version()}


def _crop(shape: Sequence[int], pads: Pads) -> tuple[slice, ...]:
    """What negative pads leave of axes that the positive ones have grown, or will."""
    ends = zip(shape, pads, strict=True)
    return tuple(slice(max(-lo, 0), None if hi >= 0 else hi) for _, (lo, hi) in ends)


def _biased(y: Array, bias: Array | None) -> Array:
    """The sum with a bias, in float32 for narrower dtypes.

    XLA adds up a bias's gradient in the dtype of the sum, in bfloat16 too, where the thousandth
    addend of equal ones is lost.
    """
    if bias is None:
        return y
    narrow = y.dtype.name in ("float16", "bfloat16")
    wide = "float32" if narrow else y.dtype
    return (y.astype(wide) + bias.astype(wide).reshape(-1, *[1] * (y.ndim - 1))).astype(y.dtype)
