"""The formats of model files: files below this folder that hold a ``FORMAT``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from symconv.dialect.models.opening import ZIP, ModelFormat, opening_of
from symconv.dialect.onnx.read import read_onnx
from symconv.errors import InputError
from symconv.machine.plugins import held
from symconv.network.model import Model


@cache
def formats() -> tuple[ModelFormat, ...]:
    """All formats that a file shows by its content, in the order of their files' names."""
    folder = Path(__file__).parent
    return tuple(held("symconv.dialect.models", folder, "**/[!_]*.py", "FORMAT"))


def format_of(path: str | Path) -> ModelFormat | None:
    """The format of a file by its content; None where it may be ONNX, which shows nothing.

    Raises:
        InputError: it cannot be read.
    """
    opening = opening_of(path)
    found = next((found for found in formats() if found.is_mine(opening)), None)
    if found is None and opening.head.startswith(ZIP):
        raise InputError(
            f"{path} is a zip archive, but neither an exported program of PyTorch (torch.export, "
            ".pt2) nor a .keras file; checkpoints and TorchScript are pickled, and are not read"
        )
    return found


def read_model_file(path: str | Path) -> Model:
    """Read a model's file, whatever its format; ONNX, which has no magic number, is tried last.

    Raises:
        InputError: it cannot be read or is malformed.
        Unsupported: it holds what is not read.
        MissingTool: the library that reads its format is not installed.
    """
    path = Path(path)
    found = format_of(path)
    return read_onnx(path) if found is None else found.read(path)
