"""Verdicts: a certificate, a refutation, or neither.  Plain data; never a bool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NoReturn

from symconv.claim.claim import Claim, digest

FORMAT = "symconv-certificate/1"
Entries = tuple[tuple[tuple[int, ...], int], ...]
"""Indices and the integers that stand there."""


class _NotABool:
    __slots__ = ()

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"The truth value of a {type(self).__name__} is undefined; "
            "compare its type, or read its .verdict"
        )


@dataclass(frozen=True, slots=True)
class Fact(_NotABool):
    """One thing established: by which method, about what, with which figures."""

    method: str
    about: str
    figures: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The fact's JSON form."""
        return {"method": self.method, "about": self.about, "figures": self.figures}


@dataclass(frozen=True, slots=True)
class Certificate(_NotABool):
    """The claim holds: for every input and all values of its free weights.

    ``facts`` says what was established and how, and ``limits`` what was not; ``layer`` is the
    configuration whose expansion the claim states, where there is one.  ``evaluation`` is the
    second voice: at which outputs both sides were evaluated by other code, and with what chance
    each of those would miss a difference.  `symconv.recheck` settles it again from its text.
    """

    claim: Claim
    facts: tuple[Fact, ...]
    output_shape: tuple[Any, ...]
    seconds: float
    layer: dict[str, Any] | None = None
    limits: tuple[str, ...] = ()
    sizes: Literal["these", "all"] = "these"
    verdict: Literal["proved"] = "proved"
    evaluation: dict[str, Any] | None = None

    @property
    def method(self) -> list[str]:
        """The methods that agree, each once."""
        return list(dict.fromkeys(fact.method for fact in self.facts))

    def to_dict(self) -> dict[str, Any]:
        """The certificate's JSON form, with a digest of everything else in it."""
        body: dict[str, Any] = {
            "format": FORMAT,
            "verdict": self.verdict,
            "sizes": self.sizes,
            "claim": self.claim.to_dict(),
            "layer": self.layer,
            "output_shape": list(self.output_shape),
            "method": self.method,
            "facts": [fact.to_dict() for fact in self.facts],
            "limits": list(self.limits),
        }
        if self.evaluation is not None:
            body["evaluation"] = self.evaluation
        return {**body, "digest": digest(body)}


