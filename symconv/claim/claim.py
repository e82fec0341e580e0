"""Claims: two pipelines over the same input and weights that should be the same function."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

from symconv.claim.steps import (
    POSITION,
    Branching,
    Divide,
    Pad,
    Rearrange,
    Slice,
    Step,
    flat,
)
from symconv.errors import ClaimError, MalformedError
from symconv.size.expr import Size
from symconv.size.numbers import is_finite, leaves, read_number, thaw
from symconv.size.text import SizeText, evaluate, is_expression, names_in, parse

SIZED = ("padding", "slices", "output_padding", "start", "size")
"""Attributes of steps that may hold size expressions."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A named tensor: free, constant (``fill``), or derived from another by steps.

    A free weight is a family of unknowns, one per entry; the claim is for all their values.  What
    fills a constant is one number, or a number for each entry, in nested tuples of its shape.

    Raises:
        ClaimError: its fill, or a pad of its steps, is ``-inf``: a weight holds finite numbers; or
            what fills it has another shape.

    >>> Weight(fill=((1, "1/2"), (3, 4))).to_dict()
    {'shape': [2, 2], 'value': [[1, '1/2'], [3, 4]]}
    """

    shape: tuple[Any, ...] | None = None
    fill: Any = None
    source: str | None = None
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        pads = [step.value for step in flat(self.steps) if isinstance(step, Pad)]
        if isinstance(self.fill, tuple):
            object.__setattr__(self, "shape", shape_of(self.fill, self.shape))
        elif self.fill is not None:
            pads.append(self.fill)
        for value in pads:
            if read_number(value) is None:
                raise ClaimError(f"a weight holds finite numbers, got {value!r} to fill it with")

    def to_dict(self) -> dict[str, Any]:
        """The weight's JSON form."""
        if self.source is not None:
            return {"from": self.source, "steps": [step.to_dict() for step in self.steps]}
        shape = {"shape": list(self.shape or ())}
        if self.fill is None:
            return shape
        return {**shape, "value" if isinstance(self.fill, tuple) else "fill": thaw(self.fill)}


def shape_of(values: tuple[Any, ...], stated: tuple[Any, ...] | None = None) -> tuple[int, ...]:
    """The shape of nested tuples, which must be the stated one if there is one.

    Raises:
        ClaimError: they are empty, are not all of one length, or have another shape.

    >>> shape_of(((1, 2, 3), (4, 5, 6)))
    (2, 3)
    """
    shape: list[int] = []
    level: list[Any] = [values]
    while level and isinstance(level[0], tuple):
        shape.append(len(level[0]))
        if not all(isinstance(part, tuple) and len(part) == shape[-1] for part in level):
            raise MalformedError("value must be nested lists of one shape, one number per entry")
        level = [entry for part in level for entry in part]
    if not level or not all(map(is_finite, level)):
        wrong: Any = next((entry for entry in level if not is_finite(entry)), [])
        raise MalformedError(f"value must hold a finite number for each entry, got {wrong!r}")
    if stated is not None and tuple(shape) != stated:
        raise MalformedError(f"value must have the shape {list(stated)}, got {shape}")
    return tuple(shape)


