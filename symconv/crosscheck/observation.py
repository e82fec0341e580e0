"""What a cross-check saw: numbers, and how far they are apart; never a certificate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symconv.crosscheck.formats import Format
from symconv.errors import Unsupported

EXACT, ROUNDING = "exact", "rounding"
MODES = (EXACT, ROUNDING)


@dataclass(frozen=True, slots=True)
class Compared:
    """Two arrays that should be the same: how far apart they are, and how far they may be.

    ``largest_difference`` is None where shapes differ, or one is infinite or no number where the
    other is not.  ``of_bound`` is the largest difference in parts of its own bound, ``ulps`` the
    largest in units in the last place of the sum of magnitudes, in exact mode of the values; there
    any difference is too large.
    """

    name: str
    equal: bool
    agrees: bool
    largest_difference: float | None
    ulps: float | None = None
    of_bound: float | None = None
    index: tuple[int, ...] = ()

    def text(self) -> str:
        """The comparison in a few words."""
        if self.equal:
            return "exactly equal"
        if self.largest_difference is None:
            return "differ without bound"
        words = f"differ by up to {self.largest_difference:g}"
        if self.of_bound is None:
            return words
        verb = "within" if self.agrees else "outside"
        return f"{words} ({self.ulps:.3g} ulps), {verb} the bound: {self.of_bound:.2g} of it"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a framework computed: equal or not, where, and with which versions.

    ``reference`` says how the strided side was run; ``equal`` is bit for bit, and ``agrees`` is
    equal in exact mode, and within the bounds of rounding in the other.  ``largest_difference`` is
    None where the two outputs have different shapes, or one is infinite where the other is not.
    ``seconds`` are those of the strided and of the stride-free side, with their gradients.
    ``fault`` says where the framework contradicts itself, in words: then nothing is refuted.
    """

    equal: bool
    agrees: bool
    largest_difference: float | None
    reference: str
    backend: str
    device: str
    versions: dict[str, str]
    dtype: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    mode: str = EXACT
    arithmetic: str = ""
    seed: int = 0
    compared: tuple[Compared, ...] = ()
    seconds: tuple[float, float] = (0.0, 0.0)
    note: str = ""
    fault: str = ""

    @property
    def refutes(self) -> bool:
        """Whether the two sides are not the same function, as far as this shows."""
        return not self.agrees and not self.fault

    @property
    def worst(self) -> Compared:
        """The comparison that is farthest beyond its bound, or nearest to it."""
        return max(self.compared, key=_badness)

    def to_dict(self) -> dict[str, Any]:
        """The observation's JSON form."""
        compared = [{**asdict(one), "index": list(one.index)} for one in self.compared]
        return {
            **asdict(self),
            "input_shape": list(self.input_shape),
            "output_shape": list(self.output_shape),
            "compared": compared,
            "seconds": list(self.seconds),
        }

    def text(self) -> str:
        """The observation in one line."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        shapes = f"{list(self.input_shape)} -> {list(self.output_shape)}"
        line = f"observed: {self._words()}, {shapes}, {self.dtype} on {self.device} ({versions})"
        parts = (line, f"strided by {self.reference}", self.arithmetic, self.fault, self.note)
        return "; ".join(part for part in parts if part)

    def _words(self) -> str:
        gradients = [one.name for one in self.compared[1:]]
        worst = self.worst
        where = f" in {worst.name}" if gradients and not worst.equal else ""
        also = f" with {', '.join(gradients)}" if gradients else ""
        return f"{worst.text()}{where}{also}"


def _badness(one: Compared) -> tuple[bool, float]:
    far = float("inf") if one.largest_difference is None else one.largest_difference
    return (not one.agrees, far if one.of_bound is None else one.of_bound)


def compared(
    name: str,
    left: NDArray[Any],
    right: NDArray[Any],
    kept: Format,
    bound: NDArray[np.float64] | None = None,
    scale: NDArray[np.float64] | None = None,
) -> Compared:
    """Compare two arrays, in exact mode or against a bound for each entry.

    Ulps are those of ``scale``, or of the arrays themselves.

    Raises:
        Unsupported: one entry is no number, and its counterpart is one.

    >>> from symconv.crosscheck.formats import FORMATS
    >>> one, two = np.array([1.0, 2.0]), np.array([1.0, 2.5])
    >>> compared("forward", one, two, FORMATS["float32"], np.array([0.0, 1.0])).of_bound
    0.5
    """
    if left.shape != right.shape:
        return Compared(name, False, False, None)
    same = _same(name, left, right)
    if same.all():
        return Compared(name, True, True, 0.0, 0.0, None if bound is None else 0.0)
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(np.subtract(left, right, dtype=np.float64)))
    if not np.isfinite(apart).all():
        index = np.unravel_index(int(np.argmax(~np.isfinite(apart))), apart.shape)
        return Compared(name, False, False, None, index=_plain(index))
    size = np.maximum(np.abs(left), np.abs(right)) if scale is None else scale
    ulps = float((apart / kept.ulp(size)).max())
    if bound is None:
        index = np.unravel_index(int(apart.argmax()), apart.shape)
        return Compared(name, False, False, float(apart.max()), ulps, None, _plain(index))
    parts = np.divide(apart, bound, out=np.where(apart > 0, np.inf, 0.0), where=bound > 0)
    index = np.unravel_index(int(parts.argmax()), parts.shape)
    most = float(parts.max())
    largest = None if np.isinf(most) else most
    agrees = bool((apart <= bound).all())
    return Compared(name, False, agrees, float(apart.max()), ulps, largest, _plain(index))


def _same(name: str, left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    """Which entries are the same; what is no number on both sides is no difference.

    Raises:
        Unsupported: an entry is no number on one side alone.
    """
    lost = np.isnan(left), np.isnan(right)
    if (alone := lost[0] ^ lost[1]).any():
        at = list(_plain(np.unravel_index(int(alone.argmax()), alone.shape)))
        raise Unsupported(
            f"{name}: one side alone computes no number (NaN) at {at}, as of 0 times -inf, which "
            "neither agrees nor refutes; keep -inf in front of a maximum, or use a wider dtype"
        )
    return np.asarray((left == right) | lost[0])


def _plain(index: Any) -> tuple[int, ...]:
    return tuple(int(place) for place in index)
