"""A model at given sizes: what every tensor's shape is, and which tensors are known numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symconv.errors import InputError
from symconv.network.model import Array, Model, Port

Shape = tuple[int, ...]
Sizes = Mapping[str, Sequence[int | str]]
"""The dimensions that the inputs are given, by their names."""


@dataclass(frozen=True)
class Bound:
    """A model whose inputs have numbers for dimensions.

    ``shapes`` holds the tensors whose shape follows, those of bodies included, and ``values`` the
    small ones that do not depend on what the inputs hold: sizes, axes, scales.
    """

    model: Model
    shapes: Mapping[str, Shape]
    values: Mapping[str, Array]
    dtypes: Mapping[str, str]

    def rank(self, name: str) -> int | None:
        """The number of a tensor's axes, if its shape is known."""
        return len(self.shapes[name]) if name in self.shapes else None


def given_shapes(model: Model, sizes: Sizes) -> dict[str, Shape]:
    """The shape of each input: the file's, where free dimensions have the sizes that are given.

    Raises:
        InputError: a size is for no input, does not fit what the file says, or is missing.
    """
    if other := [name for name in sizes if name not in {p.name for p in model.inputs}]:
        known = ", ".join(p.name for p in model.inputs)
        raise InputError(f"{model.name!r} has no input {other[0]!r}; its inputs are {known}")
    bound: dict[str, int] = {}
    return {p.name: _shape_of(model, p, sizes.get(p.name), bound) for p in model.inputs}


def _shape_of(
    model: Model, port: Port, given: Sequence[int | str] | None, bound: dict[str, int]
) -> Shape:
    stated = port.shape
    if given is None:
        if stated is None or any(not isinstance(d, int) for d in stated):
            shown = "unknown dimensions" if stated is None else _written(stated)
            raise InputError(
                f"input {port.name!r} of {model.name!r} has free dimensions ({shown}); give them: "
                f"--size {port.name}={_example(stated)}"
            )
        return tuple(d for d in stated if isinstance(d, int))
    if stated is not None and len(stated) != len(given):
        raise InputError(
            f"input {port.name!r} of {model.name!r} has {len(stated)} dimensions "
            f"({_written(stated)}), got {_written(given)}"
        )
    wanted = given if stated is None else stated
    return tuple(_fit(model, port, *pair, bound) for pair in zip(wanted, given, strict=True))


def _fit(model: Model, port: Port, said: object, asked: object, bound: dict[str, int]) -> int:
    if not isinstance(asked, int) or asked < 1:
        raise InputError(
            f"a dimension of input {port.name!r} must be a positive integer here, got {asked!r}"
        )
    wanted = bound.setdefault(said, asked) if isinstance(said, str) else said
    if wanted is not None and wanted != asked:
        raise InputError(
            f"input {port.name!r} of {model.name!r} has a dimension of {said}"
            f"{'' if said == wanted else f' = {wanted}'}, got {asked}"
        )
    return asked


def _written(shape: Sequence[object]) -> str:
    return ",".join("?" if d is None else str(d) for d in shape) or "a scalar"


def _example(shape: Sequence[object] | None) -> str:
    if shape is None:
        return "1,3,224,224"
    return ",".join(str(d if isinstance(d, int) else 224 if n else 1) for n, d in enumerate(shape))
