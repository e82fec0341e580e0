"""Faults planted in the engines: what they make false is no verdict, but a contradiction.

Each fault is put into tables, sets or squares, with a claim that it settles wrongly.  Left to
itself the engine gives the wrong verdict; with the second voice there is none.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from symconv import Conv, check
from symconv.claim import read_claim
from symconv.claim.verdict import Certificate
from symconv.cli import main
from symconv.errors import ContradictionError
from symconv.evaluation import Evaluation, evaluate_sides
from symconv.network import NetworkExpansion, chain
from symconv.prove.decide import decide
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


def _keeps_zero(named: Any) -> Any:
    class Function:
        keeps_zero, low = True, None

    return lambda name: Function()


def _bogus(left: Any, right: Any) -> Difference:
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
        changed("prove.sets.parts", "named", _keeps_zero),
        claim([step("sigmoid"), PAD], [PAD, step("sigmoid")], "N"),
    ),
}

SQUARES: dict[str, tuple[Patch, Text]] = {
    "every square commutes": (
        put("prove.squares.compose", "_holds", lambda claim, low=None: True),
        claim([RELU, FLIP], [RELU], 5),
    ),
    "every gather only moves values": (
        put("claim.steps.moves:Pad", "only_moves", True),
        claim([PAD, step("sigmoid")], [step("sigmoid"), PAD], 5),
    ),
}

FAULTS = {**TABLES, **SETS, **SQUARES}


def plant(monkeypatch: pytest.MonkeyPatch, name: str) -> Text:
    patch, text = FAULTS[name]
    patch(monkeypatch)
    return text


def silenced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the second voice away."""
    same = {"prove.decide": "confirmed", "prove.everywhere": "evaluated"}
    for name, attribute in same.items():
        monkeypatch.setattr(module(name), attribute, lambda verdict, *sizes: verdict)


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= 25
    assert min(map(len, (TABLES, SETS, SQUARES))) >= 2  # two more of squares stand below


@pytest.mark.parametrize("name", FAULTS)
def test_without_the_fault_the_claim_is_refuted(name: str) -> None:
    assert check(FAULTS[name][1]).verdict == "refuted"


@pytest.mark.parametrize("name", FAULTS)
def test_the_engine_alone_would_prove_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = plant(monkeypatch, name)
    silenced(monkeypatch)
    assert check(text).verdict == "proved"


@pytest.mark.parametrize("name", FAULTS)
def test_the_second_voice_contradicts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = plant(monkeypatch, name)
    with pytest.raises(ContradictionError, match=r"contradicts itself .* it is proved.* differ"):
        check(text)


@pytest.mark.parametrize("name", list(FAULTS)[::7])
def test_a_contradiction_is_exit_status_4(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = plant(monkeypatch, name)
    path = tmp_path / "claim.json"
    path.write_text(json.dumps(text))
    run = CliRunner().invoke(main, ["check", str(path), "--json"])
    (result,) = json.loads(run.stdout)["results"]
    assert (run.exit_code, result["verdict"]) == (4, "error")
    written = Path(result["error"].split("please report it with ")[1])
    assert json.loads(written.read_text())["left"] == read_claim(text).to_dict()["left"]


def test_a_false_refutation_does_not_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module("prove.tables.decide"), "first_difference", _bogus)
    with pytest.raises(ContradictionError, match=r"it is refuted .* no replay shows"):
        check(claim([FLIP, FLIP], []))


def tail(function: str, kernel: int) -> NetworkExpansion:
    """A chain whose second layer reads the tail of an odd signal."""
    first = Conv(1, 1, kernel, 1, kernel // 2, bias=False)
    layers: list[Any] = [first, function, Conv(1, 1, 3, 2, 1)]
    return NetworkExpansion(chain("tail", layers, (7,)))


@pytest.mark.parametrize(
    ("fault", "bare"),
    [
        (put("prove.squares.compose", "_holds", lambda claim, low=None: True), tail("relu", 3)),
        (changed("prove.squares.compose", "named", _keeps_zero), tail("sigmoid", 1)),
    ],
    ids=["a mask is left out", "a function is said to keep zero"],
)
def test_faults_of_chains_are_seen(
    fault: Patch, bare: NetworkExpansion, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decide(bare.claim(), bare.factors_at).verdict == "refuted"
    fault(monkeypatch)
    with monkeypatch.context() as alone:
        silenced(alone)
        assert decide(bare.claim(), bare.factors_at).verdict == "proved"
    with pytest.raises(ContradictionError, match="differ"):
        decide(bare.claim(), bare.factors_at)


def test_a_certificate_names_its_second_voice() -> None:
    verdict = check(claim([FLIP, FLIP], []))
    assert isinstance(verdict, Certificate)
    found = verdict.to_dict()["evaluation"]
    assert found["outputs"] == found["full"] == 12
    assert int(found["chance"].removeprefix("2^-")) > 60


def test_outputs_far_from_the_ends_are_looked_at() -> None:
    keep = [1] * 500
    keep[237] = 0
    text = claim([step("mask", keep=[None, keep])], [], 500)
    assert not isinstance(evaluate_sides(read_claim(text)), Evaluation)
