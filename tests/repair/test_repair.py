"""The nearest repair of refuted claims: what it should be, and that it is proved and true."""

from __future__ import annotations

import time
from typing import Any

import pytest

from symconv import check
from symconv.claim import read_claim
from symconv.claim.verdict import Certificate, Refuted
from symconv.repair import Repair, repair
from tests.helpers.lowerings.stated import CLAIMS
from tests.helpers.mistakes import PLANTED, avg_pool, conv, max_pool, pad
from tests.helpers.torch_claims import agree

Text = dict[str, Any]
BY_NAME = {text["name"]: text for text in CLAIMS}
KERNEL_PADS = ("[[0, 0], [0, 0], [1, 0], [1, 0]]", "[[0, 0], [0, 0], [0, 1], [0, 1]]")
KERNEL_PHASES = ("o (b a c) h w -> o c (h a) (w b)", "o (a b c) h w -> o c (h a) (w b)")
CROPS = ("[[None, None, None], [None, -1, 1]]", "[[None, None, None], [1, None, 1]]")
EXPECTED = {
    "same-as-symmetric-k3": "step 0 of right pads by [[0, 1], [0, 1]] instead of 1",
    "mlperf-resnet-stem-kernel-padded-behind": (
        "step 0 of weight v pads by {} instead of {}".format(*KERNEL_PADS)
    ),
    "keras-transposed-same-cropped-in-front": (
        "step 1 of right slices by {} instead of {}".format(*CROPS)
    ),
    "output-padding-dropped": "step 0 of right has output_padding 1 instead of 0",
    "yolov5-focus-phases-swapped": (
        "step 0 of weight w rearranges by {} instead of {}".format(*KERNEL_PHASES)
    ),
    "even-low-padding-blocks-1-2": (
        "step 0 of weight v pads by {1} instead of {0}".format(*KERNEL_PADS)
    ),
    "pad-of-another-value-folded": "step 0 of right pads with 1 instead of 0",
    "stride-moved-from-3x3-to-1x1": (
        "step 0 of right has stride 1 instead of 2 and step 1 of right has stride 2 instead of 1"
    ),
}


def refuted(text: Text) -> Refuted:
    verdict = check(text)
    assert isinstance(verdict, Refuted)
    return verdict


def repaired(text: Text, **bounds: Any) -> Repair | None:
    """The repair, which is proved, and changes nothing that was asked for."""
    found = repair(refuted(text), **bounds)
    if found is not None:
        proved = check(found.to_dict()["claim"])
        assert isinstance(proved, Certificate)
        assert found.claim.left == read_claim(text).left
    return found


def words(text: Text) -> str | None:
    found = repaired(text)
    return None if found is None else found.sentence().removeprefix("The claim holds if ")


@pytest.mark.parametrize("name", EXPECTED)
def test_the_nearest_repair_is_found_and_torch_agrees(name: str) -> None:
    found = repaired(BY_NAME[name])
    assert found is not None
    assert found.sentence() == f"The claim holds if {EXPECTED[name]}"
    assert agree(found.to_dict()["claim"])


def test_a_search_that_may_try_nothing_finds_nothing() -> None:
    assert repaired(BY_NAME["same-as-symmetric-k3"], candidates=0) is None
    assert repaired(BY_NAME["same-as-symmetric-k3"], proofs=0) is None


def test_weights_of_the_left_side_stay() -> None:
    text = {
        "input": {"channels": 1, "size": [8]},
        "weights": {
            "w": {"shape": [1, 1, 3]},
            "v": {"from": "w", "steps": [{"op": "flip", "axes": [2]}]},
        },
        "left": [{"op": "conv", "weight": "v"}],
        "right": [{"op": "conv", "weight": "w"}],
    }
    assert repaired(text) is None
    mirrored = {**text, "left": text["right"], "right": text["left"]}
    assert words(mirrored) == "step 0 of weight v (flip) is left out"


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found(name: str) -> None:
    left, right, expected = PLANTED[name]
    text = {
        "input": {"channels": 2, "size": [14, 12]},
        "weights": {"w": {"shape": [3, 2, 3, 2]}},
        "left": left,
        "right": right,
    }
    assert words(text) == f"step 0 of right {expected}"


@pytest.mark.parametrize(
    "name",
    [
        "a stride lost",
        "a mode lost",
        "the axes' pads swapped",
        "zeros before a maximum",
        "pads counted",
    ],
)
def test_a_planted_mistake_is_found_between_functions(name: str) -> None:
    left, right, expected = PLANTED[name]
    tanh = {"op": "pointwise", "function": "tanh"}
    text = {
        "input": {"channels": 2, "size": [14, 12]},
        "weights": {"w": {"shape": [3, 2, 3, 2]}},
        "left": [tanh, *left, tanh],
        "right": [tanh, *right, tanh],
    }
    assert words(text) == f"step 1 of right {expected}"


