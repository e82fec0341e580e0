"""Everything that reads claims, each asked what it says of a case in one word.

The words are ``proved`` and ``refuted``; ``error`` of what is ill-formed; ``undecided``; and
``cannot`` where a case is not of the kind that a reader speaks of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import torch

from symconv.claim import Claim, read_claim
from symconv.claim.verdict import Certificate, Counterexample, Refuted, Verdict
from symconv.errors import ClaimError, TooLarge
from symconv.evaluation import Difference, evaluate_sides
from symconv.machine.budget import spending
from symconv.prove.decide import decide
from symconv.prove.engine import Engine, Question
from symconv.prove.registry import DECIDERS
from symconv.recheck import recheck
from symconv.recheck.claims import at as recheck_at
from symconv.recheck.claims import read_claim as recheck_read
from symconv.recheck.decide import same_function
from symconv.recheck.everywhere import is_plain
from symconv.repair import repair
from symconv.replay.run import assigned, run_claim
from tests.catalogue.cases import Case, Sizes, Text
from tests.helpers.random_steps import UNKNOWN
from tests.helpers.requirements import require
from tests.helpers.torch_claims import agree, tells_apart

torch.set_num_threads(1)  # the others spin for longer than these claims take

Reader = Callable[[Case], str]


def said(case: Case, verdict: Verdict) -> str:
    """A verdict in a word; a refutation at other sizes than the least says so."""
    sizes = dict(verdict.counterexample.size) if isinstance(verdict, Refuted) else None
    if sizes is not None and case.least not in (None, sizes):
        return f"refuted first at {sizes}"
    return verdict.verdict


def by_engine(engine: Engine, case: Case) -> str:
    """What an engine finds when it is asked alone, with no second voice."""
    question = Question(case.claim)
    if engine.can(question) is not None:
        return "cannot"
    with spending():
        return said(case, engine.decide(question).verdict)


@lru_cache(maxsize=64)
def _decided(text: str) -> Verdict:
    return decide(read_claim(json.loads(text)))


def decided(case: Case) -> Verdict:
    """The verdict of all engines together, computed once for the readers that need it."""
    return _decided(json.dumps(case.text))


def by_all(case: Case) -> str:
    """What `decide` says."""
    return said(case, decided(case))


def by_recheck(case: Case) -> str:
    """What the rechecker says of the certificate's text."""
    require("z3")
    verdict = decided(case)
    if not isinstance(verdict, Certificate):
        return "cannot"
    return recheck(json.loads(json.dumps(verdict.to_dict()))).verdict


def by_points(case: Case, equal: Callable[[Case, Sizes], bool | None]) -> str:
    """What a reader of one size at a time says: ``equal`` at each, or None where it cannot."""
    answers = [(equal(case, sizes), truth) for sizes, truth in case.points()]
    wrong = [answer for answer, truth in answers if answer not in (None, truth)]
    if wrong:
        return "proved" if wrong[0] else "refuted where it holds"
    told = [truth for answer, truth in answers if answer is not None]
    if not told or (case.stated == "refuted" and all(told)):
        return "cannot"
    return "proved" if all(told) else "refuted"


def evaluated_alike(case: Case, sizes: Sizes) -> bool | None:
    """Whether the second voice sees no difference."""
    with suppress(TooLarge):
        return not isinstance(evaluate_sides(case.claim.at(sizes)), Difference)
    return None


def counted_alike(case: Case, sizes: Sizes) -> bool | None:
    """Whether the rechecker's dictionaries hold the same; they know no functions."""
    text = recheck_at(recheck_read(case.text), sizes)
    if not is_plain(text) or any(map(_by_maximum, case.text.get("weights", {}).values())):
        return None
    with suppress(TooLarge):
        return same_function(text)[0]
    return None


def _by_maximum(weight: Text) -> bool:
    """Whether a weight is made by a maximum, which the dictionaries do not read."""
    return any(step["op"] == "max_pool" for step in weight.get("steps", ()))


