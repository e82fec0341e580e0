"""The catalogue: every claim, true or false, that the project states a verdict of.

Its sources are the lowerings (``proofs/lowerings``), the claims beside the theorems
(``proofs/theorems``), the mistakes that repairs are tried on, the JSON files beside this one, and
``../shared/data/faults/claims.json``, which is not part of the project and may be missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from symconv.claim import Claim, read_claim
from symconv.claim.sides import check_claim
from symconv.errors import SymconvError
from symconv.theorems import read_catalogue
from tests.helpers.lowerings.stated import FILES
from tests.helpers.mistakes import PLANTED
from tests.helpers.requirements import everything_required

Text = dict[str, Any]
Sizes = dict[str, int]

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared" / "data" / "faults" / "claims.json"

ABOUT = ("stated", "least", "note", "source", "comment")
"""What stands beside a claim in a file, and is not part of it."""

MEANT = {"not refuted": "proved"}
"""The words of the shared file: a claim that no engine may refute is true."""

SMALL = {1: 9, 2: 4}
"""Up to which value each of so many names is looked at; of three or more, up to 2."""

MOST = 6
"""How many sizes of a true claim are looked at by readers that take one at a time."""


@dataclass(frozen=True)
class Case:
    """A claim, what it comes to at all sizes that it makes sense at, and where that is from.

    ``stated`` is ``proved``, ``refuted`` or, where it is ill-formed, ``error``; ``least`` are the
    least sizes that refute it, where they are known.
    """

    name: str
    text: Text
    stated: str
    source: str
    least: Sizes | None = None

    @property
    def volume(self) -> int:
        """How many entries the input has; 0 where a size is named."""
        sizes = self.text["input"]["size"]
        named = any(isinstance(size, str) for size in sizes)
        return 0 if named else int(self.text["input"]["channels"]) * prod(sizes)

    @cached_property
    def claim(self) -> Claim:
        """The claim as symconv reads it."""
        return read_claim(self.text)

    def points(self) -> list[tuple[Sizes, bool]]:
        """Sizes in numbers, and whether the two sides are equal there; the last may be the least.

        A true claim holds wherever it makes sense, a false one below its least sizes as well.
        """
        if not self.claim.names:
            return [({}, self.stated == "proved")]
        if self.stated == "proved":
            return [(at, True) for at in list(self._legal())[:MOST]]
        if self.least is None:
            return []
        below = [at for at in self._legal() if tuple(at.values()) < tuple(self.least.values())]
        return [*((at, True) for at in below[-MOST:]), (self.least, False)]

    def _legal(self) -> Iterator[Sizes]:
        names = self.claim.names
        most = SMALL.get(len(names), 2)
        ranges = [range(1 if name in self.claim.size else 0, most + 1) for name in names]
        for sizes in product(*ranges):
            at = dict(zip(names, sizes, strict=True))
            try:
                check_claim(self.claim.at(at))
            except SymconvError:
                continue
            yield at


def read_case(entry: Mapping[str, Any], where: str) -> Case:
    """A case of a file: a claim with what is stated of it."""
    text = {key: value for key, value in entry.items() if key not in ABOUT}
    source = entry.get("source") or entry.get("note", "")
    return Case(f"{where}: {entry['name']}", text, entry["stated"], source, entry.get("least"))


def of_lowerings() -> Iterator[Case]:
    """The lowerings of public sources."""
    for path, texts in FILES.items():
        yield from (read_case(text, path.stem) for text in texts)


def of_theorems() -> Iterator[Case]:
    """The claims beside the theorems, and their false neighbours."""
    for theorem in read_catalogue():
        for part in theorem.parts:
            text = json.loads(json.dumps(part.claim.to_dict()))
            name = f"{theorem.name}: {part.name}"
            yield Case(name, text, part.stated, theorem.source, dict(part.least) or None)


def of_mistakes() -> Iterator[Case]:
    """Right sides with one mistake, for which a repair is known."""
    shape = {"input": {"channels": 2, "size": [14, 12]}, "weights": {"w": {"shape": [3, 2, 3, 2]}}}
    for name, (left, right, repair) in PLANTED.items():
        text = {"name": name, **shape, "left": left, "right": right}
        yield Case(f"mistake: {name}", text, "refuted", f"step 0 of right {repair}")


def of_files() -> Iterator[Case]:
    """The claims written by hand in the files beside this one."""
    for path in sorted(HERE.glob("*.json")):
        entries = json.loads(path.read_text(encoding="utf-8")).get("claims", [])
        yield from (read_case(entry, path.stem) for entry in entries)


def of_shared() -> Iterator[Case]:
    """The shared claims that were once settled wrongly; none where the file is missing."""
    if not SHARED.exists():
        if everything_required():
            raise FileNotFoundError(f"{SHARED} is missing, and SYMCONV_REQUIRE_ALL=1")
        return
    for entry in json.loads(SHARED.read_text(encoding="utf-8"))["cases"]:
        stated = MEANT.get(entry["right"], entry["right"])
        yield Case(f"shared: {entry['name']}", entry["claim"], stated, entry["note"])


CASES = [*of_lowerings(), *of_theorems(), *of_mistakes(), *of_files(), *of_shared()]
