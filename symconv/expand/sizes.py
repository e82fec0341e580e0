"""The sizes of an expansion: numbers, or names that may be given values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symconv.errors import FactorError, InputError, LayerError
from symconv.layer.base import read_size, shown
from symconv.size.expr import Extent, Size, names_of, size_at


def require_expansion(value: object, verb: str) -> None:
    """Refuse what is not a layer's expansion.

    Raises:
        InputError: it is not one.
    """
    if not isinstance(value, Sized):
        raise InputError(
            f"{verb} takes an expansion, as symconv.destride(layer, input_size) makes one, got "
            f"{type(value).__name__} {value!r:.60}"
        )


class Sized:
    """What has an input size, in numbers or in names."""

    input_size: tuple[Extent, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The named sizes."""
        return names_of(*self.input_size)

    def require_numbers(self, what: str) -> None:
        """Refuse named sizes where numbers are needed.

        Raises:
            FactorError: a size is named.
        """
        if self.names:
            raise FactorError(
                f"{what} needs sizes in numbers, got input_size={shown(self.input_size)}; "
                "take .at(input_size) of the expansion"
            )


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
