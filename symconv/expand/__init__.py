"""Expansions: a strided layer as one without stride over phases of its input and output."""

from symconv.expand.axis import AxisExpansion
from symconv.expand.destride import destride
from symconv.expand.expansion import Expansion

__all__ = ["AxisExpansion", "Expansion", "destride"]
