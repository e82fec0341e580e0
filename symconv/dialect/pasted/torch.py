"""Printed torch modules, and the calls that make them: ``Conv2d(3, 64, kernel_size=(7, 7))``.

A printed ``Sequential`` is a chain.  Any other module that holds modules is refused: what its
``forward`` does with them is not in its print.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any

from symconv.dialect.pasted.base import Fault, Pasted, Text, guarded, known, no_layer, one_of
from symconv.dialect.torch import DEFAULTS, FUNCTIONS, NOTHING
from symconv.errors import LayerError, Unsupported
from symconv.layer.legality import ASK

MOST_ARGUMENTS = 2000
"""Characters between a module's parentheses: ten times what the longest print takes."""

MOST_MODULES = 5000
"""Modules of a text, those that are repeated counted so often: no print is so long."""

MOST_DEEP = 50
"""Modules inside one another: deeper than any print, and than Python's stack it is not."""

_HEAD = re.compile(
    r"\s*(?:\((?P<name>[\w.-]+)\):\s*)?(?:(?P<count>[0-9]{1,4}) x )?"
    r"(?P<path>(?:[A-Za-z_]\w*\.)*)(?P<kind>[A-Z]\w*)\("
)
_GAP = re.compile(r"[\s,]*")
_PARENTHESIS = re.compile(r"[()]")
_CHILD = re.compile(r"\s*\([\w.-]+\):\s")
_WINDOW = ("kernel_size", "stride", "padding")

PARAMETERS: dict[str, tuple[str, ...]] = {
    "Conv": (
        *("in_channels", "out_channels", *_WINDOW),
        *("dilation", "groups", "bias", "padding_mode", "device", "dtype"),
    ),
    "ConvTranspose": (
        *("in_channels", "out_channels", *_WINDOW, "output_padding"),
        *("groups", "bias", "dilation", "padding_mode", "device", "dtype"),
    ),
    "MaxPool": (*_WINDOW, "dilation", "return_indices", "ceil_mode"),
    "AvgPool": (*_WINDOW, "ceil_mode", "count_include_pad", "divisor_override"),
}
"""The parameters of each class in the order in which a call may give them."""

OPERATIONS = {
    "Conv": "conv",
    "ConvTranspose": "conv_transpose",
    "MaxPool": "max_pool",
    "AvgPool": "avg_pool",
}

WITHOUT: dict[str, str] = {
    "LPPool": "its values are roots of sums of powers",
    "AdaptiveAvgPool": "its windows depend on the input size; write an AvgPool",
    "AdaptiveMaxPool": "its windows depend on the input size; write a MaxPool",
    "FractionalMaxPool": "its windows are random",
    "MaxUnpool": "it reads indices as well",
}
"""Classes with windows that symconv has no layer for, and why."""


@dataclass(frozen=True, slots=True)
class Module:
    """A printed module: its class, its name in the module around it, and what is inside."""

    kind: str
    name: str
    arguments: str
    children: tuple[Module, ...]
    modules: int = 1
    """How many there are, those inside counted."""

    @property
    def shown(self) -> str:
        """What messages and results call it."""
        return f"{self.name}: {self.kind}" if self.name else self.kind

    @property
    def stem(self) -> tuple[str, int]:
        """The class without its number of axes, and that number; 0 where it has none."""
        found = re.fullmatch(r"(\w+?)([123])d", self.kind)
        return (found[1], int(found[2])) if found else (self.kind, 0)


