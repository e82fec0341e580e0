"""One axis of a layer: a sliding window over a signal, and the access table it means.

Conventions, stated once.  Indices start at 0.  "Convolution" is cross-correlation, as in deep
learning.  Output ``o`` and tap ``k`` meet at position ``v = s*o + d*k - lo`` of the signal with
``u - 1`` zeros between its samples; they read input ``v / u`` where that is an integer inside the
signal.  Division of sizes is the floor of Python and Z.  Pads are integers; a negative pad crops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from symconv.errors import LayerError
from symconv.layer.requirements import Requirement, Requirements, at_least, must
from symconv.machine.budget import running
from symconv.machine.caches import cached_in_bytes
from symconv.size.expr import Extent, Size, greatest, least, names_of, number, size_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
PADDING_MODES: tuple[str, ...] = get_args(PaddingMode)
Index: TypeAlias = "NDArray[np.int64]"

WHOLE = 8
"""A table that is only looked at, and not joined with others, may be so many times as large."""

_AT_LEAST_ONE = ("size", "kernel", "stride", "dilation", "base_dilation")

BOTTOM = -1
"""The entry of an access table that reads no input: a structural zero."""


@dataclass(frozen=True, slots=True)
class Window:
    """One axis of a layer: input size, kernel, stride, pads, dilations, reversal, boundary mode.

    The output size is ``(u*(N-1) + 1 + lo + hi - d*(K-1) - 1) // s + 1``; ``count`` says the same
    where that has a shorter expression.  Sizes, kernels and pads may be expressions in named sizes.
    ``lows`` are the least and the greatest value of a low pad that is
    one.  What must hold beside what numbers
    show at once are the ``requirements``; a kind of layer adds its own, ``also``.

    Raises:
        LayerError: no output position exists, or a pad is too large for its mode.

    Source: the fields are those of XLA's window dimension (XLA operation semantics,
    ConvGeneralDilated).

    >>> Window(size=5, kernel=3, stride=2, lo=1, hi=1).table().tolist()
    [[-1, 0, 1], [1, 2, 3], [3, 4, -1]]
    >>> from symconv.size.expr import named
    >>> str(Window(named("N"), kernel=3, stride=2, lo=1, hi=1).output)
    '((N + 1) // 2)'
    """

    size: Extent
    kernel: Extent
    stride: int = 1
    lo: Extent = 0
    hi: Extent = 0
    dilation: int = 1
    base_dilation: int = 1
    reversal: bool = False
    mode: PaddingMode = "zeros"
    count: Size | None = None
    lows: tuple[int, int] | None = None
    also: Requirements = ()

    def __post_init__(self) -> None:
        if self.count is not None:
            self._drop_a_count_in_numbers()
        if self.lows is not None and (isinstance(self.lo, int) or self.lows[0] == self.lows[1]):
            # A pad whose bounds meet is a number, though its expression may not show it.
            object.__setattr__(self, "lo", self.lo if isinstance(self.lo, int) else self.lows[0])
            object.__setattr__(self, "lows", None)
        _ = self.requirements

    def _drop_a_count_in_numbers(self) -> None:
        """A window in numbers has one form.

        Raises:
            LayerError: the count is not the formula's, a fault of symconv itself.
        """
        found = self._positions
        if isinstance(found, int):
            if found != self.count:
                raise LayerError(f"a window of {found} outputs cannot count {self.count}")
            object.__setattr__(self, "count", None)

    @property
    def requirements(self) -> Requirements:
        """What must hold of the named sizes for the window to make sense.

        Raises:
            LayerError: something does not hold at any size.
        """
        return (*self.also, *self._positive(), *self._outputs(), *self._filled())

    def _positive(self) -> Iterator[Requirement]:
        values = (self.size, self.kernel, self.stride, self.dilation, self.base_dilation)
        for name, value in zip(_AT_LEAST_ONE, values, strict=True):
            if not isinstance(value, int) or value < 1:
                message = f"{name} must be at least 1, got {name}={value}"
                yield from must(at_least(value, 1), message.__str__)

    def _outputs(self) -> Requirements:
        return must(
            at_least(self.output, 1),
            lambda: (
                f"no output position: a window of {self.span} samples does not fit in a signal of "
                f"{self.size} with padding [{self.lo}, {self.hi}] ({self.padded_size} samples); "
                "enlarge the input or the padding"
            ),
        )

    def _filled(self) -> Requirements:
        return () if self.mode == "zeros" else pad_fits(self.size, self.lo, self.hi, self.mode)

    @property
    def span(self) -> Extent:
        """Samples from the first tap to the last, both counted: ``d*(K-1) + 1``."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def padded_size(self) -> Extent:
        """Samples after base dilation and padding: ``u*(N-1) + 1 + lo + hi``."""
        return self.base_dilation * (self.size - 1) + 1 + self.lo + self.hi

    @property
    def output(self) -> Extent:
        """Number of output positions ``O``."""
        return self._positions if self.count is None else self.count

    @property
    def _positions(self) -> Extent:
        return (self.padded_size - self.span) // self.stride + 1

    @property
    def names(self) -> tuple[str, ...]:
        """The named sizes."""
        return names_of(self.size, self.kernel, self.lo, self.hi)

    def at(self, values: Mapping[str, int]) -> Window:
        """The window at these sizes.

        Raises:
            LayerError: it makes no sense there.
        """
        for requirement in self.also:
            requirement.check(values)
        size, kernel, lo, hi = (
            size_at(n, values) for n in (self.size, self.kernel, self.lo, self.hi)
        )
        return replace(self, size=size, kernel=kernel, lo=lo, hi=hi, count=None, also=())

    def position(self, o: Index, k: Index) -> Index:
        """Position ``v = s*o + d*k - lo`` (the tap counted from the far end when reversed)."""
        return self.padded_position(o, k) - number(self.lo)

    def padded_position(self, o: Index, k: Index) -> Index:
        """Position in the padded signal, ``s*o + d*k``."""
        tap = number(self.kernel) - 1 - k if self.reversal else k
        return self.stride * o + self.dilation * tap

    def table(self) -> Index:
        """Access table of shape ``(O, K)``: the input that each output and tap read, or BOTTOM.

        Raises:
            ClaimError: a size is named; tables hold numbers.
        """
        return _access_table(self)


