"""Formulas that are printed and evaluated from one tree: what is displayed is what is checked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]


class Expression(ABC):
    """An integer polynomial in named symbols, kept in the shape in which it is written."""

    __slots__ = ()

    def __add__(self, other: Expression | int) -> Expression:
        return Sum(*_flat(Sum, self), *_flat(Sum, as_expression(other)))

    def __sub__(self, other: Expression | int) -> Expression:
        return Sum(*_flat(Sum, self), Product(Number(-1), as_expression(other)))

    def __mul__(self, other: Expression | int) -> Expression:
        return Product(*_flat(Product, self), *_flat(Product, as_expression(other)))

    def __rmul__(self, other: int) -> Expression:
        return Number(other) * self

    def __neg__(self) -> Expression:
        return Number(-1) * self

    @abstractmethod
    def latex(self, numbers: Values | None = None) -> str:
        """The formula; symbols named in ``numbers`` appear as their numbers."""

    @abstractmethod
    def evaluate(self, values: Values) -> Any:
        """The value, exactly: integers, or arrays of them."""


def as_expression(value: Expression | int) -> Expression:
    """An expression, or an integer made into one."""
    return value if isinstance(value, Expression) else Number(value)


def _flat(kind: type[Sum] | type[Product], expression: Expression) -> tuple[Expression, ...]:
    return expression.parts if isinstance(expression, kind) else (expression,)


@dataclass(frozen=True, slots=True)
class Number(Expression):
    """A literal integer."""

    value: int

    def latex(self, numbers: Values | None = None) -> str:
        """Its digits."""
        return str(self.value)

    def evaluate(self, values: Values) -> Any:
        """Itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class Symbol(Expression):
    """A named integer, printed as ``tex``."""

    name: str
    tex: str

    def latex(self, numbers: Values | None = None) -> str:
        """Its LaTeX, or its number."""
        return str(numbers[self.name]) if numbers and self.name in numbers else self.tex

    def evaluate(self, values: Values) -> Any:
        """Its value."""
        return values[self.name]


@dataclass(frozen=True, slots=True, init=False)
class Product(Expression):
    """A product; number factors are multiplied out when numbers are printed."""

    parts: tuple[Expression, ...]

    def __init__(self, *parts: Expression) -> None:
        object.__setattr__(self, "parts", tuple(p for part in parts for p in _flat(Product, part)))

    def latex(self, numbers: Values | None = None) -> str:
        """Factors side by side, sums in parentheses."""
        coefficient, factors = self._split(numbers)
        written = "".join(_parenthesised(f, numbers, len(factors) > 1) for f in factors)
        if coefficient == 0 or not factors:
            return "0" if factors else self._digits(numbers, coefficient)
        if len(factors) == 1 and coefficient in (1, -1):
            alone = factors[0].inner if isinstance(factors[0], Group) else factors[0]
            inner = _parenthesised(alone, numbers, coefficient < 0)
            return inner if coefficient == 1 else f"-{inner}"
        if coefficient in (1, -1):
            return written if coefficient == 1 else f"-{written}"
        return f"{coefficient}{''.join(_parenthesised(f, numbers, True) for f in factors)}"

    def _digits(self, numbers: Values | None, value: int) -> str:
        """A product of numbers alone: its factors, unless one is a mere sign."""
        factors = [part.evaluate(numbers or {}) for part in self.parts if isinstance(part, Symbol)]
        plain = len(factors) == len(self.parts) and min(factors) > 0
        return r" \cdot ".join(map(str, factors)) if plain else str(value)

    def _split(self, numbers: Values | None) -> tuple[int, list[Expression]]:
        coefficient, factors = 1, []
        for part in self.parts:
            known = isinstance(part, Number) or bool(
                numbers and isinstance(part, Symbol) and part.name in numbers
            )
            if known:
                coefficient *= part.evaluate(numbers or {})
            else:
                factors.append(part)
        return coefficient, factors

    def evaluate(self, values: Values) -> Any:
        """The product of the parts' values."""
        result = 1
        for part in self.parts:
            result = result * part.evaluate(values)
        return result


@dataclass(frozen=True, slots=True, init=False)
class Sum(Expression):
    """A sum; zero terms are left out when numbers are printed."""

    parts: tuple[Expression, ...]

    def __init__(self, *parts: Expression) -> None:
        object.__setattr__(self, "parts", parts)

    def latex(self, numbers: Values | None = None) -> str:
        """Terms with their signs; a sum inside keeps its parentheses."""
        result = ""
        for part in self.parts:
            written = part.latex(numbers)
            if isinstance(part, Sum):
                written = _parenthesised(part, numbers, True)
            if numbers is not None and written == "0":
                continue
            result += written if not result or written.startswith("-") else f"+{written}"
        return result.replace("+-", "-") or "0"

    def evaluate(self, values: Values) -> Any:
        """The sum of the parts' values."""
        return sum((part.evaluate(values) for part in self.parts), start=0)


@dataclass(frozen=True, slots=True)
class Group(Expression):
    """A part that keeps its parentheses although the sum around it does not need them."""

    inner: Expression

    def latex(self, numbers: Values | None = None) -> str:
        """The inner formula in parentheses, if it is still a sum."""
        return _parenthesised(self.inner, numbers, True)

    def evaluate(self, values: Values) -> Any:
        """The inner value."""
        return self.inner.evaluate(values)


@dataclass(frozen=True, slots=True)
class Ceiling(Expression):
    """A quotient rounded up."""

    numerator: Expression
    denominator: Expression

    def latex(self, numbers: Values | None = None) -> str:
        """``ceil(a/b)``."""
        above, below = self.numerator.latex(numbers), self.denominator.latex(numbers)
        return rf"\lceil {above}/{below} \rceil"

    def evaluate(self, values: Values) -> Any:
        """The least integer not below the quotient."""
        return -(-self.numerator.evaluate(values) // self.denominator.evaluate(values))


@dataclass(frozen=True, slots=True)
class Floor(Expression):
    """A quotient rounded down."""

    numerator: Expression
    denominator: Expression

    def latex(self, numbers: Values | None = None) -> str:
        """``floor(a/b)``."""
        above, below = self.numerator.latex(numbers), self.denominator.latex(numbers)
        return rf"\lfloor ({above})/{below} \rfloor"

    def evaluate(self, values: Values) -> Any:
        """The greatest integer not above the quotient."""
        return self.numerator.evaluate(values) // self.denominator.evaluate(values)


def _parenthesised(expression: Expression, numbers: Values | None, wanted: bool) -> str:
    written = expression.latex(numbers)
    compound = isinstance(expression, Sum) and ("+" in written or "-" in written[1:])
    negative = written.startswith("-")
    return f"({written})" if wanted and (compound or negative) else written
