"""Steps that move samples, and pads that add some: gathers on each axis, and rearrangements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from symconv.claim.patterns import read_pattern
from symconv.claim.steps.axes import PerAxis
from symconv.claim.steps.base import Step
from symconv.errors import ClaimError, MalformedError
from symconv.size.numbers import Number


@dataclass(frozen=True)
class Rearrange(Step):
    """An einops pattern with the sizes of its factors."""

    pattern: str
    sizes: tuple[tuple[str, int], ...] = ()
    op: ClassVar[str] = "rearrange"

    def to_dict(self) -> dict[str, Any]:
        """The sizes stand beside the pattern, as einops writes them."""
        return {"op": self.op, "pattern": self.pattern, **dict(self.sizes)}

    def rank_after(self, rank: int) -> int | None:
        """As many axes as the pattern's right side has; None where it cannot be read."""
        try:
            return len(read_pattern(self.pattern).right)
        except ClaimError:
            return None

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the pattern; every other key is a factor's size."""
        sizes = {name: size for name, size in attributes.items() if name != "pattern"}
        if not isinstance(attributes.get("pattern"), str):
            raise ClaimError(f"rearrange needs a pattern, got {attributes.get('pattern')!r}")
        for name, size in sizes.items():
            if type(size) is not int or size < 1:
                raise ClaimError(
                    f"rearrange: {name} must be an integer of at least 1, got {size!r}"
                )
        return cls(attributes["pattern"], tuple(sizes.items()))


@dataclass(frozen=True)
class Pad(PerAxis):
    """Pads ``[lo, hi]`` on every axis; negative ones crop; ``value`` fills mode ``zeros``."""

    padding: tuple[tuple[Any, Any], ...]
    mode: str = "zeros"
    value: Number = 0
    op: ClassVar[str] = "pad"
    listed: ClassVar[str] = "padding"
    blank: ClassVar[Any] = (0, 0)


@dataclass(frozen=True)
class Slice(PerAxis):
    """Python's ``[start, stop, step]`` on every axis; null for a part left out.

    A negative number counts from the back, as in Python.  A named end, such as ``"N - 3"``, counts
    from the front: at sizes where it is negative the claim makes no sense.
    """

    slices: tuple[tuple[Any, Any, Any], ...]
    op: ClassVar[str] = "slice"
    listed: ClassVar[str] = "slices"
    blank: ClassVar[Any] = (None, None, None)
    parts: ClassVar[tuple[str, ...]] = ("start", "stop", "step")


@dataclass(frozen=True)
class Flip(Step):
    """The named axes read from their end."""

    axes: tuple[int, ...]
    op: ClassVar[str] = "flip"


@dataclass(frozen=True)
class Dilate(PerAxis):
    """Zeros between samples: a factor on every axis."""

    dilation: tuple[int, ...]
    op: ClassVar[str] = "dilate"
    listed: ClassVar[str] = "dilation"
    blank: ClassVar[Any] = 1


@dataclass(frozen=True)
class Tile(PerAxis):
    """Every axis repeated whole, as ``numpy.tile``."""

    repeats: tuple[int, ...]
    op: ClassVar[str] = "tile"
    listed: ClassVar[str] = "repeats"
    blank: ClassVar[Any] = 1


@dataclass(frozen=True)
class Repeat(Step):
    """Each sample of one axis ``count`` times in a row: nearest-neighbour upsampling.

    For ``x`` of ``N`` samples on the axis, which may be a named size, ``y`` has ``N * count``, and
    ``y[.., j, ..] = x[.., j // count, ..]``; the other axes stay as they are.

    Raises:
        ClaimError: the axis is not an integer, or the count not an integer of at least 1.

    Source: PyTorch, ``torch.repeat_interleave(x, count, axis)``.

    >>> Repeat(axis=1, count=2).to_dict()
    {'op': 'repeat', 'axis': 1, 'count': 2}
    """

    axis: int
    count: int
    op: ClassVar[str] = "repeat"

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.axis) is not int:
            raise MalformedError(f"repeat: axis must be an integer, got {self.axis!r}")
        if type(self.count) is not int or self.count < 1:
            raise MalformedError(
                f"repeat: count must be an integer of at least 1, got {self.count!r}"
            )


@dataclass(frozen=True)
class Transpose(Step):
    """Axes permuted, as ``numpy.transpose``."""

    axes: tuple[int, ...]
    op: ClassVar[str] = "transpose"


@dataclass(frozen=True)
class Split(Step):
    """One part of an axis cut into consecutive ones, as ``torch.split(x, sizes, axis)[part]``."""

    sizes: Any
    part: int
    axis: int = 0
    op: ClassVar[str] = "split"
