"""Where each tap of a layer stands on phases, as indices that a framework gathers by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from symconv.expand import AxisExpansion

Places = npt.NDArray[np.int64]


def tap_of_slot(axis: AxisExpansion) -> Places:
    """Return the tap in each slot ``(p, r, q)`` of the expanded kernel, ``K`` where there is none.

    Shape ``(E_out, E_in, K')``.  Source: Kong and Lucey 2017, section 3.

    >>> from symconv import Conv, destride
    >>> tap_of_slot(destride(Conv(1, 1, 3, stride=2, padding=1), (8,)).axes[0]).tolist()
    [[[3, 1], [0, 2]]]
    """
    found = np.full((axis.factor_out, axis.factor_in, axis.kernel), axis.window.kernel)
    p, k, r, q = axis.taps
    found[p, r, axis.slot(q)] = k
    return found


def slots_of_taps(axes: Sequence[AxisExpansion]) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield for each tap, the last axis fastest, its slot on each axis: phase ``r`` and ``q``.

    The layer has one phase of outputs, as every convolution and pooling without zeros between its
    samples does.
    """
    rows = []
    for axis in axes:
        _, k, r, q = axis.taps
        ends = zip(r.tolist(), axis.slot(q).tolist(), strict=True)
        slots = dict(zip(k.tolist(), ends, strict=True))
        rows.append([slots[tap] for tap in range(axis.window.kernel)])
    yield from product(*rows)
