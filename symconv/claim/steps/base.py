"""What every step has: attributes as frozen values, and a JSON form.

A step maps one tensor to another.  Data has axes ``(channel, *spatial)`` and no batch; weights have
PyTorch's layout.  What a step *means* it says itself, in the words of `symconv.relation`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from symconv.claim.entries import Kinds
from symconv.errors import ClaimError, InternalError
from symconv.relation.form import Form
from symconv.relation.reading import Reading, UnsupportedStep
from symconv.relation.term import Monoid
from symconv.size.numbers import freeze, thaw

STEPS: dict[str, type[Step]] = {}
"""The class that reads each op; a step stands here once its class is written."""


@dataclass(frozen=True)
class Step:
    """One step of a pipeline.

    A class with an ``op`` of its own reads the texts of that op, unless it is a ``variant``: one
    that another class of its op makes, as an attribute asks.
    """

    op: ClassVar[str] = ""
    monoid: ClassVar[Monoid | None] = None
    """``"sum"`` where the step adds or multiplies, ``"max"`` where it takes a maximum."""
    is_layer: ClassVar[bool] = False
    """Whether it is a convolution or a pooling: pipelines are cut behind such ones."""
    only_moves: ClassVar[bool] = False
    """Whether every value after it is one before it, so that a function may come first."""
    adds_products: ClassVar[bool] = False
    """Whether it only moves values, adds them up, or multiplies them by weights and by 0 or 1."""
    uneven: ClassVar[bool] = False
    """Whether it may treat positions in the middle of an axis unlike their neighbours."""
    divides: ClassVar[bool] = False
    """Whether it only multiplies each value: such steps stay with the layer in front of them."""
    joins_axes: ClassVar[bool] = False
    """Whether positions on one axis depend on those of others: then none is looked at alone."""

    kinds: ClassVar[Kinds] = {}
    """What each attribute holds, where that can be said without a tensor's shape."""

    @classmethod
    def check_kinds(cls, attributes: Mapping[str, Any]) -> None:
        """Refuse attributes that hold entries of a wrong kind.

        Raises:
            MalformedError: one does; the message says what it must hold.
        """
        for name, value in attributes.items():
            if name in cls.kinds:
                cls.kinds[name].check(name, value)

    def __init_subclass__(cls, *, variant: bool = False, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "op" in cls.__dict__ and not variant and STEPS.setdefault(cls.op, cls) is not cls:
            raise InternalError(f"two classes read the step {cls.op!r}")

    @property
    def inner(self) -> tuple[tuple[Step, ...], ...]:
        """The pipelines that the step runs: the branches of one that has some."""
        return ()

    def __post_init__(self) -> None:
        names: tuple[str, ...] = self.__match_args__  # the fields, in their order
        for name in names:
            object.__setattr__(self, name, freeze(getattr(self, name)))

    @property
    def may_read_nothing(self) -> bool:
        """Whether ``-inf`` can stand behind it where none stood in front of it."""
        return False

    def meaning(self, form: Form, reading: Reading) -> Form:
        """What the step makes of a form.

        Raises:
            ClaimError: the step does not fit the form's shape.
            UnsupportedStep: it has no meaning in this reading.
        """
        raise UnsupportedStep(f"no meaning is known for step {self.op!r}")

    def to_dict(self) -> dict[str, Any]:
        """The step's JSON form; attributes at their default are left out."""
        attributes = {
            field.name: thaw(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }
        return {"op": self.op, **attributes}

    def rank_after(self, rank: int) -> int | None:
        """How many axes there are behind the step, before it ``rank``; None where it cannot say."""
        return rank

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Make the step from its JSON attributes (all keys but ``op``).

        ``rank`` is the number of axes before it, where that is known.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        required = {f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
        if unknown := sorted(set(attributes) - known):
            raise ClaimError(
                f"{cls.op} has no attribute {', '.join(map(repr, unknown))}; "
                f"it has {', '.join(sorted(known)) or 'none'}"
            )
        if missing := sorted(required - set(attributes)):
            raise ClaimError(f"{cls.op} needs {', '.join(missing)}")
        cls.check_kinds(attributes)
        return cls(**attributes)


def flat(steps: Iterable[Step]) -> Iterator[Step]:
    """All steps of a pipeline, those of its branches included."""
    for step in steps:
        yield step
        for branch in step.inner:
            yield from flat(branch)


def joins_axes(steps: Iterable[Step]) -> bool:
    """Whether some step of a pipeline does."""
    return any(step.joins_axes for step in flat(steps))
