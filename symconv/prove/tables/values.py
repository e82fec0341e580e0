"""Counterexamples as what the two sides give: integers for the entries, and both values.

A coefficient is what a side gives where its product's entries are 1 and all others 0, unless a
constant, a product of fewer tensors, or one tensor's square speaks there too.  Then the entries'
values are chosen so that the sides differ, and the two values are told instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain, product

import numpy as np

from symconv.claim import Claim
from symconv.claim.sides import INPUT, read_sides, weight_name
from symconv.claim.verdict import Counterexample
from symconv.errors import ContradictionError
from symconv.prove.tables.lowering import tables_of
from symconv.prove.tables.maxima import valued_maximum
from symconv.prove.tables.table import contract, ones
from symconv.prove.witness.search import written
from symconv.relation.form import Form, at_positions
from symconv.relation.term import Term

Index = tuple[int, ...]
Place = tuple[str, Index]
Given = Mapping[str, Sequence[tuple[Index, int]]]


def as_values(claim: Claim, found: Counterexample) -> Counterexample:
    """The counterexample with an assignment, where its coefficients are not what the sides give.

    Raises:
        ContradictionError: the sides' values do not differ.

    >>> from symconv.claim import read_claim
    >>> conv = {"op": "conv", "weight": "w", "bias": "one"}
    >>> claim = read_claim({"input": {"channels": 1, "size": [2]},
    ...     "weights": {"w": {"shape": [1, 1, 1]}, "one": {"shape": [1], "fill": 1}},
    ...     "left": [conv], "right": [conv, {"op": "flip", "axes": [1]}]})
    >>> found = Counterexample((0, 0), (0, 0), (("w", (0, 0, 0)),), "1", "0")
    >>> as_values(claim, found).sentence()
    'with x[0, 0] = 1, w[0, 0, 0] = 1 and every other entry 0: left 2, right 1 in output [0, 0]'
    """
    if found.assignment or found.left_shape is not None:
        return found
    left, right = sides = read_sides(claim)
    if left.monoid == "max":
        return valued_maximum(claim, found)
    if not _entangled(sides, found):
        return found
    places = _places(found)
    # Each side is a polynomial in the places' entries of at most this degree in each of them, so
    # that a grid of one value more tells two apart.
    degree = max(len(term.tensors) for form in (left, right) for term in form.terms)
    for numbers in product(range(1, degree + 2), repeat=len(places)):
        values = [_value(form, found.output, _given(places, numbers)) for form in sides]
        if values == [Fraction(found.left), Fraction(found.right)] and set(numbers) == {1}:
            return found
        if values[0] != values[1]:
            return _with_values(found, dict(zip(places, numbers, strict=True)), values)
    raise ContradictionError(f"claim {claim.name!r}: the sides agree although {found.sentence()}")


def _places(found: Counterexample) -> list[Place]:
    """The product's entries, each once, the input's first."""
    inputs = [] if found.input is None else [(INPUT, found.input)]
    weights = [(weight_name(name), index) for name, index in found.weights]
    return list(dict.fromkeys([*inputs, *weights]))


def _entangled(sides: tuple[Form, Form], found: Counterexample) -> bool:
    """Whether some other product is not zero where only this one's entries are set."""
    names = [weight_name(name) for name, _ in found.weights]
    own = tuple(sorted([*names, *([] if found.input is None else [INPUT])]))
    every = {term.signature for form in sides for term in form.terms}
    return len(set(own)) < len(own) or any(s != own and set(s) <= set(own) for s in every)


def _given(places: Sequence[Place], numbers: Sequence[int]) -> Given:
    given: dict[str, list[tuple[Index, int]]] = {}
    for (name, index), number in zip(places, numbers, strict=True):
        given.setdefault(name, []).append((index, number))
    return given


def _value(form: Form, output: Index, given: Given) -> Fraction:
    """What a form gives at one output where every entry that is not given is 0."""
    total = Fraction(0)
    for term in form.terms:
        for choice in product(*(given.get(tensor.name, ()) for tensor in term.tensors)):
            coefficient = _coefficient(term, (*output, *chain(*(index for index, _ in choice))))
            total += coefficient * int(np.prod([number for _, number in choice], dtype=object))
    return total


def _coefficient(term: Term, index: Index) -> Fraction:
    """The term's entry at an index of its output and, after it, of its tensors."""
    tables = tables_of(at_positions(term.framed(), index))
    return Fraction(term.scalar) * contract([*tables, ones([])], ()).total()


def _with_values(
    found: Counterexample, numbers: Mapping[Place, int], values: Sequence[Fraction]
) -> Counterexample:
    given = _given(list(numbers), list(numbers.values()))
    weights = [
        (name.removeprefix(weight_name("")), tuple(entries))
        for name, entries in given.items()
        if name != INPUT
    ]
    left, right = map(written, values)
    assignment = (("x", tuple(given.get(INPUT, ()))), *weights)
    return replace(found, left=left, right=right, assignment=assignment)
