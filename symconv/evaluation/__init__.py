"""A second voice behind every verdict: both sides of a claim, evaluated exactly where it counts.

Data flow: a claim's steps -> a graph of tensors (`reading`) -> a few output positions, the corners,
the edges, the borders of blocks and some at random (`positions`) -> both sides' values there, at
random points modulo primes, or over integers where maxima are taken (`numbers`, `points`).  Two
polynomials that agree at random residues are the same but for a chance that is stated; functions of
which nothing is known are random functions.  No line is shared with the provers.

Source: Schwartz 1980, *Fast probabilistic algorithms for verification of polynomial identities*,
Journal of the ACM 27; Zippel 1979, *Probabilistic algorithms for sparse polynomials*.
"""

from symconv.evaluation import layers as layers
from symconv.evaluation.agreement import Difference, Evaluation, evaluate_sides
from symconv.evaluation.replay import shapes_of, values_at

__all__ = ["Difference", "Evaluation", "evaluate_sides", "shapes_of", "values_at"]
