"""Coq's definitions of layers and of their expansions, on a grid: torch's integers, and symconv's.

Coq computes the programs of `Values.v`, each proved there to be the definition that the kernel's
theorems speak of, with the numbers that symconv writes for the kernel.  torch is given the layer's
own attributes, and nothing that symconv found out about them.  Of the expansion every array is
compared with the package's own: phases, weight, bias, outputs, and the place of each output.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import prod
from typing import Any

import numpy as np
import pytest

from symconv.expand import Expansion
from symconv.expand.maps import ORDERS
from symconv.layer import AvgPool, MaxPool
from symconv.prove.kernel import library as coqlib
from symconv.prove.kernel.compiler import compile_text
from symconv.prove.kernel.text import Axis
from symconv.replay.layers import evaluate
from symconv.replay.steps import run_steps
from tests.helpers.coq_grids import HEAD, Array, Grid, Values, computed, lists, values
from tests.helpers.requirements import require_tool
from tests.helpers.strategies import Case
from tests.helpers.torch_layers import (
    function,
    per_axis,
    tensor,
    torch_avg_pool,
    torch_conv,
    torch_conv_native,
    torch_conv_transpose,
    torch_conv_transpose_native,
    torch_max_pool,
    torch_pool_native,
)

require_tool("coqc")

pytestmark = pytest.mark.once

Pads = int | str | tuple[tuple[int, int], ...]


def _pairs(padding: Pads, rank: int) -> str | tuple[tuple[int, int], ...]:
    return ((padding, padding),) * rank if isinstance(padding, int) else padding


def conv(
    size: tuple[int, ...],
    channels: tuple[int, int],
    kernel: tuple[int, ...],
    stride: Any = 1,
    padding: Pads = 0,
    *,
    asked: dict[str, Any] | None = None,
    **more: Any,
) -> Grid:
    """A convolution with these channels in and out, and what is asked of its expansion."""
    given = {
        "in_channels": channels[0],
        "out_channels": channels[1],
        "kernel_size": kernel,
        "stride": per_axis(stride, len(size)),
        "padding": _pairs(padding, len(size)),
        "dilation": 1,
        "groups": 1,
        "bias": True,
        "padding_mode": "zeros",
        "padding_value": 0,
    }
    return Grid(Case("conv", given | more, size), asked or {})


def transposed(
    size: tuple[int, ...],
    channels: tuple[int, int],
    kernel: tuple[int, ...],
    stride: Any = 1,
    padding: Pads = 0,
    *,
    asked: dict[str, Any] | None = None,
    **more: Any,
) -> Grid:
    """A transposed convolution, likewise."""
    given = {
        "in_channels": channels[0],
        "out_channels": channels[1],
        "kernel_size": kernel,
        "stride": per_axis(stride, len(size)),
        "padding": _pairs(padding, len(size)),
        "dilation": 1,
        "groups": 1,
        "bias": True,
        "output_padding": 0,
    }
    return Grid(Case("conv_transpose", given | more, size), asked or {})


def pool(
    op: str,
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: Any,
    padding: Pads = 0,
    *,
    asked: dict[str, Any] | None = None,
    **more: Any,
) -> Grid:
    """A pooling: ``max_pool`` or ``avg_pool``."""
    own: dict[str, Any] = (
        {"dilation": (1,) * len(size)} if op == "max_pool" else {"count_include_pad": True}
    )
    given = {
        "kernel_size": kernel,
        "stride": per_axis(stride, len(size)),
        "ceil_mode": False,
        "padding": _pairs(padding, len(size)),
        "channels": 1,
    }
    return Grid(Case(op, given | own | more, size), asked or {})


CASES = {
    "plain": conv((7,), (1, 1), (3,)),
    "stride 2": conv((8,), (2, 3), (3,), 2, 1),
    "pads that differ": conv((7,), (2, 2), (4,), 3, ((3, 1),)),
    "negative pads": conv((9,), (1, 2), (3,), 2, ((-2, -1),)),
    "a crop and a pad": conv((9,), (2, 1), (2,), 3, ((-1, 4),), dilation=2),
    "dilation and stride": conv((12,), (2, 1), (3,), 2, 2, dilation=3),
    "a stride that the dilation divides": conv((11,), (1, 1), (3,), 4, ((1, 2),), dilation=2),
    "stride above the kernel": conv((11,), (2, 1), (2,), 5),
    "a kernel of one tap": conv((6,), (1, 1), (1,), 3, ((2, 0),)),
    "a kernel larger than the input": conv((3,), (2, 1), (5,), 2, ((2, 3),)),
    "one sample": conv((1,), (1, 1), (4,), 2, ((3, 2),)),
    "without a bias": conv((8,), (1, 2), (3,), 2, bias=False),
    "a stride that stays": conv((11,), (2, 1), (3,), 4, 1, asked={"residual_stride": 2}),
    "phases of the output": conv((10,), (2, 2), (3,), 2, 1, asked={"factor_out": 3}),
    "two groups": conv((7,), (4, 6), (3,), 2, 1, groups=2),
    "depthwise": conv((8,), (3, 6), (3,), 2, 1, groups=3),
    "groups with phases of the output": conv(
        (9,), (4, 4), (2,), 2, ((1, 0),), groups=2, asked={"factor_out": 2}
    ),
    "same, even": conv((8,), (1, 1), (3,), 2, "same"),
    "same, odd": conv((7,), (1, 1), (3,), 2, "same"),
    "same, even kernel": conv((7,), (1, 1), (4,), 3, "same"),
    "same_lower, even": conv((8,), (1, 1), (3,), 2, "same_lower"),
    "same_lower, odd": conv((9,), (1, 1), (4,), 2, "same_lower", dilation=2),
    "same, torch's own": conv((6,), (2, 1), (4,), 1, "same"),
    "same, images": conv((5, 6), (2, 1), (3, 2), (2, 3), "same"),
    "images": conv((5, 6), (2, 3), (3, 2), (2, 3), ((1, 1), (0, 2)), dilation=(1, 2)),
    "images, cropped": conv((6, 5), (1, 2), (2, 2), (1, 2), ((-1, 0), (2, -1)), dilation=(2, 1)),
    "images in groups": conv((5, 4), (4, 4), (3, 2), 2, 1, groups=2),
    "volumes": conv((3, 4, 3), (2, 1), (2, 3, 1), (2, 1, 2), ((0, 1), (1, 1), (0, 0))),
    "reflect": conv((6,), (2, 1), (3,), 2, ((3, 1),), padding_mode="reflect"),
    "replicate": conv((5,), (1, 2), (4,), 3, ((1, 6),), padding_mode="replicate"),
    "circular": conv((5,), (2, 1), (3,), 2, ((2, 5),), padding_mode="circular"),
    "reflect, images": conv((4, 5), (1, 2), (3, 2), 2, ((1, 2), (3, 0)), padding_mode="reflect"),
    "replicate, images": conv(
        (3, 4), (2, 2), (2, 3), (2, 1), ((0, 3), (2, 1)), padding_mode="replicate", groups=2
    ),
    "circular, images": conv((4, 3), (1, 1), (2, 3), 2, ((1, 4), (2, 0)), padding_mode="circular"),
    "circular with a crop": conv((6,), (1, 1), (3,), 2, ((-1, 4),), padding_mode="circular"),
    "circular, cropped behind": conv((7,), (1, 1), (2,), 2, ((3, -2),), padding_mode="circular"),
    "reflect with a crop": conv((7,), (1, 1), (2,), 2, ((-2, 3),), padding_mode="reflect"),
    "replicate with a crop": conv((6,), (1, 1), (2,), 2, ((2, -3),), padding_mode="replicate"),
    "pads of a value": conv((6,), (2, 2), (3,), 2, ((2, 1),), padding_value=-5),
    "pads of a value, images": conv(
        (4, 5), (1, 2), (2, 3), (2, 2), ((1, 0), (2, -1)), padding_value=7
    ),
    "transposed": transposed((4,), (2, 1), (3,), 2, 1, output_padding=1),
    "transposed, holes": transposed((4,), (1, 2), (2,), 4),
    "transposed, dilated": transposed((3,), (1, 1), (3,), 3, 2, dilation=2, output_padding=2),
    "transposed, crops that differ": transposed((4,), (2, 2), (4,), 2, ((0, 3),)),
    "transposed, longer": transposed((3,), (1, 1), (3,), 2, ((-1, -2),)),
    "transposed, three channels of images": transposed(
        (3, 2), (3, 3), (2, 3), (2, 3), ((0, 0), (1, 1)), output_padding=(0, 1)
    ),
    "transposed, dilated images": transposed(
        (2, 3), (3, 2), (3, 2), (2, 1), ((1, 2), (0, 1)), dilation=(2, 3), output_padding=(1, 0)
    ),
    "transposed in groups": transposed((3,), (4, 6), (3,), 2, 1, groups=2),
    "transposed, images in groups": transposed((2, 3), (4, 4), (2, 2), 2, groups=2),
    "transposed, depthwise": transposed((4,), (3, 3), (4,), 2, 1, groups=3),
    "transposed, same": transposed((4,), (1, 1), (3,), 2, "same"),
    "transposed volumes": transposed((2, 1, 2), (1, 2), (2, 2, 1), (2, 1, 2)),
    "transposed, phases of the input": transposed(
        (4,), (2, 1), (3,), 3, 1, asked={"factor": 2, "factor_out": 6}
    ),
    "maximum": pool("max_pool", (9,), (3,), 2, 1, channels=2),
    "maximum, last window cut": pool("max_pool", (8,), (3,), 2, ceil_mode=True),
    "maximum, no window in the pad": pool("max_pool", (4,), (2,), 3, 1, ceil_mode=True),
    "maximum, pads that differ": pool("max_pool", (7,), (4,), 3, ((2, 1),)),
    "maximum of nothing": pool("max_pool", (2,), (2,), 1, 1, dilation=(3,)),
    "maximum, dilated images": pool(
        "max_pool", (6, 7), (2, 3), (2, 1), ((1, 1), (0, 0)), dilation=(1, 2)
    ),
    "maximum, images, last window cut": pool(
        "max_pool", (6, 5), (3, 2), (2, 3), 1, channels=2, ceil_mode=True
    ),
    "maximum of volumes": pool("max_pool", (3, 2, 4), (2, 2, 3), (2, 1, 2), 1, ceil_mode=True),
    "average": pool("avg_pool", (7,), (3,), 2, 1, channels=2),
    "average, samples alone": pool("avg_pool", (7,), (3,), 2, 1, count_include_pad=False),
    "average, pads that differ": pool("avg_pool", (6,), (5,), 2, ((2, 1),), ceil_mode=True),
    "average, a crop": pool(
        "avg_pool", (7, 6), (2, 3), 2, ((-1, 0), (1, -1)), count_include_pad=False
    ),
    "average, last window cut": pool("avg_pool", (8,), (3,), 2, 1, ceil_mode=True),
    "average, last window cut, samples alone": pool(
        "avg_pool", (8,), (3,), 2, 1, ceil_mode=True, count_include_pad=False
    ),
    "average of images": pool(
        "avg_pool", (5, 6), (3, 4), (2, 3), ((1, 1), (2, 2)), ceil_mode=True, channels=2
    ),
    "average of images, samples alone": pool(
        "avg_pool", (5, 4), (2, 3), (2, 2), 1, ceil_mode=True, count_include_pad=False
    ),
    "average of volumes": pool("avg_pool", (3, 2, 3), (2, 2, 3), 2, 1, count_include_pad=False),
}


def pads_one_more(text: str) -> str:
    """The low pad of the layer's first axis, one more than it is."""
    return re.sub(
        r"(?<=the_layer : numbers := )(.*?Axis \d+ \d+ \d+ \d+ )(\d+)%:Z",
        lambda found: f"{found[1]}{int(found[2]) + 1}%:Z",
        text,
        count=1,
        flags=re.DOTALL,
    )


