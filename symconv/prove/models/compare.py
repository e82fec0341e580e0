"""Whether two models are one function: both run on terms, and their outputs compared.

Data flow: two models at one size -> where the second's weights come from -> the first run on terms,
then the second, whose terms are sought among the first's -> for each output, whether all its terms
are those of the other; where they are not, the first tensor at which the models part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from symconv.errors import InputError
from symconv.network.bound import Bound, Shape
from symconv.network.model import ModelNode
from symconv.prove.models.sources import find_sources
from symconv.prove.models.terms import FIRST_GARBAGE, Tensor, Terms
from symconv.prove.models.walk import Environment, Walk


@dataclass(frozen=True, slots=True)
class Parting:
    """A tensor of the second model that is not of the first's terms, though its inputs are.

    ``name`` is the tensor's, ``node`` the second model's node, ``like`` the first model's tensor
    of that name, where there is one.
    """

    name: str
    node: str
    op: str
    shape: Shape
    like: str | None


@dataclass(frozen=True, slots=True)
class OutputMatch:
    """An output of both models: whether it is equal, and the shapes where they differ."""

    name: str
    equal: bool
    shapes: tuple[Shape, Shape]


@dataclass(frozen=True)
class Comparison:
    """What the terms of two models say.

    ``assumed`` are the tensors that were taken as others, and ``tied`` names the weights whose
    equal entries were taken as one unknown.
    """

    outputs: tuple[OutputMatch, ...]
    partings: tuple[Parting, ...]
    tied: tuple[str, ...]
    assumed: tuple[str, ...]
    nodes: int
    seconds: float

    @property
    def equal(self) -> bool:
        """Whether all outputs are equal."""
        return all(output.equal for output in self.outputs)


def compare_models(
    first: Bound, second: Bound, assumed: Mapping[str, str] | None = None
) -> Comparison:
    """Compare two models whose inputs have the same shapes, in order.

    ``assumed`` names tensors of the second model that are to be taken as tensors of the first.

    Raises:
        InputError: they have other numbers of inputs or outputs, or inputs of other shapes.
        TooLarge: a tensor is over the bound.
    """
    start = perf_counter()
    _refuse_other_faces(first, second)
    terms = Terms()
    sources = find_sources(terms, first, second)
    walk = Walk(terms, sources.terms)
    mine = walk.run(first)
    terms.begin_second()
    walk.assumed = {name: mine[other] for name, other in (assumed or {}).items()}
    theirs = walk.run(second)
    outputs = tuple(_matches(first, second, mine, theirs))
    wrong = [b for o, b in zip(outputs, second.model.outputs, strict=True) if not o.equal]
    parted = tuple(_partings(second, mine, theirs, terms)) if wrong else ()
    parted = parted or tuple(_misplaced(wrong, second, mine, theirs))
    seconds = perf_counter() - start
    tied, used = tuple(sources.tied), tuple(walk.used)
    return Comparison(outputs, parted, tied, used, len(second.model.nodes), seconds)


def _refuse_other_faces(first: Bound, second: Bound) -> None:
    a, b = first.model, second.model
    for what, mine, theirs in (
        ("inputs", a.ports_read, b.ports_read),
        ("outputs", a.outputs, b.outputs),
    ):
        if len(mine) != len(theirs):
            raise InputError(
                f"{a.name!r} has {len(mine)} {what}, {b.name!r} has {len(theirs)}; two models are "
                "compared input by input and output by output"
            )
    for p, q in zip(a.ports_read, b.ports_read, strict=True):
        if first.shapes[p.name] != second.shapes[q.name] or p.dtype != q.dtype:
            raise InputError(
                f"input {p.name!r} is {p.dtype}{list(first.shapes[p.name])}, input {q.name!r} of "
                f"the other model is {q.dtype}{list(second.shapes[q.name])}"
            )


def _matches(
    first: Bound, second: Bound, mine: Environment, theirs: Environment
) -> Iterator[OutputMatch]:
    for a, b in zip(first.model.outputs, second.model.outputs, strict=True):
        alike = first.dtypes.get(a) == second.dtypes.get(b)
        equal = alike and _equal(mine[a], theirs[b])
        yield OutputMatch(a, equal, (mine[a].shape, theirs[b].shape))


def _equal(a: Tensor, b: Tensor) -> bool:
    if a.number == b.number:
        return True
    if a.shape != b.shape or (a.ids >= FIRST_GARBAGE).any():
        return False
    return np.array_equal(a.ids, b.ids)


def _partings(
    second: Bound, mine: Environment, theirs: Environment, terms: Terms
) -> Iterator[Parting]:
    """The nodes that read known tensors and make one that is not, nor leads to known ones alone.

    A rewrite may make tensors of its own on the way; where it comes back, they are no parting.
    """
    lost = _lost(second, theirs, terms)
    for node in second.model.nodes:
        outputs = [name for name in node.outputs if name in lost]
        read = [n for n in node.inputs if n in theirs and n not in second.model.constants]
        if outputs and not lost.intersection(read):
            yield _parting(node, outputs[0], theirs, mine)


def _misplaced(
    wrong: list[str], second: Bound, mine: Environment, theirs: Environment
) -> Iterator[Parting]:
    """The nodes that make the outputs which hold known terms alone, but others than they should."""
    for name in wrong:
        if (node := second.model.makers.get(name)) is not None:
            yield _parting(node, name, theirs, mine)


def _lost(second: Bound, theirs: Environment, terms: Terms) -> set[str]:
    """The tensors that are not of the first model's terms, and are read for more such ones."""
    known = {name for name in theirs if _is_known(name, second, theirs, terms)}
    lost = {name for name in second.model.outputs if name not in known}
    for node in reversed(second.model.nodes):
        if lost.intersection(node.outputs):
            lost |= {name for name in node.inputs if name in theirs and name not in known}
    return lost


def _is_known(name: str, second: Bound, theirs: Environment, terms: Terms) -> bool:
    return name in second.model.constants or terms.is_of_first(theirs[name])


def _parting(node: ModelNode, name: str, theirs: Environment, mine: Environment) -> Parting:
    return Parting(name, node.name, node.op, theirs[name].shape, name if name in mine else None)
