"""Pipelines read step by step: every step says itself what it means.

A pipeline with a max pooling is read in the monoid (max, -inf), any other in (+, 0); the two do not
mix in one pipeline without a pointwise function between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from symconv.errors import ClaimError, SymconvError, TooLarge
from symconv.machine.budget import running
from symconv.relation.form import Form
from symconv.relation.term import Monoid

MOST_TERMS = 2_048
"""Terms of a sum: each is rewritten at every step, and compared with all others of its kind."""

WeightReader = Callable[[str, Monoid], Form]


@dataclass(frozen=True, slots=True)
class Reading:
    """How steps are read: in which monoid, and where a weight's form comes from."""

    monoid: Monoid
    weight: WeightReader

    def only_sums(self, what: str) -> None:
        """Refuse a step that a maximum does not go together with.

        Raises:
            UnsupportedStep: the pipeline is read in maxima.
        """
        if self.monoid == "max":
            raise UnsupportedStep(f"{what} is not read together with a max pooling")

    def only_maxima(self) -> None:
        """Refuse a maximum among sums.

        Raises:
            UnsupportedStep: the pipeline is read in sums.
        """
        if self.monoid == "sum":
            raise UnsupportedStep("a maximum of weights is not read")


class UnsupportedStep(ClaimError):
    """A step that has a meaning, but none that this reading can express."""


class Meaningful(Protocol):
    """What a pipeline is made of: a word, and what it makes of a form."""

    @property
    def op(self) -> str:
        """The step's word."""

    def meaning(self, form: Form, reading: Reading) -> Form:
        """The form after the step."""


def read_pipeline(
    form: Form, steps: Sequence[Meaningful], reading: Reading, first: int = 0
) -> Form:
    """The form after all steps; a fault names the step's place, counted from ``first``.

    Raises:
        ClaimError: a step does not fit.
        TooLarge: the sum has too many terms.
    """
    spent = running()
    for place, step in enumerate(steps, first):
        spent.check_time()
        try:
            form = step.meaning(form, reading)
        except TooLarge:
            raise
        except SymconvError as fault:
            shape = ", ".join(map(_told, form.shape))
            fault.within(f"step {place} ({step.op}) on shape [{shape}]")
            raise
        if len(form.terms) > MOST_TERMS:
            raise TooLarge(
                f"a sum has {len(form.terms)} terms, at most {MOST_TERMS}; split the claim"
            )
    return form


MOST_TOLD = 24
"""Characters of a size in a message; a longer one is a formula that nobody wrote."""


def _told(size: object) -> str:
    text = str(size)
    return text if len(text) <= MOST_TOLD else "..."