def orders_swapped(text: str) -> str:
    return (
        text.replace("by_phase", "by_?")
        .replace("by_channel", "by_phase")
        .replace("by_?", "by_channel")
    )


def channels_swapped(text: str) -> str:
    """The weight read as if its first two axes were in each other's place."""
    return re.sub(r"(weight_of_list 0%R \[:: )(\d+); (\d+)", r"\1\3; \2", text)


def tap_moved(text: str) -> str:
    """The first row of the first table, with its tap on another one."""
    return re.sub(
        r"(\[:: \(\(0, 0\), \(\d+, )(\d+)", lambda r: f"{r[1]}{int(r[2]) + 1}", text, count=1
    )


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


def in_both(*parts: str) -> set[str]:
    """The parts' names in both channel orders."""
    return {f"{part}, by {order}" for part in parts for order in ORDERS}


FAULTS: dict[str, tuple[str, Callable[[str], str], set[str]]] = {
    "a pad": ("two groups", pads_one_more, {"values"}),
    "a crop": ("transposed", pads_one_more, {"values", "outputs"} | in_both("places", "read")),
    "the order of channels": (
        "groups with phases of the output",
        orders_swapped,
        in_both("phases", "weight", "bias", "expanded", "places"),
    ),
    "the weight's layout": (
        "transposed, dilated images",
        channels_swapped,
        {"values"} | in_both("weight", "expanded", "read"),
    ),
    "where a tap lands": ("stride 2", tap_moved, in_both("weight", "expanded", "read")),
    "the mode": (
        "reflect",
        replaced("reflect_mode", "replicate"),
        {"values"} | in_both("phases", "expanded", "read"),
    ),
    "what is counted": (
        "average, last window cut",
        replaced("the_layer true", "the_layer false"),
        {"values"},
    ),
    "a maximum with zero": (
        "maximum",
        replaced("the_layer x))", "the_layer (fun c v => maxo (x c v) (Some 0%R))))"),
        {"values"},
    ),
}
"""What is changed in Coq's text of a case, and the parts that are then other than expected."""


