"""The kernel accepts symconv's own tables, and no wrong ones."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import symconv
from symconv import AvgPool, Conv, ConvTranspose, MaxPool
from symconv.cli import main
from symconv.dialect.config import read_layer
from symconv.errors import InternalError, TooLarge
from symconv.expand import AxisExpansion
from symconv.layer import AnyLayer
from symconv.prove.kernel import library as coqlib
from symconv.prove.kernel import text as coqtext
from symconv.prove.kernel import theorem as rocq
from symconv.prove.kernel.compiler import KernelRejects, compile_file
from tests.helpers.requirements import require_tool
from tests.helpers.sampled import some

pytestmark = pytest.mark.once

require_tool("coqc")

ZOO = Path(__file__).parents[2] / "data" / "zoo.json.gz"

Case = tuple[AnyLayer, tuple[int, ...], dict[str, Any]]

KINDS: dict[str, Case] = {
    "stem": (Conv(3, 64, 7, stride=2, padding=3), (224, 224), {}),
    "depthwise": (Conv(8, 8, 3, stride=2, padding=1, groups=8), (15, 16), {}),
    "groups with a factor": (
        Conv(4, 6, 5, stride=2, padding=2, groups=2),
        (20,),
        {"factor_out": 3, "order": "phase"},
    ),
    "transposed, output padding": (
        ConvTranspose(2, 3, (3, 4), stride=(3, 2), padding=1, output_padding=1),
        (9, 8),
        {},
    ),
    "transposed, dilated, groups": (
        ConvTranspose(2, 2, (3, 4), stride=(3, 2), padding=1, dilation=(2, 1), groups=2),
        (9, 8),
        {},
    ),
    "transposed, 'same'": (ConvTranspose(1, 1, 4, stride=2, padding="same"), (7,), {}),
    "maximum, rounded up": (MaxPool(3, stride=2, ceil_mode=True), (8, 9), {}),
    "maximum": (MaxPool(3, stride=2, padding=1, dilation=2), (9, 12), {}),
    "average": (AvgPool(2, stride=2), (8, 8, 8), {}),
    "average without pads": (
        AvgPool(3, stride=2, padding=1, count_include_pad=False),
        (9, 10),
        {},
    ),
    "average, rounded up": (AvgPool(3, stride=2, padding=1, ceil_mode=True), (8,), {}),
    "reflected": (Conv(1, 1, 3, stride=2, padding=1, padding_mode="reflect"), (9, 9), {}),
    "circular, cropped": (
        Conv(1, 1, 3, stride=2, padding=((-1, 2),), padding_mode="circular"),
        (9,),
        {},
    ),
    "padded with a value": (Conv(1, 1, 3, stride=2, padding=1, padding_value=3), (9,), {}),
    "'same' at an even size": (Conv(2, 3, 3, stride=2, padding="same"), (10, 12), {}),
    "dilation with stride": (Conv(1, 2, 3, stride=2, padding=2, dilation=3), (17,), {}),
    "residual stride": (
        Conv(1, 1, 3, stride=6, padding=1, dilation=2),
        (50,),
        {"factor": 6, "factor_out": 2, "residual_stride": 2},
    ),
    "stride 1": (Conv(2, 2, 3, stride=1, padding=1), (8,), {"factor_out": 2}),
    "stride above kernel, crops": (Conv(2, 4, 2, stride=5, padding=((-1, 3),)), (23,), {}),
    "volume": (
        Conv(1, 2, (3, 2, 1), stride=(2, 1, 3), padding=((1, 1), (0, 0), (0, 0))),
        (6, 5, 7),
        {},
    ),
    "long audio": (Conv(1, 512, 10, stride=5), (160_000,), {}),
}

SAID = {
    "reflected": "with what its pads read",
    "circular, cropped": "with what its pads read",
    "padded with a value": "with what its pads read",
    "maximum": "for a maximum over any total order",
    "maximum, rounded up": "for a maximum over any total order",
}


QUICK = {
    "stem",
    "transposed, dilated, groups",
    "maximum, rounded up",
    "average, rounded up",
    "reflected",
    "residual stride",
}
"""Kinds that every run asks the kernel about; `make slow` asks about all."""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.slow]) for n in KINDS]
)
def test_the_kernel_accepts_the_layer_at_its_sizes(name: str) -> None:
    """The file names the layer and its size; the fact says what kind of theorem it is."""
    layer, size, factors = KINDS[name]
    expansion = symconv.destride(layer, size, **factors)
    text = coqtext.theorem_text(expansion)
    assert f"{layer!r} at {'x'.join(map(str, size))}".replace('"', "'") in text
    assert f"within [:: {'; '.join(map(str, expansion.output_size))}]%binary o" in text
    fact = rocq.kernel_fact(expansion)
    assert fact.method == "kernel"
    assert set(fact.figures) == {"coq", "seconds"}
    assert SAID.get(name, "for every") in fact.about
    assert f"of input {'x'.join(map(str, size))}" in fact.about


def test_a_file_says_how_many_outputs_ceil_mode_counts() -> None:
    for name, (layer, size, factors) in KINDS.items():
        text = coqtext.theorem_text(symconv.destride(layer, size, **factors))
        assert ("Theorem ceil_mode" in text) == ("rounded up" in name)


@pytest.mark.parametrize(
    "name", some(["stem", "transposed, dilated, groups", "average, rounded up"])
)
def test_both_orders_of_channels_are_stated(name: str) -> None:
    layer, size, factors = KINDS[name]
    for order in ("channel", "phase"):
        expansion = symconv.destride(layer, size, **{**factors, "order": order})
        text = coqtext.theorem_text(expansion)
        assert f"by_{order}" in text
        assert {"channel": "by_phase", "phase": "by_channel"}[order] not in text
        rocq.kernel_fact(expansion)


def test_a_transposed_layer_is_told_apart_from_what_is_not_its_adjoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = coqtext.theorem_text(symconv.destride(ConvTranspose(1, 1, 3, stride=2, padding=1), (4,)))
    own = "the_layer : numbers := Numbers 1 1 1\n  [:: Sized (Axis 3 2 1 1 1%:Z false) 4 1]"
    assert text.count(own) == 1
    reject(text.replace(own, own.replace("1%:Z", "0%:Z")), monkeypatch)


def stem_text() -> str:
    """The theorem of a small layer, as symconv writes it."""
    return coqtext.theorem_text(symconv.destride(Conv(1, 1, 3, stride=2, padding=1), (8,)))


PLANTED = {
    "a tap on another phase": ("((0, 0), (1, 0))", "((0, 0), (0, 0))"),
    "a tap on another tap": ("((0, 2), (1, 1))", "((0, 2), (1, 0))"),
    "a tap left out": ("((0, 0), (1, 0)); ", ""),
    "a row too many": ("((0, 0), (1, 0));", "((0, 0), (1, 0)); ((0, 0), (1, 0));"),
    "another pad": ("2 1 1 2 1%:Z", "2 1 1 2 2%:Z"),
    "a kernel too short": ("2 1 1 2 1%:Z", "2 1 1 1 1%:Z"),
    "another factor": ("2 1 1 2 1%:Z", "3 1 1 2 1%:Z"),
    "no output phase": ("2 1 1 2 1%:Z", "0 0 1 2 1%:Z"),
    "another stride": ("(Axis 3 2 1 1 1%:Z", "(Axis 3 3 1 1 1%:Z"),
    "a mirrored kernel": ("1%:Z false)", "1%:Z true)"),
}


def reject(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the kernel refuse a text in the place of symconv's."""
    monkeypatch.setattr(rocq, "theorem_text", lambda expansion: text)
    with pytest.raises(KernelRejects, match=r"the kernel rejects .*: a fault of symconv"):
        rocq.kernel_fact(symconv.destride(Conv(1, 1, 3, stride=2, padding=1), (8,)))


