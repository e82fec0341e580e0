"""What a certificate says of its evaluation follows from its own figures, or is refused."""

from __future__ import annotations

from typing import Any

import pytest

from symconv import check, recheck
from symconv.claim.verdict import Certificate
from symconv.errors import SymconvError
from symconv.recheck.evaluation import bits, is_prime
from tests.helpers.forging import FLIP, plain, sides, signed
from tests.helpers.requirements import require

Text = dict[str, Any]
PRIMES = [2147483647, 2147483629, 2147483587]
HERE: Text = {
    "points": 3,
    "primes": PRIMES,
    "degree": 2,
    "outputs": 4,
    "chance": "2^-89",
    "full": 4,
    "thinned": None,
    "sizes": [],
}


def certificate(evaluation: Any, size: Any = 4) -> Text:
    verdict = check({"name": "flips", **sides([FLIP, FLIP], [], [size], {})})
    assert isinstance(verdict, Certificate)
    return signed({**plain(verdict.to_dict()), "evaluation": evaluation})


def test_a_true_evaluation_is_accepted() -> None:
    found = recheck(certificate(HERE))
    assert found.verdict == "proved"
    assert "at how many points, outputs" in found.reason
    assert recheck(certificate(None)).verdict == "proved"
    thin = {**HERE, "full": 1, "thinned": 4}
    assert recheck(certificate(thin)).verdict == "proved"
    maxima = {**HERE, "primes": None, "degree": None, "chance": None}
    assert recheck(certificate(maxima)).verdict == "proved"


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 2},
        {"points": True},
        {"points": 0},
        {"primes": PRIMES[:2]},
        {"primes": []},
        {"primes": [PRIMES[0]] * 3},
        {"primes": [*PRIMES[:2], 2147483585]},
        {"primes": [*PRIMES[:2], 1073741789]},
        {"primes": [*PRIMES[:2], 4294967291]},
        {"primes": "many"},
        {"degree": -1},
        {"degree": 3},
        {"degree": None},
        {"degree": True},
        {"outputs": 0},
        {"outputs": 1.5},
        {"chance": "2^-90"},
        {"chance": "2^-88"},
        {"chance": None},
        {"chance": 0},
        {"sizes": [{"N": 4}]},
        {"sizes": None},
        {"more": 1},
        {"full": 3},
        {"full": 5},
        {"full": True},
        {"thinned": 2},
        {"full": 0, "thinned": 0},
    ],
)
def test_a_figure_that_does_not_follow_is_refused(wrong: Text) -> None:
    with pytest.raises(SymconvError):
        recheck(certificate({**HERE, **wrong}))


def test_its_sizes_are_the_claim_s() -> None:
    require("z3")
    text = {**HERE, "sizes": [{"N": 1}, {"N": 7}]}
    assert recheck(certificate(text, "N")).verdict == "proved"
    for sizes in ([], [{"M": 1}], [{"N": 0}], [{"N": True}], [{"N": 1, "M": 2}], [7]):
        with pytest.raises(SymconvError):
            recheck(certificate({**text, "sizes": sizes}, "N"))


def test_primes_and_chances() -> None:
    assert all(map(is_prime, PRIMES))
    assert not is_prime(2147483649)
    assert not is_prime(1373653)  # a strong pseudoprime to the bases 2 and 3
    for degree, points in ((1, 1), (2, 3), (1000, 4)):
        k = bits(degree, PRIMES[0], points)
        assert degree**points * 2**k <= PRIMES[0] ** points < degree**points * 2 ** (k + 1)
