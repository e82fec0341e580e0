"""The nearest claim that holds: a refuted right side with one attribute, or two, changed.

Changed are pads of layers and of pad steps, what they hold, strides, dilations, crop ends, output
padding, flips, flags of poolings and the order of factors in patterns, in the right side and in the
weights that it alone derives; the left side is what was asked for and stays.  Nearest means: fewest
attributes, then the smallest sum of changes.  Candidates are tried on random numbers first; what
survives is settled, so that what is suggested is proved.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import Any

from symconv.claim import Claim
from symconv.claim.verdict import Certificate, Refuted
from symconv.errors import SymconvError
from symconv.prove.cuts import needs_cuts
from symconv.prove.decide import decide
from symconv.prove.squares.compose import decide_in_squares
from symconv.repair.edits import Change, Edit, candidates_of, change, changed, edited
from symconv.repair.screen import Screen

__all__ = ["Change", "Repair", "repair"]

MOST_CANDIDATES = 1000
"""How many candidates are tried: about 0.1 s where all fail on random numbers."""

MOST_PROOFS = 8
"""How many that survive are settled, each by a proof that may take a second; few ever fail."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A claim that is proved, and how it differs from the refuted one."""

    changes: tuple[Change, ...]
    claim: Claim
    tried: int
    seconds: float

    def sentence(self) -> str:
        """What to change, in words."""
        return f"The claim holds if {' and '.join(change.sentence() for change in self.changes)}"

    def to_dict(self) -> dict[str, Any]:
        """The repair's JSON form; its claim can be checked again."""
        return {
            "sentence": self.sentence(),
            "changes": [change.to_dict() for change in self.changes],
            "claim": self.claim.to_dict(),
            "tried": self.tried,
        }


def repair(
    refuted: Refuted, *, candidates: int = MOST_CANDIDATES, proofs: int = MOST_PROOFS
) -> Repair | None:
    """The nearest claim that holds, or None where the search finds none within its bounds.

    Both bounds are counts, so that the answer does not depend on how fast the machine is.

    >>> from symconv import check
    >>> w = {"w": {"shape": [1, 1, 3]}}
    >>> repair(check({"input": {"channels": 1, "size": [8]}, "weights": w,
    ...     "left": [{"op": "conv", "weight": "w", "padding": [[1, 2]]}],
    ...     "right": [{"op": "conv", "weight": "w", "padding": 1}]})).sentence()
    'The claim holds if step 0 of right pads by [[1, 2]] instead of 1'
    """
    start, claim = perf_counter(), refuted.claim
    screen = Screen(refuted)
    left = proofs
    for tried, edits in enumerate(islice(candidates_of(claim), candidates), 1):
        other = _survivor(claim, edits, screen)
        if other is None:
            continue
        if left == 0:
            return None
        left -= 1
        if _is_proved(other):
            changes = tuple(change(claim, edit) for edit in edits)
            return Repair(changes, other, tried, perf_counter() - start)
    return None


def _survivor(claim: Claim, edits: tuple[Edit, ...], screen: Screen) -> Claim | None:
    """The edited claim, if it makes sense and random numbers do not refute it."""
    try:
        return edited(claim, edits) if screen.passes(changed(claim, edits)) else None
    except (SymconvError, ValueError):
        return None


def _is_proved(claim: Claim) -> bool:
    """Whether `symconv.check` proves it."""
    try:
        if claim.names:
            return isinstance(decide(claim), Certificate)
        # Squares first: of what they leave open a counterexample is sought at length.
        open_ = needs_cuts(claim.left, claim.right) and not isinstance(
            decide_in_squares(claim), Certificate
        )
        return not open_ and isinstance(decide(claim), Certificate)
    except (SymconvError, ValueError):
        return False
