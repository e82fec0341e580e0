"""True certificates of many kinds, and what a forger who can compute digests makes of them."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from typing import Any

from symconv import AvgPool, Conv, ConvTranspose, MaxPool, check, prove
from symconv.claim import digest, read_claim
from symconv.claim.verdict import Certificate, Fact
from symconv.dialect.config import read_layer
from symconv.network import chain
from symconv.prove.network.decide import decide_network
from symconv.recheck.facts import EVERYWHERE, ONCE
from tests.helpers.networks import everywhere

Text = dict[str, Any]
Path = tuple[Any, ...]
RELU: Text = {"op": "relu"}
FLIP: Text = {"op": "flip", "axes": [1]}
SAME: Text = {"op": "conv", "weight": "w", "padding": 1}


def conv(weight: str, **more: Any) -> Text:
    return {"op": "conv", "weight": weight, **more}


def sides(left: list[Text], right: list[Text], size: Any, weights: Text, channels: int = 1) -> Text:
    return {
        "input": {"channels": channels, "size": size},
        "weights": weights,
        "left": left,
        "right": right,
    }


def claims() -> dict[str, Text]:
    """True claims: products of weights, biases used twice, zeros, functions, maxima, all sizes."""
    w3, flipped = {"shape": [1, 1, 3]}, {"from": "w", "steps": [{"op": "flip", "axes": [2]}]}
    bias = {"w": {"shape": [1, 1, 1]}, "b": {"shape": [1]}}
    once = [{"op": "mask", "keep": [[0], None]}]
    branch = {"op": "add", "branches": [[], [FLIP]]}
    mirrored = {"op": "add", "branches": [[FLIP], []]}
    phases = {"op": "rearrange", "pattern": "c (h a) -> (c a) h", "a": 2}
    joined = {"op": "rearrange", "pattern": "(c a) h -> c (h a)", "a": 2}
    third = {"op": "concat", "axis": 1, "branches": [[], [{"op": "max_pool", "kernel_size": 2}]]}
    return {
        "two of one weight": sides(
            [conv("w"), conv("f")], [conv("f"), conv("w")], [7], {"w": w3, "f": flipped}
        ),
        "a bias twice": sides(
            [conv("w", bias="b"), *once, conv("w", bias="b")],
            [*once, conv("w", bias="b")],
            [2],
            bias,
        ),
        "zero": sides(
            [conv("w")],
            [
                {"op": "slice", "slices": [[None] * 3, [1, -1, None]]},
                {"op": "mask", "keep": [[0], None]},
            ],
            [5],
            {"w": {**w3, "fill": 0}},
        ),
        "functions": sides([SAME, RELU, FLIP, SAME], [SAME, FLIP, RELU, SAME], [6], {"w": w3}),
        "a branch": sides([branch, SAME], [mirrored, SAME], [6], {"w": w3}),
        "maxima": sides([third, FLIP, FLIP], [third], [6], {}),
        "phases": sides(
            [phases, joined, {**SAME, "stride": 2}], [{**SAME, "stride": 2}], [8], {"w": w3}
        ),
        "flipped, all": sides(
            [FLIP, conv("w", stride=2)], [conv("f", stride=2), FLIP], ["N"], {"w": w3, "f": flipped}
        )
        | {"where": ["N % 2 == 1"]},
        "functions, all": sides(
            [SAME, RELU, FLIP, SAME], [SAME, FLIP, RELU, SAME], ["N"], {"w": w3}
        ),
    }


def layers() -> list[tuple[Any, Any]]:
    """Layers of every kind with a size, small but for one whose matrix is a stand-in's."""
    return [
        (Conv(2, 3, (5, 3), 2, 2), (8, 7)),
        (Conv(4, 4, 3, 2, 1, 2, groups=2, bias=False), (9,)),
        (Conv(1, 2, 3, 2, 1, padding_mode="reflect"), (8,)),
        (Conv(1, 1, 4, 3, ((2, -1),), padding_value=3), (11,)),
        (Conv(16, 16, 5, 2, "same"), (24, 24)),
        (ConvTranspose(2, 2, 4, 2, 1, 1, groups=2), (5,)),
        (MaxPool(3, 2, 1, True, channels=2), (8, 9)),
        (AvgPool(2, 2, 1, True, count_include_pad=False), (8,)),
    ]


def certificates() -> dict[str, Text]:
    """True certificates, each as the text that the prover writes."""
    found: dict[str, Any] = {name: check({"name": name, **text}) for name, text in claims().items()}
    for number, (layer, size) in enumerate(layers()):
        found[f"{layer.op} {number}"] = prove(layer, size)
        if number in (1, 6, 7):
            names = ["N"] if len(size) == 1 else None
            found[f"{layer.op} {number}, all"] = prove(layer, names)
    net = chain("net", [Conv(1, 2, 3, 1, 1), "relu", Conv(2, 1, 3, 2, 1)], (7,))
    found["chain"] = decide_network(net).verdict
    found["chain, all"] = everywhere(net).verdict
    wrong = [name for name, verdict in found.items() if not isinstance(verdict, Certificate)]
    if wrong:
        raise RuntimeError(f"not proved: {wrong}")
    return {name: plain(verdict.to_dict()) for name, verdict in found.items()}


