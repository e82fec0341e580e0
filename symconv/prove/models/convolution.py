"""A convolution as terms: its padded input, its kernel, and the block of its outputs."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from symconv.prove.models.separable import Separable, separate
from symconv.prove.models.terms import ZERO, Ids
from symconv.prove.models.windows import Windowed

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution without pads or bias: ``x (C, *S)``, ``w (M, C/groups, *K)``.

    A batch is an axis of its own, the first of ``S``, on which the kernel has one tap.  ``silent``
    says of each of the other axes which outputs read zeros alone.
    """

    key: Hashable
    x: Ids
    w: Ids
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    start: int
    silent: tuple[Bools, ...]

    @property
    def kernel(self) -> tuple[int, ...]:
        """Taps per axis."""
        return tuple(self.w.shape[2:])

    @cached_property
    def size(self) -> tuple[int, ...]:
        """Outputs per axis."""
        return tuple(
            (n - d * (k - 1) - 1) // s + 1
            for n, k, s, d in zip(
                self.x.shape[1:], self.kernel, self.stride, self.dilation, strict=True
            )
        )

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """How far apart neighbours of its outputs ``(M, N, *O)`` are in its block, batch first."""
        rest = self.size[1:]
        inner = [int(np.prod(rest[n:], dtype=np.int64)) for n in range(len(rest) + 1)]
        return (inner[0], inner[0] * len(self.w), *inner[1:])

    @cached_property
    def zero_rows(self) -> Bools:
        """The output channels whose kernel holds zeros alone."""
        return zero_rows(self.w)

    def hush(self, outputs: Ids, rows: Ids, places: Sequence[Ids]) -> None:
        """Write zeros over those of outputs ``(rows, N, *O)``, at these places, that are zero."""
        masks = [mask[at] for mask, at in zip(self.silent, places[1:], strict=True)]
        hush(outputs, self.zero_rows[rows], masks)

    def outputs(self, rows: Ids, places: Sequence[Ids]) -> Ids:
        """The terms of these of its outputs, ``(rows, N, *O)``, the places of the batch first."""
        found = self.start + rows.reshape(-1, *(1,) * len(places)) * self.strides[0]
        for axis, at in enumerate(places, start=1):
            shape = [-1 if n == axis else 1 for n in range(1 + len(places))]
            found = found + at.reshape(shape) * self.strides[axis]
        self.hush(found, rows, places)
        return found

    @cached_property
    def signal(self) -> Separable | None:
        """The input as a product of tables."""
        return separate(self.x)

    @cached_property
    def channels_read(self) -> Ids:
        """The input channel that each slot of the kernel reads, ``(M, slots)``."""
        m, per_group = self.w.shape[:2]
        group = np.arange(m) // (m // self.groups)
        channel = group[:, None] * per_group + np.arange(per_group)[None, :]
        return np.repeat(channel, int(np.prod(self.kernel)), axis=1)

    def windowed(self) -> Windowed | None:
        """Its windows, where the input is separable."""
        if self.signal is None:
            return None
        return Windowed(self.signal, self.kernel, self.stride, self.dilation)


def zero_rows(kernel: Ids) -> Bools:
    """Which rows of a kernel ``(M, ...)`` hold zeros alone."""
    found: Bools = (kernel == ZERO).reshape(len(kernel), -1).all(axis=1)
    return found


def hush(outputs: Ids, rows: Bools, silent: Sequence[Bools]) -> None:
    """Write zeros over outputs ``(M, N, *O)`` of these zero rows, or that read only zeros."""
    is_zero = np.zeros(outputs.shape[2:], bool)
    for axis, mask in enumerate(silent):
        is_zero |= mask.reshape([-1 if n == axis else 1 for n in range(len(silent))])
    outputs[:, :, is_zero] = ZERO
    outputs[rows] = ZERO


def as_batchless(x: Ids) -> Ids:
    """Terms ``(N, C, *S)`` as ``(C, N, *S)``: the batch as an axis of its own."""
    return np.moveaxis(x, 1, 0)
