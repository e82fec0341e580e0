"""A certificate's limits: what it says was not established, in the program's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from typing import Any

from symconv.recheck.facts import (
    MOST_CHANNELS,
    MOST_NUMBER,
    MOST_ON_LATTICE,
    CertificateError,
    is_plain_lattice,
)
from symconv.recheck.statement import beyond_means, has_matrix, weight_shape

Texts = dict[str, Any]
KERNEL = (
    "the kernel's theorem is about the numbers in its file, which symconv wrote there (for 'same' "
    "and ceil_mode the pads of this size); that its formulas are the maps' steps, the tables show"
)
KERNEL_ON_LATTICE = (
    "the kernel's theorem is about the numbers in its file, which symconv wrote there; that its "
    "ties are what the maps' steps read, the tables or sets show"
)
NO_THEOREM = (
    "no kernel proof: the library's theorem of a matrix stride has no groups and pads with zeros"
)
NO_MATRIX = "no SymPy identity: a maximum is no linear map and has no matrix"
MOST_MATRIX, MOST_STAND_IN = 4000, 40_000
"""Non-zeros up to which a matrix is written out, the layer's own and a stand-in's."""

_TOO_LARGE = re.compile(
    r"no SymPy identity: an? (?:expanded kernel of \d+ slots is too large to write out \(at most "
    r"\d+\); choose smaller factors|matrix of \d+ x \d+ with \d+ entries is too large to write out "
    r"\(at most \d+\); choose a smaller input_size or fewer channels|polynomial ring takes at most "
    r"\d+ symbols, this operator has \d+; choose a smaller layer of the same geometry)"
)
MOST_WORK = 600_000
"""Rows of all tie tables, each times its table's largest number; the kernel is asked of no more."""

_UNARY = re.compile(
    r"no kernel proof: (?:the kernel counts in unary: (?:the tables have \d+ rows and numbers up "
    r"to (?P<number>\d+), a work of (?P<work>\d+); it takes numbers up to "
    rf"{MOST_NUMBER} and a work of {MOST_WORK}"
    rf"|the expanded layer has (?P<channels>\d+) channels, it takes {MOST_CHANNELS}"
    r"|(?P<taps>\d+) taps, numbers up to (?P<entry>\d+) and (?P<wide>\d+) channels, it takes "
    rf"{MOST_ON_LATTICE[0]}, {MOST_ON_LATTICE[1]} and {MOST_ON_LATTICE[2]})"
    r"|coqc took more than \d+(?:\.\d+)? s on \w+\.v)"
)


def check_limits(body: Texts) -> Iterator[str]:
    """Compare every limit with the facts and the layer; what cannot be compared is returned.

    Raises:
        CertificateError: a limit is not one that the program writes, or not of this certificate.
    """
    limits, layer = body["limits"], body["layer"]
    if not isinstance(limits, list) or not all(isinstance(text, str) for text in limits):
        raise CertificateError("limits must be a list of texts")
    if limits and layer is None:
        raise CertificateError("limits speak of a layer, and the certificate has none")
    facts = {fact["method"]: fact for fact in body["facts"]}
    wanted = _expected(facts, layer, body["output_shape"])
    for text in limits:
        if text not in wanted:
            yield _other(text, facts)
    must = [text for text in wanted if text.startswith(("the SymPy", "the kernel"))]
    if missing := [text for text in must if text not in limits]:
        raise CertificateError(f"the certificate must say as well: {missing[0]!r}")
    if len(set(limits)) < len(limits):
        raise CertificateError("a limit stands twice")


def _other(text: str, facts: dict[str, Texts]) -> str:
    """What cannot be compared of a limit whose numbers only its maker knows."""
    if _TOO_LARGE.fullmatch(text) and "sympy" not in facts:
        return "why SymPy was not asked"
    if (why := _UNARY.fullmatch(text)) and "kernel" not in facts and _too_much(why):
        return "why the kernel was not asked"
    raise CertificateError(f"no certificate of this layer has the limit {text!r:.160}")


def _too_much(why: re.Match[str]) -> bool:
    """Whether the numbers of a limit are beyond the bounds that it names."""
    found = [int(n) if n else 0 for n in why.groups()]
    most = (MOST_NUMBER, MOST_WORK, MOST_CHANNELS, *MOST_ON_LATTICE)
    beyond = any(number > bound for number, bound in zip(found, most, strict=True))
    return beyond or not any(why.groups())


def _expected(facts: dict[str, Texts], layer: Any, shape: list[Any]) -> list[str]:
    """The limits that these facts come with."""
    if layer is not None and has_matrix(layer):
        if "kernel" in facts:
            return [KERNEL_ON_LATTICE]
        return [] if is_plain_lattice(layer) else [NO_THEOREM]
    found = [KERNEL] if "kernel" in facts else []
    if layer is None or not all(isinstance(n, int) for n in (*shape, *layer["input_size"])):
        return found
    if layer["op"] == "max_pool":
        return [*found, NO_MATRIX]
    if (unknown := beyond_means(layer)) is not None:
        found.append(f"no kernel proof: the library's means have no {unknown}")
    whole = weight_shape(layer, len(layer["input_size"]))
    entries = whole[0] * whole[1] * prod(shape[1:]) * prod(whole[2:])
    large = f"this layer's matrix has up to {entries} non-zeros, the SymPy identity takes up to"
    if entries > MOST_MATRIX and "sympy" in facts:
        found.append(f"the SymPy identity is a stand-in's: {large} {MOST_MATRIX}")
    elif entries > MOST_MATRIX:
        found.append(f"no SymPy identity: {large} {MOST_STAND_IN}, and so has a stand-in")
    return found
