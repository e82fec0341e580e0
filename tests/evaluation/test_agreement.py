"""Where the second voice looks, with which chance, at what cost, and when it gives up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symconv import AvgPool, Conv, ConvTranspose, MaxPool, destride, prove
from symconv.claim import Claim, read_claim
from symconv.claim.steps import ScaleAll
from symconv.errors import TooLarge
from symconv.evaluation import Difference, Evaluation, agreement, evaluate_sides
from symconv.evaluation.agreement import BITS
from symconv.evaluation.graph import Budget, Graph
from symconv.evaluation.hashing import is_prime, primes
from symconv.evaluation.numbers import Integers, Modular, Overflow
from symconv.network import NetworkExpansion, chain

Text = dict[str, Any]


def seen(claim: Claim) -> Evaluation:
    found = evaluate_sides(claim)
    assert isinstance(found, Evaluation), found
    return found


def identity(left: list[Text], right: list[Text], size: list[int], **weights: Any) -> Claim:
    return read_claim(
        {"input": {"channels": 2, "size": size}, "weights": weights, "left": left, "right": right}
    )


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        (Conv(3, 64, 7, 2, 3), (224, 224)),
        (Conv(2, 2, 3, 2, 1), (9, 8, 7)),
        (Conv(1, 1, 10, 5), (10**8,)),
        (Conv(4096, 4096, 3, 2, 1), (28, 28)),
        (Conv(10**6, 10**6, 1, 2), (6,)),
        (Conv(64, 64, 3, 2, 1, groups=64), (56, 56)),
        (ConvTranspose(32, 16, 4, 2, 1), (56, 56)),
        (AvgPool(3, 2, 1, count_include_pad=False), (112, 112)),
    ],
)
def test_any_size_and_any_channels(layer: Any, size: tuple[int, ...]) -> None:
    found = seen(destride(layer, size).claim())
    assert found.outputs >= 5
    assert found.chance is not None
    assert int(found.chance.removeprefix("2^-")) >= BITS


def test_all_outputs_are_seen_where_they_are_few() -> None:
    flips = [{"op": "flip", "axes": [1]}] * 2
    assert seen(identity(flips, [], [31])).full == 62


def test_maxima_are_seen_over_integers() -> None:
    found = seen(destride(MaxPool(3, 2, 1, channels=8), (30, 30)).claim())
    assert (found.primes, found.chance, found.points) == (None, None, 16)


@pytest.mark.parametrize(
    "layer",
    [
        Conv(512, 512, 3, padding=1),
        Conv(512, 256, 3, padding=1, groups=32),
        Conv(512, 1024, 3, padding=1, groups=512),
        ConvTranspose(512, 384, 3, padding=1),
        AvgPool(3, 1, 1, channels=512),
    ],
)
def test_few_channels_show_a_difference(layer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where data and weights are thinned apart from each other, all products would be zero."""
    monkeypatch.setattr(agreement, "_FULL", ())
    claim = destride(layer, (14, 14)).claim()
    assert isinstance(evaluate_sides(claim), Evaluation)
    doubled = replace(claim, right=(*claim.right, ScaleAll(2)))
    assert all(isinstance(evaluate_sides(doubled), Difference) for _ in range(5))


def test_a_mean_of_millions_is_seen() -> None:
    claim = destride(AvgPool(2560, 2560, ceil_mode=True), (2560, 2560)).claim()
    assert seen(claim).thinned == 1
    assert isinstance(evaluate_sides(replace(claim, right=claim.left[:0])), Difference)
    short = replace(claim, right=(*claim.right, ScaleAll("6553600/6553599")))
    assert isinstance(evaluate_sides(short), Difference)


def test_a_value_that_one_maximum_reads_alone_is_seen() -> None:
    wide = {"op": "max_pool", "kernel_size": [12], "stride": [1]}
    first = {"op": "slice", "axis": 1, "start": 0, "stop": 11}
    narrow = {"op": "max_pool", "kernel_size": [11], "stride": [1]}
    claim = identity([wide], [first, narrow], [12])
    assert all(isinstance(evaluate_sides(claim), Difference) for _ in range(100))


def test_wide_layers_are_thinned_beside_what_is_full() -> None:
    found = seen(destride(Conv(512, 512, 3, 2, 1), (28, 28)).claim())
    assert found.thinned == 4
    assert 0 < found.full < found.outputs


def test_degrees_ask_for_points() -> None:
    """A product of many weights: the chance stays below the bound, by more primes if need be."""
    step = [{"op": "conv", "weight": "w", "groups": 2}]
    found = seen(identity(step * 60, step * 60, [4], w={"shape": [2, 1, 1]}))
    assert found.degree == 61
    assert found.chance is not None
    assert int(found.chance.removeprefix("2^-")) >= BITS


def test_deep_chains_are_looked_at_from_afar() -> None:
    layers: list[Any] = [
        layer
        for _ in range(4)
        for layer in (
            Conv(16, 16, 3, 1, 1),
            "relu",
            Conv(16, 16, 3, 1, 1),
            "relu",
            MaxPool(2, 2, channels=16),
        )
    ]
    net = chain("deep", layers, (64, 64))
    found = seen(NetworkExpansion(net).claim())
    assert found.outputs > 0


def test_functions_of_one_name_are_one_function() -> None:
    f, g, flip = ({"op": "pointwise", "function": n} for n in ("f", "g", "f"))
    turn = {"op": "flip", "axes": [1]}
    assert isinstance(evaluate_sides(identity([f, turn], [turn, flip], [5])), Evaluation)
    assert isinstance(evaluate_sides(identity([f, turn], [turn, g], [5])), Difference)


