"""Small changes of one step, with their size: pads, strides, modes, crops, flips and orders."""

from __future__ import annotations

from collections.abc import Iterator

from symconv.repair.mutations.base import Mutation, Seen, Text
from symconv.repair.mutations.orders import crops, orders
from symconv.repair.mutations.pads import modes, output_paddings, paddings, values
from symconv.repair.mutations.windows import flags, spacings

__all__ = ["Mutation", "Seen", "step_mutations"]

WINDOWS = ("conv", "conv_transpose", "conv_as_kernel", "max_pool", "avg_pool", "max_conv")


def step_mutations(step: Text, rank: int, seen: Seen | None = None) -> Iterator[Mutation]:
    """All small changes of a step, given as JSON, of a claim with this many spatial axes.

    ``seen`` holds values of attributes that stand elsewhere in the claim, which are tried too.
    What is more often meant comes first among changes of one size.

    >>> [m.step["slices"] for m in step_mutations({"op": "slice", "slices": [[1, None, None]]}, 1)
    ...  if m.size == 1]
    [[[0, None, None]], [[2, None, None]], [[None, -1, None]]]
    >>> [m.step["stride"] for m in step_mutations({"op": "max_conv", "stride": [2, 1]}, 2)
    ...  if m.attribute == "stride"]
    [1, 2, [1, 2]]
    """
    op, seen = step["op"], seen or {}
    yield from flags(step)
    yield from values(step, seen)
    if op == "conv_transpose":
        yield from output_paddings(step)
    if op in WINDOWS:
        yield from paddings(step, rank, seen)
        yield from spacings(step, rank, seen)
    elif op == "pad":
        yield from paddings(step, rank, seen)
    elif op == "rearrange":
        yield from orders(step, rank)
    elif op == "slice":
        yield from crops(step)
    elif op == "flip":
        yield Mutation("", None, 2)
    yield from modes(step)
