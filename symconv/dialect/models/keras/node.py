"""A call of a Keras layer, and the tensors around operators that want their channels first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symconv.dialect.models.build import Builder, Image
from symconv.errors import InputError
from symconv.layer.padding import is_int


@dataclass(frozen=True, slots=True)
class KerasNode:
    """A call of a layer: its class, configuration and name, and where it is called."""

    kind: str
    config: Mapping[str, Any]
    name: str
    call: str
    """The name of what this call makes; a layer that is shared is called several times."""

    @property
    def rank(self) -> int:
        """Its spatial axes, by its class's name."""
        found = [
            int(letter)
            for letter, d in zip(self.kind, self.kind[1:], strict=False)
            if d == "D" and letter in "123"
        ]
        return found[0] if found else 0

    @property
    def channels_first(self) -> bool:
        """Whether its data have their channels first."""
        return self.config.get("data_format") == "channels_first"

    def count(self, key: str, default: int | None = None) -> int:
        """An option that is a positive number.

        Raises:
            InputError: it is missing, or is none.
        """
        value = self.config.get(key, default)
        if not is_int(value) or value < 1:
            raise InputError(f"{key} must be a positive integer, got {value!r}")
        return int(value)

    def axes(self, key: str, default: Any = 1) -> list[int]:
        """An option with a positive number per spatial axis."""
        value = self.config.get(key)
        value = default if value is None else value
        found = list(value) if isinstance(value, list | tuple) else [value] * self.rank
        if len(found) != self.rank or not all(is_int(n) and n >= 1 for n in found):
            raise InputError(f"{key} must be {self.rank} positive integers, got {value!r}")
        return found

    def padding(self, *more: str) -> str:
        """Its padding's name."""
        value = self.config.get("padding", "valid")
        if value not in ("valid", "same", *more):
            raise InputError(f"padding must be 'valid' or 'same', got {value!r}")
        return str(value)

    def number(self, key: str, default: float) -> float:
        """An option that is a real number."""
        value = self.config.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{key} must be a number, got {value!r}")
        return float(value)

    def listed(self, key: str) -> list[Any]:
        """An option that is a list."""
        value = self.config.get(key, [])
        if not isinstance(value, list | tuple):
            raise InputError(f"{key} must be a list, got {value!r}")
        return list(value)

    def switch(self, key: str, default: bool = True) -> bool:
        """An option that is true or false."""
        return bool(self.config.get(key, default))


@dataclass(frozen=True, slots=True)
class Space:
    """A tensor with its channels first in the graph: its name, batch, channels and sizes."""

    name: str
    batch: int | None
    channels: int
    sizes: tuple[int | None, ...]


def enter(b: Builder, node: KerasNode, image: Image) -> Space:
    """The tensor as a windowed operator of ONNX reads it."""
    shape = image.known(f"layer {node.name!r} ({node.kind})")
    if len(shape) != node.rank + 2:
        raise InputError(f"it takes {node.rank + 2} dimensions, got the shape {list(shape)}")
    channels = shape[1] if node.channels_first else shape[-1]
    if channels is None:
        raise InputError(f"its input's channels are not known: {list(shape)}")
    sizes = shape[2:] if node.channels_first else shape[1:-1]
    turned = b.last(image) if node.channels_first else b.first(image)
    return Space(turned.name, shape[0], channels, sizes)


def leave(node: KerasNode, name: str, batch: int | None, channels: int, sizes: Any) -> Image:
    """What a windowed operator made, with the shape that Keras gives it."""
    if node.channels_first:
        return Image(name, (batch, channels, *sizes), first=False)
    return Image(name, (batch, *sizes, channels), first=True)
