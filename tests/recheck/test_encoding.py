"""What z3's encoding means by each step: the same as other steps where the dictionaries say so."""

from __future__ import annotations

from typing import Any

import pytest

from symconv.recheck import recheck
from symconv.recheck.claims import at, read_claim
from symconv.recheck.decide import same_function
from tests.helpers.dictionaries import at_small_sizes
from tests.helpers.forging import FLIP, changed, plain, sides, written
from tests.helpers.requirements import require

allsizes: Any = require("symconv.recheck.allsizes")
Text = dict[str, Any]
ALL = [None, None, None]


def pad(lo: Any, hi: Any, **more: Any) -> Text:
    return {"op": "pad", "padding": [[0, 0], [lo, hi]], **more}


def sliced(*part: Any) -> Text:
    return {"op": "slice", "slices": [ALL, [*part]]}


def step(op: str, **more: Any) -> Text:
    return {"op": op, **more}


BACKWARDS, EVERY_OTHER = sliced(None, None, -2), sliced(0, None, 2)


@pytest.mark.parametrize(
    ("right", "same"), [([FLIP, EVERY_OTHER], True), ([EVERY_OTHER, FLIP], False)]
)
def test_slices_that_run_backwards_are_read(right: list[Text], same: bool) -> None:
    """The provers refuse them for all sizes; what the other steps mean, the catalogue asks."""
    text = read_claim({"name": "backwards", **sides([BACKWARDS], right, ["N"], {})})
    assert (at_small_sizes(text) == {True}) == same
    found = allsizes.counterexample(text)
    assert (found is None) == same
    if found is not None:
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
