"""One axis on phases at every size: what depends on the size is an expression in its name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from symconv.expand.axis import AxisExpansion
from symconv.size.expr import Extent
from symconv.size.text import SizeText as Size


@dataclass(frozen=True)
class OpenAxis(AxisExpansion):
    """An axis whose ``line``, the samples that are split into phases, is an expression.

    ``low`` and ``high`` are the original layer's pads.  Where they depend on the size, as 'same' of
    a stride does, they depend on its residue only, and ``residues`` are the axis at one size of
    each: the expanded kernel then has the taps of all of them.  ``count`` is the output size where
    it is simpler than the general formula.

    >>> from symconv.layer.window import Window
    >>> axis = OpenAxis(Window(8, 3, 2, 1, 1), 2, 1, 1, line="N", low=1, high=1)
    >>> axis.outputs, axis.high_pad
    ('((N - 1) // 2 + 1)', '((N - 1) // 2 + 1) - ((N + 1) // 2)')
    """

    line: str = ""
    low: Size = 0
    high: Size = 0
    ceil_mode: bool = False
    residues: tuple[AxisExpansion, ...] = ()
    count: str = ""

    @cached_property
    def first_tap(self) -> int:
        """The least ``q_min`` of all residues."""
        own = AxisExpansion(self.window, self.factor_in, self.factor_out, self.stride)
        return min(axis.first_tap for axis in self.residues or (own,))

    @cached_property
    def last_tap(self) -> int:
        """The greatest ``q_max`` of all residues."""
        own = AxisExpansion(self.window, self.factor_in, self.factor_out, self.stride)
        return max(axis.last_tap for axis in self.residues or (own,))

    @property
    def first_block(self) -> Extent:
        """The first block that a tap touches at some size."""
        return min((axis.first_block for axis in self.residues), default=super().first_block)

    @property
    def last_block(self) -> Extent:
        """The last block that a tap touches at some size."""
        return max((axis.last_block for axis in self.residues), default=super().last_block)

    @property
    def front(self) -> Extent:
        """Fine positions of the first block before the first tap."""
        if isinstance(self.low, int):
            return super().front
        return f"{-self.first_block * self.block} - {self.low}"

    @property
    def outputs(self) -> str:
        """The original layer's output size."""
        if self.count:
            return self.count
        w = self.window
        u, s = w.base_dilation, w.stride
        signal: list[Size] = [self.line] if u == 1 else [f"{u}*({self.line} - 1)", 1]
        room: list[Size] = [*signal, self.low, self.high, -w.span]
        if self.ceil_mode:
            started, inside = added(*room, s - 1), added(self.line, self.low, -1)
            return f"(min(({started}) // {s}, ({inside}) // {s}) + 1)"
        return f"({added(*room, 1)})" if s == 1 else f"(({added(*room)}) // {s} + 1)"

    def counted(self, with_pads: bool) -> str:
        """Samples that output ``i`` of an average counts: of the padded input, or of the input."""
        start = f"{self.window.stride}*i - {self.low}"
        first, end = f"-{self.low}", added(self.line, self.high)
        if not with_pads:
            first, end = f"max({first}, 0)", f"min({end}, {self.line})"
        return f"min({start} + {self.window.kernel}, {end}) - max({start}, {first})"

    @property
    def high_pad(self) -> str:
        """High pad of the expanded layer."""
        outputs, inputs = blocks(self.outputs, self.factor_out), blocks(self.line, self.factor_in)
        first = outputs if self.stride == 1 else f"{self.stride}*{outputs}"
        return f"{added(first, self.last_tap, 1 - self.stride)} - {inputs}"


def added(*sizes: Size) -> str:
    """The sum of sizes, its numbers put together at the end.

    >>> added("N", 1, -3, 0), added("N", 2, "M"), added(2, 1)
    ('N - 2', 'N + M + 2', '3')
    """
    texts = [size for size in sizes if isinstance(size, str)]
    number = sum(size for size in sizes if isinstance(size, int))
    if not texts:
        return str(number)
    return " + ".join(texts) + (f" {'-' if number < 0 else '+'} {abs(number)}" if number else "")


def blocks(size: str, factor: int) -> str:
    """Samples a phase, ``ceil(size / factor)``.

    >>> blocks("N", 2), blocks("N", 1)
    ('((N + 1) // 2)', 'N')
    """
    return size if factor == 1 else f"(({size} + {factor - 1}) // {factor})"
