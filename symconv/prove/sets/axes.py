"""Index maps of one axis as formulas: what each new position reads of the old axis."""

from __future__ import annotations

from dataclasses import dataclass

from symconv.errors import ClaimError
from symconv.prove.sets.formulas import Leg, Size, Term, simple, single
from symconv.relation.gather import check_mode


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
    named = [size for size in sizes if isinstance(size, str)]
    number = sum(size for size in sizes if isinstance(size, int))
    if not named:
        return number
    return f"({' + '.join(f'({size})' for size in named)}{f' + {number}' if number else ''})"


def pad_map(size: Size, lo: Size, hi: Size, mode: str) -> AxisMap:
    """Positions ``-lo .. size + hi - 1`` of a signal; negative pads crop."""
    check_mode(mode)
    padded = simple(plus(size, lo, hi))
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
    else:  # circular
        first, end = f"max(0, -({lo}))", f"({size} + min(0, {hi}))"
        fits += [f"{pad} <= {size} + min({lo}, 0) + min({hi}, 0)" for pad in (lo, hi)]
        period = f"({end} - {first})"
        relation = (
            f"({{old}} = {v} and {first} <= {v} < {end}) or "
            f"({{old}} = {v} + {period} and {v} < {first}) or "
            f"({{old}} = {v} - {period} and {v} >= {end})"
        )
    return AxisMap(size, padded, relation, tuple(fits))


def tile_map(size: Size, repeats: int) -> AxisMap:
    """The axis so many times in a row."""
    if isinstance(size, int):
        return AxisMap(size, size * repeats, f"{{old}} = {{new}} mod {size}")
    copies = (f"{{old}} = {{new}} - {copy}*({size})" for copy in range(repeats))
    relation = " or ".join(f"({copy})" for copy in copies)
    return AxisMap(size, simple(f"({repeats}*({size}))"), relation)


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
        length = simple(count)
    relation = f"{{old}} = ({first}) + {stride}*{{new}}"
    # Python counts a negative end from the back, so that nothing is said where a named one is.
    front = [f"({end}) >= 0" for end in (start, stop) if isinstance(end, str)]
    return AxisMap(size, length, relation, (f"{length} >= 1", *front))


def _end(size: Size, given: Size, stop: Size | None = None) -> str:
    """An end of a slice, clipped to the axis as Python does."""
    value = given if stop is None else stop
    if isinstance(value, int):
        value = f"({size} + {value})" if value < 0 else value
        return f"max(0, min({value}, {size}))"
    return f"max(0, min(({value}), {size}))"
