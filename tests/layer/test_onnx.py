"""Poolings by ONNX's rules as layers: what each reader makes of them, against ONNX's text."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv import AvgPool, MaxPool, crosscheck, destride, evaluate, prove, recheck
from symconv.claim import Claim
from symconv.claim.verdict import Certificate
from symconv.dialect.config import Config, layer_to_dict, read_layer
from symconv.dialect.files import read_layers
from symconv.dialect.shorthand import read_shorthand, to_shorthand
from symconv.errors import ContradictionError, LayerError, SymconvError
from symconv.layer import AnyLayer, counting, pool
from symconv.layer.window import Window
from symconv.prove.kernel.theorem import LIMIT
from symconv.replay.run import run_claim
from tests.helpers.forging import plain, signed
from tests.helpers.onnx_pools import Array, NoMean, Text, pooled, random_text, samples
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

ONNX: Text = {"legality": "onnx"}
FAR = AvgPool(3, 2, 3, dilation=2, **ONNX)
ALONE = AvgPool(3, 2, 3, count_include_pad=False, dilation=2, **ONNX)


def meant(text: Text, x: Array) -> Array | None:
    """What ONNX's text says; None where it says nothing."""
    try:
        return pooled(x, text)
    except NoMean:
        return None


def cases(seed: int, count: int, ranks: tuple[int, ...] = (1, 2)) -> Iterator[tuple[Text, Array]]:
    """So many poolings and inputs, legal or not."""
    rng = random.Random(seed)
    for _ in range(count):
        text = random_text(rng, rng.choice(ranks))
        size = tuple(rng.randint(1, 9) for _ in text["stride"])
        yield text, samples(rng, text["in_channels"], size)


def config_of(text: Text, x: Array) -> Config | None:
    """The layer on an input's size; None where it is refused."""
    try:
        return read_layer({**text, "input_size": list(x.shape[1:])})
    except LayerError as fault:
        expect(fault)
        return None


def expect(fault: LayerError) -> None:
    """Let no other refusal pass than those of windows."""
    words = ("counts no sample", "start behind the input", "no output position")
    if not any(word in str(fault) for word in words):
        raise fault


def count_agreeing(seed: int, count: int) -> int:
    """How many random poolings there are that symconv takes: the legal ones, with ONNX's values."""
    seen = 0
    for text, x in cases(seed, count):
        config, wanted = config_of(text, x), meant(text, x)
        assert (config is None) == (wanted is None), text
        if config is not None and wanted is not None:
            assert evaluate(config.windowed(""), x).tolist() == wanted.tolist(), text
            seen += 1
    return seen


def test_layers_are_those_of_onnx_s_text() -> None:
    assert count_agreeing(1, 800) > 200


def test_every_engine_and_every_stranger_agree_at_a_size() -> None:
    seen = 0
    for text, x in cases(2, 250):
        if (config := config_of(text, x)) is None:
            continue
        layer = config.windowed("")
        verdict = prove(layer, x.shape[1:])
        assert verdict.verdict == "proved", text
        assert recheck(verdict.to_dict()).verdict == "proved", text
        wanted = meant(text, x)
        assert wanted is not None
        assert sides(verdict.claim, x) == [wanted.tolist()] * 2
        seen += 1
    assert seen > 60


def sides(claim: Claim, x: Array) -> list[Any]:
    """Both sides of an expansion's claim, replayed."""
    return [run_claim(claim, side, x, {}).tolist() for side in ("left", "right")]


def names_agree(layer: AnyLayer, sizes: range) -> int:
    """How many sizes a named one may be: exactly those that the layer takes as numbers."""
    (window,) = layer.windows(("N",))
    conditions = [requirement.condition for requirement in window.requirements]
    legal = [n for n in sizes if all(condition.holds({"N": n}) for condition in conditions)]
    assert legal == [n for n in sizes if takes(layer, n)], layer
    return len(legal)


def takes(layer: AnyLayer, size: int) -> bool:
    try:
        return bool(layer.output_size((size,)))
    except LayerError:
        return False


def open_layers(seed: int, count: int) -> Iterator[AnyLayer]:
    """Layers of one axis that take some size."""
    rng = random.Random(seed)
    for _ in range(count):
        text = random_text(rng, 1)
        padding = rng.choice([None, None, "same", "same_lower"])
        given = {**text, "padding": padding or text["padding"], "input_size": [40]}
        try:
            yield read_layer(given).windowed("")
        except LayerError as fault:
            expect(fault)


def test_a_named_size_may_be_what_a_number_may() -> None:
    found = [names_agree(layer, range(1, 30)) for layer in open_layers(3, 300)]
    assert len(found) > 180
    assert sum(count < 29 for count in found) > 30


