"""Which weights a claim uses.

One that it derives and never uses is most often another's: the name in some step is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symconv.claim import steps as st
from symconv.claim.claim import Claim, Weight

PLACES = ("right", "left")
"""Where a derived weight is looked for: a lowering stands on the right as a rule."""


def unused_weights(claim: Claim) -> list[str]:
    """Say of every derived weight that nothing uses which step may have meant it.

    >>> from symconv.claim import read_claim
    >>> conv = [{"op": "conv", "weight": "w"}]
    >>> flipped = {"from": "w", "steps": [{"op": "flip", "axes": [2]}]}
    >>> unused_weights(read_claim({"input": {"channels": 1, "size": [4]}, "left": conv,
    ...     "right": conv, "weights": {"w": {"shape": [1, 1, 3]}, "v": flipped}}))
    ["weight 'v' is derived and never used; did you mean weight 'v' in step 0 of right?"]
    """
    used = {name for steps in _pipelines(claim) for name in _named(steps)}
    used |= {weight.source for _, weight in claim.weights if weight.source is not None}
    idle = [name for name, weight in claim.weights if weight.source and name not in used]
    return [f"weight {name!r} is derived and never used{_hint(claim, name)}" for name in idle]


def used_weights(
    weights: Sequence[tuple[str, Weight]], steps: Sequence[st.Step]
) -> tuple[tuple[str, Weight], ...]:
    """The weights that steps name, and those that these are made of, in their order.

    >>> made = (("w", Weight((1, 1, 3))), ("v", Weight(source="w")), ("u", Weight(source="v")))
    >>> [name for name, _ in used_weights(made, [st.ConvStep("v")])]
    ['w', 'v']
    """
    known, kept = dict(weights), dict.fromkeys(_named(steps))
    left = list(kept)
    while left:
        weight = known.get(left.pop())
        if weight is not None:
            more = [*_named(weight.steps), *([weight.source] if weight.source else [])]
            left += [name for name in more if name not in kept]
            kept |= dict.fromkeys(more)
    return tuple(weight for weight in weights if weight[0] in kept)


def _pipelines(claim: Claim) -> Iterator[Sequence[st.Step]]:
    yield from (claim.left, claim.right)
    yield from (weight.steps for _, weight in claim.weights)


def _named(steps: Sequence[st.Step]) -> Iterator[str]:
    """The weights and biases that a pipeline names, in its branches too."""
    for step in st.flat(steps):
        for attribute in ("weight", "bias"):
            name = getattr(step, attribute, None)
            if isinstance(name, str):
                yield name


def _hint(claim: Claim, name: str) -> str:
    """The step that uses what the weight is derived from, if there is one."""
    sources = set(_sources(claim, name))
    for side in PLACES:
        for place, step in enumerate(claim.side(side)):
            if sources & set(_named([step])):
                return f"; did you mean weight {name!r} in step {place} of {side}?"
    return ""


def _sources(claim: Claim, name: str) -> Iterator[str]:
    weights = dict(claim.weights)
    while name in weights and weights[name].source is not None:
        name = str(weights[name].source)
        yield name
