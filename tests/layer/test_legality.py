"""What PyTorch refuses, symconv refuses: layers and sizes as PyTorch can be asked for them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given

from symconv.errors import LayerError
from symconv.layer import Conv
from symconv.replay.layers import evaluate
from tests.helpers.requirements import require
from tests.helpers.strategies import Case, examples, is_legal, torch_requests

torch = require("torch")


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


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_every_pad_and_crop_is_torchs(mode: str) -> None:
    """All pairs of pads from -3 to 6 on signals of up to 5 samples, refused ones included.

    Left out are crops that leave nothing of the signal: there PyTorch returns no sample, or memory
    that it never wrote.
    """
    refused = accepted = 0
    for size, lo, hi in product(range(1, 6), range(-3, 7), range(-3, 7)):
        if size + min(lo, 0) + min(hi, 0) < 1:
            continue
        x = np.arange(1, size + 1).reshape(1, 1, size)
        layer = Conv(1, 1, (1,), padding=((lo, hi),), padding_mode=mode, bias=False)  # type: ignore[arg-type]
        torch_mode = "constant" if mode == "zeros" else mode
        try:
            signal = torch.tensor(x, dtype=torch.float64)
            expected = torch.nn.functional.pad(signal, (lo, hi), mode=torch_mode)
        except RuntimeError:
            expected = torch.zeros(0)
        try:
            found = evaluate(layer, x, np.ones((1, 1, 1), dtype=np.int64))
        except LayerError:
            refused += 1
            assert not expected.numel(), (size, lo, hi)
        else:
            accepted += 1
            assert found.tolist() == expected.tolist(), (size, lo, hi)
    assert accepted > 100
    assert (refused > 0) == (mode in ("reflect", "circular"))
