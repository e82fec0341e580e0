"""Sets of sizes in words: conditions in Python's syntax, each checked to be the very set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations, islice
from typing import Any

import islpy as isl

from symconv.errors import InternalError
from symconv.machine.caches import cached
from symconv.prove.sets.blocks import Sizes
from symconv.prove.sets.conditions import condition
from symconv.prove.sets.text import condition_to_isl

MOST_MODULUS = 64

MOST_OPERATIONS = 1_000_000
"""How long isl looks for short words: about 0.1 s."""

SHORT = 24
"""Words of this many letters are not made shorter by looking further: about one comparison."""

LOW = (1, 0, -16, -4096)
"""Names of sizes start at 1, of pads at 0; a few hold only where one of them is negative."""

NEGATION = 8
"""By how many letters ``not (...)`` may be shorter than what says it without, and still lose."""

SUM_MODULO = 24
"""The same for a remainder of a sum or a product: ``(31*H) % 32 <= 1`` reads worse than it is."""


def least(sizes: Any, names: Sequence[str]) -> dict[str, int]:
    """The least sizes of a set: the first in the lexicographic order of the names.

    Where there is no first, a name being negative without end, it is that of `with_lower_bound`.
    """
    count = len(names)
    try:
        first = _at(sizes, count).lexmin()
    except isl.Error as fault:
        if "unbounded" not in str(fault):
            raise
        first = _at(with_lower_bound(sizes, names), count).lexmin()
    point = first.sample_point()
    values = [point.get_coordinate_val(isl.dim_type.set, i).to_python() for i in range(count)]
    return dict(zip(names, map(int, values), strict=True))


def _at(sizes: Any, count: int) -> Any:
    """The sizes as points."""
    return sizes.move_dims(isl.dim_type.set, 0, isl.dim_type.param, 0, count)


def with_lower_bound(sizes: Any, names: Sequence[str]) -> Any:
    """The sizes that are bounded below: a pad or a crop by name may be negative without end."""
    for bound in LOW:
        low = Sizes(tuple(names)).set([f"{name} >= {bound}" for name in names])
        found = sizes.intersect(low)
        if not found.is_empty():
            return found
    return sizes


def describe(sizes: Any, among: Any, names: Sequence[str]) -> str:
    """Words for a set of sizes among others: exactly ``sizes`` where ``among`` holds.

    The words are Python conditions; each candidate is compared with the set before it is used.
    """
    if sizes.is_empty():
        return "no size"
    if among.is_subset(sizes):
        return "all sizes"
    rest = among.subtract(sizes)
    found: list[str] = []
    for said, of in (("{}", sizes), ("not ({})", rest)):
        with _few_operations():
            exact = (w for w in _candidates(of, among, names) if _equal_sizes(w, of, among, names))
            found += (said.format(words) for words in islice(exact, 1))
        if found and _length(found[0], names) <= SHORT:
            return found[0]
    with _few_operations():
        for words in _formulas(sizes, rest, among, names):
            found += [words] if _equal_sizes(words, sizes, among, names) else []
    shortest = min(found, key=lambda words: _length(words, names), default=None)
    return _plain(sizes, among, names) if shortest is None else shortest


def _plain(sizes: Any, among: Any, names: Sequence[str]) -> str:
    """The set's own formula, whatever it costs."""
    words = condition(sizes, names)
    if not _equal_sizes(words, sizes, among, names):
        raise InternalError(f"a set of sizes is not what its words say, {words!r}: {sizes}")
    return words


@contextmanager
def _few_operations() -> Iterator[None]:
    """Stop what is within after `MOST_OPERATIONS` of isl's operations, and go on behind it."""
    context = isl.DEFAULT_CONTEXT
    before = context.get_max_operations()
    context.reset_operations()
    context.set_max_operations(MOST_OPERATIONS)
    try:
        yield
    except (isl.Error, TypeError):
        pass  # shorter words are a kindness; a number cut short by the bound is a TypeError
    finally:
        context.set_max_operations(before)
        context.reset_operations()


def _length(words: str, names: Sequence[str]) -> int:
    """How long words are to read, whatever the names: some read like a few letters more.

    >>> _length("not (height % 2 == 1)", ["height"]), _length("(N + 1) % 2 <= 0", ["N"])
    (24, 40)
    """
    short = re.sub(rf"\b({'|'.join(map(re.escape, names))})\b", "N", words)
    return len(short) + words.count("not (") * NEGATION + words.count(") % ") * SUM_MODULO


def _formulas(sizes: Any, rest: Any, among: Any, names: Sequence[str]) -> Iterator[str]:
    """The set's own formula, what of it is not known beforehand, and that it is not the rest."""
    for said, of in (("{}", sizes), ("not ({})", rest)):
        plain = of.coalesce()
        for part in (plain.gist(among).coalesce(), plain):
            yield said.format(condition(part, names))


