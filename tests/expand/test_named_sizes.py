"""Expansions of named sizes: at any numbers they state what the expansion at these numbers does."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import symconv
from symconv import AvgPool, Conv, ConvTranspose, MaxPool
from symconv.claim import Claim
from symconv.errors import FactorError, LayerError
from symconv.expand import AxisExpansion, Expansion, destride
from symconv.layer.padding import same_pair
from symconv.layer.window import Window
from symconv.replay.run import run_claim
from symconv.size.expr import named, size_at
from symconv.size.names import axis_names
from tests.helpers.planted import random_expansion, tensors

STEM = Conv(3, 64, kernel_size=7, stride=2, padding=3)


def evaluated(claim: Claim, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Both sides at random integers, the same of one seed for all claims of these shapes."""
    values = tensors(claim, np.random.default_rng(seed))
    x = values.pop("x")
    left, right = (run_claim(claim, side, x, values) for side in ("left", "right"))
    return left, right


def at_size(e: Expansion, size: tuple[int, ...]) -> Expansion | None:
    """The expansion at this size, where it is legal."""
    try:
        return e.at(size)
    except LayerError:
        return None


def small_sizes(e: Expansion, count: int, rng: random.Random) -> list[tuple[int, ...]]:
    """Random small sizes at which the expansion exists, one of them its own."""
    drawn = [tuple(rng.randint(1, 16) for _ in e.axes) for _ in range(count)]
    return [e.input_size, *(size for size in drawn if at_size(e, size) is not None)]


@pytest.mark.parametrize("seed", range(6))
def test_at_numbers_it_states_the_same_claim(seed: int) -> None:
    rng = random.Random(seed)
    for number in range(25):
        e = random_expansion(rng, 2)
        names = axis_names(len(e.axes))
        every, claim = e.at(names), e.at(names).claim()
        assert claim.size == names
        for size in small_sizes(e, 3, rng):
            at = e.at(size)
            stated = claim.at(dict(zip(names, size, strict=True)))
            assert (stated.size, stated.left) == (at.claim().left and size, at.claim().left)
            wanted, found = evaluated(at.claim(), number), evaluated(stated, number)
            for side in (*wanted, *found):
                assert np.array_equal(side, wanted[0]), (e, size)
            assert every.at(size) == at
            agree(every, at)


def agree(every: Expansion, at: Expansion) -> None:
    """The figures of each axis are those at the numbers; so are the layer and the weight's map."""
    values = dict(zip(every.names, at.input_size, strict=True))
    for one, other in zip(every.axes, at.axes, strict=True):
        for figure in ("coarse_input", "coarse_output"):
            assert size_at(getattr(one, figure), values) == getattr(other, figure)
        assert one.first_tap <= other.first_tap
        assert other.last_tap <= one.last_tap
    assert tuple(size_at(n, values) for n in every.output_size) == at.output_size
    for read in ("layer", "weight_map"):
        try:
            found = getattr(every, read)
        except FactorError:
            continue
        assert found == getattr(at, read), (every, at)


@pytest.mark.parametrize("seed", range(4))
def test_what_depends_on_the_size_truly_does(seed: int) -> None:
    rng, refused = random.Random(seed), 0
    for _ in range(25):
        e = random_expansion(rng, 1)
        every = e.at(("N",))
        for read in ("layer", "weight_map"):
            try:
                getattr(every, read)
            except FactorError:
                numbers = [at_size(e, (n,)) for n in range(1, 80)]
                found = {repr(getattr(at, read)) for at in numbers if at is not None}
                assert len(found) > 1, (e, read)
                refused += 1
    assert refused


@pytest.mark.parametrize("size", [(224, "W"), ("H", 225), ("H", "W"), ("2*M", "M")])
def test_numbers_and_names_may_be_mixed(size: tuple[Any, ...]) -> None:
    e = destride(STEM, size)
    assert e.layer == destride(STEM, (224, 224)).layer
    assert e.claim().size == size
    verdict = symconv.prove(STEM, size)
    assert (verdict.verdict, verdict.sizes) == ("proved", "all")
    assert symconv.prove(e).verdict == "proved"
    with pytest.raises(symconv.SymconvError, match="does not take kernel"):
        symconv.prove(STEM, size, kernel=True)


def test_names_take_values_one_by_one() -> None:
    e = destride(STEM)
    assert e.names == ("H", "W")
    assert e.at({"H": 224}).names == ("W",)
    assert e.at({"H": 224}).at({"W": 224}) == destride(STEM, (224, 224))
    assert e.at({"H": "2*M", "W": named("M")}).claim().size == ("2*M", "M")
    with pytest.raises(LayerError, match="no size is named 'D'; named are H, W"):
        e.at({"D": 3})
    assert destride(Conv(1, 1, 3, 2), factor=4, factor_out=2).at((9,)).factor_in == (4,)
    with pytest.raises(LayerError, match="the factors are those of 2 axes, got 1"):
        destride(Conv(1, 1, 3, 2), factor=(4, 2), factor_out=(2, 1)).at((9,))


