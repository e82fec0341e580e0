"""Where layers come from: a file, standard input, a shorthand or a preset."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, ClassVar

from symconv.dialect.chain import Chain, read_chain
from symconv.dialect.config import Config, hint, read_layer
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
class Fault:
    """One item of many that could not be read, and why; the others still are."""

    kind: ClassVar[str] = "fault"
    name: str
    message: str


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


def read_layers(source: str | os.PathLike[str]) -> list[Entry]:
    """Read a JSON or TOML file, ``-`` for standard input, a shorthand, or a preset's name.

    A file holds one layer, one claim, or ``{"layers": [...]}``, ``{"network": [...]}``,
    ``{"claims": [...]}``; an item of ``layers`` may be a shorthand or a preset's name.
    A bad item of a list is a `Fault` among the others.

    Raises:
        LayerError: the source does not exist or cannot be read, or holds one bad item alone.

    >>> [entry.output_size for entry in read_layers("conv i3x224x224 o64 k7 s2 p3")]
    [(112, 112)]
    """
    text = os.fspath(source)
    if text == STANDARD_INPUT or os.path.lexists(text):
        suffix = "" if text == STANDARD_INPUT else Path(text.removesuffix(".gz")).suffix
        where = "standard input" if text == STANDARD_INPUT else text
        return _read_text(read_text(text), where, suffix)
    if is_shorthand(text) or text in PRESETS:
        return [_read_line(text)]
    raise LayerError(_not_found(text))


def _read_line(text: str) -> Config:
    return read_shorthand(text) if len(text.split()) > 1 else preset(text.strip())


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


def _read_text(text: str, where: str, suffix: str) -> list[Entry]:
    """Read what a file holds; without a known suffix, by how it begins."""
    opening = text.lstrip()[:1]
    if suffix == ".json" or (suffix != ".toml" and opening == "{"):
        return _read_document(read_json(text, where), where)
    if suffix == ".toml" or "=" in text:
        return _read_document(read_toml(text, where), where)
    if not opening:
        raise LayerError(f"{where} holds no layer")
    _check_count(text.count("\n"), where)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return _read_items("layers", lines, where)


def _check_count(items: int, where: str) -> None:
    if items > MOST_ITEMS:
        raise LayerError(f"{where} holds {items} items; split it into files of {MOST_ITEMS:,}")


def _read_document(document: Any, where: str) -> list[Entry]:
    if isinstance(document, list):
        return _read_items("layers", document, where)
    if not isinstance(document, Mapping):
        raise LayerError(f"{where} must hold an object, got {document!r}")
    stem = Path(where).name.split(".")[0]
    if kind_of(document) == "certificate":
        return [CertificateText(stem)]
    if "op" in document:
        return [read_layer(document, stem)]
    if {"left", "right"} & set(document):
        return [ClaimText(_name(document, stem), document)]
    return _read_parts(document, where, stem)


def _read_parts(document: Mapping[str, Any], where: str, stem: str) -> list[Entry]:
    parts = [part for part in PARTS if part in document]
    for key in document:
        if key not in {*PARTS, *BESIDES} or not parts:
            raise LayerError(
                f"{where} holds {key!r}{hint(key, PARTS)}; write a layer, a claim, or one of "
                f"{', '.join(PARTS)}"
            )
    if not parts:
        raise LayerError(f"{where} holds no layer")
    return [entry for part in parts for entry in _read_part(part, document, where, stem)]


def _read_part(part: str, document: Mapping[str, Any], where: str, stem: str) -> list[Entry]:
    if part == "network":
        return [read_chain(document[part], _name(document, stem))]
    return _read_items(part, document[part], where)


def _read_items(part: str, items: Any, where: str) -> list[Entry]:
    if not isinstance(items, list):
        raise LayerError(f"{where}: {part!r} must be a list, got {items!r}")
    if not items:
        raise LayerError(f"{where} holds no {part[:-1]}")
    _check_count(len(items), where)
    return list(_guarded(part, items))


def _guarded(part: str, items: list[Any]) -> Iterator[Entry]:
    for place, item in enumerate(items):
        name = f"{part}[{place}]"
        try:
            yield _read_item(part, item, name)
        except SymconvError as fault:
            yield Fault(_name(item, name), str(fault))


def _read_item(part: str, item: Any, name: str) -> Entry:
    if part == "claims":
        if not isinstance(item, Mapping):
            raise LayerError(f"{name}: a claim must be an object, got {item!r}")
        return ClaimText(_name(item, name), item)
    return _read_line(item) if isinstance(item, str) else read_layer(item, name)


def _name(item: Any, default: str) -> str:
    if isinstance(item, str):
        return item
    name = item.get("name") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) else default
