"""Axes as steps name them: negative ones count from the end, and each may be named once."""

from __future__ import annotations

from collections.abc import Sequence

from symconv.errors import MalformedError


def axis_of(axis: object, rank: int) -> int:
    """The axis that a step names, counted from the front.

    Raises:
        MalformedError: there is no such axis.

    >>> axis_of(-1, 3)
    2
    """
    if type(axis) is int and -rank <= axis < rank:
        return axis % rank
    raise MalformedError(f"axis {axis!r} is not one of {rank} axes")


def distinct_axes(axes: object, rank: int) -> list[int]:
    """The axes that a step names, each of them once.

    Raises:
        MalformedError: one does not exist, or is named twice.

    >>> distinct_axes((1, -1), 3)
    [1, 2]
    """
    if not isinstance(axes, Sequence):
        raise MalformedError(f"axes must be a list of axes, got {axes!r}")
    found = [axis_of(axis, rank) for axis in axes]
    if len(set(found)) < len(found):
        raise MalformedError(f"axes must be named once each, got {list(axes)}")
    return found


def permutation(axes: object, rank: int) -> list[int]:
    """The order in which a transpose takes all axes.

    Raises:
        MalformedError: it is not a permutation of the axes.
    """
    found = distinct_axes(axes, rank)
    if len(found) < rank:
        raise MalformedError(f"axes must be a permutation of {rank} axes, got {axes!r}")
    return found