@dataclass(frozen=True)
class Claim:
    """``left`` and ``right`` compute the same tensor from an input of shape ``(channels, *size)``.

    Equality is for every input and every value of the free weights.  Sizes may be names, and pads,
    slices and kernel sizes expressions in them: then the claim is for all values of the names at
    which both sides make sense and the conditions ``where`` hold; `at` names some.

    >>> identity = Claim("identity", channels=1, size=(4,))
    >>> identity.input_shape
    (1, 4)
    """

    name: str
    channels: int
    size: tuple[Any, ...]
    weights: tuple[tuple[str, Weight], ...] = ()
    left: tuple[Step, ...] = ()
    right: tuple[Step, ...] = ()
    where: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        derived = (step for _, weight in self.weights for step in weight.steps)
        divides = any(isinstance(s, Divide) for s in flat((*self.left, *self.right, *derived)))
        if divides and POSITION in self.names:
            raise ClaimError(
                f"claim {self.name!r} names a size {POSITION!r}, which is the position in divide; "
                "choose another name"
            )
        self._check_where()

    def _check_where(self) -> None:
        """Refuse a condition on something that no size names."""
        asked = [(name, text) for text in self.where for name in names_in(text)]
        known = self.names if asked else ()
        for name, text in asked:
            if name not in known:
                raise ClaimError(f"where: {text!r} speaks of {name}, which no size or pad names")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """``(channels, *size)``.

        Raises:
            ClaimError: a size is named.
        """
        self.require_numbers()
        return (self.channels, *self.size)

    def require_numbers(self) -> None:
        """Refuse named sizes, and texts where there is nothing to name.

        Raises:
            ClaimError: a size is named, or a number stands as a text.
        """
        if names := self.names:
            raise ClaimError(
                f"the sizes {', '.join(names)} are named; give them numbers: "
                "claim.at({...}), or settle the claim for all sizes"
            )
        for text in self._expressions:
            raise MalformedError(f"{text!r} is a text, and names no size; write the number")

    @property
    def shape(self) -> tuple[Size, ...]:
        """``(channels, *size)``, names read as expressions."""
        return (self.channels, *map(parse, self.size))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The named sizes, those of the input first."""
        shapes = [n for _, weight in self.weights for n in weight.shape or ()]
        steps = [*self.left, *self.right, *(s for _, weight in self.weights for s in weight.steps)]
        divisors = [leaves(step.counts) for step in flat(steps) if isinstance(step, Divide)]
        counts = [text for texts in divisors for text in texts if text is not None]
        names = _names_among(chain(self.size, shapes, self._expressions))
        counted = (name for name in _names_among(counts) if name != POSITION)
        return tuple(dict.fromkeys([*names, *counted]))

    @cached_property
    def _expressions(self) -> tuple[str, ...]:
        """The attributes of steps that are written as expressions."""
        weights = (weight.steps for _, weight in self.weights)
        steps = flat(chain(self.left, self.right, *weights))
        values = (getattr(step, name, ()) for step in steps for name in SIZED)
        return tuple([leaf for leaf in leaves(tuple(values)) if is_expression(leaf)])

    def at(self, sizes: Mapping[str, int]) -> Claim:
        """The claim at these sizes.

        Raises:
            ClaimError: a name has no size, a size is below 1, a named end of a slice is below 0,
                or a condition of ``where`` breaks.

        >>> Claim("any", channels=1, size=("N",)).at({"N": 4}).size
        (4,)
        """
        for condition in self.where:
            if not evaluate(condition, sizes):
                raise ClaimError(f"the claim is where {condition}, which {dict(sizes)} breaks")
        weights = tuple((name, _sized_weight(weight, sizes)) for name, weight in self.weights)
        found = replace(
            self,
            size=_at(self.size, sizes),
            weights=weights,
            left=_steps_at(self.left, sizes),
            right=_steps_at(self.right, sizes),
            where=(),
        )
        found._check_sizes(sizes)
        return found

    def _check_sizes(self, sizes: Mapping[str, int]) -> None:
        """Refuse sizes below 1, of which no tensor is made."""
        every = [*self.size, *(n for _, weight in self.weights for n in weight.shape or ())]
        if small := [n for n in every if isinstance(n, int) and n < 1]:
            raise ClaimError(
                f"claim {self.name!r} has a size of {small[0]} at {dict(sizes)}; every size must "
                "be at least 1"
            )

    def side(self, side: str) -> tuple[Step, ...]:
        """The steps of the ``"left"`` or the ``"right"`` side."""
        return {"left": self.left, "right": self.right}[side]

    def weight(self, name: str) -> Weight:
        """The weight of this name.

        Raises:
            ClaimError: the claim defines no such weight.
        """
        for other, weight in self.weights:
            if other == name:
                return weight
        known = ", ".join(repr(other) for other, _ in self.weights) or "none"
        raise MalformedError(f"there is no weight {name!r}; the claim defines {known}")

    def to_dict(self) -> dict[str, Any]:
        """The claim's JSON form."""
        where = {"where": list(self.where)} if self.where else {}
        return {
            "name": self.name,
            "input": {"channels": self.channels, "size": list(self.size)},
            **where,
            "weights": {name: weight.to_dict() for name, weight in self.weights},
            "left": [step.to_dict() for step in self.left],
            "right": [step.to_dict() for step in self.right],
        }

    def digest(self) -> str:
        """SHA-256 of the claim's canonical JSON text."""
        return digest(self.to_dict())


def _at(value: Any, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, tuple):
        return tuple(_at(part, sizes) for part in value)
    return evaluate(value, sizes) if is_expression(value) else value


def _sized_weight(weight: Weight, sizes: Mapping[str, int]) -> Weight:
    shape = None if weight.shape is None else _at(weight.shape, sizes)
    return replace(weight, shape=shape, steps=_steps_at(weight.steps, sizes))


def _names_among(texts: Iterable[SizeText]) -> Iterator[str]:
    return (name for text in texts for name in names_in(text))


def _steps_at(steps: tuple[Step, ...], sizes: Mapping[str, int]) -> tuple[Step, ...]:
    return tuple(step_at(step, sizes) for step in steps)


def step_at(step: Step, sizes: Mapping[str, int]) -> Step:
    """The step at these sizes.

    Raises:
        ClaimError: a name has no size, or a named end of a slice is below 0.
    """
    if isinstance(step, Branching):
        return replace(step, branches=tuple(_steps_at(b, sizes) for b in step.branches))
    if isinstance(step, Rearrange):
        return step
    if isinstance(step, Divide):
        return step.at(sizes)
    if isinstance(step, Slice):
        _check_ends(step, sizes)
    changed = {name: _at(getattr(step, name), sizes) for name in SIZED if hasattr(step, name)}
    return replace(step, **changed) if changed else step


def _check_ends(step: Slice, sizes: Mapping[str, int]) -> None:
    """Refuse a named end below 0: it would silently begin to count from the back.

    Raises:
        ClaimError: an end is.
    """
    for text in leaves(step.slices):
        if is_expression(text) and evaluate(text, sizes) < 0:
            raise ClaimError(
                f"slice: the end {text!r} is {evaluate(text, sizes)} at {dict(sizes)}; a named end "
                "counts from the front and must be at least 0"
            )


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON text of plain data.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
