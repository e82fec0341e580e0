"""Convolutions of int8 minus zero points, added up in int32: a layer against itself on phases.

``y = sum (x - zx)(w - zw) + b``, as ONNX's ConvInteger and its kin.  A pad, a tail of a phase and a
structural zero of the expanded weight stand for 0: they hold the zero point, not 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from symconv.crosscheck.arrays import Array
from symconv.crosscheck.backends import Backend, Geometry
from symconv.crosscheck.backends.base import Pads
from symconv.crosscheck.formats import FORMATS
from symconv.crosscheck.observation import EXACT, Observation, compared
from symconv.crosscheck.question import INPUT, Question, Side, Values, question_of_layer
from symconv.crosscheck.runner import Runner
from symconv.errors import Unsupported
from symconv.expand import Expansion

INT8, INT32 = np.iinfo(np.int8), np.iinfo(np.int32)
LARGEST_FACTOR = INT8.max - INT8.min
"""Of a number of int8 minus a zero point of int8."""


class IntegerRunner(Runner):
    """Operators on int8 with zero points; ``point`` is the input's, and 0 behind the products."""

    def __init__(self, backend: Backend, points: tuple[int, int]) -> None:
        super().__init__(backend, "int32", FORMATS["float64"], exact=True)
        self.point, self.weight_point = points

    def constants(self, values: Sequence[Fraction], shape: Sequence[int]) -> Array:
        """Whole numbers.

        Raises:
            Unsupported: one is a fraction.
        """
        if broken := [value for value in values if value.denominator > 1]:
            raise Unsupported(f"int8 holds no {broken[0]}; use a floating dtype")
        return super().constants(values, shape)

    def zero(self) -> int:
        """What stands for 0 in the data."""
        return self.point

    def pad(self, x: Array, pads: Pads, mode: str = "zeros", value: float = 0.0) -> Array:
        """Pads filled with what stands for their value."""
        return super().pad(x, pads, mode, int(value) + self.zero())

    def conv(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array:
        """A convolution of what is left when the zero points are subtracted."""
        points = self.point, self.weight_point
        y = self.backend.conv_integer(x, w, points, g)
        if y is None:
            self.padded_apart = True
            bare = replace(g, pads=((0, 0),) * g.rank)
            y = self.backend.conv_integer(self.pad(x, g.pads), w, points, bare)
        return self._behind(y, bias, g)

    def conv_transpose(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array:
        """A transposed convolution likewise; what its pads crop is cropped apart."""
        self.padded_apart = True
        bare = replace(g, pads=((0, 0),) * g.rank, extra=())
        y = self.backend.conv_transpose(x - self.point, w - self.weight_point, None, bare)
        self.point = 0
        ends = zip(g.pads, g.extra or (0,) * g.rank, strict=True)
        whole = None if y is None else self.pad(y, [(-lo, more - hi) for (lo, hi), more in ends])
        return self._behind(whole, bias, g)

    def _behind(self, y: Array | None, bias: Array | None, g: Geometry) -> Array:
        self.point = 0
        if y is None:
            raise Unsupported(f"the {self.backend.name} backend has no such operator for int8")
        return y if bias is None else y + self.xp.reshape(bias, (-1, *[1] * g.rank))


def observe_int8(e: Expansion, backend: Backend, seed: int, note: str = "") -> Observation:
    """Compare a convolution of int8 with itself on phases, bit for bit.

    Raises:
        Unsupported: a pooling; a framework without integer convolutions; or sums beyond int32.
    """
    _refuse(e, backend)
    question = question_of_layer(e)
    rng = np.random.default_rng(seed)
    zeros = int(rng.integers(INT8.min, INT8.max + 1)), int(rng.integers(INT8.min, INT8.max + 1))
    values = {name: _bytes(rng, shape) for name, shape in question.free.items()}
    values[INPUT] = _bytes(rng, question.input_shape)
    runs = [IntegerRunner(backend, zeros) for _ in range(2)]
    with backend.session("int8"):
        left = _output(question.left, runs[0], values)
        right = _output(question.right, runs[1], values)
    return _seen(question, runs[0], (left, right), seed, note)


def _bytes(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.integers(INT8.min, INT8.max + 1, shape)


def _output(side: Side, r: IntegerRunner, values: Values) -> np.ndarray:
    """One side's output; slots of the expanded weight without a parameter hold its zero point."""
    shift = r.weight_point
    free = {n: v - shift if n == "w" else v for n, v in values.items() if n != INPUT}
    own = side.leaves(free)
    tensors = {n: r.array(v + shift if n.startswith("w") else v) for n, v in own.items()}
    return np.asarray(r.backend.numpy(side.run(r, r.array(values[INPUT]), tensors)))


def _seen(
    question: Question,
    run: IntegerRunner,
    outputs: tuple[np.ndarray, np.ndarray],
    seed: int,
    note: str,
) -> Observation:
    one = compared("forward", *outputs, FORMATS["float64"])
    name, op = run.backend.name, question.left.steps[0].op
    return Observation(
        one.equal,
        one.agrees,
        one.largest_difference,
        f"{name}, padded in a step of its own" if run.padded_apart else f"{name}'s own {op}",
        name,
        run.backend.device,
        run.backend.versions(),
        "int8",
        question.input_shape,
        tuple(outputs[0].shape),
        EXACT,
        f"int8 minus zero points, added in int32 by {run.backend.integers_by}",
        seed,
        (one,),
        note=note,
    )


def _refuse(e: Expansion, backend: Backend) -> None:
    """Refuse what has no products of int8, and sums that int32 does not hold.

    Raises:
        Unsupported: the layer is such a one.
    """
    layer = e.original
    if not layer.has_weight:
        raise Unsupported(f"int8 is compared for convolutions, got a {layer.op}; use float32")
    if layer.is_transposed and backend.name != "numpy":
        raise Unsupported(
            f"the {backend.name} backend has no transposed convolution of integers; use numpy"
        )
    products = prod(e.weight_shape[:1] if layer.is_transposed else e.weight_shape[1:2])
    products = products // (e.groups if layer.is_transposed else 1) * prod(e.weight_shape[2:])
    if products * LARGEST_FACTOR**2 + INT8.max > INT32.max:
        raise Unsupported(
            f"{products} products of int8 may leave int32; choose a layer of fewer channels or taps"
        )
