"""A file whose phases flow: tensors kept on phases from node to node, as a proof lays them out.

Data flow: a proof of the model on phases (the factors of every tensor, the masks) -> node by node,
its operator on phases where it has one, or between a merge and a split -> the file.

A tensor ``(N, C, *n)`` of factors ``E`` on its axes in space is written ``(N, (C r), *ceil(n/E))``.
Source: Kong and Lucey 2017, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from symconv.dialect.onnx.convert import (
    Change,
    Conversion,
    convert_bodies,
    inner_names,
    names_of,
    strided_of,
)
from symconv.dialect.onnx.emit import Emitter
from symconv.dialect.onnx.load import opset_of
from symconv.dialect.onnx.local import write_local
from symconv.dialect.onnx.phases import interleaved, strided_slices
from symconv.dialect.onnx.weights import write_steps
from symconv.errors import Unsupported
from symconv.network.bound import Bound
from symconv.network.results import ModelProof, NodeProof

Factors = tuple[int, ...]

_NAMES = """
    Abs Add BatchNormalization Cast Ceil Celu Clip Cos Div Dropout Elu Erf Exp Floor Gelu
    HardSigmoid HardSwish Identity LeakyRelu Max Mean Min Mish Mul Neg PRelu Pow Relu Round Selu
    Sigmoid Sign Sin Softplus Softsign Sqrt Sub Sum Tanh ThresholdedRelu
