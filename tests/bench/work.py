"""What the lines do; each function makes its work, and says in it what has to come out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PRESET = "resnet50-stem"
Work = Callable[[], object]
Make = Callable[[], Work]


def nothing() -> None:
    """Do nothing, in front of a round."""


def forget() -> None:
    """Empty every cache of symconv; an older tree has none of whole proofs, and keeps its own."""
    try:
        caches = import_module("symconv.machine.caches")
    except ModuleNotFoundError:
        return
    caches.forget()


class WrongVerdict(Exception):
    """A line came to another verdict than it is to measure."""


def _require(verdict: Any, stated: str = "proved") -> None:
    if verdict.verdict != stated:
        raise WrongVerdict(f"expected {stated!r}, got {verdict.verdict!r}: {verdict}"[:400])


def _stem(channels: int = 3, filters: int = 64) -> Any:
    from symconv import Conv

    return Conv(channels, filters, kernel_size=7, stride=2, padding=3)


def _at(layer: Any, size: Any, symbolic: bool = False) -> Work:
    import symconv

    return lambda: _require(symconv.prove(layer, size, symbolic=symbolic))


def stem() -> Work:
    """The stem at its size, by the tables."""
    return _at(_stem(), (224, 224))


def stems() -> Work:
    """The stem at one size after the other, so that no table is known."""
    import symconv

    layer, sizes = _stem(), count(225)
    return lambda: _require(symconv.prove(layer, (next(sizes),) * 2, symbolic=False))


def stem_with_sympy() -> Work:
    """The stem at its size, and a stand-in's matrices."""
    return _at(_stem(), (224, 224), symbolic=True)


def small_stem() -> Work:
    """The stem where dense matrices fit."""
    return _at(_stem(1, 1), (32, 32))


def stem_at_first() -> Work:
    """The stem where nothing was proved yet, but every module is there."""
    rooms = ("api", "evaluation", "dialect.own", "dialect.sources", "dialect.torch")
    for module in (*rooms, "prove.registry", "prove.confirm", "prove.tables.decide"):
        import_module(f"symconv.{module}")
    return stem()


def numpy_limit() -> Work:
    """The least that NumPy takes for the stem's tables."""
    from tests.bench.runtimes import numpy_limit as equal

    return lambda: _hold(equal(224, 7, 2, 3))


def scipy_labels() -> Work:
    """Sparse matrices of labels of the stem, one filter."""
    from tests.bench.peers import scipy_equal

    return lambda: _hold(scipy_equal(224, 7, 2, 3))


def dense_sympy() -> Work:
    """Dense matrices of the small stem."""
    from tests.bench.peers import dense_sympy_equal

    return lambda: _hold(dense_sympy_equal(32, 7, 2, 3))


def torch_random() -> Work:
    """One random test in float32."""
    from tests.bench.runtimes import torch_pair

    return lambda: _hold(torch_pair(224, 7, 2, 3, "float32", whole=False))


def torch_exact() -> Work:
    """One test on small whole numbers in float64."""
    from tests.bench.runtimes import torch_pair

    return lambda: _hold(torch_pair(224, 7, 2, 3, "float64", whole=True))


def _hold(held: bool) -> None:
    if not held:
        raise WrongVerdict("the two sides differ")


def axes(rank: int) -> Make:
    """A layer of so many axes, for all sizes."""

    def make() -> Work:
        import symconv

        layer = symconv.Conv(3, 8, (3,) * rank, 2, 1)
        return lambda: _require(symconv.prove(layer))

    return make


def other_axes(rank: int) -> Make:
    """A layer of so many axes with another pad each time, so that no formula is known."""

    def make() -> Work:
        import symconv

        pads = count(1)

        def prove() -> None:
            layer = symconv.Conv(3, 8, (3,) * rank, 2, next(pads))
            _require(symconv.prove(layer))

        return prove

    return make


def smt(name: str, given: bool) -> Make:
    """The obligation of one axis, by an SMT solver."""

    def make() -> Work:
        from tests.bench.solvers import refuted_by
        from tests.bench.solvers import smt as solver

        found = solver(name)
        return lambda: _hold(not refuted_by(found, 2, 1, given))

    return make


def isl_alone() -> Work:
    """One axis's two relations, as isl reads and compares them, without symconv."""
    import islpy

    around = "0 <= k < K and 0 <= i < N and 0 <= o < O"
    strided = f"[N, K, p, O] -> {{ [o, k] -> [i] : i = 2o + k - p and {around} }}"
    blocks = f"exists (q, r : k - p = 2q + r and 0 <= r < 2 and i = 2o + 2q + r) and {around}"
    phases = f"[N, K, p, O] -> {{ [o, k] -> [i] : {blocks} }}"
    return lambda: _hold(bool(islpy.Map(strided).is_equal(islpy.Map(phases))))


def _vgg() -> list[Any]:
    """VGG-16's convolutions and poolings (Simonyan and Zisserman 2015, table 1)."""
    from symconv import Conv, MaxPool

    layers: list[Any] = []
    channels = 3
    for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if width:
            layers += [Conv(channels, width, 3, 1, 1), "relu"]
        else:
            layers.append(MaxPool(2, 2, channels=channels))
        channels = width or channels
    return layers


