"""Windows of HLO and StableHLO: XLA's numbers, with zeros inserted and pads made by hand."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import symconv
from symconv.dialect.config import Config
from symconv.dialect.files import read_layers
from symconv.dialect.pasted.base import Fault
from symconv.errors import SymconvError
from tests.helpers.refusals import expect
from tests.helpers.requirements import require
from tests.helpers.shared_data import shared_data

torch: Any = require("torch")
F = torch.nn.functional


def cut(x: Any, pads: list[tuple[int, int]], value: float = 0) -> Any:
    """Pads, of which negative ones crop."""
    return F.pad(x, [end for pair in reversed(pads) for end in pair], value=value)


def with_holes(x: Any, dilations: list[int]) -> Any:
    shape = [(n - 1) * u + 1 for n, u in zip(x.shape[2:], dilations, strict=True)]
    found = torch.zeros(*x.shape[:2], *shape).double()
    found[(..., *(slice(None, None, u) for u in dilations))] = x
    return found


def random_window(rng: random.Random, holes: bool) -> dict[str, list[Any]]:
    one = [1, 1]
    return {
        "size": [rng.randint(1, 4) for _ in one],
        "stride": one if holes else [rng.randint(1, 3) for _ in one],
        "pad": [(rng.randint(-1, 3), rng.randint(-1, 3)) for _ in one],
        "lhs_dilate": [rng.randint(2, 3) for _ in one] if holes else one,
        "rhs_dilate": [rng.randint(1, 2) for _ in one],
        "rhs_reversal": [rng.randint(0, 1)] * 2,
    }


def hlo_of(window: dict[str, list[Any]], size: tuple[int, ...], groups: int) -> str:
    words = " ".join(
        f"{key}=" + "x".join(f"{v[0]}_{v[1]}" if key == "pad" else str(v) for v in values)
        for key, values in window.items()
    )
    kernel = ",".join(map(str, window["size"]))
    return (
        f"%c = f32[1,4,?,?]{{3,2,1,0}} convolution(f32[1,2,{size[0]},{size[1]}]{{3,2,1,0:T(8,128)}}"
        f" %x, f32[{kernel},{2 // groups},4] %w), window={{{words}}}, dim_labels=bf01_01io->bf01, "
        f"feature_group_count={groups}"
    )


def stablehlo_of(window: dict[str, list[Any]], size: tuple[int, ...], groups: int) -> str:
    def array(key: str) -> str:
        return ", ".join(map(str, window[key]))

    pads = ", ".join(f"[{lo}, {hi}]" for lo, hi in window["pad"])
    reverse = ", ".join(str(bool(r)).lower() for r in window["rhs_reversal"])
    kernel = "x".join(map(str, window["size"]))
    return (
        '%0 = "stablehlo.convolution"(%x, %w) <{batch_group_count = 1 : i64, dimension_numbers = '
        "#stablehlo.conv<[b, f, 0, 1]x[0, 1, i, o]->[b, f, 0, 1]>, "
        f"feature_group_count = {groups} : i64, lhs_dilation = array<i64: {array('lhs_dilate')}>, "
        f"padding = dense<[{pads}]> : tensor<2x2xi64>, "
        f"rhs_dilation = array<i64: {array('rhs_dilate')}>, "
        f"window_reversal = array<i1: {reverse}>, "
        f"window_strides = array<i64: {array('stride')}>}}> : "
        f"(tensor<1x2x{size[0]}x{size[1]}xf32>, tensor<{kernel}x{2 // groups}x4xf32>) "
        "-> tensor<1x4x?x?xf32>"
    )


@pytest.mark.parametrize("write", [hlo_of, stablehlo_of])
@pytest.mark.parametrize("holes", [False, True])
def test_convolutions(write: Any, holes: bool) -> None:
    rng, seen = random.Random(int(holes)), 0
    for _ in range(60):
        window, groups = random_window(rng, holes), rng.choice([1, 2])
        size = (rng.randint(5, 9), rng.randint(5, 9))
        try:
            (config,) = read_layers(write(window, size, groups))
        except SymconvError as fault:
            expect(fault, "no output position")
            continue
        assert isinstance(config, Config)
        assert config.input_size == size
        x = torch.randint(-4, 5, (2, *size)).double()
        w = torch.randint(-3, 4, (4, 2 // groups, *window["size"])).double()
        kernel = w.flip(2, 3) if window["rhs_reversal"][0] else w
        signal = cut(with_holes(x[None], window["lhs_dilate"]), window["pad"])
        wanted = F.conv2d(signal, kernel, None, window["stride"], 0, window["rhs_dilate"], groups)
        own = kernel
        if holes:  # the layer's kernel is mirrored, and lies the other way round
            own = kernel.flip(2, 3).reshape(groups, 4 // groups, 2 // groups, *window["size"])
            own = own.transpose(1, 2).reshape(2, 4 // groups, *window["size"])
        found = symconv.evaluate(config.windowed(""), x.numpy(), own.numpy())
        assert np.array_equal(found, wanted[0].numpy()), window
        seen += 1
    assert seen > 40


POOL = """
region_0.1 {{
  a = f32[] parameter(0)
  b = f32[] parameter(1)
  ROOT c = f32[] {reducer}(a, b)
}}