def parse_modules(text: str, depth: int = 0) -> Iterator[Module]:
    """Read the modules of a print, one after another.

    Raises:
        LayerError: the text is no print of modules.

    >>> [m.shown for m in parse_modules("(0): ReLU() (1): Conv1d(1, 1, 3)")]
    ['0: ReLU', '1: Conv1d']
    """
    if depth > MOST_DEEP:
        raise LayerError(f"a torch module holds more than {MOST_DEEP} modules inside one another")
    place = total = 0
    while (place := _after_gap(text, place)) < len(text):
        if not (head := _HEAD.match(text, place)):
            rest = text[place : place + 60]
            raise LayerError(f"a printed torch module does not go on with {rest!r}")
        end = _closing(text, head.end())
        inside = text[head.end() : end]
        children = tuple(parse_modules(inside, depth + 1)) if _holds_modules(inside) else ()
        arguments, count = "" if children else inside, int(head["count"] or 1)
        modules = 1 + sum(child.modules for child in children)
        total += modules * count
        if total > MOST_MODULES:
            raise LayerError(f"the text holds more than {MOST_MODULES} torch modules")
        yield from repeat(
            Module(head["kind"], head["name"] or "", arguments, children, modules), count
        )
        place = end + 1


def _after_gap(text: str, place: int) -> int:
    """The place behind blanks and commas."""
    found = _GAP.match(text, place)
    return found.end() if found else place


def _holds_modules(inside: str) -> bool:
    return bool(_CHILD.match(inside) or _HEAD.match(inside))


def _closing(text: str, start: int) -> int:
    """Where the parenthesis that opened before ``start`` closes."""
    depth = 1
    for found in _PARENTHESIS.finditer(text, start):
        depth += 1 if found[0] == "(" else -1
        if not depth:
            return found.start()
    raise LayerError(f"a printed torch module is cut off: {text[-60:]!r} closes no parenthesis")


def arguments_of(module: Module, parameters: tuple[str, ...]) -> dict[str, Any]:
    """The arguments by name; bare words such as ``same`` are texts.

    Raises:
        LayerError: they are no arguments, or not this class's.
    """
    if len(module.arguments) > MOST_ARGUMENTS:
        raise LayerError(f"its arguments take more than {MOST_ARGUMENTS} characters")
    try:
        call: Any = ast.parse(f"f({module.arguments.strip()})", mode="eval").body
        placed = [_value(node) for node in call.args]
        given = {str(word.arg): _value(word.value) for word in call.keywords}
    except (SyntaxError, ValueError, RecursionError, MemoryError, AttributeError):
        raise LayerError(f"cannot read its arguments {module.arguments.strip()!r}") from None
    if len(placed) > len(parameters):
        raise LayerError(f"{module.kind} takes {len(parameters)} arguments, got {len(placed)}")
    found = {**dict(zip(parameters, placed, strict=False)), **given}
    if twice := set(parameters[: len(placed)]) & set(given):
        raise LayerError(f"{sorted(twice)[0]} is given twice")
    known(found, parameters, module.kind)
    return {key: value for key, value in found.items() if key not in ("device", "dtype")}


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return ast.literal_eval(node)


def layer_of(module: Module) -> tuple[Text, tuple[str, ...]]:
    """A module of one window per axis in the layer format, and what its print does not state.

    Raises:
        LayerError: its arguments are not the class's.
        Unsupported: symconv has no layer for the class, or not for an argument.
    """
    stem, rank = module.stem
    if stem not in OPERATIONS or not rank:
        has = [f"{name}1d to {name}3d" for name in OPERATIONS]
        raise no_layer("torch.nn", module.kind, has, WITHOUT.get(stem, ""))
    found = arguments_of(module, PARAMETERS[stem])
    _refuse_more(found, module.kind)
    if stem == "AvgPool":
        # A printed average shows its window alone; a call shows what differs from the defaults.
        silent = not {"ceil_mode", "count_include_pad"} & set(found)
        notes = ("ceil_mode=False, count_include_pad=True unless stated",) if silent else ()
    else:
        notes = ()
    spread = ("kernel_size", "stride", "padding", "dilation", "output_padding")
    layer = {
        key: [value] * rank if key in spread and isinstance(value, int) else value
        for key, value in found.items()
        if value is not None
    }
    return {"op": OPERATIONS[stem], **layer}, notes


