"""The nodes of a graph whose sizes are named: which sizes need which mask.

A square is decided for all sizes of the signal that its window reads.  The sizes at which it fails
are pulled back to the model's inputs, through the expressions of the hidden sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from symconv.claim import Claim
from symconv.claim.verdict import Certificate
from symconv.errors import ClaimError, SymconvError
from symconv.machine.progress import reached
from symconv.network.phases import PhasedModel, PhasedNode, has_tail
from symconv.network.results import GraphProof, Mask, NodeProof
from symconv.network.rules import Shape
from symconv.network.squares import Square, square_of
from symconv.prove.network.nodes import NotProved, Squares, status_of
from symconv.prove.sets.blocks import Sizes, refuse_vacuous
from symconv.prove.sets.decide import SizeSets, size_sets
from symconv.prove.sets.hidden import pulled_back, reads_nothing
from symconv.prove.sets.text import check_names, condition_to_isl
from symconv.prove.sets.words import describe
from symconv.relation.reading import UnsupportedStep
from symconv.size.expr import Expr, Extent, named
from symconv.size.numbers import freeze


@dataclass
class Domain:
    """The named sizes of a model, and those of them at which it makes sense.

    Raises:
        ClaimError: no size satisfies the conditions.
    """

    names: tuple[str, ...]
    where: tuple[str, ...]
    sets: dict[Claim, SizeSets] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_names(self.names)
        self.legal = self.set([*(f"{name} >= 1" for name in self.names), *self.where])
        refuse_vacuous(self.legal, "the model")

    def set(self, conditions: Sequence[str]) -> Any:
        """The sizes at which all conditions hold."""
        return Sizes(self.names).set([condition_to_isl(text) for text in conditions])

    @property
    def none(self) -> Any:
        """No size."""
        return self.legal.subtract(self.legal)

    def restrict(self, sizes: Any) -> None:
        """Leave out the sizes at which a window makes no sense."""
        self.legal = self.legal.intersect(sizes).coalesce()
        refuse_vacuous(self.legal, "the model")

    def words(self, sizes: Any) -> str:
        """A set of sizes as a condition."""
        return describe(sizes.intersect(self.legal), self.legal, self.names)

    def mask(self, reason: Literal["tail", "infinity", "statistics"], needed: Any) -> Mask:
        """A mask that these sizes need, and the others of the domain do not."""
        return Mask(reason, self.words(needed), self.words(self.legal.subtract(needed)))

    def domain(self) -> str:
        """The sizes at which the model makes sense, as a condition."""
        everywhere = self.set([f"{name} >= 1" for name in self.names])
        return describe(self.legal, everywhere, self.names)

    def without(self, masks: Sequence[str]) -> str:
        """The sizes at which none of these conditions holds, in words."""
        free = self.legal
        for text in dict.fromkeys(masks):
            free = free.subtract(self.legal if text == "all sizes" else self.set([text]))
        return self.words(free)

    def of(self, claim: Claim) -> SizeSets:
        """The sizes at which a square makes sense and fails, in its own names."""
        if claim not in self.sets:
            self.sets[claim] = size_sets(claim)
        return self.sets[claim]

    def at_input(self, sizes: Any, shape: Shape) -> Any:
        """The sizes of the inputs at which the named sizes of a signal lie in a set."""
        return pulled_back(sizes, freeze(named_only(shape)), self.names, self.legal)

    def with_tail(self, shape: Shape, factors: Sequence[int]) -> Any:
        """The sizes at which phases have a tail on some axis."""
        found = self.none
        for size, factor in zip(shape, factors, strict=True):
            if factor > 1 and has_tail(size, factor):
                rest = (
                    self.legal if isinstance(size, int) else self.set([f"({size}) % {factor} != 0"])
                )
                found = found.union(rest.intersect(self.legal))
        return found.coalesce()


def named_only(shape: Shape) -> tuple[Extent, ...]:
    """The sizes of a shape that are named."""
    return tuple(size for size in shape if not isinstance(size, int))


def inner_names(shape: Shape, others: Sequence[str]) -> Shape:
    """The shape with a name of its own for each named size, which the model does not use.

    >>> [str(size) for size in inner_names((named("H") // 2, 3), ["n0"])]
    ['n0_', '3']
    """
    found: list[Extent] = []
    for axis, size in enumerate(shape):
        name = f"n{axis}"
        while name in others:
            name += "_"
        found.append(named(name) if isinstance(size, Expr) else size)
    return tuple(found)


def prove_named_graph(
    name: str, phased: PhasedModel, squares: Squares, domain: Domain
) -> GraphProof:
    """Prove the nodes of a graph at every size, as `prove_graph` does at some."""
    while True:
        try:
            nodes = tuple(NamedNodes(phased, squares, domain).proved())
            return GraphProof(name, phased, nodes)
        except NotProved as fault:
            phased = replace(phased, excluded={**phased.excluded, fault.place: fault.why})


@dataclass
class NamedNodes:
    """A pass over the nodes; of each tensor it knows where its tail may hold no numbers."""

    phased: PhasedModel
    squares: Squares
    domain: Domain
    infinite: dict[str, Any] = field(default_factory=dict)

    def proved(self) -> Iterator[NodeProof]:
        """One result a node, once the sizes are known at which every window makes sense."""
        windows = {
            place: self._stated(place, one)
            for place, one in enumerate(self.phased.nodes)
            if one.rule.window is not None and one.has_phases
        }
        for place, square in windows.items():
            self._make_sense(place, square)
        for place, one in enumerate(self.phased.nodes):
            reached(f"proving {one.label}", place, len(self.phased.nodes))
            if place in windows:
                yield self._window(place, one, windows[place])
            else:
                yield self._same(one)

    def _stated(self, place: int, one: PhasedNode) -> Square:
        try:
            square = square_of(self.phased, one)
            return square.at(inner_names(square.window.size, self.domain.names))
        except SymconvError as fault:
            raise NotProved(place, f"its square cannot be stated: {fault}") from fault

    def _make_sense(self, place: int, square: Square) -> None:
        if not self._names(square):
            return
        shape = self._size(place)
        self.domain.restrict(self.domain.at_input(self._sets(place, square).legal, shape))

    def _names(self, square: Square) -> bool:
        return bool(named_only(square.window.size))

    def _size(self, place: int) -> Shape:
        window = self.phased.nodes[place].rule.window
        return () if window is None else window.size

    def _sets(self, place: int, square: Square) -> SizeSets:
        try:
            return self.domain.of(square.claim())
        except ClaimError as fault:
            raise NotProved(place, f"its square makes no sense: {fault}") from fault
        except (UnsupportedStep, SymconvError) as fault:
            raise NotProved(place, f"its square is not decided for all sizes: {fault}") from fault

    def _failing(self, place: int, square: Square) -> Any:
        """The sizes of the inputs at which a square does not commute."""
        if self._names(square):
            return self.domain.at_input(self._sets(place, square).failing, self._size(place))
        verdict = self.squares.verdict(square.claim())
        return self.domain.none if isinstance(verdict, Certificate) else self.domain.legal

    def _window(self, place: int, one: PhasedNode, square: Square) -> NodeProof:
        infinite = self.domain.none
        if not square.fresh:
            infinite = self.infinite.get(one.node.inputs[0], infinite)
        self._refuse_empty(place, square)
        needed = self._failing(place, square)
        sums = one.rule.window is not None and one.rule.window.sums
        reason = "tail" if infinite.is_empty() or not needed.is_empty() else "infinity"
        needed = needed.union(infinite) if sums else needed
        mask = None
        if not needed.is_empty():
            if square.fresh:
                raise NotProved(place, "its square does not commute")
            square = replace(square, masked=True)
            mask = self.domain.mask("tail" if reason == "tail" else "infinity", needed)
            if not self._failing(place, square).is_empty():
                raise NotProved(place, "its square fails with a mask in front")
            infinite = self.domain.none
        self._leave(one, infinite.union(self._emptied(place, square)))
        number = self.squares.number(self._certificate(place, square))
        return NodeProof(one.label, one, "converted", "", square, number, square.fresh, mask)

    def _certificate(self, place: int, square: Square) -> Certificate:
        """The certificate of a square, at the sizes at which it commutes.

        Those of the signal at which it does not are none of the model's.
        """
        claim = square.claim()
        if self._names(square):
            sets = self._sets(place, square)
            if not sets.failing.is_empty():
                holds = sets.legal.subtract(sets.failing)
                claim = replace(claim, where=(describe(holds, sets.legal, claim.names),))
        verdict = self.squares.verdict(claim)
        if not isinstance(verdict, Certificate):
            raise NotProved(place, f"its square is not proved: {verdict.verdict}")
        return verdict

    def _leave(self, one: PhasedNode, infinite: Any) -> None:
        """Remember where tails may hold no numbers: only where there are tails."""
        for name, factors in zip(one.node.outputs, one.makes, strict=True):
            shape = self.phased.read.shapes.get(name) or ()
            sizes = infinite.intersect(self.domain.with_tail(shape, factors)).coalesce()
            if not sizes.is_empty():
                self.infinite[name] = sizes

    def _refuse_empty(self, place: int, square: Square) -> None:
        if not self._emptied(place, square, tail=False).is_empty():
            raise NotProved(place, "it takes a maximum of no sample at some size, which is -inf")

    def _emptied(self, place: int, square: Square, *, tail: bool = True) -> Any:
        """The sizes at which a maximum reads no sample, beyond the end of its output or before."""
        e, found = square.expansion, self.domain.none
        if e is None or e.original.monoid != "max":
            return found
        names = [str(size) for size in named_only(square.window.size)]
        for axis in e.axes:
            window, line = axis.window, axis.coarse_output * axis.factor_out
            ends = [window.output, line] if tail else [0, window.output]
            low, size, *ends = freeze((window.lo, window.size, *ends))
            empty = reads_nothing(window, low, str(size), names, *ends)
            found = found.union(self._pulled(place, empty, bool(names)))
        return found

    def _pulled(self, place: int, sizes: Any, named: bool) -> Any:
        if named:
            return self.domain.at_input(sizes, self._size(place))
        return self.domain.none if sizes.is_empty() else self.domain.legal

    def _same(self, one: PhasedNode) -> NodeProof:
        """A node that is the same function on phases, or of whole tensors."""
        status, why = status_of(one)
        if not one.has_phases:
            return NodeProof(one.label, one, status, why)
        one.check_links()
        found, mask = self.domain.none, None
        for slot, factors in enumerate(one.reads):
            if not factors or self._is_border(one, slot):
                continue
            left = self._tails(one, slot, factors)
            known = self.infinite.get(one.node.inputs[slot], self.domain.none)
            found = found.union(left if one.rule.partial else known)
            mask = self._statistics(one) if slot == 0 else mask
        self._leave(one, self.domain.none if mask else found)
        return NodeProof(one.label, one, status, why, mask=mask)

    def _statistics(self, one: PhasedNode) -> Mask | None:
        """A mask in front of what takes statistics over axes with a tail."""
        counted = self._tails(one, 0, one.reads[0], one.rule.all_phases)
        return None if counted.is_empty() else self.domain.mask("statistics", counted)

    def _is_border(self, one: PhasedNode, slot: int) -> bool:
        return one.reads[slot] != self.phased.made.get(one.node.inputs[slot])

    def _tails(
        self, one: PhasedNode, slot: int, factors: Sequence[int], axes: Sequence[int] | None = None
    ) -> Any:
        shape = self.phased.read.shapes.get(one.node.inputs[slot]) or ()
        kept = range(len(shape)) if axes is None else axes
        return self.domain.with_tail(tuple(shape[a] for a in kept), [factors[a] for a in kept])