def pad_fits(size: Size, lo: Size, hi: Size, mode: str) -> Requirements:
    """That a mode can fill its pads in one go, as PyTorch asks.

    Raises:
        LayerError: it cannot.
    """
    cropped = size + least(lo, 0) + least(hi, 0)
    most = {"reflect": size - 1, "circular": cropped}.get(mode)
    if most is None:
        return ()
    return must(
        at_least(most, greatest(lo, hi)),
        lambda: (
            f"padding_mode={mode!r} can pad a signal of {size} by at most {most} on a side, got "
            f"padding [{lo}, {hi}]; pad less or use 'replicate' or 'zeros'"
        ),
    )


def boundary_index(v: Index, size: int, lo: int, hi: int, mode: str) -> Index:
    """Map positions ``-lo <= v < size + hi`` of a padded signal to inputs, or to BOTTOM.

    ``zeros`` reads BOTTOM outside, ``replicate`` repeats the border, ``reflect`` mirrors without
    repeating it, and ``circular`` wraps what a negative pad on the other side has left
    (``torch.nn.functional.pad``'s four modes).
    """
    import numpy as np

    if mode == "circular":
        start = max(0, -lo)
        return start + (v - start) % (size - start + min(hi, 0))
    if mode == "replicate":
        return np.clip(v, 0, size - 1)
    if mode == "reflect":
        v = np.abs(v)
        return np.where(v < size, v, 2 * (size - 1) - v)
    return np.where((v >= 0) & (v < size), v, BOTTOM)


@cached_in_bytes(16 * 2**20, lambda table: int(table.nbytes))
def _access_table(w: Window) -> Index:
    import numpy as np  # what a table needs, and a layer that is only read does not

    size, kernel, lo, hi, outputs = map(number, (w.size, w.kernel, w.lo, w.hi, w.output))
    running().check_entries(outputs * kernel // WHOLE, "an axis's access table")
    o = np.arange(outputs, dtype=np.int64)[:, None]
    k = np.arange(kernel, dtype=np.int64)[None, :]
    t, hole = np.divmod(w.position(o, k), w.base_dilation)
    table = np.where(hole == 0, boundary_index(t, size, lo, hi, w.mode), BOTTOM)
    table.flags.writeable = False
    return table
