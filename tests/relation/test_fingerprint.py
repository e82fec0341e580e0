"""Equal fingerprints ask one question: channels do not enter, everything else does."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import pytest

from symconv.claim import read_claim
from symconv.claim.sides import read_sides
from symconv.claim.verdict import Certificate, Refuted
from symconv.errors import SymconvError
from symconv.machine.caches import forget
from symconv.prove.tables import compare
from symconv.prove.tables.decide import decide_by_tables
from symconv.relation.fingerprint import fingerprint
from symconv.relation.indices import Leg, Same
from symconv.relation.term import Term
from tests.helpers.random_claims import mutant, true_claim

Text = dict[str, Any]


def folded(**changed: Any) -> Text:
    """A right lowering of a strided convolution of one axis, with numbers to be changed."""
    n: Text = {
        "c": 3,
        "m": 4,
        "size": 12,
        "k": 4,
        "s": 2,
        "front": 0,
        "low": 0,
        "groups": 1,
        "a": 2,
    }
    n |= {"pattern": "c (h a) -> (c a) h", "taps": "o c (h a) -> o (c a) h", **changed}
    inner = n["c"] // n["groups"]
    behind = -(n["k"] + n["front"]) % 2
    return {
        "input": {"channels": n["c"], "size": [n["size"]]},
        "weights": {
            "w": {"shape": [n["m"], inner, n["k"]]},
            "v": {
                "from": "w",
                "steps": [
                    {"op": "pad", "padding": [[0, 0], [0, 0], [n["front"], behind]]},
                    {"op": "rearrange", "pattern": n["taps"], "a": 2},
                ],
            },
        },
        "left": [{"op": "conv", "weight": "w", "stride": n["s"], "groups": n["groups"]}],
        "right": [
            {"op": "rearrange", "pattern": n["pattern"], "a": n["a"]},
            {"op": "conv", "weight": "v", "padding": [[n["low"], 0]], "groups": n["groups"]},
        ],
    }


def key(text: Text) -> Any:
    left, right = read_sides(read_claim(text))
    groups = compare._comparable_groups(left, right)
    return [
        (len(lefts), fingerprint([compare._framed(term) for term in (*lefts, *rights)]))
        for _, lefts, rights in groups
    ]


@pytest.mark.parametrize("changed", [{"c": 2}, {"c": 64}, {"m": 2}, {"m": 512, "c": 7}])
def test_channels_do_not_enter(changed: Text) -> None:
    assert key(folded(**changed)) == key(folded())


NEAR = [
    {"size": 14},
    {"k": 3},
    {"k": 3, "front": 1},
    {"s": 1},
    {"low": 1},
    {"c": 1},
    {"m": 1},
    {"c": 4, "groups": 2},
    {"c": 4, "groups": 4},
    {"pattern": "c (h a) -> (a c) h"},
    {"pattern": "c (a h) -> (c a) h"},
    {"taps": "o c (h a) -> o (a c) h"},
]


@pytest.mark.parametrize("changed", NEAR, ids=str)
def test_everything_else_does(changed: Text) -> None:
    assert key(folded(**changed)) != key(folded())


@pytest.mark.parametrize("changed", NEAR, ids=str)
def test_what_is_known_of_one_says_nothing_of_its_neighbour(changed: Text) -> None:
    """Decided after the right one, and after everything was forgotten: one verdict."""
    forget()
    assert isinstance(decide_by_tables(read_claim(folded())), Certificate)
    after = verdict_of(folded(**changed))
    forget()
    assert verdict_of(folded(**changed)) == after


def verdict_of(text: Text) -> Any:
    try:
        found = decide_by_tables(read_claim(text))
    except SymconvError as fault:
        return str(fault)
    return found.counterexample if isinstance(found, Refuted) else found.verdict


def test_which_axes_carry_an_index_enters() -> None:
    c, d = Leg(5), Leg(5)
    assert fingerprint([Term(((c,), (c,)))]) != fingerprint([Term(((c,), (d,)))])


def of_three_places(n: int) -> Text:
    """A claim that holds of at most two channels: of three values two are equal, or all differ.

    Left is ``1 + 2[o=c=m]``, right ``[c=m] + [o=m] + [o=c]``, of an output ``o``, a weight ``m``
    and an input ``c``; what sums and repeats channels are convolutions with ones.
    """
    summed, repeated = {"op": "conv", "weight": "sum"}, {"op": "conv", "weight": "all"}
    own, total = {"op": "conv", "weight": "w"}, {"op": "conv", "weight": "total", "groups": n}
    each = {**own, "groups": n}
    branches = {
        "left": [[summed, own, repeated], [each], [each]],
        "right": [[each, repeated], [summed, own], [total]],
    }
    return {
        "name": f"channels-{n}",
        "input": {"channels": n, "size": [2]},
        "weights": {
            "w": {"shape": [n, 1, 1]},
            "sum": {"shape": [1, n, 1], "fill": 1},
            "all": {"shape": [n, n, 1], "fill": 1},
            "square": {"shape": [n, n, 1, 1], "fill": 1},
            "total": {"from": "w", "steps": [{"op": "conv", "weight": "square"}]},
        },
        **{side: [{"op": "add", "branches": parts}] for side, parts in branches.items()},
    }


@pytest.mark.parametrize("order", [(2, 3, 4, 5, 1), (5, 4, 3, 2, 1), (3, 2)])
def test_where_three_places_are_equal_or_not_three_values_are_needed(order: Any) -> None:
    """What was found of two channels says nothing of three."""
    forget()
    for n in order:
        found = decide_by_tables(read_claim(of_three_places(n)))
        assert found.verdict == ("proved" if n < 3 else "refuted"), n


def test_an_index_that_a_relation_mentions_keeps_its_size() -> None:
    def term(size: int) -> Term:
        kept, gone = Leg(size), Leg(size)
        return Term(((kept,), (kept,)), relations=(Same(gone, kept),))

    assert fingerprint([term(3)]) != fingerprint([term(4)])


def test_digits_of_other_sizes_keep_them() -> None:
    """(3, 4) beside (6, 2) is another question than (3, 4) beside (3, 4), whatever is free."""

    def axis(*sizes: int) -> Term:
        legs = tuple(map(Leg, sizes))
        return Term((legs, legs))

    assert fingerprint([axis(3, 4), axis(3, 4)]) == fingerprint([axis(5, 7), axis(5, 7)])
    assert fingerprint([axis(3, 4), axis(6, 2)]) != fingerprint([axis(3, 4), axis(3, 4)])
    assert fingerprint([axis(3, 4), axis(6, 2)]) != fingerprint([axis(3, 8), axis(6, 4)])


def test_one_key_has_one_verdict_among_random_claims() -> None:
    """Each claim, true or mutated, is decided afresh; those of one key agree."""
    rng, found = random.Random(7), defaultdict(set)
    for _ in range(120):
        text = true_claim(rng)
        if text is None:
            continue
        for candidate in (text, widened(text), mutant(text, rng)):
            forget()
            try:
                verdict = decide_by_tables(read_claim(candidate)).verdict
                found[str(key(candidate))].add(verdict)
            except SymconvError:
                continue
    assert all(len(verdicts) == 1 for verdicts in found.values())
    assert len(found) > 90


def widened(text: Text) -> Text:
    """The claim with three times as many output channels."""
    weights = {
        name: {"shape": [3 * w["shape"][0], *w["shape"][1:]]} if "shape" in w else w
        for name, w in text["weights"].items()
    }
    return {**text, "weights": weights}
