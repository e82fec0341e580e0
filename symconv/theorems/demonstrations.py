"""Theorems that are no claim about two pipelines, shown at a small size."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from symconv.destride import destride
from symconv.errors import SymconvError
from symconv.layer import Conv, ConvTranspose
from symconv.network import chain
from symconv.prove.chains import settle_network
from symconv.toeplitz import toeplitz, weight_symbols


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise SymconvError(f"a demonstration fails: {what}")


def show_chain() -> str:
    """A chain of an odd size: proved with its mask, refuted without."""
    layers: list[Any] = [Conv(1, 1, 3, 1, 1), "relu", Conv(1, 1, 3, 2, 1)]
    proof = settle_network(chain("two layers", layers, (7,)))
    _require(proof.verdict.verdict == "proved", "the masked chain is proved")
    without = proof.without_masks
    _require(without is not None and without.verdict == "refuted", "the bare chain is refuted")
    return f"N = 7: proved with a mask; without it {proof.without_in_words()}"


def show_slots() -> str:
    """Count the slots of each parameter."""
    e = destride(Conv(1, 1, 5, 2, 2), (12,), factor_out=3)
    counts = np.bincount(e.parameter_labels()[e.parameter_labels() >= 0])
    _require(set(counts.tolist()) == {3}, "every parameter has E_out slots")
    return f"k = 5, s = 2, E_out = 3: each of {len(counts)} parameters stands in 3 slots"


def show_gradient() -> str:
    """SymPy's derivative by a parameter against the sum of those by its slots."""
    from sympy import Symbol, diff

    e = destride(Conv(1, 1, 3, 2, 1, bias=False), (8,), factor_out=2)
    labels = e.parameter_labels()
    slots = np.array([Symbol(f"v{i}") for i in range(labels.size)], dtype=object)
    taps = [Symbol(f"w{k}") for k in range(3)]
    tied = {
        v: taps[label] if label >= 0 else 0 for v, label in zip(slots, labels.flat, strict=True)
    }
    loss = sum((i + 1) * v * v for i, v in enumerate(slots.tolist()))
    for k, tap in enumerate(taps):
        shared = diff(loss.subs(tied), tap)
        summed = sum(diff(loss, v).subs(tied) for v in slots[labels.ravel() == k])
        _require((shared - summed).expand() == 0, "the gradients agree")
    return "k = 3, s = 2, E_out = 2: SymPy's derivatives of a quadratic loss agree for every tap"


def show_equivariance() -> str:
    """The image of a strided kernel is fixed by the fine shift, and no other kernel is."""
    e = destride(Conv(1, 1, 3, 2, 1, bias=False), (16,), factor_out=2)
    image = e.expand_weight(np.array([[[5, 7, 11]]]))
    _require(_shifted(image, 2) == _entries(image, 1), "an image intertwines the shifts")
    other = image.copy()
    other[0, np.flatnonzero(image[0].any(axis=1))[0]] += 1
    _require(_shifted(other, 2) != _entries(other, 1), "another kernel does not")
    return "k = 3, s = 2, E_out = 2: output phase 1 is output phase 0, its input moved by 2"


def _entries(kernel: Any, phase: int) -> dict[int, int]:
    """Fine input position and weight, for one output phase of four input phases."""
    return {
        4 * q + r: int(kernel[phase, r, q])
        for r, q in product(range(4), range(kernel.shape[2])) if kernel[phase, r, q]
    }  # fmt: skip


def _shifted(kernel: Any, by: int) -> dict[int, int]:
    return {position + by: value for position, value in _entries(kernel, 0).items()}


def show_adjoint() -> str:
    """The transposed layer's matrix is the matrix transposed, in symbols."""
    conv = toeplitz(Conv(1, 1, 3, 2, 1, bias=False), (7,), weight_symbols((1, 1, 3)))
    back = toeplitz(ConvTranspose(1, 1, 3, 2, 1, bias=False), (4,), weight_symbols((1, 1, 3)))
    _require(conv.T.as_matrix() == back.as_matrix(), "the matrices agree")
    return "k = 3, s = 2, p = 1, N = 7: SymPy's matrix of the one is the other's transposed"


def show_quincunx() -> str:
    """Every position is A q + r for exactly one of two representatives."""
    a = np.array([[1, 1], [1, -1]])
    seen = {
        tuple((a @ (p, q) + r).tolist())
        for p, q in product(range(-6, 7), repeat=2) for r in ((0, 0), (1, 0))
    }  # fmt: skip
    _require(len(seen) == 2 * 13**2, "no position is reached twice")
    box = set(product(range(-3, 4), repeat=2))
    _require(box <= seen, "every position is reached")
    return "A = [[1, 1], [1, -1]]: each position is A q + r for one r of (0, 0), (1, 0)"


DEMONSTRATIONS: dict[str, Callable[[], str]] = {
    "chain": show_chain,
    "slots": show_slots,
    "gradient": show_gradient,
    "equivariance": show_equivariance,
    "adjoint": show_adjoint,
    "quincunx": show_quincunx,
}
