"""What a model costs on phases: entries of its weights and multiply-adds, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symconv.errors import SymconvError
from symconv.expand import Expansion
from symconv.network.phases import PhasedModel
from symconv.network.squares import square_of
from symconv.sharing.tying import counts


@dataclass(frozen=True, slots=True)
class ModelCounts:
    """Parameters and multiply-adds of the layers on phases, as they are and stored dense."""

    layers: int = 0
    parameters: int = 0
    slots: int = 0
    strided_multiply_adds: int = 0
    dense_multiply_adds: int = 0

    def __add__(self, other: ModelCounts) -> ModelCounts:
        return ModelCounts(
            self.layers + other.layers,
            self.parameters + other.parameters,
            self.slots + other.slots,
            self.strided_multiply_adds + other.strided_multiply_adds,
            self.dense_multiply_adds + other.dense_multiply_adds,
        )


def model_counts(phased: PhasedModel) -> ModelCounts:
    """Count the convolutions and poolings of a model that are put on phases, sizes in numbers.

    >>> from symconv.network.reading import read_model
    >>> from symconv.network.regions import Region
    >>> from symconv.network.model import Model, ModelNode, Port
    >>> import numpy as np
    >>> conv = ModelNode("c", "Conv", ("x", "w"), ("y",), {"strides": (2,)})
    >>> ports, weights = (Port("x", shape=(1, 3, 8)),), {"w": np.zeros((4, 3, 3))}
    >>> read = read_model(Model("one", ports, ("y",), (conv,), weights))
    >>> found = model_counts(PhasedModel(read, Region()))
    >>> found.layers, found.parameters, found.slots
    (1, 36, 48)
    """
    found = ModelCounts()
    for expansion in _expansions(phased):
        c = counts(expansion)
        found += ModelCounts(
            1, c.parameters, c.slots, c.strided_multiply_adds, c.dense_multiply_adds
        )
    return found


def _expansions(phased: PhasedModel) -> Iterator[Expansion]:
    """The expansions of the nodes that are layers; those that only move samples have no weights."""
    for one in phased.nodes:
        window = one.rule.window
        if window is None or window.left or not one.has_phases:
            continue
        try:
            expansion = square_of(phased, one).expansion
        except SymconvError:
            continue  # its square was not stated either, and the node is left alone
        if expansion is not None:
            yield expansion