def test_the_kernel_decides_that_planted_tables_are_wrong(tmp_path: Path) -> None:
    lines = [stem_text().partition("Definition tie0")[0]]
    for number, (old, new) in enumerate([*PLANTED.values(), ("tie", "tie")]):
        tie = stem_text().partition("Definition axes")[0].partition("Definition tie0")[2]
        assert old == "tie" or tie.count(old) == 1
        lines.append(f"Module Planted{number}.\nDefinition tie0{tie.replace(old, new)}")
        answer = "true" if old == "tie" else "false"
        lines.append(f"Goal tie_ok tie0 = {answer}. by vm_compute. Qed.\nEnd Planted{number}.")
    path = tmp_path / "planted.v"
    path.write_text("\n".join(lines))
    run = compile_file(path, coqlib.library())
    assert run.accepted, run.output


def test_the_kernel_accepts_the_table_of_every_axis_of_the_zoo(tmp_path: Path) -> None:
    axes: dict[tuple[object, ...], AxisExpansion] = {}
    for text in json.loads(gzip.decompress(ZOO.read_bytes()))["layers"]:
        config = read_layer({key: value for key, value in text.items() if key != "output_size"})
        for axis in symconv.destride(
            config.windowed("a table"), tuple(map(int, config.input_size))
        ).axes:
            w = axis.window
            numbers = (w.kernel, w.stride, w.lo, w.dilation, w.base_dilation, w.reversal)
            axes.setdefault((*numbers, axis.factor_in, axis.factor_out), axis)
    assert len(axes) >= 50
    ties = "\n".join(coqtext._tie(n, axis) for n, axis in enumerate(axes.values()))
    names = "; ".join(f"tie{n}" for n in range(len(axes)))
    path = tmp_path / "zoo.v"
    path.write_text(
        stem_text().partition("Definition tie0")[0]
        + f"{ties}\nGoal all tie_ok [:: {names}]. by vm_compute. Qed.\n"
    )
    run = compile_file(path, coqlib.library())
    assert run.accepted, run.output


