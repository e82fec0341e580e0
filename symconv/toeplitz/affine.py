"""A linear operator and an offset: ``y = A x + b``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import SparseMatrix
from sympy.polys.domains.domain import Domain
from sympy.polys.matrices import DomainMatrix

from symconv.errors import InputError
from symconv.toeplitz.latex import formulas_latex, product_latex
from symconv.toeplitz.operators import LinearOperator, Values


@dataclass(frozen=True, eq=False)
class AffineOperator:
    """``y = linear x + offset``: what a layer is, for fixed weights, bias and padding value.

    ``offset`` is an operator of one column, and ``bias`` holds one value per output channel, where
    the layer has one.  Shape, matrix, factors and transpose are those of the linear part;
    ``A @ B`` composes the maps, offsets included.
    """

    linear: LinearOperator
    offset: LinearOperator
    bias: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.offset.shape != (self.linear.shape[0], 1):
            raise InputError(
                f"an offset of shape ({self.linear.shape[0]}, 1) fits this operator, "
                f"got {self.offset.shape}"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the linear part."""
        return self.linear.shape

    @property
    def factors(self) -> tuple[LinearOperator, ...]:
        """The operators that the linear part composes, the one applied last first."""
        return self.linear.factors

    @property
    def T(self) -> LinearOperator:
        """The transpose of the linear part."""
        return self.linear.T

    def __matmul__(self, other: object) -> AffineOperator:
        if isinstance(other, AffineOperator):
            return AffineOperator(
                self.linear @ other.linear, self.linear @ other.offset + self.offset
            )
        if isinstance(other, LinearOperator):
            return AffineOperator(self.linear @ other, self.offset, self.bias)
        return NotImplemented

    def __rmatmul__(self, other: object) -> AffineOperator:
        if isinstance(other, LinearOperator):
            return AffineOperator(other @ self.linear, other @ self.offset)
        return NotImplemented

    def __call__(self, x: Sequence[Any] | Values) -> Values:
        """Apply to a vector of any exact values; the result is an object array."""
        return self.linear(x) + self.offset([1])

    def as_matrix(self) -> SparseMatrix:
        """Return the linear part as SymPy's sparse matrix of terms."""
        return self.linear.as_matrix()

    def domain_matrix(self, domain: Domain | None = None) -> DomainMatrix:
        """Return the linear part as SymPy's sparse `DomainMatrix`."""
        return self.linear.domain_matrix(domain)

    def _repr_latex_(self) -> str:
        offset = "" if self.offset.is_zero else f" + {product_latex(self.offset)}"
        applied = f"y = {product_latex(self.linear)}\\, x{offset}{formulas_latex(self.linear)}"
        return f"$\\displaystyle {applied}$"
