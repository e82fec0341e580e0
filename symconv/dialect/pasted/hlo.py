"""Windows of XLA: ``window={size=7x7 stride=2x2 pad=3_3x3_3}``, alone or in lines of HLO text.

Every ``convolution`` and ``reduce-window`` of a text becomes a layer; StableHLO's text is read in
the file beside this one, into the same `Windowed`.  The size of the result, where the text states
it, must be the one that the window gives.

Source: XLA, "Operation Semantics", ConvWithGeneralPadding, ReduceWindow; ``xla/window_util.cc``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from symconv.dialect.config import Size
from symconv.dialect.pasted.base import Fault, Pasted, Text, beside, guarded, known, one_of
from symconv.errors import LayerError, Unsupported

NOUN = "an HLO window"
REDUCERS = ("maximum", "add")
_FIELDS = ("size", "stride", "pad", "lhs_dilate", "rhs_dilate", "rhs_reversal")
_WINDOW = re.compile(r"window=\{([^{}]*)\}")
_MADE = re.compile(r"\s*(?:ROOT\s+)?%?([\w.-]+)\s*=\s*(\([^()]*\)|\S+)\s+([\w-]+)\(([^()]*)\)(.*)")
_TYPE = re.compile(r"\w+\[([0-9,\s?<=]*)\]")
_OPENS = re.compile(r"\s*(?:ENTRY\s+)?%?([\w.-]+)(?:\s*\(.*)?\s*\{\s*")
_NOISE = re.compile(r"/\*[^*]*\*/|(?<=[0-9]):[A-Z]\([^{}]*(?=\})")
"""Comments, and how a layout is tiled."""
_LOWEST = {
    "f16": "0XFC00",
    "bf16": "0XFF80",
    "f32": "0XFF800000",
    "f64": "0XFFF0000000000000",
}
"""How StableHLO writes -inf: its bits."""

Literal = tuple[str, str]
"""A constant as it is written, and its element type."""

MOST_COPIES = 20
"""Broadcasts between a constant and its use: XLA writes one or two."""

_DIGITS = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Axis:
    """A window on one axis, in XLA's words."""

    size: int
    stride: int = 1
    lo: int = 0
    hi: int = 0
    lhs_dilate: int = 1
    rhs_dilate: int = 1
    reversal: bool = False

    @property
    def is_trivial(self) -> bool:
        """Whether it is one sample, and leaves the axis as it is."""
        return (self.size, self.stride, self.lo, self.hi, self.lhs_dilate) == (1, 1, 0, 0, 1)


@dataclass(frozen=True, slots=True)
class Windowed:
    """An operation with a window: what it sums, on what sizes and channels, if they are stated."""

    name: str
    axes: tuple[Axis, ...]
    reducer: str | None = None
    """One of `REDUCERS`; none of a convolution."""
    groups: int = 1
    channels: tuple[int | None, int | None] = (None, None)
    size: Size | None = None
    output: Size | None = None
    notes: tuple[str, ...] = ()


def as_layer(found: Windowed) -> Pasted:
    """Write a window as a layer.

    Raises:
        LayerError: its result has another size than the text states.
        Unsupported: symconv has no such layer.

    >>> as_layer(Windowed("w", (Axis(3, 2, 1, 1),), "add")).items[0]["divisor_override"]
    1
    """
    layer = _pool(found) if found.reducer else _convolution(found)
    stated = zip(("in_channels", "out_channels"), found.channels, strict=True)
    given = {name: count for name, count in stated if count is not None}
    layer, _, unstated = beside(layer, given)
    notes = (*found.notes, *unstated)
    result = Pasted(NOUN, found.name, (layer,), len(found.axes), found.size, notes)
    _check_output(result, found)
    return result


def _check_output(result: Pasted, found: Windowed) -> None:
    numeric = found.size is not None and all(isinstance(n, int) for n in found.size)
    if not numeric or found.output is None or None in found.output:
        return
    entry: Any = result.at()
    if entry.output_size != found.output:
        raise LayerError(
            f"its text says that it has {list(found.output)} outputs, and its window gives "
            f"{list(entry.output_size)}"
        )


def _convolution(found: Windowed) -> Text:
    axes = found.axes
    if any(axis.lhs_dilate > 1 for axis in axes):
        return {**_transposed(axes), "groups": found.groups, "bias": False}
    return {**_plain("conv", axes), "groups": found.groups, "bias": False}


def _plain(op: str, axes: Sequence[Axis]) -> Text:
    return {
        "op": op,
        "kernel_size": [axis.size for axis in axes],
        "stride": [axis.stride for axis in axes],
        "padding": [[axis.lo, axis.hi] for axis in axes],
        "dilation": [axis.rhs_dilate for axis in axes],
    }


def _transposed(axes: Sequence[Axis]) -> Text:
    """A window on a signal with holes: the transposed convolution of the mirrored kernel."""
    if any(axis.stride > 1 for axis in axes):
        raise Unsupported("lhs_dilate and stride above 1 together are not read as a layer")
    spans = [axis.rhs_dilate * (axis.size - 1) for axis in axes]
    pads = [[span - a.lo, span - a.hi] for span, a in zip(spans, axes, strict=True)]
    layer = _plain("conv_transpose", axes)
    return {**layer, "stride": [axis.lhs_dilate for axis in axes], "padding": pads}


def _pool(found: Windowed) -> Text:
    if any(axis.lhs_dilate > 1 for axis in found.axes):
        raise Unsupported("a reduction over a signal with holes (base dilation) is not read")
    if found.reducer == "maximum":
        return {**_plain("max_pool", found.axes), "legality": "onnx"}
    layer = _plain("avg_pool", found.axes)
    return {**layer, "legality": "onnx", "divisor_override": 1}


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