def test_layers_are_proved_for_all_sizes() -> None:
    spoken = 0
    for layer in open_layers(4, 40):
        verdict = prove(layer, ("N",))
        assert verdict.verdict == "proved", (layer, verdict)
        again = recheck(verdict.to_dict())
        assert again.verdict != "refuted", (layer, again)
        spoken += again.verdict == "proved"
    assert spoken > 15


@pytest.mark.parametrize("layer", [FAR, ALONE, replace(FAR, ceil_mode=True)])
def test_two_and_three_axes_are_proved_for_all_sizes(layer: AvgPool) -> None:
    for names in (("H", "W"), ("D", "H", "W")):
        verdict = prove(layer, names)
        assert (verdict.verdict, verdict.sizes) == ("proved", "all")


def swapped(window: Window, padding: Any, *, with_pads: bool) -> tuple[Any, Any]:
    """A count of the other rule."""
    return counting.counted_ends(window, padding, with_pads=not with_pads)


def with_the_tail(window: Window, padding: Any, *, with_pads: bool) -> tuple[Any, Any]:
    """A count of what ceil_mode's last window hangs over, too."""
    first, end = counting.counted_ends(window, padding, with_pads=with_pads)
    return (first, window.size + window.hi) if with_pads else (first, end)


def as_if_near(window: Window, ends: tuple[Any, Any], o: Any) -> Any:
    """A count of samples where taps are to be counted."""
    return counting.counted_taps(replace(window, dilation=1, also=()), ends, o)