def torch_alike(case: Case, sizes: Sizes) -> bool | None:
    """Whether torch gives the same on random integers, of which few tell some maxima apart."""
    with suppress(*UNKNOWN):
        return agree(_plain(case.claim.at(sizes)), tries=3 if case.stated == "proved" else 40)
    return None


def _plain(claim: Claim) -> Text:
    text: Text = json.loads(json.dumps(claim.to_dict()))
    return text


def by_replay(case: Case) -> str:
    """Whether the counterexample tells the sides apart in NumPy, with the values it states."""
    verdict = decided(case)
    if not isinstance(verdict, Refuted):
        return "cannot"
    here = verdict.at_size()
    x, tensors = assigned(here.claim, here.counterexample)
    sides = [run_claim(here.claim, side, x, tensors) for side in ("left", "right")]
    return "refuted" if _as_stated(sides, here.counterexample) else "proved"


def _as_stated(sides: list[Any], found: Counterexample) -> bool:
    if found.left_shape is not None:
        return [side.shape for side in sides] == [found.left_shape, found.right_shape]
    left, right = (side[found.output] for side in sides)
    near = all(_near(*pair) for pair in ((left, found.left), (right, found.right)))
    return near and bool(left != right)


def _near(value: Any, stated: str) -> bool:
    with suppress(ValueError):
        return bool(Fraction(value) == Fraction(stated))
    return bool(value == float(stated) or abs(value - float(stated)) < 1e-6)


def by_torch_replay(case: Case) -> str:
    """Whether torch tells the sides apart at the counterexample."""
    verdict = decided(case)
    if not isinstance(verdict, Refuted):
        return "cannot"
    here = verdict.at_size()
    with suppress(*UNKNOWN):
        apart = tells_apart(_plain(here.claim), here.counterexample)
        return "refuted" if apart else "proved"
    return "cannot"


def by_z3(case: Case) -> str:
    """What z3 says at sizes in numbers; what it finds must differ by the dictionaries too."""
    allsizes: Any = require("symconv.recheck.allsizes")
    if case.claim.names:
        return "cannot"  # that is the engine's to say
    text = recheck_read(case.text)
    found = allsizes.decide(text, seconds=SOLVER_SECONDS)
    if found.answer == "unknown":
        return "undecided"
    if found.answer == "holds":
        return "proved"
    return "undecided" if counted_alike(case, found.sizes) else "refuted"


def by_repair(case: Case) -> str:
    """Whether a repair leaves what was asked for, and torch agrees with what it suggests."""
    verdict = decided(case)
    if not isinstance(verdict, Refuted):
        return "cannot"
    found = repair(verdict)
    if found is None:
        return "undecided"
    small = found.claim.at(dict(verdict.counterexample.size))
    agreed = found.claim.left == case.claim.left
    with suppress(*UNKNOWN):
        agreed = agreed and agree(_plain(small), tries=3)
    return "refuted" if agreed else "proved"


SOLVER_SECONDS = 20.0
"""How long z3 may take for one case, as the rechecker lets it."""

ENGINES: dict[str, Reader] = {engine.name: partial(by_engine, engine) for engine in DECIDERS}
"""The engines, each asked alone."""

SEEING: dict[str, Reader] = {
    "evaluation": partial(by_points, equal=evaluated_alike),
    "torch": partial(by_points, equal=torch_alike),
    "z3 at sizes": by_z3,
}
"""Readers that, like the engines, are asked of claims that others have found to be well-formed."""

READERS: dict[str, Reader] = {
    **ENGINES,
    **SEEING,
    "decide": by_all,
    "recheck": by_recheck,
    "dictionaries": partial(by_points, equal=counted_alike),
    "replay": by_replay,
    "torch replay": by_torch_replay,
    "repair": by_repair,
}


def says(name: str, case: Case, readers: Mapping[str, Reader] = READERS) -> str:
    """A reader's word of a case."""
    if case.stated == "error" and name in (*ENGINES, *SEEING):
        return "cannot"
    try:
        return readers[name](case)
    except TooLarge:
        return "undecided"
    except ClaimError:
        return "error"
