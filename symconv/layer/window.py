"""One axis of a layer: a sliding window over a signal, and the access table it means.

Conventions, stated once.  Indices start at 0.  "Convolution" is cross-correlation, as in deep
learning.  Output ``o`` and tap ``k`` meet at position ``v = s*o + d*k - lo`` of the signal with
``u - 1`` zeros between its samples; they read input ``v / u`` where that is an integer inside the
signal.  Division of sizes is the floor of Python and Z.  Pads are integers; a negative pad crops.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from symconv.errors import LayerError
from symconv.machine.budget import running

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
PADDING_MODES: tuple[str, ...] = get_args(PaddingMode)
Index = NDArray[np.int64]

WHOLE = 8
"""A table that is only looked at, and not joined with others, may be so many times as large."""

BOTTOM = -1
"""The entry of an access table that reads no input: a structural zero."""


@dataclass(frozen=True, slots=True)
class Window:
    """One axis of a layer: input size, kernel, stride, pads, dilations, reversal, boundary mode.

    The output size is ``(u*(N-1) + 1 + lo + hi - d*(K-1) - 1) // s + 1``.

    Raises:
        LayerError: no output position exists, or a pad is too large for its mode.

    Source: the fields are those of XLA's window dimension (XLA operation semantics,
    ConvGeneralDilated).

    >>> Window(size=5, kernel=3, stride=2, lo=1, hi=1).table().tolist()
    [[-1, 0, 1], [1, 2, 3], [3, 4, -1]]
    """

    size: int
    kernel: int
    stride: int = 1
    lo: int = 0
    hi: int = 0
    dilation: int = 1
    base_dilation: int = 1
    reversal: bool = False
    mode: PaddingMode = "zeros"

    def __post_init__(self) -> None:
        for name in ("size", "kernel", "stride", "dilation", "base_dilation"):
            if getattr(self, name) < 1:
                raise LayerError(f"{name} must be at least 1, got {name}={getattr(self, name)}")
        if self.output < 1:
            raise LayerError(
                f"no output position: a window of {self.span} samples does not fit in a signal of "
                f"{self.size} with padding [{self.lo}, {self.hi}] ({self.padded_size} samples); "
                "enlarge the input or the padding"
            )
        if self.mode != "zeros":
            check_pad_fits(self.size, self.lo, self.hi, self.mode)

    @property
    def span(self) -> int:
        """Samples from the first tap to the last, both counted: ``d*(K-1) + 1``."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def padded_size(self) -> int:
        """Samples after base dilation and padding: ``u*(N-1) + 1 + lo + hi``."""
        return self.base_dilation * (self.size - 1) + 1 + self.lo + self.hi

    @property
    def output(self) -> int:
        """Number of output positions ``O``."""
        return (self.padded_size - self.span) // self.stride + 1

    @property
    def reads_past_end(self) -> bool:
        """Whether the last output reads beyond the last input sample."""
        last = self.stride * (self.output - 1) + self.span - 1 - self.lo
        return last > self.base_dilation * (self.size - 1)

    def position(self, o: Index, k: Index) -> Index:
        """Position ``v = s*o + d*k - lo`` (the tap counted from the far end when reversed)."""
        tap = self.kernel - 1 - k if self.reversal else k
        return self.stride * o + self.dilation * tap - self.lo

    def table(self) -> Index:
        """Access table of shape ``(O, K)``: the input that each output and tap read, or BOTTOM."""
        return _access_table(self)


def check_pad_fits(size: int, lo: int, hi: int, mode: str) -> None:
    """Refuse a pad that its mode cannot fill in one go, as PyTorch does."""
    cropped = size + min(lo, 0) + min(hi, 0)
    most = {"reflect": size - 1, "circular": cropped}.get(mode)
    if most is not None and max(lo, hi) > most:
        raise LayerError(
            f"padding_mode={mode!r} can pad a signal of {size} by at most {most} on a side, got "
            f"padding [{lo}, {hi}]; pad less or use 'replicate' or 'zeros'"
        )


def boundary_index(v: Index, size: int, lo: int, hi: int, mode: str) -> Index:
    """Map positions ``-lo <= v < size + hi`` of a padded signal to inputs, or to BOTTOM.

    ``zeros`` reads BOTTOM outside, ``replicate`` repeats the border, ``reflect`` mirrors without
    repeating it, and ``circular`` wraps what a negative pad on the other side has left
    (``torch.nn.functional.pad``'s four modes).
    """
    if mode == "circular":
        start = max(0, -lo)
        return start + (v - start) % (size - start + min(hi, 0))
    if mode == "replicate":
        return np.clip(v, 0, size - 1)
    if mode == "reflect":
        v = np.abs(v)
        return np.where(v < size, v, 2 * (size - 1) - v)
    return np.where((v >= 0) & (v < size), v, BOTTOM)


@lru_cache(maxsize=4096)
def _access_table(w: Window) -> Index:
    running().check_entries(w.output * w.kernel // WHOLE, "an axis's access table")
    o = np.arange(w.output, dtype=np.int64)[:, None]
    k = np.arange(w.kernel, dtype=np.int64)[None, :]
    v = w.position(o, k)
    t, hole = np.divmod(v, w.base_dilation)
    table = np.where(hole == 0, boundary_index(t, w.size, w.lo, w.hi, w.mode), BOTTOM)
    table.flags.writeable = False
    return table