OWN = "the_layer : numbers := Numbers 1 1 1\n  [:: Sized (Axis 3 2 1 1 1%:Z false) 8 1]"
NEW = "the_expansion : numbers := Numbers 1 2 1\n  [:: Sized (Axis 2 1 1 1 1%:Z false) 4 0]"

FAULTS = {
    "in a table": ("((0, 0), (1, 0))", "((0, 0), (0, 0))"),
    "in the layer's size": (OWN, OWN.replace("8 1]", "9 1]")),
    "in the layer's high pad": (OWN, OWN.replace("8 1]", "8 3]")),
    "in the layer's low pad": (OWN, OWN.replace("1%:Z", "0%:Z")),
    "in the layer's channels": (OWN, OWN.replace("Numbers 1 1 1", "Numbers 1 2 1")),
    "in the expanded size": (NEW, NEW.replace("4 0]", "5 0]")),
    "in the expanded high pad": (NEW, NEW.replace("4 0]", "4 1]")),
    "in the expanded low pad": (NEW, NEW.replace("1%:Z", "0%:Z")),
    "in the expanded channels": (NEW, NEW.replace("Numbers 1 2 1", "Numbers 1 1 2")),
    "in the outputs": ("[:: 4]%binary [:: 4]%binary", "[:: 5]%binary [:: 4]%binary"),
    "no output phase": ("2 1 1 2 1%:Z", "0 0 1 2 1%:Z"),
}


@pytest.mark.parametrize("name", some(FAULTS))
def test_a_planted_fault_is_rejected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = FAULTS[name]
    assert stem_text().count(old) == 1
    reject(stem_text().replace(old, new), monkeypatch)


ORDERED = {
    "of the input": "phase_array the_layer axes by_channel",
    "of the weight": "expanded_weight 1 the_layer axes by_channel",
    "of the bias": "expanded_bias 1 the_layer axes by_channel",
    "of the output": "(joined by_channel",
}


@pytest.mark.parametrize("name", some(ORDERED))
def test_channels_in_another_order_are_rejected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three maps and the output have one order, and none of them may have another."""
    expansion = symconv.destride(Conv(2, 3, 3, stride=2, padding=1), (8,), factor_out=2)
    text, old = coqtext.theorem_text(expansion), ORDERED[name]
    assert old in text
    reject(text.replace(old, old.replace("by_channel", "by_phase")), monkeypatch)


LAYOUTS = {
    "a convolution's for a transposed": (ConvTranspose, "(turned the_layer w)", "w"),
    "a transposed for a convolution's": (
        Conv,
        "axes by_channel w)",
        "axes by_channel (turned the_layer w))",
    ),
}


@pytest.mark.parametrize("name", some(LAYOUTS))
def test_a_weight_in_another_layout_is_rejected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, old, new = LAYOUTS[name]
    text = coqtext.theorem_text(symconv.destride(kind(2, 3, 3, stride=2), (7,)))
    assert old in text
    reject(text.replace(old, new), monkeypatch)


def test_another_mode_than_the_padded_array_s_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    layer, size, _ = KINDS["reflected"]
    text = coqtext.theorem_text(symconv.destride(layer, size))
    old = "(padded fill (windows the_layer) modes x)"
    assert old in text
    reject(text.replace(old, old.replace("modes", "(fun _ => circular)")), monkeypatch)


@pytest.mark.parametrize("name", some(["average, rounded up", "average", "maximum, rounded up"]))
def test_another_declared_high_pad_is_rejected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A divisor counts up to it, and what ceil_mode adds to it is the rest of the layer's."""
    layer, size, _ = KINDS[name]
    text = coqtext.theorem_text(symconv.destride(layer, size))
    head, old, rest = re.split(r"(?<=declared : seq Z := \[:: )([^]]*)(?=\]%binary)", text)
    first, *others = map(int, old.split("; "))
    planted = "; ".join(map(str, [first + 5, *others]))
    reject(f"{head}{planted}{rest}", monkeypatch)


