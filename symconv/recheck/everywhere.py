"""Certificates for all sizes: z3 at every size, and the dictionaries at each of a small grid.

The two readings know nothing of each other.  Where one says that a size makes sense and the other
does not, or where z3 finds a difference that the dictionaries do not see, nothing is decided.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from symconv.errors import ClaimError, MissingTool, TooLarge
from symconv.recheck.claims import at, is_number, names
from symconv.recheck.cuts import functions_first
from symconv.recheck.decide import same_function
from symconv.recheck.facts import CertificateError, mark_of
from symconv.recheck.functions import keeps_zero, least_value
from symconv.recheck.ops import MAXIMA, SUMS, every_step
from symconv.recheck.squares import shape_of

if TYPE_CHECKING:
    from symconv.recheck.allsizes import Sense

Texts = dict[str, Any]
Answer = tuple[Literal["proved", "refuted", "undecided"], str]
GRID = {1: 8, 2: 4, 3: 3}
"""Up to which size each name of a claim is tried, by the number of names: tens of sizes."""

OTHERWISE = 2
SHARE = 0.3
"""The part of the time that the grid may take; the rest is z3's."""


class SolverMissing(MissingTool):
    """A certificate for all sizes needs z3, and it is not installed."""


@dataclass
class Grid:
    """Small sizes, and at which of them the claim makes sense and holds."""

    makes_sense: dict[tuple[int, ...], bool]
    fault: str = ""
    failing: dict[str, int] | None = None

    def seen(self) -> str:
        """What was seen on the grid, in words."""
        return f"the dictionaries see no difference at {sum(self.makes_sense.values())} small sizes"


def has_solver() -> bool:
    """Whether z3 is installed."""
    return importlib.util.find_spec("z3") is not None


def recheck_everywhere(body: Texts, claim: Texts, restated: Texts | None, seconds: float) -> Answer:
    """Settle the claim of a certificate for all sizes, and its layer's.

    Raises:
        CertificateError: its domain or its shape is not the claim's, or it names no size.
        SolverMissing: z3 is not installed.
    """
    if not has_solver():
        raise SolverMissing(
            "rechecking a certificate for all sizes needs z3, which is not installed; run: "
            "pip install 'symconv[z3]'"
        )
    if not (named := names(claim)):
        raise CertificateError("the certificate is for all sizes, and its claim names none")
    shape = body["output_shape"]
    if not all(type(n) is int or (isinstance(n, str) and not is_number(n)) for n in shape):
        raise CertificateError(f"{shape!r:.160} is not a shape in numbers and names")
    until, held = perf_counter() + seconds, []
    for asked in [claim] if restated is None else [claim, restated]:
        grid = _tried(asked, named, perf_counter() + SHARE * (until - perf_counter()))
        if grid.failing is not None:
            return "refuted", f"the two sides differ at {_words(grid.failing)}"
        verdict, reason = _by_solver(body, asked, grid, until)
        if verdict != "proved":
            return verdict, f"{_said(reason, seconds)}; {grid.seen()}"
        held.append(grid.seen())
    return "proved", f"z3 finds no size at which the sides differ, and {held[0]}"


def _said(reason: str, seconds: float) -> str:
    from symconv.recheck.allsizes import OVER

    return f"z3 does not settle it within {seconds:g} s" if reason == OVER else reason


def holds_by_solver(claim: Texts, seconds: float) -> bool:
    """Whether z3 proves a claim at sizes in numbers, of which the dictionaries hold too few."""
    from symconv.recheck.allsizes import decide

    return decide(claim, seconds).answer == "holds"


def _words(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in sizes.items())


def _tried(claim: Texts, named: list[str], until: float) -> Grid:
    """The claim by the dictionaries at every size of the grid, while there is time."""
    grid = Grid({})
    for sizes in _sizes(named):
        if perf_counter() > until:
            break
        try:
            legal, holds = _at(claim, sizes)
        except TooLarge:
            break
        except ClaimError as fault:
            grid.fault, legal, holds = str(fault), False, True
        grid.makes_sense[tuple(sizes.values())] = legal
        if not holds:
            grid.failing = sizes
            break
    return grid


