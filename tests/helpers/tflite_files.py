"""TFLite files of a few operators, written with the schema's own builders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.helpers.requirements import require

CODES = {"float32": "FLOAT32", "int32": "INT32", "int8": "INT8", "float16": "FLOAT16"}


@dataclass(frozen=True)
class Op:
    """An operator: its name, what it reads and makes by name, its options' table and fields."""

    code: str
    inputs: Sequence[str]
    output: str
    table: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def write_tflite(
    inputs: dict[str, Sequence[int]],
    constants: dict[str, Any],
    operators: Sequence[Op],
    shapes: dict[str, Sequence[int]],
    outputs: Sequence[str],
    dtypes: dict[str, str] | None = None,
) -> bytes:
    """The bytes of a model; ``shapes`` are those of what its operators make."""
    return _Writer(inputs, constants, operators, shapes, dtypes or {}).model(list(outputs))


class _Writer:
    def __init__(
        self, inputs: Any, constants: Any, operators: Any, shapes: Any, dtypes: Any
    ) -> None:
        self.tflite: Any = require("tflite")
        self.b: Any = require("flatbuffers").Builder(1024)
        self.inputs, self.constants, self.operators = inputs, constants, operators
        self.shapes = {**inputs, **{n: v.shape for n, v in constants.items()}, **shapes}
        self.dtypes = dtypes
        self.names = list(self.shapes)

    def model(self, outputs: list[str]) -> bytes:
        t, b = self.tflite, self.b
        buffers = self._offsets([self._buffer(None), *map(self._buffer, self.constants.values())])
        tensors = self._offsets([self._tensor(name) for name in self.names])
        operators = self._offsets([self._operator(n, op) for n, op in enumerate(self.operators)])
        ends = [
            self._ints([self.names.index(n) for n in names]) for names in (self.inputs, outputs)
        ]
        t.SubGraphStart(b)
        t.SubGraphAddTensors(b, tensors)
        t.SubGraphAddInputs(b, ends[0])
        t.SubGraphAddOutputs(b, ends[1])
        t.SubGraphAddOperators(b, operators)
        graphs = self._offsets([t.SubGraphEnd(b)])
        codes = self._offsets([self._code(op.code) for op in self.operators])
        t.ModelStart(b)
        t.ModelAddVersion(b, 3)
        t.ModelAddOperatorCodes(b, codes)
        t.ModelAddSubgraphs(b, graphs)
        t.ModelAddBuffers(b, buffers)
        b.Finish(t.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    def _offsets(self, offsets: list[int]) -> int:
        self.b.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.b.PrependUOffsetTRelative(offset)
        return int(self.b.EndVector())

    def _ints(self, values: Sequence[int]) -> int:
        return int(self.b.CreateNumpyVector(np.array(values, dtype=np.int32)))

    def _buffer(self, value: Any) -> int:
        data = None
        if value is not None:
            raw = np.frombuffer(np.ascontiguousarray(value).tobytes(), dtype=np.uint8)
            data = self.b.CreateNumpyVector(raw)
        self.tflite.BufferStart(self.b)
        if data is not None:
            self.tflite.BufferAddData(self.b, data)
        return int(self.tflite.BufferEnd(self.b))

    def _tensor(self, name: str) -> int:
        t, b = self.tflite, self.b
        constant = self.constants.get(name)
        dtype = str(constant.dtype) if constant is not None else self.dtypes.get(name, "float32")
        shape, label = self._ints(self.shapes[name]), b.CreateString(name)
        t.TensorStart(b)
        t.TensorAddShape(b, shape)
        t.TensorAddName(b, label)
        t.TensorAddType(b, getattr(t.TensorType, CODES[dtype]))
        place = 1 + list(self.constants).index(name) if constant is not None else 0
        t.TensorAddBuffer(b, place)
        return int(t.TensorEnd(b))

    def _code(self, code: str) -> int:
        t, b = self.tflite, self.b
        number = getattr(t.BuiltinOperator, code)
        t.OperatorCodeStart(b)
        t.OperatorCodeAddDeprecatedBuiltinCode(b, min(number, 127))
        t.OperatorCodeAddBuiltinCode(b, number)
        return int(t.OperatorCodeEnd(b))

    def _operator(self, place: int, op: Op) -> int:
        t, b = self.tflite, self.b
        table = None
        if op.table:
            getattr(t, f"{op.table}Start")(b)
            for name, value in op.fields.items():
                getattr(t, f"{op.table}Add{name}")(b, value)
            table = getattr(t, f"{op.table}End")(b)
        reads = self._ints([self.names.index(n) if n else -1 for n in op.inputs])
        makes = self._ints([self.names.index(op.output)])
        t.OperatorStart(b)
        t.OperatorAddOpcodeIndex(b, place)
        t.OperatorAddInputs(b, reads)
        t.OperatorAddOutputs(b, makes)
        if table is not None:
            t.OperatorAddBuiltinOptionsType(b, getattr(t.BuiltinOptions, op.table))
            t.OperatorAddBuiltinOptions(b, table)
        return int(t.OperatorEnd(b))
