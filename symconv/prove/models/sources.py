"""Weights that a rewritten file holds already moved: from which weight, and from which entries.

A kernel that was padded, reshaped, transposed, sliced or tiled before it was written holds the
entries of another one, at other places.  They are found by their values.  Where a value stands in a
weight more than once, its entries are taken as one unknown in both models; a result then says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from symconv.network.bound import Bound
from symconv.network.model import Array, Model
from symconv.prove.models.terms import Ids, Terms
from symconv.prove.models.walk import content_key, is_number_like


@dataclass
class Sources:
    """Terms of weights by the digest of their content, and the weights whose entries are tied."""

    terms: dict[str, Ids] = field(default_factory=dict)
    tied: list[str] = field(default_factory=list)


MASK = 2
"""Values that a mask has."""


def weightlike_numbers(first: Bound, second: Bound) -> frozenset[str]:
    """The digests of what the first model holds as whole numbers, and may be free weights as well.

    They are in both models, or too many values for a mask.  What holds for all values holds for
    these; as numbers, weights of whole numbers have no entries to be known by.
    """
    theirs = {content_key(array)[1] for _, array in _weights(second.model)}
    return frozenset(
        key
        for _, array in _weights(first.model)
        if is_number_like(array) and _may_be_free(array)
        if (key := content_key(array)[1]) in theirs or _is_no_mask(array)
    )


def _may_be_free(array: Array) -> bool:
    """Whether numbers are as many as a weight's, and finite."""
    return array.dtype.kind == "f" and array.size > 1 and bool(np.isfinite(array).all())


def _is_no_mask(array: Array) -> bool:
    return _may_be_free(array) and len(np.unique(array)) > MASK


def find_sources(
    terms: Terms, first: Bound, second: Bound, freed: frozenset[str] = frozenset()
) -> Sources:
    """Find for each weight of the second model that the first has not, what it was made from.

    ``freed`` are the digests of numbers that are taken as weights.
    """
    mine = {
        name: array
        for name, array in _weights(first.model)
        if not is_number_like(array) or (freed and content_key(array)[1] in freed)
    }
    theirs = {
        name: array
        for name, array in _weights(second.model)
        if not is_number_like(array) or (freed and _is_no_mask(array))
    }
    known = {content_key(array)[1] for array in mine.values()}
    found = Sources()
    index = _Values(mine)
    for array in theirs.values():
        digest = content_key(array)[1]
        if digest in known or digest in found.terms:
            continue
        if (name := index.source(array)) is not None:
            _take(terms, found, name, mine[name], digest, array)
    return found


def _take(
    terms: Terms, found: Sources, name: str, source: Array, digest: str, array: Array
) -> None:
    """The terms of a moved weight: those of the first entry of each value in its source."""
    key = content_key(source)
    start = terms.start(key, source.shape)
    values, first, counts = np.unique(source.ravel(), return_index=True, return_counts=True)
    used = np.isin(values, array.ravel()) & (values != 0)
    if (counts[used] > 1).any() and key[1] not in found.terms:
        found.tied.append(name)
        found.terms[key[1]] = start + first[np.searchsorted(values, source.ravel())]
    found.terms[digest] = (
        start + first[np.searchsorted(values, array.ravel()).clip(max=len(first) - 1)]
    )


def _weights(model: Model) -> Iterable[tuple[str, Array]]:
    """What a model and its bodies hold in numbers, as far as something reads it."""
    for name, array in model.constants.items():
        if array.dtype != object and (name in model.readers or name in model.outputs):
            yield name, array
    for node in model.nodes:
        for body in node.bodies.values():
            yield from _weights(body)


class _Values:
    """Which weights hold a value."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self._values: dict[str, Array] = {}

    def source(self, array: Array) -> str | None:
        """The smallest weight that holds all values of an array but 0."""
        wanted, counts = np.unique(array[array != 0], return_counts=True)
        smallest = sorted(self.weights, key=lambda name: self.weights[name].size)
        holding = (name for name in smallest if self._holds(name, array, wanted))
        if not is_number_like(array):
            return next(holding, None)
        found = list(holding)  # whole numbers are in many a weight
        evenly = (name for name in found if self._as_often(name, wanted, counts))
        return next(evenly, found[0] if found else None)

    def _as_often(self, name: str, wanted: Array, counts: Array) -> bool:
        """Whether a weight holds every value as many times more often, or less, as any other."""
        values, held = np.unique(self.weights[name], return_counts=True)
        found = held[np.searchsorted(values, wanted)]
        return bool((counts * found[0] == found * counts[0]).all())

    def _holds(self, name: str, array: Array, wanted: Array) -> bool:
        source = self.weights[name]
        if source.dtype != array.dtype or source.size < len(wanted):
            return False
        if not np.isin(wanted[:3], source).all():
            return False
        if name not in self._values:
            self._values[name] = np.unique(source)
        values = self._values[name]
        at = np.searchsorted(values, wanted).clip(max=len(values) - 1)
        return bool((values[at] == wanted).all())
