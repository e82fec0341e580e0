"""Chains of many layers: one square for each kind of layer, and no kind taken for another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from symconv import prove
from symconv.claim import Claim, Weight, read_claim
from symconv.claim.naming import anonymous
from symconv.claim.unused import used_weights
from symconv.claim.verdict import Certificate, Undecided
from symconv.layer import Conv, MaxPool
from symconv.machine.caches import forget
from symconv.network import NetworkExpansion, chain
from symconv.prove.squares import asked
from symconv.prove.squares.compose import decide_in_squares


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget()
    yield
    forget()


MIDDLES: dict[str, list[Any]] = {
    "the same": [Conv(2, 2, 3, 1, 1), "relu"],
    "another pad": [Conv(2, 2, 3, 1, (((2, 0)),)), "relu"],
    "no pad": [Conv(2, 2, 3), "relu"],
    "another kernel": [Conv(2, 2, 1), "relu"],
    "another stride": [Conv(2, 2, 3, 2, 1), "relu"],
    "another dilation": [Conv(2, 2, 3, 1, 2, 2), "relu"],
    "groups": [Conv(2, 2, 3, 1, 1, groups=2), "relu"],
    "no bias": [Conv(2, 2, 3, 1, 1, bias=False), "relu"],
    "another function": [Conv(2, 2, 3, 1, 1), "sigmoid"],
    "a maximum": [MaxPool(3, 1, 1, channels=2)],
    "another mode": [Conv(2, 2, 3, 1, 1, padding_mode="reflect"), "relu"],
}


def claims() -> list[tuple[Claim, Any]]:
    """A chain around each of these, without masks and at two sizes."""
    found = []
    for middle in MIDDLES.values():
        layers = [Conv(2, 2, 3, 2, 1), "relu", *middle, Conv(2, 2, 3, 2, 1)]
        for size in (16, 13):
            expansion = NetworkExpansion(chain("chain", layers, (size,)))
            found.append((expansion.claim(), expansion.factors_at))
    return found


def told(claim: Claim, hint: Any) -> Any:
    verdict = decide_in_squares(claim, hint)
    if isinstance(verdict, Certificate):
        return verdict.facts, verdict.output_shape
    assert isinstance(verdict, Undecided)
    return verdict.reason


@pytest.mark.parametrize("backwards", [False, True])
def test_squares_are_decided_alike_whatever_was_decided_before(backwards: bool) -> None:
    every, alone = claims(), []
    for question in every:
        forget()
        alone.append(told(*question))
    forget()
    places = range(len(every))
    for place in reversed(places) if backwards else places:
        assert told(*every[place]) == alone[place]
    assert any(isinstance(one, str) for one in alone)
    assert not all(isinstance(one, str) for one in alone)


def test_layers_of_one_kind_are_one_question() -> None:
    sizes = []
    for depth in (4, 12):
        forget()
        layers: list[Any] = [Conv(2, 2, 3, 2, 1), "relu"]
        layers += [Conv(2, 2, 3, 1, 1), "relu"] * depth + [Conv(2, 2, 3, 2, 1)]
        expansion = NetworkExpansion(chain("deep", layers, (16,)))
        assert told(expansion.claim(), expansion.factors_at)[1] == (2, 4)
        sizes.append(len(asked._HOLD._held))
    assert sizes[0] == sizes[1] <= 6


def test_a_deep_chain_without_functions_is_proved_square_by_square() -> None:
    """As one linear map it would have a tap for each way through all kernels."""
    layers = [{"op": "conv", "in_channels": 2, "out_channels": 2, "kernel_size": 3, "padding": 1}]
    network = [dict(layer) for layer in layers * 24]
    network[0] |= {"stride": 2, "input_size": [64]}
    verdict = prove({"network": network})
    assert isinstance(verdict, Certificate)
    assert verdict.method == ["squares"]


def test_a_claim_without_names_keeps_what_its_weights_are() -> None:
    def one(fill: Any, name: str = "w") -> Claim:
        conv = {"op": "conv", "weight": "v"}
        weights = {name: {"shape": [1, 1, 3], "fill": fill}, "v": {"from": name, "steps": []}}
        text = {"input": {"channels": 1, "size": [4]}, "left": [conv], "right": [conv]}
        return read_claim({**text, "weights": weights})

    assert anonymous(one(1)) == anonymous(one(1, "u"))
    assert anonymous(one(1)) != anonymous(one(2))


def test_weights_that_weights_are_convolved_with_are_kept() -> None:
    conv = {"op": "conv", "weight": "v"}
    made = {
        "w": {"shape": [1, 1, 3]},
        "u": {"shape": [1, 1, 1]},
        "v": {"from": "w", "steps": [{"op": "rearrange", "pattern": "m c k -> m c k"}]},
        "idle": {"from": "u", "steps": []},
    }
    text = {"input": {"channels": 1, "size": [4]}, "left": [conv], "right": [conv]}
    claim = read_claim({**text, "weights": made})
    kept = used_weights(claim.weights, claim.left)
    assert [name for name, _ in kept] == ["w", "v"]
    assert isinstance(kept[0][1], Weight)
