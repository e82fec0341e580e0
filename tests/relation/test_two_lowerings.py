"""One denotation, two lowerings: at every small size the formulas' points are the tables' entries.

Both engines read the same relations, so that a verdict of one no longer checks how the other
*reads* a step; this compares how they *write* it.  That the reading itself is right is for the
strangers to say.
"""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import islpy as isl
import pytest

from symconv.claim import Claim, read_claim
from symconv.claim.sides import pipeline_monoid, read_part
from symconv.errors import SymconvError, TooLarge
from symconv.prove.cuts import needs_cuts
from symconv.prove.sets.blocks import Sizes
from symconv.prove.sets.formulas import Divisor, Summand
from symconv.prove.sets.legal import legal_conditions
from symconv.prove.sets.lowering import domain, summand
from symconv.prove.tables.lowering import tables_of
from symconv.prove.tables.table import contract, join, ones
from symconv.relation.form import Form
from symconv.relation.indices import (
    Entries,
    Fuse,
    Gather,
    Lattice,
    Portions,
    Row,
    Same,
    Share,
    Shares,
    Slide,
    Split,
    Where,
)
from symconv.relation.term import Term
from symconv.size.expr import size_at
from tests.helpers.random_pipelines import Pipelines

SIZES = range(1, 9)
MOST_POINTS = 4_000
"""Of a larger tensor nothing is compared: isl lists some ten thousand points a second."""

Coefficients = defaultdict[tuple[Any, ...], Fraction]


def claims(seed: int, count: int) -> Iterator[Claim]:
    """Random pipelines on one axis of named size, without functions between their layers."""
    for number in range(count):
        written = Pipelines(1000 * seed + number).claim()
        if len(written["input"]["size"]) == 1:
            written["input"]["size"] = ["N"]
            claim = read_claim(written)
            if not needs_cuts(claim.left):
                yield claim


def form_of(claim: Claim) -> Form:
    return read_part(claim, "left", claim.left, claim.shape, pipeline_monoid(claim.left))


def by_tables(form: Form) -> Coefficients:
    """Every coefficient, from the entries of tables."""
    found: Coefficients = defaultdict(Fraction)
    for term in form.terms:
        tensors = sorted(term.tensors, key=lambda tensor: tensor.name)
        for place, entry in _entries(term.with_tensors(tuple(tensors)).framed()):
            _count(found, form, term.signature, term.scalar, place, entry)
    return _without_zeros(found)


def _entries(term: Term) -> Iterator[tuple[tuple[int, ...], int]]:
    legs = list(dict.fromkeys(leg for axis in term.out for leg in axis))
    table = contract([*tables_of(term), ones([])], legs)
    if free := [leg for leg in legs if leg not in table.legs]:
        table = join(table, ones(free))
    values = [1] * table.entries if table.coefficients is None else table.coefficients.tolist()
    columns = dict(zip(table.legs, (column.tolist() for column in table.columns), strict=True))
    for row, value in enumerate(values):
        yield tuple(_index(axis, columns, row) for axis in term.out), int(value)


def _index(axis: Any, columns: Any, row: int) -> int:
    index = 0
    for leg in axis:
        index = index * int(leg.size) + columns[leg][row]
    return index


def by_formulas(form: Form, n: int) -> Coefficients:
    """Every coefficient, from the points of formulas at one size."""
    found: Coefficients = defaultdict(Fraction)
    for term in form.terms:
        whole = summand(term)
        every = [*(factor.pieces for factor in whole.factors), *map(_quotients, whole.divisors)]
        for pieces in product(*every):
            scalar = whole.scalar
            for value, _ in pieces:
                scalar *= value
            for place in _points(whole, [where for _, where in pieces], n):
                _count(found, form, whole.signature, scalar, place, 1)
    return _without_zeros(found)


MOST_COUNT = 2 * max(SIZES)
"""No window of these pipelines counts more samples."""


def _quotients(divisor: Divisor) -> list[tuple[Fraction, str]]:
    """Every count that a divisor may take, and where it does."""
    return [
        (Fraction(1, count), re.sub(r"\b_v\b", str(count), divisor.count))
        for count in range(1, MOST_COUNT + 1)
    ]


def _points(term: Summand, more: list[str], n: int) -> list[tuple[int, ...]]:
    """The positions of the axes, once for each value of the hidden indices."""
    legs = list(dict.fromkeys([*term.out, *(leg for t in term.relations for leg in t.legs)]))
    parts = [*(t.formula for t in term.tables), *(leg.bounds for leg in legs), *more, f"N = {n}"]
    head = f"[N] -> {{ [{', '.join(leg.name for leg in legs)}] : "
    points = isl.Set(head + " and ".join(f"({part})" for part in parts) + " }")
    points = points.project_out(isl.dim_type.param, 0, 1)
    found: list[tuple[int, ...]] = []
    order = [legs.index(leg) for leg in term.out]

    def note(point: Any) -> None:
        numbers = [int(v) for v in re.findall(r"-?\d+", point.to_str())]
        found.append(tuple(numbers[place] for place in order))

    points.foreach_point(note)
    return found


