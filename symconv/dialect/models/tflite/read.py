"""A TFLite graph as a model, operator by operator.

Integers are opaque: an operator on quantised tensors rounds, and says so by its parameters.  A
graph with variables is read as one step: what it holds before is an input, what it holds then is an
output.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from symconv.dialect.models.build import Builder, Image, strides_told
from symconv.dialect.models.opening import Opening
from symconv.dialect.models.tflite import values, windows
from symconv.dialect.models.tflite.parse import (
    MAGIC,
    TfGraph,
    TfOperator,
    TfTensor,
    parse_tflite,
)
from symconv.dialect.models.tflite.scope import Rule, Scope
from symconv.errors import InputError, SymconvError, Unsupported
from symconv.network.model import Array, Model

RULES: dict[str, Rule] = {**windows.RULES, **values.RULES}
REAL = ("float16", "float32", "float64")
INDICES = ("int32", "int64")
"""Element types of axes, pads and sizes, which are constants; quantised weights have others."""

RANDOM = ("RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL")
GRAPHS = ("IF", "WHILE", "CALL", "STABLEHLO_WHILE", "STABLEHLO_COMPOSITE", "STABLEHLO_REDUCE")
"""Operators that run other graphs of the file, whose content an opaque one would hide."""


def read_graph(graph: TfGraph, name: str) -> Model:
    """Read a parsed graph.

    Raises:
        InputError: it is malformed.
        Unsupported: it is random, or runs other graphs.
    """
    return _Reader(graph, name).model()


class _Reader:
    """The model so far, by the graph's tensors."""

    def __init__(self, graph: TfGraph, name: str) -> None:
        self.graph = graph
        self.b = Builder(name)
        self.names = _distinct([tensor.name for tensor in graph.tensors])
        self.values: dict[str, Array] = {}
        self.images: dict[str, Image] = {}
        self.handles: dict[str, str] = {}
        self.held: dict[str, Image] = {}
        self.changed: dict[str, Image] = {}

    def tensor(self, place: int) -> TfTensor:
        """A tensor under a name that no other has."""
        found = self.graph.tensors[place]
        return TfTensor(
            self.names[place], found.dtype, found.shape, found.value, found.quantization
        )

    def model(self) -> Model:
        """Read inputs, operators and outputs."""
        for place in range(len(self.graph.tensors)):
            tensor = self.tensor(place)
            if tensor.value is not None:
                self.values[tensor.name] = tensor.value
        for place in self.graph.inputs:
            tensor = self.tensor(place)
            port = self.b.port(tensor.name, tensor.dtype, tensor.shape)
            self.images[tensor.name] = Image(port, tensor.shape)
        for operator in self.graph.operators:
            self._operator(operator)
        outputs = [self._output(place) for place in self.graph.outputs]
        states = [self.b.last(image).name for image in self.changed.values()]
        return self.b.model([*outputs, *states])

    def _output(self, place: int) -> str:
        tensor = self.tensor(place)
        if tensor.name in self.images:
            return self.b.last(self.images[tensor.name]).name
        if tensor.name in self.values:
            return self.b.constant(tensor.name, self.values[tensor.name])
        raise InputError(f"nothing makes the output {tensor.name!r}")

    def _operator(self, operator: TfOperator) -> None:
        inputs = tuple(None if p == -1 else self.tensor(p) for p in operator.inputs)
        outputs = tuple(self.tensor(place) for place in operator.outputs)
        shown = outputs[0].name if outputs else operator.op
        try:
            if operator.op in RANDOM:
                raise Unsupported("no two runs of it are equal, and nothing can be proved of it")
            if operator.op in GRAPHS:
                raise Unsupported("it runs other graphs of the file, which are not read")
            if not self._stateful(operator, inputs, outputs):
                scope = Scope(self.b, operator, inputs, outputs, self.images, self.values)
                self._apply(scope)
        except SymconvError as fault:
            raise fault.within(f"operator {shown!r} ({operator.op})") from None

    def _apply(self, scope: Scope) -> None:
        operator, outputs = scope.operator, scope.outputs
        if twice := [t.name for t in outputs if t.name in self.images or t.name in self.values]:
            raise InputError(f"{twice[0]!r} is made twice")
        if (folded := _folded(scope)) is not None:
            self.values[scope.made] = folded
            return
        rules = windows.CUSTOM if operator.custom else RULES
        rule = rules.get(operator.op) if _is_plain(scope) else None
        try:
            if rule is not None:
                self.images[scope.made] = rule(scope)
                return
        except Unsupported:  # an option without a rule
            pass
        self.images.update(_opaque(scope))

    def _stateful(
        self,
        operator: TfOperator,
        inputs: tuple[TfTensor | None, ...],
        outputs: tuple[TfTensor, ...],
    ) -> bool:
        """Read an operator on variables; whether it is one."""
        if operator.op == "CALL_ONCE":  # it sets the variables before the first step
            return True
        if operator.op == "VAR_HANDLE":
            shared = operator.options.get("SharedName") or outputs[0].name
            self.handles[outputs[0].name] = f"{operator.options.get('Container') or ''}/{shared}"
            return True
        if operator.op not in ("READ_VARIABLE", "ASSIGN_VARIABLE"):
            return False
        if not inputs or inputs[0] is None or inputs[0].name not in self.handles:
            raise InputError("it names no variable")
        variable = self.handles[inputs[0].name]
        if operator.op == "READ_VARIABLE":
            self.images[outputs[0].name] = self._held(variable, outputs[0])
        else:
            scope = Scope(self.b, operator, inputs, outputs, self.images, self.values)
            self.held[variable] = self.changed[variable] = scope.image(1)
        return True

    def _held(self, variable: str, tensor: TfTensor) -> Image:
        """What a variable holds: what the step was given, if it has not been assigned."""
        if variable not in self.held:
            port = self.b.port(f"variable{variable}", tensor.dtype, tensor.shape)
            self.held[variable] = Image(port, tensor.shape)
        return self.held[variable]


