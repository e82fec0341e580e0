"""The claim that a layer equals its expansion, with the input sizes left open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symconv.claim import Claim
from symconv.errors import ClaimError
from symconv.expand.destride import OpenExpansion
from symconv.expand.open_layer import OpenLayer

NAMES = {1: ("N",), 2: ("H", "W"), 3: ("D", "H", "W")}


def axis_names(rank: int) -> tuple[str, ...]:
    """Names for the sizes of so many axes.

    >>> axis_names(2), axis_names(4)
    (('H', 'W'), ('N0', 'N1', 'N2', 'N3'))
    """
    return NAMES.get(rank, tuple(f"N{axis}" for axis in range(rank)))


def named_sizes(claim: Claim) -> tuple[Any, ...]:
    """The claim's sizes, a name that it does not use yet in place of each number.

    >>> from symconv.claim import read_claim
    >>> named_sizes(read_claim({"input": {"channels": 1, "size": [8, "N"]}, "left": [],
    ...                         "right": []}))
    ('H', 'N')
    """
    fresh = (
        next(name for name in (base, *(f"{base}{n}" for n in range(9))) if name not in claim.names)
        for base in axis_names(len(claim.size))
    )
    pairs = zip(claim.size, fresh, strict=True)
    return tuple(name if isinstance(size, int) else size for size, name in pairs)


def claim_for_all_sizes(
    open_expansion: OpenExpansion, names: Sequence[str] | None = None, name: str = "expansion"
) -> Claim:
    """The statement that the layer and its expansion are the same function at every size.

    Raises:
        ClaimError: there are not as many names as axes.

    >>> from symconv.expand import destride
    >>> from symconv.layer import Conv
    >>> claim = claim_for_all_sizes(destride(Conv(1, 1, 3, stride=2)), ["N"])
    >>> claim.names, claim.at({"N": 9}).right[-1].padding
    (('N',), ((0, 0),))
    """
    rank = open_expansion.original.rank or len(names or ()) or 2
    named = tuple(names or axis_names(rank))
    if len(named) != rank:
        raise ClaimError(
            f"the layer has {rank} spatial axes, got the size names {', '.join(named)}"
        )
    layer = OpenLayer(open_expansion, named)
    return Claim(
        name,
        layer.original.in_channels,
        named,
        layer.weights(),
        (layer.original_step(),),
        (
            *layer.input_map,
            layer.expanded_step(),
            *layer.merge,
            *layer.crop,
            *layer.divisors,
        ),
    )
