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
MEAN = AvgPool(3, 1, 1, count_include_pad=False)


def claim(left: list[Text], right: list[Text], size: Any, channels: int = 1, **more: Any) -> Text:
    return {"input": {"channels": channels, "size": [size]}, "left": left, "right": right, **more}


def test_a_size_with_an_offset_starts_where_it_is_one() -> None:
    with pytest.raises(ClaimError, match="has a size of -1 at"):
        symconv.read_claim(claim([FLIP], [], "3*N - 1")).at({"N": 0})


def test_a_depthwise_transposed_layer_may_be_followed_by_any() -> None:
    net = chain("up and down", [ConvTranspose(4, 4, 2, 2, groups=4), Conv(4, 8, 3, 2, 1)], (6, 6))
    assert decide_network(net).verdict.verdict == "proved"


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


def test_a_condition_that_is_false_at_given_sizes_says_nothing() -> None:
    with pytest.raises(ClaimError, match="which is false; it would say nothing"):
        check(claim([FLIP], [], 4, where=["1 == 2"]))


@pytest.mark.parametrize("size", [8, "N"])
def test_weights_that_nothing_uses_are_read_too(size: Any) -> None:
    for weight in (
        {"from": "nowhere", "steps": []},
        {"from": "w", "steps": [{"op": "flip", "axes": [7]}]},
    ):
        weights = {"w": {"shape": [1, 1, 3]}, "v": weight}
        with pytest.raises(ClaimError, match=r"nowhere|axis 7"):
            check(claim([FLIP, FLIP], [], size, weights=weights))


def test_of_monomials_of_equal_length_the_least_output_counts() -> None:
    weights = {"a": {"shape": [1, 1, 1]}, "b": {"shape": [1, 1, 1]}}
    a, b = ({"op": "conv", "weight": name} for name in "ab")
    masks = [{"op": "mask", "keep": [None, keep]} for keep in ([1, 1, 1, 0], [0, 1, 1, 1])]
    left = {"op": "add", "branches": [[a], [b]]}
    right = {"op": "add", "branches": [[a, masks[0]], [b, masks[1]]]}
    found = check(claim([left], [right], 4, weights=weights))
    assert isinstance(found, Refuted)
    assert (found.counterexample.output, found.counterexample.weights[0][0]) == ((0, 0), "b")
