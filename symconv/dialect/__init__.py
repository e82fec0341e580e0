"""The edge where other people's layer configurations come in."""

from symconv.claim.steps import Pointwise
from symconv.dialect.chain import Chain
from symconv.dialect.config import Config, layer_to_dict, read_layer
from symconv.dialect.files import CertificateText, ClaimText, read_layers
from symconv.dialect.pasted.base import Fault
from symconv.dialect.presets import PRESETS, preset
from symconv.dialect.shorthand import parse_shorthand, read_shorthand, to_shorthand

__all__ = [
    "PRESETS",
    "CertificateText",
    "Chain",
    "ClaimText",
    "Config",
    "Fault",
    "Pointwise",
    "layer_to_dict",
    "parse_shorthand",
    "preset",
    "read_layer",
    "read_layers",
    "read_shorthand",
    "to_shorthand",
]
