"""Claims with functions between their layers: every square of a certificate, settled again.

The certificate says where both pipelines are cut and how the right tensor there holds the left one.
Nothing of that is believed: the squares are written down anew from the claim, each is settled, and
the maps between them must be inverse to each other.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck.settle import same_function

Steps = list[dict[str, Any]]
KEEP_ZERO = {
    "elu", "gelu", "hardswish", "identity", "leaky_relu", "mish", "relu", "relu6", "selu", "silu",
    "tanh",
}  # fmt: skip
"""Functions with f(0) = 0, by their definitions in PyTorch."""
_MAXIMA = {"max_pool", "max_conv"}


def same_by_squares(claim: dict[str, Any], figures: dict[str, Any]) -> tuple[bool, list[int]]:
    """Whether all squares of a claim commute, and the shape of its output.

    Raises:
        ClaimError: the cuts do not fit the claim, or the maps are not what they must be.
    """
    left, right = _functions_first(claim["left"]), _functions_first(claim["right"])
    if figures["swapped"]:
        left, right = right, left
    start = {"left": 0, "right": 0, "function": None, "live": None, "inside": [], "kept": [],
             "to_right": [], "to_line": [],
             "line": [claim["input"]["channels"], *claim["input"]["size"]]}  # fmt: skip
    end = {**start, "left": len(left), "right": len(right)}
    cuts = [start, *figures["cuts"], end]
    shape: list[int] = []
    for before, after in pairwise(cuts):
        parts = _part(left, "left", before, after), _part(right, "right", before, after)
        _check_maps(after)
        equal, shape = _square(claim, before, parts, after)
        if not equal:
            return False, shape
    return True, shape


def _functions_first(steps: Steps) -> Steps:
    """The same pipeline, every function before the steps that only move values."""
    done: Steps = []
    for step in steps:
        at = len(done)
        while step["op"] == "pointwise" and at and _moves(done[at - 1]):
            at -= 1
        done.insert(at, step)
    return done


def _moves(step: dict[str, Any]) -> bool:
    words = {"rearrange", "transpose", "flip", "slice", "split", "tile"}
    return step["op"] in words or (step["op"] == "pad" and step.get("mode", "zeros") != "zeros")


def _part(steps: Steps, side: str, before: dict[str, Any], after: dict[str, Any]) -> Steps:
    """The steps between two cuts; the function at the first cut is where the cut says."""
    first, end = before[side], after[side]
    if before["function"] is not None:
        step = steps[first]
        if step["op"] != "pointwise" or step["function"] != before["function"]:
            raise ClaimError(f"{side}: step {first} is not the function {before['function']!r}")
        first += 1
    part = steps[first:end]
    if first > end or end > len(steps) or _holds(part, {"pointwise"}):
        raise ClaimError(f"{side}: the certificate's cuts do not fit the claim's steps")
    return part


def _holds(steps: Steps, words: set[str]) -> bool:
    return any(
        step["op"] in words or any(_holds(branch, words) for branch in step.get("branches", ()))
        for step in steps
    )


def _check_maps(cut: dict[str, Any]) -> None:
    """The two maps must be one rearrangement and its inverse; the others crop or mask."""
    there, back = cut["to_right"], cut["to_line"]
    if there or back:
        if [step["op"] for step in (*there, *back)] != ["rearrange", "rearrange"]:
            raise ClaimError("a hidden tensor's maps must be one rearrangement and its inverse")
        sides = [[side.strip() for side in s["pattern"].split("->")] for s in (there[0], back[0])]
        sizes = [{k: v for k, v in s.items() if k != "pattern"} for s in (there[0], back[0])]
        if sides[0] != sides[1][::-1] or sizes[0] != sizes[1]:
            raise ClaimError("a hidden tensor's two maps are not inverse to each other")
    for name, op in (("inside", "slice"), ("kept", "mask")):
        if [step["op"] for step in cut[name]] not in ([], [op]):
            raise ClaimError(f"{name} must be one {op}, got {cut[name]!r}")
    for part in cut["inside"]:
        if any(step not in (None, 1) for _, _, step in part["slices"]):
            raise ClaimError("the left tensor must be a run of the line")


def _square(
    claim: dict[str, Any], before: dict[str, Any], parts: tuple[Steps, Steps],
    after: dict[str, Any],
) -> tuple[bool, list[int]]:  # fmt: skip
    left, right = parts
    maximum = _holds([*left, *right], _MAXIMA)
    kept = [] if maximum else before["kept"]
    live = _live(after)
    equal, shape = _same(
        claim,
        before["line"],
        [*kept, *before["inside"], *left, *live],
        [*kept, *before["to_right"], *right, *after["to_line"], *after["inside"], *live],
    )
    if equal and before["live"] is not None:
        equal = _reads_only_live(claim, before, [*left, *live])
    if equal and after["kept"]:
        equal = _tail_is_zero(claim, before, right, after)
    return equal, shape


def _same(
    claim: dict[str, Any], line: list[int], left: Steps, right: Steps
) -> tuple[bool, list[int]]:
    asked = {"channels": line[0], "size": line[1:]}
    return same_function({**claim, "input": asked, "left": left, "right": right})


def _live(cut: dict[str, Any]) -> Steps:
    if cut["live"] is None:
        return []
    return [{"op": "slice", "slices": [[None, None, None], *cut["live"]]}]


def _reads_only_live(claim: dict[str, Any], before: dict[str, Any], way: Steps) -> bool:
    shape = list(before["line"])
    for step in before["inside"]:
        shape[1:] = [b - a for a, b, _ in step["slices"][1:]]
    ends = [[a, n - 1 - range(a, b, s)[-1]]
            for (a, b, s), n in zip(before["live"], shape[1:], strict=True)]  # fmt: skip
    only = [
        *_live(before),
        {"op": "dilate", "dilation": [1, *(s for _, _, s in before["live"])]},
        {"op": "pad", "padding": [[0, 0], *ends]},
    ]
    return _same(claim, shape, way, [*only, *way])[0]


def _tail_is_zero(
    claim: dict[str, Any], before: dict[str, Any], right: Steps, after: dict[str, Any]
) -> bool:
    if after["function"] not in (None, *KEEP_ZERO):
        raise ClaimError(f"nothing is known of {after['function']!r} at zero")
    if _holds(right, _MAXIMA):
        raise ClaimError("the tail of a maximum is not known to be zero")
    way = [*before["kept"], *before["to_right"], *right, *after["to_line"]]
    return _same(claim, before["line"], [*way, *after["kept"]], way)[0]
