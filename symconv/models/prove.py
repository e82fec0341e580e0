"""A model file, or a module, proved equal to its form on phases: read, bound to sizes, decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symconv.dialect.opened import Opened, open_model, open_module
from symconv.errors import InputError
from symconv.machine.budget import Budget, spending
from symconv.network.regions import read_region
from symconv.network.results import ModelProof
from symconv.prove.network.models import decide_model


def prove_model(
    subject: Any,
    sizes: Any = None,
    *,
    region: str = "full",
    max_factor: int | None = None,
    residual_stride: int = 1,
    where: Sequence[str] = (),
    all_sizes: bool = False,
    kernel: bool = False,
    keep: str | Path | None = None,
    budget: Budget | None = None,
) -> ModelProof:
    """Prove a model equal to its form on phases, node by node.

    Args:
        subject: the path of a model file, of any format that is read; or a ``torch.nn`` module,
            which is exported as it is applied (``eval``).
        sizes: of a file the dimensions of its inputs by their names, such as ``{"x": (1, 3, "H",
            "W")}``; a name is for all sizes.  Of a module the size in space of what it reads,
            ``(224, 224)``, or the whole shapes of its inputs.
        region: which nodes carry phases: ``"full"``, ``"core"``, ``"local"``, or nodes' names with
            commas between them.
        max_factor: the most phases of an axis; beyond it phases are merged and split again.
        residual_stride: the most of a stride that may stay, where it divides the stride.
        where: conditions on named sizes.
        all_sizes: whether to name the sizes of every input in space.
        kernel: whether to have the proof kernel of Coq check the layers' theorems as well.
        keep: a folder in which to leave the kernel's files; asks for the kernel too.
        budget: what the proof may cost.

    Raises:
        InputError: the file is not a model, or a size, a node or a condition does not fit it.
        Unsupported: the model is random.
        MissingTool: the library that reads such files is not installed.
    """
    with spending(budget):
        opened = _opened(subject, sizes, all_sizes)
        asked = read_region(region, max_factor, residual_stride)
        proof = decide_model(opened.read, asked, where=where, sha256=opened.sha256)
        if kernel or keep is not None:
            from symconv.prove.network.theorems import with_theorems

            return with_theorems(proof, keep)
        return proof


def _opened(subject: Any, sizes: Any, all_sizes: bool) -> Opened:
    """A model file, or a module, at its sizes."""
    if isinstance(subject, str | Path):
        given = None if sizes is None else _model_sizes(sizes)
        return open_model(subject, given, all_sizes=all_sizes)
    if sizes is None or all_sizes:
        raise InputError(
            "a torch.nn module is proved at a size, such as (224, 224) or [(1, 3, 224, 224)]; for "
            "all sizes export it with dynamic_shapes, and give the .pt2 file"
        )
    return open_module(subject, sizes)


def _model_sizes(sizes: Any) -> Mapping[str, Sequence[int | str]]:
    if not isinstance(sizes, Mapping):
        raise InputError(
            "a model's input_size names its inputs, such as {'x': (1, 3, 224, 224)}, got "
            f"{sizes!r:.80}"
        )
    return sizes
