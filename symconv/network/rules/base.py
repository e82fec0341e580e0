"""What a rule says of a node: its outputs' shapes, and how phases pass through it.

Glossary.  A *slot* is an input of a node by its place.  A *link* joins an axis of a slot to an axis
of the outputs: phases of factor ``E_in`` there become phases of ``E_out`` here, with
``E_in * up == E_out * stride``.  An axis without a link carries no phases through this node: its
factor is 1 wherever the node reads or writes it.  A *window* is a node that moves or sums samples
along its axes, and needs a proof of its own; any other node is the same function on phases, as long
as its links are (THEORY, "Graphs: squares and congruence").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

from symconv.claim import steps as st
from symconv.errors import Unsupported
from symconv.layer import AnyLayer
from symconv.network.model import ModelNode
from symconv.size.expr import Extent

Shape = tuple[Extent, ...]
Array = npt.NDArray[Any]


class NoRule(Unsupported):
    """A node carries no phases; the message says why, in words that follow its name.

    ``shapes`` are those of its outputs, where they are known all the same.
    """

    def __init__(self, message: str, *shapes: Shape) -> None:
        super().__init__(message)
        self.shapes = shapes


@dataclass(frozen=True, slots=True)
class Link:
    """An axis of a slot and the outputs' axis that it becomes: ``E_in * up == E_out * stride``.

    ``out`` is None where the node reads every phase of the axis, and the outputs have none.
    """

    slot: int
    axis: int
    out: int | None
    up: int = 1
    stride: int = 1


@dataclass(frozen=True)
class Window:
    """A node that moves or sums samples: the layer whose windows are its own, and what it means.

    ``left`` are the node's steps where they are not the layer's own; then the layer's weight is of
    ones.  ``right`` makes the outputs' phases from the input's where no layer does, such as
    depth-to-space, which permutes channels.
    """

    size: Shape
    channels: int
    layer: AnyLayer | None = None
    left: tuple[st.Step, ...] = ()
    at: Callable[[Shape], tuple[AnyLayer, tuple[st.Step, ...]]] | None = None
    """Layer and steps at another size, where they depend on it."""
    front: tuple[tuple[int, int], ...] = ()
    """Pads in front of the layer that repeat the signal's ends."""
    block: int = 1
    to_space: bool = False
    power: int | None = None
    """Of an Lp pooling ``p``: functions in front of the sums and behind them, of each value."""

    @property
    def sums(self) -> bool:
        """Whether it adds up what it reads, so that it may not meet ``-inf``."""
        return self.layer is not None and self.layer.monoid == "sum"


@dataclass(frozen=True)
class Rule:
    """How a node carries phases: shapes of its outputs, links, and a window where it has one.

    ``how`` is said of the node where it carries phases.  Conditions are what must hold of named
    sizes for the model to make sense.  ``partial`` functions are not defined everywhere: a tail
    may hold no number behind them.  ``all_phases`` are axes over which it takes statistics.
    """

    how: str
    shapes: tuple[Shape | None, ...]
    links: tuple[Link, ...] = ()
    window: Window | None = None
    conditions: tuple[str, ...] = ()
    partial: bool = False
    all_phases: tuple[int, ...] = ()
    is_strided: bool = False
    why: str | None = None


@dataclass(frozen=True)
class Site:
    """A node where it stands: shapes and values of what it reads, and shapes that a file gives."""

    node: ModelNode
    shapes: tuple[Shape | None, ...]
    values: tuple[Array | None, ...] = ()
    stated: tuple[Shape | None, ...] = ()
    dims: Mapping[str, tuple[Extent, ...]] = field(default_factory=dict)

    def shape(self, slot: int = 0) -> Shape:
        """The shape of a slot.

        Raises:
            NoRule: it is not known.
        """
        found = self.shapes[slot] if slot < len(self.shapes) else None
        if found is None:
            raise NoRule("the shape of what it reads is not known")
        return found

    def value(self, slot: int) -> Array | None:
        """The numbers in a slot; None where it is left out, or not a constant."""
        return self.values[slot] if slot < len(self.values) else None

    def numbers(self, slot: int, what: str) -> list[int]:
        """The integers in a slot.

        Raises:
            NoRule: they are not constants.
        """
        found = self.value(slot)
        if found is None:
            raise NoRule(f"its {what} are computed, not constants")
        return [int(n) for n in np.asarray(found).reshape(-1)]

    def has(self, slot: int) -> bool:
        """Whether something is given in a slot."""
        return slot < len(self.node.inputs) and bool(self.node.inputs[slot])

    def text(self, name: str, default: str) -> str:
        """A word among the attributes."""
        value = self.node.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else str(value)

    def number(self, name: str, default: int) -> int:
        """An integer among the attributes."""
        return int(self.node.attributes.get(name, default))

    def axis(self, name: str, default: int, rank: int) -> int:
        """An axis among the attributes, counted from the front.

        Raises:
            NoRule: there is no such axis.
        """
        return from_front(self.number(name, default), rank)

    def outputs_alike(self, shape: Shape) -> tuple[Shape | None, ...]:
        """One shape for every output."""
        return (shape,) * len(self.node.outputs)


def from_front(axis: int, rank: int) -> int:
    """An axis counted from the front.

    Raises:
        NoRule: there is no such axis.
    """
    if not -rank <= axis < rank:
        raise NoRule(f"it names the axis {axis} of a tensor of {rank}")
    return axis % rank


def is_number(size: Extent, value: int) -> bool:
    """Whether a size is this number at all sizes."""
    return isinstance(size, int) and size == value


def agree(a: Extent, b: Extent) -> tuple[str, ...]:
    """The condition that two sizes are equal; nothing where they are at all sizes.

    Raises:
        NoRule: they never are.
    """
    if a == b:
        return ()
    if isinstance(a - b, int):
        raise NoRule(f"sizes {a} and {b} meet there, which differ")
    return (f"{a} == {b}",)


def linked(slot: int, axes: Sequence[int], out: Sequence[int] | None = None) -> tuple[Link, ...]:
    """Links of factors that stay, axis by axis."""
    return tuple(Link(slot, a, b) for a, b in zip(axes, axes if out is None else out, strict=True))


def with_residual(link: Link, most: int) -> Link:
    """The link where the largest divisor of the stride not above ``most`` stays as a stride.

    >>> [with_residual(Link(0, 2, 2, stride=s), most).stride for s, most in ((6, 4), (3, 2))]
    [2, 3]
    """
    stay = max(t for t in range(1, most + 1) if link.stride % t == 0)
    shared = gcd(link.up * stay, link.stride)
    return Link(link.slot, link.axis, link.out, link.up * stay // shared, link.stride // shared)


RuleOf = Callable[[Site], Rule]
