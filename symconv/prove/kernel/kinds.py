"""What each kind of layer is to the proof library, and what its statement needs to be told.

The statements are Coq files in ``statements/``, with ``${...}`` for a layer's own numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symconv.errors import InternalError
from symconv.expand import Expansion
from symconv.layer import Conv
from symconv.prove.kernel.pools import pooled_glossary, pooled_names

_INSIDE = "   reads_inside     no index of the padded array is without a sample of the input\n"

MODES = {
    "zeros": "zeros",
    "reflect": "reflect_mode",
    "replicate": "replicate",
    "circular": "circular",
}
"""PyTorch's padding modes in the library (`reflect` is a name of MathComp's)."""


def _nothing(expansion: Expansion) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of layer: the file of its statement, and what that file and its reader are told.

    ``about`` says in words what the theorem is about; ``home`` where its definitions are;
    ``strided`` names the numbers that the ties cut into phases, the layer's own or those of a
    convolution that it is proved to be; ``own_names`` fills in what depends on the layer.
    """

    statement: str
    about: str
    home: str
    strided: str = "the_layer"
    glossary: str = ""
    own_names: Callable[[Expansion], dict[str, str]] = _nothing


def _mode(expansion: Expansion) -> dict[str, str]:
    layer = expansion.original
    if not isinstance(layer, Conv):
        raise InternalError(f"a convolution is expected, got op={layer.op!r}")
    return {"mode": MODES[layer.padding_mode]}


def fills(expansion: Expansion) -> bool:
    """Whether the layer's pads read samples of its input, and no zeros or constants."""
    layer = expansion.original
    return isinstance(layer, Conv) and layer.padding_mode != "zeros"


_RING = "for every ring, every weight, bias and input"

_HOME = "Array.v (arrays, phases, expanded weights), Decide.v (literal numbers)"

CONVOLUTION = Kind("convolution", _RING, _HOME)
MODE = Kind(
    "mode",
    f"{_RING}, with what its pads read",
    f"{_HOME},\n   Modes.v (boundary modes; fill is the value that a constant pad reads)",
    strided="behind_the_gather",
    glossary="   behind_the_gather   the layer without pads, on the padded array\n",
    own_names=_mode,
)
TRANSPOSED = Kind(
    "transposed",
    f"{_RING}, by the definition of the adjoint",
    f"{_HOME},\n   Transposed.v (what a transposed convolution means)",
    strided="the_convolution",
    glossary="""\
   the_convolution  the convolution that it is proved to be: base dilation for stride, the kernel
                    from its far end, the weight's channels in the other places (turned)
""",
)
MAXIMUM = Kind(
    "maximum",
    "for a maximum over any total order with -inf and every input",
    f"{_HOME},\n   Pools.v (a maximum over any total order; -inf, which pads read, is None)",
    glossary="""\
   reached          which slots of the expanded kernel some tap lands on; the others read nothing
   maxo_comoid      the maximum of option T, where None is -inf
""",
    own_names=pooled_names,
)
AVERAGE = Kind(
    "average",
    "for every field and every input, divided by the samples that its windows count",
    f"{_HOME},\n   Pools.v (means and their divisors; x / 0 is 0)",
    glossary="""\
   average_layer    the sum of the samples that a window reads over its divisor; counted says
                    whether pads count (the first argument, true or false)
""",
    own_names=pooled_names,
)


def glossary_of(expansion: Expansion) -> str:
    """The names of the kind's own that its file explains."""
    own = kind_of(expansion).glossary + pooled_glossary(expansion)
    return own + _INSIDE * fills(expansion)


def kind_of(expansion: Expansion) -> Kind:
    """What the layer is to the proof library."""
    layer = expansion.original
    if layer.is_transposed:
        return TRANSPOSED
    if layer.divides:
        return AVERAGE
    if layer.monoid == "max":
        return MAXIMUM
    return MODE if expansion.has_boundary_gather else CONVOLUTION