@pytest.mark.parametrize(("function", "holds"), [("relu", True), ("sigmoid", False), ("f", False)])
def test_zero_is_kept_by_what_keeps_it(function: str, holds: bool) -> None:
    step = {"op": "pointwise", "function": function}
    pad = {"op": "pad", "padding": [[0, 0], [1, 2]]}
    found = evaluate_sides(identity([step, pad], [pad, step], [5]))
    assert isinstance(found, Evaluation) == holds


@pytest.mark.parametrize("position", [0, 1, 137, 498, 499])
def test_a_mask_anywhere_is_seen(position: int) -> None:
    keep = [n != position for n in range(500)]
    mask = {"op": "mask", "keep": [None, [int(k) for k in keep]]}
    assert isinstance(evaluate_sides(identity([mask], [], [500])), Difference)


def test_residues_multiply_exactly() -> None:
    numbers = Modular(3)
    rng = np.random.default_rng(0)
    a, b = (
        numbers.drawn(rng.integers(0, 2**63, shape).astype(np.uint64))
        for shape in ((3, 2, 70_000), (3, 70_000, 2))
    )
    found = numbers.matmul(a, b)
    for point, p in enumerate(primes(3)):
        wanted = a[point].astype(object) @ b[point].astype(object) % p
        assert (found[point] == wanted).all()
        assert is_prime(p)


def test_integers_say_when_they_are_no_longer_exact() -> None:
    numbers = Integers(50)
    wide = np.full((4, 1, 2), 2.0**40)
    with pytest.raises(Overflow):
        numbers.matmul(wide, np.full((4, 2, 1), 2.0**13))
    assert (numbers.matmul(wide, np.full((4, 2, 1), 2.0**11)) == 2.0**52).all()


def test_a_budget_is_spent_before_anything_is_made() -> None:
    budget = Budget(1000)
    with pytest.raises(TooLarge):
        budget.positions(10**12)
    assert Graph().count == 0


def test_steps_that_do_not_fit_are_a_difference() -> None:
    claim = identity([{"op": "conv", "weight": "w"}], [], [5], w={"shape": [2, 3, 1]})
    found = evaluate_sides(claim)
    assert isinstance(found, Difference)
    assert "3 channels are read, there are 2" in found.words


def masked(size: int, *holes: int) -> Text:
    return {"op": "mask", "keep": [None, [0 if i in holes else 1 for i in range(size)]]}


@pytest.mark.parametrize("size", [40, 400, 2000])
def test_one_value_of_all_is_missed_by_none(size: int) -> None:
    for hole in (0, 1, size // 3, size // 2, size - 2, size - 1):
        claim = identity([], [masked(size, hole)], [size])
        assert isinstance(evaluate_sides(claim), Difference), hole


def test_holes_among_many_are_scanned() -> None:
    holes = range(1, 400, 27)
    wide: Text = {"op": "tile", "repeats": [1, 1, 60]}
    for lost in (55, 190, 298):
        keeps = [masked(400, *holes), masked(400, *(h for h in holes if h != lost))]
        sides = [[{**mask, "keep": [*mask["keep"], None]}, wide] for mask in keeps]
        claim = identity(sides[0], sides[1], [400, 60])
        found = [isinstance(evaluate_sides(claim), Difference) for _ in range(3)]
        assert all(found), lost


def test_one_tap_of_a_wide_maximum_is_seen() -> None:
    whole = [None, None, None]
    wide: list[Text] = [{"op": "max_pool", "kernel_size": [81], "stride": 1}]
    narrow: list[Text] = [
        {"op": "max_pool", "kernel_size": [80], "stride": 1},
        {"op": "slice", "slices": [whole, [0, -1, None]]},
    ]
    for _ in range(5):
        assert isinstance(evaluate_sides(identity(wide, narrow, [200])), Difference)


@pytest.mark.parametrize("size", [(2560, 2560), (2561, 1), ("H", "W")])
def test_a_pooler_wider_than_its_input_is_proved(size: tuple[int | str, ...]) -> None:
    """EfficientNet's, as its model files say it: the average of all, rounded up."""
    pooler = AvgPool(2560, 2560, ceil_mode=True, channels=3)
    assert prove(pooler, size, symbolic=False).verdict == "proved"


@pytest.mark.parametrize("bias", [None, "b"])
@pytest.mark.parametrize("channels", [3, 64, 512])
@pytest.mark.parametrize(("size", "stride"), [([200], 16), ([14, 14], 9)])
def test_shifts_between_the_holes_of_a_transposed_kernel_are_seen(
    size: list[int], stride: int, channels: int, bias: Any
) -> None:
    """Most outputs read nothing: looking at these alone shows no difference."""
    rank = len(size)
    step = {"op": "conv_transpose", "weight": "w", "stride": stride, "bias": bias}
    left, right = ({**step, "padding": [pads] * rank} for pads in ([3, 4], [4, 3]))
    weights = {"w": {"shape": [channels, channels, *[1] * rank]}, "b": {"shape": [channels]}}
    source = {"channels": channels, "size": size}
    sides = {"left": [left], "right": [right]}
    claim = read_claim({"input": source, "weights": weights, **sides})
    assert all(isinstance(evaluate_sides(claim), Difference) for _ in range(20))
