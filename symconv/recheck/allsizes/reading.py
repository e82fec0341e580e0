"""Reading a claim's pipelines: where their steps make sense, and how a path goes back through them.

Every step is read as the function that takes a path at its output to the paths at its input.
Taps and channels are written out; sizes and output indices stay unknowns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count
from time import perf_counter
from typing import Any

import z3

from symconv.recheck.allsizes.paths import Path, combined
from symconv.recheck.allsizes.terms import (
    NotRead,
    as_bool,
    condition,
    expression,
    names_in,
    parsed,
)

Text = Mapping[str, Any]
Back = Callable[[Path], Iterator[Path]]
Shape = list[Any]
Rule = Callable[["Reader", Text, Shape], tuple[Shape, Back]]
"""How a step is read: the shape behind it, and how a path goes back through it."""
MOST_PATHS = 20_000
"""Paths of one side; a comparison of so many takes longer than any time limit."""


OVER = "the time is over"


class TimeOut(NotRead):
    """The time that was given is over."""


@dataclass
class Clock:
    """How long there is."""

    seconds: float
    start: float = field(default_factory=perf_counter)

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            TimeOut: none.
        """
        rest_of_it = self.seconds - (perf_counter() - self.start)
        if rest_of_it <= 0:
            raise TimeOut(OVER)
        return rest_of_it


@dataclass
class Reader:
    """Reads one claim; ``legal`` collects where its steps make sense.

    With ``shapes_only`` functions and both monoids are read as well, but no path through them.
    """

    claim: Text
    clock: Clock
    rules: Mapping[str, Rule]
    shapes_only: bool = False
    names: dict[str, Any] = field(default_factory=dict)
    legal: list[Any] = field(default_factory=list)
    fresh: Iterator[int] = field(default_factory=count)
    paths: int = 0
    maximum: bool = False

    def size(self, value: Any) -> Any:
        """A number or an expression as z3's.

        A name is written with a sign that no index of this encoding has.
        """
        if type(value) is int:
            return value
        if not isinstance(value, str):
            raise NotRead(f"{value!r:.80} is not a size")
        for name in names_in(value):
            self.names.setdefault(name, z3.Int(f"size {name}"))
        return expression(parsed(value), self.names)

    def condition(self, text: str) -> Any:
        """A condition on the sizes as z3's."""
        for name in names_in(text):
            self.names.setdefault(name, z3.Int(f"size {name}"))
        return as_bool(condition(parsed(text), self.names))

    def require(self, *conditions: Any) -> None:
        """Note what must hold for the claim to make sense."""
        self.legal += [c for c in conditions if c is not True]

    def input_shape(self) -> Shape:
        """Channels and sizes of the input."""
        text = self.claim["input"]
        return [text["channels"], *map(self.size, text["size"])]

    def check_weights(self) -> None:
        """Note where every weight makes sense, used or not."""
        for name in self.claim.get("weights", {}):
            self.weight(name)

    def side(self, side: str) -> tuple[Shape, list[Path]]:
        """The shape of a side, and its paths from an unknown output."""
        shape = self.input_shape()
        self.require(*(n >= 1 for n in shape))
        out, back = self.pipeline(self.claim[side], shape)
        return out, [] if self.shapes_only else self.paths_from(out, back)

    def paths_from(self, out: Shape, back: Back) -> list[Path]:
        """The paths from an unknown output of this shape."""
        start = tuple(z3.Int(f"output {axis}") for axis in range(len(out)))
        inside = [c for o, n in zip(start, out, strict=True) for c in (o >= 0, o < n)]
        return [path for path in back(Path(start, tuple(inside))) if self._counts(path)]

    def _counts(self, path: Path) -> bool:
        """Whether a path adds anything: of a sum, none that is zero."""
        return not path.dead and (self.maximum or path.factor != 0)

    def pipeline(self, steps: list[Text], shape: Shape) -> tuple[Shape, Back]:
        """The shape after some steps, and how a path goes back through all of them."""
        backs = []
        for step in steps:
            read = self.rules.get(step["op"])
            if read is None:
                raise NotRead(f"the step {step['op']!r} is not read for all sizes")
            shape, back = read(self, step, shape)
            backs.append(back)

        def through(path: Path) -> Iterator[Path]:
            paths = [path]
            for back in reversed(backs):
                paths = [q for p in paths for q in self._all(p, back)]
            return iter(paths)

        return shape, through

    def _all(self, path: Path, back: Back) -> list[Path]:
        """The paths before a step, but the dead ones; a constant reads nothing more."""
        if path.constant:
            return [path]
        found = [p for p in back(path) if self._counts(p)]
        self.paths += len(found)
        if self.paths > MOST_PATHS:
            raise NotRead(f"the claim has more than {MOST_PATHS} paths from outputs to inputs")
        self.clock.left()
        return found

    def unknown(self) -> Any:
        """An unknown number of a tap."""
        return z3.Int(f"tap {next(self.fresh)}")

    def weight(
        self, name: str, seen: tuple[str, ...] = ()
    ) -> tuple[Shape, Callable[[Path, tuple[Any, ...]], Iterator[Path]]]:
        """Shape of a weight, and how a path that reads an entry of it goes on."""
        text = self.claim.get("weights", {}).get(name)
        if text is None or name in seen:
            raise NotRead(f"weight {name!r} is not defined")
        if "from" in text:
            return self._derived(text, (*seen, name))
        shape = [self.size(n) for n in text["shape"]]
        self.require(*(n >= 1 for n in shape))
        if "value" in text:
            return shape, _written(text["value"], len(shape))
        fill = Fraction(str(text["fill"])) if "fill" in text else None

        def read(path: Path, index: tuple[Any, ...]) -> Iterator[Path]:
            if fill is not None:
                yield path.scaled(fill)
            else:
                yield replace(path, weights=(*path.weights, (name, index)))

        return shape, read

    def _derived(self, text: Text, seen: tuple[str, ...]) -> tuple[Shape, Any]:
        if takes_maxima(text["steps"]):
            raise NotRead("a weight that a maximum makes is not a sum of paths")
        source, read_source = self.weight(text["from"], seen)
        sums = replace(self, maximum=False, paths=0)
        sums.maximum = False
        shape, back = sums.pipeline(text["steps"], source)

        def derived(path: Path, index: tuple[Any, ...]) -> Iterator[Path]:
            for inner in back(Path(index)):
                whole = combined(path, inner)
                if inner.constant:
                    yield replace(whole, index=path.index)
                    continue
                for found in read_source(whole, inner.index):
                    yield replace(found, index=path.index)

        return shape, derived


