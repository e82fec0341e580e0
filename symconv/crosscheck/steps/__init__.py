"""Steps in a framework's own words; importing the families makes them known."""

from symconv.crosscheck.steps import layers as _layers  # noqa: F401
from symconv.crosscheck.steps import moves as _moves  # noqa: F401
from symconv.crosscheck.steps import values as _values  # noqa: F401
from symconv.crosscheck.steps.base import run_pipeline
from symconv.crosscheck.steps.layers import averaging

__all__ = ["averaging", "run_pipeline"]