@dataclass(frozen=True, slots=True)
class Counterexample(_NotABool):
    """The least coefficient at which the two sides differ, or their shapes where those differ.

    ``output[o]`` holds ``left`` times the product of the named entries on one side, ``right`` times
    it on the other.  Least means: fewest factors, then the lexicographic order of (output, input,
    weight).

    Through functions and maxima there are no coefficients, and beside constants the coefficient is
    not what the sides give.  Then ``assignment`` gives the non-zero entries of the input (``"x"``,
    always the first) and of the free weights, ``functions`` how a function that nothing is known of
    is read, and ``left`` and ``right`` are the two values of ``output[o]``.  ``size`` gives the
    named sizes of a claim for all of them.
    """

    output: tuple[int, ...] = ()
    input: tuple[int, ...] | None = None
    weights: tuple[tuple[str, tuple[int, ...]], ...] = ()
    left: str = "0"
    right: str = "0"
    left_shape: tuple[int, ...] | None = None
    right_shape: tuple[int, ...] | None = None
    assignment: tuple[tuple[str, Entries], ...] = ()
    functions: tuple[str, ...] = ()
    size: tuple[tuple[str, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The counterexample's JSON form; ``weight`` is the first weight's index."""
        size = {"size": dict(self.size)} if self.size else {}
        if self.left_shape is not None and self.right_shape is not None:
            shapes = {"left_shape": list(self.left_shape), "right_shape": list(self.right_shape)}
            return size | shapes
        assigned = {
            name: [[list(index), value] for index, value in entries]
            for name, entries in self._named_entries()
        }
        values = {"assignment": assigned, "functions": list(self.functions)} if assigned else {}
        return (
            size
            | values
            | {
                "output": list(self.output),
                "input": None if self.input is None else list(self.input),
                "weight": list(self.weights[0][1]) if self.weights else None,
                "weights": {name: list(index) for name, index in self.weights},
                "left": _number(self.left),
                "right": _number(self.right),
            }
        )

    def _named_entries(self) -> Iterator[tuple[str, Entries]]:
        """The assignment by names that differ: a weight may be called ``"x"`` as the input is."""
        for place, (name, entries) in enumerate(self.assignment):
            yield "weight x" if place and name == "x" else name, entries

    def input_entries(self) -> Entries:
        """The input's entries that are not zero."""
        if self.assignment:
            return self.assignment[0][1]
        return () if self.input is None else ((self.input, 1),)

    def weight_entries(self) -> list[tuple[str, tuple[int, ...], int]]:
        """The free weights' entries that are not zero: name, index and value."""
        if self.assignment:
            return [(name, at, v) for name, entries in self.assignment[1:] for at, v in entries]
        return [(name, index, 1) for name, index in self.weights]

    def sentence(self, *, complete: bool = False) -> str:
        """The difference in words; ``complete`` where the assignment names every entry there is.

        >>> Counterexample((0, 0), left="2", right="1").sentence()
        'in output [0, 0], the constant term is 2 on the left, 1 on the right'
        """
        if self.size:
            at = ", ".join(f"{name} = {value}" for name, value in self.size)
            return f"at {at}: {replace(self, size=()).sentence(complete=complete)}"
        if self.left_shape is not None and self.right_shape is not None:
            return f"left has shape {list(self.left_shape)}, right has {list(self.right_shape)}"
        if self.assignment:
            return self._values(complete)
        factors = [f"{name}{list(index)}" for name, index in self.weights]
        factors += [] if self.input is None else [f"x{list(self.input)}"]
        where = f"in output {list(self.output)}"
        if not factors:
            constants = f"{self.left} on the left, {self.right} on the right"
            return f"{where}, the constant term is {constants}"
        return f"{where}, left has {self.left} times {' * '.join(factors)}, right has {self.right}"

    def _values(self, complete: bool) -> str:
        given = [words for named in self._named_entries() for words in _assigned(*named)]
        rest = "every other entry 0" if given else "every entry 0"
        given += [] if complete and given else [rest]
        *most, last = [*given, *self.functions]
        said = f"{', '.join(most)} and {last}" if most else last
        return f"with {said}: left {self.left}, right {self.right} in output {list(self.output)}"


MOST_NAMED = 6
"""How many entries of one value a sentence names; JSON and the script hold all of them."""


def _assigned(name: str, entries: Entries) -> Iterator[str]:
    """The entries of one tensor in words, those of one value together where they are many."""
    for value in dict.fromkeys(value for _, value in entries):
        places = [f"{name}{list(index)}" for index, other in entries if other == value]
        if len(places) <= MOST_NAMED:
            yield from (f"{place} = {value}" for place in places)
        else:
            yield f"{places[0]}, ..., {places[-1]} ({len(places)} entries) = {value}"


def _number(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdecimal() else text


@dataclass(frozen=True, slots=True)
class Refuted(_NotABool):
    """The claim fails; ``counterexample`` is its least witness.

    Of a claim for all sizes ``fails_on`` says at which it fails, and ``holds_on`` at which it
    holds, in words; the counterexample is at the least size that fails.
    """

    claim: Claim
    counterexample: Counterexample
    seconds: float
    method: tuple[str, ...] = ("tables",)
    sizes: Literal["these", "all"] = "these"
    verdict: Literal["refuted"] = "refuted"
    fails_on: str | None = None
    holds_on: str | None = None

    def at_size(self) -> Refuted:
        """The refutation of the claim at the counterexample's own size."""
        if not self.counterexample.size:
            return self
        claim = self.claim.at(dict(self.counterexample.size))
        found = replace(self.counterexample, size=())
        return replace(self, claim=claim, counterexample=found, sizes="these")

    def condition(self) -> str:
        """At which sizes the claim holds, in words; empty for a claim at given sizes."""
        if self.holds_on is None:
            return ""
        if self.holds_on == "no size":
            return "it holds at no size"
        return f"it holds iff {self.holds_on}"


@dataclass(frozen=True, slots=True)
class Undecided(_NotABool):
    """Neither proved nor refuted; ``reason`` says what stood in the way."""

    claim: Claim
    reason: str
    seconds: float
    sizes: Literal["these", "all"] = "these"
    verdict: Literal["undecided"] = "undecided"


Verdict = Certificate | Refuted | Undecided
