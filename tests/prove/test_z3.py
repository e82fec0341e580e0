"""The engine of z3: what it proves, the least sizes of what it refutes, and what it leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

import symconv
from symconv.claim import read_claim
from symconv.claim.verdict import Certificate, Refuted, Undecided, Verdict
from symconv.errors import ClaimError, SymconvError, Unsupported
from symconv.prove.decide import decide
from tests.helpers.requirements import require

require("z3")

Text = dict[str, Any]
CROP: Text = {"op": "slice", "axis": 1, "start": 1, "stop": "N"}


def by_z3(left: list[Text], right: list[Text], size: list[Any], **more: Any) -> Verdict:
    text = {"input": {"channels": 1, "size": size}, "left": left, "right": right, **more}
    return decide(read_claim(text), engine="z3")


def test_a_layer_is_proved_and_rechecked() -> None:
    verdict = symconv.prove(symconv.Conv(2, 1, 3, 2, 1), engine="z3")
    assert isinstance(verdict, Certificate)
    assert verdict.method == ["z3"]
    assert symconv.recheck(json.loads(json.dumps(verdict.to_dict()))).verdict == "proved"


def test_the_domain_is_that_of_the_claim() -> None:
    same = [CROP, {"op": "flip", "axes": [1]}, {"op": "flip", "axes": [1]}]
    verdict = by_z3(same, [CROP], ["N"], where=["N % 2 == 0"])
    assert isinstance(verdict, Certificate)
    assert verdict.facts[0].figures["domain"] == "N % 2 == 0"
    by_sets = decide(verdict.claim)
    assert isinstance(by_sets, Certificate)
    assert verdict.output_shape == by_sets.output_shape


@pytest.mark.parametrize("change", [{"domain": "N >= 3"}, {"sizes": ["M"]}, {"parts": 2}])
def test_forged_figures_are_refused(change: Text) -> None:
    verdict = by_z3([CROP], [CROP], ["N"])
    assert isinstance(verdict, Certificate)
    body = json.loads(json.dumps(verdict.to_dict()))
    body["facts"][0]["figures"].update(change)
    with pytest.raises(SymconvError):
        symconv.recheck(body)


def test_the_least_failing_sizes_are_found_name_by_name() -> None:
    pad = {"op": "pad", "padding": [[0, 0], [0, "max(H - 3, 0)"], [0, "max(W - 5, 0)"]]}
    verdict = by_z3([pad], [], ["H", "W"])
    assert isinstance(verdict, Refuted)
    assert dict(verdict.counterexample.size) == {"H": 1, "W": 6}
    assert verdict.method[0] == "z3"


def test_what_it_does_not_speak_of() -> None:
    pool = {"op": "max_pool", "kernel_size": [2], "stride": [1]}
    found = by_z3([pool, pool], [pool], ["N"])
    assert isinstance(found, Undecided)
    relu = {"op": "relu"}
    with pytest.raises(Unsupported, match="functions cut into parts"):
        by_z3([relu], [relu], ["N"])
    with pytest.raises(Unsupported, match="name a size"):
        by_z3([], [], [8])
    with pytest.raises(ClaimError, match="no size satisfies it"):
        by_z3([], [], ["N"], where=["N < 1"])
