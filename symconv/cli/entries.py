"""Layers, chains and claims of a batch: from an item's text to the row that is written of it."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symconv.batch.items import Item, Key, Row, digest_of_bytes, key_of
from symconv.cli.deciding import Deciding
from symconv.cli.options import within
from symconv.cli.results import Result, failure, result_of, undecided
from symconv.errors import InputError, SymconvError

if TYPE_CHECKING:
    from symconv.dialect.config import Size
    from symconv.dialect.files import Entry

MOST_REMEMBERED = 512
"""Results that a process remembers: some kilobytes each."""


@dataclass(frozen=True, slots=True)
class EntryWork:
    """What a command does with each item.

    A row is what ``--json`` prints of the item, with its place in the input and its digest, and
    without its seconds: what is written does not change from one run to the next.
    """

    deciding: Deciding
    seconds: float
    size: Size | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """The command and its options; the time that an item may take is not one of them."""
        size = {} if self.size is None else {"size": list(self.size)}
        return {**self.deciding.asked, **size}

    @property
    def own(self) -> tuple[str, ...]:
        """Nothing that does not come with symconv."""
        return ()

    def prepare(self) -> None:
        """Load the verbs and the dialects."""
        from symconv import api, repair  # noqa: F401 - loaded to be there when processes are made

    def key(self, item: Item) -> Key:
        """By the digest of what the item says, and its place."""
        return key_of(_Read(item).digest, item.index)

    def row(self, item: Item) -> Row:
        """Decide an item, or find it among those that were decided."""
        read = _Read(item)
        return _row(item, read.digest, self._result(item, read))

    def lost(self, item: Item, verdict: str, why: str) -> Row:
        """What is said of an item in whose middle its worker ended."""
        read = _Read(item)
        lost = undecided(read.name, why) if verdict == "undecided" else failure(read.name, why)
        return _row(item, read.digest, lost)

    def _result(self, item: Item, read: _Read) -> Result:
        known = f"{self.asked}{read.unnamed}"
        if (found := _REMEMBERED.result(known, read.name)) is not None:
            return found

        def decide(_: Any) -> Result:
            return within(self.seconds, self.deciding.decide)(self._entry(item, read))[1]

        result = result_of(read.name, item, decide)
        _REMEMBERED.add(known, read.name, result)
        return result

    def _entry(self, item: Item, read: _Read) -> Entry:
        """The entry that an item holds, of a kind that the command takes."""
        from symconv.dialect.files import read_value, redirect

        if read.fault:
            raise InputError(read.fault)
        entry = read_value(read.called(item.name), item.name, self.size)
        if entry.kind not in {*self.deciding.takes, "fault"}:
            raise InputError(redirect(item.name, entry.kind))
        return entry


def _row(item: Item, digest: str, result: Result) -> Row:
    said = {name: value for name, value in result.items() if name != "seconds"}
    return {"index": item.index, "digest": digest, **said}


class _Read:
    """An item's value, what it is called, and digests of it, with its name and without."""

    def __init__(self, item: Item) -> None:
        from symconv.claim.claim import digest
        from symconv.machine.files import read_json

        self.name, self.fault = item.name, item.fault
        self.value: Any = None
        self.digest = self.unnamed = digest_of_bytes(item.fault.encode() or item.payload)
        if self.fault:
            return
        try:
            text = item.payload.decode("utf-8", "surrogatepass")
            self.value = read_json(text, item.name)
            self.digest = self.unnamed = digest(self.value)
        except (SymconvError, UnicodeError) as fault:
            self.fault = str(fault)
            return
        if isinstance(self.value, Mapping):
            own = self.value.get("name")
            self.name = own if isinstance(own, str) else item.name
            self.unnamed = digest({k: v for k, v in self.value.items() if k != "name"})

    def called(self, name: str) -> Any:
        """The value, a claim without a name under this one, so that its row says which it is."""
        is_claim = isinstance(self.value, Mapping) and {"left", "right"} & set(self.value)
        return {"name": name, **self.value} if is_claim else self.value


class _Remembered:
    """The last results, each by what was decided, its name aside.

    A result is given to an equal item of another name only where it holds the name at the places
    that are known, and nowhere else.
    """

    def __init__(self) -> None:
        self._results: OrderedDict[str, tuple[str, Result, bool]] = OrderedDict()

    def add(self, known: str, name: str, result: Result) -> None:
        """Remember a verdict that another run would find as well."""
        if result["verdict"] in ("proved", "refuted"):
            rest = json.dumps(_renamed(result, ""))
            bare = bool(name) and json.dumps(name)[1:-1] not in rest
            self._results[known] = name, result, bare
            if len(self._results) > MOST_REMEMBERED:
                self._results.popitem(last=False)

    def result(self, known: str, name: str) -> Result | None:
        """What is known of an equal item, under this one's name; None where nothing is."""
        if known not in self._results:
            return None
        self._results.move_to_end(known)
        other, result, bare = self._results[known]
        if other == name:
            return result
        return _renamed(result, name) if bare else None


_REMEMBERED = _Remembered()


def _renamed(result: Result, name: str) -> Result:
    """The same result under another name, which stands in the claim of an expansion too."""
    renamed = {**result, "name": name}
    if "claim" in result.get("expansion", {}):
        claim = {**result["expansion"]["claim"], "name": name}
        renamed["expansion"] = {**result["expansion"], "claim": claim}
    return renamed
