"""Geometries: what a layer's own claim says, whatever its channels.  Each is decided once.

No step of an expansion's claim looks inside a channel: their numbers stand in the shapes of the
input and of the free weights, and as ``groups``, and in every term the indices of channels are
equal or free.  So each coefficient is that of the axes, where channels meet, and 0 elsewhere, and
the claim holds for some numbers of channels iff it holds for others: few of them apart from many.
With few channels it is the layer's *geometry*, and all layers of one geometry have one verdict; the
second voice looks at that claim, and it is the key under which a proof is kept.

Proofs alone are kept: a refutation names channels.  The claim for all channels is `every_layer` in
``proofs/``.
"""

from __future__ import annotations

from dataclasses import replace

from symconv.claim import Claim, Weight
from symconv.claim import steps as st
from symconv.errors import InternalError
from symconv.expand import Expansion
from symconv.expand.lattice import LatticeExpansion
from symconv.expand.maps import GROUP

GROUPS, INNER = 3, 3
"""An index of channels stands at three places of a term at most (a group: of the output, the input
and the weight), and of three values every pattern of equal and unequal ones is there."""


def narrowed(claim: Claim, expansion: Expansion | LatticeExpansion | None) -> Claim:
    """The claim without its name, and with few channels where it is that of an expansion.

    Raises:
        InternalError: it is said to be an expansion's, and is another one.

    >>> from symconv import Conv, destride
    >>> wide = destride(Conv(256, 512, kernel_size=3, stride=2, padding=1), (56, 56))
    >>> narrow = narrowed(wide.claim(), wide)
    >>> narrow.channels, narrow.weight("w").shape, narrow.left == wide.claim().left
    (3, (3, 3, 3, 3), True)
    """
    unnamed = replace(claim, name="")
    if not isinstance(expansion, Expansion):
        return unnamed
    if replace(unnamed, name=expansion.claim().name, where=()) != expansion.claim():
        raise InternalError(f"claim {claim.name!r} is not that of the expansion it is said to be")
    layer = expansion.original
    many = layer.channel_groups
    groups = min(many, GROUPS)
    reads, makes = (min(n // many, INNER) for n in (layer.in_channels, layer.out_channels))
    lead, second = (reads, makes) if layer.is_transposed else (makes, reads)

    def few(weight: Weight) -> Weight:
        steps = tuple(_grouped(step, many, groups) for step in weight.steps)
        if weight.shape is None:
            return replace(weight, steps=steps)
        bias = len(weight.shape) == 1
        leading = (groups * makes,) if bias else (groups * lead, second)
        return replace(weight, shape=(*leading, *weight.shape[len(leading) :]))

    return replace(
        unnamed,
        channels=groups * reads,
        weights=tuple((name, few(weight)) for name, weight in claim.weights),
        left=tuple(_grouped(step, many, groups) for step in claim.left),
        right=tuple(_grouped(step, many, groups) for step in claim.right),
    )


def _grouped(step: st.Step, many: int, groups: int) -> st.Step:
    """The step with fewer groups, where it has any."""
    if many == groups:
        return step
    if isinstance(step, st.Rearrange):
        sizes = tuple((name, groups if name == GROUP else size) for name, size in step.sizes)
        return replace(step, sizes=sizes)
    if isinstance(step, st.ConvStep | st.ConvTransposeStep | st.MaxConvStep):
        return replace(step, groups=groups)
    return step


def few_channels(narrow: Claim, claim: Claim) -> int | None:
    """How many channels are left at most; None where they are all that there were."""
    shapes, before = ([w.shape for _, w in one.weights] for one in (narrow, claim))
    if (narrow.channels, shapes) == (claim.channels, before):
        return None
    return int(max(narrow.channels, *(shape[0] for shape in shapes if shape)))
