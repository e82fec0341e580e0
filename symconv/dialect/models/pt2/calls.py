"""Calls of ATen's operators in an exported program, and the graph that their rules make.

A tensor of the program is known by the name that it has there; `Graph.now` says which tensor of the
model holds its values.  An operator that works in place changes that, and whatever looked at the
same memory through a view is stale from then on: a program that reads it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symconv.dialect.models.build import Builder
from symconv.errors import InputError, Unsupported
from symconv.layer.padding import is_int

_SYMBOL = re.compile(r"Symbol\('(\w+)'[^()]*\)|(\w+)")


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor, or a size that is computed, by its name in the program."""

    name: str


@dataclass(frozen=True, slots=True)
class Aten:
    """A call: the operator without its overload, what it is given by name, and what it makes."""

    op: str
    overload: str
    given: Mapping[str, Any]
    outputs: tuple[str, ...]

    @property
    def made(self) -> str:
        """The name of its first output."""
        return self.outputs[0]

    def tensor(self, key: str) -> str:
        """A tensor that it reads.

        Raises:
            InputError: there is none.
        """
        value = self.given.get(key)
        if not isinstance(value, Ref):
            raise InputError(f"{self.op} needs a tensor {key}, got {value!r}")
        return value.name

    def tensors(self, key: str) -> list[str]:
        """The tensors of a list that it reads."""
        value = self.given.get(key)
        if not isinstance(value, list) or not all(isinstance(v, Ref) for v in value):
            raise InputError(f"{self.op} needs tensors {key}, got {value!r}")
        return [entry.name for entry in value]

    def integer(self, key: str, default: int | None = None) -> int:
        """A number.

        Raises:
            InputError: it is missing, or is none.
            Unsupported: it is computed.
        """
        given: Any = self.given.get(key)
        value: Any = default if given is None else given
        if isinstance(value, Ref):
            raise Unsupported(f"{key} is computed")
        if not is_int(value):
            raise InputError(f"{self.op}: {key} must be an integer, got {value!r}")
        return int(value)

    def integers(self, key: str, rank: int | None = None, default: Any = None) -> list[int]:
        """A list of numbers; one alone, or a list of one, stands for each of so many axes."""
        value = self.given.get(key)
        value = default if value is None or value == [] else value
        entries = value if isinstance(value, list) else [value]
        if any(isinstance(n, Ref) for n in entries):
            raise Unsupported(f"{key} is computed")
        entries = entries * (rank or 1) if len(entries) == 1 and rank else entries
        if not all(map(is_int, entries)) or (rank is not None and len(entries) != rank):
            raise InputError(f"{self.op}: {key} must be {rank or 'some'} integers, got {value!r}")
        return [int(n) for n in entries]

    def number(self, key: str, default: float | None = None) -> float:
        """A real number."""
        value = self.given.get(key)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unsupported(f"{self.op}: {key}={value!r} is not a number")
        return float(value)

    def switch(self, key: str, default: bool = False) -> bool:
        """Whether an option is on."""
        value = self.given.get(key)
        return default if value is None else bool(value)


