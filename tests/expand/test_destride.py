"""Expansions as their users make them: with and without a size, folded back, refused."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

import symconv
from symconv import AvgPool, Conv, ConvTranspose, MaxPool
from symconv.claim.verdict import Certificate
from symconv.errors import FactorError, FoldError, SymconvError, TooLarge
from symconv.expand import destride
from symconv.expand.reduced import matrix_entries, stand_in
from tests.helpers.planted import random_expansion

STEM = Conv(3, 64, kernel_size=7, stride=2, padding=3)


def test_the_size_may_stay_open() -> None:
    e = symconv.destride(STEM)
    assert e.names == ("H", "W")
    assert e.factor_in == (2, 2)
    assert e.factor_out == (1, 1)
    assert e.layer == e.at((224, 224)).layer == e.at((225, 31)).layer
    assert e.weight_map == e.at((224, 224)).weight_map
    assert e.input_map == e.at((224, 224)).input_map
    assert symconv.prove(e, input_size=(224, 224)).verdict == "proved"
    open_verdict = symconv.prove(e)
    assert (open_verdict.verdict, open_verdict.sizes) == ("proved", "all")


@pytest.mark.parametrize(
    "layer",
    [
        Conv(2, 3, kernel_size=5, stride=3, padding=1),
        Conv(2, 3, kernel_size=2, stride=3, dilation=2),
        ConvTranspose(2, 3, kernel_size=4, stride=2, padding=1),
        MaxPool(3, stride=2, padding=1),
        AvgPool(2, stride=2),
    ],
)
def test_what_is_read_of_an_open_expansion_holds_at_every_size(layer: symconv.Conv) -> None:
    e = symconv.destride(layer)
    try:
        found = e.layer
    except FactorError:
        layers = {repr(e.at((n, 20)).layer.padding) for n in range(20, 60)}
        assert len(layers) > 1
        return
    for n in range(20, 60):
        assert e.at((n, n + 1)).layer == found


def test_a_padding_that_depends_on_the_size_is_not_guessed() -> None:
    e = symconv.destride(Conv(1, 1, 3, stride=2, padding="same"))
    with pytest.raises(FactorError, match="layer depends on the input size; name one"):
        _ = e.layer
    assert e.at((8, 9)).layer.padding == ((0, 1), (1, 0))


def test_weights_are_expanded_and_folded_without_a_size() -> None:
    e, w = symconv.destride(STEM), np.arange(64 * 3 * 49).reshape(64, 3, 7, 7)
    expanded = e.expand_weight(w)
    assert expanded.shape == (64, 12, 4, 4)
    assert np.array_equal(e.fold_weight(expanded), w)


def test_folding_inverts_expanding() -> None:
    rng = random.Random(2)
    for seed in range(60):
        e = random_expansion(rng)
        w = np.random.default_rng(seed).integers(1, 99, e.weight_shape)
        assert np.array_equal(e.fold_weight(e.expand_weight(w)), w)


def test_a_kernel_that_is_no_image_is_refused_at_its_first_slot() -> None:
    e = destride(Conv(1, 1, kernel_size=3, stride=2, padding=1), (8,), factor_out=2)
    expanded = e.expand_weight(np.array([[[5, 6, 7]]]))
    labels = e.parameter_labels()
    tied = [tuple(i) for i in np.argwhere(labels == labels[labels >= 0][0]).tolist()]
    expanded[tied[1]] += 1
    with pytest.raises(FoldError, match=r"both hold the parameter w\[0, 0, \d\]") as fault:
        e.fold_weight(expanded)
    assert str(list(tied[0])) in str(fault.value)
    expanded[tied[1]] -= 1
    zero = tuple(np.argwhere(labels < 0)[0])
    expanded[zero] = 1
    with pytest.raises(FoldError, match="holds 1, but it is a structural zero"):
        e.fold_weight(expanded)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factor": 3}, r"E_in \* u \* t == E_out \* s"),
        ({"factor": 3, "residual_stride": 3}, r"E_in \* u \* t == E_out \* s"),
        ({"factor": 0}, "factor must be a positive integer"),
        ({"factor_out": (1, 2, 3)}, "one per axis of 2"),
        ({"order": "crd"}, "order must be 'channel' or 'phase', got 'crd'"),
    ],
)
def test_bad_factors_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(FactorError, match=message):
        destride(Conv(1, 1, 3, stride=2), (9, 9), **{"residual_stride": 1, **options})


def test_a_stand_in_keeps_the_geometry() -> None:
    rng = random.Random(4)
    for _ in range(60):
        e = random_expansion(rng)
        small = stand_in(e)
        assert small.layer.padding == e.layer.padding
        assert small.layer.kernel_size == e.layer.kernel_size
        assert (small.factor_in, small.factor_out) == (e.factor_in, e.factor_out)
        assert matrix_entries(small) <= matrix_entries(e)
        assert isinstance(symconv.prove(small), Certificate)


def test_what_was_not_established_is_said() -> None:
    stem = symconv.prove(STEM, (224, 224))
    pool = symconv.prove(MaxPool(3, stride=2, padding=1), (8, 8))
    own = symconv.prove(Conv(1, 1, 3, stride=2), (9,))
    assert isinstance(stem, Certificate)
    assert isinstance(pool, Certificate)
    assert isinstance(own, Certificate)
    assert "a stand-in's" in stem.limits[0]
    assert pool.limits == ("no SymPy identity: a maximum is no linear map and has no matrix",)
    assert own.limits == ()
    assert own.method == ["tables", "sympy"]


def test_a_verdict_is_not_a_bool() -> None:
    with pytest.raises(TypeError, match="The truth value of a Certificate is undefined"):
        bool(symconv.prove(STEM, (224, 224)))


def test_an_expansion_holds_its_layers_own_axes() -> None:
    layer = Conv(1, 1, 3, stride=2, padding=1)
    expansion = symconv.destride(layer, (8,))
    axis, tap = expansion.axes[0], cast(Any, "tap")
    others = [
        symconv.destride(Conv(1, 1, 3, stride=2, padding=2), (8,)).axes,
        symconv.destride(Conv(1, 1, 3, stride=2, padding=1), (9,)).axes,
        symconv.destride(Conv(1, 1, 3, stride=2, padding=1, dilation=2), (8,)).axes,
        symconv.destride(Conv(1, 1, 5, stride=2, padding=1), (8,)).axes,
        (replace(axis, window=replace(axis.window, reversal=True)),),
        (axis, axis),
        (),
    ]
    for axes in others:
        with pytest.raises(SymconvError, match="axes must be the layer's"):
            replace(expansion, axes=axes)
    with pytest.raises(SymconvError, match="axes must be the layer's"):
        replace(expansion, input_size=(10,))
    with pytest.raises(SymconvError, match="axes must be the layer's"):
        replace(expansion, original=Conv(1, 1, 3, stride=2))
    with pytest.raises(SymconvError, match="order must be 'channel' or 'phase'"):
        replace(expansion, order=tap)
    assert replace(expansion, order="phase").claim().left == expansion.claim().left


def test_a_tie_map_is_bounded_before_it_is_made() -> None:
    expansion = symconv.destride(Conv(1, 1, 10**8, stride=2), (10**9,))
    with pytest.raises(TooLarge, match="tie map needs 100,000,000 table entries, about 5 GB"):
        _ = expansion.axes[0].taps
