"""Where layers come from: a file, standard input, a shorthand or a preset."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, ClassVar

from symconv.dialect.chain import Chain, read_chain
from symconv.dialect.config import OPERATIONS, Config, Size, hint, read_input_size, read_layer
from symconv.dialect.pasted.base import NOTHING_ASKED, Asked, Fault, Pasted
from symconv.dialect.pasted.registry import read_pasted, tool_of
from symconv.dialect.presets import PRESETS, preset
from symconv.dialect.shorthand import is_shorthand, read_shorthand
from symconv.errors import LayerError, SymconvError
from symconv.machine.files import STANDARD_INPUT, read_json, read_text, read_toml

PARTS = ("layers", "network", "claims")
BESIDES = {"header", "name", "comment", "source"}
SUFFIXES = (".json", ".toml")

MOST_ITEMS = 100_000
"""Items of one file: eight times the zoo, and a line each where all of them are bad."""

VERBS = {"layer": "prove", "chain": "prove", "claim": "check", "certificate": "recheck"}
"""The command for each kind of entry."""


@dataclass(frozen=True, slots=True)
class ClaimText:
    """A claim as it was written; `symconv.claim` reads it."""

    kind: ClassVar[str] = "claim"
    name: str
    text: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CertificateText:
    """What a proof left behind; `symconv.recheck` reads it."""

    kind: ClassVar[str] = "certificate"
    name: str


Entry = Config | Chain | ClaimText | CertificateText | Fault


def kind_of(document: Any) -> str | None:
    """What a document holds, by its keys: a layer, a chain, a claim, a certificate; else None.

    >>> kind_of({"op": "conv"}), kind_of({"left": [], "right": []}), kind_of(7)
    ('layer', 'claim', None)
    """
    keys = set(document) if isinstance(document, Mapping) else set()
    for kind, own in (
        ("layer", {"op", "layers"}),
        ("claim", {"left", "right", "claims"}),
        ("chain", {"network"}),
        ("certificate", {"certificates", "digest"}),
    ):
        if keys & own:
            return kind
    return None


def redirect(source: str, kind: str) -> str:
    """Which command takes what was given to another one.

    >>> redirect("x.json", "certificate")
    "'x.json' is a certificate; recheck it with: symconv recheck x.json"
    """
    shown = "standard input" if source == STANDARD_INPUT else repr(source)
    return f"{shown} is a {kind}; {VERBS[kind]} it with: symconv {VERBS[kind]} {quote(source)}"


def read_layers(
    source: str | os.PathLike[str], size: Size | None = None, *, named: bool = False
) -> list[Entry]:
    """Read a JSON or TOML file, ``-`` for standard input, a shorthand, a preset's name.

    A file holds one layer, one claim, or ``{"layers": [...]}``, ``{"network": [...]}``,
    ``{"claims": [...]}``; an item of ``layers`` may be a shorthand or a preset's name.
    In place of a layer may stand what another tool prints of one (`symconv.dialect.pasted`), in a
    file or as the source itself.  A bad item of a list is a `Fault` among the others.

    Args:
        source: what to read.
        size: the input size of layers that have none.
        named: whether pasted layers that have none get the usual names, for all sizes.

    Raises:
        LayerError: the source does not exist or cannot be read, or holds one bad item alone; or
            its layer has another size already.

    >>> [entry.output_size for entry in read_layers("conv i3x224x224 o64 k7 s2 p3")]
    [(112, 112)]
    >>> [entry.output_size for entry in read_layers("Conv2d(3, 64, 7, stride=2)", (224, 224))]
    [(109, 109)]
    """
    text, asked = os.fspath(source), Asked(size, named)
    if text == STANDARD_INPUT or os.path.lexists(text):
        suffix = "" if text == STANDARD_INPUT else Path(text.removesuffix(".gz")).suffix
        where = "standard input" if text == STANDARD_INPUT else text
        return _read_text(read_text(text), where, suffix, asked)
    if found := _read_line(text, asked):
        return found
    if text.lstrip()[:1] in ("{", "["):
        return _read_document(read_json(text, "the text"), "the text", asked)
    raise LayerError(_not_found(text))


def read_value(value: Any, name: str, size: Size | None = None) -> Entry:
    """Read the one layer, chain or claim that a value of JSON holds; a text as `read_layers` does.

    Args:
        value: an item of many.
        name: what it is called where it does not name itself.
        size: the input size of layers that have none.

    Raises:
        LayerError: it is nothing of that kind, or holds several.

    >>> read_value("conv i3x224x224 o64 k7 s2 p3", "line 1").kind
    'layer'
    """
    asked = Asked(size)
    if isinstance(value, str):
        found = _read_line(value, asked) or [_asked_of(_worded(value), asked)]
    else:
        found = _read_document(value, name, asked)
    if len(found) != 1:
        raise LayerError(f"{name} holds {len(found)} entries; write one in each item")
    return found[0]


def _read_line(text: str, asked: Asked) -> list[Entry]:
    """What a text says on its own: a shorthand, a preset, a pasted layer; else nothing."""
    if text.strip() in PRESETS:
        return [_asked_of(preset(text.strip()), asked)]
    if tool_of(text):
        return _pasted(text, "the text", asked)
    if is_shorthand(text):
        return [_asked_of(read_shorthand(text), asked)]
    return []


def _asked_of(config: Config, asked: Asked) -> Config:
    """A layer with a size of its own, which is the one that is asked for if any is."""
    size = config.input_size
    asked.of(size, len(size), f"layer {config.name!r}", "")
    return config


def _pasted(given: str | Mapping[str, Any], where: str, asked: Asked) -> list[Entry]:
    """The layers of a text or an object in another tool's words; one bad one alone is raised."""
    found = read_pasted(given, where)
    if len(found) == 1 and isinstance(found[0], Pasted):
        return [found[0].at(asked)]
    return [entry if isinstance(entry, Fault) else _settled(entry, asked) for entry in found]


