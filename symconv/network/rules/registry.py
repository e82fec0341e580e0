"""The rule of a node: found by its operator, and held against the shapes that a file states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symconv.errors import InputError, Unsupported
from symconv.network.disputed import WINDOWS
from symconv.network.rules import (
    channels,
    gathers,
    moves,
    pointwise,
    reductions,
    resizing,
    windows,
)
from symconv.network.rules.base import Link, NoRule, Rule, RuleOf, Shape, Site, is_number
from symconv.size.expr import Expr

RULES: dict[str, RuleOf] = {
    **pointwise.RULES,
    **channels.RULES,
    **reductions.RULES,
    **moves.RULES,
    **windows.RULES,
    **gathers.RULES,
    **resizing.RULES,
}

_CHANCE = "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike"
RANDOM = frozenset(_CHANCE.split())
"""Operators that are no functions: equal inputs need not give equal outputs."""

_MALFORMED = (InputError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What attributes and constants raise that make no sense together."""

DOMAINS = ("", "ai.onnx")

SHRINKING = frozenset([*WINDOWS, "Pad"])
"""Operators that make less of a signal than it was."""


def rule_of(site: Site) -> Rule:
    """How a node carries phases; a rule with a reason ``why`` it does not, where it does not.

    Raises:
        Unsupported: the node is random, so that nothing can be said of it.
    """
    _refuse_random(site)
    node = site.node
    rule = RULES.get(node.op) if node.domain in DOMAINS else None
    if rule is None:
        return without_rule(site, f"{node.op} has no rule")
    try:
        return _checked(rule(site), site)
    except NoRule as fault:
        return without_rule(site, str(fault), fault.shapes)
    except _MALFORMED as fault:
        # Attributes that make no sense together are the node's own affair: it is left alone.
        return without_rule(site, f"its attributes were not understood: {fault}")


def without_rule(site: Site, why: str, shapes: tuple[Shape, ...] = ()) -> Rule:
    """A node that is left alone: a function of its whole inputs.

    Raises:
        Unsupported: the node is random.
    """
    _refuse_random(site)
    known = (*shapes, *(None,) * len(site.node.outputs))
    stated = site.stated or (None,) * len(site.node.outputs)
    found = tuple(a if a is not None else b for a, b in zip(stated, known, strict=False))
    return Rule("whole", found, why=why)


def _refuse_random(site: Site) -> None:
    node = site.node
    trains = node.op == "Dropout" and site.has(2) and site.value(2) is None
    trains = trains or (node.op == "Dropout" and site.value(2) is not None and bool(site.value(2)))
    if node.op in RANDOM or trains:
        raise Unsupported(
            f"node {node.name!r} ({node.op}) is random: two runs of one model need not agree, so "
            "that nothing can be proved of it; export the model for inference"
        )


def _checked(rule: Rule, site: Site) -> Rule:
    """The rule, without links of axes that have one position, if the shapes are those stated.

    Raises:
        NoRule: they are not.
    """
    for found, stated in zip(rule.shapes, site.stated, strict=False):
        if found is not None and stated is not None and _differ(found, stated):
            raise NoRule(
                f"its output has the shape {[*map(str, stated)]} in the file, by its rule "
                f"{[*map(str, found)]}"
            )
    shapes = tuple(
        found if found is not None else stated
        for found, stated in zip(rule.shapes, site.stated or rule.shapes, strict=True)
    )
    links = tuple(link for link in rule.links if rule.window or not _is_single(link, site))
    conditions = (*rule.conditions, *_not_empty(site.node.op, shapes))
    return replace(rule, shapes=shapes, links=links, conditions=conditions)


def _not_empty(op: str, shapes: Sequence[Shape | None]) -> Iterator[str]:
    """The conditions that named sizes which a window or a crop leaves are sizes of something."""
    if op in SHRINKING:
        for size in (size for shape in shapes for size in shape or ()):
            if isinstance(size, Expr):
                yield f"{size} >= 1"


def _differ(found: Shape, stated: Shape) -> bool:
    """Whether two shapes cannot be one: named sizes may be written in two ways."""
    if len(found) != len(stated):
        return True
    gaps = [a - b for a, b in zip(found, stated, strict=True)]
    return any(isinstance(gap, int) and gap != 0 for gap in gaps)


def _is_single(link: Link, site: Site) -> bool:
    return is_number(site.shape(link.slot)[link.axis], 1)
