"""Operators as ONNX's own node tests have them: what a rule says is what they compute."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from symconv.errors import SymconvError
from symconv.network.model import Model, ModelNode
from symconv.network.reading import ReadModel, read_model
from symconv.network.rules import Link
from symconv.network.rules.interpolation import kernel_of
from symconv.network.rules.registry import RULES
from symconv.network.rules.windows import is_free
from symconv.network.squares import Square
from symconv.prove.network.models import decide_model
from symconv.replay.run import run_claim
from tests.helpers.requirements import require

pytestmark = pytest.mark.once

onnx: Any = require("onnx")


@dataclass(frozen=True)
class Case:
    """One of ONNX's node tests, read; inputs but the first are constants."""

    name: str
    read: ReadModel
    inputs: list[Any]
    outputs: list[Any]
    proto: Any


@cache
def cases() -> list[Case]:
    return list(_cases())


def _cases() -> Iterator[Case]:
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tests of ONNX overflow on purpose
        collected = collect_testcases(None)
    for case in collected:
        nodes = case.model.graph.node
        if len(nodes) == 1 and nodes[0].op_type in RULES:
            try:
                yield _read(case)
            except SymconvError:
                continue  # newer than the opset that models are read in, or random


def _read(case: Any) -> Case:
    from symconv.dialect.onnx.bind import bind
    from symconv.dialect.onnx.read import model_of

    inputs, outputs = case.data_sets[0]
    model = model_of(case.model, case.name)
    bound = bind(_first_alone(model, inputs), {})
    read = read_model(bound.model, bound.shapes, bound.values)
    return Case(case.name, read, inputs, outputs, case.model)


def _first_alone(model: Model, inputs: list[Any]) -> Model:
    """The model with its first input as the only one."""
    first, constants = model.nodes[0].inputs[0], dict(model.constants)
    ports = []
    for port, value in zip(model.inputs, inputs, strict=True):
        if port.name == first:
            ports.append(replace(port, shape=np.asarray(value).shape))
        else:
            constants[port.name] = np.asarray(value)
    return replace(model, inputs=tuple(ports), constants=constants)


def test_rules_give_the_shapes_of_onnx_s_own_tests() -> None:
    tally = Counter[str]()
    for case in cases():
        rule = case.read.rules[-1]
        if rule.why is None and rule.how != "pointwise":
            tally[rule.how] += 1
            for shape, value in zip(rule.shapes, case.outputs, strict=False):
                assert shape is None or shape == np.asarray(value).shape, case.name
    assert min(tally[how] for how in ("window", "channels", "moves", "reduces", "normalises")) > 2


def square_of(case: Case) -> Square:
    """The square of a window with the least factors, or with all strides left."""
    for node in decide_model(case.read).nodes:
        if node.of is not None:
            return node.of
    window = case.read.rules[-1].window
    assert window is not None
    ones = (1,) * len(window.size)
    layer, strides = window.layer, ones
    if layer is not None:
        windows = layer.windows(window.size)
        strides = tuple(1 if is_free(layer, w) else w.stride for w in windows)
    return Square(window, ones, ones, strides, fresh=True)


