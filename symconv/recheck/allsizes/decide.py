"""Deciding a claim at every size: queries to z3, each with what is left of the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import z3

from symconv.recheck.allsizes.lattices import LATTICES
from symconv.recheck.allsizes.layers import LAYERS
from symconv.recheck.allsizes.moves import MOVES
from symconv.recheck.allsizes.paths import (
    Path,
    buckets,
    elsewhere,
    sums_differ,
    twice,
    unmatched,
)
from symconv.recheck.allsizes.pools import POOLS
from symconv.recheck.allsizes.reading import Clock, Reader, TimeOut, takes_maxima
from symconv.recheck.allsizes.terms import NotRead, as_bool

MOST_COUNTED = 64
"""Paths of one kind whose factors are added up in one formula; z3 is slow on longer sums."""

MOST_COMPARED = 200
"""Paths of one kind that are compared in pairs: 20,000 pairs are written in about a second."""

RULES = {**MOVES, **LAYERS, **LATTICES, **POOLS}

NO_SIZE = "no size satisfies it"
"""Why a claim of nothing is not decided."""

SECONDS = 60.0
"""How long a counterexample is looked for where nothing is said."""


@dataclass(frozen=True)
class Found:
    """Whether a claim ``holds`` at every size, ``fails`` at some (as it seems), or neither."""

    answer: Literal["holds", "fails", "unknown"]
    reason: str = ""
    sizes: dict[str, int] = field(default_factory=dict)


BRIEFLY = 100
"""Milliseconds for a question whose answer is only nicer: smaller sizes of a model at hand."""


@dataclass
class Question:
    """One claim, read: where it makes sense, its two shapes, and the paths of its two sides."""

    reader: Reader
    base: list[Any]
    shapes: tuple[list[Any], list[Any]]
    paths: tuple[list[Path], list[Path]]
    answered: dict[int, Any] = field(default_factory=dict)

    def sizes_where(self, *conditions: Any) -> dict[str, int] | None:
        """Sizes at which the claim makes sense and some conditions hold; None where there are none.

        Raises:
            NotRead: z3 does not know, or the time is over.
        """
        query = z3.And(*map(as_bool, conditions))
        # Equal formulas are one in z3: layers of many channels ask the same again and again.
        if query.get_id() in self.answered:
            return None
        solver = z3.Solver()
        solver.set("timeout", max(1, int(1000 * self.reader.clock.left())))
        solver.add(*self.base, query)
        found = solver.check()
        if found == z3.unknown:
            self.reader.clock.left()
            raise NotRead(f"z3 does not know: {solver.reason_unknown()}")
        if found == z3.unsat:
            self.answered[query.get_id()] = query
            return None
        return self._smaller(solver, solver.model())

    def _smaller(self, solver: Any, model: Any) -> dict[str, int]:
        """The sizes of a model, or of one with smaller sizes, which others can look at."""
        names = self.reader.names
        solver.set("timeout", BRIEFLY)
        for most in (4, 8, 16, 32):
            solver.push()
            solver.add(*(value <= most for value in names.values()))
            if solver.check() == z3.sat:
                model = solver.model()
                break
            solver.pop()
        found = {name: model.eval(value, True).as_long() for name, value in names.items()}
        if not self.makes_sense_at(found):
            raise NotRead(f"z3 gives {found}, where the claim makes no sense")
        return found

    def makes_sense_at(self, sizes: Mapping[str, int]) -> bool:
        """Whether the conditions that a claim is asked under hold at some sizes."""
        names = self.reader.names
        given = [(names[name], z3.IntVal(n)) for name, n in sizes.items() if name in names]
        return bool(z3.is_true(z3.simplify(z3.substitute(z3.And(*self.base), *given))))


def ask(text: Mapping[str, Any], clock: Clock, shapes_only: bool = False) -> Question:
    """Read a claim; or, of one with functions or both monoids, where it makes sense.

    Raises:
        NotRead: a step or a size is not expressed by this encoding, or the time is over.
    """
    reader = Reader(text, clock, RULES, shapes_only)
    reader.maximum = takes_maxima([*text["left"], *text["right"]])
    try:
        where = [reader.condition(c) for c in text.get("where", ())]
        reader.check_weights()
        shapes, paths = zip(*(reader.side(side) for side in ("left", "right")), strict=True)
    except (
        z3.Z3Exception,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as fault:
        if isinstance(fault, NotRead):
            raise
        raise NotRead(f"it is not read for all sizes ({type(fault).__name__}: {fault})") from None
    base = [as_bool(c) for c in (*reader.legal, *where)]
    return Question(reader, base, shapes, paths)


@contextmanager
def reported() -> Iterator[None]:
    """Have a fault of z3's own leave a claim undecided.

    z3 is stopped by its own timer at each query.  It is never interrupted from outside: what an
    interrupt leaves behind spoils the queries after it.
    """
    try:
        yield
    except z3.Z3Exception as fault:
        raise NotRead(f"z3 stopped: {fault}") from None


def differs(question: Question) -> dict[str, int] | None:
    """Sizes at which the two sides differ; None where they differ at none.

    Raises:
        NotRead: z3 does not know, or the time is over.
    """
    left, right = question.shapes
    if len(left) != len(right):
        return question.sizes_where()
    apart = question.sizes_where(
        z3.Or(*(as_bool(a != b) for a, b in zip(left, right, strict=True)), False)
    )
    if apart is not None:
        return apart
    a, b = question.paths
    every = [*a, *b]
    for places in buckets(every).values():
        ours = [every[n] for n in places if n < len(a)]
        theirs = [every[n] for n in places if n >= len(a)]
        found = _apart(question, ours, theirs)
        if found is not None:
            return found
    return None


def _apart(question: Question, left: list[Path], right: list[Path]) -> dict[str, int] | None:
    """Sizes at which the paths of one kind differ."""
    if not question.reader.maximum and not (
        _distinct(question, left) and _distinct(question, right)
    ):
        return _counted(question, left, right)
    for paths, others in ((left, right), (right, left)):
        others = [elsewhere(other) for other in others]
        for path in paths:
            found = question.sizes_where(unmatched(path, others))
            if found is not None:
                return found
    return None


def _distinct(question: Question, paths: list[Path]) -> bool:
    """Whether no two of the paths read the same product: then sums compare as sets."""
    if len(paths) == 1 and not paths[0].taps:
        return True
    if len(paths) > MOST_COMPARED:
        return False
    return question.sizes_where(twice(paths, question.reader.clock.left)) is None


def _counted(question: Question, left: list[Path], right: list[Path]) -> dict[str, int] | None:
    """Sizes at which the factors of one product add up to different numbers."""
    if len(left) + len(right) > MOST_COUNTED:
        raise NotRead(
            f"{len(left) + len(right)} paths may read one product, too many to be counted"
        )
    if any(path.over for path in (*left, *right)):
        raise NotRead("a mean of a named number of samples reads one product more than once")
    if any(path.taps for path in (*left, *right)):
        raise NotRead("a kernel of a named size reads one product more than once")
    for path in (*left, *right):
        found = question.sizes_where(sums_differ(path, left, right))
        if found is not None:
            return found
    return None


def decide(text: Mapping[str, Any], seconds: float = SECONDS) -> Found:
    """Decide a claim at every size, or say why not.

    ``fails`` is z3's word at the sizes given: of maxima the two sides may differ in what another
    part of the maximum hides, so that the claim must be asked there again.
    """
    clock = Clock(seconds)
    try:
        with reported():
            question = ask(text, clock)
            if question.sizes_where() is None:
                return Found("unknown", NO_SIZE)
            sizes = differs(question)
    except NotRead as fault:
        return Found("unknown", str(fault))
    return Found("holds") if sizes is None else Found("fails", "", sizes)


def counterexample(text: Mapping[str, Any], seconds: float = SECONDS) -> dict[str, int] | None:
    """Sizes at which the claim fails, by z3; None where it holds for all that are legal.

    Raises:
        NotRead: neither is known.
    """
    found = decide(text, seconds)
    if found.answer == "unknown":
        raise NotRead(found.reason)
    return found.sizes if found.answer == "fails" else None


@dataclass(frozen=True)
class Sense:
    """Where a claim makes sense, compared with what is said of it.

    ``fault`` says what is not as stated, ``unknown`` why it is not known; ``least`` is a small size
    at which the claim makes sense.
    """

    fault: str = ""
    unknown: str = ""
    least: dict[str, int] = field(default_factory=dict)
    question: Question | None = None

    def at(self, sizes: Mapping[str, int]) -> bool:
        """Whether the claim makes sense at some sizes."""
        return self.question is not None and self.question.makes_sense_at(sizes)


def makes_sense(text: Mapping[str, Any], domain: Any, shape: Any, seconds: float) -> Sense:
    """Compare a domain in words, and a shape in expressions, with a claim's own."""
    clock = Clock(seconds)
    try:
        with reported():
            question = ask(text, clock, shapes_only=True)
            least = question.sizes_where()
            if least is None:
                return Sense("no size satisfies the claim")
            wrong = _wrong_domain(question, domain) or _wrong_shape(question, shape)
    except NotRead as fault:
        return Sense(unknown=str(fault))
    return Sense(wrong, "", least, question)


