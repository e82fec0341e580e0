"""Numbers: a framework's strided layer against its own stride-free layer on phases.

An observation on small integers, exact in double precision; never part of a certificate, and a
stranger to the provers: no access table is read here.  Arrays are NumPy's or PyTorch's, through the
few verbs of a `Backend`, so that a GPU is ``device="cuda"`` away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import prod
from typing import Any

import numpy as np

from symconv.crosscheck.backends import BACKENDS
from symconv.crosscheck.runs import integers, stride_free, strided
from symconv.destride import destride
from symconv.errors import SymconvError
from symconv.layer import AnyLayer, Conv, ConvTranspose

MOST_PRODUCTS = 200_000_000
"""Above this many multiplications channels are cut down, and the observation says so."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a framework computed: equal or not, where, and with which versions."""

    equal: bool
    largest_difference: float
    backend: str
    device: str
    versions: dict[str, str]
    dtype: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The observation's JSON form."""
        return {**asdict(self), "input_shape": list(self.input_shape),
                "output_shape": list(self.output_shape)}  # fmt: skip

    def text(self) -> str:
        """The observation in one line."""
        words = "exactly equal" if self.equal else f"differ by up to {self.largest_difference}"
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        shapes = f"{list(self.input_shape)} -> {list(self.output_shape)}"
        line = f"observed: {words}, {shapes}, {self.dtype} on {self.device} ({versions})"
        return f"{line}; {self.note}" if self.note else line


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
        SymconvError: no such backend or device, or more axes than the framework has layers for.

    >>> crosscheck(Conv(2, 3, kernel_size=5, stride=2, padding=2), (9, 8)).equal
    True
    """
    if backend not in BACKENDS:
        raise SymconvError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    run = BACKENDS[backend](device)
    smaller = _fewer_channels(layer, input_size)
    expansion = destride(smaller, input_size)
    x, w, bias = integers(expansion, seed)
    first = run.numpy(strided(run, expansion, run.array(x), w, bias))
    second = run.numpy(stride_free(run, expansion, run.array(x), w, bias))
    same_shape = first.shape == second.shape
    equal = same_shape and bool(np.array_equal(first, second))
    difference = 0.0 if equal else _largest_difference(first, second)
    note = "" if smaller == layer else f"channels cut to {len(x)} -> {len(first)}"
    return Observation(
        equal, difference, backend, device, run.versions(), "float64", x.shape, first.shape, note
    )


def _largest_difference(a: np.ndarray, b: np.ndarray) -> float:
    if a.shape != b.shape:
        return float("inf")
    return float(np.max(np.abs(a - b), where=a != b, initial=0.0))


def _fewer_channels(layer: AnyLayer, size: Sequence[int]) -> AnyLayer:
    rank = len(size)
    positions = prod(size if isinstance(layer, ConvTranspose) else layer.output_size(size))
    taps = prod(layer.per_axis("kernel_size", rank))
    if not isinstance(layer, Conv | ConvTranspose):
        return replace(layer, channels=min(layer.channels, 4))
    products = layer.in_channels * layer.out_channels // layer.groups * positions * taps
    if products <= MOST_PRODUCTS:
        return layer
    groups = min(layer.groups, 2)
    return replace(
        layer,
        groups=groups,
        in_channels=groups * min(layer.in_channels // layer.groups, 4),
        out_channels=groups * min(layer.out_channels // layer.groups, 4),
    )
