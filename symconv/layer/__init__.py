"""Layers as frozen numbers: Conv, ConvTranspose, MaxPool, AvgPool, and LatticeConv.

Names, defaults and legality are PyTorch's, with two things more general: pads may differ at the
two ends of an axis, and a negative pad crops.  An integer stands for every spatial axis, so a layer
may leave its rank open until it meets an input size.
"""

from symconv.layer.base import Ints, Layer, Sizes, read_numbers, read_size, read_value
from symconv.layer.conv import Conv, ConvTranspose, MaxConv
from symconv.layer.lattice import LatticeConv
from symconv.layer.pool import AvgPool, MaxPool, Pool

AnyLayer = Conv | ConvTranspose | MaxPool | AvgPool
"""Every layer of one window per axis (`MaxConv` is a `Conv`); a `LatticeConv` has none."""

__all__ = [
    "AnyLayer",
    "AvgPool",
    "Conv",
    "ConvTranspose",
    "Ints",
    "LatticeConv",
    "Layer",
    "MaxConv",
    "MaxPool",
    "Pool",
    "Sizes",
    "read_numbers",
    "read_size",
    "read_value",
]
