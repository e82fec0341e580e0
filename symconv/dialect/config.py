"""A layer together with its input size, to and from the JSON form other people write."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar

from symconv.errors import MOST_ECHOED, LayerError
from symconv.layer import (
    AnyLayer,
    AvgPool,
    Conv,
    ConvTranspose,
    LatticeConv,
    MaxConv,
    MaxPool,
    Pool,
)
from symconv.layer.legality import ASK, ONNX, TORCH
from symconv.layer.matrix import is_matrix
from symconv.layer.padding import is_int
from symconv.size.names import axis_names
from symconv.size.numbers import exact, thaw

Size = tuple[int | str, ...]

OPERATIONS: dict[str, type[AnyLayer]] = {
    cls.op: cls for cls in (Conv, ConvTranspose, MaxPool, AvgPool, MaxConv)
}
SPATIAL = ("kernel_size", "stride", "dilation", "output_padding")
SWITCHES = ("bias", "ceil_mode", "count_include_pad")
AXES = ("input_size", "kernel_size", "stride")
"""Attributes by whose lists one knows how many axes a text is about."""

CHANNELS = ("channels", "in_channels", "out_channels")
AROUND = {"op", "name", "input_size", "output_size"}

MOST_AXES = 15
"""Spatial axes: on phases each is two of an array's, and NumPy's arrays had up to 32."""


@dataclass(frozen=True, slots=True)
class Config:
    """A named layer at an input size; a name in the size, such as ``"H"``, stands for all sizes.

    Raises:
        LayerError: the layer has another number of spatial axes, or no output at that size.

    >>> Config("stem", Conv(3, 64, kernel_size=7, stride=2, padding=3), (224, 224)).output_size
    (112, 112)
    >>> Config("stem", Conv(3, 64, kernel_size=7, stride=2, padding=3), ("H", "W")).for_all_sizes
    True
    """

    kind: ClassVar[str] = "layer"
    name: str
    layer: AnyLayer | LatticeConv
    input_size: Size

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_size", read_input_size(self.input_size))
        if self.layer.rank not in (None, len(self.input_size)):
            raise LayerError(
                f"{self.layer.op}: it has {self.layer.rank} spatial axes, but "
                f"input_size={list(self.input_size)} has {len(self.input_size)}"
            )
        _ = self.output_size

    def windowed(self, where: str) -> AnyLayer:
        """The layer, one with one window per axis: what takes no matrix stride asks for it so.

        Raises:
            Unsupported: its stride is a matrix; ``where`` says what does not take it.
        """
        if isinstance(self.layer, LatticeConv):
            raise self.layer.refused_by(f"layer {self.name!r}: {where}")
        return self.layer

    @property
    def for_all_sizes(self) -> bool:
        """Whether some entry of the input size is a name."""
        return self.numeric_size is None

    @property
    def numeric_size(self) -> tuple[int, ...] | None:
        """The input size where every entry is a number."""
        numbers = tuple(n for n in self.input_size if not isinstance(n, str))
        return numbers if len(numbers) == len(self.input_size) else None

    def sizes_for_all(self) -> Size:
        """The input size with its own names, or with the usual ones where it has none.

        Raises:
            LayerError: one name stands for two axes.
        """
        return distinct(self.input_size if self.for_all_sizes else axis_names(len(self.input_size)))

    @property
    def output_size(self) -> tuple[int, ...] | None:
        """Spatial sizes of the output where the input size is numeric."""
        size = self.numeric_size
        return None if size is None else self.layer.output_size(size)

    def to_dict(self) -> dict[str, Any]:
        """The layer format, every attribute spelt out per axis."""
        return layer_to_dict(self.layer, self.input_size, self.name)


def read_layer(text: Mapping[str, Any], name: str | None = None) -> Config:
    """Read one layer of the layer format; ``name`` is used where the text has none.

    Raises:
        LayerError: an unknown or a missing key, a value that PyTorch would refuse, or an
            ``output_size`` that is not the layer's.

    >>> read_layer({"op": "conv", "in_channels": 3, "out_channels": 64, "kernel_size": 7,
    ...             "stride": 2, "padding": 3, "input_size": [224, 224]}, "stem").output_size
    (112, 112)
    """
    if not isinstance(text, Mapping):
        raise LayerError(f"a layer must be an object with 'op' and 'input_size', got {text!r}")
    name = text.get("name", name)
    if name is not None and not isinstance(name, str):
        raise LayerError(f"a layer's name must be a string, got {name!r}")
    try:
        return _read_layer(text, name)
    except LayerError as fault:
        raise LayerError(f"layer {name!r}: {fault}" if name else str(fault)) from None


def _read_layer(text: Mapping[str, Any], name: str | None) -> Config:
    cls = _read_class(text)
    _check_keys(text, cls)
    if "input_size" not in text:
        raise LayerError(
            f"{cls.op}: input_size is missing; give one size per spatial axis, such as [224, 224], "
            "or --size 224x224"
        )
    _check_padding(text)
    config = Config(name or cls.op, _read_attributes(text, cls), text["input_size"])
    _check_output_size(config, text)
    return config


def _read_operation(text: Mapping[str, Any]) -> type[AnyLayer]:
    op = text.get("op")
    if isinstance(op, str) and op in OPERATIONS:
        return OPERATIONS[op]
    if op is None:
        raise LayerError(f"'op' is missing; write one of {', '.join(OPERATIONS)}")
    raise LayerError(f"op must be one of {', '.join(OPERATIONS)}, got {op!r}{hint(op, OPERATIONS)}")


def _read_class(text: Mapping[str, Any]) -> type[AnyLayer | LatticeConv]:
    """The layer's class: that of its operation, and another where the stride is a matrix."""
    cls = _read_operation(text)
    if not is_matrix(text.get("stride")):
        return cls
    if cls is not Conv:
        raise LayerError(f"{cls.op}: a stride that is a matrix goes with 'conv' alone")
    return LatticeConv


