"""The steps of a claim's text, read strictly: every attribute spelt out, and none that is unknown.

What each step is lies in `symconv.recheck.ops`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symconv.errors import ClaimError
from symconv.recheck.functions import FUNCTIONS
from symconv.recheck.ops import OPS

Text = dict[str, Any]


def read_steps(steps: Any) -> list[Text]:
    """A pipeline with every attribute spelt out.

    Raises:
        ClaimError: a step or an attribute is unknown, or one is missing.
    """
    if not isinstance(steps, list):
        raise ClaimError(f"a pipeline must be a list of steps, got {steps!r:.80}")
    return [_step(step) for step in steps]


def _step(step: Any) -> Text:
    if not isinstance(step, Mapping) or not isinstance(op := step.get("op"), str):
        raise ClaimError(f"a step must be an object with an op, got {step!r:.80}")
    if op in FUNCTIONS and set(step) == {"op"}:
        return {"op": "pointwise", "function": op}
    if op not in OPS:
        raise ClaimError(f"there is no step {op!r:.80}")
    found = OPS[op].read(step)
    if "branches" in found:
        found["branches"] = [read_steps(branch) for branch in found["branches"]]
    return found
