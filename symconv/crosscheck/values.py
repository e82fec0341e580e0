"""Inputs, weights and gradients to compare on: integers that stay exact, or numbers of a dtype."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from symconv.crosscheck.formats import Format
from symconv.crosscheck.question import INPUT, Question, Values
from symconv.errors import Unsupported

LARGEST = 9
"""Of the integers that are tried first: two digits would say no more."""

MOST_TRIES = 40
"""How often integers are made smaller or rarer; a halving each time goes down to one of 2**40."""

OCTAVES = 28
"""Powers of two that unequal numbers are spread over: float16 has 30 of normal numbers."""

LOSS = 0.7
"""How much of the room is aimed at: at all of it every other try would be above."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large integers are: up to ``n`` where that is 1 or more, else a share ``n`` of +-1."""

    inputs: float = float(LARGEST)
    weights: float = float(LARGEST)
    cotangent: float = float(LARGEST)

    def shrunk(self, forward: float, backward: float) -> Sizes:
        """Smaller ones, where sums are so many times larger than they may be."""
        both = np.sqrt(LOSS / forward) if forward > 1 else 1.0
        after = replace(self, inputs=self.inputs * both, weights=self.weights * both)
        return replace(after, cotangent=self.cotangent * (LOSS / backward if backward > 1 else 1))


def integers_up_to(
    rng: np.random.Generator, shape: Sequence[int], size: float, *, nonzero: bool = False
) -> NDArray[np.int64]:
    """Random integers up to ``size``, or ones and minus ones in so large a share, zeros between.

    At least one is not 0: a comparison of zeros would say nothing.  ``nonzero`` asks for no 0 at
    all, which small integers cannot do without.
    """
    if size >= 1 and nonzero:
        signs = rng.integers(0, 2, tuple(shape)) * 2 - 1
        return np.asarray(signs * rng.integers(1, int(size) + 1, tuple(shape)))
    if size >= 1:
        found = rng.integers(-int(size), int(size) + 1, tuple(shape))
    else:
        signs = rng.integers(0, 2, tuple(shape)) * 2 - 1
        found = np.where(rng.random(tuple(shape)) < size, signs, 0)
    if not found.any():
        found.flat[rng.integers(found.size)] = 1
    return found


def exact_values(
    question: Question,
    output_shape: Sequence[int],
    multiple: int,
    excess: Callable[[Values, NDArray[np.float64]], tuple[float, float]],
    seed: int,
    distinct: Format | None,
    *,
    nonzero: bool = False,
) -> tuple[Values, NDArray[np.float64]]:
    """Input and free weights, and a cotangent, on which every partial sum is exact.

    ``excess`` says how many times larger sums of magnitudes are than a dtype's exact integers,
    forward and on the way back.  ``distinct`` is the format of an input without equal samples;
    ``nonzero`` asks for numbers that are not 0, where most functions have their kink.

    Raises:
        Unsupported: no such integers were found.
    """
    sizes = Sizes()
    for attempt in range(MOST_TRIES):
        rng = np.random.default_rng([seed, attempt])
        values = {
            name: integers_up_to(rng, shape, sizes.weights, nonzero=nonzero) * 1.0
            for name, shape in question.free.items()
        }
        drawn = integers_up_to(rng, question.input_shape, sizes.inputs, nonzero=nonzero)
        values[INPUT] = drawn * float(multiple)
        if distinct is not None:
            values[INPUT] = unequal(rng, question.input_shape, distinct)
        drawn = integers_up_to(rng, output_shape, sizes.cotangent)
        cotangent = np.asarray(drawn * float(multiple), np.float64)
        forward, backward = excess(values, cotangent)
        if forward <= 1 and backward <= 1:
            return values, cotangent
        sizes = sizes.shrunk(forward, backward)
    raise Unsupported(
        "the sums are too long for exact integers of this dtype, even if nearly all are 0; "
        "use a wider dtype, or mode rounding"
    )


def unequal(rng: np.random.Generator, shape: Sequence[int], kept: Format) -> NDArray[np.float64]:
    """Numbers of a format, no two of one channel equal.

    Raises:
        Unsupported: the format has fewer normal numbers than a channel has samples.
    """
    channels, samples = shape[0], prod(shape[1:])
    most = 2 ** (kept.precision - 1)  # numbers from a power of 2 to the next
    if samples > 2 * most * OCTAVES:
        raise Unsupported(
            f"{samples} samples of a channel cannot all differ in {kept.name}, which a maximum "
            "needs for one gradient; choose a smaller input_size or a wider dtype"
        )
    steps = 1
    while steps < most and 2 * steps * OCTAVES < 4 * samples:
        steps *= 2
    rows = [_distinct(rng, samples, steps) for _ in range(channels)]
    return np.stack(rows).reshape(tuple(shape))


def _distinct(rng: np.random.Generator, samples: int, steps: int) -> NDArray[np.float64]:
    """So many different numbers ``+-(1 + m / steps) * 2**e``, those next to 1 first, shuffled."""
    order = np.arange(-(-samples // 2))
    across = len(order) // steps + 1  # octaves that are used
    size = np.ldexp(1.0 + (order % steps) / steps, order // steps - across // 2)
    return rng.permutation(np.concatenate([size, -size])[:samples])


def real_values(
    question: Question, output_shape: Sequence[int], kept: Format, seed: int, *, distinct: bool
) -> tuple[Values, NDArray[np.float64]]:
    """Numbers of a format between 1/32 and 2 in size, for input, free weights and cotangent.

    A product of two is at least 2**-10, which no format here loses; and of many of them there are
    sums in which float32 rounds, even if each has the eight bits of bfloat16.
    """
    rng = np.random.default_rng(seed)
    values = {name: _reals(rng, shape, kept) for name, shape in question.free.items()}
    values[INPUT] = _reals(rng, question.input_shape, kept)
    if distinct:
        values[INPUT] = unequal(rng, question.input_shape, kept)
    return values, _reals(rng, output_shape, kept)


def _reals(rng: np.random.Generator, shape: Sequence[int], kept: Format) -> NDArray[np.float64]:
    size = np.ldexp(rng.uniform(1.0, 2.0, tuple(shape)), rng.integers(-5, 1, tuple(shape)))
    signs = rng.integers(0, 2, tuple(shape)) * 2.0 - 1.0
    return kept.rounded(size * signs)
