"""One layer in one line: ``conv i3x224x224 o64 k7 s2 p3``.

The letters are those of the guide to convolution arithmetic (Dumoulin and Visin 2016):

    i  input, channels first: i3x224x224; a size may be a name: i3xHxW
    o  output channels          k  kernel size: k7, or k7x3 per axis
    s  stride                   p  padding: p3, p3x1 per axis, p2:3 for low:high, p1:2x0:1,
    d  dilation                    p-1 crops; pvalid, psame, psame_lower
    a  output_padding           g  groups
    b  bias: b0 or b1           v  value of the padding: v0.5
    n  what an average divides by, instead of counting: n9 (divisor_override, with ``onnx``)

and the words ``zeros``, ``reflect``, ``replicate``, ``circular``; ``nobias``; and for poolings
``ceil`` (ceil_mode), ``exclude_pad`` (count_include_pad=False) and ``onnx`` (legality="onnx").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from symconv.dialect.config import OPERATIONS, Config, hint, layer_to_dict, read_layer
from symconv.errors import LayerError
from symconv.layer import Pool
from symconv.layer.window import PADDING_MODES

WORDS: dict[str, tuple[str, Any]] = {
    **{mode: ("padding_mode", mode) for mode in PADDING_MODES},
    "nobias": ("bias", False),
    "ceil": ("ceil_mode", True),
    "exclude_pad": ("count_include_pad", False),
    "onnx": ("legality", "onnx"),
}
_PADDING_NAMES = ("valid", "same", "same_lower")


def is_shorthand(text: str) -> bool:
    """Whether a text looks like a shorthand: it opens with an operation, or holds an input."""
    op, *words = text.split() or [""]
    return bool(words) and (op in OPERATIONS or any(re.match("i[0-9]", word) for word in words))


def read_shorthand(text: str) -> Config:
    """Read one layer from its shorthand; the shorthand is its name.

    Raises:
        LayerError: a word that is no attribute, or a layer that makes no sense.

    >>> read_shorthand("conv i3x224x224 o64 k7 s2 p3").output_size
    (112, 112)
    >>> read_shorthand("conv i3xHxW o64 k7x3 s2x1 p2:3x1").layer.padding
    ((2, 3), (1, 1))
    """
    name = " ".join(text.split())
    try:
        layer = parse_shorthand(text)
    except LayerError as fault:
        raise LayerError(f"layer {name!r}: {fault}") from None
    return read_layer(layer, name)


def parse_shorthand(text: str) -> dict[str, Any]:
    """Read a shorthand into the layer format.

    >>> parse_shorthand("max_pool i64x112x112 k3 s2 p0:1")["padding"]
    [[0, 1], [0, 1]]
    """
    op, *words = text.split() or [""]
    layer: dict[str, Any] = {"op": op}
    for word in words:
        for key, value in _read_word(word).items():
            if key in layer:
                raise LayerError(f"{key} is given twice, the second time by {word!r}")
            layer[key] = value
    if isinstance(layer.get("padding"), tuple):
        layer["padding"] = [list(layer["padding"])] * len(layer.get("input_size", "?"))
    return layer


def _read_word(word: str) -> dict[str, Any]:
    if word in WORDS:
        return dict([WORDS[word]])
    letter, value = word[0], word[1:]
    if letter in _LETTERS:
        key, read = _LETTERS[letter]
        try:
            return _read_input(value) if key == "input" else {key: read(value)}
        except LayerError:
            raise
        except ValueError:
            pass
    letters = ", ".join(f"{letter} {key}" for letter, (key, _) in _LETTERS.items())
    raise LayerError(
        f"cannot read {word!r}{hint(word, WORDS)}; write a letter and its value, such as k7 or "
        f"k7x3 ({letters}), or one of {', '.join(WORDS)}"
    )


def _read_input(value: str) -> dict[str, Any]:
    channels, *sizes = value.split("x")
    if not sizes:
        raise LayerError(f"'i{value}' has no spatial size; write such as i3x224x224 or i3xHxW")
    size = [n if n.isidentifier() else _integer(n) for n in sizes]
    return {"in_channels": _integer(channels), "input_size": size}


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError(text)
    return int(text)


def _integers(text: str) -> int | list[int]:
    values = [_integer(entry) for entry in text.split("x")]
    return values if len(values) > 1 else values[0]


def _padding(text: str) -> Any:
    """An int, a name, one ``(lo, hi)`` tuple for every axis, or a list with one entry per axis."""
    if text in _PADDING_NAMES:
        return text
    entries = [tuple(map(_integer, entry.split(":"))) for entry in text.split("x")]
    if any(len(entry) > 2 for entry in entries):
        raise ValueError(text)
    if len(entries) == 1:
        return entries[0] if len(entries[0]) == 2 else entries[0][0]
    return [list(entry) if len(entry) == 2 else entry[0] for entry in entries]


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"


def _number(text: str) -> int | float | str:
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    return text if "/" in text else float(text)


_LETTERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "i": ("input", str),
    "o": ("out_channels", _integer),
    "k": ("kernel_size", _integers),
    "s": ("stride", _integers),
    "p": ("padding", _padding),
    "d": ("dilation", _integers),
    "a": ("output_padding", _integers),
    "g": ("groups", _integer),
    "b": ("bias", _switch),
    "v": ("padding_value", _number),
    "n": ("divisor_override", _integer),
}
_PLAIN = {"padding": "0", "dilation": "1", "output_padding": "0", "groups": "1", "bias": "1"}


def to_shorthand(config: Config) -> str:
    """Write a layer in one line; `read_shorthand` reads it back, attribute for attribute.

    A size whose name holds an ``x`` is the exception: the shorthand has no way to write it.

    >>> to_shorthand(read_shorthand("conv  i3xHxW o64 k7x7 s2 p3:3 d1 reflect nobias"))
    'conv i3xHxW o64 k7 s2 p3 b0 reflect'
    """
    layer = layer_to_dict(config.layer, config.input_size)
    size = "x".join(map(str, (layer.pop("in_channels"), *layer.pop("input_size"))))
    if isinstance(config.layer, Pool):
        del layer["out_channels"]
    return " ".join([layer["op"], f"i{size}", *_written_words(layer)])


def _written_words(layer: dict[str, Any]) -> Iterator[str]:
    for letter, (key, _) in _LETTERS.items():
        if key in layer and (value := _write(layer[key])) != _PLAIN.get(key):
            yield f"{letter}{value}"
    for word, (key, value) in WORDS.items():
        if word not in ("zeros", "nobias") and layer.get(key) == value:
            yield word


def _write(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, list):
        return str(value)
    entries = [_write_entry(entry) for entry in value]
    return entries[0] if len(set(entries)) == 1 else "x".join(entries)


def _write_entry(entry: Any) -> str:
    if not isinstance(entry, list):
        return str(entry)
    lo, hi = entry
    return str(lo) if lo == hi else f"{lo}:{hi}"
