"""Chains at sizes in numbers: squares of tables, with masks where the prover finds them needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from time import perf_counter
from typing import Any

import numpy as np

from symconv.claim import Claim
from symconv.claim.verdict import Certificate, Counterexample, Refuted, Undecided, Verdict
from symconv.errors import SymconvError, TooLarge
from symconv.machine.budget import spending
from symconv.network import INPUT, Network, NetworkExpansion
from symconv.network.graph import thinned
from symconv.network.proof import NetworkProof, Tail
from symconv.prove.confirm import replayed
from symconv.prove.decide import decide
from symconv.prove.squares.compose import decide_in_squares, first_stuck
from symconv.prove.witness.search import evaluated, find_witness, first_apart, written
from symconv.replay.run import assigned

MOST_PIXELS = 1500
"""Above this many input samples a counterexample is sought at a smaller size, and then moved."""


def decide_at_a_size(unmasked: NetworkExpansion) -> NetworkProof:
    """Prove a chain equal to its stride-free form on phases, one square per layer.

    A layer whose square does not commute because it reads a hidden signal's tail gets a mask in
    front.  The chain without its masks is refuted by integers, evaluated, where they can be found.
    """
    start = perf_counter()
    with spending():
        try:
            return _decided_at_a_size(unmasked)
        except TooLarge as fault:
            undecided = Undecided(unmasked.claim(), str(fault), perf_counter() - start)
            return NetworkProof(unmasked, undecided)


def _decided_at_a_size(unmasked: NetworkExpansion) -> NetworkProof:
    empty = unmasked.empty_window_tails()
    fewest = expansion = unmasked.with_masks(empty)
    while (node := _wants_mask(expansion)) is not None:
        expansion = expansion.with_masks([node])
    verdict = _decided_by_squares(expansion)
    if isinstance(verdict, Refuted):
        reason = "no masks were found with which the expansion holds"
        verdict = Undecided(verdict.claim, reason, verdict.seconds)
    without = None if expansion.masks == fewest.masks else _without(fewest)
    tails = tuple(Tail(place, empty_windows=place in empty) for place in sorted(expansion.masks))
    return NetworkProof(expansion, verdict, tails, without_masks=without)


def _decided_by_squares(expansion: NetworkExpansion) -> Verdict:
    """The verdict on a chain by its squares; by any other engine only where they do not decide.

    Without functions it is one linear map, whose tables grow by a factor with every layer.
    """
    claim = expansion.claim()
    verdict = decide(claim, expansion.factors_at, engine="squares")
    return decide(claim, expansion.factors_at) if isinstance(verdict, Undecided) else verdict


def refuted_without_masks(unmasked: NetworkExpansion) -> Refuted | None:
    """The refutation of a chain at its sizes without masks but those that keep out -inf.

    None where it needs none, or where no integers were found that show that it does.
    """
    fewest = unmasked.with_masks(unmasked.empty_window_tails())
    with spending():
        if _wants_mask(fewest) is None:
            return None
        found = _without(fewest)
    return found if isinstance(found, Refuted) else None


def _wants_mask(expansion: NetworkExpansion) -> int | None:
    """The first layer whose square does not commute, if it has a hidden signal and no mask yet."""
    stuck = first_stuck(expansion.claim(), expansion.factors_at)
    node = None if stuck is None else expansion.node_at(stuck.place)
    layers = list(expansion.expansions)
    return None if node in (None, layers[0]) or node in expansion.masks else node


def _without(unmasked: NetworkExpansion) -> Verdict:
    start, claim = perf_counter(), unmasked.claim()
    if first_stuck(claim, unmasked.factors_at) is None:
        return _decided_by_squares(unmasked)
    found = network_witness(unmasked)
    if found is None:
        reason = "a layer reads a tail, but no integers were found for which that shows"
        return Undecided(claim, reason, perf_counter() - start)
    refuted = Refuted(claim, found, perf_counter() - start, ("evaluation",))
    try:
        return replayed(refuted)
    except TooLarge as fault:
        reason = f"its counterexample has no second voice: {fault}"
        return Undecided(claim, reason, perf_counter() - start)


def network_witness(unmasked: NetworkExpansion) -> Counterexample | None:
    """Integers for which a chain and its expansion differ: its first channels alone suffice.

    With zeros in all other weights the other channels add nothing, so that what refutes the
    network of one channel per layer refutes the whole, at the same indices.  The network on phases
    is evaluated as the network on padded extents, once that is proved equal to it.
    """
    if not isinstance(decide_in_squares(unmasked.lines_claim(), unmasked.factors_at), Certificate):
        return None
    thin = replace(unmasked, network=thinned(unmasked.network))
    if _pixels(thin.network) <= MOST_PIXELS:
        return find_witness(_on_lines(thin))
    small = _smaller(thin)
    found = None if small is None else find_witness(_on_lines(small))
    return None if small is None or found is None else _moved(found, small, thin)


def _on_lines(expansion: NetworkExpansion) -> Claim:
    return replace(expansion.claim(), right=expansion.lines)


def _pixels(network: Network) -> int:
    return int(np.prod(network.input_size))


def _smaller(thin: NetworkExpansion) -> NetworkExpansion | None:
    """The least network of the same residues in which a square fails as well."""
    periods = thin.network.factors[INPUT]
    for size in _sizes(thin.network.input_size, periods):
        try:
            small = replace(thin, network=replace(thin.network, input_size=size))
            if first_stuck(small.claim(), small.factors_at) is not None:
                return small
        except SymconvError:
            continue
    return None


def _sizes(size: tuple[int, ...], periods: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    axes = [range(n % p or p, n, p) for n, p in zip(size, periods, strict=True)]
    for step in range(max(map(len, axes), default=0)):
        yield tuple(
            axis[min(step, len(axis) - 1)] if len(axis) else n
            for axis, n in zip(axes, size, strict=True)
        )


def _moved(
    found: Counterexample, small: NetworkExpansion, large: NetworkExpansion
) -> Counterexample | None:
    """The counterexample at the larger size: its input moved to one end or the other, evaluated."""
    claim = _on_lines(large)
    gaps = [b - a for a, b in zip(small.network.input_size, large.network.input_size, strict=True)]
    for shift in product(*([gap, 0] for gap in gaps)):
        moved = replace(found, assignment=tuple(_shifted(found, shift)))
        seen = _evaluated(claim, moved)
        if seen is not None:
            return seen
    return None


def _shifted(found: Counterexample, shift: tuple[int, ...]) -> Iterator[Any]:
    for name, entries in found.assignment:
        if name == "x":
            entries = tuple(
                ((index[0], *(i + d for i, d in zip(index[1:], shift, strict=True))), value)
                for index, value in entries
            )
        yield name, entries


def _evaluated(claim: Claim, found: Counterexample) -> Counterexample | None:
    """The counterexample at the first output where the sides differ, in floating point.

    All values are small integers unless a function or a mean makes them others.
    """
    x, tensors = assigned(claim, found)
    floats = {name: value.astype(float) for name, value in tensors.items()}
    left, right = evaluated(claim, x.astype(float), floats)
    place = first_apart(left, right)
    if place is None:
        return None
    entries = dict(found.assignment)["x"]
    return replace(
        found,
        output=place,
        input=entries[0][0] if entries else None,
        left=written(left[place]),
        right=written(right[place]),
    )
