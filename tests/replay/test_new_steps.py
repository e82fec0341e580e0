"""Repeats, differences, numbers, adaptive and wide poolings: NumPy's runs and their strangers."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from symconv.claim import Claim, read_claim
from symconv.claim.verdict import Counterexample, Refuted
from symconv.errors import SymconvError
from symconv.evaluation import Difference, evaluate_sides, shapes_of, values_at
from symconv.explain import script
from symconv.recheck.decide import same_function
from symconv.replay.run import run_claim
from tests.helpers.forging import plain
from tests.helpers.new_steps import FALSE, HALF, ONNX, TRUE, claim, random_claim, step
from tests.helpers.planted import brute_force_equal, tensors
from tests.helpers.scripts import number, printed

Array = NDArray[Any]
TRIES = 30
"""Points that brute force tries: a maximum shows one of its samples, so that few may miss it."""
Text = dict[str, Any]


def run(steps: list[Text], x: Array, weights: Text | None = None) -> Array:
    """A pipeline on one array."""
    size = {"channels": len(x), "size": list(x.shape[1:])}
    asked = {"input": size, "left": steps, "right": [], "weights": weights or {}}
    return run_claim(read_claim(asked), "left", x, {})


def samples(rng: random.Random, *shape: int) -> Array:
    return np.random.default_rng(rng.randrange(10**6)).integers(-9, 10, shape).astype(object)


def as_torch(x: Array) -> torch.Tensor:
    return torch.tensor(x.astype(float))[None]


def close(ours: Array, theirs: torch.Tensor) -> bool:
    found = theirs[0].numpy()
    return found.shape == ours.shape and np.allclose(ours.astype(float), found, atol=1e-12)


def test_a_repeat_is_torch_s_interleave() -> None:
    rng = random.Random(1)
    for _ in range(40):
        x = samples(rng, *(rng.randint(1, 4) for _ in range(rng.randint(2, 4))))
        axis, count = rng.randrange(-x.ndim, x.ndim), rng.randint(1, 4)
        ours = run([step("repeat", axis=axis, count=count)], x)
        theirs = torch.repeat_interleave(torch.tensor(x.astype(float)), count, axis)
        assert np.array_equal(ours.astype(float), theirs.numpy())
    upsampled = F.interpolate(as_torch(x := samples(rng, 2, 5)), scale_factor=3, mode="nearest")
    assert close(run([step("repeat", axis=-1, count=3)], x), upsampled)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_adaptive_pools_are_torch_s(rank: int) -> None:
    rng = random.Random(rank)
    avg: Any = [F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d][rank - 1]
    most: Any = [F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d][rank - 1]
    for _ in range(40):
        x = samples(rng, 2, *(rng.randint(1, 9) for _ in range(rank)))
        asked = [rng.choice([None, *range(1, 8)]) for _ in range(rank)]
        told = [n if o is None else o for n, o in zip(x.shape[1:], asked, strict=True)]
        assert close(run([step("adaptive_avg_pool", output_size=asked)], x), avg(as_torch(x), told))
        assert close(
            run([step("adaptive_max_pool", output_size=asked)], x), most(as_torch(x), told)
        )


def test_a_difference_a_number_and_a_clip_are_numpy_s() -> None:
    rng = random.Random(2)
    for _ in range(20):
        x = samples(rng, 2, rng.randint(1, 6))
        flip = step("flip", axes=[1])
        ours = run([step("subtract", branches=[[], [flip], [HALF]])], x)
        assert (2 * ours == 2 * x - 2 * x[:, ::-1] - x).all()
        low, high = sorted(rng.sample(range(-9, 9), 2))
        assert (run([step("clip", min=low, max=high)], x) == np.clip(x, low, high)).all()
        assert close(run([step("clip", max=high)], x), torch.clamp(as_torch(x), max=high))
        assert (run([step("clip", min=0)], x) == run([step("relu")], x)).all()
        above = run([step("clip", min="-1/3")], x)
        assert above.tolist() == [[max(v, Fraction(-1, 3)) for v in row] for row in x]


def test_a_divisor_is_torch_s() -> None:
    rng = random.Random(3)
    for _ in range(30):
        x = samples(rng, 2, rng.randint(4, 8), rng.randint(4, 8))
        told: Text = {
            "kernel_size": rng.randint(2, 3),
            "stride": rng.randint(1, 3),
            "padding": 1,
            "ceil_mode": rng.random() < 0.5,
            "divisor_override": rng.randint(1, 7),
        }
        assert close(run([step("avg_pool", **ONNX, **told)], x), F.avg_pool2d(as_torch(x), **told))


def pooled(x: Array, average: bool, **a: Any) -> Array:
    """One axis pooled by ONNX's formulas, window by window; onnxruntime 1.32 gives the same."""
    n, (lo, hi) = len(x), a["padding"]
    k, s, d = a["kernel_size"], a["stride"], a["dilation"]
    room = n + lo + hi - d * (k - 1) - 1
    outputs = (-(-room // s) if a["ceil_mode"] else room // s) + 1
    outputs -= a["ceil_mode"] and (outputs - 1) * s >= n + lo
    found: list[Any] = []
    for o in range(outputs):
        at = [o * s - lo + d * t for t in range(k)]
        read = [x[v] for v in at if 0 <= v < n]
        counts = sum(v < n + hi for v in at) if a["count_include_pad"] else len(read)
        total = sum(read, start=Fraction(0))
        found.append(total / counts if average else max(read, default=float("-inf")))
    return np.array(found, dtype=object)


def is_unclear(size: int, **a: Any) -> bool:
    """Whether several windows start behind the input: ONNX's text drops all, its inference one."""
    (lo, hi), s = a["padding"], a["stride"]
    rounded = -(-(size + lo + hi - a["dilation"] * (a["kernel_size"] - 1) - 1) // s)
    return bool(a["ceil_mode"] and (rounded - 1) * s >= size + lo)


def test_wide_pools_are_onnx_s() -> None:
    rng, seen = random.Random(4), 0
    while seen < 300:
        x = samples(rng, rng.randint(1, 8))
        told: Text = {
            "kernel_size": rng.randint(1, 4),
            "stride": rng.randint(1, 4),
            "dilation": rng.randint(1, 3),
            "padding": (rng.randint(0, 4), rng.randint(0, 4)),
            "ceil_mode": rng.random() < 0.5,
        }
        include, average = rng.random() < 0.5, rng.random() < 0.5
        if len(x) + sum(told["padding"]) < told["dilation"] * (told["kernel_size"] - 1) + 1:
            continue
        asked = {**told, "padding": [list(told["padding"])], **ONNX}
        pool = step("avg_pool", count_include_pad=include, **asked)
        if is_unclear(len(x), **told):
            with pytest.raises(SymconvError, match="would start behind the input"):
                run([pool], x[None])
            continue
        try:
            theirs = pooled(x, average, count_include_pad=include, **told)
        except ZeroDivisionError:
            with pytest.raises(SymconvError, match="counts no sample"):
                run([pool], x[None])
            continue
        ours = run([pool if average else step("max_pool", **asked)], x[None])[0]
        assert ours.tolist() == theirs.tolist()
        seen += 1


def outcomes(text: Text, seed: int) -> tuple[bool, bool, bool]:
    """Whether the sides agree: by brute force, by the second voice, and by the dictionaries."""
    read = read_claim(text)
    second = not isinstance(evaluate_sides(read), Difference)
    return brute_force_equal(read, seed, TRIES), second, same_function(plain(read.to_dict()))[0]


@pytest.mark.parametrize("size", [4, 6])
@pytest.mark.parametrize("name", TRUE)
def test_what_is_the_same_is_so_for_every_stranger(name: str, size: int) -> None:
    assert (
        outcomes(plain(read_claim(claim(TRUE[name])).at({"N": size}).to_dict()), size)
        == (True,) * 3
    )


@pytest.mark.parametrize("size", [4, 6])
@pytest.mark.parametrize("name", FALSE)
def test_what_differs_is_told_apart_by_every_stranger(name: str, size: int) -> None:
    at_size = read_claim(claim(FALSE[name])).at({"N": size})
    assert outcomes(plain(at_size.to_dict()), size) == (False,) * 3


def random_claims(seeds: range) -> list[Claim]:
    found = []
    for seed in seeds:
        read = _fitting(random_claim(seed))
        found += [read] if read is not None else []
    return found


def _fitting(text: Text) -> Claim | None:
    """The claim, if both sides fit and no sum meets what a maximum left empty."""
    try:
        read = read_claim(text)
        shapes = shapes_of(read)
    except (SymconvError, ValueError, IndexError):
        return None
    x = np.zeros(read.input_shape, object)
    with np.errstate(all="ignore"):
        ends = [run_claim(read, side, x, {}) for side in ("left", "right")]
    assert tuple(end.shape for end in ends) == shapes
    undefined = any(value != value for end in ends for value in end.ravel())
    return read if shapes[0] == shapes[1] and not undefined else None


def is_mixed(read: Claim) -> bool:
    """Whether sums and maxima stand in one part, which the dictionaries do not read."""
    text = str(read.to_dict())
    return "max_pool" in text and any(
        f"'{op}'" in text for op in ("avg_pool", "adaptive_avg_pool", "scale", "subtract", "conv")
    )


def test_random_claims_are_the_same_for_every_stranger() -> None:
    seen = {True: 0, False: 0}
    for seed, read in enumerate(random_claims(range(900))):
        equal = brute_force_equal(read, seed, TRIES)
        assert equal == (not isinstance(evaluate_sides(read), Difference)), read.name
        if not is_mixed(read):
            assert equal == same_function(plain(read.to_dict()))[0], read.name
        seen[equal] += 1
    assert min(seen.values()) > 60


def test_single_outputs_are_the_same_for_the_second_voice() -> None:
    rng = random.Random(5)
    for seed, read in enumerate(random_claims(range(150))):
        x = tensors(read, np.random.default_rng(seed))["x"]
        y = run_claim(read, "left", x, {})
        output = tuple(rng.randrange(n) for n in y.shape)
        entries = {"": {at: x[at] for at in np.ndindex(*x.shape)}}
        assert values_at(read, output, entries)[0] == y[output], read.name


def test_scripts_print_what_a_replay_gives() -> None:
    told = [
        found
        for seed, read in enumerate(random_claims(range(450)))
        if (found := _told(read, seed)) is not None
    ]
    assert len(told) > 60
    for found, lines in zip(told, printed(list(map(script, told))), strict=True):
        wanted = found.counterexample.left, found.counterexample.right
        got = [number(line.split()[1]) for line in lines]
        assert got == [number(side) for side in wanted], (found.claim.name, lines)


def _told(read: Claim, seed: int) -> Refuted | None:
    """A difference that brute force finds, with every entry of the input."""
    x = tensors(read, np.random.default_rng(seed))["x"]
    left, right = (run_claim(read, side, x, {}) for side in ("left", "right"))
    if not (left != right).any():
        return None
    at = tuple(int(i) for i in np.argwhere(left != right)[0])
    entries = tuple((place, int(x[place])) for place in np.ndindex(*x.shape))
    found = Counterexample(
        at, left=str(left[at]), right=str(right[at]), assignment=(("x", entries),)
    )
    return Refuted(read, found, 0.0)
