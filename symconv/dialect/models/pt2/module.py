"""Modules of PyTorch as models: exported, and read as a file of the export is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from symconv.dialect.models.pt2.files import read_archive
from symconv.errors import InputError, Unsupported
from symconv.network.model import Model


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
