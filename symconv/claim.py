"""Claims: two pipelines over the same input and weights that should be the same function."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symconv.errors import ClaimError
from symconv.steps import Number, Step, freeze, read_steps


@dataclass(frozen=True, slots=True)
class Weight:
    """A named tensor: free, constant (``fill``), or derived from another by steps.

    A free weight is a family of unknowns, one an entry; the claim is for all their values.
    """

    shape: tuple[int, ...] | None = None
    fill: Number | None = None
    source: str | None = None
    steps: tuple[Step, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The weight's JSON form."""
        if self.source is not None:
            return {"from": self.source, "steps": [step.to_dict() for step in self.steps]}
        fill = {} if self.fill is None else {"fill": self.fill}
        return {"shape": list(self.shape or ()), **fill}


@dataclass(frozen=True, slots=True)
class Claim:
    """``left`` and ``right`` compute the same tensor from an input of shape ``(channels, *size)``.

    Equality is for every input and every value of the free weights.

    >>> identity = Claim("identity", channels=1, size=(4,))
    >>> identity.input_shape
    (1, 4)
    """

    name: str
    channels: int
    size: tuple[int, ...]
    weights: tuple[tuple[str, Weight], ...] = ()
    left: tuple[Step, ...] = ()
    right: tuple[Step, ...] = ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """``(channels, *size)``."""
        return (self.channels, *self.size)

    def weight(self, name: str) -> Weight:
        """The weight of this name.

        Raises:
            ClaimError: the claim defines no such weight.
        """
        for other, weight in self.weights:
            if other == name:
                return weight
        known = ", ".join(repr(other) for other, _ in self.weights) or "none"
        raise ClaimError(f"there is no weight {name!r}; the claim defines {known}")

    def to_dict(self) -> dict[str, Any]:
        """The claim's JSON form."""
        return {
            "name": self.name,
            "input": {"channels": self.channels, "size": list(self.size)},
            "weights": {name: weight.to_dict() for name, weight in self.weights},
            "left": [step.to_dict() for step in self.left],
            "right": [step.to_dict() for step in self.right],
        }

    def digest(self) -> str:
        """SHA-256 of the claim's canonical JSON text."""
        return digest(self.to_dict())


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


_PARTS = {"name", "input", "weights", "left", "right", "comment", "source", "stated"}


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
    )


def _read_input(text: Any) -> tuple[int, tuple[int, ...]]:
    if not isinstance(text, Mapping) or set(text) != {"channels", "size"}:
        raise ClaimError(f"input must be an object with channels and size, got {text!r}")
    numbers = [text["channels"], *_list(text["size"], "input's size")]
    if not all(type(n) is int and n >= 1 for n in numbers) or len(numbers) < 2:
        raise ClaimError(
            f"input's channels and size must be integers of at least 1, got {dict(text)}"
        )
    return numbers[0], tuple(numbers[1:])


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
    if not all(type(n) is int and n >= 1 for n in shape):
        raise ClaimError(f"{where}: shape must hold integers of at least 1, got {shape!r}")
    return Weight(shape=tuple(shape), fill=freeze(text.get("fill")))
