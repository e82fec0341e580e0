"""The tie graph against the weight map itself, and its counts against counting."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.errors import SymconvError, TooLarge
from symconv.expand import Expansion, destride
from symconv.layer import AnyLayer, AvgPool, Conv, ConvTranspose, MaxPool
from symconv.sharing.tying import ZERO, Counts, check_counts, counts, describe_scope, tie_graph

small = st.integers(1, 3)


@st.composite
def expansions(draw: Any) -> Expansion:
    """Random layers of every kind with random factors, residual strides and channel orders."""
    rank = draw(st.integers(1, 2))

    def per_axis(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    kind = draw(st.sampled_from(["conv", "transposed", "max", "avg"]))
    kernel, unit = per_axis(1, 4), per_axis(1, 3)
    residual = per_axis(1, 2)
    layer, factor_in, factor_out = _layer(draw, kind, kernel, unit, residual, per_axis)
    size = tuple(draw(st.integers(10, 13)) for _ in range(rank))
    return destride(
        layer,
        size,
        factor=factor_in,
        factor_out=factor_out,
        residual_stride=residual,
        order=draw(st.sampled_from(["channel", "phase"])),
    )


def _layer(
    draw: Any, kind: str, kernel: Any, unit: Any, residual: Any, per_axis: Any
) -> tuple[AnyLayer, Any, Any]:
    """A layer, and factors with ``E_in * u * t == E_out * s``, built from a free multiplier."""
    more = per_axis(1, 2)
    groups, pads = draw(st.integers(1, 2)), [draw(st.tuples(small, small)) for _ in kernel]
    channels = (groups * draw(small), groups * draw(small))
    if kind == "transposed":
        layer: AnyLayer = ConvTranspose(*channels, kernel, stride=unit, padding=0, groups=groups)
        outs = tuple(e * u * t for e, u, t in zip(more, unit, residual, strict=True))
        return layer, more, outs
    stride = tuple(s * t for s, t in zip(unit, residual, strict=True))
    ins = tuple(e * s for e, s in zip(more, unit, strict=True))
    if kind == "conv":
        mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
        layer = Conv(
            *channels,
            kernel,
            stride=stride,
            padding=tuple(pads),
            dilation=per_axis(1, 2),
            groups=groups,
            padding_mode=mode,
        )
        return layer, ins, more
    pool = MaxPool if kind == "max" else AvgPool
    half = tuple(k // 2 for k in kernel)
    return pool(kernel, stride, half, ceil_mode=draw(st.booleans()), channels=groups), ins, more


def labels_of(graph: networkx.DiGraph, expansion: Expansion) -> np.ndarray[Any, Any]:
    """The tie map as an array, read off the graph alone."""
    labels = np.full(expansion.parameter_labels().shape, -2)
    for source, target in graph.edges:
        flat = -1
        if source != ZERO:
            index = graph.nodes[source]["index"]
            flat = int(np.ravel_multi_index(index, expansion.weight_shape))
        assert labels[graph.nodes[target]["index"]] == -2
        labels[graph.nodes[target]["index"]] = flat
    return labels


@given(expansions())
def test_the_graph_is_the_weight_map(expansion: Expansion) -> None:
    graph = tie_graph(expansion, "layer")
    np.testing.assert_array_equal(labels_of(graph, expansion), expansion.parameter_labels())


@given(expansions())
def test_the_closed_forms_are_what_is_counted(expansion: Expansion) -> None:
    found, labels = counts(expansion), expansion.parameter_labels()
    assert found.slots == labels.size
    assert found.zeros == (labels < 0).sum()
    assert found.live == (labels >= 0).sum()
    held, copies = np.unique(labels[labels >= 0], return_counts=True)
    assert found.parameters == prod(expansion.weight_shape) == len(held)
    assert set(copies) == {found.copies}


def _meetings_by_brute_force(expansion: Expansion) -> int:
    total = 1
    for axis in expansion.axes:
        w = axis.window
        places = product(range(w.output), range(w.kernel))
        total *= sum(
            (w.stride * o + w.dilation * k - w.lo) % w.base_dilation == 0 for o, k in places
        )
    return total


@given(expansions())
def test_multiply_adds(expansion: Expansion) -> None:
    found, labels = counts(expansion), expansion.parameter_labels()
    positions = prod(expansion.layer.output_size([axis.coarse_input for axis in expansion.axes]))
    pairs = found.parameters // prod(axis.window.kernel for axis in expansion.axes)
    assert found.strided_multiply_adds == pairs * _meetings_by_brute_force(expansion)
    assert found.dense_multiply_adds == labels.size * positions
    assert found.live_multiply_adds == (labels >= 0).sum() * positions
    whole = all(a.window.output % a.factor_out == 0 for a in expansion.axes)
    assert (found.live_multiply_adds == found.strided_multiply_adds) or not whole


@given(expansions())
def test_one_pair_is_a_part_of_the_layer(expansion: Expansion) -> None:
    whole, pair = tie_graph(expansion, "layer"), tie_graph(expansion, "pair")
    assert set(pair.edges) <= set(whole.edges)
    assert all(whole.nodes[n] == pair.nodes[n] for n in pair.nodes)
    slots = [n for n, kind in pair.nodes(data="kind") if kind == "slot"]
    one, every = counts(expansion, "pair"), counts(expansion)
    assert len(slots) == one.slots
    assert every.slots % one.slots == 0
    assert every.copies == one.copies


def test_attributes_say_what_a_slot_is() -> None:
    layer = Conv(2, 4, kernel_size=3, stride=2, padding=1, groups=2)
    graph = tie_graph(destride(layer, (8,), order="phase"), "layer")
    # Position 2*0 + 2 - 1 = 1 = 2*0 + 1: phase 1, and the expanded kernel's taps start at -1.
    assert graph.nodes["v[3,1,1]"] == {
        "kind": "slot",
        "live": True,
        "index": (3, 1, 1),
        "tap": (1,),
        "output_phase": (0,),
        "input_phase": (1,),
        "output_channel": 3,
        "input_channel": 1,
    }
    assert list(graph.predecessors("v[3,1,1]")) == ["w[3,0,2]"]
    assert graph.graph["channel_order"] == "phase"


@pytest.mark.parametrize("fault", ["edge to another slot", "slot without parameter", "copy lost"])
def test_a_changed_graph_no_longer_has_the_counts(fault: str) -> None:
    expansion = destride(ConvTranspose(1, 1, kernel_size=4, stride=2), (6,), factor=2, factor_out=4)
    graph, expected = tie_graph(expansion), counts(expansion, "pair")
    check_counts(graph, expected)
    first, second = list(graph.edges("w[0,0,0]"))[:2]
    if fault == "edge to another slot":
        graph.remove_edge(*first)
        graph.add_edge("w[0,0,1]", first[1])
    elif fault == "slot without parameter":
        graph.remove_edge(*first)
        graph.add_edge(ZERO, first[1])
    else:
        graph.remove_node(second[1])
    with pytest.raises(SymconvError, match="does not have the counts of the closed form"):
        check_counts(graph, expected)


def test_a_huge_layer_is_counted_but_not_built() -> None:
    expansion = destride(Conv(4096, 4096, kernel_size=7, stride=2, padding=3), (1024, 1024))
    assert counts(expansion).slots == 4096 * 4096 * 64
    with pytest.raises(TooLarge, match="take scope='pair'"):
        tie_graph(expansion, "layer")
    assert len(tie_graph(expansion)) == 1 + 49 + 64
    assert describe_scope(expansion, "pair") == (
        "output channel 0 and input channel 0, one of 16777216 equal pairs"
    )


def test_the_stem_of_a_residual_network() -> None:
    expansion = destride(Conv(3, 64, kernel_size=7, stride=2, padding=3), (224, 224))
    assert counts(expansion) == Counts(9408, 12288, 9408, 2880, 1, 118013952, 154140672, 118013952)
