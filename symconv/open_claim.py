"""The claim that a layer equals its expansion, with the input sizes left open.

What depends on the size (the fill of the tail, the expanded layer's high pad, the crop of the
output) is written as expressions in the names of the sizes; the rest is the same at every size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symconv import steps as st
from symconv.claim import Claim
from symconv.destride import OpenExpansion
from symconv.errors import FactorError
from symconv.expand import Expansion
from symconv.layer import AnyLayer
from symconv.polyphase import AxisExpansion

NAMES = {1: ("N",), 2: ("H", "W"), 3: ("D", "H", "W")}


def axis_names(rank: int) -> tuple[str, ...]:
    """Names for the sizes of so many axes.

    >>> axis_names(2), axis_names(4)
    (('H', 'W'), ('N0', 'N1', 'N2', 'N3'))
    """
    return NAMES.get(rank, tuple(f"N{axis}" for axis in range(rank)))


def claim_for_all_sizes(
    open_expansion: OpenExpansion, names: Sequence[str] | None = None, name: str = "expansion"
) -> Claim:
    """The statement that the layer and its expansion are the same function at every size.

    Raises:
        FactorError: the expansion's weight map or divisors depend on the size.

    >>> from symconv.destride import destride
    >>> from symconv.layer import Conv
    >>> claim = claim_for_all_sizes(destride(Conv(1, 1, 3, stride=2)), ["N"])
    >>> claim.names, claim.at({"N": 9}).right[-1].padding
    (('N',), ((0, 0),))
    """
    layer = open_expansion.original
    rank = layer.rank or len(names or ()) or 2
    usual = open_expansion.usual(rank)
    _refuse_dependent(layer, usual)
    named = tuple(names or axis_names(rank))
    lines = _lines(usual, named)
    return Claim(
        name,
        layer.in_channels,
        named,
        usual.weights(),
        (usual.original_step(),),
        (*_input(usual, lines), _expanded(usual, lines), *_output(usual, lines)),
    )


def _refuse_dependent(layer: AnyLayer, usual: Expansion) -> None:
    named = isinstance(layer.padding, str) or (
        isinstance(layer.padding, tuple) and any(isinstance(p, str) for p in layer.padding)
    )
    if named and any(axis.window.stride > 1 for axis in usual.axes):
        raise FactorError(
            f"padding={layer.padding!r} depends on the size, and so does the expansion; "
            "prove it at a size, or with padding in numbers"
        )
    if usual.divisors or getattr(layer, "ceil_mode", False):
        raise FactorError(
            "ceil_mode and divisors depend on the size, and so does the expansion; "
            "prove it at a size"
        )


def _lines(usual: Expansion, names: Sequence[str]) -> list[str]:
    """The sizes of the signal that is split into phases: with its pads, where they are a gather."""
    if not usual.has_boundary_gather:
        return list(names)
    windows = usual.original.windows(usual.input_size)
    return [f"({name} + {w.lo + w.hi})" for name, w in zip(names, windows, strict=True)]


def _output_size(axis: AxisExpansion, line: str) -> str:
    w = axis.window
    rest = w.lo + w.hi + 1 - w.span
    return f"(({w.base_dilation}*({line} - 1) + {rest}) // {w.stride} + 1)"


def _blocks(size: str, factor: int) -> str:
    return size if factor == 1 else f"(({size} + {factor - 1}) // {factor})"


def _input(usual: Expansion, lines: Sequence[str]) -> tuple[st.Step, ...]:
    boundary = usual.input_map[:1] if usual.has_boundary_gather else ()
    split = [step for step in usual.input_map if isinstance(step, st.Rearrange)]
    if not split:
        return boundary
    tails = tuple(
        (0, f"{_blocks(line, e)}*{e} - {line}" if e > 1 else 0)
        for line, e in zip(lines, usual.factor_in, strict=True)
    )
    fill = "-inf" if usual.original.monoid == "max" else 0
    return (*boundary, st.Pad(((0, 0), *tails), value=fill), *split)


def _expanded(usual: Expansion, lines: Sequence[str]) -> st.Step:
    pads = tuple((a.lo, _high_pad(a, line)) for a, line in zip(usual.axes, lines, strict=True))
    return replace(usual.expanded_step(), padding=pads)  # type: ignore[call-arg]


def _high_pad(axis: AxisExpansion, line: str) -> str:
    outputs = _blocks(_output_size(axis, line), axis.factor_out)
    inputs = _blocks(line, axis.factor_in)
    return f"{axis.stride}*({outputs} - 1) + {axis.last_tap} - ({inputs} - 1)"


def _output(usual: Expansion, lines: Sequence[str]) -> tuple[st.Step, ...]:
    merged = [step for step in usual.output_merge if isinstance(step, st.Rearrange)]
    if not merged:
        return ()
    crops = tuple((0, _output_size(a, line), 1) for a, line in zip(usual.axes, lines, strict=True))
    return (*merged, st.Slice(((None, None, None), *crops)))