def _written(value: Any, rank: int) -> Callable[[Path, tuple[Any, ...]], Iterator[Path]]:
    """How a path goes on through a constant whose entries are written out: one for each number."""
    entries: list[tuple[tuple[int, ...], Any]] = [((), value)]
    for _ in range(rank):
        entries = [((*at, n), e) for at, part in entries for n, e in enumerate(part)]
    exact = [(at, Fraction(str(entry))) for at, entry in entries]

    def read(path: Path, index: tuple[Any, ...]) -> Iterator[Path]:
        places: dict[Fraction, list[Any]] = {}
        for at, number in exact:
            here = [i == n for i, n in zip(index, at, strict=True)]
            if False not in [c for c in here if isinstance(c, bool)]:
                places.setdefault(number, []).append(z3.And(*map(as_bool, here)))
        for number, found in places.items():
            yield path.under(z3.Or(*found)).scaled(number)

    return read


def every_step(steps: list[Text]) -> Iterator[Text]:
    """All steps of a pipeline, those of its branches among them."""
    for step in steps:
        yield step
        for branch in step.get("branches", ()):
            yield from every_step(branch)


def takes_maxima(steps: list[Text]) -> bool:
    """Whether a maximum stands among the steps."""
    maxima = ("max_pool", "max_conv", "adaptive_max_pool")
    return any(step["op"] in maxima for step in every_step(steps))
