"""Index maps of one axis as formulas: what each new position reads of the old axis."""

from __future__ import annotations

import re
from dataclasses import dataclass

import islpy as isl

from symconv.errors import ClaimError
from symconv.prove.sets.formulas import Leg, Size, Term, single


@dataclass(frozen=True, slots=True)
class AxisMap:
    """A relation between ``{new}`` in ``[0, size)`` and ``{old}`` in ``[0, source)``.

    ``domain`` are conditions on the sizes; ``leaves_holes`` says that some new positions may read
    nothing.
    """

    source: Size
    size: Size
    relation: str
    domain: tuple[str, ...] = ()
    leaves_holes: bool = False

    def at(self, new: Leg, old: Leg) -> str:
        """The relation between two legs."""
        return self.relation.format(new=new.name, old=old.name)

    def inside(self, term: Term, axis: int) -> Term:
        """Keep the positions that read something."""
        term, leg = single(term, axis)
        old = Leg(self.source)
        return term.with_table(self.at(leg, old), leg, old)

    def outside(self, term: Term, axis: int) -> Term:
        """Keep the positions that read nothing."""
        term, leg = single(term, axis)
        old = Leg(self.source)
        read = f"exists ({old.name} : ({self.at(leg, old)}) and {old.bounds})"
        return term.with_table(f"not ({read})", leg)


def gather(term: Term, axis: int, index: AxisMap) -> Term:
    """Read an output axis through an index map."""
    term, old = single(term, axis)
    new = Leg(index.size)
    return term.with_table(index.at(new, old), new, old).with_axis(axis, (new,))


def plus(*sizes: Size) -> Size:
    """The sum of sizes."""
    numbers = [size for size in sizes if isinstance(size, int)]
    if len(numbers) == len(sizes):
        return sum(numbers)
    return f"({' + '.join(f'({size})' for size in sizes)})"


def constant(size: Size) -> Size:
    """The number that an expression is at all sizes; itself where it is none.

    >>> constant("(7 + (4 - max(N, 0)) + max(N, 0))"), constant("N + 1")
    (11, 'N + 1')
    """
    if isinstance(size, int):
        return size
    words = {"floor", "min", "max", "mod"}
    names = sorted(set(re.findall(r"[A-Za-z_]\w*", size)) - words)
    values = isl.Set(f"[{', '.join(names)}] -> {{ [value] : value = {size} }}")
    values = values.project_out(isl.dim_type.param, 0, len(names))
    least, most = values.dim_min_val(0), values.dim_max_val(0)
    return int(least.to_python()) if least.is_int() and least.eq(most) else size


def pad_map(size: Size, lo: Size, hi: Size, mode: str) -> AxisMap:
    """Positions ``-lo .. size + hi - 1`` of a signal; negative pads crop."""
    padded = plus(size, lo, hi)
    padded = constant(padded) if isinstance(size, int) else padded
    v = f"({{new}} - ({lo}))"
    fits = [f"{padded} >= 1"]
    if mode == "zeros":
        return AxisMap(size, padded, f"{{old}} = {v}", tuple(fits), True)
    if mode == "replicate":
        relation = f"{{old}} = max(0, min({v}, {size} - 1))"
    elif mode == "reflect":
        fits += [f"{end} <= {size} - 1" for end in (lo, hi)]
        relation = (
            f"({{old}} = {v} and 0 <= {v} < {size}) or ({{old}} = -{v} and {v} < 0) or "
            f"({{old}} = 2*({size} - 1) - {v} and {v} >= {size})"
        )
    elif mode == "circular":
        first, end = f"max(0, -({lo}))", f"({size} + min(0, {hi}))"
        fits += [f"{pad} <= {size} + min({lo}, 0) + min({hi}, 0)" for pad in (lo, hi)]
        period = f"({end} - {first})"
        relation = (
            f"({{old}} = {v} and {first} <= {v} < {end}) or "
            f"({{old}} = {v} + {period} and {v} < {first}) or "
            f"({{old}} = {v} - {period} and {v} >= {end})"
        )
    else:
        raise ClaimError(f"there is no padding mode {mode!r}")
    return AxisMap(size, padded, relation, tuple(fits))


def slice_map(size: Size, start: Size | None, stop: Size | None, step: Size | None) -> AxisMap:
    """Python's ``[start:stop:step]`` for a positive step; named ends count from the front."""
    stride = 1 if step is None else step
    if not isinstance(stride, int) or stride < 1:
        raise ClaimError(f"for all sizes a slice's step must be a positive integer, got {step!r}")
    first, end = _end(size, 0 if start is None else start), _end(size, size, stop)
    count = f"floor((({end}) - ({first}) + {stride - 1})/{stride})"
    if isinstance(size, int) and all(end is None or isinstance(end, int) for end in (start, stop)):
        length: Size = len(range(size)[slice(start, stop, stride)])  # type: ignore[arg-type]
    else:
        length = count
    relation = f"{{old}} = ({first}) + {stride}*{{new}}"
    return AxisMap(size, length, relation, (f"{length} >= 1",))


def _end(size: Size, given: Size, stop: Size | None = None) -> str:
    """An end of a slice, clipped to the axis as Python does."""
    value = given if stop is None else stop
    if isinstance(value, int):
        value = f"({size} + {value})" if value < 0 else value
        return f"max(0, min({value}, {size}))"
    return f"max(0, min(({value}), {size}))"
