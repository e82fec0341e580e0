"""Regions: which nodes of a model are to carry phases.

*full* is the paper's: phases from the inputs on.  *core* is from the first to the last strided node
of each path; *local* each strided node alone, whose output has no phases; or nodes by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from symconv.errors import InputError
from symconv.network.factors import greatest_factor
from symconv.network.reading import ReadModel
from symconv.network.rules import Rule
from symconv.network.rules.base import with_residual

Kind = Literal["full", "core", "local", "nodes"]
OUTSIDE = "it is outside the region"
"""Why a node carries no phases that might: nobody asked for it."""

STAYS = "its stride is one that may stay"
"""Why a node is left strided that could be converted: its stride is the residual one."""

ASKED_FOR = (OUTSIDE, STAYS)
"""Reasons that the region gives, and not the node."""

KINDS: tuple[Kind, ...] = ("full", "core", "local")


@dataclass(frozen=True, slots=True)
class Region:
    """Which nodes carry phases, and how far.

    ``max_factor`` is the most phases of an axis; ``residual_stride`` the most of a stride that may
    stay.

    Raises:
        InputError: a bound is below 1, or nodes are named where none is asked for.

    >>> read_region("local"), read_region("conv1,pool").nodes
    (Region(kind='local', nodes=(), max_factor=None, residual_stride=1), ('conv1', 'pool'))
    """

    kind: Kind = "full"
    nodes: tuple[str, ...] = ()
    max_factor: int | None = None
    residual_stride: int = 1

    def __post_init__(self) -> None:
        bounds = {"max_factor": self.max_factor, "residual_stride": self.residual_stride}
        for name, value in bounds.items():
            if value is not None and (type(value) is not int or value < 1):
                raise InputError(f"{name} must be an integer of at least 1, got {value!r}")

    @property
    def flows(self) -> bool:
        """Whether phases go from one node to the next."""
        return self.kind != "local"

    def to_dict(self) -> dict[str, Any]:
        """The region in a certificate."""
        return {
            "kind": self.kind,
            "nodes": list(self.nodes),
            "max_factor": self.max_factor,
            "residual_stride": self.residual_stride,
        }


def read_region(text: str, max_factor: int | None = None, residual_stride: int = 1) -> Region:
    """Read ``full``, ``core``, ``local``, or names of nodes with commas between them."""
    for kind in KINDS:
        if text == kind:
            return Region(kind, (), max_factor, residual_stride)
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise InputError(
            f"a region is {', '.join(KINDS)}, or names of nodes with commas between, got {text!r}"
        )
    return Region("nodes", names, max_factor, residual_stride)


def members(read: ReadModel, region: Region) -> list[str | None]:
    """For each node None where it carries phases, or why it does not."""
    if region.kind == "core":
        inside = _between(read)
    elif region.kind == "local":
        inside = [rule.is_strided for rule in read.rules]
    else:
        asked = set(region.nodes)
        inside = [region.kind == "full" or label in asked for label in read.labels]
    return [
        rule.why or _too_much(rule, region) or (None if here else OUTSIDE)
        for rule, here in zip(read.rules, inside, strict=True)
    ]


def check_names(read: ReadModel, region: Region) -> None:
    """Refuse a region of nodes that neither the model nor a graph inside it has.

    Raises:
        InputError: a node is named that there is not.
    """
    known = {label for one in every(read) for label in one.labels}
    if missing := [name for name in region.nodes if name not in known]:
        shown = ", ".join([*known][:5])
        raise InputError(
            f"the region names the node {missing[0]!r}, which {read.model.name!r} does not have; "
            f"its nodes are {shown}{', ...' if len(known) > 5 else ''}"
        )


def every(read: ReadModel) -> Iterator[ReadModel]:
    """A model and the graphs inside it."""
    yield read
    for bodies in read.bodies.values():
        for body in bodies:
            yield from every(body)


def _too_much(rule: Rule, region: Region) -> str | None:
    """Why a node alone has too large a factor."""
    if region.max_factor is None:
        return None
    for link in rule.links:
        if link.out is None:
            continue
        kept = with_residual(link, region.residual_stride)
        needed = greatest_factor([Fraction(1), Fraction(kept.up, kept.stride)])
        if needed > region.max_factor:
            return f"alone it has the factor {needed}, more than {region.max_factor}"
    return None


def _between(read: ReadModel) -> list[bool]:
    """Nodes with a strided node before them and one behind, or strided themselves."""
    nodes, rules = read.model.nodes, read.rules
    before: set[str] = set()
    after: set[str] = set()
    has_before = []
    for node, rule in zip(nodes, rules, strict=True):
        found = rule.is_strided or any(name in before for name in node.inputs)
        has_before.append(found)
        if found and rule.why is None:
            before.update(node.outputs)
    inside = []
    for node, rule, found in zip(nodes[::-1], rules[::-1], has_before[::-1], strict=True):
        behind = rule.is_strided or any(name in after for name in node.outputs)
        inside.append(found and behind)
        if behind and rule.why is None:
            after.update(node.inputs)
    return inside[::-1]
