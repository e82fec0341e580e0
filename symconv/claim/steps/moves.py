"""Steps that move samples, and pads that add some: gathers on each axis, and rearrangements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from symconv.claim.steps.base import Step
from symconv.errors import ClaimError
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

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Step:
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
class Pad(Step):
    """Pads ``[lo, hi]`` on every axis; negative ones crop; ``value`` fills mode ``zeros``."""

    padding: tuple[tuple[Any, Any], ...]
    mode: str = "zeros"
    value: Number = 0
    op: ClassVar[str] = "pad"


@dataclass(frozen=True)
class Slice(Step):
    """Python's ``[start, stop, step]`` on every axis; null for a part left out.

    A negative number counts from the back, as in Python.  A named end, such as ``"N - 3"``, counts
    from the front: at sizes where it is negative the claim makes no sense.
    """

    slices: tuple[tuple[Any, Any, Any], ...]
    op: ClassVar[str] = "slice"


@dataclass(frozen=True)
class Flip(Step):
    """The named axes read from their end."""

    axes: tuple[int, ...]
    op: ClassVar[str] = "flip"


@dataclass(frozen=True)
class Dilate(Step):
    """Zeros between samples: a factor on every axis."""

    dilation: tuple[int, ...]
    op: ClassVar[str] = "dilate"


@dataclass(frozen=True)
class Tile(Step):
    """Every axis repeated whole, as ``numpy.tile``."""

    repeats: tuple[int, ...]
    op: ClassVar[str] = "tile"


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
