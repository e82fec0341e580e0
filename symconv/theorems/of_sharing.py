"""Demonstrations: slots, gradients, shifts, folding and cost of an expanded kernel."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import numpy as np

from symconv.errors import FoldError
from symconv.expand import Expansion, destride
from symconv.layer import Conv, ConvTranspose
from symconv.replay.layers import evaluate
from symconv.sharing.tying import counts
from symconv.theorems.observed import Demonstration, Observed, integers, phases
from symconv.toeplitz import weight_symbols


def _five() -> Expansion:
    return destride(Conv(1, 1, 5, 2, 2, bias=False), (12,), factor_out=3)


def _three() -> Expansion:
    return destride(Conv(1, 1, 3, 2, 1, bias=False), (16,), factor_out=2)


def _symbols_counted(e: Expansion) -> set[int]:
    """How many slots hold each symbol of the expanded weight; a set of these numbers."""
    weight = weight_symbols(e.weight_shape)
    found = Counter(entry for entry in e.expand_weight(weight).ravel() if entry != 0)
    return {found[symbol] for symbol in weight.ravel()}


def slots_in_symbols() -> Observed:
    """Count the slots that hold each symbol."""
    return Observed(
        _symbols_counted(_five()) == {3},
        "k = 5, s = 2, E_out = 3: every symbol of w stands in 3 slots",
    )


def slots_in_numbers() -> Observed:
    """Count labels of parameters instead."""
    labels = _five().parameter_labels()
    found = np.bincount(labels[labels >= 0]).tolist()
    return Observed(found == [3] * 5, f"labels counted: {found}")


def as_many_as_input_phases() -> Observed:
    """The number of output phases counts, not that of the input phases."""
    return Observed(_symbols_counted(_five()) == {6}, "the same: in E_in = 6 slots")


def with_zeros_between_inputs() -> Observed:
    """A base dilation u > 1 makes taps silent in all but E_out / u phases."""
    e = destride(ConvTranspose(1, 1, 4, 2, 1, bias=False), (8,))
    return Observed(
        _symbols_counted(e) == set(e.factor_out),
        "a transposed convolution, u = 2, E_out = 2: in 2 slots, where it is 1",
    )


SLOTS = Demonstration(
    (slots_in_symbols, slots_in_numbers), (as_many_as_input_phases, with_zeros_between_inputs)
)


def _gradients_agree(left_out: int) -> bool:
    """SymPy's derivatives by every tap against the sums over its slots but the first ones."""
    from sympy import Symbol, diff

    labels = _three().parameter_labels()
    slots = np.array([Symbol(f"v{i}") for i in range(labels.size)], dtype=object)
    taps = [Symbol(f"w{k}") for k in range(3)]
    tied = {
        v: taps[label] if label >= 0 else 0 for v, label in zip(slots, labels.flat, strict=True)
    }
    loss = sum((i + 1) * v * v for i, v in enumerate(slots.tolist()))
    return all(
        (
            diff(loss.subs(tied), tap)
            - sum(diff(loss, v).subs(tied) for v in slots[labels.ravel() == k][left_out:])
        ).expand()
        == 0
        for k, tap in enumerate(taps)
    )


def gradient_in_symbols() -> Observed:
    """A quadratic loss of all slots."""
    return Observed(
        _gradients_agree(0),
        "k = 3, s = 2, E_out = 2: SymPy's derivatives of a quadratic loss agree for every tap",
    )


def gradient_in_numbers() -> Observed:
    """A linear loss on integers: what one more in a tap adds is the sum over its slots."""
    e, w = _three(), integers(1, 1, 1, 3)
    g = integers(4, *e.expand_weight(w).shape)
    sums = [int(g[e.parameter_labels() == k].sum()) for k in range(3)]
    steps = [
        int((g * (e.expand_weight(w + one) - e.expand_weight(w))).sum())
        for one in np.eye(3, dtype=int).reshape(3, 1, 1, 3)
    ]
    return Observed(sums == steps, f"a linear loss on integers: {sums} both ways")


def gradient_without_a_slot() -> Observed:
    """Every slot of the class counts."""
    return Observed(_gradients_agree(1), "the same with one slot of each tap left out of the sum")


GRADIENT = Demonstration((gradient_in_symbols, gradient_in_numbers), (gradient_without_a_slot,))


def _intertwines(kernel: Any) -> bool:
    """Whether output phase 1 is output phase 0 with its input moved by the stride 2."""
    moved = {position + 2: value for position, value in _entries(kernel, 0).items()}
    return moved == _entries(kernel, 1)


def _entries(kernel: Any, phase: int) -> dict[int, Any]:
    """Fine input position and weight, for one output phase of four input phases."""
    return {
        4 * q + r: kernel[phase, r, q]
        for r, q in product(range(4), range(kernel.shape[2]))
        if kernel[phase, r, q] != 0
    }


def equivariance_in_symbols() -> Observed:
    """The image of a strided kernel is fixed by the fine shift."""
    return Observed(
        _intertwines(_three().expand_weight(weight_symbols((1, 1, 3)))),
        "k = 3, s = 2, E_out = 2: output phase 1 is output phase 0, its input moved by 2",
    )


