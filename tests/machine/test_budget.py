"""Budgets: known before anything is built, handed down, and kept."""

from __future__ import annotations

import time
from typing import Any

import pytest

import symconv
from symconv import Budget, Conv
from symconv.claim.verdict import Certificate, Undecided
from symconv.cli import main
from symconv.errors import ClaimWarning, SymconvError, TooLarge
from symconv.machine.budget import Running, running, spending
from symconv.machine.caches import forget
from symconv.prove.sets.apart import apart

FLIP = {"op": "flip", "axes": [1]}


def flips(size: Any, count: int = 2) -> dict[str, Any]:
    return {"input": {"channels": 1, "size": [size]}, "left": [FLIP] * count, "right": []}


def test_what_is_too_large_for_tables_is_settled_by_sets() -> None:
    verdict = symconv.check(flips(10**8))
    assert isinstance(verdict, Certificate)
    assert (verdict.method, verdict.sizes, verdict.output_shape) == (["sets"], "these", (1, 10**8))


def test_what_sets_refute_says_what_to_do() -> None:
    verdict = symconv.check(flips(10**8, 1))
    assert isinstance(verdict, Undecided)
    assert "about 5 GB, more than the budget of 2,000,000" in verdict.reason
    assert "--all-sizes" in verdict.reason
    assert symconv.check(flips("N", 1)).verdict == "refuted"


def test_shapes_that_differ_are_refuted_at_any_size() -> None:
    pad = {"op": "pad", "padding": [[0, 0], [10**12, 0]]}
    assert symconv.check({**flips(10), "left": [pad]}).verdict == "refuted"


def test_a_smaller_budget_is_kept() -> None:
    layer = Conv(1, 1, 3, 2, 1)
    usual = symconv.prove(layer, (100,))
    forget()  # what is known already needs no tables
    small = symconv.prove(layer, (100,), budget=Budget(entries=50))
    assert isinstance(usual, Certificate)
    assert isinstance(small, Certificate)
    assert (usual.method[0], small.method[0]) == ("tables", "sets")


def test_time_is_kept_by_the_longest_claims() -> None:
    relu = [{"op": "relu"}] * 12_000
    start = time.perf_counter()
    verdict = symconv.check({**flips(4), "left": relu, "right": relu}, budget=Budget(seconds=1))
    assert isinstance(verdict, Undecided)
    assert "budget of 1 s is spent" in verdict.reason
    assert time.perf_counter() - start < 20


def test_work_in_a_process_of_its_own_is_stopped() -> None:
    assert apart(lambda: [1, 2], 10) == [1, 2]
    with pytest.raises(TooLarge, match=r"stopped after 0\.2 s"):
        apart(lambda: time.sleep(60), 0.2)
    with pytest.raises(SymconvError, match="so it is"):
        apart(_fails, 10)


def test_a_part_of_a_second_is_named() -> None:
    with pytest.raises(TooLarge, match=r"the budget of 0\.05 s is spent"):
        Running(Budget(seconds=0.05), until=0.0).check_time()


def _fails() -> None:
    raise SymconvError("so it is")


def test_budgets_nest() -> None:
    with spending(Budget(seconds=5)) as outer, spending() as inner:
        assert outer is inner
    assert running().budget == Budget()


def test_the_command_line_takes_a_time() -> None:
    from click.testing import CliRunner

    run = CliRunner().invoke(main, ["prove", "conv i1x9 o1 k3 s2", "--seconds", "5"])
    assert run.exit_code == 0
    wrong = CliRunner().invoke(main, ["prove", "conv i1x9 o1 k3 s2", "--seconds", "-1"])
    assert wrong.exit_code == 2


def test_a_derived_weight_that_nothing_uses_is_a_warning() -> None:
    conv = [{"op": "conv", "weight": "w"}]
    weights = {
        "w": {"shape": [1, 1, 3]},
        "v": {"from": "w", "steps": [{"op": "flip", "axes": [2]}]},
    }
    text = {"input": {"channels": 1, "size": [8]}, "weights": weights, "left": conv, "right": conv}
    with pytest.warns(ClaimWarning, match="did you mean weight 'v' in step 0 of right"):
        assert symconv.check(text).verdict == "proved"
