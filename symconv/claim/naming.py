"""Names for the sizes of a claim that has them in numbers; and no names that do not matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from symconv.claim import steps as st
from symconv.claim.claim import Claim
from symconv.size.names import axis_names


def named_sizes(claim: Claim) -> tuple[Any, ...]:
    """The claim's sizes, a name that it does not use yet in place of each number.

    >>> from symconv.claim import read_claim
    >>> named_sizes(read_claim({"input": {"channels": 1, "size": [8, "N"]}, "left": [],
    ...                         "right": []}))
    ('H', 'N')
    """
    fresh = (
        next(name for name in (base, *(f"{base}{n}" for n in range(9))) if name not in claim.names)
        for base in axis_names(len(claim.size))
    )
    pairs = zip(claim.size, fresh, strict=True)
    return tuple(name if isinstance(size, int) else size for size, name in pairs)


def anonymous(claim: Claim) -> Claim:
    """The claim without its name, its weights named by their places: what it says is the same.

    >>> from symconv.claim.claim import Weight
    >>> def stem(name):
    ...     conv = (st.ConvStep(name),)
    ...     return Claim(f"the square of {name}", 1, (4,), ((name, Weight((1, 1, 3))),), conv, conv)
    >>> anonymous(stem("w1")) == anonymous(stem("w2")) != stem("w1")
    True
    """
    names = {name: str(place) for place, (name, _) in enumerate(claim.weights)}
    weights = tuple(
        (
            names[name],
            replace(
                weight,
                source=None if weight.source is None else names.get(weight.source, weight.source),
                steps=_with_names(weight.steps, names),
            ),
        )
        for name, weight in claim.weights
    )
    left, right = (_with_names(steps, names) for steps in (claim.left, claim.right))
    return replace(claim, name="", weights=weights, left=left, right=right)


def _with_names(steps: Sequence[st.Step], names: Mapping[str, str]) -> tuple[st.Step, ...]:
    return tuple(_renamed_step(step, names) for step in steps)


def _renamed_step(step: st.Step, names: Mapping[str, str]) -> st.Step:
    """The step with its weights under other names, those of its branches too."""
    if isinstance(step, st.Branching):
        return replace(step, branches=tuple(_with_names(b, names) for b in step.branches))
    found = {name: getattr(step, name, None) for name in ("weight", "bias")}
    changed = {key: names.get(name, name) for key, name in found.items() if isinstance(name, str)}
    return replace(step, **changed) if changed else step
