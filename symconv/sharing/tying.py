"""The sharing: which slots of an expanded kernel hold which parameter, as a graph and as counts.

A slot ``((m, p), (c, r), q)`` of the expanded kernel (output channel and phase, input channel and
phase, tap) holds one parameter ``(m, c, k)`` of the strided kernel, or a structural zero.  On each
axis that is the tie map of its `AxisExpansion`; a kernel of several axes is their product, and
every pair of channels has the same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Literal

from symconv.errors import InputError, TooLarge
from symconv.expand import AxisExpansion, Expansion
from symconv.expand.sizes import require_expansion
from symconv.layer.lattice import refuse_matrix_stride
from symconv.layer.window import Window

Ints = tuple[int, ...]
Scope = Literal["layer", "pair"]

MOST_SLOTS = 200_000
"""Largest tie graph that is built node by node."""

ZERO = "0"
"""The node of all structural zeros."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of an expanded kernel, for one pair of channels, and what it holds.

    ``tap`` counts from 0 within the expanded kernel; ``parameter`` is the strided kernel's tap, or
    None for a structural zero.  All have one entry per axis.
    """

    output_phase: Ints
    input_phase: Ints
    tap: Ints
    parameter: Ints | None


def slots_of(axes: Sequence[AxisExpansion]) -> tuple[Slot, ...]:
    """Every slot of one pair of channels, in the order (output phase, input phase, tap).

    Source: Kong and Lucey 2017, section 3.

    >>> axis = AxisExpansion(Window(8, 3, 2, 1, 1), factor_in=2, factor_out=1, stride=1)
    >>> [(s.input_phase, s.tap, s.parameter) for s in slots_of([axis])]
    [((0,), (0,), None), ((0,), (1,), (1,)), ((1,), (0,), (0,)), ((1,), (1,), (2,))]
    """
    slots = (_joined(parts) for parts in product(*map(_axis_slots, axes)))
    return tuple(sorted(slots, key=lambda s: (s.output_phase, s.input_phase, s.tap)))


AxisSlot = tuple[int, int, int, int | None]
"""``(output phase, input phase, tap, parameter)`` on one axis."""


def _axis_slots(axis: AxisExpansion) -> list[AxisSlot]:
    p, k, r, q = axis.taps
    columns = (column.tolist() for column in (p, r, axis.slot(q), k))
    held = {(p, r, slot): k for p, r, slot, k in zip(*columns, strict=True)}
    places = product(range(axis.factor_out), range(axis.factor_in), range(axis.kernel))
    return [(*place, held.get(place)) for place in places]


def _joined(parts: Sequence[AxisSlot]) -> Slot:
    output_phase, input_phase, tap, held = zip(*parts, strict=True)
    return Slot(output_phase, input_phase, tap, None if None in held else held)


@dataclass(frozen=True, slots=True)
class Counts:
    """The sharing in numbers, in closed form.

    ``slots == live + zeros`` and ``live == copies * parameters``.  A multiply-add counts wherever a
    tap meets a sample of the signal or of its padding; in a max pooling it is a comparison.
    """

    parameters: int
    """Free parameters, ``M * C/groups * prod(K)``; a pooling's constant taps."""
    slots: int
    """Entries of the expanded kernel, ``prod(E_out * E_in * taps)`` a pair of channels."""
    live: int
    """Slots that hold a parameter."""
    zeros: int
    """Slots that hold a structural zero."""
    copies: int
    """Slots that hold one and the same parameter, ``prod(E_out / u)``."""
    strided_multiply_adds: int
    """Of the layer as it is."""
    dense_multiply_adds: int
    """Of the expanded layer when zeros are multiplied like any number."""
    live_multiply_adds: int
    """Of the expanded layer when its zeros are skipped."""


