"""The array API's functions for NumPy, PyTorch and JAX, whichever is installed.

`array_api_compat` gives them one spelling.  Where it is missing, as on a borrowed machine that has
NumPy and PyTorch alone, the few that are used here are spelled for PyTorch by hand; NumPy 2 and JAX
have them under the standard's names.

Source: Python array API standard 2023.12.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from symconv.errors import MissingTool

Array = Any


def namespace(framework: str) -> Any:
    """Return the array API's functions of ``"numpy"``, ``"torch"`` or ``"jax"``.

    Raises:
        MissingTool: NumPy is older than 2, and array-api-compat is not installed.
    """
    if framework == "jax":
        return import_module("jax.numpy")
    try:
        return import_module(f"array_api_compat.{framework}")
    except ModuleNotFoundError:
        return TorchFunctions() if framework == "torch" else _plain_numpy()


def _plain_numpy() -> Any:
    numpy = import_module("numpy")
    if not hasattr(numpy, "permute_dims"):
        raise MissingTool(
            f"NumPy {numpy.__version__} has no array API; pip install array-api-compat, or NumPy 2"
        )
    return numpy


class TorchFunctions:
    """PyTorch under the standard's names, as far as pipelines need them."""

    def __init__(self) -> None:
        torch = import_module("torch")
        self._torch = torch
        for name in ("abs", "concat", "maximum", "minimum", "reshape", "stack", "where"):
            setattr(self, name, getattr(torch, name))

    def permute_dims(self, x: Array, axes: Sequence[int]) -> Array:
        """Axes in another order."""
        return x.permute(*axes)

    def flip(self, x: Array, *, axis: Sequence[int]) -> Array:
        """These axes read from their end."""
        return self._torch.flip(x, tuple(axis))

    def roll(self, x: Array, shift: int, *, axis: int) -> Array:
        """One axis turned round."""
        return self._torch.roll(x, shift, axis)

    def tile(self, x: Array, repetitions: Sequence[int]) -> Array:
        """Every axis repeated whole."""
        return x.repeat(*repetitions)

    def repeat(self, x: Array, repeats: int, *, axis: int) -> Array:
        """Each sample of one axis repeated."""
        return self._torch.repeat_interleave(x, repeats, axis)

    def take(self, x: Array, indices: Array, *, axis: int) -> Array:
        """These samples of one axis."""
        return self._torch.index_select(x, axis, indices)

    def sum(self, x: Array, *, axis: int) -> Array:
        """The sum along one axis."""
        return self._torch.sum(x, axis)

    def max(self, x: Array, *, axis: int) -> Array:
        """The maximum along one axis."""
        return self._torch.amax(x, axis)

    def full(self, shape: Sequence[int], value: float, *, dtype: Any, device: Any) -> Array:
        """An array of one value."""
        return self._torch.full(tuple(shape), value, dtype=dtype, device=device)
