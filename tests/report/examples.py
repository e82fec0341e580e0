"""Layers of every kind, and verdicts of every kind, for the tests of reports."""

from __future__ import annotations

from dataclasses import replace

from symconv.claim import steps as st
from symconv.claim.verdict import Refuted, Verdict
from symconv.expand import Expansion, destride
from symconv.layer import AvgPool, Conv, ConvTranspose, MaxPool
from symconv.prove.tables.decide import decide_by_tables

STEM = destride(Conv(3, 64, kernel_size=7, stride=2, padding=3), (224, 224))

EXPANSIONS: dict[str, Expansion] = {
    "stem": STEM,
    "line": destride(Conv(2, 3, kernel_size=5, stride=2, padding=((2, -1),)), (13,)),
    "tied": destride(Conv(1, 1, kernel_size=3, stride=2, padding=1), (17,), factor_out=3),
    "residual": destride(
        Conv(4, 4, kernel_size=5, stride=4, groups=2), (31, 30), residual_stride=2, order="phase"
    ),
    "uneven": destride(
        Conv(2, 2, kernel_size=(3, 5), stride=(1, 3), dilation=(2, 1), padding="same"), (15, 20)
    ),
    "reflect": destride(Conv(1, 2, 3, stride=2, padding=1, padding_mode="reflect"), (9, 10)),
    "replicate": destride(Conv(1, 2, 3, stride=2, padding=2, padding_mode="replicate"), (9,)),
    "circular": destride(Conv(1, 2, 3, stride=2, padding=1, padding_mode="circular"), (9,)),
    "zero point": destride(Conv(1, 2, 3, stride=2, padding=1, padding_value=7), (9, 9)),
    "volume": destride(Conv(1, 2, kernel_size=3, stride=2, padding=1), (7, 8, 9)),
    "four axes": destride(Conv(1, 1, kernel_size=2, stride=2), (4, 4, 4, 4)),
    "transposed": destride(
        ConvTranspose(4, 2, 4, stride=2, padding=1, output_padding=1, groups=2), (7, 6)
    ),
    "gaps": destride(ConvTranspose(1, 1, kernel_size=2, stride=3), (5,)),
    "max": destride(MaxPool(3, 2, 1, channels=64), (112, 112)),
    "average": destride(AvgPool(3, 2, 1, ceil_mode=True, count_include_pad=False), (14, 15)),
    "patch": destride(Conv(3, 768, kernel_size=16, stride=16), (224, 224)),
    "audio": destride(Conv(1, 512, kernel_size=400, stride=160), (16000,)),
    "huge": destride(Conv(4096, 4096, kernel_size=7, stride=2, padding=3), (4096, 4096)),
    "plain": destride(Conv(2, 2, kernel_size=3, padding=1), (8, 8)),
}


def proved(expansion: Expansion) -> Verdict:
    """The table prover's verdict."""
    return decide_by_tables(expansion.claim())


def refuted(expansion: Expansion) -> Refuted:
    """The verdict on the same claim with the kernel mirrored on the right."""
    claim = expansion.claim()
    rank = len(claim.size)
    weights = dict(claim.weights)
    flipped = (st.Flip((rank + 1,)), *weights["w_phases"].steps)
    weights["w_phases"] = replace(weights["w_phases"], steps=flipped)
    verdict = decide_by_tables(replace(claim, weights=tuple(weights.items())))
    assert isinstance(verdict, Refuted)
    return verdict
