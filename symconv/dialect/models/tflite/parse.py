"""The tables of a TFLite file as plain values: tensors, operators, options.

Data flow: bytes -> flatbuffers' tables, whose offsets may point anywhere -> `TfGraph`, in which
everything is there and bounded.  Whatever goes wrong on the way means that the file is malformed.

Source: TensorFlow Lite, ``schema.fbs``.
"""

from __future__ import annotations

import inspect
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from symconv.dialect.models.opening import MOST_WEIGHT
from symconv.errors import InputError, MissingTool, SymconvError, Unsupported
from symconv.network.model import Array

MAGIC = b"TFL3"
MOST_TABLES = 200_000
"""Tensors, operators or buffers of a file; the largest models known hold a few thousand."""

DTYPES = {
    "FLOAT32": "float32",
    "FLOAT16": "float16",
    "FLOAT64": "float64",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT16": "int16",
    "UINT16": "uint16",
    "INT32": "int32",
    "UINT32": "uint32",
    "INT64": "int64",
    "UINT64": "uint64",
    "BOOL": "bool",
}
"""Element types that NumPy has too; others are known by their own names."""


@dataclass(frozen=True, slots=True)
class TfTensor:
    """A tensor: its shape (None where a size is free), its values if it is constant."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    value: Array | None = None
    quantization: str = ""
    """Scales, zero points and their axis as a text; empty where it is not quantised."""


@dataclass(frozen=True, slots=True)
class TfOperator:
    """An operator: its name, the places of the tensors that it reads (-1: none) and makes."""

    op: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    custom: bool = False


@dataclass(frozen=True, slots=True)
class TfGraph:
    """The first subgraph of a file."""

    tensors: tuple[TfTensor, ...]
    operators: tuple[TfOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def tflite_library() -> Any:
    """Return the tflite library.

    Raises:
        MissingTool: it is not installed.
    """
    try:
        import tflite
    except ImportError as fault:
        raise MissingTool(
            "reading TFLite files needs tflite; install it with: pip install 'symconv[tflite]'"
        ) from fault
    return tflite


def parse_tflite(path: Path) -> TfGraph:
    """Read a file's tables.

    Raises:
        InputError: it cannot be read, is too large, or is malformed.
        MissingTool: the tflite library is not installed.
    """
    library = tflite_library()
    try:
        if path.stat().st_size > MOST_WEIGHT:
            raise InputError(f"{path} holds more than 2 GB, which no flatbuffer may")
        data = path.read_bytes()
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror or fault}") from fault
    try:
        return _Parser(library, library.Model.GetRootAs(data, 0)).graph()
    except SymconvError:
        raise
    except (struct.error, IndexError, ValueError, TypeError, OverflowError, KeyError) as fault:
        raise InputError(f"{path} is not a whole TFLite model: {fault!r}") from fault
    except (AttributeError, AssertionError, MemoryError) as fault:
        raise InputError(f"{path} is not a whole TFLite model: {fault!r}") from fault


class _Parser:
    """Reads the tables of one model."""

    def __init__(self, library: Any, model: Any) -> None:
        self.library = library
        self.model = model

    def graph(self) -> TfGraph:
        if self.model.SubgraphsLength() < 1:
            raise InputError("a TFLite model must hold a graph")
        graph = self.model.Subgraphs(0)
        counts = (graph.TensorsLength(), graph.OperatorsLength(), self.model.BuffersLength())
        if max(counts) > MOST_TABLES:
            raise InputError(f"the model holds {max(counts)} tables, at most {MOST_TABLES}")
        tensors = tuple(self._tensor(graph.Tensors(place)) for place in range(counts[0]))
        operators = tuple(self._operator(graph.Operators(place)) for place in range(counts[1]))
        ends = (_places(graph.InputsAsNumpy()), _places(graph.OutputsAsNumpy()))
        _check_places(operators, ends, len(tensors))
        return TfGraph(tensors, operators, *ends)

    def _tensor(self, tensor: Any) -> TfTensor:
        dtype = _words(self.library.TensorType)[tensor.Type()]
        dtype = DTYPES.get(dtype, dtype)
        shape = _places(tensor.ShapeAsNumpy())
        signature = _places(tensor.ShapeSignatureAsNumpy())
        if any(n < 0 for n in shape) and len(signature) != len(shape):
            signature = shape
        free = signature if len(signature) == len(shape) else shape
        sizes = tuple(None if f == -1 else n for n, f in zip(shape, free, strict=True))
        if tensor.Sparsity() is not None:
            raise Unsupported("sparse weights are not read; make them dense")
        name = (tensor.Name() or b"").decode()
        value = self._value(tensor, dtype, shape)
        return TfTensor(name, dtype, sizes, value, _quantization(tensor.Quantization()))

    def _value(self, tensor: Any, dtype: str, shape: tuple[int, ...]) -> Array | None:
        if not 0 <= tensor.Buffer() < self.model.BuffersLength():
            raise InputError(f"buffer {tensor.Buffer()} is not in the file")
        buffer = self.model.Buffers(tensor.Buffer())
        if buffer.Offset() > 1:
            raise Unsupported("weights behind the flatbuffer's end are not read")
        data = buffer.DataAsNumpy()
        if isinstance(data, int) or len(data) == 0 or dtype not in DTYPES.values():
            return None
        return np.frombuffer(data.tobytes(), np.dtype(dtype)).reshape(shape)

    def _operator(self, operator: Any) -> TfOperator:
        if not 0 <= operator.OpcodeIndex() < self.model.OperatorCodesLength():
            raise InputError(f"operator code {operator.OpcodeIndex()} is not in the file")
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        op = _words(self.library.BuiltinOperator).get(number, f"BUILTIN_{number}")
        ends = _places(operator.InputsAsNumpy()), _places(operator.OutputsAsNumpy())
        if op == "CUSTOM":
            raw = operator.CustomOptionsAsNumpy()
            told = "" if isinstance(raw, int) else raw.tobytes().hex()
            return TfOperator(code.CustomCode().decode(), *ends, {"custom_options": told}, True)
        return TfOperator(op, *ends, self._options(operator))

    def _options(self, operator: Any) -> dict[str, Any]:
        """All options of an operator by their names in the library."""
        found: dict[str, Any] = {}
        for kinds, kind, table in (
            (self.library.BuiltinOptions, operator.BuiltinOptionsType(), operator.BuiltinOptions()),
            (
                self.library.BuiltinOptions2,
                operator.BuiltinOptions2Type(),
                operator.BuiltinOptions2(),
            ),
        ):
            if kind and table is not None:
                options = vars(self.library)[_words(kinds)[kind]]()
                options.Init(table.Bytes, table.Pos)
                found.update(_fields(options))
        return found


@cache
def _words(enum: Any) -> dict[int, str]:
    """The words of one of the schema's enumerations by their numbers."""
    return {number: word for word, number in vars(enum).items() if isinstance(number, int)}


