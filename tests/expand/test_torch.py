"""The expanded layer, run by PyTorch on phases, is the strided layer run by PyTorch, exactly.

Space-to-depth, the padding of phases and the depth-to-space are NumPy's and PyTorch's own; the only
thing taken from symconv besides the numbers of the expanded layer is `expand_weight`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from symconv.expand import Expansion, destride
from symconv.expand.maps import ORDERS, Order
from symconv.layer import ConvTranspose
from tests.helpers.requirements import require
from tests.helpers.strategies import Case, conv_cases, conv_transpose_cases, examples, legal
from tests.helpers.torch_layers import (
    flat_pads,
    function,
    tensor,
    torch_conv,
    torch_conv_transpose,
    zero_padded,
)

torch = require("torch")
F = torch.nn.functional
Array = NDArray[Any]
CASES = legal(conv_cases(largest_kernel=4) | conv_transpose_cases())


@st.composite
def expansions(draw: st.DrawFn) -> tuple[Case, Expansion]:
    """A case and an expansion of it with any factors, residual stride and channel order."""
    case = draw(CASES)
    layer = case.layer()
    residual, factors = [], []
    for window in layer.windows(case.size):
        divisors = [t for t in range(1, window.stride + 1) if window.stride % t == 0]
        residual.append(draw(st.sampled_from(divisors)))
        factors.append(window.base_dilation * residual[-1] * draw(st.integers(1, 2)))
    order: Order = draw(st.sampled_from(ORDERS))
    return case, destride(
        layer, case.size, factor_out=factors, residual_stride=residual, order=order
    )


def phases(x: Array, factors: tuple[int, ...], order: str, groups: int) -> Array:
    """Space-to-depth of ``(C, *N)`` by slicing, one phase at a time."""
    filled = np.pad(x, [(0, 0), *((0, -n % e) for n, e in zip(x.shape[1:], factors, strict=True))])
    parts = {
        r: filled[(slice(None), *(slice(a, None, e) for a, e in zip(r, factors, strict=True)))]
        for r in np.ndindex(*factors)
    }
    if order == "channel":
        return np.stack([parts[r][c] for c in range(len(x)) for r in parts])
    inner = len(x) // groups
    return np.stack(
        [parts[r][g * inner + c] for g in range(groups) for r in parts for c in range(inner)]
    )


def run_expanded(e: Expansion, x: Array, w: Array, bias: Array) -> Array:
    """The expanded layer in PyTorch, on phases of the input after its boundary padding."""
    layer, rank = e.layer, x.ndim - 1
    pads = [(axis.lo, axis.hi) for axis in e.axes]
    coarse = zero_padded(tensor(phases(x, e.factor_in, e.order, e.groups))[None], pads)
    kernel = tensor(e.expand_weight(w))
    spread = layer.dilation
    y = function("conv", rank)(coarse, kernel, None, layer.stride, 0, spread, layer.groups)[0]
    return np.asarray(y) + expanded_bias(e, bias).reshape(-1, *[1] * rank)


def expanded_bias(e: Expansion, bias: Array) -> Array:
    """One bias an original channel, tied over the output phases."""
    copies = int(np.prod(e.factor_out))
    if e.order == "channel":
        return np.repeat(bias, copies)
    return np.concatenate([np.tile(part, copies) for part in np.split(bias, e.groups)])


def check(case: Case, e: Expansion, seed: int) -> None:
    rng, layer = np.random.default_rng(seed), e.original
    x = rng.integers(-9, 10, (layer.in_channels, *case.size)).astype(float)
    w = rng.integers(-9, 10, e.weight_shape).astype(float)
    bias = rng.integers(-9, 10, layer.out_channels) * float(e.layer.bias)
    run = torch_conv_transpose if isinstance(layer, ConvTranspose) else torch_conv
    strided = run(case, x[None], w, bias)[0]
    padded = boundary(e, x)
    expected = phases(strided, e.factor_out, e.order, e.groups)
    found = run_expanded(e, padded, w, bias)
    live = phases(np.ones_like(strided), e.factor_out, e.order, e.groups) == 1
    assert found.shape == expected.shape
    assert np.array_equal(found[live], expected[live])


def boundary(e: Expansion, x: Array) -> Array:
    """Pads of another mode or value than zero, in front, by ``F.pad``."""
    mode = getattr(e.original, "padding_mode", "zeros")
    value = float(getattr(e.original, "padding_value", 0))
    if mode == "zeros" and value == 0:
        return x
    pads = [(w.lo, w.hi) for w in e.original.windows(e.input_size)]
    named = "constant" if mode == "zeros" else mode
    if named == "constant":
        return np.asarray(F.pad(tensor(x)[None], flat_pads(pads), named, value)[0])
    return np.asarray(F.pad(tensor(x)[None], flat_pads(pads), named)[0])


def test_a_crop_of_more_than_there_is_comes_behind_the_pad() -> None:
    """The expanded layer's one coarse sample gets zeros in front, and loses two at the end."""
    attributes = {
        "in_channels": 1,
        "out_channels": 1,
        "groups": 1,
        "bias": False,
        "kernel_size": (1,),
        "stride": (1,),
        "dilation": (1,),
        "padding": ((-3, 2),),
        "output_padding": (0,),
    }
    case = Case("conv_transpose", attributes, (1,))
    e = destride(case.layer(), case.size)
    assert (e.axes[0].lo, e.axes[0].hi, e.coarse_size) == (3, -2, (1,))
    check(case, e, 0)


@examples(400)
@given(expansions(), st.integers(0, 2**32 - 1))
def test_expanded_in_torch_is_strided_in_torch(pair: tuple[Case, Expansion], seed: int) -> None:
    check(*pair, seed)