def _equal_sizes(words: str, sizes: Any, among: Any, names: Sequence[str]) -> bool:
    said = Sizes(tuple(names)).set([condition_to_isl(words)])
    return bool(said.intersect(among).is_equal(sizes.intersect(among)))


def _candidates(sizes: Any, among: Any, names: Sequence[str]) -> Iterator[str]:
    count = len(names)
    bounds = [atom for i, name in enumerate(names) for atom in _atoms(sizes, name, i, count)]
    yield from bounds
    if len(bounds) > 1:
        yield " and ".join(bounds)
    residues = [[*_residues(sizes, among, name, i, count)] for i, name in enumerate(names)]
    if finest := [of_one[0] for of_one in residues if of_one]:
        yield " and ".join(finest)
        yield " and ".join([*bounds, *finest])
    atoms = bounds + [atom for of_one in residues for atom in of_one]
    yield from atoms
    yield from (f"{a} and {b}" for a, b in combinations(atoms, 2))
    yield from (f"{a} or {b}" for a, b in combinations(atoms, 2))
    yield from (" and ".join(three) for three in combinations(atoms[:10], 3))


def _shadow(sizes: Any, place: int, count: int) -> Any:
    """The values of one name in a set."""
    moved = _at(sizes, count)
    others = [i for i in range(count) if i != place]
    for i in reversed(others):
        moved = moved.project_out(isl.dim_type.set, i, 1)
    return moved


def _atoms(sizes: Any, name: str, place: int, count: int) -> list[str]:
    """Least and greatest values, and the bounds of the hull."""
    shadow = _shadow(sizes, place, count)
    found = []
    low, high = shadow.dim_min_val(0), shadow.dim_max_val(0)
    if low.is_int():
        found.append(f"{name} >= {low.to_python()}")
    if high.is_int():
        found.append(f"{name} <= {high.to_python()}")
        if low.is_int() and low.to_python() == high.to_python():
            found.insert(0, f"{name} == {low.to_python()}")
    return found


def _residues(sizes: Any, among: Any, name: str, place: int, count: int) -> Iterator[str]:
    """Residue classes that a set keeps to: each modulus that leaves more out than those before.

    A modulus can only be a number of isl's own formula for the set.
    """
    shadow, whole = _shadow(sizes, place, count), _shadow(among, place, count)
    hull = isl.Set.from_basic_set(shadow.remove_divs().convex_hull())
    if hull.intersect(whole).is_equal(shadow):
        return
    found, least_share = [], 1.0
    written = {int(number) for number in re.findall(r"\d+", str(shadow))}
    for modulus in sorted(n for n in written if 2 <= n <= MOST_MODULUS):
        live = [r for r in range(modulus) if _meets(whole, modulus, r)]
        kept = [r for r in live if _meets(shadow, modulus, r)]
        if len(kept) / len(live) < least_share:
            least_share = len(kept) / len(live)
            found.append(_one_of(name, modulus, kept))
    yield from reversed(found)


def _meets(values: Any, modulus: int, residue: int) -> bool:
    return not values.intersect(_class(modulus, residue)).is_empty()


@cached(most=4096)
def _class(modulus: int, residue: int) -> Any:
    """A residue class of a modulus up to `MOST_MODULUS`: there are two thousand of them."""
    return isl.Set(f"{{ [n] : n mod {modulus} = {residue} }}")


def _one_of(name: str, modulus: int, residues: Sequence[int]) -> str:
    """A condition for some residues, ascending, by their runs.

    >>> _one_of("N", 8, [0, 1, 5, 7]), _one_of("N", 3, [0, 2])
    ('(N % 8 <= 1 or N % 8 == 5 or N % 8 == 7)', 'N % 3 != 1')
    """
    value = f"{name} % {modulus}"
    missing = sorted(set(range(modulus)) - set(residues))
    if len(missing) == 1 and len(residues) > 1:
        return f"{value} != {missing[0]}"
    firsts = [r for r in residues if r - 1 not in residues]
    lasts = [r for r in residues if r + 1 not in residues]
    parts = [_run(value, *ends, modulus - 1) for ends in zip(firsts, lasts, strict=True)]
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


def _run(value: str, first: int, last: int, most: int) -> str:
    if first == last:
        return f"{value} == {first}"
    if first == 0:
        return f"{value} <= {last}"
    return f"{value} >= {first}" if last == most else f"{first} <= {value} <= {last}"


def points(sizes: Any, names: Sequence[str], most: int) -> Iterator[dict[str, int]]:
    """At most this many sizes of a set, the first in the order of the names first."""
    for _ in range(most):
        if sizes.is_empty():
            return
        at = least(sizes, names)
        yield at
        here = Sizes(tuple(names)).set([f"{name} = {value}" for name, value in at.items()])
        sizes = sizes.subtract(here)
