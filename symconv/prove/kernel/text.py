"""The theorem of one layer as a text for Coq: its numbers, its tie tables, its statement.

Data flow: expansion -> the layer's own numbers (read from the layer again, and not from the
expansion's axes), those of the expanded layer, the rows of the ties -> a file that states the
layer's equality on arrays, output by output, and leaves it to the kernel whether the numbers
belong together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from math import prod
from string import Template

from symconv.errors import InternalError, TooLarge
from symconv.expand import AxisExpansion, Expansion
from symconv.layer import ConvTranspose
from symconv.layer.padding import same_crop
from symconv.layer.window import Window
from symconv.prove.kernel.kinds import fills, glossary_of, kind_of
from symconv.prove.kernel.pools import declared_highs, pooled_parts
from symconv.prove.kernel.words import binaries, binary, integer

MOST_WORK = 600_000
"""Rows of all tie tables, each times the largest number in its table: unary numbers cost the kernel
about six microseconds for each, so that it takes at most some four seconds more."""

MOST_NUMBER = 4096
"""Numbers in tables are unary in Coq; sizes are binary and have no bound."""

MOST_CHANNELS = 8192
"""Channels are compared by computing in unary: more of them take the kernel seconds."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a layer as Coq's ``Sized``: kernel, stride, dilations, pads, samples."""

    kernel: int
    stride: int
    dilation: int
    base: int
    low: int
    reversed: bool
    samples: int
    high: int

    def text(self) -> str:
        """The axis in Coq; samples and the high pad are binary numbers."""
        numbers = f"{self.kernel} {self.stride} {self.dilation} {self.base} {integer(self.low)}"
        return (
            f"Sized (Axis {numbers} {str(self.reversed).lower()}) "
            f"{binary(self.samples)} {binary(self.high)}"
        )


def theorem_text(expansion: Expansion) -> str:
    """The Coq file: numbers, tables, the check that they agree, the theorem here and at all sizes.

    The strided side's numbers are the layer's own, read from it again and not from the expansion's
    axes; the tables are the expansion's, and the kernel finds out whether they belong together.

    Raises:
        TooLarge: the numbers are too large for the kernel's unary ones.
        InternalError: the expansion has not as many axes as its layer.
    """
    if (own := len(expansion.windows)) != len(expansion.axes):
        raise InternalError(f"{len(expansion.axes)} axes for a layer of {own}")
    _check_small(expansion)
    names = _names(expansion)
    statement = fill_statement(kind_of(expansion).statement, names).rstrip()
    text = fill_statement("layer", {**names, "statement": statement})
    stated = re.findall(r"^Theorem (\w+)", text, re.MULTILINE)
    return f"{text}\n" + "".join(f"Print Assumptions {name}.\n" for name in stated)


def fill_statement(name: str, names: Mapping[str, str]) -> str:
    """A Coq file of ``statements/`` with its names filled in."""
    file = files("symconv.prove.kernel").joinpath("statements", f"{name}.v")
    return Template(file.read_text(encoding="utf-8")).substitute(names)


def _names(expansion: Expansion) -> dict[str, str]:
    """Everything that the files are told of a layer."""
    names = {**_numbers_of(expansion), **kind_of(expansion).own_names(expansion)}
    pooled = "".join(fill_statement(part, names) for part in pooled_parts(expansion))
    inside = fill_statement("inside", names) if fills(expansion) else ""
    return {**names, "pooled": pooled, "inside": inside}


def _numbers_of(expansion: Expansion) -> dict[str, str]:
    kind = kind_of(expansion)
    inner = [_axis(window) for window in expansion.windows]
    layer, rank = expansion.original, len(expansion.axes)
    groups, order = expansion.groups, f"by_{expansion.order}"
    per_group = layer.in_channels // groups, layer.out_channels // groups
    expanded = per_group[0] * prod(expansion.factor_in), per_group[1] * prod(expansion.factor_out)
    outputs = [axis.coarse_output for axis in expansion.axes]
    return {
        "layer": layer_in_words(expansion),
        "rank": str(rank),
        "groups": str(groups),
        "out": str(per_group[1]),
        "order": order,
        "ties": "\n\n".join(_tie(n, axis) for n, axis in enumerate(expansion.axes)),
        "tie_names": "; ".join(f"tie{n}" for n in range(rank)),
        "numbers": _numbers(groups, per_group, own_axes(expansion)),
        "definitions": _inner(kind.strided, _numbers(groups, per_group, inner))
        + declared_highs(expansion),
        "expanded": _numbers(groups, expanded, [_axis(_spread_out(a)) for a in expansion.axes]),
        "outputs": binaries(expansion.output_size),
        "coarse_outputs": binaries(outputs),
        "home": kind.home,
        "strided": kind.strided,
        "glossary": glossary_of(expansion),
    }