def _settled(entry: Pasted, asked: Asked) -> Entry:
    try:
        return entry.at(asked)
    except SymconvError as fault:
        return Fault(entry.full_name, str(fault))


def _not_found(text: str) -> str:
    if len(text.split()) > 1 and not text.endswith(SUFFIXES):
        return f"no file and no layer: {text!r}; a shorthand reads conv i3x224x224 o64 k7 s2 p3"
    folder = os.path.dirname(text)
    files = [os.path.join(folder, name) for name in _listed(folder or ".")]
    return f"no file and no preset of the name {text!r}{hint(text, {*PRESETS, *files})}"


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (OSError, ValueError):
        return []


def _read_text(text: str, where: str, suffix: str, asked: Asked) -> list[Entry]:
    """Read what a file holds; without a known suffix, by how it begins."""
    opening = text.lstrip()[:1]
    if suffix == ".json" or (suffix != ".toml" and opening == "{"):
        return _read_document(read_json(text, where), where, asked)
    if suffix != ".toml" and tool_of(text):
        return _pasted(text, where, asked)
    if suffix == ".toml" or "=" in text:
        return _read_document(read_toml(text, where), where, asked)
    if not opening:
        raise LayerError(f"{where} holds no layer")
    _check_count(text.count("\n"), where)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return _read_items("layers", lines, where, asked)


def _check_count(items: int, where: str) -> None:
    if items > MOST_ITEMS:
        raise LayerError(f"{where} holds {items} items; split it into files of {MOST_ITEMS:,}")


def _read_document(document: Any, where: str, asked: Asked = NOTHING_ASKED) -> list[Entry]:
    if isinstance(document, list):
        return _read_items("layers", document, where, asked)
    if not isinstance(document, Mapping):
        raise LayerError(f"{where} must hold an object, got {document!r}")
    stem = Path(where).name.split(".")[0]
    if kind_of(document) == "certificate":
        return [CertificateText(stem)]
    if "op" in document:
        return [read_layer(_with_size(document, asked, stem), stem)]
    if {"left", "right"} & set(document):
        return [ClaimText(_name(document, stem), document)]
    if kind_of(document) is None and tool_of(document):
        return _pasted(document, where, asked)
    return _read_parts(document, where, stem, asked)


def _with_size(layer: Mapping[str, Any], asked: Asked, name: str) -> Mapping[str, Any]:
    """A layer of our own format with the size that is asked for, where it has none."""
    own = layer.get("input_size")
    if asked.size is None:
        return layer
    given = None if own is None else read_input_size(own)
    size = asked.of(given, len(asked.size), f"layer {_name(layer, name)!r}", "")
    return {**layer, "input_size": list(size)}


def _read_parts(document: Mapping[str, Any], where: str, stem: str, asked: Asked) -> list[Entry]:
    parts = [part for part in PARTS if part in document]
    for key in document:
        if key not in {*PARTS, *BESIDES} or not parts:
            raise LayerError(
                f"{where} holds {key!r}{hint(key, PARTS)}; write a layer, a claim, or one of "
                f"{', '.join(PARTS)}"
            )
    if not parts:
        raise LayerError(f"{where} holds no layer")
    return [entry for part in parts for entry in _read_part(part, document, where, stem, asked)]


def _read_part(
    part: str, document: Mapping[str, Any], where: str, stem: str, asked: Asked
) -> list[Entry]:
    if part == "network":
        items = _chain_with_size(document[part], asked)
        return [read_chain(items, _name(document, stem))]
    return _read_items(part, document[part], where, asked)


def _chain_with_size(items: Any, asked: Asked) -> Any:
    """A chain whose first layer has the size that is asked for, where it has none."""
    if not isinstance(items, list):
        return items
    layers = (n for n, item in enumerate(items) if _is_layer(item))
    first = next(layers, None)
    if first is None:
        return items
    return [*items[:first], _with_size(items[first], asked, "first"), *items[first + 1 :]]


def _is_layer(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("op") in OPERATIONS


def _read_items(part: str, items: Any, where: str, asked: Asked) -> list[Entry]:
    if not isinstance(items, list):
        raise LayerError(f"{where}: {part!r} must be a list, got {items!r}")
    if not items:
        raise LayerError(f"{where} holds no {part[:-1]}")
    _check_count(len(items), where)
    return list(_guarded(part, items, asked))


def _guarded(part: str, items: list[Any], asked: Asked) -> Iterator[Entry]:
    for place, item in enumerate(items):
        name = f"{part}[{place}]"
        try:
            yield from _read_item(part, item, name, asked)
        except SymconvError as fault:
            yield Fault(_name(item, name), str(fault))


def _read_item(part: str, item: Any, name: str, asked: Asked) -> list[Entry]:
    if part == "claims":
        if not isinstance(item, Mapping):
            raise LayerError(f"{name}: a claim must be an object, got {item!r}")
        return [ClaimText(_name(item, name), item)]
    if isinstance(item, str):
        return _read_line(item, asked) or [_worded(item)]
    if isinstance(item, Mapping) and tool_of(item):
        return _pasted(item, name, asked)
    return [
        read_layer(item if not isinstance(item, Mapping) else _with_size(item, asked, name), name)
    ]


def _worded(text: str) -> Config:
    """A line that is nothing; the shorthand's reader, or the presets', says why."""
    return read_shorthand(text) if len(text.split()) > 1 else preset(text.strip())


def _name(item: Any, default: str) -> str:
    if isinstance(item, str):
        return item
    name = item.get("name") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) else default
