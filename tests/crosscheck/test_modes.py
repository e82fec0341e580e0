"""Exact and rounding mode: honest layers agree; both see planted faults, and so do gradients."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
import pytest

from symconv import crosscheck as _loaded  # noqa: F401 - the verb beside the module
from symconv.crosscheck import Observation, crosscheck
from symconv.crosscheck.backends.own_torch import TorchBackend
from symconv.errors import Unsupported
from symconv.expand import Expansion
from symconv.layer import AnyLayer, AvgPool, Conv, ConvTranspose, MaxPool
from tests.helpers.planted import random_layer
from tests.helpers.requirements import require

torch = require("torch")

LOW = ("float16", "bfloat16")
DTYPES = ("float64", "float32", *LOW)
FEW = 150


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small layers: threads only get into each other's way."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def observed(
    layer: AnyLayer, size: tuple[int, ...], dtype: str, mode: str, seed: int
) -> Observation:
    """What PyTorch computes, gradients and all; forward alone where those cannot be compared.

    In narrow dtypes no multiple of an average's counts may be left, and a wide reflection pad may
    add up more gradients than there is a bound for; PyTorch refuses a few of its own gradients.
    """
    told: Any = {"backend": "torch", "dtype": dtype, "mode": mode, "seed": seed}
    try:
        return crosscheck(layer, size, gradients=True, **told)
    except Unsupported as fault:
        if not re.search("averages|have no bound|grad_weight must be contiguous", str(fault)):
            raise
        return crosscheck(layer, size, **told)


def sweep(mode: str, count: int, dtypes: tuple[str, ...] = DTYPES) -> tuple[float, int]:
    """Random layers, all of which must agree; of several dtypes each has one, which take turns.

    The largest difference in parts of its bound, and how many had gradients as well.
    """
    rng, worst, turns, back = random.Random(mode), 0.0, cycle(dtypes), 0
    for seed in range(count):
        layer, size = random_layer(rng)
        seen = observed(layer, size, next(turns), mode, seed)
        assert seen.agrees, (layer, size, seen.text())
        assert seen.equal or mode == "rounding"
        worst = max(worst, *(one.of_bound or 0.0 for one in seen.compared))
        back += len(seen.compared) > 1
    return worst, back


@pytest.mark.parametrize("mode", ["exact", "rounding"])
def test_random_layers_agree_in_every_dtype(mode: str) -> None:
    worst, back = sweep(mode, FEW)
    assert worst < 1
    assert back > 0.9 * FEW


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", ["exact", "rounding"])
def test_five_thousand_random_layers_agree(mode: str, dtype: str) -> None:
    worst, back = sweep(mode, 5_000, (dtype,))
    print(f"{mode}, {dtype}: at most {worst:.2g} of the bound; {back} of 5,000 with gradients")
    assert worst < 1
    assert back > 4_500


PLANTED: dict[str, tuple[AnyLayer, tuple[int, ...]]] = {
    "conv": (Conv(2, 4, kernel_size=5, stride=2, padding=2, groups=2), (9, 8)),
    "conv_transpose": (ConvTranspose(2, 3, kernel_size=4, stride=2, padding=1), (9, 8)),
    "max_pool": (MaxPool(3, stride=2, padding=1, channels=2), (9, 8)),
    "avg_pool": (AvgPool(3, stride=2, padding=1, channels=2), (9, 8)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", ["exact", "rounding"])
@pytest.mark.parametrize("kind", PLANTED)
def test_a_wrong_expanded_weight_is_seen(
    kind: str, mode: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, size = PLANTED[kind]
    right: Any = Expansion.expand_weight
    monkeypatch.setattr(Expansion, "expand_weight", lambda e, w: np.roll(right(e, w), 1, axis=-1))
    seen = crosscheck(layer, size, backend="torch", dtype=dtype, mode=mode)
    assert seen.refutes
    assert seen.largest_difference is None or seen.largest_difference > 0


@pytest.mark.parametrize("mode", ["exact", "rounding"])
@pytest.mark.parametrize("kind", ["conv", "conv_transpose"])
def test_a_wrong_tie_is_seen_by_gradients_alone(
    kind: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, size = PLANTED[kind]
    right: Any = Expansion.parameter_labels
    monkeypatch.setattr(Expansion, "parameter_labels", lambda e: np.roll(right(e), 1, axis=-1))
    told: Any = {"backend": "torch", "mode": mode, "dtype": "float32"}
    assert crosscheck(layer, size, **told).agrees
    seen = crosscheck(layer, size, gradients=True, **told)
    assert seen.refutes
    assert [one.name for one in seen.compared if not one.agrees] == ["gradient by weight"]


def test_one_wrong_tap_is_seen_in_both_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    right: Any = Expansion.expand_weight

    def wrong(e: Expansion, w: np.ndarray) -> np.ndarray:
        found = right(e, w)
        at = np.unravel_index(int(np.abs(found).argmax()), found.shape)
        found[at] = found[at] * 1.001 if found.dtype.kind == "f" and found[at] % 1 else 0
        return np.asarray(found)

    monkeypatch.setattr(Expansion, "expand_weight", wrong)
    for mode in ("exact", "rounding"):
        seen = crosscheck(
            Conv(3, 8, 7, 2, 3), (20, 21), backend="torch", dtype="float32", mode=mode
        )
        assert seen.refutes, mode


@pytest.mark.parametrize(
    ("dtype", "mode", "channels", "blind"),
    [
        ("float32", "rounding", 3, False),
        ("float32", "rounding", 512, True),
        ("bfloat16", "rounding", 128, True),
        ("float64", "rounding", 512, False),
        ("float32", "exact", 512, False),
    ],
)
def test_an_observation_says_where_one_wrong_tap_may_hide(
    dtype: str, mode: str, channels: int, blind: bool
) -> None:
    layer = Conv(channels, 2, kernel_size=3, stride=2)
    seen = crosscheck(layer, (7, 7), backend="torch", dtype=dtype, mode=mode)
    assert ("may be below the bound; mode exact, or a wider dtype, sees it" in seen.text()) == blind


def test_an_observation_tells_what_was_compared() -> None:
    layer, size = PLANTED["conv"]
    seen = crosscheck(
        layer, size, backend="torch", mode="rounding", dtype="float32", gradients=True, seed=7
    )
    assert [one.name for one in seen.compared] == [
        "forward",
        "gradient by input",
        "gradient by weight",
        "gradient by bias",
    ]
    assert (seen.mode, seen.dtype, seen.seed) == ("rounding", "float32", 7)
    assert min(seen.seconds) > 0
    assert "within the bound" in seen.text()
    told = seen.to_dict()
    assert told["compared"][1]["name"] == "gradient by input"
    assert 0 < max(one["of_bound"] for one in told["compared"]) < 1


def test_numbers_are_drawn_again_from_their_seed() -> None:
    layer, size = PLANTED["conv"]
    told: Any = {"backend": "torch", "mode": "rounding", "dtype": "float32"}
    first, again, other = (crosscheck(layer, size, seed=seed, **told) for seed in (1, 1, 2))
    assert first.compared == again.compared != other.compared


def test_a_framework_that_contradicts_itself_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """As oneDNN does in bfloat16; here the strided side alone is wrong, in that dtype alone."""
    right: Any = TorchBackend.conv

    def wrong(run: Any, x: Any, w: Any, bias: Any, g: Any) -> Any:
        found = right(run, x, w, bias, g)
        strided = found is not None and x.dtype == torch.bfloat16 and max(g.stride) > 1
        return found * 2 if strided else found

    monkeypatch.setattr(TorchBackend, "conv", wrong)
    for mode in ("exact", "rounding"):
        seen = crosscheck(*PLANTED["conv"], backend="torch", dtype="bfloat16", mode=mode)
        assert not seen.agrees
        assert not seen.refutes
        assert "torch is at fault: in bfloat16 its output of the strided side" in seen.text()
        assert crosscheck(*PLANTED["conv"], backend="torch", dtype="float32", mode=mode).agrees


def test_the_framework_s_own_settings_are_left_as_they_were() -> None:
    before = torch.backends.mkldnn.enabled, torch.backends.cuda.matmul.allow_tf32
    with TorchBackend("cpu").session("bfloat16"):
        assert not torch.backends.mkldnn.enabled
    assert (torch.backends.mkldnn.enabled, torch.backends.cuda.matmul.allow_tf32) == before
