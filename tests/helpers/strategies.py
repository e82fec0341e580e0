"""The public strategies for layers, and what PyTorch can be asked for, legal or not."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from symconv.testing.strategies import (
    CLASSES,
    MODES,
    Case,
    Pairs,
    any_case,
    conv_cases,
    conv_transpose_cases,
    is_legal,
    least_size,
    legal,
    pairs,
    pool_cases,
)

__all__ = [
    "CLASSES",
    "MODES",
    "SMALL",
    "Case",
    "Pairs",
    "any_case",
    "conv_cases",
    "conv_transpose_cases",
    "examples",
    "is_legal",
    "least_size",
    "legal",
    "pairs",
    "pool_cases",
    "torch_requests",
]

SMALL = st.integers(-9, 9)


def _ints(rank: int, low: int, high: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[st.integers(low, high)] * rank)


def examples(count: int) -> settings:
    """So many examples, times SYMCONV_EXAMPLES, and in proportion fewer under a brief profile."""
    more = float(os.environ.get("SYMCONV_EXAMPLES", "1"))
    return settings(max_examples=max(1, int(count * more * settings().max_examples / 100)))


@st.composite
def torch_requests(draw: st.DrawFn) -> Case:
    """Attributes that PyTorch's constructors can be given, right or wrong, and an input size.

    Half of the requests have one attribute that no layer takes, or that fits none of the others.
    Left out is what symconv allows beyond PyTorch: pads that differ at the two ends, negative
    pads, and 'same' with a stride.
    """
    op = draw(st.sampled_from(sorted(CLASSES)))
    rank = draw(st.integers(1, 3))
    attributes = draw(st.fixed_dictionaries(_usual(op, rank)))
    if op == "conv" and set(attributes["stride"]) == {1} and draw(st.booleans()):
        attributes["padding"] = "same"
    if draw(st.booleans()):
        odd = {name: value for name, value in _odd(rank).items() if name in attributes}
        name = draw(st.sampled_from(sorted(odd)))
        attributes[name] = draw(odd[name])
    return Case(op, attributes, draw(_ints(rank, 1, 9)))


def _usual(op: str, rank: int) -> dict[str, st.SearchStrategy[Any]]:
    """Attributes that are right one by one, if not always together."""
    axis, flag = _ints(rank, 1, 4), st.booleans()
    count = st.sampled_from([2, 4])
    channels = {"in_channels": count, "out_channels": count, "groups": st.sampled_from([1, 2])}
    convolution = {**channels, "dilation": axis, "bias": flag}
    special: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "conv": {**convolution, "padding_mode": st.sampled_from(MODES)},
        "conv_transpose": {**convolution, "output_padding": _ints(rank, 0, 2)},
        "max_pool": {"dilation": axis, "ceil_mode": flag},
        "avg_pool": {"ceil_mode": flag, "count_include_pad": flag},
    }
    every = {"kernel_size": axis, "stride": axis, "padding": _ints(rank, 0, 2)}
    return {**every, **special[op]}


def _odd(rank: int) -> dict[str, st.SearchStrategy[Any]]:
    """Values that mostly are refused."""
    axis = _ints(rank, -1, 1)
    return {
        "kernel_size": axis,
        "stride": axis,
        "dilation": axis,
        "padding": _ints(rank, 2, 6),
        "output_padding": _ints(rank, 0, 5),
        "in_channels": st.integers(-1, 3),
        "out_channels": st.integers(-1, 3),
        "groups": st.integers(-1, 5),
        "padding_mode": st.just("mirror"),
    }