@cache
def answers() -> dict[str, dict[str, Values]]:
    """All cases and all faults in one run of coqc."""
    planted = {
        f"fault in {name}": Grid(CASES[case].case, CASES[case].asked, change)
        for name, (case, change, _) in FAULTS.items()
    }
    return computed(CASES | planted)


def in_torch(grid: Grid) -> list[Array]:
    """torch's own evaluations: with its pads as arguments where it has such, and by ``F.pad``."""
    case, (x, w, b) = grid.case, grid.arrays()
    if case.op == "conv":
        found = [run(case, x[None], w, b) for run in (torch_conv, torch_conv_native)]
    elif case.op == "conv_transpose":
        both = (torch_conv_transpose, torch_conv_transpose_native)
        found = [run(case, x[None], w, b) for run in both]
    else:
        padded = torch_max_pool if case.op == "max_pool" else torch_avg_pool
        found = [torch_pool_native(case, x[None]), padded(case, x[None])]
    return [array[0] for array in found if array is not None]


def rationals(array: Array) -> list[Fraction]:
    """What torch's doubles stand for: divisors are small."""
    return [Fraction(v).limit_denominator(1000) for v in array.ravel().tolist()]


def in_python(grid: Grid) -> Array:
    """symconv's evaluation of the layer itself, from its tables."""
    layer, (x, w, b) = grid.case.layer(), grid.arrays()
    rank = len(grid.case.size)
    if isinstance(layer, MaxPool):
        return evaluate(layer, x.astype(float), rank=rank)
    if isinstance(layer, AvgPool):
        return evaluate(layer, x, rank=rank)
    return evaluate(layer, x, w, b if layer.bias else None, rank=rank)


