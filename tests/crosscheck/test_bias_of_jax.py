"""The gradient of a bias by JAX: added up in float32, also of narrower dtypes."""

from __future__ import annotations

import numpy as np
import pytest

from symconv.crosscheck.backends import Geometry, backend_of
from tests.helpers.requirements import require


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("shape", [(3, 45, 45), (2, 9, 100)])
def test_a_bias_s_gradient_is_not_added_up_in_a_narrow_dtype(
    dtype: str, shape: tuple[int, ...]
) -> None:
    require("jax")
    run = backend_of("jax")
    g = Geometry((1, 1), (1, 1), (1, 1), ((0, 0), (0, 0)))
    with run.session(dtype):
        x, w, b, cotangent = (
            run.array(values, dtype)
            for values in (
                np.zeros(shape),
                np.ones((shape[0], shape[0], 1, 1)),
                np.zeros(shape[0]),
                np.full(shape, 1.5),
            )
        )
        found = run.gradients(lambda b: run.conv(x, w, b, g), [b], cotangent)
        gradient = run.numpy(found[0])
    assert gradient == pytest.approx(np.full(shape[0], 1.5 * np.prod(shape[1:])), rel=2**-8)
