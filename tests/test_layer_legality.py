"""What PyTorch refuses, symconv refuses: layers and sizes as PyTorch can be asked for them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.requirements import require
from tests.strategies import (
    Case,
    examples,
    is_legal,
    torch_requests,
)

torch = require("torch")
F = torch.nn.functional
Array = NDArray[Any]
SEEDS = st.integers(0, 2**32 - 1)


def torch_accepts(case: Case) -> bool:
    """Whether PyTorch builds the module and runs it.

    In double precision: in single, a backend lets dilation 0 pass where the kernel is 1.
    """
    a, rank = dict(case.attributes), len(case.size)
    name = {"conv": "Conv", "conv_transpose": "ConvTranspose"}.get(case.op)
    name = name or {"max_pool": "MaxPool", "avg_pool": "AvgPool"}[case.op]
    try:
        module = getattr(torch.nn, f"{name}{rank}d")(**a)
        x = torch.zeros((1, a.get("in_channels", 2), *case.size), dtype=torch.float64)
        y = module.double()(x)
    except (RuntimeError, ValueError, TypeError, ArithmeticError):
        return False
    return int(y.numel()) > 0


@examples(1500)
@given(torch_requests())
def test_what_torch_refuses_is_refused(case: Case) -> None:
    assert is_legal(case) == torch_accepts(case)


def test_requests_are_refused_and_accepted() -> None:
    """The test above sees both outcomes, for every layer."""
    seen: set[tuple[str, bool]] = set()

    @examples(400)
    @given(torch_requests())
    def collect(case: Case) -> None:
        seen.add((case.op, torch_accepts(case)))

    collect()
    ops = ("conv", "conv_transpose", "max_pool", "avg_pool")
    assert seen == {(op, verdict) for op in ops for verdict in (True, False)}