def _count(
    found: Coefficients, form: Form, names: Any, scalar: Any, place: Any, entry: int
) -> None:
    """Add a coefficient; of a maximum, note what it is taken of."""
    if form.monoid == "max":
        found[names, place, None if names else Fraction(scalar)] = Fraction(1)
    else:
        found[names, place] += Fraction(scalar) * entry


def _without_zeros(found: Coefficients) -> Coefficients:
    return defaultdict(Fraction, {place: value for place, value in found.items() if value})


def legal_at(claim: Claim, form: Form, n: int) -> bool:
    """Whether the conditions of a form, of its weights and of its claim hold at a size."""
    conditions = [*domain(form), *legal_conditions(claim), f"N = {n}"]
    return not Sizes(("N",)).set(conditions).is_empty()


def compared(claim: Claim) -> int:
    """At how many sizes a pipeline was compared; where it makes no sense, both must say so."""
    seen = 0
    form = form_of(claim)
    for n in SIZES:
        try:
            small = claim.at({"N": n})
            numbers = form_of(small)
        except TooLarge:
            continue
        except SymconvError:
            assert not legal_at(claim, form, n), (claim.to_dict(), n)
            continue
        assert legal_at(claim, form, n), (claim.to_dict(), n)
        assert tuple(size_at(size, {"N": n}) for size in form.shape) == numbers.shape
        entries = by_tables(numbers)
        if len(entries) <= MOST_POINTS:
            assert by_formulas(form, n) == entries, (claim.to_dict(), n)
            seen += 1
    return seen


def readable(seed: int, count: int) -> Iterator[Claim]:
    """Those of the claims that are read for all sizes."""
    for claim in claims(seed, count):
        try:
            form_of(claim)
        except SymconvError:
            continue
        yield claim


@pytest.mark.parametrize("seed", range(6))
def test_formulas_and_tables_of_random_pipelines_are_the_same(seed: int) -> None:
    assert sum(map(compared, readable(seed, 60))) >= 20


PAD = {"op": "pad", "padding": [[0, 0], [1, 1]], "value": 2}
PHASES = {"op": "rearrange", "pattern": "c (h a) -> (c a) h", "a": 2}
BACK = {"op": "rearrange", "pattern": "(c a) h -> c (h a)", "a": 2}
FLIP = {"op": "flip", "axes": [0]}
CONV = {"op": "conv", "weight": "w", "stride": 2}
COSETS = {"op": "cosets", "matrix": [[2]], "representatives": [[0], [1]], "start": [0], "size": [3]}
KINDS: dict[type, list[dict[str, Any]]] = {
    Gather: [FLIP],
    Slide: [CONV],
    Split: [PAD, PHASES],
    Fuse: [PHASES, BACK, PAD],
    Same: [FLIP, CONV],
    Where: [PAD],
    Row: [{"op": "mask", "keep": [[1, 0], None]}],
    Portions: [{"op": "adaptive_max_pool", "output_size": [2]}],
    Lattice: [COSETS],
    Entries: [{"op": "conv", "weight": "c"}],
    Share: [{"op": "avg_pool", "kernel_size": 3, "padding": 1, "count_include_pad": False}],
    Shares: [{"op": "adaptive_avg_pool", "output_size": [3]}],
}


def with_relation(kind: type) -> Claim:
    """A claim whose left side holds such a relation."""
    weights = {
        "w": {"from": "v", "steps": [{"op": "flip", "axes": [1]}]},
        "v": {"shape": [1, 2, 3]},
        "c": {"value": [[[1, 2, 3], [4, 0, 5]]]},
    }
    source = {"input": {"channels": 2, "size": ["N"]}, "weights": weights}
    claim = read_claim({**source, "left": KINDS[kind], "right": []})
    assert any(isinstance(r, kind) for term in form_of(claim).terms for r in term.relations)
    return claim


@pytest.mark.parametrize("kind", KINDS)
def test_a_relation_that_is_written_otherwise_is_seen(
    kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its equation a relation holds everywhere in its range."""
    claim = with_relation(kind)
    assert compared(claim) >= 3
    formulas = importlib.import_module("symconv.prove.sets.lowering")._LOWER
    monkeypatch.setitem(formulas, kind, lambda r, to: to.add("0 = 0", r.legs))
    with pytest.raises(AssertionError):
        compared(claim)
