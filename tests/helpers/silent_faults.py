"""Faults planted in what the engines share, each with a claim that is proved where it is in."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from symconv.prove.tables.compare import Difference
from symconv.relation.indices import Gather, Leg, Slide
from symconv.relation.maps import AxisMap, Piece

Text = dict[str, Any]
Patch = Callable[[pytest.MonkeyPatch], None]


def module(name: str) -> Any:
    return importlib.import_module(f"symconv.{name}")


def put(name: str, attribute: str, value: Any) -> Patch:
    """A patch that puts a value in place of a module's or a class's attribute."""
    path, _, owner = name.partition(":")

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        home = module(path)
        monkeypatch.setattr(getattr(home, owner) if owner else home, attribute, value)

    return patch


def changed(name: str, attribute: str, change: Callable[[Any], Any]) -> Patch:
    """A patch that wraps an attribute of a module or a class."""
    path, _, owner = name.partition(":")

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        home = getattr(module(path), owner) if owner else module(path)
        monkeypatch.setattr(home, attribute, change(getattr(home, attribute)))

    return patch


def formula(kind: type, change: Callable[[Any], Any]) -> Patch:
    """A patch that wraps how sets write one kind of relation."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        formulas = module("prove.sets.lowering")._LOWER
        monkeypatch.setitem(formulas, kind, change(formulas[kind]))

    return patch


def claim(
    left: list[Text], right: list[Text], size: Any = 6, *, channels: int = 2, **weights: Any
) -> Text:
    return {
        "name": "planted",
        "input": {"channels": channels, "size": [size]},
        "weights": weights,
        "left": left,
        "right": right,
    }


def step(op: str, **attributes: Any) -> Text:
    return {"op": op, **attributes}


def free(*shape: int) -> Text:
    return {"shape": list(shape)}


def ones(*shape: int) -> Text:
    return {"shape": list(shape), "fill": 1}


FLIP = step("flip", axes=[1])
RELU = step("relu")
PAD = step("pad", padding=[[0, 0], [1, 1]])
MASK = step("mask", keep=[None, [1, 1, 1, 1, 1, 0]])
INTERLEAVED = [
    step("rearrange", pattern="c n -> c n 1"),
    step("concat", branches=[[], []], axis=2),
    step("rearrange", pattern="c n t -> c (n t)"),
]


def _only_the_first(branches: Any) -> Any:
    def first(step: Any, form: Any, reading: Any) -> Any:
        every = branches(step, form, reading)
        return [every[0], *(replace(form, terms=()) for form in every[1:])]

    return first


def _window(**fields: Any) -> Callable[[Any], Any]:
    """Every window read as if it had other numbers, but as many outputs."""

    def change(live_entries: Any) -> Any:
        def entries(window: Any) -> Any:
            outputs, taps, read = live_entries(replace(window, **fields))
            kept = outputs < window.output
            return outputs[kept], taps[kept], read[kept]

        return entries

    return change


def _pads_behind(live_entries: Any) -> Any:
    return lambda w: live_entries(replace(w, lo=0, hi=w.lo + w.hi))


def _no_last_tap(live_entries: Any) -> Any:
    def entries(window: Any) -> Any:
        outputs, taps, read = live_entries(window)
        kept = taps < window.kernel - 1
        return outputs[kept], taps[kept], read[kept]

    return entries


def _sorted_groups(rearrange: Any) -> Any:
    def swapped(term: Any, left: Any, right: Any, factors: Any) -> Any:
        return rearrange(term, left, [sorted(group) for group in right], factors)

    return swapped


def _unsummed(term: Any, out: Any, monoid: Any) -> Any:
    return replace(term, out=out)


def _undivided(form: Any, layer: Any, windows: Any) -> Any:
    return form


def _interleaved(form: Any, axis: int, repeats: int) -> Any:
    shape = [*form.shape[:axis], form.shape[axis] * repeats, *form.shape[axis + 1 :]]
    return form.each(lambda t: t.with_axis(axis, (*t.out[axis], Leg(repeats))), shape)


def _shifted(pad: Any) -> Any:
    return lambda size, lo, hi, mode="zeros": pad(size, lo + 1, hi - 1, mode)


