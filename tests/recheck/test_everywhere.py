"""Certificates for all sizes: z3 counts, knows where a claim makes sense, and ends in time."""

from __future__ import annotations

import importlib.util
import random
import time
from itertools import product
from typing import Any

import pytest

from symconv import check, recheck
from symconv.api import prove
from symconv.claim.verdict import Certificate
from symconv.errors import ClaimError, SymconvError
from symconv.layer import Conv, MaxPool
from symconv.recheck import CertificateError, everywhere
from symconv.recheck.claims import at, read_claim
from symconv.recheck.decide import same_function
from symconv.recheck.everywhere import SolverMissing
from tests.helpers.forging import FLIP, RELU, changed, claims, conv, plain, sides, written
from tests.helpers.requirements import require

z3_claims: Any = require("symconv.recheck.allsizes")
Text = dict[str, Any]
FIGURES = ("facts", 0, "figures")
ALL = [None, None, None]
W: Text = {"w": {"shape": [1, 1, 3]}}
HALVED = {
    "name": "halved",
    **sides([conv("w", stride=2, padding=1)], [conv("w", stride=2, padding="same")], ["N"], W),
    "where": ["N % 2 == 1", "N >= 3"],
}


def of_layer(layer: Any) -> Text:
    verdict = prove(layer, ["N"])
    assert isinstance(verdict, Certificate)
    found: Text = plain(verdict.to_dict())
    return found


def certificate(text: Text) -> Text:
    verdict = check(text)
    assert isinstance(verdict, Certificate)
    found: Text = plain(verdict.to_dict())
    return found


def test_the_domain_is_compared_with_the_claim_s_own() -> None:
    true = certificate(HALVED)
    assert true["facts"][0]["figures"]["domain"] == "N >= 3 and N % 2 == 1"
    assert recheck(true).verdict == "proved"
    same = changed(true, (*FIGURES, "domain"), "N % 2 == 1 and not N < 3")
    assert recheck(same).verdict == "proved"
    for words in (
        "all sizes",
        "no size",
        "N >= 3",
        "N >= 1 and N % 2 == 1",
        "N >= 5 and N % 2 == 1",
        "M >= 3",
        "N",
        "N >=",
        "(N >= 3",
        "[N] -> { : N >= 3 }",
        3,
        None,
        "N >= 3 and N % 2 == 1 and N < 1000000",
    ):
        assert _verdict(changed(true, (*FIGURES, "domain"), words)) != "proved", words


def _verdict(text: Text, seconds: float = 20.0) -> str:
    try:
        return recheck(text, seconds=seconds).verdict
    except SymconvError:
        return "refused"


def test_the_shape_and_the_names_are_compared_with_the_claim_s_own() -> None:
    true = certificate(HALVED)
    for shape in ([1], [1, "N"], [2, true["output_shape"][1]], ["1", true["output_shape"][1]]):
        assert _verdict(changed(true, ("output_shape",), shape)) == "refused"
    halves = changed(true, ("output_shape", 1), "(N + 1) // 2")
    assert recheck(halves).verdict == "proved"
    assert _verdict(changed(true, (*FIGURES, "sizes"), ["N", "M"])) == "refused"


def test_a_false_claim_for_all_sizes_is_refuted() -> None:
    """The pads are the same at odd sizes only; no size of the grid is as large as these."""
    unseen = changed(certificate(HALVED), ("evaluation",), None)
    forged = changed(unseen, ("claim", "where"), ["N >= 40"])
    found = recheck(changed(forged, (*FIGURES, "domain"), "N >= 40"))
    assert found.verdict == "refuted"
    assert "the two sides differ at N = 4" in found.reason


def test_what_holds_up_to_a_size_is_refuted_beyond_it() -> None:
    """What lies beyond thirty samples is replaced by zeros."""
    short = [
        {"op": "slice", "slices": [ALL, [0, "min(N, 30)", None]]},
        {"op": "pad", "padding": [[0, 0], [0, "N - min(N, 30)"]]},
    ]
    found = recheck(written("long", sides(short, [], ["N"], {})))
    assert (found.verdict, "N = 3" in found.reason) == ("refuted", True)


def test_products_are_counted_at_every_size() -> None:
    ones = {"a": {"shape": [3, 1, 1], "fill": 1}, "b": {"shape": [1, 3, 1], "fill": 1}}
    many = [conv("a"), conv("b")]
    for copies in (1, 2, 3):
        add = [{"op": "add", "branches": [[]] * copies}]
        found = recheck(written("copies", sides(many, add, ["N"], ones)))
        assert found.verdict == ("proved" if copies == 3 else "refuted"), copies