def counts(expansion: Expansion, scope: Scope = "layer") -> Counts:
    """Count parameters, slots and multiply-adds of the layer, or of one pair of channels.

    Source: Kong and Lucey 2017, section 3.

    >>> from symconv.expand import destride
    >>> from symconv.layer import Conv
    >>> c = counts(destride(Conv(3, 64, kernel_size=7, stride=2, padding=3), (224, 224)))
    >>> c.parameters, c.slots, c.zeros, c.copies
    (9408, 12288, 2880, 1)
    """
    require_expansion(expansion, "a count of ties")
    refuse_matrix_stride(expansion.original, "a count of phases")
    expansion.require_numbers("a count of multiply-adds")
    axes, pairs = expansion.axes, channel_pairs(expansion) if scope == "layer" else 1
    parameters = pairs * prod(axis.window.kernel for axis in axes)
    slots = pairs * prod(axis.slots for axis in axes)
    copies = prod(axis.factor_out // axis.window.base_dilation for axis in axes)
    positions = prod(axis.coarse_output for axis in axes)
    return Counts(
        parameters,
        slots,
        live=parameters * copies,
        zeros=slots - parameters * copies,
        copies=copies,
        strided_multiply_adds=pairs * prod(meetings(axis.window) for axis in axes),
        dense_multiply_adds=slots * positions,
        live_multiply_adds=parameters * copies * positions,
    )


def channel_pairs(expansion: Expansion) -> int:
    """Pairs of an output and an input channel that see each other, ``M * C/groups``."""
    outputs, inputs = _sizes(expansion)
    return expansion.groups * outputs * inputs


def _sizes(expansion: Expansion) -> tuple[int, int]:
    """Output and input channels of one group of the strided layer."""
    layer, groups = expansion.layer, expansion.groups
    outputs = layer.out_channels // prod(expansion.factor_out) // groups
    return outputs, layer.in_channels // prod(expansion.factor_in) // groups


def meetings(window: Window) -> int:
    """Pairs ``(o, k)`` whose position holds a sample or a pad, not a zero between samples."""
    u = window.base_dilation
    return sum(
        -((o - window.output) // u)
        for o, k in product(range(min(u, window.output)), range(window.kernel))
        if (window.stride * o + window.dilation * k - window.lo) % u == 0
    )


def tie_graph(expansion: Expansion, scope: Scope = "pair") -> Any:
    """The tie map as a directed `networkx.DiGraph`: an edge from each parameter to each slot of it.

    Nodes are named as entries of a kernel: ``w[0,0,2]`` in the strided layer's weight layout,
    ``v[0,1,0]`` in the expanded one's, and ``0`` for all structural zeros.  Their attributes:

    - ``kind``: ``"parameter"``, ``"slot"`` or ``"zero"``; ``index``: the entry's index;
    - ``output_channel``, ``input_channel`` of the strided layer, and ``tap``;
    - of slots also ``output_phase``, ``input_phase`` and ``live``, false for structural zeros.

    An edge's ``kind`` is ``"tie"``, or ``"zero"`` where it comes from the zero.

    ``scope="pair"`` takes output channel 0 and input channel 0 alone: every pair is tied alike.
    The graph's own attributes say so, and hold the factors and the channel order.

    Raises:
        TooLarge: the graph would have more than `MOST_SLOTS` slots.

    Source: Kong and Lucey 2017, section 3.

    >>> from symconv.expand import destride
    >>> from symconv.layer import Conv
    >>> graph = tie_graph(destride(Conv(1, 1, kernel_size=3, stride=2, padding=1), (8,)))
    >>> list(graph.successors("w[0,0,2]")), graph.nodes["v[0,1,1]"]["input_phase"]
    (['v[0,1,1]'], (1,))
    """
    import networkx

    expected = counts(expansion, scope)
    if expected.slots > MOST_SLOTS:
        raise TooLarge(
            f"the tie graph would have {expected.slots} slots, more than {MOST_SLOTS}; "
            "take scope='pair', smaller factors or a smaller kernel"
        )
    graph = networkx.DiGraph(**_graph_attributes(expansion, scope))
    graph.add_node(ZERO, kind="zero")
    for pair in _pairs(expansion, scope):
        _add_pair(graph, expansion, pair)
    check_counts(graph, expected)
    return graph


def check_counts(graph: Any, expected: Counts) -> None:
    """Count on the graph what `counts` gives in closed form.

    Raises:
        InputError: a number differs.
    """
    kinds = [kind for _, kind in graph.nodes(data="kind")]
    parameters = [node for node, kind in graph.nodes(data="kind") if kind == "parameter"]
    found = {
        "parameters": len(parameters),
        "slots": kinds.count("slot"),
        "zeros": graph.out_degree(ZERO),
        "live": sum(graph.out_degree(node) for node in parameters),
    }
    wanted = {name: getattr(expected, name) for name in found}
    uneven = {graph.out_degree(node) for node in parameters} != {expected.copies}
    if found != wanted or uneven:
        raise InputError(
            f"the tie graph does not have the counts of the closed form: {found}, not {wanted} "
            f"with {expected.copies} copies each; the expansion is not one that destride makes"
        )


def describe_scope(expansion: Expansion, scope: Scope) -> str:
    """Which channels a picture or a graph shows, in words."""
    pairs = channel_pairs(expansion)
    if scope == "layer" or pairs == 1:
        return "the whole layer"
    return f"output channel 0 and input channel 0, one of {pairs} equal pairs"


def _graph_attributes(expansion: Expansion, scope: Scope) -> dict[str, Any]:
    return {
        "name": "tie map",
        "scope": describe_scope(expansion, scope),
        "factor_in": expansion.factor_in,
        "factor_out": expansion.factor_out,
        "residual_stride": expansion.residual_stride,
        "channel_order": expansion.order,
    }


Pair = tuple[int, int]
"""``(m, c)``: an output channel, and an input channel counted within its group."""


def _pairs(expansion: Expansion, scope: Scope) -> Iterator[Pair]:
    outputs, inputs = _sizes(expansion)
    every = product(range(expansion.groups * outputs), range(inputs))
    yield from [(0, 0)] if scope == "pair" else every


def _add_pair(graph: Any, expansion: Expansion, pair: Pair) -> None:
    channels = _channels(expansion, pair)
    for tap in product(*(range(axis.window.kernel) for axis in expansion.axes)):
        index = _parameter_index(expansion, pair, tap)
        graph.add_node(_name("w", index), kind="parameter", index=index, tap=tap, **channels)
    for slot in slots_of(expansion.axes):
        held = slot.parameter
        name = _name("v", index := slot_index(expansion, pair, slot))
        graph.add_node(
            name,
            kind="slot",
            live=held is not None,
            index=index,
            tap=slot.tap,
            output_phase=slot.output_phase,
            input_phase=slot.input_phase,
            **channels,
        )
        source = ZERO if held is None else _name("w", _parameter_index(expansion, pair, held))
        graph.add_edge(source, name, kind="zero" if held is None else "tie")


def _channels(expansion: Expansion, pair: Pair) -> dict[str, int]:
    m, c = pair
    outputs, inputs = _sizes(expansion)
    return {"output_channel": m, "input_channel": m // outputs * inputs + c}


def _parameter_index(expansion: Expansion, pair: Pair, tap: Ints) -> Ints:
    """Where a parameter stands in the strided layer's weight, in PyTorch's layout."""
    m, c = pair
    if not expansion.original.is_transposed:
        return (m, c, *tap)
    outputs, inputs = _sizes(expansion)
    group, m = divmod(m, outputs)
    return (group * inputs + c, m, *tap)


def slot_index(expansion: Expansion, pair: Pair, slot: Slot) -> Ints:
    """Where a slot stands in the expanded layer's weight, in its channel order."""
    m, c = pair
    p, phases_out = _flat(slot.output_phase, expansion.factor_out)
    r, phases_in = _flat(slot.input_phase, expansion.factor_in)
    if expansion.order == "channel":
        return (m * phases_out + p, c * phases_in + r, *slot.tap)
    outputs, inputs = _sizes(expansion)
    group, m = divmod(m, outputs)
    return ((group * phases_out + p) * outputs + m, r * inputs + c, *slot.tap)


def _flat(phase: Ints, factors: Ints) -> tuple[int, int]:
    """A phase as one number, and the number of phases."""
    number = 0
    for digit, factor in zip(phase, factors, strict=True):
        number = number * factor + digit
    return number, prod(factors)


def _name(stem: str, index: Ints) -> str:
    return f"{stem}[{','.join(map(str, index))}]"