def packaged(grid: Grid, order: str) -> dict[str, Values]:
    """The package's own arrays of an expansion, made by its steps."""
    e, (x, w, b) = grid.expansion(order), grid.arrays()
    named = {"w_phases": e.expand_weight(w), "b_phases": run_steps(e.bias_map, b)}
    phases = run_steps(e.input_map, x.astype(object))
    arrays = {
        "phases": phases,
        "weight": spread_out(e, named["w_phases"]),
        "bias": named["b_phases"],
        "expanded": run_steps((e.expanded_step(),), phases, named.__getitem__),
        "places": places(e),
    }
    return {f"{part}, by {order}": values(array) for part, array in arrays.items()}


def spread_out(e: Expansion, weight: Array) -> Array:
    """The expanded weight with zeros between its taps, where an axis has kept its dilation.

    The library's expansions have no dilation.
    """
    found = np.zeros((*weight.shape[:2], *(axis.span for axis in e.axes)), dtype=weight.dtype)
    taps: tuple[Any, ...] = (..., *(slice(None, None, axis.dilation) for axis in e.axes))
    found[taps] = weight
    return found


def places(e: Expansion) -> Array:
    """Channel and position of each output in the expanded layer's output, by the output map."""
    shape = expanded_shape(e)
    numbered = np.arange(prod(shape)).reshape(shape)
    return np.stack(np.unravel_index(run_steps(e.output_merge, numbered).ravel(), shape), 1)


