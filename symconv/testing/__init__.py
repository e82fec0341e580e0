"""For other people's test suites: assert equality, sweep over configurations, draw layers.

`symconv.testing.strategies` needs Hypothesis and is imported by itself.
"""

from symconv.testing.equivalence import assert_equivalent
from symconv.testing.families import Family, families
from symconv.testing.sweep import Sweep, sweep

__all__ = ["Family", "Sweep", "assert_equivalent", "families", "sweep"]
