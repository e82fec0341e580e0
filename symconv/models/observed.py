"""Two model files run on the same input: their outputs, and the tensors that both name alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symconv.crosscheck.models import (
    FAR,
    NEAR,
    SLIGHT,
    TIMES,
    Apart,
    Feeds,
    farthest,
    random_feeds,
    run_model,
)
from symconv.dialect.onnx.expose import (
    exposed,
    moved_weights,
    reweighted,
    shaken_inside,
    weights_of,
)
from symconv.errors import InputError
from symconv.network.bound import Bound
from symconv.network.faces import inputs_paired, outputs_paired

SCALES = (1.0, 0.1, 0.01, 10.0)
"""Sizes of the random inputs that are tried: a softmax shows nothing where it is saturated."""


GAINS = (0.25, 0.5, 1.0)
"""Sizes of the random weights that are tried, for the same reason."""


@dataclass(frozen=True)
class Pair:
    """Two loaded files, and their models at one size."""

    first: Any
    second: Any
    a: Bound
    b: Bound


@dataclass(frozen=True, slots=True)
class Shown:
    """What shows that two models differ: the input, and the output where they are far apart.

    ``seed`` and ``scale`` make the input again, and ``weights`` says that new weights were needed.
    """

    apart: Apart
    feeds: Feeds
    seed: int
    scale: float
    weights: bool


_JUMPING = """
    ArgMax ArgMin Cast Ceil DynamicQuantizeLinear Equal Floor Greater GreaterOrEqual Less
    LessOrEqual Mod NonMaxSuppression NonZero QuantizeLinear Round Sign TopK Unique
"""

JUMPS = frozenset(_JUMPING.split())
"""Operators of which a difference of one ulp may make a large one."""


def shown_apart(pair: Pair, parting: str | None) -> Shown | None:
    """An input for which the outputs differ by more than rounding; None where none was found.

    The models are run with the files' weights, and then with random ones.  Where both name the
    tensor at which they part, it has to be far from the original's as well: a difference of
    rounding may grow on the way to an output, and a saturated output may show little of a large
    one.  What rounding could do is seen by shaking every tensor of the original a little.

    Raises:
        InputError: onnxruntime does not run one of them.
        MissingTool: onnxruntime is not installed.
    """
    named = parting is not None and parting in pair.a.dtypes and parting in pair.b.dtypes
    jumps = any(node.op in JUMPS for one in (pair.a, pair.b) for _, node in one.model.walk())
    if not named and jumps:
        return None
    inside = [parting] if named and parting is not None else []
    for shown, first, second in _tried(pair):
        if shown.apart.relative <= (SLIGHT if named else FAR):
            continue
        if not shown.apart.index:  # another shape or element type
            return shown
        moved = _carried(pair, first, shown.feeds, [*pair.a.model.outputs, *inside])
        if shown.apart.relative <= TIMES * moved.get(shown.apart.name, 0.0):
            continue
        if not named:
            return shown
        here = _tensors(replace(pair, first=first, second=second), inside, shown.feeds)
        if all(here[n].relative > max(FAR, TIMES * moved.get(n, 0.0)) for n in inside):
            return shown
    return None


def _carried(pair: Pair, first: Any, feeds: Feeds, names: Sequence[str]) -> dict[str, float]:
    """How far the original's tensors move when all are shaken a little: what rounding may do."""
    still = run_model(exposed(first, pair.a, names), feeds, plain=True)
    moved = run_model(exposed(shaken_inside(first, pair.a), pair.a, names), feeds, plain=True)
    return {
        name: farthest(name, still[name], moved[name]).relative
        for name in names
        if name in still and still[name].dtype != object
    }


def _tried(pair: Pair) -> Iterator[tuple[Shown, Any, Any]]:
    for weights, first, second in _weighted(pair):
        for seed, scale in enumerate(SCALES):
            feeds = random_feeds(pair.a, seed, scale)
            apart = _worst(pair, first, second, feeds)
            yield Shown(apart, feeds, seed, scale, weights), first, second


def _weighted(pair: Pair) -> Iterator[tuple[bool, Any, Any]]:
    """Both files as they are, and then with random weights, alike in both.

    A weight that the second alone holds may have been computed from any of the others, which then
    keep their values: with other ones it would no longer be what it was computed to be.
    """
    yield False, pair.first, pair.second
    mine, theirs = weights_of(pair.first), weights_of(pair.second)
    shared = theirs - moved_weights(pair.first) if theirs <= mine else set()
    for gain in GAINS if shared else ():
        yield True, reweighted(pair.first, shared, gain), reweighted(pair.second, shared, gain)


def _worst(pair: Pair, first: Any, second: Any, feeds: Feeds) -> Apart:
    left = run_model(first.SerializeToString(), feeds)
    right = run_model(second.SerializeToString(), _for_second(pair, feeds))
    found = []
    for a, b in outputs_paired(pair.a.model, pair.b.model):
        if (left[a].shape, left[a].dtype) != (right[b].shape, right[b].dtype):
            return Apart(a, (), 0.0, 0.0, float("inf"), float("inf"))
        if left[a].dtype != object:
            found.append(farthest(a, left[a], right[b]))
    return max(found, key=lambda apart: apart.relative)


def _for_second(pair: Pair, feeds: Feeds) -> Feeds:
    return {b: feeds[a] for a, b in inputs_paired(pair.a.model, pair.b.model)}


def near_tensors(pair: Pair, seed: int = 0) -> dict[str, Apart]:
    """The tensors of equal name and shape that are near each other, for one input."""
    both = [
        name
        for name, shape in pair.b.shapes.items()
        if pair.a.shapes.get(name) == shape and name in pair.b.model.makers
    ]
    names = [name for name in both if name in pair.a.model.makers]
    try:
        found = _tensors(pair, names, random_feeds(pair.a, seed))
    except InputError:
        return {}
    return {name: one for name, one in found.items() if one.relative <= NEAR}


def _tensors(pair: Pair, names: list[str], feeds: Feeds) -> dict[str, Apart]:
    """How far tensors of one name are apart, for one input, the graphs as they are."""
    left = run_model(exposed(pair.first, pair.a, names), feeds, plain=True)
    second = _for_second(pair, feeds)
    right = run_model(exposed(pair.second, pair.b, names), second, plain=True)
    return {
        name: farthest(name, left[name], right[name])
        for name in names
        if name in left and name in right and left[name].dtype.kind in "fiub"
    }
