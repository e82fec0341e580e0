"""Forged certificates: any one value changed and signed again, none is believed."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

import symconv
from symconv.errors import SymconvError
from symconv.recheck import recheck
from tests.helpers.forging import UNCHECKED, certificates, changed, forged, is_honest, plain
from tests.helpers.requirements import require

require("z3")
TRUE = certificates()


def believed(count: int, seed: int, seconds: float) -> tuple[list[str], Counter[str]]:
    """Which of some forged certificates are proved although nothing true stands in them."""
    rng, verdicts, wrong = random.Random(seed), Counter[str](), []
    every = list(forged(TRUE, rng))
    for name, path, text in rng.sample(every, min(count, len(every))):
        try:
            verdict: str = recheck(text, seconds=seconds).verdict
        except SymconvError:
            verdict = "refused"
        verdicts[verdict] += 1
        if verdict == "proved" and not is_honest(text, TRUE[name], path):
            wrong.append(f"{name}: {path}")
    return wrong, verdicts


def test_no_forged_certificate_is_believed() -> None:
    wrong, verdicts = believed(400, 1, 2.0)
    assert wrong == []
    assert verdicts["refused"] > 200
    assert verdicts["refuted"] > 5


@pytest.mark.slow
def test_no_forged_certificate_of_5000_is_believed() -> None:
    wrong, verdicts = believed(5000, 2, 5.0)
    assert wrong == []
    assert verdicts["refuted"] > 100


def test_what_is_not_checked_is_named() -> None:
    text = changed(TRUE["conv 0"], ("claim", "name"), "another")
    assert "not checked: the claim's name" in recheck(text).reason
    named = recheck(changed(TRUE["conv 0"], ("layer", "name"), "stem")).reason
    assert "the layer's name" in named
    masked = recheck(TRUE["chain"]).reason
    assert "what holds without them" in masked
    assert len(UNCHECKED) == 6


KERNEL = (
    "every output of this layer, of input 8x7, is that output of its expansion on arrays "
    "of phases, for every ring, every weight, bias and input; and these numbers at any size"
)
LIMIT = (
    "the kernel's theorem is about the numbers in its file, which symconv wrote there (for 'same' "
    "and ceil_mode the pads of this size); that its formulas are the maps' steps, the tables show"
)


def with_kernel(whole: dict[str, Any], about: str) -> dict[str, Any]:
    """A certificate with a kernel's fact and its limit."""
    fact = {"method": "kernel", "about": about, "figures": {"coq": "8.16.1", "seconds": 0.5}}
    body = {"facts": [*whole["facts"], fact], "method": [*whole["method"], "kernel"]}
    return {**whole, **body, "limits": [*whole["limits"], LIMIT]}


def test_a_kernel_s_fact_is_of_a_layer_at_a_size_that_it_was_asked_of() -> None:
    everywhere = symconv.prove(symconv.Conv(1, 1, 3, 2, 1), name="expansion")
    large = symconv.prove(symconv.Conv(1, 1, 2, stride=5000), (20_000,), symbolic=False)
    for verdict, size in ((everywhere, "HxW"), (large, "20000")):
        assert isinstance(verdict, symconv.Certificate)
        whole = plain(verdict.to_dict())
        tried = with_kernel(whole, KERNEL.replace("8x7", size))
        with pytest.raises(SymconvError, match="the kernel is asked of a layer at a size"):
            recheck(changed(tried, ("format",), whole["format"]))


SMALL = (
    "the tables have 7 rows and numbers up to 7, a work of 49; it takes numbers up to 4096 and a "
    "work of 600000"
)


@pytest.mark.parametrize("told", [SMALL, "the expanded layer has 64 channels, it takes 8192"])
def test_a_kernel_that_could_have_been_asked_is_no_limit(told: str) -> None:
    whole = plain(TRUE["conv 0"])
    limit = f"no kernel proof: the kernel counts in unary: {told}"
    with pytest.raises(SymconvError, match="has the limit"):
        recheck(changed(whole, ("limits",), [limit]))


def test_a_kernel_s_fact_is_that_of_the_layer() -> None:
    figures = {"coq": "8.16.1", "seconds": 0.5}
    fact = {"method": "kernel", "about": KERNEL, "figures": figures}
    whole = plain(TRUE["conv 0"])
    whole |= {"facts": [*whole["facts"], fact], "method": [*whole["method"], "kernel"]}
    whole["limits"] = [LIMIT]
    true = changed(whole, ("format",), whole["format"])
    found = recheck(true)
    assert found.verdict == "proved"
    assert "its version, its seconds and its file" in found.reason
    for path, value in (
        (("facts", 2, "about"), KERNEL.replace("ring", "idempotent commutative monoid")),
        (("facts", 2, "figures", "coq"), "eight"),
        (("facts", 2, "figures", "seconds"), -1),
        (("facts", 2, "figures", "file"), 7),
        (("limits",), []),
        (("limits", 0), LIMIT + "!"),
        (("method",), ["tables", "sympy"]),
    ):
        with pytest.raises(SymconvError):
            recheck(changed(whole, path, value))
