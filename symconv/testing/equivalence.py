"""For other people's test suites: assert that two pipelines are the same function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symconv.api import check
from symconv.claim import read_claim
from symconv.claim.verdict import Certificate, Refuted

Steps = Sequence[Mapping[str, Any]]


def assert_equivalent(
    left: Steps,
    right: Steps,
    *,
    channels: int,
    size: int | Sequence[int],
    weights: Mapping[str, Any] | None = None,
    name: str = "claim",
) -> None:
    """Raise AssertionError, with the least counterexample, unless both pipelines are one function.

    ``left`` and ``right`` are steps as in a claim, on an input of shape ``(channels, *size)``, or
    ``(channels, size)`` for an integer; the equality is for every input and all values of the free
    ``weights``.

    Raises:
        AssertionError: the two differ, or the claim could not be decided.
        ClaimError: a step, a shape or a name does not fit.

    >>> flip = {"op": "flip", "axes": [1]}
    >>> assert_equivalent([flip, flip], [], channels=2, size=[5])
    >>> assert_equivalent([flip], [], channels=2, size=[5])
    Traceback (most recent call last):
    AssertionError: claim: in output [0, 0], left has 0 times x[0, 0], right has 1
    """
    text = {
        "name": name,
        "input": {"channels": channels, "size": [size] if isinstance(size, int) else _list(size)},
        "weights": {} if weights is None else weights,
        "left": _list(left),
        "right": _list(right),
    }
    verdict = check(read_claim(text))
    if isinstance(verdict, Certificate):
        return
    found = verdict.counterexample.sentence() if isinstance(verdict, Refuted) else verdict.reason
    raise AssertionError(f"{name}: {found}")


def _list(value: Any) -> Any:
    """A sequence as JSON has it; anything else as it is, for the claim's reader to refuse."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
