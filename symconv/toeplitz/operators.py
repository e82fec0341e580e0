"""Linear operators as frozen, lazy values: gathers, products, sums and transposes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from operator import add, matmul
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import SparseMatrix
from sympy.polys.domains.domain import Domain
from sympy.polys.matrices import DomainMatrix

from symconv.errors import InputError
from symconv.layer.window import BOTTOM, Index
from symconv.toeplitz.entries import Entries
from symconv.toeplitz.latex import operator_latex, product_latex
from symconv.toeplitz.values import multiply

Values = NDArray[Any]


class LinearOperator(ABC):
    """A matrix written out only when asked for; ``A @ B``, ``A + B`` and ``A.T`` are lazy."""

    @property
    @abstractmethod
    def symbol(self) -> str:
        """The operator's name in LaTeX."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @abstractmethod
    def entries(self, rows: Index | None = None) -> Entries:
        """Return the entries of these rows (BOTTOM is a row of zeros), by default of all."""

    def after(self, left: Entries) -> Entries:
        """Return the entries of the product of a matrix and this operator."""
        return left @ self.entries()

    @property
    def factors(self) -> tuple[LinearOperator, ...]:
        """The operators that this one composes, the one applied last first."""
        return (self,)

    @property
    def T(self) -> LinearOperator:
        """The transpose, which is the adjoint for real weights."""
        return Transpose(self)

    def __matmul__(self, other: object) -> LinearOperator:
        if not isinstance(other, LinearOperator):
            return NotImplemented
        return Composition((*self.factors, *other.factors))

    def __add__(self, other: object) -> LinearOperator:
        return Sum((self, other)) if isinstance(other, LinearOperator) else NotImplemented

    def __call__(self, x: Sequence[Any] | Values) -> Values:
        """Apply to a vector of any exact values; the result is an object array."""
        vector = np.asarray(x, dtype=object).ravel()
        if len(vector) != self.shape[1]:
            raise InputError(f"expected {self.shape[1]} values, got {len(vector)}")
        entries = self.entries()
        weights = [entries.palette[label] for label in entries.labels.tolist()]
        result = np.zeros(self.shape[0], dtype=object)
        for row, column, weight in zip(entries.rows, entries.columns, weights, strict=True):
            result[row] += multiply(weight, vector[column])
        return result

    def as_matrix(self) -> SparseMatrix:
        """Return SymPy's sparse matrix of terms.

        Raises:
            TooLarge: it has millions of entries.
        """
        return self.entries().matrix()

    def domain_matrix(self, domain: Domain | None = None) -> DomainMatrix:
        """Return SymPy's sparse `DomainMatrix` over ``ZZ`` or ``QQ`` with the symbols adjoined.

        Two of them can be compared where they share their domain: hand one's to the other.

        Raises:
            TooLarge: it has millions of entries, or thousands of symbols.
        """
        return self.entries().domain_matrix(domain)

    @property
    def summands(self) -> tuple[LinearOperator, ...]:
        """The operators that this one adds."""
        return (self,)

    @property
    def latex_name(self) -> str:
        """The operator's name in LaTeX, or its product in brackets."""
        return self.symbol or rf"\left({product_latex(self)}\right)"

    @property
    def latex_formula(self) -> str:
        """What the name stands for, where that can be said."""
        return ""

    @property
    def is_zero(self) -> bool:
        """Whether it is written as a matrix without entries."""
        return False

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {operator_latex(self)}$"


@dataclass(frozen=True, eq=False)
class Gather(LinearOperator):
    """The 0/1 matrix of ``y[j] = x[index[j]]``, and 0 where the index is BOTTOM.

    >>> Gather(np.array([2, -1, 0]), columns=3).as_matrix()
    Matrix([
    [0, 0, 1],
    [0, 0, 0],
    [1, 0, 0]])
    """

    index: Index
    columns: int
    symbol: str = "G"

    def __post_init__(self) -> None:
        index = np.array(self.index)
        integral = index.ndim == 1 and (index.dtype.kind in "iu" or not index.size)
        if not integral or np.any((index < BOTTOM) | (index >= self.columns)):
            raise InputError(
                f"a gather of {self.columns} columns needs a list of positions from 0 to "
                f"{self.columns - 1}, or {BOTTOM} for a zero, got {self.index!r}"
            )
        index = index.astype(np.int64)
        index.flags.writeable = False
        object.__setattr__(self, "index", index)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.index), self.columns

    def select(self, rows: Index | None) -> Index:
        """Return the index of these rows, by default of all."""
        if rows is None:
            return self.index
        return np.where(rows == BOTTOM, BOTTOM, self.index[rows])

    def entries(self, rows: Index | None = None) -> Entries:
        """Return a one for every row that reads something."""
        index = self.select(rows)
        live = np.flatnonzero(index != BOTTOM)
        shape = (len(index), self.columns)
        return Entries(shape, live, index[live], np.zeros(len(live), dtype=np.int64), (1,))

    def after(self, left: Entries) -> Entries:
        """Return the product's entries: the columns move, and nothing is multiplied."""
        return left.gathered(self.index, self.columns)


