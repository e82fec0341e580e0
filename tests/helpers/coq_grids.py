"""Coq's definitions of a layer and of its expansion, computed at every position of a grid.

The numbers of a case are the text that symconv writes for the kernel.  What is computed are the
programs of `Values.v`, each proved there to be the definition; the answers are plain lists.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.expand import Expansion, destride
from symconv.expand.maps import ORDERS
from symconv.layer import AvgPool, MaxPool
from symconv.prove.kernel import library as coqlib
from symconv.prove.kernel.compiler import compile_file
from symconv.prove.kernel.kinds import AVERAGE, CONVOLUTION, MAXIMUM, TRANSPOSED, kind_of
from symconv.prove.kernel.text import theorem_text
from symconv.prove.kernel.words import binaries, binary
from tests.helpers.strategies import Case

Array = NDArray[Any]
Values = list[int | None]
"""Integers in C order; None is -inf."""


def unchanged(text: str) -> str:
    return text


@dataclass(frozen=True)
class Grid:
    """A layer at a size, what is asked of its expansion, and a change to Coq's text, if any."""

    case: Case
    asked: Mapping[str, Any] = field(default_factory=dict)
    changed: Callable[[str], str] = unchanged

    def expansion(self, order: str) -> Expansion:
        asked: dict[str, Any] = {**self.asked, "order": order}
        found = destride(self.case.layer(), self.case.size, **asked)
        assert isinstance(found, Expansion)
        return found

    def arrays(self) -> tuple[Array, Array, Array]:
        """Input, weight and bias; a maximum's samples are negative, a pooling's weight is ones."""
        x, w, b = self.case.arrays(len(str(self.case)), batch=1)
        layer = self.case.layer()
        if isinstance(layer, MaxPool):
            x = -np.abs(x) - 1
        if isinstance(layer, MaxPool | AvgPool):
            w = np.ones(self.expansion("channel").weight_shape, dtype=int)
        return x[0], w, b if len(b) else np.zeros(layer.out_channels, dtype=int)


@dataclass(frozen=True)
class Terms:
    """What a kind of layer is called in Coq; its own value, and the parts of its expansion."""

    value: str
    shown: str = "integers"
    outputs: str = "outs the_layer"
    strided: str = "the_layer"
    signal: str = "x"
    weight: str = "w"
    bias: str = "b"


def terms(expansion: Expansion) -> Terms:
    """By the kind of statement that symconv makes of the layer, with what it is told there."""
    kind, layer = kind_of(expansion), expansion.original
    told = kind.own_names(expansion)
    if kind is CONVOLUTION:
        return Terms("compute_conv the_layer w b x")
    if kind is MAXIMUM:
        return Terms("compute_maximum the_layer x", "maxima", bias="(fun _ => 0%R)")
    if kind is AVERAGE:
        counted = told["counted"]
        value = f"compute_average the_layer {counted} declared_high (fun c v => ratz (x c v))"
        return Terms(value, "fractions", weight="(fun _ _ _ => 1%R)", bias="(fun _ => 0%R)")
    if kind is TRANSPOSED:
        return Terms(
            "compute_transposed the_layer w b x",
            outputs="outs (as_conv the_layer)",
            strided=kind.strided,
            weight="(turned the_layer w)",
        )
    modes = f"(fun _ => {told['mode']})"
    fill = f"(int_of {binary(int(getattr(layer, 'padding_value', 0)))}%binary)"
    padded = f"(padded {fill} (windows the_layer) {modes} x)"
    return Terms(
        f"compute_mode the_layer {modes} {fill} w b x", strided=kind.strided, signal=padded
    )


HEAD = """\
From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra.
From Symconv Require Import Arith Index Conv Destride Tie Layer Compute Array Expansion Decide.
From Symconv Require Import Relatives Taps Modes Transposed Pools Kinds Values.
Set Printing Depth 1000000.
Definition integers : seq int -> seq Z := map toZ.
Definition maxima : seq (option int) -> seq (option Z) := map (omap toZ).
Definition fractions (s : seq rat) := flatten [seq [:: toZ (numq q); toZ (denq q)] | q <- s].
Definition per_axis (D : nat) (N : nat -> int) := [seq toZ (N n) | n <- iota 0 D].
Definition channels (l : numbers) := (n_groups l * n_out l)%N.
Definition from_list := map int_of.
Definition ceiled (l : layer) (hi : nat -> int) (n : nat) :=
  let w := windows l n in let a := on w in
  ceil_outputs (samples w) (kernel a) (stride a) (dilation a) (lo a) (hi n).
Fixpoint coordinates {D : nat} : vec D -> seq int :=
  match D return vec D -> seq int with
  | 0 => fun _ => [::]
  | D'.+1 => fun v => v.1 :: @coordinates D' v.2
  end.
Definition places (D : nat) (ord : order) (l : numbers) (f : nat -> tie) (O : nat -> int) :=
  map toZ (flatten (grid (D := D) (channels l) O (fun m o =>
    Posz (joined ord (n_out l) (many_out D f) m (phase_at (factors_out f) o))
    :: coordinates (coarse_at (factors_out f) o)))).
Definition weight_shown (D : nat) {V : Type} (l : numbers) (w : nat -> nat -> seq nat -> V) :=
  tap_grid D (channels l) (n_in l) (fun n => kernel (on (windows l n))) w.
"""

NUMBERS = re.compile(r"^Definition tie0.*?(?=^Definition both)", re.DOTALL | re.MULTILINE)
"""All that symconv's file defines before it states anything."""

