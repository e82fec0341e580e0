"""Whether two models are one function: both run on terms, and their outputs compared.

Data flow: two models at one size -> where the second's weights come from -> the first run on terms,
then the second, whose terms are sought among the first's -> for each output, whether all its terms
are those of the other; where they are not, the first tensor at which the models part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from time import perf_counter

import numpy as np

from symconv.errors import InputError
from symconv.network.bound import Bound, Shape
from symconv.network.faces import inputs_paired, outputs_paired
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
class Product:
    """A product that only one of two convolutions has: of a weight's entry and a tensor's entry.

    It is in output channel ``row``, at the output ``output`` (the batch first); ``left`` and
    ``right`` are how often the original and the rewritten model have it there.
    """

    row: int
    output: tuple[int, ...]
    weight: tuple[str, tuple[int, ...]]
    read: tuple[str, tuple[int, ...]]
    left: int
    right: int


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
    product: Product | None
    tied: tuple[str, ...]
    assumed: tuple[str, ...]
    nodes: int
    seconds: float

    @property
    def equal(self) -> bool:
        """Whether all outputs are equal."""
        return all(output.equal for output in self.outputs)


def compare_models(
    first: Bound,
    second: Bound,
    assumed: Mapping[str, str] | None = None,
    freed: frozenset[str] = frozenset(),
) -> Comparison:
    """Compare two models whose inputs have the same shapes, in order.

    ``assumed`` names tensors of the second model that are to be taken as tensors of the first, and
    ``freed`` has the digests of numbers that are to be taken as free weights.

    Raises:
        InputError: they have other numbers of inputs or outputs, or inputs of other shapes.
        TooLarge: a tensor is over the bound.
    """
    start = perf_counter()
    _refuse_other_faces(first, second)
    terms = Terms()
    sources = find_sources(terms, first, second, freed)
    walk = Walk(terms, sources.terms, freed=freed)
    pairs = inputs_paired(first.model, second.model)
    mine = walk.run(first, {a: a for a, _ in pairs})
    terms.begin_second()
    walk.assumed = {name: mine[other] for name, other in (assumed or {}).items()}
    theirs = walk.run(second, {b: a for a, b in pairs})
    outputs = tuple(_matches(first, second, mine, theirs))
    wrong = [b for o, b in zip(outputs, second.model.outputs, strict=True) if not o.equal]
    parted = _partings(second, mine, theirs, terms) if wrong else ()
    parted = parted or tuple(_misplaced(wrong, second, mine, theirs))
    seconds = perf_counter() - start
    tied, used = tuple(sources.tied), tuple(walk.used)
    product = _product(walk, mine) if parted else None
    return Comparison(outputs, parted, product, tied, used, len(second.model.nodes), seconds)


def _refuse_other_faces(first: Bound, second: Bound) -> None:
    for a, b in inputs_paired(first.model, second.model):
        mine, theirs = first.shapes[a], second.shapes[b]
        if mine != theirs or first.dtypes[a] != second.dtypes[b]:
            raise InputError(
                f"input {a!r} is {first.dtypes[a]}{list(mine)}, input {b!r} of the other model is "
                f"{second.dtypes[b]}{list(theirs)}"
            )
    outputs_paired(first.model, second.model)


def _matches(
    first: Bound, second: Bound, mine: Environment, theirs: Environment
) -> Iterator[OutputMatch]:
    for a, b in outputs_paired(first.model, second.model):
        alike = first.dtypes.get(a) == second.dtypes.get(b)
        equal = alike and _equal(mine[a], theirs[b])
        yield OutputMatch(a, equal, (mine[a].shape, theirs[b].shape))


def _equal(a: Tensor, b: Tensor) -> bool:
    if a.number == b.number:
        return True
    if a.shape != b.shape or (a.ids >= FIRST_GARBAGE).any():
        return False
    return np.array_equal(a.ids, b.ids)


def _product(walk: Walk, mine: Environment) -> Product | None:
    """The first product that only one of two convolutions has, in the models' own names."""
    found = next(iter(walk.applier.linear.mismatches.values()), None)
    if found is None:
        return None
    names = _names(walk.terms, mine)
    entries = [_entry(term, walk.terms, names) for term in (found.weight, found.read)]
    weight, read = entries
    if weight is None or read is None:
        return None
    return Product(found.row, found.output, weight, read, 1 - found.extra, int(found.extra))


def _names(terms: Terms, mine: Environment) -> dict[int, tuple[str, Shape]]:
    """The first model's tensors by the first term of their block."""
    found: dict[int, tuple[str, Shape]] = {}
    for name, tensor in mine.items():
        starts = tensor.origins or frozenset()
        if len(starts) == 1 and terms.size_of(start := min(starts)) == prod(tensor.shape):
            found.setdefault(start, (name, tensor.shape))
    return found


def _entry(
    term: int, terms: Terms, names: Mapping[int, tuple[str, Shape]]
) -> tuple[str, tuple[int, ...]] | None:
    start = terms.start_of(term)
    if start not in names:
        return None
    name, shape = names[start]
    return name, tuple(int(i) for i in np.unravel_index(term - start, shape))


def _partings(
    second: Bound, mine: Environment, theirs: Environment, terms: Terms
) -> tuple[Parting, ...]:
    """The nodes that read known tensors and make one that is not, nor leads to known ones alone.

    A rewrite may make tensors of its own on the way; where it comes back, they are no parting.  On
    phases tails hold garbage: a tensor is first taken as known where some of its terms are.
    """
    for knows in (terms.has_of_first, terms.is_of_first):
        if found := tuple(_parted(second, mine, theirs, knows)):
            return found
    return ()


def _parted(
    second: Bound, mine: Environment, theirs: Environment, knows: Callable[[Tensor], bool]
) -> Iterator[Parting]:
    lost = _lost(second, theirs, knows)
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


def _lost(second: Bound, theirs: Environment, knows: Callable[[Tensor], bool]) -> set[str]:
    """The tensors of which nothing is known, and that are read for more such ones."""
    known = {name for name in theirs if name in second.model.constants or knows(theirs[name])}
    lost = {name for name in second.model.outputs if name not in known}
    for node in reversed(second.model.nodes):
        if lost.intersection(node.outputs):
            lost |= {name for name in node.inputs if name in theirs and name not in known}
    return lost


def _parting(node: ModelNode, name: str, theirs: Environment, mine: Environment) -> Parting:
    return Parting(name, node.name, node.op, theirs[name].shape, name if name in mine else None)
