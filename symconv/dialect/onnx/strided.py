"""Strided nodes of a file, read for conversion: their windows in numbers, and what keeps them back.

Sizes come from the model at one size; where the file leaves them free, only what holds at every
size may be used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symconv.errors import Unsupported
from symconv.network.disputed import POOLS, WINDOWS, disputed

QUANTISED = (
    "QLinearConv",
    "ConvInteger",
    "QLinearAveragePool",
    "NhwcConv",
    "FusedConv",
    "NhwcMaxPool",
)
"""Strided operators that are not converted; they are listed where they have a stride."""


@dataclass(frozen=True, slots=True)
class Strided:
    """A node with a stride, one entry an axis: ``pads`` as pairs, ``sizes`` None where free."""

    op: str
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    groups: int
    channels: int | None
    sizes: tuple[int, ...] | None
    outputs: tuple[int, ...] | None
    ceil: bool

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.kernel)

    @property
    def spans(self) -> tuple[int, ...]:
        """Positions from the first tap to the last, per axis."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))


def has_stride(op: str, attributes: Mapping[str, Any]) -> bool:
    """Whether a node is a window with a stride."""
    strides = attributes.get("strides") or ()
    return op in (*WINDOWS, *QUANTISED) and any(s > 1 for s in strides)


def read_strided(
    op: str,
    attributes: Mapping[str, Any],
    kernel: Sequence[int],
    channels: int | None,
    sizes: Sequence[int] | None,
    outputs: Sequence[int] | None,
) -> Strided:
    """Read a node's window; ``sizes`` and ``outputs`` are None where they are free.

    Raises:
        Unsupported: what it says can be known at a given size only, and that is free.
    """
    if op in QUANTISED:
        raise Unsupported(f"no rule for {op}")
    rank = len(kernel)
    ceil = bool(attributes.get("ceil_mode", 0))
    auto = attributes.get("auto_pad", "NOTSET")
    if sizes is None and (auto.startswith("SAME") or ceil or attributes.get("output_shape")):
        what = "ceil_mode" if ceil else auto if auto.startswith("SAME") else "output_shape"
        raise Unsupported(f"{what} depends on a size that the file leaves free; give --size")
    if why := disputed(op, attributes, kernel):
        raise Unsupported(why)
    strides = tuple(attributes.get("strides") or (1,) * rank)
    dilations = tuple(attributes.get("dilations") or (1,) * rank)
    pads = attributes.get("pads") or (0,) * (2 * rank)
    pairs = tuple(zip(pads[:rank], pads[rank:], strict=True))
    if auto != "NOTSET":
        pairs = ((0, 0),) * rank
    if auto.startswith("SAME") and op != "ConvTranspose" and sizes is not None:
        pairs = tuple(
            _same_pads(n, k, s, d, lower=auto == "SAME_LOWER")
            for n, k, s, d in zip(sizes, kernel, strides, dilations, strict=True)
        )
    found = Strided(
        op,
        tuple(kernel),
        strides,
        dilations,
        pairs,
        int(attributes.get("group", 1)),
        channels,
        None if sizes is None else tuple(sizes),
        None if outputs is None else tuple(outputs),
        ceil,
    )
    _refuse_placeless(found)
    return found


def _refuse_placeless(node: Strided) -> None:
    """Refuse a pooling that runtimes give an output of a window that fits nowhere.

    Raises:
        Unsupported: it is one.
    """
    if node.op not in POOLS or node.ceil:
        return
    for n, span, (lo, hi) in zip(node.sizes or (), node.spans, node.pads, strict=False):
        if span > n + lo + hi:
            raise Unsupported(f"a window of {span} has no place in {n} with pads of {lo} and {hi}")


def _same_pads(n: int, k: int, s: int, d: int, *, lower: bool) -> tuple[int, int]:
    span = d * (k - 1) + 1
    total = max(0, (-(-n // s) - 1) * s + span - n)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)
