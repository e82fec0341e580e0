"""Theorems as data, read from ``proofs/theorems/*.toml`` of a checkout or of the package."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from symconv.claim import Claim, read_claim
from symconv.dialect.shorthand import read_shorthand
from symconv.errors import InputError, MissingTool
from symconv.expand import destride
from symconv.size.names import axis_names

FILES = ("layer", "networks", "boundaries", "pooling", "sharing", "lattices", "relatives")
"""The catalogue's files in their order; each is one section of the chapter."""

Relation = Literal["equal", "instance", "weaker", "none"]
"""What a theorem's lemmas say beside its statement; ``none`` where it cites no lemma."""

WHOLE = [None, None, None]
"""A slice of a whole axis; in TOML, which has no null, ``[]``."""


@dataclass(frozen=True, slots=True)
class Part:
    """One parametric claim of a theorem, true or a false neighbour, and its stated verdict.

    ``least`` are the least sizes at which a false one fails; ``at`` are sizes at which it is shown.
    """

    name: str
    claim: Claim
    stated: str
    least: tuple[tuple[str, int], ...] = ()
    at: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Theorem:
    """A theorem: statement in LaTeX, claims for all sizes, lemmas of the proof kernel.

    ``section`` is the chapter's section that it stands in.  ``relation`` says what the lemmas are
    to the statement: together ``equal`` to it, an ``instance`` of it at the entry's own numbers,
    or ``weaker``; ``because`` says how that is seen, or what is missing.
    """

    name: str
    section: str
    title: str
    statement: str
    source: str
    lemmas: tuple[str, ...]
    parts: tuple[Part, ...]
    demonstration: str | None = None
    relation: Relation = "none"
    because: str = ""

    @property
    def stated_by_lemmas(self) -> bool:
        """Whether the lemmas are the statement, or the statement at the entry's numbers."""
        return self.relation in ("equal", "instance")


def catalogue_folder() -> Path:
    """Where the catalogue lies: beside the package in a checkout, inside it when installed.

    Raises:
        MissingTool: it is in neither place.
    """
    package = Path(__file__).parents[1]
    for folder in (package.parent / "proofs" / "theorems", package / "_proofs" / "theorems"):
        if folder.is_dir():
            return folder
    raise MissingTool("the catalogue of theorems is not installed; install symconv again")


def read_catalogue() -> tuple[Theorem, ...]:
    """All theorems, in the order of their files.

    >>> len(read_catalogue()) > 20
    True
    """
    found = []
    for name in FILES:
        path = catalogue_folder() / f"{name}.toml"
        text = tomllib.loads(path.read_text(encoding="utf-8"))
        found += [_theorem(entry, text["section"]) for entry in text["theorem"]]
    return tuple(found)


def _theorem(entry: Mapping[str, Any], section: str) -> Theorem:
    layers = [_of_layer(text) for text in entry.get("layers", ())]
    claims = [_part(claim) for claim in entry.get("claims", ())]
    return Theorem(
        entry["name"],
        section,
        entry["title"],
        entry["statement"],
        entry["source"],
        tuple(entry["lemmas"]),
        (*layers, *claims),
        entry.get("demonstration"),
        _relation(entry),
        entry.get("because", ""),
    )


def _relation(entry: Mapping[str, Any]) -> Relation:
    """What the entry says of its lemmas; each relation but equality gives its reason.

    Raises:
        InputError: there are lemmas and nothing is said of them, or no reason is given.
    """
    found: Relation = entry.get("kernel", "none")
    if found not in get_args(Relation) or (found == "none") != (not entry["lemmas"]):
        raise InputError(
            f"theorem {entry['name']}: kernel must say what its lemmas are to its statement, one "
            f"of {', '.join(get_args(Relation))} (none where it has no lemmas), got {found!r}"
        )
    if not entry.get("because"):
        raise InputError(f"theorem {entry['name']}: because must say why its lemmas are {found}")
    return found


def _of_layer(entry: str | Mapping[str, Any]) -> Part:
    """A layer and its expansion, for all sizes; the size it is given only says how many axes.

    ``entry`` is a shorthand, or one beside the factors that `destride` is asked for.
    """
    asked = {"layer": entry} if isinstance(entry, str) else dict(entry)
    text = asked.pop("layer")
    config = read_shorthand(text)
    name = ", ".join([text, *(f"{key} = {value}" for key, value in asked.items())])
    names = axis_names(len(config.input_size))
    expansion = destride(config.windowed("a theorem's layer"), names, **asked)
    period = max(expansion.factor_in)
    return Part(name, expansion.claim(name), "proved", at=tuple((n, 4 * period + 1) for n in names))


def _part(text: Mapping[str, Any]) -> Part:
    claim = read_claim(
        {key: _with_wholes(v) for key, v in text.items() if key not in ("at", "least", "stated")}
    )
    least, at = (tuple(text.get(key, {}).items()) for key in ("least", "at"))
    return Part(text["name"], claim, text["stated"], least, at)


def _with_wholes(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: [part or WHOLE for part in v] if key == "slices" else _with_wholes(v)
            for key, v in value.items()
        }
    return [_with_wholes(part) for part in value] if isinstance(value, list) else value
