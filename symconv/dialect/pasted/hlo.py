"""Windows of XLA: ``window={size=7x7 stride=2x2 pad=3_3x3_3}``, alone or in lines of HLO text.

Every ``convolution`` and ``reduce-window`` of a text becomes a layer; StableHLO's text is read in
the file beside this one, into the same `Windowed`.  The size of the result, where the text states
it, must be the one that the window gives.

Source: XLA, "Operation Semantics", ConvWithGeneralPadding, ReduceWindow; ``xla/window_util.cc``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from symconv.dialect.pasted.base import Fault, Pasted, guarded, known, one_of
from symconv.dialect.pasted.xla import (
    MOST_COPIES,
    Axis,
    Literal,
    Windowed,
    as_layer,
    convolution,
    integer,
    is_mirrored,
    reduction,
)
from symconv.errors import LayerError, Unsupported

NOUN = "an HLO window"
MOST_WINDOWS = 5000
"""Windows of a text: thirty times those of the largest network's module."""

_FIELDS = ("size", "stride", "pad", "lhs_dilate", "rhs_dilate", "rhs_reversal")
_WINDOW = re.compile(r"window=\{([^{}]*)\}")
_MADE = re.compile(r"\s*(?:ROOT\s+)?%?([\w.-]+)\s*=\s*(\([^()]*\)|\S+)\s+([\w-]+)\(([^()]*)\)(.*)")
_TYPE = re.compile(r"\w+\[([0-9,\s?<=]*)\]")
_OPENS = re.compile(r"\s*(?:ENTRY\s+)?%?([\w.-]+)(?:\s*\(.*)?\s*\{\s*")
_NOISE = re.compile(r"/\*[^*]*\*/|(?<=[0-9]):[A-Z]\([^{}]*(?=\})")
"""Comments, and how a layout is tiled."""


def read_axes(window: str) -> tuple[Axis, ...]:
    """Read the fields between a window's braces.

    Raises:
        LayerError: a field is unknown, or has another number of axes.

    >>> read_axes("size=3 stride=2 pad=1_0")
    (Axis(size=3, stride=2, lo=1, hi=0, lhs_dilate=1, rhs_dilate=1, reversal=False),)
    """
    fields = dict(word.partition("=")[::2] for word in window.split())
    known(fields, _FIELDS, "a window")
    if not fields.get("size"):
        raise LayerError(
            "a window needs its size, such as window={size=7x7 stride=2x2 pad=3_3x3_3}"
        )
    rank = len(fields["size"].split("x"))
    values = {name: _entries(name, text, rank) for name, text in fields.items()}
    ones, zeros = ["1"] * rank, ["0"] * rank
    rows = zip(
        *(values.get(name, ones) for name in ("size", "stride")),
        *(values.get(name, zeros) for name in ("pad", "rhs_reversal")),
        *(values.get(name, ones) for name in ("lhs_dilate", "rhs_dilate")),
        strict=True,
    )
    return tuple(_axis(*row) for row in rows)


def _axis(size: str, stride: str, pad: str, reversal: str, lhs: str, rhs: str) -> Axis:
    lo, _, hi = pad.partition("_")
    ends = (integer(lo), integer(hi or lo))
    return Axis(integer(size), integer(stride), *ends, integer(lhs), integer(rhs), reversal != "0")


def _entries(name: str, text: str, rank: int) -> list[str]:
    found = text.split("x")
    if len(found) != rank:
        raise LayerError(f"a window of {rank} axes has {name}={text!r}")
    return found


@dataclass(frozen=True, slots=True)
class Instruction:
    """A line of HLO text: what it makes, of which type, by which operation, of what."""

    name: str
    type: str
    op: str
    operands: tuple[str, ...]
    more: str

    def word(self, key: str) -> str | None:
        """What stands behind ``key=`` after the operands."""
        found = re.search(rf"\b{key}=([^,\s]+)", self.more)
        return found[1] if found else None


@dataclass(frozen=True)
class Module:
    """All instructions of a text by name, and those of every computation."""

    made: Mapping[str, Instruction]
    computations: Mapping[str, tuple[Instruction, ...]]

    def maker(self, operand: str) -> Instruction | None:
        """The line that makes an operand, if it is in the text."""
        return self.made.get(operand.rsplit(maxsplit=1)[-1].lstrip("%"))

    def shape(self, operand: str) -> tuple[int, ...] | None:
        """The shape of an operand, by its own type or by that of the line that makes it."""
        *typed, _ = operand.split()
        made = self.maker(operand)
        text = typed[0] if typed else made.type if made else ""
        return shape_of(text)

    def initial(self, operand: str) -> Literal | None:
        """The constant that an operand is, through broadcasts."""
        made = self.maker(operand)
        for _ in range(MOST_COPIES):
            if made and made.op in ("broadcast", "copy", "reshape") and made.operands:
                made = self.maker(made.operands[0])
        if made is None or made.op != "constant" or not made.operands:
            return None
        return made.operands[0], made.type.partition("[")[0]

    def reducer(self, name: str | None) -> str | None:
        """The operation that a computation applies to its two parameters, if it is in the text.

        Raises:
            Unsupported: it does something else.
        """
        lines = self.computations.get((name or "").lstrip("%"))
        if lines is None:
            return None
        parameters = {line.name for line in lines if line.op == "parameter"}
        (*_, last) = lines
        read = {operand.rsplit(maxsplit=1)[-1].lstrip("%") for operand in last.operands}
        if len(lines) != 3 or len(parameters) != 2 or read != parameters:
            raise Unsupported(f"its reduction {name} does more than one operation of two values")
        return last.op


