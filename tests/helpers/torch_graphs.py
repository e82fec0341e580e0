"""A model run by torch: as it is, and on phases, with the masks of a proof or without some.

On phases a tensor is held as its lines: the signal, and behind it, up to a whole number of blocks,
what its maker left there.  Here that is drawn at random, since a square is for whatever it may be.
Lines and phases are one thing in two orders; the squares' own steps go from one to the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import torch
import torch.nn.functional as F

from symconv.network.phases import PhasedModel
from symconv.network.results import GraphProof, NodeProof
from symconv.network.rules.interpolation import kernel_of
from symconv.network.squares import Square
from tests.helpers import torch_claims

Tensor = Any
Values = Mapping[str, Tensor]


def run(graph: GraphProof, feeds: Values) -> dict[str, Tensor]:
    """Every tensor of the model, as ONNX means it."""
    found = constants(graph) | dict(feeds)
    for node in graph.phased.read.model.nodes:
        outputs = OPS[node.op](node, [found.get(name) for name in node.inputs])
        found |= dict(zip(node.outputs, outputs, strict=True))
    return found


def constants(graph: GraphProof) -> dict[str, Tensor]:
    return {k: torch.as_tensor(v) for k, v in graph.phased.read.model.constants.items()}


def run_on_phases(graph: GraphProof, feeds: Values, seed: int | None) -> dict[str, Tensor]:
    """Every tensor of the model on phases, without its tail.

    Without a seed tails are what the form on phases itself leaves there, -inf included.
    """
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    lines = constants(graph) | dict(feeds)
    for proof in graph.nodes:
        given = [
            reading(graph.phased, proof, lines, slot) for slot in range(len(proof.phased.reads))
        ]
        for name, line in zip(proof.phased.node.outputs, made(graph, proof, given), strict=True):
            factors = graph.phased.made[name]
            shape = shape_of(graph.phased, name)
            if generator is not None:
                lines[name] = with_garbage(line, shape, factors, generator)
            else:
                lines[name] = refilled(line, factors)
    return {name: cropped(line, shape_of(graph.phased, name)) for name, line in lines.items()}


def shape_of(phased: PhasedModel, name: str) -> tuple[int, ...]:
    shape = phased.read.shapes[name]
    assert shape is not None
    return shape


def reading(phased: PhasedModel, proof: NodeProof, lines: Values, slot: int) -> Tensor:
    """What a node reads: the lines, or the signal alone where a border or a mask is in front."""
    name = proof.phased.node.inputs[slot]
    if not name:
        return None
    border = proof.phased.reads[slot] != phased.made[name]
    if border or (proof.mask is not None and slot == 0):
        return cropped(lines[name], shape_of(phased, name))
    return lines[name]


def made(graph: GraphProof, proof: NodeProof, given: list[Tensor]) -> list[Tensor]:
    """What a node makes: by its square's steps on phases, or by its function of lines."""
    if proof.of is not None:
        return [square_run(proof.of, given)]
    node = proof.phased.node
    full = [
        x if x is None or not proof.phased.has_phases else refilled(x, f)
        for x, f in zip(given, proof.phased.reads, strict=True)
    ]
    if node.op == "Reshape":
        (name,) = node.outputs
        pairs = zip(shape_of(graph.phased, name), graph.phased.made[name], strict=True)
        return [full[0].reshape([-(-n // f) * f for n, f in pairs])]
    counted = proof.phased.rule.how in ("reduces", "normalises")
    return list(OPS[node.op](node, given if counted else full))


def refilled(x: Tensor, factors: tuple[int, ...]) -> Tensor:
    """Lines from a signal: zeros behind it."""
    whole = [-(-n // f) * f for n, f in zip(x.shape, factors, strict=True)]
    return filled(x, whole, torch.zeros(whole, dtype=x.dtype))


def square_run(square: Square, given: list[Tensor]) -> Tensor:
    """The right side of a square, sample by sample, by torch."""
    text = json.loads(json.dumps(square.claim().to_dict()))
    if max(square.factor_out) > 1 and text["right"][-1]["op"] == "slice":
        text["right"].pop()  # what it leaves beyond the end stays
    x = given[0]
    if square.masked:
        whole = [x.shape[0], *text_shape(text)]
        x = filled(x, whole, torch.full(whole, 7.0, dtype=x.dtype))
    free: dict[str, Tensor] = {"w": None, "b": None}
    if not square.window.left and len(given) > 1:
        free = {"w": given[1], "b": given[2] if len(given) > 2 else None}
    if square.window.front:
        growths = [f // e for e, f in zip(square.factor_in, square.factor_out, strict=True)]
        offset = Fraction(1, 2) if square.window.front[0][0] else Fraction(0)
        free["w"] = torch.as_tensor(kernel_of(growths, offset, square.window.channels))
    sides = [torch_claims.run_side(text, "right", sample, free) for sample in x]
    return torch.stack(sides)


def text_shape(text: Any) -> list[int]:
    return [text["input"]["channels"], *text["input"]["size"]]


def cropped(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x[tuple(slice(0, n) for n in shape)]


def filled(x: Tensor, whole: list[int], rest: Tensor) -> Tensor:
    rest[tuple(slice(0, n) for n in x.shape)] = x
    return rest


def with_garbage(x: Tensor, shape: Any, factors: Any, generator: Any) -> Tensor:
    """The signal, and random integers behind it."""
    whole = [-(-n // f) * f for n, f in zip(shape, factors, strict=True)]
    noise = torch.randint(-9, 10, whole, generator=generator).double()
    noise = torch.where(noise == 0, torch.full_like(noise, 5), noise)
    return filled(cropped(x, shape), whole, noise)


def needs_its_mask(graph: GraphProof, proof: NodeProof, values: Values) -> bool:
    """Whether a square without its mask gives something else for some tails."""
    assert proof.of is not None
    node, bare = proof.phased.node, replace(proof.of, masked=False)
    x = values[node.inputs[0]]
    for seed in range(4):
        generator = torch.Generator().manual_seed(seed)
        line = far_off(x, with_garbage(x, x.shape, proof.phased.reads[0], generator))
        given = [line, *(values.get(name) for name in node.inputs[1:])]
        wanted = values[node.outputs[0]]
        if not torch.equal(cropped(square_run(bare, given), tuple(wanted.shape)), wanted):
            return True
    return False


def far_off(x: Tensor, line: Tensor) -> Tensor:
    """The signal on its line, and behind it numbers that no sum of samples takes back."""
    return filled(x, list(line.shape), 1000 * line)


def _conv(node: Any, given: list[Tensor]) -> list[Tensor]:
    x, w, *bias = given
    a = node.attributes
    stride, dilation = a.get("strides", (1, 1)), a.get("dilations", (1, 1))
    x = F.pad(x, _torch_pads(node, x, w.shape[2:], stride, dilation))
    y = F.conv2d(
        x, w, *bias[:1], stride=tuple(stride), dilation=tuple(dilation), groups=a.get("group", 1)
    )
    return [y]


def _torch_pads(node: Any, x: Tensor, kernel: Any, stride: Any, dilation: Any) -> list[int]:
    """ONNX's pads in torch's order, the last axis first."""
    a = node.attributes
    word = a.get("auto_pad", "NOTSET")
    rank = len(kernel)
    ends = a.get("pads", (0,) * 2 * rank)
    pairs = [(ends[n], ends[n + rank]) for n in range(rank)]
    if word.startswith("SAME"):
        pairs = []
        for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True):
            total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
            small, large = total // 2, total - total // 2
            pairs.append((small, large) if word == "SAME_UPPER" else (large, small))
    return [end for pair in reversed(pairs) for end in pair]


def _transposed(node: Any, given: list[Tensor]) -> list[Tensor]:
    return [F.conv_transpose2d(given[0], given[1], stride=tuple(node.attributes["strides"]))]


def _max_pool(node: Any, given: list[Tensor]) -> list[Tensor]:
    a = node.attributes
    pads = _torch_pads(node, given[0], a["kernel_shape"], a["strides"], (1, 1))
    x = F.pad(given[0], pads, value=float("-inf"))
    return [F.max_pool2d(x, tuple(a["kernel_shape"]), tuple(a["strides"]))]


def _average(node: Any, given: list[Tensor]) -> list[Tensor]:
    a = node.attributes
    pads = _torch_pads(node, given[0], a["kernel_shape"], a["strides"], (1, 1))
    ones = torch.ones_like(given[0])
    kernel, strides = tuple(a["kernel_shape"]), tuple(a["strides"])
    fill = 1.0 if a.get("count_include_pad") else 0.0
    sums, counts = (
        F.avg_pool2d(F.pad(x, pads, value=v), kernel, strides, divisor_override=1)
        for x, v in ((given[0], 0.0), (ones, fill))
    )
    return [sums / counts]


def _pad(node: Any, given: list[Tensor]) -> list[Tensor]:
    ends = [int(n) for n in given[1]]
    rank = len(ends) // 2
    pairs = [(ends[n], ends[n + rank]) for n in range(2, rank)]
    mode = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}
    flat = [end for pair in reversed(pairs) for end in pair]
    return [F.pad(given[0], flat, mode=mode[node.attributes["mode"]])]


def _slice(node: Any, given: list[Tensor]) -> list[Tensor]:
    x, start, end, axis, step = given[0], *(int(t[0]) for t in given[1:])
    at = torch.tensor([*range(x.shape[axis])[start:end:step]])
    return [x.index_select(axis, at)]


def _depth(node: Any, given: list[Tensor]) -> list[Tensor]:
    b, c, h, w = given[0].shape
    s = node.attributes["blocksize"]
    if node.attributes["mode"] == "CRD":
        return [F.pixel_shuffle(given[0], s)]
    x = given[0].reshape(b, s, s, c // s**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return [x.reshape(b, c // s**2, h * s, w * s)]


def _normal(node: Any, given: list[Tensor]) -> list[Tensor]:
    mean = given[0].mean((2, 3), keepdim=True)
    variance = given[0].var((2, 3), keepdim=True, unbiased=False)
    return [(given[0] - mean) / (variance + node.attributes["epsilon"]).sqrt()]


def _resized(node: Any, given: list[Tensor]) -> list[Tensor]:
    grown = [int(scale) for scale in given[2][2:]]
    if node.attributes["mode"] == "linear":
        return [F.interpolate(given[0], scale_factor=grown, mode="bilinear")]
    return [given[0].repeat_interleave(grown[0], 2).repeat_interleave(grown[1], 3)]


OPS: dict[str, Any] = {
    "Conv": _conv,
    "ConvTranspose": _transposed,
    "MaxPool": _max_pool,
    "AveragePool": _average,
    "Pad": _pad,
    "Slice": _slice,
    "DepthToSpace": _depth,
    "InstanceNormalization": _normal,
    "Resize": _resized,
    "GlobalAveragePool": lambda node, g: [g[0].mean((2, 3), keepdim=True)],
    "GlobalMaxPool": lambda node, g: [g[0].amax((2, 3), keepdim=True)],
    "Concat": lambda node, g: [torch.cat(g, node.attributes["axis"])],
    "Reshape": lambda node, g: [g[0].reshape([int(n) for n in g[1]])],
    "Transpose": lambda node, g: [g[0].permute(*node.attributes["perm"])],
    "MatMul": lambda node, g: [g[0] @ g[1]],
    "Softmax": lambda node, g: [g[0].softmax(node.attributes["axis"])],
    "LayerNormalization": lambda node, g: [F.layer_norm(g[0], g[0].shape[-1:])],
    "Split": lambda node, g: list(g[0].chunk(len(node.outputs), node.attributes["axis"])),
    "Unsqueeze": lambda node, g: [g[0].unsqueeze(int(g[1]))],
    "Squeeze": lambda node, g: [g[0].squeeze(int(g[1]))],
    "Relu": lambda node, g: [g[0].relu()],
    "Neg": lambda node, g: [-g[0]],
    "Abs": lambda node, g: [g[0].abs()],
    "Sigmoid": lambda node, g: [g[0].sigmoid()],
    "Add": lambda node, g: [g[0] + g[1]],
    "Mul": lambda node, g: [g[0] * g[1]],
    "Max": lambda node, g: [torch.maximum(g[0], g[1])],
}
