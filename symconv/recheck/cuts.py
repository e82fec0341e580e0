"""Where a certificate cuts two pipelines, and the maps between the tensors there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck.ops import MOVES, every_step
from symconv.recheck.steps import read_steps

Steps = list[dict[str, Any]]
Walk = Callable[[Steps, list[int]], list[int]]
_FIGURES = {"swapped", "squares", "cuts"}
_PARTS = {"left", "right", "function", "line", "kept", "to_right", "to_line", "inside", "live"}


@dataclass(frozen=True)
class Cut:
    """A cut: its places in both pipelines, the function there, and the maps of the tensors."""

    left: int
    right: int
    line: list[int]
    function: str | None = None
    kept: Steps = field(default_factory=list)
    to_right: Steps = field(default_factory=list)
    to_line: Steps = field(default_factory=list)
    inside: Steps = field(default_factory=list)
    live: list[list[int]] | None = None

    def check(self, left: list[int], right: list[int], walk: Walk) -> None:
        """Compare the maps with the shapes that both tensors really have.

        Raises:
            ClaimError: a map leads from the line to another shape than the tensor's.
        """
        ends = [part[1] for step in self.inside for part in step["slices"][1:]]
        if any(end > n for end, n in zip(ends, self.line[1:], strict=bool(ends))):
            raise ClaimError(f"the left tensor does not lie within the cut's line {self.line}")
        if walk(self.inside, self.line) != left:
            raise ClaimError(f"the cut's line {self.line} does not hold the left tensor {left}")
        if walk(self.to_right, self.line) != right or walk(self.to_line, right) != self.line:
            raise ClaimError(f"the cut's line {self.line} is not the right tensor {right}")
        if self.kept and walk(self.kept, self.line) != self.line:
            raise ClaimError("what is kept must be the line")
        for (first, end, _), n in zip(self.live or [], left[1:], strict=self.live is not None):
            if not 0 <= first < end <= n:
                raise ClaimError(f"what is read later, [{first}, {end}), is not in an axis of {n}")


def read_cuts(claim: dict[str, Any], figures: Any, output: list[int]) -> list[Cut]:
    """The cuts of a certificate, the input's and the output's among them.

    Raises:
        ClaimError: a part is missing, unknown, or of the wrong kind.
    """
    if not isinstance(figures, dict) or set(figures) != _FIGURES:
        raise ClaimError(f"squares have the figures {', '.join(sorted(_FIGURES))}")
    if type(figures["swapped"]) is not bool or not isinstance(figures["cuts"], list):
        raise ClaimError("swapped must be true or false, and the cuts a list")
    inner = [_read(cut) for cut in figures["cuts"]]
    if type(figures["squares"]) is not int or figures["squares"] != len(inner) + 1:
        raise ClaimError(f"{len(inner)} cuts make {len(inner) + 1} squares")
    sides = ("right", "left") if figures["swapped"] else ("left", "right")
    ends = [len(claim[side]) for side in sides]
    source = [claim["input"]["channels"], *claim["input"]["size"]]
    return [Cut(0, 0, source), *inner, Cut(ends[0], ends[1], output)]


def _read(cut: Any) -> Cut:
    if not isinstance(cut, dict) or set(cut) != _PARTS:
        raise ClaimError(f"a cut has exactly the parts {', '.join(sorted(_PARTS))}")
    if not all(type(cut[side]) is int and cut[side] >= 0 for side in ("left", "right")):
        raise ClaimError("a cut's places must be numbers of steps")
    line = cut["line"]
    if not isinstance(line, list) or not all(type(n) is int and n >= 1 for n in line):
        raise ClaimError(f"a cut's line must hold sizes, got {line!r:.80}")
    if len(line) < 2 or not (cut["function"] is None or isinstance(cut["function"], str)):
        raise ClaimError("a cut needs a line with axes, and a function's name or null")
    maps = {name: read_steps(cut[name]) for name in ("kept", "to_right", "to_line", "inside")}
    _check_maps(maps)
    live = _read_live(cut["live"], len(line) - 1)
    return Cut(cut["left"], cut["right"], line, cut["function"], live=live, **maps)


def _read_live(live: Any, rank: int) -> list[list[int]] | None:
    if live is None:
        return None
    if not isinstance(live, list) or len(live) != rank or not all(map(_is_range, live)):
        raise ClaimError(f"live must hold a range for each axis, got {live!r:.80}")
    return live


def _is_range(part: Any) -> bool:
    if not isinstance(part, list) or len(part) != 3 or not all(type(n) is int for n in part):
        return False
    return bool(0 <= part[0] < part[1] and part[2] >= 1)


def _check_maps(maps: dict[str, Steps]) -> None:
    """The two maps must be one rearrangement and its inverse; the others crop or mask."""
    if maps["to_right"] or maps["to_line"]:
        _check_inverse([*maps["to_right"], *maps["to_line"]], len(maps["to_right"]))
    for name, op in (("inside", "slice"), ("kept", "mask")):
        if [step["op"] for step in maps[name]] not in ([], [op]):
            raise ClaimError(f"{name} must be one {op}")
    for step in maps["inside"]:
        if not all(_is_run(part, n) for n, part in enumerate(step["slices"])):
            raise ClaimError("the left tensor must be a run of the line")
    for step in maps["kept"]:
        if not step["keep"] or step["keep"][0] is not None:
            raise ClaimError("what is kept is kept on all channels")


def _check_inverse(steps: Steps, first: int) -> None:
    """Two steps, one each way, must be a rearrangement and its inverse."""
    if [step["op"] for step in steps] != ["rearrange", "rearrange"] or first != 1:
        raise ClaimError("a hidden tensor's maps must be one rearrangement and its inverse")
    there, back = ([side.split() for side in step["pattern"].split("->")] for step in steps)
    sizes = [{k: v for k, v in step.items() if k != "pattern"} for step in steps]
    if there != back[::-1] or sizes[0] != sizes[1]:
        raise ClaimError("a hidden tensor's two maps are not inverse to each other")


def _is_run(part: Any, axis: int) -> bool:
    """Whether a slice is all channels, or from one position of a line to another."""
    if axis == 0:
        return bool(part == [None, None, None])
    if not isinstance(part, list) or len(part) != 3:
        return False
    first, end, step = part
    return type(first) is int and type(end) is int and 0 <= first < end and step in (None, 1)


def functions_first(steps: Steps) -> Steps:
    """The same pipeline, every function before the steps that only move values."""
    done: Steps = []
    for step in steps:
        at = len(done)
        while step["op"] == "pointwise" and at and _moves(done[at - 1]):
            at -= 1
        done.insert(at, step)
    return done


def _moves(step: dict[str, Any]) -> bool:
    return step["op"] in MOVES or (step["op"] == "pad" and step["mode"] != "zeros")


def part(steps: Steps, side: str, places: tuple[int, int], function: str | None) -> Steps:
    """The steps between two cuts; the function at the first cut is where the cut says.

    Raises:
        ClaimError: it is not, or a function stands between the cuts.
    """
    first, end = places
    if not first <= end <= len(steps):
        raise ClaimError(f"{side}: the certificate's cuts do not fit the claim's steps")
    if function is not None:
        step = steps[first] if first < end else {"op": None}
        if step["op"] != "pointwise" or step["function"] != function:
            raise ClaimError(f"{side}: step {first} is not the function {function!r}")
        first += 1
    found = steps[first:end]
    if any(step["op"] == "pointwise" for step in every_step(found)):
        raise ClaimError(f"{side}: a function stands between the certificate's cuts")
    return found