def _fields(options: Any) -> dict[str, Any]:
    """The fields of a table: every method of its class that takes nothing."""
    found: dict[str, Any] = {}
    for name, method in vars(type(options)).items():
        if name.startswith(("_", "GetRoot", "Init")) or not inspect.isfunction(method):
            continue
        if name.endswith(("Length", "IsNone")) or len(inspect.signature(method).parameters) != 1:
            continue
        value = method(options)
        found[name.removesuffix("AsNumpy")] = value.tolist() if hasattr(value, "tolist") else value
    return {
        key: value.decode() if isinstance(value, bytes) else value for key, value in found.items()
    }


def _places(found: Any) -> tuple[int, ...]:
    """A vector of integers; flatbuffers gives 0 where there is none."""
    return () if isinstance(found, int) else tuple(int(n) for n in found)


def _quantization(found: Any) -> str:
    if found is None:
        return ""
    scales, zeros = found.ScaleAsNumpy(), found.ZeroPointAsNumpy()
    if isinstance(scales, int) or len(scales) == 0:
        return ""
    shifts = [] if isinstance(zeros, int) else zeros.tolist()
    return f"{scales.tolist()} {shifts} {found.QuantizedDimension()}"


def _check_places(
    operators: tuple[TfOperator, ...], ends: tuple[tuple[int, ...], ...], count: int
) -> None:
    made = [place for operator in operators for place in operator.outputs]
    read = [place for operator in operators for place in operator.inputs if place != -1]
    for place in (*made, *read, *ends[0], *ends[1]):
        if not 0 <= place < count:
            raise InputError(f"tensor {place} is not in the file, which holds {count}")
