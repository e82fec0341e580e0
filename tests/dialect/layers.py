"""Random layers in the layer format, legal by construction, and arbitrary JSON."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Layer = dict[str, Any]
SHARED = {"kernel_size": 3, "stride": 3, "dilation": 3}


@st.composite
def per_axis(draw: st.DrawFn, rank: int, least: int, most: int) -> int | list[int]:
    """One integer, or one per axis."""
    entry = st.integers(least, most)
    return draw(st.one_of(entry, st.lists(entry, min_size=rank, max_size=rank)))


def paddings(rank: int, least: int, most: int) -> st.SearchStrategy[Any]:
    """An int, ints, pairs, both, or a name."""
    entry = st.integers(least, most)
    mixed = st.one_of(entry, st.lists(entry, min_size=2, max_size=2))
    names = st.sampled_from(["valid", "same", "same_lower"])
    return st.one_of(entry, st.lists(mixed, min_size=rank, max_size=rank), names)


@st.composite
def convolutions(draw: st.DrawFn) -> Layer:
    """A convolution on an input large enough for any of its windows."""
    rank, groups = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    layer = _spatial(draw, rank, SHARED)
    layer |= {"op": "conv", "groups": groups, "padding": draw(paddings(rank, -2, 4))}
    layer |= _channels(draw, groups) | {"bias": draw(st.booleans())}
    layer["padding_mode"] = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    if layer["padding_mode"] == "zeros":
        layer["padding_value"] = draw(st.sampled_from([0, 1, -3, 0.5, "1/3"]))
    return layer


@st.composite
def transposed(draw: st.DrawFn) -> Layer:
    """A transposed convolution whose crops leave something."""
    rank, groups = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    layer = _spatial(draw, rank, SHARED | {"output_padding": 0})
    layer |= {"op": "conv_transpose", "groups": groups, "padding": draw(paddings(rank, -2, 2))}
    return layer | _channels(draw, groups) | {"bias": draw(st.booleans())}


@st.composite
def poolings(draw: st.DrawFn) -> Layer:
    """A max or average pooling, its channels under any of their names."""
    rank, channels = draw(st.integers(1, 3)), draw(st.integers(1, 9))
    op = draw(st.sampled_from(["max_pool", "avg_pool"]))
    layer = _spatial(draw, rank, SHARED if op == "max_pool" else {"kernel_size": 3, "stride": 3})
    layer["kernel_size"] = draw(per_axis(rank, 2, 4))
    names = draw(st.sets(st.sampled_from(["channels", "in_channels", "out_channels"]), min_size=1))
    layer |= dict.fromkeys(names, channels)
    layer |= {"op": op, "padding": draw(st.integers(0, 1)), "ceil_mode": draw(st.booleans())}
    return layer if op == "max_pool" else layer | {"count_include_pad": draw(st.booleans())}


def layers() -> st.SearchStrategy[Layer]:
    """Any layer."""
    return st.one_of(convolutions(), transposed(), poolings())


def _spatial(draw: st.DrawFn, rank: int, most: dict[str, int]) -> Layer:
    size = draw(st.lists(st.integers(15, 20), min_size=rank, max_size=rank))
    layer = {name: draw(per_axis(rank, min(1, top), top)) for name, top in most.items()}
    return layer | {"input_size": size}


def _channels(draw: st.DrawFn, groups: int) -> Layer:
    counts = [groups * draw(st.integers(1, 4)) for _ in range(2)]
    return {"in_channels": counts[0], "out_channels": counts[1]}


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON value, small."""
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 9),
        st.floats(),
        st.sampled_from(["same", "zeros", "reflect", "conv", "H", "", "3", "1/0"]),
        st.text(max_size=4),
    )
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=2)
        ),
        max_leaves=6,
    )