ENTRY main {{
  x = f32[1,{size},2] parameter(0)
  init = f32[] constant({initial})
  ROOT p = f32[1,{output},2] reduce-window(x, init), window={{size=1x{k}x1 stride=1x{s}x1 \
pad=0_0x{lo}_{hi}x0_0 rhs_dilate=1x{d}x1}}, to_apply=region_0.1
}}
"""


@pytest.mark.parametrize("reducer", ["maximum", "add"])
def test_reductions(reducer: str) -> None:
    rng = random.Random(reducer)
    initial = {"maximum": float("-inf"), "add": 0.0}[reducer]
    for _ in range(40):
        k, s, d, lo, hi = (rng.randint(*ends) for ends in ((2, 4), (1, 3), (1, 2), (0, 3), (0, 3)))
        x = torch.randint(-4, 5, (2, rng.randint(7, 12))).double()
        signal = cut(x[None], [(lo, hi)], initial)[0]
        windows = signal.unfold(1, d * (k - 1) + 1, s)[..., ::d]
        wanted = windows.amax(-1) if reducer == "maximum" else windows.sum(-1)
        numbers = {"k": k, "s": s, "d": d, "lo": lo, "hi": hi, "reducer": reducer}
        text = POOL.format(size=x.shape[1], output=wanted.shape[1], initial=initial, **numbers)
        (config,) = read_layers(text)
        assert isinstance(config, Config)
        assert np.array_equal(symconv.evaluate(config.windowed(""), x.numpy()), wanted.numpy())
        with pytest.raises(SymconvError, match=r"outputs, and its window gives"):
            read_layers(text.replace(f"f32[1,{wanted.shape[1]},2] reduce", "f32[1,99,2] reduce"))


@pytest.mark.parametrize("name", ["jax_hlo.txt", "jax_stablehlo.mlir"])
def test_an_exported_function(name: str) -> None:
    layers = read_layers(shared_data(f"dialects/{name}"))
    assert [getattr(entry, "output_size", entry) for entry in layers] == [
        (29, 31),
        (15, 16),
        (7, 8),
    ]
    first, _, last = (entry.windowed("") for entry in layers if isinstance(entry, Config))
    assert (first.in_channels, first.out_channels) == (3, 8)
    assert (last.channel_groups, last.per_axis("padding", 2)) == (8, ((1, 0), (1, 0)))


def test_windows_alone() -> None:
    (config,) = read_layers("window={size=7x7 stride=2x2 pad=3_3x3_3}", (224, 224))
    assert isinstance(config, Config)
    assert config.output_size == (112, 112)
    assert "1 in, 1 out: not stated" in config.name
    first, second = read_layers("window={size=3}\nwindow={size=2 strode=2}", (9,))
    assert isinstance(first, Config)
    assert isinstance(second, Fault)
    assert "did you mean 'stride'?" in second.message


def test_free_sizes_are_names() -> None:
    text = stablehlo_of(random_window(random.Random(1), False), (9, 9), 1).replace("9x9", "?x?")
    (config,) = read_layers(text.replace("-1", "1"))
    assert isinstance(config, Config)
    assert config.for_all_sizes


REFUSED = {
    "window={stride=2x2}": "a window needs its size",
    "window={size=3x3 stride=2}": "a window of 2 axes has stride='2'",
    "window={size=3xa}": "expected an integer, got 'a'",
    "window={size=3 stride=2 lhs_dilate=2}": "together are not read",
    "%r = f32[4] reduce-window(x, y), window={size=3}, to_apply=r.1": "paste that too",
    "%c = f32[1] convolution(x, y), window={size=3}, dim_labels=b0f_0io->b0f, "
    "batch_group_count=2": "sums over the batch",
    "%c = f32[1] convolution(x, y), window={size=3}": "dim_labels must be",
    POOL.format(reducer="minimum", initial="inf", size=9, output=3, k=3, s=3, lo=0, hi=0, d=1): (
        "a reduction by 'minimum'"
    ),
    POOL.format(reducer="maximum", initial="0", size=9, output=3, k=3, s=3, lo=0, hi=0, d=1): (
        "its initial value 0 is not the identity of maximum"
    ),
    "%0 = stablehlo.convolution(%x, %w)": "its types are missing",
    "%0 = stablehlo.add %x, %w": "holds no convolution",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_what_is_not_read_is_named(text: str, said: str) -> None:
    with pytest.raises(SymconvError, match="HLO") as caught:
        read_layers(text, (9,))
    assert said in str(caught.value)
