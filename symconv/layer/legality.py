"""What a pooling may be: by PyTorch's rules, or by ONNX's where those are asked for by name."""

from __future__ import annotations

from typing import Literal

from symconv.layer.requirements import Requirements, at_least, either, must
from symconv.size.expr import Size, greatest

Legality = Literal["torch", "onnx"]
TORCH: Legality = "torch"
ONNX: Legality = "onnx"
LEGALITIES = (TORCH, ONNX)
"""Whose rules say what a pooling may be: PyTorch's if nothing is said."""

ASK = 'ask for ONNX\'s rules: "legality": "onnx"'
"""The way out of what PyTorch refuses and ONNX does not."""


def half_kernel(kernel: int, lo: Size, hi: Size) -> Requirements:
    """That pads are at most half of the kernel, as PyTorch asks."""
    most = kernel // 2
    return must(
        at_least(most, greatest(lo, hi)),
        lambda: (
            f"a pooling pads at most half of its kernel ({most} of kernel_size={kernel}), "
            f"got padding [{lo}, {hi}]; pad the input first, or {ASK}"
        ),
    )


def one_starts_behind(behind: Size, span: Size, hi: Size) -> Requirements:
    """That of ceil_mode's windows at most one starts behind the input, and is left out.

    Were there more, ONNX's text would leave out all of them, and its shape inference (opset 22)
    one; onnxruntime takes no pads as wide as that.
    """
    return must(
        at_least(1, behind),
        lambda: (
            f"with ceil_mode {behind} windows of {span} samples would start behind the input, in "
            f"its high pad of {hi}, and at most one is left out; pad the input first"
        ),
    )


def hangs_over_no_crop(missing: Size, lo: Size, hi: Size) -> Requirements:
    """That ceil_mode's last window hangs over no end that pads crop."""
    return must(
        either(at_least(hi, 0), at_least(0, missing)),
        lambda: (
            f"ceil_mode's last window hangs {missing} samples over an end that padding "
            f"[{lo}, {hi}] crops; crop the input first"
        ),
    )


def holds_its_kernel(size: Size, kernel: Size) -> Requirements:
    """That an average over three axes has an input as large as its kernel, as PyTorch asks."""
    return must(
        at_least(size, kernel),
        lambda: (
            f"PyTorch's avg_pool3d takes no input smaller than its kernel, got {size} samples "
            f"for kernel_size={kernel}; pad the input first, or {ASK}"
        ),
    )
