"""Modules of PyTorch as models: exported, and read as a file of the export is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from symconv.dialect.models.pt2.files import read_archive
from symconv.errors import InputError, Unsupported
from symconv.network.model import Model

SAMPLES = 1
"""The batch of an input that is given by its size in space."""


def input_shapes(module: Any, size: Any) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of a module's inputs, the batch included.

    Args:
        module: a ``torch.nn.Module``.
        size: a shape, such as ``(1, 3, 224, 224)``; a list of shapes; or the size in space alone,
            ``(224, 224)``: channels are then those of the module's first convolution.

    Raises:
        InputError: it is not made of positive integers, or the channels are not known.
    """
    entries = (size,) if isinstance(size, int) else tuple(size or ())
    if entries and all(isinstance(one, tuple | list) for one in entries):
        return tuple(_shape(tuple(one)) for one in entries)
    shape = _shape(entries)
    first = next((p for p in module.modules() if _rank_of(p) is not None), None)
    rank = None if first is None else _rank_of(first)
    if first is None or rank is None or len(shape) not in (rank, rank + 1):
        return (shape,)
    channels = shape if len(shape) > rank else (first.in_channels, *shape)
    return ((SAMPLES, *channels),)


def _shape(entries: tuple[Any, ...]) -> tuple[int, ...]:
    if not entries or not all(type(n) is int and n > 0 for n in entries):
        raise InputError(
            "a module is exported for inputs of a size in numbers, such as (224, 224) or "
            f"[(1, 3, 224, 224)], got {list(entries)!r:.80}; for named sizes export it with "
            "dynamic_shapes, torch.export.save it, and give the .pt2 file"
        )
    return entries


def _rank_of(module: Any) -> int | None:
    """The axes in space of a convolution of PyTorch; None of another module."""
    name = type(module).__name__
    is_convolution = name.startswith("Conv") and name.endswith(("1d", "2d", "3d"))
    return int(name[-2]) if is_convolution and "in_channels" in vars(module) else None


def read_torch_module(
    module: Any,
    shapes: Sequence[Sequence[int]],
    dynamic: Mapping[str, Any] | Sequence[Any] | None = None,
) -> Model:
    """Export a module for inputs of these shapes, and read the program.

    The module is exported as it is applied (``eval``), and is left in the mode that it was in.

    Args:
        module: a ``torch.nn.Module``.
        shapes: the shape of each input, the batch included: ``[(1, 3, 224, 224)]``.
        dynamic: what ``torch.export.export`` takes as ``dynamic_shapes``.

    Raises:
        InputError: the inputs do not fit the module.
        Unsupported: PyTorch cannot export it, or it holds what is not read.
    """
    import torch

    training = module.training
    parameter = next(module.parameters(), None)
    dtype = torch.float32 if parameter is None else parameter.dtype
    inputs = tuple(torch.zeros(*shape, dtype=dtype) for shape in shapes)
    buffer = io.BytesIO()
    try:
        program = torch.export.export(module.eval(), inputs, dynamic_shapes=dynamic)
        torch.export.save(program, buffer)
    except Exception as fault:
        kind = type(module).__name__
        first = next(iter(str(fault).splitlines()), "")
        problem = f"PyTorch cannot export {kind} for inputs of {list(shapes)}: {first}"
        raise (InputError if isinstance(fault, RuntimeError) else Unsupported)(problem) from fault
    finally:
        module.train(training)
    with zipfile.ZipFile(buffer) as found:
        return read_archive(found, type(module).__name__)
