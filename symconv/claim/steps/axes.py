"""Steps with one entry per axis, and the texts that name only some of the axes.

A step holds the whole list.  A text may leave axes out, in one of two ways:
``{"op": "pad", "axis": -1, "padding": [1, 1]}`` or ``{"op": "pad", "padding": {"-1": [1, 1]}}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from symconv.claim.steps.base import Step
from symconv.errors import ClaimError, MalformedError

_INTEGER = re.compile(r"-?\d{1,9}")


class PerAxis(Step):
    """A step whose attribute ``listed`` holds one entry per axis; ``blank`` leaves an axis alone.

    The entry of a single ``axis`` stands under ``parts``: in most steps under the attribute itself.
    """

    listed: ClassVar[str]
    blank: ClassVar[Any]
    parts: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any], rank: int | None = None) -> Step:
        """Read the step; axes that the text leaves out stay as they are.

        Raises:
            ClaimError: an axis is not there or stands twice, or nobody knows how many there are.
        """
        given = dict(attributes)
        if "axis" in given:
            axis = given.pop("axis")
            given[cls.listed] = cls._spread([(axis, cls._entry(given))], rank)
        elif isinstance(entries := given.get(cls.listed), Mapping):
            given[cls.listed] = cls._spread(list(entries.items()), rank)
        return super().from_attributes(given, rank)

    @classmethod
    def _entry(cls, given: dict[str, Any]) -> Any:
        """Take the entry of a single axis out of the attributes."""
        if not cls.parts:
            if cls.listed not in given:
                raise ClaimError(f"{cls.op} needs {cls.listed}")
            return given.pop(cls.listed)
        if cls.listed in given or not set(cls.parts) & set(given):
            raise ClaimError(
                f"{cls.op} takes {cls.listed}, or an axis with {', '.join(cls.parts)}; "
                f"got {', '.join(['axis', *given])}"
            )
        return [given.pop(part, None) for part in cls.parts]

    @classmethod
    def _spread(cls, entries: Sequence[tuple[Any, Any]], rank: int | None) -> list[Any]:
        """The entries of some axes as a list for all of them."""
        if rank is None:
            raise ClaimError(
                f"{cls.op}: how many axes there are is not known here; write {cls.listed} as a "
                "list with one entry per axis"
            )
        found: dict[int, Any] = {}
        for key, entry in entries:
            axis = _axis(key, rank)
            if axis in found:
                raise MalformedError(f"{cls.op}: axis {key} stands twice")
            found[axis] = entry
        return [found.get(axis, cls.blank) for axis in range(rank)]


def _axis(key: Any, rank: int) -> int:
    """An axis, as a number or as JSON's text of one, counted from the front."""
    if type(key) is not int and not (isinstance(key, str) and _INTEGER.fullmatch(key)):
        raise MalformedError(f"an axis must be an integer, got {key!r}")
    if not -rank <= int(key) < rank:
        raise MalformedError(f"axis {key} is not one of {rank} axes")
    return int(key) % rank