NAMED: dict[str, tuple[list[Text], list[Text], str]] = {
    "a stride lost": ([conv(stride=2)], [conv()], "has stride 2 instead of 1"),
    "SAME read as symmetric": (
        [conv(stride=2, padding="same")],
        [conv(stride=2, padding=1)],
        "pads by same instead of 1",
    ),
    "a symmetric pad read as SAME": (
        [conv(stride=2, padding=1)],
        [conv(stride=2, padding="same")],
        "pads by same_lower instead of same",
    ),
    "a mode lost": (
        [conv(padding=1, padding_mode="reflect")],
        [conv(padding=1)],
        "pads in mode reflect instead of zeros",
    ),
    "zeros before a maximum": (
        [max_pool(padding=1)],
        [pad([1, 1]), max_pool()],
        "pads with -inf instead of 0",
    ),
    "pads counted": (
        [avg_pool(count_include_pad=False)],
        [avg_pool()],
        "has count_include_pad False instead of True",
    ),
    "a crop at the other end": (
        [{"op": "slice", "slices": [[None] * 3, [1, None, None]]}],
        [{"op": "slice", "slices": [[None] * 3, [None, -1, None]]}],
        f"slices by {[[None] * 3, [1, None, None]]} instead of {[[None] * 3, [None, -1, None]]}",
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_mistake_at_all_sizes_is_found(name: str) -> None:
    left, right, expected = NAMED[name]
    text = {
        "input": {"channels": 1, "size": ["N"]},
        "weights": {"w": {"shape": [1, 1, 3]}},
        "left": left,
        "right": right,
    }
    found = repaired(text)
    assert found is not None
    assert found.sentence() == f"The claim holds if step 0 of right {expected}"
    assert found.claim.names == ("N",)


def test_pads_that_are_expressions_are_moved() -> None:
    text = {
        "input": {"channels": 1, "size": ["N"]},
        "weights": {"w": {"shape": [1, 1, "K"]}},
        "left": [conv(padding=[["K - 1", "K"]])],
        "right": [conv(padding=[["K", "K - 1"]])],
    }
    assert words(text) == ("step 0 of right pads by [['K - 1', 'K']] instead of [['K', 'K - 1']]")


def test_a_step_within_a_branch_is_repaired() -> None:
    def both(*steps: Text) -> list[Text]:
        return [{"op": "add", "branches": [[], list(steps)]}]

    text = {
        "input": {"channels": 1, "size": [6]},
        "weights": {"w": {"shape": [1, 1, 2]}},
        "left": both(conv(padding=[[1, 0]])),
        "right": both(conv(padding=[[0, 1]])),
    }
    found = repaired(text)
    assert found is not None
    assert found.to_dict()["changes"] == [
        {
            "where": "right, step 0, branch 1, step 0",
            "op": "conv",
            "attribute": "padding",
            "before": [[0, 1]],
            "after": [[1, 0]],
        }
    ]
    where = "step 0 of branch 1 of step 0 of right"
    assert found.sentence() == f"The claim holds if {where} pads by [[1, 0]] instead of [[0, 1]]"


def test_a_large_claim_is_tried_at_a_smaller_size() -> None:
    """The convolution alone takes 10**9 multiplications at this size."""
    text = {
        "input": {"channels": 64, "size": [224, 224]},
        "weights": {"w": {"shape": [64, 64, 3, 3]}},
        "left": [conv(stride=2, padding="same")],
        "right": [conv(stride=2, padding=1)],
    }
    verdict = refuted(text)
    start = time.perf_counter()
    found = repair(verdict)
    assert time.perf_counter() - start < 5  # seconds; 0.1 on a machine of our own
    assert found is not None
    assert found.changes[0].after == [[0, 1], [0, 1]]


def test_nothing_is_suggested_that_only_random_numbers_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the screen the first few candidates go to the proof, which most fail."""
    monkeypatch.setattr("symconv.repair.Screen.passes", lambda screen, claim: True)
    found = [
        words(
            {
                "input": {"channels": 2, "size": [14, 12]},
                "weights": {"w": {"shape": [3, 2, 3, 2]}},
                "left": left,
                "right": right,
            }
        )
        for left, right, _ in PLANTED.values()
    ]
    assert None in found


def test_the_answer_does_not_depend_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = refuted(BY_NAME["stride-moved-from-3x3-to-1x1"])
    first = repair(verdict)
    clock = iter(range(0, 10**9, 1000))
    monkeypatch.setattr("symconv.repair.perf_counter", lambda: next(clock))
    second = repair(verdict)
    assert first is not None
    assert second is not None
    assert (first.changes, first.tried) == (second.changes, second.tried)


def test_infinities_that_meet_warn_of_nothing() -> None:
    """Output phases without a crop of the last block, in a sum; pytest refuses a RuntimeWarning."""
    line: list[Text] = [
        {"op": "pad", "padding": [[0, 0], [0, 0], [0, 2]]},
        {"op": "tile", "repeats": [1, 1, 2]},
        {"op": "slice", "slices": [[None] * 3, [None] * 3, [0, 10, 1]]},
        {"op": "rearrange", "pattern": "m c (p k) -> (m p) c k", "p": 2},
    ]
    merged = {"op": "rearrange", "pattern": "(m p) h -> m (h p)", "p": 2}
    own = conv(padding=[[-1, -1]], groups=2)
    phased = {**own, "weight": "v", "stride": 2}
    verdict = check(
        {
            "input": {"channels": 2, "size": ["H"]},
            "weights": {"w": {"shape": [4, 1, 4]}, "v": {"from": "w", "steps": line}},
            "left": [{"op": "add", "branches": [[own], [own]]}],
            "right": [{"op": "add", "branches": [[phased, merged], [phased, merged]]}],
        }
    )
    assert isinstance(verdict, Refuted)
    repair(verdict)