def _deep(depth: int) -> list[Any]:
    """So many convolutions with functions between them; each fifth ends in a stride of 2."""
    from symconv import Conv

    part = max(depth // 5, 1)
    strides = [2 if place % part == part - 1 else 1 for place in range(depth)]
    return [item for s in strides for item in (Conv(8, 8, 3, s, 1), "relu")]


def _chain(name: str, layers: list[Any], size: Any) -> Work:
    import symconv

    network = symconv.chain(name, layers, size)
    return lambda: _require(symconv.prove(network))


def vgg_everywhere() -> Work:
    """VGG-16 for all sizes."""
    return _chain("vgg", _vgg(), ("H", "W"))


def deep(depth: int) -> Make:
    """A deep chain at a size."""
    return lambda: _chain("deep", _deep(depth), (224, 224))


def deep_everywhere(depth: int) -> Make:
    """A deep chain for all sizes."""
    return lambda: _chain("deep", _deep(depth), ("H", "W"))


def flips(many: int) -> Make:
    """A claim that so many flips in front of a convolution change nothing."""

    def make() -> Work:
        import symconv

        conv, flip = {"op": "conv", "weight": "w"}, {"op": "flip", "axes": [1]}
        text = {
            "name": "flips",
            "input": {"channels": 2, "size": [64]},
            "weights": {"w": {"shape": [2, 2, 3]}},
            "left": [*[flip] * many, conv],
            "right": [conv],
        }
        return lambda: _require(symconv.check(text))

    return make


def _zoo(step: int) -> list[Any]:
    from symconv.dialect.files import read_layers

    return list(read_layers(str(ROOT / "tests" / "data" / "zoo.json.gz"))[::step])


def zoo(step: int = 1) -> Make:
    """Every so many layers of the zoo, at their sizes."""

    def make() -> Work:
        pairs = [(entry.layer, entry.numeric_size) for entry in _zoo(step)]
        return lambda: _each_at(pairs)

    return make


def zoo_everywhere(step: int = 1) -> Make:
    """The same layers for all sizes."""

    def make() -> Work:
        pairs = [(entry.layer, entry.sizes_for_all()) for entry in _zoo(step)]
        return lambda: _each_named(pairs)

    return make


def audio(step: int = 1) -> Make:
    """Layers of sound at their lengths."""

    def make() -> Work:
        from tests.helpers.audio_zoo import audio_layers

        pairs = [(layer, size) for _, layer, size in audio_layers()[::step]]
        return lambda: _each_at(pairs)

    return make


def _each_at(pairs: Iterable[tuple[Any, Any]]) -> None:
    import symconv

    for layer, size in pairs:
        _require(symconv.prove(layer, size, symbolic=False))


def _each_named(pairs: Iterable[tuple[Any, Any]]) -> None:
    import symconv

    for layer, size in pairs:
        _require(symconv.prove(layer, size))


def foldings(step: int = 1) -> Make:
    """A compiler's width foldings, each with its stated verdict."""

    def make() -> Work:
        from tests.helpers.lowerings.width_folding import width_foldings

        return _checked(width_foldings()[::step], repairs=False)

    return make


def half_false(step: int = 1) -> Make:
    """Lowerings, half of them false, each false one with the search for its repair."""

    def make() -> Work:
        from tests.helpers.half_false import half_false as claims

        return _checked(list(_neighbours(claims(), step)), repairs=True)

    return make


def _neighbours(claims: list[Any], step: int) -> Iterator[Any]:
    """Every so many pairs of a true claim and the false one behind it."""
    for place in range(0, len(claims), 2 * step):
        yield from claims[place : place + 2]


def _checked(claims: list[Any], repairs: bool) -> Work:
    import symconv
    from symconv.repair import repair

    texts = [
        ({k: v for k, v in claim.items() if k != "stated"}, claim["stated"]) for claim in claims
    ]

    def check() -> None:
        for text, stated in texts:
            verdict: Any = symconv.check(text)
            _require(verdict, stated)
            if repairs and stated == "refuted":
                repair(verdict)

    return check


def command(*words: str) -> Make:
    """A command of symconv in a process of its own."""
    return python("from symconv.cli import main; main()", *words)


def python(code: str, *words: str) -> Make:
    """Python in a process of its own."""
    line = [sys.executable, "-c", code, *words]

    def make() -> Work:
        return lambda: subprocess.run(line, stdout=subprocess.DEVNULL, check=True, env=os.environ)

    return make


INSTALLED: dict[str, tuple[str, ...]] = {
    "torch-random": ("torch",),
    "torch-exact": ("torch",),
    "scipy": ("scipy",),
    "dense-sympy": ("scipy",),
    "z3-given": ("z3",),
    "z3-alone": ("z3",),
    "cvc5-given": ("cvc5",),
    "cvc5-alone": ("cvc5",),
}
"""Libraries that a line needs beyond symconv's own."""