def _inner(name: str, numbers: str) -> str:
    """The numbers that the ties cut into phases, where they are not the layer's own."""
    return "" if name == "the_layer" else f"Definition {name} : numbers := {numbers}.\n\n"


def own_axes(expansion: Expansion) -> list[Axis]:
    """The axes in the layer's own words: a transposed convolution's are its adjoint's."""
    layer, size = expansion.original, expansion.input_size
    if isinstance(layer, ConvTranspose):
        return list(_forward_axes(layer, size))
    return [_axis(window) for window in layer.windows(size)]


def _axis(w: Window) -> Axis:
    return Axis(w.kernel, w.stride, w.dilation, w.base_dilation, w.lo, w.reversal, w.size, w.hi)


def _spread_out(axis: AxisExpansion) -> Window:
    """The expanded layer's window with the zeros between its taps written out, as a tie has them.

    Only the window of an axis that is its own expansion has any.
    """
    return replace(axis.window_on_phases, kernel=axis.span, dilation=1)


def _forward_axes(layer: ConvTranspose, size: tuple[int, ...]) -> Iterator[Axis]:
    """Kernel, stride, dilation and crops of a transposed convolution; it reads its own input."""
    names = ("kernel_size", "stride", "dilation", "padding", "output_padding")
    columns = (layer.per_axis(name, len(size)) for name in names)
    for n, k, s, d, crop, extra in zip(size, *columns, strict=True):
        lo, hi = same_crop(crop, d * (k - 1) + 1, s) if isinstance(crop, str) else crop
        yield Axis(k, s, d, 1, lo, False, n, hi - extra)


def layer_in_words(expansion: Expansion) -> str:
    """The layer and its size for a comment of Coq, which ends at a star and a bracket."""
    size = "x".join(map(str, expansion.input_size))
    factors = "x".join(map(str, expansion.factor_in)), "x".join(map(str, expansion.factor_out))
    text = f"{expansion.original!r} at {size}, factors {factors[0]} to {factors[1]}"
    return text.replace("*", " ").replace('"', "'")


def _check_small(expansion: Expansion) -> None:
    pairs = list(zip(expansion.axes, own_axes(expansion), strict=True))
    largest = [max(_unary(axis, own)) for axis, own in pairs]
    work = sum(axis.live_slots * n for (axis, _), n in zip(pairs, largest, strict=True))
    if work > MOST_WORK or max(largest) > MOST_NUMBER:
        rows = sum(axis.live_slots for axis, _ in pairs)
        raise TooLarge(
            f"the kernel counts in unary: the tables have {rows} rows and numbers up to "
            f"{max(largest)}, a work of {work}; it takes numbers up to {MOST_NUMBER} and a work of "
            f"{MOST_WORK}"
        )
    layer = expansion.layer
    channels = max(layer.in_channels, layer.out_channels)
    if channels > MOST_CHANNELS:
        raise TooLarge(
            f"the kernel counts in unary: the expanded layer has {channels} channels, it takes "
            f"{MOST_CHANNELS}"
        )


def _unary(axis: AxisExpansion, own: Axis) -> Iterator[int]:
    """The numbers of an axis that the kernel counts in unary."""
    yield from (axis.factor_in, axis.factor_out, axis.stride, axis.span, abs(axis.lo))
    yield from (own.stride, abs(own.low), own.base, own.dilation * own.kernel)
    yield axis.window.base_dilation


def _numbers(groups: int, channels: tuple[int, int], axes: list[Axis]) -> str:
    rows = ";\n      ".join(axis.text() for axis in axes)
    return f"Numbers {groups} {channels[0]} {channels[1]}\n  [:: {rows}]"


def _tie(n: int, axis: AxisExpansion) -> str:
    w = axis.window
    rows = [
        f"(({p}, {k}), ({r}, {q - axis.first_tap}))"
        for p, k, r, q in zip(*(column.tolist() for column in axis.taps), strict=True)
    ]
    lines = ";\n     ".join("; ".join(rows[i : i + 4]) for i in range(0, len(rows), 4))
    return (
        f"Definition tie{n} : tie := Tie\n"
        f"  (Axis {w.kernel} {w.stride} {w.dilation} {w.base_dilation} {integer(w.lo)} "
        f"{str(w.reversal).lower()})\n"
        f"  {axis.factor_in} {axis.factor_out} {axis.stride} {axis.span} {integer(axis.lo)}\n"
        f"  [:: {lines}]."
    )
