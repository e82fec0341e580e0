"""Formats of floating point: roundings, ulps, and bounds that are not below the true ones."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from symconv.crosscheck.backends import BACKENDS
from symconv.crosscheck.formats import DTYPES, FORMATS, Arithmetic, Roundings, float_format, gamma
from symconv.errors import SymconvError
from tests.helpers.requirements import require

SAMPLE = np.random.default_rng(0).standard_normal(2000) * 3


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_rounding_is_numpy_s(dtype: str) -> None:
    kept = FORMATS[dtype]
    assert np.array_equal(kept.rounded(SAMPLE), SAMPLE.astype(dtype).astype(np.float64))
    spacing = np.spacing(np.abs(SAMPLE.astype(dtype))).astype(np.float64)
    assert np.array_equal(kept.ulp(kept.rounded(SAMPLE)), spacing)
    found = np.finfo(dtype)
    assert (kept.tiny, kept.largest) == (float(found.tiny), float(found.max))


def test_rounding_to_bfloat16_is_pytorch_s() -> None:
    torch = require("torch")
    there = torch.from_numpy(SAMPLE).to(torch.bfloat16).to(torch.float64).numpy()
    assert np.array_equal(FORMATS["bfloat16"].rounded(SAMPLE), there)


@pytest.mark.parametrize("precision", [8, 11, 24, 53])
@pytest.mark.parametrize("roundings", [1, 2, 49, 127])
def test_the_bound_is_not_below_the_true_one(precision: int, roundings: int) -> None:
    product = Fraction(roundings, 2**precision)
    true = product / (1 - product)
    found = Fraction(gamma(roundings, 2.0**-precision))
    assert true <= found <= true * (1 + Fraction(1, 10**12))


def test_many_roundings_in_a_narrow_dtype_have_no_bound() -> None:
    with pytest.raises(SymconvError, match="have no bound, as n u >= 1; choose mode exact"):
        gamma(256, FORMATS["bfloat16"].unit)


def test_sums_in_a_wider_format_have_a_smaller_bound() -> None:
    half, single = FORMATS["float16"], FORMATS["float32"]
    own = Arithmetic(half, half, half.unit)
    wide = Arithmetic(half, single, single.unit)
    often = Roundings(added=500, stored=2)
    assert wide.factor(often) < own.factor(often) / 100
    assert wide.factor(often) > 2 * half.unit


def test_tf32_is_bounded_by_its_factors() -> None:
    single = FORMATS["float32"]
    found = Arithmetic(single, single, single.unit, FORMATS["tf32"], 2.0**-10)
    assert found.factor(Roundings(added=10, stored=2, factors=2)) > 2 * 2.0**-10


def test_there_is_a_format_for_each_floating_dtype() -> None:
    assert {*FORMATS, "int8"} == set(DTYPES)
    with pytest.raises(SymconvError, match=r"dtype must be one of float64, .*, got 'float8'"):
        float_format("float8")


def test_every_backend_computes_in_known_dtypes() -> None:
    for name in BACKENDS:
        require({"numpy": "numpy", "torch": "torch"}.get(name, name))
        assert set(BACKENDS[name]("cpu").dtypes) <= set(DTYPES)
