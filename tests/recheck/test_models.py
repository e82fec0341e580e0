"""Certificates of models: settled again from their text, and refused where something is changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from symconv.network.model import Model
from symconv.network.reading import read_model
from symconv.prove.network.models import decide_model
from symconv.recheck import CertificateError, recheck
from tests.helpers.graphs import Builder, random_model
from tests.helpers.model_certificates import signed
from tests.helpers.requirements import require

Text = dict[str, Any]


def gated(size: Any = 9) -> Model:
    """Two strided convolutions, between them a gate, a skip and a maximum."""
    made = Builder()
    x = made.input("x", 1, 2, size, size)
    y = made.conv(x, 2, 2, [3, 3], strides=[2, 2], pads=[1] * 4)
    gate = made.node("Sigmoid", made.node("GlobalAveragePool", y))
    z = made.node("Mul", y, gate)
    both = made.node("Concat", z, y, axis=1)
    pooled = made.node("MaxPool", both, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
    return made.model(made.conv(pooled, 4, 2, [3, 3], strides=[2, 2], pads=[1] * 4))


def certificate(model: Model) -> Text:
    verdict = decide_model(read_model(model)).verdict
    assert verdict.verdict == "proved"
    text: Text = json.loads(json.dumps(verdict.to_dict()))
    return text


def nodes(text: Text) -> dict[str, Text]:
    return {node["name"]: node for graph in text["graphs"] for node in graph["nodes"]}


def test_a_model_s_certificate_is_settled_from_its_text() -> None:
    found = recheck(certificate(gated()))
    assert (found.verdict, found.sizes) == ("proved", "these")
    assert "7 nodes looked at" in found.reason
    assert "not checked: that the file of the digest" in found.reason


def test_random_graphs_certificates_are_settled() -> None:
    for seed in range(300, 312):
        assert recheck(certificate(random_model(seed, 17, 22))).verdict == "proved", seed


def test_named_sizes_are_settled_too() -> None:
    require("z3")
    found = recheck(certificate(gated("N")))
    assert (found.verdict, found.sizes) == ("proved", "all")
    assert "at 120 sizes of the domain" in found.reason


def _change(name: str, **parts: Any) -> Callable[[Text], None]:
    def change(text: Text) -> None:
        nodes(text)[name].update(parts)

    return change


def _factor(tensor: str, factors: list[int]) -> Callable[[Text], None]:
    def change(text: Text) -> None:
        text["graphs"][0]["tensors"][tensor]["factors"] = factors

    return change


def _shape(tensor: str, shape: list[int]) -> Callable[[Text], None]:
    def change(text: Text) -> None:
        text["graphs"][0]["tensors"][tensor]["shape"] = shape

    return change


def _without_mask(name: str) -> Callable[[Text], None]:
    def change(text: Text) -> None:
        del nodes(text)[name]["mask"]

    return change


def _twice(text: Text) -> None:
    text["graphs"][0]["nodes"].append(copy.deepcopy(text["graphs"][0]["nodes"][0]))


def _reversed(text: Text) -> None:
    text["graphs"][0]["nodes"].reverse()


def _other_square(text: Text) -> None:
    nodes(text)["conv0"]["square"] = nodes(text)["conv6"]["square"]


def _other_claim(text: Text) -> None:
    square = text["squares"][0]
    square["claim"]["right"] = square["claim"]["left"]
    text["squares"][0] = signed(square)


FAULTS: dict[str, Callable[[Text], None]] = {
    "a join of unequal factors": _change("mul3", reads=[[1, 1, 1, 1], [1, 1, 1, 1]]),
    "a factor of a tensor": _factor("mul3", [1, 1, 1, 1]),
    "another factor of a tensor": _factor("conv0", [1, 1, 4, 4]),
    "phases of an input": _factor("x", [1, 1, 4, 4]),
    "no mask for statistics": _without_mask("globalaveragepool1"),
    "another operator": _change("mul3", op="Gemm"),
    "another window's operator": _change("conv6", op="MaxPool"),
    "a link between other axes": _change("mul3", links=[[0, 2, 3, 1, 1], [0, 3, 2, 1, 1]]),
    "no links": _change("concat4", links=[]),
    "phases left alone": _change("mul3", status="untouched"),
    "no square": _change("conv6", square=99),
    "another square": _other_square,
    "another claim": _other_claim,
    "a node twice": _twice,
    "another order": _reversed,
    "another size": _shape("x", [1, 2, 8, 9]),
    "another size inside": _shape("concat4", [1, 4, 6, 5]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_refused(fault: str) -> None:
    text = certificate(gated())
    FAULTS[fault](text)
    try:
        verdict = recheck(signed(text)).verdict
    except CertificateError:
        return
    assert verdict != "proved"


def test_a_tail_that_a_square_does_not_speak_of_is_refused() -> None:
    """The certificate of a size without tails, whose shapes are made those of one with some."""
    made = Builder()
    x = made.input("x", 1, 2, 8, 8)
    y = made.conv(x, 2, 2, [1, 1], strides=[2, 2])
    z = made.conv(y, 2, 2, [1, 1])
    text = certificate(made.model(made.conv(z, 2, 2, [1, 1], strides=[2, 2])))
    assert recheck(text).verdict == "proved"
    for name in ("conv0", "conv1"):
        text["graphs"][0]["tensors"][name]["shape"] = [1, 2, 3, 3]
    with pytest.raises(CertificateError):
        recheck(signed(text))


def test_a_changed_text_is_refused_by_its_digest() -> None:
    text = certificate(gated())
    text["model"]["name"] = "another"
    with pytest.raises(CertificateError, match="digest"):
        recheck(text)


@pytest.mark.parametrize("part", ["graphs", "squares", "model", "names", "domain"])
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [[]], [{}]])
def test_a_malformed_text_ends_in_one_line(part: str, value: Any) -> None:
    text = signed({**certificate(gated()), part: value})
    said, verdict = settled(text)
    assert "\n" not in said
    assert verdict != "proved" or part in ("names", "domain", "model")


def settled(text: Text) -> tuple[str, str]:
    """What is said of a certificate, and its verdict where there is one."""
    try:
        found = recheck(text)
    except CertificateError as fault:
        return str(fault), "refused"
    return found.reason, found.verdict
