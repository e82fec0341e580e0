"""One-dimensional lowerings, every other one with a mistake that people make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

COUNT = 3_000
CHANNELS = 2
Text = dict[str, Any]


@dataclass(frozen=True)
class Folding:
    """A convolution folded by its stride: input blocks, the kernel filled up, and the new pads."""

    kernel: int
    stride: int
    pad: int
    size: int
    input_pads: tuple[int, int]
    kernel_pads: tuple[int, int]
    pads: tuple[int, int]
    kernel_phases: str = "(c a)"

    def claim(self, name: str, stated: bool) -> Text:
        """The claim that the folded convolution is the strided one."""
        s, grown = self.stride, [[0, 0], [0, 0], list(self.kernel_pads)]
        weight = [
            {"op": "pad", "padding": grown},
            {"op": "rearrange", "pattern": f"o c (h a) -> o {self.kernel_phases} h", "a": s},
        ]
        return {
            "name": name,
            "stated": "proved" if stated else "refuted",
            "input": {"channels": CHANNELS, "size": [self.size]},
            "weights": {
                "w": {"shape": [4, CHANNELS, self.kernel]},
                "v": {"from": "w", "steps": weight},
            },
            "left": [{"op": "conv", "weight": "w", "stride": s, "padding": self.pad}],
            "right": [
                {"op": "pad", "padding": [[0, 0], list(self.input_pads)]},
                {"op": "rearrange", "pattern": "c (h a) -> (c a) h", "a": s},
                {"op": "conv", "weight": "v", "padding": [list(self.pads)]},
            ],
        }


def folding(kernel: int, stride: int, pad: int, size: int) -> Folding:
    """The folding that is right: the kernel is filled up in front by what the pad lacks."""
    low, coarse = -(-pad // stride), -(-size // stride)
    front = low * stride - pad
    taps = -(-(kernel + front) // stride)
    out = (size + 2 * pad - kernel) // stride + 1
    behind = taps * stride - kernel - front
    pads = (low, out + taps - 1 - low - coarse)
    return Folding(kernel, stride, pad, size, (0, coarse * stride - size), (front, behind), pads)


def filled_at_the_other_end(right: Folding) -> Folding:
    """The kernel's zeros in front where they belong behind, and the other way around."""
    front, behind = right.kernel_pads
    return replace(right, kernel_pads=(behind, front))


def phases_swapped(right: Folding) -> Folding:
    """The kernel's phases before its channels, the input's behind them."""
    return replace(right, kernel_phases="(a c)")


def pads_moved(right: Folding) -> Folding:
    """One sample more in front, and one less behind."""
    low, high = right.pads
    return replace(right, pads=(low + 1, high - 1))


def input_filled_in_front(right: Folding) -> Folding:
    """The input's last block filled up in front of the first."""
    low, high = right.input_pads
    return replace(right, input_pads=(high, low))


def twice_wrong(right: Folding) -> Folding:
    """Two mistakes at once."""
    return phases_swapped(pads_moved(right))


def thrice_wrong(right: Folding) -> Folding:
    """Three, which no change of two attributes repairs."""
    return filled_at_the_other_end(input_filled_in_front(twice_wrong(right)))


MISTAKES: tuple[Callable[[Folding], Folding], ...] = (
    filled_at_the_other_end,
    phases_swapped,
    pads_moved,
    input_filled_in_front,
    twice_wrong,
    thrice_wrong,
)


def grid() -> Iterator[Folding]:
    """Foldings that are right, of many kernels, strides, pads and sizes."""
    for size in range(16, 60):
        for stride in (2, 3, 4):
            for kernel in range(2, 12):
                for pad in range(kernel // 2 + 1):
                    yield folding(kernel, stride, pad, size)


def half_false(count: int = COUNT) -> list[Text]:
    """Return so many claims, a true one and a false one in turn.

    A mistake that changes nothing of a folding is passed over for the next one.
    """
    found: list[Text] = []
    turns = cycle(MISTAKES)
    for right in grid():
        wrong = next(made for mistake in turns if (made := mistake(right)) != right)
        name = f"k{right.kernel} s{right.stride} p{right.pad} n{right.size}"
        found += [right.claim(name, True), wrong.claim(f"{name}, a mistake", False)]
        if len(found) >= count:
            return found[:count]
    raise ValueError(f"there are {len(found)} claims, asked for {count}")
