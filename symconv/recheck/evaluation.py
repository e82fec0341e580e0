"""What a certificate says of its second voice: how often and where both sides were evaluated."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from symconv.recheck.claims import at, names
from symconv.recheck.facts import CertificateError

_KEYS = {"points", "primes", "degree", "chance", "outputs", "full", "thinned", "sizes"}
LEAST_PRIME, MOST_PRIME = 2**30, 2**31
"""Moduli lie between: large enough for the stated chance, small enough for 64-bit products."""


def check_evaluation(evaluation: Any, claim: dict[str, Any]) -> list[str]:
    """Check what can be computed again; what cannot is returned in words.

    Raises:
        CertificateError: a figure is not of its kind, or does not follow from the others.
    """
    if evaluation is None:
        return []
    if not isinstance(evaluation, dict) or set(evaluation) != _KEYS:
        raise CertificateError(f"an evaluation has exactly the parts {', '.join(sorted(_KEYS))}")
    points, primes, degree = (evaluation[key] for key in ("points", "primes", "degree"))
    for name in ("points", "outputs"):
        if type(evaluation[name]) is not int or evaluation[name] < 1:
            raise CertificateError(f"evaluation: {name} must be at least 1")
    _check_thinned(evaluation)
    if degree is not None and (type(degree) is not int or degree < 0):
        raise CertificateError(f"evaluation: no polynomial has the degree {degree!r:.80}")
    if primes is not None:
        _check_primes(primes, points)
    _check_chance(evaluation["chance"], primes, degree, points)
    _check_sizes(evaluation["sizes"], claim)
    return ["at how many points, outputs and sizes both sides were evaluated, and their degree"]


def _check_thinned(evaluation: dict[str, Any]) -> None:
    """Some outputs are seen in full, the others with only this many channels that are not zero."""
    full, thinned = evaluation["full"], evaluation["thinned"]
    if type(full) is not int or not 0 <= full <= evaluation["outputs"]:
        raise CertificateError("evaluation: full counts some of the outputs")
    if (thinned is None) != (full == evaluation["outputs"]):
        raise CertificateError("evaluation: thinned says how, where not all outputs are full")
    if thinned is not None and (type(thinned) is not int or thinned < 1):
        raise CertificateError("evaluation: thinned must be at least 1")


def _check_primes(primes: Any, points: int) -> None:
    if not isinstance(primes, list) or not all(type(p) is int for p in primes):
        raise CertificateError("evaluation: primes must be a list of integers")
    if len(primes) != points or len(set(primes)) < len(primes):
        raise CertificateError(f"evaluation: {points} points need as many primes, all distinct")
    for p in primes:
        if not LEAST_PRIME < p < MOST_PRIME or not is_prime(p):
            raise CertificateError(f"evaluation: {p} is not a prime between 2^30 and 2^31")


def _check_chance(chance: Any, primes: Any, degree: int | None, points: int) -> None:
    """The chance of missing a difference: at most (degree / p) at each point (Schwartz-Zippel)."""
    if primes is None or degree is None:
        if chance is not None:
            raise CertificateError("evaluation: a chance follows from primes and a degree only")
        return
    wanted = f"2^-{bits(degree, min(primes), points)}"
    if chance != wanted:
        raise CertificateError(f"evaluation: the chance is {wanted}, it says {chance!r:.80}")


def bits(degree: int, prime: int, points: int) -> int:
    """The greatest k with ``(degree / prime) ** points <= 2 ** -k``.

    >>> bits(1, 2**31 - 1, 2), bits(2, 2**31 - 1, 3)
    (61, 89)
    """
    chance = Fraction(max(degree, 1), prime) ** points
    k = chance.denominator.bit_length() - chance.numerator.bit_length() + 1
    while chance > Fraction(1, 2**k):
        k -= 1
    return k


def is_prime(n: int) -> bool:
    """Whether a number is prime: Miller and Rabin's test, whose bases decide below 3.4e14.

    >>> [n for n in range(30) if is_prime(n)]
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    """
    bases = (2, 3, 5, 7, 11, 13, 17)
    if n < 2 or any(n % b == 0 for b in bases):
        return n in bases
    odd = (n - 1) >> (twos := ((n - 1) & (1 - n)).bit_length() - 1)
    return all(_passes(n, base, odd, twos) for base in bases)


def _passes(n: int, base: int, odd: int, twos: int) -> bool:
    x = pow(base, odd, n)
    return x in (1, n - 1) or any((x := x * x % n) == n - 1 for _ in range(twos - 1))


def _check_sizes(sizes: Any, claim: dict[str, Any]) -> None:
    wanted = set(names(claim))
    if not isinstance(sizes, list):
        raise CertificateError("evaluation: sizes must be a list")
    for entry in sizes:
        if not isinstance(entry, dict) or set(entry) != wanted:
            raise CertificateError(
                f"evaluation: sizes must name {sorted(wanted)}, got {entry!r:.80}"
            )
        if not all(type(n) is int for n in entry.values()):
            raise CertificateError(f"evaluation: sizes are integers, got {entry!r:.80}")
        at(claim, entry)
    if (wanted and not sizes) or (not wanted and sizes not in ([], [{}])):
        raise CertificateError("evaluation: sizes are given where the claim names some")
