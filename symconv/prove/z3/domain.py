"""Where a claim makes sense, in the words of its own conditions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from symconv.claim import Claim
from symconv.claim.sides import weights_of
from symconv.errors import Unsupported
from symconv.relation.form import Form, Throughout
from symconv.size.text import Comparison, Every, Not, Some

ALL_SIZES = "all sizes"


def joined(conditions: Sequence[str]) -> str:
    """Return all conditions as one."""
    bracketed = [f"({text})" if " or " in text or " and " in text else text for text in conditions]
    return " and ".join(bracketed if len(conditions) > 1 else conditions) or ALL_SIZES


def conditions_of(claim: Claim, sides: Sequence[Form]) -> list[str]:
    """Return the conditions under which a claim makes sense, those beside a size of at least 1.

    Raises:
        Unsupported: a condition is about every entry of an axis, which no text can say.

    >>> from symconv.claim import read_claim
    >>> from symconv.claim.sides import read_sides
    >>> crop = [{"op": "pad", "padding": [[0, 0], [-2, 0]]}]
    >>> claim = read_claim({"input": {"channels": 1, "size": ["N"]}, "left": crop, "right": crop})
    >>> conditions_of(claim, read_sides(claim))
    ['N - 2 >= 1']
    """
    read = weights_of(claim)
    forms = (*sides, *(read(name, "shapes") for name, _ in claim.weights))
    said = [words(condition) for form in forms for condition in form.domain]
    given = {f"{name} >= 1" for name in claim.size if name in claim.names}
    return [text for text in dict.fromkeys([*claim.where, *said]) if text not in given]


@singledispatch
def words(condition: object) -> str:
    """Write a condition as people do.

    Raises:
        Unsupported: it is about every entry of an axis.
    """
    raise Unsupported(f"a condition of kind {type(condition).__name__} has no words")


@words.register
def _(condition: Comparison) -> str:
    return f"{condition.left} {condition.relation} {condition.right}"


@words.register
def _(condition: Every) -> str:
    return " and ".join(f"({words(part)})" for part in condition.parts)


@words.register
def _(condition: Some) -> str:
    return " or ".join(f"({words(part)})" for part in condition.parts)


@words.register
def _(condition: Not) -> str:
    return f"not ({words(condition.of)})"


@words.register
def _(condition: Throughout) -> str:
    raise Unsupported(f"where the claim makes sense depends on all of {condition.size} entries")