def _sizes(named: list[str]) -> Iterator[dict[str, int]]:
    most = GRID.get(len(named), OTHERWISE)
    every = product(range(1, most + 1), repeat=len(named))
    for values in sorted(every, key=lambda v: (sum(v), v)):
        yield dict(zip(named, values, strict=True))


def _at(claim: Texts, sizes: dict[str, int]) -> tuple[bool, bool]:
    """Whether the claim makes sense at some sizes, and holds; of functions only the former."""
    here = at(claim, sizes)
    if is_plain(here):
        return True, same_function(here)[0]
    return True, shape_of(here, "left") == shape_of(here, "right")


def is_plain(claim: Texts) -> bool:
    """Whether a claim has no function, and not both monoids."""
    ops = {step["op"] for step in every_step([*claim["left"], *claim["right"]])}
    return "pointwise" not in ops and not (ops & MAXIMA and ops & SUMS)


def _by_solver(body: Texts, claim: Texts, grid: Grid, until: float) -> Answer:
    """What z3 says of a claim, once what the certificate says of its sizes is found to be so."""
    from symconv.recheck.allsizes import decide, makes_sense
    from symconv.recheck.allsizes.parts import Known, decide_in_parts

    domain = body["facts"][0]["figures"]["domain"]
    sense = makes_sense(claim, domain, body["output_shape"], _left(until))
    if unclear := _unclear(sense, grid, names(claim)):
        return "undecided", unclear
    least = _seen_at(claim, sense.least)
    if least is False:
        return "refuted", f"the two sides differ at {_words(sense.least)}"
    if least is None and not any(grid.makes_sense.values()):
        # What makes a claim well-formed is the dictionaries' to say, and they have read none.
        return "undecided", "the dictionaries are too small to read the claim at any size"
    if is_plain(claim):
        found = decide(claim, _left(until))
    else:
        known = Known(keeps_zero, least_value)
        found = decide_in_parts(claim, _parts(claim), known, _left(until))
    if found.answer == "holds":
        return "proved", ""
    if found.answer == "fails" and _seen_at(claim, found.sizes) is False:
        return "refuted", f"the two sides differ at {_words(found.sizes)}"
    return "undecided", found.reason or f"what z3 finds at {_words(found.sizes)} is no difference"


def _unclear(sense: Sense, grid: Grid, named: list[str]) -> str:
    """Why it is not clear where a claim makes sense; nothing, where both readings agree on it.

    Raises:
        CertificateError: they agree, and the certificate says otherwise.
    """
    if sense.fault:
        raise CertificateError(grid.fault or sense.fault)
    for values, legal in grid.makes_sense.items():
        sizes = dict(zip(named, values, strict=True))
        if sense.unknown or sense.at(sizes) == legal:
            continue
        if not legal:
            raise CertificateError(f"at {_words(sizes)} the claim makes no sense: {grid.fault}")
        return f"whether the claim makes sense at {_words(sizes)} is not clear"
    return sense.unknown


def _left(until: float) -> float:
    """Seconds that are left; a little, so that what is over says so itself."""
    return max(0.001, until - perf_counter())


def _seen_at(claim: Texts, sizes: dict[str, int]) -> bool | None:
    """Whether the dictionaries see no difference at some sizes; None where they hold too little."""
    try:
        return _at(claim, sizes)[1]
    except TooLarge:
        return None


def _parts(claim: Texts) -> list[tuple[list[Any], list[Any], str | None]]:
    """Both sides between their functions, and between layers of different monoids.

    Nothing, where the two sides are not cut alike.
    """
    left, right = (_cut(functions_first(claim[side])) for side in ("left", "right"))
    if [function for _, function in left] != [function for _, function in right]:
        return []
    return [(a, b, function) for (a, function), (b, _) in zip(left, right, strict=True)]


def _cut(steps: list[Texts]) -> list[tuple[list[Texts], str | None]]:
    """Parts of one monoid each, with the function behind each; a part ends with its last layer."""
    found, part, kind, end = [], list[Texts](), "", 0
    for step in steps:
        mark = mark_of(step)
        if mark == "function":
            found.append((part, step["function"]))
            part, kind = [], ""
            continue
        if mark and kind and mark != kind:
            found.append((part[:end], None))
            part = part[end:]
        part.append(step)
        if mark:
            kind, end = mark, len(part)
    return [*found, (part, None)]
