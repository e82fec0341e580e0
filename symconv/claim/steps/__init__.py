"""Steps: the words in which pipelines are written, one file a family."""

from symconv.claim.steps.base import STEPS, Step, flat, joins_axes
from symconv.claim.steps.branches import (
    Add,
    Branching,
    Concat,
    Subtract,
    rank_after,
    read_step,
    read_steps,
)
from symconv.claim.steps.lattices import ReadCosets, Within
from symconv.claim.steps.layers import ConvStep, ConvTransposeStep, KernelConvStep, MaxConvStep
from symconv.claim.steps.moves import (
    Dilate,
    Flip,
    Pad,
    Rearrange,
    Repeat,
    Slice,
    Split,
    Tile,
    Transpose,
)
from symconv.claim.steps.pools import (
    AdaptiveAvgPoolStep,
    AdaptiveMaxPoolStep,
    AdaptivePooling,
    AvgPoolStep,
    MaxPoolStep,
)
from symconv.claim.steps.values import POSITION, Clip, Divide, Mask, Pointwise, Scale, ScaleAll

__all__ = [
    "POSITION",
    "STEPS",
    "AdaptiveAvgPoolStep",
    "AdaptiveMaxPoolStep",
    "AdaptivePooling",
    "Add",
    "AvgPoolStep",
    "Branching",
    "Clip",
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
    "ReadCosets",
    "Rearrange",
    "Repeat",
    "Scale",
    "ScaleAll",
    "Slice",
    "Split",
    "Step",
    "Subtract",
    "Tile",
    "Transpose",
    "Within",
    "flat",
    "joins_axes",
    "rank_after",
    "read_step",
    "read_steps",
]
