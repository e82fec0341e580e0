"""What people paste into bug reports: a layer in another tool's words.

A reader recognises its tool's text or JSON object and makes a `Pasted` of every layer in it: the
layer format, without an input size where the tool states none.  The size then comes from the user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from symconv.dialect.chain import Chain, read_chain
from symconv.dialect.config import Config, Size, hint, read_input_size, read_layer
from symconv.errors import LayerError, SymconvError, Unsupported
from symconv.size.names import axis_names

Text = dict[str, Any]
"""A layer of the layer format."""

BESIDE = ("in_channels", "out_channels", "input_size")
"""What a JSON object may say beside a tool's own words, where the tool has no word for it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One item of many that could not be read, and why; the others still are."""

    kind: ClassVar[str] = "fault"
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The input size of layers that have none: one that is given, or the usual names."""

    size: Size | None = None
    named: bool = False

    def of(self, own: Size | None, rank: int, what: str, missing: str) -> Size:
        """The one size of a layer, its own or the one asked for.

        Raises:
            LayerError: there is none, or there are two that differ.

        >>> Asked((224, 224)).of(None, 2, "the layer", "")
        (224, 224)
        """
        if own is not None and self.size is not None and tuple(own) != self.size:
            raise LayerError(
                f"{what} has input_size={list(own)} already, and --size asks for "
                f"{list(self.size)}; leave it out"
            )
        size = own or self.size or (axis_names(rank) if self.named else None)
        if size is None:
            raise LayerError(missing)
        return tuple(size)


NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True)
class Pasted:
    """A layer, or the items of a chain (one with a window at least); the size may be missing.

    ``notes`` say what was assumed where the tool's text is silent; they stand in the name.
    """

    tool: str
    """What was recognised, with its article: ``"an ONNX node"``."""
    name: str
    items: tuple[Text, ...]
    rank: int
    size: Size | None = None
    notes: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name with what was assumed."""
        return f"{self.name} ({'; '.join(self.notes)})" if self.notes else self.name

    def at(self, asked: Asked = NOTHING_ASKED) -> Config | Chain:
        """The layer at its own input size, or at the one that is asked for where it has none.

        Raises:
            LayerError: there is no size, or there are two; or the layer makes no sense at it.
        """
        what = f"{self.tool} {self.name!r}"
        size = asked.of(self.size, self.rank, what, f"{what} has no input size; {self._example()}")
        first = next(place for place, item in enumerate(self.items) if "kernel_size" in item)
        items = list(self.items)
        items[first] = {**items[first], "input_size": list(size)}
        try:
            if len(items) > 1:
                return read_chain(items, self.full_name)
            return read_layer(items[0], self.full_name)
        except SymconvError as fault:
            raise fault.within(f"read as {self.tool}") from None

    def _example(self) -> str:
        example = "x".join(["224"] * self.rank) if self.rank != 1 else "16000"
        return f"give --size {example}, or input_size in Python"


class Tool(Protocol):
    """A reader of one tool's layers."""

    noun: str
    """What it reads, with its article."""

    def opens(self, text: str) -> bool:
        """Whether a text is the tool's."""

    def takes(self, document: Mapping[str, Any]) -> bool:
        """Whether a JSON object is the tool's."""

    def read_text(self, text: str, name: str) -> list[Pasted | Fault]:
        """Read every layer of a text that `opens` recognised."""

    def read_object(self, document: Mapping[str, Any], name: str) -> list[Pasted | Fault]:
        """Read the layer of an object that `takes` recognised."""


def guarded(tool: str, name: str, read: Callable[[], Pasted]) -> Pasted | Fault:
    """What is read, or the fault with the tool that was recognised."""
    try:
        return read()
    except SymconvError as fault:
        return Fault(name, str(fault.within(f"{tool} {name!r}")))


def one_of(found: Iterable[Pasted | Fault], nothing: str) -> list[Pasted | Fault]:
    """The findings; a text that holds none, or one bad one alone, is refused as a whole.

    Raises:
        LayerError: nothing was found, or the only finding is a fault.
    """
    entries = list(found)
    if not entries:
        raise LayerError(nothing)
    if len(entries) == 1 and isinstance(entries[0], Fault):
        raise LayerError(entries[0].message)
    return entries


def beside(layer: Text, given: Mapping[str, Any]) -> tuple[Text, Size | None, tuple[str, ...]]:
    """A layer with the channels that stand beside it, its size, and a note of what is unstated.

    Without any word of them a layer has one channel, or one in each group.

    >>> layer, size, notes = beside({"op": "conv", "groups": 1}, {"in_channels": 3})
    >>> layer["in_channels"], layer["out_channels"], size, notes
    (3, 1, None, ('1 out: not stated',))
    """
    size = read_input_size(given["input_size"]) if "input_size" in given else None
    own: Text = {key: layer[key] for key in BESIDE[:2] if key in layer}
    stated: Text = {key: given[key] for key in BESIDE[:2] if key in given}
    for key in set(own) & set(stated):
        if own[key] != stated[key]:
            raise LayerError(f"{key}={stated[key]!r} stands beside a layer that has {own[key]!r}")
    stated |= own
    if layer["op"].endswith("_pool"):  # it treats each channel alike
        return {**layer, **stated}, size, ()
    least, missing = layer.get("groups", 1), {"in_channels": "in", "out_channels": "out"}
    words = [f"{least} {word}" for key, word in missing.items() if key not in stated]
    notes = (f"{', '.join(words)}: not stated",) if words else ()
    return {**layer, **dict.fromkeys(missing, least), **stated}, size, notes


def known(attributes: Mapping[str, Any], names: Iterable[str], what: str) -> None:
    """Refuse attributes that a layer of this kind does not have.

    Raises:
        LayerError: there is one; what is not understood is not dropped.
    """
    allowed = tuple(names)
    for key in attributes:
        if key not in allowed:
            raise LayerError(
                f"{what} has no attribute {key!r}{hint(key, allowed)}; "
                f"it has {', '.join(sorted(allowed))}"
            )


def no_layer(tool: str, kind: str, has: Sequence[str], why: str = "") -> Unsupported:
    """The refusal of a kind of layer that symconv does not have."""
    return Unsupported(
        f"there is no layer for {kind} of {tool}{f': {why}' if why else ''}; "
        f"there is one for {', '.join(has)}"
    )


def per_axis(value: Any, rank: int) -> list[Any]:
    """One value per axis: a list as it is, and anything else for every axis."""
    return list(value) if isinstance(value, list | tuple) else [value] * rank
