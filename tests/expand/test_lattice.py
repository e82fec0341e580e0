"""Strides that are integer matrices: the definition, the cosets, proofs and planted faults."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symconv
from symconv.dialect.config import read_layer
from symconv.errors import FoldError, LayerError
from symconv.expand.lattice import Cosets, LatticeExpansion, evaluate_lattice, expand_lattice
from symconv.layer.lattice import LatticeConv, determinant
from symconv.machine.budget import Budget, spending
from symconv.prove.lattice import settle_lattice
from tests.helpers.requirements import require

QUINCUNX = ((1, 1), (1, -1))
MATRICES = [QUINCUNX, ((2, 1), (0, 2)), ((2, 0), (0, 3)), ((0, 1), (1, 0)), ((-2, 1), (1, 1)),
            ((1, 0, 1), (0, 2, 0), (1, 0, -1)), ((3,),), ((-2,),)]  # fmt: skip


def random_matrix(rng: random.Random) -> tuple[tuple[int, ...], ...]:
    while True:
        rows = tuple(tuple(rng.randint(-3, 3) for _ in range(2)) for _ in range(2))
        if determinant(rows):
            return rows


def plain(layer: LatticeConv, x: Any, w: Any) -> dict[tuple[int, ...], list[int]]:
    """The definition in loops over a box of outputs that surely holds them all."""
    size, found = x.shape[1:], {}
    bound = 2 * sum(size) + 1
    for o in product(range(-bound, bound + 1), repeat=len(size)):
        v = [sum(a * p for a, p in zip(row, o, strict=True)) for row in layer.stride]
        if not all(0 <= p < n for p, n in zip(v, size, strict=True)):
            continue
        sums = [0] * len(w)
        for m, c in product(range(len(w)), range(len(x))):
            for k in product(*map(range, layer.kernel_size)):
                at = tuple(
                    p + d * t - lo
                    for p, d, t, lo in zip(v, layer.dilation, k, layer.lo, strict=True)
                )
                if all(0 <= p < n for p, n in zip(at, size, strict=True)):
                    sums[m] += int(w[(m, c, *k)]) * int(x[(c, *at)])
        found[o] = sums
    return found


@pytest.mark.parametrize("seed", range(30))
def test_definition_cosets_and_loops_agree(seed: int) -> None:
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    layer = LatticeConv(
        2, 1, (rng.randint(1, 3), rng.randint(1, 3)), random_matrix(rng),
        (rng.randint(-1, 2), rng.randint(-1, 2)), (rng.randint(1, 2), 1),
    )  # fmt: skip
    size = (rng.randint(1, 5), rng.randint(1, 5))
    x = numbers.integers(-9, 10, (2, *size))
    w = numbers.integers(-9, 10, layer.weight_shape())
    expected = plain(layer, x, w)
    assert sorted(expected) == layer.outputs(size)
    wanted = [expected[o] for o in layer.outputs(size)]
    e = expand_lattice(layer)
    assert evaluate_lattice(layer, x, w).T.tolist() == wanted
    assert e.evaluate(x, w).T.tolist() == wanted
    assert (e.fold_weight(e.expand_weight(w)) == w).all()
    assert settle_lattice(e, size).verdict == "proved"


@pytest.mark.parametrize("matrix", MATRICES)
def test_proved_at_a_size_and_for_all(matrix: Any) -> None:
    rank = len(matrix)
    layer: Any = symconv.Conv(1, 1, (3,) * rank, stride=matrix, padding=1)
    assert isinstance(layer, LatticeConv)
    e: Any = symconv.destride(layer)
    assert isinstance(e, LatticeExpansion)
    assert len(e.cosets.representatives) == abs(determinant(matrix))
    assert len(set(e.ties)) == 3**rank
    for size in ((4,) * rank, (5,) * rank, None):
        found: Any = symconv.prove(layer, size)
        assert (found.verdict, found.sizes) == ("proved", "these" if size else "all")


@pytest.mark.parametrize("fault", ["shift", "coset", "swap"])
@pytest.mark.parametrize("matrix", [QUINCUNX, ((2, 1), (0, 2))])
def test_planted_faults_are_refuted(matrix: Any, fault: str) -> None:
    e = expand_lattice(LatticeConv(1, 1, (2, 3), matrix, (1, 0)))
    ties = list(e.ties)
    (coset, q), other = ties[2], ties[3]
    if fault == "shift":
        ties[2] = (coset, (q[0] + 1, q[1]))
    elif fault == "coset":
        ties[2] = ((coset + 1) % len(e.cosets.representatives), q)
    else:
        ties[2], ties[3] = other, ties[2]
    wrong = replace(e, ties=tuple(ties))
    for size in ((6, 6), None):
        found = settle_lattice(wrong, size)
        assert found.verdict == "refuted"
        assert found.counterexample is not None
        assert found.counterexample["left_input"] != found.counterexample["right_input"]


class Planted(Cosets):
    """Cosets of the quincunx whose representatives are given, right or wrong."""

    planted: Any = ()

    @property
    def representatives(self) -> Any:
        return self.planted

    def split(self, position: Any) -> Any:
        return Cosets(self.matrix).split(position)


@pytest.mark.parametrize("planted", [((0, 0),), ((0, 0), (1, 1)), ((0, 0),) * 2])
@pytest.mark.parametrize("kernel", [(1, 1), (2, 3)])
def test_wrong_representatives_are_refuted(planted: Any, kernel: Any) -> None:
    cosets = Planted(QUINCUNX)
    object.__setattr__(cosets, "planted", planted)
    wrong = replace(expand_lattice(LatticeConv(1, 1, kernel, QUINCUNX)), cosets=cosets)
    for size in ((6, 6), None):
        found = settle_lattice(wrong, size)
        assert found.verdict == "refuted"
        assert found.counterexample is not None


def test_cosets_of_another_matrix_are_refuted() -> None:
    """The representatives are the same here; only the coarse positions differ."""
    e = expand_lattice(LatticeConv(1, 1, (3, 3), QUINCUNX, (1, 1)))
    wrong = replace(e, cosets=Cosets(((-1, -1), (1, -1))))
    assert wrong.cosets.representatives == e.cosets.representatives
    for size in ((6, 6), None):
        assert settle_lattice(wrong, size).verdict == "refuted"
    unknown = replace(e, ties=tuple((coset - 2, q) for coset, q in e.ties))
    for size in ((6, 6), None):
        assert settle_lattice(unknown, size).verdict == "refuted"


def test_a_diagonal_matrix_is_a_stride_an_axis() -> None:
    """On the box [0, N) the lattice points of diag(a, b) are ceil(N / stride) outputs an axis."""
    torch: Any = require("torch")
    layer = LatticeConv(2, 3, (3, 3), ((2, 0), (0, 3)), (1, 1))
    rng = np.random.default_rng(0)
    x, w = rng.integers(-9, 10, (2, 6, 7)), rng.integers(-9, 10, (3, 2, 3, 3))
    y = torch.nn.functional.conv2d(
        torch.from_numpy(x)[None], torch.from_numpy(w), stride=(2, 3), padding=1
    )[0]
    assert layer.outputs((6, 7)) == list(product(range(3), range(3)))
    assert evaluate_lattice(layer, x, w).reshape(3, 3, 3).tolist() == y.tolist()


@pytest.mark.parametrize(
    ("stride", "message"),
    [
        ([[1, 1], [2, 2]], "is singular; its determinant is 0"),
        ([[1, 1]], "must be square and hold integers"),
        ([[1, 0.5], [0, 1]], "must be square and hold integers"),
    ],
)
def test_matrices_that_are_no_stride(stride: Any, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        symconv.Conv(1, 1, 3, stride=stride)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"groups": 2}, "got groups"),
        ({"padding_mode": "reflect"}, "got padding_mode"),
        ({"colour": 1}, "got colour"),
        ({"in_channels": 0}, "in_channels must be an integer of at least 1, got 0"),
        ({"out_channels": 1.5}, "out_channels must be an integer of at least 1, got 1.5"),
        ({"padding": "same"}, "lo must hold 2 integers"),
    ],
)
def test_what_a_matrix_stride_does_not_take(attributes: Any, message: str) -> None:
    usual: Any = {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "stride": QUINCUNX}
    with pytest.raises(LayerError, match=message):
        symconv.Conv(**{**usual, **attributes})


def test_sizes_and_files_that_do_not_fit_are_refused_in_one_line() -> None:
    layer: Any = symconv.Conv(1, 1, 3, stride=np.array(QUINCUNX))  # type: ignore[arg-type]
    with pytest.raises(LayerError, match="the stride has 2 axes"):
        symconv.prove(layer, (4,))
    text = {"op": "conv", "in_channels": 1, "out_channels": 1, "kernel_size": 3,
            "stride": [[1, 1], [1, -1]], "input_size": [4, 4]}  # fmt: skip
    with pytest.raises(LayerError, match="is a matrix, which no layer file holds"):
        read_layer(text)


def test_small_integer_types_do_not_overflow() -> None:
    layer = LatticeConv(4, 1, (1, 1), QUINCUNX)
    x, w = np.full((4, 2, 2), 100, np.int8), np.full((1, 4, 1, 1), 100, np.int8)
    assert set(evaluate_lattice(layer, x, w).ravel().tolist()) == {40_000}
    assert set(expand_lattice(layer).evaluate(x, w).ravel().tolist()) == {40_000}


def test_a_conv_is_a_conv_still() -> None:
    conv = symconv.Conv(1, 2, 3, stride=(2, 1))
    assert type(conv) is symconv.Conv
    assert copy.deepcopy(conv) == conv
    assert replace(conv, stride=3).stride == 3
    matrix: Any = [[1, 1], [1, -1]]
    lattice = symconv.Conv(1, 1, 3, matrix)
    assert copy.deepcopy(lattice) == lattice


def test_a_kernel_that_is_no_image_does_not_fold() -> None:
    e = expand_lattice(LatticeConv(1, 1, (1, 2), QUINCUNX))
    expanded = e.expand_weight(np.ones((1, 1, 1, 2), int)) + 1
    if (e.expand_weight(np.ones((1, 1, 1, 2), int)) == 0).any():
        with pytest.raises(FoldError, match="no tap reaches"):
            e.fold_weight(expanded)


def test_a_report_shows_the_cosets(tmp_path: Path) -> None:
    layer = LatticeConv(1, 1, (2, 2), QUINCUNX)
    files = symconv.report(layer, tmp_path, name="quincunx")
    page = files.html.read_text()
    assert "Its cosets" in page
    assert "for all sizes, by sets" in page
    assert r"\begin{pmatrix} 1 & 1 \\ 1 & -1 \end{pmatrix}" in files.tex.read_text()


def test_a_query_beyond_its_bound_stays_open(
    tmp_path: Path,
) -> None:
    layer: Any = symconv.Conv(1, 1, (3, 3), stride=[[2, 1], [1, -3]], padding=1)  # type: ignore[arg-type]
    with spending(Budget(operations=50)):
        verdict: Any = symconv.prove(layer)
        page = symconv.report(layer, tmp_path).html.read_text()
    assert verdict.verdict == "undecided"
    assert "isl gave up" in verdict.reason
    assert "isl gave up" in page