def _as(mode: str) -> Callable[[Any], Any]:
    return lambda pad: lambda size, lo, hi, _: pad(size, lo, hi, mode)


def _positive(scale_axis: Any) -> Any:
    return lambda term, axis, factors: scale_axis(term, axis, [abs(f) for f in factors])


def _nowhere(left: Any, right: Any) -> Any:
    return left.loose.subtract(left.loose)


def _stride_one(slide: Any) -> Any:
    return lambda r, to: slide(replace(r, window=replace(r.window, stride=1)), to)


def _from_the_start(gather: Any) -> Any:
    def read(r: Any, to: Any) -> None:
        gather(replace(r, index=replace(r.index, pieces=(Piece(),))), to)

    return read


def keeps_zero(named: Any) -> Any:
    class Function:
        keeps_zero, low = True, None

    return lambda name: Function()


def bogus(left: Any, right: Any) -> Difference:
    return Difference((0, 0), (("input", (0, 0)),), Fraction(1), Fraction(0))


W, V = free(1, 2, 3), free(1, 2, 2)
DERIVED: dict[str, Any] = {
    "w": W,
    "v": {"from": "w", "steps": [step("mask", keep=[None, None, [1, 1, 0]])]},
}
POOL = step("max_pool", kernel_size=2, stride=1)
EARLY = {"op": "add", "branches": [[], [FLIP]]}

TABLES: dict[str, tuple[Patch, Text]] = {
    "a term is dropped": (
        changed("claim.steps.branches:Add", "forms", _only_the_first),
        claim([EARLY], []),
    ),
    "an index is counted once": (
        put("relation.term:Term", "summed", _unsummed),
        claim(
            [step("conv", weight="a"), step("conv", weight="b")],
            [],
            channels=1,
            a=ones(2, 1, 1),
            b=ones(1, 2, 1),
        ),
    ),
    "a divisor is forgotten": (
        put("claim.steps.pools", "_divided", _undivided),
        claim(
            [step("avg_pool", kernel_size=2)],
            [step("conv", weight="w", stride=2, groups=2)],
            w=ones(2, 1, 2),
        ),
    ),
    "a mask is ignored": (
        put("claim.steps.values:Mask", "meaning", lambda step, form, reading: form),
        claim([MASK], []),
    ),
    "a pad is shifted": (
        changed("relation.maps", "pad", _shifted),
        claim(
            [step("conv", weight="w", padding=1)],
            [step("pad", padding=[[0, 0], [0, 2]]), step("conv", weight="w")],
            w=W,
        ),
    ),
    "two phases are swapped": (
        changed("claim.steps.moves", "rearrange", _sorted_groups),
        claim(
            [step("rearrange", pattern="c (h a) -> (a c) h", a=2)],
            [step("rearrange", pattern="c (h a) -> (c a) h", a=2)],
        ),
    ),
    "a coefficient is negated": (
        changed("claim.steps.values", "scale_axis", _positive),
        claim([step("scale", factors=[None, [-1] * 6])], []),
    ),
    "the last tap is lost": (
        changed("prove.tables.lowering", "live_entries", _no_last_tap),
        claim([step("conv", weight="w")], [step("conv", weight="v")], **DERIVED),
    ),
    "a dilation is lost": (
        changed("prove.tables.lowering", "live_entries", _window(dilation=1)),
        claim(
            [step("conv", weight="v", dilation=2, padding=[[0, 1]])],
            [step("conv", weight="v")],
            v=V,
        ),
    ),
    "a low pad is lost": (
        changed("prove.tables.lowering", "live_entries", _pads_behind),
        claim(
            [step("conv", weight="v", padding=[[1, 0]])],
            [step("conv", weight="v", padding=[[0, 1]])],
            v=V,
        ),
    ),
    "a flip is lost": (
        put("relation.maps", "flip", lambda size: AxisMap(size, size, (Piece(),))),
        claim([FLIP], []),
    ),
    "a bias is lost": (
        put("claim.steps.layers", "_with_bias", lambda form, name, reading: form),
        claim([step("conv", weight="v", bias="b")], [step("conv", weight="v")], v=V, b=free(1)),
    ),
    "a tile repeats each sample": (
        put("claim.steps.moves", "_tiled", _interleaved),
        claim([step("tile", repeats=[1, 2])], INTERLEAVED),
    ),
    "a circular pad repeats the border": (
        changed("relation.maps", "pad", _as("replicate")),
        claim(
            [step("pad", padding=[[0, 0], [1, 1]], mode="circular")],
            [step("pad", padding=[[0, 0], [1, 1]], mode="replicate")],
        ),
    ),
    "everything is equal": (
        put("prove.tables.decide", "first_difference", lambda left, right: None),
        claim([FLIP], []),
    ),
    "constants of a maximum are not compared": (
        put("prove.tables.compare", "_by_threshold", lambda group: [group] if group[0] else []),
        claim(
            [PAD, step("max_pool", kernel_size=3, stride=3)],
            [step("max_pool", kernel_size=3, stride=3, padding=1)],
            7,
        ),
    ),
    "a maximum's dilation is lost": (
        changed("prove.tables.lowering", "live_entries", _window(dilation=1)),
        claim(
            [step("max_pool", kernel_size=2, stride=2, dilation=2, padding=[[0, 1]])],
            [step("max_pool", kernel_size=2, stride=2)],
        ),
    ),
}

