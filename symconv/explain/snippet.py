"""A counterexample as a script: both pipelines written out in plain NumPy, for anybody to run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from symconv.claim import Claim
from symconv.claim import steps as st
from symconv.claim.verdict import Counterexample, Entries, Refuted
from symconv.explain.helpers import definitions
from symconv.layer.pointwise import bounds, named
from symconv.replay.literals import index, literal, nested
from symconv.replay.steps import expression
from symconv.size.numbers import read_number

MOST_LINES = 8
"""So many entries of one value are set one by one; more than that in one line."""

LARGEST_DIGIT = 9
"""Numbers up to this one are multiplied in 64 bits, if not many times over."""

MOST_FACTORS = {True: 3, False: 8}
"""How many layers multiply such numbers in 64 bits: where constants make dense numbers
``(9 * MOST_TAPS)**3`` is below ``2**63``; with at most 16 entries set, ``(9 * 16)**8`` is."""

MOST_TAPS = 10**5
"""How many entries a weight has where dense numbers are multiplied in 64 bits."""


def script(refuted: Refuted) -> str:
    """A Python script that prints what each side gives at the counterexample; it needs NumPy alone.

    >>> from symconv import check
    >>> found = check({"input": {"channels": 1, "size": [4]}, "right": [],
    ...                "left": [{"op": "flip", "axes": [1]}]})
    >>> print(script(found))
    import numpy as np
    <BLANKLINE>
    x = np.zeros((1, 4), int)
    x[0, 0] = 1
    <BLANKLINE>
    left = x
    left = np.flip(left, (1,))
    right = x
    print("left ", left[0, 0])
    print("right", right[0, 0])
    """
    refuted = refuted.at_size()
    writer = _Writer(refuted.claim, refuted.counterexample)
    body = writer.body()
    helpers = "".join(f"\n\n{text}" for text in definitions(writer.used))
    code = f"{helpers}\n{body}" if not helpers else f"{helpers}\n\n{body}"
    return f"{_imports(code)}\n{code}"


def _imports(code: str) -> str:
    """The imports that a text needs, one per line."""
    lines = ["import math"] if "math." in code else []
    lines += ["from fractions import Fraction"] if "Fraction(" in code else []
    return "\n".join([*lines, *([""] if lines else []), "import numpy as np"])


class _Writer:
    """Writes a claim's lines, and remembers which helpers they call."""

    def __init__(self, claim: Claim, found: Counterexample) -> None:
        self.claim = claim
        self.found = found
        self.used: set[str] = set()
        self.lines: list[str] = []
        self.kind = "int" if _fits_64_bits(claim, found) else "object"
        self._variables: dict[str, str] = {}
        self._parts = 0

    def body(self) -> str:
        """Input, weights, both sides, and what is printed."""
        self.lines.append(f"x = np.zeros({self.claim.input_shape}, {self.kind})")
        self.lines += _assignments("x", self.found.input_entries())
        for name, weight in self.claim.weights:
            if weight.source is None:
                self._free(name)
        self.lines.append("")
        for side in ("left", "right"):
            self.lines.append(f"{side} = x")
            self.pipeline(side, self.claim.side(side))
        shown = ".shape" if self.found.left_shape is not None else f"[{index(self.found.output)}]"
        self.lines += [f'print("left ", left{shown})', f'print("right", right{shown})']
        return "\n".join(self.lines)

    def _free(self, name: str) -> None:
        weight, variable = self.claim.weight(name), self._variable(name)
        if weight.fill is None:
            self.lines.append(f"{variable} = np.zeros({weight.shape}, {self.kind})")
        elif isinstance(weight.fill, tuple):
            self.lines.append(f"{variable} = np.array({nested(weight.fill)}, {self.kind})")
        else:
            filled = f"{weight.shape}, {literal(weight.fill)}, {self.kind}"
            self.lines.append(f"{variable} = np.full({filled})")
        entries = [(at, value) for other, at, value in self.found.weight_entries() if other == name]
        self.lines += _assignments(variable, tuple(entries))

    def _variable(self, name: str) -> str:
        """A new variable for a weight, whatever its name."""
        plain = f"w_{re.sub(r'[^A-Za-z0-9_]', '_', name)}"
        taken, variable, count = set(self._variables.values()), plain, 1
        while variable in taken:
            count += 1
            variable = f"{plain}_{count}"
        self._variables[name] = variable
        return variable

    def weight(self, name: str) -> str:
        """The variable of a weight; the lines of a derived one stand where it is first used."""
        if name not in self._variables:
            weight = self.claim.weight(name)
            source = self.weight(str(weight.source))
            variable = self._variable(name)
            self.lines.append(f"{variable} = {source}")
            self.pipeline(variable, weight.steps)
        return self._variables[name]

    def pipeline(self, variable: str, steps: tuple[st.Step, ...]) -> None:
        """One line per step."""
        for step in steps:
            line = expression(step, self, variable)
            self.lines.append(f"{variable} = {line}")

    def branches(self, x: str, branches: tuple[tuple[st.Step, ...], ...]) -> list[str]:
        """The variables of several pipelines on the same tensor."""
        names = []
        for steps in branches:
            self._parts += 1
            names.append(f"part_{self._parts}")
            self.lines.append(f"{names[-1]} = {x}")
            self.pipeline(names[-1], steps)
        return names

    def call(self, helper: str) -> str:
        """The name of a helper, which is then put in front of the script."""
        self.used.add(helper)
        return helper


