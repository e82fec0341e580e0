"""One operator of TFLite with the tensors around it, as a rule sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symconv.dialect.models.build import Builder, Image, Shape
from symconv.dialect.models.tflite.parse import TfOperator, TfTensor
from symconv.errors import InputError, Unsupported
from symconv.network.model import Array

ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
"""Fused activations by their numbers."""


@dataclass(frozen=True)
class Scope:
    """An operator, what it reads, and the graph that its rule adds to.

    ``values`` holds the constants that are known by the tensors' names, folded ones included.
    """

    b: Builder
    operator: TfOperator
    inputs: tuple[TfTensor | None, ...]
    outputs: tuple[TfTensor, ...]
    images: Mapping[str, Image]
    values: Mapping[str, Array]

    @property
    def made(self) -> str:
        """The name of its first output."""
        return self.outputs[0].name

    @property
    def shape(self) -> Shape:
        """The shape of its first output."""
        return self.outputs[0].shape

    def tensor(self, place: int) -> TfTensor:
        """An input.

        Raises:
            InputError: it is not there.
        """
        found = self.inputs[place] if place < len(self.inputs) else None
        if found is None:
            raise InputError(f"input {place} is missing")
        return found

    def has(self, place: int) -> bool:
        """Whether an input is there."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def image(self, place: int) -> Image:
        """An input as a tensor of the model; a constant becomes one."""
        tensor = self.tensor(place)
        if tensor.name in self.images:
            return self.images[tensor.name]
        if (value := self.values.get(tensor.name)) is not None:
            return Image(self.b.constant(tensor.name, value), value.shape)
        raise InputError(f"it reads {tensor.name!r}, which nothing before it makes")

    def value(self, place: int) -> Array:
        """An input that is constant.

        Raises:
            Unsupported: it is computed.
        """
        tensor = self.tensor(place)
        value = self.values.get(tensor.name)
        if value is None:
            raise Unsupported(f"{tensor.name!r} is computed")
        return value

    def integers(self, place: int) -> list[int]:
        """An input that is a constant list of integers."""
        return [int(n) for n in self.value(place).reshape(-1)]

    def option(self, name: str, default: Any = None) -> Any:
        """An option."""
        return self.operator.options.get(name, default)

    def number(self, name: str, least: int = 1) -> int:
        """An option that is an integer, of at least so much.

        Raises:
            InputError: it is less.
        """
        value = self.operator.options.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(f"{name} must be an integer of at least {least}, got {value!r}")
        return value

    def padding(self) -> str:
        """``same`` or ``valid``."""
        found = {0: "same", 1: "valid"}.get(self.option("Padding"))
        if found is None:
            raise InputError(f"Padding must be 0 or 1, got {self.option('Padding')!r}")
        return found

    def integers_at(self, what: str, values: Sequence[int]) -> str:
        """A constant list of integers that belongs to the operator."""
        return self.b.integers(f"{self.made}/{what}", values)

    def lying_first(self, place: int, rank: int) -> Image:
        """A constant of fewer axes as one with its channels first, to be broadcast."""
        value = self.value(place)
        full = value.reshape((1,) * (rank - value.ndim) + value.shape)
        turned = np.ascontiguousarray(np.moveaxis(full, -1, 1))
        name = self.b.constant(f"{self.tensor(place).name}/channels_first", turned)
        return Image(name, full.shape, first=True)

    def activated(self, name: str, shape: Shape, first: bool) -> Image:
        """What an operator makes, behind the activation that is fused with it."""
        number = self.option("FusedActivationFunction", 0)
        if not isinstance(number, int) or not 0 <= number < len(ACTIVATIONS):
            raise InputError(f"no fused activation has the number {number!r}")
        word = ACTIVATIONS[number]
        if word == "SIGN_BIT":
            raise Unsupported("the fused activation SIGN_BIT")
        stem = f"{self.made}/{word.lower()}"
        bounds = {"RELU_N1_TO_1": (-1, 1), "RELU6": (0, 6)}
        if word in bounds:
            ends = [self.b.constant(f"float/{n}", np.float32(n)) for n in bounds[word]]
            name = self.b.node("Clip", [name, *ends], stem)
        elif word != "NONE":
            name = self.b.node({"RELU": "Relu", "TANH": "Tanh"}[word], [name], stem)
        return Image(name, shape, first)


Rule = Callable[[Scope], Image]
"""What makes an operator's first output; it raises `Unsupported` where ONNX has no such form."""
