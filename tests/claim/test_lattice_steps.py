"""The steps about the points of a lattice: how they are written, refused, and read by everyone."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import numpy as np
import pytest

from symconv import Undecided, check, read_claim
from symconv.claim.steps import ReadCosets, Within, read_step
from symconv.errors import SymconvError
from symconv.recheck.claims import at
from symconv.recheck.claims import read_claim as recheck_read
from symconv.recheck.decide import same_function
from symconv.replay.steps import run_steps

Text = dict[str, Any]
COSETS: Text = {
    "op": "cosets",
    "matrix": [[1, 1], [1, -1]],
    "start": [0, "1 - W"],
    "size": ["H", 3],
    "representatives": [[0, 0], [0, -1]],
}
WITHIN: Text = {"op": "within", "matrix": [[2, 0], [1, 3]], "start": [0, 0], "size": ["H", "W"]}


@pytest.mark.parametrize("text", [COSETS, WITHIN])
def test_a_step_is_written_as_it_was_read(text: Text) -> None:
    assert read_step(text).to_dict() == text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"matrix": [[1, 1], [2, 2]]}, "is singular"),
        ({"matrix": [[1, 1]]}, "must be square and hold integers"),
        ({"matrix": 2}, "must be square and hold integers"),
        ({"matrix": [[1, 1], [1, 2**20]]}, "numbers here must be below 1048576"),
        ({"start": [0]}, "start must hold 2 integers or sizes"),
        ({"start": [0, 2**31]}, "numbers here must be below 2147483648"),
        ({"start": [0, 0.5]}, "start must hold 2 integers or sizes"),
        ({"size": 3}, "size must hold 2 integers or sizes"),
        ({"size": [0, 1]}, "holds nothing"),
        ({"representatives": []}, "representatives must be a list of points"),
        ({"representatives": [[0]]}, "each representative must hold 2 integers"),
        ({"representatives": [["H", 0]]}, "each representative must hold 2 integers"),
        ({"colour": 1}, "no attribute 'colour'"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused_in_one_line(changes: Text, message: str) -> None:
    step = {**COSETS, "start": [0, 0], "size": [2, 2], **changes}
    sides = {"left": [step], "right": [step]}
    with pytest.raises(SymconvError, match=message) as fault:
        check({"input": {"channels": 1, "size": [4, 4]}, **sides})
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("step", [COSETS, WITHIN])
def test_too_few_axes_are_refused(step: Text) -> None:
    sides = {"left": [{**step, "start": [0, 0], "size": [2, 2]}], "right": []}
    shape = "c n -> (c n)" if step["op"] == "within" else "c n -> c n"
    sides["left"].insert(0, {"op": "rearrange", "pattern": shape})
    with pytest.raises(SymconvError, match="axes or more"):
        check({"input": {"channels": 2, "size": [4]}, **sides})


def test_a_maximum_takes_no_lattice() -> None:
    pool = {"op": "max_pool", "kernel_size": 2, "stride": 1}
    sides = {"left": [pool, {**COSETS, "start": [0, 0], "size": [2, 2]}], "right": [pool]}
    found = check({"input": {"channels": 1, "size": [4, 4]}, **sides})
    assert isinstance(found, Undecided)
    assert "cosets is not read together with a max pooling" in found.reason


def looped(step: ReadCosets | Within, x: Any) -> Any:
    """The steps by their definitions, entry by entry."""
    rank = len(step.matrix)
    lead, box = x.shape[:-rank], x.shape[-rank:]
    if isinstance(step, Within):
        y = np.zeros_like(x)
        for q in np.ndindex(*box):
            if inside(moved(step, q), step.size):
                y[(..., *q)] = x[(..., *q)]
        return y
    y = np.zeros((*lead, len(step.representatives), *step.size), x.dtype)
    for q, (r, point) in product(np.ndindex(*step.size), enumerate(step.representatives)):
        at = [a + b for a, b in zip(moved(step, q), point, strict=True)]
        if inside(at, box):
            y[(..., r, *q)] = x[(..., *at)]
    return y.reshape(*lead[:-1], -1, *step.size)


def moved(step: ReadCosets | Within, q: tuple[int, ...]) -> list[int]:
    place = [a + b for a, b in zip(q, step.start, strict=True)]
    return [sum(a * p for a, p in zip(row, place, strict=True)) for row in step.matrix]


def inside(at: Any, box: Any) -> bool:
    return all(0 <= a < n for a, n in zip(at, box, strict=True))


def random_step(rng: random.Random, rank: int, kind: type[Any]) -> Any:
    """Points, starts and representatives of any kind: overlapping cosets, and holes, among them."""
    while True:
        rows = tuple(tuple(rng.randint(-2, 2) for _ in range(rank)) for _ in range(rank))
        if round(float(np.linalg.det(np.array(rows)))):
            break
    start = tuple(rng.randint(-3, 2) for _ in range(rank))
    size = tuple(rng.randint(1, 4) for _ in range(rank))
    if kind is Within:
        return Within(rows, start, size)
    points = tuple(tuple(rng.randint(-2, 2) for _ in range(rank)) for _ in range(rng.randint(1, 3)))
    return ReadCosets(rows, start, size, points)


@pytest.mark.parametrize("kind", [ReadCosets, Within])
@pytest.mark.parametrize("seed", range(20))
def test_every_reader_means_the_definition(seed: int, kind: type[Any]) -> None:
    """A step against what it reads, output by output: the same entries, or a counterexample."""
    rng = random.Random(seed)
    rank = rng.choice([1, 2, 2])
    size, step = tuple(rng.randint(1, 4) for _ in range(rank)), random_step(rng, rank, kind)
    x = np.arange(1, 2 * int(np.prod(size)) + 1).reshape(2, *size)
    y = looped(step, x)
    assert run_steps([step], x).tolist() == y.tolist()
    for wrong in (False, True):
        text = entry_by_entry(step, x, y, wrong)
        verdict = check(read_claim(text))
        assert verdict.verdict == ("refuted" if wrong else "proved")
        assert same_function(at(recheck_read(text), {}))[0] is not wrong


def entry_by_entry(step: Any, x: Any, y: Any, wrong: bool) -> Text:
    """The claim that each output of a step is one entry of the input, or zero."""
    reads = [int(v) - 1 for v in y.ravel()]
    if wrong:
        reads[-1] = 0 if reads[-1] else -1
    axes, outs = [f"n{a}" for a in range(x.ndim)], {f"o{a}": n for a, n in enumerate(y.shape)}
    flat = {"op": "rearrange", "pattern": f"{' '.join(axes)} -> ({' '.join(axes)})"}
    right = [
        flat,
        {"op": "concat", "branches": [_entry(at) for at in reads]},
        {"op": "rearrange", "pattern": f"({' '.join(outs)}) -> {' '.join(outs)}", **outs},
    ]
    given = {"channels": len(x), "size": list(x.shape[1:])}
    return {"input": given, "left": [step.to_dict()], "right": right}


def _entry(at: int) -> list[Text]:
    """One entry of a row; below 0 a zero."""
    if at < 0:
        return [*_entry(0), {"op": "scale", "factors": [[0]]}]
    return [{"op": "slice", "slices": [[at, at + 1, None]]}]
