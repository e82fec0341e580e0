"""One output of a convolution alone, and its shape beforehand, are those of the whole one."""

from __future__ import annotations

import random

import numpy as np

from symconv.claim import steps as st
from symconv.repair.convolved import columns_of, output_at, shape_after, weighed
from symconv.repair.run import FAULTS


def random_step(rng: random.Random, rank: int) -> st.ConvStep:
    return st.ConvStep(
        "w",
        stride=tuple(rng.randint(1, 3) for _ in range(rank)),
        padding=tuple((rng.randint(-2, 3), rng.randint(-2, 3)) for _ in range(rank)),
        dilation=tuple(rng.randint(1, 3) for _ in range(rank)),
        groups=rng.choice([1, 2]),
    )


def test_every_output_alone() -> None:
    rng, chance, seen = random.Random(0), np.random.default_rng(0), 0
    for _ in range(600):
        rank = rng.choice([1, 2])
        step = random_step(rng, rank)
        sizes, kernel = ([rng.randint(1, most) for _ in range(rank)] for most in (9, 4))
        x = chance.integers(-9, 10, (2 * step.groups, *sizes)).astype(float)
        w = chance.integers(-9, 10, (2 * step.groups, 2, *kernel)).astype(float)
        try:
            whole = weighed(columns_of(step, x, w.shape), w)
        except FAULTS:
            continue  # there is no output
        assert whole.shape == shape_after(step, x.shape, w.shape)
        for place in np.ndindex(*whole.shape[1:]):
            alone = output_at(step, x, w, place)
            assert np.array_equal(alone, whole[(slice(None), *place)]), (step, x.shape, place)
            seen += 1
    assert seen > 1000