def written(name: str, text: Text) -> Certificate:
    """The certificate of a claim that keeps its shape, whatever the prover says of the claim."""
    claim = read_claim({"name": name, **text})
    if not claim.names:
        return Certificate(claim, (Fact("tables", ONCE),), (1, *claim.size), 0.0)
    figures = {"sizes": list(claim.names), "domain": "all sizes"}
    shape = (1, *(str(size) for size in claim.size))
    return Certificate(claim, (Fact("sets", EVERYWHERE, figures),), shape, 0.0, sizes="all")


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def signed(body: Text) -> Text:
    """The certificate with its digest computed again."""
    bare = {key: value for key, value in body.items() if key != "digest"}
    return {**bare, "digest": digest(bare)}


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of everything in plain data: leaves, and lists and objects themselves."""
    if path:
        yield path
    if isinstance(value, dict | list):
        parts: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            yield from places(part, (*path, key))


def others(value: Any, rng: random.Random) -> list[Any]:
    """Other values in the place of one: of its kind, and of kinds that pass for it."""
    if isinstance(value, bool):
        return [not value, int(value), str(value), None]
    if isinstance(value, int):
        return [value + 1, value - 1, -value - 1, value + 0.5, f"{value}", [value], None, 10**9]
    if isinstance(value, str):
        cut = rng.randrange(len(value) + 1)
        swapped = value.replace("N", "M").replace("w", "v").replace("2", "3").replace("1", "2")
        return [f"{value}x", value[:cut] + value[cut + 1 :], "", swapped, None, 1, "same", "w"]
    if isinstance(value, list):
        return [value[:-1], [*value, *value[-1:]], value[::-1], [], None]
    if isinstance(value, dict):
        less = [{k: v for k, v in value.items() if k != key} for key in list(value)[:3]]
        return [*less, {**value, "more": 1}, {**value, "name": "x"}, {}, None]
    return [1, "x", [[0, 1, 1]], False]


def at(text: Any, path: Path) -> Any:
    for key in path:
        text = text[key]
    return text


def changed(text: Text, path: Path, value: Any) -> Text:
    """A certificate with another value at one place, signed as if it were true."""
    result = copy.deepcopy(text)
    at(result, path[:-1])[path[-1]] = value
    return signed(result)


def forged(texts: dict[str, Text], rng: random.Random) -> Iterator[tuple[str, Path, Text]]:
    """Every place of every certificate with every other value."""
    for name, text in texts.items():
        for path in places({k: v for k, v in text.items() if k != "digest"}):
            old = at(text, path)
            for value in others(old, rng):
                if repr(value) != repr(old):
                    yield name, path, changed(text, path, value)


UNCHECKED = [
    ("claim", "name"),
    ("layer", "name"),
    ("facts", "figures", "coq"),
    ("facts", "figures", "seconds"),
    ("facts", "figures", "file"),
    ("facts", "figures", "without_masks"),
]
"""Places of which a rechecker's reason says that they are not checked."""


def is_honest(text: Text, true: Text, path: Path) -> bool:
    """Whether a changed certificate states something true, or something that is said to be open.

    Of a changed claim or layer the prover is asked.  Cuts, and which side they are of, are a
    witness: whatever makes every square commute proves the claim.  An expression may be spaced
    otherwise, and of SymPy nothing need be said where it was not asked.  How often and where both
    sides were evaluated is named as unchecked, as far as the figures go together.
    """
    words = tuple(key for key in path if not isinstance(key, int))
    if words[0] == "evaluation" or words in UNCHECKED or {"cuts", "swapped"} & set(words):
        return True
    if words in (("facts", "figures", "domain"), ("output_shape",)):
        return bare(at(text, path)) == bare(at(true, path))
    if words == ("limits",):
        return text["limits"] == [] and "sympy" not in text["method"]
    if text["layer"] != true["layer"]:
        return _is_true_of(text["layer"], text)
    return bool(text["claim"] != true["claim"] and proves(text["claim"], text))


def bare(text: Any) -> str:
    """An expression without spaces and parentheses, in which a forger may change nothing."""
    return re.sub(r"[\s()]", "", str(text))


def _is_true_of(layer: Text | None, text: Text) -> bool:
    """Whether the claim holds with the layer as its left side."""
    if layer is None:
        return proves(text["claim"], text) and not text["limits"]
    config = read_layer(plain(layer))
    if text["sizes"] == "all":
        stated = prove(config.layer, [str(n) for n in config.input_size])
    else:
        stated = prove(config.layer, config.numeric_size)
    if not isinstance(stated, Certificate):
        return False
    return proves({**text["claim"], "left": plain(stated.claim.to_dict())["left"]}, text)


def proves(claim: Text, text: Text) -> bool:
    """Whether the prover proves a claim, for the same sizes and shape."""
    found = check(plain(claim), all_sizes=text["sizes"] == "all")
    return isinstance(found, Certificate) and found.sizes == text["sizes"]
