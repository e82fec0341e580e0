"""symconv: symbolic and formal verification of strided convolutions."""

from symconv.errors import SymconvError
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxPool

__all__ = ["AvgPool", "Conv", "ConvTranspose", "MaxPool", "SymconvError"]
__version__ = "0.1.0"
