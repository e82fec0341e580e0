"""Factors around nodes: borders, bodies, and links that are held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symconv.errors import InternalError, Unsupported
from symconv.network.model import Model, ModelNode, Port
from symconv.network.phases import PhasedModel, PhasedNode
from symconv.network.reading import read_model
from symconv.network.regions import Region
from symconv.prove.network.models import decide_model
from tests.helpers.graphs import Builder


def two() -> Model:
    made = Builder()
    x = made.input("x", 1, 2, 9, 9)
    y = made.node("Relu", made.conv(x, 2, 2, [3, 3], strides=[2, 2], pads=[1] * 4))
    z = made.conv(y, 2, 2, [3, 3], strides=[2, 2], pads=[1] * 4)
    return made.model(z, y)


def phased() -> PhasedModel:
    return PhasedModel(read_model(two()), Region())


def test_borders_stand_where_phases_begin_and_end() -> None:
    found = [(b.tensor, b.reader, b.made[2:], b.read[2:]) for b in phased().borders]
    assert found == [("x", "conv0", (1, 1), (4, 4)), ("relu1", "", (2, 2), (1, 1))]


SPOILT: dict[str, Any] = {
    "another factor": {"makes": ((1, 1, 4, 4),)},
    "none at all": {"makes": ((1, 1, 1, 1),)},
    "channels on phases": {"reads": ((1, 2, 2, 2),)},
}


@pytest.mark.parametrize("fault", SPOILT)
def test_factors_that_links_do_not_have_are_a_fault(fault: str) -> None:
    relu: PhasedNode = phased().nodes[1]
    relu.check_links()
    spoilt = replace(relu, rule=replace(relu.rule, links=relu.rule.links[2:]), **SPOILT[fault])
    with pytest.raises(InternalError, match="relu1"):
        spoilt.check_links()


def looped(shape: tuple[int | str | None, ...] | None) -> Model:
    """A loop whose body strides over what it carries, and reads a tensor around it."""
    weight = np.ones((2, 2, 1, 1))
    body = Model(
        "body",
        (Port("i"), Port("go"), Port("carried", shape=shape)),
        ("go", "next"),
        (
            ModelNode("strided", "Conv", ("carried", "w"), ("half",), {"strides": (2, 2)}),
            ModelNode("sum", "ReduceSum", ("a",), ("s",), {"keepdims": 1}),
            ModelNode("next", "Add", ("carried", "s"), ("next",)),
        ),
        {"w": weight},
        frozenset({"x", "a", "b", "w0"}),
    )
    nodes = (
        ModelNode("first", "Conv", ("x", "w0"), ("a",), {"strides": (2, 2)}),
        ModelNode("second", "Conv", ("a", "w0"), ("b",), {"strides": (2, 2)}),
        ModelNode("loop", "Loop", ("", "", "b"), ("y",), {}, {"body": body}),
    )
    ports = (Port("x", shape=(1, 2, 9, 9)),)
    return Model("looped", ports, ("y",), nodes, {"w0": weight})


def test_a_body_reads_whole_tensors_from_around_it() -> None:
    proof = decide_model(read_model(looped((1, 2, 3, 3))))
    outer, inner = proof.graphs
    captured = [b for b in outer.phased.borders if b.reader == "loop"]
    assert [(b.tensor, b.made, b.read) for b in captured] == [("a", (1, 1, 2, 2), (1, 1, 1, 1))]
    assert (inner.nodes[0].label, inner.nodes[0].status) == ("strided", "converted")
    assert proof.verdict.verdict == "proved"


@pytest.mark.parametrize("shape", [None, (1, 2, None, 4), (1, 2, "H", 4)])
def test_a_body_s_own_names_are_no_sizes_of_the_model(
    shape: tuple[int | str | None, ...] | None,
) -> None:
    proof = decide_model(read_model(looped(shape)))
    assert proof.verdict.verdict == "undecided"
    assert (
        "strided (Conv): the shape of what it reads is not known" in proof.verdict.told()["reason"]
    )


def test_random_nodes_are_refused_wherever_they_are() -> None:
    made = Builder()
    x = made.input("x", 1, 2, 9, 9)
    made.node("RandomNormal", shape=(1, 2, 9, 9))
    with pytest.raises(Unsupported, match="is random"):
        read_model(made.model(x))
    noisy = Builder()
    x = noisy.input("x", 1, 2, 9, 9)
    with pytest.raises(Unsupported, match="export the model for inference"):
        read_model(noisy.model(noisy.node("Dropout", x, "", noisy.constant("t", np.array(True)))))
