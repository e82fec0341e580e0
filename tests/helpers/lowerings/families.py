"""Lowerings whose formulas were read in public sources, instantiated: claims and what they come to.

What is stated of each is computed here from the pads alone, by the rule of the low pad, not by the
prover.  ``python -m tests.helpers.lowerings.families`` writes them into ``proofs/lowerings``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.helpers.lowerings.layout import write

Text = dict[str, Any]
FOLDER = Path(__file__).parents[3] / "proofs" / "lowerings"


def step(op: str, **attributes: Any) -> Text:
    return {"op": op, **attributes}


def pad(*axes: tuple[int, int]) -> Text:
    return step("pad", padding=[[0, 0], *map(list, axes)])


def slices(*axes: tuple[int | None, int | None, int | None]) -> Text:
    return step("slice", slices=[[None, None, None], *map(list, axes)])


def made(*steps: Text) -> Text:
    """A weight made of ``w``."""
    return {"from": "w", "steps": list(steps)}


def claim(
    name: str,
    source: str,
    stated: bool,
    size: list[int],
    weights: Text,
    left: list[Text],
    right: list[Text],
    *,
    channels: int = 3,
    comment: str = "",
) -> Text:
    said = {"comment": comment} if comment else {}
    return {
        "name": name,
        "source": source,
        "stated": "proved" if stated else "refuted",
        **said,
        "input": {"channels": channels, "size": size},
        "weights": weights,
        "left": left,
        "right": right,
    }


def same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's 'SAME' pads, from its documentation's formula."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


MESA = (
    "Mesa, src/gallium/drivers/etnaviv: etnaviv_ml_nn.c (strided_to_normal, reshape, subsample) "
    "and etnaviv_ml_tp.c (split_reshuffle, create_reshuffle_config), which cite Kong and Lucey 2017"
)


def etnaviv(kernel: int, size: int, padding_same: bool) -> Text:
    """The driver's stride 2: blocks of the padded input, the kernel filled up behind."""
    extra = (2 if kernel == 5 else 1) if padding_same else 0
    coarse = -(-size // 2) + extra
    low = ((kernel == 5) + size % 2) if padding_same else 0
    lo, hi = same(size, kernel, 2) if padding_same else (0, 0)
    out = (size + lo + hi - kernel) // 2 + 1
    true = low == lo and coarse - -(-kernel // 2) + 1 >= out
    high = 2 * coarse - low - size
    word = "same" if padding_same else "valid"
    guarded = "" if kernel in (3, 5) else "; an older revision refuses this kernel size"
    return claim(
        f"etnaviv-stride-2-k{kernel}-{word}-{'odd' if size % 2 else 'even'}",
        MESA,
        true,
        [size, size],
        {
            "w": {"shape": [8, 3, kernel, kernel]},
            "v": made(
                step("pad", padding=[[0, 0], [0, 0], *[[0, kernel % 2]] * 2]),
                step("rearrange", pattern="o c (h a) (w b) -> o (c a b) h w", a=2, b=2),
            ),
        },
        [step("conv", weight="w", stride=2, padding=[[lo, hi]] * 2)],
        [
            pad((low, high), (low, high)),
            step("rearrange", pattern="c (h a) (w b) -> (c a b) h w", a=2, b=2),
            step("conv", weight="v"),
            slices((0, out, None), (0, out, None)),
        ],
        comment=f"restated for one core; the last step keeps the outputs asked for{guarded}",
    )


VELA = (
    "Arm ethos-u-vela, ethosu/vela/tflite_graph_optimiser.py (fixup_strided_conv) and "
    "calc_resize_factor, which names width 133, stride 14, kernel 7"
)


UNPADDED = (
    "no pad is needed, so half of the kernel's filling goes in front, where all of it belongs "
    "behind; read off the formula: whether the compiler refuses such a layer elsewhere was not "
    "established"
)


def vela_same(kernel: int, stride: int, size: int, factor: int) -> Text:
    """The compiler's width folding under 'SAME': the kernel's pads in proportion to the data's."""
    final, folded = stride // factor, size // factor
    lo, hi = same(size, kernel, stride)
    total = lo + hi
    grown = (total + (final if size % stride == 0 else folded % final)) * factor - kernel
    left = grown // total * (total // 2) if total else grown // 2
    if kernel % factor and (grown == 0 or total == 0):
        left, grown = 0, factor - kernel % factor
    taps = (kernel + grown) // factor
    new = same(folded, taps, final)
    out = (size + total - kernel) // stride + 1
    true = new[0] * factor == lo + left and (folded + sum(new) - taps) // final + 1 == out
    said = "" if true else UNPADDED
    return claim(
        f"width-folding-same-k{kernel}-s{stride}-w{size}",
        VELA,
        true,
        [1, size],
        {
            "w": {"shape": [8, 1, 1, kernel]},
            "v": made(
                step("pad", padding=[[0, 0], [0, 0], [0, 0], [left, grown - left]]),
                step("rearrange", pattern="o c h (w a) -> o (a c) h w", a=factor),
            ),
        },
        [step("conv", weight="w", stride=[1, stride], padding=[[0, 0], [lo, hi]])],
        [
            step("rearrange", pattern="c h (w a) -> (a c) h w", a=factor),
            step("conv", weight="v", stride=[1, final], padding=[[0, 0], list(new)]),
        ],
        channels=1,
        comment=said,
    )


def vela_valid(kernel: int, stride: int, size: int, factor: int) -> Text:
    """The same without pads: the kernel is filled up behind."""
    grown = -kernel % factor
    return claim(
        f"width-folding-valid-k{kernel}-s{stride}-w{size}",
        VELA,
        True,
        [1, size],
        {
            "w": {"shape": [8, 1, 1, kernel]},
            "v": made(
                step("pad", padding=[[0, 0], [0, 0], [0, 0], [0, grown]]),
                step("rearrange", pattern="o c h (w a) -> o (a c) h w", a=factor),
            ),
        },
        [step("conv", weight="w", stride=[1, stride])],
        [
            step("rearrange", pattern="c h (w a) -> (a c) h w", a=factor),
            step("conv", weight="v", stride=[1, stride // factor]),
        ],
        channels=1,
    )


METAL = (
    "tenstorrent/tt-metal, ttnn/cpp/ttnn/operations/conv/conv2d/prepare_conv2d_weights.cpp "
    "(to_folded_weight_layout)"
)


def metal_fold(kernel: int, stride: int, size: int, right: bool) -> Text:
    """Folding by the stride, the kernel padded behind by a formula that was right later."""
    grown = (stride - kernel % stride) % stride if right else kernel % stride
    taps = (kernel + grown) // stride
    out = (size - kernel) // stride + 1
    formula = "(s - k % s) % s" if right else "k % s"
    return claim(
        f"kernel-stride-fold-k{kernel}-s{stride}-{'mended' if right else 'as-it-was'}",
        METAL,
        kernel <= taps * stride,
        [size, size],
        {
            "w": {"shape": [8, 3, kernel, kernel]},
            "v": made(
                step("pad", padding=[[0, 0], [0, 0], *[[0, grown]] * 2]),
                step("slice", slices=[[None] * 3, [None] * 3, *[[0, taps * stride, None]] * 2]),
                step("rearrange", pattern="o c (h a) (w b) -> o (a b c) h w", a=stride, b=stride),
            ),
        },
        [step("conv", weight="w", stride=stride)],
        [
            step("rearrange", pattern="c (h a) (w b) -> (a b c) h w", a=stride, b=stride),
            step("conv", weight="v"),
            slices((0, out, None), (0, out, None)),
        ],
        comment=f"the kernel grows by {formula} and is divided by s, rounding down; the last step "
        "keeps the outputs that are asked for",
    )


TOSA = "llvm/llvm-project, mlir/lib/Dialect/Tosa/Transforms/TosaDecomposeTransposeConv.cpp"


def tosa_strided(
    kernel: int, stride: int, low: int, high: int, size: int = 14, mended: bool = True
) -> Text:
    """A strided transposed convolution as a stride-free one: padded, split, reversed, put together.

    ``low`` and ``high`` are TOSA's out_pad: negative ones crop.  ``mended`` reverses the kernel
    after it was padded, as the source does.
    """
    grown = -kernel % stride
    taps = (kernel + grown) // stride
    out = (size - 1) * stride + low + high + kernel
    whole = (size + taps - 1) * stride
    cut = max(0, -low)
    kept = min(whole - cut, out - max(0, low))
    behind = out - max(0, low) - kept
    reverse = step("flip", axes=[2, 3])
    grow = step("pad", padding=[[0, 0], [0, 0], *[[0, grown]] * 2])
    split = step("rearrange", pattern="i o (h a) (w b) -> (a b o) i h w", a=stride, b=stride)
    name = f"tosa-transposed-k{kernel}-s{stride}-out-pad-{low}-{high}"
    return claim(
        name if mended else f"{name}-kernel-reversed-first",
        TOSA,
        mended,
        [size, size],
        {
            "w": {"shape": [6, 4, kernel, kernel]},
            "v": made(*([grow, split, reverse] if mended else [reverse, grow, split])),
        },
        [
            step("conv_transpose", weight="w", stride=stride, padding=[[-low, 0]] * 2),
            pad((0, high), (0, high)),
        ],
        [
            step("conv", weight="v", padding=taps - 1),
            step("rearrange", pattern="(a b o) h w -> o (h a) (w b)", a=stride, b=stride),
            slices((cut, cut + kept, None), (cut, cut + kept, None)),
            pad((max(0, low), behind), (max(0, low), behind)),
        ],
        channels=6,
        comment="" if mended else "a planted fault: the order of the two steps matters",
    )


def even_low_padding(low: int) -> Text:
    """Low padding 2 under a kernel padded in front: no split of the block pads is right."""
    return claim(
        f"even-low-padding-blocks-{low}-{3 - low}",
        "MLPerf training reference, ResNet-50 and SSD stems: the kernel padded in front",
        False,
        [224, 224],
        {
            "w": {"shape": [64, 3, 7, 7]},
            "v": made(
                step("pad", padding=[[0, 0], [0, 0], [1, 0], [1, 0]]),
                step("rearrange", pattern="o c (h a) (w b) -> o (c a b) h w", a=2, b=2),
            ),
        },
        [step("conv", weight="w", stride=2, padding=[[2, 3]] * 2)],
        [
            step("rearrange", pattern="c (h a) (w b) -> (c a b) h w", a=2, b=2),
            step("conv", weight="v", padding=[[low, 3 - low]] * 2),
        ],
        comment="low padding 2 is even: a kernel padded in front fits no block padding",
    )


TOSA_NUMBERS = [
    *[(3, 2, -1, -1), (3, 2, -1, 0), (4, 2, -1, -1), (2, 2, 0, 0)],
    *[(5, 3, -2, -1), (2, 3, 0, 0), (3, 2, 0, 2), (7, 4, -3, -2)],
]
"""Kernel, stride, and the pads of the output at either end."""

FAMILIES: dict[str, tuple[Text, ...]] = {
    "etnaviv": tuple(
        etnaviv(k, n, s) for s in (True, False) for k in range(1, 10) for n in (80, 81)
    ),
    "vela": (
        *(vela_valid(k, 14, 133, 7) for k in (3, 5, 9, 14)),
        *(vela_same(k, 4, 224, 4) for k in range(4, 11)),
        *(vela_same(k, 14, 133, 7) for k in (7, 20)),
        vela_same(7, 21, 140, 7),
    ),
    "tt-metal": tuple(
        metal_fold(k, s, 24, right)
        for k, s in ((4, 3), (5, 4), (7, 4), (7, 2), (3, 2))
        for right in (False, True)
    ),
    "tosa": (
        *(tosa_strided(*numbers) for numbers in TOSA_NUMBERS),
        tosa_strided(3, 2, -1, -1, mended=False),
    ),
    "even-low-padding": tuple(map(even_low_padding, range(4))),
}


def written() -> Iterator[tuple[Path, tuple[Text, ...]]]:
    """Every file of a family and its claims."""
    for name, claims in FAMILIES.items():
        yield FOLDER / f"{name}.json", claims


if __name__ == "__main__":
    for path, claims in written():
        write(path, claims)
