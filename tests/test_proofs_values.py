"""The texts of one definition meet: Coq's values of a layer are Python's and torch's.

Coq evaluates the definitions of `Conv.v` (through loops proved equal to them, `Compute.v`); nothing
is shared with Python's tables, nor with torch, but the numbers of the case.
"""

from __future__ import annotations

import random
import re
import tempfile
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symconv
from symconv.errors import LayerError
from symconv.prove import coqlib
from symconv.prove.compiler import compile_file
from tests.requirements import require, require_tool

require_tool("coqc")


@dataclass(frozen=True)
class Case:
    """A layer with one output channel; one entry an axis in every tuple."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    channels: int = 1
    kind: str = "conv"
    output_padding: tuple[int, ...] = field(default=(0, 0))

    @property
    def rank(self) -> int:
        return len(self.size)

    def values(self, seed: int) -> tuple[list[list[int]], list[list[int]]]:
        """The input and the weight, one flat list a channel."""
        draw, least = random.Random(seed), 0 if self.kind == "max_pool" else -9
        return tuple(  # type: ignore[return-value]
            [[draw.randint(least, 9) for _ in range(prod(shape))] for _ in range(self.channels)]
            for shape in (self.size, self.kernel)
        )


CASES = {
    "plain": Case((7,), (3,), (1,), ((0, 0),), (1,)),
    "stride 2": Case((8,), (3,), (2,), ((1, 1),), (1,), 2),
    "stride above kernel": Case((11,), (2,), (5,), ((0, 0),), (1,)),
    "kernel of one tap": Case((6,), (1,), (3,), ((2, 0),), (1,)),
    "one sample": Case((1,), (4,), (2,), ((3, 2),), (1,)),
    "kernel larger than input": Case((3,), (5,), (1,), ((0, 1),), (1,)),
    "kernel larger, dilated": Case((4,), (2,), (3,), ((0, 0),), (7,)),
    "kernel much larger": Case((2,), (6,), (4,), ((0, 0),), (2,)),
    "negative pads": Case((9,), (3,), (2,), ((-2, -1),), (1,)),
    "negative and positive pads": Case((9,), (2,), (3,), ((-1, 4),), (2,)),
    "one-sided pads": Case((6,), (4,), (2,), ((3, 0),), (1,)),
    "last window ends early": Case((10,), (3,), (4,), ((0, 0),), (1,)),
    "dilated": Case((12,), (3,), (2,), ((2, 2),), (3,), 3),
    "images": Case((5, 6), (3, 2), (2, 3), ((1, 1), (0, 2)), (1, 2), 2),
    "images, cropped": Case((6, 5), (2, 2), (1, 2), ((-1, 0), (2, -1)), (2, 1)),
    "volumes": Case((3, 4, 3), (2, 3, 1), (2, 1, 2), ((0, 1), (1, 1), (0, 0)), (1, 1, 1)),
    "transposed": Case((4,), (3,), (2,), ((1, 1),), (1,), 2, "conv_transpose", (1,)),
    "transposed, holes": Case((4,), (2,), (4,), ((0, 0),), (1,), 1, "conv_transpose", (0,)),
    "transposed, dilated": Case((3,), (3,), (3,), ((2, 2),), (2,), 1, "conv_transpose", (2,)),
    "transposed images": Case(
        (3, 2), (2, 3), (2, 3), ((0, 0), (1, 1)), (1, 1), 1, "conv_transpose", (0, 1)
    ),
    "maximum": Case((9,), (3,), (2,), ((1, 1),), (1,), 1, "max_pool"),
    "maximum, dilated images": Case(
        (6, 7), (2, 3), (2, 1), ((1, 1), (0, 0)), (1, 2), 1, "max_pool"
    ),
}

HEAD = """\
From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Relatives Compute.
Definition none := Axis 0 1 1 1 0 false.
Definition flat (K ks : seq nat) := foldl (fun n p => n * p.1 + p.2)%N 0%N (zip K ks).
Definition zigzag (n : int) : nat := match n with Posz n => n.*2 | Negz n => n.*2.+1 end.
Definition count (n : int) : nat := if n is Posz n then n else 0.
Definition floor_out (N : int) (a : axis) (hi : int) :=
  out_size N (kernel a) (stride a) (dilation a) (base a) (lo a) hi.
Definition values {D} C f (O : seq int) K w N x :=
  map zigzag (O ++ [seq compute_layer C (nth none f)
      (fun c ks => nth 0%R (nth [::] w c) (flat K ks))
      (fun c => array 0%R N (nth [::] x c)) o | o <- box D (nth 1%N (map count O))]).
Definition maxima {D} f (O : seq int) N x :=
  map zigzag (O ++ [seq Posz (compute_pool (nth none f) (array 0%N N x) o)
      | o <- box D (nth 1%N (map count O))]).
