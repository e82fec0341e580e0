"""Claims for all sizes that were once proved although they fail at some size."""

from __future__ import annotations

from typing import Any

import pytest

from symconv.claim import read_claim
from symconv.claim.verdict import Certificate, Refuted
from symconv.prove.decide import decide
from symconv.size.text import evaluate

ONE = [None, None, None]


def test_a_mean_over_its_live_samples_keeps_its_divisors_as_a_kernel() -> None:
    swapped = {"op": "conv_as_kernel", "weight": "w"}
    mean = {
        "op": "avg_pool",
        "kernel_size": 3,
        "stride": 1,
        "padding": 1,
        "count_include_pad": False,
    }
    total = {"op": "conv", "weight": "ones", "padding": 1}
    claim = read_claim(
        {
            "input": {"channels": 1, "size": ["N"]},
            "weights": {"w": {"shape": [1, 1, 20]}, "ones": {"shape": [1, 1, 3], "fill": 1}},
            "left": [mean, swapped],
            "right": [total, swapped],
        }
    )
    verdict = decide(claim)
    assert isinstance(verdict, Refuted)
    assert dict(verdict.counterexample.size) == {"N": 2}


@pytest.mark.parametrize("size", range(1, 8))
def test_a_named_end_of_a_slice_says_nothing_where_it_is_negative(size: int) -> None:
    def side(start: str) -> list[dict[str, Any]]:
        first = {"op": "slice", "slices": [ONE, [0, 1, None]]}
        return [{"op": "slice", "slices": [ONE, [start, None, None]]}, first]

    claim = read_claim(
        {
            "input": {"channels": 1, "size": [5]},
            "weights": {"b": {"shape": ["N"]}},
            "left": side("N - 3"),
            "right": side("max(N - 3, 0)"),
        }
    )
    verdict = decide(claim)
    assert isinstance(verdict, Certificate)
    (fact,) = verdict.facts
    inside = evaluate(fact.figures["domain"], {"N": size})
    assert not inside or isinstance(decide(claim.at({"N": size})), Certificate)
