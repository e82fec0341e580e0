"""Expanded weights folded back: every slot holds one parameter of the weight, or zero."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.claim.steps import Step
from symconv.errors import FoldError

Shape = tuple[int, ...]


def labels(weight_map: Sequence[Step], shape: Shape) -> NDArray[np.int64]:
    """What each slot of the expanded weight holds: a parameter's flat index, or -1 for zero."""
    from symconv.replay.steps import run_steps

    numbered = np.arange(1, prod(shape) + 1, dtype=np.int64).reshape(shape)
    return run_steps(weight_map, numbered) - 1


def fold(weight_map: Sequence[Step], shape: Shape, expanded: NDArray[Any]) -> NDArray[Any]:
    """The weight of this shape whose image under the map is the expanded one.

    Raises:
        FoldError: two slots that must hold one parameter disagree, or a structural zero is not
            zero; the message names the first such slot in C order.
    """
    from symconv.replay.steps import run_steps

    held = labels(weight_map, shape)
    if expanded.shape != held.shape:
        raise FoldError(f"expected shape {list(held.shape)}, got {list(expanded.shape)}")
    weight = np.zeros(prod(shape), dtype=expanded.dtype)
    slots, first = np.unique(held, return_index=True)
    weight[slots[slots >= 0]] = expanded.ravel()[first[slots >= 0]]
    folded = weight.reshape(shape)
    wrong = np.argwhere(run_steps(weight_map, folded) != expanded)
    if len(wrong):
        raise FoldError(_disagreement(expanded, held, tuple(wrong[0].tolist()), shape))
    return folded


def _disagreement(
    array: NDArray[Any], held: NDArray[Any], slot: tuple[int, ...], shape: Shape
) -> str:
    label = int(held[slot])
    if label < 0:
        return f"slot {list(slot)} holds {array[slot]}, but it is a structural zero"
    first = tuple(int(i) for i in np.argwhere(held == label)[0])
    parameter = [int(i) for i in np.unravel_index(label, shape)]
    return (
        f"slot {list(slot)} holds {array[slot]} and slot {list(first)} holds {array[first]}, "
        f"but both hold the parameter w{parameter}"
    )
