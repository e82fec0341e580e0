"""What a pooling's statement is told: its declared high pads, its rounding, what it counts."""

from __future__ import annotations

from collections.abc import Sequence

from symconv.errors import InternalError
from symconv.expand import Expansion
from symconv.layer import AvgPool, Pool
from symconv.layer.base import forward_pads
from symconv.prove.kernel.words import binaries

_MISSING = """\
(h + missing (sizes the_layer n) (kernel a) (stride a)
                                        (dilation a) (lo a) h)%R"""
_GLOSSARY = {
    "declared": """\
   declared_high    the high pads that it declares, up to which a divisor counts; high_pads says
                    what ceil_mode adds to them
""",
    "ceil": "   ceil_mode        its outputs are those that ceil_mode counts with these pads\n",
}


def not_stated(expansion: Expansion) -> str | None:
    """What the library's means do not know, where the layer has it."""
    layer = expansion.original
    if not isinstance(layer, AvgPool):
        return None
    if layer.divisor_override is not None:
        return "the library's means have no divisor_override"
    dilated = any(window.dilation > 1 for window in expansion.windows)
    return "the library's means have no dilation" if dilated else None


def declared_highs(expansion: Expansion) -> str:
    """The definition of the high pads that a pooling declares, where its statement needs them."""
    layer = expansion.original
    if not isinstance(layer, Pool) or not pooled_parts(expansion):
        return ""
    highs = binaries(_declared_highs(layer, expansion.input_size))
    return (
        f"Definition declared : seq Z := {highs}.\n"
        "Definition declared_high (n : nat) : int := int_of (nth Z0 declared n).\n\n"
    )


def pooled_parts(expansion: Expansion) -> tuple[str, ...]:
    """The files of what a pooling's statement needs beside its numbers."""
    layer = expansion.original
    if not isinstance(layer, Pool):
        return ()
    declared = isinstance(layer, AvgPool) or layer.ceil_mode
    return ("declared",) * declared + ("ceil",) * layer.ceil_mode


def pooled_glossary(expansion: Expansion) -> str:
    """The names that these parts bring with them."""
    return "".join(_GLOSSARY[part] for part in pooled_parts(expansion))


def pooled_names(expansion: Expansion) -> dict[str, str]:
    """What a pooling declares: its high pads, and whether its pads are counted."""
    layer = expansion.original
    if not isinstance(layer, Pool):
        raise InternalError(f"a pooling is expected, got op={layer.op!r}")
    counted = isinstance(layer, AvgPool) and layer.count_include_pad
    return {
        "counted": str(counted).lower(),
        "rounded": str(layer.ceil_mode).lower(),
        "high": _MISSING if layer.ceil_mode else "h",
    }


def _declared_highs(layer: Pool, size: Sequence[int]) -> list[int]:
    """High pads as they are declared, without what the last window of ceil_mode hangs over."""
    rank = len(size)
    columns = (layer.per_axis(name, rank) for name in ("padding", "kernel_size", "stride"))
    dilations = layer.per_axis("dilation", rank)
    return [
        forward_pads(pads, n, d * (k - 1) + 1, s)[1]
        for n, d, pads, k, s in zip(size, dilations, *columns, strict=True)
    ]
