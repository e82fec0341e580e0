"""Numbers: a framework's strided layer against its own stride-free layer on phases.

An observation by one framework's own operators; never part of a certificate, and a stranger to the
provers: no access table is read here.  *Exact* mode compares bit for bit, on integers so small that
every partial sum is a number of the dtype.  *Rounding* mode compares real numbers against the
a-priori bound of both sides' rounding errors.  NumPy, PyTorch, JAX and onnxruntime register
themselves as backends, so that a GPU is ``device="cuda"`` away.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from symconv.crosscheck.backends import BACKENDS, backend_of
from symconv.crosscheck.compare import observe
from symconv.crosscheck.formats import DTYPES
from symconv.crosscheck.observation import EXACT, MODES, ROUNDING, Compared, Observation
from symconv.crosscheck.quantized import observe_int8
from symconv.crosscheck.question import question_of_claim, question_of_layer
from symconv.crosscheck.sides import Asked
from symconv.errors import InputError, TooLarge, Unsupported
from symconv.expand import destride
from symconv.layer import AnyLayer, MaxConv, read_numbers
from symconv.layer.lattice import refuse_matrix_stride

if TYPE_CHECKING:
    from symconv.claim import Claim

__all__ = [
    "BACKENDS",
    "DTYPES",
    "EXACT",
    "MODES",
    "ROUNDING",
    "Compared",
    "Observation",
    "crosscheck",
    "crosscheck_claim",
]

MOST_PRODUCTS = 200_000_000
"""Above this many multiplications channels are cut, unless asked otherwise: NumPy takes seconds."""


def crosscheck(
    layer: AnyLayer,
    input_size: Sequence[int],
    *,
    backend: str = "numpy",
    device: str = "cpu",
    mode: str = EXACT,
    dtype: str = "float64",
    gradients: bool = False,
    seed: int = 0,
    most_products: int = MOST_PRODUCTS,
) -> Observation:
    """Compare a framework's strided layer with its stride-free one, on random numbers.

    Args:
        layer: any layer but one with a matrix stride.
        input_size: one number per spatial axis.
        backend: a framework, of `BACKENDS`.
        device: ``"cpu"``, or one that the framework knows, such as ``"cuda"``.
        mode: ``"exact"``: integers whose sums are exact in the dtype, equal bit for bit.
            ``"rounding"``: real numbers, apart by at most ``2 gamma_n sum |w||x|``.  That may hide
            one wrong product among thousands (float32) or hundreds (bfloat16): the note says so.
        dtype: what the framework computes in, of `DTYPES`.
        gradients: also compare the gradients by input, weight and bias; those of the expanded
            weight are summed over the slots that hold one parameter.
        seed: of the random numbers.
        most_products: above so many multiplications channels are cut, which the note says.

    Raises:
        InputError: no such backend, device, mode or dtype.
        MissingTool: the framework or the device is not there.
        TooLarge: even with few channels it would take too long.
        Unsupported: the framework does not compute that, or the dtype leaves nothing to compare.

    Source: Higham 2002, *Accuracy and Stability of Numerical Algorithms*, section 3.1.

    >>> from symconv.layer import Conv
    >>> crosscheck(Conv(2, 3, kernel_size=5, stride=2, padding=2), (9, 8)).equal
    True
    >>> layer = Conv(2, 3, kernel_size=5, stride=2, padding=2)
    >>> seen = crosscheck(layer, (9, 8), mode="rounding", dtype="float32")
    >>> seen.agrees, seen.worst.of_bound < 1
    (True, True)
    """
    asked = _asked(backend, device, mode, dtype, gradients, seed)
    if isinstance(layer, MaxConv):
        raise Unsupported("max_conv: no framework has such a layer; cross-check the max_pool")
    refuse_matrix_stride(layer, "crosscheck")
    size = read_numbers(input_size, layer.op)
    smaller = _fewer_channels(layer, size, most_products)
    note = (
        ""
        if smaller == layer
        else f"channels cut to {smaller.in_channels} -> {smaller.out_channels}"
    )
    expansion = destride(smaller, size)
    if dtype == "int8":
        _refuse_beside_int8(mode, gradients)
        return observe_int8(expansion, asked.backend, seed, note)
    return observe(question_of_layer(expansion), asked, note)


def crosscheck_claim(
    claim: Claim,
    *,
    backend: str = "numpy",
    device: str = "cpu",
    mode: str = EXACT,
    dtype: str = "float64",
    gradients: bool = False,
    seed: int = 0,
) -> Observation:
    """Compare both sides of a claim, run as pipelines of one framework's own operators.

    The sizes must be numbers.  Derived weights are made by the framework as well, so that its own
    differentiation sums their gradients over ties.

    Raises:
        ClaimError: a size is named, or a step does not fit.
        Unsupported: a step, dtype or gradient that cannot be compared; the message says why.

    >>> from symconv.claim import read_claim
    >>> flipped = [{"op": "flip", "axes": [1]}]
    >>> text = {"input": {"channels": 1, "size": [4]}, "left": flipped * 2, "right": []}
    >>> crosscheck_claim(read_claim(text)).equal
    True
    """
    from symconv.claim.sides import check_claim

    asked = _asked(backend, device, mode, dtype, gradients, seed)
    if dtype == "int8":
        raise Unsupported("int8 is compared for layers, got a claim; use float32")
    check_claim(claim)
    return observe(question_of_claim(claim), asked)


def _asked(backend: str, device: str, mode: str, dtype: str, gradients: bool, seed: int) -> Asked:
    """How to put a question.

    Raises:
        InputError: no such backend, mode or dtype.
    """
    if mode not in MODES:
        raise InputError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
    if dtype not in DTYPES:
        raise InputError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    return Asked(backend_of(backend, device), dtype, mode, gradients, seed)


def _refuse_beside_int8(mode: str, gradients: bool) -> None:
    """Refuse what integers have not.

    Raises:
        Unsupported: rounding or gradients are asked for.
    """
    if mode != EXACT:
        raise Unsupported("int8 sums are exact; use mode exact, or a floating dtype")
    if gradients:
        raise Unsupported("integers have no gradients; use a floating dtype")


def _fewer_channels(layer: AnyLayer, size: Sequence[int], most: int) -> AnyLayer:
    """The layer, with few channels where all of them would take too long."""
    if not layer.has_weight:
        smaller = layer.with_channels(min(layer.channel_groups, 4), 1)
    elif _products(layer, size) <= most:
        smaller = layer
    else:
        smaller = layer.with_channels(min(layer.channel_groups, 2), 4)
    largest = 5 * max(most, MOST_PRODUCTS)
    if _products(smaller, size) > largest:
        raise TooLarge(
            f"{layer.op}: {_products(smaller, size)} multiplications of few channels are more than "
            f"{largest}; choose a smaller input_size"
        )
    return smaller


def _products(layer: AnyLayer, size: Sequence[int]) -> int:
    """Multiplications of the strided layer, or its input samples where those are more."""
    positions = prod(size if layer.is_transposed else layer.output_size(size))
    pairs = layer.in_channels * layer.out_channels // layer.channel_groups
    taps = prod(layer.per_axis("kernel_size", len(size)))
    return int(max(pairs * positions * taps, layer.in_channels * prod(size)))