def shape_of(text: str) -> tuple[int, ...] | None:
    """The dimensions of a type such as ``f32[1,57,61,3]{3,2,1,0}``; None where one is free."""
    found = _TYPE.match(text)
    if not found or re.search(r"[?<=]", found[1]):
        return None
    return tuple(integer(n) for n in found[1].split(",") if n.strip())


def _module(text: str) -> Module:
    made: dict[str, Instruction] = {}
    inside: dict[str, list[Instruction]] = {}
    current = ""
    for line in _NOISE.sub("", text).splitlines():
        if found := _MADE.match(line):
            made[found[1]] = _instruction(found)
            inside.setdefault(current, []).append(made[found[1]])
        elif opened := _OPENS.fullmatch(line):
            current = opened[1]
    return Module(made, {name: tuple(lines) for name, lines in inside.items()})


def _instruction(found: re.Match[str]) -> Instruction:
    return Instruction(found[1], found[2], found[3], tuple(_operands(found[4])), found[5])


def _operands(text: str) -> Iterator[str]:
    """Operands apart: a comma inside brackets or braces is a type's."""
    for part in re.findall(r"(?:[^,\[\]{}]|\[[^\]]*\]|\{[^}]*\})+", text):
        if part.strip():
            yield re.sub(r"\{[^}]*\}", "", part).strip()


def _convolution_line(line: Instruction, module: Module) -> Windowed:
    if (batches := line.word("batch_group_count")) not in (None, "1"):
        raise Unsupported(f"batch_group_count={batches} sums over the batch, which no layer does")
    axes = read_axes(_window_of(line))
    groups = integer(line.word("feature_group_count") or "1")
    labels = line.word("dim_labels") or ""
    if not (found := re.fullmatch(r"([b\df]+)_([\dio]+)->([b\df]+)", labels)):
        raise LayerError(f"its dim_labels must be such as b01f_01io->b01f, got {labels!r}")
    operands = [module.shape(operand) for operand in line.operands]
    shapes = [*operands, None, None][:2]
    return convolution(line.name, axes, groups, found.groups(), [*shapes, shape_of(line.type)])


def _window_of(line: Instruction) -> str:
    found = _WINDOW.search(line.more)
    if not found:
        raise LayerError("it has no window={...}")
    return found[1]


def _reduction_line(line: Instruction, module: Module) -> Windowed:
    if len(line.operands) != 2:
        raise Unsupported(f"it reduces {len(line.operands) // 2} tensors at once")
    reducer = module.reducer(line.word("to_apply"))
    if reducer is None:
        raise LayerError(
            f"its reduction to_apply={line.word('to_apply')} is not in the text; paste that too"
        )
    shapes = (module.shape(line.operands[0]), shape_of(line.type))
    initial = module.initial(line.operands[-1])
    return reduction(line.name, read_axes(_window_of(line)), reducer, initial, shapes)


_READ: dict[str, Callable[[Instruction, Module], Windowed]] = {
    "convolution": _convolution_line,
    "reduce-window": _reduction_line,
}


def _read(line: Instruction, module: Module) -> Pasted:
    return as_layer(_READ[line.op](line, module), NOUN)


def _alone(window: str, groups: int) -> Pasted:
    """A window without its instruction: a convolution of one channel in each group."""
    axes = read_axes(window)
    notes = ("its kernel mirrored",) if is_mirrored(axes) else ()
    return as_layer(Windowed(f"window={{{window}}}", axes, groups=groups, notes=notes), NOUN)


def _windows_alone(text: str) -> list[Pasted | Fault]:
    """The windows of a text without instructions."""
    if "reduce" in text:
        raise LayerError(f"{NOUN}: paste the reduction's whole line, and the computation to_apply")
    found = re.search(r"\bfeature_group_count=([0-9]{1,18})\b", text)
    windows = [window[1] for window in _WINDOW.finditer(text)]
    if len(windows) > MOST_WINDOWS:
        raise LayerError(f"{NOUN}: the text holds more than {MOST_WINDOWS} windows")
    groups = int(found[1]) if found else 1
    return [guarded(NOUN, window, partial(_alone, window, groups)) for window in windows]


class Hlo:
    """Lines of HLO text, or windows alone."""

    noun = NOUN

    def opens(self, text: str) -> bool:
        """Whether it has a window, or is a module."""
        return bool(_WINDOW.search(text)) or text.lstrip().startswith("HloModule")

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Never: it is no JSON."""
        return False

    def read_text(self, text: str, name: str) -> list[Pasted | Fault]:
        """Read every window of a text."""
        module = _module(text)
        lines = [line for line in module.made.values() if line.op in _READ]
        if len(lines) > MOST_WINDOWS:
            raise LayerError(f"{NOUN}: the text holds more than {MOST_WINDOWS} windows")
        found = [guarded(self.noun, line.name, partial(_read, line, module)) for line in lines]
        if not module.made:
            found = _windows_alone(text)
        return one_of(found, f"{name} holds no convolution and no reduce-window of HLO")

    def read_object(self, document: Mapping[str, Any], name: str) -> list[Pasted | Fault]:
        """There is none."""
        raise LayerError(f"{name} is no HLO")


DIALECT = Hlo()
