"""Numbers: a framework's strided layer against its own stride-free layer on phases.

An observation on small integers, exact in double precision; never part of a certificate, and a
stranger to the provers: no access table is read here.  Arrays are NumPy's or PyTorch's, through the
few verbs of a `Backend`, so that a GPU is ``device="cuda"`` away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np

from symconv.crosscheck.backends import BACKENDS
from symconv.crosscheck.runs import integers, stride_free, strided
from symconv.errors import InputError, TooLarge, Unsupported
from symconv.expand import destride
from symconv.layer import AnyLayer, MaxConv, read_numbers
from symconv.layer.lattice import refuse_matrix_stride

MOST_PRODUCTS = 200_000_000
"""Above this many multiplications channels are cut down, and the observation says so."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a framework computed: equal or not, where, and with which versions.

    ``reference`` says how the strided layer was run; ``largest_difference`` is None where the two
    outputs have different shapes, or one is infinite where the other is not.
    """

    equal: bool
    largest_difference: float | None
    reference: str
    backend: str
    device: str
    versions: dict[str, str]
    dtype: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The observation's JSON form."""
        return {
            **asdict(self),
            "input_shape": list(self.input_shape),
            "output_shape": list(self.output_shape),
        }

    def text(self) -> str:
        """The observation in one line."""
        words = "exactly equal" if self.equal else _differ(self.largest_difference)
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        shapes = f"{list(self.input_shape)} -> {list(self.output_shape)}"
        line = f"observed: {words}, {shapes}, {self.dtype} on {self.device} ({versions})"
        return "; ".join(part for part in (line, f"strided by {self.reference}", self.note) if part)


def _differ(largest: float | None) -> str:
    return "differ without bound" if largest is None else f"differ by up to {largest:g}"


def crosscheck(
    layer: AnyLayer,
    input_size: Sequence[int],
    *,
    backend: str = "numpy",
    device: str = "cpu",
    seed: int = 0,
) -> Observation:
    """Compare a framework's strided layer with its stride-free one, on random small integers.

    Sums of integers below 2**53 are exact in double precision, so equality is exact.

    Raises:
        InputError: no such backend or device, or more axes than the framework has layers for.
        TooLarge: even with few channels it would take too long.

    >>> from symconv.layer import Conv
    >>> crosscheck(Conv(2, 3, kernel_size=5, stride=2, padding=2), (9, 8)).equal
    True
    """
    if backend not in BACKENDS:
        raise InputError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    if isinstance(layer, MaxConv):
        raise Unsupported("max_conv: no framework has such a layer; cross-check the max_pool")
    refuse_matrix_stride(layer, "crosscheck")
    run = BACKENDS[backend](device)
    input_size = read_numbers(input_size, layer.op)
    smaller = _fewer_channels(layer, input_size)
    expansion = destride(smaller, input_size)
    x, w, bias = integers(expansion, seed)
    reference, how = strided(run, expansion, run.array(x), w, bias)
    first = run.numpy(reference)
    second = run.numpy(stride_free(run, expansion, run.array(x), w, bias))
    equal = bool(np.array_equal(first, second))
    difference = 0.0 if equal else _largest_difference(first, second)
    note = "" if smaller == layer else f"channels cut to {len(x)} -> {len(first)}"
    return Observation(
        equal,
        difference,
        how,
        backend,
        device,
        run.versions(),
        "float64",
        x.shape,
        first.shape,
        note,
    )


def _largest_difference(a: np.ndarray, b: np.ndarray) -> float | None:
    if a.shape != b.shape:
        return None
    largest = float(np.max(np.abs(a - b)[a != b]))
    return largest if np.isfinite(largest) else None


def _fewer_channels(layer: AnyLayer, size: Sequence[int]) -> AnyLayer:
    """The layer, with few channels where all of them would take too long."""
    if not layer.has_weight:
        smaller = layer.with_channels(min(layer.channel_groups, 4), 1)
    elif _products(layer, size) <= MOST_PRODUCTS:
        smaller = layer
    else:
        smaller = layer.with_channels(min(layer.channel_groups, 2), 4)
    if _products(smaller, size) > 5 * MOST_PRODUCTS:
        raise TooLarge(
            f"{layer.op}: {_products(smaller, size)} multiplications of few channels are more than "
            f"{5 * MOST_PRODUCTS}; choose a smaller input_size"
        )
    return smaller


def _products(layer: AnyLayer, size: Sequence[int]) -> int:
    """Multiplications of the strided layer, or its input samples where those are more."""
    positions = prod(size if layer.is_transposed else layer.output_size(size))
    pairs = layer.in_channels * layer.out_channels // layer.channel_groups
    taps = prod(layer.per_axis("kernel_size", len(size)))
    return int(max(pairs * positions * taps, layer.in_channels * prod(size)))
