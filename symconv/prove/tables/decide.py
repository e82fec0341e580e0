"""Claims at given sizes, settled on access tables."""

from __future__ import annotations

from time import perf_counter

from symconv.claim import Claim
from symconv.claim.sides import INPUT, read_sides, weight_name
from symconv.claim.verdict import Certificate, Counterexample, Fact, Refuted, Undecided, Verdict
from symconv.errors import TooLarge
from symconv.prove.tables.compare import Difference, first_difference
from symconv.prove.tables.table import number
from symconv.relation.form import Form
from symconv.relation.reading import UnsupportedStep


def decide_by_tables(claim: Claim) -> Verdict:
    """Prove or refute a claim at its sizes, by comparing the two sides' tables entry by entry.

    The cost is that of the axes' tables, output times kernel each, added over the axes; neither
    channels nor the product of the axes enter it.

    Raises:
        ClaimError: the claim is ill-formed: shapes, patterns, names or steps do not fit.

    >>> from symconv.claim import read_claim
    >>> claim = read_claim({"input": {"channels": 1, "size": [4]}, "right": [],
    ...                     "left": [{"op": "flip", "axes": [1]}]})
    >>> decide_by_tables(claim).counterexample.sentence()
    'in output [0, 0], left has 0 times x[0, 0], right has 1'
    """
    start = perf_counter()
    claim.require_numbers()
    try:
        left, right = read_sides(claim)
        counterexample = compare_forms(left, right)
    except (TooLarge, UnsupportedStep) as fault:
        return Undecided(claim, str(fault), perf_counter() - start)
    seconds = perf_counter() - start
    if counterexample is not None:
        return Refuted(claim, counterexample, seconds)
    fact = Fact("tables", "both sides have the same coefficient at every output, input and weight")
    return Certificate(claim, (fact,), tuple(map(number, left.shape)), seconds)


def compare_forms(left: Form, right: Form) -> Counterexample | None:
    """The least counterexample to the equality of two forms, or None."""
    if left.shape != right.shape:
        shapes = (tuple(map(number, form.shape)) for form in (left, right))
        left_shape, right_shape = shapes
        return Counterexample(left_shape=left_shape, right_shape=right_shape)
    difference = first_difference(left, right)
    return None if difference is None else _counterexample(difference)


def _counterexample(found: Difference) -> Counterexample:
    prefix = weight_name("")
    inputs = [index for name, index in found.tensors if name == INPUT]
    weights = [(name.removeprefix(prefix), index) for name, index in found.tensors if name != INPUT]
    return Counterexample(
        found.output,
        inputs[0] if inputs else None,
        tuple(weights),
        str(found.left),
        str(found.right),
    )
