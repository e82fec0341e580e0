"""A counterexample as a script: both pipelines written out in plain NumPy, for anybody to run."""

from __future__ import annotations

from functools import singledispatch
from pprint import pformat
from typing import Any

from symconv import steps as st
from symconv.claim import Claim
from symconv.errors import ClaimError
from symconv.explain.helpers import HELPERS, NEEDS
from symconv.padding import SAME
from symconv.rearrange import read_pattern
from symconv.verdict import Counterexample, Refuted


class _NotPlain(ClaimError):
    """A step that the script does not write out."""


def script(refuted: Refuted) -> str:
    """A Python script that prints what each side gives at the counterexample.

    It needs NumPy alone; where a step has no short form in NumPy it calls `symconv.replay`, and
    its first line says so.

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
    claim, found = refuted.claim, refuted.counterexample
    writer = _Writer(claim)
    try:
        body = writer.body(found)
    except _NotPlain as fault:
        return f"# {fault}: this script needs symconv, not NumPy alone\n{replay_script(refuted)}"
    used = [name for name in HELPERS if name in writer.used]
    helpers = "".join(f"\n\n{HELPERS[name]}" for name in used)
    return f"import numpy as np\n{helpers}\n" + ("\n" if used else "") + body


class _Writer:
    """Writes a claim's lines, and remembers which helpers they call."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.used: set[str] = set()
        self.lines: list[str] = []
        self._written: set[str] = set()

    def body(self, found: Counterexample) -> str:
        """Input, weights, both sides, and what is printed."""
        self.lines.append(f"x = np.zeros({self.claim.input_shape}, int)")
        self.lines += [f"x[{index(at)}] = {value}" for at, value in found.input_entries()]
        for name, weight in self.claim.weights:
            if weight.source is None:
                self._free(name, found)
        self.lines.append("")
        for side in ("left", "right"):
            self.lines.append(f"{side} = x")
            self.pipeline(side, getattr(self.claim, side))
        shown = ".shape" if found.left_shape is not None else f"[{index(found.output)}]"
        self.lines += [f'print("left ", left{shown})', f'print("right", right{shown})']
        return "\n".join(self.lines)

    def _free(self, name: str, found: Counterexample) -> None:
        weight = self.claim.weight(name)
        if weight.fill is None:
            self.lines.append(f"w_{name} = np.zeros({weight.shape}, int)")
        elif type(weight.fill) is int:
            self.lines.append(f"w_{name} = np.full({weight.shape}, {weight.fill})")
        else:
            raise _NotPlain(f"weight {name!r} is filled with {weight.fill!r}")
        places = [(at, value) for other, at, value in found.weight_entries() if other == name]
        self.lines += [f"w_{name}[{index(at)}] = {value}" for at, value in places]
        self._written.add(name)

    def weight(self, name: str) -> str:
        """The variable of a weight; its lines are written where it is first used."""
        if name not in self._written:
            weight = self.claim.weight(name)
            source = self.weight(str(weight.source))
            self._written.add(name)
            self.lines.append(f"w_{name} = {source}")
            self.pipeline(f"w_{name}", weight.steps)
        if not name.isidentifier():
            raise _NotPlain(f"weight {name!r} is no name in Python")
        return f"w_{name}"

    def pipeline(self, variable: str, steps: tuple[st.Step, ...]) -> None:
        """A line a step."""
        for step in steps:
            line = write(step, self, variable)
            self.lines.append(f"{variable} = {line}")

    def call(self, helper: str) -> str:
        """The name of a helper, which is then put in front of the script."""
        self.used |= {helper, *NEEDS.get(helper, ())}
        return helper


def index(numbers: tuple[int, ...]) -> str:
    """An index as it stands between brackets."""
    return ", ".join(map(str, numbers)) or "()"


@singledispatch
def write(step: st.Step, to: _Writer, x: str) -> str:
    """The expression of one step on the variable ``x``."""
    raise _NotPlain(f"step {step.op!r} has no short form in NumPy")


@write.register
def _(step: st.Rearrange, to: _Writer, x: str) -> str:
    pattern = read_pattern(step.pattern)
    sizes = dict(step.sizes)
    before = [name for group in pattern.left for name in group]
    order = [before.index(name) for group in pattern.right for name in group]
    factors = [
        [int(name) if name.isdigit() else sizes.get(name) for name in group]
        for group in pattern.left
    ]
    groups = [len(group) for group in pattern.right]
    return f"{to.call('rearrange')}({x}, {factors}, {order}, {groups})  # {step.pattern}"


@write.register
def _(step: st.Pad, to: _Writer, x: str) -> str:
    if step.mode != "zeros" or type(step.value) is not int:
        raise _NotPlain(f"a pad of mode {step.mode!r} and value {step.value!r} has no short form")
    value = f", {step.value}" if step.value else ""
    return f"{to.call('pad')}({x}, {list(step.padding)}{value})"


