"""Steps: the words in which pipelines are written, one file a family."""

from symconv.claim.steps.base import Step, flat
from symconv.claim.steps.branches import STEPS, Add, Branching, Concat, read_step, read_steps
from symconv.claim.steps.layers import (
    AvgPoolStep,
    ConvStep,
    ConvTransposeStep,
    KernelConvStep,
    MaxConvStep,
    MaxPoolStep,
)
from symconv.claim.steps.moves import Dilate, Flip, Pad, Rearrange, Slice, Split, Tile, Transpose
from symconv.claim.steps.values import POSITION, Divide, Mask, Pointwise, Scale

__all__ = [
    "POSITION",
    "STEPS",
    "Add",
    "AvgPoolStep",
    "Branching",
    "Concat",
    "ConvStep",
    "ConvTransposeStep",
    "Dilate",
    "Divide",
    "Flip",
    "KernelConvStep",
    "Mask",
    "MaxConvStep",
    "MaxPoolStep",
    "Pad",
    "Pointwise",
    "Rearrange",
    "Scale",
    "Slice",
    "Split",
    "Step",
    "Tile",
    "Transpose",
    "flat",
    "read_step",
    "read_steps",
]
