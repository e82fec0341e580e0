"""Adaptive poolings: windows that share an axis out among a number of outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from symconv.relation.digits import numbers, single_leg
from symconv.relation.form import Form, scale_axis
from symconv.relation.indices import Leg, Portions, Shares
from symconv.relation.term import Term
from symconv.size.expr import Expr, Size


@dataclass(frozen=True, slots=True)
class Adaptive:
    """Output ``i`` of ``O`` reads ``floor(i*N/O) .. ceil((i+1)*N/O) - 1`` of ``N`` samples."""

    size: Size
    outputs: int

    @property
    def ends(self) -> tuple[tuple[Size, Size], ...]:
        """First and end sample of every window."""
        n, o = self.size, self.outputs
        return tuple((i * n // o, ((i + 1) * n + o - 1) // o) for i in range(o))

    def read(self, term: Term, axis: int) -> Term:
        """The term with an axis of windows in place of one of samples, summed over each."""
        term, read = single_leg(term, axis)
        out = Leg(self.outputs)
        return term.related(Portions(out, read, self.ends)).with_axis(axis, (out,))

    def divided(self, term: Term, axis: int) -> Term:
        """The term over the number of samples of every window."""
        counts = tuple(end - first for first, end in self.ends)
        if not any(isinstance(count, Expr) for count in counts):
            return scale_axis(term, axis, [Fraction(1, count) for count in numbers(counts)])
        term, leg = single_leg(term, axis)
        return term.related(Shares(leg, counts))


def adapted(form: Form, windows: Sequence[Adaptive | None]) -> Form:
    """Every spatial axis through its windows; None keeps it."""
    pairs = list(enumerate(windows, 1))

    def read(term: Term) -> Term:
        for axis, window in pairs:
            term = term if window is None else window.read(term, axis)
        return term

    shape = [form.shape[axis] if w is None else w.outputs for axis, w in pairs]
    return form.each(read, [form.shape[0], *shape])