def expanded_shape(e: Expansion) -> tuple[int, ...]:
    return (e.layer.out_channels, *(axis.coarse_output for axis in e.axes))


def read(grid: Grid, order: str, found: dict[str, Values]) -> Values:
    """Coq's expanded outputs at Coq's places."""
    shape = expanded_shape(grid.expansion(order))
    outputs = np.array(found[f"expanded, by {order}"], dtype=object).reshape(shape)
    index = np.array(found[f"places, by {order}"]).reshape(-1, len(shape)).T
    return list(outputs[tuple(index)])


def differing(grid: Grid, found: dict[str, Values]) -> dict[str, tuple[Any, Any]]:
    """The parts of Coq's answer that are not torch's, or not the package's, with both."""
    expected = dict[str, Any](torch_says(grid))
    answered = dict[str, Any](found)
    for order in ORDERS:
        expected |= packaged(grid, order)
        expected[f"read, by {order}"] = expected["values"]
        answered[f"read, by {order}"] = divided(read(grid, order, found), found)
    if "divisors" in found:
        answered["values"] = paired(found["values"])
        del answered["divisors"]
    assert answered.keys() == expected.keys()
    return {k: (answered[k], expected[k]) for k in expected if answered[k] != expected[k]}


def torch_says(grid: Grid) -> dict[str, Any]:
    first, *others = in_torch(grid)
    assert all(np.array_equal(first, other) for other in others)
    exact = rationals(first) if grid.case.op == "avg_pool" else values(first)
    says: dict[str, Any] = {"values": exact, "outputs": list(first.shape[1:])}
    if grid.case.attributes.get("ceil_mode"):
        says["outputs of ceil mode"] = says["outputs"]
    return says


def paired(printed: Values) -> list[Fraction]:
    """Numerators and denominators by turns."""
    return [Fraction(n or 0, d or 0) for n, d in zip(printed[::2], printed[1::2], strict=True)]


def divided(sums: Values, found: dict[str, Values]) -> list[Any]:
    """The sums of an average, each by its divisor; other values as they are."""
    if "divisors" not in found:
        return list(sums)
    return [Fraction(n or 0, d or 0) for n, d in zip(sums, found["divisors"], strict=True)]


@pytest.mark.parametrize("name", CASES)
def test_coq_torch_and_the_package_have_the_same_values(name: str) -> None:
    grid = CASES[name]
    assert differing(grid, answers()[name]) == {}
    assert np.array_equal(in_python(grid).astype(float), in_torch(grid)[0])


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_coqs_numbers_gives_other_values(name: str) -> None:
    case, _, wrong = FAULTS[name]
    assert differing(CASES[case], answers()[f"fault in {name}"]).keys() == wrong


REFUSED = {
    "kernel larger than the input": (Axis(5, 1, 1, 1, 0, False, 3, 1), 5, 1, 1),
    "kernel larger, dilated": (Axis(2, 3, 7, 1, 0, False, 4, 0), 2, 3, 7),
    "kernel much larger": (Axis(6, 4, 2, 1, 0, False, 2, 0), 6, 4, 2),
}


def test_where_coq_counts_no_output_torch_refuses() -> None:
    texts = [f"integers [:: outputs (window_of ({axis.text()}))]" for axis, *_ in REFUSED.values()]
    run = compile_text(
        HEAD + "".join(f"Eval vm_compute in {t}.\n" for t in texts), coqlib.library()
    )
    assert run.accepted, run.output
    counts = [n or 0 for (n,) in lists(run.output)]
    assert max(counts) < 1
    for axis, kernel, stride, dilation in REFUSED.values():
        x = np.pad(np.ones((1, 1, axis.samples)), ((0, 0), (0, 0), (axis.low, axis.high)))
        with pytest.raises(RuntimeError):
            function("conv", 1)(
                tensor(x), tensor(np.ones((1, 1, kernel))), None, stride, 0, dilation
            )
