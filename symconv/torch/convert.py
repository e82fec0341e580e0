"""A module of PyTorch without strides: each strided layer in it replaced by one on phases."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from symconv.dialect.models.pt2.module import input_shapes
from symconv.dialect.torch import RANKS, is_module, read_module
from symconv.errors import InputError, MissingTool, Unsupported
from symconv.layer import AnyLayer

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def destride(module: Any, size: Any) -> Any:
    """Return a module of stride 1 that is the same function, with the same parameters to train.

    It is a copy: the module itself is left as it is.  Every strided convolution, transposed one and
    pooling of ``torch.nn`` in it is replaced by one that splits its input into phases and applies a
    layer of stride 1; the kernel of that is gathered from the strided layer's own parameter, so
    that gradients, names in the ``state_dict`` and steps of an optimizer are the strided module's.

    Args:
        module: a ``torch.nn.Module``.
        size: the size in space of what the module reads, such as ``(224, 224)``, or whole shapes of
            its inputs, such as ``[(1, 3, 224, 224), (1, 10)]``: the module is run once for it, to
            see that no stride is left.  It may be applied at any other.

    Raises:
        InputError: it is not a module, or does not take inputs of this size.
        Unsupported: a stride is left, taken by a function or by a layer of another class; or a
            layer to be replaced has hooks.
        MissingTool: PyTorch is not installed.

    Source: Kong and Lucey 2017, section 3.
    """
    if not is_module(module):
        raise InputError(f"expected a torch.nn module, got {type(module).__name__}")
    try:
        import torch  # noqa: F401 - the modules below need it
    except ModuleNotFoundError as fault:
        raise MissingTool("PyTorch is not installed: pip install 'symconv[torch]'") from fault
    shapes = input_shapes(module, size)
    found = _replaced(deepcopy(module))
    _refuse_strides(found, shapes)
    return found


def _replaced(module: Any) -> Any:
    """The module with its strided layers replaced, each once wherever it stands."""
    made: dict[int, Any] = {}
    for name, part in module.named_modules():
        if (layer := _strided_layer(part)) is not None:
            _refuse_hooks(part, name)
            made[id(part)] = _phased(part, layer).train(part.training)
    for part in [*module.modules()]:
        for name, child in part._modules.items():
            if id(child) in made:
                setattr(part, name, made[id(child)])
    return made.get(id(module), module)


def _strided_layer(module: Any) -> AnyLayer | None:
    """The layer that a module of torch.nn's own is, where it takes a stride."""
    import torch

    name = type(module).__name__
    known = name.endswith(RANKS) and name[:-2] in KINDS
    if not known or type(module) is not vars(torch.nn).get(name):
        return None
    stride = module.stride
    if max(stride if isinstance(stride, tuple | list) else (stride,)) == 1:
        return None
    found = read_module(module)
    return None if isinstance(found, list) else found


KINDS = ("Conv", "ConvTranspose", "MaxPool", "AvgPool")
"""The layers that are replaced, of any rank that PyTorch has."""


def _phased(module: Any, layer: AnyLayer) -> Any:
    from symconv.torch.modules import PhasedAvgPool, PhasedConv, PhasedMaxPool

    name = type(module).__name__
    rank = int(name[-2])
    if name.startswith("Conv"):
        return PhasedConv(layer, rank, module.weight, module.bias)
    return (PhasedMaxPool if name.startswith("Max") else PhasedAvgPool)(layer, rank)


def _refuse_hooks(module: Any, name: str) -> None:
    if any(vars(module).get(hooks) for hooks in HOOKS):
        raise Unsupported(
            f"the layer {name!r} ({type(module).__name__}) has hooks, which would be lost with it; "
            "remove them first (torch.nn.utils.parametrize.remove_parametrizations, "
            "torch.nn.utils.remove_weight_norm), or put them elsewhere"
        )


def _refuse_strides(module: Any, shapes: Sequence[Sequence[int]]) -> None:
    """Run the module once, and refuse it if some operator still takes a stride."""
    import torch

    from symconv.torch.strides import Strides

    parameter = next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(0))
    inputs = [torch.zeros(*s, dtype=parameter.dtype, device=parameter.device) for s in shapes]
    modes = {part: part.training for part in module.modules()}
    try:
        with torch.no_grad(), Strides() as seen:
            module.eval()(*inputs)
    except (RuntimeError, TypeError, ValueError) as fault:
        listed = [list(shape) for shape in shapes]
        raise InputError(f"the module does not take inputs of shape {listed}: {fault}") from fault
    finally:
        for part, training in modes.items():
            part.training = training
    if seen.found:
        raise Unsupported(
            f"the module still takes a stride, in {seen.found[0]}: symconv replaces the layers of "
            "torch.nn; write it as one, such as torch.nn.Conv2d(..., stride=2)"
        )
