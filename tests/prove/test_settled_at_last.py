"""Claims and chains that were once settled wrongly, not at all, or by an error of Python's own."""

from __future__ import annotations

from typing import Any

import pytest

import symconv
from symconv import AvgPool, Conv, ConvTranspose, MaxPool, check, destride
from symconv.claim.verdict import Certificate, Refuted
from symconv.errors import ClaimError, FactorError
from symconv.network import chain
from symconv.prove.network.decide import decide_network
from tests.helpers.networks import everywhere

Text = dict[str, Any]
FLIP: Text = {"op": "flip", "axes": [1]}
RELU: Text = {"op": "relu"}
ALL = [None, None, None]
MEAN = AvgPool(3, 1, 1, count_include_pad=False)


def claim(left: list[Text], right: list[Text], size: Any, channels: int = 1, **more: Any) -> Text:
    return {"input": {"channels": channels, "size": [size]}, "left": left, "right": right, **more}


def rearranged(pattern: str, **sizes: int) -> Text:
    return {"op": "rearrange", "pattern": pattern, **sizes}


@pytest.mark.parametrize("size", ["2*N", "N + N"])
def test_sizes_below_one_are_not_asked(size: str) -> None:
    spread: list[Text] = [
        {"op": "dilate", "dilation": [1, 2]},
        {"op": "pad", "padding": [[0, 0], [0, 1]]},
    ]
    zeros: Text = {
        "op": "concat",
        "axis": 0,
        "branches": [[], [{"op": "mask", "keep": [[0], None]}]],
    }
    woven = [zeros, rearranged("(a c) h -> c (h a)", a=2)]
    verdict = check(claim([*spread, RELU], [*woven, RELU], size))
    assert verdict.verdict != "refuted"
    phases = rearranged("c (h a) -> (c a) h", a=2), rearranged("c (h a) -> (a c) h", a=2)
    turned = [RELU, phases[1], {"op": "flip", "axes": [0]}]
    found = check(claim([RELU, phases[0]], turned, size))
    assert isinstance(found, Refuted)
    assert dict(found.counterexample.size) == {"N": 1}


def test_a_size_with_an_offset_starts_where_it_is_one() -> None:
    f: Text = {"op": "pointwise", "function": "f"}
    cuts: list[Text] = [{"op": "slice", "slices": [ALL, [a, a + 1, None]]} for a in (-2, -3)]
    left, right = ([cut, f] for cut in cuts)
    found = check(claim(left, right, "3*N - 1"))
    assert isinstance(found, Refuted)
    assert dict(found.counterexample.size) == {"N": 2}  # two samples have no third from the end
    with pytest.raises(ClaimError, match="has a size of -1 at"):
        symconv.read_claim(claim(left, right, "3*N - 1")).at({"N": 0})


def test_a_depthwise_transposed_layer_may_be_followed_by_any() -> None:
    weights = {"u": {"shape": [2, 1, 2]}, "w": {"shape": [1, 2, 1]}}
    steps: list[Text] = [{"op": "conv_transpose", "weight": "u", "stride": 2, "groups": 2},
                         {"op": "conv", "weight": "w"}]  # fmt: skip
    assert check(claim(steps, steps, 4, 2, weights=weights)).verdict == "proved"
    net = chain("up and down", [ConvTranspose(4, 4, 2, 2, groups=4), Conv(4, 8, 3, 2, 1)], (6, 6))
    assert decide_network(net).verdict.verdict == "proved"


def test_shapes_that_differ_refute_claims_of_both_monoids() -> None:
    early = {"op": "add", "branches": [[], [FLIP]]}
    pools = [{"op": "max_pool", "kernel_size": 3, "stride": 1, "padding": p} for p in (0, 1)]
    found = check(claim([pools[0], early], [pools[1], early], 6))
    assert isinstance(found, Refuted)
    assert (found.counterexample.left_shape, found.counterexample.right_shape) == ((1, 4), (1, 6))


@pytest.mark.parametrize("size", [8, 9, 10, 11, 13])
def test_a_mask_stands_between_a_mean_and_a_maximum(size: int) -> None:
    proof = decide_network(chain("mean, then maximum", [MEAN, MaxPool(3, 2, 1)], (size,)))
    assert isinstance(proof.verdict, Certificate)
    assert sorted(proof.expansion.masks) == ([1] if size % 2 else [])


def test_the_same_chain_for_all_sizes() -> None:
    proof = everywhere(chain("both", [MEAN, MaxPool(3, 2, 1)], (9,)), ["W"])
    assert (proof.verdict.verdict, proof.free) == ("proved", "W % 2 == 0")
    with pytest.raises(ClaimError, match="names a size 'i', which is the position in divide"):
        everywhere(chain("both", [MEAN, MaxPool(3, 2, 1)], (9,)), ["i"])


