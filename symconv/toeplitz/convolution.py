"""The stride-1 convolution as an operator: Toeplitz blocks, nested once an axis."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from symconv.layer.window import BOTTOM, Index
from symconv.toeplitz.entries import Entries, check_count
from symconv.toeplitz.operators import LinearOperator, Values
from symconv.toeplitz.values import read_exact


@dataclass(frozen=True, eq=False)
class Toeplitz(LinearOperator):
    """The stride-1 convolution without padding: Toeplitz blocks, nested once an axis.

    Row ``(m, v_1, ..., v_D)`` and column ``(c, v_1 + d_1*k_1, ..., v_D + d_D*k_D)`` hold
    ``weight[m, c - g*C', k_1, ..., k_D]``, where ``g`` is the group of output channel ``m`` and
    ``C'`` its number of input channels.  In one axis and one channel this is a Toeplitz matrix; in
    two axes a block-Toeplitz matrix of Toeplitz blocks; groups make it block-diagonal.

    ``weight`` has shape ``(M, C', *K)``, ``size`` is the input size, ``dilation`` one step per
    axis; ``name`` stands for the weight in LaTeX.

    Source: Kong and Lucey 2017, section 2; Gray 2006, *Toeplitz and circulant matrices*.

    >>> Toeplitz(np.array([[[1, 2]]]), size=(4,), dilation=(1,)).as_matrix()
    Matrix([
    [1, 2, 0, 0],
    [0, 1, 2, 0],
    [0, 0, 1, 2]])
    """

    weight: Values
    size: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1
    name: str = "w"

    @property
    def symbol(self) -> str:
        """The operator's name in LaTeX."""
        return f"T({self.name})"

    @property
    def latex_formula(self) -> str:
        r"""The sum over taps of Kronecker products, one shift matrix per axis.

        ``E_{m,c}`` has a one at output channel ``m`` and input channel ``c``; ``J_k`` has ones at
        ``(v, v + d*k)``.  The weight of a pooling, 1, is left out.
        """
        taps = [f"k_{{{axis + 1}}}" for axis in range(len(self.size))]
        shifts = "".join(rf" \otimes J^{{({axis + 1})}}_{{{tap}}}" for axis, tap in enumerate(taps))
        index = ",".join(["m", "c", *taps])
        weight = "" if self.name == "1" else rf"{self.name}_{{{index}}}\, "
        return rf"\sum_{{{index}}} {weight}E_{{m,{self._input_channel()}}}{shifts}"

    def _input_channel(self) -> str:
        if self.groups == 1:
            return "c"
        outer, inner = len(self.weight) // self.groups, self.weight.shape[1]
        if outer == inner == 1:
            return "m"
        return rf"{inner}\lfloor m/{outer} \rfloor + c"

    @property
    def kernel(self) -> tuple[int, ...]:
        """Taps an axis."""
        return self.weight.shape[2:]

    @property
    def output(self) -> tuple[int, ...]:
        """Output positions an axis, ``V = S - d*(K-1)``."""
        geometry = zip(self.size, self.kernel, self.dilation, strict=True)
        return tuple(size - step * (taps - 1) for size, taps, step in geometry)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        outer, inner = self.weight.shape[:2]
        return outer * prod(self.output), self.groups * inner * prod(self.size)

    def entries(self, rows: Index | None = None) -> Entries:
        """Return one entry per row and tap: the row's first column plus the tap's distance."""
        chosen = np.arange(self.shape[0]) if rows is None else rows
        live = np.flatnonzero(chosen != BOTTOM)
        taps = prod(self.weight.shape[1:])
        check_count(len(live) * taps, (len(chosen), self.shape[1]))
        channel, first = self._first_column(chosen[live])
        columns = first[:, None] + self._distances()[None, :]
        labels = channel[:, None] * taps + np.arange(taps)[None, :]
        return Entries(
            (len(chosen), self.shape[1]),
            np.repeat(live, taps),
            columns.ravel(),
            labels.ravel(),
            tuple(map(read_exact, self.weight.ravel())),
        )

    def _first_column(self, rows: Index) -> tuple[Index, Index]:
        """Output channel of each row, and the column that its tap 0 of channel 0 reads."""
        channel, *position = np.unravel_index(rows, (len(self.weight), *self.output))
        group = channel // (len(self.weight) // self.groups)
        first = group * self.weight.shape[1]
        for place, size in zip(position, self.size, strict=True):
            first = first * size + place
        return channel, first

    def _distances(self) -> Index:
        """Columns from a row's first one to each of its taps, in the weight's order."""
        distance = np.arange(self.weight.shape[1])
        for taps, step, size in zip(self.kernel, self.dilation, self.size, strict=True):
            distance = distance[..., None] * size + step * np.arange(taps)
        return distance.ravel()
