"""A certificate's facts: each a known one, with just the figures that can be computed again.

A fact says by which method something was established.  The method is not run again; what it states
is compared with the claim and the layer, and what only its maker can know is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from symconv.errors import SymconvError
from symconv.recheck.claims import at, names, read_claim
from symconv.recheck.cuts import functions_first
from symconv.recheck.denote import Meaning
from symconv.recheck.ops import MAXIMA, WINDOWED_SUMS, every_step
from symconv.recheck.statement import beyond_means, claim_of_layer, has_matrix, weight_shape

Texts = dict[str, Any]
SETTLING = {"these": ("tables", "squares", "sets"), "all": ("sets", "squares", "z3")}
"""Methods that settle a claim by themselves; a certificate begins with one."""

ONCE = "both sides have the same coefficient at every output, input and weight"
COMPOSED = "the sides agree part by part, for every value of what lies beyond a hidden tensor's end"
LARGE = "both sides have the same coefficients at these sizes, decided by one formula"
EVERYWHERE = "both sides have the same coefficients at every size of the domain"
IN_PARTS = "the sides agree part by part at every size of the domain"
ON_LATTICE = (
    "every output of this layer of matrix stride is that of its expansion on coset signals, for "
    "every ring, every weight, bias and input of any size"
)
COUNTED = "no size at which the factors of some product add up to different numbers"
CHAINED = "every layer's square commutes at every size of the domain"


class CertificateError(SymconvError):
    """A certificate whose parts do not belong together; the message names the part."""


@dataclass(frozen=True)
class Certified:
    """What the facts are compared with: the claim, read; the layer; the stated sizes and shape."""

    claim: Texts
    layer: Texts | None
    sizes: str
    shape: Sequence[Any]


def check_facts(body: Texts, claim: Texts) -> Iterator[str]:
    """Compare every fact with the claim; what cannot be compared is returned in words.

    Raises:
        CertificateError: a fact is unknown, its figures are not the claim's, or none settles it.
    """
    facts = body["facts"]
    stated = Certified(claim, body["layer"], body["sizes"], body["output_shape"])
    if not isinstance(facts, list) or not all(map(_is_fact, facts)):
        raise CertificateError("facts must be a list of method, about and figures")
    methods = [fact["method"] for fact in facts]
    if not methods or methods[0] not in SETTLING[stated.sizes]:
        raise CertificateError(f"its first fact must settle the claim, got the methods {methods}")
    if body["method"] != list(dict.fromkeys(methods)):
        raise CertificateError(f"its method must be its facts', {methods}, got {body['method']!r}")
    for place, fact in enumerate(facts):
        if place and fact["method"] not in ("sympy", "kernel", "mask"):
            raise CertificateError(f"fact {place}: {fact['method']!r} cannot stand there")
        yield from _RULES[fact["method"]](fact, stated)
    extra = [method for method in methods[1:] if method != "mask"]
    if len(set(extra)) < len(extra) or len(set(map(repr, facts))) < len(facts):
        raise CertificateError("a fact stands twice")


def _is_fact(fact: Any) -> bool:
    return (
        isinstance(fact, dict)
        and set(fact) == {"method", "about", "figures"}
        and isinstance(fact["method"], str)
        and isinstance(fact["about"], str)
        and isinstance(fact["figures"], dict)
    )


def _require(found: Any, wanted: Any, what: str) -> None:
    """Refuse a figure that is not the one computed again, 1 for true and 2.0 for 2 among them."""
    if repr(found) != repr(wanted):
        raise CertificateError(f"{what} is {wanted!r:.160}, the certificate says {found!r:.160}")


def _keys(fact: Texts, wanted: set[str]) -> None:
    _require(sorted(fact["figures"]), sorted(wanted), f"{fact['method']}: the list of figures")


def _tables(fact: Texts, stated: Certified) -> Iterator[str]:
    _require(fact["about"], ONCE, "what the tables are about")
    _keys(fact, set())
    yield from ()


def _squares(fact: Texts, stated: Certified) -> Iterator[str]:
    if stated.sizes == "these":
        _require(fact["about"], COMPOSED, "what the squares are about")
        return
    _require(fact["about"], CHAINED, "what the squares are about")
    _keys(fact, {"squares", "sizes", "domain"})
    layers = [step for step in stated.claim["left"] if step["op"] != "pointwise"]
    _require(fact["figures"]["squares"], len(layers), "the number of squares")
    _require(fact["figures"]["sizes"], names(stated.claim), "the list of sizes")
    yield from ()


def _sets(fact: Texts, stated: Certified) -> Iterator[str]:
    if stated.sizes == "these":
        _require(fact["about"], LARGE, "what the sets are about")
        _keys(fact, set())
        return
    in_parts = "parts" in fact["figures"]
    _require(fact["about"], IN_PARTS if in_parts else EVERYWHERE, "what the sets are about")
    _keys(fact, {"sizes", "domain"} | ({"parts"} if in_parts else set()))
    _require(fact["figures"]["sizes"], names(stated.claim), "the list of sizes")
    if in_parts and fact["figures"]["parts"] not in part_counts(stated.claim):
        raise CertificateError(
            f"the claim has {sorted(part_counts(stated.claim))} parts, the certificate says "
            f"{fact['figures']['parts']!r:.80}"
        )
    yield from ()


def _z3(fact: Texts, stated: Certified) -> Iterator[str]:
    if stated.sizes == "these":
        raise CertificateError("z3 is asked for all sizes, and the certificate is for these")
    _require(fact["about"], COUNTED, "what z3 is asked about")
    _keys(fact, {"sizes", "domain"})
    _require(fact["figures"]["sizes"], names(stated.claim), "the list of sizes")
    yield from ()


def _layer_of(stated: Certified, method: str) -> Texts:
    if stated.layer is None:
        raise CertificateError(f"{method} speaks of a layer, and the certificate has none")
    return stated.layer


STAND_IN = re.compile(
    r"a stand-in of the same geometry: input (\d+(?: x \d+)*), (\d+) -> (\d+) channels"
)


def _sympy(fact: Texts, stated: Certified) -> Iterator[str]:
    layer, figures = _layer_of(stated, "sympy"), fact["figures"]
    _keys(fact, {"rows", "columns", "symbols", "input_size"})
    if fact["about"] == "this layer at its own size":
        _require(figures["input_size"], layer["input_size"], "the matrix's input_size")
        small, shape = layer, list(stated.shape)
    else:
        small = _stand_in(fact, layer)
        shape = _output_of(small)
        yield "the stand-in's size"
    rank = len(layer["input_size"])
    _require(figures["rows"], prod(shape), "the number of the matrix's rows")
    columns = small["in_channels"] * prod(figures["input_size"])
    _require(figures["columns"], columns, "the number of the matrix's columns")
    _require(figures["symbols"], prod(weight_shape(small, rank)), "the number of symbols")
    yield "that SymPy found the matrices equal"


def _stand_in(fact: Texts, layer: Texts) -> Texts:
    """The layer that a stand-in's text describes: of few channels, and no larger."""
    found = STAND_IN.fullmatch(fact["about"])
    if found is None:
        raise CertificateError(f"sympy is about a layer or a stand-in, got {fact['about']!r:.160}")
    size = [int(n) for n in found[1].split(" x ")]
    _require(fact["figures"]["input_size"], size, "the stand-in's input_size")
    if len(size) != len(layer["input_size"]) or not all(
        1 <= a <= b for a, b in zip(size, layer["input_size"], strict=True)
    ):
        raise CertificateError(f"a stand-in is no larger than its layer, got {size}")
    pool = layer["op"] in ("max_pool", "avg_pool")
    groups = 1 if pool else min(layer.get("groups", 1), 2)
    _require([int(found[2]), int(found[3])], [groups, groups], "the stand-in's channels")
    small = {**layer, "in_channels": groups, "out_channels": groups, "input_size": size}
    return small if pool else {**small, "groups": groups}


