"""Steps as the rechecker knows them: one class for each, found by its word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from symconv.errors import ClaimError, InternalError
from symconv.recheck.factors import Product

Text = dict[str, Any]
Shape = list[int]
Sum = list[Product]

NEEDED = object()
"""In place of a default: the attribute must be given."""

KINDS: dict[str, type] = {
    "weight": str,
    "bias": str,
    "mode": str,
    "padding_mode": str,
    "function": str,
    "legality": str,
    "ceil_mode": bool,
    "count_include_pad": bool,
    "branches": list,
    "slices": list,
    "axes": list,
    "keep": list,
    "factors": list,
    "counts": list,
    "repeats": list,
    "matrix": list,
    "representatives": list,
    "start": list,
}
"""What attributes that are no numbers must be; numbers are checked with the shapes."""


class Sizes(Protocol):
    """What a step asks of the walk along the shapes of a claim."""

    maximum: bool
    weights: Mapping[str, Any]

    def weight(self, name: str, seen: tuple[str, ...] = ()) -> Shape:
        """The shape of a weight."""

    def pipeline_after(self, steps: Sequence[Text], shape: Shape) -> Shape:
        """The shape after the steps of a branch."""

    def counted(self, shape: Shape, entries: int = 0) -> Shape:
        """The shape, once so many rows are known to fit."""


class Sums(Protocol):
    """What a step asks of the reading of a claim."""

    maximum: bool

    @property
    def shapes(self) -> Sizes:
        """The walk along its shapes."""

    def weight(self, name: str) -> Sum:
        """The sum that a weight is."""

    def constant(self, value: Any, shape: Sequence[int]) -> Sum:
        """The same number everywhere."""

    def steps(self, steps: Sequence[Text], terms: Sum, shape: Shape) -> tuple[Sum, Shape]:
        """The sum after the steps of a branch, and its shape."""


class Op:
    """One step of a claim's text, as the rechecker reads it.

    A subclass gives its word, its kind and its attributes beside its name:
    ``class Flip(Op, op="flip", kind="moves", axes=NEEDED)``.
    """

    attributes: ClassVar[Mapping[str, Any]] = {}
    """What it may hold beside its word, with the defaults; `NEEDED` where there is none."""
    kind: ClassVar[str] = ""
    """"moves" values, "gathers" them beside written ones, takes a "sum" or a "maximum"."""
    windowed: ClassVar[bool] = False
    """Whether it sums over windows, as a layer does."""

    def __init_subclass__(
        cls, op: str = "", kind: str = "", windowed: bool = False, **attributes: Any
    ) -> None:
        super().__init_subclass__()
        cls.kind, cls.windowed = kind or cls.kind, windowed or cls.windowed
        cls.attributes = {**cls.attributes, **attributes}
        if op and OPS.setdefault(op, cls()).__class__ is not cls:
            raise InternalError(f"two classes recheck the step {op!r}")

    def read(self, step: Mapping[str, Any]) -> Text:
        """The step with every attribute spelt out.

        Raises:
            ClaimError: one is unknown, one is missing, or one is not what it must be.
        """
        found = {**self.attributes, **step}
        if unknown := set(found) - {"op", *self.attributes}:
            names = ", ".join(map(repr, sorted(unknown)))
            raise ClaimError(f"{step['op']} has no attribute {names}")
        if missing := [name for name, value in found.items() if value is NEEDED]:
            raise ClaimError(f"{step['op']} needs {', '.join(missing)}")
        self._check_kinds(found)
        return self.normal(found)

    def _check_kinds(self, step: Text) -> None:
        """Texts, truth values and lists are what they must be, or left out."""
        for name in set(step) & set(KINDS):
            left_out = step[name] is None and self.attributes[name] is None
            if not left_out and not isinstance(step[name], KINDS[name]):
                raise ClaimError(f"{step['op']}: {name} cannot be {step[name]!r:.80}")

    def normal(self, step: Text) -> Text:
        """The step as it is rechecked; some have several texts.

        Raises:
            ClaimError: its attributes do not go together.
        """
        return step

    def shape(self, step: Text, shape: Shape, of: Sizes) -> Shape:
        """The shape after the step.

        Raises:
            ClaimError: it does not fit, or PyTorch would refuse it.
            TooLarge: its tables would not fit into the rechecker's bound.
        """
        raise ClaimError(f"step {step['op']!r} has no shape")

    def sum(self, step: Text, terms: Sum, shape: Shape, of: Sums) -> Sum:
        """The sum after the step, of a sum of this shape.

        Raises:
            ClaimError: the step cannot be rechecked there.
        """
        raise ClaimError(f"step {step['op']!r} is not rechecked")


OPS: dict[str, Op] = {}
"""Every step by its word."""


def of_kind(*kinds: str) -> set[str]:
    """The words of the steps of these kinds."""
    return {word for word, op in OPS.items() if op.kind in kinds}


def every_step(steps: list[Text]) -> Iterator[Text]:
    """All steps of a pipeline, those of its branches among them."""
    for step in steps:
        yield step
        for branch in step.get("branches", ()):
            yield from every_step(branch)


def room(size: int) -> int:
    """The size of an axis.

    Raises:
        ClaimError: nothing is left of it.
    """
    if size < 1:
        raise ClaimError("it leaves nothing of an axis")
    return size


def times(terms: Sum, factor: Any) -> Sum:
    """Every term times one number; nothing is left of a sum that is multiplied by zero."""
    for term in terms:
        term.number *= factor
    return terms if factor else []


def scale_axis(term: Product, axis: int, factors: Sequence[Any]) -> None:
    """Multiply an axis by a number for each position.

    Raises:
        ClaimError: there are fewer or more, or one is not finite.
    """
    if len(factors) != term.shape()[axis] or None in factors:
        raise ClaimError(f"axis {axis} needs {term.shape()[axis]} finite factors")
    digit = term.flat(axis)
    strand = term.strand([digit])
    at = strand.digits.index(digit)
    strand.rows = {
        key: {name: n * (factors[key[at]] or 0) for name, n in row.items()}
        for key, row in strand.rows.items()
        if factors[key[at]]
    }


def read_axis(term: Product, axis: int, index: Sequence[int | None]) -> None:
    """Read an axis through a list of old positions; None reads nothing."""
    readers: dict[int, list[tuple[int]]] = {}
    for new, old in enumerate(index):
        if old is not None:
            readers.setdefault(old, []).append((new,))
    digit, fresh = term.flat(axis), term.new_digit(len(index))
    term.reindex([digit], [fresh], lambda v: readers.get(v[0], []))
    term.axes[axis] = [fresh]