def _known_keys(text: Mapping[str, Any], cls: type[AnyLayer | LatticeConv]) -> set[str]:
    keys = {field.name for field in dataclasses.fields(cls)} | AROUND
    if issubclass(cls, Pool):
        keys |= set(CHANNELS)
        keys -= set(() if text.get("legality", TORCH) == ONNX else cls.wider)
    if cls is ConvTranspose:
        keys |= {"padding_mode"}
    return keys


def _check_keys(text: Mapping[str, Any], cls: type[AnyLayer | LatticeConv]) -> None:
    known = _known_keys(text, cls)
    for key in text:
        if key not in known:
            wider = issubclass(cls, Pool) and key in cls.wider
            raise LayerError(
                f"{cls.op} has no attribute {key!r}{hint(key, known)}; "
                f"it has {', '.join(sorted(known))}{f'; or {ASK}' if wider else ''}"
            )
    required = {f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
    if missing := sorted(required - set(text)):
        raise LayerError(f"{cls.op} needs {', '.join(missing)}")


def _read_attributes(
    text: Mapping[str, Any], cls: type[AnyLayer | LatticeConv]
) -> AnyLayer | LatticeConv:
    attributes = {key: value for key, value in text.items() if key not in AROUND}
    for key in SWITCHES:
        if not isinstance(attributes.get(key, True), bool):
            raise LayerError(f"{cls.op}: {key} must be true or false, got {attributes[key]!r}")
    if cls is ConvTranspose and attributes.pop("padding_mode", "zeros") != "zeros":
        raise LayerError(
            f"conv_transpose: padding_mode must be 'zeros', got {text['padding_mode']!r}"
        )
    if "padding_value" in attributes:
        attributes["padding_value"] = _read_number(attributes["padding_value"], cls.op)
    if issubclass(cls, Pool):
        attributes |= _pool_channels(attributes, cls.op)
    return cls(**attributes)


def _read_number(value: Any, where: str) -> int | float | Fraction:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return exact(value if isinstance(value, str) else "")
    except (ValueError, ZeroDivisionError):
        raise LayerError(
            f"{where}: padding_value must be a number or a fraction such as '1/3', got {value!r}"
        ) from None


PADDING_WORDS = {
    "SAME": "'same'",
    "SAME_UPPER": "'same'",
    "SAME_LOWER": "'same_lower'",
    "VALID": "'valid'",
    "NOTSET": "a number, or [lo, hi] per axis,",
}
"""How other tools name a padding, and what it is here."""


def _check_padding(text: Mapping[str, Any]) -> None:
    """Refuse a padding in another tool's words or order, and say what it is here.

    Raises:
        LayerError: it is one.
    """
    padding = text.get("padding")
    if isinstance(padding, str) and (ours := PADDING_WORDS.get(padding)):
        raise LayerError(f"padding: {padding} is {ours} here")
    axes = max((len(v) for k in AXES if isinstance(v := text.get(k), list | tuple)), default=0)
    if not axes or not isinstance(padding, list | tuple) or len(padding) != 2 * axes:
        return
    if all(map(is_int, padding)):
        pairs = [list(pair) for pair in zip(padding[:axes], padding[axes:], strict=True)]
        raise LayerError(
            f"padding: {list(padding)} has ONNX's order, all begins and then all ends; "
            f"write {pairs}"
        )


def _pool_channels(attributes: dict[str, Any], op: str) -> dict[str, Any]:
    """Take the three names of a pooling's channels out of its attributes; they must agree."""
    given = {key: attributes.pop(key) for key in CHANNELS if key in attributes}
    counts = list(given.values())
    if len(set(map(repr, counts))) > 1:
        found = ", ".join(f"{key}={value!r}" for key, value in given.items())
        raise LayerError(f"{op}: a pooling keeps its channels, got {found}")
    return {"channels": counts[0]} if counts else {}


def read_input_size(value: Any) -> Size:
    """Read an input size: an integer or a name per spatial axis, alone where there is one axis."""
    entries = tuple(value) if isinstance(value, list | tuple) else (value,)
    if len(entries) > MOST_AXES:
        raise LayerError(f"input_size has {len(entries)} spatial axes, at most {MOST_AXES}")
    for entry in entries:
        number = is_int(entry) and entry >= 1
        if not number and not (isinstance(entry, str) and entry.isidentifier()):
            raise LayerError(
                "each entry of input_size must be an integer of at least 1 or a name such as 'H', "
                f"got {entry!r} in input_size={value!r}"
            )
    if not entries:
        raise LayerError("input_size must have at least one spatial axis, got []")
    return tuple(entry if isinstance(entry, str) else int(entry) for entry in entries)


def distinct(sizes: Size) -> Size:
    """Sizes in which every name stands for one axis.

    Raises:
        LayerError: one stands for two.
    """
    names = [n for n in sizes if isinstance(n, str)]
    if len(set(names)) < len(names):
        raise LayerError(f"input_size={list(sizes)} names one size twice")
    return sizes


def _check_output_size(config: Config, text: Mapping[str, Any]) -> None:
    if "output_size" not in text:
        return
    stated = text["output_size"]
    found = config.output_size
    if found is None:
        raise LayerError("output_size can be stated only beside a numeric input_size; leave it out")
    if stated != list(found) and stated != found:
        raise LayerError(
            f"{config.layer.op}: output_size={stated!r} was stated, but input_size="
            f"{list(config.input_size)} gives {list(found)}"
        )


def hint(word: Any, known: Collection[str]) -> str:
    """``; did you mean '...'?`` where a known word is near, else nothing."""
    word = str(word)
    if len(word) > MOST_ECHOED:  # no name is so long, and looking for a near one takes its square
        return ""
    near = _near(word, tuple(sorted(known)))
    return f"; did you mean {near[0]!r}?" if near else ""


@lru_cache(maxsize=256)  # a file's faults are often one and the same
def _near(word: str, known: tuple[str, ...]) -> list[str]:
    return difflib.get_close_matches(word, known, n=1, cutoff=0.5)


def layer_to_dict(
    layer: AnyLayer | LatticeConv,
    input_size: Sequence[int | str] | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Write a layer in the layer format, every attribute spelt out; `read_layer` inverts it.

    Attributes are given per spatial axis where the layer or the input size says how many there are.

    >>> layer_to_dict(MaxPool(3, stride=2, padding=1, channels=64), (112, 112))["padding"]
    [[1, 1], [1, 1]]
    """
    rank = layer.rank if input_size is None else len(input_size)
    written: dict[str, Any] = {} if name is None else {"name": name}
    written |= {
        "op": layer.op,
        "in_channels": layer.in_channels,
        "out_channels": layer.out_channels,
    }
    for field in dataclasses.fields(layer):
        if field.name not in (*CHANNELS, *layer.unsaid):
            written[field.name] = _write_value(layer, field.name, rank)
    if written.get("padding_value") == 0:
        del written["padding_value"]
    return written if input_size is None else {**written, "input_size": list(input_size)}


def _write_value(layer: AnyLayer | LatticeConv, name: str, rank: int | None) -> Any:
    value = getattr(layer, name)
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, tuple):
        return thaw(value)
    of_all_axes = name not in (*SPATIAL, "padding") or isinstance(value, str)
    if isinstance(layer, LatticeConv) or rank is None or of_all_axes:
        return value
    values = layer.per_axis(name, rank)
    return [list(pair) for pair in values] if name == "padding" else list(values)
