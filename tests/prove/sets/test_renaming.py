"""Formulas whose equal indices go by one name say what they said before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from symconv import AvgPool, Conv, ConvTranspose, MaxPool, destride
from symconv.claim import Claim
from symconv.errors import SymconvError
from symconv.prove.sets import blocks
from symconv.prove.sets.blocks import Sizes
from symconv.prove.sets.decide import decide_by_sets
from symconv.prove.sets.formulas import Formula, Index, Text
from symconv.prove.sets.renaming import written_shortly
from tests.catalogue.cases import CASES

Call = tuple[Sequence[Formula], list[Index], Mapping[int, Index], Sequence[str]]

LAYERS: list[Any] = [
    Conv(3, 8, 7, 2, 3),
    Conv(4, 4, 3, 2, 2, dilation=2, groups=2),
    Conv(2, 2, 3, 2, 1, padding_mode="circular"),
    Conv(2, 2, 3, 2, "same"),
    ConvTranspose(4, 6, 4, 2, 1),
    MaxPool(3, 2, 1, channels=3),
    AvgPool(2, 2, channels=3, ceil_mode=True),
]


def plainly(tables: Sequence[Formula], legs: Iterable[Index], out: Mapping[int, Index]) -> str:
    """The same formula, every index by its own name."""
    parts = [f"_p{place} = {leg.name}" for place, leg in out.items()]
    parts += [table.formula for table in tables] + [leg.bounds for leg in legs]
    return " and ".join(f"({part})" for part in parts) or "0 = 0"


def claims() -> list[Claim]:
    named = [case.claim for case in CASES if case.stated != "error" and case.claim.names]
    return [*(destride(layer, ("N",)).claim() for layer in LAYERS), *named[::3]]


def test_both_ways_of_writing_have_one_support(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Call] = []

    def noted(tables: Any, legs: Any, out: Any, more: Any) -> str:
        calls.append((tables, list(legs), out, more))
        return written_shortly(tables, legs, out, more)

    monkeypatch.setattr(blocks, "written_shortly", noted)
    seen: dict[tuple[str, str], int] = {}
    for claim in claims():
        calls.clear()
        try:
            decide_by_sets(claim)
        except SymconvError:
            continue
        for tables, legs, out, more in calls:
            texts = plainly(tables, legs, out), written_shortly(tables, legs, out, ())
            if not more and texts not in seen:
                seen[texts] = len(seen)
                assert_same(*texts, list(out), claim.names)
    assert len(seen) > 100


def assert_same(plain: str, short: str, places: list[int], names: tuple[str, ...]) -> None:
    kept = [f"_p{place}" for place in places]
    one, other = (
        Sizes(names).map(kept, sorted(set(re.findall(stem, text))), text)
        for text, stem in ((plain, r"\b_i\d+\b"), (short, r"\b_e\d+\b"))
    )
    assert one.domain().is_equal(other.domain()), (plain, short)
    assert one.is_single_valued() == other.is_single_valued(), (plain, short)


def test_indices_that_are_equal_in_turn_go_by_one_name() -> None:
    sizes: list[Text] = [4, 5, 6, "N"]
    legs = [Index(size, f"_i{n}") for n, size in enumerate(sizes)]
    equal = [Formula((legs[n], legs[n + 1]), f"_i{n} = _i{n + 1}") for n in (2, 0, 1)]
    found = written_shortly(equal, legs, {1: legs[3], 2: legs[0]}, ["_v = 2*_i1"])
    ranges = " and ".join(f"(0 <= _p1 < {leg.size})" for leg in legs)
    assert found == f"(_p2 = _p1) and {ranges} and (_v = 2*_p1)"
