"""What a sweep does with one configuration: call the rewriter, and decide what it claims."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symconv.batch.items import Item, Key, Row, digest_of_bytes, key_of
from symconv.claim import digest, read_claim
from symconv.claim.verdict import Refuted, Undecided, Verdict
from symconv.errors import InputError, InternalError, SymconvError, TooLarge, named_fault
from symconv.machine.budget import Budget, spending
from symconv.machine.files import read_json
from symconv.prove.decide import decide

Configuration = Mapping[str, Any]
Rewriter = Callable[[Any], Mapping[str, Any] | None]
"""From a configuration to the claim that its lowering makes, or None where it declines."""

MOST_REMEMBERED = 4096
"""Verdicts in words that a process remembers: a hundred bytes each, and a digest."""


@dataclass(frozen=True, slots=True)
class SweepWork:
    """A rewriter, and how long one configuration may take.

    A row is found by its configuration alone, wherever that stands in the input.
    """

    rewriter: Rewriter
    seconds: float = Budget().seconds
    name: str = ""
    """How the command line calls the rewriter; nothing in Python."""
    own: tuple[str, ...] = ()

    @property
    def asked(self) -> dict[str, Any]:
        """The rewriter, where it has a name."""
        return {"command": "sweep", "rewriter": self.name} if self.name else {}

    def prepare(self) -> None:
        """Everything is loaded: the rewriter was imported beside it."""

    def key(self, item: Item) -> Key:
        """By the digest of the configuration."""
        return key_of(_digest(item), None)

    def row(self, item: Item) -> Row:
        """The configuration, its digest, the verdict and a note."""
        try:
            configuration = _configuration(item)
        except SymconvError as fault:
            return _row(item, None, "error", str(fault))
        try:
            with spending(Budget(seconds=self.seconds)):
                verdict, note = self._verdict(configuration)
        except (MemoryError, TooLarge) as fault:
            why = _said(fault) or "it needs too much memory"
            return _row(item, configuration, "undecided", why)
        except KeyboardInterrupt:  # Ctrl-C, unless this is a worker, which knows better
            raise
        except BaseException as fault:  # noqa: BLE001 - the user's fault is a result
            return {**_row(item, configuration, "error", _said(fault)), **_blame(fault)}
        return _row(item, configuration, verdict, note)

    def lost(self, item: Item, verdict: str, why: str) -> Row:
        """What is said of a configuration in whose middle its worker ended."""
        try:
            return _row(item, _configuration(item), verdict, why)
        except SymconvError:
            return _row(item, None, verdict, why)

    def _verdict(self, configuration: Configuration) -> tuple[str, str]:
        claimed = self.rewriter(configuration)
        if claimed is None:
            return "declined", ""
        known = _digest_of_plain(claimed)
        if known in _REMEMBERED:
            return _REMEMBERED[known]
        verdict = decide(read_claim(claimed))
        said = verdict.verdict, note_of(verdict)
        if known and not isinstance(verdict, Undecided):
            _REMEMBERED[known] = said
            if len(_REMEMBERED) > MOST_REMEMBERED:
                _REMEMBERED.popitem(last=False)
        return said


def _digest_of_plain(claimed: Mapping[str, Any]) -> str:
    """The digest of a claim; nothing where it holds fractions, NumPy's numbers, or is no claim."""
    try:
        return digest(claimed)
    except (TypeError, ValueError, RecursionError):
        return ""


_REMEMBERED: OrderedDict[str, tuple[str, str]] = OrderedDict()


def note_of(verdict: Verdict) -> str:
    """What a verdict shows, in a sentence; nothing where it is a proof."""
    if isinstance(verdict, Refuted):
        return verdict.counterexample.sentence()
    return verdict.reason if isinstance(verdict, Undecided) else ""


def _said(fault: BaseException) -> str:
    """What a fault says; of what is not symconv's, its kind too."""
    if not isinstance(fault, (SymconvError, InternalError, MemoryError)):
        return named_fault(fault)
    try:
        return str(fault)
    except BaseException:  # noqa: BLE001 - a kind of their own, derived from ours
        return named_fault(fault)


def _blame(fault: BaseException) -> Row:
    return {"internal": True} if isinstance(fault, InternalError) else {}


def _row(item: Item, configuration: Configuration | None, verdict: str, note: str) -> Row:
    said = {"configuration": configuration, "verdict": verdict, "note": note}
    return {"digest": _digest(item), **said}


def _digest(item: Item) -> str:
    """The digest of the configuration; of its bytes where it cannot be read."""
    try:
        return digest(_configuration(item))
    except SymconvError:
        return digest_of_bytes(item.fault.encode() or item.payload)


def _configuration(item: Item) -> Configuration:
    """The configuration that an item holds.

    Raises:
        InputError: it is none.
    """
    if item.fault:
        raise InputError(item.fault)
    found = item.payload
    if isinstance(found, bytes):
        try:
            found = read_json(found.decode(), item.name)
        except UnicodeDecodeError as fault:
            raise InputError(f"{item.name} is not text in UTF-8: {fault}") from fault
    if not isinstance(found, Mapping):
        raise InputError(f"{item.name}: a configuration must be an object, got {found!r}")
    return dict(found)


def own_modules(folder: str) -> tuple[str, ...]:
    """Modules that were loaded from a folder, and that no other machine need have."""
    found = []
    for name, module in list(sys.modules.items()):
        path = str(vars(module).get("__file__", ""))
        if path.startswith(folder) and "site-packages" not in path:
            found.append(name)
    return tuple(name for name in found if name.partition(".")[0] not in ("symconv", "__main__"))
