"""Chains: squares pasted, masks where a tail is read, and integers that refute the rest."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from typing import Any

import pytest

from symconv import recheck
from symconv.claim.verdict import Certificate, Refuted, Undecided
from symconv.errors import FactorError, LayerError, SymconvError
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxPool
from symconv.network import INPUT, Network, NetworkExpansion, chain
from symconv.network.graph import solve_factors
from symconv.prove.decide import decide
from symconv.prove.network.decide import decide_network
from symconv.replay.run import replay
from tests.helpers.chains import random_chain
from tests.helpers.integers import differ
from tests.helpers.networks import all_convolutional, vgg, wav2vec

CHAINS = int(os.environ.get("SYMCONV_CHAINS", "40"))
TAIL = chain("tail", [Conv(1, 2, 3, 1, 1), "relu", Conv(2, 1, 3, 2, 1)], (7,))


@pytest.mark.parametrize("seed", range(4))
def test_verdicts_on_random_chains_are_those_of_evaluation(seed: int) -> None:
    rng = random.Random(seed)
    undecided = 0
    for number in range(CHAINS // 4):
        network = random_chain(rng)
        proof = decide_network(network)
        unmasked = NetworkExpansion(network)
        unmasked = unmasked.with_masks(unmasked.empty_window_tails())
        if isinstance(proof.verdict, Certificate):
            assert not differ(proof.expansion.claim(), number), network
        else:
            assert isinstance(proof.verdict, Undecided), network
            assert "-inf" in proof.verdict.reason
        if isinstance(proof.without_masks, Refuted):
            left, right = replay(proof.without_masks)
            assert left != right, network
        elif differ(unmasked.claim(), number):
            undecided += 1
            assert isinstance(proof.without_masks, Undecided) or not isinstance(
                proof.verdict, Certificate
            )
    assert undecided <= 1 + CHAINS // 40


def test_certificates_of_chains_are_rechecked_and_no_part_may_change() -> None:
    proof = decide_network(TAIL)
    assert isinstance(proof.verdict, Certificate)
    text = json.loads(json.dumps(proof.verdict.to_dict()))
    assert recheck(text).verdict == "proved"
    cuts = text["facts"][0]["figures"]["cuts"]
    for key, value in (
        ("left", 2),
        ("function", "sigmoid"),
        ("to_right", []),
        ("line", [2, 6]),
        ("inside", []),
        ("live", [[0, 3, 1]]),
        ("kept", [{"op": "mask", "keep": [None, [1] * 7 + [0]]}]),
    ):
        changed = json.loads(json.dumps(text))
        changed["facts"][0]["figures"]["cuts"][0] = {**cuts[0], key: value}
        assert _rechecked(changed) != "proved", key


def test_a_certificate_of_a_chain_without_its_mask_is_refused() -> None:
    proof = decide_network(TAIL)
    assert isinstance(proof.verdict, Certificate)
    unmasked = NetworkExpansion(TAIL).claim()
    text = json.loads(json.dumps(replace(proof.verdict, claim=unmasked).to_dict()))
    assert _rechecked(text) != "proved"


def _rechecked(text: dict[str, Any]) -> str:
    from symconv.claim import digest

    body = {key: value for key, value in text.items() if key != "digest"}
    try:
        return recheck({**body, "digest": digest(body)}).verdict
    except SymconvError as fault:
        return str(fault)


def test_a_mask_stands_where_a_tail_is_read_and_nowhere_else() -> None:
    proof = decide_network(TAIL)
    assert proof.verdict.verdict == "proved"
    assert proof.expansion.masks == {2}
    assert isinstance(proof.without_masks, Refuted)
    even = decide_network(replace(TAIL, input_size=(8,)))
    assert (even.verdict.verdict, even.expansion.masks) == ("proved", frozenset())


def test_zeros_of_a_tail_are_known() -> None:
    """A 1x1 convolution without bias leaves a zero tail at zero, and so does a ReLU."""
    layers: list[Any] = [Conv(1, 1, 1, bias=False), "relu", Conv(1, 1, 3, 2, 1)]
    assert decide_network(chain("zeros", layers, (7,))).expansion.masks == frozenset()
    layers[1] = "sigmoid"
    assert decide_network(chain("not zeros", layers, (7,))).expansion.masks == {2}


def test_what_nothing_reads_later_needs_no_mask() -> None:
    """The pooling drops the odd sample, so that what the layer before it read there is lost."""
    layers: list[Any] = [Conv(1, 1, 3, 1, 1), "relu", Conv(1, 1, 3, 1, 1), MaxPool(2, 2)]
    proof = decide_network(chain("dropped", layers, (9,)))
    assert (proof.verdict.verdict, proof.expansion.masks) == ("proved", frozenset())


@pytest.mark.parametrize(
    ("network", "factor"),
    [
        (all_convolutional(), (4, 4)),
        (vgg(224), (32, 32)),
        (vgg(225), (32, 32)),
        (wav2vec(), (320,)),
    ],
)
def test_real_chains_are_proved(network: Network, factor: tuple[int, ...]) -> None:
    proof = decide_network(network)
    assert proof.verdict.verdict == "proved"
    assert network.factors[INPUT] == factor
    assert not proof.expansion.masks


FAULTS: dict[str, Any] = {
    "a pad at the other end": lambda s: {**s, "padding": [pair[::-1] for pair in s["padding"]]},
    "a pad too many": lambda s: {**s, "padding": [[a, b + 1] for a, b in s["padding"]]},
    "another function": lambda s: s,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_in_an_expanded_chain_are_refuted(fault: str) -> None:
    layers: list[Any] = [Conv(1, 2, 3, 1, 1), "relu", Conv(2, 1, 3, 2, 1)]
    claim = NetworkExpansion(chain("even", layers, (8,))).claim()
    assert decide(claim).verdict == "proved"
    from symconv.claim import read_claim

    text = claim.to_dict()
    if fault == "another function":
        place = next(i for i, s in enumerate(text["right"]) if s["op"] == "pointwise")
        text["right"][place]["function"] = "sigmoid"
    else:
        text["right"][-1] = FAULTS[fault](text["right"][-1])
    verdict = decide(read_claim(text))
    assert isinstance(verdict, Refuted)
    if verdict.counterexample.left_shape is None:
        left, right = replay(verdict)
        assert left != right


def test_two_paths_of_different_strides_have_no_factors() -> None:
    edges = [(-1, 0, 1, 2), (-1, 1, 1, 3), (0, 2, 1, 1), (1, 2, 1, 1)]
    with pytest.raises(FactorError, match="different strides"):
        solve_factors(edges)
    assert solve_factors([(-1, 0, 2, 1), (0, 1, 1, 2)]) == {-1: 1, 0: 2, 1: 1}


def test_chains_that_do_not_fit_are_refused() -> None:
    with pytest.raises(LayerError, match="reads 3 channels, its input has 2"):
        chain("wrong", [Conv(1, 2, 3), Conv(3, 1, 3)], (9,))
    with pytest.raises(LayerError, match="holds no layer"):
        chain("none", ["relu"], (9,))


def test_minus_infinity_does_not_meet_a_sum() -> None:
    """A pooling that reads nothing in its tail leaves -inf; a mask keeps it from the sum."""
    layers: list[Any] = [MaxPool(1, 1), Conv(1, 1, 3, 2, 1)]
    proof = decide_network(chain("hollow", layers, (7,)))
    assert (proof.verdict.verdict, proof.expansion.masks) == ("proved", frozenset({1}))
    unmasked = decide(NetworkExpansion(proof.expansion.network).claim())
    assert unmasked.verdict != "proved"


def test_an_average_with_divisors_and_a_transposed_layer() -> None:
    layers: list[Any] = [
        Conv(1, 2, 3, 1, 1),
        "f",
        AvgPool(3, 2, 1, channels=2, count_include_pad=False),
        ConvTranspose(2, 1, 4, 2, 1),
        Conv(1, 1, 3, 2, 1, padding_mode="reflect"),
    ]
    proof = decide_network(chain("mixed", layers, (12,)))
    assert proof.verdict.verdict == "proved"
    assert not differ(proof.expansion.claim(), 1)
