"""Whether two formulas hold at the same places: a question that many axes and claims share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from symconv.machine.caches import cached
from symconv.prove.sets.blocks import MOST_LETTERS, Sizes
from symconv.prove.sets.renaming import in_order


def _equal_supports(left: str, right: str, kept: int, sizes: int, maximum: bool) -> bool:
    """`same_support`, of a question in names of its own: whoever asks it has the same answer."""
    named = Sizes(tuple(f"_s{n}" for n in range(sizes)))
    places = [f"_p{n}" for n in range(kept)]
    one, other = (named.support(places, text, counted=maximum) for text in (left, right))
    return bool(one.is_equal(other))


_known = cached(most=2048)(_equal_supports)


def same_support(left: str, right: str, block: Sequence[int], sizes: Sizes, maximum: bool) -> bool:
    """Whether two formulas of a block hold at the same places, at all sizes.

    Both are written in names of their own first: ``_p0`` for the first place of the block, ``_s0``
    for the first size that they speak of.  What is left is the whole question, numbers and roles
    included, so that axes and claims of equal geometry share its answer, and no others do.

    Raises:
        Counted: a coefficient is a count.

    >>> half = "(_p1 = _e0) and (0 <= _e0 < floor((H + 1)/2))"
    >>> same_support(half, "(_p1 = _e0) and (0 <= _e0 < H)", [1], Sizes(("H",)), False)
    False
    """
    asked = in_order(f"{left} ; {right}", _roles(block, sizes))
    spoken_of = len(set(re.findall(r"\b_s\d+\b", asked)))
    one, other = asked.split(" ; ")
    question = (one, other, len(block), spoken_of, maximum)
    ask = _known if len(asked) <= MOST_LETTERS else _equal_supports
    return ask(*question)


def _roles(block: Sequence[int], sizes: Sizes) -> Callable[[str], str | None]:
    """The stem of the name that a name is given: of a place, of a size, or none of its own."""
    stems = dict.fromkeys(sizes.names, "_s") | {f"_p{place}": "_p" for place in block}
    return stems.get
