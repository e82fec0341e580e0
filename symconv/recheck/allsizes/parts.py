"""Claims with functions, or both monoids, at every size: part by part between the functions.

After each part the right tensor must be some gather of the left one, for every left tensor; a
function of each value commutes with the gather, and the next part begins there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import z3

from symconv.recheck.allsizes.decide import Found, Question, ask, differs, reported
from symconv.recheck.allsizes.paths import visible
from symconv.recheck.allsizes.reading import (
    Clock,
    Reader,
    Shape,
    TimeOut,
    every_step,
    takes_maxima,
)
from symconv.recheck.allsizes.terms import NotRead, as_bool

Steps = list[Any]
Part = tuple[Steps, Steps, str | None]
"""Left and right steps, and the function behind them."""

_BIJECTIONS = ("rearrange", "transpose", "flip")


@dataclass(frozen=True)
class Known:
    """What is known of functions: whether one keeps zero, and below what no value of it lies."""

    keeps_zero: Callable[[str], bool]
    least: Callable[[str], Fraction | None]


_SUMS = {"conv", "conv_transpose", "conv_as_kernel", "avg_pool", "adaptive_avg_pool", "scale"}
_SUMS |= {"divide", "mask", "add", "subtract", "cosets", "within"}


def decide_in_parts(
    text: Mapping[str, Any], parts: Sequence[Part], known: Known, seconds: float
) -> Found:
    """Prove that a claim's parts agree, or say that it is not known; it refutes nothing."""
    clock = Clock(seconds)
    try:
        with reported():
            return _decided(ask(text, clock, shapes_only=True), parts, known)
    except NotRead as fault:
        return Found("unknown", str(fault))


def _decided(whole: Question, parts: Sequence[Part], known: Known) -> Found:
    if not parts:
        return Found("unknown", "the two sides' layers do not stand between the same functions")
    shape, gather = whole.reader.input_shape(), list[Any]()
    moves = _moves([step for left, right, _ in parts for step in (*left, *right)])
    emptied, least = False, None
    for n, (left, right, function) in enumerate(parts):
        if emptied and any(step["op"] in _SUMS for step in every_step([*left, *right])):
            raise NotRead("a sum would meet -inf where a max pooling may read nothing")
        emptied = emptied or not all(map(_reads_something, every_step([*left, *right])))
        every = [[], gather, *([move] for move in moves)] if n + 1 < len(parts) else [[]]
        if function is not None and not known.keeps_zero(function):
            every = [g for g in every if all(step["op"] in _BIJECTIONS for step in g)]
        agree = partial(_agree, whole, shape, (left, right), gather, least=least)
        found = next((g for g in every if agree(g)), None)
        if found is None:
            return Found(
                "unknown", f"part {n}: the right tensor is no gather of the left one that was tried"
            )
        shape, gather = _reader(whole, left).pipeline(left, shape)[0], found
        least = None if function is None else known.least(function)
    return Found("holds")


def _reader(whole: Question, steps: Steps) -> Reader:
    """A reader of one part, with conditions of its own."""
    reader = Reader(whole.reader.claim, whole.reader.clock, whole.reader.rules)
    reader.names, reader.maximum = whole.reader.names, takes_maxima(steps)
    return reader


def _agree(
    whole: Question,
    shape: Shape,
    part: tuple[Steps, Steps],
    before: Steps,
    after: Steps,
    least: Fraction | None,
) -> bool:
    """Whether left and then one gather is another gather and then right, at every size.

    With ``least`` that need only be so where every entry of the left tensor is at least that.
    """
    left, right = part
    reader = _reader(whole, [*left, *right])
    try:
        sides = [reader.pipeline(steps, shape) for steps in ([*left, *after], [*before, *right])]
        shapes = [out for out, _ in sides]
        paths = [reader.paths_from(out, back) for out, back in sides]
        if least is not None and reader.maximum:
            paths = [visible(side, least) for side in paths]
        question = Question(reader, whole.base, (shapes[0], shapes[1]), (paths[0], paths[1]))
        legal = z3.And(*map(as_bool, reader.legal))
        return question.sizes_where(z3.Not(legal)) is None and differs(question) is None
    except TimeOut:
        raise
    except (NotRead, z3.Z3Exception, ValueError, LookupError):
        if not after:
            raise
        return False


def _reads_something(step: Any) -> bool:
    """Whether a maximum has a sample in each window: without dilation it has, pads being small."""
    if step["op"] == "max_conv" or str(step.get("value")) == "-inf":
        return False
    if step.get("legality") == "onnx":
        return False
    return step["op"] != "max_pool" or step.get("dilation", 1) in (1, [1] * 1, [1, 1], [1, 1, 1])


def _moves(steps: Steps) -> list[Any]:
    """The gathers of the pipelines, and the inverses of rearrangements, each once."""
    found: list[Any] = []
    for step in steps:
        more = []
        if step["op"] == "rearrange":
            left, _, right = step["pattern"].partition("->")
            more = [step, {**step, "pattern": f"{right.strip()} -> {left.strip()}"}]
        elif step["op"] in (*_BIJECTIONS, "dilate") or _pads_zeros(step):
            more = [step]
        found += [move for move in more if move not in found]
    return found


def _pads_zeros(step: Any) -> bool:
    return bool(
        step["op"] == "pad"
        and step.get("mode", "zeros") == "zeros"
        and step.get("value", 0) in (0, "0")
    )
