"""Both sides of a claim on small integers, run in NumPy."""

from __future__ import annotations

import numpy as np

from symconv.claim import Claim
from symconv.replay.run import run_claim


def differ(claim: Claim, seed: int, tries: int = 3) -> bool:
    """Whether the sides differ on integers, evaluated in NumPy; small ones pass a clip."""
    rng = np.random.default_rng(seed)
    for low, high in ((1, 5), (-1, 1), (0, 2))[:tries]:
        free = {n: w.shape for n, w in claim.weights if w.source is None and w.fill is None}
        drawn = {n: rng.integers(low, high + 1, s).astype(object) for n, s in free.items()}
        x = rng.integers(low, high + 1, claim.input_shape).astype(object)
        left, right = (run_claim(claim, side, x, drawn) for side in ("left", "right"))
        if left.shape != right.shape or bool(np.asarray(left != right, dtype=bool).any()):
            return True
    return False
