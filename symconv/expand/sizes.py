"""Named sizes of an expansion given values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symconv.errors import LayerError
from symconv.layer.base import read_size
from symconv.size.expr import Extent, Size, names_of, size_at


def size_named_by(values: Mapping[str, Size | str], sizes: Sequence[Extent]) -> tuple[Extent, ...]:
    """The sizes where names have these values; a name without one stays.

    Raises:
        LayerError: there is no such name.
    """
    known = names_of(*sizes)
    if unknown := sorted(set(values) - set(known)):
        raise LayerError(f"no size is named {unknown[0]!r}; named are {', '.join(known) or 'none'}")
    given = dict(zip(known, read_size([values.get(n, n) for n in known], "at"), strict=True))
    return tuple(size_at(size, given) for size in sizes)
