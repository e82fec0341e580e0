"""The layer, the layer it expands to, and the theorem with its numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod
from typing import Any

from symconv.claim.steps import Step
from symconv.expand import AxisExpansion, Expansion
from symconv.layer import AvgPool, Layer, MaxPool, Pool
from symconv.report.document import (
    Block,
    Code,
    Inline,
    Math,
    Paragraph,
    Plain,
    Prose,
    Section,
    Statement,
    Table,
    prose,
    table,
)

Cell = str | int | Inline | Prose
NAMES = {
    "conv": "convolution",
    "conv_transpose": "transposed convolution",
    "max_pool": "max pooling",
    "avg_pool": "average pooling",
    "max_conv": "maximum over live taps",
}


def shape(sizes: Sequence[int]) -> Math:
    r"""Sizes as people write them: ``3 \times 224 \times 224``."""
    return Math(r" \times ".join(map(str, sizes)))


def layer_section(expansion: Expansion) -> Section:
    """The layer: what it computes, its attributes, its windows."""
    layer, size = expansion.original, expansion.input_size
    words = prose(
        "A <kind> of an input $x$ of shape <input> to an output $y$ of shape <output>.",
        kind=NAMES[layer.op],
        input=shape((_channels(expansion)[1], *size)),
        output=shape((_channels(expansion)[0], *expansion.output_size)),
    )
    blocks: list[Block] = [
        Paragraph(words),
        Statement("What it computes", (), (_meaning(layer),)),
        _attributes(layer),
    ]
    return Section("The layer", (*blocks, _windows(expansion)))


def _channels(expansion: Expansion) -> tuple[int, int]:
    layer = expansion.layer
    outputs = layer.out_channels // prod(expansion.factor_out)
    return outputs, layer.in_channels // prod(expansion.factor_in)


def _meaning(layer: Layer) -> str:
    if isinstance(layer, MaxPool):
        return r"y_{c,o} = \max_k \; x_{c,\,A(o,k)} \qquad (x_\bot = -\infty)"
    if isinstance(layer, AvgPool):
        divisor = layer.divisor_override or "n_o"
        return rf"y_{{c,o}} = \frac{{1}}{{{divisor}}} \sum_k x_{{c,\,A(o,k)}} \qquad (x_\bot = 0)"
    index = "c,m,k" if layer.is_transposed else "m,c,k"
    bias = "b_m + " if layer.has_bias else ""
    outside = Fraction(str(getattr(layer, "padding_value", 0)))
    products = rf"\sum_{{c,k}} w_{{{index}}}\, x_{{c,\,A(o,k)}}"
    return rf"y_{{m,o}} = {bias}{products} \qquad (x_\bot = {outside})"


def _attributes(layer: Layer) -> Table:
    rows = [
        (Code(field.name), Code(_written(getattr(layer, field.name))))
        for field in dataclasses.fields(layer)
        if field.name not in layer.unsaid
    ]
    return table(
        ["attribute", "value"],
        [(Code("op"), Code(layer.op)), *rows],
        "ll",
        f"The layer as it was given; names and defaults are PyTorch's{_and_rules(layer)}.",
    )


def _and_rules(layer: Layer) -> str:
    """Whose rules say what it may be, where those are not PyTorch's too."""
    return ", its legality is ONNX's" if isinstance(layer, Pool) and layer.is_wide else ""


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    return str(value)


def _windows(expansion: Expansion) -> Table:
    windows = expansion.original.windows(expansion.input_size)
    rows = [
        (axis, w.size, w.kernel, w.stride, w.lo, w.hi, w.dilation, w.base_dilation, w.output)
        for axis, w in enumerate(windows)
    ]
    head = ["axis", "$N$", "$K$", "$s$", r"$\mathit{lo}$", r"$\mathit{hi}$", "$d$", "$u$", "$O$"]
    caption = (
        "Its windows, an axis a row: samples, taps, stride, low and high pad, dilation, base "
        "dilation (zeros between samples, plus one), outputs."
    )
    if expansion.original.op == "conv_transpose":
        caption += " A transposed convolution reads its kernel from the far end."
    return table(head, rows, "r" * len(head), caption)


def expanded_section(expansion: Expansion) -> Section:
    """The expanded layer, its numbers, and the maps around it as steps."""
    layer = expansion.layer
    coarse = [axis.coarse_input for axis in expansion.axes]
    spread = tuple(axis.dilation for axis in expansion.axes)
    rows: list[list[Cell]] = [
        ["input", shape((layer.in_channels, *coarse)), "the phases of $x$"],
        ["output", shape((layer.out_channels, *layer.output_size(coarse))), "the phases of $y$"],
        ["weight", shape(layer.weight_shape(len(coarse))), "the expanded kernel"],
        ["stride", shape(expansion.residual_stride), "what is left of the stride"],
        ["padding", Code(_written(layer.padding)), "low and high; negative ones crop"],
        ["dilation", shape(spread), "kept on axes that are not cut into phases"],
        ["groups", layer.groups, "as before"],
        ["channel order", Code(expansion.order), "which of channel and phase is outer"],
    ]
    numbers = table(
        ["", "value", ""], [[a, b, prose(str(c))] for a, b, c in rows], "lll", "The expanded layer."
    )
    kind = prose(
        "On phases the same function is a <kind> of base dilation 1, between maps that only move "
        "numbers.",
        kind=NAMES[layer.op],
    )
    return Section("The expanded layer", (Paragraph(kind), numbers, _maps(expansion)))


