"""Demonstrations: layers in a row, and integer-matrix strides."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from symconv.claim.verdict import Refuted
from symconv.expand import destride
from symconv.expand.lattice import LatticeExpansion, expand_lattice
from symconv.layer import Conv
from symconv.layer.lattice import LatticeConv
from symconv.network import chain
from symconv.prove.decide import decide
from symconv.prove.network.decide import decide_network
from symconv.replay.layers import evaluate
from symconv.replay.run import run_claim
from symconv.theorems.observed import (
    Demonstration,
    Observed,
    equal_in_symbols,
    integers,
    phases,
)
from symconv.toeplitz import weight_symbols

FIRST = Conv(1, 1, 3, 1, 1, bias=False)
SECOND = Conv(1, 1, 3, 2, 1, bias=False)


def _composed(x: Any, first: Any, second: Any) -> tuple[Any, Any]:
    """Two layers on ``x``, and their stride-free forms on its phases."""
    size = (x.shape[1],)
    one = destride(FIRST, size, factor_out=2)
    two = destride(SECOND, size)
    strided = evaluate(SECOND, evaluate(FIRST, x, first), second)
    hidden = evaluate(one.layer, phases(x, 2), one.expand_weight(first))
    return strided, evaluate(two.layer, hidden, two.expand_weight(second))


def chain_in_symbols() -> Observed:
    """An even size, where no tail is."""
    tensors = weight_symbols((1, 8), "x"), *(weight_symbols((1, 1, 3), n) for n in ("w", "v"))
    strided, free = _composed(*tensors)
    return Observed(
        equal_in_symbols(strided, free),
        "k = 3, s = 1 and k = 3, s = 2 at N = 8: both sides are the same polynomials",
    )


def chain_with_mask() -> Observed:
    """A chain of an odd size, with the mask that the prover asks for."""
    layers: list[Any] = [FIRST, "relu", SECOND]
    proof = decide_network(chain("two layers", layers, (7,)))
    masked = proof.verdict.verdict == "proved" and bool(proof.expansion.masks)
    return Observed(masked, "the same with a ReLU between, N = 7: proved with a mask")


def chain_without_mask() -> Observed:
    """The same chain without: where a live read falls into a tail it is another function."""
    layers: list[Any] = [FIRST, "relu", SECOND]
    proof = decide_network(chain("two layers", layers, (7,)))
    without = proof.without_masks
    return Observed(
        without is None or without.verdict != "refuted",
        f"N = 7, without the mask: {proof.without_in_words()}",
    )


def chain_untied() -> Observed:
    """The first layer's two copies of its kernel must hold the same parameters."""
    x, first, second = integers(0, 1, 8), integers(1, 1, 1, 3), integers(2, 1, 1, 3)
    one, two = destride(FIRST, (8,), factor_out=2), destride(SECOND, (8,))
    untied = one.expand_weight(first)
    untied[1] *= 2
    free = evaluate(two.layer, evaluate(one.layer, phases(x, 2), untied), two.expand_weight(second))
    strided = evaluate(SECOND, evaluate(FIRST, x, first), second)
    return Observed(
        bool((strided == free).all()),
        "N = 8, with the second copy of the first layer's kernel doubled",
    )


CHAIN = Demonstration((chain_in_symbols, chain_with_mask), (chain_without_mask, chain_untied))

QUINCUNX = ((1, 1), (1, -1))


def _quincunx() -> LatticeExpansion:
    return expand_lattice(LatticeConv(1, 1, 3, QUINCUNX, padding=1, bias=False))


def _on_cosets(e: LatticeExpansion, x: Any, w: Any) -> Any:
    """The stride-free form of the layer, run on an input."""
    return run_claim(e.at(x.shape[1:]).claim(), "right", x, {"w": w})


def _partitioned(representatives: tuple[tuple[int, int], ...]) -> bool:
    """Whether every position of a box is ``A q + r`` for exactly one ``q`` and one ``r``."""
    a, reached = np.array(QUINCUNX), []
    for q, r in product(product(range(-9, 10), repeat=2), representatives):
        reached.append(tuple((a @ q + r).tolist()))
    box = list(product(range(-4, 5), repeat=2))
    return all(reached.count(position) == 1 for position in box)


def cosets_partition() -> Observed:
    """Two representatives for a matrix of determinant -2."""
    return Observed(
        _partitioned(((0, 0), (1, 0))),
        "A = [[1, 1], [1, -1]]: each position is A q + r for exactly one r of (0, 0), (1, 0)",
    )


def quincunx_in_symbols() -> Observed:
    """The strided layer and its form on cosets, on symbols."""
    e, x, w = _quincunx(), weight_symbols((1, 3, 3), "x"), weight_symbols((1, 1, 3, 3))
    return Observed(
        equal_in_symbols(evaluate(e.original, x, w), _on_cosets(e, x, w)),
        "a 3x3 kernel on 3x3 samples: both sides are the same polynomials",
    )


def quincunx_in_numbers() -> Observed:
    """The same on integers, and for all sizes by sets."""
    e, x, w = _quincunx(), integers(0, 1, 6, 7), integers(1, 1, 1, 3, 3)
    same = (evaluate(e.original, x, w) == _on_cosets(e, x, w)).all()
    return Observed(
        bool(same) and decide(e.claim()).verdict == "proved",
        "on 6x7 integers they are equal, and sets prove this layer at all sizes",
    )


def one_coset_twice() -> Observed:
    """(1, 1) is A (1, 0): the same coset as (0, 0)."""
    return Observed(_partitioned(((0, 0), (1, 1))), "with the representatives (0, 0) and (1, 1)")


def cosets_of_another_matrix() -> Observed:
    """The representatives may be the same, and the coarse positions are not."""
    claim = _quincunx().claim("quincunx")
    read: Any = claim.right[0]
    other = replace(read, matrix=((-1, -1), (1, -1)))
    wrong = replace(claim, right=(other, *claim.right[1:]))
    found = decide(wrong)
    size = [n for _, n in found.counterexample.size] if isinstance(found, Refuted) else None
    return Observed(
        found.verdict != "refuted",
        f"on the cosets of [[-1, -1], [1, -1]]: refuted at size {size}",
    )


LATTICE = Demonstration(
    (cosets_partition, quincunx_in_symbols, quincunx_in_numbers),
    (one_coset_twice, cosets_of_another_matrix),
)
