"""Tensors of terms as products: one table an axis, for each channel.

In ``x[c, i_1, ..., i_D]`` let the term be ``base[c] + T_1[c, i_1] + ... + T_D[c, i_D]`` wherever no
index is dead (a zero) or lost (garbage).  Every gather that treats axes apart is of this form, such
as phases, pads, crops and masks; it is found by looking, and then checked at every entry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from symconv.prove.models.terms import FIRST_GARBAGE, ZERO, Ids

DEAD = np.iinfo(np.int64).min
LOST = DEAD + 1
"""Where a table says that the entry is zero, or garbage; no difference of terms is as small."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Separable:
    """Terms ``(C, *S)`` as one number a channel and a table an axis, ``(C, S_a)`` each."""

    base: Ids
    tables: tuple[Ids, ...]


def separate(x: Ids) -> Separable | None:
    """Write terms ``(C, *S)`` as a product of tables; None where they are not.

    >>> x = np.arange(12).reshape(1, 3, 4)
    >>> [t.tolist() for t in separate(x).tables]
    [[[0, 4, 8]], [[0, 1, 2, 3]]]
    """
    rank = x.ndim - 1
    if ((x < 0) & (x != ZERO)).any():
        return None
    dead, lost = x == ZERO, x >= FIRST_GARBAGE
    live = ~(dead | lost)
    kinds = [_kinds(dead, live, axis) for axis in range(1, rank + 1)]
    if not _is_product(dead, lost, kinds):
        return None
    first = [np.argmax(kind == 0, axis=1) for kind in kinds]
    channels = np.arange(len(x))
    has_live = live.reshape(len(x), -1).any(axis=1)
    base = np.where(has_live, x[(channels, *first)], 0)
    tables = tuple(_table(x, axis, first, channels, base, kinds[axis]) for axis in range(rank))
    found = Separable(base, tables)
    return found if _agrees(found, x, live) else None


def _kinds(dead: Bools, live: Bools, axis: int) -> Ids:
    """For each channel and index of an axis: 0 live, 1 dead, 2 lost."""
    others = tuple(a for a in range(1, dead.ndim) if a != axis)
    all_dead, some_live = dead.all(axis=others), live.any(axis=others)
    return np.where(all_dead, 1, np.where(some_live, 0, 2))


def _is_product(dead: Bools, lost: Bools, kinds: list[Ids]) -> bool:
    """Whether an entry is dead where some index is, and else lost where some index is."""
    has_dead, has_lost = np.zeros_like(dead), np.zeros_like(lost)
    for axis, kind in enumerate(kinds):
        shape = [len(dead), *(1,) * len(kinds)]
        shape[axis + 1] = -1
        has_dead |= (kind == 1).reshape(shape)
        has_lost |= (kind == 2).reshape(shape)
    return bool((dead == has_dead).all() and (lost == (has_lost & ~has_dead)).all())


def _table(x: Ids, axis: int, first: list[Ids], channels: Ids, base: Ids, kind: Ids) -> Ids:
    index: list[Ids] = [channels[:, None], *(at[:, None] for at in first)]
    index[axis + 1] = np.arange(x.shape[axis + 1])[None, :]
    found = x[tuple(index)] - base[:, None]
    return np.where(kind == 1, DEAD, np.where(kind == 2, LOST, found))


def _agrees(found: Separable, x: Ids, live: Bools) -> bool:
    total = np.zeros_like(x)
    for axis, table in enumerate(found.tables):
        shape = [len(x), *(1,) * len(found.tables)]
        shape[axis + 1] = -1
        total = total + np.where(table <= LOST, 0, table).reshape(shape)
    total += found.base.reshape(-1, *(1,) * len(found.tables))
    return bool((total == x)[live].all())