@write.register
def _(step: st.Slice, to: _Writer, x: str) -> str:
    return f"{x}[{', '.join(map(_part, step.slices))}]"


def _part(part: tuple[int | None, int | None, int | None]) -> str:
    start, stop, by = ("" if number is None else str(number) for number in part)
    return f"{start}:{stop}:{by}" if by else f"{start}:{stop}"


@write.register
def _(step: st.Flip, to: _Writer, x: str) -> str:
    return f"np.flip({x}, {step.axes})"


@write.register
def _(step: st.Dilate, to: _Writer, x: str) -> str:
    return f"{to.call('dilate')}({x}, {step.dilation})"


@write.register
def _(step: st.Tile, to: _Writer, x: str) -> str:
    return f"np.tile({x}, {step.repeats})"


@write.register
def _(step: st.Transpose, to: _Writer, x: str) -> str:
    return f"{x}.transpose({step.axes})"


@write.register
def _(step: st.ConvStep, to: _Writer, x: str) -> str:
    if step.padding_mode != "zeros" or step.padding_value != 0 or step.bias is not None:
        raise _NotPlain("a conv with a bias or a pad other than zeros has no short form")
    rank = len(to.claim.size)
    pads = step.padding if step.padding in SAME else pairs(step.padding, rank)
    numbers = f"{axes(step.stride, rank)}, {pads!r}, {axes(step.dilation, rank)}, {step.groups}"
    return f"{to.call('conv')}({x}, {to.weight(step.weight)}, {numbers})"


@write.register
def _(step: st.ConvTransposeStep, to: _Writer, x: str) -> str:
    if step.padding in SAME or step.bias is not None:
        raise _NotPlain("a conv_transpose with a bias or a 'same' padding has no short form")
    rank = len(to.claim.size)
    numbers = [axes(step.stride, rank), pairs(step.padding, rank), axes(step.output_padding, rank),
               axes(step.dilation, rank), step.groups]  # fmt: skip
    called = f"{to.call('conv_transpose')}({x}, {to.weight(step.weight)}"
    return f"{called}, {', '.join(map(str, numbers))})"


@write.register
def _(step: st.KernelConvStep, to: _Writer, x: str) -> str:
    rank = len(to.claim.size)
    numbers = f"{axes(step.stride, rank)}, {pairs(step.padding, rank)}, {axes(step.dilation, rank)}"
    return f"{to.call('conv_as_kernel')}({x}, {to.weight(step.weight)}, {numbers})"


@write.register
def _(step: st.Add, to: _Writer, x: str) -> str:
    return " + ".join(_branches(step, to, x))


@write.register
def _(step: st.Concat, to: _Writer, x: str) -> str:
    return f"np.concatenate([{', '.join(_branches(step, to, x))}], {step.axis})"


def _branches(step: st.Branching, to: _Writer, x: str) -> list[str]:
    names = [f"{x}_{place}" for place in range(len(step.branches))]
    for name, branch in zip(names, step.branches, strict=True):
        to.lines.append(f"{name} = {x}")
        to.pipeline(name, branch)
    return names


def axes(value: Any, rank: int) -> list[Any]:
    """One number an axis."""
    return list(value) if isinstance(value, tuple) else [value] * rank


def pairs(padding: Any, rank: int) -> list[tuple[int, int]]:
    """One ``(lo, hi)`` pair an axis.

    >>> pairs(1, 2), pairs(((0, 1),), 1)
    ([(1, 1), (1, 1)], [(0, 1)])
    """
    every: list[Any] = axes(0 if padding == "valid" else padding, rank)
    return [p if isinstance(p, tuple) else (p, p) for p in every]


def replay_script(refuted: Refuted) -> str:
    """A script that reads the claim and runs it by `symconv.replay`, whatever its steps are."""
    claim, found = refuted.claim, refuted.counterexample
    text = pformat(claim.to_dict(), width=88, sort_dicts=False)
    lines = ["import numpy as np", "from symconv.claim import read_claim",
             "from symconv.replay import run_claim", "", f"claim = read_claim({text})",
             f"x = np.zeros({claim.input_shape}, int)"]  # fmt: skip
    lines += [f"x[{index(at)}] = {value}" for at, value in found.input_entries()]
    lines.append("w = {}")
    for name, weight in claim.weights:
        if weight.source is None and weight.fill is None:
            lines.append(f"w[{name!r}] = np.zeros({weight.shape}, int)")
    lines += [f"w[{n!r}][{index(at)}] = {value}" for n, at, value in found.weight_entries()]
    shown = ".shape" if found.left_shape is not None else f"[{index(found.output)}]"
    for side, label in (("left", "left "), ("right", "right")):
        lines.append(f'print("{label}", run_claim(claim, "{side}", x, w){shown})')
    return "\n".join(lines)