SETS: dict[str, tuple[Patch, Text]] = {
    "what fills a pad is lost": (
        put("relation.form", "_fill_sum", lambda background, holes: []),
        claim(
            [step("pad", padding=[[0, 0], [1, 0]], value=1)],
            [step("pad", padding=[[0, 0], [1, 0]])],
            "N",
        ),
    ),
    "an index is counted once for all sizes": (
        put("relation.term:Term", "summed", _unsummed),
        claim(
            [step("conv", weight="a"), step("conv", weight="b")],
            [],
            "N",
            channels=1,
            a=ones(2, 1, 1),
            b=ones(1, 2, 1),
        ),
    ),
    "a divisor is forgotten for all sizes": (
        put("claim.steps.pools", "_divided", _undivided),
        claim(
            [step("avg_pool", kernel_size=2)],
            [step("conv", weight="w", stride=2, groups=2)],
            "N",
            w=ones(2, 1, 2),
        ),
    ),
    "a pad is shifted for all sizes": (
        changed("relation.maps", "pad", _shifted),
        claim(
            [step("conv", weight="w", padding=1)],
            [step("pad", padding=[[0, 0], [0, 2]]), step("conv", weight="w")],
            "N",
            w=W,
        ),
    ),
    "supports are not compared": (
        put("prove.sets.compare", "_supports_differ", _nowhere),
        claim([FLIP], [], "N"),
    ),
    "values are not compared": (
        put("prove.sets.compare", "_values_differ", _nowhere),
        claim(
            [step("avg_pool", kernel_size=2)],
            [step("conv", weight="w", stride=2, groups=2)],
            "N",
            w=ones(2, 1, 2),
        ),
    ),
    "a stride is read as one": (
        formula(Slide, _stride_one),
        claim(
            [step("conv", weight="v", stride=2)],
            [
                step("conv", weight="v"),
                step("slice", slices=[[None, None, None], [0, "N // 2", 1]]),
            ],
            "N",
            v=V,
        ),
    ),
    "an index map reads from the start": (
        formula(Gather, _from_the_start),
        claim(
            [step("slice", slices=[[None, None, None], [1, None, None]])],
            [step("slice", slices=[[None, None, None], [0, -1, None]])],
            "N",
        ),
    ),
    "a function is carried past a pad that it fills": (
        changed("prove.sets.parts", "named", keeps_zero),
        claim([step("sigmoid"), PAD], [PAD, step("sigmoid")], "N"),
    ),
}

SQUARES: dict[str, tuple[Patch, Text]] = {
    "every square commutes": (
        put("prove.squares.compose", "square_holds", lambda claim, low=None: True),
        claim([RELU, FLIP], [RELU], 5),
    ),
    "every gather only moves values": (
        put("claim.steps.moves:Pad", "only_moves", True),
        claim([PAD, step("sigmoid")], [step("sigmoid"), PAD], 5),
    ),
}

FAULTS = {**TABLES, **SETS, **SQUARES}