def _wrong_domain(question: Question, domain: Any) -> str:
    """What is wrong with a domain in words; nothing, where it is the claim's."""
    known = dict(question.reader.names)
    if not isinstance(domain, str):
        return f"the domain must be a condition, got {domain!r:.80}"
    said = {"all sizes": z3.BoolVal(True), "no size": z3.BoolVal(False)}.get(domain)
    if said is None:
        said = question.reader.condition(domain)
    if set(question.reader.names) != set(known):
        return f"the domain {domain!r:.160} names a size that the claim does not"
    given = [as_bool(n >= 1) for n in question.reader.input_shape()]
    free = Question(question.reader, given, question.shapes, question.paths)
    apart = free.sizes_where(z3.And(*question.base) != said)
    if apart is None:
        return ""
    return f"the claim makes sense elsewhere than where {domain!r:.160}: they differ at {apart}"


def _wrong_shape(question: Question, shape: Sequence[Any]) -> str:
    """What is wrong with an output's shape; nothing, where it is the left side's."""
    known, left = set(question.reader.names), question.shapes[0]
    said = [question.reader.size(n) for n in shape]
    if len(said) != len(left) or set(question.reader.names) != known:
        return f"the output has another shape than {shape!r:.160}"
    apart = question.sizes_where(
        z3.Or(*(as_bool(a != b) for a, b in zip(said, left, strict=True)), False)
    )
    return "" if apart is None else f"output_shape is not {shape!r:.160} at {apart}"


__all__ = [
    "NO_SIZE",
    "Found",
    "Question",
    "Sense",
    "TimeOut",
    "ask",
    "counterexample",
    "decide",
    "differs",
    "makes_sense",
    "reported",
]
