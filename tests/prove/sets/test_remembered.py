"""What isl has answered is used again for the same question, and for no other that is near it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import pytest

from symconv import AvgPool, Conv, ConvTranspose, MaxPool, destride
from symconv.claim import Claim, read_claim
from symconv.machine.caches import forget
from symconv.prove.sets.blocks import Counted, Sizes
from symconv.prove.sets.decide import Fails, Holds, decide_by_sets
from symconv.prove.sets.supports import same_support


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget()
    yield
    forget()


BASE: dict[str, Any] = {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 1}

NEAR: dict[str, list[Any]] = {
    "kernel_size": [3, 2, 4],
    "stride": [2, 3],
    "padding": [1, 0, (((0, 1)),), (((1, 0)),), (((1, 2)),), "same", "same_lower"],
    "dilation": [1, 2],
}


def near_layers() -> list[Any]:
    """Layers that differ from one in one word each."""
    words = [{**BASE, name: value} for name, values in NEAR.items() for value in values]
    convolutions = [Conv(4, 4, **word) for word in words]
    channels = [(1, 4, 1), (4, 1, 1), (4, 4, 2), (4, 4, 4), (2, 4, 2), (8, 4, 1)]
    grouped = [Conv(c, m, groups=g, **BASE) for c, m, g in channels]
    modes = [Conv(4, 4, padding_mode=mode, **BASE) for mode in ("reflect", "circular", "replicate")]
    others = [
        Conv(4, 4, bias=False, **BASE),
        Conv(4, 4, padding_value=1, **BASE),
        ConvTranspose(4, 4, 3, 2, 1),
        ConvTranspose(4, 4, 3, 2, 1, output_padding=1),
        MaxPool(3, 2, 1, channels=4),
        MaxPool(3, 2, 1, channels=4, ceil_mode=True),
        AvgPool(3, 2, 1, channels=4),
        AvgPool(3, 2, 1, channels=4, count_include_pad=False),
    ]
    return [*convolutions, *grouped, *modes, *others]


def claims() -> list[Claim]:
    """Their claims, and each left side against the right side of its neighbour."""
    own = [destride(layer, ("N",)).claim() for layer in near_layers()]
    crossed = [
        replace(one, right=other.right, weights=(*one.weights, *renamed(other)))
        for one, other in pairwise(own)
        if one.channels == other.channels and dict(one.weights).get("w") is not None
    ]
    return [*own, *crossed]


def renamed(claim: Claim) -> tuple[Any, ...]:
    return tuple((name, w) for name, w in claim.weights if name.endswith("_phases") and w.source)


def told(claim: Claim) -> Any:
    """All that is said of a claim but how long it took."""
    try:
        found = decide_by_sets(claim)
    except Exception as fault:  # noqa: BLE001 - an ill-formed claim must stay one
        return type(fault), str(fault)
    if isinstance(found, Holds):
        verdict = found.certificate
        return "holds", verdict.claim, verdict.output_shape, verdict.facts, found.at
    if isinstance(found, Fails):
        return "fails", found.fails_on, found.holds_on, found.domain, found.least, found.holds_at
    return "undecided", found.reason


def unique_weights(claim: Claim) -> Claim:
    return replace(claim, weights=tuple(dict(claim.weights).items()))


@pytest.mark.parametrize("backwards", [False, True])
def test_a_claim_is_decided_alike_whatever_was_decided_before(backwards: bool) -> None:
    every = list(map(unique_weights, claims()))
    alone = []
    for claim in every:
        forget()
        alone.append(told(claim))
    forget()
    order = range(len(every))
    for place in reversed(order) if backwards else order:
        assert told(every[place]) == alone[place], every[place].to_dict()
    kinds = [one[0] for one in alone]
    assert kinds.count("holds") >= len(near_layers()) - 2
    assert kinds.count("fails") >= 5


def test_axes_of_equal_geometry_share_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    support = Sizes.support

    def noted(sizes: Sizes, *args: Any, **named: Any) -> Any:
        asked.append(sizes.names)
        return support(sizes, *args, **named)

    monkeypatch.setattr(Sizes, "support", noted)
    layer = Conv(3, 8, 3, 2, 1)
    decide_by_sets(destride(layer, ("N",)).claim())
    assert asked
    asked.clear()
    decide_by_sets(destride(layer, ("H", "W")).claim())
    decide_by_sets(destride(Conv(8, 3, 3, 2, 1), ("D", "H", "W")).claim())
    assert asked == []


PLACES = {
    "another number": ("_p0 = _e0 and 0 <= _e0 < 4", "_p0 = _e0 and 0 <= _e0 < 3"),
    "another role": ("_p0 = _e0 and 0 <= _e0 < N", "_p0 = N and 0 <= N < N + 1"),
    "another size": ("_p0 = _e0 and 0 <= _e0 < N", "_p0 = _e0 and 0 <= _e0 < M"),
    "another sign": ("_p0 = _e0 and 0 <= _e0 < N + 1", "_p0 = _e0 and 0 <= _e0 < N - 1"),
}


@pytest.mark.parametrize(("one", "other"), PLACES.values(), ids=list(PLACES))
def test_questions_that_are_near_each_other_are_two(one: str, other: str) -> None:
    both = Sizes(("N", "M"))
    assert same_support(one, one, [0], both, False)
    assert not same_support(one, other, [0], both, False)
    assert same_support(other, other, [0], both, False)


def test_places_keep_their_order() -> None:
    one, other = "_p3 = 0 and _p5 = 1", "_p3 = 1 and _p5 = 0"
    assert same_support(one, one, [3, 5], Sizes(()), False)
    assert not same_support(one, other, [3, 5], Sizes(()), False)


def test_a_count_stays_a_count_when_it_was_met_as_a_maximum() -> None:
    twice = "_p0 = 0 and 0 <= _e0 < 2"
    assert same_support(twice, twice, [0], Sizes(()), True)
    for _ in range(2):
        with pytest.raises(Counted, match="counts hidden indices"):
            same_support(twice, twice, [0], Sizes(()), False)


def test_names_of_sizes_stay_those_of_the_claim() -> None:
    text = {
        "input": {"channels": 1, "size": ["N"]},
        "weights": {"w": {"shape": [1, 1, 3]}},
        "left": [{"op": "conv", "weight": "w", "stride": 2, "padding": "same"}],
        "right": [{"op": "conv", "weight": "w", "stride": 2, "padding": 1}],
    }
    for name in ("N", "rows", "N"):
        found = decide_by_sets(read_claim({**text, "input": {"channels": 1, "size": [name]}}))
        assert isinstance(found, Fails)
        assert (found.holds_on, found.least) == (f"{name} % 2 == 1", {name: 2})


def test_every_pair_of_strides_and_pads_is_told_apart() -> None:
    """One left side against each expansion of its neighbours: it equals its own alone."""
    words = list(product((1, 2), (2, 3)))
    own = {word: destride(Conv(1, 1, 3, word[1], word[0]), ("N",)).claim() for word in words}
    for one, other in product(words, words):
        claim = replace(own[one], right=own[other].right, weights=own[other].weights)
        assert isinstance(decide_by_sets(claim), Holds) == (one == other)
