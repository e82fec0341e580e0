"""A framework's operators as pipelines use them, and how often each rounds.

`Runner` computes in the dtype that is asked for.  `Magnitudes` runs the same pipeline in double
precision on absolute values, so that every output is the sum of the magnitudes of its products:
what a rounding error is measured against, and what must stay below ``2**p`` for sums to be exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf, lcm, prod

import numpy as np

from symconv.crosscheck.arrays import Array
from symconv.crosscheck.backends.base import Backend, Geometry, Pads
from symconv.crosscheck.backends.own_numpy import numpy_padded
from symconv.crosscheck.formats import FORMATS, Format, Roundings
from symconv.errors import InputError, Unsupported
from symconv.layer.padding import Pair

Weights = Callable[[str], Array]
"""Gives a named tensor on the device."""

DOUBLE = FORMATS["float64"]
"""The widest format that any framework computes in."""


class Runner:
    """One framework computing in one dtype.

    Along the way it notes how often a value may have been rounded (``forward``), how often one on
    its way back (``backward``), and by which powers of two constants divide (``halvings``).
    """

    def __init__(self, backend: Backend, dtype: str, kept: Format, *, exact: bool) -> None:
        self.backend, self.dtype, self.kept, self.exact = backend, dtype, kept, exact
        self.xp = backend.xp
        self.forward, self.backward = Roundings(), Roundings()
        self.halvings, self.divisors = 0, 1
        self.on_weights = False
        """Whether a weight is being made: then no input makes a quotient exact."""
        self.padded_apart = not backend.has_layers
        self.tied: str | None = None
        """The first operator that is not smooth at values that were computed, not given."""
        self.has_kinks = False

    def array(self, values: np.ndarray) -> Array:
        """Values on the device, in this dtype."""
        return self.backend.array(values, self.dtype)

    def constants(self, values: Sequence[Fraction], shape: Sequence[int]) -> Array:
        """Numbers that a pipeline holds.

        Raises:
            InputError: no dtype holds one.
            Unsupported: this one does not, or the run is to be exact and it rounds one.
        """
        for value in values:
            self._require(value)
        self.halvings += max((v.denominator for v in values), default=1).bit_length() - 1
        self.count(added=2, stored=2, factors=2)
        found = np.array([float(v) for v in values], np.float64).reshape(tuple(shape))
        return self.array(self.absolute(found))

    def _require(self, value: Fraction) -> None:
        """Refuse a constant that the dtype does not hold, or that is rounded in an exact run.

        Raises:
            InputError: no dtype holds it.
            Unsupported: this one does not, or it rounds it.
        """
        self._require_in_range(value)
        if self.exact and not self._holds(value):
            raise Unsupported(
                f"{value} is not a number of {self.kept.name}, so that nothing is exact behind "
                "it; use mode rounding"
            )

    def _require_in_range(self, value: Fraction) -> None:
        """Refuse a constant that is too large or too small.

        Raises:
            InputError: for every dtype.
            Unsupported: for this one.
        """
        size = abs(value)
        if size and not DOUBLE.tiny <= size <= DOUBLE.largest:
            raise InputError(
                f"a framework's numbers are from {DOUBLE.tiny:g} to {DOUBLE.largest:g} in size, "
                f"got the constant {value}; choose one between"
            )
        if size and not self.kept.tiny <= size <= self.kept.largest:
            raise Unsupported(
                f"{self.kept.name} holds normal numbers from {self.kept.tiny:g} to "
                f"{self.kept.largest:g}, got the constant {value}; use a wider dtype"
            )

    def _holds(self, value: Fraction) -> bool:
        return Fraction(float(value)) == value == Fraction(float(self.kept.rounded(float(value))))

    def times(self, x: Array, factors: Sequence[Fraction], shape: Sequence[int]) -> Array:
        """Times fractions: whole numbers multiply, and others divide.

        A quotient is exact where the input is a multiple of all divisors.
        """
        if self.on_weights:
            return self.computed(x * self.constants(factors, shape))
        below = [value.denominator for value in factors]
        above = self.constants([Fraction(value.numerator) for value in factors], shape)
        y = self.computed(x * above)
        return y if max(below) == 1 else self.divided(y, np.reshape(below, tuple(shape)))

    def divided(self, x: Array, divisors: np.ndarray) -> Array:
        """Over whole numbers, one for each entry of an array that is spread over ``x``."""
        below = sorted({int(value) for value in divisors.flat})
        for value in below:
            self._require_in_range(Fraction(value))
        self.divisors *= lcm(*below)
        self.count(added=1, stored=2)  # the divisor is rounded as well
        return self.settled(x / self.array(np.asarray(divisors, np.float64)))

    def absolute(self, values: np.ndarray) -> np.ndarray:
        """The values; their magnitudes where those are asked for."""
        return values

    def computed(self, y: Array) -> Array:
        """A value that was summed up; here nothing is noted of it."""
        return y

    def settled(self, y: Array) -> Array:
        """What a step has made; here nothing is noted of it."""
        return y

    def count(self, *, added: int = 0, stored: int = 0, factors: int = 0, back: int = 0) -> None:
        """Note roundings of one operator, forward and on the way back."""
        self.forward += Roundings(added, stored, factors)
        self.backward += Roundings(max(back, added), max(stored, 1), factors)

    def fan_out(self, readers: int, stored: int | None = None) -> None:
        """Note that each value is read so many times: that many gradients are added up."""
        if readers > 1:
            self.backward += Roundings(readers, readers if stored is None else stored)

    def kinked(self, what: str) -> None:
        """Note an operator whose gradient jumps; of values that are given it can be kept away."""
        self.has_kinks = True
        if self.forward.added and self.tied is None:
            self.tied = what

    def pad(self, x: Array, pads: Pads, mode: str = "zeros", value: float = 0.0) -> Array:
        """Spatial axes padded, or cropped by negative pads."""
        if not any(end for pair in pads for end in pair):
            return x
        if mode != "zeros":
            grown = (1 + max(lo, 0) + max(hi, 0) for lo, hi in pads)
            self.fan_out(prod(grown))
        return self.settled(self.backend.pad(x, pads, mode, self.fill(value)))

    def fill(self, value: float) -> float:
        """What a pad is filled with."""
        return value

    def conv(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array:
        """A convolution, by the framework's own pads where it takes them."""
        found = self.backend.conv(x, w, bias, g)
        if found is None:
            self.padded_apart = True
            found = _known(self.backend.conv(self.pad(x, g.pads), w, bias, _unpadded(g)))
        self._count_products(w.shape[1] * prod(g.kernel), w.shape[0] // g.groups, found.shape, g)
        return self.computed(found)

    def conv_transpose(self, x: Array, w: Array, bias: Array | None, g: Geometry) -> Array:
        """A transposed convolution; what its pads crop is cropped apart where need be."""
        found = self.backend.conv_transpose(x, w, bias, g)
        if found is None:
            self.padded_apart = True
            extra = g.extra or (0,) * g.rank
            crops = [(-lo, more - hi) for (lo, hi), more in zip(g.pads, extra, strict=True)]
            whole = self.backend.conv_transpose(x, w, None, replace(_unpadded(g), extra=()))
            found = self.pad(_known(whole), crops)
            if bias is not None:
                found = found + self.xp.reshape(bias, (-1, *[1] * g.rank))
        inner, taps = w.shape[0] // g.groups, prod(g.kernel)
        widest = max(x.shape, found.shape, key=lambda shape: prod(shape[1:]))
        self._count_products(inner * taps, w.shape[1], widest, g, stored=taps)
        return self.computed(_known(found))

    def _count_products(
        self, forward: int, outputs: int, positions: Sequence[int], g: Geometry, stored: int = 0
    ) -> None:
        """Note a sum of products with its bias.

        Its gradients are sums over outputs and taps (by the input), and over positions (by weight
        and bias).  Kernels made of a matrix product store a number a tap before these are added up.
        """
        taps = prod(g.kernel)
        back = max(outputs * taps, prod(positions[1:])) + 1
        self.count(added=forward + 1, stored=stored + 2, factors=2, back=back)
        self.backward += Roundings(stored=taps + 2)

    def max_pool(self, x: Array, g: Geometry, outputs: Sequence[int]) -> Array:
        """The maximum of every window; pads are ``-inf``."""
        self.kinked("a maximum")
        self.fan_out(prod(g.kernel))
        return self._windows_of_maxima(x, g, outputs)

    def _windows_of_maxima(self, x: Array, g: Geometry, outputs: Sequence[int]) -> Array:
        found = self.backend.max_pool(x, g)
        if found is None:
            self.padded_apart = True
            x = self._whole(x, g, outputs, -inf)
            found = self.backend.max_pool(x, replace(_unpadded(g), ceil=False, is_wide=False))
        return _known(found)

    def _whole(self, x: Array, g: Geometry, outputs: Sequence[int], fill: float) -> Array:
        """Pads on both ends, and behind them what the last window lacks."""
        x = self.pad(x, g.pads, "zeros", fill)
        return self.pad(x, overhang(x.shape[1:], g, outputs), "zeros", fill)

    def avg_pool(self, x: Array, g: Geometry, outputs: Sequence[int], divisor: int | None) -> Array:
        """The mean of every window, or its sum over another divisor."""
        taps = prod(g.kernel)
        self.count(added=taps + 2, stored=2, factors=2, back=taps + 2)
        self.fan_out(taps)
        counts = window_counts(x.shape[1:], g, outputs, divisor)
        found = None if divisor else self.averaged(x, g)
        if found is None:
            self.padded_apart = True
            return self.divided(self.computed(self.summed(x, g, outputs)), counts)
        self.divisors *= lcm(*map(int, np.unique(counts)))
        return found

    def averaged(self, x: Array, g: Geometry) -> Array | None:
        """The framework's own average pooling; None where it has none."""
        return self.backend.avg_pool(x, g)

    def summed(self, x: Array, g: Geometry, outputs: Sequence[int]) -> Array:
        """The sum of every window, each channel's by itself."""
        ones = self.array(np.ones((x.shape[0], 1, *g.kernel)))
        plain = replace(_unpadded(g), groups=x.shape[0])
        return _known(self.backend.conv(self._whole(x, g, outputs, 0.0), ones, None, plain))

    def maximum(self, parts: Sequence[Array]) -> Array:
        """Elementwise, of several arrays."""
        found = parts[0]
        for part in parts[1:]:
            found = self.xp.maximum(found, part)
        return found

    def minus(self, a: Array, b: Array) -> Array:
        """One array less another."""
        return a - b

    def between(self, x: Array, low: float | None, high: float | None) -> Array:
        """Every value kept between two bounds."""
        if low is not None:
            x = self.xp.maximum(x, self.backend.full(x, x.shape, low))
        if high is not None:
            x = self.xp.minimum(x, self.backend.full(x, x.shape, high))
        return x


class Watcher(Runner):
    """Double precision, where it is seen whether every quotient is a whole number."""

    def __init__(self, backend: Backend, kept: Format) -> None:
        super().__init__(backend, "float64", kept, exact=True)
        self.whole = True

    def divided(self, x: Array, divisors: np.ndarray) -> Array:
        """The quotient, looked at."""
        found = super().divided(x, divisors)
        values = self.backend.numpy(found)
        self.whole = self.whole and bool((values == np.rint(values)).all())
        return found

    def averaged(self, x: Array, g: Geometry) -> Array | None:
        """None: what an average divides is looked at."""
        return None


class Magnitudes(Runner):
    """Sums of magnitudes in double precision, by the same operators.

    A function ``f`` of slope at most 1 gives ``|f(v)| <= |v| + |f(0)|``.  A maximum gives that of
    the magnitudes; where gradients are asked for, their sum, whichever sample it may be.
    """

    def __init__(self, backend: Backend, kept: Format, *, exact: bool, summing: bool) -> None:
        super().__init__(backend, "float64", kept, exact=exact)
        self.summing = summing
        self.largest = 0.0
        self.shapes: list[tuple[int, ...]] = []
        self.probes: Iterator[Array] | None = None

    def absolute(self, values: np.ndarray) -> np.ndarray:
        """The magnitudes."""
        return np.asarray(np.abs(values))

    def fill(self, value: float) -> float:
        """A magnitude; ``-inf`` counts as nothing."""
        return 0.0 if value == -inf else abs(value)

    def computed(self, y: Array) -> Array:
        """Note the largest magnitude; or add the next probe, by which to differentiate."""
        if self.probes is not None:
            return y + next(self.probes)
        if self.summing:
            return y
        self.shapes.append(tuple(y.shape))
        if prod(y.shape):
            most = self.xp.max(self.xp.reshape(y, (-1,)), axis=0)
            self.largest = max(self.largest, float(self.backend.numpy(most)))
        return y

    def _windows_of_maxima(self, x: Array, g: Geometry, outputs: Sequence[int]) -> Array:
        if self.summing:
            return self.summed(x, g, outputs)
        return super()._windows_of_maxima(x, g, outputs)

    def _whole(self, x: Array, g: Geometry, outputs: Sequence[int], fill: float) -> Array:
        return super()._whole(x, g, outputs, 0.0)

    def averaged(self, x: Array, g: Geometry) -> Array | None:
        """None: what an average sums up is looked at before it is divided."""
        return None

    def maximum(self, parts: Sequence[Array]) -> Array:
        """The largest magnitude, or the sum of all."""
        if not self.summing:
            return super().maximum(parts)
        found = parts[0]
        for part in parts[1:]:
            found = found + part
        return found

    def minus(self, a: Array, b: Array) -> Array:
        """The sum: magnitudes do not cancel."""
        return a + b

    def between(self, x: Array, low: float | None, high: float | None) -> Array:
        """A clipped value is at most as large as it was, or as what 0 is clipped to."""
        at_zero = max(low or 0.0, 0.0) or min(high or 0.0, 0.0)
        return x + abs(at_zero)


def _unpadded(g: Geometry) -> Geometry:
    return replace(g, pads=((0, 0),) * g.rank, extra=())


def _known(found: Array | None) -> Array:
    """What an operator without pads computed; every framework has one."""
    if found is None:
        raise Unsupported("the framework has no such operator, even without pads")
    return found


def overhang(size: Sequence[int], g: Geometry, outputs: Sequence[int]) -> list[Pair]:
    """What the last window of a pooling lacks at the end, or leaves over."""
    ends = zip(size, outputs, g.stride, g.spans, strict=True)
    return [(0, (o - 1) * s + span - n) for n, o, s, span in ends]


def window_counts(
    size: Sequence[int], g: Geometry, outputs: Sequence[int], divisor: int | None
) -> np.ndarray:
    """How many samples each window counts, ``(1, *O)``: an axis's counts times another's."""
    if divisor is not None:
        return np.full((1, *outputs), float(divisor))
    found = np.ones((1,) * (1 + g.rank))
    for axis, number in enumerate(outputs):
        row = _counted_along(size[axis], axis, g, number)
        found = found * row.reshape([-1 if a == axis else 1 for a in range(-1, g.rank)])
    return found


def _counted_along(size: int, axis: int, g: Geometry, outputs: int) -> np.ndarray:
    """The samples that the windows of one axis count, by summing up an array of ones."""
    pads, span = g.pads[axis], g.spans[axis]
    ones = numpy_padded(np.ones(size), [pads], "zeros", float(g.counts_pads))
    whole = numpy_padded(
        ones, [(0, (outputs - 1) * g.stride[axis] + span - len(ones))], "zeros", 0.0
    )
    taps = range(0, span, g.dilation[axis])
    last = (outputs - 1) * g.stride[axis] + 1
    return np.asarray(sum(whole[k : k + last : g.stride[axis]] for k in taps), np.float64)
