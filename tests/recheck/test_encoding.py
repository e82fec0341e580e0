"""What z3's encoding means by each step: the same as other steps where the dictionaries say so."""

from __future__ import annotations

from typing import Any

import pytest

from symconv.errors import ClaimError
from symconv.recheck import recheck
from symconv.recheck.claims import at, read_claim
from symconv.recheck.settle import same_function
from tests.helpers.forging import FLIP, changed, conv, plain, sides, written
from tests.helpers.requirements import require

allsizes: Any = require("symconv.recheck.allsizes")
Text = dict[str, Any]
ALL = [None, None, None]
KERNEL = [{"op": "flip", "axes": [2]}]
WEIGHTS: Text = {
    "w": {"shape": [1, 1, 3]}, "f": {"from": "w", "steps": KERNEL},
    "third": {"shape": [1, 1, 3], "fill": "1/3"},
}  # fmt: skip


def pad(lo: Any, hi: Any, **more: Any) -> Text:
    return {"op": "pad", "padding": [[0, 0], [lo, hi]], **more}


def sliced(*part: Any) -> Text:
    return {"op": "slice", "slices": [ALL, [*part]]}


def step(op: str, **more: Any) -> Text:
    return {"op": op, **more}


Pair = tuple[list[Text], list[Text]]
TRUE: dict[str, Pair] = {
    "circular behind a crop": (
        [pad(-1, 2, mode="circular")], [sliced(1, None, None), pad(0, 2, mode="circular")],
    ),
    "circular before a crop": (
        [pad(2, -1, mode="circular")], [sliced(0, -1, None), pad(2, 0, mode="circular")],
    ),
    "reflected": (
        [pad(2, 1, mode="reflect")], [FLIP, pad(1, 2, mode="reflect"), FLIP],
    ),
    "replicated": (
        [pad(2, 0, mode="replicate")],
        [pad(1, 0, mode="replicate"), pad(1, 0, mode="replicate")],
    ),
    "backwards": ([sliced(None, None, -2)], [FLIP, sliced(0, None, 2)]),
    "from the end": ([sliced(-4, -1, None)], [sliced("max(N - 4, 0)", "N - 1", None)]),
    "split": ([step("split", sizes=3, part=1, axis=1)], [sliced(3, 6, None)]),
    "tiled": (
        [step("tile", repeats=[1, 2])], [step("concat", axis=1, branches=[[], []])],
    ),
    "averaged": (
        [step("avg_pool", kernel_size=3, stride=1, padding=1)], [conv("third", padding=1)],
    ),
    "transposed": (
        [step("conv_transpose", weight="w", stride=2, padding=1)],
        [step("dilate", dilation=[1, 2]), conv("f", padding=1)],
    ),
    "same_lower": (
        [conv("w", stride=1, padding="same_lower", dilation=2)], [conv("w", padding=2, dilation=2)],
    ),
    "same": (
        [FLIP, conv("w", padding="same"), FLIP], [conv("f", padding="same")],
    ),
    "masked by a count": (
        [step("divide", counts=[None, ["min(i + 1, 2)", "N"]])],
        [step("add", branches=[[step("scale", factors=[["1/2"], None])],
                               [sliced(0, 1, None), step("scale", factors=[["1/2"], None]),
                                pad(0, "N - 1")]])],
    ),
}  # fmt: skip

FALSE: dict[str, Pair] = {
    "circular beyond a crop": (
        [pad(-1, 2, mode="circular")], [pad(0, 2, mode="circular"), sliced(1, None, None)],
    ),
    "reflected and replicated": ([pad(2, 1, mode="reflect")], [pad(2, 1, mode="replicate")]),
    "backwards from elsewhere": ([sliced(None, None, -2)], [sliced(0, None, 2), FLIP]),
    "averaged without the pads": (
        [step("avg_pool", kernel_size=3, stride=1, padding=1, count_include_pad=False)],
        [conv("third", padding=1)],
    ),
    "transposed, not flipped": (
        [step("conv_transpose", weight="w", stride=2, padding=1)],
        [step("dilate", dilation=[1, 2]), conv("w", padding=1)],
    ),
    "filled by another value": ([pad(0, 1, value=2)], [pad(0, 1, value=3)]),
    "tiled and repeated": (
        [step("tile", repeats=[1, 2])],
        [step("concat", axis=1, branches=[[], [FLIP]])],
    ),
}  # fmt: skip


def at_small_sizes(text: Text) -> set[bool]:
    """What the dictionaries say at each size up to nine at which the claim makes sense."""
    seen = set()
    for n in range(1, 10):
        try:
            seen.add(same_function(plain(at(text, {"N": n})))[0])
        except ClaimError:
            continue
    return seen


@pytest.mark.parametrize("name", TRUE)
def test_steps_that_are_the_same_are_found_to_be(name: str) -> None:
    text = read_claim({"name": name, **sides(*TRUE[name], ["N"], WEIGHTS)})
    assert at_small_sizes(text) == {True}
    assert allsizes.counterexample(text) is None


@pytest.mark.parametrize("name", FALSE)
def test_steps_that_differ_are_told_apart(name: str) -> None:
    text = read_claim({"name": name, **sides(*FALSE[name], ["N"], WEIGHTS)})
    assert False in at_small_sizes(text)
    found = allsizes.counterexample(text)
    assert found is not None
    assert not same_function(plain(at(text, found)))[0]


def test_sizes_are_no_indices_of_the_encoding() -> None:
    """Names such as those of the unknowns inside are sizes like any other."""
    for name in ("output", "tap", "position", "o0", "tap0", "size"):
        text = sides([FLIP], [], [name], {})
        found = allsizes.counterexample(text)
        assert found is not None
        assert set(found) == {name}
        assert found[name] >= 2
        assert allsizes.counterexample(sides([FLIP, FLIP], [], [name], {})) is None


def test_what_a_maximum_hides_is_not_taken_for_a_difference() -> None:
    """max(-1, 0) is max(0, 0): z3 sees another path, and the dictionaries that it is hidden."""
    pool = step("max_pool", kernel_size=2, stride=1)
    hidden, zeros = ([pad(1, 0), pad(1, 0, value=value), pool] for value in (-1, 0))
    text = sides(hidden, zeros, ["N"], {})
    assert at_small_sizes(read_claim({"name": "hidden", **text})) == {True}
    assert allsizes.counterexample(text) is not None
    assert recheck(written_of("hidden", text, "(1 + N)")).verdict == "undecided"
    told = sides(hidden, [pad(1, 0), pad(1, 0, value=1), pool], ["N"], {})
    assert recheck(written_of("told", told, "(1 + N)")).verdict == "refuted"


def written_of(name: str, text: Text, size: str) -> Text:
    return changed(plain(written(name, text).to_dict()), ("output_shape", 1), size)
