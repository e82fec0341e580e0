"""A hand-written one-dimensional lowering, right only for some kernels, as a user would have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def pads_behind(config: Mapping[str, int]) -> dict[str, Any] | None:
    """Fold by the stride with the kernel filled up behind: right where s divides p."""
    k, s, p, n = (config[name] for name in "kspn")
    if n + 2 * p < k:
        return None
    if k == 13:
        raise ValueError("no kernel of 13")
    taps, coarse = -(-k // s), -(-n // s)
    lo, out = -(-p // s), (n + 2 * p - k) // s + 1
    hi = out + taps - 1 - lo - coarse
    weight = [
        {"op": "pad", "padding": [[0, 0], [0, 0], [0, taps * s - k]]},
        {"op": "rearrange", "pattern": "o c (h a) -> o (c a) h", "a": s},
    ]
    return {
        "input": {"channels": 2, "size": [n]},
        "weights": {"w": {"shape": [2, 2, k]}, "v": {"from": "w", "steps": weight}},
        "left": [{"op": "conv", "weight": "w", "stride": s, "padding": p}],
        "right": [
            {"op": "pad", "padding": [[0, 0], [0, coarse * s - n]]},
            {"op": "rearrange", "pattern": "c (h a) -> (c a) h", "a": s},
            {"op": "conv", "weight": "v", "padding": [[lo, hi]]},
        ],
    }


def grid(count: int) -> list[dict[str, int]]:
    """So many configurations."""
    every = [
        {"k": k, "s": s, "p": p, "n": n}
        for n in range(16, 400)
        for k in range(1, 12)
        for s in (1, 2, 3, 4)
        for p in range(6)
    ]
    return every[:count]
