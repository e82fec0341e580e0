"""StableHLO text: ``stablehlo.convolution`` and ``stablehlo.reduce_window``, pretty or generic.

Source: StableHLO specification, operations ``convolution`` and ``reduce_window``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from symconv.dialect.pasted.base import Fault, Pasted, guarded, one_of
from symconv.dialect.pasted.xla import (
    MOST_COPIES,
    Axis,
    Literal,
    Windowed,
    as_layer,
    convolution,
    integer,
    reduction,
)
from symconv.errors import LayerError, Unsupported
from symconv.size.names import axis_names

_OPERATION = re.compile(
    r"""%(?P<name>[\w#]+)\s*=\s*"?(?:stablehlo|mhlo)\.(?P<op>convolution|reduce_window)"?"""
)
_TYPES = re.compile(r":\s*\(([^()]*)\)\s*->\s*(tensor<[^>]*>)")
_TENSOR = re.compile(r"tensor<([^>]*)>")
_DIMENSIONS = re.compile(r"\[([\w\s,]+)\]\s*x\s*\[([\w\s,]+)\]\s*->\s*\[([\w\s,]+)\]")
_VALUES = r"\s*=\s*(?:array<i[0-9]+:?([^>]*)>|dense<([^>]*)>|(\[(?:[^\[\]={}]|\[[^\[\]]*\])*\]))"
_CONSTANT = re.compile(
    r"%(\w+)\s*=\s*(?:stablehlo|mhlo)\.constant\s+dense<([^>]*)>\s*:\s*tensor<(?:[0-9]+x)*(\w+)>"
)
_COPY = re.compile(
    r"""%(\w+)\s*=\s*"?(?:stablehlo|mhlo)\.(?:broadcast_in_dim|reshape|broadcast)"?\s*\(?%(\w+)"""
)
_REDUCER = re.compile(
    r"""%(\w+)\s*=\s*"?(?:stablehlo|mhlo)\.(\w+)"?\s*\(?\s*%(\w+)\s*,\s*%(\w+)\s*[):]"""
)


MOST_OWN = 20_000
"""Characters of one operation: twenty times what a reduction with its body takes."""


@dataclass(frozen=True)
class Constants:
    """The constants of a text, and what copies them."""

    text: str

    @cached_property
    def values(self) -> dict[str, Literal]:
        """Every constant by its name, as it is written."""
        found = _CONSTANT.findall(self.text)
        return {name: (value.strip(), element) for name, value, element in found}

    @cached_property
    def copies(self) -> dict[str, str]:
        """What a broadcast or a reshape reads, by its name."""
        return dict(_COPY.findall(self.text))

    def of(self, name: str) -> Literal | None:
        """The constant that a value is, through broadcasts."""
        for _ in range(MOST_COPIES):
            name = self.copies.get(name, name)
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with a window: its name, its own text, and the types of what it reads."""

    name: str
    op: str
    text: str

    @property
    def shapes(self) -> tuple[tuple[Any, ...], ...]:
        """The dimensions of its two operands and of its result; None where one is free.

        Raises:
            LayerError: its types are not there.
            Unsupported: it has more operands.
        """
        types = _TYPES.findall(self.text)
        if not types:
            raise LayerError("its types are missing, which hold the sizes; paste its whole line")
        tensors = (*_TENSOR.findall(types[-1][0]), types[-1][1][len("tensor<") : -1])
        if len(tensors) != 3:
            raise Unsupported(f"it has {len(tensors) - 1} operands, and 2 are read")
        return tuple(map(_shape, tensors))

    def numbers(self, names: str, count: int, default: int) -> list[int]:
        """The integers of an attribute, under any of its names; one alone stands for all.

        Raises:
            LayerError: it has another number of them.
        """
        found = re.search(rf"\b(?:{names}){_VALUES}", self.text)
        inside = next(filter(None, found.groups()), "") if found else ""
        words = re.findall(r"-?[0-9]+|true|false", inside)
        values = [_number(word) for word in words] or [default]
        values = values * count if len(values) == 1 else values
        if len(values) != count:
            raise LayerError(f"{names.partition('|')[0]} must have {count} entries, got {values}")
        return values

    def count(self, name: str) -> int:
        """An attribute that is a number; 1 where it is not there."""
        found = re.search(rf"\b{name}\s*=\s*([0-9]{{1,18}})\b", self.text)
        return int(found[1]) if found else 1

    def axes(self, sizes: list[int]) -> tuple[Axis, ...]:
        """The windows of these sizes."""
        rank = len(sizes)
        pads = self.numbers("pad|padding", 2 * rank, 0)
        rows = zip(
            sizes,
            self.numbers("stride|window_strides", rank, 1),
            *(pads[::2], pads[1::2]),
            self.numbers("lhs_dilate|lhs_dilation|base_dilations", rank, 1),
            self.numbers("rhs_dilate|rhs_dilation|window_dilations", rank, 1),
            [n != 0 for n in self.numbers("reverse|window_reversal", rank, 0)],
            strict=True,
        )
        return tuple(Axis(*row) for row in rows)


def _number(word: str) -> int:
    return int(word == "true") if word in ("true", "false") else integer(word)


def _operations(text: str) -> Iterator[Operation]:
    """Every operation with a window: a convolution to its line's end, a reduction with its body."""
    for found in _OPERATION.finditer(text):
        most = found.end() + MOST_OWN
        body = text.find("})", found.end(), most) if found["op"] == "reduce_window" else 0
        end = text.find("\n", max(body, found.end()), most)
        own = text[found.start() : end if end >= 0 else most]
        yield Operation(f"%{found['name']}", found["op"], own)


def _shape(tensor: str) -> tuple[Any, ...]:
    """The dimensions of a tensor's type; None where one is free."""
    *dimensions, _ = tensor.partition(",")[0].split("x")
    if not all(re.fullmatch(r"[0-9]{1,18}|\?", n) for n in dimensions):
        raise LayerError(f"cannot read the type tensor<{tensor}>")
    return tuple(None if n == "?" else int(n) for n in dimensions)


def _convolution(operation: Operation, constants: Constants) -> Windowed:
    if (batches := operation.count("batch_group_count")) != 1:
        raise Unsupported(f"batch_group_count={batches} sums over the batch, which no layer does")
    tensors = operation.shapes
    if not (found := _DIMENSIONS.search(operation.text)):
        raise LayerError(
            "its dimension numbers are missing, such as [b, 0, 1, f]x[0, 1, i, o]->..."
        )
    labels = [tuple(word.strip() for word in part.split(",")) for part in found.groups()]
    kernel = dict(zip(labels[1], tensors[1], strict=False))
    sizes = [kernel.get(str(axis)) for axis in range(len(labels[1]) - 2)]
    axes = operation.axes([_known_size(n) for n in sizes])
    shapes = [_named(tensors[0], labels[0]), *tensors[1:]]
    groups = operation.count("feature_group_count")
    return convolution(operation.name, axes, groups, labels, shapes)


def _known_size(size: Any) -> int:
    if size is None:
        raise Unsupported("its kernel's size is free")
    return int(size)


def _named(shape: tuple[Any, ...], labels: tuple[str, ...]) -> tuple[Any, ...]:
    """The shape with a name for each free size in space."""
    free = {str(axis): name for axis, name in enumerate(axis_names(max(len(labels) - 2, 1)))}
    if len(shape) != len(labels):
        return shape  # the next reader refuses it
    pairs = zip(shape, labels, strict=True)
    return tuple(free.get(label) if n is None else n for n, label in pairs)


def _reduction(operation: Operation, constants: Constants) -> Windowed:
    image, _, result = operation.shapes
    rank = len(image)
    axes = operation.axes(operation.numbers("window_dimensions", rank, 1))
    free = dict(zip(range(rank), axis_names(rank), strict=True))
    named = tuple(free[place] if n is None else n for place, n in enumerate(image))
    shapes = (named, None if None in result else result)
    initial = _initial(operation.text, constants)
    return reduction(operation.name, axes, _reducer(operation.text), initial, shapes)


def _reducer(own: str) -> str:
    """The operation that a reduction's body applies to its two values.

    Raises:
        Unsupported: the body does something else.
    """
    body = own.partition("({")[2].rpartition("})")[0]
    values = re.findall(r"%(\w+)\s*:", body.partition("\n")[2].partition("\n")[0]) or []
    found = _REDUCER.findall(body)
    made = len(re.findall(r"%\w+\s*=", body))
    if made != 1 or len(found) != 1 or {found[0][2], found[0][3]} != set(values):
        raise Unsupported("its body does more than one operation of two values")
    return str(found[0][1])


def _initial(own: str, constants: Constants) -> Literal | None:
    """The constant that a reduction begins with."""
    operands = re.findall(r"%(\w+)", own.partition("(")[2].partition(")")[0])
    return constants.of(operands[-1]) if operands else None


_READ: dict[str, Callable[[Operation, Constants], Windowed]] = {
    "convolution": _convolution,
    "reduce_window": _reduction,
}


def _read(operation: Operation, constants: Constants) -> Pasted:
    return as_layer(_READ[operation.op](operation, constants), StableHlo.noun)


class StableHlo:
    """Modules, functions or lines of StableHLO."""

    noun = "a StableHLO operation"

    def opens(self, text: str) -> bool:
        """Whether it names an operation with a window, or any other of StableHLO."""
        return bool(re.search(r"\b(?:stablehlo|mhlo)\.\w+", text))

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Never: it is no JSON."""
        return False

    def read_text(self, text: str, name: str) -> list[Pasted | Fault]:
        """Read every operation with a window."""
        constants = Constants(text)
        found = [
            guarded(self.noun, o.name, partial(_read, o, constants)) for o in _operations(text)
        ]
        return one_of(found, f"{name} holds no convolution and no reduce_window of StableHLO")

    def read_object(self, document: Mapping[str, Any], name: str) -> list[Pasted | Fault]:
        """There is none."""
        raise LayerError(f"{name} is no StableHLO")


DIALECT = StableHlo()
