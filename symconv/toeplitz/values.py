"""Exact values that an operator's entries hold: integers, rationals, SymPy terms, ring elements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import reduce
from numbers import Integral
from typing import Any

from sympy import QQ, ZZ, Expr, Float, Integer, Rational, Symbol
from sympy.polys.constructor import construct_domain
from sympy.polys.domains.domain import Domain
from sympy.polys.polyerrors import CoercionFailed
from sympy.polys.rings import PolyElement

from symconv.errors import InputError, LayerError, TooLarge

MOST_GENERATORS = 4096
"""Above this a polynomial ring's monomials, one exponent a generator, outgrow memory."""


def read_exact(value: Any) -> Any:
    """Read a value exactly: an int, a SymPy term or a ring element.

    Raises:
        LayerError: the value is a float, or no number and no SymPy object at all.

    >>> read_exact(Fraction(1, 2))
    1/2
    """
    if isinstance(value, Integral | Integer):
        return int(value)
    if isinstance(value, Fraction):
        return Rational(value.numerator, value.denominator)
    if isinstance(value, PolyElement) or (isinstance(value, Expr) and not value.has(Float)):
        return value
    raise LayerError(
        "an exact operator holds integers, fractions, SymPy terms or ring elements, "
        f"got {value!r} of type {type(value).__name__}; convert it exactly first"
    )


def multiply(a: Any, b: Any) -> Any:
    """Multiply two exact values; a ring element meets a rational number inside its ring."""
    if isinstance(a, int) and a == 1:
        return b
    if isinstance(b, int) and b == 1:
        return a
    if isinstance(a, PolyElement) and isinstance(b, Expr):
        return a * _coerce(a.ring.to_domain(), b)
    if isinstance(b, PolyElement) and isinstance(a, Expr):
        return _coerce(b.ring.to_domain(), a) * b
    return a * b


def common_domain(values: Iterable[Any]) -> Domain:
    """Return the smallest domain that holds the values: ``ZZ``, ``QQ``, or polynomials over them.

    Raises:
        TooLarge: there are more symbols than a polynomial ring can take.
    """
    values = list(values)
    domains = {v.ring.to_domain() for v in values if isinstance(v, PolyElement)}
    terms = [v for v in values if isinstance(v, Expr)]
    symbols = sorted({s for term in terms for s in term.free_symbols}, key=str)
    if len(symbols) > MOST_GENERATORS:
        raise TooLarge(
            f"a polynomial ring takes at most {MOST_GENERATORS} symbols, this operator has "
            f"{len(symbols)}; choose a smaller layer of the same geometry"
        )
    return reduce(Domain.unify, [_domain_of_terms(terms, symbols), *domains])


def _domain_of_terms(terms: list[Expr], symbols: list[Symbol]) -> Domain:
    others = [term for term in terms if not isinstance(term, Symbol)]
    if any(not term.is_Rational for term in others):
        return construct_domain([*symbols, *others], field=False)[0]
    ground = QQ if others else ZZ
    return ground[symbols] if symbols else ground


def converter(domain: Domain) -> Callable[[Any], Any]:
    """Return the function that takes a value into the domain; equal values share one element."""
    generators = dict(zip(getattr(domain, "symbols", ()), getattr(domain, "gens", ()), strict=True))

    def convert(value: Any) -> Any:
        if isinstance(value, Symbol) and value in generators:
            return generators[value]
        return _coerce(domain, value)

    return convert


def _coerce(domain: Domain, value: Any) -> Any:
    try:
        if isinstance(value, PolyElement):
            return domain.convert_from(value, value.ring.to_domain())
        return domain.from_sympy(value) if isinstance(value, Expr) else domain.convert(value)
    except (CoercionFailed, ValueError) as fault:
        raise InputError(
            f"{value} is not an element of {domain}; choose a domain that holds it"
        ) from fault


def to_expression(value: Any) -> Expr:
    """Return the value as a SymPy term."""
    if isinstance(value, PolyElement):
        return value.as_expr()
    return Integer(value) if isinstance(value, int) else value