def _shifts_agree(kernel: Any) -> bool:
    """Whether moving integers by 2 samples moves what the kernel makes of their phases by 1."""
    e, x = _three(), np.zeros((1, 16), dtype=int)
    x[0, 5:9] = integers(3, 4)
    here, there = (
        evaluate(e.layer, phases(signal, 4), kernel).T.ravel() for signal in (x, np.roll(x, 2))
    )
    return bool((np.roll(here, 1) == there).all())


def equivariance_in_numbers() -> Observed:
    """The same as a map of signals."""
    image = _three().expand_weight(np.array([[[5, 7, 11]]]))
    return Observed(_shifts_agree(image), "integers moved by 2 samples move the output by 1")


def _another_kernel() -> Any:
    """An image with 1 added to one slot."""
    other = _three().expand_weight(np.array([[[5, 7, 11]]]))
    other[tuple(np.argwhere(other != 0)[0])] += 1
    return other


def another_kernel_in_slots() -> Observed:
    """A kernel on phases that is not an image."""
    return Observed(_intertwines(_another_kernel()), "the same with 1 added to one slot")


def another_kernel_on_signals() -> Observed:
    """The same as a map of signals."""
    return Observed(_shifts_agree(_another_kernel()), "and on the moved integers")


EQUIVARIANCE = Demonstration(
    (equivariance_in_symbols, equivariance_in_numbers),
    (another_kernel_in_slots, another_kernel_on_signals),
)


def folded_in_symbols() -> Observed:
    """Expanded and folded, symbols come back."""
    w = weight_symbols((1, 1, 5))
    back = _five().fold_weight(_five().expand_weight(w))
    return Observed(bool((back == w).all()), "k = 5, s = 2, E_out = 3: the symbols come back")


def _fold_fault(kernel: Any) -> str | None:
    """What folding says of a kernel on phases; None where it folds."""
    try:
        _five().fold_weight(kernel)
    except FoldError as fault:
        return str(fault)
    return None


def _perturbed(last: bool) -> tuple[Any, list[int]]:
    """An image of integers with 1 added to the last live slot, or to a structural zero."""
    e = _five()
    kernel = e.expand_weight(np.arange(1, 6).reshape(1, 1, 5))
    slot = np.argwhere(kernel != 0)[-1] if last else np.argwhere(kernel == 0)[0]
    kernel[tuple(slot)] += 1
    return kernel, slot.tolist()


def perturbed_slot_is_named() -> Observed:
    """The fault names the slot that was changed."""
    kernel, slot = _perturbed(last=True)
    fault = _fold_fault(kernel) or ""
    return Observed(f"slot {slot} holds" in fault, f"with 1 added to slot {slot}: {fault}")


def perturbed_slot_folds() -> Observed:
    """A kernel on phases with one slot changed is not an image."""
    kernel, slot = _perturbed(last=True)
    return Observed(_fold_fault(kernel) is None, f"a kernel with slot {slot} changed folds")


def filled_zero_folds() -> Observed:
    """Nor is one with something in a structural zero."""
    kernel, slot = _perturbed(last=False)
    return Observed(
        _fold_fault(kernel) is None, f"a kernel with the zero in slot {slot} filled folds"
    )


FOLDING = Demonstration(
    (folded_in_symbols, perturbed_slot_is_named), (perturbed_slot_folds, filled_zero_folds)
)


def _by_division(e: Expansion) -> tuple[int, int]:
    """Live slots and slots of one axis by Euclidean division of ``s rho + d k - lo``."""
    axis = e.axes[0]
    w = axis.window
    reads = [
        divmod(w.stride * rho + w.dilation * k - w.lo, axis.factor_in)
        for rho, k in product(range(axis.factor_out), range(w.kernel))
    ]
    taps = [q for q, _ in reads]
    return len(reads), axis.factor_out * axis.factor_in * (max(taps) - min(taps) + 1)


def cost_in_symbols() -> Observed:
    """Counted in the expanded kernel of symbols, and by division."""
    e = _five()
    kernel = e.expand_weight(weight_symbols((1, 1, 5)))
    live = sum(entry != 0 for entry in kernel.ravel())
    return Observed(
        (live, kernel.size) == _by_division(e) == (3 * 5, 3 * 6 * 3),
        f"k = 5, s = 2, E_out = 3: {live} live slots of {kernel.size}, by both counts",
    )


def cost_in_numbers() -> Observed:
    """Multiplications of live slots are the strided layer's where E_out divides the outputs."""
    c = counts(_five())
    same = c.strided_multiply_adds == c.live_multiply_adds == 6 * 5
    return Observed(
        same and (c.live, c.slots) == _by_division(_five()),
        f"N = 12: {c.live_multiply_adds} multiplications of live slots, as in the strided layer",
    )


def dense_costs_the_same() -> Observed:
    """A dense layer multiplies the structural zeros too."""
    c = counts(_five())
    return Observed(
        c.dense_multiply_adds == c.live_multiply_adds,
        f"stored dense it costs the same: {c.dense_multiply_adds} multiplications",
    )


COST = Demonstration((cost_in_symbols, cost_in_numbers), (dense_costs_the_same,))