def integer(text: str) -> int:
    """Read an integer.

    Raises:
        LayerError: it is none, or has too many digits.
    """
    if not _DIGITS.fullmatch(text.strip()):
        raise LayerError(f"expected an integer, got {text!r}")
    return int(text)


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


def convolution(
    name: str,
    axes: tuple[Axis, ...],
    groups: int,
    labels: Sequence[Sequence[str]],
    shapes: Sequence[tuple[Any, ...] | None],
) -> Windowed:
    """A convolution by its dimension numbers: what each dimension of its three tensors is.

    Raises:
        LayerError: a tensor has another number of dimensions.
    """
    dims = [_dimensions(*pair) for pair in zip(labels, shapes, strict=True)]
    image, kernel, result = dims
    spatial = [str(axis) for axis in range(len(axes))]
    channels = (image.get("f"), kernel.get("o") or result.get("f"))
    size, output = (_spatial(tensor, spatial) for tensor in (image, result))
    held = _spatial(kernel, spatial)
    if held is not None and held != tuple(axis.size for axis in axes):
        raise LayerError(
            f"its window and its kernel differ: {[a.size for a in axes]}, {list(held)}"
        )
    notes = ("its kernel mirrored",) if _is_mirrored(axes) else ()
    return Windowed(name, axes, None, groups, channels, size, output, notes)


def _is_mirrored(axes: Sequence[Axis]) -> bool:
    """Whether the layer's kernel is the text's, mirrored on some axis: another name for it."""
    transposed = any(axis.lhs_dilate > 1 for axis in axes)
    return any(axis.reversal != transposed and axis.size > 1 for axis in axes)


def _dimensions(labels: Sequence[str], shape: tuple[Any, ...] | None) -> dict[str, Any]:
    if shape is None:
        return {}
    if len(shape) != len(labels):
        raise LayerError(f"a tensor of {len(labels)} dimensions has the shape {list(shape)}")
    return dict(zip(labels, shape, strict=True))


def _spatial(tensor: Mapping[str, Any], spatial: Sequence[str]) -> Size | None:
    return tuple(tensor[axis] for axis in spatial) if tensor else None


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


def is_identity(reducer: str, literal: Literal) -> bool:
    """Whether a constant leaves the values of a reduction as they are.

    >>> is_identity("maximum", ("0xFF800000", "f32")), is_identity("add", ("-0.0", "f32"))
    (True, True)
    """
    text, element = literal
    if reducer == "add":
        return bool(re.fullmatch(r"-?0(?:\.0*)?(?:[eE][+-]?[0-9]+)?", text))
    bits = re.fullmatch(r"(?:s|i|si)([0-9]{1,3})", element)
    if bits:
        return text == str(-(2 ** (int(bits[1]) - 1)))
    return text == "-inf" or text.upper() == _LOWEST.get(element)


def reduction(
    name: str,
    axes: tuple[Axis, ...],
    reducer: str,
    initial: Literal | None,
    shapes: Sequence[tuple[Any, ...] | None],
) -> Windowed:
    """A reduction by its windows over all dimensions; those of one sample are batch and channels.

    Raises:
        LayerError: a tensor has another number of dimensions.
        Unsupported: the initial value is not the reduction's identity.
    """
    if reducer not in REDUCERS:
        raise Unsupported(f"a reduction by {reducer!r} is not read, only {' and '.join(REDUCERS)}")
    if initial is not None and not is_identity(reducer, initial):
        raise Unsupported(f"its initial value {initial[0]} is not the identity of {reducer}")
    spatial = [place for place, axis in enumerate(axes) if not axis.is_trivial]
    others = [place for place, axis in enumerate(axes) if axis.is_trivial]
    if not spatial:
        raise LayerError("its windows hold one sample, and it is no layer")
    labels = [str(place) for place in range(len(axes))]
    image, result = (_dimensions(labels, shape) for shape in shapes)
    channels = image.get(str(others[1])) if len(others) == 2 else None
    places = [str(place) for place in spatial]
    size, output = (_spatial(tensor, places) for tensor in (image, result))
    notes = ("its initial value taken as the identity",) if initial is None else ()
    windows = tuple(axes[place] for place in spatial)
    return Windowed(name, windows, reducer, 1, (channels, None), size, output, notes)


_READ: dict[str, Callable[[Instruction, Module], Windowed]] = {
    "convolution": _convolution_line,
    "reduce-window": _reduction_line,
}


def _read(line: Instruction, module: Module) -> Pasted:
    return as_layer(_READ[line.op](line, module))


def _alone(window: str, text: str) -> Pasted:
    """A window without its instruction: a convolution of one channel, or one a group."""
    if "reduce" in text:
        raise LayerError("paste the reduction's whole line, and the computation to_apply")
    groups = re.search(r"\bfeature_group_count=([0-9]{1,18})\b", text)
    axes = read_axes(window)
    notes = ("its kernel mirrored",) if _is_mirrored(axes) else ()
    count = int(groups[1]) if groups else 1
    return as_layer(Windowed(f"window={{{window}}}", axes, groups=count, notes=notes))


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
        found = [
            guarded(self.noun, line.name, partial(_read, line, module))
            for line in module.made.values()
            if line.op in _READ
        ]
        if not module.made:
            windows = [window[1] for window in _WINDOW.finditer(text)]
            found = [guarded(self.noun, w, partial(_alone, w, text)) for w in windows]
        return one_of(found, f"{name} holds no convolution and no reduce-window of HLO")

    def read_object(self, document: Mapping[str, Any], name: str) -> list[Pasted | Fault]:
        """There is none."""
        raise LayerError(f"{name} is no HLO")


DIALECT = Hlo()