"""


def coq_list(entries: list[str]) -> str:
    return f"[:: {'; '.join(entries)}]"


def integer(n: int) -> str:
    return f"(Posz {n})" if n >= 0 else f"(Negz {-n - 1})"


def query(case: Case, seed: int) -> str:
    """One question to Coq: the sizes of the output, then its values."""
    x, w = case.values(seed)
    axes, sizes = [], []
    for a in range(case.rank):
        lo, hi = case.pads[a]
        axis = f"(Axis {case.kernel[a]} {case.stride[a]} {case.dilation[a]} 1 {integer(lo)} false)"
        if case.kind == "conv_transpose":
            axis = f"(transposed {axis})"
            hi = case.dilation[a] * (case.kernel[a] - 1) - hi + case.output_padding[a]
        axes.append(axis)
        sizes.append(f"floor_out {integer(case.size[a])} {axis} {integer(hi)}")
    where = coq_list(list(map(str, case.size)))
    if case.kind == "max_pool":
        rest = f"{where} {coq_list(list(map(str, x[0])))}"
        return f"maxima (D := {case.rank}) {coq_list(axes)} {coq_list(sizes)} {rest}"
    signals, weights = (
        coq_list([coq_list(list(map(integer, row))) for row in rows]) for rows in (x, w)
    )
    kernel = coq_list(list(map(str, case.kernel)))
    return (
        f"values (D := {case.rank}) {case.channels} {coq_list(axes)} {coq_list(sizes)} {kernel} "
        f"{weights} {where} {signals}"
    )


def unfold(n: int) -> int:
    """0, -1, 1, -2, ... from Coq's 0, 1, 2, 3, ...: numbers that print alike in every version."""
    return -(n // 2) - 1 if n % 2 else n // 2


@cache
def answers() -> dict[str, list[int]]:
    """All cases in one run of coqc: sizes first, then values in C order."""
    queries = [
        f"Eval vm_compute in {query(case, seed)}." for seed, case in enumerate(CASES.values())
    ]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "cases.v"
        path.write_text(HEAD + "\n".join(queries))
        run = compile_file(path, coqlib.library())
    assert run.accepted, run.output
    starts = [match.start() for match in re.finditer(r"^ *= ", run.output, re.MULTILINE)]
    parts = [run.output[a:b].split(": ")[:-1] for a, b in pairwise([*starts, len(run.output)])]
    found = [[unfold(int(n)) for n in re.findall(r"\d+", "".join(part))] for part in parts]
    return dict(zip(CASES, found, strict=True))


def arrays(case: Case, seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    x, w = case.values(seed)
    shape = (case.channels, 1) if case.kind == "conv_transpose" else (1, case.channels)
    return np.array(x).reshape(case.channels, *case.size), np.array(w).reshape(*shape, *case.kernel)


def in_python(case: Case, seed: int) -> Any:
    """symconv's own evaluation."""
    x, w = arrays(case, seed)
    shared: dict[str, Any] = {
        "stride": case.stride,
        "padding": case.pads,
        "dilation": case.dilation,
    }
    if case.kind == "max_pool":
        return symconv.evaluate(symconv.MaxPool(case.kernel, **shared), x)
    if case.kind == "conv":
        layer = symconv.Conv(case.channels, 1, case.kernel, bias=False, **shared)
        return symconv.evaluate(layer, x, w)
    transposed = symconv.ConvTranspose(
        case.channels, 1, case.kernel, bias=False, output_padding=case.output_padding, **shared
    )
    return symconv.evaluate(transposed, x, w)


def in_torch(case: Case, seed: int) -> Any:
    """torch's evaluation, with pads of its own and exact doubles."""
    torch = require("torch")
    functional = torch.nn.functional
    x, w = (torch.tensor(a, dtype=torch.float64) for a in arrays(case, seed))
    name = {"conv": "conv", "conv_transpose": "conv_transpose", "max_pool": "max_pool"}[case.kind]
    verb = getattr(functional, f"{name}{case.rank}d")
    if case.kind == "conv":
        pads = [n for pair in reversed(case.pads) for n in pair]
        done = verb(functional.pad(x, pads)[None], w, stride=case.stride, dilation=case.dilation)
    elif case.kind == "conv_transpose":
        done = verb(x[None], w, stride=case.stride, padding=tuple(p for p, _ in case.pads),
                    output_padding=case.output_padding, dilation=case.dilation)  # fmt: skip
    else:
        done = verb(x[None], case.kernel, stride=case.stride, dilation=case.dilation,
                    padding=tuple(p for p, _ in case.pads))  # fmt: skip
    return done[0].numpy()


@pytest.mark.parametrize("name", CASES)
def test_coq_python_and_torch_agree(name: str) -> None:
    case, seed = CASES[name], list(CASES).index(name)
    found = answers()[name]
    sizes, values = tuple(found[: case.rank]), found[case.rank :]
    if min(sizes) < 1:
        assert values == []
        with pytest.raises(LayerError, match="no output position"):
            in_python(case, seed)
        with pytest.raises(RuntimeError):
            in_torch(case, seed)
        return
    for evaluate in (in_python, in_torch):
        there = evaluate(case, seed)
        assert there.shape == (1, *sizes)
        assert there.ravel().tolist() == values


def test_some_cases_have_no_output_and_most_have() -> None:
    empty = [name for name, case in CASES.items() if min(answers()[name][: case.rank]) < 1]
    assert empty == ["kernel larger than input", "kernel larger, dilated", "kernel much larger"]
    assert all(len(answers()[name]) > CASES[name].rank for name in CASES if name not in empty)
