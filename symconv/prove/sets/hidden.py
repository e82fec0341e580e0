"""Sets of sizes of a hidden signal, read as sets of the sizes of the input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import islpy as isl

from symconv.layer.window import Window
from symconv.prove.sets.text import to_isl
from symconv.size.text import SizeText


def pulled_back(hidden: Any, sizes: Sequence[str], names: Sequence[str], among: Any) -> Any:
    """The input sizes of ``among`` at which a hidden signal has one of these sizes.

    ``hidden`` is a set over as many parameters as ``sizes`` are expressions in the input's names.
    """
    rank = len(sizes)
    inner = [hidden.get_dim_name(isl.dim_type.param, axis) for axis in range(rank)]
    moved = hidden.move_dims(isl.dim_type.set, 0, isl.dim_type.param, 0, rank)
    equal = " and ".join(f"{n} = {to_isl(text)}" for n, text in zip(inner, sizes, strict=True))
    reached = isl.Set(f"[{', '.join(names)}] -> {{ [{', '.join(inner)}] : {equal} }}")
    return reached.intersect(moved).params().intersect(among).coalesce()


def reads_nothing(
    window: Window, low: SizeText, size: str, names: Sequence[str], first: SizeText, end: SizeText
) -> Any:
    """The sizes at which some output of ``first <= o < end`` reads no sample of ``0 <= i < size``.

    >>> str(reads_nothing(Window(8, 2, 4), 0, "N", ["N"], 0, "(N + 3) // 4")).count("N")
    1
    """
    position = f"{window.stride}*o + {window.dilation}*k - ({to_isl(low)})"
    taps = f"exists (k : 0 <= k < {window.kernel} and 0 <= {position} < {to_isl(size)})"
    where = f"{to_isl(first)} <= o < {to_isl(end)}"
    return isl.Set(f"[{', '.join(names)}] -> {{ [o] : {where} and not {taps} }}").params()
