"""Small and large numbers on the way: what rounding mode's bound holds of them, or refuses."""

from __future__ import annotations

import random
from typing import Any

import pytest

from symconv.claim import read_claim
from symconv.crosscheck import crosscheck_claim
from symconv.errors import InputError, SymconvError, Unsupported
from tests.helpers.requirements import require

Text = dict[str, Any]


def scaled(*factors: object) -> Text:
    """The input times factors one after another, against the input itself."""
    left = [{"op": "scale", "factor": factor} for factor in factors]
    return {"input": {"channels": 1, "size": [4]}, "left": left, "right": []}


SMALL, LARGE = f"1/1{'0' * 200}", f"1{'0' * 200}"


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
@pytest.mark.parametrize(
    ("dtype", "factors"),
    [
        ("float64", (SMALL, SMALL, LARGE, LARGE)),
        ("float64", (LARGE, LARGE, SMALL, SMALL)),
        ("float16", ("1/3000", "1/3000", 3000, 3000)),
        ("float16", (1000, 1000, "1/1000", "1/1000")),
        ("float32", (10**22, 10**22, f"1/{10**22}", f"1/{10**22}")),
    ],
)
def test_what_leaves_the_normal_range_on_the_way_is_refused(
    backend: str, dtype: str, factors: tuple[object, ...]
) -> None:
    require(backend)
    with pytest.raises(Unsupported, match="use a wider dtype") as fault:
        crosscheck_claim(
            read_claim(scaled(*factors)), backend=backend, dtype=dtype, mode="rounding"
        )
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("factor", "told", "error", "says"),
    [
        (10**5, {"dtype": "float16"}, Unsupported, "float16 holds normal numbers from"),
        (f"1/{10**40}", {"dtype": "float32"}, Unsupported, "float32 holds normal numbers from"),
        (f"1/{10**310}", {"dtype": "float64"}, InputError, "a framework's numbers are from"),
        (10**310, {"dtype": "float64"}, InputError, "got the constant 1000"),
    ],
)
@pytest.mark.parametrize("mode", ["exact", "rounding"])
def test_a_constant_that_the_dtype_does_not_hold_is_named(
    mode: str, factor: object, told: Text, error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as fault:
        crosscheck_claim(read_claim(scaled(factor)), mode=mode, **told)
    if mode == "rounding" or error is InputError:
        assert says in str(fault.value)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_no_chain_of_scales_is_refuted_that_is_the_identity(backend: str) -> None:
    """With gradients, and with a weight in the middle that small numbers pass."""
    require(backend)
    rng, compared = random.Random(5), 0
    for seed in range(8 if backend == "jax" else 20):
        factors = [rng.choice([3, 7, 100, 1000, 3000]) for _ in range(rng.randint(1, 3))]
        both = [*factors, *(f"1/{factor}" for factor in factors)]
        rng.shuffle(both)
        conv = {"op": "conv", "weight": "w"}
        text = scaled(*both)
        text["left"].insert(rng.randint(0, len(both)), conv)
        text |= {"right": [conv], "weights": {"w": {"shape": [2, 1, 3]}}}
        dtype = rng.choice(["float16", "bfloat16", "float32"])
        told: Text = {"backend": backend, "dtype": dtype, "mode": "rounding", "gradients": True}
        try:
            seen = crosscheck_claim(read_claim(text), seed=seed, **told)
        except SymconvError:
            continue
        assert seen.agrees, (both, seen.text())
        compared += 1
    assert compared > 2


@pytest.mark.parametrize(
    ("factor", "dtype", "says"),
    [
        (10_000, "bfloat16", "10000 is not a number of bfloat16"),
        ("1/3", "bfloat16", ""),
        ("1/999983", "bfloat16", "averages and scales divide by 999983"),
    ],
)
def test_what_exact_mode_refuses_of_a_scale_is_of_the_dtype_that_was_asked_for(
    factor: object, dtype: str, says: str
) -> None:
    require("torch")
    text = scaled(factor)
    text["right"] = text["left"]
    if not says:
        assert crosscheck_claim(read_claim(text), backend="torch", dtype=dtype).equal
        return
    with pytest.raises(Unsupported, match=says):
        crosscheck_claim(read_claim(text), backend="torch", dtype=dtype)