def _assignments(variable: str, entries: Entries) -> list[str]:
    """Lines that set entries; many of one value in one line, as a box where they are one."""
    lines: list[str] = []
    for value in dict.fromkeys(value for _, value in entries):
        places = [at for at, other in entries if other == value]
        if len(places) <= MOST_LINES:
            lines += [f"{variable}[{index(at)}] = {value}" for at in places]
        elif (box := _box(places)) is not None:
            lines.append(f"{variable}[{box}] = {value}")
        else:
            lines += [f"for at in {places}:", f"    {variable}[at] = {value}"]
    return lines


def _box(places: list[tuple[int, ...]]) -> str | None:
    """The slices that hold these places and no others."""
    ranges = [range(min(axis), max(axis) + 1) for axis in zip(*places, strict=True)]
    if set(product(*ranges)) != set(places):
        return None
    return ", ".join(f"{r.start}:{r.stop}" for r in ranges)


def _fits_64_bits(claim: Claim, found: Counterexample) -> bool:
    """Whether both sides surely stay within 64 bits; Python's integers are exact, but slower."""
    sides = list(st.flat((*claim.left, *claim.right)))
    derived = list(st.flat(step for _, weight in claim.weights for step in weight.steps))
    every = [*sides, *derived]
    fills = [n for _, weight in claim.weights for n in _entries(weight.fill) if n not in (None, 0)]
    entries = [value for _, value in found.input_entries()]
    entries += [value for _, _, value in found.weight_entries()]
    written = (value for step in every for value in _numbers(step))
    numbers = [read_number(n) for n in (*fills, *written, *entries) if n is not None]
    if any(n is None or n.denominator > 1 or abs(n) > LARGEST_DIGIT for n in numbers):
        return False
    grows = sum(map(_grows, every))
    dense = bool(fills) or len(entries) > 16 or any(map(_unknown, every))
    largest = max((prod(weight.shape or ()) for _, weight in claim.weights), default=0)
    return grows <= MOST_FACTORS[dense] and not (dense and largest > MOST_TAPS)


def _grows(step: st.Step) -> bool:
    """Whether a step makes larger numbers, or more of them that a sum then adds up."""
    return step.monoid == "sum" or isinstance(step, st.Tile | st.Repeat | st.Pointwise)


def _unknown(step: st.Step) -> bool:
    """Whether a step makes numbers of zeros."""
    return isinstance(step, st.Pointwise) and not named(step.function).keeps_zero


def _entries(fill: Any) -> Iterator[Any]:
    """The numbers of a constant weight: one, or one for each entry."""
    if isinstance(fill, tuple):
        for part in fill:
            yield from _entries(part)
    else:
        yield fill


def _numbers(step: st.Step) -> Iterator[Any]:
    """The numbers that a step adds, multiplies by, or stops at."""
    yield from (getattr(step, name, None) for name in ("value", "padding_value", "factor"))
    yield from _entries(getattr(step, "factors", ()))
    if isinstance(step, st.Clip):
        yield from (bound for bound in bounds(step.function) or ())