PLANTED = {
    "pads": ("counted_ends", swapped),
    "tail": ("counted_ends", with_the_tail),
    "dilation": ("counted_taps", as_if_near),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_wrong_count_is_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ONNX's text, by the second voice, and by the rechecker of a certificate without it."""
    monkeypatch.setattr(pool, *PLANTED[fault])
    with pytest.raises((AssertionError, ZeroDivisionError)):
        count_agreeing(1, 800)
    layer = AvgPool(3, 2, 3, ceil_mode=True, dilation=2, legality="onnx")
    with pytest.raises(ContradictionError):
        prove(layer, (8,))
    with pytest.raises(ContradictionError):
        prove(layer, ("N",))


FORGED: list[tuple[Text, int]] = [
    ({"dilation": [1]}, 8),
    ({"divisor_override": 4}, 8),
    ({"count_include_pad": False}, 8),
    ({"ceil_mode": True}, 8),
    ({"padding": [[3, 2]]}, 9),
    ({"padding": [[2, 3]]}, 8),
]
"""What a layer is changed by in its certificate, and a size at which it is another one then."""


@pytest.mark.parametrize(("change", "size"), FORGED)
def test_a_certificate_of_another_layer_is_not_believed(change: Text, size: int) -> None:
    verdict = prove(FAR, (size,))
    assert isinstance(verdict, Certificate)
    text = plain(verdict.to_dict())
    assert recheck(text).verdict == "proved"
    forged = signed({**text, "layer": {**text["layer"], **change}})
    assert recheck(forged).verdict == "refuted"


def test_a_certificate_by_torch_s_rules_is_refused() -> None:
    verdict = prove(FAR, (8,))
    assert isinstance(verdict, Certificate)
    text = plain(verdict.to_dict())
    forged = signed({**text, "layer": {**text["layer"], "legality": "torch"}})
    with pytest.raises(SymconvError, match="no dilation"):
        recheck(forged)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_frameworks_pad_wide_poolings_in_a_step_of_their_own(backend: str) -> None:
    require(backend)
    seen = 0
    for text, x in cases(5, 80):
        if (config := config_of(text, x)) is not None:
            observed = crosscheck(config.windowed(""), x.shape[1:], backend=backend)
            assert observed.equal, text
            assert observed.reference == f"{backend}, padded in a step of its own"
            seen += 1
    assert seen > 20


def test_the_kernel_says_what_it_does_not_know() -> None:
    for layer, what in ((FAR, "dilation"), (replace(FAR, divisor_override=5), "divisor_override")):
        verdict = prove(layer, (9,), kernel=True)
        assert isinstance(verdict, Certificate)
        assert f"no kernel proof: the library's means have no {what}" in verdict.limits
        assert recheck(verdict).verdict == "proved"


@pytest.mark.parametrize("change", [{"dilation": 2}, {"divisor_override": 5}])
def test_what_the_kernel_does_not_know_is_no_fact_of_its(change: Text) -> None:
    """A certificate that names Coq for a layer that its library has no theorem of."""
    near = certified(AvgPool(3, 2, 3, **ONNX))
    text = certified(AvgPool(3, 2, 3, **ONNX, **change))
    law = "for every field and every input, divided by the samples that its windows count"
    about = (
        "every output of this layer, of input 9, is that output of its expansion on arrays of "
        f"phases, {law}; and these numbers at any size"
    )
    fact = {"method": "kernel", "about": about, "figures": {"coq": "8.16.1", "seconds": 0.5}}
    assert recheck(with_fact(near, fact)).verdict == "proved"
    with pytest.raises(SymconvError, match="the kernel's library has no means with"):
        recheck(with_fact(text, fact))


def certified(layer: AvgPool) -> Text:
    """The text of a layer's certificate at nine samples."""
    verdict = prove(layer, (9,))
    assert isinstance(verdict, Certificate)
    text: Text = plain(verdict.to_dict())
    return text


def with_fact(text: Text, fact: Text) -> Text:
    """A certificate with the kernel's fact and its limit, signed again."""
    method = [*text["method"], fact["method"]]
    return signed({**text, "facts": [*text["facts"], fact], "method": method, "limits": [LIMIT]})


@pytest.mark.parametrize("what", ["dilation", "divisor_override"])
def test_a_limit_of_another_average_is_refused(what: str) -> None:
    text = certified(AvgPool(3, 2, 3, **ONNX))
    limit = f"no kernel proof: the library's means have no {what}"
    with pytest.raises(SymconvError, match="has the limit"):
        recheck(signed({**text, "limits": [limit]}))


def test_texts_are_read_back() -> None:
    for text, x in cases(6, 200, (1, 2, 3)):
        if (config := config_of(text, x)) is not None:
            assert read_layer(config.to_dict()) == config
            again = read_shorthand(to_shorthand(config))
            assert again.to_dict() == {**config.to_dict(), "name": again.name}


def test_what_goes_without_saying_is_not_said() -> None:
    for layer in (MaxPool(3), AvgPool(3)):
        assert not {"legality", "divisor_override"} & set(layer_to_dict(layer))
    assert "dilation" not in layer_to_dict(AvgPool(3))
    assert layer_to_dict(MaxPool(3, **ONNX))["legality"] == "onnx"
    assert layer_to_dict(FAR, (9,))["dilation"] == [2]
    (step,) = destride(AvgPool(3), (9,)).claim().to_dict()["left"]
    assert not {"legality", "dilation", "divisor_override"} & set(step)


def test_a_file_asks_by_name(tmp_path: Path) -> None:
    path = tmp_path / "wide.toml"
    path.write_text(
        'op = "avg_pool"\nkernel_size = 2\npadding = 2\ndivisor_override = 3\n'
        'legality = "onnx"\ninput_size = [5]\n'
    )
    (config,) = read_layers(str(path))
    assert isinstance(config, Config)
    assert config.layer == AvgPool(2, padding=2, divisor_override=3, **ONNX)
    assert config.output_size == (4,)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"legality": "caffe"}, "legality must be 'torch' or 'onnx', got 'caffe'"),
        ({"dilation": 2}, 'no dilation, got dilation=2; ask for ONNX\'s rules: "legality": "onnx"'),
        ({"divisor_override": 2}, "no divisor_override, got divisor_override=2; ask for ONNX"),
        ({"divisor_override": 0, **ONNX}, "divisor_override must be an integer of at least 1"),
    ],
)
def test_what_these_rules_do_not_know_is_refused(attributes: Text, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        AvgPool(3, **attributes)


@pytest.mark.parametrize(
    ("layer", "size"), [(MaxPool(3, padding=2), (9,)), (AvgPool(3, 1, 1), (2, 9, 9))]
)
def test_a_refusal_by_torch_s_rules_names_the_way_out(layer: Any, size: tuple[int, ...]) -> None:
    with pytest.raises(LayerError, match='or ask for ONNX\'s rules: "legality": "onnx"'):
        layer.windows(size)
    with pytest.raises(LayerError, match=r"avg_pool has no attribute 'dilation'.*ask for ONNX"):
        read_layer({"op": "avg_pool", "kernel_size": 2, "dilation": 1, "input_size": [4]})


def test_an_average_may_be_larger_than_its_input() -> None:
    assert prove(AvgPool(3, 1, 1, **ONNX), (2, 2, 2)).verdict == "proved"
    with pytest.raises(LayerError, match="counts no sample"):
        prove(AvgPool(2, padding=2, count_include_pad=False, **ONNX), (9,))


def test_onnx_s_rules_are_torch_s_where_both_take_a_layer() -> None:
    for layer in (MaxPool(3, 2, 1, True), AvgPool(3, 2, 1, True), AvgPool(2, 3, 1)):
        wide = replace(layer, legality="onnx")
        x = np.arange(-5, 6)[None]
        assert evaluate(layer, x, rank=1).tolist() == evaluate(wide, x, rank=1).tolist()
