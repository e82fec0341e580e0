"""Windows of named sizes: every formula at numbers is the formula with names at those numbers."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from symconv import AvgPool, Conv, MaxPool
from symconv.errors import ClaimError, LayerError
from symconv.layer import AnyLayer
from symconv.layer.padding import same_lows, same_pair
from symconv.layer.window import Window
from symconv.size.expr import named, names_of, size_at, values_of
from tests.helpers.planted import random_layer

SIZES = range(1, 25)
N: Any = named("N")


def at_numbers(layer: AnyLayer, size: tuple[int, ...]) -> tuple[Window, ...] | None:
    """The windows at this size, where it is legal."""
    try:
        return layer.windows(size)
    except LayerError:
        return None


def at_names(layer: AnyLayer, size: tuple[int, ...]) -> tuple[Window, ...] | None:
    """The windows of named sizes, at this size."""
    names = [f"n{axis}" for axis in range(len(size))]
    values = dict(zip(names, size, strict=True))
    try:
        windows = layer.windows(names)
    except LayerError:
        return None  # it is legal at no size
    held = [r.condition.holds(values) for w in windows for r in w.requirements]
    try:
        found = tuple(w.at(values) for w in windows)
    except LayerError:
        assert not all(held)
        return None
    assert all(held)
    for window, number in zip(windows, found, strict=True):
        assert size_at(window.output, values) == number.output
        assert size_at(window.padded_size, values) == number.padded_size
        least, greatest = window.lows or (number.lo, number.lo)
        assert least <= number.lo <= greatest
    return found


def agree(layer: AnyLayer, rank: int) -> None:
    """Both formulas agree at small sizes, on windows, outputs, pads and divisors."""
    for n in SIZES:
        size = tuple((n + 3 * axis) % len(SIZES) + 1 for axis in range(rank))
        numbers = at_numbers(layer, size)
        assert numbers == at_names(layer, size), (layer, size)
        if numbers is not None and isinstance(layer, AvgPool):
            counts_agree(layer, size)


def counts_agree(layer: AvgPool, size: tuple[int, ...]) -> None:
    """The divisors of both formulas, and whether they differ from the number of taps."""
    names = [f"n{axis}" for axis in range(len(size))]
    values: dict[str, Any] = dict(zip(names, size, strict=True))
    counts = layer.counts(names, named("i"))
    for axis, scales in enumerate(layer.scales(size)):
        found = [size_at(counts[axis], {**values, "i": o}) for o in range(len(scales))]
        assert found == [1 / scale for scale in scales], (layer, size)
        if layer.one_divisor(len(size)) is not None:
            assert set(found) == {layer.per_axis("kernel_size", len(size))[axis]}


@pytest.mark.parametrize("seed", range(6))
def test_random_layers(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        layer, size = random_layer(rng)
        agree(layer, len(size))


def test_a_fault_at_one_residue_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """'same' off by one where the size is 3 modulo 4, in the formula with names alone."""

    def wrong(name: str, size: Any, span: Any, stride: int) -> tuple[Any, Any]:
        lo, hi = same_pair(name, size, span, stride)
        return (lo, hi) if isinstance(size, int) else (lo, hi + size % 4 // 3)

    layer = Conv(1, 1, (3,), 4, "same")
    agree(layer, 1)
    monkeypatch.setattr("symconv.layer.base.same_pair", wrong)
    with pytest.raises(AssertionError):
        agree(layer, 1)


@pytest.mark.parametrize("name", ["same", "same_lower"])
def test_same_is_exact_at_every_residue(name: str) -> None:
    for stride in range(1, 10):
        for span in range(1, 12):
            totals = [max((-(-n // stride) - 1) * stride + span - n, 0) for n in range(1, 60)]
            wanted = [(t // 2, t - t // 2)[:: 1 if name == "same" else -1] for t in totals]
            assert [same_pair(name, n, span, stride) for n in range(1, 60)] == wanted
            lo, hi = same_pair(name, N, span, stride)
            assert [(size_at(lo, {"N": n}), size_at(hi, {"N": n})) for n in range(1, 60)] == wanted
            lows = sorted({low for low, _ in wanted})
            assert (lows[0], lows[-1]) == same_lows(name, span, stride)
            assert list(values_of(lo)) == lows


def test_where_a_window_spans_its_stride_same_needs_no_maximum() -> None:
    lo, hi = same_pair("same", N, 3, 2)
    assert "max" not in f"{lo} {hi}"
    assert "max" in str(same_pair("same", N, 1, 2)[1])


def test_numbers_and_names_may_be_mixed() -> None:
    layer = Conv(1, 1, 3, stride=2, padding=1)
    number, name = layer.windows((224, "W"))
    assert (number.output, str(name.output)) == (112, "((W + 1) // 2)")
    assert layer.windows((224, named("W"))) == (number, name)
    assert str(layer.output_size(("2*M", 7))[0]) == "M"
    assert names_of(*layer.output_size(("H", "(W + 1) // 2"))) == ("H", "W")


@pytest.mark.parametrize("size", ["", "7", "N +", ["N", 0], ["3"], [True], [1.5], []])
def test_what_is_no_size_is_refused(size: Any) -> None:
    with pytest.raises((LayerError, ClaimError), match=r"input_size must hold|not a size expr"):
        Conv(1, 1, 3, padding=1).windows(size)


def test_what_holds_at_no_size_is_refused_at_once() -> None:
    with pytest.raises(LayerError, match="pads at most half of its kernel"):
        MaxPool(3, padding=2).windows(("N",))


def test_a_table_needs_numbers() -> None:
    (window,) = Conv(1, 1, 3, stride=2, padding="same").windows(("N",))
    with pytest.raises(ClaimError, match=r"^the size .* is named where a number is needed"):
        window.table()
    (number,) = Conv(1, 1, 3, stride=2, padding="same").windows((9,))
    assert np.array_equal(window.at({"N": 9}).table(), number.table())
    with pytest.raises(LayerError, match="at N = 1: ceil_mode's last window hangs"):
        MaxPool((2,), 4, ((0, -1),), True).windows(("N",))[0].at({"N": 1})
