"""Strides that are integer matrices: the definition, the cosets, proofs and planted faults."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symconv
from symconv.claim import Claim, steps
from symconv.errors import FoldError, SymconvError
from symconv.evaluation import Difference, evaluate_sides
from symconv.expand.cosets import Cosets
from symconv.expand.lattice import LatticeExpansion, expand_lattice
from symconv.explain import script
from symconv.layer import LatticeConv
from symconv.layer.matrix import determinant
from symconv.machine.budget import Budget, spending
from symconv.prove.decide import decide
from symconv.replay.run import run_claim
from tests.helpers.requirements import require
from tests.helpers.scripts import as_stated, printed

QUINCUNX = ((1, 1), (1, -1))
SHEARED = ((2, 0), (1, 3))
MATRICES = [
    QUINCUNX,
    ((2, 1), (0, 2)),
    ((2, 0), (0, 3)),
    ((0, 1), (1, 0)),
    ((-2, 1), (1, 1)),
    ((1, 0, 1), (0, 2, 0), (1, 0, -1)),
    ((3,),),
    ((-2,),),
]
LAYER = LatticeConv(1, 1, 3, QUINCUNX, padding=1)
MODES = ["zeros", "reflect", "replicate", "circular"]


def random_matrix(rng: random.Random, rank: int) -> tuple[tuple[int, ...], ...]:
    """Unimodular times diagonal, of a determinant up to 6 in absolute value."""
    while True:
        diagonal = [rng.choice([1, 1, 2, 3, -1, -2]) for _ in range(rank)]
        rows = np.diag(diagonal)
        for _ in range(rank if rank > 1 else 0):
            i, j = rng.sample(range(rank), 2)
            rows[i] += rng.choice([-1, 1]) * rows[j]
        found = tuple(tuple(int(n) for n in row) for row in rows)
        if 0 < abs(determinant(found)) <= 6:
            return found


def random_layer(rng: random.Random, rank: int) -> LatticeConv:
    groups = rng.choice([1, 1, 2])
    return LatticeConv(
        2,
        2,
        tuple(rng.randint(1, 3 if rank < 3 else 2) for _ in range(rank)),
        random_matrix(rng, rank),
        tuple((rng.randint(-1, 2), rng.randint(0, 2)) for _ in range(rank)),
        tuple(rng.randint(1, 2) for _ in range(rank)),
        groups,
        rng.random() < 0.5,
    )


def brute_force(layer: LatticeConv, x: Any, w: Any, bias: Any) -> dict[tuple[int, ...], list[int]]:
    """The definition in loops over a box of outputs that surely holds them all; zero pads alone."""
    size, rank, pads = x.shape[1:], x.ndim - 1, np.reshape(layer.padding, (-1, 2)).tolist()
    dilations: Any = layer.dilation
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, w.shape[2:], strict=True)]
    most = [n + lo + hi - s + 1 for n, (lo, hi), s in zip(size, pads, spans, strict=True)]
    bound, found, inner = 2 * sum(most) + 1, {}, len(x) // layer.groups
    for o in product(range(-bound, bound + 1), repeat=rank):
        v = [sum(a * p for a, p in zip(row, o, strict=True)) for row in layer.stride]
        if not all(0 <= p < n for p, n in zip(v, most, strict=True)):
            continue
        sums = [int(b) for b in bias]
        for m, c, *k in np.ndindex(*w.shape):
            at = [p + d * t - lo for p, d, t, (lo, _) in zip(v, dilations, k, pads, strict=True)]
            if all(0 <= p < n for p, n in zip(at, size, strict=True)):
                channel = m // (len(w) // layer.groups) * inner + c
                sums[m] += int(w[(m, c, *k)]) * int(x[(channel, *at)])
        found[o] = sums
    return found


def on_box(layer: LatticeConv, size: tuple[int, ...], values: dict[Any, list[int]]) -> Any:
    """Values by outputs as the array of the box around them; zero elsewhere."""
    box: Any = layer.box(size)
    y = np.zeros((layer.out_channels, *(count for _, count in box)), dtype=object)
    for o, column in values.items():
        y[(slice(None), *(p - first for p, (first, _) in zip(o, box, strict=True)))] = column
    return y


def refuted(claim: Claim) -> symconv.Refuted:
    """A refutation whose counterexample replays in NumPy."""
    found = decide(claim)
    assert isinstance(found, symconv.Refuted), found
    left, right = symconv.replay(found)
    assert left != right
    return found


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("seed", range(14))
def test_definition_both_sides_and_loops_agree(seed: int, rank: int) -> None:
    rng, numbers = random.Random(100 * rank + seed), np.random.default_rng(seed)
    layer = random_layer(rng, rank)
    while True:
        size = tuple(rng.randint(1, 7 if rank < 3 else 4) for _ in range(rank))
        try:
            claim = symconv.destride(layer, size).claim()
            break
        except SymconvError:
            continue
    x, w = numbers.integers(-9, 10, (2, *size)), numbers.integers(-9, 10, layer.weight_shape())
    bias = numbers.integers(-9, 10, 2) if layer.bias else np.zeros(2, int)
    expected = brute_force(layer, x, w, bias)
    assert sorted(expected) == layer.outputs(size)
    wanted = on_box(layer, size, expected).tolist()
    tensors = {"w": w, "b": bias} if layer.bias else {"w": w}
    assert symconv.evaluate(layer, x, w, bias if layer.bias else None).tolist() == wanted
    for side in ("left", "right"):
        assert run_claim(claim, side, x, tensors).tolist() == wanted
    verdict = decide(claim)
    assert (verdict.verdict, verdict.sizes) == ("proved", "these")


@pytest.mark.parametrize("matrix", MATRICES)
def test_proved_at_a_size_and_for_all(matrix: Any) -> None:
    rank = len(matrix)
    layer = symconv.LatticeConv(1, 1, 3, stride=matrix, padding=1)
    e = symconv.destride(layer)
    assert isinstance(e, LatticeExpansion)
    assert len(e.cosets.representatives) == abs(determinant(matrix))
    assert len(set(e.ties)) == 3**rank
    for size in ((4,) * rank, (5,) * rank, None):
        found = symconv.prove(layer, size)
        assert isinstance(found, symconv.Certificate)
        assert found.sizes == ("these" if size else "all")
        assert found.method == (["tables"] if size else ["sets"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("matrix", [QUINCUNX, SHEARED])
def test_padding_modes_and_groups(matrix: Any, mode: Any) -> None:
    layer = LatticeConv(2, 4, (3, 2), matrix, ((1, 2), (0, 1)), groups=2, padding_mode=mode)
    for size in ((4, 5), None):
        verdict = symconv.prove(layer, size)
        assert isinstance(verdict, symconv.Certificate)
        assert recheck(verdict) == "proved"


def recheck(verdict: symconv.Certificate) -> str:
    require("z3")
    return symconv.recheck(json.loads(json.dumps(verdict.to_dict()))).verdict


@pytest.mark.parametrize("matrix", [QUINCUNX, SHEARED, ((3,),)])
@pytest.mark.parametrize(
    "attributes",
    [
        {"padding": 1},
        {"padding": "same"},
        {"padding": "valid", "dilation": 2},
        {"padding": 1, "padding_value": 2},
        {"padding": "same_lower", "groups": 2, "bias": False},
    ],
)
def test_certificates_are_rechecked(matrix: Any, attributes: dict[str, Any]) -> None:
    layer = LatticeConv(2, 2, 3, matrix, **attributes)
    for size in ((6,) * len(matrix), None):
        verdict = symconv.prove(layer, size, name="mine")
        assert isinstance(verdict, symconv.Certificate)
        assert verdict.claim.name == "mine"
        assert verdict.layer is not None
        assert verdict.layer["stride"] == [list(row) for row in matrix]
        assert recheck(verdict) == "proved"


def test_a_certificate_of_another_layer_is_not_rechecked() -> None:
    verdict = symconv.prove(LatticeConv(1, 1, 3, QUINCUNX, padding=1), (5, 5))
    assert isinstance(verdict, symconv.Certificate)
    assert verdict.layer is not None
    for key, value in (("stride", [[1, 1], [-1, 1]]), ("padding", [[1, 1], [2, 1]])):
        forged = replace(verdict, layer={**verdict.layer, key: value})
        assert symconv.recheck(forged.to_dict()).verdict == "refuted"


Plant = tuple[str, int, str, Any]
FAULTS: dict[str, Plant] = {
    "another coset for a tap": ("w_cosets", 0, "representatives", ((1, 1), (0, 1))),
    "the cosets swapped": ("w_cosets", 0, "representatives", ((1, 0), (1, 1))),
    "a shift": ("w_cosets", 0, "start", (0, -1)),
    "one coset twice": ("right", 0, "representatives", ((0, 0), (1, 1))),
    "another representative": ("right", 0, "representatives", ((0, 0), (1, 0))),
    "another matrix": ("right", 0, "matrix", ((-1, -1), (1, -1))),
    "another matrix for the kernel": ("w_cosets", 0, "matrix", ((1, 1), (-1, 1))),
    "outputs on another lattice": ("left", 1, "matrix", ((1, 1), (-1, 1))),
    "outputs beside the lattice": ("left", 1, "representatives", ((0, 1),)),
    "a box too narrow": ("right", 2, "size", None),
    "a box of another lattice": ("right", 2, "matrix", ((1, 1), (2, 0))),
}


def planted(claim: Claim, plant: Plant) -> Claim:
    """The claim with another value at one step."""
    where, place, name, value = plant
    if where == "w_cosets":
        weights = dict(claim.weights)
        changed = replace(weights[where].steps[place], **{name: value})
        weights[where] = replace(weights[where], steps=(changed,))
        return replace(claim, weights=tuple(weights.items()))
    side: list[Any] = list(getattr(claim, where))
    if value is None:
        value = (1, *side[place].size[1:])
    side[place] = replace(side[place], **{name: value})
    turned: dict[str, Any] = {where: tuple(side)}
    return replace(claim, **turned)


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_refuted_at_the_least_size(fault: str) -> None:
    layer = LatticeConv(1, 1, 3, QUINCUNX, padding=1)
    here = refuted(planted(expand_lattice(layer, (5, 4)).claim(), FAULTS[fault]))
    assert here.sizes == "these"
    everywhere = refuted(planted(expand_lattice(layer).claim(), FAULTS[fault]))
    assert everywhere.sizes == "all"
    least = dict(everywhere.counterexample.size)
    for size in product(range(1, 5), repeat=2):
        if size < tuple(least.values()):
            claim = planted(expand_lattice(layer).claim(), FAULTS[fault])
            assert decide(claim.at(dict(zip("HW", size, strict=True)))).verdict == "proved"


@pytest.mark.parametrize("fault", FAULTS)
def test_the_second_voice_hears_a_fault(fault: str) -> None:
    layer = LatticeConv(1, 1, 3, QUINCUNX, padding=1)
    claim = expand_lattice(layer, (5, 4)).claim()
    assert not isinstance(evaluate_sides(claim), Difference)
    assert isinstance(evaluate_sides(planted(claim, FAULTS[fault])), Difference)


def test_the_scripts_of_refutations_run_alone() -> None:
    layer = LatticeConv(1, 1, 3, QUINCUNX, padding=1)
    claim = expand_lattice(layer, (5, 4)).claim()
    found = [refuted(planted(claim, plant)) for plant in FAULTS.values()]
    for one, lines in zip(found, printed(list(map(script, found))), strict=True):
        assert as_stated(lines, one.counterexample), lines


def test_a_diagonal_matrix_is_a_stride_an_axis() -> None:
    """On the box [0, P) the lattice points of diag(a, b) are the outputs of the stride (a, b)."""
    torch: Any = require("torch")
    layer = LatticeConv(2, 3, 3, ((2, 0), (0, 3)), padding=1, bias=False)
    rng = np.random.default_rng(0)
    x, w = rng.integers(-9, 10, (2, 6, 7)), rng.integers(-9, 10, (3, 2, 3, 3))
    y = torch.nn.functional.conv2d(
        torch.from_numpy(x)[None], torch.from_numpy(w), stride=(2, 3), padding=1
    )[0]
    assert layer.outputs((6, 7)) == list(product(range(3), range(3)))
    assert symconv.evaluate(layer, x, w).tolist() == y.tolist()
    assert symconv.evaluate(layer, x[None], w)[0].tolist() == y.tolist()


def test_a_claim_of_a_matrix_and_of_strides_an_axis() -> None:
    """The diagonal lattice as a strided convolution, for all sizes: the two words mean the same."""
    lattice = symconv.destride(LatticeConv(1, 1, 3, ((2, 0), (0, 3)), padding=1)).claim()
    strided = symconv.destride(symconv.Conv(1, 1, 3, (2, 3), 1)).claim()
    claim = replace(lattice, right=strided.left)
    verdict = decide(claim)
    assert (verdict.verdict, verdict.sizes) == ("proved", "all")


def test_an_expanded_weight_folds_and_a_wrong_one_does_not() -> None:
    for matrix in (QUINCUNX, SHEARED):
        e = expand_lattice(LatticeConv(2, 2, (3, 2), matrix, dilation=(1, 2)))
        w = np.random.default_rng(0).integers(1, 10, (2, 2, 3, 2))
        expanded = e.expand_weight(w)
        assert expanded.shape == e.layer.weight_shape(2)
        assert (e.fold_weight(expanded) == w).all()
        zeros = np.argwhere(expanded == 0)
        expanded[tuple(zeros[0])] = 1
        with pytest.raises(FoldError, match="it is a structural zero"):
            e.fold_weight(expanded)


def test_ties_stand_where_the_weight_map_puts_them() -> None:
    e = expand_lattice(LatticeConv(1, 1, (2, 3), SHEARED, padding=1))
    labels, first = e.parameter_labels(), e.first_tap
    for number, (coset, q) in enumerate(e.ties):
        place = [p - f for p, f in zip(q, first, strict=True)]
        assert labels[(0, coset, *place)] == number
    assert (labels >= 0).sum() == len(e.ties)


@pytest.mark.parametrize("matrix", MATRICES)
def test_every_position_lies_in_one_coset(matrix: Any) -> None:
    cosets = Cosets(matrix)
    for v in product(range(-3, 4), repeat=len(matrix)):
        number, q = cosets.split(v)
        r = cosets.representatives[number]
        back = [sum(a * p for a, p in zip(row, q, strict=True)) for row in matrix]
        assert tuple(b + p for b, p in zip(back, r, strict=True)) == v


def test_a_report_shows_the_cosets_and_the_common_sections(tmp_path: Path) -> None:
    files = symconv.report(LAYER, tmp_path, (5, 4), name="quincunx")
    page = files.html.read_text()
    assert "Its cosets" in page
    assert "What was proved, how, and what you must trust" in page
    assert "At every size" in page
    assert r"\begin{pmatrix} 1 & 1 \\ 1 & -1 \end{pmatrix}" in files.tex.read_text()


def test_a_query_beyond_its_bound_stays_open() -> None:
    layer = symconv.LatticeConv(1, 1, 3, stride=((2, 1), (1, -3)), padding=1)
    with spending(Budget(operations=50)):
        verdict = symconv.prove(layer)
    assert isinstance(verdict, symconv.Undecided)
    assert "isl gave up" in verdict.reason


def test_sides_are_steps_that_are_read_again() -> None:
    claim = expand_lattice(LAYER).claim()
    again = symconv.read_claim(json.loads(json.dumps(claim.to_dict())))
    assert again == claim
    assert isinstance(again.left[1], steps.ReadCosets)
