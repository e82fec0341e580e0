"""Claims with functions between their layers: squares prove, evaluation refutes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symconv import check
from symconv.claim import read_claim
from symconv.claim.verdict import Refuted
from symconv.errors import ClaimError
from symconv.prove.decide import decide
from symconv.replay.run import replay

RELU, POOL = {"op": "relu"}, {"op": "max_pool", "kernel_size": 2}
CONV = {"op": "conv", "weight": "w", "padding": 1}
WEIGHTS = {"w": {"shape": [2, 2, 3]}}
FLIP, PAD = {"op": "flip", "axes": [1]}, {"op": "pad", "padding": [[0, 0], [1, 1]]}
BLOCKS = {"op": "rearrange", "pattern": "c (h a) -> (a c) h", "a": 2}
BACK = {"op": "rearrange", "pattern": "(a c) h -> c (h a)", "a": 2}


def claim(left: list[Any], right: list[Any], size: int = 8) -> Any:
    return read_claim(
        {"input": {"channels": 2, "size": [size]}, "weights": WEIGHTS, "left": left, "right": right}
    )


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        ([CONV, RELU], [CONV, RELU], "proved"),
        ([CONV, RELU], [CONV, {"op": "tanh"}], "refuted"),
        ([RELU, CONV], [CONV, RELU], "refuted"),
        ([RELU], [BLOCKS, RELU, BACK], "proved"),
        ([RELU, FLIP], [FLIP, RELU], "proved"),
        ([RELU, PAD], [PAD, RELU], "proved"),
        ([{"op": "sigmoid"}, PAD], [PAD, {"op": "sigmoid"}], "refuted"),
        ([CONV, RELU, CONV], [CONV, BLOCKS, RELU, BACK, CONV], "proved"),
        ([CONV, RELU, CONV], [CONV, BLOCKS, RELU, BLOCKS | {"a": 1}, BACK, CONV], "proved"),
        ([CONV, POOL], [CONV, POOL], "proved"),
        ([CONV, POOL, CONV], [CONV, POOL, {"op": "flip", "axes": [1]}, CONV], "refuted"),
        ([{"op": "pointwise", "name": "f"}], [{"op": "pointwise", "name": "g"}], "refuted"),
        ([{"op": "pointwise", "name": "f"}] * 2, [{"op": "pointwise", "name": "f"}], "refuted"),
        # What squares do not see and evaluation does not contradict stays open.
        ([RELU, RELU], [RELU], "undecided"),
        ([RELU, POOL], [POOL, RELU], "undecided"),
    ],
)
def test_verdicts(left: list[Any], right: list[Any], verdict: str) -> None:
    found = decide(claim(left, right))
    assert found.verdict == verdict
    if isinstance(found, Refuted):
        a, b = replay(found)
        assert a != b


def test_a_function_inside_a_branch_is_evaluated_but_not_proved() -> None:
    block = {"op": "add", "branches": [[CONV, RELU, CONV], []]}
    assert decide(claim([block], [block])).verdict == "undecided"
    other = {"op": "add", "branches": [[CONV, RELU], []]}
    assert decide(claim([block], [other])).verdict == "refuted"


def test_a_refutation_names_its_assignment() -> None:
    found = decide(claim([{"op": "pointwise", "name": "f"}], [{"op": "pointwise", "name": "g"}]))
    assert isinstance(found, Refuted)
    text = found.counterexample.to_dict()
    assert set(text) >= {"output", "input", "weight", "left", "right", "assignment", "functions"}
    assert "f(v) = max(" in found.counterexample.sentence()


def test_sides_of_other_shapes_are_refuted_by_their_shapes() -> None:
    found = decide(claim([RELU, CONV], [RELU, {**CONV, "stride": 2}]))
    assert isinstance(found, Refuted)
    assert (found.counterexample.left_shape, found.counterexample.right_shape) == ((2, 8), (2, 4))


def test_a_fault_names_its_step_in_the_whole_pipeline() -> None:
    wrong = {"op": "transpose", "axes": [0, 0]}
    with pytest.raises(ClaimError, match=r"right: step 2 \(transpose\) on shape \[2, 8\]"):
        decide(claim([RELU], [CONV, RELU, wrong]))


def test_a_claim_too_large_to_evaluate_stays_open() -> None:
    big = {"input": {"channels": 64, "size": [64, 64]}, "left": [RELU, RELU], "right": [RELU]}
    assert decide(read_claim(big)).verdict == "undecided"


def test_a_claim_is_read_from_a_file_of_either_kind(tmp_path: Path) -> None:
    toml = tmp_path / "claim.toml"
    toml.write_text(
        'left = [{op = "flip", axes = [1]}, {op = "flip", axes = [1]}]\nright = []\n'
        "[input]\nchannels = 1\nsize = [4]\n"
    )
    assert check(toml).verdict == "proved"
    many = tmp_path / "many.json"
    many.write_text('{"claims": [{}, {}]}')
    with pytest.raises(ClaimError, match="must hold one claim, found 2"):
        check(many)


def test_a_tensor_twice_is_refuted_by_integers_that_replay() -> None:
    """No one-hot weight shows a coefficient of ``w[0] w[2] x``: it would add those of squares."""
    twice = [{"op": "conv", "weight": "w"}, {"op": "conv", "weight": "w"}]
    for right in (
        [{"op": "flip", "axes": [1]}, *twice],
        [twice[0], {"op": "flip", "axes": [1]}, twice[1]],
    ):
        claim = read_claim(
            {
                "input": {"channels": 1, "size": [7]},
                "left": twice,
                "right": right,
                "weights": {"w": {"shape": [1, 1, 3]}},
            }
        )
        verdict = decide(claim)
        assert isinstance(verdict, Refuted)
        left, right_value = replay(verdict)
        found = verdict.counterexample
        assert (str(left), str(right_value)) == (found.left, found.right)
        assert left != right_value


def test_what_is_no_number_refutes_nothing() -> None:
    """A structural zero on -inf is NaN in NumPy, and says nothing of the claim."""
    infinite = {"op": "pad", "padding": [[0, 0], [0, 1]], "value": "-inf"}
    pool = {"op": "max_pool", "kernel_size": 1}
    text = {
        "input": {"channels": 1, "size": [3]},
        "weights": {
            "w": {"shape": [1, 1, 1]},
            "v": {"from": "w", "steps": [{"op": "pad", "padding": [[0, 0], [0, 0], [0, 1]]}]},
        },
        "left": [infinite, pool, {"op": "conv", "weight": "v"}],
        "right": [pool, {"op": "conv", "weight": "w"}],
    }
    assert check(text).verdict != "refuted"