def _output_of(layer: Texts) -> list[int]:
    """The shape that a layer computes."""
    kept = {key: value for key, value in layer.items() if key != "channels"}
    bare: Texts = {"weights": {}, "right": []}
    claim = at(read_claim(claim_of_layer(kept, bare)), {})
    return Meaning(claim, layer["op"] == "max_pool").shape(claim["left"])


def _kernel(fact: Texts, stated: Certified) -> Iterator[str]:
    layer, figures = _layer_of(stated, "kernel"), fact["figures"]
    if not (_is_asked(layer) and (stated.sizes == "these" or has_matrix(layer))):
        raise CertificateError(
            f"the kernel is asked of a layer at a size, with numbers up to {MOST_NUMBER} and "
            f"{MOST_CHANNELS} channels"
        )
    if (unknown := beyond_means(layer)) is not None:
        raise CertificateError(f"the kernel's library has no means with {unknown}")
    _require(fact["about"], _kernel_about(layer), "what the kernel's theorem is about")
    _keys(fact, {"coq", "seconds"} | ({"file"} if "file" in figures else set()))
    coq, seconds = figures["coq"], figures["seconds"]
    if not isinstance(coq, str) or not re.fullmatch(r"\d+(\.\w+)*", coq):
        raise CertificateError(f"{coq!r:.80} is not a version of Coq")
    if type(seconds) not in (int, float) or not 0 <= seconds < 1e6:
        raise CertificateError(f"the kernel cannot have taken {seconds!r:.80} seconds")
    if not isinstance(figures.get("file", ".v"), str) or not figures.get("file", ".v")[-2:] == ".v":
        raise CertificateError(f"the kernel reads no file {figures['file']!r:.80}")
    yield "that Coq's kernel accepted the theorem, its version, its seconds and its file"


MOST_NUMBER, MOST_CHANNELS = 4096, 8192
"""Coq counts in unary; the kernel is asked of no layer with larger numbers."""