def test_a_layer_that_leaves_its_rank_open_takes_weights_of_any() -> None:
    e = destride(Conv(1, 1, 3, stride=2, padding=1))
    line, image = np.arange(3).reshape(1, 1, 3), np.arange(9).reshape(1, 1, 3, 3)
    assert e.expand_weight(line).shape == (1, 2, 2)
    assert e.expand_weight(image).shape == (1, 4, 2, 2)
    assert np.array_equal(e.fold_weight(e.expand_weight(line)), line)
    with pytest.raises(FactorError, match="the layer's weight has shape"):
        destride(Conv(1, 1, 3, stride=2), (9, "W")).expand_weight(line)


@pytest.mark.parametrize("name", ["same", "same_lower"])
def test_same_is_exact_at_every_residue(name: str) -> None:
    """The taps of all sizes together are those of the axis with names, and no more."""
    for stride in range(1, 10):
        for kernel in range(1, 10):
            layer = Conv(1, 1, (kernel,), stride, name)
            axes = [destride(layer, (n,)).axes[0] for n in range(1, 2 * stride + 1)]
            (axis,) = destride(layer, ("N",)).axes
            assert axis.first_tap == min(a.first_tap for a in axes)
            assert axis.last_tap == max(a.last_tap for a in axes)
            assert axis.first_block == min(a.first_block for a in axes)
            assert axis.last_block == max(a.last_block for a in axes)
            assert axis.depends_on_size == (len({(a.first_tap, a.last_tap) for a in axes}) > 1)


def test_a_stride_may_be_large() -> None:
    (axis,) = destride(Conv(1, 1, (3,), 10**8, "same"), ("N",)).axes
    assert (axis.kernel, axis.lo) == (2, 1)
    (axis,) = destride(MaxPool((10**5,), 10**4, "same"), ("N",), factor=10**4).axes
    assert axis.lows == (45_000, 49_999)
    assert (axis.first_tap, axis.last_tap) == (-5, 5)


@pytest.mark.parametrize("layer", [Conv(1, 1, (3,), 4, "same"), MaxPool((5,), 4, "same")])
def test_a_fault_at_one_residue_is_refuted(layer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """'same' off by one where the size is 3 modulo 4, in the formula with names alone."""

    def wrong(name: str, size: Any, span: Any, stride: int) -> tuple[Any, Any]:
        lo, hi = same_pair(name, size, span, stride)
        return (lo, hi) if isinstance(size, int) else (lo + size % 4 // 3, hi - size % 4 // 3)

    assert symconv.prove(layer).verdict == "proved"
    monkeypatch.setattr("symconv.layer.base.same_pair", wrong)
    claim = destride(layer, ("N",)).claim()
    monkeypatch.undo()
    found = symconv.check(claim)
    assert found.verdict == "refuted"
    assert found.counterexample.size[0][1] % 4 == 3


@pytest.mark.parametrize(
    "use",
    [
        lambda e, path: symconv.tie_graph(e),
        lambda e, path: symconv.draw(e, path / "x.svg"),
        symconv.report,
        lambda e, path: symconv.toeplitz(e.original, e.input_size),
        lambda e, path: symconv.crosscheck(e.original, e.input_size),
        lambda e, path: AvgPool(3).scales(e.input_size),
    ],
)
def test_what_needs_numbers_says_so(use: Any, tmp_path: Any) -> None:
    for size in (("N",), ("H", 9)):
        with pytest.raises(symconv.SymconvError, match=r"numbers|name an input_size"):
            use(destride(Conv(1, 1, 3, 2), size), tmp_path)


def test_an_axis_is_that_of_its_layer_for_names_too() -> None:
    e = destride(Conv(1, 1, 3, stride=2, padding="same"), ("N",))
    other = destride(Conv(1, 1, 3, stride=2, padding="same_lower"), ("N",))
    with pytest.raises(FactorError, match="axes must be the layer's at input_size=\\['N'\\]"):
        Expansion(e.original, e.input_size, other.axes)
    with pytest.raises(FactorError, match="no expanded kernel holds a low pad of"):
        _ = AxisExpansion(Window(named("N"), 3, 2, named("N") % 2), 2, 1, 1).kernel


@pytest.mark.parametrize(
    "layer", [AvgPool(3, 2, 1), ConvTranspose(1, 1, 4, 2, 1), MaxPool(3, 2, 1, ceil_mode=True)]
)
def test_a_table_of_named_sizes_is_refused_in_one_line(layer: Any) -> None:
    with pytest.raises(symconv.SymconvError, match="is named where a number is needed"):
        destride(layer, ("N",)).axes[0].window.table()
