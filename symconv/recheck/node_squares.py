"""The square of one node: its claim held against the node's sizes and factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from symconv.recheck.expressions import names_of, value_of
from symconv.recheck.facts import CertificateError
from symconv.recheck.text import pool

Text = Mapping[str, Any]
Ints = tuple[int, ...]

MEANT = {
    "Conv": ("conv",),
    "ConvTranspose": ("conv_transpose",),
    "MaxPool": ("max_pool",),
    "AveragePool": ("avg_pool",),
    "LpPool": ("conv",),
    "Pad": ("pad",),
    "Slice": ("slice",),
    "Resize": ("repeat", "slice", "conv_transpose"),
    "Upsample": ("repeat", "slice", "conv_transpose"),
    "DepthToSpace": ("rearrange",),
    "SpaceToDepth": ("rearrange",),
}
"""The steps that say what an operator does, on the left side of its square."""

PERMUTING = ("MaxPool", "DepthToSpace", "SpaceToDepth")
"""Operators whose form on phases multiplies nothing by zero."""


@dataclass(frozen=True)
class NodeSquare:
    """A node, the shapes and factors of its input and its output, and its square's claim."""

    node: Text
    claim: Text
    shape: Ints
    read: Ints
    out: Ints
    made: Ints

    @property
    def rank(self) -> int:
        """How many axes lie behind the channels."""
        return len(self.claim["input"]["size"])

    @property
    def size(self) -> Ints:
        """The sizes in space of what the node reads."""
        return self.shape[-self.rank :]

    def check(self) -> None:
        """Refuse a square that is of other sizes or factors, or about another operator.

        Raises:
            CertificateError: it is.
        """
        if len(self.shape) != self.rank + 2 or len(self.out) != self.rank + 2:
            self._refuse("has other axes than the node")
        if any(f > 1 for f in (*self.read[:2], *self.made[:2])):
            self._refuse("has no phases of batch or channels")
        if self.claim["input"]["channels"] != self.shape[1]:
            self._refuse(f"reads {self.claim['input']['channels']} channels, not {self.shape[1]}")
        for condition in self.claim.get("where", ()):
            if not value_of(condition, self.names):
                self._refuse(f"is where {condition}, which {self.names} breaks")
        self._check_line()
        self._check_operator()
        self._check_phases()

    @property
    def names(self) -> dict[str, int]:
        """The claim's named sizes, at the node's: each axis has a name of its own."""
        found: dict[str, int] = {}
        for text, size in zip(self.claim["input"]["size"], self.size, strict=True):
            for name in names_of(text):
                if found.setdefault(name, size) != size:
                    self._refuse(f"names two sizes {name!r}")
        return found

    @property
    def line(self) -> Ints:
        """The sizes of the claim's input."""
        return tuple(int(value_of(n, self.names)) for n in self.claim["input"]["size"])

    @property
    def crops(self) -> bool:
        """Whether the left side begins by taking the signal out of a line."""
        left = self.claim["left"]
        return bool(left) and left[0] == self._taken(left[0])

    def _taken(self, step: Text) -> Any:
        """The step itself where it takes the first samples of every axis."""
        if step["op"] != "slice" or step["slices"][0] != [None, None, None]:
            return None
        ends = [(a, value_of(b, self.names), c) for a, b, c in step["slices"][1:] if b is not None]
        return step if ends == [(0, n, 1) for n in self.size] else None

    @property
    def fills(self) -> bool:
        """Whether the way on phases takes the signal out of its line, and fills its tail again."""
        return any(self._taken(step) is not None for step in self._front)

    @property
    def _front(self) -> Sequence[Text]:
        """The right side's steps in front of its first rearrangement or layer."""
        right: list[Text] = list(self.claim["right"])
        places = (n for n, step in enumerate(right) if step["op"] not in ("slice", "pad"))
        return right[: next(places, len(right))]

    def _check_line(self) -> None:
        whole = tuple(-(-n // f) * f for n, f in zip(self.size, self.read[2:], strict=True))
        if self.line != (whole if self.crops else self.size):
            self._refuse(f"is about {list(self.line)}, the node reads {list(self.size)}")

    def _check_operator(self) -> None:
        steps = self.claim["left"][1 if self.crops else 0 :]
        wanted = MEANT.get(self.node["op"], ())
        done = {step["op"] for step in steps}
        if "pad" in done and self.node["op"] == "Resize":
            done, steps = done - {"pad"}, steps[1:]
        if len(done) != 1 or not done <= set(wanted):
            self._refuse(f"is not about {self.node['op']}")
        if len(steps) > (self.rank if done == {"repeat"} else 1):
            self._refuse("does more than the node")

    def _check_phases(self) -> None:
        """The way on phases begins with a split by these factors, and ends with such a merge."""
        right = list(self.claim["right"])[len(self._front) :]
        read, made = self.read[2:], self.made[2:]
        if prod(read) > 1 and (not right or dict(right[0]) != split_step(read)):
            self._refuse(f"does not split its input by {list(read)}")
        while right and right[-1]["op"] in ("slice", "scale", "divide"):
            right.pop()
        if prod(made) > 1 and (not right or dict(right[-1]) != merge_step(made)):
            self._refuse(f"does not merge its output by {list(made)}")

    @property
    def leaves_nothing(self) -> bool:
        """Whether a maximum reads no sample beyond the end of its output, where its tail is."""
        (step,) = self.claim["left"][-1:]
        if step["op"] != "max_pool":
            return False
        axes = zip(*pool(step, self.size), self.size, self.out[2:], self.made[2:], strict=True)
        return any(_reads_nothing(*axis) for axis in axes)

    def _refuse(self, why: str) -> None:
        raise CertificateError(f"node {self.node['name']!r}: its square {why}")


def _reads_nothing(
    kernel: int, stride: int, dilation: int, pads: tuple[int, int], size: int, out: int, factor: int
) -> bool:
    """Whether some window behind the last output has no tap on the signal."""
    for o in range(out, -(-out // factor) * factor):
        taps = (stride * o + dilation * k - pads[0] for k in range(kernel))
        if not any(0 <= tap < size for tap in taps):
            return True
    return False


def split_step(factors: Ints) -> Text:
    """From a line to its phases, side by side for each channel.

    >>> split_step((2,))["pattern"]
    'c (h0 r0) -> (c r0) h0'
    """
    axes = range(len(factors))
    pairs = " ".join(f"(h{a} r{a})" for a in axes)
    phases, coarse = " ".join(f"r{a}" for a in axes), " ".join(f"h{a}" for a in axes)
    sizes = {f"r{a}": f for a, f in enumerate(factors)}
    return {"op": "rearrange", "pattern": f"c {pairs} -> (c {phases}) {coarse}", **sizes}


def merge_step(factors: Ints) -> Text:
    """From phases to their line.

    >>> merge_step((2,))["pattern"]
    '(m p0) h0 -> m (h0 p0)'
    """
    axes = range(len(factors))
    pairs = " ".join(f"(h{a} p{a})" for a in axes)
    phases, coarse = " ".join(f"p{a}" for a in axes), " ".join(f"h{a}" for a in axes)
    sizes = {f"p{a}": f for a, f in enumerate(factors)}
    return {"op": "rearrange", "pattern": f"(m {phases}) {coarse} -> m {pairs}", **sizes}