def _refuse_more(found: dict[str, Any], kind: str) -> None:
    if found.pop("return_indices", False):
        raise Unsupported(f"{kind}: return_indices=True gives indices too, which are not read")
    if (divisor := found.pop("divisor_override", None)) is not None:
        raise Unsupported(
            f"{kind}: divisor_override={divisor} is not read; write the layer, and {ASK}"
        )


def items_of(module: Module) -> Iterator[tuple[Text, tuple[str, ...]]]:
    """The items of a chain that a ``Sequential`` is.

    A batch norm as it is applied is a convolution of one tap in each channel, with free numbers.
    """
    for child in module.children:
        stem, rank = child.stem
        if child.kind == "Sequential":
            yield from items_of(child)
        elif child.kind in FUNCTIONS:
            yield {"op": _function(child)}, ()
        elif stem == "BatchNorm":
            yield _batch_norm(child, rank), ("batch norms as they are applied, one tap a channel",)
        elif child.kind not in NOTHING:
            try:
                yield layer_of(child)
            except (LayerError, Unsupported) as fault:
                raise fault.within(f"module {child.shown!r}") from None


def _function(module: Module) -> str:
    defaults = DEFAULTS.get(module.kind, {})
    found = arguments_of(module, (*defaults, "inplace"))
    for key, value in defaults.items():
        if found.get(key, value) != value:
            raise Unsupported(f"{module.kind}: {key}={found[key]!r} is not read, only {value!r}")
    return FUNCTIONS[module.kind]


def _batch_norm(module: Module, rank: int) -> Text:
    names = ("num_features", "eps", "momentum", "affine", "track_running_stats", "bias")
    found = arguments_of(module, names)
    if found.get("track_running_stats", True) is not True:
        raise Unsupported(f"{module.kind}: without running statistics it reads the whole input")
    channels = found.get("num_features")
    ones = [1] * rank
    return {
        "op": "conv",
        "name": module.shown,
        "in_channels": channels,
        "out_channels": channels,
        "groups": channels,
        "kernel_size": ones,
        "stride": ones,
    }


def read_printed(module: Module) -> Pasted:
    """A printed module as a layer, or as a chain where it is a ``Sequential``."""
    if module.kind == "Sequential":
        return _sequential(module)
    if module.children:
        raise Unsupported(
            f"{module.shown} holds modules, and its print does not say what its forward does with "
            "them; export it (torch.onnx.export, torch.export.save), or paste a layer of it"
        )
    layer, notes = layer_of(module)
    return Pasted(DIALECT.noun, module.shown, (layer,), module.stem[1], notes=notes)


def _sequential(module: Module) -> Pasted:
    found = list(items_of(module))
    items = tuple(item for item, _ in found)
    notes = tuple(dict.fromkeys(note for _, notes in found for note in notes))
    ranks = [len(item["kernel_size"]) for item in items if "kernel_size" in item]
    if not ranks:
        raise LayerError(f"{module.shown} holds no layer")
    return Pasted(DIALECT.noun, module.shown, items, ranks[0], notes=notes)


class Torch:
    """What ``print(module)`` shows, and the code that makes a module."""

    noun = "a printed torch module"

    def opens(self, text: str) -> bool:
        """Whether it opens with a class and a parenthesis."""
        return bool(_HEAD.match(text))

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Never: it is no JSON."""
        return False

    def read_text(self, text: str, name: str) -> list[Pasted | Fault]:
        """Read every module."""
        modules = parse_modules(text)
        found = [guarded(self.noun, m.shown, partial(read_printed, m)) for m in modules]
        return one_of(found, f"{name} holds no module")

    def read_object(self, document: Mapping[str, Any], name: str) -> list[Pasted | Fault]:
        """There is none."""
        raise LayerError(f"{name} is no print of a module")


DIALECT = Torch()
