"""Every planted fault that changes the function is refuted and replays; the rest is proved."""

from __future__ import annotations

import json
import os
import random

import numpy as np
import pytest

from symconv.claim import Claim, read_claim
from symconv.claim.verdict import Certificate, Refuted
from symconv.errors import SymconvError
from symconv.prove.tables.decide import decide_by_tables
from symconv.replay.run import replay, run_claim
from tests.helpers.planted import FAULTS, brute_force_equal, random_expansion

CONFIGURATIONS = int(os.environ.get("SYMCONV_FAULT_CONFIGURATIONS", "60"))


def check_refutation(verdict: Refuted) -> None:
    found = verdict.counterexample
    if found.left_shape is not None:
        assert found.left_shape != found.right_shape
        return
    left, right = replay(verdict)
    assert left != right
    if "max" not in verdict.claim.left[0].op:
        assert (str(left), str(right)) == (found.left, found.right)


@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_a_fault_is_refuted_exactly_where_it_changes_the_function(kind: str) -> None:
    rng = random.Random(kind)
    refuted = proved = 0
    while refuted + proved < CONFIGURATIONS:
        expansion = random_expansion(rng, most_axes=2)
        text = FAULTS[kind](expansion.claim().to_dict(), expansion, rng)
        if text is None:
            continue
        try:
            claim = read_claim(text)
            verdict = decide_by_tables(claim)
        except SymconvError:
            continue  # The fault made the text ill-formed; that is an error, not a verdict.
        if isinstance(verdict, Refuted):
            check_refutation(verdict)
            refuted += 1
        else:
            assert isinstance(verdict, Certificate)
            assert brute_force_equal(claim, seed=proved), json.dumps(text)
            proved += 1
    assert refuted > CONFIGURATIONS // 20


def test_the_counterexample_is_the_least() -> None:
    """Against every smaller output and input, tried one by one."""
    rng = random.Random(7)
    for kind in sorted(FAULTS) * 3:
        expansion = random_expansion(rng, most_axes=1)
        text = FAULTS[kind](expansion.claim().to_dict(), expansion, rng)
        if text is None or "bias" in text["left"][0] or "max" in text["left"][0]["op"]:
            continue
        try:
            claim = read_claim(text)
            verdict = decide_by_tables(claim)
        except SymconvError:
            continue
        if isinstance(verdict, Refuted) and verdict.counterexample.input is not None:
            found = verdict.counterexample
            least = min(_differences(claim), default=None)
            assert least == (found.output, found.input, *(index for _, index in found.weights))


def _differences(claim: Claim) -> list[tuple[tuple[int, ...], ...]]:
    """(output, input, weight) of every coefficient that differs, by one-hot evaluation."""
    free = [(n, w.shape or ()) for n, w in claim.weights if w.source is None and w.fill is None]
    shape = free[0][1] if free else ()
    places = []
    for hot in np.ndindex(*claim.input_shape):
        x = np.zeros(claim.input_shape, dtype=object)
        x[hot] = 1
        for tap in np.ndindex(*shape):
            w = np.zeros(shape, dtype=object)
            w[tap] = 1
            values = {name: w for name, _ in free}
            zero = np.zeros_like(x)
            left, right = (
                run_claim(claim, side, x, values) - run_claim(claim, side, zero, values)
                for side in ("left", "right")
            )
            weight = (tap,) if free else ()
            places += [(tuple(o), hot, *weight) for o in np.argwhere(left != right).tolist()]
    return places


def test_true_expansions_are_proved_rechecked_and_equal_by_brute_force() -> None:
    rng = random.Random(11)
    for seed in range(CONFIGURATIONS * 2):
        expansion = random_expansion(rng)
        claim = expansion.claim()
        text = json.loads(json.dumps(claim.to_dict()))
        assert read_claim(text) == claim
        verdict = decide_by_tables(claim)
        assert isinstance(verdict, Certificate), text
        assert verdict.output_shape[1:] == expansion.output_size
        if seed % 4 == 0:
            assert brute_force_equal(claim, seed, tries=1)
