"""Random values that need no table: keyed mixing of an index's bits, and random primes."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_GOLDEN = 0x9E3779B97F4A7C15
_WORD = 2**64 - 1
RANDOM = random.Random()  # noqa: S311 - seeded by the system; nothing secret depends on it
"""Independent of any claim, so that the chance of an unlucky point can be stated."""


def mixed(values: Array, key: int) -> Array:
    """Scatter 64-bit words by a key: the finaliser of SplitMix64, an invertible map of words.

    Source: Steele, Lea and Flood 2014, *Fast splittable pseudorandom number generators*, section 4.

    >>> len(set(mixed(np.arange(1000, dtype=np.uint64), 7).tolist()))
    1000
    """
    z = values * np.uint64(_GOLDEN)
    z += np.uint64(key & _WORD)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def fresh_key() -> int:
    """A random word."""
    return RANDOM.getrandbits(64)


@lru_cache(maxsize=16)
def primes(count: int) -> tuple[int, ...]:
    """So many different random primes of 31 bits, the same ones throughout a process.

    That a number which is not zero vanishes modulo one of them is as unlikely as that it is
    divisible by a prime drawn out of fifty million.
    """
    found: dict[int, None] = {}
    while len(found) < count:
        candidate = RANDOM.randrange(2**30 + 1, 2**31, 2)
        if is_prime(candidate):
            found[candidate] = None
    return tuple(found)


def is_prime(n: int) -> bool:
    """Whether an odd number below 3,215,031,751 is prime: Miller and Rabin to the bases 2, 3, 5, 7.

    Source: Jaeschke 1993, *On strong pseudoprimes to several bases*, Mathematics of Computation 61.

    >>> [n for n in range(9, 30, 2) if is_prime(n)], is_prime(2**31 - 1)
    ([11, 13, 17, 19, 23, 29], True)
    """
    twos = ((n - 1) & (1 - n)).bit_length() - 1
    odd = (n - 1) >> twos
    return n > 1 and all(_passes(n, base, odd, twos) for base in (2, 3, 5, 7))


def _passes(n: int, base: int, odd: int, twos: int) -> bool:
    power = pow(base, odd, n)
    if power in (1, n - 1) or n == base:
        return True
    for _ in range(twos - 1):
        power = power * power % n
        if power == n - 1:
            return True
    return False