class Graph:
    """The model so far, and which of its tensors holds the values of each of the program's."""

    def __init__(self, name: str, shapes: Mapping[str, Any]) -> None:
        self.b = Builder(name)
        self.now: dict[str, str] = {}
        self.metas = shapes
        self._memory: dict[str, str] = {}
        self._stale: set[str] = set()
        self._unmade: set[str] = set()

    def read(self, name: str) -> str:
        """The tensor of the model that holds a tensor of the program.

        Raises:
            InputError: nothing has made it.
            Unsupported: it is a view of what was changed in place.
        """
        if name in self._stale:
            raise Unsupported(f"it reads {name!r}, a view of a tensor that was changed in place")
        if name in self._unmade:
            raise Unsupported(f"it reads {name!r}, an output beside the first, which is not read")
        if name not in self.now:
            raise InputError(f"it reads {name!r}, which nothing before it makes")
        return self.now[name]

    def bind(self, name: str, made: str) -> None:
        """Say which tensor of the model a new tensor of the program is."""
        if name in self.now:
            raise InputError(f"{name!r} is made twice")
        self.now[name] = made

    def unmade(self, names: Sequence[str]) -> None:
        """Say that a rule does not make these outputs: indices, statistics."""
        self._unmade.update(names)

    def looks_at(self, view: str, of: str) -> None:
        """Say that a tensor may share the memory of another."""
        self._memory[view] = self._memory.get(of, of)

    def change(self, name: str, made: str) -> None:
        """Say that a tensor was changed in place, and what holds its values now."""
        memory = self._memory.get(name, name)
        sharing = {other for other, where in self._memory.items() if where == memory} | {memory}
        self._stale |= sharing - {name}
        self.now[name] = made

    def shape(self, name: str) -> tuple[int | None, ...]:
        """The sizes of a tensor of the program, None where one is not a number.

        Raises:
            InputError: the program does not say them.
        """
        meta = self.metas.get(name)
        sizes = meta.get("sizes") if isinstance(meta, Mapping) else None
        if not isinstance(sizes, list):
            raise InputError(f"the program does not say the sizes of {name!r}")
        return tuple(_size(entry) for entry in sizes)

    def length(self, name: str) -> int:
        """The size of a tensor of one axis.

        Raises:
            Unsupported: it has others, or its size is not a number.
        """
        sizes = self.shape(name)
        if len(sizes) != 1 or sizes[0] is None:
            raise Unsupported(f"{name!r} has the sizes {list(sizes)}, and one number is expected")
        return sizes[0]

    def node(self, op: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """An operator of ONNX with one output."""
        return self.b.node(op, inputs, name, attributes)

    def scalar(self, value: float, like: str) -> str:
        """A constant of the element type of a tensor of the program."""
        dtype = self.dtype(like)
        number = np.array(value, dtype=dtype)
        return self.b.constant(f"{dtype}/{number.item():g}", number)

    @staticmethod
    def index(value: int) -> Any:
        """A place or a size as a tensor without axes."""
        return np.array(value, dtype=np.int64)

    def dtype(self, name: str) -> Any:
        """The element type of a tensor of the program."""
        from symconv.dialect.models.pt2.weights import dtype_of

        meta = self.metas.get(name)
        return dtype_of(meta if isinstance(meta, Mapping) else {})

    def sizes(self, call: Aten, key: str) -> str:
        """A list of sizes as a tensor: a constant, or numbers and computed sizes side by side."""
        value = call.given.get(key)
        entries = value if isinstance(value, list) else [value]
        if not any(isinstance(entry, Ref) for entry in entries):
            return self.b.integers(f"{call.made}/{key}", call.integers(key))
        parts = [self._as_list(call.made, entry) for entry in entries]
        return self.node("Concat", parts, f"{call.made}/{key}", axis=0)

    def _as_list(self, stem: str, entry: Any) -> str:
        if not isinstance(entry, Ref):
            return self.b.integers(f"sizes/{entry}", [int(entry)])
        inputs = [self.read(entry.name), self.b.integers("axes/0", [0])]
        return self.node("Unsqueeze", inputs, f"{stem}/{entry.name}")


def _size(entry: Any) -> int | None:
    value: Any = entry.get("as_int") if isinstance(entry, Mapping) else None
    return int(value) if is_int(value) else None


def dimension_of(entry: Any) -> int | str | None:
    """A size of an input: a number, a name, or None where it is an expression.

    >>> dimension_of({"as_expr": {"expr_str": "Symbol('s7', positive=True, integer=True)"}})
    's7'
    """
    if (number := _size(entry)) is not None:
        return number
    text = (entry.get("as_expr") or {}).get("expr_str") if isinstance(entry, Mapping) else None
    found = _SYMBOL.fullmatch(text) if isinstance(text, str) else None
    return (found[1] or found[2]) if found else None


def read_call(node: Any) -> Aten:
    """Read a node of the program.

    Raises:
        InputError: it is malformed.
        Unsupported: it holds a graph of its own.
    """
    target = node.get("target") if isinstance(node, Mapping) else None
    if not isinstance(target, str):
        raise InputError(f"a node has no target: {node!r}")
    found = re.fullmatch(r"torch\.ops\.aten\.(\w+)\.(\w+)", target)
    op, overload = (found[1], found[2]) if found else (target, "")
    inputs, outputs = node.get("inputs") or [], node.get("outputs") or []
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        raise InputError(f"{target}: inputs and outputs must be lists")
    given = {}
    for place, entry in enumerate(inputs):
        if not isinstance(entry, Mapping):
            raise InputError(f"{target}: an input must be an object, got {entry!r}")
        given[str(entry.get("name") or place)] = _argument(entry.get("arg"), target)
    made = tuple(name for entry in outputs for name in _names(entry))
    if not made:
        raise Unsupported(f"{target} makes nothing, and changes something else")
    return Aten(op, overload, given, made)


def _names(entry: Any) -> list[str]:
    value = _argument(entry, "an output")
    refs = value if isinstance(value, list) else [value]
    return [ref.name for ref in refs if isinstance(ref, Ref)]


def _argument(value: Any, where: str) -> Any:
    """A value of the program: references, numbers, texts, or lists of them."""
    if not isinstance(value, Mapping) or len(value) != 1:
        raise InputError(f"{where}: an argument must hold one value, got {value!r}")
    ((kind, inner),) = value.items()
    if kind in ("as_graph", "as_custom_obj", "as_operator"):
        raise Unsupported(f"{where} takes a graph or an object")
    if kind == "as_none":
        return None
    if kind in ("as_tensor", "as_sym_int", "as_sym_bool", "as_sym_float"):
        return _reference(inner, where)
    if kind in ("as_tensors", "as_sym_ints", "as_optional_tensors", "as_sym_floats"):
        if not isinstance(inner, list):
            raise InputError(f"{where}: expected a list, got {inner!r}")
        return [_reference(entry, where) for entry in inner]
    return inner


def _reference(value: Any, where: str) -> Any:
    """A tensor's or a size's name; a number where it is one."""
    for key in ("name", "as_name"):
        if isinstance(value, Mapping) and isinstance(value.get(key), str):
            return Ref(value[key])
    if isinstance(value, Mapping) and "as_tensor" in value:
        return _reference(value["as_tensor"], where)
    if isinstance(value, Mapping) and "as_none" in value:
        return None
    number = value.get("as_int", value.get("as_float")) if isinstance(value, Mapping) else None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise InputError(f"{where}: expected a name or a number, got {value!r}")
    return number
