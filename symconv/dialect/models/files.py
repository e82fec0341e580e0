"""Which paths are those of model files; nothing that reads one is loaded to know."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".onnx", ".pt2", ".keras", ".tflite")
"""How the names of model files end; a Keras JSON is known by what it holds."""


def is_model_file(given: object) -> bool:
    """Whether a value is the path of a model file, by how its name ends or what it holds.

    >>> is_model_file("resnet.onnx"), is_model_file("conv i3x8x8 o4 k3")
    (True, False)
    """
    if not isinstance(given, str | Path):
        return False
    suffix = Path(given).suffix.lower()
    if suffix in SUFFIXES:
        return True
    return suffix == ".json" and Path(given).is_file() and _shows_a_format(given)


def _shows_a_format(path: str | Path) -> bool:
    from symconv.dialect.models.registry import format_of

    return format_of(path) is not None