def test_constants_are_counted_at_every_size() -> None:
    fill = {"w": {"shape": [1, 2, 1], "fill": 1}}
    padded = [conv("w", padding=[[0, 1]], padding_value=1)]
    for value in (1, 2):
        after = [conv("w"), {"op": "pad", "padding": [[0, 0], [0, 1]], "value": value}]
        text = sides(padded, after, ["N"], fill, 2)
        assert (z3_claims.counterexample(text) is None) == (value == 2)


def test_weights_made_by_convolutions_and_constants_are_read() -> None:
    """A weight made of a constant's and a free weight's convolution, against two layers."""
    u = {"shape": [1, 1, 2], "fill": 2}
    wide = {"from": "u", "steps": [{"op": "rearrange", "pattern": "o c k -> o c 1 k"}]}
    made = {"from": "w", "steps": [conv("v", padding=[[0, 0], [1, 1]])]}
    weights = W | {"u": u, "v": wide, "m": made}
    text = sides([conv("m")], [conv("w"), conv("u")], ["N"], weights)
    assert z3_claims.counterexample(text) is None
    text["weights"]["u"]["fill"] = 3
    text["right"] = [conv("w"), {"op": "add", "branches": [[conv("u")], [conv("u")]]}]
    assert z3_claims.counterexample(text) is not None


def test_two_uses_of_one_weight_are_exchangeable_at_every_size() -> None:
    flipped = W | {"f": {"from": "w", "steps": [{"op": "flip", "axes": [2]}]}}
    text = sides([conv("w"), conv("f")], [conv("f"), conv("w")], ["N"], flipped)
    assert z3_claims.counterexample(text) is None
    text["right"] = [conv("w"), conv("w")]
    assert z3_claims.counterexample(text) is not None


