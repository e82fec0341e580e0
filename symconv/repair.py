"""The nearest claim that holds: a refuted right side with one attribute, or two, changed.

Changed are pads of layers and of pad steps, crop ends, output padding, flips and the order of
factors in patterns, in the right side and in the weights that it alone derives; the left side is
what was asked for and stays.  Nearest means: fewest attributes, then the smallest sum of changes.
Every candidate is settled, so that what is suggested is proved.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import Any

from symconv.claim import Claim, read_claim
from symconv.errors import SymconvError
from symconv.mutations import Mutation, step_mutations
from symconv.prove import concrete
from symconv.prove.cuts import needs_cuts
from symconv.prove.settle import settle
from symconv.verdict import Certificate, Refuted

MOST_CANDIDATES = 400
MOST_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute of one step, before and after."""

    where: str
    op: str
    attribute: str
    before: Any
    after: Any

    def sentence(self) -> str:
        """The change in words."""
        if self.attribute == "":
            return f"without the {self.op} of {self.where}"
        return (
            f"with {self.attribute} {self.after} instead of {self.before} in the {self.op} of "
            f"{self.where}"
        )


@dataclass(frozen=True, slots=True)
class Repair:
    """A claim that is proved, and how it differs from the refuted one."""

    changes: tuple[Change, ...]
    claim: Claim
    tried: int
    seconds: float

    def sentence(self) -> str:
        """What to change, in words."""
        return f"{' and '.join(change.sentence() for change in self.changes)} the claim holds"

    def to_dict(self) -> dict[str, Any]:
        """The repair's JSON form; its claim can be checked again."""
        changes = [
            {"where": c.where, "op": c.op, "attribute": c.attribute, "before": c.before,
             "after": c.after}
            for c in self.changes
        ]  # fmt: skip
        return {"sentence": self.sentence(), "changes": changes, "claim": self.claim.to_dict(),
                "tried": self.tried}  # fmt: skip


Text = dict[str, Any]
Path = tuple[str | int, ...]
"""Where a pipeline lies in a claim's text: ``("right",)`` or ``("weights", "v", "steps")``."""
Edit = tuple[Path, int, Mutation]


def repair(
    refuted: Refuted, *, candidates: int = MOST_CANDIDATES, seconds: float = MOST_SECONDS
) -> Repair | None:
    """The nearest claim that holds, or None where the search finds none within its bounds.

    >>> from symconv import check
    >>> w = {"w": {"shape": [1, 1, 3]}}
    >>> repair(check({"input": {"channels": 1, "size": [8]}, "weights": w,
    ...     "left": [{"op": "conv", "weight": "w", "padding": [[1, 2]]}],
    ...     "right": [{"op": "conv", "weight": "w", "padding": 1}]})).sentence()
    'with padding [[1, 2]] instead of 1 in the conv of right, step 0 the claim holds'
    """
    start, text = perf_counter(), refuted.claim.to_dict()
    for tried, edits in enumerate(islice(_candidates(text), candidates), 1):
        elapsed = perf_counter() - start
        if elapsed > seconds:
            return None
        claim = _settled(text, edits)
        if claim is not None:
            changes = tuple(_change(text, edit) for edit in edits)
            return Repair(changes, claim, tried, perf_counter() - start)
    return None


def _settled(text: Text, edits: tuple[Edit, ...]) -> Claim | None:
    """The edited claim, if it is proved."""
    try:
        claim = read_claim(_edited(text, edits))
        # Tables alone where they suffice: a candidate that they leave open is no suggestion.
        decide = settle if needs_cuts(claim.left, claim.right) else concrete.settle
        return claim if isinstance(decide(claim), Certificate) else None
    except (SymconvError, ValueError):
        return None


def _candidates(text: Text) -> Iterator[tuple[Edit, ...]]:
    """Single edits by their size, then pairs of edits at two steps by theirs."""
    singles = sorted(_edits(text), key=lambda edit: edit[2].size)
    yield from ((edit,) for edit in singles)
    near = singles[:60]
    pairs = [
        (first, second)
        for place, first in enumerate(near)
        for second in near[place + 1 :]
        if first[:2] != second[:2]
    ]
    yield from sorted(pairs, key=lambda pair: pair[0][2].size + pair[1][2].size)


def _edits(text: Text) -> Iterator[Edit]:
    for path in _pipelines(text):
        for place, step in enumerate(_at(text, path)):
            for mutation in step_mutations(step, len(text["input"]["size"])):
                yield path, place, mutation


def _pipelines(text: Text) -> Iterator[Path]:
    """The right side, and the derived weights that the left side does not use."""
    yield ("right",)
    shared = _used(text, text["left"])
    for name in sorted(_used(text, text["right"]) - shared):
        if "steps" in text["weights"][name]:
            yield ("weights", name, "steps")


def _used(text: Text, steps: list[Text]) -> set[str]:
    """All weights that a pipeline needs, those that they are derived from included."""
    names: set[str] = set()
    for step in steps:
        found = [step[key] for key in ("weight", "bias") if isinstance(step.get(key), str)]
        for branch in step.get("branches", ()):
            found += _used(text, branch)
        for name in found:
            names |= {name} | _sources(text["weights"], name)
    return names


def _sources(weights: Mapping[str, Text], name: str) -> set[str]:
    source = weights.get(name, {}).get("from")
    return set() if source is None else {source} | _sources(weights, source)


def _at(text: Text, path: Path) -> Any:
    for key in path:
        text = text[key]  # type: ignore[index]
    return text


def _edited(text: Text, edits: tuple[Edit, ...]) -> Text:
    new = copy.deepcopy(text)
    # From the last step to the first, so that a step that goes moves no other that changes.
    for path, place, mutation in sorted(edits, key=lambda edit: -edit[1]):
        steps = _at(new, path)
        steps[place : place + 1] = [mutation.step] if mutation.step is not None else []
    return new


def _change(text: Text, edit: Edit) -> Change:
    path, place, mutation = edit
    step = _at(text, path)[place]
    where = f"weight {path[1]}, step {place}" if path[0] == "weights" else f"right, step {place}"
    key = mutation.attribute
    after = mutation.step.get(key) if mutation.step is not None else None
    return Change(where, step["op"], key, step.get(key, 0), after)