def _maps(expansion: Expansion) -> Table:
    maps = [
        ("input to phases", expansion.input_map),
        ("weight to expanded weight", expansion.weight_map),
        ("bias to expanded bias", expansion.bias_map if expansion.layer.bias else ()),
        ("expanded output to output", expansion.output_map),
    ]
    rows = [row for name, steps in maps for row in _step_rows(name, steps)]
    return table(
        ["map", "step", "with"], rows, "llp", "The maps, step by step, in the words of a claim."
    )


def _step_rows(name: str, steps: Sequence[Step]) -> Iterator[list[Cell]]:
    if not steps:
        yield [name, "", "nothing to do"]
    for number, step in enumerate(steps):
        attributes = {key: value for key, value in step.to_dict().items() if key != "op"}
        words = "; ".join(f"{key} {_short(value)}" for key, value in attributes.items())
        yield [name if number == 0 else "", Code(step.op), Code(words)]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 160 else f"{text[:120]} … ({len(text)} characters)"


def theorem_section(expansion: Expansion) -> Section:
    """The theorem, and the numbers that this layer puts into it."""
    layer = expansion.original
    source = "Gx" if gathered(expansion) else "x"
    divisor = any(step.op == "scale" for step in expansion.output_map)
    equation = rf"\Phi_{{E_{{\mathrm{{out}}}}}}\bigl(T_s(w)\,{source}\bigr) = "
    equation += rf"T_t(\hat w)\;\Phi_{{E_{{\mathrm{{in}}}}}}({source})"
    words = prose(
        "Let $E_{\\mathrm{in}}\\,u\\,t = E_{\\mathrm{out}}\\,s$ on every axis. For every input $x$ "
        "and <weights>, the phases of the strided layer's output are the expanded layer's output "
        "on the phases of the input. $\\Phi_E$ splits a signal into its $E$ phases, "
        "$\\Phi_E(x)_{r,j} = x_{Ej+r}$ (zero past the end).<more>",
        weights="the one constant weight" if layer.op.endswith("pool") else "every weight $w$",
        more=_more(expansion, divisor),
    )
    return Section(
        "The theorem",
        (
            Statement("Theorem, for this layer", _with_math(words), (equation,)),
            _numbers(expansion.axes),
        ),
    )


def gathered(expansion: Expansion) -> bool:
    """Whether the layer's own padding stands in front of the convolution as a gather."""
    return [a.window for a in expansion.axes] != list(
        expansion.original.windows(expansion.input_size)
    )


def _more(expansion: Expansion, divisor: bool) -> str:
    """What else the theorem says of this layer."""
    repeated = expansion.layer.bias and prod(expansion.factor_out) > 1
    parts = {
        " G is the gather that pads x by the layer's own rule.": gathered(expansion),
        " The bias is repeated for every output phase.": repeated,
        " Both sides are divided by the windows' counts afterwards.": divisor,
        " T takes maxima, and minus infinity stands for zero.": expansion.original.monoid == "max",
    }
    return "".join(part for part, holds in parts.items() if holds)


def _with_math(words: Prose) -> Prose:
    """Our own field ``every weight $w$`` read as prose again."""
    return tuple(
        inner
        for part in words
        for inner in (prose(part.text) if isinstance(part, Plain) else (part,))
    )


def _numbers(axes: Sequence[AxisExpansion]) -> Table:
    rows = [
        (
            number,
            a.factor_in,
            a.factor_out,
            a.window.stride,
            a.window.base_dilation,
            a.stride,
            Math(rf"{a.first_tap} \ldots {a.last_tap}"),
            a.lo,
            a.hi,
            a.coarse_input,
            a.coarse_output,
        )
        for number, a in enumerate(axes)
    ]
    head = [
        "axis",
        r"$E_{\mathrm{in}}$",
        r"$E_{\mathrm{out}}$",
        "$s$",
        "$u$",
        "$t$",
        "$q$",
        r"$\mathit{lo}'$",
        r"$\mathit{hi}'$",
        "$N'$",
        "$O'$",
    ]
    caption = (
        "The theorem's numbers: factors, strides, shifts, the expanded layer's pads, and the "
        "samples of a phase of $x$ and of $y$."
    )
    return table(head, rows, "r" * len(head), caption)
