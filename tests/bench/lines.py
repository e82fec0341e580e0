"""The lines of the speed table: what is done, how often, and beside which peers.

A line says how to make its work; what it takes until then, imports among it, is not measured.  Of
symconv the lines use public names only, so that an older tree can be measured by them too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.bench import work

Work = Callable[[], object]
"""What is measured: done once a round, with something true at its end."""


@dataclass(frozen=True)
class Line:
    """One line of the table.

    ``rounds`` in one process follow ``warm`` ones that do not count, and their median counts;
    ``processes`` fresh ones are tried, and the least of them counts.  A peer has no verdicts, and
    what starts a command no second voice that could be taken away.
    """

    group: str
    words: str
    make: Callable[[], Work]
    rounds: int = 1
    warm: int = 0
    processes: int = 1
    peer: bool = False
    voice: bool = True
    before: Callable[[], None] = work.nothing
    """What is done in front of each round, and is not measured."""

    length: Literal["short", "long", "sample"] = "short"
    """Of a long one a sample takes its place where `--quick` is asked for."""


def _often(group: str, words: str, make: Callable[[], Work]) -> Line:
    return Line(group, words, make, rounds=30, warm=3)


def _anew(group: str, words: str, make: Callable[[], Work]) -> Line:
    return Line(group, words, make, rounds=30, warm=3, before=work.forget)


def _first(group: str, words: str, make: Callable[[], Work]) -> Line:
    return Line(group, words, make, processes=3)


def _peer(group: str, words: str, make: Callable[[], Work], rounds: int = 20) -> Line:
    return Line(group, words, make, rounds=rounds, warm=min(rounds - 1, 2), peer=True, voice=False)


def _long(group: str, words: str, make: Callable[[], Work]) -> Line:
    return Line(group, words, make, length="long")


def _sample(group: str, words: str, make: Callable[[], Work]) -> Line:
    return Line(group, words, make, length="sample")


def _start(group: str, words: str, make: Callable[[], Work]) -> Line:
    return Line(group, words, make, rounds=5, warm=1, voice=False)


STEM, WHERE, EVERYWHERE, CHAINS, MANY, START = (
    "the stem of ResNet-50 at 224x224, 64 filters",
    "the same stem at 1x32x32, one filter",
    "all sizes",
    "chains and long claims",
    "many at once",
    "from the command line",
)

LINES: dict[str, Line] = {
    "stem-anew": _anew(STEM, "proved anew, every cache emptied", work.stem),
    "stem": _often(STEM, "asked for again, when it is known", work.stem),
    "stems": _often(STEM, "stems of other sizes, each for the first time", work.stems),
    "stem-first": _first(STEM, "the first proof in a process", work.stem_at_first),
    "stem-sympy": _often(STEM, "again, with the SymPy identity", work.stem_with_sympy),
    "numpy-limit": _peer(STEM, "NumPy alone: two axis tables, made and compared", work.numpy_limit),
    "torch-random": _peer(STEM, "torch: one random test in float32", work.torch_random),
    "torch-exact": _peer(STEM, "torch: one exact test in float64", work.torch_exact),
    "scipy": _peer(STEM, "scipy.sparse labels, one filter", work.scipy_labels, 3),
    "small-stem": _anew(WHERE, "proved anew, every cache emptied", work.small_stem),
    "dense-sympy": _peer(WHERE, "dense SymPy matrices", work.dense_sympy, 2),
    "axis-anew": _anew(EVERYWHERE, "one axis, anew, every cache emptied", work.axes(1)),
    "axes-anew": _anew(EVERYWHERE, "three axes, the same", work.axes(3)),
    "axis": _often(EVERYWHERE, "one axis, asked for again", work.axes(1)),
    "axes": _often(EVERYWHERE, "three axes, asked for again", work.axes(3)),
    "axis-new": _often(EVERYWHERE, "one axis, another pad each time", work.other_axes(1)),
    "axes-new": _often(EVERYWHERE, "three axes, another pad each time", work.other_axes(3)),
    "z3-given": _peer(EVERYWHERE, "z3 on one axis, the derivation given", work.smt("z3", True)),
    "z3-alone": _peer(EVERYWHERE, "z3 on one axis, by itself", work.smt("z3", False)),
    "cvc5-given": _peer(
        EVERYWHERE, "cvc5 on one axis, the derivation given", work.smt("cvc5", True)
    ),
    "cvc5-alone": _peer(EVERYWHERE, "cvc5 on one axis, by itself", work.smt("cvc5", False)),
    "isl": _peer(EVERYWHERE, "isl on one axis's two relations", work.isl_alone),
    "vgg": _long(EVERYWHERE, "VGG-16", work.vgg_everywhere),
    "depth-40": _long(EVERYWHERE, "a chain of 40 layers", work.deep_everywhere(40)),
    "chain-50": _long(CHAINS, "50 layers at 224", work.deep(50)),
    "chain-100": _long(CHAINS, "100 layers at 224", work.deep(100)),
    "chain-200": _long(CHAINS, "200 layers at 224", work.deep(200)),
    "flips-1000": _long(CHAINS, "a claim of 1,000 flips before a convolution", work.flips(1000)),
    "flips-2000": _long(CHAINS, "a claim of 2,000", work.flips(2000)),
    "zoo": _long(MANY, "12,134 layers of the zoo at their sizes", work.zoo()),
    "zoo-100": _sample(MANY, "every 100th layer of the zoo", work.zoo(100)),
    "zoo-everywhere": _long(MANY, "the same layers for all sizes", work.zoo_everywhere()),
    "zoo-everywhere-100": _sample(
        MANY, "every 100th layer of the zoo for all sizes", work.zoo_everywhere(100)
    ),
    "audio": _long(MANY, "6,876 layers of sound, many long", work.audio()),
    "audio-100": _sample(MANY, "every 100th layer of sound", work.audio(100)),
    "folding": _long(MANY, "12,162 width foldings of a compiler", work.foldings()),
    "folding-100": _sample(MANY, "every 100th width folding", work.foldings(100)),
    "half-false": _long(MANY, "3,000 claims, half of them false, with repairs", work.half_false()),
    "half-false-100": _sample(
        MANY, "every 100th pair of a true claim and a false one", work.half_false(100)
    ),
    "start-sympy": _start(START, "symconv prove resnet50-stem", work.command("prove", work.PRESET)),
    "start": _start(
        START,
        "symconv prove resnet50-stem --no-symbolic",
        work.command("prove", work.PRESET, "--no-symbolic"),
    ),
    "start-presets": _start(START, "symconv presets", work.command("presets")),
    "start-help": _start(START, "symconv --help", work.command("--help")),
    "python": _peer(START, "python -c pass", work.python("pass"), 5),
    "import-numpy": _peer(START, "python -c 'import numpy'", work.python("import numpy"), 5),
    "import-sympy": _peer(START, "python -c 'import sympy'", work.python("import sympy"), 5),
}
"""Every line by its name, in the order of the table."""


def line(name: str) -> Line:
    """The line of this name.

    Raises:
        ValueError: there is none.
    """
    if name not in LINES:
        raise ValueError(f"there is no line {name!r}; there are {', '.join(LINES)}")
    return LINES[name]
