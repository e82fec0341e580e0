"""Claims: two pipelines over the same input and weights that should be the same function."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
    read_steps,
)
from symconv.errors import ClaimError, MalformedError
from symconv.size.numbers import Number, freeze, read_number
from symconv.size.text import SizeText as Size
from symconv.size.text import evaluate, is_expression, names_in, read_condition

SIZED = ("padding", "slices", "output_padding")
"""Attributes of steps that may hold size expressions."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A named tensor: free, constant (``fill``), or derived from another by steps.

    A free weight is a family of unknowns, one an entry; the claim is for all their values.

    Raises:
        ClaimError: its fill, or a pad of its steps, is ``-inf``: a weight holds finite numbers.
    """

    shape: tuple[Any, ...] | None = None
    fill: Number | None = None
    source: str | None = None
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        pads = [step.value for step in flat(self.steps) if isinstance(step, Pad)]
        for value in pads if self.fill is None else [self.fill, *pads]:
            if read_number(value) is None:
                raise ClaimError(f"a weight holds finite numbers, got {value!r} to fill it with")

    def to_dict(self) -> dict[str, Any]:
        """The weight's JSON form."""
        if self.source is not None:
            return {"from": self.source, "steps": [step.to_dict() for step in self.steps]}
        fill = {} if self.fill is None else {"fill": self.fill}
        return {"shape": list(self.shape or ()), **fill}


@dataclass(frozen=True, slots=True)
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
        if self.names:
            raise ClaimError(
                f"the sizes {', '.join(self.names)} are named; give them numbers: "
                "claim.at({...}), or settle the claim for all sizes"
            )
        return (self.channels, *self.size)

    @property
    def names(self) -> tuple[str, ...]:
        """The named sizes, those of the input first."""
        shapes = [n for _, weight in self.weights for n in weight.shape or ()]
        steps = [*self.left, *self.right, *(s for _, weight in self.weights for s in weight.steps)]
        attributes = [
            text for step in flat(steps) for name in SIZED
            for text in _leaves(getattr(step, name, ())) if is_expression(text)
        ]  # fmt: skip
        counts = [
            name for step in flat(steps) if isinstance(step, Divide)
            for text in _leaves(step.counts) if text is not None
            for name in names_in(text) if name != POSITION
        ]  # fmt: skip
        every = [*self.size, *shapes, *attributes]
        names = (name for text in every for name in names_in(text))
        return tuple(dict.fromkeys([*names, *counts]))

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
        weights = tuple(
            (name, replace(
                weight,
                shape=None if weight.shape is None else _at(weight.shape, sizes),
                steps=_steps_at(weight.steps, sizes),
            ))
            for name, weight in self.weights
        )  # fmt: skip
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


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _at(value: Any, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, tuple):
        return tuple(_at(part, sizes) for part in value)
    return evaluate(value, sizes) if is_expression(value) else value


def _steps_at(steps: tuple[Step, ...], sizes: Mapping[str, int]) -> tuple[Step, ...]:
    return tuple(_step_at(step, sizes) for step in steps)


def _step_at(step: Step, sizes: Mapping[str, int]) -> Step:
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
    for text in _leaves(step.slices):
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


def read_claim(text: Mapping[str, Any]) -> Claim:
    """Read a claim from its JSON form.

    Raises:
        ClaimError: the text is ill-formed; the message names the claim, the part and the step.

    >>> read_claim({"name": "twice flipped", "input": {"channels": 1, "size": [5]},
    ...             "left": [{"op": "flip", "axes": [1]}, {"op": "flip", "axes": [1]}],
    ...             "right": []}).left[0]
    Flip(axes=(1,))
    """
    if not isinstance(text, Mapping):
        raise ClaimError(f"a claim must be an object, got {text!r}")
    name = text.get("name", "claim")
    try:
        return _read_claim(str(name), text)
    except ClaimError as fault:
        raise ClaimError(f"claim {name!r}: {fault}") from None


_PARTS = {"name", "input", "weights", "left", "right", "where", "comment", "source", "stated"}


def _read_claim(name: str, text: Mapping[str, Any]) -> Claim:
    if unknown := sorted(set(text) - _PARTS):
        raise ClaimError(
            f"unknown part {', '.join(unknown)}; parts are {', '.join(sorted(_PARTS))}"
        )
    if missing := sorted({"input", "left", "right"} - set(text)):
        raise ClaimError(f"it needs {', '.join(missing)}")
    channels, size = _read_input(text["input"])
    weights = text.get("weights", {})
    if not isinstance(weights, Mapping):
        raise ClaimError(f"weights must be an object of named weights, got {weights!r}")
    return Claim(
        name,
        channels,
        size,
        tuple((key, _read_weight(key, weight)) for key, weight in weights.items()),
        _read_side("left", text["left"]),
        _read_side("right", text["right"]),
        _read_where(text.get("where", [])),
    )


def _read_where(conditions: Any) -> tuple[str, ...]:
    found = [conditions] if isinstance(conditions, str) else _list(conditions, "where")
    for condition in found:
        if not isinstance(condition, str):
            raise ClaimError(f"where must hold conditions such as 'H % 2 == 0', got {condition!r}")
        read_condition(condition)
    return tuple(found)


def _read_input(text: Any) -> tuple[int, tuple[Size, ...]]:
    if not isinstance(text, Mapping) or set(text) != {"channels", "size"}:
        raise ClaimError(f"input must be an object with channels and size, got {text!r}")
    channels, size = text["channels"], _list(text["size"], "input's size")
    if type(channels) is not int or channels < 1 or not size or not all(map(_is_size, size)):
        raise ClaimError(
            "input's channels and size must be integers of at least 1 (a size may be a name), "
            f"got {dict(text)}"
        )
    return channels, tuple(size)


def _is_size(value: Any) -> bool:
    return (type(value) is int and value >= 1) or (is_expression(value) and bool(names_in(value)))


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ClaimError(f"{where} must be a list, got {value!r}")
    return list(value)


def _read_side(side: str, steps: Any) -> tuple[Step, ...]:
    try:
        return read_steps(_list(steps, "the pipeline"))
    except ClaimError as fault:
        raise ClaimError(f"{side}: {fault}") from None


def _read_weight(name: str, text: Any) -> Weight:
    where = f"weight {name!r}"
    if isinstance(text, Mapping) and set(text) == {"from", "steps"}:
        try:
            return Weight(source=str(text["from"]), steps=read_steps(_list(text["steps"], "steps")))
        except ClaimError as fault:
            raise ClaimError(f"{where}: {fault}") from None
    if not isinstance(text, Mapping) or not {"shape"} <= set(text) <= {"shape", "fill"}:
        raise ClaimError(
            f"{where} must be {{shape}}, {{shape, fill}} or {{from, steps}}, got {text!r}"
        )
    shape = _list(text["shape"], f"{where}: shape")
    if not all(map(_is_size, shape)):
        raise ClaimError(f"{where}: shape must hold integers of at least 1, got {shape!r}")
    try:
        return Weight(shape=tuple(shape), fill=freeze(text.get("fill")))
    except ClaimError as fault:
        raise ClaimError(f"{where}: {fault}") from None