def test_an_axiom_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    head, rest = stem_text().split("Proof. exact: (conv_checked")
    text = f"Axiom hope : False.\n{head}Proof. by case: hope. Qed.{rest.partition('Qed.')[2]}"
    path = tmp_path / "hopeful.v"
    path.write_text(text)
    run = compile_file(path, coqlib.library())
    assert run.accepted
    assert "hope : False" in run.output
    reject(text, monkeypatch)


def test_a_wrong_expansion_is_a_fault_and_no_verdict() -> None:
    expansion = symconv.destride(Conv(1, 1, 3, stride=2, padding=1), (8,))
    p, k, r, q = expansion.axes[0].taps
    expansion.axes[0].__dict__["taps"] = (p, k, 1 - r, q)
    with pytest.raises(KernelRejects, match="a fault of symconv, please report it"):
        symconv.prove(expansion, symbolic=False, kernel=True)


TAMPERED = {
    "stride": Conv(1, 1, 3, stride=4, padding=1),
    "pad": Conv(1, 1, 3, stride=2, padding=((0, 2),)),
    "kernel": Conv(1, 1, 4, stride=2, padding=1),
    "dilation": Conv(1, 1, 3, stride=2, padding=1, dilation=2),
    "output": Conv(1, 1, 3, stride=2, padding=((1, 4),)),
}


@pytest.mark.parametrize("name", some(TAMPERED))
def test_the_file_states_the_layer_and_not_the_axes(name: str) -> None:
    """An expansion with another layer's axes, as no constructor lets it be."""
    expansion = symconv.destride(Conv(1, 1, 3, stride=2, padding=1), (8,))
    other = symconv.destride(TAMPERED[name], (8,)).axes
    object.__setattr__(expansion, "axes", other)
    text = coqtext.theorem_text(expansion)
    assert "(Axis 3 2 1 1 1%:Z false)" in text
    assert OWN in text
    assert "stride=2, padding=1, dilation=1" in text.partition("tie0")[0]
    with pytest.raises(KernelRejects, match="the kernel rejects"):
        rocq.kernel_fact(expansion)


def test_axes_of_another_rank_are_a_fault_and_no_theorem() -> None:
    expansion = symconv.destride(Conv(1, 1, 3, stride=2, padding=1), (8,))
    object.__setattr__(expansion, "axes", expansion.axes * 2)
    with pytest.raises(InternalError, match="2 axes for a layer of 1"):
        coqtext.theorem_text(expansion)


def test_the_table_is_what_the_weight_map_does() -> None:
    expansion = symconv.destride(Conv(1, 1, 5, stride=3, padding=2), (12,), factor=6, factor_out=2)
    labels = np.full((2, 6, expansion.axes[0].kernel), -1)
    for p, k, r, q in zip(*(column.tolist() for column in expansion.axes[0].taps), strict=True):
        labels[p, r, q - expansion.axes[0].first_tap] = k
        assert f"(({p}, {k}), ({r}, {q - expansion.axes[0].first_tap}))" in coqtext.theorem_text(
            expansion
        )
    assert (labels == expansion.parameter_labels()).all()


def test_on_the_command_line(tmp_path: Path) -> None:
    certificate = tmp_path / "c.json"
    command = ["prove", "conv i3x20 o4 k7 s2 p3", "--kernel", "--keep", str(tmp_path), "--json"]
    done = CliRunner().invoke(main, [*command, "--certificate", str(certificate)])
    (result,) = json.loads(done.stdout)["results"]
    assert (done.exit_code, result["verdict"]) == (0, "proved")
    assert result["method"] == ["tables", "sympy", "kernel"]
    assert any("kernel" in limit for limit in result["limits"])
    kept = Path(result["facts"][-1]["figures"]["file"])
    assert compile_file(kept, coqlib.library()).accepted
    again = CliRunner().invoke(main, ["recheck", str(certificate), "--json"])
    assert json.loads(again.stdout)["results"][0]["verdict"] == "proved"


def test_numbers_too_large_for_unary_are_not_asked() -> None:
    layer = Conv(1, 1, 2, stride=5000)
    with pytest.raises(TooLarge, match="the kernel counts in unary"):
        coqtext.theorem_text(symconv.destride(layer, (20_000,)))
    verdict = symconv.prove(layer, (20_000,), symbolic=False, kernel=True)
    assert isinstance(verdict, symconv.Certificate)
    assert verdict.method == ["tables"]
    assert verdict.limits[0].startswith("no kernel proof: the kernel counts in unary")
