"""What is compared: two pipelines over one input and the same free weights.

Of a layer the second one starts from the expanded weight, an array of its own; the gradients of its
slots are summed over those that hold one parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.claim import Claim, Weight
from symconv.claim import steps as st
from symconv.crosscheck.arrays import Array
from symconv.crosscheck.runner import Runner, window_counts
from symconv.crosscheck.steps import averaging, run_pipeline
from symconv.errors import MalformedError
from symconv.expand import Expansion
from symconv.expand.layers import layer_step
from symconv.size.numbers import leaves, read_finite

Values = dict[str, NDArray[Any]]

INPUT = ""
"""What the input is called among the values: a name that no weight has."""


@dataclass(frozen=True)
class Ties:
    """How a tensor of one side comes from a free weight: a parameter a slot, -1 for none."""

    name: str
    labels: NDArray[np.int64]

    def gathered(self, gradient: NDArray[Any], shape: Sequence[int]) -> NDArray[np.float64]:
        """The gradient of the free weight: the slots' summed over those that hold one parameter."""
        held = self.labels >= 0
        sums = np.bincount(self.labels[held], gradient[held], minlength=prod(shape))
        return np.asarray(sums.reshape(tuple(shape)), np.float64)

    @cached_property
    def most(self) -> int:
        """The most slots that hold one parameter."""
        held = self.labels[self.labels >= 0]
        return int(np.bincount(held).max(initial=0)) if held.size else 0


@dataclass(frozen=True)
class Side:
    """One pipeline; ``ties`` say which tensor of its own each free weight has become.

    ``expand`` makes those tensors; ``constants`` are tensors without a free weight, ``derived`` the
    claim that says how other weights come from the free ones, and ``over`` what divides the output.
    """

    steps: tuple[st.Step, ...]
    ties: tuple[Ties, ...] = ()
    expand: Any = None
    constants: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    derived: Claim | None = None
    over: NDArray[np.float64] | None = None

    def leaves(self, free: Values) -> Values:
        """This side's own tensors of the free weights."""
        return dict(free) if self.expand is None else dict(self.expand(free))

    def run(self, r: Runner, x: Array, tensors: Mapping[str, Array]) -> Array:
        """The output, from the input and this side's own tensors."""
        fixed = {name: r.array(r.absolute(value)) for name, value in self.constants.items()}
        own = {**fixed, **tensors}
        y = run_pipeline(self.steps, r, x, lambda name: self._weight(name, r, own))
        return y if self.over is None else r.divided(y, self.over)

    def _weight(self, name: str, r: Runner, own: Mapping[str, Array]) -> Array:
        if name in own or self.derived is None:
            return own[name]
        weight = self.derived.weight(name)
        if weight.source is not None:
            return self._derived(weight, weight.source, r, own)
        return _filled(weight, r)

    def _derived(self, weight: Weight, source: str, r: Runner, own: Mapping[str, Array]) -> Array:
        """A weight made from another by steps."""

        def read(name: str) -> Array:
            return self._weight(name, r, own)

        r.fan_out(2)  # a weight that is used twice adds up its gradients
        before, r.on_weights = r.on_weights, True
        found = run_pipeline(weight.steps, r, read(source), read)
        r.on_weights = before
        return found


def _filled(weight: Weight, r: Runner) -> Array:
    """A constant weight: one number everywhere, or one for each entry."""
    shape = weight.shape or ()
    if isinstance(weight.fill, tuple):
        return r.constants([read_finite(value) for value in leaves(weight.fill)], shape)
    one = r.constants([read_finite(weight.fill)], ())
    return r.backend.full(one, shape, 1.0) * one


@dataclass(frozen=True)
class Question:
    """Two sides over one input and these free weights.

    ``distinct`` asks for an input without equal samples, as a maximum of it is taken;
    ``divides_last`` says that nothing but moves follows a quotient, on either side.
    """

    left: Side
    right: Side
    input_shape: tuple[int, ...]
    free: Mapping[str, tuple[int, ...]]
    distinct: bool = False
    divides_last: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    def told(self, name: str) -> str:
        """What a comparison is called: forward, or of which gradient."""
        if name == "forward":
            return name
        return f"gradient by {self.names.get(name, name)}"


def question_of_layer(e: Expansion) -> Question:
    """The layer as it is, and on phases with the expanded weight."""
    layer = e.original
    free = {"w": e.weight_shape} if layer.has_weight else {}
    free |= {"b": (layer.out_channels,)} if e.has_bias else {}
    ones = np.ones(e.weight_shape)
    phased = {} if layer.has_weight else {"w_phases": e.expand_weight(ones)}
    expanded = layer_step(e.layer, "w_phases", "b_phases")
    return Question(
        Side((e.original_step(),)),
        Side(
            (*e.input_map, expanded, *(s for s in e.output_map if not isinstance(s, st.Scale))),
            tuple(_ties(e)),
            lambda values: _expanded(e, values),
            phased,
            over=divided_by(e),
        ),
        (layer.in_channels, *e.input_size),
        free,
        layer.monoid == "max",
        True,
        {INPUT: "input", "w": "weight", "b": "bias"},
    )


def divided_by(e: Expansion) -> NDArray[np.float64] | None:
    """What an average divides each window by, ``(1, *O)``; the expanded weight is then of ones."""
    step = e.original_step()
    if not isinstance(step, st.AvgPoolStep):
        return None
    windows = averaging(step, e.input_size)
    return window_counts(e.input_size, windows, e.output_size, step.divisor_override)


def _ties(e: Expansion) -> list[Ties]:
    found = [Ties("w", e.parameter_labels())] if e.original.has_weight else []
    if e.has_bias:
        found.append(Ties("b", tied_bias(np.arange(e.original.out_channels), e)))
    return found


def _expanded(e: Expansion, values: Values) -> Values:
    made = {"w_phases": e.expand_weight(values["w"])} if "w" in values else {}
    return {**made, **({"b_phases": tied_bias(values["b"], e)} if "b" in values else {})}


def tied_bias(bias: NDArray[Any], e: Expansion) -> NDArray[Any]:
    """A bias for each output phase, in the order of the expanded layer's channels."""
    copies = prod(e.factor_out)
    if e.order == "channel":
        return np.repeat(bias, copies)
    return np.concatenate([np.tile(part, copies) for part in np.split(bias, e.groups)])


def question_of_claim(claim: Claim) -> Question:
    """Both sides of a claim at sizes in numbers, as pipelines of a framework's operators.

    Raises:
        ClaimError: a size is named, or a weight is not what the claim uses it for.
    """
    shape = claim.input_shape
    free = {
        name: tuple(weight.shape or ())
        for name, weight in claim.weights
        if weight.source is None and weight.fill is None
    }
    if INPUT in free:
        raise MalformedError("crosscheck needs a name for every weight, got the empty one")
    return Question(
        Side(claim.left, derived=claim),
        Side(claim.right, derived=claim),
        shape,
        free,
        all(any(s.monoid == "max" for s in st.flat(side)) for side in (claim.left, claim.right)),
        False,
        {INPUT: "input", **{name: f"weight {name!r}" for name in free}},
    )


def free_names(question: Question) -> Mapping[str, tuple[int, ...]]:
    """What is differentiated by: the input, and every free weight."""
    return {INPUT: question.input_shape, **question.free}
