"""At which sizes a claim makes sense: provers, the claim itself and the recheck agree on them."""

from __future__ import annotations

from typing import Any

import islpy as isl
import pytest

import symconv
from symconv import check, read_claim
from symconv.claim import Claim
from symconv.claim.verdict import Certificate, Undecided
from symconv.errors import ClaimError, SymconvError
from symconv.prove.engine import Question
from symconv.prove.everywhere import decide_everywhere
from symconv.prove.registry import cheapest_first
from symconv.prove.sets.conditions import condition
from symconv.recheck.claims import at as recheck_at
from symconv.recheck.claims import read_claim as recheck_read
from symconv.size.text import evaluate
from tests.helpers.requirements import require

Text = dict[str, Any]
ALL = [None, None, None]
FLIP: Text = {"op": "flip", "axes": [1]}


def claim(left: list[Text], right: list[Text], size: Any = "N", **more: Any) -> Text:
    return {
        "name": "c",
        "input": {"channels": 1, "size": [size]},
        "weights": {},
        "left": left,
        "right": right,
        **more,
    }


def cut(start: Any, stop: Any) -> Text:
    return {"op": "slice", "slices": [ALL, [start, stop, None]]}


@pytest.mark.parametrize(("start", "stop"), [("N - 3", None), (None, "N - 3"), ("N - 3", "N - 1")])
def test_a_named_end_counts_from_the_front(start: Any, stop: Any) -> None:
    text = claim([cut(start, stop)], [cut(start, stop), FLIP, FLIP])
    found = check(text)
    assert isinstance(found, Certificate)
    least = {(None, "N - 3"): 4}.get((start, stop), 3)
    for size in range(1, 7):
        for made in (read_claim(text).at, lambda at: recheck_at(recheck_read(text), at)):
            if size < 3:
                with pytest.raises(SymconvError, match="named end"):
                    made({"N": size})
            elif size >= least:
                made({"N": size})
    assert found.facts[0].figures["domain"] == f"N >= {least}"


def test_what_a_negative_number_cuts_is_another_claim() -> None:
    # At N = 1 Python would count "N - 3" from the back, and both ends would be told apart.
    text = claim([cut("N - 3", None)], [cut("max(N - 3, 0)", None)])
    found = check(text)
    assert isinstance(found, Certificate)
    assert found.facts[0].figures["domain"] == "N >= 3"
    with pytest.raises(ClaimError, match=r"'N - 3' is -2 at .* counts from the front"):
        check(read_claim(text).at({"N": 1}))


@pytest.mark.filterwarnings("ignore::symconv.errors.ClaimWarning")
@pytest.mark.parametrize("fill", [{}, {"fill": 0}, {"fill": 2}])
@pytest.mark.parametrize("used", [False, True])
def test_every_weight_must_exist(fill: Text, used: bool) -> None:
    weights = {"w": {"shape": [1, 1, "K - 2"], **fill}}
    steps: list[Text] = [{"op": "conv", "weight": "w"}] if used else []
    text = claim([FLIP, FLIP, *steps], steps, weights=weights, where=["K <= N"])
    found = check(text)
    assert isinstance(found, Certificate)
    domain = found.facts[0].figures["domain"]
    for k in range(1, 6):
        sizes = {"N": 6, "K": k}
        assert bool(evaluate(domain, sizes)) == _makes_sense(text, sizes), (domain, sizes)


def _makes_sense(text: Text, sizes: dict[str, int]) -> bool:
    try:
        read_claim(text).at(sizes)
    except SymconvError:
        return False
    return True


def test_the_recheck_reads_the_same_sizes(tmp_path: Any) -> None:
    require("z3")
    for text in (
        claim([cut("N - 3", None)], [cut("N - 3", None), FLIP, FLIP]),
        claim([FLIP, FLIP], [], weights={"w": {"shape": ["N - 4"], "fill": 1}}),
    ):
        found = check(text)
        assert isinstance(found, Certificate)
        assert symconv.recheck(found.to_dict()).verdict == "proved"


@pytest.mark.parametrize("factor", [-3, -2, -1, 1, 2, 3])
def test_remainders_keep_their_factor(factor: int) -> None:
    modulus = 5
    words = f"{factor}*(M mod {modulus}) + 2 >= (N + M) mod 3"
    said = condition(isl.Set(f"[M, N] -> {{ : {words} }}"), ["M", "N"])
    for m in range(12):
        for n in range(12):
            true = factor * (m % modulus) + 2 >= (n + m) % 3
            assert bool(evaluate(said, {"M": m, "N": n})) == true, said


def test_a_refutation_that_no_integers_show_is_undecided() -> None:
    def nothing(at: Claim) -> Undecided:
        return Undecided(at, "nothing was found", 0.0)

    question = Question(read_claim(claim([FLIP], [])))
    found = decide_everywhere(question, list(cheapest_first(question)), nothing)
    assert isinstance(found, Undecided)
    assert "fails at N = 2" in found.reason
    assert "nothing was found" in found.reason


@pytest.mark.parametrize("size", [2**59, 2**61, 2**62, 2**63, 2**64 + 1, 10**30])
def test_positions_beyond_64_bits_are_said_to_be(size: int) -> None:
    for right in ([FLIP], []):
        found = check(claim([FLIP], right, size=size))
        assert found.verdict in ("proved", "refuted", "undecided")
        assert found.verdict != ("refuted" if right else "proved")
