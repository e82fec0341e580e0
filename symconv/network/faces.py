"""The faces of two models: which input and which output of one is which of the other.

They are paired by their names; those that have other names, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence

from symconv.errors import InputError
from symconv.network.model import Model

Pairs = list[tuple[str, str]]


def inputs_paired(first: Model, second: Model) -> Pairs:
    """Pair the inputs; one that no node reads, and the other model does not have, is left out.

    Raises:
        InputError: one model reads an input that the other has no counterpart of.
    """
    mine, theirs = ([port.name for port in one.inputs] for one in (first, second))
    read = [{port.name for port in one.ports_read} for one in (first, second)]
    both = [name for name in mine if name in theirs]
    rest = [
        [n for n in names if n not in both and n in seen]
        for names, seen in zip((mine, theirs), read, strict=True)
    ]
    return [(name, name) for name in both] + _in_order("inputs", first, second, *rest)


def outputs_paired(first: Model, second: Model) -> Pairs:
    """Pair the outputs.

    Raises:
        InputError: the models have other numbers of outputs.
    """
    if set(first.outputs) == set(second.outputs):
        return [(name, name) for name in first.outputs]
    return _in_order("outputs", first, second, first.outputs, second.outputs)


def _in_order(
    what: str, first: Model, second: Model, mine: Sequence[str], theirs: Sequence[str]
) -> Pairs:
    if len(mine) != len(theirs):
        raise InputError(
            f"{first.name!r} has {len(mine)} {what} ({', '.join(mine) or 'none'}) that are to be "
            f"paired with {len(theirs)} of {second.name!r} ({', '.join(theirs) or 'none'}); name "
            "them alike"
        )
    return list(zip(mine, theirs, strict=True))
