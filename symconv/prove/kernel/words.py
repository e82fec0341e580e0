"""Numbers as Coq reads them: unary ones of MathComp's ``int``, binary ones of Coq's ``Z``."""

from __future__ import annotations

from collections.abc import Sequence


def integer(value: int) -> str:
    """A number of MathComp's ``int``.

    >>> integer(3), integer(-2)
    ('3%:Z', '(- 2%:Z)%R')
    """
    return f"{value}%:Z" if value >= 0 else f"(- {-value}%:Z)%R"


def binary(value: int) -> str:
    """A number of Coq's ``Z``, which computes in binary."""
    return str(value) if value >= 0 else f"({value})"


def binaries(values: Sequence[int]) -> str:
    """A list of such numbers."""
    return f"[:: {'; '.join(map(binary, values))}]%binary"