EXPANDED = {
    "phases": "{shown} (grid (n_groups the_expansion * n_in the_expansion)"
    " (sizes the_expansion) {phases})",
    "weight": "integers (weight_shown {rank} the_expansion"
    " (compute_weight {rank} {strided} axes {order} {weight}))",
    "bias": "integers (map (expanded_bias {rank} {strided} axes {order} {bias})"
    " (iota 0 (channels the_expansion)))",
    "expanded": "{shown} (grid (channels the_expansion) (outs the_expansion)"
    " (compute_expanded {strided} the_expansion axes {order} {weight} {bias} {phases}))",
    "places": "places {rank} {order} the_layer axes ({outputs})",
}
EXPANDED_MAXIMUM = {
    "weight": "[seq nat_of_bool h | h <- weight_shown {rank} the_expansion"
    " (compute_reached {rank} the_layer axes {order})]",
    "expanded": "maxima (grid (channels the_expansion) (outs the_expansion)"
    " (compute_expanded_pool the_layer the_expansion axes {order} maxo_comoid {phases}))",
}


def questions(grid: Grid) -> dict[str, str]:
    """What is asked of Coq, by the names of the answers."""
    found = terms(grid.expansion("channel"))
    asked = of_the_layer(grid, found)
    for order in ORDERS:
        parts = of_the_expansion(grid, found, order)
        asked |= {f"{part}, by {order}": text for part, text in parts.items()}
    return asked


def of_the_layer(grid: Grid, t: Terms) -> dict[str, str]:
    case, rank = grid.case, len(grid.case.size)
    asked = {
        "outputs": f"per_axis {rank} ({t.outputs})",
        "values": f"{t.shown} (grid (channels the_layer) ({t.outputs}) ({t.value}))",
    }
    if case.op == "avg_pool":
        counted = str(case.attributes["count_include_pad"]).lower()
        asked["divisors"] = (
            f"grid (channels the_layer) ({t.outputs})"
            f" (fun _ (o : vec {rank}) => divisor {counted} (windows the_layer) declared_high o)"
        )
    if case.attributes.get("ceil_mode"):
        asked["outputs of ceil mode"] = f"per_axis {rank} (ceiled the_layer declared_high)"
    return asked


def of_the_expansion(grid: Grid, t: Terms, order: str) -> dict[str, str]:
    maximum = grid.case.op == "max_pool"
    fill = "None" if maximum else "0%R"
    named = {
        "rank": len(grid.case.size),
        "order": f"by_{order}",
        "strided": t.strided,
        "shown": "maxima" if maximum else "integers",
        "weight": t.weight,
        "bias": t.bias,
        "phases": f"(phase_array {t.strided} axes by_{order} {fill} {t.signal})",
        "outputs": t.outputs,
    }
    parts = EXPANDED | EXPANDED_MAXIMUM if maximum else EXPANDED
    return {part: text.format(**named) for part, text in parts.items()}


def listed(array: Array) -> str:
    return f"(from_list {binaries(list(map(int, array.ravel())))})"


def shaped(shape: Iterable[int]) -> str:
    return f"[:: {'; '.join(map(str, shape))}]%N"


def numbers(expansion: Expansion) -> str:
    """Ties, layer and expansion as symconv writes them for the kernel."""
    found = NUMBERS.search(theorem_text(expansion))
    assert found is not None
    return found.group()


def data(grid: Grid) -> str:
    """Input, weight and bias as functions on lists."""
    (x, w, b), maximum = grid.arrays(), grid.case.op == "max_pool"
    zero, samples = ("None", f"(map Some {listed(x)})") if maximum else ("0%R", listed(x))
    lines = [
        f"Definition x := signal_of_list (D := {x.ndim - 1}) {zero} {shaped(x.shape)} {samples}.",
        f"Definition w := weight_of_list 0%R {shaped(w.shape)} {listed(w)}.",
        f"Definition b := nth 0%R {listed(b)}.",
    ]
    return "\n".join(lines)


def module(name: str, grid: Grid) -> str:
    """All of a case: numbers, data, questions."""
    asked = "\n".join(f"Eval vm_compute in {q}." for q in questions(grid).values())
    expansion = grid.expansion("channel")
    given = f"{numbers(expansion)}{data(grid)}"
    return grid.changed(f"Module {name}.\n{given}\n{asked}\nEnd {name}.\n")


def computed(grids: Mapping[str, Grid]) -> dict[str, dict[str, Values]]:
    """Every answer of every case, from one run of coqc."""
    modules = [module(f"case{n}", grid) for n, grid in enumerate(grids.values())]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "grids.v"
        path.write_text(HEAD + "\n".join(modules))
        run = compile_file(path, coqlib.library())
    assert run.accepted, run.output
    found = iter(lists(run.output))
    answers = {
        name: {question: next(found) for question in questions(grid)}
        for name, grid in grids.items()
    }
    assert next(found, None) is None
    return answers


def lists(printed: str) -> Iterable[Values]:
    """The lists that Coq printed, one a question."""
    starts = [match.start() for match in re.finditer(r"^ *= ", printed, re.MULTILINE)]
    for start, end in pairwise([*starts, len(printed)]):
        terms_of, _, _ = printed[start:end].rpartition("\n     : ")
        yield [None if n == "None" else int(n) for n in re.findall(r"None|-?\d+", terms_of)]


def values(array: Sequence[Any] | Array) -> Values:
    """An array as such a list."""
    return [None if v == -np.inf else int(v) for v in np.asarray(array, dtype=object).ravel()]
