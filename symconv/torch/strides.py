"""Which operators of PyTorch still take a stride, seen as a module runs; imported where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

WINDOWS = ("conv", "pool")
"""What the names of operators hold whose windows move by a stride."""


class Strides(TorchDispatchMode):
    """Notes each operator that moves its window by more than 1 and has more than one output."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Run the operator, and look at its stride."""
        made = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if any(word in name for word in WINDOWS) and "backward" not in name:
            self._look(name, _named(func, args, kwargs or {}), made)
        return made

    def _look(self, name: str, given: Mapping[str, Any], made: Any) -> None:
        # A pooling that is given no stride has its kernel's size for one.
        stride = given.get("stride") or given.get("kernel_size")
        first = made[0] if isinstance(made, list | tuple) else made
        if not isinstance(stride, list | tuple) or not isinstance(first, Tensor):
            return
        moved = tuple(given["input" if "input" in given else "self"].shape)
        size = moved if given.get("transposed") else tuple(first.shape)
        ends = zip(stride, size[-len(stride) :], strict=True)
        if any(step > 1 and length > 1 for step, length in ends):
            self.found.append(f"{name} of stride {list(stride)}, output {list(first.shape)}")


def _named(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by the names that the operator's schema gives them."""
    names = [argument.name for argument in func._schema.arguments]
    return {**dict(zip(names, args, strict=False)), **kwargs}