def computed(case: Case, side: str) -> Any:
    """What a side of a window's square makes of the test's input."""
    square = square_of(case)
    claim, power, tensors = square.claim(), square.window.power, {}
    if not square.window.left:
        names = ("w", "b")[: len(case.inputs) - 1]
        given = (np.asarray(value, float) for value in case.inputs[1:])
        tensors = dict(zip(names, given, strict=False))
    if square.window.front:
        offset = Fraction(1, 2) if square.window.front[0][0] else Fraction(0)
        growths = [f // e for e, f in zip(square.factor_in, square.factor_out, strict=True)]
        tensors = {"w": kernel_of(growths, offset, square.window.channels)}
    if power is not None:
        tensors = {"w": np.ones(claim.weight("w").shape or ())}
    x = np.asarray(case.inputs[0], float)
    x = x if power is None else np.abs(x) ** power
    found = np.stack([np.asarray(run_claim(claim, side, one, tensors), float) for one in x])
    return found if power is None else found ** (1 / power)


@pytest.mark.parametrize("side", ["left", "right"])
def test_windows_compute_what_onnx_s_own_tests_expect(side: str) -> None:
    tally = Counter[str]()
    for case in cases():
        rule = case.read.rules[-1]
        if rule.window is not None and rule.why is None:
            tally[case.read.model.nodes[-1].op] += 1
            wanted = np.asarray(case.outputs[0], float)
            tally["linear"] += bool(rule.window.front)
            found = computed(case, side)
            assert found.shape == wanted.shape, case.name
            assert np.allclose(found, wanted, rtol=1e-4, atol=1e-4), case.name
    wanted_ops = {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "Pad", "Slice"}
    assert {*wanted_ops, "Resize", "DepthToSpace"} <= set(tally), tally
    assert tally["linear"]


def spoilt(case: Case, **attributes: Any) -> Case:
    """The case with other attributes than its test's."""
    (*before, node) = case.read.model.nodes
    other: ModelNode = replace(node, attributes={**node.attributes, **attributes})
    model = replace(case.read.model, nodes=(*before, other))
    return replace(case, read=read_model(model))


def test_a_wrong_attribute_would_be_seen() -> None:
    case = next(c for c in cases() if c.name == "test_conv_with_strides_padding")
    wanted = np.asarray(case.outputs[0], float)
    assert np.allclose(computed(case, "left"), wanted)
    for pads in ((1, 0, 1, 0), (0, 1, 2, 1)):
        found = computed(spoilt(case, pads=pads), "left")
        assert found.shape != wanted.shape or not np.allclose(found, wanted)


def test_a_rule_that_contradicts_the_file_is_left_out() -> None:
    case = next(c for c in cases() if c.name == "test_conv_with_strides_padding")
    (*before, node) = case.read.model.nodes
    other = replace(node, attributes={**node.attributes, "strides": (1, 1)})
    model = replace(case.read.model, nodes=(*before, other))
    shapes = {name: shape for name, shape in case.read.shapes.items() if shape is not None}
    (rule,) = read_model(model, shapes).rules
    assert rule.why is not None
    assert "in the file, by its rule" in rule.why


def evaluated(case: Case, inputs: list[Any]) -> list[Any]:
    """What ONNX's reference evaluator computes."""
    from onnx.reference import ReferenceEvaluator

    names = [value.name for value in case.proto.graph.input]
    with np.errstate(all="ignore"):  # some tests of ONNX divide by zero on purpose
        found = ReferenceEvaluator(case.proto).run(None, dict(zip(names, inputs, strict=True)))
    return [np.asarray(value) for value in found]


def moved(case: Case, links: list[Any], order: Any) -> list[Any]:
    """The inputs with the positions of linked axes in another order."""
    inputs = [np.asarray(value) for value in case.inputs]
    names = [value.name for value in case.proto.graph.input]
    for link in links:
        name = case.proto.graph.node[0].input[link.slot]
        place = names.index(name)
        inputs[place] = np.take(inputs[place], order, link.axis)
    return inputs


def groups_of(case: Case) -> list[tuple[int | None, list[Any]]]:
    """The links of a rule by the axis of the output that they lead to."""
    links = case.read.rules[-1].links
    ends = dict.fromkeys((link.out, link.axis if link.out is None else 0) for link in links)
    return [
        (out, [k for k in links if k.out == out and (out is not None or k.axis == axis)])
        for out, axis in ends
    ]


ROUNDED = {"normalises", "reduces"}
"""Statistics, whose sums run in another order."""


def test_linked_axes_are_the_same_function_at_every_position() -> None:
    """In another order of the positions along a link the output is in that order, or the same.

    A function of what stands at a position takes positions twice as well, and leaves some out;
    statistics do not.
    """
    tally = Counter[str]()
    for case in cases():
        rule = case.read.rules[-1]
        if (
            rule.window is None
            and rule.why is None
            and case.proto.graph.node[0].op_type != "Dropout"
        ):
            for out, links in groups_of(case):
                assert same_in_order(case, out, links), (case.name, out, links)
                tally[rule.how] += 1
    assert min(tally[how] for how in ("pointwise", "channels", "moves", "reduces")) > 10


def widened(case: Case) -> Iterator[Case]:
    """The test with further operands as wide as the first one, where ONNX takes them so."""
    first = np.asarray(case.inputs[0])
    for place, value in enumerate(case.inputs[1:], start=1):
        array = np.asarray(value)
        if array.dtype != first.dtype or array.shape == first.shape or array.dtype.kind != "f":
            continue
        inputs, proto = list(case.inputs), type(case.proto)()
        proto.CopyFrom(case.proto)
        drawn = np.random.default_rng(place).uniform(0.5, 1.5, first.shape)
        inputs[place] = drawn.astype(first.dtype)
        shape = proto.graph.input[place].type.tensor_type.shape
        del shape.dim[:]
        for size in first.shape:
            shape.dim.add().dim_value = size
        with suppress(Exception):  # what reads no such operand says so in ways of its own
            wide = _read(_Wide(case.name, proto, [(inputs, case.outputs)]))
            evaluated(wide, inputs)
            yield wide


@dataclass(frozen=True)
class _Wide:
    """A test as the library gives them."""

    name: str
    model: Any
    data_sets: Any


def test_operands_that_vary_more_than_a_test_has_them_are_linked_too() -> None:
    tally = Counter[str]()
    for case in (wide for narrow in cases() for wide in widened(narrow)):
        rule = case.read.rules[-1]
        if rule.window is None and rule.why is None:
            for out, links in groups_of(case):
                assert same_in_order(case, out, links), (case.name, out, links)
                tally[case.proto.graph.node[0].op_type] += 1
    assert {"Add", "Mul", "PRelu"} <= set(tally), tally


def same_in_order(case: Case, out: int | None, links: list[Any]) -> bool:
    shape = case.read.shapes[case.proto.graph.node[0].input[links[0].slot]] or ()
    size = int(shape[links[0].axis])
    close = case.read.rules[-1].how in ROUNDED
    rng = np.random.default_rng(size)
    order = np.roll(np.arange(size), 1) if close else rng.integers(0, size, size)
    wanted = evaluated(case, [np.asarray(value) for value in case.inputs])
    found = evaluated(case, moved(case, links, order))
    if out is not None:
        wanted = [np.take(value, order, out) for value in wanted]
    return all(
        np.allclose(a, b, rtol=1e-3, atol=1e-3) if close else same_values(a, b)
        for a, b in zip(wanted, found, strict=True)
    )


def same_values(a: Any, b: Any) -> bool:
    if a.dtype.kind in "fc":
        return np.allclose(a.astype(float), b.astype(float), rtol=1e-5, atol=1e-6, equal_nan=True)
    return bool((a == b).all())


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("test_softmax_axis_1", Link(0, 1, 1)),
        ("test_instancenorm_example", Link(0, 1, 1)),
        ("test_concat_2d_axis_0", Link(0, 0, 0)),
        ("test_reduce_sum_keepdims_example", Link(0, 1, 1)),
        ("test_transpose_all_permutations_1", Link(0, 1, 1)),
        ("test_layer_normalization_4d_axis1", Link(0, 2, 2)),
    ],
)
def test_a_wrong_link_would_be_seen(name: str, link: Link) -> None:
    case = next(c for c in cases() if c.name == name)
    assert link not in case.read.rules[-1].links
    with suppress(IndexError, ValueError):  # the output need not have so many positions
        assert not same_in_order(case, link.out, [link])