@dataclass(frozen=True, eq=False)
class Explicit(LinearOperator):
    """An operator whose entries are given one by one."""

    given: Entries
    symbol: str = "A"

    @property
    def is_zero(self) -> bool:
        """Whether no entry is given."""
        return not len(self.given.rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.given.shape

    def entries(self, rows: Index | None = None) -> Entries:
        """Return the given entries."""
        return self.given if rows is None else self.given.take_rows(rows)


@dataclass(frozen=True, eq=False)
class Composition(LinearOperator):
    """``A @ B @ ...``: the factors, the one applied last first.

    A gather is composed by moving integers: in front it selects rows, behind it moves columns.
    """

    parts: tuple[LinearOperator, ...]
    symbol: str = field(default="", init=False)

    def __post_init__(self) -> None:
        for left, right in pairwise(self.parts):
            if left.shape[1] != right.shape[0]:
                raise InputError(
                    f"operators of {left.shape[0]} x {left.shape[1]} and {right.shape[0]} x "
                    f"{right.shape[1]} do not compose; the inner sizes must be equal"
                )

    @property
    def factors(self) -> tuple[LinearOperator, ...]:
        """The operators that this one composes, the one applied last first."""
        return self.parts

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.parts[0].shape[0], self.parts[-1].shape[1]

    def entries(self, rows: Index | None = None) -> Entries:
        """Return the product's entries; only rows that are asked for are ever written out."""
        first, *rest = self.parts
        if isinstance(first, Gather) and rest:
            return reduce(matmul, rest).entries(first.select(rows))
        result = first.entries(rows)
        for part in rest:
            result = part.after(result)
        return result


@dataclass(frozen=True, eq=False)
class Sum(LinearOperator):
    """``A + B + ...``: operators of one shape, added."""

    parts: tuple[LinearOperator, ...]
    symbol: str = field(default="", init=False)

    def __post_init__(self) -> None:
        shapes = {part.shape for part in self.parts}
        if len(shapes) != 1:
            raise InputError(f"operators of one shape can be added, got {sorted(shapes)}")

    @property
    def summands(self) -> tuple[LinearOperator, ...]:
        """The parts' own summands, in their order."""
        return tuple(summand for part in self.parts for summand in part.summands)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.parts[0].shape

    @property
    def T(self) -> LinearOperator:
        """The sum of the transposes."""
        return Sum(tuple(part.T for part in self.parts))

    def entries(self, rows: Index | None = None) -> Entries:
        """Return the entries of every part."""
        return reduce(add, (part.entries(rows) for part in self.parts))


@dataclass(frozen=True, eq=False)
class Transpose(LinearOperator):
    """``A.T``: rows and columns swapped."""

    of: LinearOperator
    symbol: str = field(default="", init=False)

    @property
    def latex_name(self) -> str:
        """The other's name, transposed."""
        return rf"{self.of.latex_name}^{{\top}}"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.of.shape[::-1]

    @property
    def factors(self) -> tuple[LinearOperator, ...]:
        """The transposes of the other's factors, in reverse."""
        parts = self.of.factors
        return tuple(part.T for part in reversed(parts)) if len(parts) > 1 else (self,)

    @property
    def T(self) -> LinearOperator:
        """The operator that this one transposes."""
        return self.of

    def entries(self, rows: Index | None = None) -> Entries:
        """Return the other's entries, swapped."""
        entries = self.of.entries().transposed()
        return entries if rows is None else entries.take_rows(rows)