def _distinct(names: list[str]) -> list[str]:
    """Names of which no two are equal, as those of a file may be."""
    seen: dict[str, int] = {}
    found = []
    for place, name in enumerate(names):
        stem = name or f"tensor_{place}"
        seen[stem] = seen.get(stem, 0) + 1
        found.append(stem if seen[stem] == 1 else f"{stem}#{place}")
    return found if len(set(found)) == len(found) else [f"{n}#{p}" for p, n in enumerate(names)]


def _is_plain(scope: Scope) -> bool:
    """Whether a rule may be for it: on real numbers, or one that only moves values."""
    if len(scope.outputs) != 1:
        return False
    if scope.operator.op in values.MOVES and not scope.operator.custom:
        return True
    data = [t for t in (*scope.inputs, *scope.outputs) if t is not None]
    return scope.outputs[0].dtype in REAL and all(
        t.dtype in REAL or (t.name in scope.values and t.dtype in INDICES and not t.quantization)
        for t in data
    )


def _folded(scope: Scope) -> Array | None:
    """A constant as real numbers, where an operator only makes it so; else None."""
    if scope.operator.op != "DEQUANTIZE" or not scope.has(0) or not scope.outputs:
        return None
    tensor = scope.tensor(0)
    value = scope.values.get(tensor.name)
    if value is None or tensor.quantization or tensor.dtype not in REAL:
        return None
    return value.astype(np.dtype(scope.outputs[0].dtype))


def _opaque(scope: Scope) -> dict[str, Image]:
    """An operator without a rule: some function, told apart by its options and by roundings."""
    present = [place for place in range(len(scope.inputs)) if scope.has(place)]
    inputs = [scope.b.last(scope.image(place)).name for place in present]
    tensors = [*(scope.tensor(place) for place in present), *scope.outputs]
    attributes: dict[str, Any] = {
        **strides_told(windows.strides_of(scope.operator)),
        "options": json.dumps(dict(scope.operator.options), sort_keys=True, default=str),
        "places": present,
        "forms": [f"{t.dtype} {t.quantization}".strip() for t in tensors],
        "shapes": [str(list(t.shape)) for t in scope.outputs],
    }
    if not scope.outputs:
        raise Unsupported("it makes nothing, and changes something else")
    names = [tensor.name for tensor in scope.outputs]
    made = scope.b.nodes_of(scope.operator.op, inputs, names, attributes, "tflite")
    pairs = zip(scope.outputs, made, strict=True)
    return {tensor.name: Image(name, tensor.shape) for tensor, name in pairs}


class TfLiteFiles:
    """What TensorFlow's converter writes."""

    noun = "a TFLite model"

    def is_mine(self, opening: Opening) -> bool:
        """Whether it has the identifier of TFLite's flatbuffers."""
        return opening.head[4:8] == MAGIC

    def read(self, path: Path) -> Model:
        """Read the file's first graph.

        Raises:
            InputError: it is malformed.
            Unsupported: it is random, or runs other graphs.
            MissingTool: the tflite library is not installed.
        """
        return read_graph(parse_tflite(path), path.name.partition(".")[0])


FORMAT = TfLiteFiles()
