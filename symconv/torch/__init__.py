"""Modules of PyTorch without strides, whose parameters are the strided module's own."""

from symconv.torch.convert import destride

__all__ = ["destride"]
