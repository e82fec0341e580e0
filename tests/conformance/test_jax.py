"""JAX's `conv_general_dilated`: gaps, crops and groups, read from the text that JAX writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from symconv.dialect.config import Config
from symconv.dialect.files import read_layers
from symconv.errors import SymconvError
from symconv.layer import AnyLayer, ConvTranspose
from tests.helpers.conformance import Array, assert_gives, whole
from tests.helpers.refusals import expect
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

jax: Any = require("jax")

AXES = "DHW"


@dataclass(frozen=True)
class Case:
    """What JAX is asked for: one entry an axis."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    gaps: tuple[int, ...]
    dilations: tuple[int, ...]
    groups: int

    def function(self) -> Any:
        """The convolution as JAX has it, of a batch and a kernel."""
        axes = AXES[: len(self.size)]
        return lambda x, w: jax.lax.conv_general_dilated(
            x,
            w,
            self.strides,
            self.pads,
            lhs_dilation=self.gaps,
            rhs_dilation=self.dilations,
            dimension_numbers=(f"NC{axes}", f"OI{axes}", f"NC{axes}"),
            feature_group_count=self.groups,
            precision=jax.lax.Precision.HIGHEST,
        )

    def beforehand(self, x: Array, w: Array) -> Array:
        """The same with gaps and pads made by JAX before the convolution, which then has none."""
        ends = zip(self.pads, self.gaps, strict=True)
        grown = [(0, 0, 0), (0, 0, 0), *((lo, hi, gap - 1) for (lo, hi), gap in ends)]
        rank = len(self.size)
        plain = replace(self, pads=((0, 0),) * rank, gaps=(1,) * rank)
        return np.asarray(plain.function()(jax.lax.pad(x, np.float32(0), grown), w)[0], float)

    def crops(self) -> bool:
        """Whether a pad is negative."""
        return any(end < 0 for pair in self.pads for end in pair)

    def is_empty(self) -> bool:
        """Whether there is no output."""
        grown = [
            (n - 1) * u + 1 + lo + hi
            for n, u, (lo, hi) in zip(self.size, self.gaps, self.pads, strict=True)
        ]
        spans = [d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]
        return any(n < span for n, span in zip(grown, spans, strict=True))


def random_case(rng: np.random.Generator, rank: int, gaps: bool) -> Case:
    """Pads from -2 to 3; gaps only where nothing is strided, as a layer has one of both."""

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(int(n) for n in rng.integers(low, high + 1, rank))

    return Case(
        size=each(5, 9),
        kernel=each(1, 4),
        strides=(1,) * rank if gaps else each(1, 3),
        pads=tuple(zip(each(-2, 3), each(-2, 3), strict=True)),
        gaps=each(1, 3) if gaps else (1,) * rank,
        dilations=each(1, 2),
        groups=int(rng.integers(1, 3)),
    )


def layers_of(case: Case, shapes: tuple[Any, Any]) -> list[AnyLayer]:
    """The layer in both of the texts that JAX writes.

    Raises:
        SymconvError: it has no layer.
    """
    lowered = jax.jit(case.function()).lower(*shapes)
    found: list[AnyLayer] = []
    for dialect in ("stablehlo", "hlo"):
        (config,) = read_layers(lowered.as_text(dialect=dialect))
        assert isinstance(config, Config)
        assert config.input_size == case.size
        found.append(config.windowed(""))
    return found


def own_layout(w: Array, layer: AnyLayer, groups: int) -> Array:
    """The kernel in the layer's layout: a transposed one's is mirrored, and inputs come first."""
    if not isinstance(layer, ConvTranspose):
        return w
    rank = w.ndim - 2
    mirrored = np.flip(w, tuple(range(2, 2 + rank)))
    parts = mirrored.reshape(groups, len(w) // groups, *w.shape[1:]).swapaxes(1, 2)
    return parts.reshape(groups * w.shape[1], len(w) // groups, *w.shape[2:])


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_convolutions(rank: int, gaps: bool) -> None:
    rng, tally = np.random.default_rng(rank), Counter[str]()
    for _ in range(12):
        case = random_case(rng, rank, gaps)
        if case.is_empty():
            continue
        x = whole(rng, 4, *case.size)
        w = whole(rng, 6, 4 // case.groups, *case.kernel)
        arrays = (x[None].astype(np.float32), w.astype(np.float32))
        wanted = case.beforehand(*arrays)
        if not np.array_equal(np.asarray(case.function()(*arrays)[0], float), wanted):
            # On CPU jaxlib 0.10.2 gives what lies behind its input where it is asked for size 9,
            # kernel 2, stride 2, pads (-2, 2): other numbers at each call.
            assert case.crops(), case
            continue
        try:
            layers = layers_of(case, arrays)
        except SymconvError as fault:
            expect(fault, "no output position")
            continue
        for layer in layers:
            tally[layer.op] += 1
            assert_gives(layer, x, wanted, own_layout(w, layer, case.groups))
    assert tally.total() >= 6
    assert not gaps or tally["conv_transpose"]


def test_another_pad_would_be_seen() -> None:
    rng = np.random.default_rng(0)
    case = Case((9,), (3,), (2,), ((-1, 2),), (1,), (1,), 1)
    other = Case((9,), (3,), (2,), ((0, 1),), (1,), (1,), 1)
    x, w = whole(rng, 4, 9), whole(rng, 6, 4, 3)
    arrays = (x[None].astype(np.float32), w.astype(np.float32))
    wanted = case.beforehand(*arrays)
    with pytest.raises(AssertionError, match="0, 1"):
        assert_gives(layers_of(other, arrays)[0], x, wanted, w)