"""

ELEMENTWISE = frozenset(_NAMES.split())
"""Operators that are the same on phases, operands of one number a channel repeated."""


def convert_phased(
    proto: Any, bound: Bound, proof: ModelProof, *, materialised: bool = False
) -> Conversion:
    """Write a file on phases as a proof lays them out.

    Raises:
        Unsupported: a strided node has no form without stride.
    """
    made = type(proto)()
    made.CopyFrom(proto)
    proofs = {n.phased.node.outputs[0]: n for n in proof.graphs[0].nodes}
    writer = _Writer(proto, bound, proofs, materialised)
    nodes = [new for node in proto.graph.node for new in writer.node(node)]
    nodes += writer.outputs([value.name for value in proto.graph.output])
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    made.graph.initializer.extend(writer.constants)
    return Conversion(made, tuple(writer.changes))


@dataclass
class _Writer:
    """Writes nodes one after another; ``phases`` names tensors that stand on phases."""

    proto: Any
    bound: Bound
    proofs: dict[str, NodeProof]
    materialised: bool
    phases: dict[str, tuple[str, Factors]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.opset = opset_of(self.proto)
        self.taken = names_of(self.proto.graph)
        self.split: dict[tuple[str, Factors], str] = {}
        if self.opset < 10 or self.proto.ir_version < 4:
            raise Unsupported("phases flow in files from opset 10 and IR version 4 on; upgrade it")

    def node(self, node: Any) -> list[Any]:
        """What stands for a node of the file."""
        emit = Emitter(self.opset, node.output[0] if node.output else node.name, self.taken)
        proof = self.proofs.get(node.output[0]) if node.output else None
        self._write(node, proof, emit)
        if self.materialised:
            emit.fold({t.name: t for t in self.proto.graph.initializer})
        self.constants += emit.constants
        return emit.nodes

    def outputs(self, names: Sequence[str]) -> list[Any]:
        """Outputs that stand on phases, merged."""
        emit = Emitter(self.opset, "outputs", self.taken)
        for name in names:
            self._merged(name, emit)
        self.constants += emit.constants
        return emit.nodes

    def _write(self, node: Any, proof: NodeProof | None, emit: Emitter) -> None:
        made = _space(proof.phased.makes[0]) if proof and proof.phased.makes else ()
        read = [_space(f) for f in proof.phased.reads] if proof else []
        flows = proof is not None and (prod(made) > 1 or any(prod(f) > 1 for f in read))
        if proof is not None and flows and self._flowing(node, proof, read, made, emit):
            return
        self._between(node, emit)

    def _flowing(
        self, node: Any, proof: NodeProof, read: Sequence[Factors], made: Factors, emit: Emitter
    ) -> bool:
        """The node on phases, where it has a form there; whether it was written."""
        if node.op_type in ("Conv", "ConvTranspose"):
            return self._convolved(node, proof, read[0], made, emit)
        if node.op_type in (*ELEMENTWISE, "Concat"):
            return self._elementwise(node, read, made, emit)
        return False

    def _between(self, node: Any, emit: Emitter) -> None:
        """The node itself on whole tensors, without its stride."""
        for name in (*node.input, *inner_names(node)):
            self._merged(name, emit)
        strided = self._strided(node)
        if strided is None:
            emit.nodes.append(self._with_bodies(node))
            return
        dtype = self.bound.dtypes.get(node.input[0], "float32")
        write_local(node, strided, emit, dtype)
        self._note(node)

    def _with_bodies(self, node: Any) -> Any:
        """A node whose own graphs hold no stride: each strided node in them alone on phases."""
        if not inner_names(node):
            return node
        made = type(node)()
        made.CopyFrom(node)
        self.changes += convert_bodies(made, self.opset, self.bound, self.taken)
        return made

    def _note(self, node: Any) -> None:
        strides = next((tuple(a.ints) for a in node.attribute if a.name == "strides"), ())
        if any(s > 1 for s in strides):
            self.changes.append(
                Change(node.name or node.output[0], node.op_type, strides, "converted")
            )

    def _strided(self, node: Any) -> Any:
        """The window of a strided node; None for any other."""
        return strided_of(node, self.bound)

    def _merged(self, name: str, emit: Emitter) -> None:
        """A tensor under its own name, whole."""
        if name not in self.phases or name in self.whole:
            return
        phases, factors = self.phases[name]
        shape = self.bound.shapes[name]
        lengths = [-(-n // e) for n, e in zip(shape[2:], factors, strict=True)]
        whole = interleaved(phases, shape[1], lengths, factors, emit)
        for axis, (n, e, length) in enumerate(zip(shape[2:], factors, lengths, strict=True)):
            if n != e * length:
                whole = emit.slice(whole, axis + 2, 0, n)
        emit.identity(whole, name)
        self.whole.add(name)

    def _on_phases(self, name: str, factors: Factors, emit: Emitter, fill: str | None) -> str:
        """A tensor on phases of these factors; ``fill`` asks for its tail to be filled."""
        if prod(factors) == 1:
            self._merged(name, emit)
            return name
        if name in self.phases and self.phases[name][1] == factors:
            phases = self.phases[name][0]
            return phases if fill is None else self._masked(phases, name, factors, fill, emit)
        self._merged(name, emit)
        if (name, factors) not in self.split:
            self.split[name, factors] = self._divided(name, factors, emit)
        return self.split[name, factors]

    def _divided(self, name: str, factors: Factors, emit: Emitter) -> str:
        """A whole tensor cut into phases ``(c r)``, its tail filled with zeros."""
        shape = self.bound.shapes[name]
        pads = [(0, -n % e) for n, e in zip(shape[2:], factors, strict=True)]
        signal = emit.pad(name, [(0, 0), (0, 0), *pads])
        stacked = strided_slices(signal, factors, emit)
        many, channels = prod(factors), shape[1]
        return emit.take(
            stacked, 1, [r * channels + c for c in range(channels) for r in range(many)]
        )

    def _masked(self, phases: str, name: str, factors: Factors, fill: str, emit: Emitter) -> str:
        """Phases whose tail is filled: with zeros, or before a maximum with -inf."""
        shape = self.bound.shapes[name]
        lengths = [-(-n // e) for n, e in zip(shape[2:], factors, strict=True)]
        live = np.ones((1, 1), bool)
        for n, e, length in zip(shape[2:], factors, lengths, strict=True):
            here = (e * np.arange(length)[None, :] + np.arange(e)[:, None]) < n
            live = (live[:, None, :, None] & here[None, :, None, :]).reshape(
                live.shape[0] * e, live.shape[1] * length
            )
        if live.all():
            return phases
        live = live.reshape(1, 1, prod(factors), *lengths)
        kind = np.dtype(self.bound.dtypes.get(name, "float32"))
        value = np.asarray(0 if fill == "zeros" else -np.inf, kind)
        cut = emit.reshape(phases, [-1, shape[1], prod(factors), *lengths])
        mask = emit.constant("mask", live, bool)
        kept = emit.node("Where", [mask, cut, emit.constant("tail", value, kind)])
        return emit.reshape(kept, [-1, shape[1] * prod(factors), *lengths])

    def _convolved(
        self, node: Any, proof: NodeProof, read: Factors, made: Factors, emit: Emitter
    ) -> bool:
        """A convolution on phases; whether it was written."""
        square = proof.of
        e = None if square is None else square.expansion
        plain = square is not None and not (square.window.left or square.window.front)
        if e is None or not plain or e.has_boundary_gather or e.divisors:
            return False
        x, w, *bias = node.input
        fill = "zeros" if proof.mask is not None else None
        signal = self._on_phases(x, read, emit, fill)
        kernel, _ = write_steps(w, self.bound.shapes[w], e.weight_map, emit)
        added = []
        if bias and bias[0]:
            added = [write_steps(bias[0], self.bound.shapes[bias[0]], e.bias_map, emit)[0]]
        layer = e.layer
        pads = list(layer.per_axis("padding", len(read)))
        for axis, (lo, hi) in enumerate(pads):
            if lo < 0 or hi < 0:
                length = -(-self.bound.shapes[x][axis + 2] // read[axis])
                signal = emit.slice(signal, axis + 2, max(-lo, 0), length - max(-hi, 0))
        output = node.output[0] if prod(made) == 1 else emit.name("phases")
        emit.node(
            "Conv",
            [signal, kernel, *added],
            output,
            kernel_shape=list(layer.per_axis("kernel_size", len(read))),
            strides=list(layer.per_axis("stride", len(read))),
            dilations=list(layer.per_axis("dilation", len(read))),
            pads=[max(lo, 0) for lo, _ in pads] + [max(hi, 0) for _, hi in pads],
            group=layer.groups,
        )
        if prod(made) > 1:
            self.phases[node.output[0]] = output, made
        self._note(node)
        return True

    def _elementwise(
        self, node: Any, read: Sequence[Factors], made: Factors, emit: Emitter
    ) -> bool:
        """An operator of each entry on phases, or a join of channels; whether it was written."""
        if len(node.output) != 1 or node.output[0] not in self.bound.shapes:
            return False
        rank = len(self.bound.shapes[node.output[0]])
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        if node.op_type == "Concat" and axis % rank != 1:
            return False
        operands = []
        for slot, name in enumerate(node.input):
            factors = read[slot] if slot < len(read) else ()
            found = self._operand(node, name, factors, made, emit)
            if found is None:
                return False
            operands.append(found)
        output = emit.name("phases")
        emit.like(node, operands, output)
        self.phases[node.output[0]] = output, made
        return True

    def _operand(
        self, node: Any, name: str, read: Factors, made: Factors, emit: Emitter
    ) -> str | None:
        if not name:
            return ""
        shape = self.bound.shapes.get(name)
        if shape is None:
            return None
        if read == made and len(shape) == len(made) + 2:
            return self._on_phases(name, made, emit, None)
        if node.op_type == "Concat":
            return None
        self._merged(name, emit)
        if prod(shape) == 1:
            return name
        channels = len(shape) - len(made) - 1
        if node.op_type == "BatchNormalization":
            channels = 0
        alone = channels >= 0 and prod(shape) == prod(shape[: channels + 1])
        if not alone or shape[channels] == 1:
            return name if alone and prod(shape[: channels + 1]) == shape[0] else None
        many = prod(made)
        return emit.take(name, channels, [c for c in range(shape[channels]) for _ in range(many)])


def _space(factors: Factors) -> Factors:
    """The factors on axes in space; of a tensor that has phases elsewhere, none: it stays whole."""
    space = tuple(factors[2:])
    return space if all(f == 1 for f in factors[:2]) else (1,) * len(space)