@pytest.mark.parametrize(
    ("where", "verdict"),
    [(["-2*N <= -6"], "proved"), (["N*-2 <= 3*-2"], "proved"), (["(-N) % 3 == 1"], "proved")],
)
def test_negative_factors_are_read(where: list[str], verdict: str) -> None:
    assert check(claim([], [], "N", where=where)).verdict == verdict
    pad = {"op": "pad", "padding": [[0, 0], ["-2*N + 2*N + 1", 0]]}
    crop = {"op": "slice", "slices": [ALL, [1, None, None]]}
    assert check(claim([pad, crop], [], "N", where=where)).verdict == verdict


def test_factors_that_cannot_be_are_bad_input_for_all_sizes_too() -> None:
    with pytest.raises(FactorError, match="factors must satisfy"):
        symconv.prove(destride(Conv(1, 1, 3, 2, 1), factor=3))


def test_an_expansion_is_read_at_a_size_that_its_layer_takes() -> None:
    opened = destride(MaxPool(2, 3, ((1, -1),), ceil_mode=True))
    assert (opened.factor_in, opened.layer.kernel_size) == ((3,), (2,))
    assert symconv.prove(opened).verdict == "proved"


def test_phases_merged_with_channels_stay_apart() -> None:
    """Digits of one axis do not tie two others together; the proof took over 45 s."""
    layer = Conv(2, 2, (3, 1), 1, ((2, 2), (2, -1)), padding_mode="reflect")
    opened = destride(layer, factor=2, residual_stride=2, order="phase")
    assert symconv.prove(opened).verdict == "proved"


@pytest.mark.parametrize(
    ("left", "match"),
    [
        ([{"op": "flip", "axes": [2]}] * 2, "axis 2 is not one of 2 axes"),
        ([{"op": "flip", "axes": [1, -1]}], "must be named once each"),
        ([{"op": "transpose", "axes": [0, 0]}], "must be named once each"),
        ([{"op": "transpose", "axes": [0]}], "must be a permutation of 2 axes"),
        ([{"op": "pad", "padding": [[0, 0], [1, 1]], "mode": "wrap"}], "mode must be one of"),
        ([{"op": "concat", "axis": 5, "branches": [[], []]}], "axis 5 is not one of 2 axes"),
        ([{"op": "mask", "keep": [None, [2]]}], "entries must be 0 or 1"),
        ([{"op": "split", "sizes": 1, "part": 0, "axis": 3}], "axis 3 is not one of 2 axes"),
        ([{"op": "conv", "weight": "nowhere"}], "there is no weight 'nowhere'"),
    ],
)
@pytest.mark.parametrize("size", [4, "N"])
@pytest.mark.parametrize("after", [[], [RELU]])
def test_malformed_steps_are_the_same_error_on_every_path(
    left: list[Text], match: str, size: Any, after: list[Text]
) -> None:
    with pytest.raises(ClaimError, match=f"left: step 0 .*{match}"):
        check(claim([*left, *after], after, size))


def test_conditions_hold_at_given_sizes_or_say_nothing() -> None:
    with pytest.raises(ClaimError, match="which is false; it would say nothing"):
        check(claim([FLIP], [], 4, where=["1 == 2"]))
    assert check(claim([FLIP, FLIP], [], 4, where=["1 <= 2"])).verdict == "proved"


@pytest.mark.parametrize("size", [8, "N"])
def test_weights_that_nothing_uses_are_read_too(size: Any) -> None:
    for weight in (
        {"from": "nowhere", "steps": []},
        {"from": "w", "steps": [{"op": "flip", "axes": [7]}]},
    ):
        weights = {"w": {"shape": [1, 1, 3]}, "v": weight}
        with pytest.raises(ClaimError, match=r"nowhere|axis 7"):
            check(claim([FLIP, FLIP], [], size, weights=weights))


def test_a_maximum_of_negative_constants_is_no_live_weight() -> None:
    """Where -1 meets 0 in a maximum, 0 is the greater, and the tap is dead."""
    grown = [{"op": "pad", "padding": [[0, 0], [0, 0], [0, 1]]},
             {"op": "max_pool", "kernel_size": [1, 2], "stride": 1}]  # fmt: skip
    weights = {"a": {"shape": [1, 1, 2], "fill": -1}, "v": {"from": "a", "steps": grown},
               "o": {"shape": [1, 1, 2], "fill": 1}}  # fmt: skip
    grown_side, filled_side = ([{"op": "max_conv", "weight": name}] for name in "vo")
    for size in (4, "N"):
        assert check(claim(grown_side, filled_side, size, weights=weights)).verdict != "proved"


def test_of_monomials_of_equal_length_the_least_output_counts() -> None:
    weights = {"a": {"shape": [1, 1, 1]}, "b": {"shape": [1, 1, 1]}}
    a, b = ({"op": "conv", "weight": name} for name in "ab")
    masks = [{"op": "mask", "keep": [None, keep]} for keep in ([1, 1, 1, 0], [0, 1, 1, 1])]
    left = {"op": "add", "branches": [[a], [b]]}
    right = {"op": "add", "branches": [[a, masks[0]], [b, masks[1]]]}
    found = check(claim([left], [right], 4, weights=weights))
    assert isinstance(found, Refuted)
    assert (found.counterexample.output, found.counterexample.weights[0][0]) == ((0, 0), "b")