RULES: list[Text] = [
    {"op": "pad", "padding": [[0, 0], [2, 1]], "mode": "reflect"},
    {"op": "pad", "padding": [[0, 0], [-1, 2]], "mode": "circular"},
    {"op": "pad", "padding": [[0, 0], [3, -2]], "mode": "replicate"},
    {"op": "pad", "padding": [[0, 0], ["2 - N", 1]], "value": 2},
    {"op": "slice", "slices": [ALL, [-4, -1, None]]},
    {"op": "slice", "slices": [ALL, [None, None, -2]]},
    {"op": "slice", "slices": [ALL, ["N - 3", 1, -1]]},
    {"op": "split", "sizes": 3, "part": 1, "axis": 1},
    {"op": "split", "sizes": [2, 3], "part": 1, "axis": -1},
    {"op": "tile", "repeats": [2, 2]},
    {"op": "dilate", "dilation": [1, 3]},
    {"op": "rearrange", "pattern": "c (h a) -> (c a) h", "a": 2},
    {"op": "rearrange", "pattern": "c (a h) -> h (c a)", "a": 3},
    {"op": "avg_pool", "kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
    {"op": "avg_pool", "kernel_size": 2, "padding": [[-1, 1]], "count_include_pad": False},
    conv("w", stride=2, padding="same_lower", dilation=2),
    conv("w", padding=[[2, -1]], padding_mode="circular"),
    {"op": "conv_transpose", "weight": "w", "stride": 2, "padding": 1, "output_padding": 1},
    {"op": "conv_transpose", "weight": "w", "stride": 2, "padding": "same"},
    {"op": "concat", "axis": 1, "branches": [[], [FLIP]]},
    {"op": "divide", "counts": [None, ["min(i + 1, 3)", "N"]]},
    {"op": "conv_as_kernel", "weight": "k", "padding": 2, "stride": 2},
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["op"])
def test_both_readings_agree_on_a_step_at_every_small_size(rule: Text) -> None:
    """The step against itself, and against its mirror image, at numbers in place of N."""
    weights = W | {"k": {"shape": [1, 1, 5]}}
    text = sides([rule], [rule], ["N"], weights)
    sense = z3_claims.makes_sense(text, "all sizes", [], 20.0)
    seen = set()
    for n in range(1, 9):
        claim = read_claim({"name": "rule", **text, "where": [f"N == {n}"]})
        try:
            same, shape = same_function(plain(at(claim, {"N": n})))
        except ClaimError:
            same, shape = False, []
        seen.add(same)
        found = z3_claims.makes_sense(claim, f"N == {n}", shape, 20.0)
        assert (found.fault == "") == same, (n, found)
        if same:
            first = {"op": "slice", "slices": [[0, 1, None], [0, 1, None]]}
            other = claim | {"right": [*claim["right"], {"op": "flip", "axes": [1]}]}
            flat = same_function(plain(at(other, {"N": n})))[0]
            assert z3_claims.counterexample(claim) is None
            assert (z3_claims.counterexample(other) is None) == flat, (n, first)
    assert True in seen
    assert sense.unknown == ""


def test_random_rules_after_one_another_agree_with_the_dictionaries() -> None:
    rng, checked = random.Random(3), {True: 0, False: 0}
    weights = W | {"k": {"shape": [1, 1, 5]}}
    gathers = [rule for rule in RULES if rule["op"] not in ("conv_as_kernel", "divide")]
    for _ in range(40):
        left, right = ([rng.choice(gathers), *rng.choice(([], [FLIP]))] for _ in range(2))
        right = rng.choice((left, [*left, FLIP], right))
        text = read_claim({"name": "random", **sides(left, right, ["N"], weights)})
        try:
            fails = z3_claims.counterexample(text, 20)
        except z3_claims.NotRead:
            continue
        for n in range(1, 8):
            try:
                same = same_function(plain(at(text, {"N": n})))[0]
            except ClaimError:
                continue
            assert same or fails is not None, (text, n)
            checked[same] += 1
    assert min(checked.values()) > 20


def test_functions_are_proved_part_by_part_and_false_ones_are_not() -> None:
    true = certificate({"name": "functions", **claims()["functions, all"]})
    assert recheck(true).verdict == "proved"
    right = [conv("w", padding=1), RELU, FLIP, conv("w", padding=[[0, 2]])]
    assert _verdict(changed(true, ("claim", "right"), right)) == "undecided"
    assert _verdict(changed(true, (*FIGURES, "parts"), 7)) == "refused"


def test_it_ends_in_time() -> None:
    layer = Conv(48, 48, (7, 7), 2, 3)
    verdict = prove(layer)
    start = time.perf_counter()
    found = recheck(verdict, seconds=1.0)
    assert time.perf_counter() - start < 6
    assert found.verdict in ("undecided", "proved")
    if found.verdict == "undecided":
        assert "within" in found.reason or "paths" in found.reason


def test_what_cannot_be_read_is_undecided() -> None:
    named = sides(
        [conv("v"), conv("v")], [conv("v"), conv("v")], ["N"], {"v": {"shape": [1, 1, "K"]}}
    )
    text = {"name": "named kernel", **named, "where": ["N >= 2*K"]}
    body = plain(
        written("named kernel", {**text, "input": {"channels": 1, "size": ["N"]}}).to_dict()
    )
    assert _verdict(changed(body, (*FIGURES, "domain"), "K >= 1 and N >= 2*K"), 5) in (
        "undecided",
        "refused",
    )


def test_the_layer_is_settled_at_every_size_as_well() -> None:
    true = of_layer(Conv(1, 1, 3, 2, 1, bias=False))
    assert recheck(true).verdict == "proved"
    for key, value in (
        ("stride", [3]),
        ("padding", [[1, 0]]),
        ("dilation", [2]),
        ("bias", True),
        ("input_size", ["M"]),
        ("padding_mode", "circular"),
    ):
        assert _verdict(changed(true, ("layer", key), value)) in ("refused", "refuted"), key


def test_without_the_solver_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    true = of_layer(MaxPool(2))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SolverMissing, match=r"pip install 'symconv\[z3\]'"):
        recheck(true)


def test_sizes_and_scope_belong_together() -> None:
    here = certificate({"name": "flip", **sides([FLIP, FLIP], [], [4], {})})
    with pytest.raises(CertificateError, match="must settle the claim"):
        recheck(changed(here, ("sizes",), "all"))
    everywhere_ = certificate({"name": "flip", **sides([FLIP, FLIP], [], ["N"], {})})
    with pytest.raises(CertificateError, match="what the sets are about"):
        recheck(changed(everywhere_, ("sizes",), "these"))


def test_the_grid_holds_small_sizes_of_every_name() -> None:
    for count in (1, 2, 3, 4):
        names = [f"n{i}" for i in range(count)]
        sizes = [tuple(entry.values()) for entry in everywhere._sizes(names)]
        most = max(max(entry) for entry in sizes)
        assert sorted(sizes) == sorted(product(range(1, most + 1), repeat=count))
        assert most >= 2