def _is_asked(layer: Texts) -> bool:
    """Whether the kernel is asked of layers like this one."""
    if has_matrix(layer):
        return is_plain_lattice(layer) and _is_small_lattice(layer)

    def most(name: str) -> int:
        value = layer.get(name) or 1
        return max(value) if isinstance(value, list) else value

    numbers = max(most("stride"), most("kernel_size"))
    channels = max(most("in_channels"), most("out_channels"), most("channels"))
    return numbers <= MOST_NUMBER and channels <= MOST_CHANNELS


MOST_ON_LATTICE = (512, 512, 8192)
"""Taps, numbers and channels up to which the kernel is asked of a matrix stride."""


def is_plain_lattice(layer: Texts) -> bool:
    """Whether the library's theorem of matrix strides is of layers like this one."""
    zeros = layer.get("padding_mode", "zeros") == "zeros" and not layer.get("padding_value", 0)
    return bool(zeros and layer.get("groups", 1) == 1)


def _is_small_lattice(layer: Texts) -> bool:
    taps, number, channels = MOST_ON_LATTICE
    kernel = weight_shape(layer, len(layer["input_size"]))[2:]
    entries = [abs(n) for row in layer["stride"] for n in row]
    return bool(
        prod(kernel) <= taps and max(entries) <= number and layer["in_channels"] <= channels
    )


def _kernel_about(layer: Texts) -> str:
    if has_matrix(layer):
        return ON_LATTICE
    size = "x".join(map(str, layer["input_size"]))
    return (
        f"every output of this layer, of input {size}, is that output of its expansion on arrays "
        f"of phases, {_kernel_law(layer)}; and these numbers at any size"
    )


def _kernel_law(layer: Texts) -> str:
    ring = "for every ring, every weight, bias and input"
    if layer["op"] == "max_pool":
        return "for a maximum over any total order with -inf and every input"
    if layer["op"] == "avg_pool":
        return "for every field and every input, divided by the samples that its windows count"
    if layer["op"] == "conv_transpose":
        return f"{ring}, by the definition of the adjoint"
    if layer.get("padding_mode", "zeros") != "zeros" or layer.get("padding_value", 0):
        return f"{ring}, with what its pads read"
    return ring


_WITHOUT = re.compile(
    "(not asked: the masks only keep -inf out of sums|refuted: .{1,2000}|proved|undecided)"
)


def _mask(fact: Texts, stated: Certified) -> Iterator[str]:
    figures = fact["figures"]
    if not isinstance(layer := figures.get("layer"), str):
        raise CertificateError("a mask stands before a layer, by its name")
    tails = _tails_here(fact) if stated.sizes == "these" else _tails_everywhere(fact)
    if fact["about"] not in [f"the mask before {layer}: {tail}" for tail in tails]:
        raise CertificateError(f"no mask is written so: {fact['about']!r:.160}")
    if not any(step["op"] == "pad" for step in every_step(stated.claim["right"])):
        raise CertificateError("the certificate speaks of a mask, and its claim has none")
    yield "which layers the masks stand before, where they are needed, and what holds without them"


def _tails_here(fact: Texts) -> list[str]:
    _keys(fact, {"layer", "without_masks"})
    without = fact["figures"]["without_masks"]
    if not isinstance(without, str) or not _WITHOUT.fullmatch(without):
        raise CertificateError(f"nothing is said of a chain without masks by {without!r:.80}")
    return [
        "it keeps -inf, left by a pooling, out of a sum",
        "it would read the tail of a hidden signal",
    ]


def _tails_everywhere(fact: Texts) -> list[str]:
    _keys(fact, {"layer", "needed"})
    needed = fact["figures"]["needed"]
    if not isinstance(needed, str) or not needed:
        raise CertificateError(f"a mask is not needed where {needed!r:.80}")
    return [
        f"it would read its input's tail{why} where {needed}"
        for why in ("", ", or -inf that a pooling left there,")
    ]


_RULES: dict[str, Callable[[Texts, Certified], Iterator[str]]] = {
    "tables": _tables,
    "squares": _squares,
    "sets": _sets,
    "sympy": _sympy,
    "kernel": _kernel,
    "mask": _mask,
    "z3": _z3,
}


def part_counts(claim: Texts) -> set[int]:
    """How many parts a claim may be cut into: at each layer, or at each change of monoid."""
    steps = functions_first(claim["left"])
    marks = [mark for mark in map(mark_of, steps) if mark]
    counts = set()
    for fine in (True, False):
        cuts = 0
        for mark, after in zip(marks, [*marks[1:], "end"], strict=True):
            if mark == "function":
                cuts += 1
            elif after not in ("function", "end"):
                cuts += fine or mark != after
        counts.add(cuts + 1)
    return counts


def mark_of(step: Texts) -> str:
    """What cuts a pipeline: a function, a maximum, or a layer that sums; else nothing."""
    inner = {s["op"] for s in every_step([step])}
    if step["op"] == "pointwise":
        return "function"
    if inner & MAXIMA:
        return "max"
    return "sum" if inner & WINDOWED_SUMS else ""
