"""The kernel accepts the ties of a layer of matrix stride, and no wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symconv import prove, recheck
from symconv.expand.lattice import expand_lattice
from symconv.layer import LatticeConv
from symconv.prove.kernel import lattice as coqlattice
from symconv.prove.kernel import library as coqlib
from symconv.prove.kernel import theorem as rocq
from symconv.prove.kernel.compiler import KernelRejects, compile_file
from tests.helpers.requirements import require_tool

require_tool("coqc")

QUINCUNX = LatticeConv(2, 1, 3, ((1, 1), (1, -1)), padding=1)


@pytest.mark.once
@pytest.mark.parametrize("stride", [[[1, 1], [1, -1]], [[2, 0], [1, 3]], [[-3]]])
def test_the_kernel_accepts_a_matrix_stride(stride: list[list[int]], tmp_path: Path) -> None:
    layer = LatticeConv(2, 1, 3, tuple(map(tuple, stride)), padding=1)
    verdict: Any = prove(layer, kernel=True, keep=tmp_path)
    assert verdict.method == ["sets", "kernel"]
    (kept,) = tmp_path.glob("*.v")
    text = kept.read_text()
    assert repr(layer) in text
    assert compile_file(kept, coqlib.library()).accepted
    assert verdict.to_dict()["facts"][1]["figures"]["file"] == str(kept)
    assert recheck(verdict.to_dict()).verdict == "proved"


LATTICE_FAULTS = {
    "in a tie": ("ties : seq (nat * nat) := [:: (0, ", "ties : seq (nat * nat) := [:: (1, "),
    "in the stride": ("[:: [:: 1%:Z; 1%:Z]; ", "[:: [:: 1%:Z; 2%:Z]; "),
    "in a tap": (
        "taps : seq (seq int) := [:: [:: (- 1%:Z)%R; ",
        "taps : seq (seq int) := [:: [:: 0%:Z; ",
    ),
    "in a representative": (
        "representatives : seq (seq int) := [:: [:: 0%:Z; 0%:Z]",
        "representatives : seq (seq int) := [:: [:: 1%:Z; 0%:Z]",
    ),
}


@pytest.mark.parametrize("name", LATTICE_FAULTS)
def test_a_fault_in_a_matrix_stride_is_rejected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = LATTICE_FAULTS[name]
    text = coqlattice.lattice_text(expand_lattice(QUINCUNX))
    assert text.count(old) == 1
    monkeypatch.setattr(rocq, "lattice_text", lambda expansion: text.replace(old, new))
    with pytest.raises(KernelRejects, match="the kernel rejects"):
        prove(QUINCUNX, kernel=True)


def test_a_matrix_stride_too_large_for_unary_is_proved_without_the_kernel() -> None:
    found: Any = prove(LatticeConv(1, 1, 2, ((2,),), padding=((700, 0),)), kernel=True)
    assert (found.verdict, found.method) == ("proved", ["sets"])
    assert found.limits[0].startswith("no kernel proof: the kernel counts in unary")
    assert recheck(found.to_dict()).verdict == "proved"


@pytest.mark.parametrize("attributes", [{"groups": 2}, {"padding_mode": "reflect"}])
def test_what_the_library_has_no_theorem_of_is_said(attributes: dict[str, Any]) -> None:
    layer = LatticeConv(2, 2, 3, ((1, 1), (1, -1)), padding=1, **attributes)
    found: Any = prove(layer, (6, 5), kernel=True)
    assert (found.verdict, found.method) == ("proved", ["tables"])
    assert found.limits == (coqlattice.NO_THEOREM,)
    assert recheck(found.to_dict()).verdict == "proved"
